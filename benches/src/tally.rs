//! Counts and checksums: the proof that every contestant saw the same events.

use std::hash::Hasher;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};

use crate::corpus::TASKS;
use crate::usage::Mark;

/// The kinds of events that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Progress = 0,
    Log = 1,
    Status = 2,
    Complete = 3,
}

/// Counts and checksums of a finished run, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    counts: [u64; 4],
    sums: [u64; 4],
}

impl Totals {
    pub(crate) fn events(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(crate) fn count(&self, kind: Kind) -> u64 {
        self.counts[kind as usize]
    }
}

/// The running counts. One writer per kind, so that plain loads and stores are enough and the
/// count costs every contestant the same few nanoseconds.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    kinds: [Cell; 4],
    first: OnceLock<Mark>,
}

#[derive(Debug, Default)]
struct Cell {
    count: AtomicU64,
    sum: AtomicU64,
}

impl Tally {
    pub(crate) fn progress(&self, task: &str, stage: &str, progress: f64, message: &str, timestamp: i64) {
        let mut hash = start(task, timestamp);
        hash.write(stage.as_bytes());
        hash.write_u64(progress.to_bits());
        hash.write(message.as_bytes());
        if self.add(Kind::Progress, hash.finish()) == 0 {
            self.first.get_or_init(Mark::now);
        }
    }

    pub(crate) fn log(&self, task: &str, level: u8, message: &str, timestamp: i64, metadata: Option<&str>) {
        let mut hash = start(task, timestamp);
        hash.write_u8(level);
        hash.write(message.as_bytes());
        hash.write(metadata.unwrap_or("-").as_bytes());
        self.add(Kind::Log, hash.finish());
    }

    pub(crate) fn status(&self, task: &str, data: &str, timestamp: i64) {
        let mut hash = start(task, timestamp);
        hash.write(data.as_bytes());
        self.add(Kind::Status, hash.finish());
    }

    /// True at the last task's end: the run is over.
    pub(crate) fn complete(&self, task: &str, data: &str, timestamp: i64) -> bool {
        let mut hash = start(task, timestamp);
        hash.write(data.as_bytes());
        self.add(Kind::Complete, hash.finish()) + 1 == TASKS as u64
    }

    /// When the first progress event was seen.
    pub(crate) fn first(&self) -> Option<Mark> {
        self.first.get().copied()
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for (index, cell) in self.kinds.iter().enumerate() {
            totals.counts[index] = cell.count.load(Relaxed);
            totals.sums[index] = cell.sum.load(Relaxed);
        }
        totals
    }

    /// Folds in one event's hash, sensitive to order; returns how many came before it.
    fn add(&self, kind: Kind, hash: u64) -> u64 {
        let cell = &self.kinds[kind as usize];
        let before = cell.count.load(Relaxed);
        cell.sum.store(cell.sum.load(Relaxed).rotate_left(1) ^ hash, Relaxed);
        cell.count.store(before + 1, Relaxed);
        before
    }
}

fn start(task: &str, timestamp: i64) -> FxHasher {
    let mut hash = FxHasher::default();
    hash.write(task.as_bytes());
    hash.write_i64(timestamp);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(events: &[(&str, f64)]) -> Totals {
        let tally = Tally::default();
        for (task, progress) in events {
            tally.progress(task, "train", *progress, "epoch", 1);
        }
        tally.totals()
    }

    #[test]
    fn a_changed_field_a_lost_event_and_a_changed_order_all_show() {
        let whole = totals(&[("a", 1.0), ("b", 2.0)]);
        assert_eq!(whole, totals(&[("a", 1.0), ("b", 2.0)]));
        assert_ne!(whole, totals(&[("a", 1.0), ("b", 2.5)]));
        assert_ne!(whole, totals(&[("a", 1.0)]));
        assert_ne!(whole, totals(&[("b", 2.0), ("a", 1.0)]));
    }

    #[test]
    fn the_run_is_over_when_every_task_is() {
        let tally = Tally::default();
        for _ in 1..TASKS {
            assert!(!tally.complete("t", "{}", 1));
        }
        assert!(tally.complete("t", "{}", 1));
    }
}
