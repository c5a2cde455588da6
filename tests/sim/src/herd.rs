//! Many clients lose one server at the same moment: how they come back.

use std::collections::BTreeSet;

use steadywire::session::{Failure, Input, Now, Output, Platform, Session};
use steadywire::{Config, ErrorKind};

/// How long the links had been up. Longer than any `stableAfter`.
const UP_MS: u64 = 120_000;

/// The span in which as few as possible should return.
const WINDOW_MS: u64 = 100;

/// Nobody is waited for longer than this after the server is back.
const PATIENCE_MS: u64 = 600_000;

/// How a herd came back after an outage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Herd {
    /// How many lost the server.
    pub clients: usize,
    /// How long it was gone, in milliseconds.
    pub outage: u64,
    /// When each was back, in milliseconds after the server was, sorted.
    pub back: Vec<u64>,
    /// How many stopped for good.
    pub given_up: usize,
}

impl Herd {
    /// The most that returned within 100 ms, wherever that span begins, in thousandths of all.
    pub fn worst_window(&self) -> usize {
        let within = |first: usize| self.back.partition_point(|at| *at < self.back[first] + WINDOW_MS) - first;
        let most = (0..self.back.len()).map(within).max().unwrap_or(0);
        (most * 1000).div_ceil(self.clients)
    }

    /// When so many hundredths were back.
    pub fn back_after(&self, hundredths: usize) -> Option<u64> {
        let count = (self.clients * hundredths).div_ceil(100);
        self.back.get(count.checked_sub(1)?).copied()
    }
}

/// Lets `clients` with default options lose the server for `outage` milliseconds. Every attempt meanwhile is refused
/// at once. Without `jitter` every draw is the middle one.
pub fn lose_server(clients: usize, outage: u64, jitter: bool) -> Herd {
    let mut herd: Vec<Client> = (0..clients).map(|number| Client::new(number, jitter)).collect();
    let mut due = BTreeSet::new();
    for (number, client) in herd.iter_mut().enumerate() {
        client.input(0, Input::Connect { ticket: 0, task: Some("task") });
        client.opens(0);
        client.live_until(UP_MS);
        client.closed(UP_MS);
        due.extend(client.deadline().map(|at| (at, number)));
    }
    let up_again = UP_MS + outage;
    let (mut back, mut given_up) = (Vec::new(), 0);
    while let Some((at, number)) = due.pop_first().filter(|(at, _)| *at <= up_again + PATIENCE_MS) {
        let client = &mut herd[number];
        client.input(at, Input::Timeout);
        if client.dialled && at >= up_again {
            back.push(at - up_again);
            continue;
        }
        if client.dialled {
            client.refused(at);
        }
        match client.deadline() {
            Some(next) => drop(due.insert((next, number))),
            None => given_up += 1,
        }
    }
    back.sort_unstable();
    Herd { clients, outage, back, given_up }
}

/// A session that only dials.
struct Client {
    session: Session,
    /// It wants a transport that it does not have.
    dialled: bool,
}

impl Client {
    fn new(number: usize, jitter: bool) -> Self {
        let seed = u32::try_from(number).expect("a herd is not that large");
        // Heartbeats would keep these links up with a server that answers; here nobody is there to answer them.
        let config = Config::new("ws://localhost/ws").heartbeat_interval(0).stall_timeout(0);
        let session = Session::on(Platform::default(), config, seed, [0; 12]).expect("the options are valid");
        let session = if jitter { session } else { session.with_random(&[1 << 31]) };
        Self { session, dialled: false }
    }

    fn input(&mut self, at: u64, input: Input<'_>) {
        let now = Now { mono_ms: at, wall_ms: 1_732_000_000_000 + i64::try_from(at).expect("a herd's life is short") };
        self.session.handle_input(now, input).expect("nothing here is misuse");
        while let Some(output) = self.session.poll_output() {
            self.dialled |= matches!(output, Output::Dial { .. });
        }
        self.session.batch().clear();
        while self.session.poll_transmit(now).is_some() {}
    }

    fn opens(&mut self, at: u64) {
        self.dialled = false;
        let generation = self.session.generation();
        self.input(at, Input::Opened { generation });
        self.input(at, Input::Ping { generation });
    }

    fn live_until(&mut self, end: u64) {
        while let Some(at) = self.deadline().filter(|at| *at < end) {
            self.input(at, Input::Timeout);
        }
    }

    fn closed(&mut self, at: u64) {
        let generation = self.session.generation();
        self.input(at, Input::Closed { generation, code: Some(1006), reason: "" });
    }

    fn refused(&mut self, at: u64) {
        self.dialled = false;
        let generation = self.session.generation();
        let failure = Failure {
            kind: ErrorKind::ConnectFailed,
            message: "connection refused",
            http_status: None,
            retry_after_ms: None,
            fatal: false,
        };
        self.input(at, Input::DialFailed { generation, failure });
    }

    fn deadline(&self) -> Option<u64> {
        self.session.next_deadline()
    }
}
