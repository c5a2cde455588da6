//! A herd of clients that loses its server comes back without trampling it.

use steadywire_sim::herd::lose_server;

const CLIENTS: usize = 5000;

#[test]
fn fewer_than_a_twentieth_return_within_100_ms_and_none_gives_up() {
    for outage in [10_000, 20_000, 60_000] {
        let herd = lose_server(CLIENTS, outage, true);
        assert_eq!(herd.given_up, 0, "after {outage} ms");
        assert_eq!(herd.back.len(), CLIENTS, "after {outage} ms");
        assert!(herd.worst_window() < 50, "{} of 1000 after {outage} ms", herd.worst_window());
        // The longest delay is the ceiling.
        assert!(herd.back_after(100).is_some_and(|at| at <= 30_000), "{:?} after {outage} ms", herd.back_after(100));
    }
}

/// What the test above would not notice without this one: that it can fail.
#[test]
fn without_jitter_nearly_all_return_at_once() {
    for outage in [10_000, 20_000, 60_000] {
        assert!(lose_server(CLIENTS, outage, false).worst_window() > 900, "after {outage} ms");
    }
}
