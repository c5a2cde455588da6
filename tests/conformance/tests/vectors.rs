//! The runner notices what is not as a scenario says, and the scenarios are in order. `make conformance` plays them all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};
use steadywire_conformance::{Driver, KEYS, Platform, WEB_KEYS, all, play};

const DRIVER: &str = env!("CARGO_BIN_EXE_steadywire-driver");

fn named(name: &str) -> Map<String, Value> {
    all().iter().find(|one| one.name == name).expect("it exists").on(Platform::Native)
}

async fn problem_of(vector: &Map<String, Value>) -> String {
    let mut driver = Driver::start(&[DRIVER.to_owned()]).expect("it starts");
    play(vector, &mut driver).await.err().unwrap_or_default()
}

#[tokio::test]
async fn a_scenario_that_is_not_so_fails() {
    let happy = "e2e-connect-progress-complete";
    assert_eq!(problem_of(&named(happy)).await, "");
    let mut broken = Vec::new();
    let mut vector = named(happy);
    vector["events"][3]["progress"] = 43.into();
    broken.push((vector, "event 4: wanted"));
    let mut vector = named(happy);
    vector["events"].as_array_mut().expect("a list").pop();
    broken.push((vector, "event 6: wanted nothing more"));
    let mut vector = named(happy);
    vector["server"][0].as_array_mut().expect("a list").remove(0);
    broken.push((vector, "not expected"));
    let mut vector = named("e2e-resume-by-cursor");
    vector["server"][1][1]["expect"]["data"]["tasks"][0]["since"]["seq"] = 1.into();
    broken.push((vector, "connection 2: step 2: not expected"));
    let mut vector = named("e2e-refused-with-404");
    vector["client"][0]["fails"] = "unauthorized".into();
    broken.push((vector, "client step 1"));
    let mut vector = named("e2e-accept-then-close");
    vector["server"].as_array_mut().expect("a list").pop();
    broken.push((vector, "connection 5 is not in the script"));
    let mut vector = named("e2e-task-error");
    vector["client"][1]["outcome"]["code"] = "E43".into();
    broken.push((vector, "the outcome is not"));
    let mut vector = named("e2e-message-refused");
    vector["client"][2]["receipt"]["state"] = "acked".into();
    broken.push((vector, "the receipt is not"));
    let mut vector = named("e2e-follow-ends-with-the-outcome");
    vector["client"][1]["followed"][0]["progress"] = 11.into();
    broken.push((vector, "the followed is not"));
    let mut vector = named("e2e-disconnect-writes-what-waits");
    vector["client"][1]["refused"] = "queue_full".into();
    broken.push((vector, "it was not refused with queue_full"));
    let mut vector = named("e2e-disconnect-writes-what-waits");
    vector["client"][2].as_object_mut().expect("a step").remove("refused");
    broken.push((vector, "it was refused with queue_full"));
    let mut vector = named("e2e-refused-credentials-are-asked-for-again");
    vector["asked"][1]["forceRefresh"] = false.into();
    broken.push((vector, "the questions for credentials are not"));
    for (vector, why) in broken {
        let problem = problem_of(&vector).await;
        assert!(problem.contains(why), "{why}: {problem}");
    }
}

#[test]
fn the_matrix_is_green_only_where_all_is() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_steadywire-conformance")).args(arguments).output();
        let output = output.expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let rust = format!("rust={DRIVER}");
    let (status, said) = run(&["--only", "e2e-task-error", &rust]);
    assert_eq!((status, said.contains("e2e-task-error  ok")), (Some(0), true), "{said}");
    let (status, said) = run(&["--only", "e2e-task-error", &rust, "other=/no/such/driver"]);
    assert_eq!((status, said.contains("e2e-task-error  ok    FAIL")), (Some(1), true), "{said}");
    assert_eq!(run(&["--only", "no such vector", &rust]).0, Some(1));
    assert_eq!(run(&[]).0, Some(2));
}

#[test]
fn scenarios_are_named_once_and_say_what_they_prove() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
    let read = |name: &str| fs::read_to_string(spec.join(name)).expect("the specification can be read");
    let rules = read("SESSION.md") + &read("PROTOCOL.md");
    let mut names = BTreeSet::new();
    for scenario in all() {
        let name = &scenario.name;
        assert!(names.insert(name.clone()), "{name} exists twice");
        assert_eq!(scenario.vector["e2e"], true, "{name}");
        let proves = scenario.vector["proves"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(!proves.is_empty(), "{name} proves nothing");
        for rule in proves.iter().filter_map(Value::as_str) {
            assert!(
                rule.starts_with("CALL-") || rules.contains(&format!("- **{rule}** [")),
                "{name} proves {rule}, which is no rule"
            );
        }
        for key in scenario.vector.keys() {
            assert!(KEYS.contains(&key.as_str()), "{name}: nothing is called {key}");
        }
        let web = scenario.vector.get("web").cloned().unwrap_or(json!({ "about": "" }));
        assert!(web["about"].is_string(), "{name}: why it is otherwise on the web is to be said");
        for key in web.as_object().into_iter().flat_map(Map::keys) {
            assert!(WEB_KEYS.contains(&key.as_str()), "{name}: nothing of the web is called {key}");
        }
    }
}
