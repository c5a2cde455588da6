//! Steadywire's reference server, to be embedded.
//!
//! Workers report the progress of tasks over one WebSocket, followers watch them over another, and
//! who comes late or comes back is told what it missed. By default everything is in memory and
//! there is nothing to set up:
//!
//! ```
//! # async fn example() -> Result<(), steadywire_hub::HubError> {
//! let hub = steadywire_hub::Hub::builder().listen("127.0.0.1:0").start().await?;
//! println!("{}", hub.url());
//! hub.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! It listens on this machine alone. Beyond it, it wants a [`token`](HubBuilder::token), and should be
//! given a certificate, so that nobody on the way reads along: see [`tls`](HubBuilder::tls).
//!
//! - [`Hub`], [`HubBuilder`]: the options; [`HubHandle`]: a running hub
//! - [`history`]: what is retained of each task, and the trait another store implements
//! - [`limits`]: every bound and what happens at it
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail by it"))]

mod builder;
mod clients;
mod clock;
mod connection;
mod error;
mod guard;
mod handle;
pub mod history;
mod http;
pub mod limits;
mod relay;
mod server;
mod tasks;
mod tls;

pub use builder::{Hub, HubBuilder};
pub use error::HubError;
pub use handle::{HubHandle, HubStats};
pub use steadywire::protocol::Features;
