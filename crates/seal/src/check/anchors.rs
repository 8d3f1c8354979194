//! The verifier's own anchors: what he got elsewhere and believes. Nothing inside the package is one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ledger::{Hash, SignedCheckpoint, VerifyingKey, WitnessKey, key::public_key_from_pem};

use super::verdict::{Part, Report};
use crate::{Certificate, revocation::RevocationList};

/// What the anchor folder holds; `None` where a file is missing or unreadable.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    pub(super) root: Option<Vec<Certificate>>,
    pub(super) tsa: Option<Vec<Certificate>>,
    pub(super) log: Option<VerifyingKey>,
    pub(super) witnesses: Option<Vec<WitnessKey>>,
    pub(super) checkpoint: Option<SignedCheckpoint>,
    pub(super) hashes: Option<Vec<Hash>>,
    pub(super) revoked: Option<RevocationList>,
}

const MAX_ANCHOR: u64 = 4 << 30;

impl Anchors {
    /// Reads the folder. A missing or unreadable part is reported as not checked.
    pub(super) fn read(package: &Path, folder: Option<&Path>, report: &mut Report) -> Self {
        let Some(folder) = usable(package, folder, report) else { return Anchors::default() };
        let mut reader = Reader { folder, report };
        let certificates = |text: String| Certificate::from_pem_bundle(&text).map_err(|e| e.to_string());
        let mut anchors = Anchors {
            root: reader.needed("root.pem", certificates),
            tsa: reader.needed("tsa.pem", certificates),
            log: reader.needed("log.pem", |text| public_key_from_pem(&text).map_err(|e| e.to_string())),
            witnesses: reader.optional("witnesses", |text| WitnessKey::parse_list(&text).map_err(|e| e.to_string())),
            checkpoint: reader.needed("checkpoint", |text| SignedCheckpoint::parse(text.as_bytes()).map_err(|e| e.to_string())),
            hashes: None,
            revoked: None,
        };
        anchors.hashes = reader.hashes();
        anchors.revoked = reader.revoked(anchors.root.as_deref().unwrap_or_default());
        anchors
    }
}

/// The folder, if it is one and lies outside the package.
fn usable(package: &Path, folder: Option<&Path>, report: &mut Report) -> Option<PathBuf> {
    let origin = "sound in itself, origin not checked";
    let Some(folder) = folder else {
        report.unchecked(Part::Anchors, "anchors", format!("{origin}: get root.pem, tsa.pem, log.pem and checkpoint from somebody other than the sender, and name their folder with --anchors"));
        return None;
    };
    let object = folder.display().to_string();
    match (folder.canonicalize(), package.canonicalize()) {
        (Ok(folder), Ok(package)) if folder.starts_with(&package) => {
            report.unchecked(Part::Anchors, &object, format!("{origin}: these anchors lie inside the package, and a forger ships his own; get yours elsewhere"));
            None
        }
        (Ok(folder), Ok(_)) if folder.is_dir() => Some(folder),
        _ => {
            report.unchecked(Part::Anchors, &object, format!("{origin}: there is no such folder"));
            None
        }
    }
}

struct Reader<'a> {
    folder: PathBuf,
    report: &'a mut Report,
}

impl Reader<'_> {
    fn text(&self, name: &str) -> Result<Option<String>, String> {
        let path = self.folder.join(name);
        match fs::metadata(&path) {
            Err(_) => Ok(None),
            Ok(meta) if !meta.is_file() || meta.len() > super::MAX_WHOLE => Err("this is not a file of reasonable size".into()),
            Ok(_) => fs::read_to_string(&path).map(Some).map_err(|e| e.to_string()),
        }
    }

    fn needed<T>(&mut self, name: &str, parse: impl FnOnce(String) -> Result<T, String>) -> Option<T> {
        match self.text(name) {
            Ok(None) => {
                self.report.unchecked(Part::Anchors, name, format!("origin not checked: {name} is not in your anchors folder"));
                None
            }
            other => self.parsed(name, other, parse),
        }
    }

    fn optional<T>(&mut self, name: &str, parse: impl FnOnce(String) -> Result<T, String>) -> Option<T> {
        match self.text(name) {
            Ok(None) => None,
            other => self.parsed(name, other, parse),
        }
    }

    fn parsed<T>(&mut self, name: &str, text: Result<Option<String>, String>, parse: impl FnOnce(String) -> Result<T, String>) -> Option<T> {
        match text.and_then(|text| parse(text.unwrap_or_default())) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.report.unchecked(Part::Anchors, name, format!("{name} in your anchors folder cannot be used: {reason}"));
                None
            }
        }
    }

    /// `hashes`: 32 raw bytes per leaf. Needed only when sizes differ, so its absence is judged later.
    fn hashes(&mut self) -> Option<Vec<Hash>> {
        let path = self.folder.join("hashes");
        let meta = fs::metadata(&path).ok()?;
        let bytes = if meta.is_file() && meta.len() <= MAX_ANCHOR { fs::read(&path).ok() } else { None };
        let bytes = bytes.filter(|b| b.len().is_multiple_of(32));
        if bytes.is_none() {
            self.report.unchecked(Part::Anchors, "hashes", "hashes in your anchors folder cannot be used: expected 32 bytes for each leaf");
        }
        let bytes = bytes?;
        let (leaves, _) = bytes.as_chunks::<32>();
        Some(leaves.iter().map(|leaf| model::Sha256Digest(*leaf)).collect())
    }

    fn revoked(&mut self, authorities: &[Certificate]) -> Option<RevocationList> {
        if authorities.is_empty() {
            return None;
        }
        let list = self.optional("crl.pem", |text| RevocationList::from_pem(&text, authorities).map_err(|e| e.to_string()));
        if !self.folder.join("crl.pem").exists() {
            self.report.limit("revocation not checked: no crl.pem in your anchors folder");
        }
        list
    }
}
