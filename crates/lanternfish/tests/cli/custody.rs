//! Custody: one custodian, two people for a transfer, the seal that the receiver reads, interim custody
//! and reassignment (law 4); an object that somebody changed on the disk (law 5); restricted items (law 7).

use std::fs;

use crate::{
    office::{BOUNMY, KHAM, NOY, Office, collect_files, string, text},
    people::finding,
};

#[test]
fn law_04_a_transfer_needs_two_people_and_the_right_seal() {
    let office = Office::working();
    let thing = ["--physical", "--description", "SYNTHETIC phone", "--seal-number", "LA-00471", "--condition", "sealed, dry"];
    let item = office.does(NOY, "exhibit admit", &thing);
    assert_eq!((&item["exhibit"], &item["custodian"]), (&"E-0001".into(), &NOY.into()));
    office.in_case(NOY, "exhibit admit", &["--physical", "--description", "no seal"]).ended(2);

    office.in_case(NOY, "transfer offer", &["E-0001", "--to", NOY, "--purpose", "to myself"]).by_law(4).tells("two different people");
    office.in_case(BOUNMY, "transfer offer", &["E-0001", "--to", KHAM, "--purpose", "not mine"]).by_law(4);
    let offer = office.does(NOY, "transfer offer", &["E-0001", "--to", BOUNMY, "--purpose", "to the store"]);
    assert_eq!((&offer["state"], &offer["from"], &offer["to"]), (&"offered".into(), &NOY.into(), &BOUNMY.into()));
    let id = string(&offer["transfer"]);
    let seal = |number: &'static str| [id.as_str(), "--seal-number", number, "--condition", "sealed, dry"];
    office.in_case(NOY, "transfer accept", &seal("LA-00471")).by_law(4);
    office.in_case(KHAM, "transfer accept", &seal("LA-00471")).by_law(4);
    office.in_case(BOUNMY, "transfer accept", &[&id]).ended(2).tells("--seal-number");
    office.in_case(BOUNMY, "transfer accept", &seal("LA-00417")).by_law(4).tells("check the number that you typed");
    assert_eq!(office.exhibits()[0]["custodian"], NOY, "a wrong seal moves nothing");
    let accepted = office.does(BOUNMY, "transfer accept", &seal("LA-00471"));
    assert_eq!(accepted["state"], "accepted");
    assert_eq!(office.exhibits()[0]["custodian"], BOUNMY);
    office.in_case(BOUNMY, "transfer accept", &seal("LA-00471")).by_law(4);
    assert_eq!(office.in_case(NOY, "transfer list", &[]).ended(0).lines().len(), 1);

    let slip = text(&office.place("slip.pdf"));
    office.does(BOUNMY, "transfer slip", &[&id, "--out", &slip]);
    assert!(fs::read(&slip).unwrap().starts_with(b"%PDF-"));
    let label = text(&office.place("label.pdf"));
    office.does(BOUNMY, "exhibit label", &["E-0001", "--out", &label]);
    assert!(fs::read(&label).unwrap().starts_with(b"%PDF-"));
    office.in_case(BOUNMY, "exhibit label", &["E-0001", "--out", &label]).ended(2).tells("does not exist yet");
    office.sound_log();
}

#[test]
fn law_04_out_in_refused_interim_and_reassigned() {
    let office = Office::working();
    office.admit("chat.txt", "SYNTHETIC chat");
    office.does(NOY, "checkout", &["E-0001", "--purpose", "reading"]);
    office.in_case(NOY, "transfer offer", &["E-0001", "--to", BOUNMY, "--purpose", "x"]).by_law(4).tells("check it in first");
    office.in_case(BOUNMY, "checkin", &["E-0001", "--condition", "x"]).by_law(4);
    office.does(NOY, "checkin", &["E-0001", "--condition", "as before"]);
    let offer = string(&office.does(NOY, "transfer offer", &["E-0001", "--to", BOUNMY, "--purpose", "store"])["transfer"]);
    let refused = office.does(BOUNMY, "transfer refuse", &[&offer, "--reason", "the store is full"]);
    assert_eq!(refused["state"], "refused");
    office.in_case(BOUNMY, "transfer interim", &["E-0001", "--reason", " "]).ended(2);
    office.in_case(BOUNMY, "transfer interim", &["E-0001", "--reason", "x"]).by_law(4).tells("--unreachable");
    let taken = office.does(BOUNMY, "transfer interim", &["E-0001", "--unreachable", "--reason", "nobody was there at night"]);
    assert_eq!((&taken["custodian"], &taken["custody"]["interim"]), (&BOUNMY.into(), &true.into()));
    office.in_case(NOY, "transfer reassign", &["E-0001", "--to", KHAM, "--unreachable", "--reason", "x"]).by_law(4).tells("only a supervisor");
    office.in_case(KHAM, "transfer reassign", &["E-0001", "--to", NOY, "--reason", "he is ill"]).by_law(4).tells("--unreachable");
    office.in_case(KHAM, "transfer reassign", &["E-0001", "--to", KHAM, "--unreachable", "--reason", "x"]).by_law(4).tells("to yourself");
    let given = office.does(KHAM, "transfer reassign", &["E-0001", "--to", NOY, "--unreachable", "--reason", "he is ill"]);
    assert_eq!((&given["custodian"], &given["custody"]["interim"]), (&NOY.into(), &false.into()));
    office.sound_log();
}

#[test]
fn a_name_in_lao_or_thai_is_told_as_it_was_typed() {
    let office = Office::working();
    office.admit("chat.txt", "SYNTHETIC chat");
    for name in ["ສົມຈັນ ໂທລະສັບ", "สมชาย ที่รู้จัก"] {
        office.in_case(NOY, "transfer offer", &["E-0001", "--to", name, "--purpose", "store"]).ended(2).tells(name);
    }
    let tricky = office.in_case(NOY, "transfer offer", &["E-0001", "--to", "a\u{202e}b", "--purpose", "store"]).ended(2);
    tricky.tells("a\\u{202e}b");
}

#[test]
fn law_05_a_changed_object_locks_its_exhibit_until_a_supervisor_decides() {
    let office = Office::working();
    let exhibit = office.admit("page.html", "<p>what the seller wrote</p>");
    let objects = office.objects();
    assert_eq!(objects.len(), 1, "{objects:?}");
    let sound = fs::read(&objects[0]).unwrap();
    let mut changed = sound.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&objects[0], &changed).unwrap();

    let out = text(&office.place("seen"));
    let view = [exhibit.as_str(), "--purpose", "reading", "--out", &out];
    office.in_case(NOY, "exhibit view", &view).by_law(5).tells("locked now");
    assert!(!office.place("seen").exists(), "nothing that does not match is left behind");
    assert_eq!(office.last_events(1), ["anomaly"]);
    assert_eq!(office.exhibits()[0]["state"], "locked");
    office.in_case(NOY, "exhibit view", &view).by_law(5).tells("a supervisor decides");
    office.in_case(NOY, "examine", &[&exhibit]).by_law(5);
    let package = text(&office.place("package"));
    office.in_case(NOY, "package seal", &["--officer", NOY, "--out", &package]).by_law(5);
    assert!(!office.place("package").exists() && !office.place("package.building").exists());
    office.in_case(KHAM, "exhibit release", &[&exhibit, "--reason", "bytes are still wrong"]).by_law(5);

    fs::write(&objects[0], &sound).unwrap();
    office.in_case(NOY, "exhibit release", &[&exhibit, "--reason", "I say so"]).by_law(1);
    let released = office.does(KHAM, "exhibit release", &[&exhibit, "--reason", "the disk was repaired"]);
    assert_eq!(released["state"], "sound");
    office.does(NOY, "exhibit view", &view);
    office.does(NOY, "finding add", &finding("It reads so.", &exhibit));
    fs::remove_file(&objects[0]).unwrap();
    fs::remove_file(&out).unwrap();
    office.in_case(NOY, "exhibit view", &view).by_law(5).tells("missing");
    office.sound_log();
}

#[test]
fn law_07_a_restricted_item_is_opened_by_nobody_here_and_its_digest_leaves_nowhere() {
    let office = Office::working();
    let bytes = b"SYNTHETIC: a letter to his lawyer";
    let digest = model::Sha256Digest::of(bytes).hex();
    let file = office.file("letter.txt", bytes);
    office.does(NOY, "exhibit admit", &[&file, "--class", "privileged", "--description", "a letter"]);
    office.admit("page.html", "<p>SYNTHETIC</p>");
    office.does(NOY, "finding add", &finding("There is a page.", "E-0002"));
    let out = text(&office.place("seen"));
    for who in [NOY, KHAM, BOUNMY] {
        assert_eq!(office.in_case(who, "exhibit view", &["E-0001", "--purpose", "curious", "--out", &out]).code, 1);
        assert!(!office.place("seen").exists());
    }
    office.in_case(NOY, "exhibit view", &["E-0001", "--purpose", "curious", "--out", &out]).by_law(7);
    office.in_case(NOY, "examine", &["E-0001"]).by_law(7);
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let built = office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&office.place("package"))]);
    assert_eq!(built["withheld"], serde_json::json!(["E-0001"]), "{built}");
    let mut files = Vec::new();
    collect_files(&office.place("package.building"), &mut files);
    collect_files(&office.home, &mut files);
    let raw = hex::decode(&digest).unwrap();
    let speaks = |held: &[u8]| [digest.as_bytes(), &raw[..], bytes].iter().any(|word| held.windows(word.len()).any(|w| w == *word));
    let speaking: Vec<_> = files.iter().filter(|file| speaks(&fs::read(file).unwrap())).collect();
    assert!(speaking.is_empty(), "its digest or its words stand in {speaking:?}");
    office.sound_log();
}
