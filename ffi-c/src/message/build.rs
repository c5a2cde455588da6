//! How messages are put together.

use std::ffi::c_char;

use steadywire::Message;

use super::{change, make, steadywire_message};
use crate::event::steadywire_level;
use crate::status::steadywire_status;
use crate::text::text;

/// How far a task is.
///
/// @param task its id, 1 to 1024 bytes
/// @param progress 0 to 100; what lies outside is taken as 0 or 100, what is no number is refused
/// @param message receives the message, to be freed with steadywire_message_free()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_new_progress(
    task: *const c_char,
    task_length: usize,
    progress: f64,
    message: *mut *mut steadywire_message,
) -> steadywire_status {
    // SAFETY: passed on.
    unsafe { make(message, || Ok(Message::progress(text(task, task_length, "task")?, progress))) }
}

/// A log line of a task.
///
/// @param level STEADYWIRE_LEVEL_...
/// @param message receives the message, to be freed with steadywire_message_free()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_new_log(
    task: *const c_char,
    task_length: usize,
    level: steadywire_level,
    line: *const c_char,
    line_length: usize,
    message: *mut *mut steadywire_message,
) -> steadywire_status {
    let of_level = super::level(level);
    // SAFETY: passed on.
    unsafe {
        make(message, || {
            let (task, line) = (text(task, task_length, "task")?, text(line, line_length, "line")?);
            Ok(Message::log(task, of_level?, line))
        })
    }
}

/// What a task says of itself.
///
/// @param data any JSON, as text; arrives as it is
/// @param message receives the message, to be freed with steadywire_message_free()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_new_status(
    task: *const c_char,
    task_length: usize,
    data: *const c_char,
    data_length: usize,
    message: *mut *mut steadywire_message,
) -> steadywire_status {
    // SAFETY: passed on.
    unsafe { make(message, || Message::status(text(task, task_length, "task")?, text(data, data_length, "data")?)) }
}

/// A task ended well.
///
/// @param data any JSON, as text; arrives as it is
/// @param message receives the message, to be freed with steadywire_message_free()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_new_complete(
    task: *const c_char,
    task_length: usize,
    data: *const c_char,
    data_length: usize,
    message: *mut *mut steadywire_message,
) -> steadywire_status {
    // SAFETY: passed on.
    unsafe { make(message, || Message::complete(text(task, task_length, "task")?, text(data, data_length, "data")?)) }
}

/// A task failed.
///
/// @param reason a text for people
/// @param message receives the message, to be freed with steadywire_message_free()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_new_error(
    task: *const c_char,
    task_length: usize,
    reason: *const c_char,
    reason_length: usize,
    message: *mut *mut steadywire_message,
) -> steadywire_status {
    // SAFETY: passed on.
    unsafe {
        make(message, || Ok(Message::error(text(task, task_length, "task")?, text(reason, reason_length, "reason")?)))
    }
}

/// A heartbeat. It is sent now or not at all, never queued.
///
/// @param task may be empty
/// @param message receives the message, to be freed with steadywire_message_free()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_new_heartbeat(
    task: *const c_char,
    task_length: usize,
    message: *mut *mut steadywire_message,
) -> steadywire_status {
    // SAFETY: passed on.
    unsafe { make(message, || Ok(Message::heartbeat(text(task, task_length, "task")?))) }
}

/// A message of a type of the program's own.
///
/// @param type none of the protocol's own types
/// @param message receives the message, to be freed with steadywire_message_free()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_new_other(
    r#type: *const c_char,
    type_length: usize,
    task: *const c_char,
    task_length: usize,
    message: *mut *mut steadywire_message,
) -> steadywire_status {
    // SAFETY: passed on.
    unsafe {
        make(message, || Ok(Message::other(text(r#type, type_length, "type")?, text(task, task_length, "task")?)))
    }
}

/// Sets the stage a task is in, of a progress message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_set_stage(
    message: *mut steadywire_message,
    stage: *const c_char,
    stage_length: usize,
) -> steadywire_status {
    // SAFETY: passed on.
    change(message, |message| Ok(message.stage(unsafe { text(stage, stage_length, "stage") }?)))
}

/// Sets the text for people, of a progress message, a log line or an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_set_text(
    message: *mut steadywire_message,
    text: *const c_char,
    text_length: usize,
) -> steadywire_status {
    // SAFETY: passed on.
    change(message, |message| Ok(message.text(unsafe { crate::text::text(text, text_length, "text") }?)))
}

/// Sets the code of an error, in words of the program's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_set_code(
    message: *mut steadywire_message,
    code: *const c_char,
    code_length: usize,
) -> steadywire_status {
    // SAFETY: passed on.
    change(message, |message| Ok(message.code(unsafe { text(code, code_length, "code") }?)))
}

/// Sets what belongs to a log line: a JSON object, as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_set_metadata(
    message: *mut steadywire_message,
    metadata: *const c_char,
    metadata_length: usize,
) -> steadywire_status {
    // SAFETY: passed on.
    change(message, |message| message.metadata_json(unsafe { text(metadata, metadata_length, "metadata") }?))
}

/// Sets the data of a status, complete or error message or of a type of the program's own: any JSON, as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_message_set_data(
    message: *mut steadywire_message,
    data: *const c_char,
    data_length: usize,
) -> steadywire_status {
    // SAFETY: passed on.
    change(message, |message| message.data_json(unsafe { text(data, data_length, "data") }?))
}

/// Sets the time, in milliseconds since the Unix epoch. Default: the moment of sending.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_message_set_timestamp(
    message: *mut steadywire_message,
    timestamp: i64,
) -> steadywire_status {
    change(message, |message| Ok(message.timestamp(timestamp)))
}

/// Asks the server to acknowledge the message, and sends it again on every new link until it does. Default false.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_message_set_ack(message: *mut steadywire_message, ack: bool) -> steadywire_status {
    change(message, |message| Ok(message.ack(ack)))
}
