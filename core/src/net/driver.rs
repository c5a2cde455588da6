//! The one task of a client: between its session and its sockets.

#[cfg(test)]
mod tests;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use super::asking::{Asking, Unanswered};
use super::clock::{self, Alarm, SleepWatch};
use super::dial::Target;
use super::failure::Failed;
use super::report::{self, Lines};
use super::secrets::Secrets;
use super::shared::{Shared, lock};
use super::socket::{Frame, Received, Socket};
use crate::config::{Credentials, CredentialsError, Provider};
use crate::error::panic_text;
use crate::inbox::Pressure;
use crate::session::{
    CredentialsFailure, CredentialsRequest, Disposition, Ending, Generation, Input, Now, Output, Session, Transmit,
};

/// A burst of frames is read under one lock of the session. It ends after this many ...
const BURST_FRAMES: usize = 256;

/// ... or this many bytes, so that callers and other clients get their turn.
const BURST_BYTES: usize = 64 << 10;

/// How many bursts without a pause go to the consumer at a time.
const BURSTS_PER_RING: u32 = 4;

/// How often one poll may start over, for attempts that fail at once.
const MAX_ROUNDS: usize = 8;

/// How much of a binary message the session is shown.
const BINARY_HEAD: usize = 200;

type Dialed = Result<Box<dyn Socket>, Failed>;
type Dialing = Pin<Box<dyn Future<Output = Dialed> + Send>>;

type Given = Result<Credentials, CredentialsError>;

/// Whom the driver asks: for credentials, and what an end means.
type Providers = (Option<Provider<CredentialsRequest, Given>>, Option<Provider<Ending, Option<Disposition>>>);

/// What the program has answered, under the numbers of the transports.
struct Answers {
    credentials: Option<(Generation, Result<Given, Unanswered>)>,
    disposition: Option<(Generation, Result<Option<Disposition>, Unanswered>)>,
}

/// Runs until the client is closed, or ends it where a defect shows.
pub(super) async fn drive(shared: Arc<Shared>, providers: Providers) {
    let mut driver = Driver::new(providers);
    let guarded = |cx: &mut Context<'_>| match catch_unwind(AssertUnwindSafe(|| driver.poll(&shared, cx))) {
        Ok(polled) => polled.map(|()| None),
        Err(panic) => Poll::Ready(Some(panic)),
    };
    let Some(panic) = std::future::poll_fn(guarded).await else { return };
    // Sockets first: what is told of the link must be true.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(driver)));
    shared.fail(panic_text(&*panic));
}

struct Driver {
    dialing: Option<(Generation, Dialing)>,
    /// The current transport.
    link: Option<Link>,
    /// The one before it, in its close handshake.
    closing: Option<Link>,
    alarm: Alarm,
    /// A deadline has passed or writing has failed, and the reactor was asked since then what is readable.
    asked: bool,
    watch: SleepWatch,
    asking: Asking<CredentialsRequest, Given>,
    classifying: Asking<Ending, Option<Disposition>>,
    /// What was given last.
    credentials: Credentials,
    /// What was shown to the server last, and is not to be told when it quotes it.
    secrets: Secrets,
    /// Collected under the session's lock, written without it. Empty between two polls.
    frames: Vec<Frame>,
    /// Bursts since the bell was due.
    unrung: u32,
}

struct Link {
    generation: Generation,
    socket: Box<dyn Socket>,
    unflushed: bool,
    /// The session knows that reading pauses.
    paused: bool,
    /// Writing failed. Reading may still tell why: a close frame can be waiting there.
    write_failed: Option<Failed>,
}

/// How far a burst of reading came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Burst {
    /// Nothing is left to read.
    Drained,
    /// There may be more.
    Cut,
    /// That was the last of this transport; the session knows.
    Gone,
}

/// What one round under the session's lock leaves to be done without it.
struct Round {
    now: Now,
    ring: bool,
    /// Something came up that needs another round at once.
    again: bool,
    /// There may be more to read.
    cut: bool,
    /// The reactor is to be asked before a deadline that has passed, or a failure to write, counts.
    ask: bool,
    deadline: Option<u64>,
    /// To be logged.
    lines: Lines,
}

impl Driver {
    fn new((credentials, classify): Providers) -> Self {
        Self {
            dialing: None,
            link: None,
            closing: None,
            alarm: Alarm::default(),
            asked: false,
            watch: SleepWatch::new(),
            asking: Asking::new(credentials),
            classifying: Asking::new(classify),
            credentials: Credentials::default(),
            secrets: Secrets::default(),
            frames: Vec::new(),
            unrung: 0,
        }
    }

    fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<()> {
        // Before the look at the session, or a call in between would go unnoticed.
        shared.waker.register(cx.waker());
        for _ in 0..MAX_ROUNDS {
            let dialed = self.poll_dial(cx);
            let answers = Answers { credentials: self.asking.poll(cx), disposition: self.classifying.poll(cx) };
            let mut round = self.round(shared, dialed, answers, cx);
            round.again |= self.send(cx);
            report::tell(std::mem::take(&mut round.lines));
            let closed = shared.closed.load(Ordering::Acquire);
            self.ring(shared, &round, closed);
            round.again |= self.asking.ask() | self.classifying.ask();
            if closed {
                return Poll::Ready(());
            }
            if round.again {
                continue;
            }
            if round.cut {
                cx.waker().wake_by_ref();
            }
            self.asked = round.ask;
            if round.ask {
                // It wakes this task once the reactor has been polled. The alarm would at once, so it is not set.
                let _ = std::pin::pin!(tokio::task::yield_now()).poll(cx);
                return Poll::Pending;
            }
            self.alarm.set(round.deadline, self.link.is_some(), round.now.mono_ms, cx);
            return Poll::Pending;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Without the session's lock: an attempt may take its time to set up.
    fn poll_dial(&mut self, cx: &mut Context<'_>) -> Option<(Generation, Dialed)> {
        let (generation, dialing) = self.dialing.as_mut()?;
        let Poll::Ready(result) = dialing.as_mut().poll(cx) else { return None };
        let generation = *generation;
        self.dialing = None;
        Some((generation, result))
    }

    fn round(
        &mut self,
        shared: &Shared,
        dialed: Option<(Generation, Dialed)>,
        answers: Answers,
        cx: &mut Context<'_>,
    ) -> Round {
        let mut guard = lock(&shared.session);
        let session = &mut *guard;
        let now = clock::now();
        let mut round =
            Round { now, ring: false, again: false, cut: false, ask: false, deadline: None, lines: Lines::new() };
        if let Some(slept_ms) = self.watch.look(now) {
            tell(session, now, Input::Woke { slept_ms });
        }
        if let Some((generation, result)) = dialed {
            self.dialed(session, now, generation, result);
        }
        if let Some((generation, answer)) = answers.credentials {
            self.given(session, now, generation, answer);
        }
        if let Some((generation, answer)) = answers.disposition {
            // Where there is no answer the proposal counts.
            tell(session, now, Input::Classified { generation, disposition: answer.ok().flatten() });
        }
        self.pause_or_resume(shared, session, &mut round);
        self.read(session, &mut round, cx);
        self.obey(shared, session, &mut round);
        // What was readable has been read, so that a frame that came in time is not called late. The reactor may
        // not know of it yet: after a stop (Ctrl-Z, a debugger, a suspend) its wait is interrupted, and timers fire
        // before the sockets were looked at.
        let due = session.next_deadline().is_some_and(|at| at <= now.mono_ms);
        if due && self.asked {
            tell(session, now, Input::Timeout);
            self.obey(shared, session, &mut round);
        }
        round.ask |= due && !self.asked;
        self.collect(session, &mut round, cx);
        self.obey(shared, session, &mut round);
        self.flush_closing(&mut round, cx);
        round.lines = shared.report.look(session);
        let stored = shared.inbox.store(session.batch(), now.mono_ms);
        round.ring |= stored.ring;
        if stored.pressure == Pressure::Full && self.link.as_ref().is_some_and(|link| !link.paused) {
            round.again = true;
        }
        round.deadline = session.next_deadline().into_iter().chain(shared.inbox.pause_deadline()).min();
        round
    }

    fn dialed(&mut self, session: &mut Session, now: Now, generation: Generation, result: Dialed) {
        match result {
            Ok(socket) => {
                self.link = Some(Link { generation, socket, unflushed: false, paused: false, write_failed: None });
                tell(session, now, Input::Opened { generation });
            }
            Err(failed) => tell(session, now, Input::DialFailed { generation, failure: failed.as_failure() }),
        }
    }

    fn given(&mut self, session: &mut Session, now: Now, generation: Generation, answer: Result<Given, Unanswered>) {
        let given = answer.unwrap_or_else(|why| Err(CredentialsError::new(why.text())));
        let result = match &given {
            Ok(credentials) => {
                self.credentials.clone_from(credentials);
                Ok(())
            }
            Err(error) => Err(CredentialsFailure { message: &error.message, fatal: error.fatal }),
        };
        tell(session, now, Input::Credentials { generation, result });
    }

    fn pause_or_resume(&mut self, shared: &Shared, session: &mut Session, round: &mut Round) {
        if shared.inbox.pause_deadline().is_some_and(|at| at <= round.now.mono_ms) {
            round.ring |= shared.inbox.shed(round.now.mono_ms).ring;
        }
        let Some(link) = &mut self.link else { return };
        let (generation, paused) = (link.generation, shared.inbox.is_paused());
        if paused != link.paused {
            link.paused = paused;
            let input = if paused { Input::ReadPaused { generation } } else { Input::ReadResumed { generation } };
            tell(session, round.now, input);
        }
    }

    fn read(&mut self, session: &mut Session, round: &mut Round, cx: &mut Context<'_>) {
        for place in [&mut self.link, &mut self.closing] {
            let Some(link) = place else { continue };
            let burst = if link.paused { Burst::Drained } else { link.read(session, round.now, &self.secrets, cx) };
            round.cut |= burst == Burst::Cut;
            if burst == Burst::Drained && link.write_failed.is_some() && !self.asked && !link.paused {
                // Of what came with the failure the reactor may not know yet.
                round.ask = true;
            } else if burst == Burst::Drained
                && let Some(failed) = link.write_failed.take()
            {
                tell(session, round.now, Input::Broken { generation: link.generation, failure: failed.as_failure() });
                *place = None;
            } else if burst == Burst::Gone {
                *place = None;
            }
        }
    }

    /// Takes what is to be written from the session; `send` writes it without the session's lock, which callers
    /// want meanwhile.
    fn collect(&mut self, session: &mut Session, round: &mut Round, cx: &mut Context<'_>) {
        let Some(link) = self.link.as_mut().filter(|link| link.write_failed.is_none()) else { return };
        match link.socket.poll_ready(cx) {
            Poll::Pending => return,
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(failed)) => {
                link.write_failed = Some(failed);
                round.again = true;
                return;
            }
        }
        let mut bytes = 0;
        while bytes < BURST_BYTES {
            match session.poll_transmit(round.now) {
                None => return,
                Some(Transmit::Text(text)) => {
                    bytes += text.len();
                    self.frames.push(Frame::Text(text));
                }
                Some(Transmit::Ping(payload)) => self.frames.push(Frame::Ping(payload)),
            }
        }
        round.again = true;
    }

    /// Writes what was collected. Whether another round is due at once.
    fn send(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(link) = self.link.as_mut().filter(|link| link.write_failed.is_none()) else {
            self.frames.clear();
            return false;
        };
        let result = link.take(&mut self.frames).and_then(|()| link.flush(cx));
        link.write_failed = result.err();
        link.write_failed.is_some()
    }

    fn flush_closing(&mut self, round: &mut Round, cx: &mut Context<'_>) {
        let Some(link) = self.closing.as_mut().filter(|link| link.write_failed.is_none()) else { return };
        if let Err(failed) = link.flush(cx) {
            link.write_failed = Some(failed);
            round.again = true;
        }
    }

    /// Does what the session asks for.
    fn obey(&mut self, shared: &Shared, session: &mut Session, round: &mut Round) {
        while let Some(output) = session.poll_output() {
            match output {
                Output::NeedCredentials(request) => {
                    let generation = request.generation;
                    if !self.asking.note(generation, request) {
                        tell(session, round.now, Input::Credentials { generation, result: Ok(()) });
                    }
                }
                Output::Classify(ending) => {
                    let generation = ending.generation;
                    if !self.classifying.note(generation, ending) {
                        tell(session, round.now, Input::Classified { generation, disposition: None });
                    }
                }
                Output::Dial { generation } => {
                    let target = Target::new(session.config(), &self.credentials);
                    session.dials(target.url());
                    self.secrets = target.secrets();
                    let dialer = Arc::clone(&shared.dialer);
                    self.dialing = Some((generation, Box::pin(async move { dialer.dial(target).await })));
                    round.again = true;
                }
                Output::Drop { generation } => self.drop_transport(generation),
                Output::Close { generation, code } => {
                    if let Some(mut link) = self.link.take_if(|link| link.generation == generation) {
                        // Reading goes on even if the consumer lags: the session wants the peer's close frame
                        // and nothing else of it.
                        link.paused = false;
                        self.frames.push(Frame::Close(code));
                        link.write_failed = link.take(&mut self.frames).err();
                        self.closing = Some(link);
                        round.again = true;
                    } else {
                        self.drop_transport(generation);
                    }
                }
            }
        }
    }

    fn drop_transport(&mut self, generation: Generation) {
        if self.link.as_ref().is_some_and(|link| link.generation == generation) {
            self.frames.clear();
        }
        self.asking.forget(generation);
        self.classifying.forget(generation);
        self.dialing.take_if(|(of, _)| *of == generation);
        self.link.take_if(|link| link.generation == generation);
        self.closing.take_if(|link| link.generation == generation);
    }

    /// Wakes the consumer, but while there is more to read only for every few bursts: at full speed the wake-ups
    /// would cost as much as the events. `last` = there is no next time.
    fn ring(&mut self, shared: &Shared, round: &Round, last: bool) {
        self.unrung += u32::from(round.ring || self.unrung > 0);
        if self.unrung > 0 && (last || !round.cut || self.unrung >= BURSTS_PER_RING) {
            self.unrung = 0;
            shared.inbox.ring();
        }
    }
}

impl Link {
    fn read(&mut self, session: &mut Session, now: Now, secrets: &Secrets, cx: &mut Context<'_>) -> Burst {
        let generation = self.generation;
        let mut bytes = 0;
        for _ in 0..BURST_FRAMES {
            let Poll::Ready(received) = self.socket.poll_recv(cx) else { return Burst::Drained };
            let scrubbed;
            let input = match &received {
                Received::Text(text) => {
                    bytes += text.len();
                    session.handle_text(now, generation, text);
                    if bytes >= BURST_BYTES {
                        return Burst::Cut;
                    }
                    continue;
                }
                Received::Binary(data) => {
                    bytes += data.len();
                    Input::Binary { generation, head: &data[..data.len().min(BINARY_HEAD)] }
                }
                Received::Ping => Input::Ping { generation },
                Received::Pong(payload) => {
                    let payload = <[u8; 8]>::try_from(&payload[..]).ok().map(u64::from_be_bytes);
                    Input::Pong { generation, payload }
                }
                Received::Close { code, reason } => {
                    scrubbed = secrets.scrub(reason);
                    Input::Closed { generation, code: *code, reason: &scrubbed }
                }
                Received::End(reason) => Input::Closed { generation, code: Some(1006), reason },
                Received::Failed(failed) => Input::Broken { generation, failure: failed.as_failure() },
            };
            let last = matches!(input, Input::Closed { .. } | Input::Broken { .. });
            tell(session, now, input);
            if last {
                return Burst::Gone;
            }
            if bytes >= BURST_BYTES {
                return Burst::Cut;
            }
        }
        Burst::Cut
    }

    fn take(&mut self, frames: &mut Vec<Frame>) -> Result<(), Failed> {
        self.unflushed |= !frames.is_empty();
        frames.drain(..).try_for_each(|frame| self.socket.start_send(frame))
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Result<(), Failed> {
        if self.unflushed
            && let Poll::Ready(result) = self.socket.poll_flush(cx)
        {
            self.unflushed = false;
            result?;
        }
        Ok(())
    }
}

/// What a driver reports is never misuse.
fn tell(session: &mut Session, now: Now, input: Input<'_>) {
    let result = session.handle_input(now, input);
    debug_assert!(result.is_ok(), "{result:?}");
}
