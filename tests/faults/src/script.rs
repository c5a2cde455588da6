//! What a server is to do.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::frame::{Frame, Opcode};
use crate::matcher::Matcher;

/// What a server does with the connections it gets, in the order they come.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(crate) connections: Vec<Arc<Connection>>,
    pub(crate) repeats_last: bool,
    pub(crate) starts_over: bool,
}

/// What it does with one connection.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(crate) accept: Accept,
    pub(crate) steps: Vec<Step>,
    pub(crate) strict: bool,
    pub(crate) pongs: bool,
}

/// How a connection begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accept {
    /// The upgrade is granted.
    Upgrade,
    /// The request is answered with these bytes, then FIN.
    Answer(Vec<u8>),
    /// The request is read and never answered.
    Silence,
    /// FIN at once; nothing is answered.
    Fin,
    /// RST at once.
    Rst,
}

/// One step of a connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads until a frame matches, and remembers it under the name.
    Expect(Matcher, Option<String>),
    /// Sends JSON as a text frame, with what `$name/pointer` stands for put in.
    Json(Value),
    /// Sends frames, right or wrong.
    Frames(Vec<Frame>),
    /// Sends JSON as a text message in frames of at most so many bytes, filled as above; with a ping between each two
    /// if told so.
    Fragments {
        /// The message.
        json: Value,
        /// The most bytes in a frame.
        size: NonZeroUsize,
        /// Whether there are pings.
        ping: bool,
    },
    /// Waits so long, and reads nothing meanwhile.
    Delay(Duration),
    /// Sends bytes that need not be frames.
    Bytes(Vec<u8>),
    /// Sends one text frame of this many bytes, in pieces. It stops early if the client hangs up.
    Huge(u64),
    /// Changes or ends what flows.
    Flow(Flow),
    /// Waits for [`Server::open_gate`](crate::Server::open_gate), reading meanwhile.
    Gate(String),
}

/// What may be done to a connection besides sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Sends FIN, then reads until the client has ended too.
    Fin,
    /// Resets the connection.
    Rst,
    /// From here on nothing is read or written, and the connection stays.
    Silence,
    /// From here on every byte is written by itself.
    Dribble,
    /// From here on at most one byte is read at a time.
    ReadSlowly,
}

impl Script {
    /// These connections. One more is a problem.
    pub fn new(connections: impl IntoIterator<Item = Connection>) -> Self {
        Self { connections: connections.into_iter().map(Arc::new).collect(), repeats_last: false, starts_over: false }
    }

    /// The same for every connection beyond the listed ones as for the last of them.
    #[must_use]
    pub fn repeating(mut self) -> Self {
        self.repeats_last = true;
        self
    }

    /// After the last connection the script begins again with the first.
    #[must_use]
    pub fn starting_over(mut self) -> Self {
        self.starts_over = true;
        self
    }

    /// Every connection passes over what no step waits for.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        for connection in &mut self.connections {
            Arc::make_mut(connection).strict = false;
        }
        self
    }

    /// What to do with the connection of that number, from 0.
    pub(crate) fn connection(&self, index: usize) -> Option<&Arc<Connection>> {
        let count = self.connections.len();
        let again = if self.starts_over { index.checked_rem(count) } else { count.checked_sub(1) };
        let again = again.filter(|_| self.starts_over || self.repeats_last);
        self.connections.get(index).or_else(|| self.connections.get(again?))
    }
}

impl Connection {
    /// A connection that begins as told.
    pub fn new(accept: Accept) -> Self {
        Self { accept, steps: Vec::new(), strict: true, pongs: true }
    }

    /// A connection that is upgraded.
    pub fn upgraded() -> Self {
        Self::new(Accept::Upgrade)
    }

    /// A request that is refused with an HTTP status.
    pub fn refused(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let mut answer = format!("HTTP/1.1 {status} Refused\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            answer.push_str(&format!("{name}: {value}\r\n"));
        }
        answer.push_str("Connection: close\r\n\r\n");
        answer.push_str(body);
        Self::new(Accept::Answer(answer.into_bytes()))
    }

    /// Text frames that no step waits for, and an end before the request, are recorded and passed over; else they
    /// are a problem.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    /// Pings are not answered.
    #[must_use]
    pub fn without_pongs(mut self) -> Self {
        self.pongs = false;
        self
    }

    /// Waits for a frame.
    #[must_use]
    pub fn expect(self, matcher: impl Into<Matcher>) -> Self {
        self.step(Step::Expect(matcher.into(), None))
    }

    /// Waits for a frame and remembers it.
    #[must_use]
    pub fn expect_as(self, name: &str, matcher: impl Into<Matcher>) -> Self {
        self.step(Step::Expect(matcher.into(), Some(name.to_owned())))
    }

    /// Sends JSON as a text frame.
    #[must_use]
    pub fn send(self, value: Value) -> Self {
        self.step(Step::Json(value))
    }

    /// Sends text, whatever it says.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.frames([Frame::text(text)])
    }

    /// Sends frames.
    #[must_use]
    pub fn frames(self, frames: impl IntoIterator<Item = Frame>) -> Self {
        self.step(Step::Frames(frames.into_iter().collect()))
    }

    /// Sends a ping.
    #[must_use]
    pub fn ping(self) -> Self {
        self.frames([Frame::new(Opcode::Ping, "ping")])
    }

    /// Sends a close frame.
    #[must_use]
    pub fn close(self, code: Option<u16>, reason: &str) -> Self {
        self.frames([Frame::close(code, reason)])
    }

    /// Sends FIN and reads until the client has ended too.
    #[must_use]
    pub fn fin(self) -> Self {
        self.step(Step::Flow(Flow::Fin))
    }

    /// Resets the connection.
    #[must_use]
    pub fn rst(self) -> Self {
        self.step(Step::Flow(Flow::Rst))
    }

    /// Appends a step.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
