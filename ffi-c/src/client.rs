//! Clients: how they are made, what can be read of them, how they end.

mod ends;
mod looks;

use std::sync::{Arc, OnceLock};

pub use ends::*;
pub use looks::*;
use steadywire::{Client, Error};

use crate::ask::{Callback, Place};
use crate::boundary;
use crate::callback::AskedMark;
use crate::classify::{self, ClassifyAsker};
use crate::config::{ConfigHandle, ConfigState, STEADYWIRE_DISPATCH_POLL, steadywire_config};
use crate::credentials::{self, CredentialsAsker};
use crate::handle;
use crate::poll::{Bell, Polling};
use crate::status::steadywire_status;
use crate::text::{check_out, put};

/// A connection to one server that restores itself, and the tasks followed and reported over it.
///
/// Every function that takes one may be called on any thread, in every state of the connection and inside callbacks.
/// Functions that have a twin whose name ends in _wait begin what they are for and return at once; where the result is
/// of interest they take a callback for it. The twins wait, and return STEADYWIRE_WOULD_DEADLOCK inside a callback of
/// the same client, where what they are for has begun all the same. With STEADYWIRE_DISPATCH_POLL they run callbacks
/// while they wait.
pub struct steadywire_client {
    _private: [u8; 0],
}

pub(crate) struct ClientHandle {
    pub(crate) client: Client,
    pub(crate) polling: Option<Polling>,
    pub(crate) credentials: Option<Arc<CredentialsAsker>>,
    pub(crate) classify: Option<Arc<ClassifyAsker>>,
}

/// Makes a client that does nothing yet; no connection is made before a call asks for one.
///
/// @param config its options; copied, but for the callbacks in it, which this client takes
/// @param client receives the client, to be freed with steadywire_client_free()
/// @return STEADYWIRE_OK; STEADYWIRE_INVALID_ARGUMENT or STEADYWIRE_INVALID_URL for an option with a value it cannot
/// take, by name; STEADYWIRE_LIMIT_REACHED where no thread or descriptor can be had
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_client_new(
    config: *const steadywire_config,
    client: *mut *mut steadywire_client,
) -> steadywire_status {
    boundary::status(|| {
        check_out(client, "client")?;
        let config = handle::get::<ConfigHandle>(config as usize)?;
        let made = {
            let mut state = config.state.lock()?;
            let made = ClientHandle::new(&state)?;
            state.credentials = None;
            state.classify = None;
            made
        };
        let made = Arc::new(made);
        let handle = handle::insert(Arc::clone(&made)).inspect_err(|_| made.end())?;
        if let Some(asker) = &made.credentials {
            asker.set_client(handle);
        }
        if let Some(asker) = &made.classify {
            asker.set_client(handle);
        }
        // SAFETY: passed on.
        unsafe { put(client, handle as *mut steadywire_client) };
        Ok(())
    })
}

impl ClientHandle {
    fn new(state: &ConfigState) -> Result<Self, Error> {
        let mut config = state.config.clone();
        let is_polled = state.dispatch == STEADYWIRE_DISPATCH_POLL;
        let place = Arc::new(if is_polled { Place::Poll(OnceLock::new()) } else { Place::Pool });
        let ask =
            |callback: &Arc<Callback<_>>| CredentialsAsker::new(place.clone(), callback.clone(), credentials::call);
        let credentials = state.credentials.as_ref().map(ask);
        config.credentials = credentials.as_ref().map(credentials::provider);
        let ask = |callback: &Arc<Callback<_>>| ClassifyAsker::new(place.clone(), callback.clone(), classify::call);
        let classify = state.classify.as_ref().map(ask);
        config.classify = classify.as_ref().map(classify::provider);
        let Place::Poll(known) = &*place else {
            return Ok(Self { client: Client::new(config)?, polling: None, credentials, classify });
        };
        let bell = Arc::new(Bell::new()?);
        // The descriptor goes with the handle, whatever else still holds the client.
        let weak = Arc::downgrade(&bell);
        let (client, poll) = Client::polled(config, move || {
            if let Some(bell) = weak.upgrade() {
                bell.ring();
            }
        })?;
        let _ = known.set(poll.clone());
        Ok(Self { client, polling: Some(Polling::new(poll, bell)), credentials, classify })
    }

    /// Ends it: nothing of the program's is called any more, and what it gave is dropped.
    pub(crate) fn end(&self) {
        if let Some(asker) = &self.credentials {
            asker.end();
        }
        if let Some(asker) = &self.classify {
            asker.end();
        }
        self.client.end();
    }

    /// Runs `wait`, which may run callbacks where they run on the program's thread.
    pub(crate) fn waiting<T>(&self, handle: usize, wait: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        if AskedMark::is_set(handle) {
            return Err(ends::would_deadlock());
        }
        let result = wait();
        if let Some(polling) = &self.polling {
            polling.settle();
        }
        result
    }
}

/// Runs an entry that takes a client.
pub(crate) fn with(
    client: *const steadywire_client,
    body: impl FnOnce(&ClientHandle) -> Result<(), Error>,
) -> steadywire_status {
    boundary::status(|| body(&*handle::get::<ClientHandle>(client as usize)?))
}
