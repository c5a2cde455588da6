//! Steadywire.
mod error;
pub mod protocol;
pub use error::{Error, ErrorKind};
