//! The pull parser against the reference: the same answer for every text, whatever is in it.
//!
//! P-PARSE-1: `parse` and `parse_reference` agree.

use std::borrow::Cow;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use steadywire::protocol::*;

fn agree(text: &str) {
    match (parse(text), parse_reference(text)) {
        (Ok(fast), Ok(slow)) => assert_eq!(fast, slow, "{text}"),
        (Err(fast), Err(slow)) => assert_eq!(fast, slow, "{text}"),
        (fast, slow) => panic!("pull {fast:?}, reference {slow:?}: {text}"),
    }
}

/// A JSON value as text: every type, every oddity, some of it broken.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => string(),
        4 => number(),
        1 => select(vec!["null", "true", "false"]).prop_map(String::from),
        1 => select(vec!["nul", "tru e", "01", "+1", ".5", "1.", "1e", "NaN", "'a'", "\"\u{1}\"", "\"\\x\"", "\"\\u12g4\"", ""])
            .prop_map(String::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec((key(), inner), 0..4).prop_map(|members| object(&members)),
        ]
    })
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[ -~]{0,12}".prop_map(|text| text.replace(['"', '\\'], "_")),
        1 => "\\PC{0,4}".prop_map(|text| text.replace(['"', '\\'], "_")),
        2 => select(vec!["\\n", "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\r", "\\t", "\\u00e9", "\\u0000", "\\ud83d\\ude00", "\\uDBFF\\uDFFF", "\\ud800\\udc00"])
            .prop_map(String::from),
        2 => lone_surrogate(),
    ];
    let words = select(vec![
        "info",
        "WARN",
        "Warning",
        "trace",
        "critical",
        "fatal",
        "loud",
        "running",
        "done",
        "subscribe",
        "hello",
        "ack",
        "state",
        "query",
        "subscribed",
        "unsubscribe",
        "e1",
        "",
    ]);
    prop_oneof![
        3 => words.prop_map(|word| format!("\"{word}\"")),
        2 => vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat())),
    ]
}

/// Half a pair, or what looks like one; neighbours may yet complete it.
fn lone_surrogate() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (0xd800..0xe000_u16).prop_map(|unit| format!("\\u{unit:04x}")),
        1 => (0xd800..0xe000_u16).prop_map(|unit| format!("\\u{unit:04X}")),
        2 => select(vec!["\\ud83d", "\\ude00", "\\ud83dx", "\\ud83d\\n", "\\ud83d\\ud83d", "\\ud83d\\\\ude00", "\\ud7ff", "\\ue000"])
            .prop_map(String::from),
    ]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i32>().prop_map(|value| value.to_string()),
        (-50_i64..200).prop_map(|value| value.to_string()),
        any::<f64>().prop_map(|value| format!("{value:e}")),
        (0_u64..1 << 54).prop_map(|value| value.to_string()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        select(vec!["9007199254740991", "9007199254740992", "-0", "41.0", "4.1e1", "1e999", "1732000000123.9"])
            .prop_map(String::from),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => select(vec![
            "type", "taskId", "timestamp", "data", "seq", "epoch", "covers", "id", "stage", "progress", "message",
            "level", "metadata", "action", "status", "state", "error", "code", "fatal", "received", "tasks", "since",
            "version", "features", "heartbeatInterval", "recovered", "extra", "", "typ", "types",
        ])
        .prop_map(|name| format!("\"{name}\"")),
        1 => select(vec!["\"t\\u0079pe\"", "\"\\u0064ata\"", "\"\\ud800\"", "\"seq\\n\"", "\"pro\\u0067ress\""])
            .prop_map(String::from),
        1 => string(),
    ]
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}:{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// A member with the value its key wants, most of the time.
fn member(
    name: &'static str,
    good: impl Strategy<Value = String> + 'static,
) -> impl Strategy<Value = (String, String)> {
    prop_oneof![19 => good.boxed(), 1 => value().boxed()].prop_map(move |value| (format!("\"{name}\""), value))
}

fn whole_number() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0_u64..1_800_000_000_000).prop_map(|value| value.to_string()),
        1 => number(),
        1 => Just("null".to_owned()),
    ]
}

fn data() -> impl Strategy<Value = String> {
    let known = (
        member("stage", string()),
        member("progress", number()),
        member("message", string()),
        member("timestamp", whole_number()),
        member("level", select(vec!["\"info\"", "\"Error\"", "\"warning\"", "null"]).prop_map(String::from)),
        member("metadata", vec((key(), value()), 0..3).prop_map(|members| object(&members))),
        member("status", string()),
        member("received", select(vec!["true", "false"]).prop_map(String::from)),
        prop::option::weighted(0.3, member("action", string())),
    );
    let known = known.prop_map(|(a, b, c, d, e, f, g, h, i)| {
        [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f), Some(g), Some(h), i]
    });
    let members = (known, any::<[bool; 9]>(), vec((key(), value()), 0..3)).prop_map(|(known, keep, extra)| {
        // `progress` stays, or nearly every progress frame would be rejected.
        let kept = known.into_iter().zip(keep).enumerate().filter(|(index, (_, keep))| *index == 1 || *keep);
        kept.filter_map(|(_, (member, _))| member).chain(extra).collect::<Vec<_>>()
    });
    prop_oneof![
        12 => members.prop_shuffle().prop_map(|members| object(&members)),
        1 => value(),
    ]
}

fn frame() -> impl Strategy<Value = String> {
    let kinds = vec!["progress", "log", "status", "complete", "heartbeat", "error", "custom"];
    let known = (
        member("type", select(kinds).prop_map(|kind| format!("\"{kind}\""))),
        member("taskId", string()),
        member("timestamp", whole_number()),
        member("data", data()),
        member("seq", whole_number()),
        member("epoch", string()),
        member("covers", (0_u64..100).prop_map(|value| value.to_string())),
        member("id", string()),
    );
    let members = (known, any::<[bool; 8]>(), vec((key(), value()), 0..2)).prop_map(|(known, keep, extra)| {
        let known = [known.0, known.1, known.2, known.3, known.4, known.5, known.6, known.7];
        let kept =
            known.into_iter().zip(keep).enumerate().filter(|(index, (_, keep))| matches!(index, 0 | 1 | 3) || *keep);
        kept.map(|(_, (member, _))| member).chain(extra).collect::<Vec<_>>()
    });
    (members.prop_shuffle(), vec(select(vec!["", "", "", " ", "\n\t\r "]), 4)).prop_map(|(members, space)| {
        let text = object(&members).replacen(':', &format!("{}:{}", space[0], space[1]), 2);
        format!("{}{text}{}", space[2], space[3])
    })
}

/// P-JSON-3: of equal keys the last one counts, whatever stood before.
#[test]
fn equal_keys_agree() {
    let heads = ["progress", "log", "status", "complete", "heartbeat"];
    let data = [
        r#"{"progress":1}"#,
        r#"{"progress":1,"stage":"a","stage":null,"message":null,"message":"b"}"#,
        r#"{"progress":1,"progress":2,"timestamp":5,"timestamp":null}"#,
        r#"{"level":"warn","level":"info","metadata":{"a":1},"metadata":null,"progress":"x","progress":3}"#,
        r#"{"metadata":null,"metadata":{},"progress":3,"progress":null}"#,
        r#"{"status":"a","status":5,"state":"b"}"#,
        r#"{"action":"query","action":"x","status":"a"}"#,
        r#"{"action":"x","action":"query"}"#,
        r#"{"received":true,"received":1}"#,
    ];
    let tails = [
        r#""seq":1,"seq":null"#,
        r#""seq":null,"seq":9,"covers":3,"covers":4"#,
        r#""epoch":"e","epoch":null,"id":null,"id":"i""#,
        r#""taskId":"u","timestamp":1,"timestamp":null"#,
        r#""type":"complete""#,
        r#""data":null"#,
        r#""data":{"progress":7}"#,
    ];
    for head in heads {
        for data in data {
            for tail in tails {
                agree(&format!(r#"{{"type":"{head}","taskId":"t","data":{data},{tail}}}"#));
                agree(&format!(r#"{{"data":{data},{tail},"taskId":"t","type":"{head}"}}"#));
            }
        }
    }
}

/// What `toWellFormed()` in JavaScript makes of a string of these UTF-16 units.
fn well_formed(units: &[u16]) -> String {
    char::decode_utf16(units.iter().copied()).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// P-JSON-5: whatever UTF-16 a string escapes, each lone surrogate is one replacement character.
    #[test]
    fn any_utf_16_is_read_well_formed(
        units in vec(prop_oneof![2 => 0xd800..0xdc00_u16, 2 => 0xdc00..0xe000_u16, 1 => any::<u16>()], 0..8),
    ) {
        let escapes: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
        let text = format!(r#"{{"type":"log","taskId":"t","data":{{"message":"{escapes}"}}}}"#);
        agree(&text);
        let frame = parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let body = Body::Log { level: Level::Info, message: well_formed(&units).into(), metadata: None };
        prop_assert_eq!((frame.body, frame.faults), (body, 0));
    }

    #[test]
    fn generated_frames_agree(text in frame()) {
        agree(&text);
    }

    #[test]
    fn repeated_members_agree(text in frame(), extra in vec((key(), value()), 1..3)) {
        let extra = object(&extra);
        let joined = match text.trim_end().strip_suffix('}') {
            Some(open) if open.trim() != "{" => format!("{open},{}", &extra[1..]),
            _ => extra,
        };
        agree(&joined);
    }

    #[test]
    fn mutated_frames_agree(text in frame(), edits in vec((any::<Index>(), any::<u8>(), 0..4_u8), 1..4)) {
        let mut bytes = text.into_bytes();
        for (place, byte, edit) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            let byte = *b"\"\\{}[]:,0e.-tnu \x01\xff"
                .get(usize::from(byte) % 32).unwrap_or(&byte);
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at),
            }
        }
        agree(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn arbitrary_text_agrees(text in "\\PC{0,40}|[\\[\\]{}\",:0-9eE.\\\\a-f -]{0,40}") {
        agree(&text);
    }

    /// P-NUM-1, P-STR-1: a progress comes back bit for bit, within 0 to 100.
    #[test]
    fn progress_frames_survive_the_wire(
        task in "\\PC{0,8}", stage in any::<String>(), message in any::<String>(),
        progress in 0.0..=100.0_f64, stamp in -(1_i64 << 53) + 1..1_i64 << 53,
        seq in prop::option::of(0..=MAX_INTEGER), epoch in prop::option::of("\\PC{1,4}"),
    ) {
        let mut data = String::new();
        encode_progress_data(&mut data, &task, &stage, progress, &message, stamp);
        let mut text = String::new();
        let head = Outgoing::new(MessageKind::Progress, &task, 0);
        encode_message(&mut text, &Outgoing { data: Some(&data), seq, epoch: epoch.as_deref(), covers: seq, ..head });
        agree(&text);
        let expected = Frame {
            task_id: Cow::Borrowed(&*task),
            timestamp: Some(stamp),
            seq,
            covers: seq,
            epoch: epoch.as_deref().map(Cow::Borrowed),
            id: None,
            faults: 0,
            body: Body::Progress { stage: Cow::Borrowed(&*stage), progress, message: Cow::Borrowed(&*message) },
        };
        prop_assert_eq!(parse(&text), Ok(expected));
    }

    #[test]
    fn log_frames_survive_the_wire(message in any::<String>(), id in "\\PC{1,4}", level in 0..4_usize) {
        let level = [Level::Debug, Level::Info, Level::Warn, Level::Error][level];
        let mut metadata = String::from("{\"k\":");
        write_string(&mut metadata, &message);
        metadata.push('}');
        let mut data = String::new();
        encode_log_data(&mut data, "t", level, &message, 5, Some(&metadata));
        let mut text = String::new();
        let head = Outgoing::new(MessageKind::Log, "t", 4);
        encode_message(&mut text, &Outgoing { data: Some(&data), id: Some(&id), ..head });
        agree(&text);
        let frame = parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(frame.timestamp, Some(5));
        prop_assert_eq!(frame.id.as_deref(), Some(&*id));
        let body = Body::Log { level, message: Cow::Borrowed(&*message), metadata: Some(&*metadata) };
        prop_assert_eq!(frame.body, body);
    }
}
