//! The scenarios of tests/vectors/e2e-*.json. tests/vectors/README.md describes the format.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

/// What a scenario may hold.
pub const KEYS: [&str; 11] =
    ["name", "proves", "about", "e2e", "config", "credentials", "server", "client", "events", "asked", "web"];
/// What the object `web` of a scenario may hold: each takes the place of the whole part of that name.
pub const WEB_KEYS: [&str; 5] = ["about", "config", "server", "client", "events"];

/// What a client runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Sockets, which see everything.
    Native,
    /// A browser's WebSocket: no pings, nothing of a refusal, and the browser answers for what breaks its protocol.
    Web,
}

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, `e2e-...`.
    pub name: String,
    /// The file it is in.
    pub file: String,
    /// The whole of it.
    pub vector: Map<String, Value>,
}

impl Scenario {
    /// As it goes on a platform: on the web with what `web` says instead.
    pub fn on(&self, platform: Platform) -> Map<String, Value> {
        let mut vector = self.vector.clone();
        let web = vector.remove("web");
        if platform == Platform::Web {
            vector.extend(web.as_ref().and_then(Value::as_object).cloned().unwrap_or_default());
        }
        vector
    }

    /// Whether what is seen of it on the web is something else, and not only what is done for it.
    pub fn is_seen_differently_on_the_web(&self) -> bool {
        self.vector.get("web").is_some_and(|web| web.get("events").is_some())
    }
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

/// The elements of one part of a scenario.
pub(crate) fn list<'a>(vector: &'a Map<String, Value>, name: &str) -> &'a [Value] {
    vector.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn read(folder: &Path, file: &str) -> Vec<Scenario> {
    let text = fs::read_to_string(folder.join(file)).expect("a vector file can be read");
    let list: Vec<Map<String, Value>> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let named = |vector: Map<String, Value>| {
        let name = vector["name"].as_str().expect("a vector has a name").to_owned();
        Scenario { name, file: file.to_owned(), vector }
    };
    list.into_iter().map(named).collect()
}
