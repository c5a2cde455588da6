//! What was seen of a scenario, and what of it must be the same everywhere.

use std::fmt;

use serde_json::{Value, json};
use steadywire_faults::{Received, Request, Transcript};

/// From here on a timestamp is one of a clock, not of a script.
const CLOCK: f64 = 1e11;

/// What stands for the platform's words.
const BROKE: &str = "it broke";

/// All that was seen of one scenario.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Every event, in order.
    pub events: Vec<Value>,
    /// Every question for credentials, in order.
    pub asked: Vec<Value>,
    /// Every call, in order.
    pub calls: Vec<Call>,
    /// What the client counts, once all is over.
    pub stats: Value,
    /// All that the server received.
    pub transcript: Transcript,
    /// Whether the disconnect at the end has settled.
    pub(crate) ended: bool,
}

/// One call and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Its number and name.
    pub id: String,
    /// The kind of error with which the call itself failed.
    pub refused: Option<String>,
    /// What was answered, or the kind of error.
    pub settled: Option<Result<Value, String>>,
    /// The events of a follow.
    pub followed: Vec<Value>,
    /// Whether there is to be an answer.
    pub(crate) answers: bool,
}

impl Log {
    /// The lines that must be equal in every language: events, calls, and what the server received.
    ///
    /// Left out is what no two runs share, and no more: times of a clock, ports, the client's own ids and name, and
    /// pings, which come by the clock.
    pub fn normalised(&self) -> Vec<Value> {
        let mut ids = Vec::new();
        let events = self.events.iter().map(|event| plain(event, Words::Event, &mut ids));
        let mut lines: Vec<Value> = events.collect();
        let asked = self.asked.iter().map(|asked| json!({ "asked": plain(asked, Words::Event, &mut ids) }));
        lines.extend(asked);
        for call in &self.calls {
            let mut line = json!({ "call": call.id });
            match (&call.refused, &call.settled) {
                (Some(kind), _) => line["refused"] = json!(kind),
                (_, Some(Err(kind))) => line["failed"] = json!(kind),
                (_, Some(Ok(answer))) => line["answer"] = plain(answer, Words::Answer, &mut ids),
                (None, None) => {}
            }
            if !call.followed.is_empty() {
                line["followed"] = call.followed.iter().map(|event| plain(event, Words::Event, &mut ids)).collect();
            }
            lines.push(line);
        }
        lines.push(json!({ "stats": plain(&counts(&self.stats), Words::Given, &mut ids) }));
        for (index, connection) in self.transcript.connections.iter().enumerate() {
            // Without an upgrade there are no frames.
            let frames = connection.frames.iter().filter(|_| connection.request.is_some());
            let frames: Vec<Value> = frames.filter_map(|frame| received(frame, &mut ids)).collect();
            let mut line = json!({ "connection": index + 1, "received": frames });
            if let Some(token) = connection.request.as_ref().and_then(token) {
                line["token"] = token.into();
            }
            lines.push(line);
        }
        lines
    }

    /// Takes down an event. That it is not synthetic need not be said.
    pub(crate) fn event(&mut self, event: &Value) {
        let mut event = event.clone();
        if let Some(event) = event.as_object_mut().filter(|event| event.get("synthetic") == Some(&json!(false))) {
            event.remove("synthetic");
        }
        self.events.push(event);
    }

    pub(crate) fn call(&mut self, id: &str) -> Result<&mut Call, String> {
        self.calls
            .iter_mut()
            .find(|call| call.id == id)
            .ok_or_else(|| format!("an answer for {id}, which nobody called"))
    }
}

impl Call {
    pub(crate) fn settle(&mut self, answer: Result<Value, String>) -> Result<(), String> {
        if self.settled.is_some() {
            return Err(format!("{} was answered twice", self.id));
        }
        self.settled = Some(answer);
        Ok(())
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.normalised().iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// A normalised log without what a browser's WebSocket leaves to the platform: in which words it tells why an attempt
/// failed or a link broke, and with which close frame a link is given up, if with any.
pub fn without_the_platforms_words(lines: &[Value]) -> Vec<Value> {
    let mut lines = lines.to_vec();
    for line in &mut lines {
        for name in ["/reason", "/message", "/asked/reason"] {
            if let Some(Value::String(text)) = line.pointer_mut(name) {
                *text = own_words(text);
            }
        }
        for error in line.pointer_mut("/stats/lastErrors").and_then(Value::as_array_mut).into_iter().flatten() {
            // What kind of failure it was is told in those words too.
            if error["message"].as_str().is_some_and(|text| text.starts_with(BROKE)) {
                error["code"] = json!("some");
            }
        }
        if let Some(Value::Array(frames)) = line.get_mut("received") {
            frames.retain(|frame| frame.get("close").is_none_or(|code| code == 1000));
        }
    }
    lines
}

/// What happened in no words, and then what was decided, in ours (CLOSE-14).
fn own_words(text: &str) -> String {
    let (happened, decided) = text.split_once("; ").map_or((text, None), |(first, rest)| (first, Some(rest)));
    let theirs = ["no connection to ", "could not connect to ", "the connection ", "ws://", "Invalid WebSocket frame"];
    if !theirs.iter().any(|start| happened.starts_with(start)) {
        return text.to_owned();
    }
    decided.map_or(BROKE.to_owned(), |decided| format!("{BROKE}; {decided}"))
}

/// The first line in which two logs differ.
pub fn difference(wanted: &[Value], found: &[Value]) -> Option<String> {
    let at = (0..wanted.len().max(found.len())).find(|at| wanted.get(*at) != found.get(*at))?;
    let line = |lines: &[Value]| lines.get(at).map_or("nothing".to_owned(), Value::to_string);
    Some(format!("line {}:\n  {}\n  {}", at + 1, line(wanted), line(found)))
}

/// What a client counts, with how much it is only where pings, the clock and the machine leave it alone.
fn counts(stats: &Value) -> Value {
    const VARYING: [&str; 9] =
        ["framesIn", "bytesIn", "framesOut", "bytesOut", "sleptMs", "rttMs", "oldestQueuedMs", "callbacks", "inbox"];
    let mut stats = stats.clone();
    for (name, value) in stats.as_object_mut().into_iter().flatten() {
        if VARYING.contains(&name.as_str()) {
            *value = match value {
                Value::Object(map) => map.keys().cloned().collect(),
                _ => json!("some"),
            };
        }
    }
    // Whether a link carried what nobody waits for, or was gone before one could tell, is a race.
    if let Some(receipts) = stats["receipts"].as_object_mut() {
        let count = |name| receipts.get(name).and_then(Value::as_u64);
        let both = count("written").zip(count("unknown")).map(|(written, unknown)| written + unknown);
        receipts.retain(|name, _| name != "written" && name != "unknown");
        receipts.insert("writtenOrUnknown".to_owned(), json!(both));
    }
    // Where in an attempt a reset comes is a race, so even native words differ from run to run.
    for error in stats["lastErrors"].as_array_mut().into_iter().flatten() {
        if let Some(Value::String(text)) = error.get_mut("message") {
            *text = own_words(text);
        }
    }
    stats
}

/// The token of a request: in a header, or in the query where a browser can set none.
fn token(request: &Request) -> Option<String> {
    let header = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let query = request.line.split_whitespace().nth(1).and_then(|path| path.split_once("?token="));
    header.or(query.map(|(_, token)| token)).map(str::to_owned)
}

/// A frame as it must be everywhere. Pings and heartbeats come by the clock, and how a link ends is the platform's.
fn received(frame: &Received, ids: &mut Vec<String>) -> Option<Value> {
    match frame {
        Received::Text(text) => {
            let frame = serde_json::from_str(text).unwrap_or_else(|_| json!({ "text": text }));
            let by_the_clock = frame["type"] == "heartbeat" && frame["data"]["received"].is_null();
            (!by_the_clock).then(|| plain(&frame, Words::Given, ids))
        }
        Received::Close { code, reason } => Some(json!({ "close": code, "reason": reason })),
        Received::Binary(bytes) => Some(json!({ "binary": bytes.len() })),
        Received::Wrong(what) => Some(json!({ "wrong": what })),
        Received::Ping(_) | Received::Pong(_) | Received::End | Received::Reset => None,
    }
}

/// Whose words an object is in, which decides what of it may be left out.
#[derive(Clone, Copy, PartialEq)]
enum Words {
    /// An event's: what is null is absent.
    Event,
    /// An answer's: what is null or empty is absent.
    Answer,
    /// A task's own data, and frames: nothing is.
    Given,
}

/// Absent is absent, numbers are alike, and what no two runs share has a name.
fn plain(value: &Value, words: Words, ids: &mut Vec<String>) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries = serde_json::Map::new();
            for (name, value) in map {
                let inner = if matches!(name.as_str(), "data" | "metadata") { Words::Given } else { words };
                let value = match (name.as_str(), value) {
                    ("timestamp", Value::Number(time)) if time.as_f64().is_some_and(|time| time > CLOCK) => {
                        json!("now")
                    }
                    ("id" | "client", Value::String(id)) => json!(number_of(id, ids)),
                    _ => plain(value, inner, ids),
                };
                if !is_absent(name, &value, words) {
                    entries.insert(name.clone(), value);
                }
            }
            Value::Object(entries)
        }
        Value::Array(list) => list.iter().map(|value| plain(value, words, ids)).collect(),
        Value::Number(number) if number.is_f64() => whole(number.as_f64().unwrap_or_default()),
        Value::String(text) => json!(without_port(text)),
        other => other.clone(),
    }
}

fn is_absent(name: &str, value: &Value, words: Words) -> bool {
    match (words, name) {
        (Words::Given, _) | (_, "data") => false,
        (_, "synthetic" | "ackUnsupported") => value.is_null() || *value == json!(false),
        // As C says that there is none.
        (Words::Event, "lastCloseCode" | "httpStatus") => value.is_null() || *value == json!(-1),
        (Words::Event, _) => value.is_null(),
        (Words::Answer, _) => value.is_null() || *value == json!(""),
    }
}

/// 10.0 is 10, which is how some languages write it.
#[allow(clippy::cast_possible_truncation, reason = "it has no fraction and is far below the bounds")]
fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < CLOCK { json!(number as i64) } else { json!(number) }
}

/// A client's id of a message, as the number of its coming.
fn number_of(id: &str, ids: &mut Vec<String>) -> String {
    let at = ids.iter().position(|known| known == id).unwrap_or_else(|| {
        ids.push(id.to_owned());
        ids.len() - 1
    });
    format!("id {}", at + 1)
}

/// The text, with the port of a loopback address taken out.
fn without_port(text: &str) -> String {
    const HOST: &str = "127.0.0.1:";
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(HOST) {
        plain.push_str(&rest[..at + HOST.len()]);
        rest = rest[at + HOST.len()..].trim_start_matches(|c: char| c.is_ascii_digit());
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(event: Value) -> Value {
        Log { events: vec![event], ..Log::default() }.normalised().remove(0)
    }

    #[test]
    fn what_no_two_runs_share_is_left_out_and_nothing_else() {
        let event = json!({
            "event": "error", "timestamp": 1_732_000_000_000_i64, "message": "no connection to ws://127.0.0.1:4711/ws",
            "progress": 10.0, "taskId": null, "data": { "id": "9f-1", "n": 0.5, "timestamp": 7, "none": null },
        });
        let plain = json!({
            "event": "error", "timestamp": "now", "message": "no connection to ws://127.0.0.1:/ws",
            "progress": 10, "data": { "id": "id 1", "n": 0.5, "timestamp": 7, "none": null },
        });
        assert_eq!(normalised(event), plain);
        for (one, other) in [
            (json!({ "closeCode": 1006 }), json!({})),
            (json!({ "willRetry": false }), json!({})),
            (json!({ "data": null }), json!({})),
            (json!({ "data": { "a": null } }), json!({ "data": {} })),
            (json!({ "stage": "" }), json!({})),
            (json!({ "progress": 10 }), json!({ "progress": 11 })),
            (json!({ "timestamp": 7 }), json!({ "timestamp": 8 })),
            (json!({ "reason": "a" }), json!({ "reason": "b" })),
        ] {
            assert_ne!(normalised(one), normalised(other));
        }
    }

    #[test]
    fn ids_are_the_numbers_of_their_coming() {
        let text = |id: &str| Received::Text(json!({ "type": "log", "id": id }).to_string());
        let mut ids = Vec::new();
        let numbers: Vec<Value> = ["x-1", "x-2", "x-1"]
            .iter()
            .filter_map(|id| received(&text(id), &mut ids))
            .map(|frame| frame["id"].clone())
            .collect();
        assert_eq!(numbers, ["id 1", "id 2", "id 1"]);
    }

    #[test]
    fn pings_and_heartbeats_are_passed_over_and_answers_to_heartbeats_are_not() {
        let seen = |data: Value| {
            let text = json!({ "type": "heartbeat", "taskId": "t", "data": data }).to_string();
            received(&Received::Text(text), &mut Vec::new()).is_some()
        };
        assert!(!seen(json!({})));
        assert!(seen(json!({ "received": true })));
        assert!(received(&Received::Ping(Vec::new()), &mut Vec::new()).is_none());
    }

    #[test]
    fn only_the_platforms_words_are_left_out() {
        let own = |text: &str| own_words(text);
        assert_eq!(own("the connection broke: reset; given up after 2 tries"), "it broke; given up after 2 tries");
        for ours in ["the link is up", "the server closed the link with code 4404: x; the client stops"] {
            assert_eq!(own(ours), ours);
        }
    }
}
