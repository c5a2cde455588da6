//! The one error type of the crate, and the numbered kinds every language shares.

#[cfg(feature = "net")]
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// What went wrong, as a number that never changes its meaning.
///
/// 1xx usage, 2xx transport, 3xx protocol, 4xx refused by the server, 5xx resource, 9xx internal.
/// New kinds will be added; look kinds up, do not match on them exhaustively.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u16)]
pub enum ErrorKind {
    /// An argument or an option has a value it cannot take.
    InvalidArgument = 100,
    /// There is no option of that name.
    UnknownOption = 101,
    /// The URL cannot be used: not a URL, or not `ws://` or `wss://`.
    InvalidUrl = 102,
    /// A call that waits was made inside a callback; waiting there would never end.
    WouldDeadlock = 103,
    /// The client has been closed for good.
    Closed = 104,
    /// The operation is not possible in the current state.
    InvalidState = 105,
    /// The client was made in another process, before a fork.
    Forked = 106,
    /// This build cannot do that: a feature or platform is missing.
    Unsupported = 107,

    /// The connection could not be made.
    ConnectFailed = 200,
    /// The host name could not be resolved.
    DnsFailed = 201,
    /// The TLS handshake failed.
    TlsFailed = 202,
    /// One connection attempt took longer than `connectTimeout`.
    ConnectTimeout = 203,
    /// The link broke.
    ConnectionLost = 204,
    /// The server gave no sign of life within `heartbeatTimeout`.
    HeartbeatTimeout = 205,
    /// The proxy refused or could not be reached.
    ProxyFailed = 206,
    /// Every allowed attempt has been made.
    AttemptsExhausted = 207,
    /// `disconnect()` ended what was waiting.
    Disconnected = 208,
    /// Credentials could not be had.
    CredentialsFailed = 209,

    /// A frame was not a message of this protocol and was rejected.
    InvalidMessage = 300,
    /// An inbound message was larger than `maxMessageSize`.
    MessageTooLarge = 301,
    /// The peer broke the WebSocket protocol.
    ProtocolViolation = 302,
    /// The server answered the upgrade with something that is not a WebSocket.
    HandshakeFailed = 303,

    /// The server refused the connection for good.
    Refused = 400,
    /// The server refused the credentials.
    Unauthorized = 401,
    /// The server refused a message that was sent.
    MessageRefused = 402,
    /// A task ended with an error (used where an outcome is turned into an error).
    TaskFailed = 403,
    /// The server reports trouble of its own, which concerns no followed task and no message of ours.
    ServerError = 404,

    /// The outbox is full.
    QueueFull = 500,
    /// A message is larger than the outbox may hold.
    MessageTooLargeToQueue = 501,
    /// A wait took longer than the time it was given.
    Timeout = 502,
    /// A bound on the number of something was reached.
    LimitReached = 503,

    /// A defect in this library.
    Internal = 900,
    /// A callback of the program failed.
    CallbackFailed = 901,
}

impl ErrorKind {
    /// Every kind, in the order of the numbers.
    pub const ALL: &'static [ErrorKind] = &[
        Self::InvalidArgument,
        Self::UnknownOption,
        Self::InvalidUrl,
        Self::WouldDeadlock,
        Self::Closed,
        Self::InvalidState,
        Self::Forked,
        Self::Unsupported,
        Self::ConnectFailed,
        Self::DnsFailed,
        Self::TlsFailed,
        Self::ConnectTimeout,
        Self::ConnectionLost,
        Self::HeartbeatTimeout,
        Self::ProxyFailed,
        Self::AttemptsExhausted,
        Self::Disconnected,
        Self::CredentialsFailed,
        Self::InvalidMessage,
        Self::MessageTooLarge,
        Self::ProtocolViolation,
        Self::HandshakeFailed,
        Self::Refused,
        Self::Unauthorized,
        Self::MessageRefused,
        Self::TaskFailed,
        Self::ServerError,
        Self::QueueFull,
        Self::MessageTooLargeToQueue,
        Self::Timeout,
        Self::LimitReached,
        Self::Internal,
        Self::CallbackFailed,
    ];

    /// The number shared by every language.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The name shared by every language, in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::UnknownOption => "unknown_option",
            Self::InvalidUrl => "invalid_url",
            Self::WouldDeadlock => "would_deadlock",
            Self::Closed => "closed",
            Self::InvalidState => "invalid_state",
            Self::Forked => "forked",
            Self::Unsupported => "unsupported",
            Self::ConnectFailed => "connect_failed",
            Self::DnsFailed => "dns_failed",
            Self::TlsFailed => "tls_failed",
            Self::ConnectTimeout => "connect_timeout",
            Self::ConnectionLost => "connection_lost",
            Self::HeartbeatTimeout => "heartbeat_timeout",
            Self::ProxyFailed => "proxy_failed",
            Self::AttemptsExhausted => "attempts_exhausted",
            Self::Disconnected => "disconnected",
            Self::CredentialsFailed => "credentials_failed",
            Self::InvalidMessage => "invalid_message",
            Self::MessageTooLarge => "message_too_large",
            Self::ProtocolViolation => "protocol_violation",
            Self::HandshakeFailed => "handshake_failed",
            Self::Refused => "refused",
            Self::Unauthorized => "unauthorized",
            Self::MessageRefused => "message_refused",
            Self::TaskFailed => "task_failed",
            Self::ServerError => "server_error",
            Self::QueueFull => "queue_full",
            Self::MessageTooLargeToQueue => "message_too_large_to_queue",
            Self::Timeout => "timeout",
            Self::LimitReached => "limit_reached",
            Self::Internal => "internal",
            Self::CallbackFailed => "callback_failed",
        }
    }

    /// The kind of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Whether doing the same again later can succeed without a change by the user.
    pub fn is_retryable(self) -> bool {
        matches!(self.code(), 200..=299 | 500 | 502) && self != Self::Disconnected
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An error: its kind, a text for people, and the cause if there is one.
///
/// The text says what happened, to which URL (credentials redacted), what the library does next and
/// what the user can do. Cloning is cheap.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error of `kind` with a text for people.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner { kind, message: message.into(), cause: None }))
    }

    /// Makes an error of `kind` that was caused by `cause`.
    pub fn with_cause(
        kind: ErrorKind,
        message: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self(Arc::new(Inner { kind, message: message.into(), cause: Some(cause.into()) }))
    }

    /// What went wrong, as a shared number.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The text for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether doing the same again later can succeed; see [`ErrorKind::is_retryable`].
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }
}

/// What a panic says of itself.
#[cfg(feature = "net")]
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("(no text)")
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.0.kind).field("message", &self.0.message).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| &**cause as &(dyn std::error::Error + 'static))
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.0.kind == other.0.kind && self.0.message == other.0.message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_names_lead_back() {
        for (index, kind) in ErrorKind::ALL.iter().enumerate() {
            assert_eq!(ErrorKind::from_name(kind.name()), Some(*kind));
            for other in &ErrorKind::ALL[index + 1..] {
                assert!(kind.code() < other.code(), "{kind} and {other} are out of order");
            }
        }
    }
}
