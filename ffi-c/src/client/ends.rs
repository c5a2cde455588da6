//! How clients end.

use std::time::{Duration, Instant};

use steadywire::{Error, ErrorKind};

use super::{ClientHandle, steadywire_client, with};
use crate::boundary;
use crate::callback::AskedMark;
use crate::handle;
use crate::status::steadywire_status;

/// Frees a client, with the listeners that it has. Never blocks; legal on any thread, in every state and inside
/// callbacks, also its own. NULL is fine; what has been freed already is left alone.
///
/// No callback of it starts after this, but one that is under way on another thread goes on: free what it uses in
/// `drop`, or call steadywire_client_close_wait() before. Each `drop` that was given with a callback is called once,
/// after the last call: on a thread of the library and soon; with STEADYWIRE_DISPATCH_POLL inside this function, or
/// where a callback of this client is under way, after that, on its thread.
///
/// In the background the outbox is written, for at most 3 s, and the link is closed. Functions that wait for this
/// client on other threads return STEADYWIRE_CLOSED. Its follows and reporters stay to be freed: follows end with a
/// lost event, reporters answer STEADYWIRE_CLOSED.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_client_free(client: *mut steadywire_client) {
    boundary::free(|| {
        handle::remove::<ClientHandle>(client as usize)?.end();
        Ok(())
    });
}

/// Ends a client as steadywire_client_free() does, and waits until nothing of it is left: no callback runs, every
/// `drop` has returned, the outbox is written as far as can be in 3 s, and the link is closed. The handle stays to be
/// freed; all that can be done with it else is to wait again.
///
/// No receipt and no lost event is told any more: where they matter, call steadywire_client_disconnect_wait() before.
///
/// @param timeout_ms how long to wait at most, in milliseconds; STEADYWIRE_FOREVER for as long as it takes
/// @return STEADYWIRE_OK; STEADYWIRE_TIMEOUT: not yet, it goes on to end; STEADYWIRE_WOULD_DEADLOCK inside a callback
/// of this client, and nothing has happened
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_client_close_wait(client: *mut steadywire_client, timeout_ms: i64) -> steadywire_status {
    with(client, |this| {
        if AskedMark::is_set(client as usize) {
            return Err(would_deadlock());
        }
        let deadline = u64::try_from(timeout_ms).ok().map(|time| Instant::now() + Duration::from_millis(time));
        let left = || deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        // First what may refuse.
        let ended = this.client.end_wait(Some(Duration::ZERO));
        if ended.as_ref().is_err_and(|error| error.kind() != ErrorKind::Timeout) {
            return ended;
        }
        this.end();
        let asked = this.credentials.as_ref().is_none_or(|asker| asker.wait(left()))
            && this.classify.as_ref().is_none_or(|asker| asker.wait(left()));
        if !asked {
            return Err(Error::new(ErrorKind::Timeout, "a function that was asked has not returned in time"));
        }
        this.client.end_wait(left())
    })
}

pub(crate) fn would_deadlock() -> Error {
    let text = "waiting inside a function that this client asks would never end, because what is waited for needs the \
                answer; wait on another thread, or do not wait";
    Error::new(ErrorKind::WouldDeadlock, text)
}
