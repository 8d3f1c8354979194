//! What only a server has: roles that cannot change history, rows that are shown to members alone (law 13),
//! an address without a password, a server that dies, is restarted or has no room left in the middle, an
//! answer that is lost on the way, a page that rots, and records that move between a file
//! and a server.

use std::{
    fs,
    io::{Read, Write},
    net::Shutdown,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use model::{Law, action::Action};
use store::{Config, Database, Intent, Server, Store, StoreError};

use crate::{
    cluster::{APP, Cluster, OWNER, TestDatabase},
    house::{House, PASSPHRASE, commit_note, config, empty_database, refused},
};

/// A house with two cases, each of members of its own.
fn two_cases() -> (House, model::id::CaseId, model::id::CaseId) {
    let house = House::new();
    let (first, second) = (house.open_case(&["Noy", "Kham", "Phet"]), house.open_case(&["Dao", "Kham", "Phet"]));
    for (case, name) in [(&first, "Noy"), (&second, "Dao")] {
        house.live_authority(case, 5);
        house.note(&house.scope(name, case), &format!("note-of-{name}"), "kept").unwrap();
    }
    (house, first, second)
}

fn database(house: &House) -> &TestDatabase {
    house.database.as_ref().unwrap()
}

/// What a statement of the program's own role answers under these settings, in one transaction.
fn seen(house: &House, view: &str, uid: &str, case: &str, statement: &str) -> Result<i64, String> {
    let database = database(house);
    let settings = format!(
        "SELECT set_config('app.view', '{view}', true), set_config('app.uid', '{uid}', true), set_config('app.case', '{case}', true)"
    );
    database.cluster.ask(APP, &database.name, &format!("{settings}; {statement}"))
}

#[test]
fn law_13_a_server_shows_the_rows_of_a_case_to_its_members_only() {
    let (house, first, second) = two_cases();
    let (noy, dao) = (house.session("Noy").actor().to_string(), house.session("Dao").actor().to_string());
    let count = |view: &str, uid: &str, condition: &str| {
        seen(&house, view, uid, "", &format!("SELECT count(*) FROM record WHERE {condition}")).unwrap()
    };
    let of = |case: &model::id::CaseId| format!("case_id = '{case}'");
    for (who, own, other) in [(&noy, &first, &second), (&dao, &second, &first)] {
        assert!(count("person", who, &of(own)) > 5);
        assert_eq!(count("person", who, &of(other)), 0);
        assert!(count("person", who, "case_id IS NULL") > 5, "the register");
        let events = |case| seen(&house, "person", who, "", &format!("SELECT count(*) FROM event WHERE {}", of(case))).unwrap();
        assert!(events(own) > 2);
        assert_eq!(events(other), 0);
    }
    // Structure of the cases and their keys, and nothing else of them.
    assert_eq!(count("docket", "", "case_id IS NOT NULL AND kind NOT IN ('case', 'key-wrap')"), 0);
    assert_eq!(count("docket", "", "kind = 'case'"), 2);
    // Who says nothing sees nothing, and what one transaction may see does not leak into the next.
    for table in ["record", "record_index", "event", "event_row"] {
        let bare = database(&house).cluster.ask(APP, &database(&house).name, &format!("SELECT count(*) FROM {table}")).unwrap();
        assert_eq!(bare, 0, "{table}");
    }
    // An index is as hidden as its row.
    assert_eq!(seen(&house, "person", "", "", "SELECT count(*) FROM record_index WHERE kind = 'note'").unwrap(), 0);
    assert!(seen(&house, "log", "", "", "SELECT count(*) FROM record").unwrap() > 20);
}

#[test]
fn law_03_the_role_of_the_program_changes_no_history() {
    let (house, first, second) = two_cases();
    let add = |case: &model::id::CaseId| {
        format!("INSERT INTO record VALUES ('note', 'foreign', '{case}', NULL, NULL, 'kept', NULL, 0, 1, 0, 'case', ''); SELECT 0")
    };
    let case = first.to_string();
    for (view, statement, refusal) in [
        ("log", "UPDATE event SET time = 0; SELECT 0".to_string(), "permission denied"),
        ("log", "DELETE FROM event; SELECT 0".into(), "permission denied"),
        ("log", "DELETE FROM event_row; SELECT 0".into(), "permission denied"),
        ("log", "DELETE FROM record; SELECT 0".into(), "permission denied"),
        ("log", "TRUNCATE record; SELECT 0".into(), "permission denied"),
        ("log", "DELETE FROM log_head; SELECT 0".into(), "permission denied"),
        ("log", "DROP TRIGGER event_never_changes ON event; SELECT 0".into(), "must be owner"),
        ("log", "ALTER TABLE record DISABLE ROW LEVEL SECURITY; SELECT 0".into(), "must be owner"),
        ("log", format!("SET ROLE {OWNER}; SELECT 0"), "permission denied"),
        ("case", add(&second), "row-level security"),
        ("restore", add(&first), "row-level security"),
    ] {
        let answer = seen(&house, view, "", &case, &statement);
        assert!(answer.as_ref().is_err_and(|text| text.contains(refusal)), "{statement}: {answer:?}");
    }
    // The owner is stopped by the triggers until he takes them away, and sees no row of a case.
    let owner = |statement: &str| database(&house).cluster.ask(OWNER, &database(&house).name, statement);
    assert!(owner("UPDATE event SET time = 0; SELECT 0").unwrap_err().contains("law 3"));
    assert!(owner("DELETE FROM record; SELECT 0").unwrap_err().contains("law 2"));
    assert_eq!(owner("SELECT count(*) FROM record WHERE kind <> 'key-wrap'").unwrap(), 0);
    house.check_log(house.store.log_size().unwrap());
}

#[test]
fn the_health_check_names_a_wall_that_is_down() {
    for (statement, word) in [
        ("DROP TRIGGER event_never_changes ON event", "trigger"),
        ("ALTER TABLE record DISABLE TRIGGER record_never_removed", "trigger"),
        ("ALTER TABLE record NO FORCE ROW LEVEL SECURITY", "row-level security"),
        ("ALTER TABLE event DISABLE ROW LEVEL SECURITY", "row-level security"),
        ("GRANT UPDATE ON event TO lanternfish", "change or remove"),
    ] {
        let house = House::new();
        assert_eq!(house.store.database_integrity().unwrap(), "ok");
        database(&house).cluster.run(OWNER, &database(&house).name, statement).unwrap();
        let said = house.store.database_integrity().unwrap();
        assert!(said.contains(word), "{statement}: {said}");
    }
}

/// A wall that the server may not set up in a worker makes it read with one process only.
#[test]
fn the_walls_stand_in_parallel_workers_too() {
    let (house, first, second) = two_cases();
    let (noy, names) = (house.session("Noy").actor().to_string(), "('app_view', 'app_uid', 'app_case', 'app_cases')");
    let ask = |statement: &str| database(&house).cluster.ask("postgres", &database(&house).name, statement).unwrap();
    assert_eq!(ask(&format!("SELECT count(*) FROM pg_proc WHERE proparallel = 's' AND proname IN {names}")), 4);
    // Where a worker costs nothing, a member sees his case and no other, and somebody without a context sees nothing.
    let forced = "SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; \
         SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off";
    let count = |uid: &str, case: &model::id::CaseId| seen(&house, "person", uid, "", &format!("{forced}; SELECT count(*) FROM record WHERE case_id = '{case}'")).unwrap();
    assert!(count(&noy, &first) > 5);
    assert_eq!(count(&noy, &second), 0);
    assert_eq!(seen(&house, "", "", "", &format!("{forced}; SELECT count(*) FROM record")).unwrap(), 0);
    let plan = format!("{forced}; EXPLAIN SELECT count(*) FROM record WHERE kind = 'note'");
    let settings = format!("SELECT set_config('app.view', 'person', true), set_config('app.uid', '{noy}', true)");
    let planned = database(&house).cluster.all(APP, &database(&house).name, &format!("BEGIN; {settings}; {plan}")).unwrap();
    assert!(planned.contains("Workers Planned"), "{planned}");
}

#[test]
fn law_13_a_role_that_could_change_history_is_refused() {
    let house = House::new();
    let home = store::Home::at(&house.root());
    for role in [OWNER, "postgres"] {
        let url = database(&house).cluster.url(role, &database(&house).name);
        home.write_config(&Config { database: Some(Database { url, password_file: None }), ..config() }).unwrap();
        let text = refused(Store::open(&house.root()), Law::Separation);
        assert!(text.contains("fusion-centre.md"), "{text}");
    }
}

#[test]
fn a_server_that_forgets_what_it_acknowledged_is_refused() {
    let Some(_) = empty_database() else { return };
    for (setting, word) in [("fsync=off", "fsync"), ("full_page_writes=off", "full_page_writes")] {
        let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(&[setting]).unwrap()));
        let database = cluster.empty();
        let folder = tempfile::tempdir().unwrap();
        let settings = Config { database: Some(database.address()), ..config() };
        let error = Store::create_with(&folder.path().join("home"), &settings, Some(&database.owner())).err().unwrap();
        assert!(matches!(error, StoreError::Environment { .. }) && error.to_string().contains(word), "{error}");
        assert!(!folder.path().join("home").exists(), "nothing half made");
    }
    // The program asks for synchronous commits itself, whatever the role's default.
    let house = House::new();
    database(&house).cluster.run("postgres", &database(&house).name, "ALTER ROLE lanternfish SET synchronous_commit = off").unwrap();
    let opened = house.another_store().database_integrity();
    database(&house).cluster.run("postgres", &database(&house).name, "ALTER ROLE lanternfish RESET synchronous_commit").unwrap();
    assert_eq!(opened.unwrap(), "ok");
}

#[test]
fn an_address_with_a_password_or_without_encryption_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "secret words\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let near = "postgres://lanternfish@localhost/records";
    for (url, password_file, words) in [
        ("postgres://lanternfish:secret@localhost/records", None, "no password belongs"),
        ("postgres://lanternfish@localhost/records?password=secret", None, "no password belongs"),
        ("postgres://lanternfish@records.example/records?sslmode=prefer", None, "verify-full"),
        ("mysql://lanternfish@localhost/records", None, "postgres://USER@HOST"),
        ("postgres://localhost/records", None, "postgres://USER@HOST"),
        ("postgres://lanternfish@localhost", None, "postgres://USER@HOST"),
        (near, Some(file.clone()), "chmod 600"),
        (near, Some(folder.path().join("nowhere")), "password file"),
    ] {
        let settings = Config { database: Some(Database { url: url.into(), password_file }), ..config() };
        let error = Store::create_with(&folder.path().join("home"), &settings, None).err().unwrap().to_string();
        assert!(error.contains(words), "{url}: {error}");
        assert!(!error.contains("secret"), "{error}");
        assert!(!folder.path().join("home").exists());
    }
}

#[test]
fn a_database_without_tables_or_with_records_says_what_to_do() {
    let Some(empty) = empty_database() else { return };
    let folder = tempfile::tempdir().unwrap();
    let create = |database: Database, owner: Option<&Database>| {
        Store::create_with(&folder.path().join("home"), &Config { database: Some(database), ..config() }, owner).err().unwrap().to_string()
    };
    assert!(create(empty.address(), None).contains("--database-owner"));
    let house = House::new();
    let full = database(&house);
    assert!(create(full.address(), Some(&full.owner())).contains("already"));
    assert!(!folder.path().join("home").exists());
    let nowhere = Database { url: full.cluster.url(APP, "no_such_database"), password_file: None };
    assert!(create(nowhere, None).contains("no such database"));
    assert_eq!(full.address().as_role(OWNER, None).unwrap(), full.owner());
}

/// From a server to a file and to another server: the same log and rows each time. The home in between
/// still waits after its restore, and its backup is as good as any other.
#[test]
fn law_03_records_move_between_a_server_and_a_file() {
    let (house, first, _) = two_cases();
    let place = |name: &str| house.folder.path().join(name);
    let report = house.store.verify_log().unwrap();
    house.store.backup(&house.session("Boun"), &place("one.backup"), PASSPHRASE).unwrap();
    let after = house.store.verify_log().unwrap();
    assert_eq!(after.events, report.events + 1);

    Store::restore(&place("one.backup"), &place("file"), PASSPHRASE).unwrap();
    assert!(place("file").join("records.db").exists() && !place("file").join("records.rows").exists());
    let check = |store: &Store| {
        let again = store.verify_log().unwrap();
        assert_eq!((again.events, again.rows, &again.root, &again.faults), (after.events, after.rows, &after.root, &vec![]));
    };
    let file = Store::open(&place("file")).unwrap();
    check(&file);
    assert_eq!(file.config().database, None);

    // Sessions end with a restore.
    let again = |store: &Store, name: &str| {
        let token = store.log_in(&store.user_by_name(name).unwrap(), PASSPHRASE).unwrap().0;
        store.session(&token).unwrap()
    };
    let now = house.store.now();
    let file = file.with_clock(move || now);
    file.backup(&again(&file, "Boun"), &place("two.backup"), PASSPHRASE).unwrap();
    let other = database(&house).cluster.empty();
    let server = Server { database: &other.address(), owner: Some(&other.owner()) };
    Store::restore_into(&place("two.backup"), &place("server"), PASSPHRASE, Some(server), store::Known::NothingErased).unwrap();
    assert!(!place("server").join("records.db").exists() && !place("server").join("records.rows").exists());
    let moved = Store::open(&place("server")).unwrap().with_clock(move || now);
    assert_eq!(moved.config().database, Some(other.address()));
    assert_eq!(moved.verify_log().unwrap().faults, Vec::<String>::new());
    let scope = moved.enter(&again(&moved, "Noy"), &first).unwrap();
    assert_eq!(moved.list(&scope, "note").unwrap().len(), 1);

    // A database that holds records takes no others, and nothing is left of the attempt.
    let refusal = Store::restore_into(&place("two.backup"), &place("third"), PASSPHRASE, Some(server), store::Known::NothingErased).unwrap_err();
    assert!(refusal.to_string().contains("already"), "{refusal}");
    assert!(!place("third").exists());
}

/// Two people write without a pause while something happens to the server: at least three times, and until it has hit a
/// step in the middle. A connection that rests when it is cut is made anew, and nobody notices.
fn nothing_acknowledged_is_lost_while(what: &str, happens: impl Fn(&Cluster, &str)) {
    const TIMES: usize = 3;
    const MOST: usize = 300;
    let Some(_) = empty_database() else { return };
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(&[]).unwrap()));
    let house = House::on(tempfile::tempdir().unwrap(), Some(cluster.empty()));
    let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let (stop, count, hit) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicBool::new(false));
    let (acknowledged, failures) = std::thread::scope(|threads| {
        let worker = |name: &'static str| {
            let (house, stop, count, hit) = (&house, &stop, &count, &hit);
            // Entered before the first fault: a slow machine may not be through with it by then.
            let scope = house.scope(name, &case);
            let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
            threads.spawn(move || {
                let (mut done, mut failed) = (vec![], vec![]);
                for n in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let id = format!("note-{name}-{n}");
                    match commit_note(&house.store, &scope, &permit, &id, "under way") {
                        Ok(committed) => done.push((id, committed.event)),
                        Err(error) => {
                            failed.push(error);
                            hit.store(true, Ordering::SeqCst);
                        }
                    }
                    count.fetch_add(1, Ordering::SeqCst);
                }
                (done, failed)
            })
        };
        let workers = [worker("Noy"), worker("Dao")];
        for time in 0..MOST {
            if time >= TIMES && hit.load(Ordering::SeqCst) {
                break;
            }
            // In the middle of the work, however fast the machine is.
            let before = count.load(Ordering::SeqCst);
            while count.load(Ordering::SeqCst) < before + 20 {
                std::thread::sleep(Duration::from_millis(5));
            }
            happens(cluster, &database(&house).name);
        }
        let before = count.load(Ordering::SeqCst);
        while count.load(Ordering::SeqCst) < before + 20 {
            std::thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::SeqCst);
        let mut all = (vec![], vec![]);
        for worker in workers {
            let (done, failed) = worker.join().unwrap();
            all.0.extend(done);
            all.1.extend(failed);
        }
        all
    });
    eprintln!("{what} at least {TIMES} times, {} acknowledged, {} refused", acknowledged.len(), failures.len());
    assert!(!failures.is_empty() && acknowledged.len() > TIMES);
    for failure in &failures {
        assert!(matches!(failure, StoreError::Environment { .. } | StoreError::Unknown { .. }), "{failure:?}");
        assert!(failure.to_string().contains("the server"), "{failure}");
    }
    let there = house.store.list(&house.scope("Noy", &case), "note").unwrap();
    for (id, event) in &acknowledged {
        assert!(there.iter().any(|row| row.id == *id && row.event == *event), "{id} was acknowledged and lost");
    }
    house.check_log(house.store.log_size().unwrap());
}

#[test]
fn law_02_a_server_that_dies_in_mid_transaction_loses_nothing_acknowledged() {
    nothing_acknowledged_is_lost_while("killed", |cluster, _| cluster.crash());
}

#[test]
fn a_server_that_is_started_anew_in_mid_transaction_loses_nothing_acknowledged() {
    nothing_acknowledged_is_lost_while("started anew", |cluster, _| cluster.restart());
}

#[test]
fn a_connection_that_the_server_ends_in_mid_transaction_loses_nothing_acknowledged() {
    nothing_acknowledged_is_lost_while("cut", |cluster, name| {
        let all = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND usename = '{APP}'");
        cluster.run("postgres", "postgres", &all).unwrap();
    });
}

/// Where a connection breaks, as seen from the one who asks for COMMIT.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Cut {
    /// The server never hears of it.
    Before,
    /// The server did it, and its answer is lost.
    After,
}

/// A socket between the program and its server that loses the next COMMIT or its answer.
struct Wire {
    folder: tempfile::TempDir,
    cut: Arc<Mutex<Option<Cut>>>,
}

impl Wire {
    fn to(cluster: &Cluster) -> Wire {
        const NAME: &str = ".s.PGSQL.5432";
        let (folder, cut) = (tempfile::tempdir().unwrap(), Arc::new(Mutex::new(None)));
        let listener = UnixListener::bind(folder.path().join(NAME)).unwrap();
        let (server, next) = (cluster.folder().join(NAME), Arc::clone(&cut));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (server, next) = (UnixStream::connect(&server).unwrap(), Arc::clone(&next));
                std::thread::spawn(move || carry(client, server, &next));
            }
        });
        Wire { folder, cut }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{APP}@localhost/{database}?host={}", self.folder.path().display())
    }
}

/// Carries bytes both ways until one side ends, or the cut comes.
fn carry(mut client: UnixStream, mut server: UnixStream, cut: &Mutex<Option<Cut>>) {
    let lost = Arc::new(AtomicBool::new(false));
    let (mut back, mut answers, mute) = (client.try_clone().unwrap(), server.try_clone().unwrap(), Arc::clone(&lost));
    let answering = std::thread::spawn(move || {
        let mut bytes = [0; 65_536];
        while let Ok(count @ 1..) = answers.read(&mut bytes) {
            if mute.load(Ordering::SeqCst) || back.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = back.shutdown(Shutdown::Both);
    });
    let (mut bytes, mut prepared) = ([0; 65_536], false);
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        let chunk = &bytes[..count];
        let names_it = chunk.windows(7).any(|window| window == b"COMMIT\0");
        // A statement is named first, with its text, and done by the message after it.
        let comes = (prepared || names_it && chunk[0] != b'P').then(|| cut.lock().unwrap().take()).flatten();
        prepared = names_it && chunk[0] == b'P';
        match comes {
            Some(Cut::Before) => break,
            Some(Cut::After) => lost.store(true, Ordering::SeqCst),
            None => {}
        }
        if server.write_all(chunk).is_err() {
            break;
        }
    }
    if !lost.load(Ordering::SeqCst) {
        let _ = server.shutdown(Shutdown::Both);
    }
    answering.join().unwrap();
    let _ = client.shutdown(Shutdown::Both);
}

#[test]
fn law_02_a_commit_whose_answer_is_lost_is_told_as_unknown_and_never_as_refused() {
    let (house, first, _) = two_cases();
    let scope = house.scope("Noy", &first);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    for cut in [Cut::Before, Cut::After] {
        let wire = Wire::to(database(&house).cluster);
        let root = house.folder.path().join(format!("{cut:?}"));
        crate::house::copy_folder(&house.root(), &root);
        let home = store::Home::at(&root);
        let address = Database { url: wire.url(&database(&house).name), password_file: None };
        home.write_config(&Config { database: Some(address), ..home.config().unwrap() }).unwrap();
        let now = house.store.now();
        let store = Store::open(&root).unwrap().with_clock(move || now);
        let size = house.store.log_size().unwrap();
        *wire.cut.lock().unwrap() = Some(cut);
        let id = format!("note-{cut:?}").to_lowercase();
        let error = commit_note(&store, &scope, &permit, &id, "on the way").unwrap_err();
        assert!(matches!(error, StoreError::Unknown { .. }), "{cut:?}: {error:?}");
        assert!(error.to_string().contains("look before you repeat it"), "{error}");
        let recorded = cut == Cut::After;
        assert_eq!(house.store.get(&scope, "note", &id).is_ok(), recorded, "{cut:?}");
        house.check_log(size + u64::from(recorded));
        // The wire is whole again: the same program goes on, and a repeated step is not recorded twice.
        let again = commit_note(&store, &scope, &permit, &id, "on the way");
        assert_eq!(again.is_err(), recorded, "{cut:?}: {again:?}");
        house.check_log(size + 1);
    }
}

#[test]
fn law_05_a_page_of_the_server_that_rots_is_found() {
    let Some(_) = empty_database() else { return };
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start(&[]).unwrap()));
    let house = House::on(tempfile::tempdir().unwrap(), Some(cluster.empty()));
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    house.note(&house.scope("Noy", &case), "note-1", "kept").unwrap();
    let name = &database(&house).name;
    let asked = |statement: &str| cluster.run("postgres", name, statement).unwrap();
    let file = cluster.folder().join("data").join(asked("SELECT pg_relation_filepath('record')"));
    asked("CHECKPOINT");
    cluster.stop();
    let sound = fs::read(&file).unwrap();
    let mut rotten = sound.clone();
    // In the middle of the newest rows, which lie at the end of the first page.
    rotten[6_000] ^= 1;
    fs::write(&file, rotten).unwrap();
    cluster.crash();
    let error = house.another_store().verify_log().unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    assert!(error.to_string().contains("damaged page") && error.to_string().contains("keep the home as it is"), "{error}");
    let said = (0..50).map(|_| house.store.database_integrity().unwrap()).find(|said| said != "ok" || { std::thread::sleep(Duration::from_millis(100)); false });
    assert!(said.is_some_and(|said| said.contains("wrong checksum")));
    cluster.stop();
    fs::write(&file, sound).unwrap();
    cluster.crash();
    assert_eq!(house.another_store().verify_log().unwrap().faults, Vec::<String>::new());
}

#[test]
fn law_02_a_server_whose_disk_is_full_refuses_and_loses_nothing_acknowledged() {
    let Some(_) = empty_database() else { return };
    let Some(disk) = crate::drills::SmallDisk::mount_for_all("110m") else {
        return eprintln!("SKIPPED law_02_a_server_whose_disk_is_full_refuses_and_loses_nothing_acknowledged: mounting a small disk needs root");
    };
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start_in(disk.path(), &["min_wal_size=2MB", "max_wal_size=4MB", "shared_buffers=4MB"]).unwrap()));
    let house = House::on(tempfile::tempdir().unwrap(), Some(cluster.empty()));
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let filler = disk.path().join("filler");
    crate::drills::fill(&filler, 3 << 20);
    let long = "x".repeat(200_000);
    let mut acknowledged = vec![];
    let refusal = (0..200).find_map(|n| match commit_note(&house.store, &scope, &permit, &format!("note-{n}"), &long) {
        Ok(done) => {
            acknowledged.push((format!("note-{n}"), done.event));
            None
        }
        Err(error) => Some(error),
    });
    let refusal = refusal.unwrap();
    eprintln!("{} acknowledged, then: {refusal}", acknowledged.len());
    // The server refuses one statement, or stops itself when it cannot write its own log.
    assert!(matches!(refusal, StoreError::Environment { .. } | StoreError::Unknown { .. }), "{refusal:?}");
    assert!(refusal.to_string().contains("the server"), "{refusal}");
    fs::remove_file(&filler).unwrap();
    cluster.crash();
    let store = house.another_store();
    let report = store.verify_log().unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    let there = store.list(&scope, "note").unwrap();
    assert!(acknowledged.iter().all(|(id, event)| there.iter().any(|row| row.id == *id && row.event == *event)));
    commit_note(&store, &scope, &permit, "note-after", &long).unwrap();
    drop((store, house));
    cluster.stop();
}
