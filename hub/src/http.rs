//! The little HTTP a hub needs: one request head in, one response out.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::limits::{CLOSE_TIMEOUT, MAX_REQUEST_HEAD, MAX_REQUEST_HEADERS};

/// One request's head.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    /// What came behind the head.
    pub(crate) rest: Vec<u8>,
}

/// One response; the connection closes after it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) text: String,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
}

/// What a page of the hub may do: what it holds in itself, and talk to the hub that served it.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; \
     connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Why no request could be read.
#[derive(Debug)]
pub(crate) enum BadRequest {
    /// The peer went away or never sent anything.
    Gone,
    /// To be answered so.
    Answer(Response),
}

impl Request {
    /// The value of a header that came once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers(name);
        let first = values.next();
        first.filter(|_| values.next().is_none())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers(name).next().is_some()
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A query parameter, percent-decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| percent_decoded(value))
    }

    /// The `Sec-WebSocket-Accept` for a sound upgrade request, or what to answer instead.
    pub(crate) fn accept_key(&self) -> Result<String, Response> {
        let lists = |name: &str, word: &str| {
            self.headers(name).any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
        };
        if !lists("connection", "upgrade") || !lists("upgrade", "websocket") {
            let answer = Response::text(426, "this address speaks WebSocket: send an upgrade request");
            return Err(answer.with("Upgrade", "websocket").with("Connection", "Upgrade, close"));
        }
        if self.header("sec-websocket-version") != Some("13") {
            let answer = Response::text(426, "the WebSocket version must be 13");
            return Err(answer.with("Upgrade", "websocket").with("Sec-WebSocket-Version", "13"));
        }
        match self.header("sec-websocket-key") {
            Some(key) if is_key(key) => Ok(derive_accept_key(key.as_bytes())),
            _ => Err(Response::text(400, "the header Sec-WebSocket-Key must be 16 bytes in base64")),
        }
    }

    fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }
}

impl Response {
    pub(crate) fn text(status: u16, text: impl Into<String>) -> Self {
        Response { status, text: text.into(), content_type: "text/plain; charset=utf-8", headers: Vec::new() }
    }

    /// A page in one piece.
    pub(crate) fn page(html: impl Into<String>) -> Self {
        let page = Response { content_type: "text/html; charset=utf-8", ..Self::text(200, html) };
        page.with("Content-Security-Policy", PAGE_POLICY).with("Referrer-Policy", "no-referrer")
    }

    pub(crate) fn json(text: impl Into<String>) -> Self {
        Response { content_type: "application/json", ..Self::text(200, text) }.with("Cache-Control", "no-store")
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Writes the response and hangs up.
    pub(crate) async fn send<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut S) -> io::Result<()> {
        let mut out = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            out.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.headers.iter().any(|(name, _)| *name == "Connection") {
            out.push_str("Connection: close\r\n");
        }
        let length = self.text.len() + 1;
        out.push_str(&format!("Content-Type: {}\r\nContent-Length: {length}\r\n", self.content_type));
        out.push_str(&format!("X-Content-Type-Options: nosniff\r\n\r\n{}\n", self.text));
        stream.write_all(out.as_bytes()).await?;
        hang_up(stream).await
    }
}

/// Ends our side of a stream, then waits a moment for the peer to have read what was said.
pub(crate) async fn hang_up<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = [0; 512];
    let drain = async {
        // Closing with unread bytes would reset the connection and may take the answer with it.
        for _ in 0..MAX_REQUEST_HEAD / rest.len() {
            if stream.read(&mut rest).await? == 0 {
                break;
            }
        }
        Ok(())
    };
    timeout(CLOSE_TIMEOUT, drain).await.unwrap_or(Ok(()))
}

/// Reads one request's head of at most [`MAX_REQUEST_HEAD`] bytes.
pub(crate) async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Request, BadRequest> {
    let mut buffer = Vec::with_capacity(1024);
    loop {
        match parse(&buffer) {
            Ok(Some(request)) => return Ok(request),
            Ok(None) if buffer.len() < MAX_REQUEST_HEAD => {}
            Ok(None) => return Err(BadRequest::Answer(Response::text(431, "the request head is too large"))),
            Err(answer) => return Err(BadRequest::Answer(answer)),
        }
        let room = MAX_REQUEST_HEAD - buffer.len();
        match (&mut *stream).take(room as u64).read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return Err(BadRequest::Gone),
            Ok(_) => {}
        }
    }
}

/// The bytes that switch the connection to WebSocket.
pub(crate) fn switching(accept_key: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept_key}\r\n\r\n"
    )
}

fn parse(buffer: &[u8]) -> Result<Option<Request>, Response> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_REQUEST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(buffer) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Response::text(431, "too many header lines")),
        Err(error) => return Err(Response::text(400, format!("not an HTTP request: {error}"))),
    };
    if request.version != Some(1) {
        return Err(Response::text(505, "only HTTP/1.1 is spoken here"));
    }
    let header = |header: &httparse::Header<'_>| {
        let value = str::from_utf8(header.value).ok()?;
        Some((header.name.to_owned(), value.trim().to_owned()))
    };
    let Some(headers) = request.headers.iter().map(header).collect() else {
        return Err(Response::text(400, "a header value is not UTF-8"));
    };
    Ok(Some(Request {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        headers,
        rest: buffer[head..].to_vec(),
    }))
}

/// Whether it is the base64 of 16 bytes.
fn is_key(key: &str) -> bool {
    let digits = key.strip_suffix("==").unwrap_or_default();
    digits.len() == 22 && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let escape = (byte == b'%').then(|| rest.first_chunk::<2>()).flatten();
        let decoded = escape.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        match decoded {
            Some(decoded) => {
                rest = &rest[2..];
                out.push(decoded);
            }
            None if byte == b'+' => out.push(b' '),
            None => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_and_what_follows_kept() {
        let request = parse(b"GET /ws?a=1&token=%41b+%zz HTTP/1.1\r\nHost: h\r\n\r\nrest").unwrap().unwrap();
        assert_eq!((request.path(), request.query("token").as_deref()), ("/ws", Some("Ab %zz")));
        assert_eq!((request.header("HOST"), &*request.rest), (Some("h"), &b"rest"[..]));
    }

    #[test]
    fn a_header_that_came_twice_is_not_one_value() {
        let request = parse(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").unwrap().unwrap();
        assert_eq!((request.header("host"), request.has("host")), (None, true));
    }

    #[tokio::test]
    async fn a_head_beyond_the_bound_is_refused() {
        let head = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(MAX_REQUEST_HEAD));
        let Err(BadRequest::Answer(answer)) = read_request(&mut head.as_bytes()).await else { panic!("taken") };
        assert_eq!(answer.status, 431);
        let lines = "X: y\r\n".repeat(MAX_REQUEST_HEADERS + 1);
        let head = format!("GET / HTTP/1.1\r\n{lines}\r\n");
        let Err(BadRequest::Answer(answer)) = read_request(&mut head.as_bytes()).await else { panic!("taken") };
        assert_eq!(answer.status, 431);
    }
}
