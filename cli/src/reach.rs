//! How the server is reached: credentials, proxy and TLS from the command line.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use steadywire::{Config, Error, ErrorKind, Proxy, Tls, TlsVersion};

use crate::token;

/// What stands between this machine and the server.
#[derive(Args, Debug)]
#[command(next_help_heading = "Reaching the server")]
pub(crate) struct ReachArgs {
    /// Secret to show to the hub
    #[arg(long, env = "STEADYWIRE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Command whose first line of output is the secret; run before every attempt, instead of --token. Its environment
    /// has STEADYWIRE_FORCE_REFRESH=1 when the last secret was refused
    #[arg(long, value_name = "COMMAND")]
    pub(crate) token_command: Option<String>,
    /// Further header of the request; may be repeated
    #[arg(long, value_name = "NAME: VALUE", value_parser = header, hide_short_help = true)]
    pub(crate) header: Vec<(String, String)>,
    /// Subprotocol to offer; may be repeated
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(crate) protocol: Vec<String>,
    /// Proxy: http://, https:// or socks5://user:password@host:port [default: what HTTPS_PROXY, HTTP_PROXY, ALL_PROXY
    /// and NO_PROXY say]
    #[arg(long, value_name = "URL", hide_short_help = true)]
    pub(crate) proxy: Option<String>,
    /// No proxy, whatever the environment says
    #[arg(long, conflicts_with = "proxy", hide_short_help = true)]
    pub(crate) no_proxy: bool,
    /// Certificates of authorities to trust besides the system's, in PEM
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) ca: Option<PathBuf>,
    /// Certificate to show to the server, in PEM
    #[arg(long, value_name = "FILE", requires = "key", hide_short_help = true)]
    pub(crate) cert: Option<PathBuf>,
    /// Private key of --cert, in PEM
    #[arg(long, value_name = "FILE", requires = "cert", hide_short_help = true)]
    pub(crate) key: Option<PathBuf>,
    /// Name that the server's certificate must have, instead of the URL's host
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(crate) server_name: Option<String>,
    /// Oldest version of TLS to speak
    #[arg(long, value_name = "VERSION", default_value = "1.2", hide_short_help = true)]
    pub(crate) min_tls: TlsArg,
    /// Accept any certificate: anybody on the way can read and change everything. For tests
    #[arg(long, hide_short_help = true)]
    pub(crate) insecure_skip_verify: bool,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TlsArg {
    /// TLS 1.2 or newer.
    #[value(name = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[value(name = "1.3")]
    Tls13,
}

impl ReachArgs {
    /// Adds what was given to the configuration.
    pub(crate) fn apply(&self, mut config: Config) -> Result<Config, Error> {
        if let Some(token) = &self.token {
            config = config.token(token);
        }
        if let Some(command) = self.token_command.clone() {
            config = config.credentials_blocking(move |request| token::ask(&command, &request));
        }
        for (name, value) in &self.header {
            config = config.header(name, value);
        }
        config = config.protocols(self.protocol.clone());
        if self.no_proxy {
            config = config.proxy(Proxy::Direct);
        } else if let Some(url) = &self.proxy {
            config = config.proxy(Proxy::Url(url.clone()));
        }
        Ok(config.tls(self.tls()?))
    }

    fn tls(&self) -> Result<Tls, Error> {
        let version = match self.min_tls {
            TlsArg::Tls12 => TlsVersion::Tls12,
            TlsArg::Tls13 => TlsVersion::Tls13,
        };
        let mut tls = Tls::new().min_version(version).dangerously_accept_any_certificate(self.insecure_skip_verify);
        if let Some(path) = &self.ca {
            tls = tls.ca(read("--ca", path)?);
        }
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            tls = tls.client_cert(read("--cert", cert)?, read("--key", key)?);
        }
        if let Some(name) = &self.server_name {
            tls = tls.server_name(name);
        }
        Ok(tls)
    }
}

fn read(option: &str, path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| {
        let text = format!("{option} {} cannot be read: {error}", path.display());
        Error::with_cause(ErrorKind::InvalidArgument, text, error)
    })
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err("a header is written like this: 'X-Name: value'".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        reach: ReachArgs,
    }

    fn config(words: &[&str]) -> Result<Config, String> {
        let cli = Cli::try_parse_from(std::iter::once(&"x").chain(words)).map_err(|error| error.to_string())?;
        cli.reach.apply(Config::new("wss://h/ws")).map_err(|error| error.to_string())
    }

    #[test]
    fn options_reach_the_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let ca = dir.path().join("ca.pem");
        fs::write(&ca, "PEM").unwrap();
        let config = config(&[
            "--token",
            "t",
            "--header",
            "X-A: b:c",
            "--protocol",
            "p",
            "--proxy",
            "socks5://p",
            "--server-name",
            "n",
            "--ca",
            ca.to_str().unwrap(),
            "--min-tls",
            "1.3",
            "--insecure-skip-verify",
        ])
        .unwrap();
        assert_eq!((config.token.as_deref(), &config.protocols[..]), (Some("t"), &["p".to_owned()][..]));
        assert_eq!(config.headers, [("X-A".to_owned(), "b:c".to_owned())]);
        assert_eq!(config.proxy, Proxy::Url("socks5://p".into()));
        let tls = Tls::new().ca("PEM").server_name("n").min_version(TlsVersion::Tls13);
        assert_eq!(config.tls, tls.dangerously_accept_any_certificate(true));
    }

    #[test]
    fn by_default_nothing_is_set() {
        let config = config(&["--no-proxy"]).unwrap();
        assert_eq!((config.proxy, config.tls, config.credentials.is_none()), (Proxy::Direct, Tls::new(), true));
    }

    #[test]
    fn what_cannot_be_is_named() {
        let refused = |words: &[&str]| config(words).expect_err("it should be refused");
        assert!(refused(&["--header", "nonsense"]).contains("X-Name: value"));
        assert!(refused(&["--cert", "c.pem"]).contains("--key"));
        assert!(refused(&["--proxy", "http://p", "--no-proxy"]).contains("cannot be used with"));
        let missing = refused(&["--ca", "/nowhere/ca.pem"]);
        assert!(missing.contains("--ca /nowhere/ca.pem cannot be read"), "{missing}");
    }
}
