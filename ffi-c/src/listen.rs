//! Listeners.

use std::ffi::{c_char, c_void};

use steadywire::{Error, ErrorKind, Event, EventKind, ListenerId};

use crate::callback::{UserData, steadywire_drop_callback};
use crate::client::{steadywire_client, with};
use crate::event::{EventView, STEADYWIRE_EVENT_ANY, steadywire_event, steadywire_kind};
use crate::status::steadywire_status;
use crate::text::{put, text};

/// Is called for each event. The event belongs to the library and is valid during the call; see
/// steadywire_event_clone().
pub type steadywire_event_callback =
    Option<unsafe extern "C" fn(event: *const steadywire_event, user_data: *mut c_void)>;

/// Names a listener of a client, to take it off; never 0.
pub type steadywire_listener = u64;

/// Calls `callback` for every event of a kind from now on: one at a time for each client, in order, on a thread of the
/// library or, with STEADYWIRE_DISPATCH_POLL, inside steadywire_client_poll().
///
/// @param kind STEADYWIRE_EVENT_..., STEADYWIRE_EVENT_ANY for all of them
/// @param user_data passed to each call; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` after the last call
/// @param listener NULL, or receives the listener's number, before the first call
/// @return STEADYWIRE_OK, STEADYWIRE_INVALID_ARGUMENT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_on(
    client: *mut steadywire_client,
    kind: steadywire_kind,
    callback: steadywire_event_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
    listener: *mut steadywire_listener,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    // SAFETY: passed on.
    unsafe { listen(client, kind, callback, user_data, false, listener) }
}

/// As steadywire_client_on(), for the next event of the kind only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_once(
    client: *mut steadywire_client,
    kind: steadywire_kind,
    callback: steadywire_event_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
    listener: *mut steadywire_listener,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    // SAFETY: passed on.
    unsafe { listen(client, kind, callback, user_data, true, listener) }
}

/// Takes a listener off: no call of it begins after this. A call that is under way on another thread goes on, and
/// `drop` comes after it; inside its own callback, after that has returned. Where the listener was off already, or was
/// never there, this does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_client_off(
    client: *mut steadywire_client,
    listener: steadywire_listener,
) -> steadywire_status {
    with(client, |this| {
        this.client.off(ListenerId::from_number(listener));
        Ok(())
    })
}

/// Tells that a callback of this client failed, for callbacks that have a way to: it is counted, logged, and told by an
/// error event of source callback behind what waits.
///
/// @param kind of the event whose listener failed, STEADYWIRE_EVENT_ANY for other callbacks; of a listener for errors
/// it is counted and logged only, or it would never end
/// @param message what went wrong, a text for people
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_callback_failed(
    client: *mut steadywire_client,
    kind: steadywire_kind,
    message: *const c_char,
    message_length: usize,
) -> steadywire_status {
    with(client, |this| {
        let kind = if kind == STEADYWIRE_EVENT_ANY { None } else { Some(kind_of(kind)?) };
        // SAFETY: passed on.
        this.client.callback_failed(kind, unsafe { text(message, message_length, "message") }?);
        Ok(())
    })
}

unsafe fn listen(
    client: *mut steadywire_client,
    kind: steadywire_kind,
    callback: steadywire_event_callback,
    user_data: UserData,
    once: bool,
    listener: *mut steadywire_listener,
) -> steadywire_status {
    with(client, |this| {
        let kind = if kind == STEADYWIRE_EVENT_ANY { None } else { Some(kind_of(kind)?) };
        let callback = callback.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "`callback` is NULL"))?;
        let mut view = EventView::new(client as usize);
        let handler = move |event: &Event<'_>| {
            view.show(event, |event| {
                // SAFETY: the program gave this function for this `user_data`, which is dropped with this closure.
                unsafe { callback(event, user_data.pointer()) };
            });
        };
        // Before the first call, which may want to take itself off.
        // SAFETY: passed on.
        this.client.listen(kind, once, |id| unsafe { put(listener, id.number()) }, handler);
        Ok(())
    })
}

fn kind_of(number: steadywire_kind) -> Result<EventKind, Error> {
    let found = EventKind::ALL.iter().copied().find(|kind| *kind as steadywire_kind == number);
    found.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, format!("`kind` has no value {number}")))
}
