//! Plays every session vector and says one line of each: `passes NAME` or `fails NAME`. For tests/mutants.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use steadywire_tests::vectors;

fn main() -> std::io::Result<()> {
    // A session that is broken may make the player give up: that vector has failed, the others go on.
    std::panic::set_hook(Box::new(|_| {}));
    let mut out = std::io::stdout().lock();
    for file in vectors::all() {
        for vector in &file.vectors {
            let passes = catch_unwind(AssertUnwindSafe(|| vectors::deviation(vector).is_none())).unwrap_or(false);
            let name = vector["name"].as_str().expect("a vector has a name");
            writeln!(out, "{} {name}", if passes { "passes" } else { "fails" })?;
        }
    }
    out.flush()
}
