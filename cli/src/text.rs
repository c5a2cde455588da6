//! What makes text from elsewhere safe to print, and the small forms that output is made of.

use std::borrow::Cow;

/// Longest escape sequence that is skipped; what follows is text again.
///
/// Without a bound, one unfinished title sequence would swallow everything after it.
pub(crate) const MAX_ESCAPE_CHARS: usize = 4096;

/// Takes out everything by which text could drive the terminal it is printed on.
///
/// Removed are CSI, OSC, DCS, SOS, PM and APC sequences (in their 7-bit and 8-bit forms), all other
/// C0 and C1 controls except tab, and the characters that reorder or isolate text direction.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escapes = Escapes::default();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if escapes.advance(c) == Action::Print && !is_unsafe(c) {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The lines of a text from elsewhere, each cleaned. An empty text is one empty line.
///
/// A line break inside a message must not let it pose as a line of ours, so callers prefix each.
pub(crate) fn clean_lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.strip_suffix('\n').unwrap_or(text).split('\n').map(clean)
}

/// The beginning of `text`, at most `max` characters, with `…` where something is left out.
pub(crate) fn shorten(text: &str, max: usize) -> Cow<'_, str> {
    if text.chars().count() <= max {
        return Cow::Borrowed(text);
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    Cow::Owned(short)
}

/// Milliseconds since 1970 as `HH:MM:SS`, where clocks are `ahead_of_utc` milliseconds.
pub(crate) fn clock(unix_ms: i64, ahead_of_utc: i64) -> String {
    let seconds = unix_ms.saturating_add(ahead_of_utc).div_euclid(1000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A percentage without needless decimals: `42%`, `42.5%`.
pub(crate) fn percent(value: f64) -> String {
    // Rounded down, so that 99.97 never reads as 100.
    let tenths = (value * 10.0).floor() / 10.0;
    if tenths.fract() == 0.0 { format!("{tenths:.0}%") } else { format!("{tenths:.1}%") }
}

/// What the reader of a stream has to do with one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It is text or a plain control character.
    Print,
    /// It belongs to a sequence and is not text.
    Skip,
    /// It ends a CSI sequence with this first parameter (0 when absent) and final character.
    Csi(u16, char),
}

/// Finds escape sequences in a stream of characters, whatever blocks it arrives in.
///
/// Bytes that are not ASCII may be handed over as any printable character.
#[derive(Debug, Default)]
pub(crate) struct Escapes {
    state: EscapeState,
    length: usize,
    first_parameter: u16,
    first_parameter_done: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum EscapeState {
    #[default]
    Ground,
    Escape,
    Csi,
    /// OSC, DCS, SOS, PM or APC: runs to ST; BEL ends it too.
    Text,
    TextEscape,
}

impl Escapes {
    /// Takes the next character.
    pub(crate) fn advance(&mut self, c: char) -> Action {
        use EscapeState::{Csi, Escape, Ground, Text, TextEscape};
        self.length += 1;
        if self.length > MAX_ESCAPE_CHARS {
            self.state = Ground;
        }
        // A line end finishes any sequence: a broken one costs at most its own line.
        if matches!(c, '\n' | '\u{18}' | '\u{1a}') && self.state != Ground {
            self.state = Ground;
            return Action::Print;
        }
        match (self.state, c) {
            (Ground | Escape | Csi, '\u{1b}') => self.enter(Escape),
            (Ground | Escape | Csi, '\u{9b}') => self.enter(Csi),
            (Ground | Escape | Csi, '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}') => self.enter(Text),
            (Ground, _) => {
                self.length = 0;
                Action::Print
            }
            (Escape, '[') => self.enter(Csi),
            (Escape, ']' | 'P' | 'X' | '^' | '_') => self.enter(Text),
            // Intermediate characters, as in `ESC ( B`.
            (Escape, ' '..='/') => Action::Skip,
            (Escape, '0'..='~') => self.leave(Action::Skip),
            (Csi, '0'..='9') => {
                if !self.first_parameter_done {
                    let digit = c as u16 - '0' as u16;
                    self.first_parameter = self.first_parameter.saturating_mul(10).saturating_add(digit);
                }
                Action::Skip
            }
            (Csi, ' '..='?') => {
                self.first_parameter_done = true;
                Action::Skip
            }
            (Csi, '@'..='~') => self.leave(Action::Csi(self.first_parameter, c)),
            // A control character inside a sequence acts at once, as it does in a terminal.
            (Escape | Csi, '\0'..='\u{1f}') => Action::Print,
            (Escape | Csi, _) => self.leave(Action::Print),
            (Text | TextEscape, '\u{7}' | '\u{9c}') | (TextEscape, '\\') => self.leave(Action::Skip),
            (Text, '\u{1b}') => {
                self.state = TextEscape;
                Action::Skip
            }
            (TextEscape, '[') => self.enter(Csi),
            (TextEscape, _) => {
                self.state = Text;
                Action::Skip
            }
            (Text, _) => Action::Skip,
        }
    }

    fn enter(&mut self, state: EscapeState) -> Action {
        *self = Self { state, length: 1, first_parameter: 0, first_parameter_done: false };
        Action::Skip
    }

    fn leave(&mut self, action: Action) -> Action {
        self.state = EscapeState::Ground;
        self.length = 0;
        action
    }
}

fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(clean("42 % — größer\tals 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn sequences_of_every_family_go() {
        assert_eq!(clean("\u{1b}[1;31mred\u{1b}[0m"), "red");
        assert_eq!(clean("a\u{1b}]0;title\u{7}b"), "ab");
        assert_eq!(clean("a\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\b"), "alinkb");
        assert_eq!(clean("a\u{1b}P1$r0m\u{1b}\\b"), "ab");
        assert_eq!(clean("a\u{1b}_apc\u{1b}\\b\u{1b}^pm\u{1b}\\c\u{1b}Xsos\u{1b}\\d"), "abcd");
        assert_eq!(clean("a\u{1b}(Bb\u{1b}7c\u{1b}cd"), "abcd");
        assert_eq!(clean("a\u{9b}31mb\u{9d}0;t\u{9c}c\u{90}x\u{9c}d"), "abcd");
        assert_eq!(clean("\u{1b}[?25l\u{1b}[2K\u{1b}[>0qx"), "x");
    }

    #[test]
    fn controls_and_direction_marks_go_and_tab_stays() {
        assert_eq!(clean("a\u{8}\u{8}b\u{0}c\rd\ne\u{7f}f\u{85}g\th"), "abcdefg\th");
        assert_eq!(clean("\u{202e}evil\u{202c} \u{2066}x\u{2069}"), "evil x");
    }

    #[test]
    fn a_sequence_cut_short_does_not_eat_the_next_line() {
        assert_eq!(clean("a\u{1b}]0;never ends\nnext"), "anext");
        assert_eq!(clean("a\u{1b}["), "a");
        assert_eq!(clean("a\u{1b}"), "a");
    }

    #[test]
    fn a_sequence_has_a_bound() {
        let mut text = String::from("\u{1b}]");
        text.push_str(&"x".repeat(MAX_ESCAPE_CHARS + 10));
        text.push_str("end");
        let cleaned = clean(&text);
        assert!(cleaned.ends_with("end") && cleaned.len() < 20, "{cleaned}");
    }

    #[test]
    fn nothing_that_drives_a_terminal_survives_any_mixture() {
        let pieces = ["\u{1b}", "[", "]", "P", "\\", "3", "1", "m", "\u{9b}", "\u{7}", "x", "\u{9c}", "\n", ";"];
        let mut seed = 1_u32;
        for _ in 0..2000 {
            let mut text = String::new();
            for _ in 0..12 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(pieces[(seed >> 16) as usize % pieces.len()]);
            }
            assert!(!clean(&text).chars().any(is_unsafe), "{text:?}");
        }
    }

    #[test]
    fn csi_reports_its_first_parameter() {
        let mut escapes = Escapes::default();
        let actions: Vec<_> = "\u{1b}[12;3A".chars().map(|c| escapes.advance(c)).collect();
        assert_eq!(actions.last(), Some(&Action::Csi(12, 'A')));
    }

    #[test]
    fn lines_are_cleaned_one_by_one() {
        assert_eq!(clean_lines("a\u{1b}[1m\nb\r\n").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(clean_lines("").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn small_forms() {
        assert_eq!(shorten("abcdef", 4), "abc…");
        assert_eq!(shorten("abcd", 4), "abcd");
        assert_eq!(clock(1_732_000_000_000, 0), "07:06:40");
        assert_eq!(clock(0, -1000), "23:59:59");
        assert_eq!(clock(i64::MAX, 1), clock(i64::MAX, 0), "absurd times do no harm");
        assert_eq!((percent(42.0), percent(42.57), percent(99.99)), ("42%".into(), "42.5%".into(), "99.9%".into()));
    }
}
