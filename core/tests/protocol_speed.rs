//! Nanoseconds per frame, to be read by a person:
//! `cargo test --release -p steadywire --no-default-features --test protocol_speed -- --ignored --nocapture`
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)]

use std::borrow::Cow;
use std::hint::black_box;
use std::time::Instant;

use serde::Deserialize;
use steadywire::protocol::{parse, parse_reference};

/// What one would write without a thought: derived, borrowed, and it must know the type beforehand.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Derived<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    task_id: Cow<'a, str>,
    timestamp: i64,
    #[serde(borrow)]
    data: DerivedData<'a>,
    seq: Option<u64>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct DerivedData<'a> {
    #[serde(borrow, default)]
    stage: Cow<'a, str>,
    #[serde(borrow, default)]
    level: Cow<'a, str>,
    progress: Option<f64>,
    #[serde(borrow)]
    message: Cow<'a, str>,
    timestamp: i64,
    #[serde(borrow)]
    metadata: Option<&'a serde_json::value::RawValue>,
}

fn corpora() -> Vec<(&'static str, Vec<String>)> {
    let progress = |message: &str, extra: &str| {
        format!(
            r#"{{"type":"progress","taskId":"job-7","timestamp":1732000000123,"data":{{"taskId":"job-7","stage":"train","progress":42.5,"message":"{message}","timestamp":1732000000123{extra}}},"seq":41}}"#
        )
    };
    let log = |message: &str| {
        format!(
            r#"{{"type":"log","taskId":"job-7","timestamp":1732000000123,"data":{{"taskId":"job-7","level":"info","message":"{message}","timestamp":1732000000123,"metadata":{{"step":17,"loss":0.25}}}}}}"#
        )
    };
    let last = r#"{"data":{"timestamp":1732000000123,"message":"epoch 3 of 10","progress":42.5,"stage":"train","taskId":"job-7"},"timestamp":1732000000123,"taskId":"job-7","type":"progress"}"#;
    vec![
        ("progress, 200 bytes", vec![progress("epoch 3 of 10, loss 0.2511", "")]),
        ("log, 200 bytes", vec![log("epoch 3 done, checkpoint saved")]),
        ("8 progress to 2 logs", {
            let mut frames = vec![progress("epoch 3 of 10, loss 0.2511", ""); 8];
            frames.extend(vec![log("epoch 3 done, checkpoint saved"); 2]);
            frames
        }),
        ("data before type", vec![last.to_owned()]),
        ("spaces after colons", vec![progress("epoch 3", "").replace(':', ": ").replace(',', ", ")]),
        ("escapes", vec![log(r#"C:\\run\\7\tline \u00e9\n\ud83d\ude00 said \"no\""#)]),
        ("non-ASCII", vec![log("\u{446}\u{438}\u{43a}\u{43b} \u{7b2c}\u{4e09}\u{8f6e} \u{2014} \u{1f600}\u{1f600}")]),
        (
            "unknown fields",
            vec![progress("epoch 3", r#","eta":{"s":31,"by":["a","b",{"c":null}]},"gpu":[0.5,1e3,true]"#)],
        ),
        ("log, 16 KB", vec![log(&"The quick brown fox jumps. ".repeat(600))]),
        (
            "log, 16 KB, a newline every 60",
            vec![log(&r"The quick brown fox jumps over the lazy dog, and then again.\n".repeat(260))],
        ),
    ]
}

fn nanoseconds(frames: &[String], mut work: impl FnMut(&str) -> bool) -> f64 {
    let size: usize = frames.iter().map(String::len).sum();
    let rounds = (40_000_000 / size).max(50);
    let mut best = f64::INFINITY;
    for _ in 0..7 {
        let start = Instant::now();
        for _ in 0..rounds {
            for frame in frames {
                assert!(work(black_box(frame)));
            }
        }
        best = best.min(start.elapsed().as_nanos() as f64 / (rounds * frames.len()) as f64);
    }
    best
}

#[test]
#[ignore = "measures, proves nothing"]
fn nanoseconds_per_frame() {
    println!("{:32} {:>6} {:>8} {:>8} {:>10}", "", "bytes", "pull", "derived", "reference");
    for (name, frames) in corpora() {
        let pull = nanoseconds(&frames, |text| black_box(parse(text)).is_ok());
        let derived = nanoseconds(&frames, |text| black_box(serde_json::from_str::<Derived<'_>>(text)).is_ok());
        let reference = nanoseconds(&frames, |text| black_box(parse_reference(text)).is_ok());
        let size = frames.iter().map(String::len).sum::<usize>() / frames.len();
        println!("{name:32} {size:6} {pull:8.0} {derived:8.0} {reference:10.0}");
    }
}
