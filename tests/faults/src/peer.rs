//! One connection's socket: bytes in, messages out, and the other way.

use std::io;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;

use crate::frame::{Decoded, Frame, decode};
use crate::transcript::{Received, Request};
use crate::upgrade::{grant, parse_request};

/// How many bytes are read at a time.
const READ: usize = 64 * 1024;

pub(crate) struct Peer {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// The opcode and the payload so far of a message that comes in fragments.
    partial: Option<(u8, Vec<u8>)>,
    pub(crate) dribbles: bool,
    pub(crate) reads_slowly: bool,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // A socket that the client has reset already does not take it, and does not need it.
        let _ = stream.set_nodelay(true);
        Self { stream, buffer: Vec::new(), partial: None, dribbles: false, reads_slowly: false }
    }

    /// Reads the request and grants it.
    pub(crate) async fn upgraded(stream: TcpStream) -> Option<Self> {
        let mut peer = Self::new(stream);
        let request = peer.request().await.ok()?;
        peer.upgrade(&request).await.ok().map(|()| peer)
    }

    /// The upgrade request, or what came instead.
    pub(crate) async fn request(&mut self) -> Result<Request, Received> {
        loop {
            if let Some((request, taken)) = parse_request(&self.buffer) {
                self.buffer.drain(..taken);
                return Ok(request);
            }
            self.read_more().await?;
        }
    }

    /// Grants the upgrade that was asked for.
    pub(crate) async fn upgrade(&mut self, request: &Request) -> Result<(), String> {
        let answer = grant(request)?;
        // Whether the client still listens shows when it is read from.
        let _ = self.write(answer.as_bytes()).await;
        Ok(())
    }

    /// The next message or end. Nothing is lost if it is dropped before it is ready.
    pub(crate) async fn next(&mut self) -> Received {
        loop {
            if let Some(received) = self.take() {
                return received;
            }
            if let Err(end) = self.read_more().await {
                return end;
            }
        }
    }

    pub(crate) async fn send(&mut self, frame: &Frame) -> io::Result<()> {
        self.write(&frame.encode()).await
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.dribbles {
            return self.stream.write_all(bytes).await;
        }
        for byte in bytes {
            self.stream.write_all(&[*byte]).await?;
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Sends FIN.
    pub(crate) async fn fin(&mut self) {
        // Where the client has gone already there is nobody to tell.
        let _ = self.stream.shutdown().await;
    }

    /// Sends RST.
    pub(crate) fn rst(self) {
        reset(&self.stream);
    }

    /// Waits until the client has gone, and reads nothing.
    pub(crate) async fn gone(&self) {
        gone(&self.stream).await;
    }

    async fn read_more(&mut self) -> Result<(), Received> {
        let read = if self.reads_slowly {
            tokio::task::yield_now().await;
            let mut one = [0];
            let read = self.stream.read(&mut one).await;
            self.buffer.extend(&one[..*read.as_ref().unwrap_or(&0)]);
            read
        } else {
            self.buffer.reserve(READ);
            self.stream.read_buf(&mut self.buffer).await
        };
        match read {
            Ok(0) => Err(Received::End),
            Ok(_) => Ok(()),
            Err(_) => Err(Received::Reset),
        }
    }

    /// The message at the head of the buffer, if it is complete.
    fn take(&mut self) -> Option<Received> {
        loop {
            let Decoded { last, opcode, payload, taken } = match decode(&self.buffer)? {
                Ok(decoded) => decoded,
                Err(wrong) => return Some(self.give_up(wrong)),
            };
            self.buffer.drain(..taken);
            let (opcode, payload) = match (opcode, self.partial.take()) {
                (8.., partial) => {
                    self.partial = partial;
                    (opcode, payload)
                }
                (0, Some((opcode, mut message))) => {
                    message.extend(payload);
                    if !last {
                        self.partial = Some((opcode, message));
                        continue;
                    }
                    (opcode, message)
                }
                (1 | 2, None) if !last => {
                    self.partial = Some((opcode, payload));
                    continue;
                }
                (1 | 2, None) => (opcode, payload),
                (opcode, _) => return Some(self.give_up(format!("a frame of opcode {opcode} out of order"))),
            };
            return Some(match opcode {
                1 => match String::from_utf8(payload) {
                    Ok(text) => Received::Text(text),
                    Err(_) => Received::Wrong("a text message that is not UTF-8".to_owned()),
                },
                2 => Received::Binary(payload),
                8 => close(&payload),
                9 => Received::Ping(payload),
                10 => Received::Pong(payload),
                other => self.give_up(format!("a frame of opcode {other}")),
            });
        }
    }

    /// What follows a wrong frame cannot be read.
    fn give_up(&mut self, wrong: String) -> Received {
        self.buffer.clear();
        Received::Wrong(wrong)
    }
}

/// Makes the end of this connection a reset.
pub(crate) fn reset(stream: &TcpStream) {
    SockRef::from(stream).set_linger(Some(Duration::ZERO)).expect("every TCP socket takes SO_LINGER");
}

/// Waits until the other side has sent FIN or RST, and reads nothing.
pub(crate) async fn gone(stream: &TcpStream) {
    while let Ok(ready) = stream.ready(Interest::READABLE).await {
        if ready.is_read_closed() || ready.is_error() {
            return;
        }
        // Bytes that nobody reads would make it ready for ever: this waits for news of it.
        let _ = stream.try_io(Interest::READABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
    }
}

fn close(payload: &[u8]) -> Received {
    match payload.split_first_chunk::<2>() {
        Some((code, reason)) => Received::Close {
            code: Some(u16::from_be_bytes(*code)),
            reason: String::from_utf8_lossy(reason).into_owned(),
        },
        None if payload.is_empty() => Received::Close { code: None, reason: String::new() },
        None => Received::Wrong("a close frame of one byte".to_owned()),
    }
}
