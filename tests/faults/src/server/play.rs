//! Plays one connection.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpStream;

use super::shared::Shared;
use crate::frame::{Frame, Opcode};
use crate::matcher::Matcher;
use crate::peer::Peer;
use crate::script::{Accept, Connection, Flow, Step};
use crate::told::{Told, shown};
use crate::transcript::Received;

/// How many bytes of a huge message are written at a time.
const PIECE: usize = 64 * 1024;

pub(super) async fn play(
    stream: TcpStream,
    connection: Arc<Connection>,
    index: usize,
    scripted: bool,
    shared: Arc<Shared>,
) {
    let mut line = Line { peer: Some(Peer::new(stream)), connection, index, shared, close_asked: None };
    match line.run().await {
        Ok(()) if scripted && !line.shared.is_told() => line.shared.change(|state| state.to_do -= 1),
        Ok(()) => {}
        Err(problem) => {
            line.shared.problem(index, format!("connection {}: {problem}", index + 1));
            if line.shared.is_told() {
                return;
            }
            // The connection stays as it is, so that the first problem is the one that is seen.
            return std::future::pending().await;
        }
    }
    if let Err(problem) = line.linger().await {
        line.shared.problem(index, format!("connection {}, after its last step: {problem}", index + 1));
    }
}

struct Line {
    /// `None` once it was reset.
    peer: Option<Peer>,
    connection: Arc<Connection>,
    index: usize,
    shared: Arc<Shared>,
    /// A close frame came and was not answered.
    close_asked: Option<Option<u16>>,
}

impl Line {
    async fn run(&mut self) -> Result<(), String> {
        let Some(peer) = &mut self.peer else { return Ok(()) };
        match &self.connection.accept {
            Accept::Fin => {
                self.shared.tell(|| Told::new("step", self.index, "ends it at once (FIN)".to_owned()));
                peer.fin().await;
                return self.drain().await;
            }
            Accept::Rst => {
                self.shared.tell(|| Told::new("step", self.index, "resets it at once (RST)".to_owned()));
                self.rst();
                return Ok(());
            }
            Accept::Upgrade | Accept::Answer(_) | Accept::Silence => {}
        }
        let request = match peer.request().await {
            Ok(request) => request,
            Err(end) => {
                self.shared.received(self.index, end.clone());
                self.peer = None;
                // A client may think better of it before it has asked.
                return if self.connection.strict { Err(format!("{end:?} instead of a request")) } else { Ok(()) };
            }
        };
        self.shared.requested(self.index, request.clone());
        match &self.connection.accept {
            Accept::Answer(bytes) => {
                self.shared.tell(|| Told::new("step", self.index, format!("answers {}", shown(bytes))));
                // A client that does not wait for the answer shows itself by its end.
                let _ = peer.write(bytes).await;
                peer.fin().await;
                return self.drain().await;
            }
            Accept::Silence => {
                self.shared.tell(|| Told::new("step", self.index, "never answers".to_owned()));
                return self.drain().await;
            }
            Accept::Upgrade | Accept::Fin | Accept::Rst => peer.upgrade(&request).await?,
        }
        let connection = Arc::clone(&self.connection);
        for (number, step) in connection.steps.iter().enumerate() {
            let numbered = |problem| format!("step {}: {problem}", number + 1);
            // Filled first, so that what is told is what is done.
            let step = self.filled_step(step).map_err(numbered)?;
            self.shared.doing(self.index, number + 1, &step);
            self.step(&step).await.map_err(numbered)?;
        }
        self.shared.done(self.index);
        Ok(())
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        let Some(peer) = &mut self.peer else { return Err("it was reset before".to_owned()) };
        let written = match step {
            Step::Expect(matcher, name) => return self.expect(matcher, name.as_deref()).await,
            Step::Gate(name) => return self.wait_at(name).await,
            Step::Flow(flow) => return self.flow(*flow).await,
            Step::Huge(bytes) => return huge(peer, *bytes).await,
            Step::Json(value) => peer.send(&Frame::text(value.to_string())).await,
            Step::Frames(frames) => send_all(peer, frames).await,
            Step::Fragments { json, size, ping } => {
                send_all(peer, &Frame::pieces(&json.to_string(), *size, *ping)).await
            }
            Step::Delay(time) => {
                tokio::time::sleep(*time).await;
                Ok(())
            }
            Step::Bytes(bytes) => peer.write(bytes).await,
        };
        written.map_err(|error| format!("it could not be written: {error}"))
    }

    async fn expect(&mut self, matcher: &Matcher, name: Option<&str>) -> Result<(), String> {
        loop {
            let received = self.receive().await?;
            if matcher.matches(&received) {
                if let Received::Text(text) = &received
                    && let Ok(value) = serde_json::from_str::<Value>(text)
                {
                    self.shared.change(|state| {
                        state.named.insert(String::new(), value.clone());
                        state.named.insert(name.unwrap_or_default().to_owned(), value);
                    });
                }
                return Ok(());
            }
            self.pass_over(&received, &format!("waiting for {matcher:?}"))?;
        }
    }

    async fn wait_at(&mut self, name: &str) -> Result<(), String> {
        let shared = Arc::clone(&self.shared);
        let opened = shared.until(|state| state.gates.contains(name));
        tokio::pin!(opened);
        loop {
            tokio::select! {
                // Another connection's problem is told by that connection.
                _ = &mut opened => return Ok(()),
                received = self.receive() => {
                    let received = received?;
                    self.pass_over(&received, &format!("waiting at the gate {name}"))?;
                }
            }
        }
    }

    async fn flow(&mut self, flow: Flow) -> Result<(), String> {
        let Some(peer) = &mut self.peer else { return Ok(()) };
        match flow {
            Flow::Fin => {
                peer.fin().await;
                self.drain().await?;
            }
            Flow::Rst => self.rst(),
            Flow::Silence => {}
            Flow::Dribble => peer.dribbles = true,
            Flow::ReadSlowly => peer.reads_slowly = true,
        }
        Ok(())
    }

    /// The next message, recorded; pings are answered.
    async fn receive(&mut self) -> Result<Received, String> {
        let Some(peer) = &mut self.peer else { return Err("it was reset before".to_owned()) };
        let received = peer.next().await;
        self.shared.received(self.index, received.clone());
        match &received {
            // Whether the client still listens shows when it is read from.
            Received::Ping(payload) if self.connection.pongs => {
                let _ = peer.send(&Frame::new(Opcode::Pong, payload.clone())).await;
            }
            Received::Close { code, .. } => self.close_asked = Some(*code),
            Received::Wrong(what) => return Err(format!("the client sent {what}")),
            _ => {}
        }
        Ok(received)
    }

    /// Whether a frame that no step waits for is a problem.
    fn pass_over(&self, received: &Received, meanwhile: &str) -> Result<(), String> {
        match received {
            Received::End | Received::Reset => Err(format!("the client ended it, {meanwhile}")),
            Received::Text(_) | Received::Binary(_) | Received::Close { .. } if self.connection.strict => {
                Err(format!("not expected, {meanwhile}: {received:?}"))
            }
            _ => Ok(()),
        }
    }

    /// Reads until the client has ended; what comes is recorded.
    async fn drain(&mut self) -> Result<(), String> {
        loop {
            let received = match &mut self.peer {
                Some(peer) => peer.next().await,
                None => return Ok(()),
            };
            let over = matches!(received, Received::End | Received::Reset | Received::Wrong(_));
            self.shared.received(self.index, received);
            if over {
                self.peer = None;
            }
        }
    }

    /// All steps are done: reads on until the client ends, answers its pings and its close.
    async fn linger(&mut self) -> Result<(), String> {
        if matches!(self.connection.steps.last(), Some(Step::Flow(Flow::Silence))) {
            match &self.peer {
                // For people it goes on and on: what is left behind must not pile up.
                Some(peer) if self.shared.is_told() => peer.gone().await,
                _ => return std::future::pending().await,
            }
            return Ok(());
        }
        while let Some(peer) = &mut self.peer {
            if let Some(code) = self.close_asked.take() {
                // It has said that it goes.
                let _ = peer.send(&Frame::close(code, "")).await;
                peer.fin().await;
                return self.drain().await;
            }
            let received = self.receive().await?;
            if matches!(received, Received::End | Received::Reset) {
                return Ok(());
            }
            if matches!(received, Received::Text(_) | Received::Binary(_)) && self.connection.strict {
                return Err(format!("not expected: {received:?}"));
            }
        }
        Ok(())
    }

    fn rst(&mut self) {
        if let Some(peer) = self.peer.take() {
            peer.rst();
        }
    }

    /// The step with its values filled.
    fn filled_step<'a>(&self, step: &'a Step) -> Result<Cow<'a, Step>, String> {
        Ok(Cow::Owned(match step {
            Step::Expect(Matcher::Json(value), name) => Step::Expect(Matcher::Json(self.filled(value)?), name.clone()),
            Step::Json(value) => Step::Json(self.filled(value)?),
            Step::Fragments { json, size, ping } => {
                Step::Fragments { json: self.filled(json)?, size: *size, ping: *ping }
            }
            other => return Ok(Cow::Borrowed(other)),
        }))
    }

    /// The value with every `$name/pointer` in it replaced by what it points to in the frame of that name.
    fn filled(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) if text.starts_with('$') => {
                let (name, pointer) = text[1..].split_once('/').ok_or(format!("{text} points to nothing"))?;
                let found = self.shared.read(|state| state.named.get(name)?.pointer(&format!("/{pointer}")).cloned());
                found.ok_or_else(|| format!("{text} points to nothing that was received"))?
            }
            Value::Array(list) => Value::Array(list.iter().map(|one| self.filled(one)).collect::<Result<_, _>>()?),
            Value::Object(map) => {
                let filled = |(key, value): (&String, &Value)| Ok((key.clone(), self.filled(value)?));
                Value::Object(map.iter().map(filled).collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }
}

async fn send_all(peer: &mut Peer, frames: &[Frame]) -> std::io::Result<()> {
    let mut written = Ok(());
    for frame in frames {
        written = written.and(peer.send(frame).await);
    }
    written
}

/// One text frame of so many bytes, a log line. A client that hangs up meanwhile has said what it thinks of it.
async fn huge(peer: &mut Peer, bytes: u64) -> Result<(), String> {
    const HEAD: &[u8] = br#"{"type":"log","taskId":"t","timestamp":1,"data":{"level":"info","message":""#;
    const TAIL: &[u8] = br#""}}"#;
    let filling = bytes.checked_sub((HEAD.len() + TAIL.len()) as u64).ok_or("it is too small to be huge")?;
    let start = Frame::text(HEAD).declaring(bytes).encode();
    if peer.write(&start).await.is_err() {
        return Ok(());
    }
    let piece = vec![b'x'; PIECE];
    let mut left = filling;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        if peer.write(&piece[..now]).await.is_err() {
            return Ok(());
        }
        left -= now as u64;
    }
    // As above: it may have hung up.
    let _ = peer.write(TAIL).await;
    Ok(())
}
