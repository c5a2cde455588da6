//! Plays seeds and says what was wrong.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

use crate::log::Log;
use crate::subject::Sabotage;
use crate::world::{Summary, Watch, World};

/// A run in which something was wrong.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The seed of the run.
    pub seed: u64,
    /// What was wrong, and where it was noticed.
    pub what: String,
    /// The last steps.
    pub last: Vec<String>,
}

impl Violation {
    /// Everything, for people.
    pub fn report(&self) -> String {
        let steps = self.last.join("\n");
        let (seed, what) = (self.seed, &self.what);
        format!(
            "{steps}\n\nseed {seed}: {what}\nreplay: make sim SEED={seed}   (cargo run --release -p steadywire-sim -- --seed {seed})"
        )
    }
}

/// Plays a seed. One with a violation is played again for its last steps.
///
/// # Errors
/// What was wrong.
pub fn play(seed: u64, sabotage: Option<Sabotage>) -> Result<Summary, Violation> {
    attempt(seed, &Watch { sabotage, ..Watch::default() }).or_else(|_| {
        let log = Log::on();
        attempt(seed, &Watch { sabotage, log: log.clone(), ..Watch::default() }).map_err(|what| Violation {
            seed,
            what,
            last: log.lines(),
        })
    })
}

/// Plays a seed and keeps the traces of its sessions.
///
/// # Errors
/// What was wrong.
pub fn traced(seed: u64) -> Result<Summary, Violation> {
    attempt(seed, &Watch { traces: true, ..Watch::default() }).map_err(|what| Violation {
        seed,
        what,
        last: Vec::new(),
    })
}

/// Plays a seed and prints every step.
///
/// # Errors
/// What was wrong.
pub fn aloud(seed: u64) -> Result<Summary, Violation> {
    attempt(seed, &Watch { log: Log::loud(), ..Watch::default() }).map_err(|what| Violation {
        seed,
        what,
        last: Vec::new(),
    })
}

thread_local! {
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// From now on panics are not printed where they happen: [`play`] tells of them.
pub fn be_quiet() {
    panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("a panic without a text");
        let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        PANIC.with_borrow_mut(|kept| *kept = format!("{text} ({place})"));
    }));
}

fn attempt(seed: u64, watch: &Watch) -> Result<Summary, String> {
    panic::catch_unwind(AssertUnwindSafe(|| World::new(seed, watch.clone()).run())).map_err(|panic| {
        let kept = PANIC.with_borrow_mut(std::mem::take);
        if !kept.is_empty() {
            return kept;
        }
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}
