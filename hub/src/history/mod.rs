//! What a hub remembers of each task.
//!
//! A [`TaskLog`] is the part of a task's history that this process holds: followers read from it and
//! are woken by it. A [`History`] decides where the order of messages comes from and where they
//! outlive the process; it keeps the logs it has opened current. [`MemoryHistory`] knows nothing
//! but the logs themselves.

mod dedupe;
mod log;
mod ring;

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

pub use log::TaskLog;
pub(crate) use log::{Mailbox, Since, Snapshot};
pub(crate) use ring::{Pace, Read, Reader};

use crate::limits::{HISTORY_BYTES, HISTORY_MESSAGES};

/// Where the messages of tasks are kept and put in order.
///
/// A connection awaits each call before it handles its next message: a slow history slows its
/// publishers down and loses nothing. Calls for different tasks come at the same time.
pub trait History: Send + Sync + 'static {
    /// The log of a task, filled with what is retained of it. From here until [`close`](Self::close)
    /// the history keeps it current. Called once for a task until it is closed.
    fn open<'a>(&'a self, task: &'a str) -> HistoryFuture<'a, Arc<TaskLog>>;

    /// Takes a message into the task's history, unless its id was taken before. Settles once it is
    /// there to stay, as firmly as this history keeps anything, and in `log`.
    fn append<'a>(&'a self, log: &'a Arc<TaskLog>, message: NewMessage) -> HistoryFuture<'a, Appended>;

    /// The hub forgets this task.
    fn close(&self, task: &str);
}

/// What a [`History`] answers with.
pub type HistoryFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, HistoryError>> + Send + 'a>>;

/// Why a history could not do what it was asked for. The client is told, its link lives on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the history is out of reach: {0}")]
pub struct HistoryError(pub String);

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is in the history.
    Stored {
        /// Whether it ended the run.
        ended: bool,
    },
    /// A message with this id was taken before.
    Duplicate,
}

/// What kind of message it is, as far as retention cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Superseded by the next one.
    Progress,
    /// A log line: the oldest go first.
    Line,
    /// A status message: goes when only status messages are left.
    Status,
    /// The end of the run: stays as long as the task.
    Outcome {
        /// Whether it is an error.
        failed: bool,
    },
    /// A message of a type the hub does not know: handed to followers, neither numbered nor replayed.
    Passing,
}

/// A message on its way into the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// How it is retained.
    pub kind: Kind,
    /// The sender's id, by which a second copy is recognised.
    pub id: Option<String>,
    /// One JSON object, without `seq`, `epoch` and `covers`.
    pub text: String,
    /// The outcome's `data`, or that of a status message that says the task has ended, as JSON text.
    pub data: Option<String>,
    /// Whether a status message says that the task ended, and then whether it failed.
    pub says_failed: Option<bool>,
}

/// How much is retained of each task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Messages.
    pub messages: usize,
    /// Bytes of messages; one message alone may exceed it.
    pub bytes: usize,
}

impl Default for Bounds {
    /// [`HISTORY_MESSAGES`] and [`HISTORY_BYTES`].
    fn default() -> Self {
        Bounds { messages: HISTORY_MESSAGES, bytes: HISTORY_BYTES }
    }
}

/// A history that lives and dies with the process.
#[derive(Debug, Default)]
pub struct MemoryHistory {
    bounds: Bounds,
}

impl MemoryHistory {
    /// A history with these bounds per task.
    pub fn new(bounds: Bounds) -> Self {
        MemoryHistory { bounds }
    }
}

impl History for MemoryHistory {
    fn open<'a>(&'a self, task: &'a str) -> HistoryFuture<'a, Arc<TaskLog>> {
        Box::pin(ready(Ok(Arc::new(TaskLog::new(task, self.bounds)))))
    }

    fn append<'a>(&'a self, log: &'a Arc<TaskLog>, message: NewMessage) -> HistoryFuture<'a, Appended> {
        Box::pin(ready(Ok(log.append(&message))))
    }

    fn close(&self, _task: &str) {}
}
