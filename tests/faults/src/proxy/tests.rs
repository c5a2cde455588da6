use std::io;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::*;
use crate::{Accept, Connection, Frame, Opcode, Received, Script, Server};

type Client = WebSocketStream<TcpStream>;

/// A scripted server with a proxy before it.
struct Rig {
    server: Server,
    proxy: Proxy,
    told: UnboundedReceiver<Told>,
}

impl Rig {
    async fn start(script: Script, chaos: Chaos) -> Self {
        let server = Server::start(script).await;
        let (proxy, told) = before(&server.url(), chaos).await;
        Self { server, proxy, told }
    }

    async fn connect(&self) -> Result<Client, Error> {
        let stream = TcpStream::connect(self.proxy.address).await.unwrap();
        Ok(client_async(self.proxy.url(), stream).await?.0)
    }

    /// The socket of a client that is connected and has asked the server to begin.
    async fn begun(&self) -> TcpStream {
        let mut client = self.connect().await.unwrap();
        client.send(go()).await.unwrap();
        client.into_inner()
    }

    async fn until(&mut self, kind: &str) -> Told {
        loop {
            let told = self.told.recv().await.unwrap();
            if told.kind == kind {
                return told;
            }
        }
    }

    /// Whether the server has seen this end.
    async fn server_sees(&self, end: Received) {
        let seen = self.server.until(|transcript| transcript.connections[0].frames.last() == Some(&end)).await;
        seen.unwrap();
    }
}

async fn before(url: &str, chaos: Chaos) -> (Proxy, UnboundedReceiver<Told>) {
    let (tell, told) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // Once the test is over nobody listens.
    let tell = Tell::new(move |told| drop(tell.send(told)));
    (Proxy::start(listener, Upstream::parse(url).unwrap(), chaos, tell), told)
}

/// Strikes the first message; for what strikes before the upgrade, with a seed by which the first connection is struck.
fn only(kind: FaultKind) -> Chaos {
    let with = |seed| Chaos { seed, kinds: vec![kind], every: 1, max_faults: Some(1) };
    (1..).map(with).find(|chaos| chaos.plan(1).next().is_some()).unwrap()
}

fn drawn(chaos: &Chaos) -> Fault {
    chaos.plan(1).next().unwrap().fault
}

fn none() -> Chaos {
    Chaos { seed: 1, kinds: vec![], every: 1, max_faults: None }
}

/// Says two things once it is asked to.
fn speaker() -> Script {
    Script::new([Connection::upgraded().lenient().expect(json!({ "go": true })).text("one").text("two")])
}

fn go() -> Message {
    Message::text(json!({ "go": true }).to_string())
}

async fn rest(mut stream: TcpStream) -> (Vec<u8>, io::Result<usize>) {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    (bytes, end)
}

async fn text(client: &mut Client) -> String {
    client.next().await.unwrap().unwrap().into_text().unwrap().to_string()
}

#[test]
fn a_server_is_named_by_a_url() {
    let parsed = Upstream::parse("ws://hub.example/ws").unwrap();
    assert_eq!((parsed.address.as_str(), parsed.path.as_str()), ("hub.example:80", "/ws"));
    assert_eq!(parsed.to_string(), "ws://hub.example/ws");
    assert_eq!(Upstream::parse("ws://[::1]:8080").unwrap().address, "[::1]:8080");
    assert_eq!(Upstream::parse("ws://[::1]").unwrap().address, "[::1]:80");
    for wrong in [
        "wss://x/",
        "http://x/",
        "ws:///ws",
        "ws://:80/",
        "ws://a b/",
        "ws://u@x/",
        "ws://x/a b",
        "ws://x:y/",
        "ws://x:70000",
    ] {
        assert!(Upstream::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_request_is_made_to_fit_the_server() {
    let upstream = Upstream::parse("ws://hub.example:81/ws").unwrap();
    let request = b"GET /any?token=x HTTP/1.1\r\nhost: 127.0.0.1:5\r\nSec-WebSocket-Extensions: x\r\nOrigin: o\r\n\r\n";
    let expected = b"GET /any?token=x HTTP/1.1\r\nHost: hub.example:81\r\nOrigin: o\r\n\r\n";
    assert_eq!(forwarded(request, &upstream), expected);
}

#[tokio::test]
async fn what_is_not_struck_passes_as_it_is() {
    let mut fragments = Frame::fragments("in parts", 3);
    fragments.insert(1, Frame::new(Opcode::Ping, "p"));
    let connection = Connection::upgraded()
        .expect(json!({ "go": true }))
        .frames(fragments)
        .frames([Frame::new(Opcode::Binary, vec![7; 300_000])])
        .close(Some(4000), "bye");
    let rig = Rig::start(Script::new([connection]), none()).await;
    let mut client = rig.connect().await.unwrap();
    client.send(go()).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Ping("p".into()));
    assert_eq!(text(&mut client).await, "in parts");
    assert_eq!(client.next().await.unwrap().unwrap().into_data(), vec![7; 300_000]);
    assert!(matches!(client.next().await, Some(Ok(Message::Close(Some(frame)))) if frame.reason == "bye"));
    drop(client);
    rig.server.finished().await.unwrap();
    assert!(rig.proxy.url().ends_with("/ws"));
    let transcript = rig.server.transcript();
    let request = transcript.connections[0].request.as_ref().unwrap();
    assert_eq!(request.header("host"), Some(rig.server.address().to_string().as_str()));
}

#[tokio::test]
async fn how_a_side_ends_it_the_other_sees() {
    let fin = Connection::upgraded().expect(json!({ "go": true })).text("one").fin();
    let rig = Rig::start(Script::new([fin]), none()).await;
    let (bytes, end) = rest(rig.begun().await).await;
    assert_eq!((bytes, end.ok()), (Frame::text("one").encode(), Some(5)));

    let rst = Connection::upgraded().expect(json!({ "go": true })).rst();
    let rig = Rig::start(Script::new([rst]), none()).await;
    assert_eq!(rest(rig.begun().await).await.1.unwrap_err().kind(), io::ErrorKind::ConnectionReset);

    let rig = Rig::start(speaker(), none()).await;
    let mut stream = rig.begun().await;
    stream.shutdown().await.unwrap();
    rig.server_sees(Received::End).await;

    let mut rig = Rig::start(speaker(), none()).await;
    let stream = rig.begun().await;
    // A reset may overtake what is not read yet.
    rig.server.until(|transcript| transcript.messages().len() == 1).await.unwrap();
    reset(&stream);
    drop(stream);
    rig.until("end").await;
    rig.server_sees(Received::Reset).await;
}

#[tokio::test]
async fn what_the_server_refuses_is_refused_and_what_is_not_there_is_a_502() {
    let refused = Connection::refused(404, &[("X-Why", "no")], "not here");
    let rig = Rig::start(Script::new([refused]), only(FaultKind::Fin)).await;
    let Err(Error::Http(response)) = rig.connect().await else { panic!("it was refused") };
    assert_eq!((response.status().as_u16(), &response.headers()["x-why"]), (404, &"no".parse().unwrap()));
    assert_eq!(response.body().as_deref(), Some(&b"not here"[..]));

    // A port that was free a moment ago.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (proxy, mut told) = before(&format!("ws://{gone}/ws"), none()).await;
    let stream = TcpStream::connect(proxy.address).await.unwrap();
    let Err(Error::Http(response)) = client_async(proxy.url(), stream).await else { panic!("nobody is there") };
    assert_eq!(response.status(), 502);
    assert_eq!(told.recv().await.unwrap().kind, "connection");
    assert!(told.recv().await.unwrap().text.contains("does not answer"));

    let fin = Connection::new(Accept::Fin).lenient();
    let rig = Rig::start(Script::new([fin]), none()).await;
    assert!(matches!(rig.connect().await, Err(Error::Http(response)) if response.status() == 502));
}

#[tokio::test]
async fn a_frame_beyond_all_bounds_is_a_problem_and_a_reset() {
    let huge = Frame::text("x").declaring(u64::MAX);
    let connection = Connection::upgraded().lenient().expect(json!({ "go": true })).frames([huge]);
    let mut rig = Rig::start(Script::new([connection]), only(FaultKind::Fin)).await;
    let (bytes, end) = rest(rig.begun().await).await;
    assert_eq!((bytes, end.unwrap_err().kind()), (vec![], io::ErrorKind::ConnectionReset));
    assert!(rig.until("problem").await.text.contains("is not passed on"));
}

#[tokio::test]
async fn refuse() {
    let mut rig = Rig::start(speaker(), only(FaultKind::Refuse)).await;
    let Err(Error::Http(response)) = rig.connect().await else { panic!("it is refused") };
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    let told = rig.until("fault").await;
    assert_eq!((told.connection, told.fault), (1, Some("refuse")));
    rig.until("end").await;
    assert_eq!(rig.server.accepted(), 0);
    assert!(rig.connect().await.is_ok(), "one fault was allowed");
}

#[tokio::test]
async fn hangup() {
    for rst in [false, true] {
        let of = |seed| Chaos { seed, ..only(FaultKind::Hangup) };
        let chaos = (1..).map(of).find(|chaos| chaos.plan(1).any(|one| one.fault == Fault::Hangup { rst })).unwrap();
        let mut rig = Rig::start(speaker(), chaos).await;
        let stream = TcpStream::connect(rig.proxy.address).await.unwrap();
        let (bytes, end) = rest(stream).await;
        assert_eq!((bytes.len(), end.is_err()), (0, rst));
        rig.until("end").await;
        assert_eq!(rig.server.accepted(), 0);
    }
}

#[tokio::test]
async fn hang() {
    let mut rig = Rig::start(speaker(), only(FaultKind::Hang)).await;
    let mut stream = TcpStream::connect(rig.proxy.address).await.unwrap();
    stream.write_all(b"GET /ws HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(rig.until("fault").await.fault, Some("hang"));
    stream.shutdown().await.unwrap();
    rig.until("end").await;
    assert_eq!((rest(stream).await.0.len(), rig.server.accepted()), (0, 0), "no answer, and nobody was asked");
}

#[tokio::test]
async fn fin() {
    let rig = Rig::start(speaker(), only(FaultKind::Fin)).await;
    let (bytes, end) = rest(rig.begun().await).await;
    assert_eq!((bytes, end.ok()), (vec![], Some(0)), "neither message came");
    rig.server_sees(Received::End).await;
}

#[tokio::test]
async fn rst() {
    let rig = Rig::start(speaker(), only(FaultKind::Rst)).await;
    let (bytes, end) = rest(rig.begun().await).await;
    assert_eq!((bytes, end.unwrap_err().kind()), (vec![], io::ErrorKind::ConnectionReset));
    rig.server_sees(Received::Reset).await;
}

#[tokio::test]
async fn silence() {
    let mut rig = Rig::start(speaker(), only(FaultKind::Silence)).await;
    let mut stream = rig.begun().await;
    assert_eq!(rig.until("fault").await.text, "message 1: silent from here on, and left open");
    stream.write_all(&Frame::text("up").masked([1, 2, 3, 4]).encode()).await.unwrap();
    stream.shutdown().await.unwrap();
    rig.until("end").await;
    assert!(rest(stream).await.0.is_empty(), "nothing came down");
    let ended = |frames: &[Received]| matches!(frames.last(), Some(Received::End | Received::Reset));
    rig.server.until(|transcript| ended(&transcript.connections[0].frames)).await.unwrap();
    assert_eq!(rig.server.transcript().connections[0].frames.len(), 2, "nothing went up but what came before");
}

#[tokio::test]
async fn close() {
    for code in [Some(1001), Some(1011), Some(1012), None] {
        let of = |seed| Chaos { seed, ..only(FaultKind::Close) };
        let chaos = (1..).map(of).find(|chaos| drawn(chaos) == Fault::Close { code }).unwrap();
        let rig = Rig::start(speaker(), chaos).await;
        let (bytes, end) = rest(rig.begun().await).await;
        assert_eq!(bytes, Frame::close(code, "").encode());
        assert!(end.is_ok());
        rig.server_sees(Received::End).await;
    }
}

#[tokio::test]
async fn truncate() {
    let rig = Rig::start(speaker(), only(FaultKind::Truncate)).await;
    let (bytes, end) = rest(rig.begun().await).await;
    assert_eq!(bytes, Frame::text("one").encode()[..2]);
    assert!(end.is_ok());
}

#[tokio::test]
async fn garbage() {
    let chaos = only(FaultKind::Garbage);
    let Fault::Garbage { bytes } = drawn(&chaos) else { panic!("no other was asked for") };
    let mut rig = Rig::start(speaker(), chaos.clone()).await;
    let mut stream = rig.begun().await;
    let mut seen = [0; 8];
    stream.read_exact(&mut seen).await.unwrap();
    assert_eq!(seen, bytes);
    rig.server_sees(Received::End).await;
    drop(stream);
    rig.until("end").await;

    let rig = Rig::start(speaker(), chaos).await;
    let mut client = rig.connect().await.unwrap();
    client.send(go()).await.unwrap();
    assert!(matches!(client.next().await, Some(Err(Error::Protocol(_)))), "no client can read it");
}

#[tokio::test]
async fn duplicate() {
    let rig = Rig::start(speaker(), only(FaultKind::Duplicate)).await;
    let mut client = rig.connect().await.unwrap();
    client.send(go()).await.unwrap();
    let seen = [text(&mut client).await, text(&mut client).await, text(&mut client).await];
    assert_eq!(seen, ["one", "one", "two"]);
}

/// A server that tells, and when: in tests whose clock is turned on whenever nothing else happens.
async fn timed(chaos: Chaos) -> (Rig, UnboundedReceiver<(String, Instant)>) {
    let (tell, times) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let script = speaker();
    let tell = Tell::new(move |told| drop(tell.send((told.text, Instant::now()))));
    let server = Server::telling(listener, script, tell);
    let (proxy, told) = before(&server.url(), chaos).await;
    (Rig { server, proxy, told }, times)
}

#[tokio::test(start_paused = true)]
async fn delay() {
    let chaos = Chaos { max_faults: None, ..only(FaultKind::Delay) };
    let ms = |strike: Strike| if let Fault::Delay { ms } = strike.fault { ms } else { panic!("{strike}") };
    let both: u64 = chaos.plan(1).take(2).map(ms).sum();
    let (rig, _times) = timed(chaos).await;
    let mut client = rig.connect().await.unwrap();
    let began = Instant::now();
    client.send(go()).await.unwrap();
    assert_eq!((text(&mut client).await.as_str(), text(&mut client).await.as_str()), ("one", "two"));
    assert!(began.elapsed() >= Duration::from_millis(both), "{:?} of {both} ms", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn stall() {
    let chaos = only(FaultKind::Stall);
    let Fault::Stall { ms } = drawn(&chaos) else { panic!("no other was asked for") };
    let (mut rig, mut times) = timed(chaos).await;
    let mut client = rig.connect().await.unwrap();
    let began = Instant::now();
    client.send(go()).await.unwrap();
    rig.until("fault").await;
    client.send(Message::text("up")).await.unwrap();
    assert_eq!(text(&mut client).await, "one");
    assert!(began.elapsed() >= Duration::from_millis(ms), "down: {:?} of {ms} ms", began.elapsed());
    let received = until(&mut times, "up").await - began;
    assert!(received >= Duration::from_millis(ms), "up: {received:?} of {ms} ms");
}

#[tokio::test(start_paused = true)]
async fn slow() {
    let chaos = only(FaultKind::Slow);
    let Fault::Slow { bytes } = drawn(&chaos) else { panic!("no other was asked for") };
    let (mut rig, mut times) = timed(chaos).await;
    let mut client = rig.connect().await.unwrap();
    client.send(go()).await.unwrap();
    rig.until("fault").await;
    assert_eq!(text(&mut client).await, "one", "the other way it is as fast as ever");
    let began = Instant::now();
    let long = "x".repeat(10_000);
    client.send(Message::text(long.clone())).await.unwrap();
    let received = until(&mut times, "xxx").await - began;
    // 16 bytes each 5 ms; what is beyond them goes at once.
    let (least, most) = (Duration::from_millis(bytes / 16 * 5), Duration::from_millis(10_000 / 16 * 5));
    assert!(received >= least && received < most, "{received:?} for {bytes} bytes");
}

async fn until(times: &mut UnboundedReceiver<(String, Instant)>, part: &str) -> Instant {
    loop {
        let (text, when) = times.recv().await.unwrap();
        if text.starts_with(part) {
            return when;
        }
    }
}

#[tokio::test]
async fn what_is_done_is_what_the_seed_has_planned() {
    const CONNECTIONS: usize = 30;
    const MESSAGES: u64 = 10;
    let kinds = [FaultKind::Refuse, FaultKind::Hangup, FaultKind::Fin, FaultKind::Rst, FaultKind::Truncate];
    let kinds = [&kinds[..], &[FaultKind::Close, FaultKind::Duplicate]].concat();
    let chaos = Chaos { seed: 11, kinds, every: 5, max_faults: None };
    let mut planned = Vec::new();
    for connection in 1..=CONNECTIONS {
        let within = chaos.plan(connection).take_while(|strike| strike.message <= MESSAGES);
        planned.extend(within.map(|strike| (connection, strike.to_string())));
    }
    for _ in 0..2 {
        let mut connection = Connection::upgraded().lenient().expect(json!({ "go": true }));
        for n in 0..MESSAGES {
            connection = connection.send(Value::from(n));
        }
        let script = Script::new([connection.fin()]).repeating().lenient();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::telling(listener, script, Tell::new(|_| ()));
        let (proxy, mut told) = before(&server.url(), chaos.clone()).await;
        let mut done = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(proxy.address).await.unwrap();
            if let Ok((mut client, _)) = client_async(proxy.url(), stream).await {
                client.send(go()).await.unwrap();
                while let Some(Ok(_)) = client.next().await {}
            }
            loop {
                let told = told.recv().await.unwrap();
                match told.kind {
                    "fault" => done.push((told.connection, told.text)),
                    "end" => break,
                    _ => {}
                }
            }
        }
        assert_eq!(done, planned);
    }
}
