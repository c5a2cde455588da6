use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::queue::COMPACT_SLACK;
use super::*;
use crate::event::{
    Event, EventKind, Heartbeat, Item, Level, Lost, LostReason, NO_KEY, Overflow, Retry, Settlement, Status,
};

const BIG: usize = 1 << 30;

fn inbox(max_events: usize, max_bytes: usize, conflate: Conflate) -> Inbox {
    let inbox = Inbox::new(max_events, max_bytes, conflate);
    inbox.interest().want_all();
    inbox
}

fn batch(fill: impl FnOnce(&mut Batch)) -> Batch {
    let mut batch = Batch::new();
    fill(&mut batch);
    batch
}

fn progress(key: u32, value: f64) -> Batch {
    batch(|b| b.progress(key, &format!("t{key}"), "s", value, "", 0))
}

fn log(text: &str) -> Batch {
    batch(|b| b.log(1, "t1", Level::Info, text, None, 0))
}

fn status(data: &str) -> Batch {
    batch(|b| b.push(1, Event::Status(Status { task_id: "t1".into(), timestamp: 0, data: data.into() })))
}

fn retry(attempt: u32) -> Batch {
    let event = Retry { attempt, next_delay: 1, cause: String::new() };
    batch(|b| b.push(NO_KEY, Event::Retry(std::borrow::Cow::Owned(event))))
}

fn settled(ticket: u64, settlement: Settlement) -> Batch {
    batch(|b| b.settled(ticket, settlement))
}

/// What comes out, in short.
fn drain(inbox: &Inbox, max: usize, now_ms: u64) -> Vec<String> {
    let (mut into, mut all) = (Batch::new(), Vec::new());
    loop {
        let taken = inbox.take(&mut into, max, now_ms);
        assert!(into.len() <= max);
        all.extend(into.iter().map(|item| short(&item)));
        if !taken.more {
            return all;
        }
    }
}

fn short(item: &Item<'_>) -> String {
    match item {
        Item::Event(Event::Progress(p)) => format!("{}={}", p.task_id, p.progress),
        Item::Event(Event::Log(l)) => format!("log {}", l.message),
        Item::Event(Event::Status(s)) => format!("status {}", s.data),
        Item::Event(Event::Retry(r)) => format!("retry {}", r.attempt),
        Item::Event(Event::Overflow(o)) => format!("overflow {}", o.count),
        Item::Event(other) => format!("{:?}", other.kind()),
        Item::Settled(ticket, _) => format!("settled {ticket}"),
    }
}

#[test]
fn what_is_stored_is_taken_in_order_whole_or_in_parts() {
    for max in [1, 2, 3, usize::MAX] {
        let inbox = inbox(BIG, BIG, Conflate::Lag);
        for mut batch in [progress(1, 1.0), log("a"), settled(7, Settlement::Flushed), progress(1, 2.0), status("b")] {
            assert_eq!(inbox.push(&mut batch, 0), Pressure::None);
            assert!(batch.is_empty());
        }
        assert_eq!(drain(&inbox, max, 0), ["t1=1", "log a", "settled 7", "t1=2", "status b"], "max {max}");
        assert_eq!(inbox.stats(0), InboxStats::default());
    }
}

#[test]
fn the_bell_rings_once_until_a_take_left_nothing() {
    let rings = Arc::new(AtomicUsize::new(0));
    let inbox = inbox(BIG, BIG, Conflate::Lag);
    let count = Arc::clone(&rings);
    inbox.set_bell(Some(Box::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
    })));
    let rung = || rings.load(Ordering::SeqCst);
    inbox.push(&mut Batch::new(), 0);
    assert_eq!(rung(), 0, "nothing waits");
    inbox.push(&mut log("a"), 0);
    inbox.push(&mut log("b"), 0);
    assert_eq!(rung(), 1);
    let mut into = Batch::new();
    assert!(inbox.take(&mut into, 1, 0).more);
    inbox.push(&mut log("c"), 0);
    assert_eq!(rung(), 1, "a consumer that left something comes back by itself");
    assert!(!inbox.take(&mut into, 9, 0).more);
    inbox.push(&mut log("d"), 0);
    assert_eq!(rung(), 2);
}

#[test]
fn a_bell_set_late_rings_for_what_waits_and_may_call_the_inbox() {
    let inbox = Arc::new(inbox(BIG, BIG, Conflate::Lag));
    inbox.push(&mut log("a"), 0);
    let taken = Arc::new(Mutex::new(Vec::new()));
    let (weak, sink) = (Arc::downgrade(&inbox), Arc::clone(&taken));
    inbox.set_bell(Some(Box::new(move || {
        let inbox = weak.upgrade().unwrap();
        sink.lock().unwrap().extend(drain(&inbox, usize::MAX, 0));
    })));
    inbox.push(&mut log("b"), 0);
    assert_eq!(*taken.lock().unwrap(), ["log a", "log b"]);
}

#[test]
fn without_lag_every_progress_is_delivered() {
    let inbox = inbox(100, BIG, Conflate::Lag);
    for value in 0..50 {
        inbox.push(&mut progress(1, f64::from(value)), LAG_AGE_MS);
    }
    assert_eq!(drain(&inbox, usize::MAX, LAG_AGE_MS).len(), 50);
    assert_eq!(inbox.stats(0).conflated, 0);
}

#[test]
fn above_half_the_latest_progress_of_a_task_replaces_the_waiting_one_and_moves_to_the_tail() {
    let inbox = inbox(8, BIG, Conflate::Lag);
    for mut batch in [progress(1, 1.0), progress(2, 1.0), log("a"), log("b"), log("c")] {
        inbox.push(&mut batch, 0);
    }
    inbox.push(&mut progress(1, 2.0), 0);
    inbox.push(&mut progress(1, 3.0), 0);
    assert_eq!(inbox.stats(0).conflated, 2);
    assert_eq!(drain(&inbox, 1, 0), ["t2=1", "log a", "log b", "log c", "t1=3"]);
}

#[test]
fn an_old_entry_begins_a_lag_too_and_an_empty_inbox_ends_it() {
    let inbox = inbox(BIG, BIG, Conflate::Lag);
    inbox.push(&mut progress(1, 1.0), 0);
    inbox.push(&mut progress(1, 2.0), LAG_AGE_MS);
    inbox.push(&mut progress(1, 3.0), LAG_AGE_MS + 1);
    assert_eq!(drain(&inbox, usize::MAX, 200), ["t1=3"]);
    inbox.push(&mut progress(1, 4.0), 201);
    inbox.push(&mut progress(1, 5.0), 202);
    assert_eq!(drain(&inbox, usize::MAX, 203), ["t1=4", "t1=5"]);
}

#[test]
fn one_burst_that_is_too_much_is_conflated_at_once() {
    let inbox = inbox(8, BIG, Conflate::Lag);
    let mut burst = batch(|b| {
        for value in 0..20 {
            b.progress(value % 2, "t", "s", f64::from(value), "", 0);
        }
    });
    assert_eq!(inbox.push(&mut burst, 0), Pressure::None, "reading has no reason to pause");
    assert_eq!(drain(&inbox, usize::MAX, 0), ["t=18", "t=19"]);
    assert_eq!(inbox.stats(0).conflated, 18);
}

#[test]
fn taking_notices_a_lag_that_no_store_has_noticed() {
    let inbox = inbox(BIG, BIG, Conflate::Lag);
    for value in 0..5 {
        inbox.push(&mut progress(1, f64::from(value)), 0);
    }
    inbox.push(&mut status("end"), 0);
    assert_eq!(drain(&inbox, 1, LAG_AGE_MS + 1), ["t1=4", "status end"]);
}

#[test]
fn progress_without_a_key_is_never_replaced() {
    let inbox = inbox(4, BIG, Conflate::Lag);
    for value in 0..4 {
        inbox.push(&mut progress(NO_KEY, f64::from(value)), 0);
    }
    assert_eq!(inbox.stats(0).pending_events, 4);
}

#[test]
fn conflate_never_pauses_instead_and_loses_nothing() {
    let inbox = inbox(4, BIG, Conflate::Never);
    let pressures: Vec<_> = (0..4).map(|value| inbox.push(&mut progress(1, f64::from(value)), 500)).collect();
    assert_eq!(pressures, [Pressure::None, Pressure::None, Pressure::None, Pressure::Full]);
    let deadline = inbox.pause_deadline().unwrap();
    assert_eq!(deadline, 500 + PAUSE_MAX_MS);
    assert_eq!(inbox.shed(deadline).pressure, Pressure::Full, "nothing of the log class is there to go");
    assert_eq!(inbox.pause_deadline(), Some(deadline + PAUSE_MAX_MS));
    assert_eq!(drain(&inbox, usize::MAX, deadline), ["t1=0", "t1=1", "t1=2", "t1=3"]);
}

#[test]
fn of_retries_only_the_latest_waits() {
    let inbox = inbox(BIG, BIG, Conflate::Never);
    let mut two = retry(1);
    two.push_from(&mut retry(2), 0);
    inbox.push(&mut two, 0);
    inbox.push(&mut log("a"), 0);
    inbox.push(&mut retry(3), 0);
    assert_eq!(drain(&inbox, usize::MAX, 0), ["log a", "retry 3"]);
    inbox.push(&mut retry(4), 0);
    inbox.push(&mut log("b"), 0);
    let mut into = Batch::new();
    inbox.take(&mut into, 1, 0);
    inbox.push(&mut retry(5), 0);
    assert_eq!(drain(&inbox, 1, 0), ["log b", "retry 5"], "one that was taken is not replaced");
}

#[test]
fn reading_resumes_at_half_and_is_told_once() {
    let inbox = inbox(4, BIG, Conflate::Lag);
    for text in ["a", "b", "c"] {
        assert_eq!(inbox.push(&mut log(text), 0), Pressure::None);
    }
    assert_eq!(inbox.push(&mut log("d"), 0), Pressure::Full);
    assert!(inbox.is_paused());
    let mut into = Batch::new();
    assert_eq!(inbox.take(&mut into, 1, 0), Taken { more: true, resume: false });
    assert_eq!(inbox.push(&mut Batch::new(), 0), Pressure::Full, "below the bound, but not yet half");
    assert_eq!(inbox.take(&mut into, 1, 0), Taken { more: true, resume: true });
    assert!(!inbox.is_paused());
    assert_eq!(inbox.take(&mut into, 1, 0), Taken { more: true, resume: false });
}

#[test]
fn bytes_are_a_bound_too_and_one_entry_may_exceed_it() {
    let inbox = inbox(BIG, 1000, Conflate::Lag);
    assert_eq!(inbox.push(&mut log(&"x".repeat(5000)), 0), Pressure::Full);
    assert_eq!(drain(&inbox, usize::MAX, 0).len(), 1);
}

#[test]
fn a_pause_that_took_too_long_costs_the_oldest_log_lines_and_says_so_once() {
    let inbox = inbox(8, BIG, Conflate::Lag);
    let heartbeat = |b: &mut Batch| b.push(1, Event::Heartbeat(Heartbeat { task_id: "".into(), timestamp: 0 }));
    for mut batch in [log("0"), status("1"), log("2"), log("3"), batch(heartbeat), log("5"), log("6"), log("7")] {
        inbox.push(&mut batch, 0);
    }
    let deadline = inbox.pause_deadline().unwrap();
    assert_eq!(inbox.shed(deadline).pressure, Pressure::None);
    assert!(!inbox.is_paused());
    // Half is left, and the word of it.
    assert_eq!(inbox.stats(deadline).pending_events, 5);
    for text in ["8", "9", "10"] {
        inbox.push(&mut log(text), deadline);
    }
    assert_eq!(inbox.shed(inbox.pause_deadline().unwrap()).pressure, Pressure::None);
    assert_eq!(inbox.stats(0).dropped, 8);
    assert_eq!(drain(&inbox, usize::MAX, 0), ["status 1", "overflow 8", "log 9", "log 10"]);
}

#[test]
fn the_end_of_disconnect_discards_progress_and_logs_but_no_state_or_outcome() {
    let inbox = inbox(BIG, BIG, Conflate::Never);
    for mut batch in [progress(1, 1.0), log("a"), status("b"), settled(1, Settlement::Flushed)] {
        inbox.push(&mut batch, 0);
    }
    inbox.push(&mut settled(2, Settlement::Disconnected), 0);
    inbox.push(&mut log("later"), 0);
    assert_eq!(inbox.stats(0).dropped, 2);
    assert_eq!(drain(&inbox, 1, 0), ["status b", "settled 1", "settled 2", "log later"]);
}

#[test]
fn what_nobody_listens_for_is_not_stored_but_states_and_outcomes_are() {
    let inbox = Inbox::new(BIG, BIG, Conflate::Lag);
    let mut mixed = batch(|b| {
        b.progress(1, "t1", "", 1.0, "", 0);
        b.log(1, "t1", Level::Info, "a", None, 0);
        b.push(1, Event::Lost(std::borrow::Cow::Owned(Lost { task_id: "t1".into(), reason: LostReason::Closed })));
        b.settled(3, Settlement::Flushed);
    });
    inbox.push(&mut mixed, 0);
    assert_eq!(drain(&inbox, usize::MAX, 0), ["Lost", "settled 3"]);
    assert_eq!(inbox.stats(0).unwanted, 2);

    inbox.interest().set_kinds(Interest::bit(EventKind::Log));
    inbox.push(&mut log("b"), 0);
    inbox.push(&mut progress(1, 2.0), 0);
    assert_eq!(drain(&inbox, usize::MAX, 0), ["log b"]);

    inbox.interest().add_follow();
    inbox.push(&mut progress(1, 3.0), 0);
    inbox.interest().remove_follow();
    inbox.push(&mut progress(1, 4.0), 0);
    inbox.interest().begin_grace();
    inbox.push(&mut progress(1, 5.0), 0);
    inbox.interest().end_grace();
    inbox.push(&mut progress(1, 6.0), 0);
    assert_eq!(drain(&inbox, usize::MAX, 0), ["t1=3", "t1=5"]);
}

#[test]
fn memory_of_what_was_replaced_is_given_back() {
    let inbox = inbox(10, BIG, Conflate::Lag);
    for text in 0..6 {
        inbox.push(&mut log(&text.to_string()), 0);
    }
    let text = "x".repeat(1000);
    let mut largest = 0;
    for value in 0..10_000 {
        inbox.push(&mut batch(|b| b.progress(1, "t1", "", f64::from(value), &text, 0)), 0);
        largest = largest.max(lock(&inbox.queue).held_bytes());
    }
    let stats = inbox.stats(0);
    assert_eq!((stats.pending_events, stats.conflated), (7, 9999));
    assert!(largest <= stats.pending_bytes * 3 / 2 + COMPACT_SLACK + 2000, "{largest}");
    assert!(largest > COMPACT_SLACK, "the test must reach the bound");
}

#[derive(Clone, Debug)]
enum Step {
    Progress(u32),
    Loose,
    Log(usize),
    Status,
    Retry,
    Settle,
    Take(usize),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..5u32).prop_map(Step::Progress),
        1 => Just(Step::Loose),
        4 => (0..2000usize).prop_map(Step::Log),
        1 => Just(Step::Status),
        1 => Just(Step::Retry),
        1 => Just(Step::Settle),
        2 => prop_oneof![0..6usize, Just(usize::MAX)].prop_map(Step::Take),
        1 => (0..2 * PAUSE_MAX_MS).prop_map(Step::Wait),
    ];
    proptest::collection::vec(step, 1..400)
}

/// What a consumer may rely on, checked against everything that was stored.
#[derive(Default)]
struct Ledger {
    /// Stored entries of each kind, as shown.
    kept: Vec<String>,
    logs: Vec<String>,
    latest: HashMap<u32, f64>,
    progress: usize,
}

fn check(steps: &[Step], conflate: Conflate) {
    const EVENTS: usize = 24;
    const BYTES: usize = 16 << 10;
    const MOST: usize = BYTES + 4096;
    let inbox = inbox(EVENTS, BYTES, conflate);
    let (mut stored, mut now, mut serial) = (Ledger::default(), 1000, 0u32);
    let mut out: Vec<String> = Vec::new();
    let mut rung = false;
    let mut into = Batch::new();
    for step in steps {
        // A driver reads nothing while it is paused, and sheds when that took too long.
        if inbox.pause_deadline().is_some_and(|at| at <= now) {
            let _ = inbox.shed(now);
        }
        serial += 1;
        let arriving = match step {
            Step::Take(max) => {
                let before = inbox.stats(now).pending_events;
                let taken = inbox.take(&mut into, *max, now);
                let left = inbox.stats(now).pending_events;
                assert!(into.len() <= *max && into.len() + left <= before, "only a lag takes less out than was in");
                assert_eq!(taken.more, left > 0);
                assert!(into.len() == *max || left == 0);
                rung &= taken.more;
                out.extend(into.iter().map(|item| short(&item)));
                continue;
            }
            Step::Wait(ms) => {
                now += ms;
                continue;
            }
            _ if inbox.is_paused() => continue,
            Step::Progress(key) => {
                stored.progress += 1;
                stored.latest.insert(*key, f64::from(serial));
                progress(*key, f64::from(serial))
            }
            Step::Loose => batch(|b| b.progress(NO_KEY, "loose", "", f64::from(serial), "", 0)),
            Step::Log(size) => {
                let text = format!("{serial} {}", "x".repeat(*size));
                stored.logs.push(format!("log {text}"));
                log(&text)
            }
            Step::Status => {
                stored.kept.push(format!("status {serial}"));
                status(&serial.to_string())
            }
            Step::Retry => retry(serial),
            Step::Settle => {
                stored.kept.push(format!("settled {serial}"));
                settled(u64::from(serial), Settlement::Flushed)
            }
        };
        let mut arriving = arriving;
        let result = inbox.store(&mut arriving, now);
        assert_eq!(result.ring, !rung, "one ring between two takes that left nothing");
        rung = true;
        let stats = inbox.stats(now);
        assert!(stats.pending_events <= EVENTS + 1 && stats.pending_bytes <= MOST, "{stats:?}");
        assert!(lock(&inbox.queue).held_bytes() <= MOST * 3 / 2 + COMPACT_SLACK);
        assert_eq!(stats.pending_events >= EVENTS || stats.pending_bytes >= BYTES, result.pressure == Pressure::Full);
    }
    out.extend(drain(&inbox, 7, now));

    let only = |prefix: &str| -> Vec<&String> { out.iter().filter(|text| text.starts_with(prefix)).collect() };
    let kept: Vec<_> = out.iter().filter(|text| text.starts_with("status") || text.starts_with("settled")).collect();
    assert_eq!(kept, stored.kept.iter().collect::<Vec<_>>(), "what is kept is all there, in order");
    let logs = only("log");
    let mut rest = stored.logs.iter();
    assert!(logs.iter().all(|log| rest.any(|stored| stored == *log)), "log lines are in order");
    let overflows: u64 = only("overflow").iter().map(|text| text[9..].parse::<u64>().unwrap()).sum();
    let loose_lost = overflows as usize - (stored.logs.len() - logs.len());
    assert_eq!(inbox.stats(0).dropped, overflows, "every dropped line is told");
    assert!(loose_lost <= steps.len());
    let mut last: HashMap<u32, f64> = HashMap::new();
    let mut delivered = 0;
    for text in only("t") {
        let (task, value) = text[1..].split_once('=').unwrap();
        let (key, value) = (task.parse().unwrap(), value.parse().unwrap());
        assert!(last.insert(key, value).is_none_or(|before| before < value), "progress of a task is in order");
        delivered += 1;
    }
    assert_eq!(last, stored.latest, "the latest progress of every task is delivered");
    if conflate == Conflate::Never {
        assert_eq!(delivered, stored.progress, "nothing is replaced");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn a_consumer_may_rely_on_it_when_lagging(steps in steps()) {
        check(&steps, Conflate::Lag);
    }

    #[test]
    fn a_consumer_may_rely_on_it_without_conflation(steps in steps()) {
        check(&steps, Conflate::Never);
    }
}

#[test]
fn overflow_events_count_up() {
    let mut held = batch(|b| b.push(NO_KEY, Event::Overflow(std::borrow::Cow::Owned(Overflow { count: 2 }))));
    held.add_overflow(0, 3);
    assert_eq!(short(&held.get(0)), "overflow 5");
}
