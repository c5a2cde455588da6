//! The texts of events.

use std::ffi::c_char;

use steadywire::Event;

use super::steadywire_event;
use super::view::{self, Field};
use crate::boundary;
use crate::text::{EMPTY, give};

macro_rules! text {
    ($event:ident, $length:ident, $field:ident, |$shown:ident| $find:expr) => {{
        // SAFETY: passed on.
        let found = boundary::value(EMPTY, || unsafe { view::read_text($event, Field::$field, |$shown| $find) });
        // SAFETY: passed on.
        unsafe { give(found, $length) }
    }};
}

/// The task the event concerns; empty where it concerns none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_task_id(event: *const steadywire_event, length: *mut usize) -> *const c_char {
    text!(event, length, TaskId, |event| event.task_id())
}

/// The stage a task is in, of a progress event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_stage(event: *const steadywire_event, length: *mut usize) -> *const c_char {
    text!(event, length, Word, |event| match event {
        Event::Progress(event) => Some(&event.stage),
        _ => None,
    })
}

/// The text for people, of a progress, log or error event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_message(event: *const steadywire_event, length: *mut usize) -> *const c_char {
    text!(event, length, Message, |event| match event {
        Event::Progress(event) => Some(&event.message),
        Event::Log(event) => Some(&event.message),
        Event::Error(event) => Some(&event.message),
        _ => None,
    })
}

/// Why, for people and logs: of a state change, a disconnected and a retry event (there, what made it necessary), and
/// of a lost event as a word, see steadywire_event_lost_reason().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_reason(event: *const steadywire_event, length: *mut usize) -> *const c_char {
    text!(event, length, Message, |event| match event {
        Event::StateChange(event) => Some(&event.reason),
        Event::Disconnected(event) => Some(&event.reason),
        Event::Retry(event) => Some(&event.cause),
        Event::Lost(event) => Some(event.reason.name()),
        _ => None,
    })
}

/// The code of an error event: a task's own, or where the library made the event the name of a status, as of
/// steadywire_event_error().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_code(event: *const steadywire_event, length: *mut usize) -> *const c_char {
    text!(event, length, Word, |event| match event {
        Event::Error(event) => Some(&event.code),
        _ => None,
    })
}

/// What came with a status, complete or error event: any JSON, as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_data(event: *const steadywire_event, length: *mut usize) -> *const c_char {
    text!(event, length, Data, |event| match event {
        Event::Status(event) => Some(&event.data),
        Event::Complete(event) => Some(&event.data),
        Event::Error(event) => event.data.as_deref(),
        _ => None,
    })
}

/// What belongs to a log line: a JSON object, as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_metadata(
    event: *const steadywire_event,
    length: *mut usize,
) -> *const c_char {
    text!(event, length, Data, |event| match event {
        Event::Log(event) => event.metadata.as_deref(),
        _ => None,
    })
}

/// The type of a message event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_type(event: *const steadywire_event, length: *mut usize) -> *const c_char {
    text!(event, length, Word, |event| match event {
        Event::Message(event) => Some(&event.kind),
        _ => None,
    })
}

/// The whole frame of a message event, as it came.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_raw(event: *const steadywire_event, length: *mut usize) -> *const c_char {
    text!(event, length, Data, |event| match event {
        Event::Message(event) => Some(&event.raw),
        _ => None,
    })
}

/// The run of a task's history in which messages are missing, of a gap event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_epoch(event: *const steadywire_event, length: *mut usize) -> *const c_char {
    text!(event, length, Word, |event| match event {
        Event::Gap(event) => Some(&event.epoch),
        _ => None,
    })
}

/// The whole event as a JSON object, in the shape that every language of this library logs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_event_to_json(event: *const steadywire_event, length: *mut usize) -> *const c_char {
    // SAFETY: passed on.
    let found = boundary::value(EMPTY, || unsafe { view::read_json(event) });
    // SAFETY: passed on.
    unsafe { give(found, length) }
}
