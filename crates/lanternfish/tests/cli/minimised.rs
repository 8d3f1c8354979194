//! Personal-sensitive items: a minimised view unless somebody gives a reason, nothing of them in lists, and the mark in
//! papers and packages (law 7).

use std::fs;

use serde_json::Value;

use crate::office::{NOY, Office, string};

const DIARY: &str = "SYNTHETIC diary of Zirkonvogel: she writes to doctor@example.org and calls +856 20 5551 2345 about it";

fn sensitive(office: &Office, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let file = office.file(name, bytes);
    string(&office.does(NOY, "exhibit admit", &[&file, "--class", "personal-sensitive"])["exhibit"])
}

#[test]
fn law_07_a_personal_item_is_shown_minimised_and_whole_only_for_a_reason() {
    let office = Office::working();
    let exhibit = sensitive(&office, "diary.txt", DIARY);
    let out = |name: &str| office.place(name).to_str().unwrap().to_owned();
    let small = out("small");
    let said = office.in_case(NOY, "exhibit view", &[&exhibit, "--purpose", "drill", "--out", &small]).ended(0);
    let text = fs::read_to_string(&small).unwrap();
    assert!(text.contains("MINIMISED VIEW of E-0001") && text.contains("[email]") && text.contains("[phone]"), "{text}");
    assert!(!text.contains("doctor@") && !text.contains("5551"), "{text}");
    // What it cannot cover it says, each time.
    assert!(text.contains("Zirkonvogel") && text.contains("NOT covered: names of persons"), "{text}");
    assert_eq!((&said.line()["masked"]["email"], &said.line()["masked"]["phone"]), (&Value::from(1), &Value::from(1)));
    let said = said.tells("NOT covered are names of persons");
    assert!(!said.out.contains("Zirkonvogel"), "{}", said.out);

    let whole = out("whole");
    let words = [exhibit.as_str(), "--purpose", "drill", "--out", &whole, "--full"];
    office.in_case(NOY, "exhibit view", &words).ended(2);
    assert!(!office.place("whole").exists());
    office.does(NOY, "exhibit view", &[&words[..], &["--reason", "the date of the visit is disputed"]].concat());
    assert_eq!(fs::read_to_string(&whole).unwrap(), DIARY);
    let events = office.last_events(6);
    assert_eq!(events.iter().filter(|event| *event == "exhibit-viewed").count(), 2, "{events:?}");

    let picture = sensitive(&office, "picture.png", [0x89, b'P', b'N', b'G', 0, 255, 0, 1]);
    let said = office.does(NOY, "exhibit view", &[&picture, "--purpose", "drill", "--out", &out("picture")]);
    assert!(string(&said["no_text"]).contains("no plain text"), "{said}");
}

#[test]
fn law_07_lists_show_nothing_that_was_read_in_a_personal_item() {
    let office = Office::working();
    let exhibit = sensitive(&office, "diary.txt", DIARY);
    office.admit("page.txt", "SYNTHETIC page: write to seller@example.org");
    office.does(NOY, "examine", &[&exhibit]);
    office.does(NOY, "examine", &["E-0002"]);
    let listed = office.in_case(NOY, "selectors", &["--purpose", "drill"]).ended(0);
    assert!(listed.out.contains("seller@example.org") && !listed.out.contains("doctor@") && !listed.out.contains("5551"), "{}", listed.out);
    assert!(listed.lines().iter().any(|hit| hit["exhibit"] == "E-0001" && hit["minimised"] == true), "{}", listed.out);
    // Whoever asks for a value knows it: that it stands there is the answer, and nothing around it.
    let asked = office.in_case(NOY, "selectors", &["--value", "doctor@example.org", "--purpose", "drill"]).ended(0).line();
    assert_eq!((&asked["exhibit"], &asked["value"], &asked["place"]), (&Value::from("E-0001"), &Value::from("doctor@example.org"), &Value::from("(minimised)")));
}
