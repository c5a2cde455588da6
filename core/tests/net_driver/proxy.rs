//! Real proxies in the test process: HTTP CONNECT, over TLS too, and SOCKS5, with and without credentials.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use steadywire::{Config, Proxy, Tls};

use super::authority::{Authority, Secured};
use super::support::{Consumer, Server, quick, read_to_end, settled_connect};

/// A proxy on a port of its own, and what it was asked for.
struct Way {
    address: String,
    asked: Receiver<String>,
}

impl Way {
    /// `serve` answers one client: the request is noted, and from then on bytes go to and fro.
    fn new(serve: impl Fn(TcpStream, &Sender<String>) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, asked) = channel();
        thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap(), &sender)));
        Self { address, asked }
    }

    fn http(answer: impl Fn(&str) -> Option<&'static str> + Send + 'static) -> Self {
        Self::new(move |mut stream, asked| {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let refusal = answer(&head);
            asked.send(head).unwrap();
            match refusal {
                Some(refusal) => stream.write_all(refusal.as_bytes()).unwrap(),
                None => {
                    let server = TcpStream::connect(target).unwrap();
                    stream.write_all(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n").unwrap();
                    to_and_fro(&stream, &server);
                }
            }
        })
    }

    /// SOCKS5 for this user and password, or for everybody.
    fn socks(user: Option<(&'static str, &'static str)>) -> Self {
        Self::new(move |mut stream, asked| {
            let mut greeting = [0; 2];
            if stream.read_exact(&mut greeting).is_err() {
                return;
            }
            let methods = bytes(&mut stream, greeting[1].into());
            let method = if user.is_some() { 2 } else { 0 };
            if !methods.contains(&method) {
                stream.write_all(&[5, 0xff]).unwrap();
                return asked.send("no method".into()).unwrap();
            }
            stream.write_all(&[5, method]).unwrap();
            if let Some((name, password)) = user {
                bytes(&mut stream, 1);
                let mut text = || {
                    let length = bytes(&mut stream, 1)[0];
                    bytes(&mut stream, length.into())
                };
                let fits = text() == name.as_bytes() && text() == password.as_bytes();
                stream.write_all(&[1, u8::from(!fits)]).unwrap();
                if !fits {
                    return asked.send("wrong password".into()).unwrap();
                }
            }
            let head = bytes(&mut stream, 5);
            assert_eq!(head[..4], [5, 1, 0, 3], "names are for the proxy to resolve");
            let name = bytes(&mut stream, usize::from(head[4]) + 2);
            let port = u16::from_be_bytes([name[name.len() - 2], name[name.len() - 1]]);
            let name = String::from_utf8_lossy(&name[..name.len() - 2]).into_owned();
            asked.send(format!("{name}:{port}")).unwrap();
            match TcpStream::connect((name.as_str(), port)) {
                Ok(server) => {
                    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
                    to_and_fro(&stream, &server);
                }
                Err(_) => stream.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap(),
            }
        })
    }
}

fn bytes(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

fn to_and_fro(one: &TcpStream, other: &TcpStream) {
    for (from, to) in [(one, other), (other, one)] {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
    }
}

fn through(proxy: String, url: &str) -> Config {
    quick(url).proxy(Proxy::Url(proxy))
}

#[test]
fn connect_makes_a_way_for_ws_and_wss() {
    let (server, authority) = (Server::new(), Authority::new());
    let way = Way::http(|_| None);
    let mut consumer = Consumer::connected(through(format!("http://{}", way.address), &server.url()));
    let _peer = server.accept();
    settled_connect(&mut consumer);
    let head = way.asked.recv().unwrap();
    assert!(head.starts_with(&format!("CONNECT {} HTTP/1.1\r\n", server.authority())), "{head}");
    assert!(!head.contains("Proxy-Authorization"), "{head}");

    let config = through(format!("http://{}", way.address), &server.tls_url()).tls(Tls::new().ca(&authority.pem));
    let mut consumer = Consumer::connected(config);
    let _peer = Secured::new(&authority.issue("localhost")).accept(&server);
    settled_connect(&mut consumer);
}

#[test]
fn a_proxy_gets_its_user_and_the_server_does_not_see_them() {
    let server = Server::new();
    let way = Way::http(|head| {
        let knows = head.contains("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n");
        (!knows).then_some(
            "HTTP/1.1 407 Who are you\r\nContent-Length: 42\r\n\r\nno pass: user:hunter2 (dXNlcjpodW50ZXIy)..",
        )
    });
    let consumer = Consumer::connected(through(format!("http://user:p%40ss@{}", way.address), &server.url()));
    let (request, _) = server.answer(b"HTTP/1.1 500 No\r\n\r\n");
    assert!(!request.contains("Proxy") && !request.contains("dXNlcjpwQHNz"), "{request}");
    drop(consumer);

    let mut consumer = Consumer::connected(through(format!("http://user:hunter2@{}", way.address), &server.url()));
    let (kind, text) = consumer.stopped();
    assert_eq!(kind, "proxy_failed");
    assert!(text.contains(&format!("the proxy {}", way.address)) && text.contains("407: no pass"), "{text}");
    assert!(!text.contains("hunter2") && !text.contains("dXNlcjpodW50ZXIy"), "{text}");
}

#[test]
fn what_a_proxy_refuses_is_the_proxy_s_refusal_and_tried_again() {
    let way = Way::http(|_| Some("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nmine"));
    let mut consumer = Consumer::connected(through(format!("http://{}", way.address), "ws://hub.example/ws"));
    let (_, cause) = consumer.retry();
    assert!(cause.contains("refused the way to hub.example:80 with HTTP status 403: mine"), "{cause}");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut consumer = Consumer::connected(through(format!("http://{nobody}"), "ws://hub.example/ws"));
    let (_, cause) = consumer.retry();
    assert!(cause.contains(&format!("could not connect to the proxy {nobody}")), "{cause}");
}

#[test]
fn a_proxy_may_speak_tls_itself() {
    let (server, authority) = (Server::new(), Authority::new());
    let proxy = Server::new();
    let tls = Tls::new().ca(&authority.pem);
    let config = through(format!("https://localhost:{}", proxy.port()), &server.tls_url()).tls(tls);
    let consumer = Consumer::connected(config);
    let secured = Secured::new(&authority.issue("localhost"));
    let mut stream = secured.over(proxy.connection());
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(format!("CONNECT localhost:{} HTTP/1.1\r\n", server.port()).as_bytes()));
    stream.write_all(b"HTTP/1.1 200 Yes\r\n\r\n").unwrap();
    // The way is there: what comes now is a handshake for the server within that with the proxy.
    let mut first = [0];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(first, [22], "a TLS handshake record");
    drop(consumer);
}

#[test]
fn socks_resolves_names_and_takes_credentials() {
    let server = Server::new();
    let url = format!("ws://localhost:{}/ws", server.port());
    for (user, in_url) in [(None, ""), (Some(("user", "p@ss")), "user:p%40ss@")] {
        let way = Way::socks(user);
        let mut consumer = Consumer::connected(through(format!("socks5://{in_url}{}", way.address), &url));
        let _peer = server.accept();
        settled_connect(&mut consumer);
        assert_eq!(way.asked.recv().unwrap(), format!("localhost:{}", server.port()));
    }
}

#[test]
fn what_a_socks_proxy_refuses_is_told() {
    let url = "ws://localhost:1/ws";
    let way = Way::socks(Some(("user", "right")));
    let mut consumer = Consumer::connected(through(format!("socks5://user:hunter2@{}", way.address), url));
    let (_, cause) = consumer.retry();
    assert!(cause.contains(&format!("the proxy {}", way.address)) && cause.contains("credentials"), "{cause}");
    assert!(!cause.contains("hunter2"), "{cause}");
    let mut consumer = Consumer::connected(through(format!("socks5://{}", way.address), url));
    assert!(consumer.retry().1.contains("did not give a way"));
    let way = Way::socks(None);
    let mut consumer = Consumer::connected(through(format!("socks5h://{}", way.address), url));
    let (_, cause) = consumer.retry();
    assert!(cause.contains("did not give a way to localhost:1"), "{cause}");
}

#[test]
fn a_proxy_that_hangs_is_dropped_by_time_and_by_disconnect() {
    let proxy = Server::new();
    for scheme in ["http", "https", "socks5"] {
        let config = || through(format!("{scheme}://127.0.0.1:{}", proxy.port()), "ws://hub.example/ws");
        let mut consumer = Consumer::connected(config().connect_timeout(30));
        read_to_end(&mut proxy.connection());
        assert!(consumer.retry().1.contains("within 30 ms"));
        drop(consumer);
        let consumer = Consumer::connected(config());
        let mut silent = proxy.connection();
        consumer.disconnect();
        read_to_end(&mut silent);
    }
}
