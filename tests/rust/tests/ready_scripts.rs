//! Every script that `steadywire faults` has by name, against the real client: each ends in the outcome it promises.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use serde_json::{Value, json};
use steadywire::{Client, Config, Conflate, OutcomeKind};
use steadywire_faults::{Loaded, READY, Ready, Server};
use steadywire_tests::e2e::{Events, patiently};

/// Plays it, and gives the outcome, the connections it took, and all events.
async fn play(name: &str) -> (OutcomeKind, usize, Events) {
    let mut script = Loaded::read(Ready::named(name).expect(name).text).expect(name).script.lenient();
    // Only where it takes a heartbeat to notice: elsewhere a slow machine must not look like a dead link. And where it
    // does once more, it comes again.
    let beats = name == "half-open";
    if beats {
        script = script.repeating();
    }
    let server = Server::start(script).await;
    let config = Config::new(server.url()).reconnect_interval(5).max_reconnect_backoff(20).seed(1);
    let beat = if beats { 500 } else { 60_000 };
    let config = config.conflate(Conflate::Never).heartbeat_interval(beat).heartbeat_timeout(beat);
    let client = Client::new(config).unwrap();
    let events = Events::of(&client);
    let outcome = match patiently(client.wait("any").unwrap()).await {
        Ok(outcome) => outcome.unwrap(),
        Err(problem) => panic!("{name}: {problem}\n{}\n{:?}", server.transcript(), events.all()),
    };
    let connections = server.accepted();
    patiently(client.disconnect()).await.unwrap().unwrap();
    (outcome.kind, connections, events)
}

fn progress(events: &Events) -> Vec<u64> {
    let all = events.matching(&json!({ "event": "progress", "taskId": "any" }));
    all.iter().map(|event| event["progress"].as_f64().unwrap() as u64).collect()
}

#[tokio::test]
async fn all_of_them_end_as_they_say() {
    for ready in READY {
        let (kind, mut connections, events) = play(ready.name).await;
        let mut shown = progress(&events);
        if ready.name == "half-open" {
            // A machine that is slower than a heartbeat takes more tries, and may see what it had seen.
            connections = connections.min(2);
            shown.dedup();
            assert!(!events.matching(&json!({ "event": "disconnected" })).is_empty(), "{:?}", events.all());
        }
        let (wanted, count, seen, told): (_, _, &[u64], Value) = match ready.name {
            "flaky-wifi" => (OutcomeKind::Complete, 3, &[10, 20, 30, 40], json!({ "event": "complete" })),
            "half-open" => (OutcomeKind::Complete, 2, &[10, 50], json!({ "event": "disconnected" })),
            "crash-loop" => (OutcomeKind::Complete, 5, &[50], json!({ "event": "disconnected" })),
            "busy-server" => (OutcomeKind::Complete, 3, &[50], json!({ "event": "connected" })),
            "deploy" => (OutcomeKind::Complete, 2, &[60, 5], json!({ "event": "gap", "epoch": "e1" })),
            "moved" => (OutcomeKind::Complete, 2, &[50], json!({ "event": "connected" })),
            "lossy-replay" => (OutcomeKind::Complete, 2, &[10, 50, 90], json!({ "event": "gap", "from": 2, "to": 4 })),
            "nonsense" => (OutcomeKind::Complete, 1, &[50], json!({ "event": "error", "source": "protocol" })),
            "broken-frames" => (OutcomeKind::Complete, 3, &[10, 50], json!({ "event": "disconnected" })),
            "huge-message" => (OutcomeKind::Lost, 3, &[], json!({ "event": "error", "code": "message_too_large" })),
            other => panic!("what does {other} promise?"),
        };
        assert_eq!((kind, connections), (wanted, count), "{}: {:?}", ready.name, events.all());
        assert_eq!(shown, seen, "{}", ready.name);
        assert!(!events.matching(&told).is_empty(), "{}: {told} in {:?}", ready.name, events.all());
        assert_eq!(
            events.matching(&json!({ "event": "complete" })).len(),
            usize::from(wanted == OutcomeKind::Complete)
        );
    }
}
