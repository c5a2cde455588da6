//! The C library of Steadywire. Its header, `include/steadywire.h`, is generated from what is written here.
//!
//! - `boundary`: what every entry goes through: panics, NULL and bad text become statuses
//! - `handle`: the table that every handle of C is looked up in; a freed one is an error, not a crash
//! - `ask`: functions of the program that a client asks something
//! - `callback`: a function of the program with its `user_data`, and the three promises about them
//! - one module for each type of the header
#![allow(non_camel_case_types, reason = "names in a C header")]
#![allow(clippy::missing_safety_doc, reason = "the head of the header says it for all: head.h")]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail by it"))]

#[cfg(not(panic = "unwind"))]
compile_error!("a panic must become a status: build with panic = \"unwind\"");

mod ask;
mod boundary;
mod callback;
mod calls;
mod classify;
mod client;
mod config;
mod credentials;
mod event;
mod follow;
mod handle;
mod listen;
mod log;
mod message;
mod names;
mod outcome;
mod poll;
mod receipt;
mod reporter;
mod status;
mod text;
mod version;

pub use boundary::steadywire_last_error;
pub use callback::steadywire_drop_callback;
pub use calls::*;
pub use classify::*;
pub use client::*;
pub use config::*;
pub use credentials::*;
pub use event::*;
pub use follow::*;
pub use listen::*;
pub use log::*;
pub use message::*;
pub use names::*;
pub use outcome::*;
pub use poll::*;
pub use receipt::*;
pub use reporter::*;
pub use status::*;
pub use version::*;
