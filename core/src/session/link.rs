//! The transport: attempts, what ends them, and what happens next (rules LINK, TRY and CLOSE).

use super::Session;
use super::attempts::{Attempts, Cause};
use super::disposition::{CloseReason, Disposition};
use super::io::{CredentialsFailure, Failure, Generation, Output, Ticket};
use super::limits::{CREDENTIALS_MS, SILENT_STABLE_MS, WAKE_SPREAD_MS};
use crate::config::redact_url;
use crate::error::{Error, ErrorKind};
use crate::event::{Connected, Disconnected, ErrorEvent, ErrorSource, Event, NO_KEY, Settlement, State, StateChange};
use std::borrow::Cow;

/// The transport and the history of attempts.
#[derive(Debug, Default)]
pub(crate) struct Link {
    pub generation: Generation,
    pub(super) phase: Phase,
    pub attempts: Attempts,
    offline: bool,
    hidden: bool,
    /// Who waits for the link.
    pub waiters: Vec<Ticket>,
    /// What is dialled, to be shown, where it is not what the configuration says.
    url: Option<Box<str>>,
}

#[derive(Debug, Default)]
pub(super) enum Phase {
    #[default]
    Stopped,
    Waiting {
        until: u64,
        /// The server asked for this delay.
        asked: bool,
    },
    /// Credentials are awaited.
    Preparing {
        until: u64,
    },
    /// A transport is being opened.
    Dialling {
        until: u64,
    },
    /// What the end of the transport means is being asked.
    Undecided {
        until: u64,
        cause: Cause,
    },
    Open {
        since: u64,
        heard: bool,
        stable_at: Option<u64>,
    },
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
            Phase::Waiting { until, .. }
            | Phase::Preparing { until }
            | Phase::Dialling { until }
            | Phase::Undecided { until, .. } => Some(until),
            Phase::Open { stable_at, .. } => stable_at,
        }
    }

    fn is_preparing(&self, generation: Generation) -> bool {
        self.generation == generation && matches!(self.phase, Phase::Preparing { .. })
    }

    fn is_dialling(&self, generation: Generation) -> bool {
        self.generation == generation && matches!(self.phase, Phase::Dialling { .. })
    }

    pub(super) fn is_reachable(&self) -> bool {
        !self.offline && !self.hidden
    }
}

impl Session {
    /// The driver dials this URL, which may have been given with the credentials. Texts name it, redacted.
    pub fn dials(&mut self, url: &str) {
        self.link.url = (url != self.config.url).then(|| redact_url(url).into());
    }

    /// What is dialled, or was last, without credentials.
    pub(crate) fn shown_url(&self) -> Cow<'_, str> {
        self.link.url.as_deref().map_or_else(|| redact_url(&self.config.url).into(), Cow::Borrowed)
    }

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
            Phase::Preparing { .. } | Phase::Dialling { .. } | Phase::Undecided { .. } | Phase::Open { .. } => {}
        }
    }

    pub(super) fn dial_if_stopped(&mut self, reason: &str) {
        if matches!(self.link.phase, Phase::Stopped) {
            self.link.attempts = Attempts::default();
            self.set_state(State::Connecting, reason, None, true);
            self.try_now(reason);
        }
    }

    /// Lets go of an attempt or a link because the user asked. Not a failure; tries are counted anew.
    pub(super) fn abandon_link(&mut self, reason: &str) {
        let generation = self.link.generation;
        self.link.attempts.tries = 0;
        match self.link.phase {
            Phase::Stopped | Phase::Waiting { .. } => return,
            Phase::Undecided { .. } => {}
            Phase::Preparing { .. } | Phase::Dialling { .. } => self.output(Output::Drop { generation }),
            Phase::Open { .. } => {
                self.output(Output::Drop { generation });
                self.link_is_gone(None, reason);
                self.set_state(State::Reconnecting, reason, None, true);
            }
        }
        self.link.phase = Phase::Waiting { until: self.mono(), asked: false };
    }

    pub(super) fn on_opened(&mut self, generation: Generation) {
        if !self.link.is_dialling(generation) {
            return;
        }
        let now = self.mono();
        if self.state == State::Connecting {
            self.link.attempts.tries = 0;
        }
        self.link.attempts.last_close_code = None;
        self.link.attempts.last_http_status = None;
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
        if self.link.is_dialling(generation) {
            let cause = self.cause_of(failure);
            self.attempt_failed(cause);
        }
    }

    pub(super) fn on_credentials(&mut self, generation: Generation, result: Result<(), CredentialsFailure<'_>>) {
        if !self.link.is_preparing(generation) {
            return;
        }
        match result {
            Ok(()) => {
                self.link.attempts.force_refresh = false;
                self.dial();
            }
            Err(failure) => self.credentials_failed(&failure),
        }
    }

    fn credentials_failed(&mut self, failure: &CredentialsFailure<'_>) {
        let disposition = if failure.fatal { Disposition::Fatal } else { Disposition::Retry };
        let text = format!("credentials could not be had: {}", failure.message);
        self.attempt_failed(Cause::new(ErrorKind::CredentialsFailed, text, disposition));
    }

    pub(super) fn on_closed(&mut self, generation: Generation, code: Option<u16>, reason: &str) {
        if self.closing_ended(generation) || !self.link.is_up(generation) {
            return;
        }
        let shown = code.unwrap_or(1005);
        let said = CloseReason::parse(reason);
        let text = match (shown, reason) {
            (1006, "") => "the connection ended without a close frame".to_owned(),
            (1006, told) => told.to_owned(),
            (code, "") => format!("the server closed the link with code {code}"),
            (code, told) => format!("the server closed the link with code {code}: {told}"),
        };
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
            is_open_to_question: true,
            ..Cause::new(ErrorKind::ConnectionLost, text, disposition)
        };
        self.link_lost(cause);
    }

    pub(super) fn on_broken(&mut self, generation: Generation, failure: &Failure<'_>) {
        if self.closing_ended(generation) || !self.link.is_up(generation) {
            return;
        }
        let cause = self.cause_of(failure);
        self.link_broke(cause);
    }

    /// The link failed in a way that is nobody's wish: told by an `error` event too.
    pub(super) fn link_broke(&mut self, cause: Cause) {
        self.report(ErrorSource::Transport, cause.told_kind(), &cause.text, false);
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
                *stable_at = Some(*since + stable_after.min(SILENT_STABLE_MS));
            }
            // The deadline may have passed while nothing had been heard.
            self.link_timeout();
        }
    }

    pub(super) fn link_timeout(&mut self) {
        let now = self.mono();
        match self.link.phase {
            Phase::Waiting { until, .. } if until <= now => self.try_now("the delay is over"),
            Phase::Preparing { until } if until <= now => {
                let generation = self.link.generation;
                self.output(Output::Drop { generation });
                let message = &format!("no answer within {CREDENTIALS_MS} ms");
                self.credentials_failed(&CredentialsFailure { message, fatal: false });
            }
            Phase::Dialling { until } if until <= now => {
                let generation = self.link.generation;
                self.output(Output::Drop { generation });
                let text = format!("no connection to {} within {} ms", self.shown_url(), self.config.connect_timeout);
                self.attempt_failed(Cause::new(ErrorKind::ConnectTimeout, text, Disposition::Retry));
            }
            Phase::Undecided { until, .. } if until <= now => self.decide_undecided(None),
            Phase::Open { stable_at: Some(at), .. } if at <= now => self.now_stable(),
            _ => {}
        }
    }

    /// The machine slept, or the page or the network is back: those who wait dial soon, spread out.
    pub(super) fn dial_soon(&mut self) {
        if let Phase::Waiting { until, asked: false } = self.link.phase {
            let soon = self.mono() + self.rng.up_to(WAKE_SPREAD_MS);
            self.link.phase = Phase::Waiting { until: until.min(soon), asked: false };
        }
    }

    pub(super) fn on_reachable(&mut self, online: Option<bool>, visible: Option<bool>) {
        let before = self.link.is_reachable();
        self.link.offline = online.map_or(self.link.offline, |online| !online);
        self.link.hidden = visible.map_or(self.link.hidden, |visible| !visible);
        if self.link.is_reachable() && !before {
            self.link.attempts.uncounted = 0;
            self.woke();
        }
    }

    /// Ends everything that is under way with the transport. No events.
    pub(super) fn stop_link(&mut self) {
        if matches!(self.link.phase, Phase::Preparing { .. } | Phase::Dialling { .. }) {
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

    /// Rejects everyone who waits for the link because the user disconnected.
    pub(super) fn reject_waiters_disconnected(&mut self) {
        let error = Error::new(ErrorKind::Disconnected, "disconnect() was called before the link was up");
        self.reject_waiters(&error);
    }

    fn now_stable(&mut self) {
        if let Phase::Open { stable_at, .. } = &mut self.link.phase {
            *stable_at = None;
        }
        self.link.attempts = Attempts { was_stable: true, ..Attempts::default() };
    }
}
