//! What a client can be told: every option, its unit, default and bounds.

mod options;
mod provider;
mod proxy;
mod tls;

use std::collections::BTreeMap;
use std::fmt;

#[cfg(feature = "net")]
pub(crate) use self::provider::Asked;
pub use self::provider::{Answer, Credentials, CredentialsError, Provider};
pub use self::proxy::Proxy;
pub use self::tls::{Tls, TlsVersion};
use crate::protocol::TaskStatus;
use crate::session::{CredentialsRequest, Disposition, Ending};

/// The longest delay or timeout, in milliseconds (about 35 minutes). Larger values are refused.
pub const MAX_DELAY_MS: u64 = (1 << 21) - 1;

/// How many times something may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// At most this many times. 0 = never.
    Times(u32),
    /// Until it succeeds or is told to stop.
    Unlimited,
}

/// What a full outbox does with a progress message or log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// `send` fails with [`QueueFull`](crate::ErrorKind::QueueFull). The default.
    #[default]
    Reject,
    /// The oldest waiting log line is dropped; its receipt says so.
    DropOldest,
    /// The new message is dropped; its receipt says so.
    DropNewest,
}

/// When a newer progress event may take the place of one that still waits in the inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conflate {
    /// When the consumer lags: a bound is half used, or the oldest event waits for over 100 ms. The default.
    #[default]
    Lag,
    /// Never: every progress event is delivered, and a full inbox stops reading from the socket.
    Never,
}

/// Which outcome a status word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// The task ended well.
    Complete,
    /// The task ended in an error.
    Error,
}

impl Terminal {
    /// The outcome that a task's status stands for, if it has ended.
    pub(crate) fn from_status(status: TaskStatus) -> Option<Self> {
        match status {
            TaskStatus::Complete => Some(Self::Complete),
            TaskStatus::Error => Some(Self::Error),
            TaskStatus::Unknown | TaskStatus::Running => None,
        }
    }
}

/// Everything a client can be told. All times are milliseconds.
///
/// Setters take and return the value, so that they chain. Values are checked by [`Config::validate`],
/// which every client calls first.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// The server, `ws://` or `wss://`. Required.
    pub url: String,
    /// Delay before the first retry. Default 1000.
    pub reconnect_interval: u64,
    /// Growth of the delay per failed attempt, 1 to 10. Default 1.5.
    pub reconnect_backoff_multiplier: f64,
    /// Ceiling of the delay. Default 30000.
    pub max_reconnect_backoff: u64,
    /// Tries of the first connect before it fails. `None` = 5, and unlimited while a follow, a wait or a
    /// reporter needs the link.
    pub max_connect_attempts: Option<Limit>,
    /// Tries after a link that was up is lost. Default unlimited.
    pub max_reconnect_attempts: Limit,
    /// How long a link must have been open to be called stable. Default 5000.
    pub stable_after: u64,
    /// Time for one attempt, from the moment its credentials are there: DNS, TCP, proxy, TLS and upgrade.
    /// Default 10000.
    pub connect_timeout: u64,
    /// Time between two heartbeats; 0 turns them off. Default 30000.
    pub heartbeat_interval: u64,
    /// Time in which a heartbeat must be followed by a sign of life. Default 10000.
    pub heartbeat_timeout: u64,
    /// How many messages the outbox holds. Default 1000.
    pub max_queued_messages: usize,
    /// How many bytes the outbox holds. Default 1 MiB.
    pub max_queued_bytes: usize,
    /// What a full outbox does with a progress message or log line. Default reject.
    pub overflow: Overflow,
    /// How many events wait in the inbox. Default 10000.
    pub max_pending_events: usize,
    /// How many bytes of event text wait in the inbox; one event alone may exceed it. Default 16 MiB.
    pub max_pending_bytes: usize,
    /// When newer progress replaces waiting progress. Default lag.
    pub conflate: Conflate,
    /// The largest inbound message; a larger one ends the link. Default 16 MiB.
    pub max_message_size: usize,
    /// Ask for a task's status when it has said nothing this long; 0 = never. Default 60000.
    pub stall_timeout: u64,
    /// Sent as `Authorization: Bearer`. Default none.
    pub token: Option<String>,
    /// Further headers of the upgrade request. Default none.
    pub headers: Vec<(String, String)>,
    /// Subprotocols to offer. Default none.
    pub protocols: Vec<String>,
    /// Asked for URL, token, headers and subprotocols before every attempt; what it leaves out is as configured here.
    /// Its answer has 30 s of its own, before `connect_timeout` begins. Default none.
    pub credentials: Option<Provider<CredentialsRequest, Result<Credentials, CredentialsError>>>,
    /// How `wss://` is secured. Default: the system's roots, TLS 1.2 or newer.
    pub tls: Tls,
    /// The proxy on the way. Default: what the environment says.
    pub proxy: Proxy,
    /// What a close code or HTTP status means, where it differs from the table. Default none.
    pub dispositions: BTreeMap<u16, Disposition>,
    /// Asked what an end of a link or an attempt means, where the program knows better than the table; `None` leaves it
    /// as proposed. It has 1 s for its answer, then the proposal counts. Default none.
    pub classify: Option<Provider<Ending, Option<Disposition>>>,
    /// Status words (lower case) that end a task, beside or instead of the built-in ones; `None` as the value
    /// takes a built-in word away.
    pub terminal_status: BTreeMap<String, Option<Terminal>>,
    /// Cursors exported by an earlier client: task, epoch, seq.
    pub cursors: Vec<(String, String, u64)>,
    /// Seeds the jitter, so that runs can be repeated. Default random.
    pub seed: Option<u32>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $ty:ty),* $(,)?) => { $(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: $ty) -> Self {
            self.$name = value;
            self
        }
    )* };
}

impl Config {
    /// The defaults, for the server at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            reconnect_interval: 1000,
            reconnect_backoff_multiplier: 1.5,
            max_reconnect_backoff: 30_000,
            max_connect_attempts: None,
            max_reconnect_attempts: Limit::Unlimited,
            stable_after: 5000,
            connect_timeout: 10_000,
            heartbeat_interval: 30_000,
            heartbeat_timeout: 10_000,
            max_queued_messages: 1000,
            max_queued_bytes: 1 << 20,
            overflow: Overflow::default(),
            max_pending_events: 10_000,
            max_pending_bytes: 16 << 20,
            conflate: Conflate::default(),
            max_message_size: 16 << 20,
            stall_timeout: 60_000,
            token: None,
            headers: Vec::new(),
            protocols: Vec::new(),
            credentials: None,
            tls: Tls::default(),
            proxy: Proxy::default(),
            dispositions: BTreeMap::new(),
            classify: None,
            terminal_status: BTreeMap::new(),
            cursors: Vec::new(),
            seed: None,
        }
    }

    setters! {
        /// See [`Config::reconnect_interval`](#structfield.reconnect_interval).
        reconnect_interval: u64,
        /// See the field of that name.
        reconnect_backoff_multiplier: f64,
        /// See the field of that name.
        max_reconnect_backoff: u64,
        /// See the field of that name.
        max_reconnect_attempts: Limit,
        /// See the field of that name.
        stable_after: u64,
        /// See the field of that name.
        connect_timeout: u64,
        /// See the field of that name.
        heartbeat_interval: u64,
        /// See the field of that name.
        heartbeat_timeout: u64,
        /// See the field of that name.
        max_queued_messages: usize,
        /// See the field of that name.
        max_queued_bytes: usize,
        /// See the field of that name.
        overflow: Overflow,
        /// See the field of that name.
        max_pending_events: usize,
        /// See the field of that name.
        max_pending_bytes: usize,
        /// See the field of that name.
        conflate: Conflate,
        /// See the field of that name.
        max_message_size: usize,
        /// See the field of that name.
        stall_timeout: u64,
        /// See the field of that name.
        protocols: Vec<String>,
        /// See the field of that name.
        tls: Tls,
        /// See the field of that name.
        proxy: Proxy,
        /// See the field of that name.
        cursors: Vec<(String, String, u64)>,
    }

    /// See the field of that name.
    #[must_use]
    pub fn max_connect_attempts(mut self, limit: Limit) -> Self {
        self.max_connect_attempts = Some(limit);
        self
    }

    /// See the field of that name.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Adds a header of the upgrade request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Asks `provider` for credentials before every attempt. The I/O thread of all clients polls what it gives, so it
    /// must not block; where it has to, see [`credentials_blocking`](Self::credentials_blocking).
    ///
    /// ```
    /// use steadywire::{Config, Credentials, CredentialsError};
    ///
    /// # async fn fetch_token(fresh: bool) -> Result<String, std::io::Error> { Ok(String::new()) }
    /// let config = Config::new("wss://hub.example/ws").credentials(|request| async move {
    ///     match fetch_token(request.force_refresh).await {
    ///         Ok(token) => Ok(Credentials::new().token(token)),
    ///         Err(error) => Err(CredentialsError::new(error.to_string())),
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn credentials<F>(mut self, provider: impl Fn(CredentialsRequest) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Credentials, CredentialsError>> + Send + 'static,
    {
        self.credentials = Some(Provider::later(provider));
        self
    }

    /// As [`credentials`](Self::credentials), with a function that may block: it is called on a thread of the callback
    /// pool. An attempt that comes while it is still busy with an earlier one fails.
    #[must_use]
    pub fn credentials_blocking(
        mut self,
        provider: impl Fn(CredentialsRequest) -> Result<Credentials, CredentialsError> + Send + Sync + 'static,
    ) -> Self {
        self.credentials = Some(Provider::blocking(provider));
        self
    }

    /// Says what a close code or HTTP status means, where it differs from the table.
    #[must_use]
    pub fn disposition(mut self, code: u16, disposition: Disposition) -> Self {
        self.dispositions.insert(code, disposition);
        self
    }

    /// Asks `classifier` what an end means; it is called on a thread of the callback pool. See the field of that name.
    ///
    /// ```
    /// use steadywire::{Config, Disposition};
    ///
    /// // This server closes with 1008 when it is only overloaded.
    /// let config = Config::new("wss://hub.example/ws")
    ///     .classify(|ending| (ending.close_code == Some(1008)).then_some(Disposition::Slow));
    /// ```
    #[must_use]
    pub fn classify(mut self, classifier: impl Fn(Ending) -> Option<Disposition> + Send + Sync + 'static) -> Self {
        self.classify = Some(Provider::blocking(classifier));
        self
    }

    /// Makes a status word end a task, or (`None`) takes a built-in word away.
    #[must_use]
    pub fn terminal_status(mut self, word: &str, terminal: Option<Terminal>) -> Self {
        self.terminal_status.insert(word.to_lowercase(), terminal);
        self
    }

    /// See the field of that name.
    #[must_use]
    pub fn seed(mut self, seed: u32) -> Self {
        self.seed = Some(seed);
        self
    }
}

/// Shows every option but keeps credentials to itself.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("url", &redact_url(&self.url))
            .field("token", &self.token.as_ref().map(|_| "<redacted>"))
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("credentials", &self.credentials)
            .field("classify", &self.classify)
            .field("tls", &self.tls)
            .field("proxy", &self.proxy)
            .field("reconnect_interval", &self.reconnect_interval)
            .field("max_connect_attempts", &self.max_connect_attempts)
            .field("max_reconnect_attempts", &self.max_reconnect_attempts)
            .field("heartbeat_interval", &self.heartbeat_interval)
            .finish_non_exhaustive()
    }
}

/// The URL without user, password and query: what logs and errors may show.
pub fn redact_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "<not a url>".to_owned();
    };
    let rest = rest.split(['?', '#']).next().unwrap_or("");
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}
