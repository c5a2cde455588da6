//! The threads that run callbacks: as many as are needed at a time, a few of which wait for more.
//!
//! tokio's blocking pool would do, but it wakes a thread while it holds its lock, so that the thread runs into it: five
//! system calls for a wake-up instead of two. A wake-up is what a client costs at a moderate pace. And it panics where
//! the system has no thread to give; here work waits until it has one.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::event::Level;
use crate::log;

/// How many threads there may be at a time. Beyond it work waits; each client has at most one piece.
const MAX_THREADS: usize = 512;
/// How many threads wait for more work; the others end when they have none.
const MAX_IDLE: usize = 8;
/// How long a thread waits for more work.
const LINGER: Duration = Duration::from_secs(10);

/// How long after the system had no thread to give it is asked again.
pub(super) const RETRY: Duration = Duration::from_millis(100);

/// A piece of work; may block.
pub(super) type Work = Box<dyn FnOnce() + Send>;

/// What a pool needs of its process.
pub(super) trait Host: Send + Sync {
    /// Runs `work` on a new thread of that name.
    fn start(&self, name: &str, work: Work) -> io::Result<()>;
    /// Runs `work`, which does not block, after [`RETRY`].
    fn later(&self, work: Work);
}

/// Threads of one process that do the same sort of work.
pub(super) struct Pool {
    host: Box<dyn Host>,
    name: &'static str,
    /// What lines about it are about.
    about: &'static str,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Work>,
    /// Those that wait, the one that came last on top: its caches are warm.
    idle: Vec<Arc<Seat>>,
    threads: usize,
    /// The system had no thread to give, and is asked again later.
    retrying: bool,
}

/// Where a thread that waits is given its work.
#[derive(Default)]
struct Seat {
    work: Mutex<Option<Work>>,
    thread: OnceLock<Thread>,
}

impl Pool {
    /// A pool without threads yet, which are called `name`; what is logged of them is about `about`.
    pub(super) fn new(host: Box<dyn Host>, name: &'static str, about: &'static str) -> Arc<Self> {
        Arc::new(Self { host, name, about, state: Mutex::default() })
    }

    /// Runs `work` on a thread of the pool, as soon as there is one for it. No lock may be held: this may log.
    pub(super) fn run(self: &Arc<Self>, work: Work) {
        let mut state = lock(&self.state);
        if let Some(seat) = state.idle.pop() {
            // The thread must not run into this lock as soon as it wakes.
            drop(state);
            *lock(&seat.work) = Some(work);
            if let Some(thread) = seat.thread.get() {
                thread.unpark();
            }
            return;
        }
        state.queue.push_back(work);
        if state.threads == MAX_THREADS {
            return;
        }
        state.threads += 1;
        drop(state);
        let Err(error) = self.start() else { return };
        let mut state = lock(&self.state);
        if state.queue.is_empty() || state.retrying {
            return;
        }
        state.retrying = true;
        drop(state);
        let every = RETRY.as_millis();
        let name = self.name;
        let text = format!("no thread {name} could be started: {error}; it is tried every {every} ms, and work waits");
        log::line(Level::Error, self.about, format_args!("{text}"));
        self.retry_later();
    }

    /// Starts a thread, which counts as one already.
    fn start(self: &Arc<Self>) -> io::Result<()> {
        let pool = Arc::clone(self);
        let started = self.host.start(self.name, Box::new(move || pool.work()));
        if started.is_err() {
            lock(&self.state).threads -= 1;
        }
        started
    }

    fn retry_later(self: &Arc<Self>) {
        let pool = Arc::clone(self);
        self.host.later(Box::new(move || pool.retry()));
    }

    /// One thread for each piece that waits: any of them may block for long.
    fn retry(self: &Arc<Self>) {
        let mut wanted = lock(&self.state).queue.len();
        loop {
            let mut state = lock(&self.state);
            if wanted == 0 || state.queue.is_empty() || state.threads == MAX_THREADS {
                // The threads that there are take what waits.
                state.retrying = false;
                break;
            }
            wanted -= 1;
            state.threads += 1;
            drop(state);
            if self.start().is_err() {
                return self.retry_later();
            }
        }
        log::line(Level::Info, self.about, format_args!("threads {} can be had again; no work waits", self.name));
    }

    fn work(&self) {
        let seat = Arc::new(Seat::default());
        let _ = seat.thread.set(thread::current());
        while let Some(work) = self.next(&seat) {
            // Callbacks are guarded where they are called; what panics here is a defect, and costs no thread.
            let _ = catch_unwind(AssertUnwindSafe(work));
        }
    }

    /// The next piece of work; `None` = this thread is no longer needed.
    fn next(&self, seat: &Arc<Seat>) -> Option<Work> {
        {
            let mut state = lock(&self.state);
            if let Some(work) = state.queue.pop_front() {
                return Some(work);
            }
            if state.idle.len() == MAX_IDLE {
                state.threads -= 1;
                return None;
            }
            state.idle.push(Arc::clone(seat));
        }
        loop {
            thread::park_timeout(LINGER);
            if let Some(work) = lock(&seat.work).take() {
                return Some(work);
            }
            // Nothing for so long, or a wake-up for no reason; either way it may end unless work is on its way.
            let mut state = lock(&self.state);
            if let Some(at) = state.idle.iter().position(|idle| Arc::ptr_eq(idle, seat)) {
                state.idle.remove(at);
                state.threads -= 1;
                return None;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    /// Threads of the system.
    struct Real;

    impl Host for Real {
        #[expect(clippy::disallowed_methods, reason = "a pool is nothing without threads")]
        fn start(&self, name: &str, work: Work) -> io::Result<()> {
            thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
        }

        fn later(&self, _: Work) {
            panic!("the system had no thread to give");
        }
    }

    /// A system that has no thread to give a number of times.
    #[derive(Default)]
    struct Poor {
        failures: Mutex<usize>,
        later: Mutex<Vec<Work>>,
    }

    impl Host for Arc<Poor> {
        fn start(&self, name: &str, work: Work) -> io::Result<()> {
            let mut failures = lock(&self.failures);
            if *failures > 0 {
                *failures -= 1;
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Real.start(name, work)
        }

        fn later(&self, work: Work) {
            lock(&self.later).push(work);
        }
    }

    impl Poor {
        /// Lets the time pass after which the system is asked again. Whether somebody waited for that.
        fn pass(&self) -> bool {
            let due = std::mem::take(&mut *lock(&self.later));
            assert!(due.len() <= 1, "one who asks again is enough");
            let was_due = !due.is_empty();
            due.into_iter().for_each(|work| work());
            was_due
        }
    }

    #[test]
    fn work_waits_until_the_system_has_a_thread_for_each_piece() {
        let host = Arc::new(Poor { failures: Mutex::new(5), ..Poor::default() });
        let pool = Pool::new(Box::new(Arc::clone(&host)), "work", "callback");
        let (begun, running) = sync_channel(4);
        let (open, gate) = sync_channel::<()>(0);
        let gate = Arc::new(Mutex::new(gate));
        let block = |number| {
            let (begun, gate) = (begun.clone(), Arc::clone(&gate));
            pool.run(Box::new(move || {
                begun.send(number).unwrap();
                let _ = lock(&gate).recv();
            }));
        };
        (1..=3).for_each(block);
        assert!(host.pass() && host.pass(), "it is asked again as long as it has none");
        assert_eq!(lock(&pool.state).queue.len(), 3, "nothing is lost");
        assert!(host.pass(), "and then it has one for each");
        let mut seen = [running.recv().unwrap(), running.recv().unwrap(), running.recv().unwrap()];
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 3]);
        assert!(!host.pass(), "nothing waits any more");
        *lock(&host.failures) = 1;
        block(4);
        assert!(host.pass(), "the threads that there are may be blocked for ever");
        assert_eq!(running.recv().unwrap(), 4);
        drop(open);
    }

    #[test]
    fn blocked_work_does_not_hold_up_other_work_and_threads_are_bounded() {
        let pool = Pool::new(Box::new(Real), "work", "callback");
        let (open, gate) = sync_channel::<()>(0);
        let gate = Arc::new(Mutex::new(gate));
        let (done, finished) = sync_channel(2 * MAX_THREADS);
        for _ in 0..MAX_THREADS + 3 {
            let (gate, done) = (Arc::clone(&gate), done.clone());
            pool.run(Box::new(move || {
                let _ = lock(&gate).recv();
                done.send(()).unwrap();
            }));
        }
        assert_eq!(lock(&pool.state).threads, MAX_THREADS);
        assert!(finished.try_recv().is_err(), "everything is blocked");
        drop(open);
        for _ in 0..MAX_THREADS + 3 {
            finished.recv().unwrap();
        }
    }

    #[test]
    fn a_panic_costs_no_thread_and_few_threads_wait() {
        let pool = Pool::new(Box::new(Real), "work", "callback");
        let (done, finished) = sync_channel(0);
        pool.run(Box::new(|| panic!("a defect")));
        for round in 0..100 {
            let done = done.clone();
            pool.run(Box::new(move || done.send(round).unwrap()));
            assert_eq!(finished.recv().unwrap(), round);
            // The work is done a moment before its thread waits for more.
            let all_wait = || {
                let state = lock(&pool.state);
                state.idle.len() == state.threads
            };
            while !all_wait() {
                thread::yield_now();
            }
        }
        assert!(lock(&pool.state).threads <= 2, "threads are used again");
    }
}
