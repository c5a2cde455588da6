//! The session under test, or one that is wrong on purpose: a judge that lets those pass judges nothing.

use steadywire::event::{Batch, Event, Gap, Item, NO_KEY, Outcome, OutcomeKind, Receipt, Settlement};
use steadywire::session::{Input, Now, Output, Session, Transmit};
use steadywire::{Error, EventKind};

/// How a session is wrong on purpose, from the first occasion on which it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// A log line is not told.
    SwallowLog,
    /// A status is told twice.
    TellTwice,
    /// An outcome is told twice.
    DoubleOutcome,
    /// An outcome is told as the other kind.
    TurnOutcome,
    /// An outcome is not told, nor are those answered who wait for it.
    SwallowOutcome,
    /// A subscription that is lost is not told of.
    SwallowLost,
    /// A gap is told where nothing is missing.
    ForgeGap,
    /// A gap is not told.
    SwallowGap,
    /// A receipt never comes.
    HoldReceipt,
    /// A receipt says that the server has the message when nobody knows.
    ForgeReceipt,
    /// A call is answered twice.
    AnswerTwice,
    /// A `subscribe` is not written.
    DropSubscribe,
    /// A message is not written.
    DropMessage,
    /// It is not said which tasks are still reported.
    DropPublish,
    /// A connection is dialled beside the one that is there.
    DialTwice,
    /// A lost connection is never dialled again.
    NeverDial,
    /// A deadline that has passed stays.
    Spin,
    /// It is not asked what an end means.
    SwallowQuestion,
    /// The answer what it means is not heeded.
    IgnoreAnswer,
}

impl Sabotage {
    /// Every kind.
    pub const ALL: &'static [Sabotage] = &[
        Self::SwallowLog,
        Self::TellTwice,
        Self::DoubleOutcome,
        Self::TurnOutcome,
        Self::SwallowOutcome,
        Self::SwallowLost,
        Self::ForgeGap,
        Self::SwallowGap,
        Self::HoldReceipt,
        Self::ForgeReceipt,
        Self::AnswerTwice,
        Self::DropSubscribe,
        Self::DropMessage,
        Self::DropPublish,
        Self::DialTwice,
        Self::NeverDial,
        Self::Spin,
        Self::SwallowQuestion,
        Self::IgnoreAnswer,
    ];
}

/// A session, perhaps with something wrong about it.
#[derive(Debug)]
pub struct Subject {
    session: Session,
    sabotage: Option<Sabotage>,
    done: bool,
    stuck: Option<u64>,
}

impl Subject {
    /// The session as it is, or wrong in one way.
    pub fn new(session: Session, sabotage: Option<Sabotage>) -> Self {
        Self { session, sabotage, done: false, stuck: None }
    }

    /// What is asked of it directly.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// As the session's.
    ///
    /// # Errors
    /// As the session's.
    pub fn handle_input(&mut self, now: Now, input: Input<'_>) -> Result<(), Error> {
        let input = match (self.sabotage, input) {
            (Some(Sabotage::IgnoreAnswer), Input::Classified { generation, .. }) => {
                Input::Classified { generation, disposition: None }
            }
            (_, input) => input,
        };
        self.session.handle_input(now, input)
    }

    /// As the session's.
    pub fn poll_output(&mut self) -> Option<Output> {
        let output = self.session.poll_output();
        match (self.sabotage, &output) {
            (Some(Sabotage::DialTwice), None) if !self.done && self.session.generation() > 1 => {
                self.done = true;
                Some(Output::Dial { generation: self.session.generation() })
            }
            (Some(Sabotage::NeverDial), Some(Output::Dial { generation })) if *generation > 1 => None,
            (Some(Sabotage::SwallowQuestion), Some(Output::Classify(_))) => self.poll_output(),
            _ => output,
        }
    }

    /// As the session's.
    pub fn poll_transmit(&mut self, now: Now) -> Option<Transmit> {
        let transmit = self.session.poll_transmit(now);
        let drop = match (self.sabotage, &transmit) {
            (Some(Sabotage::DropSubscribe), Some(Transmit::Text(text))) => text.contains("\"action\":\"subscribe\""),
            (Some(Sabotage::DropPublish), Some(Transmit::Text(text))) => text.contains("\"action\":\"publish\""),
            (Some(Sabotage::DropMessage), Some(Transmit::Text(text))) => text.contains("\"id\":\""),
            _ => false,
        };
        if drop && !std::mem::replace(&mut self.done, true) { self.poll_transmit(now) } else { transmit }
    }

    /// As the session's.
    pub fn next_deadline(&mut self) -> Option<u64> {
        let deadline = self.session.next_deadline();
        if self.sabotage != Some(Sabotage::Spin) {
            return deadline;
        }
        self.stuck = self.stuck.or(deadline);
        self.stuck
    }

    /// What there is to tell; the session's own batch is empty then.
    pub fn take_batch(&mut self) -> Batch {
        let batch = std::mem::take(self.session.batch());
        match self.sabotage {
            Some(sabotage) if !self.done => self.spoil(sabotage, &batch),
            _ => batch,
        }
    }

    fn spoil(&mut self, sabotage: Sabotage, batch: &Batch) -> Batch {
        let mut spoilt = Batch::new();
        for index in 0..batch.len() {
            let (item, key) = (batch.get(index), batch.key(index));
            let event = |spoilt: &mut Batch, event: Event<'_>| spoilt.push(key, event);
            // What a task nobody asked for says is passed on as it comes: nothing can be wrong about that here.
            let asked = key != NO_KEY;
            match (sabotage, item) {
                _ if self.done && sabotage != Sabotage::SwallowOutcome => copy(&mut spoilt, key, batch.get(index)),
                (Sabotage::SwallowLog, Item::Event(Event::Log(_))) if asked => self.done = true,
                (Sabotage::SwallowLost, Item::Event(Event::Lost(_))) => self.done = true,
                (Sabotage::SwallowGap, Item::Event(Event::Gap(_))) => self.done = true,
                (Sabotage::TellTwice, Item::Event(told)) if asked && told.kind() == EventKind::Status => {
                    self.done = true;
                    event(&mut spoilt, told.clone());
                    event(&mut spoilt, told);
                }
                (Sabotage::DoubleOutcome, Item::Event(told)) if asked && told.kind() == EventKind::Complete => {
                    self.done = true;
                    event(&mut spoilt, told.clone());
                    event(&mut spoilt, told);
                }
                (Sabotage::TurnOutcome, Item::Event(Event::Complete(told))) if asked => {
                    self.done = true;
                    event(
                        &mut spoilt,
                        Event::Error(steadywire::ErrorEvent {
                            source: steadywire::ErrorSource::Task,
                            code: "".into(),
                            message: "".into(),
                            task_id: Some(told.task_id.clone()),
                            data: Some(told.data.clone()),
                            fatal: true,
                            timestamp: told.timestamp,
                            synthetic: false,
                        }),
                    );
                }
                (Sabotage::SwallowOutcome, Item::Event(Event::Complete(_))) if asked => self.done = true,
                (
                    Sabotage::SwallowOutcome,
                    Item::Settled(_, Settlement::Outcome(Outcome { kind: OutcomeKind::Complete, .. })),
                ) => {}
                (Sabotage::ForgeGap, Item::Event(told)) if asked && told.kind() == EventKind::Log => {
                    self.done = true;
                    let task_id = told.task_id().unwrap_or_default().to_owned();
                    let gap = Gap { task_id, from: 1, to: Some(1), epoch: "e1".into() };
                    event(&mut spoilt, Event::Gap(std::borrow::Cow::Owned(gap)));
                    event(&mut spoilt, told);
                }
                (Sabotage::HoldReceipt, Item::Settled(_, Settlement::Receipt(_))) => self.done = true,
                (Sabotage::ForgeReceipt, Item::Settled(ticket, Settlement::Receipt(Receipt::Unknown))) => {
                    self.done = true;
                    spoilt.settled(ticket, Settlement::Receipt(Receipt::Acked));
                }
                (Sabotage::AnswerTwice, Item::Settled(ticket, settlement)) => {
                    self.done = true;
                    spoilt.settled(ticket, settlement.clone());
                    spoilt.settled(ticket, settlement.clone());
                }
                (_, item) => copy(&mut spoilt, key, item),
            }
        }
        spoilt
    }
}

fn copy(batch: &mut Batch, key: u32, item: Item<'_>) {
    match item {
        Item::Event(event) => batch.push(key, event),
        Item::Settled(ticket, settlement) => batch.settled(ticket, settlement.clone()),
    }
}
