//! What can go wrong, how often it does in this run, and what has happened so far.

use std::collections::BTreeMap;

use crate::rng::Rng;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $rate:literal),* $(,)?) => {
        /// Something that goes wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { $($(#[$doc])* $name),* }

        impl Fault {
            /// Every kind.
            pub const ALL: &'static [Fault] = &[$(Self::$name),*];

            /// The name it is counted under.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => concat!("fault ", stringify!($name))),* }
            }

            /// How often it happens in 10,000 chances where things are at their worst.
            fn worst(self) -> u32 {
                match self { $(Self::$name => $rate),* }
            }
        }
    };
}

faults! {
    // Of each message to a client
    /// A message comes twice, one right after the other.
    Duplicate = 400,
    /// A message comes again later on the same connection.
    LateDuplicate = 150,
    /// A message is cut short: what comes is no JSON.
    Truncate = 60,
    /// Something that is no message comes.
    Garbage = 80,
    /// A binary message comes.
    Binary = 40,
    /// A message nobody asked for comes: of another task, of an unknown type, an answer to nothing.
    Stray = 150,
    /// The server greets again.
    HelloAgain = 40,
    /// A message takes much longer than others, and all behind it.
    Spike = 150,
    // Of each message to the server
    /// The server gets a message twice.
    DuplicateUp = 150,
    // Of each attempt
    /// Nobody listens.
    Refused = 1500,
    /// The name has no address.
    Dns = 500,
    /// The TLS handshake fails.
    Tls = 400,
    /// The proxy fails.
    Proxy = 300,
    /// A gateway answers 500, 502 or 503, now and then with Retry-After.
    Unavailable = 900,
    /// 429, now and then with Retry-After.
    TooMany = 500,
    /// The attempt is never answered.
    Blackhole = 500,
    /// 401 or 403.
    Unauthorized = 600,
    /// A status after which trying again is of no use, or a bad certificate.
    FatalDial = 150,
    // Of each connection
    /// It breaks, and both sides notice in their own time.
    Cut = 4000,
    /// It breaks, and the client is never told.
    HalfOpen = 1800,
    /// Only what the client sends is lost, silently.
    MuteClient = 500,
    /// The server closes it with a code.
    CloseCode = 2000,
    /// The server closes it and says more in a JSON reason.
    CloseReason = 1000,
    /// The transport reports a violation of its protocol, or a message that is too large.
    Violation = 700,
    /// The server refuses the client's credentials by a close code.
    CloseReauth = 700,
    /// The server closes with a code after which trying again is of no use.
    CloseFatal = 150,
    // Of each request for credentials
    /// They cannot be had.
    NoCredentials = 1500,
    /// They cannot be had, ever.
    FatalCredentials = 150,
    /// They take long.
    LateCredentials = 1500,
    /// The provider never answers.
    MuteProvider = 500,
    /// It answers when nobody waits any more.
    TooLateCredentials = 500,
    /// It answers twice, and the second answer may be another.
    CredentialsTwice = 1500,
    // Of each question what an end means
    /// The classifier knows better than the table.
    Overrule = 4000,
    /// It says what may end a client for good.
    OverruleFatal = 400,
    /// It takes long, and may be too late.
    LateClassifier = 4000,
    /// It never answers.
    MuteClassifier = 2000,
    /// It answers twice, and says another thing the second time.
    ClassifiedTwice = 1500,
    // Of each look at a client
    /// The wall clock jumps.
    WallJump = 300,
    /// The machine sleeps.
    Suspend = 200,
    /// The consumer takes little, and rarely.
    SlowConsumer = 300,
    /// The network takes nothing from the client for a while.
    WriteBlock = 300,
    /// The network is off for a while (browsers).
    Offline = 500,
    /// The page is hidden for a while (browsers).
    Hidden = 500,
    // Of each turn of a driver
    /// It comes late.
    LateDriver = 60,
    // Of each second
    /// The server restarts and remembers everything.
    RestartKeeping = 120,
    /// The server restarts and has forgotten everything.
    RestartForgetting = 60,
    // Of each message to be stored, and of each request
    /// The server will not take it.
    RefuseMessage = 200,
    /// The server acknowledges late.
    LateAck = 500,
    /// The server will not let the task be followed.
    RefuseSubscribe = 120,
    // Of each step of a worker beside ours
    /// It dies without a word.
    WorkerDies = 120,
    /// The task runs again after its end.
    RunAgain = 4000,
}

/// Chance, the rates of this run, and the count of what happened.
#[derive(Debug)]
pub struct Chaos {
    /// Everything that is left to chance comes from here.
    pub rng: Rng,
    /// What happened.
    pub coverage: Coverage,
    /// From now on nothing goes wrong any more.
    pub calm: bool,
    rates: Vec<u32>,
}

impl Chaos {
    /// Draws how bad it will be. `fatal` = what ends a client for good may happen too.
    pub fn new(mut rng: Rng, fatal: bool, refusing: bool) -> Self {
        // Of each run only some kinds of faults are part, each at its own rate: what happens to be rare in one
        // is frequent in another, and what hides another is absent in some.
        let share = rng.pick(&[0, 2500, 5000, 8000, 10_000]);
        let strength = rng.pick(&[500, 2000, 5000, 10_000]);
        let rate = |fault: &Fault| {
            let drawn = rng.chance(share);
            let rate = fault.worst() * u32::try_from(rng.between(strength / 4, strength)).expect("10,000 at most");
            let allowed = match fault {
                Fault::FatalDial | Fault::CloseFatal | Fault::FatalCredentials | Fault::OverruleFatal => fatal,
                Fault::Unauthorized | Fault::CloseReauth => refusing,
                _ => true,
            };
            if drawn && allowed { rate.div_ceil(10_000) } else { 0 }
        };
        let rates = Fault::ALL.iter().map(rate).collect();
        Self { rng, coverage: Coverage::default(), calm: false, rates }
    }

    /// Whether it happens now.
    pub fn strikes(&mut self, fault: Fault) -> bool {
        let strikes = !self.calm && self.rates[fault as usize] > 0 && self.rng.chance(self.rates[fault as usize]);
        if strikes {
            self.coverage.note(fault.name());
        }
        strikes
    }
}

/// How often each thing happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<&'static str, u64>);

impl Coverage {
    /// It happened once more.
    pub fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    /// How often it happened.
    pub fn count(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// Adds the counts of another run.
    pub fn add(&mut self, other: &Coverage) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    /// Everything that happened, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().map(|(what, count)| (*what, *count))
    }
}
