//! What goes into the request, and what the program is asked for.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use steadywire::session::Input;
use steadywire::{Client, Credentials, CredentialsError, CredentialsRequest, Limit, Proxy, Tls};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::authority::Authority;
use super::support::{Consumer, Server, quick};

type Answer = oneshot::Sender<Result<Credentials, CredentialsError>>;

#[test]
fn credentials_go_into_the_request() {
    let server = Server::new();
    let refusal = b"HTTP/1.1 500 No\r\n\r\n";
    let with_userinfo = server.url().replace("ws://", "ws://user:p%40ss@");
    for (config, lines) in [
        (quick(&with_userinfo), vec!["Authorization: Basic dXNlcjpwQHNz\r\n"]),
        (quick(&with_userinfo).token("abc"), vec!["Authorization: Bearer abc\r\n"]),
        (
            server.config().token("abc").header("authorization", "own").header("X-A", "1").header("X-A", "2"),
            vec!["authorization: own\r\n", "X-A: 1\r\nX-A: 2\r\n"],
        ),
        (
            server.config().protocols(vec!["a.b".into(), "c".into()]).header("Host", "elsewhere"),
            vec!["Sec-WebSocket-Protocol: a.b, c\r\n", "Host: elsewhere\r\n"],
        ),
    ] {
        // It does not try again soon: the next request is another's.
        let _consumer = Consumer::connected(config.reconnect_interval(60_000).max_reconnect_backoff(60_000));
        let (request, _) = server.answer(refusal);
        assert!(request.starts_with("GET /ws HTTP/1.1\r\n"), "{request}");
        for line in lines {
            assert!(request.contains(line), "{request}");
        }
        assert_eq!(request.to_ascii_lowercase().matches("authorization").count().max(1), 1, "{request}");
        assert_eq!(request.to_ascii_lowercase().matches("\r\nhost: ").count(), 1, "{request}");
    }
}

#[test]
fn a_provider_is_asked_before_every_attempt_and_may_answer_later() {
    let server = Server::new();
    let (sender, requests) = channel::<(CredentialsRequest, Answer)>();
    let sender = Mutex::new(sender);
    let config = quick("ws://127.0.0.1:1/").credentials(move |request| {
        let (answer, given) = oneshot::channel();
        sender.lock().unwrap().send((request, answer)).unwrap();
        async { given.await.unwrap_or_else(|_| Err(CredentialsError::new("nobody answers"))) }
    });
    let mut consumer = Consumer::connected(config);
    let given = |token: &str| Ok(Credentials::new().url(server.url()).token(token));
    let (request, answer) = requests.recv().unwrap();
    assert!(!request.force_refresh);
    answer.send(given("first")).unwrap();
    let (text, _) = server.answer(b"HTTP/1.1 401 No\r\n\r\n");
    assert!(text.contains("Authorization: Bearer first\r\n"), "{text}");
    // The token had expired: a fresh one is asked for, once.
    let (request, answer) = requests.recv().unwrap();
    assert!(request.force_refresh && request.http_status == Some(401), "{request:?}");
    answer.send(given("second")).unwrap();
    let (text, _) = server.answer(b"HTTP/1.1 401 No\r\n\r\n");
    assert!(text.contains("Authorization: Bearer second\r\n"), "{text}");
    assert_eq!(consumer.stopped().0, "unauthorized");
}

/// TRY-5
#[test]
fn an_attempt_that_takes_too_long_names_the_url_that_was_given_for_it() {
    let server = Server::new();
    let given = server.url().replace("/ws", "/ws?key=hunter2");
    let config = quick("ws://127.0.0.1:1/").connect_timeout(1).max_connect_attempts(Limit::Times(1));
    let config = config.credentials_blocking(move |_| Ok(Credentials::new().url(given.clone())));
    // Nobody answers there.
    let (code, text) = Consumer::connected(config).stopped();
    assert_eq!(code, "attempts_exhausted");
    assert!(text.contains(&format!("no connection to {}", server.url())) && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_provider_that_has_nothing_is_a_failed_attempt_and_may_stop_the_client() {
    let (sender, asked) = channel();
    let sender = Mutex::new(sender);
    let config = quick("ws://127.0.0.1:1/").credentials_blocking(move |request| {
        sender.lock().unwrap().send(request.attempt).unwrap();
        match request.attempt {
            1 => Err(CredentialsError::new("the vault is sealed")),
            2 => panic!("on purpose"),
            _ => Err(CredentialsError::fatal("the account is closed")),
        }
    });
    let mut consumer = Consumer::connected(config);
    assert!(consumer.retry().1.contains("the vault is sealed"));
    assert!(consumer.retry().1.contains("panicked"));
    let (kind, text) = consumer.stopped();
    assert_eq!(kind, "credentials_failed");
    assert!(text.contains("the account is closed"), "{text}");
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_client_that_is_closed_lets_go_of_what_it_asked() {
    let (sender, asked) = channel::<Answer>();
    let sender = Mutex::new(sender);
    let config = quick("ws://127.0.0.1:1/").credentials(move |_| {
        let (answer, given) = oneshot::channel();
        sender.lock().unwrap().send(answer).unwrap();
        async { given.await.unwrap_or_else(|_| Err(CredentialsError::new("nobody answers"))) }
    });
    let consumer = Consumer::connected(config);
    let mut answer = asked.recv().unwrap();
    consumer.shared.input(Input::Disconnect { ticket: 0 }).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(answer.closed());
    assert!(answer.send(Ok(Credentials::new())).is_err(), "an answer that comes too late goes nowhere");
}

/// Everything that can be told of a client, while it fails in every way, holds none of its secrets.
#[test]
fn secrets_are_nowhere_to_be_seen() {
    let server = Server::new();
    let authority = Authority::new();
    let identity = authority.issue("a client");
    let body = |status: u16, text: &str| format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}", text.len());
    let url = server.url().replace("ws://", "ws://user:hunter21%40@").replace("/ws", "/ws?token=hunter22&x");
    let config = quick(&url)
        .token("hunter23")
        .header("X-Key", "hunter24")
        .header("Cookie", "id=hunter25")
        .proxy(Proxy::Direct)
        .max_connect_attempts(Limit::Times(11))
        .tls(Tls::new().client_cert(&identity.cert, &identity.key));
    let (sender, told) = channel();
    let client = Client::new(config.clone()).unwrap();
    client.on_any(move |event| sender.send(format!("{event:?} {}", event.to_json())).unwrap());
    let connecting = client.connect(Some("t"));
    // A server that quotes what it was shown, also as it understood it; the last is `user:hunter21@`.
    let quoted = "Bearer hunter23 for user:hunter21@ hunter22 hunter24 id=hunter25, Basic dXNlcjpodW50ZXIyMUA=";
    for status in [500, 502, 503, 408, 425, 599] {
        server.answer(body(status, quoted).as_bytes());
    }
    server.answer(b"HTTP/1.1 302 X\r\nLocation: ftp://user:hunter21@x/?token=hunter22\r\n\r\n");
    drop(server.connection());
    let mut peer = server.accept();
    let frame = CloseFrame { code: CloseCode::Restart, reason: "hunter23 is known here no more".into() };
    peer.close(Some(frame)).unwrap();
    while peer.read().is_ok() {}
    server.answer(body(403, "hunter23 hunter24").as_bytes());
    let mut seen: Vec<String> = Vec::new();
    loop {
        seen.push(told.recv().unwrap());
        if seen.last().unwrap().contains("\"state\":\"error\"") {
            break;
        }
    }
    seen.push(format!("{:?} {:?}", connecting.wait(), client.connect(None)));
    seen.push(format!("{config:?} {client:?} {}", client.stats_json()));
    let bad = [
        config.clone().token("hunter23\r\n"),
        config.clone().header("X", "hunter24\n"),
        config.clone().proxy(Proxy::Url("ftp://user:hunter26@proxy".into())),
        config.tls(Tls::new().client_cert(&identity.key, "hunter27")),
    ];
    for config in bad {
        match Client::new(config) {
            Ok(client) => seen.push(format!("{:?}", client.connect(None).wait())),
            Err(error) => seen.push(format!("{error:?} {error}")),
        }
    }
    for text in &seen {
        assert!(!text.contains("hunter2") && !text.contains("dXNlcjpodW50"), "{text}");
        assert!(identity.key.lines().skip(1).all(|line| line.starts_with("---") || !text.contains(line)), "{text}");
    }
    assert!(seen.iter().any(|text| text.contains("<redacted> for user:<redacted>")), "{seen:?}");
    assert!(seen.iter().any(|text| text.contains("<redacted> is known here no more")), "{seen:?}");
}
