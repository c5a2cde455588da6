//! What the tests of the program share: a hub to talk to, and the program itself.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(unix)]
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use steadywire_hub::{Hub, HubHandle};
use tokio::sync::oneshot;

/// A URL where nobody listens. Port 1 is reserved.
pub const NOWHERE: &str = "ws://127.0.0.1:1/ws";

/// The program with these arguments, cut off from the environment's settings.
pub fn steadywire(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadywire"));
    command.args(arguments).env_remove("STEADYWIRE_URL").env_remove("STEADYWIRE_TOKEN").stdin(Stdio::null());
    command
}

/// A certificate for this machine and its key, as files in a folder.
pub fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}

/// Runs the program to its end.
#[track_caller]
pub fn output(arguments: &[&str]) -> Output {
    steadywire(arguments).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A hub in this process.
pub struct TestHub {
    pub url: String,
    pub handle: Arc<HubHandle>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestHub {
    pub fn start() -> Self {
        let (tell, told) = sync_channel(1);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tell.send(Arc::new(Hub::builder().start().await.unwrap())).unwrap();
                let _ = stopped.await;
            });
        });
        let handle = told.recv().unwrap();
        Self { url: handle.url(), handle, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for TestHub {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The program, while its output is read line by line.
pub struct Reading {
    pub child: Child,
    lines: BufReader<ChildStdout>,
}

impl Reading {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line, without its end.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = Vec::new();
        let read = self.lines.read_until(b'\n', &mut line).unwrap();
        if read == 0 {
            let mut stderr = String::new();
            self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
            panic!("the output ended; standard error: {stderr}");
        }
        text(&line).trim_end_matches('\n').to_owned()
    }

    /// Reads up to the first line that contains `part`, and gives it back with those before it.
    #[track_caller]
    pub fn until(&mut self, part: &str) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            all.push(self.line());
            if all.last().is_some_and(|line| line.contains(part)) {
                return all;
            }
        }
    }

    /// Reads the rest and waits for the end: status, the rest of standard output, standard error.
    pub fn finish(mut self) -> (Option<i32>, String, String) {
        let mut rest = Vec::new();
        self.lines.read_to_end(&mut rest).unwrap();
        let mut stderr = Vec::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            pipe.read_to_end(&mut stderr).unwrap();
        }
        (self.child.wait().unwrap().code(), text(&rest), text(&stderr))
    }

    /// Like `finish`, and fails where the rest of standard output is longer than this many bytes.
    #[track_caller]
    pub fn finish_within(mut self, bytes: u64) -> (Option<i32>, String, String) {
        let mut rest = Vec::new();
        self.lines.by_ref().take(bytes + 1).read_to_end(&mut rest).unwrap();
        assert!(rest.len() as u64 <= bytes, "it goes on after {bytes} bytes");
        let (status, _, stderr) = self.finish();
        (status, text(&rest), stderr)
    }

    /// Closes our end of its standard output.
    pub fn hang_up(self) -> Child {
        self.child
    }

    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }
}

/// The program under a terminal of ours.
#[cfg(unix)]
pub struct AtTerminal {
    pub child: Child,
    pub terminal: std::fs::File,
    seen: String,
}

#[cfg(unix)]
impl AtTerminal {
    pub fn start(arguments: &[&str]) -> Self {
        let (master, slave) = pty_process::blocking::open().unwrap();
        master.resize(pty_process::Size::new(33, 77)).unwrap();
        let command = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_steadywire"))
            .args(arguments)
            .env("TERM", "xterm")
            .env_remove("STEADYWIRE_URL")
            .env_remove("STEADYWIRE_TOKEN");
        let child = command.spawn(slave).unwrap();
        let terminal = std::fs::File::from(master.as_fd().try_clone_to_owned().unwrap());
        Self { child, terminal, seen: String::new() }
    }

    pub fn type_in(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads until what was shown since the last call contains `part`.
    #[track_caller]
    pub fn until(&mut self, part: &str) -> String {
        let mut block = [0; 4096];
        loop {
            if let Some(at) = self.seen.find(part) {
                let rest = self.seen.split_off(at + part.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            match self.terminal.read(&mut block) {
                Ok(count) if count > 0 => self.seen.push_str(&text(&block[..count])),
                _ => panic!("the terminal closed after {:?}", self.seen),
            }
        }
    }

    pub fn finish(mut self) -> (i32, String) {
        let mut block = [0; 4096];
        while let Ok(count @ 1..) = self.terminal.read(&mut block) {
            self.seen.push_str(&text(&block[..count]));
        }
        let status = self.child.wait().unwrap();
        (status.code().or(status.signal()).unwrap(), self.seen)
    }
}
