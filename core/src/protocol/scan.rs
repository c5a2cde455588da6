//! Walks over JSON text: checks its grammar and finds where values begin and end.
//!
//! `None` always means "not for this parser", be it wrong or merely rare: the reference decides.

use std::borrow::Cow;

/// A place in a text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
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

/// A string of at most 15 bytes as one number, so that it is compared in one step.
/// All longer ones are the same number, which no short one has.
pub(super) const fn packed(text: &[u8]) -> u128 {
    if text.len() > 15 {
        return u128::MAX;
    }
    let mut word = 0;
    let mut at = text.len();
    while at > 0 {
        at -= 1;
        word = word << 8 | text[at] as u128;
    }
    word
}

/// Arrays and objects deeper than this are left to the reference: one bit of a word per level.
const MAX_DEPTH: u32 = 64;

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scanner { text, at: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn rewind(&mut self, to: usize) {
        self.at = to;
    }

    pub(super) fn since(&self, start: usize) -> Option<&'a str> {
        self.text.get(start..self.at)
    }

    /// The next byte that is no whitespace.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = self.byte(self.at)?;
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Whether nothing but whitespace is left.
    pub(super) fn at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Steps to the next key of an object and over its colon, and gives the key as [`packed`];
    /// `Some(None)` past the closing brace. `first` says that no member has been read yet.
    #[inline]
    pub(super) fn key(&mut self, first: bool) -> Option<Option<u128>> {
        match self.peek()? {
            b'}' => {
                self.at += 1;
                return Some(None);
            }
            b',' if !first => self.at += 1,
            _ if first => {}
            _ => return None,
        }
        let key = self.word()?;
        self.expect(b':')?;
        Some(Some(key))
    }

    /// A string without escapes as [`packed`]. An escaped one may spell a name we know, so it is
    /// left to the reference.
    #[inline]
    pub(super) fn word(&mut self) -> Option<u128> {
        self.expect(b'"')?;
        let start = self.at;
        let rest = self.text.as_bytes().get(start..)?;
        if let Some(chunk) = rest.first_chunk::<16>() {
            let word = u128::from_le_bytes(*chunk);
            let (low, high) = (special_bytes(word as u64), special_bytes((word >> 64) as u64));
            let marks = u128::from(low) | u128::from(high) << 64;
            let length = (marks.trailing_zeros() / 8) as usize;
            if length < chunk.len() {
                self.at = start + length + 1;
                return (*chunk.get(length)? == b'"').then_some(word & ((1 << (8 * length)) - 1));
            }
        }
        let end = self.special(start);
        self.at = end + 1;
        (self.byte(end)? == b'"').then(|| packed(self.text.as_bytes().get(start..end).unwrap_or_default()))
    }

    #[inline]
    pub(super) fn quoted(&mut self) -> Option<Quoted> {
        self.expect(b'"')?;
        let start = self.at;
        let mut at = self.special(start);
        if self.byte(at)? == b'"' {
            self.at = at + 1;
            return Some(Quoted { start, end: at, escaped: false });
        }
        loop {
            match self.byte(at)? {
                b'"' => break,
                b'\\' => match self.byte(at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                    b'u' => {
                        hex(self.text.as_bytes().get(at + 2..at + 6)?)?;
                        at += 6;
                    }
                    _ => return None,
                },
                _ => return None,
            }
            at = self.special(at);
        }
        self.at = at + 1;
        Some(Quoted { start, end: at, escaped: true })
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
        let start = self.at;
        if let Some(value) = self.scan_number()? {
            return Some(value);
        }
        self.since(start)?.parse().ok().filter(|value: &f64| value.is_finite())
    }

    pub(super) fn literal(&mut self, word: &str) -> Option<()> {
        if !self.text.as_bytes().get(self.at..)?.starts_with(word.as_bytes()) {
            return None;
        }
        self.at += word.len();
        Some(())
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
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
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
                    self.at += 1;
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
                match self.peek()? {
                    b'}' if object => {}
                    b']' if !object => {}
                    b',' if !opened => {
                        self.at += 1;
                        break;
                    }
                    _ if opened => break,
                    _ => return None,
                }
                self.at += 1;
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
    #[inline]
    fn scan_number(&mut self) -> Option<Option<f64>> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        let negative = bytes.get(at) == Some(&b'-');
        at += usize::from(negative);
        let first = at;
        let mut mantissa: u64 = 0;
        while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk()).and_then(eight_digits) {
            mantissa = mantissa.wrapping_mul(100_000_000).wrapping_add(eight);
            at += 8;
        }
        while let Some(digit) = digit(bytes, at) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        let mut digits = at - first;
        if digits == 0 || (digits > 1 && bytes.get(first) == Some(&b'0')) {
            return None;
        }
        let mut decimals = 0;
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            let start = at;
            while let Some(digit) = digit(bytes, at) {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(digit);
                at += 1;
            }
            decimals = at - start;
            digits += decimals;
            if decimals == 0 {
                return None;
            }
        }
        let mut exact = digits <= EXACT_DIGITS;
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            exact = false;
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            let start = at;
            while digit(bytes, at).is_some() {
                at += 1;
            }
            if at == start {
                return None;
            }
        }
        self.at = at;
        if !exact {
            return Some(None);
        }
        let whole = mantissa as f64;
        // Both operands are exact doubles, so the quotient is correctly rounded.
        let value = if decimals == 0 { whole } else { whole / POWERS_OF_TEN.get(decimals)? };
        Some(Some(if negative { -value } else { value }))
    }

    /// The first quote, backslash or control character at or after a place; the end if there is none.
    #[inline]
    fn special(&self, from: usize) -> usize {
        let mut at = from;
        while let Some(rest) = self.text.as_bytes().get(at..) {
            // Past the length of most texts, in strides that compilers turn into vector code.
            if at - from >= 32
                && let Some(stride) = rest.first_chunk::<32>()
                && !stride.iter().fold(false, |any, byte| any | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\'))
            {
                at += 32;
                continue;
            }
            let Some(chunk) = rest.first_chunk::<8>() else {
                let found = rest.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'));
                return at + found.unwrap_or(rest.len());
            };
            let found = special_bytes(u64::from_le_bytes(*chunk));
            if found != 0 {
                return at + (found.trailing_zeros() / 8) as usize;
            }
            at += 8;
        }
        at
    }

    #[inline]
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }
}

/// Decimal integers of this many digits are exact doubles.
const EXACT_DIGITS: usize = 15;

const POWERS_OF_TEN: [f64; EXACT_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

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

/// The value of eight decimal digits: neighbours are joined to pairs, fours and eight in parallel.
#[inline]
fn eight_digits(chunk: &[u8; 8]) -> Option<u64> {
    let word = u64::from_le_bytes(*chunk);
    let digits = word.wrapping_sub(ONES * b'0' as u64);
    // Above '9' the sum reaches the high bit, below '0' the difference has it.
    if (word.wrapping_add(ONES * 0x46) | digits) & HIGHS != 0 {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

#[inline]
fn digit(bytes: &[u8], at: usize) -> Option<u64> {
    let digit = bytes.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}

/// Resolves the escapes of a string whose grammar is right. `None` for a lone surrogate.
fn unescape(inner: &str) -> Option<String> {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(mark) = rest.find('\\') {
        out.push_str(rest.get(..mark)?);
        let escape = *rest.as_bytes().get(mark + 1)?;
        let mut used = mark + 2;
        out.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = hex(rest.as_bytes().get(used..used + 4)?)?;
                used += 4;
                if (0xd800..0xdc00).contains(&unit) {
                    let low = rest.as_bytes().get(used..used + 6)?;
                    let low = hex(low.strip_prefix(b"\\u")?)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    used += 6;
                    char::from_u32(0x10000 + ((unit - 0xd800) << 10) + low)?
                } else {
                    char::from_u32(unit)?
                }
            }
            itself => char::from(itself),
        });
        rest = rest.get(used..)?;
    }
    out.push_str(rest);
    Some(out)
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
    fn eight_digits_are_read_at_once() {
        for text in ["00000000", "12345678", "99999999", "90000001", "00000010"] {
            let chunk = text.as_bytes().first_chunk().expect("eight bytes");
            assert_eq!(eight_digits(chunk), text.parse().ok());
        }
        for byte in (0..=255_u8).filter(|byte| !byte.is_ascii_digit()) {
            for at in 0..8 {
                let mut chunk = *b"19028374";
                chunk[at] = byte;
                assert_eq!(eight_digits(&chunk), None, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn words_end_anywhere() {
        for length in 0..20 {
            for tail in 0..20 {
                let word = "abcdefghijklmnopqrst".get(..length).expect("ASCII");
                let text = format!("\"{word}\"{}", " ".repeat(tail));
                let mut scanner = Scanner::new(&text);
                assert_eq!(scanner.word(), Some(packed(word.as_bytes())), "{text}");
                assert!(scanner.at_end(), "{text}");
                let broken = text.replace('"', "\"\\n");
                assert_eq!(Scanner::new(&broken).word(), None, "{broken}");
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
