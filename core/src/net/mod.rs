//! The driver: what connects the session to clocks, sockets and threads.
mod ahead;
mod clock;
mod dial;
mod driver;
mod failure;
mod pool;
mod runtime;
mod shared;
mod socket;
mod tungstenite;
mod upgrade;
mod url;

pub use crate::session::CredentialsRequest;
pub(crate) use clock::now;
pub use dial::Credentials;
pub use runtime::spawn_blocking;
pub use shared::{Provider, Shared};
