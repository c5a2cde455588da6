//! A proxy that stands between clients and a server, and strikes by a seed.

mod plan;
mod relay;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::crowd::{Crowd, full};
use crate::peer::{gone, reset};
use crate::told::{Tell, Told};
pub use plan::{Chaos, Fault, FaultKind, Plan, Strike};
use relay::{Side, fin, relay};

/// The longest HTTP head that is passed on; a longer one ends its connection.
const HEAD: usize = 64 * 1024;

/// A running proxy. Dropping it closes every socket.
#[derive(Debug)]
#[must_use = "dropping it stops the proxy"]
pub struct Proxy {
    address: SocketAddr,
    path: String,
    task: JoinHandle<()>,
}

/// The server behind a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// What the server is called in requests.
    authority: String,
    /// With a port.
    address: String,
    path: String,
}

impl Upstream {
    /// Reads `ws://host:port/path`. Without a port it is 80; `wss://` is not spoken.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn parse(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix("ws://").ok_or_else(|| format!("a url begins with ws://, not {url}"))?;
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let odd = |c: char| c.is_whitespace() || c.is_control();
        if authority.is_empty() || authority.starts_with(':') || authority.contains(|c| odd(c) || "@?#".contains(c)) {
            return Err(format!("{url} names no host"));
        }
        if path.contains(|c| odd(c) || c == '#') {
            return Err(format!("{url} has a path that cannot be asked for"));
        }
        let address = match authority.rsplit_once(':') {
            // The colons of an IPv6 address are within brackets.
            Some((_, port)) if !port.ends_with(']') => {
                port.parse::<u16>().map_err(|_| format!("{url} has a port that is none"))?;
                authority.to_owned()
            }
            _ => format!("{authority}:80"),
        };
        Ok(Self { authority: authority.to_owned(), address, path: path.to_owned() })
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ws://{}{}", self.authority, self.path)
    }
}

impl Proxy {
    /// Serves a listener on the tokio runtime this is called in, and tells what happens.
    ///
    /// # Panics
    /// If the listener has no address.
    pub fn start(listener: TcpListener, upstream: Upstream, chaos: Chaos, tell: Tell) -> Self {
        let address = listener.local_addr().expect("a listener has an address");
        let path = upstream.path.clone();
        let left = chaos.max_faults.map(AtomicU64::new);
        let task = tokio::spawn(serve(listener, Arc::new(Shared { upstream, chaos, left, tell })));
        Self { address, path, task }
    }

    /// The url clients connect to: the path is that of the server behind it.
    pub fn url(&self) -> String {
        format!("ws://{}{}", self.address, self.path)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Shared {
    upstream: Upstream,
    chaos: Chaos,
    /// How many faults there may still be, where they are counted.
    left: Option<AtomicU64>,
    tell: Tell,
}

/// One connection, as far as it is told about.
struct Line {
    index: usize,
    shared: Arc<Shared>,
}

impl Line {
    fn say(&self, kind: &'static str, text: String) {
        self.shared.tell.tell(Told::new(kind, self.index, text));
    }

    fn problem(&self, text: String) {
        self.say("problem", text);
    }

    /// Whether this is done, which is told.
    fn strikes(&self, strike: &Strike) -> bool {
        if let Some(left) = &self.shared.left
            && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
        {
            return false;
        }
        self.shared.tell.tell(Told::new("fault", self.index, strike.to_string()).of(strike.fault.kind().name()));
        true
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut crowd = Crowd::default();
    for index in 0.. {
        let line = Line { index, shared: Arc::clone(&shared) };
        let (stream, from) = crowd.next(&listener, || line.say("full", full())).await;
        line.say("connection", format!("from {from}"));
        crowd.add(async move {
            let mut plan = line.shared.chaos.plan(index + 1).peekable();
            match plan.next_if(|strike| strike.message == 0) {
                Some(strike) if line.strikes(&strike) => refuse(stream, strike.fault).await,
                _ => pass_on(stream, plan, &line).await,
            }
            line.say("end", "it is over".to_owned());
        });
    }
}

/// A fault that strikes before anything is passed on.
async fn refuse(mut stream: TcpStream, fault: Fault) {
    match fault {
        Fault::Hangup { rst: true } => reset(&stream),
        Fault::Hangup { rst: false } => fin(&mut stream).await,
        Fault::Refuse => {
            if head(&mut stream).await.is_some() {
                answer(&mut stream, "503 Service Unavailable", "Retry-After: 1\r\n").await;
            }
        }
        // Unread as it is, the request is no less unanswered.
        _ => gone(&stream).await,
    }
}

/// Refuses the upgrade.
async fn answer(stream: &mut TcpStream, status: &str, header: &str) {
    let text = format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n");
    // A client that does not wait for the answer shows itself by its end.
    let _ = stream.write_all(text.as_bytes()).await;
    fin(stream).await;
}

async fn pass_on(mut client: TcpStream, plan: impl Iterator<Item = Strike>, line: &Line) {
    let Some((request, after_request)) = head(&mut client).await else { return };
    let asked = tokio::select! {
        asked = ask(&request, &line.shared.upstream) => asked,
        () = gone(&client) => return,
    };
    let (server, response, after_response) = match asked {
        Ok(granted) => granted,
        Err(error) => {
            line.problem(format!("{} does not answer: {error}", line.shared.upstream.address));
            return answer(&mut client, "502 Bad Gateway", "").await;
        }
    };
    // A socket that was reset already does not take it, and does not need it.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    // As above: its end is seen when it is read from.
    let _ = client.write_all(&response).await;
    // What refuses the upgrade has no messages to strike.
    let granted = response.starts_with(b"HTTP/1.1 101 ");
    let client = Side { stream: client, read: after_request };
    let server = Side { stream: server, read: after_response };
    relay(client, server, granted.then_some(plan), line).await;
}

/// The server's answer, and what came behind it.
async fn ask(request: &[u8], upstream: &Upstream) -> std::io::Result<(TcpStream, Vec<u8>, Vec<u8>)> {
    let mut server = TcpStream::connect(&upstream.address).await?;
    server.write_all(&forwarded(request, upstream)).await?;
    let (response, rest) = head(&mut server).await.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    Ok((server, response, rest))
}

/// An HTTP head with the empty line behind it, and what came after it.
async fn head(stream: &mut TcpStream) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Some((bytes, rest));
        }
        if bytes.len() > HEAD || !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
            return None;
        }
    }
}

/// The request as the server expects it. Extensions are not asked for: what is compressed cannot be sent twice.
fn forwarded(request: &[u8], upstream: &Upstream) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    let lines = text.split("\r\n").filter_map(|line| {
        let (name, _) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("host") {
            return Some(format!("Host: {}", upstream.authority));
        }
        (!name.eq_ignore_ascii_case("sec-websocket-extensions")).then(|| line.to_owned())
    });
    lines.collect::<Vec<_>>().join("\r\n").into_bytes()
}

#[cfg(test)]
mod tests;
