//! The scenarios of tests/vectors. tests/vectors/README.md describes the format.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::player;

/// One file of scenarios.
#[derive(Debug)]
pub struct File {
    /// Where it stands.
    pub path: PathBuf,
    /// Its scenarios, as JSON objects.
    pub vectors: Vec<Map<String, Value>>,
}

/// Every file of scenarios, by name. Those for the end-to-end runner, `e2e-*.json`, are another kind: see
/// [`e2e`](crate::e2e).
///
/// # Panics
/// If a file cannot be read or is not a list of objects.
pub fn all() -> Vec<File> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors");
    let entries = fs::read_dir(&folder).expect("tests/vectors can be listed");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json") && !is_e2e(path));
    paths.sort();
    paths.into_iter().map(read).collect()
}

/// Plays the scenario: where it gives something else than it expects, and what, if anywhere.
///
/// # Panics
/// If the scenario cannot be read.
pub fn deviation(vector: &Map<String, Value>) -> Option<String> {
    let steps = player::play(vector);
    let wanted = vector["steps"].as_array().expect("steps are a list");
    let at = steps.iter().zip(wanted).position(|(step, wanted)| step != wanted)?;
    Some(format!("step {at}: {}", difference(&wanted[at], &steps[at])))
}

/// Writes the scenarios back, one step a line.
///
/// # Panics
/// If the file cannot be written.
pub fn write(file: &File) {
    let mut text = String::from("[\n");
    for (index, vector) in file.vectors.iter().enumerate() {
        text.push_str(if index == 0 { "{\n" } else { ",\n{\n" });
        let fields: Vec<String> = ["name", "proves", "about", "e2e", "platform", "config", "random"]
            .into_iter()
            .filter_map(|key| vector.get(key).map(|value| format!("  \"{key}\": {}", line(value))))
            .collect();
        text.push_str(&fields.join(",\n"));
        text.push_str(",\n  \"steps\": [\n");
        let steps = vector["steps"].as_array().expect("steps are a list");
        for (at, step) in steps.iter().enumerate() {
            text.push_str(&step_text(step));
            text.push_str(if at + 1 == steps.len() { "\n" } else { ",\n" });
        }
        text.push_str("  ]\n}");
    }
    text.push_str("\n]\n");
    // Tests read these files at the same time: never half a file.
    let draft = file.path.with_extension("draft");
    fs::write(&draft, text).and_then(|()| fs::rename(&draft, &file.path)).expect("the file can be written");
}

fn is_e2e(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("e2e-"))
}

fn read(path: PathBuf) -> File {
    let text = fs::read_to_string(&path).expect("a vector file can be read");
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let Value::Array(list) = value else { panic!("{} is not a list", path.display()) };
    let vectors = list.into_iter().map(|one| match one {
        Value::Object(map) => map,
        other => panic!("{} holds {other}", path.display()),
    });
    File { vectors: vectors.collect(), path }
}

fn difference(wanted: &Value, found: &Value) -> String {
    let list = |step: &Value| step.get("expect").and_then(Value::as_array).cloned().unwrap_or_default();
    let (expected, seen) = (list(wanted), list(found));
    let at = expected.iter().zip(&seen).position(|(a, b)| a != b).unwrap_or(expected.len().min(seen.len()));
    let show = |list: &[Value]| list.get(at).map_or("nothing".to_owned(), Value::to_string);
    if expected == seen {
        return format!("\n  wanted {wanted}\n  found  {found}");
    }
    format!("output {at}\n  wanted {}\n  found  {}", show(&expected), show(&seen))
}

fn step_text(step: &Value) -> String {
    let step = step.as_object().expect("a step is an object");
    let mut parts: Vec<String> = Vec::new();
    for first in [true, false] {
        for (key, value) in step {
            let leads = matches!(key.as_str(), "do" | "server" | "driver" | "after" | "late" | "check");
            if leads == first && key != "expect" {
                parts.push(format!("\"{key}\": {}", line(value)));
            }
        }
    }
    let mut text = format!("    {{ {}", parts.join(", "));
    if let Some(Value::Array(expected)) = step.get("expect")
        && !expected.is_empty()
    {
        let lines: Vec<String> = expected.iter().map(|one| format!("        {}", output_line(one))).collect();
        text.push_str(&format!(", \"expect\": [\n{}\n    ]", lines.join(",\n")));
    }
    text.push_str(" }");
    text
}

/// An output with what it is first.
fn output_line(output: &Value) -> String {
    const FIRST: [&str; 11] =
        ["at", "event", "settled", "write", "ping", "dial", "drop", "close", "credentials", "classify", "taskId"];
    let map = output.as_object().expect("an output is an object");
    let mut parts: Vec<String> = Vec::new();
    for key in FIRST {
        if let Some(value) = map.get(key) {
            parts.push(format!("\"{key}\": {}", line(value)));
        }
    }
    for (key, value) in map {
        if !FIRST.contains(&key.as_str()) {
            parts.push(format!("\"{key}\": {}", line(value)));
        }
    }
    format!("{{ {} }}", parts.join(", "))
}

fn line(value: &Value) -> String {
    match value {
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let first = ["type", "taskId", "timestamp"];
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_by_key(|key| (first.iter().position(|one| one == key).unwrap_or(first.len()), key.as_str()));
            let parts: Vec<String> = keys.iter().map(|key| format!("\"{key}\": {}", line(&map[*key]))).collect();
            format!("{{ {} }}", parts.join(", "))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(line).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
