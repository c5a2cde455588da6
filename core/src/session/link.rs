//! The transport: attempts, what ends them, and what happens next (rules LINK, TRY and CLOSE).

use super::backoff::{asked_delay, delay, slow_delay};
use super::disposition::{CloseReason, Disposition};
use super::io::{CredentialsFailure, Failure, Generation, Output, Ticket};
use super::{Platform, Session};
use crate::config::{Limit, redact_url};
use crate::error::{Error, ErrorKind};
use crate::event::{
    Connected, Disconnected, DropReason, ErrorEvent, ErrorSource, Event, LostReason, NO_KEY, Retry, Settlement, State,
    StateChange,
};
use std::borrow::Cow;

/// How many tries the first connect has where neither the user nor a lease says otherwise.
pub const CONNECT_ATTEMPTS: u32 = 5;
/// How many protocol errors in a row, without a stable link between, are too many.
pub const MAX_PROTOCOL_ERRORS: u32 = 3;
/// A link that has heard nothing is called stable after this long, whatever `stableAfter` says.
pub const SILENT_STABLE_MS: u64 = 60_000;
/// Those that wake up together spread their attempts over this long.
pub const WAKE_SPREAD_MS: u64 = 500;

/// The transport and the history of attempts.
#[derive(Debug, Default)]
pub(crate) struct Link {
    pub generation: Generation,
    phase: Phase,
    /// Failed attempts since the link was last stable.
    failures: u32,
    /// Tries since the connect or the loss that made them necessary.
    tries: u32,
    /// The link was stable before the failures began.
    was_stable: bool,
    slow_refusals: u32,
    protocol_errors: u32,
    /// Credentials were refreshed since the link was last stable.
    refreshed: bool,
    force_refresh: bool,
    last_close_code: Option<u16>,
    last_http_status: Option<u16>,
    offline: bool,
    hidden: bool,
    /// Who waits for the link.
    pub waiters: Vec<Ticket>,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Stopped,
    Waiting {
        until: u64,
    },
    /// Credentials are being asked for, or a transport is being opened.
    Trying {
        until: u64,
    },
    Open {
        since: u64,
        heard: bool,
        stable_at: Option<u64>,
    },
}

/// Why a link or an attempt ended.
pub(super) struct Cause {
    pub kind: ErrorKind,
    pub text: String,
    pub disposition: Disposition,
    pub close_code: Option<u16>,
    pub http_status: Option<u16>,
    pub retry_after_ms: Option<u64>,
}

impl Link {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    pub(super) fn is_up(&self, generation: Generation) -> bool {
        self.generation == generation && self.is_open()
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        match self.phase {
            Phase::Stopped => None,
            Phase::Waiting { until } | Phase::Trying { until } => Some(until),
            Phase::Open { stable_at, .. } => stable_at,
        }
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    fn is_trying(&self, generation: Generation) -> bool {
        self.generation == generation && matches!(self.phase, Phase::Trying { .. })
    }

    fn is_reachable(&self) -> bool {
        !self.offline && !self.hidden
    }
}

impl Session {
    pub(super) fn wait_for_link(&mut self, ticket: Ticket) {
        if ticket != 0 {
            self.link.waiters.push(ticket);
        }
    }

    /// Dials now: begins anew if stopped, cuts a wait short, joins an attempt under way.
    pub(super) fn dial_now(&mut self, reason: &str) {
        match self.link.phase {
            Phase::Stopped => self.dial_if_stopped(reason),
            Phase::Waiting { .. } => self.try_now(reason),
            Phase::Trying { .. } | Phase::Open { .. } => {}
        }
    }

    pub(super) fn dial_if_stopped(&mut self, reason: &str) {
        if matches!(self.link.phase, Phase::Stopped) {
            let link = &mut self.link;
            (link.failures, link.tries, link.was_stable) = (0, 0, false);
            (link.slow_refusals, link.protocol_errors, link.refreshed) = (0, 0, false);
            self.set_state(State::Connecting, reason, None, true);
            self.try_now(reason);
        }
    }

    /// Lets go of an attempt or a link because the user asked. Not a failure.
    pub(super) fn abandon_link(&mut self, reason: &str) {
        let generation = self.link.generation;
        match self.link.phase {
            Phase::Stopped | Phase::Waiting { .. } => {}
            Phase::Trying { .. } => {
                self.output(Output::Drop { generation });
                self.link.phase = Phase::Waiting { until: self.mono() };
            }
            Phase::Open { .. } => {
                self.output(Output::Drop { generation });
                self.link_is_gone(None, reason);
                self.link.tries = 0;
                self.link.phase = Phase::Waiting { until: self.mono() };
                self.set_state(State::Reconnecting, reason, None, true);
            }
        }
    }

    pub(super) fn on_opened(&mut self, generation: Generation) {
        if !self.link.is_trying(generation) {
            return;
        }
        let now = self.mono();
        if self.state == State::Connecting {
            self.link.tries = 0;
        }
        self.link.phase = Phase::Open { since: now, heard: false, stable_at: Some(now + SILENT_STABLE_MS) };
        self.stats.connects += 1;
        self.set_state(State::Connected, "the link is up", None, false);
        self.batch.push(NO_KEY, Event::Connected(Cow::Owned(Connected { generation })));
        for ticket in std::mem::take(&mut self.link.waiters) {
            self.settle(ticket, Settlement::Connected(Ok(())));
        }
        self.heartbeat_begins();
        self.subscriptions_begin();
    }

    pub(super) fn on_dial_failed(&mut self, generation: Generation, failure: &Failure<'_>) {
        if self.link.is_trying(generation) {
            let cause = self.cause_of(failure);
            self.attempt_failed(&cause);
        }
    }

    pub(super) fn on_credentials(&mut self, generation: Generation, result: Result<(), CredentialsFailure<'_>>) {
        if !self.link.is_trying(generation) {
            return;
        }
        match result {
            Ok(()) => self.output(Output::Dial { generation }),
            Err(failure) => {
                let disposition = if failure.fatal { Disposition::Fatal } else { Disposition::Retry };
                let text = format!("credentials could not be had: {}", failure.message);
                self.attempt_failed(&Cause::new(ErrorKind::CredentialsFailed, text, disposition));
            }
        }
    }

    pub(super) fn on_closed(&mut self, generation: Generation, code: Option<u16>, reason: &str) {
        if self.closing_ended(generation) || !self.link.is_up(generation) {
            return;
        }
        let shown = code.unwrap_or(1005);
        let said = CloseReason::parse(reason);
        let mut text = match shown {
            1006 => "the connection ended without a close frame".to_owned(),
            _ => format!("the server closed the link with code {shown}"),
        };
        if !reason.is_empty() {
            text.push_str(": ");
            text.push_str(reason);
        }
        let table = Disposition::of_close(shown);
        let disposition = match said {
            CloseReason { reconnect: Some(false), .. } => Disposition::Fatal,
            CloseReason { reauth: Some(true), .. } => Disposition::Reauth,
            CloseReason { reconnect: Some(true), .. } => Disposition::Retry,
            _ => self.config.dispositions.get(&shown).copied().unwrap_or(table),
        };
        let cause = Cause {
            close_code: Some(shown),
            retry_after_ms: said.retry_after_ms,
            ..Cause::new(kind_of(disposition, ErrorKind::ConnectionLost), text, disposition)
        };
        self.link_lost(&cause);
    }

    pub(super) fn on_broken(&mut self, generation: Generation, failure: &Failure<'_>) {
        if self.closing_ended(generation) || !self.link.is_up(generation) {
            return;
        }
        let cause = self.cause_of(failure);
        self.link_broke(&cause);
    }

    /// The link failed in a way that is nobody's wish: told by an `error` event too.
    pub(super) fn link_broke(&mut self, cause: &Cause) {
        self.report(ErrorSource::Transport, cause.kind, &cause.text, false);
        self.link_lost(cause);
    }

    /// A frame, ping or pong arrived on the current link.
    pub(super) fn link_heard(&mut self) {
        let stable_after = self.config.stable_after;
        if let Phase::Open { since, heard, stable_at } = &mut self.link.phase
            && !*heard
        {
            *heard = true;
            if stable_at.is_some() {
                *stable_at = Some(*since + stable_after);
            }
            // The deadline may have passed while nothing had been heard.
            self.link_timeout();
        }
    }

    pub(super) fn link_timeout(&mut self) {
        let now = self.mono();
        match self.link.phase {
            Phase::Waiting { until } if until <= now => self.try_now("the delay is over"),
            Phase::Trying { until } if until <= now => {
                let generation = self.link.generation;
                self.output(Output::Drop { generation });
                let text = format!(
                    "no connection to {} within {} ms",
                    redact_url(&self.config.url),
                    self.config.connect_timeout
                );
                self.attempt_failed(&Cause::new(ErrorKind::ConnectTimeout, text, Disposition::Retry));
            }
            Phase::Open { stable_at: Some(at), .. } if at <= now => self.now_stable(),
            _ => {}
        }
    }

    /// The machine slept, or the page or the network is back: those who wait dial soon, spread out.
    pub(super) fn dial_soon(&mut self) {
        if matches!(self.link.phase, Phase::Waiting { .. }) {
            let until = self.mono() + self.rng.up_to(WAKE_SPREAD_MS);
            self.link.phase = Phase::Waiting { until };
        }
    }

    pub(super) fn on_reachable(&mut self, online: Option<bool>, visible: Option<bool>) {
        let before = self.link.is_reachable();
        self.link.offline = online.map_or(self.link.offline, |online| !online);
        self.link.hidden = visible.map_or(self.link.hidden, |visible| !visible);
        if self.link.is_reachable() && !before {
            self.woke();
        }
    }

    /// Ends everything that is under way with the transport. No events.
    pub(super) fn stop_link(&mut self) {
        if matches!(self.link.phase, Phase::Trying { .. }) {
            let generation = self.link.generation;
            self.output(Output::Drop { generation });
        }
        self.link.phase = Phase::Stopped;
    }

    /// The link that was up is gone: what hung on it ends, and `disconnected` tells.
    pub(super) fn link_is_gone(&mut self, close_code: Option<u16>, reason: &str) {
        let generation = self.link.generation;
        self.link.phase = Phase::Stopped;
        self.heartbeat_ends();
        self.subscriptions_end();
        self.receipts_of_lost_link();
        let gone = Disconnected { generation, close_code, reason: reason.to_owned() };
        self.batch.push(NO_KEY, Event::Disconnected(Cow::Owned(gone)));
    }

    pub(super) fn set_state(&mut self, state: State, reason: &str, cause: Option<&Cause>, will_retry: bool) {
        if self.state == state {
            return;
        }
        let change = StateChange {
            state,
            previous: std::mem::replace(&mut self.state, state),
            reason: reason.to_owned(),
            generation: self.link.generation,
            close_code: cause.and_then(|cause| cause.close_code),
            http_status: cause.and_then(|cause| cause.http_status),
            will_retry,
        };
        self.batch.push(NO_KEY, Event::StateChange(Cow::Owned(change)));
    }

    pub(super) fn report(&mut self, source: ErrorSource, kind: ErrorKind, message: &str, fatal: bool) {
        self.stats.note_error(kind, message);
        let event = ErrorEvent {
            source,
            code: kind.name().into(),
            message: message.into(),
            task_id: None,
            data: None,
            fatal,
            timestamp: self.now.wall_ms,
            synthetic: false,
        };
        self.batch.push(NO_KEY, Event::Error(event));
    }

    fn try_now(&mut self, reason: &str) {
        let Platform { credentials, .. } = self.platform;
        self.link.generation += 1;
        let generation = self.link.generation;
        self.link.phase = Phase::Trying { until: self.mono() + self.config.connect_timeout };
        if self.link.is_reachable() {
            self.link.tries += 1;
        }
        self.stats.attempts += 1;
        let force_refresh = std::mem::take(&mut self.link.force_refresh);
        if credentials {
            self.output(Output::NeedCredentials {
                generation,
                attempt: self.link.failures + 1,
                reason: reason.to_owned(),
                last_close_code: self.link.last_close_code,
                http_status: self.link.last_http_status,
                force_refresh,
            });
        } else {
            self.output(Output::Dial { generation });
        }
    }

    fn attempt_failed(&mut self, cause: &Cause) {
        self.stats.note_error(cause.kind, &cause.text);
        self.link.phase = Phase::Stopped;
        self.next_attempt(cause);
    }

    fn link_lost(&mut self, cause: &Cause) {
        self.link_is_gone(cause.close_code, &cause.text);
        if self.ending.is_some() {
            self.finish_ending();
            return;
        }
        self.next_attempt(cause);
    }

    /// Decides what follows a failed attempt or a lost link.
    fn next_attempt(&mut self, cause: &Cause) {
        self.link.last_close_code = cause.close_code;
        self.link.last_http_status = cause.http_status;
        if self.link.is_reachable() {
            self.link.failures += 1;
        }
        let stop = match cause.disposition {
            Disposition::WhileOpen if !self.has_open_work() => {
                self.set_state(State::Disconnected, &cause.text, Some(cause), false);
                return;
            }
            Disposition::WhileOpen | Disposition::Retry => false,
            Disposition::Slow => {
                self.link.slow_refusals += 1;
                false
            }
            Disposition::Reauth => {
                let can = self.platform.credentials && !self.link.refreshed;
                self.link.refreshed |= can;
                self.link.force_refresh = can;
                !can
            }
            Disposition::Protocol => {
                self.link.protocol_errors += 1;
                self.link.protocol_errors >= MAX_PROTOCOL_ERRORS
            }
            Disposition::Fatal => true,
        };
        if stop {
            let text = format!("{}; the client stops", cause.text);
            self.stop_for_good(&Error::new(cause.kind, text), cause, LostReason::Refused, DropReason::Refused);
        } else if self.is_exhausted() {
            let text = format!("{}; given up after {} tries", cause.text, self.link.tries);
            let error = Error::with_cause(
                ErrorKind::AttemptsExhausted,
                text,
                Error::new(cause.kind, cause.text.clone()),
            );
            self.stop_for_good(&error, cause, LostReason::GivenUp, DropReason::GivenUp);
        } else {
            self.schedule(cause);
        }
    }

    fn schedule(&mut self, cause: &Cause) {
        let k = self.link.failures.max(1);
        let next_delay = match (cause.retry_after_ms, cause.disposition) {
            (Some(asked), _) => asked_delay(asked, &mut self.rng),
            (None, Disposition::Slow) => slow_delay(self.link.slow_refusals, &mut self.rng),
            _ => delay(&self.config, k, self.link.was_stable, &mut self.rng),
        };
        self.link.phase = Phase::Waiting { until: self.mono() + next_delay };
        if self.state == State::Connected {
            self.set_state(State::Reconnecting, &cause.text, Some(cause), true);
        }
        let retry = Retry { attempt: k, next_delay, cause: cause.text.clone() };
        self.batch.push(NO_KEY, Event::Retry(Cow::Owned(retry)));
    }

    /// Whether no further try is allowed. Rules TRY-8 to TRY-10.
    fn is_exhausted(&mut self) -> bool {
        if self.state != State::Connecting {
            return match self.config.max_reconnect_attempts {
                Limit::Unlimited => false,
                Limit::Times(most) => self.link.tries >= most,
            };
        }
        let limit = self.config.max_connect_attempts.unwrap_or(Limit::Times(CONNECT_ATTEMPTS));
        let Limit::Times(most) = limit else { return false };
        if self.link.tries < most {
            return false;
        }
        if self.config.max_connect_attempts.is_none() && self.tasks.is_patient() {
            let text = format!("no connection after {most} tries; the client goes on for those who follow a task");
            let error = Error::new(ErrorKind::AttemptsExhausted, text);
            self.reject_waiters(&error);
            return false;
        }
        true
    }

    fn reject_waiters(&mut self, error: &Error) {
        for ticket in std::mem::take(&mut self.link.waiters) {
            self.settle(ticket, Settlement::Connected(Err(error.clone())));
        }
    }

    /// Ends what is open, in the order of rule LINK-7.
    fn stop_for_good(&mut self, error: &Error, cause: &Cause, lost: LostReason, dropped: DropReason) {
        self.end_all_work(lost, dropped);
        self.set_state(State::Error, error.message(), Some(cause), false);
        self.reject_waiters(error);
        let source = if cause.kind == ErrorKind::Unauthorized { ErrorSource::Auth } else { ErrorSource::Transport };
        self.report(source, error.kind(), error.message(), true);
    }

    /// Rejects everyone who waits for the link because the user disconnected.
    pub(super) fn reject_waiters_disconnected(&mut self) {
        let error = Error::new(ErrorKind::Disconnected, "disconnect() was called before the link was up");
        self.reject_waiters(&error);
    }

    fn now_stable(&mut self) {
        if let Phase::Open { stable_at, .. } = &mut self.link.phase {
            *stable_at = None;
        }
        let link = &mut self.link;
        (link.failures, link.tries, link.was_stable) = (0, 0, true);
        (link.slow_refusals, link.protocol_errors, link.refreshed) = (0, 0, false);
    }

    fn cause_of(&self, failure: &Failure<'_>) -> Cause {
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
            ..Cause::new(kind_of(disposition, failure.kind), failure.message.to_owned(), disposition)
        }
    }
}

impl Cause {
    pub(super) fn new(kind: ErrorKind, text: String, disposition: Disposition) -> Self {
        Self { kind, text, disposition, close_code: None, http_status: None, retry_after_ms: None }
    }
}

fn kind_of(disposition: Disposition, otherwise: ErrorKind) -> ErrorKind {
    match disposition {
        Disposition::Reauth => ErrorKind::Unauthorized,
        Disposition::Fatal if matches!(otherwise, ErrorKind::ConnectionLost | ErrorKind::HandshakeFailed) => {
            ErrorKind::Refused
        }
        Disposition::Protocol if otherwise == ErrorKind::ConnectionLost => ErrorKind::ProtocolViolation,
        _ => otherwise,
    }
}
