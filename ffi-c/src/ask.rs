//! Functions of the program that a client asks something: for credentials, and what an end means.
//!
//! They are asked ahead of events, on a thread of the library or where the program polls, one question at a time. A
//! newer question takes the place of one that waits. A function that has not returned is not called again: what would
//! be asked fails.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use steadywire::{Poll, net};

use crate::callback::{AskedMark, UserData};

/// A function of the program with what belongs to it.
pub(crate) struct Callback<F> {
    pub(crate) function: F,
    pub(crate) user_data: UserData,
}

/// Where questions are asked.
pub(crate) enum Place {
    /// On the library's threads.
    Pool,
    /// Where the program polls, which is known once the client is there.
    Poll(OnceLock<Poll>),
}

/// What a function is asked.
pub(crate) trait Question: Send + 'static {
    /// It cannot be asked.
    fn refuse(self, why: &str);
}

/// Asks one function of a client. `F` is the function's type, `Q` a question.
pub(crate) struct Asker<F, Q> {
    place: Arc<Place>,
    /// How the function is called.
    call: fn(&Callback<F>, Q),
    state: Mutex<State<F, Q>>,
    idle: Condvar,
}

struct State<F, Q> {
    /// `None` once the client has ended.
    callback: Option<Arc<Callback<F>>>,
    client: usize,
    question: Option<Q>,
    /// The function has not returned.
    busy: bool,
}

impl<F: Send + Sync + 'static, Q: Question> Asker<F, Q> {
    pub(crate) fn new(place: Arc<Place>, callback: Arc<Callback<F>>, call: fn(&Callback<F>, Q)) -> Arc<Self> {
        let state = State { callback: Some(callback), client: 0, question: None, busy: false };
        Arc::new(Self { place, call, state: Mutex::new(state), idle: Condvar::new() })
    }

    /// The handle of the client that asks, once it has one.
    pub(crate) fn set_client(&self, client: usize) {
        self.state().client = client;
    }

    /// Asks soon.
    pub(crate) fn ask(self: &Arc<Self>, question: Q) {
        let mut state = self.state();
        if state.busy || state.callback.is_none() {
            drop(state);
            return question.refuse("the function that is asked has not returned from an earlier question");
        }
        let replaced = state.question.replace(question);
        drop(state);
        if let Some(replaced) = replaced {
            return replaced.refuse("it was asked anew before the program came to it");
        }
        let this = Arc::clone(self);
        let run = move || this.run();
        let is_set = match &*self.place {
            Place::Pool => net::spawn_blocking(run).is_ok(),
            Place::Poll(poll) => poll.get().map(|poll| poll.run_first(run)).is_some(),
        };
        if !is_set {
            let unasked = self.state().question.take();
            if let Some(unasked) = unasked {
                unasked.refuse("there is no thread to ask on");
            }
        }
    }

    fn run(&self) {
        let (callback, question, client) = {
            let mut state = self.state();
            let (Some(question), Some(callback)) = (state.question.take(), state.callback.clone()) else { return };
            state.busy = true;
            (callback, question, state.client)
        };
        let mark = AskedMark::set(client);
        (self.call)(&callback, question);
        drop(mark);
        // The program's `drop`, if this was the last use, before anybody is told that nothing runs any more.
        drop(callback);
        self.state().busy = false;
        self.idle.notify_all();
    }

    /// Asks no more. What the program gave goes now, or when its function has returned.
    pub(crate) fn end(&self) {
        let gone = {
            let mut state = self.state();
            (state.callback.take(), state.question.take())
        };
        drop(gone);
    }

    /// Waits until the function has returned, for `time` at most. Says whether it has.
    pub(crate) fn wait(&self, time: Option<Duration>) -> bool {
        let state = self.state();
        match time {
            None => !self.idle.wait_while(state, |state| state.busy).unwrap_or_else(PoisonError::into_inner).busy,
            Some(time) => {
                let waited = self.idle.wait_timeout_while(state, time, |state| state.busy);
                !waited.unwrap_or_else(PoisonError::into_inner).0.busy
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State<F, Q>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
