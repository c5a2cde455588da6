//! What a close code or HTTP status means for us: the table of spec/disposition.json.

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

use crate::protocol::as_integer;

/// What happens after a close code or HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Disposition {
    /// Retry while there is open work, else stop quietly.
    WhileOpen,
    /// Retry with backoff.
    Retry,
    /// Retry after a longer while, or when `Retry-After` says.
    Slow,
    /// Refresh the credentials once per stable link, else stop for good.
    Reauth,
    /// Retry, but stop for good after three in a row.
    Protocol,
    /// Stop for good.
    Fatal,
}

impl Disposition {
    /// Every disposition.
    pub const ALL: &'static [Disposition] =
        &[Self::WhileOpen, Self::Retry, Self::Slow, Self::Reauth, Self::Protocol, Self::Fatal];

    /// The name in the table and in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::WhileOpen => "whileOpen",
            Self::Retry => "retry",
            Self::Slow => "slow",
            Self::Reauth => "reauth",
            Self::Protocol => "protocol",
            Self::Fatal => "fatal",
        }
    }

    /// The disposition of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }

    /// What the table says of a close code.
    pub fn of_close(code: u16) -> Self {
        lookup(&table().close, code)
    }

    /// What the table says of an HTTP status.
    pub fn of_http(status: u16) -> Self {
        lookup(&table().http, status)
    }
}

/// What a server may say in the reason of a close frame, as a JSON object.
#[derive(Debug, Default)]
pub(crate) struct CloseReason {
    pub reconnect: Option<bool>,
    pub retry_after_ms: Option<u64>,
    pub reauth: Option<bool>,
}

impl CloseReason {
    pub(crate) fn parse(reason: &str) -> Self {
        let Ok(Value::Object(said)) = serde_json::from_str(reason) else { return Self::default() };
        let flag = |name| said.get(name).and_then(Value::as_bool);
        Self {
            reconnect: flag("reconnect"),
            reauth: flag("reauth"),
            retry_after_ms: said.get("retryAfterMs").and_then(Value::as_f64).and_then(as_integer),
        }
    }
}

#[derive(Deserialize)]
struct Table {
    close: Vec<Entry>,
    http: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    from: u16,
    to: u16,
    disposition: Disposition,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        serde_json::from_str(include_str!("disposition.json")).expect("the table is part of the crate and tested")
    })
}

fn lookup(entries: &[Entry], code: u16) -> Disposition {
    let entry = entries.iter().find(|entry| (entry.from..=entry.to).contains(&code));
    entry.map_or(Disposition::Retry, |entry| entry.disposition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read_and_is_in_order() {
        for entries in [&table().close, &table().http] {
            for pair in entries.windows(2) {
                assert!(pair[0].from <= pair[0].to && pair[0].to < pair[1].from, "{} overlaps", pair[1].from);
            }
        }
        assert_eq!(Disposition::of_close(1000), Disposition::WhileOpen);
        assert_eq!(Disposition::of_close(4999), Disposition::Retry);
        assert_eq!(Disposition::of_http(401), Disposition::Reauth);
    }

    #[test]
    fn a_close_reason_that_is_no_object_says_nothing() {
        for reason in ["", "bye", "{", "[1]", "{\"reconnect\":1}"] {
            let parsed = CloseReason::parse(reason);
            assert!(parsed.reconnect.is_none() && parsed.retry_after_ms.is_none() && parsed.reauth.is_none());
        }
        assert_eq!(CloseReason::parse("{\"reconnect\":false,\"x\":1}").reconnect, Some(false));
        assert_eq!(CloseReason::parse("{\"reconnect\":false,\"retryAfterMs\":\"5\"}").reconnect, Some(false));
    }
}
