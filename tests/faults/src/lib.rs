//! A scripted server and a seeded proxy that misbehave on purpose, over real sockets.
//!
//! The server speaks WebSocket by hand, so that it can also speak it wrongly, and it steps on what it received, never on
//! time.
//!
//! ```
//! # async fn example() -> Result<(), steadywire_faults::Problem> {
//! use serde_json::json;
//! use steadywire_faults::{Connection, Script, Server};
//!
//! let subscribe = json!({ "type": "status", "taskId": "t", "data": { "action": "subscribe" } });
//! let complete = json!({ "type": "complete", "taskId": "t", "timestamp": 1, "data": {} });
//! let script = Script::new([Connection::upgraded().expect(subscribe).send(complete).fin()]);
//! let server = Server::start(script).await;
//! println!("{}", server.url());
//! let transcript = server.finished().await?;
//! assert_eq!(transcript.connections.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! - [`Script`], [`Connection`], [`Step`]: what the server does; [`Script::from_json`] reads it from a vector
//! - [`Matcher`]: which received frame a step waits for
//! - [`Frame`]: a WebSocket frame, right or wrong
//! - [`Server`]: plays a script; [`Transcript`]: all that it received
//! - [`READY`]: scripts by name; [`Loaded`]: a file with one
//! - [`Proxy`]: stands before any server and strikes by a seed; [`Chaos`]: what, and how often
//! - [`Baseline`]: a server that knows none of the protocol's extensions
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail by it"))]

mod baseline;
mod crowd;
mod frame;
mod json;
mod matcher;
mod peer;
mod proxy;
mod ready;
mod script;
mod server;
mod told;
mod transcript;
mod upgrade;

pub use baseline::Baseline;
pub use crowd::MAX_CONNECTIONS;
pub use frame::{Frame, Opcode};
pub use matcher::{Matcher, is_part};
pub use proxy::{Chaos, Fault, FaultKind, Plan, Proxy, Strike, Upstream};
pub use ready::{Loaded, READY, Ready};
pub use script::{Accept, Connection, Flow, Script, Step};
pub use server::{PATIENCE, Server};
pub use told::{Tell, Told};
pub use transcript::{Problem, Received, Recorded, Request, Transcript};
