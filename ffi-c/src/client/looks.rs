//! What can be read of a client.

use std::cell::RefCell;
use std::ffi::c_char;
use std::thread::LocalKey;

use super::{ClientHandle, steadywire_client};
use crate::boundary;
use crate::event::steadywire_state;
use crate::handle;
use crate::text::{EMPTY, Text, give};

/// The connection's state now; events that tell of it may still be waiting. -1 where it is no client.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_client_state(client: *const steadywire_client) -> steadywire_state {
    boundary::value(-1, || Some(handle::get::<ClientHandle>(client as usize).ok()?.client.state() as steadywire_state))
}

/// The latest connected or subscribed task that is still wanted; empty where there is none.
///
/// The text stays until this thread calls this function again, for whichever client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_current_task(
    client: *const steadywire_client,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: passed on.
    unsafe { look(client, length, &CURRENT_TASK, |this| this.client.current_task_id().unwrap_or_default()) }
}

/// What the client counts, as a JSON object with the names that every language of this library uses; empty where it is
/// no client.
///
/// The text stays until this thread calls this function again, for whichever client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_stats_json(
    client: *const steadywire_client,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: passed on.
    unsafe { look(client, length, &STATS, |this| this.client.stats_json()) }
}

/// How far the messages of each task were seen, as JSON, to be given to a later client with
/// steadywire_config_set_cursors(), which then goes on where this one was; empty where it is no client.
///
/// The text stays until this thread calls this function again, for whichever client.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_cursors_json(
    client: *const steadywire_client,
    length: *mut usize,
) -> *const c_char {
    // SAFETY: passed on.
    unsafe { look(client, length, &CURSORS, |this| this.client.cursors().to_string()) }
}

thread_local! {
    static CURRENT_TASK: RefCell<Option<Text>> = const { RefCell::new(None) };
    static STATS: RefCell<Option<Text>> = const { RefCell::new(None) };
    static CURSORS: RefCell<Option<Text>> = const { RefCell::new(None) };
}

unsafe fn look(
    client: *const steadywire_client,
    length: *mut usize,
    place: &'static LocalKey<RefCell<Option<Text>>>,
    look: impl FnOnce(&ClientHandle) -> String,
) -> *const c_char {
    let found = boundary::value(EMPTY, || {
        let text = Text::new(&look(&*handle::get::<ClientHandle>(client as usize).ok()?));
        place.try_with(|place| place.borrow_mut().insert(text).get()).ok()
    });
    // SAFETY: passed on.
    unsafe { give(found, length) }
}
