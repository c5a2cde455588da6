//! Many followers of one task.
//!
//! `cargo test --release -p steadywire-hub --test fanout -- --ignored --nocapture ten_thousand`
//! measures 10,000 followers against a hub on one thread in a process of its own.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use steadywire_hub::Hub;
use support::{Peer, complete, control, log, progress, quiet};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// Set for the process that is nothing but a hub.
const HUB_PROCESS: &str = "STEADYWIRE_FANOUT_HUB";

#[tokio::test]
async fn two_thousand_followers_of_one_task_all_get_its_outcome() {
    allow_open_files(4_200);
    let hub = quiet().start().await.unwrap();
    let mut worker = Peer::new(&hub).await;
    let mut followers = JoinSet::new();
    for _ in 0..2_000 {
        let mut follower = Peer::new(&hub).await;
        follower.subscribe("t").await;
        followers.spawn(async move { follow(follower.socket).await });
    }
    for n in 1..=30 {
        worker.send(progress("t", f64::from(n))).await;
        worker.send(log("t", "line")).await;
    }
    worker.send(complete("t")).await;
    while let Some(seen) = followers.join_next().await {
        let seen = seen.unwrap();
        assert_eq!((seen.last_seq, seen.logs, seen.holes), (61, 30, 0));
    }
    assert_eq!(hub.stats().dropped, 0);
}

#[derive(Default)]
struct Seen {
    messages: u64,
    logs: u64,
    holes: u64,
    last_seq: u64,
}

/// Reads up to the outcome, without taking the JSON apart.
async fn follow(mut socket: WebSocketStream<TcpStream>) -> Seen {
    let mut seen = Seen::default();
    loop {
        let Some(Ok(message)) = socket.next().await else { panic!("the connection ended") };
        let Message::Text(text) = message else { continue };
        let Some(seq) = number(&text, "\"seq\":") else { continue };
        let covers = number(&text, "\"covers\":").unwrap_or(seq);
        seen.messages += 1;
        seen.holes += u64::from(covers > seen.last_seq + 1);
        seen.last_seq = seq;
        seen.logs += u64::from(text.contains("\"log\""));
        if text.starts_with("{\"type\":\"complete\"") {
            return seen;
        }
    }
}

fn number(text: &str, key: &str) -> Option<u64> {
    let (_, rest) = text.split_once(key)?;
    rest[..rest.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}

#[test]
#[ignore = "it is the hub of the measurement below"]
fn hub_process() {
    if std::env::var_os(HUB_PROCESS).is_none() {
        return;
    }
    allow_open_files(12_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let hub = Hub::builder().start().await.unwrap();
        println!("\nlistening {}", hub.local_addr());
        let wait = || std::io::stdin().read_to_end(&mut Vec::new());
        tokio::task::spawn_blocking(wait).await.unwrap().unwrap();
        hub.kill().await;
    });
}

#[test]
#[ignore = "a measurement of half a minute; it prints its numbers"]
fn ten_thousand_followers_of_one_task_on_one_core() {
    const FOLLOWERS: usize = 10_000;
    allow_open_files(FOLLOWERS as u64 + 200);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hub_process", "--ignored", "--nocapture", "--test-threads=1"])
        .env(HUB_PROCESS, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| line.strip_prefix("listening ").map(str::to_owned)).unwrap();
    let before = usage(child.id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut worker = connect(&address).await;
        let started = Instant::now();
        let mut followers = JoinSet::new();
        for _ in 0..FOLLOWERS {
            let mut follower = connect(&address).await;
            subscribe(&mut follower).await;
            followers.spawn(follow(follower));
        }
        let connected = usage(child.id());
        println!(
            "{FOLLOWERS} connected and subscribed in {:.1} s; {:.1} us CPU and {:.1} KiB each",
            started.elapsed().as_secs_f64(),
            (connected.cpu - before.cpu) / FOLLOWERS as f64 * 1e6,
            (connected.rss_kib - before.rss_kib) / FOLLOWERS as f64,
        );
        let text = "x".repeat(60);
        for round in 0..100 {
            send(&mut worker, log("t", &text)).await;
            for n in 0..4 {
                send(&mut worker, progress("t", f64::from(round) + f64::from(n) / 4.0)).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        send(&mut worker, complete("t")).await;
        let (mut messages, mut holes) = (0, 0);
        while let Some(seen) = followers.join_next().await {
            let seen = seen.unwrap();
            assert_eq!(seen.last_seq, 501);
            messages += seen.messages;
            holes += seen.holes;
        }
        let after = usage(child.id());
        let cpu = after.cpu - connected.cpu;
        println!(
            "501 messages to {FOLLOWERS} followers in {:.1} s: {messages} delivered, {holes} holes; hub {cpu:.2} s CPU, {:.2} us per delivery, {:.1} KiB each",
            started.elapsed().as_secs_f64(),
            cpu / messages as f64 * 1e6,
            (after.rss_kib - before.rss_kib) / FOLLOWERS as f64,
        );
    });
    drop(child.stdin.take());
    child.wait().unwrap();
}

async fn connect(address: &str) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(4096);
    client_async_with_config(format!("ws://{address}/ws"), stream, Some(config)).await.unwrap().0
}

async fn send(socket: &mut WebSocketStream<TcpStream>, message: serde_json::Value) {
    futures_util::SinkExt::send(socket, Message::text(message.to_string())).await.unwrap();
}

/// Subscribes and waits for the answer.
async fn subscribe(socket: &mut WebSocketStream<TcpStream>) {
    send(socket, control("t", serde_json::json!({"action": "subscribe"}))).await;
    loop {
        let Some(Ok(Message::Text(text))) = socket.next().await else { panic!("the connection ended") };
        if text.contains("subscribed") {
            return;
        }
    }
}

struct Usage {
    cpu: f64,
    rss_kib: f64,
}

/// Seconds of CPU and resident memory of a process.
fn usage(pid: u32) -> Usage {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let rss = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    Usage { cpu: ticks / 100.0, rss_kib: rss.split_whitespace().nth(1).unwrap().parse().unwrap() }
}

/// Raises the limit of open files as far as needed and allowed.
fn allow_open_files(wanted: u64) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let current = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
        setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: limit.maximum }).unwrap();
    }
}
