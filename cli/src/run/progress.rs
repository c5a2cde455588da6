//! Finds how far a command is in what it prints: `42%`, `12/80`, bars.
//!
//! It would rather see nothing than something wrong: dates, versions, paths, addresses and rates
//! look much like progress. A fraction that could be a day and a month (`3/4`) counts only with
//! other evidence on the line: brackets, a bar, or a word that counts things.

mod evidence;
mod number;
mod stage;

use number::Number;

/// Longest stage taken from a line, in characters.
pub(crate) const MAX_STAGE_CHARS: usize = 40;

/// What a line says about progress.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    /// 0 to 100.
    pub(crate) percent: f64,
    /// The words before the number when they are short, else empty.
    pub(crate) stage: String,
    /// What stands behind the number and its bar.
    pub(crate) message: String,
}

impl Found {
    /// Whether it says the same as another; the message may differ.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.percent == other.percent && self.stage == other.stage
    }
}

/// The first progress on `line`, which must be free of terminal escapes.
pub(crate) fn find(line: &str) -> Option<Found> {
    if let Some(percent) = curl_meter(line) {
        return Some(Found { percent, stage: String::new(), message: line.trim().to_owned() });
    }
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let number = Number::parse(line, at);
        if let Some((percent, end)) = percentage(line, &number).or_else(|| fraction(line, &number)) {
            let (stage, message) = (stage::before(line, number.start), stage::behind(line, end));
            return Some(Found { percent, stage, message });
        }
        at = number.end;
    }
    None
}

/// `42%`, `42.5%`, `42 %`: the value, and where it ends.
fn percentage(line: &str, number: &Number) -> Option<(f64, usize)> {
    if !(number.is_plain() || number.is_decimal()) || number.value > 100.0 || number.integer_digits > 3 {
        return None;
    }
    let rest = &line[number.end..];
    let (after, spaced) = match rest.strip_prefix('%') {
        Some(after) => (after, false),
        None => (rest.strip_prefix(" %")?, true),
    };
    let next = after.chars().next();
    if next.is_some_and(|c| c.is_alphanumeric() || c == '%' || c == '_') {
        return None;
    }
    // `10 % 3` is arithmetic.
    if spaced && after.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '(') {
        return None;
    }
    let before = line[..number.start].chars().next_back();
    if before.is_some_and(|c| c.is_alphanumeric() || "_%/\\.,-+#&<>≤≥±−".contains(c)) {
        return None;
    }
    if evidence::compares(after) { None } else { Some((number.value, line.len() - after.len())) }
}

/// `12/80`, `[ 3/10]`, `12 / 80`, and sizes such as `1.2/3.4 MB` beside a bar.
fn fraction(line: &str, done: &Number) -> Option<(f64, usize)> {
    let (done_unit, rest_at) = number::unit(line, done.end);
    let rest = &line[rest_at..];
    let after_slash = rest.trim_start().strip_prefix('/')?;
    let spaced = rest.starts_with(' ');
    if spaced != after_slash.starts_with(' ') {
        return None;
    }
    let total_at = line.len() - after_slash.trim_start().len();
    if !line[total_at..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let total = Number::parse(line, total_at);
    let (total_unit, end) = number::unit(line, total.end);
    if !evidence::stands_alone(line, done.start, end) || evidence::is_result(line, done.start) {
        return None;
    }
    let (value, whole) = if let Some(total_unit) = total_unit {
        if !evidence::has_bar(line) {
            return None;
        }
        (done.value * done_unit.unwrap_or(total_unit), total.value * total_unit)
    } else {
        if done_unit.is_some() || !done.is_plain() || !total.is_plain() {
            return None;
        }
        if evidence::may_be_date(done, &total) && !evidence::counts(line, done.start, end) {
            return None;
        }
        (done.value, total.value)
    };
    (whole > 0.0 && value <= whole).then(|| (value / whole * 100.0, end))
}

/// A row of curl's meter, which has no percent sign:
/// ` 42  100M   42 42.0M    0     0  10.0M      0  0:00:10  0:00:04  0:00:06 10.5M`.
fn curl_meter(line: &str) -> Option<f64> {
    let mut fields = [""; 12];
    let mut count = 0;
    for field in line.split_ascii_whitespace() {
        *fields.get_mut(count)? = field;
        count += 1;
    }
    let is_time = |field: &str| field.contains(':') || field.contains('-') || field.ends_with(['d', 'h']);
    let is_percent = |field: &str| field.parse::<u8>().is_ok_and(|percent| percent <= 100);
    let is_size = |field: &str| field.starts_with(|c: char| c.is_ascii_digit());
    let is_meter = count == 12
        && [0, 2, 4].into_iter().all(|index| is_percent(fields[index]))
        && [1, 3, 5, 6, 7, 11].into_iter().all(|index| is_size(fields[index]))
        && [8, 9, 10].into_iter().all(|index| is_time(fields[index]));
    if is_meter { fields[0].parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
