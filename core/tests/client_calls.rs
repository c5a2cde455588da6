//! The calls of a client, against a server that answers step by step.

mod client_support;

use std::sync::mpsc::channel;

use client_support::{PATIENCE, Server, eventually};
use futures_util::StreamExt;
use serde_json::json;
use steadywire::{DropReason, ErrorKind, Event, EventKind, Level, LostReason, Message, OutcomeKind, Receipt, State};

#[test]
fn connect_subscribes_and_listeners_hear() {
    let server = Server::start();
    let client = server.client();
    assert_eq!(client.state(), State::Disconnected);
    let (sender, heard) = channel();
    client.on(EventKind::Progress, move |event| {
        let thread = std::thread::current().name().map(str::to_owned);
        sender.send((event.clone().into_owned(), thread)).unwrap();
    });
    client.connect(Some("t")).wait().unwrap();
    assert_eq!(client.state(), State::Connected);
    assert_eq!(client.current_task_id().as_deref(), Some("t"));
    let link = server.accept();
    link.subscribed("t");
    link.progress("t", 42.5);
    let (event, thread) = heard.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(event, Event::Progress(progress) if progress.progress == 42.5 && progress.task_id == "t"));
    assert_eq!(thread.as_deref(), Some("steadywire-work"), "callbacks never run on the I/O thread");
    client.unsubscribe("t").unwrap();
    assert_eq!(link.frame()["data"]["action"], "unsubscribe");
    client.disconnect().wait().unwrap();
    assert_eq!(client.state(), State::Disconnected);
    assert_eq!(link.end(), Some(1000));
}

#[test]
fn a_follow_ends_with_the_outcome_and_a_known_one_comes_at_once() {
    let server = Server::start();
    let client = server.client();
    let follow = client.follow("t").unwrap();
    assert_eq!(follow.task_id(), "t");
    let link = server.accept();
    link.subscribed("t");
    link.progress("t", 1.0);
    link.progress("other", 2.0);
    link.log("t", "line");
    link.complete("t");
    let kinds: Vec<_> = follow.into_iter().map(|event| event.kind()).collect();
    assert_eq!(kinds, [EventKind::Progress, EventKind::Log, EventKind::Complete]);
    let outcome = client.wait("t").unwrap().wait().unwrap();
    assert_eq!((outcome.kind, outcome.data.as_str()), (OutcomeKind::Complete, r#"{"result":7}"#));
    let mut again = client.follow("t").unwrap();
    assert!(matches!(again.next_timeout(PATIENCE), Ok(Some(Event::Complete(_)))));
    assert_eq!(again.next_timeout(PATIENCE), Ok(None));
    assert!(again.has_ended());
}

#[test]
fn a_wait_that_is_dropped_unsubscribes() {
    let server = Server::start();
    let (client, link) = server.connected();
    let pending = client.wait("t").unwrap();
    link.subscribed("t");
    drop(pending);
    assert_eq!(link.frame()["data"]["action"], "unsubscribe");
}

#[test]
fn a_follow_that_is_dropped_unsubscribes_and_disconnect_ends_the_others_as_lost() {
    let server = Server::start();
    let (client, link) = server.connected();
    let follow = client.follow("t").unwrap();
    let mut other = client.follow("u").unwrap();
    link.subscribed("t");
    link.subscribed("u");
    drop(follow);
    let frame = link.frame();
    assert_eq!((&frame["taskId"], &frame["data"]["action"]), (&json!("t"), &json!("unsubscribe")));
    client.disconnect().wait().unwrap();
    let lost = other.next_timeout(PATIENCE).unwrap();
    assert!(matches!(lost, Some(Event::Lost(lost)) if lost.reason == LostReason::Disconnected));
    assert_eq!(other.next_blocking(), None);
}

#[test]
fn everything_can_be_awaited() {
    let server = Server::start();
    let client = server.client();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        client.connect(None).await.unwrap();
        let link = server.accept();
        let mut follow = client.follow("t").unwrap();
        link.subscribed("t");
        link.progress("t", 1.0);
        assert!(matches!(follow.next().await, Some(Event::Progress(_))));
        link.log("t", "a");
        link.complete("t");
        let rest: Vec<_> = follow.map(|event| event.kind()).collect().await;
        assert_eq!(rest, [EventKind::Log, EventKind::Complete]);
        let receipt = client.send(Message::log("t", Level::Info, "m")).unwrap();
        assert_eq!(link.frame_of("log")["data"]["message"], "m");
        client.flush().await.unwrap();
        assert!(receipt.is_ready(), "flush is answered after the receipts before it");
        assert_eq!(receipt.await.unwrap(), Receipt::Written { ack_unsupported: false });
        client.disconnect().await.unwrap();
    });
}

#[test]
fn after_a_connect_the_first_listener_misses_nothing() {
    let server = Server::start();
    let (client, link) = server.connected();
    link.progress("t", 5.0);
    eventually(|| client.stats()["framesIn"] == 1);
    let (sender, heard) = channel();
    client.on(EventKind::Progress, move |event| sender.send(event.kind()).unwrap());
    heard.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn a_message_that_cannot_be_sent_says_why() {
    let server = Server::start();
    let client = server.client();
    let receipt = client.send(Message::log("t", Level::Info, "m")).unwrap();
    assert_eq!(client.send(Message::progress("", 1.0)).unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(client.subscribe("").unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(client.follow("").unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(client.connect(Some("")).wait().unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(client.state(), State::Disconnected, "a call that fails does nothing");
    client.disconnect().wait().unwrap();
    assert_eq!(receipt.wait().unwrap(), Receipt::Dropped(DropReason::Disconnected));
    let refused = steadywire::Client::new(steadywire::Config::new("http://localhost")).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidUrl);
}

#[test]
fn a_connect_that_cannot_succeed_fails_after_its_attempts() {
    let config = steadywire::Config::new("ws://127.0.0.1:1/ws").reconnect_interval(1).max_reconnect_backoff(1);
    let client = steadywire::Client::new(config.max_connect_attempts(steadywire::Limit::Times(2))).unwrap();
    let error = client.connect(None).wait().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AttemptsExhausted, "{error}");
    assert_eq!(client.state(), State::Error);
}

#[test]
fn a_lost_link_is_restored_with_its_subscriptions() {
    let server = Server::start();
    let client = server.client();
    let (sender, states) = channel();
    client.on(EventKind::StateChange, move |event| {
        if let Event::StateChange(change) = event {
            sender.send(change.state).unwrap();
        }
    });
    client.connect(Some("t")).wait().unwrap();
    let link = server.accept();
    link.subscribed("t");
    link.close(1012);
    let link = server.accept();
    link.subscribed("t");
    let seen: Vec<_> = (0..4).map(|_| states.recv_timeout(PATIENCE).unwrap()).collect();
    assert_eq!(seen, [State::Connecting, State::Connected, State::Reconnecting, State::Connected]);
    client.reconnect().wait().unwrap();
    server.accept().subscribed("t");
}

#[test]
fn a_reporter_reports_and_its_end_is_acknowledged() {
    let server = Server::start();
    let client = server.client();
    let reporter = client.report("t").unwrap();
    let link = server.accept();
    link.hello(&["ack"]);
    eventually(|| client.stats()["framesIn"] == 1);
    reporter.progress(40.0, "stage", "message").unwrap();
    assert_eq!(link.frame_of("progress")["data"]["stage"], "stage");
    reporter.log(Level::Warn, "line").unwrap();
    assert_eq!(link.frame_of("log")["data"]["level"], "warn");
    reporter.status(r#"{"step":3}"#).unwrap();
    assert_eq!(link.frame_of("status")["data"]["step"], 3);
    let receipt = reporter.complete(r#"{"ok":true}"#);
    let frame = link.frame_of("complete");
    assert_eq!(frame["data"], json!({"ok": true}));
    link.ack(&frame);
    assert_eq!(receipt.wait().unwrap(), Receipt::Acked);
}

#[test]
fn a_reporter_without_an_end_reports_that_it_was_abandoned() {
    let server = Server::start();
    let (client, link) = server.connected();
    drop(client.report("t").unwrap());
    let frame = link.frame_of("error");
    assert_eq!((&frame["taskId"], &frame["data"]["code"]), (&json!("t"), &json!("abandoned")));
    let failed = client.report("u").unwrap().complete("not json");
    assert_eq!(failed.wait().unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(link.frame_of("error")["data"]["code"], "invalid_result");
    drop(client.report("v").unwrap().fail("broken", "E42"));
    let frame = link.frame_of("error");
    assert_eq!(frame["data"]["code"], "E42");
    assert_eq!(frame["data"]["error"], "broken");
}

#[test]
fn a_reporter_that_is_kept_goes_on_where_its_end_cannot_be_sent() {
    let server = Server::start();
    let (client, link) = server.connected();
    let reporter = client.report("t").unwrap();
    assert_eq!(reporter.try_complete("{").unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert!(!reporter.has_ended());
    reporter.progress(1.0, "", "").unwrap();
    let (sender, heard) = channel();
    reporter.complete_then("1", move |receipt| sender.send(receipt).unwrap()).unwrap();
    assert!(reporter.has_ended());
    assert_eq!(reporter.progress(2.0, "", "").unwrap_err().kind(), ErrorKind::InvalidState);
    assert_eq!(reporter.try_fail("m", "c").unwrap_err().kind(), ErrorKind::InvalidState);
    link.frame_of("complete");
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), Ok(Receipt::Written { ack_unsupported: true }));
    drop(reporter);
    let (sender, heard) = channel();
    let failing = client.report("u").unwrap();
    failing.fail_then("broken", "E42", move |receipt| sender.send(receipt).unwrap()).unwrap();
    let frame = link.frame_of("error");
    assert_eq!((&frame["taskId"], &frame["data"]["code"]), (&json!("u"), &json!("E42")), "no end of its own before");
    heard.recv_timeout(PATIENCE).unwrap().unwrap();
}

#[test]
fn statistics_are_json() {
    let server = Server::start();
    let (client, _link) = server.connected();
    let _listener = client.on_any(|_| {});
    let stats: serde_json::Value = serde_json::from_str(&client.stats_json()).unwrap();
    assert_eq!(stats["state"], "connected");
    assert_eq!(stats["callbacks"]["listeners"], 1);
    assert_eq!(stats["inbox"]["paused"], false);
}
