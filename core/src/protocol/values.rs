//! How single JSON values are read: texts, numbers, levels, and what counts as a fault.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;

use super::number::write_number;
use super::{Level, Rejected, TaskStatus};

/// The largest integer a JSON number carries exactly everywhere: 2^53 - 1.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Reads optional fields; counts those that are present but unusable. `null` is absent.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) faults: u32,
}

impl Reader {
    pub(super) fn text<'a>(&mut self, raw: Option<&'a str>) -> Option<Cow<'a, str>> {
        let text = text_if_string(raw);
        self.count(text.is_none(), raw);
        text
    }

    /// A text that must not be empty.
    pub(super) fn name<'a>(&mut self, raw: Option<&'a str>) -> Option<Cow<'a, str>> {
        let text = text_if_string(raw).filter(|text| !text.is_empty());
        self.count(text.is_none(), raw);
        text
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

    pub(super) fn level(&mut self, raw: Option<&str>) -> Level {
        let level = text_if_string(raw).and_then(|word| Level::from_word(&word));
        self.count(level.is_none(), raw);
        level.unwrap_or(Level::Info)
    }

    /// A string as it is, a number as `JSON.stringify` writes it.
    pub(super) fn code<'a>(&mut self, raw: Option<&'a str>) -> Cow<'a, str> {
        if let Some(text) = text_if_string(raw) {
            return text;
        }
        let Some(value) = raw.and_then(finite) else {
            self.count(true, raw);
            return Cow::Borrowed("");
        };
        let mut text = String::new();
        write_number(&mut text, value);
        Cow::Owned(text)
    }

    fn count(&mut self, unusable: bool, raw: Option<&str>) {
        self.faults += u32::from(unusable && !matches!(raw, None | Some("null")));
    }
}

/// The text of a string value, `None` for absent and for values of other types.
pub(super) fn text_if_string(raw: Option<&str>) -> Option<Cow<'_, str>> {
    raw.and_then(decode)
}

/// The text of a field that must be a string.
pub(super) fn required_text<'a>(field: &'static str, raw: Option<&'a str>) -> Result<Cow<'a, str>, Rejected> {
    let Some(raw) = raw else { return Err(Rejected::Field { field, problem: "is missing" }) };
    decode(raw).ok_or(Rejected::Field { field, problem: "must be a string" })
}

/// Takes the quotes and escapes off a JSON string whose grammar is known to be right; `None` for
/// values of other types. Each lone surrogate becomes U+FFFD.
fn decode(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    // As a `String`, serde_json refuses lone surrogates; as bytes it spells them out.
    let WellFormed(text) = serde_json::from_str(raw).ok()?;
    Some(Cow::Owned(text))
}

/// A JSON string read as bytes, which are UTF-8 but for lone surrogates: U+FFFD stands for each.
struct WellFormed(String);

impl<'de> Deserialize<'de> for WellFormed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = WellFormed;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<WellFormed, E> {
                let mut text = String::with_capacity(bytes.len());
                for chunk in bytes.utf8_chunks() {
                    text.push_str(chunk.valid());
                    // A surrogate's three bytes are three invalid chunks, and the first is always this.
                    if chunk.invalid() == [0xed] {
                        text.push(char::REPLACEMENT_CHARACTER);
                    }
                }
                Ok(WellFormed(text))
            }
        }
        deserializer.deserialize_bytes(Bytes)
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
pub(crate) fn as_integer(value: f64) -> Option<u64> {
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

/// Whether a `data.action` makes a `status` frame a control frame; `publish` does so only beside an array of tasks.
pub(super) fn may_be_control(action: &str) -> bool {
    matches!(action, "hello" | "subscribe" | "unsubscribe" | "subscribed" | "query" | "state" | "ack" | "publish")
}

/// The end that a status word in plain use says a task has come to, in any case.
#[must_use]
pub fn terminal_word(word: &str) -> Option<TaskStatus> {
    const COMPLETE: [&str; 6] = ["complete", "completed", "success", "succeeded", "done", "finished"];
    const ERROR: [&str; 6] = ["error", "failed", "failure", "cancelled", "canceled", "aborted"];
    let is_one_of = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    if is_one_of(&COMPLETE) { Some(TaskStatus::Complete) } else { is_one_of(&ERROR).then_some(TaskStatus::Error) }
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
    pub fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P-JSON-5
    #[test]
    fn each_lone_surrogate_is_one_replacement_character() {
        for (escaped, expected) in [
            (r"a\ud83db", "a\u{fffd}b"),
            (r"\ude00", "\u{fffd}"),
            (r"\uD800\uDBFF\uDC00\uDFFF", "\u{fffd}\u{10fc00}\u{fffd}"),
            (r"\ud83d\ude00", "\u{1f600}"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
            (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
            (r"\ud83d\n\ud83d\\ude00", "\u{fffd}\n\u{fffd}\\ude00"),
            (r"\ud83d\u0041\ud7ff\ue000", "\u{fffd}A\u{d7ff}\u{e000}"),
            ("\\ud83d\u{1f600}\u{e9}\u{fffd}\\udbff", "\u{fffd}\u{1f600}\u{e9}\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(decode(&format!("\"{escaped}\"")).as_deref(), Some(expected), "{escaped}");
        }
    }

    #[test]
    fn texts_without_escapes_are_borrowed() {
        assert!(matches!(decode("\"caf\u{e9}\u{1f600}\""), Some(Cow::Borrowed("caf\u{e9}\u{1f600}"))));
        assert_eq!(decode("5"), None);
    }
}
