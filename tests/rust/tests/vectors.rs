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
            played += 1;
            if bless {
                vector["steps"] = Value::Array(player::play(vector));
            } else if let Some(deviation) = vectors::deviation(vector) {
                failures.push(format!("{name}, {deviation}"));
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
