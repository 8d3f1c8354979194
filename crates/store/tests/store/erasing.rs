//! Law 10 on the floor of the records: content and keys go only by an erasure under a decision that names the person,
//! all in one transaction; the log stays sound; a key or content that is gone without one is found.

use std::collections::BTreeSet;

use model::{
    Law,
    action::Action,
    authority::{AuthorityKind, Limit},
    event::EventType,
    exhibit::ExhibitClass,
    id::CaseId,
};
use serde_json::json;
use store::{Basis, Content, Intent, NewEvent, Permit, Scope, ToErase, Write};

use crate::{
    house::{House, refused, row},
    tamper::{Copy, edit, faults_after, home_with_notes},
};

/// An order of this kind for the action `erase` and one person, recorded by Kham and checked by Phet.
fn decision(house: &House, case: &CaseId, kind: AuthorityKind, persons: Limit) {
    let mut order = crate::house::authority(house, case, 50);
    order.kind = kind;
    order.scope.actions = BTreeSet::from([Action::Erase]);
    order.scope.persons = persons;
    house.record(&house.scope("Kham", case), &order).unwrap();
    let by = house.session("Phet").actor().clone();
    if kind.is_transcribed() { order.check(&by, house.store.now()).unwrap() } else { order.grant(&by, model::actor::Role::Prosecutor, house.store.now()).unwrap() }
    house.decide(&house.scope("Phet", case), &order).unwrap();
}

fn only(name: &str) -> Limit {
    Limit::Only(BTreeSet::from([name.to_string()]))
}

fn asked(house: &House, scope: &Scope) -> Result<Permit, store::StoreError> {
    house.store.permit(scope, Intent::to(Action::Erase).about("S-0001"))
}

fn taking(house: &House, case: &CaseId, rows: &[(&str, &str)], events: Vec<u64>) -> ToErase {
    let seen = house.store.events(&house.scope("Noy", case), 0, 10_000).unwrap().last().unwrap().0.leaf.seq;
    ToErase { rows: rows.iter().map(|(kind, id)| (kind.to_string(), id.to_string())).collect(), events, seen, ..ToErase::default() }
}

fn event() -> NewEvent {
    NewEvent::new(EventType::Erased, None, json!({"subject": "S-0001"}))
}

fn event_of(house: &House, case: &CaseId, object: &str) -> u64 {
    house.store.events_about(&house.scope("Noy", case), object).unwrap()[0].0.leaf.seq
}

/// Ten notes and a blob, of which note 3 and the blob were erased.
fn erased() -> (House, CaseId, u64) {
    let (house, case) = home_with_notes();
    decision(&house, &case, AuthorityKind::CourtOrder, only("s-0001"));
    let scope = house.scope("Noy", &case);
    let blob = house.blob(&scope, b"bytes that name her", ExhibitClass::Contraband);
    let permit = asked(&house, &scope).unwrap();
    let seq = event_of(&house, &case, "note-3");
    let taken = taking(&house, &case, &[("note", "note-3"), ("blob", blob.as_str())], vec![seq]);
    let done = house.store.erase(&scope, &permit, event(), taken).unwrap();
    (house, case, done.event)
}

#[test]
fn law_10_a_log_with_destroyed_keys_is_sound_and_every_proof_stands() {
    let (house, case, seq) = erased();
    // Half-way: the object is still there, and the log says that it must not be.
    let faults = house.store.verify_log().unwrap().faults;
    assert!(faults.len() == 1 && faults[0].contains("erase run"), "{faults:?}");
    let clean = house.store.purge_erased(seq, house.database.as_ref().map(|database| database.owner()).as_ref()).unwrap();
    assert!(clean);
    assert_eq!(house.store.purge_erased(seq, None).unwrap(), house.database.is_none(), "again, as after a kill; a server's owner must be named");
    house.check_log(house.store.log_size().unwrap());
    let scope = house.scope("Noy", &case);
    refused(house.store.get(&scope, "note", "note-3"), Law::Erasure);
    assert_eq!(house.store.list(&scope, "note").unwrap().len(), 9);
    let told = house.store.events_about(&scope, "note-3").unwrap();
    assert!(told[0].0.is_erased() && told[0].1 == json!({"erased": true}), "the event stands, its detail is gone");
    assert!(house.store.events_about(&scope, "note-4").unwrap()[0].1["text"].is_string(), "the others open");
    let permit = house.store.permit(&scope, Intent::to(Action::Package)).unwrap();
    refused(house.store.disclose_detail(&scope, &permit, told[0].0.leaf.seq), Law::Erasure);
    let size = house.store.log_size().unwrap();
    let root = house.store.checkpoint().unwrap().claimed().root;
    for index in [0, told[0].0.leaf.seq, seq, size - 1] {
        let path = house.store.inclusion(index, size).unwrap();
        let leaf = ledger::leaf_hash(&house.store.event(index).unwrap().bytes);
        ledger::verify_inclusion(&leaf, ledger::LeafIndex(index), ledger::TreeSize(size), &path, &root).unwrap();
    }
}

#[test]
fn law_10_a_key_or_content_that_is_gone_without_an_erasure_is_found() {
    let (house, _, seq) = erased();
    house.store.purge_erased(seq, None).unwrap();
    assert_eq!(faults_after(&house, "SELECT 1"), Vec::<String>::new());
    for hidden in [
        "UPDATE event_key SET sealed = zeroblob(0) WHERE seq = (SELECT seq FROM event WHERE object = 'note-4')",
        "DELETE FROM event_key WHERE seq = (SELECT seq FROM event WHERE object = 'note-4')",
        "UPDATE event_key SET sealed = zeroblob(76) WHERE seq = (SELECT seq FROM event WHERE object = 'note-4')",
        "UPDATE event_key SET sealed = (SELECT sealed FROM event_key WHERE seq = (SELECT seq FROM event WHERE object = 'note-5')) \
             WHERE seq = (SELECT seq FROM event WHERE object = 'note-4')",
        // The key of an erased detail comes back.
        "UPDATE event_key SET sealed = zeroblob(76) WHERE seq = (SELECT seq FROM event WHERE object = 'note-3')",
        "UPDATE record SET key_ref = 'erased', sealed = zeroblob(0), state = 'erased' WHERE id = 'note-4'",
        "UPDATE record SET key_ref = 'case' WHERE id = 'note-3'",
        "DELETE FROM event_row WHERE kind = 'event-key'",
        "DELETE FROM event_row WHERE kind = 'object'",
        "UPDATE event_row SET id = id || '0' WHERE kind = 'event-key'",
    ] {
        assert!(!faults_after(&house, hidden).is_empty(), "not found: {hidden}");
    }
    // A row whose note says that it was emptied, by an event that erases nothing.
    let forged = Copy::of(&house);
    forged.edit("UPDATE event SET type = 'derived' WHERE type = 'erased'");
    assert!(!forged.open().unwrap().verify_log().unwrap().faults.is_empty());
    // The database itself refuses what is no destruction.
    for statement in ["DELETE FROM event_key", "UPDATE event_key SET sealed = zeroblob(3)", "UPDATE event_key SET seq = seq + 1000"] {
        let refusal = edit(&house, statement).unwrap_err();
        assert!(refusal.contains("law 10"), "{statement}: {refusal}");
    }
}

#[test]
fn law_10_content_goes_only_by_an_erasure() {
    let (house, case) = home_with_notes();
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let write = |content| Write { content, basis: Basis::Over(1), ..row(&scope, house.store.now(), "note", "note-3", "erased", json!({})) };
    for content in [Content::Erased, Content::Again(vec![0; 60])] {
        let any = NewEvent::new(EventType::FindingAdded, None, json!({}));
        refused(house.store.commit(&scope, &permit, any, vec![write(content)]), Law::Erasure);
    }
    // An event that erases, under a permit for something else.
    refused(house.store.erase(&scope, &permit, event(), taking(&house, &case, &[("note", "note-3")], vec![])), Law::Erasure);
    assert_eq!(house.store.list(&scope, "note").unwrap().len(), 10);
    house.check_log(house.store.log_size().unwrap());
}

#[test]
fn law_10_only_a_decision_that_names_the_person_gives_a_permit_to_erase() {
    let (house, case) = home_with_notes();
    let scope = house.scope("Noy", &case);
    // The house's order covers every action, and names nobody.
    refused(asked(&house, &scope), Law::Permit);
    decision(&house, &case, AuthorityKind::Consent, only("s-0001"));
    decision(&house, &case, AuthorityKind::CourtOrder, Limit::Any);
    decision(&house, &case, AuthorityKind::CourtOrder, only("s-0002"));
    refused(asked(&house, &scope), Law::Permit);
    refused(house.store.permit(&scope, Intent::to(Action::Erase)), Law::Permit);
    decision(&house, &case, AuthorityKind::ProsecutorAuthorisation, only("s-0001"));
    assert!(asked(&house, &scope).is_ok());
    refused(asked(&house, &house.scope("Phet", &case)), Law::Permit);
}

#[test]
fn law_10_a_hold_or_a_later_event_stops_an_erasure_in_its_transaction() {
    let (house, case) = home_with_notes();
    decision(&house, &case, AuthorityKind::CourtOrder, only("s-0001"));
    let scope = house.scope("Noy", &case);
    let permit = asked(&house, &scope).unwrap();
    let plan = || taking(&house, &case, &[("note", "note-3")], vec![event_of(&house, &case, "note-3")]);
    let old = plan();
    house.note(&scope, "note-late", "written after the plan").unwrap();
    assert!(matches!(house.store.erase(&scope, &permit, event(), old), Err(store::StoreError::Conflict)));
    // A hold that is declared between permit and commit.
    let held = house.scope("Kham", &case);
    let declare = house.store.permit(&held, Intent::to(Action::Administer)).unwrap();
    let write = Write { basis: Basis::Over(1), ..row(&held, house.store.now(), "case", case.as_str(), "open legal-hold", json!({"title": "a case"})) };
    house.store.commit(&held, &declare, NewEvent::new(EventType::CaseDeclared, None, json!({})), vec![write]).unwrap();
    refused(house.store.erase(&scope, &permit, event(), plan()), Law::Revocation);
    refused(asked(&house, &scope), Law::Erasure);
    assert_eq!(house.store.list(&scope, "note").unwrap().len(), 11);
    // An event of another case, or of the node, is not this case's to take.
    let other = house.open_case(&["Noy", "Kham", "Phet"]);
    let foreign = house.store.log_size().unwrap() - 1;
    let _ = other;
    refused(house.store.erase(&scope, &permit, event(), taking(&house, &case, &[], vec![foreign])), Law::Erasure);
    house.check_log(house.store.log_size().unwrap());
}

#[test]
fn law_10_bytes_that_come_in_again_after_an_erasure_are_no_fault() {
    let (house, case, seq) = erased();
    house.store.purge_erased(seq, None).unwrap();
    let scope = house.scope("Noy", &case);
    let again = house.blob(&scope, b"bytes that name her", ExhibitClass::Ordinary);
    house.check_log(house.store.log_size().unwrap());
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    assert_eq!(house.store.read_blob(&scope, &permit, &again).unwrap().bytes(100).unwrap(), b"bytes that name her");
}

#[test]
fn law_10_names_are_found_in_bytes_of_any_usual_encoding() {
    let (house, case) = home_with_notes();
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, Intent::to(Action::Administer)).unwrap();
    let name = "\u{418}\u{432}\u{430}\u{43d} Dao";
    let utf16 = |bytes: fn(u16) -> [u8; 2]| name.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let check = |bytes: Vec<u8>, expected: bool| {
        let blob = house.blob(&scope, &bytes, ExhibitClass::Contraband);
        let row = house.store.get(&scope, "blob", blob.as_str()).unwrap();
        let words = BTreeSet::from([name.to_string()]);
        assert_eq!(house.store.blob_names(&scope, &permit, &row, &words).unwrap(), expected, "{bytes:?}");
    };
    check(format!("x{name}x").into_bytes(), true);
    check([&[0xff, 0xfe][..], &utf16(u16::to_le_bytes)].concat(), true);
    check(utf16(u16::to_be_bytes), true);
    check(name.replace("Dao", "DAO").into_bytes(), true);
    check(name.replace("Dao", "Doa").into_bytes(), false);
    check(vec![], false);
    // Across the border of two pieces in which bytes are read.
    for at in 65_530..65_545 {
        check([vec![b'.'; at], name.as_bytes().to_vec()].concat(), true);
    }
}

#[test]
fn law_10_a_home_whose_tombstones_were_not_all_carried_out_opens_for_nobody() {
    let (house, _) = home_with_notes();
    let mark = house.root().join("restored.json");
    std::fs::write(&mark, r#"{"restored":true,"replaying":true}"#).unwrap();
    let refusal = store::Store::open(&house.root()).err().expect("half restored").to_string();
    assert!(refusal.contains("not restored to its end"), "{refusal}");
    std::fs::write(&mark, r#"{"restored":true,"later-known":true}"#).unwrap();
    assert!(store::Store::open(&house.root()).unwrap().later_is_known());
}

#[test]
fn law_14_any_bytes_are_a_tombstone_or_a_finding() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/tombstone");
    let mut seen = 0;
    for file in crate::house::files(&folder) {
        let bytes = std::fs::read(&file).unwrap();
        let good = file.file_name().unwrap().to_string_lossy().starts_with("good");
        assert_eq!(store::Tombstone::parse(&bytes).is_ok(), good, "{}", file.display());
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            store::fuzz::tombstone(&flipped);
            store::fuzz::tombstone(&bytes[..at]);
        }
        seen += 1;
    }
    assert!(seen >= 4, "the corpus is there");
}

/// A long list is walked in pieces; what lies behind a whole piece of erased rows is found all the same.
#[test]
fn law_10_erased_rows_hide_nothing_that_lies_behind_them() {
    let (house, case, _) = erased();
    let scope = house.scope("Noy", &case);
    let ids = |from: &str, state: Option<&str>, most: u32| house.store.stretch(&scope, "note", (from, "note-99"), state, most).unwrap().into_iter().map(|row| row.id).collect::<Vec<_>>();
    let all = ids("note-", None, 1_000);
    assert!(all.len() > 5 && !all.contains(&"note-3".to_string()), "{all:?}");
    assert_eq!(ids("note-3", None, 1), ["note-4"]);
    assert_eq!(ids("note-3", None, 2), ["note-4", "note-5"]);
    let mut walked = Vec::new();
    let mut from = "note-".to_string();
    while let Some(next) = ids(&from, None, 1).pop() {
        from = format!("{next}!");
        walked.push(next);
    }
    assert_eq!(walked, all);
}
