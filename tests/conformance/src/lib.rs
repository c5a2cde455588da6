//! Plays the e2e vectors in every language against the scripted server and compares what each saw.
//!
//! - [`Scenario`], [`all`]: the vectors
//! - [`Driver`]: the small program of a language that does what it is told
//! - [`play`]: one scenario in one language; gives its [`Log`]
//! - [`Matrix`]: all scenarios in all languages, and where they differ

mod driver;
mod log;
mod matrix;
mod play;
mod scenario;

pub use driver::{Driver, Said};
pub use log::{Call, Log, difference, without_the_platforms_words};
pub use matrix::{Language, Matrix, Outcome};
pub use play::play;
pub use scenario::{KEYS, Platform, Scenario, WEB_KEYS, all};
