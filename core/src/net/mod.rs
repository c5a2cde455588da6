//! The driver: what connects the session to clocks, sockets and threads.
mod ahead;
mod answer;
mod asking;
#[cfg(test)]
mod autobahn;
mod carrier;
mod clock;
mod dial;
mod driver;
mod failure;
mod pool;
mod process;
mod proxy;
mod report;
mod runtime;
mod secrets;
mod shared;
mod socket;
mod tcp;
mod tls;
mod tungstenite;
mod upgrade;
mod url;

pub(crate) use clock::now;
pub use process::PerProcess;
pub use runtime::spawn_blocking;
pub use shared::Shared;
