//! Connections of one client, of which the newest goes on.

use std::sync::atomic::AtomicBool;

use steadywire::protocol::Features;
use tokio::sync::Notify;
use tokio::task::consume_budget;
use tokio::task::coop::has_budget_remaining;

use super::*;
use crate::history::{Appended, History, HistoryFuture, NewMessage, TaskLog};
use crate::limits::FENCED_MESSAGES;

/// A pipe that holds this takes all that a test writes.
const WIDE: usize = 1 << 22;

const SUPERSEDED: Result<Value, Option<u16>> = Err(Some(4409));

fn publish(client: &str, link: u64, tasks: &[&str]) -> Value {
    let mut message = super::publish(tasks);
    message["data"]["client"] = json!(client);
    message["data"]["link"] = json!(link);
    message
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
    new.left().await;
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
    let hub = reaping_hub();
    let mut new = Peer::new(&hub, WIDE).await;
    new.send(publish("c", 2, &[])).await;
    new.send(log("t", "a")).await;
    new.state("t").await;
    let mut late = Peer::new(&hub, 64).await;
    late.send(publish("c", 1, &["t"])).await;
    new.left().await;
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

/// P-PUB-7: what it may ask for is much more than may be kept, and others have their turns meanwhile.
#[tokio::test(start_paused = true)]
async fn answers_to_what_is_taken_last_are_not_kept() {
    let hub = hub(Bounds::default(), quiet());
    let (mut connection, near) = idle(&hub, WIDE).await;
    let mut near = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
    let query = json!({"type": "status", "taskId": "t", "timestamp": 1, "data": {"action": "query"}}).to_string();
    for _ in 0..1000 {
        near.send(Message::text(query.as_str())).await.unwrap();
    }
    let had_a_turn = Arc::new(AtomicBool::new(false));
    let other = had_a_turn.clone();
    tokio::spawn(async move { other.store(true, Ordering::Relaxed) });
    // A task that has used up its budget is told that its socket has nothing.
    while has_budget_remaining() {
        consume_budget().await;
    }
    connection.take_the_rest().await;
    assert_eq!(hub.stats().messages_in, 1000);
    assert!(connection.outgoing.is_empty());
    assert!(had_a_turn.load(Ordering::Relaxed));
    near.send(Message::text(subscribe(0..1000).to_string())).await.unwrap();
    connection.take_the_rest().await;
    assert_eq!(hub.stats().messages_in, 1001);
    assert!(connection.outgoing.is_empty() && connection.subscribing.is_none());
}

/// P-PUB-7: the older connection is in the midst of a `subscribe` that has no room for its answers.
#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_holds_up_neither_its_client_nor_the_end_of_the_hub() {
    for order in [None, Some(Order::GoAway), Some(Order::Cut)] {
        let hub = hub(Bounds::default(), quiet());
        let mut stuck = Peer::new(&hub, 1024).await;
        stuck.send(publish("c", 1, &[])).await;
        stuck.send(subscribe(0..500)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut next = Peer::new(&hub, WIDE).await;
        let begun = Instant::now();
        next.send(publish("c", 2, &[])).await;
        match order {
            None => {
                assert_eq!(next.state("t").await.2, "unknown");
                assert_eq!(begun.elapsed(), Duration::ZERO);
            }
            Some(order) => {
                hub.order_all(order);
                // Neither answers the close.
                Peer::gone(next.served).await;
            }
        }
        Peer::gone(stuck.served).await;
        assert!(begun.elapsed() <= CLOSE_TIMEOUT, "{order:?}: {:?}", begun.elapsed());
    }
}

/// P-PUB-7, P-PUB-3
#[tokio::test(start_paused = true)]
async fn a_newer_link_keeps_what_it_names_and_the_rest_is_lost_with_the_older() {
    let hub = reaping_hub();
    let mut old = Peer::new(&hub, WIDE).await;
    old.send(publish("c", 1, &[])).await;
    for task in ["named", "left"] {
        old.send(log(task, "a")).await;
    }
    let mut new = Peer::new(&hub, WIDE).await;
    new.send(publish("c", 2, &["named"])).await;
    Peer::gone(old.served).await;
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(new.state("left").await.2, "running");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(new.state("left").await.2, "error");
    assert_eq!(new.state("named").await.2, "running");
}

/// P-PUB-7
#[tokio::test(start_paused = true)]
async fn without_the_feature_no_link_ends_another() {
    let features = Features { publish: false, ..Options::default().features };
    let hub = hub(Bounds::default(), Options { features, ..quiet() });
    let mut old = Peer::new(&hub, WIDE).await;
    let mut new = Peer::new(&hub, WIDE).await;
    for (peer, number) in [(&mut old, 1), (&mut new, 2)] {
        peer.send(publish("c", number, &[])).await;
        assert_eq!(peer.next().await.unwrap()["data"]["code"], "unsupported");
    }
    old.send(log("t", "a")).await;
    assert_eq!(old.state("t").await.2, "running");
}

/// A history that does not get on with one task until it is told to.
struct Stuck(MemoryHistory, Notify);

impl History for Stuck {
    fn open<'a>(&'a self, task: &'a str) -> HistoryFuture<'a, Arc<TaskLog>> {
        self.0.open(task)
    }

    fn append<'a>(&'a self, log: &'a Arc<TaskLog>, message: NewMessage) -> HistoryFuture<'a, Appended> {
        Box::pin(async move {
            if log.task() == "stuck" {
                self.1.notified().await;
            }
            self.0.append(log, message).await
        })
    }

    fn close(&self, task: &str) {
        self.0.close(task);
    }
}

/// P-PUB-7
#[tokio::test(start_paused = true)]
async fn a_history_that_hangs_holds_one_connection_and_not_those_after_it() {
    let guard = Guard { path: "/ws".into(), ..Guard::default() };
    let history = Arc::new(Stuck(MemoryHistory::new(Bounds::default()), Notify::new()));
    let hub = Arc::new(Shared::new(guard, history.clone(), quiet()));
    let mut old = Peer::new(&hub, WIDE).await;
    old.send(publish("c", 1, &[])).await;
    old.send(log("stuck", "a")).await;
    let mut new = Peer::new(&hub, WIDE).await;
    new.send(publish("c", 2, &[])).await;
    new.send(log("t", "a")).await;
    let begun = Instant::now();
    assert_eq!(new.state("t").await.1, 1);
    assert_eq!(begun.elapsed(), CLOSE_TIMEOUT);
    old.send(log("t", "late")).await;
    history.1.notify_one();
    Peer::gone(old.served).await;
    assert_eq!(new.state("t").await.1, 1, "nothing of the older one is behind it");
}
