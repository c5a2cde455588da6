//! The whole behaviour of a client as a machine without clock, I/O, threads or randomness.
//!
//! The rules are in spec/SESSION.md; comments cite them by number. A driver feeds [`Input`]s, then empties
//! [`Session::poll_output`] and (while its transport takes frames) [`Session::poll_transmit`], moves
//! [`Session::batch`] to whoever listens, and sleeps until [`Session::next_deadline`].
//!
//! - [`Input`], [`Output`], [`Transmit`], [`Now`]: what goes in and out
//! - [`Disposition`]: what a close code or HTTP status means
//! - [`limits`]: every bound and fixed time
//! - [`Stats`]: what a session can say of itself

mod attempts;
mod backoff;
mod calls;
mod classify;
mod disposition;
mod ending;
mod heartbeat;
mod inbound;
mod io;
pub mod limits;
mod link;
mod outbox;
mod outcome;
mod outcomes;
mod publications;
mod questions;
mod receipts;
mod resume;
mod stats;
mod subscriptions;
mod tasks;

use std::collections::VecDeque;

pub use disposition::Disposition;
pub use io::{
    CredentialsFailure, CredentialsRequest, Draft, DraftKind, Ending, Failure, Generation, Input, LeaseId, LeaseKind,
    Now, Output, Ticket, Transmit,
};
pub use stats::Stats;

use crate::config::Config;
use crate::error::Error;
use crate::event::{Batch, State};
use crate::protocol;
use backoff::Rng;
use ending::Disconnecting;
use heartbeat::Heartbeat;
use link::Link;
use outbox::Outbox;
use receipts::Receipts;
use subscriptions::Subscriptions;
use tasks::Tasks;

/// A client's behaviour. See the module's documentation.
#[derive(Debug)]
pub struct Session {
    config: Config,
    platform: Platform,
    rng: Rng,
    nonce: String,
    now: Now,
    state: State,
    link: Link,
    heartbeat: Heartbeat,
    subscriptions: Subscriptions,
    tasks: Tasks,
    outbox: Outbox,
    receipts: Receipts,
    ending: Option<Disconnecting>,
    outputs: VecDeque<Output>,
    batch: Batch,
    stats: Stats,
}

/// What the platform under the session can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Platform {
    /// WebSocket pings can be sent and pongs are seen.
    pub pings: bool,
    /// There is somebody to ask for credentials before every attempt.
    pub credentials: bool,
    /// There is a classifier to ask what an end means.
    pub classify: bool,
}

impl Default for Platform {
    fn default() -> Self {
        Self { pings: true, credentials: false, classify: false }
    }
}

impl Session {
    /// Makes a session that does nothing yet.
    ///
    /// `seed` seeds the jitter unless the configuration names a seed; `nonce` makes message ids unique among
    /// all clients of a server.
    ///
    /// # Errors
    /// An option with a value it cannot take.
    pub fn new(config: Config, seed: u32, nonce: [u8; 12]) -> Result<Self, Error> {
        Self::on(Platform::default(), config, seed, nonce)
    }

    /// Makes a session for a platform that can do less, or more.
    ///
    /// # Errors
    /// An option with a value it cannot take.
    pub fn on(platform: Platform, config: Config, seed: u32, nonce: [u8; 12]) -> Result<Self, Error> {
        config.validate()?;
        let mut session = Self {
            rng: Rng::seeded(config.seed.unwrap_or(seed)),
            nonce: nonce.iter().map(|byte| format!("{byte:02x}")).collect(),
            platform,
            now: Now::default(),
            state: State::Disconnected,
            link: Link::default(),
            heartbeat: Heartbeat::default(),
            subscriptions: Subscriptions::default(),
            tasks: Tasks::default(),
            outbox: Outbox::default(),
            receipts: Receipts::default(),
            ending: None,
            outputs: VecDeque::new(),
            batch: Batch::new(),
            stats: Stats::default(),
            config,
        };
        session.import_cursors();
        Ok(session)
    }

    /// Replaces the generator by given values, the last of which repeats. For vectors.
    #[must_use]
    pub fn with_random(mut self, values: &[u32]) -> Self {
        self.rng = Rng::given(values.iter().copied());
        self
    }

    /// Something happened. Afterwards everything that can be polled must be polled.
    ///
    /// # Errors
    /// Misuse by the caller (an empty task id, a full queue); nothing has changed then.
    pub fn handle_input(&mut self, now: Now, input: Input<'_>) -> Result<(), Error> {
        self.set_now(now);
        let result = self.dispatch(input);
        self.end_when_drained();
        result
    }

    /// A text frame arrived; the same as `Input::Text`.
    pub fn handle_text(&mut self, now: Now, generation: Generation, text: &str) {
        self.set_now(now);
        if self.link.is_up(generation) {
            self.sign_of_life();
            self.stats.frames_in += 1;
            self.stats.bytes_in += text.len() as u64;
            match protocol::parse(text) {
                Ok(frame) => self.on_frame(&frame, text),
                Err(rejected) => self.on_rejected(&rejected, text),
            }
            self.alive_after_writing();
        }
        if self.ending.is_some() {
            self.end_when_drained();
        }
    }

    /// The next thing the driver has to do, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The next frame to write, until there is none. Call it only while the transport can take a frame.
    pub fn poll_transmit(&mut self, now: Now) -> Option<Transmit> {
        self.set_now(now);
        if !self.link.is_open() {
            return None;
        }
        let transmit = self
            .next_control()
            .or_else(|| self.next_subscription())
            .or_else(|| self.next_publication())
            .or_else(|| self.next_message());
        match &transmit {
            Some(Transmit::Text(text)) => {
                self.stats.frames_out += 1;
                self.stats.bytes_out += text.len() as u64;
            }
            Some(Transmit::Ping(_)) => {}
            None => self.end_when_drained(),
        }
        transmit
    }

    /// When `Input::Timeout` is due, on the monotonic clock. Earlier or later timeouts are harmless.
    pub fn next_deadline(&self) -> Option<u64> {
        let singles = [
            self.link.deadline(),
            self.ending.as_ref().and_then(Disconnecting::deadline),
            self.heartbeat.deadline(),
            self.subscriptions.deadline(),
            self.written_deadline(),
            self.tasks.next_deadline(),
        ];
        singles.into_iter().flatten().min()
    }

    /// Events and settlements since the batch was last emptied. The driver moves them to the consumer.
    pub fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// The state of the connection.
    pub fn state(&self) -> State {
        self.state
    }

    /// Number of the current or latest transport; 0 before the first.
    pub fn generation(&self) -> Generation {
        self.link.generation
    }

    /// The latest connected or subscribed task that is still wanted.
    pub fn current_task(&self) -> Option<&str> {
        self.tasks.current()
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The cursors of all tasks, to be given to a later client: task, epoch, seq.
    pub fn cursors(&self) -> Vec<(String, String, u64)> {
        let own = |(id, cursor): (&str, &tasks::Cursor)| (id.to_owned(), cursor.epoch.to_string(), cursor.seq);
        let mut cursors: Vec<_> = self.tasks.cursors().map(own).collect();
        cursors.sort_unstable();
        cursors
    }

    fn set_now(&mut self, now: Now) {
        debug_assert!(now.mono_ms >= self.now.mono_ms, "the monotonic clock went back");
        self.now = Now { mono_ms: now.mono_ms.max(self.now.mono_ms), wall_ms: now.wall_ms };
    }

    fn dispatch(&mut self, input: Input<'_>) -> Result<(), Error> {
        match input {
            Input::Connect { ticket, task } => return self.connect(ticket, task),
            Input::Reconnect { ticket } => return self.reconnect(ticket),
            Input::Disconnect { ticket } => return self.disconnect(ticket),
            Input::Subscribe { task } => return self.subscribe(task),
            Input::Unsubscribe { task } => self.unsubscribe(task),
            Input::Lease { lease, task, kind } => return self.lease(lease, task, kind),
            Input::Unlease { lease } => self.unlease(lease),
            Input::Send { ticket, message } => return self.send(ticket, &message),
            Input::Flush { ticket } => return self.flush(ticket),
            Input::Close => self.close_now(),
            Input::Opened { generation } => self.on_opened(generation),
            Input::DialFailed { generation, failure } => self.on_dial_failed(generation, &failure),
            Input::Text { generation, text } => self.handle_text(self.now, generation, text),
            Input::Binary { generation, head } => self.on_binary(generation, head),
            Input::Ping { generation } => self.on_ping(generation),
            Input::Pong { generation, payload } => self.on_pong(generation, payload),
            Input::Closed { generation, code, reason } => self.on_closed(generation, code, reason),
            Input::Broken { generation, failure } => self.on_broken(generation, &failure),
            Input::ReadPaused { generation } => self.on_read_paused(generation),
            Input::ReadResumed { generation } => self.on_read_resumed(generation),
            Input::Woke { slept_ms } => self.on_woke(slept_ms),
            Input::Online(online) => self.on_reachable(Some(online), None),
            Input::Visible(visible) => self.on_reachable(None, Some(visible)),
            Input::Credentials { generation, result } => self.on_credentials(generation, result),
            Input::Classified { generation, disposition } => self.on_classified(generation, disposition),
            Input::Timeout => self.on_timeout(),
        }
        Ok(())
    }

    fn on_timeout(&mut self) {
        self.link_timeout();
        self.ending_timeout();
        self.heartbeat_timeout();
        self.subscriptions_timeout();
        self.written_timeout();
        self.tasks_timeout();
    }

    fn mono(&self) -> u64 {
        self.now.mono_ms
    }
}
