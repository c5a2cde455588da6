//! The options of a hub.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use steadywire::protocol::Features;
use tokio::net::{TcpListener, lookup_host};

use crate::error::HubError;
use crate::guard::{Guard, Token};
use crate::handle::HubHandle;
use crate::history::{Bounds, History, MemoryHistory};
use crate::limits;
use crate::server::{self, Options};
use crate::tls::{Pem, Tls};

/// The reference server. [`Hub::builder`] is where it starts.
#[derive(Debug)]
pub struct Hub;

/// The options of a hub; each has a default.
#[must_use = "a hub runs once `start` was awaited"]
pub struct HubBuilder {
    listen: String,
    path: String,
    token: Option<String>,
    origins: Vec<String>,
    hosts: Vec<String>,
    bounds: Bounds,
    history: Option<Arc<dyn History>>,
    tls: Option<Pem>,
    client_ca: Option<Vec<u8>>,
    page: Option<String>,
    options: Options,
}

impl Hub {
    /// A hub with default options.
    pub fn builder() -> HubBuilder {
        HubBuilder {
            listen: "127.0.0.1:0".to_owned(),
            path: "/ws".to_owned(),
            token: None,
            origins: Vec::new(),
            hosts: Vec::new(),
            bounds: Bounds::default(),
            history: None,
            tls: None,
            client_ca: None,
            page: None,
            options: Options::default(),
        }
    }
}

impl HubBuilder {
    /// The address to listen on, `host:port`; port 0 takes a free one. Default `127.0.0.1:0`. An
    /// address other machines can reach needs a [`token`](Self::token).
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// The path of the WebSocket. Default `/ws`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The secret every client must show, as `Authorization: Bearer` or as query parameter `token`.
    /// Default none.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Serves `wss://` and nothing else, with TLS 1.2 or 1.3. Default plain `ws://`.
    ///
    /// Both are PEM text: the hub's certificate followed by those that lead to its authority, and the
    /// certificate's private key, unencrypted, as PKCS#8, PKCS#1 or SEC1. The certificate must name the
    /// host that clients connect to. A new certificate needs a new hub.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let hub = steadywire_hub::Hub::builder()
    ///     .tls(std::fs::read("chain.pem")?, std::fs::read("key.pem")?)
    ///     .start()
    ///     .await?;
    /// assert!(hub.url().starts_with("wss://"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn tls(mut self, certificate_pem: impl Into<Vec<u8>>, key_pem: impl Into<Vec<u8>>) -> Self {
        self.tls = Some(Pem { certificate: certificate_pem.into(), key: key_pem.into() });
        self
    }

    /// Serves only clients that show a certificate signed by one of these authorities, in PEM text.
    /// It needs [`tls`](Self::tls), and does not stand in for a [`token`](Self::token). Default: no
    /// certificate is asked for.
    pub fn client_ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.client_ca = Some(pem.into());
        self
    }

    /// Lets the pages of an origin connect, e.g. `https://app.example`. Pages of this machine and of
    /// the host they connect to always may.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into().to_ascii_lowercase());
        self
    }

    /// Serves requests for a host name, e.g. `hub.example`. The loopback's names and the address
    /// listened on are always served.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into().to_ascii_lowercase());
        self
    }

    /// Keeps the tasks' messages in another history than the process's memory. Then
    /// [`history_messages`](Self::history_messages) and [`history_bytes`](Self::history_bytes) are
    /// for that history to decide.
    pub fn history(mut self, history: Box<dyn History>) -> Self {
        self.history = Some(Arc::from(history));
        self
    }

    /// Messages kept per task, at least 4. Default [`limits::HISTORY_MESSAGES`].
    pub fn history_messages(mut self, messages: usize) -> Self {
        self.bounds.messages = messages;
        self
    }

    /// Bytes of messages kept per task. Default [`limits::HISTORY_BYTES`].
    pub fn history_bytes(mut self, bytes: usize) -> Self {
        self.bounds.bytes = bytes;
        self
    }

    /// How often the hub sends heartbeats; zero turns them off, and with them the dropping of
    /// clients that give no sign of life for 2.5 intervals. Default [`limits::HEARTBEAT_INTERVAL`].
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.options.heartbeat_interval = interval;
        self
    }

    /// What the hub can do beyond the baseline; it greets clients if that is anything. Default all.
    pub fn features(mut self, features: Features) -> Self {
        self.options.features = features;
        self
    }

    /// How long a task outlives the connection of its last publisher without an outcome; then it ends in an error
    /// with code `worker_lost`. Default [`limits::PUBLISHER_LEASE`].
    pub fn publisher_lease(mut self, lease: Duration) -> Self {
        self.options.publisher_lease = lease;
        self
    }

    /// Tasks known at once. Default [`limits::MAX_TASKS`].
    pub fn max_tasks(mut self, tasks: usize) -> Self {
        self.options.max_tasks = tasks;
        self
    }

    /// Bytes held for all tasks together, about. Default [`limits::MAX_TOTAL_BYTES`].
    pub fn max_total_bytes(mut self, bytes: usize) -> Self {
        self.options.max_total_bytes = bytes;
        self
    }

    /// Connections at once. Default [`limits::MAX_CONNECTIONS`].
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.options.max_connections = connections;
        self
    }

    /// Tasks one connection may follow. Default [`limits::MAX_SUBSCRIPTIONS`].
    pub fn max_subscriptions(mut self, tasks: usize) -> Self {
        self.options.max_subscriptions = tasks;
        self
    }

    /// Tasks without outcome one connection may publish to. Default [`limits::MAX_PUBLICATIONS`].
    pub fn max_publications(mut self, tasks: usize) -> Self {
        self.options.max_publications = tasks;
        self
    }

    /// Bytes of one inbound message. Default [`limits::MAX_MESSAGE_SIZE`].
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.options.max_message_size = bytes;
        self
    }

    /// Bytes of a task that may wait for a follower; above half of it superseded progress is
    /// conflated, at it the oldest log lines are left out. Default [`limits::MAX_UNREAD_BYTES`].
    pub fn max_unread_bytes(mut self, bytes: usize) -> Self {
        self.options.max_unread_bytes = bytes;
        self
    }

    /// How long a connection may take not a single byte, with some waiting, before it is dropped.
    /// Default [`limits::STALL_TIMEOUT`].
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.options.stall_timeout = timeout;
        self
    }

    /// A page for people, HTML in one piece, served at `/`; with it the list of tasks can be read at `/tasks`, as JSON
    /// and by those who show the token. Default: none, and a line of text at `/`.
    pub fn page(mut self, html: impl Into<String>) -> Self {
        self.page = Some(html.into());
        self
    }

    /// Listens and serves in the background, on the tokio runtime this is awaited in.
    ///
    /// # Errors
    /// An option that cannot be, among them a listen address beyond this machine without a token and
    /// a key that does not belong to its certificate; or what the system says of the address.
    pub async fn start(self) -> Result<HubHandle, HubError> {
        self.check()?;
        let tls = match &self.tls {
            Some(pem) => Some(Tls::new(pem, self.client_ca.as_deref())?),
            None => None,
        };
        let failed = |source| HubError::Listen { address: self.listen.clone(), source };
        let addresses: Vec<SocketAddr> = lookup_host(&self.listen).await.map_err(failed)?.collect();
        let is_open = |address: &SocketAddr| !address.ip().is_loopback();
        if self.token.is_none() && addresses.iter().any(is_open) {
            let problem = format!("{} is open to other machines and needs a token", self.listen);
            return Err(HubError::Option { option: "listen", problem });
        }
        let listener = TcpListener::bind(&*addresses).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let guard = Guard {
            path: self.path,
            token: self.token.map(Token),
            origins: self.origins,
            hosts: self.hosts,
            listen: Some(address),
            page: self.page,
        };
        let history = self.history.unwrap_or_else(|| Arc::new(MemoryHistory::new(self.bounds)));
        Ok(server::start(listener, address, tls, guard, history, self.options))
    }

    fn check(&self) -> Result<(), HubError> {
        let options = &self.options;
        let wrong = |option, problem: &str| Err(HubError::Option { option, problem: problem.to_owned() });
        if !self.path.starts_with('/') || self.path.contains(['?', '#']) {
            return wrong("path", "must start with `/` and hold neither `?` nor `#`");
        }
        if self.token.as_deref() == Some("") {
            return wrong("token", "must not be empty");
        }
        if self.client_ca.is_some() && self.tls.is_none() {
            return wrong("client_ca", "only clients of a hub with `tls` can show certificates");
        }
        if self.bounds.messages < 4 {
            return wrong("history_messages", "must be at least 4");
        }
        for (option, value) in [
            ("history_bytes", self.bounds.bytes),
            ("max_tasks", options.max_tasks),
            ("max_total_bytes", options.max_total_bytes),
            ("max_connections", options.max_connections),
            ("max_subscriptions", options.max_subscriptions),
            ("max_publications", options.max_publications),
            ("max_message_size", options.max_message_size),
            ("max_unread_bytes", options.max_unread_bytes),
        ] {
            if value == 0 {
                return wrong(option, "must be at least 1");
            }
        }
        if options.stall_timeout.is_zero() {
            return wrong("stall_timeout", "must be longer than zero");
        }
        Ok(())
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            heartbeat_interval: limits::HEARTBEAT_INTERVAL,
            features: Features { resume: true, ack: true, batch: true, query: true, heartbeat: true, publish: true },
            publisher_lease: limits::PUBLISHER_LEASE,
            max_tasks: limits::MAX_TASKS,
            max_total_bytes: limits::MAX_TOTAL_BYTES,
            max_connections: limits::MAX_CONNECTIONS,
            max_subscriptions: limits::MAX_SUBSCRIPTIONS,
            max_publications: limits::MAX_PUBLICATIONS,
            max_message_size: limits::MAX_MESSAGE_SIZE,
            max_unread_bytes: limits::MAX_UNREAD_BYTES,
            stall_timeout: limits::STALL_TIMEOUT,
        }
    }
}

impl fmt::Debug for HubBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("HubBuilder");
        out.field("listen", &self.listen).field("path", &self.path).field("options", &self.options);
        out.finish_non_exhaustive()
    }
}
