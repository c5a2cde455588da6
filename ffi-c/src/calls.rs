//! What a client can be told to do.

use std::ffi::{c_char, c_void};
use std::time::Duration;

use steadywire::{Error, Pending};

use crate::callback::{UserData, steadywire_drop_callback};
use crate::client::{ClientHandle, steadywire_client, with};
use crate::status::{STEADYWIRE_OK, steadywire_status};
use crate::text::{Text, optional, text};

/// The time that has no end, for functions that take milliseconds to wait.
pub const STEADYWIRE_FOREVER: i64 = -1;

/// Is called once with the result of a call: STEADYWIRE_OK and an empty message, or what went wrong and a text for
/// people, which is valid during the call. As an event's callback: one at a time, in order with the events. Not called
/// when the client is freed before.
pub type steadywire_done_callback =
    Option<unsafe extern "C" fn(status: steadywire_status, message: *const c_char, user_data: *mut c_void)>;

/// Connects, or joins a connect that is under way, and subscribes to `task` if it is not NULL. While connected it only
/// subscribes.
///
/// @param task NULL, or the id of a task, 1 to 1024 bytes
/// @param done NULL, or called once the link is up (without waiting for the server's answer to the subscription), or
/// with STEADYWIRE_ATTEMPTS_EXHAUSTED, STEADYWIRE_REFUSED, STEADYWIRE_UNAUTHORIZED, STEADYWIRE_DISCONNECTED or another
/// reason for which there is none
/// @param user_data passed to `done`; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` when the library no longer needs it
/// @return STEADYWIRE_OK: it has begun
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_connect(
    client: *mut steadywire_client,
    task: *const c_char,
    task_length: usize,
    done: steadywire_done_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    with(client, |this| {
        // SAFETY: passed on.
        let task = unsafe { optional(task, task_length, "task") }?;
        this.client.connect_then(task, when_done(done, user_data))
    })
}

/// As steadywire_client_connect(), and waits for the result.
///
/// @param timeout_ms how long to wait at most, in milliseconds; STEADYWIRE_FOREVER for as long as it takes
/// @return STEADYWIRE_OK: the link is up; STEADYWIRE_TIMEOUT: not yet, the call goes on; STEADYWIRE_WOULD_DEADLOCK
/// inside a callback of this client; else why there is none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_connect_wait(
    client: *mut steadywire_client,
    task: *const c_char,
    task_length: usize,
    timeout_ms: i64,
) -> steadywire_status {
    with(client, |this| {
        // SAFETY: passed on.
        let task = unsafe { optional(task, task_length, "task") }?;
        wait(this, client, this.client.connect(task), timeout_ms)
    })
}

/// Drops the link and dials now; without a link the same as steadywire_client_connect() without a task.
///
/// @param done NULL, or called with the result
/// @param user_data passed to `done`; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` when the library no longer needs it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_reconnect(
    client: *mut steadywire_client,
    done: steadywire_done_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    with(client, |this| this.client.reconnect_then(when_done(done, user_data)))
}

/// As steadywire_client_reconnect(), and waits for the result as steadywire_client_connect_wait() does.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_client_reconnect_wait(
    client: *mut steadywire_client,
    timeout_ms: i64,
) -> steadywire_status {
    with(client, |this| wait(this, client, this.client.reconnect(), timeout_ms))
}

/// Writes the outbox if the link is up (at most 3 s), closes the link, ends what is open: tasks as lost, messages as
/// dropped. A later connect works.
///
/// @param done NULL, or called when everything before it has been delivered; no callback starts after it until the
/// next connect
/// @param user_data passed to `done`; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` when the library no longer needs it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_disconnect(
    client: *mut steadywire_client,
    done: steadywire_done_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    with(client, |this| this.client.disconnect_then(when_done(done, user_data)))
}

/// As steadywire_client_disconnect(), and waits until it is done.
///
/// @return STEADYWIRE_OK; STEADYWIRE_TIMEOUT: not yet, it goes on; STEADYWIRE_WOULD_DEADLOCK inside a callback of this
/// client: it has begun all the same
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_client_disconnect_wait(
    client: *mut steadywire_client,
    timeout_ms: i64,
) -> steadywire_status {
    with(client, |this| wait(this, client, this.client.disconnect(), timeout_ms))
}

/// Waits, by callback, until every message that was sent before has its receipt.
///
/// @param done NULL, or called then
/// @param user_data passed to `done`; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` when the library no longer needs it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_flush(
    client: *mut steadywire_client,
    done: steadywire_done_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    with(client, |this| this.client.flush_then(when_done(done, user_data)))
}

/// Waits until every message that was sent before has its receipt.
///
/// @return STEADYWIRE_OK, STEADYWIRE_TIMEOUT, STEADYWIRE_WOULD_DEADLOCK
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_client_flush_wait(client: *mut steadywire_client, timeout_ms: i64) -> steadywire_status {
    with(client, |this| wait(this, client, this.client.flush(), timeout_ms))
}

/// Wants a task until steadywire_client_unsubscribe(). Does not connect. Repeating it does nothing.
///
/// @param task its id, 1 to 1024 bytes
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_subscribe(
    client: *mut steadywire_client,
    task: *const c_char,
    task_length: usize,
) -> steadywire_status {
    with(client, |this| {
        // SAFETY: passed on.
        this.client.subscribe(unsafe { text(task, task_length, "task") }?)
    })
}

/// No longer wants a task; its follows and waits go on. No event tells of it. Repeating it does nothing.
///
/// @param task its id, 1 to 1024 bytes
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_unsubscribe(
    client: *mut steadywire_client,
    task: *const c_char,
    task_length: usize,
) -> steadywire_status {
    with(client, |this| {
        // SAFETY: passed on.
        this.client.unsubscribe(unsafe { text(task, task_length, "task") }?)
    })
}

/// Waits for the answer to a call.
pub(crate) fn wait<T>(
    this: &ClientHandle,
    client: *const steadywire_client,
    mut pending: Pending<T>,
    timeout_ms: i64,
) -> Result<T, Error> {
    this.waiting(client as usize, || match u64::try_from(timeout_ms) {
        Ok(timeout) => pending.wait_timeout(Duration::from_millis(timeout)),
        Err(_) => pending.wait(),
    })
}

/// What calls `done` with a result.
fn when_done(done: steadywire_done_callback, user_data: UserData) -> impl FnOnce(Result<(), Error>) + Send + 'static {
    move |result| {
        let Some(done) = done else { return };
        let (status, message) = match &result {
            Ok(()) => (STEADYWIRE_OK, ""),
            Err(error) => (steadywire_status::from(error.kind().code()), error.message()),
        };
        let message = Text::new(message);
        // SAFETY: the program gave this function for this `user_data`, which is dropped after the call.
        unsafe { done(status, message.get().0, user_data.pointer()) };
    }
}
