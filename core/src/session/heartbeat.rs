//! Keeping the link alive and noticing when it is not (rules BEAT and WAKE).

use std::collections::VecDeque;

use super::Session;
use super::attempts::Cause;
use super::backoff::Rng;
use super::disposition::Disposition;
use super::io::{Generation, Output, Transmit};
use super::limits::{LATE_MS, MAX_PINGS, PROBE_MS};
use crate::error::ErrorKind;
use crate::protocol::encode_heartbeat;

/// What keeps the current link alive.
#[derive(Debug, Default)]
pub(crate) struct Heartbeat {
    /// When the next heartbeat is due.
    due: Option<u64>,
    /// Until when a sign of life has to come.
    deadline: Option<u64>,
    /// Reading is paused: the deadline does not count.
    paused: bool,
    /// The server has shown that it answers heartbeats.
    answers: bool,
    /// Frames to write: at most one of each.
    beat: Option<Box<str>>,
    answer: Option<Box<str>>,
    ping: bool,
    /// Pings without a pong: number, frames written before it, time. See `MAX_PINGS`.
    pings: VecDeque<(u64, u64, u64)>,
    next_ping: u64,
    /// Heartbeat messages without an answer, oldest first. See `MAX_PINGS`.
    beats: VecDeque<Beats>,
}

/// Heartbeat messages whose answers prove the same.
#[derive(Debug)]
struct Beats {
    /// How many messages had been written before the first of them.
    written: u64,
    unanswered: u64,
}

impl Heartbeat {
    pub(super) fn deadline(&self) -> Option<u64> {
        [self.due, self.deadline].into_iter().flatten().min()
    }

    pub(super) fn awaits_pong(&self) -> bool {
        !self.pings.is_empty()
    }
}

impl Session {
    pub(super) fn heartbeat_begins(&mut self) {
        let next_ping = self.heartbeat.next_ping;
        self.heartbeat = Heartbeat { next_ping, ping: self.platform.pings, ..Heartbeat::default() };
        self.schedule_beat();
    }

    pub(super) fn heartbeat_ends(&mut self) {
        let next_ping = self.heartbeat.next_ping;
        self.heartbeat = Heartbeat { next_ping, ..Heartbeat::default() };
    }

    /// Something arrived on the current link.
    pub(super) fn sign_of_life(&mut self) {
        self.heartbeat.deadline = None;
        self.link_heard();
    }

    pub(super) fn on_ping(&mut self, generation: Generation) {
        if self.link.is_up(generation) {
            self.sign_of_life();
            self.alive_after_writing();
        }
    }

    pub(super) fn on_pong(&mut self, generation: Generation, payload: Option<u64>) {
        if !self.link.is_up(generation) {
            return;
        }
        self.sign_of_life();
        if let Some(number) = payload {
            self.on_answer_to(number);
        }
        self.alive_after_writing();
    }

    fn on_answer_to(&mut self, number: u64) {
        let Some(at) = self.heartbeat.pings.iter().position(|(ping, ..)| *ping == number) else { return };
        let (_, written, sent) = self.heartbeat.pings[at];
        self.heartbeat.pings.drain(..=at);
        self.stats.rtt_ms = Some(self.now.mono_ms - sent);
        self.written_up_to(written);
    }

    /// A `heartbeat` message arrived.
    pub(super) fn on_heartbeat(&mut self, task: &str, received: bool) {
        if received {
            self.heartbeat.answers = true;
            // It may be the answer to the oldest one, and proves no more than that.
            if let Some(oldest) = self.heartbeat.beats.front_mut() {
                let written = oldest.written;
                oldest.unanswered -= 1;
                if oldest.unanswered == 0 {
                    self.heartbeat.beats.pop_front();
                }
                self.written_up_to(written);
            }
        } else {
            self.heartbeat.answer = Some(task.into());
        }
    }

    /// Whether silence would end the link: there are heartbeats, and pings or a server that answers them.
    pub(super) fn can_tell_a_dead_link(&self) -> bool {
        self.config.heartbeat_interval > 0 && (self.platform.pings || self.heartbeat.answers)
    }

    pub(super) fn server_answers_heartbeats(&mut self) {
        self.heartbeat.answers = true;
    }

    pub(super) fn on_read_paused(&mut self, generation: Generation) {
        if self.link.is_up(generation) {
            self.heartbeat.paused = true;
            self.heartbeat.deadline = None;
        }
    }

    pub(super) fn on_read_resumed(&mut self, generation: Generation) {
        if self.link.is_up(generation) && std::mem::take(&mut self.heartbeat.paused) {
            self.probe();
        }
    }

    pub(super) fn on_woke(&mut self, slept_ms: u64) {
        self.stats.slept_ms += slept_ms;
        self.woke();
    }

    /// The machine slept, or the network or the page is back.
    pub(super) fn woke(&mut self) {
        if self.link.is_open() {
            self.probe();
        } else {
            self.dial_soon();
        }
    }

    pub(super) fn heartbeat_timeout(&mut self) {
        let now = self.mono();
        if let Some(deadline) = self.heartbeat.deadline
            && deadline <= now
        {
            if now - deadline > LATE_MS {
                self.probe();
            } else {
                self.heartbeat_missed();
            }
        }
        if self.heartbeat.due.is_some_and(|due| due <= now) {
            self.schedule_beat();
            self.send_beat();
            self.expect_life(self.config.heartbeat_timeout);
        }
    }

    /// Heartbeats, answers and pings, which go ahead of everything.
    pub(super) fn next_control(&mut self) -> Option<Transmit> {
        let wall = self.now.wall_ms;
        if let Some(task) = self.heartbeat.answer.take() {
            let mut text = String::new();
            encode_heartbeat(&mut text, &task, wall, true);
            return Some(Transmit::Text(text));
        }
        if let Some(task) = self.heartbeat.beat.take() {
            let mut text = String::new();
            encode_heartbeat(&mut text, &task, wall, false);
            self.note_beat();
            return Some(Transmit::Text(text));
        }
        if std::mem::take(&mut self.heartbeat.ping) {
            return Some(self.make_ping());
        }
        None
    }

    pub(super) fn make_ping(&mut self) -> Transmit {
        let beat = &mut self.heartbeat;
        beat.next_ping += 1;
        if beat.pings.len() == MAX_PINGS {
            beat.pings.pop_front();
        }
        beat.pings.push_back((beat.next_ping, self.receipts.written, self.now.mono_ms));
        Transmit::Ping(beat.next_ping)
    }

    /// A heartbeat message of the user's own: written now or not at all.
    pub(super) fn beat_once(&mut self, task: &str) {
        self.heartbeat.beat = Some(task.into());
    }

    fn note_beat(&mut self) {
        let beats = &mut self.heartbeat.beats;
        let is_full = beats.len() == MAX_PINGS;
        match beats.back_mut() {
            // Its answer then proves less than it could, and those after it no more than they should.
            Some(last) if is_full => last.unanswered += 1,
            _ => beats.push_back(Beats { written: self.receipts.written, unanswered: 1 }),
        }
    }

    fn schedule_beat(&mut self) {
        let interval = self.config.heartbeat_interval;
        self.heartbeat.due = (interval > 0).then(|| self.now.mono_ms + phase(interval, &mut self.rng));
    }

    fn send_beat(&mut self) {
        if self.has_open_work() {
            self.heartbeat.beat = Some(self.current_task().unwrap_or_default().into());
        }
        self.heartbeat.ping |= self.platform.pings;
    }

    /// Asks for a sign of life now and gives the server `PROBE_MS` for it.
    fn probe(&mut self) {
        if self.platform.pings {
            self.heartbeat.ping = true;
        } else {
            self.heartbeat.beat = Some(self.current_task().unwrap_or_default().into());
        }
        self.heartbeat.deadline = None;
        self.expect_life(PROBE_MS);
    }

    fn expect_life(&mut self, within: u64) {
        let can_tell = self.platform.pings || (self.heartbeat.answers && self.heartbeat.beat.is_some());
        if can_tell && !self.heartbeat.paused && self.heartbeat.deadline.is_none() {
            self.heartbeat.deadline = Some(self.now.mono_ms + within);
        }
    }

    fn heartbeat_missed(&mut self) {
        let generation = self.link.generation;
        self.output(Output::Drop { generation });
        let text = "the server gave no sign of life in time; the link is dropped".to_owned();
        self.link_broke(Cause::new(ErrorKind::HeartbeatTimeout, text, Disposition::Retry));
    }
}

/// One interval, up to a tenth shorter or longer, so that many clients do not beat together.
fn phase(interval: u64, rng: &mut Rng) -> u64 {
    let tenth = interval / 10;
    interval - tenth + rng.up_to(2 * tenth)
}
