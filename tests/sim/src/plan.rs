//! What a seed decides before anything happens: the server, the faults, the clients and their options.

use serde_json::{Map, Value, json};
use steadywire::Config;
use steadywire::protocol::Features;
use steadywire::session::Platform;

use crate::chaos::Chaos;
use crate::rng::Rng;

/// A run before it begins.
#[derive(Debug)]
pub struct Plan {
    /// What it is drawn from.
    pub seed: u64,
    /// The server.
    pub server: ServerPlan,
    /// The clients.
    pub seats: Vec<SeatPlan>,
    /// The tasks everybody speaks of.
    pub tasks: Vec<String>,
    /// When everything that goes wrong ends.
    pub calm_at: u64,
    /// How long a message travels when nothing is wrong, at most.
    pub latency: u64,
    /// Time between two messages of a worker beside ours, about.
    pub pace: u64,
}

/// What a new follower without a cursor is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// The history that is kept.
    All,
    /// The latest progress and the outcome.
    Latest,
    /// Nothing: who comes late has missed it.
    Nothing,
}

/// How the server behaves when nothing is wrong.
#[derive(Clone, Debug)]
pub struct ServerPlan {
    /// What it says it can do; nothing of it makes it a baseline server, which does not greet.
    pub features: Features,
    /// What it sends on `subscribe`.
    pub replay: Replay,
    /// How many messages of a task it keeps.
    pub keeps: usize,
    /// Unread messages above which progress is conflated.
    pub conflates_above: usize,
    /// Unread messages above which log lines are left out.
    pub leaves_out_above: usize,
    /// Whether it answers heartbeats.
    pub answers: bool,
    /// How often it sends heartbeats of its own.
    pub beats_every: Option<u64>,
    /// How long a task outlives its last publisher, if the server watches over that.
    pub lease: Option<u64>,
    /// How many messages may be on their way to one client.
    pub window: usize,
}

/// What a client is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Follows a task or two.
    Follower,
    /// Follows many, with many leases.
    FanIn,
    /// Reports tasks of its own.
    Worker,
    /// Does everything.
    Mixed,
}

/// One client.
#[derive(Clone, Debug)]
pub struct SeatPlan {
    /// What it is there for.
    pub role: Role,
    /// Its options, by name.
    pub options: Map<String, Value>,
    /// What its driver can do.
    pub platform: Platform,
    /// Time between two things its user does, about.
    pub pace: u64,
    /// How many frames its transport takes before they have arrived.
    pub room: Option<u64>,
    /// Whether the monotonic clock goes on while the machine sleeps.
    pub counts_sleep: bool,
    /// Whether frames that come together are all read before anything is written.
    pub bursts: bool,
    /// Whether the user sometimes disconnects, closes, gives up and begins anew.
    pub restless: bool,
}

impl Plan {
    /// The plan of a seed, and the chance that goes on from there.
    pub fn draw(seed: u64) -> (Plan, Chaos) {
        let mut rng = Rng::new(seed);
        let fatal = rng.chance(2000);
        let refusing = rng.chance(3000);
        let server = server(&mut rng);
        let tasks: Vec<String> = (1..=rng.between(1, 6)).map(|n| format!("task-{n}")).collect();
        let count = rng.pick(&[1, 1, 2, 2, 3, 4, 5]);
        let seats = (0..count).map(|_| seat(&mut rng)).collect();
        let plan = Plan {
            seed,
            server,
            seats,
            tasks,
            calm_at: rng.between(20_000, 160_000),
            latency: rng.pick(&[0, 2, 20, 80]),
            pace: rng.pick(&[150, 500, 1000, 3000]),
        };
        let chaos = Chaos::new(rng, fatal, refusing);
        (plan, chaos)
    }
}

impl SeatPlan {
    /// The options as a configuration, with these cursors to begin with.
    ///
    /// # Panics
    /// If the plan drew a value that an option cannot take.
    pub fn config(&self, cursors: &[(String, String, u64)]) -> (Config, Map<String, Value>) {
        let mut options = self.options.clone();
        if !cursors.is_empty() {
            let cursor =
                |(task, epoch, seq): &(String, String, u64)| (task.clone(), json!({ "epoch": epoch, "seq": seq }));
            let cursors: Map<String, Value> = cursors.iter().map(cursor).collect();
            options.insert("cursors".into(), cursors.into());
        }
        let mut config = Config::new("ws://localhost:8080/ws");
        for (name, value) in &options {
            config.set(name, value).expect("the plan draws what options take");
        }
        config.validate().expect("the plan draws what options take");
        (config, options)
    }
}

fn server(rng: &mut Rng) -> ServerPlan {
    let bits = match rng.below(10) {
        0..=3 => 63,
        4..=5 => 0,
        _ => rng.below(64),
    };
    let has = |bit: u64| bits & (1 << bit) != 0;
    let features =
        Features { resume: has(0), ack: has(1), batch: has(2), query: has(3), heartbeat: has(4), publish: has(5) };
    let replay = match rng.below(4) {
        _ if features.resume => Replay::All,
        0 => Replay::All,
        1 | 2 => Replay::Latest,
        _ => Replay::Nothing,
    };
    ServerPlan {
        features,
        replay,
        keeps: rng.pick(&[5, 20, 1000, 1000]),
        conflates_above: rng.pick(&[2, 8, 256]),
        leaves_out_above: rng.pick(&[6, 30, 1000]),
        answers: features.heartbeat || rng.chance(5000),
        beats_every: rng.chance(5000).then(|| rng.pick(&[1000, 5000, 25_000])),
        lease: rng.chance(7000).then(|| rng.pick(&[500, 5000, 60_000])),
        window: rng.pick(&[1, 4, 64]),
    }
}

fn seat(rng: &mut Rng) -> SeatPlan {
    let browser = rng.chance(2500);
    let role = rng.pick(&[Role::Follower, Role::FanIn, Role::Worker, Role::Mixed, Role::Mixed]);
    SeatPlan {
        role,
        options: if rng.chance(3000) { Map::new() } else { options(rng) },
        platform: Platform { pings: !browser, credentials: rng.chance(3000), classify: rng.chance(3000) },
        pace: rng.pick(&[300, 1500, 6000]),
        room: rng.chance(3000).then(|| rng.between(1, 8)),
        counts_sleep: rng.chance(5000),
        bursts: rng.chance(5000),
        restless: rng.chance(6000),
    }
}

/// Options at random. What would leave no time for the network at its best is not drawn.
fn options(rng: &mut Rng) -> Map<String, Value> {
    let choices: [(&str, Vec<Value>); 22] = [
        ("reconnectInterval", vec![json!(0), json!(10), json!(200), json!(1000)]),
        ("reconnectBackoffMultiplier", vec![json!(1), json!(1.5), json!(2.0), json!(10)]),
        ("maxReconnectBackoff", vec![json!(0), json!(500), json!(5000), json!(30_000)]),
        ("maxConnectAttempts", vec![json!(1), json!(3), json!(null), json!(null)]),
        ("maxReconnectAttempts", vec![json!(0), json!(2), json!(20), json!(null), json!(null), json!(null)]),
        ("stableAfter", vec![json!(0), json!(100), json!(2000), json!(5000)]),
        ("connectTimeout", vec![json!(1500), json!(3000), json!(10_000)]),
        ("heartbeatInterval", vec![json!(0), json!(500), json!(2000), json!(10_000), json!(30_000)]),
        ("heartbeatTimeout", vec![json!(500), json!(2000), json!(10_000)]),
        ("maxQueuedMessages", vec![json!(1), json!(3), json!(16), json!(1000)]),
        ("maxQueuedBytes", vec![json!(600), json!(2000), json!(1_048_576)]),
        ("overflow", vec![json!("reject"), json!("dropOldest"), json!("dropNewest")]),
        ("maxPendingEvents", vec![json!(4), json!(16), json!(200)]),
        ("maxPendingBytes", vec![json!(2000), json!(20_000), json!(16_777_216)]),
        ("conflate", vec![json!("lag"), json!("never")]),
        ("stallTimeout", vec![json!(0), json!(400), json!(3000), json!(15_000), json!(60_000)]),
        ("terminalStatus", vec![json!({ "stopped": "complete", "crashed": "error", "done": null })]),
        ("dispositions", vec![json!({ "4000": "slow", "502": "protocol", "1012": "retry" })]),
        ("seed", vec![json!(0), json!(1), json!(u32::MAX)]),
        ("maxMessageSize", vec![json!(65_536)]),
        ("token", vec![json!("secret")]),
        ("headers", vec![json!({ "X-A": "b" })]),
    ];
    let mut options = Map::new();
    for (name, values) in choices {
        if rng.chance(4000) {
            options.insert(name.into(), rng.pick(&values));
        }
    }
    options
}
