//! Reads ahead: few large reads of the system for many small ones of the WebSocket.
//!
//! The WebSocket holds its buffer for as long as it lives, so that one is small. This one exists only while
//! there is something in it.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// How much is read at a time.
pub(super) const READ_AHEAD: usize = 32 << 10;

/// A stream that is read ahead. Writing goes straight through.
pub(super) struct ReadAhead<S> {
    stream: S,
    ahead: BytesMut,
}

impl<S> ReadAhead<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, ahead: BytesMut::new() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadAhead<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, ahead } = self.get_mut();
        if ahead.is_empty() {
            if buf.remaining() >= READ_AHEAD {
                return Pin::new(stream).poll_read(cx, buf);
            }
            ahead.reserve(READ_AHEAD);
            let read = pin!(stream.read_buf(ahead)).poll(cx);
            if !matches!(read, Poll::Ready(Ok(1..))) {
                *ahead = BytesMut::new();
            }
            ready!(read)?;
        }
        let length = ahead.len().min(buf.remaining());
        buf.put_slice(&ahead[..length]);
        ahead.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ReadAhead<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives what it holds, at most so much at a time, then waits or ends.
    struct Source {
        data: Vec<u8>,
        at_once: usize,
        reads: usize,
        ends: bool,
    }

    impl AsyncRead for Source {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            self.reads += 1;
            let length = self.data.len().min(self.at_once).min(buf.remaining());
            if length == 0 && !self.ends {
                return Poll::Pending;
            }
            buf.put_slice(&self.data.drain(..length).collect::<Vec<_>>());
            Poll::Ready(Ok(()))
        }
    }

    fn read(stream: &mut ReadAhead<Source>, size: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; size];
        let mut buf = ReadBuf::new(&mut bytes);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(stream).poll_read(&mut cx, &mut buf) {
            Poll::Ready(result) => result.map(|()| Some(buf.filled().to_vec())).unwrap(),
            Poll::Pending => None,
        }
    }

    #[test]
    fn many_small_reads_cost_one_large_and_nothing_is_held_when_nothing_comes() {
        let data: Vec<u8> = (0..10_000u32).map(|n| n as u8).collect();
        let source = Source { data: data.clone(), at_once: usize::MAX, reads: 0, ends: false };
        let mut stream = ReadAhead::new(source);
        let mut got = Vec::new();
        while let Some(bytes) = read(&mut stream, 999) {
            got.extend(bytes);
        }
        assert_eq!(got, data);
        assert_eq!(stream.stream.reads, 2, "one that read, one that found nothing");
        assert_eq!(stream.ahead.capacity(), 0);
    }

    #[test]
    fn large_reads_go_straight_through_and_the_end_is_passed_on() {
        let source = Source { data: vec![7; 3 * READ_AHEAD], at_once: usize::MAX, reads: 0, ends: true };
        let mut stream = ReadAhead::new(source);
        assert_eq!(read(&mut stream, 2 * READ_AHEAD).unwrap().len(), 2 * READ_AHEAD);
        assert_eq!(stream.ahead.capacity(), 0);
        assert_eq!(read(&mut stream, 1).unwrap().len(), 1);
        assert_eq!(read(&mut stream, READ_AHEAD).unwrap().len(), READ_AHEAD - 1);
        assert_eq!(read(&mut stream, 1), Some(Vec::new()));
    }
}
