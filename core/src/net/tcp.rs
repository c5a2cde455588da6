//! Opening a TCP connection.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};

use super::failure::Failed;
use crate::error::ErrorKind;

/// The system probes a connection that has been silent this long ...
const KEEPALIVE_TIME: Duration = Duration::from_secs(60);

/// ... and again after this. Behind our own heartbeats; it only helps where those are turned off.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// How long an address is tried alone before the next one is tried beside it, as RFC 8305 advises.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to a host; `shown` is what it is called in texts. Dropping the future abandons the attempt.
pub(super) async fn connect(host: &str, port: u16, shown: &str) -> Result<TcpStream, Failed> {
    let found = lookup_host((host, port)).await;
    let unknown = |why: &dyn std::fmt::Display| {
        Failed::new(ErrorKind::DnsFailed, format!("the host of {shown} could not be found: {why}"))
    };
    let addresses: Vec<SocketAddr> = found.map_err(|error| unknown(&error))?.collect();
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

/// The first of the addresses that answers; where none does, the last error tells why.
async fn connect_any(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    race(addresses.iter().map(|address| TcpStream::connect(*address))).await
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
}
