//! The whole behaviour of a client as a machine without clock, I/O, threads or randomness.
mod disposition;
mod io;
pub use disposition::Disposition;
pub use io::{
    CredentialsFailure, Draft, DraftKind, Failure, Generation, Input, LeaseId, LeaseKind, Now, Output, Ticket, Transmit,
};

use crate::config::Config;
use crate::error::Error;
use crate::event::{Batch, State};

/// Placeholder until the machine stands.
#[derive(Debug)]
pub struct Session {
    config: Config,
    batch: Batch,
}

#[allow(missing_docs, clippy::needless_pass_by_value)]
impl Session {
    pub fn new(config: Config, _seed: u32, _nonce: [u8; 12]) -> Result<Self, Error> {
        config.validate()?;
        Ok(Self { config, batch: Batch::new() })
    }
    pub fn handle_input(&mut self, _now: Now, _input: Input<'_>) -> Result<(), Error> {
        Ok(())
    }
    pub fn handle_text(&mut self, _now: Now, _generation: Generation, _text: &str) {}
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }
    pub fn poll_transmit(&mut self, _now: Now) -> Option<Transmit> {
        None
    }
    pub fn next_deadline(&self) -> Option<u64> {
        None
    }
    pub fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }
    pub fn state(&self) -> State {
        State::Disconnected
    }
    pub fn current_task(&self) -> Option<&str> {
        None
    }
    pub fn config(&self) -> &Config {
        &self.config
    }
}
