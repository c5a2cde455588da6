//! The threads that run callbacks: as many as are needed at a time, a few of which wait for more.
//!
//! tokio's blocking pool would do, but it wakes a thread while it holds its lock, so that the thread runs into it: five
//! system calls for a wake-up instead of two. A wake-up is what a client costs at a moderate pace.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// How many threads there may be at a time. Beyond it work waits; each client has at most one piece.
const MAX_THREADS: usize = 512;
/// How many threads wait for more work; the others end when they have none.
const MAX_IDLE: usize = 8;
/// How long a thread waits for more work.
const LINGER: Duration = Duration::from_secs(10);

/// A piece of work; may block.
pub(super) type Work = Box<dyn FnOnce() + Send>;

/// The threads of one process.
#[derive(Default)]
pub(super) struct Pool {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Work>,
    /// Those that wait, the one that came last on top: its caches are warm.
    idle: Vec<Arc<Seat>>,
    threads: usize,
}

/// Where a thread that waits is given its work.
#[derive(Default)]
struct Seat {
    work: Mutex<Option<Work>>,
    thread: OnceLock<Thread>,
}

impl Pool {
    /// Runs `work` soon, on a thread of the pool.
    ///
    /// # Errors
    /// No thread could be started and there is none that could do it later.
    pub(super) fn run(self: &Arc<Self>, work: Work) -> io::Result<()> {
        let mut state = lock(&self.state);
        if let Some(seat) = state.idle.pop() {
            // The thread must not run into this lock as soon as it wakes.
            drop(state);
            *lock(&seat.work) = Some(work);
            if let Some(thread) = seat.thread.get() {
                thread.unpark();
            }
            return Ok(());
        }
        state.queue.push_back(work);
        if state.threads == MAX_THREADS {
            return Ok(());
        }
        state.threads += 1;
        drop(state);
        let pool = Arc::clone(self);
        let builder = thread::Builder::new().name("steadywire-work".to_owned());
        #[expect(clippy::disallowed_methods, reason = "callbacks run on threads that are started here")]
        let Err(error) = builder.spawn(move || pool.work()) else { return Ok(()) };
        let mut state = lock(&self.state);
        state.threads -= 1;
        if state.threads > 0 {
            return Ok(());
        }
        state.queue.clear();
        Err(error)
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

    #[test]
    fn blocked_work_does_not_hold_up_other_work_and_threads_are_bounded() {
        let pool = Arc::new(Pool::default());
        let (open, gate) = sync_channel::<()>(0);
        let gate = Arc::new(Mutex::new(gate));
        let (done, finished) = sync_channel(2 * MAX_THREADS);
        for _ in 0..MAX_THREADS + 3 {
            let (gate, done) = (Arc::clone(&gate), done.clone());
            pool.run(Box::new(move || {
                let _ = lock(&gate).recv();
                done.send(()).unwrap();
            }))
            .unwrap();
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
        let pool = Arc::new(Pool::default());
        let (done, finished) = sync_channel(0);
        pool.run(Box::new(|| panic!("a defect"))).unwrap();
        for round in 0..100 {
            let done = done.clone();
            pool.run(Box::new(move || done.send(round).unwrap())).unwrap();
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
