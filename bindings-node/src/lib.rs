//! The native half of the npm package `steadywire`; what programs see is in `ts/node`.
//!
//! - `native`: one client, as `steadywire::consumer` gives it
//! - `drain`: writes a batch of events into typed arrays, which JavaScript reads
//! - `names`: texts that come again and again, told once and then by their number
//! - `bell`: how the event loop is woken
//! - `errors`: how a call is refused
//!
//! Nothing crosses the boundary for each event: the bell says that there is something, once, and the event loop comes
//! and drains. Everything here belongs to one environment (the main thread's or a worker's); nothing mutable is static.

mod bell;
mod drain;
mod errors;
mod names;
mod native;

use napi_derive::napi;

/// The numbers that `drain` writes, by name, so that a test can compare them with what TypeScript reads.
#[napi]
pub fn layout() -> String {
    drain::layout().to_string()
}

/// Every kind of error as JSON: `[number, name, whether it may help to try again]`.
#[napi]
pub fn error_kinds() -> String {
    let kind = |kind: &steadywire::ErrorKind| serde_json::json!([kind.code(), kind.name(), kind.is_retryable()]);
    serde_json::Value::Array(steadywire::ErrorKind::ALL.iter().map(kind).collect()).to_string()
}

/// The version of the package that this belongs to.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
