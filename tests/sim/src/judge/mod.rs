//! What must always hold of one session, judged after every step.
//!
//! [`steadywire_tests::model::Check`] judges the transport, the tickets and the bounds. Here stands what needs to know
//! what the server really said and did:
//! - [`Heard`]: the frame that went in, and what may come out of it
//! - `tasks`: who wants which task, and that each subscription has exactly one end
//! - `coverage`: nothing twice, no false gap, no silent hole
//! - `receipts`: what became of messages
//! - `publications`: which connection it is said to be, and which tasks are said to be still reported
//! - `links`: states, connections, and when a client may stop
//! - `ends`: how attempts and connections end, and who is asked what that means

mod calls;
mod coverage;
mod ends;
mod heard;
mod links;
mod publications;
mod receipts;
mod tasks;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use steadywire::Config;
use steadywire::event::{Batch, Event, Item, Outcome, OutcomeKind, Settlement};
use steadywire::protocol;
use steadywire::session::{Input, LeaseKind, Platform, Session, Transmit};
use steadywire_tests::model::Transport;

use crate::LinkId;
use crate::chaos::Coverage;
use crate::server::Ledger;
use calls::Ending;
pub use ends::is_awaited;
use ends::{Blame, Ends};
pub use heard::Heard;
use links::Links;
use publications::Publications;
use receipts::Sent;
use tasks::Task;

/// What is known beside what the session says.
pub struct Scene<'a> {
    /// The monotonic clock of the session.
    pub mono: u64,
    /// What really happened.
    pub ledger: &'a Ledger,
    /// The connection the session holds, if any.
    pub link: Option<LinkId>,
    /// Answers to heartbeats have been repeated on it: they prove nothing.
    pub repeats: bool,
    /// Counts paths.
    pub coverage: &'a mut Coverage,
}

/// The judge of one session.
#[derive(Debug)]
pub struct Judge {
    serial: u32,
    config: Config,
    platform: Platform,
    tasks: BTreeMap<String, Task>,
    /// Leases that live, with their task and kind.
    leases: BTreeMap<u64, (String, LeaseKind)>,
    /// Answers that must come next, in this order.
    owed: VecDeque<(u64, Outcome)>,
    ending: Option<Ending>,
    sent: BTreeMap<u64, Sent>,
    publications: Publications,
    links: Links,
    ends: Ends,
    /// What the step brought in.
    cause: Cause,
    heard: Option<Heard>,
}

/// What kind of input a step is, as far as the judge cares.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cause {
    Call,
    Close,
    Message,
    Pong,
    Lost(Blame),
    Timeout,
    Other,
}

impl Judge {
    /// The judge of a session that was made like this.
    pub fn new(serial: u32, config: &Config, platform: Platform, session: &Session) -> Self {
        let mut tasks = BTreeMap::new();
        for (task, epoch, seq) in session.cursors() {
            tasks.insert(task, Task::with_cursor(epoch, seq));
        }
        Self {
            serial,
            config: config.clone(),
            platform,
            tasks,
            leases: BTreeMap::new(),
            owed: VecDeque::new(),
            ending: None,
            sent: BTreeMap::new(),
            publications: Publications::default(),
            links: Links::default(),
            ends: Ends::default(),
            cause: Cause::Other,
            heard: None,
        }
    }

    /// Leases that live: number, task and kind.
    pub fn leases(&self) -> impl Iterator<Item = (u64, &str, LeaseKind)> + '_ {
        let live = self.leases.iter().map(|(lease, (task, kind))| (*lease, task.as_str(), *kind));
        live.chain(self.ending.iter().flat_map(Ending::leases))
    }

    /// Tasks whose subscription is open.
    pub fn open_tasks(&self) -> impl Iterator<Item = &str> + '_ {
        self.tasks.iter().filter(|(_, task)| task.is_open()).map(|(id, _)| id.as_str())
    }

    /// How far an open subscription has come: epoch and position.
    pub fn position(&self, task: &str) -> Option<(&str, u64)> {
        self.tasks.get(task).and_then(Task::position)
    }

    /// Whether a message was heard of an open subscription before, or has no position by which to tell.
    pub fn has_seen(&self, text: &str) -> bool {
        let Ok(frame) = protocol::parse(text) else { return false };
        let (Some(epoch), Some(seq)) = (frame.epoch.as_deref(), frame.seq) else { return true };
        self.tasks.get(&*frame.task_id).is_some_and(|task| task.has_seen(epoch, seq))
    }

    /// Whether there is a reason to be connected.
    pub fn has_open_work(&self) -> bool {
        self.tasks.values().any(Task::is_open)
            || self.leases.values().any(|(_, kind)| *kind == LeaseKind::Report)
            || self.sent.values().any(|sent| sent.is_unsettled())
    }

    /// Whether anything is still to be answered.
    pub fn has_unsettled(&self) -> bool {
        self.sent.values().any(|sent| sent.is_unsettled())
    }

    /// Tasks of which the server is still to be told that they are reported.
    pub fn owes(&self, link: LinkId) -> BTreeSet<&str> {
        self.unpublished(Some(link))
    }

    /// Whether a disconnect is under way.
    pub fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// A call or something else is about to go in.
    pub fn before(&mut self, input: Option<&Input<'_>>, transport: Transport, scene: &mut Scene<'_>) {
        self.heard = None;
        self.links.step_begins();
        let is_up = matches!(transport, Transport::Open { .. });
        self.cause = match input {
            None => Cause::Other,
            Some(Input::Text { text, .. }) if is_up => {
                self.heard = Heard::read(text);
                Cause::Message
            }
            Some(Input::Pong { .. }) if is_up => Cause::Pong,
            Some(Input::Ping { .. } | Input::Binary { .. }) if is_up => Cause::Other,
            Some(input @ Input::Close) => {
                self.ends_by(input, transport, scene);
                Cause::Close
            }
            Some(input) => self.ends_by(input, transport, scene),
        };
    }

    /// It went in: what follows from it for who wants what.
    pub fn took(&mut self, input: &Input<'_>, session: &Session, scene: &mut Scene<'_>) {
        self.count_blame();
        self.call(input, session, scene);
        self.note_features(scene);
        self.begin_heard(session, scene);
    }

    /// What the session tells.
    ///
    /// # Panics
    /// If it must not tell that now.
    pub fn batch(&mut self, batch: &Batch, session: &Session, scene: &mut Scene<'_>) {
        for item in batch.iter() {
            match item {
                Item::Event(event) => self.event(&event, scene),
                Item::Settled(ticket, settlement) => self.settled(ticket, settlement, session, scene),
            }
        }
    }

    /// What the session writes.
    ///
    /// # Panics
    /// If it must not write that now.
    pub fn writes(&mut self, transmit: &Transmit, scene: &mut Scene<'_>) {
        if let Transmit::Text(text) = transmit {
            self.publishes(text, scene);
            self.message_written(text, scene);
        }
    }

    /// The step is over.
    ///
    /// # Panics
    /// If something should have been told and was not.
    pub fn after(&mut self, session: &Session, scene: &mut Scene<'_>) {
        assert!(self.owed.is_empty(), "not answered: {:?}", self.owed);
        self.end_heard(scene);
        let stats = session.stats();
        let open = self.tasks.values().filter(|task| task.is_open()).count();
        let wanted = self.tasks.values().filter(|task| task.is_wanted()).count();
        assert_eq!(
            (stats.open_tasks, stats.tasks),
            (open, wanted),
            "open and wanted tasks of the session, and of the judge"
        );
        self.links.at_rest(stats.state);
        self.ends.at_rest(&self.cause, scene.mono, session.next_deadline());
    }

    /// The session is at its end: it was disconnected or closed.
    ///
    /// # Panics
    /// If anything is left.
    pub fn at_end(&self) {
        let open: BTreeSet<&str> = self.open_tasks().collect();
        assert!(open.is_empty(), "still open: {open:?}");
        let waiting = self.leases.values().filter(|(_, kind)| matches!(kind, LeaseKind::Follow | LeaseKind::Wait));
        assert_eq!(waiting.count(), 0, "a follow or wait was never answered");
        assert!(self.sent.values().all(|sent| !sent.is_unsettled()), "a message was never answered");
        assert!(self.ending.is_none(), "a disconnect was never answered");
    }

    fn event(&mut self, event: &Event<'_>, scene: &mut Scene<'_>) {
        match event {
            Event::Progress(_) | Event::Log(_) | Event::Status(_) | Event::Heartbeat(_) | Event::Message(_) => {
                self.told(event, scene);
            }
            Event::Error(error) if error.source == steadywire::ErrorSource::Task && error.fatal => {
                self.told_end(event, scene);
            }
            Event::Complete(_) => self.told_end(event, scene),
            Event::Error(error) if error.source == steadywire::ErrorSource::Task => self.told(event, scene),
            Event::Error(error) => self.told_trouble(error),
            Event::Lost(lost) => self.told_lost(lost, scene),
            Event::Gap(gap) => self.told_gap(gap, scene),
            Event::StateChange(change) => self.state_changes(change, scene),
            Event::Connected(connected) => self.links.up(connected.generation),
            Event::Disconnected(gone) => {
                self.links.down(gone.generation);
                self.publications_end(scene);
            }
            Event::Retry(retry) => {
                self.links.retries(retry);
                self.waits(retry);
            }
            Event::Overflow(_) => panic!("only an inbox tells of an overflow"),
        }
    }

    fn settled(&mut self, ticket: u64, settlement: &Settlement, session: &Session, scene: &mut Scene<'_>) {
        match settlement {
            Settlement::Outcome(outcome) => self.answered(ticket, outcome),
            Settlement::Receipt(receipt) => self.receipt(ticket, receipt, scene),
            Settlement::Disconnected => self.disconnect_answered(session, scene),
            Settlement::Connected(Ok(())) => assert!(self.links.is_up(), "connected without a connection"),
            Settlement::Connected(Err(_)) | Settlement::Flushed => {}
        }
    }

    fn answered(&mut self, lease: u64, outcome: &Outcome) {
        let (owed, wanted) = self.owed.pop_front().unwrap_or_else(|| panic!("nobody expected {lease}: {outcome:?}"));
        assert_eq!(owed, lease, "answers come in the order of the leases");
        let same = (outcome.kind, &outcome.task_id, outcome.reason) == (wanted.kind, &wanted.task_id, wanted.reason);
        assert!(same, "{lease} is answered with {outcome:?}, not {wanted:?}");
        assert!(wanted.kind == OutcomeKind::Lost || wanted.data == outcome.data, "{outcome:?}, not {wanted:?}");
        self.leases.remove(&lease);
    }
}
