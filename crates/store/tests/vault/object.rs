//! The object folder: created once, never overwritten, clean after an interruption.

use std::{
    io::{self, Read, Write},
    path::Path,
    time::{Duration, SystemTime},
};

use model::{Sha256Digest, id::BlobId};
use store::vault::{
    VaultError, VaultErrorKind,
    blob::{AlsoDigest, BlobReader, BlobWriter},
    object::{ObjectFolder, ObjectName, Put},
    secret::Secret32,
};
use tempfile::{TempDir, tempdir};

fn home() -> (TempDir, ObjectFolder) {
    let dir = tempdir().unwrap();
    let folder = ObjectFolder::open(dir.path()).unwrap();
    (dir, folder)
}

fn name(of: &[u8]) -> ObjectName {
    ObjectName::derive(&Secret32::new([3; 32]), &Sha256Digest::of(of))
}

fn read(folder: &ObjectFolder, name: &ObjectName) -> Vec<u8> {
    let mut out = Vec::new();
    folder.get(name).unwrap().read_to_end(&mut out).unwrap();
    out
}

fn unfinished(home: &Path) -> usize {
    std::fs::read_dir(home.join("objects/tmp")).unwrap().count()
}

#[test]
fn an_object_is_stored_found_listed_and_removed() {
    let (dir, folder) = home();
    let one = name(b"one");
    assert!(!folder.exists(&one).unwrap());
    assert_eq!(folder.put(&one, b"sealed").unwrap(), Put::Stored);
    assert!(folder.exists(&one).unwrap());
    assert_eq!(read(&folder, &one), b"sealed");
    assert!(dir.path().join("objects").join(&one.hex()[..2]).join(&one.hex()[2..]).is_file());
    folder.put(&name(b"two"), b"x").unwrap();
    let mut expected = vec![one, name(b"two")];
    expected.sort();
    assert_eq!(folder.list().unwrap().objects, expected);
    assert!(folder.remove(&one).unwrap());
    assert!(!folder.remove(&one).unwrap());
    assert_eq!(unfinished(dir.path()), 0);
}

#[test]
fn law_05_an_object_is_never_overwritten() {
    let (dir, folder) = home();
    folder.put(&name(b"one"), b"sealed").unwrap();
    assert_eq!(folder.put(&name(b"one"), b"sealed").unwrap(), Put::AlreadyThere);
    for other in [b"Sealed".as_slice(), b"sealed and more", b""] {
        assert!(matches!(folder.put(&name(b"one"), other), Err(VaultError::ObjectDiffers { .. })));
    }
    assert_eq!(read(&folder, &name(b"one")), b"sealed");
    assert_eq!(unfinished(dir.path()), 0);
}

#[test]
fn law_05_large_objects_are_compared_to_their_last_byte() {
    let (_dir, folder) = home();
    let mut bytes = vec![7; 200_001];
    folder.put(&name(b"one"), &bytes).unwrap();
    assert_eq!(folder.put(&name(b"one"), &bytes).unwrap(), Put::AlreadyThere);
    for at in [0, 65_536, 200_000] {
        bytes[at] ^= 1;
        assert!(matches!(folder.put(&name(b"one"), &bytes), Err(VaultError::ObjectDiffers { .. })), "byte {at}");
        bytes[at] ^= 1;
    }
}

#[test]
fn law_05_a_missing_object_is_an_anomaly() {
    let (_dir, folder) = home();
    assert!(folder.get(&name(b"gone")).unwrap_err().is_integrity());
}

#[test]
fn cases_never_share_a_name_and_names_do_not_tell_the_digest() {
    let digest = Sha256Digest::of(b"known page");
    let names = [1, 2].map(|fill| ObjectName::derive(&Secret32::new([fill; 32]), &digest));
    assert_ne!(names[0], names[1]);
    assert!(names.iter().all(|name| name.hex() != digest.hex()));
    assert_eq!(names[0].hex().parse::<ObjectName>().unwrap(), names[0]);
    for bad in ["", "ab", "../../etc/passwd", &names[0].hex()[1..], &names[0].hex().to_uppercase()] {
        assert!(bad.parse::<ObjectName>().is_err(), "{bad:?}");
    }
}

#[test]
fn unfinished_objects_vanish() {
    let (dir, folder) = home();
    let mut staged = folder.stage().unwrap();
    staged.write_all(b"half").unwrap();
    assert_eq!(unfinished(dir.path()), 1);
    drop(staged);
    assert_eq!(unfinished(dir.path()), 0);

    std::fs::write(dir.path().join("objects/tmp/left-by-a-crash"), b"half").unwrap();
    let now = SystemTime::now();
    assert_eq!(folder.sweep(now - Duration::from_secs(3600)).unwrap(), 0);
    assert_eq!(folder.sweep(now + Duration::from_secs(3600)).unwrap(), 1);
    assert_eq!(unfinished(dir.path()), 0);
    assert_eq!(folder.list().unwrap().objects, []);
}

#[test]
fn strangers_in_the_folder_are_named_and_links_are_not_followed() {
    let (dir, folder) = home();
    folder.put(&name(b"one"), b"sealed").unwrap();
    let shelf = dir.path().join("objects").join(&name(b"one").hex()[..2]);
    std::fs::write(shelf.join("note.txt"), b"?").unwrap();
    let link = name(b"link");
    let link_shelf = dir.path().join("objects").join(&link.hex()[..2]);
    std::fs::create_dir_all(&link_shelf).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", link_shelf.join(&link.hex()[2..])).unwrap();
    let listing = folder.list().unwrap();
    assert_eq!(listing.objects, [name(b"one")]);
    assert_eq!(listing.strangers.len(), 2, "{:?}", listing.strangers);
    assert!(folder.get(&link).is_err());
}

#[test]
fn a_blob_goes_into_the_folder_and_comes_out() {
    let (_dir, folder) = home();
    let (key, id) = (Secret32::random().unwrap(), BlobId::from_random([1; 16]));
    let mut writer = BlobWriter::new(folder.stage().unwrap(), &key, &id, AlsoDigest::default()).unwrap();
    writer.write_all(b"planted words of a page").unwrap();
    let (mut staged, summary) = writer.finish().unwrap();
    let name = ObjectName::derive(&Secret32::new([3; 32]), &summary.sha256);
    assert_eq!(staged.commit(&name).unwrap(), Put::Stored);
    assert!(!read(&folder, &name).windows(7).any(|window| window == b"planted"));
    let mut out = Vec::new();
    BlobReader::open(folder.get(&name).unwrap(), &key, &id).unwrap().copy_to(summary.sha256, &mut out).unwrap();
    assert_eq!(out, b"planted words of a page");
}

#[test]
fn disk_troubles_say_what_to_do() {
    for (code, advice) in [(rustix::io::Errno::NOSPC, "Free space"), (rustix::io::Errno::ROFS, "read-only"), (rustix::io::Errno::ACCESS, "administrator"), (rustix::io::Errno::DQUOT, "Free space")] {
        let error = VaultError::from_io(io::Error::from(code), "storing an object", "/home/x".as_ref());
        assert!(error.to_string().contains(advice) && error.to_string().contains("/home/x"), "{error}");
        assert_eq!(error.kind(), VaultErrorKind::Environment);
    }
    assert!(matches!(ObjectFolder::open("/dev/null/home".as_ref()), Err(VaultError::Storage { .. })));
}
