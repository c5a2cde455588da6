//! The end of a task: exactly one per subscription (rules OUT).

use std::borrow::Cow;

use super::Session;
use super::limits::HINT_MS;
use super::tasks::{Cursor, Hint, Phase, Slot};
use crate::config::Terminal;
use crate::event::{
    Complete, DropReason, ErrorEvent, ErrorSource, Event, Lost, LostReason, Outcome, OutcomeKind, Settlement,
};
use crate::protocol::terminal_word;
use crate::protocol::{self, Body};

/// The end of a task as a message tells it.
#[derive(Debug)]
pub(super) struct End<'a> {
    pub kind: Terminal,
    pub data: &'a str,
    pub message: &'a str,
    pub code: &'a str,
    pub timestamp: i64,
    pub synthetic: bool,
}

impl Session {
    /// The task has ended: tells it, answers who waits, remembers it.
    pub(super) fn end_task(&mut self, slot: Slot, end: &End<'_>) {
        let task = self.tasks.get(slot);
        let (key, id) = (task.key, task.id.clone());
        self.push_end(key, &id, end);
        let outcome = Outcome {
            task_id: id.to_string(),
            kind: match end.kind {
                Terminal::Complete => OutcomeKind::Complete,
                Terminal::Error => OutcomeKind::Error,
            },
            data: end.data.to_owned(),
            message: end.message.to_owned(),
            code: end.code.to_owned(),
            reason: None,
            timestamp: end.timestamp,
            synthetic: end.synthetic,
        };
        self.stats.outcomes += 1;
        self.tasks.set_phase(slot, Phase::Ended);
        let task = self.tasks.get_mut(slot);
        let told = task.told_epoch.take().map(|epoch| Cursor { epoch, seq: 0 });
        let seen = task.cursor.take().or(told);
        task.ended.clone_from(&seen);
        self.tasks.outcomes().remember(outcome.clone(), seen);
        self.subscription_ended(slot, &outcome);
    }

    /// Tells the end of a task nobody asked for, without bookkeeping.
    pub(super) fn push_end(&mut self, key: u32, id: &str, end: &End<'_>) {
        let event = match end.kind {
            Terminal::Complete => Event::Complete(Complete {
                task_id: id.into(),
                timestamp: end.timestamp,
                data: end.data.into(),
                synthetic: end.synthetic,
            }),
            Terminal::Error => Event::Error(ErrorEvent {
                source: ErrorSource::Task,
                code: end.code.into(),
                message: end.message.into(),
                task_id: Some(id.into()),
                data: Some(end.data.into()),
                fatal: true,
                timestamp: end.timestamp,
                synthetic: end.synthetic,
            }),
        };
        self.batch.push(key, event);
    }

    /// The subscription ends without an outcome.
    pub(super) fn lose(&mut self, slot: Slot, reason: LostReason) {
        let task = self.tasks.get_mut(slot);
        task.flag = false;
        let (key, id) = (task.key, task.id.to_string());
        let outcome = self.lost_outcome(&id, reason);
        self.stats.lost += 1;
        self.batch.push(key, Event::Lost(Cow::Owned(Lost { task_id: id, reason })));
        self.tasks.set_phase(slot, Phase::Lost);
        self.subscription_ended(slot, &outcome);
    }

    /// Every open subscription is lost and every message dropped: the client stops.
    pub(super) fn end_all_work(&mut self, lost: LostReason, dropped: DropReason) {
        for slot in self.tasks.in_order(super::tasks::Task::is_open) {
            self.lose(slot, lost);
        }
        self.drop_messages(dropped);
    }

    /// Whether there is a reason to keep the link or to bring it back.
    pub(super) fn has_open_work(&self) -> bool {
        self.tasks.open > 0 || self.tasks.reported > 0 || self.has_unsettled()
    }

    /// Which end a status word stands for, if one.
    pub(super) fn terminal_word(&self, word: &str) -> Option<Terminal> {
        let word = word.to_lowercase();
        if let Some(terminal) = self.config.terminal_status.get(&word) {
            return *terminal;
        }
        terminal_word(&word).and_then(Terminal::from_status)
    }

    /// A status says that the task is over: its own last message has `HINT_MS` to arrive.
    pub(super) fn hint_end(&mut self, slot: Slot, kind: Terminal, data: Option<&str>) {
        let due = self.mono() + HINT_MS;
        let task = self.tasks.get_mut(slot);
        match &mut task.hint {
            Some(hint) => {
                if let Some(data) = data {
                    (hint.kind, hint.data) = (kind, Some(data.to_owned()));
                }
            }
            None => task.hint = Some(Hint { kind, data: data.map(str::to_owned), due }),
        }
        self.tasks.rearm(slot);
    }

    /// The server names an epoch: what a run before it said of its end does not count any more.
    pub(super) fn forget_hint_of_other_run(&mut self, slot: Slot, epoch: &str) {
        let task = self.tasks.get_mut(slot);
        let last = task.cursor.as_ref().map(|cursor| &cursor.epoch).or(task.told_epoch.as_ref());
        if last.is_some_and(|last| **last != *epoch) && task.hint.take().is_some() {
            self.tasks.rearm(slot);
        }
    }

    pub(super) fn hint_is_due(&mut self, slot: Slot) {
        let Some(hint) = self.tasks.get_mut(slot).hint.take() else { return };
        let data = hint.data.as_deref().unwrap_or("null");
        let mut end =
            End { kind: hint.kind, data, message: "", code: "", timestamp: self.now.wall_ms, synthetic: true };
        if hint.kind == Terminal::Complete {
            return self.end_task(slot, &end);
        }
        // The data may be an error's, which says more than its status.
        let text = format!("{{\"type\":\"error\",\"data\":{data}}}");
        end.message = "the task's status says that it failed";
        let said = protocol::parse(&text).map(|frame| frame.body);
        if let Ok(Body::Error { message, code, .. }) = &said {
            end.code = code;
            end.message = Some(&**message).filter(|message| !message.is_empty()).unwrap_or(end.message);
        }
        self.end_task(slot, &end);
    }

    fn subscription_ended(&mut self, slot: Slot, outcome: &Outcome) {
        let task = self.tasks.get_mut(slot);
        task.hint = None;
        task.question_due = None;
        task.recent = None;
        self.tasks.rearm(slot);
        for lease in self.tasks.take_waiting(slot) {
            self.settle(lease, Settlement::Outcome(outcome.clone()));
        }
        self.after_unwanting(slot);
    }
}
