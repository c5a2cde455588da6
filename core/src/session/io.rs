//! What goes into the session and what comes out of it.

use super::disposition::Disposition;
use crate::error::ErrorKind;
use crate::protocol::Level;

/// The two clocks, read by the driver at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds of a clock that never goes back, from any start.
    pub mono_ms: u64,
    /// Milliseconds since the Unix epoch.
    pub wall_ms: i64,
}

/// The caller's number for a call that is answered later by a settlement. 0 = nobody waits.
pub type Ticket = u64;

/// The caller's number for a lease. Never reused by one session.
pub type LeaseId = u64;

/// Number of a transport. The first is 1.
pub type Generation = u32;

/// Something happened.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// `connect(taskId?)`; settles `Connected`.
    Connect {
        /// Who waits.
        ticket: Ticket,
        /// Sets this task's flag.
        task: Option<&'a str>,
    },
    /// `reconnect()`; settles `Connected`.
    Reconnect {
        /// Who waits.
        ticket: Ticket,
    },
    /// `disconnect()`; settles `Disconnected`.
    Disconnect {
        /// Who waits.
        ticket: Ticket,
    },
    /// `subscribe(id)`.
    Subscribe {
        /// The task.
        task: &'a str,
    },
    /// `unsubscribe(id)`.
    Unsubscribe {
        /// The task.
        task: &'a str,
    },
    /// A follow, wait, tracker or reporter begins to want a task.
    Lease {
        /// Its number; a follow or wait is settled `Outcome` under it.
        lease: LeaseId,
        /// The task.
        task: &'a str,
        /// What wants it.
        kind: LeaseKind,
    },
    /// That lease ends.
    Unlease {
        /// Its number.
        lease: LeaseId,
    },
    /// `send(message)`; settles `Receipt`.
    Send {
        /// Who waits.
        ticket: Ticket,
        /// The message.
        message: Draft<'a>,
    },
    /// `flush()`; settles `Flushed` when all receipts before it have.
    Flush {
        /// Who waits.
        ticket: Ticket,
    },
    /// The client is being freed: as `disconnect`, but the link is cut at once and the reason is `closed`.
    Close,

    /// The attempt that `Dial` asked for is up.
    Opened {
        /// Of this transport.
        generation: Generation,
    },
    /// That attempt failed.
    DialFailed {
        /// Of this transport.
        generation: Generation,
        /// How.
        failure: Failure<'a>,
    },
    /// A text frame arrived.
    Text {
        /// Of this transport.
        generation: Generation,
        /// The whole message.
        text: &'a str,
    },
    /// A binary message arrived.
    Binary {
        /// Of this transport.
        generation: Generation,
        /// Its first bytes, 200 at most.
        head: &'a [u8],
    },
    /// A WebSocket ping arrived (the transport answers it).
    Ping {
        /// Of this transport.
        generation: Generation,
    },
    /// A WebSocket pong arrived.
    Pong {
        /// Of this transport.
        generation: Generation,
        /// Its payload as a number, if it is one of ours.
        payload: Option<u64>,
    },
    /// The peer closed the link with a close frame, or the transport ended without one.
    Closed {
        /// Of this transport.
        generation: Generation,
        /// The close code; `None` = the frame had none (1005).
        code: Option<u16>,
        /// The close reason.
        reason: &'a str,
    },
    /// The link broke.
    Broken {
        /// Of this transport.
        generation: Generation,
        /// How.
        failure: Failure<'a>,
    },
    /// The driver stopped reading because the inbox is full.
    ReadPaused {
        /// Of this transport.
        generation: Generation,
    },
    /// It reads again.
    ReadResumed {
        /// Of this transport.
        generation: Generation,
    },
    /// The machine slept.
    Woke {
        /// For this long.
        slept_ms: u64,
    },
    /// The network came or went (browsers).
    Online(bool),
    /// The page was shown or hidden (browsers).
    Visible(bool),
    /// The answer to `NeedCredentials`. Only the first of an attempt counts.
    Credentials {
        /// Of this transport.
        generation: Generation,
        /// They are at the driver's hands, or could not be had.
        result: Result<(), CredentialsFailure<'a>>,
    },
    /// The answer to `Classify`.
    Classified {
        /// Of this transport.
        generation: Generation,
        /// What the end means; `None` = what was proposed.
        disposition: Option<Disposition>,
    },
    /// A deadline has come, or may have.
    Timeout,
}

/// What wants a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseKind {
    /// An iterator over the task's events: connects, is settled with the outcome.
    Follow,
    /// Waits for the outcome: connects, is settled with it.
    Wait,
    /// A tracker or mounted hook: connects, is not settled.
    Track,
    /// A worker that reports the task: connects, wants no events. Open work until it ends.
    Report,
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// What it is; decides its class in the outbox.
    pub kind: DraftKind<'a>,
    /// The task.
    pub task: &'a str,
    /// Milliseconds since the Unix epoch; `None` = now.
    pub timestamp: Option<i64>,
    /// Ask the server to acknowledge it and send it again until it does.
    pub ack: bool,
}

/// What a message to send says.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub enum DraftKind<'a> {
    Progress {
        stage: &'a str,
        progress: f64,
        message: &'a str,
    },
    Log {
        level: Level,
        message: &'a str,
        metadata: Option<&'a str>,
    },
    Status {
        data: &'a str,
    },
    Complete {
        data: &'a str,
    },
    Error {
        message: &'a str,
        code: &'a str,
        data: Option<&'a str>,
    },
    Heartbeat,
    /// A type of the user's own.
    Other {
        kind: &'a str,
        data: Option<&'a str>,
    },
}

/// How an attempt or a link failed.
#[derive(Clone, Debug)]
pub struct Failure<'a> {
    /// The kind of failure.
    pub kind: ErrorKind,
    /// A text for people, without credentials.
    pub message: &'a str,
    /// The HTTP status of a refused upgrade.
    pub http_status: Option<u16>,
    /// `Retry-After` in milliseconds from now.
    pub retry_after_ms: Option<u64>,
    /// Whether trying again cannot help (a bad certificate).
    pub fatal: bool,
}

/// How credentials could not be had.
#[derive(Clone, Debug)]
pub struct CredentialsFailure<'a> {
    /// A text for people, without credentials.
    pub message: &'a str,
    /// Stop for good.
    pub fatal: bool,
}

/// What somebody who has credentials is told when they are needed for one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsRequest {
    /// The transport they are for; goes into the answer.
    pub generation: Generation,
    /// Which attempt this is, counted from 1 since the link was last stable.
    pub attempt: u32,
    /// Why it is made.
    pub reason: String,
    /// The close code that ended the last link.
    pub last_close_code: Option<u16>,
    /// The HTTP status that refused the last attempt.
    pub http_status: Option<u16>,
    /// What was used last was refused; a cached answer will not do.
    pub force_refresh: bool,
}

/// How an attempt or a link ended, for somebody who may know better what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The transport that ended; goes into the answer.
    pub generation: Generation,
    /// The close code, if a link was closed: 1005 = there was none, 1006 = there was no close frame.
    pub close_code: Option<u16>,
    /// The HTTP status that refused the attempt.
    pub http_status: Option<u16>,
    /// The kind of failure, whatever it means.
    pub kind: ErrorKind,
    /// A text for people, without credentials.
    pub reason: String,
    /// What it means unless the answer names another disposition.
    pub disposition: Disposition,
}

/// Something the driver has to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Ask the providers, then answer with `Credentials`, within `CREDENTIALS_MS`.
    NeedCredentials(CredentialsRequest),
    /// Ask the classifier what the end means, then answer with `Classified`, within `CLASSIFY_MS`.
    Classify(Ending),
    /// Open a transport and answer with `Opened` or `DialFailed`.
    Dial {
        /// Its number.
        generation: Generation,
    },
    /// Abandon the attempt or cut the link at once, without a close handshake. Nothing of it is awaited.
    Drop {
        /// Of this transport.
        generation: Generation,
    },
    /// Send a close frame, wait for the peer's for `CLOSE_TIMEOUT`, then drop. Nothing of it is awaited.
    Close {
        /// Of this transport.
        generation: Generation,
        /// The close code.
        code: u16,
    },
}

/// A frame to write to the current link.
#[derive(Clone, Debug, PartialEq)]
pub enum Transmit {
    /// A text frame.
    Text(String),
    /// A WebSocket ping with this number as its payload, 8 bytes big-endian.
    Ping(u64),
}
