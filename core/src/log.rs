//! What an operator wants to read: why a link was lost, when it is tried again, what was given up, which callback
//! failed. For the whole process, and for nobody until somebody listens.
//!
//! Nothing that is logged holds credentials. With the feature `tracing` all of it goes to the `tracing` facade too.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use crate::event::Level;
use crate::net::PerProcess;
use crate::pending::lock;

/// Is called with each line: its level, what it is about (`link`, `outbox` or `callback`) and the text.
///
/// On any thread, also on several at once and on the one that does the I/O of all clients: it must return quickly and
/// call nothing of this crate.
pub type Logger = Arc<dyn Fn(Level, &str, &str) + Send + Sync>;

/// No level is as high.
const OFF: u8 = Level::Error as u8 + 1;

/// The lowest level that somebody listens to, here or in the process that this one was forked off.
static LOWEST: AtomicU8 = AtomicU8::new(OFF);

static LOGGER: PerProcess<Mutex<Option<Logger>>> = PerProcess::new(Mutex::new(None), || Mutex::new(None));

/// Passes lines of `lowest` or above to `logger` from now on, instead of to the one before; `None` = to nobody. A
/// forked child begins with nobody.
///
/// The one before may still be called by threads that are about to; it is dropped by the last of them.
pub fn set_logger(lowest: Level, logger: Option<Logger>) {
    let mut place = lock(LOGGER.get());
    LOWEST.store(if logger.is_some() { lowest as u8 } else { OFF }, Ordering::Relaxed);
    let old = std::mem::replace(&mut *place, logger);
    // What it holds is dropped without the lock.
    drop(place);
    drop(old);
}

/// Whether anybody listens to lines of that level.
pub(crate) fn is_enabled(level: Level) -> bool {
    cfg!(feature = "tracing") || level as u8 >= LOWEST.load(Ordering::Relaxed)
}

/// Passes a line on. No lock may be held: this calls the program.
pub(crate) fn line(level: Level, target: &'static str, text: fmt::Arguments<'_>) {
    // What the program does there must not end the thread that does the I/O; and there is nobody left to tell.
    let _ = catch_unwind(AssertUnwindSafe(|| pass(level, target, text)));
}

fn pass(level: Level, target: &'static str, text: fmt::Arguments<'_>) {
    #[cfg(feature = "tracing")]
    match level {
        Level::Debug => tracing::debug!(about = target, "{text}"),
        Level::Info => tracing::info!(about = target, "{text}"),
        Level::Warn => tracing::warn!(about = target, "{text}"),
        Level::Error => tracing::error!(about = target, "{text}"),
    }
    if (level as u8) < LOWEST.load(Ordering::Relaxed) {
        return;
    }
    let logger = lock(LOGGER.get()).clone();
    if let Some(logger) = logger {
        logger(level, target, &text.to_string());
    }
}
