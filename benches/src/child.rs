//! One process per part: each server and each contestant is this program again, told its role on
//! the command line, answering on its standard output in lines of JSON.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::corpus::Corpus;

/// The hidden argument in front of a role.
pub(crate) const FLAG: &str = "--as";
/// A part that takes longer than this ends itself, and the run with it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Contestant {
    Steadywire,
    /// Blocking socket, frame walk, serde_json.
    Walk,
    /// Bare tokio-tungstenite, serde_json.
    Tungstenite,
    /// Blocking socket, bytes alone: the floor.
    Bytes,
    /// Steadywire through its C library: benches/c/ours.c.
    C,
    /// Boost.Beast in a blocking loop, simdjson: benches/c/beast.cpp.
    Beast,
    /// libwebsockets, simdjson: benches/c/lws.cpp.
    Lws,
}

/// What a process of this program is to do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Role {
    Blaster { corpus: Corpus, events: u64, per_second: Option<u32> },
    EchoServer { core: usize },
    Sink,
    Reader { contestant: Contestant, port: u16, corpus: Corpus, events: u64 },
    Echo { contestant: Contestant, port: u16, core: usize, rounds: usize },
    Idle { contestant: Contestant, port: u16, connections: usize },
    Sender { contestant: Contestant, port: u16, messages: u64 },
    Laggard { port: u16 },
}

impl Contestant {
    /// Those that are programs of their own.
    pub(crate) const OUTSIDE: [Self; 3] = [Self::C, Self::Beast, Self::Lws];

    /// The file name of a program of its own; `None` for those in this one.
    pub(crate) fn program(self) -> Option<&'static str> {
        match self {
            Self::C => Some("ours"),
            Self::Beast => Some("beast"),
            Self::Lws => Some("lws"),
            Self::Steadywire | Self::Walk | Self::Tungstenite | Self::Bytes => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Steadywire => "Steadywire",
            Self::Walk => "raw socket walk + serde_json",
            Self::Tungstenite => "tokio-tungstenite + serde_json",
            Self::Bytes => "raw socket, bytes alone",
            Self::C => "Steadywire, C callback",
            Self::Beast => "Boost.Beast + simdjson",
            Self::Lws => "libwebsockets + simdjson",
        }
    }
}

/// A running part.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    lines: BufReader<ChildStdout>,
}

/// What a server says first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listening {
    pub(crate) port: u16,
}

impl Child {
    pub(crate) fn start(role: Role) -> io::Result<Self> {
        Self::spawn(Command::new(std::env::current_exe()?).args([FLAG, &serde_json::to_string(&role)?]))
    }

    fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
        Ok(Self { process, lines: BufReader::new(stdout) })
    }

    /// Starts a server and waits until it listens.
    pub(crate) fn serve(role: Role) -> io::Result<(Self, u16)> {
        let mut child = Self::start(role)?;
        let listening: Listening = child.line()?;
        Ok((child, listening.port))
    }

    /// Runs a contestant to its end and returns what it reports.
    pub(crate) fn run<T: DeserializeOwned>(role: Role) -> io::Result<T> {
        Self::start(role)?.finish()
    }

    /// Runs a contestant that is a program of its own, told the URL and the tasks, likewise.
    pub(crate) fn run_program<T: DeserializeOwned>(program: &Path, port: u16, tasks: &[String]) -> io::Result<T> {
        let named = |error| io::Error::other(format!("{}: {error}", program.display()));
        Self::spawn(Command::new(program).arg(format!("ws://127.0.0.1:{port}/ws")).args(tasks)).map_err(named)?.finish()
    }

    /// Tells the part to end, and returns what it reports.
    pub(crate) fn finish<T: DeserializeOwned>(mut self) -> io::Result<T> {
        drop(self.process.stdin.take());
        let report = self.line();
        let status = self.process.wait()?;
        if status.success() { report } else { Err(io::Error::other(format!("a part ended with {status}"))) }
    }

    fn line<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        let mut line = String::new();
        self.lines.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Already ended where all went well; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Says one line to the process that started this one.
pub(crate) fn report(what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

/// Blocks until the process that started this one says to end, or has ended.
pub(crate) fn told_to_end() {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
}

/// Ends this process when it takes too long.
pub(crate) fn watch_the_time() {
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE);
        std::process::exit(3);
    });
}
