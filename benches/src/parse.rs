//! What both rivals do with a frame's text: serde_json into borrowed, typed events.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::tally::Tally;

/// One event, borrowed from the frame's text unless a string held an escape.
#[derive(Debug)]
pub(crate) enum Typed<'a> {
    Progress { task: Cow<'a, str>, stage: Cow<'a, str>, progress: f64, message: Cow<'a, str>, timestamp: i64 },
    Log { task: Cow<'a, str>, level: Level, message: Cow<'a, str>, timestamp: i64, metadata: Option<&'a str> },
    Status { task: Cow<'a, str>, data: &'a str, timestamp: i64 },
    Complete { task: Cow<'a, str>, data: &'a str, timestamp: i64 },
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Debug,
    #[default]
    Info,
    Warn,
    Error,
}

impl Typed<'_> {
    /// Counts the event; true where it ends the run.
    pub(crate) fn count(&self, tally: &Tally) -> bool {
        match self {
            Self::Progress { task, stage, progress, message, timestamp } => {
                tally.progress(task, stage, *progress, message, *timestamp);
            }
            Self::Log { task, level, message, timestamp, metadata } => {
                tally.log(task, *level as u8, message, *timestamp, *metadata);
            }
            Self::Status { task, data, timestamp } => tally.status(task, data, *timestamp),
            Self::Complete { task, data, timestamp } => return tally.complete(task, data, *timestamp),
        }
        false
    }
}

/// Parses one frame. The envelope and the data of the frequent kinds are read in one step; only
/// where the data's text itself is wanted (status, complete) it is read again.
pub(crate) fn parse(text: &str) -> serde_json::Result<Typed<'_>> {
    let whole: Whole<'_> = serde_json::from_str(text)?;
    let timestamp = whole.data.timestamp.or(whole.timestamp).unwrap_or(0);
    Ok(match whole.kind {
        WireKind::Progress => Typed::Progress {
            task: whole.task_id,
            stage: whole.data.stage,
            progress: whole.data.progress.clamp(0.0, 100.0),
            message: whole.data.message,
            timestamp,
        },
        WireKind::Log => Typed::Log {
            task: whole.task_id,
            level: whole.data.level,
            message: whole.data.message,
            timestamp,
            metadata: whole.data.metadata.map(RawValue::get),
        },
        WireKind::Status => {
            let raw: WithRaw<'_> = serde_json::from_str(text)?;
            Typed::Status { task: whole.task_id, data: raw.data.get(), timestamp }
        }
        WireKind::Complete => {
            let raw: WithRaw<'_> = serde_json::from_str(text)?;
            Typed::Complete { task: whole.task_id, data: raw.data.get(), timestamp }
        }
    })
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(rename = "type")]
    kind: WireKind,
    #[serde(rename = "taskId", borrow)]
    task_id: Cow<'a, str>,
    timestamp: Option<i64>,
    #[serde(borrow, default)]
    data: Data<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WireKind {
    Progress,
    Log,
    Status,
    Complete,
}

#[derive(Default, Deserialize)]
struct Data<'a> {
    #[serde(borrow, default)]
    stage: Cow<'a, str>,
    #[serde(default)]
    progress: f64,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    #[serde(default)]
    level: Level,
    timestamp: Option<i64>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WithRaw<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
}
