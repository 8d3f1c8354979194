//! Laws 1, 2 and 15 on single steps: a permit is for one person, case and action; a step that fails
//! leaves neither row nor event; a revocation reaches work that has begun.

use std::io::Write as _;

use model::{
    Law,
    action::Action,
    authority::{Limit, SourceClass},
    event::EventType,
    exhibit::{ExhibitClass, Origin},
};
use serde_json::json;
use store::{Basis, Intent, NewEvent, StoreError, vault::blob::AlsoDigest};

use crate::house::{HOUR, House, authority, refused, row};

#[test]
fn law_01_no_permit_without_a_live_authority_and_the_refusal_is_an_event() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    let scope = house.scope("Noy", &case);
    let before = house.store.log_size().unwrap();
    let text = refused(house.store.permit(&scope, Intent::to(Action::Collect)), Law::Permit);
    assert!(text.contains("no authority is recorded"), "{text}");
    house.check_log(before + 1);
    let (event, detail) = house.store.events(&scope, before, 10).unwrap().pop().unwrap();
    assert_eq!(event.leaf.event_type, EventType::StepRefused);
    assert_eq!((detail["action"].as_str(), detail["law"].as_u64()), (Some("collect"), Some(1)));

    let recorded = authority(&house, &case, 1);
    house.record(&house.scope("Kham", &case), &recorded).unwrap();
    refused(house.store.permit(&scope, Intent::to(Action::Collect)), Law::Permit);
    house.live_authority(&case, 1);
    assert!(house.store.permit(&scope, Intent::to(Action::Collect)).is_ok());
    house.turn_clock(HOUR);
    refused(house.store.permit(&scope, Intent::to(Action::Collect)), Law::Permit);
}

#[test]
fn law_01_a_permit_of_another_person_or_case_does_nothing() {
    let house = House::new();
    let (one, two) = (house.open_case(&["Noy", "Dao", "Kham", "Phet"]), house.open_case(&["Noy", "Dao", "Kham", "Phet"]));
    house.live_authority(&one, 5);
    house.live_authority(&two, 5);
    let (noy, dao, noy_in_two) = (house.scope("Noy", &one), house.scope("Dao", &one), house.scope("Noy", &two));
    let permit = house.store.permit(&noy, Intent::to(Action::View)).unwrap();
    let blob = house.blob(&dao, b"bytes", ExhibitClass::Ordinary);
    let before = house.store.log_size().unwrap();
    for foreign in [&dao, &noy_in_two] {
        refused(house.note_under(foreign, &permit, "note-1", "x"), Law::Permit);
        refused(house.store.still_live(foreign, &permit), Law::Permit);
        refused(house.store.read_blob(foreign, &permit, &blob), Law::Permit);
        refused(house.store.disclose_detail(foreign, &permit, before - 1), Law::Permit);
        refused(house.store.new_blob(foreign, &permit, "exh", ExhibitClass::Ordinary, None, AlsoDigest::default()), Law::Permit);
    }
    let foreign_row = row(&noy_in_two, house.store.now(), "note", "note-2", "kept", json!({}));
    let event = NewEvent::new(EventType::FindingAdded, None, json!({}));
    refused(house.store.commit(&noy, &permit, event, vec![foreign_row]), Law::Permit);
    house.check_log(before);
    assert!(house.note_under(&noy, &permit, "note-1", "x").is_ok());
}

#[test]
fn law_02_no_event_no_row() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    house.note(&scope, "note-1", "first").unwrap();
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let before = house.store.log_size().unwrap();
    let note = |id: &str, basis| store::Write { basis, ..row(&scope, house.store.now(), "note", id, "kept", json!({"text": "second"})) };
    let event = || NewEvent::new(EventType::FindingAdded, None, json!({}));

    // Somebody else was faster: a conflict after the event and a good row were written already.
    let stale = vec![note("note-2", Basis::New), note("note-1", Basis::Over(7))];
    assert!(matches!(house.store.commit(&scope, &permit, event(), stale), Err(StoreError::Conflict)));
    // A new row whose id is taken, after a good one: somebody else was faster here too.
    let twice = vec![note("note-3", Basis::New), note("note-1", Basis::New)];
    assert!(matches!(house.store.commit(&scope, &permit, event(), twice), Err(StoreError::Conflict)));
    // A detail that has no canonical form.
    let float = NewEvent::new(EventType::FindingAdded, None, json!({"rate": 0.5}));
    assert!(house.store.commit(&scope, &permit, float, vec![note("note-4", Basis::New)]).is_err());

    house.check_log(before);
    assert_eq!(house.store.list(&scope, "note").unwrap().len(), 1);
    let kept: serde_json::Value = house.store.get(&scope, "note", "note-1").unwrap().content().unwrap();
    assert_eq!(kept["text"], "first");
    // And the same rows with a good basis are written with their event.
    house.store.commit(&scope, &permit, event(), vec![note("note-2", Basis::New), note("note-1", Basis::Over(1))]).unwrap();
    house.check_log(before + 1);
    assert_eq!(house.store.list(&scope, "note").unwrap().len(), 2);
}

#[test]
fn law_15_revocation_stops_a_long_commit() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    let id = house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, Intent::to(Action::Admit)).unwrap();
    let mut blob = house.store.new_blob(&scope, &permit, "exh-1", ExhibitClass::Ordinary, None, AlsoDigest::default()).unwrap();
    blob.write_all(&[7; 100_000]).unwrap();
    assert!(house.store.still_live(&scope, &permit).is_ok());

    house.revoke("Kham", &case, &id);
    let before = house.store.log_size().unwrap();
    let text = refused(house.store.still_live(&scope, &permit), Law::Revocation);
    assert!(text.contains("stopped") && text.contains("revoked"), "{text}");
    let done = blob.finish().unwrap();
    let event = NewEvent::new(EventType::ExhibitAdmitted, None, json!({}));
    refused(house.store.commit(&scope, &permit, event, vec![done.row]), Law::Revocation);
    assert!(house.store.get(&scope, "blob", done.id.as_str()).is_err());
    house.check_log(before);
}

#[test]
fn law_15_the_end_of_the_period_stops_work_too() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 1);
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    house.turn_clock(HOUR - 1);
    assert!(house.note_under(&scope, &permit, "note-1", "in time").is_ok());
    house.turn_clock(1);
    refused(house.store.still_live(&scope, &permit), Law::Revocation);
    refused(house.note_under(&scope, &permit, "note-2", "too late"), Law::Revocation);
    assert_eq!(house.store.list(&scope, "note").unwrap().len(), 1);
}

#[test]
fn law_15_another_live_authority_does_not_carry_a_permit_of_a_revoked_one() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    let first = house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    house.live_authority(&case, 5);
    house.revoke("Kham", &case, &first);
    refused(house.note_under(&scope, &permit, "note-1", "x"), Law::Revocation);
    assert!(house.note(&scope, "note-1", "under a permit of its own").is_ok());
}

#[test]
fn a_clock_that_jumps_back_marks_time_as_unreliable_and_goes_on() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 50);
    let scope = house.scope("Noy", &case);
    house.turn_clock(10 * HOUR);
    house.note(&scope, "note-1", "before").unwrap();
    house.turn_clock(-5 * HOUR);
    let seq = house.note(&scope, "note-2", "after").unwrap().event;
    let (_, detail) = house.store.events(&scope, seq, 1).unwrap().pop().unwrap();
    assert_eq!(detail["clock"]["state"], "unreliable");
    let report = house.store.verify_log().unwrap();
    assert_eq!((report.faults.len(), report.clock_jumps), (0, 1));
}

#[test]
fn law_01_limits_on_source_person_and_territory_bind_every_opening() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    let mut narrow = authority(&house, &case, 5);
    narrow.scope.sources = [SourceClass::Open].into();
    narrow.scope.persons = Limit::from_names(&["vendor-7".into()]);
    narrow.scope.territory = Limit::from_names(&["la".into()]);
    house.record(&house.scope("Kham", &case), &narrow).unwrap();
    narrow.check(house.session("Phet").actor(), house.store.now()).unwrap();
    house.decide(&house.scope("Phet", &case), &narrow).unwrap();

    let scope = house.scope("Noy", &case);
    let inside = Origin { source: SourceClass::Open, person: Some("Vendor-7".into()), territory: Some("LA".into()), under: None };
    let elsewhere = [
        Origin { source: SourceClass::Darknet, ..inside.clone() },
        Origin { person: Some("vendor-8".into()), ..inside.clone() },
        Origin { territory: Some("th".into()), ..inside.clone() },
    ];
    let text = refused(house.store.permit(&scope, Intent::to(Action::Admit).from_source(SourceClass::Open)), Law::Permit);
    assert!(text.contains("--person"), "{text}");
    let view = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    let before = house.store.log_size().unwrap();
    for origin in &elsewhere {
        assert!(!house.store.covers(&scope, &view, origin).unwrap());
        refused(house.store.cover(&scope, &view, origin), Law::Permit);
        refused(house.store.new_blob(&scope, &view, "exh", ExhibitClass::Ordinary, Some(origin), AlsoDigest::default()).map(|_| ()), Law::Permit);
    }
    house.check_log(before + 6);

    let mut blob = house.store.new_blob(&scope, &view, "exh", ExhibitClass::Ordinary, Some(&inside), AlsoDigest::default()).unwrap();
    blob.write_all(b"what vendor 7 wrote").unwrap();
    let done = blob.finish().unwrap();
    let event = NewEvent::new(EventType::ExhibitAdmitted, None, json!({}));
    let committed = house.store.commit(&scope, &view, event, vec![done.row]).unwrap();
    let (_, detail) = house.store.events(&scope, committed.event, 1).unwrap().pop().unwrap();
    assert_eq!(detail["covered"][0]["origin"]["person"], "Vendor-7", "the log says what covered it: {detail}");

    // Another authority, without these limits on the person: the same bytes are out of reach of the first.
    let again = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    assert!(house.store.read_blob(&scope, &again, &done.id).is_ok());
    house.revoke("Kham", &case, &narrow.id);
    refused(house.store.still_live(&scope, &again), Law::Revocation);
    let mut other = authority(&house, &case, 5);
    other.scope.sources = [SourceClass::Darknet].into();
    house.record(&house.scope("Kham", &case), &other).unwrap();
    other.check(house.session("Phet").actor(), house.store.now()).unwrap();
    house.decide(&house.scope("Phet", &case), &other).unwrap();
    let darknet = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    refused(house.store.read_blob(&scope, &darknet, &done.id), Law::Permit);
}
