//! Connections: how they come about, what travels on them, and how they end.

use std::collections::VecDeque;

use steadywire::ErrorKind;
use steadywire::protocol::{self, Body, Control};

use super::driver::{Fail, Report};
use super::{Event, World};
use crate::LinkId;
use crate::chaos::Fault;
use crate::wire::{Link, Packet, Way};

/// What an attempt takes at least, so that a client without any delay does not dial for ever in no time.
const LEAST_DIAL_MS: u64 = 10;

/// How an attempt ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dialed {
    /// It reaches the server, if that is up.
    Reaches,
    /// It fails before.
    Fails(Fail),
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doom {
    /// Nothing gets through any more, and both sides notice.
    Cut,
    /// Nothing gets through any more, and the client is not told.
    HalfOpen,
    /// Nothing gets through to the server any more.
    MuteClient,
    /// The server closes.
    Close(Option<u16>, &'static str),
    /// The client's transport finds a violation.
    Violation(ErrorKind),
}

impl World {
    pub(super) fn dial(&mut self, seat: usize, generation: u32) {
        self.seats[seat].dialing = Some(generation);
        let browser = !self.seats[seat].plan.platform.pings;
        if self.chaos.strikes(Fault::Blackhole) {
            return;
        }
        let unreachable = !self.seats[seat].online;
        let outcome = if unreachable { Dialed::Fails(Fail::new(ErrorKind::ConnectFailed)) } else { self.fate(browser) };
        let at = self.now + LEAST_DIAL_MS + self.delay() + self.delay();
        let serial = self.life(seat).serial;
        self.at(at, Event::Dialed { seat, serial, generation, outcome });
    }

    pub(super) fn dialed(&mut self, seat: usize, serial: u32, generation: u32, outcome: Dialed) {
        let place = &self.seats[seat];
        let current = place.life.as_ref().is_some_and(|life| life.serial == serial);
        if !current || place.dialing != Some(generation) {
            return;
        }
        let report = match outcome {
            Dialed::Fails(failure) => Report::Failed { generation, failure },
            Dialed::Reaches if !self.server.is_up => {
                Report::Failed { generation, failure: Fail::new(ErrorKind::ConnectFailed) }
            }
            Dialed::Reaches => {
                let link = self.links.len();
                self.links.push(Link {
                    seat,
                    serial,
                    generation,
                    up: Way::default(),
                    down: Way::default(),
                    client: true,
                    arrived: VecDeque::new(),
                    repeats: false,
                    again: VecDeque::new(),
                });
                self.log.line(|| format!("{:>8} link {link} of session {serial}, generation {generation}", self.now));
                self.server.accept(self.now, link);
                self.draw_doom(link);
                self.flush_server();
                Report::Opened { generation, link }
            }
        };
        self.seats[seat].reports.push(report);
        let now = self.now;
        self.wake(seat, now);
    }

    /// How long a packet travels.
    pub(super) fn delay(&mut self) -> u64 {
        let latency = self.plan.latency;
        let spike = if self.chaos.strikes(Fault::Spike) { self.chaos.rng.around(2500) } else { 0 };
        self.chaos.rng.between(latency / 2, latency) + spike
    }

    /// A client's packet goes on its way.
    pub(super) fn send_up(&mut self, link: LinkId, packet: &Packet) {
        let delay = self.delay();
        let twice = matches!(packet, Packet::Text(_)) && self.chaos.strikes(Fault::DuplicateUp);
        // One that arrives twice is answered twice.
        self.links[link].repeats |= twice && matches!(packet, Packet::Text(text) if text.contains("\"heartbeat\""));
        for _ in 0..=usize::from(twice) {
            let at = self.links[link].up.send(self.now, delay, packet.clone());
            self.at(at, Event::Arrive { link, up: true });
        }
    }

    pub(super) fn arrives_up(&mut self, link: LinkId) {
        let packet = self.links[link].up.arrive(self.now);
        let seat = self.links[link].seat;
        if self.seats[seat].starved && self.seats[seat].link == Some(link) {
            let now = self.now;
            self.wake(seat, now);
        }
        let Some(packet) = packet.filter(|_| self.server.has(link)) else { return };
        match packet {
            Packet::Text(text) => {
                self.log.line(|| format!("{:>8} link {link} <- {text}", self.now));
                self.server.hear(self.now, link, &text, &mut self.chaos);
            }
            Packet::Ping(number) => {
                self.server.is_alive(self.now, link);
                self.send_down(link, Packet::Pong(number));
            }
            Packet::Close(..) => {
                self.server.gone(self.now, link);
                self.send_down(link, Packet::Close(Some(1000), String::new()));
            }
            Packet::End => self.server.gone(self.now, link),
            _ => self.server.is_alive(self.now, link),
        }
        self.flush_server();
    }

    pub(super) fn arrives_down(&mut self, link: LinkId) {
        let now = self.now;
        let arrived = self.links[link].down.arrive(now);
        if let Some(packet) = arrived.filter(|_| self.links[link].client) {
            self.links[link].arrived.push_back(packet);
            let seat = self.links[link].seat;
            self.wake(seat, now);
        }
        self.pump(link);
    }

    /// Sends what the server has to say, and as much of the histories as each connection takes.
    pub(super) fn flush_server(&mut self) {
        for (link, packet) in self.server.sent() {
            self.send_down(link, packet);
        }
        for link in 0..self.links.len() {
            if self.server.has(link) {
                self.pump(link);
            }
        }
    }

    /// Sends this connection what it follows, as far as it takes it.
    pub(super) fn pump(&mut self, link: LinkId) {
        let window = self.plan.server.window;
        while self.links[link].down.on_the_way.len() + self.links[link].arrived.len() < window
            && let Some(text) = self.server.next_for(link)
        {
            self.send_down(link, Packet::Text(text));
        }
    }

    /// The server's packet goes on its way, and something may happen to it.
    fn send_down(&mut self, link: LinkId, packet: Packet) {
        let Packet::Text(text) = packet else { return self.put_down(link, packet) };
        if self.chaos.strikes(Fault::Garbage) {
            let garbage = self.chaos.rng.pick(&["", "null", "[]", "{\"type\":7}", "\u{1F980}", "{\"type\":\"log\"}"]);
            self.put_down(link, Packet::Text(garbage.into()));
        }
        if self.chaos.strikes(Fault::Binary) {
            self.put_down(link, Packet::Binary("binary".into()));
        }
        if self.chaos.strikes(Fault::Stray) {
            let stray = self.stray();
            self.put_down(link, Packet::Text(stray));
        }
        if self.chaos.strikes(Fault::Truncate) {
            let keeps = self.chaos.rng.below(text.len() as u64);
            let end = (0..=usize::try_from(keeps).expect("a text fits into memory")).rev();
            let end = end.into_iter().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
            self.spoil(link, &text);
            return self.put_down(link, Packet::Text(text[..end].to_owned()));
        }
        let is_answer = text.contains("\"received\":true");
        let is_message =
            !text.contains("\"action\":") && (text.contains("\"seq\":") || text.starts_with("{\"type\":\"log\""));
        if self.chaos.strikes(Fault::Duplicate) {
            self.links[link].repeats |= is_answer;
            self.put_down(link, Packet::Text(text.clone()));
        }
        if is_message && self.chaos.strikes(Fault::LateDuplicate) {
            self.links[link].again.push_back(text.clone());
        }
        self.put_down(link, Packet::Text(text));
        if self.chaos.rng.chance(1000)
            && let Some(again) = self.links[link].again.pop_front()
        {
            self.put_down(link, Packet::Again(again));
        }
        if self.chaos.strikes(Fault::HelloAgain) {
            self.server.greet(link);
        }
    }

    fn put_down(&mut self, link: LinkId, packet: Packet) {
        let delay = self.delay();
        let at = self.links[link].down.send(self.now, delay, packet);
        self.at(at, Event::Arrive { link, up: false });
    }

    /// What was said on this connection is not what arrives.
    fn spoil(&mut self, link: LinkId, text: &str) {
        let Ok(frame) = protocol::parse(text) else { return };
        let spoilt = self.spoilt.entry(link).or_default();
        match &frame.body {
            Body::Control(Control::Hello { .. }) => spoilt.greeting = true,
            Body::Control(Control::Ack { .. }) | Body::Error { refused_id: Some(_), .. } => spoilt.answer = true,
            _ => drop(spoilt.tasks.insert(frame.task_id.into_owned())),
        }
    }

    /// A message that nobody asked for.
    fn stray(&mut self) -> String {
        let number = self.chaos.rng.below(1 << 40);
        let kinds = [
            format!("{{\"type\":\"log\",\"taskId\":\"stray\",\"data\":{{\"message\":\"m{number}\"}}}}"),
            format!("{{\"type\":\"chart\",\"taskId\":\"stray\",\"data\":{number}}}"),
            format!(
                "{{\"type\":\"status\",\"taskId\":\"stray\",\"data\":{{\"action\":\"ack\",\"id\":\"x{number}\"}}}}"
            ),
            "{\"type\":\"status\",\"taskId\":\"stray\",\"data\":{\"action\":\"state\",\"status\":\"complete\"}}".into(),
            "{\"type\":\"error\",\"data\":{\"error\":\"trouble of my own\"}}".into(),
            "{\"type\":\"heartbeat\",\"taskId\":\"stray\"}".into(),
            "{\"type\":\"status\",\"taskId\":\"stray\",\"data\":{\"action\":\"subscribe\"}}".into(),
        ];
        self.chaos.rng.pick(&kinds)
    }

    fn draw_doom(&mut self, link: LinkId) {
        let Some(doom) = self.a_doom() else { return };
        let at = self.now + self.chaos.rng.around(self.chaos.rng.clone().pick(&[200, 3000, 12_000]));
        self.at(at, Event::Doomed { link, doom });
    }

    fn a_doom(&mut self) -> Option<Doom> {
        let chaos = &mut self.chaos;
        Some(if chaos.strikes(Fault::Cut) {
            Doom::Cut
        } else if chaos.strikes(Fault::HalfOpen) {
            Doom::HalfOpen
        } else if chaos.strikes(Fault::MuteClient) {
            Doom::MuteClient
        } else if chaos.strikes(Fault::CloseCode) {
            let code = chaos.rng.pick(&[
                Some(1000),
                Some(1001),
                None,
                Some(1011),
                Some(1012),
                Some(1013),
                Some(4000),
                Some(4429),
            ]);
            Doom::Close(code, chaos.rng.pick(&["", "bye"]))
        } else if chaos.strikes(Fault::CloseReason) {
            let reasons = [
                "{\"reconnect\":true}",
                "{\"reconnect\":true,\"retryAfterMs\":1500}",
                "{\"retryAfterMs\":0}",
                "{\"retryAfterMs\":40000,\"why\":\"busy\"}",
            ];
            Doom::Close(chaos.rng.pick(&[Some(1000), Some(1008), Some(1012), Some(4500)]), chaos.rng.pick(&reasons))
                .without_fatal()
        } else if chaos.strikes(Fault::Violation) {
            Doom::Violation(chaos.rng.pick(&[ErrorKind::ProtocolViolation, ErrorKind::MessageTooLarge]))
        } else if chaos.strikes(Fault::CloseReauth) {
            Doom::Close(
                chaos.rng.pick(&[Some(1008), Some(4401), Some(3000)]),
                chaos.rng.pick(&["", "{\"reauth\":true}"]),
            )
        } else if chaos.strikes(Fault::CloseFatal) {
            Doom::Close(
                chaos.rng.pick(&[Some(4404), Some(1009), Some(3500)]),
                chaos.rng.pick(&["", "{\"reconnect\":false}"]),
            )
        } else {
            return None;
        })
    }

    pub(super) fn doomed(&mut self, link: LinkId, doom: Doom) {
        let alive = self.links[link].client && self.server.has(link) && self.links[link].up.lost_from.is_none();
        if !alive || self.chaos.calm {
            return;
        }
        self.log.line(|| format!("{:>8} link {link}: {doom:?}", self.now));
        let now = self.now;
        match doom {
            Doom::Cut => {
                self.loses(link, true);
                let (client, server) = (self.chaos.rng.around(400), self.chaos.rng.around(2000));
                self.at(now + client, Event::Noticed { link, client: true });
                self.at(now + server, Event::Noticed { link, client: false });
            }
            Doom::HalfOpen => {
                self.loses(link, true);
                let server = self.chaos.rng.around(20_000);
                self.at(now + server, Event::Noticed { link, client: false });
            }
            Doom::MuteClient => {
                self.loses(link, false);
                let server = self.chaos.rng.around(15_000);
                self.at(now + server, Event::Noticed { link, client: false });
            }
            Doom::Close(code, reason) => {
                self.server.gone(now, link);
                self.put_down(link, Packet::Close(code, reason.into()));
            }
            Doom::Violation(kind) => {
                self.loses(link, true);
                self.links[link].arrived.push_back(Packet::Broken(kind));
                let seat = self.links[link].seat;
                self.wake(seat, now);
                self.at(now + 100, Event::Noticed { link, client: false });
            }
        }
    }

    /// From now on nothing arrives any more: at the server, or at either side.
    pub(super) fn loses(&mut self, link: LinkId, both: bool) {
        let now = self.now;
        let held = &mut self.links[link];
        held.up.lost_from.get_or_insert(now);
        if both {
            held.down.lost_from.get_or_insert(now);
        }
    }

    /// A side notices that the connection is gone.
    pub(super) fn noticed(&mut self, link: LinkId, client: bool) {
        if client {
            if self.links[link].client {
                let broken = self.chaos.rng.chance(5000);
                let packet = if broken { Packet::Broken(ErrorKind::ConnectionLost) } else { Packet::End };
                self.links[link].arrived.push_back(packet);
                let seat = self.links[link].seat;
                let now = self.now;
                self.wake(seat, now);
            }
        } else if self.server.has(link) {
            self.server.gone(self.now, link);
            self.put_down(link, Packet::End);
        }
    }

    /// The client cuts its side. What it wrote before may still arrive, or not.
    pub(super) fn client_drops(&mut self, link: LinkId) {
        self.links[link].client = false;
        self.links[link].arrived.clear();
        if self.chaos.rng.chance(5000) {
            self.loses(link, true);
            let at = self.now + self.delay();
            self.at(at, Event::Noticed { link, client: false });
        } else {
            self.send_up(link, &Packet::End);
            // Where that is lost too the server finds out in its own time.
            let at = self.now + self.chaos.rng.between(5000, 40_000);
            self.at(at, Event::Noticed { link, client: false });
        }
    }

    /// How an attempt goes.
    fn fate(&mut self, browser: bool) -> Dialed {
        let chaos = &mut self.chaos;
        let http = |status, retry_after_ms| Fail {
            http_status: Some(status),
            retry_after_ms,
            ..Fail::new(ErrorKind::HandshakeFailed)
        };
        let failure = if chaos.strikes(Fault::Refused) {
            Fail::new(ErrorKind::ConnectFailed)
        } else if chaos.strikes(Fault::Dns) {
            Fail::new(ErrorKind::DnsFailed)
        } else if chaos.strikes(Fault::Tls) {
            Fail::new(ErrorKind::TlsFailed)
        } else if chaos.strikes(Fault::Proxy) {
            Fail::new(ErrorKind::ProxyFailed)
        } else if chaos.strikes(Fault::Unavailable) {
            let status = chaos.rng.pick(&[500, 502, 503, 408, 425]);
            http(status, chaos.rng.pick(&[None, None, Some(0), Some(2000), Some(400_000)]))
        } else if chaos.strikes(Fault::TooMany) {
            http(429, chaos.rng.pick(&[None, Some(1000), Some(30_000)]))
        } else if chaos.strikes(Fault::Unauthorized) {
            http(chaos.rng.pick(&[401, 403]), None)
        } else if chaos.strikes(Fault::FatalDial) {
            let tls = Fail { fatal: true, ..Fail::new(ErrorKind::TlsFailed) };
            chaos.rng.pick(&[http(404, None), http(501, None), tls])
        } else {
            return Dialed::Reaches;
        };
        // A browser's page is told nothing but that it failed.
        Dialed::Fails(if browser { Fail::new(ErrorKind::ConnectFailed) } else { failure })
    }
}

impl Doom {
    /// A JSON reason that says nothing of reconnecting leaves it to the code, which must not be a fatal one then.
    fn without_fatal(self) -> Self {
        match self {
            Self::Close(Some(1008 | 4500), reason) if !reason.contains("\"reconnect\":true") => {
                Self::Close(Some(1012), reason)
            }
            other => other,
        }
    }
}

impl Fail {
    pub(super) fn new(kind: ErrorKind) -> Self {
        Self { kind, http_status: None, retry_after_ms: None, fatal: false }
    }
}
