//! Every bound a client can reach, and what it is told there.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod support;

use serde_json::{Value, json};
use steadywire_hub::limits::{DEDUPE_IDS, MAX_MESSAGE_ID_BYTES, MAX_TASK_ID_BYTES};
use support::{End, PATIENCE, Peer, complete, control, hub, log, progress, quiet, short, shorts, with_id};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;

/// P-LIM-2
#[tokio::test]
async fn a_message_too_large_closes_with_1009() {
    let hub = quiet().max_message_size(1_000).start().await.unwrap();
    let mut peer = Peer::new(&hub).await;
    let fits = log("t", &"x".repeat(1_000 - log("t", "").to_string().len()));
    peer.send(fits).await;
    assert_eq!(peer.query("t").await["seq"], 1);
    peer.send(log("t", &"x".repeat(2_000_000))).await;
    let End::Closed(code, reason) = peer.end().await else { panic!("no close frame came") };
    assert_eq!((code, &*reason), (1009, "a message may have 1000 bytes at most"));
    assert_eq!(Peer::new(&hub).await.query("t").await["seq"], 1);
}

/// P-LIM-4, P-ERR-6
#[tokio::test]
async fn subscriptions_of_a_connection_are_bounded() {
    let hub = quiet().max_subscriptions(2).start().await.unwrap();
    let mut peer = Peer::new(&hub).await;
    peer.subscribe("a").await;
    peer.subscribe("b").await;
    peer.subscribe("a").await;
    peer.send(control("c", json!({"action": "subscribe"}))).await;
    let refused = peer.next().await;
    assert_eq!((&refused["type"], &refused["taskId"]), (&json!("error"), &json!("c")));
    assert_eq!(refused["data"]["code"], "too_many_subscriptions");
    assert_eq!((&refused["data"]["action"], &refused["data"]["fatal"]), (&json!("subscribe"), &json!(false)));
    peer.send(control("a", json!({"action": "unsubscribe"}))).await;
    peer.subscribe("c").await;
    assert_eq!(hub.stats().subscriptions, 2);
}

/// P-LIM-4, P-ERR-6
#[tokio::test]
async fn publications_of_a_connection_are_bounded_by_tasks_without_outcome() {
    let hub = quiet().max_publications(2).start().await.unwrap();
    let mut peer = Peer::new(&hub).await;
    for message in [log("a", ""), log("b", ""), with_id(log("c", ""), "1")] {
        peer.send(message).await;
    }
    let refused = peer.next().await;
    assert_eq!((&refused["data"]["code"], &refused["data"]["id"]), (&json!("too_many_publications"), &json!("1")));
    peer.send(complete("a")).await;
    peer.send(with_id(log("c", ""), "2")).await;
    assert_eq!(peer.next().await["data"], json!({"action": "ack", "id": "2"}));
}

/// P-LIM-4, P-PUB-6
#[tokio::test]
async fn publications_that_are_only_named_are_bounded_alike() {
    let hub = quiet().max_publications(2).start().await.unwrap();
    let (mut others, mut more) = (Peer::new(&hub).await, Peer::new(&hub).await);
    for task in ["a", "b"] {
        others.send(log(task, "")).await;
        others.query(task).await;
    }
    for message in [log("c", ""), complete("ended")] {
        more.send(message).await;
    }
    more.query("c").await;
    let mut peer = Peer::new(&hub).await;
    let long = "x".repeat(MAX_TASK_ID_BYTES + 1);
    let tasks: Vec<Value> =
        ["ended", "a", "b", "a", "c", &long, "c"].iter().map(|task| json!({ "taskId": task })).collect();
    peer.send(control("", json!({"action": "publish", "tasks": tasks}))).await;
    let refused = peer.next().await;
    assert_eq!((&refused["type"], &refused["taskId"]), (&json!("error"), &json!("c")));
    let data = &refused["data"];
    assert_eq!((&data["code"], &data["action"]), (&json!("too_many_publications"), &json!("publish")));
    assert_eq!(data["fatal"], false);
    peer.send(with_id(complete("a"), "0")).await;
    assert_eq!(peer.next().await["data"], json!({"action": "ack", "id": "0"}), "the refusal was the only one");
    peer.send(control("", json!({"action": "publish", "tasks": [{"taskId": "c"}]}))).await;
    assert_eq!(peer.query("c").await["status"], "running");
    peer.send(with_id(log("d", ""), "1")).await;
    assert_eq!(peer.next().await["data"]["code"], "too_many_publications", "c was taken");
}

#[tokio::test]
async fn the_oldest_finished_task_makes_room_and_running_ones_never() {
    let hub = quiet().max_tasks(3).start().await.unwrap();
    let mut worker = Peer::new(&hub).await;
    for message in [complete("old"), log("running", ""), complete("young")] {
        worker.send(message).await;
    }
    worker.send(log("next", "")).await;
    assert_eq!(worker.query("old").await["status"], "unknown");
    assert_eq!(worker.query("young").await["status"], "complete");
    worker.send(log("last", "")).await;
    worker.send(with_id(log("one too many", ""), "1")).await;
    let refused = worker.next().await;
    assert_eq!((&refused["data"]["code"], &refused["data"]["id"]), (&json!("unavailable"), &json!("1")));
    assert!(refused["data"]["error"].as_str().unwrap().contains("3 tasks"), "{refused}");
    assert_eq!(worker.query("running").await["status"], "running");
    assert_eq!(hub.stats().tasks, 3);
}

/// P-LIM-6
#[tokio::test]
async fn all_tasks_together_are_bounded_by_bytes() {
    let hub = quiet().max_total_bytes(6_400).start().await.unwrap();
    let mut worker = Peer::new(&hub).await;
    let text = "x".repeat(1_000);
    for message in [log("a", &text), complete("a"), log("b", &text), complete("b"), log("c", &text)] {
        worker.send(message).await;
    }
    worker.send(with_id(log("d", &text), "1")).await;
    assert_eq!(worker.next().await["data"]["action"], "ack", "there was room");
    worker.send(with_id(log("e", &text), "2")).await;
    assert_eq!(worker.next().await["data"]["action"], "ack", "the oldest finished task made room");
    assert_eq!(worker.query("a").await["status"], "unknown");
    assert_eq!(worker.query("b").await["status"], "complete");
    for task in ["c", "d", "e"] {
        worker.send(log(task, &text)).await;
    }
    worker.send(with_id(log("f", &text), "3")).await;
    let refused = worker.next().await;
    assert_eq!((&refused["data"]["code"], &refused["data"]["id"]), (&json!("unavailable"), &json!("3")));
    assert_eq!(worker.query("b").await["status"], "unknown");
    for task in ["c", "d", "e"] {
        worker.send(complete(task)).await;
    }
    worker.send(with_id(log("f", &text), "4")).await;
    assert_eq!(worker.next().await["data"]["action"], "ack");
}

/// P-LIM-6, P-ACK-3, P-ACK-4
#[tokio::test]
async fn a_task_that_is_there_already_cannot_outgrow_what_all_may_take() {
    let hub = quiet().max_total_bytes(16_000).start().await.unwrap();
    let mut worker = Peer::new(&hub).await;
    let status = |task: &str, bytes: usize| json!({"type": "status", "taskId": task, "timestamp": 1, "data": {"text": "x".repeat(bytes)}});
    worker.send(complete("old")).await;
    for n in 0..50 {
        worker.send(with_id(status("t", 1_000), &n.to_string())).await;
        let ack = worker.next().await;
        assert_eq!((&ack["data"]["action"], &ack["data"]["id"]), (&json!("ack"), &json!(n.to_string())));
    }
    assert_eq!(worker.query("old").await["status"], "unknown", "what has ended went first");
    let mut late = Peer::new(&hub).await;
    assert_eq!(late.subscribe("t").await["seq"], 50);
    let first = late.next().await["seq"].as_u64().unwrap();
    assert!((39..=50).contains(&first), "the older messages gave way, not more of them than need be: {first}");
    worker.send(with_id(status("u", 9_000), "a")).await;
    let refused = worker.next().await;
    assert_eq!((&refused["data"]["code"], &refused["data"]["id"]), (&json!("unavailable"), &json!("a")));
    assert_eq!(worker.query("u").await["status"], "unknown");
    worker.send(with_id(status("t", 13_000), "b")).await;
    assert_eq!(worker.next().await["data"]["code"], "unavailable", "no history makes room for that");
    let mut unharmed = Peer::new(&hub).await;
    unharmed.subscribe("t").await;
    assert_eq!(unharmed.next().await["seq"], first, "and so none was given up for it");
    worker.send(with_id(status("t", 1_000), "49")).await;
    assert_eq!(worker.next().await["data"]["action"], "ack", "it is known, and takes no room");
    worker.send(with_id(complete("t"), "c")).await;
    assert_eq!(worker.next().await["data"]["action"], "ack", "an end finds room");
    assert_eq!(worker.query("t").await["seq"], 51);
}

#[tokio::test]
async fn a_followed_task_is_not_forgotten_and_an_unknown_one_is_when_nobody_follows() {
    let hub = quiet().max_tasks(2).start().await.unwrap();
    let (mut follower, mut worker) = (Peer::new(&hub).await, Peer::new(&hub).await);
    follower.subscribe("followed").await;
    follower.subscribe("unknown").await;
    worker.send(complete("followed")).await;
    worker.send(with_id(log("third", ""), "1")).await;
    assert_eq!(worker.next().await["type"], "error");
    follower.until("complete").await;
    follower.send(control("unknown", json!({"action": "unsubscribe"}))).await;
    follower.query("unknown").await;
    assert_eq!(hub.stats().tasks, 1);
    worker.send(with_id(log("third", ""), "2")).await;
    assert_eq!(worker.next().await["data"]["action"], "ack");
    worker.send(log("followed", "again")).await;
    assert_eq!(short(&follower.next().await), "log again");
}

#[tokio::test]
async fn a_connection_too_many_is_told_503_and_when_to_come_back() {
    let hub = quiet().max_connections(1).start().await.unwrap();
    let first = Peer::new(&hub).await;
    let Err(Error::Http(response)) = Peer::to(&hub.url(), &hub).await else { panic!("upgraded") };
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"5".parse().unwrap()));
    assert_eq!(hub.stats().refused, 1);
    drop(first);
    // The place is free once the hub has seen the first one go.
    let free = async { while Peer::to(&hub.url(), &hub).await.is_err() {} };
    timeout(PATIENCE, free).await.unwrap();
}

/// P-LIM-4, P-SEQ-4
#[tokio::test]
async fn history_is_bounded_by_messages_and_a_lost_line_is_no_recovery() {
    let hub = quiet().history_messages(8).start().await.unwrap();
    let mut worker = Peer::new(&hub).await;
    worker.send(progress("t", 1.0)).await;
    for n in 2..=20 {
        worker.send(log("t", &n.to_string())).await;
    }
    let state = worker.query("t").await;
    let mut follower = Peer::new(&hub).await;
    assert_eq!(follower.resume("t", &state["epoch"], 2).await["recovered"], false);
    worker.send(complete("t")).await;
    let seen = shorts(&follower.until("complete").await);
    assert!(seen.len() <= 8 && seen.contains(&"log 20".to_owned()), "{seen:?}");
    let mut late = Peer::new(&hub).await;
    late.subscribe("t").await;
    let seen = shorts(&late.until("complete").await);
    assert_eq!(seen[0], "progress 1", "{seen:?}");
}

/// P-LIM-4
#[tokio::test]
async fn history_is_bounded_by_bytes_and_one_large_message_stays() {
    let hub = quiet().history_bytes(2_000).start().await.unwrap();
    let mut worker = Peer::new(&hub).await;
    for _ in 0..20 {
        worker.send(log("t", &"x".repeat(300))).await;
    }
    worker.send(log("t", &"y".repeat(3_000))).await;
    let state = worker.query("t").await;
    let mut follower = Peer::new(&hub).await;
    assert_eq!(follower.subscribe("t").await["seq"], 21);
    assert_eq!(follower.next().await["seq"], 21);
    assert_eq!(state["status"], "running");
}

/// P-LIM-3, P-ERR-6
#[tokio::test]
async fn ids_are_bounded_in_length() {
    let hub = hub().await;
    let mut peer = Peer::new(&hub).await;
    let (task, id) = ("t".repeat(MAX_TASK_ID_BYTES), "i".repeat(MAX_MESSAGE_ID_BYTES));
    peer.send(with_id(log(&task, ""), &id)).await;
    assert_eq!(peer.next().await["data"]["id"].as_str(), Some(&*id));
    for (message, action, id) in [
        (log(&format!("{task}t"), ""), "publish", None),
        (control(&format!("{task}t"), json!({"action": "query"})), "query", None),
        (with_id(log("t", ""), &format!("{id}i")), "publish", Some(format!("{id}i"))),
    ] {
        peer.send(message.clone()).await;
        let answer = peer.next().await;
        assert_eq!((&answer["data"]["code"], &answer["taskId"]), (&json!("bad_message"), &message["taskId"]));
        match id {
            Some(id) => assert_eq!(answer["data"]["id"], id),
            None => assert_eq!(answer["data"]["action"], action),
        }
    }
    let tasks = json!([{"taskId": task}, {"taskId": format!("{task}t")}]);
    peer.send(control("", json!({"action": "subscribe", "tasks": tasks}))).await;
    assert_eq!(peer.next().await["data"]["action"], "subscribed");
    assert_eq!(peer.next().await["data"]["code"], "bad_message", "the second of the batch");
}

/// P-ACK-4
#[tokio::test]
async fn ten_thousand_ids_are_remembered() {
    let hub = hub().await;
    let mut peer = Peer::new(&hub).await;
    let acked = async |peer: &mut Peer, id: usize| {
        let ack: Value = peer.next().await;
        assert_eq!(ack["data"]["id"], id.to_string());
    };
    for chunk in 0..=DEDUPE_IDS / 100 {
        for n in 0..100 {
            peer.send(with_id(progress("t", 1.0), &(chunk * 100 + n).to_string())).await;
        }
        for n in 0..100 {
            acked(&mut peer, chunk * 100 + n).await;
        }
    }
    let seq = peer.query("t").await["seq"].as_u64().unwrap();
    assert_eq!(seq, DEDUPE_IDS as u64 + 100);
    for (id, wanted) in [(100, seq), (99, seq + 1)] {
        peer.send(with_id(progress("t", 1.0), &id.to_string())).await;
        acked(&mut peer, id).await;
        assert_eq!(peer.query("t").await["seq"], wanted, "id {id}");
    }
}
