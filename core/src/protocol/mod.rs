//! The wire messages: parse and encode. No clock, no I/O. The rules are in spec/PROTOCOL.md.
//!
//! Reading one text frame:
//! - [`parse`]: the crate's entry, a pull parser for the frequent shapes with the reference behind it
//! - [`parse_reference`]: the same answers from serde_json alone
//! - [`Frame`], its [`Body`], [`Control`], [`Request`], and why a frame was [`Rejected`]
//!
//! Writing, always by appending to a `String`:
//! - [`encode_message`] for any [`Outgoing`] message of a [`MessageKind`]
//! - [`encode_progress_data`], [`encode_log_data`], [`encode_error_data`]: the `data` of those types
//! - [`encode_heartbeat`], and the control frames: [`encode_hello`], [`encode_subscribe`],
//!   [`encode_subscribe_batch`], [`encode_unsubscribe`], [`encode_query`], [`encode_publish`],
//!   [`encode_subscribed`], [`encode_state`], [`encode_ack`], [`encode_refusal`]
//! - [`write_string`] and [`write_number`]: JSON texts and numbers as `JSON.stringify` writes them
//! - [`terminal_word`]: the end that a status word stands for
//! - [`is_json`]: whether a text may travel as `data`

mod digits;
mod encode;
mod encode_control;
mod fields;
mod frame;
mod number;
mod pull;
mod reference;
mod scan;
mod values;

pub use encode::{
    MessageKind, Outgoing, encode_error_data, encode_heartbeat, encode_log_data, encode_message, encode_progress_data,
    is_json, write_string,
};
pub use encode_control::{
    encode_ack, encode_hello, encode_publish, encode_query, encode_refusal, encode_state, encode_subscribe,
    encode_subscribe_batch, encode_subscribed, encode_unsubscribe,
};
pub use frame::{Body, ClientLink, Control, Cursor, Features, Frame, Level, Rejected, Request, TaskState, TaskStatus};
pub use number::write_number;
pub use pull::parse;
pub use reference::parse_reference;
pub(crate) use values::as_integer;
pub use values::{MAX_INTEGER, terminal_word};
