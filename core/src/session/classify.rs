//! An end whose meaning is asked for before it is decided (rules CLOSE-13, CLOSE-15 and CLOSE-16).

use super::Session;
use super::attempts::Cause;
use super::disposition::Disposition;
use super::io::{Ending, Generation, Output};
use super::limits::CLASSIFY_MS;
use super::link::Phase;
use crate::event::State;

impl Session {
    pub(super) fn ask_what_it_means(&mut self, cause: Cause) {
        if self.state == State::Connected {
            self.set_state(State::Reconnecting, &cause.text, Some(&cause), true);
        }
        self.output(Output::Classify(Ending {
            generation: self.link.generation,
            close_code: cause.close_code,
            http_status: cause.http_status,
            kind: cause.kind,
            reason: cause.text.clone(),
            disposition: cause.disposition,
        }));
        self.link.phase = Phase::Undecided { until: self.mono() + CLASSIFY_MS, cause };
    }

    pub(super) fn on_classified(&mut self, generation: Generation, disposition: Option<Disposition>) {
        if self.link.generation == generation {
            self.decide_undecided(disposition);
        }
    }

    /// `None` = as proposed.
    pub(super) fn decide_undecided(&mut self, disposition: Option<Disposition>) {
        if !matches!(self.link.phase, Phase::Undecided { .. }) {
            return;
        }
        if let Phase::Undecided { cause, .. } = std::mem::take(&mut self.link.phase) {
            let disposition = disposition.unwrap_or(cause.disposition);
            self.decide(&Cause { disposition, ..cause });
        }
    }
}
