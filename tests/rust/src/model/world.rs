//! Plays a life: a driver that keeps the contract, a user and a server that do not.

use steadywire::ErrorKind;
use steadywire::event::Level;
use steadywire::session::{
    CredentialsFailure, Draft, DraftKind, Failure, Generation, Input, LeaseKind, Now, Session, Stats,
};

use super::acts::{Act, Setup};
use super::check::{Check, Transport};

/// How often in a row a session may want a timeout at the same moment.
const STILL: u32 = 4;

/// A session and all around it.
#[derive(Debug)]
pub struct World {
    session: Session,
    check: Check,
    now: u64,
    blocked: bool,
    /// Tickets and leases are drawn from one row, so that no settlement can be taken for another.
    last_number: u64,
    leases: Vec<u64>,
}

impl World {
    /// Made like this, at the time 0.
    ///
    /// # Panics
    /// If the options are not valid.
    pub fn new(setup: &Setup) -> Self {
        let session =
            Session::on(setup.platform, setup.config.clone(), setup.seed, [0; 12]).expect("the options are valid");
        let check = Check::new(setup);
        Self { session, check, now: 0, blocked: false, last_number: 0, leases: Vec::new() }
    }

    /// Lets one thing happen.
    ///
    /// # Panics
    /// If an invariant is broken by it.
    pub fn play(&mut self, act: &Act) {
        match act {
            Act::After(ms) => self.advance(*ms),
            Act::Late(ms) => {
                self.now += ms;
                self.input(Input::Timeout);
            }
            Act::Blocked(blocked) => {
                self.blocked = *blocked;
                self.drain();
            }
            Act::Stale { act, ahead } => self.stale(act, *ahead),
            Act::Connect(_) | Act::Reconnect | Act::Disconnect | Act::Subscribe(_) | Act::Unsubscribe(_) => {
                self.call(act);
            }
            Act::Lease(..) | Act::Unlease(_) | Act::Flush => self.call(act),
            Act::Send { kind, task, ack, size, times } => {
                for _ in 0..*times {
                    self.send(*kind, &name(*task), *ack, *size);
                }
            }
            _ => self.happens(act),
        }
    }

    /// Ends the life and checks that nothing is left unanswered.
    ///
    /// # Panics
    /// If an invariant is broken by it.
    pub fn end(&mut self, by_close: bool) {
        let open = self.session.stats().open_tasks;
        let lost = self.session.stats().lost;
        if by_close {
            let deferred = self.check.called_while_ending();
            self.input(Input::Close);
            let ended = self.session.stats().lost - lost;
            assert!(ended >= open as u64 && ended <= (open + deferred) as u64, "{ended} of {open} are lost");
        } else {
            self.call(&Act::Disconnect);
            self.advance(4001);
        }
        self.check.all_is_answered(&self.session);
    }

    fn call(&mut self, act: &Act) {
        self.last_number += 1;
        let ticket = self.last_number;
        match act {
            Act::Connect(task) => {
                let task = task.map(name);
                if self.ask(ticket, Input::Connect { ticket, task: task.as_deref() })
                    && let Some(task) = task
                {
                    self.check.may_end_again(&task);
                }
            }
            Act::Reconnect => drop(self.ask(ticket, Input::Reconnect { ticket })),
            Act::Disconnect => {
                self.check.disconnects();
                self.ask(ticket, Input::Disconnect { ticket });
            }
            Act::Flush => drop(self.ask(ticket, Input::Flush { ticket })),
            Act::Subscribe(task) => {
                self.check.may_end_again(&name(*task));
                self.input(Input::Subscribe { task: &name(*task) });
            }
            Act::Unsubscribe(task) => self.input(Input::Unsubscribe { task: &name(*task) }),
            Act::Lease(kind, task) => {
                let settles = matches!(kind, LeaseKind::Follow | LeaseKind::Wait);
                let task = name(*task);
                self.check.lease(ticket, &task, *kind);
                if settles {
                    self.ask(ticket, Input::Lease { lease: ticket, task: &task, kind: *kind });
                } else {
                    self.input(Input::Lease { lease: ticket, task: &task, kind: *kind });
                }
                self.check.lease_was_taken();
                self.leases.push(ticket);
            }
            Act::Unlease(at) if !self.leases.is_empty() => {
                let lease = self.leases.swap_remove(at % self.leases.len());
                self.check.unlease(lease);
                self.input(Input::Unlease { lease });
                self.check.lease_was_taken();
            }
            _ => {}
        }
    }

    fn send(&mut self, kind: u8, task: &str, ack: bool, size: usize) {
        self.last_number += 1;
        let ticket = self.last_number;
        let text = format!("#{ticket} {}", "x".repeat(size));
        let json = format!("\"{text}\"");
        let (kind, marked) = match kind {
            0 | 1 => (DraftKind::Progress { stage: "s", progress: 5.0, message: &text }, true),
            2 | 3 => (DraftKind::Log { level: Level::Info, message: &text, metadata: None }, true),
            4 => (DraftKind::Status { data: &json }, true),
            5 => (DraftKind::Complete { data: &json }, true),
            6 => (DraftKind::Error { message: &text, code: "", data: None }, true),
            _ if size < 100 => (DraftKind::Progress { stage: "", progress: f64::NAN, message: &text }, true),
            _ if size < 200 => (DraftKind::Status { data: "{" }, true),
            _ if size < 300 => (DraftKind::Heartbeat, false),
            _ => (DraftKind::Other { kind: "other", data: Some(&json) }, true),
        };
        if marked {
            self.check.sends(ticket, ack);
        }
        let kept = !matches!(kind, DraftKind::Progress { .. } | DraftKind::Log { .. });
        let before = self.session.stats();
        self.ask(ticket, Input::Send { ticket, message: Draft { kind, task, timestamp: None, ack } });
        let after = self.session.stats();
        let config = self.session.config();
        // The reserve is not for progress and log lines.
        let bytes = after.outbox_bytes <= config.max_queued_bytes.max(before.outbox_bytes);
        let messages = after.outbox_messages <= config.max_queued_messages.max(before.outbox_messages);
        assert!(kept || (bytes && messages), "{} messages, {} bytes", after.outbox_messages, after.outbox_bytes);
    }

    /// What server and driver do. A driver tells only what its transport can do.
    fn happens(&mut self, act: &Act) {
        let generation = self.session.generation();
        let transport = self.check.transport;
        if transport == (Transport::Asked { generation }) {
            match act {
                Act::Opened => self.happens(&Act::Credentials(Ok(()))),
                Act::Credentials(result) => {
                    if result.is_err() {
                        self.check.transport = Transport::None;
                    }
                    return self.tell(act, generation);
                }
                _ => return self.happens_anyway(act, generation),
            }
        }
        let transport = self.check.transport;
        let up = transport == Transport::Open { generation } || transport == Transport::Closing { generation };
        match act {
            Act::Opened if transport == (Transport::Dialling { generation }) => {
                self.check.opens(generation);
                self.tell(act, generation);
            }
            Act::Fails { .. } if transport == (Transport::Dialling { generation }) => {
                self.check.transport = Transport::None;
                self.tell(act, generation);
            }
            Act::Closes { .. } | Act::Breaks { .. } if up => {
                self.check.transport = Transport::None;
                self.tell(act, generation);
            }
            Act::Text(text) if up => {
                self.check.hears(text);
                self.tell(act, generation);
            }
            // CLOSE-11: an answer that nobody waits for changes nothing.
            Act::Credentials(_) => self.changes_nothing(act, generation),
            Act::Classified(_) => self.tell(act, generation),
            Act::Binary | Act::Ping | Act::Pong(_) | Act::ReadPaused | Act::ReadResumed if up => {
                self.tell(act, generation);
            }
            _ => self.happens_anyway(act, generation),
        }
    }

    /// What needs no transport.
    fn happens_anyway(&mut self, act: &Act, generation: Generation) {
        if matches!(act, Act::Woke | Act::Online(_) | Act::Visible(_) | Act::Timeout) {
            self.tell(act, generation);
        }
    }

    /// LINK-1: what is said of another transport than the current one changes nothing.
    fn stale(&mut self, act: &Act, ahead: bool) {
        let generation = self.session.generation();
        let other = if ahead { generation.wrapping_add(1) } else { generation.wrapping_sub(1) };
        self.changes_nothing(act, other);
    }

    fn changes_nothing(&mut self, act: &Act, generation: Generation) {
        let (before, said) = (self.snapshot(), self.check.said);
        self.tell(act, generation);
        self.is_as_before(&before, &format!("{act:?} of {generation}"));
        assert_eq!(self.check.said, said, "{act:?} of {generation}");
    }

    fn tell(&mut self, act: &Act, generation: Generation) {
        let failure = |http_status: Option<u16>, retry_after_ms, fatal| {
            let kind = if http_status.is_some() { ErrorKind::HandshakeFailed } else { ErrorKind::ConnectFailed };
            Failure { kind, message: "m", http_status, retry_after_ms, fatal }
        };
        self.input(match act {
            Act::Opened => Input::Opened { generation },
            Act::Fails { http_status, retry_after_ms, fatal } => {
                Input::DialFailed { generation, failure: failure(*http_status, *retry_after_ms, *fatal) }
            }
            Act::Credentials(result) => {
                let result = result.map_err(|fatal| CredentialsFailure { message: "m", fatal });
                Input::Credentials { generation, result }
            }
            Act::Classified(disposition) => Input::Classified { generation, disposition: *disposition },
            Act::Closes { code, reason } => Input::Closed { generation, code: *code, reason },
            Act::Breaks { fatal } => Input::Broken { generation, failure: failure(None, None, *fatal) },
            Act::Text(text) => Input::Text { generation, text },
            Act::Binary => Input::Binary { generation, head: &[0xff; 200] },
            Act::Ping => Input::Ping { generation },
            Act::Pong(number) => Input::Pong { generation, payload: Some(number.unwrap_or(self.check.last_ping)) },
            Act::ReadPaused => Input::ReadPaused { generation },
            Act::ReadResumed => Input::ReadResumed { generation },
            Act::Woke => Input::Woke { slept_ms: 5000 },
            Act::Online(online) => Input::Online(*online),
            Act::Visible(visible) => Input::Visible(*visible),
            _ => Input::Timeout,
        });
    }

    /// A call with a ticket. Whether it was taken; a refused one has changed nothing.
    fn ask(&mut self, ticket: u64, input: Input<'_>) -> bool {
        self.check.asks(ticket, &input);
        let before = self.snapshot();
        if self.session.handle_input(self.now(), input).is_ok() {
            self.drain();
            return true;
        }
        self.is_as_before(&before, "a refused call");
        assert!(self.session.poll_output().is_none() && self.session.batch().is_empty(), "a refused call");
        self.check.is_refused(ticket);
        self.drain();
        false
    }

    /// What a call that is refused, or an input of another transport, leaves as it is.
    fn snapshot(&self) -> (Stats, Option<u64>) {
        // What waits grows older while it is refused.
        let stats = Stats { oldest_queued_ms: 0, ..self.session.stats() };
        (stats, self.session.next_deadline())
    }

    fn is_as_before(&self, before: &(Stats, Option<u64>), what: &str) {
        assert_eq!(format!("{before:?}"), format!("{:?}", self.snapshot()), "{what} changed something");
    }

    fn input(&mut self, input: Input<'_>) {
        self.session.handle_input(self.now(), input).expect("only calls with tickets are refused here");
        self.drain();
    }

    fn advance(&mut self, by: u64) {
        let end = self.now + by;
        let mut still = 0;
        while let Some(deadline) = self.session.next_deadline().filter(|deadline| *deadline <= end) {
            still = if deadline <= self.now { still + 1 } else { 0 };
            assert!(still < STILL, "the session spins at {deadline}");
            self.now = self.now.max(deadline);
            self.input(Input::Timeout);
        }
        self.now = end;
    }

    fn drain(&mut self) {
        let now = self.now();
        loop {
            let before = self.check.said;
            while let Some(output) = self.session.poll_output() {
                self.check.output(&output);
            }
            let batch = std::mem::take(self.session.batch());
            self.check.batch(&batch, &self.session);
            while !self.blocked
                && let Some(transmit) = self.session.poll_transmit(now)
            {
                self.check.transmit(&transmit);
            }
            if self.check.said == before {
                break;
            }
        }
        self.check.at_rest(&self.session);
    }

    fn now(&self) -> Now {
        Now { mono_ms: self.now, wall_ms: 1_732_000_000_000 + i64::try_from(self.now).expect("lives are short") }
    }
}

fn name(task: usize) -> String {
    format!("t{task}")
}
