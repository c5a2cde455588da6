//! Taking a WebSocket URL apart.

use http::Uri;

use super::failure::Failed;
use crate::config::redact_url;
use crate::error::ErrorKind;

/// Where to connect and what to ask for there.
#[derive(PartialEq)]
pub(super) struct Address {
    /// Name or address, without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) secure: bool,
    /// The `Host` header: host, and port unless it is the scheme's own.
    pub(super) authority: String,
    /// Path and query.
    pub(super) target: String,
    /// `user:password` of the URL, decoded.
    pub(super) userinfo: Option<Vec<u8>>,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, Failed> {
        let bad = |why: &str| {
            let text = format!("`url` takes a ws:// or wss:// address with a host, not {}: {why}", redact_url(url));
            Failed::fatal(ErrorKind::InvalidUrl, text)
        };
        let uri: Uri = url.parse().map_err(|_| bad("it is not a URL"))?;
        let secure = match uri.scheme_str() {
            Some(scheme) if scheme.eq_ignore_ascii_case("ws") => false,
            Some(scheme) if scheme.eq_ignore_ascii_case("wss") => true,
            _ => return Err(bad("its scheme is another")),
        };
        let authority = uri.authority().ok_or_else(|| bad("it has no host"))?;
        let host = authority.host();
        if host.is_empty() {
            return Err(bad("it has no host"));
        }
        let default_port = if secure { 443 } else { 80 };
        let port = match port_text(authority.as_str()) {
            None | Some("") => default_port,
            Some(text) => text.parse().map_err(|_| bad("its port is not a number from 0 to 65535"))?,
        };
        let userinfo = authority.as_str().rsplit_once('@').map(|(userinfo, _)| decode(userinfo));
        Ok(Self {
            authority: if port == default_port { host.to_owned() } else { format!("{host}:{port}") },
            host: without_brackets(host).to_owned(),
            port,
            secure,
            target: uri.path_and_query().map_or_else(|| "/".to_owned(), |path| absolute(path.as_str())),
            userinfo,
        })
    }

    /// Host and port, as proxies and URIs take them.
    pub(super) fn host_and_port(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether credentials for one may be shown to the other.
    pub(super) fn is_same_origin(&self, other: &Self) -> bool {
        (self.secure, self.port) == (other.secure, other.port) && self.host.eq_ignore_ascii_case(&other.host)
    }

    /// The URL that a `Location` header names, seen from here.
    ///
    /// # Errors
    /// Why it cannot be followed.
    pub(super) fn redirected(&self, location: &str) -> Result<String, &'static str> {
        let scheme = if self.secure { "wss" } else { "ws" };
        let here = format!("{scheme}://{}", self.authority);
        if let Some((scheme, rest)) = location.split_once("://").filter(|(scheme, _)| !scheme.contains(['/', '?', '#']))
        {
            return match scheme.to_ascii_lowercase().as_str() {
                "http" | "ws" => Ok(format!("ws://{rest}")),
                "https" | "wss" => Ok(format!("wss://{rest}")),
                _ => Err("the new address has another scheme than http, https, ws and wss"),
            };
        }
        let path = self.target.split('?').next().unwrap_or_default();
        match location.as_bytes() {
            [] => Err("the new address is empty"),
            [b'/', b'/', ..] => Ok(format!("{scheme}:{location}")),
            [b'/', ..] => Ok(format!("{here}{location}")),
            [b'?', ..] => Ok(format!("{here}{path}{location}")),
            _ => {
                let folder = path.rfind('/').map_or("/", |at| &path[..=at]);
                Ok(format!("{here}{folder}{location}"))
            }
        }
    }
}

/// Keeps user, password and query to itself.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").field("authority", &self.authority).finish_non_exhaustive()
    }
}

/// A host as sockets and certificates take it: the brackets of an IPv6 address belong to the URL.
pub(super) fn without_brackets(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn port_text(authority: &str) -> Option<&str> {
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, rest)| rest);
    let after_host = host_port.rsplit_once(']').map_or(host_port, |(_, rest)| rest);
    after_host.rsplit_once(':').map(|(_, port)| port)
}

fn absolute(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// Percent-decoded; what is not an escape stays as it is.
fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        decoded.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    decoded
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding, for `Authorization: Basic`.
pub(super) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let index = (group >> (18 - 6 * digit)) & 63;
            text.push(if digit <= chunk.len() { char::from(DIGITS[index as usize]) } else { '=' });
        }
    }
    text
}

/// What [`base64`] was made of; up to the first character that is none of its digits.
pub(super) fn from_base64(text: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        text.bytes().map_while(|byte| DIGITS.iter().position(|digit| *digit == byte)).map(|at| at as u32).collect();
    let mut bytes = Vec::with_capacity(digits.len());
    for chunk in digits.chunks(4) {
        let group = chunk.iter().fold(0, |group, digit| group << 6 | digit) << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&group.to_be_bytes()[1..][..chunk.len() * 3 / 4]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        let address = parse("ws://user:hunter2@host/ws?token=hunter2");
        assert!(!format!("{address:?}").contains("hunter2"), "{address:?}");
    }

    fn parse(url: &str) -> Address {
        Address::parse(url).expect("the URL is good")
    }

    #[test]
    fn urls_are_taken_apart() {
        let address = parse("ws://user:p%40ss%@example.org:8080/ws/x?token=1&y#part");
        assert_eq!((address.host.as_str(), address.port, address.secure), ("example.org", 8080, false));
        assert_eq!((address.authority.as_str(), address.target.as_str()), ("example.org:8080", "/ws/x?token=1&y"));
        assert_eq!(address.userinfo.as_deref(), Some(&b"user:p@ss%"[..]));

        let address = parse("WSS://[::1]?a=b");
        assert_eq!((address.host.as_str(), address.port, address.secure), ("::1", 443, true));
        assert_eq!((address.authority.as_str(), address.target.as_str()), ("[::1]", "/?a=b"));
        assert_eq!(address.userinfo, None);

        let address = parse("ws://[::1]:81");
        assert_eq!((address.host.as_str(), address.port, address.authority.as_str()), ("::1", 81, "[::1]:81"));
        assert_eq!(parse("ws://h:80/").authority, "h");
        assert_eq!(parse("ws://h").target, "/");
    }

    #[test]
    fn what_is_no_address_is_refused_for_good_without_showing_credentials() {
        for url in
            ["ws://u:hunter2@", "http://u:hunter2@h", "ws://u:hunter2@h:99999", "ws://u:hunter2@h ost/", "hunter2"]
        {
            let failed = Address::parse(url).expect_err(url);
            assert!(failed.fatal && failed.kind == ErrorKind::InvalidUrl, "{url}");
            assert!(!failed.message.contains("hunter2"), "{}", failed.message);
        }
    }

    #[test]
    fn a_location_is_seen_from_where_it_was_told() {
        let address = parse("wss://user:hunter2@host:8443/a/ws?x=1");
        for (location, leads_to) in [
            ("https://other/ws?y", "wss://other/ws?y"),
            ("HTTP://other:81", "ws://other:81"),
            ("ws://other/", "ws://other/"),
            ("//other/ws", "wss://other/ws"),
            ("/b/ws", "wss://host:8443/b/ws"),
            ("ws2?z=https://x", "wss://host:8443/a/ws2?z=https://x"),
            ("?z=2", "wss://host:8443/a/ws?z=2"),
        ] {
            assert_eq!(address.redirected(location).as_deref(), Ok(leads_to), "{location}");
        }
        assert!(address.redirected("ftp://host/").is_err() && address.redirected("").is_err());
        assert!(address.is_same_origin(&parse("wss://HOST:8443/b")));
        for other in ["wss://host/b", "ws://host:8443/", "wss://host2:8443/"] {
            assert!(!address.is_same_origin(&parse(other)), "{other}");
        }
        assert_eq!(parse("ws://[::1]/").host_and_port(), "[::1]:80");
    }

    #[test]
    fn base64_pads() {
        for (plain, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), text);
            assert_eq!(from_base64(text), plain.as_bytes());
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
        assert_eq!(from_base64("+/8="), [0xfb, 0xff]);
    }
}
