//! Callbacks on the program's own thread.

use std::sync::Arc;
use std::time::Duration;

use steadywire::{Error, ErrorKind, Poll};

use crate::client::{steadywire_client, with};
use crate::status::steadywire_status;
use crate::text::{check_out, put};

/// What a client needs whose callbacks run where the program polls.
pub(crate) struct Polling {
    pub(crate) poll: Poll,
    bell: Arc<Bell>,
}

/// What the program's loop waits for.
pub(crate) struct Bell {
    #[cfg(target_os = "linux")]
    event: std::os::fd::OwnedFd,
    #[cfg(all(unix, not(target_os = "linux")))]
    ends: (std::os::unix::net::UnixStream, std::os::unix::net::UnixStream),
}

impl Polling {
    pub(crate) fn new(poll: Poll, bell: Arc<Bell>) -> Self {
        Self { poll, bell }
    }

    /// Makes the descriptor readable exactly if something is due. To be called after callbacks may have run.
    pub(crate) fn settle(&self) {
        // What becomes due after the look rings again.
        self.bell.silence();
        if self.poll.is_due() {
            self.bell.ring();
        }
    }
}

/// Runs the callbacks that are due, of a client with STEADYWIRE_DISPATCH_POLL; where none is, waits for one. About
/// 50 ms of callbacks are run at a time: what is left keeps the descriptor readable.
///
/// One thread at a time. Functions that wait for this client run its callbacks too. Once the client has ended this is
/// STEADYWIRE_CLOSED, also where it waited; a call in which callbacks ran is STEADYWIRE_OK, and the next one is not.
///
/// @param timeout_ms how long to wait at most, in milliseconds; 0 = not at all, STEADYWIRE_FOREVER for as long as it
/// takes
/// @param ran NULL, or receives whether anything was run
/// @return STEADYWIRE_OK, also where nothing was due; STEADYWIRE_INVALID_STATE while another thread polls this client
/// or runs its callbacks in a function that waits, and for a client of another dispatch; STEADYWIRE_WOULD_DEADLOCK
/// inside a callback
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_poll(
    client: *mut steadywire_client,
    timeout_ms: i64,
    ran: *mut bool,
) -> steadywire_status {
    with(client, |this| {
        let polling = this.polling.as_ref().ok_or_else(not_polled)?;
        let time = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
        let did = polling.poll.run(time)?;
        polling.settle();
        // SAFETY: passed on.
        unsafe { put(ran, did) };
        Ok(())
    })
}

/// The descriptor that poll(2), epoll and the like find readable while callbacks are due, of a client with
/// STEADYWIRE_DISPATCH_POLL. It belongs to the library: neither read it nor close it, and take it out of the loop
/// before the client is freed, which closes it. Now and then it is readable although nothing is due.
///
/// @return STEADYWIRE_OK; STEADYWIRE_INVALID_STATE for a client of another dispatch; STEADYWIRE_UNSUPPORTED where the
/// system has none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_fd(client: *mut steadywire_client, fd: *mut i32) -> steadywire_status {
    with(client, |this| {
        check_out(fd, "fd")?;
        let polling = this.polling.as_ref().ok_or_else(not_polled)?;
        let number = polling.bell.number()?;
        // SAFETY: passed on.
        unsafe { put(fd, number) };
        Ok(())
    })
}

fn not_polled() -> Error {
    let text = "the client's callbacks run on the library's threads: its options do not say STEADYWIRE_DISPATCH_POLL";
    Error::new(ErrorKind::InvalidState, text)
}

#[cfg(target_os = "linux")]
impl Bell {
    pub(crate) fn new() -> Result<Self, Error> {
        use rustix::event::{EventfdFlags, eventfd};
        let event =
            eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(|error| no_bell(error.into()))?;
        Ok(Self { event })
    }

    pub(crate) fn ring(&self) {
        // It fails only where it is as loud as can be.
        let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes());
    }

    fn silence(&self) {
        let _ = rustix::io::read(&self.event, &mut [0; 8]);
    }

    fn number(&self) -> Result<i32, Error> {
        use std::os::fd::AsRawFd;
        Ok(self.event.as_raw_fd())
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
impl Bell {
    pub(crate) fn new() -> Result<Self, Error> {
        let ends = std::os::unix::net::UnixStream::pair().map_err(no_bell)?;
        ends.0.set_nonblocking(true).and_then(|()| ends.1.set_nonblocking(true)).map_err(no_bell)?;
        Ok(Self { ends })
    }

    pub(crate) fn ring(&self) {
        // It fails only where it is as loud as can be.
        let _ = std::io::Write::write(&mut &self.ends.0, &[1]);
    }

    fn silence(&self) {
        while std::io::Read::read(&mut &self.ends.1, &mut [0; 64]).is_ok_and(|read| read == 64) {}
    }

    fn number(&self) -> Result<i32, Error> {
        use std::os::fd::AsRawFd;
        Ok(self.ends.1.as_raw_fd())
    }
}

#[cfg(not(unix))]
impl Bell {
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self {})
    }

    pub(crate) fn ring(&self) {}

    fn silence(&self) {}

    fn number(&self) -> Result<i32, Error> {
        Err(Error::new(ErrorKind::Unsupported, "there are no descriptors here; use the timeout of the poll"))
    }
}

#[cfg(unix)]
fn no_bell(error: std::io::Error) -> Error {
    Error::with_cause(ErrorKind::LimitReached, format!("no descriptor could be had to wake a poll: {error}"), error)
}
