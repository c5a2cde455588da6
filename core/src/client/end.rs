//! Clients whose callbacks run where the program polls, and how clients end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Client, Inner};
use crate::config::Config;
use crate::dispatch::{Poll, Turns, in_callback_of};
use crate::error::{Error, ErrorKind};
use crate::event::{ErrorEvent, ErrorSource, Event, EventKind, Level};
use crate::log;
use crate::net;
use crate::pending::would_deadlock;

impl Client {
    /// As [`new`](Self::new), but callbacks run where [`Poll::run`] is called, not on the library's threads: for
    /// programs with a loop of their own. `wake` is called on any thread whenever callbacks become due and when the
    /// client ends, now and then once too often; it must return quickly and had better only wake that loop.
    ///
    /// Calls that wait run callbacks too. What listeners hold is dropped by `Poll::run`, by [`end`](Self::end), or by
    /// the drop of the last handle.
    ///
    /// ```no_run
    /// use std::sync::mpsc::sync_channel;
    /// use std::time::Duration;
    /// use steadywire::{Client, Config, EventKind};
    ///
    /// let (bell, rung) = sync_channel(1);
    /// let (client, poll) = Client::polled(Config::new("ws://127.0.0.1:8080/ws"), move || drop(bell.try_send(())))?;
    /// client.on(EventKind::Complete, |event| println!("{}", event.to_json()));
    /// drop(client.connect(Some("build-7")));
    /// while rung.recv().is_ok() {
    ///     while poll.run(Some(Duration::ZERO))? {}
    /// }
    /// # Ok::<(), steadywire::Error>(())
    /// ```
    ///
    /// # Errors
    /// As with `new`.
    pub fn polled(config: Config, wake: impl Fn() + Send + Sync + 'static) -> Result<(Self, Poll), Error> {
        let turns = Arc::new(Turns::new(wake));
        let client = Self::with_turns(config, Some(Arc::clone(&turns)))?;
        Ok((client, Poll::new(turns)))
    }

    /// Ends the client as the drop of the last handle does, though others may be left: no callback starts any more,
    /// listeners are dropped, and the client disconnects in the background. Later calls, and those that still wait,
    /// fail with [`ErrorKind::Closed`]; follows end with `lost`. Never blocks.
    pub fn end(&self) {
        self.inner.end();
    }

    /// Ends the client and waits until nothing of it is left: no callback runs, what listeners held has been dropped,
    /// the outbox is written as far as can be in 3 s, and the link is closed.
    ///
    /// # Errors
    /// [`ErrorKind::WouldDeadlock`] inside a callback of this client, [`ErrorKind::Timeout`] when `time` is over (the
    /// client ends all the same; it can be waited for again), [`ErrorKind::Forked`] in a forked child.
    pub fn end_wait(&self, time: Option<Duration>) -> Result<(), Error> {
        let dispatch = &self.inner.dispatch;
        let runs_here = dispatch.source.turns().is_some_and(|turns| turns.is_running_here());
        if in_callback_of(dispatch.id()) || runs_here {
            return Err(would_deadlock());
        }
        dispatch.source.check_process()?;
        self.end();
        let started = net::now().mono_ms;
        let left = || time.map(|time| time.saturating_sub(Duration::from_millis(net::now().mono_ms - started)));
        if dispatch.quiet.wait(left()) && dispatch.source.wait_closed(left()) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Timeout, "the client has not ended in time; it goes on to end"))
    }

    /// Tells that a callback of the program failed, as the library itself tells of one that panicked: for bindings, whose
    /// callbacks fail in ways of their own. It is counted, logged, and an `error` event of source callback behind what
    /// waits; of a listener for errors (`kind`), it is only counted and logged, or it would never end.
    pub fn callback_failed(&self, kind: Option<EventKind>, message: &str) {
        let dispatch = &self.inner.dispatch;
        dispatch.counters.failed(message);
        log::line(Level::Error, "callback", format_args!("{message}"));
        if kind != Some(EventKind::Error) {
            self.consumer().emit(Event::Error(ErrorEvent {
                source: ErrorSource::Callback,
                code: ErrorKind::CallbackFailed.name().into(),
                message: message.into(),
                task_id: None,
                data: None,
                fatal: false,
                timestamp: net::now().wall_ms,
                synthetic: false,
            }));
        }
    }

    /// The cursors of all tasks as a JSON object, ready for the option `cursors` of a later client, which then goes on
    /// where this one was.
    pub fn cursors(&self) -> Value {
        self.consumer().cursors()
    }
}

impl Inner {
    pub(super) fn end(&self) {
        if self.dispatch.source.check_process().is_err() {
            // A forked child touches nothing that a thread of its parent may have held.
            return;
        }
        // In this order: nothing new begins, nothing more is told, and only then all is settled that is open.
        let is_first = self.dispatch.source.begin_end();
        if let Some(turns) = self.dispatch.source.turns() {
            // First, or a thread that polls would do what is left, and this would not wait for it.
            turns.close();
        }
        self.dispatch.end();
        if is_first {
            self.dispatch.source.go_on_to_end();
        }
        if let Some(turns) = self.dispatch.source.turns() {
            turns.finish(self.dispatch.work());
        }
    }
}
