//! What holds at an end: of a disconnect, of the client, of a waker's patience.

use super::*;

/// END-7
#[test]
fn what_waits_for_a_consumer_is_gone_once_a_disconnect_is_settled() {
    let (fake, dispatch) = client();
    let notes = Heard::default();
    connect(&fake, &dispatch, Ok(()));
    fake.push(|batch| batch.settled(8, Settlement::Disconnected));
    fake.run();
    assert!(!dispatch.registry.in_grace());
    assert_eq!(*lock(&fake.kinds), 0);
    dispatch.registry.add(PROGRESS, false, note(&notes, "a"));
    dispatch.ring();
    fake.run();
    assert_eq!(heard(&notes), Vec::<String>::new());
}

#[test]
fn a_waker_that_panics_does_not_stop_the_dispatcher() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("an executor's own");
        }
    }
    let (fake, dispatch) = client();
    let queue = Arc::new(Queue::default());
    dispatch.registry.follow(4, "t", queue.clone());
    let waker = std::task::Waker::from(Arc::new(Panics));
    let poll = || queue.poll(&mut std::task::Context::from_waker(&waker));
    assert!(poll().is_pending());
    fake.push(|batch| progress(batch, 1.0));
    fake.run();
    assert!(poll().is_ready() && poll().is_pending());
    fake.push(|batch| batch.settled(4, Settlement::Outcome(lost("t"))));
    fake.run();
    assert!(poll().is_ready(), "the outcome still arrives");
    assert_eq!(dispatch.counters.to_json()["failures"], 2);
}

#[test]
fn after_the_end_nothing_is_called_and_everything_is_dropped() {
    let (fake, dispatch) = client();
    let notes = Heard::default();
    dispatch.registry.add(PROGRESS, false, note(&notes, "a"));
    let inner = dispatch.clone();
    dispatch.registry.add(PROGRESS, false, Box::new(move |_| inner.end()));
    dispatch.registry.add(PROGRESS, false, note(&notes, "b"));
    fake.push(|batch| {
        progress(batch, 1.0);
        progress(batch, 2.0);
    });
    fake.run();
    assert_eq!(heard(&notes), ["a progress 1"]);
    assert_eq!(Arc::strong_count(&notes), 1);
    assert_eq!(Arc::strong_count(&dispatch), 1);
}

/// The I/O thread has rung, and comes to add its run only when the client has ended.
#[test]
fn a_run_that_comes_too_late_holds_up_no_end_and_is_not_kept() {
    let (fake, dispatch) = client();
    let notes = Heard::default();
    let turns = Turns::new(|| {});
    dispatch.registry.add(PROGRESS, false, note(&notes, "a"));
    fake.push(|batch| progress(batch, 1.0));
    let late = lock(&fake.runs).pop_front().unwrap();
    dispatch.end();
    turns.finish(dispatch.work());
    assert!(dispatch.quiet.wait(Some(std::time::Duration::ZERO)));
    assert_eq!(Arc::strong_count(&notes), 1, "what the program gave is dropped");
    turns.add(late);
    assert_eq!(Arc::strong_count(&dispatch), 1);
    assert_eq!(heard(&notes), Vec::<String>::new());
}
