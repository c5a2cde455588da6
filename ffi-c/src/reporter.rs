//! The worker's side of a task.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use steadywire::{Error, Pending, Receipt, Reporter};

use crate::boundary;
use crate::callback::{UserData, steadywire_drop_callback};
use crate::calls::wait;
use crate::client::{ClientHandle, steadywire_client, with};
use crate::event::steadywire_level;
use crate::handle;
use crate::message::{level, put_receipt};
use crate::receipt::{steadywire_receipt, steadywire_receipt_callback, when_settled};
use crate::status::steadywire_status;
use crate::text::{EMPTY, Text, check_out, give, put, text};

/// Reports one task: how far it is, what it says, and exactly one end.
///
/// While it lives the link is kept up and brought back without limit. The end, complete or error, is sent again on
/// every new link until the server has acknowledged it. A reporter that is freed without one reports an error with code
/// "abandoned". May be used on any thread and inside callbacks.
pub struct steadywire_reporter {
    _private: [u8; 0],
}

pub(crate) struct ReporterHandle {
    reporter: Reporter,
    task_id: Text,
    client: usize,
}

/// Begins to report a task. Connects, patiently: attempts are unlimited unless the options say otherwise.
///
/// @param task its id, 1 to 1024 bytes
/// @param reporter receives the reporter, to be freed with steadywire_reporter_free()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_report(
    client: *mut steadywire_client,
    task: *const c_char,
    task_length: usize,
    reporter: *mut *mut steadywire_reporter,
) -> steadywire_status {
    with(client, |this| {
        check_out(reporter, "reporter")?;
        // SAFETY: passed on.
        let task = unsafe { text(task, task_length, "task") }?;
        let reporting = this.client.report(task)?;
        let made = ReporterHandle { reporter: reporting, task_id: Text::new(task), client: client as usize };
        let handle = handle::insert(Arc::new(made))?;
        // SAFETY: passed on.
        unsafe { put(reporter, handle as *mut steadywire_reporter) };
        Ok(())
    })
}

/// The task that is reported.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_reporter_task_id(
    reporter: *const steadywire_reporter,
    length: *mut usize,
) -> *const c_char {
    let found = boundary::value(EMPTY, || Some(handle::get::<ReporterHandle>(reporter as usize).ok()?.task_id.get()));
    // SAFETY: passed on.
    unsafe { give(found, length) }
}

/// Reports how far the task is. While there is no link the latest one waits.
///
/// @param progress 0 to 100; what lies outside is taken as 0 or 100, what is no number is refused
/// @param stage the stage it is in, may be empty
/// @param message a text for people, may be empty
/// @return STEADYWIRE_OK; STEADYWIRE_INVALID_STATE after an end; STEADYWIRE_QUEUE_FULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_reporter_progress(
    reporter: *mut steadywire_reporter,
    progress: f64,
    stage: *const c_char,
    stage_length: usize,
    message: *const c_char,
    message_length: usize,
) -> steadywire_status {
    with_reporter(reporter, |this| {
        // SAFETY: passed on.
        let (stage, message) =
            unsafe { (text(stage, stage_length, "stage")?, text(message, message_length, "message")?) };
        this.reporter.progress(progress, stage, message)
    })
}

/// Reports a log line.
///
/// @param level STEADYWIRE_LEVEL_...
/// @return STEADYWIRE_OK; STEADYWIRE_INVALID_STATE after an end; STEADYWIRE_QUEUE_FULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_reporter_log(
    reporter: *mut steadywire_reporter,
    level: steadywire_level,
    line: *const c_char,
    line_length: usize,
) -> steadywire_status {
    with_reporter(reporter, |this| {
        // SAFETY: passed on.
        let line = unsafe { text(line, line_length, "line") }?;
        this.reporter.log(self::level(level)?, line)
    })
}

/// Reports what the task says of itself. A word that stands for an end, such as {"status":"completed"}, is better left
/// to steadywire_reporter_complete().
///
/// @param data any JSON, as text
/// @return STEADYWIRE_OK; STEADYWIRE_INVALID_STATE after an end; STEADYWIRE_QUEUE_FULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_reporter_status(
    reporter: *mut steadywire_reporter,
    data: *const c_char,
    data_length: usize,
) -> steadywire_status {
    with_reporter(reporter, |this| {
        // SAFETY: passed on.
        this.reporter.status(unsafe { text(data, data_length, "data") }?)
    })
}

/// Reports that the task ended well. Where this fails, the reporter goes on.
///
/// @param data any JSON, as text; the empty text is null
/// @param callback NULL, or called with what became of the message
/// @param user_data passed to `callback`; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` when the library no longer needs it
/// @return STEADYWIRE_OK; STEADYWIRE_INVALID_ARGUMENT where it is not JSON; STEADYWIRE_INVALID_STATE after an end;
/// STEADYWIRE_QUEUE_FULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_reporter_complete(
    reporter: *mut steadywire_reporter,
    data: *const c_char,
    data_length: usize,
    callback: steadywire_receipt_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    with_reporter(reporter, |this| {
        // SAFETY: passed on.
        let data = json(unsafe { text(data, data_length, "data") }?);
        this.reporter.complete_then(data, when_settled(callback, user_data))
    })
}

/// As steadywire_reporter_complete(), and waits for what becomes of the message: STEADYWIRE_RECEIPT_ACKED, so the
/// server has it.
///
/// @param timeout_ms how long to wait at most, in milliseconds; STEADYWIRE_FOREVER for as long as it takes
/// @param receipt NULL, or receives the receipt, to be freed with steadywire_receipt_free()
/// @return STEADYWIRE_OK: there is a receipt, of whatever kind; STEADYWIRE_TIMEOUT: not yet, the message is on its way
/// all the same; STEADYWIRE_WOULD_DEADLOCK inside a callback of the client, likewise; others as with
/// steadywire_reporter_complete()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_reporter_complete_wait(
    reporter: *mut steadywire_reporter,
    data: *const c_char,
    data_length: usize,
    timeout_ms: i64,
    receipt: *mut *mut steadywire_receipt,
) -> steadywire_status {
    with_reporter(reporter, |this| {
        // SAFETY: passed on.
        let data = json(unsafe { text(data, data_length, "data") }?);
        let pending = this.reporter.try_complete(data)?;
        // SAFETY: passed on.
        unsafe { put_receipt(receipt, this.wait(pending, timeout_ms)?) }
    })
}

/// Reports that the task failed. Where this fails itself, the reporter goes on.
///
/// @param message what went wrong, a text for people
/// @param code in words of the program's own, may be empty
/// @param callback NULL, or called with what became of the message
/// @param user_data passed to `callback`; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` when the library no longer needs it
/// @return STEADYWIRE_OK; STEADYWIRE_INVALID_STATE after an end; STEADYWIRE_QUEUE_FULL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_reporter_error(
    reporter: *mut steadywire_reporter,
    message: *const c_char,
    message_length: usize,
    code: *const c_char,
    code_length: usize,
    callback: steadywire_receipt_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    with_reporter(reporter, |this| {
        // SAFETY: passed on.
        let (message, code) = unsafe { (text(message, message_length, "message")?, text(code, code_length, "code")?) };
        this.reporter.fail_then(message, code, when_settled(callback, user_data))
    })
}

/// As steadywire_reporter_error(), and waits for what becomes of the message, as steadywire_reporter_complete_wait()
/// does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_reporter_error_wait(
    reporter: *mut steadywire_reporter,
    message: *const c_char,
    message_length: usize,
    code: *const c_char,
    code_length: usize,
    timeout_ms: i64,
    receipt: *mut *mut steadywire_receipt,
) -> steadywire_status {
    with_reporter(reporter, |this| {
        // SAFETY: passed on.
        let (message, code) = unsafe { (text(message, message_length, "message")?, text(code, code_length, "code")?) };
        let pending = this.reporter.try_fail(message, code)?;
        // SAFETY: passed on.
        unsafe { put_receipt(receipt, this.wait(pending, timeout_ms)?) }
    })
}

/// Frees a reporter. Without an end the task is reported as failed, with code "abandoned". Legal on any thread and
/// inside callbacks. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_reporter_free(reporter: *mut steadywire_reporter) {
    boundary::free(|| handle::remove::<ReporterHandle>(reporter as usize).map(drop));
}

impl ReporterHandle {
    fn wait(&self, pending: Pending<Receipt>, timeout_ms: i64) -> Result<Receipt, Error> {
        let client = handle::get::<ClientHandle>(self.client)?;
        wait(&client, self.client as *const steadywire_client, pending, timeout_ms)
    }
}

fn with_reporter(
    reporter: *mut steadywire_reporter,
    body: impl FnOnce(&ReporterHandle) -> Result<(), Error>,
) -> steadywire_status {
    boundary::status(|| body(&*handle::get::<ReporterHandle>(reporter as usize)?))
}

fn json(data: &str) -> &str {
    if data.is_empty() { "null" } else { data }
}
