//! The same with the extension `ack`: `cargo run --bin ack -- 127.0.0.1:8080`.
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::{Router, routing::any};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use tokio::sync::broadcast::{Sender, channel};

const MAX_WAITING: usize = 1000; // A client so many messages behind is cut off. It comes back, and gets the latest.
const MAX_TASKS: usize = 10_000; // How many tasks are remembered. At the bound all are forgotten.
const MAX_IDS: usize = 100_000; // How many ids of messages are remembered. At the bound all are forgotten.

/// What is said to all connections; the latest progress and the outcome of each task; the ids that came already.
#[derive(Clone)]
struct Tasks(Sender<(String, Utf8Bytes)>, Arc<Mutex<HashMap<String, [Option<Utf8Bytes>; 2]>>>, Known);
type Known = Arc<Mutex<HashSet<(String, String)>>>;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let tasks = Tasks(channel(MAX_WAITING).0, Arc::default(), Arc::default());
    let connect = |upgrade: WebSocketUpgrade, State(tasks)| async { upgrade.on_upgrade(|socket| serve(socket, tasks)) };
    let listener = tokio::net::TcpListener::bind(std::env::args().nth(1).unwrap_or("127.0.0.1:8080".into())).await?;
    println!("ws://{}/ws", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/ws", any(connect)).with_state(tasks)).await
}

async fn serve(mut socket: WebSocket, tasks: Tasks) {
    let (mut news, mut followed) = (tasks.0.subscribe(), HashSet::new());
    let hello = control("", json!({"action": "hello", "version": 1, "features": ["ack"]}));
    let _ = socket.send(Message::Text(hello)).await;
    while let Some(replies) = tokio::select! {
        biased;
        said = news.recv() => said.ok().map(|(id, text)| if followed.contains(&id) { vec![text] } else { vec![] }),
        heard = socket.recv() => heard.and_then(|message| hear(message.ok()?, &tasks, &mut followed)),
    } {
        for reply in replies {
            let _ = socket.send(Message::Text(reply)).await; // That the link broke, `recv` will say.
        }
    }
}

fn control(id: &str, data: Value) -> Utf8Bytes {
    json!({"type": "status", "taskId": id, "timestamp": 0, "data": data}).to_string().into()
}

/// What to answer; `None`, the end, to what is no message.
#[rustfmt::skip] // a line for each case
fn hear(message: Message, Tasks(news, latest, known): &Tasks, followed: &mut HashSet<String>) -> Option<Vec<Utf8Bytes>> {
    let Message::Text(mut text) = message else { return Some(vec![]) };
    let mut message: Value = serde_json::from_str(&text).ok()?;
    let mut replies = vec![];
    if let (Some(id), Some(task)) = (message["id"].as_str(), message["taskId"].as_str()) {
        replies.push(control(task, json!({"action": "ack", "id": id})));
        let mut known = known.lock().ok()?;
        if known.len() >= MAX_IDS { known.clear() }
        if !known.insert((task.to_owned(), id.to_owned())) { return Some(replies) } // It came before.
        message.as_object_mut()?.remove("id");
        text = message.to_string().into();
    }
    let (kind, id, data) = (message["type"].as_str()?, message["taskId"].as_str()?.to_owned(), &message["data"]);
    let mut latest = latest.lock().ok()?;
    if latest.len() >= MAX_TASKS { latest.clear() }
    let kept = latest.entry(id.clone()).or_default();
    match (kind, data["action"].as_str()) {
        ("heartbeat", _) if data["received"] == true => return Some(vec![]),
        ("heartbeat", _) => return Some(vec![json!({"type": kind, "taskId": id, "data": {"received": true}}).to_string().into()]),
        ("status", Some("unsubscribe")) => { followed.remove(&id); return Some(vec![]) }
        ("status", Some("subscribe")) => { followed.insert(id); return Some(kept.iter().flatten().cloned().collect()) }
        ("progress", _) => *kept = [Some(text.clone()), None],
        ("complete" | "error", _) => kept[1] = Some(text.clone()),
        _ => {}
    }
    let _ = news.send((id, text));
    Some(replies)
}
