//! The driver of a client: reads, reports, writes and sleeps as a real one does.

use steadywire::ErrorKind;
use steadywire::session::{CredentialsFailure, Disposition, Failure, Input, Now, Output, Transmit};
use steadywire_tests::model::Transport;

use super::{Event, World};
use crate::LinkId;
use crate::chaos::Fault;
use crate::judge::Scene;
use crate::life::{Deed, Outcome};
use crate::wire::Packet;

/// How late a driver may be, at most, in milliseconds.
const MOST_LATE_MS: u64 = 9000;

/// What a driver has to tell its session beside what it reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Report {
    /// The attempt is up.
    Opened { generation: u32, link: LinkId },
    /// The attempt failed.
    Failed { generation: u32, failure: Fail },
    /// The provider answered: with credentials, or with none (for good).
    Credentials { generation: u32, given: Result<(), bool> },
    /// The classifier answered.
    Classified { generation: u32, disposition: Option<Disposition> },
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fail {
    pub kind: ErrorKind,
    pub http_status: Option<u16>,
    pub retry_after_ms: Option<u64>,
    pub fatal: bool,
}

impl Fail {
    fn as_failure(&self) -> Failure<'static> {
        let Self { kind, http_status, retry_after_ms, fatal } = *self;
        Failure { kind, message: "it failed", http_status, retry_after_ms, fatal }
    }
}

impl World {
    /// The driver of this place is to run at this time, if not before.
    pub(super) fn wake(&mut self, seat: usize, at: u64) {
        let at = at.max(self.now);
        let place = &mut self.seats[seat];
        if place.run_at.is_none_or(|run_at| at < run_at) {
            place.run_at = Some(at);
            self.at(at, Event::Run { seat });
        }
    }

    pub(super) fn run_driver(&mut self, seat: usize) {
        let now = self.now;
        let place = &mut self.seats[seat];
        if place.life.is_none() || place.run_at != Some(now) {
            return;
        }
        place.run_at = None;
        let busy_until = place.asleep_until.max(place.stuck_until);
        if busy_until > now {
            return self.wake(seat, busy_until);
        }
        if self.chaos.strikes(Fault::LateDriver) {
            let late = self.chaos.rng.between(1, MOST_LATE_MS);
            self.seats[seat].stuck_until = now + late;
            return self.wake(seat, now + late);
        }
        let slept_ms = std::mem::take(&mut self.seats[seat].slept);
        if slept_ms > 0 {
            self.input(seat, Input::Woke { slept_ms });
        }
        for report in std::mem::take(&mut self.seats[seat].reports) {
            self.report(seat, report);
        }
        self.pause_or_resume(seat);
        self.read(seat);
        let mono = self.mono(seat);
        while self.deadline(seat).is_some_and(|deadline| deadline <= mono) {
            self.input(seat, Input::Timeout);
        }
        if self.seats[seat].starved && self.room(seat) != Some(0) {
            self.chaos.coverage.note("path written on readiness");
            self.step(seat, None, false);
        }
        self.consume_at_once(seat);
        self.sleep(seat);
    }

    /// A call, or something a driver reports. Everything that follows from it is done.
    pub(super) fn input(&mut self, seat: usize, input: Input<'_>) -> Outcome {
        self.step(seat, Some(input), false)
    }

    fn step(&mut self, seat: usize, input: Option<Input<'_>>, reads_on: bool) -> Outcome {
        let room = if reads_on { Some(0) } else { self.room(seat) };
        let now = self.clocks(seat);
        self.steps += 1;
        let place = &mut self.seats[seat];
        let link = place.link;
        let mut scene = Scene {
            mono: now.mono_ms,
            ledger: &self.server.ledger,
            link,
            repeats: link.is_some_and(|link| self.links[link].repeats),
            coverage: &mut self.chaos.coverage,
        };
        let life = place.life.as_mut().expect("only a life takes inputs");
        let outcome = if self.log.is_on() {
            let log = self.log.clone();
            let (serial, at) = (life.serial, self.now);
            let stepped =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| life.step(now, input, room, &mut scene)));
            match stepped {
                Ok(outcome) => {
                    let step = life.recorder.end();
                    log.line(|| format!("{at:>8} session {serial} {step}"));
                    outcome
                }
                Err(panic) => {
                    log.line(|| format!("{at:>8} session {serial} {}", life.recorder.unfinished()));
                    std::panic::resume_unwind(panic);
                }
            }
        } else {
            let outcome = life.step(now, input, room, &mut scene);
            life.recorder.end();
            outcome
        };
        place.starved = outcome.starved && matches!(life.check.transport, Transport::Open { .. });
        for deed in &outcome.deeds {
            self.obey(seat, deed);
        }
        if outcome.full && !self.seats[seat].paused {
            let now = self.now;
            self.wake(seat, now);
        }
        self.sleep(seat);
        outcome
    }

    /// The clocks of this place.
    pub(super) fn clocks(&self, seat: usize) -> Now {
        let clock = &self.seats[seat].clock;
        let passed = i64::try_from(self.now).expect("runs are short");
        Now { mono_ms: self.mono(seat), wall_ms: clock.wall + passed }
    }

    pub(super) fn mono(&self, seat: usize) -> u64 {
        let clock = &self.seats[seat].clock;
        // While the machine sleeps what it will not have counted is taken off already.
        (clock.start + self.now).saturating_sub(clock.lost)
    }

    /// Whether frames can be written, and how many.
    fn room(&self, seat: usize) -> Option<u64> {
        let place = &self.seats[seat];
        let most = place.plan.room?;
        let link = &self.links[place.link?];
        Some(most.saturating_sub(link.up.on_the_way.len() as u64))
    }

    fn deadline(&mut self, seat: usize) -> Option<u64> {
        self.seats[seat].life.as_mut().and_then(|life| life.subject.next_deadline())
    }

    /// Sets the alarm.
    fn sleep(&mut self, seat: usize) {
        let clock = self.seats[seat].clock;
        let pause = self.seats[seat].life.as_ref().and_then(|life| life.inbox.pause_deadline());
        if let Some(at) = self.deadline(seat).into_iter().chain(pause).min() {
            self.wake(seat, (at + clock.lost).saturating_sub(clock.start));
        }
    }

    fn report(&mut self, seat: usize, report: Report) {
        match report {
            Report::Opened { generation, link } => {
                self.seats[seat].link = Some(link);
                self.seats[seat].dialing = None;
                self.seats[seat].paused = false;
                self.input(seat, Input::Opened { generation });
            }
            Report::Failed { generation, failure } => {
                self.seats[seat].dialing = None;
                self.input(seat, Input::DialFailed { generation, failure: failure.as_failure() });
            }
            Report::Credentials { generation, given } => {
                let result = given.map_err(|fatal| CredentialsFailure { message: "there are none", fatal });
                self.input(seat, Input::Credentials { generation, result });
            }
            Report::Classified { generation, disposition } => {
                self.input(seat, Input::Classified { generation, disposition });
            }
        }
    }

    fn pause_or_resume(&mut self, seat: usize) {
        let mono = self.mono(seat);
        let life = self.life(seat);
        if life.inbox.pause_deadline().is_some_and(|at| at <= mono) {
            // The bell needs no ringing: the consumer comes by itself.
            let _ = life.inbox.shed(mono);
        }
        let paused = life.inbox.is_paused();
        let Some(link) = self.seats[seat].link else { return };
        if paused == self.seats[seat].paused {
            return;
        }
        self.seats[seat].paused = paused;
        let generation = self.links[link].generation;
        if paused {
            self.chaos.coverage.note("path read pause");
            self.input(seat, Input::ReadPaused { generation });
        } else {
            self.chaos.coverage.note("path read resume");
            self.input(seat, Input::ReadResumed { generation });
        }
    }

    /// Reads what has arrived, of the connection that is up and of the one that is closing.
    fn read(&mut self, seat: usize) {
        loop {
            let place = &self.seats[seat];
            let open = place.link.filter(|_| !place.paused);
            let has_some = |link: &LinkId| !self.links[*link].arrived.is_empty();
            let Some(link) = [open, place.closing].into_iter().flatten().find(has_some) else { return };
            let packet = self.links[link].arrived.pop_front().expect("it was checked");
            let more = self.seats[seat].plan.bursts && !self.links[link].arrived.is_empty();
            let generation = self.links[link].generation;
            self.pump(link);
            match packet {
                // A message of a run that this client never saw, behind those of the next, is no repeat but a lie.
                Packet::Again(text) if !self.life(seat).judge.has_seen(&text) => {}
                Packet::Text(text) | Packet::Again(text) => {
                    drop(self.step(seat, Some(Input::Text { generation, text: &text }), more));
                }
                Packet::Binary(text) => {
                    drop(self.step(seat, Some(Input::Binary { generation, head: text.as_bytes() }), more));
                }
                Packet::Ping(number) => {
                    self.send_up(link, &Packet::Pong(number));
                    drop(self.step(seat, Some(Input::Ping { generation }), more));
                }
                Packet::Pong(number) => {
                    drop(self.step(seat, Some(Input::Pong { generation, payload: Some(number) }), more));
                }
                Packet::Close(code, reason) => {
                    self.let_go(seat, link);
                    self.input(seat, Input::Closed { generation, code, reason: &reason });
                }
                Packet::End => {
                    self.let_go(seat, link);
                    self.input(seat, Input::Closed { generation, code: Some(1006), reason: "" });
                }
                Packet::Broken(kind) => {
                    self.let_go(seat, link);
                    let failure = Fail { kind, http_status: None, retry_after_ms: None, fatal: false };
                    self.input(seat, Input::Broken { generation, failure: failure.as_failure() });
                }
            }
        }
    }

    /// The transport has ended by itself.
    fn let_go(&mut self, seat: usize, link: LinkId) {
        self.links[link].client = false;
        let place = &mut self.seats[seat];
        place.link.take_if(|held| *held == link);
        place.closing.take_if(|held| *held == link);
        place.starved = false;
    }

    fn obey(&mut self, seat: usize, deed: &Deed) {
        match deed {
            Deed::Output(Output::NeedCredentials(request)) => self.ask_provider(seat, request.generation),
            Deed::Output(Output::Classify(ending)) => self.ask_classifier(seat, ending.generation),
            Deed::Output(Output::Dial { generation }) => self.dial(seat, *generation),
            Deed::Output(Output::Drop { generation }) => self.drop_transport(seat, *generation),
            Deed::Output(Output::Close { generation, code }) => {
                let place = &mut self.seats[seat];
                match place.link.take() {
                    Some(link) if self.links[link].generation == *generation => {
                        self.seats[seat].closing = Some(link);
                        self.send_up(link, &Packet::Close(Some(*code), String::new()));
                        // What has arrived is read on, paused or not.
                        let now = self.now;
                        self.wake(seat, now);
                    }
                    held => panic!("{generation} is to be closed, and {held:?} is held"),
                }
            }
            Deed::Write(transmit) => {
                let link = self.seats[seat].link.expect("a frame is written to a connection");
                match transmit {
                    Transmit::Text(text) => self.send_up(link, &Packet::Text(text.clone())),
                    Transmit::Ping(number) => self.send_up(link, &Packet::Ping(*number)),
                }
            }
        }
    }

    fn drop_transport(&mut self, seat: usize, generation: u32) {
        let place = &mut self.seats[seat];
        place.dialing.take_if(|dialing| *dialing == generation);
        let mut dropped: Vec<LinkId> = Vec::new();
        let links = &self.links;
        dropped.extend(place.link.take_if(|link| links[*link].generation == generation));
        dropped.extend(place.closing.take_if(|link| links[*link].generation == generation));
        place.reports.retain(|report| match report {
            Report::Opened { generation: of, link } if *of == generation => {
                dropped.push(*link);
                false
            }
            Report::Failed { generation: of, .. } | Report::Credentials { generation: of, .. } => *of != generation,
            Report::Opened { .. } | Report::Classified { .. } => true,
        });
        for link in dropped {
            self.client_drops(link);
        }
    }
}
