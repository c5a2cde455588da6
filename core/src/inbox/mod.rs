//! Where events wait for a consumer: one lock and one wake-up per burst, one drain per wake-up.
//!
//! The driver stores whole batches; a consumer takes whole batches. As long as the consumer keeps pace a
//! batch changes hands by swapping buffers and an event costs nothing here. When it lags, the inbox decides
//! by class what may go, and tells the driver to stop reading.
mod interest;
mod queue;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use interest::Interest;
use queue::Queue;

use crate::config::Conflate;
use crate::event::Batch;

/// A consumer lags when its oldest event waits longer than this, in milliseconds.
pub const LAG_AGE_MS: u64 = 100;

/// How long reading pauses at a time, in milliseconds, before the oldest log lines go.
pub const PAUSE_MAX_MS: u64 = 5000;

/// What is called when events begin to wait.
pub type Bell = Box<dyn Fn() + Send + Sync>;

/// Events and settlements on their way to one consumer. All methods may be called on any thread.
pub struct Inbox {
    queue: Mutex<Queue>,
    bell: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
    interest: Interest,
    /// When the pause in reading ends at the latest; 0 = reading goes on.
    pause_deadline: AtomicU64,
}

/// Whether the driver may go on reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// It may.
    None,
    /// It may not, until [`Taken::resume`] or [`Inbox::pause_deadline`].
    Full,
}

/// What became of a batch that was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the bell has to be rung"]
pub struct Stored {
    /// Whether the driver may go on reading.
    pub pressure: Pressure,
    /// The caller has to call [`Inbox::ring`] once it holds no lock.
    pub ring: bool,
}

/// What a consumer learns from taking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// More is waiting: take again, the bell will not ring for it.
    pub more: bool,
    /// The driver may read again and has to be woken.
    pub resume: bool,
}

/// Counters and depths, for statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxStats {
    /// Entries that wait.
    pub pending_events: usize,
    /// What they weigh in bytes.
    pub pending_bytes: usize,
    /// How long the oldest has been waiting, in milliseconds; exact to about 10 ms.
    pub oldest_age_ms: u64,
    /// Progress and retry events that a later one replaced.
    pub conflated: u64,
    /// Events that were dropped: log lines under pressure, and what waited when `disconnect` ended.
    pub dropped: u64,
    /// Events that were not stored because nobody listens for their kind.
    pub unwanted: u64,
    /// Whether reading pauses now.
    pub paused: bool,
}

impl Inbox {
    /// An empty inbox that holds `max_events` entries weighing `max_bytes`, beyond which reading pauses.
    /// One entry alone may weigh more.
    pub fn new(max_events: usize, max_bytes: usize, conflate: Conflate) -> Self {
        Self {
            queue: Mutex::new(Queue::new(max_events, max_bytes, conflate)),
            bell: Mutex::new(None),
            interest: Interest::default(),
            pause_deadline: AtomicU64::new(0),
        }
    }

    /// Sets what is called, without any lock of the inbox, when events begin to wait. It says nothing but
    /// that, is not called again until a [`take`](Self::take) has left nothing, and must return quickly.
    /// Is something waiting already, it is called at once. A call that is under way while the bell is
    /// replaced may still finish.
    pub fn set_bell(&self, bell: Option<Bell>) {
        *lock(&self.bell) = bell.map(Arc::from);
        if lock(&self.queue).rung() {
            self.ring();
        }
    }

    /// What the consumer wants to hear of; see there.
    pub fn interest(&self) -> &Interest {
        &self.interest
    }

    /// Moves everything out of `batch` and rings the bell if that is due: [`store`](Self::store) for callers
    /// without a lock of their own.
    pub fn push(&self, batch: &mut Batch, now_ms: u64) -> Pressure {
        let stored = self.store(batch, now_ms);
        if stored.ring {
            self.ring();
        }
        stored.pressure
    }

    /// Moves everything out of `batch`. Does not ring: a caller that holds a lock rings after releasing it.
    pub fn store(&self, batch: &mut Batch, now_ms: u64) -> Stored {
        let mut queue = lock(&self.queue);
        let ring = !batch.is_empty() && queue.store(batch, self.interest.mask(), now_ms);
        Stored { pressure: self.pressure(&queue, now_ms), ring }
    }

    /// Calls the bell, if there is one.
    pub fn ring(&self) {
        let bell = lock(&self.bell).clone();
        if let Some(bell) = bell {
            bell();
        }
    }

    /// Takes the first `max` entries; what `into` holds is forgotten, its memory is used again.
    pub fn take(&self, into: &mut Batch, max: usize, now_ms: u64) -> Taken {
        into.clear();
        let mut queue = lock(&self.queue);
        queue.take(into, max, now_ms);
        let resume = self.is_paused() && queue.is_half_empty();
        if resume {
            self.pause_deadline.store(0, Ordering::Release);
        }
        Taken { more: !queue.is_empty(), resume }
    }

    /// Whether reading pauses.
    pub fn is_paused(&self) -> bool {
        self.pause_deadline.load(Ordering::Acquire) != 0
    }

    /// When [`shed`](Self::shed) is due, while reading pauses.
    pub fn pause_deadline(&self) -> Option<u64> {
        Some(self.pause_deadline.load(Ordering::Acquire)).filter(|at| *at != 0)
    }

    /// Ends a pause that took too long: drops the oldest entries of the log class down to half of the bounds
    /// and says so in one `overflow` event. Reading stays paused, for as long again, if that was not enough.
    pub fn shed(&self, now_ms: u64) -> Stored {
        let mut queue = lock(&self.queue);
        let ring = queue.shed(now_ms);
        let deadline = if queue.is_full() { deadline_after(now_ms) } else { 0 };
        self.pause_deadline.store(deadline, Ordering::Release);
        let pressure = if deadline == 0 { Pressure::None } else { Pressure::Full };
        Stored { pressure, ring }
    }

    /// Counters and depths.
    pub fn stats(&self, now_ms: u64) -> InboxStats {
        InboxStats { paused: self.is_paused(), ..lock(&self.queue).stats(now_ms) }
    }

    /// Under the queue's lock, so that a take on another thread cannot slip between the look and the mark.
    fn pressure(&self, queue: &Queue, now_ms: u64) -> Pressure {
        if self.is_paused() {
            return Pressure::Full;
        }
        if !queue.is_full() {
            return Pressure::None;
        }
        self.pause_deadline.store(deadline_after(now_ms), Ordering::Release);
        Pressure::Full
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("stats", &lock(&self.queue).stats(0)).finish_non_exhaustive()
    }
}

fn deadline_after(now_ms: u64) -> u64 {
    now_ms.saturating_add(PAUSE_MAX_MS).max(1)
}

/// A consumer that panicked in its own code holds none of these locks; a poisoned one is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
