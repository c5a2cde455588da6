//! Messages to be sent.

mod build;

use std::ffi::c_void;
use std::sync::Arc;

pub use build::*;
use steadywire::{Error, ErrorKind, Level, Message};

use crate::boundary;
use crate::callback::{UserData, steadywire_drop_callback};
use crate::calls::wait;
use crate::client::{steadywire_client, with};
use crate::event::steadywire_level;
use crate::handle::{self, Shared};
use crate::receipt::{ReceiptHandle, steadywire_receipt, steadywire_receipt_callback, when_settled};
use crate::status::steadywire_status;
use crate::text::{check_out, put};

/// A message to be sent: made for one type, given more with the functions below, sent any number of times over any
/// client, and freed. Reporters send the messages of a worker's own task in one call each.
pub struct steadywire_message {
    _private: [u8; 0],
}

pub(crate) struct MessageHandle {
    message: Shared<Message>,
}

/// Sends a message, now or as soon as there is a link; copies it.
///
/// @param callback NULL, or called with what became of it
/// @param user_data passed to `callback`; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` when the library no longer needs it
/// @return STEADYWIRE_OK; STEADYWIRE_QUEUE_FULL where the outbox has no room for it, and it has not been taken
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_send(
    client: *mut steadywire_client,
    message: *const steadywire_message,
    callback: steadywire_receipt_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    with(client, |this| {
        let message = copy(message)?;
        if callback.is_some() {
            this.client.send_then(message, when_settled(callback, user_data))
        } else {
            this.client.post(message)
        }
    })
}

/// As steadywire_client_send(), and waits for what becomes of the message.
///
/// @param timeout_ms how long to wait at most, in milliseconds; STEADYWIRE_FOREVER for as long as it takes
/// @param receipt NULL, or receives the receipt, to be freed with steadywire_receipt_free()
/// @return STEADYWIRE_OK: there is a receipt, of whatever kind; STEADYWIRE_TIMEOUT: not yet, the message is on its way
/// all the same; STEADYWIRE_WOULD_DEADLOCK inside a callback of this client, likewise; STEADYWIRE_QUEUE_FULL and
/// others: it has not been taken
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_send_wait(
    client: *mut steadywire_client,
    message: *const steadywire_message,
    timeout_ms: i64,
    receipt: *mut *mut steadywire_receipt,
) -> steadywire_status {
    with(client, |this| {
        let settled = wait(this, client, this.client.send(copy(message)?)?, timeout_ms)?;
        // SAFETY: passed on.
        unsafe { put_receipt(receipt, settled) }
    })
}

/// Writes a receipt out, if it is wanted.
///
/// # Safety
/// `out` is NULL or may be written.
pub(crate) unsafe fn put_receipt(out: *mut *mut steadywire_receipt, receipt: steadywire::Receipt) -> Result<(), Error> {
    if !out.is_null() {
        let handle = handle::insert(ReceiptHandle::new(receipt))?;
        // SAFETY: passed on.
        unsafe { put(out, handle as *mut steadywire_receipt) };
    }
    Ok(())
}

/// Frees a message. NULL is fine; what has been freed already is left alone.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_message_free(message: *mut steadywire_message) {
    boundary::free(|| handle::remove::<MessageHandle>(message as usize).map(drop));
}

pub(crate) fn level(number: steadywire_level) -> Result<Level, Error> {
    let levels = [Level::Debug, Level::Info, Level::Warn, Level::Error];
    let found = usize::try_from(number).ok().and_then(|place| levels.get(place));
    found.copied().ok_or_else(|| Error::new(ErrorKind::InvalidArgument, format!("`level` has no value {number}")))
}

fn copy(message: *const steadywire_message) -> Result<Message, Error> {
    Ok(handle::get::<MessageHandle>(message as usize)?.message.lock()?.clone())
}

/// Makes a handle of a message that is sound.
unsafe fn make(
    out: *mut *mut steadywire_message,
    message: impl FnOnce() -> Result<Message, Error>,
) -> steadywire_status {
    boundary::status(|| {
        check_out(out, "message")?;
        let message = message()?;
        message.check()?;
        let handle = handle::insert(Arc::new(MessageHandle { message: Shared::new(message) }))?;
        // SAFETY: passed on.
        unsafe { put(out, handle as *mut steadywire_message) };
        Ok(())
    })
}

/// Changes a message, if it is sound then.
fn change(
    message: *mut steadywire_message,
    change: impl FnOnce(Message) -> Result<Message, Error>,
) -> steadywire_status {
    boundary::status(|| {
        let handle = handle::get::<MessageHandle>(message as usize)?;
        let mut place = handle.message.lock()?;
        let changed = change(place.clone())?;
        changed.check()?;
        *place = changed;
        Ok(())
    })
}
