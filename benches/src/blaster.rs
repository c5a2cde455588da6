//! The server of the reading measurements: frames are built before the first byte is asked for and
//! written in large pieces, so that it is never the bottleneck.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

use crate::corpus::{self, BLOCK, Corpus, TASKS};
use crate::frames::{CLOSE, Frames, PING, PONG, TEXT, put};
use crate::upgrade;

/// How much one write carries, where the messages are not paced.
const PIECE: usize = 256 * 1024;

/// Frames of a whole block and where each one ends.
pub(crate) struct Blaster {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    endings: Vec<u8>,
}

/// What the client said.
enum Said {
    Subscribed,
    Ping(Vec<u8>),
}

/// How many bytes a client receives after the upgrade, pongs apart.
pub(crate) fn bytes_of(corpus: Corpus, events: u64) -> u64 {
    let prepared = Blaster::new(corpus);
    let (blocks, rest) = split(events);
    let part = rest.checked_sub(1).map_or(0, |last| prepared.ends[last]);
    blocks * prepared.bytes.len() as u64 + (part + prepared.endings.len()) as u64
}

impl Blaster {
    /// Builds all frames. To be done before anybody can connect, so that nobody waits for it.
    pub(crate) fn new(corpus: Corpus) -> Self {
        let (mut bytes, mut ends, mut endings) = (Vec::new(), Vec::new(), Vec::new());
        for item in corpus::block(corpus) {
            put(&mut bytes, TEXT, item.text.as_bytes());
            ends.push(bytes.len());
        }
        for item in corpus::endings(corpus) {
            put(&mut endings, TEXT, item.text.as_bytes());
        }
        Self { bytes, ends, endings }
    }

    /// Serves one client: waits for its subscriptions, writes `events` messages (at `per_second`, or as
    /// fast as they are taken) and the endings, and stays until the client leaves.
    pub(crate) fn serve(&self, listener: &TcpListener, events: u64, per_second: Option<u32>) -> io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        let rest = upgrade::accept(&mut stream)?;
        let (says, said) = channel();
        let reader = stream.try_clone()?;
        std::thread::spawn(move || listen(reader, &rest, &says));
        let mut link = Link { stream, said, gone: false };

        let mut subscribed = 0;
        while subscribed < TASKS && !link.gone {
            subscribed += link.wait(None)?;
        }
        match per_second {
            Some(rate) => pace(&mut link, self, events, rate)?,
            None => blast(&mut link, self, events)?,
        }
        link.stream.write_all(&self.endings)?;
        while !link.gone {
            link.wait(None)?;
        }
        Ok(())
    }
}

fn blast(link: &mut Link, prepared: &Blaster, events: u64) -> io::Result<()> {
    let (blocks, rest) = split(events);
    for _ in 0..blocks {
        write_first(link, prepared, BLOCK)?;
    }
    write_first(link, prepared, rest)
}

/// Writes the block's first `count` frames, breaking only between frames so that pongs fit in.
fn write_first(link: &mut Link, prepared: &Blaster, count: usize) -> io::Result<()> {
    let mut from = 0;
    for (index, &end) in prepared.ends[..count].iter().enumerate() {
        if end - from >= PIECE || index + 1 == count {
            link.catch_up()?;
            link.stream.write_all(&prepared.bytes[from..end])?;
            from = end;
        }
    }
    Ok(())
}

/// Above 1,000 per second the messages of one millisecond go out in one write.
fn pace(link: &mut Link, prepared: &Blaster, events: u64, rate: u32) -> io::Result<()> {
    let group = usize::try_from((rate / 1_000).max(1)).unwrap_or(1);
    let period = Duration::from_secs(1) * u32::try_from(group).unwrap_or(1) / rate;
    let mut due = Instant::now();
    let mut sent = 0;
    while sent < events {
        let first = usize::try_from(sent).unwrap_or(0) % BLOCK;
        let count = group.min(BLOCK - first).min(usize::try_from(events - sent).unwrap_or(group));
        let from = first.checked_sub(1).map_or(0, |before| prepared.ends[before]);
        link.stream.write_all(&prepared.bytes[from..prepared.ends[first + count - 1]])?;
        sent += count as u64;
        due += period;
        while Instant::now() < due && !link.gone {
            link.wait(Some(due))?;
        }
    }
    Ok(())
}

fn split(events: u64) -> (u64, usize) {
    (events / BLOCK as u64, usize::try_from(events % BLOCK as u64).unwrap_or(0))
}

/// The writing end: the only one that writes.
struct Link {
    stream: TcpStream,
    said: Receiver<Said>,
    gone: bool,
}

impl Link {
    /// Answers what the client has said by now.
    fn catch_up(&mut self) -> io::Result<()> {
        loop {
            match self.said.try_recv() {
                Ok(said) => self.answer(&said)?,
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(io::Error::other("the client left early")),
            };
        }
    }

    /// Waits for one thing the client says, until `due` at most; returns how many subscriptions it was.
    fn wait(&mut self, due: Option<Instant>) -> io::Result<usize> {
        let left = due.map_or(Duration::from_secs(3600), |due| due.saturating_duration_since(Instant::now()));
        match self.said.recv_timeout(left) {
            Ok(said) => self.answer(&said),
            Err(RecvTimeoutError::Timeout) => Ok(0),
            Err(RecvTimeoutError::Disconnected) => {
                self.gone = true;
                Ok(0)
            }
        }
    }

    fn answer(&mut self, said: &Said) -> io::Result<usize> {
        match said {
            Said::Subscribed => Ok(1),
            Said::Ping(payload) => {
                let mut frame = Vec::new();
                put(&mut frame, PONG, payload);
                self.stream.write_all(&frame)?;
                Ok(0)
            }
        }
    }
}

/// Reads what the client says until it leaves.
fn listen(mut stream: TcpStream, rest: &[u8], says: &Sender<Said>) {
    let mut frames = Frames::new(16 * 1024, rest);
    loop {
        while let Some((opcode, payload)) = frames.next() {
            let said = match opcode {
                TEXT if is_subscribe(payload) => Said::Subscribed,
                PING => Said::Ping(payload.to_vec()),
                CLOSE => return,
                _ => continue,
            };
            if says.send(said).is_err() {
                return;
            }
        }
        if !frames.fill(&mut stream).unwrap_or(false) {
            return;
        }
    }
}

/// Whether a client's text asks for a task.
pub(crate) fn is_subscribe(payload: &[u8]) -> bool {
    let word = b"\"subscribe\"";
    payload.windows(word.len()).any(|window| window == word)
}
