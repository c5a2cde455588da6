//! Accepts connections, and what they share.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slab::Slab;
use steadywire::protocol::Features;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::clients::Clients;
use crate::connection;
use crate::guard::Guard;
use crate::handle::{HubHandle, HubStats};
use crate::history::{History, Mailbox};
use crate::http::{Response, read_request};
use crate::limits::{CLOSE_TIMEOUT, HANDSHAKE_TIMEOUT, KNOWN_CLIENTS, MAX_REFUSALS_AT_ONCE, RETRY_AFTER_SECONDS};
use crate::tasks::Tasks;
use crate::tls::Tls;

/// How long accepting pauses when the system has no descriptor or memory left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What was chosen for all connections.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) heartbeat_interval: Duration,
    pub(crate) features: Features,
    pub(crate) publisher_lease: Duration,
    pub(crate) max_tasks: usize,
    pub(crate) max_total_bytes: usize,
    pub(crate) max_connections: usize,
    pub(crate) max_subscriptions: usize,
    pub(crate) max_publications: usize,
    pub(crate) max_message_size: usize,
    pub(crate) max_unread_bytes: usize,
    pub(crate) stall_timeout: Duration,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) guard: Guard,
    pub(crate) tasks: Arc<Tasks>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) counters: Counters,
    links: Mutex<Slab<Arc<Link>>>,
    stopping: watch::Sender<bool>,
}

/// Counts that connections keep.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) subscriptions: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) messages_in: AtomicU64,
    pub(crate) messages_out: AtomicU64,
    pub(crate) dropped: AtomicU64,
}

/// How the hub reaches one upgraded connection.
#[derive(Default)]
pub(crate) struct Link {
    pub(crate) mailbox: Arc<Mailbox>,
    order: AtomicU8,
    /// It takes nothing more.
    is_closed: AtomicBool,
    closed: Notify,
}

/// What a connection is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Close with 1001.
    GoAway = 1,
    /// Take what has arrived and close with 4409: its client has a newer one.
    Fence = 2,
    /// Drop the socket.
    Cut = 3,
}

/// How the hub ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    GoAway,
    Kill,
}

/// A connection's entry among the links; leaves when dropped.
pub(crate) struct Registered {
    shared: Arc<Shared>,
    key: usize,
    pub(crate) link: Arc<Link>,
}

/// Serves on this listener in the background.
pub(crate) fn start(
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    guard: Guard,
    history: Arc<dyn History>,
    options: Options,
) -> HubHandle {
    let scheme = if tls.is_some() { "wss" } else { "ws" };
    let shared = Arc::new(Shared::new(guard, history, options));
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(serve(listener, tls, shared.clone(), stopped));
    HubHandle::new(shared, address, scheme, stop, server)
}

async fn serve(listener: TcpListener, tls: Option<Tls>, shared: Arc<Shared>, mut stop: oneshot::Receiver<Stop>) {
    let mut connections = JoinSet::new();
    let mut refusals = JoinSet::new();
    let reaper = shared.tasks.reap();
    tokio::pin!(reaper);
    let stop = loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < shared.options.max_connections => {
                    let (stream, shared) = (prepared(stream), shared.clone());
                    match &tls {
                        None => connections.spawn(connection::serve(stream, shared)),
                        Some(tls) => connections.spawn(connection::serve_tls(stream, tls.clone(), shared)),
                    };
                }
                Ok((stream, _)) => {
                    shared.counters.refused.fetch_add(1, Ordering::Relaxed);
                    if refusals.len() < MAX_REFUSALS_AT_ONCE {
                        refusals.spawn(refuse(prepared(stream), tls.clone()));
                    }
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
            Some(_) = refusals.join_next() => {}
            stop = &mut stop => break stop.unwrap_or(Stop::Kill),
            () = &mut reaper => {}
        }
    };
    drop(listener);
    shared.stop();
    if stop == Stop::GoAway {
        shared.order_all(Order::GoAway);
        let all = async { while connections.join_next().await.is_some() {} };
        // Those that take longer are dropped below.
        let _ = timeout(CLOSE_TIMEOUT, all).await;
    }
    connections.shutdown().await;
}

fn prepared(stream: TcpStream) -> TcpStream {
    // Without it small messages wait for acknowledgements; a socket that refuses still works.
    let _ = stream.set_nodelay(true);
    stream
}

/// Tells one connection too many to come back.
async fn refuse(stream: TcpStream, tls: Option<Tls>) {
    match tls {
        None => say_full(stream).await,
        Some(tls) => {
            if let Some(stream) = tls.accept(stream).await {
                say_full(stream).await;
            }
        }
    }
}

async fn say_full<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let answer = Response::text(503, "all connections of this hub are taken; try again later")
        .with("Retry-After", RETRY_AFTER_SECONDS.to_string());
    let talk = async {
        if read_request(&mut stream).await.is_ok() {
            // A peer that is gone needs no answer.
            let _ = answer.send(&mut stream).await;
        }
    };
    let _ = timeout(HANDSHAKE_TIMEOUT, talk).await;
}

impl Shared {
    pub(crate) fn new(guard: Guard, history: Arc<dyn History>, options: Options) -> Self {
        Shared {
            tasks: Arc::new(Tasks::new(history, options.max_tasks, options.max_total_bytes, options.publisher_lease)),
            clients: Arc::new(Clients::new(KNOWN_CLIENTS)),
            options,
            guard,
            counters: Counters::default(),
            links: Mutex::default(),
            stopping: watch::Sender::new(false),
        }
    }

    pub(crate) fn order_all(&self, order: Order) {
        for (_, link) in self.links().iter() {
            link.give(order);
        }
    }

    /// Adds a connection that is about to be upgraded.
    pub(crate) fn register(self: &Arc<Self>) -> Registered {
        let link = Arc::new(Link::default());
        let key = self.links().insert(link.clone());
        if *self.stopping.borrow() {
            link.give(Order::GoAway);
        }
        self.counters.accepted.fetch_add(1, Ordering::Relaxed);
        Registered { shared: self.clone(), key, link }
    }

    /// Tells handshakes that the hub stops, and connections that are upgraded from now on.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Settles when the hub stops.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    pub(crate) fn stats(&self) -> HubStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HubStats {
            connections: self.links().len() as u64,
            tasks: self.tasks.len() as u64,
            subscriptions: count(&self.counters.subscriptions),
            accepted: count(&self.counters.accepted),
            refused: count(&self.counters.refused),
            messages_in: count(&self.counters.messages_in),
            messages_out: count(&self.counters.messages_out),
            dropped: count(&self.counters.dropped),
        }
    }

    fn links(&self) -> MutexGuard<'_, Slab<Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// What the connection is told to do, the harshest of what it was told.
    pub(crate) fn order(&self) -> Option<Order> {
        match self.order.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Order::GoAway),
            2 => Some(Order::Fence),
            _ => Some(Order::Cut),
        }
    }

    /// From now on the connection takes nothing more.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.closed.notify_waiters();
    }

    /// Settles when the connection takes nothing more.
    pub(crate) async fn until_closed(&self) {
        let mut closed = pin!(self.closed.notified());
        closed.as_mut().enable();
        if !self.is_closed.load(Ordering::Acquire) {
            closed.await;
        }
    }

    pub(crate) fn give(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::Release);
        self.mailbox.ring();
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.link.close();
        self.shared.links().remove(self.key);
    }
}
