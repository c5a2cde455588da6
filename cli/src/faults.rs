//! `steadywire faults`: a server that misbehaves on purpose, for people to point their own programs at.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use serde_json::json;
use steadywire_faults::{Loaded, READY, Ready, Server, Tell};
use tokio::net::TcpListener;
use tokio::sync::mpsc::channel;

use crate::args::FaultsArgs;
use crate::exit::{Exit, fail};
use crate::serve::told_to_stop;

/// Plays a script until Ctrl-C or SIGTERM; with --strict until the first problem.
pub(crate) fn faults(args: &FaultsArgs) -> Exit {
    if args.list {
        return list(args.json);
    }
    let Some(name) = &args.script else {
        return fail(Exit::Usage, "which script? --list names those that are there; a file does as well");
    };
    let loaded = match load(name) {
        Ok(loaded) => loaded,
        Err(problem) => return fail(Exit::Usage, problem),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::Lost, format_args!("cannot start: {error}")),
    };
    runtime.block_on(play(args, loaded))
}

async fn play(args: &FaultsArgs, loaded: Loaded) -> Exit {
    let mut script = loaded.script;
    if args.again {
        script = script.starting_over();
    }
    if !args.strict {
        script = script.lenient();
    }
    // Before it is said that the server is there: who reads that may end us at once.
    let told = match told_to_stop() {
        Ok(told) => told,
        Err(error) => return fail(Exit::Lost, format_args!("signals cannot be received: {error}")),
    };
    let address = SocketAddr::from(([127, 0, 0, 1], args.port));
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => return fail(Exit::Lost, format_args!("cannot listen on {address}: {error}")),
    };
    let (as_json, strict) = (args.json, args.strict);
    // The first problem is the one that counts.
    let (failed, mut problem) = channel(1);
    // Until it is said where the server is, it plays nothing: there is one thread, and this function has it.
    let server = Server::telling(
        listener,
        script,
        Tell::new(move |told| {
            say(if as_json { told.to_json().to_string() } else { told.to_string() });
            if strict && told.kind == "problem" {
                // Full: there is one already.
                let _ = failed.try_send(());
            }
        }),
    );
    let url = server.url();
    if as_json {
        say(json!({ "event": "listening", "url": url, "about": loaded.about }).to_string());
    } else {
        say(format!("listening on {url}"));
        if !loaded.about.is_empty() {
            say(loaded.about);
        }
    }
    tokio::select! {
        () = told => Exit::Complete,
        Some(()) = problem.recv() => Exit::TaskError,
    }
}

/// A file, or a script that is there by name.
fn load(name: &str) -> Result<Loaded, String> {
    if let Some(ready) = Ready::named(name) {
        return Loaded::read(ready.text).map_err(|problem| format!("{name}: {problem}"));
    }
    let known = || READY.iter().map(|ready| ready.name).collect::<Vec<_>>().join(", ");
    match fs::read_to_string(Path::new(name)) {
        Ok(text) => Loaded::read(&text).map_err(|problem| format!("{name}: {problem}")),
        Err(error) => Err(format!("{name} is neither a file ({error}) nor one of {}", known())),
    }
}

fn list(as_json: bool) -> Exit {
    for ready in READY {
        match Loaded::read(ready.text) {
            Ok(loaded) if as_json => say(json!({ "name": ready.name, "about": loaded.about }).to_string()),
            Ok(loaded) => say(format!("{:15} {}", ready.name, loaded.about)),
            Err(problem) => return fail(Exit::Usage, format_args!("{}: {problem}", ready.name)),
        }
    }
    Exit::Complete
}

fn say(line: impl AsRef<str>) {
    // Whoever closed our output wants to hear nothing, not to stop the server.
    let _ = writeln!(io::stdout(), "{}", line.as_ref());
}
