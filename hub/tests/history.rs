//! A hub on a history other than its own memory.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use steadywire_hub::history::{Appended, Bounds, History, HistoryError, HistoryFuture, Kind, NewMessage, TaskLog};
use support::{Peer, complete, control, log, progress, quiet, short, shorts, with_id};

/// Keeps what it is given beyond the life of a hub, and fails for words that ask for it.
#[derive(Clone, Default)]
struct Store {
    tasks: Arc<Mutex<HashMap<String, Vec<NewMessage>>>>,
}

impl History for Store {
    fn open<'a>(&'a self, task: &'a str) -> HistoryFuture<'a, Arc<TaskLog>> {
        Box::pin(async move {
            // An engine elsewhere would be waited for here.
            tokio::task::yield_now().await;
            if task == "unreachable" {
                return Err(HistoryError("no answer".to_owned()));
            }
            let log = TaskLog::new(task, Bounds::default());
            for (at, message) in self.tasks.lock().unwrap().get(task).into_iter().flatten().enumerate() {
                log.insert("kept", at as u64 + 1, message);
            }
            Ok(Arc::new(log))
        })
    }

    fn append<'a>(&'a self, log: &'a Arc<TaskLog>, message: NewMessage) -> HistoryFuture<'a, Appended> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if message.text.contains("refuse me") {
                return Err(HistoryError("disk full".to_owned()));
            }
            let mut tasks = self.tasks.lock().unwrap();
            let kept = tasks.entry(log.task().to_owned()).or_default();
            if message.id.is_some() && kept.iter().any(|known| known.id == message.id) {
                return Ok(Appended::Duplicate);
            }
            let ended = matches!(message.kind, Kind::Outcome { .. });
            log.insert("kept", kept.len() as u64 + 1, &message);
            kept.push(message);
            Ok(Appended::Stored { ended })
        })
    }

    fn close(&self, _task: &str) {}
}

#[tokio::test]
async fn a_cursor_outlives_the_hub_where_the_history_does() {
    let store = Store::default();
    let hub = quiet().history(Box::new(store.clone())).start().await.unwrap();
    let (mut follower, mut worker) = (Peer::new(&hub).await, Peer::new(&hub).await);
    follower.subscribe("t").await;
    worker.send(log("t", "a")).await;
    let first = follower.next().await;
    worker.send(with_id(progress("t", 5.0), "1")).await;
    assert_eq!(worker.next().await["data"], json!({"action": "ack", "id": "1"}));
    hub.kill().await;

    let hub = quiet().history(Box::new(store)).start().await.unwrap();
    let (mut follower, mut worker) = (Peer::new(&hub).await, Peer::new(&hub).await);
    let answer = follower.resume("t", &first["epoch"], first["seq"].as_u64().unwrap()).await;
    assert_eq!((&answer["recovered"], &answer["status"]), (&json!(true), &json!("running")));
    worker.send(with_id(progress("t", 5.0), "1")).await;
    worker.send(complete("t")).await;
    assert_eq!(shorts(&follower.until("complete").await), ["progress 5", "complete"]);
}

#[tokio::test]
async fn a_history_that_fails_is_told_to_the_client_and_the_link_lives_on() {
    let hub = quiet().history(Box::new(Store::default())).start().await.unwrap();
    let mut peer = Peer::new(&hub).await;
    peer.send(with_id(log("t", "refuse me"), "1")).await;
    let refused = peer.next().await;
    assert_eq!((short(&refused), &refused["data"]["id"]), ("error".to_owned(), &json!("1")));
    assert!(refused["data"]["error"].as_str().unwrap().contains("disk full"), "{refused}");
    peer.send(control("unreachable", json!({"action": "subscribe"}))).await;
    let refused = peer.next().await;
    assert_eq!(refused["data"]["code"], "unavailable");
    assert_eq!(hub.stats().tasks, 0, "nothing is left of either");
    peer.send(with_id(log("t", "take me"), "1")).await;
    assert_eq!(peer.next().await["data"]["action"], "ack");
}

#[tokio::test]
async fn a_position_that_was_there_is_ignored_and_a_new_epoch_begins_anew() {
    let log = TaskLog::new("t", Bounds::default());
    let line = |text: &str| NewMessage {
        kind: Kind::Line,
        id: None,
        text: json!({"type": "log", "taskId": "t", "data": {"message": text}}).to_string(),
        data: None,
        says_failed: None,
    };
    let filled = Arc::new(log);
    for (epoch, seq, text) in [("a", 1, "one"), ("a", 1, "again"), ("b", 4, "four"), ("b", 5, "five")] {
        filled.insert(epoch, seq, &line(text));
    }
    struct Given(Arc<TaskLog>);
    impl History for Given {
        fn open<'a>(&'a self, _: &'a str) -> HistoryFuture<'a, Arc<TaskLog>> {
            Box::pin(std::future::ready(Ok(self.0.clone())))
        }
        fn append<'a>(&'a self, log: &'a Arc<TaskLog>, message: NewMessage) -> HistoryFuture<'a, Appended> {
            Box::pin(std::future::ready(Ok(log.append(&message))))
        }
        fn close(&self, _: &str) {}
    }
    let hub = quiet().history(Box::new(Given(filled))).start().await.unwrap();
    let mut follower = Peer::new(&hub).await;
    let answer = follower.subscribe("t").await;
    assert_eq!((&answer["epoch"], &answer["seq"]), (&json!("b"), &json!(5)));
    assert_eq!([short(&follower.next().await), short(&follower.next().await)], ["log four", "log five"]);
    assert_eq!(follower.resume("t", &json!("b"), 3).await["recovered"], true);
    let mut other = Peer::new(&hub).await;
    assert_eq!(other.resume("t", &json!("b"), 2).await["recovered"], false);
}
