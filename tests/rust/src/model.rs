//! A user, a driver and a server around a bare session, with everything that must always hold.
//!
//! - [`World`]: plays a life, a [`Setup`] and its [`Act`]s, and checks each invariant after each input
//! - [`Check`]: the invariants, for others that drive a session
//! - [`life`]: lives drawn at random
//! - [`dials_in_1000_s`]: how often servers that never serve are dialled

mod acts;
mod check;
mod dead;
#[cfg(feature = "random")]
mod frames;
#[cfg(feature = "random")]
mod random;
mod world;

pub use acts::{Act, Setup};
pub use check::{Check, Transport};
pub use dead::{Server, dials_in_1000_s};
#[cfg(feature = "random")]
pub use random::life;
pub use world::World;
