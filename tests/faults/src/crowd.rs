//! The connections that a server or a proxy has open, of which there are only so many.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How many connections a server or a proxy has open at once. One more waits in the system's queue until one ends.
pub const MAX_CONNECTIONS: usize = 256;

/// How long no connection is taken where the system has nothing left to take one with.
const RELIEF: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub(crate) struct Crowd(JoinSet<()>);

impl Crowd {
    /// The next connection. `full` is called where it has to wait for another's end.
    pub(crate) async fn next(&mut self, listener: &TcpListener, full: impl FnOnce()) -> (TcpStream, SocketAddr) {
        while self.0.try_join_next().is_some() {}
        if self.0.len() >= MAX_CONNECTIONS {
            full();
            self.0.join_next().await;
        }
        loop {
            match listener.accept().await {
                Ok(accepted) => return accepted,
                // A client that went before it was taken, or no descriptor is free.
                Err(_) => tokio::time::sleep(RELIEF).await,
            }
        }
    }

    pub(crate) fn add(&mut self, connection: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(connection);
    }
}

/// What is told where one more has to wait.
pub(crate) fn full() -> String {
    format!("{MAX_CONNECTIONS} connections are open: the next waits until one of them has ended")
}
