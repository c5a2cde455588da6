//! Turns what a publisher sent into what followers get: the same JSON, with what the envelope owes
//! them filled in and what belongs to one link taken out.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use steadywire::protocol::{Body, Frame, MessageKind, TaskStatus, terminal_word, write_number, write_string};

use crate::history::{Kind, NewMessage};

/// Fields of the envelope, which is written anew.
const ENVELOPE: [&str; 8] = ["type", "taskId", "timestamp", "data", "seq", "epoch", "covers", "id"];

/// The message a publisher's frame becomes, or `None` where its type is none of a publisher's.
///
/// # Errors
/// Where `text` is no object after all. It must be refused then: relaying what could be read of it
/// would lose its data without anybody knowing.
pub(crate) fn relay(text: &str, frame: &Frame<'_>, now: i64) -> Result<Option<NewMessage>, serde_json::Error> {
    let (kind, word, data) = match &frame.body {
        Body::Progress { .. } => (Kind::Progress, MessageKind::Progress, None),
        Body::Log { .. } => (Kind::Line, MessageKind::Log, None),
        Body::Status { data, .. } => (Kind::Status, MessageKind::Status, Some(*data)),
        Body::Complete { data } => (Kind::Outcome { failed: false }, MessageKind::Complete, Some(*data)),
        Body::Error { fatal, action, refused_id, data, .. } => {
            // Such an error answers a request or lets the task go on: followers do not take it as the end.
            let passes = *fatal == Some(false) || action.is_some() || refused_id.is_some();
            let kind = if passes { Kind::Status } else { Kind::Outcome { failed: true } };
            (kind, MessageKind::Error, Some(*data))
        }
        Body::Other { kind } => (Kind::Passing, MessageKind::Other(kind), None),
        Body::Control(_) | Body::Heartbeat { .. } => return Ok(None),
    };
    let says_failed = match &frame.body {
        Body::Status { word: Some(word), .. } => terminal_word(word).map(|status| status == TaskStatus::Error),
        _ => None,
    };
    Ok(Some(NewMessage {
        kind,
        id: frame.id.as_deref().map(str::to_owned),
        text: rewrite(text, frame, word, now)?,
        data: data.map(str::to_owned),
        says_failed,
    }))
}

fn rewrite(text: &str, frame: &Frame<'_>, kind: MessageKind<'_>, now: i64) -> Result<String, serde_json::Error> {
    let Fields(fields) = serde_json::from_str(text)?;
    let timestamp = frame.timestamp.unwrap_or(now);
    let mut out = String::with_capacity(text.len() + 64);
    out.push_str("{\"type\":");
    write_string(&mut out, kind.as_str());
    out.push_str(",\"taskId\":");
    write_string(&mut out, &frame.task_id);
    out.push_str(&format!(",\"timestamp\":{timestamp}"));
    let data = fields.iter().rev().find(|field| field.is("data")).map(|field| field.value.get());
    if let Some(data) = rewrite_data(data, frame, timestamp) {
        out.push_str(",\"data\":");
        out.push_str(&data);
    }
    for field in &fields {
        if !ENVELOPE.iter().any(|name| field.is(name)) {
            write_field(&mut out, field.name.get(), field.value.get());
        }
    }
    out.push('}');
    Ok(out)
}

/// The data of progress and log lines with what baseline followers expect in it: the task's id, the time, a clamped
/// progress. All other data is the worker's own.
fn rewrite_data(data: Option<&str>, frame: &Frame<'_>, timestamp: i64) -> Option<String> {
    if !matches!(frame.body, Body::Progress { .. } | Body::Log { .. }) {
        return data.map(str::to_owned);
    }
    let Some(Fields(fields)) = data.and_then(|data| serde_json::from_str(data).ok()) else {
        return data.map(str::to_owned);
    };
    let mut out = String::from("{");
    for field in &fields {
        match &frame.body {
            Body::Progress { progress, .. } if field.is("progress") => {
                let mut number = String::new();
                write_number(&mut number, *progress);
                write_field(&mut out, "\"progress\"", &number);
            }
            _ => write_field(&mut out, field.name.get(), field.value.get()),
        }
    }
    let lacks = |name: &str| !fields.iter().any(|field| field.is(name));
    if lacks("taskId") {
        let mut id = String::new();
        write_string(&mut id, &frame.task_id);
        write_field(&mut out, "\"taskId\"", &id);
    }
    if lacks("timestamp") {
        write_field(&mut out, "\"timestamp\"", &timestamp.to_string());
    }
    out.push('}');
    Some(out)
}

fn write_field(out: &mut String, name: &str, value: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    out.push_str(name);
    out.push(':');
    out.push_str(value);
}

/// The fields of an object, in order and as they are written.
struct Fields<'a>(Vec<Field<'a>>);

struct Field<'a> {
    /// With its quotes and escapes.
    name: &'a RawValue,
    value: &'a RawValue,
}

impl Field<'_> {
    fn is(&self, name: &str) -> bool {
        let quoted = self.name.get();
        let is_spelled = || serde_json::from_str::<String>(quoted).is_ok_and(|spelled| spelled == name);
        quoted.get(1..quoted.len() - 1) == Some(name) || (quoted.contains('\\') && is_spelled())
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry()? {
                    fields.push(Field { name, value });
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steadywire::protocol::parse;

    fn relayed(text: &str) -> NewMessage {
        relay(text, &parse(text).unwrap(), 7).unwrap().unwrap()
    }

    /// P-PUB-1, P-MSG-2
    #[test]
    fn unknown_fields_stay_and_those_of_the_link_go() {
        let message = relayed(
            r#"{"id":"i","x":{"a":1},"seq":3,"epoch":"e","covers":2,"type":"status","taskId":"t","timestamp":5,"data":{"y":[1]}}"#,
        );
        assert_eq!(message.text, r#"{"type":"status","taskId":"t","timestamp":5,"data":{"y":[1]},"x":{"a":1}}"#);
        assert_eq!((message.kind, message.id.as_deref()), (Kind::Status, Some("i")));
    }

    /// P-JSON-2, P-JSON-3, P-JSON-4, P-JSON-5
    #[test]
    fn no_spelling_of_json_smuggles_a_field_or_loses_one() {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let message = relayed(&format!(
            r#"{{"type":"status","t\u0079pe":"complete","s\u0065q":9,"\ud800":1,"taskId":"x","taskId":"t","timestamp":5,"data":{deep}}}"#
        ));
        assert_eq!(
            message.text,
            format!(r#"{{"type":"complete","taskId":"t","timestamp":5,"data":{deep},"\ud800":1}}"#)
        );
    }

    /// P-JSON-4, P-JSON-5
    #[test]
    fn an_outcome_keeps_its_data_whatever_surrogates_stand_beside_it() {
        let message = relayed(
            r#"{"\ud83d":1,"type":"complete","taskId":"t\ud83d","timestamp":5,"data":{"\ude00":"\ud83d","message":"m"}}"#,
        );
        let task = "t\u{fffd}";
        let data = r#"{"\ude00":"\ud83d","message":"m"}"#;
        let expected = format!(r#"{{"type":"complete","taskId":"{task}","timestamp":5,"data":{data},"\ud83d":1}}"#);
        assert_eq!(message.text, expected);
        assert_eq!(message.kind, Kind::Outcome { failed: false });
        assert_eq!(message.data.as_deref(), Some(data));
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_not_emptied() {
        let text = r#"{"type":"complete","taskId":"t","data":1}"#;
        assert!(relay(&text[1..], &parse(text).unwrap(), 7).is_err());
    }

    #[test]
    fn progress_is_clamped_and_filled_in() {
        let message = relayed(r#"{"type":"progress","taskId":"t","data":{"progress":250,"eta":3}}"#);
        let data = r#"{"progress":100,"eta":3,"taskId":"t","timestamp":7}"#;
        assert_eq!(message.text, format!(r#"{{"type":"progress","taskId":"t","timestamp":7,"data":{data}}}"#));
    }

    #[test]
    fn an_error_that_does_not_end_the_task_is_no_outcome() {
        assert_eq!(relayed(r#"{"type":"error","taskId":"t","data":{"error":"x","fatal":false}}"#).kind, Kind::Status);
        let outcome = relayed(r#"{"type":"error","taskId":"t","data":{"error":"x"}}"#);
        assert_eq!(outcome.kind, Kind::Outcome { failed: true });
        assert_eq!(outcome.data.as_deref(), Some(r#"{"error":"x"}"#));
    }

    #[test]
    fn a_status_word_may_say_the_end() {
        let says = |word: &str| {
            relayed(&format!(r#"{{"type":"status","taskId":"t","data":{{"status":"{word}"}}}}"#)).says_failed
        };
        assert_eq!((says("Done"), says("ABORTED"), says("warming up")), (Some(false), Some(true), None));
    }

    #[test]
    fn a_type_nobody_knows_is_passed_on() {
        let message = relayed(r#"{"type":"chart","taskId":"t","timestamp":1,"data":[1,2]}"#);
        assert_eq!(message.kind, Kind::Passing);
        assert_eq!(message.text, r#"{"type":"chart","taskId":"t","timestamp":1,"data":[1,2]}"#);
    }
}
