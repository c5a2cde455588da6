//! A language's driver: a small program over the library that does what it is told line by line.
//! tests/conformance/README.md describes the lines.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

/// How long a driver may say nothing while something is waited for. It ends runs that would hang, and is never waited
/// for in those that pass.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lines that wait to be taken; a driver that says more waits.
const LINES: usize = 1024;

/// A running driver. Dropping it ends it.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    input: ChildStdin,
    lines: mpsc::Receiver<String>,
}

/// What a driver says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The call has begun.
    Called(String),
    /// The call itself failed, with an error of that kind.
    Refused(String, String),
    /// An event, as the listener for all of them was told.
    Event(Value),
    /// What the provider of credentials was asked.
    Asked(Value),
    /// The call of that name was answered.
    Answer(String, Value),
    /// The call of that name failed with an error of that kind.
    Failed(String, String),
    /// The follow of that name gave an event.
    Followed(String, Value),
}

impl Driver {
    /// Starts the program.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &[String]) -> Result<Self, String> {
        let (program, arguments) = command.split_first().ok_or("a driver needs a program")?;
        let spawned = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("{program}: {error}"))?;
        let input = child.stdin.take().expect("it is piped");
        let output = child.stdout.take().expect("it is piped");
        let (into, lines) = mpsc::channel(LINES);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if into.blocking_send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, input, lines })
    }

    /// Tells it something.
    ///
    /// # Errors
    /// If it has gone, or a field holds what ends one.
    pub fn tell(&mut self, fields: &[&str]) -> Result<(), String> {
        if fields.iter().any(|field| field.contains(['\t', '\n', '\r'])) {
            return Err(format!("a field of {fields:?} holds a tab or an end of line"));
        }
        let line = format!("{}\n", fields.join("\t"));
        self.input.write_all(line.as_bytes()).map_err(|error| format!("the driver has gone: {error}"))
    }

    /// The next that it says.
    ///
    /// # Errors
    /// If it says nothing for a long time, has gone, or nobody understands it.
    pub async fn hear(&mut self) -> Result<Said, String> {
        match tokio::time::timeout(PATIENCE, self.lines.recv()).await {
            Ok(Some(line)) => parse(&line),
            Ok(None) => Err("the driver has gone".to_owned()),
            Err(_) => Err("nothing came of it".to_owned()),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Either fails where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn parse(line: &str) -> Result<Said, String> {
    let wrong = || format!("the driver says what nobody understands: {line}");
    let fields: Vec<&str> = line.split('\t').collect();
    let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| format!("{error} in {line}"));
    Ok(match fields.as_slice() {
        ["called", name] => Said::Called((*name).to_owned()),
        ["refused", name, kind] => Said::Refused((*name).to_owned(), (*kind).to_owned()),
        ["event", text] => Said::Event(json(text)?),
        ["asked", text] => Said::Asked(json(text)?),
        ["answer", name, text] => Said::Answer((*name).to_owned(), json(text)?),
        ["failed", name, kind] => Said::Failed((*name).to_owned(), (*kind).to_owned()),
        ["followed", name, text] => Said::Followed((*name).to_owned(), json(text)?),
        _ => return Err(wrong()),
    })
}
