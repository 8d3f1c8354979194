//! Erasure: words planted for one person are found nowhere afterwards, not with every key of the case, not in free
//! pages, not in a package made later, not after an old backup came back; and every proof still verifies (law 10).

use std::{fs, path::Path};

use serde_json::Value;
use store::{Intent, Store};

use crate::{
    office::{ADMIN, AUDITOR, BOUNMY, KHAM, NOY, Office, collect_files, passphrase, string, text, year},
    people::finding,
};

/// A word that stands nowhere else.
const PLANTED: &str = "Zirkonvogel";
/// An address that the parser finds: the first one that ever was.
const COIN: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

fn word(what: &str) -> String {
    format!("{what} {PLANTED}")
}

/// A case that speaks of one person in every place that can hold a word, and of another in one exhibit.
fn planted() -> Office {
    let mut office = Office::staffed();
    office.unit_authority(&["collect", "admit", "view", "examine", "query", "conclude", "report", "package"]);
    plant(&mut office);
    office
}

pub fn plant(office: &mut Office) {
    let open = ["case", "open", "--jurisdiction", "la", "--title", &word("title of"), "--offence", "none, a drill", "--purpose", &word("why")];
    office.case = string(&office.done(NOY, &[&open[..], &["--member", KHAM, "--member", BOUNMY]].concat())["case"]);
    let file = office.file("zirkonvogel.html", format!("<p>pay to {COIN}, says {PLANTED}"));
    office.does(NOY, "exhibit admit", &[&file, "--description", &word("page of"), "--source", &word("from")]);
    office.does(NOY, "examine", &["E-0001"]);
    office.in_case(NOY, "selectors", &["--value", COIN, "--purpose", &word("asked for")]).ended(0);
    office.does(NOY, "checkout", &["E-0001", "--purpose", &word("out")]);
    office.does(NOY, "checkin", &["E-0001", "--condition", &word("in")]);
    office.does(NOY, "finding add", &finding(&word("It says"), "E-0001"));
    // A refusal is an event too, and its detail says what was aimed at.
    office.in_case(NOY, "capture", &[&format!("http://127.0.0.1:1/{PLANTED}"), "--source", "darknet", "--person", PLANTED]).by_law(1);
    let other = office.file("other.html", "<p>mail to someone@mail.example");
    office.does(NOY, "exhibit admit", &[&other, "--description", "a page of somebody else"]);
    office.does(NOY, "finding add", &finding("It says nothing of that.", "E-0002"));
    office.does(NOY, "report build", &["--template", "statement-of-fact", "--own-knowledge", &word("I know")]);
    office.does(NOY, "subject add", &["--name", PLANTED, "--name", COIN, "--category", "suspect"]);
    // The entry of another person speaks of the first one too.
    office.does(NOY, "subject add", &["--name", "Topaskatze", "--category", "victim"]);
    office.does(NOY, "subject link", &["S-0002", "E-0002", "--reason", &word("hers and not of")]);
}

/// A prosecutor's decision for the action `erase` and one person: Noy records it, Kham compares it with the scan.
fn decision(office: &Office, person: &str) -> String {
    let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year() + 1));
    let scan = office.file("decision.png", word("a scan that shows the name"));
    let text = office.file("decision.txt", word("The prosecutor allows to erase what is held on"));
    let mut words = office.authority_words("prosecutor", &["erase"]);
    words.extend(["--from", &from, "--until", &until, "--person", person, "--scan", &scan, "--transcription", &text, "--case", &office.case]);
    let id = string(&office.done(NOY, &words)["authority"]);
    office.does(KHAM, "authority check", &[&id]);
    id
}

const CHECKED: &str = "read all findings; none speaks for a suspect";

pub fn decided(office: &Office) -> String {
    let paper = decision(office, "S-0001");
    let proposed = office.does(NOY, "erase propose", &["S-0001", "--reason", "proceedings ended"]);
    let erasure = string(&proposed["erasure"]);
    office.does(KHAM, "erase decide", &[&erasure, "--authority", &paper, "--exculpatory-checked", CHECKED]);
    erasure
}

/// Everything that the keys of the case open: rows, details, and whether the bytes of a blob hold the word.
pub fn speaking(office: &Office, who: &str) -> Vec<String> {
    let store = Store::open(&office.home).unwrap();
    let session = store.session(office.token(who)).unwrap();
    let mut found = Vec::new();
    for case in store.cases_of(session.actor()).unwrap() {
        let scope = store.enter(&session, &case).unwrap();
        let permit = store.permit(&scope, Intent::to(model::action::Action::Administer)).unwrap();
        for row in store.everything(&scope, &permit).unwrap() {
            if !matches!(row.kind.as_str(), "key-wrap" | "retired-key") && holds(row.content::<Value>().unwrap().to_string().as_bytes()) {
                found.push(format!("{} {}", row.kind, row.id));
            }
            if row.kind == "blob" && store.blob_names(&scope, &permit, &row, &[PLANTED, COIN].map(str::to_string).into()).unwrap() {
                found.push(format!("the bytes of {}", row.id));
            }
        }
        let details = store.events(&scope, 0, 100_000).unwrap();
        found.extend(details.iter().filter(|(_, detail)| holds(detail.to_string().as_bytes())).map(|(event, _)| format!("event {}", event.leaf.seq)));
    }
    found
}

/// Sealed bytes of every row of the case as they lie in the file.
pub fn sealed(office: &Office, who: &str) -> Vec<(String, String, Vec<u8>)> {
    let store = Store::open(&office.home).unwrap();
    let session = store.session(office.token(who)).unwrap();
    let cases = store.cases_of(session.actor()).unwrap();
    let number = |case: &model::id::CaseId| store.register_one("case", case.as_str()).unwrap().map(|row| store::case_label(row.number.unwrap()));
    let case = cases.iter().find(|case| number(case).as_ref() == Some(&office.case)).unwrap();
    let scope = store.enter(&session, case).unwrap();
    let permit = store.permit(&scope, Intent::to(model::action::Action::Administer)).unwrap();
    let rows = store.everything(&scope, &permit).unwrap();
    rows.into_iter().map(|row| (row.kind.clone(), row.id.clone(), row.sealed_bytes().to_vec())).collect()
}

fn holds(bytes: &[u8]) -> bool {
    let lower: Vec<u8> = bytes.iter().map(u8::to_ascii_lowercase).collect();
    [PLANTED, COIN].iter().any(|word| stands_in(&lower, word.to_ascii_lowercase().as_bytes()))
}

pub fn stands_in(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn nothing_in_the_clear(folder: &Path) {
    let mut files = Vec::new();
    collect_files(folder, &mut files);
    let speaking: Vec<_> = files.iter().filter(|file| holds(&fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", text(file)))) || holds(text(file).as_bytes())).collect();
    assert!(speaking.is_empty(), "the planted word stands in {speaking:?}");
}

#[test]
fn law_10_planted_words_are_found_nowhere_after_an_erasure_nor_after_an_old_backup() {
    let office = planted();
    let before = speaking(&office, NOY);
    for part in ["exhibit ", "finding ", "selectors ", "case ", "subject ", "the bytes of", "event "] {
        assert!(before.iter().any(|one| one.starts_with(part)), "the word must stand in {part} first: {before:?}");
    }
    let secret = office.file("backup-secret", "backup words for the safe\n");
    let backup = text(&office.place("backup"));
    office.done(ADMIN, &["backup", "create", &backup, "--passphrase-file", &secret]);
    let erasure = decided(&office);
    let old = sealed(&office, NOY);
    let objects = office.objects().len();
    let size = office.sound_log();
    let leaves = || Store::open(&office.home).unwrap().leaf_hashes(size).unwrap();
    let (leaves_before, receipt) = (leaves(), string(&office.done(AUDITOR, &["log", "prove", "30"])["leaf"]));

    let tombstones = text(&office.place("tombstones"));
    let done = office.does(NOY, "erase run", &[&erasure, "--tombstones", &tombstones]);
    assert_eq!((&done["state"], &done["items"]), (&"done".into(), &serde_json::json!(["E-0001", "F-0001"])), "{done}");
    assert_eq!(speaking(&office, NOY), Vec::<String>::new());
    assert_eq!(speaking(&office, KHAM), Vec::<String>::new());
    assert!(office.objects().len() < objects, "the objects are gone");
    nothing_in_the_clear(&office.home);
    nothing_in_the_clear(Path::new(&tombstones));
    // Not even what was sealed is left in the file, its write-ahead log or its free pages.
    let mut files = Vec::new();
    collect_files(&office.home, &mut files);
    let all: Vec<u8> = files.iter().flat_map(|file| fs::read(file).unwrap()).collect();
    let gone = |kind: &str| old.iter().filter(|(one, _, _)| one == kind).filter(|(_, _, bytes)| !stands_in(&all, &bytes[..48.min(bytes.len())])).count();
    assert_eq!((gone("exhibit"), gone("finding"), gone("subject"), gone("case")), (1, 1, 2, 1));

    // The rest stands: the other exhibit and finding, the log, its proofs.
    office.sound_log();
    assert_eq!((leaves(), string(&office.done(AUDITOR, &["log", "prove", "30"])["leaf"])), (leaves_before, receipt));
    let health = office.bare(&["doctor"]).lines();
    let about = |words: &str| health.iter().find(|line| string(&line["text"]).contains(words)).unwrap_or_else(|| panic!("{health:?}"))["ok"].clone();
    assert_eq!((about("stored objects"), about("erasures")), (true.into(), true.into()), "{health:?}");
    assert_eq!(office.exhibits().iter().map(|one| string(&one["exhibit"])).collect::<Vec<_>>(), ["E-0002"]);
    office.in_case(NOY, "exhibit view", &["E-0001", "--purpose", "x", "--out", &text(&office.place("x"))]).ended(2);
    let shown = office.does(NOY, "case show", &[]);
    assert_eq!(shown["title"], "title of S-0001", "the case goes on without the name");
    let other = office.does(NOY, "subject show", &["S-0002"]);
    assert_eq!((&other["linked"]["E-0002"], &other["names"]), (&"hers and not of S-0001".into(), &serde_json::json!(["Topaskatze"])));
    let states: Vec<String> = office.in_case(NOY, "erase list", &[]).ended(0).lines().iter().map(|one| string(&one["state"])).collect();
    assert_eq!(states, ["done"]);

    // A package that is made afterwards.
    assert_eq!(office.does(NOY, "report build", &["--template", "statement-of-fact"])["report"], "R-0002");
    let bag = office.place("bag");
    let package = string(&office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&bag)])["package"]);
    for step in ["sign", "stamp", "finish"] {
        office.does(NOY, &format!("package {step}"), &[&package]);
    }
    nothing_in_the_clear(&bag);
    let index: Value = serde_json::from_slice(&fs::read(bag.join("data/index.json")).unwrap()).unwrap();
    assert_eq!(index["erased"], serde_json::json!(["E-0001", "F-0001"]), "the gap in the numbers is said");

    // An old backup: with the tombstones the words are gone before anybody can log in.
    let home = office.place("laptop-2");
    let mut restored = office.moved_to(&home);
    restored.bare(&["backup", "restore", &backup, "--passphrase-file", &secret]).ended(2).tells("--tombstones");
    let said = restored.bare(&["backup", "restore", &backup, "--passphrase-file", &secret, "--tombstones", &tombstones]).ended(0).line();
    assert_eq!(said["tombstones"], 1, "{said}");
    assert!(said["erased-again"].as_u64().unwrap() > 10, "{said}");
    for name in [ADMIN, NOY, KHAM, AUDITOR] {
        restored.log_in(name, &passphrase(name));
    }
    restored.says(KHAM, &["log", "resume", "--nothing-later-known"]).by_law(3).tells("tombstone");
    let known = office.file("known", string(&office.says(AUDITOR, &["log", "checkpoint"]).ended(0).line()["checkpoint"]));
    assert_eq!(restored.done(KHAM, &["log", "resume", "--last-known", &known])["new_epoch"], true);
    assert_eq!(speaking(&restored, NOY), Vec::<String>::new());
    nothing_in_the_clear(&home);
    restored.sound_log();
    assert_eq!(restored.exhibits().len(), 1);
}

/// A meeting with him, under a prosecutor's authorisation.
fn contact(office: &Office) {
    let (from, until, at) = (format!("{}-01-01", year()), format!("{}-12-31", year() + 1), format!("{}-01-01 10:00", year()));
    let (scan, order) = (office.file("leave.png", "a scan"), office.file("leave.txt", "One meeting."));
    let mut words = office.authority_words("prosecutor", &["contact"]);
    words.extend(["--selector", "any", "--from", &from, "--until", &until, "--scan", &scan, "--transcription", &order, "--case", &office.case]);
    let leave = string(&office.done(NOY, &words)["authority"]);
    office.does(KHAM, "authority check", &[&leave]);
    let with = word("with");
    let typed = ["--authority", &leave, "--kind", "meeting", "--at", &at, "--zone", "UTC", "--with", &with, "--means", "a cafe", "--outcome", "he came", "--source", "open"];
    assert_eq!(office.does(NOY, "contact record", &typed)["exhibit"], "E-0004");
}

/// What a persona, an accident and a contact say of him goes with him; the persona itself stays in use.
#[test]
fn law_10_what_a_persona_a_contact_and_an_accident_say_of_a_person_goes_with_him() {
    let office = planted();
    let collect = office.case_authority(&["collect", "view"]);
    let register = ["a buyer", "--authority", &collect, "--source", "open", "--person", PLANTED, "--about", &word("buys from")];
    office.does(NOY, "persona register", &register);
    office.does(KHAM, "persona authorise", &["N-0001", "--officer", NOY]);
    let cookie = office.file("cookie", "sid=0123456789");
    office.does(NOY, "persona secret add", &["N-0001", "--cookie", &cookie, "--host", "market.localhost"]);
    office.does(NOY, "persona register", &["another", "--authority", &collect, "--source", "open"]);
    office.does(NOY, "persona burn", &["N-0002", "--reason", &word("seen by")]);
    let file = office.file("third.txt", "SYNTHETIC");
    office.does(NOY, "exhibit admit", &[&file, "--description", "of nobody in particular"]);
    office.does(NOY, "exhibit accident", &["E-0003", "--reason", &word("it came with the mail of")]);
    contact(&office);
    let before = speaking(&office, NOY);
    for part in ["persona ", "accident ", "reclassification ", "contact "] {
        assert!(before.iter().any(|one| one.starts_with(part)), "the word must stand in {part} first: {before:?}");
    }
    let erasure = decided(&office);
    office.does(NOY, "erase run", &[&erasure, "--tombstones", &text(&office.place("tombstones"))]);
    assert_eq!(speaking(&office, NOY), Vec::<String>::new());
    nothing_in_the_clear(&office.home);
    // The vault is whole: its officer takes it and opens it.
    office.does(NOY, "persona check-out", &["N-0001"]);
    let secrets = office.in_case(NOY, "persona secret show", &["N-0001"]).ended(0);
    assert!(secrets.out.contains("sid=0123456789"), "{}", secrets.out);
    assert_eq!(office.does(KHAM, "persona show", &["N-0002"])["state"], "burned");
    assert_eq!(office.in_case(KHAM, "accident list", &[]).ended(0).lines()[0]["state"], "open");
    assert_eq!(office.in_case(KHAM, "contact list", &[]).ended(0).lines()[0]["with"], "with S-0001");
    assert!(office.exhibits().iter().all(|one| one["exhibit"] != "E-0004"), "its record is gone");
    office.sound_log();
}

/// A crawl met a page whose address and words name the person: with the exhibits goes what the crawl knows of it.
#[test]
fn law_10_what_a_crawl_knows_of_an_erased_exhibit_goes_with_it() {
    let office = planted();
    let about = format!("/{PLANTED}");
    let site = crate::crawl::Site::of(&[("/", format!("<a href={about}>one</a><a href=https://elsewhere.example/{PLANTED}>two</a>")), (&about, word("a page about"))]);
    office.does(NOY, "collect crawl", &[&site.url("/"), "--ignore-robots", "a drill", "--pause-ms", "0"]);
    let before = speaking(&office, NOY);
    assert!(before.iter().filter(|one| one.starts_with("crawl-page ")).count() == 2 && before.iter().any(|one| one.starts_with("order ")), "{before:?}");
    for exhibit in ["E-0003", "E-0004"] {
        office.does(NOY, "subject link", &["S-0001", exhibit, "--reason", "it names him"]);
    }
    let erasure = decided(&office);
    // What a desk that died left of an exhibit is a second copy of it.
    let spools: Vec<_> = office.exhibits()[2..].iter().map(|one| office.home.join("spool").join(string(&one["record"]["record"]["order"]))).collect();
    for spool in &spools {
        fs::create_dir_all(spool).unwrap();
        fs::write(spool.join("record.json"), word("a rest about")).unwrap();
    }
    office.does(NOY, "erase run", &[&erasure, "--tombstones", &text(&office.place("tombstones"))]);
    assert!(spools.len() == 2 && spools.iter().all(|spool| !spool.exists()), "{spools:?}");
    assert_eq!(speaking(&office, NOY), Vec::<String>::new());
    // The page that does not name him lay in an erased exhibit too.
    assert!(office.in_case(NOY, "collect sitemap", &["K-0001"]).ended(0).out.is_empty());
    office.sound_log();
}

#[test]
fn law_10_nothing_is_erased_without_two_people_a_decision_and_the_checks() {
    let office = planted();
    let paper = decision(&office, "S-0001");
    let tombstones = text(&office.place("tombstones"));
    // A reason that names him would outlive him.
    office.in_case(NOY, "erase propose", &["S-0001", "--reason", &word("ended for")]).by_law(10).tells("S-0001 in place of the name");
    assert_eq!(office.last_events(1), ["step-refused"]);
    let propose = || string(&office.does(NOY, "erase propose", &["S-0001", "--reason", "proceedings ended"])["erasure"]);
    let erasure = propose();
    let run = |who| office.in_case(who, "erase run", &[&erasure, "--tombstones", &tombstones]);
    let decide = |who, paper: &str, more: &[&str]| office.in_case(who, "erase decide", &[&[&erasure[..], "--authority", paper, "--exculpatory-checked", CHECKED][..], more].concat());
    run(NOY).by_law(10).tells("when it is decided");
    decide(NOY, &paper, &[]).by_law(10).tells("only a supervisor or a prosecutor");
    // A unit's authorisation is no decision, and neither is one for somebody else when it comes to the end.
    let unit = office.says(NOY, &["authority", "list"]).ended(0).line();
    decide(KHAM, &string(&unit["authority"]), &[]).by_law(10).tells("needs a live court order or prosecutor's decision");
    office.does(KHAM, "case declare", &["legal-hold", "--reason", "an appeal"]);
    decide(KHAM, &paper, &[]).by_law(10).tells("legal hold");
    office.does(KHAM, "case declare", &["legal-hold-over", "--reason", "no appeal came"]);
    office.does(KHAM, "subject hold", &["S-0001", "--reason", "asked for by the defence"]);
    decide(KHAM, &paper, &[]).by_law(10).tells("a hold is set for this person");
    office.in_case(NOY, "subject release", &["S-0001", "--reason", "x"]).by_law(1);
    office.does(KHAM, "subject release", &["S-0001", "--reason", "the defence has it"]);
    office.does(KHAM, "case declare", &["court-process", "--reason", "filed"]);
    decide(KHAM, &paper, &[]).by_law(10).tells("before a court");
    decide(KHAM, &paper, &["--despite-process", "the court gave it back"]).ended(0);
    // Decided, and held all the same: asked again inside the transaction.
    office.does(KHAM, "case declare", &["legal-hold", "--reason", "an appeal after all"]);
    run(NOY).by_law(10);
    office.does(KHAM, "case declare", &["legal-hold-over", "--reason", "over"]);
    // Who compared the decision with its scan does not carry it out.
    run(KHAM).by_law(1).tells("another person acts on it");
    // Something came up since: nobody decided about it.
    office.does(NOY, "finding add", &finding(&word("And also"), "E-0002"));
    run(NOY).by_law(10).tells("the case changed since");
    office.does(KHAM, "erase refuse", &[&erasure, "--reason", "the case changed"]);
    assert!(!speaking(&office, NOY).is_empty(), "nothing was taken by all this");
    office.sound_log();
}

#[test]
fn law_10_what_concerns_another_person_too_is_not_erased_without_saying_so() {
    let office = planted();
    office.does(NOY, "subject link", &["S-0002", "E-0001", "--reason", "she wrote it"]);
    let propose = |rest: &[&str]| office.in_case(NOY, "erase propose", &[&["S-0001", "--reason", "proceedings ended"], rest].concat());
    propose(&[]).by_law(10).tells("E-0001 (S-0002)").tells("--shared");
    // Bytes that hold the name and that nobody linked.
    let unseen = office.file("unseen.bin", format!("xx{PLANTED}xx"));
    assert_eq!(office.does(NOY, "exhibit admit", &[&unseen, "--description", "a note"])["exhibit"], "E-0003");
    propose(&["--shared", "E-0001", "--shared", "F-0001"]).by_law(10).tells("E-0003").tells("subject keep");
    office.does(NOY, "subject keep", &["S-0001", "E-0003", "--reason", "the note of the victim"]);
    // What may assist the defence counts as what speaks for a suspect, until somebody decided.
    office.does(BOUNMY, "material say", &["E-0001", "--it", "may-assist", "--reason", "another hand"]);
    let proposed = propose(&["--shared", "E-0001", "--shared", "F-0001"]).ended(0).line();
    assert_eq!(proposed["exculpatory"], serde_json::json!(["E-0001"]), "{proposed}");
    office.does(KHAM, "material say", &["E-0001", "--it", "does-not-assist", "--reason", "the same hand"]);
    assert_eq!(proposed["kept"]["E-0003"], "the note of the victim", "{proposed}");
    assert!(proposed["shared"]["E-0001"].to_string().contains("S-0002"), "{proposed}");
    // A finding that speaks for a suspect is looked at first.
    office.does(KHAM, "erase refuse", &["Z-0001", "--reason", "one more finding"]);
    office.does(NOY, "finding add", &[&finding("It was somebody else.", "E-0001")[..], &["--exculpatory"]].concat());
    let shared = ["--shared", "E-0001", "--shared", "F-0001", "--shared", "F-0003"];
    assert_eq!(propose(&shared).ended(0).line()["exculpatory"], serde_json::json!(["F-0003"]));
    let paper = decision(&office, "S-0001");
    let decide = |more: &[&str]| office.in_case(KHAM, "erase decide", &[&["Z-0002", "--authority", &paper, "--exculpatory-checked", "F-0003"][..], more].concat());
    decide(&[]).by_law(10).tells("F-0003 speaks for a suspect");
    decide(&["--despite-exculpatory"]).ended(0);
}

#[test]
fn law_10_a_decision_for_one_person_erases_nobody_else() {
    let office = planted();
    let paper = decision(&office, "S-0009");
    let erasure = string(&office.does(NOY, "erase propose", &["S-0001", "--reason", "proceedings ended"])["erasure"]);
    office.does(KHAM, "erase decide", &[&erasure, "--authority", &paper, "--exculpatory-checked", CHECKED]);
    let tombstones = text(&office.place("tombstones"));
    office.in_case(NOY, "erase run", &[&erasure, "--tombstones", &tombstones]).by_law(1).tells("person is outside its scope");
    assert!(!speaking(&office, NOY).is_empty());
}

#[test]
fn law_10_a_purge_that_is_killed_goes_on_and_is_called_done_only_at_its_end() {
    let office = planted();
    let erasure = decided(&office);
    // The folder of tombstones cannot be written: contents are destroyed, and the erasure is not done.
    let blocked = office.file("blocked", "a file where a folder belongs");
    office.in_case(NOY, "erase run", &[&erasure, "--tombstones", &blocked]).ended(3);
    let state = |office: &Office| string(&office.in_case(NOY, "erase list", &[]).ended(0).line()["state"]);
    assert_eq!(state(&office), "purging");
    let said = office.bare(&["doctor"]).ended(3).lines();
    assert!(said.iter().any(|line| string(&line["text"]) == "1 erasures are not at their end" && line["ok"] == false), "{said:?}");
    assert_eq!(speaking(&office, NOY), Vec::<String>::new(), "contents and keys go in one transaction");
    let tombstones = text(&office.place("tombstones"));
    assert_eq!(office.does(NOY, "erase run", &[&erasure, "--tombstones", &tombstones])["state"], "done");
    office.in_case(NOY, "erase run", &[&erasure, "--tombstones", &tombstones]).by_law(10).tells("is done");
    office.says(NOY, &["erase", "tombstones", &text(&office.place("copies"))]).by_law(13);
    assert_eq!(office.done(ADMIN, &["erase", "tombstones", &text(&office.place("copies"))])["tombstones"], 1);
    assert_eq!(office.last_events(1), ["tombstones-copied"]);

    // Killed at any moment: what was acknowledged holds, and the next run ends it.
    for wait in [0, 20, 40, 60, 80, 100, 130, 160, 200, 250] {
        let office = planted_again();
        let mut child = office.command(NOY, &["erase", "run", "--case", &office.case, "Z-0001", "--tombstones", &tombstones_of(&office)]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        let _ = child.kill();
        child.wait().unwrap();
        if state(&office) != "done" {
            office.in_case(NOY, "erase run", &["Z-0001", "--tombstones", &tombstones_of(&office)]).ended(0);
        }
        assert_eq!((state(&office), speaking(&office, NOY)), ("done".into(), vec![]));
        office.sound_log();
    }
}

fn tombstones_of(office: &Office) -> String {
    text(&office.place("tombstones"))
}

/// A decided erasure, copied from one that was made once.
fn planted_again() -> Office {
    static FIRST: std::sync::OnceLock<Office> = std::sync::OnceLock::new();
    let first = FIRST.get_or_init(|| {
        let office = planted();
        decided(&office);
        office
    });
    first.duplicate()
}

#[test]
fn law_10_tombstones_outlive_a_change_of_keys_and_of_epochs() {
    let office = planted();
    let secret = office.file("backup-secret", "backup words for the safe\n");
    let back_up = |office: &Office, name: &str| {
        let file = text(&office.place(name));
        office.done(ADMIN, &["backup", "create", &file, "--passphrase-file", &secret]);
        file
    };
    let first = back_up(&office, "first");
    // A member leaves, so the key changes; then a row that the backup knows is written under the new key.
    office.does(KHAM, "case member remove", &[BOUNMY]);
    office.does(NOY, "subject link", &["S-0002", "E-0002", "--reason", &word("still not of")]);
    let erasure = decided(&office);
    let tombstones = tombstones_of(&office);
    office.does(NOY, "erase run", &[&erasure, "--tombstones", &tombstones]);
    let known = office.file("known", string(&office.says(AUDITOR, &["log", "checkpoint"]).ended(0).line()["checkpoint"]));
    let restore = |backup: &str, name: &str, erased_again: bool| {
        let mut other = office.moved_to(&office.place(name));
        let said = other.bare(&["backup", "restore", backup, "--passphrase-file", &secret, "--tombstones", &tombstones]).ended(0).line();
        assert_eq!(said["erased-again"].as_u64().unwrap() > 0, erased_again, "{said}");
        for name in [ADMIN, NOY, KHAM, AUDITOR] {
            other.log_in(name, &passphrase(name));
        }
        other
    };
    let second_home = restore(&first, "laptop-2", true);
    assert_eq!(second_home.done(KHAM, &["log", "resume", "--last-known", &known])["new_epoch"], true);
    assert_eq!((speaking(&second_home, NOY), second_home.does(NOY, "case show", &[])["title"].clone()), (vec![], "title of S-0001".into()));
    assert_eq!(second_home.in_case(NOY, "subject list", &[]).ended(0).out, "", "a row of a later key would open for nobody: it is emptied");
    second_home.sound_log();

    // The second epoch erases somebody else; its tombstone is the second of the folder.
    second_home.does(NOY, "subject add", &["--name", "someone@mail.example", "--category", "victim"]);
    let person = string(&second_home.in_case(NOY, "subject list", &[]).ended(0).line()["subject"]);
    let second = back_up(&second_home, "second");
    let paper = decision(&second_home, &person);
    second_home.does(NOY, "subject link", &[&person, "E-0002", "--reason", "hers"]);
    let proposed = string(&second_home.does(NOY, "erase propose", &[&person, "--reason", "she asked"])["erasure"]);
    second_home.does(KHAM, "erase decide", &[&proposed, "--authority", &paper, "--exculpatory-checked", CHECKED]);
    second_home.does(NOY, "erase run", &[&proposed, "--tombstones", &tombstones]);
    assert!(Path::new(&tombstones).join("tombstone-000002.json").exists());
    assert_eq!(second_home.exhibits(), Vec::<Value>::new());

    let third_home = restore(&second, "laptop-3", true);
    assert_eq!(speaking(&third_home, NOY), Vec::<String>::new());
    third_home.says(KHAM, &["log", "resume", "--nothing-later-known"]).by_law(3).tells("tombstone");
    third_home.sound_log();
    let newest = back_up(&second_home, "newest");
    let fourth_home = restore(&newest, "laptop-4", false);
    fourth_home.done(KHAM, &["log", "resume", "--nothing-later-known"]);
    assert_eq!(fourth_home.exhibits(), Vec::<Value>::new());
}

#[test]
fn law_10_a_thing_that_is_still_held_is_kept() {
    let office = planted();
    office.does(NOY, "exhibit admit", &["--physical", "--seal-number", "B-1", "--condition", "whole", "--description", &word("phone of")]);
    office.in_case(NOY, "erase propose", &["S-0001", "--reason", "proceedings ended"]).by_law(10).tells("E-0003, a thing").tells("subject keep");
    office.does(NOY, "subject keep", &["S-0001", "E-0003", "--reason", "it lies in the store room"]);
    let proposed = office.does(NOY, "erase propose", &["S-0001", "--reason", "proceedings ended"]);
    assert!(!proposed["items"].to_string().contains("E-0003"), "{proposed}");
}

#[test]
fn law_10_a_false_or_missing_tombstone_restores_nothing() {
    let office = planted();
    let secret = office.file("backup-secret", "backup words for the safe\n");
    let backup = text(&office.place("backup"));
    office.done(ADMIN, &["backup", "create", &backup, "--passphrase-file", &secret]);
    let erasure = decided(&office);
    let tombstones = office.place("tombstones");
    office.does(NOY, "erase run", &[&erasure, "--tombstones", &text(&tombstones)]);
    let file = tombstones.join("tombstone-000001.json");
    let whole = fs::read_to_string(&file).unwrap();
    let told: Value = serde_json::from_str(&whole).unwrap();
    let home = office.place("laptop-2");
    let restore = |words: &str| {
        fs::write(&file, words).unwrap();
        let said = office.moved_to(&home).bare(&["backup", "restore", &backup, "--passphrase-file", &secret, "--tombstones", &text(&tombstones)]);
        assert!(said.code == 0 || !home.exists(), "nothing is left behind: {said:?}");
        said
    };
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value = told.clone();
        change(&mut value);
        value.to_string()
    };
    // A row that no erasure took, such as the other exhibit's.
    restore(&changed(&|t| t["rows"][0]["id"] = "exh-00000000000000000000000000000000".into())).by_law(10);
    restore(&changed(&|t| { t["rows"].as_array_mut().unwrap().pop(); })).by_law(10);
    restore(&changed(&|t| t["images"][0]["state"] = "revoked".into())).by_law(10);
    restore(&changed(&|t| t["leaf"] = t["leaf"].as_str().unwrap().replace("erased", "derived").into())).by_law(10);
    restore(&whole[..whole.len() / 2]).by_law(10);
    restore(&changed(&|t| t["number"] = 2.into())).by_law(10).tells("tombstone 1 is missing");
    restore(&whole).ended(0);
}

#[test]
fn law_10_dates_follow_the_category_and_are_moved_with_a_reason() {
    let office = Office::working();
    let periods = |review, erase| serde_json::json!({"review-days": review, "erase-days": erase});
    let schedule = serde_json::json!({"suspect": periods(1, 2), "victim": periods(3, 4), "witness": periods(5, 6), "associate": periods(7, 8), "unknown": periods(9, 9)});
    let days = |view: &Value, from: &str| {
        let date = |name: &str| string(&view[name]).parse::<model::Moment>().unwrap().seconds();
        (date(from) - store::Store::open(&office.home).unwrap().now().seconds() + 3600) / 86_400
    };
    let add = |category: &str| office.does(NOY, "subject add", &["--name", &format!("Name of {category}"), "--category", category]);
    let unknown = add("unknown");
    assert_eq!((days(&unknown, "review"), days(&unknown, "erase")), (90, 365));
    fs::write(office.home.join("retention.json"), schedule.to_string()).unwrap();
    let victim = add("victim");
    assert_eq!((days(&victim, "review"), days(&victim, "erase")), (3, 4));
    fs::write(office.home.join("retention.json"), "{}").unwrap();
    office.in_case(NOY, "subject add", &["--name", "Somebody", "--category", "victim"]).ended(2).tells("says nothing of");
    let until = format!("{}-06-30", year() + 2);
    let extend = |who, reason: &str| office.in_case(who, "subject extend", &["S-0002", "--until", &until, "--reason", reason]);
    extend(NOY, "needed").by_law(1);
    extend(KHAM, "for Name of victim").by_law(10).tells("S-0002");
    let extended = extend(KHAM, "an appeal is open").ended(0).line();
    assert_eq!(extended["extensions"][0]["reason"], "an appeal is open");
    assert!(days(&extended, "erase") > 180);
    office.in_case(KHAM, "subject extend", &["S-0002", "--until", "2001-01-01", "--reason", "x"]).ended(2);
    assert_eq!(office.says(NOY, &["subject", "due"]).ended(0).out, "");
    office.in_case(NOY, "subject add", &["--name", "Li", "--category", "unknown"]).ended(2);

    // A year later somebody must look; after a review, not before its day.
    let later = |days: i64| {
        let desk = desk::Desk::open(&office.home, env!("CARGO_BIN_EXE_lanternfish").into()).unwrap();
        let session = desk.store.session(office.token(NOY)).unwrap();
        let then = desk.now().plus_seconds(days * 86_400);
        let due = desk::subject::due(&desk.with_clock(move || then), &session).unwrap();
        due.iter().map(|one| format!("{} {}", one.subject, one.due.join("+"))).collect::<Vec<_>>()
    };
    assert_eq!(later(2), Vec::<String>::new());
    assert_eq!(later(5), ["S-0002 review"], "its erasure was moved, its review was not");
    assert_eq!(later(100), ["S-0001 review", "S-0002 review"]);
    assert_eq!(later(400), ["S-0001 review+erasure", "S-0002 review"]);
    office.does(NOY, "subject review", &["S-0001", "--next", &until, "--reason", "still needed for the appeal"]);
    assert_eq!(later(100), ["S-0002 review"]);
}

#[test]
fn law_10_a_person_gets_what_is_held_on_him_and_not_what_is_held_on_others() {
    let office = planted();
    let out = text(&office.place("answer.json"));
    office.in_case(NOY, "subject export", &["S-0001", "--reason", "he asked", "--out", &out]).by_law(1);
    office.does(KHAM, "subject export", &["S-0001", "--reason", "he asked", "--out", &out]);
    let answer: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert_eq!(answer["exhibits"][0]["exhibit"], "E-0001", "{answer}");
    assert_eq!(answer["exhibits"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(answer["findings"][0]["text"], word("It says"));
    assert!(!answer.to_string().contains("Topaskatze"));
    assert_eq!(office.last_events(1), ["subject-exported"]);
    // What concerns both is named and not shown.
    office.does(NOY, "subject link", &["S-0002", "E-0001", "--reason", "also hers"]);
    let out = text(&office.place("second.json"));
    office.does(KHAM, "subject export", &["S-0001", "--reason", "he asked again", "--out", &out]);
    let answer: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert_eq!((answer["exhibits"].as_array().unwrap().len(), &answer["also-about-others"][0]), (0, &"E-0001".into()), "{answer}");
}
