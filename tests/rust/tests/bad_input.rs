//! Whatever a server sends, or does not send: an error event and the link lives on, or the link ends and is restored.
//! Nothing panics, nothing spins, nothing grows.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use steadywire::{Client, Config, Conflate, ErrorKind, Limit};
use steadywire_faults::{Accept, Connection, Flow, Frame, Matcher, Opcode, Script, Server, Step, Transcript};
use steadywire_tests::e2e::{Events, patiently};

fn subscribe() -> Value {
    json!({ "type": "status", "taskId": "t", "data": { "action": "subscribe" } })
}

fn complete() -> Value {
    json!({ "type": "complete", "taskId": "t", "timestamp": 9, "data": {} })
}

fn good() -> Connection {
    Connection::upgraded().expect(subscribe()).send(complete())
}

fn config(url: String) -> Config {
    Config::new(url).reconnect_interval(5).max_reconnect_backoff(20).seed(1).conflate(Conflate::Never)
}

/// Follows the task `t` on these connections until it is complete.
async fn follow(script: Script, change: impl FnOnce(Config) -> Config) -> (Events, Transcript, Client) {
    let server = Server::start(script).await;
    let client = Client::new(change(config(server.url()))).unwrap();
    let events = Events::of(&client);
    drop(client.connect(Some("t")));
    let done = json!({ "event": "complete", "taskId": "t" });
    tokio::select! {
        found = events.next(&done) => assert!(found.is_ok(), "{}\n{}", found.unwrap_err(), server.transcript()),
        problem = server.failed() => panic!("{problem}\n{:?}", events.all()),
    }
    patiently(client.disconnect()).await.unwrap().unwrap();
    let transcript = server.finished().await.unwrap();
    assert_eq!(events.matching(&done).len(), 1, "one outcome");
    (events, transcript, client)
}

#[tokio::test]
async fn what_is_not_of_the_protocol_is_an_error_event_and_the_link_lives() {
    let wrong: Vec<String> = vec![
        String::new(),
        "no JSON".into(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        "{\"type\":\"log\"".into(),
        "{\"type\":1,\"taskId\":\"t\"}".into(),
        "{\"type\":\"log\",\"taskId\":7}".into(),
        "{\"type\":\"progress\",\"taskId\":\"t\",\"data\":{\"progress\":\"half\"}}".into(),
        "{\"type\":\"progress\",\"taskId\":\"t\",\"data\":{\"progress\":null}}".into(),
        "{\"type\":\"progress\",\"taskId\":\"t\",\"data\":{\"progress\":1e999}}".into(),
        "{\"type\":\"progress\",\"taskId\":\"t\",\"data\":{}}{}".into(),
        "\u{0}".into(),
        "[".repeat(200_000),
        format!("{{\"type\":{:?}", "ü".repeat(100_000)),
    ];
    let mut connection = Connection::upgraded().expect(subscribe());
    for text in &wrong {
        connection = connection.text(text);
    }
    let binary = [Frame::new(Opcode::Binary, [0, 255]), Frame::new(Opcode::Binary, [])];
    let connection = connection.frames(binary).send(complete());
    let (events, transcript, _) = follow(Script::new([connection]), |config| config).await;

    let rejected = events.matching(&json!({ "event": "error" }));
    assert_eq!(rejected.len(), wrong.len() + 2, "{rejected:#?}");
    for event in &rejected {
        assert_eq!(
            (&event["source"], &event["code"], &event["fatal"]),
            (&json!("protocol"), &json!("invalid_message"), &json!(false))
        );
        assert!(event["message"].as_str().unwrap().len() < 1000, "only its beginning is shown");
    }
    assert_eq!(transcript.connections.len(), 1, "the link lives on");
}

#[tokio::test]
async fn what_is_strange_but_allowed_is_taken() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let connection = Connection::upgraded()
        .expect(subscribe())
        .text(&format!("{{\"type\":\"log\",\"taskId\":\"t\",\"data\":{deep}}}"))
        .text(&format!("{{\"type\":\"status\",\"taskId\":\"t\",\"data\":{deep}}}"))
        .send(json!({ "type": "metric", "taskId": "t", "data": [1] }))
        .send(json!({ "type": "", "taskId": "t" }))
        .send(json!({ "type": "log", "taskId": "t", "timestamp": "noon", "seq": -1, "more": {}, "data": { "message": 5 } }))
        .send(json!({ "type": "progress", "taskId": "t", "data": { "progress": 1e300 } }))
        .text(r#"{"type":"log","taskId":"t","timestamp":1,"data":{"message":"\ud800"}}"#)
        .text("{\"taskId\":\"x\",\"type\":\"progress\",\"type\":\"metric\",\"taskId\":\"t\"}")
        .send(complete());
    let (events, transcript, _) = follow(Script::new([connection]), |config| config).await;
    assert_eq!(events.matching(&json!({ "event": "message", "type": "metric", "taskId": "t" })).len(), 2);
    assert_eq!(events.matching(&json!({ "event": "log", "taskId": "t", "message": "" })).len(), 2);
    assert_eq!(events.matching(&json!({ "event": "log", "message": "\u{FFFD}" })).len(), 1);
    assert_eq!(events.matching(&json!({ "event": "status", "taskId": "t", "data": deep })).len(), 1, "as text");
    assert_eq!(events.matching(&json!({ "event": "progress", "progress": 100 })).len(), 1, "clamped");
    assert_eq!(transcript.connections.len(), 1);
}

#[tokio::test]
async fn fragments_with_control_frames_between_are_one_message() {
    let text = json!({ "type": "log", "taskId": "t", "timestamp": 1, "data": { "message": "zähl €" } }).to_string();
    let mut frames = Vec::new();
    for frame in Frame::fragments(&text, 1) {
        frames.extend([frame, Frame::new(Opcode::Ping, "between"), Frame::new(Opcode::Pong, "not asked for")]);
    }
    let connection = Connection::upgraded()
        .expect(subscribe())
        .step(Step::Flow(Flow::Dribble))
        .frames(frames)
        .expect(Matcher::Pong)
        .send(complete());
    let (events, transcript, _) = follow(Script::new([connection]), |config| config).await;
    assert_eq!(events.matching(&json!({ "event": "log", "message": "zähl €" })).len(), 1);
    assert_eq!(transcript.connections.len(), 1);
}

#[tokio::test]
async fn what_breaks_the_framing_ends_the_link_and_it_is_restored() {
    let text = || Frame::text("{\"type\":\"log\"}");
    let broken: Vec<(&str, Vec<Frame>)> = vec![
        ("invalid UTF-8", vec![Frame::text([0xC3, 0x28])]),
        ("half a character", vec![Frame::text([0xE2, 0x82])]),
        ("masked", vec![text().masked([1, 2, 3, 4])]),
        ("reserved bit 1", vec![text().reserved(4)]),
        ("reserved bit 3", vec![text().reserved(1)]),
        ("reserved opcode", vec![Frame::new(Opcode::Reserved, "x")]),
        ("a fragmented ping", vec![Frame::new(Opcode::Ping, "x").unfinished()]),
        ("a long ping", vec![Frame::new(Opcode::Ping, [0; 126])]),
        ("a continuation of nothing", vec![Frame::new(Opcode::Continuation, "x")]),
        ("a message inside a message", vec![text().unfinished(), text()]),
        ("a close frame of one byte", vec![Frame::new(Opcode::Close, [3])]),
        ("a length beyond all bounds", vec![text().declaring(1 << 62)]),
        ("a length with the sign bit", vec![text().declaring(u64::MAX)]),
    ];
    for (what, frames) in broken {
        let bad = Connection::upgraded().lenient().expect(subscribe()).frames(frames).expect(Matcher::End);
        let (events, transcript, _) = follow(Script::new([bad, good()]), |config| config).await;
        let errors = events.matching(&json!({ "event": "error" }));
        assert_eq!(errors.len(), 1, "{what}: {errors:?}");
        let code = errors[0]["code"].as_str().unwrap();
        let wanted = if what.starts_with("a length") { "message_too_large" } else { "protocol_violation" };
        assert_eq!(
            (code, &errors[0]["source"], &errors[0]["fatal"]),
            (wanted, &json!("transport"), &json!(false)),
            "{what}"
        );
        assert_eq!(events.matching(&json!({ "event": "disconnected" })).len(), 2, "{what}: its own, and the last");
        assert_eq!(transcript.connections.len(), 2, "{what}");
        let told = transcript.connections[0].frames.iter().any(|frame| Matcher::Close(None).matches(frame));
        assert!(told, "{what}: the server is told why");
    }
}

#[tokio::test]
async fn an_end_in_the_middle_of_a_frame_is_an_end() {
    let long =
        Frame::text(json!({ "type": "log", "taskId": "t", "data": { "message": "x".repeat(1000) } }).to_string());
    for cut in [1, 3, 500] {
        let bad = Connection::upgraded().expect(subscribe()).frames([long.clone().truncated(cut)]);
        for bad in [bad.clone().fin(), bad.step(Step::Flow(Flow::Dribble)).fin()] {
            let (events, transcript, _) = follow(Script::new([bad, good()]), |config| config).await;
            assert_eq!(events.matching(&json!({ "event": "log" })), [] as [Value; 0], "half a message is none");
            assert_eq!(transcript.connections.len(), 2);
        }
    }
}

#[tokio::test]
async fn close_frames_of_every_code_end_the_link_without_harm() {
    for code in [0, 999, 1004, 1005, 1006, 1012, 1016, 2999, 5000, 65535] {
        let bad = Connection::upgraded().lenient().expect(subscribe()).close(Some(code), "x").fin();
        let (_, transcript, _) = follow(Script::new([bad, good()]), |config| config).await;
        assert_eq!(transcript.connections.len(), 2, "{code}");
    }
    let bad = Connection::upgraded().lenient().expect(subscribe());
    let bad = bad.frames([Frame::new(Opcode::Close, [3, 232, 0xC3, 0x28])]).fin();
    let (_, transcript, _) = follow(Script::new([bad, good()]), |config| config).await;
    assert_eq!(transcript.connections.len(), 2, "a reason that is not UTF-8");
}

#[tokio::test]
async fn a_message_of_20_megabytes_is_refused_or_taken_as_configured() {
    let huge = || Connection::upgraded().lenient().expect(subscribe()).step(Step::Huge(20_000_000));
    let refused = huge().expect(Matcher::End);
    let (events, transcript, _) = follow(Script::new([refused, good()]), |config| config).await;
    let errors = events.matching(&json!({ "event": "error" }));
    assert_eq!(errors.len(), 1);
    assert_eq!((&errors[0]["code"], &errors[0]["source"]), (&json!("message_too_large"), &json!("transport")));
    assert!(errors[0]["message"].as_str().unwrap().contains("maxMessageSize"), "{}", errors[0]["message"]);
    assert_eq!(transcript.connections.len(), 2);

    // P-LIM-1: 16 MiB by default, and a larger one is told with 1009.
    let most = 16 << 20;
    let too_long = Frame::text("x").declaring(most + 1);
    let told = Connection::upgraded().expect(subscribe()).frames([too_long]).expect(Matcher::Close(Some(1009)));
    let largest = Connection::upgraded().lenient().expect(subscribe()).step(Step::Huge(most)).send(complete());
    let (events, ..) = follow(Script::new([told, largest]), |config| config).await;
    assert_eq!(events.matching(&json!({ "event": "error", "code": "message_too_large" })).len(), 1);
    assert_eq!(events.matching(&json!({ "event": "log" })).len(), 1);

    let taken = Script::new([huge().send(complete())]);
    let (events, transcript, client) = follow(taken, |config| config.max_message_size(32 << 20)).await;
    let logs = events.matching(&json!({ "event": "log" }));
    assert!(logs.len() == 1 && logs[0]["message"].as_str().unwrap().len() > 19_000_000);
    assert_eq!(transcript.connections.len(), 1);
    assert_eq!(client.stats()["inbox"]["pendingBytes"], 0, "{}", client.stats());
}

#[tokio::test]
async fn twenty_thousand_wrong_messages_are_twenty_thousand_errors_and_nothing_stays() {
    const COUNT: usize = 20_000;
    let flood = vec![Frame::text("no JSON"); COUNT];
    let connection = Connection::upgraded().expect(subscribe()).frames(flood).send(complete());
    let (events, transcript, client) = follow(Script::new([connection]), |config| config.max_pending_events(100)).await;
    assert_eq!(events.matching(&json!({ "event": "error", "code": "invalid_message" })).len(), COUNT);
    assert_eq!(transcript.connections.len(), 1);
    let stats = client.stats();
    assert_eq!((&stats["inbox"]["pendingEvents"], &stats["inbox"]["pendingBytes"]), (&json!(0), &json!(0)), "{stats}");
}

#[tokio::test]
async fn a_port_that_accepts_and_closes_is_not_stormed() {
    const TIMES: u32 = 20;
    for accept in [Accept::Fin, Accept::Rst] {
        let server = Server::start(Script::new([Connection::new(accept)]).repeating()).await;
        let config = config(server.url()).reconnect_interval(20).max_connect_attempts(Limit::Unlimited);
        let client = Client::new(config).unwrap();
        let began = Instant::now();
        drop(client.connect(None));
        server.until_accepted(TIMES as usize).await.unwrap();
        patiently(client.disconnect()).await.unwrap().unwrap();
        assert_not_stormed(&client, TIMES, began);
    }
}

/// The shortest delay of a curve that begins at 20 ms is 14; a millisecond may be lost to rounding each time.
fn assert_not_stormed(client: &Client, least: u32, began: Instant) {
    let attempts = u32::try_from(client.stats()["attempts"].as_u64().unwrap()).unwrap();
    assert!(attempts >= least, "{attempts} attempts");
    let shortest = Duration::from_millis(14 - 1) * (attempts - 1);
    assert!(began.elapsed() >= shortest, "{:?} for {attempts} attempts", began.elapsed());
}

#[tokio::test]
async fn a_link_that_opens_and_ends_at_once_is_not_stormed_either() {
    const TIMES: u32 = 20;
    let server = Server::start(Script::new([Connection::upgraded().lenient().fin()]).repeating()).await;
    let client = Client::new(config(server.url()).reconnect_interval(20)).unwrap();
    let began = Instant::now();
    drop(client.connect(Some("t")));
    server.until_accepted(TIMES as usize).await.unwrap();
    patiently(client.disconnect()).await.unwrap().unwrap();
    assert_not_stormed(&client, TIMES, began);
}

#[tokio::test]
async fn an_upgrade_that_is_never_answered_is_given_up() {
    let server = Server::start(Script::new(vec![Connection::new(Accept::Silence); 3])).await;
    let limits = config(server.url()).connect_timeout(1500).max_connect_attempts(Limit::Times(3));
    let client = Client::new(limits).unwrap();
    let error = patiently(client.connect(None)).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AttemptsExhausted);
    assert!(error.to_string().contains("within 1500 ms"), "{error}");
    let transcript = server.finished().await.unwrap();
    for connection in &transcript.connections {
        assert!(Matcher::End.matches(connection.frames.last().unwrap()), "the socket is closed: {connection:?}");
    }
}

#[tokio::test]
async fn answers_that_are_no_upgrade_are_failed_attempts() {
    let switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    let answers: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_vec(),
        b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nTransfer-Encoding: chunked\r\n\r\nzz".to_vec(),
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n".to_vec(),
        b"HTTP/9.9 101 ?\r\n\r\n".to_vec(),
        b"HTTP/1.1 101\r\n\r\n".to_vec(),
        format!("{switching}Sec-WebSocket-Accept: wrong\r\n\r\n").into_bytes(),
        format!("{switching}\r\n").into_bytes(),
        format!("{switching}X: {}", "x".repeat(1 << 20)).into_bytes(),
        format!("HTTP/1.1 502 Bad\r\n\r\n{}", "x".repeat(1 << 20)).into_bytes(),
        vec![0xFF; 1 << 20],
    ];
    for answer in answers {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(60)]).into_owned();
        let script = Script::new([Connection::new(Accept::Answer(answer)), good()]);
        let (events, transcript, client) = follow(script, |config| config).await;
        assert_eq!(transcript.connections.len(), 2, "{shown:?}");
        assert_eq!(events.matching(&json!({ "event": "error" })), [] as [Value; 0], "{shown:?}: a retry tells");
        assert_eq!(client.stats()["connects"], 1, "{shown:?}");
    }
}

#[tokio::test]
async fn a_server_that_no_longer_listens_or_speaks_cannot_hold_up_a_disconnect() {
    let silent = Connection::upgraded().expect(subscribe()).step(Step::Flow(Flow::Silence));
    let server = Server::start(Script::new([silent])).await;
    let client = Client::new(config(server.url())).unwrap();
    patiently(client.connect(Some("t"))).await.unwrap().unwrap();
    server.finished().await.unwrap();
    patiently(client.disconnect()).await.unwrap().unwrap();
    assert_eq!(client.state(), steadywire::State::Disconnected);
}

#[tokio::test]
async fn a_server_that_reads_one_byte_at_a_time_gets_everything() {
    let last = json!({ "type": "status", "taskId": "w", "data": { "last": true } });
    let slow = Connection::upgraded().lenient().step(Step::Flow(Flow::ReadSlowly)).expect(last);
    let server = Server::start(Script::new([slow])).await;
    let client = Client::new(config(server.url())).unwrap();
    patiently(client.connect(None)).await.unwrap().unwrap();
    let text = "x".repeat(400);
    for _ in 0..100 {
        drop(client.send(steadywire::Message::log("w", steadywire::Level::Info, &*text)).unwrap());
    }
    drop(client.send(steadywire::Message::status("w", "{\"last\":true}").unwrap()).unwrap());
    patiently(client.flush()).await.unwrap().unwrap();
    let transcript = server.finished().await.unwrap();
    assert_eq!(transcript.messages().len(), 101);
    patiently(client.disconnect()).await.unwrap().unwrap();
}
