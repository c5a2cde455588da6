//! Steadywire.
mod config;
mod error;
pub mod event;
pub mod inbox;
#[cfg(feature = "net")]
pub mod net;
pub mod protocol;
pub mod session;
pub use config::{Config, Conflate, Limit, MAX_DELAY_MS, Overflow, Terminal};
pub use error::{Error, ErrorKind};
