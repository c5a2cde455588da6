//! The corpora of tests/fuzz, played without a fuzzer: what was found once is not found again.

use std::fs;
use std::path::Path;

use steadywire_tests::fuzz;

#[test]
fn the_protocols_corpus_holds() {
    replay("protocol", fuzz::protocol);
}

#[test]
fn the_sessions_corpus_holds() {
    replay("session", fuzz::session);
}

fn replay(target: &str, body: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.sort();
    for path in &paths {
        let input = fs::read(path).expect("an input can be read");
        // Shown where the body panics.
        println!("{}", path.display());
        body(&input);
    }
    assert!(paths.len() > 50, "{} holds {} inputs", folder.display(), paths.len());
}
