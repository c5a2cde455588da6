//! The process-wide runtime: one thread for all sockets and timers of all clients, and the threads of what may block.
//!
//! It is never shut down, so that a client may be dropped at any time and on any thread. After a fork the
//! child has no such thread; it gets a runtime of its own and never touches the inherited one.

use std::io;
use std::sync::Arc;

use once_cell::sync::OnceCell;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::clock;
use super::pool::{Host, Pool, RETRY, Work};
use super::process::PerProcess;
use crate::error::{Error, ErrorKind};

/// How many tasks run before sockets are looked at again: few, since one of ours may read a burst of frames.
const EVENT_INTERVAL: u32 = 16;

static ENGINE: PerProcess<OnceCell<Engine>> = PerProcess::new(OnceCell::new(), OnceCell::new);

/// What a process has one of.
struct Engine {
    handle: Handle,
    callbacks: Arc<Pool>,
    /// Apart, so that callbacks that block for ever hold up no link.
    links: Arc<Pool>,
    tls: tokio::sync::OnceCell<Arc<rustls::ClientConfig>>,
}

/// Runs `work`, which may block, on the pool that the dispatchers of all clients share. While the system has no thread
/// to give it waits. No lock may be held.
///
/// # Errors
/// The runtime of this process could not be started.
pub fn spawn_blocking(work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    engine()?.callbacks.run(Box::new(work));
    Ok(())
}

/// What `work`, which may block, gives: for attempts, which look up names and read files. `None` = it panicked.
///
/// # Errors
/// The runtime of this process could not be started.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<Option<T>, Error> {
    let (sender, receiver) = oneshot::channel();
    // Nobody listens where the attempt has been abandoned.
    engine()?.links.run(Box::new(move || drop(sender.send(work()))));
    Ok(receiver.await.ok())
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
    ENGINE.get().get_or_try_init(|| start(start_thread))
}

fn start(start_thread: impl FnOnce(&str, Work) -> io::Result<()>) -> Result<Engine, Error> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .event_interval(EVENT_INTERVAL)
        .build()
        .map_err(failed)?;
    let handle = runtime.handle().clone();
    let drive = move || runtime.block_on(std::future::pending::<()>());
    start_thread("steadywire-io", Box::new(drive)).map_err(failed)?;
    let system = || Box::new(System(handle.clone()));
    let callbacks = Pool::new(system(), "steadywire-work", "callback");
    let links = Pool::new(system(), "steadywire-dns", "link");
    Ok(Engine { handle, callbacks, links, tls: tokio::sync::OnceCell::new() })
}

fn failed(error: io::Error) -> Error {
    Error::with_cause(ErrorKind::LimitReached, format!("the I/O thread could not be started: {error}"), error)
}

/// The threads of the system, and the time of the runtime.
struct System(Handle);

impl Host for System {
    fn start(&self, name: &str, work: Work) -> io::Result<()> {
        start_thread(name, work)
    }

    fn later(&self, work: Work) {
        self.0.spawn(async {
            clock::pause(RETRY).await;
            work();
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "all threads of the library start here")]
fn start_thread(name: &str, work: Work) -> io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
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
    fn a_thread_that_cannot_be_started_is_an_error_of_the_call_that_needs_it() {
        let error = start(|_, _| Err(io::ErrorKind::WouldBlock.into())).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::LimitReached);
        assert!(error.message().contains("I/O thread"), "{error}");
    }

    #[test]
    fn what_waits_for_a_thread_is_tried_again_by_the_runtime() {
        let (sender, receiver) = std::sync::mpsc::channel();
        System(handle().unwrap().clone()).later(Box::new(move || sender.send(()).unwrap()));
        receiver.recv().unwrap();
    }

    #[test]
    fn blocking_work_runs_beside_the_io_thread() {
        let (sender, receiver) = std::sync::mpsc::channel();
        spawn_blocking(move || sender.send(std::thread::current().name().map(str::to_owned)).unwrap()).unwrap();
        assert_eq!(receiver.recv().unwrap().as_deref(), Some("steadywire-work"));
    }
}
