//! Options that are texts.

use std::ffi::c_char;

use serde_json::Value;
use steadywire::{Error, ErrorKind, Terminal};

use super::{set, steadywire_config, unknown};
use crate::status::steadywire_status;
use crate::text::{optional, text};

/// Sets what is sent as "Authorization: Bearer"; NULL, the default, for nothing. It appears in no log and no error.
/// Where it has to be fresh for each attempt, see steadywire_config_set_credentials().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_set_token(
    config: *mut steadywire_config,
    token: *const c_char,
    token_length: usize,
) -> steadywire_status {
    set(config, |config| {
        // SAFETY: passed on.
        config.token = unsafe { optional(token, token_length, "token") }?.map(str::to_owned);
        Ok(())
    })
}

/// Adds a header to the upgrade request. Default none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_add_header(
    config: *mut steadywire_config,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
) -> steadywire_status {
    set(config, |config| {
        // SAFETY: passed on.
        let header = unsafe { (text(name, name_length, "name")?, text(value, value_length, "value")?) };
        config.headers.push((header.0.to_owned(), header.1.to_owned()));
        Ok(())
    })
}

/// Adds a subprotocol to offer, the preferred one first. Default none: a server that is offered one and does not take
/// it is a failed attempt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_add_protocol(
    config: *mut steadywire_config,
    protocol: *const c_char,
    protocol_length: usize,
) -> steadywire_status {
    set(config, |config| {
        // SAFETY: passed on.
        config.protocols.push(unsafe { text(protocol, protocol_length, "protocol") }?.to_owned());
        Ok(())
    })
}

/// A task's outcome in its status words.
pub type steadywire_terminal = i32;
/// The word ends no task.
pub const STEADYWIRE_TERMINAL_NONE: steadywire_terminal = 0;
/// The task ended well.
pub const STEADYWIRE_TERMINAL_COMPLETE: steadywire_terminal = 1;
/// The task ended in an error.
pub const STEADYWIRE_TERMINAL_ERROR: steadywire_terminal = 2;

/// Says what a status word of a task means for it, in any case of its letters, beside or instead of the built-in
/// words: complete, completed, success, succeeded, done and finished end a task well, and error, failed, failure,
/// cancelled, canceled and aborted in an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_set_terminal_status(
    config: *mut steadywire_config,
    word: *const c_char,
    word_length: usize,
    terminal: steadywire_terminal,
) -> steadywire_status {
    set(config, |config| {
        // SAFETY: passed on.
        let word = unsafe { text(word, word_length, "word") }?.to_lowercase();
        let terminal = match terminal {
            STEADYWIRE_TERMINAL_NONE => None,
            STEADYWIRE_TERMINAL_COMPLETE => Some(Terminal::Complete),
            STEADYWIRE_TERMINAL_ERROR => Some(Terminal::Error),
            other => return Err(unknown("terminal", other)),
        };
        config.terminal_status.insert(word, terminal);
        Ok(())
    })
}

/// Sets where tasks go on, as an earlier client exported it with steadywire_client_cursors_json(). Default nowhere:
/// the server then begins with what it has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_set_cursors(
    config: *mut steadywire_config,
    cursors: *const c_char,
    cursors_length: usize,
) -> steadywire_status {
    set(config, |config| {
        // SAFETY: passed on.
        let cursors = unsafe { text(cursors, cursors_length, "cursors") }?;
        config.set("cursors", &json("cursors", cursors)?)
    })
}

/// Sets the option of that name, as it is called in every language ("reconnectInterval", times in milliseconds), to a
/// JSON value: for options that come from a file, and for those without a function of their own. `null` is
/// "unlimited" for a number of tries.
///
/// @return STEADYWIRE_OK, STEADYWIRE_UNKNOWN_OPTION, STEADYWIRE_INVALID_ARGUMENT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn steadywire_config_set_json(
    config: *mut steadywire_config,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
) -> steadywire_status {
    set(config, |config| {
        // SAFETY: passed on.
        let (name, value) = unsafe { (text(name, name_length, "name")?, text(value, value_length, "value")?) };
        config.set(name, &json(name, value)?)
    })
}

/// The value may be a secret: it is not shown.
fn json(name: &str, value: &str) -> Result<Value, Error> {
    serde_json::from_str(value)
        .map_err(|_| Error::new(ErrorKind::InvalidArgument, format!("option `{name}` takes JSON, and this is none")))
}
