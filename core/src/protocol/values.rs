//! How single JSON values are read: texts, numbers, levels, and what counts as a fault.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::number::write_number;
use super::{Level, Rejected};

/// The largest integer a JSON number carries exactly everywhere: 2^53 - 1.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Reads optional fields; counts those that are present but unusable. `null` is absent.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) faults: u32,
}

impl Reader {
    pub(super) fn text<'a>(
        &mut self,
        field: &'static str,
        raw: Option<&'a str>,
    ) -> Result<Option<Cow<'a, str>>, Rejected> {
        let text = text_if_string(field, raw)?;
        self.count(text.is_none(), raw);
        Ok(text)
    }

    /// A text that must not be empty.
    pub(super) fn name<'a>(
        &mut self,
        field: &'static str,
        raw: Option<&'a str>,
    ) -> Result<Option<Cow<'a, str>>, Rejected> {
        let text = text_if_string(field, raw)?.filter(|text| !text.is_empty());
        self.count(text.is_none(), raw);
        Ok(text)
    }

    pub(super) fn timestamp(&mut self, raw: Option<&str>) -> Option<i64> {
        let value = raw.and_then(finite).and_then(as_timestamp);
        self.count(value.is_none(), raw);
        value
    }

    pub(super) fn integer(&mut self, raw: Option<&str>) -> Option<u64> {
        let value = raw.and_then(finite).and_then(as_integer);
        self.count(value.is_none(), raw);
        value
    }

    /// `covers` counts only beside a `seq` that it does not exceed.
    pub(super) fn covers(&mut self, covers: Option<u64>, seq: Option<u64>) -> Option<u64> {
        let usable = covers.filter(|covers| seq.is_some_and(|seq| *covers <= seq));
        self.faults += u32::from(usable.is_none() && covers.is_some());
        usable
    }

    pub(super) fn boolean(&mut self, raw: Option<&str>) -> Option<bool> {
        let value = match raw {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        self.count(value.is_none(), raw);
        value
    }

    pub(super) fn level(&mut self, raw: Option<&str>) -> Result<Level, Rejected> {
        let level = text_if_string("level", raw)?.and_then(|word| Level::from_word(&word));
        self.count(level.is_none(), raw);
        Ok(level.unwrap_or(Level::Info))
    }

    /// A string as it is, a number as `JSON.stringify` writes it.
    pub(super) fn code<'a>(&mut self, raw: Option<&'a str>) -> Result<Cow<'a, str>, Rejected> {
        if let Some(text) = text_if_string("code", raw)? {
            return Ok(text);
        }
        let Some(value) = raw.and_then(finite) else {
            self.count(true, raw);
            return Ok(Cow::Borrowed(""));
        };
        let mut text = String::new();
        write_number(&mut text, value);
        Ok(Cow::Owned(text))
    }

    fn count(&mut self, unusable: bool, raw: Option<&str>) {
        self.faults += u32::from(unusable && !matches!(raw, None | Some("null")));
    }
}

/// The text of a string value, `None` for absent and for values of other types.
pub(super) fn text_if_string<'a>(field: &'static str, raw: Option<&'a str>) -> Result<Option<Cow<'a, str>>, Rejected> {
    raw.filter(|raw| raw.starts_with('"')).map(|raw| decode(field, raw)).transpose()
}

/// The text of a field that must be a string.
pub(super) fn required_text<'a>(field: &'static str, raw: Option<&'a str>) -> Result<Cow<'a, str>, Rejected> {
    match raw {
        None => Err(Rejected::Field { field, problem: "is missing" }),
        Some(raw) if raw.starts_with('"') => decode(field, raw),
        Some(_) => Err(Rejected::Field { field, problem: "must be a string" }),
    }
}

/// Takes the quotes and escapes off a JSON string whose grammar is known to be right.
pub(super) fn decode<'a>(field: &'static str, quoted: &'a str) -> Result<Cow<'a, str>, Rejected> {
    if !quoted.contains('\\') {
        let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        return inner.map(Cow::Borrowed).ok_or(Rejected::Field { field, problem: "must be a string" });
    }
    match serde_json::from_str::<String>(quoted) {
        Ok(text) => Ok(Cow::Owned(text)),
        Err(_) => Err(Rejected::Field { field, problem: "holds a lone surrogate" }),
    }
}

/// The raw text of each entry of an array.
pub(super) fn entries(list: &str) -> Result<Vec<&str>, Rejected> {
    match serde_json::from_str::<Vec<&RawValue>>(list) {
        Ok(entries) => Ok(entries.into_iter().map(RawValue::get).collect()),
        Err(error) => Err(Rejected::Json(error.to_string())),
    }
}

/// A number as an IEEE double, correctly rounded as in `JSON.parse`; `None` for other values and
/// for numbers beyond the range of doubles.
pub(super) fn finite(raw: &str) -> Option<f64> {
    let first = raw.as_bytes().first()?;
    if !(*first == b'-' || first.is_ascii_digit()) {
        return None;
    }
    raw.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// A whole number from 0 to 2^53 - 1; `41.0` and `4.1e1` are whole.
#[inline]
pub(super) fn as_integer(value: f64) -> Option<u64> {
    let whole = as_timestamp(value).filter(|whole| *whole as f64 == value)?;
    u64::try_from(whole).ok()
}

/// Truncated towards zero, at most 2^53 - 1 either way.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "truncation is meant, and the range is checked")]
pub(super) fn as_timestamp(value: f64) -> Option<i64> {
    // There is no double between 2^53 - 1 and 2^53.
    (value.abs() < (MAX_INTEGER + 1) as f64).then_some(value as i64)
}

/// Clamped to 0 to 100, and never the negative zero.
pub(super) fn percent(value: f64) -> f64 {
    value.clamp(0.0, 100.0) + 0.0
}

/// Whether a `data.action` makes a `status` frame a control frame.
pub(super) fn is_control(action: &str) -> bool {
    matches!(action, "hello" | "subscribe" | "unsubscribe" | "subscribed" | "query" | "state" | "ack")
}

impl Level {
    /// The level a word names, in any case: debug, info, warn, error, and trace (debug), warning
    /// (warn), critical and fatal (error).
    #[must_use]
    pub fn from_word(word: &str) -> Option<Level> {
        const WORDS: [(&str, Level); 8] = [
            ("info", Level::Info),
            ("debug", Level::Debug),
            ("warn", Level::Warn),
            ("error", Level::Error),
            ("trace", Level::Debug),
            ("warning", Level::Warn),
            ("critical", Level::Error),
            ("fatal", Level::Error),
        ];
        WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, level)| *level)
    }

    /// `debug`, `info`, `warn` or `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}
