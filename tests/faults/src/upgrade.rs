//! The HTTP half of the handshake, as far as a test needs it.

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::transcript::Request;

/// The request at the head of `bytes` and how many bytes it took; `None` while it is not complete.
pub(crate) fn parse_request(bytes: &[u8]) -> Option<(Request, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    Some((Request { line, headers: lines.filter_map(header).collect() }, end + 4))
}

/// The answer that grants the upgrade, or what is wrong with the request.
pub(crate) fn grant(request: &Request) -> Result<String, String> {
    let is = |name: &str, wanted: &str| {
        request.header(name).is_some_and(|value| value.to_ascii_lowercase().split(", ").any(|one| one == wanted))
    };
    let key = request.header("sec-websocket-key").unwrap_or_default();
    let right = request.line.starts_with("GET ")
        && request.line.ends_with(" HTTP/1.1")
        && request.header("host").is_some()
        && is("upgrade", "websocket")
        && is("connection", "upgrade")
        && is("sec-websocket-version", "13")
        && key.len() == 24;
    if !right {
        return Err(format!("a request that is no upgrade: {request:?}"));
    }
    let accept = derive_accept_key(key.as_bytes());
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
    );
    if let Some(protocols) = request.header("sec-websocket-protocol") {
        let first = protocols.split(',').next().unwrap_or_default().trim();
        answer.push_str(&format!("Sec-WebSocket-Protocol: {first}\r\n"));
    }
    answer.push_str("\r\n");
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_example_is_granted() {
        let text = "GET /chat HTTP/1.1\r\nHost: server\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        for end in 0..text.len() {
            assert!(parse_request(&text.as_bytes()[..end]).is_none());
        }
        let bytes = [text.as_bytes(), b"more"].concat();
        let (request, taken) = parse_request(&bytes).unwrap();
        assert_eq!(&bytes[taken..], b"more");
        assert!(grant(&request).unwrap().contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        let plain = parse_request(b"GET / HTTP/1.1\r\nHost: server\r\n\r\n").unwrap().0;
        assert!(grant(&plain).is_err());
    }
}
