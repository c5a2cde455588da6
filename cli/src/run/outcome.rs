//! The end of the task, and the wait until the hub knows it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use steadywire::{Client, ErrorKind, Event, EventKind, Level, Message, Pending, Receipt, Reporter};

use super::child::End;
use super::report::unsent_text;
use super::signals::Target;
use crate::args::RunArgs;
use crate::link;
use crate::text::clean;

/// How often it is looked whether somebody wants us gone.
pub(super) const SLICE: Duration = Duration::from_millis(20);

/// After this time the person at the terminal is told what we wait for.
const SILENCE: Duration = Duration::from_secs(1);

/// How long to wait for the network after the command has ended.
pub(super) struct Patience<'a> {
    until: Instant,
    target: &'a Target,
}

impl<'a> Patience<'a> {
    /// Until then, or until a signal says that it is enough.
    pub(super) fn until(until: Instant, target: &'a Target) -> Self {
        Self { until, target }
    }

    /// No more waiting.
    pub(super) fn is_over(&self) -> bool {
        self.left().is_zero() || self.target.wants_us_gone()
    }

    /// The time that is left.
    pub(super) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

/// The last reason why the hub does not want us.
pub(super) type Refusal = Arc<Mutex<Option<String>>>;

/// Remembers a refusal, for the warning at the end: in the middle it would garble the command's output.
pub(super) fn watch_for_refusal(client: &Client) -> Refusal {
    let refusal = Refusal::default();
    let remembered = refusal.clone();
    client.on(EventKind::Error, move |event| {
        if let Event::Error(error) = event
            && error.task_id.is_none()
            && error.fatal
        {
            *remembered.lock().unwrap_or_else(PoisonError::into_inner) = Some(clean(&error.message).into_owned());
        }
    });
    refusal
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
pub(super) fn deliver(mut pending: Pending<Receipt>, args: &RunArgs, refusal: &Refusal, patience: &Patience<'_>) {
    let begin = Instant::now();
    let mut told = false;
    let result = loop {
        match pending.wait_timeout(SLICE.min(patience.left())) {
            Err(error) if error.kind() == ErrorKind::Timeout => {}
            result => break Some(result),
        }
        if patience.is_over() {
            break None;
        }
        if !told && begin.elapsed() >= SILENCE && patience.left() >= SILENCE {
            told = true;
            eprintln!(
                "steadywire: waiting for {} to take the outcome (Ctrl-C to leave)",
                link::shown(&args.client.url)
            );
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
    let refusal = refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
    eprintln!(
        "steadywire: {} may not know how task {} ended ({})",
        link::shown(&args.client.url),
        args.task,
        refusal.unwrap_or(problem)
    );
}
