//! The hub behind a certificate: `wss://`.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod support;

use futures_util::StreamExt;
use steadywire_hub::{HubBuilder, HubError, HubHandle};
use support::authority::{Authority, Identity, VERSIONS};
use support::{End, PATIENCE, Peer, complete, log, progress, quiet, short, shorts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::{self, HandshakeKind};
use tokio_tungstenite::tungstenite::{Error, Message};

type Secure = Peer<TlsStream<TcpStream>>;

fn secure(authority: &Authority) -> HubBuilder {
    let Identity { chain, key } = authority.server();
    quiet().tls(chain, key)
}

async fn shake_hands(hub: &HubHandle, connector: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(hub.local_addr()).await.unwrap();
    let handshake = connector.connect("localhost".try_into().unwrap(), stream);
    timeout(PATIENCE, handshake).await.expect("the handshake does not end")
}

async fn try_connect(hub: &HubHandle, connector: &TlsConnector) -> Result<Secure, Error> {
    let stream = shake_hands(hub, connector).await?;
    Peer::over(stream, &hub.url()).await
}

/// Connects and takes the greeting.
async fn connect(hub: &HubHandle, connector: &TlsConnector) -> Secure {
    let mut peer = try_connect(hub, connector).await.unwrap();
    assert_eq!(peer.next().await["data"]["action"], "hello");
    peer
}

async fn refusal(hub: &HubHandle, connector: &TlsConnector, url: &str) -> u16 {
    let stream = shake_hands(hub, connector).await.unwrap();
    match Peer::over(stream, url).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("upgraded"),
    }
}

/// P-LINK-5
#[tokio::test]
async fn a_follower_gets_over_wss_what_a_publisher_sends() {
    let authority = Authority::new("ours");
    let hub = secure(&authority).history_bytes(4 << 20).max_unread_bytes(4 << 20).start().await.unwrap();
    let port = hub.local_addr().port();
    assert_eq!(hub.url(), format!("wss://127.0.0.1:{port}/ws"));
    for version in VERSIONS {
        let connector = authority.connector_of(&[version], None);
        let (mut follower, mut worker) = (connect(&hub, &connector).await, connect(&hub, &connector).await);
        let session = follower.socket.get_ref().get_ref().1;
        assert_eq!(
            (session.alpn_protocol(), session.protocol_version()),
            (Some(&b"http/1.1"[..]), Some(version.version))
        );
        let task = format!("{version:?}");
        follower.subscribe(&task).await;
        // Many records, in both directions, and more than TLS or a socket keeps for a slow peer.
        let text = "x".repeat(900_000);
        worker.send(progress(&task, 5.0)).await;
        worker.send(log(&task, &text)).await;
        worker.send(complete(&task)).await;
        let seen = shorts(&follower.until("complete").await);
        assert!(seen == ["progress 5", &format!("log {text}"), "complete"], "{} messages", seen.len());
    }
}

/// P-LINK-5
#[tokio::test]
async fn a_client_without_http_1_in_its_list_is_refused_and_one_without_a_list_is_not() {
    let authority = Authority::new("ours");
    let hub = secure(&authority).start().await.unwrap();
    let connector = authority.connector(None);
    let offering = |protocols: &[&[u8]]| {
        let mut config = connector.config().as_ref().clone();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        TlsConnector::from(std::sync::Arc::new(config))
    };
    connect(&hub, &offering(&[])).await;
    let error = shake_hands(&hub, &offering(&[b"h2"])).await.unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
}

#[tokio::test]
async fn who_speaks_no_tls_is_closed_and_harms_nobody() {
    let authority = Authority::new("ours");
    let hub = secure(&authority).start().await.unwrap();
    let mut peer = connect(&hub, &authority.connector(None)).await;
    let plain = hub.url().replace("wss://", "ws://");
    assert!(Peer::to(&plain, &hub).await.is_err());
    for garbage in [&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], &[0x16, 3, 1, 0xff, 0xff, 1], &[0; 100_000]] {
        let mut stream = TcpStream::connect(hub.local_addr()).await.unwrap();
        let mut answer = Vec::new();
        let talk = async {
            // Both may fail: the hub may have closed before it has read all of it.
            let _ = stream.write_all(garbage).await;
            let _ = stream.read_to_end(&mut answer).await;
        };
        timeout(PATIENCE, talk).await.expect("it is kept open");
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    assert_eq!(peer.query("t").await["status"], "unknown");
    connect(&hub, &authority.connector(None)).await;
    assert_eq!(hub.stats().accepted, 2);
}

#[tokio::test]
async fn a_handshake_holds_a_place_and_nobody_up() {
    let authority = Authority::new("ours");
    let hub = secure(&authority).max_connections(2).start().await.unwrap();
    let connector = authority.connector(None);
    let silent = TcpStream::connect(hub.local_addr()).await.unwrap();
    let peer = connect(&hub, &connector).await;
    assert_eq!(refusal(&hub, &connector, &hub.url()).await, 503);
    drop(silent);
    // The place is free once the hub has seen the silent one go.
    let free = async { while try_connect(&hub, &connector).await.is_err() {} };
    timeout(PATIENCE, free).await.unwrap();
    drop(peer);
    let unfinished = TcpStream::connect(hub.local_addr()).await.unwrap();
    timeout(PATIENCE, hub.shutdown()).await.unwrap();
    drop(unfinished);
}

#[tokio::test]
async fn host_origin_and_token_are_looked_at_as_without_tls() {
    let authority = Authority::new("ours");
    let hub = secure(&authority).token("secret").start().await.unwrap();
    let connector = authority.connector(None);
    assert_eq!(refusal(&hub, &connector, &hub.url()).await, 401);
    let url = format!("{}?token=secret", hub.url());
    assert_eq!(refusal(&hub, &connector, &url.replace("127.0.0.1", "evil.example")).await, 403);
    let page = |origin: &str| {
        format!(
            "GET /ws?token=secret HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nConnection: Upgrade\r\nUpgrade: \
             websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
    };
    for (origin, status) in [("https://evil.example", "403"), ("https://localhost:8443", "101")] {
        let mut stream = shake_hands(&hub, &connector).await.unwrap();
        stream.write_all(page(origin).as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), format!("HTTP/1.1 {status}"), "{origin}");
    }
    let stream = shake_hands(&hub, &connector).await.unwrap();
    assert!(Peer::over(stream, &url).await.is_ok());

    let open = secure(&authority).client_ca(authority.pem()).listen("0.0.0.0:0").start().await;
    assert!(matches!(open, Err(HubError::Option { option: "listen", .. })), "{open:?}");
    let open = secure(&authority).listen("0.0.0.0:0").token("secret").start().await.unwrap();
    assert!(open.url().starts_with("wss://127.0.0.1:"), "{}", open.url());
}

#[tokio::test]
async fn every_end_is_told_from_a_broken_link() {
    let authority = Authority::new("ours");
    let connector = authority.connector(None);
    for version in VERSIONS {
        let connector = authority.connector_of(&[version], None);
        let hub = secure(&authority).start().await.unwrap();
        let (mut leaving, mut staying) = (connect(&hub, &connector).await, connect(&hub, &connector).await);
        leaving.socket.close(None).await.unwrap();
        assert!(matches!(leaving.socket.next().await, Some(Ok(Message::Close(_)))));
        assert!(leaving.socket.next().await.is_none(), "no end of the stream without notice");
        let ends = tokio::spawn(async move { (staying.end().await, staying.socket.next().await.is_none()) });
        hub.shutdown().await;
        assert_eq!(ends.await.unwrap(), (End::Closed(1001, "the hub is shutting down".to_owned()), true));
    }
    // A refused request is answered in full.
    let hub = secure(&authority).start().await.unwrap();
    let mut stream = shake_hands(&hub, &connector).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nSteadywire hub\n"), "{answer}");
    // As a broken network would: without notice.
    let mut cut = connect(&hub, &connector).await;
    hub.cut_all();
    assert!(
        matches!(cut.socket.next().await, Some(Err(Error::Io(error))) if error.kind() == std::io::ErrorKind::UnexpectedEof)
    );
    assert_eq!(
        short(&{
            let mut peer = connect(&hub, &connector).await;
            peer.subscribe("t").await;
            peer.send(log("t", "on it goes")).await;
            peer.next().await
        }),
        "log on it goes"
    );
}

#[tokio::test]
async fn only_clients_of_the_named_authority_are_served_where_there_is_one() {
    let (authority, other) = (Authority::new("ours"), Authority::new("another"));
    let hub = secure(&authority).client_ca(authority.pem()).start().await.unwrap();
    let known = authority.client();
    for version in VERSIONS {
        let connector = authority.connector_of(&[version], Some(&known));
        connect(&hub, &connector).await;
        connect(&hub, &connector).await;
        let stream = shake_hands(&hub, &connector).await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Full), "it shows its certificate again");
        for (identity, alert) in [
            (None, "CertificateRequired"),
            (Some(other.client()), "UnknownCA"),
            (Some(authority.server()), "UnsupportedCertificate"),
        ] {
            let connector = authority.connector_of(&[version], identity.as_ref());
            let Err(Error::Io(error)) = try_connect(&hub, &connector).await else { panic!("upgraded") };
            assert!(error.to_string().contains(alert), "{version:?}: {error}");
        }
    }
    // With TLS 1.3 a client may have said much before it hears that it is refused.
    let mut stream = shake_hands(&hub, &authority.connector(None)).await.unwrap();
    for _ in 0..10 {
        stream.write_all(&[b'x'; 600]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let error = stream.read_u8().await.unwrap_err();
    assert!(error.to_string().contains("CertificateRequired"), "{error}");
    assert_eq!(hub.stats().accepted, 4);
}

#[tokio::test]
async fn clients_that_come_back_resume_their_session() {
    let authority = Authority::new("ours");
    let hub = secure(&authority).start().await.unwrap();
    for version in VERSIONS {
        let connector = authority.connector_of(&[version], None);
        connect(&hub, &connector).await;
        let stream = shake_hands(&hub, &connector).await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Resumed), "{version:?}");
    }
}

#[tokio::test]
async fn certificates_and_keys_that_cannot_be_are_refused_by_name() {
    let authority = Authority::new("ours");
    let (Identity { chain, key }, other) = (authority.server(), authority.server());
    let refused = async |builder: HubBuilder| match builder.start().await {
        Err(HubError::Option { option, problem }) => (option, problem),
        other => panic!("{other:?}"),
    };
    let section = |kind: &str, text: &str| format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n");
    let nonsense = || section("CERTIFICATE", "AAAA");
    let one_line = key.replace('\n', " ");
    let secret = key.lines().nth(1).unwrap();
    for (certificate, key, words) in [
        ("", &*key, "the certificate is missing"),
        (&*key, &*key, "the certificate is missing"),
        (&section("CERTIFICATE", "?"), &*key, "the certificate cannot be read"),
        (&*one_line, &*key, "the certificate cannot be read"),
        (&nonsense(), &*key, "the certificate cannot be used"),
        (&*chain, "", "the private key is missing"),
        (&*chain, &*chain, "the private key is missing"),
        (&*chain, &section("ENCRYPTED PRIVATE KEY", "AAAA"), "the private key is encrypted"),
        (&*chain, &section("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nAAAA"), "the private key is encrypted"),
        (&*chain, &section("PRIVATE KEY", "AAAA"), "the private key cannot be used"),
        (&*chain, &*one_line, "the private key cannot be read"),
        (&*chain, &*other.key, "the private key does not belong to the certificate"),
    ] {
        let (option, problem) = refused(quiet().tls(certificate, key)).await;
        assert!(option == "tls" && problem.starts_with(words), "{option}: {problem}");
        assert!(!problem.contains(secret) && problem.len() < 150, "{problem}");
    }
    for (pem, words) in [("", "the certificate is missing"), (&nonsense(), "a certificate cannot be used")] {
        let (option, problem) = refused(quiet().tls(&*chain, &*key).client_ca(pem)).await;
        assert!(option == "client_ca" && problem.starts_with(words), "{option}: {problem}");
    }
    let (option, problem) = refused(quiet().client_ca(authority.pem())).await;
    assert!(option == "client_ca" && problem.contains("`tls`"), "{option}: {problem}");
    assert!(!format!("{:?}", quiet().tls(&*chain, &*key)).contains("PRIVATE"));
}

#[tokio::test]
async fn the_process_has_no_provider_of_its_own_after_it() {
    let authority = Authority::new("ours");
    let hub = secure(&authority).client_ca(authority.pem()).start().await.unwrap();
    connect(&hub, &authority.connector(Some(&authority.client()))).await;
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
