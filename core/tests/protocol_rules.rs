//! Each `[protocol]` rule of spec/PROTOCOL.md about reading, with the reference and the pull parser.
#![allow(clippy::unwrap_used)]

mod protocol_support;

use protocol_support::{frame, rejected};
use steadywire::protocol::*;

#[track_caller]
fn progress(text: &str) -> (f64, String, String, u32) {
    let Frame { body: Body::Progress { progress, stage, message, .. }, faults, .. } = frame(text) else {
        panic!("{text}")
    };
    (progress, stage.into_owned(), message.into_owned(), faults)
}

/// P-MSG-1
#[test]
fn the_type_must_be_a_string() {
    for text in ["{}", r#"{"type":null,"taskId":"t"}"#, r#"{"type":5,"taskId":"t"}"#, r#"{"type":["log"]}"#] {
        rejected(text);
    }
    assert_eq!(frame(r#"{"type":"Complete"}"#).body, Body::Other { kind: "Complete".into() });
}

/// P-MSG-2
#[test]
fn unknown_fields_are_ignored() {
    let text = r#"{"v":[{}],"data":{"progress":5,"eta":null,"taskId":7},"type":"progress","x":"","taskId":"t"}"#;
    assert_eq!(progress(text), (5.0, String::new(), String::new(), 0));
    assert_eq!(frame(text).task_id, "t");
}

/// P-MSG-3
#[test]
fn some_types_need_a_task() {
    for kind in ["progress", "log", "complete", "status"] {
        for task in ["", r#","taskId":null"#, r#","taskId":7"#] {
            rejected(&format!(r#"{{"type":"{kind}","data":{{"progress":1,"taskId":"t"}}{task}}}"#));
        }
        assert_eq!(frame(&format!(r#"{{"type":"{kind}","data":{{"progress":1}},"taskId":""}}"#)).task_id, "");
    }
    for kind in ["heartbeat", "error", "custom", "status"] {
        for (task, faults) in [("", 0), (r#","taskId":null"#, 0), (r#","taskId":7"#, 1)] {
            let text = format!(r#"{{"type":"{kind}","data":{{"action":"hello"}}{task}}}"#);
            assert_eq!((&*frame(&text).task_id, frame(&text).faults), ("", faults), "{text}");
        }
    }
}

/// P-MSG-4
#[test]
fn timestamps_are_truncated_and_the_inner_one_wins() {
    let envelope = |value: &str| format!(r#"{{"type":"complete","taskId":"t","timestamp":{value}}}"#);
    for (value, expected, faults) in [
        ("1732000000123.9", Some(1_732_000_000_123), 0),
        ("-1.9", Some(-1), 0),
        ("-0.5", Some(0), 0),
        ("9007199254740991", Some(9_007_199_254_740_991), 0),
        ("-9007199254740991", Some(-9_007_199_254_740_991), 0),
        ("9007199254740992", None, 1),
        ("1e999", None, 1),
        ("\"5\"", None, 1),
        ("null", None, 0),
    ] {
        let text = envelope(value);
        assert_eq!((frame(&text).timestamp, frame(&text).faults), (expected, faults), "{value}");
    }
    for (inner, expected, faults) in [("7", Some(7), 0), ("null", Some(3), 0), ("true", Some(3), 1)] {
        for kind in ["progress", "log"] {
            let data = format!(r#"{{"progress":1,"timestamp":{inner}}}"#);
            let text = format!(r#"{{"type":"{kind}","taskId":"t","timestamp":3,"data":{data}}}"#);
            assert_eq!((frame(&text).timestamp, frame(&text).faults), (expected, faults), "{text}");
        }
    }
    let other = r#"{"type":"complete","taskId":"t","timestamp":3,"data":{"timestamp":7}}"#;
    assert_eq!(frame(other).timestamp, Some(3));
    let bad_outside = r#"{"type":"log","taskId":"t","timestamp":{},"data":{"timestamp":7}}"#;
    assert_eq!((frame(bad_outside).timestamp, frame(bad_outside).faults), (Some(7), 1));
}

/// P-MSG-5, P-NUM-2, P-ACK-1
#[test]
fn optional_fields_are_read_or_counted() {
    let with = |fields: &str| format!(r#"{{"type":"complete","taskId":"t",{fields}}}"#);
    for (fields, seq, covers, faults) in [
        (r#""seq":41,"covers":41"#, Some(41), Some(41), 0),
        (r#""seq":41.0,"covers":4e1"#, Some(41), Some(40), 0),
        (r#""seq":-0"#, Some(0), None, 0),
        (r#""seq":9007199254740991"#, Some(MAX_INTEGER), None, 0),
        (r#""seq":9007199254740992"#, None, None, 1),
        (r#""seq":41.5"#, None, None, 1),
        (r#""seq":-1"#, None, None, 1),
        (r#""seq":"41""#, None, None, 1),
        (r#""seq":41,"covers":42"#, Some(41), None, 1),
        (r#""covers":1"#, None, None, 1),
        (r#""seq":{},"covers":1"#, None, None, 2),
        (r#""seq":null,"covers":null"#, None, None, 0),
    ] {
        let text = with(fields);
        let Frame { seq: read_seq, covers: read_covers, faults: counted, .. } = frame(&text);
        assert_eq!((read_seq, read_covers, counted), (seq, covers, faults), "{fields}");
    }
    let text = with(r#""epoch":"e1","id":"n-1""#);
    assert_eq!((frame(&text).epoch.as_deref(), frame(&text).id.as_deref()), (Some("e1"), Some("n-1")));
    for bad in ["\"\"", "7", "[]"] {
        let text = with(&format!(r#""epoch":{bad},"id":{bad}"#));
        assert_eq!((frame(&text).epoch, frame(&text).id, frame(&text).faults), (None, None, 2), "{bad}");
    }
}

/// P-MSG-6
#[test]
fn unknown_types_are_passed_on() {
    let text = r#"{"type":"metrics","taskId":"t","seq":4,"data":[1e999]}"#;
    assert_eq!((frame(text).body, frame(text).seq), (Body::Other { kind: "metrics".into() }, Some(4)));
}

/// P-JSON-1
#[test]
fn what_is_not_one_object_is_rejected() {
    let good = r#"{"type":"complete","taskId":"t"}"#;
    for text in ["", " ", "null", "[]", "5", "\"x\"", "{", "{]", "nonsense"] {
        rejected(text);
    }
    for text in [format!("{good}{good}"), format!("{good},"), format!("\u{feff}{good}"), format!("\u{a0}{good}")] {
        rejected(&text);
    }
    assert_eq!(frame(&format!(" \t\r\n{good} \t\r\n")), frame(good));
    for value in [
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "tru",
        "'a'",
        "\"\\x\"",
        "\"\t\"",
        "\"\\u12\"",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "[1 2]",
        "{\"a\"}",
    ] {
        rejected(&format!(r#"{{"type":"complete","taskId":"t","x":{value}}}"#));
        rejected(&format!(r#"{{"type":"complete","taskId":"t","data":[{value}]}}"#));
        rejected(&format!(r#"{{"type":"progress","taskId":"t","data":{{"progress":1,"x":{value}}}}}"#));
    }
}

/// P-JSON-2
#[test]
fn escaped_keys_count_as_what_they_spell() {
    let text = r#"{"t\u0079pe":"progress","taskId":"t","data":{"pro\u0067ress":3,"stage" : "s"}}"#;
    assert_eq!(progress(text), (3.0, "s".into(), String::new(), 0));
}

/// P-JSON-3
#[test]
fn the_last_of_equal_keys_counts() {
    let text = r#"{"type":7,"type":"progress","taskId":"\ud800","taskId":"t","seq":"x","seq":4,
        "data":5,"data":{"progress":"x","progress":3,"stage":"a","stage":null}}"#;
    assert_eq!(progress(text), (3.0, String::new(), String::new(), 0));
    assert_eq!(frame(text).seq, Some(4));
}

/// P-JSON-4
#[test]
fn what_is_not_read_needs_grammar_alone() {
    let deep = format!("{}1{}", "[{\"a\":".repeat(50_000), "}]".repeat(50_000));
    for value in [&*deep, "1e999", "-1e999", "[\"\\ud800\"]", "{\"\\ud800\":\"\\udfff\"}"] {
        let complete = format!(r#"{{"type":"complete","taskId":"t","x":{value},"data":{value}}}"#);
        assert_eq!(frame(&complete).body, Body::Complete { data: value });
        let text = format!(r#"{{"type":"progress","taskId":"t","data":{{"x":{value},"progress":3}}}}"#);
        assert_eq!(progress(&text).0, 3.0);
    }
    rejected(&format!(r#"{{"type":"complete","taskId":"t","data":{}}}"#, &deep[..deep.len() - 1]));
}

/// P-JSON-5
#[test]
fn lone_surrogates_are_replaced_where_they_are_read() {
    let line = |message: &str| format!(r#"{{"type":"log","taskId":"t","data":{{"message":"{message}"}}}}"#);
    for (message, expected) in [
        (r"cut \ud83d", "cut \u{fffd}"),
        (r"\ude00 first", "\u{fffd} first"),
        (r"\ud83d\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ud83d\n\uD83D\\ude00", "\u{fffd}\n\u{fffd}\\ude00"),
        (r"\ud83d\ude00", "\u{1f600}"),
    ] {
        let text = line(message);
        let Body::Log { message: read, .. } = frame(&text).body else { panic!("{text}") };
        assert_eq!((&*read, frame(&text).faults), (expected, 0), "{message}");
    }

    let complete = r#"{"type":"complete","taskId":"t\ud83d","id":"\ud800x","epoch":"\udfff","data":["\ud83d"]}"#;
    let Frame { task_id, id, epoch, body, faults, .. } = frame(complete);
    assert_eq!((&*task_id, id.as_deref(), epoch.as_deref()), ("t\u{fffd}", Some("\u{fffd}x"), Some("\u{fffd}")));
    assert_eq!((body, faults), (Body::Complete { data: r#"["\ud83d"]"# }, 0));

    assert_eq!(frame(r#"{"type":"\ud800"}"#).body, Body::Other { kind: "\u{fffd}".into() });
    for data in [r#""\ud800""#, r#"{"error":"\ud800"}"#, r#"{"error":{"message":"\ud800"}}"#] {
        let text = format!(r#"{{"type":"error","taskId":"t","data":{data}}}"#);
        let Body::Error { message, data: raw, .. } = frame(&text).body else { panic!("{text}") };
        assert_eq!((&*message, raw), ("\u{fffd}", data));
    }
    let level = r#"{"type":"log","taskId":"t","data":{"message":"m","level":"info\ud800"}}"#;
    assert_eq!(frame(level).faults, 1);
    let action = r#"{"type":"status","taskId":"t","data":{"action":"query\ud800","state":"\ud800"}}"#;
    assert!(matches!(frame(action).body, Body::Status { word: Some(word), .. } if word == "\u{fffd}"));
    let key = r#"{"type":"log","taskId":"t","data":{"message":"m","message\ud800":1}}"#;
    assert!(matches!(frame(key).body, Body::Log { message, .. } if message == "m"));
}

/// P-NUM-1, P-PROG-1
#[test]
fn progress_is_a_finite_number_and_clamped() {
    let with = |value: &str| format!(r#"{{"type":"progress","taskId":"t","data":{{"progress":{value}}}}}"#);
    for (value, expected) in
        [("42.5", 42.5), ("-3", 0.0), ("100.01", 100.0), ("1e308", 100.0), ("0.1", 0.1), ("4.2e1", 42.0)]
    {
        assert_eq!(progress(&with(value)).0, expected, "{value}");
    }
    assert!(progress(&with("-0")).0.is_sign_positive());
    let exact = "33.33333333333333570180911920033395290374755859375";
    assert_eq!(progress(&with(exact)).0.to_bits(), (100.0_f64 / 3.0).to_bits());
    for value in ["1e999", "\"5\"", "null", "true", "[5]"] {
        rejected(&with(value));
    }
    for data in ["", r#","data":null"#, r#","data":[]"#, r#","data":5"#, r#","data":{}"#] {
        rejected(&format!(r#"{{"type":"progress","taskId":"t"{data}}}"#));
    }
}

/// P-PROG-2
#[test]
fn stage_and_message_default_to_nothing() {
    let with = |fields: &str| format!(r#"{{"type":"progress","taskId":"t","data":{{"progress":1,{fields}}}}}"#);
    assert_eq!(progress(&with(r#""stage":"s","message":"m\n""#)), (1.0, "s".into(), "m\n".into(), 0));
    assert_eq!(progress(&with(r#""stage":null,"message":null"#)), (1.0, String::new(), String::new(), 0));
    assert_eq!(progress(&with(r#""stage":1,"message":{}"#)), (1.0, String::new(), String::new(), 2));
}

/// P-LOG-1, P-LOG-2, P-LOG-3
#[test]
fn log_lines_are_read_whatever_is_wrong_with_them() {
    let with = |data: &str| format!(r#"{{"type":"log","taskId":"t","data":{data}}}"#);
    for (data, expected, faults) in [
        (r#"{"message":"m","level":"WARN","metadata":{"k":[1]}}"#, (Level::Warn, "m", Some(r#"{"k":[1]}"#)), 0),
        (r#"{"message":5,"level":7,"metadata":[]}"#, (Level::Info, "", None), 3),
        (r#"{"message":null,"level":null,"metadata":null}"#, (Level::Info, "", None), 0),
        (r#"{"message":"m","level":"loud"}"#, (Level::Info, "m", None), 1),
        (r#""a \"line\"""#, (Level::Info, "a \"line\"", None), 0),
        ("null", (Level::Info, "", None), 1),
        ("[1]", (Level::Info, "", None), 1),
    ] {
        let (level, message, metadata) = expected;
        let text = with(data);
        assert_eq!(frame(&text).body, Body::Log { level, message: message.into(), metadata }, "{data}");
        assert_eq!(frame(&text).faults, faults, "{data}");
    }
    assert_eq!(frame(r#"{"type":"log","taskId":"t"}"#).faults, 1);
    let words = [
        ("debug", Level::Debug),
        ("Info", Level::Info),
        ("warn", Level::Warn),
        ("eRRor", Level::Error),
        ("TRACE", Level::Debug),
        ("Warning", Level::Warn),
        ("critical", Level::Error),
        ("FATAL", Level::Error),
    ];
    for (word, expected) in words {
        let text = with(&format!(r#"{{"level":"{word}"}}"#));
        assert!(matches!(frame(&text).body, Body::Log { level, .. } if level == expected), "{word}");
    }
}

/// P-STAT-1, P-END-1, P-CTL-1
#[test]
fn status_and_complete_hand_on_their_data() {
    let with = |kind: &str, data: &str| format!(r#"{{"type":"{kind}","taskId":"t","data": {data} }}"#);
    for (data, expected) in [
        (r#"{"status":"running","state":"x"}"#, Some("running")),
        (r#"{"status":5,"state":"x"}"#, Some("x")),
        (r#"{"status":null}"#, None),
        (r#"{"action":"paint","state":"x"}"#, Some("x")),
        (r#"{"action":["query"]}"#, None),
        ("[1, 2]", None),
        ("\"running\"", None),
    ] {
        let text = with("status", data);
        assert_eq!(frame(&text).body, Body::Status { word: expected.map(Into::into), data }, "{data}");
        let text = with("complete", data);
        assert_eq!(frame(&text).body, Body::Complete { data }, "{data}");
    }
    assert_eq!(frame(r#"{"type":"status","taskId":"t"}"#).body, Body::Status { word: None, data: "null" });
    assert_eq!(frame(r#"{"type":"complete","taskId":"t","data":null}"#).body, Body::Complete { data: "null" });
}

/// P-ERR-1
#[test]
fn an_error_s_message_is_looked_for() {
    for (data, expected, faults) in [
        (r#"{"error":"a","message":"b"}"#, "a", 0),
        (r#"{"error":{"message":"c"},"message":"b"}"#, "b", 0),
        (r#"{"error":{"message":"c"}}"#, "c", 0),
        (r#"{"error":5}"#, "", 0),
        ("\"d\"", "d", 0),
        ("{}", "", 0),
        ("null", "", 0),
        ("[\"e\"]", "", 1),
        ("7", "", 1),
    ] {
        let text = format!(r#"{{"type":"error","taskId":"t","data":{data}}}"#);
        let Frame { body: Body::Error { message, data: raw, .. }, faults: counted, .. } = frame(&text) else {
            panic!("{text}")
        };
        assert_eq!((&*message, raw, counted), (expected, data, faults), "{data}");
    }
}

/// P-ERR-2, P-ERR-3
#[test]
fn an_error_s_fields_are_read_or_counted() {
    let read = |data: &str| {
        let text = format!(r#"{{"type":"error","taskId":"t","data":{data}}}"#);
        let Frame { body: Body::Error { code, fatal, action, refused_id, .. }, faults, .. } = frame(&text) else {
            panic!("{text}")
        };
        (
            code.into_owned(),
            fatal,
            action.map(|text| text.into_owned()),
            refused_id.map(|text| text.into_owned()),
            faults,
        )
    };
    let all = read(r#"{"code":"E42","fatal":false,"action":"subscribe","id":"n-1"}"#);
    assert_eq!(all, ("E42".into(), Some(false), Some("subscribe".into()), Some("n-1".into()), 0));
    let bad = read(r#"{"code":[],"fatal":"no","action":"","id":7}"#);
    assert_eq!(bad, (String::new(), None, None, None, 4));
    for (number, text) in
        [("42", "42"), ("42.0", "42"), ("1e3", "1000"), ("-1.5", "-1.5"), ("1e21", "1e+21"), ("5e-7", "5e-7")]
    {
        assert_eq!(read(&format!(r#"{{"code":{number}}}"#)).0, text);
    }
    assert_eq!(read(r#"{"code":1e999}"#).4, 1);
    assert!(matches!(frame(r#"{"type":"error"}"#).body, Body::Error { data: "null", .. }));
}

/// P-HB-1
#[test]
fn only_received_true_answers() {
    for (data, expected) in [
        (r#"{"received":true}"#, true),
        (r#"{"received":"true"}"#, false),
        (r#"{"received":1}"#, false),
        ("{}", false),
        ("null", false),
        ("true", false),
        ("[{\"received\":true}]", false),
    ] {
        let text = format!(r#"{{"type":"heartbeat","data":{data}}}"#);
        assert_eq!((frame(&text).body, frame(&text).faults), (Body::Heartbeat { received: expected }, 0), "{data}");
    }
    assert_eq!(frame(r#"{"type":"heartbeat"}"#).body, Body::Heartbeat { received: false });
}
