//! Which fault strikes which message of which connection: drawn from a seed, never from a clock.

use std::fmt;
use std::str::FromStr;

/// One connection in so many is struck before its upgrade.
const OPENING: u64 = 4;

/// With which codes a connection is closed: those after which a client does well to come back soon.
const CODES: [Option<u16>; 4] = [Some(1001), Some(1011), Some(1012), None];

/// A kind of fault, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The upgrade is refused by 503 with `Retry-After: 1`.
    Refuse,
    /// The connection is accepted, then ended before anything was read, by FIN or by RST.
    Hangup,
    /// The upgrade is never answered.
    Hang,
    /// FIN in place of a message.
    Fin,
    /// RST in place of a message.
    Rst,
    /// From a message on nothing passes either way, and the connection stays.
    Silence,
    /// A close frame in place of a message: 1001, 1011, 1012 or none, then FIN.
    Close,
    /// Half of a message's frame, then FIN.
    Truncate,
    /// Bytes that are no frame, in place of a message.
    Garbage,
    /// A message is held, and those behind it, for up to a second.
    Delay,
    /// Nothing passes either way for up to three seconds.
    Stall,
    /// The next bytes of the client, up to 4096, are passed on a few at a time.
    Slow,
    /// A message is passed on twice.
    Duplicate,
}

/// What a proxy does, how often and to whom: everything is drawn from the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chaos {
    /// The same seed and the same order of connections mean the same faults.
    pub seed: u64,
    /// The kinds that are drawn from, each as likely. None: nothing is done.
    pub kinds: Vec<FaultKind>,
    /// How many messages of the server there are to one fault, on average; at least 1.
    pub every: u64,
    /// After so many faults in all nothing more is done. `None`: there is no end to them.
    pub max_faults: Option<u64>,
}

/// A fault as it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "FaultKind has them")]
pub enum Fault {
    Refuse,
    Hangup { rst: bool },
    Hang,
    Fin,
    Rst,
    Silence,
    Close { code: Option<u16> },
    Truncate,
    Garbage { bytes: [u8; 8] },
    Delay { ms: u64 },
    Stall { ms: u64 },
    Slow { bytes: u64 },
    Duplicate,
}

/// A fault and where it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// Which message of the server, from 1; 0 is before the upgrade.
    pub message: u64,
    /// What is done.
    pub fault: Fault,
}

/// The faults of one connection, in the order in which they strike. It ends with the fault that ends the connection.
#[derive(Clone, Debug)]
pub struct Plan {
    random: Random,
    kinds: Vec<FaultKind>,
    every: u64,
    message: u64,
    over: bool,
}

impl Chaos {
    /// The kinds that are drawn from unless told otherwise: all but garbage, since by the third protocol error in a
    /// row a right client gives up.
    pub fn usual() -> Vec<FaultKind> {
        FaultKind::ALL.into_iter().filter(|kind| *kind != FaultKind::Garbage).collect()
    }

    /// What is in store for the connection of that number, from 1.
    pub fn plan(&self, connection: usize) -> Plan {
        let mut random = Random(self.seed ^ mix(connection as u64));
        let opening: Vec<FaultKind> = self.kinds.iter().copied().filter(|kind| kind.is_opening()).collect();
        let kinds = if !opening.is_empty() && random.below(OPENING) == 0 {
            opening
        } else {
            self.kinds.iter().copied().filter(|kind| !kind.is_opening()).collect()
        };
        let over = kinds.is_empty();
        Plan { random, kinds, every: self.every.max(1), message: 0, over }
    }
}

impl Iterator for Plan {
    type Item = Strike;

    fn next(&mut self) -> Option<Strike> {
        if self.over {
            return None;
        }
        let kind = self.kinds[self.random.index(self.kinds.len())];
        if !kind.is_opening() {
            // From 1 to twice as many less one, which makes the average.
            let gap = 1 + self.random.below(self.every.saturating_mul(2) - 1);
            self.message = self.message.saturating_add(gap);
        }
        let fault = kind.draw(&mut self.random);
        self.over = fault.ends();
        Some(Strike { message: self.message, fault })
    }
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Refuse,
        Self::Hangup,
        Self::Hang,
        Self::Fin,
        Self::Rst,
        Self::Silence,
        Self::Close,
        Self::Truncate,
        Self::Garbage,
        Self::Delay,
        Self::Stall,
        Self::Slow,
        Self::Duplicate,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Hangup => "hangup",
            Self::Hang => "hang",
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Silence => "silence",
            Self::Close => "close",
            Self::Truncate => "truncate",
            Self::Garbage => "garbage",
            Self::Delay => "delay",
            Self::Stall => "stall",
            Self::Slow => "slow",
            Self::Duplicate => "duplicate",
        }
    }

    fn is_opening(self) -> bool {
        matches!(self, Self::Refuse | Self::Hangup | Self::Hang)
    }

    fn draw(self, random: &mut Random) -> Fault {
        match self {
            Self::Refuse => Fault::Refuse,
            Self::Hangup => Fault::Hangup { rst: random.below(2) == 1 },
            Self::Hang => Fault::Hang,
            Self::Fin => Fault::Fin,
            Self::Rst => Fault::Rst,
            Self::Silence => Fault::Silence,
            Self::Close => Fault::Close { code: CODES[random.index(CODES.len())] },
            Self::Truncate => Fault::Truncate,
            Self::Garbage => {
                let mut bytes = random.next().to_be_bytes();
                // No extension was agreed for the reserved bits, so that the first byte is wrong already.
                bytes[0] |= 0x70;
                Fault::Garbage { bytes }
            }
            Self::Delay => Fault::Delay { ms: 1 + random.below(1000) },
            Self::Stall => Fault::Stall { ms: 1000 + random.below(2001) },
            Self::Slow => Fault::Slow { bytes: 256 + random.below(3841) },
            Self::Duplicate => Fault::Duplicate,
        }
    }
}

impl FromStr for FaultKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            format!("there is no fault {name}; known are {}", known.join(", "))
        })
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Fault {
    /// Its kind.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Refuse => FaultKind::Refuse,
            Self::Hangup { .. } => FaultKind::Hangup,
            Self::Hang => FaultKind::Hang,
            Self::Fin => FaultKind::Fin,
            Self::Rst => FaultKind::Rst,
            Self::Silence => FaultKind::Silence,
            Self::Close { .. } => FaultKind::Close,
            Self::Truncate => FaultKind::Truncate,
            Self::Garbage { .. } => FaultKind::Garbage,
            Self::Delay { .. } => FaultKind::Delay,
            Self::Stall { .. } => FaultKind::Stall,
            Self::Slow { .. } => FaultKind::Slow,
            Self::Duplicate => FaultKind::Duplicate,
        }
    }

    /// Whether nothing of the server comes through after it.
    fn ends(&self) -> bool {
        !matches!(self, Self::Delay { .. } | Self::Stall { .. } | Self::Slow { .. } | Self::Duplicate)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse => f.write_str("refused by 503, Retry-After: 1"),
            Self::Hangup { rst: false } => f.write_str("accepted, then ended (FIN)"),
            Self::Hangup { rst: true } => f.write_str("accepted, then reset (RST)"),
            Self::Hang => f.write_str("the upgrade is never answered"),
            Self::Fin => f.write_str("ended in its place without a close frame (FIN)"),
            Self::Rst => f.write_str("reset in its place (RST)"),
            Self::Silence => f.write_str("silent from here on, and left open"),
            Self::Close { code: Some(code) } => write!(f, "closed in its place with {code}"),
            Self::Close { code: None } => f.write_str("closed in its place without a code"),
            Self::Truncate => f.write_str("half of its frame, then the end (FIN)"),
            Self::Garbage { .. } => f.write_str("bytes in its place that are no frame"),
            Self::Delay { ms } => write!(f, "held for {ms} ms"),
            Self::Stall { ms } => write!(f, "nothing passes either way for {ms} ms"),
            Self::Slow { bytes } => write!(f, "the next {bytes} bytes of the client are taken slowly"),
            Self::Duplicate => f.write_str("passed on twice"),
        }
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message {
            0 => write!(f, "{}", self.fault),
            message => write!(f, "message {message}: {}", self.fault),
        }
    }
}

/// SplitMix64: small, and the same everywhere.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("it is below the length")
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chaos(seed: u64, kinds: Vec<FaultKind>, every: u64) -> Chaos {
        Chaos { seed, kinds, every, max_faults: None }
    }

    fn plans(seed: u64) -> Vec<Vec<Strike>> {
        (1..=200).map(|connection| chaos(seed, Chaos::usual(), 20).plan(connection).take(50).collect()).collect()
    }

    #[test]
    fn a_seed_decides_and_another_one_decides_otherwise() {
        assert_eq!(plans(7), plans(7));
        assert_ne!(plans(7), plans(8));
        assert_ne!(plans(7)[0], plans(7)[1]);
    }

    #[test]
    fn the_plans_of_a_seed_stay_as_they_are() {
        let told = |connection| {
            let plan = chaos(1, FaultKind::ALL.to_vec(), 10).plan(connection);
            plan.take(6).map(|strike| strike.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            told(1),
            ["message 13: the next 2283 bytes of the client are taken slowly", "message 23: reset in its place (RST)"]
        );
        assert_eq!(told(2), ["message 14: ended in its place without a close frame (FIN)"]);
        assert_eq!(told(3), ["message 5: held for 76 ms", "message 8: silent from here on, and left open"]);
    }

    #[test]
    fn every_kind_is_drawn_and_a_fourth_of_the_connections_is_struck_before_the_upgrade() {
        let all: Vec<Strike> =
            (1..=1000).flat_map(|one| chaos(3, FaultKind::ALL.to_vec(), 5).plan(one).take(50)).collect();
        for kind in FaultKind::ALL {
            assert!(all.iter().filter(|strike| strike.fault.kind() == kind).count() > 50, "{kind}");
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        for strike in &all {
            assert_eq!(strike.message == 0, strike.fault.kind().is_opening(), "{strike}");
        }
        let opening = all.iter().filter(|strike| strike.message == 0).count();
        assert!((200..300).contains(&opening), "{opening}");
        assert!("flood".parse::<FaultKind>().unwrap_err().contains("refuse, hangup"));
    }

    #[test]
    fn the_gaps_are_as_wide_as_asked_for_on_average() {
        for every in [1, 10, 1000] {
            let last = chaos(5, vec![FaultKind::Duplicate], every).plan(1).nth(9_999).unwrap().message;
            assert!((9_800 * every..=10_200 * every).contains(&last), "{every}: {last}");
        }
        let mut most = chaos(5, vec![FaultKind::Duplicate], u64::MAX).plan(1);
        assert!(most.next().unwrap().message <= most.next().unwrap().message, "nothing overflows");
    }

    #[test]
    fn a_plan_ends_with_what_ends_the_connection() {
        for kind in FaultKind::ALL {
            let count = chaos(5, vec![kind], 5).plan(3).take(10).count();
            let lasts = matches!(kind, FaultKind::Delay | FaultKind::Stall | FaultKind::Slow | FaultKind::Duplicate);
            assert!(count == if lasts { 10 } else { 1 } || (kind.is_opening() && count == 0), "{kind}: {count}");
        }
        assert_eq!(chaos(5, vec![], 5).plan(1).count(), 0);
    }
}
