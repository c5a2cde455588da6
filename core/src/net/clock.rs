//! The only file that reads a clock or takes randomness.
#![expect(clippy::disallowed_methods, reason = "this is the file that clippy.toml leaves to do it")]

use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::Context;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::time::Sleep;

use crate::session::Now;

/// A jump of the suspend-inclusive clock against the monotonic one above this is a sleep of the machine.
pub(super) const SLEEP_JUMP_MS: u64 = 3000;

/// How often is looked whether the machine slept: its sleep stops every timer, so that none tells of it.
const SLEEP_LOOK_MS: u64 = 10_000;

/// Both clocks, read now.
pub(crate) fn now() -> Now {
    Now { mono_ms: mono_ms(), wall_ms: wall_ms() }
}

/// Milliseconds since the first use in this process, of a clock that never goes back.
pub(super) fn mono_ms() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let elapsed = START.get_or_init(Instant::now).elapsed().as_millis();
    // Not from 0, so that 0 can mean "never".
    u64::try_from(elapsed).unwrap_or(u64::MAX - 1) + 1
}

/// Milliseconds since the Unix epoch.
pub(super) fn wall_ms() -> i64 {
    let millis = |duration: std::time::Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => millis(after),
        Err(before) => -millis(before.duration()),
    }
}

/// Ends after `time`. Only on the runtime.
pub(super) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Wakes a task when a time has come. Setting it later costs nothing: it then wakes once too early.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    /// When `sleep` ends, if the task has not been woken for it yet.
    armed: Option<u64>,
}

impl Alarm {
    /// Sees to it that the task of `cx` is woken at `deadline`, and in time to notice that the machine slept; without a
    /// deadline only if `watches`. Only on the runtime.
    pub(super) fn set(&mut self, deadline: Option<u64>, watches: bool, now_ms: u64, cx: &mut Context<'_>) {
        let look = (watches || deadline.is_some()).then_some(now_ms.saturating_add(SLEEP_LOOK_MS));
        let Some(deadline) = deadline.into_iter().chain(look).min() else { return };
        if deadline <= now_ms {
            cx.waker().wake_by_ref();
            return;
        }
        if self.armed.is_none_or(|armed| armed > deadline || armed <= now_ms) {
            let wait = Duration::from_millis(deadline - now_ms);
            match &mut self.sleep {
                Some(sleep) => sleep.as_mut().reset(tokio::time::Instant::now() + wait),
                None => self.sleep = Some(Box::pin(tokio::time::sleep(wait))),
            }
            self.armed = Some(deadline);
        }
        if let Some(sleep) = &mut self.sleep
            && sleep.as_mut().poll(cx).is_ready()
        {
            self.armed = None;
            cx.waker().wake_by_ref();
        }
    }
}

/// Finds out that the machine slept: a clock that counts suspended time runs ahead of one that does not.
#[derive(Debug)]
pub(super) struct SleepWatch {
    /// The counting clock minus the monotonic one, at the last look.
    lead_ms: i64,
}

impl SleepWatch {
    pub(super) fn new() -> Self {
        Self { lead_ms: lead_ms(now()) }
    }

    /// For how long the machine slept since the last look, if it did. `now` must have been read just before.
    pub(super) fn look(&mut self, now: Now) -> Option<u64> {
        self.update(lead_ms(now))
    }

    fn update(&mut self, lead_ms: i64) -> Option<u64> {
        let slept = u64::try_from(lead_ms.saturating_sub(self.lead_ms)).unwrap_or(0);
        self.lead_ms = lead_ms;
        (slept > SLEEP_JUMP_MS).then_some(slept)
    }
}

/// `CLOCK_BOOTTIME` goes on while the machine is suspended.
#[cfg(target_os = "linux")]
fn lead_ms(now: Now) -> i64 {
    let boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let boot_ms = boot.tv_sec.saturating_mul(1000).saturating_add(boot.tv_nsec / 1_000_000);
    boot_ms.saturating_sub_unsigned(now.mono_ms)
}

/// Elsewhere the wall clock has to do; a clock set forward costs one needless probe.
#[cfg(not(target_os = "linux"))]
fn lead_ms(now: Now) -> i64 {
    now.wall_ms.saturating_sub_unsigned(now.mono_ms)
}

/// Seeds a session's jitter.
pub(super) fn random_seed() -> u32 {
    let bits = random(0);
    (bits ^ (bits >> 32)) as u32
}

/// Makes a client's message ids unlike any other's.
pub(super) fn random_nonce() -> [u8; 12] {
    let mut nonce = [0; 12];
    for (index, chunk) in nonce.chunks_mut(8).enumerate() {
        let bytes = random(1 + index as u64).to_le_bytes();
        chunk.copy_from_slice(&bytes[..chunk.len()]);
    }
    nonce
}

/// Hashing under the standard library's random keys. A forked child inherits the keys, hence the process id;
/// the clock tells two calls of one process apart even where the keys repeat.
fn random(salt: u64) -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(salt);
    hasher.write_u32(std::process::id());
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    hasher.write_u128(wall.as_nanos());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monotonic_clock_is_never_zero_and_never_goes_back() {
        let first = mono_ms();
        assert!(first > 0 && mono_ms() >= first);
    }

    #[test]
    fn the_wall_clock_counts_from_1970() {
        assert!(wall_ms() > 1_700_000_000_000, "milliseconds, not seconds");
    }

    /// WAKE-4: a jump above 3 s is a sleep; the driver reports it as `Woke`.
    #[test]
    fn a_jump_of_more_than_three_seconds_is_a_sleep_and_is_told_once() {
        let mut watch = SleepWatch { lead_ms: 1000 };
        assert_eq!(watch.update(4000), None);
        assert_eq!(watch.update(7001), Some(3001));
        assert_eq!(watch.update(7001), None);
        assert_eq!(watch.update(-9000), None, "a clock set back is no sleep");
        assert_eq!(watch.update(7001), Some(16_001));
    }

    #[test]
    fn a_machine_that_is_awake_has_not_slept() {
        assert_eq!(SleepWatch::new().look(now()), None);
    }

    /// WAKE-4
    #[test]
    fn a_sleep_of_the_machine_is_looked_for_while_anything_is_awaited() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let now = mono_ms();
        let mut armed = |deadline, watches| {
            let mut alarm = Alarm::default();
            alarm.set(deadline, watches, now, &mut cx);
            alarm.armed
        };
        assert_eq!(armed(Some(now + 300_000), false), Some(now + SLEEP_LOOK_MS));
        assert_eq!(armed(Some(now + 5), true), Some(now + 5));
        assert_eq!(armed(None, true), Some(now + SLEEP_LOOK_MS));
        assert_eq!(armed(None, false), None, "a client at rest wakes nobody");
    }

    #[test]
    fn nonces_and_seeds_differ() {
        assert_ne!(random_nonce(), random_nonce());
        assert!((0..4).any(|_| random_seed() != random_seed()));
    }
}
