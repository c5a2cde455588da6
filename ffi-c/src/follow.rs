//! The events of one task, one after the other.

use std::ffi::c_char;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use steadywire::{Error, ErrorKind, Follow};

use crate::boundary;
use crate::client::{ClientHandle, steadywire_client, with};
use crate::event::{KeptEvent, steadywire_event};
use crate::handle;
use crate::status::{STEADYWIRE_END, STEADYWIRE_OK, steadywire_status};
use crate::text::{EMPTY, Text, check_out, give, put, text};

/// The events of one task in order, ending after its outcome: a complete event, an error event of source task, or a
/// lost event.
///
/// While it lives the task is wanted. It has a queue of its own, of 10,000 events and 16 MiB, so that one that nobody
/// reads stalls nobody: above half of that the latest progress replaces the one that waits, at the bound the oldest log
/// lines go, and an overflow event says how many. The outcome always arrives.
pub struct steadywire_follow {
    _private: [u8; 0],
}

pub(crate) struct FollowHandle {
    follow: Mutex<Reading>,
    task_id: Text,
    client: usize,
    stop: Box<dyn Fn() + Send + Sync>,
}

struct Reading {
    follow: Follow,
    /// The handle of the event that was given last.
    event: Option<usize>,
}

/// Begins to follow a task. Connects and subscribes, patiently: attempts are unlimited unless the options say
/// otherwise. Of the last 1,024 outcomes, one that is known already comes at once.
///
/// @param task its id, 1 to 1024 bytes
/// @param follow receives the follow, to be freed with steadywire_follow_free()
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_follow(
    client: *mut steadywire_client,
    task: *const c_char,
    task_length: usize,
    follow: *mut *mut steadywire_follow,
) -> steadywire_status {
    with(client, |this| {
        check_out(follow, "follow")?;
        // SAFETY: passed on.
        let task = unsafe { text(task, task_length, "task") }?;
        let following = this.client.follow(task)?;
        let stop = Box::new(following.stopper());
        let reading = Mutex::new(Reading { follow: following, event: None });
        let made = FollowHandle { follow: reading, task_id: Text::new(task), client: client as usize, stop };
        let handle = handle::insert(Arc::new(made))?;
        // SAFETY: passed on.
        unsafe { put(follow, handle as *mut steadywire_follow) };
        Ok(())
    })
}

/// Waits for the next event of a follow.
///
/// @param timeout_ms how long to wait at most, in milliseconds; 0 = not at all, STEADYWIRE_FOREVER for as long as it
/// takes
/// @param event receives the event, which is valid until the next call for this follow, and until its end
/// @return STEADYWIRE_OK; STEADYWIRE_END after the outcome, and where the follow is freed meanwhile;
/// STEADYWIRE_TIMEOUT; STEADYWIRE_WOULD_DEADLOCK inside a callback of the client, unless an event waits already;
/// STEADYWIRE_INVALID_STATE while another thread is in this function for the same follow. None of them loses an event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_follow_next(
    follow: *mut steadywire_follow,
    timeout_ms: i64,
    event: *mut *const steadywire_event,
) -> steadywire_status {
    boundary::with_status(|| {
        check_out(event, "event")?;
        let this = handle::get::<FollowHandle>(follow as usize)?;
        let mut reading = match this.follow.try_lock() {
            Ok(reading) => reading,
            Err(TryLockError::Poisoned(reading)) => reading.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(in_use()),
        };
        reading.forget();
        let Some(found) = this.next(&mut reading.follow, timeout_ms)? else { return Ok(STEADYWIRE_END) };
        let handle = handle::insert(Arc::new(KeptEvent::new(found, this.client)))?;
        reading.event = Some(handle);
        // SAFETY: passed on.
        unsafe { put(event, handle as *const steadywire_event) };
        Ok(STEADYWIRE_OK)
    })
}

/// The task that is followed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_follow_task_id(
    follow: *const steadywire_follow,
    length: *mut usize,
) -> *const c_char {
    let found = boundary::value(EMPTY, || Some(handle::get::<FollowHandle>(follow as usize).ok()?.task_id.get()));
    // SAFETY: passed on.
    unsafe { give(found, length) }
}

/// Frees a follow: the task is no longer wanted by it. Legal on any thread and inside callbacks; a thread that waits
/// for its next event gets STEADYWIRE_END. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_follow_free(follow: *mut steadywire_follow) {
    boundary::free(|| {
        let this = handle::remove::<FollowHandle>(follow as usize)?;
        (this.stop)();
        Ok(())
    });
}

impl FollowHandle {
    fn next(&self, follow: &mut Follow, timeout_ms: i64) -> Result<Option<steadywire::Event<'static>>, Error> {
        /// Without an end, one who waits looks up this often.
        const LONG: Duration = Duration::from_secs(3600);
        let mut wait = || match u64::try_from(timeout_ms) {
            Ok(time) => follow.next_timeout(Duration::from_millis(time)),
            Err(_) => loop {
                match follow.next_timeout(LONG) {
                    Err(error) if error.kind() == ErrorKind::Timeout => {}
                    other => break other,
                }
            },
        };
        match handle::get::<ClientHandle>(self.client) {
            Ok(client) => client.waiting(self.client, wait),
            // The client has been freed: what is there can still be read.
            Err(_) => wait(),
        }
    }
}

impl Reading {
    /// The event that was given last is over.
    fn forget(&mut self) {
        if let Some(handle) = self.event.take() {
            // The program may have freed it itself.
            let _ = handle::remove::<KeptEvent>(handle);
        }
    }
}

impl Drop for FollowHandle {
    fn drop(&mut self) {
        self.follow.get_mut().unwrap_or_else(PoisonError::into_inner).forget();
    }
}

fn in_use() -> Error {
    Error::new(ErrorKind::InvalidState, "another thread waits for the next event of this follow")
}
