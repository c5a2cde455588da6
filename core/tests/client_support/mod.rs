//! A server that does what the test says, step by step, on what it has received.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "this is part of tests")]
#![allow(unreachable_pub, reason = "test files are crates of their own")]
#![allow(clippy::disallowed_methods, reason = "the server has a thread of its own")]

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use steadywire::{Client, Config};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// Long enough for any machine; reached only when the test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Listens on a free port.
pub struct Server {
    pub url: String,
    links: Receiver<Link>,
}

/// One accepted link.
pub struct Link {
    received: Receiver<Received>,
    orders: UnboundedSender<Message>,
}

#[derive(Debug, PartialEq)]
pub enum Received {
    Text(String),
    /// A close frame's code, or none where the transport just ended.
    End(Option<u16>),
}

impl Server {
    pub fn start() -> Self {
        let (sender, links) = channel();
        let (address_sender, address) = channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                address_sender.send(listener.local_addr().unwrap()).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, sender.clone()));
                }
            });
        });
        Self { url: format!("ws://{}/ws", address.recv().unwrap()), links }
    }

    pub fn config(&self) -> Config {
        Config::new(&*self.url).reconnect_interval(10).seed(1)
    }

    pub fn client(&self) -> Client {
        Client::new(self.config()).unwrap()
    }

    /// The next link a client opens.
    pub fn accept(&self) -> Link {
        self.links.recv_timeout(PATIENCE).expect("a client should connect")
    }

    /// A client that is connected, with its link.
    pub fn connected(&self) -> (Client, Link) {
        let client = self.client();
        client.connect(None).wait().unwrap();
        (client, self.accept())
    }
}

impl Link {
    /// The next text frame.
    pub fn frame(&self) -> Value {
        match self.received.recv_timeout(PATIENCE) {
            Ok(Received::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("a text frame should come, not {other:?}"),
        }
    }

    /// The next frame of this type, heartbeats and control frames left out.
    pub fn frame_of(&self, kind: &str) -> Value {
        loop {
            let frame = self.frame();
            if frame["type"] == kind && frame["data"]["action"].is_null() {
                return frame;
            }
        }
    }

    /// Waits until the client subscribes to the task.
    pub fn subscribed(&self, task: &str) {
        loop {
            let frame = self.frame();
            if frame["taskId"] == task && frame["data"]["action"] == "subscribe" {
                return;
            }
        }
    }

    /// How the link ends; frames before are left out.
    pub fn end(&self) -> Option<u16> {
        loop {
            match self.received.recv_timeout(PATIENCE) {
                Ok(Received::Text(_)) => {}
                Ok(Received::End(code)) => return code,
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(error) => panic!("the link should end: {error}"),
            }
        }
    }

    pub fn send(&self, frame: &Value) {
        self.orders.send(Message::text(frame.to_string())).unwrap();
    }

    pub fn progress(&self, task: &str, progress: f64) {
        let data = json!({"taskId": task, "stage": "s", "progress": progress, "message": "", "timestamp": 1});
        self.send(&json!({"type": "progress", "taskId": task, "timestamp": 1, "data": data}));
    }

    pub fn log(&self, task: &str, message: &str) {
        let data = json!({"taskId": task, "level": "info", "message": message, "timestamp": 1});
        self.send(&json!({"type": "log", "taskId": task, "timestamp": 1, "data": data}));
    }

    pub fn complete(&self, task: &str) {
        self.send(&json!({"type": "complete", "taskId": task, "timestamp": 1, "data": {"result": 7}}));
    }

    pub fn hello(&self, features: &[&str]) {
        let data = json!({"action": "hello", "version": 1, "features": features});
        self.send(&json!({"type": "status", "taskId": "", "timestamp": 1, "data": data}));
    }

    pub fn ack(&self, frame: &Value) {
        let data = json!({"action": "ack", "id": frame["id"]});
        self.send(&json!({"type": "status", "taskId": frame["taskId"], "timestamp": 1, "data": data}));
    }

    pub fn close(&self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        self.orders.send(Message::Close(Some(frame))).unwrap();
    }
}

/// Waits for what another thread is about to do. Fails when it never does.
pub fn eventually(mut holds: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "it never came to hold");
        std::thread::yield_now();
    }
}

async fn serve(stream: TcpStream, links: Sender<Link>) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (received_sender, received) = channel();
    let (orders, mut order): (_, UnboundedReceiver<Message>) = unbounded_channel();
    if links.send(Link { received, orders }).is_err() {
        return;
    }
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => drop(received_sender.send(Received::Text(text.to_string()))),
                Some(Ok(Message::Close(frame))) => {
                    // The answer to the close frame goes out with the next poll.
                    while socket.next().await.is_some() {}
                    drop(received_sender.send(Received::End(frame.map(|frame| frame.code.into()))));
                    return;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return drop(received_sender.send(Received::End(None))),
            },
            Some(message) = order.recv() => {
                if socket.send(message).await.is_err() {
                    return;
                }
            }
        }
    }
}
