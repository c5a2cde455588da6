//! What may happen inside a callback, and what never happens around one.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod client_support;

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client_support::{PATIENCE, Server};
use steadywire::{Client, Conflate, ErrorKind, ErrorSource, Event, EventKind, Level, ListenerId, Message, State};

/// What a callback found out, for the test's thread to judge.
type Findings = Sender<(&'static str, String)>;

/// Every call there is, made inside a callback.
fn call_everything(client: &Client, findings: &Findings) {
    let tell = |what, found: String| findings.send((what, found)).unwrap();
    let refused =
        |result: Result<(), steadywire::Error>| result.map_or_else(|e| e.kind().name().to_owned(), |()| "ok".into());
    tell("connect", refused(client.connect(Some("a")).wait()));
    tell("connect_timeout", refused(client.connect(None).wait_timeout(Duration::from_secs(60))));
    tell("flush", refused(client.flush().wait()));
    tell("subscribe", refused(client.subscribe("b")));
    tell("unsubscribe", refused(client.unsubscribe("b")));
    tell(
        "send",
        refused(client.send(Message::log("t", Level::Info, "m")).and_then(|receipt| receipt.wait().map(drop))),
    );
    tell("wait", refused(client.wait("c").and_then(|outcome| outcome.wait().map(drop))));
    let mut follow = client.follow("d").unwrap();
    tell("next_timeout", refused(follow.next_timeout(Duration::from_secs(60)).map(drop)));
    let blocked: Vec<_> = std::iter::from_fn(|| follow.next_blocking()).collect();
    let [Event::Error(error)] = &*blocked else { panic!("one error event should come, not {blocked:?}") };
    tell("next_blocking", format!("{} {}", error.source.name(), error.code));
    drop(client.report("e").unwrap());
    let listener = client.on(EventKind::Gap, |_| {});
    tell("off", client.off(listener).to_string());
    client.off(client.once(EventKind::Gap, |_| {}));
    client.off(client.on_any(|_| {}));
    tell("state", client.state().name().to_owned());
    tell("current", client.current_task_id().unwrap_or_default());
    tell("stats", client.stats_json()[..1].to_owned());
    tell("reconnect", refused(client.reconnect().wait()));
    tell("disconnect", refused(client.disconnect().wait()));
}

#[test]
fn every_call_is_legal_inside_a_callback_and_waiting_is_refused() {
    let server = Server::start();
    let (client, link) = server.connected();
    let (findings, found) = channel();
    let weak = client.downgrade();
    client.once(EventKind::Progress, move |_| {
        call_everything(&weak.upgrade().expect("the test holds the client"), &findings);
    });
    let (states, stopped) = channel();
    client.on(EventKind::StateChange, move |event| {
        if let Event::StateChange(change) = event {
            states.send(change.state).unwrap();
        }
    });
    link.progress("t", 1.0);
    let found: Vec<_> = std::iter::from_fn(|| found.recv_timeout(PATIENCE).ok()).collect();
    let expected = [
        // Connected already, but the answer comes through the thread that waits for it.
        ("connect", "would_deadlock"),
        ("connect_timeout", "would_deadlock"),
        ("flush", "would_deadlock"),
        ("subscribe", "ok"),
        ("unsubscribe", "ok"),
        ("send", "would_deadlock"),
        ("wait", "would_deadlock"),
        ("next_timeout", "would_deadlock"),
        ("next_blocking", "callback would_deadlock"),
        ("off", "true"),
        ("state", "connected"),
        ("current", "d"),
        ("stats", "{"),
        ("reconnect", "would_deadlock"),
        ("disconnect", "would_deadlock"),
    ];
    assert_eq!(found, expected.map(|(what, found)| (what, found.to_owned())));
    // What was begun inside the callback takes its course.
    while stopped.recv_timeout(PATIENCE).unwrap() != State::Disconnected {}
    client.disconnect().wait().unwrap();
}

#[test]
fn waiting_for_another_client_inside_a_callback_is_allowed() {
    let server = Server::start();
    let (client, link) = server.connected();
    let (sender, found) = channel();
    let other = server.client();
    client.once(EventKind::Progress, move |_| sender.send(other.connect(None).wait()).unwrap());
    link.progress("t", 1.0);
    assert_eq!(found.recv_timeout(PATIENCE).unwrap(), Ok(()));
}

#[test]
fn a_panic_in_a_listener_is_an_event_and_changes_nothing_else() {
    let server = Server::start();
    // Where the listeners' thread lags, newer progress would take the place of older.
    let client = Client::new(server.config().conflate(Conflate::Never)).unwrap();
    client.connect(None).wait().unwrap();
    let link = server.accept();
    let (sender, heard) = channel();
    client.on(EventKind::Progress, |_| panic!("on purpose"));
    client.on_any(move |event| sender.send(event.clone().into_owned()).unwrap());
    link.progress("t", 1.0);
    link.progress("t", 2.0);
    let next = || heard.recv_timeout(PATIENCE).unwrap();
    for expected in [1.0, 2.0] {
        assert!(matches!(next(), Event::Progress(progress) if progress.progress == expected));
        let Event::Error(error) = next() else { panic!("the failure should be told") };
        assert_eq!((error.source, &*error.code), (ErrorSource::Callback, "callback_failed"));
        assert!(error.message.contains("on purpose"), "{}", error.message);
    }
    assert_eq!(client.stats()["callbacks"]["failures"], 2);
    client.disconnect().wait().unwrap();
}

#[test]
fn a_binding_may_tell_of_a_failed_callback() {
    let server = Server::start();
    let (client, _link) = server.connected();
    let (sender, heard) = channel();
    client.on(EventKind::Error, move |event| sender.send(event.clone().into_owned()).unwrap());
    client.callback_failed(Some(EventKind::Error), "only counted");
    client.callback_failed(None, "it threw");
    let Event::Error(error) = heard.recv_timeout(PATIENCE).unwrap() else { panic!("an error should come") };
    assert_eq!((error.source, &*error.code, &*error.message), (ErrorSource::Callback, "callback_failed", "it threw"));
    assert_eq!(client.stats()["callbacks"]["failures"], 2);
    assert_eq!(client.stats()["callbacks"]["lastFailures"][0], "only counted");
}

#[test]
fn off_inside_the_listener_itself_and_from_another_thread() {
    let server = Server::start();
    let (client, link) = server.connected();
    let (sender, heard) = channel();
    let own: Arc<Mutex<Option<ListenerId>>> = Arc::default();
    let (weak, own_id, noted) = (client.downgrade(), own.clone(), sender.clone());
    let mut id = own.lock().unwrap();
    *id = Some(client.on(EventKind::Progress, move |_| {
        let id = own_id.lock().unwrap().take().expect("called once");
        noted.send(("self", weak.upgrade().is_some_and(|client| client.off(id)))).unwrap();
    }));
    drop(id);
    let other = client.on(EventKind::Progress, move |_| sender.send(("other", true)).unwrap());
    link.progress("t", 1.0);
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(("self", true)));
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(("other", true)));
    link.progress("t", 2.0);
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(("other", true)));
    assert!(client.off(other));
    link.progress("t", 3.0);
    client.disconnect().wait().unwrap();
    // Both have let go of their senders without being called again.
    assert!(heard.recv_timeout(PATIENCE).is_err());
    assert!(!client.off(other), "it was off already");
}

#[test]
fn after_disconnect_no_callback_starts_until_the_next_connect() {
    let server = Server::start();
    let (client, link) = server.connected();
    let (sender, heard) = channel();
    client.on(EventKind::Progress, move |_| sender.send(()).unwrap());
    link.progress("t", 1.0);
    heard.recv_timeout(PATIENCE).unwrap();
    client.disconnect().wait().unwrap();
    assert!(heard.try_recv().is_err());
    client.connect(None).wait().unwrap();
    server.accept().progress("t", 2.0);
    heard.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn a_slow_listener_gets_the_latest_progress() {
    let server = Server::start();
    let client = Client::new({
        let mut config = server.config();
        config.max_pending_events = 1000;
        config
    })
    .unwrap();
    let (sender, heard) = channel();
    let (go, may_go) = channel::<()>();
    client.on(EventKind::Progress, move |event| {
        if let Event::Progress(progress) = event {
            sender.send(progress.progress).unwrap();
        }
        let _ = may_go.recv();
    });
    client.connect(Some("t")).wait().unwrap();
    let link = server.accept();
    link.subscribed("t");
    link.progress("t", 0.0);
    assert_eq!(heard.recv_timeout(PATIENCE), Ok(0.0));
    for number in 1..=5000 {
        link.progress("t", f64::from(number) / 50.0);
    }
    client_support::eventually(|| client.stats()["framesIn"] == 5001);
    drop(go);
    let mut rest = Vec::new();
    while rest.last() != Some(&100.0) {
        rest.push(heard.recv_timeout(PATIENCE).expect("the latest progress should come"));
    }
    assert!(rest.len() < 1000, "{} events were held for a slow listener", rest.len());
    assert!(rest.is_sorted(), "in order");
    assert!(client.stats()["inbox"]["conflated"].as_u64() >= Some(4000));
}

#[test]
fn a_listener_hears_why_the_server_was_not_understood() {
    let server = Server::start();
    let (client, link) = server.connected();
    let (sender, heard) = channel();
    client.on(EventKind::Error, move |event| {
        if let Event::Error(error) = event {
            sender.send((error.source, error.code.to_string())).unwrap();
        }
    });
    link.send(&serde_json::json!({"no": "type"}));
    let code = ErrorKind::InvalidMessage.name().to_owned();
    assert_eq!(heard.recv_timeout(PATIENCE), Ok((ErrorSource::Protocol, code)));
}

#[test]
fn a_call_may_call_back_in_order_with_the_events() {
    let server = Server::start();
    let client = server.client();
    let (sender, heard) = channel();
    let tell = |what: &'static str| {
        let sender = sender.clone();
        move |result: String| sender.send((what, result)).unwrap()
    };
    let progress = tell("progress");
    client.on(EventKind::Progress, move |_| progress(String::new()));
    let (connected, asked) = (tell("connected"), tell("wait"));
    client.connect_then(Some("t"), move |result| connected(format!("{result:?}"))).unwrap();
    client.wait_then("t", move |outcome| asked(outcome.unwrap().kind.name().to_owned())).unwrap();
    let link = server.accept();
    link.subscribed("t");
    link.progress("t", 1.0);
    link.complete("t");
    let (sent, flushed, ended) = (tell("sent"), tell("flushed"), tell("disconnected"));
    let next = || heard.recv_timeout(PATIENCE).unwrap();
    assert_eq!(next(), ("connected", "Ok(())".to_owned()));
    assert_eq!(next(), ("progress", String::new()));
    assert_eq!(next(), ("wait", "complete".to_owned()));
    client.send_then(Message::log("t", Level::Info, "m"), move |receipt| sent(format!("{receipt:?}"))).unwrap();
    client.post(Message::log("t", Level::Info, "nobody asks")).unwrap();
    client.flush_then(move |result| flushed(format!("{result:?}"))).unwrap();
    client.disconnect_then(move |result| ended(format!("{result:?}"))).unwrap();
    assert_eq!(link.frame_of("log")["data"]["message"], "m");
    assert_eq!(link.frame_of("log")["data"]["message"], "nobody asks");
    assert_eq!(next(), ("sent", "Ok(Written { ack_unsupported: false })".to_owned()));
    assert_eq!(next(), ("flushed", "Ok(())".to_owned()));
    assert_eq!(next(), ("disconnected", "Ok(())".to_owned()));
    let again = tell("again");
    client.reconnect_then(move |result| again(format!("{result:?}"))).unwrap();
    assert_eq!(next(), ("again", "Ok(())".to_owned()));
}

#[test]
fn what_is_to_be_called_is_dropped_where_the_call_fails_and_where_the_client_goes() {
    let server = Server::start();
    let client = server.client();
    let held = Arc::new(());
    let answer = |held: &Arc<()>| {
        let held = held.clone();
        move |_| drop(held)
    };
    assert_eq!(client.connect_then(Some(""), answer(&held)).unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(Arc::strong_count(&held), 1);
    client.wait_then("t", |_| panic!("the task does not end")).unwrap();
    let waits = held.clone();
    client.wait_then("t", move |_| drop(waits)).unwrap();
    let handle = client.downgrade();
    drop(client);
    assert!(handle.upgrade().is_none(), "it does not keep the client alive");
    client_support::eventually(|| Arc::strong_count(&held) == 1);
}
