//! Options.

mod numbers;
mod texts;
mod tls;

use std::ffi::c_char;
use std::sync::Arc;

pub use numbers::*;
use steadywire::{Config, Conflate, Error, ErrorKind, Overflow};
pub use texts::*;
pub use tls::*;

use crate::ask::Callback;
use crate::boundary;
use crate::classify::ClassifyFunction;
use crate::credentials::CredentialsFunction;
use crate::handle::{self, Shared};
use crate::status::steadywire_status;
use crate::text::{check_out, put, text};

/// Options of a client: made, changed, given to any number of steadywire_client_new(), which copy it, and freed.
/// Every function that takes one may be called on any thread; changes on several threads at once take effect one after
/// the other. It goes on to work in a forked child.
///
/// Setters refuse what they can tell at once (NULL, text that is not UTF-8, an enumeration's unknown number); whether
/// a number is within its bounds is said by steadywire_client_new(), which names the option. 0 is a value, not "the
/// default".
pub struct steadywire_config {
    _private: [u8; 0],
}

pub(crate) struct ConfigHandle {
    pub(crate) state: Shared<ConfigState>,
}

/// Everything that a client is made of.
pub(crate) struct ConfigState {
    pub(crate) config: Config,
    pub(crate) dispatch: steadywire_dispatch,
    pub(crate) credentials: Option<Arc<Callback<CredentialsFunction>>>,
    pub(crate) classify: Option<Arc<Callback<ClassifyFunction>>>,
}

/// Says "as often as it takes" where a number of tries is expected.
pub const STEADYWIRE_UNLIMITED: u32 = u32::MAX;

/// What a full outbox does with a progress message or log line. Unknown values will appear in later versions.
pub type steadywire_overflow = i32;
/// Sending fails with STEADYWIRE_QUEUE_FULL.
pub const STEADYWIRE_OVERFLOW_REJECT: steadywire_overflow = 0;
/// The oldest waiting log line is dropped; its receipt says so.
pub const STEADYWIRE_OVERFLOW_DROP_OLDEST: steadywire_overflow = 1;
/// The new message is dropped; its receipt says so.
pub const STEADYWIRE_OVERFLOW_DROP_NEWEST: steadywire_overflow = 2;

/// When a newer progress event takes the place of one that still waits for its callback.
pub type steadywire_conflate = i32;
/// When the callbacks lag: half of a bound is used, or the oldest event waits for over 100 ms.
pub const STEADYWIRE_CONFLATE_LAG: steadywire_conflate = 0;
/// Never: every progress event is delivered, and a full inbox stops reading from the socket.
pub const STEADYWIRE_CONFLATE_NEVER: steadywire_conflate = 1;

/// Where the callbacks of a client run. Unknown values will appear in later versions.
pub type steadywire_dispatch = i32;
/// On a thread of the library. One at a time for each client; clients do not wait for each other.
pub const STEADYWIRE_DISPATCH_THREAD: steadywire_dispatch = 0;
/// Inside steadywire_client_poll(), on the program's thread: for programs with a loop of their own.
pub const STEADYWIRE_DISPATCH_POLL: steadywire_dispatch = 1;

/// Makes options for the server at `url`, all others at their defaults.
///
/// @param url the server, ws:// or wss://; copied
/// @param config receives the options, to be freed with steadywire_config_free()
/// @return STEADYWIRE_OK, STEADYWIRE_INVALID_ARGUMENT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_new(
    url: *const c_char,
    url_length: usize,
    config: *mut *mut steadywire_config,
) -> steadywire_status {
    boundary::status(|| {
        check_out(config, "config")?;
        // SAFETY: passed on.
        let url = unsafe { text(url, url_length, "url") }?;
        let handle = handle::insert(Arc::new(ConfigHandle::new(url)))?;
        // SAFETY: passed on.
        unsafe { put(config, handle as *mut steadywire_config) };
        Ok(())
    })
}

/// Frees options. Clients made with them are not affected. NULL is fine; what has been freed already is left alone.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_free(config: *mut steadywire_config) {
    boundary::free(|| handle::remove::<ConfigHandle>(config as usize).map(drop));
}

/// Sets the server, ws:// or wss://.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_set_url(
    config: *mut steadywire_config,
    url: *const c_char,
    url_length: usize,
) -> steadywire_status {
    set(config, |config| {
        // SAFETY: passed on.
        config.url = unsafe { text(url, url_length, "url") }?.to_owned();
        Ok(())
    })
}

/// Sets what a full outbox does with a progress message or log line. Default STEADYWIRE_OVERFLOW_REJECT: nothing is
/// lost without the sender hearing of it. status, complete and error are never dropped for it.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_overflow(
    config: *mut steadywire_config,
    overflow: steadywire_overflow,
) -> steadywire_status {
    set(config, |config| {
        config.overflow = match overflow {
            STEADYWIRE_OVERFLOW_REJECT => Overflow::Reject,
            STEADYWIRE_OVERFLOW_DROP_OLDEST => Overflow::DropOldest,
            STEADYWIRE_OVERFLOW_DROP_NEWEST => Overflow::DropNewest,
            other => return Err(unknown("overflow", other)),
        };
        Ok(())
    })
}

/// Sets when newer progress of a task replaces progress that still waits. Default STEADYWIRE_CONFLATE_LAG: a callback
/// that is slow gets the latest.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_conflate(
    config: *mut steadywire_config,
    conflate: steadywire_conflate,
) -> steadywire_status {
    set(config, |config| {
        config.conflate = match conflate {
            STEADYWIRE_CONFLATE_LAG => Conflate::Lag,
            STEADYWIRE_CONFLATE_NEVER => Conflate::Never,
            other => return Err(unknown("conflate", other)),
        };
        Ok(())
    })
}

/// Sets where callbacks run. Default STEADYWIRE_DISPATCH_THREAD.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_config_set_dispatch(
    config: *mut steadywire_config,
    dispatch: steadywire_dispatch,
) -> steadywire_status {
    boundary::status(|| {
        if ![STEADYWIRE_DISPATCH_THREAD, STEADYWIRE_DISPATCH_POLL].contains(&dispatch) {
            return Err(unknown("dispatch", dispatch));
        }
        handle::get::<ConfigHandle>(config as usize)?.state.lock()?.dispatch = dispatch;
        Ok(())
    })
}

/// Changes an option of core's.
pub(crate) fn set(
    config: *mut steadywire_config,
    change: impl FnOnce(&mut Config) -> Result<(), Error>,
) -> steadywire_status {
    boundary::status(|| change(&mut handle::get::<ConfigHandle>(config as usize)?.state.lock()?.config))
}

/// Changes something else. What `change` returns is dropped when no lock is held: it may hold what is the program's.
pub(crate) fn change<T>(
    config: *mut steadywire_config,
    change: impl FnOnce(&mut ConfigState) -> T,
) -> steadywire_status {
    boundary::status(|| {
        let handle = handle::get::<ConfigHandle>(config as usize)?;
        let old = change(&mut *handle.state.lock()?);
        drop(old);
        Ok(())
    })
}

impl ConfigHandle {
    pub(crate) fn new(url: &str) -> Self {
        let state = ConfigState {
            config: Config::new(url),
            dispatch: STEADYWIRE_DISPATCH_THREAD,
            credentials: None,
            classify: None,
        };
        Self { state: Shared::new(state) }
    }
}

pub(crate) fn unknown(what: &str, value: i32) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("`{what}` has no value {value}"))
}
