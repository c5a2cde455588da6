//! The HTTP upgrade that turns a connection into a WebSocket.

use std::fmt::Write;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::clock;
use super::failure::{BODY_SHOWN, Failed, printable, retry_after};
use super::url::{Address, base64};
use crate::error::ErrorKind;

/// The longest head of an answer.
const MAX_HEAD: usize = 16 << 10;

/// The most header lines of an answer.
const MAX_HEADERS: usize = 100;

/// How long the rest of a refusal's body is waited for. The status is known by then; the body only explains.
const BODY_WAIT: Duration = Duration::from_millis(250);

/// What is asked of the server. Cannot be shown: it holds credentials.
pub(super) struct Request {
    text: String,
    accept: String,
    protocols: Vec<String>,
}

impl Request {
    /// Checked and complete. An `Authorization` header of the user's wins over `token`, and that over user and
    /// password in the URL.
    pub(super) fn new(
        address: &Address,
        token: Option<&str>,
        headers: &[(String, String)],
        protocols: &[String],
    ) -> Result<Self, Failed> {
        let key = generate_key();
        let mut text = format!("GET {} HTTP/1.1\r\n", address.target);
        if !has(headers, "host") {
            header(&mut text, "Host", &address.authority)?;
        }
        for (name, value) in [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", &key),
        ] {
            header(&mut text, name, value)?;
        }
        for protocol in protocols {
            if HeaderName::from_bytes(protocol.as_bytes()).is_err() {
                let text =
                    format!("option `protocols` takes names without spaces, not {}", printable(protocol.as_bytes()));
                return Err(Failed::fatal(ErrorKind::InvalidArgument, text));
            }
        }
        if !protocols.is_empty() {
            header(&mut text, "Sec-WebSocket-Protocol", &protocols.join(", "))?;
        }
        if !has(headers, "authorization") {
            if let Some(token) = token {
                header(&mut text, "Authorization", &format!("Bearer {token}"))?;
            } else if let Some(userinfo) = &address.userinfo {
                header(&mut text, "Authorization", &format!("Basic {}", base64(userinfo)))?;
            }
        }
        for (name, value) in headers {
            if is_reserved(name) {
                let text = format!("option `headers` cannot set {name}: it belongs to the upgrade");
                return Err(Failed::fatal(ErrorKind::InvalidArgument, text));
            }
            header(&mut text, name, value)?;
        }
        text.push_str("\r\n");
        Ok(Self { text, accept: derive_accept_key(key.as_bytes()), protocols: protocols.to_vec() })
    }

    /// Sends it and reads the answer. Gives what arrived behind the answer: the first frames. `shown` is the
    /// URL as texts may show it.
    pub(super) async fn perform<S>(&self, stream: &mut S, shown: &str) -> Result<Vec<u8>, Failed>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let broken = |error| Failed::new(ErrorKind::ConnectFailed, format!("{shown} broke off the upgrade: {error}"));
        stream.write_all(self.text.as_bytes()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        let mut answer = Vec::with_capacity(1024);
        let head = loop {
            let read = stream.read_buf(&mut answer).await.map_err(broken)?;
            if let Some(head) = Head::parse(&answer).map_err(|why| handshake_failed(shown, why))? {
                break head;
            }
            if read == 0 {
                let text = format!("{shown} closed the connection during the upgrade");
                return Err(Failed::new(ErrorKind::ConnectFailed, text));
            }
            if answer.len() >= MAX_HEAD {
                return Err(handshake_failed(shown, "its answer has too long a head"));
            }
        };
        let mut behind = answer.split_off(head.length);
        if head.status != 101 {
            read_body(stream, &mut behind, head.content_length).await;
            return Err(head.refusal(shown, &behind));
        }
        self.verify(&head).map_err(|why| handshake_failed(shown, why))?;
        Ok(behind)
    }

    fn verify(&self, head: &Head) -> Result<(), &'static str> {
        if !head.upgrades {
            return Err("its answer does not upgrade to websocket");
        }
        if head.accept.as_deref() != Some(&self.accept) {
            return Err("its Sec-WebSocket-Accept does not answer our key");
        }
        if head.extensions {
            return Err("it answered with an extension that was not offered");
        }
        match &head.protocol {
            None if self.protocols.is_empty() => Ok(()),
            None => Err("it takes none of the offered subprotocols"),
            Some(protocol) if self.protocols.contains(protocol) => Ok(()),
            Some(_) => Err("it chose a subprotocol that was not offered"),
        }
    }
}

/// What matters of an answer.
#[derive(Debug, Default)]
struct Head {
    length: usize,
    status: u16,
    upgrades: bool,
    accept: Option<String>,
    protocol: Option<String>,
    extensions: bool,
    retry_after: Option<String>,
    content_length: Option<usize>,
}

impl Head {
    fn parse(answer: &[u8]) -> Result<Option<Self>, &'static str> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let length = match response.parse(answer) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err("its answer is not HTTP"),
        };
        let mut head = Self { length, status: response.code.unwrap_or(0), ..Self::default() };
        let (mut upgrade, mut connection) = (false, false);
        for line in response.headers.iter() {
            let value = String::from_utf8_lossy(line.value);
            let value = value.trim();
            let has_token = |token: &str| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token));
            match line.name.to_ascii_lowercase().as_str() {
                "upgrade" => upgrade |= has_token("websocket"),
                "connection" => connection |= has_token("upgrade"),
                "sec-websocket-accept" => head.accept = Some(value.to_owned()),
                "sec-websocket-protocol" => head.protocol = Some(value.to_owned()),
                "sec-websocket-extensions" => head.extensions |= !value.is_empty(),
                "retry-after" => head.retry_after = Some(value.to_owned()),
                "content-length" => head.content_length = value.parse().ok(),
                _ => {}
            }
        }
        head.upgrades = upgrade && connection;
        Ok(Some(head))
    }

    fn refusal(&self, shown: &str, body: &[u8]) -> Failed {
        let mut message = format!("{shown} refused the upgrade with HTTP status {}", self.status);
        let body = printable(body);
        if !body.is_empty() {
            message.push_str(": ");
            message.push_str(&body);
        }
        Failed {
            http_status: Some(self.status),
            retry_after_ms: self.retry_after.as_deref().and_then(|value| retry_after(value, clock::wall_ms())),
            ..Failed::new(ErrorKind::HandshakeFailed, message)
        }
    }
}

/// Reads as much of the body as is shown, if its length is known; a server need not close the connection.
async fn read_body<S: AsyncRead + Unpin>(stream: &mut S, body: &mut Vec<u8>, length: Option<usize>) {
    let wanted = length.unwrap_or(0).min(BODY_SHOWN);
    let read = async { while body.len() < wanted && stream.read_buf(body).await.is_ok_and(|read| read > 0) {} };
    let _ = tokio::time::timeout(BODY_WAIT, read).await;
}

fn handshake_failed(shown: &str, why: &str) -> Failed {
    Failed::new(ErrorKind::HandshakeFailed, format!("{shown} is no WebSocket server we can talk to: {why}"))
}

fn has(headers: &[(String, String)], wanted: &str) -> bool {
    headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted))
}

fn is_reserved(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    matches!(lower.as_str(), "connection" | "upgrade" | "content-length" | "transfer-encoding")
        || lower.starts_with("sec-websocket-")
}

/// Adds a line, unless it could be read as more than one.
fn header(text: &mut String, name: &str, value: &str) -> Result<(), Failed> {
    let bad = |what| {
        let text = format!("header {}: its {what} has characters a header cannot have", printable(name.as_bytes()));
        Failed::fatal(ErrorKind::InvalidArgument, text)
    };
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("name"))?;
    HeaderValue::from_str(value).map_err(|_| bad("value"))?;
    write!(text, "{name}: {value}\r\n").expect("a String takes everything");
    Ok(())
}
