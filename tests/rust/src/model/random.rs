//! Lives drawn at random.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use steadywire::session::{Disposition, LeaseKind, Platform};
use steadywire::{Config, Limit, Overflow};

use super::acts::{Act, Setup};
use super::frames::frame;

/// A session and what happens to it, in fewer acts than `length`.
pub fn life(length: usize) -> impl Strategy<Value = (Setup, Vec<Act>)> {
    (setup(), vec(act(), 1..length))
}

fn setup() -> impl Strategy<Value = Setup> {
    let times = (select(vec![0_u64, 1000]), select(vec![0_u64, 1000, 30_000]), select(vec![0_u64, 700, 60_000]));
    let limits = (select(vec![None, Some(1), Some(3)]), select(vec![None, Some(0), Some(2)]));
    let outbox =
        (1_usize..9, 150_usize..2000, select(vec![Overflow::Reject, Overflow::DropOldest, Overflow::DropNewest]));
    (times, limits, outbox, any::<(bool, bool, bool)>(), any::<u32>()).prop_map(
        |(times, limits, outbox, platform, seed)| {
            let mut config = Config::new("ws://localhost/ws")
                .reconnect_interval(times.0)
                .heartbeat_interval(times.1)
                .heartbeat_timeout(times.1.max(300))
                .stall_timeout(times.2)
                .max_queued_messages(outbox.0)
                .max_queued_bytes(outbox.1)
                .overflow(outbox.2)
                .cursors(vec![("t0".into(), "a".into(), 2)]);
            config.max_connect_attempts = limits.0.map(Limit::Times);
            config.max_reconnect_attempts = limits.1.map_or(Limit::Unlimited, Limit::Times);
            Setup {
                config,
                platform: Platform { pings: platform.0, credentials: platform.1, classify: platform.2 },
                seed,
            }
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => call(),
        12 => frame().prop_map(Act::Text),
        12 => Just(Act::Opened),
        8 => transport(),
        3 => (transport(), any::<bool>()).prop_map(|(act, ahead)| Act::Stale { act: Box::new(act), ahead }),
        6 => driver(),
        12 => time(),
    ]
}

fn call() -> impl Strategy<Value = Act> {
    let task = || 0_usize..4;
    let kind = select(vec![LeaseKind::Follow, LeaseKind::Wait, LeaseKind::Track, LeaseKind::Report]);
    prop_oneof![
        4 => proptest::option::of(task()).prop_map(Act::Connect),
        1 => Just(Act::Reconnect),
        2 => Just(Act::Disconnect),
        3 => task().prop_map(Act::Subscribe),
        3 => task().prop_map(Act::Unsubscribe),
        5 => (kind, task()).prop_map(|(kind, task)| Act::Lease(kind, task)),
        3 => (0_usize..8).prop_map(Act::Unlease),
        8 => (0_u8..8, 0_usize..5, any::<bool>(), 0_usize..600, select(vec![1_u8, 1, 1, 4, 255]))
            .prop_map(|(kind, task, ack, size, times)| Act::Send { kind, task, ack, size, times }),
        2 => Just(Act::Flush),
    ]
}

fn transport() -> impl Strategy<Value = Act> {
    let code = prop_oneof![
        Just(None),
        select(vec![1000, 1001, 1002, 1006, 1008, 1011, 1013, 4401, 4429, 4500]).prop_map(Some),
        any::<u16>().prop_map(Some),
    ];
    let reason = select(vec![
        "",
        "bye",
        "{",
        "{\"reconnect\":true}",
        "{\"reconnect\":false}",
        "{\"retryAfterMs\":40}",
        "{\"reauth\":true}",
    ]);
    let status = proptest::option::of(select(vec![200_u16, 401, 410, 429, 500, 503]));
    prop_oneof![
        2 => Just(Act::Opened),
        4 => (status, proptest::option::of(select(vec![0, 3000, u64::MAX])), proptest::bool::weighted(0.1))
            .prop_map(|(http_status, retry_after_ms, fatal)| Act::Fails { http_status, retry_after_ms, fatal }),
        2 => prop_oneof![6 => Just(Ok(())), 1 => any::<bool>().prop_map(Err)].prop_map(Act::Credentials),
        3 => proptest::option::of(select(Disposition::ALL)).prop_map(Act::Classified),
        4 => (code, reason).prop_map(|(code, reason)| Act::Closes { code, reason }),
        2 => proptest::bool::weighted(0.1).prop_map(|fatal| Act::Breaks { fatal }),
        2 => frame().prop_map(Act::Text),
        1 => Just(Act::Binary),
        1 => Just(Act::Ping),
        3 => proptest::option::weighted(0.3, 0_u64..9).prop_map(Act::Pong),
    ]
}

fn driver() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::ReadPaused),
        Just(Act::ReadResumed),
        Just(Act::Woke),
        any::<bool>().prop_map(Act::Online),
        any::<bool>().prop_map(Act::Visible),
        Just(Act::Timeout),
        any::<bool>().prop_map(Act::Blocked),
    ]
}

fn time() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0_u64..20).prop_map(Act::After),
        4 => (20_u64..3000).prop_map(Act::After),
        2 => (3000_u64..200_000).prop_map(Act::After),
        1 => (0_u64..20_000).prop_map(Act::Late),
    ]
}
