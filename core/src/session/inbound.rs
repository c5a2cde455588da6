//! Messages of the server: what each becomes (rules EVT, and the doors to OUT, RES, ASK and RCP).

use super::Session;
use super::io::Generation;
use super::limits::SHOWN_BYTES;
use super::outcome::End;
use super::tasks::{Phase, Slot};
use crate::config::Terminal;
use crate::error::ErrorKind;
use crate::event::{ErrorEvent, ErrorSource, Event, Heartbeat, LostReason, NO_KEY, Status, Unknown};
use crate::protocol::{Body, Control, Frame, Rejected, write_string};

/// What a frame's task is to us.
enum Standing {
    /// A task nobody asked for, or whose end is known: passed on.
    Passed,
    /// An open subscription.
    Open(Slot, u32),
    /// Seen before.
    Repeated,
}

impl Session {
    pub(super) fn on_frame(&mut self, frame: &Frame<'_>, text: &str) {
        self.stats.bad_fields += u64::from(frame.faults);
        let timestamp = frame.timestamp.unwrap_or(self.now.wall_ms);
        match &frame.body {
            Body::Progress { stage, progress, message } => {
                if let Some(key) = self.standing(frame, text).key() {
                    self.batch.progress(key, &frame.task_id, stage, *progress, message, timestamp);
                }
            }
            Body::Log { level, message, metadata } => {
                if let Some(key) = self.standing(frame, text).key() {
                    self.batch.log(key, &frame.task_id, *level, message, *metadata, timestamp);
                }
            }
            Body::Status { word, data } => {
                let standing = self.standing(frame, text);
                let Some(key) = standing.key() else { return };
                let task_id = frame.task_id.as_ref().into();
                self.batch.push(key, Event::Status(Status { task_id, timestamp, data: (*data).into() }));
                if let (Standing::Open(slot, _), Some(word)) = (standing, word)
                    && let Some(kind) = self.terminal_word(word)
                {
                    self.hint_end(slot, kind, Some(data));
                }
            }
            Body::Complete { data } => {
                let end = End { kind: Terminal::Complete, data, message: "", code: "", timestamp, synthetic: false };
                self.on_end(frame, text, &end);
            }
            Body::Error { message, code, fatal, action, refused_id, data } => {
                let answers = action.is_some() || refused_id.is_some();
                if let Some(id) = refused_id {
                    self.on_refused_message(id, message);
                }
                let followed = self.tasks.find(&frame.task_id).is_some_and(|slot| {
                    let phase = self.tasks.get(slot).phase;
                    phase != Phase::Idle && phase != Phase::Lost
                }) || self.tasks.outcomes().get(&frame.task_id).is_some();
                if !answers && *fatal != Some(false) && followed {
                    let end = End { kind: Terminal::Error, data, message, code, timestamp, synthetic: false };
                    self.on_end(frame, text, &end);
                } else {
                    self.on_error_that_ends_nothing(frame, text, (message, code, data), answers, followed);
                    if action.as_deref() == Some("subscribe") {
                        self.on_refused_subscription(&frame.task_id);
                    }
                }
            }
            Body::Heartbeat { received } => {
                self.on_heartbeat(&frame.task_id, *received);
                if !received {
                    let task_id = frame.task_id.as_ref().into();
                    self.batch.push(NO_KEY, Event::Heartbeat(Heartbeat { task_id, timestamp }));
                }
            }
            Body::Control(control) => self.on_control(frame, control),
            Body::Other { kind } => {
                let (kind, task_id) = (kind.as_ref().into(), frame.task_id.as_ref().into());
                self.batch.push(NO_KEY, Event::Message(Unknown { kind, task_id, raw: text.into() }));
            }
        }
    }

    pub(super) fn on_rejected(&mut self, why: &Rejected, text: &str) {
        match why {
            // What a parser has to say differs from one implementation to the next.
            Rejected::Json(_) => self.tell_rejected("it is not a JSON object", text),
            Rejected::Field { .. } => self.tell_rejected(&why.to_string(), text),
        }
    }

    fn tell_rejected(&mut self, why: &str, text: &str) {
        let mut end = text.len().min(SHOWN_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.stats.rejected += 1;
        let mut message = format!("a message was rejected: {why}; it began ");
        write_string(&mut message, &text[..end]);
        self.report(ErrorSource::Protocol, ErrorKind::InvalidMessage, &message, false);
    }

    pub(super) fn on_binary(&mut self, generation: Generation, head: &[u8]) {
        if self.link.is_up(generation) {
            self.sign_of_life();
            self.stats.frames_in += 1;
            let head = String::from_utf8_lossy(&head[..head.len().min(SHOWN_BYTES)]);
            self.tell_rejected("it is binary, and this protocol is text", &head);
            self.alive_after_writing();
        }
    }

    fn on_control(&mut self, frame: &Frame<'_>, control: &Control<'_>) {
        match control {
            Control::Hello { features, .. } => {
                if features.heartbeat {
                    self.server_answers_heartbeats();
                }
                self.on_hello(*features);
            }
            Control::Subscribed(state) => self.on_task_state(&frame.task_id, state, true),
            Control::State(state) => self.on_task_state(&frame.task_id, state, false),
            Control::Ack { id } => self.on_ack(id),
            Control::Request(_) => self.stats.bad_fields += 1,
        }
    }

    /// A message that is a task's outcome, if its subscription has had none yet.
    fn on_end(&mut self, frame: &Frame<'_>, text: &str, end: &End<'_>) {
        // A task that only a reporter holds is as good as unknown.
        let asked_for = |slot: &Slot| self.tasks.get(*slot).phase != Phase::Idle;
        let ended_before = match self.tasks.find(&frame.task_id).filter(asked_for) {
            Some(slot) => {
                let task = self.tasks.get(slot);
                let ended = task.ended.as_ref().map(|ended| &*ended.epoch);
                let same_run = frame.epoch.is_none() || ended.is_none() || ended == frame.epoch.as_deref();
                task.phase == Phase::Lost || (task.phase == Phase::Ended && same_run)
            }
            None => self.tasks.outcomes().repeats(&frame.task_id, frame.epoch.as_deref()),
        };
        if ended_before {
            self.stats.replays_dropped += 1;
            return;
        }
        match self.standing(frame, text) {
            Standing::Open(slot, _) => self.end_task(slot, end),
            Standing::Passed => self.push_end(NO_KEY, &frame.task_id, end),
            Standing::Repeated => {}
        }
    }

    fn on_error_that_ends_nothing(
        &mut self,
        frame: &Frame<'_>,
        text: &str,
        (message, code, data): (&str, &str, &str),
        answers: bool,
        followed: bool,
    ) {
        let of_task = followed && !answers;
        let key = match of_task.then(|| self.standing(frame, text).key()) {
            Some(None) => return,
            Some(Some(key)) => key,
            None => NO_KEY,
        };
        let kind = if answers { ErrorKind::MessageRefused } else { ErrorKind::ServerError };
        self.batch.push(
            key,
            Event::Error(ErrorEvent {
                source: if of_task { ErrorSource::Task } else { ErrorSource::Protocol },
                code: if of_task { code.into() } else { kind.name().into() },
                message: message.into(),
                task_id: Some(frame.task_id.as_ref()).filter(|id| !id.is_empty()).map(Into::into),
                data: Some(data.into()),
                fatal: false,
                timestamp: frame.timestamp.unwrap_or(self.now.wall_ms),
                synthetic: false,
            }),
        );
    }

    fn on_refused_subscription(&mut self, id: &str) {
        if let Some(slot) = self.tasks.find(id).filter(|slot| self.tasks.get(*slot).is_open()) {
            self.tasks.get_mut(slot).asked_on = 0;
            self.lose(slot, LostReason::Refused);
        }
    }

    /// What the frame's task is to us, with the bookkeeping that follows from it.
    fn standing(&mut self, frame: &Frame<'_>, text: &str) -> Standing {
        let Some(slot) = self.tasks.find(&frame.task_id) else { return Standing::Passed };
        let task = self.tasks.get(slot);
        match (task.phase, &task.ended) {
            (Phase::Pending | Phase::Live, _) => {}
            (Phase::Ended, Some(ended)) if frame.epoch.is_some() => {
                let epoch = frame.epoch.as_deref();
                if epoch == Some(&*ended.epoch) {
                    return Standing::Passed;
                }
                if frame.seq.is_some_and(|seq| self.is_of_left_run(slot, epoch, seq)) {
                    return Standing::Repeated;
                }
                self.run_again(slot);
            }
            (Phase::Idle | Phase::Ended | Phase::Lost, _) => return Standing::Passed,
        }
        let key = self.tasks.get(slot).key;
        self.heard_of(slot);
        if self.is_new(slot, frame, text) { Standing::Open(slot, key) } else { Standing::Repeated }
    }

    /// A wanted task whose end was seen is run again: its subscription is open again without being asked for.
    fn run_again(&mut self, slot: Slot) {
        self.reopen(slot);
        let task = self.tasks.get_mut(slot);
        task.asked_before = true;
        task.from_start = true;
        self.await_word_of(slot);
    }
}

impl Standing {
    /// The key to push the event under; `None` if it is not to be told.
    fn key(&self) -> Option<u32> {
        match self {
            Self::Passed => Some(NO_KEY),
            Self::Open(_, key) => Some(*key),
            Self::Repeated => None,
        }
    }
}
