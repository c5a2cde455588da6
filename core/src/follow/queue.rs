//! Where the events of one task wait for one reader.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::event::{Complete, ErrorEvent, ErrorSource, Event, Lost, LostReason, Outcome, OutcomeKind, Overflow};
use crate::pending::lock;

/// How many events wait for a [`Follow`](crate::Follow).
pub const FOLLOW_MAX_EVENTS: usize = 10_000;

/// How many bytes of events wait for a [`Follow`](crate::Follow); one event alone may exceed it.
pub const FOLLOW_MAX_BYTES: usize = 16 << 20;

/// So many places of taken-out events may stand between waiting ones before they are closed up.
const GAPS_MIN: usize = 64;

/// A bounded queue between the dispatcher and one reader.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    ready: Condvar,
}

/// Positions are absolute: the one at the front of `entries` is `base`.
#[derive(Default)]
struct State {
    entries: VecDeque<Option<Event<'static>>>,
    base: u64,
    live: usize,
    bytes: usize,
    /// The latest progress that waits.
    progress: Option<u64>,
    /// What may be dropped, oldest first.
    droppable: VecDeque<u64>,
    overflowed: u64,
    outcome: Option<Event<'static>>,
    finished: bool,
    waker: Option<Waker>,
}

impl Queue {
    /// Adds an event. Never blocks; at a bound something older goes.
    pub(crate) fn push(&self, event: &Event<'_>) {
        self.change(|state| {
            if !state.finished {
                state.push(event.clone().into_owned());
            }
        });
    }

    /// Adds the last event. Later pushes are ignored.
    pub(crate) fn finish(&self, outcome: &Outcome) {
        self.change(|state| {
            if !state.finished {
                state.finished = true;
                state.outcome = Some(event_of(outcome));
            }
        });
    }

    /// Ends it here: what waits is forgotten and nothing comes any more.
    pub(crate) fn stop(&self) {
        self.change(|state| *state = State { finished: true, waker: state.waker.take(), ..State::default() });
    }

    pub(crate) fn has_news(&self) -> bool {
        lock(&self.state).has_news()
    }

    pub(crate) fn try_next(&self) -> Option<Event<'static>> {
        lock(&self.state).pop()
    }

    /// Whether everything has been taken out and nothing will come.
    pub(crate) fn has_ended(&self) -> bool {
        lock(&self.state).has_ended()
    }

    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Event<'static>>> {
        let mut state = lock(&self.state);
        if let Some(event) = state.pop() {
            return Poll::Ready(Some(event));
        }
        if state.has_ended() {
            return Poll::Ready(None);
        }
        match &mut state.waker {
            Some(known) => known.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Blocks for the next event: `Some(None)` is the end, `None` means the time is over.
    pub(crate) fn wait(&self, time: Option<Duration>) -> Option<Option<Event<'static>>> {
        let state = lock(&self.state);
        let mut state = match time {
            None => self.ready.wait_while(state, |state| !state.has_news()).unwrap_or_else(PoisonError::into_inner),
            Some(time) => {
                let waited = self.ready.wait_timeout_while(state, time, |state| !state.has_news());
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        match state.pop() {
            Some(event) => Some(Some(event)),
            None if state.has_ended() => Some(None),
            None => None,
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let waker = {
            let mut state = lock(&self.state);
            change(&mut state);
            state.waker.take()
        };
        self.ready.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl State {
    fn has_ended(&self) -> bool {
        self.finished && !self.has_event()
    }

    fn has_event(&self) -> bool {
        self.live > 0 || self.overflowed > 0 || self.outcome.is_some()
    }

    fn has_news(&self) -> bool {
        self.has_event() || self.finished
    }

    fn push(&mut self, event: Event<'static>) {
        let position = self.base + self.entries.len() as u64;
        let is_progress = matches!(event, Event::Progress(_));
        let lags = self.live > FOLLOW_MAX_EVENTS / 2 || self.bytes > FOLLOW_MAX_BYTES / 2;
        if let Some(waiting) = self.progress.filter(|_| is_progress && lags) {
            self.remove(waiting);
        }
        if is_progress {
            self.progress = Some(position);
        }
        if matches!(event, Event::Log(_) | Event::Message(_) | Event::Heartbeat(_)) {
            self.droppable.push_back(position);
        }
        self.live += 1;
        self.bytes += weight(&event);
        self.entries.push_back(Some(event));
        while self.live > FOLLOW_MAX_EVENTS || (self.bytes > FOLLOW_MAX_BYTES && self.live > 1) {
            // Without log lines the oldest of the rest goes: a reader who lets 10,000 status events wait does not
            // read, and must not cost more memory than the bound.
            let oldest = self.droppable.pop_front().unwrap_or_else(|| self.oldest());
            self.remove(oldest);
            self.overflowed += 1;
        }
        if self.entries.len() > 2 * self.live + GAPS_MIN {
            self.close_gaps();
        }
    }

    fn pop(&mut self) -> Option<Event<'static>> {
        if self.overflowed > 0 {
            let count = std::mem::take(&mut self.overflowed);
            return Some(Event::Overflow(Cow::Owned(Overflow { count })));
        }
        while let Some(entry) = self.entries.pop_front() {
            let position = self.base;
            self.base += 1;
            let Some(event) = entry else { continue };
            self.live -= 1;
            self.bytes -= weight(&event);
            if self.droppable.front() == Some(&position) {
                self.droppable.pop_front();
            }
            if self.progress == Some(position) {
                self.progress = None;
            }
            return Some(event);
        }
        self.outcome.take()
    }

    fn oldest(&self) -> u64 {
        let gaps = self.entries.iter().take_while(|entry| entry.is_none()).count();
        self.base + gaps as u64
    }

    fn remove(&mut self, position: u64) {
        let entry = usize::try_from(position - self.base).ok().and_then(|index| self.entries.get_mut(index));
        if let Some(event) = entry.and_then(Option::take) {
            self.live -= 1;
            self.bytes -= weight(&event);
        }
        if self.progress == Some(position) {
            self.progress = None;
        }
    }

    fn close_gaps(&mut self) {
        let waiting = std::mem::take(&mut self.entries);
        self.base = 0;
        self.progress = None;
        self.droppable.clear();
        for event in waiting.into_iter().flatten() {
            let position = self.entries.len() as u64;
            match event {
                Event::Progress(_) => self.progress = Some(position),
                Event::Log(_) | Event::Message(_) | Event::Heartbeat(_) => self.droppable.push_back(position),
                _ => {}
            }
            self.entries.push_back(Some(event));
        }
    }
}

/// The event that an outcome is told as.
fn event_of(outcome: &Outcome) -> Event<'static> {
    let task_id = outcome.task_id.clone();
    match outcome.kind {
        OutcomeKind::Complete => Event::Complete(Complete {
            task_id: task_id.into(),
            timestamp: outcome.timestamp,
            data: outcome.data.clone().into(),
            synthetic: outcome.synthetic,
        }),
        OutcomeKind::Error => Event::Error(ErrorEvent {
            source: ErrorSource::Task,
            code: outcome.code.clone().into(),
            message: outcome.message.clone().into(),
            task_id: Some(task_id.into()),
            data: Some(outcome.data.clone().into()),
            fatal: true,
            timestamp: outcome.timestamp,
            synthetic: outcome.synthetic,
        }),
        OutcomeKind::Lost => {
            let reason = outcome.reason.unwrap_or(LostReason::Closed);
            Event::Lost(Cow::Owned(Lost { task_id, reason }))
        }
    }
}

/// What an event weighs against the bound in bytes.
fn weight(event: &Event<'_>) -> usize {
    let texts = match event {
        Event::Progress(e) => e.task_id.len() + e.stage.len() + e.message.len(),
        Event::Log(e) => e.task_id.len() + e.message.len() + e.metadata.as_ref().map_or(0, |text| text.len()),
        Event::Status(e) => e.task_id.len() + e.data.len(),
        Event::Complete(e) => e.task_id.len() + e.data.len(),
        Event::Error(e) => e.code.len() + e.message.len() + e.data.as_ref().map_or(0, |text| text.len()),
        Event::Message(e) => e.task_id.len() + e.kind.len() + e.raw.len(),
        _ => 0,
    };
    size_of::<Event<'_>>() + texts
}

#[cfg(test)]
mod tests;
