//! Makes the payload of a disclosure out of a sealed package that lies in a folder, and opens withheld items
//! later. Every byte is compared with the list that was sealed before it goes on (law 5); of what is withheld
//! it writes the commitment and the class of the reason, and never a name, a length or a digest (law 7). It
//! decides nothing: which items are withheld, and the secret of their salts, arrive as arguments.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use model::{
    Sha256Digest,
    disclosure::{BLIND_FILE, OPENED_DIR, OPENED_LIST, ORIGINAL_DIR, PackageSecret, REVEALED_LIST, WITHHELD_LIST, WithholdClass},
    package::{COMMITMENTS, PAYLOAD_MANIFEST, SEAL_PLAN, SealPlan, TAG_MANIFEST},
};

use crate::{
    Flaw,
    bag::{BagError, BagWriter, VERIFY_DISCLOSURE_SH},
    check::{open_below, read_plain, read_tag},
    flaw::ensure,
    layout::{Entry, Opened, commitments_text, opened_text, read_payload_manifest, read_tag_manifest, withheld_text},
};

/// Longest text of a package that is read whole, in bytes.
pub const MAX_TEXT: u64 = 256 << 20;

/// Why a disclosure was not made.
#[derive(Debug, thiserror::Error)]
pub enum DiscloseError {
    /// The folder is not the package that was sealed.
    #[error("{0}")]
    Original(Flaw),
    /// The new bag could not be written.
    #[error(transparent)]
    Bag(#[from] BagError),
    /// The caller said that the work may not go on.
    #[error("stopped: the ground of this work has ended")]
    Stopped,
}

/// Asked before each item and every few megabytes: whether the work may go on (law 15).
pub type Live<'a> = &'a dyn Fn() -> bool;

/// Bytes between two questions.
const ASK_EVERY: u64 = 8 << 20;

/// A reader that asks on its way, and ends with an error when the answer is no.
struct Asking<'a, R> {
    inner: R,
    live: Live<'a>,
    since: u64,
}

impl<'a, R: Read> Asking<'a, R> {
    fn new(inner: R, live: Live<'a>) -> Self {
        Asking { inner, live, since: ASK_EVERY }
    }
}

impl<R: Read> Read for Asking<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since >= ASK_EVERY {
            if !(self.live)() {
                return Err(io::Error::other("stopped"));
            }
            self.since = 0;
        }
        let count = self.inner.read(buffer)?;
        self.since += count as u64;
        Ok(count)
    }
}

impl From<Flaw> for DiscloseError {
    fn from(flaw: Flaw) -> Self {
        DiscloseError::Original(flaw)
    }
}

/// A sealed package whose lists were compared with what was sealed.
#[derive(Debug)]
pub struct Original {
    folder: PathBuf,
    items: Vec<Entry>,
    plan: SealPlan,
}

impl Original {
    /// Opens the package in `folder`, if its tag manifest is the sealed one and its commitments come from
    /// `secret`. Payload bytes are compared later, while they are read.
    ///
    /// # Errors
    /// A sentence that says what differs.
    pub fn open(folder: &Path, sealed_object: &Sha256Digest, secret: &PackageSecret) -> Result<Original, Flaw> {
        let tag_manifest = read_plain(folder, TAG_MANIFEST)?;
        ensure(Sha256Digest::of(&tag_manifest) == *sealed_object, "this folder does not hold the package that was sealed")?;
        let tags = read_tag_manifest(&tag_manifest)?;
        let tag = |name: &str| {
            let entry = tags.iter().find(|entry| entry.path == name);
            entry.ok_or_else(|| Flaw::new(format!("this package has no {name}: it was built before parts of a package could be disclosed"))).and_then(|entry| read_tag(folder, entry))
        };
        let items = read_payload_manifest(&tag(PAYLOAD_MANIFEST)?)?;
        let expected: Vec<_> = items.iter().map(|entry| opened(secret, entry).commitment()).collect();
        ensure(tag(COMMITMENTS)? == commitments_text(&expected).as_bytes(), "the commitments of this package are not made with the secret on record")?;
        let plan = String::from_utf8(tag(SEAL_PLAN)?).map_err(|e| Flaw::new(e.to_string()))?;
        Ok(Original { folder: folder.to_path_buf(), items, plan: SealPlan::parse(&plan).map_err(Flaw::new)? })
    }

    /// The lines of its payload manifest.
    pub fn items(&self) -> &[Entry] {
        &self.items
    }

    /// The bytes of an item, compared with its digest; `None` when it is longer than `most`.
    ///
    /// # Errors
    /// Law 5: the bytes are not the sealed ones.
    pub fn read(&self, item: &Entry, most: u64) -> Result<Option<Vec<u8>>, Flaw> {
        let (file, length) = self.file(&item.path)?;
        if length > most {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(|e| Flaw::new(format!("{} cannot be read ({e})", item.path)))?;
        ensure(Sha256Digest::of(&bytes) == item.digest, format!("{} was changed after the package was sealed", item.path))?;
        Ok(Some(bytes))
    }

    fn file(&self, path: &str) -> Result<(File, u64), Flaw> {
        let folder = File::open(&self.folder).map_err(|e| Flaw::new(format!("the folder cannot be opened ({e})")))?;
        open_below(&folder, path).map_err(|flaw| flaw.within(path))
    }

    /// Puts the seal, the disclosed items and both lists into `bag`. What `withheld` does not name is
    /// disclosed, but for the blind, which stays behind in any case.
    ///
    /// # Errors
    /// [`DiscloseError::Original`] when a name of `withheld` is no item, or bytes differ; [`DiscloseError::Bag`];
    /// [`DiscloseError::Stopped`].
    pub fn add_to(&self, bag: &mut BagWriter, secret: &PackageSecret, withheld: &BTreeMap<String, WithholdClass>, live: Live<'_>) -> Result<(), DiscloseError> {
        let known: BTreeSet<&str> = self.items.iter().map(|entry| entry.path.as_str()).collect();
        if let Some(path) = withheld.keys().find(|path| !known.contains(path.as_str())) {
            return Err(Flaw::new(format!("{path} is no item of this package")).into());
        }
        let seals = self.plan.files.iter().map(|file| file.path());
        for name in seals.chain([TAG_MANIFEST, SEAL_PLAN, COMMITMENTS].map(String::from)) {
            let (mut file, _) = self.file(&name)?;
            bag.add(&format!("{ORIGINAL_DIR}/{name}"), &mut file)?;
        }
        let (mut open, mut closed) = (Vec::new(), Vec::new());
        for entry in &self.items {
            let one = opened(secret, entry);
            match withheld_as(entry, withheld) {
                Some(class) => closed.push((one.commitment(), class)),
                None => {
                    let (file, _) = self.file(&entry.path)?;
                    let added = bag.add_expecting(&format!("{OPENED_DIR}/{}", entry.path), &mut Asking::new(file, live), &entry.digest);
                    stopped_or(added, live)?;
                    open.push(one);
                }
            }
        }
        for (name, text) in [(OPENED_LIST, opened_text(&open)), (WITHHELD_LIST, withheld_text(&closed)), ("data/verify-disclosure.sh", VERIFY_DISCLOSURE_SH.into())] {
            bag.add(name, &mut text.as_bytes())?;
        }
        Ok(())
    }

    /// Writes a folder that opens `paths` to whoever holds a disclosure: `revealed.txt` and the items.
    ///
    /// # Errors
    /// When the folder exists, a path is no item or is the blind, or bytes differ; nothing is left then.
    pub fn reveal(&self, folder: &Path, secret: &PackageSecret, paths: &[String], live: Live<'_>) -> Result<Vec<Opened>, DiscloseError> {
        let mut list = Vec::new();
        for path in paths {
            let entry = self.items.iter().find(|entry| entry.path == *path && *path != BLIND_FILE);
            let entry = entry.ok_or_else(|| Flaw::new(format!("{path} is no item of this package that can be revealed")))?;
            list.push(opened(secret, entry));
        }
        list.sort_by(|a, b| a.entry.path.cmp(&b.entry.path));
        list.dedup();
        fs::create_dir(folder).map_err(disk("making the folder", folder))?;
        let written = list.iter().try_for_each(|one| self.copy(one, folder, live)).and_then(|()| {
            let place = folder.join(REVEALED_LIST);
            fs::write(&place, opened_text(&list)).map_err(disk("writing", &place)).map_err(DiscloseError::from)
        });
        if let Err(error) = written {
            let _ = fs::remove_dir_all(folder);
            return Err(error);
        }
        Ok(list)
    }

    fn copy(&self, one: &Opened, folder: &Path, live: Live<'_>) -> Result<(), DiscloseError> {
        let place = folder.join(&one.entry.path);
        let parent = place.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(disk("making the folder", parent))?;
        let (file, _) = self.file(&one.entry.path)?;
        let mut out = File::create_new(&place).map_err(disk("making", &place))?;
        let copied = crate::bag::copy_whole(&mut Asking::new(file, live), &mut out).map_err(disk("writing", &place));
        let found = stopped_or(copied, live)?;
        ensure(found == one.entry.digest, format!("{} was changed after the package was sealed", one.entry.path))?;
        Ok(())
    }
}

/// An error of a copy that was stopped is told as the stop.
fn stopped_or<T>(copied: Result<T, BagError>, live: Live<'_>) -> Result<T, DiscloseError> {
    copied.map_err(|error| if live() { error.into() } else { DiscloseError::Stopped })
}

fn opened(secret: &PackageSecret, entry: &Entry) -> Opened {
    Opened { salt: Sha256Digest(secret.salt(&entry.path)), entry: entry.clone() }
}

/// Why an item stays behind; the blind always does.
fn withheld_as(entry: &Entry, withheld: &BTreeMap<String, WithholdClass>) -> Option<WithholdClass> {
    if entry.path == BLIND_FILE { Some(WithholdClass::Blind) } else { withheld.get(&entry.path).copied() }
}

fn disk<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> BagError + 'a {
    move |source| BagError::Disk { what, path: path.to_path_buf(), source }
}
