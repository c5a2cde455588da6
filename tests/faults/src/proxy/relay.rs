//! Passes the bytes of one connection on, as right or as wrong as its plan says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use super::Line;
use super::plan::{Fault, Strike};
use crate::frame::{Frame, frame_length};
use crate::peer::{gone, reset};

/// How many bytes are read at a time.
const READ: usize = 64 * 1024;

/// The largest frame of a server that is passed on. A larger one is a problem and resets the connection.
const LARGEST: u64 = 64 << 20;

/// How long one side may take to end after the other has.
const LINGER: Duration = Duration::from_secs(5);

/// What is passed on at a time where the client is read slowly, and the pause before each.
const SLOW: (usize, Duration) = (16, Duration::from_millis(5));

/// A socket, and what came from it behind its HTTP head.
pub(super) struct Side {
    pub(super) stream: TcpStream,
    pub(super) read: Vec<u8>,
}

/// Passes on until it is over.
pub(super) async fn relay(mut client: Side, mut server: Side, plan: Option<impl Iterator<Item = Strike>>, line: &Line) {
    let road = Road { clear: Mutex::new(()), slow: AtomicU64::new(0) };
    let end = {
        let (from_client, to_client) = client.stream.split();
        let (from_server, to_server) = server.stream.split();
        let up = up(from_client, client.read, to_server, &road);
        let mut down = Down { to: to_client, buffer: server.read, count: 0, road: &road, line };
        let down = async {
            match plan {
                Some(plan) => down.run(from_server, plan).await,
                None => down.copy(from_server).await,
            }
        };
        tokio::pin!(up, down);
        // Where one direction has come to its end, the other still may bring what was on its way.
        tokio::select! {
            end = &mut up => if let End::Ended = end { timeout(LINGER, down).await.unwrap_or(end) } else { end },
            end = &mut down => match end {
                End::Ended => timeout(LINGER, up).await.unwrap_or(end),
                // Its reset may be told to a write alone: a read then takes it for a good end.
                End::Gone => End::Reset,
                end => end,
            },
        }
    };
    match end {
        // The server was told when the client ended.
        End::Ended | End::Gone => {}
        End::Reset => {
            reset(&client.stream);
            reset(&server.stream);
        }
        End::Silence => gone(&client.stream).await,
        End::Fin => {
            drop(server.stream);
            fin(&mut client.stream).await;
        }
        End::Garbage => {
            drop(server.stream);
            drain(&mut client.stream).await;
        }
    }
}

/// Ends it, and gives the client time to end it as well.
pub(super) async fn fin(stream: &mut TcpStream) {
    // Where the client has gone already there is nobody to tell.
    let _ = stream.shutdown().await;
    drain(stream).await;
}

/// Reads until the other side has ended or has taken too long, so that what it still sends makes no RST of our end.
async fn drain(stream: &mut TcpStream) {
    let mut block = [0; 4096];
    let all = async { while matches!(stream.read(&mut block).await, Ok(1..)) {} };
    // Too long: dropping the socket is the end then.
    let _ = timeout(LINGER, all).await;
}

/// How a connection, or one direction of it, comes to its end.
#[derive(Clone, Copy)]
enum End {
    /// Nothing more comes from one side, and the other was told so.
    Ended,
    /// The client takes nothing any more.
    Gone,
    /// One side was reset, or is to be.
    Reset,
    Silence,
    Fin,
    Garbage,
}

/// What the directions share.
struct Road {
    /// Held while nothing may pass.
    clear: Mutex<()>,
    /// How many bytes of the client are still to be passed on slowly.
    slow: AtomicU64,
}

async fn up(mut from: ReadHalf<'_>, mut block: Vec<u8>, mut to: WriteHalf<'_>, road: &Road) -> End {
    loop {
        let mut rest = block.as_slice();
        while !rest.is_empty() {
            let slow = road.slow.load(Ordering::Relaxed);
            let now = if slow == 0 { rest.len() } else { rest.len().min(SLOW.0) };
            if slow > 0 {
                sleep(SLOW.1).await;
                road.slow.store(slow.saturating_sub(now as u64), Ordering::Relaxed);
            }
            drop(road.clear.lock().await);
            if to.write_all(&rest[..now]).await.is_err() {
                // What the server has sent before it went is on its way.
                return End::Ended;
            }
            rest = &rest[now..];
        }
        block.clear();
        block.reserve(READ);
        match from.read_buf(&mut block).await {
            Ok(1..) => {}
            Ok(_) => {
                // A server that has gone needs not be told.
                let _ = to.shutdown().await;
                return End::Ended;
            }
            Err(_) => return End::Reset,
        }
    }
}

/// The server's messages on their way to the client.
struct Down<'a> {
    to: WriteHalf<'a>,
    /// What came and is not passed on yet.
    buffer: Vec<u8>,
    /// Messages so far.
    count: u64,
    road: &'a Road,
    line: &'a Line,
}

impl Down<'_> {
    async fn run(&mut self, mut from: ReadHalf<'_>, mut plan: impl Iterator<Item = Strike>) -> End {
        let mut next = plan.next();
        loop {
            let mut at = 0;
            while let Some(length) = frame_length(&self.buffer[at..]) {
                let length = match usize::try_from(length) {
                    Ok(short) if length <= LARGEST => short,
                    _ => {
                        self.line.problem(format!("a frame of {length} bytes is not passed on"));
                        return End::Reset;
                    }
                };
                if self.buffer.len() - at < length {
                    break;
                }
                let frame = at..at + length;
                at = frame.end;
                // Pings come when clocks say so, and a part is no message: neither is counted.
                if !matches!(self.buffer[frame.start], 0x81 | 0x82) {
                    continue;
                }
                self.count += 1;
                let Some(strike) = next.take_if(|strike| strike.message == self.count) else { continue };
                next = plan.next();
                if !self.line.strikes(&strike) {
                    continue;
                }
                if self.pass(frame.start).await.is_err() {
                    return End::Gone;
                }
                match self.strike(strike.fault, length).await {
                    Ok(None) => at = length,
                    Ok(Some(end)) => return end,
                    Err(_) => return End::Gone,
                }
            }
            if self.pass(at).await.is_err() {
                return End::Gone;
            }
            if let Some(end) = self.more(&mut from).await {
                return end;
            }
        }
    }

    /// Passes all on as it is.
    async fn copy(&mut self, mut from: ReadHalf<'_>) -> End {
        loop {
            if self.pass(self.buffer.len()).await.is_err() {
                return End::Gone;
            }
            if let Some(end) = self.more(&mut from).await {
                return end;
            }
        }
    }

    async fn more(&mut self, from: &mut ReadHalf<'_>) -> Option<End> {
        self.buffer.reserve(READ);
        match from.read_buf(&mut self.buffer).await {
            Ok(1..) => None,
            Ok(_) => {
                // A client that has gone needs neither the beginning of a frame nor the end.
                let _ = self.to.write_all(&self.buffer).await;
                let _ = self.to.shutdown().await;
                Some(End::Ended)
            }
            Err(_) => Some(End::Reset),
        }
    }

    /// Passes so many bytes on.
    async fn pass(&mut self, bytes: usize) -> std::io::Result<()> {
        self.to.write_all(&self.buffer[..bytes]).await?;
        self.buffer.drain(..bytes);
        Ok(())
    }

    /// Does something to the frame of that length at the head of the buffer.
    async fn strike(&mut self, fault: Fault, length: usize) -> std::io::Result<Option<End>> {
        match fault {
            Fault::Delay { ms } => sleep(Duration::from_millis(ms)).await,
            Fault::Stall { ms } => {
                let _held = self.road.clear.lock().await;
                sleep(Duration::from_millis(ms)).await;
            }
            Fault::Slow { bytes } => self.road.slow.store(bytes, Ordering::Relaxed),
            Fault::Duplicate => self.to.write_all(&self.buffer[..length]).await?,
            Fault::Silence => return Ok(Some(End::Silence)),
            Fault::Rst => return Ok(Some(End::Reset)),
            Fault::Truncate => {
                self.to.write_all(&self.buffer[..length / 2]).await?;
                return Ok(Some(End::Fin));
            }
            Fault::Close { code } => {
                self.to.write_all(&Frame::close(code, "").encode()).await?;
                return Ok(Some(End::Fin));
            }
            Fault::Garbage { bytes } => {
                self.to.write_all(&bytes).await?;
                return Ok(Some(End::Garbage));
            }
            Fault::Fin => return Ok(Some(End::Fin)),
            // These strike before the upgrade.
            Fault::Refuse | Fault::Hangup { .. } | Fault::Hang => {}
        }
        Ok(None)
    }
}
