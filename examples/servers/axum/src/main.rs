//! Passes on what workers say of tasks, and keeps the latest of each: `cargo run -- 127.0.0.1:8080`.
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::{Router, routing::any};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use tokio::sync::broadcast::{Sender, channel};

const MAX_WAITING: usize = 1000; // A client so many messages behind is cut off. It comes back, and gets the latest.
const MAX_TASKS: usize = 10_000; // How many tasks are remembered. At the bound all are forgotten.

/// What is said to all connections; the latest progress and the outcome of each task.
#[derive(Clone)]
struct Tasks(Sender<(String, Utf8Bytes)>, Arc<Mutex<HashMap<String, [Option<Utf8Bytes>; 2]>>>);

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let tasks = Tasks(channel(MAX_WAITING).0, Arc::default());
    let connect = |upgrade: WebSocketUpgrade, State(tasks)| async { upgrade.on_upgrade(|socket| serve(socket, tasks)) };
    let listener = tokio::net::TcpListener::bind(std::env::args().nth(1).unwrap_or("127.0.0.1:8080".into())).await?;
    println!("ws://{}/ws", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/ws", any(connect)).with_state(tasks)).await
}

async fn serve(mut socket: WebSocket, tasks: Tasks) {
    let (mut news, mut followed) = (tasks.0.subscribe(), HashSet::new());
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

/// What to answer; `None`, the end, to what is no message.
#[rustfmt::skip] // a line for each case
fn hear(message: Message, Tasks(news, latest): &Tasks, followed: &mut HashSet<String>) -> Option<Vec<Utf8Bytes>> {
    let Message::Text(text) = message else { return Some(vec![]) };
    let message: Value = serde_json::from_str(&text).ok()?;
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
    Some(vec![])
}
