//! A raw WebSocket client: nothing of Steadywire's own client is between the test and the wire.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::needless_pass_by_value, reason = "a literal is passed as it stands")]

pub(crate) mod authority;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use steadywire_hub::{Hub, HubBuilder, HubHandle};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// Long enough that only a defect reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Peer<S = TcpStream> {
    pub(crate) socket: WebSocketStream<S>,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed(u16, String),
    Broken,
}

pub(crate) async fn hub() -> HubHandle {
    quiet().start().await.unwrap()
}

/// Without heartbeats, which would come between the messages a test waits for.
pub(crate) fn quiet() -> HubBuilder {
    Hub::builder().heartbeat_interval(Duration::ZERO)
}

impl Peer {
    /// Connects and takes the greeting.
    pub(crate) async fn new(hub: &HubHandle) -> Peer {
        let mut peer = Peer::silent(hub).await;
        let hello = peer.next().await;
        assert_eq!(hello["data"]["action"], "hello", "{hello}");
        peer
    }

    /// Connects.
    pub(crate) async fn silent(hub: &HubHandle) -> Peer {
        Peer::to(&hub.url(), hub).await.unwrap()
    }

    pub(crate) async fn to(url: &str, hub: &HubHandle) -> Result<Peer, Error> {
        Peer::over(TcpStream::connect(hub.local_addr()).await.unwrap(), url).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// Upgrades a connection.
    pub(crate) async fn over(stream: S, url: &str) -> Result<Self, Error> {
        let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(4096);
        let (socket, _) = client_async_with_config(url, stream, Some(config)).await?;
        Ok(Peer { socket })
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    /// The next text message.
    pub(crate) async fn next(&mut self) -> Value {
        match self.next_message().await {
            Ok(message) => message,
            Err(end) => panic!("the connection ended: {end:?}"),
        }
    }

    /// The next text message, or how the connection ended.
    pub(crate) async fn next_message(&mut self) -> Result<Value, End> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("nothing came") {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Err(End::Closed(frame.code.into(), frame.reason.to_string()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(End::Broken),
            }
        }
    }

    /// How the connection ends, whatever comes before.
    pub(crate) async fn end(&mut self) -> End {
        loop {
            if let Err(end) = self.next_message().await {
                return end;
            }
        }
    }

    /// Subscribes and returns the answer.
    pub(crate) async fn subscribe(&mut self, task: &str) -> Value {
        self.send(control(task, json!({"action": "subscribe"}))).await;
        let answer = self.next().await;
        assert_eq!(answer["data"]["action"], "subscribed", "{answer}");
        answer["data"].clone()
    }

    /// Subscribes with a cursor and returns the answer.
    pub(crate) async fn resume(&mut self, task: &str, epoch: &Value, seq: u64) -> Value {
        let tasks = json!([{"taskId": task, "since": {"epoch": epoch, "seq": seq}}]);
        self.send(control("", json!({"action": "subscribe", "tasks": tasks}))).await;
        let answer = self.next().await;
        assert_eq!(answer["data"]["action"], "subscribed", "{answer}");
        answer["data"].clone()
    }

    /// Asks for a task's state and returns it; everything sent before has then been handled.
    pub(crate) async fn query(&mut self, task: &str) -> Value {
        self.send(control(task, json!({"action": "query"}))).await;
        loop {
            let answer = self.next().await;
            if answer["data"]["action"] == "state" && answer["taskId"] == task {
                return answer["data"].clone();
            }
        }
    }

    /// The text of log lines, the number of progress, the type of others: in order, up to a message
    /// of type `last`.
    pub(crate) async fn until(&mut self, last: &str) -> Vec<Value> {
        let mut seen = Vec::new();
        loop {
            let message = self.next().await;
            let is_last = message["type"] == last;
            seen.push(message);
            if is_last {
                return seen;
            }
        }
    }
}

pub(crate) fn control(task: &str, data: Value) -> Value {
    json!({"type": "status", "taskId": task, "timestamp": 1, "data": data})
}

pub(crate) fn progress(task: &str, percent: f64) -> Value {
    let data = json!({"taskId": task, "stage": "s", "progress": percent, "message": "m", "timestamp": 2});
    json!({"type": "progress", "taskId": task, "timestamp": 2, "data": data})
}

pub(crate) fn log(task: &str, text: &str) -> Value {
    let data = json!({"taskId": task, "level": "info", "message": text, "timestamp": 3});
    json!({"type": "log", "taskId": task, "timestamp": 3, "data": data})
}

pub(crate) fn complete(task: &str) -> Value {
    json!({"type": "complete", "taskId": task, "timestamp": 4, "data": {"taskId": task, "result": {"ok": true}}})
}

/// The message with an id.
pub(crate) fn with_id(mut message: Value, id: &str) -> Value {
    message["id"] = id.into();
    message
}

/// What a message is, in short: `log a`, `progress 5`, `complete`.
pub(crate) fn short(message: &Value) -> String {
    let data = &message["data"];
    match message["type"].as_str().unwrap() {
        "log" => format!("log {}", data["message"].as_str().unwrap()),
        "progress" => format!("progress {}", data["progress"]),
        other => other.to_owned(),
    }
}

pub(crate) fn shorts(messages: &[Value]) -> Vec<String> {
    messages.iter().map(short).collect()
}
