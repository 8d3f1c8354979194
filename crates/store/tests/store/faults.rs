//! The machine fails in the ways that docs/guide/faults.md lists: a disk that stops in the middle of a commit,
//! the end of a write-ahead log that is torn, bytes that rot, records put back to an earlier hour, a lock that
//! is not given, a clock that jumps. Each is found, told with what to do, and loses nothing acknowledged that
//! the disk still has.

use std::{collections::BTreeMap, fs, io::Write as _, os::unix::fs::PermissionsExt, path::Path};

use model::{Law, action::Action, event::EventType, exhibit::ExhibitClass};
use seccompiler::{SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule};
use serde_json::json;
use store::{Intent, LogReport, NewEvent, Store, StoreError};

use crate::{
    house::{HOUR, House, ON_SERVER, PASSPHRASE, commit_note, copy_folder, files, refused},
    tamper::home_with_notes,
};

/// What of the records lies on the disk of a server is its own affair; `server.rs` has the drills of a server.
fn only_in_a_file(drill: &str) -> bool {
    if ON_SERVER {
        eprintln!("SKIPPED {drill} on PostgreSQL: the disk of the records is the server's (server.rs shows its faults)");
    }
    !ON_SERVER
}

/// The health of a home that somebody's hand or a bad disk touched: the log as it is now, or why nobody can tell.
fn looked_at(root: &Path) -> Result<LogReport, StoreError> {
    let store = Store::open(root)?;
    match store.database_integrity()?.as_str() {
        "ok" => store.verify_log(),
        bad => Err(StoreError::damaged(bad)),
    }
}

// ---- bit rot

#[test]
fn a_byte_of_the_records_that_rots_is_found_or_changes_nothing() {
    if !only_in_a_file("a_byte_of_the_records_that_rots_is_found_or_changes_nothing") {
        return;
    }
    let (house, case) = home_with_notes();
    house.blob(&house.scope("Noy", &case), b"bytes", ExhibitClass::Ordinary);
    let whole = house.store.verify_log().unwrap();
    let before = house.store.list(&house.scope("Noy", &case), "note").unwrap();
    let House { folder, store, .. } = house;
    // Whoever leaves last brings the write-ahead log into the file.
    drop(store);
    let root = folder.path().join("home");
    let sound = fs::read(root.join("records.db")).unwrap();
    let (mut found, mut harmless) = (0, 0);
    // Every page is hit three times, where something stands.
    let places = (0..sound.len()).step_by(4096).enumerate().flat_map(|(number, page)| {
        let sound = &sound;
        [11, 1_500, 3_000].into_iter().filter_map(move |from| (page + (number * 37 + from) % 4096..page + 4096).find(|place| sound[*place] != 0))
    });
    for place in places {
        let mut rotten = sound.clone();
        rotten[place] ^= 0x10;
        fs::write(root.join("records.db"), &rotten).unwrap();
        match looked_at(&root) {
            Err(StoreError::Damaged(_) | StoreError::Input(_) | StoreError::Environment { .. }) => found += 1,
            Err(other) => panic!("byte {place}: {other:?}"),
            Ok(report) if !report.faults.is_empty() => found += 1,
            // A byte that nobody reads: what is recorded is as it was.
            Ok(report) => {
                assert_eq!((report.events, report.rows, report.root), (whole.events, whole.rows, whole.root.clone()), "byte {place}");
                harmless += 1;
            }
        }
        for side in ["records.db-wal", "records.db-shm"] {
            let _ = fs::remove_file(root.join(side));
        }
    }
    assert!(found > harmless * 5 && found > 50, "{found} found, {harmless} harmless");
    fs::write(root.join("records.db"), &sound).unwrap();
    assert_eq!(looked_at(&root).unwrap().faults, Vec::<String>::new());
    assert_eq!(before.len(), 10);
}

#[test]
fn a_file_that_is_no_database_any_more_says_what_to_do() {
    if !only_in_a_file("a_file_that_is_no_database_any_more_says_what_to_do") {
        return;
    }
    let (house, _) = home_with_notes();
    let House { folder, store, .. } = house;
    drop(store);
    let records = folder.path().join("home/records.db");
    let sound = fs::read(&records).unwrap();
    // Its beginning is gone, half of it is gone, a page in the middle is gone.
    let broken: [fn(&mut Vec<u8>); 3] = [|bytes| bytes[..100].fill(0), |bytes| bytes.truncate(bytes.len() / 2), |bytes| bytes[8_192..40_960].fill(0xA5)];
    for (number, breaks) in broken.into_iter().enumerate() {
        let mut bytes = sound.clone();
        breaks(&mut bytes);
        fs::write(&records, bytes).unwrap();
        match looked_at(&folder.path().join("home")) {
            Err(error @ StoreError::Damaged(_)) => {
                assert_eq!(error.exit_code(), 3);
                assert!(error.to_string().contains("keep the home as it is"), "{number}: {error}");
            }
            other => panic!("{number}: {other:?}"),
        }
    }
}

#[test]
fn an_object_that_a_power_cut_left_empty_or_cut_is_named_without_any_key() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    for bytes in [&b""[..], b"x", &[7; 65_536], &[7; 65_537], &[7; 200_000]] {
        house.blob(&scope, bytes, ExhibitClass::Ordinary);
    }
    assert_eq!(house.store.torn_objects().unwrap(), Vec::<String>::new());
    if house.store.config().objects.is_some() {
        return eprintln!("SKIPPED an_object_that_a_power_cut_left_empty_or_cut_is_named_without_any_key in a bucket: its objects are not asked one by one");
    }
    for (number, object) in house.objects().into_iter().enumerate() {
        let bytes = house.object(&object);
        let torn = match number % 3 {
            0 => vec![],
            1 => vec![0; bytes.len()],
            _ => bytes[..bytes.len().min(24 + 9)].to_vec(),
        };
        house.change_object(&object, &torn);
    }
    assert_eq!(house.store.torn_objects().unwrap().len(), 5);
}

// ---- torn writes and disks that fail

/// Copies the home as a power cut would leave it: with whatever the write-ahead log holds.
fn as_it_lies(house: &House, to: &Path) {
    copy_folder(&house.root(), to);
    let _ = fs::remove_file(to.join("records.db-shm"));
}

#[test]
fn law_03_a_torn_write_ahead_log_leaves_a_whole_log_and_the_kept_checkpoint_tells_what_is_missing() {
    if !only_in_a_file("law_03_a_torn_write_ahead_log_leaves_a_whole_log_and_the_kept_checkpoint_tells_what_is_missing") {
        return;
    }
    let (house, case) = home_with_notes();
    house.store.keep_checkpoint().unwrap();
    house.note(&house.scope("Noy", &case), "note-last", "after the checkpoint").unwrap();
    let whole = house.store.verify_log().unwrap();
    let wal = fs::read(house.root().join("records.db-wal")).unwrap();
    assert!(wal.len() > 40_000, "nothing was brought into the file yet");
    let place = tempfile::tempdir().unwrap();
    let (mut shorter, mut told) = (0, 0);
    for step in 0..12 {
        let root = place.path().join(format!("home-{step}"));
        as_it_lies(&house, &root);
        let mut torn = wal.clone();
        let at = wal.len() * (step + 1) / 12 - 5;
        // The rest was never written, or was written with other bytes.
        if step % 2 == 0 { torn.truncate(at) } else { torn[at] ^= 1 }
        fs::write(root.join("records.db-wal"), torn).unwrap();
        let store = match Store::open(&root) {
            Ok(store) => store,
            // So early that not even the tables are there.
            Err(error) => {
                assert!(matches!(error.exit_code(), 2 | 3), "{error}");
                continue;
            }
        };
        let report = match store.verify_log() {
            Ok(report) => report,
            Err(error) => {
                assert!(step < 6, "{step}: {error}");
                continue;
            }
        };
        assert_eq!(report.faults, Vec::<String>::new(), "{step}: what is there is whole");
        shorter += usize::from(report.events < whole.events);
        let missing = store.against_kept_checkpoint().unwrap();
        told += usize::from(missing.is_some());
        let kept = store.kept_checkpoint().unwrap().unwrap().claimed().size.0;
        assert_eq!(missing.is_some(), report.events < kept, "{step}: {missing:?}");
    }
    assert!(shorter > 2 && told > 2, "{shorter} shorter, {told} told");
    // Untouched, all of it is there.
    let root = place.path().join("untouched");
    as_it_lies(&house, &root);
    let store = Store::open(&root).unwrap();
    assert_eq!((store.verify_log().unwrap().events, store.against_kept_checkpoint().unwrap()), (whole.events, None));
}

#[test]
fn law_03_records_put_back_to_an_earlier_hour_or_another_key_do_not_fit_the_kept_checkpoint() {
    let (house, case) = home_with_notes();
    assert_eq!(house.store.against_kept_checkpoint().unwrap(), None, "nothing was kept yet");
    house.store.keep_checkpoint().unwrap();
    assert_eq!(house.store.against_kept_checkpoint().unwrap(), None);
    // The records as a server's own backup would bring them back an hour later.
    let copy = crate::tamper::Copy::of(&house);
    house.note(&house.scope("Noy", &case), "note-later", "the log grows").unwrap();
    assert_eq!(house.store.against_kept_checkpoint().unwrap(), None);
    house.store.keep_checkpoint().unwrap();
    let kept = house.root().join("checkpoint");
    let newest = fs::read(&kept).unwrap();

    fs::write(copy.root().join("checkpoint"), &newest).unwrap();
    let now = house.store.now();
    let store = copy.open().unwrap().with_clock(move || now);
    let said = store.against_kept_checkpoint().unwrap().unwrap();
    assert!(said.contains("holds fewer events"), "{said}");
    assert_eq!(store.verify_log().unwrap().faults, Vec::<String>::new(), "nothing else tells");
    // Somebody works on in it: as many events as before, and another history.
    let scope = store.enter(&house.session("Noy"), &case).unwrap();
    let permit = store.permit(&scope, Intent::to(Action::View)).unwrap();
    commit_note(&store, &scope, &permit, "note-other", "another history").unwrap();
    let said = store.against_kept_checkpoint().unwrap().unwrap();
    assert!(said.contains("another history"), "{said}");

    // A key that rotted, or was replaced, signs another log.
    let log_key = house.root().join("node/log.key");
    let key = fs::read(&log_key).unwrap();
    let mut other = key.clone();
    other[0] = if other[0] == b'a' { b'b' } else { b'a' };
    fs::write(&log_key, &other).unwrap();
    let said = house.store.against_kept_checkpoint().unwrap().unwrap();
    assert!(said.contains("key"), "{said}");
    fs::write(&log_key, &key).unwrap();
    for broken in [&newest[..newest.len() / 2], b"", b"no checkpoint"] {
        fs::write(&kept, broken).unwrap();
        assert!(matches!(house.store.against_kept_checkpoint(), Err(StoreError::Damaged(_))));
    }
    fs::write(&kept, &newest).unwrap();
    assert_eq!(house.store.against_kept_checkpoint().unwrap(), None);
}

/// Does something in a thread in which these calls of the system fail with "input/output error".
fn on_a_failing_disk<T: Send>(calls: Vec<(i64, Vec<SeccompRule>)>, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|threads| {
        let failing = threads.spawn(|| {
            let rules: BTreeMap<i64, Vec<SeccompRule>> = calls.into_iter().collect();
            let io_error = SeccompAction::Errno(u32::try_from(libc::EIO).unwrap());
            let filter = SeccompFilter::new(rules, SeccompAction::Allow, io_error, std::env::consts::ARCH.try_into().unwrap()).unwrap();
            let program: seccompiler::BpfProgram = filter.try_into().unwrap();
            seccompiler::apply_filter(&program).unwrap();
            work()
        });
        failing.join().unwrap()
    })
}

#[test]
fn law_02_a_disk_that_stops_in_the_middle_of_a_commit_loses_nothing_acknowledged() {
    if !only_in_a_file("law_02_a_disk_that_stops_in_the_middle_of_a_commit_loses_nothing_acknowledged") {
        return;
    }
    let (house, case) = home_with_notes();
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let acknowledged = house.store.log_size().unwrap();
    let wal = fs::metadata(house.root().join("records.db-wal")).unwrap().len();
    let commit = |store: &Store, id: &str| commit_note(store, &scope, &permit, id, &"x".repeat(100_000));

    // Every write beyond the first pages of the step fails.
    let beyond = SeccompCondition::new(3, SeccompCmpArgLen::Qword, SeccompCmpOp::Ge, wal + 20_000).unwrap();
    let torn = on_a_failing_disk(vec![(libc::SYS_pwrite64, vec![SeccompRule::new(vec![beyond]).unwrap()])], || {
        let store = house.another_store();
        commit(&store, "note-torn").unwrap_err()
    });
    assert_eq!(torn.exit_code(), 3, "{torn:?}");
    assert!(torn.to_string().contains("disk"), "{torn}");
    house.check_log(acknowledged);
    assert!(house.store.get(&scope, "note", "note-torn").is_err());

    // The pages are written, and the disk does not say that it keeps them.
    let unsure = on_a_failing_disk(vec![(libc::SYS_fsync, vec![]), (libc::SYS_fdatasync, vec![])], || {
        let store = house.another_store();
        commit(&store, "note-unsure").unwrap_err()
    });
    assert!(matches!(unsure, StoreError::Unknown { .. }), "{unsure:?}");
    assert!(unsure.to_string().contains("it was recorded or not, nobody was told"), "{unsure}");
    let after = house.store.log_size().unwrap();
    assert!(after == acknowledged || after == acknowledged + 1);
    house.check_log(after);
    assert_eq!(house.store.get(&scope, "note", "note-unsure").is_ok(), after == acknowledged + 1, "all of it or nothing");
    // And on it goes; what a power cut would leave now is whole too.
    commit(&house.store, "note-after").unwrap();
    house.check_log(after + 1);
    let place = tempfile::tempdir().unwrap();
    as_it_lies(&house, &place.path().join("home"));
    assert_eq!(looked_at(&place.path().join("home")).unwrap().events, after + 1);
}

#[test]
fn an_object_on_a_disk_that_fails_is_refused_and_leaves_nothing() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let before = house.store.log_size().unwrap();
    for call in [libc::SYS_write, libc::SYS_fsync] {
        if call == libc::SYS_fsync && house.store.config().objects.is_some() {
            continue; // What lies in a bucket is not synced here.
        }
        let said = on_a_failing_disk(vec![(call, vec![])], || {
            let mut blob = house.store.new_blob(&scope, &permit, "exh", ExhibitClass::Ordinary, None, store::vault::blob::AlsoDigest::default()).map_err(|e| e.to_string())?;
            blob.write_all(&[1; 200_000]).map_err(|e| e.to_string())?;
            blob.finish().map(|_| ()).map_err(|e| e.to_string())
        });
        assert!(said.is_err(), "{call}");
        assert_eq!(house.store.count_objects().unwrap().0, 0, "{call}: {said:?}");
        assert!(files(&house.root().join("objects/tmp")).is_empty(), "{call}: {said:?}");
    }
    house.check_log(before);
    house.blob(&scope, &[1; 200_000], ExhibitClass::Ordinary);
}

// ---- two programs

#[test]
#[ignore = "takes 20 s: the wait for a lock that is not given"]
fn a_lock_that_another_program_keeps_is_told_and_loses_nothing() {
    let (house, case) = home_with_notes();
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let before = house.store.log_size().unwrap();
    let (held, told) = std::sync::mpsc::channel();
    std::thread::scope(|threads| {
        let holder = threads.spawn(|| match &house.database {
            Some(database) => {
                held.send(()).unwrap();
                let keep = "BEGIN; UPDATE log_head SET id = 1 WHERE id = 1; SELECT pg_sleep(26); COMMIT";
                database.cluster.run("postgres", &database.name, keep).map(|_| ()).unwrap();
            }
            None => hold_the_file(&house.root(), &held),
        });
        told.recv().unwrap();
        std::thread::sleep(std::time::Duration::from_secs(1));
        let error = commit_note(&house.store, &scope, &permit, "note-waits", "x").unwrap_err();
        assert!(matches!(error, StoreError::Environment { .. }), "{error:?}");
        assert!(error.to_string().contains("another lanternfish process holds"), "{error}");
        holder.join().unwrap();
    });
    house.check_log(before);
    commit_note(&house.store, &scope, &permit, "note-waits", "x").unwrap();
}

fn hold_the_file(root: &Path, held: &std::sync::mpsc::Sender<()>) {
    let connection = rusqlite::Connection::open(root.join("records.db")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    held.send(()).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(26));
}

// ---- the clock

#[test]
fn a_clock_that_jumps_across_the_end_of_an_authority_or_a_session_is_marked_at_every_step() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    let step = |id: &str| house.note(&scope, id, "x");
    step("note-1").unwrap();
    // Forward, past the end of the order: nothing is done under it. The refusal is an event of that hour.
    house.turn_clock(6 * HOUR);
    refused(step("note-2"), Law::Permit);
    // Back again. The machine's clock is what there is; each step says that it cannot be believed.
    house.turn_clock(-6 * HOUR);
    let done = step("note-3").unwrap();
    let clock = |id: &str| house.store.events_about(&scope, id).unwrap()[0].1["clock"].clone();
    assert!(clock("note-3").to_string().contains("an earlier event is of"), "{}", clock("note-3"));
    assert!(!clock("note-1").to_string().contains("an earlier event is of"), "{}", clock("note-1"));
    let report = house.store.verify_log().unwrap();
    assert_eq!((report.faults, report.clock_jumps), (vec![], house.store.log_size().unwrap() - done.event));
    // Before the order began, nothing is done under it either.
    house.turn_clock(-7 * HOUR);
    refused(step("note-4"), Law::Permit);
    house.turn_clock(7 * HOUR);

    // Past the end of every session, and back.
    house.turn_clock(30_000 * HOUR);
    assert!(house.store.session(&house.tokens[0]).is_err());
    house.turn_clock(-30_000 * HOUR);
    house.session("Noy");
    // A year in which nobody can have been: what is recorded stays readable, and the log stays whole.
    house.turn_clock(-80 * 366 * 24 * HOUR);
    house.store.commit_node(None, model::authorize::NodeStep::ReadLog, NewEvent::new(EventType::LogConsulted, None, json!({})), vec![]).unwrap();
    house.check_log(house.store.log_size().unwrap());
    assert_eq!(house.store.list(&scope, "note").unwrap().len(), 2);
}

// ---- what the health check asks

#[test]
fn a_backup_is_noted_when_it_came_to_its_end_only() {
    let house = House::new();
    let session = house.session("Boun");
    assert_eq!(house.store.last_backup().unwrap(), None);
    // The folder is not there: an event says that it was tried, and no note says that it was done.
    assert!(house.store.backup(&session, &house.folder.path().join("nowhere/one"), PASSPHRASE).is_err());
    assert_eq!(house.store.last_backup().unwrap(), None);
    house.store.backup(&session, &house.folder.path().join("one"), PASSPHRASE).unwrap();
    let noted = house.store.last_backup().unwrap().unwrap();
    assert_eq!((noted.at, noted.events), (house.store.now(), house.store.log_size().unwrap()));
}

#[test]
fn keys_that_others_may_read_are_named() {
    let house = House::new();
    assert_eq!(house.store.open_to_others().unwrap(), Vec::<std::path::PathBuf>::new());
    let key = house.root().join("node/log.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(house.root(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(house.store.open_to_others().unwrap(), [house.root(), key]);
}
