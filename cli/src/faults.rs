//! `steadywire faults`: a server or a proxy that misbehaves on purpose, for people to point their own programs at.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use serde_json::json;
use steadywire_faults::{Chaos, FaultKind, Loaded, Proxy, READY, Ready, Server, Tell, Told, Upstream};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::channel;

use crate::args::{ChaosArgs, FaultsArgs};
use crate::exit::{Exit, fail};
use crate::serve::told_to_stop;

/// Plays a script, or stands before a server, until Ctrl-C or SIGTERM; with --strict until the first problem.
pub(crate) fn faults(args: &FaultsArgs) -> Exit {
    if args.list {
        return list(args.json);
    }
    if let Some(upstream) = &args.proxy {
        return run(|runtime| runtime.block_on(stand_before(args, upstream.clone())));
    }
    let Some(name) = &args.script else {
        return fail(
            Exit::Usage,
            "which script? --list names those that are there; a file does as well; --proxy URL needs none",
        );
    };
    match load(name) {
        Ok(loaded) => run(|runtime| runtime.block_on(play(args, loaded))),
        Err(problem) => fail(Exit::Usage, problem),
    }
}

fn run(act: impl FnOnce(&Runtime) -> Exit) -> Exit {
    match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => act(&runtime),
        Err(error) => fail(Exit::Lost, format_args!("cannot start: {error}")),
    }
}

async fn play(args: &FaultsArgs, loaded: Loaded) -> Exit {
    let mut script = loaded.script;
    if args.again {
        script = script.starting_over();
    }
    if !args.strict {
        script = script.lenient();
    }
    let (told, listener) = match begin(args).await {
        Ok(begun) => begun,
        Err(problem) => return fail(Exit::Lost, problem),
    };
    let (as_json, strict) = (args.json, args.strict);
    // The first problem is the one that counts.
    let (failed, mut problem) = channel(1);
    // Until it is said where the server is, it plays nothing: there is one thread, and this function has it.
    let server = Server::telling(
        listener,
        script,
        Tell::new(move |told| {
            say_told(&told, as_json);
            if strict && told.kind == "problem" {
                // Full: there is one already.
                let _ = failed.try_send(());
            }
        }),
    );
    say_listening(&server.url(), &loaded.about, as_json);
    tokio::select! {
        () = told => Exit::Complete,
        Some(()) = problem.recv() => Exit::TaskError,
    }
}

async fn stand_before(args: &FaultsArgs, upstream: Upstream) -> Exit {
    let (told, listener) = match begin(args).await {
        Ok(begun) => begun,
        Err(problem) => return fail(Exit::Lost, problem),
    };
    let ChaosArgs { seed, faults, every, max_faults, .. } = &args.chaos;
    let kinds = if faults.is_empty() { Chaos::usual() } else { faults.clone() };
    let names: Vec<&str> = kinds.iter().copied().map(FaultKind::name).collect();
    let about = format!("before {upstream}, seed {seed}, one fault in {every} messages: {}", names.join(", "));
    let chaos = Chaos { seed: *seed, kinds, every: *every, max_faults: *max_faults };
    let as_json = args.json;
    let proxy = Proxy::start(listener, upstream, chaos, Tell::new(move |told| say_told(&told, as_json)));
    say_listening(&proxy.url(), &about, as_json);
    told.await;
    Exit::Complete
}

/// What ends when we are told to stop, and a socket.
async fn begin(args: &FaultsArgs) -> Result<(impl Future<Output = ()>, TcpListener), String> {
    // Before it is said that somebody listens: who reads that may end us at once.
    let told = told_to_stop().map_err(|error| format!("signals cannot be received: {error}"))?;
    let address = args.chaos.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], args.port)));
    let listener = TcpListener::bind(address).await;
    Ok((told, listener.map_err(|error| format!("cannot listen on {address}: {error}"))?))
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

fn say_listening(url: &str, about: &str, as_json: bool) {
    if as_json {
        return say(json!({ "event": "listening", "url": url, "about": about }).to_string());
    }
    say(format!("listening on {url}"));
    if !about.is_empty() {
        say(about);
    }
}

fn say_told(told: &Told, as_json: bool) {
    say(if as_json { told.to_json().to_string() } else { told.to_string() });
}

fn say(line: impl AsRef<str>) {
    // Whoever closed our output wants to hear nothing, not to stop the server.
    let _ = writeln!(io::stdout(), "{}", line.as_ref());
}
