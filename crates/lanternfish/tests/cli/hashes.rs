//! Known-hash lists, through the whole program: added by a supervisor, matched before anybody can open what came
//! in, told in words, and no digest of what they restrict anywhere (laws 2, 7 and 13).

use std::io::Write as _;

use serde_json::Value;

use crate::office::{ADMIN, BOUNMY, KHAM, NOY, Office, Said, string};

const BAD: &[u8] = b"SYNTHETIC stand-in for a file that nobody may hold";
const LAWYER: &[u8] = b"SYNTHETIC letter of a lawyer to his client";
const GOOD: &[u8] = b"SYNTHETIC part of an operating system";
const WANTED: &[u8] = b"SYNTHETIC file that is looked for";
const OTHER: &[u8] = b"SYNTHETIC file that is in no list";

fn sha256(bytes: &[u8]) -> String {
    model::Sha256Digest::of(bytes).hex()
}

fn digest_by(tool: &str, bytes: &[u8]) -> String {
    let mut child = std::process::Command::new(tool).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().split(' ').next().unwrap().to_string()
}

fn add(office: &Office, who: &str, name: &str, category: &str, text: &str) -> Said {
    let file = office.file(&format!("{name}.txt"), text);
    office.says(who, &["hashes", "add", &file, "--name", name, "--category", category, "--source", "the national centre"])
}

/// Admits bytes; what the program said, and the exhibit.
fn admit(office: &Office, name: &str, bytes: &[u8]) -> (Said, Value) {
    let file = office.file(name, bytes);
    let said = office.in_case(NOY, "exhibit admit", &[&file]).ended(0);
    let exhibit = said.line();
    (said, exhibit)
}

#[test]
fn law_07_what_a_list_restricts_is_restricted_when_it_comes_in_and_shows_no_digest() {
    let office = Office::working();
    add(&office, KHAM, "hotline", "contraband", &format!("{}\n{}\n", sha256(BAD), sha256(b"another"))).ended(0);
    add(&office, ADMIN, "chamber", "privileged", &format!("{}\n", sha256(LAWYER))).ended(0);

    for (name, bytes, class) in [("a.jpg", BAD, "contraband"), ("b.txt", LAWYER, "privileged")] {
        let (said, exhibit) = admit(&office, name, bytes);
        assert_eq!(exhibit["class"], class, "{exhibit}");
        assert_eq!(exhibit["sha256"], Value::Null);
        assert_eq!((&exhibit["known"][0]["category"], &exhibit["known"][0]["by"]), (&Value::from(class), &Value::from("sha256")));
        assert!(!said.out.contains(&sha256(bytes)) && !said.err.contains(&sha256(bytes)), "{said:?}");
        let said = said.tells("RESTRICTED").tells("Do not open it").tells("tell your supervisor");
        assert!(!said.err.contains("two files with one such digest"), "{}", said.err);
        let label = string(&exhibit["exhibit"]);
        for who in [NOY, KHAM, BOUNMY] {
            let out = office.place("opened").to_str().unwrap().to_owned();
            office.in_case(who, "exhibit view", &[&label, "--purpose", "drill", "--out", &out]).by_law(7).tells("is restricted: only its dedicated role may open it");
            assert!(!office.place("opened").exists());
        }
        office.in_case(NOY, "examine", &[&label]).by_law(7).tells("is restricted");
        assert!(!said.err.contains("hotline") && !said.err.contains("chamber"), "a list's name can tell whose privilege it is: {}", said.err);
    }
    // No bytes are in no list, whatever a list says.
    add(&office, KHAM, "careless", "contraband", &sha256(b"")).ended(0);
    assert_eq!(admit(&office, "empty", b"").1["class"], "ordinary");
    let (_, other) = admit(&office, "c.txt", OTHER);
    assert_eq!((&other["class"], &other["known"]), (&Value::from("ordinary"), &Value::Null));
    assert_eq!(other["sha256"], sha256(OTHER));
    let listed = office.in_case(NOY, "exhibit list", &[]).ended(0).out;
    assert!(!listed.contains(&sha256(BAD)) && !listed.contains(&sha256(LAWYER)), "{listed}");
    office.sound_log();
}

#[test]
fn law_07_a_list_of_exhibits_shows_no_name_and_no_length_of_a_restricted_item_and_no_name_of_a_list() {
    let office = Office::working();
    add(&office, ADMIN, "chamber of Keo", "privileged", &sha256(LAWYER)).ended(0);
    admit(&office, "letter to Keo.txt", LAWYER);
    let file = office.file("second.txt", LAWYER);
    office.in_case(NOY, "exhibit admit", &[&file, "--description", "from his desk"]).ended(0);
    let said = office.in_case(BOUNMY, "exhibit list", &[]).ended(0);
    assert!(!said.out.contains("Keo") && !said.out.contains("second.txt"), "{}", said.out);
    for exhibit in said.lines() {
        assert_eq!((&exhibit["original_name"], &exhibit["length"]), (&Value::Null, &Value::Null), "{exhibit}");
        assert_eq!((&exhibit["known"][0]["list"], &exhibit["known"][0]["category"]), (&Value::from("L-0001"), &Value::from("privileged")));
    }
    assert!(said.out.contains("from his desk"), "what a person typed stays: {}", said.out);
    assert!(office.says(NOY, &["hashes", "list"]).ended(0).out.contains("chamber of Keo"));
}

#[test]
fn law_07_a_weak_digest_restricts_too_and_says_that_a_person_must_confirm() {
    let office = Office::working();
    let (md5, sha1) = (digest_by("md5sum", BAD), digest_by("sha1sum", LAWYER));
    add(&office, KHAM, "old hotline", "contraband", &format!("{}\n", md5.to_uppercase())).ended(0);
    let nsrl = format!("\"SHA-1\",\"MD5\",\"FileName\"\r\n\"{}\",\"{}\",\"a, b\"\r\n", sha1.to_uppercase(), "0".repeat(32));
    add(&office, KHAM, "table", "privileged", &nsrl).ended(0);
    let (said, exhibit) = admit(&office, "a.jpg", BAD);
    assert_eq!((&exhibit["class"], &exhibit["known"][0]["by"]), (&Value::from("contraband"), &Value::from("md5")));
    said.tells("by MD5").tells("confirms it");
    let (_, exhibit) = admit(&office, "b.txt", LAWYER);
    assert_eq!((&exhibit["class"], &exhibit["known"][0]["by"]), (&Value::from("privileged"), &Value::from("sha1")));
}

#[test]
fn law_07_a_salted_list_matches_and_shows_nothing_of_what_it_matches() {
    let office = Office::working();
    let plain = office.file("plain.txt", format!("{}\n{}\n", sha256(BAD), sha256(b"more")));
    let salted = office.place("salted.txt").to_str().unwrap().to_owned();
    office.bare(&["hashes", "salt", &plain, "--out", &salted]).ended(0).tells("can test whether a digest");
    let text = std::fs::read_to_string(&salted).unwrap();
    assert!(!text.contains(&sha256(BAD)) && text.lines().count() == 3, "{text}");
    let words = ["hashes", "add", &salted, "--name", "s", "--category", "contraband", "--source", "elsewhere"];
    office.says(KHAM, &words).ended(2).tells("add --salted");
    assert_eq!(office.says(KHAM, &[&words[..], &["--salted"]].concat()).ended(0).line()["kinds"]["salted-sha256"], 2);
    let (_, exhibit) = admit(&office, "a.jpg", BAD);
    assert_eq!((&exhibit["class"], &exhibit["known"][0]["by"]), (&Value::from("contraband"), &Value::from("salted-sha256")));
    assert_eq!(admit(&office, "b", OTHER).1["class"], "ordinary");
}

#[test]
fn what_is_wanted_is_an_alert_and_what_is_known_a_note_and_neither_changes_a_class() {
    let office = Office::working();
    add(&office, KHAM, "nsrl", "known-good", &sha256(GOOD)).ended(0);
    add(&office, KHAM, "search", "wanted", &sha256(WANTED)).ended(0);
    let (said, exhibit) = admit(&office, "w", WANTED);
    assert_eq!((&exhibit["class"], &exhibit["sha256"]), (&Value::from("ordinary"), &Value::from(sha256(WANTED))));
    said.tells("ALERT, E-0001: it is in list L-0002 of wanted files");
    let (said, exhibit) = admit(&office, "g", GOOD);
    assert_eq!(exhibit["class"], "ordinary");
    said.tells("in list L-0001 of known programs");
    // Neither keeps anybody from opening anything.
    let out = office.place("opened").to_str().unwrap().to_owned();
    office.does(NOY, "exhibit view", &["E-0002", "--purpose", "drill", "--out", &out]);
}

#[test]
fn law_13_only_supervisors_and_administrators_keep_lists_and_each_change_is_an_event() {
    let office = Office::working();
    for who in [NOY, BOUNMY] {
        add(&office, who, "mine", "wanted", &sha256(GOOD)).by_law(13);
    }
    let added = add(&office, ADMIN, "one", "wanted", &format!("{}\n{}\n", sha256(GOOD), sha256(GOOD))).ended(0).line();
    assert_eq!((&added["list"], &added["kinds"]["sha256"], &added["state"]), (&Value::from("L-0001"), &Value::from(1), &Value::from("live")));
    add(&office, KHAM, "one", "wanted", &sha256(BAD)).ended(2).tells("there is a list \"one\" already");
    add(&office, KHAM, "bad", "wanted", "not a digest").ended(2).tells("line 1 of the list").tells("nothing was added");
    add(&office, KHAM, "none", "wanted", "# only a remark\n").ended(2).tells("holds no digest");
    assert_eq!(office.objects().len(), 1, "a list that was refused leaves nothing");
    let listed = office.says(NOY, &["hashes", "list"]).ended(0);
    assert_eq!(listed.lines().len(), 1);
    assert!(!listed.out.contains(&sha256(GOOD)), "{}", listed.out);
    office.says(NOY, &["hashes", "remove", "L-0001", "--reason", "drill"]).by_law(13);
    let removed = office.done(KHAM, &["hashes", "remove", "L-0001", "--reason", "old"]);
    assert_eq!((&removed["state"], &removed["commitment"]), (&Value::from("removed"), &added["commitment"]));
    assert_eq!(office.objects().len(), 0, "its digests are gone");
    office.says(KHAM, &["hashes", "remove", "L-0001", "--reason", "again"]).ended(2);
    let events = office.last_events(12);
    for kind in ["hash-list-added", "hash-list-consulted", "hash-list-removed"] {
        assert!(events.iter().any(|event| event == kind), "{kind}: {events:?}");
    }
    assert_eq!(admit(&office, "g", GOOD).1["known"], Value::Null);
    assert!(office.says(ADMIN, &["doctor"]).ended(0).out.contains("0 known-hash lists"));
}

#[test]
fn law_07_a_list_that_cannot_be_read_lets_nothing_in() {
    let office = Office::working();
    add(&office, KHAM, "hotline", "contraband", &sha256(BAD)).ended(0);
    let object = office.objects().pop().unwrap();
    let mut bytes = std::fs::read(&object).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&object, bytes).unwrap();
    let file = office.file("a.jpg", BAD);
    office.in_case(NOY, "exhibit admit", &[&file]).by_law(5).tells("hashes remove");
    assert!(office.exhibits().is_empty());
    assert!(office.says(ADMIN, &["doctor"]).out.contains("nothing can be admitted"));
    office.done(ADMIN, &["hashes", "remove", "L-0001", "--reason", "broken"]);
    assert_eq!(office.exhibits().len(), 0);
    admit(&office, "b", OTHER);
}

#[test]
fn law_07_bytes_are_opened_only_after_what_is_inside_was_compared() {
    let office = Office::working();
    add(&office, KHAM, "hotline", "contraband", &sha256(BAD)).ended(0);
    let (_, exhibit) = admit(&office, "page.txt", b"SYNTHETIC page, write to seller@example.invalid");
    let label = string(&exhibit["exhibit"]);
    let out = office.place("opened").to_str().unwrap().to_owned();
    let view = ["--purpose", "drill", "--out", &out];
    office.in_case(NOY, "exhibit view", &[&[label.as_str()][..], &view].concat()).by_law(7).tells("run `lanternfish examine` on E-0001 first");
    office.does(NOY, "examine", &[&label]);
    office.does(NOY, "exhibit view", &[&[label.as_str()][..], &view].concat());

    // An examination of before a list compared nothing with it.
    add(&office, KHAM, "chamber", "privileged", &sha256(LAWYER)).ended(0);
    let later = office.place("later").to_str().unwrap().to_owned();
    let again = [label.as_str(), "--purpose", "drill", "--out", &later];
    office.in_case(NOY, "exhibit view", &again).by_law(7).tells("run `lanternfish examine` on E-0001 first");
    office.does(NOY, "examine", &[&label]);
    office.does(NOY, "exhibit view", &again);
}

#[test]
fn law_07_what_cannot_be_examined_whole_is_opened_only_on_the_word_of_a_second_person() {
    let office = Office::working();
    add(&office, KHAM, "hotline", "contraband", &sha256(BAD)).ended(0);
    let label = office.admit("archive.zip", b"SYNTHETIC bytes that only say by their name that they are an archive");
    let out = office.place("opened").to_str().unwrap().to_owned();
    let see = [label.as_str(), "--purpose", "drill", "--out", &out];
    let allow = [label.as_str(), "--reason", "the password is not known"];
    office.in_case(KHAM, "exhibit allow-opening", &allow).ended(2).tells("was not examined to its end yet");
    office.in_case(NOY, "examine", &[&label]).ended(0);
    office.in_case(NOY, "exhibit view", &see).by_law(7).tells("could not be examined whole").tells("exhibit allow-opening");
    for who in [NOY, BOUNMY] {
        assert_eq!(office.in_case(who, "exhibit allow-opening", &allow).code, 1, "{who}");
    }
    office.does(KHAM, "exhibit allow-opening", &allow);
    assert_eq!(office.last_events(1), ["opening-allowed"]);
    office.in_case(KHAM, "exhibit view", &see).by_law(7).tells("another person opens it");
    assert!(!office.place("opened").exists());
    office.does(NOY, "exhibit view", &see);

    // The word was about the lists of that day.
    add(&office, KHAM, "chamber", "privileged", &sha256(LAWYER)).ended(0);
    office.in_case(NOY, "examine", &[&label]).ended(0);
    let later = office.place("later").to_str().unwrap().to_owned();
    office.in_case(NOY, "exhibit view", &[&label, "--purpose", "drill", "--out", &later]).by_law(7).tells("could not be examined whole");
}

#[test]
fn law_07_what_could_not_be_compared_is_counted_and_said() {
    let office = Office::working();
    office.admit("a.jpg", BAD);
    add(&office, KHAM, "old", "contraband", &digest_by("md5sum", BAD)).ended(0);
    let checked = office.in_case(NOY, "hashes check", &[]).ended(0);
    assert_eq!(checked.line()["not_compared"], serde_json::json!([{"list": "L-0001", "by": "md5", "count": 1}]), "{}", checked.out);
    checked.tells("1 items or members were NOT compared with L-0001 by MD5");
    assert_eq!(office.exhibits()[0]["class"], "ordinary");
}

#[test]
fn law_07_a_member_that_hits_restricts_its_container_in_the_moment_in_which_it_is_known() {
    let office = Office::working();
    add(&office, KHAM, "hotline", "contraband", &sha256(BAD)).ended(0);
    let folder = office.place("saved");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.jpg"), BAD).unwrap();
    std::fs::write(folder.join("page.html"), "<p>SYNTHETIC page: write to seller@example.org</p>").unwrap();
    let label = string(&office.does(NOY, "exhibit admit", &[folder.to_str().unwrap()])["exhibit"]);
    assert_eq!(office.exhibits()[0]["class"], "ordinary");
    let said = office.in_case(NOY, "examine", &[&label]).by_law(7).tells("contraband");
    // Restricted first, when one member was known and nothing else was written yet.
    let events = office.last_events(12);
    let restricted = events.iter().position(|event| event == "exhibit-reclassified").unwrap();
    assert_eq!(events[..restricted].iter().filter(|event| *event == "derived").count(), 1, "only that it begins: {events:?}");
    assert_eq!(events[restricted + 1], "derived", "{events:?}");
    assert!(!said.err.contains(&sha256(BAD)), "{}", said.err);
    assert_eq!(office.exhibits()[0]["class"], "contraband");
    let out = office.place("opened").to_str().unwrap().to_owned();
    office.in_case(NOY, "exhibit view", &[&label, "--purpose", "drill", "--out", &out]).by_law(7);
    let hits = office.in_case(NOY, "selectors", &["--purpose", "drill"]).ended(0);
    assert!(!hits.out.contains("seller@"), "{}", hits.out);
    office.sound_log();
}

#[test]
fn law_07_a_list_that_comes_later_reaches_what_is_held_already_and_what_comes_with_it() {
    let office = Office::working();
    let folder = office.place("saved");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.jpg"), BAD).unwrap();
    office.does(NOY, "exhibit admit", &[folder.to_str().unwrap()]);
    office.does(NOY, "examine", &["E-0001"]);
    office.admit("a.jpg", BAD);
    office.admit("g", GOOD);
    office.admit("c", OTHER);
    add(&office, KHAM, "hotline", "contraband", &sha256(BAD)).ended(0);
    add(&office, KHAM, "nsrl", "known-good", &sha256(GOOD)).ended(0);
    let classes = |office: &Office| office.exhibits().iter().map(|exhibit| string(&exhibit["class"])).collect::<Vec<_>>();
    assert_eq!(classes(&office), ["ordinary"; 4], "a new list changes nothing by itself");

    // A copy that comes in is known, and carries its class to what was there before.
    let again = office.duplicate();
    assert_eq!(admit(&again, "again.jpg", BAD).1["class"], "contraband");
    assert_eq!(classes(&again), ["contraband", "contraband", "ordinary", "ordinary", "contraband"]);

    let checked = office.in_case(BOUNMY, "hashes check", &[]).ended(0);
    assert!(!checked.out.contains(&sha256(BAD)), "{}", checked.out);
    let restricted: Vec<String> = checked.lines().iter().filter(|view| view["restricted"] == true).map(|view| string(&view["exhibit"])).collect();
    assert_eq!((restricted, checked.lines().len()), (vec!["E-0001".to_string(), "E-0002".to_string()], 3));
    checked.tells("RESTRICTED");
    assert_eq!(classes(&office), ["contraband", "contraband", "ordinary", "ordinary"]);
    let listed = office.in_case(NOY, "exhibit list", &[]).ended(0).out;
    assert!(!listed.contains(&sha256(BAD)) && listed.contains(&sha256(OTHER)), "{listed}");
    // Checked once more, it says the same and changes nothing.
    assert_eq!(office.in_case(BOUNMY, "hashes check", &[]).ended(0).lines().len(), 3);
    office.sound_log();
}
