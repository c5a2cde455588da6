//! Plain lines, for files, pipes and other programs' terminals.

use std::io::{self, Write};
use std::time::Duration;

use steadywire::Event;

use super::Screen;
use super::model::{Model, Note};

/// Writes a line for each thing that happened.
pub(crate) struct Plain<W> {
    out: W,
}

impl<W: Write> Plain<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Screen for Plain<W> {
    fn event(&mut self, event: &Event<'_>, model: &mut Model, now: Duration) -> io::Result<()> {
        let mut text = String::new();
        model.event(event, now, &mut |note| {
            let (Note::Line(line) | Note::Progress(line) | Note::Link(line) | Note::Outcome(line)) = note;
            text.push_str(&line);
            text.push('\n');
        });
        if text.is_empty() {
            return Ok(());
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    fn draw(&mut self, _model: &Model, _now: Duration) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _model: &Model, _now: Duration) -> io::Result<()> {
        self.out.flush()
    }
}
