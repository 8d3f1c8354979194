//! What the records hold and what they do not: planted words are nowhere in the clear (law 10), tiles and
//! receipts can be read by others (law 2), and several officers write at once.

use std::{fs, process::Stdio};

use ledger::{TlogProof, tile::TilePath};

use crate::{
    office::{AUDITOR, KHAM, NOY, Office, collect_files, outcome, string, text},
    people::finding,
};

/// A word that stands nowhere else.
const PLANTED: &str = "Zirkonvogel";

#[test]
fn law_10_planted_words_stand_nowhere_in_the_home_nor_in_the_tiles() {
    let mut office = Office::staffed();
    let word = |what: &str| format!("{what} {PLANTED}");
    let open = ["case", "open", "--jurisdiction", "la", "--title", &word("title"), "--offence", &word("offence"), "--purpose", &word("why")];
    office.case = string(&office.done(NOY, &[&open[..], &["--member", KHAM]].concat())["case"]);
    office.done(NOY, &["tip", "add", "--text", &word("a call"), "--source", &word("of")]);
    office.case_authority(&["admit", "view", "examine", "query", "conclude", "report"]);
    let file = office.file(&word("name"), word("<p>bytes"));
    office.does(NOY, "exhibit admit", &[&file, "--description", &word("file"), "--source", &word("from")]);
    office.does(NOY, "examine", &["E-0001"]);
    office.in_case(NOY, "selectors", &["--value", PLANTED, "--purpose", &word("asked for")]).ended(0);
    office.does(NOY, "checkout", &["E-0001", "--purpose", &word("out")]);
    office.does(NOY, "checkin", &["E-0001", "--condition", &word("in")]);
    office.does(NOY, "finding add", &finding(&word("It says"), "E-0001"));
    office.does(NOY, "report build", &["--template", "statement-of-fact", "--own-knowledge", &word("I know")]);
    office.in_case(NOY, "capture", &[&format!("http://{PLANTED}.example/")]).by_law(1);
    let tiles = office.place("tiles");
    office.done(AUDITOR, &["log", "tiles", &text(&tiles)]);
    let shown = office.says(AUDITOR, &["log", "show", "--limit", "1000"]).ended(0).out;

    assert!(!holds(shown.as_bytes()), "in the leaves");
    for folder in [&office.home, &tiles] {
        let mut files = Vec::new();
        collect_files(folder, &mut files);
        let speaking: Vec<_> = files.iter().filter(|file| holds(&fs::read(file).unwrap()) || holds(text(file).as_bytes())).collect();
        assert!(speaking.is_empty(), "the planted word stands in {speaking:?}");
    }
    assert!(holds(&fs::read(&file).unwrap()), "the search finds it where it is");
    assert_eq!(office.in_case(NOY, "finding list", &[]).ended(0).lines()[0]["text"], word("It says"));
}

/// In any letter case: indexes fold it.
fn holds(bytes: &[u8]) -> bool {
    let lower: Vec<u8> = bytes.iter().map(u8::to_ascii_lowercase).collect();
    let word = PLANTED.to_ascii_lowercase();
    lower.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn law_02_tiles_and_receipts_of_the_log_can_be_read_by_others() {
    let office = Office::working();
    office.admit("note.txt", "x");
    let tiles = office.place("tiles");
    let written = office.done(AUDITOR, &["log", "tiles", &text(&tiles)]);
    let checkpoint = fs::read_to_string(tiles.join("checkpoint")).unwrap();
    let size: u64 = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    assert_eq!(written["size"], size);
    let mut files = Vec::new();
    collect_files(&tiles, &mut files);
    let paths: Vec<String> = files.iter().map(|file| text(file)[text(&tiles).len() + 1..].to_owned()).filter(|p| p != "checkpoint").collect();
    assert!(!paths.is_empty() && paths.iter().all(|path| path.parse::<TilePath>().is_ok()), "C2SP names: {paths:?}");

    let receipt = office.done(AUDITOR, &["log", "prove", "3"]);
    assert_eq!(receipt["event"], 3);
    let leaf: serde_json::Value = serde_json::from_str(&string(&receipt["leaf"])).unwrap();
    assert_eq!(leaf["seq"], 3, "{leaf}");
    assert_eq!(TlogProof::parse(string(&receipt["proof"]).as_bytes()).unwrap().index().0, 3);
    office.says(AUDITOR, &["log", "prove", "999999"]).ended(2).tells("no event");
}

#[test]
fn law_02_officers_who_write_at_once_lose_nothing() {
    let office = Office::working();
    let exhibit = office.admit("note.txt", "SYNTHETIC");
    let before = office.sound_log();
    let words = finding("Written while others write.", &exhibit);
    let start = |_| {
        let mut command = office.command(NOY, &[&["finding", "add", "--case", office.case.as_str()], &words[..]].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running: Vec<_> = (0..12).map(start).collect();
    let said: Vec<_> = running.into_iter().map(|child| outcome(child, std::time::Duration::from_secs(120)).ended(0).line()).collect();
    let mut labels: Vec<String> = said.iter().map(|line| string(&line["finding"])).collect();
    labels.sort();
    let expected: Vec<String> = (1..=12).map(|n| format!("F-{n:04}")).collect();
    assert_eq!(labels, expected, "each has a number of its own");
    assert!(office.sound_log() >= before + 12);
}

#[test]
fn the_health_check_says_what_is_wrong() {
    let office = Office::working();
    office.admit("note.txt", "x");
    let lines = |said: &crate::office::Said| said.lines();
    let well = office.bare(&["doctor"]);
    let about = |words: &str, said: &crate::office::Said| lines(said).iter().find(|l| l["text"].as_str().unwrap().contains(words)).unwrap()["ok"].clone();
    assert_eq!((about("stored objects", &well), about("agree both ways", &well)), (true.into(), true.into()), "{}", well.out);
    fs::remove_file(&office.objects()[0]).unwrap();
    let ill = office.bare(&["doctor"]).ended(3);
    assert_eq!(about("stored objects", &ill), false, "{}", ill.out);
}
