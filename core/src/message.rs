//! A message to be sent, put together by its sender and checked before it is queued.

use crate::error::{Error, ErrorKind};
use crate::protocol::{Level, is_json};
use crate::session::limits::MAX_TASK_ID;
use crate::session::{Draft, DraftKind};

/// A message for [`Client::send`](crate::Client::send).
///
/// What is wrong with it is said by the call that sends it, except for JSON texts, which are checked where they are
/// given.
///
/// ```
/// use steadywire::{Level, Message};
///
/// let progress = Message::progress("build-7", 42.5).stage("link").text("12 of 30 objects");
/// let line = Message::log("build-7", Level::Warn, "unused variable").metadata_json(r#"{"line":12}"#)?;
/// let done = Message::complete("build-7", r#"{"artifact":"app.tar"}"#)?.ack(true);
/// # Ok::<(), steadywire::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    task: String,
    kind: Kind,
    timestamp: Option<i64>,
    ack: bool,
    /// The first setter that does not go with the kind of message.
    misused: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Progress { stage: String, progress: f64, message: String },
    Log { level: Level, message: String, metadata: Option<String> },
    Status { data: String },
    Complete { data: String },
    Error { message: String, code: String, data: Option<String> },
    Heartbeat,
    Other { kind: String, data: Option<String> },
}

impl Message {
    /// How far a task is, 0 to 100. What lies outside is taken as 0 or 100; what is not a number is refused.
    pub fn progress(task: impl Into<String>, progress: f64) -> Self {
        Self::new(task, Kind::Progress { stage: String::new(), progress, message: String::new() })
    }

    /// A log line of a task.
    pub fn log(task: impl Into<String>, level: Level, text: impl Into<String>) -> Self {
        Self::new(task, Kind::Log { level, message: text.into(), metadata: None })
    }

    /// What a task says of itself. `data` is any JSON, as text, and arrives as it is.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] where `data` is not JSON.
    pub fn status(task: impl Into<String>, data: impl Into<String>) -> Result<Self, Error> {
        Ok(Self::new(task, Kind::Status { data: json("data", data.into())? }))
    }

    /// A task ended well. `data` is any JSON, as text, and arrives as it is.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] where `data` is not JSON.
    pub fn complete(task: impl Into<String>, data: impl Into<String>) -> Result<Self, Error> {
        Ok(Self::new(task, Kind::Complete { data: json("data", data.into())? }))
    }

    /// A task failed.
    pub fn error(task: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(task, Kind::Error { message: text.into(), code: String::new(), data: None })
    }

    /// A heartbeat. It is sent now or not at all, never queued.
    pub fn heartbeat(task: impl Into<String>) -> Self {
        Self::new(task, Kind::Heartbeat)
    }

    /// A message of a type of your own.
    pub fn other(kind: impl Into<String>, task: impl Into<String>) -> Self {
        Self::new(task, Kind::Other { kind: kind.into(), data: None })
    }

    /// The stage a task is in. For progress.
    #[must_use]
    pub fn stage(mut self, value: impl Into<String>) -> Self {
        match &mut self.kind {
            Kind::Progress { stage, .. } => *stage = value.into(),
            _ => self.misuse("stage"),
        }
        self
    }

    /// The text for people. For progress, log lines and errors.
    #[must_use]
    pub fn text(mut self, value: impl Into<String>) -> Self {
        match &mut self.kind {
            Kind::Progress { message, .. } | Kind::Log { message, .. } | Kind::Error { message, .. } => {
                *message = value.into();
            }
            _ => self.misuse("text"),
        }
        self
    }

    /// The error's code, in words of your own. For errors.
    #[must_use]
    pub fn code(mut self, value: impl Into<String>) -> Self {
        match &mut self.kind {
            Kind::Error { code, .. } => *code = value.into(),
            _ => self.misuse("code"),
        }
        self
    }

    /// What belongs to a log line: a JSON object, as text.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] where it is not a JSON object.
    pub fn metadata_json(mut self, value: impl Into<String>) -> Result<Self, Error> {
        let value = json("metadata", value.into())?;
        if !value.trim_start().starts_with('{') {
            return Err(invalid("`metadata` takes a JSON object"));
        }
        match &mut self.kind {
            Kind::Log { metadata, .. } => *metadata = Some(value),
            _ => self.misuse("metadata_json"),
        }
        Ok(self)
    }

    /// The data: any JSON, as text. For errors and types of your own; status and complete are made with theirs.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] where it is not JSON.
    pub fn data_json(mut self, value: impl Into<String>) -> Result<Self, Error> {
        let value = json("data", value.into())?;
        match &mut self.kind {
            Kind::Status { data } | Kind::Complete { data } => *data = value,
            Kind::Error { data, .. } | Kind::Other { data, .. } => *data = Some(value),
            _ => self.misuse("data_json"),
        }
        Ok(self)
    }

    /// Milliseconds since the Unix epoch. Without it, the moment of sending.
    #[must_use]
    pub fn timestamp(mut self, value: i64) -> Self {
        self.timestamp = Some(value);
        self
    }

    /// Asks the server to acknowledge the message, and sends it again on every new link until it does. Default no.
    #[must_use]
    pub fn ack(mut self, value: bool) -> Self {
        self.ack = value;
        self
    }

    /// The task the message is about.
    pub fn task_id(&self) -> &str {
        &self.task
    }

    /// Says what is wrong with the message, as the call that sends it would.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`].
    pub fn check(&self) -> Result<(), Error> {
        self.draft().map(drop)
    }

    /// The message as the session takes it.
    pub(crate) fn draft(&self) -> Result<Draft<'_>, Error> {
        if let Some(setter) = self.misused {
            return Err(invalid(&format!("`{setter}` does not go with a message of type {}", self.kind.word())));
        }
        let kind = match &self.kind {
            Kind::Progress { stage, progress, message } => {
                DraftKind::Progress { stage, progress: progress.clamp(0.0, 100.0), message }
            }
            Kind::Log { level, message, metadata } => {
                DraftKind::Log { level: *level, message, metadata: metadata.as_deref() }
            }
            Kind::Status { data } => DraftKind::Status { data },
            Kind::Complete { data } => DraftKind::Complete { data },
            Kind::Error { message, code, data } => DraftKind::Error { message, code, data: data.as_deref() },
            Kind::Heartbeat => DraftKind::Heartbeat,
            Kind::Other { kind, data } => DraftKind::Other { kind, data: data.as_deref() },
        };
        let draft = Draft { kind, task: &self.task, timestamp: self.timestamp, ack: self.ack };
        check_draft(&draft)?;
        Ok(draft)
    }

    fn new(task: impl Into<String>, kind: Kind) -> Self {
        Self { task: task.into(), kind, timestamp: None, ack: false, misused: None }
    }

    fn misuse(&mut self, setter: &'static str) {
        self.misused.get_or_insert(setter);
    }
}

/// Checks what every message must satisfy, whichever language it comes from.
pub(crate) fn check_draft(draft: &Draft<'_>) -> Result<(), Error> {
    match draft.kind {
        // A heartbeat may name no task.
        DraftKind::Heartbeat if draft.task.is_empty() => return Ok(()),
        DraftKind::Progress { progress, .. } if progress.is_nan() => {
            return Err(invalid("`progress` takes a number from 0 to 100, not NaN"));
        }
        DraftKind::Other { kind: "", .. } => return Err(invalid("a message needs a type; this one's is empty")),
        DraftKind::Other { kind, .. } if RESERVED.contains(&kind) => {
            return Err(invalid(&format!("`{kind}` is a type of the protocol; use the constructor of that name")));
        }
        _ => {}
    }
    check_task(draft.task)
}

/// Checks that a text can be the id of a task.
pub(crate) fn check_task(task: &str) -> Result<(), Error> {
    if task.is_empty() {
        return Err(invalid("a task id must not be empty"));
    }
    if task.len() > MAX_TASK_ID {
        return Err(invalid(&format!("a task id takes at most {MAX_TASK_ID} bytes, not {}", task.len())));
    }
    Ok(())
}

/// Checks that a text is one JSON value.
pub(crate) fn json(what: &str, text: String) -> Result<String, Error> {
    if is_json(&text) { Ok(text) } else { Err(invalid(&format!("`{what}` takes one JSON value, as text"))) }
}

/// The types that the protocol gives a meaning.
const RESERVED: [&str; 6] = ["progress", "log", "status", "error", "complete", "heartbeat"];

impl Kind {
    fn word(&self) -> &str {
        match self {
            Self::Progress { .. } => "progress",
            Self::Log { .. } => "log",
            Self::Status { .. } => "status",
            Self::Complete { .. } => "complete",
            Self::Error { .. } => "error",
            Self::Heartbeat => "heartbeat",
            Self::Other { kind, .. } => kind,
        }
    }
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(result: Result<impl Sized, Error>) -> String {
        let error = result.err().expect("it should be refused");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        error.to_string()
    }

    #[test]
    fn a_draft_carries_what_was_set() {
        let message = Message::progress("t", 120.0).stage("s").text("m").timestamp(7).ack(true);
        let draft = message.draft().unwrap();
        assert_eq!((draft.task, draft.timestamp, draft.ack), ("t", Some(7), true));
        assert!(matches!(draft.kind, DraftKind::Progress { stage: "s", progress, message: "m" } if progress == 100.0));
        let message = Message::error("t", "m").code("c").data_json("[1]").unwrap();
        let draft = message.draft().unwrap();
        assert!(matches!(draft.kind, DraftKind::Error { message: "m", code: "c", data: Some("[1]") }));
    }

    #[test]
    fn texts_that_are_not_json_are_refused_where_they_are_given() {
        assert!(refused(Message::status("t", "{")).contains("`data` takes one JSON value"));
        assert!(refused(Message::complete("t", "")).contains("`data`"));
        assert!(refused(Message::log("t", Level::Info, "m").metadata_json("[]")).contains("JSON object"));
        assert!(Message::log("t", Level::Info, "m").metadata_json(" {} ").is_ok());
        assert!(refused(Message::error("t", "m").data_json("nope")).contains("`data`"));
    }

    #[test]
    fn task_ids_have_bounds() {
        assert!(refused(Message::error("", "m").draft()).contains("empty"));
        assert!(Message::error("x".repeat(MAX_TASK_ID), "m").draft().is_ok());
        assert!(refused(Message::error("x".repeat(MAX_TASK_ID + 1), "m").draft()).contains("1024"));
        assert!(Message::heartbeat("").draft().is_ok());
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        assert!(refused(Message::log("t", Level::Info, "m").stage("s").draft()).contains("`stage`"));
        assert!(refused(Message::heartbeat("t").code("c").draft()).contains("heartbeat"));
        assert!(refused(Message::progress("t", f64::NAN).draft()).contains("NaN"));
        assert!(refused(Message::other("log", "t").draft()).contains("constructor"));
        assert!(refused(Message::other("", "t").check()).contains("needs a type"));
        assert!(Message::other("own", "t").check().is_ok());
    }
}
