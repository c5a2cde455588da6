//! What the inbox does with the entries of a batch while they wait.

use super::{Batch, EventKind, Extra, Settlement, Slot, Tag, narrow};

/// What the inbox needs to know of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The latest of its task suffices.
    Progress,
    /// May be dropped, oldest first.
    Log,
    /// The latest suffices.
    Retry,
    /// Never dropped.
    Kept,
}

impl Batch {
    /// Copies the entry at `index` of `other` to the end of this batch; extras are moved out of `other`.
    pub(crate) fn push_from(&mut self, other: &mut Batch, index: usize) {
        let mut slot = other.slots[index];
        let start = self.start();
        if slot.has_extra() {
            let extra = other.extras[slot.lens[0] as usize].take().expect("an entry is moved once");
            slot.lens = self.extra_lens(extra);
        } else {
            let from = slot.start as usize;
            self.text.push_str(&other.text[from..from + slot.text_len()]);
        }
        slot.start = start;
        self.slots.push(slot);
    }

    /// Copies entries of `other` from `index` on at one go, `max` at most, up to the first that is dead or has an extra.
    /// How many they are, and what they weigh.
    pub(crate) fn push_plain(&mut self, other: &Batch, index: usize, max: usize) -> (usize, usize) {
        let plain = |slot: &&Slot| slot.tag != Tag::Dead && !slot.has_extra();
        let count = other.slots[index..].iter().take(max).take_while(plain).count();
        let slots = &other.slots[index..index + count];
        let (Some(first), Some(last)) = (slots.first(), slots.last()) else { return (0, 0) };
        // Texts stand in the order of their entries, one after the other.
        let (from, to) = (first.start as usize, last.start as usize + last.text_len());
        let start = self.start();
        narrow(self.text.len() + (to - from));
        self.text.push_str(&other.text[from..to]);
        self.slots.extend(slots.iter().map(|slot| Slot { start: slot.start - first.start + start, ..*slot }));
        (count, slots.iter().map(|slot| size_of::<Slot>() + slot.text_len()).sum())
    }

    /// What the inbox may do with the entry at `index`.
    pub(crate) fn class(&self, index: usize) -> Class {
        match self.slots[index].tag {
            Tag::Event(EventKind::Progress) => Class::Progress,
            Tag::Event(EventKind::Log | EventKind::Message | EventKind::Heartbeat) => Class::Log,
            Tag::Event(EventKind::Retry) => Class::Retry,
            _ => Class::Kept,
        }
    }

    /// What the entry at `index` weighs against a bound in bytes.
    pub(crate) fn weight(&self, index: usize) -> usize {
        let slot = &self.slots[index];
        size_of::<Slot>() + if slot.has_extra() { size_of::<Extra>() } else { slot.text_len() }
    }

    /// Moves everything out of `other` to the end of this batch, at one go.
    pub(crate) fn append(&mut self, other: &mut Batch) {
        let (text, extras) = (self.start(), narrow(self.extras.len()));
        narrow(self.text.len() + other.text.len());
        self.text.push_str(&other.text);
        self.extras.append(&mut other.extras);
        self.slots.extend(other.slots.drain(..).map(|mut slot| {
            slot.start += text;
            if slot.has_extra() {
                slot.lens[0] += extras;
            }
            slot
        }));
        other.clear();
    }

    /// What all entries, dead ones included, take up in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.text.len() + self.extras.len() * size_of::<Extra>()
    }

    /// Whether an entry is among these that the inbox must not treat like any other: a retry replaces the one
    /// that waits, the end of `disconnect` discards progress and log lines.
    pub(crate) fn needs_care(&self) -> bool {
        let special = |extra: &Option<Extra>| {
            matches!(extra, Some(Extra::Retry(_) | Extra::Settled(_, Settlement::Disconnected)))
        };
        self.extras.iter().any(special)
    }

    /// Whether the entry at `index` is the end of `disconnect`.
    pub(crate) fn ends_disconnect(&self, index: usize) -> bool {
        let slot = &self.slots[index];
        slot.tag == Tag::Settled && matches!(self.extra(slot), Extra::Settled(_, Settlement::Disconnected))
    }

    /// Leaves a dead entry at `index`; what it weighed.
    pub(crate) fn kill(&mut self, index: usize) -> usize {
        let weight = self.weight(index);
        let slot = &mut self.slots[index];
        if slot.has_extra() {
            self.extras[slot.lens[0] as usize] = None;
        }
        slot.tag = Tag::Dead;
        weight
    }

    /// Whether the entry at `index` was killed.
    pub(crate) fn is_dead(&self, index: usize) -> bool {
        self.slots[index].tag == Tag::Dead
    }

    /// Adds to the count of the `overflow` event at `index`.
    pub(crate) fn add_overflow(&mut self, index: usize, count: u64) {
        if let Some(Extra::Overflow(event)) = &mut self.extras[self.slots[index].lens[0] as usize] {
            event.count += count;
        }
    }

    /// Forgets the first `taken` entries and the dead ones, but not yet their texts: cheap.
    pub(crate) fn skip_dead(&mut self, taken: usize) {
        self.slots.drain(..taken);
        self.slots.retain(|slot| slot.tag != Tag::Dead);
    }

    /// Forgets the first `taken` entries and the dead ones with their texts: copies the rest.
    pub(crate) fn compact(&mut self, taken: usize) {
        let live = |slot: &&Slot| slot.tag != Tag::Dead;
        let slots = || self.slots[taken..].iter().filter(live);
        let texts = slots().filter(|slot| !slot.has_extra()).map(Slot::text_len).sum();
        let mut rest = Batch { slots: Vec::with_capacity(slots().count()), ..Self::default() };
        rest.text.reserve(texts);
        for index in taken..self.slots.len() {
            if !self.is_dead(index) {
                rest.push_from(self, index);
            }
        }
        *self = rest;
    }
}
