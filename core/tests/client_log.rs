//! What operators are told. In a file of its own: the logger is the whole process's.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod client_support;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use client_support::{PATIENCE, Server};
use steadywire::log::set_logger;
use steadywire::{Client, Config, EventKind, Level, Limit, Message};

type Line = (Level, String, String);

/// What was told, but for what was looked for: threads tell side by side, so lines have no order.
struct Lines {
    told: Receiver<Line>,
    seen: Vec<Line>,
}

impl Lines {
    /// The first line that holds `wanted`, told before or yet to come.
    fn next(&mut self, wanted: &str) -> (Level, String) {
        let mut at = self.seen.iter().position(|(_, _, text)| text.contains(wanted));
        while at.is_none() {
            let line = self.told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line holds {wanted}"));
            assert!(!line.2.contains("hunter2"), "credentials are not logged: {}", line.2);
            at = line.2.contains(wanted).then_some(self.seen.len());
            self.seen.push(line);
        }
        let (level, target, _) = self.seen.remove(at.unwrap());
        (level, target)
    }
}

#[test]
fn operators_are_told_what_happens_and_no_credentials() {
    let (sender, told) = channel();
    let mut lines = Lines { told, seen: Vec::new() };
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
    assert_eq!(lines.next("connecting after disconnected"), link(Level::Debug));
    assert_eq!(lines.next("link 1 is up"), link(Level::Info));
    server.accept().close(1011);
    assert_eq!(lines.next("link 1 is gone"), link(Level::Warn));
    assert_eq!(lines.next("attempt 1 follows in "), link(Level::Warn));
    let second = server.accept();
    assert_eq!(lines.next("link 2 is up"), link(Level::Info));
    second.send(&serde_json::json!({"no": "type"}));
    // It waits for a listener, until it is clear that none comes for it.
    client_support::eventually(|| client.stats()["rejected"] == 1);
    client.disconnect().wait().unwrap();
    assert_eq!(lines.next("link 2 is gone"), link(Level::Info));
    client.connect(None).wait().unwrap();
    let third = server.accept();
    assert_eq!(lines.next("nobody listens to errors"), link(Level::Warn));
    client.on(EventKind::Progress, |_| panic!("on purpose"));
    third.progress("t", 1.0);
    assert_eq!(lines.next("a listener for progress panicked: on purpose"), (Level::Error, "callback".to_owned()));
    client.disconnect().wait().unwrap();
    client.post(Message::progress("t", 1.0)).unwrap();
    client.post(Message::progress("t", 2.0)).unwrap();
    client.close();
    assert_eq!(lines.next("1 of the messages to be sent were dropped: closed"), (Level::Warn, "outbox".to_owned()));
    // A server that is not there, and a bound on the attempts.
    let dead = Client::new(config("ws://user:hunter2@127.0.0.1:9/ws").max_connect_attempts(Limit::Times(1))).unwrap();
    dead.connect(None).wait().unwrap_err();
    assert_eq!(lines.next("stopped for good"), link(Level::Error));
    set_logger(Level::Error, None);
    // Lines that were being told still come; then the logger is dropped.
    while lines.told.recv_timeout(PATIENCE).map_err(|error| assert_eq!(error, RecvTimeoutError::Disconnected)).is_ok() {
    }
    // One that panics, also on the thread that does the I/O, ends no client.
    set_logger(Level::Debug, Some(Arc::new(|_, _: &str, _: &str| panic!("on purpose"))));
    let client = server.client();
    client.connect(None).wait().unwrap();
    server.accept().close(1011);
    server.accept();
    client.disconnect().wait().unwrap();
    set_logger(Level::Error, None);
}
