//! Connections of one client, of which the newest goes on.

use super::*;
use crate::limits::FENCED_MESSAGES;

/// A pipe that holds this takes all that a test writes.
const WIDE: usize = 1 << 22;

const SUPERSEDED: Result<Value, Option<u16>> = Err(Some(4409));

fn publish(client: &str, link: u64, tasks: &[&str]) -> Value {
    let tasks: Vec<Value> = tasks.iter().map(|task| json!({ "taskId": task })).collect();
    let data = json!({"action": "publish", "client": client, "link": link, "tasks": tasks});
    json!({"type": "status", "taskId": "", "timestamp": 1, "data": data})
}

fn with_id(mut message: Value, id: &str) -> Value {
    message["id"] = json!(id);
    message
}

fn complete(task: &str, id: &str) -> Value {
    with_id(json!({"type": "complete", "taskId": task, "timestamp": 1, "data": {}}), id)
}

impl Peer {
    /// What the hub knows of a task: its epoch, newest position and status.
    async fn state(&mut self, task: &str) -> (Value, u64, String) {
        let state = self.ask(task, "query").await;
        let seq = state["seq"].as_u64().unwrap_or_default();
        (state["epoch"].clone(), seq, state["status"].as_str().unwrap().to_owned())
    }

    /// It ends, and the hub has noticed.
    async fn left(self) {
        let Peer { socket, served } = self;
        drop(socket);
        Peer::gone(served).await;
    }
}

/// P-PUB-7
#[tokio::test(start_paused = true)]
async fn what_an_older_link_delivers_late_is_not_taken() {
    let hub = hub(Bounds::default(), quiet());
    let mut old = Peer::new(&hub, WIDE).await;
    old.send(publish("c", 1, &[])).await;
    old.send(log("t", "in time")).await;
    old.ask("t", "query").await;
    let mut new = Peer::new(&hub, WIDE).await;
    new.send(publish("c", 2, &["t"])).await;
    new.send(complete("t", "i")).await;
    assert_eq!(new.next_of("status").await["data"], json!({"action": "ack", "id": "i"}));
    let before = new.state("t").await;
    assert_eq!((before.1, &*before.2), (2, "complete"));
    // It may be closed already.
    let _ = old.socket.send(Message::text(log("t", "late").to_string())).await;
    assert_eq!(old.next().await, SUPERSEDED);
    assert_eq!(new.state("t").await, before, "no new run has begun");
    new.send(log("t", "again")).await;
    assert_eq!(new.state("t").await.2, "running", "the newest goes on");
}

/// P-PUB-7: the older connection is full of answers that nobody reads, so that what comes to it waits.
#[tokio::test(start_paused = true)]
async fn what_has_arrived_is_taken_first_and_no_more_than_the_bound() {
    let hub = hub(Bounds::default(), quiet());
    let mut old = Peer::new(&hub, 1 << 20).await;
    old.send(publish("c", 1, &[])).await;
    let sent = 15_500;
    for number in 0..sent {
        old.send(with_id(log("t", "of the older one"), &number.to_string())).await;
    }
    let mut new = Peer::new(&hub, 1 << 20).await;
    // The clock goes on when everybody rests.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (_, taken, _) = new.state("t").await;
    assert!(sent - taken > FENCED_MESSAGES as u64, "{taken} of {sent} were taken");
    let begun = Instant::now();
    new.send(publish("c", 2, &[])).await;
    new.send(log("t", "of the newer one")).await;
    assert_eq!(new.state("t").await.1, taken + FENCED_MESSAGES as u64 + 1);
    assert_eq!(begun.elapsed(), Duration::ZERO, "nobody waits until the older one has been closed");
    new.send(json!({"type": "status", "taskId": "t", "timestamp": 1, "data": {"action": "subscribe"}})).await;
    while new.next_of("log").await["data"]["message"] != "of the newer one" {}
    assert_eq!(new.next_after("t", "query").await["data"]["action"], "state", "nothing is behind it");
    Peer::gone(old.served).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_gone_is_not_waited_for() {
    let registered = hub(Bounds::default(), quiet()).register();
    let link = registered.link.clone();
    let waits = tokio::spawn(async move { link.until_closed().await });
    drop(registered);
    timeout(PATIENCE, waits).await.expect("it is waited for").unwrap();
}

/// P-PUB-7
#[tokio::test(start_paused = true)]
async fn an_older_link_that_says_so_late_is_closed_and_nothing_of_it_taken() {
    let hub = hub(Bounds::default(), quiet());
    let mut new = Peer::new(&hub, WIDE).await;
    new.send(publish("c", 5, &[])).await;
    new.send(log("t", "a")).await;
    let before = new.state("t").await;
    for number in [4, 5] {
        let mut late = Peer::new(&hub, WIDE).await;
        late.send(with_id(publish("c", number, &["t"]), "p")).await;
        late.send(complete("t", "i")).await;
        assert_eq!(late.next().await, SUPERSEDED, "{number}");
        Peer::gone(late.served).await;
    }
    assert_eq!(new.state("t").await, before);
    Peer::left(new).await;
    let mut late = Peer::new(&hub, WIDE).await;
    late.send(publish("c", 4, &[])).await;
    assert_eq!(late.next().await, SUPERSEDED, "the newest is known when it has gone");
    let mut next = Peer::new(&hub, WIDE).await;
    next.send(publish("c", 6, &["t"])).await;
    assert_eq!(next.state("t").await, before);
}

/// P-PUB-7: what it names is not its own either, so its lease runs out with the newest one's.
#[tokio::test(start_paused = true)]
async fn an_older_link_that_says_so_late_keeps_no_task_alive() {
    let hub = hub(Bounds::default(), quiet());
    let tasks = hub.tasks.clone();
    tokio::spawn(async move { tasks.reap().await });
    let mut new = Peer::new(&hub, WIDE).await;
    new.send(publish("c", 2, &[])).await;
    new.send(log("t", "a")).await;
    new.state("t").await;
    let mut late = Peer::new(&hub, 64).await;
    late.send(publish("c", 1, &["t"])).await;
    Peer::left(new).await;
    let mut other = Peer::new(&hub, WIDE).await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(other.state("t").await.2, "error");
}

/// P-PUB-7
#[tokio::test(start_paused = true)]
async fn a_connection_is_one_client_s_and_one_link_of_it() {
    let hub = hub(Bounds::default(), quiet());
    let mut peer = Peer::new(&hub, WIDE).await;
    peer.send(publish("c", 1, &[])).await;
    peer.send(publish("c", 1, &[])).await;
    for other in [publish("c", 2, &[]), publish("d", 1, &[])] {
        peer.send(other).await;
        let data = peer.next().await.unwrap()["data"].clone();
        assert_eq!((&data["code"], &data["action"]), (&json!("bad_message"), &json!("publish")));
    }
    let mut other = Peer::new(&hub, WIDE).await;
    other.send(publish("d", 1, &[])).await;
    assert_eq!(other.state("t").await.2, "unknown", "nobody was that before");
    assert_eq!(peer.state("t").await.2, "unknown", "and the first lives on");
}

/// P-LIM-3
#[tokio::test(start_paused = true)]
async fn a_client_s_name_has_a_bound() {
    let hub = hub(Bounds::default(), quiet());
    let mut peer = Peer::new(&hub, WIDE).await;
    peer.send(publish(&"c".repeat(129), 1, &[])).await;
    assert_eq!(peer.next().await.unwrap()["data"]["code"], "bad_message");
    peer.send(publish(&"c".repeat(128), 1, &[])).await;
    assert_eq!(peer.state("t").await.2, "unknown");
}

/// P-PUB-7
#[tokio::test(start_paused = true)]
async fn many_links_one_after_the_other_end_one_another() {
    let hub = hub(Bounds::default(), quiet());
    let mut peers = Vec::new();
    for number in 1..=50 {
        let mut peer = Peer::new(&hub, WIDE).await;
        // None waits until the one before has ended.
        peer.send(publish("c", number, &[])).await;
        peer.send(log("t", &number.to_string())).await;
        peers.push(peer);
    }
    let mut last = peers.pop().unwrap();
    assert_eq!(last.state("t").await.1, 50, "each message had arrived when the next link came");
    for peer in &mut peers {
        assert_eq!(peer.next().await, SUPERSEDED);
    }
    assert_eq!(last.state("t").await.1, 50);
}
