//! Clients whose callbacks run where the program polls, and clients that are ended while handles are left.

#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(clippy::disallowed_methods, reason = "a test may have threads of its own")]

mod client_support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use client_support::{PATIENCE, Server};
use steadywire::{Client, ErrorKind, Event, EventKind, LostReason, OutcomeKind, Poll};

const NOW: Option<Duration> = Some(Duration::ZERO);

fn polled(server: &Server) -> (Client, Poll, Receiver<()>) {
    let (bell, rung) = channel();
    let (client, poll) = Client::polled(server.config(), move || bell.send(()).unwrap_or(())).unwrap();
    (client, poll, rung)
}

/// Polls until a callback has run. A bell may come late, for what has been run already: then a poll calls nobody.
fn poll_until(poll: &Poll, called: &AtomicUsize) {
    while called.load(Ordering::Relaxed) == 0 {
        poll.run(Some(PATIENCE)).unwrap();
    }
}

/// Polls until something has been heard.
fn until_heard<T>(poll: &Poll, heard: &Receiver<T>) -> T {
    for _ in 0..1000 {
        if let Ok(heard) = heard.try_recv() {
            return heard;
        }
        poll.run(Some(PATIENCE)).unwrap();
    }
    panic!("nothing was heard");
}

/// Tells when it is dropped, and on which thread.
struct Dropped(std::sync::mpsc::Sender<thread::ThreadId>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.send(thread::current().id()).unwrap();
    }
}

#[test]
fn callbacks_run_where_the_program_polls() {
    let server = Server::start();
    let (client, poll, rung) = polled(&server);
    assert!(!poll.run(NOW).unwrap(), "nothing is due");
    let (sender, heard) = channel();
    client.on(EventKind::Progress, move |_| sender.send(thread::current().id()).unwrap());
    let (connected, is_connected) = channel();
    client.connect_then(Some("t"), move |result| connected.send((result, thread::current().id())).unwrap()).unwrap();
    rung.recv_timeout(PATIENCE).expect("the program should be woken");
    let this = thread::current().id();
    assert_eq!(until_heard(&poll, &is_connected), (Ok(()), this));
    let link = server.accept();
    link.subscribed("t");
    while poll.run(NOW).unwrap() {}
    link.progress("t", 1.0);
    // It may be woken for what a run has done already, so the bell alone says little.
    while !poll.is_due() {
        rung.recv_timeout(PATIENCE).unwrap();
    }
    assert!(heard.try_recv().is_err(), "nothing runs before the program polls");
    assert_eq!(until_heard(&poll, &heard), this);
}

#[test]
fn calls_that_wait_run_what_is_due() {
    let server = Server::start();
    let (client, _poll, _rung) = polled(&server);
    let (sender, heard) = channel();
    client.on(EventKind::Progress, move |_| sender.send(thread::current().id()).unwrap());
    client.connect(Some("t")).wait().unwrap();
    let link = server.accept();
    link.subscribed("t");
    let mut follow = client.follow("t").unwrap();
    let outcome = client.wait("t").unwrap();
    link.progress("t", 1.0);
    assert!(matches!(follow.next_timeout(PATIENCE), Ok(Some(Event::Progress(_)))));
    assert_eq!(heard.try_recv(), Ok(thread::current().id()));
    assert_eq!(follow.next_timeout(Duration::ZERO).unwrap_err().kind(), ErrorKind::Timeout);
    link.complete("t");
    assert_eq!(outcome.wait().unwrap().kind, OutcomeKind::Complete);
    assert!(matches!(follow.next_blocking(), Some(Event::Complete(_))));
    assert!(follow.next_blocking().is_none());
    client.disconnect().wait().unwrap();
}

#[test]
fn one_thread_polls_at_a_time_and_none_inside_a_callback() {
    let server = Server::start();
    let (client, poll, _rung) = polled(&server);
    let (entered, has_entered) = channel();
    let (leave, may_leave) = channel::<()>();
    let (inner, called) = (poll.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = called.clone();
    client.once(EventKind::Progress, move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        entered.send(inner.run(NOW).unwrap_err().kind()).unwrap();
        may_leave.recv().unwrap();
    });
    client.connect(Some("t")).wait().unwrap();
    server.accept().progress("t", 1.0);
    let polling = poll.clone();
    let other = thread::spawn(move || poll_until(&polling, &called));
    assert_eq!(has_entered.recv_timeout(PATIENCE), Ok(ErrorKind::WouldDeadlock));
    assert_eq!(poll.run(Some(PATIENCE)).unwrap_err().kind(), ErrorKind::InvalidState);
    // A call that waits does so while the other thread is in the callback.
    let flushing = thread::spawn(move || client.flush().wait());
    leave.send(()).unwrap();
    other.join().unwrap();
    flushing.join().unwrap().unwrap();
}

#[test]
fn what_goes_first_runs_before_the_callbacks() {
    let server = Server::start();
    let (client, poll, rung) = polled(&server);
    let order: Arc<Mutex<Vec<&str>>> = Arc::default();
    let noted = order.clone();
    client.once(EventKind::Progress, move |_| noted.lock().unwrap().push("callback"));
    client.connect(Some("t")).wait().unwrap();
    let link = server.accept();
    link.progress("t", 1.0);
    while !poll.is_due() {
        rung.recv_timeout(PATIENCE).unwrap();
    }
    let (noted, inside) = (order.clone(), client.downgrade());
    poll.run_first(move || {
        let inside = inside.upgrade().unwrap();
        assert_eq!(inside.end_wait(None).unwrap_err().kind(), ErrorKind::WouldDeadlock);
        assert_eq!(inside.flush().wait().unwrap_err().kind(), ErrorKind::WouldDeadlock);
        noted.lock().unwrap().push("first");
    });
    while order.lock().unwrap().len() < 2 {
        poll.run(Some(PATIENCE)).unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["first", "callback"]);
}

#[test]
fn the_last_handle_drops_what_listeners_hold_on_its_thread() {
    let server = Server::start();
    let (client, poll, _rung) = polled(&server);
    let (sender, dropped) = channel();
    let held = Dropped(sender);
    client.on(EventKind::Progress, move |_| {
        let _held = &held;
    });
    client.connect(None).wait().unwrap();
    drop(client);
    assert_eq!(dropped.try_recv(), Ok(thread::current().id()));
    assert_eq!(poll.run(None).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(server.accept().end(), Some(1000));
}

#[test]
fn a_poll_on_another_thread_ends_with_the_last_handle() {
    let server = Server::start();
    for ends in [drop as fn(Client), |client| client.end(), |client| client.end_wait(Some(PATIENCE)).unwrap()] {
        let (client, poll, _rung) = polled(&server);
        let (sender, dropped) = channel();
        let held = Dropped(sender);
        client.on_any(move |_| {
            let _held = &held;
        });
        client.connect(None).wait().unwrap();
        let (sender, ended) = channel();
        let polling = poll.clone();
        thread::spawn(move || {
            loop {
                match polling.run(None).map_err(|error| error.kind()) {
                    // The look below came first.
                    Ok(_) | Err(ErrorKind::InvalidState) => {}
                    Err(kind) => break sender.send(kind).unwrap(),
                }
            }
        });
        client_support::eventually(|| poll.run(NOW).is_err_and(|error| error.kind() == ErrorKind::InvalidState));
        ends(client);
        assert_eq!(ended.recv_timeout(PATIENCE), Ok(ErrorKind::Closed));
        assert!(dropped.recv_timeout(PATIENCE).is_ok());
    }
}

#[test]
fn an_end_while_another_thread_polls_is_finished_there() {
    let server = Server::start();
    let (client, poll, _rung) = polled(&server);
    let (sender, dropped) = channel();
    let held = Dropped(sender);
    let calls = Arc::new(AtomicUsize::new(0));
    let (entered, has_entered) = channel();
    let (leave, may_leave) = channel::<()>();
    let counted = calls.clone();
    client.on(EventKind::Progress, move |_| {
        let _held = &held;
        counted.fetch_add(1, Ordering::Relaxed);
        entered.send(()).unwrap();
        may_leave.recv().unwrap();
    });
    client.connect(Some("t")).wait().unwrap();
    let link = server.accept();
    link.progress("t", 1.0);
    link.progress("t", 2.0);
    let called = calls.clone();
    let polling = thread::spawn(move || poll_until(&poll, &called));
    has_entered.recv_timeout(PATIENCE).unwrap();
    client.end();
    assert!(dropped.try_recv().is_err(), "not while it is called");
    assert_eq!(client.end_wait(NOW).unwrap_err().kind(), ErrorKind::Timeout);
    leave.send(()).unwrap();
    client.end_wait(Some(PATIENCE)).unwrap();
    assert_eq!(dropped.try_recv(), Ok(polling.thread().id()));
    assert_eq!(calls.load(Ordering::Relaxed), 1, "no call starts after the end");
    polling.join().unwrap();
    assert_eq!(link.end(), Some(1000));
}

#[test]
fn an_end_answers_all_that_waits() {
    let server = Server::start();
    let (client, link) = server.connected();
    let held = Arc::new(());
    let holding = held.clone();
    client.on_any(move |_| drop(holding.clone()));
    let holding = held.clone();
    client.wait_then("t", move |_| drop(holding)).unwrap();
    let outcome = client.wait("t").unwrap();
    let mut follow = client.follow("t").unwrap();
    let reporter = client.report("r").unwrap();
    link.subscribed("t");
    let waiting = thread::spawn(move || outcome.wait());
    client.end_wait(Some(PATIENCE)).unwrap();
    assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(Arc::strong_count(&held), 1);
    let last: Vec<_> = std::iter::from_fn(|| follow.next_blocking()).filter(|e| e.kind() == EventKind::Lost).collect();
    assert!(matches!(&*last, [Event::Lost(lost)] if lost.reason == LostReason::Closed), "{last:?}");
    assert_eq!(reporter.progress(1.0, "", "").unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(client.connect(None).wait().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(client.follow("t").unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(link.end(), Some(1000), "the end was a polite one");
    client.end_wait(NOW).unwrap();
}

#[test]
fn an_end_cannot_be_waited_for_inside_a_callback() {
    let server = Server::start();
    let (client, link) = server.connected();
    let (sender, found) = channel();
    let weak = client.downgrade();
    client.on(EventKind::Progress, move |_| sender.send(weak.upgrade().unwrap().end_wait(None)).unwrap());
    link.progress("t", 1.0);
    assert_eq!(found.recv_timeout(PATIENCE).unwrap().unwrap_err().kind(), ErrorKind::WouldDeadlock);
}

#[test]
fn a_follow_is_stopped_from_another_thread() {
    let server = Server::start();
    let (client, _link) = server.connected();
    let (polled, _poll, _rung) = polled(&server);
    for client in [client, polled] {
        let mut follow = client.follow("t").unwrap();
        let stop = follow.stopper();
        let reading = thread::spawn(move || std::iter::from_fn(|| follow.next_blocking()).count());
        stop();
        reading.join().unwrap();
    }
}

#[test]
fn cursors_go_from_one_client_to_the_next() {
    let server = Server::start();
    let (client, link) = server.connected();
    client.subscribe("t").unwrap();
    link.subscribed("t");
    link.hello(&["resume"]);
    let data = serde_json::json!({"taskId": "t", "progress": 1});
    link.send(&serde_json::json!({"type": "progress", "taskId": "t", "seq": 7, "epoch": "e", "data": data}));
    client_support::eventually(|| client.stats()["framesIn"] == 2);
    let cursors = client.cursors();
    assert_eq!(cursors, serde_json::json!({"t": {"epoch": "e", "seq": 7}}));
    let mut config = server.config();
    config.set("cursors", &cursors).unwrap();
    assert_eq!(Client::new(config).unwrap().cursors(), cursors);
}
