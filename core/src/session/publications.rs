//! Telling the server on a new link whose it is and which tasks are still reported (rules PUB).

use super::Session;
use super::io::{DraftKind, Generation, Transmit};
use super::limits::BATCH_TASKS;
use super::outbox::Queued;
use super::tasks::Slot;
use crate::protocol::{self, Body, ClientLink, Features, encode_publish};

/// What was said of a task since its first reporter began.
#[derive(Debug)]
pub(crate) struct Reported {
    /// When that was, among everything that is counted by order.
    pub order: u64,
    /// The first link on which a message of it went out; 0 = none.
    first_on: Generation,
    /// Its end was sent.
    ended: bool,
}

impl Reported {
    pub(super) fn since(order: u64) -> Self {
        Self { order, first_on: 0, ended: false }
    }

    /// Whether an earlier link than this one made us its publisher, and there is more to come.
    pub(super) fn goes_on(&self, generation: Generation) -> bool {
        !self.ended && self.first_on != 0 && self.first_on < generation
    }
}

impl Session {
    /// The server says what it can do: where it can, it is told once which tasks are still reported.
    pub(super) fn publications_begin(&mut self, features: Features) {
        if features.publish && self.subscriptions.published.is_none() {
            let entry = |slot: Slot| (slot, self.tasks.get(slot).key);
            let published = self.tasks.published_before(self.link.generation).into_iter().map(entry).collect();
            self.subscriptions.published = Some(published);
        }
    }

    /// The next `publish`, once the server has been asked for everything: for tasks, or ahead of the first message.
    pub(super) fn next_publication(&mut self) -> Option<Transmit> {
        while self.subscriptions.all_sent()
            && let Some(published) = &mut self.subscriptions.published
        {
            let is_awaited = !self.subscriptions.introduced && !self.outbox.queue.is_empty();
            if published.is_empty() && !is_awaited {
                return None;
            }
            let count = published.len().min(BATCH_TASKS);
            let entries: Vec<_> = published.drain(..count).collect();
            let named: Vec<&str> = entries.into_iter().filter_map(|entry| self.still_published(entry)).collect();
            if !named.is_empty() || is_awaited {
                let mut text = String::new();
                let link = ClientLink { client: (&*self.nonce).into(), number: self.link.generation.into() };
                encode_publish(&mut text, self.now.wall_ms, &link, named);
                self.subscriptions.introduced = true;
                return Some(Transmit::Text(text));
            }
        }
        None
    }

    /// A message was taken to be sent: whether its task goes on. Returns whether that has a reporter.
    pub(super) fn note_sent(&mut self, task: &str, kind: &DraftKind<'_>, text: &str) -> bool {
        let Some(reported) = self.reported(task) else { return false };
        reported.ended = match kind {
            DraftKind::Heartbeat | DraftKind::Other { .. } => reported.ended,
            DraftKind::Progress { .. } | DraftKind::Log { .. } | DraftKind::Status { .. } => false,
            DraftKind::Complete { .. } => true,
            DraftKind::Error { .. } => is_outcome(text),
        };
        true
    }

    /// Whether a message waits until the server has said what it can do.
    pub(super) fn waits_for_hello(&self, message: &Queued) -> bool {
        // Whether the server acknowledges must be known before a message that asks for it is written, and a server
        // that tells links apart must know this one first.
        let matters = || {
            let last = self.subscriptions.last_features();
            message.id.is_some() || last.map_or(message.is_reported, |last| last.publish)
        };
        self.subscriptions.features().is_none() && matters()
    }

    /// A message was handed to the transport.
    pub(super) fn note_published(&mut self, task: &str) {
        let generation = self.link.generation;
        if let Some(reported) = self.reported(task).filter(|reported| reported.first_on == 0) {
            reported.first_on = generation;
        }
    }

    /// The task's id, where it has not ended and kept its reporter since it was queued.
    fn still_published(&self, (slot, key): (Slot, u32)) -> Option<&str> {
        let task = self.tasks.holds(slot, key).then(|| self.tasks.get(slot))?;
        let goes_on = task.reported.as_ref().is_some_and(|reported| reported.goes_on(self.link.generation));
        goes_on.then_some(&*task.id)
    }

    fn reported(&mut self, task: &str) -> Option<&mut Reported> {
        if self.tasks.reported == 0 {
            return None;
        }
        let slot = self.tasks.find(task)?;
        self.tasks.get_mut(slot).reported.as_mut()
    }
}

/// Whether an `error` of ours ends its task.
fn is_outcome(text: &str) -> bool {
    match protocol::parse(text).map(|frame| frame.body) {
        Ok(Body::Error { fatal, action, refused_id, .. }) => {
            fatal != Some(false) && action.is_none() && refused_id.is_none()
        }
        _ => false,
    }
}
