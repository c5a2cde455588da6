//! What one run of the dispatcher works with. It belongs to the run alone, so nothing in it needs a lock.

use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use super::held::Held;
use super::registry::{Listener, Route};
use super::{Dispatch, Source};
use crate::error::{Error, ErrorKind, panic_text};
use crate::event::{
    Batch, ErrorEvent, ErrorSource, Event, EventKind, Item, Level, LostReason, Outcome, OutcomeKind, Settlement,
};
use crate::inbox::Interest;
use crate::log;
use crate::session::{Now, Ticket};

/// The first batch. A batch should take about as long as an event may become stale: events in the inbox can still be
/// replaced by newer ones, events in a batch cannot.
const FIRST_BATCH: usize = 64;
/// The largest batch: the inbox hands over its whole buffer.
const MAX_BATCH: usize = 65_536;
/// A full batch that took less doubles the next one.
const FAST_MS: u64 = 5;
/// A batch that took more halves the next one.
const SLOW_MS: u64 = 10;

const KINDS: usize = EventKind::Overflow as usize + 1;

pub(super) struct Drain {
    batch: Batch,
    size: usize,
    callbacks: Callbacks,
}

/// How a batch ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ran {
    More,
    Empty,
    Ended,
}

/// Whom to call.
#[derive(Default)]
struct Callbacks {
    listeners: Vec<Listener>,
    /// Indexes into `listeners`, in the order of their numbers.
    by_kind: [Vec<usize>; KINDS],
    routes: HashMap<String, Vec<Route>>,
    held: Held,
    now: Now,
}

impl Default for Drain {
    fn default() -> Self {
        Self { batch: Batch::new(), size: FIRST_BATCH, callbacks: Callbacks::default() }
    }
}

impl Drain {
    /// Takes a batch out of the inbox and delivers it.
    pub(super) fn run_batch<S: Source + 'static>(&mut self, dispatch: &Dispatch<S>) -> Ran {
        if dispatch.has_ended() {
            return Ran::Ended;
        }
        let callbacks = &mut self.callbacks;
        callbacks.now = dispatch.source.now();
        if let Some(unheard) = callbacks.held.expire(callbacks.now.mono_ms) {
            log_all_unheard(&unheard);
            dispatch.registry.end_grace();
            dispatch.update_interest();
        }
        // The changes first: a follow is registered before its events can come.
        let more = dispatch.source.take(&mut self.batch, self.size);
        callbacks.apply_changes(dispatch);
        let taken = self.batch.len();
        for item in self.batch.iter() {
            callbacks.apply_changes(dispatch);
            if dispatch.has_ended() {
                return Ran::Ended;
            }
            match item {
                Item::Event(event) => callbacks.offer(dispatch, &event),
                Item::Settled(ticket, settlement) => callbacks.settle(dispatch, ticket, settlement),
            }
        }
        callbacks.apply_changes(dispatch);
        self.batch.clear();
        let took = dispatch.source.now().mono_ms.saturating_sub(callbacks.now.mono_ms);
        dispatch.counters.batch_took(took);
        self.resize(taken, took);
        if more { Ran::More } else { Ran::Empty }
    }

    /// Drops what the program gave, and fails those who still wait.
    pub(super) fn end<S: Source + 'static>(mut self, dispatch: &Dispatch<S>) {
        let (listeners, new_routes) = dispatch.registry.take_changes();
        let routes = std::mem::take(&mut self.callbacks.routes);
        for route in routes.into_values().flatten().chain(new_routes) {
            guarded(dispatch, || route.queue.finish(&lost(&route.task, self.callbacks.now)));
        }
        drop_quietly((self, listeners));
        let error = Error::new(ErrorKind::Closed, "the client was freed while the answer was awaited");
        guarded(dispatch, || dispatch.waiters.fail_all(&error));
    }

    fn resize(&mut self, taken: usize, took_ms: u64) {
        if took_ms > SLOW_MS {
            self.size = (self.size / 2).max(1);
        } else if taken == self.size && took_ms < FAST_MS {
            self.size = (self.size * 2).min(MAX_BATCH);
        }
    }
}

impl Callbacks {
    /// Hands an event to everyone who wants it, or sees to it that it is not missed unseen.
    fn offer<S: Source + 'static>(&mut self, dispatch: &Dispatch<S>, event: &Event<'_>) {
        if self.deliver(dispatch, event) {
            dispatch.counters.delivered.fetch_add(1, Ordering::Relaxed);
        } else if self.held.is_active() {
            self.held.keep(event);
        } else if let Event::Error(error) = event {
            log_unheard(error);
        }
    }

    /// Whether anybody got it.
    fn deliver<S: Source + 'static>(&mut self, dispatch: &Dispatch<S>, event: &Event<'_>) -> bool {
        let mut heard = self.route(dispatch, event);
        let kind = event.kind();
        let mut failed = Vec::new();
        for &index in &self.by_kind[kind as usize] {
            let listener = &mut self.listeners[index];
            if !listener.alive.load(Ordering::Acquire) || dispatch.has_ended() {
                continue;
            }
            if listener.once {
                if !dispatch.registry.remove(listener.id) {
                    continue;
                }
                dispatch.update_interest();
            }
            heard = true;
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (listener.handler)(event))) {
                failed.push(panic);
            }
        }
        for panic in failed {
            self.report_panic(dispatch, kind, panic);
        }
        heard
    }

    /// Passes the event to the follows of its task. Outcomes come to them as settlements, exactly once.
    fn route<S: Source + 'static>(&self, dispatch: &Dispatch<S>, event: &Event<'_>) -> bool {
        if self.routes.is_empty() || is_outcome(event) {
            return false;
        }
        let Some(routes) = event.task_id().and_then(|task| self.routes.get(task)) else { return false };
        for route in routes.iter().filter(|route| route.alive.load(Ordering::Acquire)) {
            guarded(dispatch, || route.queue.push(event));
        }
        true
    }

    fn settle<S: Source + 'static>(&mut self, dispatch: &Dispatch<S>, ticket: Ticket, settlement: &Settlement) {
        match settlement {
            Settlement::Connected(result) => {
                if dispatch.registry.end_connect(ticket, result.is_ok()) {
                    self.held.begin(self.now.mono_ms);
                }
                dispatch.update_interest();
            }
            Settlement::Outcome(outcome) => {
                let routes = self.routes.get(&outcome.task_id);
                if let Some(route) = routes.and_then(|routes| routes.iter().find(|route| route.lease == ticket)) {
                    guarded(dispatch, || route.queue.finish(outcome));
                    return;
                }
            }
            Settlement::Disconnected => {
                // No callback starts after it: a consumer that comes now hears of what comes now.
                log_all_unheard(&self.held.end());
                dispatch.registry.end_grace();
                dispatch.update_interest();
            }
            Settlement::Flushed | Settlement::Receipt(_) => {}
        }
        guarded(dispatch, || dispatch.waiters.settle(ticket, settlement));
    }

    fn apply_changes<S: Source + 'static>(&mut self, dispatch: &Dispatch<S>) {
        if !dispatch.registry.has_changed() {
            return;
        }
        let (listeners, routes) = dispatch.registry.take_changes();
        let dead = self.listeners.extract_if(.., |listener| !listener.alive.load(Ordering::Acquire));
        drop_quietly(dead.collect::<Vec<_>>());
        self.listeners.extend(listeners);
        for kind in EventKind::ALL {
            let wants =
                |(index, listener): (usize, &Listener)| (listener.kinds & Interest::bit(*kind) != 0).then_some(index);
            self.by_kind[*kind as usize] = self.listeners.iter().enumerate().filter_map(wants).collect();
        }
        self.routes.retain(|_, routes| {
            routes.retain(|route| route.alive.load(Ordering::Acquire));
            !routes.is_empty()
        });
        for route in routes {
            self.routes.entry(route.task.clone()).or_default().push(route);
        }
        if let Some(held) = self.held.take() {
            for item in held.iter() {
                if let Item::Event(event) = item {
                    self.offer(dispatch, &event);
                }
            }
        }
    }

    /// A panic in a callback is an error event; one in an error listener is only logged, or it would never end.
    fn report_panic<S: Source + 'static>(
        &mut self,
        dispatch: &Dispatch<S>,
        kind: EventKind,
        panic: Box<dyn Any + Send>,
    ) {
        let message = format!("a listener for {} panicked: {}", kind.name(), panic_text(&*panic));
        drop_quietly(panic);
        let error = ErrorEvent {
            source: ErrorSource::Callback,
            code: Cow::Borrowed(ErrorKind::CallbackFailed.name()),
            message: message.into(),
            task_id: None,
            data: None,
            fatal: false,
            timestamp: self.now.wall_ms,
            synthetic: false,
        };
        dispatch.counters.failed(&error.message);
        log::line(Level::Error, "callback", format_args!("{}", error.message));
        if kind != EventKind::Error {
            self.deliver(dispatch, &Event::Error(error));
        }
    }
}

/// Passes something to those who wait for it. It wakes them, and a waker is code of the program's executor.
fn guarded<S, R>(dispatch: &Dispatch<S>, pass: impl FnOnce() -> R) {
    if catch_unwind(AssertUnwindSafe(pass)).is_err() {
        dispatch.counters.panics.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a follow ends with when its client does.
fn lost(task: &str, now: Now) -> Outcome {
    Outcome {
        task_id: task.to_owned(),
        kind: OutcomeKind::Lost,
        data: "null".to_owned(),
        message: String::new(),
        code: String::new(),
        reason: Some(LostReason::Closed),
        timestamp: now.wall_ms,
        synthetic: false,
    }
}

/// Whether the event tells that a task ended.
fn is_outcome(event: &Event<'_>) -> bool {
    match event {
        Event::Complete(_) | Event::Lost(_) => true,
        Event::Error(error) => error.source == ErrorSource::Task && error.fatal,
        _ => false,
    }
}

/// Drops what came from the program, whose `drop` may panic.
fn drop_quietly(value: impl Sized) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}

fn log_all_unheard(batch: &Batch) {
    for item in batch.iter() {
        if let Item::Event(Event::Error(error)) = item {
            log_unheard(&error);
        }
    }
}

fn log_unheard(error: &ErrorEvent<'_>) {
    if error.source != ErrorSource::Task {
        let level = if error.fatal { Level::Error } else { Level::Warn };
        log::line(level, "link", format_args!("{} ({}; nobody listens to errors)", error.message, error.code));
    }
}
