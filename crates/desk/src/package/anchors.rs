//! The trust anchors of this node, written for a verifier into a folder outside every package: an event, and nothing
//! secret. It refuses a folder inside a package, because anchors that came with a package prove nothing.

use std::{fs, path::{Path, PathBuf}};

use model::{authorize::NodeStep, event::EventType};
use seal::Certificate;
use serde::Serialize;
use serde_json::json;
use store::{NewEvent, Session, StoreError};

use crate::{Desk, office::input, witness};

/// What was written for a verifier.
#[derive(Debug, Clone, Serialize)]
pub struct AnchorsView {
    /// The folder.
    pub anchors: PathBuf,
    /// Number of events of its checkpoint.
    pub size: u64,
    /// The log's name.
    pub origin: String,
    /// What people compare over another way than the files came: each certificate with the SHA-256 of its
    /// DER, as `openssl x509 -fingerprint -sha256` shows it, and the log's verifier key.
    pub fingerprints: Vec<(String, String)>,
}

/// File and name of each certificate of these PEM files with its fingerprint, and the log's key.
fn fingerprints(root: &str, stamps: &str, log: String) -> Result<Vec<(String, String)>, StoreError> {
    let mut all = Vec::new();
    for (file, pem) in [("root.pem", root), ("tsa.pem", stamps)] {
        for certificate in Certificate::from_pem_bundle(pem).map_err(input)? {
            let pairs: Vec<String> = certificate.digest().0.iter().map(|byte| format!("{byte:02X}")).collect();
            all.push((format!("{file}: {}", certificate.subject()), pairs.join(":")));
        }
    }
    all.push(("log.pem: verifier key".into(), log));
    Ok(all)
}

/// Writes the trust anchors of this node into a folder outside any package: `root.pem`, `tsa.pem`,
/// `crl.pem`, `log.pem`, `witnesses`, `checkpoint` and `hashes`. The checkpoint
/// is later than every package sealed so far. Roots of outside time-stamp authorities are added from
/// the node file `tsa-anchors.pem`, when the administrator has put one there.
///
/// # Errors
/// When the folder lies inside a package; the disk.
pub fn export_anchors(desk: &Desk, session: &Session, folder: &Path) -> Result<AnchorsView, StoreError> {
    let folder = std::path::absolute(folder).map_err(|e| StoreError::environment("finding the folder", &e))?;
    if let Some(package) = folder.ancestors().find(|place| place.join("bagit.txt").exists()) {
        return Err(StoreError::input(format!("{} is a package: anchors that come with a package prove nothing; choose a folder outside", package.display())));
    }
    let event = NewEvent::new(EventType::AnchorsExported, None, json!({"folder": folder.to_string_lossy()}));
    desk.store.commit_node(Some(session), NodeStep::ReadLog, event, vec![])?;
    let checkpoint = desk.store.checkpoint()?;
    let size = checkpoint.claimed().size.0;
    let hashes: Vec<u8> = desk.store.leaf_hashes(size)?.iter().flat_map(|hash| hash.0).collect();
    let root = desk.certificate_authority()?.certificate().to_pem();
    let outside = desk.store.node_secret("tsa-anchors.pem")?.unwrap_or_default();
    let stamps = [root.as_bytes(), &outside].concat();
    let fingerprints = fingerprints(&root, &String::from_utf8_lossy(&stamps), desk.store.log_signer()?.log_key().to_string())?;
    let files: [(&str, Vec<u8>); 7] = [
        ("root.pem", root.clone().into()),
        ("tsa.pem", stamps),
        ("crl.pem", desk.revocation_list()?.into()),
        ("log.pem", desk.store.log_signer()?.log_key().to_pem().into()),
        ("witnesses", witness::keys(desk)?.iter().map(|key| format!("{key}\n")).collect::<String>().into()),
        ("hashes", hashes),
        ("checkpoint", checkpoint.to_text().into()),
    ];
    fs::create_dir_all(&folder).map_err(|e| StoreError::environment(format!("making {}", folder.display()), &e))?;
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).map_err(|e| StoreError::environment(format!("writing {name}"), &e))?;
    }
    Ok(AnchorsView { anchors: folder, size, origin: checkpoint.claimed().origin.to_string(), fingerprints })
}
