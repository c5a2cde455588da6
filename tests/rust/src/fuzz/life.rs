//! A life of a session, spelled out in bytes.

use steadywire::session::{Disposition, LeaseKind, Platform};
use steadywire::{Config, Limit, Overflow, Terminal};

use super::bytes::Bytes;
use super::frames;
use crate::model::{Act, Setup, World};

/// How many things happen in one life at most.
const MAX_ACTS: usize = 300;

/// How many messages are sent in one life at most: more say nothing new and take long.
const MAX_SENT: u32 = 800;

/// How much time passes in one life at most, in milliseconds: an hour.
const MAX_TIME: u64 = 3_600_000;

const REASONS: [&str; 9] = [
    "",
    "bye",
    "{",
    "{\"reconnect\":true}",
    "{\"reconnect\":false}",
    "{\"retryAfterMs\":40}",
    "{\"retryAfterMs\":400000}",
    "{\"reauth\":true}",
    "{\"reconnect\":true,\"retryAfterMs\":0}",
];

/// Frames that a life needs more often than chance would bring them. `@` is a task, `#` a number from 0 to 15.
const FRAMES: [&str; 25] = [
    "{\"type\":\"status\",\"data\":{\"action\":\"hello\",\"features\":[\"resume\",\"ack\",\"batch\",\"query\",\"heartbeat\",\"publish\"]}}",
    "{\"type\":\"status\",\"data\":{\"action\":\"hello\",\"features\":[\"resume\",\"query\"]}}",
    "{\"type\":\"status\",\"data\":{\"action\":\"hello\",\"features\":[\"ack\"]}}",
    "{\"type\":\"status\",\"data\":{\"action\":\"hello\"}}",
    "{\"type\":\"progress\",\"taskId\":\"@\",\"data\":{\"progress\":5},\"epoch\":\"a\",\"seq\":#}",
    "{\"type\":\"progress\",\"taskId\":\"@\",\"data\":{\"progress\":6},\"epoch\":\"b\",\"seq\":#}",
    "{\"type\":\"progress\",\"taskId\":\"@\",\"data\":{\"progress\":7},\"seq\":#,\"covers\":3}",
    "{\"type\":\"log\",\"taskId\":\"@\",\"data\":{\"message\":\"m#\"}}",
    "{\"type\":\"complete\",\"taskId\":\"@\",\"data\":#}",
    "{\"type\":\"complete\",\"taskId\":\"@\",\"data\":#,\"epoch\":\"a\",\"seq\":#}",
    "{\"type\":\"complete\",\"taskId\":\"@\",\"data\":#,\"epoch\":\"b\",\"seq\":#}",
    "{\"type\":\"error\",\"taskId\":\"@\",\"data\":{\"error\":\"e#\"}}",
    "{\"type\":\"error\",\"taskId\":\"@\",\"data\":{\"error\":\"e#\",\"fatal\":false}}",
    "{\"type\":\"error\",\"taskId\":\"@\",\"data\":{\"error\":\"e\",\"action\":\"subscribe\"}}",
    "{\"type\":\"error\",\"taskId\":\"@\",\"data\":{\"error\":\"no\",\"id\":\"000000000000000000000000-#\"}}",
    "{\"type\":\"status\",\"taskId\":\"@\",\"data\":{\"action\":\"ack\",\"id\":\"000000000000000000000000-#\"}}",
    "{\"type\":\"status\",\"taskId\":\"@\",\"data\":{\"status\":\"done\"},\"epoch\":\"a\",\"seq\":#}",
    "{\"type\":\"status\",\"taskId\":\"@\",\"data\":{\"status\":\"failed\"}}",
    "{\"type\":\"status\",\"taskId\":\"@\",\"data\":{\"action\":\"subscribed\",\"epoch\":\"a\",\"seq\":#,\"status\":\"running\"}}",
    "{\"type\":\"status\",\"taskId\":\"@\",\"data\":{\"action\":\"subscribed\",\"epoch\":\"b\",\"status\":\"complete\"}}",
    "{\"type\":\"status\",\"taskId\":\"@\",\"data\":{\"action\":\"state\",\"status\":\"unknown\"}}",
    "{\"type\":\"status\",\"taskId\":\"@\",\"data\":{\"action\":\"state\",\"status\":\"error\",\"data\":{\"error\":\"x\"}}}",
    "{\"type\":\"heartbeat\",\"taskId\":\"@\"}",
    "{\"type\":\"heartbeat\",\"data\":{\"received\":true}}",
    "{\"type\":\"other\",\"taskId\":\"@\",\"data\":#}",
];

/// Lives the bytes' life.
///
/// # Panics
/// If an invariant of the session is broken in it.
pub fn session(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let by_close = bytes.flag();
    let mut world = World::new(&setup(&mut bytes));
    let (mut sent, mut time) = (0, 0);
    for _ in 0..MAX_ACTS {
        if bytes.is_empty() || sent > MAX_SENT || time > MAX_TIME {
            break;
        }
        let act = act(&mut bytes);
        match &act {
            Act::Send { times, .. } => sent += u32::from(*times),
            Act::After(ms) | Act::Late(ms) => time += ms,
            _ => {}
        }
        world.play(&act);
    }
    world.end(by_close);
}

fn setup(bytes: &mut Bytes<'_>) -> Setup {
    let heartbeat = bytes.pick(&[0, 1000, 30_000]);
    let mut config = Config::new("ws://localhost/ws")
        .reconnect_interval(bytes.pick(&[0, 1000]))
        .reconnect_backoff_multiplier(bytes.pick(&[1.5, 1.0, 10.0]))
        .max_reconnect_backoff(bytes.pick(&[30_000, 0, 1500]))
        .stable_after(bytes.pick(&[5000, 0, 100_000]))
        .connect_timeout(bytes.pick(&[10_000, 900]))
        .heartbeat_interval(heartbeat)
        .heartbeat_timeout(heartbeat.max(300))
        .stall_timeout(bytes.pick(&[60_000, 0, 700]))
        .max_queued_messages(1 + bytes.below(9))
        .max_queued_bytes(150 + 8 * bytes.below(256))
        .overflow(bytes.pick(&[Overflow::Reject, Overflow::DropOldest, Overflow::DropNewest]))
        .cursors(
            bytes.pick(&[&[][..], &[("t0", "a", 2)], &[("t1", "", 1), ("t2", "b", 0)]]).iter().map(owned).collect(),
        );
    config.max_connect_attempts = bytes.pick(&[None, Some(1), Some(3)]).map(Limit::Times);
    config.max_reconnect_attempts = bytes.pick(&[None, Some(0), Some(2)]).map_or(Limit::Unlimited, Limit::Times);
    if bytes.rarely(4) {
        config = config.terminal_status("running", Some(Terminal::Error)).terminal_status("done", None);
    }
    let platform = Platform { pings: !bytes.flag(), credentials: bytes.flag(), classify: bytes.flag() };
    Setup { config, platform, seed: u32::from(bytes.byte()) }
}

fn owned((task, epoch, seq): &(&str, &str, u64)) -> (String, String, u64) {
    ((*task).to_owned(), (*epoch).to_owned(), *seq)
}

fn act(bytes: &mut Bytes<'_>) -> Act {
    match bytes.below(32) {
        0..=6 => call(bytes),
        7..=10 => Act::Opened,
        11..=17 => Act::Text(text(bytes)),
        18..=22 => transport(bytes),
        23 => Act::Stale { act: Box::new(transport(bytes)), ahead: bytes.flag() },
        24..=26 => driver(bytes),
        27 => Act::Late(u64::from(bytes.u16()) / 3),
        28 => Act::After(u64::from(bytes.u16()) * 5),
        _ => Act::After(bytes.pick(&[0, 1, 5, 19, 300, 999, 1000, 2000, 3000, 3001, 5000, 10_000, 30_000, 60_000])),
    }
}

fn call(bytes: &mut Bytes<'_>) -> Act {
    let task = bytes.below(4);
    match bytes.below(16) {
        0 => Act::Connect(None),
        1 | 2 => Act::Connect(Some(task)),
        3 => Act::Reconnect,
        4 => Act::Disconnect,
        5 => Act::Subscribe(task),
        6 => Act::Unsubscribe(task),
        7 | 8 => {
            Act::Lease(bytes.pick(&[LeaseKind::Follow, LeaseKind::Wait, LeaseKind::Track, LeaseKind::Report]), task)
        }
        9 => Act::Unlease(bytes.below(8)),
        10 => Act::Flush,
        _ => Act::Send {
            kind: bytes.byte() % 8,
            task,
            ack: bytes.flag(),
            size: bytes.pick(&[0, 1, 30, 99, 150, 250, 400, 599]),
            times: bytes.pick(&[1, 1, 1, 1, 1, 2, 4, 255]),
        },
    }
}

fn text(bytes: &mut Bytes<'_>) -> String {
    match bytes.below(8) {
        0 => frames::frame(bytes),
        1 => bytes.text(),
        _ => {
            let frame = bytes.pick(&FRAMES);
            let task = bytes.pick(&["t0", "t1", "t2", "t3", "nobody", ""]);
            frame.replace('@', task).replace('#', &(bytes.byte() % 16).to_string())
        }
    }
}

fn transport(bytes: &mut Bytes<'_>) -> Act {
    match bytes.below(10) {
        0 => Act::Opened,
        1 | 2 => Act::Fails {
            http_status: bytes.pick(&[None, Some(200), Some(401), Some(410), Some(429), Some(500), Some(503)]),
            retry_after_ms: bytes.pick(&[None, Some(0), Some(3000), Some(u64::MAX)]),
            fatal: bytes.rarely(8),
        },
        3 => Act::Credentials(bytes.pick(&[Ok(()), Ok(()), Ok(()), Err(false), Err(true)])),
        4 | 5 => {
            const CODES: [u16; 10] = [1000, 1001, 1002, 1006, 1008, 1011, 1013, 4401, 4429, 4500];
            let code = match bytes.below(8) {
                0 => None,
                1 => Some(bytes.u16()),
                _ => Some(bytes.pick(&CODES)),
            };
            Act::Closes { code, reason: bytes.pick(&REASONS) }
        }
        6 => Act::Breaks { fatal: bytes.rarely(8) },
        7 => Act::Binary,
        8 if bytes.flag() => Act::Ping,
        8 => Act::Classified(bytes.pick(&[
            None,
            Some(Disposition::Retry),
            Some(Disposition::Fatal),
            Some(Disposition::Slow),
        ])),
        _ => Act::Pong(bytes.pick(&[None, None, Some(0), Some(1), Some(2), Some(5)])),
    }
}

fn driver(bytes: &mut Bytes<'_>) -> Act {
    match bytes.below(10) {
        0 => Act::ReadPaused,
        1 => Act::ReadResumed,
        2 => Act::Woke,
        3 => Act::Online(true),
        4 => Act::Online(false),
        5 => Act::Visible(true),
        6 => Act::Visible(false),
        7 => Act::Timeout,
        8 => Act::Blocked(true),
        _ => Act::Blocked(false),
    }
}
