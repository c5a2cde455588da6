use super::*;
use crate::event::{Log, Progress, Status};
use crate::protocol::Level;

fn progress(number: f64) -> Event<'static> {
    Event::Progress(Progress {
        task_id: "t".into(),
        stage: "".into(),
        progress: number,
        message: "".into(),
        timestamp: 0,
    })
}

fn log(text: &str) -> Event<'static> {
    Event::Log(Log {
        task_id: "t".into(),
        level: Level::Info,
        message: text.to_owned().into(),
        timestamp: 0,
        metadata: None,
    })
}

fn status(text: &str) -> Event<'static> {
    Event::Status(Status { task_id: "t".into(), timestamp: 0, data: text.to_owned().into() })
}

fn complete() -> Outcome {
    Outcome {
        task_id: "t".into(),
        kind: OutcomeKind::Complete,
        data: "1".into(),
        message: String::new(),
        code: String::new(),
        reason: None,
        timestamp: 0,
        synthetic: false,
    }
}

fn drain(queue: &Queue) -> Vec<Event<'static>> {
    std::iter::from_fn(|| queue.try_next()).collect()
}

#[test]
fn what_goes_in_comes_out_and_the_outcome_ends_it() {
    let queue = Queue::default();
    for event in [progress(1.0), progress(2.0), log("a"), status("{}")] {
        queue.push(&event);
    }
    queue.finish(&complete());
    queue.push(&log("late"));
    let events = drain(&queue);
    assert_eq!(events[..4], [progress(1.0), progress(2.0), log("a"), status("{}")]);
    assert!(matches!(events[4], Event::Complete(_)));
    assert_eq!(events.len(), 5);
    assert!(queue.has_ended());
    assert_eq!(queue.wait(None), Some(None));
}

#[test]
fn above_half_the_latest_progress_replaces_the_one_that_waits() {
    let queue = Queue::default();
    for number in 0..=FOLLOW_MAX_EVENTS / 2 {
        queue.push(&status(&number.to_string()));
    }
    for number in 0..100_000 {
        queue.push(&progress(f64::from(number)));
    }
    assert!(lock(&queue.state).entries.len() < 2 * FOLLOW_MAX_EVENTS, "gaps are closed up");
    let events = drain(&queue);
    assert_eq!(events.len(), FOLLOW_MAX_EVENTS / 2 + 2);
    assert_eq!(events.last(), Some(&progress(99_999.0)), "it moves to the tail");
    queue.push(&progress(1.0));
    queue.push(&progress(2.0));
    assert_eq!(drain(&queue), [progress(1.0), progress(2.0)], "below half each one counts");
}

#[test]
fn at_the_bound_the_oldest_log_lines_go_and_are_counted() {
    let queue = Queue::default();
    queue.push(&status("first"));
    for number in 0..FOLLOW_MAX_EVENTS + 9 {
        queue.push(&log(&number.to_string()));
    }
    queue.finish(&complete());
    let events = drain(&queue);
    assert_eq!(events[0], Event::Overflow(Cow::Owned(Overflow { count: 10 })));
    assert_eq!(events[1], status("first"));
    assert_eq!(events[2], log("10"));
    assert_eq!(events.len(), FOLLOW_MAX_EVENTS + 2);
    assert!(matches!(events.last(), Some(Event::Complete(_))));
    assert_eq!(lock(&queue.state).bytes, 0);
}

#[test]
fn at_the_bound_in_bytes_it_is_the_same() {
    let queue = Queue::default();
    let line = "x".repeat(FOLLOW_MAX_BYTES / 4);
    for _ in 0..6 {
        queue.push(&log(&line));
    }
    let events = drain(&queue);
    assert_eq!(events[0], Event::Overflow(Cow::Owned(Overflow { count: 3 })));
    assert_eq!(events.len(), 4);
    queue.push(&log(&"x".repeat(FOLLOW_MAX_BYTES)));
    assert_eq!(drain(&queue).len(), 1, "one event alone may exceed the bound");
}

#[test]
fn a_reader_who_never_reads_costs_no_more_than_the_bound() {
    let queue = Queue::default();
    for number in 0..3 * FOLLOW_MAX_EVENTS {
        queue.push(&status(&number.to_string()));
    }
    queue.finish(&complete());
    let events = drain(&queue);
    assert_eq!(events[0], Event::Overflow(Cow::Owned(Overflow { count: 2 * FOLLOW_MAX_EVENTS as u64 })));
    assert_eq!(events.len(), FOLLOW_MAX_EVENTS + 2);
    assert!(matches!(events.last(), Some(Event::Complete(_))));
}

#[test]
fn a_reader_that_waits_is_woken_and_a_timeout_is_told_from_the_end() {
    let queue = std::sync::Arc::new(Queue::default());
    assert_eq!(queue.wait(Some(Duration::ZERO)), None);
    #[allow(clippy::disallowed_methods, reason = "a test may have a thread of its own")]
    let reader = std::thread::spawn({
        let queue = queue.clone();
        move || (queue.wait(None), queue.wait(None), queue.wait(None))
    });
    queue.push(&log("a"));
    queue.finish(&complete());
    let (first, second, third) = reader.join().unwrap();
    assert_eq!(first, Some(Some(log("a"))));
    assert!(matches!(second, Some(Some(Event::Complete(_)))));
    assert_eq!(third, Some(None));
}
