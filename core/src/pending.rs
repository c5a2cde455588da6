//! The answer to a call, later: a future that can also be waited for.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::dispatch::{Turns, in_callback_of};
use crate::error::{Error, ErrorKind};
use crate::event::Settlement;
use crate::session::{LeaseId, Ticket};

/// The answer to a call that has begun already.
///
/// A future for any executor, and [`wait`](Self::wait) for programs without one. Dropping it cancels nothing; only a
/// dropped [`Client::wait`](crate::Client::wait) stops wanting its task. It keeps the client alive.
///
/// It is answered in order with the events, by the thread that runs the callbacks: when it is, every event before
/// it has been handed to the callbacks. An executor that blocks inside a callback until a `Pending` of the same client
/// is answered waits for itself; `wait` says so instead.
#[must_use = "the call has begun, but its answer is only here"]
pub struct Pending<T> {
    state: PendingState,
    read: fn(Settlement) -> Option<Result<T, Error>>,
}

/// What a [`Pending`] needs of its client.
pub(crate) trait Owner: Send + Sync {
    /// Those who wait.
    fn waiters(&self) -> &Waiters;
    /// The client's number, for [`in_callback_of`].
    fn id(&self) -> u64;
    /// Fails where no answer can come any more, as in a forked child.
    fn check(&self) -> Result<(), Error>;
    /// Ends a lease.
    fn unlease(&self, lease: LeaseId);
    /// Where callbacks wait for a thread of the program, which one that waits then is.
    fn turns(&self) -> Option<&Turns>;
}

enum PendingState {
    Waiting { slot: Arc<Slot>, ticket: Ticket, owner: Arc<dyn Owner>, lease: bool },
    Failed(Error),
    Taken,
}

impl<T> Pending<T> {
    /// An answer that is awaited under `ticket`; with `lease`, the ticket is a lease that ends with this.
    pub(crate) fn new(
        owner: Arc<dyn Owner>,
        ticket: Ticket,
        slot: Arc<Slot>,
        lease: bool,
        read: fn(Settlement) -> Option<Result<T, Error>>,
    ) -> Self {
        Self { state: PendingState::Waiting { slot, ticket, owner, lease }, read }
    }

    /// The answer to a call that did not begin.
    pub(crate) fn failed(error: Error) -> Self {
        Self { state: PendingState::Failed(error), read: |_| None }
    }

    /// Blocks until the answer is there.
    ///
    /// # Errors
    /// What the call ended with; [`ErrorKind::WouldDeadlock`] inside a callback of the same client, unless the answer
    /// is there already.
    pub fn wait(mut self) -> Result<T, Error> {
        self.wait_at_most(None)
    }

    /// Blocks until the answer is there, or for `time`. The answer can still be waited for afterwards.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), and [`ErrorKind::Timeout`] when the time is over.
    pub fn wait_timeout(&mut self, time: Duration) -> Result<T, Error> {
        self.wait_at_most(Some(time))
    }

    /// Whether the answer is there.
    pub fn is_ready(&self) -> bool {
        match &self.state {
            PendingState::Waiting { slot, .. } => lock(&slot.state).answer.is_some(),
            PendingState::Failed(_) => true,
            PendingState::Taken => false,
        }
    }

    fn wait_at_most(&mut self, time: Option<Duration>) -> Result<T, Error> {
        let PendingState::Waiting { slot, owner, .. } = &self.state else { return self.take() };
        let may_wait = !in_callback_of(owner.id());
        let mut state = lock(&slot.state);
        if state.answer.is_none() && !may_wait {
            return Err(would_deadlock());
        }
        if state.answer.is_none() {
            // Not under the lock: this takes the session's.
            drop(state);
            owner.check()?;
            if let Some(turns) = owner.turns() {
                turns.run_until(time, || lock(&slot.state).answer.is_some())?;
            }
            state = lock(&slot.state);
        }
        state = match time {
            None => {
                let waited = slot.ready.wait_while(state, |state| state.answer.is_none());
                waited.unwrap_or_else(PoisonError::into_inner)
            }
            Some(time) => {
                let time = if owner.turns().is_some() { Duration::ZERO } else { time };
                let waited = slot.ready.wait_timeout_while(state, time, |state| state.answer.is_none());
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if state.answer.is_none() {
            return Err(Error::new(ErrorKind::Timeout, "the answer did not come in time; the call goes on"));
        }
        drop(state);
        self.take()
    }

    /// Takes the answer, which is there.
    fn take(&mut self) -> Result<T, Error> {
        match std::mem::replace(&mut self.state, PendingState::Taken) {
            PendingState::Failed(error) => Err(error),
            PendingState::Taken => Err(Error::new(ErrorKind::InvalidState, "the answer has been taken already")),
            PendingState::Waiting { slot, ticket, owner, lease } => {
                let answer = lock(&slot.state).answer.take();
                owner.waiters().forget(ticket);
                if lease {
                    owner.unlease(ticket);
                }
                match answer {
                    Some(Err(error)) => Err(error),
                    Some(Ok(settlement)) => (self.read)(settlement).unwrap_or_else(|| Err(mismatch())),
                    None => Err(mismatch()),
                }
            }
        }
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let PendingState::Waiting { slot, .. } = &this.state {
            let mut state = lock(&slot.state);
            if state.answer.is_none() {
                state.wake_later(cx.waker());
                return Poll::Pending;
            }
        }
        Poll::Ready(this.take())
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        if let PendingState::Waiting { ticket, owner, lease, .. } = &self.state {
            owner.waiters().forget(*ticket);
            if *lease {
                owner.unlease(*ticket);
            }
        }
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("ready", &self.is_ready()).finish_non_exhaustive()
    }
}

/// Those who wait for an answer, by ticket: one entry per live [`Pending`] and per function that is to be called, so
/// callers bound it.
#[derive(Default)]
pub(crate) struct Waiters {
    waiting: Mutex<HashMap<Ticket, Waiter>>,
}

enum Waiter {
    Slot(Arc<Slot>),
    /// Called by the thread that runs the callbacks.
    Call(Box<dyn FnOnce(Settlement) + Send>),
}

/// Where one answer is put.
#[derive(Default)]
pub(crate) struct Slot {
    state: Mutex<SlotState>,
    ready: Condvar,
}

#[derive(Default)]
struct SlotState {
    answer: Option<Result<Settlement, Error>>,
    waker: Option<Waker>,
}

impl Waiters {
    /// A place for the answer to `ticket`. To be made before the call begins.
    pub(crate) fn expect(&self, ticket: Ticket) -> Arc<Slot> {
        let slot = Arc::new(Slot::default());
        lock(&self.waiting).insert(ticket, Waiter::Slot(slot.clone()));
        slot
    }

    /// Calls `function` with the answer to `ticket`. To be made before the call begins.
    pub(crate) fn call(&self, ticket: Ticket, function: Box<dyn FnOnce(Settlement) + Send>) {
        lock(&self.waiting).insert(ticket, Waiter::Call(function));
    }

    /// Nobody waits for that ticket any more.
    pub(crate) fn forget(&self, ticket: Ticket) {
        let waiter = lock(&self.waiting).remove(&ticket);
        // What the program gave is dropped without the lock.
        drop(waiter);
    }

    /// Answers whoever waits for `ticket`. Says whether somebody did.
    pub(crate) fn settle(&self, ticket: Ticket, settlement: &Settlement) -> bool {
        let waiter = lock(&self.waiting).remove(&ticket);
        match waiter {
            None => return false,
            Some(Waiter::Slot(slot)) => slot.fill(Ok(settlement.clone())),
            Some(Waiter::Call(function)) => function(settlement.clone()),
        }
        true
    }

    /// No answer comes any more: drops, uncalled, what was to be called, and fails those who wait.
    pub(crate) fn fail_all(&self, error: &Error) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        for waiter in waiting.into_values() {
            match waiter {
                Waiter::Slot(slot) => slot.fill(Err(error.clone())),
                Waiter::Call(function) => drop(function),
            }
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        lock(&self.waiting).len()
    }
}

impl Slot {
    fn fill(&self, answer: Result<Settlement, Error>) {
        let waker = {
            let mut state = lock(&self.state);
            state.answer = Some(answer);
            state.waker.take()
        };
        self.ready.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl SlotState {
    fn wake_later(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }
}

/// Locks; a panic elsewhere does not spread, for nothing here is left half done by one.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn mismatch() -> Error {
    Error::new(ErrorKind::Internal, "a call was answered with the answer to another")
}

pub(crate) fn would_deadlock() -> Error {
    Error::new(
        ErrorKind::WouldDeadlock,
        "waiting inside a callback of the same client would never end, because the answer comes through the thread \
         that runs the callback; wait on another thread, or do not wait",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::dispatch::CallbackMark;

    struct TestOwner {
        waiters: Waiters,
        ended: Mutex<Vec<LeaseId>>,
    }

    impl Owner for TestOwner {
        fn waiters(&self) -> &Waiters {
            &self.waiters
        }
        fn id(&self) -> u64 {
            77
        }
        fn check(&self) -> Result<(), Error> {
            Ok(())
        }
        fn unlease(&self, lease: LeaseId) {
            lock(&self.ended).push(lease);
        }
        fn turns(&self) -> Option<&Turns> {
            None
        }
    }

    fn owner() -> Arc<TestOwner> {
        Arc::new(TestOwner { waiters: Waiters::default(), ended: Mutex::default() })
    }

    fn pending(owner: &Arc<TestOwner>, lease: bool) -> (Ticket, Pending<()>) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let ticket = NEXT.fetch_add(1, Ordering::Relaxed);
        let slot = owner.waiters.expect(ticket);
        let read = |settlement| matches!(settlement, Settlement::Flushed).then_some(Ok(()));
        (ticket, Pending::new(owner.clone(), ticket, slot, lease, read))
    }

    #[test]
    fn an_answer_reaches_a_thread_that_waits() {
        let owner = owner();
        let (ticket, pending) = pending(&owner, false);
        #[allow(clippy::disallowed_methods, reason = "a test may have a thread of its own")]
        let waiting = std::thread::spawn(move || pending.wait());
        assert!(owner.waiters.settle(ticket, &Settlement::Flushed));
        waiting.join().unwrap().unwrap();
        assert_eq!(owner.waiters.len(), 0);
        assert!(!owner.waiters.settle(ticket, &Settlement::Flushed), "nobody waits twice");
    }

    #[test]
    fn an_answer_wakes_a_task() {
        let owner = owner();
        let (ticket, mut pending) = pending(&owner, false);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut pending).poll(&mut cx).is_pending());
        owner.waiters.settle(ticket, &Settlement::Flushed);
        assert!(pending.is_ready());
        assert!(matches!(Pin::new(&mut pending).poll(&mut cx), Poll::Ready(Ok(()))));
        let Poll::Ready(Err(error)) = Pin::new(&mut pending).poll(&mut cx) else { panic!("taken twice") };
        assert_eq!(error.kind(), ErrorKind::InvalidState);
    }

    #[test]
    fn a_timeout_leaves_the_answer_to_be_waited_for() {
        let owner = owner();
        let (ticket, mut pending) = pending(&owner, false);
        let error = pending.wait_timeout(Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        owner.waiters.settle(ticket, &Settlement::Flushed);
        pending.wait_timeout(Duration::ZERO).unwrap();
    }

    #[test]
    fn dropping_leaves_no_entry_and_ends_only_a_lease() {
        let owner = owner();
        let (_, plain) = pending(&owner, false);
        let (lease, leased) = pending(&owner, true);
        assert_eq!(owner.waiters.len(), 2);
        drop((plain, leased));
        assert_eq!(owner.waiters.len(), 0);
        assert_eq!(*lock(&owner.ended), [lease]);
    }

    #[test]
    fn waiting_inside_a_callback_of_the_same_client_is_refused_unless_answered() {
        let owner = owner();
        let (_, mut unanswered) = pending(&owner, false);
        let (ticket, answered) = pending(&owner, false);
        owner.waiters.settle(ticket, &Settlement::Flushed);
        {
            let _other = CallbackMark::set(78);
            assert_eq!(unanswered.wait_timeout(Duration::ZERO).unwrap_err().kind(), ErrorKind::Timeout);
        }
        let _mark = CallbackMark::set(77);
        assert_eq!(unanswered.wait().unwrap_err().kind(), ErrorKind::WouldDeadlock);
        answered.wait().unwrap();
    }
}
