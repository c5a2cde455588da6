//! One run: everything that happens, in the order of a virtual clock.
//!
//! - `network`: connections and what happens to them
//! - `driver`: what stands between a session and its connection
//! - `providers`: who has credentials, and who knows what an end means
//! - `users`: what people do with a client
//! - `weather`: what happens to machines, to the server and its workers
//! - `calm`: when nothing goes wrong any more, everything must come right

mod calm;
mod driver;
mod network;
mod providers;
mod users;
mod weather;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use steadywire::session::Disposition;

use crate::LinkId;
use crate::chaos::{Chaos, Coverage};
use crate::life::{Life, Recording};
use crate::log::Log;
use crate::plan::{Plan, SeatPlan};
use crate::server::Server;
use crate::subject::Sabotage;
use crate::wire::Link;
use driver::Report;
use network::Doom;
use users::Job;
use weather::Worker;

/// No run takes more steps than this: one that does goes round in circles.
const MOST_EVENTS: u64 = 2_000_000;

/// One run.
pub struct World {
    plan: Plan,
    chaos: Chaos,
    now: u64,
    queue: BTreeMap<(u64, u64), Event>,
    order: u64,
    server: Server,
    links: Vec<Link>,
    seats: Vec<Seat>,
    workers: Vec<Worker>,
    /// What was cut short on each connection: the server does not say it again by itself.
    spoilt: BTreeMap<LinkId, Spoilt>,
    log: Log,
    watch: Watch,
    last_serial: u32,
    steps: u64,
    traces: Vec<Value>,
    converged_after: Option<u64>,
}

/// What a run is looked at for.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// What is wrong with the sessions.
    pub sabotage: Option<Sabotage>,
    /// Traces are kept.
    pub traces: bool,
    /// Where the last steps go.
    pub log: Log,
}

/// What a run was like.
#[derive(Debug, Default)]
pub struct Summary {
    /// What happened, and how often.
    pub coverage: Coverage,
    /// How many inputs the sessions got.
    pub steps: u64,
    /// How long it took, once nothing went wrong any more, until everything was right, in virtual milliseconds.
    pub converged_after: u64,
    /// The lives of all sessions.
    pub traces: Vec<Value>,
}

/// What was cut short on a connection.
#[derive(Debug, Default)]
struct Spoilt {
    greeting: bool,
    /// An acknowledgement, or the refusal of a message.
    answer: bool,
    /// Messages of these tasks.
    tasks: BTreeSet<String>,
}

/// A place where one client after the other lives.
struct Seat {
    plan: SeatPlan,
    life: Option<Life>,
    clock: Clock,
    /// The connection that is up, for the driver.
    link: Option<LinkId>,
    /// The one in its close handshake.
    closing: Option<LinkId>,
    dialing: Option<u32>,
    /// What the driver has to report.
    reports: Vec<Report>,
    run_at: Option<u64>,
    stuck_until: u64,
    asleep_until: u64,
    slept: u64,
    paused: bool,
    starved: bool,
    online: bool,
    visible: bool,
    jobs: Vec<Job>,
    /// Cursors for the next session here.
    exported: Vec<(String, String, u64)>,
}

/// The clocks of a machine.
#[derive(Clone, Copy, Debug)]
struct Clock {
    /// Where the monotonic clock was when the run began.
    start: u64,
    /// What it did not count.
    lost: u64,
    wall: i64,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A packet arrives.
    Arrive { link: LinkId, up: bool },
    /// The driver's turn.
    Run { seat: usize },
    /// The user's turn.
    User { seat: usize },
    /// The consumer's turn.
    Consume { seat: usize },
    /// An attempt comes to its end.
    Dialed { seat: usize, serial: u32, generation: u32, outcome: network::Dialed },
    /// A provider answers.
    Credentials { seat: usize, serial: u32, generation: u32, given: Result<(), bool> },
    /// A classifier answers.
    Classified { seat: usize, serial: u32, generation: u32, disposition: Option<Disposition> },
    /// Something happens to a connection.
    Doomed { link: LinkId, doom: Doom },
    /// A side notices that a connection has ended.
    Noticed { link: LinkId, client: bool },
    /// What may happen to a machine.
    Weather { seat: usize },
    /// The network or the page is back.
    Back { seat: usize, online: bool },
    /// The server looks around.
    Tick,
    /// The server is started again.
    ServerUp,
    /// A worker's turn.
    Work { worker: usize },
    /// Nothing goes wrong any more.
    Calm,
    /// Is everything right?
    Look,
    /// Everybody leaves.
    Leave,
    /// Is everybody gone?
    Gone,
}

impl World {
    /// The run of a seed.
    pub fn new(seed: u64, watch: Watch) -> Self {
        let (plan, mut chaos) = Plan::draw(seed);
        let seats = plan.seats.iter().map(|seat| Seat::new(seat, &mut chaos)).collect();
        Self {
            server: Server::new(plan.server.clone()),
            chaos,
            now: 0,
            queue: BTreeMap::new(),
            order: 0,
            links: Vec::new(),
            seats,
            workers: Vec::new(),
            spoilt: BTreeMap::new(),
            log: watch.log.clone(),
            watch,
            last_serial: 0,
            steps: 0,
            traces: Vec::new(),
            converged_after: None,
            plan,
        }
    }

    /// Plays the run to its end.
    ///
    /// # Panics
    /// If anything is wrong.
    pub fn run(mut self) -> Summary {
        self.log.line(|| format!("seed {}: {:?}", self.plan.seed, self.plan));
        self.begin();
        let mut events = 0;
        while let Some(((at, _), event)) = self.queue.pop_first() {
            self.now = at;
            events += 1;
            assert!(events < MOST_EVENTS, "the run goes round in circles");
            self.happens(event);
        }
        for _ in 0..self.server.ledger.fenced {
            self.chaos.coverage.note("path older link fenced");
        }
        let converged_after = self.converged_after.expect("the run looked");
        Summary { coverage: self.chaos.coverage, steps: self.steps, converged_after, traces: self.traces }
    }

    fn begin(&mut self) {
        for seat in 0..self.seats.len() {
            self.new_life(seat);
            let first = self.chaos.rng.below(2000);
            self.at(first, Event::User { seat });
            self.at(500, Event::Weather { seat });
        }
        let workers = self.chaos.rng.below(self.plan.tasks.len() as u64 + 1);
        for worker in 0..workers {
            let task = self.chaos.rng.pick(&self.plan.tasks);
            self.hire(task, worker * 100);
        }
        self.at(100, Event::Tick);
        let calm_at = self.plan.calm_at;
        self.at(calm_at, Event::Calm);
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Arrive { link, up: true } => self.arrives_up(link),
            Event::Arrive { link, up: false } => self.arrives_down(link),
            Event::Run { seat } => self.run_driver(seat),
            Event::User { seat } => self.user_acts(seat),
            Event::Consume { seat } => self.consume(seat),
            Event::Dialed { seat, serial, generation, outcome } => self.dialed(seat, serial, generation, outcome),
            Event::Credentials { seat, serial, generation, given } => {
                self.credentials_given(seat, serial, generation, given);
            }
            Event::Classified { seat, serial, generation, disposition } => {
                self.classified(seat, serial, generation, disposition);
            }
            Event::Doomed { link, doom } => self.doomed(link, doom),
            Event::Noticed { link, client } => self.noticed(link, client),
            Event::Weather { seat } => self.weather(seat),
            Event::Back { seat, online } => self.back(seat, online),
            Event::Tick => self.tick(),
            Event::ServerUp => self.server_up(),
            Event::Work { worker } => self.work(worker),
            Event::Calm => self.calm(),
            Event::Look => self.look(),
            Event::Leave => self.leave(),
            Event::Gone => self.all_gone(),
        }
    }

    /// Something will happen.
    fn at(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.queue.insert((at.max(self.now), self.order), event);
    }

    /// The next session of a place begins.
    fn new_life(&mut self, seat: usize) {
        self.last_serial += 1;
        let serial = self.last_serial;
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.plan.seed.to_be_bytes());
        nonce[8..].copy_from_slice(&serial.to_be_bytes());
        let place = &mut self.seats[seat];
        let cursors = std::mem::take(&mut place.exported);
        let recording = match (self.watch.traces, self.log.is_on()) {
            (true, _) => Recording::All,
            (false, true) => Recording::Step,
            (false, false) => Recording::Off,
        };
        let seed = u32::try_from(self.chaos.rng.below(1 << 32)).expect("it is below 2^32");
        let birth = crate::life::Birth {
            serial,
            run: self.plan.seed,
            seed,
            nonce,
            cursors: &cursors,
            sabotage: self.watch.sabotage,
            recording,
        };
        place.life = Some(Life::begin(&place.plan, birth));
        place.paused = false;
        place.starved = false;
        if !place.online || !place.visible {
            let (online, visible) = (place.online, place.visible);
            self.input(seat, steadywire::session::Input::Online(online));
            self.input(seat, steadywire::session::Input::Visible(visible));
        }
    }

    fn life(&mut self, seat: usize) -> &mut Life {
        self.seats[seat].life.as_mut().expect("a place has a life until its end")
    }
}

impl Seat {
    fn new(plan: &SeatPlan, chaos: &mut Chaos) -> Self {
        let start = chaos.rng.pick(&[0, 1, 5000, 1 << 40]);
        let wall = crate::server::SERVER_START + chaos.rng.pick(&[0, -86_400_000, 3_600_000, -1_700_000_000_000]);
        Self {
            plan: plan.clone(),
            life: None,
            clock: Clock { start, lost: 0, wall },
            link: None,
            closing: None,
            dialing: None,
            reports: Vec::new(),
            run_at: None,
            stuck_until: 0,
            asleep_until: 0,
            slept: 0,
            paused: false,
            starved: false,
            online: true,
            visible: true,
            jobs: Vec::new(),
            exported: Vec::new(),
        }
    }
}
