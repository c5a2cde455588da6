//! Takes events out of the inbox and calls the program's callbacks.
//!
//! - [`Dispatch`]: at most one run at a time per client, on a thread of the dispatch pool, started by the inbox's bell
//! - [`registry`]: what the program has asked for, changed from any thread
//! - [`drain`]: what one run works with; nothing in it needs a lock
//! - [`held`]: events that wait a moment for the first consumer
//! - [`turns`]: runs that wait for a thread of the program instead of the pool

mod counters;
mod drain;
mod held;
mod registry;
mod turns;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) use counters::Counters;
use drain::{Drain, Ran};
pub(crate) use registry::{ALL_KINDS, Registry};
pub use turns::Poll;
pub(crate) use turns::Turns;

use crate::event::Batch;
use crate::gate::Gate;
use crate::pending::{Waiters, lock};
use crate::session::Now;

/// A run gives its thread back after this long, so that one busy client does not hold a thread of the pool for ever.
const MAX_RUN_MS: u64 = 50;

const IDLE: u8 = 0;
const RUNNING: u8 = 1;
/// Running, and the bell rang since: look once more before going idle.
const RUNNING_AGAIN: u8 = 2;

/// A piece of work; may block.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// Where a dispatcher's events, time and thread come from.
pub(crate) trait Source: Send + Sync {
    /// Moves the next `max` entries, at most, into `batch`, which is empty. Says whether more are left.
    fn take(&self, batch: &mut Batch, max: usize) -> bool;
    /// Says which kinds of events are wanted: a sum of bits, or [`ALL_KINDS`].
    fn set_interest(&self, kinds: u32);
    /// Runs this soon on a thread that may block; dropped without a call when there can be no thread any more.
    fn spawn(&self, run: Work);
    /// Both clocks.
    fn now(&self) -> Now;
}

/// The one dispatcher of a client.
pub(crate) struct Dispatch<S> {
    id: u64,
    pub(crate) source: S,
    pub(crate) waiters: Waiters,
    pub(crate) registry: Registry,
    pub(crate) counters: Counters,
    phase: AtomicU8,
    /// With the run while there is one.
    drain: Mutex<Option<Drain>>,
    ended: AtomicBool,
    /// Opens when no callback runs any more and what the program gave has been dropped.
    pub(crate) quiet: Gate,
}

impl<S: Source + 'static> Dispatch<S> {
    pub(crate) fn new(source: S) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let dispatch = Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            source,
            waiters: Waiters::default(),
            registry: Registry::default(),
            counters: Counters::default(),
            phase: AtomicU8::new(IDLE),
            drain: Mutex::new(Some(Drain::default())),
            ended: AtomicBool::new(false),
            quiet: Gate::default(),
        };
        dispatch.update_interest();
        Arc::new(dispatch)
    }

    /// The client's number in this process.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Something waits: runs soon. From any thread, also inside a callback; never blocks.
    pub(crate) fn ring(self: &Arc<Self>) {
        let next = |phase| match phase {
            IDLE => Some(RUNNING),
            RUNNING => Some(RUNNING_AGAIN),
            _ => None,
        };
        if self.phase.fetch_update(Ordering::AcqRel, Ordering::Acquire, next) == Ok(IDLE) {
            self.spawn();
        }
    }

    /// Passes on what is wanted now. To be called after each change of the registry.
    pub(crate) fn update_interest(&self) {
        self.registry.with_interest(|kinds| self.source.set_interest(kinds));
    }

    /// No callback starts any more, what the program gave is dropped soon, and what waits fails then.
    pub(crate) fn end(self: &Arc<Self>) {
        self.ended.store(true, Ordering::Release);
        self.ring();
    }

    /// A run. It does nothing while another is under way, and after the last.
    pub(crate) fn work(self: &Arc<Self>) -> Work {
        let this = self.clone();
        Box::new(move || this.run())
    }

    fn spawn(self: &Arc<Self>) {
        self.source.spawn(self.work());
    }

    fn run(self: Arc<Self>) {
        let _mark = CallbackMark::set(self.id);
        let started = self.source.now().mono_ms;
        let Some(mut drain) = lock(&self.drain).take() else { return };
        loop {
            match drain.run_batch(&self) {
                Ran::Ended => {
                    // The drain, and with it every callback, is dropped here. The phase stays: nothing runs again.
                    drain.end(&self);
                    self.quiet.open();
                    return;
                }
                Ran::More if self.source.now().mono_ms.saturating_sub(started) < MAX_RUN_MS => {}
                Ran::More => {
                    *lock(&self.drain) = Some(drain);
                    self.spawn();
                    return;
                }
                Ran::Empty => {
                    *lock(&self.drain) = Some(drain);
                    let idle = self.phase.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire);
                    if idle.is_ok() {
                        return;
                    }
                    self.phase.store(RUNNING, Ordering::Release);
                    let Some(again) = lock(&self.drain).take() else { return };
                    drain = again;
                }
            }
        }
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

thread_local! {
    /// The number of the client whose callbacks this thread runs; 0 = none.
    static IN_CALLBACK_OF: Cell<u64> = const { Cell::new(0) };
}

/// Whether this thread runs the callbacks of the client with this number.
pub(crate) fn in_callback_of(client: u64) -> bool {
    IN_CALLBACK_OF.get() == client
}

/// While it lives, this thread runs the callbacks of a client.
pub(crate) struct CallbackMark(u64);

impl CallbackMark {
    pub(crate) fn set(client: u64) -> Self {
        Self(IN_CALLBACK_OF.replace(client))
    }
}

impl Drop for CallbackMark {
    fn drop(&mut self) {
        IN_CALLBACK_OF.set(self.0);
    }
}

#[cfg(test)]
mod tests;
