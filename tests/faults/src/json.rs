//! Scripts as JSON: the `server` half of an e2e vector. tests/vectors/README.md describes the format.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::frame::{Frame, Opcode};
use crate::matcher::Matcher;
use crate::script::{Accept, Connection, Flow, Script, Step};

impl Script {
    /// Reads the `server` half of an e2e vector: a list of connections.
    ///
    /// # Errors
    /// What cannot be understood.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let list = value.as_array().ok_or("a script is a list of connections")?;
        let mut connections = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let one = connection(value).map_err(|problem| format!("connection {}: {problem}", index + 1))?;
            let times = value.get("times").map_or(Some(1), Value::as_u64).ok_or("times is a number")?;
            connections.extend((0..times).map(|_| one.clone()));
        }
        Ok(Self::new(connections))
    }
}

fn connection(value: &Value) -> Result<Connection, String> {
    let none = Map::new();
    let (map, steps) = match value {
        Value::Array(steps) => (&none, steps.as_slice()),
        Value::Object(map) => (map, map.get("steps").and_then(Value::as_array).map_or(&[][..], Vec::as_slice)),
        _ => return Err("a connection is a list of steps or an object".to_owned()),
    };
    only(map, &["accept", "steps", "strict", "pongs", "times"])?;
    let mut connection = match map.get("accept") {
        None => Connection::upgraded(),
        Some(Value::String(word)) => Connection::new(match word.as_str() {
            "upgrade" => Accept::Upgrade,
            "silence" => Accept::Silence,
            "fin" => Accept::Fin,
            "rst" => Accept::Rst,
            other => return Err(format!("accept is no {other}")),
        }),
        Some(Value::Object(answer)) => refused(answer)?,
        Some(other) => return Err(format!("accept is no {other}")),
    };
    if map.get("strict") == Some(&Value::Bool(false)) {
        connection = connection.lenient();
    }
    if map.get("pongs") == Some(&Value::Bool(false)) {
        connection = connection.without_pongs();
    }
    for (index, value) in steps.iter().enumerate() {
        connection = connection.step(step(value).map_err(|problem| format!("step {}: {problem}", index + 1))?);
    }
    Ok(connection)
}

fn refused(answer: &Map<String, Value>) -> Result<Connection, String> {
    only(answer, &["status", "headers", "body"])?;
    let status = answer.get("status").and_then(Value::as_u64).and_then(|status| status.try_into().ok());
    let none = Map::new();
    let headers = answer.get("headers").and_then(Value::as_object).unwrap_or(&none);
    let headers: Vec<(&str, &str)> =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect();
    let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    Ok(Connection::refused(status.ok_or("a refusal has a status")?, &headers, body))
}

fn step(value: &Value) -> Result<Step, String> {
    let map = value.as_object().ok_or("a step is an object")?;
    if let Some(matcher) = map.get("expect") {
        only(map, &["expect", "as"])?;
        let name = map.get("as").and_then(Value::as_str).map(str::to_owned);
        return Ok(Step::Expect(Matcher::from_json(matcher), name));
    }
    match map.get("send") {
        Some(Value::String(text)) => {
            only(map, &["send"])?;
            return Ok(Step::Frames(vec![Frame::text(text.as_str())]));
        }
        Some(json) => {
            only(map, &["send"])?;
            return Ok(Step::Json(json.clone()));
        }
        None => {}
    }
    let text = |name: &str| map.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| map.get(name).and_then(Value::as_u64);
    let bytes = || map.get("hex").map_or_else(|| Ok(text("text").as_bytes().to_vec()), |_| hex(text("hex")));
    let known: &[&str] = match text("do") {
        "close" => &["do", "code", "reason"],
        "ping" | "fin" | "rst" | "silence" | "dribble" | "readSlowly" => &["do"],
        "binary" | "bytes" => &["do", "hex", "text"],
        "frame" => &["do", "opcode", "last", "reserved", "masked", "declared", "truncated", "hex", "text"],
        "fragments" => &["do", "text", "json", "size", "ping"],
        "huge" => &["do", "bytes"],
        "delay" => &["do", "ms"],
        other => return Err(format!("a step that nobody understands: {other:?}")),
    };
    only(map, known)?;
    Ok(match text("do") {
        "close" => {
            Step::Frames(vec![Frame::close(number("code").and_then(|code| code.try_into().ok()), text("reason"))])
        }
        "ping" => Step::Frames(vec![Frame::new(Opcode::Ping, "ping")]),
        "fin" => Step::Flow(Flow::Fin),
        "rst" => Step::Flow(Flow::Rst),
        "silence" => Step::Flow(Flow::Silence),
        "dribble" => Step::Flow(Flow::Dribble),
        "readSlowly" => Step::Flow(Flow::ReadSlowly),
        "binary" => Step::Frames(vec![Frame::new(Opcode::Binary, bytes()?)]),
        "bytes" => Step::Bytes(bytes()?),
        "frame" => Step::Frames(vec![frame(map, bytes()?)?]),
        "fragments" => {
            let size = number("size").and_then(|size| usize::try_from(size).ok()).and_then(NonZeroUsize::new);
            let size = size.ok_or("fragments have a size")?;
            let ping = map.get("ping") == Some(&Value::Bool(true));
            match map.get("json") {
                Some(_) if map.contains_key("text") => return Err("fragments have a text or a json".to_owned()),
                Some(json) => Step::Fragments { json: json.clone(), size, ping },
                None => Step::Frames(Frame::pieces(text("text"), size, ping)),
            }
        }
        "delay" => Step::Delay(Duration::from_millis(number("ms").ok_or("a delay has ms")?)),
        _ => Step::Huge(number("bytes").ok_or("a huge message has bytes")?),
    })
}

fn frame(map: &Map<String, Value>, payload: Vec<u8>) -> Result<Frame, String> {
    let opcode = match map.get("opcode").and_then(Value::as_str).unwrap_or("text") {
        "continuation" => Opcode::Continuation,
        "text" => Opcode::Text,
        "binary" => Opcode::Binary,
        "reserved" => Opcode::Reserved,
        "close" => Opcode::Close,
        "ping" => Opcode::Ping,
        "pong" => Opcode::Pong,
        other => return Err(format!("there is no opcode {other}")),
    };
    let number = |name: &str| map.get(name).and_then(Value::as_u64);
    let mut frame = Frame::new(opcode, payload);
    if map.get("last") == Some(&Value::Bool(false)) {
        frame = frame.unfinished();
    }
    if let Some(bits) = number("reserved").and_then(|bits| bits.try_into().ok()) {
        frame = frame.reserved(bits);
    }
    if map.get("masked") == Some(&Value::Bool(true)) {
        frame = frame.masked([1, 2, 3, 4]);
    }
    if let Some(length) = number("declared") {
        frame = frame.declaring(length);
    }
    if let Some(to) = number("truncated").and_then(|to| to.try_into().ok()) {
        frame = frame.truncated(to);
    }
    Ok(frame)
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    pairs.map(byte).collect::<Option<_>>().ok_or_else(|| format!("{text} is not hexadecimal"))
}

/// A misspelt key would be a step that does something else than its author thought.
fn only(map: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(other) => Err(format!("nothing is called {other} here; known are {}", known.join(", "))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_step_can_be_read() {
        let script = json!([
            [
                { "expect": { "type": "status" }, "as": "first" }, { "send": { "type": "log" } }, { "send": "no JSON" },
                { "do": "close", "code": 1000, "reason": "bye" }, { "do": "ping" }, { "do": "dribble" },
                { "do": "readSlowly" }, { "do": "binary", "hex": "00ff" }, { "do": "bytes", "text": "x" },
                { "do": "frame", "opcode": "ping", "last": false, "reserved": 1, "masked": true, "declared": 9,
                  "truncated": 3, "text": "x" },
                { "do": "fragments", "text": "abc", "size": 2, "ping": true }, { "do": "huge", "bytes": 1000 },
                { "do": "fragments", "json": {}, "size": 1 }, { "do": "delay", "ms": 5 }, { "do": "silence" }, { "do": "rst" }, { "do": "fin" }
            ],
            { "accept": { "status": 503, "headers": { "Retry-After": "1" }, "body": "later" }, "times": 2 },
            { "accept": "silence", "strict": false, "pongs": false },
        ]);
        let script = Script::from_json(&script).unwrap();
        assert_eq!(script.connections.len(), 4);
        assert_eq!(script.connections[0].steps.len(), 17);
        let Step::Frames(frames) = &script.connections[0].steps[10] else { panic!("fragments are frames") };
        assert_eq!(frames.len(), 3);
        let Accept::Answer(answer) = &script.connections[2].accept else { panic!("a refusal is an answer") };
        let answer = String::from_utf8_lossy(answer);
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\nRetry-After: 1\r\n"), "{answer}");
        assert!(!script.connections[3].strict && !script.connections[3].pongs);
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        for script in [
            json!({}),
            json!([1]),
            json!([[{ "exepct": {} }]]),
            json!([[{ "expect": {}, "into": "x" }]]),
            json!([[{ "do": "fly" }]]),
            json!([[{ "do": "frame", "opcode": "frog" }]]),
            json!([[{ "do": "binary", "hex": "0g" }]]),
            json!([[{ "do": "delay" }]]),
            json!([[{ "do": "fragments", "text": "x", "size": 0 }]]),
            json!([[{ "do": "fragments", "text": "x", "json": {}, "size": 1 }]]),
            json!([{ "accept": "maybe" }]),
            json!([{ "stesp": [] }]),
        ] {
            assert!(Script::from_json(&script).is_err(), "{script}");
        }
    }
}
