//! How a `wss://` link is secured.

use std::fmt;

use serde_json::Value;

use super::options::{bad, text};
use crate::error::{Error, ErrorKind};

/// How a `wss://` link is secured. The default: TLS 1.2 or newer, the roots that the system trusts, and where it has
/// none, those of Mozilla that are part of this library.
///
/// ```
/// use steadywire::{Config, Tls, TlsVersion};
///
/// # let pem = String::new();
/// let config = Config::new("wss://hub.internal/ws")
///     .tls(Tls::new().ca(pem).min_version(TlsVersion::Tls13));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tls {
    /// Certificates of authorities to trust beside the roots, in PEM; one or more. Default none.
    pub ca: Option<String>,
    /// The certificate that this client shows, in PEM, with those between it and its authority behind it. Needs
    /// `client_key`. Default none.
    pub client_cert: Option<String>,
    /// The private key of `client_cert`, in PEM: PKCS #8, PKCS #1 or SEC 1, not encrypted. Default none.
    pub client_key: Option<String>,
    /// The oldest version to speak. Default TLS 1.2.
    pub min_version: TlsVersion,
    /// The name that the server's certificate must have, and that the server is asked for, instead of the URL's host.
    /// Default none.
    pub server_name: Option<String>,
    /// Takes every certificate: anybody on the way can read and change everything. For tests. Default false.
    pub dangerously_accept_any_certificate: bool,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Tls {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// See the field of that name.
    #[must_use]
    pub fn ca(mut self, pem: impl Into<String>) -> Self {
        self.ca = Some(pem.into());
        self
    }

    /// Shows this certificate to servers that ask for one. See the fields `client_cert` and `client_key`.
    #[must_use]
    pub fn client_cert(mut self, cert_pem: impl Into<String>, key_pem: impl Into<String>) -> Self {
        self.client_cert = Some(cert_pem.into());
        self.client_key = Some(key_pem.into());
        self
    }

    /// See the field of that name.
    #[must_use]
    pub fn min_version(mut self, version: TlsVersion) -> Self {
        self.min_version = version;
        self
    }

    /// See the field of that name.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// See the field of that name.
    #[must_use]
    pub fn dangerously_accept_any_certificate(mut self, accept: bool) -> Self {
        self.dangerously_accept_any_certificate = accept;
        self
    }

    /// From an object with the shared names of its fields.
    pub(super) fn from_json(value: &Value) -> Result<Self, Error> {
        // Keys are secrets: what was given is not shown.
        let takes = || Error::new(ErrorKind::InvalidArgument, "option `tls` takes an object (its value is not shown)");
        let mut tls = Self::default();
        for (key, value) in value.as_object().ok_or_else(takes)? {
            let name = format!("tls.{key}");
            let pem = || text(&name, value).map_err(|_| hidden(&name));
            match key.as_str() {
                "ca" => tls.ca = Some(pem()?),
                "clientCert" => tls.client_cert = Some(pem()?),
                "clientKey" => tls.client_key = Some(pem()?),
                "minVersion" => {
                    tls.min_version = match value.as_str() {
                        Some("1.2") => TlsVersion::Tls12,
                        Some("1.3") => TlsVersion::Tls13,
                        _ => return Err(bad(&name, "\"1.2\" or \"1.3\"", value)),
                    };
                }
                "serverName" => tls.server_name = Some(text(&name, value)?),
                "dangerouslyAcceptAnyCertificate" => {
                    let accept = value.as_bool().ok_or_else(|| bad(&name, "true or false", value))?;
                    tls.dangerously_accept_any_certificate = accept;
                }
                _ => {
                    let text = format!(
                        "there is no option `{name}`; option `tls` takes ca, clientCert, clientKey, minVersion, \
                         serverName and dangerouslyAcceptAnyCertificate"
                    );
                    return Err(Error::new(ErrorKind::UnknownOption, text));
                }
            }
        }
        Ok(tls)
    }

    pub(super) fn validate(&self) -> Result<(), Error> {
        if self.client_cert.is_some() != self.client_key.is_some() {
            let text = "options `tls.clientCert` and `tls.clientKey` are given both or neither";
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        Ok(())
    }
}

/// Shows everything but the key.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca", &self.ca.as_ref().map(|_| "<pem>"))
            .field("client_cert", &self.client_cert.as_ref().map(|_| "<pem>"))
            .field("client_key", &self.client_key.as_ref().map(|_| "<redacted>"))
            .field("min_version", &self.min_version)
            .field("server_name", &self.server_name)
            .field("dangerously_accept_any_certificate", &self.dangerously_accept_any_certificate)
            .finish()
    }
}

fn hidden(name: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("option `{name}` takes PEM text (its value is not shown)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_have_shared_names() {
        let given = json!({
            "ca": "A", "clientCert": "C", "clientKey": "K", "minVersion": "1.3", "serverName": "n",
            "dangerouslyAcceptAnyCertificate": true,
        });
        let tls = Tls::from_json(&given).unwrap();
        let built = Tls::new().ca("A").client_cert("C", "K").min_version(TlsVersion::Tls13).server_name("n");
        assert_eq!(tls, built.dangerously_accept_any_certificate(true));
    }

    #[test]
    fn a_refusal_names_the_field_and_shows_no_key() {
        let refused = |value: Value| Tls::from_json(&value).expect_err("it should be refused").to_string();
        assert!(refused(json!({"minVersion": "1.1"})).contains("`tls.minVersion` takes \"1.2\" or \"1.3\""));
        assert!(refused(json!({"certificate": ""})).contains("no option `tls.certificate`"));
        for value in [json!({"clientKey": ["hunter2"]}), json!("hunter2"), json!({"ca": {"hunter2": 1}})] {
            assert!(!refused(value).contains("hunter2"));
        }
        let tls = Tls::new().client_cert("CERT", "hunter2");
        assert!(!format!("{tls:?}").contains("hunter2"));
        let half = Tls { client_cert: Some("CERT".to_owned()), ..Tls::default() };
        assert!(half.validate().expect_err("the key is missing").message().contains("both or neither"));
    }
}
