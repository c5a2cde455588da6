//! A user, a driver and a server around a bare session, with everything that must always hold.

mod acts;
mod check;
mod dead;
mod frames;
mod world;

pub(crate) use acts::life;
pub(crate) use dead::{Server, dials_in_1000_s};
pub(crate) use world::World;
