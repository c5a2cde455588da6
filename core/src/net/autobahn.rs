//! The client's part in the Autobahn cases: it echoes what a fuzzing server sends, and the server judges it.
//! `make test-autobahn` (tests/interop/autobahn.py) starts that server and reads its verdicts.

use std::future::poll_fn;

use super::dial::{Dialer, Target};
use super::socket::{Frame, Received, Socket};
use crate::config::{Config, Credentials};

/// Where the fuzzing server is, without a path.
const URL: &str = "STEADYWIRE_AUTOBAHN_URL";

/// The name of the client in the server's report.
const AGENT: &str = "steadywire";

#[tokio::test]
#[ignore = "needs a fuzzing server: `make test-autobahn`"]
async fn every_message_of_every_case_is_echoed() {
    let url = std::env::var(URL).unwrap_or_else(|_| panic!("{URL} is not set: run `make test-autobahn`"));
    let count = ask(&format!("{url}/getCaseCount")).await;
    let count: usize = count.parse().expect("the server says how many cases it has");
    for case in 1..=count {
        echo(open(&format!("{url}/runCase?case={case}&agent={AGENT}")).await).await;
    }
    // It answers with its close frame once the report is written.
    while !is_end(&receive(&mut open(&format!("{url}/updateReports?agent={AGENT}")).await).await) {}
}

/// As the driver does it, with the options that users have by default.
async fn open(url: &str) -> Box<dyn Socket> {
    let config = Config::new(url);
    let dialer = Dialer::new(&config).expect("the options are the usual ones");
    dialer
        .dial(Target::new(&config, &Credentials::default()))
        .await
        .unwrap_or_else(|failed| panic!("{url}: {failed:?}"))
}

async fn ask(url: &str) -> String {
    let mut socket = open(url).await;
    match receive(&mut socket).await {
        Received::Text(text) => text.to_string(),
        other => panic!("{url}: {other:?}"),
    }
}

/// Sends back what comes until the link ends. How it has to end is for the server to judge.
async fn echo(mut socket: Box<dyn Socket>) {
    loop {
        let frame = match receive(&mut socket).await {
            Received::Text(text) => Frame::Text(text.to_string()),
            Received::Binary(bytes) => Frame::Binary(bytes),
            Received::Ping | Received::Pong(_) => continue,
            Received::Close { .. } | Received::End(_) | Received::Failed(_) => return,
        };
        let sent = async {
            poll_fn(|cx| socket.poll_ready(cx)).await?;
            socket.start_send(frame)?;
            poll_fn(|cx| socket.poll_flush(cx)).await
        };
        // Reading tells why it could not be sent.
        drop(sent.await);
    }
}

async fn receive(socket: &mut Box<dyn Socket>) -> Received {
    poll_fn(|cx| socket.poll_recv(cx)).await
}

fn is_end(received: &Received) -> bool {
    matches!(received, Received::Close { .. } | Received::End(_) | Received::Failed(_))
}
