//! `serve`, `send`, `watch` and `demo` together.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod common;

use std::io::Write;
use std::process::Stdio;

use common::{NOWHERE, Reading, TestHub, output, steadywire, text};
use serde_json::Value;

#[track_caller]
fn send(hub: &TestHub, arguments: &[&str]) {
    let mut all = vec!["send", "--url", &hub.url];
    all.extend(arguments);
    let out = output(&all);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
}

/// A watcher whose link is up.
fn watch(hub: &TestHub, arguments: &[&str]) -> Reading {
    let mut all = vec!["watch", "--url", &hub.url, "--reconnect-interval", "20"];
    all.extend(arguments);
    let mut watch = Reading::start(steadywire(&all));
    watch.until("connected");
    watch
}

#[test]
fn a_complete_task_exits_with_0_and_each_thing_is_one_line() {
    let hub = TestHub::start();
    let watch = watch(&hub, &["build"]);
    send(&hub, &["build", "--progress", "42", "--stage", "compile", "--message", "Compiling foo"]);
    send(&hub, &["build", "--log", "log text"]);
    send(&hub, &["build", "--log", "careful", "--level", "warn"]);
    send(&hub, &["build", "--status", "{\"phase\":\"x\"}"]);
    send(&hub, &["build", "--complete", "{\"files\":3}"]);
    let (status, rest, stderr) = watch.finish();
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    let without_time: Vec<&str> =
        rest.lines().map(|line| if line.starts_with("build:") { line } else { &line[9..] }).collect();
    assert_eq!(
        without_time,
        [
            "build 42% compile  Compiling foo",
            "build | log text",
            "build | warn: careful",
            "build status {\"phase\":\"x\"}",
            "build: complete"
        ]
    );
}

#[test]
fn the_worst_of_several_tasks_counts() {
    let hub = TestHub::start();
    let watch = watch(&hub, &["a", "b"]);
    send(&hub, &["a", "--error", "out of memory", "--code", "E42"]);
    send(&hub, &["b", "--complete"]);
    let (status, rest, _) = watch.finish();
    assert_eq!(status, Some(1));
    assert!(rest.contains("a: error: out of memory (E42)\n") && rest.contains("b: complete\n"), "{rest}");
}

#[test]
fn no_hub_is_lost_when_attempts_are_limited() {
    let out = output(&["watch", "t", "--url", NOWHERE, "--max-attempts", "2", "--reconnect-interval", "1"]);
    assert_eq!(out.status.code(), Some(3), "{}", text(&out.stderr));
    let shown = text(&out.stdout);
    assert!(shown.contains("-- not connected (") && shown.contains("t: lost: given up"), "{shown}");
    assert!(!shown.contains("-- connected"), "{shown}");
}

#[test]
fn json_has_one_event_per_line() {
    let hub = TestHub::start();
    let mut watch = watch(&hub, &["t", "--json"]);
    send(&hub, &["t", "--progress", "40"]);
    let progress = watch.until("\"progress\"").pop().unwrap();
    assert!(progress.starts_with("{\"event\":\"progress\",\"taskId\":\"t\","), "{progress}");
    hub.handle.cut_all();
    watch.until("\"retry\"");
    watch.until("\"connected\"");
    send(&hub, &["t", "--complete"]);
    let (status, rest, _) = watch.finish();
    assert_eq!(status, Some(0));
    let events: Vec<Value> = rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.last().unwrap()["event"], "complete");
}

#[test]
fn a_cut_link_is_shown_while_it_is_restored() {
    let hub = TestHub::start();
    let mut watch = watch(&hub, &["t"]);
    hub.handle.cut_all();
    let line = watch.until("-- reconnecting").pop().unwrap();
    assert!(line.contains(", next try in "), "{line}");
    watch.until("-- connected again");
    send(&hub, &["t", "--complete"]);
    assert_eq!(watch.finish().0, Some(0));
}

#[test]
fn terminal_escapes_of_tasks_are_stripped() {
    let hub = TestHub::start();
    let id = "t\u{1b}[31m";
    let mut watch = Reading::start(steadywire(&["watch", "--url", &hub.url, id]));
    watch.until("connected");
    send(&hub, &[id, "--log", "a\u{1b}[2J\u{1b}]0;title\u{7}b\nt: complete\u{202e}"]);
    send(&hub, &[id, "--progress", "1", "--stage", "\u{1b}c", "--message", "\u{9b}31mx"]);
    send(&hub, &[id, "--error", "bad\u{1b}]52;c;aGk=\u{7}", "--code", "\u{8}E"]);
    let (status, rest, _) = watch.finish();
    assert_eq!(status, Some(1));
    assert!(!rest.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{rest:?}");
    assert!(
        rest.contains("t | ab\n") && rest.contains("t | t: complete\n") && rest.contains("t: error: bad (E)\n"),
        "{rest}"
    );
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let hub = TestHub::start();
    let watch = watch(&hub, &["t"]);
    let mut child = watch.hang_up();
    send(&hub, &["t", "--log", "one"]);
    send(&hub, &["t", "--log", "two"]);
    let status = child.wait().unwrap();
    let mut stderr = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut stderr).unwrap();
    assert_eq!((status.code(), stderr.as_str()), (Some(141), ""));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_watch_with_130() {
    let hub = TestHub::start();
    let watch = watch(&hub, &["t"]);
    watch.signal(rustix::process::Signal::INT);
    assert_eq!(watch.finish().0, Some(130));
}

#[cfg(unix)]
#[test]
fn at_a_terminal_there_are_bars_with_the_log_above() {
    let hub = TestHub::start();
    let mut at = common::AtTerminal::start(&["watch", "build", "--url", &hub.url]);
    at.until("-- connected");
    send(&hub, &["build", "--progress", "50", "--stage", "compile"]);
    at.until("compile");
    at.until("50%");
    send(&hub, &["build", "--log", "a line"]);
    at.until("build | a line");
    hub.handle.cut_all();
    at.until("reconnecting (");
    at.until("-- connected again");
    send(&hub, &["build", "--complete"]);
    at.until("✓ complete");
    assert_eq!(at.finish().0, 0);
}

#[test]
fn json_lines_are_sent_and_bad_ones_named() {
    let hub = TestHub::start();
    let watch = watch(&hub, &["t"]);
    let mut sender = steadywire(&["send", "t", "-", "--url", &hub.url])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "{\"progress\":40,\"stage\":\"x\"}\n\nnonsense\n{\"log\":\"a\",\"level\":\"warn\"}\n{\"log\":1}\n{\"complete\":{}}";
    sender.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let out = sender.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    let stderr = text(&out.stderr);
    assert!(stderr.contains("line 3: not JSON") && stderr.contains("line 5: log takes text"), "{stderr}");
    let (status, rest, _) = watch.finish();
    assert_eq!(status, Some(0));
    assert!(rest.contains("t 40% x\n") && rest.contains("t | warn: a\n") && rest.ends_with("t: complete\n"), "{rest}");
}

#[test]
fn more_lines_than_any_queue_holds_are_all_sent() {
    let hub = TestHub::start();
    let watch = watch(&hub, &["t", "--json"]);
    let mut sender =
        steadywire(&["send", "t", "--url", &hub.url]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = sender.stdin.take().unwrap();
    for index in 0..3000 {
        writeln!(stdin, "{{\"log\":\"line {index}\"}}").unwrap();
    }
    writeln!(stdin, "{{\"complete\":null}}").unwrap();
    drop(stdin);
    let out = sender.wait_with_output().unwrap();
    assert_eq!((out.status.code(), text(&out.stderr)), (Some(0), String::new()));
    // A slow watcher may miss some, for the hub remembers only a part; the sender's part is done.
    assert!(hub.handle.stats().messages_in >= 3001, "{:?}", hub.handle.stats());
    let (status, rest, _) = watch.finish();
    assert_eq!(status, Some(0), "{rest}");
}

#[test]
fn what_cannot_be_delivered_is_lost() {
    let out = output(&["send", "t", "--log", "x", "--url", NOWHERE, "--timeout", "100ms"]);
    assert_eq!(out.status.code(), Some(3));
    assert!(text(&out.stderr).contains("not delivered to ws://127.0.0.1:1/ws within 0.1 s"), "{}", text(&out.stderr));
}

#[test]
fn a_secret_is_needed_where_one_is_set_and_never_shown() {
    let mut serve = Reading::start(steadywire(&["serve", "--listen", "127.0.0.1:0", "--token", "hush"]));
    let url = serve.line().strip_prefix("listening on ").unwrap().to_owned();
    let refused = output(&["send", "t", "--log", "x", "--url", &url, "--token", "wrong-secret", "--timeout", "1h"]);
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused.stderr));
    assert!(!text(&refused.stderr).contains("wrong-secret"));
    assert!(text(&refused.stderr).contains("401"), "{}", text(&refused.stderr));
    let out = steadywire(&["send", "t", "--log", "x", "--url", &url]).env("STEADYWIRE_TOKEN", "hush").output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    serve.child.kill().unwrap();
    serve.child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn serve_ends_in_good_order() {
    let mut serve = Reading::start(steadywire(&["serve", "--listen", "127.0.0.1:0"]));
    let url = serve.line().strip_prefix("listening on ").unwrap().to_owned();
    assert!(url.starts_with("ws://127.0.0.1:") && url.ends_with("/ws"), "{url}");
    let address = &url["ws://".len()..url.len() - "/ws".len()];
    let second = output(&["serve", "--listen", address]);
    assert_eq!(second.status.code(), Some(3), "{}", text(&second.stderr));
    serve.signal(rustix::process::Signal::TERM);
    assert_eq!(serve.finish().0, Some(0));
    let open = output(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(open.status.code(), Some(2), "without a token only this machine: {}", text(&open.stderr));
}

#[test]
fn the_demo_keeps_its_promise() {
    let out = output(&["demo"]);
    let shown = text(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{shown}{}", text(&out.stderr));
    assert_eq!(shown.matches("-- connected again").count(), 2, "{shown}");
    assert_eq!(shown.matches("demo: complete").count(), 1, "{shown}");
    assert!(shown.contains("-- reconnecting (") && shown.contains("reconnected 2 times"), "{shown}");
    assert!(shown.contains("120 of 120 log lines arrived, each exactly once; 0 gaps; 1 outcome"), "{shown}");
}
