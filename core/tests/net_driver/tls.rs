//! TLS against real servers with certificates made here: good ones, and every way of being bad.

use rcgen::date_time_ymd;
use steadywire::{Config, Limit, Tls, TlsVersion};
use tokio_tungstenite::tungstenite::Message;

use super::authority::{Authority, Identity, Secured};
use super::support::{Consumer, Server, log_frame, quick, read_to_end, settled_connect};

fn config(server: &Server, tls: Tls) -> Config {
    quick(&server.tls_url()).tls(tls)
}

fn works(server: &Server, secured: &Secured, tls: Tls) {
    let mut consumer = Consumer::connected(config(server, tls));
    let mut peer = secured.accept(server);
    settled_connect(&mut consumer);
    for number in 0..100 {
        peer.send(Message::text(log_frame(&number.to_string()))).unwrap();
    }
    for number in 0..100 {
        assert_eq!(consumer.log(), number.to_string());
    }
    consumer.send_log("hello");
    while !peer.read().unwrap().to_text().unwrap().contains("hello") {}
    // Before its peer, whose end would make it dial again.
    drop(consumer);
}

/// The client stops for good, since trying again cannot help; the text says why.
fn is_refused(server: &Server, secured: &Secured, tls: Tls, why: &str) {
    let mut consumer = Consumer::connected(config(server, tls));
    secured.fails(server);
    let (kind, text) = consumer.stopped();
    assert_eq!(kind, "tls_failed", "{text}");
    assert!(text.contains(why) && text.contains(&server.tls_url()), "{text}");
}

#[test]
fn an_authority_can_be_trusted_besides_the_system_s() {
    let (server, authority) = (Server::new(), Authority::new());
    let secured = Secured::new(&authority.issue("localhost"));
    works(&server, &secured, Tls::new().ca(&authority.pem));
    works(&server, &secured, Tls::new().ca(format!("{}{}", Authority::new().pem, authority.pem)));
    works(&server, &secured, Tls::new().ca(&authority.pem).min_version(TlsVersion::Tls13));
}

#[test]
fn an_unknown_issuer_is_named_as_one() {
    let (server, authority) = (Server::new(), Authority::new());
    let secured = Secured::new(&authority.issue("localhost"));
    is_refused(&server, &secured, Tls::new(), "authority that is not trusted here; option `tls.ca`");
    is_refused(&server, &secured, Tls::new().ca(Authority::new().pem), "authority that is not trusted");
}

#[test]
fn certificates_out_of_date_are_named_as_such() {
    let (server, authority) = (Server::new(), Authority::new());
    let tls = || Tls::new().ca(&authority.pem);
    let expired = authority.issue_with("localhost", |params| params.not_after = date_time_ymd(2020, 2, 1));
    is_refused(&server, &Secured::new(&expired), tls(), "has expired: it was valid until Sat, 01 Feb 2020");
    let early = authority.issue_with("localhost", |params| params.not_before = date_time_ymd(4000, 1, 1));
    is_refused(&server, &Secured::new(&early), tls(), "is not valid before");
}

#[test]
fn a_certificate_for_another_host_is_named_as_one_and_can_be_pinned() {
    let (server, authority) = (Server::new(), Authority::new());
    let secured = Secured::new(&authority.issue("other.example"));
    let tls = || Tls::new().ca(&authority.pem);
    is_refused(&server, &secured, tls(), "is not for localhost: it is for");
    is_refused(&server, &secured, tls(), "other.example");
    works(&server, &secured, tls().server_name("other.example"));
    is_refused(&server, &secured, tls().server_name("third.example"), "is not for third.example");
}

#[test]
fn everything_is_accepted_only_where_that_is_asked_for() {
    let (server, authority) = (Server::new(), Authority::new());
    let expired = authority.issue_with("other.example", |params| params.not_after = date_time_ymd(2020, 2, 1));
    works(&server, &Secured::new(&expired), Tls::new().dangerously_accept_any_certificate(true));
}

#[test]
fn a_server_that_wants_a_certificate_gets_it_or_is_named() {
    let (server, authority, clients) = (Server::new(), Authority::new(), Authority::new());
    let secured = Secured::for_clients_of(&authority.issue("localhost"), &clients);
    let Identity { cert, key } = clients.issue("a client");
    works(&server, &secured, Tls::new().ca(&authority.pem).client_cert(cert, key));
    let wants = "does not accept the client's certificate, or wants one";
    is_refused(&server, &secured, Tls::new().ca(&authority.pem), wants);
    let Identity { cert, key } = Authority::new().issue("a stranger");
    is_refused(&server, &secured, Tls::new().ca(&authority.pem).client_cert(cert, key), wants);
}

#[test]
fn the_oldest_version_is_kept_to() {
    let (server, authority) = (Server::new(), Authority::new());
    let old = Secured::with(&authority.issue("localhost"), None, &[&rustls::version::TLS12]);
    works(&server, &old, Tls::new().ca(&authority.pem));
    let tls = Tls::new().ca(&authority.pem).min_version(TlsVersion::Tls13);
    let mut consumer = Consumer::connected(config(&server, tls));
    old.fails(&server);
    let (_, cause) = consumer.retry();
    assert!(cause.contains("the TLS handshake with") && cause.contains("failed"), "{cause}");
}

#[test]
fn a_server_without_tls_is_named_as_one() {
    let server = Server::new();
    let mut consumer = Consumer::connected(config(&server, Tls::new()));
    let mut stream = server.connection();
    std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    let (_, cause) = consumer.retry();
    assert!(cause.contains("does not answer with TLS") && cause.contains("ws://"), "{cause}");
}

#[test]
fn a_handshake_that_hangs_is_dropped_by_time_and_by_disconnect() {
    let server = Server::new();
    let mut consumer = Consumer::connected(config(&server, Tls::new()).connect_timeout(50));
    read_to_end(&mut server.connection());
    assert!(consumer.retry().1.contains("within 50 ms"));
    drop(consumer);
    let consumer = Consumer::connected(config(&server, Tls::new()));
    let mut silent = server.connection();
    consumer.disconnect();
    read_to_end(&mut silent);
}

#[test]
fn a_key_that_is_not_the_certificate_s_is_refused_at_construction() {
    let authority = Authority::new();
    let (one, other) = (authority.issue("a"), authority.issue("b"));
    let config = Config::new("wss://localhost/").tls(Tls::new().client_cert(one.cert, other.key));
    let error = steadywire::Client::new(config.max_reconnect_attempts(Limit::Times(0))).expect_err("they do not fit");
    assert!(error.message().contains("do not go together"), "{error}");
}
