//! Numbers and units as programs print them.

/// A number on a line, with everything that is glued to it by dots and commas.
#[derive(Debug)]
pub(crate) struct Number {
    /// Byte offset of its first digit.
    pub(crate) start: usize,
    /// Byte offset behind it.
    pub(crate) end: usize,
    /// Its value; meaningless when it is neither plain nor decimal.
    pub(crate) value: f64,
    /// Digits before the decimal sign.
    pub(crate) integer_digits: usize,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Decimal,
    /// An address, a version, a date: more than one dot.
    Other,
}

impl Number {
    /// Reads the number that begins at `start`, where a digit stands.
    pub(crate) fn parse(line: &str, start: usize) -> Self {
        let bytes = line.as_bytes();
        let digits_from = |at: usize| bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = start + digits_from(start);
        let mut digits = line[start..end].to_owned();
        let mut form = Form::Plain;
        let integer_digits = end - start;
        while matches!(bytes.get(end), Some(b'.' | b',')) {
            let count = digits_from(end + 1);
            if count == 0 {
                break;
            }
            let group = &line[end + 1..end + 1 + count];
            form = match (bytes[end], form) {
                // 1,234,567
                (b',', Form::Plain) if count == 3 && integer_digits <= 3 => Form::Plain,
                (_, Form::Plain) => {
                    digits.push('.');
                    Form::Decimal
                }
                _ => Form::Other,
            };
            digits.push_str(group);
            end += 1 + count;
        }
        // More digits than a count can have: an identifier.
        if end - start > 18 {
            form = Form::Other;
        }
        let value = if form == Form::Other { 0.0 } else { digits.parse().unwrap_or(0.0) };
        Self { start, end, value, integer_digits, form }
    }

    /// A whole number, possibly with commas between thousands.
    pub(crate) fn is_plain(&self) -> bool {
        self.form == Form::Plain
    }

    /// A number with one decimal sign.
    pub(crate) fn is_decimal(&self) -> bool {
        self.form == Form::Decimal
    }
}

/// A unit of size at `at`, possibly behind one space: its factor, and the offset behind it.
///
/// Without a unit the offset is `at`.
pub(crate) fn unit(line: &str, at: usize) -> (Option<f64>, usize) {
    let rest = &line[at..];
    let word = rest.strip_prefix(' ').unwrap_or(rest);
    let length = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    let factor = match &word[..length] {
        "B" | "bytes" => 1.0,
        "k" | "kB" | "KB" => 1e3,
        "K" | "KiB" => 1024.0,
        "MB" => 1e6,
        "M" | "MiB" => 1024.0 * 1024.0,
        "GB" => 1e9,
        "G" | "GiB" => 1024.0 * 1024.0 * 1024.0,
        "TB" => 1e12,
        "TiB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return (None, at),
    };
    (Some(factor), line.len() - word.len() + length)
}
