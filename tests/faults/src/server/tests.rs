use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{PATIENCE, Server};
use crate::{
    Accept, Baseline, Connection, Flow, Frame, MAX_CONNECTIONS, Matcher, Opcode, Received, Script, Step, Tell,
};

type Client = WebSocketStream<TcpStream>;

async fn connect(address: std::net::SocketAddr) -> Result<Client, Error> {
    let stream = TcpStream::connect(address).await.unwrap();
    Ok(client_async(format!("ws://{address}/ws"), stream).await?.0)
}

async fn send(client: &mut Client, value: Value) {
    client.send(Message::text(value.to_string())).await.unwrap();
}

async fn text(client: &mut Client) -> String {
    loop {
        if let Message::Text(text) = client.next().await.unwrap().unwrap() {
            return text.to_string();
        }
    }
}

#[tokio::test]
async fn it_steps_on_what_it_received_and_remembers_it_across_connections() {
    let first = Connection::upgraded()
        .expect_as("first", json!({ "type": "complete" }))
        .send(json!({ "ack": "$first/id" }))
        .rst();
    let second = Connection::upgraded().expect(json!({ "id": "$first/id" })).send(json!([1, "$/n"])).fin();
    let server = Server::start(Script::new([first, second])).await;

    let mut client = connect(server.address()).await.unwrap();
    send(&mut client, json!({ "type": "complete", "id": "x-1" })).await;
    assert_eq!(text(&mut client).await, r#"{"ack":"x-1"}"#);
    assert!(client.next().await.unwrap().is_err(), "it was reset");

    let mut client = connect(server.address()).await.unwrap();
    send(&mut client, json!({ "type": "complete", "id": "x-1", "n": 7 })).await;
    assert_eq!(text(&mut client).await, "[1,7]");
    assert!(client.next().await.unwrap().is_err(), "it ended without a close frame");
    drop(client);

    let transcript = server.finished().await.unwrap();
    assert_eq!(transcript.messages().len(), 2);
    assert_eq!(transcript.connections[1].frames.last(), Some(&Received::End));
}

#[tokio::test]
async fn what_is_not_in_the_script_is_a_problem() {
    let server = Server::start(Script::new([Connection::upgraded().expect(json!({ "type": "a" }))])).await;
    let mut client = connect(server.address()).await.unwrap();
    send(&mut client, json!({ "type": "b" })).await;
    let problem = server.finished().await.unwrap_err().to_string();
    assert!(problem.contains("connection 1: step 1: not expected") && problem.contains("\"b\""), "{problem}");

    let server = Server::start(Script::new([Connection::upgraded().expect(json!({ "type": "a" }))])).await;
    drop(connect(server.address()).await.unwrap());
    let problem = server.finished().await.unwrap_err().to_string();
    assert!(problem.contains("the client ended it"), "{problem}");

    let server = Server::start(Script::new([Connection::upgraded()])).await;
    let _first = connect(server.address()).await.unwrap();
    server.finished().await.unwrap();
    let second = connect(server.address()).await;
    assert!(second.is_err());
    let problem = server.finished().await.unwrap_err().to_string();
    assert!(problem.contains("connection 2 is not in the script"), "{problem}");
}

#[tokio::test]
async fn a_lenient_connection_passes_over_and_pings_are_answered() {
    let connection = Connection::upgraded().lenient().expect(json!({ "type": "a" })).expect(Matcher::Close(Some(1000)));
    let server = Server::start(Script::new([connection])).await;
    let mut client = connect(server.address()).await.unwrap();
    send(&mut client, json!({ "type": "b" })).await;
    client.send(Message::Ping("p".into())).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Pong("p".into()));
    send(&mut client, json!({ "type": "a" })).await;
    client.close(Some(close_frame(1000))).await.unwrap();
    server.finished().await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Close(Some(close_frame(1000))));
    assert!(client.next().await.is_none(), "the close was answered");
}

fn close_frame(code: u16) -> tokio_tungstenite::tungstenite::protocol::CloseFrame {
    tokio_tungstenite::tungstenite::protocol::CloseFrame { code: code.into(), reason: "".into() }
}

#[tokio::test]
async fn connections_can_be_refused_in_every_way() {
    let script = Script::new([
        Connection::refused(503, &[("Retry-After", "7")], "later"),
        Connection::new(Accept::Fin),
        Connection::new(Accept::Rst),
        Connection::new(Accept::Answer(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec())),
    ]);
    let server = Server::start(script).await;
    match connect(server.address()).await {
        Err(Error::Http(response)) => {
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()["retry-after"], "7");
            assert_eq!(response.body().as_deref(), Some(&b"later"[..]));
        }
        other => panic!("{other:?}"),
    }
    for _ in 1..4 {
        assert!(connect(server.address()).await.is_err());
    }
    let transcript = server.finished().await.unwrap();
    assert_eq!(transcript.connections.len(), 4);
    assert!(transcript.connections[0].request.as_ref().unwrap().line.starts_with("GET /ws"));
}

#[tokio::test]
async fn a_silent_connection_stays_open_and_a_gate_holds() {
    let silent = Connection::upgraded().step(Step::Flow(Flow::Silence));
    let gated = Connection::upgraded().step(Step::Gate("go".into())).text("gone");
    let server = Server::start(Script::new([silent, gated]).repeating()).await;
    let mut silent = connect(server.address()).await.unwrap();
    let mut gated = connect(server.address()).await.unwrap();
    let mut extra = connect(server.address()).await.unwrap();
    send(&mut silent, json!({ "type": "a" })).await;
    assert_eq!(server.accepted(), 3);
    server.open_gate("go");
    assert_eq!(text(&mut gated).await, "gone");
    assert_eq!(text(&mut extra).await, "gone", "the last connection repeats");
    let transcript = server.finished().await.unwrap();
    assert_eq!(transcript.connections[0].frames, [], "nothing is read");
    drop(server);
    assert!(silent.next().await.unwrap().is_err(), "dropping the server ends it");
}

#[tokio::test]
async fn dribbled_fragments_and_slow_reading_still_carry_messages() {
    let mut frames = Frame::fragments("zähl", 2);
    frames.insert(1, Frame::new(Opcode::Ping, "p"));
    let connection = Connection::upgraded()
        .step(Step::Flow(Flow::Dribble))
        .step(Step::Flow(Flow::ReadSlowly))
        .frames(frames)
        .expect(Matcher::Pong)
        .expect(json!({ "type": "a" }))
        .step(Step::Huge(200));
    let server = Server::start(Script::new([connection])).await;
    let mut client = connect(server.address()).await.unwrap();
    assert_eq!(text(&mut client).await, "zähl");
    send(&mut client, json!({ "type": "a" })).await;
    let huge = text(&mut client).await;
    assert_eq!(huge.len(), 200);
    assert_eq!(serde_json::from_str::<Value>(&huge).unwrap()["type"], "log");
    server.finished().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_delay_holds_what_follows_and_reads_nothing_meanwhile() {
    let hour = Duration::from_secs(3600);
    let connection = Connection::upgraded().text("before").step(Step::Delay(hour)).text("after").expect(json!({}));
    let server = Server::start(Script::new([connection])).await;
    // Where what was sent is slow to arrive, the clock may be turned on before it has.
    let began = Instant::now();
    let mut client = connect(server.address()).await.unwrap();
    assert_eq!(text(&mut client).await, "before");
    send(&mut client, json!({})).await;
    assert_eq!(text(&mut client).await, "after", "what came meanwhile was not unexpected");
    assert!(began.elapsed() >= hour, "by the clock of this test, which is turned on: {:?}", began.elapsed());
    server.until(|transcript| transcript.messages() == [json!({})]).await.unwrap();
}

#[tokio::test]
async fn fragments_are_filled_and_what_is_told_is_what_is_sent() {
    let (tell, mut told) = unbounded_channel();
    let size = std::num::NonZeroUsize::new(4).unwrap();
    let connection = Connection::upgraded()
        .expect_as("first", json!({ "taskId": "x" }))
        .send(json!({ "for": "$first/taskId" }))
        .step(Step::Fragments { json: json!({ "of": "$first/taskId" }), size, ping: true })
        .expect(json!({ "again": "$first/taskId" }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::telling(listener, Script::new([connection]), Tell::new(move |told| tell.send(told).unwrap()));
    let mut client = connect(server.address()).await.unwrap();
    send(&mut client, json!({ "taskId": "x" })).await;
    assert_eq!(text(&mut client).await, r#"{"for":"x"}"#);
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Ping("between".into()));
    assert_eq!(text(&mut client).await, r#"{"of":"x"}"#);
    let mut steps = Vec::new();
    while steps.len() < 4 {
        let told = told.recv().await.unwrap();
        if told.kind == "step" {
            steps.push(told.text);
        }
    }
    assert_eq!(
        steps[1..],
        [r#"sends {"for":"x"}"#, r#"sends in frames of 4 bytes: {"of":"x"}"#, r#"waits for {"again":"x"}"#]
    );
}

#[tokio::test]
async fn a_silent_connection_that_is_told_about_goes_when_its_client_has() {
    let script = Script::new([Connection::upgraded().step(Step::Flow(Flow::Silence))]).starting_over();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::telling(listener, script, Tell::new(|_| ()));
    // One after the other, and one more than may be open at once.
    for _ in 0..=MAX_CONNECTIONS {
        let connected = tokio::time::timeout(PATIENCE, connect(server.address())).await;
        send(&mut connected.expect("those before are gone").unwrap(), json!({ "type": "a" })).await;
    }
}

#[tokio::test]
async fn the_baseline_server_passes_on_to_those_who_subscribed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Baseline::start(listener);
    let subscribe = |action: &str| json!({ "type": "status", "taskId": "t", "data": { "action": action } });
    let mut follower = connect(address).await.unwrap();
    let mut worker = connect(address).await.unwrap();
    send(&mut follower, subscribe("subscribe")).await;
    follower.send(Message::Ping("p".into())).await.unwrap();
    assert_eq!(follower.next().await.unwrap().unwrap(), Message::Pong("p".into()), "it has read the subscribe");
    send(&mut worker, json!({ "type": "log", "taskId": "other" })).await;
    send(&mut worker, json!({ "type": "log", "taskId": "t" })).await;
    assert_eq!(text(&mut follower).await, r#"{"taskId":"t","type":"log"}"#);
    drop(server);
    assert!(follower.next().await.unwrap().is_err(), "killed");
    let again = TcpListener::bind(address).await;
    assert!(again.is_ok(), "the port is free again: {again:?}");
}
