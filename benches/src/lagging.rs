//! A consumer that takes 10 ms per event while 5,000 progress messages a second arrive.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Plan;
use crate::child::{Child, Contestant, Role};
use crate::corpus::{Corpus, TASKS};
use crate::report::{Figures, Unit};

const RATE: u32 = 5_000;
/// What the consumer takes per event.
pub(crate) const PER_EVENT: Duration = Duration::from_millis(10);

/// What the consumer's process reports.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Lagged {
    /// Largest growth of the resident memory after the first event.
    pub(crate) growth_kib: u64,
    /// Progress events the handler was called with.
    pub(crate) handled: u64,
    /// Tasks whose outcome the handler was called with.
    pub(crate) completed: u64,
    /// From the first event to the last outcome.
    pub(crate) wall_s: f64,
}

pub(crate) fn measure(plan: &Plan, figures: &mut Figures) -> io::Result<()> {
    let events = u64::from(RATE) * plan.paced_seconds;
    // When the stream stops decides how much waits ahead of the outcomes, so once is not enough.
    for _ in 0..plan.rounds.min(3) {
        let (server, port) = Child::serve(Role::Blaster { corpus: Corpus::Progress, events, per_second: Some(RATE) })?;
        let lagged: Lagged = Child::run(Role::Laggard { port })?;
        server.finish::<()>()?;
        if lagged.completed != TASKS as u64 {
            return Err(io::Error::other(format!("void: {} of {TASKS} tasks ended", lagged.completed)));
        }
        let late = lagged.wall_s - plan.paced_seconds as f64;
        figures.add("lagging consumer, growth of memory", Unit::KiB, Contestant::Steadywire, lagged.growth_kib as f64);
        figures.add(
            "lagging consumer, last outcome after last message",
            Unit::Millis,
            Contestant::Steadywire,
            1e3 * late,
        );
        figures.add(
            "lagging consumer, share of messages handled",
            Unit::Percent,
            Contestant::Steadywire,
            100.0 * lagged.handled as f64 / events as f64,
        );
    }
    Ok(())
}
