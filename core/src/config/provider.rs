//! What is asked of the program before every attempt, and what it answers.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What a program gives for one attempt, each instead of the configured value.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The server.
    pub url: Option<String>,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<String>,
    /// Further headers of the upgrade request.
    pub headers: Option<Vec<(String, String)>>,
    /// Subprotocols to offer.
    pub protocols: Option<Vec<String>>,
}

impl Credentials {
    /// Nothing that differs from the configuration.
    pub fn new() -> Self {
        Self::default()
    }

    /// See the field of that name.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// See the field of that name.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Adds a header; the configured ones are not sent then.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.get_or_insert_default().push((name.into(), value.into()));
        self
    }

    /// See the field of that name.
    #[must_use]
    pub fn protocols(mut self, protocols: Vec<String>) -> Self {
        self.protocols = Some(protocols);
        self
    }
}

/// Keeps what it holds to itself.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Why there are no credentials for an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsError {
    /// The text for people. It is shown: no secrets in it.
    pub message: String,
    /// Asking again cannot help: the client stops. Else it was one failed attempt.
    pub fatal: bool,
}

impl CredentialsError {
    /// The attempt has failed; the client tries again.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), fatal: false }
    }

    /// The client stops for good.
    pub fn fatal(message: impl Into<String>) -> Self {
        Self { message: message.into(), fatal: true }
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CredentialsError {}

/// An answer that may take its time. It is dropped when it comes too late.
pub type Answer<A> = Pin<Box<dyn Future<Output = A> + Send>>;

/// The program's function that is asked `Q` and answers `A`.
pub struct Provider<Q, A>(pub(crate) Asked<Q, A>);

pub(crate) enum Asked<Q, A> {
    /// Polled by the client's own task on the I/O thread.
    Later(Arc<dyn Fn(Q) -> Answer<A> + Send + Sync>),
    /// Called on a thread of the callback pool.
    Blocking(Arc<dyn Fn(Q) -> A + Send + Sync>),
}

impl<Q, A> Provider<Q, A> {
    /// Answers by a future, which the I/O thread polls, as well as it calls `ask`: neither may block.
    pub fn later<F>(ask: impl Fn(Q) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = A> + Send + 'static,
    {
        Self(Asked::Later(Arc::new(move |question| Box::pin(ask(question)))))
    }

    /// Answers in the call, which runs on a thread of the callback pool and may block. While it does, nothing else is
    /// asked of it.
    pub fn blocking(ask: impl Fn(Q) -> A + Send + Sync + 'static) -> Self {
        Self(Asked::Blocking(Arc::new(ask)))
    }
}

impl<Q, A> Clone for Provider<Q, A> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Asked::Later(ask) => Asked::Later(Arc::clone(ask)),
            Asked::Blocking(ask) => Asked::Blocking(Arc::clone(ask)),
        })
    }
}

impl<Q, A> fmt::Debug for Provider<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").finish_non_exhaustive()
    }
}
