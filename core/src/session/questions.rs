//! Asking for a task's status when it is silent (rules ASK).

use super::Session;
use super::limits::{MAX_QUESTION_MS, MAX_UNKNOWNS};
use super::tasks::{Phase, Slot};
use crate::config::Terminal;
use crate::event::LostReason;
use crate::protocol::{TaskState, TaskStatus};

impl Session {
    /// `subscribe` or a question went out, or the task was heard: the next question is due after a silence.
    pub(super) fn await_word_of(&mut self, slot: Slot) {
        let stall = self.config.stall_timeout;
        let now = self.mono();
        let task = self.tasks.get_mut(slot);
        if stall > 0 && task.is_open() {
            let silence = stall.saturating_mul(1 << task.questions.min(20)).min(MAX_QUESTION_MS.max(stall));
            task.question_due = Some(now + silence);
            self.tasks.rearm(slot);
        }
    }

    /// Something of the task arrived. Its deadline is moved lazily: when it comes.
    pub(super) fn heard_of(&mut self, slot: Slot) {
        let now = self.mono();
        let task = self.tasks.get_mut(slot);
        task.heard_at = now;
        task.known = true;
        task.unknowns = 0;
        let was_asked_about = std::mem::take(&mut task.questions) > 0;
        if task.phase == Phase::Pending {
            self.tasks.set_phase(slot, Phase::Live);
        }
        if was_asked_about {
            self.await_word_of(slot);
        }
    }

    /// The server says how a task is.
    pub(super) fn on_task_state(&mut self, id: &str, state: &TaskState<'_>, answers_subscribe: bool) {
        let Some(slot) = self.tasks.find(id).filter(|slot| self.tasks.get(*slot).is_open()) else { return };
        self.tasks.set_phase(slot, Phase::Live);
        if state.status == Some(TaskStatus::Unknown) {
            let task = self.tasks.get_mut(slot);
            task.unknowns = task.unknowns.saturating_add(1);
            task.from_start = !task.known;
            if task.known && task.unknowns >= MAX_UNKNOWNS {
                self.lose(slot, LostReason::Forgotten);
            }
            return;
        }
        if let Some(epoch) = state.epoch.as_deref() {
            self.epoch_is(slot, epoch);
            self.tasks.get_mut(slot).told_epoch = Some(epoch.into());
        }
        let can_query = self.subscriptions.features().is_some_and(|features| features.query);
        let end = state.status.and_then(Terminal::from_status);
        if state.status.is_some() {
            let task = self.tasks.get_mut(slot);
            task.known = true;
            task.unknowns = 0;
        }
        let is_asked = answers_subscribe && can_query && (end.is_some() || state.status.is_none());
        // An end without its data would become an outcome without it, where the link is slow or lost meanwhile.
        if let Some(end) = end.filter(|_| state.data.is_some() || !is_asked) {
            self.hint_end(slot, end, state.data);
        }
        if is_asked {
            self.query(slot);
        }
    }

    pub(super) fn tasks_timeout(&mut self) {
        let now = self.mono();
        while let Some(slot) = self.tasks.due(now) {
            let task = self.tasks.get_mut(slot);
            if task.hint.as_ref().is_some_and(|hint| hint.due <= now) {
                self.hint_is_due(slot);
            } else if task.question_due.is_some_and(|due| due <= now) {
                task.question_due = None;
                self.question_is_due(slot);
                self.tasks.rearm(slot);
            } else {
                // Its cursor has outlived the last one who wanted it.
                task.expires = None;
                task.cursor = None;
                if task.leases.is_empty() {
                    self.tasks.remove(slot);
                } else {
                    self.tasks.rearm(slot);
                }
            }
        }
    }

    fn question_is_due(&mut self, slot: Slot) {
        let stall = self.config.stall_timeout;
        let now = self.mono();
        let task = self.tasks.get_mut(slot);
        if task.questions == 0 && task.heard_at + stall > now {
            task.question_due = Some(task.heard_at + stall);
            return;
        }
        task.questions = task.questions.saturating_add(1);
        self.stats.questions += 1;
        if self.subscriptions.features().is_some_and(|features| features.query) {
            self.query(slot);
            self.await_word_of(slot);
        } else {
            self.ask_for(slot);
        }
    }
}
