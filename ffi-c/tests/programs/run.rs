//! How a program is run, and what it is run against.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use steadywire_hub::{Hub, HubHandle};
use tokio::runtime::Runtime;

use crate::build::compile;

/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(600);

/// A compiled program.
pub(crate) struct Program {
    name: &'static str,
    path: PathBuf,
}

/// A program that runs and talks to its test.
pub(crate) struct Running {
    name: &'static str,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Program {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, path: compile(name) }
    }

    /// Runs it to its good end.
    pub(crate) fn run(&self, arguments: &[&str]) {
        self.start(arguments).finish();
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let under = std::env::var("STEADYWIRE_RUN_UNDER").unwrap_or_default();
        let mut words = under.split_whitespace();
        let mut command = match words.next() {
            Some(word) => {
                let mut command = Command::new(word);
                command.args(words).arg(&self.path);
                command
            }
            None => Command::new(&self.path),
        };
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Running { name: self.name, child, stdin, stdout }
    }
}

impl Running {
    /// The next line that the program prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        if line.is_empty() {
            let errors = self.errors();
            panic!("{} has ended: {errors}", self.name);
        }
        line.trim_end().to_owned()
    }

    /// Sends the program a line.
    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn finish(mut self) {
        let status = self.end();
        let errors = self.errors();
        assert!(status.success(), "{} ended with {status}:\n{errors}", self.name);
    }

    /// How the program ends, and what it says to that.
    pub(crate) fn fail(mut self) -> (ExitStatus, String) {
        let status = self.end();
        (status, self.errors())
    }

    fn end(&mut self) -> ExitStatus {
        drop(self.stdin.take());
        let started = Instant::now();
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status,
                None if started.elapsed() > PATIENCE => {
                    let _ = self.child.kill();
                    panic!("{} does not end", self.name);
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    fn errors(&mut self) -> String {
        let mut text = String::new();
        let _ = self.child.stderr.take().unwrap().read_to_string(&mut text);
        text
    }
}

/// What servers run on.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// A hub on a free port.
pub(crate) fn hub(runtime: &Runtime) -> HubHandle {
    runtime.block_on(Hub::builder().listen("127.0.0.1:0").start()).unwrap()
}
