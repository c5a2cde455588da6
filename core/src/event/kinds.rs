//! The enumerations of events: kinds, states, sources and reasons, with their shared names.

/// The kinds of events, with the numbers and names every language shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "each is documented at the struct of its name")]
pub enum EventKind {
    Progress = 1,
    Log = 2,
    Status = 3,
    Error = 4,
    Complete = 5,
    Heartbeat = 6,
    Message = 7,
    StateChange = 8,
    Retry = 9,
    Connected = 10,
    Disconnected = 11,
    Lost = 12,
    Gap = 13,
    Overflow = 14,
}

impl EventKind {
    /// Every kind, in the order of the numbers.
    pub const ALL: &'static [EventKind] = &[
        Self::Progress,
        Self::Log,
        Self::Status,
        Self::Error,
        Self::Complete,
        Self::Heartbeat,
        Self::Message,
        Self::StateChange,
        Self::Retry,
        Self::Connected,
        Self::Disconnected,
        Self::Lost,
        Self::Gap,
        Self::Overflow,
    ];

    /// The name every language uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::Log => "log",
            Self::Status => "status",
            Self::Error => "error",
            Self::Complete => "complete",
            Self::Heartbeat => "heartbeat",
            Self::Message => "message",
            Self::StateChange => "stateChange",
            Self::Retry => "retry",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Lost => "lost",
            Self::Gap => "gap",
            Self::Overflow => "overflow",
        }
    }

    /// The kind of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// The state of a client's connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    /// Never started, or the user asked.
    #[default]
    Disconnected = 0,
    /// Not yet up since `connect()`.
    Connecting = 1,
    /// Up.
    Connected = 2,
    /// Was up and is being restored.
    Reconnecting = 3,
    /// Stopped for good until `connect()` or `reconnect()`.
    Error = 4,
}

impl State {
    /// The name every language uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Reconnecting => "reconnecting",
            Self::Error => "error",
        }
    }
}

/// Where an `error` event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ErrorSource {
    /// The task failed: this is its outcome, unless `fatal` is false.
    Task = 0,
    /// The link failed.
    Transport = 1,
    /// The server sent something that is not of this protocol.
    Protocol = 2,
    /// The server refused the credentials.
    Auth = 3,
    /// A callback of the program failed.
    Callback = 4,
}

impl ErrorSource {
    /// The name every language uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Transport => "transport",
            Self::Protocol => "protocol",
            Self::Auth => "auth",
            Self::Callback => "callback",
        }
    }
}

/// Why a subscription ended without an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LostReason {
    /// `disconnect()` was called.
    Disconnected,
    /// Every allowed attempt was made.
    GivenUp,
    /// The server refused the client for good.
    Refused,
    /// The server no longer knows the task.
    Forgotten,
    /// It was unsubscribed while something waited for it.
    Unsubscribed,
    /// The client was closed.
    Closed,
}

impl LostReason {
    /// The name every language uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::GivenUp => "givenUp",
            Self::Refused => "refused",
            Self::Forgotten => "forgotten",
            Self::Unsubscribed => "unsubscribed",
            Self::Closed => "closed",
        }
    }
}
