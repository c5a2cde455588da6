//! `faults`: what it lists, refuses and plays.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod common;

use std::fs;
use std::net::TcpStream;
use std::path::Path;

use common::{NOWHERE, Reading, TestHub, output, steadywire, text};
use serde_json::Value;

fn file(name: &str, content: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

fn url(faults: &mut Reading) -> String {
    let line = faults.line();
    line.strip_prefix("listening on ").expect(&line).to_owned()
}

#[test]
fn ten_scripts_are_listed_with_what_they_show() {
    let listed = output(&["faults", "--list"]);
    assert_eq!(listed.status.code(), Some(0));
    let listed = text(&listed.stdout);
    assert_eq!(listed.lines().count(), 10, "{listed}");
    assert!(listed.lines().all(|line| line.contains("A right client")), "{listed}");
    let json = text(&output(&["faults", "--list", "--json"]).stdout);
    let first: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first["name"], "flaky-wifi");
}

#[test]
fn what_cannot_be_played_is_wrong_usage_and_says_where() {
    let bad = file("bad-faults.json", "{\n  \"server\": [[\n    { \"do\": }\n]]}");
    let odd = file("odd-faults.json", r#"[[{ "do": "fly" }]]"#);
    let none = file("none-faults.json", r#"{ "about": "x" }"#);
    for (arguments, says) in [
        (&["faults"][..], "--list"),
        (&["faults", "flaky-wifi-2"], "one of flaky-wifi, half-open"),
        (&["faults", &bad], "line 3 column 13"),
        (&["faults", &odd], "connection 1: step 1: a step that nobody understands"),
        (&["faults", &none], "a list called server"),
    ] {
        let refused = output(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(text(&refused.stderr).contains(says), "{}", text(&refused.stderr));
    }
}

#[test]
fn a_watcher_gets_through_and_what_was_done_to_it_is_told() {
    let mut faults = Reading::start(steadywire(&["faults", "flaky-wifi"]));
    let watched = output(&["watch", "build", "--url", &url(&mut faults), "--reconnect-interval", "5"]);
    assert_eq!(watched.status.code(), Some(0), "{}", text(&watched.stderr));
    let told = faults.until("connection 3: done").join("\n");
    for part in ["connection 1: connection: from 127.0.0.1:", "connection 1: step: resets it (RST)", "\"progress\":40"]
    {
        assert!(told.contains(part), "{part} in {told}");
    }
    #[cfg(unix)]
    {
        faults.signal(rustix::process::Signal::INT);
        assert_eq!(faults.finish().0, Some(0));
    }
}

#[test]
fn it_begins_again_if_told_to_and_speaks_json() {
    let once = file(
        "loop-faults.json",
        r#"[[{ "expect": {}, "as": "s" }, { "send": { "type": "complete", "taskId": "$s/taskId" } }]]"#,
    );
    let mut faults = Reading::start(steadywire(&["faults", &once, "--loop", "--json"]));
    let first: Value = serde_json::from_str(&faults.line()).unwrap();
    for _ in 0..3 {
        assert_eq!(output(&["watch", "build", "--url", first["url"].as_str().unwrap()]).status.code(), Some(0));
    }
    for line in faults.until(r#""connection":3,"event":"done""#) {
        serde_json::from_str::<Value>(&line).expect(&line);
    }
    faults.child.kill().unwrap();
    faults.child.wait().unwrap();
}

#[test]
fn where_it_is_strict_a_problem_ends_it() {
    let strict = file("strict-faults.json", r#"[[{ "expect": { "type": "never" } }]]"#);
    let mut faults = Reading::start(steadywire(&["faults", &strict, "--strict"]));
    let url = url(&mut faults);
    let mut watch = steadywire(&["watch", "build", "--url", &url]).spawn().unwrap();
    assert!(faults.until("problem").pop().unwrap().contains("not expected"));
    assert_eq!(faults.finish().0, Some(1));
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[test]
fn a_proxy_strikes_by_the_seed_and_tells_it() {
    let hub = TestHub::start();
    let told = |seed: &str, every: &str| {
        let arguments =
            ["faults", "--proxy", &hub.url, "--listen", "127.0.0.1:0", "--faults", "fin,rst", "--seed", seed];
        let mut faults =
            Reading::start(steadywire(&[&arguments[..], &["--every", every, "--max-faults", "2"]].concat()));
        let url = url(&mut faults);
        assert!(url.starts_with("ws://127.0.0.1:") && url.ends_with("/ws"), "{url}");
        assert_ne!(url, hub.url);
        assert!(faults.line().ends_with(&format!("seed {seed}, one fault in {every} messages: fin, rst")));
        let sent = output(&["send", "build", "--complete", "--url", &url, "--reconnect-interval", "5"]);
        assert_eq!(sent.status.code(), Some(0), "it gets through: {}", text(&sent.stderr));
        faults.child.kill().unwrap();
        let (_, out, _) = faults.finish();
        out.lines().filter(|line| line.contains(": fault: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let first = told("5", "1");
    assert_eq!(first.len(), 2, "{first:?}");
    assert!(first[0].starts_with("connection 1: fault: message 1: "), "{first:?}");
    assert_eq!(told("5", "1"), first);
    assert_eq!(told("5", "1000000"), Vec::<String>::new());
}

#[test]
fn a_proxy_speaks_json_and_names_the_fault() {
    let mut faults = Reading::start(steadywire(&["faults", "--proxy", NOWHERE, "--json"]));
    let first: Value = serde_json::from_str(&faults.line()).unwrap();
    assert!(first["about"].as_str().unwrap().starts_with("before ws://127.0.0.1:1/ws, seed 1, one fault in 100"));
    faults.child.kill().unwrap();
    faults.child.wait().unwrap();

    let hub = TestHub::start();
    let arguments = ["faults", "--proxy", &hub.url, "--json", "--every", "1", "--faults", "fin", "--max-faults", "1"];
    let mut faults = Reading::start(steadywire(&arguments));
    let first: Value = serde_json::from_str(&faults.line()).unwrap();
    let url = first["url"].as_str().unwrap();
    assert_eq!(output(&["send", "b", "--complete", "--url", url, "--reconnect-interval", "5"]).status.code(), Some(0));
    let told = faults.until(r#""event":"fault""#).pop().unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((told["connection"].as_u64(), told["fault"].as_str()), (Some(1), Some("fin")));
    faults.child.kill().unwrap();
    faults.child.wait().unwrap();
}

/// So many connections may be open at once.
const MOST: usize = 256;

#[test]
fn one_connection_more_than_may_be_open_waits_for_anothers_end() {
    let script = file("bound-faults.json", r#"[[{ "expect": {} }]]"#);
    for arguments in [&["faults", &script, "--loop"][..], &["faults", "--proxy", NOWHERE, "--faults", "fin"]] {
        let mut faults = Reading::start(steadywire(arguments));
        let address = url(&mut faults);
        let address = address.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
        let mut open: Vec<TcpStream> = (0..MOST).map(|_| TcpStream::connect(address).unwrap()).collect();
        let before = faults.until("full: 256 connections are open");
        let came = |lines: &[String]| lines.iter().filter(|line| line.contains(": connection: from")).count();
        assert_eq!(came(&before), MOST);
        open.push(TcpStream::connect(address).unwrap());
        drop(open.remove(0));
        faults.until("connection 257: connection: from");
        faults.child.kill().unwrap();
        faults.child.wait().unwrap();
    }
}
