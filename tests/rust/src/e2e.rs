//! The scenarios of tests/vectors/e2e-*.json: a real client against the scripted server, over a real socket.
//! tests/vectors/README.md describes the format.

mod client;
mod events;

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use steadywire::{Client, Config};
use steadywire_faults::{Script, Server, is_part};

pub use events::{Events, patiently};

use client::Steps;

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// File and name.
    pub name: String,
    /// The whole of it.
    pub vector: Map<String, Value>,
}

/// Every scenario, in order of files.
///
/// # Panics
/// If a file cannot be read or is not a list of named objects.
pub fn all() -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    let entries = fs::read_dir(&folder).expect("tests/vectors can be listed");
    let names = entries.map(|entry| entry.expect("an entry can be read").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("e2e-") && name.ends_with(".json")).collect();
    names.sort();
    names.iter().flat_map(|name| read(&folder, name)).collect()
}

/// Plays a scenario.
///
/// # Errors
/// What was not as the scenario says.
pub async fn play(vector: &Map<String, Value>) -> Result<(), String> {
    let server = Server::start(Script::from_json(&vector["server"])?).await;
    let client = Client::new(config(vector, &server.url())?).map_err(|error| error.to_string())?;
    let events = Events::of(&client);
    let mut steps = Steps::new(client.clone(), events.clone());
    for (index, step) in list(vector, "client").iter().enumerate() {
        // The server first: what it noticed is why the client's step fails, and stands before the client can see it.
        let done = tokio::select! {
            biased;
            problem = server.failed() => Err(problem.text),
            done = steps.step(step) => done,
        };
        done.map_err(|problem| format!("client step {}, {step}: {problem}\n{}", index + 1, shown(&events, &server)))?;
    }
    let transcript = server.finished().await.map_err(|problem| format!("{problem}\n{}", shown(&events, &server)))?;
    let wanted = list(vector, "events");
    let seen = events.at_least(wanted.len()).await;
    patiently(client.disconnect()).await?.map_err(|error| error.to_string())?;
    compare(wanted, &seen, &events.all()).map_err(|problem| format!("{problem}\n{transcript}"))?;
    server.finished().await.map_err(|problem| format!("after its end: {problem}"))?;
    steps.check_receipts()
}

/// What every scenario begins with: retries come fast and always alike, and no progress is conflated.
fn config(vector: &Map<String, Value>, url: &str) -> Result<Config, String> {
    let mut config = Config::new(url);
    let own = vector.get("config").and_then(Value::as_object).cloned().unwrap_or_default();
    let common = json!({ "reconnectInterval": 5, "maxReconnectBackoff": 20, "conflate": "never", "seed": 1 });
    for (name, value) in common.as_object().into_iter().flatten().chain(&own) {
        config.set(name, value).map_err(|error| error.to_string())?;
    }
    Ok(config)
}

/// The events are those wanted, in order, and no more. Those of the runner's own disconnect are not counted.
fn compare(wanted: &[Value], before: &[Value], all: &[Value]) -> Result<(), String> {
    let (seen, after) = all.split_at(before.len());
    let of_the_end = |event: &&Value| {
        event["event"] == "disconnected"
            || is_part(&json!({ "event": "stateChange", "state": "disconnected" }), Some(event))
            || is_part(&json!({ "event": "lost", "reason": "disconnected" }), Some(event))
    };
    let seen: Vec<&Value> = seen.iter().chain(after.iter().filter(|event| !of_the_end(event))).collect();
    let is_it = |(wanted, seen): (&Value, &&Value)| is_part(wanted, Some(seen));
    if wanted.len() == seen.len() && wanted.iter().zip(&seen).all(is_it) {
        return Ok(());
    }
    let at = wanted.iter().zip(&seen).position(|pair| !is_it(pair)).unwrap_or(wanted.len().min(seen.len()));
    let lines: Vec<String> = seen.iter().map(|event| format!("  {event}")).collect();
    let missing = wanted.get(at).map_or("nothing more".to_owned(), Value::to_string);
    Err(format!("event {}: wanted {missing}; there were\n{}", at + 1, lines.join("\n")))
}

fn read(folder: &Path, name: &str) -> Vec<Scenario> {
    let text = fs::read_to_string(folder.join(name)).expect("a vector file can be read");
    let list: Vec<Map<String, Value>> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let named = |vector: Map<String, Value>| {
        let own = vector["name"].as_str().expect("a vector has a name");
        Scenario { name: format!("{name}: {own}"), vector }
    };
    list.into_iter().map(named).collect()
}

fn list<'a>(vector: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    vector.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn shown(events: &Events, server: &Server) -> String {
    let lines: Vec<String> = events.all().iter().map(|event| format!("  {event}")).collect();
    format!("events:\n{}\nreceived:\n{}", lines.join("\n"), server.transcript())
}
