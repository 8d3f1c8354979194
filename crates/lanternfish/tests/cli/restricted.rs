//! Restricted items in the hands of their dedicated people (law 7): the filter queue from suspicion to release, and
//! supervised viewing by somebody who holds no key of the case (laws 7 and 13).

use std::{
    fs::{self, File},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use desk::{
    Desk, Intent, Permit, Scope, Session,
    admit::{self, AdmitFile},
    authority::{self, Decision, RecordAuthority},
    case::{self, CaseContent},
    filter::{self, Release},
    reclassify,
    viewing::{self, PermitViewing, Signed, Statement},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    authority::{AuthorityKind, SourceClass},
    exhibit::{ExhibitClass, Origin},
};
use serde_json::{Value, json};
use store::StoreError;

use crate::{
    disclosure::finish,
    office::{ADMIN, BOUNMY, KHAM, NOY, Office, collect_files, outcome, passphrase, string, text, year},
    people::finding,
};

const FILTER: &str = "Fil Vongsak";
const COUNSEL: &str = "Counsel Keo";
const LETTER: &str = "SYNTHETIC letter to his lawyer about the money";
const UNLAWFUL: &str = "SYNTHETIC bytes that nobody may possess";

/// A working office with a person of the filter team in the case, and counsel for the defence in no case.
fn office() -> Office {
    let mut office = Office::working();
    for (name, role) in [(FILTER, "filter-team"), (COUNSEL, "defence")] {
        office.done(ADMIN, &["user", "add", name, "--role", role]);
        office.log_in(name, &passphrase(name));
    }
    office.does(NOY, "case member add", &[FILTER]);
    office
}

fn admit(office: &Office, name: &str, bytes: &str, class: &str) -> String {
    let file = office.file(name, bytes);
    string(&office.does(NOY, "exhibit admit", &[&file, "--class", class, "--description", "a file"])["exhibit"])
}

/// The day that is so many days away, as it is typed.
fn in_days(days: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    model::Moment::from_micros(i64::try_from(now).unwrap()).plus_seconds(days * 86_400).to_string()[..10].to_string()
}

/// A court's order to filter this item: Noy records it, Kham checks it against its scan.
fn order(office: &Office, item: &str) -> String {
    let (from, until) = (in_days(0), format!("{}-12-31", year()));
    let scan = office.file("scan.pdf", "scan");
    let text = office.file("order.txt", "The item is not privileged.");
    let mut words = office.authority_words("court-order", &["filter"]);
    words.extend(["--from", &from, "--until", &until, "--case", &office.case, "--selector", item, "--scan", &scan, "--transcription", &text]);
    let id = string(&office.done(NOY, &words)["authority"]);
    office.does(KHAM, "authority check", &[&id]);
    id
}

#[test]
fn law_07_what_may_be_privileged_goes_through_the_filter_team_and_the_holder() {
    let office = office();
    admit(&office, "letter.txt", LETTER, "ordinary");
    admit(&office, "page.html", "<p>SYNTHETIC</p>", "ordinary");
    admit(&office, "unlawful.bin", UNLAWFUL, "contraband");
    office.does(NOY, "finding add", &finding("He writes about the money.", "E-0001"));
    office.does(NOY, "exhibit reclassify", &["E-0001", "--class", "privileged", "--reason", "to his lawyer"]);
    let out = text(&office.place("seen"));
    let see = ["E-0001", "--purpose", "is it privileged", "--out", &out];

    // The filter team does nothing else, and nobody else filters; both need an authority that says so.
    for (verb, rest) in [("exhibit view", &see[..]), ("exhibit list", &[]), ("finding list", &[]), ("selectors", &["--purpose", "x"]), ("examine", &["E-0002"])] {
        office.in_case(FILTER, verb, rest).by_law(1).tells("the role filter-team may not");
    }
    office.says(FILTER, &["tip", "add", "--text", "x", "--source", "y"]).by_law(13);
    office.done(NOY, &["tip", "add", "--text", "SYNTHETIC tip", "--source", "a caller"]);
    assert_eq!(office.says(FILTER, &["tip", "list"]).ended(0).lines(), Vec::<Value>::new());
    assert_eq!(office.says(KHAM, &["tip", "list"]).ended(0).lines().len(), 1);
    for who in [NOY, KHAM, BOUNMY] {
        office.in_case(who, "filter view", &see).by_law(1).tells("may not filter");
    }
    office.in_case(FILTER, "filter view", &see).by_law(1).tells("no live authority covers `filter`");
    office.case_authority(&["filter"]);
    let listed = office.in_case(FILTER, "filter list", &[]).ended(0);
    assert_eq!(listed.lines().iter().map(|line| (string(&line["exhibit"]), string(&line["state"]))).collect::<Vec<_>>(), [("E-0001".into(), "waiting".into())]);
    assert!(!listed.out.contains("money") && !listed.out.contains(&model::Sha256Digest::of(LETTER.as_bytes()).hex()), "{}", listed.out);
    for other in ["E-0002", "E-0003"] {
        office.in_case(FILTER, "filter view", &[other, "--purpose", "x", "--out", &out]).by_law(7);
    }
    assert!(!office.place("seen").exists());
    office.does(FILTER, "filter view", &see);
    assert_eq!(fs::read_to_string(&out).unwrap(), LETTER);
    assert_eq!(office.last_events(1), ["filter-viewed"]);

    // Each step waits for the one before, and each by its own person.
    let release = ["E-0001", "--reason", "not privileged"];
    let refused = |who: &str, verb: &str, rest: &[&str], words: &str| office.in_case(who, verb, rest).by_law(7).tells(words);
    office.in_case(FILTER, "filter release", &release).by_law(13);
    refused(KHAM, "filter release", &release, "has not said anything about it yet");
    refused(KHAM, "filter propose", &["E-0001", "--not-privileged", "--reason", "x"], "only a person of the filter team");
    office.in_case(FILTER, "filter propose", &["E-0001", "--privileged", "--not-privileged", "--reason", "x"]).ended(2);
    refused(FILTER, "filter propose", &["E-0002", "--privileged", "--reason", "x"], "not in the queue");
    office.does(FILTER, "filter propose", &["E-0001", "--not-privileged", "--reason", "no lawyer takes part"]);
    refused(KHAM, "filter release", &release, "was not told of this proposal");
    let notify = |until: &str| office.in_case(FILTER, "filter notify", &["E-0001", "--holder", "Counsel Keo", "--how", "letter", "--until", until]);
    notify(&in_days(12)).by_law(7).tells("at least 14 days");
    notify(&in_days(20)).ended(0);
    refused(KHAM, "filter release", &release, "Counsel Keo may object until");
    refused(NOY, "filter release", &release, "only a supervisor or a prosecutor");
    assert_eq!(office.does(NOY, "filter object", &["E-0001", "--by", "Counsel Keo", "--reason", "it is to me"])["state"], "objected");
    refused(KHAM, "filter release", &release, "only a court's order that names this item");
    let other = order(&office, "E-0002");
    refused(KHAM, "filter release", &["E-0001", "--reason", "x", "--decision", &other], "it does not name the item");
    refused(KHAM, "filter release", &["E-0001", "--reason", "x", "--class", "contraband", "--decision", &order(&office, "E-0001")], "ordinary or personal-sensitive");
    office.in_case(NOY, "exhibit view", &["E-0001", "--purpose", "x", "--out", &text(&office.place("mine"))]).by_law(7);

    let released = office.does(KHAM, "filter release", &["E-0001", "--reason", "the court decided", "--decision", &order(&office, "E-0001")]);
    assert_eq!((&released["state"], &released["class"]), (&json!("released"), &json!("ordinary")), "{released}");
    office.does(NOY, "exhibit view", &["E-0001", "--purpose", "x", "--out", &text(&office.place("mine"))]);
    assert_eq!(office.in_case(NOY, "finding list", &[]).ended(0).lines()[0]["text"], "He writes about the money.");
    refused(FILTER, "filter view", &["E-0001", "--purpose", "again", "--out", &text(&office.place("again"))], "not in the queue");

    // Privileged again, it is a new matter; kept, it is the end.
    office.does(NOY, "exhibit reclassify", &["E-0001", "--class", "privileged", "--reason", "a second look"]);
    refused(KHAM, "filter release", &release, "has not said anything about it yet");
    assert_eq!(office.does(FILTER, "filter keep", &["E-0001", "--reason", "it is to his lawyer"])["state"], "kept");
    refused(FILTER, "filter view", &["E-0001", "--purpose", "again", "--out", &text(&office.place("again"))], "decided already");
    refused(KHAM, "filter release", &["E-0001", "--reason", "x", "--decision", &order(&office, "E-0001")], "for good");
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let limits = office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&office.place("package"))])["limits"].to_string();
    assert!(limits.contains("released from the filter: E-0001"), "{limits}");
    office.sound_log();
}

#[test]
fn law_07_a_list_does_not_undo_a_release_and_papers_tell_nothing_of_it() {
    let office = office();
    office.case_authority(&["filter"]);
    let list = office.file("list.txt", Sha256Digest::of(LETTER.as_bytes()).hex());
    let add = |name: &str| office.done(KHAM, &["hashes", "add", &list, "--name", name, "--category", "privileged", "--source", "the chamber"]);
    add("papers of Keo");
    assert_eq!(office.does(NOY, "exhibit admit", &[&office.file("letter.txt", LETTER)])["class"], "privileged");
    office.does(FILTER, "filter propose", &["E-0001", "--not-privileged", "--reason", "x"]);
    office.does(FILTER, "filter notify", &["E-0001", "--holder", "Counsel", "--how", "letter", "--until", &in_days(20)]);
    office.does(KHAM, "filter release", &["E-0001", "--reason", "x", "--decision", &order(&office, "E-0001")]);
    let class = || office.exhibits().iter().map(|one| string(&one["class"])).collect::<Vec<_>>();
    assert_eq!(class(), ["ordinary"]);
    let checked = office.in_case(BOUNMY, "hashes check", &[]).ended(0).tells("L-0001 holds it, and it was released after that");
    assert_eq!((&checked.line()["released_after"], &checked.line()["restricted"]), (&json!(["L-0001"]), &json!(false)));
    // A copy of what was released is released.
    office.does(NOY, "exhibit admit", &[&office.file("copy.txt", LETTER), "--description", "a copy"]);
    assert_eq!(class(), ["ordinary", "ordinary"]);

    for exhibit in ["E-0001", "E-0002"] {
        office.does(NOY, "examine", &[exhibit]);
    }
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let package = office.place("package");
    office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&package)]);
    let mut files = Vec::new();
    collect_files(&office.place("package.building").join("data"), &mut files);
    assert!(files.len() > 5);
    for file in files {
        let bytes = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        for words in ["papers of Keo", "L-0001", "list of privileged material"] {
            assert!(!bytes.contains(words), "{words}: {}", file.display());
        }
    }

    // A list that comes later is another matter.
    add("more papers of Keo");
    office.in_case(BOUNMY, "hashes check", &[]).ended(0);
    assert_eq!(class(), ["privileged", "privileged"]);
    office.sound_log();
}

#[test]
fn law_07_copies_are_released_together_and_a_container_after_what_is_in_it() {
    let office = office();
    office.case_authority(&["filter"]);
    let folder = office.place("saved");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("letter.txt"), LETTER).unwrap();
    fs::write(folder.join("page.html"), "<p>SYNTHETIC</p>").unwrap();
    office.does(NOY, "exhibit admit", &[&text(&folder)]);
    office.does(NOY, "examine", &["E-0001"]);
    for name in ["letter.txt", "copy.txt"] {
        admit(&office, name, LETTER, "ordinary");
    }
    office.does(NOY, "exhibit reclassify", &["E-0003", "--class", "privileged", "--reason", "to his lawyer"]);
    let classes = || office.exhibits().iter().map(|one| string(&one["class"])).collect::<Vec<_>>();
    assert_eq!(classes(), ["privileged", "privileged", "privileged"]);
    let ready = |exhibit: &str| {
        office.does(FILTER, "filter propose", &[exhibit, "--not-privileged", "--reason", "x"]);
        office.does(FILTER, "filter notify", &[exhibit, "--holder", "Counsel", "--how", "letter", "--until", &in_days(20)]);
        order(&office, exhibit)
    };
    let release = |exhibit: &str, order: &str| office.in_case(KHAM, "filter release", &[exhibit, "--reason", "x", "--decision", order]);
    let container = ready("E-0001");
    release("E-0001", &container).by_law(7).tells("the bytes of E-0002 stand in it");
    // What was said of a copy was said of these bytes.
    let copy = ready("E-0002");
    office.does(FILTER, "filter propose", &["E-0003", "--privileged", "--reason", "x"]);
    release("E-0002", &copy).by_law(7).tells("E-0003: the filter team says that it is privileged");
    office.does(FILTER, "filter keep", &["E-0003", "--reason", "x"]);
    release("E-0002", &copy).by_law(7).tells("E-0003 has the same bytes and is kept");

    let office = self::office();
    office.case_authority(&["filter"]);
    office.does(NOY, "exhibit admit", &[&{ fs::create_dir_all(office.place("saved")).unwrap(); fs::write(office.place("saved/letter.txt"), LETTER).unwrap(); fs::write(office.place("saved/b.txt"), "SYNTHETIC b@example.org").unwrap(); text(&office.place("saved")) }]);
    office.does(NOY, "examine", &["E-0001"]);
    for name in ["letter.txt", "copy.txt"] {
        admit(&office, name, LETTER, "ordinary");
    }
    office.does(NOY, "exhibit reclassify", &["E-0003", "--class", "privileged", "--reason", "to his lawyer"]);
    let through = |exhibit: &str| {
        office.does(FILTER, "filter propose", &[exhibit, "--not-privileged", "--reason", "x"]);
        office.does(FILTER, "filter notify", &[exhibit, "--holder", "Counsel", "--how", "letter", "--until", &in_days(20)]);
        office.does(KHAM, "filter release", &[exhibit, "--reason", "x", "--decision", &order(&office, exhibit)]);
        office.exhibits().iter().map(|one| string(&one["class"])).collect::<Vec<_>>()
    };
    assert_eq!(through("E-0002"), ["privileged", "ordinary", "ordinary"]);
    assert_eq!(through("E-0001"), ["ordinary", "ordinary", "ordinary"]);
    assert_eq!(office.in_case(NOY, "selectors", &["--value", "b@example.org", "--purpose", "x"]).ended(0).lines().len(), 1, "what was found in it is there again");
    office.does(NOY, "examine", &["E-0001"]);
    office.sound_log();
}

#[test]
fn law_07_leave_to_look_opens_one_item_and_releases_none() {
    let office = office();
    admit(&office, "letter.txt", LETTER, "privileged");
    admit(&office, "other.txt", "SYNTHETIC other letter", "privileged");
    let leave = order(&office, "E-0001");
    let look = |exhibit: &str, name: &str| office.in_case(FILTER, "filter view", &[exhibit, "--purpose", "x", "--out", &text(&office.place(name))]);
    look("E-0002", "second").by_law(1).tells("outside its scope");
    office.in_case(FILTER, "filter propose", &["E-0002", "--not-privileged", "--reason", "x"]).by_law(1);
    office.in_case(FILTER, "filter list", &[]).by_law(1).tells("name one of them");
    look("E-0001", "first").ended(0);
    office.does(FILTER, "filter propose", &["E-0001", "--not-privileged", "--reason", "x"]);
    office.does(FILTER, "filter notify", &["E-0001", "--holder", "Counsel", "--how", "letter", "--until", &in_days(20)]);
    office.does(NOY, "filter object", &["E-0001", "--by", "Counsel", "--reason", "it is to me"]);
    let release = |order: &str| office.in_case(KHAM, "filter release", &["E-0001", "--reason", "x", "--decision", order]);
    release(&leave).by_law(7).tells("it is older than the last proposal, notice or objection");
    office.does(KHAM, "authority revoke", &[&leave, "--reason", "done"]);
    let again = order(&office, "E-0001");
    look("E-0001", "again").ended(0);
    release(&again).by_law(7).tells("leave to look is no release");
    assert_eq!(release(&order(&office, "E-0001")).ended(0).line()["state"], "released");
    office.sound_log();
}

#[test]
fn law_07_what_may_be_privileged_is_called_contraband_by_the_filter_team_only() {
    let office = office();
    office.case_authority(&["filter"]);
    let folder = |name: &str, other: &str| {
        let folder = office.place(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("letter.txt"), LETTER).unwrap();
        fs::write(folder.join("page.html"), other).unwrap();
        let label = string(&office.does(NOY, "exhibit admit", &[&text(&folder)])["exhibit"]);
        office.does(NOY, "examine", &[&label]);
    };
    folder("first", "SYNTHETIC first");
    folder("second", "SYNTHETIC second");
    admit(&office, "other.txt", "SYNTHETIC other letter", "privileged");
    office.does(NOY, "exhibit reclassify", &["E-0001", "--class", "privileged", "--reason", "to his lawyer"]);
    let contraband = |who: &str, exhibit: &str| office.in_case(who, "exhibit reclassify", &[exhibit, "--class", "contraband", "--reason", "x"]);
    for who in [NOY, KHAM, BOUNMY] {
        contraband(who, "E-0001").by_law(7).tells("only a person of the filter team");
    }
    contraband(FILTER, "E-0002").by_law(7).tells("reclassifies nothing else");
    // Not by way of what shares a member with it either: the queue goes on.
    contraband(NOY, "E-0002").ended(0);
    office.does(FILTER, "filter propose", &["E-0001", "--not-privileged", "--reason", "x"]);
    office.does(FILTER, "filter notify", &["E-0001", "--holder", "Counsel", "--how", "letter", "--until", &in_days(20)]);
    office.does(KHAM, "filter release", &["E-0001", "--reason", "x", "--decision", &order(&office, "E-0001")]);

    contraband(FILTER, "E-0003").ended(0);
    office.in_case(FILTER, "filter propose", &["E-0003", "--not-privileged", "--reason", "x"]).by_law(7).tells("contraband");

    // And what holds something that is contraband is not released.
    fs::create_dir_all(office.place("fourth")).unwrap();
    fs::write(office.place("fourth/more.txt"), "SYNTHETIC more").unwrap();
    folder("fourth", "SYNTHETIC second");
    office.does(NOY, "exhibit reclassify", &["E-0004", "--class", "privileged", "--reason", "to his lawyer"]);
    office.does(FILTER, "filter propose", &["E-0004", "--not-privileged", "--reason", "x"]);
    office.does(FILTER, "filter notify", &["E-0004", "--holder", "Counsel", "--how", "letter", "--until", &in_days(20)]);
    let order = order(&office, "E-0004");
    office.in_case(KHAM, "filter release", &["E-0004", "--reason", "x", "--decision", &order]).by_law(7).tells("unpacked from it is contraband");
    office.sound_log();
}

#[test]
fn law_07_what_was_privileged_in_the_queue_is_shown_to_no_investigator_as_contraband() {
    let office = office();
    office.case_authority(&["filter"]);
    admit(&office, "letter.txt", LETTER, "ordinary");
    admit(&office, "other.txt", "SYNTHETIC other letter", "privileged");
    office.does(NOY, "exhibit reclassify", &["E-0001", "--class", "privileged", "--reason", "to his lawyer"]);
    office.does(FILTER, "filter propose", &["E-0002", "--privileged", "--reason", "x"]);
    let until = in_days(3);
    for exhibit in ["E-0001", "E-0002"] {
        office.does(FILTER, "exhibit reclassify", &[exhibit, "--class", "contraband", "--reason", "x"]);
        let permit = |viewer: &str| office.in_case(KHAM, "viewing permit", &[exhibit, "--viewer", viewer, "--supervisor", BOUNMY, "--place", "room 4", "--purpose", "x", "--until", &until]);
        permit(NOY).by_law(7).tells("never to who investigates");
        permit(COUNSEL).ended(0);
    }
    office.sound_log();
}

#[test]
fn law_07_a_release_frees_no_paper_that_tells_of_a_container_which_stays() {
    let office = office();
    office.case_authority(&["filter"]);
    let folder = office.place("saved");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("letter.txt"), LETTER).unwrap();
    fs::write(folder.join("page.html"), "<p>SYNTHETIC</p>").unwrap();
    office.does(NOY, "exhibit admit", &[&text(&folder)]);
    office.does(NOY, "examine", &["E-0001"]);
    admit(&office, "letter.txt", LETTER, "ordinary");
    office.does(NOY, "finding add", &finding("He writes about the money.", "E-0001"));
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    office.does(NOY, "exhibit reclassify", &["E-0002", "--class", "privileged", "--reason", "to his lawyer"]);
    let through = |exhibit: &str| {
        office.does(FILTER, "filter propose", &[exhibit, "--not-privileged", "--reason", "x"]);
        office.does(FILTER, "filter notify", &[exhibit, "--holder", "Counsel", "--how", "letter", "--until", &in_days(20)]);
        office.does(KHAM, "filter release", &[exhibit, "--reason", "x", "--decision", &order(&office, exhibit)]);
    };
    let words = || string(&office.in_case(NOY, "finding list", &[]).ended(0).lines()[0]["text"]);
    let export = || office.in_case(NOY, "report export", &["R-0001", "--out", &text(&office.place("r.pdf"))]);
    through("E-0002");
    export().by_law(7).tells("E-0001");
    assert!(words().starts_with("held back"), "{}", words());
    through("E-0001");
    export().ended(0);
    assert_eq!(words(), "He writes about the money.");
    office.sound_log();
}

/// The viewing V-0001 of E-0001 by counsel, with Bounmy present; gives the invitation's id.
fn permitted(office: &Office) -> String {
    let until = in_days(3);
    let view = office.does(KHAM, "viewing permit", &["E-0001", "--viewer", COUNSEL, "--supervisor", BOUNMY, "--place", "room 4", "--purpose", "the defence checks the count", "--until", &until]);
    assert_eq!((&view["viewing"], &view["state"]), (&json!("V-0001"), &json!("permitted")));
    string(&view["id"])
}

#[test]
fn law_07_contraband_is_shown_once_to_two_people_and_into_no_file() {
    let office = office();
    admit(&office, "unlawful.bin", UNLAWFUL, "contraband");
    admit(&office, "page.html", "<p>SYNTHETIC</p>", "ordinary");
    let until = in_days(3);
    let permit = |who: &str, exhibit: &str, viewer: &str, supervisor: &str| {
        office.in_case(who, "viewing permit", &[exhibit, "--viewer", viewer, "--supervisor", supervisor, "--place", "room 4", "--purpose", "x", "--until", &until])
    };
    permit(NOY, "E-0001", COUNSEL, BOUNMY).by_law(7).tells("only a supervisor or a prosecutor");
    permit(KHAM, "E-0001", KHAM, BOUNMY).by_law(7).tells("nobody permits a viewing to himself");
    permit(KHAM, "E-0001", COUNSEL, NOY).by_law(7).tells("this role does not supervise");
    permit(KHAM, "E-0001", BOUNMY, BOUNMY).by_law(7).tells("two people");
    permit(KHAM, "E-0002", COUNSEL, BOUNMY).by_law(7).tells("not restricted");
    permit(KHAM, "E-0001", COUNSEL, ADMIN).ended(2).tells("not a member");
    let id = permitted(&office);

    let open = |who: &str| office.in_case(who, "viewing open", &["V-0001"]);
    open(BOUNMY).by_law(1).tells("no live authority covers `supervise`");
    office.case_authority(&["supervise"]);
    open(BOUNMY).by_law(7).tells("has not signed that he is present");
    for who in [NOY, KHAM] {
        office.says(who, &["viewing", "attend", &id]).ended(2).tells("no invitation");
    }
    let mine = office.done(COUNSEL, &["viewing", "mine"]);
    assert_eq!((&mine["exhibit"], &mine["supervisor"], &mine["id"]), (&json!("E-0001"), &json!(BOUNMY), &json!(id)), "{mine}");
    office.says(COUNSEL, &["viewing", "confirm", &id, "--says", "shown"]).by_law(7).tells("has not ended");
    assert_eq!(office.done(COUNSEL, &["viewing", "attend", &id])["state"], "present");
    for who in [KHAM, NOY] {
        open(who).by_law(1);
    }

    // Into a file it does not go, and that does not use the permit up.
    let file = File::create(office.place("copy")).unwrap();
    let child = office.command(BOUNMY, &["viewing", "open", "--case", &office.case, "V-0001"]).stdout(Stdio::from(file)).stderr(Stdio::piped()).spawn();
    let said = outcome(child.unwrap(), std::time::Duration::from_secs(60));
    assert!(said.code == 1 && said.err.contains("leaves no copy"), "{said:?}");
    assert!(!fs::read_to_string(office.place("copy")).unwrap().contains(UNLAWFUL));

    let shown = open(BOUNMY).ended(0);
    assert_eq!(shown.out, UNLAWFUL);
    assert_eq!(office.last_events(3)[..2], ["viewing-begun", "viewing-ended"]);
    open(BOUNMY).by_law(7).tells("was opened already");
    office.says(COUNSEL, &["viewing", "attend", &id]).by_law(7);
    office.in_case(BOUNMY, "viewing close", &["V-0001"]).ended(2).tells("viewing confirm");
    office.says(COUNSEL, &["viewing", "confirm", &id, "--says", "everything"]).ended(2);
    office.done(COUNSEL, &["viewing", "confirm", &id, "--says", "shown"]);
    office.in_case(NOY, "viewing close", &["V-0001"]).by_law(7);
    let closed = office.does(BOUNMY, "viewing close", &["V-0001"]);
    assert_eq!((&closed["state"], &closed["confirmed"], &closed["whole"]), (&json!("closed"), &json!("shown"), &json!(true)), "{closed}");
    assert_eq!(office.in_case(NOY, "viewing list", &[]).ended(0).lines().len(), 1);

    // Nothing of it stands anywhere, and everybody reads of it in the next package.
    let mut files = Vec::new();
    collect_files(&office.home, &mut files);
    assert!(files.iter().all(|file| !fs::read(file).unwrap().windows(UNLAWFUL.len()).any(|w| w == UNLAWFUL.as_bytes())));
    office.does(NOY, "finding add", &finding("There is a page.", "E-0002"));
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let limits = office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&office.place("package"))])["limits"].to_string();
    assert!(limits.contains("shown under supervision: E-0001 (V-0001)"), "{limits}");
    office.sound_log();
}

#[test]
fn law_07_what_may_be_privileged_is_shown_to_counsel_by_the_filter_team_only() {
    let office = office();
    admit(&office, "letter.txt", LETTER, "privileged");
    office.case_authority(&["filter", "supervise"]);
    let until = in_days(3);
    let permit = |viewer: &str, supervisor: &str| {
        office.in_case(KHAM, "viewing permit", &["E-0001", "--viewer", viewer, "--supervisor", supervisor, "--place", "room 4", "--purpose", "x", "--until", &until])
    };
    permit(NOY, FILTER).by_law(7).tells("never to who investigates");
    permit(COUNSEL, BOUNMY).by_law(7).tells("a person of the filter team");
    let id = string(&permit(COUNSEL, FILTER).ended(0).line()["id"]);
    office.done(COUNSEL, &["viewing", "attend", &id]);
    office.in_case(BOUNMY, "viewing open", &["V-0001"]).by_law(1);
    // What does not match its record is shown to nobody, and is locked by whoever finds it.
    for (verb, rest) in [("viewing open", &["V-0001"][..]), ("filter view", &["E-0001", "--purpose", "x", "--out", &text(&office.place("seen"))])] {
        let broken = office.duplicate();
        let object = broken.objects().remove(0);
        let mut bytes = fs::read(&object).unwrap();
        let middle = bytes.len() - 20;
        bytes[middle] ^= 1;
        fs::write(&object, bytes).unwrap();
        let said = broken.in_case(FILTER, verb, rest).ended(1);
        assert!(said.err.contains("refused by law 5") && !said.out.contains("lawyer"), "{said:?}");
        assert_eq!(broken.exhibits()[0]["state"], "locked");
        assert!(!office.place("seen").exists());
    }
    assert_eq!(office.in_case(FILTER, "viewing open", &["V-0001"]).ended(0).out, LETTER);
    office.does(FILTER, "viewing close", &["V-0001", "--reason", "he left without a word"]);
    office.sound_log();
}

#[test]
fn law_13_the_defence_holds_no_key_and_reads_what_was_left_for_it_alone() {
    let mut office = office();
    admit(&office, "unlawful.bin", UNLAWFUL, "contraband");
    office.in_case(NOY, "case member add", &[COUNSEL]).by_law(13).tells("never holds a case key");
    office.in_case(COUNSEL, "exhibit list", &[]).by_law(13);
    for verb in [&["log", "show"][..], &["log", "verify"], &["user", "list"], &["case", "open", "--title", "x", "--offence", "x", "--jurisdiction", "la", "--purpose", "x"], &["tip", "add", "--text", "x", "--source", "y"]] {
        office.says(COUNSEL, verb).by_law(13);
    }
    office.case_authority(&["supervise"]);

    // Word of a disclosure is left under his own key.
    office.admit("page.html", "<p>SYNTHETIC</p>");
    office.does(NOY, "finding add", &finding("There is a page.", "E-0002"));
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&office.place("package"))]);
    finish(&office, "P-0001", &[NOY]);
    office.does(NOY, "package disclose", &["P-0001", "--to", COUNSEL, "--purpose", "the defence prepares"]);
    office.does(KHAM, "disclosure decide", &["D-0001", "--approve", "--reason", "x"]);
    office.does(NOY, "disclosure build", &["D-0001", "--officer", NOY, "--out", &text(&office.place("d"))]);
    let mine = office.done(COUNSEL, &["viewing", "mine"]);
    assert_eq!((&mine["what"], &mine["disclosure"], &mine["state"]), (&json!("disclosure"), &json!("D-0001"), &json!("told")), "{mine}");
    assert_eq!(office.says(NOY, &["viewing", "mine"]).ended(0).lines(), Vec::<Value>::new());

    // A signature with keys that are void is nobody's presence.
    let id = permitted(&office);
    office.done(COUNSEL, &["viewing", "attend", &id]);
    office.done(ADMIN, &["user", "reset", COUNSEL, "--reason", "a lost passphrase"]);
    office.in_case(BOUNMY, "viewing open", &["V-0001"]).by_law(7).tells("has not signed that he is present");
    office.log_in(COUNSEL, "drill only: another passphrase");
    office.says(COUNSEL, &["viewing", "attend", &id]).ended(2);
    assert_eq!(office.says(COUNSEL, &["viewing", "mine"]).ended(0).lines(), Vec::<Value>::new());
    office.sound_log();
}

/// A unit under a clock that the test turns: Noy investigates, Kham supervises, Fil filters, Bou keeps exhibits, Keo
/// defends. E-0001 is privileged, E-0002 contraband.
struct Unit {
    _folder: tempfile::TempDir,
    desk: Desk,
    clock: Arc<AtomicI64>,
    people: Vec<Session>,
    case: String,
}

const NOY_HERE: usize = 0;
const KHAM_HERE: usize = 1;
const FIL: usize = 2;
const BOU: usize = 3;
const KEO: usize = 4;

impl Unit {
    fn new() -> Unit {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::create(&folder.path().join("home"), "Filter Unit", true, 10, std::env::current_exe().unwrap()).unwrap();
        let clock = Arc::new(AtomicI64::new(desk.now().micros()));
        let turned = Arc::clone(&clock);
        let desk = desk.with_clock(move || Moment::from_micros(turned.load(Ordering::SeqCst)));
        let roles = [("Noy", "investigator"), ("Kham", "supervisor"), ("Fil", "filter-team"), ("Bou", "exhibit-officer"), ("Keo", "defence")];
        for (name, role) in roles {
            desk.store.add_user(None, name, role.parse().unwrap()).unwrap();
        }
        let people = roles.map(|(name, _)| desk.store.session(&desk.log_in(name, "four words for filters").unwrap().0).unwrap()).into();
        let content = CaseContent { title: "filter".into(), offence: "none".into(), jurisdiction: "la".into(), purpose: "drill".into() };
        let mut unit = Unit { _folder: folder, clock, people, case: String::new(), desk };
        unit.case = case::open(&unit.desk, &unit.people[NOY_HERE], &content, &["Kham".into(), "Fil".into(), "Bou".into()]).unwrap().case;
        unit.authority();
        for class in [ExhibitClass::Privileged, ExhibitClass::Contraband] {
            let typed = AdmitFile { description: "a file".into(), source: "drill".into(), origin: Origin::of(SourceClass::HandedOver), class, original_name: None, declared: vec![], manual: None };
            let (scope, permit) = unit.may(NOY_HERE, typed.intent()).unwrap();
            admit::file(&unit.desk, &scope, &permit, &typed, &mut class.name().as_bytes()).unwrap();
        }
        unit
    }

    /// A court's order for everything: Noy records it, Kham checks it, so Kham acts under none of it.
    fn authority(&self) {
        let minute = |at: Moment| at.to_string()[..16].replace('T', " ");
        let typed = RecordAuthority {
            kind: AuthorityKind::CourtOrder,
            reference: "7".into(),
            issuer: "a court".into(),
            holders: vec![],
            actions: Action::ALL.to_vec(),
            sources: SourceClass::ALL.to_vec(),
            selectors: vec!["any".into()],
            persons: vec!["any".into()],
            territory: vec!["any".into()],
            from: minute(self.desk.now()),
            until: minute(self.desk.now().plus_seconds(90 * 86_400)),
            zone: "UTC".into(),
            calendar: None,
            necessity: "drill".into(),
            scan: Some(b"scan".to_vec()),
            transcription: Some("text".into()),
            amends: None,
            extends: None,
        };
        let (scope, permit) = self.may(NOY_HERE, Intent::to(Action::Administer)).unwrap();
        let id = authority::record(&self.desk, &scope, &permit, &typed).unwrap().authority;
        let (scope, permit) = self.may(KHAM_HERE, Intent::to(Action::Administer)).unwrap();
        authority::decide(&self.desk, &scope, &permit, &id, Decision::Check, "read").unwrap();
    }

    fn may(&self, who: usize, intent: Intent) -> Result<(Scope, Permit), StoreError> {
        let scope = self.desk.enter(&self.people[who], &self.case)?;
        let permit = self.desk.permit(&scope, intent)?;
        Ok((scope, permit))
    }

    fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    fn propose_and_tell(&self, days: i64) {
        let (scope, permit) = self.may(FIL, Intent::to(Action::Filter).aimed_at("E-0001")).unwrap();
        filter::propose(&self.desk, &scope, &permit, "E-0001", false, "no lawyer takes part").unwrap();
        filter::notify(&self.desk, &scope, &permit, "E-0001", "Keo", "letter", self.desk.now().plus_seconds(days * DAY)).unwrap();
    }

    fn release(&self) -> Result<String, StoreError> {
        let (scope, permit) = self.may(KHAM_HERE, Intent::to(Action::Administer))?;
        let typed = Release { exhibit: "E-0001".into(), decision: None, to: ExhibitClass::PersonalSensitive, reason: "nobody objected".into() };
        Ok(filter::release(&self.desk, &scope, &permit, &typed)?.state)
    }

    fn open(&self, viewing: &str) -> Result<Vec<u8>, StoreError> {
        let (scope, permit) = self.may(BOU, Intent::to(Action::Supervise).aimed_at("E-0002"))?;
        let (read, write) = std::io::pipe().unwrap();
        viewing::open(&self.desk, &self.people[BOU], &scope, &permit, viewing, File::from(std::os::fd::OwnedFd::from(write)))?;
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut { read }, &mut bytes).unwrap();
        Ok(bytes)
    }

    fn permit_viewing(&self, hours: i64) -> viewing::ViewingView {
        let (scope, permit) = self.may(KHAM_HERE, Intent::to(Action::Administer)).unwrap();
        let typed = PermitViewing { exhibit: "E-0002".into(), viewer: "Keo".into(), supervisor: "Bou".into(), place: "room 4".into(), purpose: "x".into(), until: self.desk.now().plus_seconds(hours * 3_600) };
        viewing::permit(&self.desk, &self.people[KHAM_HERE], &scope, &permit, &typed).unwrap()
    }
}

const DAY: i64 = 86_400;

#[track_caller]
fn by_law_7<T>(answer: Result<T, StoreError>, words: &str) {
    let error = answer.err().unwrap();
    assert!(error.law() == Some(Law::Restricted) && error.to_string().contains(words), "{error}");
}

#[test]
fn law_07_a_release_without_a_court_waits_for_the_holders_days() {
    let unit = Unit::new();
    let (scope, other) = unit.may(FIL, Intent::to(Action::Filter).aimed_at("E-0002")).unwrap();
    let refused = filter::propose(&unit.desk, &scope, &other, "E-0001", false, "x").unwrap_err();
    assert!(refused.law() == Some(Law::Permit) && refused.to_string().contains("was not asked for E-0001"), "a permit for one item serves no other: {refused}");
    unit.propose_and_tell(14);
    unit.wait(14 * DAY - 1);
    by_law_7(unit.release(), "may object until");
    unit.wait(1);
    // Noy tells of an objection in the last moment: the day alone releases nothing.
    let said = Unit::new();
    said.propose_and_tell(14);
    said.wait(15 * DAY);
    let (scope, permit) = said.may(NOY_HERE, Intent::to(Action::Correct)).unwrap();
    filter::object(&said.desk, &scope, &permit, "E-0001", "Keo", "it came late").unwrap();
    by_law_7(said.release(), "Keo objects");

    assert_eq!(unit.release().unwrap(), "released");
    let read = |unit: &Unit| {
        let (scope, permit) = unit.may(NOY_HERE, Intent::to(Action::View))?;
        let mut bytes = Vec::new();
        admit::open_full(&unit.desk, &scope, &permit, "E-0001", "drill", "to see that it opens", &mut bytes).map(|view| (bytes, view.content.class))
    };
    assert_eq!(read(&unit).unwrap(), (b"privileged".to_vec(), ExhibitClass::PersonalSensitive));
    // What was told of the first matter does not serve the second.
    let (scope, permit) = unit.may(BOU, Intent::to(Action::Transfer)).unwrap();
    reclassify::reclassify(&unit.desk, &scope, &permit, "E-0001", ExhibitClass::Privileged, "a second look").unwrap();
    by_law_7(read(&unit), "restricted");
    by_law_7(unit.release(), "has not said anything about it yet");
    assert_eq!(unit.desk.store.verify_log().unwrap().faults, Vec::<String>::new());
}

#[test]
fn law_07_a_viewing_opens_only_minutes_after_the_viewer_signed_and_before_its_end() {
    let unit = Unit::new();
    let attend = |id: &str| viewing::attend(&unit.desk, &unit.people[KEO], id).unwrap();
    let view = unit.permit_viewing(24);
    attend(&view.id);
    unit.wait(15 * 60);
    by_law_7(unit.open("V-0001"), "signed too long ago");
    attend(&view.id);
    unit.wait(14 * 60);
    assert_eq!(unit.open("V-0001").unwrap(), b"contraband");
    by_law_7(unit.open("V-0001"), "opened already");
    let second = unit.permit_viewing(1);
    unit.wait(2 * 3_600);
    attend(&second.id);
    by_law_7(unit.open("V-0002"), "its time is over");
    // Nobody reads from the pipe any more: it ended, not whole, and the record says so.
    let third = unit.permit_viewing(24);
    attend(&third.id);
    let (scope, permit) = unit.may(BOU, Intent::to(Action::Supervise).aimed_at("E-0002")).unwrap();
    let (read, write) = std::io::pipe().unwrap();
    drop(read);
    assert!(viewing::open(&unit.desk, &unit.people[BOU], &scope, &permit, "V-0003", File::from(std::os::fd::OwnedFd::from(write))).is_err());
    let (scope, permit) = unit.may(BOU, Intent::to(Action::Correct)).unwrap();
    let listed = viewing::list(&unit.desk, &scope, &permit).unwrap();
    assert_eq!((listed[2].state.as_str(), listed[2].whole, listed[0].whole), ("ended", false, true));
    assert_eq!(unit.desk.store.verify_log().unwrap().faults, Vec::<String>::new());
}

#[test]
fn law_07_a_presence_that_was_changed_or_signed_by_another_is_none() {
    let unit = Unit::new();
    let statement = Statement { viewing: "view-1".into(), invitation: Sha256Digest::of(b"x"), says: "present".into(), time: Moment::from_micros(5) };
    let bytes = model::canonical::to_bytes(&statement).unwrap();
    let of = |who: usize| (STANDARD.encode(unit.people[who].sign(&bytes).unwrap()), STANDARD.encode(unit.people[who].certificate()));
    let ((signature, certificate), (signature_of_another, certificate_of_another)) = (of(KEO), of(FIL));
    let signed = Signed { statement, signature, certificate };
    assert!(viewing::verified(&signed));
    let changed = |change: &dyn Fn(&mut Signed)| {
        let mut other = signed.clone();
        change(&mut other);
        assert!(!viewing::verified(&other), "{other:?}");
    };
    changed(&|other| other.certificate.clone_from(&certificate_of_another));
    changed(&|other| other.signature.clone_from(&signature_of_another));
    changed(&|other| other.certificate = "AAAA".into());
    changed(&|other| other.signature = STANDARD.encode([0; 70]));
    changed(&|other| other.signature.clear());
    changed(&|other| other.statement.viewing = "view-2".into());
    changed(&|other| other.statement.says = "shown".into());
    changed(&|other| other.statement.invitation = Sha256Digest::of(b"y"));
    changed(&|other| other.statement.time = Moment::from_micros(6));
}

/// Who filters letters comes upon what nobody may have too, and may say so.
#[test]
fn law_07_a_person_of_the_filter_team_declares_an_accident_and_the_item_becomes_contraband() {
    let office = office();
    let letter = admit(&office, "letter.txt", LETTER, "privileged");
    let page = admit(&office, "page.txt", "SYNTHETIC page", "ordinary");
    office.case_authority(&["filter"]);
    let said = office.in_case(FILTER, "exhibit accident", &[&letter, "--reason", "it lay in the post"]).ended(0).tells("It is locked away now");
    assert_eq!((&said.line()["locked"], &said.line()["by"]), (&true.into(), &FILTER.into()), "{said:?}");
    assert_eq!(office.exhibits()[0]["class"], "contraband");
    // What it does not filter it does not lock, and says so; a supervisor hears of it all the same.
    let said = office.in_case(FILTER, "exhibit accident", &[&page, "--reason", "seen over a shoulder"]).ended(0).tells("NOT locked away");
    assert_eq!(said.line()["locked"], false);
    office.in_case(KHAM, "exhibit list", &[]).ended(0).tells("it waits for a supervisor");
    office.sound_log();
}
