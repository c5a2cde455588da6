//! The seeded simulator: sessions, a model server and a network that lies, in virtual time.
//!
//! A seed decides everything; the same seed is the same run. `make sim SEED=n` plays one, `make sim` many.
//!
//! - [`plan`]: what a seed decides beforehand; [`chaos`]: what goes wrong on the way, and the count of it
//! - [`world`]: the run itself, on one virtual clock
//! - [`server`]: the model server, which is the truth; [`wire`]: what is on its way to and from it
//! - [`life`]: one session with its recorder, judges and consumer; [`subject`]: the session, or one that is wrong
//! - [`judge`]: what must always hold
//! - [`trace`]: lives as scenarios for the players of every language
//! - [`play`]: plays seeds, and says what was wrong
//! - [`herd`]: thousands of clients that lose one server at once

pub mod chaos;
pub mod consumer;
pub mod herd;
pub mod judge;
pub mod life;
pub mod log;
pub mod plan;
pub mod play;
pub mod rng;
pub mod server;
pub mod subject;
pub mod trace;
pub mod wire;
pub mod world;

/// The number of a connection in a run.
pub type LinkId = usize;
