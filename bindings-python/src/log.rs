//! Lines for operators, on their way to Python's `logging`.
//!
//! The core says them on its I/O thread, which must not meet the interpreter. They wait here until a thread of Python
//! fetches them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use steadywire::Level;
use steadywire::log::set_logger;
use steadywire::net::PerProcess;

/// How many lines wait. At the bound the new ones are dropped and counted: how trouble began says more than how it
/// goes on.
pub(crate) const MAX_LINES: usize = 1000;

/// A line: its level, what it is about, and the text.
type Line = (&'static str, String, String);

/// What waits in this process.
static LINES: PerProcess<Lines> = PerProcess::new(Lines::new(), Lines::new);

struct Lines {
    state: Mutex<State>,
    news: Condvar,
}

struct State {
    waiting: VecDeque<Line>,
    dropped: u64,
    ended: bool,
}

/// From now on lines wait to be fetched.
#[pyfunction]
pub(crate) fn log_begin() {
    LINES.get().lock().ended = false;
    let logger = |level: Level, about: &str, text: &str| LINES.get().push((level.name(), about, text));
    set_logger(Level::Debug, Some(Arc::new(logger)));
}

/// Waits, without the interpreter, until there are lines. Gives them, and how many had to be dropped after them; None
/// = it has ended.
#[pyfunction]
pub(crate) fn log_take(py: Python<'_>) -> Option<(Vec<Line>, u64)> {
    py.detach(|| LINES.get().take())
}

/// No more lines are kept, and whoever waits for them is told when all are fetched.
#[pyfunction]
pub(crate) fn log_end() {
    set_logger(Level::Error, None);
    let lines = LINES.get();
    lines.lock().ended = true;
    lines.news.notify_all();
}

impl Lines {
    const fn new() -> Self {
        let state = State { waiting: VecDeque::new(), dropped: 0, ended: false };
        Self { state: Mutex::new(state), news: Condvar::new() }
    }

    fn push(&self, (level, about, text): (&'static str, &str, &str)) {
        let mut state = self.lock();
        if state.waiting.len() < MAX_LINES {
            state.waiting.push_back((level, about.to_owned(), text.to_owned()));
        } else {
            state.dropped += 1;
        }
        drop(state);
        self.news.notify_one();
    }

    fn take(&self) -> Option<(Vec<Line>, u64)> {
        let nothing = |state: &mut State| state.waiting.is_empty() && state.dropped == 0 && !state.ended;
        let mut state = self.news.wait_while(self.lock(), nothing).unwrap_or_else(PoisonError::into_inner);
        let (lines, dropped) = (Vec::from(std::mem::take(&mut state.waiting)), std::mem::take(&mut state.dropped));
        let over = state.ended && lines.is_empty() && dropped == 0;
        (!over).then_some((lines, dropped))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
