//! What the program has asked for: listeners and follows, changed from any thread.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::event::Event;
use crate::follow::Queue;
use crate::pending::lock;
use crate::session::LeaseId;

/// Every kind of event.
pub(crate) const ALL_KINDS: u32 = u32::MAX;

/// A callback.
pub(crate) type Handler = Box<dyn FnMut(&Event<'_>) + Send>;

/// Bounded by the program: one entry per listener and follow that it holds.
#[derive(Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
    /// Set after each change; the drain then takes the changes over.
    changed: AtomicBool,
    next: AtomicU64,
}

#[derive(Default)]
struct State {
    listeners: HashMap<u64, (u32, Arc<AtomicBool>)>,
    follows: HashMap<LeaseId, Arc<AtomicBool>>,
    /// What the drain has not yet taken over.
    new_listeners: Vec<Listener>,
    new_follows: Vec<Route>,
    /// The tickets of connects that are not settled.
    connecting: HashSet<u64>,
    grace: bool,
}

/// One listener, owned by the drain once it has taken it over.
pub(super) struct Listener {
    pub(super) id: u64,
    pub(super) kinds: u32,
    pub(super) once: bool,
    /// False from the moment it was taken off.
    pub(super) alive: Arc<AtomicBool>,
    pub(super) handler: Handler,
}

/// Where the events of a follow go.
pub(super) struct Route {
    pub(super) lease: LeaseId,
    pub(super) task: String,
    pub(super) queue: Arc<Queue>,
    pub(super) alive: Arc<AtomicBool>,
}

impl Registry {
    /// A number for a listener that is to be added.
    pub(crate) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Adds a listener for the kinds whose bits are set; answers with its number.
    #[cfg(test)]
    pub(crate) fn add(&self, kinds: u32, once: bool, handler: Handler) -> u64 {
        let id = self.number();
        self.add_as(id, kinds, once, handler);
        id
    }

    /// Adds a listener under its number.
    pub(crate) fn add_as(&self, id: u64, kinds: u32, once: bool, handler: Handler) {
        let alive = Arc::new(AtomicBool::new(true));
        let mut state = lock(&self.state);
        state.listeners.insert(id, (kinds, alive.clone()));
        state.new_listeners.push(Listener { id, kinds, once, alive, handler });
        self.changed.store(true, Ordering::Release);
    }

    /// Takes a listener off: no call of it begins after this. False when it was off already.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let unused;
        {
            let mut state = lock(&self.state);
            let Some((_, alive)) = state.listeners.remove(&id) else { return false };
            alive.store(false, Ordering::Release);
            let index = state.new_listeners.iter().position(|listener| listener.id == id);
            unused = index.map(|index| state.new_listeners.remove(index));
            self.changed.store(true, Ordering::Release);
        }
        // What the program gave is dropped without the lock.
        drop(unused);
        true
    }

    /// Sends the events of a task to a queue from now on.
    pub(crate) fn follow(&self, lease: LeaseId, task: &str, queue: Arc<Queue>) {
        let alive = Arc::new(AtomicBool::new(true));
        let mut state = lock(&self.state);
        state.follows.insert(lease, alive.clone());
        state.new_follows.push(Route { lease, task: task.to_owned(), queue, alive });
        self.changed.store(true, Ordering::Release);
    }

    /// Sends that queue nothing more.
    pub(crate) fn unfollow(&self, lease: LeaseId) {
        let mut state = lock(&self.state);
        if let Some(alive) = state.follows.remove(&lease) {
            alive.store(false, Ordering::Release);
            state.new_follows.retain(|route| route.lease != lease);
            self.changed.store(true, Ordering::Release);
        }
    }

    /// A connect begins: from now on events are wanted, for a consumer may come once it is settled.
    pub(crate) fn begin_connect(&self, ticket: u64) {
        lock(&self.state).connecting.insert(ticket);
    }

    /// A connect is settled, or did not begin. Says whether events should wait for a first consumer from now on.
    pub(super) fn end_connect(&self, ticket: u64, connected: bool) -> bool {
        let mut state = lock(&self.state);
        if !state.connecting.remove(&ticket) {
            return false;
        }
        let alone = state.listeners.is_empty() && state.follows.is_empty();
        state.grace |= connected && alone;
        connected && alone
    }

    /// A connect did not begin.
    pub(crate) fn cancel_connect(&self, ticket: u64) {
        lock(&self.state).connecting.remove(&ticket);
    }

    /// Whether events wait for a first consumer, or just did.
    pub(crate) fn in_grace(&self) -> bool {
        lock(&self.state).grace
    }

    /// Events no longer wait for a first consumer.
    pub(super) fn end_grace(&self) {
        lock(&self.state).grace = false;
    }

    /// Passes the kinds that are wanted, under the lock, so that the latest call wins.
    pub(super) fn with_interest(&self, pass: impl FnOnce(u32)) {
        let state = lock(&self.state);
        let alone = state.listeners.is_empty() && state.follows.is_empty();
        let all = state.grace || !state.follows.is_empty() || (alone && !state.connecting.is_empty());
        let listened = state.listeners.values().fold(0, |kinds, (more, _)| kinds | more);
        pass(if all { ALL_KINDS } else { listened });
    }

    /// Whether something changed since [`take_changes`](Self::take_changes).
    pub(super) fn has_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }

    /// What was added since the last call.
    pub(super) fn take_changes(&self) -> (Vec<Listener>, Vec<Route>) {
        let mut state = lock(&self.state);
        self.changed.store(false, Ordering::Release);
        (std::mem::take(&mut state.new_listeners), std::mem::take(&mut state.new_follows))
    }

    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.listeners.len(), state.follows.len())
    }
}
