//! Callbacks that run where the program wants them: on the thread that polls.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::Work;
use crate::error::{Error, ErrorKind};
use crate::net;
use crate::pending::{lock, would_deadlock};

/// Runs the callbacks of one client on the thread that calls [`run`](Self::run). Made with the client by
/// [`Client::polled`](crate::Client::polled).
///
/// Calls that wait, as [`Pending::wait`](crate::Pending::wait) and [`Follow::next_blocking`](crate::Follow), run what
/// is due too. Does not keep the client alive.
#[derive(Clone)]
pub struct Poll {
    turns: Arc<Turns>,
}

/// One who waits looks again after this long, in milliseconds.
const MAX_SLEEP_MS: u64 = 60_000;

/// What waits for a thread that polls.
pub(crate) struct Turns {
    state: Mutex<State>,
    /// Something waits, or somebody has stopped running.
    changed: Condvar,
    wake: Box<dyn Fn() + Send + Sync>,
    process: u32,
}

#[derive(Default)]
struct State {
    /// What goes first: questions for credentials. One per question that is open, of which a client has one.
    first: VecDeque<Work>,
    /// A dispatcher has at most one run.
    runs: VecDeque<Work>,
    runner: Option<ThreadId>,
    /// Somebody is in [`Poll::run`], perhaps waiting.
    polled: bool,
    /// Nothing more comes, and only the one who ends the client begins to run what is left.
    ending: bool,
    /// What comes last has been added.
    finished: bool,
}

impl Poll {
    pub(crate) fn new(turns: Arc<Turns>) -> Self {
        Self { turns }
    }

    /// Runs the callbacks that are due; where none is, waits for `time` at most until one is (`None` = for as long as
    /// it takes). Says whether any work was done. At most about 50 ms of callbacks are run at a time; more is left
    /// then, see [`is_due`](Self::is_due).
    ///
    /// # Errors
    /// [`ErrorKind::Closed`] once the client has ended, also where that was while this waited; a call in which callbacks
    /// ran says so, and the next one says `Closed`. [`ErrorKind::InvalidState`] while another thread is in it, or runs
    /// callbacks in a call that waits;
    /// [`ErrorKind::WouldDeadlock`] inside a callback; [`ErrorKind::Forked`] in a forked child.
    pub fn run(&self, time: Option<Duration>) -> Result<bool, Error> {
        self.turns.poll(time)
    }

    /// Whether [`run`](Self::run) has something to say at once: a callback is due, or the client has ended.
    pub fn is_due(&self) -> bool {
        self.turns.check().is_ok() && lock(&self.turns.state).is_due()
    }

    /// Runs `work` as a callback is, before all that is due. Dropped uncalled in a forked child.
    pub fn run_first(&self, work: impl FnOnce() + Send + 'static) {
        self.turns.add_first(Box::new(work));
    }
}

impl Turns {
    /// `wake` is called, without a lock and on any thread, whenever something begins to wait.
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), wake: Box::new(wake), process: std::process::id() }
    }

    pub(crate) fn add(&self, run: Work) {
        self.change(|state| state.runs.push_back(run));
    }

    fn add_first(&self, work: Work) {
        self.change(|state| state.first.push_back(work));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        if self.check().is_err() {
            return;
        }
        let mut state = lock(&self.state);
        if state.ending {
            // What comes now was begun before the last run, which has done its work or will.
            return;
        }
        change(&mut state);
        drop(state);
        self.changed.notify_all();
        (self.wake)();
    }

    /// Something that a waiting call waits for may have happened.
    pub(crate) fn poke(&self) {
        if self.check().is_ok() {
            // Under the lock, or it could come between the look of one who waits and his sleep.
            let state = lock(&self.state);
            self.changed.notify_all();
            drop(state);
        }
    }

    fn poll(&self, time: Option<Duration>) -> Result<bool, Error> {
        self.check()?;
        let mut state = lock(&self.state);
        let this = thread::current().id();
        if state.runner == Some(this) {
            return Err(would_deadlock());
        }
        if state.ending {
            return Err(ended());
        }
        if state.runner.is_some() || state.polled {
            return Err(Error::new(
                ErrorKind::InvalidState,
                "another thread polls this client, or runs its callbacks in a call that waits",
            ));
        }
        state.polled = true;
        let idle = |state: &mut State| !state.can_run() && !state.ending;
        let mut state = match time {
            None => self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner),
            Some(time) => {
                let waited = self.changed.wait_timeout_while(state, time, idle);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        state.polled = false;
        if state.ending {
            return Err(ended());
        }
        // A call that waits may have taken what was due.
        if !state.can_run() {
            return Ok(false);
        }
        let runs = state.runs.len();
        self.run(state, runs);
        Ok(true)
    }

    /// Runs what is due, and waits for more, until `done` or for `time` at most. Says which. `done` is asked under a
    /// lock: it must not come back here.
    pub(crate) fn run_until(&self, time: Option<Duration>, mut done: impl FnMut() -> bool) -> Result<bool, Error> {
        self.check()?;
        let this = thread::current().id();
        let deadline = time.map(|time| net::now().mono_ms.saturating_add(millis(time)));
        loop {
            let state = lock(&self.state);
            if done() {
                return Ok(true);
            }
            if state.runner == Some(this) {
                return Err(would_deadlock());
            }
            if state.can_run() {
                self.run(state, 1);
                continue;
            }
            let left = deadline.map(|deadline| deadline.saturating_sub(net::now().mono_ms));
            if left == Some(0) {
                return Ok(false);
            }
            let time = Duration::from_millis(left.unwrap_or(MAX_SLEEP_MS).min(MAX_SLEEP_MS));
            drop(self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Whether this thread runs something here.
    pub(crate) fn is_running_here(&self) -> bool {
        self.check().is_ok() && lock(&self.state).runner == Some(thread::current().id())
    }

    /// Nothing more comes, and who polls is told so.
    pub(crate) fn close(&self) {
        if self.check().is_err() {
            return;
        }
        let mut state = lock(&self.state);
        if std::mem::replace(&mut state.ending, true) {
            return;
        }
        drop(state);
        self.changed.notify_all();
        (self.wake)();
    }

    /// Nobody polls any more: what waits is run here, and then `last`, unless a thread runs callbacks now, which then
    /// does it. What is added later is dropped uncalled: a thread that has rung but not come to add its run would
    /// leave it where nobody comes by.
    pub(crate) fn finish(&self, last: Work) {
        if self.check().is_err() {
            return;
        }
        self.close();
        let mut state = lock(&self.state);
        if std::mem::replace(&mut state.finished, true) {
            return;
        }
        state.runs.push_back(last);
        if state.runner.is_none() {
            self.run(state, usize::MAX);
        }
    }

    /// Runs `runs` runs, at most, and all that goes first.
    fn run<'a>(&'a self, mut state: MutexGuard<'a, State>, mut runs: usize) {
        state.runner = Some(thread::current().id());
        loop {
            let work = state.first.pop_front().or_else(|| {
                let may_run = runs > 0 || state.ending;
                runs = runs.saturating_sub(1);
                may_run.then(|| state.runs.pop_front()).flatten()
            });
            let Some(work) = work else { break };
            drop(state);
            // A defect must not leave this client without a runner.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            state = lock(&self.state);
            self.changed.notify_all();
        }
        state.runner = None;
    }

    fn check(&self) -> Result<(), Error> {
        if self.process == std::process::id() {
            return Ok(());
        }
        let text = "the client was made before this process was forked off; make a new one in the child";
        Err(Error::new(ErrorKind::Forked, text))
    }
}

fn ended() -> Error {
    Error::new(ErrorKind::Closed, "the client has ended; nothing is called any more")
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl State {
    fn has_work(&self) -> bool {
        !self.first.is_empty() || !self.runs.is_empty()
    }

    fn is_due(&self) -> bool {
        self.has_work() || self.ending
    }

    fn can_run(&self) -> bool {
        self.runner.is_none() && !self.ending && self.has_work()
    }
}

impl fmt::Debug for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poll").field("is_due", &self.is_due()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
