//! The numbers of events, and what they stand for.

use steadywire::{Event, LostReason};

use super::{STEADYWIRE_EVENT_ANY, steadywire_event, steadywire_kind, view};
use crate::boundary;
use crate::client::steadywire_client;
use crate::status::{STEADYWIRE_OK, steadywire_status};

/// The state of a client's connection. Unknown values will appear in later versions.
pub type steadywire_state = i32;
/// Never started, or the program asked for it.
pub const STEADYWIRE_STATE_DISCONNECTED: steadywire_state = 0;
/// Not yet up since the connect.
pub const STEADYWIRE_STATE_CONNECTING: steadywire_state = 1;
/// Up.
pub const STEADYWIRE_STATE_CONNECTED: steadywire_state = 2;
/// Was up and is being restored.
pub const STEADYWIRE_STATE_RECONNECTING: steadywire_state = 3;
/// Stopped for good until the next connect or reconnect.
pub const STEADYWIRE_STATE_ERROR: steadywire_state = 4;

/// How important a log line is. Unknown values will appear in later versions.
pub type steadywire_level = i32;
/// Detail for those who look for a fault.
pub const STEADYWIRE_LEVEL_DEBUG: steadywire_level = 0;
/// What happens.
pub const STEADYWIRE_LEVEL_INFO: steadywire_level = 1;
/// Something to look at.
pub const STEADYWIRE_LEVEL_WARN: steadywire_level = 2;
/// Something failed.
pub const STEADYWIRE_LEVEL_ERROR: steadywire_level = 3;

/// Where an error event comes from. Unknown values will appear in later versions.
pub type steadywire_error_source = i32;
/// The task failed: this is its outcome, unless it is not fatal.
pub const STEADYWIRE_SOURCE_TASK: steadywire_error_source = 0;
/// The link failed.
pub const STEADYWIRE_SOURCE_TRANSPORT: steadywire_error_source = 1;
/// The server sent something that is not of this protocol.
pub const STEADYWIRE_SOURCE_PROTOCOL: steadywire_error_source = 2;
/// The server refused the credentials.
pub const STEADYWIRE_SOURCE_AUTH: steadywire_error_source = 3;
/// A callback of the program failed.
pub const STEADYWIRE_SOURCE_CALLBACK: steadywire_error_source = 4;

/// Why a subscription ended without an outcome. Unknown values will appear in later versions.
pub type steadywire_lost_reason = i32;
/// The program disconnected.
pub const STEADYWIRE_LOST_DISCONNECTED: steadywire_lost_reason = 0;
/// Every allowed attempt was made.
pub const STEADYWIRE_LOST_GIVEN_UP: steadywire_lost_reason = 1;
/// The server refused the client for good.
pub const STEADYWIRE_LOST_REFUSED: steadywire_lost_reason = 2;
/// The server no longer knows the task.
pub const STEADYWIRE_LOST_FORGOTTEN: steadywire_lost_reason = 3;
/// It was unsubscribed while something waited for it.
pub const STEADYWIRE_LOST_UNSUBSCRIBED: steadywire_lost_reason = 4;
/// The client was closed.
pub const STEADYWIRE_LOST_CLOSED: steadywire_lost_reason = 5;

pub(crate) fn lost_reason(reason: LostReason) -> steadywire_lost_reason {
    match reason {
        LostReason::Disconnected => STEADYWIRE_LOST_DISCONNECTED,
        LostReason::GivenUp => STEADYWIRE_LOST_GIVEN_UP,
        LostReason::Refused => STEADYWIRE_LOST_REFUSED,
        LostReason::Forgotten => STEADYWIRE_LOST_FORGOTTEN,
        LostReason::Unsubscribed => STEADYWIRE_LOST_UNSUBSCRIBED,
        LostReason::Closed => STEADYWIRE_LOST_CLOSED,
    }
}

/// The client whose event it is, NULL where it is none. No new reference: it is the handle that the program has, which
/// may have been freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_client(event: *const steadywire_event) -> *mut steadywire_client {
    // SAFETY: passed on.
    boundary::value(0, || unsafe { view::client(event) }) as *mut steadywire_client
}

/// What kind of event it is. STEADYWIRE_EVENT_ANY where it is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_kind(event: *const steadywire_event) -> steadywire_kind {
    let look = |event: &Event<'_>| Some(event.kind() as steadywire_kind);
    // SAFETY: passed on.
    boundary::value(STEADYWIRE_EVENT_ANY, || unsafe { view::read(event, look) })
}

/// When it happened, by the clock of who said so: milliseconds since the Unix epoch. -1 where the event has no time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_timestamp(event: *const steadywire_event) -> i64 {
    let look = |event: &Event<'_>| match event {
        Event::Progress(event) => Some(event.timestamp),
        Event::Log(event) => Some(event.timestamp),
        Event::Status(event) => Some(event.timestamp),
        Event::Complete(event) => Some(event.timestamp),
        Event::Error(event) => Some(event.timestamp),
        Event::Heartbeat(event) => Some(event.timestamp),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1, || unsafe { view::read(event, look) })
}

/// How far a task is, 0 to 100; -1 where the event is not of progress.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_progress(event: *const steadywire_event) -> f64 {
    let look = |event: &Event<'_>| match event {
        Event::Progress(event) => Some(event.progress),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1.0, || unsafe { view::read(event, look) })
}

/// How important a log line is; -1 where the event is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_level(event: *const steadywire_event) -> steadywire_level {
    let look = |event: &Event<'_>| match event {
        Event::Log(event) => Some(event.level as steadywire_level),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1, || unsafe { view::read(event, look) })
}

/// Where an error comes from; -1 where the event is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_source(event: *const steadywire_event) -> steadywire_error_source {
    let look = |event: &Event<'_>| match event {
        Event::Error(event) => Some(event.source as steadywire_error_source),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1, || unsafe { view::read(event, look) })
}

/// What went wrong, of an error that the library found; STEADYWIRE_OK where a task's own code says it, and for other
/// events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_error(event: *const steadywire_event) -> steadywire_status {
    let look = |event: &Event<'_>| match event {
        Event::Error(event) => Some(steadywire_status::from(steadywire::event::kind_of(event)?.code())),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(STEADYWIRE_OK, || unsafe { view::read(event, look) })
}

/// Whether, of an error event, the task or the connection is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_fatal(event: *const steadywire_event) -> bool {
    let look = |event: &Event<'_>| match event {
        Event::Error(event) => Some(event.fatal),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(false, || unsafe { view::read(event, look) })
}

/// Whether a complete or error event was made from the task's status because its own last message did not come.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_synthetic(event: *const steadywire_event) -> bool {
    let look = |event: &Event<'_>| match event {
        Event::Complete(event) => Some(event.synthetic),
        Event::Error(event) => Some(event.synthetic),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(false, || unsafe { view::read(event, look) })
}

/// The state now, of a state change; -1 for other events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_state(event: *const steadywire_event) -> steadywire_state {
    let look = |event: &Event<'_>| match event {
        Event::StateChange(event) => Some(event.state as steadywire_state),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1, || unsafe { view::read(event, look) })
}

/// The state before, of a state change; -1 for other events.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_previous(event: *const steadywire_event) -> steadywire_state {
    let look = |event: &Event<'_>| match event {
        Event::StateChange(event) => Some(event.previous as steadywire_state),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1, || unsafe { view::read(event, look) })
}

/// The number of the transport that a state change, a connected or a disconnected event concerns; 0 where there is
/// none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_generation(event: *const steadywire_event) -> u32 {
    let look = |event: &Event<'_>| match event {
        Event::StateChange(event) => Some(event.generation),
        Event::Connected(event) => Some(event.generation),
        Event::Disconnected(event) => Some(event.generation),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(0, || unsafe { view::read(event, look) })
}

/// The WebSocket close code that caused a state change or a disconnected event; -1 where none did.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_close_code(event: *const steadywire_event) -> i32 {
    let look = |event: &Event<'_>| match event {
        Event::StateChange(event) => Some(i32::from(event.close_code?)),
        Event::Disconnected(event) => Some(i32::from(event.close_code?)),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1, || unsafe { view::read(event, look) })
}

/// The HTTP status that caused a state change; -1 where none did.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_http_status(event: *const steadywire_event) -> i32 {
    let look = |event: &Event<'_>| match event {
        Event::StateChange(event) => Some(i32::from(event.http_status?)),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1, || unsafe { view::read(event, look) })
}

/// Whether the client goes on trying, of a state change.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_will_retry(event: *const steadywire_event) -> bool {
    let look = |event: &Event<'_>| match event {
        Event::StateChange(event) => Some(event.will_retry),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(false, || unsafe { view::read(event, look) })
}

/// Which attempt comes next, counted from 1 since the link was last stable, of a retry event; 0 for others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_attempt(event: *const steadywire_event) -> u32 {
    let look = |event: &Event<'_>| match event {
        Event::Retry(event) => Some(event.attempt),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(0, || unsafe { view::read(event, look) })
}

/// Milliseconds until the next attempt, of a retry event; -1 for others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_next_delay_ms(event: *const steadywire_event) -> i64 {
    let look = |event: &Event<'_>| match event {
        Event::Retry(event) => Some(i64::try_from(event.next_delay).ok()?),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1, || unsafe { view::read(event, look) })
}

/// Why a subscription ended without an outcome, of a lost event; -1 for others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_lost_reason(event: *const steadywire_event) -> steadywire_lost_reason {
    let look = |event: &Event<'_>| match event {
        Event::Lost(event) => Some(lost_reason(event.reason)),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1, || unsafe { view::read(event, look) })
}

/// The first position that is missing, of a gap event; -1 for others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_gap_from(event: *const steadywire_event) -> i64 {
    let look = |event: &Event<'_>| match event {
        Event::Gap(event) => Some(i64::try_from(event.from).ok()?),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1, || unsafe { view::read(event, look) })
}

/// The last position that is missing, of a gap event; -1 where nobody can know, and for others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_gap_to(event: *const steadywire_event) -> i64 {
    let look = |event: &Event<'_>| match event {
        Event::Gap(event) => Some(i64::try_from(event.to?).ok()?),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(-1, || unsafe { view::read(event, look) })
}

/// How many log lines were dropped, of an overflow event; 0 for others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_overflow_count(event: *const steadywire_event) -> u64 {
    let look = |event: &Event<'_>| match event {
        Event::Overflow(event) => Some(event.count),
        _ => None,
    };
    // SAFETY: passed on.
    boundary::value(0, || unsafe { view::read(event, look) })
}
