//! The proxy on the way: which one, and how it is asked for a tunnel.

use std::future::{Ready, ready};
use std::io;
use std::net::IpAddr;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::client::legacy::connect::proxy::SocksV5;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tower_service::Service;

use super::answer::{self, Unreadable};
use super::carrier::Carrier;
use super::failure::{Failed, printable};
use super::secrets::Secrets;
use super::tcp;
use super::tls::Security;
use super::url::{Address, from_base64, without_brackets};
use crate::config::Proxy;
use crate::error::ErrorKind;

/// Which proxy is used for which server. The environment is read when this is made.
pub(super) enum Proxies {
    None,
    /// From the environment: never for this machine itself.
    Environment(Matcher),
    /// For every server.
    Fixed(Matcher),
}

impl Proxies {
    pub(super) fn new(proxy: &Proxy) -> Self {
        match proxy {
            Proxy::Environment => Self::Environment(Matcher::from_env()),
            Proxy::Direct => Self::None,
            Proxy::Url(url) => Self::Fixed(Matcher::builder().all(url.clone()).build()),
        }
    }

    /// A connection on which the server at `address` can be talked to, through a proxy or without; `shown` is its URL
    /// as texts may show it.
    pub(super) async fn reach(&self, address: &Address, security: &Security, shown: &str) -> Result<Carrier, Failed> {
        let Some(proxy) = self.find(address) else {
            return tcp::connect(&address.host, address.port, shown).await.map(Carrier::Tcp);
        };
        let uri = proxy.uri();
        let scheme = uri.scheme_str().unwrap_or_default();
        let host = without_brackets(uri.host().unwrap_or_default());
        let port = uri.port_u16().unwrap_or(match scheme {
            "http" => 80,
            "https" => 443,
            _ => 1080,
        });
        let named = format!("the proxy {host}:{port}");
        let unreachable = |failed: Failed| Failed { kind: ErrorKind::ProxyFailed, ..failed };
        let stream = tcp::connect(host, port, &named).await.map_err(unreachable)?;
        match scheme {
            "http" => {
                let mut stream = stream;
                tunnel(&mut stream, address, &proxy, &named).await?;
                Ok(Carrier::Tcp(stream))
            }
            "https" => {
                let mut stream = security.secure_proxy(stream, host, &named).await.map_err(unreachable)?;
                tunnel(&mut stream, address, &proxy, &named).await?;
                Ok(Carrier::Tls(Box::new(stream)))
            }
            "socks5" | "socks5h" => socks(stream, address, &proxy, &named).await.map(Carrier::Tcp),
            other => {
                let text =
                    format!("{named} speaks {other}, which this client does not; it takes http, https and socks5");
                Err(Failed::fatal(ErrorKind::ProxyFailed, text))
            }
        }
    }

    fn find(&self, address: &Address) -> Option<Intercept> {
        let matcher = match self {
            Self::None => return None,
            Self::Environment(_) if is_this_machine(&address.host) => return None,
            Self::Environment(matcher) | Self::Fixed(matcher) => matcher,
        };
        // A matcher knows http and https.
        let scheme = if address.secure { "https" } else { "http" };
        matcher.intercept(&uri_of(scheme, address)?)
    }
}

/// As Go's and the browsers' rule: what never leaves the machine needs no proxy.
fn is_this_machine(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn uri_of(scheme: &str, address: &Address) -> Option<Uri> {
    format!("{scheme}://{}/", address.host_and_port()).parse().ok()
}

/// HTTP CONNECT.
async fn tunnel<S>(stream: &mut S, address: &Address, proxy: &Intercept, named: &str) -> Result<(), Failed>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failed = |why: String| Failed::new(ErrorKind::ProxyFailed, why);
    let target = address.host_and_port();
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    // Characters that have no place in a header were refused by the matcher.
    let credentials = proxy.basic_auth().and_then(|value| value.to_str().ok());
    if let Some(credentials) = credentials {
        request.push_str("Proxy-Authorization: ");
        request.push_str(credentials);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    let broken = |error: io::Error| failed(format!("{named} broke off: {error}"));
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let (head, mut body) = answer::read(stream).await.map_err(|error| match error {
        Unreadable::Broken(error) => broken(error),
        Unreadable::Ended => failed(format!("{named} closed the connection without an answer")),
        Unreadable::Bad(why) => failed(format!("{named} gave no good answer: {why}")),
    })?;
    if (200..300).contains(&head.status) {
        return Ok(());
    }
    head.read_body(stream, &mut body).await;
    let mut text = format!("{named} refused the way to {target} with HTTP status {}", head.status);
    let encoded = credentials.and_then(|credentials| credentials.strip_prefix("Basic "));
    let read = encoded.map(|encoded| String::from_utf8_lossy(&from_base64(encoded)).into_owned());
    let password = read.as_deref().and_then(|userinfo| userinfo.split_once(':')).map(|(_, password)| password);
    let secrets = Secrets::new(encoded.into_iter().chain(password));
    let body = printable(&body);
    if !body.is_empty() {
        text.push_str(": ");
        text.push_str(&secrets.scrub(&body));
    }
    if head.status == 407 {
        text.push_str("; it wants a user and a password, or others, in its URL (http://user:password@host)");
        return Err(Failed::fatal(ErrorKind::ProxyFailed, text));
    }
    Err(failed(text))
}

async fn socks(stream: TcpStream, address: &Address, proxy: &Intercept, named: &str) -> Result<TcpStream, Failed> {
    let failed = |why: &dyn std::fmt::Display| {
        let target = address.host_and_port();
        Failed::new(ErrorKind::ProxyFailed, format!("{named} did not give a way to {target}: {why}"))
    };
    let target = uri_of("http", address).ok_or_else(|| failed(&"it is no address"))?;
    let mut service = SocksV5::new(proxy.uri().clone(), Connected(Some(stream)));
    if let Some((user, password)) = proxy.raw_auth() {
        if user.len() > 255 || password.len() > 255 {
            return Err(failed(&"user and password have 255 bytes at most"));
        }
        service = service.with_auth(user.to_owned(), password.to_owned());
    }
    service.call(target).await.map(TokioIo::into_inner).map_err(|error| failed(&error))
}

/// What `SocksV5` takes for a connector: the connection is there already.
struct Connected(Option<TcpStream>);

impl Service<Uri> for Connected {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Ready<Result<Self::Response, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().map(TokioIo::new).ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Address {
        Address::parse(url).expect("the URL is good")
    }

    fn found(proxies: &Proxies, url: &str) -> Option<String> {
        proxies.find(&address(url)).map(|proxy| proxy.uri().to_string())
    }

    #[test]
    fn ws_goes_where_http_goes_and_wss_where_https_goes() {
        let matcher =
            Matcher::builder().http("http://a:1").https("http://b:2").no("intern.example, 10.0.0.0/8").build();
        let proxies = Proxies::Environment(matcher);
        assert_eq!(found(&proxies, "ws://x/").as_deref(), Some("http://a:1/"));
        assert_eq!(found(&proxies, "wss://x/").as_deref(), Some("http://b:2/"));
        for direct in ["wss://intern.example/", "wss://a.intern.example/", "ws://10.1.2.3/"] {
            assert_eq!(found(&proxies, direct), None, "{direct}");
        }
    }

    #[test]
    fn the_environment_s_proxy_is_not_for_this_machine_and_a_fixed_one_is() {
        let matcher = || Matcher::builder().all("socks5://p:1").build();
        for url in ["ws://localhost:1/", "ws://a.LOCALHOST/", "ws://127.0.0.9/", "ws://[::1]/"] {
            assert_eq!(found(&Proxies::Environment(matcher()), url), None, "{url}");
            assert!(found(&Proxies::Fixed(matcher()), url).is_some(), "{url}");
        }
        assert_eq!(found(&Proxies::new(&Proxy::Direct), "ws://x/"), None);
    }
}
