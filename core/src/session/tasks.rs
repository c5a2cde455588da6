//! The tasks this session knows: who wants them, how far their subscription is, what was seen of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rustc_hash::FxHashMap;

use super::io::{Generation, LeaseId, LeaseKind};
use super::limits::{MAX_IDLE, MAX_LEASES, MAX_TASKS, RECENT_FRAMES};
use super::outcomes::Outcomes;
use super::publications::Reported;
use crate::config::Terminal;

/// Place of a task in the table.
pub(crate) type Slot = usize;

/// How far the subscription to a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nobody wants the task.
    Idle,
    /// Wanted; the server has said nothing of it yet.
    Pending,
    /// Wanted; the server speaks of it.
    Live,
    /// Wanted, and its outcome is known.
    Ended,
    /// Wanted, but the subscription ended without an outcome. The next link opens it again.
    Lost,
}

/// The last message of a task that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub epoch: Box<str>,
    pub seq: u64,
}

/// A status that says the task is over, while its own last message is awaited.
#[derive(Clone, Debug)]
pub(crate) struct Hint {
    pub kind: Terminal,
    pub data: Option<String>,
    pub due: u64,
}

/// Everything known of one task.
#[derive(Debug)]
pub(crate) struct Task {
    /// Counts tasks from 0 and is never reused: what the inbox tells tasks apart by.
    pub key: u32,
    pub id: Box<str>,
    pub phase: Phase,
    /// The explicit flag of `subscribe`.
    pub flag: bool,
    pub leases: BTreeMap<LeaseId, LeaseKind>,
    /// How many of them are reporters'.
    reporters: usize,
    /// What they have said, while there are any.
    pub reported: Option<Reported>,
    /// Order of the last `connect`, `subscribe` or lease; 0 = never.
    pub rank: u64,
    /// Order in which the subscription was opened.
    pub opened: u64,
    /// The transport on which `subscribe` went out last; 0 = none.
    pub asked_on: Generation,
    /// Waits in the queue of subscriptions to send.
    pub queued: bool,
    /// `subscribe` went out before in this subscription: the next one is a resubscribe.
    pub asked_before: bool,
    pub cursor: Option<Cursor>,
    /// The epoch that the server named last, whether or not messages of it were seen.
    pub told_epoch: Option<Box<str>>,
    /// Where the outcome was seen. The position is 0 where only the epoch is known.
    pub ended: Option<Cursor>,
    /// Where the outcome before this subscription was seen, until the server names an epoch.
    pub ended_before: Option<Cursor>,
    /// The cursor in the epoch that was left last for another.
    pub left: Option<Cursor>,
    /// The server has shown that it knows the task.
    pub known: bool,
    /// The subscription is older than the run of the task: its first message is number 1.
    pub from_start: bool,
    /// How often in a row it said that it does not.
    pub unknowns: u8,
    pub heard_at: u64,
    /// Status questions since the task was last heard.
    pub questions: u32,
    pub question_due: Option<u64>,
    pub hint: Option<Hint>,
    /// When the record of an unwanted task goes.
    pub expires: Option<u64>,
    pub recent: Option<Box<Recent>>,
    /// Until when frames without seq are compared with recent ones.
    pub compare_until: u64,
    timer: Option<u64>,
    /// Its place among those that may be forgotten, while it is one.
    forgettable: Option<u64>,
}

impl Task {
    /// Whether anybody wants events of the task.
    pub(crate) fn is_wanted(&self) -> bool {
        self.flag || self.leases.len() > self.reporters
    }

    /// Whether the subscription is open: wanted and without an end.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Pending | Phase::Live)
    }

    fn deadline(&self) -> Option<u64> {
        let hint = self.hint.as_ref().map(|hint| hint.due);
        [hint, self.question_due, self.expires].into_iter().flatten().min()
    }
}

/// Fingerprints of the last frames of a task that came without seq.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    marks: VecDeque<u64>,
}

impl Recent {
    /// Notes a frame. Returns whether it was among the last ones.
    pub(crate) fn note(&mut self, mark: u64, compare: bool) -> bool {
        if compare && self.marks.contains(&mark) {
            return true;
        }
        if self.marks.len() == RECENT_FRAMES {
            self.marks.pop_front();
        }
        self.marks.push_back(mark);
        false
    }
}

/// All tasks, leases and remembered outcomes of a session.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    slots: Vec<Option<Task>>,
    free: Vec<Slot>,
    by_id: FxHashMap<Box<str>, Slot>,
    leases: FxHashMap<LeaseId, Slot>,
    timers: BTreeSet<(u64, u32, Slot)>,
    outcomes: Outcomes,
    next_key: u32,
    next_order: u64,
    /// Tasks whose subscription is open.
    pub open: usize,
    /// Leases of reporters.
    pub reported: usize,
    wanted: usize,
    /// Tasks without a lease that nobody wants, by the time at which they are forgotten anyway.
    forgettable: BTreeSet<(u64, u32, Slot)>,
}

impl Tasks {
    pub(crate) fn find(&self, id: &str) -> Option<Slot> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn get(&self, slot: Slot) -> &Task {
        self.slots[slot].as_ref().expect("a slot in use holds a task")
    }

    /// The task, to change anything but its phase and its deadlines' order; see `set_phase` and `rearm`.
    pub(crate) fn get_mut(&mut self, slot: Slot) -> &mut Task {
        self.slots[slot].as_mut().expect("a slot in use holds a task")
    }

    /// Whether the slot still holds the task with this key.
    pub(crate) fn holds(&self, slot: Slot, key: u32) -> bool {
        self.slots.get(slot).and_then(Option::as_ref).is_some_and(|task| task.key == key)
    }

    /// The task of that id, made if there is none.
    pub(crate) fn find_or_add(&mut self, id: &str) -> Slot {
        if let Some(slot) = self.find(id) {
            return slot;
        }
        let task = Task {
            key: self.next_key,
            id: id.into(),
            phase: Phase::Idle,
            flag: false,
            leases: BTreeMap::new(),
            reporters: 0,
            reported: None,
            rank: 0,
            opened: 0,
            asked_on: 0,
            queued: false,
            asked_before: false,
            cursor: None,
            told_epoch: None,
            ended: None,
            ended_before: None,
            left: None,
            known: false,
            from_start: false,
            unknowns: 0,
            heard_at: 0,
            questions: 0,
            question_due: None,
            hint: None,
            expires: None,
            recent: None,
            compare_until: 0,
            timer: None,
            forgettable: None,
        };
        // The key tells waiting events apart; u32::MAX is taken to mean none.
        self.next_key = if self.next_key == u32::MAX - 1 { 0 } else { self.next_key + 1 };
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot] = Some(task);
            slot
        } else {
            self.slots.push(Some(task));
            self.slots.len() - 1
        };
        self.by_id.insert(id.into(), slot);
        slot
    }

    pub(crate) fn remove(&mut self, slot: Slot) {
        let Some(task) = self.slots[slot].take() else { return };
        debug_assert!(task.phase == Phase::Idle && task.leases.is_empty(), "only unwanted tasks are forgotten");
        if let Some(due) = task.timer {
            self.timers.remove(&(due, task.key, slot));
        }
        if let Some(place) = task.forgettable {
            self.forgettable.remove(&(place, task.key, slot));
        }
        self.by_id.remove(&task.id);
        self.free.push(slot);
    }

    pub(crate) fn set_phase(&mut self, slot: Slot, phase: Phase) {
        let task = self.get_mut(slot);
        let (was_open, was_idle) = (task.is_open(), task.phase == Phase::Idle);
        task.phase = phase;
        let (is_open, is_idle) = (task.is_open(), phase == Phase::Idle);
        self.open = self.open + usize::from(is_open) - usize::from(was_open);
        self.wanted = self.wanted + usize::from(was_idle) - usize::from(is_idle);
    }

    /// A number larger than any given before.
    pub(crate) fn next_order(&mut self) -> u64 {
        self.next_order += 1;
        self.next_order
    }

    /// Puts the task's earliest deadline in its place among all. To be called after each change of a deadline, of the
    /// phase or of the leases.
    pub(crate) fn rearm(&mut self, slot: Slot) {
        let task = self.slots[slot].as_mut().expect("a slot in use holds a task");
        let may_go = task.phase == Phase::Idle && task.leases.is_empty();
        let place = may_go.then(|| task.expires.unwrap_or(0));
        replace(&mut self.forgettable, (task.key, slot), &mut task.forgettable, place);
        let due = task.deadline();
        replace(&mut self.timers, (task.key, slot), &mut task.timer, due);
    }

    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.timers.first().map(|(due, ..)| *due)
    }

    /// The task whose deadline has come first, if one has.
    pub(crate) fn due(&self, now: u64) -> Option<Slot> {
        self.timers.first().filter(|(due, ..)| *due <= now).map(|(.., slot)| *slot)
    }

    /// Tasks of that kind, in the order in which their subscriptions were opened.
    pub(crate) fn in_order(&self, wanted: impl Fn(&Task) -> bool) -> Vec<Slot> {
        self.sorted(|task| wanted(task).then_some(task.opened))
    }

    /// Tasks with a reporter of which something went out before this link, in the order in which they got it.
    pub(crate) fn published_before(&self, generation: Generation) -> Vec<Slot> {
        let order = |reported: &Reported| reported.goes_on(generation).then_some(reported.order);
        self.sorted(|task| task.reported.as_ref().and_then(order))
    }

    /// Tasks that have a number, by their numbers.
    fn sorted(&self, number: impl Fn(&Task) -> Option<u64>) -> Vec<Slot> {
        let mut found: Vec<(u64, Slot)> = Vec::new();
        for (slot, task) in self.slots.iter().enumerate() {
            if let Some(number) = task.as_ref().and_then(&number) {
                found.push((number, slot));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, slot)| slot).collect()
    }

    /// The latest connected or subscribed task that is still wanted.
    pub(crate) fn current(&self) -> Option<&str> {
        let tasks = self.slots.iter().flatten().filter(|task| task.rank > 0 && task.is_wanted());
        tasks.max_by_key(|task| task.rank).map(|task| &*task.id)
    }

    pub(crate) fn has_room(&self) -> bool {
        self.wanted < MAX_TASKS
    }

    /// Makes room for one more unwanted task that keeps its cursor.
    pub(crate) fn trim_idle(&mut self) {
        while self.forgettable.len() > MAX_IDLE {
            let Some((.., slot)) = self.forgettable.first() else { return };
            self.remove(*slot);
        }
    }

    pub(crate) fn has_lease_room(&self) -> bool {
        self.leases.len() < MAX_LEASES
    }

    pub(crate) fn add_lease(&mut self, lease: LeaseId, slot: Slot, kind: LeaseKind) {
        self.leases.insert(lease, slot);
        let order = self.next_order();
        let task = self.get_mut(slot);
        task.leases.insert(lease, kind);
        if kind == LeaseKind::Report {
            task.reporters += 1;
            task.reported.get_or_insert_with(|| Reported::since(order));
            self.reported += 1;
        }
    }

    /// Forgets a lease. Returns its task and kind if it lived.
    pub(crate) fn end_lease(&mut self, lease: LeaseId) -> Option<(Slot, LeaseKind)> {
        let slot = self.leases.remove(&lease)?;
        let task = self.get_mut(slot);
        let kind = task.leases.remove(&lease).expect("the task knows its leases");
        if kind == LeaseKind::Report {
            task.reporters -= 1;
            task.reported.take_if(|_| task.reporters == 0);
            self.reported -= 1;
        }
        Some((slot, kind))
    }

    /// Takes the leases that end with the outcome: follows and waits, oldest first.
    pub(crate) fn take_waiting(&mut self, slot: Slot) -> Vec<LeaseId> {
        let mut waiting = Vec::new();
        self.get_mut(slot).leases.retain(|lease, kind| {
            let waits = matches!(kind, LeaseKind::Follow | LeaseKind::Wait);
            if waits {
                waiting.push(*lease);
            }
            !waits
        });
        for lease in &waiting {
            self.leases.remove(lease);
        }
        waiting
    }

    /// Whether anything lives that waits for the link however long it takes.
    pub(crate) fn is_patient(&self) -> bool {
        !self.leases.is_empty()
    }

    pub(crate) fn outcomes(&mut self) -> &mut Outcomes {
        &mut self.outcomes
    }

    pub(crate) fn wanted(&self) -> usize {
        self.wanted
    }

    pub(crate) fn remembered(&self) -> usize {
        self.outcomes.len()
    }

    pub(crate) fn cursors(&self) -> impl Iterator<Item = (&str, &Cursor)> {
        self.slots.iter().flatten().filter_map(|task| task.cursor.as_ref().map(|cursor| (&*task.id, cursor)))
    }
}

/// Moves a task from its old place in an ordered set to its new one.
fn replace(set: &mut BTreeSet<(u64, u32, Slot)>, (key, slot): (u32, Slot), place: &mut Option<u64>, new: Option<u64>) {
    if *place == new {
        return;
    }
    if let Some(old) = std::mem::replace(place, new) {
        set.remove(&(old, key, slot));
    }
    if let Some(new) = new {
        set.insert((new, key, slot));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwanted_cursors_are_bounded() {
        let mut tasks = Tasks::default();
        for n in 0..=MAX_IDLE {
            let slot = tasks.find_or_add(&n.to_string());
            tasks.get_mut(slot).expires = Some(n as u64);
            tasks.rearm(slot);
        }
        tasks.trim_idle();
        assert_eq!(tasks.forgettable.len(), MAX_IDLE);
        assert!(tasks.find("0").is_none() && tasks.find("1").is_some());
        assert_eq!(tasks.timers.len(), MAX_IDLE);
    }
}
