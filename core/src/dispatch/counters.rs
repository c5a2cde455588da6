//! What a dispatcher counts.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::pending::lock;

/// How many of the latest failures of callbacks are remembered; older ones are forgotten.
pub(super) const MAX_FAILURES: usize = 8;

/// How long the text of a remembered failure may be, in characters; the rest is cut off.
const MAX_FAILURE_CHARS: usize = 512;

#[derive(Default)]
pub(crate) struct Counters {
    /// Events handed to at least one callback or follow.
    pub(super) delivered: AtomicU64,
    /// Callbacks that panicked or failed otherwise.
    pub(super) panics: AtomicU64,
    /// Milliseconds the callbacks took for the latest batch, and for the slowest.
    batch_ms: AtomicU64,
    slowest_batch_ms: AtomicU64,
    failures: Mutex<VecDeque<String>>,
}

impl Counters {
    pub(super) fn batch_took(&self, ms: u64) {
        self.batch_ms.store(ms, Ordering::Relaxed);
        self.slowest_batch_ms.fetch_max(ms, Ordering::Relaxed);
    }

    /// A callback failed.
    pub(crate) fn failed(&self, failure: &str) {
        self.panics.fetch_add(1, Ordering::Relaxed);
        self.remember(failure);
    }

    pub(super) fn remember(&self, failure: &str) {
        let mut failures = lock(&self.failures);
        if failures.len() == MAX_FAILURES {
            failures.pop_front();
        }
        failures.push_back(failure.chars().take(MAX_FAILURE_CHARS).collect());
    }

    pub(crate) fn to_json(&self) -> Value {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        json!({
            "delivered": count(&self.delivered),
            "failures": count(&self.panics),
            "batchMs": count(&self.batch_ms),
            "slowestBatchMs": count(&self.slowest_batch_ms),
            "lastFailures": *lock(&self.failures),
        })
    }
}
