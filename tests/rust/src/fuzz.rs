//! What the fuzz targets of tests/fuzz do with their bytes. It stands here so that `cargo test` plays the committed
//! corpora without a fuzzer.
//!
//! - [`protocol`]: the pull parser against the reference, and what was read written and read again
//! - [`session`]: bytes as a life of the model, with all its invariants

mod bytes;
mod frames;
mod life;
mod protocol;

pub use life::session;
pub use protocol::protocol;
