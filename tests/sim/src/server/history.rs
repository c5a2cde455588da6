//! The history of one task as the server keeps it, and how it is read.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::ledger::Marker;
use crate::LinkId;
use crate::plan::{Replay, ServerPlan};

/// How a task ended: whether by an error, and with what data.
pub type TaskEnd = (bool, String);

/// What kind of message it is, as far as keeping it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The next one supersedes it.
    Progress,
    /// A log line.
    Line,
    /// A status, or an error that ends nothing.
    Status,
    /// The end of the run: by an error?
    End(bool),
    /// Of an unknown type: passed on to the followers of the moment.
    Passing,
}

/// Who may send messages of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Publisher {
    /// A client, by its connection.
    Link(LinkId),
    /// A worker beside ours.
    Worker(usize),
}

/// A task.
#[derive(Debug, Default)]
pub(super) struct Task {
    /// The current run.
    pub epoch: Option<String>,
    /// The newest position in it.
    pub seq: u64,
    /// Whether the run has ended, and then whether by an error and its data.
    pub end: Option<TaskEnd>,
    /// What a status said of the end.
    pub said: Option<TaskEnd>,
    /// The ids that were taken.
    pub ids: BTreeMap<String, Marker>,
    /// Who is there to send more.
    pub publishers: BTreeSet<Publisher>,
    /// Since when there is nobody.
    pub orphaned_at: Option<u64>,
    records: VecDeque<Record>,
    run: u32,
    last_index: u64,
}

#[derive(Debug)]
struct Record {
    index: u64,
    run: u32,
    seq: u64,
    covers: u64,
    kind: Kind,
    epoch: String,
    /// Without its closing brace.
    text: String,
}

/// How far a follower has read.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    position: u64,
    /// Progress up to here is not sent where it is superseded.
    fresh_until: u64,
    /// What the next message stands for too: run, first and last position.
    carry: Option<(u32, u64, u64)>,
    /// Sent before all else: for servers that send only the latest progress and the outcome.
    first: VecDeque<u64>,
}

impl Task {
    /// The first message, or the first after the end, begins a run.
    pub(super) fn needs_run(&self) -> bool {
        self.epoch.is_none() || self.end.is_some()
    }

    /// A run begins.
    pub(super) fn begin(&mut self, epoch: String) {
        self.run += 1;
        self.epoch = Some(epoch);
        self.seq = 0;
        self.end = None;
        self.said = None;
    }

    /// Takes a message: `text` is an object without its closing brace.
    pub(super) fn push(&mut self, kind: Kind, text: String, plan: &ServerPlan) {
        self.last_index += 1;
        let seq = if kind == Kind::Passing {
            0
        } else {
            self.seq += 1;
            self.seq
        };
        let epoch = self.epoch.clone().unwrap_or_default();
        let record = Record { index: self.last_index, run: self.run, seq, covers: seq, kind, epoch, text };
        self.records.push_back(record);
        while self.records.len() > plan.keeps && self.let_go() {}
    }

    /// A reader for a new follower, or one with a cursor; and whether all after the cursor will be sent.
    pub(super) fn reader(&self, plan: &ServerPlan, since: Option<(&str, u64)>) -> (Reader, Option<bool>) {
        let mut reader =
            Reader { position: self.last_index, fresh_until: self.last_index, carry: None, first: VecDeque::new() };
        let start = |wanted: &dyn Fn(&Record) -> bool| {
            self.records.iter().find(|record| wanted(record)).map_or(self.last_index, |record| record.index - 1)
        };
        let of_run = |record: &Record| record.run == self.run && record.kind != Kind::Passing;
        match (plan.replay, since) {
            (Replay::All, Some((epoch, seq))) if self.epoch.as_deref() == Some(epoch) && seq <= self.seq => {
                reader.position = start(&|record| of_run(record) && record.seq > seq);
                reader.fresh_until = 0;
                let mut expected = seq + 1;
                let mut whole = true;
                for record in self.records.iter().filter(|record| of_run(record) && record.seq > seq) {
                    whole &= record.covers <= expected;
                    expected = record.seq + 1;
                }
                return (reader, Some(whole && expected > self.seq));
            }
            (Replay::All, _) => reader.position = start(&of_run),
            (Replay::Latest, _) => {
                let latest = |kind: &dyn Fn(Kind) -> bool| {
                    self.records.iter().rev().find(|record| of_run(record) && kind(record.kind)).map(|r| r.index)
                };
                reader.first.extend(latest(&|kind| kind == Kind::Progress));
                reader.first.extend(latest(&|kind| matches!(kind, Kind::End(_))));
            }
            (Replay::Nothing, _) => {}
        }
        (reader, since.map(|_| false))
    }

    /// The next text for a follower, if there is more.
    pub(super) fn read(&self, reader: &mut Reader, plan: &ServerPlan) -> Option<String> {
        if let Some(index) = reader.first.pop_front()
            && let Some(record) = self.records.iter().find(|record| record.index == index)
        {
            return Some(record.frame(&mut None, plan));
        }
        let waiting = self.records.iter().filter(|record| record.index > reader.position).count();
        let start = self.records.len() - waiting;
        let newest = self.newest();
        for at in start..self.records.len() {
            let record = &self.records[at];
            reader.position = record.index;
            let unread = self.records.len() - at;
            let superseded = || self.records.iter().skip(at + 1).any(|later| later.kind == Kind::Progress);
            match record.kind {
                Kind::Progress
                    if (unread > plan.conflates_above || record.index <= reader.fresh_until) && superseded() =>
                {
                    reader.carry = record.carried(reader.carry);
                }
                Kind::Line if unread > plan.leaves_out_above && Some(at) != newest => {}
                Kind::Passing if record.index <= reader.fresh_until => {}
                _ => return Some(record.frame(&mut reader.carry, plan)),
            }
        }
        None
    }

    /// The newest record with a position. It is neither forgotten nor left out: who is behind it would never know.
    fn newest(&self) -> Option<usize> {
        self.records.iter().rposition(|record| record.kind != Kind::Passing)
    }

    /// One record goes, if one may: superseded progress first, then log lines, then what is oldest; never the newest,
    /// never the newest with a position, never the end of the current run.
    fn let_go(&mut self) -> bool {
        let last = self.records.len() - 1;
        let newest = self.newest();
        let newest_progress = self.records.iter().rposition(|record| record.kind == Kind::Progress);
        let current = self.run;
        let may_go = |wanted: &dyn Fn(usize, &Record) -> bool| {
            (0..last).find(|at| Some(*at) != newest && wanted(*at, &self.records[*at]))
        };
        let superseded = may_go(&|at, record| record.kind == Kind::Progress && newest_progress > Some(at));
        let line = || may_go(&|_, record| matches!(record.kind, Kind::Line | Kind::Passing));
        let oldest = || may_go(&|_, record| !matches!(record.kind, Kind::End(_)) || record.run != current);
        let Some(at) = superseded.or_else(line).or_else(oldest) else { return false };
        let gone = self.records.remove(at).expect("it was found");
        if gone.kind == Kind::Progress
            && let Some(next) = self.records.iter_mut().skip(at).find(|record| record.kind != Kind::Passing)
            && next.run == gone.run
            && next.covers == gone.seq + 1
        {
            next.covers = gone.covers;
        }
        true
    }
}

impl Record {
    /// What a follower carries on after leaving this one out.
    fn carried(&self, carry: Option<(u32, u64, u64)>) -> Option<(u32, u64, u64)> {
        match carry {
            Some((run, from, to)) if run == self.run && self.covers == to + 1 => Some((run, from, self.seq)),
            _ => Some((self.run, self.covers, self.seq)),
        }
    }

    fn frame(&self, carry: &mut Option<(u32, u64, u64)>, plan: &ServerPlan) -> String {
        if self.kind == Kind::Passing || !plan.features.resume {
            return format!("{}}}", self.text);
        }
        let mut covers = self.covers;
        if let Some((run, from, to)) = carry.take()
            && run == self.run
            && covers == to + 1
        {
            covers = from;
        }
        let (text, seq, epoch) = (&self.text, self.seq, &self.epoch);
        if covers == seq {
            return format!("{text},\"seq\":{seq},\"epoch\":\"{epoch}\"}}");
        }
        format!("{text},\"seq\":{seq},\"epoch\":\"{epoch}\",\"covers\":{covers}}}")
    }
}
