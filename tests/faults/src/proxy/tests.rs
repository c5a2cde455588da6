use super::*;

#[test]
fn a_server_is_named_by_a_url() {
    let parsed = Upstream::parse("ws://hub.example/ws").unwrap();
    assert_eq!((parsed.address.as_str(), parsed.path.as_str()), ("hub.example:80", "/ws"));
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
