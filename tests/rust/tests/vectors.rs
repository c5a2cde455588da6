//! Every scenario of tests/vectors on the bare session.
//!
//! `BLESS=1 cargo test -p steadywire-tests --test vectors` writes what comes out into the files, to be read and
//! judged before it is committed. `ONLY=call` plays and writes `call.json` alone.

use std::collections::BTreeSet;

use serde_json::Value;
use steadywire_tests::{player, vectors};

#[test]
fn every_vector_gives_exactly_what_it_expects() {
    let bless = std::env::var_os("BLESS").is_some();
    let only = std::env::var_os("ONLY");
    let mut failures = Vec::new();
    let mut played = 0;
    for mut file in vectors::all() {
        if only.as_deref().is_some_and(|only| file.path.file_stem() != Some(only)) {
            continue;
        }
        for vector in &mut file.vectors {
            let name = vector["name"].as_str().expect("a vector has a name").to_owned();
            let steps = player::play(vector);
            played += 1;
            for (index, (step, wanted)) in
                steps.iter().zip(vector["steps"].as_array().expect("steps are a list")).enumerate()
            {
                if step != wanted && !bless {
                    failures.push(format!("{name}, step {index}: {}", difference(wanted, step)));
                    break;
                }
            }
            if bless {
                vector["steps"] = Value::Array(steps);
            }
        }
        if bless {
            vectors::write(&file);
        }
    }
    assert!(failures.is_empty(), "{} of {played} vectors fail\n{}", failures.len(), failures.join("\n"));
    assert!(played > 0, "no vector was found");
}

#[test]
fn names_are_unique_and_rules_are_named() {
    let mut names = BTreeSet::new();
    for file in vectors::all() {
        for vector in &file.vectors {
            let name = vector["name"].as_str().expect("a vector has a name");
            assert!(names.insert(name.to_owned()), "{name} exists twice");
            let proves = vector["proves"].as_array().unwrap_or_else(|| panic!("{name} proves nothing"));
            assert!(!proves.is_empty(), "{name} proves nothing");
        }
    }
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
