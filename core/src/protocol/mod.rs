//! The wire messages: parse and encode. No clock, no I/O.

mod frame;

pub use frame::{Body, Control, Cursor, Features, Frame, Level, Rejected, Request, TaskState, TaskStatus};
