//! A certificate authority made for one test, and servers that show its certificates.

use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use tokio_tungstenite::tungstenite::{WebSocket, accept};

use super::support::Server;

pub(crate) type TlsStream = StreamOwned<ServerConnection, TcpStream>;

pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
pub(crate) struct Identity {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Two authorities of one name are taken for one whose signature is bad.
        params.distinguished_name.push(DnType::CommonName, key.public_key_pem());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn issue(&self, name: &str) -> Identity {
        self.issue_with(name, |_| ())
    }

    pub(crate) fn issue_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Identity { cert: cert.pem(), key: key.serialize_pem() }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        roots
    }
}

/// What a server secures its connections with.
pub(crate) struct Secured {
    config: Arc<ServerConfig>,
}

impl Secured {
    pub(crate) fn new(identity: &Identity) -> Self {
        Self::with(identity, None, rustls::ALL_VERSIONS)
    }

    /// Only for clients with a certificate of this authority.
    pub(crate) fn for_clients_of(identity: &Identity, authority: &Authority) -> Self {
        Self::with(identity, Some(authority), rustls::ALL_VERSIONS)
    }

    pub(crate) fn with(
        identity: &Identity,
        clients: Option<&Authority>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).unwrap();
        let builder = match clients {
            Some(authority) => builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider).build().unwrap(),
            ),
            None => builder.with_no_client_auth(),
        };
        let cert = CertificateDer::from_pem_slice(identity.cert.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
        Self { config: Arc::new(builder.with_single_cert(vec![cert], key).unwrap()) }
    }

    /// Over a connection that was accepted. The handshake happens with the first read.
    pub(crate) fn over(&self, stream: TcpStream) -> TlsStream {
        StreamOwned::new(ServerConnection::new(self.config.clone()).unwrap(), stream)
    }

    /// The next connection, upgraded.
    pub(crate) fn accept(&self, server: &Server) -> WebSocket<TlsStream> {
        accept(self.over(server.connection())).unwrap()
    }

    /// The next connection, whose handshake goes wrong or is given up by the client.
    pub(crate) fn fails(&self, server: &Server) {
        let mut stream = self.over(server.connection());
        assert!(!matches!(stream.read(&mut [0; 1]), Ok(1..)), "something was said over a connection that should fail");
        // A reset would overtake the alert that says why.
        let _ = stream.sock.shutdown(Shutdown::Write);
        let _ = stream.sock.read_to_end(&mut Vec::new());
    }
}
