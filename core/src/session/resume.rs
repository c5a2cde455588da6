//! Cursors, replayed frames and gaps (rules RES).

use std::borrow::Cow;
use std::hash::Hasher;

use rustc_hash::FxHasher;

use super::Session;
use super::limits::{MAX_IDLE, MAX_TASK_ID};
use super::tasks::{Cursor, Slot};
use crate::event::{Event, Gap};
use crate::protocol::{Frame, MAX_INTEGER};

impl Session {
    /// Whether a frame of an open task is new. Moves the cursor and tells of a gap before it.
    pub(super) fn is_new(&mut self, slot: Slot, frame: &Frame<'_>, text: &str) -> bool {
        let Some(seq) = frame.seq else { return self.is_new_by_text(slot, text) };
        let first = frame.covers.unwrap_or(seq);
        let epoch = frame.epoch.as_deref();
        if self.is_of_left_run(slot, epoch, seq) {
            return false;
        }
        if let Some(epoch) = epoch {
            self.epoch_is(slot, epoch);
        }
        let task = self.tasks.get_mut(slot);
        let Some(cursor) = &mut task.cursor else {
            let epoch = epoch.unwrap_or_default();
            task.cursor = Some(Cursor { epoch: epoch.into(), seq });
            if std::mem::take(&mut task.from_start) && first > 1 {
                self.tell_gap(slot, 1, Some(first - 1), epoch.to_owned());
            }
            return true;
        };
        if seq <= cursor.seq {
            self.stats.replays_dropped += 1;
            return false;
        }
        let expected = cursor.seq + 1;
        cursor.seq = seq;
        if first > expected {
            let epoch = cursor.epoch.to_string();
            self.tell_gap(slot, expected, Some(first - 1), epoch);
        }
        true
    }

    /// The server names the epoch of an open task. Another one than the cursor's: the rest of that is missing.
    pub(super) fn epoch_is(&mut self, slot: Slot, epoch: &str) {
        self.forget_hint_of_other_run(slot, epoch);
        let task = self.tasks.get_mut(slot);
        if let Some(ended) = task.ended_before.take().filter(|ended| &*ended.epoch != epoch) {
            task.left = Some(ended);
        }
        let back = task.left.take_if(|left| &*left.epoch == epoch);
        if let Some(cursor) = task.cursor.take_if(|cursor| &*cursor.epoch != epoch) {
            let (from, left) = (cursor.seq + 1, cursor.epoch.to_string());
            task.left = Some(cursor);
            task.cursor = back;
            self.tell_gap(slot, from, None, left);
        } else if task.cursor.is_none() {
            task.cursor = back;
        }
    }

    /// Whether a message was seen in the run that was left for another: a repeat, which is dropped.
    pub(super) fn is_of_left_run(&mut self, slot: Slot, epoch: Option<&str>, seq: u64) -> bool {
        let left = self.tasks.get(slot).left.as_ref();
        let repeated = left.is_some_and(|left| Some(&*left.epoch) == epoch && seq <= left.seq);
        self.stats.replays_dropped += u64::from(repeated);
        repeated
    }

    pub(super) fn import_cursors(&mut self) {
        for (id, epoch, seq) in std::mem::take(&mut self.config.cursors).into_iter().take(MAX_IDLE) {
            if !id.is_empty() && id.len() <= MAX_TASK_ID && seq <= MAX_INTEGER {
                let slot = self.tasks.find_or_add(&id);
                self.tasks.get_mut(slot).cursor = Some(Cursor { epoch: epoch.into(), seq });
                self.tasks.rearm(slot);
            }
        }
    }

    fn is_new_by_text(&mut self, slot: Slot, text: &str) -> bool {
        let now = self.mono();
        let task = self.tasks.get_mut(slot);
        let mut hasher = FxHasher::default();
        hasher.write(text.as_bytes());
        let repeated = task.recent.get_or_insert_default().note(hasher.finish(), now < task.compare_until);
        self.stats.replays_dropped += u64::from(repeated);
        !repeated
    }

    fn tell_gap(&mut self, slot: Slot, from: u64, to: Option<u64>, epoch: String) {
        self.stats.gaps += 1;
        let task = self.tasks.get(slot);
        let gap = Gap { task_id: task.id.to_string(), from, to, epoch };
        self.batch.push(task.key, Event::Gap(Cow::Owned(gap)));
    }
}
