//! Writes one message as one text frame: envelope, texts and the data of each type.

use super::Level;
use super::number::{write_integer, write_number};

/// The `type` of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind<'a> {
    /// `progress`
    Progress,
    /// `log`
    Log,
    /// `status`
    Status,
    /// `error`
    Error,
    /// `complete`
    Complete,
    /// `heartbeat`
    Heartbeat,
    /// A type of the application's own.
    Other(&'a str),
}

impl<'a> MessageKind<'a> {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        match self {
            MessageKind::Progress => "progress",
            MessageKind::Log => "log",
            MessageKind::Status => "status",
            MessageKind::Error => "error",
            MessageKind::Complete => "complete",
            MessageKind::Heartbeat => "heartbeat",
            MessageKind::Other(word) => word,
        }
    }

    /// The kind a word on the wire names. Words are case-sensitive.
    #[must_use]
    pub fn from_word(word: &'a str) -> Self {
        match word {
            "progress" => MessageKind::Progress,
            "log" => MessageKind::Log,
            "status" => MessageKind::Status,
            "error" => MessageKind::Error,
            "complete" => MessageKind::Complete,
            "heartbeat" => MessageKind::Heartbeat,
            other => MessageKind::Other(other),
        }
    }
}

/// One message to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outgoing<'a> {
    /// The `type`.
    pub kind: MessageKind<'a>,
    /// The task it is about; empty for none.
    pub task_id: &'a str,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// `data`: one JSON value as text, written as it is. See [`is_json`].
    pub data: Option<&'a str>,
    /// Position in the task's history.
    pub seq: Option<u64>,
    /// The run of the history `seq` counts in.
    pub epoch: Option<&'a str>,
    /// First position this message stands for.
    pub covers: Option<u64>,
    /// The sender's id of this message.
    pub id: Option<&'a str>,
}

impl<'a> Outgoing<'a> {
    /// A message without data and without the optional fields.
    #[must_use]
    pub fn new(kind: MessageKind<'a>, task_id: &'a str, timestamp: i64) -> Self {
        Outgoing { kind, task_id, timestamp, data: None, seq: None, epoch: None, covers: None, id: None }
    }
}

/// Appends a message: `type, taskId, timestamp, data, seq, epoch, covers, id`, absent ones left out.
pub fn encode_message(out: &mut String, message: &Outgoing<'_>) {
    begin(out, message.kind, message.task_id, message.timestamp);
    if let Some(data) = message.data {
        out.push_str(",\"data\":");
        out.push_str(data);
    }
    if let Some(seq) = message.seq {
        out.push_str(",\"seq\":");
        write_unsigned(out, seq);
    }
    if let Some(epoch) = message.epoch {
        out.push_str(",\"epoch\":");
        write_string(out, epoch);
    }
    if let Some(covers) = message.covers {
        out.push_str(",\"covers\":");
        write_unsigned(out, covers);
    }
    if let Some(id) = message.id {
        out.push_str(",\"id\":");
        write_string(out, id);
    }
    out.push('}');
}

/// Appends the data of a `progress`: `taskId, stage, progress, message, timestamp`.
///
/// `progress` should be finite: anything else is written as `null`, which receivers reject.
pub fn encode_progress_data(
    out: &mut String,
    task_id: &str,
    stage: &str,
    progress: f64,
    message: &str,
    timestamp: i64,
) {
    out.push_str("{\"taskId\":");
    write_string(out, task_id);
    out.push_str(",\"stage\":");
    write_string(out, stage);
    out.push_str(",\"progress\":");
    write_number(out, progress);
    out.push_str(",\"message\":");
    write_string(out, message);
    out.push_str(",\"timestamp\":");
    write_integer(out, timestamp);
    out.push('}');
}

/// Appends the data of a `log`: `taskId, level, message, timestamp, metadata`.
///
/// `metadata` is the text of one JSON object, written as it is; left out where absent.
pub fn encode_log_data(
    out: &mut String,
    task_id: &str,
    level: Level,
    message: &str,
    timestamp: i64,
    metadata: Option<&str>,
) {
    out.push_str("{\"taskId\":");
    write_string(out, task_id);
    out.push_str(",\"level\":\"");
    out.push_str(level.name());
    out.push_str("\",\"message\":");
    write_string(out, message);
    out.push_str(",\"timestamp\":");
    write_integer(out, timestamp);
    if let Some(metadata) = metadata {
        out.push_str(",\"metadata\":");
        out.push_str(metadata);
    }
    out.push('}');
}

/// Appends the data of an `error`: `error`, and `code` where there is one.
pub fn encode_error_data(out: &mut String, message: &str, code: Option<&str>) {
    out.push_str("{\"error\":");
    write_string(out, message);
    if let Some(code) = code {
        out.push_str(",\"code\":");
        write_string(out, code);
    }
    out.push('}');
}

/// Appends a `heartbeat`, or the answer to one.
pub fn encode_heartbeat(out: &mut String, task_id: &str, timestamp: i64, answers: bool) {
    begin(out, MessageKind::Heartbeat, task_id, timestamp);
    out.push_str(if answers { ",\"data\":{\"received\":true}}" } else { ",\"data\":{}}" });
}

/// Appends `text` as a JSON string with its quotes: the same bytes as `JSON.stringify` and serde_json.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = ESCAPES[usize::from(byte)];
        if escape == 0 {
            continue;
        }
        out.push_str(&text[written..at]);
        written = at + 1;
        out.push('\\');
        out.push(char::from(escape));
        if escape == b'u' {
            out.push_str("00");
            out.push(char::from(b'0' + (byte >> 4)));
            out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        }
    }
    out.push_str(&text[written..]);
    out.push('"');
}

/// Whether `text` is exactly one JSON value, so that it may travel as `data` or `metadata`.
#[must_use]
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

/// Opens a frame up to and including its timestamp.
pub(super) fn begin(out: &mut String, kind: MessageKind<'_>, task_id: &str, timestamp: i64) {
    out.push_str("{\"type\":");
    write_string(out, kind.as_str());
    out.push_str(",\"taskId\":");
    write_string(out, task_id);
    out.push_str(",\"timestamp\":");
    write_integer(out, timestamp);
}

pub(super) fn write_unsigned(out: &mut String, value: u64) {
    // Positions stay below 2^53; a larger one would be unusable for every receiver.
    write_integer(out, i64::try_from(value).unwrap_or(i64::MAX));
}

/// The letter after the backslash for each byte, 0 for bytes that stand for themselves.
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 32 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_the_bytes_of_serde_json() {
        let mut text: String = (0..=0x2ff_u32).filter_map(char::from_u32).collect();
        text.push_str("\u{2028}\u{2029}\u{feff}\u{1f600}");
        let mut out = String::new();
        write_string(&mut out, &text);
        assert_eq!(out, serde_json::to_string(&text).expect("a string is JSON"));
    }

    #[test]
    fn json_is_told_from_what_is_not() {
        for text in ["{}", " [1e999, \"\\ud800\"] ", "null"] {
            assert!(is_json(text), "{text}");
        }
        for text in ["", "{", "{} {}", "01", "nul", "{a:1}"] {
            assert!(!is_json(text), "{text}");
        }
    }
}
