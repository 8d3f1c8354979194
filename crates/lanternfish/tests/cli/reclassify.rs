//! An item turns out to be restricted when it was unpacked, searched, written about, reported and packed already
//! (law 7): the mark reaches its copies, its container, what was found in it and what is built afterwards, and names
//! what cannot be called back.

use std::fs;

use serde_json::{Value, json};

use crate::{
    disclosure::finish,
    office::{AUDITOR, BOUNMY, KHAM, NOY, Office, collect_files, string, text},
    people::finding,
    revocation::Server,
};

const LETTER: &str = "SYNTHETIC letter to counsel: write to counsel@example.net";
const PAGE: &str = "<p>SYNTHETIC page: write to seller@example.org</p>";

/// E-0001 is a folder with the letter and a page in it, E-0002 the letter, E-0003 a copy of it, E-0004 another page.
fn office() -> Office {
    let office = Office::working();
    let folder = office.place("saved");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("letter.txt"), LETTER).unwrap();
    fs::write(folder.join("page.html"), PAGE).unwrap();
    office.does(NOY, "exhibit admit", &[&text(&folder)]);
    office.admit("letter.txt", LETTER);
    office.admit("copy.txt", LETTER);
    office.admit("other.html", "<p>SYNTHETIC other page: write to other@example.org</p>");
    for exhibit in ["E-0001", "E-0002", "E-0004"] {
        office.does(NOY, "examine", &[exhibit]);
    }
    office
}

fn restrict(office: &Office, who: &str, exhibit: &str) -> Value {
    office.does(who, "exhibit reclassify", &[exhibit, "--class", "privileged", "--reason", "it is to his lawyer"])
}

fn labels(view: &Value) -> Vec<String> {
    let mut labels: Vec<String> = view["reached"].as_array().unwrap().iter().map(|one| string(&one["exhibit"])).collect();
    labels.sort();
    labels
}

fn classes(office: &Office) -> Vec<String> {
    office.exhibits().iter().map(|exhibit| string(&exhibit["class"])).collect()
}

#[test]
fn law_07_a_late_mark_reaches_copies_containers_selectors_and_findings() {
    let office = office();
    office.does(NOY, "finding add", &finding("He asks his lawyer about the money.", "E-0002"));
    office.does(NOY, "finding add", &finding("An address stands there.", "E-0004"));
    let ask = |office: &Office, value: &str| office.in_case(NOY, "selectors", &["--value", value, "--purpose", "where else"]).ended(0);
    assert_eq!(ask(&office, "counsel@example.net").lines().len(), 2);

    let view = restrict(&office, BOUNMY, "E-0002");
    assert_eq!((labels(&view), &view["findings"]), (vec!["E-0001".into(), "E-0002".into(), "E-0003".into()], &json!(["F-0001"])), "{view}");
    assert!(view["members"].as_u64().unwrap() >= 2, "{view}");
    assert_eq!(classes(&office), ["privileged", "privileged", "privileged", "ordinary"]);
    assert_eq!(office.last_events(8).iter().filter(|kind| *kind == "exhibit-reclassified").count(), 1, "one event");

    // Nothing of it is opened, examined or shown, and a number alone would tell.
    let out = text(&office.place("seen"));
    for exhibit in ["E-0001", "E-0002", "E-0003"] {
        office.in_case(NOY, "exhibit view", &[exhibit, "--purpose", "curious", "--out", &out]).by_law(7);
        office.in_case(NOY, "examine", &[exhibit]).by_law(7);
    }
    assert!(!office.place("seen").exists());
    // Asked beside, because a package lists questions that found nothing with the words of who asked.
    let beside = office.duplicate();
    for value in ["counsel@example.net", "seller@example.org"] {
        let said = ask(&beside, value).tells("nothing is said about: E-0001, E-0002, E-0003");
        assert_eq!(said.lines(), Vec::<Value>::new());
        assert!(!said.err.contains("more stand"), "{}", said.err);
    }
    assert_eq!(ask(&beside, "other@example.org").lines().len(), 1);
    let listed = office.in_case(NOY, "exhibit list", &[]).ended(0).out + &office.in_case(NOY, "selectors", &["--purpose", "all"]).ended(0).out;
    assert!(!listed.contains("counsel@"), "{listed}");
    let findings = office.in_case(NOY, "finding list", &[]).ended(0).lines();
    assert!(string(&findings[0]["text"]).starts_with("held back: it was written on E-0002"), "{findings:?}");
    assert_eq!((&findings[0]["held"], &findings[1]["text"]), (&json!(true), &json!("An address stands there.")));
    let absent = ["--kind", "null-search", "--text", "none", "--exhibit", "E-0002", "--method", "x", "--error-rate", "not known"];
    office.in_case(NOY, "finding add", &absent).by_law(9).tells("restricted");

    // Another copy is restricted when it comes in, and a container as soon as it is unpacked.
    let copy = office.admit("again.txt", LETTER);
    assert_eq!(office.exhibits()[4]["class"], "privileged", "{copy}");
    office.does(NOY, "exhibit admit", &[&text(&office.place("saved")), "--description", "saved again"]);
    fs::write(office.place("saved/third.html"), "SYNTHETIC third").unwrap();
    let later = string(&office.does(NOY, "exhibit admit", &[&text(&office.place("saved"))])["exhibit"]);
    assert_eq!(classes(&office).last().unwrap(), "ordinary");
    office.in_case(NOY, "examine", &[&later]).by_law(7).tells("it has this class now");
    assert_eq!(classes(&office).last().unwrap(), "privileged");

    // Papers and packages that are built now hold neither its words nor what was found in it.
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&office.place("package"))]);
    let mut files = Vec::new();
    collect_files(&office.place("package.building"), &mut files);
    let digest = model::Sha256Digest::of(LETTER.as_bytes()).hex();
    for file in files {
        let held = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        for word in [LETTER, "counsel@example", "asks his lawyer", "seller@example.org", &digest] {
            assert!(!held.contains(word), "{word:?} stands in {}", file.display());
        }
    }
    office.sound_log();
}

#[test]
fn law_07_what_was_built_before_a_late_mark_goes_nowhere() {
    let office = office();
    office.does(NOY, "finding add", &finding("He asks his lawyer about the money.", "E-0002"));
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let seal = |name: &str, rest: &[&str]| office.in_case(NOY, "package seal", &[&["--officer", NOY, "--out", &text(&office.place(name))], rest].concat());
    seal("first", &[]).ended(0);
    finish(&office, "P-0001", &[NOY]);
    seal("second", &[]).ended(0);
    office.does(NOY, "package disclose", &["P-0001", "--to", "Counsel", "--purpose", "defence", "--withhold", "E-0004=third-party:a neighbour"]);
    office.does(KHAM, "disclosure decide", &["D-0001", "--approve", "--reason", "x"]);

    let said = office.in_case(NOY, "exhibit reclassify", &["E-0003", "--class", "privileged", "--reason", "to counsel"]).ended(0);
    let out: Vec<String> = said.line()["went_out"].as_array().unwrap().iter().map(|one| string(&one["what"])).collect();
    assert_eq!(out, ["R-0001", "P-0001", "P-0002", "D-0001"], "{}", said.out);
    said.tells("ATTENTION, P-0001: sealed before: it cannot be called back").tells("lanternfish erratum add --about P-0001").tells("lanternfish erratum list");

    office.in_case(NOY, "report export", &["R-0001", "--out", &text(&office.place("r.pdf"))]).by_law(7).tells("build the report anew");
    office.in_case(NOY, "package sign", &["P-0002"]).by_law(7).tells("build it anew");
    office.in_case(NOY, "package finish", &["P-0002"]).by_law(7);
    seal("third", &[]).by_law(7).tells("--report");
    office.in_case(NOY, "disclosure build", &["D-0001", "--officer", NOY, "--out", &text(&office.place("d"))]).by_law(7).tells("propose the disclosure anew");
    let anew = office.does(NOY, "package disclose", &["P-0001", "--to", "Counsel", "--purpose", "defence"]);
    let withheld = anew["withheld"].to_string();
    for path in ["data/exhibits/e-0001.bin", "data/exhibits/e-0002.bin", "data/exhibits/e-0003.bin"] {
        assert!(withheld.contains(path) && !anew["disclosed"].to_string().contains(path), "{anew}");
    }
    office.does(KHAM, "disclosure decide", &["D-0002", "--approve", "--reason", "x"]);
    office.does(NOY, "disclosure build", &["D-0002", "--officer", NOY, "--out", &text(&office.place("d"))]);
    let reveal = ["D-0002", "--item", "E-0002", "--reason", "x", "--out", &text(&office.place("revealed"))];
    office.in_case(KHAM, "disclosure reveal", &reveal).by_law(7).tells("restricted");
    assert!(!office.place("r.pdf").exists() && !office.place("revealed").exists());

    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    seal("third", &["--report", "R-0002"]).ended(0);
    office.sound_log();
}

#[test]
fn law_07_no_word_makes_a_restricted_item_milder() {
    let office = office();
    let to = |who: &str, exhibit: &str, class: &str| office.in_case(who, "exhibit reclassify", &[exhibit, "--class", class, "--reason", "x"]);
    to(AUDITOR, "E-0004", "privileged").by_law(13);
    to(NOY, "E-0004", "personal-sensitive").ended(0);
    to(NOY, "E-0004", "personal-sensitive").ended(2).tells("already");
    to(NOY, "E-0004", "ordinary").by_law(7).tells("supervisor or a prosecutor");
    to(KHAM, "E-0004", "ordinary").ended(0);
    to(NOY, "E-0004", "privileged").ended(0);
    for class in ["ordinary", "personal-sensitive"] {
        to(KHAM, "E-0004", class).by_law(7).tells("lanternfish filter");
    }
    to(NOY, "E-0004", "contraband").by_law(7).tells("only a person of the filter team");
    to(NOY, "E-0004", "privileged").ended(2).tells("already");
    to(NOY, "E-0003", "contraband").ended(0);
    for class in ["ordinary", "personal-sensitive", "privileged"] {
        to(KHAM, "E-0003", class).by_law(7).tells("lanternfish viewing");
    }
    to(NOY, "E-0004", "secret").ended(2);
    office.in_case(NOY, "exhibit reclassify", &["E-0004", "--class", "contraband", "--reason", " "]).ended(2);
    office.does(NOY, "exhibit admit", &["--physical", "--description", "SYNTHETIC phone", "--seal-number", "1", "--condition", "dry"]);
    to(NOY, "E-0005", "contraband").ended(2).tells("photographs");
    office.sound_log();
}

#[test]
fn law_07_a_member_that_two_exhibits_share_leaves_with_neither() {
    let office = Office::working();
    let folder = |name: &str| {
        let folder = office.place(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("to-counsel.txt"), LETTER).unwrap();
        fs::write(folder.join("page.html"), format!("<p>SYNTHETIC page of {name}</p>")).unwrap();
        let label = string(&office.does(NOY, "exhibit admit", &[&text(&folder), "--description", "a folder"])["exhibit"]);
        office.does(NOY, "examine", &[&label]);
        label
    };
    folder("first");
    folder("second");
    office.admit("other.html", "<p>SYNTHETIC other page</p>");
    office.does(NOY, "finding add", &finding("There is a page.", "E-0003"));
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let view = restrict(&office, NOY, "E-0001");
    assert_eq!((labels(&view), &view["look_at"]), (vec!["E-0001".into()], &json!(["E-0002"])), "{view}");
    // What told of the other one before goes nowhere either.
    office.in_case(NOY, "report export", &["R-0001", "--out", &text(&office.place("r.pdf"))]).by_law(7);
    assert_eq!(folder("third"), "E-0004", "it comes in after the mark");
    assert_eq!(classes(&office), ["privileged", "ordinary", "ordinary", "ordinary"]);

    // Nobody writes its digest down either.
    let digest = model::Sha256Digest::of(LETTER.as_bytes()).hex();
    let beside = office.duplicate();
    beside.does(NOY, "finding add", &finding(&format!("It has the digest {digest}."), "E-0003"));
    beside.in_case(NOY, "report build", &["--template", "statement-of-fact"]).by_law(7).tells("would print a digest of");

    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let sealed = office.does(NOY, "package seal", &["--officer", NOY, "--report", "R-0002", "--out", &text(&office.place("package"))]);
    for exhibit in ["E-0001", "E-0002", "E-0004"] {
        assert!(sealed["limits"].to_string().contains(&format!("withheld as restricted: {exhibit}")), "{sealed}");
    }
    let mut files = Vec::new();
    collect_files(&office.place("package.building"), &mut files);
    assert!(files.iter().any(|file| file.ends_with("data/exhibits/e-0003.bin")), "{files:?}");
    for file in files {
        let held = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        for word in [LETTER, "counsel@example", "to-counsel", &digest] {
            assert!(!held.contains(word), "{word:?} stands in {}", file.display());
        }
    }
    // A whole item with these bytes comes in: now what holds them is restricted too, although its member was before.
    office.admit("letter.txt", LETTER);
    assert_eq!(classes(&office), ["privileged", "privileged", "ordinary", "privileged", "privileged"]);
    office.sound_log();
}

/// What an address answers today, and tomorrow. The collector asks in the same words both times.
#[test]
fn law_07_two_captures_of_one_address_share_nothing_by_the_collectors_own_words() {
    let office = Office::working();
    let pages = std::sync::atomic::AtomicU32::new(0);
    let server = Server::new(move |stream| {
        let page = format!("<p>SYNTHETIC page of day {}", pages.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        std::io::Write::write_all(stream, format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}", page.len()).as_bytes())
    });
    for exhibit in ["E-0001", "E-0002", "E-0003"] {
        office.does(NOY, "capture", &[&server.url]);
        if exhibit != "E-0003" {
            office.does(NOY, "examine", &[exhibit]);
        }
    }
    let view = restrict(&office, BOUNMY, "E-0001");
    // What nobody looked through may hold it too, and goes nowhere.
    let bag = text(&office.place("bag"));
    office.in_case(NOY, "package seal", &["--officer", NOY, "--out", &bag]).by_law(7).tells("E-0003 were not examined");
    assert_eq!((labels(&view), &view["look_at"]), (vec!["E-0001".into()], &json!([])), "{view}");
    assert_eq!(office.does(NOY, "examine", &["E-0003"])["restricted"], 0, "also what is unpacked afterwards");
    assert_eq!(classes(&office), ["privileged", "ordinary", "ordinary"]);
}
