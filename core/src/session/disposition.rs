//! What a close code or HTTP status means for us: the table of spec/disposition.json.

/// What happens after a close code or HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Retry while there is open work, else stop quietly.
    WhileOpen,
    /// Retry with backoff.
    Retry,
    /// Retry after a longer while, or when `Retry-After` says.
    Slow,
    /// Refresh the credentials once per stable link, else stop for good.
    Reauth,
    /// Retry, but stop for good after three in a row.
    Protocol,
    /// Stop for good.
    Fatal,
}

impl Disposition {
    /// The disposition of that name in the table and in options.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "whileOpen" => Self::WhileOpen,
            "retry" => Self::Retry,
            "slow" => Self::Slow,
            "reauth" => Self::Reauth,
            "protocol" => Self::Protocol,
            "fatal" => Self::Fatal,
            _ => return None,
        })
    }
}
