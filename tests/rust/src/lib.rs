//! What the Rust tests share.
//!
//! - [`vectors`]: the scenarios of tests/vectors, read and written
//! - [`player`]: plays a scenario on a bare session in virtual time

pub mod player;
pub mod vectors;
