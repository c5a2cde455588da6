//! How an attempt or a link failed, in owned texts, and how that is found out.

use std::io;

use crate::error::ErrorKind;
use crate::session::Failure;

/// How much of the body of a refused upgrade goes into the text.
pub(super) const BODY_SHOWN: usize = 512;

/// A [`Failure`] that owns its text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failed {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) http_status: Option<u16>,
    pub(super) retry_after_ms: Option<u64>,
    pub(super) fatal: bool,
}

impl Failed {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), http_status: None, retry_after_ms: None, fatal: false }
    }

    /// Trying again cannot help.
    pub(super) fn fatal(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { fatal: true, ..Self::new(kind, message) }
    }

    pub(super) fn as_failure(&self) -> Failure<'_> {
        Failure {
            kind: self.kind,
            message: &self.message,
            http_status: self.http_status,
            retry_after_ms: self.retry_after_ms,
            fatal: self.fatal,
        }
    }
}

/// Whether the peer, or something on the way, simply let go of the connection.
pub(super) fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof | K::NotConnected
    )
}

/// `Retry-After` in milliseconds from now: a number of seconds, or an HTTP date held against the wall clock.
pub(super) fn retry_after(value: &str, wall_ms: i64) -> Option<u64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return value.parse::<u64>().ok().map(|seconds| seconds.saturating_mul(1000));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let date_ms = date.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis();
    let delay = i128::try_from(date_ms).ok()? - i128::from(wall_ms);
    Some(u64::try_from(delay.max(0)).unwrap_or(u64::MAX))
}

/// The start of `bytes` as text that is safe to show: no control characters, line breaks as spaces.
pub(super) fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(BODY_SHOWN)]);
    let shown = |c: char| if c.is_whitespace() { Some(' ') } else { Some(c).filter(|c| !c.is_control()) };
    text.chars().filter_map(shown).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_takes_seconds_and_dates() {
        assert_eq!(retry_after(" 120 ", 0), Some(120_000));
        assert_eq!(retry_after("0", 0), Some(0));
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(retry_after(date, 784_111_777_000 - 1500), Some(1500));
        assert_eq!(retry_after(date, 784_111_777_000 + 1500), Some(0), "a date that has passed means now");
        for nonsense in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(retry_after(nonsense, 0), None, "{nonsense}");
        }
    }

    #[test]
    fn bodies_are_shown_without_control_characters_and_cut() {
        assert_eq!(printable(b"\x1b[31mno\r\n\x07 entry\x00"), "[31mno   entry");
        assert_eq!(printable(&[b'x'; 2000]).len(), BODY_SHOWN);
        assert_eq!(printable("ü".repeat(300).as_bytes()).chars().filter(|c| *c == 'ü').count(), 256);
    }
}
