//! Rival 1: a blocking socket, a frame walk over one buffer, serde_json, a closure.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::corpus::{self, Corpus};
use crate::frames::{Frames, PING, PONG, TEXT, put_masked};
use crate::parse::{Typed, parse};
use crate::tally::Tally;
use crate::upgrade;

/// How much one read may bring.
const BUFFER: usize = 64 * 1024;

/// Reads until the run is over.
pub(crate) fn read(port: u16, corpus: Corpus, tally: &Tally) -> io::Result<()> {
    let mut over = false;
    follow(port, corpus, |event| {
        over = event.count(tally);
        !over
    })
}

/// Calls the handler for each event until it returns false.
fn follow(port: u16, corpus: Corpus, mut handler: impl FnMut(&Typed<'_>) -> bool) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let rest = upgrade::connect(&mut stream)?;
    stream.write_all(&subscriptions(corpus))?;
    let mut frames = Frames::new(BUFFER, &rest);
    loop {
        while let Some((opcode, payload)) = frames.next() {
            match opcode {
                TEXT => {
                    let text = std::str::from_utf8(payload).map_err(io::Error::other)?;
                    if !handler(&parse(text)?) {
                        return Ok(());
                    }
                }
                PING => {
                    let mut pong = Vec::new();
                    put_masked(&mut pong, PONG, payload);
                    stream.write_all(&pong)?;
                }
                _ => return Err(io::Error::other(format!("unexpected opcode {opcode}"))),
            }
        }
        if !frames.fill(&mut stream)? {
            return Err(io::Error::other("the server left early"));
        }
    }
}

/// The floor below every client: the bytes alone.
pub(crate) fn drain(port: u16, corpus: Corpus, bytes: u64) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let rest = upgrade::connect(&mut stream)?;
    stream.write_all(&subscriptions(corpus))?;
    let mut left = bytes.saturating_sub(rest.len() as u64);
    let mut buffer = vec![0; BUFFER];
    while left > 0 {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err(io::Error::other("the server left early"));
        }
        left = left.saturating_sub(count as u64);
    }
    Ok(())
}

/// The frames that ask for the corpus' tasks.
fn subscriptions(corpus: Corpus) -> Vec<u8> {
    let mut out = Vec::new();
    for text in subscribe_texts(corpus) {
        put_masked(&mut out, TEXT, text.as_bytes());
    }
    out
}

/// The messages that ask for the corpus' tasks.
pub(crate) fn subscribe_texts(corpus: Corpus) -> impl Iterator<Item = String> {
    corpus::task_names(corpus).into_iter().map(|task| {
        format!(r#"{{"type":"status","taskId":"{task}","timestamp":1732000000000,"data":{{"action":"subscribe"}}}}"#)
    })
}
