//! What the Rust tests share.
//!
//! - [`vectors`]: the scenarios of tests/vectors, read and written
//! - [`player`]: plays a scenario on a bare session in virtual time
//! - [`e2e`]: the events of a real client, waited for
//! - [`model`]: lives of a bare session and what must hold in each
//! - [`fuzz`]: what the fuzz targets of tests/fuzz do with their bytes

#[cfg(feature = "e2e")]
pub mod e2e;
#[cfg(feature = "model")]
pub mod fuzz;
#[cfg(feature = "model")]
pub mod model;
pub mod player;
pub mod vectors;
