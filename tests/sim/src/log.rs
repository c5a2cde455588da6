//! The last steps of a run in readable form, for who has to understand a violation.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// How many lines are kept.
const KEPT: usize = 50;

/// How long a line may be.
const WIDTH: usize = 900;

/// What happened last. Its copies share the lines, so that they outlive a panic.
#[derive(Clone, Debug, Default)]
pub struct Log {
    lines: Rc<RefCell<VecDeque<String>>>,
    on: bool,
    /// Lines are printed as they come.
    loud: bool,
}

impl Log {
    /// A log that keeps nothing.
    pub fn off() -> Self {
        Self::default()
    }

    /// A log that keeps the last lines.
    pub fn on() -> Self {
        Self { on: true, ..Self::default() }
    }

    /// A log that prints every line too.
    pub fn loud() -> Self {
        Self { on: true, loud: true, ..Self::default() }
    }

    /// Whether lines are wanted.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Adds a line; what it says is made only where lines are wanted.
    pub fn line(&self, text: impl FnOnce() -> String) {
        if !self.on {
            return;
        }
        let mut text = text();
        if text.len() > WIDTH {
            let end = (0..=WIDTH).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
            text.truncate(end);
            text.push_str(" ...");
        }
        if self.loud {
            println!("{text}");
        }
        let mut lines = self.lines.borrow_mut();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(text);
    }

    /// The lines that were kept.
    pub fn lines(&self) -> Vec<String> {
        self.lines.borrow().iter().cloned().collect()
    }
}
