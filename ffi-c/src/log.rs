//! What operators are told, for the whole process.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use steadywire::Level;
use steadywire::log::set_logger;

use crate::boundary::{self, LogMark};
use crate::callback::{UserData, steadywire_drop_callback};
use crate::event::steadywire_level;
use crate::message::level;
use crate::status::steadywire_status;
use crate::text::Text;

/// Is called with each line for operators: its level, what it is about ("link", "outbox" or "callback"), and the text.
/// The texts are valid during the call and hold no credentials.
///
/// On any thread, also on several at once, and on the one that does the I/O of all clients: it must return quickly, and
/// may call nothing of this library but steadywire_last_error(); other functions do nothing and return
/// STEADYWIRE_WOULD_DEADLOCK.
pub type steadywire_log_callback = Option<
    unsafe extern "C" fn(level: steadywire_level, about: *const c_char, message: *const c_char, user_data: *mut c_void),
>;

/// Passes lines for operators to `callback` from now on, instead of to the one before: links lost and why, attempts and
/// when, what was given up, messages dropped, errors that nobody listens to, callbacks that failed. For the whole
/// process; at first, and in a forked child, nobody is told.
///
/// @param lowest STEADYWIRE_LEVEL_...: lines below are not passed on
/// @param callback NULL for nobody
/// @param user_data passed to each call; from here on the library's, also where this fails
/// @param drop NULL, or called once with `user_data` after the last call: where another callback takes its place,
/// inside that function or on a thread that was in a call
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_set_log(
    lowest: steadywire_level,
    callback: steadywire_log_callback,
    user_data: *mut c_void,
    drop: steadywire_drop_callback,
) -> steadywire_status {
    let user_data = UserData::new(user_data, drop);
    boundary::status(|| {
        let lowest = level(lowest)?;
        let Some(callback) = callback else {
            set_logger(lowest, None);
            return Ok(());
        };
        let logger = move |level: Level, about: &str, message: &str| {
            let (about, message) = (Text::new(about), Text::new(message));
            let _mark = LogMark::set();
            let (about, message) = (about.get().0, message.get().0);
            // SAFETY: the program gave this function for this `user_data`, which is dropped with this closure.
            unsafe { callback(level as steadywire_level, about, message, user_data.pointer()) };
        };
        set_logger(lowest, Some(Arc::new(logger)));
        Ok(())
    })
}
