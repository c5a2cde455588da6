//! The end of the task, and the wait until the hub knows it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use steadywire::{Client, ErrorKind, Level, Message, Pending, Receipt, Reporter, State, redact_url};

use super::child::End;
use super::report::unsent_text;
use super::signals::Target;
use crate::args::RunArgs;
use crate::link;
use crate::text::clean;

/// How often it is looked whether somebody wants us gone.
const SLICE: Duration = Duration::from_millis(20);

/// After this time the person at the terminal is told what we wait for.
const SILENCE: Duration = Duration::from_secs(1);

/// How long to wait for the network after the command has ended.
pub(super) struct Patience<'a> {
    begin: Instant,
    until: Instant,
    target: &'a Target,
    url: &'a str,
    told: Cell<bool>,
}

impl<'a> Patience<'a> {
    /// As long as the command line says, or until a signal says that it is enough.
    pub(super) fn begin(args: &'a RunArgs, target: &'a Target) -> Self {
        let begin = Instant::now();
        Self { begin, until: begin + args.flush_timeout, target, url: &args.client.url, told: Cell::new(false) }
    }

    /// Whether it is over. Tells the person at the terminal what we wait for, once it takes long.
    pub(super) fn is_over(&self) -> bool {
        let over = self.left().is_zero() || self.target.wants_us_gone();
        if !over && !self.told.get() && self.begin.elapsed() >= SILENCE {
            self.told.set(true);
            eprintln!("steadywire: waiting for {} (Ctrl-C to leave)", redact_url(self.url));
        }
        over
    }

    /// How long to wait before asking again.
    pub(super) fn slice(&self) -> Duration {
        SLICE.min(self.left())
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

/// Tells followers how many lines they miss, if there is room for it.
pub(super) fn tell_unsent(client: &Client, task: &str, lines: u64) {
    if lines > 0 {
        drop(client.send(Message::log(task, Level::Warn, unsent_text(lines)).ack(true)));
    }
}

/// Ends the task as the command ended.
pub(super) fn end_task(reporter: Reporter, end: End, took: Duration) -> Pending<Receipt> {
    match end {
        End::Status(0) => reporter.complete(&format!(r#"{{"exitStatus":0,"durationMs":{}}}"#, took.as_millis())),
        End::Status(status) => reporter.fail(&format!("exit status {status}"), &format!("exit_{status}")),
        End::Signal(signal) => reporter.fail(&format!("killed by signal {signal}"), &format!("signal_{signal}")),
    }
}

/// Waits until the hub has the outcome; says so on standard error if it has not.
pub(super) fn deliver(client: &Client, mut pending: Pending<Receipt>, args: &RunArgs, patience: &Patience<'_>) {
    let result = loop {
        match pending.wait_timeout(patience.slice()) {
            Err(error) if error.kind() == ErrorKind::Timeout => {}
            result => break Some(result),
        }
        // Refused for good: what is sent now waits for a connect that nobody asks for.
        if patience.is_over() || client.state() == State::Error {
            break None;
        }
    };
    let problem = match result {
        Some(Ok(Receipt::Acked | Receipt::Written { .. })) => return,
        // Asked not to wait, we cannot know.
        None if args.flush_timeout.is_zero() => return,
        None => "no acknowledgement in time".to_owned(),
        Some(Ok(Receipt::Rejected(reason))) => format!("refused: {}", clean(&reason)),
        Some(Ok(Receipt::Dropped(reason))) => format!("not sent: {}", reason.name()),
        Some(Ok(Receipt::Unknown)) => "the link broke".to_owned(),
        Some(Err(error)) => error.to_string(),
    };
    eprintln!(
        "steadywire: {} may not know how task {} ended, nor all of its output ({})",
        redact_url(&args.client.url),
        clean(&args.task),
        link::refusal(client).unwrap_or(problem)
    );
}
