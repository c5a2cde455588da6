//! Follow long-running tasks over a WebSocket that breaks.
//!
//! Every task you follow ends with exactly one of `complete`, `error` or `lost`, as soon as the server knows it or the
//! client stops; nothing you send disappears without being reported.
//!
//! ```
//! # #[cfg(feature = "net")] {
//! # let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
//! # let hub = runtime.block_on(steadywire_hub::Hub::builder().listen("127.0.0.1:0").start()).unwrap();
//! # let url = hub.url();
//! use steadywire::{Client, Config, Event, EventKind, OutcomeKind};
//!
//! // The worker's side.
//! let worker = Client::new(Config::new(&url))?;
//! let task = worker.report("build")?;
//! task.progress(40.0, "compile", "12 of 30 crates")?;
//! task.complete("{\"warnings\":0}").wait()?; // the server has it
//!
//! // The other side, here after the fact: the hub still knows.
//! let client = Client::new(Config::new(&url))?;
//! client.on(EventKind::Progress, |event| {
//!     if let Event::Progress(progress) = event {
//!         println!("{}: {} % {}", progress.task_id, progress.progress, progress.message);
//!     }
//! });
//! let outcome = client.wait("build")?.wait()?; // a future too: `.await`
//! assert_eq!(outcome.kind, OutcomeKind::Complete);
//! assert_eq!(outcome.data, "{\"warnings\":0}");
//! # }
//! # Ok::<(), steadywire::Error>(())
//! ```
//!
//! - [`Client`]: connect, subscribe, [`on`](Client::on), [`follow`](Client::follow), [`wait`](Client::wait), send
//! - [`Reporter`]: the worker's side; its last message is acknowledged
//! - [`Config`]: every option, its default and bounds
//! - [`Event`], [`Outcome`], [`Receipt`], [`Error`]: what comes back
//! - [`Client::polled`] and [`Poll`]: callbacks in the program's own loop instead of on threads
//! - [`log`]: what operators are told
//! - [`consumer`]: the same for language bindings, which take events in batches
//! - [`session`] and [`protocol`]: the behaviour and the wire without any I/O; the whole crate without the feature `net`
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
#[cfg(feature = "net")]
mod gate;
pub mod inbox;
#[cfg(feature = "net")]
pub mod log;
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
pub use config::{
    Answer, Config, Conflate, Credentials, CredentialsError, Limit, MAX_DELAY_MS, Overflow, Provider, Proxy, Terminal,
    Tls, TlsVersion, redact_url,
};
#[cfg(feature = "net")]
pub use dispatch::Poll;
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
pub use session::{CredentialsRequest, Disposition, Ending};
