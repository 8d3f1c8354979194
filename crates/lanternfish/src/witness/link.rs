//! TLS 1.3 with one known certificate on each side, compared byte for byte.
//!
//! No authority is believed, no name and no date in a certificate counts: which certificate is the right
//! one a person has said. What TLS itself proves is that the other side holds its key. A connection as a
//! whole has a deadline, so that a slow peer holds nobody up.

use std::{
    io::{Error, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, DistinguishedName, ServerConfig, ServerConnection,
    SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls13_signature},
    pki_types::{CertificateDer, IpAddr, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
    version::TLS13,
};

/// Longest time for one connection, from the first byte to the last.
const LONGEST: Duration = Duration::from_secs(20);

/// The certificates that the other side may show.
#[derive(Debug)]
struct Pinned {
    certificates: Vec<Vec<u8>>,
    provider: Arc<CryptoProvider>,
}

type Verified<T> = Result<T, rustls::Error>;

impl Pinned {
    fn new(certificates: Vec<Vec<u8>>) -> Arc<Pinned> {
        Arc::new(Pinned { certificates, provider: provider() })
    }

    fn knows(&self, shown: &CertificateDer<'_>) -> Verified<()> {
        let known = self.certificates.iter().any(|one| one.as_slice() == shown.as_ref());
        if known { Ok(()) } else { Err(CertificateError::ApplicationVerificationFailure.into()) }
    }

    fn signature(&self, message: &[u8], certificate: &CertificateDer<'_>, signed: &DigitallySignedStruct) -> Verified<HandshakeSignatureValid> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn old_version() -> Verified<HandshakeSignatureValid> {
        Err(rustls::Error::General("TLS 1.3 only".into()))
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(&self, shown: &CertificateDer<'_>, _: &[CertificateDer<'_>], _: &ServerName<'_>, _: &[u8], _: UnixTime) -> Verified<ServerCertVerified> {
        self.knows(shown).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct) -> Verified<HandshakeSignatureValid> {
        Pinned::old_version()
    }

    fn verify_tls13_signature(&self, message: &[u8], certificate: &CertificateDer<'_>, signed: &DigitallySignedStruct) -> Verified<HandshakeSignatureValid> {
        self.signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(&self, shown: &CertificateDer<'_>, _: &[CertificateDer<'_>], _: UnixTime) -> Verified<ClientCertVerified> {
        self.knows(shown).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(&self, _: &[u8], _: &CertificateDer<'_>, _: &DigitallySignedStruct) -> Verified<HandshakeSignatureValid> {
        Pinned::old_version()
    }

    fn verify_tls13_signature(&self, message: &[u8], certificate: &CertificateDer<'_>, signed: &DigitallySignedStruct) -> Verified<HandshakeSignatureValid> {
        self.signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn own(certificate: &[u8], key: &[u8]) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    (vec![CertificateDer::from(certificate.to_vec())], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec())))
}

/// A TCP stream that is read and written until a deadline, and no longer.
pub struct Timed {
    stream: TcpStream,
    until: Instant,
}

impl Timed {
    fn new(stream: TcpStream) -> Timed {
        Timed { stream, until: Instant::now() + LONGEST }
    }

    fn left(&self) -> Result<Option<Duration>, Error> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Error::new(ErrorKind::TimedOut, "the other node was too slow")) } else { Ok(Some(left)) }
    }
}

impl Read for Timed {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Error> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(bytes)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.stream.flush()
    }
}

/// The client's side of a connection.
pub type Asking = StreamOwned<ClientConnection, Timed>;
/// The server's side.
pub type Asked = StreamOwned<ServerConnection, Timed>;

/// Connects to a witness that shows exactly the certificate `peer`.
pub fn connect(place: SocketAddr, certificate: &[u8], key: &[u8], peer: Vec<u8>) -> Result<Asking, String> {
    let (chain, key) = own(certificate, key);
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Pinned::new(vec![peer]))
        .with_client_auth_cert(chain, key)
        .map_err(|e| e.to_string())?;
    // The name is not checked and not sent: an address has none.
    let name = ServerName::IpAddress(IpAddr::from(place.ip()));
    let tls = ClientConnection::new(Arc::new(config), name).map_err(|e| e.to_string())?;
    let stream = TcpStream::connect_timeout(&place, LONGEST).map_err(|e| format!("{place}: {e}"))?;
    Ok(StreamOwned::new(tls, Timed::new(stream)))
}

/// What a witness shows, and whose certificates it takes.
pub fn server(certificate: &[u8], key: &[u8], peers: Vec<Vec<u8>>) -> Result<Arc<ServerConfig>, String> {
    let (chain, key) = own(certificate, key);
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|e| e.to_string())?
        .with_client_cert_verifier(Pinned::new(peers))
        .with_single_cert(chain, key)
        .map_err(|e| e.to_string())?;
    // Each connection is judged by the certificates that count now: none is resumed.
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// Takes a connection: the handshake, and the certificate that the other side has proved to hold.
pub fn accept(stream: TcpStream, config: Arc<ServerConfig>) -> Result<(Asked, Vec<u8>), String> {
    let mut stream = Timed::new(stream);
    let mut tls = ServerConnection::new(config).map_err(|e| e.to_string())?;
    while tls.is_handshaking() {
        tls.complete_io(&mut stream).map_err(|e| e.to_string())?;
    }
    let peer = tls.peer_certificates().and_then(|chain| chain.first()).map(|certificate| certificate.to_vec());
    Ok((StreamOwned::new(tls, stream), peer.ok_or("no certificate was shown")?))
}
