//! What the driver needs of a WebSocket, polled.

use std::task::{Context, Poll};

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::failure::Failed;

/// A WebSocket after its upgrade. One task owns it; every `Pending` has registered that task's waker.
pub(super) trait Socket: Send {
    /// The next thing that arrived. Pings are answered and control frames written on the way. After `Close`,
    /// `End` or `Failed` it must not be called again.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Received>;

    /// Whether a frame can be taken without piling up.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failed>>;

    /// Takes a frame; only after `poll_ready` said so, except for `Close`.
    fn start_send(&mut self, frame: Frame) -> Result<(), Failed>;

    /// Writes what was taken.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failed>>;
}

/// What arrived.
#[derive(Debug, PartialEq)]
pub(super) enum Received {
    Text(Utf8Bytes),
    Binary(Bytes),
    Ping,
    Pong(Bytes),
    Close {
        code: Option<u16>,
        reason: Utf8Bytes,
    },
    /// The stream ended without a close frame.
    End(String),
    /// The peer broke the rules, or the connection failed; the peer has been told where that is possible.
    Failed(Failed),
}

/// What is sent.
#[derive(Debug)]
pub(super) enum Frame {
    Text(String),
    /// Our protocol has no binary messages; other people's tests do.
    #[cfg(test)]
    Binary(Bytes),
    Ping(u64),
    Close(u16),
}
