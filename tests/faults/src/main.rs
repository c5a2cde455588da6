//! `steadywire-faults FILE NAME`: plays the server half of a scenario, for runners in other languages.
//!
//! Prints the url, then `finished` once every step is done, or `failed` and what went wrong. When its input ends it
//! prints all that it received as JSON and goes; the status is 0 if all went as scripted.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail by it"))]

use std::io::{Read, Write};
use std::process::ExitCode;

use serde_json::Value;
use steadywire_faults::{Script, Server};
use tokio::sync::oneshot;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let script = match arguments.as_slice() {
        [file, name] => load(file, name),
        _ => Err("usage: steadywire-faults FILE NAME".to_owned()),
    };
    match script {
        Ok(script) => play(script).await,
        Err(problem) => {
            say(&format!("failed\n{problem}"));
            ExitCode::from(2)
        }
    }
}

fn load(file: &str, name: &str) -> Result<Script, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let list: Vec<Value> = serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
    let vector = list.iter().find(|vector| vector["name"] == name).ok_or(format!("{file} has no {name}"))?;
    Script::from_json(&vector["server"])
}

async fn play(script: Script) -> ExitCode {
    let server = Server::start(script).await;
    say(&server.url());
    let (ended, mut end) = oneshot::channel();
    // A thread of its own: reading cannot be given up, and it must not keep the process.
    std::thread::spawn(move || {
        // However it ends, the runner wants no more.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    let early = tokio::select! {
        finished = server.finished() => {
            match finished {
                Ok(_) => say("finished"),
                Err(problem) => say(&format!("failed\n{}", problem.text)),
            }
            false
        }
        _ = &mut end => true,
    };
    if !early {
        // An error is the end as well.
        let _ = end.await;
    }
    let good = !early && server.finished().await.is_ok();
    say(&server.transcript().to_json().to_string());
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // A runner that no longer listens has gone.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
