//! What must always hold, checked on everything that comes out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use steadywire::event::{Batch, ErrorSource, Event, Item, LostReason, Outcome, OutcomeKind, Settlement, State};
use steadywire::protocol::{self, Body, Control, Features};
use steadywire::session::limits::{BATCH_TASKS, MAX_IN_FLIGHT, RESERVE_MESSAGES};
use steadywire::session::{CredentialsRequest, Generation, Input, LeaseKind, Output, Session, Transmit};

use super::acts::Setup;

/// What the driver has in its hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Nothing.
    None,
    /// Credentials were asked for.
    Asked {
        /// The attempt's number.
        generation: Generation,
    },
    /// An attempt is under way.
    Dialling {
        /// Its number.
        generation: Generation,
    },
    /// A link.
    Open {
        /// Its number.
        generation: Generation,
    },
    /// A link that was told to close.
    Closing {
        /// Its number.
        generation: Generation,
    },
}

/// What a ticket must be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Connected,
    Disconnected,
    Flushed,
    Receipt,
    Outcome,
}

#[derive(Debug, Default)]
struct Sent {
    ack: bool,
    written: u32,
}

/// Knows what was asked of a session and judges all that it says.
#[derive(Debug)]
pub struct Check {
    /// What the driver has in its hands.
    pub transport: Transport,
    /// The number of the ping that was written last.
    pub last_ping: u64,
    /// Counts what came out.
    pub said: u64,
    setup: Setup,
    state: State,
    waiting: BTreeMap<u64, Kind>,
    sent: BTreeMap<u64, Sent>,
    /// The message written last on this link.
    last_marker: u64,
    features: Features,
    /// The server was told which link this is.
    introduced: bool,
    /// Tasks that the server was asked for on this link.
    asked: BTreeSet<String>,
    /// Leases that live: task and kind.
    leases: BTreeMap<u64, (String, LeaseKind)>,
    /// The lease that is being taken or given up: it may be settled without an event.
    at_once: Option<u64>,
    /// Tasks whose subscription may have been opened since its last end.
    may_end: BTreeSet<String>,
    /// Tasks whose outcome was told.
    over: BTreeSet<String>,
    /// Tasks that were named during a disconnect.
    deferred: Vec<String>,
    /// Leases that were begun during one: they may be over when they are carried out.
    begun_late: BTreeSet<u64>,
    outcomes: u64,
    lost: u64,
}

impl Check {
    /// Of a session made like this.
    pub fn new(setup: &Setup) -> Self {
        Self {
            transport: Transport::None,
            last_ping: 0,
            said: 0,
            setup: setup.clone(),
            state: State::Disconnected,
            waiting: BTreeMap::new(),
            sent: BTreeMap::new(),
            last_marker: 0,
            features: Features::default(),
            introduced: false,
            asked: BTreeSet::new(),
            leases: BTreeMap::new(),
            at_once: None,
            may_end: BTreeSet::new(),
            over: BTreeSet::new(),
            deferred: Vec::new(),
            begun_late: BTreeSet::new(),
            outcomes: 0,
            lost: 0,
        }
    }

    /// A call with a ticket is made: it must be answered.
    pub fn asks(&mut self, ticket: u64, input: &Input<'_>) {
        let kind = match input {
            Input::Connect { .. } | Input::Reconnect { .. } => Kind::Connected,
            Input::Disconnect { .. } => Kind::Disconnected,
            Input::Flush { .. } => Kind::Flushed,
            Input::Send { .. } => Kind::Receipt,
            _ => Kind::Outcome,
        };
        self.waiting.insert(ticket, kind);
    }

    /// The call was refused: it must not be answered.
    pub fn is_refused(&mut self, ticket: u64) {
        self.waiting.remove(&ticket);
        self.sent.remove(&ticket);
    }

    /// A message is sent whose text holds `#` and its ticket.
    pub fn sends(&mut self, ticket: u64, ack: bool) {
        self.sent.insert(ticket, Sent { ack, written: 0 });
    }

    /// The task is subscribed by its flag.
    pub fn may_end_again(&mut self, task: &str) {
        self.may_end.insert(task.to_owned());
        if self.is_ending() {
            self.deferred.push(task.to_owned());
        }
    }

    /// A lease is about to be taken.
    pub fn lease(&mut self, lease: u64, task: &str, kind: LeaseKind) {
        self.leases.insert(lease, (task.to_owned(), kind));
        self.at_once = Some(lease);
        if kind != LeaseKind::Report {
            self.may_end.insert(task.to_owned());
            if self.is_ending() {
                self.deferred.push(task.to_owned());
                self.begun_late.insert(lease);
            }
        }
    }

    /// A lease is about to be given up.
    pub fn unlease(&mut self, lease: u64) {
        self.leases.remove(&lease);
        self.at_once = Some(lease);
    }

    /// The call that took or gave up a lease has returned.
    pub fn lease_was_taken(&mut self) {
        self.at_once = None;
    }

    /// A disconnect ends what was called during the one before it.
    pub fn disconnects(&mut self) {
        self.may_end.extend(self.deferred.iter().cloned());
    }

    /// How many were called while a disconnect was under way.
    pub fn called_while_ending(&mut self) -> usize {
        self.disconnects();
        self.deferred.len()
    }

    /// The transport is up.
    pub fn opens(&mut self, generation: Generation) {
        self.transport = Transport::Open { generation };
        self.features = Features::default();
        self.introduced = false;
        self.asked.clear();
        self.last_marker = 0;
        // A tracker's lease opens its subscription again on each link.
        let tracked = self.leases.values().filter(|(_, kind)| *kind == LeaseKind::Track);
        self.may_end.extend(tracked.map(|(task, _)| task.clone()));
    }

    /// The server's words, before the session hears them.
    pub fn hears(&mut self, text: &str) {
        let Ok(frame) = protocol::parse(text) else { return };
        if let Body::Control(Control::Hello { features, .. }) = &frame.body
            && matches!(self.transport, Transport::Open { .. })
        {
            // A server that greets twice has named what either greeting names.
            self.features.resume |= features.resume;
            self.features.batch |= features.batch;
            self.features.query |= features.query;
            self.features.publish |= features.publish;
        }
        // Another epoch after the outcome opens the subscription again.
        if frame.epoch.is_some() {
            self.may_end.insert(frame.task_id.into_owned());
        }
    }

    /// What the session wants done.
    ///
    /// # Panics
    /// If it must not want that now.
    pub fn output(&mut self, output: &Output) {
        self.said += 1;
        self.transport = match (self.transport, output) {
            (Transport::None, Output::NeedCredentials(CredentialsRequest { generation, .. })) => {
                assert!(self.setup.platform.credentials);
                Transport::Asked { generation: *generation }
            }
            (Transport::None, Output::Dial { generation }) if !self.setup.platform.credentials => {
                Transport::Dialling { generation: *generation }
            }
            (Transport::Asked { generation: asked }, Output::Dial { generation }) if asked == *generation => {
                Transport::Dialling { generation: *generation }
            }
            (Transport::Open { generation: open }, Output::Close { generation, .. }) if open == *generation => {
                Transport::Closing { generation: *generation }
            }
            (
                Transport::Asked { generation: held }
                | Transport::Dialling { generation: held }
                | Transport::Open { generation: held }
                | Transport::Closing { generation: held },
                Output::Drop { generation },
            ) if held == *generation => Transport::None,
            (Transport::None, Output::Classify(_)) if self.setup.platform.classify => Transport::None,
            (transport, output) => panic!("{output:?} with {transport:?}"),
        };
    }

    /// What the session tells.
    ///
    /// # Panics
    /// If it must not tell that now.
    pub fn batch(&mut self, batch: &Batch, session: &Session) {
        let stats = session.stats();
        let (outcomes, lost) = (stats.outcomes - self.outcomes, stats.lost - self.lost);
        (self.outcomes, self.lost) = (stats.outcomes, stats.lost);
        let ends = batch.iter().filter(|item| matches!(item, Item::Event(event) if is_outcome(event))).count() as u64;
        assert!(outcomes == ends || (outcomes == 0 && ends == 1), "{outcomes} outcomes, {ends} events of them");
        let mut told = Vec::new();
        for item in batch.iter() {
            self.said += 1;
            match item {
                Item::Event(Event::Lost(event)) => {
                    self.ends(&event.task_id);
                    self.over.remove(&event.task_id);
                    told.push((event.task_id.clone(), OutcomeKind::Lost));
                }
                Item::Event(event) if is_outcome(&event) => {
                    let task = event.task_id().unwrap_or_default().to_owned();
                    if outcomes > 0 {
                        self.ends(&task);
                        self.over.insert(task.clone());
                    } else {
                        let repeated = self.over.contains(&task) && !self.may_end.contains(&task);
                        assert!(!repeated, "the outcome of {task} is told twice");
                    }
                    let complete = matches!(event, Event::Complete(_));
                    told.push((task, if complete { OutcomeKind::Complete } else { OutcomeKind::Error }));
                }
                Item::Event(Event::StateChange(change)) => {
                    assert_eq!(change.previous, self.state, "the chain of states");
                    assert_ne!(change.state, change.previous);
                    self.state = change.state;
                }
                Item::Event(_) => {}
                Item::Settled(ticket, settlement) => self.settled(ticket, settlement, &told),
            }
        }
        let lost_events = told.iter().filter(|(_, kind)| *kind == OutcomeKind::Lost).count() as u64;
        assert_eq!(lost_events, lost, "{lost} lost, {lost_events} events of them");
        assert_eq!(self.state, session.state());
    }

    /// What the session writes.
    ///
    /// # Panics
    /// If it must not write that now.
    pub fn transmit(&mut self, transmit: &Transmit) {
        self.said += 1;
        assert!(matches!(self.transport, Transport::Open { .. }), "{transmit:?} with {:?}", self.transport);
        match transmit {
            Transmit::Ping(number) => {
                assert!(self.setup.platform.pings && *number > self.last_ping);
                self.last_ping = *number;
            }
            Transmit::Text(text) => self.written(text),
        }
    }

    /// Nothing more comes out for now.
    ///
    /// # Panics
    /// If a bound is passed, or the session does nothing where it should.
    pub fn at_rest(&self, session: &Session) {
        let stats = session.stats();
        let config = &self.setup.config;
        assert!(stats.in_flight <= MAX_IN_FLIGHT);
        assert!(stats.outbox_messages <= config.max_queued_messages + RESERVE_MESSAGES, "{}", stats.outbox_messages);
        assert!(stats.outbox_bytes <= 2 * config.max_queued_bytes, "{}", stats.outbox_bytes);
        let waits_or_tries = match self.transport {
            Transport::None | Transport::Asked { .. } | Transport::Dialling { .. } => session.next_deadline().is_some(),
            _ => false,
        };
        let fits = match self.state {
            State::Connected => matches!(self.transport, Transport::Open { .. }),
            State::Connecting | State::Reconnecting => waits_or_tries,
            _ => matches!(self.transport, Transport::None | Transport::Closing { .. }),
        };
        assert!(fits, "{:?} with {:?}", self.state, self.transport);
    }

    /// The session is at its end.
    ///
    /// # Panics
    /// If anything is left.
    pub fn all_is_answered(&self, session: &Session) {
        assert!(self.waiting.is_empty(), "never answered: {:?}", self.waiting);
        assert_eq!((self.transport, self.state), (Transport::None, State::Disconnected));
        let stats = session.stats();
        assert_eq!((stats.open_tasks, stats.in_flight, stats.outbox_messages, stats.outbox_bytes), (0, 0, 0, 0));
    }

    fn is_ending(&self) -> bool {
        self.waiting.values().any(|kind| *kind == Kind::Disconnected)
    }

    /// One end per subscription.
    fn ends(&mut self, task: &str) {
        assert!(self.may_end.remove(task), "{task} ends twice");
    }

    fn settled(&mut self, ticket: u64, settlement: &Settlement, told: &[(String, OutcomeKind)]) {
        let kind = match settlement {
            Settlement::Connected(_) => Kind::Connected,
            Settlement::Disconnected => Kind::Disconnected,
            Settlement::Flushed => Kind::Flushed,
            Settlement::Receipt(_) => Kind::Receipt,
            Settlement::Outcome(outcome) => {
                self.outcome(ticket, outcome, told);
                Kind::Outcome
            }
        };
        assert_eq!(self.waiting.remove(&ticket), Some(kind), "the answer to {ticket}");
        match kind {
            Kind::Flushed => {
                let before = self.waiting.iter().find(|(waits, kind)| **waits < ticket && **kind == Kind::Receipt);
                assert!(before.is_none(), "the flush {ticket} is answered before {before:?}");
            }
            Kind::Receipt => drop(self.sent.remove(&ticket)),
            Kind::Disconnected => self.carried_out(),
            _ => {}
        }
    }

    /// What was called during the disconnect is carried out now.
    fn carried_out(&mut self) {
        if !self.is_ending() {
            self.may_end.extend(std::mem::take(&mut self.deferred));
        }
    }

    /// A follow or wait ends with an event of its task before it, unless it was over when it began, or is given up.
    fn outcome(&mut self, lease: u64, outcome: &Outcome, told: &[(String, OutcomeKind)]) {
        self.leases.remove(&lease);
        if self.at_once == Some(lease) || self.begun_late.contains(&lease) {
            return;
        }
        assert_ne!(outcome.reason, Some(LostReason::Unsubscribed), "nobody gave {lease} up");
        assert!(told.contains(&(outcome.task_id.clone(), outcome.kind)), "{lease} is settled without an event");
    }

    fn written(&mut self, text: &str) {
        let frame: Value = serde_json::from_str(text).expect("what is written is JSON");
        assert!(protocol::parse(text).is_ok(), "{text}");
        let task = frame["taskId"].as_str().expect("a task id").to_owned();
        match frame["data"]["action"].as_str() {
            Some("subscribe") => match frame["data"]["tasks"].as_array() {
                None => drop(self.asked.insert(task)),
                Some(tasks) => {
                    let since = tasks.iter().filter_map(|task| task.get("since"));
                    let fit = since.inspect(|since| assert_ne!(since["epoch"], "")).count();
                    assert!(self.features.resume || fit == 0, "{text} to {:?}", self.features);
                    assert!(self.features.batch || (tasks.len() == 1 && fit == 1), "{text} to {:?}", self.features);
                    self.asked.extend(tasks.iter().map(|task| task["taskId"].as_str().expect("an id").to_owned()));
                }
            },
            Some("unsubscribe") => assert!(self.asked.remove(&task), "{task} was not subscribed on this link"),
            Some("query") => assert!(self.features.query, "{text} to {:?}", self.features),
            Some("publish") => {
                assert!(self.features.publish, "{text} to {:?}", self.features);
                let tasks = frame["data"]["tasks"].as_array().expect("it names tasks");
                let open =
                    matches!(self.transport, Transport::Open { generation } if frame["data"]["link"] == generation);
                assert!(open && tasks.len() <= BATCH_TASKS && !(tasks.is_empty() && self.introduced), "{text}");
                self.introduced = true;
                for task in tasks {
                    let held = |(of, kind): &(String, LeaseKind)| *of == task["taskId"] && *kind == LeaseKind::Report;
                    assert!(self.leases.values().any(held), "nobody reports {task}");
                }
            }
            _ => {}
        }
        // The answer to a heartbeat says whatever the server said.
        if frame["type"] != "heartbeat"
            && let Some(at) = text.find('#')
        {
            let digits: String = text[at + 1..].chars().take_while(char::is_ascii_digit).collect();
            self.message_written(digits.parse().expect("a number"));
        }
    }

    fn message_written(&mut self, marker: u64) {
        let sent = self.sent.get_mut(&marker).expect("only what is not settled is written");
        assert!(self.introduced || !self.features.publish, "{marker} comes over a link that the server does not know");
        assert!(marker > self.last_marker, "{marker} is written after {}", self.last_marker);
        assert!(sent.ack || sent.written == 0, "{marker} is written twice");
        sent.written += 1;
        self.last_marker = marker;
    }
}

fn is_outcome(event: &Event<'_>) -> bool {
    match event {
        Event::Complete(_) => true,
        Event::Error(error) => error.source == ErrorSource::Task && error.fatal,
        _ => false,
    }
}
