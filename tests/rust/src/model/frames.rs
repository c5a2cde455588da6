//! What a server may send: right, wrong and lying.

use proptest::prelude::*;
use proptest::sample::select;

/// A text frame.
pub(super) fn frame() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => hello(),
        8 => message(),
        4 => end(),
        4 => state(),
        3 => answer(),
        2 => broken(),
    ]
}

fn task() -> impl Strategy<Value = &'static str> {
    select(vec!["t0", "t1", "t2", "t3", "t0", "t1", "nobody", ""])
}

/// Epoch, seq and covers, at odds with each other as often as not.
fn position() -> impl Strategy<Value = String> {
    let number = || {
        prop_oneof![
            8 => (0_u64..9).prop_map(|seq| seq.to_string()),
            1 => select(vec!["9007199254740991", "9007199254740992", "-1", "1.5", "\"3\"", "null"]).prop_map(String::from),
        ]
    };
    let epoch = select(vec!["", "", ",\"epoch\":\"a\"", ",\"epoch\":\"a\"", ",\"epoch\":\"b\"", ",\"epoch\":7"]);
    let field = |name: &'static str| move |number: String| format!(",\"{name}\":{number}");
    let seq = proptest::option::weighted(0.7, number().prop_map(field("seq")));
    let covers = proptest::option::weighted(0.3, number().prop_map(field("covers")));
    (epoch, seq, covers)
        .prop_map(|(epoch, seq, covers)| format!("{epoch}{}{}", seq.unwrap_or_default(), covers.unwrap_or_default()))
}

fn message() -> impl Strategy<Value = String> {
    let body = select(vec![
        "\"type\":\"progress\",\"data\":{\"progress\":5}",
        "\"type\":\"log\",\"data\":{\"message\":\"m\"}",
        "\"type\":\"status\",\"data\":{\"status\":\"running\"}",
        "\"type\":\"status\",\"data\":{\"status\":\"Done\"}",
        "\"type\":\"status\",\"data\":{\"state\":\"failed\",\"error\":\"x\"}",
        "\"type\":\"error\",\"data\":{\"error\":\"e\",\"fatal\":false}",
        "\"type\":\"heartbeat\"",
        "\"type\":\"heartbeat\",\"data\":{\"received\":true}",
        "\"type\":\"other\",\"data\":1",
    ]);
    (body, task(), position()).prop_map(|(body, task, position)| format!("{{{body},\"taskId\":\"{task}\"{position}}}"))
}

fn end() -> impl Strategy<Value = String> {
    let body = select(vec![
        "\"type\":\"complete\",\"data\":{\"result\":1}",
        "\"type\":\"error\",\"data\":{\"error\":\"e\"}",
        "\"type\":\"error\",\"data\":{\"error\":\"e\",\"action\":\"subscribe\"}",
    ]);
    (body, task(), position()).prop_map(|(body, task, position)| format!("{{{body},\"taskId\":\"{task}\"{position}}}"))
}

fn hello() -> impl Strategy<Value = String> {
    proptest::sample::subsequence(vec!["resume", "ack", "batch", "query", "heartbeat", "publish"], 0..=6).prop_map(
        |features| format!("{{\"type\":\"status\",\"data\":{{\"action\":\"hello\",\"features\":{features:?}}}}}"),
    )
}

fn state() -> impl Strategy<Value = String> {
    let action = select(vec!["subscribed", "state"]);
    let status = select(vec![
        "",
        ",\"status\":\"unknown\"",
        ",\"status\":\"running\"",
        ",\"status\":\"complete\"",
        ",\"status\":\"error\",\"data\":7",
    ]);
    let epoch = select(vec!["", ",\"epoch\":\"a\"", ",\"epoch\":\"b\""]);
    (action, status, epoch, task()).prop_map(|(action, status, epoch, task)| {
        format!("{{\"type\":\"status\",\"taskId\":\"{task}\",\"data\":{{\"action\":\"{action}\"{status}{epoch}}}}}")
    })
}

/// Of a message that was sent, or of none.
fn answer() -> impl Strategy<Value = String> {
    (0_u64..40, any::<bool>(), task()).prop_map(|(number, refused, task)| {
        let id = format!("{}-{number}", "0".repeat(24));
        if refused {
            return format!(
                "{{\"type\":\"error\",\"taskId\":\"{task}\",\"data\":{{\"error\":\"no\",\"id\":\"{id}\"}}}}"
            );
        }
        format!("{{\"type\":\"status\",\"taskId\":\"{task}\",\"data\":{{\"action\":\"ack\",\"id\":\"{id}\"}}}}")
    })
}

fn broken() -> impl Strategy<Value = String> {
    let well_formed = prop_oneof![hello(), message(), end(), state()];
    prop_oneof![
        (well_formed, any::<prop::sample::Index>()).prop_map(|(text, at)| text[..at.index(text.len())].to_owned()),
        select(vec![
            "",
            "[]",
            "null",
            "{\"type\":3}",
            "{\"type\":\"progress\",\"taskId\":\"t0\",\"data\":{}}",
            "{\"type\":\"log\",\"taskId\":7}",
            "{\"type\":\"status\",\"taskId\":\"t0\",\"data\":{\"action\":\"subscribe\"}}",
            "{\"type\":\"status\",\"data\":{\"action\":\"ack\"}}",
        ])
        .prop_map(String::from),
    ]
}
