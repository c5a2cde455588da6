//! What is written is what spec/PROTOCOL.md shows, byte for byte, and reads back as it was meant.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;

use steadywire::protocol::*;

const NOW: i64 = 1_732_000_000_000;

fn text(write: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    write(&mut out);
    out
}

/// P-MSG-2: the order of the envelope's fields.
#[test]
fn the_envelope_has_its_order() {
    let message = Outgoing {
        data: Some("[1, 2]"),
        seq: Some(7),
        epoch: Some("e1"),
        covers: Some(5),
        id: Some("a\"b"),
        ..Outgoing::new(MessageKind::Other("x.y"), "t\n", -5)
    };
    assert_eq!(
        text(|out| encode_message(out, &message)),
        r#"{"type":"x.y","taskId":"t\n","timestamp":-5,"data":[1, 2],"seq":7,"epoch":"e1","covers":5,"id":"a\"b"}"#
    );
    let bare = Outgoing::new(MessageKind::Complete, "t", NOW);
    assert_eq!(text(|out| encode_message(out, &bare)), r#"{"type":"complete","taskId":"t","timestamp":1732000000000}"#);
}

/// P-NUM-1, P-STR-1: the data of each type, in numbers and strings as they are written.
#[test]
fn data_has_its_order() {
    assert_eq!(
        text(|out| encode_progress_data(out, "t", "train", 42.0, "epoch \"3\"", NOW)),
        r#"{"taskId":"t","stage":"train","progress":42,"message":"epoch \"3\"","timestamp":1732000000000}"#
    );
    assert_eq!(
        text(|out| encode_log_data(out, "t", Level::Warn, "m", NOW, None)),
        r#"{"taskId":"t","level":"warn","message":"m","timestamp":1732000000000}"#
    );
    assert_eq!(
        text(|out| encode_log_data(out, "t", Level::Info, "m", NOW, Some(r#"{"k":[1]}"#))),
        r#"{"taskId":"t","level":"info","message":"m","timestamp":1732000000000,"metadata":{"k":[1]}}"#
    );
    assert_eq!(text(|out| encode_error_data(out, "out of memory", None)), r#"{"error":"out of memory"}"#);
    assert_eq!(text(|out| encode_error_data(out, "x", Some("E42"))), r#"{"error":"x","code":"E42"}"#);
}

/// P-SUB-1, P-SUB-4, P-HB-1, P-HELLO-1, P-STATE-1, P-ACK-2: frames about the link.
#[test]
fn control_frames_have_their_bytes() {
    let frames = [
        (
            text(|out| encode_subscribe(out, "t", NOW)),
            r#"{"type":"status","taskId":"t","timestamp":1732000000000,"data":{"action":"subscribe"}}"#,
        ),
        (
            text(|out| encode_unsubscribe(out, "t", NOW)),
            r#"{"type":"status","taskId":"t","timestamp":1732000000000,"data":{"action":"unsubscribe"}}"#,
        ),
        (
            text(|out| encode_query(out, "t", NOW)),
            r#"{"type":"status","taskId":"t","timestamp":1732000000000,"data":{"action":"query"}}"#,
        ),
        (
            text(|out| encode_subscribe_batch(out, NOW, [("t", Some(("e1", 41))), ("u", None)])),
            concat!(
                r#"{"type":"status","taskId":"","timestamp":1732000000000,"data":{"action":"subscribe","tasks":["#,
                r#"{"taskId":"t","since":{"epoch":"e1","seq":41}},{"taskId":"u"}]}}"#
            ),
        ),
        (
            text(|out| encode_publish(out, NOW, &LINK, ["t", "u"])),
            concat!(
                r#"{"type":"status","taskId":"","timestamp":1732000000000,"data":{"action":"publish","#,
                r#""client":"5f\"0c","link":3,"tasks":["#,
                r#"{"taskId":"t"},{"taskId":"u"}]}}"#
            ),
        ),
        (
            text(|out| encode_ack(out, "t", NOW, "n-1")),
            r#"{"type":"status","taskId":"t","timestamp":1732000000000,"data":{"action":"ack","id":"n-1"}}"#,
        ),
        (
            text(|out| encode_refusal(out, "t", NOW, "n-1", "no", "refused")),
            r#"{"type":"error","taskId":"t","timestamp":1732000000000,"data":{"error":"no","code":"refused","id":"n-1"}}"#,
        ),
        (
            text(|out| encode_heartbeat(out, "t", NOW, false)),
            r#"{"type":"heartbeat","taskId":"t","timestamp":1732000000000,"data":{}}"#,
        ),
        (
            text(|out| encode_heartbeat(out, "t", NOW, true)),
            r#"{"type":"heartbeat","taskId":"t","timestamp":1732000000000,"data":{"received":true}}"#,
        ),
        (
            text(|out| encode_hello(out, NOW, ALL, Some(25_000))),
            concat!(
                r#"{"type":"status","taskId":"","timestamp":1732000000000,"data":{"action":"hello","version":1,"#,
                r#""features":["resume","ack","batch","query","heartbeat","publish"],"heartbeatInterval":25000}}"#
            ),
        ),
        (
            text(|out| encode_subscribed(out, "t", NOW, &running())),
            concat!(
                r#"{"type":"status","taskId":"t","timestamp":1732000000000,"data":{"action":"subscribed","#,
                r#""epoch":"e1","seq":57,"recovered":true,"status":"running"}}"#
            ),
        ),
        (
            text(|out| {
                let ended = TaskState {
                    epoch: None,
                    seq: None,
                    recovered: None,
                    status: Some(TaskStatus::Complete),
                    data: Some("{}"),
                };
                encode_state(out, "t", NOW, &ended);
            }),
            r#"{"type":"status","taskId":"t","timestamp":1732000000000,"data":{"action":"state","status":"complete","data":{}}}"#,
        ),
    ];
    for (written, expected) in frames {
        assert_eq!(written, expected);
        assert!(parse(&written).is_ok(), "{written}");
    }
}

/// P-HELLO-1, P-STATE-1, P-SUB-4: what control frames carry comes back.
#[test]
fn control_frames_read_back() {
    let hello = text(|out| encode_hello(out, NOW, ALL, Some(25_000)));
    let expected = Control::Hello { version: 1, features: ALL, heartbeat_interval: Some(25_000) };
    assert_eq!(parse(&hello).unwrap().body, Body::Control(expected));

    let subscribed = text(|out| encode_subscribed(out, "t", NOW, &running()));
    assert_eq!(parse(&subscribed).unwrap().body, Body::Control(Control::Subscribed(running())));

    let batch = text(|out| encode_subscribe_batch(out, NOW, [("t", Some(("e1", 41))), ("u", None)]));
    let cursor = Cursor { epoch: "e1".into(), seq: 41 };
    let tasks = vec![("t".into(), Some(cursor)), ("u".into(), None)];
    assert_eq!(parse(&batch).unwrap().body, Body::Control(Control::Request(Request::Subscribe { tasks })));

    let publish = text(|out| encode_publish(out, NOW, &LINK, ["t", "u\"\n"]));
    let (link, tasks) = (Some(LINK), vec!["t".into(), "u\"\n".into()]);
    assert_eq!(parse(&publish).unwrap().body, Body::Control(Control::Request(Request::Publish { link, tasks })));
}

const LINK: ClientLink<'_> = ClientLink { client: Cow::Borrowed("5f\"0c"), number: 3 };

const ALL: Features = Features { resume: true, ack: true, batch: true, query: true, heartbeat: true, publish: true };

fn running() -> TaskState<'static> {
    TaskState {
        epoch: Some("e1".into()),
        seq: Some(57),
        recovered: Some(true),
        status: Some(TaskStatus::Running),
        data: None,
    }
}
