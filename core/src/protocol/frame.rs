//! What one inbound text frame says, borrowed from the frame's text.

use std::borrow::Cow;

/// One inbound message, parsed and checked.
///
/// Texts borrow from the frame unless they held an escape. Optional fields that were present but
/// unusable are absent here and counted in `faults`.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame<'a> {
    /// The task the envelope names; empty where the message speaks of no task.
    pub task_id: Cow<'a, str>,
    /// Milliseconds since the Unix epoch: `data.timestamp`, else the envelope's, else none.
    pub timestamp: Option<i64>,
    /// Position of this message in the task's history.
    pub seq: Option<u64>,
    /// First position this message stands for, where earlier ones were conflated into it.
    pub covers: Option<u64>,
    /// The run of the history that `seq` counts in.
    pub epoch: Option<Cow<'a, str>>,
    /// The sender's id of this message.
    pub id: Option<Cow<'a, str>>,
    /// How many optional fields were present but unusable.
    pub faults: u32,
    /// What the message is, with the fields of its kind.
    pub body: Body<'a>,
}

/// The part of a message that depends on its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Body<'a> {
    /// `progress`
    Progress {
        /// The stage the task is in, or empty.
        stage: Cow<'a, str>,
        /// 0 to 100.
        progress: f64,
        /// A text for people, or empty.
        message: Cow<'a, str>,
    },
    /// `log`
    Log {
        /// How important the line is.
        level: Level,
        /// The line.
        message: Cow<'a, str>,
        /// The `metadata` object as JSON text.
        metadata: Option<&'a str>,
    },
    /// `status` without a control action.
    Status {
        /// `data.status`, else `data.state`, where it is a string.
        word: Option<Cow<'a, str>>,
        /// `data` as JSON text; `null` where there is none.
        data: &'a str,
    },
    /// `status` with a control action of the protocol.
    Control(Control<'a>),
    /// `error`
    Error {
        /// `data.error`, else `data.message`, else `data` itself, else `data.error.message`; the first
        /// that is a string, or empty.
        message: Cow<'a, str>,
        /// `data.code` where it is a string or a number (as text), or empty.
        code: Cow<'a, str>,
        /// `data.fatal` where it is a boolean.
        fatal: Option<bool>,
        /// `data.action` where it is a non-empty string: the request this answers.
        action: Option<Cow<'a, str>>,
        /// `data.id` where it is a non-empty string: the message this refuses.
        refused_id: Option<Cow<'a, str>>,
        /// `data` as JSON text; `null` where there is none.
        data: &'a str,
    },
    /// `complete`
    Complete {
        /// `data` as JSON text; `null` where there is none.
        data: &'a str,
    },
    /// `heartbeat`
    Heartbeat {
        /// Whether this answers a heartbeat (`data.received` is true).
        received: bool,
    },
    /// A type this protocol does not know.
    Other {
        /// The `type` field.
        kind: Cow<'a, str>,
    },
}

/// A `status` frame whose `data.action` is one of the protocol's.
#[derive(Clone, Debug, PartialEq)]
pub enum Control<'a> {
    /// The server's greeting: what it can do.
    Hello {
        /// Protocol version, 1 today; 0 where absent or unusable.
        version: u64,
        /// What the server can do. Unknown names are ignored.
        features: Features,
        /// How often the server sends a heartbeat, in milliseconds.
        heartbeat_interval: Option<u64>,
    },
    /// Answer to a subscribe.
    Subscribed(TaskState<'a>),
    /// Answer to a query.
    State(TaskState<'a>),
    /// A message that was sent with an id has been taken.
    Ack {
        /// The id of that message.
        id: Cow<'a, str>,
    },
    /// `subscribe`, `unsubscribe`, `query` or `publish`: what a server receives.
    Request(Request<'a>),
}

/// What a client asks of a server.
#[derive(Clone, Debug, PartialEq)]
pub enum Request<'a> {
    /// Follow the tasks named. Without `tasks` in the data it is the envelope's task, without cursor.
    Subscribe {
        /// Each task with its cursor, if the client has one.
        tasks: Vec<(Cow<'a, str>, Option<Cursor<'a>>)>,
    },
    /// No longer follow the envelope's task.
    Unsubscribe,
    /// Ask for the state of the envelope's task.
    Query,
    /// The sender publishes these tasks, and did so on an earlier connection.
    Publish {
        /// Which of its links this is, where it says so.
        link: Option<ClientLink<'a>>,
        /// Each task; perhaps none.
        tasks: Vec<Cow<'a, str>>,
    },
}

/// One of the links that a client opens one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLink<'a> {
    /// A name that no other client has.
    pub client: Cow<'a, str>,
    /// Counts the client's links.
    pub number: u64,
}

/// The last message of a task that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor<'a> {
    /// The run of the task's history.
    pub epoch: Cow<'a, str>,
    /// The last position seen in it.
    pub seq: u64,
}

/// What a server says of a task in `subscribed` and `state`.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskState<'a> {
    /// The current run of the task's history, if there is one.
    pub epoch: Option<Cow<'a, str>>,
    /// The newest position in it.
    pub seq: Option<u64>,
    /// Whether everything after the cursor that was sent will be replayed.
    pub recovered: Option<bool>,
    /// unknown, running, complete or error; `None` where absent or another word.
    pub status: Option<TaskStatus>,
    /// `data.data`: the outcome's data as JSON text, where the server sent it.
    pub data: Option<&'a str>,
}

/// The state of a task as the server knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// The server knows no such task.
    Unknown,
    /// The task has no outcome yet.
    Running,
    /// The task ended well.
    Complete,
    /// The task ended in an error.
    Error,
}

/// Importance of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Detail for those who look for a fault.
    Debug = 0,
    /// What happens.
    Info = 1,
    /// Something to look at.
    Warn = 2,
    /// Something failed.
    Error = 3,
}

/// What a server can do beyond the baseline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Cursors are understood and missed messages replayed.
    pub resume: bool,
    /// Messages with an id are acknowledged, duplicates removed.
    pub ack: bool,
    /// One subscribe may name many tasks.
    pub batch: bool,
    /// `query` is answered with `state`.
    pub query: bool,
    /// Heartbeats are answered.
    pub heartbeat: bool,
    /// `publish` is understood: a publisher that is back keeps its tasks alive by it, and ends its older links.
    pub publish: bool,
}

/// Why a frame was rejected. Its link lives on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The text is not one JSON object.
    #[error("not a JSON object: {0}")]
    Json(String),
    /// A required field is absent or unusable.
    #[error("field `{field}` {problem}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}
