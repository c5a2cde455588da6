//! The hub, a follower and a worker through cuts, deaths and restarts: nothing twice, gaps told and only where there
//! are some, every outcome exactly once, and no acknowledged message lost.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use steadywire::{Client, Config, Conflate, DropReason, ErrorKind, Follow, Level, Message, OutcomeKind, Receipt};
use steadywire_hub::{Hub, HubHandle};
use steadywire_tests::e2e::{Events, patiently};

const CONNECTED: &str = "connected";

async fn hub() -> HubHandle {
    Hub::builder().start().await.unwrap()
}

/// A hub with an empty history where another one was.
async fn hub_at(address: SocketAddr) -> HubHandle {
    Hub::builder().listen(address.to_string()).start().await.unwrap()
}

fn config(url: String) -> Config {
    Config::new(url).reconnect_interval(5).max_reconnect_backoff(20).seed(1).conflate(Conflate::Never)
}

fn client(hub: &HubHandle) -> (Client, Events) {
    let client = Client::new(config(hub.url())).unwrap();
    let events = Events::of(&client);
    (client, events)
}

async fn came(events: &Events, wanted: Value) -> Value {
    events.next(&wanted).await.unwrap()
}

/// Waits until the hub has this client's subscriptions.
async fn read_by_hub(client: &Client) {
    let proof = client.send(Message::status("proof", "{}").unwrap()).unwrap();
    assert_eq!(patiently(proof).await.unwrap().unwrap(), Receipt::Written { ack_unsupported: false });
}

async fn rest(mut follow: Follow) -> Vec<Value> {
    let mut seen = Vec::new();
    while let Some(event) = patiently(follow.next()).await.unwrap() {
        seen.push(event.to_json());
    }
    seen
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == kind).collect()
}

#[tokio::test]
async fn cuts_lose_and_repeat_nothing_that_was_written() {
    const LINES: usize = 200;
    let hub = hub().await;
    let (follower, _events) = client(&hub);
    let follow = follower.follow("t").unwrap();
    let (worker, _) = client(&hub);
    let reporter = worker.report("t").unwrap();
    let mut written = Vec::new();
    for n in 0..LINES {
        let receipt = worker.send(Message::log("t", Level::Info, n.to_string())).unwrap();
        if n % 20 == 10 {
            hub.cut_all();
        }
        match patiently(receipt).await.unwrap().unwrap() {
            Receipt::Written { .. } => written.push(n),
            receipt => assert_eq!(receipt, Receipt::Unknown, "line {n}"),
        }
    }
    hub.cut_all();
    assert_eq!(patiently(reporter.complete("1")).await.unwrap().unwrap(), Receipt::Acked);
    let seen = rest(follow).await;
    assert_eq!(of_kind(&seen, "gap"), [] as [&Value; 0], "the history was there all the time");
    let line = |event: &&Value| event["message"].as_str().unwrap().parse::<usize>().unwrap();
    let lines: Vec<usize> = of_kind(&seen, "log").iter().map(line).collect();
    assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "in order, none twice: {lines:?}");
    let missing: Vec<_> = written.iter().filter(|n| !lines.contains(n)).collect();
    assert!(missing.is_empty(), "these were written and never came: {missing:?}");
    assert!(written.len() >= LINES - LINES / 20 * 2, "only cuts make a receipt unknown: {}", written.len());
    assert_eq!(of_kind(&seen, "complete").len(), 1);
    assert!(follower.stats()["connects"].as_u64().unwrap() > 1, "it was cut: {}", follower.stats());
}

#[tokio::test]
async fn a_history_that_was_lost_is_a_gap_and_the_outcome_comes_once() {
    let hub = hub().await;
    let address = hub.local_addr();
    let (follower, followed) = client(&hub);
    let follow = follower.follow("t").unwrap();
    let (worker, worked) = client(&hub);
    let reporter = worker.report("t").unwrap();
    for n in 1..=3 {
        reporter.log(Level::Info, &format!("before {n}")).unwrap();
    }
    came(&followed, json!({ "event": "log", "message": "before 3" })).await;
    hub.kill().await;
    came(&worked, json!({ "event": "stateChange", "state": "reconnecting" })).await;
    let hub = hub_at(address).await;
    came(&worked, json!({ "event": CONNECTED })).await;
    came(&followed, json!({ "event": CONNECTED })).await;
    read_by_hub(&follower).await;
    reporter.log(Level::Info, "after").unwrap();
    assert_eq!(patiently(reporter.complete("1")).await.unwrap().unwrap(), Receipt::Acked);
    let seen = rest(follow).await;
    let gaps = of_kind(&seen, "gap");
    assert_eq!(gaps.len(), 1, "{seen:#?}");
    assert_eq!((&gaps[0]["from"], gaps[0].get("to")), (&json!(4), None), "nobody knows how much was lost");
    let kinds: Vec<&str> = seen.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["log", "log", "log", "gap", "log", "complete"]);
    patiently(follower.disconnect()).await.unwrap().unwrap();
    assert_eq!(followed.matching(&json!({ "event": "complete" })).len(), 1);
    assert_eq!(followed.matching(&json!({ "event": "lost" })).len(), 0);
    drop(hub);
}

#[tokio::test]
async fn a_restart_before_anything_was_seen_is_no_gap() {
    let hub = hub().await;
    let address = hub.local_addr();
    let (follower, followed) = client(&hub);
    let follow = follower.follow("t").unwrap();
    came(&followed, json!({ "event": CONNECTED })).await;
    read_by_hub(&follower).await;
    hub.kill().await;
    came(&followed, json!({ "event": "stateChange", "state": "reconnecting" })).await;
    let hub = hub_at(address).await;
    came(&followed, json!({ "event": CONNECTED })).await;
    let (worker, _) = client(&hub);
    let reporter = worker.report("t").unwrap();
    reporter.log(Level::Info, "first").unwrap();
    drop(reporter.fail("no", "E1"));
    let seen = rest(follow).await;
    let kinds: Vec<&str> = seen.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["log", "error"]);
    assert_eq!((&seen[1]["source"], &seen[1]["code"]), (&json!("task"), &json!("E1")));
}

#[tokio::test]
async fn a_follower_that_was_away_for_the_end_is_told_of_it() {
    let hub = hub().await;
    let (worker, _) = client(&hub);
    let reporter = worker.report("t").unwrap();
    reporter.log(Level::Info, "one").unwrap();
    assert_eq!(patiently(reporter.complete("{\"n\":1}")).await.unwrap().unwrap(), Receipt::Acked);
    let (late, _) = client(&hub);
    let outcome = patiently(late.wait("t").unwrap()).await.unwrap().unwrap();
    assert_eq!((outcome.kind, outcome.synthetic), (OutcomeKind::Complete, false));
    assert_eq!(serde_json::from_str::<Value>(&outcome.data).unwrap()["n"], 1);
}

#[tokio::test]
async fn outcomes_that_are_cut_while_they_are_sent_come_exactly_once() {
    const TASKS: usize = 30;
    let hub = hub().await;
    let (follower, followed) = client(&hub);
    let (worker, worked) = client(&hub);
    for n in 0..TASKS {
        follower.subscribe(&format!("t{n}")).unwrap();
    }
    patiently(follower.connect(None)).await.unwrap().unwrap();
    for n in 0..TASKS {
        let reporter = worker.report(&format!("t{n}")).unwrap();
        if n == 0 {
            came(&worked, json!({ "event": CONNECTED })).await;
        }
        let receipt = reporter.complete(&n.to_string());
        hub.cut_all();
        assert_eq!(patiently(receipt).await.unwrap().unwrap(), Receipt::Acked, "task {n}");
    }
    for n in 0..TASKS {
        let task = format!("t{n}");
        // Remembered, or still to come.
        let outcome = patiently(follower.wait(&task).unwrap()).await.unwrap().unwrap();
        assert_eq!((outcome.kind, &*outcome.data), (OutcomeKind::Complete, &*n.to_string()));
    }
    patiently(follower.disconnect()).await.unwrap().unwrap();
    let ends = followed.matching(&json!({ "event": "complete" }));
    assert_eq!(ends.len(), TASKS, "each exactly once: {ends:?}");
    assert_eq!(followed.matching(&json!({ "event": "lost" })).len(), 0);
}

#[tokio::test]
async fn an_acknowledged_end_finds_room_in_a_full_outbox_and_survives_an_outage() {
    let hub = hub().await;
    let address = hub.local_addr();
    let (follower, followed) = client(&hub);
    let outcome = follower.wait("t").unwrap();
    came(&followed, json!({ "event": CONNECTED })).await;

    let worker = Client::new(config(hub.url()).max_queued_messages(4)).unwrap();
    let worked = Events::of(&worker);
    let reporter = worker.report("t").unwrap();
    came(&worked, json!({ "event": CONNECTED })).await;
    hub.kill().await;
    came(&worked, json!({ "event": "stateChange", "state": "reconnecting" })).await;
    for n in 0..4 {
        reporter.log(Level::Info, &n.to_string()).unwrap();
    }
    let full = reporter.log(Level::Info, "one too many").unwrap_err();
    assert_eq!(full.kind(), ErrorKind::QueueFull);
    let receipt = reporter.complete("1");
    let _hub = hub_at(address).await;
    assert_eq!(patiently(receipt).await.unwrap().unwrap(), Receipt::Acked);
    let outcome = patiently(outcome).await.unwrap().unwrap();
    assert_eq!((outcome.kind, &*outcome.data), (OutcomeKind::Complete, "1"));
}

#[tokio::test]
async fn an_acknowledged_end_survives_a_disconnect_right_behind_it() {
    let hub = hub().await;
    let (follower, _) = client(&hub);
    let outcome = follower.wait("t").unwrap();
    let (worker, worked) = client(&hub);
    let reporter = worker.report("t").unwrap();
    came(&worked, json!({ "event": CONNECTED })).await;
    for n in 0..50 {
        reporter.log(Level::Info, &n.to_string()).unwrap();
    }
    let receipt = reporter.complete("1");
    patiently(worker.disconnect()).await.unwrap().unwrap();
    assert_eq!(patiently(receipt).await.unwrap().unwrap(), Receipt::Acked);
    assert_eq!(patiently(outcome).await.unwrap().unwrap().kind, OutcomeKind::Complete);

    // Without a link it cannot; then it is told.
    let address = hub.local_addr();
    let reporter = worker.report("u").unwrap();
    came(&worked, json!({ "event": CONNECTED })).await;
    hub.kill().await;
    came(&worked, json!({ "event": "stateChange", "state": "reconnecting" })).await;
    let receipt = reporter.complete("1");
    patiently(worker.disconnect()).await.unwrap().unwrap();
    assert_eq!(patiently(receipt).await.unwrap().unwrap(), Receipt::Dropped(DropReason::Disconnected));
    drop(hub_at(address).await);
}

#[tokio::test]
async fn an_acknowledged_end_survives_the_end_of_its_process() {
    let hub = hub().await;
    let (follower, followed) = client(&hub);
    let outcome = follower.wait("t").unwrap();
    came(&followed, json!({ "event": CONNECTED })).await;
    let status = child("complete", &hub.url()).await;
    assert!(status.success(), "{status}");
    let outcome = patiently(outcome).await.unwrap().unwrap();
    assert_eq!((outcome.kind, &*outcome.data), (OutcomeKind::Complete, "\"from the child\""));
}

/// P-PUB-3, PUB-1: the task of a worker that was cut off ends later than that of one that went for good after it.
#[tokio::test]
async fn a_worker_that_is_back_and_says_nothing_is_not_lost() {
    let hub = Hub::builder().publisher_lease(Duration::from_secs(10)).start().await.unwrap();
    let (follower, _) = client(&hub);
    let (quiet, gone) = (follower.wait("quiet").unwrap(), follower.wait("gone").unwrap());
    let (worker, worked) = client(&hub);
    let reporter = worker.report("quiet").unwrap();
    reporter.progress(50.0, "", "").unwrap();
    patiently(worker.flush()).await.unwrap().unwrap();
    hub.cut_all();
    came(&worked, json!({ "event": "stateChange", "state": "reconnecting" })).await;
    came(&worked, json!({ "event": CONNECTED })).await;
    let (other, _) = client(&hub);
    patiently(other.connect(None)).await.unwrap().unwrap();
    drop(other.send(Message::progress("gone", 1.0)).unwrap());
    patiently(other.flush()).await.unwrap().unwrap();
    drop(other);
    assert_eq!(patiently(gone).await.unwrap().unwrap().code, "worker_lost");
    patiently(reporter.complete("1")).await.unwrap().unwrap();
    let outcome = patiently(quiet).await.unwrap().unwrap();
    assert_eq!((outcome.kind, &*outcome.code), (OutcomeKind::Complete, ""));
}

#[tokio::test]
async fn a_worker_that_dies_is_an_error_of_its_task() {
    let lease = Duration::from_millis(50);
    let hub = Hub::builder().publisher_lease(lease).start().await.unwrap();
    let (follower, _) = client(&hub);
    let follow = follower.follow("t").unwrap();
    let status = child("die", &hub.url()).await;
    assert!(!status.success());
    let seen = rest(follow).await;
    let last = seen.last().unwrap();
    assert_eq!(
        (&last["event"], &last["source"], &last["code"]),
        (&json!("error"), &json!("task"), &json!("worker_lost"))
    );
    assert_eq!(of_kind(&seen, "progress").len(), 1, "{seen:?}");
}

/// Runs a worker in a process of its own, until its end.
async fn child(what: &'static str, url: &str) -> std::process::ExitStatus {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "worker_in_a_process_of_its_own", "--ignored", "--nocapture"]);
    command.env("STEADYWIRE_TEST_CHILD", what).env("STEADYWIRE_TEST_URL", url);
    let run = tokio::task::spawn_blocking(move || command.status().unwrap());
    patiently(run).await.unwrap().unwrap()
}

#[test]
#[ignore = "other tests run it as a process of its own"]
fn worker_in_a_process_of_its_own() {
    let what = std::env::var("STEADYWIRE_TEST_CHILD").unwrap();
    let worker = Client::new(config(std::env::var("STEADYWIRE_TEST_URL").unwrap())).unwrap();
    let reporter = worker.report("t").unwrap();
    reporter.progress(50.0, "", "").unwrap();
    if what == "die" {
        worker.flush().wait().unwrap();
        std::process::abort();
    }
    drop(reporter.complete("\"from the child\""));
    worker.flush().wait().unwrap();
    std::process::exit(0);
}
