//! The parser and the encoder.

use serde_json::Value;
use steadywire::protocol::{
    Body, Control, Frame, MessageKind, Outgoing, Rejected, Request, encode_ack, encode_heartbeat, encode_hello,
    encode_log_data, encode_message, encode_progress_data, encode_publish, encode_query, encode_state,
    encode_subscribe_batch, encode_subscribed, encode_unsubscribe, is_json, parse, parse_reference, write_number,
    write_string,
};

use super::bytes::Bytes;
use super::frames::frame;

/// Begins inputs from which a nearly valid frame is built.
const BUILT: u8 = b'!';

/// Begins inputs that are texts and numbers to be written.
const WRITTEN: u8 = b'~';

/// Reads the bytes as a frame; after `!` as choices from which one is built, after `~` as what is to be written.
///
/// # Panics
/// If the parsers differ, or what was written does not read back as it was meant.
pub fn protocol(data: &[u8]) {
    match data.split_first() {
        Some((&BUILT, choices)) => check(&frame(&mut Bytes::new(choices))),
        Some((&WRITTEN, rest)) => leaves_survive(&mut Bytes::new(rest)),
        _ => {
            if let Ok(text) = std::str::from_utf8(data) {
                check(text);
            }
        }
    }
}

/// P-PARSE-1, and what can be said of any text without knowing the protocol.
fn check(text: &str) {
    let parsed = parse(text);
    assert_eq!(parsed, parse_reference(text), "{text}");
    let value = serde_json::from_str::<Value>(text);
    match &parsed {
        Ok(frame) => {
            assert!(is_json(text), "this is no JSON: {text}");
            if let Ok(value) = &value {
                agrees(frame, value, text);
            }
            survives(frame, text);
        }
        // What a lenient reader can take for an object is never refused as none.
        Err(Rejected::Json(why)) => assert!(!matches!(value, Ok(Value::Object(_))), "{why}: {text}"),
        Err(Rejected::Field { .. }) => assert!(is_json(text), "this is no JSON: {text}"),
    }
}

/// Another reader sees the same texts.
fn agrees(frame: &Frame<'_>, value: &Value, text: &str) {
    if let Some(id) = value["taskId"].as_str() {
        assert_eq!(frame.task_id, id, "{text}");
    }
    for (name, ours) in [("epoch", &frame.epoch), ("id", &frame.id)] {
        let theirs = value[name].as_str().filter(|text| !text.is_empty());
        assert_eq!(ours.as_deref(), theirs, "{name} of {text}");
    }
    let seq = value["seq"].as_u64().filter(|seq| *seq < 1 << 53);
    assert!(seq.is_none() || seq == frame.seq, "seq of {text}");
    if let Body::Complete { data } | Body::Status { data, .. } | Body::Error { data, .. } = &frame.body {
        let ours: Value = serde_json::from_str(data).expect("the whole could be read");
        assert_eq!(ours, value["data"], "data of {text}");
    }
}

/// What was read can be written, and is then read as it was.
fn survives(frame: &Frame<'_>, text: &str) {
    let Some(written) = write(frame) else { return };
    let expected = Frame { timestamp: Some(frame.timestamp.unwrap_or(0)), faults: 0, ..frame.clone() };
    let again = parse(&written);
    assert_eq!(again, parse_reference(&written), "{written}");
    let mut again = again.unwrap_or_else(|error| panic!("{error}: {written}"));
    // Data that is handed on as it came has its faults still.
    if matches!(again.body, Body::Status { .. } | Body::Error { .. }) {
        again.faults = 0;
    }
    assert_eq!(again, expected, "{written} of {text}");
}

/// The frame as our own side would write it; `None` where it never would.
fn write(frame: &Frame<'_>) -> Option<String> {
    let (task, stamp) = (&*frame.task_id, frame.timestamp.unwrap_or(0));
    let mut out = String::new();
    let mut data = String::new();
    let (kind, data) = match &frame.body {
        Body::Progress { stage, progress, message } => {
            encode_progress_data(&mut data, task, stage, *progress, message, stamp);
            (MessageKind::Progress, &*data)
        }
        Body::Log { level, message, metadata } => {
            encode_log_data(&mut data, task, *level, message, stamp, *metadata);
            (MessageKind::Log, &*data)
        }
        Body::Status { data, .. } => (MessageKind::Status, *data),
        Body::Complete { data } => (MessageKind::Complete, *data),
        Body::Error { data, .. } => (MessageKind::Error, *data),
        Body::Other { kind } => (MessageKind::Other(kind), "null"),
        Body::Heartbeat { received } if is_bare(frame) => {
            encode_heartbeat(&mut out, task, stamp, *received);
            return Some(out);
        }
        Body::Control(control) if is_bare(frame) => {
            write_control(&mut out, control, task, stamp)?;
            return Some(out);
        }
        Body::Heartbeat { .. } | Body::Control(_) => return None,
    };
    let head = Outgoing::new(kind, task, stamp);
    let (epoch, id) = (frame.epoch.as_deref(), frame.id.as_deref());
    encode_message(&mut out, &Outgoing { data: Some(data), seq: frame.seq, covers: frame.covers, epoch, id, ..head });
    Some(out)
}

fn write_control(out: &mut String, control: &Control<'_>, task: &str, stamp: i64) -> Option<()> {
    match control {
        Control::Hello { version: 1, features, heartbeat_interval } if task.is_empty() => {
            encode_hello(out, stamp, *features, *heartbeat_interval);
        }
        Control::Subscribed(state) => encode_subscribed(out, task, stamp, state),
        Control::State(state) => encode_state(out, task, stamp, state),
        Control::Ack { id } => encode_ack(out, task, stamp, id),
        Control::Request(Request::Subscribe { tasks }) if task.is_empty() => {
            let named = tasks
                .iter()
                .map(|(task, cursor)| (&**task, cursor.as_ref().map(|cursor| (&*cursor.epoch, cursor.seq))));
            encode_subscribe_batch(out, stamp, named);
        }
        Control::Request(Request::Unsubscribe) => encode_unsubscribe(out, task, stamp),
        Control::Request(Request::Query) => encode_query(out, task, stamp),
        Control::Request(Request::Publish { link: Some(link), tasks }) if task.is_empty() => {
            encode_publish(out, stamp, link, tasks.iter().map(|task| &**task));
        }
        Control::Hello { .. } | Control::Request(Request::Subscribe { .. } | Request::Publish { .. }) => return None,
    }
    Some(())
}

/// Control frames and heartbeats are written without the fields of a history.
fn is_bare(frame: &Frame<'_>) -> bool {
    frame.seq.is_none() && frame.covers.is_none() && frame.epoch.is_none() && frame.id.is_none()
}

/// P-STR-1, P-NUM-1: strings and numbers have the bytes that others write, and read back as they were.
fn leaves_survive(bytes: &mut Bytes<'_>) {
    let value = f64::from_bits(bytes.u64());
    let mut number = String::new();
    write_number(&mut number, value);
    if value.is_finite() {
        assert_eq!(number.parse::<f64>().map(|read| read + 0.0), Ok(value + 0.0), "{number}");
        assert!(is_json(&number), "{number}");
    } else {
        assert_eq!(number, "null");
    }
    while !bytes.is_empty() {
        let text = bytes.text();
        let mut ours = String::new();
        write_string(&mut ours, &text);
        assert_eq!(serde_json::to_string(&text).ok().as_deref(), Some(&*ours));
        let mut frame = String::new();
        // A type that has a name of its own is read as what it is.
        let kind = format!("x{text}");
        let message =
            Outgoing { id: Some(&text), ..Outgoing::new(MessageKind::Other(&kind), &text, bytes.u64() as i64 >> 11) };
        encode_message(&mut frame, &message);
        check(&frame);
        let read = parse(&frame).unwrap_or_else(|error| panic!("{error}: {frame}"));
        assert_eq!((&*read.task_id, read.timestamp), (&*text, Some(message.timestamp)), "{frame}");
    }
}
