//! A server of 60 lines that knows none of the protocol's extensions, and the real client: all promises but those that
//! need the extensions hold.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use steadywire::{Client, Config, Conflate, Event, EventKind, Follow, Level, Message, OutcomeKind, Receipt};
use steadywire_faults::{Baseline, Connection, Script, Server};
use steadywire_tests::e2e::{Events, patiently};
use tokio::net::TcpListener;

const CONNECTED: &str = "connected";

async fn start(address: SocketAddr) -> (Baseline, SocketAddr) {
    let listener = TcpListener::bind(address).await.expect("the address is free");
    let address = listener.local_addr().unwrap();
    (Baseline::start(listener), address)
}

fn client(address: SocketAddr) -> (Client, Events) {
    let config = Config::new(format!("ws://{address}/ws")).reconnect_interval(5).max_reconnect_backoff(20).seed(1);
    let client = Client::new(config.conflate(Conflate::Never)).unwrap();
    let events = Events::of(&client);
    (client, events)
}

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

async fn came(events: &Events, wanted: Value) -> Value {
    events.next(&wanted).await.unwrap()
}

/// The server has read all that the client sent: it answers a ping that was sent after it.
async fn read_by_server(client: &Client) {
    let proof = client.send(Message::status("proof", "{}").unwrap()).unwrap();
    let receipt = patiently(proof).await.unwrap().unwrap();
    assert_eq!(receipt, Receipt::Written { ack_unsupported: false });
}

async fn rest(mut follow: Follow) -> Vec<Value> {
    let mut seen = Vec::new();
    while let Some(event) = patiently(follow.next()).await.unwrap() {
        seen.push(event.to_json());
    }
    seen
}

#[tokio::test]
async fn worker_and_follower_survive_the_death_of_the_server() {
    let (server, address) = start(anywhere()).await;
    let (follower, followed) = client(address);
    let follow = follower.follow("t").unwrap();
    came(&followed, json!({ "event": CONNECTED })).await;
    read_by_server(&follower).await;
    let (worker, worked) = client(address);
    let reporter = worker.report("t").unwrap();
    came(&worked, json!({ "event": CONNECTED })).await;

    reporter.progress(10.0, "train", "").unwrap();
    came(&followed, json!({ "event": "progress", "progress": 10 })).await;
    let mut server = server;
    for round in 1..=3 {
        drop(server);
        came(&followed, json!({ "event": "stateChange", "state": "reconnecting" })).await;
        came(&worked, json!({ "event": "stateChange", "state": "reconnecting" })).await;
        // Said while nobody listens: the latest waits.
        reporter.progress(15.0, "lost in between", "").unwrap();
        reporter.progress(20.0 * f64::from(round), "train", "").unwrap();
        // Which of the two is back first is chance, and so is whether the follower sees that.
        server = start(address).await.0;
        came(&followed, json!({ "event": CONNECTED })).await;
        came(&worked, json!({ "event": CONNECTED })).await;
        read_by_server(&follower).await;
        read_by_server(&worker).await;
        reporter.log(Level::Info, &format!("round {round}")).unwrap();
        came(&followed, json!({ "event": "log", "message": format!("round {round}") })).await;
    }
    let receipt = patiently(reporter.complete("{\"ok\":true}")).await.unwrap().unwrap();
    assert_eq!(receipt, Receipt::Written { ack_unsupported: true }, "sent once, and the receipt says so");
    let seen = rest(follow).await;
    assert_eq!(seen.last().unwrap()["event"], "complete");
    assert_eq!(seen.iter().filter(|event| event["event"] == "log").count(), 3, "{seen:?}");
    patiently(follower.disconnect()).await.unwrap().unwrap();
    assert_eq!(followed.matching(&json!({ "event": "complete", "taskId": "t" })).len(), 1, "one outcome");
    assert_eq!(followed.matching(&json!({ "event": "lost" })).len(), 0);
    assert_eq!(followed.matching(&json!({ "event": "gap" })).len(), 0, "nobody can know of one here");
    patiently(worker.disconnect()).await.unwrap().unwrap();
    drop(server);
}

#[tokio::test]
async fn an_outage_spins_nothing() {
    let (server, address) = start(anywhere()).await;
    let (follower, events) = client(address);
    let outcome = follower.wait("t").unwrap();
    came(&events, json!({ "event": CONNECTED })).await;
    let (tries, mut tried) = tokio::sync::watch::channel(0);
    follower.on(EventKind::Retry, move |event| {
        if let Event::Retry(retry) = event {
            tries.send_replace(retry.attempt);
        }
    });
    let began = Instant::now();
    drop(server);
    // Nothing listens: each attempt is refused at once, and the next must wait.
    patiently(tried.wait_for(|attempt| *attempt > 30)).await.unwrap().unwrap();
    let attempts = u32::try_from(follower.stats()["attempts"].as_u64().unwrap()).unwrap();
    // 5 ms growing to 20, each at least 7/10; the first after no stable link likewise. 2 ms is below all of them.
    assert!(began.elapsed() >= Duration::from_millis(2) * (attempts - 2), "{:?} for {attempts}", began.elapsed());

    let _server = start(address).await.0;
    came(&events, json!({ "event": CONNECTED })).await;
    read_by_server(&follower).await;
    let (worker, _) = client(address);
    drop(worker.send(Message::complete("t", "7").unwrap()).unwrap());
    drop(worker.connect(None));
    let outcome = patiently(outcome).await.unwrap().unwrap();
    assert_eq!((outcome.kind, &*outcome.data, outcome.synthetic), (OutcomeKind::Complete, "7", false));
}

#[tokio::test]
async fn messages_sent_during_an_outage_arrive_in_order_afterwards() {
    let (server, address) = start(anywhere()).await;
    let (worker, worked) = client(address);
    patiently(worker.connect(None)).await.unwrap().unwrap();
    drop(server);
    came(&worked, json!({ "event": "stateChange", "state": "reconnecting" })).await;
    let receipts: Vec<_> =
        (0..100).map(|n| worker.send(Message::log("t", Level::Info, n.to_string())).unwrap()).collect();
    // The follower is there before the worker can be: the server listens for it alone.
    let script = Connection::upgraded().lenient().expect(json!({ "data": { "message": "99" } }));
    let server = Server::start_at(address, Script::new([script])).await;
    let transcript = server.finished().await.unwrap();
    let lines: Vec<String> = transcript
        .messages()
        .iter()
        .filter(|message| message["type"] == "log")
        .map(|message| message["data"]["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(lines, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
    for receipt in receipts {
        assert_eq!(patiently(receipt).await.unwrap().unwrap(), Receipt::Written { ack_unsupported: false });
    }
}

#[tokio::test]
async fn a_terminal_status_word_becomes_a_synthetic_outcome() {
    let (_server, address) = start(anywhere()).await;
    let (follower, events) = client(address);
    let (good, bad) = (follower.wait("good").unwrap(), follower.wait("bad").unwrap());
    came(&events, json!({ "event": CONNECTED })).await;
    read_by_server(&follower).await;
    let (worker, _) = client(address);
    patiently(worker.connect(None)).await.unwrap().unwrap();
    drop(worker.send(Message::status("good", r#"{"status":"Succeeded","n":1}"#).unwrap()).unwrap());
    drop(worker.send(Message::status("bad", r#"{"state":"cancelled"}"#).unwrap()).unwrap());
    let good = patiently(good).await.unwrap().unwrap();
    assert_eq!((good.kind, good.synthetic), (OutcomeKind::Complete, true));
    assert_eq!(serde_json::from_str::<Value>(&good.data).unwrap(), json!({ "status": "Succeeded", "n": 1 }));
    let bad = patiently(bad).await.unwrap().unwrap();
    assert_eq!((bad.kind, bad.synthetic), (OutcomeKind::Error, true));
    // The late real one is no second outcome.
    drop(worker.send(Message::complete("good", "{}").unwrap()).unwrap());
    drop(worker.send(Message::log("good", Level::Info, "the end")).unwrap());
    read_by_server(&worker).await;
    read_by_server(&follower).await;
    patiently(follower.disconnect()).await.unwrap().unwrap();
    assert_eq!(events.matching(&json!({ "event": "complete" })).len(), 1);
}

#[tokio::test]
async fn what_is_repeated_after_a_resubscribe_is_dropped() {
    let line = |n: u32| json!({ "type": "log", "taskId": "t", "timestamp": n, "data": { "message": n.to_string() } });
    let subscribe = json!({ "type": "status", "taskId": "t", "data": { "action": "subscribe" } });
    let mut first = Connection::upgraded().expect(subscribe.clone());
    let mut second = Connection::upgraded().expect(subscribe);
    for n in 0..300 {
        first = first.send(line(n));
    }
    // Of these the last 256 are remembered; a server that repeats its last 200 is within that.
    for n in 100..310 {
        second = second.send(line(n));
    }
    let end = json!({ "type": "complete", "taskId": "t", "timestamp": 1, "data": {} });
    let server = Server::start(Script::new([first.fin(), second.send(end.clone()).send(end)])).await;
    let (follower, events) = client(server.address());
    let follow = follower.follow("t").unwrap();
    let seen = rest(follow).await;
    let lines: Vec<&str> = seen.iter().filter_map(|event| event["message"].as_str()).collect();
    assert_eq!(lines, (0..310).map(|n| n.to_string()).collect::<Vec<_>>());
    patiently(follower.disconnect()).await.unwrap().unwrap();
    assert_eq!(events.matching(&json!({ "event": "complete" })).len(), 1);
}
