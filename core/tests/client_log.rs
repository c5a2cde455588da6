//! What operators are told. In a file of its own: the logger is the whole process's.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod client_support;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use client_support::{PATIENCE, Server};
use steadywire::log::set_logger;
use steadywire::{Client, Config, EventKind, Level, Limit, Message};

fn next(lines: &Receiver<(Level, String, String)>, wanted: &str) -> (Level, String) {
    loop {
        let (level, target, text) = lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line holds {wanted}"));
        assert!(!text.contains("hunter2"), "credentials are not logged: {text}");
        if text.contains(wanted) {
            return (level, target);
        }
    }
}

#[test]
fn operators_are_told_what_happens_and_no_credentials() {
    let (sender, lines) = channel();
    let logger = move |level, target: &str, text: &str| {
        // Some lines come after the test has seen enough.
        let _ = sender.send((level, target.to_owned(), text.to_owned()));
    };
    set_logger(Level::Debug, Some(Arc::new(logger)));
    let server = Server::start();
    let url = server.url.replace("ws://", "ws://user:hunter2@");
    let config = |url: &str| Config::new(format!("{url}?token=hunter2")).token("hunter2").reconnect_interval(10);
    let client = Client::new(config(&url)).unwrap();
    client.connect(None).wait().unwrap();
    let link = |level| (level, "link".to_owned());
    assert_eq!(next(&lines, "connecting after disconnected"), link(Level::Debug));
    assert_eq!(next(&lines, "link 1 is up"), link(Level::Info));
    server.accept().close(1011);
    assert_eq!(next(&lines, "link 1 is gone"), link(Level::Warn));
    assert_eq!(next(&lines, "attempt 1 follows in "), link(Level::Warn));
    let second = server.accept();
    assert_eq!(next(&lines, "link 2 is up"), link(Level::Info));
    second.send(&serde_json::json!({"no": "type"}));
    // It waits for a listener, until it is clear that none comes for it.
    client_support::eventually(|| client.stats()["rejected"] == 1);
    client.disconnect().wait().unwrap();
    assert_eq!(next(&lines, "link 2 is gone"), link(Level::Info));
    client.connect(None).wait().unwrap();
    let third = server.accept();
    assert_eq!(next(&lines, "nobody listens to errors"), link(Level::Warn));
    client.on(EventKind::Progress, |_| panic!("on purpose"));
    third.progress("t", 1.0);
    assert_eq!(next(&lines, "a listener for progress panicked: on purpose"), (Level::Error, "callback".to_owned()));
    client.disconnect().wait().unwrap();
    client.post(Message::progress("t", 1.0)).unwrap();
    client.post(Message::progress("t", 2.0)).unwrap();
    client.close();
    assert_eq!(next(&lines, "1 of the messages to be sent were dropped: closed"), (Level::Warn, "outbox".to_owned()));
    // A server that is not there, and a bound on the attempts.
    let dead = Client::new(config("ws://user:hunter2@127.0.0.1:9/ws").max_connect_attempts(Limit::Times(1))).unwrap();
    dead.connect(None).wait().unwrap_err();
    assert_eq!(next(&lines, "stopped for good"), link(Level::Error));
    set_logger(Level::Error, None);
    // Lines that were being told still come; then the logger is dropped.
    while lines.recv_timeout(PATIENCE).map_err(|error| assert_eq!(error, RecvTimeoutError::Disconnected)).is_ok() {}
    // One that panics, also on the thread that does the I/O, ends no client.
    set_logger(Level::Debug, Some(Arc::new(|_, _: &str, _: &str| panic!("on purpose"))));
    let client = server.client();
    client.connect(None).wait().unwrap();
    server.accept().close(1011);
    server.accept();
    client.disconnect().wait().unwrap();
    set_logger(Level::Error, None);
}
