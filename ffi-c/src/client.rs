//! The client.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::Duration;

use steadywire::{Client, Error, Pending};

use crate::boundary;
use crate::callback::{UserData, steadywire_drop_callback};
use crate::config::{ConfigHandle, steadywire_config};
use crate::handle;
use crate::status::{STEADYWIRE_OK, steadywire_status};
use crate::text::{Text, check_out, optional, put, text};

/// A connection to one server that restores itself, and the tasks followed and reported over it.
///
/// Every function that takes one may be called on any thread and inside callbacks, in every state of the connection.
/// Functions whose name does not end in _wait begin what they are for and return at once.
pub struct steadywire_client {
    _private: [u8; 0],
}

pub(crate) struct ClientHandle {
    pub(crate) client: Client,
}

/// Is called once with the result of a call: STEADYWIRE_OK and an empty message, or what went wrong and a text for
/// people, which is valid during the call.
pub type steadywire_done_callback =
    Option<unsafe extern "C" fn(status: steadywire_status, message: *const c_char, user_data: *mut c_void)>;

/// The time that has no end, for functions that take milliseconds to wait.
pub const STEADYWIRE_FOREVER: i64 = -1;

/// Makes a client that does nothing yet; no connection is made before a call asks for one.
///
/// @param config its options; copied
/// @param client receives the client, to be freed with steadywire_client_free()
/// @return STEADYWIRE_OK; STEADYWIRE_INVALID_ARGUMENT or STEADYWIRE_INVALID_URL for an option with a value it cannot
/// take, by name; STEADYWIRE_LIMIT_REACHED where no thread can be had
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_new(
    config: *const steadywire_config,
    client: *mut *mut steadywire_client,
) -> steadywire_status {
    boundary::status(|| {
        check_out(client, "client")?;
        let config = handle::get::<ConfigHandle>(config as usize)?.copy();
        let handle = handle::insert(Arc::new(ClientHandle { client: Client::new(config)? }))?;
        // SAFETY: passed on.
        unsafe { put(client, handle as *mut steadywire_client) };
        Ok(())
    })
}

/// Frees a client. Never blocks; legal on any thread and inside callbacks, also of this client. NULL is fine.
///
/// No callback of it starts after this, but one that is under way on another thread goes on: see
/// steadywire_client_close_wait() for the moment from which nothing of it runs. Every `drop` that was given with a
/// callback is called soon, once. In the background the outbox is written, for at most 3 s, and the link closed.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_client_free(client: *mut steadywire_client) {
    boundary::free(|| handle::remove::<ClientHandle>(client as usize).map(drop));
}

/// Connects, or joins a connect that is under way, and subscribes to `task` if it is not NULL. While connected it only
/// subscribes.
///
/// @param done NULL, or called once the link is up (without waiting for the server's answer to the subscription), the
/// attempts are used up, the server has refused for good, or a disconnect came first
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
        wait(this.client.connect(task), timeout_ms)
    })
}

/// Writes the outbox if the link is up (at most 3 s), closes the link, ends what is open: tasks as lost, messages as
/// dropped. A later connect works.
///
/// @param done NULL, or called when everything before it has been delivered; no callback starts after it until the
/// next connect
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

/// As steadywire_client_disconnect(), and waits for the result.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_client_disconnect_wait(
    client: *mut steadywire_client,
    timeout_ms: i64,
) -> steadywire_status {
    with(client, |this| wait(this.client.disconnect(), timeout_ms))
}

/// Wants a task until steadywire_client_unsubscribe(). Does not connect. Repeating it does nothing.
///
/// @param task its id, 1 to 1024 bytes; copied
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

/// Runs an entry that takes a client.
pub(crate) fn with(
    client: *const steadywire_client,
    body: impl FnOnce(&ClientHandle) -> Result<(), Error>,
) -> steadywire_status {
    boundary::status(|| body(&*handle::get::<ClientHandle>(client as usize)?))
}

/// Waits for the answer to a call.
pub(crate) fn wait<T>(mut pending: Pending<T>, timeout_ms: i64) -> Result<T, Error> {
    match u64::try_from(timeout_ms) {
        Ok(timeout) => pending.wait_timeout(Duration::from_millis(timeout)),
        Err(_) => pending.wait(),
    }
}

/// What calls `done` with a result.
pub(crate) fn when_done(
    done: steadywire_done_callback,
    user_data: UserData,
) -> impl FnOnce(Result<(), Error>) + Send + 'static {
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
