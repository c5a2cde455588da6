//! Everything that takes time or a full pipe, over pipes in memory and under a clock that stands still.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio_tungstenite::client_async;

use super::*;
use crate::guard::Guard;
use crate::history::{Bounds, MemoryHistory};
use crate::server::Options;

#[path = "fence_tests.rs"]
mod fence;
#[path = "tls_tests.rs"]
mod tls;

/// Long enough that only a defect reaches it; no time at all, for the clock stands still while
/// anything else can happen.
const PATIENCE: Duration = Duration::from_secs(10_000);

struct Peer<S = DuplexStream> {
    socket: WebSocketStream<S>,
    served: JoinHandle<()>,
}

fn hub(bounds: Bounds, options: Options) -> Arc<Shared> {
    let guard = Guard { path: "/ws".into(), ..Guard::default() };
    Arc::new(Shared::new(guard, Arc::new(MemoryHistory::new(bounds)), options))
}

/// A hub that ends tasks whose workers stay away.
fn reaping_hub() -> Arc<Shared> {
    let hub = hub(Bounds::default(), quiet());
    let tasks = hub.tasks.clone();
    tokio::spawn(async move { tasks.reap().await });
    hub
}

fn quiet() -> Options {
    Options { heartbeat_interval: Duration::ZERO, ..Options::default() }
}

impl Peer {
    /// Connects over a pipe that holds `capacity` bytes each way.
    async fn new(hub: &Arc<Shared>, capacity: usize) -> Peer {
        let (near, far) = duplex(capacity);
        Peer::over(near, tokio::spawn(serve(far, hub.clone()))).await
    }

    /// Waits until the hub is through with this connection.
    async fn gone(served: JoinHandle<()>) {
        timeout(PATIENCE, served).await.expect("the hub keeps the connection").unwrap();
    }

    /// It ends, and the hub has noticed.
    async fn left(self) {
        let Peer { socket, served } = self;
        drop(socket);
        Peer::gone(served).await;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// Upgrades a connection to the hub and takes the greeting.
    async fn over(stream: S, served: JoinHandle<()>) -> Self {
        let (socket, _) = client_async("ws://localhost/ws", stream).await.unwrap();
        let mut peer = Peer { socket, served };
        assert_eq!(peer.next().await.unwrap()["data"]["action"], "hello");
        peer
    }

    async fn send(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message, or the close code or none.
    async fn next(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("nothing came") {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await.unwrap();
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Asks, and returns whatever comes then.
    async fn next_after(&mut self, task: &str, action: &str) -> Value {
        self.send(json!({"type": "status", "taskId": task, "timestamp": 1, "data": {"action": action}})).await;
        self.next().await.unwrap()
    }

    async fn ask(&mut self, task: &str, action: &str) -> Value {
        self.send(json!({"type": "status", "taskId": task, "timestamp": 1, "data": {"action": action}})).await;
        self.next_of("status").await["data"].clone()
    }
}

fn log(task: &str, text: &str) -> Value {
    json!({"type": "log", "taskId": task, "timestamp": 1, "data": {"message": text}})
}

/// Names these tasks as still published.
fn publish(tasks: &[&str]) -> Value {
    let tasks: Vec<Value> = tasks.iter().map(|task| json!({ "taskId": task })).collect();
    json!({"type": "status", "taskId": "", "timestamp": 1, "data": {"action": "publish", "tasks": tasks}})
}

fn progress(task: &str, percent: u32) -> Value {
    json!({"type": "progress", "taskId": task, "timestamp": 1, "data": {"progress": percent}})
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_peer_has_begun_to_read_the_answer_is_cut() {
    let hub = hub(Bounds::default(), quiet());
    let (mut near, far) = duplex(16);
    let served = tokio::spawn(serve(far, hub.clone()));
    let request = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    near.write_all(request.as_bytes()).await.unwrap();
    near.read_exact(&mut [0; 8]).await.unwrap();
    hub.order_all(Order::Cut);
    let mut rest = Vec::new();
    timeout(PATIENCE, near.read_to_end(&mut rest)).await.expect("the hub keeps the connection").unwrap();
    assert!(rest.starts_with(b" 101 "), "{}", String::from_utf8_lossy(&rest));
    Peer::gone(served).await;
}

/// P-HB-3
#[tokio::test(start_paused = true)]
async fn the_hub_sends_heartbeats_and_drops_who_gives_no_sign_of_life() {
    let hub = hub(Bounds::default(), Options::default());
    let started = Instant::now();
    let mut peer = Peer::new(&hub, 1 << 16).await;
    let beat = peer.next().await.unwrap();
    assert_eq!((&beat["type"], &beat["data"]), (&json!("heartbeat"), &json!({})));
    assert_eq!(started.elapsed().as_secs(), 25);
    // Reading the ping has answered it: the next beat comes, and the one after it.
    for _ in 0..4 {
        peer.next_of("heartbeat").await;
    }
    assert_eq!(started.elapsed().as_secs(), 125);
    // From here the peer neither reads nor writes.
    let silent_since = Instant::now();
    Peer::gone(peer.served).await;
    let lived = silent_since.elapsed().as_secs_f64();
    assert!((37.5..=63.0).contains(&lived), "{lived}");
    assert_eq!((hub.stats().dropped, hub.stats().connections), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn with_interval_zero_nobody_is_dropped_for_silence() {
    let hub = hub(Bounds::default(), quiet());
    let mut peer = Peer::new(&hub, 1 << 16).await;
    tokio::time::sleep(Duration::from_secs(100_000)).await;
    assert_eq!(peer.ask("t", "query").await["status"], "unknown");
}

/// P-PUB-3, P-PUB-6
#[tokio::test(start_paused = true)]
async fn a_worker_that_is_back_and_says_nothing_of_its_task_keeps_it() {
    let hub = reaping_hub();
    let mut first = Peer::new(&hub, 1 << 16).await;
    for message in [log("t", "a"), log("ended", "a"), log("left", "a")] {
        first.send(message).await;
    }
    first.send(json!({"type": "complete", "taskId": "ended", "timestamp": 1, "data": {}})).await;
    first.ask("t", "query").await;
    first.left().await;
    tokio::time::sleep(Duration::from_secs(59)).await;
    let mut worker = Peer::new(&hub, 1 << 16).await;
    worker.send(publish(&["t", "ended", "unknown", "t"])).await;
    // Nothing answers it: what comes next is the answer to this.
    assert_eq!(worker.next_after("t", "query").await["data"]["status"], "running");
    tokio::time::sleep(Duration::from_secs(1000)).await;
    assert_eq!(worker.ask("left", "query").await["data"]["code"], "worker_lost");
    assert_eq!(worker.ask("ended", "query").await["status"], "complete");
    assert_eq!(worker.ask("t", "query").await["status"], "running");
    // Its lease begins when it goes.
    worker.left().await;
    let mut follower = Peer::new(&hub, 1 << 16).await;
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(follower.ask("t", "query").await["status"], "running");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(follower.ask("t", "query").await["data"]["code"], "worker_lost");
}

/// P-PUB-6, P-STATE-2: as after a restart.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_named_and_not_known_is_running_while_its_worker_is_there() {
    let hub = hub(Bounds::default(), quiet());
    let mut follower = Peer::new(&hub, 1 << 16).await;
    assert_eq!(follower.ask("t", "subscribe").await["status"], "unknown");
    let mut worker = Peer::new(&hub, 1 << 16).await;
    worker.send(publish(&["t"])).await;
    // A message that is not kept changes nothing.
    worker.send(json!({"type": "chart", "taskId": "t", "timestamp": 1, "data": {}})).await;
    assert_eq!(worker.ask("t", "query").await, json!({"action": "state", "status": "running"}));
    assert_eq!(follower.ask("t", "subscribe").await, json!({"action": "subscribed", "status": "running"}));
    worker.left().await;
    assert_eq!(follower.ask("t", "query").await["status"], "unknown");
    let mut worker = Peer::new(&hub, 1 << 16).await;
    worker.send(publish(&["t"])).await;
    worker.send(log("t", "a")).await;
    let state = worker.ask("t", "query").await;
    assert_eq!((&state["status"], &state["seq"]), (&json!("running"), &json!(1)));
    // Of one that only sends what is not kept there is nothing to know.
    worker.send(json!({"type": "chart", "taskId": "u", "timestamp": 1, "data": {}})).await;
    assert_eq!(worker.ask("u", "query").await["status"], "unknown");
}

/// P-PUB-6, P-LIM-6
#[tokio::test(start_paused = true)]
async fn more_tasks_than_the_hub_keeps_are_not_named() {
    let hub = hub(Bounds::default(), Options { max_tasks: 2, ..quiet() });
    let mut worker = Peer::new(&hub, 1 << 16).await;
    worker.send(publish(&["a", "b", "c", "d"])).await;
    let refused = worker.next_of("error").await;
    assert_eq!((&refused["taskId"], &refused["data"]["code"]), (&json!("c"), &json!("unavailable")));
    assert_eq!(refused["data"]["action"], "publish");
    assert_eq!(worker.next_after("b", "query").await["data"]["status"], "running");
    assert_eq!(worker.ask("d", "query").await["status"], "unknown");
}

/// P-PUB-3
#[tokio::test(start_paused = true)]
async fn a_task_whose_worker_is_gone_ends_after_its_lease() {
    let hub = reaping_hub();
    let mut follower = Peer::new(&hub, 1 << 16).await;
    follower.ask("t", "subscribe").await;
    let mut worker = Peer::new(&hub, 1 << 16).await;
    worker.send(log("t", "a")).await;
    worker.ask("t", "query").await;
    let mut second = Peer::new(&hub, 1 << 16).await;
    second.send(log("t", "b")).await;
    second.ask("t", "query").await;
    worker.left().await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(second.ask("t", "query").await["status"], "running", "one publisher is still there");
    let gone = Instant::now();
    second.left().await;
    // A worker that comes back in time keeps the task; its lease starts anew when it goes again.
    tokio::time::sleep(Duration::from_secs(59)).await;
    let mut worker = Peer::new(&hub, 1 << 16).await;
    worker.send(log("t", "back")).await;
    worker.ask("t", "query").await;
    drop(worker.socket);
    Peer::gone(worker.served).await;
    let error = follower.next_of("error").await;
    assert_eq!(gone.elapsed().as_secs(), 119);
    assert_eq!((error["taskId"].as_str(), error["data"]["code"].as_str()), (Some("t"), Some("worker_lost")));
    assert!(error["data"]["error"].as_str().unwrap().contains("60 s"), "{error}");
    assert_eq!(error["seq"], 4);
    assert_eq!(follower.ask("t", "query").await["data"]["code"], "worker_lost");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_only_said_done_is_taken_at_its_word() {
    let hub = reaping_hub();
    let mut follower = Peer::new(&hub, 1 << 16).await;
    follower.ask("t", "subscribe").await;
    let mut worker = Peer::new(&hub, 1 << 16).await;
    let data = json!({"status": "completed", "rows": 3});
    worker.send(json!({"type": "status", "taskId": "t", "timestamp": 1, "data": data})).await;
    worker.ask("t", "query").await;
    drop(worker.socket);
    let complete = follower.next_of("complete").await;
    assert_eq!(complete["data"], data);
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_takes_nothing_is_dropped_and_costs_the_others_nothing() {
    let hub = hub(Bounds::default(), quiet());
    let mut stuck = Peer::new(&hub, 1024).await;
    stuck.ask("t", "subscribe").await;
    let mut healthy = Peer::new(&hub, 1 << 16).await;
    healthy.ask("t", "subscribe").await;
    let mut worker = Peer::new(&hub, 1 << 16).await;
    let text = "x".repeat(500);
    for _ in 0..200 {
        worker.send(log("t", &text)).await;
        assert_eq!(healthy.next_of("log").await["data"]["message"], text);
    }
    let stuck_since = Instant::now();
    Peer::gone(stuck.served).await;
    let lived = stuck_since.elapsed().as_secs();
    assert!((30..=46).contains(&lived), "{lived}");
    assert_eq!((hub.stats().dropped, hub.stats().connections), (1, 2));
}

/// P-LIM-5, P-SEQ-3
#[tokio::test(start_paused = true)]
async fn a_slow_follower_gets_every_line_and_the_latest_progress() {
    let hub = hub(Bounds { messages: 2_000, bytes: 1 << 20 }, quiet());
    let mut slow = Peer::new(&hub, 1024).await;
    slow.ask("t", "subscribe").await;
    let mut worker = Peer::new(&hub, 1 << 16).await;
    for n in 1..=900 {
        worker.send(if n % 100 == 0 { log("t", &n.to_string()) } else { progress("t", n % 100) }).await;
    }
    worker.send(json!({"type": "complete", "taskId": "t", "timestamp": 1, "data": {}})).await;
    worker.ask("t", "query").await;
    let (mut expected, mut lines, mut got) = (1, 0, 0);
    loop {
        let message = slow.next().await.unwrap();
        let seq = message["seq"].as_u64().unwrap();
        assert!(message["covers"].as_u64().unwrap_or(seq) <= expected, "a hole before {message}");
        expected = seq + 1;
        got += 1;
        lines += u32::from(message["type"] == "log");
        if message["type"] == "complete" {
            break;
        }
    }
    assert_eq!((lines, expected), (9, 902));
    assert!((60..700).contains(&got), "progress was conflated: {got}");
}

/// P-LIM-5
#[tokio::test(start_paused = true)]
async fn a_follower_that_would_miss_a_status_is_sent_away_with_1013() {
    let hub = hub(Bounds { messages: 8, bytes: 1 << 20 }, quiet());
    let mut slow = Peer::new(&hub, 256).await;
    slow.ask("t", "subscribe").await;
    let mut worker = Peer::new(&hub, 1 << 16).await;
    for n in 0..400 {
        let data = json!({"n": n});
        worker.send(json!({"type": "status", "taskId": "t", "timestamp": 1, "data": data})).await;
    }
    worker.ask("t", "query").await;
    let mut next = 0;
    let code = loop {
        match slow.next().await {
            Ok(message) => {
                assert_eq!(message["data"]["n"], next, "in order and without a hole up to the end");
                next += 1;
            }
            Err(code) => break code,
        }
    };
    assert_eq!(code, Some(1013));
    assert!(next < 400);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asks_and_never_reads_is_not_read_any_more() {
    let hub = hub(Bounds::default(), quiet());
    let mut peer = Peer::new(&hub, 1024).await;
    let query = json!({"type": "status", "taskId": "t", "timestamp": 1, "data": {"action": "query"}}).to_string();
    let flood = async {
        for _ in 0..10_000 {
            if peer.socket.send(Message::text(query.as_str())).await.is_err() {
                return;
            }
        }
        panic!("all was taken");
    };
    timeout(PATIENCE, flood).await.expect("the flood is neither taken nor ended");
    let taken = hub.stats().messages_in;
    assert!(taken < 64 + 200, "{taken}");
    assert_eq!(hub.stats().dropped, 1, "it took nothing for the stall timeout");
}

#[tokio::test(start_paused = true)]
async fn who_sends_no_request_is_dropped() {
    let hub = hub(Bounds::default(), quiet());
    let (_near, far) = duplex(64);
    let started = Instant::now();
    serve(far, hub.clone()).await;
    assert_eq!((started.elapsed(), hub.stats().accepted), (HANDSHAKE_TIMEOUT, 0));
}

#[tokio::test(start_paused = true)]
async fn a_close_is_waited_for_but_not_for_long() {
    let hub = hub(Bounds::default(), quiet());
    let (mut polite, silent) = (Peer::new(&hub, 1 << 16).await, Peer::new(&hub, 1 << 16).await);
    let started = Instant::now();
    hub.order_all(Order::GoAway);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!polite.served.is_finished(), "the peer has not answered yet");
    assert_eq!(polite.next().await, Err(Some(1001)));
    assert_eq!(polite.next().await, Err(None));
    Peer::gone(polite.served).await;
    assert_eq!(started.elapsed(), Duration::from_secs(1));
    Peer::gone(silent.served).await;
    assert_eq!(started.elapsed(), CLOSE_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn what_comes_after_a_message_too_large_is_discarded_up_to_a_bound() {
    let hub = hub(Bounds::default(), quiet());
    let mut peer = Peer::new(&hub, 1 << 16).await;
    let started = Instant::now();
    let stream = peer.socket.get_mut();
    // The header of a masked text frame of 2^40 bytes.
    stream.write_all(&[0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]).await.unwrap();
    let (chunk, mut taken) = (vec![0; 1 << 16], 0);
    while stream.write_all(&chunk).await.is_ok() {
        taken += chunk.len();
    }
    assert!((MAX_DISCARDED..MAX_DISCARDED + (1 << 18)).contains(&taken), "{taken}");
    assert_eq!(peer.next().await, Err(Some(1009)));
    Peer::gone(peer.served).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
}

fn subscribe(tasks: impl Iterator<Item = usize>) -> Value {
    let tasks: Vec<_> = tasks.map(|n| json!({"taskId": n.to_string()})).collect();
    json!({"type": "status", "taskId": "", "timestamp": 1, "id": "i", "data": {"action": "subscribe", "tasks": tasks}})
}

/// A connection that nobody runs, and the end that its peer would have.
async fn idle(hub: &Arc<Shared>, capacity: usize) -> (Connection<Metered<DuplexStream>>, DuplexStream) {
    let (near, far) = duplex(capacity);
    let socket = WebSocketStream::from_raw_socket(Metered::new(far), Role::Server, None).await;
    (Connection::new(socket, hub.clone(), hub.register()), near)
}

#[tokio::test(start_paused = true)]
async fn replies_and_what_is_to_be_read_stay_bounded_whatever_is_subscribed_to() {
    let hub = hub(Bounds::default(), quiet());
    let (mut connection, _near) = idle(&hub, 1024).await;
    connection.handle(&subscribe(0..70_000).to_string()).await;
    assert_eq!(connection.outgoing.len(), MAX_WAITING_REPLIES);
    assert!(!connection.may_read(), "nothing else is read before it is done");
    connection.go_on().await;
    assert_eq!(connection.outgoing.len(), MAX_WAITING_REPLIES, "it goes on when there is room again");

    let (mut connection, _near) = idle(&hub, 1024).await;
    let unsubscribe = json!({"type": "status", "taskId": "1", "timestamp": 1, "data": {"action": "unsubscribe"}});
    for _ in 0..100 {
        connection.handle(&subscribe(0..3).to_string()).await;
        connection.handle(&unsubscribe.to_string()).await;
        connection.outgoing.clear();
    }
    assert_eq!(connection.subscriptions.len(), 2);
    assert!(connection.ready.len() <= 3, "{}", connection.ready.len());
}

#[tokio::test(start_paused = true)]
async fn a_subscribe_to_more_tasks_than_replies_may_wait_is_answered_in_full_and_in_order() {
    let hub = hub(Bounds::default(), Options { max_subscriptions: 300, ..quiet() });
    let mut worker = Peer::new(&hub, 1 << 16).await;
    worker.send(log("7", "kept")).await;
    worker.ask("7", "query").await;
    let mut peer = Peer::new(&hub, 1024).await;
    peer.send(subscribe(0..500)).await;
    peer.send(log("7", "after")).await;
    let (mut answers, mut logs) = (Vec::new(), Vec::new());
    while logs.len() < 2 {
        let message = peer.next().await.unwrap();
        if message["type"] == "log" { logs.push(message) } else { answers.push(message) }
    }
    assert_eq!(answers.len(), 501);
    for (n, answer) in answers[..500].iter().enumerate() {
        let (kind, action) = if n < 300 { ("status", "subscribed") } else { ("error", "subscribe") };
        assert_eq!((&answer["type"], &answer["data"]["action"]), (&json!(kind), &json!(action)), "{n}");
        assert_eq!(answer["taskId"], n.to_string());
    }
    assert_eq!(answers[500]["data"], json!({"action": "ack", "id": "i"}), "once all of it is done");
    let said: Vec<_> = logs.iter().map(|log| &log["data"]["message"]).collect();
    assert_eq!(said, [&json!("kept"), &json!("after")]);
}
