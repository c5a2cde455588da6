//! What calls are answered with: outcomes, receipts, settlements.

use super::LostReason;
use crate::error::Error;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutcomeKind {
    /// It ended well.
    Complete,
    /// It failed.
    Error,
    /// Nobody can say: the subscription ended first.
    Lost,
}

/// The end of a task, as a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The task.
    pub task_id: String,
    /// How it ended.
    pub kind: OutcomeKind,
    /// What came with the end, as JSON text; `null` for a lost task.
    pub data: String,
    /// The error's text, or empty.
    pub message: String,
    /// The error's code, or empty.
    pub code: String,
    /// Why the task was lost, where it was.
    pub reason: Option<LostReason>,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// Made from the task's status because its own last message did not come.
    pub synthetic: bool,
}

/// What became of a message that was sent: its one final state.
#[derive(Clone, Debug, PartialEq)]
pub enum Receipt {
    /// The link carried it: a sign of life came after it, or, where none has to come (heartbeats are off, or a browser's
    /// server answers none), the link lasted for a heartbeat's interval more.
    Written {
        /// An acknowledgement was asked for and the server has none to give.
        ack_unsupported: bool,
    },
    /// The server has taken it.
    Acked,
    /// The server refused it, with its text.
    Rejected(String),
    /// It never left.
    Dropped(DropReason),
    /// The link broke before anybody could tell.
    Unknown,
}

/// Why a message never left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// A newer progress message of its task took its place.
    Superseded,
    /// The outbox was full.
    Overflow,
    /// `disconnect()` came first.
    Disconnected,
    /// Every allowed attempt was made.
    GivenUp,
    /// The server refused the client for good.
    Refused,
    /// The client was closed.
    Closed,
    /// A heartbeat, which is sent now or not at all.
    NotConnected,
}

impl DropReason {
    /// Every reason.
    pub const ALL: &'static [DropReason] = &[
        Self::Superseded,
        Self::Overflow,
        Self::Disconnected,
        Self::GivenUp,
        Self::Refused,
        Self::Closed,
        Self::NotConnected,
    ];

    /// The name every language uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::Overflow => "overflow",
            Self::Disconnected => "disconnected",
            Self::GivenUp => "givenUp",
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::NotConnected => "notConnected",
        }
    }
}

/// The answer to a call that waits, delivered in order with the events.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// `connect` and `reconnect`.
    Connected(Result<(), Error>),
    /// `disconnect`, once everything before it has been delivered.
    Disconnected,
    /// `flush`.
    Flushed,
    /// `send`.
    Receipt(Receipt),
    /// `wait` and the end of a `follow`.
    Outcome(Outcome),
}
