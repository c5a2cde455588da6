//! A server that sends the client elsewhere.

use super::support::{Consumer, Server, quick, settled_connect};

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn redirections_are_followed_with_the_credentials_only_on_the_same_server() {
    let (first, other) = (Server::new(), Server::new());
    let config = quick(&first.url().replace("ws://", "ws://user:secret@")).header("X-Key", "hunter2");
    let mut consumer = Consumer::connected(config.protocols(vec!["a".into()]));
    let (request, _) = first.answer(redirect(302, "/next?a=b").as_bytes());
    assert!(request.starts_with("GET /ws "), "{request}");
    let (request, _) = first.answer(redirect(308, &other.url().replace("ws://", "http://")).as_bytes());
    assert!(request.starts_with("GET /next?a=b "), "{request}");
    assert!(request.contains("X-Key: hunter2\r\n") && request.contains("Authorization: Basic "), "{request}");
    let (request, _) = other.answer(b"HTTP/1.1 500 No\r\n\r\n");
    assert!(!request.contains("hunter2") && !request.to_lowercase().contains("authorization"), "{request}");
    assert!(request.contains("Sec-WebSocket-Protocol: a\r\n"), "{request}");
    assert!(consumer.retry().1.contains(&other.url()), "the text names the server that refused");
}

#[test]
fn a_token_is_not_shown_elsewhere() {
    let (first, other) = (Server::new(), Server::new());
    let _consumer = Consumer::connected(first.config().token("hunter2"));
    let (request, _) = first.answer(redirect(301, &other.url()).as_bytes());
    assert!(request.contains("hunter2"), "{request}");
    let (request, _) = other.answer(b"HTTP/1.1 500 No\r\n\r\n");
    assert!(!request.contains("hunter2"), "{request}");
}

#[test]
fn a_followed_redirection_connects() {
    let (first, other) = (Server::new(), Server::new());
    let mut consumer = Consumer::connected(first.config());
    first.answer(redirect(307, &other.url()).as_bytes());
    let _peer = other.accept();
    settled_connect(&mut consumer);
}

#[test]
fn no_more_than_five_are_followed() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config());
    for _ in 0..6 {
        server.answer(redirect(302, "/again").as_bytes());
    }
    let (_, cause) = consumer.retry();
    assert!(cause.contains("5 redirections were followed"), "{cause}");
}

#[test]
fn what_cannot_be_followed_is_told() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config());
    server.answer(redirect(302, "ftp://elsewhere/").as_bytes());
    assert!(consumer.retry().1.contains("another scheme"));
    server.answer(b"HTTP/1.1 302 Elsewhere\r\n\r\n");
    let (_, cause) = consumer.retry();
    assert!(cause.contains("HTTP status 302"), "{cause}");
}
