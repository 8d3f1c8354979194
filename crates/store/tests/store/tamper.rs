//! Laws 2, 3 and 5 against somebody who edits the database file itself: what the database refuses, and
//! what `verify_log` finds when the triggers were dropped first. On a server the superuser does it.

use std::path::Path;

use model::event::EventType;
use rusqlite::Connection;
use store::{Store, StoreError};
use tempfile::TempDir;

use crate::{
    cluster::TestDatabase,
    house::{House, commit_note, copy_folder},
};

/// A house, or a copy of one, that somebody edits behind the program's back.
pub struct Copy {
    folder: TempDir,
    database: Option<TestDatabase>,
}

impl Copy {
    pub fn of(house: &House) -> Copy {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&house.root(), folder.path());
        let database = house.database.as_ref().map(TestDatabase::copy);
        if let Some(database) = &database {
            let home = store::Home::at(folder.path());
            home.write_config(&store::Config { database: Some(database.address()), ..home.config().unwrap() }).unwrap();
            database.cluster.run("postgres", &database.name, DIALECT).unwrap();
        }
        Copy { folder, database }
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn open(&self) -> Result<Store, StoreError> {
        Store::open(self.folder.path())
    }

    /// Edits with every trigger and foreign key out of the way.
    pub fn edit(&self, statements: &'static str) {
        match &self.database {
            None => {
                let dropped = edit_file(self.folder.path(), DROP_TRIGGERS).and_then(|()| edit_file(self.folder.path(), statements));
                dropped.map_err(|e| e.to_string())
            }
            Some(database) => {
                let free = format!("SET session_replication_role = replica; {DROP_TRIGGERS_OF_SERVER} {statements}");
                database.cluster.run("postgres", &database.name, &free).map(|_| ())
            }
        }
        .unwrap_or_else(|e| panic!("{statements}: {e}"));
    }
}

/// Runs statements on the records as a stranger with a database tool would, on a server as its superuser.
pub fn edit(house: &House, statements: &'static str) -> Result<(), String> {
    match &house.database {
        None => edit_file(&house.root(), statements).map_err(|e| e.to_string()),
        Some(database) => database.cluster.run("postgres", &database.name, &format!("{DIALECT} {statements}")).map(|_| ()),
    }
}

fn edit_file(home: &Path, statements: &'static str) -> rusqlite::Result<()> {
    let connection = Connection::open(home.join("records.db"))?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.execute_batch(statements)
}

const DROP_TRIGGERS: &str = "DROP TRIGGER IF EXISTS event_never_changes; DROP TRIGGER IF EXISTS event_never_removed; \
     DROP TRIGGER IF EXISTS event_row_never_changes; DROP TRIGGER IF EXISTS event_row_never_removed; \
     DROP TRIGGER IF EXISTS record_never_removed; DROP TRIGGER IF EXISTS event_key_never_removed; \
     DROP TRIGGER IF EXISTS event_key_only_destroyed;";
const DROP_TRIGGERS_OF_SERVER: &str = "DROP TRIGGER IF EXISTS event_never_changes ON event; \
     DROP TRIGGER IF EXISTS event_row_never_changes ON event_row; DROP TRIGGER IF EXISTS record_never_removed ON record; \
     DROP TRIGGER IF EXISTS log_head_never_removed ON log_head; DROP TRIGGER IF EXISTS event_key_never_removed ON event_key; \
     DROP TRIGGER IF EXISTS event_key_only_destroyed ON event_key;";
/// What SQLite calls by these names, so that the edits below are the same on both.
const DIALECT: &str = "CREATE OR REPLACE FUNCTION zeroblob(n bigint) RETURNS bytea LANGUAGE sql AS \
     $$ SELECT decode(repeat('00', n::int), 'hex') $$; \
     CREATE OR REPLACE FUNCTION replace(bytea, text, text) RETURNS bytea LANGUAGE sql AS \
     $$ SELECT convert_to(replace(convert_from($1, 'UTF8'), $2, $3), 'UTF8') $$;";

/// A home with a case, an authority and ten notes.
pub fn home_with_notes() -> (House, model::id::CaseId) {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 100);
    let scope = house.scope("Noy", &case);
    for n in 0..10 {
        house.note(&scope, &format!("note-{n}"), "the text of a note").unwrap();
    }
    house.check_log(house.store.log_size().unwrap());
    (house, case)
}

/// What `verify_log` says of a copy of the home after the edit; an error counts as a find too.
pub fn faults_after(house: &House, statements: &'static str) -> Vec<String> {
    let copy = Copy::of(house);
    copy.edit(statements);
    match copy.open().and_then(|store| store.verify_log()) {
        Ok(report) => report.faults,
        Err(error @ StoreError::Damaged(_)) => vec![error.to_string()],
        Err(other) => panic!("{statements}: {other}"),
    }
}

#[track_caller]
fn found(house: &House, statements: &'static str) {
    assert!(!faults_after(house, statements).is_empty(), "not found: {statements}");
}

#[test]
fn law_02_a_row_changed_behind_the_log_is_found() {
    let (house, _) = home_with_notes();
    assert_eq!(faults_after(&house, "SELECT 1"), Vec::<String>::new(), "an untouched copy must be sound");
    found(&house, "UPDATE record SET state = 'open closed' WHERE kind = 'case'");
    found(&house, "UPDATE record SET state = 'live' WHERE kind = 'note' AND id = 'note-3'");
    found(&house, "UPDATE record SET time = time + 1 WHERE id = 'note-3'");
    found(&house, "UPDATE record SET version = 2 WHERE id = 'note-3'");
    found(&house, "UPDATE record SET number = 7 WHERE id = 'note-3'");
    found(&house, "UPDATE record SET parent = 'x' WHERE id = 'note-3'");
    found(&house, "UPDATE record SET actor = NULL WHERE id = 'note-3'");
    found(&house, "UPDATE record SET case_id = NULL WHERE id = 'note-3'");
    found(&house, "UPDATE record SET event_seq = event_seq - 1 WHERE id = 'note-3'");
    found(&house, "UPDATE record SET key_ref = 'agency' WHERE id = 'note-3'");
    found(&house, "UPDATE record SET sealed = (SELECT sealed FROM record WHERE id = 'note-4') WHERE id = 'note-3'");
    found(&house, "UPDATE record SET id = 'note-33' WHERE id = 'note-3'");
    found(&house, "DELETE FROM record WHERE id = 'note-3'");
    found(&house, "DELETE FROM record WHERE kind = 'key-wrap'");
    // Gone together with its note beside the event: only the leaf still knows.
    found(&house, "DELETE FROM record WHERE id = 'note-3'; DELETE FROM event_row WHERE id = 'note-3'");
    found(
        &house,
        "INSERT INTO record SELECT kind, 'note-99', case_id, parent, number, state, actor, time, version, event_seq, key_ref, sealed \
         FROM record WHERE id = 'note-3'",
    );
}

#[test]
fn law_02_an_index_or_a_detail_changed_behind_the_log_is_found() {
    let (house, _) = home_with_notes();
    // The register's index by name is the one that is sure to be there.
    found(&house, "DELETE FROM record_index WHERE id = (SELECT id FROM record WHERE kind = 'user' LIMIT 1)");
    found(&house, "UPDATE record_index SET blind = zeroblob(32) WHERE id = (SELECT id FROM record WHERE kind = 'user' LIMIT 1)");
    found(&house, "UPDATE record_index SET name = 'user.alias' WHERE id = (SELECT id FROM record WHERE kind = 'user' LIMIT 1)");
    found(&house, "INSERT INTO record_index SELECT 'note', 'note.word', zeroblob(32), 'note-3'");
    found(&house, "INSERT INTO record_index SELECT 'note', 'note.word', zeroblob(32), 'note-of-nobody'");
    found(&house, "UPDATE event SET sealed = zeroblob(length(sealed)) WHERE seq = 6");
    found(&house, "UPDATE event SET sealed = (SELECT sealed FROM event WHERE seq = 5) WHERE seq = 6");
    found(&house, "UPDATE event SET key_ref = 'sealed' WHERE seq = 6");
}

/// A forged note beside an event that never was, with the digest that the forged row really has: only the
/// missing event tells.
#[test]
fn law_02_a_note_beside_an_event_that_never_was_vouches_for_nothing() {
    let (house, _) = home_with_notes();
    found(&house, "INSERT INTO event_row SELECT 900000, kind, id, digest FROM event_row WHERE id = 'note-3'");
    found(&house, "INSERT INTO event_row SELECT -1, kind, id, digest FROM event_row WHERE id = 'note-3'");
    found(&house, "INSERT INTO event_row SELECT 900000, 'event-detail', '900000', digest FROM event_row WHERE id = 'note-3'");
    found(
        &house,
        "INSERT INTO event_row SELECT 900000, kind, id, digest FROM event_row WHERE id = 'note-3'; \
         UPDATE record SET event_seq = 900000 WHERE id = 'note-3'",
    );
}

#[test]
fn law_03_an_event_changed_behind_the_log_is_found() {
    let (house, _) = home_with_notes();
    found(&house, "UPDATE event SET leaf = (SELECT leaf FROM event WHERE seq = 5) WHERE seq = 6");
    found(&house, "UPDATE event SET leaf = replace(leaf, 'note', 'nota')");
    found(&house, "UPDATE event SET leaf_hash = zeroblob(32) WHERE seq = 6");
    found(&house, "UPDATE event SET actor = NULL WHERE seq = (SELECT max(seq) FROM event)");
    found(&house, "UPDATE event SET time = time - 1 WHERE seq = 6");
    found(&house, "UPDATE event SET type = 'note' WHERE seq = 6");
    found(&house, "UPDATE event SET case_id = 'x', object = 'y' WHERE seq = 6");
    found(&house, "DELETE FROM event WHERE seq = 6; INSERT INTO event SELECT 6, type, time, actor, case_id, object, leaf, leaf_hash, key_ref, sealed FROM event WHERE seq = 7");
    found(&house, "UPDATE event_row SET digest = zeroblob(32) WHERE id = 'note-3'");
    found(&house, "UPDATE event_row SET id = 'note-33' WHERE id = 'note-3'");
    found(&house, "DELETE FROM event_row WHERE id = 'note-3'");
    found(&house, "INSERT INTO event_row SELECT seq, kind, 'note-99', digest FROM event_row WHERE id = 'note-3'");
}

#[test]
fn law_03_a_log_cut_short_or_with_a_hole_is_found() {
    let (house, _) = home_with_notes();
    found(&house, "DELETE FROM event WHERE seq = 6");
    found(&house, "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)");
    found(&house, "DELETE FROM event WHERE seq >= 10; DELETE FROM event_row WHERE seq >= 10");
    found(&house, "DELETE FROM event WHERE seq >= 10; DELETE FROM event_row WHERE seq >= 10; DELETE FROM record WHERE event_seq >= 10");
    found(&house, "UPDATE log_head SET size = size - 1");
    found(&house, "UPDATE log_head SET frontier = zeroblob(8), size = 0");
    found(&house, "UPDATE log_head SET last_time = last_time - 1");
    found(&house, "UPDATE log_head SET epoch = epoch + 1");
    found(&house, "DELETE FROM log_head");
}

#[test]
fn law_03_a_log_rolled_back_with_its_head_is_found_by_the_row_that_is_left() {
    let (house, case) = home_with_notes();
    edit(&house, "CREATE TABLE kept AS SELECT * FROM log_head").unwrap();
    let older = house.store.log_size().unwrap();
    house.note(&house.scope("Noy", &case), "note-late", "late").unwrap();
    let back = "DELETE FROM event_row WHERE id = 'note-late'; DELETE FROM event WHERE object = 'note-late'; \
         UPDATE log_head SET size = (SELECT size FROM kept), frontier = (SELECT frontier FROM kept)";
    let faults = faults_after(&house, back);
    assert!(faults.iter().any(|fault| fault.contains("note-late")), "{faults:?}");
    // With the row gone too, the file agrees with itself. Only a later checkpoint that somebody else
    // holds tells: the reason why checkpoints are witnessed.
    let clean = "DELETE FROM event_row WHERE seq = (SELECT seq FROM event WHERE object = 'note-late'); DELETE FROM event WHERE object = 'note-late'; \
         DELETE FROM record WHERE id = 'note-late'; \
         UPDATE log_head SET size = (SELECT size FROM kept), frontier = (SELECT frontier FROM kept)";
    assert_eq!(faults_after(&house, clean), Vec::<String>::new());
    assert_eq!(house.store.log_size().unwrap(), older + 1);
}

#[test]
fn law_03_events_cannot_be_updated_or_deleted() {
    let (house, _) = home_with_notes();
    let before = house.store.log_size().unwrap();
    for (law, statement) in [
        ("law 3", "UPDATE event SET time = 0 WHERE seq = 3"),
        ("law 3", "UPDATE event SET sealed = zeroblob(9)"),
        ("law 3", "DELETE FROM event WHERE seq = 3"),
        ("law 3", "DELETE FROM event"),
        ("law 3", "UPDATE event_row SET digest = zeroblob(32)"),
        ("law 3", "DELETE FROM event_row"),
        ("law 2", "DELETE FROM record WHERE id = 'note-3'"),
    ] {
        let refusal = edit(&house, statement).unwrap_err().to_string();
        assert!(refusal.contains(law), "{statement}: {refusal}");
    }
    house.check_log(before);
}

#[test]
fn law_05_a_detail_changed_behind_the_log_does_not_open() {
    let (house, case) = home_with_notes();
    let copy = Copy::of(&house);
    copy.edit("UPDATE event SET sealed = (SELECT sealed FROM event WHERE object = 'note-4') WHERE object = 'note-3'");
    let store = copy.open().unwrap();
    // The clock of the test house is another than the machine's: the session is opened in the house.
    let session = house.session("Noy");
    let scope = store.enter(&session, &case).unwrap();
    assert!(store.events_about(&scope, "note-3").is_err());
    assert_eq!(store.events_about(&scope, "note-4").unwrap().len(), 1);
    assert_eq!(house.store.events_about(&house.scope("Noy", &case), "note-3").unwrap().len(), 1);
}

#[test]
fn law_05_a_row_put_in_the_place_of_another_does_not_open() {
    let (house, case) = home_with_notes();
    let copy = Copy::of(&house);
    copy.edit("UPDATE record SET sealed = (SELECT sealed FROM record WHERE id = 'note-4') WHERE id = 'note-3'");
    let store = copy.open().unwrap();
    let scope = store.enter(&house.session("Noy"), &case).unwrap();
    assert!(store.get(&scope, "note", "note-3").is_err());
    assert!(store.get(&scope, "note", "note-4").is_ok());
}

#[test]
fn law_01_an_authority_made_live_by_editing_the_file_gives_no_permit() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    let recorded = crate::house::authority(&house, &case, 5);
    house.record(&house.scope("Kham", &case), &recorded).unwrap();
    edit(&house, "UPDATE record SET state = 'live' WHERE kind = 'authority'").unwrap();
    let scope = house.scope("Noy", &case);
    let answer = house.store.permit(&scope, store::Intent::to(model::action::Action::View));
    assert!(answer.is_err(), "{answer:?}");
    assert!(!house.store.verify_log().unwrap().faults.is_empty());
}

#[test]
fn law_03_after_a_failed_edit_the_log_goes_on() {
    let (house, case) = home_with_notes();
    assert!(edit(&house, "DELETE FROM event").is_err());
    let before = house.store.log_size().unwrap();
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, store::Intent::to(model::action::Action::View)).unwrap();
    let done = commit_note(&house.store, &scope, &permit, "note-after", "after").unwrap();
    assert_eq!(house.store.event(done.event).unwrap().leaf.event_type, EventType::FindingAdded);
    house.check_log(before + 1);
}
