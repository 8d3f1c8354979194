//! Law 5: exactly the listed files, each with exactly the listed bytes. Symbolic links, devices, empty
//! folders and odd names are faults, not surprises: nothing is opened that is not a plain file.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read},
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use model::{
    Law, Sha256Digest,
    package::{COMMITMENTS, SEAL_PLAN, SealPlan, TAG_MANIFEST},
};
use sha2::{Digest, Sha256};

use super::{
    MAX_WHOLE, Progress,
    verdict::{Part, Report},
};
use crate::{
    Flaw,
    flaw::ensure,
    layout::{BAGIT_TXT, BagInfo, Entry, read_bag_info, read_commitments, read_payload_manifest, read_tag_manifest},
};

const BYTES: Part = Part::Law(Law::Integrity);

/// A bag whose lists of files could be read.
#[derive(Debug)]
pub(super) struct Bag {
    pub(super) payload: Vec<Entry>,
    pub(super) info: Option<BagInfo>,
    pub(super) plan: SealPlan,
    pub(super) sealed_object: Sha256Digest,
}

/// Opens a plain file below the package and nothing else: what was opened is what is looked at, so a link
/// that is put in its place or on the way to it meanwhile is not followed, and a pipe does not hold the
/// reader up. A kernel before Linux 5.6 guards the last name only.
pub(crate) fn open_below(dir: &File, path: &str) -> Result<(File, u64), Flaw> {
    use rustix::{fs::{Mode, OFlags, ResolveFlags, openat, openat2}, io::Errno};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let opened = match openat2(dir, path, flags, Mode::empty(), resolve) {
        Err(Errno::NOSYS | Errno::PERM) => openat(dir, path, flags, Mode::empty()),
        answer => answer,
    };
    let file = File::from(opened.map_err(|e| match e {
        Errno::NOENT => Flaw::new("the file is missing"),
        Errno::LOOP | Errno::XDEV => Flaw::new("not a plain file"),
        other => Flaw::new(format!("the file cannot be read ({other})")),
    })?);
    let meta = file.metadata().map_err(|e| Flaw::new(format!("the file cannot be read ({e})")))?;
    ensure(meta.is_file(), "not a plain file")?;
    Ok((file, meta.len()))
}

/// Reads a plain file of the package whole.
pub(crate) fn read_plain(dir: &Path, path: &str) -> Result<Vec<u8>, Flaw> {
    let opened = File::open(dir).map_err(|e| Flaw::new(format!("the folder cannot be opened ({e})")))?;
    let (file, length) = open_below(&opened, path).map_err(|flaw| Flaw::new(format!("{path}: {flaw}")))?;
    ensure(length <= MAX_WHOLE, format!("{path} is larger than such a file can be"))?;
    let mut bytes = Vec::new();
    file.take(MAX_WHOLE).read_to_end(&mut bytes).map_err(|e| Flaw::new(format!("{path} cannot be read ({e})")))?;
    Ok(bytes)
}

/// Reads the lists and compares them with what lies there. `None` when the lists are unreadable.
pub(super) fn check_layout(dir: &Path, report: &mut Report) -> Option<Bag> {
    let tag_manifest = report.record(BYTES, TAG_MANIFEST, read_plain(dir, TAG_MANIFEST), |_| "read".into())?;
    let tags = report.record(BYTES, TAG_MANIFEST, read_tag_manifest(&tag_manifest), |_| "lists exactly the tag files of this profile".into())?;
    let mut texts = Vec::new();
    for entry in &tags {
        let text = report.record(BYTES, &entry.path, read_tag(dir, entry), |_| "bytes match the tag manifest".into());
        texts.push(text.unwrap_or_default());
    }
    let text = |name: &str| tags.iter().position(|t| t.path == name).map_or(&[][..], |at| texts[at].as_slice());
    let bagit = ensure(text("bagit.txt") == BAGIT_TXT.as_bytes(), "bagit.txt is not the declaration of BagIt 1.0");
    report.record(BYTES, "bagit.txt", bagit, |()| "BagIt 1.0, UTF-8".into());
    let info = report.record(BYTES, "bag-info.txt", read_bag_info(text("bag-info.txt")), |i| format!("package {}", i.package));
    let commits = tags.iter().any(|entry| entry.path == COMMITMENTS);
    let same_profile = ensure(info.as_ref().is_none_or(|info| info.commits == commits), "bag-info.txt and tagmanifest-sha256.txt are of two different profiles");
    report.record(BYTES, "profile", same_profile, |()| if commits { "parts of it can be disclosed" } else { "the first profile, without commitments" }.into());
    let payload = report.record(BYTES, "manifest-sha256.txt", read_payload_manifest(text("manifest-sha256.txt")), |p| format!("{} payload files listed", p.len()))?;
    if commits {
        let one_each = read_commitments(text(COMMITMENTS)).and_then(|all| ensure(all.len() == payload.len(), "it has not one commitment for each payload file"));
        report.record(BYTES, COMMITMENTS, one_each, |()| format!("{} commitments, one for each payload file", payload.len()));
    }
    let plan = std::str::from_utf8(text(SEAL_PLAN)).map_err(|e| e.to_string()).and_then(SealPlan::parse).and_then(distinct);
    let plan = report.record(Part::Law(Law::Custody), SEAL_PLAN, plan, |p| format!("{} seal files planned", p.files.len()))?;
    let bag = Bag { payload, info, plan, sealed_object: Sha256Digest::of(&tag_manifest) };
    check_tree(dir, &bag, &tags, report);
    Some(bag)
}

/// No certificate may stand twice: one officer cannot sign for two, one authority not count twice.
pub(super) fn distinct(plan: SealPlan) -> Result<SealPlan, String> {
    use model::package::SealFile;
    let mut seen = BTreeSet::new();
    for file in &plan.files {
        if let SealFile::Officer { certificate, .. } | SealFile::Token { certificate, .. } = file
            && !seen.insert(*certificate)
        {
            return Err(format!("{SEAL_PLAN} names the certificate {certificate} twice"));
        }
    }
    Ok(plan)
}

pub(crate) fn read_tag(dir: &Path, entry: &Entry) -> Result<Vec<u8>, Flaw> {
    let bytes = read_plain(dir, &entry.path)?;
    ensure(Sha256Digest::of(&bytes) == entry.digest, format!("{} was changed: its digest is not the one in {TAG_MANIFEST}", entry.path))?;
    Ok(bytes)
}

/// Files and folders of the package, compared with the lists both ways.
fn check_tree(dir: &Path, bag: &Bag, tags: &[Entry], report: &mut Report) {
    let seals: Vec<String> = bag.plan.files.iter().map(|f| f.path()).collect();
    let mut files: BTreeSet<&str> = bag.payload.iter().chain(tags).map(|e| e.path.as_str()).chain(seals.iter().map(String::as_str)).collect();
    files.insert(TAG_MANIFEST);
    let faults = strangers(dir, &files);
    if faults.is_empty() {
        report.sound(BYTES, "files", format!("exactly the {} listed files are there, nothing more", files.len()));
    }
    for (object, text) in faults.into_iter().take(20) {
        report.broken(BYTES, &object, text);
    }
}

/// What lies there and is not listed, or is listed and does not lie there as a plain file.
pub(super) fn strangers(dir: &Path, files: &BTreeSet<&str>) -> Vec<(String, String)> {
    let folders: BTreeSet<&str> = files.iter().flat_map(|file| file.match_indices('/').map(|(at, _)| &file[..at])).collect();
    let mut tree = Tree { files, folders: &folders, seen: BTreeSet::new(), faults: Vec::new() };
    tree.walk(dir, "");
    let mut faults = tree.faults;
    let seen = tree.seen;
    faults.extend(files.iter().filter(|f| !seen.contains(**f)).map(|f| ((*f).to_string(), "is listed but missing".to_string())));
    faults
}

/// The digest of a plain file below a folder, of any length.
pub(super) fn digest_of(dir: &Path, path: &str) -> Result<Sha256Digest, Flaw> {
    let opened = File::open(dir).map_err(|e| Flaw::new(format!("the folder cannot be opened ({e})")))?;
    let (mut file, _) = open_below(&opened, path)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Sha256Digest(hasher.finalize().into())),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Flaw::new(format!("the file cannot be read ({e})"))),
        }
    }
}

struct Tree<'a> {
    files: &'a BTreeSet<&'a str>,
    folders: &'a BTreeSet<&'a str>,
    seen: BTreeSet<String>,
    faults: Vec<(String, String)>,
}

const MAX_FAULTS: usize = 100;

impl Tree<'_> {
    fn walk(&mut self, folder: &Path, prefix: &str) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) => return self.fault(prefix, format!("the folder cannot be read ({e})")),
        };
        for entry in entries {
            if self.faults.len() >= MAX_FAULTS {
                return;
            }
            match entry {
                Ok(entry) => self.visit(&entry, prefix),
                Err(e) => self.fault(prefix, format!("the folder cannot be read ({e})")),
            }
        }
    }

    fn visit(&mut self, entry: &fs::DirEntry, prefix: &str) {
        let name = entry.file_name();
        let path = format!("{prefix}{}", name.to_string_lossy());
        let exact = name.to_str().is_some();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && exact && self.folders.contains(path.as_str()) => self.walk(&entry.path(), &format!("{path}/")),
            Ok(kind) if kind.is_dir() => self.fault(&path, "a folder that does not belong here".into()),
            Ok(kind) if kind.is_file() && exact && self.files.contains(path.as_str()) => {
                self.seen.insert(path);
            }
            Ok(kind) if kind.is_file() => self.fault(&path, "a file that is not listed: it was added".into()),
            _ => self.fault(&path, "neither a plain file nor a folder (a link or device)".into()),
        }
    }

    fn fault(&mut self, path: &str, text: String) {
        self.faults.push((path.escape_debug().to_string(), text));
    }
}

/// Hashes every payload file on two threads and compares; then the totals with `bag-info.txt`.
pub(super) fn check_payload(dir: &Path, bag: &Bag, progress: &(dyn Fn(Progress) + Sync), report: &mut Report) {
    let total = bag.info.as_ref().map_or(0, |info| info.octets);
    let dir = match File::open(dir) {
        Ok(dir) => dir,
        Err(e) => return report.broken(BYTES, "data", format!("the folder cannot be opened ({e})")),
    };
    let work = Hashing { dir: &dir, entries: &bag.payload, next: AtomicUsize::new(0), done: AtomicU64::new(0), total, progress, faults: Mutex::new(Vec::new()) };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4).min(bag.payload.len());
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| work.run());
        }
        work.run();
    });
    let octets = work.done.load(Ordering::Relaxed);
    let mut faults = work.faults.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    faults.sort();
    if faults.is_empty() {
        report.sound(BYTES, "data", format!("{octets} bytes in {} payload files match the manifest", bag.payload.len()));
        if let Some(info) = &bag.info {
            let agree = info.octets == octets && info.files == bag.payload.len() as u64;
            report.record(BYTES, "bag-info.txt", ensure(agree, "Payload-Oxum is not the size of the payload"), |()| "Payload-Oxum agrees".into());
        }
    }
    for (object, text) in faults.into_iter().take(MAX_FAULTS) {
        report.broken(BYTES, &object, text);
    }
}

struct Hashing<'a> {
    dir: &'a File,
    entries: &'a [Entry],
    next: AtomicUsize,
    done: AtomicU64,
    total: u64,
    progress: &'a (dyn Fn(Progress) + Sync),
    faults: Mutex<Vec<(String, String)>>,
}

impl Hashing<'_> {
    fn run(&self) {
        // Small enough to stay in the processor's cache between the kernel's copy and the hash.
        let mut buffer = vec![0; 64 * 1024];
        while let Some(entry) = self.entries.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(flaw) = self.check(entry, &mut buffer) {
                self.faults.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((entry.path.clone(), flaw.to_string()));
            }
        }
    }

    fn check(&self, entry: &Entry, buffer: &mut [u8]) -> Result<(), Flaw> {
        let (mut file, length) = self.open(&entry.path)?;
        let digest = self.digest(&mut file, length, buffer).map_err(|e| Flaw::new(format!("the file cannot be read ({e})")))?;
        ensure(digest == entry.digest, "the bytes were changed: their digest is not the one in the manifest")
    }

    fn open(&self, path: &str) -> Result<(File, u64), Flaw> {
        open_below(self.dir, path)
    }

    /// The digest of the `length` bytes that the file had when it was opened. Asking once more for its end
    /// would cost one call in five, and tell nothing of a file that others change while it is read.
    fn digest(&self, file: &mut File, length: u64, buffer: &mut [u8]) -> io::Result<Sha256Digest> {
        let (mut hasher, mut read) = (Sha256::new(), 0);
        while read < length {
            let count = match file.read(buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            hasher.update(&buffer[..count]);
            read += count as u64;
            let done = self.done.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
            (self.progress)(Progress { done, total: self.total });
        }
        Ok(Sha256Digest(hasher.finalize().into()))
    }
}
