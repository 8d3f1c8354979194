//! Disclosure from end to end (law 7): a sealed package, a part of it for the defence, what is withheld
//! decided by a second person, checked with the verifier and with stock tools, one item opened later; and a
//! dictionary of a million digests that finds none of the withheld ones anywhere.

use std::{collections::HashSet, fs, path::{Path, PathBuf}, process::Command};

use model::Sha256Digest;
use seal::check::{Asked, verify_with};
use serde_json::Value;

use crate::{
    office::{AUDITOR, BOUNMY, KHAM, NOY, Office, collect_files, run, skipped, string, text, there},
    people::finding,
};

pub const WITNESS: &str = "SYNTHETIC statement of a neighbour: her name is Zirkonvogel, write to neighbour@example.org";
const PAGE: &str = "<p>SYNTHETIC page of the market: write to seller@example.org</p>";
const LETTER: &str = "SYNTHETIC: a letter to his lawyer";

/// An office before a court, with a sealed package of three files: E-0002 is the one to withhold, E-0003 is
/// privileged from the start.
pub fn before_the_court() -> Office {
    let office = Office::working();
    office.admit("page.html", PAGE);
    office.admit("neighbour.txt", WITNESS);
    let letter = office.file("letter.txt", LETTER);
    office.does(NOY, "exhibit admit", &[&letter, "--class", "privileged", "--description", "a letter"]);
    for exhibit in ["E-0001", "E-0002"] {
        office.does(NOY, "examine", &[exhibit]);
    }
    office.does(NOY, "finding add", &finding("An address stands there.", "E-0001"));
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let target = text(&office.place("package"));
    let built = office.does(NOY, "package seal", &["--officer", NOY, "--officer", KHAM, "--out", &target]);
    finish(&office, &string(&built["package"]), &[NOY, KHAM]);
    office
}

pub fn finish(office: &Office, package: &str, officers: &[&str]) -> Value {
    for officer in officers {
        office.does(officer, "package sign", &[package]);
    }
    office.does(NOY, "package stamp", &[package]);
    office.does(NOY, "package finish", &[package])
}

const TO: [&str; 5] = ["P-0001", "--to", "Counsel for the accused", "--purpose", "the defence prepares"];
const NEIGHBOUR: [&str; 2] = ["--withhold", "E-0002=third-party:a neighbour who fears him"];

pub fn propose(office: &Office) -> Value {
    office.does(NOY, "package disclose", &[&TO[..], &NEIGHBOUR].concat())
}

/// Proposed, approved, built, sealed. Gives its folder.
pub fn disclosed(office: &Office) -> PathBuf {
    propose(office);
    office.does(KHAM, "disclosure decide", &["D-0001", "--approve", "--reason", "she is at risk"]);
    let folder = office.place("disclosure");
    let built = office.does(NOY, "disclosure build", &["D-0001", "--officer", NOY, "--out", &text(&folder)]);
    finish(office, &string(&built["package"]), &[NOY]);
    folder
}

pub fn anchors(office: &Office) -> PathBuf {
    let folder = office.place("anchors");
    office.done(NOY, &["anchors", "export", &text(&folder)]);
    folder
}

#[test]
fn law_07_a_disclosure_goes_round_from_seal_to_revealed_item() {
    let office = before_the_court();
    let folder = disclosed(&office);
    let anchors = anchors(&office);
    let sound = |revealed: Option<&Path>| {
        let verdict = verify_with(&folder, &Asked { anchors: Some(&anchors), revealed, ..Asked::default() }, &|_| ());
        assert_eq!(verdict.exit_code, 0, "{:#?}", verdict.faults().collect::<Vec<_>>());
        verdict
    };
    let verdict = sound(None);
    assert!(verdict.checks.iter().any(|check| check.object == "original: seal/officer-2.p7s"), "{verdict:#?}");
    let script = |revealed: Option<&Path>| {
        if !there("openssl") {
            return skipped("verify-disclosure.sh", "openssl is not installed");
        }
        let mut script = Command::new("bash");
        script.arg(folder.join("data/verify-disclosure.sh")).arg(&anchors).arg(&folder).args(revealed).current_dir("/");
        run(script).ended(0);
    };
    script(None);
    assert_eq!(fs::read_to_string(folder.join("data/opened/data/exhibits/e-0001.bin")).unwrap(), PAGE);

    // The extract says of others what the withheld papers said.
    let custody = fs::read_to_string(folder.join("data/extract/custody/log.jsonl")).unwrap();
    assert!(custody.contains("E-0001") && custody.contains("\"salt\"") && !custody.contains("E-0002"), "{custody}");
    let index = fs::read_to_string(folder.join("data/extract/index.json")).unwrap();
    assert!(index.contains("E-0001") && !index.contains("E-0002") && !index.contains("neighbour"), "{index}");
    let paper: Value = serde_json::from_slice(&fs::read(folder.join("data/disclosure.json")).unwrap()).unwrap();
    assert_eq!((&paper["recipient"], &paper["proposed-by"], &paper["decided-by"]), (&"Counsel for the accused".into(), &NOY.into(), &KHAM.into()));

    let revealed = office.place("revealed");
    let reveal = ["D-0001", "--item", "E-0002", "--reason", "order of the court", "--out", &text(&revealed)];
    office.in_case(NOY, "disclosure reveal", &reveal).by_law(7).tells("supervisor or a prosecutor");
    assert!(!revealed.exists());
    office.in_case(KHAM, "disclosure reveal", &["D-0001", "--item", "E-0001", "--reason", "x", "--out", &text(&revealed)]).ended(2).tells("not withheld");
    office.in_case(KHAM, "disclosure reveal", &["D-0001", "--item", "data/blind.txt", "--reason", "x", "--out", &text(&revealed)]).ended(2);
    // The index names the neighbour's statement: it cannot be opened while that stays closed.
    office.in_case(KHAM, "disclosure reveal", &["D-0001", "--item", "data/index.json", "--reason", "x", "--out", &text(&revealed)]).by_law(7).tells("stays withheld");
    let view = office.does(KHAM, "disclosure reveal", &reveal);
    assert_eq!(view["revealed"], serde_json::json!(["data/exhibits/e-0002.bin"]));
    assert_eq!(fs::read_to_string(revealed.join("data/exhibits/e-0002.bin")).unwrap(), WITNESS);
    sound(Some(&revealed));
    script(Some(&revealed));
    fs::write(revealed.join("data/exhibits/e-0002.bin"), "SYNTHETIC: something else").unwrap();
    assert_eq!(verify_with(&folder, &Asked { anchors: Some(&anchors), revealed: Some(&revealed), ..Asked::default() }, &|_| ()).exit_code, 1);
    office.sound_log();
}

#[test]
fn law_07_nobody_decides_his_own_disclosure_and_nothing_leaves_before_it_is_decided() {
    let office = before_the_court();
    let folder = text(&office.place("disclosure"));
    let build = ["D-0001", "--officer", NOY, "--out", &folder];
    let proposed = propose(&office);
    assert_eq!(proposed["state"], "proposed");
    office.in_case(NOY, "disclosure build", &build).by_law(7).tells("a second person approves it");
    let approve = ["D-0001", "--approve", "--reason", "x"];
    office.in_case(NOY, "disclosure decide", &approve).by_law(7).tells("you proposed this disclosure yourself");
    office.in_case(BOUNMY, "disclosure decide", &approve).by_law(7).tells("supervisor or a prosecutor");
    office.in_case(AUDITOR, "disclosure list", &[]).by_law(13);
    office.does(KHAM, "disclosure decide", &["D-0001", "--refuse", "--reason", "the class is wrong"]);
    office.in_case(KHAM, "disclosure decide", &approve).by_law(7).tells("already");
    office.in_case(NOY, "disclosure build", &build).by_law(7).tells("refused");
    assert!(!office.place("disclosure.building").exists() && !office.place("disclosure").exists());
    // A supervisor's own proposal waits for another one.
    office.does(KHAM, "package disclose", &[&TO[..], &NEIGHBOUR].concat());
    office.in_case(KHAM, "disclosure decide", &["D-0002", "--approve", "--reason", "x"]).by_law(7);
    assert_eq!(office.in_case(NOY, "disclosure list", &[]).ended(0).lines().len(), 2);
    office.sound_log();
}

#[test]
fn law_07_what_names_a_withheld_item_is_withheld_with_it() {
    let office = before_the_court();
    let proposed = propose(&office);
    let withheld: Vec<(String, String)> =
        proposed["withheld"].as_array().unwrap().iter().map(|one| (string(&one[0]), string(&one[1]))).collect();
    let class = |path: &str| withheld.iter().find(|(own, _)| own == path).map(|(_, class)| class.as_str());
    assert_eq!(class("data/exhibits/e-0002.bin"), Some("third-party"));
    assert_eq!(class("data/blind.txt"), Some("blind"));
    for path in ["data/index.json", "data/custody/log.jsonl", "data/case/case.jsonld", "data/selectors.jsonl", "data/derivations.jsonl", "data/report/r-0001.pdf", "data/report/r-0001.request.json"] {
        assert_eq!(class(path), Some("names-withheld"), "{path}");
    }
    for path in ["data/exhibits/e-0001.bin", "data/findings.json", "data/people.json", "data/withheld.json"] {
        assert_eq!(class(path), None, "{path}");
    }
    let with = |item: &str| office.in_case(NOY, "package disclose", &[&TO[..], &["--withhold", item]].concat());
    with("E-0003=privileged:it is not in the package").ended(2).tells("not in this package");
    with("E-0002=blind:x").ended(2);
    with("E-0002=dislike:x").ended(2).tells("choose from");
    with("E-0002=third-party: ").ended(2);
    with("E-0002").ended(2);
    office.sound_log();
}

#[test]
fn law_01_a_disclosure_needs_its_own_ground_and_a_sealed_package() {
    let office = Office::working();
    office.admit("page.html", PAGE);
    let target = text(&office.place("package"));
    office.does(NOY, "package seal", &["--officer", NOY, "--out", &target]);
    // The unit's authorisation covers packages, and no disclosure.
    office.in_case(NOY, "package disclose", &TO).by_law(1);
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    office.in_case(NOY, "package disclose", &TO).ended(2).tells("not sealed yet");
    finish(&office, "P-0001", &[NOY]);
    let moved = office.place("moved");
    fs::rename(office.place("package"), &moved).unwrap();
    office.in_case(NOY, "package disclose", &TO).ended(2).tells("--from");
    office.does(NOY, "package disclose", &[&TO[..], &["--from", &text(&moved)]].concat());
    office.sound_log();
}

#[test]
fn law_05_a_disclosure_is_made_of_the_sealed_bytes_only() {
    let office = Office::working();
    office.admit("page.html", PAGE);
    let target = text(&office.place("package"));
    office.does(NOY, "package seal", &["--officer", NOY, "--out", &target]);
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    finish(&office, "P-0001", &[NOY]);
    let moved = office.place("moved");
    fs::rename(office.place("package"), &moved).unwrap();
    office.does(NOY, "package disclose", &[&TO[..], &["--from", &text(&moved)]].concat());
    let page = moved.join("data/exhibits/e-0001.bin");
    fs::write(&page, "something else").unwrap();
    office.in_case(NOY, "package disclose", &[&TO[..], &["--from", &text(&moved)]].concat()).by_law(5);
    office.does(KHAM, "disclosure decide", &["D-0001", "--approve", "--reason", "x"]);
    let folder = office.place("disclosure");
    office.in_case(NOY, "disclosure build", &["D-0001", "--officer", NOY, "--out", &text(&folder), "--from", &text(&moved)]).by_law(5);
    assert!(!folder.exists() && !office.place("disclosure.building").exists(), "nothing half-made stays behind");
    fs::write(&page, PAGE).unwrap();
    let built = office.does(NOY, "disclosure build", &["D-0001", "--officer", NOY, "--out", &text(&folder), "--from", &text(&moved)]);
    finish(&office, &string(&built["package"]), &[NOY]);
    office.in_case(NOY, "disclosure build", &["D-0001", "--officer", NOY, "--out", &target, "--from", &text(&moved)]).ended(2).tells("already");
    office.in_case(NOY, "package disclose", &["P-0002", "--to", "x", "--purpose", "y"]).ended(2).tells("parts of its original");
    office.sound_log();
}

/// Every digest that stands in `bytes` in any usual spelling and is a candidate: raw, hexadecimal, base64.
fn found_in(bytes: &[u8], candidates: &HashSet<[u8; 32]>) -> Vec<[u8; 32]> {
    let mut found: Vec<[u8; 32]> = bytes.windows(32).filter_map(|window| candidates.get(window)).copied().collect();
    for (width, decode) in [(64, hex_digest as fn(&[u8]) -> Option<[u8; 32]>), (43, base64_digest)] {
        let mut run = 0;
        for (at, byte) in bytes.iter().enumerate() {
            let in_run = byte.is_ascii_hexdigit() || width == 43 && (byte.is_ascii_alphanumeric() || b"+/-_".contains(byte));
            run = if in_run { run + 1 } else { 0 };
            if run >= width {
                found.extend(decode(&bytes[at + 1 - width..=at]).filter(|digest| candidates.contains(digest)));
            }
        }
    }
    found
}

fn hex_digest(text: &[u8]) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest).ok().map(|()| digest)
}

/// 43 letters of base64, either alphabet: 258 bits, the last two of which say nothing.
fn base64_digest(text: &[u8]) -> Option<[u8; 32]> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => Some(u32::from(letter - b'A')),
        b'a'..=b'z' => Some(u32::from(letter - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(letter - b'0') + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let (mut digest, mut held, mut bits, mut at) = ([0; 32], 0_u32, 0, 0);
    for letter in text {
        held = held << 6 | value(*letter)?;
        bits += 6;
        if bits >= 8 && at < 32 {
            bits -= 8;
            digest[at] = (held >> bits & 0xff) as u8;
            at += 1;
        }
    }
    (at == 32).then_some(digest)
}

#[test]
fn law_07_a_dictionary_of_a_million_digests_finds_none_of_the_withheld_ones() {
    let office = before_the_court();
    let folder = disclosed(&office);
    let tiles = office.place("tiles");
    office.done(AUDITOR, &["log", "tiles", &text(&tiles)]);
    let manifest = fs::read_to_string(office.place("package/manifest-sha256.txt")).unwrap();
    let disclosed: HashSet<&str> = ["data/opened.txt"].iter().map(|list| fs::read_to_string(folder.join(list)).unwrap().leak() as &str).flat_map(str::lines).map(|line| &line[66..130]).collect();
    // Every digest of the original that was not disclosed, and that of the privileged letter, which is not even in it.
    let lines: Vec<&str> = manifest.lines().filter(|line| !disclosed.contains(&line[..64])).collect();
    let truths: Vec<[u8; 32]> = lines.iter().map(|line| hex_digest(&line.as_bytes()[..64]).unwrap()).chain([Sha256Digest::of(LETTER.as_bytes()).0]).collect();
    assert!(truths.contains(&Sha256Digest::of(WITNESS.as_bytes()).0) && truths.len() > 8, "{lines:?}");
    let mut candidates: HashSet<[u8; 32]> = truths.iter().copied().collect();
    candidates.extend((0_u64..).map(|n| Sha256Digest::of(&n.to_be_bytes()).0).take(1_000_000 - candidates.len()));
    assert_eq!(candidates.len(), 1_000_000);

    let sealed = fs::read(office.place("package/manifest-sha256.txt")).unwrap();
    assert_eq!(found_in(&sealed, &candidates).len(), lines.len(), "the search finds them where they are");
    let (raw, base64) = (truths[0].to_vec(), b"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    assert_eq!(found_in(&raw, &candidates), [truths[0]]);
    assert_eq!(base64_digest(&base64[..43]), Some(Sha256Digest::of(b"abc").0));

    let mut files = Vec::new();
    for place in [&folder, &tiles, &office.home] {
        collect_files(place, &mut files);
    }
    assert!(files.len() > 40);
    for file in &files {
        assert_eq!(found_in(&fs::read(file).unwrap(), &candidates), Vec::<[u8; 32]>::new(), "in {}", file.display());
        assert_eq!(found_in(text(file).replace('/', "").as_bytes(), &candidates), Vec::<[u8; 32]>::new(), "in the name {}", file.display());
    }
    // Nor its words, its name or the size of the whole.
    let spoken = |bytes: &[u8]| [WITNESS, LETTER, "Zirkonvogel", "neighbour"].iter().any(|word| bytes.windows(word.len()).any(|window| window == word.as_bytes()));
    let mut outside = Vec::new();
    collect_files(&folder, &mut outside);
    assert!(outside.iter().all(|file| !spoken(&fs::read(file).unwrap())), "words of a withheld item stand in the disclosure");
    office.sound_log();
}
