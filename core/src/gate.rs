//! Something that happens once and can be waited for.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::pending::lock;

#[derive(Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    /// It has happened. Can be repeated.
    pub(crate) fn open(&self) {
        *lock(&self.open) = true;
        self.opened.notify_all();
    }

    /// Waits until it has happened, or for `time`. Says whether it has.
    pub(crate) fn wait(&self, time: Option<Duration>) -> bool {
        let open = lock(&self.open);
        match time {
            None => *self.opened.wait_while(open, |open| !*open).unwrap_or_else(PoisonError::into_inner),
            Some(time) => {
                let waited = self.opened.wait_timeout_while(open, time, |open| !*open);
                *waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}
