use super::*;
use crate::http::read_request;

const UPGRADE: &str = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn guard() -> Guard {
    Guard { path: "/ws".into(), listen: "127.0.0.1:9".parse().ok(), ..Guard::default() }
}

async fn status(guard: &Guard, target: &str, headers: &str) -> u16 {
    let text = format!("GET {target} HTTP/1.1\r\n{headers}{UPGRADE}\r\n");
    let request = read_request(&mut text.as_bytes()).await.unwrap();
    match guard.judge(&request) {
        Verdict::Upgrade(_) => 101,
        Verdict::Answer(answer) => answer.status,
        Verdict::Tasks => 200,
    }
}

#[tokio::test]
async fn only_hosts_that_mean_this_server_are_served() {
    let mut guard = guard();
    for (host, wanted) in [
        ("localhost:80", 101),
        ("LOCALHOST", 101),
        ("app.localhost", 101),
        ("127.0.0.1:9", 101),
        ("[::1]:9", 101),
        ("evil.example", 403),
        ("evil.example:9", 403),
        ("10.0.0.1", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example", 403),
    ] {
        assert_eq!(status(&guard, "/ws", &format!("Host: {host}\r\n")).await, wanted, "{host}");
    }
    guard.hosts.push("hub.example".into());
    assert_eq!(status(&guard, "/ws", "Host: Hub.example:443\r\n").await, 101);
    guard.listen = "0.0.0.0:9".parse().ok();
    assert_eq!(status(&guard, "/ws", "Host: 10.0.0.1\r\n").await, 101);
    assert_eq!(status(&guard, "/ws", "Host: evil.example\r\n").await, 403);
    assert_eq!(status(&guard, "/ws", "").await, 400);
    assert_eq!(status(&guard, "/", "Host: evil.example\r\n").await, 403);
}

#[tokio::test]
async fn only_pages_of_this_machine_this_host_and_those_named_connect() {
    let mut guard = guard();
    guard.hosts.push("hub.example".into());
    for (host, origin, wanted) in [
        ("localhost", "http://localhost:3000", 101),
        ("localhost", "http://127.0.0.1:3000", 101),
        ("hub.example", "https://hub.example", 101),
        ("hub.example", "https://other.example", 403),
        ("localhost", "https://evil.example", 403),
        ("localhost", "https://localhost.evil.example", 403),
        ("localhost", "null", 403),
        ("localhost", "", 403),
        ("localhost", "file://localhost", 403),
    ] {
        let headers = format!("Host: {host}\r\nOrigin: {origin}\r\n");
        assert_eq!(status(&guard, "/ws", &headers).await, wanted, "{host} {origin}");
    }
    guard.origins.push("https://app.example".into());
    assert_eq!(status(&guard, "/ws", "Host: localhost\r\nOrigin: https://App.example\r\n").await, 101);
    assert_eq!(status(&guard, "/ws", "Host: localhost\r\nOrigin: https://app.example.evil.example\r\n").await, 403);
    let twice = "Host: localhost\r\nOrigin: https://app.example\r\nOrigin: https://evil.example\r\n";
    assert_eq!(status(&guard, "/ws", twice).await, 403);
}

#[tokio::test]
async fn a_token_is_taken_from_header_or_query() {
    let mut guard = guard();
    guard.token = Some(Token("s3 cret".into()));
    let host = "Host: localhost\r\n";
    for (target, headers, wanted) in [
        ("/ws", "", 401),
        ("/ws?token=s3%20cret", "", 101),
        ("/ws?token=s3+cret", "", 101),
        ("/ws?token=s3", "", 401),
        ("/ws?token=", "", 401),
        ("/ws?token=s3+crets3+cret", "", 401),
        ("/ws", "Authorization: Bearer s3 cret\r\n", 101),
        ("/ws", "Authorization: Basic s3 cret\r\n", 401),
        ("/ws?token=s3+cret", "Authorization: Bearer wrong\r\n", 401),
        ("/", "", 200),
    ] {
        assert_eq!(status(&guard, target, &format!("{host}{headers}")).await, wanted, "{target} {headers}");
    }
    assert!(!format!("{guard:?}").contains("s3"));
}

#[tokio::test]
async fn other_paths_and_plain_requests_are_told_what_is_here() {
    let guard = guard();
    assert_eq!(status(&guard, "/nope", "Host: localhost\r\n").await, 404);
    let plain = read_request(&mut &b"GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n"[..]).await.unwrap();
    let Verdict::Answer(answer) = guard.judge(&plain) else { panic!("upgraded") };
    assert_eq!(answer.status, 426);
    let post = read_request(&mut &b"POST /ws HTTP/1.1\r\nHost: localhost\r\n\r\n"[..]).await.unwrap();
    let Verdict::Answer(answer) = guard.judge(&post) else { panic!("upgraded") };
    assert_eq!(answer.status, 405);
}
