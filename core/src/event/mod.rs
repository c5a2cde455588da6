//! What a client tells: events, outcomes, receipts, and the batch they travel in.

mod answers;
mod batch;
mod json;
mod kinds;

use std::borrow::Cow;

pub use answers::{DropReason, Outcome, OutcomeKind, Receipt, Settlement};
pub(crate) use batch::Class;
pub use batch::{Batch, Item, NO_KEY};
pub use kinds::{ErrorSource, EventKind, LostReason, State};

use crate::error::ErrorKind;
pub use crate::protocol::Level;

/// How far a task is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress<'a> {
    /// The task.
    pub task_id: Cow<'a, str>,
    /// The stage it is in, or empty.
    pub stage: Cow<'a, str>,
    /// 0 to 100.
    pub progress: f64,
    /// A text for people, or empty.
    pub message: Cow<'a, str>,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}

/// A log line of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Log<'a> {
    /// The task.
    pub task_id: Cow<'a, str>,
    /// How important the line is.
    pub level: Level,
    /// The line.
    pub message: Cow<'a, str>,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// A JSON object, as text.
    pub metadata: Option<Cow<'a, str>>,
}

/// What a task says of itself in its own words.
#[derive(Clone, Debug, PartialEq)]
pub struct Status<'a> {
    /// The task.
    pub task_id: Cow<'a, str>,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// Any JSON, as text.
    pub data: Cow<'a, str>,
}

/// A task ended well.
#[derive(Clone, Debug, PartialEq)]
pub struct Complete<'a> {
    /// The task.
    pub task_id: Cow<'a, str>,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// Any JSON, as text.
    pub data: Cow<'a, str>,
    /// Made from the task's status because no `complete` message came.
    pub synthetic: bool,
}

/// A task failed, or the link, or a message, or a callback: `source` says which.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorEvent<'a> {
    /// Where it comes from.
    pub source: ErrorSource,
    /// The task's own code, or the name of an [`ErrorKind`].
    pub code: Cow<'a, str>,
    /// A text for people.
    pub message: Cow<'a, str>,
    /// The task it concerns, if any.
    pub task_id: Option<Cow<'a, str>>,
    /// What came with it, as JSON text.
    pub data: Option<Cow<'a, str>>,
    /// The task, or the connection, is over.
    pub fatal: bool,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// Made from the task's status because no `error` message came.
    pub synthetic: bool,
}

/// A heartbeat of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Heartbeat<'a> {
    /// The task it names, or empty.
    pub task_id: Cow<'a, str>,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}

/// A message of a type this protocol does not know.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown<'a> {
    /// Its type.
    pub kind: Cow<'a, str>,
    /// The task it names, or empty.
    pub task_id: Cow<'a, str>,
    /// The whole frame, as it came.
    pub raw: Cow<'a, str>,
}

/// The connection's state changed.
#[derive(Clone, Debug, PartialEq)]
pub struct StateChange {
    /// The state now.
    pub state: State,
    /// The state before.
    pub previous: State,
    /// Why, for people and logs.
    pub reason: String,
    /// Number of the transport it concerns.
    pub generation: u32,
    /// The close code that caused it, if one did.
    pub close_code: Option<u16>,
    /// The HTTP status that caused it, if one did.
    pub http_status: Option<u16>,
    /// Whether the client goes on trying.
    pub will_retry: bool,
}

/// An attempt failed, or a link was lost; the next attempt is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Which attempt comes next, counted from 1 since the link was last stable.
    pub attempt: u32,
    /// Milliseconds until it.
    pub next_delay: u64,
    /// What made it necessary.
    pub cause: String,
}

/// A link is up.
#[derive(Clone, Debug, PartialEq)]
pub struct Connected {
    /// Number of its transport.
    pub generation: u32,
}

/// A link that was up is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Disconnected {
    /// Number of its transport.
    pub generation: u32,
    /// The close code, if the server sent one.
    pub close_code: Option<u16>,
    /// Why, for people and logs.
    pub reason: String,
}

/// A subscription ended without an outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// The task.
    pub task_id: String,
    /// `disconnected`, `given up`, `refused`, `forgotten`, `unsubscribed` or `closed`.
    pub reason: LostReason,
}

/// Messages of a task are known to be missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// The task.
    pub task_id: String,
    /// First missing position.
    pub from: u64,
    /// Last missing position; `None` where nobody can know.
    pub to: Option<u64>,
    /// The run of the history they belong to.
    pub epoch: String,
}

/// Log lines were dropped because the consumer was too slow.
#[derive(Clone, Debug, PartialEq)]
pub struct Overflow {
    /// How many.
    pub count: u64,
}

/// One event.
///
/// Texts borrow from the batch the event came in; [`Event::into_owned`] keeps one.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each is documented at the struct it holds")]
pub enum Event<'a> {
    Progress(Progress<'a>),
    Log(Log<'a>),
    Status(Status<'a>),
    Error(ErrorEvent<'a>),
    Complete(Complete<'a>),
    Heartbeat(Heartbeat<'a>),
    Message(Unknown<'a>),
    StateChange(Cow<'a, StateChange>),
    Retry(Cow<'a, Retry>),
    Connected(Cow<'a, Connected>),
    Disconnected(Cow<'a, Disconnected>),
    Lost(Cow<'a, Lost>),
    Gap(Cow<'a, Gap>),
    Overflow(Cow<'a, Overflow>),
}

impl Event<'_> {
    /// Which kind of event this is.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Progress(_) => EventKind::Progress,
            Self::Log(_) => EventKind::Log,
            Self::Status(_) => EventKind::Status,
            Self::Error(_) => EventKind::Error,
            Self::Complete(_) => EventKind::Complete,
            Self::Heartbeat(_) => EventKind::Heartbeat,
            Self::Message(_) => EventKind::Message,
            Self::StateChange(_) => EventKind::StateChange,
            Self::Retry(_) => EventKind::Retry,
            Self::Connected(_) => EventKind::Connected,
            Self::Disconnected(_) => EventKind::Disconnected,
            Self::Lost(_) => EventKind::Lost,
            Self::Gap(_) => EventKind::Gap,
            Self::Overflow(_) => EventKind::Overflow,
        }
    }

    /// The task the event concerns, if it concerns one.
    pub fn task_id(&self) -> Option<&str> {
        match self {
            Self::Progress(event) => Some(&event.task_id),
            Self::Log(event) => Some(&event.task_id),
            Self::Status(event) => Some(&event.task_id),
            Self::Error(event) => event.task_id.as_deref(),
            Self::Complete(event) => Some(&event.task_id),
            Self::Heartbeat(event) => Some(&event.task_id).filter(|id| !id.is_empty()).map(|id| &**id),
            Self::Message(event) => Some(&event.task_id).filter(|id| !id.is_empty()).map(|id| &**id),
            Self::Lost(event) => Some(&event.task_id),
            Self::Gap(event) => Some(&event.task_id),
            Self::StateChange(_) | Self::Retry(_) | Self::Connected(_) | Self::Disconnected(_) | Self::Overflow(_) => {
                None
            }
        }
    }

    /// The event with texts of its own, to be kept.
    pub fn into_owned(self) -> Event<'static> {
        fn own(text: Cow<'_, str>) -> Cow<'static, str> {
            Cow::Owned(text.into_owned())
        }
        match self {
            Self::Progress(e) => Event::Progress(Progress {
                task_id: own(e.task_id),
                stage: own(e.stage),
                progress: e.progress,
                message: own(e.message),
                timestamp: e.timestamp,
            }),
            Self::Log(e) => Event::Log(Log {
                task_id: own(e.task_id),
                level: e.level,
                message: own(e.message),
                timestamp: e.timestamp,
                metadata: e.metadata.map(own),
            }),
            Self::Status(e) => {
                Event::Status(Status { task_id: own(e.task_id), timestamp: e.timestamp, data: own(e.data) })
            }
            Self::Error(e) => Event::Error(ErrorEvent {
                source: e.source,
                code: own(e.code),
                message: own(e.message),
                task_id: e.task_id.map(own),
                data: e.data.map(own),
                fatal: e.fatal,
                timestamp: e.timestamp,
                synthetic: e.synthetic,
            }),
            Self::Complete(e) => Event::Complete(Complete {
                task_id: own(e.task_id),
                timestamp: e.timestamp,
                data: own(e.data),
                synthetic: e.synthetic,
            }),
            Self::Heartbeat(e) => Event::Heartbeat(Heartbeat { task_id: own(e.task_id), timestamp: e.timestamp }),
            Self::Message(e) => Event::Message(Unknown { kind: own(e.kind), task_id: own(e.task_id), raw: own(e.raw) }),
            Self::StateChange(e) => Event::StateChange(Cow::Owned(e.into_owned())),
            Self::Retry(e) => Event::Retry(Cow::Owned(e.into_owned())),
            Self::Connected(e) => Event::Connected(Cow::Owned(e.into_owned())),
            Self::Disconnected(e) => Event::Disconnected(Cow::Owned(e.into_owned())),
            Self::Lost(e) => Event::Lost(Cow::Owned(e.into_owned())),
            Self::Gap(e) => Event::Gap(Cow::Owned(e.into_owned())),
            Self::Overflow(e) => Event::Overflow(Cow::Owned(e.into_owned())),
        }
    }
}

/// The error kind named by an error event's code, where the library made the event.
pub fn kind_of(event: &ErrorEvent<'_>) -> Option<ErrorKind> {
    if event.source == ErrorSource::Task { None } else { ErrorKind::from_name(&event.code) }
}
