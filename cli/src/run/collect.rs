//! What was read from the command and not yet handed to the client.
//!
//! The threads that read put in and never wait; the one that reports takes out.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::child::{Observer, Stream};
use super::lines::{Piece, Splitter};
use super::progress::{self, Found};
use crate::text::shorten;

/// Most lines that wait. Beyond it the oldest go and are counted: after a long outage the end of
/// the output is what people look for.
pub(crate) const MAX_BACKLOG_LINES: usize = 100_000;

/// Most bytes of text that wait; same policy.
pub(crate) const MAX_BACKLOG_BYTES: usize = 32 * 1024 * 1024;

/// How many lines are remembered to recognise those that are drawn again unchanged.
const MAX_RECENT_LINES: usize = 256;

/// Longest text sent along with progress, in characters.
const MAX_MESSAGE_CHARS: usize = 200;

/// A finished line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it was written.
    pub(crate) stream: Stream,
    /// The line, without escapes.
    pub(crate) text: String,
    /// When it was read, in milliseconds since 1970.
    pub(crate) timestamp: i64,
}

/// What the reporter has to do next.
#[derive(Debug, PartialEq)]
pub(crate) enum Work {
    /// Tell about this many lines that had to go.
    Unsent(u64),
    /// Send this line.
    Line(Entry),
    /// Nothing but progress, or nothing at all.
    Idle,
    /// Nothing, and nothing will come any more.
    End,
}

/// The meeting point of readers and reporter.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    inner: Mutex<Inner>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    splitters: [Splitter; 2],
    backlog: Backlog,
    closed: bool,
}

#[derive(Debug, Default)]
struct Backlog {
    lines: VecDeque<Entry>,
    bytes: usize,
    unsent: u64,
    progress: Option<Found>,
    last: Option<Found>,
    recent: VecDeque<u64>,
    hasher: RandomState,
}

impl Collector {
    /// No more output will come.
    pub(crate) fn close(&self) {
        let mut inner = self.lock();
        let Inner { splitters, backlog, closed } = &mut *inner;
        for (splitter, stream) in splitters.iter_mut().zip([Stream::Out, Stream::Err]) {
            splitter.finish(&mut |piece| backlog.take_in(stream, &piece));
        }
        *closed = true;
        drop(inner);
        self.bell.notify_all();
    }

    /// Takes the oldest line, waiting at most `patience` for one.
    pub(crate) fn take(&self, patience: Duration) -> Work {
        let inner = self.lock();
        let idle = |inner: &mut Inner| !inner.closed && inner.backlog.is_empty() && inner.backlog.progress.is_none();
        let (mut inner, _) =
            self.bell.wait_timeout_while(inner, patience, idle).unwrap_or_else(PoisonError::into_inner);
        inner.backlog.take_out().unwrap_or(if inner.closed { Work::End } else { Work::Idle })
    }

    /// Takes the newest progress that was not taken yet.
    pub(crate) fn take_progress(&self) -> Option<Found> {
        self.lock().backlog.progress.take()
    }

    /// Counts a line as not sent.
    pub(crate) fn give_up(&self, lines: u64) {
        self.lock().backlog.unsent += lines;
    }

    /// Discards what waits; how many lines were not sent and not told about.
    pub(crate) fn abandon(&self) -> u64 {
        let mut inner = self.lock();
        let waiting = inner.backlog.lines.len() as u64;
        inner.backlog.lines.clear();
        inner.backlog.bytes = 0;
        waiting + std::mem::take(&mut inner.backlog.unsent)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic of one reader must not take the others and the command with it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Collector {
    fn output(&self, stream: Stream, bytes: &[u8]) {
        let mut inner = self.lock();
        let Inner { splitters, backlog, .. } = &mut *inner;
        splitters[stream as usize].feed(bytes, &mut |piece| backlog.take_in(stream, &piece));
        let news = !backlog.is_empty() || backlog.progress.is_some();
        drop(inner);
        if news {
            self.bell.notify_all();
        }
    }
}

impl Backlog {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.unsent == 0
    }

    fn take_in(&mut self, stream: Stream, piece: &Piece<'_>) {
        let (text, line) = match *piece {
            Piece::Update(text) => (text, None),
            Piece::Line { text, redrawn } => (text, Some(redrawn)),
        };
        let found = progress::find(text);
        let shows_progress = found.is_some();
        if let Some(found) = found
            && !self.last.as_ref().is_some_and(|last| last.is_same(&found))
        {
            self.last = Some(found.clone());
            let message = shorten(&found.message, MAX_MESSAGE_CHARS).into_owned();
            self.progress = Some(Found { message, ..found });
        }
        match line {
            None => {}
            // A bar among several that are drawn again and again.
            Some(true) if shows_progress => {}
            Some(redrawn) => {
                let hash = self.hasher.hash_one(text);
                if !(redrawn && self.recent.contains(&hash)) {
                    if self.recent.len() == MAX_RECENT_LINES {
                        self.recent.pop_front();
                    }
                    self.recent.push_back(hash);
                    self.push(Entry { stream, text: text.to_owned(), timestamp: unix_ms() });
                }
            }
        }
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.text.len();
        self.lines.push_back(entry);
        while self.lines.len() > MAX_BACKLOG_LINES || self.bytes > MAX_BACKLOG_BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.text.len();
            self.unsent += 1;
        }
    }

    fn take_out(&mut self) -> Option<Work> {
        if self.unsent > 0 {
            return Some(Work::Unsent(std::mem::take(&mut self.unsent)));
        }
        let entry = self.lines.pop_front()?;
        self.bytes -= entry.text.len();
        Some(Work::Line(entry))
    }
}

fn unix_ms() -> i64 {
    // Before 1970 the clock is not set; 0 says so.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(collector: &Collector) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            match collector.take(Duration::ZERO) {
                Work::Line(entry) => all.push(entry.text),
                Work::Unsent(count) => all.push(format!("-{count}")),
                Work::Idle | Work::End => return all,
            }
        }
    }

    #[test]
    fn streams_are_cut_apart() {
        let collector = Collector::default();
        collector.output(Stream::Out, b"one ");
        collector.output(Stream::Err, b"warning\n");
        collector.output(Stream::Out, b"line\ntail");
        let Work::Line(first) = collector.take(Duration::ZERO) else { panic!() };
        assert_eq!((first.stream, first.text.as_str()), (Stream::Err, "warning"));
        assert_eq!(drain(&collector), ["one line"]);
        collector.close();
        assert_eq!(drain(&collector), ["tail"]);
        assert_eq!(collector.take(Duration::from_secs(60)), Work::End);
    }

    #[test]
    fn progress_is_the_latest_and_only_when_it_changes() {
        let collector = Collector::default();
        collector.output(Stream::Out, b"\r10%\r20% foo\r30% bar");
        let progress = collector.take_progress().unwrap();
        assert_eq!((progress.percent, progress.message.as_str()), (30.0, "bar"));
        collector.output(Stream::Out, b"\r30% baz");
        assert_eq!(collector.take_progress(), None);
        assert!(drain(&collector).is_empty(), "updates are no lines");
        collector.output(Stream::Out, b"\n");
        assert_eq!(drain(&collector), ["30% baz"]);
    }

    #[test]
    fn rows_drawn_again_are_sent_once() {
        let collector = Collector::default();
        collector.output(Stream::Out, b"a: waiting\nb: 10%\n\x1b[2Aa: waiting\nb: 20%\n\x1b[2Aa: done\nb: 30%\nc\n");
        assert_eq!(drain(&collector), ["a: waiting", "b: 10%", "a: done", "c"]);
        collector.output(Stream::Out, b"same\nsame\n");
        assert_eq!(drain(&collector), ["same", "same"], "a program may print a line twice");
    }

    #[test]
    fn the_backlog_has_a_bound_in_lines_and_drops_the_oldest() {
        let collector = Collector::default();
        for index in 0..MAX_BACKLOG_LINES + 3 {
            collector.output(Stream::Out, format!("{index}\n").as_bytes());
        }
        let all = drain(&collector);
        assert_eq!(all.len(), MAX_BACKLOG_LINES + 1);
        assert_eq!(all[..2], ["-3", "3"]);
    }

    #[test]
    fn the_backlog_has_a_bound_in_bytes() {
        let collector = Collector::default();
        let line = "x".repeat(8000) + "\n";
        for _ in 0..MAX_BACKLOG_BYTES / 8000 + 2 {
            collector.output(Stream::Out, line.as_bytes());
        }
        let inner = collector.lock();
        assert!(inner.backlog.bytes <= MAX_BACKLOG_BYTES && inner.backlog.unsent == 2, "{}", inner.backlog.unsent);
    }

    #[test]
    fn what_is_abandoned_is_counted() {
        let collector = Collector::default();
        collector.output(Stream::Out, b"a\nb\n");
        collector.give_up(3);
        assert_eq!(collector.abandon(), 5);
        assert_eq!(collector.abandon(), 0);
        assert!(drain(&collector).is_empty());
    }
}
