//! What can be wrong with a hub before it runs.

use std::io;

/// Why a hub did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// An option has a value the hub cannot work with.
    #[error("option `{option}`: {problem}")]
    Option {
        /// Which option.
        option: &'static str,
        /// What is wrong with it and what it takes.
        problem: String,
    },
    /// The address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address as it was given.
        address: String,
        /// What the system said.
        source: io::Error,
    },
}
