//! Telling the server which tasks are wanted, on every new link again (rules SUB and CTL).

use std::collections::VecDeque;

use super::Session;
use super::io::Transmit;
use super::limits::{
    BATCH_TASKS, COMPARE_MS, HELLO_WAIT_MS, LONG_HELLO_WAIT_MS, MAX_REQUESTS, MAX_VAIN_WAITS, PACE_COUNT, PACE_MS,
};
use super::tasks::{Phase, Slot};
use crate::protocol::{Features, encode_query, encode_subscribe, encode_subscribe_batch, encode_unsubscribe};

/// What is to be asked of the server on the current link.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    /// What the server can do; `None` until it has said so or the wait is over.
    features: Option<Features>,
    /// The same of the last link on which it was known.
    last: Option<Known>,
    hello_due: Option<u64>,
    /// When a server that has no hello would be known to have none.
    no_hello_at: u64,
    /// Links in a row that were lost after that, while a hello was waited for. Up to `MAX_VAIN_WAITS`.
    vain_waits: u8,
    /// Tasks to subscribe to, in order. Bounded by the number of tasks; `Task::queued` keeps entries unique.
    queue: VecDeque<(Slot, u32)>,
    /// Tasks with a cursor, which wait for the hello. Bounded likewise.
    held: VecDeque<(Slot, u32)>,
    /// Tasks that are still reported, once the server has asked for them, in order. Bounded by the number of leases.
    pub(super) published: Option<VecDeque<(Slot, u32)>>,
    /// A `publish` was written on this link.
    pub(super) introduced: bool,
    /// `unsubscribe` and `query` frames, `MAX_REQUESTS` at most.
    requests: VecDeque<Request>,
    /// When the first of the last few `subscribe` frames was written, and how many there were since.
    pace_from: u64,
    sent_in_pace: u32,
}

/// What is known of a server's abilities.
#[derive(Clone, Copy, Debug)]
struct Known {
    features: Features,
    said_hello: bool,
}

#[derive(Debug)]
enum Request {
    Unsubscribe(Box<str>),
    Query(Box<str>),
}

impl Subscriptions {
    pub(super) fn deadline(&self) -> Option<u64> {
        let paced = self.sent_in_pace >= PACE_COUNT && !self.queue.is_empty();
        let pace_due = paced.then_some(self.pace_from + PACE_MS);
        [self.hello_due, pace_due].into_iter().flatten().min()
    }

    /// Whether everything that had to be asked on this link has been written.
    pub(super) fn all_sent(&self) -> bool {
        self.queue.is_empty() && self.held.is_empty()
    }

    pub(super) fn features(&self) -> Option<Features> {
        self.features
    }

    /// What the server could do on the last link on which it was known.
    pub(super) fn last_features(&self) -> Option<Features> {
        self.last.map(|last| last.features)
    }
}

impl Session {
    pub(super) fn subscriptions_begin(&mut self) {
        let (now, subscriptions) = (self.mono(), &mut self.subscriptions);
        let wait = match subscriptions.last {
            Some(Known { said_hello: true, .. }) if subscriptions.vain_waits < MAX_VAIN_WAITS => LONG_HELLO_WAIT_MS,
            _ => HELLO_WAIT_MS,
        };
        subscriptions.hello_due = Some(now + wait);
        subscriptions.no_hello_at = now + HELLO_WAIT_MS;
        for slot in self.tasks.in_order(|task| task.phase == Phase::Lost) {
            self.reopen(slot);
        }
        for slot in self.tasks.in_order(super::tasks::Task::is_open) {
            self.tasks.set_phase(slot, Phase::Pending);
            self.tasks.get_mut(slot).questions = 0;
            self.ask_for(slot);
        }
    }

    pub(super) fn subscriptions_end(&mut self) {
        let Subscriptions { last, features, no_hello_at, mut vain_waits, .. } = self.subscriptions;
        if features.is_none() && no_hello_at <= self.mono() {
            vain_waits = vain_waits.saturating_add(1);
        }
        let fresh = Subscriptions { last, vain_waits, ..Subscriptions::default() };
        let gone = std::mem::replace(&mut self.subscriptions, fresh);
        for (slot, key) in gone.queue.into_iter().chain(gone.held) {
            if self.tasks.holds(slot, key) {
                self.tasks.get_mut(slot).queued = false;
            }
        }
        for slot in self.tasks.in_order(|task| task.question_due.is_some()) {
            self.tasks.get_mut(slot).question_due = None;
            self.tasks.rearm(slot);
        }
    }

    /// Puts a `subscribe` for the task in the queue of the current link.
    pub(super) fn ask_for(&mut self, slot: Slot) {
        let features = self.subscriptions.features;
        let task = self.tasks.get_mut(slot);
        if std::mem::replace(&mut task.queued, true) {
            return;
        }
        let entry = (slot, task.key);
        if task.cursor.is_some() && features.is_none() {
            self.subscriptions.held.push_back(entry);
        } else {
            self.subscriptions.queue.push_back(entry);
        }
    }

    /// Nobody wants the task any more: the server is told if it was asked on this link.
    pub(super) fn stop_asking(&mut self, slot: Slot) {
        let generation = self.link.generation;
        let is_open = self.link.is_open();
        let task = self.tasks.get_mut(slot);
        let was_asked = is_open && task.asked_on == generation;
        task.asked_on = 0;
        let (id, key) = (task.id.clone(), task.key);
        if std::mem::take(&mut task.queued) {
            self.subscriptions.queue.retain(|entry| *entry != (slot, key));
            self.subscriptions.held.retain(|entry| *entry != (slot, key));
        }
        if was_asked && self.subscriptions.requests.len() < MAX_REQUESTS {
            self.subscriptions.requests.push_back(Request::Unsubscribe(id));
        }
    }

    pub(super) fn query(&mut self, slot: Slot) {
        if self.subscriptions.requests.len() < MAX_REQUESTS {
            let id = self.tasks.get(slot).id.clone();
            self.subscriptions.requests.push_back(Request::Query(id));
        }
    }

    pub(super) fn on_hello(&mut self, features: Features) {
        self.features_are_known(Known { features, said_hello: true });
        self.publications_begin(features);
    }

    /// The client ends: the hello is waited for as if there had never been one.
    pub(super) fn hurry_hello(&mut self) {
        let most = self.mono().max(self.subscriptions.no_hello_at);
        if let Some(due) = &mut self.subscriptions.hello_due {
            *due = most.min(*due);
        }
    }

    pub(super) fn subscriptions_timeout(&mut self) {
        let now = self.mono();
        if self.subscriptions.hello_due.is_some_and(|due| due <= now) {
            self.features_are_known(Known { features: Features::default(), said_hello: false });
        }
        if self.subscriptions.pace_from + PACE_MS <= now {
            self.subscriptions.sent_in_pace = 0;
        }
    }

    /// The next `unsubscribe` or `query`, then the next `subscribe` that may be written now.
    pub(super) fn next_subscription(&mut self) -> Option<Transmit> {
        let mut text = String::new();
        if let Some(request) = self.subscriptions.requests.pop_front() {
            match request {
                Request::Unsubscribe(id) => encode_unsubscribe(&mut text, &id, self.now.wall_ms),
                Request::Query(id) => encode_query(&mut text, &id, self.now.wall_ms),
            }
            return Some(Transmit::Text(text));
        }
        let features = self.subscriptions.features.unwrap_or_default();
        if features.batch && self.subscriptions.queue.len() > 1 {
            let count = self.subscriptions.queue.len().min(BATCH_TASKS);
            let entries: Vec<_> = self.subscriptions.queue.drain(..count).collect();
            let tasks = entries.iter().map(|(slot, _)| self.since(*slot, features));
            encode_subscribe_batch(&mut text, self.now.wall_ms, tasks);
            for (slot, _) in entries {
                self.asked(slot);
            }
            return Some(Transmit::Text(text));
        }
        let now = self.mono();
        if self.subscriptions.pace_from + PACE_MS <= now {
            self.subscriptions.sent_in_pace = 0;
        }
        if self.subscriptions.sent_in_pace >= PACE_COUNT {
            return None;
        }
        let (slot, _) = self.subscriptions.queue.pop_front()?;
        if features.batch {
            encode_subscribe_batch(&mut text, self.now.wall_ms, [self.since(slot, features)]);
        } else {
            if self.subscriptions.sent_in_pace == 0 {
                self.subscriptions.pace_from = now;
            }
            self.subscriptions.sent_in_pace += 1;
            match self.since(slot, features) {
                (id, Some(since)) => encode_subscribe_batch(&mut text, self.now.wall_ms, [(id, Some(since))]),
                (id, None) => encode_subscribe(&mut text, id, self.now.wall_ms),
            }
        }
        self.asked(slot);
        Some(Transmit::Text(text))
    }

    fn features_are_known(&mut self, known: Known) {
        self.subscriptions.hello_due = None;
        self.subscriptions.features = Some(known.features);
        self.subscriptions.last = Some(known);
        self.subscriptions.vain_waits = 0;
        let held = std::mem::take(&mut self.subscriptions.held);
        self.subscriptions.queue.extend(held);
    }

    fn since(&self, slot: Slot, features: Features) -> (&str, Option<(&str, u64)>) {
        let task = self.tasks.get(slot);
        // A server that never named an epoch cannot be asked for what follows in it.
        let cursor = task.cursor.as_ref().filter(|cursor| features.resume && !cursor.epoch.is_empty());
        (&task.id, cursor.map(|cursor| (&*cursor.epoch, cursor.seq)))
    }

    /// The `subscribe` of the task has been handed to the transport.
    fn asked(&mut self, slot: Slot) {
        let (now, generation) = (self.mono(), self.link.generation);
        let task = self.tasks.get_mut(slot);
        task.queued = false;
        task.asked_on = generation;
        if std::mem::replace(&mut task.asked_before, true) {
            task.compare_until = now + COMPARE_MS;
        }
        self.await_word_of(slot);
    }
}
