//! TLS: which roots are trusted, which certificate is shown, and what a failure means.

use std::io;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, version,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::failure::Failed;
use super::runtime;
use crate::config::{Tls, TlsVersion};
use crate::error::{Error, ErrorKind};

/// What a client's links are secured with. Reading the system's roots takes a while, so it is done once: for all
/// clients with the default options together, for others each on its first attempt.
pub(super) struct Security {
    options: Arc<Parsed>,
    is_default: bool,
    own: OnceCell<Arc<ClientConfig>>,
}

/// The options, read.
struct Parsed {
    ca: Vec<CertificateDer<'static>>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    min_version: TlsVersion,
    server_name: Option<ServerName<'static>>,
    accept_any: bool,
}

impl Security {
    /// # Errors
    /// An option that cannot be read, by name.
    pub(super) fn new(tls: &Tls) -> Result<Self, Error> {
        let certs = |name: &str, pem: &str| {
            let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
            read.ok().filter(|certs| !certs.is_empty()).ok_or_else(|| unreadable(name, "certificates in PEM"))
        };
        let identity = match (&tls.client_cert, &tls.client_key) {
            (Some(cert), Some(key)) => {
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
                    .map_err(|_| unreadable("tls.clientKey", "a private key in PEM that is not encrypted"))?;
                Some((certs("tls.clientCert", cert)?, key))
            }
            _ => None,
        };
        let server_name = tls.server_name.clone().map(|name| {
            ServerName::try_from(name).map_err(|_| unreadable("tls.serverName", "a host name or an IP address"))
        });
        let options = Parsed {
            ca: tls.ca.as_deref().map_or(Ok(Vec::new()), |pem| certs("tls.ca", pem))?,
            identity,
            min_version: tls.min_version,
            server_name: server_name.transpose()?,
            accept_any: tls.dangerously_accept_any_certificate,
        };
        options.check_identity()?;
        Ok(Self { options: Arc::new(options), is_default: *tls == Tls::default(), own: OnceCell::new() })
    }

    /// Secures a connection to the server at `host`; `shown` is its URL as texts may show it.
    pub(super) async fn secure<S>(&self, stream: S, host: &str, shown: &str) -> Result<TlsStream<S>, Failed>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = match &self.options.server_name {
            Some(name) => name.clone(),
            None => server_name(host)?,
        };
        self.handshake(stream, name, shown).await
    }

    /// Secures a connection to a proxy: the name is always its own.
    pub(super) async fn secure_proxy<S>(&self, stream: S, host: &str, shown: &str) -> Result<TlsStream<S>, Failed>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.handshake(stream, server_name(host)?, shown).await
    }

    async fn handshake<S>(&self, stream: S, name: ServerName<'static>, shown: &str) -> Result<TlsStream<S>, Failed>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = self.config().await?;
        let connecting = TlsConnector::from(config).connect(name, stream);
        connecting.await.map_err(|error| {
            explain(&error, shown).unwrap_or_else(|| {
                let text = format!("the TLS handshake with {shown} broke off: {error}");
                Failed::new(ErrorKind::TlsFailed, text)
            })
        })
    }

    async fn config(&self) -> Result<Arc<ClientConfig>, Failed> {
        let failed = |why: String| Failed::new(ErrorKind::TlsFailed, format!("TLS could not be set up: {why}"));
        let shared =
            if self.is_default { Some(runtime::tls().map_err(|error| failed(error.to_string()))?) } else { None };
        let cell = shared.unwrap_or(&self.own);
        let build = || async {
            let options = Arc::clone(&self.options);
            // It reads files.
            let built = runtime::blocking(move || options.build()).await.map_err(|error| failed(error.to_string()))?;
            let built = built.ok_or_else(|| failed("reading the roots panicked".to_owned()))?;
            built.map_err(|error| failed(error.to_string()))
        };
        cell.get_or_try_init(build).await.cloned()
    }
}

impl Parsed {
    /// A key that does not fit its certificate is told at construction.
    fn check_identity(&self) -> Result<(), Error> {
        let Some((certs, key)) = &self.identity else { return Ok(()) };
        let roots = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map(|builder| builder.with_root_certificates(RootCertStore::empty()));
        let built = roots.and_then(|builder| builder.with_client_auth_cert(certs.clone(), key.clone_key()));
        built.map(drop).map_err(|error| {
            let text = format!("options `tls.clientCert` and `tls.clientKey` do not go together: {error}");
            Error::with_cause(ErrorKind::InvalidArgument, text, error)
        })
    }

    fn build(&self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let provider = provider();
        let versions: &[&rustls::SupportedProtocolVersion] = match self.min_version {
            TlsVersion::Tls12 => &[&version::TLS13, &version::TLS12],
            TlsVersion::Tls13 => &[&version::TLS13],
        };
        let verifier: Arc<dyn ServerCertVerifier> =
            if self.accept_any { Arc::new(AcceptAny(Arc::clone(&provider))) } else { verifier(&self.ca, &provider)? };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.identity {
            Some((certs, key)) => builder.with_client_auth_cert(certs.clone(), key.clone_key())?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// What a TLS failure means: `None` where it is not one. A bad certificate stays bad, everything else may pass.
pub(super) fn explain(error: &io::Error, shown: &str) -> Option<Failed> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let fatal = |text: String| Failed::fatal(ErrorKind::TlsFailed, text);
    Some(match error {
        rustls::Error::InvalidCertificate(why) => fatal(refused_certificate(why, shown)),
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::AccessDenied,
        ) => fatal(format!(
            "{shown} does not accept the client's certificate, or wants one ({error}); \
             options `tls.clientCert` and `tls.clientKey` set it"
        )),
        rustls::Error::InvalidMessage(_) => {
            let text = format!("{shown} does not answer with TLS ({error}); does it speak ws:// on that port?");
            Failed::new(ErrorKind::TlsFailed, text)
        }
        error => Failed::new(ErrorKind::TlsFailed, format!("the TLS handshake with {shown} failed: {error}")),
    })
}

fn refused_certificate(why: &CertificateError, shown: &str) -> String {
    match why {
        CertificateError::Expired => format!("the certificate of {shown} has expired"),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate of {shown} has expired: it was valid until {}", date(*not_after))
        }
        CertificateError::NotValidYet => {
            format!("the certificate of {shown} is not valid yet; is the clock of this machine right?")
        }
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "the certificate of {shown} is not valid before {}; is the clock of this machine right?",
            date(*not_before)
        ),
        CertificateError::UnknownIssuer => format!(
            "the certificate of {shown} was issued by an authority that is not trusted here; \
             option `tls.ca` takes that authority's certificate"
        ),
        CertificateError::NotValidForName => format!("the certificate of {shown} is for another host name"),
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "the certificate of {shown} is not for {}: it is for {}",
            expected.to_str(),
            if presented.is_empty() { "no name".to_owned() } else { presented.join(", ") }
        ),
        CertificateError::Revoked => format!("the certificate of {shown} has been revoked"),
        why => format!("the certificate of {shown} cannot be accepted: {why}"),
    }
}

fn date(time: UnixTime) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(time.as_secs()))
}

fn server_name(host: &str) -> Result<ServerName<'static>, Failed> {
    ServerName::try_from(host.to_owned()).map_err(|_| {
        Failed::fatal(ErrorKind::InvalidUrl, format!("{host} is no host name that a certificate could be for"))
    })
}

fn unreadable(name: &str, takes: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("option `{name}` takes {takes} (its value is not shown)"))
}

/// The process may have a default of its own, or two it cannot choose from: neither is asked.
fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    return Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return Arc::new(rustls::crypto::ring::default_provider());
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    compile_error!("the feature `net` needs one of `ring` and `aws-lc-rs` for TLS");
}

/// The system's verifier; with Mozilla's roots where the system has none.
fn verifier(
    ca: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    let system = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
    match system {
        Ok(verifier) if ca.is_empty() => Ok(Arc::new(verifier)),
        Ok(_) => {
            let verifier =
                rustls_platform_verifier::Verifier::new_with_extra_roots(ca.iter().cloned(), Arc::clone(provider))?;
            Ok(Arc::new(verifier))
        }
        Err(_) => bundled(ca, provider).map(|verifier| verifier as Arc<dyn ServerCertVerifier>),
    }
}

fn bundled(
    ca: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in ca {
        roots.add(certificate.clone())?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))
}

/// Trusts everybody; that the peer holds the key of what it shows is checked all the same.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_cannot_be_read_are_named_and_not_shown() {
        let refused = |tls: Tls| match Security::new(&tls) {
            Ok(_) => panic!("it should be refused"),
            Err(error) => error.to_string(),
        };
        assert!(refused(Tls::new().ca("hunter2")).contains("`tls.ca` takes certificates in PEM"));
        assert!(refused(Tls::new().client_cert("x", "hunter2")).contains("`tls.clientKey` takes a private key"));
        assert!(refused(Tls::new().server_name("a b")).contains("`tls.serverName` takes a host name"));
        assert!(!refused(Tls::new().ca("hunter2")).contains("hunter2"));
    }

    #[test]
    fn there_are_roots_where_the_system_has_none() {
        assert!(bundled(&[], &provider()).is_ok());
        assert!(webpki_roots::TLS_SERVER_ROOTS.len() > 50);
    }
}
