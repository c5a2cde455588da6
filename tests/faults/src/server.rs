//! Plays a script over real sockets.

mod play;
mod shared;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::crowd::{Crowd, full};
use crate::script::Script;
use crate::told::{Tell, Told};
use crate::transcript::{Problem, Transcript};
use play::play;
use shared::Shared;

/// How long nothing may happen before [`Server::finished`] gives up. It ends tests that would hang, and is never
/// waited for in those that pass.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A running server. Dropping it closes every socket.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on a free port of the loopback and plays the script, on the tokio runtime this is awaited in.
    ///
    /// # Panics
    /// If the loopback has no free port.
    pub async fn start(script: Script) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), script).await
    }

    /// Listens on an address, for example where another server was before.
    ///
    /// # Panics
    /// If the address cannot be listened on.
    pub async fn start_at(address: SocketAddr, script: Script) -> Self {
        Self::serving(TcpListener::bind(address).await.expect("the address is free"), script, None)
    }

    /// Plays the script on a listener for as long as people want, and tells what happens instead of recording it: a
    /// problem ends its connection and nothing else, and the transcript stays empty.
    ///
    /// # Panics
    /// If the listener has no address.
    pub fn telling(listener: TcpListener, script: Script, tell: Tell) -> Self {
        Self::serving(listener, script, Some(tell))
    }

    fn serving(listener: TcpListener, script: Script, tell: Option<Tell>) -> Self {
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared::new(script.connections.len(), tell));
        let task = tokio::spawn(serve(listener, script, Arc::clone(&shared)));
        Self { address, shared, task }
    }

    /// The address listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The url clients connect to.
    pub fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// Lets the connections that wait at this gate go on, now and later.
    pub fn open_gate(&self, name: &str) {
        self.shared.change(|state| state.gates.insert(name.to_owned()));
    }

    /// How many connections have come so far.
    pub fn accepted(&self) -> usize {
        self.shared.read(|state| state.transcript.connections.len())
    }

    /// What was received so far.
    pub fn transcript(&self) -> Transcript {
        self.shared.read(|state| state.transcript.clone())
    }

    /// Waits until so many connections have come.
    ///
    /// # Errors
    /// What went wrong instead.
    pub async fn until_accepted(&self, count: usize) -> Result<(), Problem> {
        self.until(|transcript| transcript.connections.len() >= count).await
    }

    /// Waits until what was received is as wanted.
    ///
    /// # Errors
    /// What went wrong instead.
    pub async fn until(&self, is_so: impl Fn(&Transcript) -> bool) -> Result<(), Problem> {
        self.shared.until(|state| is_so(&state.transcript)).await
    }

    /// The first problem, as soon as there is one.
    pub async fn failed(&self) -> Problem {
        match self.shared.watch(|_| false).await {
            Some(problem) => problem,
            None => std::future::pending().await,
        }
    }

    /// Waits until every scripted connection has done all its steps, and gives what was received.
    ///
    /// # Errors
    /// A frame that was not expected, an end too early, a connection too many, or nothing at all for [`PATIENCE`].
    pub async fn finished(&self) -> Result<Transcript, Problem> {
        self.shared.until(|state| state.to_do == 0).await?;
        Ok(self.transcript())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, script: Script, shared: Arc<Shared>) {
    let mut crowd = Crowd::default();
    for index in 0.. {
        let waits = || {
            shared.tell(|| Told::new("full", index, full()));
        };
        let (stream, from) = crowd.next(&listener, waits).await;
        let scripted = index < script.connections.len();
        shared.accepted(index);
        shared.tell(|| Told::new("connection", index, format!("from {from}")));
        match script.connection(index) {
            Some(connection) => {
                crowd.add(play(stream, Arc::clone(connection), index, scripted, Arc::clone(&shared)));
            }
            None => shared.problem(index, format!("connection {} is not in the script", index + 1)),
        }
    }
}

#[cfg(test)]
mod tests;
