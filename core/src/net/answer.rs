//! An HTTP answer: of a server to the upgrade, of a proxy to a request for a tunnel.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::failure::BODY_SHOWN;

/// The longest head of an answer.
const MAX_HEAD: usize = 16 << 10;

/// The most header lines of an answer.
const MAX_HEADERS: usize = 100;

/// How long the rest of a refusal's body is waited for. The status is known by then; the body only explains.
const BODY_WAIT: Duration = Duration::from_millis(250);

/// Why there is no answer.
pub(super) enum Unreadable {
    /// The connection broke.
    Broken(io::Error),
    /// It was closed before the answer was complete.
    Ended,
    /// It is no answer that can be understood.
    Bad(&'static str),
}

/// Reads the head of the answer. Gives too what arrived behind it.
pub(super) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Result<(Head, Vec<u8>), Unreadable> {
    let mut answer = Vec::with_capacity(1024);
    loop {
        let read = stream.read_buf(&mut answer).await.map_err(Unreadable::Broken)?;
        if let Some(head) = Head::parse(&answer).map_err(Unreadable::Bad)? {
            let behind = answer.split_off(head.length);
            return Ok((head, behind));
        }
        if read == 0 {
            return Err(Unreadable::Ended);
        }
        if answer.len() >= MAX_HEAD {
            return Err(Unreadable::Bad("its answer has too long a head"));
        }
    }
}

/// What matters of an answer.
#[derive(Debug, Default)]
pub(super) struct Head {
    length: usize,
    pub(super) status: u16,
    pub(super) upgrades: bool,
    pub(super) accept: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) extensions: bool,
    pub(super) retry_after: Option<String>,
    /// Where a redirection leads.
    pub(super) location: Option<String>,
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
                "location" => head.location = Some(value.to_owned()),
                "content-length" => head.content_length = value.parse().ok(),
                _ => {}
            }
        }
        head.upgrades = upgrade && connection;
        Ok(Some(head))
    }

    /// Reads as much of the body as is shown, if its length is known; a server need not close the connection.
    pub(super) async fn read_body<S: AsyncRead + Unpin>(&self, stream: &mut S, body: &mut Vec<u8>) {
        let wanted = self.content_length.unwrap_or(0).min(BODY_SHOWN);
        let read = async { while body.len() < wanted && stream.read_buf(body).await.is_ok_and(|read| read > 0) {} };
        let _ = tokio::time::timeout(BODY_WAIT, read).await;
    }
}
