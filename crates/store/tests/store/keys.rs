//! Law 13: case keys open for members and for nobody else — not the node, not the administrator, not
//! the auditor, not a member who has left.

use model::{Law, action::Action, actor::Role, authorize::NodeStep, event::EventType, exhibit::ExhibitClass, id::CaseId};
use serde_json::{Value, json};
use store::{
    First, Intent, NewEvent, NewKeys, StoreError,
    vault::{
        secret::Secret32,
        wrap::{Identity, open_with_passphrase, unwrap},
    },
};

use crate::house::{House, ON_SERVER, PASSPHRASE, refused};

/// Changes the case key; only `staying` get the new one.
pub fn rotate(house: &House, by: &str, case: &CaseId, staying: &[&str]) {
    let mut scope = house.scope(by, case);
    let permit = house.store.permit(&scope, Intent::to(Action::Administer)).unwrap();
    let users: Vec<_> = staying.iter().map(|name| house.store.user_by_name(name).unwrap()).collect();
    let rows = house.store.rotate_case_key(&mut scope, &users).unwrap();
    house.store.commit(&scope, &permit, NewEvent::new(EventType::KeyRotated, None, json!({})), rows).unwrap();
}

#[test]
fn law_13_the_node_and_the_administrator_open_no_case() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    house.note(&scope, "note-1", "content of the case").unwrap();

    for outsider in ["Boun", "Vone", "Dao"] {
        refused(house.store.enter(&house.session(outsider), &case), Law::Separation);
    }
    for role_without_content in ["Boun", "Vone"] {
        let user = house.store.user_by_name(role_without_content).unwrap();
        refused(house.store.wrap_for(&scope, &user), Law::Separation);
    }
    // The agency key opens the register and nothing of a case.
    let kept = if ON_SERVER { "case" } else { "note" };
    let closed = house.store.register(kept).unwrap();
    assert_eq!((closed.len(), closed[0].state.as_str()), (1, if ON_SERVER { "open" } else { "kept" }));
    assert!(matches!(closed[0].content::<Value>(), Err(StoreError::Damaged(_))));
    assert!(house.store.register_one(kept, &closed[0].id).unwrap().unwrap().content::<Value>().is_err());
    assert_eq!(house.store.register("authority").unwrap().is_empty(), ON_SERVER, "a server keeps the rows of a case to its members");
    assert!(house.store.users().unwrap().iter().any(|user| user.record.name == "Noy"));
    // A scope of another case opens nothing either.
    let other = house.scope("Noy", &house.open_case(&["Noy"]));
    assert!(house.store.get(&other, "note", "note-1").is_err());
}

#[test]
fn law_13_nothing_on_the_node_unwraps_a_case_key() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham"]);
    let wraps = house.store.wraps_of_case(&case).unwrap();
    assert_eq!(wraps.len(), 2);
    let opens = |identity: &Identity| wraps.iter().any(|wrap| unwrap(identity, wrap.row.sealed_bytes()).is_ok());
    let node_files: Vec<_> = std::fs::read_dir(house.root().join("node")).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(node_files.len() >= 2);
    for file in node_files {
        let bytes = std::fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes).trim().to_string();
        let mut secret = [0; 32];
        if hex::decode_to_slice(&text, &mut secret).is_ok() {
            assert!(!opens(&Identity::from_secret(&Secret32::new(secret))), "{}", file.display());
        }
        assert!(Identity::parse(&text).is_err(), "{}", file.display());
    }
    // Nor do another person's session or passphrase.
    let admin = house.session("Boun");
    assert!(wraps.iter().all(|wrap| admin.unwrap(wrap.row.sealed_bytes()).is_err()));
    assert!(wraps.iter().all(|wrap| open_with_passphrase(PASSPHRASE, wrap.row.sealed_bytes()).is_err()));
    assert!(wraps.iter().any(|wrap| house.session("Noy").unwrap(wrap.row.sealed_bytes()).is_ok()), "the check can fail");
}

#[test]
fn law_13_an_administrator_or_auditor_takes_no_step_of_a_case() {
    let house = House::new();
    let before = house.store.log_size().unwrap();
    for (name, step) in [
        ("Boun", NodeStep::OpenCase), ("Boun", NodeStep::ReceiveTip), ("Boun", NodeStep::DecideUnitAuthority),
        ("Vone", NodeStep::OpenCase), ("Vone", NodeStep::ManageUsers), ("Noy", NodeStep::ManageUsers),
        ("Noy", NodeStep::DecideUnitAuthority),
    ] {
        refused(house.store.check_node_step(Some(&house.session(name)), step), Law::Separation);
    }
    refused(house.store.add_user(None, "Nobody", model::actor::Role::Analyst), Law::Separation);
    house.check_log(before + 7);
}

#[test]
fn law_13_a_removed_member_reads_nothing_new() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let (noy, leaver) = (house.scope("Noy", &case), house.scope("Dao", &case));
    house.note(&noy, "note-old", "before").unwrap();
    let permit = house.store.permit(&leaver, Intent::to(Action::View)).unwrap();

    rotate(&house, "Noy", &case, &["Noy", "Kham", "Phet"]);
    let noy = house.scope("Noy", &case);
    house.note(&noy, "note-new", "after").unwrap();
    let blob = house.blob(&noy, b"bytes after", ExhibitClass::Ordinary);

    // His session opens no scope any more, and a scope that he still has open opens nothing new.
    refused(house.store.enter(&house.session("Dao"), &case), Law::Separation);
    assert!(house.store.get(&leaver, "note", "note-new").is_err());
    match house.store.list(&leaver, "note") {
        Ok(rows) => assert!(ON_SERVER && rows.is_empty(), "the server shows him no row at all"),
        Err(error) if ON_SERVER => panic!("{error}"),
        Err(_) => {}
    }
    assert!(house.store.read_blob(&leaver, &permit, &blob).is_err());
    // What he could read before, he had: that is stated, not denied. From a server he gets it no more.
    assert_eq!(house.store.get(&leaver, "note", "note-old").is_ok(), !ON_SERVER);
    // Those who stay read both.
    assert_eq!(house.store.list(&noy, "note").unwrap().len(), 2);
    assert_eq!(house.store.list(&house.scope("Kham", &case), "note").unwrap().len(), 2);
}

#[test]
fn law_13_a_removed_member_takes_no_further_step() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let leaver = house.scope("Dao", &case);
    let held = house.store.permit(&leaver, Intent::to(Action::View)).unwrap();
    let standing = house.store.permit(&leaver, Intent::to(Action::Transfer)).unwrap();
    house.note_under(&leaver, &held, "note-1", "while a member").unwrap();

    rotate(&house, "Noy", &case, &["Noy", "Kham", "Phet"]);
    refused(house.store.permit(&leaver, Intent::to(Action::View)), Law::Separation);
    refused(house.store.still_live(&leaver, &held), Law::Revocation);
    let before = house.store.log_size().unwrap();
    for permit in [&held, &standing] {
        refused(house.note_under(&leaver, permit, "note-2", "after"), Law::Revocation);
    }
    house.check_log(before);
}

#[test]
fn law_13_who_leaves_the_agency_has_no_session_and_no_key() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    let dao = house.store.user_by_name("Dao").unwrap();
    let session = house.session("Dao");
    house.store.revoke_user(&house.session("Boun"), &dao, "left the unit", false).unwrap();
    refused(house.store.session(&house.tokens[1]), Law::Separation);
    refused(house.store.log_in(&house.store.user_by_name("Dao").unwrap(), PASSPHRASE), Law::Separation);
    // A session that was open in a running process enters no case.
    refused(house.store.enter(&session, &case), Law::Separation);
    assert!(house.store.enter(&house.session("Noy"), &case).is_ok());
    assert!(house.store.enrol(&house.store.user_by_name("Dao").unwrap(), &NewKeys::generate().unwrap(), b"x", PASSPHRASE, First::default()).is_err());
    house.check_log(house.store.log_size().unwrap());
}

#[test]
fn a_wrong_passphrase_is_refused_and_is_an_event() {
    let house = House::new();
    let before = house.store.log_size().unwrap();
    let noy = house.store.user_by_name("Noy").unwrap();
    let text = refused(house.store.log_in(&noy, "four words for tesst"), Law::Separation);
    assert!(text.contains("try again"), "{text}");
    let last = house.store.event(before).unwrap();
    assert_eq!(last.leaf.event_type, EventType::LoginRefused);
    assert!(house.store.session("lfs-00").is_err());
    refused(house.store.session(&format!("lfs-{}", "0".repeat(64))), Law::Separation);
    house.check_log(before + 1);
}

#[test]
fn a_session_ends_with_its_time_and_with_its_logout() {
    let house = House::new();
    house.store.log_out(&house.tokens[0]).unwrap();
    refused(house.store.session(&house.tokens[0]), Law::Separation);
    assert!(house.store.session(&house.tokens[2]).is_ok());
    house.turn_clock(house.store.config().session_seconds);
    refused(house.store.session(&house.tokens[2]), Law::Separation);
}

#[test]
fn law_13_a_scope_from_before_a_key_change_writes_nothing() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let old = house.scope("Noy", &case);
    let permit = house.store.permit(&old, Intent::to(Action::View)).unwrap();
    rotate(&house, "Kham", &case, &["Noy", "Kham"]);

    let text = refused(house.note_under(&old, &permit, "note-old", "under the key that a leaver has"), Law::Separation);
    assert!(text.contains("enter the case again"), "{text}");
    refused(house.store.permit(&old, Intent::to(Action::View)), Law::Separation);
    house.note(&house.scope("Noy", &case), "note-new", "under the new key").unwrap();
}

#[test]
fn law_13_a_first_login_needs_its_code_where_one_was_made() {
    let house = House::new();
    let session = house.session("Boun");
    house.store.add_user(Some(&session), "Keo", Role::Investigator).unwrap();
    let keo = || house.store.user_by_name("Keo").unwrap();
    refused(house.store.make_enrolment_code(None, &keo()), Law::Separation);
    refused(house.store.make_enrolment_code(Some(&house.session("Noy")), &keo()), Law::Separation);
    let code = house.store.make_enrolment_code(Some(&session), &keo()).unwrap();
    let enrol = |code: Option<&str>| house.store.enrol(&keo(), &NewKeys::generate().unwrap(), b"a certificate", PASSPHRASE, First::here(code));
    let before = house.store.log_size().unwrap();
    refused(enrol(None), Law::Separation);
    refused(enrol(Some("0123456789abcdef0123456789abcdef")), Law::Separation);
    assert_eq!((keo().state.as_str(), house.store.log_size().unwrap()), ("waiting", before + 2), "each attempt is an event");
    let spoken = code.to_uppercase().as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect::<Vec<_>>().join(" ");
    enrol(Some(&spoken)).unwrap();
    assert_eq!((keo().state.as_str(), keo().record.enrolment_code), ("active", None));
    assert!(house.store.make_enrolment_code(Some(&session), &keo()).is_err(), "a code is for the first login only");
}

#[test]
fn law_13_a_first_login_over_the_network_needs_a_code_that_was_made() {
    let house = House::new();
    let session = house.session("Boun");
    house.store.add_user(Some(&session), "Keo", Role::Investigator).unwrap();
    let keo = || house.store.user_by_name("Keo").unwrap();
    let enrol = |code: Option<&str>, passphrase: &str| house.store.enrol(&keo(), &NewKeys::generate().unwrap(), b"a certificate", passphrase, First { code, from_afar: true });
    refused(enrol(None, PASSPHRASE), Law::Separation);
    refused(enrol(Some(""), PASSPHRASE), Law::Separation);
    refused(enrol(None, "short"), Law::Separation);
    let code = house.store.make_enrolment_code(Some(&session), &keo()).unwrap();
    refused(enrol(None, PASSPHRASE), Law::Separation);
    assert!(matches!(enrol(Some(&code), "short"), Err(StoreError::Input(_))), "who shows the code is told what is wrong with his passphrase");
    enrol(Some(&code), PASSPHRASE).unwrap();
    assert_eq!(keo().state, "active");
}
