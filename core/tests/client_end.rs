//! How clients end: in the background, completely, and without leaving anything behind.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod client_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use client_support::{PATIENCE, Server, eventually};
use steadywire::consumer::Consumer;
use steadywire::event::{Batch, Item, Settlement};
use steadywire::session::{Draft, DraftKind, LeaseKind};
use steadywire::{Client, ErrorKind, Event, EventKind, Level, LostReason, Message, OutcomeKind, Receipt, State};

#[test]
fn the_last_handle_writes_the_outbox_and_says_goodbye() {
    let server = Server::start();
    let (client, link) = server.connected();
    let clone = client.clone();
    drop(client);
    for number in 0..100 {
        drop(clone.send(Message::log("t", Level::Info, number.to_string())).unwrap());
    }
    drop(clone);
    for number in 0..100 {
        assert_eq!(link.frame_of("log")["data"]["message"], number.to_string());
    }
    assert_eq!(link.end(), Some(1000));
}

#[test]
fn what_the_listeners_hold_is_dropped_with_the_last_handle() {
    let server = Server::start();
    let (client, _link) = server.connected();
    let held = Arc::new(());
    let weak = Arc::downgrade(&held);
    client.on(EventKind::Progress, move |_| drop(held.clone()));
    let handle = client.downgrade();
    drop(client);
    assert!(handle.upgrade().is_none());
    eventually(|| weak.upgrade().is_none());
}

#[test]
fn the_last_handle_may_be_dropped_inside_a_callback() {
    let server = Server::start();
    let (client, link) = server.connected();
    let weak = client.downgrade();
    let (entered, has_entered) = channel();
    let (dropped, was_dropped) = channel();
    let (calls, called) = channel();
    client.on(EventKind::Progress, move |_| {
        calls.send(()).unwrap();
        let last = weak.upgrade().expect("the test holds the client");
        entered.send(()).unwrap();
        was_dropped.recv_timeout(PATIENCE).unwrap();
        drop(last);
    });
    link.progress("t", 1.0);
    link.progress("t", 2.0);
    has_entered.recv_timeout(PATIENCE).unwrap();
    drop(client);
    dropped.send(()).unwrap();
    assert_eq!(link.end(), Some(1000));
    assert_eq!(called.iter().count(), 1, "no callback starts afterwards, and the listener is gone");
}

#[test]
fn a_pending_a_follow_and_a_reporter_keep_the_client_alive() {
    let server = Server::start();
    let (client, link) = server.connected();
    let weak = client.downgrade();
    let outcome = client.wait("t").unwrap();
    let follow = client.follow("t").unwrap();
    let reporter = client.report("r").unwrap();
    drop(client);
    link.subscribed("t");
    link.complete("t");
    assert_eq!(outcome.wait().unwrap().kind, OutcomeKind::Complete);
    assert_eq!(follow.into_iter().count(), 1);
    assert!(weak.upgrade().is_some());
    let receipt = reporter.complete("1");
    link.frame_of("complete");
    assert_eq!(receipt.wait().unwrap(), Receipt::Written { ack_unsupported: true });
    eventually(|| weak.upgrade().is_none());
    assert_eq!(link.end(), Some(1000));
}

#[test]
fn close_ends_everything_at_once() {
    let server = Server::start();
    let (client, link) = server.connected();
    let outcome = client.wait("t").unwrap();
    let mut follow = client.follow("t").unwrap();
    link.subscribed("t");
    client.close();
    assert_eq!(outcome.wait().unwrap().reason, Some(LostReason::Closed));
    assert!(matches!(follow.next_timeout(PATIENCE), Ok(Some(Event::Lost(_)))));
    assert_eq!(link.end(), None);
    assert_eq!(client.connect(None).wait().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(client.subscribe("t").unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(client.follow("t").unwrap_err().kind(), ErrorKind::Closed);
    client.close();
}

#[test]
fn a_thousand_clients_come_and_go() {
    const CLIENTS: usize = 1000;
    const AT_A_TIME: usize = 100;
    let server = Server::start();
    let mut gone = Vec::new();
    for _ in 0..CLIENTS / AT_A_TIME {
        let clients: Vec<Client> = (0..AT_A_TIME).map(|_| server.client()).collect();
        let pending: Vec<_> = clients.iter().map(|client| client.connect(Some("t"))).collect();
        for pending in pending {
            pending.wait().unwrap();
        }
        gone.extend(clients.iter().map(Client::downgrade));
        drop(clients);
        for _ in 0..AT_A_TIME {
            assert_eq!(server.accept().end(), Some(1000));
        }
    }
    assert!(gone.iter().all(|client| client.upgrade().is_none()));
    assert_eq!(gone.len(), CLIENTS);
    #[cfg(target_os = "linux")]
    {
        let named = |name: &str| {
            let threads = std::fs::read_dir("/proc/self/task").unwrap();
            let names = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("comm")).ok());
            names.filter(|thread| thread.trim_end() == name).count()
        };
        assert_eq!(named("steadywire-io"), 1);
        assert!(named("steadywire-work") < CLIENTS / 2, "the dispatch threads are shared");
    }
}

#[test]
fn a_consumer_takes_its_events_itself() {
    let server = Server::start();
    let (bell, rung) = channel();
    let consumer = Consumer::new(server.config(), Box::new(move || bell.send(()).unwrap_or(()))).unwrap();
    let ticket = consumer.number();
    consumer.connect(ticket, Some("t")).unwrap();
    let mut batch = Batch::new();
    let mut next = |wanted: &dyn Fn(&Item<'_>) -> bool| {
        loop {
            rung.recv_timeout(PATIENCE).unwrap();
            while consumer.take(&mut batch, 64) {}
            if batch.iter().any(|item| wanted(&item)) {
                return;
            }
        }
    };
    next(&|item| matches!(item, Item::Settled(settled, Settlement::Connected(Ok(()))) if *settled == ticket));
    let link = server.accept();
    link.subscribed("t");
    link.progress("t", 1.0);
    next(&|item| matches!(item, Item::Event(Event::Progress(_))));
    assert_eq!(consumer.stats()["framesIn"], 1);
    drop(consumer);
    assert_eq!(link.end(), Some(1000));
    let error = std::iter::repeat_with(|| rung.recv_timeout(PATIENCE)).find_map(Result::err);
    assert_eq!(error, Some(RecvTimeoutError::Disconnected), "the bell is dropped");
}

/// A consumer whose bell panics once on the thread that does the I/O when it is told to, as a defect there would.
fn faulty(config: steadywire::Config) -> (Consumer, Arc<AtomicBool>, Receiver<()>) {
    let armed = Arc::new(AtomicBool::new(false));
    let (bell, rung) = channel();
    let trigger = Arc::clone(&armed);
    let ring = move || {
        let drives = std::thread::current().name() == Some("steadywire-io");
        assert!(!(drives && trigger.swap(false, Ordering::AcqRel)), "on purpose");
        bell.send(()).unwrap_or(());
    };
    (Consumer::new(config, Box::new(ring)).unwrap(), armed, rung)
}

/// Takes until an entry is the one that is wanted.
fn take_until(consumer: &Consumer, rung: &Receiver<()>, mut is_it: impl FnMut(Item<'_>) -> bool) {
    let mut batch = Batch::new();
    loop {
        rung.recv_timeout(PATIENCE).unwrap();
        let mut more = true;
        let mut found = false;
        while more {
            more = consumer.take(&mut batch, 64);
            for item in batch.iter() {
                found |= is_it(item);
            }
        }
        if found {
            return;
        }
    }
}

/// END-8
#[test]
fn a_defect_of_the_driver_settles_what_is_open_and_ends_the_client() {
    let server = Server::start();
    let (consumer, armed, rung) = faulty(server.config());
    consumer.connect(1, Some("t")).unwrap();
    take_until(&consumer, &rung, |item| matches!(item, Item::Settled(1, _)));
    let link = server.accept();
    link.subscribed("t");
    link.hello(&["ack"]);
    let kind = DraftKind::Log { level: Level::Info, message: "m", metadata: None };
    consumer.lease(2, "t", LeaseKind::Wait).unwrap();
    consumer.send(3, Draft { kind, task: "t", timestamp: None, ack: true }).unwrap();
    consumer.flush(4).unwrap();
    link.frame_of("log");
    armed.store(true, Ordering::Release);
    link.progress("t", 1.0);
    let mut seen = Vec::new();
    take_until(&consumer, &rung, |item| {
        match item {
            Item::Settled(2, Settlement::Outcome(outcome)) => seen.push(format!("{:?}", outcome.reason)),
            Item::Settled(ticket, settlement) => seen.push(format!("{ticket} {settlement:?}")),
            Item::Event(Event::Lost(lost)) => seen.push(format!("lost {}", lost.task_id)),
            Item::Event(Event::StateChange(change)) => seen.push(format!("{:?}", change.state)),
            Item::Event(Event::Error(error)) => {
                assert!(error.message.contains("defect") && error.message.contains("on purpose"), "{}", error.message);
                seen.push(format!("{} {}", error.code, error.fatal));
                return true;
            }
            Item::Event(_) => {}
        }
        false
    });
    let told = ["3 Receipt(Unknown)", "4 Flushed", "lost t", "Some(Closed)", "Error", "internal true"];
    assert_eq!(seen, told);
    assert_eq!(link.end(), None);
    assert_eq!(consumer.state(), State::Error);
    assert_eq!(consumer.connect(5, None).unwrap_err().kind(), ErrorKind::Internal);
}

/// END-8
#[test]
fn a_defect_of_the_driver_fails_those_who_wait_for_the_link() {
    let (consumer, armed, rung) = faulty(steadywire::Config::new("ws://127.0.0.1:1/ws"));
    armed.store(true, Ordering::Release);
    consumer.connect(1, None).unwrap();
    take_until(&consumer, &rung, |item| match item {
        Item::Settled(1, Settlement::Connected(result)) => {
            assert_eq!(result.as_ref().unwrap_err().kind(), ErrorKind::Internal);
            true
        }
        _ => false,
    });
}
