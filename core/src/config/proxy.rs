//! Which proxy stands between the client and the server.

use std::fmt;

use serde_json::Value;

use super::redact_url;
use crate::error::{Error, ErrorKind};

/// Which proxy stands between the client and the server.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// What the environment says when the client is made, in capitals or small letters: `HTTPS_PROXY` for `wss://`,
    /// `HTTP_PROXY` for `ws://`, else `ALL_PROXY`, but not for what `NO_PROXY` names. Never for this machine itself
    /// (`localhost`, loopback addresses). The default.
    #[default]
    Environment,
    /// None.
    Direct,
    /// This one, for every server: `http://`, `https://` or `socks5://`, with `user:password@` where it wants that.
    /// Host names are resolved by the proxy.
    Url(String),
}

impl Proxy {
    /// A URL, or null for none.
    pub(super) fn from_json(value: &Value) -> Result<Self, Error> {
        match value {
            Value::Null => Ok(Self::Direct),
            Value::String(url) => Ok(Self::Url(url.clone())),
            _ => Err(refused("something that is neither text nor null")),
        }
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        let Self::Url(url) = self else { return Ok(()) };
        let Some((scheme, rest)) = url.split_once("://") else { return Err(refused(&redact_url(url))) };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let is_known = ["http", "https", "socks5", "socks5h"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        if !is_known || host.is_empty() || host.starts_with(':') || url.chars().any(|c| c.is_whitespace()) {
            return Err(refused(&redact_url(url)));
        }
        Ok(())
    }
}

/// Keeps credentials to itself.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("Environment"),
            Self::Direct => f.write_str("Direct"),
            Self::Url(url) => f.debug_tuple("Url").field(&redact_url(url)).finish(),
        }
    }
}

fn refused(shown: &str) -> Error {
    let text = format!("option `proxy` takes an http://, https:// or socks5:// address, or null for none, not {shown}");
    Error::new(ErrorKind::InvalidArgument, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn urls_of_known_schemes_are_taken_and_others_named() {
        for url in ["http://proxy:3128", "https://u:p@proxy", "SOCKS5://[::1]:1080", "socks5h://p/"] {
            Proxy::from_json(&json!(url)).and_then(|proxy| proxy.validate()).expect(url);
        }
        assert_eq!(Proxy::from_json(&Value::Null), Ok(Proxy::Direct));
        for value in [json!("ftp://u:hunter2@p"), json!("p:3128"), json!("http://u:hunter2@"), json!(["hunter2"])] {
            let error = Proxy::from_json(&value).and_then(|proxy| proxy.validate()).expect_err("it is no proxy");
            assert!(error.message().contains("`proxy` takes an http://"), "{error}");
            assert!(!error.message().contains("hunter2"), "{error}");
        }
        assert!(!format!("{:?}", Proxy::Url("http://u:hunter2@p".into())).contains("hunter2"));
    }
}
