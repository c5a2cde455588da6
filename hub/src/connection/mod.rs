//! One connection, from its first byte to its last.
//!
//! A connection keeps no copies of messages: for each task it follows it keeps a place in the
//! task's log, is marked when there is more, and reads on when its socket takes more.

mod fence;
mod inbound;
mod metered;

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use slab::Slab;
use steadywire::protocol::{encode_heartbeat, encode_hello};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use self::inbound::Subscribing;
use self::metered::{Metered, Transport};
use crate::clients::Membership;
use crate::clock::now_ms;
use crate::guard::Verdict;
use crate::history::{Pace, Read, Reader};
use crate::http::{BadRequest, Response, read_request, switching};
use crate::limits::{
    CLOSE_TIMEOUT, HANDSHAKE_TIMEOUT, INBOUND_TURN, MAX_DISCARDED, MAX_UNREAD_MESSAGES, MAX_WAITING_REPLIES,
    READ_BUFFER, READ_BYTES, READ_MESSAGES, WRITE_BUFFER, WRITE_SLACK,
};
use crate::server::{Order, Registered, Shared};
use crate::tasks::{Pin as TaskPin, Publisher};
use crate::tls::Tls;

/// The close code for a connection whose client has a newer one.
const SUPERSEDED: u16 = 4409;

/// Serves one connection until it ends.
pub(crate) fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, hub: Arc<Shared>) -> impl Future<Output = ()> {
    serve_requests(Metered::new(stream), hub)
}

/// Serves one connection that begins with a TLS handshake.
pub(crate) async fn serve_tls<S: AsyncRead + AsyncWrite + Unpin>(stream: S, tls: Tls, hub: Arc<Shared>) {
    // Both boxed: TLS's state is large, and only that of the second takes room once the connection is up.
    let handshake = Box::pin(async {
        let stream = tls.accept(Metered::new(stream)).await?;
        Some(Box::pin(serve_requests(stream, hub.clone())))
    });
    let accepted = tokio::select! {
        accepted = handshake => accepted,
        () = hub.stopped() => None,
    };
    if let Some(serving) = accepted {
        serving.await;
    }
}

fn serve_requests<S: Transport>(stream: S, hub: Arc<Shared>) -> impl Future<Output = ()> {
    // Boxed, so that the handshake's state takes no room once the connection is up.
    let handshake = Box::pin(timeout(HANDSHAKE_TIMEOUT, handshake(stream, hub.clone())));
    async move {
        let upgraded = tokio::select! {
            upgraded = handshake => upgraded.ok().flatten(),
            () = hub.stopped() => None,
        };
        let Some((stream, rest, registered)) = upgraded else { return };
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(WRITE_BUFFER + WRITE_SLACK + hub.options.max_message_size * 2)
            .max_message_size(Some(hub.options.max_message_size))
            .max_frame_size(Some(hub.options.max_message_size));
        let socket = WebSocketStream::from_partially_read(stream, rest, Role::Server, Some(config)).await;
        Connection::new(socket, hub, registered).run().await;
    }
}

/// Reads and answers the request; where the connection is now a WebSocket, it, what came behind the request, and its
/// entry among the links.
async fn handshake<S: Transport>(mut stream: S, hub: Arc<Shared>) -> Option<(S, Vec<u8>, Registered)> {
    let answer = match read_request(&mut stream).await {
        Ok(request) => match hub.guard.judge(&request) {
            Verdict::Upgrade(key) => {
                // Before the answer: what is ordered once the peer knows that it is connected must reach it.
                let registered = hub.register();
                stream.write_all(switching(&key).as_bytes()).await.ok()?;
                stream.flush().await.ok()?;
                return Some((stream, request.rest, registered));
            }
            Verdict::Answer(answer) => answer,
            Verdict::Tasks => Response::json(hub.tasks.list()),
        },
        Err(BadRequest::Answer(answer)) => answer,
        Err(BadRequest::Gone) => return None,
    };
    hub.counters.refused.fetch_add(1, Ordering::Relaxed);
    // A peer that is gone needs no answer.
    let _ = answer.send(&mut stream).await;
    None
}

struct Connection<S> {
    hub: Arc<Shared>,
    registered: Registered,
    socket: WebSocketStream<S>,
    subscriptions: Slab<Subscription>,
    by_task: HashMap<Arc<str>, usize>,
    publishing: HashMap<Arc<str>, Publisher>,
    /// Whose connection it is, where that was said.
    membership: Option<Membership>,
    /// Its client has a newer one: nothing of it is taken.
    is_stale: bool,
    /// What goes out next.
    outgoing: VecDeque<Message>,
    /// A `subscribe` that waits until some of it has gone out. Nothing else is read before it is done.
    subscribing: Option<Subscribing>,
    /// Subscriptions with something to read, each once.
    ready: VecDeque<usize>,
    /// Where marks of the mailbox pass through; empty between.
    marked: Vec<usize>,
    timer: Pin<Box<Sleep>>,
    next_heartbeat: Option<Instant>,
    /// Messages handled since the last write.
    inbound_turn: usize,
    /// Whether writing has failed. What the peer sent before it went is still read.
    is_mute: bool,
}

/// A task this connection follows, and how far it has read.
struct Subscription {
    hub: Arc<Shared>,
    pin: TaskPin,
    key: usize,
    reader: Reader,
    /// It is among those with something to read.
    is_ready: bool,
}

/// What makes a connection do something other than write.
enum Event {
    Text(Utf8Bytes),
    Binary,
    /// There is room for more answers to the `subscribe` under way.
    GoOn,
    Order(Order),
    Stale,
    Due,
    Failed(Error),
    Overrun,
    Gone,
}

impl<S: Transport> Connection<S> {
    fn new(socket: WebSocketStream<S>, hub: Arc<Shared>, registered: Registered) -> Self {
        let interval = hub.options.heartbeat_interval;
        let mut connection = Connection {
            registered,
            socket,
            subscriptions: Slab::new(),
            by_task: HashMap::new(),
            publishing: HashMap::new(),
            membership: None,
            is_stale: false,
            outgoing: VecDeque::new(),
            subscribing: None,
            ready: VecDeque::new(),
            marked: Vec::new(),
            timer: Box::pin(sleep_until(Instant::now())),
            next_heartbeat: (!interval.is_zero()).then(|| Instant::now() + interval),
            inbound_turn: 0,
            is_mute: false,
            hub,
        };
        connection.set_timer();
        let features = connection.hub.options.features;
        if features != Default::default() {
            let interval = u64::try_from(interval.as_millis()).ok().filter(|interval| *interval > 0);
            connection.reply(|out| encode_hello(out, now_ms(), features, interval));
        }
        connection
    }

    async fn run(mut self) {
        let end = self.serve().await;
        self.registered.link.close();
        match end {
            Event::Gone => self.hang_up().await,
            Event::Order(Order::GoAway) => self.close(CloseCode::Away, "the hub is shutting down").await,
            Event::Order(Order::Fence) | Event::Stale => {
                self.close(CloseCode::from(SUPERSEDED), "this client has a newer connection").await;
            }
            Event::Overrun => {
                self.count_dropped();
                self.close(CloseCode::Again, "too far behind: come back with your cursor").await;
            }
            Event::Failed(error) => self.fail(&error).await,
            _ => {}
        }
    }

    /// Serves until something ends it.
    async fn serve(&mut self) -> Event {
        loop {
            match poll_fn(|cx| self.poll_event(cx)).await {
                Event::Text(text) => self.handle(&text).await,
                Event::Binary => self.refuse_binary(),
                Event::GoOn => self.go_on().await,
                Event::Due if !self.is_dead() => self.beat(),
                Event::Due => {
                    self.count_dropped();
                    return Event::Due;
                }
                end @ Event::Order(Order::Fence) => {
                    self.take_the_rest().await;
                    return end;
                }
                end => return end,
            }
        }
    }

    /// Writes what the socket takes until something else is to be done.
    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        self.registered.link.mailbox.register(cx.waker());
        if let Some(order) = self.registered.link.order() {
            return Poll::Ready(Event::Order(order));
        }
        if self.is_stale {
            return Poll::Ready(Event::Stale);
        }
        self.take_marked();
        if self.timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Event::Due);
        }
        loop {
            if let Err(event) = self.write(cx) {
                return Poll::Ready(event);
            }
            if self.subscribing.is_some() && self.has_room() {
                return Poll::Ready(Event::GoOn);
            }
            if self.may_read()
                && let Poll::Ready(event) = self.poll_read(cx)
            {
                self.inbound_turn += 1;
                return Poll::Ready(event);
            }
            match self.flush(cx) {
                Poll::Ready(()) if !self.may_read() => self.inbound_turn = 0,
                _ => return Poll::Pending,
            }
        }
    }

    fn may_read(&self) -> bool {
        self.subscribing.is_none() && self.has_room() && self.inbound_turn < INBOUND_TURN
    }

    /// Whether there is a place for replies.
    fn has_room(&self) -> bool {
        self.outgoing.len() < MAX_WAITING_REPLIES
    }

    /// Learns which subscriptions have something to read.
    fn take_marked(&mut self) {
        let mut marked = std::mem::take(&mut self.marked);
        self.registered.link.mailbox.take(&mut marked);
        marked.drain(..).for_each(|slot| self.mark_ready(slot));
        self.marked = marked;
    }

    /// A subscription has something to read.
    fn mark_ready(&mut self, slot: usize) {
        if let Some(subscription) = self.subscriptions.get_mut(slot)
            && !std::mem::replace(&mut subscription.is_ready, true)
        {
            self.ready.push_back(slot);
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            return match Pin::new(&mut self.socket).poll_next(cx) {
                Poll::Pending => {
                    self.inbound_turn = 0;
                    Poll::Pending
                }
                Poll::Ready(Some(Ok(Message::Text(text)))) => Poll::Ready(Event::Text(text)),
                Poll::Ready(Some(Ok(Message::Binary(_)))) => Poll::Ready(Event::Binary),
                Poll::Ready(Some(Ok(_))) => continue,
                Poll::Ready(Some(Err(error))) => Poll::Ready(Event::Failed(error)),
                Poll::Ready(None) => Poll::Ready(Event::Gone),
            };
        }
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_mute {
            return Poll::Ready(());
        }
        Pin::new(&mut self.socket).poll_flush(cx).map(|flushed| self.is_mute = flushed.is_err())
    }

    /// Hands messages to the socket while it takes them.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), Event> {
        let mut written = 0;
        let result = loop {
            match Pin::new(&mut self.socket).poll_ready(cx) {
                _ if self.is_mute => {
                    self.outgoing.clear();
                    break Ok(());
                }
                Poll::Pending => break Ok(()),
                Poll::Ready(Err(_)) => {
                    self.is_mute = true;
                    continue;
                }
                Poll::Ready(Ok(())) => {}
            }
            if self.outgoing.is_empty()
                && let Err(event) = self.read_logs()
            {
                break Err(event);
            }
            let Some(message) = self.outgoing.pop_front() else { break Ok(()) };
            if Pin::new(&mut self.socket).start_send(message).is_err() {
                self.is_mute = true;
                continue;
            }
            written += 1;
        };
        if written > 0 {
            self.hub.counters.messages_out.fetch_add(written, Ordering::Relaxed);
        }
        result
    }

    /// Reads on in the next task that has something new.
    fn read_logs(&mut self) -> Result<(), Event> {
        let pace = Pace {
            messages: READ_MESSAGES,
            bytes: READ_BYTES,
            max_unread_bytes: self.hub.options.max_unread_bytes,
            max_unread_messages: MAX_UNREAD_MESSAGES,
            stamped: self.hub.options.features.resume,
        };
        while self.outgoing.is_empty() {
            let Some(slot) = self.ready.pop_front() else { break };
            let Some(subscription) = self.subscriptions.get_mut(slot) else { continue };
            let Subscription { pin, key, reader, is_ready, .. } = subscription;
            *is_ready = false;
            match pin.log().read(*key, reader, pace, |text| self.outgoing.push_back(Message::Text(text))) {
                Read::Done => {}
                Read::More => self.mark_ready(slot),
                Read::Overrun => return Err(Event::Overrun),
            }
        }
        Ok(())
    }

    /// Queues a message that was written into an empty string.
    fn reply(&mut self, write: impl FnOnce(&mut String)) {
        let mut out = String::new();
        write(&mut out);
        self.outgoing.push_back(Message::Text(out.into()));
    }

    /// Whether the peer takes nothing or gives no sign of life.
    fn is_dead(&self) -> bool {
        let meter = self.socket.get_ref().meter();
        let now = Instant::now();
        let stalled = meter.blocked_since.is_some_and(|since| now >= since + self.hub.options.stall_timeout);
        let silent = self.next_heartbeat.is_some() && self.may_read() && now >= self.silent_at();
        stalled || silent
    }

    /// When the peer will have been silent for too long.
    fn silent_at(&self) -> Instant {
        self.socket.get_ref().meter().last_read + self.hub.options.heartbeat_interval * 5 / 2
    }

    /// Sends a heartbeat if one is due, and a ping for clients that answer nothing else.
    fn beat(&mut self) {
        let now = Instant::now();
        if self.next_heartbeat.is_some_and(|due| now >= due) {
            self.next_heartbeat = Some(now + self.hub.options.heartbeat_interval);
            if self.has_room() {
                self.reply(|out| encode_heartbeat(out, "", now_ms(), false));
                self.outgoing.push_back(Message::Ping(Default::default()));
            }
        }
        self.set_timer();
    }

    fn set_timer(&mut self) {
        let now = Instant::now();
        let mut due = now + self.hub.options.stall_timeout / 2;
        if let Some(heartbeat) = self.next_heartbeat {
            due = due.min(heartbeat);
            if self.silent_at() > now {
                due = due.min(self.silent_at());
            }
        }
        self.timer.as_mut().reset(due);
    }

    fn count_dropped(&self) {
        self.hub.counters.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Closes for what the peer did wrong; nothing is to be said to one that is gone.
    async fn fail(mut self, error: &Error) {
        match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                let limit = self.hub.options.max_message_size;
                let reason = format!("a message may have {limit} bytes at most");
                self.last_words(CloseCode::Size, &reason).await;
            }
            Error::Utf8(_) => self.last_words(CloseCode::Invalid, "a text message must be UTF-8").await,
            Error::Protocol(problem) => {
                let reason: String = problem.to_string().chars().take(100).collect();
                self.last_words(CloseCode::Protocol, &reason).await;
            }
            _ => {}
        }
    }

    /// Says why over a connection that cannot be read as WebSocket any more, and discards what still
    /// comes: closing with unread bytes would reset the connection and take the reason with it.
    async fn last_words(&mut self, code: CloseCode, reason: &str) {
        let frame = CloseFrame { code, reason: reason.into() };
        let goodbye = async {
            // Each of these fails only where the peer is gone.
            let _ = self.socket.send(Message::Close(Some(frame))).await;
            let stream = self.socket.get_mut();
            let _ = stream.shutdown().await;
            let mut discarded = 0;
            let mut rest = [0; READ_BUFFER];
            while discarded < MAX_DISCARDED {
                match stream.read(&mut rest).await {
                    Ok(read) if read > 0 => discarded += read,
                    _ => break,
                }
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, Box::pin(goodbye)).await;
    }

    /// Closes with a close handshake.
    async fn close(mut self, code: CloseCode, reason: &'static str) {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        let goodbye = async {
            if self.socket.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
            // It fails only where the peer is gone.
            let _ = self.socket.get_mut().shutdown().await;
        };
        let _ = timeout(CLOSE_TIMEOUT, Box::pin(goodbye)).await;
    }

    /// Ends the stream after a close handshake: under TLS a peer takes an end without notice for a broken link.
    async fn hang_up(&mut self) {
        let _ = timeout(CLOSE_TIMEOUT, Box::pin(self.socket.get_mut().shutdown())).await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.pin.log().unfollow(self.key);
        self.hub.counters.subscriptions.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
