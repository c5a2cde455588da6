//! A server to be told what to do, and a consumer that waits for what it is after.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use steadywire::event::{Batch, Event, Item, Settlement};
use steadywire::net::Shared;
use steadywire::session::{Draft, DraftKind, Input};
use steadywire::{Config, Limit};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{WebSocket, accept_with_config};

/// Long enough for any machine; only a test that fails waits for it.
pub(crate) const HANG: Duration = Duration::from_secs(30);

pub(crate) type Peer = WebSocket<TcpStream>;

pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/ws", self.listener.local_addr().unwrap())
    }

    /// The same under a name that certificates can have.
    pub(crate) fn tls_url(&self) -> String {
        format!("wss://localhost:{}/ws", self.port())
    }

    pub(crate) fn authority(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    pub(crate) fn config(&self) -> Config {
        quick(&self.url())
    }

    /// The next connection, before its upgrade.
    pub(crate) fn connection(&self) -> TcpStream {
        let stream = self.listener.accept().unwrap().0;
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.set_write_timeout(Some(HANG)).unwrap();
        stream
    }

    /// The next connection, upgraded.
    pub(crate) fn accept(&self) -> Peer {
        accept_with_config(self.connection(), Some(WebSocketConfig::default().write_buffer_size(0))).unwrap()
    }

    /// Reads the request of the next connection and answers it with `answer`.
    pub(crate) fn answer(&self, answer: &[u8]) -> (String, TcpStream) {
        let mut stream = self.connection();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut request = String::new();
        while !request.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut request).unwrap() > 0, "the request broke off");
        }
        stream.write_all(answer).unwrap();
        (request, stream)
    }
}

/// Retries soon and does not give up.
pub(crate) fn quick(url: &str) -> Config {
    Config::new(url).reconnect_interval(10).max_reconnect_backoff(20).max_connect_attempts(Limit::Unlimited)
}

pub(crate) struct Consumer {
    pub(crate) shared: Arc<Shared>,
    bell: Receiver<()>,
    batch: Batch,
    index: usize,
}

impl Consumer {
    pub(crate) fn new(config: Config) -> Self {
        let shared = Shared::start(config).unwrap();
        let (sender, bell) = channel();
        shared.interest().want_all();
        shared.set_bell(Some(Box::new(move || sender.send(()).unwrap_or(()))));
        Self { shared, bell, batch: Batch::new(), index: 0 }
    }

    /// Started, for the task `t`.
    pub(crate) fn connected(config: Config) -> Self {
        let consumer = Self::new(config);
        consumer.connect();
        consumer
    }

    pub(crate) fn connect(&self) {
        self.shared.input(Input::Connect { ticket: 1, task: Some("t") }).unwrap();
    }

    pub(crate) fn disconnect(&self) {
        self.shared.input(Input::Disconnect { ticket: 2 }).unwrap();
    }

    pub(crate) fn send_log(&self, text: &str) {
        let kind = DraftKind::Log { level: steadywire::event::Level::Info, message: text, metadata: None };
        self.shared
            .input(Input::Send { ticket: 9, message: Draft { kind, task: "t", timestamp: None, ack: false } })
            .unwrap();
    }

    /// The first entry from here on of which `look` makes something.
    pub(crate) fn find<T>(&mut self, mut look: impl FnMut(&Item<'_>) -> Option<T>) -> T {
        loop {
            while self.index < self.batch.len() {
                self.index += 1;
                if let Some(found) = look(&self.batch.get(self.index - 1)) {
                    return found;
                }
            }
            self.index = 0;
            self.shared.take(&mut self.batch, 100);
            if self.batch.is_empty() {
                self.bell.recv_timeout(HANG).expect("what is waited for does not come");
            }
        }
    }

    pub(crate) fn event<T>(&mut self, mut look: impl FnMut(&Event<'_>) -> Option<T>) -> T {
        self.find(|item| match item {
            Item::Event(event) => look(event),
            Item::Settled(..) => None,
        })
    }

    pub(crate) fn settled(&mut self, wanted: u64) -> Settlement {
        self.find(|item| match item {
            Item::Settled(ticket, settlement) if *ticket == wanted => Some((*settlement).clone()),
            _ => None,
        })
    }

    pub(crate) fn log(&mut self) -> String {
        self.event(|event| if let Event::Log(log) = event { Some(log.message.to_string()) } else { None })
    }

    /// Close code and reason of the next link that is lost.
    pub(crate) fn lost_link(&mut self) -> (Option<u16>, String) {
        self.event(|event| match event {
            Event::Disconnected(gone) => Some((gone.close_code, gone.reason.clone())),
            _ => None,
        })
    }

    /// Why the next attempt has to be repeated.
    pub(crate) fn retry(&mut self) -> (u64, String) {
        self.event(|event| match event {
            Event::Retry(retry) => Some((retry.next_delay, retry.cause.clone())),
            _ => None,
        })
    }

    /// Why the client stopped.
    pub(crate) fn stopped(&mut self) -> (String, String) {
        self.event(|event| match event {
            Event::Error(error) if error.fatal => Some((error.code.to_string(), error.message.to_string())),
            _ => None,
        })
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.shared.close();
    }
}

pub(crate) fn log_frame(text: &str) -> String {
    format!(
        r#"{{"type":"log","taskId":"t","timestamp":1,"data":{{"taskId":"t","level":"info","message":"{text}","timestamp":1}}}}"#
    )
}

/// Waits until the peer closes the connection.
pub(crate) fn read_to_end(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

/// Waits until the connect of [`Consumer::connect`] has succeeded.
pub(crate) fn settled_connect(consumer: &mut Consumer) {
    assert_eq!(consumer.settled(1), Settlement::Connected(Ok(())));
}
