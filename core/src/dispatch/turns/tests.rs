#![allow(clippy::disallowed_methods, reason = "a test may have threads of its own")]

use std::sync::mpsc::{Receiver, channel};

use super::*;

/// Long enough for any machine; reached only when the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

const NOW: Option<Duration> = Some(Duration::ZERO);

/// No test takes as long.
const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

fn turns() -> Arc<Turns> {
    Arc::new(Turns::new(|| {}))
}

/// Polls on another thread. Back when that waits, with what will come of it.
fn waiting(turns: &Arc<Turns>, time: Option<Duration>) -> Receiver<Result<bool, ErrorKind>> {
    let (sender, result) = channel();
    let polling = turns.clone();
    thread::spawn(move || sender.send(polling.poll(time).map_err(|error| error.kind())).unwrap());
    // It is set and the lock is free: whoever set it waits.
    while !lock(&turns.state).polled {
        thread::yield_now();
    }
    result
}

fn kind(turns: &Turns, time: Option<Duration>) -> ErrorKind {
    turns.poll(time).unwrap_err().kind()
}

#[test]
fn a_poll_that_waits_ends_with_the_client() {
    for time in [None, HOUR] {
        let turns = turns();
        let result = waiting(&turns, time);
        let (sender, ran_on) = channel();
        turns.finish(Box::new(move || sender.send(thread::current().id()).unwrap()));
        assert_eq!(result.recv_timeout(PATIENCE), Ok(Err(ErrorKind::Closed)), "{time:?}");
        assert_eq!(ran_on.try_recv(), Ok(thread::current().id()));
    }
}

#[test]
fn a_poll_after_the_end_does_not_begin_to_wait() {
    let turns = turns();
    assert!(!turns.poll(NOW).unwrap());
    turns.finish(Box::new(|| {}));
    for time in [None, NOW, HOUR] {
        assert_eq!(kind(&turns, time), ErrorKind::Closed);
    }
}

#[test]
fn a_poll_in_which_the_client_ends_tells_what_it_did_and_others_that_it_ended() {
    let turns = turns();
    let (entered, has_entered) = channel();
    let (leave, may_leave) = channel::<()>();
    let (sender, ran_on) = channel();
    let (inside, sender_inside) = (turns.clone(), sender.clone());
    turns.add(Box::new(move || {
        entered.send(thread::current().id()).unwrap();
        may_leave.recv().unwrap();
        assert_eq!(kind(&inside, None), ErrorKind::WouldDeadlock, "also after the end");
        sender_inside.send(thread::current().id()).unwrap();
    }));
    let (told, result) = channel();
    let polling = turns.clone();
    thread::spawn(move || {
        told.send(polling.poll(None).map_err(|error| error.kind())).unwrap();
        told.send(polling.poll(None).map_err(|error| error.kind())).unwrap();
    });
    let other = has_entered.recv_timeout(PATIENCE).unwrap();
    assert_eq!(kind(&turns, None), ErrorKind::InvalidState);
    turns.finish(Box::new(move || sender.send(thread::current().id()).unwrap()));
    assert_eq!(kind(&turns, None), ErrorKind::Closed, "though the other one still runs");
    assert!(ran_on.try_recv().is_err(), "what comes last waits for the callback");
    leave.send(()).unwrap();
    assert_eq!(result.recv_timeout(PATIENCE), Ok(Ok(true)));
    assert_eq!(result.recv_timeout(PATIENCE), Ok(Err(ErrorKind::Closed)));
    assert_eq!(ran_on.iter().collect::<Vec<_>>(), [other, other]);
}
