//! Events, as C reads them.

mod numbers;
mod texts;
mod view;

pub use numbers::*;
pub use texts::*;
pub(crate) use view::{EventView, KeptEvent};

use crate::boundary;
use crate::handle;
use crate::status::steadywire_status;
use crate::text::{check_out, put};

/// One event.
///
/// It belongs to the library: what a callback is given is valid during the call and on its thread, what
/// steadywire_follow_next() gives until the next call for that follow. steadywire_event_clone() keeps one. Texts belong
/// to their event.
///
/// Every function below may be asked of every event: what an event does not have is an empty text, -1, 0 or false, as
/// each says. Texts end with a NUL and may hold others; `length`, which may be NULL, receives the length without it.
pub struct steadywire_event {
    _private: [u8; 0],
}

/// What kind of event it is. Unknown values will appear in later versions; leave them alone.
pub type steadywire_kind = i32;
/// Of all kinds: for steadywire_client_on().
pub const STEADYWIRE_EVENT_ANY: steadywire_kind = 0;
/// How far a task is: task_id, stage, progress, message, timestamp.
pub const STEADYWIRE_EVENT_PROGRESS: steadywire_kind = 1;
/// A log line of a task: task_id, level, message, metadata, timestamp.
pub const STEADYWIRE_EVENT_LOG: steadywire_kind = 2;
/// What a task says of itself: task_id, data, timestamp.
pub const STEADYWIRE_EVENT_STATUS: steadywire_kind = 3;
/// A task failed, or the link, or a message, or a callback: source, code, error, message, task_id, data, fatal,
/// synthetic, timestamp.
pub const STEADYWIRE_EVENT_ERROR: steadywire_kind = 4;
/// A task ended well: task_id, data, synthetic, timestamp.
pub const STEADYWIRE_EVENT_COMPLETE: steadywire_kind = 5;
/// A heartbeat of the server: task_id, timestamp.
pub const STEADYWIRE_EVENT_HEARTBEAT: steadywire_kind = 6;
/// A message of a type that the protocol does not know: type, task_id, raw.
pub const STEADYWIRE_EVENT_MESSAGE: steadywire_kind = 7;
/// The state of the connection changed: state, previous, reason, generation, close_code, http_status, will_retry.
pub const STEADYWIRE_EVENT_STATE_CHANGE: steadywire_kind = 8;
/// An attempt failed or a link was lost, and the next attempt is set: attempt, next_delay_ms, reason.
pub const STEADYWIRE_EVENT_RETRY: steadywire_kind = 9;
/// A link is up: generation.
pub const STEADYWIRE_EVENT_CONNECTED: steadywire_kind = 10;
/// A link that was up is gone: generation, close_code, reason.
pub const STEADYWIRE_EVENT_DISCONNECTED: steadywire_kind = 11;
/// A subscription ended without an outcome: task_id, lost_reason, reason.
pub const STEADYWIRE_EVENT_LOST: steadywire_kind = 12;
/// Messages of a task are known to be missing: task_id, gap_from, gap_to, epoch.
pub const STEADYWIRE_EVENT_GAP: steadywire_kind = 13;
/// Log lines were dropped because the callbacks were too slow: overflow_count.
pub const STEADYWIRE_EVENT_OVERFLOW: steadywire_kind = 14;

/// Keeps an event beyond its call. One that was kept before is not copied again.
///
/// @param copy receives the copy, to be freed with steadywire_event_free(); it may be read on any thread, does not
/// keep the client alive and works in a forked child
/// @return STEADYWIRE_OK; STEADYWIRE_INVALID_ARGUMENT; STEADYWIRE_LIMIT_REACHED where there are too many handles
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_clone(
    event: *const steadywire_event,
    copy: *mut *mut steadywire_event,
) -> steadywire_status {
    boundary::status(|| {
        check_out(copy, "copy")?;
        // SAFETY: passed on.
        let kept = unsafe { view::keep(event) }?;
        let handle = handle::insert(kept)?;
        // SAFETY: passed on.
        unsafe { put(copy, handle as *mut steadywire_event) };
        Ok(())
    })
}

/// Frees an event that was kept with steadywire_event_clone(). NULL is fine; an event that belongs to the library is
/// left alone.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_event_free(event: *mut steadywire_event) {
    boundary::free(|| handle::remove::<KeptEvent>(event as usize).map(drop));
}
