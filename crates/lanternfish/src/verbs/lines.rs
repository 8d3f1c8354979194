//! Where the workspace listens, under which names, and with which certificate. It refuses to be reached from other machines
//! without TLS.

use std::{net::{IpAddr, SocketAddr}, path::PathBuf, sync::Arc};

use desk::{Desk, DeskError, serving};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
};

use crate::{args::ListenArgs, files, output::complain};

/// What is encrypted, and what people compare.
pub struct Encrypted {
    pub config: Arc<ServerConfig>,
    /// SHA-256 of the certificate, hexadecimal, in groups of two.
    pub fingerprint: String,
}

/// The names without a port, as they were typed; none: the address itself, and localhost on this machine.
fn names(listen: SocketAddr, typed: &[String]) -> Result<Vec<String>, DeskError> {
    if !typed.is_empty() {
        let good = |name: &String| name.parse::<IpAddr>().is_ok() || !name.is_empty() && name.len() <= 253 && name.split('.').all(|part| !part.is_empty() && part.len() <= 63 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        if let Some(bad) = typed.iter().find(|name| !good(name)) {
            return Err(DeskError::input(format!("{bad} is no name of a server: write it as browsers do, such as lanternfish.unit.example or 192.0.2.7, without https:// and without a port", bad = model::quoted(bad))));
        }
        return Ok(typed.iter().map(|name| name.to_ascii_lowercase()).collect());
    }
    match listen.ip() {
        ip if ip.is_loopback() => Ok(vec![ip.to_string(), "localhost".into()]),
        ip if ip.is_unspecified() => Err(DeskError::input("say with --name by which name browsers call this server: it listens on every address of this machine")),
        ip => Ok(vec![ip.to_string()]),
    }
}

/// How browsers write a name with its port.
fn with_port(name: &str, port: u16, usual: u16) -> Vec<String> {
    let name = if name.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6()) { format!("[{name}]") } else { name.to_string() };
    let whole = format!("{name}:{port}");
    if port == usual { vec![name, whole] } else { vec![whole] }
}

/// The names by which this server is called, and its encryption.
pub fn ready(desk: &Desk, listen: SocketAddr, typed: &ListenArgs) -> Result<(Vec<String>, Option<Encrypted>), DeskError> {
    let names = names(listen, &typed.name)?;
    let encrypted = match (&typed.tls_cert, &typed.tls_key) {
        (Some(certificate), Some(key)) => Some(of_the_agency(certificate, key)?),
        _ if typed.tls_self => Some(of_the_node(desk, &names)?),
        _ => None,
    };
    if encrypted.is_none() && !listen.ip().is_loopback() {
        return Err(DeskError::input(format!("{listen} can be reached from other machines: the workspace listens there over TLS only; give it a certificate (--tls-cert FILE --tls-key FILE) or let the node make one (--tls-self)")));
    }
    Ok((names, encrypted))
}

/// Every way in which browsers may call it.
pub fn called(names: &[String], port: u16, over_tls: bool) -> Vec<String> {
    names.iter().flat_map(|name| with_port(name, port, if over_tls { 443 } else { 80 })).collect()
}

fn of_the_agency(certificate: &PathBuf, key: &PathBuf) -> Result<Encrypted, DeskError> {
    let wrong = |file: &PathBuf, what: &str| DeskError::input(format!("{} holds no {what} in PEM: give the server's certificate first and then those between it and its authority; the key unencrypted, in a file that only this account can read", file.display()));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&files::read(certificate)?).collect::<Result<_, _>>().map_err(|_| wrong(certificate, "certificates"))?;
    let first = chain.first().ok_or_else(|| wrong(certificate, "certificates"))?;
    let fingerprint = in_pairs(&model::Sha256Digest::of(first).hex());
    if open_to_others(key) {
        complain(format!("warning: others on this machine can read the key {0}: run `chmod 600 {0}`", key.display()));
    }
    let private = PrivateKeyDer::from_pem_slice(&files::read(key)?).map_err(|_| wrong(key, "private key"))?;
    Ok(Encrypted { config: config(chain, private)?, fingerprint })
}

fn of_the_node(desk: &Desk, names: &[String]) -> Result<Encrypted, DeskError> {
    let own = serving::certificate(desk, names)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.key.to_vec()));
    Ok(Encrypted { config: config(vec![CertificateDer::from(own.certificate)], key)?, fingerprint: in_pairs(&own.fingerprint.hex()) })
}

fn config(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Arc<ServerConfig>, DeskError> {
    let trouble = |e: rustls::Error| DeskError::input(format!("the certificate and its key cannot be used together: {e}"));
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().map_err(trouble)?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key).map_err(trouble)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn open_to_others(file: &PathBuf) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o077 != 0)
}

/// As browsers show a fingerprint.
fn in_pairs(hex: &str) -> String {
    let pairs: Vec<String> = hex.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_uppercase()).collect();
    pairs.join(":")
}
