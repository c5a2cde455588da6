//! Steadywire.
mod config;
mod error;
pub mod event;
pub mod protocol;
pub mod session;
pub use config::{Config, Conflate, Limit, MAX_DELAY_MS, Overflow, Terminal};
pub use error::{Error, ErrorKind};
