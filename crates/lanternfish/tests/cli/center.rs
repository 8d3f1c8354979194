//! A fusion centre: the records on a PostgreSQL server, driven through the program. What the server must
//! be and refuse is in the tests of `store`; here are set-up, kills, backup and health as officers meet them.

use std::fs;

use crate::{
    erasing::{decided, plant, sealed, speaking, stands_in},
    cluster::{APP, OWNER, TestDatabase, cluster},
    disks::kills_lose_nothing,
    office::{ADMIN, AUDITOR, BOUNMY, NOY, Office, passphrase as words_of, skipped, string, text},
    people::finding,
};

const KILLS: u64 = 20;

/// An office whose records live in this database, and the database; `None` without PostgreSQL.
pub fn office(drill: &str) -> Option<(Office, TestDatabase)> {
    let cluster = cluster().map_err(|reason| skipped(drill, &reason)).ok()?;
    let database = cluster.empty();
    let url = cluster.url(APP, &database.name);
    Some((Office::working_on(&["--database", &url, "--database-owner", OWNER]), database))
}

#[test]
fn law_02_twenty_kills_on_a_server_lose_no_acknowledged_event() {
    let Some((office, _database)) = office("law_02_twenty_kills_on_a_server_lose_no_acknowledged_event") else { return };
    kills_lose_nothing(&office, KILLS);
}

#[test]
fn a_centre_is_set_up_backed_up_and_brought_back_to_a_file_or_a_server() {
    let drill = "a_centre_is_set_up_backed_up_and_brought_back_to_a_file_or_a_server";
    let Some((office, database)) = office(drill) else { return };
    assert!(!office.home.join("records.db").exists());
    let settings = fs::read_to_string(office.home.join("lanternfish.json")).unwrap();
    assert!(settings.contains("postgres://lanternfish@") && !settings.contains(OWNER), "{settings}");
    let exhibit = office.admit("note.txt", "SYNTHETIC");
    office.does(NOY, "finding add", &finding("Kept on a server.", &exhibit));
    let well = office.bare(&["doctor"]).lines();
    assert!(well.iter().any(|line| line["text"].as_str().unwrap().contains("own check says: ok")), "{well:?}");

    let (file, passphrase) = (text(&office.place("centre.backup")), office.file("words", "four words for backups\n"));
    office.done(ADMIN, &["backup", "create", &file, "--passphrase-file", &passphrase]);
    let size = office.says(AUDITOR, &["log", "verify"]).ended(0).line()["events"].clone();
    let other = database.cluster.empty();
    let url = database.cluster.url(APP, &other.name);
    let ways: [(&str, &[&str]); 2] = [("laptop", &[]), ("server", &["--database", &url, "--database-owner", OWNER])];
    for (name, way) in ways {
        let home = office.place(name);
        let mut restored = office.moved_to(&home);
        restored.bare(&[&["backup", "restore", &file, "--passphrase-file", &passphrase, "--nothing-erased"][..], way].concat()).ended(0);
        assert_eq!(home.join("records.db").exists(), way.is_empty());
        restored.log_in(AUDITOR, &words_of(AUDITOR));
        let report = restored.says(AUDITOR, &["log", "verify"]).ended(0).line();
        assert_eq!(report["faults"], serde_json::json!([]));
        assert!(report["events"].as_u64() >= size.as_u64().map(|n| n - 1), "{report} {size}");
    }
    let refused = office.bare(&["init", "--agency", "X", "--database", "postgres://a:b@localhost/c"]);
    assert!(refused.code != 0);
    let elsewhere = office.moved_to(&office.place("elsewhere"));
    elsewhere.bare(&["init", "--agency", "X Unit", "--database", "postgres://a:word@localhost/c"]).ended(2).tells("no password belongs");
    elsewhere.bare(&["init", "--agency", "X Unit", "--database", &database.cluster.url(APP, &database.name)]).ended(2).tells("already");
    assert_eq!(string(&office.done(ADMIN, &["log", "show", "--limit", "1"])["type"]), "log-opened");
}

#[test]
fn law_09_each_machine_of_a_server_has_an_index_of_its_own_and_says_what_is_not_in_it() {
    let drill = "law_09_each_machine_of_a_server_has_an_index_of_its_own_and_says_what_is_not_in_it";
    let Some((here, _database)) = office(drill) else { return };
    let there = here.duplicate();
    // What both machines share beside the records: the place where the objects lie.
    fs::remove_dir_all(there.home.join("objects")).unwrap();
    std::os::unix::fs::symlink(here.home.join("objects"), there.home.join("objects")).unwrap();
    let ask = |office: &Office, word: &str| office.in_case(NOY, "search", &[word, "--purpose", "drill"]).ended(0);
    let examined = |office: &Office, name: &str, words: &str| {
        let label = office.admit(name, words);
        office.in_case(NOY, "examine", &[&label]).ended(0);
        label
    };
    let first = examined(&here, "first.txt", "SYNTHETIC harbour words");
    assert_eq!(ask(&here, "harbour").lines().len(), 1);
    ask(&there, "harbour").tells("nothing was found").tells(&format!("nothing is said about: {first}"));
    // The second machine reads what it has not, and takes nothing from the first.
    there.in_case(NOY, "search", &["--rebuild"]).ended(0).tells("1 exhibit");
    assert_eq!((ask(&there, "harbour").lines().len(), ask(&here, "harbour").lines().len()), (1, 1));
    let second = examined(&there, "second.txt", "SYNTHETIC lantern words");
    assert_eq!(ask(&there, "words").lines().len(), 2);
    let said = ask(&here, "words").tells(&format!("nothing is said about: {second}"));
    assert_eq!(said.lines().len(), 1, "{}", said.out);
    here.in_case(NOY, "search", &["--rebuild"]).ended(0).tells("2 exhibits");
    assert_eq!((ask(&here, "words").lines().len(), ask(&there, "words").lines().len()), (2, 2));
    // When somebody leaves, the keys of both go, and what the other machine held goes from its disk when it is there.
    here.in_case(NOY, "case member remove", &[BOUNMY]).ended(0);
    for office in [&there, &here] {
        ask(office, "words").tells("nothing was found").tells(&format!("nothing is said about: {first}, {second}"));
        let left: Vec<_> = fs::read_dir(office.home.join("index")).unwrap().map(|entry| entry.unwrap().file_name()).filter(|name| name != "machine").collect();
        assert!(left.is_empty(), "{left:?}");
    }
    here.sound_log();
}

#[test]
fn law_10_on_a_server_an_erasure_is_done_when_its_owner_wrote_the_tables_anew() {
    let Some((mut office, database)) = office("law_10_on_a_server_an_erasure_is_done_when_its_owner_wrote_the_tables_anew") else { return };
    plant(&mut office);
    let erasure = decided(&office);
    let old = sealed(&office, NOY);
    let tombstones = text(&office.place("tombstones"));
    let run = |more: &[&str]| office.in_case(NOY, "erase run", &[&[&erasure[..], "--tombstones", &tombstones][..], more].concat());
    run(&[]).ended(3).tells("--database-owner");
    assert_eq!(speaking(&office, NOY), Vec::<String>::new(), "content and keys are gone at once");
    assert_eq!(office.in_case(NOY, "erase list", &[]).ended(0).line()["state"], "purging", "and it is not called done");
    assert_eq!(run(&["--database-owner", OWNER]).ended(0).line()["state"], "done");
    // What the server keeps in the files of the tables: nothing of the old rows. Its write-ahead log is another matter.
    let cluster = database.cluster;
    cluster.run("postgres", &database.name, "CHECKPOINT").unwrap();
    let folder = cluster.run("postgres", &database.name, "SHOW data_directory").unwrap();
    let number = cluster.run("postgres", &database.name, "SELECT oid FROM pg_database WHERE datname = current_database()").unwrap();
    let mut all = Vec::new();
    for entry in fs::read_dir(format!("{folder}/base/{number}")).unwrap() {
        all.extend(fs::read(entry.unwrap().path()).unwrap());
    }
    let there = |kind: &str| old.iter().filter(|(one, _, bytes)| one == kind && stands_in(&all, &bytes[..48])).count();
    assert_eq!((there("exhibit"), there("finding"), there("subject")), (1, 1, 0), "only the other person's exhibit and finding");
    office.sound_log();
}
