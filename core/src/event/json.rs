//! Events as JSON, in the shape every language logs: `{"event":"progress","taskId":...,...}`.

use serde_json::{Map, Value, json};

use super::{ErrorEvent, Event, Outcome, OutcomeKind, Receipt};

impl Event<'_> {
    /// The event as a JSON object. `data` and `metadata` stand in it as JSON, not as text.
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("event".into(), self.kind().name().into());
        let fields = match self {
            Self::Progress(e) => json!({
                "taskId": e.task_id, "stage": e.stage, "progress": number(e.progress), "message": e.message,
                "timestamp": e.timestamp,
            }),
            Self::Log(e) => json!({
                "taskId": e.task_id, "level": e.level.name(), "message": e.message, "timestamp": e.timestamp,
                "metadata": e.metadata.as_deref().map(raw),
            }),
            Self::Status(e) => {
                json!({ "taskId": e.task_id, "timestamp": e.timestamp, "data": raw(&e.data) })
            }
            Self::Complete(e) => json!({
                "taskId": e.task_id, "timestamp": e.timestamp, "data": raw(&e.data), "synthetic": flag(e.synthetic),
            }),
            Self::Error(e) => json!({
                "source": e.source.name(), "code": e.code, "message": e.message, "taskId": e.task_id,
                "data": e.data.as_deref().map(raw), "fatal": e.fatal, "timestamp": e.timestamp,
                "synthetic": flag(e.synthetic),
            }),
            Self::Heartbeat(e) => json!({ "taskId": e.task_id, "timestamp": e.timestamp }),
            Self::Message(e) => json!({ "type": e.kind, "taskId": e.task_id, "raw": e.raw }),
            Self::StateChange(e) => json!({
                "state": e.state.name(), "previous": e.previous.name(), "reason": e.reason,
                "generation": e.generation, "closeCode": e.close_code, "httpStatus": e.http_status,
                "willRetry": e.will_retry,
            }),
            Self::Retry(e) => {
                json!({ "attempt": e.attempt, "nextDelay": e.next_delay, "cause": e.cause })
            }
            Self::Connected(e) => json!({ "generation": e.generation }),
            Self::Disconnected(e) => {
                json!({ "generation": e.generation, "closeCode": e.close_code, "reason": e.reason })
            }
            Self::Lost(e) => json!({ "taskId": e.task_id, "reason": e.reason.name() }),
            Self::Gap(e) => {
                json!({ "taskId": e.task_id, "from": e.from, "to": e.to, "epoch": e.epoch })
            }
            Self::Overflow(e) => json!({ "count": e.count }),
        };
        add_present(&mut map, fields);
        if let Self::Error(ErrorEvent { data: None, .. }) = self {
            map.remove("data");
        }
        Value::Object(map)
    }
}

impl Outcome {
    /// The outcome as a JSON object.
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        add_present(
            &mut map,
            json!({
                "taskId": self.task_id, "outcome": self.kind.name(), "data": raw(&self.data),
                "message": text(&self.message), "code": text(&self.code), "reason": self.reason.map(|r| r.name()),
                "synthetic": flag(self.synthetic),
            }),
        );
        Value::Object(map)
    }
}

impl Receipt {
    /// The receipt as a JSON object, `{"state":"acked"}`.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Written { ack_unsupported: false } => json!({ "state": "written" }),
            Self::Written { ack_unsupported: true } => json!({ "state": "written", "ackUnsupported": true }),
            Self::Acked => json!({ "state": "acked" }),
            Self::Rejected(message) => json!({ "state": "rejected", "message": message }),
            Self::Dropped(reason) => json!({ "state": "dropped", "reason": reason.name() }),
            Self::Unknown => json!({ "state": "unknown" }),
        }
    }
}

impl OutcomeKind {
    /// The name every language uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Error => "error",
            Self::Lost => "lost",
        }
    }
}

/// Text that is known to be JSON. What a `Value` cannot hold (lone surrogates, numbers beyond the
/// range of doubles, deep nesting) is shown as a string.
fn raw(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Whole numbers without a fraction, as JavaScript writes them.
#[allow(clippy::cast_possible_truncation, reason = "progress lies between 0 and 100")]
fn number(value: f64) -> Value {
    if value.fract() == 0.0 { Value::from(value as i64) } else { Value::from(value) }
}

fn flag(set: bool) -> Option<bool> {
    set.then_some(true)
}

fn text(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Absent is absent: `null` stands only where a task's `data` itself is null.
fn add_present(map: &mut Map<String, Value>, fields: Value) {
    let Value::Object(fields) = fields else { unreachable!("fields are given as an object") };
    map.extend(fields.into_iter().filter(|(name, value)| !value.is_null() || name == "data"));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P-JSON-4: such data reaches events as it was written, and its event must still be shown.
    #[test]
    fn data_beyond_a_value_is_shown_as_its_text() {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        for data in [r#"{"note":"cut \ud83d"}"#, r#"{"\ude00":1}"#, "[1e999]", &deep] {
            let outcome = Outcome {
                task_id: "t".into(),
                kind: OutcomeKind::Complete,
                data: data.into(),
                message: String::new(),
                code: String::new(),
                reason: None,
                timestamp: 1,
                synthetic: false,
            };
            assert_eq!(outcome.to_json(), json!({ "taskId": "t", "outcome": "complete", "data": data }));
        }
    }
}
