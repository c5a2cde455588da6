//! Who may upgrade: Host, Origin and token. Any web page can reach a server on this machine, so
//! what a browser says about itself is checked before anything else.

use std::net::{IpAddr, SocketAddr};

use crate::http::{Request, Response};

/// Where the list of tasks is, for a hub that serves a page.
const TASKS_PATH: &str = "/tasks";

/// What a hub lets in.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    pub(crate) path: String,
    /// Secret; never printed.
    pub(crate) token: Option<Token>,
    /// Origins as browsers send them, lower case, e.g. `https://app.example`.
    pub(crate) origins: Vec<String>,
    /// Host names beside the loopback's and the address listened on, lower case.
    pub(crate) hosts: Vec<String>,
    pub(crate) listen: Option<SocketAddr>,
    /// A page at `/`, which also makes the list of tasks readable at `/tasks`.
    pub(crate) page: Option<String>,
}

/// A shared secret.
pub(crate) struct Token(pub(crate) String);

/// What a request gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// 101 with this accept key.
    Upgrade(String),
    /// An ordinary answer.
    Answer(Response),
    /// The list of tasks.
    Tasks,
}

impl Guard {
    pub(crate) fn judge(&self, request: &Request) -> Verdict {
        self.check(request).unwrap_or_else(Verdict::Answer)
    }

    fn check(&self, request: &Request) -> Result<Verdict, Response> {
        let Some(host) = request.header("host").map(host_name) else {
            return Err(Response::text(400, "one Host header is needed"));
        };
        if !self.knows_host(&host) {
            let text = format!("the host `{host}` is not served here; allow it with `allow_host`");
            return Err(Response::text(403, text));
        }
        let is_front = request.path() == "/" && self.path != "/";
        let is_list = request.path() == TASKS_PATH && self.path != TASKS_PATH && self.page.is_some();
        if !is_front && !is_list && request.path() != self.path {
            return Err(Response::text(404, format!("nothing is here; the WebSocket is at {}", self.path)));
        }
        if request.method != "GET" {
            return Err(Response::text(405, "only GET is served").with("Allow", "GET"));
        }
        if is_front {
            let page = self.page.as_deref().map(Response::page);
            return Ok(Verdict::Answer(page.unwrap_or_else(|| Response::text(200, "Steadywire hub"))));
        }
        if request.has("origin") {
            let origin = request.header("origin").unwrap_or_default().to_ascii_lowercase();
            if !self.knows_origin(&origin, &host) {
                let text = format!("pages of the origin `{origin}` may not connect; allow it with `allow_origin`");
                return Err(Response::text(403, text));
            }
        }
        if let Some(token) = &self.token {
            self.check_token(token, request)?;
        }
        if is_list {
            return Ok(Verdict::Tasks);
        }
        request.accept_key().map(Verdict::Upgrade)
    }

    fn knows_host(&self, host: &str) -> bool {
        let listen = self.listen.map(|address| address.ip());
        let is_listened = match (host.parse::<IpAddr>(), listen) {
            (Ok(ip), Some(listen)) => ip == listen || listen.is_unspecified(),
            _ => false,
        };
        is_loopback(host) || is_listened || self.hosts.iter().any(|known| known == host)
    }

    fn knows_origin(&self, origin: &str, host: &str) -> bool {
        if self.origins.iter().any(|known| known == origin) {
            return true;
        }
        let Some(rest) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) else {
            return false;
        };
        let origin_host = host_name(rest);
        is_loopback(&origin_host) || origin_host == host
    }

    fn check_token(&self, token: &Token, request: &Request) -> Result<(), Response> {
        let bearer = request.header("authorization").and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        });
        let refused = |text: &str| Response::text(401, text).with("WWW-Authenticate", "Bearer");
        match bearer.or_else(|| request.query("token")) {
            Some(given) if token.is(&given) => Ok(()),
            Some(_) => Err(refused("the token is wrong")),
            None => Err(refused("a token is needed: `Authorization: Bearer ...` or the query parameter `token`")),
        }
    }
}

impl Token {
    /// Compares in a time that tells nothing of where the two differ.
    fn is(&self, given: &str) -> bool {
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        let mut differs = u8::from(own.len() != given.len());
        for (at, byte) in given.iter().enumerate() {
            differs |= std::hint::black_box(byte ^ own[at % own.len()]);
        }
        std::hint::black_box(differs) == 0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Whether this name is always this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The host of `host:port`, lower case, without the brackets of an IPv6 address.
fn host_name(authority: &str) -> String {
    let authority = authority.to_ascii_lowercase();
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default().to_owned();
    }
    authority.split(':').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
