//! What the library exports, and that the programs of tests/c use all of it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn library() -> PathBuf {
    std::env::current_exe().unwrap().with_file_name("libsteadywire_c.so")
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).arg(library()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn committed() -> BTreeSet<String> {
    std::fs::read_to_string(here().join("symbols.txt")).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn exactly_the_committed_symbols_are_exported() {
    let listed = run("nm", &["--dynamic", "--defined-only", "--format=posix"]);
    let exported: BTreeSet<String> = listed.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    if std::env::var_os("BLESS").is_some() {
        let text: String = exported.iter().map(|name| format!("{name}\n")).collect();
        std::fs::write(here().join("symbols.txt"), text).unwrap();
    }
    assert_eq!(exported, committed(), "symbols.txt is old; `make bless-c` writes it anew");
    assert!(exported.iter().all(|name| name.starts_with("steadywire_")));
}

#[test]
fn the_header_declares_what_is_exported() {
    let header = std::fs::read_to_string(here().join("../include/steadywire.h")).unwrap();
    for name in committed() {
        assert!(header.contains(&format!("{name}(")), "the header does not declare {name}");
    }
}

#[test]
fn every_function_is_used_by_a_program() {
    let mut sources = String::new();
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/c")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "c" || extension == "h") {
            sources.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    let unused: Vec<_> = committed().into_iter().filter(|name| !sources.contains(&format!("{name}("))).collect();
    assert!(unused.is_empty(), "no program of tests/c uses {unused:?}");
}

#[test]
fn the_library_says_which_it_is_and_stays_loaded() {
    let dynamic = run("readelf", &["--dynamic", "--wide"]);
    assert!(dynamic.contains(&format!("Library soname: [libsteadywire.so.{}]", steadywire_c::STEADYWIRE_ABI_VERSION)));
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
}
