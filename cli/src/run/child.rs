//! The command: started, its output passed through, its end awaited.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::pty::{Terminal, open_pty};
use super::signals::Target;

const BLOCK_BYTES: usize = 64 * 1024;

/// How long output may pause after the command has ended before we stop reading. Only processes
/// that it left behind keep the other end open that long.
const DRAIN_PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Most bytes read after the command has ended: more than a pipe can hold.
const MAX_DRAIN_BYTES: usize = 4 * 1024 * 1024;

/// One of the command's two outputs. Under a pseudo-terminal everything is `Out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out = 0,
    /// Standard error.
    Err = 1,
}

/// Who is told what the command printed, after it was passed through.
pub(crate) trait Observer: Send + Sync {
    /// Takes a block. Called on the thread that reads: whoever waits in here stops the command.
    fn output(&self, stream: Stream, bytes: &[u8]);
}

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With this exit status.
    Status(u8),
    /// By this signal.
    Signal(i32),
}

/// Why the command could not be started.
#[derive(Debug)]
pub(crate) struct StartError {
    /// What a shell would exit with: 127 not found, 126 not executable.
    pub(crate) status: u8,
    /// Text for people.
    pub(crate) text: String,
}

/// A command that runs.
pub(crate) struct Running {
    child: Child,
    target: Arc<Target>,
    terminal: Option<Arc<Terminal>>,
    ended: io::PipeWriter,
    pumps: Vec<JoinHandle<()>>,
}

/// Starts the command, under a pseudo-terminal if `pty`, and begins to pass its output through.
pub(crate) fn start(
    command: &[OsString],
    pty: bool,
    target: &Arc<Target>,
    observer: &Arc<dyn Observer>,
) -> Result<Running, StartError> {
    let setup = |error: io::Error| StartError { status: 126, text: format!("cannot prepare to run: {error}") };
    let (ended_read, ended) = io::pipe().map_err(setup)?;
    let ended_read = Arc::new(OwnedFd::from(ended_read));
    let mut pumps = Vec::new();
    let mut pump = |source: OwnedFd, stream: Stream| {
        let sink = match stream {
            Stream::Out => io::stdout().as_fd().try_clone_to_owned(),
            Stream::Err => io::stderr().as_fd().try_clone_to_owned(),
        };
        let (sink, ended, observer) = (File::from(sink.map_err(setup)?), ended_read.clone(), observer.clone());
        pumps.push(std::thread::spawn(move || pass_through(&source, &sink, ended.as_fd(), stream, &*observer)));
        Ok(())
    };

    let (program, arguments) = command.split_first().ok_or(StartError { status: 127, text: "no command".into() })?;
    let not_started = |error: &io::Error| start_error(program, error);
    let mut terminal = None;
    let mut child;
    if pty {
        let (master, slave) = open_pty().map_err(setup)?;
        let mut command = pty_process::blocking::Command::new(program).args(arguments);
        let follow_input = rustix::termios::isatty(io::stdin());
        if !follow_input {
            command = command.stdin(Stdio::inherit());
        }
        if !rustix::termios::isatty(io::stderr()) {
            command = command.stderr(Stdio::piped());
        }
        child = command.spawn(slave).map_err(|error| not_started(&into_io(error)))?;
        let output = master.as_fd().try_clone_to_owned().map_err(setup)?;
        // First of all, so that our terminal leaves what the command writes as it is.
        terminal = Some(Terminal::take_over(master, follow_input, ended_read.clone()));
        pump(output, Stream::Out)?;
    } else {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        child = command.spawn().map_err(|error| not_started(&error))?;
    }
    if let Some(stdout) = child.stdout.take() {
        pump(stdout.into(), Stream::Out)?;
    }
    if let Some(stderr) = child.stderr.take() {
        pump(stderr.into(), Stream::Err)?;
    }
    target.started(pid_of(&child), terminal.clone());
    Ok(Running { child, target: target.clone(), terminal, ended, pumps })
}

impl Running {
    /// Waits for the end of the command and of its output, and gives the terminal back.
    pub(crate) fn wait(mut self) -> io::Result<End> {
        // The process is looked at before it is reaped, so that no signal is ever sent to a number
        // that the system has given to another process.
        let pid = pid_of(&self.child);
        while let Err(error) = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            if error != Errno::INTR {
                return Err(error.into());
            }
        }
        self.target.ended();
        let status = self.child.wait()?;
        drop(self.ended);
        for pump in self.pumps {
            // A pump that panicked has passed on what it could.
            drop(pump.join());
        }
        if let Some(terminal) = self.terminal {
            terminal.give_back();
        }
        Ok(end(status))
    }
}

fn end(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Status(u8::try_from(code & 0xff).unwrap_or(u8::MAX)),
        (None, signal) => End::Signal(signal.unwrap_or(0)),
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_child(child)
}

fn into_io(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(error) => error.into(),
    }
}

fn start_error(program: &OsString, error: &io::Error) -> StartError {
    let program = program.to_string_lossy();
    match error.kind() {
        io::ErrorKind::NotFound => StartError { status: 127, text: format!("{program}: command not found") },
        io::ErrorKind::PermissionDenied => StartError { status: 126, text: format!("{program}: permission denied") },
        _ => StartError { status: 126, text: format!("{program}: {error}") },
    }
}

/// Copies one output of the command to ours until it ends, or pauses after the command has ended.
fn pass_through(source: &OwnedFd, sink: &File, ended: BorrowedFd<'_>, stream: Stream, observer: &dyn Observer) {
    let mut block = vec![0; BLOCK_BYTES];
    let mut over = false;
    let mut drained = 0;
    loop {
        let mut fds = [PollFd::new(source, PollFlags::IN), PollFd::from_borrowed_fd(ended, PollFlags::IN)];
        let (watched, timeout) = if over { (&mut fds[..1], Some(&DRAIN_PAUSE)) } else { (&mut fds[..], None) };
        match poll(watched, timeout) {
            Ok(0) => return,
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
        if !fds[0].revents().is_empty() {
            let count = match rustix::io::read(source, &mut block) {
                // A pseudo-terminal without a process on the other side answers EIO.
                Ok(0) | Err(Errno::IO) => return,
                Ok(count) => count,
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(_) => return,
            };
            let passed = write_all(sink, &block[..count]);
            observer.output(stream, &block[..count]);
            if passed.is_err() {
                // Nobody reads us any more. Closing our end tells the command so.
                return;
            }
            if over {
                drained += count;
                if drained > MAX_DRAIN_BYTES {
                    return;
                }
            }
        } else if !fds[1].revents().is_empty() {
            over = true;
        }
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
    use std::sync::Mutex;

    #[derive(Default)]
    struct Recorder(Mutex<[Vec<u8>; 2]>);

    impl Observer for Recorder {
        fn output(&self, stream: Stream, bytes: &[u8]) {
            self.0.lock().unwrap()[stream as usize].extend_from_slice(bytes);
        }
    }

    fn run(pty: bool, command: &[&str]) -> (Result<End, StartError>, [String; 2]) {
        let recorder = Arc::new(Recorder::default());
        let observer: Arc<dyn Observer> = recorder.clone();
        let command: Vec<OsString> = command.iter().map(OsString::from).collect();
        let end = start(&command, pty, &Arc::default(), &observer).map(|running| running.wait().unwrap());
        let seen = recorder.0.lock().unwrap().each_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        (end, seen)
    }

    #[test]
    fn both_outputs_and_the_status_are_seen() {
        let (end, [out, err]) = run(false, &["sh", "-c", "echo out; echo err >&2; exit 7"]);
        assert_eq!((end.unwrap(), out.as_str(), err.as_str()), (End::Status(7), "out\n", "err\n"));
    }

    #[test]
    fn a_signal_is_told_from_a_status() {
        let (end, _) = run(false, &["sh", "-c", "kill -KILL $$"]);
        assert_eq!(end.unwrap(), End::Signal(9));
    }

    #[test]
    fn what_cannot_start_gets_the_status_of_shells() {
        assert_eq!(run(false, &["/nowhere/command"]).0.unwrap_err().status, 127);
        assert_eq!(run(true, &["/nowhere/command"]).0.unwrap_err().status, 127);
        assert_eq!(run(false, &["/"]).0.unwrap_err().status, 126);
    }

    #[test]
    fn under_a_pty_the_command_sees_a_terminal() {
        let (end, [out, _]) = run(true, &["sh", "-c", "test -t 1 && echo terminal; exit 3"]);
        assert_eq!((end.unwrap(), out.as_str()), (End::Status(3), "terminal\r\n"));
    }

    #[test]
    fn everything_written_before_the_end_arrives() {
        for pty in [false, true] {
            // More than a pipe holds.
            let (end, [out, _]) = run(pty, &["sh", "-c", "head -c 150000 /dev/zero | tr '\\0' x; echo end"]);
            assert_eq!(end.unwrap(), End::Status(0));
            assert_eq!(out.trim_end().len(), 150_003, "pty: {pty}");
            assert!(out.trim_end().ends_with("xend"), "pty: {pty}");
        }
    }

    #[test]
    fn a_process_left_behind_does_not_hold_us() {
        let recorder = Arc::new(Recorder::default());
        let observer: Arc<dyn Observer> = recorder.clone();
        let command: Vec<OsString> = ["sh", "-c", "sleep 600 & echo $!"].iter().map(OsString::from).collect();
        let end = start(&command, false, &Arc::default(), &observer).unwrap().wait().unwrap();
        assert_eq!(end, End::Status(0));
        let pid = String::from_utf8(recorder.0.lock().unwrap()[0].clone()).unwrap();
        let alive = Command::new("kill").arg(pid.trim()).status().unwrap();
        assert!(alive.success(), "the process left behind still ran when we had the end");
    }
}
