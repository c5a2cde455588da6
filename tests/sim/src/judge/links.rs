//! States and connections, and when a client may stop for good (rules LINK, TRY and CLOSE).

use steadywire::event::{Retry, StateChange};
use steadywire::protocol::Features;
use steadywire::session::limits::{CONNECT_ATTEMPTS, MAX_PROTOCOL_ERRORS};
use steadywire::session::{Disposition, Generation, Output};
use steadywire::{Limit, State};

use super::ends::Blame;
use super::{Cause, Judge, Scene};

/// The connections of a session, as it tells of them.
#[derive(Debug, Default)]
pub(super) struct Links {
    state: State,
    up: Option<Generation>,
    last: Generation,
    features: Features,
    /// Attempts since the user's wish or the loss that made them necessary, or more.
    tries: u32,
    tries_in_step: u32,
    protocol_errors: u32,
    offline: bool,
    hidden: bool,
}

impl Links {
    pub(super) fn is_up(&self) -> bool {
        self.up.is_some()
    }

    /// The number of the connection that is up.
    pub(super) fn generation(&self) -> Option<Generation> {
        self.up
    }

    pub(super) fn features(&self) -> Features {
        self.features
    }

    pub(super) fn greeted(&mut self, features: Features) {
        self.features = features;
    }

    pub(super) fn step_begins(&mut self) {
        self.tries_in_step = 0;
    }

    pub(super) fn opens(&mut self) {
        self.features = Features::default();
    }

    pub(super) fn reachable(&mut self, online: Option<bool>, visible: Option<bool>) {
        self.offline = online.map_or(self.offline, |online| !online);
        self.hidden = visible.map_or(self.hidden, |visible| !visible);
    }

    pub(super) fn up(&mut self, generation: Generation) {
        assert!(self.up.is_none(), "connected twice");
        assert!(generation > self.last, "generation {generation} after {}", self.last);
        assert_eq!(self.state, State::Connected, "connected before the state is");
        (self.up, self.last) = (Some(generation), generation);
    }

    pub(super) fn down(&mut self, generation: Generation) {
        assert_eq!(self.up.take(), Some(generation), "disconnected from what was not connected");
    }

    pub(super) fn retries(&mut self, retry: &Retry) {
        assert!(matches!(self.state, State::Connecting | State::Reconnecting), "{retry:?} while {:?}", self.state);
        assert!(retry.attempt > 0);
    }

    /// Whether this may be the step in which a client stops.
    pub(super) fn stops(&self, cause: &Cause) -> bool {
        matches!(cause, Cause::Lost(_) | Cause::Timeout)
    }

    pub(super) fn at_rest(&self, state: State) {
        assert_eq!(self.state, state, "the state that was told");
        assert_eq!(self.up.is_some(), state == State::Connected, "{:?} while {state:?}", self.up);
    }
}

impl Judge {
    /// What the session wants done with the connection.
    pub fn output(&mut self, output: &Output, scene: &Scene<'_>) {
        self.output_of_ends(output, scene.mono);
        let begins = match output {
            Output::NeedCredentials(_) => true,
            Output::Dial { .. } => !self.platform.credentials,
            _ => false,
        };
        if begins && !self.links.offline && !self.links.hidden {
            self.links.tries += 1;
            self.links.tries_in_step += 1;
        }
    }

    pub(super) fn state_changes(&mut self, change: &StateChange, scene: &mut Scene<'_>) {
        self.links.state = change.state;
        scene.coverage.note(match change.state {
            State::Disconnected => "state disconnected",
            State::Connecting => "state connecting",
            State::Connected => "state connected",
            State::Reconnecting => "state reconnecting",
            State::Error => "state error",
        });
        match change.state {
            State::Error => {
                self.ends.decided();
                self.may_stop(change, scene);
            }
            State::Disconnected => {
                self.ends.decided();
                let idle = matches!(self.cause, Cause::Lost(Blame { disposition: Disposition::WhileOpen, .. }));
                let allowed = self.ending.is_some() || self.cause == Cause::Close || (idle && !self.has_open_work());
                assert!(allowed, "{change:?} in a step that is {:?}", self.cause);
            }
            // What begins here is counted anew. What the step dialled came out of the session before this.
            State::Connecting => self.links.tries = self.links.tries_in_step,
            State::Connected | State::Reconnecting => {}
        }
    }

    /// A client that stops for good has a reason.
    fn may_stop(&mut self, change: &StateChange, scene: &mut Scene<'_>) {
        let (Cause::Lost(_) | Cause::Timeout) = &self.cause else {
            panic!("{change:?} in a step that is {:?}", self.cause);
        };
        if let Cause::Lost(Blame { disposition, .. }) = self.cause {
            let fatal = match disposition {
                Disposition::Fatal | Disposition::Reauth => true,
                Disposition::Protocol => self.links.protocol_errors >= MAX_PROTOCOL_ERRORS,
                _ => false,
            };
            if fatal {
                scene.coverage.note("path fatal stop");
                return;
            }
        }
        let tries = self.links.tries;
        let enough = if change.previous == State::Connecting {
            match self.config.max_connect_attempts {
                Some(Limit::Unlimited) => false,
                Some(Limit::Times(most)) => tries >= most,
                None => tries >= CONNECT_ATTEMPTS && self.leases.is_empty(),
            }
        } else {
            match self.config.max_reconnect_attempts {
                Limit::Unlimited => false,
                Limit::Times(most) => tries >= most,
            }
        };
        assert!(enough, "given up after {tries} tries: {change:?}");
        scene.coverage.note("path given up");
    }

    /// Counts the ends that three in a row of are too many of.
    pub(super) fn count_blame(&mut self) {
        if let Cause::Lost(Blame { disposition: Disposition::Protocol, .. }) = self.cause {
            self.links.protocol_errors += 1;
        }
    }
}
