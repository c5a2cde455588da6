//! Who takes events from a client's inbox, and looks that only what may go has gone on the way.

use std::collections::VecDeque;
use std::hash::Hasher;

use rustc_hash::FxHasher;
use steadywire::event::{Batch, Event, Item, Settlement};
use steadywire::inbox::Inbox;

use crate::chaos::Coverage;

/// Everything that was stored and not taken, and how it is taken.
#[derive(Debug, Default)]
pub struct Consumer {
    waiting: VecDeque<(Class, u64)>,
    /// It takes no more than so many at a time, and only when told to.
    pub slow_until: u64,
    /// Entries that did not arrive.
    gone: u64,
}

/// What may become of an entry on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// A newer one may take its place, or it may be dropped and counted.
    MayGo,
    /// It arrives.
    Kept,
}

impl Consumer {
    /// These go into the inbox.
    pub fn expects(&mut self, batch: &Batch, coverage: &mut Coverage) {
        for item in batch.iter() {
            coverage.note(item_name(&item));
            self.waiting.push_back(identity(&item));
        }
    }

    /// Takes up to `most`.
    ///
    /// # Panics
    /// If something is missing, comes twice or in another order.
    pub fn take(&mut self, inbox: &Inbox, most: usize, mono: u64, coverage: &mut Coverage) -> bool {
        let mut taken = Batch::new();
        let result = inbox.take(&mut taken, most, mono);
        for item in taken.iter() {
            if let Item::Event(Event::Overflow(overflow)) = &item {
                coverage.note("event overflow");
                assert!(overflow.count > 0, "an overflow of nothing");
                continue;
            }
            self.arrives(identity(&item), &item);
        }
        if !result.more {
            while let Some((class, _)) = self.waiting.pop_front() {
                self.is_gone(class);
            }
            let stats = inbox.stats(mono);
            assert_eq!(self.gone, stats.conflated + stats.dropped, "what the inbox let go, and what it says it did");
        }
        result.resume
    }

    /// What waited before it is gone, unless it was to be kept.
    fn arrives(&mut self, identity: (Class, u64), item: &Item<'_>) {
        loop {
            let (class, mark) = self.waiting.pop_front().unwrap_or_else(|| panic!("nobody stored {item:?}"));
            if (class, mark) == identity {
                return;
            }
            self.is_gone(class);
        }
    }

    fn is_gone(&mut self, class: Class) {
        assert!(class == Class::MayGo, "an entry that must be kept did not arrive");
        self.gone += 1;
    }
}

fn identity(item: &Item<'_>) -> (Class, u64) {
    let mut hasher = FxHasher::default();
    let mut mix = |texts: &[&str]| {
        for text in texts {
            hasher.write(text.as_bytes());
            hasher.write_u8(0);
        }
    };
    let class = match item {
        Item::Settled(..) => Class::Kept,
        Item::Event(Event::Progress(_) | Event::Retry(_)) => Class::MayGo,
        Item::Event(Event::Log(_) | Event::Message(_) | Event::Heartbeat(_)) => Class::MayGo,
        Item::Event(_) => Class::Kept,
    };
    match item {
        Item::Event(Event::Progress(e)) => mix(&[&e.task_id, &e.stage, &e.message]),
        Item::Event(Event::Log(e)) => mix(&[&e.task_id, &e.message]),
        Item::Event(Event::Status(e)) => mix(&[&e.task_id, &e.data]),
        Item::Event(Event::Complete(e)) => mix(&["complete", &e.task_id, &e.data]),
        Item::Event(Event::Error(e)) => mix(&["error", &e.code, &e.message]),
        Item::Event(Event::Message(e)) => mix(&[&e.raw]),
        Item::Event(event) => mix(&[event.kind().name(), event.task_id().unwrap_or_default()]),
        Item::Settled(..) => mix(&["settled"]),
    }
    if let Item::Settled(ticket, _) = item {
        hasher.write_u64(*ticket);
    }
    (class, hasher.finish())
}

fn item_name(item: &Item<'_>) -> &'static str {
    match item {
        Item::Event(event) => match event {
            Event::Progress(_) => "event progress",
            Event::Log(_) => "event log",
            Event::Status(_) => "event status",
            Event::Error(_) => "event error",
            Event::Complete(_) => "event complete",
            Event::Heartbeat(_) => "event heartbeat",
            Event::Message(_) => "event message",
            Event::StateChange(_) => "event stateChange",
            Event::Retry(_) => "event retry",
            Event::Connected(_) => "event connected",
            Event::Disconnected(_) => "event disconnected",
            Event::Lost(_) => "event lost",
            Event::Gap(_) => "event gap",
            Event::Overflow(_) => "event overflow",
        },
        Item::Settled(_, settlement) => match settlement {
            Settlement::Connected(Ok(())) => "settled connected",
            Settlement::Connected(Err(_)) => "settled connect failed",
            Settlement::Disconnected => "settled disconnected",
            Settlement::Flushed => "settled flushed",
            Settlement::Receipt(_) => "settled receipt",
            Settlement::Outcome(_) => "settled outcome",
        },
    }
}
