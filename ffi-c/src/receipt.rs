//! What became of a message.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use steadywire::{DropReason, Error, Receipt};

use crate::boundary;
use crate::callback::UserData;
use crate::handle;
use crate::text::{EMPTY, Text, give};

/// What became of a message that was sent: its one final state. One that a callback is given belongs to the library
/// and is valid during the call; one that a function gives is to be freed with steadywire_receipt_free().
pub struct steadywire_receipt {
    _private: [u8; 0],
}

/// The final state of a message. Unknown values will appear in later versions.
pub type steadywire_receipt_kind = i32;
/// The link carried it: a sign of life came after it, or, with heartbeats off, the link lasted for 30 s more. A
/// heartbeat is written at once.
pub const STEADYWIRE_RECEIPT_WRITTEN: steadywire_receipt_kind = 1;
/// The server has taken it.
pub const STEADYWIRE_RECEIPT_ACKED: steadywire_receipt_kind = 2;
/// The server refused it; see steadywire_receipt_message().
pub const STEADYWIRE_RECEIPT_REJECTED: steadywire_receipt_kind = 3;
/// It never left; see steadywire_receipt_drop_reason().
pub const STEADYWIRE_RECEIPT_DROPPED: steadywire_receipt_kind = 4;
/// The link broke before anybody could tell.
pub const STEADYWIRE_RECEIPT_UNKNOWN: steadywire_receipt_kind = 5;

/// Why a message never left. Unknown values will appear in later versions.
pub type steadywire_drop_reason = i32;
/// A newer progress message of its task took its place.
pub const STEADYWIRE_DROPPED_SUPERSEDED: steadywire_drop_reason = 0;
/// The outbox was full.
pub const STEADYWIRE_DROPPED_OVERFLOW: steadywire_drop_reason = 1;
/// A disconnect came first.
pub const STEADYWIRE_DROPPED_DISCONNECTED: steadywire_drop_reason = 2;
/// Every allowed attempt was made.
pub const STEADYWIRE_DROPPED_GIVEN_UP: steadywire_drop_reason = 3;
/// The server refused the client for good.
pub const STEADYWIRE_DROPPED_REFUSED: steadywire_drop_reason = 4;
/// The client was closed.
pub const STEADYWIRE_DROPPED_CLOSED: steadywire_drop_reason = 5;
/// A heartbeat, which is sent now or not at all.
pub const STEADYWIRE_DROPPED_NOT_CONNECTED: steadywire_drop_reason = 6;

/// Is called once with what became of a message. As an event's callback: one at a time, in order with the events. Not
/// called when the client is freed before.
pub type steadywire_receipt_callback =
    Option<unsafe extern "C-unwind" fn(receipt: *const steadywire_receipt, user_data: *mut c_void)>;

pub(crate) struct ReceiptHandle {
    receipt: Receipt,
    message: Text,
}

/// What it is; 0 where it is no receipt.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_receipt_state(receipt: *const steadywire_receipt) -> steadywire_receipt_kind {
    read(receipt, 0, |receipt| {
        Some(match receipt {
            Receipt::Written { .. } => STEADYWIRE_RECEIPT_WRITTEN,
            Receipt::Acked => STEADYWIRE_RECEIPT_ACKED,
            Receipt::Rejected(_) => STEADYWIRE_RECEIPT_REJECTED,
            Receipt::Dropped(_) => STEADYWIRE_RECEIPT_DROPPED,
            Receipt::Unknown => STEADYWIRE_RECEIPT_UNKNOWN,
        })
    })
}

/// Why the message never left; -1 where it did.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_receipt_drop_reason(receipt: *const steadywire_receipt) -> steadywire_drop_reason {
    read(receipt, -1, |receipt| match receipt {
        Receipt::Dropped(reason) => {
            let place = DropReason::ALL.iter().position(|one| one == reason);
            place.and_then(|place| steadywire_drop_reason::try_from(place).ok())
        }
        _ => None,
    })
}

/// Whether an acknowledgement was asked for and the server has none to give.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_receipt_ack_unsupported(receipt: *const steadywire_receipt) -> bool {
    read(receipt, false, |receipt| Some(*receipt == Receipt::Written { ack_unsupported: true }))
}

/// What the server said when it refused the message; empty where it did not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_receipt_message(
    receipt: *const steadywire_receipt,
    length: *mut usize,
) -> *const c_char {
    let found = boundary::value(EMPTY, || Some(handle::get::<ReceiptHandle>(receipt as usize).ok()?.message.get()));
    // SAFETY: passed on.
    unsafe { give(found, length) }
}

/// Frees a receipt. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_receipt_free(receipt: *mut steadywire_receipt) {
    boundary::free(|| handle::remove::<ReceiptHandle>(receipt as usize).map(drop));
}

impl ReceiptHandle {
    pub(crate) fn new(receipt: Receipt) -> Arc<Self> {
        let message = Text::new(if let Receipt::Rejected(message) = &receipt { message } else { "" });
        Arc::new(Self { receipt, message })
    }
}

/// What calls `callback` with a receipt.
pub(crate) fn when_settled(
    callback: steadywire_receipt_callback,
    user_data: UserData,
) -> impl FnOnce(Result<Receipt, Error>) + Send + 'static {
    move |receipt| {
        let Some(callback) = callback else { return };
        let Ok(handle) = handle::insert(ReceiptHandle::new(receipt.unwrap_or(Receipt::Unknown))) else { return };
        // SAFETY: the program gave this function for this `user_data`, which is dropped after the call.
        unsafe { callback(handle as *const steadywire_receipt, user_data.pointer()) };
        let _ = handle::remove::<ReceiptHandle>(handle);
    }
}

fn read<T>(receipt: *const steadywire_receipt, fallback: T, look: impl FnOnce(&Receipt) -> Option<T>) -> T {
    boundary::value(fallback, || look(&handle::get::<ReceiptHandle>(receipt as usize).ok()?.receipt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_the_numbers_of_the_header() {
        let numbers = [
            (STEADYWIRE_DROPPED_SUPERSEDED, DropReason::Superseded),
            (STEADYWIRE_DROPPED_OVERFLOW, DropReason::Overflow),
            (STEADYWIRE_DROPPED_DISCONNECTED, DropReason::Disconnected),
            (STEADYWIRE_DROPPED_GIVEN_UP, DropReason::GivenUp),
            (STEADYWIRE_DROPPED_REFUSED, DropReason::Refused),
            (STEADYWIRE_DROPPED_CLOSED, DropReason::Closed),
            (STEADYWIRE_DROPPED_NOT_CONNECTED, DropReason::NotConnected),
        ];
        assert_eq!(numbers.len(), DropReason::ALL.len());
        for (number, reason) in numbers {
            let handle = handle::insert(ReceiptHandle::new(Receipt::Dropped(reason))).unwrap();
            assert_eq!(steadywire_receipt_drop_reason(handle as *const steadywire_receipt), number);
            steadywire_receipt_free(handle as *mut steadywire_receipt);
        }
    }
}
