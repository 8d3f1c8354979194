//! TLS to a page, inside the stream that leads there. Whoever answers is heard, whatever certificate he shows: onion
//! services mostly sign their own. What he showed is recorded, and what the public web's roots say of it; that he
//! holds its key, the handshake itself proves.
//!
//! It offers no client certificate, resumes no session, and keeps at most eight certificates and 64 KiB of them ([`crate::room`]: each
//! once in a record). Each
//! step reads or writes once, so that the lease is looked at between any two, however slowly the other side drips.

use std::io::{self, Read, Write};
use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use model::Sha256Digest;
use model::capture::TlsShown;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, ProtocolVersion, RootCertStore, SignatureScheme};

/// Most certificates of one chain that are kept, and most bytes of them.
const MOST: (usize, usize) = (8, 64 << 10);

/// A stream under TLS.
pub(crate) struct Secured<S> {
    conn: ClientConnection,
    pub(crate) sock: S,
    /// What broke it: told when all that came before was read.
    broken: Option<io::Error>,
}

impl<S: Read + Write> Secured<S> {
    /// Writes once if there is something to write, else reads once.
    fn step(&mut self) -> io::Result<()> {
        if self.conn.wants_write() {
            return self.conn.write_tls(&mut self.sock).map(drop);
        }
        let read = self.conn.read_tls(&mut self.sock)?;
        let judged = self.conn.process_new_packets();
        if judged.is_err() {
            // The other side may hear why; whether it does changes nothing.
            let _ = self.conn.write_tls(&mut self.sock);
        }
        judged.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if read == 0 && self.conn.is_handshaking() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

impl<S: Read + Write> Read for Secured<S> {
    /// At most one read of the stream; `WouldBlock` when it held no whole record yet. A stream that ends without TLS's
    /// own farewell is an error: nobody knows whether something was cut off.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.conn.reader().read(out) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return done,
        }
        if self.broken.is_none() {
            self.broken = self.step().err();
        }
        // What stood whole before a broken record came under the same key, and is read first.
        match (self.conn.reader().read(out), self.broken.take()) {
            (Ok(read), broken) => {
                self.broken = broken.filter(|error| !is_passing(error));
                Ok(read)
            }
            (Err(_), Some(error)) => Err(error),
            (waits, None) => waits,
        }
    }
}

/// Whether the stream may go on after this.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

impl<S: Read + Write> Write for Secured<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.conn.writer().write(bytes)?;
        match self.conn.write_tls(&mut self.sock) {
            // What is left goes out before the next read.
            Err(error) if taken == 0 || !is_passing(&error) => Err(error),
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begins TLS on a stream; nothing is sent yet.
///
/// # Errors
/// When the host is no name that TLS knows.
pub(crate) fn begin<S: Read + Write>(host: &str, stream: S) -> io::Result<Secured<S>> {
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_string()).map_err(io::Error::other)?;
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let mut config = config.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider))).with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    Ok(Secured { conn: connection, sock: stream, broken: None })
}

/// One more step of the handshake; whether it is done.
///
/// # Errors
/// Of the stream; `InvalidData` when the other side does not speak TLS as it must.
pub(crate) fn shake<S: Read + Write>(secured: &mut Secured<S>) -> io::Result<bool> {
    if secured.conn.is_handshaking() || secured.conn.wants_write() {
        secured.step()?;
    }
    Ok(!secured.conn.is_handshaking() && !secured.conn.wants_write())
}

/// What the other side showed.
pub(crate) fn shown<S: Read + Write>(secured: &Secured<S>, host: &str) -> TlsShown {
    let connection = &secured.conn;
    let chain = connection.peer_certificates().unwrap_or_default();
    let mut room = MOST.1;
    let kept = chain.iter().take(MOST.0).take_while(|certificate| {
        let fits = certificate.len() <= room;
        room = room.saturating_sub(certificate.len());
        fits
    });
    TlsShown {
        version: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "1.3".into(),
            Some(ProtocolVersion::TLSv1_2) => "1.2".into(),
            other => format!("{other:?}"),
        },
        cipher: connection.negotiated_cipher_suite().map_or(String::new(), |suite| format!("{:?}", suite.suite())),
        leaf: chain.first().map(|leaf| Sha256Digest::of(leaf)),
        certificates: chain.iter().take(MOST.0).map(|certificate| Sha256Digest::of(certificate)).collect(),
        chain: kept.map(|certificate| STANDARD.encode(certificate)).collect(),
        of: chain.len() as u64,
        judged: judged(chain, host),
    }
}

/// What the roots of the public web say of the chain: `trusted`, or why not.
fn judged(chain: &[CertificateDer<'_>], host: &str) -> String {
    let Some((leaf, others)) = chain.split_first() else { return "no certificate".into() };
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider())).build();
    let (Ok(verifier), Ok(name)) = (verifier, ServerName::try_from(host.trim_matches(['[', ']']).to_string())) else { return "not judged".into() };
    match verifier.verify_server_cert(leaf, others, &name, &[], UnixTime::now()) {
        Ok(_) => "trusted".into(),
        Err(error) => format!("not trusted: {error}").chars().take(300).collect(),
    }
}

/// Hears anybody who holds the key of the certificate that he shows.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(&self, message: &[u8], certificate: &CertificateDer<'_>, signed: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(&self, message: &[u8], certificate: &CertificateDer<'_>, signed: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use std::process::Command;

    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection};

    use super::*;

    /// A server in memory.
    struct Server {
        conn: ServerConnection,
        out: Vec<u8>,
    }

    impl Read for Server {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            while self.conn.wants_write() {
                self.conn.write_tls(&mut self.out)?;
            }
            let read = (&self.out[..]).read(out)?;
            self.out.drain(..read);
            if read == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(read) }
        }
    }

    impl Write for Server {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let read = self.conn.read_tls(&mut &bytes[..])?;
            self.conn.process_new_packets().map_err(io::Error::other)?;
            Ok(read)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// None without openssl, which makes its certificate.
    fn server() -> Option<Server> {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=SYNTHETIC", "-outform", "DER"])
            .args(["-keyout", &at("pem"), "-out", &at("cert")])
            .output();
        made.ok().filter(|made| made.status.success())?;
        assert!(Command::new("openssl").args(["pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in", &at("pem"), "-out", &at("key")]).status().unwrap().success());
        let (certificate, key) = (std::fs::read(at("cert")).unwrap(), std::fs::read(at("key")).unwrap());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let mut config = config.with_single_cert(vec![certificate.into()], PrivateKeyDer::Pkcs8(key.into())).unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Some(Server { conn: ServerConnection::new(Arc::new(config)).unwrap(), out: vec![] })
    }

    #[test]
    fn what_came_whole_before_a_broken_record_is_read_and_the_break_is_told_after_it() {
        let Some(server) = server() else { return eprintln!("SKIPPED what_came_whole_before_a_broken_record_is_read: openssl is not installed") };
        let mut secured = begin("localhost", server).unwrap();
        while !shake(&mut secured).unwrap() {}
        secured.sock.conn.writer().write_all(b"HTTP/1.1 200 OK\r\n\r\nthe page").unwrap();
        while secured.sock.conn.wants_write() {
            let Server { conn, out } = &mut secured.sock;
            conn.write_tls(out).unwrap();
        }
        secured.sock.out.extend([&b"\x17\x03\x03\x00\x20"[..], &[0; 32]].concat());
        let (mut heard, mut room) = (vec![], [0; 8]);
        let error = loop {
            match secured.read(&mut room) {
                Ok(read) => heard.extend_from_slice(&room[..read]),
                Err(error) if is_passing(&error) => assert!(heard.is_empty()),
                Err(error) => break error,
            }
        };
        assert_eq!(String::from_utf8_lossy(&heard), "HTTP/1.1 200 OK\r\n\r\nthe page");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
