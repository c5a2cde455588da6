//! What a client's handles, its consumer and its driver share.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::task::AtomicWaker;

use super::dial::Dialer;
use super::report::{self, Report};
use super::{clock, driver, runtime};
use crate::config::Config;
use crate::error::{Error, ErrorKind, panic_text};
use crate::event::{Batch, Event, Level, NO_KEY};
use crate::inbox::{Bell, Inbox, Interest};
use crate::log;
use crate::session::{Input, Platform, Session};

/// One client: its session, its inbox, and the way to its driver.
///
/// All methods may be called on any thread and return at once. In a forked child every one of them fails or
/// does nothing, before it touches a lock: another thread may have held it at the fork.
pub struct Shared {
    pub(super) session: Mutex<Session>,
    pub(super) inbox: Inbox,
    pub(super) waker: AtomicWaker,
    pub(super) closed: AtomicBool,
    pub(super) dialer: Arc<Dialer>,
    pub(super) report: Report,
    /// What ended the client, if that was a defect.
    defect: OnceLock<Error>,
    process: u32,
}

impl Shared {
    /// A client for `config` and its driver on the process-wide runtime.
    ///
    /// # Errors
    /// A value in `config` is out of its bounds, or the runtime could not be started.
    pub fn start(config: Config) -> Result<Arc<Self>, Error> {
        let providers = (config.credentials.clone(), config.classify.clone());
        let shared = Arc::new(Self::new(config, std::process::id())?);
        runtime::handle()?.spawn(driver::drive(Arc::clone(&shared), providers));
        Ok(shared)
    }

    /// A client that nobody drives.
    #[cfg(test)]
    pub(crate) fn undriven(config: Config) -> Arc<Self> {
        Arc::new(Self::new(config, std::process::id()).unwrap())
    }

    fn new(config: Config, process: u32) -> Result<Self, Error> {
        config.validate()?;
        let dialer = Arc::new(Dialer::new(&config)?);
        let inbox = Inbox::new(config.max_pending_events, config.max_pending_bytes, config.conflate);
        let seed = config.seed.unwrap_or_else(clock::random_seed);
        let platform = Platform {
            credentials: config.credentials.is_some(),
            classify: config.classify.is_some(),
            ..Platform::default()
        };
        let session = Session::on(platform, config, seed, clock::random_nonce())?;
        Ok(Self {
            session: Mutex::new(session),
            inbox,
            waker: AtomicWaker::new(),
            closed: AtomicBool::new(false),
            dialer,
            report: Report::default(),
            defect: OnceLock::new(),
            process,
        })
    }

    /// Tells the session what happened and passes on what it makes of it.
    ///
    /// # Errors
    /// Misuse, in which case nothing has changed; [`ErrorKind::Forked`] in a forked child;
    /// [`ErrorKind::Closed`] after [`close`](Self::close), [`ErrorKind::Internal`] after a defect.
    pub fn input(&self, input: Input<'_>) -> Result<(), Error> {
        self.check_process()?;
        let (result, ring, lines) = {
            let mut session = lock(&self.session);
            // Under the lock: what comes behind the close would never be answered.
            self.check()?;
            let closes = matches!(input, Input::Close);
            let now = clock::now();
            let result = session.handle_input(now, input);
            self.closed.fetch_or(closes, Ordering::Release);
            let lines = self.report.look(&mut session);
            (result, self.inbox.store(session.batch(), now.mono_ms).ring, lines)
        };
        report::tell(lines);
        if ring {
            self.inbox.ring();
        }
        self.waker.wake();
        result
    }

    /// Reads something of the session under its lock.
    ///
    /// # Errors
    /// [`ErrorKind::Forked`] in a forked child.
    pub fn read<R>(&self, look: impl FnOnce(&Session) -> R) -> Result<R, Error> {
        self.check_process()?;
        Ok(look(&lock(&self.session)))
    }

    /// Puts an event of the consumer's own, such as a failed callback, behind what waits.
    pub fn emit(&self, event: Event<'_>) {
        if self.check_process().is_ok() {
            let mut batch = Batch::new();
            batch.push(NO_KEY, event);
            self.inbox.push(&mut batch, clock::mono_ms());
        }
    }

    /// Takes the first `max` entries that wait; what `into` holds is forgotten. True = more is waiting, and
    /// the bell will not ring for it.
    pub fn take(&self, into: &mut Batch, max: usize) -> bool {
        if self.check_process().is_err() {
            into.clear();
            return false;
        }
        let taken = self.inbox.take(into, max, clock::mono_ms());
        if taken.resume {
            self.waker.wake();
        }
        taken.more
    }

    /// Sets what is called when events begin to wait; see [`Inbox::set_bell`].
    pub fn set_bell(&self, bell: Option<Bell>) {
        if self.check_process().is_ok() {
            self.inbox.set_bell(bell);
        }
    }

    /// What the consumer wants to hear of. At first nothing but states, outcomes and settlements.
    pub fn interest(&self) -> &Interest {
        self.inbox.interest()
    }

    /// The inbox, for its statistics.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Frees the client: cuts the link, settles what waits and ends the driver. Can be repeated.
    pub fn close(&self) {
        // Closed already, or of another process: nothing is left to be done.
        let _ = self.input(Input::Close);
    }

    /// The driver has panicked: settles all that is open and refuses what comes (rule END-8).
    pub(super) fn fail(&self, panic: &str) {
        let text = format!("the client ended for a defect in this library: {panic}; make a new one, and report this");
        log::line(Level::Error, "link", format_args!("{text}"));
        let _ = self.defect.set(Error::new(ErrorKind::Internal, text.as_str()));
        let told = catch_unwind(AssertUnwindSafe(|| {
            let mut session = lock(&self.session);
            self.closed.store(true, Ordering::Release);
            let now = clock::now();
            session.fail(now, &text);
            let _ = self.inbox.store(session.batch(), now.mono_ms);
        }));
        if let Err(again) = told {
            let why = panic_text(&*again);
            log::line(Level::Error, "link", format_args!("not all that was open could be settled: {why}"));
        }
        // Whether or not it was due: the bell may be what panicked.
        let _ = catch_unwind(AssertUnwindSafe(|| self.inbox.ring()));
    }

    fn check(&self) -> Result<(), Error> {
        self.check_process()?;
        if let Some(defect) = self.defect.get() {
            return Err(defect.clone());
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(ErrorKind::Closed, "the client has been closed; make a new one"));
        }
        Ok(())
    }

    pub(crate) fn check_process(&self) -> Result<(), Error> {
        if self.process == std::process::id() {
            return Ok(());
        }
        let text = "the client was made before this process was forked off; make a new one in the child";
        Err(Error::new(ErrorKind::Forked, text))
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("inbox", &self.inbox).finish_non_exhaustive()
    }
}

/// The session validates before it changes, and a panic in it is a defect that must not spread as poison.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_forked_child_nothing_touches_a_lock() {
        let other = std::process::id() + 1;
        let shared = Shared::new(Config::new("ws://localhost/"), other).unwrap();
        let held = lock(&shared.session);
        let forked = |result: Result<(), Error>| assert_eq!(result.unwrap_err().kind(), ErrorKind::Forked);
        forked(shared.input(Input::Connect { ticket: 1, task: None }));
        forked(shared.read(|_| ()));
        shared.close();
        assert!(!shared.take(&mut Batch::new(), 1));
        drop(held);
    }

    #[test]
    fn a_call_that_waits_for_the_session_while_it_is_closed_is_refused() {
        for _ in 0..50 {
            let shared = Arc::new(Shared::new(Config::new("ws://localhost/"), std::process::id()).unwrap());
            let mut session = lock(&shared.session);
            let calling = Arc::clone(&shared);
            let (sender, begun) = std::sync::mpsc::channel();
            #[allow(clippy::disallowed_methods, reason = "a test may have a thread of its own")]
            let call = std::thread::spawn(move || {
                sender.send(()).unwrap();
                calling.input(Input::Connect { ticket: 1, task: None })
            });
            begun.recv().unwrap();
            // Most of the time the call waits for the lock by now.
            (0..100).for_each(|_| std::thread::yield_now());
            session.handle_input(clock::now(), Input::Close).unwrap();
            shared.closed.store(true, Ordering::Release);
            drop(session);
            assert_eq!(call.join().unwrap().unwrap_err().kind(), ErrorKind::Closed, "nothing would ever settle it");
        }
    }
}
