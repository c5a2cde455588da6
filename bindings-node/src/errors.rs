//! How a call is refused: a JavaScript error whose `code` is the name of the kind.

use steadywire::{Error, ErrorKind};

/// The name of an error kind, in the place where napi puts its status.
pub struct Kind(ErrorKind);

impl AsRef<str> for Kind {
    fn as_ref(&self) -> &str {
        self.0.name()
    }
}

impl From<napi::Status> for Kind {
    /// What napi itself refuses is an argument of another type.
    fn from(_: napi::Status) -> Self {
        Self(ErrorKind::InvalidArgument)
    }
}

/// What a call gives. The macros of napi know it by its name.
pub(crate) type Result<T> = std::result::Result<T, napi::Error<Kind>>;

/// An error of the core, to be thrown.
#[allow(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(crate) fn thrown(error: Error) -> napi::Error<Kind> {
    napi::Error::new(Kind(error.kind()), error.message().to_owned())
}

/// An error of that kind, to be thrown.
pub(crate) fn refused(kind: ErrorKind, message: impl Into<String>) -> napi::Error<Kind> {
    napi::Error::new(Kind(kind), message.into())
}
