//! Whether the session vectors catch the faults of tests/mutants/faults.json, one at a time.
//!
//! `cargo test -p steadywire-tests --test mutants -- --ignored --nocapture` seeds them all, into a copy of the
//! sources under target/mutants; `ONLY=name` those whose name holds this.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use steadywire_tests::vectors;

/// What the vectors need to be built and played. The hub and the scripted server are named by manifests alone.
const PARTS: [&str; 5] = ["core", "hub", "tests/faults", "tests/rust", "tests/vectors"];

/// No vector takes this long, however busy the machine is: the player goes in circles.
const FOREVER: Duration = Duration::from_secs(60);

/// One way to break the session.
struct Fault {
    name: String,
    file: String,
    find: String,
    replace: String,
    /// The vectors that must fail.
    caught_by: BTreeSet<String>,
}

#[test]
fn every_fault_can_be_seeded_and_names_its_vectors() {
    let known: BTreeSet<String> =
        vectors::all().iter().flat_map(|file| &file.vectors).map(|vector| text(&vector["name"])).collect();
    let mut names = BTreeSet::new();
    for fault in faults() {
        let Fault { name, file, find, replace, caught_by } = &fault;
        assert!(names.insert(name.clone()), "{name} exists twice");
        let source = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(source.matches(find.as_str()).count(), 1, "{name}: {file} must hold this once: {find}");
        assert_ne!(find, replace, "{name} breaks nothing");
        assert!(!caught_by.is_empty(), "{name} names no vector");
        assert!(caught_by.is_subset(&known), "{name} names vectors that are none: {caught_by:?}");
    }
}

#[test]
fn every_bound_has_a_fault() {
    let limits = "core/src/session/limits.rs";
    let source = read(&root().join(limits));
    let faults = faults();
    let bounds = source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split_once(':'));
    let faulty = |bound: &str| faults.iter().any(|fault| fault.file == limits && fault.find.starts_with(bound));
    let missing: Vec<&str> = bounds.map(|(bound, _)| bound).filter(|bound| !faulty(&format!("{bound}:"))).collect();
    assert!(missing.is_empty(), "no fault passes these bounds: {missing:?}");
}

#[test]
#[ignore = "builds the core once for each fault: `make mutants`"]
fn every_fault_is_caught() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let faults: Vec<Fault> = faults().into_iter().filter(|fault| fault.name.contains(&only)).collect();
    assert!(!faults.is_empty(), "no fault is called {only}");
    let waiting = Mutex::new(faults.iter());
    let survivors = Mutex::new(Vec::new());
    let seed = |number: usize| {
        let copy = Workspace::of_the_sources(number);
        let sound = copy.failing().expect("the sources can be built");
        assert_eq!(sound, BTreeSet::new(), "without a fault no vector may fail");
        loop {
            let next = waiting.lock().expect("nothing panics with the list in hand").next();
            let Some(fault) = next else { break };
            match copy.with(fault) {
                Ok(failing) if fault.caught_by.is_subset(&failing) => {
                    let named: Vec<&str> = fault.caught_by.iter().map(String::as_str).collect();
                    println!("{:<40} {} and {} more", fault.name, named.join(", "), failing.len() - named.len());
                }
                Ok(failing) => {
                    let missing: Vec<&String> = fault.caught_by.difference(&failing).collect();
                    let why = format!("{}: not caught by {missing:?}", fault.name);
                    survivors.lock().expect("a push does not panic").push(why);
                }
                Err(why) => survivors.lock().expect("a push does not panic").push(format!("{}: {why}", fault.name)),
            }
        }
    };
    let builders = thread::available_parallelism().map_or(1, usize::from).min(faults.len());
    thread::scope(|scope| (0..builders).for_each(|number| drop(scope.spawn(move || seed(number)))));
    let survivors = survivors.into_inner().expect("no builder panicked");
    assert!(survivors.is_empty(), "{} of {} faults:\n{}", survivors.len(), faults.len(), survivors.join("\n"));
}

/// A workspace of the core and the vectors' player, built apart from this one.
struct Workspace {
    root: PathBuf,
    build: PathBuf,
}

impl Workspace {
    fn of_the_sources(number: usize) -> Self {
        let folder = root().join(format!("target/mutants/{number}"));
        let copy = Self { root: folder.join("sources"), build: folder.join("build") };
        for part in PARTS {
            mirror(&root().join(part), &copy.root.join(part));
        }
        let manifest = read(&root().join("Cargo.toml"));
        let (_, shared) = manifest.split_once("[workspace.package]").expect("the workspace has shared fields");
        let members: Vec<&str> =
            PARTS.into_iter().filter(|part| root().join(part).join("Cargo.toml").exists()).collect();
        let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n[workspace.package]{shared}");
        write(&copy.root.join("Cargo.toml"), &manifest);
        write(&copy.root.join("Cargo.lock"), &read(&root().join("Cargo.lock")));
        copy
    }

    /// The vectors that fail with the fault, which is taken back afterwards.
    fn with(&self, fault: &Fault) -> Result<BTreeSet<String>, String> {
        let path = self.root.join(&fault.file);
        let sound = read(&path);
        write(&path, &sound.replacen(&fault.find, &fault.replace, 1));
        let failing = self.failing();
        write(&path, &sound);
        failing
    }

    /// Builds the player and plays every vector.
    fn failing(&self) -> Result<BTreeSet<String>, String> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--offline", "--quiet", "-p", "steadywire-tests", "--no-default-features"]);
        cargo.args(["--bin", "vectors"]).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.build);
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        cargo.env("CARGO_INCREMENTAL", "1").env("CARGO_TERM_COLOR", "never").env_remove("RUSTFLAGS");
        let built = cargo.output().expect("cargo can be started");
        if !built.status.success() {
            return Err(format!("it cannot be built:\n{}", String::from_utf8_lossy(&built.stderr)));
        }
        self.play()
    }

    fn play(&self) -> Result<BTreeSet<String>, String> {
        let player = self.build.join("debug/vectors");
        let mut player = Command::new(player).stdout(Stdio::piped()).spawn().expect("the player can be started");
        let lines = BufReader::new(player.stdout.take().expect("it was asked for")).lines();
        let (sender, receiver) = mpsc::channel();
        let reader = thread::spawn(move || lines.map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        let mut failing = BTreeSet::new();
        let mut last = "the beginning".to_owned();
        let end = loop {
            match receiver.recv_timeout(FOREVER) {
                Ok(line) => {
                    let (verdict, name) = line.split_once(' ').expect("a line is a verdict and a name");
                    name.clone_into(&mut last);
                    if verdict == "fails" {
                        failing.insert(last.clone());
                    }
                }
                Err(end) => break end,
            }
        };
        let circles = end == mpsc::RecvTimeoutError::Timeout;
        if circles {
            player.kill().expect("the player can be ended");
        }
        let status = player.wait().expect("the player ends");
        reader.join().expect("reading a pipe does not fail");
        match (circles, status.success()) {
            (true, _) => Err(format!("the player goes in circles after {last}")),
            (false, false) => Err(format!("the player ends with {status} after {last}")),
            (false, true) => Ok(failing),
        }
    }
}

fn faults() -> Vec<Fault> {
    let list: Value = serde_json::from_str(&read(&root().join("tests/mutants/faults.json"))).expect("faults are JSON");
    let list = list.as_array().expect("faults are a list").iter();
    list.map(|fault| {
        assert!(fault["breaks"].is_string(), "{fault} does not say what it breaks");
        Fault {
            name: text(&fault["name"]),
            file: text(&fault["file"]),
            find: text(&fault["find"]),
            replace: text(&fault["replace"]),
            caught_by: fault["caughtBy"].as_array().expect("vectors are a list").iter().map(text).collect(),
        }
    })
    .collect()
}

/// A text, or lines of one.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().map(text).collect::<Vec<_>>().join("\n"),
        other => panic!("{other} is no text"),
    }
}

/// Makes `to` hold what `from` holds. What is the same is not touched, so that it is not built again.
fn mirror(from: &Path, to: &Path) {
    let names = |folder: &Path| -> BTreeSet<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.expect("an entry can be read").file_name().into()).collect()
    };
    fs::create_dir_all(to).expect("a folder can be made");
    for gone in names(to).difference(&names(from)) {
        let gone = to.join(gone);
        if gone.is_dir() { fs::remove_dir_all(gone) } else { fs::remove_file(gone) }.expect("a copy can be removed");
    }
    for name in names(from) {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            mirror(&from, &to);
        } else if fs::read(&to).ok() != fs::read(&from).ok() {
            fs::copy(&from, &to).expect("a file can be copied");
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
