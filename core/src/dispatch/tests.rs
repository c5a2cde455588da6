use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::config::Conflate;
use crate::error::Error;
use crate::event::{Event, EventKind, Lost, LostReason, Outcome, OutcomeKind, Settlement};
use crate::follow::Queue;
use crate::inbox::{Inbox, Interest};
use crate::protocol::Level;
use crate::session::Now;

mod endings;

/// An inbox, a clock that stands still and a pool that runs when it is told to.
struct Fake {
    inbox: Inbox,
    clock: AtomicU64,
    runs: Mutex<VecDeque<Box<dyn FnOnce() + Send>>>,
    taken: Mutex<Vec<usize>>,
    kinds: Mutex<u32>,
}

impl Source for Arc<Fake> {
    fn take(&self, batch: &mut Batch, max: usize) -> bool {
        let more = self.inbox.take(batch, max, self.now_ms()).more;
        lock(&self.taken).push(batch.len());
        more
    }
    fn set_interest(&self, kinds: u32) {
        *lock(&self.kinds) = kinds;
    }
    fn spawn(&self, run: Box<dyn FnOnce() + Send>) {
        lock(&self.runs).push_back(run);
    }
    fn now(&self) -> Now {
        Now { mono_ms: self.now_ms(), wall_ms: 5 }
    }
}

impl Fake {
    fn now_ms(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    fn pass(&self, ms: u64) {
        self.clock.fetch_add(ms, Ordering::Relaxed);
    }

    fn push(&self, fill: impl FnOnce(&mut Batch)) {
        let mut batch = Batch::new();
        fill(&mut batch);
        self.inbox.push(&mut batch, self.now_ms());
    }

    /// Runs the next run, if one is due.
    fn run_one(&self) -> bool {
        let run = lock(&self.runs).pop_front();
        run.map(|run| run()).is_some()
    }

    fn run(&self) {
        while self.run_one() {}
    }

    fn runs(&self) -> usize {
        lock(&self.runs).len()
    }
}

fn client() -> (Arc<Fake>, Arc<Dispatch<Arc<Fake>>>) {
    let fake = Arc::new(Fake {
        inbox: Inbox::new(1 << 20, 1 << 30, Conflate::Never),
        clock: AtomicU64::new(1),
        runs: Mutex::default(),
        taken: Mutex::default(),
        kinds: Mutex::default(),
    });
    fake.inbox.interest().want_all();
    let dispatch = Dispatch::new(fake.clone());
    let weak = Arc::downgrade(&dispatch);
    fake.inbox.set_bell(Some(Box::new(move || {
        if let Some(dispatch) = weak.upgrade() {
            dispatch.ring();
        }
    })));
    (fake, dispatch)
}

type Heard = Arc<Mutex<Vec<String>>>;

/// A listener that notes what it hears.
fn note(heard: &Heard, name: &'static str) -> registry::Handler {
    let heard = heard.clone();
    Box::new(move |event| lock(&heard).push(format!("{name} {}", text(event))))
}

fn text(event: &Event<'_>) -> String {
    match event {
        Event::Progress(e) => format!("progress {}", e.progress),
        Event::Log(e) => format!("log {}", e.message),
        Event::Error(e) => format!("error {} {}", e.source.name(), e.code),
        other => other.kind().name().to_owned(),
    }
}

fn progress(batch: &mut Batch, number: f64) {
    batch.progress(0, "t", "", number, "", 0);
}

fn log(batch: &mut Batch, line: &str) {
    batch.log(0, "t", Level::Info, line, None, 0);
}

fn heard(heard: &Heard) -> Vec<String> {
    std::mem::take(&mut *lock(heard))
}

const PROGRESS: u32 = 1 << EventKind::Progress as u8;
const LOG: u32 = 1 << EventKind::Log as u8;
const ERROR: u32 = 1 << EventKind::Error as u8;

fn lost(task: &str) -> Outcome {
    Outcome {
        task_id: task.to_owned(),
        kind: OutcomeKind::Lost,
        data: "null".to_owned(),
        message: String::new(),
        code: String::new(),
        reason: Some(LostReason::Disconnected),
        timestamp: 0,
        synthetic: false,
    }
}

#[test]
fn listeners_hear_their_kinds_in_the_order_of_events_and_of_registration() {
    let (fake, dispatch) = client();
    let notes = Heard::default();
    dispatch.registry.add(PROGRESS, false, note(&notes, "a"));
    dispatch.registry.add(ALL_KINDS, false, note(&notes, "b"));
    fake.push(|batch| {
        progress(batch, 1.0);
        log(batch, "x");
        progress(batch, 2.0);
    });
    assert_eq!(fake.runs(), 1);
    fake.run();
    assert_eq!(heard(&notes), ["a progress 1", "b progress 1", "b log x", "a progress 2", "b progress 2"]);
}

#[test]
fn off_takes_effect_at_once_and_drops_what_the_listener_holds() {
    let (fake, dispatch) = client();
    let notes = Heard::default();
    let victim = dispatch.registry.add(PROGRESS, false, note(&notes, "victim"));
    let inner = dispatch.clone();
    let own = Arc::new(AtomicU64::new(0));
    let own_id = own.clone();
    let held = Arc::new(());
    let weak = Arc::downgrade(&held);
    own.store(
        dispatch.registry.add(
            PROGRESS,
            false,
            Box::new(move |_| {
                let _held = &held;
                assert!(inner.registry.remove(victim));
                assert!(inner.registry.remove(own_id.load(Ordering::Relaxed)));
            }),
        ),
        Ordering::Relaxed,
    );
    fake.push(|batch| {
        progress(batch, 1.0);
        progress(batch, 2.0);
    });
    fake.run();
    assert_eq!(heard(&notes), ["victim progress 1"]);
    assert!(weak.upgrade().is_none(), "the callback that took itself off is gone");
    assert!(!dispatch.registry.remove(victim), "it was off already");
}

#[test]
fn a_listener_that_was_never_called_is_dropped_by_off() {
    let (_, dispatch) = client();
    let held = Arc::new(());
    let weak = Arc::downgrade(&held);
    let id = dispatch.registry.add(PROGRESS, false, Box::new(move |_| drop(held.clone())));
    assert!(dispatch.registry.remove(id));
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_listener_added_inside_a_callback_hears_the_next_event() {
    let (fake, dispatch) = client();
    let notes = Heard::default();
    let (inner, inner_notes) = (dispatch.clone(), notes.clone());
    let add = Box::new(move |_: &Event<'_>| {
        inner.registry.add(PROGRESS, true, note(&inner_notes, "late"));
    });
    dispatch.registry.add(PROGRESS, true, add);
    fake.push(|batch| (1..4).for_each(|number| progress(batch, f64::from(number))));
    fake.run();
    assert_eq!(heard(&notes), ["late progress 2"], "and once means once");
    assert_eq!(dispatch.registry.counts(), (0, 0));
}

#[test]
fn a_panic_is_an_error_event_and_changes_nothing_else() {
    let (fake, dispatch) = client();
    let notes = Heard::default();
    dispatch.registry.add(PROGRESS, false, Box::new(|_| panic!("no {}", 1)));
    dispatch.registry.add(PROGRESS, false, note(&notes, "next"));
    dispatch.registry.add(ERROR, false, note(&notes, "errors"));
    dispatch.registry.add(ERROR, false, Box::new(|_| panic!("not again")));
    fake.push(|batch| {
        progress(batch, 1.0);
        log(batch, "x");
        progress(batch, 2.0);
    });
    fake.run();
    let failed = "errors error callback callback_failed";
    assert_eq!(heard(&notes), ["next progress 1", failed, "next progress 2", failed]);
    let stats = dispatch.counters.to_json();
    assert_eq!(stats["failures"], 4);
    assert_eq!(stats["lastFailures"][0], "a listener for progress panicked: no 1");
    assert_eq!(stats["lastFailures"].as_array().map(Vec::len), Some(4));
}

#[test]
fn failures_beyond_the_bound_are_forgotten() {
    let counters = Counters::default();
    for number in 0..counters::MAX_FAILURES + 2 {
        counters.remember(&number.to_string());
    }
    let stats = counters.to_json();
    assert_eq!(stats["lastFailures"].as_array().map(Vec::len), Some(counters::MAX_FAILURES));
    assert_eq!(stats["lastFailures"][0], "2");
}

#[test]
fn batches_grow_with_fast_callbacks_and_shrink_with_slow_ones() {
    let (fake, dispatch) = client();
    let pace = Arc::new(AtomicU64::new(0));
    let (clock, slow) = (fake.clone(), pace.clone());
    dispatch.registry.add(PROGRESS, false, Box::new(move |_| clock.pass(slow.load(Ordering::Relaxed))));
    fake.push(|batch| (0..64 + 128 + 256).for_each(|_| progress(batch, 1.0)));
    fake.run();
    assert_eq!(*lock(&fake.taken), [64, 128, 256]);
    lock(&fake.taken).clear();
    // Now one event takes 4 ms: a batch of 512 is stale long before its end.
    pace.store(4, Ordering::Relaxed);
    fake.push(|batch| (0..512 + 256 + 128 + 64 + 32 + 16 + 8 + 4 + 2 + 2 + 2).for_each(|_| progress(batch, 1.0)));
    fake.run();
    assert_eq!(*lock(&fake.taken), [512, 256, 128, 64, 32, 16, 8, 4, 2, 2, 2]);
}

#[test]
fn a_busy_client_gives_its_thread_back_and_goes_on() {
    let (fake, dispatch) = client();
    let clock = fake.clone();
    dispatch.registry.add(PROGRESS, false, Box::new(move |_| clock.pass(1)));
    fake.push(|batch| (0..1000).for_each(|_| progress(batch, 1.0)));
    assert!(fake.run_one());
    assert!(fake.inbox.stats(0).pending_events > 0);
    assert_eq!(fake.runs(), 1, "the next run is set");
    fake.run();
    assert_eq!(fake.inbox.stats(0).pending_events, 0);
}

#[test]
fn what_arrives_during_a_run_is_delivered_by_the_same_run() {
    let (fake, dispatch) = client();
    let notes = Heard::default();
    dispatch.registry.add(LOG, false, note(&notes, "a"));
    let pushing = fake.clone();
    dispatch.registry.add(PROGRESS, false, Box::new(move |_| pushing.push(|batch| log(batch, "again"))));
    fake.push(|batch| progress(batch, 1.0));
    assert!(fake.run_one());
    assert_eq!(fake.runs(), 0, "there is one run at a time");
    assert_eq!(heard(&notes), ["a log again"]);
    fake.push(|batch| log(batch, "later"));
    fake.run();
    assert_eq!(heard(&notes), ["a log later"]);
}

#[test]
fn a_run_is_marked_as_callback_of_its_client() {
    let (fake, dispatch) = client();
    let id = dispatch.id();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let check = move |_: &Event<'_>| {
        assert!(in_callback_of(id) && !in_callback_of(id + 1));
        count.fetch_add(1, Ordering::Relaxed);
    };
    dispatch.registry.add(PROGRESS, false, Box::new(check));
    fake.push(|batch| progress(batch, 1.0));
    fake.run();
    assert_eq!(seen.load(Ordering::Relaxed), 1);
    assert!(!in_callback_of(id));
}

#[test]
fn a_settlement_comes_after_the_events_before_it() {
    let (fake, dispatch) = client();
    let inner = dispatch.clone();
    let still_waiting = Arc::new(AtomicUsize::new(0));
    let count = still_waiting.clone();
    let look = move |_: &Event<'_>| {
        count.fetch_add(inner.waiters.len(), Ordering::Relaxed);
    };
    dispatch.registry.add(PROGRESS, false, Box::new(look));
    let _slot = dispatch.waiters.expect(9);
    fake.push(|batch| {
        progress(batch, 1.0);
        batch.settled(9, Settlement::Flushed);
        progress(batch, 2.0);
    });
    fake.run();
    assert_eq!(still_waiting.load(Ordering::Relaxed), 1);
}

#[test]
fn a_follow_gets_its_task_and_its_outcome_exactly_once() {
    let (fake, dispatch) = client();
    let queue = Arc::new(Queue::default());
    dispatch.registry.follow(4, "t", queue.clone());
    fake.push(|batch| {
        progress(batch, 1.0);
        batch.progress(1, "other", "", 9.0, "", 0);
        let event = Lost { task_id: "t".to_owned(), reason: LostReason::Disconnected };
        batch.push(0, Event::Lost(std::borrow::Cow::Owned(event)));
        batch.settled(4, Settlement::Outcome(lost("t")));
        log(batch, "late");
    });
    fake.run();
    let events: Vec<_> = std::iter::from_fn(|| queue.try_next()).map(|event| text(&event)).collect();
    assert_eq!(events, ["progress 1", "lost"]);
    assert!(queue.has_ended());
    dispatch.registry.unfollow(4);
    dispatch.ring();
    fake.run();
    assert_eq!(Arc::strong_count(&queue), 1, "the dispatcher has let it go");
}

fn connect(fake: &Fake, dispatch: &Dispatch<Arc<Fake>>, result: Result<(), Error>) {
    dispatch.registry.begin_connect(7);
    dispatch.update_interest();
    fake.push(|batch| {
        batch.settled(7, Settlement::Connected(result));
        progress(batch, 1.0);
    });
    fake.run();
}

#[test]
fn after_a_connect_events_wait_for_the_first_consumer() {
    let (fake, dispatch) = client();
    let notes = Heard::default();
    connect(&fake, &dispatch, Ok(()));
    fake.push(|batch| log(batch, "x"));
    fake.run();
    dispatch.registry.add(LOG, false, note(&notes, "a"));
    dispatch.ring();
    fake.run();
    assert_eq!(heard(&notes), ["a log x"]);
    // Progress waits on: its listener may be added next.
    fake.pass(held::GRACE_MS - 1);
    fake.push(|batch| progress(batch, 2.0));
    fake.run();
    dispatch.registry.add(PROGRESS, false, note(&notes, "b"));
    dispatch.ring();
    fake.run();
    assert_eq!(heard(&notes), ["b progress 1", "b progress 2"]);
}

#[test]
fn they_do_not_wait_longer_than_the_grace() {
    let (fake, dispatch) = client();
    let notes = Heard::default();
    connect(&fake, &dispatch, Ok(()));
    assert_eq!(*lock(&fake.kinds), ALL_KINDS);
    fake.pass(held::GRACE_MS);
    dispatch.registry.add(PROGRESS, false, note(&notes, "a"));
    dispatch.ring();
    fake.run();
    assert_eq!(heard(&notes), Vec::<String>::new());
    assert_eq!(*lock(&fake.kinds), PROGRESS);
}

#[test]
fn there_is_no_grace_where_there_is_a_consumer_or_no_link() {
    let (fake, dispatch) = client();
    let notes = Heard::default();
    connect(&fake, &dispatch, Err(Error::new(crate::ErrorKind::Refused, "no")));
    assert!(!dispatch.registry.in_grace());
    dispatch.registry.add(LOG, false, note(&notes, "a"));
    connect(&fake, &dispatch, Ok(()));
    assert!(!dispatch.registry.in_grace());
    dispatch.registry.add(PROGRESS, false, note(&notes, "b"));
    dispatch.ring();
    fake.run();
    assert_eq!(heard(&notes), Vec::<String>::new());
}

#[test]
fn what_waits_for_a_consumer_is_bounded() {
    let mut waiting = held::Held::default();
    waiting.begin(1);
    let keep = |waiting: &mut held::Held, fill: &dyn Fn(&mut Batch)| {
        let mut batch = Batch::new();
        fill(&mut batch);
        for item in batch.iter() {
            let crate::event::Item::Event(event) = item else { continue };
            waiting.keep(&event);
        }
    };
    for _ in 0..held::MAX_HELD_EVENTS + 5 {
        keep(&mut waiting, &|batch| progress(batch, 1.0));
    }
    let overflow = |batch: &mut Batch| {
        batch.push(0, Event::Overflow(std::borrow::Cow::Owned(crate::event::Overflow { count: 1 })));
    };
    for _ in 0..held::MAX_HELD_EVENTS + 5 {
        keep(&mut waiting, &overflow);
    }
    assert_eq!(waiting.take().map(|batch| batch.len()), Some(2 * held::MAX_HELD_EVENTS));
    let line = "x".repeat(held::MAX_HELD_BYTES / 2);
    for _ in 0..5 {
        keep(&mut waiting, &|batch| log(batch, &line));
    }
    assert_eq!(waiting.take().map(|batch| batch.len()), Some(2));
}

#[test]
fn the_interest_follows_what_is_listened_to() {
    let (fake, dispatch) = client();
    let kinds = || *lock(&fake.kinds);
    assert_eq!(kinds(), 0);
    let id = dispatch.registry.add(Interest::bit(EventKind::Log), false, Box::new(|_| {}));
    dispatch.update_interest();
    assert_eq!(kinds(), LOG);
    dispatch.registry.follow(1, "t", Arc::default());
    dispatch.update_interest();
    assert_eq!(kinds(), ALL_KINDS);
    dispatch.registry.unfollow(1);
    dispatch.registry.remove(id);
    dispatch.update_interest();
    assert_eq!(kinds(), 0);
    dispatch.registry.begin_connect(3);
    dispatch.update_interest();
    assert_eq!(kinds(), ALL_KINDS, "a consumer may come once it is settled");
    dispatch.registry.cancel_connect(3);
    dispatch.update_interest();
    assert_eq!(kinds(), 0);
}
