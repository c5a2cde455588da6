//! The command: started, its output passed through, its end awaited.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::pty::{Terminal, open_pty};
use super::pump::Pump;
use super::signals::Target;

/// How often it is looked whether somebody wants us gone while output is passed on after the end.
const SLICE: Duration = Duration::from_millis(20);

/// How long somebody who wants us gone waits for the readers of our output.
const LEAVE_TIME: Duration = Duration::from_secs(1);

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
    /// Closed once all output is passed on.
    passed: Receiver<()>,
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
    let (passing, passed) = sync_channel(0);
    let pump = |source: OwnedFd, stream: Stream, terminal: bool| {
        let sink = match stream {
            Stream::Out => io::stdout().as_fd().try_clone_to_owned(),
            Stream::Err => io::stderr().as_fd().try_clone_to_owned(),
        };
        let sink = File::from(sink.map_err(setup)?);
        let (ended, target, observer) = (ended_read.clone(), target.clone(), observer.clone());
        let pump = Pump { source, sink, stream, terminal, ended, target, observer };
        let passing: SyncSender<()> = passing.clone();
        std::thread::spawn(move || {
            pump.run();
            // Also dropped by a pump that panicked: it has passed on what it could.
            drop(passing);
        });
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
        pump(output, Stream::Out, true)?;
    } else {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        child = command.spawn().map_err(|error| not_started(&error))?;
    }
    if let Some(stdout) = child.stdout.take() {
        pump(stdout.into(), Stream::Out, false)?;
    }
    if let Some(stderr) = child.stderr.take() {
        pump(stderr.into(), Stream::Err, false)?;
    }
    target.started(pid_of(&child), terminal.clone());
    Ok(Running { child, target: target.clone(), terminal, ended, passed })
}

impl Running {
    /// Waits for the end of the command and of its output, and gives the terminal back. Who wants us
    /// gone by then does not wait for a reader of ours that reads nothing.
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
        let mut until = None;
        while self.passed.recv_timeout(SLICE) == Err(RecvTimeoutError::Timeout) {
            let now = Instant::now();
            if self.target.wants_us_gone() && now >= *until.get_or_insert(now + LEAVE_TIME) {
                break;
            }
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
