//! The HTTP upgrade that turns a connection into a WebSocket.

use std::fmt::Write;
use std::io;

use http::header::{HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::answer::{self, Head, Unreadable};
use super::failure::{Failed, printable, retry_after};
use super::url::{Address, base64};
use super::{clock, tls};
use crate::error::ErrorKind;

/// How the server answered.
pub(super) enum Answer {
    /// The connection is a WebSocket. What arrived behind the answer: the first frames.
    Upgraded(Vec<u8>),
    /// It sends us elsewhere.
    Redirected { status: u16, location: String },
}

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

    /// Sends it and reads the answer. `shown` is the URL as texts may show it.
    pub(super) async fn perform<S>(&self, stream: &mut S, shown: &str) -> Result<Answer, Failed>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // Whether a client's certificate is accepted is told by the server only now.
        let broken = |error: io::Error| {
            tls::explain(&error, shown).unwrap_or_else(|| {
                Failed::new(ErrorKind::ConnectFailed, format!("{shown} broke off the upgrade: {error}"))
            })
        };
        stream.write_all(self.text.as_bytes()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        let (head, mut behind) = answer::read(stream).await.map_err(|error| match error {
            Unreadable::Broken(error) => broken(error),
            Unreadable::Bad(why) => handshake_failed(shown, why),
            Unreadable::Ended => {
                let text = format!("{shown} closed the connection during the upgrade");
                Failed::new(ErrorKind::ConnectFailed, text)
            }
        })?;
        if head.status == 101 {
            self.verify(&head).map_err(|why| handshake_failed(shown, why))?;
            return Ok(Answer::Upgraded(behind));
        }
        if matches!(head.status, 301 | 302 | 303 | 307 | 308)
            && let Some(location) = head.location
        {
            return Ok(Answer::Redirected { status: head.status, location });
        }
        head.read_body(stream, &mut behind).await;
        Err(refusal(&head, shown, &behind))
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

fn refusal(head: &Head, shown: &str, body: &[u8]) -> Failed {
    let mut message = format!("{shown} refused the upgrade with HTTP status {}", head.status);
    let body = printable(body);
    if !body.is_empty() {
        message.push_str(": ");
        message.push_str(&body);
    }
    Failed {
        http_status: Some(head.status),
        retry_after_ms: head.retry_after.as_deref().and_then(|value| retry_after(value, clock::wall_ms())),
        ..Failed::new(ErrorKind::HandshakeFailed, message)
    }
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
