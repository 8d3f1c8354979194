//! Unused material and the offence matrix (law 9): a doubt for the defence stops sealing until another person
//! has decided, what assists the defence is never immaterial, and gaps are told as gaps.

use std::fs;

use serde_json::Value;

use crate::{
    disclosure::finish,
    office::{AUDITOR, BOUNMY, KHAM, NOY, Office, string, text},
    people::finding,
};

fn say<'a>(exhibit: &'a str, word: &'a str) -> Vec<&'a str> {
    vec![exhibit, "--it", word, "--reason", "the times do not fit"]
}

#[test]
fn law_09_what_may_assist_the_defence_stops_sealing_until_another_decides() {
    let office = Office::working();
    office.admit("page.html", "<p>SYNTHETIC page</p>");
    office.admit("times.txt", "SYNTHETIC: he was elsewhere");
    let letter = office.file("letter.txt", "SYNTHETIC letter");
    office.does(NOY, "exhibit admit", &[&letter, "--class", "privileged", "--description", "a letter of Zirkonvogel"]);
    office.does(NOY, "finding add", &finding("There is a page.", "E-0001"));
    let listed = office.in_case(NOY, "material list", &[]).ended(0).lines();
    let labels: Vec<String> = listed.iter().map(|line| string(&line["exhibit"])).collect();
    assert_eq!(labels, ["E-0002", "E-0003"], "a finding rests on the first");
    assert_eq!((&listed[0]["state"], &listed[1]["description"]), (&"not-reviewed".into(), &"restricted: privileged".into()));

    // A package that was built before the doubt is held as well as a new one.
    let built = office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&office.place("first"))]);
    let first = string(&built["package"]);
    office.does(NOY, "package sign", &[&first]);
    office.does(NOY, "package stamp", &[&first]);
    office.does(BOUNMY, "material say", &say("E-0002", "may-assist"));
    office.in_case(NOY, "package finish", &[&first]).by_law(9).tells("E-0002 may assist the defence");
    let second = text(&office.place("second"));
    let seal = ["--officer", NOY, "--out", &second];
    office.in_case(NOY, "package seal", &seal).by_law(9);
    office.in_case(BOUNMY, "material say", &say("E-0002", "does-not-assist")).by_law(9).tells("you said yourself");
    office.in_case(NOY, "material say", &say("E-0002", "does-not-assist")).by_law(9).tells("only a supervisor or a prosecutor");
    office.in_case(AUDITOR, "material say", &say("E-0002", "assists")).by_law(13);
    office.does(KHAM, "material say", &say("E-0002", "assists"));
    office.does(NOY, "package seal", &seal);
    finish(&office, "P-0002", &[NOY]);
    let schedule: Value = serde_json::from_slice(&fs::read(office.place("second/data/unused.json")).unwrap()).unwrap();
    assert_eq!((&schedule[0]["exhibit"], &schedule[0]["state"], &schedule[0]["said"][0]), (&"E-0002".into(), &"assists".into(), &KHAM.into()));
    assert!(!schedule.to_string().contains("Zirkonvogel"), "of a restricted item the class alone is told");
    let detail = fs::read_to_string(office.place("second/seal/seal.detail")).unwrap();
    assert!(detail.contains("assists the defence: E-0002"), "{detail}");

    // What assists is not withheld as immaterial; for another reason it may be.
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    let with = |why: &str| {
        let item = format!("E-0002={why}:x");
        office.in_case(NOY, "package disclose", &["P-0002", "--to", "Counsel", "--purpose", "the defence", "--withhold", &item])
    };
    with("not-material").by_law(9).tells("assists the defence");
    with("third-party").ended(0);
    // Nor after it was approved, when the word came later.
    let late = ["P-0002", "--to", "Counsel", "--purpose", "the defence", "--withhold", "E-0001=not-material:x"];
    office.does(NOY, "package disclose", &late);
    office.does(KHAM, "disclosure decide", &["D-0002", "--approve", "--reason", "x"]);
    office.does(NOY, "material say", &say("E-0001", "may-assist"));
    let out = text(&office.place("disclosure"));
    office.in_case(NOY, "disclosure build", &["D-0002", "--officer", NOY, "--out", &out]).by_law(9).tells("E-0001 may assist");
    assert!(!office.place("disclosure.building").exists());
    office.does(KHAM, "material say", &say("E-0001", "does-not-assist"));
    assert_eq!(office.in_case(NOY, "material list", &[]).ended(0).lines().len(), 3);
    office.in_case(NOY, "material say", &say("E-0099", "assists")).ended(2);
    office.in_case(NOY, "material say", &say("E-0001", "perhaps")).ended(2).tells("may-assist");
    office.sound_log();
}

#[test]
fn law_09_a_charge_shows_which_elements_no_finding_supports() {
    let office = Office::working();
    office.admit("page.html", "<p>SYNTHETIC page</p>");
    office.does(NOY, "finding add", &finding("There is an offer.", "E-0001"));
    let mut exculpatory = finding("The offer is a warning.", "E-0001");
    exculpatory.push("--exculpatory");
    office.does(NOY, "finding add", &exculpatory);
    let words = ["--offence", "offering for sale", "--provision", "art. 12 of the drill code", "--element", "an offer", "--element", "of a listed substance"];
    let charge = office.does(NOY, "charge add", &words);
    assert_eq!((&charge["charge"], charge["elements"].as_array().unwrap().len()), (&"C-0001".into(), 2));
    assert_eq!(charge["unplaced_exculpatory"], serde_json::json!(["F-0002"]));
    let place = |element: &str, finding: &str, more: &[&str]| office.in_case(NOY, "charge place", &[&["C-0001", "--element", element, "--finding", finding][..], more].concat());
    place("1", "F-0001", &[]).ended(0);
    place("1", "F-0001", &[]).ended(2).tells("already");
    place("3", "F-0001", &[]).ended(2).tells("2 elements");
    place("0", "F-0001", &[]).ended(2);
    place("1", "F-0099", &[]).ended(2);
    place("1", "F2", &["--against"]).ended(0);
    let shown = office.does(NOY, "charge list", &[]);
    let (first, second) = (&shown["elements"][0], &shown["elements"][1]);
    assert_eq!((&first["supported_by"][0], &first["contradicted_by"][0]), (&"F-0001".into(), &"F-0002".into()));
    assert!(string(&first["gaps"][0]).contains("must be answered"), "{first}");
    assert_eq!(second["gaps"], serde_json::json!(["no finding supports this element"]));
    assert_eq!(shown["unplaced"], serde_json::json!([]));
    office.in_case(BOUNMY, "charge add", &words).by_law(1);
    office.sound_log();
}
