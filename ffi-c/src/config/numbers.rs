//! Options that are numbers.

use steadywire::Limit;

use super::{STEADYWIRE_UNLIMITED, set, steadywire_config};
use crate::status::steadywire_status;

/// Sets the delay before the first retry. Milliseconds, 0 to 2097151, default 1000: short enough that a person
/// hardly notices a blink of the network.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_reconnect_interval_ms(
    config: *mut steadywire_config,
    milliseconds: u64,
) -> steadywire_status {
    set(config, |config| {
        config.reconnect_interval = milliseconds;
        Ok(())
    })
}

/// Sets how much the delay grows with each failed attempt. 1 to 10, default 1.5. Every delay but the first is spread
/// by 30 %, so that clients that lost one server do not return as one.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_reconnect_backoff_multiplier(
    config: *mut steadywire_config,
    multiplier: f64,
) -> steadywire_status {
    set(config, |config| {
        config.reconnect_backoff_multiplier = multiplier;
        Ok(())
    })
}

/// Sets the longest delay between two attempts. Milliseconds, 0 to 2097151, default 30000.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_max_reconnect_backoff_ms(
    config: *mut steadywire_config,
    milliseconds: u64,
) -> steadywire_status {
    set(config, |config| {
        config.max_reconnect_backoff = milliseconds;
        Ok(())
    })
}

/// Sets how often the first connect is tried before it fails. From 1; STEADYWIRE_UNLIMITED for as often as it takes.
/// Default 5, so that a wrong address is told soon, and unlimited while a follow, a wait or a reporter needs the
/// link.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_max_connect_attempts(
    config: *mut steadywire_config,
    attempts: u32,
) -> steadywire_status {
    set(config, |config| {
        config.max_connect_attempts = Some(limit(attempts));
        Ok(())
    })
}

/// Sets how often a lost link is tried again. 0 = never; STEADYWIRE_UNLIMITED, the default, for as often as it
/// takes.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_max_reconnect_attempts(
    config: *mut steadywire_config,
    attempts: u32,
) -> steadywire_status {
    set(config, |config| {
        config.max_reconnect_attempts = limit(attempts);
        Ok(())
    })
}

/// Sets how long a link must have been open to be called stable, which resets the delay and the count of attempts.
/// Milliseconds, 0 to 2097151, default 5000: a server that accepts and drops at once must not be asked without a
/// pause.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_stable_after_ms(
    config: *mut steadywire_config,
    milliseconds: u64,
) -> steadywire_status {
    set(config, |config| {
        config.stable_after = milliseconds;
        Ok(())
    })
}

/// Sets the time for one attempt: DNS, TCP, proxy, TLS and upgrade. Milliseconds, 1 to 2097151, default 10000.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_connect_timeout_ms(
    config: *mut steadywire_config,
    milliseconds: u64,
) -> steadywire_status {
    set(config, |config| {
        config.connect_timeout = milliseconds;
        Ok(())
    })
}

/// Sets the time between two heartbeats. Milliseconds, 0 to 2097151, default 30000: below the idle limits of common
/// proxies. 0 turns them off; a link that died silently is then noticed by nobody.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_heartbeat_interval_ms(
    config: *mut steadywire_config,
    milliseconds: u64,
) -> steadywire_status {
    set(config, |config| {
        config.heartbeat_interval = milliseconds;
        Ok(())
    })
}

/// Sets the time in which a heartbeat must be followed by a sign of life, or the link is dropped. Milliseconds, 1 to
/// 2097151, default 10000.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_heartbeat_timeout_ms(
    config: *mut steadywire_config,
    milliseconds: u64,
) -> steadywire_status {
    set(config, |config| {
        config.heartbeat_timeout = milliseconds;
        Ok(())
    })
}

/// Sets how many messages the outbox holds while there is no link. 1 to 1073741824, default 1000; beside it there is
/// a reserve of 256 for status, complete and error.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_max_queued_messages(
    config: *mut steadywire_config,
    messages: usize,
) -> steadywire_status {
    set(config, |config| {
        config.max_queued_messages = messages;
        Ok(())
    })
}

/// Sets how many bytes of messages the outbox holds. 1 to 1073741824, default 1048576.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_max_queued_bytes(
    config: *mut steadywire_config,
    bytes: usize,
) -> steadywire_status {
    set(config, |config| {
        config.max_queued_bytes = bytes;
        Ok(())
    })
}

/// Sets how many events wait for the callbacks before reading from the network pauses. 1 to 1073741824, default
/// 10000.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_max_pending_events(
    config: *mut steadywire_config,
    events: usize,
) -> steadywire_status {
    set(config, |config| {
        config.max_pending_events = events;
        Ok(())
    })
}

/// Sets how many bytes of events wait likewise; one event alone may exceed it. 1 to 1073741824, default 16777216.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_max_pending_bytes(
    config: *mut steadywire_config,
    bytes: usize,
) -> steadywire_status {
    set(config, |config| {
        config.max_pending_bytes = bytes;
        Ok(())
    })
}

/// Sets the largest inbound message; a larger one ends the link with a clear error. Bytes, 1 to 1073741824, default
/// 16777216: a server must not be able to fill the memory.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_max_message_size(
    config: *mut steadywire_config,
    bytes: usize,
) -> steadywire_status {
    set(config, |config| {
        config.max_message_size = bytes;
        Ok(())
    })
}

/// Sets how long a task may say nothing before its status is asked for. Milliseconds, 0 to 2097151, default 60000. 0
/// = never; a task whose end was missed by the server itself then stays open.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_stall_timeout_ms(
    config: *mut steadywire_config,
    milliseconds: u64,
) -> steadywire_status {
    set(config, |config| {
        config.stall_timeout = milliseconds;
        Ok(())
    })
}

/// Sets the seed of the jitter, so that runs can be repeated. Default random.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_seed(config: *mut steadywire_config, seed: u32) -> steadywire_status {
    set(config, |config| {
        config.seed = Some(seed);
        Ok(())
    })
}

fn limit(times: u32) -> Limit {
    if times == STEADYWIRE_UNLIMITED { Limit::Unlimited } else { Limit::Times(times) }
}
