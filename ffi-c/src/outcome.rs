//! How tasks end.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, OnceLock};

use steadywire::{Error, LostReason, Outcome, OutcomeKind};

use crate::boundary;
use crate::callback::{UserData, steadywire_drop_callback};
use crate::calls::wait;
use crate::client::{steadywire_client, with};
use crate::event::{lost_reason, steadywire_lost_reason};
use crate::handle;
use crate::status::steadywire_status;
use crate::text::{EMPTY, Text, check_out, give, put, text};

/// The end of a task, as a value. One that a callback is given belongs to the library and is valid during the call;
/// one that a function gives is to be freed with steadywire_outcome_free(). It may be read on any thread and works in
/// a forked child.
pub struct steadywire_outcome {
    _private: [u8; 0],
}

/// How a task ended. Unknown values will appear in later versions.
pub type steadywire_ended = i32;
/// It ended well.
pub const STEADYWIRE_ENDED_COMPLETE: steadywire_ended = 1;
/// It failed.
pub const STEADYWIRE_ENDED_ERROR: steadywire_ended = 2;
/// Nobody can say: the subscription ended first.
pub const STEADYWIRE_ENDED_LOST: steadywire_ended = 3;

/// Is called once with how a task ended. As an event's callback: one at a time, in order with the events. Not called
/// when the client is freed before.
pub type steadywire_outcome_callback =
    Option<unsafe extern "C" fn(outcome: *const steadywire_outcome, user_data: *mut c_void)>;

pub(crate) struct OutcomeHandle {
    outcome: Outcome,
    task_id: Text,
    data: Text,
    message: Text,
    code: Text,
    json: OnceLock<Text>,
}

/// Waits, by callback, for how a task ends: `wait` in other languages. Connects and subscribes, patiently: attempts are
/// unlimited unless the options say otherwise. Of the last 1,024 outcomes, one that is known already comes at once.
/// The task is wanted until then.
///
/// @param task its id, 1 to 1024 bytes
/// @param callback called with the outcome
/// @param user_data passed to `callback`; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` when the library no longer needs it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_outcome(
    client: *mut steadywire_client,
    task: *const c_char,
    task_length: usize,
    callback: steadywire_outcome_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    with(client, |this| {
        // SAFETY: passed on.
        let task = unsafe { text(task, task_length, "task") }?;
        this.client.wait_then(task, when_ended(callback, user_data))
    })
}

/// Waits for how a task ends, as steadywire_client_outcome() does; a task that failed is no failure of this.
///
/// @param timeout_ms how long to wait at most, in milliseconds; STEADYWIRE_FOREVER for as long as it takes
/// @param outcome receives the outcome, to be freed with steadywire_outcome_free()
/// @return STEADYWIRE_OK; STEADYWIRE_TIMEOUT: not yet, and the task is no longer wanted by this;
/// STEADYWIRE_WOULD_DEADLOCK inside a callback of this client
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_outcome_wait(
    client: *mut steadywire_client,
    task: *const c_char,
    task_length: usize,
    timeout_ms: i64,
    outcome: *mut *mut steadywire_outcome,
) -> steadywire_status {
    with(client, |this| {
        check_out(outcome, "outcome")?;
        // SAFETY: passed on.
        let task = unsafe { text(task, task_length, "task") }?;
        let ended = wait(this, client, this.client.wait(task)?, timeout_ms)?;
        let handle = handle::insert(OutcomeHandle::new(ended))?;
        // SAFETY: passed on.
        unsafe { put(outcome, handle as *mut steadywire_outcome) };
        Ok(())
    })
}

/// How the task ended; 0 where it is no outcome.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_outcome_kind(outcome: *const steadywire_outcome) -> steadywire_ended {
    read(outcome, 0, |this| {
        Some(match this.outcome.kind {
            OutcomeKind::Complete => STEADYWIRE_ENDED_COMPLETE,
            OutcomeKind::Error => STEADYWIRE_ENDED_ERROR,
            OutcomeKind::Lost => STEADYWIRE_ENDED_LOST,
        })
    })
}

/// The task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_outcome_task_id(
    outcome: *const steadywire_outcome,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: passed on.
    unsafe { give(read(outcome, EMPTY, |this| Some(this.task_id.get())), length) }
}

/// What came with the end, as JSON text; "null" for a lost task.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_outcome_data(
    outcome: *const steadywire_outcome,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: passed on.
    unsafe { give(read(outcome, EMPTY, |this| Some(this.data.get())), length) }
}

/// What went wrong, a text for people; empty for a task that did not fail.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_outcome_message(
    outcome: *const steadywire_outcome,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: passed on.
    unsafe { give(read(outcome, EMPTY, |this| Some(this.message.get())), length) }
}

/// The code of what went wrong, in the task's own words, or empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_outcome_code(
    outcome: *const steadywire_outcome,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: passed on.
    unsafe { give(read(outcome, EMPTY, |this| Some(this.code.get())), length) }
}

/// Why the task was lost; -1 where it was not.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_outcome_lost_reason(outcome: *const steadywire_outcome) -> steadywire_lost_reason {
    read(outcome, -1, |this| this.outcome.reason.map(lost_reason))
}

/// When, in milliseconds since the Unix epoch, by the clock of who said so; -1 where it is no outcome.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_outcome_timestamp(outcome: *const steadywire_outcome) -> i64 {
    read(outcome, -1, |this| Some(this.outcome.timestamp))
}

/// Whether it was made from the task's status because its own last message did not come.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_outcome_synthetic(outcome: *const steadywire_outcome) -> bool {
    read(outcome, false, |this| Some(this.outcome.synthetic))
}

/// The whole outcome as a JSON object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_outcome_to_json(
    outcome: *const steadywire_outcome,
    length: *mut usize,
) -> *const c_char {
    let found = read(outcome, EMPTY, |this| {
        Some(this.json.get_or_init(|| Text::new(&this.outcome.to_json().to_string())).get())
    });
    // SAFETY: passed on.
    unsafe { give(found, length) }
}

/// Keeps an outcome beyond the call of its callback.
///
/// @param copy receives it, to be freed with steadywire_outcome_free()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_outcome_clone(
    outcome: *const steadywire_outcome,
    copy: *mut *mut steadywire_outcome,
) -> steadywire_status {
    boundary::status(|| {
        check_out(copy, "copy")?;
        let kept = OutcomeHandle::new(handle::get::<OutcomeHandle>(outcome as usize)?.outcome.clone());
        let handle = handle::insert(kept)?;
        // SAFETY: passed on.
        unsafe { put(copy, handle as *mut steadywire_outcome) };
        Ok(())
    })
}

/// Frees an outcome. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_outcome_free(outcome: *mut steadywire_outcome) {
    boundary::free(|| handle::remove::<OutcomeHandle>(outcome as usize).map(drop));
}

impl OutcomeHandle {
    fn new(outcome: Outcome) -> Arc<Self> {
        let [task_id, data, message, code] =
            [&outcome.task_id, &outcome.data, &outcome.message, &outcome.code].map(|text| Text::new(text));
        Arc::new(Self { outcome, task_id, data, message, code, json: OnceLock::new() })
    }

    #[cfg(test)]
    pub(crate) fn for_test() -> Arc<Self> {
        Self::new(lost(""))
    }
}

/// What calls `callback` with an outcome.
fn when_ended(
    callback: steadywire_outcome_callback,
    user_data: UserData,
) -> impl FnOnce(Result<Outcome, Error>) + Send + 'static {
    move |outcome| {
        let Some(callback) = callback else { return };
        let outcome = outcome.unwrap_or_else(|error| lost(error.message()));
        let Ok(handle) = handle::insert(OutcomeHandle::new(outcome)) else { return };
        // SAFETY: the program gave this function for this `user_data`, which is dropped after the call.
        unsafe { callback(handle as *const steadywire_outcome, user_data.pointer()) };
        let _ = handle::remove::<OutcomeHandle>(handle);
    }
}

/// What a wait ends with that has no outcome, which only a defect can be the cause of.
fn lost(message: &str) -> Outcome {
    Outcome {
        task_id: String::new(),
        kind: OutcomeKind::Lost,
        data: "null".to_owned(),
        message: message.to_owned(),
        code: String::new(),
        reason: Some(LostReason::Closed),
        timestamp: 0,
        synthetic: false,
    }
}

fn read<T>(outcome: *const steadywire_outcome, fallback: T, look: impl FnOnce(&OutcomeHandle) -> Option<T>) -> T {
    boundary::value(fallback, || look(&*handle::get::<OutcomeHandle>(outcome as usize).ok()?))
}
