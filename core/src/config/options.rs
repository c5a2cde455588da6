//! Options by their shared names, and what each takes.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::{Config, Conflate, Limit, MAX_DELAY_MS, Overflow, Proxy, Terminal, Tls, redact_url};
use crate::error::{Error, ErrorKind};
use crate::session::Disposition;

impl Config {
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
                let list = value.as_array().ok_or_else(|| hidden(name))?;
                self.protocols =
                    list.iter().map(|value| text(name, value).map_err(|_| hidden(name))).collect::<Result<_, _>>()?;
            }
            "tls" => self.tls = Tls::from_json(value)?,
            "proxy" => self.proxy = Proxy::from_json(value)?,
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
                    format!("there is no option `{name}`; the README lists the options"),
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
        self.tls.validate()?;
        self.proxy.validate()
    }
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

pub(super) fn bad(name: &str, takes: &str, value: &dyn fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("option `{name}` takes {takes}, not {value}"))
}

fn hidden(name: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("option `{name}` takes text (its value is not shown)"))
}

pub(super) fn text(name: &str, value: &Value) -> Result<String, Error> {
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
        r#"an object from close code or HTTP status to "retry", "slow", "reauth", "protocol", "fatal" or "whileOpen""#;
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

    fn refused(name: &str, value: impl Into<Value>) -> String {
        let mut config = Config::new("ws://localhost/ws");
        let result = config.set(name, &value.into()).and_then(|()| config.validate());
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
