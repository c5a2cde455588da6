//! A stream that knows when it last moved.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

/// What a connection runs over: bytes, and when they last moved.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin {
    fn meter(&self) -> &Meter;
}

/// When bytes last came and when bytes last went or had nowhere to go.
pub(crate) struct Meter {
    /// When bytes were last read.
    pub(crate) last_read: Instant,
    /// Since when not a single byte could be written, while some were waiting.
    pub(crate) blocked_since: Option<Instant>,
}

/// A stream with a meter.
pub(crate) struct Metered<S> {
    stream: S,
    meter: Meter,
}

impl<S> Metered<S> {
    pub(crate) fn new(stream: S) -> Self {
        Metered { stream, meter: Meter { last_read: Instant::now(), blocked_since: None } }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport for Metered<S> {
    fn meter(&self) -> &Meter {
        &self.meter
    }
}

/// Below TLS, which takes bytes that the socket does not.
impl<S: AsyncRead + AsyncWrite + Unpin> Transport for TlsStream<Metered<S>> {
    fn meter(&self) -> &Meter {
        &self.get_ref().0.meter
    }
}

impl Meter {
    fn written<T>(&mut self, written: &Poll<T>) {
        if written.is_ready() {
            self.blocked_since = None;
        } else {
            self.blocked_since.get_or_insert_with(Instant::now);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            self.meter.last_read = Instant::now();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.meter.written(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.meter.written(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
