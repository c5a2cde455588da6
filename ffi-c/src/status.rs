//! What every call answers with.

use std::ffi::c_char;
use std::sync::LazyLock;

use steadywire::ErrorKind;

use crate::text::Text;

/// What became of a call: STEADYWIRE_OK, or what went wrong. The numbers never change their meaning and are the same in
/// every language of this library; new ones will be added, so treat an unknown one as a failure.
///
/// 100 to 199 usage, 200 to 299 transport, 300 to 399 protocol, 400 to 499 refused by the server, 500 to 599 resource,
/// 900 to 999 internal.
pub type steadywire_status = i32;

/// Done.
pub const STEADYWIRE_OK: steadywire_status = 0;
/// A follow has come to its end. Not an error: steadywire_last_error() is left alone.
pub const STEADYWIRE_END: steadywire_status = 1;
/// An argument or an option has a value it cannot take.
pub const STEADYWIRE_INVALID_ARGUMENT: steadywire_status = 100;
/// There is no option of that name.
pub const STEADYWIRE_UNKNOWN_OPTION: steadywire_status = 101;
/// The URL cannot be used: not a URL, or not `ws://` or `wss://`.
pub const STEADYWIRE_INVALID_URL: steadywire_status = 102;
/// A call that waits was made inside a callback; waiting there would never end.
pub const STEADYWIRE_WOULD_DEADLOCK: steadywire_status = 103;
/// The client has been closed for good.
pub const STEADYWIRE_CLOSED: steadywire_status = 104;
/// The operation is not possible in the current state.
pub const STEADYWIRE_INVALID_STATE: steadywire_status = 105;
/// The client was made in another process, before a fork.
pub const STEADYWIRE_FORKED: steadywire_status = 106;
/// This build cannot do that: a feature or platform is missing.
pub const STEADYWIRE_UNSUPPORTED: steadywire_status = 107;
/// The connection could not be made.
pub const STEADYWIRE_CONNECT_FAILED: steadywire_status = 200;
/// The host name could not be resolved.
pub const STEADYWIRE_DNS_FAILED: steadywire_status = 201;
/// The TLS handshake failed.
pub const STEADYWIRE_TLS_FAILED: steadywire_status = 202;
/// One connection attempt took longer than the connect timeout.
pub const STEADYWIRE_CONNECT_TIMEOUT: steadywire_status = 203;
/// The link broke.
pub const STEADYWIRE_CONNECTION_LOST: steadywire_status = 204;
/// The server gave no sign of life within the heartbeat timeout.
pub const STEADYWIRE_HEARTBEAT_TIMEOUT: steadywire_status = 205;
/// The proxy refused or could not be reached.
pub const STEADYWIRE_PROXY_FAILED: steadywire_status = 206;
/// Every allowed attempt has been made.
pub const STEADYWIRE_ATTEMPTS_EXHAUSTED: steadywire_status = 207;
/// A disconnect ended what was waiting.
pub const STEADYWIRE_DISCONNECTED: steadywire_status = 208;
/// Credentials could not be had.
pub const STEADYWIRE_CREDENTIALS_FAILED: steadywire_status = 209;
/// A frame was not a message of this protocol and was rejected.
pub const STEADYWIRE_INVALID_MESSAGE: steadywire_status = 300;
/// An inbound message was larger than the configured size.
pub const STEADYWIRE_MESSAGE_TOO_LARGE: steadywire_status = 301;
/// The peer broke the WebSocket protocol.
pub const STEADYWIRE_PROTOCOL_VIOLATION: steadywire_status = 302;
/// The server answered the upgrade with something that is not a WebSocket.
pub const STEADYWIRE_HANDSHAKE_FAILED: steadywire_status = 303;
/// The server refused the connection for good.
pub const STEADYWIRE_REFUSED: steadywire_status = 400;
/// The server refused the credentials.
pub const STEADYWIRE_UNAUTHORIZED: steadywire_status = 401;
/// The server refused a message that was sent.
pub const STEADYWIRE_MESSAGE_REFUSED: steadywire_status = 402;
/// A task ended with an error (used where an outcome is turned into an error).
pub const STEADYWIRE_TASK_FAILED: steadywire_status = 403;
/// The server reports trouble of its own, which concerns no followed task and no message of ours.
pub const STEADYWIRE_SERVER_ERROR: steadywire_status = 404;
/// The outbox is full.
pub const STEADYWIRE_QUEUE_FULL: steadywire_status = 500;
/// A message is larger than the outbox may hold.
pub const STEADYWIRE_MESSAGE_TOO_LARGE_TO_QUEUE: steadywire_status = 501;
/// A wait took longer than the time it was given.
pub const STEADYWIRE_TIMEOUT: steadywire_status = 502;
/// A bound on the number of something was reached.
pub const STEADYWIRE_LIMIT_REACHED: steadywire_status = 503;
/// A defect in this library.
pub const STEADYWIRE_INTERNAL: steadywire_status = 900;
/// A callback of the program failed.
pub const STEADYWIRE_CALLBACK_FAILED: steadywire_status = 901;

/// The name of a status, such as "queue_full"; "unknown" for a number that this library does not know. A constant:
/// nothing is to be freed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_status_name(status: steadywire_status) -> *const c_char {
    name(status)
}

/// Whether the same call can succeed later without a change by the program. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn steadywire_status_is_retryable(status: steadywire_status) -> bool {
    ErrorKind::ALL.iter().any(|kind| steadywire_status::from(kind.code()) == status && kind.is_retryable())
}

fn name(status: steadywire_status) -> *const c_char {
    static NAMES: LazyLock<Vec<(steadywire_status, Text)>> = LazyLock::new(|| {
        let named = |kind: &ErrorKind| (steadywire_status::from(kind.code()), Text::new(kind.name()));
        let others = [(STEADYWIRE_OK, Text::new("ok")), (STEADYWIRE_END, Text::new("end"))];
        others.into_iter().chain(ErrorKind::ALL.iter().map(named)).collect()
    });
    let found = NAMES.iter().find(|(number, _)| *number == status);
    found.map_or(c"unknown".as_ptr(), |(_, text)| text.get().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_every_kind_of_error_under_its_number() {
        let source = include_str!("status.rs");
        for kind in ErrorKind::ALL {
            let constant =
                format!("pub const STEADYWIRE_{}: steadywire_status = {};", kind.name().to_uppercase(), kind.code());
            assert!(source.contains(&constant), "{constant} is missing");
        }
    }
}
