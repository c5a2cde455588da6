//! What a consumer wants to hear of.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::event::EventKind;

const EVERYTHING: u32 = u32::MAX;

/// No kind has the number 0.
const GRACE: u32 = 1;

/// States and outcomes, which are stored whether or not anybody listens: waiting calls depend on them.
const ALWAYS: u32 = bit(EventKind::Complete)
    | bit(EventKind::Error)
    | bit(EventKind::Lost)
    | bit(EventKind::StateChange)
    | bit(EventKind::Connected)
    | bit(EventKind::Disconnected);

/// Which events are stored. At first only states, outcomes and settlements are; a consumer that takes
/// everything says so with [`want_all`](Self::want_all). All methods may be called on any thread; a change
/// holds for what is stored after it.
#[derive(Debug, Default)]
pub struct Interest {
    kinds: AtomicU32,
    follows: AtomicU32,
}

impl Interest {
    /// Every kind is wanted from now on.
    pub fn want_all(&self) {
        self.kinds.store(EVERYTHING & !GRACE, Ordering::Relaxed);
    }

    /// Exactly the kinds in `kinds`, a sum of [`bit`](Self::bit)s, have listeners. Ends a grace.
    pub fn set_kinds(&self, kinds: u32) {
        self.kinds.store(kinds, Ordering::Relaxed);
    }

    /// Until [`set_kinds`](Self::set_kinds) or [`end_grace`](Self::end_grace) everything waits for the first
    /// consumer to come.
    pub fn begin_grace(&self) {
        self.kinds.fetch_or(GRACE, Ordering::Relaxed);
    }

    /// No consumer came in time.
    pub fn end_grace(&self) {
        self.kinds.fetch_and(!GRACE, Ordering::Relaxed);
    }

    /// A follow began: every kind is wanted while one lives.
    pub fn add_follow(&self) {
        self.follows.fetch_add(1, Ordering::Relaxed);
    }

    /// A follow ended.
    pub fn remove_follow(&self) {
        // A removal too many is a defect of the caller; wrapping round would only store more than is wanted.
        self.follows.fetch_sub(1, Ordering::Relaxed);
    }

    /// The bit of a kind in [`set_kinds`](Self::set_kinds).
    pub fn bit(kind: EventKind) -> u32 {
        bit(kind)
    }

    /// What is stored now, as a sum of bits.
    pub(super) fn mask(&self) -> u32 {
        let kinds = self.kinds.load(Ordering::Relaxed);
        if kinds | GRACE == EVERYTHING || kinds & GRACE != 0 || self.follows.load(Ordering::Relaxed) != 0 {
            EVERYTHING
        } else {
            kinds | ALWAYS
        }
    }
}

/// Whether `mask` holds every kind there is.
pub(super) fn is_everything(mask: u32) -> bool {
    mask == EVERYTHING
}

pub(super) const fn bit(kind: EventKind) -> u32 {
    1 << kind as u8
}
