//! The ids of recent messages of a task, so that a message sent twice is taken once.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use crate::limits::{DEDUPE_AGE, DEDUPE_IDS};

/// Remembers [`DEDUPE_IDS`] ids for [`DEDUPE_AGE`] each.
#[derive(Default)]
pub(crate) struct Dedupe {
    known: HashSet<Arc<str>>,
    order: VecDeque<(Instant, Arc<str>)>,
    bytes: usize,
}

/// What remembering an id takes beside its bytes, about.
pub(super) const ID_OVERHEAD: usize = 96;

impl Dedupe {
    /// Whether this id was taken before; forgets what is too old to be asked for.
    pub(crate) fn knows(&mut self, id: &str, now: Instant) -> bool {
        self.forget_old(now);
        self.known.contains(id)
    }

    /// Remembers an id that was just taken.
    pub(crate) fn remember(&mut self, id: &str, now: Instant) {
        let id: Arc<str> = id.into();
        if !self.known.insert(id.clone()) {
            return;
        }
        self.bytes += id.len();
        self.order.push_back((now, id));
        if self.order.len() > DEDUPE_IDS {
            self.forget_first();
        }
    }

    /// Bytes it takes, about.
    pub(crate) fn weight(&self) -> usize {
        self.bytes + self.order.len() * ID_OVERHEAD
    }

    fn forget_old(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(taken, _)| now.duration_since(*taken) > DEDUPE_AGE) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, id)) = self.order.pop_front() {
            self.bytes -= id.len();
            self.known.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_id_is_known_for_ten_minutes() {
        let start = Instant::now();
        let mut dedupe = Dedupe::default();
        dedupe.remember("a", start);
        assert!(dedupe.knows("a", start + DEDUPE_AGE));
        assert!(!dedupe.knows("a", start + DEDUPE_AGE + Duration::from_millis(1)));
        assert!(dedupe.known.is_empty());
        assert_eq!(dedupe.weight(), 0);
    }

    #[test]
    fn the_oldest_of_too_many_ids_is_forgotten() {
        let now = Instant::now();
        let mut dedupe = Dedupe::default();
        for n in 0..=DEDUPE_IDS {
            dedupe.remember(&n.to_string(), now);
        }
        assert_eq!(dedupe.known.len(), DEDUPE_IDS);
        assert!(!dedupe.knows("0", now));
        assert!(dedupe.knows("1", now));
        assert!(dedupe.knows(&DEDUPE_IDS.to_string(), now));
    }
}
