//! Every rule of the specification is proven by something that fails when it is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use steadywire_tests::vectors;

/// Calls and columns of the table in SESSION.md: each cell is a rule.
const CALLS: [&str; 10] = [
    "connect",
    "connect-task",
    "subscribe",
    "unsubscribe",
    "follow",
    "report",
    "send",
    "flush",
    "disconnect",
    "reconnect",
];
const COLUMNS: [&str; 5] = ["D", "C", "U", "R", "E"];

#[test]
fn session_rules_are_proven_by_vectors() {
    let rules = rules();
    let mut cited = BTreeSet::new();
    for file in vectors::all() {
        for vector in &file.vectors {
            for rule in vector["proves"].as_array().into_iter().flatten() {
                let rule = rule.as_str().expect("a rule is named by a string");
                assert!(rules.contains_key(rule), "{} proves {rule}, which is no rule", vector["name"]);
                cited.insert(rule.to_owned());
            }
        }
    }
    let missing: Vec<&String> =
        rules.iter().filter(|(rule, tag)| *tag == "session" && !cited.contains(*rule)).map(|(rule, _)| rule).collect();
    assert!(missing.is_empty(), "{} session rules have no vector: {missing:?}", missing.len());
}

#[test]
fn other_rules_are_cited_by_tests() {
    let root = root();
    let mut text = String::new();
    for folder in ["core/src", "core/tests", "hub/src", "hub/tests", "cli/tests", "tests/rust/tests", "tests/faults"] {
        collect(&root.join(folder), &mut text);
    }
    let rules = rules();
    let missing: Vec<&String> = rules
        .iter()
        .filter(|(rule, tag)| !matches!(tag.as_str(), "session" | "binding") && !cites(&text, rule))
        .map(|(rule, _)| rule)
        .collect();
    assert!(missing.is_empty(), "{} rules are cited by no test: {missing:?}", missing.len());
}

/// Whether the text names the rule and not merely one that begins alike.
fn cites(text: &str, rule: &str) -> bool {
    text.match_indices(rule).any(|(at, _)| !text[at + rule.len()..].starts_with(|next: char| next.is_ascii_digit()))
}

/// Every rule of the specification with its tag.
fn rules() -> BTreeMap<String, String> {
    let mut rules = BTreeMap::new();
    for name in ["SESSION.md", "PROTOCOL.md"] {
        let text = fs::read_to_string(root().join("spec").join(name)).expect("the specification can be read");
        for line in text.lines() {
            let Some((rule, rest)) = line.strip_prefix("- **").and_then(|line| line.split_once("** [")) else {
                continue;
            };
            let (tag, _) = rest.split_once(']').expect("a tag ends");
            let before = rules.insert(rule.to_owned(), tag.to_owned());
            assert!(before.is_none(), "{rule} exists twice");
        }
    }
    for call in CALLS {
        for column in COLUMNS {
            rules.insert(format!("CALL-{call}-{column}"), "session".to_owned());
        }
    }
    assert!(rules.len() > 100, "the specification was not understood");
    rules
}

fn collect(folder: &Path, text: &mut String) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("a source file can be read"));
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn a_vector_names_only_what_it_may() {
    for file in vectors::all() {
        for vector in &file.vectors {
            for key in vector.keys() {
                let known = ["name", "proves", "about", "platform", "config", "random", "steps"];
                assert!(known.contains(&key.as_str()), "{}: nothing is called {key}", vector["name"]);
            }
            assert!(matches!(vector["steps"], Value::Array(_)), "{} has no steps", vector["name"]);
        }
    }
}
