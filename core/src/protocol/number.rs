//! Numbers as `JSON.stringify` writes them.

use std::fmt::Write;

use super::values::as_timestamp;

/// Appends the shortest text that reads back as `value`: `42`, `42.5`, `1e+21`, `5e-7`; `0` for the
/// negative zero, `null` for what JSON cannot say.
pub fn write_number(out: &mut String, value: f64) {
    if !value.is_finite() {
        out.push_str("null");
        return;
    }
    if let Some(whole) = as_timestamp(value).filter(|whole| *whole as f64 == value) {
        write_integer(out, whole);
        return;
    }
    let magnitude = value.abs();
    if (1e-6..1e21).contains(&magnitude) {
        // `Display` writes the shortest digits too, without exponent and without a trailing `.0`.
        let _ = write!(out, "{value}");
        return;
    }
    let start = out.len();
    let _ = write!(out, "{value:e}");
    if magnitude >= 1.0
        && let Some(mark) = out[start..].find('e')
    {
        out.insert(start + mark + 1, '+');
    }
}

/// Appends an integer.
pub(super) fn write_integer(out: &mut String, value: i64) {
    // 19 digits and a sign.
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).expect("one digit fits");
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    out.push_str(std::str::from_utf8(&digits[at..]).expect("digits and a sign are ASCII"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f64) -> String {
        let mut out = String::new();
        write_number(&mut out, value);
        out
    }

    #[test]
    fn numbers_are_written_as_json_stringify_does() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (42.0, "42"),
            (42.5, "42.5"),
            (-1.25, "-1.25"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (0.000_001, "0.000001"),
            (0.000_000_5, "5e-7"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (5e-324, "5e-324"),
            (12_345_678_901_234_567_890.0, "12345678901234567000"),
            (f64::NAN, "null"),
            (f64::INFINITY, "null"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn integers_are_written_whole() {
        for value in [0, 7, -7, 1_732_000_000_123, i64::MIN, i64::MAX] {
            let mut out = String::from("x");
            write_integer(&mut out, value);
            assert_eq!(out, format!("x{value}"));
        }
    }
}
