//! The last outcomes, remembered for those who ask after the end (rule OUT-9).

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::limits::{MAX_OUTCOME_BYTES, MAX_OUTCOMES};
use super::tasks::Cursor;
use crate::event::Outcome;

/// One outcome and where it was seen.
#[derive(Debug)]
struct Remembered {
    stamp: u64,
    outcome: Outcome,
    seen: Option<Cursor>,
}

/// The last outcomes, for those who ask after the end.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    by_id: FxHashMap<Box<str>, Remembered>,
    order: VecDeque<(u64, Box<str>)>,
    bytes: usize,
    stamp: u64,
}

impl Outcomes {
    pub(crate) fn get(&self, id: &str) -> Option<&Outcome> {
        self.by_id.get(id).map(|one| &one.outcome)
    }

    /// Whether a repeated end of a task nobody wants any more is the one remembered.
    pub(crate) fn repeats(&self, id: &str, epoch: Option<&str>) -> bool {
        let Some(one) = self.by_id.get(id) else { return false };
        let seen = one.seen.as_ref().map(|seen| &*seen.epoch);
        epoch.is_none() || seen.is_none() || epoch == seen
    }

    pub(crate) fn remember(&mut self, outcome: Outcome, seen: Option<Cursor>) {
        self.forget(&outcome.task_id);
        self.stamp += 1;
        self.bytes += weight(&outcome);
        let id: Box<str> = outcome.task_id.as_str().into();
        self.order.push_back((self.stamp, id.clone()));
        self.by_id.insert(id, Remembered { stamp: self.stamp, outcome, seen });
        while self.by_id.len() > MAX_OUTCOMES || (self.bytes > MAX_OUTCOME_BYTES && self.by_id.len() > 1) {
            let Some((stamp, id)) = self.order.pop_front() else { break };
            if self.by_id.get(&id).is_some_and(|one| one.stamp == stamp) {
                self.forget(&id);
            }
        }
        // Entries of forgotten outcomes are left in the order until they are twice as many as the bound.
        if self.order.len() > 2 * MAX_OUTCOMES {
            let by_id = &self.by_id;
            self.order.retain(|(stamp, id)| by_id.get(id).is_some_and(|one| one.stamp == *stamp));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Forgets the outcome of a task. Returns where it was seen.
    pub(crate) fn forget(&mut self, id: &str) -> Option<Cursor> {
        let one = self.by_id.remove(id)?;
        self.bytes -= weight(&one.outcome);
        one.seen
    }
}

fn weight(outcome: &Outcome) -> usize {
    outcome.task_id.len() + outcome.data.len() + outcome.message.len() + outcome.code.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::OutcomeKind;

    fn outcome(id: &str, data: String) -> Outcome {
        Outcome {
            task_id: id.into(),
            kind: OutcomeKind::Complete,
            data,
            message: String::new(),
            code: String::new(),
            reason: None,
            timestamp: 0,
            synthetic: false,
        }
    }

    #[test]
    fn outcomes_are_bounded_by_number_and_bytes() {
        let mut outcomes = Outcomes::default();
        for n in 0..=MAX_OUTCOMES {
            outcomes.remember(outcome(&n.to_string(), "1".into()), None);
        }
        assert_eq!(outcomes.len(), MAX_OUTCOMES);
        assert!(outcomes.get("0").is_none() && outcomes.get("1").is_some());
        for _ in 0..10_000 {
            outcomes.remember(outcome("same", "1".into()), None);
        }
        assert!(outcomes.order.len() <= 2 * MAX_OUTCOMES + 1);
        outcomes.remember(outcome("big", "x".repeat(MAX_OUTCOME_BYTES)), None);
        assert_eq!(outcomes.len(), 1);
        assert!(outcomes.get("big").is_some());
    }
}
