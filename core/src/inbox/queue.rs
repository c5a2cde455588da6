//! The entries that wait and what may be done with them. Plain data, no locks.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::interest::{bit, is_everything};
use super::{InboxStats, LAG_AGE_MS};
use crate::config::Conflate;
use crate::event::{Batch, Class, Event, EventKind, NO_KEY, Overflow};

/// Memory of entries that are gone is given back when it exceeds half of what waits and this.
pub(super) const COMPACT_SLACK: usize = 64 << 10;

/// Ages are told apart to this many milliseconds ...
const MARK_MS: u64 = 10;

/// ... and this many of them; younger entries beyond count as old as the last.
const MAX_MARKS: usize = 64;

pub(super) struct Queue {
    max_events: usize,
    max_bytes: usize,
    conflate: Conflate,
    batch: Batch,
    /// Entries of `batch` before this one are taken.
    head: usize,
    events: usize,
    bytes: usize,
    /// When entries came: index of the first, and the time. Ascending.
    marks: VecDeque<(usize, u64)>,
    /// Where the latest waiting progress of a task is. Exists while the consumer lags.
    latest: Option<FxHashMap<u32, usize>>,
    retry: Option<usize>,
    overflow: Option<usize>,
    rung: bool,
    conflated: u64,
    dropped: u64,
    unwanted: u64,
}

impl Queue {
    pub(super) fn new(max_events: usize, max_bytes: usize, conflate: Conflate) -> Self {
        Self {
            max_events,
            max_bytes,
            conflate,
            batch: Batch::new(),
            head: 0,
            events: 0,
            bytes: 0,
            marks: VecDeque::new(),
            latest: None,
            retry: None,
            overflow: None,
            rung: false,
            conflated: 0,
            dropped: 0,
            unwanted: 0,
        }
    }

    /// Moves what `wanted` holds out of `batch` and forgets the rest. Whether the bell is due.
    pub(super) fn store(&mut self, batch: &mut Batch, wanted: u32, now_ms: u64) -> bool {
        let start = self.batch.len();
        let by_entry = self.latest.is_some() || batch.needs_care() || !all_wanted(batch, wanted);
        if by_entry {
            for index in 0..batch.len() {
                self.store_entry(batch, index, wanted);
            }
            batch.clear();
        } else {
            self.events += batch.len();
            self.bytes += batch.bytes();
            if self.batch.is_empty() {
                std::mem::swap(&mut self.batch, batch);
            } else {
                self.batch.append(batch);
            }
        }
        self.mark(start, now_ms);
        // After the store: one burst alone may be what the consumer cannot keep pace with.
        if self.latest.is_none() && self.lags(now_ms) {
            self.begin_lag();
        }
        self.tidy();
        self.due()
    }

    /// Moves the first `max` entries to `into`, which is empty.
    pub(super) fn take(&mut self, into: &mut Batch, max: usize, now_ms: u64) {
        // A stream that has stopped leaves no store to notice that its consumer lags.
        if self.latest.is_none() && self.lags(now_ms) {
            self.begin_lag();
            self.skip_dead_head();
        }
        if max >= self.events {
            if self.batch.len() > self.events {
                self.batch.skip_dead(self.head);
            }
            std::mem::swap(&mut self.batch, into);
            self.reset();
            return;
        }
        let mut left = max;
        while left > 0 {
            // `tidy` leaves the head on a live entry.
            left -= self.take_plain(into, left).unwrap_or_else(|| self.take_one(into));
            self.skip_dead_head();
        }
        self.tidy();
        if self.latest.is_some() && self.keeps_pace(now_ms) {
            self.latest = None;
        }
    }

    /// Takes what stands at the head and nobody remembers the place of, at one go. How much; `None` = nothing.
    fn take_plain(&mut self, into: &mut Batch, max: usize) -> Option<usize> {
        if self.latest.is_some() {
            return None;
        }
        let (count, weight) = into.push_plain(&self.batch, self.head, max);
        self.bytes -= weight;
        self.events -= count;
        self.head += count;
        (count > 0).then_some(count)
    }

    fn take_one(&mut self, into: &mut Batch) -> usize {
        self.bytes -= self.batch.weight(self.head);
        self.events -= 1;
        into.push_from(&mut self.batch, self.head);
        self.forget(self.head);
        self.head += 1;
        1
    }

    /// Drops the oldest of the log class down to half of the bounds. Whether the bell is due.
    pub(super) fn shed(&mut self, now_ms: u64) -> bool {
        let mut count = 0;
        for index in self.head..self.batch.len() {
            if self.is_half_empty() {
                break;
            }
            if !self.batch.is_dead(index) && self.is_log_class(index) {
                self.kill(index);
                count += 1;
            }
        }
        if count > 0 {
            self.dropped += count;
            self.report_overflow(count, now_ms);
        }
        self.tidy();
        self.due()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.events >= self.max_events || self.bytes >= self.max_bytes
    }

    pub(super) fn is_half_empty(&self) -> bool {
        self.events <= self.max_events / 2 && self.bytes <= self.max_bytes / 2
    }

    pub(super) fn rung(&self) -> bool {
        self.rung
    }

    pub(super) fn stats(&self, now_ms: u64) -> InboxStats {
        InboxStats {
            pending_events: self.events,
            pending_bytes: self.bytes,
            oldest_age_ms: self.oldest_age(now_ms),
            conflated: self.conflated,
            dropped: self.dropped,
            unwanted: self.unwanted,
            paused: false,
        }
    }

    /// What is held in memory, dead entries and their texts included.
    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.batch.bytes()
    }

    fn store_entry(&mut self, batch: &mut Batch, index: usize, wanted: u32) {
        if batch.kind(index).is_some_and(|kind| wanted & bit(kind) == 0) {
            self.unwanted += 1;
            return;
        }
        if batch.ends_disconnect(index) {
            self.discard_chatter();
        }
        let at = self.batch.len();
        let replaced = match batch.class(index) {
            Class::Retry => self.retry.replace(at),
            Class::Progress if batch.key(index) != NO_KEY => {
                self.latest.as_mut().and_then(|latest| latest.insert(batch.key(index), at))
            }
            _ => None,
        };
        if let Some(replaced) = replaced {
            self.conflated += 1;
            self.kill(replaced);
        }
        self.batch.push_from(batch, index);
        self.events += 1;
        self.bytes += self.batch.weight(at);
    }

    /// `disconnect` is over: what waits and is neither outcome nor state nor answer is dropped and counted.
    fn discard_chatter(&mut self) {
        for index in self.head..self.batch.len() {
            let chatter = matches!(self.batch.class(index), Class::Progress | Class::Log);
            if chatter && !self.batch.is_dead(index) {
                self.kill(index);
                self.dropped += 1;
            }
        }
        if let Some(latest) = &mut self.latest {
            latest.clear();
        }
    }

    fn report_overflow(&mut self, count: u64, now_ms: u64) {
        if let Some(index) = self.overflow {
            self.batch.add_overflow(index, count);
            return;
        }
        let at = self.batch.len();
        self.overflow = Some(at);
        self.batch.push(NO_KEY, Event::Overflow(std::borrow::Cow::Owned(Overflow { count })));
        self.events += 1;
        self.bytes += self.batch.weight(at);
        self.mark(at, now_ms);
    }

    fn is_log_class(&self, index: usize) -> bool {
        match self.batch.class(index) {
            Class::Log => true,
            Class::Progress => self.batch.key(index) == NO_KEY,
            Class::Retry | Class::Kept => false,
        }
    }

    fn lags(&self, now_ms: u64) -> bool {
        let lags = self.events > 0 && (!self.is_half_empty() || self.oldest_age(now_ms) > LAG_AGE_MS);
        lags && self.conflate == Conflate::Lag
    }

    /// Well below what makes a lag, so that it does not begin and end in turn.
    fn keeps_pace(&self, now_ms: u64) -> bool {
        let quarter = self.events <= self.max_events / 4 && self.bytes <= self.max_bytes / 4;
        quarter && self.oldest_age(now_ms) <= LAG_AGE_MS / 2
    }

    fn oldest_age(&self, now_ms: u64) -> u64 {
        self.marks.front().map_or(0, |(_, since)| now_ms.saturating_sub(*since))
    }

    /// The consumer lags: of each task only the latest progress goes on waiting, from here on.
    fn begin_lag(&mut self) {
        let mut latest = FxHashMap::default();
        for index in self.head..self.batch.len() {
            let keyed = self.batch.kind(index) == Some(EventKind::Progress) && self.batch.key(index) != NO_KEY;
            if !keyed || self.batch.is_dead(index) {
                continue;
            }
            if let Some(replaced) = latest.insert(self.batch.key(index), index) {
                self.conflated += 1;
                self.kill(replaced);
            }
        }
        self.latest = Some(latest);
    }

    fn kill(&mut self, index: usize) {
        self.bytes -= self.batch.kill(index);
        self.events -= 1;
    }

    /// The entry at `index` is being taken: nothing may replace it or be added to it.
    fn forget(&mut self, index: usize) {
        for known in [&mut self.retry, &mut self.overflow] {
            if *known == Some(index) {
                *known = None;
            }
        }
        if let Some(latest) = &mut self.latest {
            let key = self.batch.key(index);
            if latest.get(&key) == Some(&index) {
                latest.remove(&key);
            }
        }
    }

    fn mark(&mut self, start: usize, now_ms: u64) {
        if self.batch.len() == start {
            return;
        }
        let due = self.marks.back().is_none_or(|(_, last)| now_ms.saturating_sub(*last) >= MARK_MS);
        if due && self.marks.len() < MAX_MARKS {
            self.marks.push_back((start, now_ms));
        }
    }

    fn skip_dead_head(&mut self) {
        while self.head < self.batch.len() && self.batch.is_dead(self.head) {
            self.head += 1;
        }
        while self.marks.get(1).is_some_and(|(start, _)| *start <= self.head) {
            self.marks.pop_front();
        }
    }

    /// Leaves the head on a live entry and gives back memory when too much of it is waste.
    fn tidy(&mut self) {
        if self.events == 0 {
            self.batch.clear();
            self.reset();
            return;
        }
        self.skip_dead_head();
        if self.batch.bytes() - self.bytes > self.bytes / 2 + COMPACT_SLACK {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let (mut live, mut from) = (0, self.head);
        for (start, _) in &mut self.marks {
            let until = (*start).max(from);
            live += (from..until).filter(|index| !self.batch.is_dead(*index)).count();
            from = until;
            *start = live;
        }
        self.batch.compact(self.head);
        self.head = 0;
        let find = |kind| (0..self.batch.len()).find(|index| self.batch.kind(*index) == Some(kind));
        self.retry = self.retry.and_then(|_| find(EventKind::Retry));
        self.overflow = self.overflow.and_then(|_| find(EventKind::Overflow));
        if self.latest.is_some() {
            self.begin_lag();
        }
    }

    /// Nothing waits. `batch` is empty but for its memory.
    fn reset(&mut self) {
        self.head = 0;
        self.events = 0;
        self.bytes = 0;
        self.marks.clear();
        self.latest = None;
        self.retry = None;
        self.overflow = None;
        self.rung = false;
    }

    fn due(&mut self) -> bool {
        let due = self.events > 0 && !self.rung;
        self.rung |= due;
        due
    }
}

fn all_wanted(batch: &Batch, wanted: u32) -> bool {
    let is_wanted = |index| batch.kind(index).is_none_or(|kind| wanted & bit(kind) != 0);
    is_everything(wanted) || (0..batch.len()).all(is_wanted)
}
