//! Walks over JSON text: checks its grammar and finds where values begin and end.
//!
//! `None` always means "not for this parser", be it wrong or merely rare: the reference decides.

use std::borrow::Cow;

use super::digits::{eight_digits, four_digits};

/// What is left of a text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    rest: &'a [u8],
}

/// The inside of a JSON string whose grammar has been checked.
#[derive(Clone, Copy)]
pub(super) struct Quoted {
    start: usize,
    end: usize,
    escaped: bool,
}

impl Quoted {
    pub(super) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Arrays and objects deeper than this are left to the reference: one bit of a word per level.
const MAX_DEPTH: u32 = 64;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scanner { text, rest: text.as_bytes() }
    }

    pub(super) fn position(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    pub(super) fn rewind(&mut self, to: usize) -> Option<()> {
        self.rest = self.text.as_bytes().get(to..)?;
        Some(())
    }

    pub(super) fn since(&self, start: usize) -> Option<&'a str> {
        self.text.get(start..self.position())
    }

    /// The next byte that is no whitespace.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let (byte, rest) = self.rest.split_first()?;
            if *byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.rest = rest;
        }
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.rest = self.rest.get(1..)?;
        Some(())
    }

    /// Takes exactly these bytes, if they are next.
    #[inline]
    pub(super) fn takes<const N: usize>(&mut self, bytes: &[u8; N]) -> bool {
        match self.rest.split_first_chunk::<N>() {
            Some((next, rest)) if next == bytes => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Whether nothing but whitespace is left.
    pub(super) fn at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Enters an object, up to the inside of its first key; false past the end of an empty one.
    #[inline]
    pub(super) fn enter(&mut self) -> Option<bool> {
        if self.takes(b"{\"") {
            return Some(true);
        }
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.expect(b'}')?;
            return Some(false);
        }
        self.expect(b'"')?;
        Some(true)
    }

    /// Steps from behind a member to the inside of the next key; false past the end of the object.
    #[inline]
    pub(super) fn next(&mut self) -> Option<bool> {
        if self.takes(b",\"") || self.takes(b", \"") {
            return Some(true);
        }
        if self.peek()? == b'}' {
            self.expect(b'}')?;
            return Some(false);
        }
        self.expect(b',')?;
        self.expect(b'"')?;
        Some(true)
    }

    /// Skips a member from the inside of its key, where the names of interest followed by `":`
    /// have been tried. What could still spell one of them is left to the reference.
    pub(super) fn skip_member(&mut self) -> Option<()> {
        let key = self.quoted_rest()?;
        if key.escaped || !self.takes(b":") {
            return None;
        }
        self.skip()
    }

    #[inline]
    pub(super) fn quoted(&mut self) -> Option<Quoted> {
        if !self.takes(b"\"") {
            self.expect(b'"')?;
        }
        self.quoted_rest()
    }

    #[inline]
    fn quoted_rest(&mut self) -> Option<Quoted> {
        let start = self.position();
        self.find_special();
        if self.takes(b"\"") {
            return Some(Quoted { start, end: self.position() - 1, escaped: false });
        }
        self.escaped_rest()?;
        Some(Quoted { start, end: self.position() - 1, escaped: true })
    }

    /// From the first escape of a string past its closing quote.
    fn escaped_rest(&mut self) -> Option<()> {
        loop {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b'"' => return Some(()),
                b'\\' => {
                    let (escape, rest) = rest.split_first()?;
                    self.rest = rest;
                    match escape {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        b'u' => {
                            let (digits, rest) = rest.split_first_chunk::<4>()?;
                            hex(digits)?;
                            self.rest = rest;
                        }
                        _ => return None,
                    }
                }
                _ => return None,
            }
            self.find_special();
        }
    }

    /// The text of a string. Borrowed unless it holds an escape.
    #[inline]
    pub(super) fn decode(&self, quoted: Quoted) -> Option<Cow<'a, str>> {
        let inner = self.text.get(quoted.start..quoted.end)?;
        if quoted.escaped { unescape(inner).map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
    }

    /// A number as an IEEE double, correctly rounded.
    #[inline]
    pub(super) fn number(&mut self) -> Option<f64> {
        self.peek()?;
        let start = self.position();
        if let Some(value) = self.scan_number()? {
            return Some(value);
        }
        self.since(start)?.parse().ok().filter(|value: &f64| value.is_finite())
    }

    /// A number of at most 15 digits and nothing else. Stays in place where the next value is another.
    #[inline]
    pub(super) fn plain_integer(&mut self) -> Option<u64> {
        let mut rest = self.rest;
        let mut value = 0;
        if let Some((chunk, after)) = rest.split_first_chunk()
            && let Some(eight) = eight_digits(chunk)
        {
            value = eight;
            rest = after;
        }
        if let Some((chunk, after)) = rest.split_first_chunk()
            && let Some(four) = four_digits(chunk)
        {
            value = value * 10_000 + four;
            rest = after;
        }
        while let Some((digit, after)) = rest.split_first()
            && digit.is_ascii_digit()
            && self.rest.len() - rest.len() < EXACT_DIGITS
        {
            value = value * 10 + u64::from(digit - b'0');
            rest = after;
        }
        let digits = self.rest.len() - rest.len();
        let ends = !matches!(rest.first()?, b'0'..=b'9' | b'.' | b'e' | b'E');
        if digits == 0 || !ends || (digits > 1 && *self.rest.first()? == b'0') {
            return None;
        }
        self.rest = rest;
        Some(value)
    }

    /// Skips one value, checking its grammar.
    #[inline]
    pub(super) fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.quoted().map(|_| ()),
            b'{' | b'[' => self.skip_nested(),
            _ => self.skip_scalar(),
        }
    }

    fn skip_scalar(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.quoted().map(|_| ()),
            b't' => self.takes(b"true").then_some(()),
            b'f' => self.takes(b"false").then_some(()),
            b'n' => self.takes(b"null").then_some(()),
            _ => self.scan_number().map(|_| ()),
        }
    }

    fn skip_nested(&mut self) -> Option<()> {
        // The lowest bit is the innermost level: 1 for an object, 0 for an array.
        let mut levels: u64 = 0;
        let mut depth: u32 = 0;
        loop {
            let mut opened = false;
            match self.peek()? {
                byte @ (b'{' | b'[') => {
                    self.expect(byte)?;
                    if depth == MAX_DEPTH {
                        return None;
                    }
                    levels = (levels << 1) | u64::from(byte == b'{');
                    depth += 1;
                    opened = true;
                }
                _ => self.skip_scalar()?,
            }
            loop {
                let object = levels & 1 == 1;
                let byte = self.peek()?;
                match byte {
                    b'}' if object => {}
                    b']' if !object => {}
                    b',' if !opened => {
                        self.expect(b',')?;
                        break;
                    }
                    _ if opened => break,
                    _ => return None,
                }
                self.expect(byte)?;
                levels >>= 1;
                depth -= 1;
                opened = false;
                if depth == 0 {
                    return Some(());
                }
            }
            if levels & 1 == 1 {
                self.quoted()?;
                self.expect(b':')?;
            }
        }
    }

    /// Steps over a number. Its value where that is exact without a proper conversion.
    fn scan_number(&mut self) -> Option<Option<f64>> {
        let negative = self.takes(b"-");
        let first = *self.rest.first()?;
        let mut mantissa: u64 = 0;
        let mut digits = self.scan_digits(&mut mantissa)?;
        if digits > 1 && first == b'0' {
            return None;
        }
        let mut decimals = 0;
        if self.takes(b".") {
            decimals = self.scan_digits(&mut mantissa)?;
            digits += decimals;
        }
        let mut exact = digits <= EXACT_DIGITS;
        if self.takes(b"e") || self.takes(b"E") {
            exact = false;
            let _ = self.takes(b"+") || self.takes(b"-");
            self.scan_digits(&mut mantissa)?;
        }
        if !exact {
            return Some(None);
        }
        let whole = mantissa as f64;
        // Both operands are exact doubles, so the quotient is correctly rounded.
        let value = if decimals == 0 { whole } else { whole / POWERS_OF_TEN.get(decimals)? };
        Some(Some(if negative { -value } else { value }))
    }

    /// Steps over at least one digit; says how many there were.
    #[inline]
    fn scan_digits(&mut self, value: &mut u64) -> Option<usize> {
        let before = self.rest.len();
        while let Some((digit, rest)) = self.rest.split_first()
            && digit.is_ascii_digit()
        {
            *value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.rest = rest;
        }
        let digits = before - self.rest.len();
        (digits > 0).then_some(digits)
    }

    /// Goes to the next quote, backslash or control character, or to the end.
    #[inline]
    fn find_special(&mut self) {
        // Most texts are shorter than these words.
        if !self.find_special_near() {
            self.find_special_far();
        }
    }

    #[inline]
    fn find_special_near(&mut self) -> bool {
        for _ in 0..4 {
            let Some((chunk, rest)) = self.rest.split_first_chunk() else { break };
            let found = special_bytes(u64::from_le_bytes(*chunk));
            if found != 0 {
                self.rest = self.rest.get((found.trailing_zeros() / 8) as usize..).unwrap_or_default();
                return true;
            }
            self.rest = rest;
        }
        false
    }

    fn find_special_far(&mut self) {
        // Strides that compilers turn into vector code.
        while let Some((stride, rest)) = self.rest.split_first_chunk::<32>()
            && !stride.iter().fold(false, |any, byte| any | is_special(*byte))
        {
            self.rest = rest;
        }
        if !self.find_special_near() {
            let found = self.rest.iter().position(|byte| is_special(*byte));
            self.rest = self.rest.get(found.unwrap_or(self.rest.len())..).unwrap_or_default();
        }
    }
}

/// Decimal integers of this many digits are exact doubles.
const EXACT_DIGITS: usize = 15;

const POWERS_OF_TEN: [f64; EXACT_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

#[inline]
fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Marks bytes that are a quote, a backslash or below 0x20 by their high bit. The lowest mark is
/// exact; ones above it may be too many, since a borrow can run upwards from a true one.
#[inline]
fn special_bytes(word: u64) -> u64 {
    let quotes = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslashes = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    let controls = word.wrapping_sub(ONES * 0x20);
    // A byte above 0x7f keeps its high bit under both xors, so `!word` clears it for all three.
    (quotes | backslashes | controls) & !word & HIGHS
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}

/// Resolves the escapes of a string whose grammar is right. `None` for a lone surrogate, which the
/// reference replaces.
fn unescape(inner: &str) -> Option<String> {
    let mut out = String::with_capacity(inner.len());
    let mut scanner = Scanner::new(inner);
    loop {
        let start = scanner.position();
        // Quotes and control characters do not stand in it unescaped: what is found is a backslash.
        scanner.find_special();
        let mark = scanner.position();
        out.push_str(inner.get(start..mark)?);
        let Some((_, escape)) = scanner.rest.split_first() else { return Some(out) };
        let (&escape, after) = escape.split_first()?;
        let mut used = 2;
        out.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = hex(after.get(..4)?)?;
                used += 4;
                if (0xd800..0xdc00).contains(&unit) {
                    let low = after.get(4..10)?;
                    let low = hex(low.strip_prefix(b"\\u")?)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    used += 6;
                    char::from_u32(0x10000 + ((unit - 0xd800) << 10) + low)?
                } else {
                    char::from_u32(unit)?
                }
            }
            itself => char::from(itself),
        });
        scanner.rest = scanner.rest.get(used..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_offset_is_told_right() {
        for byte in 0..=255_u8 {
            for offset in 0..8 {
                for filler in [b'a', b'!', b'#', 0x80, 0xff, 0x7f, b'['] {
                    let mut chunk = [filler; 8];
                    chunk[offset] = byte;
                    let special = byte < 0x20 || byte == b'"' || byte == b'\\';
                    let found = special_bytes(u64::from_le_bytes(chunk));
                    let place = (found != 0).then_some(found.trailing_zeros() / 8);
                    assert_eq!(place, special.then_some(offset as u32), "{byte} at {offset} in {filler}");
                }
            }
        }
    }

    #[test]
    fn nesting_beyond_the_bound_is_left_to_the_reference() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let bound = MAX_DEPTH as usize;
        assert!(Scanner::new(&nested(bound)).skip().is_some());
        assert!(Scanner::new(&nested(bound + 1)).skip().is_none());
    }

    #[test]
    fn numbers_are_rounded_as_the_standard_library_does() {
        for text in
            ["0", "-0", "42.5", "0.1", "123456789.123456", "999999999999999", "1.7976931348623157e308", "5e-324"]
        {
            let expected: f64 = text.parse().expect("a number");
            assert_eq!(Scanner::new(text).number().map(f64::to_bits), Some(expected.to_bits()), "{text}");
        }
        for text in ["", "-", "+1", "01", ".5", "1.", "1e", "1e+", "1e999", "NaN", "0x1"] {
            let mut scanner = Scanner::new(text);
            assert!(scanner.number().is_none() || !scanner.at_end(), "{text}");
        }
    }
}
