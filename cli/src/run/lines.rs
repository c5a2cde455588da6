//! Cuts the output of a command into finished lines and into updates of the line being drawn.

use crate::text::{Action, Escapes, clean};

/// Longest line, in bytes; a longer one is cut into several entries.
pub(crate) const MAX_LINE_BYTES: usize = 8 * 1024;

/// How many lines a command can announce to draw again by moving the cursor up.
const MAX_REDRAWN_ROWS: u16 = 500;

/// A part of the output. The text is free of terminal escapes and of white space at its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A line that stays on the screen.
    Line {
        /// The text, possibly empty.
        text: &'a str,
        /// The cursor was moved up before, so this may be a line that was there already.
        redrawn: bool,
    },
    /// The line being drawn, as it stands now; more of them or a `Line` will replace it.
    Update(&'a str),
}

/// Cuts one stream; blocks may end anywhere, also inside a character or an escape sequence.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    escapes: Escapes,
    line: Vec<u8>,
    /// The cursor went back to the first column and nothing was written since.
    at_start: bool,
    /// This row was written over, erased or cut: when it ends empty, it is no empty line.
    touched: bool,
    /// This row is one that is written over, so its unfinished text is worth a look.
    animated: bool,
    redrawn_rows: u16,
}

impl Splitter {
    /// Takes the next block.
    pub(crate) fn feed(&mut self, bytes: &[u8], emit: &mut impl FnMut(Piece<'_>)) {
        for &byte in bytes {
            // Only ASCII takes part in sequences; any other byte stands for some printable character.
            let c = if byte.is_ascii() { char::from(byte) } else { '\u{a0}' };
            match self.escapes.advance(c) {
                Action::Skip => self.touched = true,
                Action::Csi(count, last) => self.control(count, last, emit),
                Action::Print => self.print(byte, emit),
            }
        }
        if self.animated || self.at_start {
            self.show(emit);
        }
    }

    /// Takes what stands in a line that never ended.
    pub(crate) fn finish(&mut self, emit: &mut impl FnMut(Piece<'_>)) {
        if !self.line.is_empty() {
            self.end_line(emit);
        }
    }

    fn print(&mut self, byte: u8, emit: &mut impl FnMut(Piece<'_>)) {
        match byte {
            b'\n' => self.end_line(emit),
            b'\r' => self.at_start = true,
            0x08 => {
                self.touched = true;
                while self.line.pop().is_some_and(|last| last & 0xc0 == 0x80) {}
            }
            b'\t' | b' '.. => {
                if self.at_start {
                    self.replace(emit);
                }
                self.line.push(byte);
                if self.line.len() >= MAX_LINE_BYTES {
                    self.cut(emit);
                }
            }
            _ => self.touched = true,
        }
    }

    fn control(&mut self, count: u16, last: char, emit: &mut impl FnMut(Piece<'_>)) {
        self.touched = true;
        match (last, count) {
            ('A' | 'F', rows) => {
                self.replace(emit);
                self.redrawn_rows = self.redrawn_rows.saturating_add(rows.max(1)).min(MAX_REDRAWN_ROWS);
            }
            ('G', 0 | 1) => self.at_start = true,
            ('K', 2) => self.replace(emit),
            ('K', 0) if self.at_start => self.replace(emit),
            ('J', _) => self.replace(emit),
            _ => {}
        }
    }

    /// The row is about to be drawn anew.
    fn replace(&mut self, emit: &mut impl FnMut(Piece<'_>)) {
        self.show(emit);
        self.line.clear();
        self.at_start = false;
        self.touched = true;
        self.animated = true;
    }

    fn show(&self, emit: &mut impl FnMut(Piece<'_>)) {
        with_text(&self.line, |text| {
            if !text.is_empty() {
                emit(Piece::Update(text));
            }
        });
    }

    fn end_line(&mut self, emit: &mut impl FnMut(Piece<'_>)) {
        let redrawn = self.redrawn_rows > 0;
        let touched = self.touched;
        with_text(&self.line, |text| {
            if !text.is_empty() || !touched {
                emit(Piece::Line { text, redrawn });
            }
        });
        self.line.clear();
        self.at_start = false;
        self.touched = false;
        self.animated = false;
        self.redrawn_rows = self.redrawn_rows.saturating_sub(1);
    }

    /// Emits a line that has reached the bound, and keeps a character that is not complete.
    fn cut(&mut self, emit: &mut impl FnMut(Piece<'_>)) {
        let end = complete_prefix(&self.line);
        let redrawn = self.redrawn_rows > 0;
        with_text(&self.line[..end], |text| emit(Piece::Line { text, redrawn }));
        self.line.drain(..end);
        self.touched = true;
    }
}

fn with_text(bytes: &[u8], use_text: impl FnOnce(&str)) {
    let text = String::from_utf8_lossy(bytes);
    use_text(clean(&text).trim_end());
}

/// The length without a UTF-8 sequence at the end that lacks bytes.
fn complete_prefix(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let at = bytes.len() - back;
        let needed = match bytes[at] {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            0x80..=0xbf => continue,
            _ => 1,
        };
        return if needed > back { at } else { bytes.len() };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `L:` a line, `R:` a line that may be a repetition, `U:` an update.
    fn pieces(blocks: &[&[u8]]) -> Vec<String> {
        let mut all = Vec::new();
        let mut emit = |piece: Piece<'_>| match piece {
            Piece::Line { text, redrawn: false } => all.push(format!("L:{text}")),
            Piece::Line { text, redrawn: true } => all.push(format!("R:{text}")),
            Piece::Update(text) => all.push(format!("U:{text}")),
        };
        let mut splitter = Splitter::default();
        for block in blocks {
            splitter.feed(block, &mut emit);
        }
        splitter.finish(&mut emit);
        all
    }

    fn lines_only(blocks: &[&[u8]]) -> Vec<String> {
        pieces(blocks).into_iter().filter(|piece| !piece.starts_with('U')).collect()
    }

    #[test]
    fn both_line_ends_and_the_unfinished_last_line() {
        assert_eq!(
            lines_only(&[b"one\ntwo\r\n\r\nthr", b"ee\r", b"\nlast"]),
            ["L:one", "L:two", "L:", "L:three", "L:last"]
        );
        assert_eq!(lines_only(&[b"python\r\r\nx\n"]), ["L:python", "L:x"]);
        assert!(pieces(&[b""]).is_empty());
    }

    #[test]
    fn bars_with_the_return_behind() {
        assert_eq!(
            pieces(&[b"10%\r", b"20%\r", b"done\n"]),
            ["U:10%", "U:10%", "U:20%", "U:20%", "L:done"],
            "each state is seen when its block ends and when it is replaced"
        );
    }

    #[test]
    fn bars_with_the_return_before() {
        assert_eq!(pieces(&[b"\r10%", b"\r20%", b"\n"]), ["U:10%", "U:10%", "U:20%", "L:20%"]);
    }

    #[test]
    fn an_erased_bar_is_no_line() {
        assert_eq!(
            pieces(&[b"   Building [=>  ] 1/2: a\r\x1b[K   Compiling b\r\n"]),
            ["U:   Building [=>  ] 1/2: a", "L:   Compiling b"]
        );
        assert_eq!(pieces(&[b"50%\r\x1b[K\n"]), ["U:50%"]);
        assert_eq!(pieces(&[b"50%\x1b[2K\x1b[1Gdone\n"]), ["U:50%", "L:done"]);
        assert!(lines_only(&[b"\x1b[0m\n"]).is_empty(), "a row of escapes only is not an empty line");
    }

    #[test]
    fn rows_drawn_again_are_marked() {
        assert_eq!(
            lines_only(&[b"a 1\nb 1\n\x1b[2A\x1b[2Ka 2\n\x1b[2Kb 1\nc\n"]),
            ["L:a 1", "L:b 1", "R:a 2", "R:b 1", "L:c"]
        );
    }

    #[test]
    fn the_count_of_rows_has_a_bound() {
        let mut splitter = Splitter::default();
        splitter.feed(b"\x1b[9999A\x1b[9999A", &mut |_| {});
        assert_eq!(splitter.redrawn_rows, MAX_REDRAWN_ROWS);
    }

    #[test]
    fn backspaces_take_characters_back() {
        assert_eq!(lines_only(&[b"a|\x08/\x08-\x08b\n", "ö\u{8}u\n".as_bytes()]), ["L:ab", "L:u"]);
    }

    #[test]
    fn a_long_line_is_cut_at_the_bound_between_characters() {
        let mut text = "x".repeat(MAX_LINE_BYTES - 1);
        text.push_str("äend\n");
        let found = lines_only(&[text.as_bytes()]);
        assert_eq!(found[0].len(), 2 + MAX_LINE_BYTES - 1);
        assert_eq!(found[1..], ["L:äend"]);

        let exact = "y".repeat(MAX_LINE_BYTES) + "\nz\n";
        assert_eq!(lines_only(&[exact.as_bytes()]).len(), 2, "no empty entry after a full one");
    }

    #[test]
    fn bytes_that_are_no_text_never_stop_it() {
        assert_eq!(lines_only(&[b"a\xff\xfeb\n"]), ["L:a\u{fffd}\u{fffd}b"]);
        let garbage = vec![0x80_u8; 3 * MAX_LINE_BYTES];
        assert_eq!(lines_only(&[&garbage]).len(), 3);
    }

    #[test]
    fn the_result_does_not_depend_on_the_blocks() {
        let stream = "\u{1b}[32mgrün\u{1b}[0m\r\n10%\r20%\r\u{1b}[Kend\n\u{1b}]0;t\u{7}tail".as_bytes();
        let whole = lines_only(&[stream]);
        for at in 0..stream.len() {
            assert_eq!(lines_only(&[&stream[..at], &stream[at..]]), whole, "cut at {at}");
        }
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(lines_only(&single), whole);
    }
}
