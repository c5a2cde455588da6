//! The hub is killed with signal 9 in the middle of a real build and started again: `run` and `watch` recover, `watch`
//! says what it may have missed and gets the outcome once.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::{Reading, steadywire};
use rustix::process::Signal;
use serde_json::Value;

/// A hub in a process of its own.
struct Serving {
    serve: Reading,
    address: String,
}

impl Serving {
    fn start(listen: &str) -> Self {
        let mut serve = Reading::start(steadywire(&["serve", "--listen", listen]));
        let said = serve.until("ws://");
        let (_, rest) = said.last().unwrap().split_once("ws://").unwrap();
        let address = rest.split('/').next().unwrap().to_owned();
        Self { serve, address }
    }

    fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    fn kill(&mut self) {
        self.serve.signal(Signal::KILL);
        self.serve.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.serve.child.kill();
        let _ = self.serve.child.wait();
    }
}

/// A package of five crates. The build script of the last waits until the file `go` exists, so that the build is
/// under way for as long as the test needs it.
fn package(folder: &Path) -> PathBuf {
    let root = folder.join("package");
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let manifest = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{more}")
    };
    for name in ["one", "two", "three"] {
        write(&format!("{name}/Cargo.toml"), &manifest(name, ""));
        write(&format!("{name}/src/lib.rs"), "pub fn number() -> u32 { 7 }\n");
    }
    write("gate/Cargo.toml", &manifest("gate", "build = \"build.rs\"\n[dependencies]\none = { path = \"../one\" }\n"));
    write("gate/src/lib.rs", "pub fn number() -> u32 { one::number() }\n");
    write(
        "gate/build.rs",
        "fn main() {\n    while !std::path::Path::new(\"../go\").exists() {\n        \
         std::thread::sleep(std::time::Duration::from_millis(20));\n    }\n}\n",
    );
    let depends = "[dependencies]\none = { path = \"one\" }\ntwo = { path = \"two\" }\nthree = { path = \"three\" }\n\
                   gate = { path = \"gate\" }\n[workspace]\n";
    write("Cargo.toml", &manifest("whole", depends));
    write("src/main.rs", "fn main() { println!(\"{}\", gate::number() + two::number() + three::number()); }\n");
    root
}

#[test]
fn a_killed_hub_costs_a_gap_and_no_outcome() {
    let folder = std::env::temp_dir().join(format!("steadywire-kill-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    let package = package(&folder);
    let mut hub = Serving::start("127.0.0.1:0");
    let url = hub.url();

    let mut watch =
        Reading::start(steadywire(&["watch", "build", "--url", &url, "--json", "--reconnect-interval", "50"]));
    let mut seen = watch.until("\"connected\"");
    let mut run = steadywire(&["run", "--task", "build", "--url", &url, "--reconnect-interval", "50", "--"]);
    run.args([env!("CARGO"), "build", "--offline", "--target-dir", "out"])
        .current_dir(&package)
        .env_remove("RUSTC_WRAPPER")
        .env("CARGO_TERM_PROGRESS_WHEN", "always")
        .env("CARGO_TERM_PROGRESS_WIDTH", "80");
    let run = run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // The build is under way and the watcher follows it.
    seen.extend(watch.until("Compiling"));

    hub.kill();
    seen.extend(watch.until("\"reconnecting\""));
    let _again = Serving::start(&hub.address);
    seen.extend(watch.until("\"state\":\"connected\""));
    fs::write(package.join("go"), "").unwrap();

    let run = run.wait_with_output().unwrap();
    let run_said = common::text(&run.stderr);
    assert_eq!(run.status.code(), Some(0), "{run_said}");
    assert!(run_said.contains("Finished"), "the output of the command passes through: {run_said}");
    let (status, rest, stderr) = watch.finish();
    seen.extend(rest.lines().map(str::to_owned));
    assert_eq!(status, Some(0), "{stderr}");

    let events: Vec<Value> = seen.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |kind: &str| events.iter().filter(|event| event["event"] == kind && event["taskId"] == "build").count();
    assert_eq!((count("complete"), count("error"), count("lost")), (1, 0, 0), "{seen:#?}");
    assert_eq!(count("gap"), 1, "the hub forgot what came before: {seen:#?}");
    assert!(count("progress") > 0 && count("log") > 1, "{seen:#?}");
    assert_eq!(events.last().unwrap()["event"], "complete", "{seen:#?}");
    assert!(package.join("out/debug/whole").exists(), "the build was a real one");
    fs::remove_dir_all(&folder).unwrap();
}
