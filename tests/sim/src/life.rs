//! One session and what stands around it: its recorder, its judges, its inbox and its consumer.

use serde_json::{Map, Value};
use steadywire::event::Batch;
use steadywire::inbox::{Inbox, Pressure};
use steadywire::session::{Input, LeaseKind, Now, Output, Session, Transmit};
use steadywire::{Config, ErrorKind};
use steadywire_tests::model::{Check, Setup, Transport};

use crate::consumer::Consumer;
use crate::judge::{Judge, Scene, is_awaited};
use crate::plan::SeatPlan;
use crate::subject::{Sabotage, Subject};
use crate::trace::Recorder;

/// How often a deadline may fall on the same moment before it counts as spinning.
const STILL: u32 = 100;

/// What a step leaves to be done by the driver, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// The session wants it.
    Output(Output),
    /// A frame is to be written.
    Write(Transmit),
}

/// What came of a step.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is to be done.
    pub deeds: Vec<Deed>,
    /// The call was refused.
    pub refused: Option<ErrorKind>,
    /// The transport takes no more frames, and there may be some.
    pub starved: bool,
    /// The inbox is full: reading pauses.
    pub full: bool,
}

/// One session.
pub struct Life {
    /// Its number among all of the run, from 1.
    pub serial: u32,
    /// The session.
    pub subject: Subject,
    /// Transport, tickets, bounds.
    pub check: Check,
    /// What needs the truth.
    pub judge: Judge,
    /// Where what it tells waits.
    pub inbox: Inbox,
    /// Who takes it from there, and looks that nothing is missing.
    pub consumer: Consumer,
    /// Writes it down.
    pub recorder: Recorder,
    /// Counts calls.
    pub last_number: u64,
    still: (u64, u32),
}

/// What a session is made from.
#[derive(Clone, Copy, Debug)]
pub struct Birth<'a> {
    /// Its number.
    pub serial: u32,
    /// Of the run.
    pub run: u64,
    /// Seeds its jitter.
    pub seed: u32,
    /// Makes its messages' ids unique.
    pub nonce: [u8; 12],
    /// Cursors of the one before it.
    pub cursors: &'a [(String, String, u64)],
    /// What is wrong with it.
    pub sabotage: Option<Sabotage>,
    /// What is written down.
    pub recording: Recording,
}

/// What is written down of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// Nothing.
    Off,
    /// The step at hand, for the log.
    Step,
    /// Everything.
    All,
}

impl Life {
    /// A session begins.
    pub fn begin(plan: &SeatPlan, birth: Birth<'_>) -> Self {
        let (config, options) = plan.config(birth.cursors);
        let session = Session::on(plan.platform, config.clone(), birth.seed, birth.nonce).expect("the plan is valid");
        let recorder = recorder(plan, &birth, &options);
        let setup = Setup { config: config.clone(), platform: plan.platform, seed: birth.seed };
        let inbox = Inbox::new(config.max_pending_events, config.max_pending_bytes, config.conflate);
        inbox.interest().want_all();
        Self {
            serial: birth.serial,
            judge: Judge::new(birth.serial, &config, plan.platform, &session),
            subject: Subject::new(session, birth.sabotage),
            check: Check::new(&setup),
            inbox,
            consumer: Consumer::default(),
            recorder,
            last_number: 0,
            still: (0, 0),
        }
    }

    /// The session's options.
    pub fn config(&self) -> &Config {
        self.subject.session().config()
    }

    /// One input, or only what waits to be written; everything that comes out is judged. `room` = how many frames
    /// the transport takes.
    ///
    /// # Panics
    /// If something is wrong.
    pub fn step(&mut self, now: Now, input: Option<Input<'_>>, room: Option<u64>, scene: &mut Scene<'_>) -> Outcome {
        self.recorder.begin(now, input.as_ref(), room);
        let mut outcome = Outcome::default();
        self.judge.before(input.as_ref(), self.check.transport, scene);
        if let Some(input) = input {
            self.announce(&input);
            match self.subject.handle_input(now, input.clone()) {
                Ok(()) => self.judge.took(&input, self.subject.session(), scene),
                Err(error) => {
                    self.recorder.refused(&error);
                    outcome.refused = Some(error.kind());
                    self.take_back(&input);
                    scene.coverage.note("path call refused");
                }
            }
            if matches!(input, Input::Timeout) {
                self.must_not_spin(now.mono_ms);
            }
        }
        self.drain(now, room, &mut outcome, scene);
        self.check.lease_was_taken();
        self.judge.after(self.subject.session(), scene);
        self.check.at_rest(self.subject.session());
        outcome
    }

    /// The session is at its end: nothing may be left.
    ///
    /// # Panics
    /// If something is.
    pub fn at_end(&mut self) {
        self.check.all_is_answered(self.subject.session());
        self.judge.at_end();
    }

    fn drain(&mut self, now: Now, room: Option<u64>, outcome: &mut Outcome, scene: &mut Scene<'_>) {
        let mut left = room.unwrap_or(u64::MAX);
        loop {
            let mut said = false;
            while let Some(output) = self.subject.poll_output() {
                said = true;
                self.recorder.output(&output);
                self.check.output(&output);
                self.judge.output(&output, scene);
                scene.coverage.note(output_name(&output));
                outcome.deeds.push(Deed::Output(output));
            }
            let mut batch = self.subject.take_batch();
            if !batch.is_empty() {
                said = true;
                self.recorder.batch(&batch);
                self.judge.batch(&batch, self.subject.session(), scene);
                self.check.batch(&batch, self.subject.session());
                self.store(&mut batch, now.mono_ms, outcome, scene);
            }
            while left > 0
                && let Some(transmit) = self.subject.poll_transmit(now)
            {
                said = true;
                left -= 1;
                self.recorder.transmit(&transmit);
                self.check.transmit(&transmit);
                self.judge.writes(&transmit, scene);
                outcome.deeds.push(Deed::Write(transmit));
            }
            if !said {
                break;
            }
        }
        outcome.starved = left == 0;
    }

    fn store(&mut self, batch: &mut Batch, mono: u64, outcome: &mut Outcome, scene: &mut Scene<'_>) {
        self.consumer.expects(batch, scene.coverage);
        let stored = self.inbox.store(batch, mono);
        outcome.full |= stored.pressure == Pressure::Full;
    }

    /// What the check of transports and tickets has to know beforehand.
    fn announce(&mut self, input: &Input<'_>) {
        let check = &mut self.check;
        match input {
            Input::Connect { ticket, task } => {
                check.asks(*ticket, input);
                if let Some(task) = task {
                    check.may_end_again(task);
                }
            }
            Input::Reconnect { ticket } | Input::Flush { ticket } => check.asks(*ticket, input),
            Input::Disconnect { ticket } => {
                check.disconnects();
                check.asks(*ticket, input);
            }
            Input::Subscribe { task } => check.may_end_again(task),
            Input::Lease { lease, task, kind } => {
                check.lease(*lease, task, *kind);
                if matches!(kind, LeaseKind::Follow | LeaseKind::Wait) {
                    check.asks(*lease, input);
                }
            }
            Input::Unlease { lease } => check.unlease(*lease),
            Input::Send { ticket, message } => {
                if !matches!(message.kind, steadywire::session::DraftKind::Heartbeat) {
                    check.sends(*ticket, message.ack);
                }
                check.asks(*ticket, input);
            }
            Input::Close => drop(check.called_while_ending()),
            Input::Opened { generation } => check.opens(*generation),
            Input::Text { text, .. } => check.hears(text),
            Input::DialFailed { .. }
            | Input::Closed { .. }
            | Input::Broken { .. }
            | Input::Credentials { result: Err(_), .. }
                if is_awaited(input, check.transport) =>
            {
                check.transport = Transport::None;
            }
            _ => {}
        }
    }

    /// A call was refused: it is as if it had never been made.
    fn take_back(&mut self, input: &Input<'_>) {
        match input {
            Input::Connect { ticket, .. } | Input::Flush { ticket } | Input::Send { ticket, .. } => {
                self.check.is_refused(*ticket);
            }
            Input::Lease { lease, .. } => self.check.is_refused(*lease),
            other => panic!("{other:?} is refused"),
        }
    }

    fn must_not_spin(&mut self, mono: u64) {
        let Some(deadline) = self.subject.next_deadline().filter(|deadline| *deadline <= mono) else {
            self.still = (mono, 0);
            return;
        };
        self.still = if self.still.0 == mono { (mono, self.still.1 + 1) } else { (mono, 1) };
        assert!(self.still.1 < STILL, "the session spins: its deadline {deadline} does not move");
    }
}

fn recorder(plan: &SeatPlan, birth: &Birth<'_>, options: &Map<String, Value>) -> Recorder {
    let name = format!("sim-{}-{}", birth.run, birth.serial);
    match birth.recording {
        Recording::Off => Recorder::off(),
        recording => Recorder::new(&name, options, plan.platform, birth.seed, birth.nonce, recording == Recording::All),
    }
}

fn output_name(output: &Output) -> &'static str {
    match output {
        Output::NeedCredentials(_) => "output credentials",
        Output::Classify(_) => "output classify",
        Output::Dial { .. } => "output dial",
        Output::Drop { .. } => "output drop",
        Output::Close { .. } => "output close",
    }
}
