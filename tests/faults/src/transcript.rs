//! What a server received, in order.

use std::fmt;

use serde_json::{Value, json};

use crate::told::shown;

/// How many connections are shown as text.
const SHOWN: usize = 20;

/// All that was received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// Each connection, in the order of their coming.
    pub connections: Vec<Recorded>,
}

/// What one connection sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The upgrade request, if it was read.
    pub request: Option<Request>,
    /// Every frame.
    pub frames: Vec<Received>,
}

/// An upgrade request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Its first line.
    pub line: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
}

/// One thing that a client sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping; it is answered unless the script says otherwise.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// A close frame; it is not answered unless the script says so.
    Close {
        /// Its code, if it has one.
        code: Option<u16>,
        /// Its reason, or empty.
        reason: String,
    },
    /// The client sends no more.
    End,
    /// The connection was reset.
    Reset,
    /// Something that no client may send.
    Wrong(String),
}

/// A script that could not be played to its end.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}\n{transcript}")]
pub struct Problem {
    /// What went wrong, each on a line.
    pub text: String,
    /// What was received so far.
    pub transcript: Transcript,
}

impl Transcript {
    /// As a JSON list of connections: `{"request": line, "frames": [...]}`.
    pub fn to_json(&self) -> Value {
        self.connections.iter().map(Recorded::to_json).collect()
    }

    /// The JSON text frames of all connections, in order of connections.
    pub fn messages(&self) -> Vec<Value> {
        self.connections.iter().flat_map(Recorded::messages).collect()
    }
}

impl Recorded {
    /// The text frames that are JSON.
    pub fn messages(&self) -> Vec<Value> {
        let text = |frame: &Received| match frame {
            Received::Text(text) => serde_json::from_str(text).ok(),
            _ => None,
        };
        self.frames.iter().filter_map(text).collect()
    }

    fn to_json(&self) -> Value {
        let frames: Vec<Value> = self.frames.iter().map(Received::to_json).collect();
        json!({ "request": self.request.as_ref().map(|request| &request.line), "frames": frames })
    }
}

impl Request {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Received {
    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| json!({ "text": text })),
            Self::Binary(bytes) => json!({ "binary": bytes.len() }),
            Self::Ping(_) => json!({ "ping": true }),
            Self::Pong(_) => json!({ "pong": true }),
            Self::Close { code, reason } => json!({ "close": code, "reason": reason }),
            Self::End => json!({ "end": true }),
            Self::Reset => json!({ "end": true, "reset": true }),
            Self::Wrong(what) => json!({ "wrong": what }),
        }
    }
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&shown(text.as_bytes())),
            Self::Binary(bytes) => write!(f, "{} binary bytes", bytes.len()),
            Self::Ping(_) => f.write_str("a ping"),
            Self::Pong(_) => f.write_str("a pong"),
            Self::Close { code: Some(code), reason } => write!(f, "close {code} {reason}"),
            Self::Close { code: None, .. } => f.write_str("close without a code"),
            Self::End => f.write_str("its end (FIN)"),
            Self::Reset => f.write_str("its end (RST)"),
            Self::Wrong(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(more) = self.connections.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            writeln!(f, "{} connections, of which the last {more} are not shown", self.connections.len())?;
        }
        for (index, connection) in self.connections.iter().take(SHOWN).enumerate() {
            writeln!(f, "connection {}:", index + 1)?;
            for frame in &connection.frames {
                writeln!(f, "  {}", frame.to_json())?;
            }
        }
        Ok(())
    }
}
