//! Opening a TCP connection.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use super::failure::Failed;
use super::runtime;
use crate::error::ErrorKind;

/// The system probes a connection that has been silent this long ...
const KEEPALIVE_TIME: Duration = Duration::from_secs(60);

/// ... and again after this. Behind our own heartbeats; it only helps where those are turned off.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// How long an address is tried alone before the next one is tried beside it, as RFC 8305 advises.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to a host; `shown` is what it is called in texts. Dropping the future abandons the attempt.
pub(super) async fn connect(host: &str, port: u16, shown: &str) -> Result<TcpStream, Failed> {
    let found = look_up(host, port).await;
    let unknown = |why: &dyn std::fmt::Display| {
        Failed::new(ErrorKind::DnsFailed, format!("the host of {shown} could not be found: {why}"))
    };
    let addresses = found.map_err(|error| unknown(&error))?;
    if addresses.is_empty() {
        return Err(unknown(&"it has no address"));
    }
    let refused = |error| Failed::new(ErrorKind::ConnectFailed, format!("could not connect to {shown}: {error}"));
    let stream = connect_any(&addresses).await.map_err(refused)?;
    // Neither is worth failing for.
    let _ = stream.set_nodelay(true);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_TIME).with_interval(KEEPALIVE_INTERVAL);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive);
    Ok(stream)
}

/// Not with tokio's own, which panics where the system has no thread to give.
async fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let host = host.to_owned();
    let found = runtime::blocking(move || (host.as_str(), port).to_socket_addrs().map(Iterator::collect)).await;
    found.map_err(io::Error::other)?.unwrap_or_else(|| Err(io::Error::other("the look-up panicked")))
}

/// The first of the addresses that answers; where none does, the last error tells why.
async fn connect_any(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    race(alternating(addresses).into_iter().map(TcpStream::connect)).await
}

/// IPv6 and IPv4 by turns, beginning with what the system prefers: several dead addresses of one family must not use
/// up the time of the other.
fn alternating(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, others): (Vec<_>, Vec<_>) = addresses.iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut others = others.into_iter();
    let mut ordered = Vec::with_capacity(addresses.len());
    for address in preferred {
        ordered.push(address);
        ordered.extend(others.next());
    }
    ordered.extend(others);
    ordered
}

/// Starts one attempt after the other, each when one has failed or the one before has had its head start. An address
/// that swallows packets, as IPv6 often does where it only seems to work, must not use up the time of the others.
async fn race<T, A: Future<Output = io::Result<T>>>(attempts: impl Iterator<Item = A>) -> io::Result<T> {
    let mut running: Vec<Pin<Box<A>>> = Vec::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for attempt in attempts {
        running.push(Box::pin(attempt));
        let ended = poll_fn(|cx| poll_ended(&mut running, cx));
        match tokio::time::timeout(HEAD_START, ended).await {
            Ok(Ok(won)) => return Ok(won),
            Ok(Err(error)) => last = error,
            Err(_) => {}
        }
    }
    while !running.is_empty() {
        match poll_fn(|cx| poll_ended(&mut running, cx)).await {
            Ok(won) => return Ok(won),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Takes out the first attempt that has ended.
fn poll_ended<A: Future>(running: &mut Vec<Pin<Box<A>>>, cx: &mut Context<'_>) -> Poll<A::Output> {
    for index in 0..running.len() {
        if let Poll::Ready(result) = running[index].as_mut().poll(cx) {
            drop(running.swap_remove(index));
            return Poll::Ready(result);
        }
    }
    Poll::Pending
}

#[cfg(test)]
mod tests {
    use socket2::{Domain, Socket, Type};

    use super::*;

    /// What each address does: nothing, fail, or connect.
    async fn attempt(what: Option<Result<u8, io::ErrorKind>>) -> io::Result<u8> {
        match what {
            None => std::future::pending().await,
            Some(result) => result.map_err(io::Error::from),
        }
    }

    fn won(attempts: &[Option<Result<u8, io::ErrorKind>>]) -> Result<u8, io::ErrorKind> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let race = race(attempts.iter().map(|what| attempt(*what)));
        let patient = async { tokio::time::timeout(Duration::from_secs(20), race).await };
        runtime.block_on(patient).expect("it hangs on an address").map_err(|error| error.kind())
    }

    #[test]
    fn an_address_that_never_answers_does_not_hold_up_the_next() {
        let refused = Some(Err(io::ErrorKind::ConnectionRefused));
        assert_eq!(won(&[None, Some(Ok(7))]), Ok(7));
        assert_eq!(won(&[None, refused, None, Some(Ok(7))]), Ok(7));
        assert_eq!(won(&[Some(Ok(1)), Some(Ok(7))]), Ok(1));
        assert_eq!(won(&[refused, Some(Err(io::ErrorKind::HostUnreachable))]), Err(io::ErrorKind::HostUnreachable));
        assert_eq!(won(&[]), Err(io::ErrorKind::AddrNotAvailable));
    }

    #[test]
    fn families_take_turns() {
        let parse = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let found = parse(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        assert_eq!(alternating(&found), parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]));
        let found = parse(&["1.1.1.1:1", "2.2.2.2:1"]);
        assert_eq!(alternating(&found), found);
    }

    #[test]
    fn a_real_address_that_swallows_packets_does_not_hold_up_the_next() {
        let swallower = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        swallower.bind(&"127.0.0.2:0".parse::<SocketAddr>().unwrap().into()).unwrap();
        swallower.listen(0).unwrap();
        let dead = swallower.local_addr().unwrap().as_socket().unwrap();
        // The system answers for as many as it keeps for a program that does not accept; from then on nobody does.
        let mut held = Vec::new();
        while let Ok(stream) = std::net::TcpStream::connect_timeout(&dead, Duration::from_millis(100)) {
            held.push(stream);
            assert!(held.len() < 100, "it still answers");
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let good = listener.local_addr().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let patient = async { tokio::time::timeout(Duration::from_secs(20), connect_any(&[dead, good])).await };
        let stream = runtime.block_on(patient).expect("it hangs on the dead address").unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
    }
}
