//! Which received frame a step waits for.

use serde_json::Value;

use crate::transcript::Received;

/// Matches one received frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// Whatever comes.
    Any,
    /// A text frame that is JSON and holds at least this. A wanted `null` is a field that is null or absent.
    Json(Value),
    /// A text frame.
    Text,
    /// A binary frame.
    Binary,
    /// A ping.
    Ping,
    /// A pong.
    Pong,
    /// A close frame, with this code where one is given.
    Close(Option<u16>),
    /// The end of what the client sends, by FIN or RST.
    End,
}

impl Matcher {
    /// Reads a matcher: `{"any":true}`, `{"text":true}`, `{"binary":true}`, `{"ping":true}`, `{"pong":true}`,
    /// `{"close":true}` or `{"close":1000}`, `{"end":true}`, else a part of a text frame's JSON.
    pub fn from_json(value: &Value) -> Self {
        let only = value.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next());
        match only.map(|(key, value)| (key.as_str(), value)) {
            Some(("any", Value::Bool(true))) => Self::Any,
            Some(("text", Value::Bool(true))) => Self::Text,
            Some(("binary", Value::Bool(true))) => Self::Binary,
            Some(("ping", Value::Bool(true))) => Self::Ping,
            Some(("pong", Value::Bool(true))) => Self::Pong,
            Some(("end", Value::Bool(true))) => Self::End,
            Some(("close", Value::Bool(true))) => Self::Close(None),
            Some(("close", Value::Number(code))) => Self::Close(code.as_u64().and_then(|code| code.try_into().ok())),
            _ => Self::Json(value.clone()),
        }
    }

    /// Whether the frame is one of those meant.
    pub fn matches(&self, received: &Received) -> bool {
        match (self, received) {
            (Self::Any, _)
            | (Self::Text, Received::Text(_))
            | (Self::Binary, Received::Binary(_))
            | (Self::Ping, Received::Ping(_))
            | (Self::Pong, Received::Pong(_))
            | (Self::Close(None), Received::Close { .. })
            | (Self::End, Received::End | Received::Reset) => true,
            (Self::Close(Some(wanted)), Received::Close { code, .. }) => *code == Some(*wanted),
            (Self::Json(wanted), Received::Text(text)) => {
                serde_json::from_str(text).is_ok_and(|found| is_part(wanted, Some(&found)))
            }
            _ => false,
        }
    }
}

impl From<Value> for Matcher {
    fn from(value: Value) -> Self {
        Self::from_json(&value)
    }
}

/// Whether `found` holds at least what `wanted` names: objects by their keys, lists element by element, numbers
/// by value; a wanted null is null or absent.
pub fn is_part(wanted: &Value, found: Option<&Value>) -> bool {
    let Some(found) = found else { return wanted.is_null() };
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.iter().all(|(key, value)| is_part(value, found.get(key)))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(wanted, found)| is_part(wanted, Some(found)))
        }
        (Value::Number(wanted), Value::Number(found)) => wanted == found || wanted.as_f64() == found.as_f64(),
        _ => wanted == found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_part_is_a_part() {
        let found = json!({ "a": 1, "b": { "c": [1, { "d": 2, "e": 3 }] }, "n": null });
        for part in [
            json!({}),
            json!({ "a": 1.0 }),
            json!({ "b": { "c": [1, { "d": 2 }] } }),
            json!({ "n": null, "absent": null }),
        ] {
            assert!(is_part(&part, Some(&found)), "{part}");
        }
        for other in
            [json!({ "a": 2 }), json!({ "a": null }), json!({ "b": { "c": [1] } }), json!({ "x": 1 }), json!(1)]
        {
            assert!(!is_part(&other, Some(&found)), "{other}");
        }
    }

    #[test]
    fn words_of_one_key_mean_kinds_of_frames() {
        let read = |value: Value| Matcher::from_json(&value);
        assert_eq!(read(json!({ "ping": true })), Matcher::Ping);
        assert_eq!(read(json!({ "close": 1000 })), Matcher::Close(Some(1000)));
        assert_eq!(read(json!({ "type": "log" })), Matcher::Json(json!({ "type": "log" })));
        let close = Received::Close { code: Some(1000), reason: String::new() };
        assert!(Matcher::Close(None).matches(&close) && Matcher::Close(Some(1000)).matches(&close));
        assert!(!Matcher::Close(Some(1001)).matches(&close) && !Matcher::Ping.matches(&close));
        assert!(read(json!({ "type": "log" })).matches(&Received::Text("{\"type\":\"log\",\"x\":1}".into())));
    }
}
