//! TLS: what the hub was given in PEM, and the handshakes.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::{Ticketer, default_provider};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{self, InconsistentKeys, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use crate::error::HubError;
use crate::http::hang_up;
use crate::limits::{TLS_BUFFER, TLS_HANDSHAKE_TIMEOUT};

/// What is said of broken PEM text. The parser's errors quote lines, and in a file whose line breaks
/// were lost that is the private key.
const UNREADABLE: &str = "cannot be read as PEM text; is it whole, with its line breaks?";

/// A certificate and its key as they were given.
pub(crate) struct Pem {
    /// The hub's own, then those that lead to its authority.
    pub(crate) certificate: Vec<u8>,
    /// Secret; never printed.
    pub(crate) key: Vec<u8>,
}

/// Makes TLS of the connections that come in.
#[derive(Clone)]
pub(crate) struct Tls(TlsAcceptor);

impl Tls {
    /// # Errors
    /// Option `tls` or `client_ca`, and what is wrong with it.
    pub(crate) fn new(pem: &Pem, client_ca: Option<&[u8]>) -> Result<Self, HubError> {
        let wrong = |problem| HubError::Option { option: "tls", problem };
        let provider = Arc::new(default_provider());
        let certificate =
            certificates(&pem.certificate).map_err(|problem| wrong(format!("the certificate {problem}")))?;
        let key = private_key(&pem.key).map_err(wrong)?;
        let key = provider
            .key_provider
            .load_private_key(key)
            .map_err(|error| wrong(format!("the private key cannot be used: {error}")))?;
        let certified = CertifiedKey::new(certificate, key);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => {
                let problem = "the private key does not belong to the certificate; where there are several \
                               certificates, the hub's own must be the first";
                return Err(wrong(problem.to_owned()));
            }
            Err(error) => return Err(wrong(format!("the certificate cannot be used: {error}"))),
        }
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(error.to_string()))?;
        let config = match client_ca {
            None => config.with_no_client_auth(),
            Some(pem) => {
                let wrong = |problem| HubError::Option { option: "client_ca", problem };
                let roots = Arc::new(authorities(pem).map_err(wrong)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                config.with_client_cert_verifier(verifier.map_err(|error| wrong(error.to_string()))?)
            }
        };
        let mut config = config.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Clients that come back in a crowd skip half of the handshake; the state is with them, not here.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        // A client that resumes shows no certificate, and the one it showed may have expired since.
        if client_ca.is_none() {
            config.ticketer = Ticketer::new().map_err(|error| wrong(error.to_string()))?;
        }
        Ok(Tls(TlsAcceptor::from(Arc::new(config))))
    }

    /// Shakes hands; `None` where they come to no agreement, and then the peer was told why, or where
    /// the peer takes too long.
    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Option<TlsStream<S>> {
        let accept = self.0.accept_with(stream, |session| session.set_buffer_limit(Some(TLS_BUFFER)));
        match timeout(TLS_HANDSHAKE_TIMEOUT, accept.into_fallible()).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err((_, mut stream))) => {
                // It fails only where the peer is gone.
                let _ = hang_up(&mut stream).await;
                None
            }
            Err(_) => None,
        }
    }
}

/// All certificates of the text, at least one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err("is missing: no section `BEGIN CERTIFICATE` is in the PEM text".to_owned()),
        Ok(all) => Ok(all),
        Err(_) => Err(UNREADABLE.to_owned()),
    }
}

/// The first private key of the text.
fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let problem = match PrivateKeyDer::pem_slice_iter(pem).next() {
        Some(Ok(key)) => return Ok(key),
        _ if pem.windows(9).any(|part| part == b"ENCRYPTED") => {
            "is encrypted; decrypt it first, e.g. with `openssl pkey -in key.pem -out plain.pem`"
        }
        Some(Err(_)) => UNREADABLE,
        None => "is missing: no section `BEGIN PRIVATE KEY` (or `RSA` or `EC PRIVATE KEY`) is in the PEM text",
    };
    Err(format!("the private key {problem}"))
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).map_err(|problem| format!("the certificate {problem}"))? {
        roots.add(certificate).map_err(|error| format!("a certificate cannot be used: {error}"))?;
    }
    Ok(roots)
}
