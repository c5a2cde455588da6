//! What people are told while a server or a proxy misbehaves.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::frame::Frame;
use crate::matcher::Matcher;
use crate::script::{Flow, Step};

/// How many bytes of a message are shown.
const SHOWN: usize = 120;

/// Takes what happens, in order, on the threads of the runtime; it must not block.
#[derive(Clone)]
pub struct Tell(Arc<dyn Fn(Told) + Send + Sync>);

impl Tell {
    /// Hands everything to a function.
    pub fn new(to: impl Fn(Told) + Send + Sync + 'static) -> Self {
        Self(Arc::new(to))
    }

    pub(crate) fn tell(&self, told: Told) {
        (self.0)(told);
    }
}

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tell")
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// `connection`, `received`, `step`, `done` (no step is left), `fault`, `problem`, `full` (this connection has to
    /// wait for another's end), or `end`.
    pub kind: &'static str,
    /// The number of the connection, from 1.
    pub connection: usize,
    /// For people.
    pub text: String,
    /// The name of the fault, where it is one.
    pub fault: Option<&'static str>,
}

impl Told {
    pub(crate) fn new(kind: &'static str, index: usize, text: String) -> Self {
        Self { kind, connection: index + 1, text, fault: None }
    }

    /// It is a fault of that name.
    pub(crate) fn of(mut self, fault: &'static str) -> Self {
        self.fault = Some(fault);
        self
    }

    /// For machines: `{"event": kind, "connection": number, "text": text}`, and for a fault `"fault": name`.
    pub fn to_json(&self) -> Value {
        let mut all = json!({ "event": self.kind, "connection": self.connection, "text": self.text });
        if let Some(name) = self.fault {
            all["fault"] = name.into();
        }
        all
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection {}: {}: {}", self.connection, self.kind, self.text)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expect(Matcher::Json(value), _) => write!(f, "waits for {}", shown(value.to_string().as_bytes())),
            Self::Expect(matcher, _) => write!(f, "waits for {matcher:?}"),
            Self::Json(value) => write!(f, "sends {}", shown(value.to_string().as_bytes())),
            Self::Frames(frames) => {
                let bytes: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
                write!(f, "sends {} frames: {}", frames.len(), shown(&bytes))
            }
            Self::Fragments { json, size, .. } => {
                write!(f, "sends in frames of {size} bytes: {}", shown(json.to_string().as_bytes()))
            }
            Self::Delay(time) => write!(f, "waits for {} ms", time.as_millis()),
            Self::Bytes(bytes) => write!(f, "sends bytes: {}", shown(bytes)),
            Self::Huge(bytes) => write!(f, "sends a message of {bytes} bytes"),
            Self::Gate(name) => write!(f, "waits at the gate {name}"),
            Self::Flow(Flow::Fin) => f.write_str("ends it without a close frame (FIN)"),
            Self::Flow(Flow::Rst) => f.write_str("resets it (RST)"),
            Self::Flow(Flow::Silence) => f.write_str("falls silent, and leaves it open"),
            Self::Flow(Flow::Dribble) => f.write_str("writes byte by byte from here on"),
            Self::Flow(Flow::ReadSlowly) => f.write_str("reads byte by byte from here on"),
        }
    }
}

/// The beginning of it, safe for a terminal.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for c in String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]).chars() {
        if c.is_control() {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    if bytes.len() > SHOWN { format!("{text}... ({} bytes)", bytes.len()) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_cannot_move_a_terminal_and_ends() {
        assert_eq!(shown(b"a\x1b[2J\r\nb"), "a\\u{1b}[2J\\r\\nb");
        assert_eq!(shown(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(shown(&[b'x'; 200]), format!("{}... (200 bytes)", "x".repeat(SHOWN)));
    }
}
