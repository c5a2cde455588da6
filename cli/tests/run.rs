//! `steadywire run`, as a person at a terminal and a script see it.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]
#![cfg(unix)]

mod common;

use std::fs::File;
use std::io::{BufRead, Read, Write};
use std::os::fd::AsFd;
use std::process::{Output, Stdio};

use common::{AtTerminal, NOWHERE, Reading, TestHub, output, steadywire, text};
use rustix::process::Signal;
use serde_json::Value;

/// `run` without a hub, which waits for nothing.
fn run<'a>(command: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["run", "--task", "t", "--url", NOWHERE, "--flush-timeout", "0", "--"];
    all.extend(command);
    all
}

/// Follows task `t`, and gives its events as JSON once `act` is done and the task has ended.
fn reported(hub: &TestHub, act: impl FnOnce(&str)) -> Vec<Value> {
    let mut watch = Reading::start(steadywire(&["watch", "t", "--json", "--url", &hub.url]));
    watch.until("\"connected\"");
    act(&hub.url);
    let (_, rest, _) = watch.finish();
    rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Standard error without the lines that say that it waits, as it may on a busy machine.
fn complaints(out: &Output) -> String {
    text(&out.stderr).split_inclusive('\n').filter(|line| !line.starts_with("steadywire: waiting for ")).collect()
}

fn lines(events: &[Value]) -> Vec<&str> {
    events.iter().filter(|event| event["event"] == "log").map(|event| event["message"].as_str().unwrap()).collect()
}

fn last_of<'a>(events: &'a [Value], kind: &str) -> &'a Value {
    events.iter().rfind(|event| event["event"] == kind).unwrap_or_else(|| panic!("no {kind} in {events:?}"))
}

#[test]
fn output_and_status_are_the_commands_own_without_a_hub() {
    let out = output(&run(&["sh", "-c", "printf 'one\\ntwo'; printf err >&2; exit 7"]));
    assert_eq!((out.status.code(), text(&out.stdout), text(&out.stderr)), (Some(7), "one\ntwo".into(), "err".into()));
}

#[test]
fn every_byte_goes_through_in_both_directions() {
    let mut seed = 1_u32;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    })
    .take(2_000_000)
    .collect();
    let mut child =
        steadywire(&run(&["cat"])).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn({
        let bytes = bytes.clone();
        move || stdin.write_all(&bytes).unwrap()
    });
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(out.stdout == bytes, "{} bytes came back", out.stdout.len());
}

#[test]
fn what_cannot_run_ends_as_in_a_shell() {
    let out = output(&run(&["/nowhere/command"]));
    assert_eq!(out.status.code(), Some(127));
    assert!(text(&out.stderr).contains("command not found"), "{}", text(&out.stderr));
    assert_eq!(output(&run(&["/"])).status.code(), Some(126));
    assert_eq!(output(&run(&["sh", "-c", "kill -KILL $$"])).status.code(), Some(137));
    assert_eq!(output(&["run", "--task", "t", "--url", "http://x", "--", "true"]).status.code(), Some(2));
}

#[test]
fn signals_reach_the_command() {
    let command = "trap 'echo got; exit 5' TERM; trap 'echo usr' USR1; echo ready; while :; do sleep 0.02; done";
    let mut run = Reading::start(steadywire(&run(&["sh", "-c", command])));
    run.until("ready");
    run.signal(Signal::USR1);
    run.until("usr");
    run.signal(Signal::TERM);
    assert_eq!(run.finish(), (Some(5), "got\n".into(), String::new()));
}

#[test]
fn a_reader_that_leaves_ends_the_command_as_without_us() {
    let mut run = Reading::start(steadywire(&run(&["yes"])));
    run.line();
    let status = run.hang_up().wait().unwrap();
    assert_eq!(status.code(), Some(141), "{status}");
}

#[test]
fn ignored_signals_stay_ignored() {
    // `trap ''` hands "ignored" down, as nohup does.
    let script = format!(
        "trap '' HUP; exec {} run --task t --url {NOWHERE} --flush-timeout 0 -- sh -c 'kill -HUP $PPID; kill -HUP $$; echo alive'",
        env!("CARGO_BIN_EXE_steadywire")
    );
    let out = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!((out.status.code(), text(&out.stdout)), (Some(0), "alive\n".into()));
}

#[test]
fn lines_progress_and_the_end_are_reported() {
    let hub = TestHub::start();
    let script = "printf '\\033[32mgreen\\033[0m\\n'; echo warn >&2; sleep 0.1; printf '\\r10%%\\r20%% half\\r\\033[K'; \
                  echo 'Step 3/4: link'; printf 'tail \\377'";
    let events = reported(&hub, |url| {
        let out = output(&["run", "--task", "t", "--url", url, "--", "sh", "-c", script]);
        assert_eq!(out.status.code(), Some(0));
        assert!(text(&out.stdout).contains("\u{1b}[32mgreen"), "passed through unchanged");
        assert_eq!(complaints(&out), "warn\n");
    });
    let mut seen = lines(&events);
    seen.sort_unstable();
    assert_eq!(seen, ["Step 3/4: link", "green", "tail \u{fffd}", "warn"]);
    let warn = events.iter().find(|event| event["message"] == "warn").unwrap();
    assert_eq!((&warn["level"], &warn["metadata"]["stream"]), (&"info".into(), &"stderr".into()));
    let progress = last_of(&events, "progress");
    assert_eq!((&progress["progress"], &progress["stage"]), (&75.into(), &"Step".into()));
    let complete = last_of(&events, "complete");
    assert_eq!(complete["data"]["exitStatus"], 0);
}

#[test]
fn failure_is_an_error_with_its_status() {
    for (command, status, message, code) in [
        (&["sh", "-c", "exit 3"][..], 3, "exit status 3", "exit_3"),
        (&["sh", "-c", "kill -TERM $$"], 143, "killed by signal 15", "signal_15"),
        (&["/nowhere/command"], 127, "/nowhere/command: command not found", "not_started"),
    ] {
        let hub = TestHub::start();
        let events = reported(&hub, |url| {
            let mut arguments = vec!["run", "--task", "t", "--url", url, "--"];
            arguments.extend(command);
            assert_eq!(output(&arguments).status.code(), Some(status));
        });
        let error = last_of(&events, "error");
        assert_eq!((&error["message"], &error["code"]), (&message.into(), &code.into()));
    }
}

#[test]
fn many_and_long_lines_all_arrive_in_order() {
    let hub = TestHub::start();
    // No more than the hub's history holds, so that a slow watcher misses nothing.
    let script = "i=0; while [ $i -lt 900 ]; do echo line $i; i=$((i+1)); done; head -c 20000 /dev/zero | tr '\\0' x";
    let events = reported(&hub, |url| {
        let out = output(&["run", "--task", "t", "--url", url, "--flush-timeout", "60", "--", "sh", "-c", script]);
        assert_eq!((out.status.code(), &*complaints(&out)), (Some(0), ""));
    });
    let seen = lines(&events);
    let expected: Vec<String> = (0..900).map(|index| format!("line {index}")).collect();
    assert_eq!(seen[..900], expected);
    assert_eq!(seen[900..].iter().map(|line| line.len()).collect::<Vec<_>>(), [8192, 8192, 3616]);
}

#[test]
fn a_missing_hub_costs_one_line_at_the_end() {
    let out = output(&["run", "--task", "t", "--url", NOWHERE, "--flush-timeout", "50ms", "--", "echo", "hi"]);
    assert_eq!((out.status.code(), text(&out.stdout)), (Some(0), "hi\n".into()));
    let stderr = text(&out.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("may not know how task t ended"), "{stderr}");
}

#[test]
fn a_signal_ends_the_wait_for_a_missing_hub() {
    let arguments = ["run", "--task", "t", "--url", NOWHERE, "--flush-timeout", "1h", "--", "sh", "-c", "exit 6"];
    let mut run = Reading::start(steadywire(&arguments));
    let mut stderr = std::io::BufReader::new(run.child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains("waiting for ws://127.0.0.1:1/ws"), "{line}");
    run.signal(Signal::INT);
    assert_eq!(run.finish().0, Some(6));
}

#[test]
fn a_process_left_behind_that_goes_on_writing_does_not_hold_us() {
    let hub = TestHub::start();
    // It ends when nobody reads it any more.
    let script = "while echo tick; do sleep 0.02; done & printf 'gone\\nlast' >&2; exit 3";
    let events = reported(&hub, |url| {
        let run = Reading::start(steadywire(&["run", "--task", "t", "--url", url, "--", "sh", "-c", script]));
        // Many times what it writes until we leave it.
        let (status, _, stderr) = run.finish_within(5_000);
        assert!(status == Some(3) && stderr.starts_with("gone\nlast"), "{status:?}, {stderr}");
    });
    assert_eq!(last_of(&events, "error")["message"], "exit status 3");
    assert!(lines(&events).contains(&"gone") && lines(&events).contains(&"last"), "{events:?}");
}

#[test]
fn a_signal_after_the_end_of_the_command_ends_the_wait_for_a_reader() {
    // More than one pipe holds and less than two: the command ends though nobody reads us.
    let script = "head -c 90000 /dev/zero; echo $$ >&2; exit 6";
    let mut run = Reading::start(steadywire(&run(&["sh", "-c", script])));
    let mut line = String::new();
    std::io::BufReader::new(run.child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let command = rustix::process::Pid::from_raw(line.trim().parse().unwrap()).unwrap();
    while rustix::process::test_kill_process(command).is_ok() {
        std::thread::yield_now();
    }
    run.signal(Signal::INT);
    assert_eq!(run.child.wait().unwrap().code(), Some(6));
    let (_, rest, _) = run.finish();
    assert!(rest.len() < 90_000, "a reader that reads nothing was waited for");
}

#[test]
fn a_hub_that_refuses_is_not_waited_for() {
    let mut serve = Reading::start(steadywire(&["serve", "--listen", "127.0.0.1:0", "--token", "hush"]));
    let url = serve.line().strip_prefix("listening on ").unwrap().to_owned();
    let out = output(&["run", "--task", "t", "--url", &url, "--flush-timeout", "1h", "--", "echo", "hi"]);
    let stderr = text(&out.stderr);
    assert_eq!((out.status.code(), text(&out.stdout)), (Some(0), "hi\n".into()));
    assert!(stderr.contains("may not know how task t ended") && stderr.contains("401"), "{stderr}");
    serve.child.kill().unwrap();
    serve.child.wait().unwrap();
}

#[test]
fn at_a_terminal_the_command_has_a_terminal_too() {
    let script = "test -t 0 && test -t 1 && test -t 2 && echo all three; stty size; read line; echo \"got $line\"; \
                  trap 'stty size; exit 4' WINCH; echo waiting; while :; do sleep 0.02; done";
    let mut at = AtTerminal::start(&run(&["sh", "-c", script]));
    at.until("all three\r\n");
    at.until("33 77\r\n");
    at.type_in("hello\n");
    at.until("got hello\r\n");
    at.until("waiting\r\n");
    rustix::termios::tcsetwinsize(
        &at.terminal,
        rustix::termios::Winsize { ws_row: 20, ws_col: 50, ws_xpixel: 0, ws_ypixel: 0 },
    )
    .unwrap();
    at.until("20 50\r\n");
    assert_eq!(at.finish().0, 4);
}

#[test]
fn ctrl_c_at_a_terminal_reaches_the_command_once() {
    ctrl_c_once(&[]);
    ctrl_c_once(&["--no-pty"]);
}

fn ctrl_c_once(options: &[&str]) {
    let script =
        "trap 'n=$((n+1)); echo int' INT; trap 'echo $n; exit 9' TERM; n=0; echo ready; while :; do sleep 0.02; done";
    let mut arguments = run(&["sh", "-c", script]);
    arguments.splice(1..1, options.iter().copied());
    let mut at = AtTerminal::start(&arguments);
    at.until("ready\r\n");
    at.type_in("\u{3}");
    at.until("int\r\n");
    rustix::process::kill_process(rustix::process::Pid::from_child(&at.child), Signal::TERM).unwrap();
    at.until("1\r\n");
    assert_eq!(at.finish().0, 9);
}

#[test]
fn the_terminal_is_given_back_as_it_was() {
    let script = format!(
        "before=$(stty -g); {} run --task t --url {NOWHERE} --flush-timeout 0 -- sh -c 'stty raw; kill -KILL $$'; echo status $?; \
         test \"$before\" = \"$(stty -g)\" && echo same",
        env!("CARGO_BIN_EXE_steadywire")
    );
    let (master, slave) = pty_process::blocking::open().unwrap();
    let mut child = pty_process::blocking::Command::new("sh").args(["-c", &script]).spawn(slave).unwrap();
    let mut shown = String::new();
    let mut block = [0; 4096];
    let mut terminal = File::from(master.as_fd().try_clone_to_owned().unwrap());
    while let Ok(count @ 1..) = terminal.read(&mut block) {
        shown.push_str(&text(&block[..count]));
    }
    assert!(child.wait().unwrap().success(), "{shown}");
    assert!(shown.contains("status 137") && shown.contains("same"), "{shown}");
}
