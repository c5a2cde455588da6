//! What is known of the tasks and of the link, and what is said about it.

use std::collections::VecDeque;
use std::time::Duration;

use steadywire::event::{ErrorEvent, ErrorSource, LostReason};
use steadywire::{Event, State};

use crate::exit::Exit;
use crate::text::{clean, clean_lines, clock, percent};

/// Most samples from which the speed is computed.
const MAX_SAMPLES: usize = 64;

/// The speed is that of this last stretch of time.
const SPEED_WINDOW: Duration = Duration::from_secs(30);

/// Nothing is said about the speed before this much is known.
const MIN_STRETCH: Duration = Duration::from_secs(1);

/// A task that is followed.
#[derive(Debug)]
pub(crate) struct Task {
    /// Its name as given.
    pub(crate) id: String,
    /// Its name, safe to print.
    pub(crate) name: String,
    /// Percent, once it has said so.
    pub(crate) progress: Option<f64>,
    /// What it is doing, or empty.
    pub(crate) stage: String,
    /// A text that came along, or empty.
    pub(crate) message: String,
    /// How it ended, and the sentence about it.
    pub(crate) outcome: Option<(Exit, String)>,
    samples: VecDeque<(Duration, f64)>,
}

/// The link to the hub.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Link {
    /// Never up so far.
    Connecting,
    /// Up.
    Up,
    /// Gone or never up, and being restored.
    Retrying {
        /// It was up before.
        was_up: bool,
        /// What happened.
        cause: String,
        /// When the next attempt begins, on the watcher's clock.
        at: Duration,
    },
    /// Given up.
    Down,
}

/// Everything a watcher shows.
#[derive(Debug)]
pub(crate) struct Model {
    /// In the order of the command line.
    pub(crate) tasks: Vec<Task>,
    /// The link.
    pub(crate) link: Link,
    /// How far the shown times are ahead of UTC, in milliseconds.
    pub(crate) ahead_of_utc: i64,
}

/// Something to say about an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Note {
    /// A line of a task.
    Line(String),
    /// How far a task is; bars show it themselves.
    Progress(String),
    /// Something about the link or the delivery.
    Link(String),
    /// How a task ended.
    Outcome(String),
}

impl Model {
    /// Nothing is known yet.
    pub(crate) fn new(tasks: &[String]) -> Self {
        let mut known: Vec<Task> = Vec::new();
        for id in tasks {
            if !known.iter().any(|task| task.id == *id) {
                known.push(Task::new(id));
            }
        }
        Self { tasks: known, link: Link::Connecting, ahead_of_utc: 0 }
    }

    /// With times as the clock on the wall shows them.
    pub(crate) fn in_local_time(mut self) -> Self {
        self.ahead_of_utc = i64::from(chrono::Local::now().offset().local_minus_utc()) * 1000;
        self
    }

    /// The worst outcome, once there are all.
    pub(crate) fn result(&self) -> Option<Exit> {
        let outcomes = self.tasks.iter().map(|task| task.outcome.as_ref().map(|(exit, _)| *exit));
        outcomes.collect::<Option<Vec<_>>>().map(|all| all.into_iter().max().unwrap_or(Exit::Complete))
    }

    /// Takes in an event at `now` on the watcher's clock, and says what there is to say about it.
    pub(crate) fn event(&mut self, event: &Event<'_>, now: Duration, say: &mut impl FnMut(Note)) {
        let ahead = self.ahead_of_utc;
        match event {
            Event::Progress(event) => {
                let Some(task) = self.task(&event.task_id) else { return };
                task.stage = clean(&event.stage).into_owned();
                task.message = clean(&event.message).replace('\t', " ");
                task.sample(now, event.progress);
                let mut line = format!("{} {} {}", clock(event.timestamp, ahead), task.name, percent(event.progress));
                if !task.stage.is_empty() {
                    line.push(' ');
                    line.push_str(&task.stage);
                }
                if !task.message.is_empty() {
                    line.push_str("  ");
                    line.push_str(&task.message);
                }
                say(Note::Progress(line));
            }
            Event::Log(event) => {
                let Some(task) = self.task(&event.task_id) else { return };
                let level = match event.level {
                    steadywire::event::Level::Warn | steadywire::event::Level::Error => {
                        format!("{}: ", event.level.name())
                    }
                    _ => String::new(),
                };
                for line in clean_lines(&event.message) {
                    say(Note::Line(format!("{} {} | {level}{line}", clock(event.timestamp, ahead), task.name)));
                }
            }
            Event::Status(event) => {
                let Some(task) = self.task(&event.task_id) else { return };
                say(Note::Line(format!(
                    "{} {} status {}",
                    clock(event.timestamp, ahead),
                    task.name,
                    clean(&event.data)
                )));
            }
            Event::Complete(event) => self.end(&event.task_id, Exit::Complete, "complete".into(), say),
            Event::Lost(event) => {
                self.end(&event.task_id, Exit::Lost, format!("lost: {}", lost_text(event.reason)), say);
            }
            Event::Error(event) => self.error(event, say),
            Event::Gap(event) => say(Note::Link(match event.to {
                Some(to) if to == event.from => format!("-- {}: message {to} is missing", clean(&event.task_id)),
                Some(to) => format!("-- {}: messages {}-{to} are missing", clean(&event.task_id), event.from),
                None => format!(
                    "-- {}: the hub has lost its history or the task began anew; anything after message {} may be missing",
                    clean(&event.task_id),
                    event.from.saturating_sub(1)
                ),
            })),
            Event::Overflow(event) => {
                say(Note::Link(format!(
                    "-- {} log lines came faster than they could be shown and are missing",
                    event.count
                )));
            }
            Event::Retry(event) => {
                let was_up = match &self.link {
                    Link::Up => true,
                    Link::Retrying { was_up, .. } => *was_up,
                    Link::Connecting | Link::Down => false,
                };
                let delay = Duration::from_millis(event.next_delay);
                self.link = Link::Retrying { was_up, cause: clean(&event.cause).into_owned(), at: now + delay };
                let text = self.link_text(now);
                say(Note::Link(format!("-- {}", text.unwrap_or_default())));
            }
            Event::Connected(_) => {
                let again = matches!(self.link, Link::Retrying { was_up: true, .. });
                self.link = Link::Up;
                say(Note::Link(if again { "-- connected again" } else { "-- connected" }.into()));
            }
            Event::StateChange(event) if event.state == State::Error => {
                self.link = Link::Down;
                say(Note::Link(format!("-- stopped: {}", clean(&event.reason))));
            }
            _ => {}
        }
    }

    /// The trouble with the link in a few words, if there is some.
    pub(crate) fn link_text(&self, now: Duration) -> Option<String> {
        match &self.link {
            Link::Up => None,
            Link::Connecting => Some("connecting".into()),
            Link::Down => Some("stopped".into()),
            Link::Retrying { was_up, cause, at } => {
                let what = if *was_up { "reconnecting" } else { "not connected" };
                let left = at.saturating_sub(now);
                let next = if left.is_zero() { "trying now".into() } else { format!("next try in {}", seconds(left)) };
                Some(format!("{what} ({cause}), {next}"))
            }
        }
    }

    fn error(&mut self, event: &ErrorEvent<'_>, say: &mut impl FnMut(Note)) {
        let ahead = self.ahead_of_utc;
        let message = clean(&event.message);
        match (event.source, &event.task_id) {
            (ErrorSource::Task, Some(task)) if event.fatal => {
                let code = clean(&event.code);
                let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
                self.end(task, Exit::TaskError, format!("error: {message}{code}"), say);
            }
            (_, Some(id)) => {
                if let Some(task) = self.task(id) {
                    say(Note::Line(format!("{} {} ! {message}", clock(event.timestamp, ahead), task.name)));
                }
            }
            // What a broken link means is said by the retry.
            (ErrorSource::Transport, None) if !event.fatal => {}
            (_, None) => say(Note::Link(format!("-- error: {message}"))),
        }
    }

    fn end(&mut self, id: &str, exit: Exit, text: String, say: &mut impl FnMut(Note)) {
        if let Some(task) = self.task(id)
            && task.outcome.is_none()
        {
            say(Note::Outcome(format!("{}: {text}", task.name)));
            task.outcome = Some((exit, text));
        }
    }

    fn task(&mut self, id: &str) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.id == id)
    }
}

impl Task {
    fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: clean(id).into_owned(),
            progress: None,
            stage: String::new(),
            message: String::new(),
            outcome: None,
            samples: VecDeque::new(),
        }
    }

    fn sample(&mut self, now: Duration, progress: f64) {
        // A new stage began; what was measured before says nothing about it.
        if self.progress.is_some_and(|before| progress < before) {
            self.samples.clear();
        }
        self.progress = Some(progress);
        if self.samples.len() == MAX_SAMPLES {
            // Every second one goes, so that the window stays wide however often samples come.
            let mut index = 0;
            self.samples.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        self.samples.push_back((now, progress));
        while self.samples.len() > 2 && now.saturating_sub(self.samples[1].0) > SPEED_WINDOW {
            self.samples.pop_front();
        }
    }

    /// Percent per second, once it can be told.
    pub(crate) fn speed(&self, now: Duration) -> Option<f64> {
        let (since, from) = *self.samples.front()?;
        let stretch = now.saturating_sub(since);
        let done = self.progress? - from;
        (stretch >= MIN_STRETCH && done > 0.0).then(|| done / stretch.as_secs_f64())
    }

    /// How long it will still take at that speed.
    pub(crate) fn eta(&self, now: Duration) -> Option<Duration> {
        let seconds = (100.0 - self.progress?) / self.speed(now)?;
        // Beyond a month the guess is worth nothing.
        (seconds.is_finite() && seconds < 2_592_000.0).then(|| Duration::from_secs_f64(seconds))
    }
}

/// `1.2 s`.
fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn lost_text(reason: LostReason) -> &'static str {
    match reason {
        LostReason::Disconnected => "the watcher disconnected",
        LostReason::GivenUp => "given up after too many failed attempts",
        LostReason::Refused => "the hub refused the connection",
        LostReason::Forgotten => "the hub does not know it any more",
        LostReason::Unsubscribed => "unsubscribed",
        LostReason::Closed => "the watcher was closed",
    }
}

#[cfg(test)]
mod tests;
