//! The process-wide runtime: one thread for all sockets and timers of all clients, and the threads of callbacks.
//!
//! It is never shut down, so that a client may be dropped at any time and on any thread. After a fork the
//! child has no such thread; it gets a runtime of its own and never touches the inherited one.

use std::sync::Arc;

use once_cell::sync::OnceCell;
use tokio::runtime::{Builder, Handle};

use super::pool::Pool;
use super::process::PerProcess;
use crate::error::{Error, ErrorKind};

/// How many tasks run before sockets are looked at again: few, since one of ours may read a burst of frames.
const EVENT_INTERVAL: u32 = 16;

static ENGINE: PerProcess<OnceCell<Engine>> = PerProcess::new(OnceCell::new(), OnceCell::new);

/// What a process has one of.
struct Engine {
    handle: Handle,
    pool: Arc<Pool>,
    tls: tokio::sync::OnceCell<Arc<rustls::ClientConfig>>,
}

/// Runs `work`, which may block, on the pool that the dispatchers of all clients share.
///
/// # Errors
/// No thread could be started.
pub fn spawn_blocking(work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    engine()?.pool.run(Box::new(work)).map_err(|error| no_thread(error, "dispatch"))
}

/// The runtime of this process, started on first use.
pub(super) fn handle() -> Result<&'static Handle, Error> {
    Ok(&engine()?.handle)
}

/// What links are secured with where nothing was configured, for all clients of this process.
pub(super) fn tls() -> Result<&'static tokio::sync::OnceCell<Arc<rustls::ClientConfig>>, Error> {
    Ok(&engine()?.tls)
}

fn engine() -> Result<&'static Engine, Error> {
    ENGINE.get().get_or_try_init(start)
}

fn start() -> Result<Engine, Error> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .event_interval(EVENT_INTERVAL)
        .thread_name("steadywire-dns")
        .build()
        .map_err(|error| no_thread(error, "I/O"))?;
    let handle = runtime.handle().clone();
    let thread = std::thread::Builder::new().name("steadywire-io".to_owned());
    #[expect(clippy::disallowed_methods, reason = "the one thread that does all I/O starts here")]
    thread.spawn(move || runtime.block_on(std::future::pending::<()>())).map_err(|error| no_thread(error, "I/O"))?;
    Ok(Engine { handle, pool: Arc::default(), tls: tokio::sync::OnceCell::new() })
}

fn no_thread(error: std::io::Error, what: &str) -> Error {
    Error::with_cause(ErrorKind::LimitReached, format!("no {what} thread could be started: {error}"), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_runtime_on_one_named_thread() {
        let (first, second) = (handle().unwrap(), handle().unwrap());
        assert_eq!(first.id(), second.id());
        let (sender, receiver) = std::sync::mpsc::channel();
        first.spawn(async move { sender.send(std::thread::current().name().map(str::to_owned)).unwrap() });
        assert_eq!(receiver.recv().unwrap().as_deref(), Some("steadywire-io"));
    }

    #[test]
    fn blocking_work_runs_beside_the_io_thread() {
        let (sender, receiver) = std::sync::mpsc::channel();
        spawn_blocking(move || sender.send(std::thread::current().name().map(str::to_owned)).unwrap()).unwrap();
        assert_eq!(receiver.recv().unwrap().as_deref(), Some("steadywire-work"));
    }
}
