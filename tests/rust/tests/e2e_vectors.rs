//! Every scenario of tests/vectors/e2e-*.json with the real client against the scripted server.
//!
//! `E2E=name cargo test -p steadywire-tests --test e2e_vectors` plays only those whose name holds it.

use std::collections::BTreeSet;

use steadywire_tests::e2e;

#[tokio::test]
async fn every_scenario_goes_as_it_says() {
    let only = std::env::var("E2E").unwrap_or_default();
    let mut failures = Vec::new();
    let scenarios: Vec<_> = e2e::all().into_iter().filter(|scenario| scenario.name.contains(&only)).collect();
    assert!(!scenarios.is_empty(), "there is no scenario");
    for scenario in &scenarios {
        if let Err(problem) = e2e::play(&scenario.vector).await {
            failures.push(format!("{}\n{problem}", scenario.name));
        }
    }
    assert!(failures.is_empty(), "{} of {} fail\n\n{}", failures.len(), scenarios.len(), failures.join("\n\n"));
}

#[tokio::test]
async fn a_scenario_that_is_not_so_fails() {
    let all = e2e::all();
    let named = |name: &str| all.iter().find(|one| one.vector["name"] == name).expect("it exists").vector.clone();
    let happy = "e2e-connect-progress-complete";
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
    for (vector, why) in broken {
        let problem = e2e::play(&vector).await.expect_err(why);
        assert!(problem.contains(why), "{why}: {problem}");
    }
}

#[test]
fn scenarios_are_named_once_and_say_what_they_prove() {
    let mut names = BTreeSet::new();
    for scenario in e2e::all() {
        assert!(names.insert(scenario.vector["name"].to_string()), "{} exists twice", scenario.name);
        assert!(scenario.vector["proves"].as_array().is_some_and(|rules| !rules.is_empty()), "{}", scenario.name);
        assert_eq!(scenario.vector["e2e"], true, "{}", scenario.name);
        for key in scenario.vector.keys() {
            let known = ["name", "proves", "about", "e2e", "config", "server", "client", "events"];
            assert!(known.contains(&key.as_str()), "{}: nothing is called {key}", scenario.name);
        }
    }
}
