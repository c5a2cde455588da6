//! Every line of the table, by real servers: what each HTTP status and close code makes of the client.

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
    let server = Server::new();
    for (status, disposition) in table("http").into_iter().chain([(418, Disposition::Retry)]) {
        let mut consumer = Consumer::connected(server.config());
        server.answer(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").as_bytes());
        expect(&mut consumer, status, disposition);
        drop(consumer);
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
