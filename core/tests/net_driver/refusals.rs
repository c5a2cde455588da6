//! Every line of the table, by real servers: what each HTTP status and close code makes of the client.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use serde_json::Value;
use steadywire::Disposition;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::support::{Consumer, Server, quick};

/// Codes that no close frame may carry: those have vectors of the bare session only.
const NEVER_SENT: [u16; 4] = [1005, 1006, 1014, 1015];

fn table(part: &str) -> Vec<(u16, Disposition)> {
    let table: Value = serde_json::from_str(include_str!("../../../spec/disposition.json")).unwrap();
    let entries = table[part].as_array().unwrap().iter();
    let listed = entries.flat_map(|entry| {
        let disposition = Disposition::from_name(entry["disposition"].as_str().unwrap()).unwrap();
        let code = |end: &str| u16::try_from(entry[end].as_u64().unwrap()).unwrap();
        [(code("from"), disposition), (code("to"), disposition)]
    });
    listed.collect()
}

fn expect(consumer: &mut Consumer, code: u16, disposition: Disposition) {
    match disposition {
        Disposition::Retry | Disposition::Protocol | Disposition::WhileOpen => {
            let (delay, cause) = consumer.retry();
            assert!(delay <= 20 && cause.contains(&code.to_string()), "{code}: {delay} {cause}");
        }
        Disposition::Slow => assert!(consumer.retry().0 >= 5000, "{code}"),
        Disposition::Reauth => assert_eq!(consumer.stopped().0, "unauthorized", "{code}"),
        Disposition::Fatal => assert_eq!(consumer.stopped().0, "refused", "{code}"),
    }
}

#[test]
fn each_status_does_what_the_table_says() {
    for (status, disposition) in table("http").into_iter().chain([(418, Disposition::Retry)]) {
        // One each: a client may have dialled again before it is dropped.
        let server = Server::new();
        let mut consumer = Consumer::connected(server.config());
        server.answer(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").as_bytes());
        expect(&mut consumer, status, disposition);
    }
}

#[test]
fn each_close_code_does_what_the_table_says() {
    for (code, disposition) in table("close").into_iter().chain([(4999, Disposition::Retry)]) {
        if NEVER_SENT.contains(&code) {
            continue;
        }
        let server = Server::new();
        let mut consumer = Consumer::connected(quick(&server.url()));
        let mut peer = server.accept();
        peer.close(Some(CloseFrame { code: code.into(), reason: "enough".into() })).unwrap();
        while peer.read().is_ok() {}
        expect(&mut consumer, code, disposition);
    }
}

#[test]
fn a_program_may_know_better_than_the_table() {
    let server = Server::new();
    let (sender, asked) = channel();
    let sender = Mutex::new(sender);
    let config = server.config().classify(move |ending| {
        let known = (ending.close_code, ending.http_status, ending.disposition);
        sender.lock().unwrap().send((known, ending.reason)).unwrap();
        match ending.http_status {
            Some(404) => Some(Disposition::Retry),
            Some(500) => Some(Disposition::Fatal),
            _ => None,
        }
    });
    let mut consumer = Consumer::connected(config);
    server.answer(b"HTTP/1.1 404 X\r\nContent-Length: 12\r\n\r\nnot here yet");
    consumer.retry();
    let (known, reason) = asked.recv().unwrap();
    assert_eq!(known, (None, Some(404), Disposition::Fatal));
    assert!(reason.contains("not here yet"), "{reason}");
    let mut peer = server.accept();
    peer.close(Some(CloseFrame { code: 4001.into(), reason: "".into() })).unwrap();
    while peer.read().is_ok() {}
    assert_eq!(consumer.stopped().0, "unauthorized", "as proposed");
    assert_eq!(asked.recv().unwrap().0, (Some(4001), None, Disposition::Reauth));
    consumer.connect();
    server.answer(b"HTTP/1.1 500 X\r\n\r\n");
    assert_eq!(consumer.stopped().0, "refused");
}

#[test]
fn a_classifier_that_panics_has_no_say() {
    let server = Server::new();
    let mut consumer = Consumer::connected(server.config().classify(|_| panic!("on purpose")));
    server.answer(b"HTTP/1.1 410 X\r\n\r\n");
    assert_eq!(consumer.stopped().0, "refused");
}
