//! The retained messages of a task, trimmed by class, and how followers read them.

use std::collections::VecDeque;

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{Bounds, Kind};

/// One retained message, encoded once.
pub(crate) struct Record {
    /// Order of arrival over all runs of the task, from 1.
    index: u64,
    /// Which run of the task it belongs to.
    run: u64,
    /// Position in its run; 0 for a message that is only passed on.
    seq: u64,
    /// First position this record stands for.
    covers: u64,
    kind: Kind,
    text: Utf8Bytes,
    /// How much of `text` precedes the epoch and seq.
    plain_len: usize,
    /// Bytes of all retained records up to and including this one.
    end: u64,
}

/// What keeping a record takes beside its text, about.
pub(super) const RECORD_OVERHEAD: usize = 128;

/// How a follower stands in a ring.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Index of the last record read.
    position: u64,
    /// What was retained when it subscribed: passed-on messages up to here are not replayed.
    replay_until: u64,
    /// Whether the replay leaves out superseded progress.
    fresh: bool,
    /// What had been trimmed when it subscribed, which is no loss of this reader.
    trimmed_before: u64,
    /// Positions skipped that the next record will stand for.
    carry: Option<Span>,
}

/// What a follower may be given at once, and how it takes being behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Messages at once.
    pub(crate) messages: usize,
    /// Bytes at once; one message alone may exceed it.
    pub(crate) bytes: usize,
    /// Bytes that may wait: above half progress is conflated, at all of it log lines are left out.
    pub(crate) max_unread_bytes: usize,
    /// Messages that may wait before progress is conflated.
    pub(crate) max_unread_messages: usize,
    /// Whether messages carry epoch, seq and covers.
    pub(crate) stamped: bool,
}

/// How a read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Everything was read.
    Done,
    /// There is more.
    More,
    /// Something that must not be left out is gone: the follower has to come back with its cursor.
    Overrun,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    run: u64,
    start: u64,
    end: u64,
}

impl Span {
    fn of(record: &Record) -> Self {
        Span { run: record.run, start: record.covers, end: record.seq }
    }

    /// The span up to and including `record`, which starts anew where something is missing between.
    fn extended(carry: Option<Span>, record: &Record) -> Span {
        match carry {
            Some(span) if span.meets(record) => Span { end: record.seq, start: span.start.min(record.covers), ..span },
            _ => Span::of(record),
        }
    }

    /// Whether nothing is missing between the span and what the record stands for.
    fn meets(&self, record: &Record) -> bool {
        self.run == record.run && record.covers <= self.end + 1
    }
}

/// The retained messages of one task.
#[derive(Default)]
pub(crate) struct Ring {
    records: VecDeque<Record>,
    last_index: u64,
    latest_progress: u64,
    /// Highest index of a status or outcome that was trimmed.
    trimmed_important: u64,
}

impl Ring {
    /// Adds a message and trims what the bounds no longer allow.
    pub(crate) fn push(&mut self, run: u64, seq: u64, kind: Kind, text: Utf8Bytes, plain_len: usize, bounds: Bounds) {
        self.last_index += 1;
        if kind == Kind::Progress {
            self.latest_progress = self.last_index;
        }
        let end = self.bytes() + text.len() as u64;
        self.records.push_back(Record { index: self.last_index, run, seq, covers: seq, kind, text, plain_len, end });
        if self.is_over(bounds) {
            self.trim(bounds);
        }
    }

    /// A reader that starts with everything retained of this run.
    pub(crate) fn reader(&self, run: u64) -> Reader {
        let first = self.records.iter().find(|record| record.run == run);
        let position = first.map_or(self.last_index, |record| record.index - 1);
        self.reader_at(position, true)
    }

    /// A reader that starts after position `seq` of this run, and whether all after it is there.
    pub(crate) fn reader_after(&self, run: u64, seq: u64, last_seq: u64) -> (Reader, bool) {
        let mut expected = seq + 1;
        let mut position = None;
        let mut whole = true;
        for record in self.records.iter().filter(|record| record.run == run && record.seq > seq) {
            position.get_or_insert(record.index - 1);
            whole &= record.covers <= expected;
            expected = record.seq + 1;
        }
        whole &= expected > last_seq;
        let position = position.unwrap_or(self.last_index);
        (self.reader_at(position, false), whole)
    }

    /// Hands the follower what comes next.
    pub(crate) fn read(&self, reader: &mut Reader, pace: Pace, mut give: impl FnMut(Utf8Bytes)) -> Read {
        if self.trimmed_important > reader.position.max(reader.trimmed_before) {
            return Read::Overrun;
        }
        let start = self.records.partition_point(|record| record.index <= reader.position);
        let (mut messages, mut bytes) = (0, 0);
        for (at, record) in self.records.iter().enumerate().skip(start) {
            if messages >= pace.messages || (messages > 0 && bytes + record.text.len() > pace.bytes) {
                return Read::More;
            }
            reader.position = record.index;
            let unread_bytes = self.bytes() - (record.end - record.text.len() as u64);
            let replayed = record.index <= reader.replay_until;
            match record.kind {
                Kind::Passing if replayed => continue,
                Kind::Progress if record.index != self.latest_progress => {
                    let behind = unread_bytes > (pace.max_unread_bytes / 2) as u64
                        || self.records.len() - at > pace.max_unread_messages / 2;
                    if behind || (replayed && reader.fresh) {
                        reader.carry = Some(Span::extended(reader.carry, record));
                        continue;
                    }
                }
                Kind::Line if unread_bytes > pace.max_unread_bytes as u64 => continue,
                _ => {}
            }
            messages += 1;
            bytes += record.text.len();
            give(record.frame(&mut reader.carry, pace.stamped));
        }
        Read::Done
    }

    /// Bytes it takes, about.
    pub(crate) fn weight(&self) -> usize {
        self.bytes() as usize + self.records.len() * RECORD_OVERHEAD
    }

    fn reader_at(&self, position: u64, fresh: bool) -> Reader {
        Reader { position, replay_until: self.last_index, fresh, trimmed_before: self.trimmed_important, carry: None }
    }

    fn bytes(&self) -> u64 {
        self.records.back().map_or(0, |record| record.end)
    }

    fn is_over(&self, bounds: Bounds) -> bool {
        self.records.len() > bounds.messages || self.bytes() > bounds.bytes as u64
    }

    /// Trims to three quarters of the bounds, so that the work is shared by many messages.
    fn trim(&mut self, bounds: Bounds) {
        let target = Bounds { messages: bounds.messages / 4 * 3 + bounds.messages % 4, bytes: bounds.bytes / 4 * 3 };
        self.trim_to(target, self.last_index);
    }

    /// Lets go of at least `bytes` for a message that is to come, in the order in which its own bounds would, and then
    /// of a quarter of all. False: it has not as much to let go of, and keeps everything.
    pub(crate) fn give_way(&mut self, bytes: usize) -> bool {
        let (run, latest_progress) = (self.last_run(), self.latest_progress);
        let may_go = |record: &&Record| !must_stay(record, run, latest_progress);
        if self.records.iter().filter(may_go).map(|record| record.text.len()).sum::<usize>() < bytes {
            return false;
        }
        let held = self.bytes() as usize;
        // The message that is to come will be the newest, so none of these is spared for that.
        self.trim_to(Bounds { messages: usize::MAX, bytes: (held - bytes).min(held / 4 * 3) }, 0);
        true
    }

    /// `newest` is the index of a record that is spared.
    fn trim_to(&mut self, target: Bounds, newest: u64) {
        let (run, latest_progress) = (self.last_run(), self.latest_progress);
        self.sweep(target, newest, |record| record.kind == Kind::Progress && record.index != latest_progress);
        self.sweep(target, newest, |record| matches!(record.kind, Kind::Line | Kind::Passing));
        self.sweep(target, newest, |record| !must_stay(record, run, latest_progress));
    }

    fn last_run(&self) -> u64 {
        self.records.back().map_or(0, |record| record.run)
    }

    /// Takes out the oldest records that may go until the target is met.
    fn sweep(&mut self, target: Bounds, newest: u64, may_go: impl Fn(&Record) -> bool) {
        if !self.is_over(target) {
            return;
        }
        let (mut count, mut bytes) = (self.records.len(), self.bytes());
        let mut carry: Option<Span> = None;
        let mut kept = VecDeque::with_capacity(self.records.len());
        let mut end = 0;
        for mut record in self.records.drain(..) {
            let over = count > target.messages || bytes > target.bytes as u64;
            if over && record.index != newest && may_go(&record) {
                count -= 1;
                bytes -= record.text.len() as u64;
                match record.kind {
                    Kind::Progress => carry = Some(Span::extended(carry, &record)),
                    Kind::Status | Kind::Outcome { .. } => {
                        self.trimmed_important = self.trimmed_important.max(record.index);
                    }
                    Kind::Line | Kind::Passing => {}
                }
                continue;
            }
            if record.kind != Kind::Passing
                && let Some(span) = carry.take().filter(|span| span.meets(&record))
            {
                record.covers = record.covers.min(span.start);
            }
            end += record.text.len() as u64;
            record.end = end;
            kept.push_back(record);
        }
        self.records = kept;
    }
}

/// The latest progress, and the outcome of the last run.
fn must_stay(record: &Record, last_run: u64, latest_progress: u64) -> bool {
    match record.kind {
        Kind::Outcome { .. } => record.run == last_run,
        _ => record.index == latest_progress,
    }
}

impl Record {
    /// The text for a follower, standing also for what was skipped right before it.
    fn frame(&self, carry: &mut Option<Span>, stamped: bool) -> Utf8Bytes {
        if self.kind == Kind::Passing {
            return self.text.clone();
        }
        let span = carry.take().filter(|span| span.meets(self));
        if !stamped {
            return format!("{}}}", &self.text.as_str()[..self.plain_len]).into();
        }
        let covers = span.map_or(self.covers, |span| span.start.min(self.covers));
        if covers == self.seq {
            return self.text.clone();
        }
        let open = &self.text.as_str()[..self.text.as_str().len() - 1];
        format!("{open},\"covers\":{covers}}}").into()
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
