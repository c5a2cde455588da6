//! A running hub.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::server::{Order, Shared, Stop};

/// A running hub. Dropping it drops every connection; [`shutdown`](Self::shutdown) is the polite way.
#[must_use = "dropping it stops the hub"]
pub struct HubHandle {
    shared: Arc<Shared>,
    address: SocketAddr,
    scheme: &'static str,
    stop: Option<oneshot::Sender<Stop>>,
    server: JoinHandle<()>,
}

/// What a hub has at the moment and has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubStats {
    /// Connections that were upgraded and live.
    pub connections: u64,
    /// Tasks known.
    pub tasks: u64,
    /// Pairs of a connection and a task it follows.
    pub subscriptions: u64,
    /// Connections ever upgraded.
    pub accepted: u64,
    /// Requests answered with something else than an upgrade.
    pub refused: u64,
    /// Messages received.
    pub messages_in: u64,
    /// Messages handed to sockets.
    pub messages_out: u64,
    /// Connections dropped because they took nothing, fell too far behind or gave no sign of life.
    pub dropped: u64,
}

impl HubHandle {
    pub(crate) fn new(
        shared: Arc<Shared>,
        address: SocketAddr,
        scheme: &'static str,
        stop: oneshot::Sender<Stop>,
        server: JoinHandle<()>,
    ) -> Self {
        HubHandle { shared, address, scheme, stop: Some(stop), server }
    }

    /// The address listened on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The url clients on this machine connect to, `wss://` where the hub has a certificate. Its host
    /// is an IP address: where the certificate names another host, clients must connect to that.
    pub fn url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("{}://{address}{}", self.scheme, self.shared.guard.path)
    }

    /// Closes every connection with code 1001 and stops; what has not closed after 3 s is dropped.
    pub async fn shutdown(self) {
        self.end(Stop::GoAway).await;
    }

    /// Drops every connection at once, without a close frame, and stops: as if the process had died.
    pub async fn kill(self) {
        self.end(Stop::Kill).await;
    }

    /// Drops every connection without a close frame, as a broken network would, and goes on serving.
    pub fn cut_all(&self) {
        self.shared.order_all(Order::Cut);
    }

    /// Counts of now and so far.
    pub fn stats(&self) -> HubStats {
        self.shared.stats()
    }

    async fn end(mut self, stop: Stop) {
        if let Some(sender) = self.stop.take() {
            // The receiver is gone only where the server has ended already.
            let _ = sender.send(stop);
        }
        // It fails only where the runtime is going away, and then all is stopped.
        let _ = (&mut self.server).await;
    }
}

impl Drop for HubHandle {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for HubHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubHandle")
            .field("address", &self.address)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
