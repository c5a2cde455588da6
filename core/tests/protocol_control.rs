//! Each `[protocol]` rule of spec/PROTOCOL.md about reading control frames, with the reference and the pull parser.
#![allow(clippy::unwrap_used)]

mod protocol_support;

use protocol_support::{frame, rejected};
use steadywire::protocol::*;

#[track_caller]
fn control(text: &str) -> (Control<'_>, u32) {
    let Frame { body: Body::Control(control), faults, .. } = frame(text) else { panic!("{text}") };
    (control, faults)
}

/// P-CTL-1, P-SUB-1
#[test]
fn control_frames_need_their_task() {
    let with =
        |action: &str, task: &str| format!(r#"{{"type":"status","taskId":"{task}","data":{{"action":"{action}"}}}}"#);
    for action in ["subscribe", "unsubscribe", "query", "subscribed", "state"] {
        rejected(&with(action, ""));
        rejected(&format!(r#"{{"type":"status","data":{{"action":"{action}"}}}}"#));
        assert_eq!(control(&with(action, "t")).1, 0);
    }
    let tasks = vec![("t".into(), None)];
    assert_eq!(control(&with("subscribe", "t")).0, Control::Request(Request::Subscribe { tasks }));
    assert_eq!(control(&with("unsubscribe", "t")).0, Control::Request(Request::Unsubscribe));
    assert_eq!(control(&with("query", "t")).0, Control::Request(Request::Query));
    let escaped = r#"{"type":"status","taskId":"t","data":{"action":"quer\u0079"}}"#;
    assert_eq!(control(escaped).0, Control::Request(Request::Query));
}

/// P-SUB-4
#[test]
fn a_batch_leaves_out_what_it_cannot_read() {
    let text = r#"{"type":"status","taskId":"","data":{"action":"subscribe","tasks":[
        {"taskId":"a","since":{"epoch":"e1","seq":41.0}},{"taskId":"b"},{"taskId":"c","since":null},
        {"taskId":"d","since":{"epoch":"","seq":1}},{"taskId":"e","since":{"epoch":"e1"}},{"taskId":"f","since":7},
        {"taskId":""},{"taskId":5},{},7,null]}}"#;
    let bare = |task: &'static str| (task.into(), None);
    let first = ("a".into(), Some(Cursor { epoch: "e1".into(), seq: 41 }));
    let tasks = vec![first, bare("b"), bare("c"), bare("d"), bare("e"), bare("f")];
    assert_eq!(control(text), (Control::Request(Request::Subscribe { tasks }), 8));

    for (list, faults) in [("7", 1), ("null", 0)] {
        let text = format!(r#"{{"type":"status","taskId":"t","data":{{"action":"subscribe","tasks":{list}}}}}"#);
        let tasks = vec![bare("t")];
        assert_eq!(control(&text), (Control::Request(Request::Subscribe { tasks }), faults));
    }
}

/// P-PUB-5, P-CTL-1
#[test]
fn publish_is_a_control_frame_where_it_names_tasks() {
    let with = |fields: &str| {
        format!(r#"{{"type":"status","taskId":"t","data":{{"action":"publish"{fields},"status":"running"}}}}"#)
    };
    let entries = r#","tasks":[{"taskId":"a"},{"taskId":"b","since":7},{"taskId":""},{"taskId":5},{},7,null]"#;
    let publish = |tasks: &[&'static str]| {
        Control::Request(Request::Publish { link: None, tasks: tasks.iter().copied().map(Into::into).collect() })
    };
    assert_eq!(control(&with(entries)), (publish(&["a", "b"]), 5));
    assert_eq!(control(&with(r#","tasks":[]"#)), (publish(&[]), 0));
    let unnamed = with(r#","tasks":[{"taskId":"a"}]"#).replace(r#""taskId":"t","#, "");
    assert_eq!(control(&unnamed), (publish(&["a"]), 0));
    for fields in ["", r#","tasks":null"#, r#","tasks":{}"#, r#","tasks":"[]""#, r#","tasks":[],"tasks":7"#] {
        let text = with(fields);
        let Frame { body: Body::Status { word, .. }, faults: 0, .. } = frame(&text) else { panic!("{text}") };
        assert_eq!(word.as_deref(), Some("running"));
    }
}

/// P-PUB-5
#[test]
fn publish_may_say_which_of_a_client_s_links_it_is() {
    let read = |fields: &str| {
        let text = format!(r#"{{"type":"status","data":{{"action":"publish","tasks":[]{fields}}}}}"#);
        let (Control::Request(Request::Publish { link, .. }), faults) = control(&text) else { panic!("{text}") };
        (link.map(|link| (link.client.into_owned(), link.number)), faults)
    };
    assert_eq!(read(r#","client":"c\n","link":41.0"#), (Some(("c\n".to_owned(), 41)), 0));
    assert_eq!(read(r#","link":0,"client":"c""#), (Some(("c".to_owned(), 0)), 0));
    for one_alone in
        ["", r#","client":"c""#, r#","link":1"#, r#","client":null,"link":1"#, r#","client":"c","link":null"#]
    {
        assert_eq!(read(one_alone), (None, 0), "{one_alone}");
    }
    for unusable in [r#""client":"","link":1"#, r#""client":5,"link":1"#, r#""client":"c","link":"1""#] {
        assert_eq!(read(&format!(",{unusable}")), (None, 1), "{unusable}");
    }
    for number in ["-1", "1.5", "9007199254740992", "1e999"] {
        assert_eq!(read(&format!(r#","client":"c","link":{number}"#)), (None, 1), "{number}");
    }
    assert_eq!(read(r#","client":1,"link":-1"#), (None, 2));
}

/// P-HELLO-1
#[test]
fn a_greeting_may_say_little() {
    let read = |fields: &str| {
        let text = format!(r#"{{"type":"status","data":{{"action":"hello"{fields}}}}}"#);
        let (Control::Hello { version, features, heartbeat_interval }, faults) = control(&text) else {
            panic!("{text}")
        };
        (version, features, heartbeat_interval, faults)
    };
    let none = Features::default();
    assert_eq!(read(""), (0, none, None, 0));
    let some = Features { resume: true, batch: true, publish: true, ..none };
    assert_eq!(
        read(r#","version":2,"features":["resume","paint","batch","publish"],"heartbeatInterval":0"#),
        (2, some, Some(0), 0)
    );
    let ack = Features { ack: true, ..none };
    assert_eq!(read(r#","version":"1","features":[5,"ack",{}],"heartbeatInterval":-1"#), (0, ack, None, 4));
    assert_eq!(read(r#","features":"ack""#), (0, none, None, 1));
}

/// P-STATE-1
#[test]
fn a_task_state_may_say_little() {
    let read = |fields: &str| {
        let text = format!(r#"{{"type":"status","taskId":"t","data":{{"action":"state"{fields}}}}}"#);
        let (Control::State(state), faults) = control(&text) else { panic!("{text}") };
        (
            state.epoch.map(|epoch| epoch.into_owned()),
            state.seq,
            state.recovered,
            state.status,
            state.data.map(str::to_owned),
            faults,
        )
    };
    assert_eq!(read(""), (None, None, None, None, None, 0));
    let full = read(r#","epoch":"e1","seq":5,"recovered":false,"status":"complete","data": {"r": 1} "#);
    let expected = (Some("e1".into()), Some(5), Some(false), Some(TaskStatus::Complete), Some(r#"{"r": 1}"#.into()), 0);
    assert_eq!(full, expected);
    assert_eq!(
        read(r#","epoch":5,"seq":"5","recovered":1,"status":"odd","data":null"#),
        (None, None, None, None, None, 4)
    );
    for (word, status) in
        [("unknown", TaskStatus::Unknown), ("running", TaskStatus::Running), ("error", TaskStatus::Error)]
    {
        assert_eq!(read(&format!(r#","status":"{word}""#)).3, Some(status));
    }
}

/// P-ACK-2
#[test]
fn an_acknowledgement_names_a_message() {
    let with = |id: &str| format!(r#"{{"type":"status","taskId":"t","data":{{"action":"ack"{id}}}}}"#);
    assert_eq!(control(&with(r#","id":"n-1""#)).0, Control::Ack { id: "n-1".into() });
    for id in ["", r#","id":null"#, r#","id":"""#, r#","id":5"#] {
        rejected(&with(id));
    }
}
