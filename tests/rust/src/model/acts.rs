//! How a session is made and what may happen to it.

use steadywire::Config;
use steadywire::session::{Disposition, LeaseKind, Platform};

/// How a session is made.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its options.
    pub config: Config,
    /// What its driver can do.
    pub platform: Platform,
    /// Seeds the jitter.
    pub seed: u32,
}

/// What a user, a driver or a server does. Tasks are numbers: the task 3 is called `t3`.
#[derive(Clone, Debug)]
pub enum Act {
    /// `connect()`, with a task or without.
    Connect(Option<usize>),
    /// `reconnect()`.
    Reconnect,
    /// `disconnect()`.
    Disconnect,
    /// `subscribe(task)`.
    Subscribe(usize),
    /// `unsubscribe(task)`.
    Unsubscribe(usize),
    /// A lease on a task is taken.
    Lease(LeaseKind, usize),
    /// One of the leases that live is given up, counted round.
    Unlease(usize),
    /// `send(message)`.
    Send {
        /// Which message, of eight.
        kind: u8,
        /// Its task.
        task: usize,
        /// Whether the server must acknowledge it.
        ack: bool,
        /// How long its text is.
        size: usize,
        /// How often it is sent.
        times: u8,
    },
    /// `flush()`.
    Flush,
    /// The transport is up. Credentials are given first where they are asked for.
    Opened,
    /// The dial failed.
    Fails {
        /// The status of the refusal.
        http_status: Option<u16>,
        /// What the server asked for.
        retry_after_ms: Option<u64>,
        /// Whether trying again cannot help.
        fatal: bool,
    },
    /// Credentials, or that there are none: for good if true.
    Credentials(Result<(), bool>),
    /// What the last end means, or that it is as proposed. Asked for or not.
    Classified(Option<Disposition>),
    /// The server closed.
    Closes {
        /// With this code, if there was a close frame with one.
        code: Option<u16>,
        /// What it said.
        reason: &'static str,
    },
    /// The transport failed.
    Breaks {
        /// Whether trying again cannot help.
        fatal: bool,
    },
    /// A text frame came.
    Text(String),
    /// A binary frame came.
    Binary,
    /// A ping came.
    Ping,
    /// The latest ping's pong, or another number.
    Pong(Option<u64>),
    /// An input of another transport than the current one.
    Stale {
        /// What it says.
        act: Box<Act>,
        /// Whether of one that is still to come.
        ahead: bool,
    },
    /// The driver reads no more for now.
    ReadPaused,
    /// The driver reads again.
    ReadResumed,
    /// The machine slept.
    Woke,
    /// The network came or went.
    Online(bool),
    /// The page is shown or hidden.
    Visible(bool),
    /// A timeout that nobody asked for.
    Timeout,
    /// Whether the transport takes no frames.
    Blocked(bool),
    /// Time passes and every deadline fires at its time.
    After(u64),
    /// Time passes and then one timeout is reported.
    Late(u64),
}
