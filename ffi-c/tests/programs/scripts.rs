//! What the scripted servers do.

use serde_json::{Value, json};
use steadywire_faults::{Connection, Matcher, Script};

fn subscribe(task: &str) -> Value {
    json!({"type": "status", "taskId": task, "data": {"action": "subscribe"}})
}

fn frame(kind: &str, task: &str, timestamp: i64, data: &Value) -> Value {
    json!({"type": kind, "taskId": task, "timestamp": timestamp, "data": data})
}

/// Every kind of event, then an end that is tried again, then one that is not.
pub(crate) fn every_kind() -> Script {
    let data = json!({"taskId": "t", "stage": "träin", "progress": 42.5, "message": "epoch 3", "timestamp": 7});
    let log = json!({"taskId": "t", "level": "warn", "message": "a\u{0}b", "timestamp": 1, "metadata": {"line": 12}});
    let first = Connection::upgraded()
        .lenient()
        .expect(subscribe("t"))
        .send(frame("progress", "t", 7, &data))
        .send(frame("log", "t", 1, &log))
        .send(frame("status", "t", 2, &json!({"step": 3})))
        .send(json!({"type": "heartbeat", "taskId": "t", "timestamp": 8}))
        .text(r#"{"type":"own","taskId":"t","data":[1]}"#)
        .text(r#"{"no":"type"}"#)
        .send(numbered(&log, 1))
        .send(numbered(&log, 5))
        .send(frame("complete", "t", 9, &json!({"ok": true})))
        .send(frame("error", "u", 3, &json!({"error": "out of memory", "code": "E42"})))
        .close(Some(1011), "later");
    Script::new([first, Connection::refused(410, &[], "gone")])
}

/// A log line with a number: where it is not the next one, there is a gap before it.
fn numbered(data: &Value, seq: u64) -> Value {
    json!({"type": "log", "taskId": "u", "timestamp": 1, "seq": seq, "epoch": "e1", "data": data})
}

/// More log lines than a follow holds, then the outcome.
pub(crate) fn many_lines() -> Script {
    let line = frame("log", "t", 1, &json!({"taskId": "t", "level": "info", "message": "m", "timestamp": 1}));
    let mut connection = Connection::upgraded().lenient().expect(subscribe("t"));
    for _ in 0..10_050 {
        connection = connection.send(line.clone());
    }
    Script::new([connection.send(frame("complete", "t", 9, &json!({"ok": true})))])
}

/// Ends that a classifier is asked about.
pub(crate) fn ends() -> Script {
    Script::new([
        Connection::refused(410, &[], "gone"),
        Connection::refused(503, &[], "busy"),
        Connection::upgraded().lenient().expect(subscribe("c")).close(Some(4404), "no such thing"),
    ])
}

/// Every link is reset as soon as something comes.
pub(crate) fn resets() -> Script {
    Script::new([Connection::upgraded().lenient().expect(Matcher::Text).rst()]).repeating()
}
