//! What happens to machines, to the server, and to workers that are not ours.

use steadywire::session::Input;

use super::{Event, World};
use crate::chaos::Fault;
use crate::server::{Kind, Publisher};
use crate::wire::Packet;

/// Time between two looks at a machine.
const WEATHER_MS: u64 = 1000;

/// Time between two looks of the server.
const TICK_MS: u64 = 250;

/// Somebody who reports a task without our client.
#[derive(Debug)]
pub(super) struct Worker {
    task: String,
    /// How many messages come before the end.
    left: u64,
    count: u64,
    alive: bool,
}

impl World {
    /// A worker begins to report a task.
    pub(super) fn hire(&mut self, task: String, after: u64) {
        let left = self.chaos.rng.around(25);
        self.workers.push(Worker { task, left, count: 0, alive: true });
        let worker = self.workers.len() - 1;
        let at = self.now + after;
        self.at(at, Event::Work { worker });
    }

    pub(super) fn work(&mut self, worker: usize) {
        let hand = &mut self.workers[worker];
        if !hand.alive {
            return;
        }
        let next = self.now + 1 + self.chaos.rng.around(self.plan.pace);
        if !self.server.is_up {
            self.at(next, Event::Work { worker });
            return;
        }
        if self.chaos.strikes(Fault::WorkerDies) {
            hand.alive = false;
            self.server.leaves(Publisher::Worker(worker));
            let task = hand.task.clone();
            if self.chaos.rng.chance(5000) {
                self.hire(task, 5000);
            }
            return;
        }
        hand.count += 1;
        let mark = format!("@{worker}.{}", hand.count);
        let task = hand.task.clone();
        if hand.left == 0 {
            hand.alive = false;
            let (kind, data) = match self.chaos.rng.below(6) {
                0 | 1 => (Kind::End(true), format!("{{\"error\":\"{mark}\",\"code\":\"E1\"}}")),
                // Some say it in a status and leave it at that.
                2 => (Kind::Status, format!("{{\"status\":\"Completed\",\"by\":\"{mark}\"}}")),
                3 => (Kind::End(false), format!("\"{mark}\"")),
                _ => (Kind::End(false), format!("{{\"result\":\"{mark}\"}}")),
            };
            self.server.work(self.now, worker, &task, kind, &data);
            if matches!(kind, Kind::Status) {
                self.server.leaves(Publisher::Worker(worker));
            } else if self.chaos.strikes(Fault::RunAgain) {
                let pause = self.chaos.rng.around(3000);
                self.hire(task, pause);
            }
            return self.flush_server();
        }
        hand.left -= 1;
        let half = self.chaos.rng.below(201);
        let (kind, data) = match self.chaos.rng.below(20) {
            0..=11 => (
                Kind::Progress,
                format!("{{\"taskId\":\"{task}\",\"stage\":\"s\",\"progress\":{}.5,\"message\":\"{mark}\"}}", half / 2),
            ),
            12..=15 => {
                (Kind::Line, format!("{{\"level\":\"warning\",\"message\":\"{mark}\",\"metadata\":{{\"n\":{half}}}}}"))
            }
            16 => (Kind::Status, format!("{{\"status\":\"running\",\"by\":\"{mark}\"}}")),
            17 => (Kind::Status, format!("{{\"error\":\"{mark}\",\"fatal\":false}}")),
            18 => (Kind::Passing, format!("[\"{mark}\"]")),
            _ => (Kind::Line, format!("\"{mark} \\u00e9\"")),
        };
        self.server.work(self.now, worker, &task, kind, &data);
        self.at(next, Event::Work { worker });
        self.flush_server();
    }

    pub(super) fn tick(&mut self) {
        let now = self.now;
        let gone = self.server.tick(now);
        for link in gone {
            self.noticed(link, false);
        }
        self.flush_server();
        let leaves = self.seats.iter().all(|seat| seat.life.is_none());
        if leaves {
            return;
        }
        self.at(now + TICK_MS, Event::Tick);
        if self.server.is_up && now.is_multiple_of(1000) {
            if self.chaos.strikes(Fault::RestartKeeping) {
                self.restart(false);
            } else if self.chaos.strikes(Fault::RestartForgetting) {
                self.restart(true);
            }
        }
    }

    fn restart(&mut self, forgets: bool) {
        let now = self.now;
        let links: Vec<usize> = (0..self.links.len()).filter(|link| self.server.has(*link)).collect();
        self.log.line(|| format!("{now:>8} the server restarts, and forgets: {forgets}"));
        self.server.stop(now, forgets);
        // Some servers say goodbye, some crash, and some take the network with them.
        let manner = self.chaos.rng.below(4);
        for link in links {
            match manner {
                0 | 1 => {
                    let packet = if manner == 0 { Packet::Close(Some(1012), "restart".into()) } else { Packet::End };
                    let at = self.links[link].down.send(now, 1, packet);
                    self.at(at, Event::Arrive { link, up: false });
                }
                2 => {
                    self.loses(link, true);
                    let at = now + self.chaos.rng.around(500);
                    self.at(at, Event::Noticed { link, client: true });
                }
                _ => self.loses(link, true),
            }
        }
        let down = self.chaos.rng.around(self.chaos.rng.clone().pick(&[100, 3000, 15_000]));
        self.at(now + 1 + down, Event::ServerUp);
    }

    pub(super) fn server_up(&mut self) {
        self.server.is_up = true;
    }

    /// What may happen to the machine of a client.
    pub(super) fn weather(&mut self, seat: usize) {
        let now = self.now;
        if self.seats[seat].life.is_none() || self.chaos.calm {
            return;
        }
        self.at(now + WEATHER_MS, Event::Weather { seat });
        if self.seats[seat].asleep_until > now {
            return;
        }
        if self.chaos.strikes(Fault::WallJump) {
            let jumps = [-3_600_000, 3_600_000, -86_400_000 * 400, 86_400_000 * 400, -1500, 1500];
            self.seats[seat].clock.wall += self.chaos.rng.pick(&jumps);
        }
        let browser = !self.seats[seat].plan.platform.pings;
        if !browser && self.chaos.strikes(Fault::Suspend) {
            let slept = self.chaos.rng.between(3001, 90_000);
            let place = &mut self.seats[seat];
            place.asleep_until = now + slept;
            place.slept = slept;
            if !place.plan.counts_sleep {
                place.clock.lost += slept;
            }
            return self.wake(seat, now + slept);
        }
        if self.chaos.strikes(Fault::SlowConsumer) {
            let until = now + self.chaos.rng.around(8000);
            self.life(seat).consumer.slow_until = until;
            self.at(now, Event::Consume { seat });
        }
        if self.seats[seat].plan.room.is_some()
            && let Some(link) = self.seats[seat].link
            && self.chaos.strikes(Fault::WriteBlock)
        {
            let until = now + self.chaos.rng.around(6000);
            self.links[link].up.blocked_until = until;
        }
        if browser && self.seats[seat].online && self.chaos.strikes(Fault::Offline) {
            self.seats[seat].online = false;
            self.input(seat, Input::Online(false));
            let at = now + self.chaos.rng.around(6000);
            self.at(at, Event::Back { seat, online: true });
            if let Some(link) = self.seats[seat].link {
                self.loses(link, true);
                let noticed = now + self.chaos.rng.around(3000);
                self.at(noticed, Event::Noticed { link, client: true });
                self.at(noticed + 5000, Event::Noticed { link, client: false });
            }
        }
        if browser && self.seats[seat].visible && self.chaos.strikes(Fault::Hidden) {
            self.seats[seat].visible = false;
            self.input(seat, Input::Visible(false));
            let at = now + self.chaos.rng.around(10_000);
            self.at(at, Event::Back { seat, online: false });
        }
    }

    /// The network or the page is back.
    pub(super) fn back(&mut self, seat: usize, online: bool) {
        if self.seats[seat].life.is_none() {
            return;
        }
        if online && !self.seats[seat].online {
            self.seats[seat].online = true;
            self.input(seat, Input::Online(true));
        } else if !online && !self.seats[seat].visible {
            self.seats[seat].visible = true;
            self.input(seat, Input::Visible(true));
        }
    }
}

impl World {
    /// A worker comes to its end soon.
    pub(super) fn finishes(&mut self, worker: usize, pause: u64) {
        let hand = &mut self.workers[worker];
        hand.left = 0;
        let at = self.now + pause;
        self.at(at, Event::Work { worker });
    }
}
