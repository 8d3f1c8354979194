//! A sealed sample with true anchors, copies of it, and the two verdicts that tests ask for.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use seal::check::{State, Verdict, verify_package};
use tempfile::TempDir;

use crate::common::{Agency, PAYLOAD};

/// A folder with `package` and `anchors`.
pub struct Sample {
    _folder: TempDir,
    pub package: PathBuf,
    pub anchors: PathBuf,
}

impl Sample {
    pub fn of(agency: &mut Agency) -> Self {
        let sample = Sample::empty();
        agency.seal(&sample.package, &PAYLOAD);
        agency.go_on(7);
        agency.write_anchors(&sample.anchors);
        sample
    }

    pub fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let (package, anchors) = (folder.path().join("package"), folder.path().join("anchors"));
        Sample { _folder: folder, package, anchors }
    }

    /// A fresh copy of the sample of agency 1.
    pub fn copy() -> Self {
        static ORIGINAL: OnceLock<Sample> = OnceLock::new();
        let original = ORIGINAL.get_or_init(|| Sample::of(&mut Agency::new(1)));
        let copy = Sample::empty();
        copy_tree(&original.package, &copy.package);
        copy_tree(&original.anchors, &copy.anchors);
        copy
    }

    pub fn verdict(&self) -> Verdict {
        verify_package(&self.package, Some(&self.anchors), &|_| ())
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.package.join(file)
    }

    pub fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).unwrap()
    }

    pub fn write(&self, file: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(file), bytes).unwrap();
    }

    /// Every file of the package, as paths from its root.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        list(&self.package, "", &mut files);
        files.sort();
        files
    }

    /// What a careful forger does: makes both manifests and the payload size right again.
    pub fn rehash(&self) {
        let payload: Vec<String> = self.files().into_iter().filter(|f| f.starts_with("data/")).collect();
        self.write("manifest-sha256.txt", self.manifest(&payload));
        let octets: usize = payload.iter().map(|f| self.read(f).len()).sum();
        let info = String::from_utf8(self.read("bag-info.txt")).unwrap();
        let info: String = info.lines().map(|l| if l.starts_with("Payload-Oxum") { format!("Payload-Oxum: {octets}.{}\n", payload.len()) } else { format!("{l}\n") }).collect();
        self.write("bag-info.txt", info);
        self.rehash_tags();
    }

    pub fn rehash_tags(&self) {
        let tags = model::package::TAG_FILES.map(String::from);
        self.write("tagmanifest-sha256.txt", self.manifest(&tags));
    }

    fn manifest(&self, files: &[String]) -> String {
        files.iter().map(|f| format!("{}  {f}\n", model::Sha256Digest::of(&self.read(f)))).collect()
    }

    /// Exit 1, naming a law or a part.
    #[track_caller]
    pub fn is_broken(&self, what: &str, part: &str) {
        broken(&self.verdict(), what, part);
    }

    #[track_caller]
    pub fn is_sound(&self, what: &str) {
        let verdict = self.verdict();
        assert_eq!(verdict.exit_code, 0, "{what}: {:#?}", verdict.faults().collect::<Vec<_>>());
    }
}

#[track_caller]
pub fn broken(verdict: &Verdict, what: &str, part: &str) {
    assert_eq!(verdict.exit_code, 1, "{what}: {:#?}", verdict.faults().collect::<Vec<_>>());
    let named = |check: &&seal::check::Check| check.state == State::Broken && check.part.to_string().contains(part);
    assert!(verdict.checks.iter().any(|c| named(&c)), "{what}: {part} is not named in {:#?}", verdict.faults().collect::<Vec<_>>());
}

fn list(folder: &Path, prefix: &str, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            list(&entry.path(), &format!("{path}/"), files);
        } else {
            files.push(path);
        }
    }
}

pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
