//! A client for bindings: it takes its events itself, and waits in its own way.
//!
//! [`Consumer`] is what [`Client`](crate::Client) stands on, without callbacks, futures and a dispatch thread. A
//! binding gives a bell; when it rings, the binding wakes a thread of its own and calls [`Consumer::take`] there until
//! nothing is left. Calls that are answered later carry a [`Ticket`] of the binding's choice; the answer comes as an
//! [`Item::Settled`] among the events, in order with them.
//!
//! Threads: everything but `take` may be called on any thread at any time and returns at once; only one thread may be
//! in `take`. The bell is called on any thread, often the I/O thread, without a lock: it may call anything here, must
//! return quickly, and had better only wake somebody.

mod questions;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

pub use questions::{MAX_QUESTIONS, Question, Questions};
use serde_json::{Value, json};

use crate::config::Config;
use crate::dispatch::{ALL_KINDS, Source, Turns, Work};
use crate::error::{Error, ErrorKind};
use crate::event::{Batch, Event, Item, State};
use crate::gate::Gate;
use crate::inbox::{Bell, Interest};
use crate::message::check_draft;
use crate::net::{self, Shared};
use crate::session::{Draft, Input, LeaseId, LeaseKind, Now, Session, Ticket};

/// Answers the disconnect that follows the last handle; nobody else has this ticket.
const END: Ticket = Ticket::MAX;

/// How much is taken at a time when nobody wants it any more.
const DISCARD: usize = 65_536;

/// A client that takes its events itself. See the [module's documentation](self).
///
/// Dropping it ends the client in the background as `disconnect` does: where the link is up, the outbox is written
/// and acknowledged for at most 3 s, then the link is closed and everything freed.
pub struct Consumer {
    shared: Arc<Shared>,
    next: AtomicU64,
    ending: AtomicBool,
    /// Opens when the last disconnect is done and everything freed.
    closed: Arc<Gate>,
    turns: Option<Arc<Turns>>,
}

impl Consumer {
    /// Makes a client that does nothing yet. It wants every kind of event; see [`interest`](Self::interest).
    ///
    /// # Errors
    /// An option with a value it cannot take, or no runtime to be had.
    pub fn new(config: Config, bell: Bell) -> Result<Self, Error> {
        let consumer = Self::without_bell(config, None)?;
        consumer.shared.interest().want_all();
        consumer.shared.set_bell(Some(bell));
        Ok(consumer)
    }

    /// With `turns`, what is spawned waits there.
    pub(crate) fn without_bell(config: Config, turns: Option<Arc<Turns>>) -> Result<Self, Error> {
        let shared = Shared::start(config)?;
        Ok(Self { shared, next: AtomicU64::new(1), ending: AtomicBool::new(false), closed: Arc::default(), turns })
    }

    pub(crate) fn set_bell(&self, bell: Bell) {
        self.shared.set_bell(Some(bell));
    }

    /// Takes the next `max` entries, at most; what `into` holds is forgotten. True = more are left, and the bell will
    /// not ring for them.
    pub fn take(&self, into: &mut Batch, max: usize) -> bool {
        let more = self.shared.take(into, max);
        if self.ending.load(Ordering::Acquire) {
            close_at_end(&self.shared, &self.closed, into);
        }
        more
    }

    /// Which events are wanted. What nobody wants costs less.
    pub fn interest(&self) -> &Interest {
        self.shared.interest()
    }

    /// A number that was not given before, for a ticket or a lease. A binding may use numbers of their own instead,
    /// from 1 to `u64::MAX - 1`.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// As [`Client::connect`](crate::Client::connect). Settles `Connected`.
    ///
    /// # Errors
    /// Misuse; nothing has changed then, and nothing settles. So with all the calls below.
    pub fn connect(&self, ticket: Ticket, task: Option<&str>) -> Result<(), Error> {
        self.input(Input::Connect { ticket, task })
    }

    /// As [`Client::reconnect`](crate::Client::reconnect). Settles `Connected`.
    ///
    /// # Errors
    /// Misuse.
    pub fn reconnect(&self, ticket: Ticket) -> Result<(), Error> {
        self.input(Input::Reconnect { ticket })
    }

    /// As [`Client::disconnect`](crate::Client::disconnect). Settles `Disconnected`.
    ///
    /// # Errors
    /// Misuse.
    pub fn disconnect(&self, ticket: Ticket) -> Result<(), Error> {
        self.input(Input::Disconnect { ticket })
    }

    /// As [`Client::flush`](crate::Client::flush). Settles `Flushed`.
    ///
    /// # Errors
    /// Misuse.
    pub fn flush(&self, ticket: Ticket) -> Result<(), Error> {
        self.input(Input::Flush { ticket })
    }

    /// As [`Client::subscribe`](crate::Client::subscribe).
    ///
    /// # Errors
    /// Misuse.
    pub fn subscribe(&self, task: &str) -> Result<(), Error> {
        self.input(Input::Subscribe { task })
    }

    /// As [`Client::unsubscribe`](crate::Client::unsubscribe).
    ///
    /// # Errors
    /// Misuse.
    pub fn unsubscribe(&self, task: &str) -> Result<(), Error> {
        self.input(Input::Unsubscribe { task })
    }

    /// Something begins to want a task. Settles `Outcome` under the lease's number for a follow and a wait.
    ///
    /// # Errors
    /// Misuse.
    pub fn lease(&self, lease: LeaseId, task: &str, kind: LeaseKind) -> Result<(), Error> {
        self.input(Input::Lease { lease, task, kind })
    }

    /// It ends. A follow or wait that is not settled yet settles now, as lost.
    ///
    /// # Errors
    /// Misuse.
    pub fn unlease(&self, lease: LeaseId) -> Result<(), Error> {
        self.input(Input::Unlease { lease })
    }

    /// As [`Client::send`](crate::Client::send). Settles `Receipt`. Ticket 0: nobody waits. JSON texts are not
    /// checked here.
    ///
    /// # Errors
    /// Misuse, and a full outbox.
    pub fn send(&self, ticket: Ticket, message: Draft<'_>) -> Result<(), Error> {
        check_draft(&message)?;
        self.input(Input::Send { ticket, message })
    }

    /// The connection's state now.
    pub fn state(&self) -> State {
        self.shared.read(|session| session.state()).unwrap_or_default()
    }

    /// The latest connected or subscribed task that is still wanted.
    pub fn current_task_id(&self) -> Option<String> {
        self.shared.read(|session| session.current_task().map(str::to_owned)).ok().flatten()
    }

    /// The statistics of the session and of its inbox, with the names every language uses.
    pub fn stats(&self) -> Value {
        let Ok(mut stats) = self.shared.read(|session| session.stats().to_json()) else { return Value::Null };
        let inbox = self.shared.inbox().stats(net::now().mono_ms);
        if let Some(map) = stats.as_object_mut() {
            let inbox = json!({
                "pendingEvents": inbox.pending_events, "pendingBytes": inbox.pending_bytes,
                "oldestMs": inbox.oldest_age_ms, "conflated": inbox.conflated, "dropped": inbox.dropped,
                "unwanted": inbox.unwanted, "paused": inbox.paused,
            });
            map.insert("inbox".to_owned(), inbox);
        }
        stats
    }

    /// The cursors of all tasks as a JSON object, ready for the option `cursors` of a later client.
    pub fn cursors(&self) -> Value {
        let cursors = self.shared.read(Session::cursors).unwrap_or_default();
        let entry = |(task, epoch, seq)| (task, json!({ "epoch": epoch, "seq": seq }));
        Value::Object(cursors.into_iter().map(entry).collect())
    }

    /// Fails where the client cannot work any more: ended, or made before a fork.
    fn check(&self) -> Result<(), Error> {
        self.check_process()?;
        if self.ending.load(Ordering::Acquire) {
            return Err(Error::new(ErrorKind::Closed, "the client has been freed; make a new one"));
        }
        Ok(())
    }

    /// Fails in a forked child.
    pub(crate) fn check_process(&self) -> Result<(), Error> {
        self.shared.check_process()
    }

    fn input(&self, input: Input<'_>) -> Result<(), Error> {
        self.check()?;
        self.shared.input(input)
    }

    pub(crate) fn turns(&self) -> Option<&Arc<Turns>> {
        self.turns.as_ref()
    }

    /// Waits until what [`end`](Self::end) began is done.
    pub(crate) fn wait_closed(&self, time: Option<Duration>) -> bool {
        self.closed.wait(time)
    }

    /// Puts an event of the program's own, such as a failed callback, behind what waits.
    pub fn emit(&self, event: Event<'_>) {
        self.shared.emit(event);
    }

    /// Frees the client at once: the link is cut, what waits is settled and told, later calls fail with
    /// [`ErrorKind::Closed`].
    pub fn close(&self) {
        self.shared.close();
    }

    /// No handle is left: disconnects, then closes. Nothing is delivered any more.
    pub(crate) fn end(&self) {
        if self.begin_end() {
            self.go_on_to_end();
        }
    }

    /// Refuses what comes from here on. Whether that is new.
    pub(crate) fn begin_end(&self) -> bool {
        !self.ending.swap(true, Ordering::AcqRel)
    }

    /// Does the rest of [`end`](Self::end).
    pub(crate) fn go_on_to_end(&self) {
        self.shared.interest().set_kinds(0);
        if self.shared.input(Input::Disconnect { ticket: END }).is_err() {
            // Closed already, or as many wait for a disconnect as may: then it is not written any further.
            self.shared.close();
            self.closed.open();
            return;
        }
        let weak = Arc::downgrade(&self.shared);
        let closed = Arc::clone(&self.closed);
        let discard = move || {
            let Some(shared) = weak.upgrade() else { return };
            let mut batch = Batch::new();
            while shared.take(&mut batch, DISCARD) {
                close_at_end(&shared, &closed, &batch);
            }
            close_at_end(&shared, &closed, &batch);
        };
        self.shared.set_bell(Some(Box::new(discard)));
    }
}

impl Source for Consumer {
    fn take(&self, batch: &mut Batch, max: usize) -> bool {
        Consumer::take(self, batch, max)
    }

    fn set_interest(&self, kinds: u32) {
        if kinds == ALL_KINDS {
            self.interest().want_all();
        } else {
            self.interest().set_kinds(kinds);
        }
    }

    fn spawn(&self, run: Work) {
        match &self.turns {
            Some(turns) => turns.add(run),
            // There is a runtime, or this would not have been made; in a forked child nothing comes here.
            None => drop(net::spawn_blocking(run)),
        }
    }

    fn now(&self) -> Now {
        net::now()
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("state", &self.state()).finish_non_exhaustive()
    }
}

/// Closes once the last disconnect is settled.
fn close_at_end(shared: &Shared, closed: &Gate, batch: &Batch) {
    if batch.iter().any(|item| matches!(item, Item::Settled(END, _))) {
        shared.close();
        closed.open();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::DraftKind;
    use crate::session::limits::MAX_WAITERS;

    #[test]
    fn the_last_handle_closes_where_as_many_wait_for_a_disconnect_as_may() {
        let shared = Shared::undriven(Config::new("ws://localhost/"));
        shared.input(Input::Connect { ticket: 0, task: None }).unwrap();
        shared.input(Input::Opened { generation: 1 }).unwrap();
        let message = Draft { kind: DraftKind::Status { data: "1" }, task: "t", timestamp: None, ack: false };
        shared.input(Input::Send { ticket: 0, message }).unwrap();
        for _ in 0..MAX_WAITERS {
            shared.input(Input::Disconnect { ticket: 0 }).unwrap();
        }
        assert!(shared.input(Input::Disconnect { ticket: 0 }).is_err(), "nothing has been written, so none has ended");
        let (next, ending) = (AtomicU64::new(1), AtomicBool::new(false));
        drop(Consumer { shared: shared.clone(), next, ending, closed: Arc::default(), turns: None });
        let error = shared.input(Input::Connect { ticket: 0, task: None }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "or its driver would live for ever");
    }
}
