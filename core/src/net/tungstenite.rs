//! A socket over `tokio-tungstenite`.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::ahead::ReadAhead;
use super::failure::{Failed, is_gone};
use super::socket::{Frame, Received, Socket};
use crate::error::ErrorKind;

/// Zero-filled before every read and held as long as the connection, so it is small: an idle client weighs 9 KiB
/// with it and 15 with 8 KiB. [`ReadAhead`] sees to it that the system is not asked for so little at a time.
const READ_BUFFER: usize = 2 << 10;

/// Frames are gathered up to this before they are written.
const WRITE_BUFFER: usize = 4 << 10;

/// Room for what is written besides the user's messages: subscriptions, pings, the close frame.
const WRITE_SLACK: usize = 16 << 20;

/// The sizes a socket is held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// The largest message that may arrive.
    pub(super) max_message: usize,
    /// The largest message of the user's that may be sent.
    pub(super) max_send: usize,
}

pub(super) struct Tungstenite<S> {
    stream: WebSocketStream<ReadAhead<S>>,
    max_message: usize,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Tungstenite<S> {
    /// Over a connection whose upgrade is done; `early` arrived behind its last byte.
    pub(super) async fn new(stream: S, early: Vec<u8>, limits: Limits) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(limits.max_send.saturating_add(WRITE_SLACK))
            .max_message_size(Some(limits.max_message))
            .max_frame_size(Some(limits.max_message));
        let stream = ReadAhead::new(stream);
        let stream = WebSocketStream::from_partially_read(stream, early, Role::Client, Some(config)).await;
        Self { stream, max_message: limits.max_message }
    }

    /// What an error of the stream is, telling the peer where it broke the rules.
    fn fail(&mut self, error: &Error, cx: &mut Context<'_>) -> Received {
        let (code, failed) = match error {
            Error::Capacity(CapacityError::MessageTooLong { size, .. }) => {
                let text = format!("a message of {size} bytes is larger than maxMessageSize ({})", self.max_message);
                (Some(1009), Failed::new(ErrorKind::MessageTooLarge, text))
            }
            Error::Utf8(_) => {
                (Some(1007), Failed::new(ErrorKind::ProtocolViolation, "the server sent text that is not UTF-8 (1007)"))
            }
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                return Received::End("the connection ended without a close frame".to_owned());
            }
            Error::Protocol(error) => {
                let text = format!("the server broke the WebSocket protocol: {error}");
                (Some(1002), Failed::new(ErrorKind::ProtocolViolation, text))
            }
            Error::Io(error) if is_gone(error) => return Received::End(format!("the connection broke: {error}")),
            error => (None, lost(error)),
        };
        if let Some(code) = code {
            // Best effort: the link is given up whether or not this gets out.
            let _ = self.start_send(Frame::Close(code));
            let _ = self.poll_flush(cx);
        }
        Received::Failed(failed)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for Tungstenite<S> {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        loop {
            let message = match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Poll::Ready(self.fail(&error, cx)),
                None => return Poll::Ready(Received::End("the connection ended".to_owned())),
            };
            return Poll::Ready(match message {
                Message::Text(text) => Received::Text(text),
                Message::Binary(bytes) => Received::Binary(bytes),
                Message::Ping(_) => Received::Ping,
                Message::Pong(payload) => Received::Pong(payload),
                Message::Close(frame) => {
                    // The answer was queued; the socket is dropped next, so it goes out now or never.
                    let _ = self.poll_flush(cx);
                    let (code, reason) =
                        frame.map_or((None, Utf8Bytes::default()), |frame| (Some(frame.code.into()), frame.reason));
                    Received::Close { code, reason }
                }
                // Reading never gives raw frames.
                Message::Frame(_) => continue,
            });
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Pin::new(&mut self.stream).poll_ready(cx).map_err(|error| lost(&error))
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), Failed> {
        let message = match frame {
            Frame::Text(text) => Message::Text(text.into()),
            #[cfg(test)]
            Frame::Binary(bytes) => Message::Binary(bytes),
            Frame::Ping(payload) => Message::Ping(Bytes::copy_from_slice(&payload.to_be_bytes())),
            Frame::Close(code) => {
                Message::Close(Some(CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::default() }))
            }
        };
        Pin::new(&mut self.stream).start_send(message).map_err(|error| lost(&error))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Pin::new(&mut self.stream).poll_flush(cx).map_err(|error| lost(&error))
    }
}

fn lost(error: &Error) -> Failed {
    // Some of these carry the message that could not be sent; that is nobody's business here.
    let text = match error {
        Error::Io(error) => format!("the connection broke: {error}"),
        Error::WriteBufferFull(_) => "the connection takes no more data".to_owned(),
        error => format!("the connection broke: {error}"),
    };
    Failed::new(ErrorKind::ConnectionLost, text)
}
