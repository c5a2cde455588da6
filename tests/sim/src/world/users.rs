//! What people do with a client: they follow, report, lose patience, and come back.

use steadywire::State;
use steadywire::event::Level;
use steadywire::session::{Draft, DraftKind, Input, LeaseKind};

use super::{Event, World};
use crate::plan::Role;

/// How many leases a user holds at a time.
const MOST_LEASES: usize = 12;

/// What a consumer that lags takes at a time.
const SLOW_TAKE: usize = 3;

/// A task that a client reports.
#[derive(Debug)]
pub(super) struct Job {
    pub task: String,
    pub lease: u64,
    /// How many messages it has before its end.
    pub left: u64,
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deal {
    Connect,
    ConnectTask,
    Subscribe,
    Unsubscribe,
    Follow,
    Wait,
    Track,
    Unlease,
    Work,
    Send,
    Flush,
    Disconnect,
    Reconnect,
    Replace,
}

impl World {
    /// The user does something, and will again.
    pub(super) fn user_acts(&mut self, seat: usize) {
        if self.seats[seat].life.is_none() || self.chaos.calm {
            return;
        }
        let pace = self.seats[seat].plan.pace;
        let next = self.now + 1 + self.chaos.rng.around(pace);
        self.at(next, Event::User { seat });
        if self.seats[seat].asleep_until > self.now {
            return;
        }
        let deal = self.deal(seat);
        self.does(seat, deal);
        self.consume_at_once(seat);
    }

    fn deal(&mut self, seat: usize) -> Deal {
        use Deal as D;
        let plan = &self.seats[seat].plan;
        let follows: &[Deal] =
            &[D::ConnectTask, D::Subscribe, D::Follow, D::Wait, D::Track, D::Unsubscribe, D::Unlease];
        let works: &[Deal] = &[D::Work, D::Work, D::Work, D::Work, D::Work, D::Flush, D::Connect];
        let all: &[Deal] = match plan.role {
            Role::Follower => &[D::Follow, D::ConnectTask, D::Wait, D::Unlease, D::Connect],
            Role::FanIn => follows,
            Role::Worker => works,
            Role::Mixed => &[
                D::Connect,
                D::ConnectTask,
                D::Subscribe,
                D::Unsubscribe,
                D::Follow,
                D::Wait,
                D::Track,
                D::Unlease,
                D::Work,
                D::Work,
                D::Work,
                D::Send,
                D::Send,
                D::Flush,
            ],
        };
        if plan.restless && self.chaos.rng.chance(600) {
            return self.chaos.rng.pick(&[D::Disconnect, D::Disconnect, D::Reconnect, D::Reconnect, D::Replace]);
        }
        self.chaos.rng.pick(all)
    }

    fn does(&mut self, seat: usize, deal: Deal) {
        let task = self.chaos.rng.pick(&self.plan.tasks);
        let full = self.life(seat).judge.leases().count() >= MOST_LEASES;
        let deal = if full && matches!(deal, Deal::Follow | Deal::Wait | Deal::Track) { Deal::Unlease } else { deal };
        let number = self.number(seat);
        let lease = |kind| Input::Lease { lease: number, task: &task, kind };
        let input = match deal {
            Deal::Connect => Input::Connect { ticket: number, task: None },
            Deal::ConnectTask => Input::Connect { ticket: number, task: Some(&task) },
            Deal::Subscribe => Input::Subscribe { task: &task },
            Deal::Unsubscribe => Input::Unsubscribe { task: &task },
            Deal::Follow => lease(LeaseKind::Follow),
            Deal::Wait => lease(LeaseKind::Wait),
            Deal::Track => lease(LeaseKind::Track),
            Deal::Unlease => {
                let leases: Vec<u64> = self.life(seat).judge.leases().map(|(lease, ..)| lease).collect();
                let jobs = &self.seats[seat].jobs;
                let free: Vec<u64> =
                    leases.into_iter().filter(|lease| jobs.iter().all(|job| job.lease != *lease)).collect();
                if free.is_empty() {
                    return;
                }
                Input::Unlease { lease: self.chaos.rng.pick(&free) }
            }
            Deal::Work => return self.works(seat, &task),
            Deal::Send => return self.sends_anything(seat, &task),
            Deal::Flush => Input::Flush { ticket: number },
            Deal::Disconnect => Input::Disconnect { ticket: number },
            Deal::Reconnect => Input::Reconnect { ticket: number },
            Deal::Replace => return self.replace(seat),
        };
        self.input(seat, input);
    }

    /// The number of the next call.
    pub(super) fn number(&mut self, seat: usize) -> u64 {
        let life = self.life(seat);
        life.last_number += 1;
        life.last_number
    }

    /// Begins a job, goes on with one, or ends it.
    fn works(&mut self, seat: usize, task: &str) {
        if self.seats[seat].jobs.len() < 2 && self.chaos.rng.chance(2500) {
            let lease = self.number(seat);
            let left = self.chaos.rng.below(30);
            self.input(seat, Input::Lease { lease, task, kind: LeaseKind::Report });
            self.seats[seat].jobs.push(Job { task: task.to_owned(), lease, left });
            return;
        }
        if self.seats[seat].jobs.is_empty() {
            return;
        }
        let at = usize::try_from(self.chaos.rng.below(self.seats[seat].jobs.len() as u64)).expect("there are few");
        let job = &mut self.seats[seat].jobs[at];
        if job.left == 0 {
            return self.ends_job(seat, at);
        }
        job.left -= 1;
        let task = job.task.clone();
        let kind = self.chaos.rng.pick(&[0, 0, 0, 1, 1, 2, 5]);
        let ack = self.chaos.rng.chance(1000);
        self.send(seat, kind, &task, ack);
    }

    /// Sends the end of a job, acknowledged, and lets go of its lease, as a reporter does.
    pub(super) fn ends_job(&mut self, seat: usize, at: usize) {
        let task = self.seats[seat].jobs[at].task.clone();
        let kind = if self.chaos.rng.chance(7000) { 3 } else { 4 };
        if self.send(seat, kind, &task, true) {
            let job = self.seats[seat].jobs.swap_remove(at);
            self.input(seat, Input::Unlease { lease: job.lease });
        }
    }

    fn sends_anything(&mut self, seat: usize, task: &str) {
        let kind = self.chaos.rng.below(9);
        let ack = self.chaos.rng.chance(3000);
        for _ in 0..=(self.chaos.rng.below(20) / 17) * 3 {
            self.send(seat, kind, task, ack);
        }
    }

    /// Sends a message of a kind. Whether it was taken.
    fn send(&mut self, seat: usize, kind: u64, task: &str, ack: bool) -> bool {
        let ticket = self.number(seat);
        let serial = self.life(seat).serial;
        let padding = "x".repeat(usize::try_from(self.chaos.rng.around(20)).expect("it is short"));
        let text = format!("#{ticket}.{serial} {padding}");
        let quoted = format!("{{\"by\":\"{text}\"}}");
        let word = format!(
            "{{\"status\":\"{}\",\"by\":\"{text}\"}}",
            self.chaos.rng.pick(&["running", "Done", "failed", "stopped"])
        );
        let not_fatal = format!("{{\"error\":\"{text}\",\"fatal\":false}}");
        let progress = f64::from(u32::try_from(self.chaos.rng.below(210)).expect("it is small")) / 2.0;
        let kind = match kind {
            0 => DraftKind::Progress { stage: "s", progress, message: &text },
            1 => DraftKind::Log { level: Level::Warn, message: &text, metadata: Some("{\"k\":1}") },
            2 => DraftKind::Status { data: &quoted },
            3 => DraftKind::Complete { data: &quoted },
            4 => DraftKind::Error { message: &text, code: "E7", data: None },
            5 => DraftKind::Error { message: "m", code: "", data: Some(&not_fatal) },
            6 => DraftKind::Status { data: &word },
            7 => DraftKind::Other { kind: "chart", data: Some(&quoted) },
            _ => DraftKind::Heartbeat,
        };
        let message = Draft { kind, task, timestamp: None, ack };
        self.input(seat, Input::Send { ticket, message }).refused.is_none()
    }

    /// The client is closed, and another begins with what it knew.
    fn replace(&mut self, seat: usize) {
        let life = self.life(seat);
        let cursors = life.subject.session().cursors();
        self.input(seat, Input::Close);
        self.buries(seat);
        self.chaos.coverage.note("path client replaced");
        if !cursors.is_empty() {
            self.chaos.coverage.note("path cursors imported");
        }
        self.seats[seat].exported = cursors;
        self.new_life(seat);
        let place = &mut self.seats[seat];
        place.jobs.clear();
        let number = self.number(seat);
        self.input(seat, Input::Connect { ticket: number, task: None });
    }

    /// A session is at its end: everything of it must be.
    pub(super) fn buries(&mut self, seat: usize) {
        let mono = self.mono(seat);
        let place = &mut self.seats[seat];
        let mut life = place.life.take().expect("it lives");
        life.consumer.take(&life.inbox, usize::MAX, mono, &mut self.chaos.coverage);
        life.at_end();
        place.reports.clear();
        place.dialing = None;
        place.run_at = None;
        assert!(place.link.is_none() && place.closing.is_none(), "a session at its end holds a connection");
        if let Some(trace) = life.recorder.finish(life.subject.session()) {
            self.traces.push(trace);
        }
    }

    /// The consumer takes what there is, unless it is slow.
    pub(super) fn consume_at_once(&mut self, seat: usize) {
        let (now, mono) = (self.now, self.mono(seat));
        let Some(life) = self.seats[seat].life.as_mut() else { return };
        if life.consumer.slow_until > now {
            return;
        }
        if life.consumer.take(&life.inbox, usize::MAX, mono, &mut self.chaos.coverage) {
            self.wake(seat, now);
        }
    }

    /// The slow consumer takes a little, and will again.
    pub(super) fn consume(&mut self, seat: usize) {
        let (now, mono) = (self.now, self.mono(seat));
        let Some(life) = self.seats[seat].life.as_mut() else { return };
        let slow = life.consumer.slow_until > now;
        let most = if slow { SLOW_TAKE } else { usize::MAX };
        if life.consumer.take(&life.inbox, most, mono, &mut self.chaos.coverage) {
            self.wake(seat, now);
        }
        if slow {
            let next = now + self.chaos.rng.between(50, 1500);
            self.at(next, Event::Consume { seat });
        }
    }

    /// Whether nothing is dialled any more before somebody asks.
    pub(super) fn is_stopped(&mut self, seat: usize) -> bool {
        matches!(self.life(seat).subject.session().state(), State::Disconnected | State::Error)
    }
}
