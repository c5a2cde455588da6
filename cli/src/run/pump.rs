//! One output of the command, passed on to ours.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};

use super::child::{Observer, Stream};
use super::signals::Target;

const BLOCK_BYTES: usize = 64 * 1024;

/// How long output may pause after the command has ended before we stop reading. Only processes
/// that it left behind keep the other end open that long.
const DRAIN_PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// How long those processes are heard after the command has ended if they do not pause.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// Most bytes of theirs: more than a pseudo-terminal can hold of the command's own.
const MAX_DRAIN_BYTES: usize = 4 * 1024 * 1024;

/// Copies one output of the command to ours.
pub(super) struct Pump {
    /// The command's output.
    pub(super) source: OwnedFd,
    /// Ours.
    pub(super) sink: File,
    /// Which one it is.
    pub(super) stream: Stream,
    /// Whether it is a pseudo-terminal's.
    pub(super) terminal: bool,
    /// Closed at the other end once the command has ended.
    pub(super) ended: Arc<OwnedFd>,
    /// Knows whether somebody wants us gone.
    pub(super) target: Arc<Target>,
    /// Who is told what was copied.
    pub(super) observer: Arc<dyn Observer>,
}

impl Pump {
    /// Copies until the output ends. After the end of the command: what it has written, then what
    /// others write until they pause or have had their time, or somebody wants us gone.
    pub(super) fn run(&self) {
        let mut block = vec![0; BLOCK_BYTES];
        let mut drain: Option<Drain> = None;
        loop {
            if let Some(drain) = &drain
                && drain.is_over(Instant::now(), self.target.wants_us_gone())
            {
                return;
            }
            let mut fds = [PollFd::new(&self.source, PollFlags::IN), PollFd::new(&self.ended, PollFlags::IN)];
            let (watched, timeout) =
                if drain.is_some() { (&mut fds[..1], Some(&DRAIN_PAUSE)) } else { (&mut fds[..], None) };
            match poll(watched, timeout) {
                Ok(0) => return,
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(_) => return,
            }
            if drain.is_none() && !fds[1].revents().is_empty() {
                // Looked at first: a process that never pauses would keep us from seeing it.
                drain = Some(Drain::begin(self.held()));
            } else if !fds[0].revents().is_empty() {
                let count = match rustix::io::read(&self.source, &mut block) {
                    // A pseudo-terminal without a process on the other side answers EIO.
                    Ok(0) | Err(Errno::IO) => return,
                    Ok(count) => count,
                    Err(Errno::INTR | Errno::AGAIN) => continue,
                    Err(_) => return,
                };
                let passed = write_all(&self.sink, &block[..count]);
                self.observer.output(self.stream, &block[..count]);
                if passed.is_err() {
                    // Nobody reads us any more. Closing our end tells the command so.
                    return;
                }
                if let Some(drain) = &mut drain {
                    drain.seen += count;
                }
            }
        }
    }

    /// How much of the command's output waits, now that nothing of its own is added.
    fn held(&self) -> usize {
        // A pseudo-terminal holds more than it says; the system closes it when the command ends.
        let held = if self.terminal { None } else { ioctl_fionread(&self.source).ok() };
        held.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(MAX_DRAIN_BYTES)
    }
}

/// What is read after the end of the command.
struct Drain {
    held: usize,
    seen: usize,
    until: Instant,
}

impl Drain {
    fn begin(held: usize) -> Self {
        Self { held, seen: 0, until: Instant::now() + DRAIN_TIME }
    }

    /// What the command itself has written is passed on in any case, however slow our reader is.
    fn is_over(&self, now: Instant, leave: bool) -> bool {
        self.seen >= self.held && (leave || now >= self.until || self.seen >= MAX_DRAIN_BYTES)
    }
}

/// Writes all of it, also when somebody made the other side non-blocking.
pub(super) fn write_all(sink: impl AsFd, mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(&sink, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut fds = [PollFd::new(&sink, PollFlags::OUT)];
                if let Err(error) = poll(&mut fds, None)
                    && error != Errno::INTR
                {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, PipeReader, PipeWriter, Write};
    use std::sync::Mutex;

    /// A process left behind that has always written some more when it is looked.
    struct Endless {
        output: PipeWriter,
        more: Vec<u8>,
        seen: Mutex<Vec<u8>>,
    }

    impl Observer for Endless {
        fn output(&self, _: Stream, bytes: &[u8]) {
            let mut seen = self.seen.lock().unwrap();
            seen.extend_from_slice(bytes);
            assert!(seen.len() <= 2 * MAX_DRAIN_BYTES, "it goes on");
            (&self.output).write_all(&self.more).unwrap();
        }
    }

    /// What is passed on of a command that has written `own` and ended, and of what it left behind.
    fn pumped(own: &[u8], more: &[u8], target: Target) -> Vec<u8> {
        let (source, mut output) = io::pipe().unwrap();
        let (ended, command): (PipeReader, PipeWriter) = io::pipe().unwrap();
        output.write_all(own).unwrap();
        drop(command);
        let observer = Arc::new(Endless { output, more: more.to_vec(), seen: Mutex::default() });
        let sink = File::options().write(true).open("/dev/null").unwrap();
        let (source, ended, target) = (source.into(), Arc::new(ended.into()), Arc::new(target));
        let (stream, terminal) = (Stream::Out, false);
        Pump { source, sink, stream, terminal, ended, target, observer: observer.clone() }.run();
        std::mem::take(&mut *observer.seen.lock().unwrap())
    }

    #[test]
    fn who_wants_us_gone_gets_the_commands_own_output_and_nothing_else() {
        let target = Target::default();
        target.leave();
        assert_eq!(pumped(b"own", b"more", target), b"own");
    }

    #[test]
    fn a_process_left_behind_that_never_pauses_does_not_hold_us() {
        assert!(pumped(b"own", &[b'x'; 16 * 1024], Target::default()).starts_with(b"own"));
    }

    #[test]
    fn a_slow_reader_of_ours_loses_nothing_of_the_commands_own() {
        let begin = Instant::now();
        let mut drain = Drain { held: 10, seen: 9, until: begin + DRAIN_TIME };
        let late = begin + 10 * DRAIN_TIME;
        assert!(!drain.is_over(late, true));
        drain.seen = 10;
        assert!(!drain.is_over(begin, false), "others have their time");
        assert!(drain.is_over(late, false) && drain.is_over(begin, true));
        drain.seen = MAX_DRAIN_BYTES;
        assert!(drain.is_over(begin, false));
    }
}
