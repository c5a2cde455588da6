//! Hands what was collected to the client, at the client's pace.

use std::time::{Duration, Instant};

use super::collect::{Collector, Entry, Work};
use super::progress::Found;

/// Shortest time between two progress messages: 20 a second.
pub(crate) const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);

/// How long a full outbox is left alone.
const FULL_PAUSE: Duration = Duration::from_millis(20);

/// How long to sleep at most when there is nothing to do.
const IDLE_PAUSE: Duration = Duration::from_secs(5);

/// What became of something that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    /// It waits in the client's outbox or is on its way.
    Taken,
    /// There is no room now.
    Full,
    /// It will never be taken.
    Refused,
}

/// Where lines and progress go.
pub(crate) trait Outlet {
    /// Hands over how far the command is.
    fn progress(&self, progress: &Found) -> Handed;
    /// Hands over a line.
    fn line(&self, entry: &Entry) -> Handed;
    /// Hands over how many lines had to go.
    fn unsent(&self, lines: u64) -> Handed;
}

/// Hands over everything until the collector is closed and empty, or `give_up` says that it is time.
///
/// What was not handed over then stays in the collector or is counted there.
pub(crate) fn report(collector: &Collector, outlet: &impl Outlet, give_up: impl Fn() -> bool) {
    let mut pace = Pace { newest: None, last_sent: None };
    let mut refused = 0;
    loop {
        pace.look(collector, outlet);
        let work = collector.take(pace.patience());
        let lines = match &work {
            Work::Unsent(lines) => *lines,
            Work::Line(_) => 1,
            Work::Idle => continue,
            Work::End => break,
        };
        if refused > 0 && outlet.unsent(refused) == Handed::Taken {
            refused = 0;
        }
        let hand = || match &work {
            Work::Line(entry) => outlet.line(entry),
            _ => outlet.unsent(lines),
        };
        let mut handed = hand();
        while handed == Handed::Full && !give_up() {
            std::thread::sleep(FULL_PAUSE);
            pace.look(collector, outlet);
            handed = hand();
        }
        if handed != Handed::Taken {
            refused += lines;
        }
        if give_up() {
            break;
        }
    }
    collector.give_up(refused);
    if let Some(progress) = pace.newest.or_else(|| collector.take_progress()) {
        outlet.progress(&progress);
    }
}

struct Pace {
    newest: Option<Found>,
    last_sent: Option<Instant>,
}

impl Pace {
    /// Sends the newest progress if its time has come.
    fn look(&mut self, collector: &Collector, outlet: &impl Outlet) {
        if let Some(progress) = collector.take_progress() {
            self.newest = Some(progress);
        }
        if let Some(progress) = &self.newest
            && self.wait().is_zero()
        {
            // Progress that finds no room is outdated when there is some.
            outlet.progress(progress);
            self.newest = None;
            self.last_sent = Some(Instant::now());
        }
    }

    fn wait(&self) -> Duration {
        self.last_sent.map_or(Duration::ZERO, |sent| PROGRESS_INTERVAL.saturating_sub(sent.elapsed()))
    }

    fn patience(&self) -> Duration {
        if self.newest.is_some() { self.wait() } else { IDLE_PAUSE }
    }
}

/// What followers read where lines are missing.
pub(crate) fn unsent_text(lines: u64) -> String {
    if lines == 1 { "1 line was not sent".into() } else { format!("{lines} lines were not sent") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::child::{Observer, Stream};
    use std::cell::{Cell, RefCell};

    #[derive(Default)]
    struct Recorder {
        room: Cell<usize>,
        refuses: bool,
        seen: RefCell<Vec<String>>,
    }

    impl Recorder {
        fn with_room(room: usize) -> Self {
            Self { room: Cell::new(room), ..Self::default() }
        }

        fn hand(&self, text: String) -> Handed {
            if self.refuses {
                return Handed::Refused;
            }
            let Some(room) = self.room.get().checked_sub(1) else { return Handed::Full };
            self.room.set(room);
            self.seen.borrow_mut().push(text);
            Handed::Taken
        }
    }

    impl Outlet for Recorder {
        fn progress(&self, progress: &Found) -> Handed {
            self.seen.borrow_mut().push(format!("{}%", progress.percent));
            Handed::Taken
        }
        fn line(&self, entry: &Entry) -> Handed {
            self.hand(entry.text.clone())
        }
        fn unsent(&self, lines: u64) -> Handed {
            self.hand(unsent_text(lines))
        }
    }

    fn collected(output: &str) -> Collector {
        let collector = Collector::default();
        collector.output(Stream::Out, output.as_bytes());
        collector.close();
        collector
    }

    #[test]
    fn everything_is_handed_over_and_the_last_progress_too() {
        let outlet = Recorder::with_room(10);
        let collector = collected("a\n10%\nb\n20%\nc");
        report(&collector, &outlet, || false);
        assert_eq!(*outlet.seen.borrow(), ["20%", "a", "10%", "b", "20%", "c"]);
        assert_eq!(collector.abandon(), 0);
    }

    #[test]
    fn progress_keeps_its_distance() {
        let outlet = Recorder::with_room(usize::MAX);
        let collector = Collector::default();
        let begin = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for step in 0..1000 {
                    collector.output(Stream::Out, format!("\r{step}/1000").as_bytes());
                    std::thread::yield_now();
                }
                collector.close();
            });
            // The outlet lives on this thread.
            report(&collector, &outlet, || false);
        });
        let allowed = begin.elapsed().as_millis() / PROGRESS_INTERVAL.as_millis() + 2;
        let seen = outlet.seen.borrow();
        let sent = seen.iter().filter(|text| text.ends_with('%')).count();
        assert!(sent as u128 <= allowed, "{sent} sent, {allowed} allowed");
        assert_eq!(seen.iter().rfind(|text| text.ends_with('%')).map(String::as_str), Some("99.9%"));
    }

    #[test]
    fn a_full_outlet_is_tried_until_it_is_time_to_give_up() {
        let outlet = Recorder::with_room(1);
        let collector = collected("a\nb\nc\n");
        let asked = Cell::new(0);
        report(&collector, &outlet, || {
            asked.set(asked.get() + 1);
            asked.get() > 3
        });
        assert_eq!(*outlet.seen.borrow(), ["a"]);
        assert_eq!(collector.abandon(), 2, "the line that found no room and the one behind it");
    }

    #[test]
    fn a_refused_line_is_counted_and_the_others_go_on() {
        let outlet = Recorder { refuses: true, ..Recorder::default() };
        let collector = collected("a\nb\n");
        let asked = Cell::new(0);
        report(&collector, &outlet, || {
            asked.set(asked.get() + 1);
            asked.get() > 5
        });
        assert!(outlet.seen.borrow().is_empty());
        assert_eq!(collector.abandon(), 2);
    }
}
