//! One task's events as a sequence that ends with its outcome.

mod queue;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

pub(crate) use queue::Queue;
pub use queue::{FOLLOW_MAX_BYTES, FOLLOW_MAX_EVENTS};

use crate::dispatch::in_callback_of;
use crate::error::{Error, ErrorKind};
use crate::event::{ErrorEvent, ErrorSource, Event};
use crate::net;
use crate::pending::{Owner, would_deadlock};
use crate::session::LeaseId;

/// The events of one task, in order, ending after its outcome: a `complete`, an `error` of source task, or a `lost`.
///
/// Made by [`Client::follow`](crate::Client::follow). A [`Stream`], an iterator that blocks, and the calls below; mix
/// them as you like. While it lives the task is wanted and the client is kept alive; dropping it gives both up.
///
/// It has a queue of its own, bounded by [`FOLLOW_MAX_EVENTS`] and [`FOLLOW_MAX_BYTES`], so a `Follow` that nobody
/// reads stalls nobody. Above half of a bound the latest progress replaces the one that waits; at the bound the oldest
/// log lines go, and an `overflow` event in their place says how many. The outcome always arrives.
pub struct Follow {
    task: String,
    queue: Arc<Queue>,
    owner: Arc<dyn Follower>,
    lease: LeaseId,
    /// `next_blocking` has said that it would never end.
    refused: bool,
}

/// What a [`Follow`] needs of its client.
pub(crate) trait Follower: Owner {
    /// Takes its queue off the dispatcher and ends its lease.
    fn unfollow(&self, lease: LeaseId);
}

impl Follow {
    pub(crate) fn new(task: String, queue: Arc<Queue>, owner: Arc<dyn Follower>, lease: LeaseId) -> Self {
        Self { task, queue, owner, lease, refused: false }
    }

    /// The task.
    pub fn task_id(&self) -> &str {
        &self.task
    }

    /// The next event; `None` after the outcome. Dropping the future loses no event.
    #[allow(clippy::should_implement_trait, reason = "as StreamExt::next, without the import")]
    pub fn next(&mut self) -> impl Future<Output = Option<Event<'static>>> + '_ {
        poll_fn(|cx| self.queue.poll(cx))
    }

    /// Waits for the next event; `None` after the outcome.
    ///
    /// Where nothing can arrive it returns what waits already, then one `error` event of source callback, then `None`:
    /// inside a callback of the same client with code `would_deadlock`, in a forked child with code `forked`.
    pub fn next_blocking(&mut self) -> Option<Event<'static>> {
        match self.next_at_most(None) {
            Ok(event) => event,
            Err(_) if self.refused => None,
            Err(error) => {
                self.refused = true;
                Some(Event::Error(ErrorEvent {
                    source: ErrorSource::Callback,
                    code: error.kind().name().into(),
                    message: error.message().to_owned().into(),
                    task_id: Some(self.task.clone().into()),
                    data: None,
                    fatal: false,
                    timestamp: net::now().wall_ms,
                    synthetic: false,
                }))
            }
        }
    }

    /// Waits for the next event for `time` at most; `None` after the outcome.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] when the time is over, [`ErrorKind::WouldDeadlock`] inside a callback of the same client,
    /// [`ErrorKind::Forked`] in a forked child. None of them loses an event.
    pub fn next_timeout(&mut self, time: Duration) -> Result<Option<Event<'static>>, Error> {
        self.next_at_most(Some(time))
    }

    /// The next event if it is there already. `None` says nothing about the end; see [`has_ended`](Self::has_ended).
    pub fn try_next(&mut self) -> Option<Event<'static>> {
        self.queue.try_next()
    }

    /// Whether the outcome has been taken out: nothing will follow.
    pub fn has_ended(&self) -> bool {
        self.queue.has_ended()
    }

    /// What ends the sequence from another thread: a call that waits for the next event returns, and nothing comes any
    /// more. The task stays wanted until the follow is dropped.
    pub fn stopper(&self) -> impl Fn() + Send + Sync + 'static {
        let (queue, owner) = (Arc::clone(&self.queue), Arc::clone(&self.owner));
        move || {
            queue.stop();
            if let Some(turns) = owner.turns() {
                turns.poke();
            }
        }
    }

    fn next_at_most(&mut self, time: Option<Duration>) -> Result<Option<Event<'static>>, Error> {
        if let Some(event) = self.queue.try_next() {
            return Ok(Some(event));
        }
        if self.queue.has_ended() {
            return Ok(None);
        }
        if in_callback_of(self.owner.id()) {
            return Err(would_deadlock());
        }
        self.owner.check()?;
        let timed_out = || Error::new(ErrorKind::Timeout, format!("no event of task {} came in time", self.task));
        let time = match self.owner.turns() {
            Some(turns) => {
                turns.run_until(time, || self.queue.has_news())?;
                Some(Duration::ZERO)
            }
            None => time,
        };
        self.queue.wait(time).ok_or_else(timed_out)
    }
}

impl Stream for Follow {
    type Item = Event<'static>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.queue.poll(cx)
    }
}

/// Blocks for each event, as [`Follow::next_blocking`].
impl IntoIterator for Follow {
    type Item = Event<'static>;
    type IntoIter = FollowIter;

    fn into_iter(self) -> FollowIter {
        FollowIter(self)
    }
}

/// The iterator over a [`Follow`]; each step is a [`Follow::next_blocking`].
#[derive(Debug)]
pub struct FollowIter(Follow);

impl Iterator for FollowIter {
    type Item = Event<'static>;

    fn next(&mut self) -> Option<Event<'static>> {
        self.0.next_blocking()
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.owner.unfollow(self.lease);
    }
}

impl fmt::Debug for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow").field("task", &self.task).field("ended", &self.has_ended()).finish_non_exhaustive()
    }
}
