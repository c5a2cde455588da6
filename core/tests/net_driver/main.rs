//! The driver against real sockets: what arrives, what is sent, and what every way of failing is called.
#![cfg(feature = "net")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests have threads and may panic")]

mod authority;
mod credentials;
mod proxy;
mod redirect;
mod refusals;
mod support;
mod tls;

use std::io::Write;
use std::sync::mpsc::channel;

use steadywire::ErrorKind;
use steadywire::event::{Event, Settlement};
use steadywire::session::Input;
use support::{Consumer, Server, log_frame, quick, read_to_end};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// The code of the close frame that comes after whatever else does.
fn close_code(peer: &mut support::Peer) -> u16 {
    loop {
        if let Message::Close(frame) = peer.read().unwrap() {
            return frame.unwrap().code.into();
        }
    }
}

#[test]
fn texts_arrive_in_order_and_messages_are_written() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config());
    let mut peer = server.accept();
    assert_eq!(consumer.settled(1), Settlement::Connected(Ok(())));
    for number in 0..1000 {
        peer.send(Message::text(log_frame(&number.to_string()))).unwrap();
    }
    for number in 0..1000 {
        assert_eq!(consumer.log(), number.to_string());
    }
    consumer.send_log("hello");
    loop {
        if let Message::Text(text) = peer.read().unwrap()
            && text.contains("hello")
        {
            break;
        }
    }
}

#[test]
fn fragments_and_pings_in_between_are_put_together() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config());
    let mut peer = server.accept();
    let text = log_frame("x");
    let (first, rest) = text.as_bytes().split_at(10);
    let stream = peer.get_mut();
    stream.write_all(&[0x01, first.len() as u8]).unwrap();
    stream.write_all(first).unwrap();
    stream.write_all(&[0x89, 1, b'!']).unwrap();
    stream.write_all(&[0x80, rest.len() as u8]).unwrap();
    stream.write_all(rest).unwrap();
    assert_eq!(consumer.log(), "x");
    loop {
        if let Message::Pong(payload) = peer.read().unwrap() {
            assert_eq!(&payload[..], b"!");
            break;
        }
    }
}

#[test]
fn what_comes_with_the_upgrade_is_read() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config());
    let mut stream = server.connection();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
        request.push(byte[0]);
    }
    let request = String::from_utf8(request).unwrap();
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let frame = log_frame("early");
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    )
    .into_bytes();
    answer.extend([0x81, frame.len() as u8]);
    answer.extend(frame.as_bytes());
    stream.write_all(&answer).unwrap();
    assert_eq!(consumer.log(), "early");
}

#[test]
fn every_way_a_link_ends_is_told() {
    type End = fn(&mut support::Peer);
    let without_code: End = |peer| peer.close(None).unwrap();
    let with_code: End = |peer| {
        let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame {
            code: CloseCode::Restart,
            reason: "soon back".into(),
        };
        peer.close(Some(frame)).unwrap();
    };
    // Not by dropping it: with something unread, that would be a reset.
    let cut: End = |peer| peer.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config());
    for (end, code, text) in [
        (without_code, Some(1005), "1005"),
        (with_code, Some(1012), "soon back"),
        (cut, Some(1006), "without a close frame"),
    ] {
        let mut peer = server.accept();
        end(&mut peer);
        let (told, reason) = consumer.lost_link();
        assert_eq!(told, code);
        assert!(reason.contains(text), "{reason}");
    }
}

#[test]
fn a_peer_that_breaks_the_rules_is_told_which() {
    let server = Server::new();
    // It must not dial again before it is told to disconnect: the next round would take that connection for its own.
    let patient = server.config().reconnect_interval(60_000).max_reconnect_backoff(60_000);
    let mut consumer = Consumer::new(patient.max_message_size(1000));
    for (bytes, code, text) in [
        (&[0x81, 2, 0xff, 0xfe][..], 1007, "not UTF-8"),
        (&[0x82, 126, 0x03, 0xe9][..], 1009, "1001 bytes is larger than maxMessageSize (1000)"),
        (&[0x81, 0x80, 0, 0, 0, 0][..], 1002, "masked"),
    ] {
        // Each time anew: the third in a row would stop the client for good.
        consumer.connect();
        let mut peer = server.accept();
        consumer.event(|event| matches!(event, Event::Connected(_)).then_some(()));
        peer.get_mut().write_all(bytes).unwrap();
        let (_, reason) = consumer.lost_link();
        assert!(reason.contains(text), "{reason}");
        assert_eq!(close_code(&mut peer), code);
        consumer.shared.input(Input::Disconnect { ticket: 5 }).unwrap();
        assert_eq!(consumer.settled(5), Settlement::Disconnected);
    }
}

#[test]
fn attempts_fail_by_name() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut consumer = Consumer::connected(quick(&format!("ws://user:hunter2@{port}/ws?token=hunter2")));
    let (_, cause) = consumer.retry();
    assert!(cause.contains(&format!("could not connect to ws://{port}/ws: ")) && !cause.contains("hunter2"), "{cause}");

    // Longer than a name may be: refused without asking anybody.
    let mut consumer = Consumer::connected(quick(&format!("ws://{}.invalid/", "x".repeat(80))));
    let (_, cause) = consumer.retry();
    assert!(cause.contains("could not be found"), "{cause}");

    let mut consumer = Consumer::connected(quick("ws://127.0.0.1:1/").header("Sec-WebSocket-Key", "x"));
    assert_eq!(consumer.stopped().0, "invalid_argument");

    let mut consumer = Consumer::connected(quick("ws://127.0.0.1:1/").token("hunter2\r\nX: y"));
    let (code, message) = consumer.stopped();
    assert!(code == "invalid_argument" && !message.contains("hunter2"), "{code}: {message}");
}

#[test]
fn a_refused_upgrade_tells_status_body_and_when_to_come_back() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config());
    let (_, mut stream) = server.answer(b"HTTP/1.1 503 Busy\r\nRetry-After: 100\r\nContent-Length: 11\r\n\r\ntry");
    stream.write_all(b" \x1b[1mlat").unwrap();
    let (delay, cause) = consumer.retry();
    assert!(cause.contains("HTTP status 503: try [1mlat"), "{cause}");
    assert!((100_000..=120_000).contains(&delay), "Retry-After counts: {delay}");

    let mut consumer = Consumer::connected(server.config());
    server.answer(b"HTTP/1.1 404 Not Found\r\n\r\n");
    let (code, message) = consumer.stopped();
    assert!(code == "refused" && message.contains("404"), "{code}: {message}");
}

#[test]
fn what_is_no_upgrade_is_named() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config());
    for (answer, text) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..], "not HTTP"),
        (b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "Sec-WebSocket-Accept"),
        (b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "does not upgrade"),
    ] {
        server.answer(answer);
        let (_, cause) = consumer.retry();
        assert!(cause.contains(text), "{cause}");
    }
    drop(server.connection());
    let (_, cause) = consumer.retry();
    assert!(cause.contains("during the upgrade") || cause.contains("broke off"), "{cause}");
    let head = [b"HTTP/1.1 101 X\r\nX: ".as_slice(), &[b'x'; 20_000]].concat();
    server.answer(&head);
    let (_, cause) = consumer.retry();
    assert!(cause.contains("too long a head"), "{cause}");
}

#[test]
fn an_attempt_without_an_answer_is_dropped_and_repeated() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config().connect_timeout(30));
    let mut silent = server.connection();
    assert!(consumer.retry().1.contains("within 30 ms"));
    read_to_end(&mut silent);
    read_to_end(&mut server.connection());
}

#[test]
fn disconnect_closes_with_1000_and_is_settled_by_the_answer() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config());
    let mut peer = server.accept();
    consumer.settled(1);
    consumer.shared.input(Input::Disconnect { ticket: 5 }).unwrap();
    assert_eq!(close_code(&mut peer), 1000);
    // Writes the answer.
    while peer.read().is_ok() {}
    assert_eq!(consumer.settled(5), Settlement::Disconnected);
}

#[test]
fn reconnect_cuts_the_link_and_opens_another() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config());
    let mut first = server.accept();
    consumer.settled(1);
    consumer.shared.input(Input::Reconnect { ticket: 2 }).unwrap();
    let _second = server.accept();
    assert_eq!(consumer.settled(2), Settlement::Connected(Ok(())));
    while first.read().is_ok() {}
}

#[test]
fn close_cuts_the_link_and_ends_the_client() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config());
    let mut peer = server.accept();
    consumer.settled(1);
    consumer.shared.close();
    while peer.read().is_ok() {}
    let error = consumer.shared.input(Input::Connect { ticket: 1, task: None }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    consumer.shared.close();

    let waiting = Consumer::connected(server.config());
    let mut silent = server.connection();
    waiting.shared.close();
    read_to_end(&mut silent);
}

#[test]
fn a_full_inbox_stops_reading_and_nothing_is_lost() {
    const LINES: usize = 60_000;
    let server = Server::new();
    let config = server.config().max_pending_events(500);
    let mut consumer = Consumer::connected(config);
    let mut peer = server.accept();
    let writer = std::thread::spawn(move || {
        for number in 0..LINES {
            peer.write(Message::text(log_frame(&format!("{number} {}", "x".repeat(200))))).unwrap();
        }
        peer.flush().unwrap();
        peer
    });
    // More than the system's buffers hold: the writer cannot be done while we do not read.
    let paused = |consumer: &Consumer| consumer.shared.inbox().stats(0);
    while !paused(&consumer).paused {
        std::thread::yield_now();
    }
    assert!(paused(&consumer).pending_events <= 500 + 256);
    for number in 0..LINES {
        let line = consumer.log();
        assert!(line.starts_with(&format!("{number} ")), "{number}: {line:.20}");
    }
    writer.join().unwrap();
}

#[test]
fn a_peer_that_does_not_read_does_not_keep_us_from_reading() {
    const MESSAGES: usize = 900;
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config().max_queued_bytes(64 << 20).heartbeat_interval(0));
    let mut peer = server.accept();
    consumer.settled(1);
    let text = "x".repeat(32 << 10);
    for _ in 0..MESSAGES {
        consumer.send_log(&text);
    }
    for number in 0..2000 {
        peer.send(Message::text(log_frame(&number.to_string()))).unwrap();
    }
    for number in 0..2000 {
        assert_eq!(consumer.log(), number.to_string());
    }
    let mut arrived = 0;
    while arrived < MESSAGES {
        if let Message::Text(text) = peer.read().unwrap() {
            arrived += usize::from(text.contains("\"log\""));
        }
    }
}

#[test]
fn a_firehose_starves_neither_timers_nor_other_clients() {
    let server = Server::new();
    let mut flooded = Consumer::connected(server.config().heartbeat_interval(20));
    let peer = server.accept();
    let stream = peer.get_ref().try_clone().unwrap();
    let frame = log_frame("x");
    let flood = std::thread::spawn(move || {
        let mut stream = stream;
        let frames = [&[0x81, frame.len() as u8], frame.as_bytes()].concat().repeat(1000);
        while stream.write_all(&frames).is_ok() {}
    });
    let (sender, done) = channel();
    let pings = std::thread::spawn(move || {
        let mut peer = peer;
        let mut pings = 0;
        while pings < 5 {
            pings += usize::from(peer.get_mut_ping());
        }
        sender.send(()).unwrap();
    });
    let mut seen = 0;
    while done.try_recv().is_err() {
        seen += flooded.log().len();
    }
    assert!(seen > 0);
    let mut other = Consumer::connected(server.config());
    let _peer = server.accept();
    assert_eq!(other.settled(1), Settlement::Connected(Ok(())));
    flooded.shared.close();
    flood.join().unwrap();
    pings.join().unwrap();
}

trait ReadPing {
    /// Reads one frame; whether it is a ping. Answers nothing: another thread writes.
    fn get_mut_ping(&mut self) -> bool;
}

impl ReadPing for support::Peer {
    fn get_mut_ping(&mut self) -> bool {
        use std::io::Read;
        let stream = self.get_mut();
        let mut head = [0; 2];
        stream.read_exact(&mut head).unwrap();
        let length = match head[1] & 0x7f {
            126 => {
                let mut long = [0; 2];
                stream.read_exact(&mut long).unwrap();
                usize::from(u16::from_be_bytes(long))
            }
            short => usize::from(short),
        };
        let mut rest = vec![0; 4 + length];
        stream.read_exact(&mut rest).unwrap();
        head[0] == 0x89
    }
}
