//! The handle that people hold.

mod end;
mod then;

use std::fmt;
use std::sync::{Arc, Weak};

use serde_json::Value;

use crate::config::Config;
use crate::consumer::Consumer;
use crate::dispatch::{ALL_KINDS, Dispatch, Turns};
use crate::error::Error;
use crate::event::{Event, EventKind, Outcome, Receipt, Settlement, State};
use crate::follow::{Follow, Follower, Queue};
use crate::inbox::Interest;
use crate::message::{Message, check_task};
use crate::pending::{Owner, Pending, Waiters};
use crate::reporter::Reporter;
use crate::session::{LeaseId, LeaseKind, Ticket};

/// A connection to one server that restores itself, and the tasks followed and reported over it.
///
/// Cheap to clone; all clones are one client. Every call may be made on any thread, in any state and inside callbacks,
/// begins at once and does not block; what takes time answers with a [`Pending`].
///
/// # Callbacks
///
/// Listeners run on a thread of the library's dispatch pool, one at a time per client, in the order of the events,
/// never on the thread that reads the network. A listener that panics is counted and reported as an `error` event of
/// source callback; nothing else changes. A slow listener delays only its client: the latest progress of each task
/// then replaces the one that waits, see [`Conflate`](crate::Conflate).
///
/// Events that come in the first second after a connect are kept for listeners that are added then.
///
/// # The end
///
/// Every clone, [`Pending`], [`Follow`] and [`Reporter`] keeps the client alive. When the last one is dropped no
/// callback starts any more, and the client disconnects in the background: where the link is up, the outbox is still
/// written, for at most 3 s. A listener that holds a clone of its own client keeps it alive for ever: give it a
/// [`WeakClient`] instead, see [`downgrade`](Self::downgrade).
///
/// ```no_run
/// use steadywire::{Client, Config, Event, EventKind};
///
/// let client = Client::new(Config::new("ws://127.0.0.1:8080/ws"))?;
/// client.on(EventKind::Progress, |event| {
///     if let Event::Progress(progress) = event {
///         println!("{} {:.0} %", progress.task_id, progress.progress);
///     }
/// });
/// let outcome = client.wait("build-7")?.wait()?;
/// println!("{:?}: {}", outcome.kind, outcome.data);
/// # Ok::<(), steadywire::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

/// A handle that does not keep its client alive; for callbacks that call back.
#[derive(Clone, Debug)]
pub struct WeakClient {
    inner: Weak<Inner>,
}

/// Names a listener, to take it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

struct Inner {
    dispatch: Arc<Dispatch<Consumer>>,
}

impl Client {
    /// Makes a client that does nothing yet; no connection is made before a call asks for one.
    ///
    /// # Errors
    /// An option with a value it cannot take, by name; or no thread for the runtime to be had.
    pub fn new(config: Config) -> Result<Self, Error> {
        Self::with_turns(config, None)
    }

    fn with_turns(config: Config, turns: Option<Arc<Turns>>) -> Result<Self, Error> {
        let dispatch = Dispatch::new(Consumer::without_bell(config, turns)?);
        let weak = Arc::downgrade(&dispatch);
        dispatch.source.set_bell(Box::new(move || {
            if let Some(dispatch) = weak.upgrade() {
                dispatch.ring();
            }
        }));
        Ok(Self { inner: Arc::new(Inner { dispatch }) })
    }

    /// Connects, or joins a connect that is under way, and subscribes to `task` if one is given. Answered once the
    /// link is up, without waiting for the server's answer to the subscription; while connected, at once.
    ///
    /// # Errors
    /// The answer is an error when the attempts are used up, the server refuses for good, or
    /// [`disconnect`](Self::disconnect) is called.
    pub fn connect(&self, task: Option<&str>) -> Pending<()> {
        let begin = |consumer: &Consumer, ticket| {
            task.map_or(Ok(()), check_task)?;
            consumer.connect(ticket, task)
        };
        self.call(read_connected, self.connecting(begin)).unwrap_or_else(Pending::failed)
    }

    /// Drops the link and dials now; without a link the same as [`connect`](Self::connect).
    ///
    /// # Errors
    /// As with `connect`.
    pub fn reconnect(&self) -> Pending<()> {
        self.call(read_connected, self.connecting(Consumer::reconnect)).unwrap_or_else(Pending::failed)
    }

    /// Writes the outbox if the link is up (at most 3 s), closes the link, ends what is open: tasks as `lost`,
    /// messages as dropped. Answered when everything before it has been delivered; no callback starts after that
    /// until the next [`connect`](Self::connect).
    pub fn disconnect(&self) -> Pending<()> {
        self.call(read_disconnected, Consumer::disconnect).unwrap_or_else(Pending::failed)
    }

    /// Wants a task until [`unsubscribe`](Self::unsubscribe). Does not connect.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for a task id that is empty or longer than
    /// 1024 bytes.
    pub fn subscribe(&self, task: &str) -> Result<(), Error> {
        check_task(task)?;
        self.consumer().subscribe(task)
    }

    /// No longer wants a task; follows and waits of it go on. No event tells of it.
    ///
    /// # Errors
    /// As with `subscribe`.
    pub fn unsubscribe(&self, task: &str) -> Result<(), Error> {
        check_task(task)?;
        self.consumer().unsubscribe(task)
    }

    /// Sends a message, now or as soon as there is a link. The [`Receipt`] says what became of it; it need not be
    /// waited for.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for a message that makes no sense,
    /// [`ErrorKind::QueueFull`](crate::ErrorKind::QueueFull) when the outbox has no room for it; the message has not
    /// been taken then.
    #[allow(clippy::needless_pass_by_value, reason = "a message is built to be sent")]
    pub fn send(&self, message: Message) -> Result<Pending<Receipt>, Error> {
        self.call(read_receipt, |consumer, ticket| consumer.send(ticket, message.draft()?))
    }

    /// Answered when every message sent before has its receipt.
    pub fn flush(&self) -> Pending<()> {
        self.call(read_flushed, Consumer::flush).unwrap_or_else(Pending::failed)
    }

    /// The events of one task as a stream and iterator that ends with its outcome. Connects and subscribes, patiently:
    /// attempts are unlimited unless the configuration says otherwise. Of the last 1,024 outcomes, one that is known
    /// already comes at once.
    ///
    /// ```no_run
    /// # use steadywire::{Client, Config};
    /// # let client = Client::new(Config::new("ws://127.0.0.1:8080/ws"))?;
    /// for event in client.follow("build-7")? {
    ///     println!("{}", event.to_json());
    /// }
    /// # Ok::<(), steadywire::Error>(())
    /// ```
    ///
    /// # Errors
    /// As with `subscribe`.
    pub fn follow(&self, task: &str) -> Result<Follow, Error> {
        check_task(task)?;
        let lease = self.consumer().number();
        let queue = Arc::new(Queue::default());
        // The queue first: its events may come before the call returns.
        self.inner.dispatch.registry.follow(lease, task, queue.clone());
        self.inner.dispatch.update_interest();
        let follow = Follow::new(task.to_owned(), queue, self.inner.clone(), lease);
        self.consumer().lease(lease, task, LeaseKind::Follow)?;
        self.after_adding();
        Ok(follow)
    }

    /// The outcome of a task: complete, error or lost, as a value. Connects and subscribes as
    /// [`follow`](Self::follow). Dropping the [`Pending`] stops wanting the task.
    ///
    /// # Errors
    /// As with `subscribe`.
    pub fn wait(&self, task: &str) -> Result<Pending<Outcome>, Error> {
        check_task(task)?;
        let lease = self.consumer().number();
        let slot = self.inner.waiters().expect(lease);
        let pending = Pending::new(self.inner.clone(), lease, slot, true, read_outcome);
        self.consumer().lease(lease, task, LeaseKind::Wait)?;
        Ok(pending)
    }

    /// Reports a task to the server, as its worker. Connects, patiently.
    ///
    /// # Errors
    /// As with `subscribe`.
    pub fn report(&self, task: &str) -> Result<Reporter, Error> {
        check_task(task)?;
        let lease = self.consumer().number();
        self.consumer().lease(lease, task, LeaseKind::Report)?;
        Ok(Reporter::new(self.clone(), task.to_owned(), lease))
    }

    /// Calls `handler` for every event of a kind from now on.
    pub fn on(&self, kind: EventKind, handler: impl FnMut(&Event<'_>) + Send + 'static) -> ListenerId {
        self.listen(Some(kind), false, |_| {}, handler)
    }

    /// Calls `handler` for every event of any kind.
    pub fn on_any(&self, handler: impl FnMut(&Event<'_>) + Send + 'static) -> ListenerId {
        self.listen(None, false, |_| {}, handler)
    }

    /// Calls `handler` for the next event of a kind, and never again.
    pub fn once(&self, kind: EventKind, handler: impl FnMut(&Event<'_>) + Send + 'static) -> ListenerId {
        self.listen(Some(kind), true, |_| {}, handler)
    }

    /// As [`on`](Self::on) and [`once`](Self::once), of any kind where none is given. `tell` is called with the
    /// listener's number before the listener can be: for bindings, whose listeners may want to take themselves off.
    pub fn listen(
        &self,
        kind: Option<EventKind>,
        once: bool,
        tell: impl FnOnce(ListenerId),
        handler: impl FnMut(&Event<'_>) + Send + 'static,
    ) -> ListenerId {
        let registry = &self.inner.dispatch.registry;
        let id = registry.number();
        tell(ListenerId(id));
        registry.add_as(id, kind.map_or(ALL_KINDS, Interest::bit), once, Box::new(handler));
        self.inner.dispatch.update_interest();
        self.after_adding();
        ListenerId(id)
    }

    /// Takes a listener off: no call of it begins after this. A call that is under way on another thread goes on; what
    /// the listener holds is dropped after it. False where it was off already.
    #[allow(clippy::must_use_candidate, reason = "most callers know")]
    pub fn off(&self, listener: ListenerId) -> bool {
        let removed = self.inner.dispatch.registry.remove(listener.0);
        if removed {
            self.inner.dispatch.update_interest();
            self.inner.dispatch.ring();
        }
        removed
    }

    /// The connection's state now. Events that tell of it may still be waiting.
    pub fn state(&self) -> State {
        self.consumer().state()
    }

    /// The latest connected or subscribed task that is still wanted.
    pub fn current_task_id(&self) -> Option<String> {
        self.consumer().current_task_id()
    }

    /// What the client counts, as a JSON object with the names every language uses: the session's counters, and under
    /// `inbox` and `callbacks` those of delivery.
    pub fn stats(&self) -> Value {
        let mut stats = self.consumer().stats();
        if let Some(map) = stats.as_object_mut() {
            let mut callbacks = self.inner.dispatch.counters.to_json();
            let (listeners, follows) = self.inner.dispatch.registry.counts();
            callbacks["listeners"] = listeners.into();
            callbacks["follows"] = follows.into();
            callbacks["waiting"] = self.inner.waiters().len().into();
            map.insert("callbacks".to_owned(), callbacks);
        }
        stats
    }

    /// [`stats`](Self::stats) as text.
    pub fn stats_json(&self) -> String {
        self.stats().to_string()
    }

    /// Ends the client at once: the link is cut, what waits is answered and told. Later calls fail with
    /// [`ErrorKind::Closed`](crate::ErrorKind::Closed). For a polite end there is [`disconnect`](Self::disconnect).
    pub fn close(&self) {
        self.consumer().close();
    }

    /// A handle that does not keep the client alive.
    ///
    /// ```no_run
    /// # use steadywire::{Client, Config, EventKind};
    /// # let client = Client::new(Config::new("ws://127.0.0.1:8080/ws"))?;
    /// let weak = client.downgrade();
    /// client.on(EventKind::Complete, move |_| {
    ///     if let Some(client) = weak.upgrade() {
    ///         drop(client.disconnect());
    ///     }
    /// });
    /// # Ok::<(), steadywire::Error>(())
    /// ```
    pub fn downgrade(&self) -> WeakClient {
        WeakClient { inner: Arc::downgrade(&self.inner) }
    }

    pub(crate) fn consumer(&self) -> &Consumer {
        &self.inner.dispatch.source
    }

    /// A call that connects: events wait for the listeners that are added after it.
    fn connecting(
        &self,
        begin: impl FnOnce(&Consumer, Ticket) -> Result<(), Error>,
    ) -> impl FnOnce(&Consumer, Ticket) -> Result<(), Error> {
        let dispatch = &self.inner.dispatch;
        move |consumer: &Consumer, ticket| {
            dispatch.registry.begin_connect(ticket);
            dispatch.update_interest();
            begin(consumer, ticket).inspect_err(|_| {
                dispatch.registry.cancel_connect(ticket);
                dispatch.update_interest();
            })
        }
    }

    /// Begins a call that is answered under a ticket.
    fn call<T>(
        &self,
        read: Read<T>,
        begin: impl FnOnce(&Consumer, Ticket) -> Result<(), Error>,
    ) -> Result<Pending<T>, Error> {
        let ticket = self.consumer().number();
        let slot = self.inner.waiters().expect(ticket);
        let pending = Pending::new(self.inner.clone(), ticket, slot, false, read);
        // Where it does not begin, the pending takes its entry away again.
        begin(self.consumer(), ticket)?;
        Ok(pending)
    }

    /// What waited for a consumer is delivered.
    fn after_adding(&self) {
        if self.inner.dispatch.registry.in_grace() {
            self.inner.dispatch.ring();
        }
    }
}

impl ListenerId {
    /// The number that stands for it in other languages; never 0.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The listener with that number. One that was never given out names none.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }
}

impl WeakClient {
    /// The client, if it is still alive.
    pub fn upgrade(&self) -> Option<Client> {
        self.inner.upgrade().map(|inner| Client { inner })
    }
}

impl Owner for Inner {
    fn waiters(&self) -> &Waiters {
        &self.dispatch.waiters
    }

    fn id(&self) -> u64 {
        self.dispatch.id()
    }

    fn check(&self) -> Result<(), Error> {
        // A client that has ended answers all that waits.
        self.dispatch.source.check_process()
    }

    fn unlease(&self, lease: LeaseId) {
        // A closed client has no leases.
        let _ = self.dispatch.source.unlease(lease);
    }

    fn turns(&self) -> Option<&Turns> {
        self.dispatch.source.turns().map(|turns| &**turns)
    }
}

impl Follower for Inner {
    fn unfollow(&self, lease: LeaseId) {
        self.dispatch.registry.unfollow(lease);
        self.dispatch.update_interest();
        self.dispatch.ring();
        self.unlease(lease);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

/// What a call reads out of its answer; `None` = that is the answer to another.
type Read<T> = fn(Settlement) -> Option<Result<T, Error>>;

fn read_connected(settlement: Settlement) -> Option<Result<(), Error>> {
    if let Settlement::Connected(result) = settlement { Some(result) } else { None }
}

#[allow(clippy::needless_pass_by_value, reason = "as the others")]
fn read_disconnected(settlement: Settlement) -> Option<Result<(), Error>> {
    matches!(settlement, Settlement::Disconnected).then_some(Ok(()))
}

#[allow(clippy::needless_pass_by_value, reason = "as the others")]
fn read_flushed(settlement: Settlement) -> Option<Result<(), Error>> {
    matches!(settlement, Settlement::Flushed).then_some(Ok(()))
}

fn read_receipt(settlement: Settlement) -> Option<Result<Receipt, Error>> {
    if let Settlement::Receipt(receipt) = settlement { Some(Ok(receipt)) } else { None }
}

fn read_outcome(settlement: Settlement) -> Option<Result<Outcome, Error>> {
    if let Settlement::Outcome(outcome) = settlement { Some(Ok(outcome)) } else { None }
}
