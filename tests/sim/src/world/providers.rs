//! Who has credentials, and who knows what an end means: they answer late, twice, wrongly, or not at all.

use steadywire::session::Disposition;
use steadywire::session::limits::{CLASSIFY_MS, CREDENTIALS_MS};

use super::driver::Report;
use super::{Event, World};
use crate::chaos::Fault;

impl World {
    pub(super) fn ask_provider(&mut self, seat: usize, generation: u32) {
        if self.chaos.strikes(Fault::MuteProvider) {
            return;
        }
        let given = if self.chaos.strikes(Fault::FatalCredentials) {
            Err(true)
        } else if self.chaos.strikes(Fault::NoCredentials) {
            Err(false)
        } else {
            Ok(())
        };
        let takes = if self.chaos.strikes(Fault::TooLateCredentials) {
            CREDENTIALS_MS + self.chaos.rng.below(5000)
        } else if self.chaos.strikes(Fault::LateCredentials) {
            self.chaos.rng.around(3000)
        } else {
            self.chaos.rng.below(20)
        };
        let at = self.now + takes;
        let serial = self.life(seat).serial;
        self.at(at, Event::Credentials { seat, serial, generation, given });
        if self.chaos.strikes(Fault::CredentialsTwice) {
            let given = self.chaos.rng.pick(&[Ok(()), Err(false), Err(true)]);
            let at = at + self.chaos.rng.below(2000);
            self.at(at, Event::Credentials { seat, serial, generation, given });
        }
    }

    /// An answer that comes too late says nothing to anybody (CLOSE-11), and the driver passes it on all the same.
    pub(super) fn credentials_given(&mut self, seat: usize, serial: u32, generation: u32, given: Result<(), bool>) {
        self.reports(seat, serial, Report::Credentials { generation, given });
    }

    pub(super) fn ask_classifier(&mut self, seat: usize, generation: u32) {
        if self.chaos.strikes(Fault::MuteClassifier) {
            return;
        }
        let disposition = if self.chaos.strikes(Fault::OverruleFatal) {
            Some(self.chaos.rng.pick(&[Disposition::Fatal, Disposition::Reauth]))
        } else if self.chaos.strikes(Fault::Overrule) {
            use Disposition as D;
            Some(self.chaos.rng.pick(&[D::Retry, D::Retry, D::Retry, D::Slow, D::WhileOpen, D::Protocol]))
        } else {
            None
        };
        let late = self.chaos.strikes(Fault::LateClassifier);
        let takes = self.chaos.rng.below(if late { 2 * CLASSIFY_MS } else { CLASSIFY_MS / 2 });
        let at = self.now + takes;
        let serial = self.life(seat).serial;
        self.at(at, Event::Classified { seat, serial, generation, disposition });
        if self.chaos.strikes(Fault::ClassifiedTwice) {
            let disposition = self.chaos.rng.pick(&[None, Some(Disposition::Fatal), Some(Disposition::Retry)]);
            let at = at + self.chaos.rng.below(2 * CLASSIFY_MS);
            self.at(at, Event::Classified { seat, serial, generation, disposition });
        }
    }

    pub(super) fn classified(&mut self, seat: usize, serial: u32, generation: u32, disposition: Option<Disposition>) {
        self.reports(seat, serial, Report::Classified { generation, disposition });
    }

    fn reports(&mut self, seat: usize, serial: u32, report: Report) {
        if self.seats[seat].life.as_ref().is_some_and(|life| life.serial == serial) {
            self.seats[seat].reports.push(report);
            let now = self.now;
            self.wake(seat, now);
        }
    }
}
