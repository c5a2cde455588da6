//! The whole behaviour of a client as a machine without clock, I/O, threads or randomness.
mod disposition;
mod io;
pub use disposition::Disposition;
pub use io::{
    CredentialsFailure, Draft, DraftKind, Failure, Generation, Input, LeaseId, LeaseKind, Now, Output, Ticket, Transmit,
};
