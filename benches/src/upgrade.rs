//! The HTTP upgrade, by hand, from both ends.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// The longest head that is read.
const MAX_HEAD: usize = 16 * 1024;
const END: &[u8] = b"\r\n\r\n";

/// Serves an upgrade; returns what came behind the request.
pub(crate) fn accept(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    stream.set_nodelay(true)?;
    let (head, rest) = read_head(stream)?;
    stream.write_all(&answer(&head)?)?;
    Ok(rest)
}

/// Asks for an upgrade; returns what came behind the answer.
pub(crate) fn connect(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    stream.set_nodelay(true)?;
    stream.write_all(
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )?;
    let (head, rest) = read_head(stream)?;
    if head.starts_with("HTTP/1.1 101 ") { Ok(rest) } else { Err(io::Error::other(head)) }
}

/// Where the head in `bytes` ends, if it is whole.
pub(crate) fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(END.len()).position(|window| window == END).map(|at| at + END.len())
}

/// The answer to a request's head.
pub(crate) fn answer(head: &str) -> io::Result<Vec<u8>> {
    let key = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
        .map(|(_, value)| value.trim())
        .ok_or_else(|| io::Error::other("an upgrade without a key"))?;
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    )
    .into_bytes())
}

fn read_head(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 1024];
        let count = stream.read(&mut piece)?;
        bytes.extend_from_slice(&piece[..count]);
        if let Some(end) = head_end(&bytes) {
            let rest = bytes.split_off(end);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
        if count == 0 || bytes.len() > MAX_HEAD {
            return Err(io::Error::other("no whole HTTP head"));
        }
    }
}
