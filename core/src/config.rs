//! What a client can be told: every option, its unit, default and bounds.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::session::Disposition;

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
    /// `send` fails with [`ErrorKind::QueueFull`]. The default.
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
    /// Time for one attempt: DNS, TCP, proxy, TLS and upgrade. Default 10000.
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
    /// What a close code or HTTP status means, where it differs from the table. Default none.
    pub dispositions: BTreeMap<u16, Disposition>,
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
            dispositions: BTreeMap::new(),
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

    /// Says what a close code or HTTP status means, where it differs from the table.
    #[must_use]
    pub fn disposition(mut self, code: u16, disposition: Disposition) -> Self {
        self.dispositions.insert(code, disposition);
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

    /// Sets one option by its shared name (`camelCase`), as bindings and vectors do.
    ///
    /// # Errors
    /// An unknown name, or a value the option cannot take; the text names the option and what it takes.
    pub fn set(&mut self, name: &str, value: &Value) -> Result<(), Error> {
        match name {
            "url" => self.url = text(name, value)?,
            "reconnectInterval" => self.reconnect_interval = millis(name, value)?,
            "reconnectBackoffMultiplier" => {
                self.reconnect_backoff_multiplier =
                    value.as_f64().ok_or_else(|| bad(name, "a number from 1 to 10", value))?;
            }
            "maxReconnectBackoff" => self.max_reconnect_backoff = millis(name, value)?,
            "maxConnectAttempts" => self.max_connect_attempts = Some(limit(name, value)?),
            "maxReconnectAttempts" => self.max_reconnect_attempts = limit(name, value)?,
            "stableAfter" => self.stable_after = millis(name, value)?,
            "connectTimeout" => self.connect_timeout = millis(name, value)?,
            "heartbeatInterval" => self.heartbeat_interval = millis(name, value)?,
            "heartbeatTimeout" => self.heartbeat_timeout = millis(name, value)?,
            "maxQueuedMessages" => self.max_queued_messages = size(name, value)?,
            "maxQueuedBytes" => self.max_queued_bytes = size(name, value)?,
            "overflow" => {
                self.overflow = match value.as_str() {
                    Some("reject") => Overflow::Reject,
                    Some("dropOldest") => Overflow::DropOldest,
                    Some("dropNewest") => Overflow::DropNewest,
                    _ => {
                        return Err(bad(name, "\"reject\", \"dropOldest\" or \"dropNewest\"", value));
                    }
                }
            }
            "maxPendingEvents" => self.max_pending_events = size(name, value)?,
            "maxPendingBytes" => self.max_pending_bytes = size(name, value)?,
            "conflate" => {
                self.conflate = match value.as_str() {
                    Some("lag") => Conflate::Lag,
                    Some("never") => Conflate::Never,
                    _ => return Err(bad(name, "\"lag\" or \"never\"", value)),
                }
            }
            "maxMessageSize" => self.max_message_size = size(name, value)?,
            "stallTimeout" => self.stall_timeout = millis(name, value)?,
            "token" => self.token = Some(text(name, value).map_err(|_| hidden(name))?),
            "headers" => {
                let map = value.as_object().ok_or_else(|| hidden(name))?;
                self.headers = map
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), text(name, value).map_err(|_| hidden(name))?)))
                    .collect::<Result<_, Error>>()?;
            }
            "protocols" => {
                let list = value.as_array().ok_or_else(|| bad(name, "a list of strings", value))?;
                self.protocols = list.iter().map(|value| text(name, value)).collect::<Result<_, _>>()?;
            }
            "dispositions" => self.dispositions = dispositions(name, value)?,
            "terminalStatus" => self.terminal_status = terminal_status(name, value)?,
            "cursors" => self.cursors = cursors(name, value)?,
            "seed" => {
                let seed = value.as_u64().and_then(|seed| u32::try_from(seed).ok());
                self.seed = Some(seed.ok_or_else(|| bad(name, "an integer from 0 to 4294967295", value))?);
            }
            _ => {
                return Err(Error::new(
                    ErrorKind::UnknownOption,
                    format!("there is no option `{name}`; the options are listed in the documentation of Config"),
                ));
            }
        }
        Ok(())
    }

    /// Checks every value against what its option takes.
    ///
    /// # Errors
    /// The first value that is out of its bounds; the text names the option and what it takes.
    pub fn validate(&self) -> Result<(), Error> {
        check_url(&self.url)?;
        let multiplier = self.reconnect_backoff_multiplier;
        if !(1.0..=10.0).contains(&multiplier) {
            return Err(bad("reconnectBackoffMultiplier", "a number from 1 to 10", &multiplier));
        }
        let times = [
            ("reconnectInterval", self.reconnect_interval),
            ("maxReconnectBackoff", self.max_reconnect_backoff),
            ("stableAfter", self.stable_after),
            ("connectTimeout", self.connect_timeout),
            ("heartbeatInterval", self.heartbeat_interval),
            ("heartbeatTimeout", self.heartbeat_timeout),
            ("stallTimeout", self.stall_timeout),
        ];
        for (name, value) in times {
            if value > MAX_DELAY_MS {
                return Err(bad(name, "milliseconds from 0 to 2097151", &value));
            }
        }
        for (name, value) in [("connectTimeout", self.connect_timeout), ("heartbeatTimeout", self.heartbeat_timeout)] {
            if value == 0 {
                return Err(bad(name, "milliseconds from 1 to 2097151", &value));
            }
        }
        if self.max_connect_attempts == Some(Limit::Times(0)) {
            return Err(bad("maxConnectAttempts", "a number from 1, or unlimited", &0));
        }
        let sizes = [
            ("maxQueuedMessages", self.max_queued_messages),
            ("maxQueuedBytes", self.max_queued_bytes),
            ("maxPendingEvents", self.max_pending_events),
            ("maxPendingBytes", self.max_pending_bytes),
            ("maxMessageSize", self.max_message_size),
        ];
        for (name, value) in sizes {
            if value == 0 || value > (1 << 30) {
                return Err(bad(name, "a number from 1 to 1073741824", &value));
            }
        }
        Ok(())
    }
}

/// Shows every option but keeps credentials to itself.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("url", &redact_url(&self.url))
            .field("token", &self.token.as_ref().map(|_| "<redacted>"))
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("reconnect_interval", &self.reconnect_interval)
            .field("max_connect_attempts", &self.max_connect_attempts)
            .field("max_reconnect_attempts", &self.max_reconnect_attempts)
            .field("heartbeat_interval", &self.heartbeat_interval)
            .finish_non_exhaustive()
    }
}

/// The URL without user, password and query: what logs and errors may show.
pub(crate) fn redact_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "<not a url>".to_owned();
    };
    let rest = rest.split(['?', '#']).next().unwrap_or("");
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

fn check_url(url: &str) -> Result<(), Error> {
    let lower = url.get(..6).map_or_else(|| url.to_ascii_lowercase(), str::to_ascii_lowercase);
    let rest = if lower.starts_with("wss://") {
        &url[6..]
    } else if lower.starts_with("ws://") {
        &url[5..]
    } else {
        return Err(Error::new(
            ErrorKind::InvalidUrl,
            format!("option `url` takes a ws:// or wss:// address, not {}", redact_url(url)),
        ));
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.is_empty() || host.starts_with(':') || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::new(
            ErrorKind::InvalidUrl,
            format!("option `url` takes a ws:// or wss:// address with a host, not {}", redact_url(url)),
        ));
    }
    Ok(())
}

fn bad(name: &str, takes: &str, value: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("option `{name}` takes {takes}, not {value}"))
}

fn hidden(name: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("option `{name}` takes text (its value is not shown)"))
}

fn text(name: &str, value: &Value) -> Result<String, Error> {
    value.as_str().map(str::to_owned).ok_or_else(|| bad(name, "a string", value))
}

fn millis(name: &str, value: &Value) -> Result<u64, Error> {
    value.as_u64().ok_or_else(|| bad(name, "whole milliseconds from 0 to 2097151", value))
}

fn size(name: &str, value: &Value) -> Result<usize, Error> {
    let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
    size.ok_or_else(|| bad(name, "a number from 1 to 1073741824", value))
}

fn limit(name: &str, value: &Value) -> Result<Limit, Error> {
    match value {
        Value::Null => Ok(Limit::Unlimited),
        _ => {
            let times = value.as_u64().and_then(|times| u32::try_from(times).ok());
            times.map(Limit::Times).ok_or_else(|| bad(name, "a number of tries, or null for unlimited", value))
        }
    }
}

fn dispositions(name: &str, value: &Value) -> Result<BTreeMap<u16, Disposition>, Error> {
    let takes =
        "an object from close code or HTTP status to \"retry\", \"slow\", \"reauth\", \"protocol\" or \"fatal\"";
    let map = value.as_object().ok_or_else(|| bad(name, takes, value))?;
    let entry = |(code, word): (&String, &Value)| {
        let code = code.parse().ok()?;
        Some((code, Disposition::from_name(word.as_str()?)?))
    };
    map.iter().map(|pair| entry(pair).ok_or_else(|| bad(name, takes, value))).collect()
}

fn terminal_status(name: &str, value: &Value) -> Result<BTreeMap<String, Option<Terminal>>, Error> {
    let takes = "an object from status word to \"complete\", \"error\" or null";
    let map = value.as_object().ok_or_else(|| bad(name, takes, value))?;
    let entry = |(word, terminal): (&String, &Value)| {
        let terminal = match terminal {
            Value::Null => None,
            Value::String(text) if text == "complete" => Some(Terminal::Complete),
            Value::String(text) if text == "error" => Some(Terminal::Error),
            _ => return Err(bad(name, takes, value)),
        };
        Ok((word.to_lowercase(), terminal))
    };
    map.iter().map(entry).collect()
}

fn cursors(name: &str, value: &Value) -> Result<Vec<(String, String, u64)>, Error> {
    let takes = "an object from task id to {\"epoch\", \"seq\"}, as exported by a client";
    let map = value.as_object().ok_or_else(|| bad(name, takes, value))?;
    let entry = |(task, cursor): (&String, &Value)| {
        Some((task.clone(), cursor.get("epoch")?.as_str()?.to_owned(), cursor.get("seq")?.as_u64()?))
    };
    map.iter().map(|pair| entry(pair).ok_or_else(|| bad(name, takes, value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(name: &str, value: Value) -> String {
        let mut config = Config::new("ws://localhost/ws");
        let result = config.set(name, &value).and_then(|()| config.validate());
        result.expect_err("the value should be refused").to_string()
    }

    #[test]
    fn zero_is_a_value() {
        let mut config = Config::new("ws://localhost/ws");
        config.set("heartbeatInterval", &json!(0)).unwrap();
        config.set("maxReconnectAttempts", &json!(0)).unwrap();
        config.set("stallTimeout", &json!(0)).unwrap();
        config.validate().unwrap();
        assert_eq!((config.heartbeat_interval, config.stall_timeout), (0, 0));
        assert_eq!(config.max_reconnect_attempts, Limit::Times(0));
    }

    #[test]
    fn a_refusal_names_the_option_and_what_it_takes() {
        assert!(refused("reconnectInterval", json!(-1)).contains("`reconnectInterval` takes whole milliseconds"));
        assert!(refused("reconnectBackoffMultiplier", json!(0.5)).contains("from 1 to 10"));
        assert!(refused("maxReconnectBackoff", json!(1u64 << 21)).contains("2097151"));
        assert!(refused("overflow", json!("block")).contains("dropOldest"));
        assert!(refused("reconectInterval", json!(1)).contains("no option `reconectInterval`"));
        assert!(refused("url", json!("http://localhost")).contains("ws:// or wss://"));
        assert!(refused("url", json!("ws://")).contains("with a host"));
        assert!(refused("maxConnectAttempts", json!(0)).contains("from 1"));
        assert!(refused("connectTimeout", json!(0)).contains("from 1"));
        assert!(refused("maxPendingEvents", json!(0)).contains("from 1"));
    }

    #[test]
    fn credentials_are_not_shown() {
        let config =
            Config::new("wss://user:hunter2@host/ws?token=hunter2").token("hunter2").header("X-Key", "hunter2");
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
        assert!(!refused("token", json!(["hunter2"])).contains("hunter2"));
        assert!(!refused("headers", json!("hunter2")).contains("hunter2"));
        assert!(!refused("url", json!("http://user:hunter2@host")).contains("hunter2"));
    }
}
