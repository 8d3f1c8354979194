//! The machine fails, the work is shared, the laptop dies: nothing acknowledged is lost, and the person
//! is told what to do.

use std::{path::Path, process::Command};

use model::{Law, action::Action, event::EventType};
use serde_json::json;
use store::{Intent, NewEvent, Store, StoreError};
use tempfile::TempDir;

use crate::{
    house::{House, ON_SERVER, PEOPLE, commit_note, files, refused},
    tamper::edit,
};

#[test]
fn law_02_threads_and_programs_that_commit_at_once_keep_one_log() {
    const THREADS: usize = 8;
    const EACH: usize = 50;
    let house = House::new();
    let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let second = house.another_store();
    let before = house.store.log_size().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            // Two stores on one home stand for two programs.
            let (house, case, store) = (&house, &case, if thread % 2 == 0 { &house.store } else { &second });
            scope.spawn(move || {
                let mine = house.scope(["Noy", "Dao"][thread / 4], case);
                let permit = store.permit(&mine, Intent::to(Action::View)).unwrap();
                for n in 0..EACH {
                    commit_note(store, &mine, &permit, &format!("note-{thread}-{n}"), "at once").unwrap();
                }
            });
        }
    });
    house.check_log(before + (THREADS * EACH) as u64);
    assert_eq!(house.store.list(&house.scope("Noy", &case), "note").unwrap().len(), THREADS * EACH);
}

#[test]
fn a_home_of_an_earlier_build_is_taken_over_and_one_of_a_later_build_is_left_alone() {
    let house = House::new();
    if ON_SERVER {
        return; // Its owner brings a server's tables up to date.
    }
    let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let before = house.store.log_size().unwrap();
    edit(&house, "CREATE TABLE _sqlx_migrations (version BIGINT); INSERT INTO _sqlx_migrations VALUES (1), (2); PRAGMA user_version = 0").unwrap();
    let (scope, store) = (house.scope("Noy", &case), house.another_store());
    let permit = store.permit(&scope, Intent::to(Action::View)).unwrap();
    commit_note(&store, &scope, &permit, "note-1", "goes on").unwrap();
    house.check_log(before + 1);

    edit(&house, "PRAGMA user_version = 999").unwrap();
    let later = Store::open(&house.root()).err().unwrap().to_string();
    assert!(later.contains("a later build made these tables"), "{later}");
    house.check_log(before + 1);
}

#[test]
fn law_02_two_people_who_change_one_row_cannot_both_win() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    house.note(&house.scope("Noy", &case), "note-1", "first").unwrap();
    let before = house.store.log_size().unwrap();
    let wins: usize = std::thread::scope(|threads| {
        let one = |name: &'static str| {
            let (house, case) = (&house, &case);
            threads.spawn(move || {
                let scope = house.scope(name, case);
                let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
                let write = store::Write {
                    basis: store::Basis::Over(1),
                    ..crate::house::row(&scope, house.store.now(), "note", "note-1", "kept", json!({"by": name}))
                };
                let event = NewEvent::new(EventType::FindingAdded, None, json!({}));
                match house.store.commit(&scope, &permit, event, vec![write]) {
                    Ok(_) => 1,
                    Err(StoreError::Conflict) => 0,
                    Err(other) => panic!("{other}"),
                }
            })
        };
        let both = [one("Noy"), one("Dao")];
        both.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(wins, 1);
    house.check_log(before + 1);
}

/// A small file system of its own, unmounted when dropped.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size},mode=700");
        run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs", &folder.path().to_string_lossy()]).then(|| SmallDisk(folder))
    }

    /// One into which other accounts may write too.
    #[allow(dead_code, reason = "for the server of the tests on PostgreSQL")]
    pub fn mount_for_all(size: &str) -> Option<SmallDisk> {
        let disk = SmallDisk::mount(size)?;
        let open = |path: &Path| std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o777)).is_ok();
        open(disk.path()).then_some(disk)
    }

    fn remount(&self, options: &str) -> bool {
        run("mount", &["-o", &format!("remount,{options}"), &self.path().to_string_lossy()])
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", &["-l", &self.path().to_string_lossy()]);
    }
}

/// Fills the disk until so many bytes are left.
#[allow(dead_code, reason = "for the server of the tests on PostgreSQL")]
pub fn fill(file: &Path, left: u64) {
    let stat = rustix::fs::statvfs(file.parent().unwrap()).unwrap();
    let most = (stat.f_bavail * stat.f_frsize).saturating_sub(left);
    let mut out = std::fs::File::create(file).unwrap();
    std::io::copy(&mut std::io::Read::take(std::io::repeat(1), most), &mut out).unwrap();
}

fn only_on_sqlite(drill: &str) {
    eprintln!("SKIPPED {drill} on PostgreSQL: the disk of the records is the server's");
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    if ON_SERVER {
        return only_on_sqlite("a_full_disk_refuses_and_loses_nothing");
    }
    let Some(disk) = SmallDisk::mount("8m") else {
        return eprintln!("SKIPPED a_full_disk_refuses_and_loses_nothing: mounting a small disk needs root");
    };
    let house = House::at(tempfile::tempdir_in(disk.path()).unwrap());
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let mut acknowledged = house.store.log_size().unwrap();
    let long = "x".repeat(200_000);
    let refusal = (0..200).find_map(|n| match commit_note(&house.store, &scope, &permit, &format!("note-{n}"), &long) {
        Ok(_) => {
            acknowledged += 1;
            None
        }
        Err(error) => Some(error),
    });
    let refusal = refusal.unwrap();
    assert!(matches!(refusal, StoreError::Environment { .. }), "{refusal:?}");
    assert_eq!(refusal.exit_code(), 3);
    assert!(refusal.to_string().contains("the disk is full: free some space"), "{refusal}");
    // An object that does not fit leaves nothing behind either.
    let refusal = store_object(&house.store, &scope, &permit, &vec![1; 9 << 20]).unwrap_err();
    assert!(refusal.contains("disk is full"), "{refusal}");
    assert_eq!(house.store.count_objects().unwrap(), (0, 0));
    // With space again, the log is whole and goes on.
    assert!(disk.remount("size=64m"));
    house.check_log(acknowledged);
    commit_note(&house.store, &scope, &permit, "note-after", &long).unwrap();
    house.check_log(acknowledged + 1);
}

fn store_object(store: &Store, scope: &store::Scope, permit: &store::Permit, bytes: &[u8]) -> Result<(), String> {
    let (class, also) = (model::exhibit::ExhibitClass::Ordinary, store::vault::blob::AlsoDigest::default());
    let mut blob = store.new_blob(scope, permit, "exh", class, None, also).map_err(|e| e.to_string())?;
    std::io::Write::write_all(&mut blob, bytes).map_err(|e| e.to_string())?;
    blob.finish().map(|_| ()).map_err(|e| e.to_string())
}

#[test]
fn a_read_only_disk_refuses_and_loses_nothing() {
    if ON_SERVER {
        return only_on_sqlite("a_read_only_disk_refuses_and_loses_nothing");
    }
    let Some(disk) = SmallDisk::mount("32m") else {
        return eprintln!("SKIPPED a_read_only_disk_refuses_and_loses_nothing: mounting a disk needs root");
    };
    let house = House::at(tempfile::tempdir_in(disk.path()).unwrap());
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let acknowledged = house.store.log_size().unwrap();
    let root = house.root();
    let House { folder, store, .. } = house;
    drop(store);
    assert!(disk.remount("ro"), "nothing holds a file open for writing");
    let refusal = match Store::open(&root) {
        Err(error) => error,
        Ok(store) => store.commit_node(None, model::authorize::NodeStep::ManageUsers, NewEvent::new(EventType::Anomaly, None, json!({})), vec![]).unwrap_err(),
    };
    assert!(matches!(refusal, StoreError::Environment { .. }), "{refusal:?}");
    assert!(refusal.to_string().contains("read-only"), "{refusal}");
    assert!(refusal.to_string().contains("make it writable"), "{refusal}");
    assert!(matches!(Store::create(&folder.path().join("another"), &crate::house::config()), Err(StoreError::Environment { .. })));
    assert!(disk.remount("rw"));
    let report = Store::open(&root).unwrap().verify_log().unwrap();
    assert_eq!((report.events, report.faults), (acknowledged, vec![]));
}

#[test]
fn a_home_that_is_not_there_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let text = Store::open(&folder.path().join("nowhere")).err().unwrap().to_string();
    assert!(text.contains("lanternfish init"), "{text}");
    let house = House::new();
    assert!(matches!(Store::create(&house.root(), &crate::house::config()), Err(StoreError::Input(_))));
}

/// A backup in another folder than the home.
fn backed_up() -> (House, model::id::CaseId, std::path::PathBuf) {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    house.note(&scope, "note-1", "kept in the backup").unwrap();
    house.blob(&scope, b"bytes in the backup", model::exhibit::ExhibitClass::Ordinary);
    let file = house.folder.path().join("home.backup");
    house.store.backup(&house.session("Boun"), &file, "another four words").unwrap();
    (house, case, file)
}

/// Sessions of the backup end with the restore; everybody logs in again.
#[test]
fn law_03_a_backup_restored_elsewhere_has_the_same_log() {
    let (house, case, file) = backed_up();
    let (size, root) = (house.store.log_size().unwrap(), house.store.verify_log().unwrap().root);
    let elsewhere = house.folder.path().join("other-laptop");
    Store::restore(&file, &elsewhere, "another four words").unwrap();
    let restored = Store::open(&elsewhere).unwrap();
    let now = house.store.now();
    let restored = restored.with_clock(move || now);
    assert!(restored.is_waiting_after_restore());
    let report = restored.verify_log().unwrap();
    assert_eq!((report.events, report.root, report.faults), (size, root, vec![]));

    // Tokens of before the restore open nothing here, neither before the first login nor after it.
    assert!(house.tokens.iter().all(|token| restored.session(token).is_err()));
    let user = restored.user_by_name("Noy").unwrap();
    let token = restored.log_in(&user, crate::house::PASSPHRASE).unwrap().0;
    let scope = restored.enter(&restored.session(&token).unwrap(), &case).unwrap();
    let note: serde_json::Value = restored.get(&scope, "note", "note-1").unwrap().content().unwrap();
    assert_eq!(note["text"], "kept in the backup");
    let permit = restored.permit(&scope, Intent::to(Action::View)).unwrap();
    let blob = restored.list(&scope, "blob").unwrap().pop().unwrap().id.parse().unwrap();
    assert_eq!(restored.read_blob(&scope, &permit, &blob).unwrap().bytes(100).unwrap(), b"bytes in the backup");
    assert!(house.tokens.iter().all(|token| restored.session(token).is_err()));
    assert_eq!(restored.end_old_sessions().unwrap().len(), house.tokens.len());
    restored.resume_after_restore().unwrap();
    assert!(!restored.is_waiting_after_restore());
    assert!(!house.root().join("spool/records.backup").exists());
}

#[test]
fn law_03_a_new_epoch_after_a_restore_has_a_name_of_its_own() {
    let (house, _, file) = backed_up();
    let elsewhere = house.folder.path().join("other-laptop");
    Store::restore(&file, &elsewhere, "another four words").unwrap();
    let now = house.store.now();
    let restored = Store::open(&elsewhere).unwrap().with_clock(move || now);
    let session = |name: &str| {
        let token = restored.log_in(&restored.user_by_name(name).unwrap(), crate::house::PASSPHRASE).unwrap().0;
        restored.session(&token).unwrap()
    };
    let (first, last) = (session(PEOPLE[0].0), session(PEOPLE[2].0));
    let (before, size) = (restored.origin().unwrap(), restored.log_size().unwrap());
    refused(restored.declare_epoch(&first, json!({})), Law::Separation);
    let refusals = restored.log_size().unwrap() - size;
    restored.declare_epoch(&last, json!({"last-known": "checkpoint"})).unwrap();
    assert_ne!(restored.origin().unwrap(), before);
    assert_eq!(house.store.origin().unwrap(), before);
    let report = restored.verify_log().unwrap();
    assert_eq!((report.events, report.faults), (size + refusals + 1, vec![]));
}

#[test]
fn a_backup_with_a_wrong_passphrase_or_a_cut_end_leaves_nothing() {
    let (house, _, file) = backed_up();
    let elsewhere = house.folder.path().join("other-laptop");
    let refusal = Store::restore(&file, &elsewhere, "another five words").unwrap_err();
    assert!(refusal.to_string().contains("passphrase"), "{refusal}");
    assert!(!elsewhere.exists());

    let bytes = std::fs::read(&file).unwrap();
    let damaged = house.folder.path().join("damaged.backup");
    for cut in [0, 10, 40, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&damaged, &bytes[..cut]).unwrap();
        assert!(Store::restore(&damaged, &elsewhere, "another four words").is_err(), "cut at {cut}");
        assert!(!elsewhere.exists() || files(&elsewhere).is_empty(), "cut at {cut}");
    }
    // A home that is there is not overwritten, and neither is a backup.
    assert!(Store::restore(&file, &house.root(), "another four words").is_err());
    assert!(house.store.backup(&house.session("Boun"), &file, "another four words").is_err());
    refused(house.store.backup(&house.session("Noy"), &house.folder.path().join("x"), "another four words"), Law::Separation);
    house.check_log(house.store.log_size().unwrap());
}
