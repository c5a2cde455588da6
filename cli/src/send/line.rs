//! One line of JSON as a message.

use serde_json::{Map, Value};
use steadywire::{Level, Message};

/// Reads a line such as `{"progress":40,"stage":"train"}`. The error is text for people.
pub(super) fn parse(task: &str, line: &[u8]) -> Result<Message, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| format!("not JSON: {error}"))?;
    let Value::Object(mut fields) = value else { return Err("a JSON object is needed".into()) };
    const KINDS: [&str; 5] = ["progress", "log", "status", "complete", "error"];
    let mut kinds = KINDS.into_iter().filter(|kind| fields.contains_key(*kind));
    let (Some(kind), None) = (kinds.next(), kinds.next()) else {
        return Err(format!("exactly one of {} is needed", KINDS.join(", ")));
    };
    let value = fields.remove(kind).unwrap_or_default();
    let message = match kind {
        "progress" => {
            let progress = value.as_f64().filter(|value| (0.0..=100.0).contains(value));
            let mut message = Message::progress(task, progress.ok_or("progress takes a number from 0 to 100")?);
            if let Some(stage) = text(&mut fields, "stage")? {
                message = message.stage(stage);
            }
            if let Some(text) = text(&mut fields, "message")? {
                message = message.text(text);
            }
            Ok(message)
        }
        "log" => {
            let Value::String(line) = value else { return Err("log takes text".into()) };
            let level = match text(&mut fields, "level")?.as_deref() {
                None | Some("info") => Level::Info,
                Some("debug") => Level::Debug,
                Some("warn") => Level::Warn,
                Some("error") => Level::Error,
                Some(_) => return Err("level takes debug, info, warn or error".into()),
            };
            let message = Message::log(task, level, line);
            match fields.remove("metadata") {
                Some(metadata) => message.metadata_json(metadata.to_string()),
                None => Ok(message),
            }
        }
        "status" => Message::status(task, value.to_string()),
        "complete" => Message::complete(task, value.to_string()),
        _ => {
            let Value::String(line) = value else { return Err("error takes text".into()) };
            let message = Message::error(task, line);
            Ok(match text(&mut fields, "code")? {
                Some(code) => message.code(code),
                None => message,
            })
        }
    };
    if let Some(name) = fields.keys().next() {
        return Err(format!("{kind} has no field {name:?}"));
    }
    message.map(|message| message.ack(true)).map_err(|error| error.to_string())
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match fields.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{name} takes text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(line: &str, message: Message) {
        assert_eq!(parse("t", line.as_bytes()), Ok(message.ack(true)), "{line}");
    }

    #[test]
    fn every_kind() {
        is(r#"{"progress":40}"#, Message::progress("t", 40.0));
        is(r#"{"progress":40.5,"stage":"x","message":"m"}"#, Message::progress("t", 40.5).stage("x").text("m"));
        is(r#"{"log":"l"}"#, Message::log("t", Level::Info, "l"));
        is(
            r#"{"log":"l","level":"warn","metadata":{"a":1}}"#,
            Message::log("t", Level::Warn, "l").metadata_json(r#"{"a":1}"#).unwrap(),
        );
        is(r#"{"status":[1]}"#, Message::status("t", "[1]").unwrap());
        is(r#"{"complete":{}}"#, Message::complete("t", "{}").unwrap());
        is(r#"{"complete":null}"#, Message::complete("t", "null").unwrap());
        is(r#"{"error":"e","code":"E42"}"#, Message::error("t", "e").code("E42"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, text) in [
            ("{", "not JSON"),
            ("[]", "object"),
            ("{}", "exactly one"),
            (r#"{"log":"a","error":"b"}"#, "exactly one"),
            (r#"{"progress":101}"#, "0 to 100"),
            (r#"{"progress":"40"}"#, "0 to 100"),
            (r#"{"progress":40,"level":"info"}"#, "no field \"level\""),
            (r#"{"log":1}"#, "takes text"),
            (r#"{"log":"a","level":"loud"}"#, "debug, info"),
            (r#"{"log":"a","metadata":[1]}"#, "object"),
            (r#"{"error":{}}"#, "takes text"),
        ] {
            let error = parse("t", line.as_bytes()).unwrap_err();
            assert!(error.contains(text), "{line}: {error}");
        }
    }
}
