//! What takes time or a full pipe under TLS.

use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::limits::{TLS_BUFFER, TLS_HANDSHAKE_TIMEOUT};
use crate::tls::{Pem, Tls};
use authority::Authority;

#[allow(dead_code, reason = "the tests of the whole hub use the rest")]
#[path = "../../tests/support/authority.rs"]
mod authority;

fn tls() -> (Tls, TlsConnector) {
    let authority = Authority::new("ours");
    let identity = authority.server();
    let pem = Pem { certificate: identity.chain.into_bytes(), key: identity.key.into_bytes() };
    (Tls::new(&pem, None).unwrap(), authority.connector(None))
}

async fn shake_hands(connector: &TlsConnector, near: DuplexStream) -> TlsStream<DuplexStream> {
    connector.connect("localhost".try_into().unwrap(), near).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn who_does_not_finish_the_handshake_is_dropped() {
    let (hub, (tls, _)) = (hub(Bounds::default(), quiet()), tls());
    for said in [&[][..], &[0x16, 3, 1, 0, 100, 1, 0]] {
        let (mut near, far) = duplex(64);
        near.write_all(said).await.unwrap();
        let started = Instant::now();
        serve_tls(far, tls.clone(), hub.clone()).await;
        assert_eq!((started.elapsed(), hub.stats().accepted), (TLS_HANDSHAKE_TIMEOUT, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_stops_waits_for_no_handshake() {
    let (hub, (tls, _)) = (hub(Bounds::default(), quiet()), tls());
    let started = Instant::now();
    hub.stop();
    let (_near, far) = duplex(64);
    serve(far, hub.clone()).await;
    let (_near, far) = duplex(64);
    serve_tls(far, tls, hub).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_in_the_handshake_is_waited_for_but_not_for_long() {
    let (hub, (tls, _)) = (hub(Bounds::default(), quiet()), tls());
    let (mut near, far) = duplex(64);
    near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let started = Instant::now();
    serve_tls(far, tls, hub).await;
    assert_eq!(started.elapsed(), CLOSE_TIMEOUT);
    let mut answer = Vec::new();
    near.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer.first(), Some(&0x15), "an alert: {answer:?}");
}

#[tokio::test(start_paused = true)]
async fn who_sends_no_request_after_the_handshake_is_dropped() {
    let (hub, (tls, connector)) = (hub(Bounds::default(), quiet()), tls());
    let (near, far) = duplex(1 << 16);
    let served = tokio::spawn(serve_tls(far, tls, hub));
    let _stream = shake_hands(&connector, near).await;
    let started = Instant::now();
    Peer::gone(served).await;
    assert_eq!(started.elapsed(), HANDSHAKE_TIMEOUT);
}

/// What is sent is less than TLS holds by itself.
#[tokio::test(start_paused = true)]
async fn a_follower_that_takes_nothing_is_dropped_under_tls_too() {
    let (hub, (tls, connector)) = (hub(Bounds::default(), quiet()), tls());
    let (near, far) = duplex(1024);
    let served = tokio::spawn(serve_tls(far, tls, hub.clone()));
    let mut stuck = Peer::over(shake_hands(&connector, near).await, served).await;
    stuck.ask("t", "subscribe").await;
    let mut worker = Peer::new(&hub, 1 << 16).await;
    for _ in 0..10 {
        worker.send(log("t", &"x".repeat(500))).await;
    }
    worker.ask("t", "query").await;
    let stuck_since = Instant::now();
    Peer::gone(stuck.served).await;
    let lived = stuck_since.elapsed().as_secs();
    assert!((30..=46).contains(&lived), "{lived}");
    assert_eq!((hub.stats().dropped, hub.stats().connections), (1, 1));
}

#[tokio::test]
async fn tls_holds_no_more_for_its_socket_than_its_bound() {
    let (tls, connector) = tls();
    let (near, far) = duplex(1024);
    let (_near, accepted) = tokio::join!(shake_hands(&connector, near), tls.accept(far));
    let mut stream = accepted.unwrap();
    let (chunk, mut taken) = ([0; 1000], 0);
    while let Poll::Ready(written) = poll_fn(|cx| Poll::Ready(Pin::new(&mut stream).poll_write(cx, &chunk))).await {
        taken += written.unwrap();
    }
    assert!((TLS_BUFFER - 1024..=TLS_BUFFER + 1024).contains(&taken), "{taken}");
}
