//! Subscribing, publishing, resuming, acknowledging.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod support;

use futures_util::SinkExt;
use serde_json::json;
use steadywire::protocol::Features;
use support::{Peer, complete, control, hub, log, progress, quiet, short, shorts, with_id};
use tokio_tungstenite::tungstenite::Message;

/// P-SUB-2, P-LINK-3, P-PUB-1, P-SEQ-1, P-SEQ-2
#[tokio::test]
async fn a_follower_gets_what_a_publisher_sends() {
    let hub = hub().await;
    let (mut follower, mut worker) = (Peer::new(&hub).await, Peer::new(&hub).await);
    let answer = follower.subscribe("t").await;
    assert_eq!((answer["status"].as_str(), &answer["epoch"]), (Some("unknown"), &json!(null)));
    worker.send(with_id(progress("t", 5.0), "p1")).await;
    worker.send(log("t", "a")).await;
    worker.send(complete("t")).await;
    let seen = follower.until("complete").await;
    assert_eq!(shorts(&seen), ["progress 5", "log a", "complete"]);
    assert_eq!(seen.iter().map(|m| m["seq"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(seen.iter().all(|m| m["epoch"] == seen[0]["epoch"] && m["epoch"].is_string()));
    assert_eq!(seen[0]["id"], json!(null), "the id is between the hub and its publisher");
}

/// P-SUB-3, P-SEQ-3
#[tokio::test]
async fn a_late_follower_gets_the_retained_tail_without_superseded_progress() {
    let hub = hub().await;
    let mut worker = Peer::new(&hub).await;
    for message in [progress("t", 1.0), log("t", "a"), progress("t", 2.0), progress("t", 3.0), log("t", "b")] {
        worker.send(message).await;
    }
    worker.query("t").await;
    let mut follower = Peer::new(&hub).await;
    let answer = follower.subscribe("t").await;
    assert_eq!((answer["status"].as_str(), answer["seq"].as_u64()), (Some("running"), Some(5)));
    worker.send(complete("t")).await;
    let seen = follower.until("complete").await;
    assert_eq!(shorts(&seen), ["log a", "progress 3", "log b", "complete"]);
    assert_eq!((&seen[0]["covers"], &seen[1]["covers"], &seen[2]["covers"]), (&json!(1), &json!(3), &json!(null)));
}

/// P-SEQ-4
#[tokio::test]
async fn a_cursor_brings_all_that_came_after_it() {
    let hub = hub().await;
    let mut worker = Peer::new(&hub).await;
    let mut follower = Peer::new(&hub).await;
    follower.subscribe("t").await;
    for n in 1..=6 {
        worker.send(progress("t", f64::from(n))).await;
    }
    let first = follower.next().await;
    drop(follower);
    worker.send(complete("t")).await;
    worker.query("t").await;
    let mut follower = Peer::new(&hub).await;
    let answer = follower.resume("t", &first["epoch"], 1).await;
    assert_eq!((&answer["recovered"], &answer["status"]), (&json!(true), &json!("complete")));
    let seen = follower.until("complete").await;
    assert_eq!(shorts(&seen)[..2], ["progress 2", "progress 3"]);
    assert_eq!(seen.len(), 6);
    let answer = follower.resume("t", &json!("another"), 1).await;
    assert_eq!(answer["recovered"], json!(false));
    assert_eq!(shorts(&follower.until("complete").await), ["progress 6", "complete"]);
}

/// P-ACK-3, P-ACK-4, P-STATE-2
#[tokio::test]
async fn a_message_with_an_id_is_acknowledged_and_taken_once() {
    let hub = hub().await;
    let mut worker = Peer::new(&hub).await;
    let mut follower = Peer::new(&hub).await;
    follower.subscribe("t").await;
    worker.send(with_id(log("t", "a"), "1")).await;
    worker.send(with_id(complete("t"), "2")).await;
    drop(worker);
    let mut worker = Peer::new(&hub).await;
    for message in [with_id(log("t", "a"), "1"), with_id(complete("t"), "2")] {
        worker.send(message).await;
    }
    for id in ["1", "2"] {
        let ack = worker.next().await;
        assert_eq!((&ack["data"], ack["taskId"].as_str()), (&json!({"action": "ack", "id": id}), Some("t")));
    }
    assert_eq!(shorts(&follower.until("complete").await), ["log a", "complete"]);
    let state = worker.query("t").await;
    assert_eq!((&state["status"], &state["seq"]), (&json!("complete"), &json!(2)));
    assert_eq!(state["data"]["result"], json!({"ok": true}));
}

/// P-PUB-2, P-SEQ-1
#[tokio::test]
async fn a_message_after_the_outcome_opens_a_new_epoch() {
    let hub = hub().await;
    let (mut follower, mut worker) = (Peer::new(&hub).await, Peer::new(&hub).await);
    follower.subscribe("t").await;
    for message in [log("t", "a"), complete("t"), log("t", "b")] {
        worker.send(message).await;
    }
    let first = follower.until("complete").await;
    let again = follower.next().await;
    assert_eq!((short(&again), again["seq"].as_u64()), ("log b".to_owned(), Some(1)));
    assert_ne!(again["epoch"], first[0]["epoch"]);
    let mut late = Peer::new(&hub).await;
    assert_eq!(late.subscribe("t").await["status"], "running");
    assert_eq!(short(&late.next().await), "log b");
}

/// P-SUB-2, P-STATE-2
#[tokio::test]
async fn a_batch_follows_many_tasks_and_unsubscribe_ends_one() {
    let hub = hub().await;
    let (mut follower, mut worker) = (Peer::new(&hub).await, Peer::new(&hub).await);
    let tasks = json!([{"taskId": "a"}, {"taskId": "b"}]);
    follower.send(control("", json!({"action": "subscribe", "tasks": tasks}))).await;
    assert_eq!((&follower.next().await["taskId"], &follower.next().await["taskId"]), (&json!("a"), &json!("b")));
    follower.send(control("a", json!({"action": "unsubscribe"}))).await;
    follower.query("a").await;
    worker.send(log("a", "unheard")).await;
    worker.send(log("b", "heard")).await;
    assert_eq!(short(&follower.next().await), "log heard");
    assert_eq!(hub.stats().subscriptions, 1);
}

/// P-PUB-4
#[tokio::test]
async fn a_type_nobody_knows_is_passed_on_and_not_replayed() {
    let hub = hub().await;
    let (mut follower, mut worker) = (Peer::new(&hub).await, Peer::new(&hub).await);
    follower.subscribe("t").await;
    let chart = json!({"type": "chart", "taskId": "t", "timestamp": 9, "data": [1], "extra": true});
    worker.send(log("t", "a")).await;
    worker.send(chart.clone()).await;
    assert_eq!(short(&follower.next().await), "log a");
    assert_eq!(follower.next().await, chart);
    let mut late = Peer::new(&hub).await;
    late.subscribe("t").await;
    worker.send(complete("t")).await;
    assert_eq!(shorts(&late.until("complete").await), ["log a", "complete"]);
}

/// P-PUB-5, P-ERR-6
#[tokio::test]
async fn publish_without_the_feature_is_refused_and_without_tasks_it_is_a_status() {
    let features = Features { query: true, ..Features::default() };
    let hub = quiet().features(features).start().await.unwrap();
    let mut peer = Peer::new(&hub).await;
    peer.send(control("", json!({"action": "publish", "tasks": [{"taskId": "t"}]}))).await;
    let refused = peer.next().await;
    assert_eq!((&refused["data"]["code"], &refused["data"]["action"]), (&json!("unsupported"), &json!("publish")));
    assert_eq!(peer.query("t").await["status"], "unknown");
    peer.send(control("t", json!({"action": "publish", "to": "the press"}))).await;
    assert_eq!(peer.query("t").await["status"], "running");
    peer.send(control("", json!({"action": "publish"}))).await;
    let refused = peer.next().await;
    assert_eq!((&refused["data"]["code"], &refused["data"]["action"]), (&json!("bad_message"), &json!("publish")));
}

/// P-SUB-4
#[tokio::test]
async fn a_cursor_needs_no_batch_and_many_tasks_do() {
    let hub = quiet().features(Features { resume: true, ..Features::default() }).start().await.unwrap();
    let mut worker = Peer::new(&hub).await;
    worker.send(log("t", "missed")).await;
    let mut peer = Peer::new(&hub).await;
    let epoch = peer.subscribe("t").await["epoch"].clone();
    peer.until("log").await;
    let mut back = Peer::new(&hub).await;
    assert_eq!(back.resume("t", &epoch, 0).await["recovered"], true);
    back.until("log").await;
    back.send(control("", json!({"action": "subscribe", "tasks": [{"taskId": "t"}, {"taskId": "u"}]}))).await;
    assert_eq!(back.next().await["data"]["code"], "unsupported");
}

/// P-LINK-4, P-HELLO-2
#[tokio::test]
async fn a_baseline_server_greets_nobody_and_numbers_nothing() {
    let hub = quiet().features(Default::default()).start().await.unwrap();
    let (mut follower, mut worker) = (Peer::silent(&hub).await, Peer::silent(&hub).await);
    worker.send(log("t", "before")).await;
    follower.send(control("t", json!({"action": "subscribe"}))).await;
    follower.send(json!({"type": "heartbeat", "taskId": "t", "timestamp": 1, "data": {}})).await;
    worker.send(with_id(complete("t"), "1")).await;
    let seen = follower.until("complete").await;
    assert_eq!(shorts(&seen), ["log before", "complete"]);
    assert!(seen.iter().all(|message| message.as_object().unwrap().len() == 4), "{seen:?}");
    worker.send(json!({"type": "nonsense"})).await;
    assert_eq!(worker.next().await["type"], "error", "the id was not acknowledged");
}

/// P-HB-3
#[tokio::test]
async fn a_heartbeat_is_answered_and_an_answer_is_not() {
    let hub = hub().await;
    let mut peer = Peer::new(&hub).await;
    for data in [json!({"received": true}), json!({})] {
        peer.send(json!({"type": "heartbeat", "taskId": "t", "timestamp": 1, "data": data})).await;
    }
    let answer = peer.next().await;
    assert_eq!((&answer["type"], &answer["taskId"]), (&json!("heartbeat"), &json!("t")));
    assert_eq!(answer["data"], json!({"received": true}));
    peer.send(control("t", json!({"action": "query"}))).await;
    assert_eq!(peer.next().await["data"]["status"], "unknown");
}

/// P-ACK-3
#[tokio::test]
async fn every_kind_of_message_with_an_id_is_acknowledged() {
    let hub = hub().await;
    let mut peer = Peer::new(&hub).await;
    let subscribe = control("t", json!({"action": "unsubscribe"}));
    let heartbeat = json!({"type": "heartbeat", "taskId": "t", "timestamp": 1, "data": {"received": true}});
    for (id, message) in [("1", subscribe), ("2", heartbeat), ("3", json!({"type": "chart", "taskId": "t"}))] {
        peer.send(with_id(message, id)).await;
        assert_eq!(peer.next().await["data"], json!({"action": "ack", "id": id}));
    }
}

/// P-LINK-2
#[tokio::test]
async fn a_binary_frame_is_refused_and_the_link_lives_on() {
    let hub = hub().await;
    let mut peer = Peer::new(&hub).await;
    peer.socket.send(Message::binary(b"{}".to_vec())).await.unwrap();
    let refused = peer.next().await;
    assert_eq!((&refused["data"]["code"], &refused["taskId"]), (&json!("bad_message"), &json!("")));
    assert_eq!(peer.query("t").await["status"], "unknown");
}

/// P-ERR-6
#[tokio::test]
async fn what_cannot_be_read_is_refused_and_the_link_lives_on() {
    let hub = hub().await;
    let mut peer = Peer::new(&hub).await;
    for text in ["nonsense", r#"{"type":"progress","taskId":"t","data":{}}"#, r#"{"type":"log","taskId":"","data":{}}"#]
    {
        peer.send_text(text).await;
        let error = peer.next().await;
        assert_eq!((&error["type"], &error["data"]["fatal"]), (&json!("error"), &json!(false)), "{error}");
        assert_eq!(error["data"]["code"], "bad_message");
    }
    peer.send(with_id(log("", "a"), "7")).await;
    assert_eq!(peer.next().await["data"]["id"], "7");
    assert_eq!(peer.query("t").await["status"], "unknown");
}
