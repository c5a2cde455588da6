//! Events that wait a moment for the first consumer, so that `connect().await; client.on(...)` misses nothing.

use crate::event::{Batch, Event, EventKind, NO_KEY};

/// For how long after a settled connect without any consumer events wait for one, in milliseconds.
pub(super) const GRACE_MS: u64 = 1000;

/// How many events wait. Beyond, progress, log lines and the like are discarded; the others beyond twice this.
pub(super) const MAX_HELD_EVENTS: usize = 10_000;

/// How many bytes of events wait, likewise.
pub(super) const MAX_HELD_BYTES: usize = 4 << 20;

#[derive(Default)]
pub(super) struct Held {
    batch: Batch,
    bytes: usize,
    /// On the dispatcher's clock; `None` = nothing is held.
    until: Option<u64>,
}

impl Held {
    pub(super) fn begin(&mut self, now_ms: u64) {
        self.until = Some(now_ms + GRACE_MS);
    }

    pub(super) fn is_active(&self) -> bool {
        self.until.is_some()
    }

    /// Ends it when its time is over. Gives what nobody came for.
    pub(super) fn expire(&mut self, now_ms: u64) -> Option<Batch> {
        let over = self.until.is_some_and(|until| now_ms >= until);
        over.then(|| self.end())
    }

    /// Ends it. Gives what nobody came for.
    pub(super) fn end(&mut self) -> Batch {
        std::mem::take(self).batch
    }

    /// Keeps an event that nobody wants yet.
    pub(super) fn keep(&mut self, event: &Event<'_>) {
        use EventKind as K;
        let droppable = matches!(event.kind(), K::Progress | K::Log | K::Message | K::Heartbeat | K::Retry);
        let times = if droppable { 1 } else { 2 };
        if self.batch.len() >= times * MAX_HELD_EVENTS || self.bytes >= times * MAX_HELD_BYTES {
            return;
        }
        self.batch.push(NO_KEY, event.clone());
        self.bytes += self.batch.weight(self.batch.len() - 1);
    }

    /// Everything that waits, to be offered again. What is still not wanted is to be kept again.
    pub(super) fn take(&mut self) -> Option<Batch> {
        self.bytes = 0;
        (!self.batch.is_empty()).then(|| std::mem::take(&mut self.batch))
    }
}
