//! One client's connections: the newest one goes on where the one before has ended.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_util::Stream;
use steadywire::protocol::ClientLink;
use tokio::task::{unconstrained, yield_now};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::inbound::{Refusal, refusal};
use super::{Connection, Transport};
use crate::limits::{CLOSE_TIMEOUT, FENCED_MESSAGES, INBOUND_TURN, MAX_MESSAGE_ID_BYTES};
use crate::server::Order;

impl<S: Transport> Connection<S> {
    /// This connection is that client's link of that number. The one before it has taken what had arrived on it, and
    /// takes nothing more, when this is done.
    pub(super) async fn enter(&mut self, link: &ClientLink<'_>) -> Result<(), Refusal> {
        if link.client.len() > MAX_MESSAGE_ID_BYTES {
            let text = format!("the name of a client may have {MAX_MESSAGE_ID_BYTES} bytes at most");
            return Err(refusal("bad_message", text));
        }
        match &self.membership {
            Some(membership) if membership.is(&link.client, link.number) => {}
            Some(_) => {
                return Err(refusal("bad_message", "this connection is another client's, or another link of it"));
            }
            None => match self.hub.clients.enter(&link.client, link.number, &self.registered.link) {
                None => self.is_stale = true,
                Some((membership, older)) => {
                    self.membership = Some(membership);
                    if let Some(older) = older {
                        older.give(Order::Fence);
                        // One that waits for its history for longer ends without a word, with what it waits for.
                        if timeout(CLOSE_TIMEOUT, older.until_closed()).await.is_err() {
                            older.give(Order::Cut);
                        }
                    }
                }
            },
        }
        Ok(())
    }

    /// Takes what has arrived, and nothing that comes later. Nobody waits for answers here any more: they are thrown
    /// away, as many as 4,096 messages can ask for would be too many to keep.
    pub(super) async fn take_the_rest(&mut self) {
        let mut taken = 0;
        while taken < FENCED_MESSAGES {
            // Without a budget: with one, a socket that has more might seem to have nothing.
            let arrived = unconstrained(poll_fn(|cx| Poll::Ready(Pin::new(&mut self.socket).poll_next(cx)))).await;
            match arrived {
                Poll::Ready(Some(Ok(Message::Text(text)))) => {
                    self.handle(&text).await;
                    taken += 1;
                }
                Poll::Ready(Some(Ok(_))) => continue,
                _ => return,
            }
            self.outgoing.clear();
            self.subscribing = None;
            // The budget is not there to do it.
            if taken % INBOUND_TURN == 0 {
                yield_now().await;
            }
        }
    }
}
