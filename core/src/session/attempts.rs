//! Attempts: why one is made, what follows when it fails (rules TRY and CLOSE).

use std::borrow::Cow;

use super::backoff::{asked_delay, delay, slow_delay};
use super::disposition::Disposition;
use super::io::{CredentialsRequest, Failure, Output};
use super::limits::{CONNECT_ATTEMPTS, CREDENTIALS_MS, MAX_PROTOCOL_ERRORS};
use super::link::Phase;
use super::{Platform, Session};
use crate::config::Limit;
use crate::error::{Error, ErrorKind};
use crate::event::{DropReason, ErrorSource, Event, LostReason, NO_KEY, Retry, Settlement, State};

/// The history of attempts since the link was last stable, or since it was started.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// Failed attempts since the link was last stable.
    pub failures: u32,
    /// Failed attempts while the network was off or the page hidden: they lengthen the delay and count for nothing else.
    pub uncounted: u32,
    /// Tries since the connect or the loss that made them necessary.
    pub tries: u32,
    /// The link was stable before the failures began.
    pub was_stable: bool,
    pub slow_refusals: u32,
    pub protocol_errors: u32,
    /// Credentials were refreshed since the link was last stable.
    pub refreshed: bool,
    /// What was had last was refused, and nothing was had since.
    pub force_refresh: bool,
    pub last_close_code: Option<u16>,
    pub last_http_status: Option<u16>,
}

/// Why a link or an attempt ended.
#[derive(Debug)]
pub(super) struct Cause {
    /// The kind of failure, whatever it means.
    pub kind: ErrorKind,
    pub text: String,
    pub disposition: Disposition,
    pub close_code: Option<u16>,
    pub http_status: Option<u16>,
    pub retry_after_ms: Option<u64>,
    /// A classifier may know better what it means.
    pub is_open_to_question: bool,
}

impl Session {
    pub(super) fn try_now(&mut self, reason: &str) {
        let Platform { credentials, .. } = self.platform;
        self.link.generation += 1;
        let generation = self.link.generation;
        if self.link.is_reachable() {
            self.link.attempts.tries += 1;
        }
        self.stats.attempts += 1;
        let force_refresh = self.link.attempts.force_refresh;
        if credentials {
            self.link.phase = Phase::Preparing { until: self.mono() + CREDENTIALS_MS };
            self.output(Output::NeedCredentials(CredentialsRequest {
                generation,
                attempt: self.link.attempts.failures + 1,
                reason: reason.to_owned(),
                last_close_code: self.link.attempts.last_close_code,
                http_status: self.link.attempts.last_http_status,
                force_refresh,
            }));
        } else {
            self.dial();
        }
    }

    pub(super) fn dial(&mut self) {
        self.link.phase = Phase::Dialling { until: self.mono() + self.config.connect_timeout };
        self.output(Output::Dial { generation: self.link.generation });
    }

    pub(super) fn attempt_failed(&mut self, cause: Cause) {
        self.stats.note_error(cause.told_kind(), &cause.text);
        self.link.phase = Phase::Stopped;
        self.next_attempt(cause);
    }

    pub(super) fn link_lost(&mut self, cause: Cause) {
        self.link_is_gone(cause.close_code, &cause.text);
        if self.ending.is_some() {
            self.finish_ending();
            return;
        }
        self.next_attempt(cause);
    }

    /// Counts a failed attempt or a lost link, and decides what follows or asks.
    fn next_attempt(&mut self, cause: Cause) {
        self.link.attempts.last_close_code = cause.close_code;
        self.link.attempts.last_http_status = cause.http_status;
        if self.link.is_reachable() {
            self.link.attempts.failures += 1;
        } else {
            self.link.attempts.uncounted += 1;
        }
        if self.platform.classify && cause.is_open_to_question {
            self.ask_what_it_means(cause);
        } else {
            self.decide(&cause);
        }
    }

    pub(super) fn decide(&mut self, cause: &Cause) {
        let kind = cause.told_kind();
        // What happened, and what follows from it: rule CLOSE-14.
        let mut text = cause.text.clone();
        let stop = match cause.disposition {
            Disposition::WhileOpen if !self.has_open_work() => {
                text += "; nothing needs the link";
                self.set_state(State::Disconnected, &text, Some(cause), false);
                self.reject_waiters(&Error::new(kind, text));
                return;
            }
            Disposition::WhileOpen | Disposition::Retry => false,
            Disposition::Slow => {
                self.link.attempts.slow_refusals += 1;
                false
            }
            Disposition::Reauth => {
                let can = self.platform.credentials && !self.link.attempts.refreshed;
                text += match (can, self.platform.credentials) {
                    (true, _) => "; new credentials are asked for",
                    (false, true) => "; new credentials were refused too",
                    (false, false) => "; there are no other credentials",
                };
                self.link.attempts.refreshed |= can;
                self.link.attempts.force_refresh = can;
                !can
            }
            Disposition::Protocol => {
                self.link.attempts.protocol_errors += 1;
                let faults = self.link.attempts.protocol_errors;
                text += &format!("; {MAX_PROTOCOL_ERRORS} such faults in a row");
                let enough = faults >= MAX_PROTOCOL_ERRORS;
                if !enough {
                    text += &format!(" stop the client, this is number {faults}");
                }
                enough
            }
            Disposition::Fatal => true,
        };
        if stop {
            text += "; the client stops";
            self.stop_for_good(&Error::new(kind, text), cause, LostReason::Refused, DropReason::Refused);
        } else if self.is_exhausted() {
            let tries = match self.link.attempts.tries {
                1 => "1 try".to_owned(),
                tries => format!("{tries} tries"),
            };
            let text = format!("{}; given up after {tries}", cause.text);
            let error = Error::with_cause(ErrorKind::AttemptsExhausted, text, Error::new(kind, cause.text.clone()));
            self.stop_for_good(&error, cause, LostReason::GivenUp, DropReason::GivenUp);
        } else {
            self.schedule(cause, text);
        }
    }

    fn schedule(&mut self, cause: &Cause, mut text: String) {
        let k = (self.link.attempts.failures + self.link.attempts.uncounted).max(1);
        let asked = cause.retry_after_ms.is_some() || cause.disposition == Disposition::Slow;
        let next_delay = match (cause.retry_after_ms, cause.disposition) {
            (Some(asked), _) => asked_delay(asked, &mut self.rng),
            (None, Disposition::Slow) => slow_delay(self.link.attempts.slow_refusals, &mut self.rng),
            _ => delay(&self.config, k, self.link.attempts.was_stable, &mut self.rng),
        };
        self.link.phase = Phase::Waiting { until: self.mono() + next_delay, asked };
        text += match (cause.retry_after_ms, asked) {
            (Some(_), _) => "; the server asked to wait",
            (None, true) => "; the server is given time",
            (None, false) => "",
        };
        if self.state == State::Connected {
            self.set_state(State::Reconnecting, &text, Some(cause), true);
        }
        let retry = Retry { attempt: k, next_delay, cause: text };
        self.batch.push(NO_KEY, Event::Retry(Cow::Owned(retry)));
    }

    /// Whether no further try is allowed. Rules TRY-8 to TRY-10.
    fn is_exhausted(&mut self) -> bool {
        if self.state != State::Connecting {
            return match self.config.max_reconnect_attempts {
                Limit::Unlimited => false,
                Limit::Times(most) => self.link.attempts.tries >= most,
            };
        }
        let limit = self.config.max_connect_attempts.unwrap_or(Limit::Times(CONNECT_ATTEMPTS));
        let Limit::Times(most) = limit else { return false };
        if self.link.attempts.tries < most {
            return false;
        }
        let is_patient = self.tasks.is_patient() || self.outbox.holds_an_end();
        if self.config.max_connect_attempts.is_none() && is_patient {
            let text =
                format!("no connection after {most} tries; the client goes on for tasks that are followed or reported");
            let error = Error::new(ErrorKind::AttemptsExhausted, text);
            self.reject_waiters(&error);
            return false;
        }
        true
    }

    pub(super) fn reject_waiters(&mut self, error: &Error) {
        for ticket in std::mem::take(&mut self.link.waiters) {
            self.settle(ticket, Settlement::Connected(Err(error.clone())));
        }
    }

    /// Ends what is open, in the order of rule LINK-6.
    fn stop_for_good(&mut self, error: &Error, cause: &Cause, lost: LostReason, dropped: DropReason) {
        self.end_all_work(lost, dropped);
        self.set_state(State::Error, error.message(), Some(cause), false);
        self.reject_waiters(error);
        let source =
            if cause.told_kind() == ErrorKind::Unauthorized { ErrorSource::Auth } else { ErrorSource::Transport };
        self.report(source, error.kind(), error.message(), true);
    }

    pub(super) fn cause_of(&self, failure: &Failure<'_>) -> Cause {
        let by_kind = match failure.kind {
            ErrorKind::ProtocolViolation | ErrorKind::MessageTooLarge => Disposition::Protocol,
            _ => Disposition::Retry,
        };
        let disposition = match failure.http_status {
            _ if failure.fatal => Disposition::Fatal,
            Some(status) => {
                let table = Disposition::of_http(status);
                self.config.dispositions.get(&status).copied().unwrap_or(table)
            }
            None => by_kind,
        };
        Cause {
            http_status: failure.http_status,
            retry_after_ms: failure.retry_after_ms,
            is_open_to_question: !failure.fatal,
            ..Cause::new(failure.kind, failure.message.to_owned(), disposition)
        }
    }
}

impl Cause {
    pub(super) fn new(kind: ErrorKind, text: String, disposition: Disposition) -> Self {
        Self {
            kind,
            text,
            disposition,
            close_code: None,
            http_status: None,
            retry_after_ms: None,
            is_open_to_question: false,
        }
    }

    /// The kind of error that is told, which what it means has a say in.
    pub(super) fn told_kind(&self) -> ErrorKind {
        match self.disposition {
            Disposition::Reauth => ErrorKind::Unauthorized,
            Disposition::Fatal if matches!(self.kind, ErrorKind::ConnectionLost | ErrorKind::HandshakeFailed) => {
                ErrorKind::Refused
            }
            Disposition::Protocol if self.kind == ErrorKind::ConnectionLost => ErrorKind::ProtocolViolation,
            _ => self.kind,
        }
    }
}
