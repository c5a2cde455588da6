//! The rules of the driver, with the real client and real sockets.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use serde_json::{Value, json};
use steadywire::{Client, Config, Conflate, Event, EventKind, Level, Message};
use steadywire_faults::{Connection, Frame, Matcher, Received, Script, Server, Step};
use steadywire_tests::e2e::{Events, patiently};

fn subscribe() -> Value {
    json!({ "type": "status", "taskId": "t", "data": { "action": "subscribe" } })
}

fn complete() -> Value {
    json!({ "type": "complete", "taskId": "t", "timestamp": 9, "data": {} })
}

fn log(n: usize) -> Value {
    json!({ "type": "log", "taskId": "t", "timestamp": n, "data": { "message": n.to_string() } })
}

fn config(url: String) -> Config {
    Config::new(url).reconnect_interval(5).max_reconnect_backoff(20).seed(1).conflate(Conflate::Never)
}

/// P-LINK-1.
#[tokio::test]
async fn the_upgrade_names_the_path_and_no_subprotocol() {
    let server = Server::start(Script::new([Connection::upgraded()])).await;
    let client = Client::new(config(server.url()).token("secret").header("X-Run", "7")).unwrap();
    patiently(client.connect(None)).await.unwrap().unwrap();
    let transcript = server.finished().await.unwrap();
    let request = transcript.connections[0].request.as_ref().unwrap();
    assert_eq!(request.line, "GET /ws HTTP/1.1");
    assert_eq!(request.header("sec-websocket-protocol"), None);
    assert_eq!(request.header("sec-websocket-extensions"), None);
    assert_eq!(request.header("authorization"), Some("Bearer secret"));
    assert_eq!(request.header("x-run"), Some("7"));
    patiently(client.disconnect()).await.unwrap().unwrap();
}

/// CLOSE-12. The computed delay would be ten minutes.
#[tokio::test]
async fn retry_after_may_be_a_date() {
    let later = |date| Connection::refused(503, &[("Retry-After", date)], "");
    let past = later("Sun, 06 Nov 1994 08:49:37 GMT");
    let future = later("Fri, 31 Dec 2100 23:59:59 GMT");
    let server = Server::start(Script::new([past, future])).await;
    let slow = config(server.url()).reconnect_interval(600_000).max_reconnect_backoff(600_000);
    let client = Client::new(slow).unwrap();
    let (delays, mut told) = tokio::sync::mpsc::channel(8);
    client.on(EventKind::Retry, move |event| {
        if let Event::Retry(retry) = event {
            delays.try_send(retry.next_delay).unwrap();
        }
    });
    drop(client.connect(None));
    server.finished().await.unwrap();
    let mut last = None;
    while last.is_none_or(|delay| delay == 0) {
        last = patiently(told.recv()).await.unwrap();
    }
    let last = last.unwrap();
    assert!((250_000..=300_000).contains(&last), "a date far away is bounded: {last}");
    patiently(client.disconnect()).await.unwrap().unwrap();
}

/// LINK-9.
#[tokio::test]
async fn at_most_one_transport_is_open() {
    const LINKS: usize = 12;
    let server = Server::start(Script::new([Connection::upgraded().lenient()]).repeating()).await;
    let client = Client::new(config(server.url())).unwrap();
    patiently(client.connect(Some("t"))).await.unwrap().unwrap();
    for n in 1..LINKS {
        // Three at once: each drops what is open or under way.
        let calls = [client.reconnect(), client.reconnect(), client.reconnect()];
        for call in calls {
            patiently(call).await.unwrap().unwrap();
        }
        server
            .until(|transcript| {
                let ended = |frames: &[Received]| frames.last().is_some_and(|last| Matcher::End.matches(last));
                let open = transcript.connections.iter().filter(|one| !ended(&one.frames)).count();
                open == 1 && transcript.connections.len() > n
            })
            .await
            .unwrap();
    }
    patiently(client.disconnect()).await.unwrap().unwrap();
}

/// LINK-10. The client is stopped until after its deadline, while a sign of life waits in its socket.
#[tokio::test]
async fn what_waits_in_the_socket_is_read_before_a_timeout_counts() {
    let line = Connection::upgraded().lenient().without_pongs().expect(subscribe()).expect(Matcher::Ping);
    let line = line.step(Step::Gate("stopped".into())).send(log(1)).step(Step::Gate("going".into())).send(complete());
    let server =
        Server::start(Script::new([line, Connection::upgraded().lenient().expect(subscribe()).send(complete())])).await;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "follower_in_a_process_of_its_own", "--ignored", "--nocapture"]);
    let mut child = command.env("STEADYWIRE_TEST_URL", server.url()).spawn().unwrap();
    let signal = |name: &str| {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", child.id())]).status().unwrap();
        assert!(sent.success());
    };
    // The ping at the opening, and the first heartbeat: from it the deadline counts.
    let pings = |frames: &[Received]| frames.iter().filter(|frame| Matcher::Ping.matches(frame)).count();
    server.until(|transcript| transcript.connections.first().is_some_and(|one| pings(&one.frames) >= 2)).await.unwrap();
    signal("STOP");
    server.open_gate("stopped");
    // Not to wait for anything, but to let the deadline of 5 s pass; up to 3 s later it still counts.
    tokio::time::sleep(Duration::from_millis(6000)).await;
    signal("CONT");
    server.open_gate("going");
    let status = patiently(tokio::task::spawn_blocking(move || child.wait().unwrap())).await.unwrap().unwrap();
    assert!(status.success(), "the link was dropped: {status}");
}

#[test]
#[ignore = "another test runs it as a process of its own"]
fn follower_in_a_process_of_its_own() {
    let url = std::env::var("STEADYWIRE_TEST_URL").unwrap();
    let client = Client::new(config(url).heartbeat_interval(300).heartbeat_timeout(5000)).unwrap();
    client.connect(Some("t")).wait().unwrap();
    client.wait("t").unwrap().wait().unwrap();
    assert_eq!(client.stats()["connects"], 1);
}

/// LINK-11.
#[tokio::test]
async fn calls_come_from_any_thread_while_a_callback_runs() {
    let line = Connection::upgraded().lenient().expect(subscribe()).send(log(1)).step(Step::Gate("go".into()));
    let server = Server::start(Script::new([line.send(complete())])).await;
    let client = Client::new(config(server.url()).max_queued_messages(2000)).unwrap();
    let (entered, inside) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    client.on(EventKind::Log, move |_| {
        entered.send(()).unwrap();
        released.recv().unwrap();
    });
    let outcome = client.wait("t").unwrap();
    patiently(tokio::task::spawn_blocking(move || inside.recv().unwrap())).await.unwrap().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let client = client.clone();
            tokio::task::spawn_blocking(move || {
                for n in 0..200 {
                    let task = format!("{thread}-{n}");
                    client.subscribe(&task).unwrap();
                    drop(client.send(Message::log(&*task, Level::Info, "")).unwrap());
                    drop(client.flush());
                    client.unsubscribe(&task).unwrap();
                    assert_eq!(client.stats()["state"], "connected");
                }
            })
        })
        .collect();
    for thread in threads {
        patiently(thread).await.unwrap().unwrap();
    }
    server.open_gate("go");
    release.send(()).unwrap();
    patiently(outcome).await.unwrap().unwrap();
    // Answers come in order with the events, so only now.
    patiently(client.flush()).await.unwrap().unwrap();
    assert_eq!(client.stats()["callbacks"]["waiting"], 0, "{}", client.stats());
    patiently(client.disconnect()).await.unwrap().unwrap();
}

/// END-7.
#[tokio::test]
async fn no_callback_starts_after_a_disconnect_has_settled() {
    let flood: Vec<Frame> = (0..20_000).map(|n| Frame::text(log(n).to_string())).collect();
    let line = Connection::upgraded().lenient().expect(subscribe()).frames(flood);
    let server = Server::start(Script::new([line]).repeating()).await;
    for _ in 0..5 {
        let client = Client::new(config(server.url())).unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let (hundred, mut seen) = tokio::sync::watch::channel(0);
        client.on_any(move |_| {
            hundred.send_replace(counted.fetch_add(1, Ordering::SeqCst));
        });
        drop(client.connect(Some("t")));
        patiently(seen.wait_for(|count| *count >= 100)).await.unwrap().unwrap();
        patiently(client.disconnect()).await.unwrap().unwrap();
        let settled = calls.load(Ordering::SeqCst);
        drop(client.send(Message::log("w", Level::Info, "queued")).unwrap());
        // Another client's whole life passes meanwhile.
        let other = Client::new(config(server.url())).unwrap();
        let events = Events::of(&other);
        drop(other.connect(Some("t")));
        events.next(&json!({ "event": "log", "message": "19999" })).await.unwrap();
        patiently(other.disconnect()).await.unwrap().unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), settled);
    }
}
