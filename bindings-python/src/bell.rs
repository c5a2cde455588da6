//! Wakes whoever takes the events: a thread that waits, or an event loop that watches a file descriptor.

use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Rung by any thread of Rust, without the interpreter.
#[derive(Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    ringing: Condvar,
    #[cfg(unix)]
    pipe: OnceLock<Pipe>,
}

impl Bell {
    /// Wakes the waiting thread and makes the descriptor readable. Once is as good as often.
    pub(crate) fn ring(&self) {
        let mut rung = self.lock();
        if std::mem::replace(&mut *rung, true) {
            return;
        }
        #[cfg(unix)]
        if let Some(pipe) = self.pipe.get() {
            pipe.fill();
        }
        drop(rung);
        self.ringing.notify_all();
    }

    /// Waits until the bell has rung since the last call, or for `time`. Says whether it has.
    pub(crate) fn wait(&self, time: Option<Duration>) -> bool {
        let rung = self.lock();
        let mut rung = match time {
            None => self.ringing.wait_while(rung, |rung| !*rung).unwrap_or_else(PoisonError::into_inner),
            Some(time) => {
                let waited = self.ringing.wait_timeout_while(rung, time, |rung| !*rung);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        self.silence(&mut rung)
    }

    /// Takes note of the ringing without waiting; the descriptor is no longer readable. Says whether it has rung.
    pub(crate) fn hush(&self) -> bool {
        self.silence(&mut self.lock())
    }

    /// A descriptor that is readable while the bell has rung. It lives as long as the bell.
    #[cfg(unix)]
    pub(crate) fn descriptor(&self) -> std::io::Result<i32> {
        let rung = self.lock();
        if let Some(pipe) = self.pipe.get() {
            return Ok(pipe.descriptor());
        }
        let pipe = self.pipe.get_or_init({
            let pipe = Pipe::new()?;
            || pipe
        });
        if *rung {
            pipe.fill();
        }
        Ok(pipe.descriptor())
    }

    fn silence(&self, rung: &mut bool) -> bool {
        let had = std::mem::take(rung);
        #[cfg(unix)]
        if let Some(pipe) = self.pipe.get().filter(|_| had) {
            pipe.empty();
        }
        had
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Two ends of a stream in which at most one byte waits.
#[cfg(unix)]
struct Pipe {
    read: std::os::unix::net::UnixStream,
    write: std::os::unix::net::UnixStream,
}

#[cfg(unix)]
impl Pipe {
    fn new() -> std::io::Result<Self> {
        let (read, write) = std::os::unix::net::UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        Ok(Self { read, write })
    }

    fn descriptor(&self) -> i32 {
        std::os::fd::AsRawFd::as_raw_fd(&self.read)
    }

    fn fill(&self) {
        // A stream that is full is readable as well.
        let _ = std::io::Write::write(&mut &self.write, &[1]);
    }

    fn empty(&self) {
        // Empty already is what it should be.
        let _ = std::io::Read::read(&mut &self.read, &mut [0; 8]);
    }
}
