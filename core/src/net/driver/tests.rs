//! Rounds over a socket that the test plays: what the reactor tells late cannot be had from a real one at will.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::config::Config;
use crate::error::ErrorKind;
use crate::event::Event;

/// What arrives, as far as the reactor knows.
type Arrived = Arc<Mutex<VecDeque<Received>>>;

/// A socket that takes frames and cannot write them.
struct Deaf(Arrived);

impl Socket for Deaf {
    fn poll_recv(&mut self, _: &mut Context<'_>) -> Poll<Received> {
        self.0.lock().unwrap().pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(&mut self, _: Frame) -> Result<(), Failed> {
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Err(Failed::new(ErrorKind::ConnectionLost, "broken pipe")))
    }
}

/// A driver whose link has just failed to write its first frame, and the round that follows.
fn failed_to_write() -> (Arc<Shared>, Driver, Arrived, Round) {
    let shared = Shared::undriven(Config::new("ws://localhost/"));
    shared.interest().want_all();
    shared.input(Input::Connect { ticket: 1, task: Some("t") }).unwrap();
    let mut driver = Driver::new((None, None));
    round(&mut driver, &shared, None);
    let generation = driver.dialing.take().unwrap().0;
    let arrived = Arrived::default();
    round(&mut driver, &shared, Some((generation, Ok(Box::new(Deaf(Arc::clone(&arrived)))))));
    assert!(driver.send(&mut context()), "that is looked at in another round at once");
    let next = round(&mut driver, &shared, None);
    (shared, driver, arrived, next)
}

fn round(driver: &mut Driver, shared: &Shared, dialed: Option<(Generation, Dialed)>) -> Round {
    driver.round(shared, dialed, Answers { credentials: None, disposition: None }, &mut context())
}

fn context() -> Context<'static> {
    Context::from_waker(std::task::Waker::noop())
}

/// The codes of errors and the close codes that were told.
fn told(shared: &Shared) -> Vec<String> {
    let mut batch = crate::event::Batch::new();
    shared.take(&mut batch, usize::MAX);
    let events = (0..batch.len()).filter_map(|index| match batch.get(index) {
        crate::event::Item::Event(Event::Error(error)) => Some(error.code.to_string()),
        crate::event::Item::Event(Event::Disconnected(gone)) => Some(format!("{:?}", gone.close_code)),
        _ => None,
    });
    events.collect()
}

#[test]
fn a_close_that_came_with_a_failure_to_write_counts() {
    let (shared, mut driver, arrived, next) = failed_to_write();
    assert!(next.ask && !next.again, "the reactor is asked first");
    assert!(told(&shared).is_empty());
    arrived.lock().unwrap().push_back(Received::Close { code: Some(4400), reason: "go away".into() });
    driver.asked = true;
    round(&mut driver, &shared, None);
    assert_eq!(told(&shared), ["Some(4400)", "refused"]);
}

#[test]
fn a_failure_to_write_alone_is_a_broken_link_once_the_reactor_was_asked() {
    let (shared, mut driver, _arrived, next) = failed_to_write();
    assert!(next.ask);
    driver.asked = true;
    round(&mut driver, &shared, None);
    assert_eq!(told(&shared), ["connection_lost", "None"]);
}
