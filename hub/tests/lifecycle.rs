//! Starting, stopping, breaking, and what is refused before a connection exists.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod support;

use futures_util::SinkExt;
use serde_json::json;
use steadywire_hub::limits::MAX_REFUSALS_AT_ONCE;
use steadywire_hub::{Hub, HubError};
use support::{End, PATIENCE, Peer, complete, control, hub, log, quiet, short, with_id};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};

/// What a hub answers to a plain request.
async fn get(hub: &steadywire_hub::HubHandle, target: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(hub.local_addr()).await.unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn shutdown_closes_everyone_with_1001() {
    let hub = hub().await;
    let address = hub.local_addr();
    let mut peers = Vec::new();
    for _ in 0..20 {
        peers.push(Peer::new(&hub).await);
    }
    let ends = tokio::spawn(async move {
        let mut ends = Vec::new();
        for peer in &mut peers {
            ends.push(peer.end().await);
        }
        ends
    });
    hub.shutdown().await;
    let expected = End::Closed(1001, "the hub is shutting down".to_owned());
    assert!(ends.await.unwrap().iter().all(|end| *end == expected));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_those_that_never_answer() {
    let hub = hub().await;
    let mut idle = Peer::new(&hub).await;
    let unfinished = TcpStream::connect(hub.local_addr()).await.unwrap();
    timeout(PATIENCE, hub.shutdown()).await.unwrap();
    assert_eq!(idle.end().await, End::Closed(1001, "the hub is shutting down".to_owned()));
    drop(unfinished);
}

#[tokio::test]
async fn kill_and_drop_break_every_link_without_a_close_frame() {
    let first = hub().await;
    let mut peer = Peer::new(&first).await;
    first.kill().await;
    assert_eq!(peer.end().await, End::Broken);
    let second = hub().await;
    let mut peer = Peer::new(&second).await;
    drop(second);
    assert_eq!(peer.end().await, End::Broken);
}

#[tokio::test]
async fn cut_all_breaks_every_link_and_goes_on_serving() {
    let hub = hub().await;
    let (mut follower, mut worker) = (Peer::new(&hub).await, Peer::new(&hub).await);
    follower.subscribe("t").await;
    worker.send(log("t", "a")).await;
    let first = follower.next().await;
    hub.cut_all();
    assert_eq!((follower.end().await, worker.end().await), (End::Broken, End::Broken));
    let (mut follower, mut worker) = (Peer::new(&hub).await, Peer::new(&hub).await);
    worker.send(log("t", "b")).await;
    worker.query("t").await;
    assert_eq!(follower.resume("t", &first["epoch"], 1).await["recovered"], true);
    assert_eq!(short(&follower.next().await), "log b");
    assert_eq!((hub.stats().accepted, hub.stats().subscriptions), (4, 1));
}

#[tokio::test]
async fn a_plain_request_is_told_what_this_is() {
    let hub = hub().await;
    let front = get(&hub, "/", "").await;
    assert!(front.starts_with("HTTP/1.1 200 ") && front.ends_with("\r\n\r\nSteadywire hub\n"), "{front}");
    assert!(get(&hub, "/ws", "").await.starts_with("HTTP/1.1 426 "));
    assert!(get(&hub, "/other", "").await.starts_with("HTTP/1.1 404 "));
    let garbage = get(&hub, "/ws HTTP/9.9\r\n", "").await;
    assert!(garbage.starts_with("HTTP/1.1 400 "), "{garbage}");
}

#[tokio::test]
async fn a_page_is_served_with_the_list_of_tasks() {
    let hub = quiet().page("<p>tasks</p>").token("secret").start().await.unwrap();
    let front = get(&hub, "/", "").await;
    assert!(front.contains("Content-Type: text/html; charset=utf-8\r\n"), "{front}");
    assert!(front.contains("Content-Security-Policy: default-src 'none'; "), "{front}");
    assert!(front.ends_with("\r\n\r\n<p>tasks</p>\n"), "{front}");
    assert!(get(&hub, "/tasks", "").await.starts_with("HTTP/1.1 401 "));
    let url = format!("{}?token=secret", hub.url());
    let (mut worker, mut follower) = (Peer::to(&url, &hub).await.unwrap(), Peer::to(&url, &hub).await.unwrap());
    for peer in [&mut worker, &mut follower] {
        assert_eq!(peer.next().await["data"]["action"], "hello");
    }
    follower.subscribe("nobody-works-on-it").await;
    worker.send(log("a", "line")).await;
    worker.send(complete("b")).await;
    worker.send(control("", json!({"action": "publish", "tasks": [{"taskId": "c"}]}))).await;
    worker.query("c").await;
    let list = get(&hub, "/tasks?token=secret", "").await;
    let known = r#"{"tasks":[{"status":"running","taskId":"a"},{"status":"complete","taskId":"b"},{"status":"running","taskId":"c"}]}"#;
    assert!(
        list.contains("Content-Type: application/json\r\n") && list.ends_with(&format!("\r\n\r\n{known}\n")),
        "{list}"
    );
    let foreign = get(&hub, "/tasks?token=secret", "Origin: https://foreign.example\r\n").await;
    assert!(foreign.starts_with("HTTP/1.1 403 "), "{foreign}");
}

#[tokio::test]
async fn without_a_page_there_is_no_list() {
    let hub = hub().await;
    assert!(get(&hub, "/tasks", "").await.starts_with("HTTP/1.1 404 "));
}

#[tokio::test]
async fn the_token_is_asked_for() {
    let hub = quiet().token("secret").start().await.unwrap();
    let Err(Error::Http(response)) = Peer::to(&hub.url(), &hub).await else { panic!("upgraded") };
    assert_eq!(response.status().as_u16(), 401);
    let text = String::from_utf8(response.body().clone().unwrap()).unwrap();
    assert!(text.contains("token"), "{text}");
    let mut peer = Peer::to(&format!("{}?token=secret", hub.url()), &hub).await.unwrap();
    assert_eq!(peer.next().await["data"]["action"], "hello");
    assert!(!format!("{hub:?}").contains("secret"));
}

#[tokio::test]
async fn a_foreign_page_and_a_foreign_name_are_refused() {
    let hub = hub().await;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let answer = get(&hub, "/ws", &format!("Origin: https://evil.example\r\n{upgrade}")).await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("evil.example"), "{answer}");
    let answer = get(&hub, "/ws", "Host: evil.example\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "two hosts: {answer}");
    let url = format!("ws://evil.example:{}/ws", hub.local_addr().port());
    let Err(Error::Http(response)) = Peer::to(&url, &hub).await else { panic!("upgraded") };
    assert_eq!(response.status().as_u16(), 403);
}

#[tokio::test]
async fn options_that_cannot_be_are_refused_by_name() {
    let refused = async |builder: steadywire_hub::HubBuilder| match builder.start().await {
        Err(HubError::Option { option, .. }) => option,
        other => panic!("{other:?}"),
    };
    let hub = Hub::builder;
    assert_eq!(refused(hub().listen("0.0.0.0:0")).await, "listen");
    assert_eq!(refused(hub().path("ws")).await, "path");
    assert_eq!(refused(hub().token("")).await, "token");
    assert_eq!(refused(hub().history_messages(3)).await, "history_messages");
    assert_eq!(refused(hub().history_bytes(0)).await, "history_bytes");
    assert_eq!(refused(hub().max_tasks(0)).await, "max_tasks");
    assert_eq!(refused(hub().max_total_bytes(0)).await, "max_total_bytes");
    assert_eq!(refused(hub().max_connections(0)).await, "max_connections");
    assert_eq!(refused(hub().max_subscriptions(0)).await, "max_subscriptions");
    assert_eq!(refused(hub().max_publications(0)).await, "max_publications");
    assert_eq!(refused(hub().max_message_size(0)).await, "max_message_size");
    assert_eq!(refused(hub().max_unread_bytes(0)).await, "max_unread_bytes");
    assert_eq!(refused(hub().stall_timeout(std::time::Duration::ZERO)).await, "stall_timeout");
    let open = hub().listen("0.0.0.0:0").token("t").start().await.unwrap();
    assert!(open.url().starts_with("ws://127.0.0.1:"), "{}", open.url());
    let taken = open.local_addr().to_string();
    let Err(error @ HubError::Listen { .. }) = hub().listen(taken.replace("0.0.0.0", "127.0.0.1")).start().await else {
        panic!("listened twice")
    };
    assert!(error.to_string().contains("cannot listen on 127.0.0.1:"), "{error}");
}

/// P-PUB-7
#[tokio::test]
async fn a_client_s_older_connection_is_closed_and_what_it_delivers_late_is_not_taken() {
    let publish = |link: u64| {
        let data = json!({"action": "publish", "client": "c", "link": link, "tasks": [{"taskId": "t"}]});
        control("", data)
    };
    let hub = hub().await;
    let (mut old, mut new) = (Peer::new(&hub).await, Peer::new(&hub).await);
    old.send(publish(1)).await;
    old.send(log("t", "in time")).await;
    old.query("t").await;
    new.send(publish(2)).await;
    new.send(with_id(complete("t"), "i")).await;
    assert_eq!(new.next().await["data"], json!({"action": "ack", "id": "i"}));
    let before = new.query("t").await;
    // It may be closed already.
    let _ = old.socket.send(Message::text(log("t", "late").to_string())).await;
    assert_eq!(old.end().await, End::Closed(4409, "this client has a newer connection".to_owned()));
    assert_eq!((new.query("t").await, &before["status"]), (before.clone(), &json!("complete")));
}

#[tokio::test]
async fn another_path_can_be_served() {
    let hub = quiet().path("/live").start().await.unwrap();
    assert!(hub.url().ends_with("/live"));
    Peer::new(&hub).await;
    assert!(get(&hub, "/ws", "").await.starts_with("HTTP/1.1 404 "));
}

#[tokio::test]
async fn those_told_503_are_bounded_too() {
    let hub = quiet().max_connections(1).start().await.unwrap();
    let _only = Peer::new(&hub).await;
    let mut waiting = Vec::new();
    for _ in 0..MAX_REFUSALS_AT_ONCE {
        waiting.push(TcpStream::connect(hub.local_addr()).await.unwrap());
    }
    let mut one_more = TcpStream::connect(hub.local_addr()).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, one_more.read_to_end(&mut answer)).await.unwrap();
    assert!(read.is_err() || answer.is_empty(), "it was dropped unheard");
    assert_eq!(hub.stats().refused, MAX_REFUSALS_AT_ONCE as u64 + 1);
    drop(waiting.pop());
    let answered = async { while !matches!(Peer::to(&hub.url(), &hub).await, Err(Error::Http(_))) {} };
    timeout(PATIENCE, answered).await.unwrap();
}
