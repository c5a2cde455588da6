//! Plays every session vector and says one line of each: `passes NAME` or `fails NAME`. For tests/mutants.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use steadywire_tests::vectors;

fn main() {
    // A session that is broken may make the player give up: that vector has failed, the others go on.
    std::panic::set_hook(Box::new(|_| {}));
    let files = vectors::all();
    let vectors = Mutex::new(files.iter().flat_map(|file| &file.vectors));
    let next = || vectors.lock().expect("nothing panics with the list in hand").next();
    let play = || {
        while let Some(vector) = next() {
            let passes = catch_unwind(AssertUnwindSafe(|| vectors::deviation(vector).is_none())).unwrap_or(false);
            println!("{} {}", if passes { "passes" } else { "fails" }, vector["name"].as_str().unwrap_or_default());
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(play))));
}
