//! Laws 5 and 7 on stored bytes: as they were or not at all, and restricted ones not here.

use std::io::Write as _;

use model::{Law, action::Action, event::EventType, exhibit::ExhibitClass};
use store::{Intent, NewEvent, vault::blob::AlsoDigest};

use crate::house::{House, files, refused, row};

fn case_with_blob(bytes: &[u8], class: ExhibitClass) -> (House, store::Scope, model::id::BlobId) {
    let house = House::new();
    let case = house.open_case(&["Noy", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let scope = house.scope("Noy", &case);
    let blob = house.blob(&scope, bytes, class);
    (house, scope, blob)
}

fn read(house: &House, scope: &store::Scope, blob: &model::id::BlobId) -> Result<Vec<u8>, store::StoreError> {
    let permit = house.store.permit(scope, Intent::to(Action::View))?;
    house.store.read_blob(scope, &permit, blob)?.bytes(1 << 20)
}

#[test]
fn law_05_object_bytes_flipped_are_refused() {
    let bytes: Vec<u8> = (0..70_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let (house, scope, blob) = case_with_blob(&bytes, ExhibitClass::Ordinary);
    assert_eq!(read(&house, &scope, &blob).unwrap(), bytes);
    let object = house.objects().pop().unwrap();
    let whole = house.object(&object);
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut copy = whole.clone();
        change(&mut copy);
        house.change_object(&object, &copy);
        read(&house, &scope, &blob)
    };
    for place in [0, 8, 23, 24, 40, 40_000, whole.len() - 1] {
        refused(changed(&|copy| copy[place] ^= 1), Law::Integrity);
    }
    refused(changed(&|copy| copy.truncate(whole.len() - 1)), Law::Integrity);
    refused(changed(&|copy| copy.push(0)), Law::Integrity);
    refused(changed(&|copy| copy.clear()), Law::Integrity);
    assert_eq!(changed(&|_| {}).unwrap(), bytes, "put back, it opens again");
    house.remove_object(&object);
    refused(read(&house, &scope, &blob), Law::Integrity);
}

#[test]
fn law_05_an_object_in_the_place_of_another_is_refused() {
    let (house, scope, first) = case_with_blob(b"first item", ExhibitClass::Ordinary);
    let before = house.objects();
    let second = house.blob(&scope, b"other item", ExhibitClass::Ordinary);
    let added = house.objects().into_iter().find(|name| !before.contains(name)).unwrap();
    house.change_object(&added, &house.object(&before[0]));
    refused(read(&house, &scope, &second), Law::Integrity);
    assert_eq!(read(&house, &scope, &first).unwrap(), b"first item");
}

#[test]
fn law_07_a_restricted_blob_is_not_opened_here() {
    for class in [ExhibitClass::Privileged, ExhibitClass::Contraband] {
        let (house, scope, blob) = case_with_blob(b"restricted", class);
        refused(read(&house, &scope, &blob), Law::Restricted);
    }
    for class in [ExhibitClass::Ordinary, ExhibitClass::PersonalSensitive] {
        let (house, scope, blob) = case_with_blob(b"not restricted", class);
        assert_eq!(read(&house, &scope, &blob).unwrap(), b"not restricted");
    }
}

#[test]
fn law_07_what_was_taken_out_of_a_restricted_item_is_restricted_with_it() {
    let (house, scope, item) = case_with_blob(b"a container", ExhibitClass::Ordinary);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    // The member's own row says ordinary and stays so: it was written in the moment in which the item became restricted.
    let mut derivation = row(&scope, house.store.now(), "derivation", "deriv-1", "done", serde_json::json!({}));
    derivation.head.parent = Some("exh-of-test".into());
    let mut member = house.store.new_blob(&scope, &permit, "deriv-1", ExhibitClass::Ordinary, None, AlsoDigest::default()).unwrap();
    member.write_all(b"a letter in it").unwrap();
    let member = member.finish().unwrap();
    let event = || NewEvent::new(EventType::Derived, None, serde_json::json!({}));
    house.store.commit(&scope, &permit, event(), vec![derivation, member.row.clone()]).unwrap();
    assert_eq!(read(&house, &scope, &member.id).unwrap(), b"a letter in it");

    let of_item = house.store.get(&scope, "blob", item.as_str()).unwrap();
    refused(house.store.unmarked_blob(&scope, &house.store.get(&scope, "blob", house.blob(&scope, b"x", ExhibitClass::Contraband).as_str()).unwrap()), Law::Restricted);
    let stricter = house.store.restricted_blob(&scope, &of_item, ExhibitClass::Privileged).unwrap();
    house.store.commit(&scope, &permit, event(), vec![stricter]).unwrap();
    for blob in [&item, &member.id] {
        assert!(house.store.class_of_blob(&scope, blob).unwrap().is_restricted());
        refused(read(&house, &scope, blob), Law::Restricted);
    }
    let of_item = house.store.get(&scope, "blob", item.as_str()).unwrap();
    for milder in [ExhibitClass::Ordinary, ExhibitClass::PersonalSensitive] {
        refused(house.store.restricted_blob(&scope, &of_item, milder), Law::Restricted);
    }
    assert_eq!(house.store.find(&scope, "blob", "blob.sha256", &model::Sha256Digest::of(b"a container").hex()).unwrap().len(), 1, "it is found by its bytes still");
    assert_eq!(house.store.verify_log().unwrap().faults, Vec::<String>::new());
}

#[test]
fn law_07_a_restricted_blob_opens_for_the_action_of_its_own_people_only() {
    for class in [ExhibitClass::Ordinary, ExhibitClass::PersonalSensitive, ExhibitClass::Privileged, ExhibitClass::Contraband] {
        let (house, noy, blob) = case_with_blob(b"shown once", class);
        let kham = house.scope("Kham", noy.case());
        let supervise = house.store.permit(&kham, Intent::to(Action::Supervise)).unwrap();
        let view = house.store.permit(&kham, Intent::to(Action::View)).unwrap();
        refused(house.store.read_restricted(&kham, &view, &blob).map(|_| ()), Law::Restricted);
        let shown = house.store.read_restricted(&kham, &supervise, &blob);
        match class {
            ExhibitClass::Contraband => assert_eq!(shown.unwrap().bytes(1 << 20).unwrap(), b"shown once"),
            _ => drop(refused(shown.map(|_| ()), Law::Restricted)),
        }
        // A permit of another person or for another action opens nothing restricted.
        refused(house.store.read_restricted(&noy, &supervise, &blob).map(|_| ()), Law::Permit);
        if class.is_restricted() {
            refused(house.store.read_blob(&kham, &supervise, &blob).map(|_| ()), Law::Restricted);
        }
        let row = house.store.get(&noy, "blob", blob.as_str()).unwrap();
        for to in [ExhibitClass::Ordinary, ExhibitClass::Privileged, ExhibitClass::Contraband] {
            let released = house.store.released_blob(&noy, &row, to);
            assert_eq!(released.is_ok(), class == ExhibitClass::Privileged && to == ExhibitClass::Ordinary, "{class:?} to {to:?}");
        }
    }
}

#[test]
fn law_07_no_digest_of_a_blob_stands_in_the_clear() {
    let bytes = b"bytes whose digest would name them";
    let (house, _, _) = case_with_blob(bytes, ExhibitClass::Contraband);
    let digest = model::Sha256Digest::of(bytes);
    let here = files(&house.root()).into_iter().map(|file| (file.to_string_lossy().into_owned(), std::fs::read(&file).unwrap()));
    let objects = house.objects().into_iter().map(|name| (name.clone(), house.object(&name)));
    for (name, stored) in here.chain(objects) {
        // An object's name is parted by its folder.
        let name = name.replace('/', "");
        assert!(!name.contains(&digest.hex()), "{name}");
        assert!(!stored.windows(32).any(|w| w == digest.0) && !stored.windows(64).any(|w| w == digest.hex().as_bytes()), "{name}");
    }
}

#[test]
fn the_same_bytes_at_the_same_moment_are_two_objects() {
    let (house, scope, _) = case_with_blob(b"another", ExhibitClass::Ordinary);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    // Each round is a name that nobody has yet; both look, both find it free, and one is first.
    for round in 0..40 {
        let together = std::sync::Barrier::new(2);
        let admit = || {
            let mut blob = house.store.new_blob(&scope, &permit, "exh-of-test", ExhibitClass::Ordinary, None, AlsoDigest::default()).unwrap();
            blob.write_all(format!("round {round}").as_bytes()).unwrap();
            together.wait();
            blob.finish().unwrap();
        };
        std::thread::scope(|threads| {
            threads.spawn(admit);
            admit();
        });
    }
    assert_eq!(house.store.count_objects().unwrap().0, 81);
}

#[test]
fn the_same_bytes_twice_are_two_objects() {
    let (house, scope, first) = case_with_blob(b"the same", ExhibitClass::Ordinary);
    let second = house.blob(&scope, b"the same", ExhibitClass::Ordinary);
    assert_eq!(house.store.count_objects().unwrap(), (2, 0));
    for blob in [first, second] {
        assert_eq!(read(&house, &scope, &blob).unwrap(), b"the same");
    }
}
