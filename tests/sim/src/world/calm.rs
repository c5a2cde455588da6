//! When nothing goes wrong any more, everything must come right, within a time that can be told.

use steadywire::State;
use steadywire::session::Input;
use steadywire::session::limits::{CLOSE_TIMEOUT_MS, CREDENTIALS_MS, DRAIN_MS, MAX_QUESTION_MS};

use super::{Event, World};
use crate::plan::Replay;

/// How often it is looked whether everything is right.
const LOOK_MS: u64 = 500;

/// The longest delay that a server can ask for (CLOSE-5).
const ASKED_MS: u64 = 300_000;

/// How long workers beside ours go on, at most.
const WORK_MS: u64 = 10_000;

impl World {
    /// From now on everybody behaves, and nothing breaks.
    pub(super) fn calm(&mut self) {
        self.chaos.calm = true;
        self.log.line(|| format!("{:>8} calm", self.now));
        let now = self.now;
        if !self.server.is_up {
            self.at(now + 1000, Event::ServerUp);
        }
        for link in 0..self.links.len() {
            self.mend(link);
        }
        for worker in 0..self.workers.len() {
            let pause = self.chaos.rng.below(WORK_MS);
            if self.chaos.rng.chance(8000) {
                self.finishes(worker, pause);
            }
        }
        for seat in 0..self.seats.len() {
            let place = &mut self.seats[seat];
            place.stuck_until = now;
            if place.asleep_until > now {
                let early = place.asleep_until - now;
                place.asleep_until = now;
                place.slept -= early.min(place.slept - 1);
                if !place.plan.counts_sleep {
                    place.clock.lost -= early;
                }
            }
            self.wake(seat, now);
            self.back(seat, true);
            self.back(seat, false);
            self.life(seat).consumer.slow_until = now;
            self.at(now, Event::Consume { seat });
            self.finish_jobs(seat);
            if self.is_stopped(seat) && self.chaos.rng.chance(7000) {
                let ticket = self.number(seat);
                self.input(seat, Input::Connect { ticket, task: None });
            }
        }
        self.at(now + LOOK_MS, Event::Look);
    }

    pub(super) fn look(&mut self) {
        let calm_for = self.now - self.plan.calm_at;
        let mut wrong = None;
        for seat in 0..self.seats.len() {
            if !self.seats[seat].jobs.is_empty() {
                self.finish_jobs(seat);
            }
            wrong = wrong.or_else(|| self.what_is_wrong(seat));
        }
        let working = calm_for < WORK_MS;
        let Some(wrong) = wrong.or_else(|| working.then(|| "workers are at it".to_owned())) else {
            self.converged_after = Some(calm_for);
            let now = self.now;
            return self.at(now, Event::Leave);
        };
        let bound = self.bound();
        assert!(calm_for <= bound, "after {calm_for} ms without any fault: {wrong}");
        let next = self.now + LOOK_MS;
        self.at(next, Event::Look);
    }

    /// What is not right yet with a client, if anything.
    ///
    /// A client that has stopped, because of the server or the user, waits for the user: nothing is asked of it. Of all
    /// others: whoever has open work is connected; nothing waits to be written or answered; each open task that the
    /// server knows the end of has been told so, and each other open task is where the server is.
    fn what_is_wrong(&mut self, seat: usize) -> Option<String> {
        if self.is_stopped(seat) {
            return None;
        }
        let life = self.seats[seat].life.as_ref().expect("nobody has left");
        let session = life.subject.session();
        let serial = life.serial;
        if session.state() != State::Connected {
            let idle = !life.judge.has_open_work();
            return (!idle).then(|| format!("session {serial} is {:?}", session.state()));
        }
        let link = self.seats[seat].link?;
        let spoilt = self.spoilt.get(&link);
        let stats = session.stats();
        let (waiting, written) = (stats.outbox_messages, stats.in_flight);
        // An acknowledgement that was cut short is waited for as long as the connection lasts.
        let is_answered = spoilt.is_none_or(|spoilt| !spoilt.answer);
        if waiting > 0 || (written > 0 && is_answered) {
            return Some(format!("session {serial} has {waiting} messages that wait and {written} unsettled"));
        }
        let unsaid = life.judge.owes(link);
        if !unsaid.is_empty() {
            return Some(format!("session {serial} has not said that it still reports {unsaid:?}"));
        }
        if !self.seats[seat].jobs.is_empty() {
            return Some(format!("session {serial} cannot send the end of its task"));
        }
        if self.links[link].up.lost_from.is_some() {
            return Some(format!("session {serial} has not noticed that its connection is dead"));
        }
        // Without its greeting the server is one without extensions.
        let greeted = spoilt.is_none_or(|spoilt| !spoilt.greeting);
        let asks = life.config().stall_timeout > 0;
        for task in life.judge.open_tasks() {
            let Some((epoch, seq, end)) = self.server.knows(task) else { continue };
            let intact = spoilt.is_none_or(|spoilt| !spoilt.tasks.contains(task));
            let tells = self.plan.server.replay != Replay::Nothing || (self.plan.server.features.query && greeted);
            if end.is_some() && tells && (asks || (intact && greeted)) {
                return Some(format!("session {serial} does not know that {task} has ended: {end:?}"));
            }
            let behind = life.judge.position(task) != Some((epoch, seq)) && seq > 0;
            if end.is_none() && self.plan.server.features.resume && intact && behind {
                let at = life.judge.position(task);
                return Some(format!("session {serial} is at {at:?} of {task}, and the server at {epoch} {seq}"));
            }
        }
        None
    }

    /// Within this time everything is right: the longest delay between two attempts, what it takes to notice a dead
    /// connection and to make another, the longest time between two questions, and some for the answers.
    fn bound(&self) -> u64 {
        let of = |seat: &super::Seat| {
            let Some(life) = &seat.life else { return 0 };
            let config = life.config();
            let notice = config.heartbeat_interval * 11 / 10 + config.heartbeat_timeout + 3000;
            let question = if config.stall_timeout > 0 { MAX_QUESTION_MS.max(config.stall_timeout) } else { 0 };
            ASKED_MS.max(config.max_reconnect_backoff)
                + 2 * config.connect_timeout
                + CREDENTIALS_MS
                + notice
                + question
                + 40_000
        };
        self.seats.iter().map(of).max().unwrap_or_default() + self.plan.server.lease.unwrap_or_default()
    }

    /// Everybody leaves, one way or the other.
    pub(super) fn leave(&mut self) {
        for seat in 0..self.seats.len() {
            if self.chaos.rng.chance(3000) {
                self.input(seat, Input::Close);
            } else {
                let ticket = self.number(seat);
                self.input(seat, Input::Disconnect { ticket });
            }
        }
        let now = self.now;
        self.at(now + DRAIN_MS + CLOSE_TIMEOUT_MS + 100, Event::Gone);
    }

    pub(super) fn all_gone(&mut self) {
        for seat in 0..self.seats.len() {
            self.buries(seat);
        }
        self.queue.clear();
    }

    /// The ends of all jobs are sent, as far as the outbox takes them.
    fn finish_jobs(&mut self, seat: usize) {
        for at in (0..self.seats[seat].jobs.len()).rev() {
            self.ends_job(seat, at);
        }
    }

    /// A connection on which something is lost comes to its end, unless its client can notice by itself.
    fn mend(&mut self, link: usize) {
        let now = self.now;
        let held = &self.links[link];
        if held.up.lost_from.is_none() {
            return;
        }
        let at = now + self.chaos.rng.below(2000);
        self.at(at, Event::Noticed { link, client: false });
        let held = &self.links[link];
        let place = &self.seats[held.seat];
        let beats = place.life.as_ref().is_some_and(|life| life.config().heartbeat_interval > 0);
        let notices = place.plan.platform.pings && beats && held.down.lost_from.is_some();
        if held.client && !notices {
            self.at(at, Event::Noticed { link, client: true });
        }
    }
}
