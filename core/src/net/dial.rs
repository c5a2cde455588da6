//! One attempt: URL, proxy, TCP, TLS, upgrade; and again where the server sends us elsewhere.

use tokio::io::{AsyncRead, AsyncWrite};

use super::carrier::Carrier;
use super::failure::Failed;
use super::proxy::Proxies;
use super::secrets::Secrets;
use super::socket::Socket;
use super::tls::Security;
use super::tungstenite::{Limits, Tungstenite};
use super::upgrade::{Answer, Request};
use super::url::{Address, base64};
use crate::config::{Config, Credentials, redact_url};
use crate::error::{Error, ErrorKind};

/// How often in one attempt the server may send us elsewhere.
const MAX_REDIRECTS: usize = 5;

/// How a client's connections are made. Made once, from its options and the environment.
pub(super) struct Dialer {
    proxies: Proxies,
    security: Security,
    limits: Limits,
}

/// What one attempt needs to know.
pub(super) struct Target {
    url: String,
    token: Option<String>,
    headers: Vec<(String, String)>,
    protocols: Vec<String>,
}

impl Target {
    pub(super) fn new(config: &Config, credentials: &Credentials) -> Self {
        Self {
            url: credentials.url.as_ref().unwrap_or(&config.url).clone(),
            token: credentials.token.as_ref().or(config.token.as_ref()).cloned(),
            headers: credentials.headers.as_ref().unwrap_or(&config.headers).clone(),
            protocols: credentials.protocols.as_ref().unwrap_or(&config.protocols).clone(),
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What the server may quote and nobody else is to see.
    pub(super) fn secrets(&self) -> Secrets {
        let query = self.url.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let parameters = query.split(['&', '#']).map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        let authority = self.url.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
        let written = authority.and_then(|authority| authority.rsplit_once('@')).map(|(userinfo, _)| userinfo);
        let sent = Address::parse(&self.url).ok().and_then(|address| address.userinfo);
        let read = sent.as_deref().map(String::from_utf8_lossy);
        let encoded = sent.as_deref().map(base64);
        let passwords =
            [written, read.as_deref()].into_iter().flatten().filter_map(|userinfo| userinfo.split_once(':'));
        let headers = self.headers.iter().map(|(_, value)| value.as_str());
        let all = self.token.as_deref().into_iter().chain(headers).chain(parameters).chain(encoded.as_deref());
        Secrets::new(all.chain(passwords.map(|(_, password)| password)))
    }

    /// The same for another server, which must not see the credentials for the first.
    fn without_credentials(self) -> Self {
        Self { token: None, headers: Vec::new(), ..self }
    }
}

impl Dialer {
    /// # Errors
    /// An option that cannot be used, by name.
    pub(super) fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self {
            proxies: Proxies::new(&config.proxy),
            security: Security::new(&config.tls)?,
            limits: Limits { max_message: config.max_message_size, max_send: config.max_queued_bytes },
        })
    }

    /// Opens a WebSocket. Dropping the future abandons the attempt. Has no time limit of its own.
    pub(super) async fn dial(&self, target: Target) -> Result<Box<dyn Socket>, Failed> {
        let secrets = target.secrets();
        self.follow(target)
            .await
            .map_err(|failed| Failed { message: secrets.scrub(&failed.message).into_owned(), ..failed })
    }

    /// Goes where the server sends us.
    async fn follow(&self, mut target: Target) -> Result<Box<dyn Socket>, Failed> {
        let mut address = Address::parse(&target.url)?;
        for _ in 0..=MAX_REDIRECTS {
            let (status, location) = match self.open(&address, &target).await? {
                Opened::Socket(socket) => return Ok(socket),
                Opened::Redirected { status, location } => (status, location),
            };
            let shown = redact_url(&target.url);
            target.url = address.redirected(&location).map_err(|why| Failed {
                http_status: Some(status),
                ..Failed::new(
                    ErrorKind::HandshakeFailed,
                    format!("{shown} sends us elsewhere, where we cannot go: {why}"),
                )
            })?;
            let mut next = Address::parse(&target.url)?;
            if address.secure && !next.secure {
                let text = format!("{shown} sends us to {}, which is not secured", redact_url(&target.url));
                return Err(Failed::fatal(ErrorKind::HandshakeFailed, text));
            }
            if address.is_same_origin(&next) {
                next.userinfo = next.userinfo.or(address.userinfo);
            } else {
                target = target.without_credentials();
            }
            address = next;
        }
        let text =
            format!("{} sends us on and on: {MAX_REDIRECTS} redirections were followed", redact_url(&target.url));
        Err(Failed::new(ErrorKind::HandshakeFailed, text))
    }

    async fn open(&self, address: &Address, target: &Target) -> Result<Opened, Failed> {
        let shown = redact_url(&target.url);
        let request = Request::new(address, target.token.as_deref(), &target.headers, &target.protocols)?;
        let carrier = self.proxies.reach(address, &self.security, &shown).await?;
        if address.secure {
            let stream = self.security.secure(carrier, &address.host, &shown).await?;
            return self.upgrade(stream, &request, &shown).await;
        }
        match carrier {
            // The usual one has nothing between it and the frames.
            Carrier::Tcp(stream) => self.upgrade(stream, &request, &shown).await,
            carrier => self.upgrade(carrier, &request, &shown).await,
        }
    }

    async fn upgrade<S>(&self, mut stream: S, request: &Request, shown: &str) -> Result<Opened, Failed>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Ok(match request.perform(&mut stream, shown).await? {
            Answer::Upgraded(early) => Opened::Socket(Box::new(Tungstenite::new(stream, early, self.limits).await)),
            Answer::Redirected { status, location } => Opened::Redirected { status, location },
        })
    }
}

enum Opened {
    Socket(Box<dyn Socket>),
    Redirected { status: u16, location: String },
}
