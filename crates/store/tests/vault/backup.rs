//! The backup: whole on the new machine, or nothing there at all.

use std::{fs, path::Path};

use model::Sha256Digest;
use proptest::prelude::*;
use store::vault::{
    VaultError,
    backup::{BackupFile, backup_create, backup_restore, backup_verify, list_home},
    secret::Secret32,
    share,
    wrap::{Identity, wrap_to},
};
use tempfile::{TempDir, tempdir};

fn identity(fill: u8) -> Identity {
    Identity::from_secret(&Secret32::new([fill; 32]))
}

fn small_home() -> TempDir {
    let dir = tempdir().unwrap();
    fs::create_dir_all(dir.path().join("objects/ab")).unwrap();
    fs::write(dir.path().join("house.db"), vec![7; 200_000]).unwrap();
    fs::write(dir.path().join("objects/ab/cdef"), b"sealed").unwrap();
    fs::write(dir.path().join("empty"), b"").unwrap();
    fs::write(dir.path().join("lock"), b"pid").unwrap();
    dir
}

fn backup(home: &Path) -> Vec<u8> {
    let files = list_home(home, |name| name == "lock").unwrap();
    let mut out = Vec::new();
    backup_create(&files, &[identity(1).recipient()], &identity(2).recipient(), &mut out).unwrap();
    out
}

/// Restores into a fresh parent; after an error the parent must be as empty as before.
fn restore(bytes: &[u8], who: &Identity) -> Result<(TempDir, store::vault::backup::BackupSummary), VaultError> {
    let parent = tempdir().unwrap();
    match backup_restore(bytes, who, &parent.path().join("home"), &[]) {
        Ok(summary) => Ok((parent, summary)),
        Err(error) => {
            assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0, "something was left after: {error}");
            Err(error)
        }
    }
}

#[test]
fn a_dead_laptop_comes_back_for_the_officer_and_for_the_recovery_set() {
    let home = small_home();
    let bytes = backup(home.path());
    for who in [identity(1), identity(2)] {
        let (parent, summary) = restore(&bytes, &who).unwrap();
        let target = parent.path().join("home");
        assert_eq!((summary.files, summary.bytes), (3, 200_006));
        assert_eq!(fs::read(target.join("house.db")).unwrap(), vec![7; 200_000]);
        assert_eq!(fs::read(target.join("objects/ab/cdef")).unwrap(), b"sealed");
        assert_eq!(fs::read(target.join("empty")).unwrap(), b"");
        assert!(!target.join("lock").exists());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
        assert_eq!(backup_verify(&bytes[..], &who).unwrap(), summary);
    }
}

#[test]
fn law_13_a_backup_opens_for_its_recipients_only_and_shows_no_name() {
    let bytes = backup(small_home().path());
    assert!(matches!(restore(&bytes, &identity(3)), Err(VaultError::WrongKey { .. })));
    assert!(!bytes.windows(8).any(|window| window == b"house.db"));
}

#[test]
fn recovery_shares_alone_restore_a_dead_laptop() {
    let home = small_home();
    let secret = Secret32::random().unwrap();
    let (_, shares) = share::split(&secret, 2, 3).unwrap();
    let files = list_home(home.path(), |_| false).unwrap();
    let mut bytes = Vec::new();
    backup_create(&files, &[], &Identity::from_secret(&secret).recipient(), &mut bytes).unwrap();
    let joined = Identity::from_secret(&share::join(&[shares[2].clone(), shares[0].clone()]).unwrap());
    assert_eq!(restore(&bytes, &joined).unwrap().1.files, 4);
}

#[test]
fn an_existing_home_is_never_touched() {
    let bytes = backup(small_home().path());
    let there = tempdir().unwrap();
    let refused = backup_restore(&bytes[..], &identity(1), there.path(), &[]).unwrap_err();
    assert!(matches!(refused, VaultError::AlreadyThere { .. }), "{refused}");
    let file = there.path().join("file");
    fs::write(&file, b"mine").unwrap();
    assert!(matches!(backup_restore(&bytes[..], &identity(1), &file, &[]), Err(VaultError::AlreadyThere { .. })));
    assert_eq!(fs::read(&file).unwrap(), b"mine");
    std::os::unix::fs::symlink("nowhere", there.path().join("link")).unwrap();
    assert!(backup_restore(&bytes[..], &identity(1), &there.path().join("link"), &[]).is_err());
    assert!(backup_restore(&bytes[..], &identity(1), &there.path().join("no/parent"), &[]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn law_05_a_changed_or_cut_backup_restores_nothing(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let bytes = backup(small_home().path());
        let at = at.index(bytes.len());
        let mut changed = bytes.clone();
        changed[at] ^= flip;
        prop_assert!(restore(&changed, &identity(1)).is_err());
        prop_assert!(restore(&bytes[..at], &identity(1)).is_err());
        prop_assert!(backup_verify(&changed[..], &identity(1)).is_err());
    }

    #[test]
    fn hostile_frames_restore_nothing(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let head = b"lanternfish backup 1\n".as_slice();
        for inside in [bytes.clone(), [head, &bytes].concat(), [head, b"F\x00\x01a", &bytes].concat()] {
            let sealed = wrap_to(&[identity(1).recipient()], &inside).unwrap();
            prop_assert!(restore(&sealed, &identity(1)).is_err());
        }
    }
}

#[test]
fn law_05_a_backup_cut_at_a_chunk_border_or_lengthened_restores_nothing() {
    let bytes = backup(small_home().path());
    let body = bytes.len() % (64 * 1024 + 16);
    for border in 0..bytes.len() / (64 * 1024 + 16) {
        assert!(restore(&bytes[..body + border * (64 * 1024 + 16)], &identity(1)).is_err());
    }
    let longer = restore(&[&bytes[..], b"x"].concat(), &identity(1)).unwrap_err();
    assert!(longer.is_integrity(), "{longer}");
}

fn frame(path: &str, bytes: &[u8]) -> Vec<u8> {
    let lengths = ((path.len() as u16).to_be_bytes(), (bytes.len() as u64).to_be_bytes());
    [b"F".as_slice(), &lengths.0, path.as_bytes(), &lengths.1, bytes].concat()
}

/// A backup as somebody who knows the recipient could forge it, with a manifest that fits.
fn forged(files: &[(&str, &[u8])], ending: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let frames: Vec<u8> = files.iter().flat_map(|(path, bytes)| frame(path, bytes)).collect();
    let manifest: String = files.iter().map(|(path, bytes)| format!("{}  {path}\n", Sha256Digest::of(bytes))).collect();
    let tail = [b"M".as_slice(), &(manifest.len() as u64).to_be_bytes(), manifest.as_bytes()].concat();
    let inside = [b"lanternfish backup 1\n".as_slice(), &frames, &ending(tail)].concat();
    wrap_to(&[identity(1).recipient()], &inside).unwrap()
}

#[test]
fn path_tricks_restore_nothing() {
    assert_eq!(restore(&forged(&[("a", b"1"), ("a.b/c", b"2")], |tail| tail), &identity(1)).unwrap().1.files, 2);
    let long = "x".repeat(256);
    for path in ["", "/etc/cron.d/x", "../x", "a/../../x", "a/..", ".", "a/./b", "a//b", "a/", "a\\b", "a\nb", "a\0b", &long, "a/../b"] {
        let refused = restore(&forged(&[(path, b"1")], |tail| tail), &identity(1)).unwrap_err();
        assert!(matches!(refused, VaultError::Malformed { .. }), "{path:?}: {refused}");
    }
    for files in [[("a", b"1".as_slice()), ("a", b"2")], [("b", b"1"), ("a", b"2")], [("a", b"1"), ("a/b", b"2")]] {
        assert!(restore(&forged(&files, |tail| tail), &identity(1)).is_err(), "{files:?}");
    }
}

#[test]
fn law_05_a_manifest_that_does_not_fit_restores_nothing() {
    let files = [("a", b"1".as_slice()), ("b", b"2")];
    type Ending = fn(Vec<u8>) -> Vec<u8>;
    let endings: [(&str, Ending); 5] = [
        ("missing", |_| Vec::new()),
        ("wrong digest", |mut tail| { tail[12] ^= 1; tail }),
        ("cut", |mut tail| { tail.pop(); tail }),
        ("followed by more", |mut tail| { tail.push(0); tail }),
        ("endless", |mut tail| { tail[1] = 0xff; tail }),
    ];
    for (what, ending) in endings {
        assert!(restore(&forged(&files, ending), &identity(1)).unwrap_err().is_integrity(), "{what}");
    }
    let endless = [b"lanternfish backup 1\nF\x00\x01a".as_slice(), &[0xff; 8], b"short"].concat();
    let endless = wrap_to(&[identity(1).recipient()], &endless).unwrap();
    assert!(restore(&endless, &identity(1)).unwrap_err().is_integrity());
}

#[test]
fn names_that_could_not_be_restored_are_refused_when_saving() {
    let dir = small_home();
    let source = dir.path().join("house.db");
    for names in [vec!["../x"], vec!["a", "a"], vec!["a\nb"]] {
        let files: Vec<_> = names.iter().map(|path| BackupFile { path: path.to_string(), source: source.clone() }).collect();
        let refused = backup_create(&files, &[], &identity(2).recipient(), std::io::sink());
        assert!(matches!(refused, Err(VaultError::Malformed { .. })), "{names:?}");
    }
    std::os::unix::fs::symlink("/etc/hostname", dir.path().join("link")).unwrap();
    assert!(matches!(list_home(dir.path(), |_| false), Err(VaultError::Malformed { .. })));
    let through_link = [BackupFile { path: "a".into(), source: dir.path().join("link") }];
    assert!(backup_create(&through_link, &[], &identity(2).recipient(), std::io::sink()).is_err());
}

/// Its size says 0 while it has bytes: the one regular file that always changes under the reader.
#[test]
fn a_file_that_changes_meanwhile_stops_the_backup() {
    let source = Path::new("/proc/self/status");
    if !source.is_file() {
        eprintln!("SKIPPED a_file_that_changes_meanwhile_stops_the_backup: no /proc on this system");
        return;
    }
    let files = [BackupFile { path: "status".into(), source: source.into() }];
    let refused = backup_create(&files, &[], &identity(2).recipient(), std::io::sink());
    assert!(matches!(refused, Err(VaultError::Unsteady { .. })), "{refused:?}");
}

#[test]
fn a_full_disk_stops_the_backup_and_says_what_to_do() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("SKIPPED a_full_disk_stops_the_backup_and_says_what_to_do: no /dev/full on this system");
        return;
    };
    let home = small_home();
    let files = list_home(home.path(), |_| false).unwrap();
    let refused = backup_create(&files, &[], &identity(2).recipient(), full).unwrap_err();
    assert!(refused.to_string().contains("Free space"), "{refused}");
}
