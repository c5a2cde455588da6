//! Steadywire.
#[cfg(feature = "net")]
mod client;
mod config;
#[cfg(feature = "net")]
pub mod consumer;
#[cfg(feature = "net")]
mod dispatch;
mod error;
pub mod event;
#[cfg(feature = "net")]
mod follow;
pub mod inbox;
#[cfg(feature = "net")]
mod message;
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "net")]
mod pending;
pub mod protocol;
#[cfg(feature = "net")]
mod reporter;
pub mod session;
#[cfg(feature = "net")]
pub use client::{Client, ListenerId, WeakClient};
pub use config::{Config, Conflate, Limit, MAX_DELAY_MS, Overflow, Terminal};
pub use error::{Error, ErrorKind};
pub use event::{
    Complete, Connected, Disconnected, DropReason, ErrorEvent, ErrorSource, Event, EventKind, Gap, Heartbeat, Level,
    Log, Lost, LostReason, Outcome, OutcomeKind, Progress, Receipt, Retry, State, StateChange, Status, Unknown,
};
#[cfg(feature = "net")]
pub use follow::{FOLLOW_MAX_BYTES, FOLLOW_MAX_EVENTS, Follow, FollowIter};
#[cfg(feature = "net")]
pub use message::Message;
#[cfg(feature = "net")]
pub use pending::Pending;
#[cfg(feature = "net")]
pub use reporter::Reporter;
