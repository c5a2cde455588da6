//! Wakes the event loop of one environment.

use std::sync::Arc;

use napi::bindgen_prelude::{Function, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, sys};

/// One call may wait at a time: it says nothing but that there is something, so one is as good as many.
const WAITING: usize = 1;

type Wake = ThreadsafeFunction<(), Unknown<'static>, (), Status, false, true, WAITING>;

/// Rung by any thread; calls a function on the thread of its environment, without arguments.
///
/// Once the environment is gone, ringing does nothing: napi marks the function as aborted before it goes.
pub(crate) struct Bell(Wake);

impl Bell {
    /// Does not hold the environment's event loop until [`hold`](Self::hold).
    pub(crate) fn new(wake: &Function<'_, (), Unknown<'static>>) -> napi::Result<Arc<Self>> {
        let wake = wake.build_threadsafe_function::<()>();
        let wake = wake.callee_handled::<false>().weak::<true>().max_queue_size::<WAITING>().build()?;
        Ok(Arc::new(Self(wake)))
    }

    /// Wakes the event loop, unless it is about to wake anyway. Never blocks.
    pub(crate) fn ring(&self) {
        // A full queue: a call waits already. Closing: nobody is there to be woken.
        let _ = self.0.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }

    /// Whether the event loop, and with it the process, goes on while there is nothing else to do. To be called on
    /// the thread of the environment.
    pub(crate) fn hold(&self, env: Env, on: bool) {
        if self.0.aborted() {
            return;
        }
        // SAFETY: this is the thread of the environment that made the function, and the function is not aborted:
        // only this thread aborts it.
        #[allow(unsafe_code, reason = "napi's own wrapper is deprecated")]
        let _ = unsafe {
            match on {
                true => sys::napi_ref_threadsafe_function(env.raw(), self.0.raw()),
                false => sys::napi_unref_threadsafe_function(env.raw(), self.0.raw()),
            }
        };
    }
}
