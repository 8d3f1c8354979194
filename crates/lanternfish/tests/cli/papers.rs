//! Court papers: three templates in seven languages, and what was planted is read back by `pdftotext`;
//! what leads nowhere is refused (law 9).

use std::{fs, process::Command};

use crate::{
    office::{BOUNMY, KHAM, NOY, Office, run, skipped, string, text, there, year},
    people::finding,
};

const TEMPLATES: [&str; 3] = ["statement-of-fact", "expert-report", "investigative-record"];

/// A sentence of one's own knowledge in each language.
const PLANTED: [(&str, &str); 7] = [
    ("lo", "ຂ້າພະເຈົ້າໄດ້ເຫັນໜ້າເວັບນີ້ດ້ວຍຕາຕົນເອງ"),
    ("th", "ข้าพเจ้าเห็นหน้าเว็บนี้ด้วยตาตนเอง"),
    ("km", "ខ្ញុំបានឃើញទំព័រនេះដោយផ្ទាល់ភ្នែក"),
    ("my", "ဤစာမျက်နှာကို ကျွန်ုပ် ကိုယ်တိုင် မြင်ခဲ့သည်"),
    ("ru", "Я видел эту страницу своими глазами"),
    ("zh", "我亲眼看到了这个网页"),
    ("vi", "Tôi đã tận mắt nhìn thấy trang web này"),
];

/// Letters without blanks and line ends: where a line is broken is not what is asked here.
pub fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}' && *c != '\u{ad}').collect()
}

fn build<'a>(template: &'a str, language: &'a str, knowledge: &'a str) -> Vec<&'a str> {
    let mut words = vec!["--template", template, "--language", language, "--own-knowledge", knowledge];
    words.extend(["--place", "Vientiane", "--participant", NOY, "--qualifications", "Trained on drills only."]);
    if template == "expert-report" {
        words.extend(["--summary", "One page says SYNTHETIC.", "--literature", "No writings were relied on."]);
    }
    words
}

#[test]
fn law_09_three_templates_in_seven_languages_say_what_was_planted() {
    const DRILL: &str = "law_09_three_templates_in_seven_languages_say_what_was_planted";
    if !there("pdftotext") {
        return skipped(DRILL, "pdftotext is not installed (poppler-utils)");
    }
    let office = Office::working();
    office.admit("page.html", "<p>SYNTHETIC</p>");
    office.does(NOY, "examine", &["E-0001"]);
    let fact = "The page says SYNTHETIC and nothing else.";
    office.does(NOY, "finding add", &finding(fact, "E-0001"));
    for (language, planted) in PLANTED {
        for template in TEMPLATES {
            let report = string(&office.does(NOY, "report build", &build(template, language, planted))["report"]);
            let pdf = text(&office.place(&format!("{report}.pdf")));
            office.does(NOY, "report export", &[&report, "--out", &pdf]);
            let mut command = Command::new("pdftotext");
            command.args(["-enc", "UTF-8", "-raw", &pdf, "-"]);
            let read = letters(&run(command).ended(0).out);
            for words in [planted, fact, &office.case] {
                assert!(read.contains(&letters(words)), "{template} in {language} lost {words:?}: {read}");
            }
        }
    }
    assert_eq!(office.in_case(NOY, "report list", &[]).ended(0).lines().len(), PLANTED.len() * TEMPLATES.len());
    office.sound_log();
}

#[test]
fn law_09_what_leads_nowhere_is_refused() {
    let office = Office::working();
    let exhibit = office.admit("page.html", "<p>SYNTHETIC</p>");
    office.in_case(NOY, "finding add", &finding("It rests on nothing.", "E-0099")).ended(2).tells("E-0099");
    office.in_case(NOY, "finding add", &["--kind", "fact", "--text", "x", "--method", "reading", "--error-rate", "not known"]).ended(2);
    office.in_case(NOY, "finding add", &["--kind", "rumour", "--text", "x", "--method", "m", "--error-rate", "r"]).ended(2).tells("null-search");
    office.in_case(BOUNMY, "finding add", &finding("Not my role.", &exhibit)).by_law(1);
    office.does(NOY, "finding add", &finding("It is there.", &exhibit));
    office.in_case(NOY, "report build", &["--template", "novel"]).ended(2);
    office.in_case(NOY, "report build", &["--template", "statement-of-fact", "--language", "xx"]).ended(2);
    let bare = office.in_case(NOY, "report build", &["--template", "expert-report", "--language", "en"]).by_law(9);
    for option in ["--qualifications", "--summary", "--literature"] {
        assert!(bare.err.contains(option), "{}", bare.err);
    }
    assert!(!bare.err.contains("--received") && !bare.err.contains("--reliability"), "they come from the case: {}", bare.err);
    office.in_case(NOY, "report build", &["--template", "statement-of-fact", "--summary", "x"]).ended(2).tells("--summary");
    assert_eq!(office.in_case(NOY, "report list", &[]).ended(0).lines().len(), 0);
}

#[test]
fn reports_that_are_built_at_once_all_get_a_number() {
    let office = Office::working();
    let exhibit = office.admit("page.txt", "SYNTHETIC: write to seller@example.org");
    office.does(NOY, "examine", &[&exhibit]);
    office.does(NOY, "finding add", &finding("It is there.", &exhibit));
    let build = || office.in_case(NOY, "report build", &["--template", "statement-of-fact"]);
    let mut numbers = std::thread::scope(|threads| {
        let others = [threads.spawn(build), threads.spawn(build)];
        let mine = build();
        let others = others.map(|one| one.join().unwrap());
        others.into_iter().chain([mine]).map(|said| string(&said.ended(0).line()["report"])).collect::<Vec<_>>()
    });
    numbers.sort();
    assert_eq!(numbers, ["R-0001", "R-0002", "R-0003"]);
    // Each paper bears the number under which it is listed.
    for (number, place) in numbers.iter().map(|number| (number, office.place(number))) {
        office.does(NOY, "report export", &[number, "--out", &text(&place)]);
        if there("pdftotext") {
            let mut command = Command::new("pdftotext");
            command.arg(&place).arg("-");
            let read = run(command).ended(0).out;
            assert!(letters(&read).contains(number.as_str()), "{read}");
        }
    }
    office.sound_log();
}

#[test]
fn law_09_nothing_is_called_absent_from_what_was_not_searched_to_its_end() {
    let office = Office::working();
    let page = office.admit("page.html", "<p>SYNTHETIC: write to seller@example.org</p>");
    let absent = |exhibit: &str| {
        let words = ["--kind", "null-search", "--text", "No telephone number stands there.", "--exhibit", exhibit];
        office.in_case(NOY, "finding add", &[&words[..], &["--method", "extract", "--error-rate", "not known"]].concat())
    };
    absent(&page).by_law(9).tells("not examined to its end");
    assert_eq!(office.last_events(1), ["step-refused"]);
    office.does(NOY, "examine", &[&page]);
    absent(&page).ended(0);
    // A container that ends in the middle: what was behind the cut was searched by nobody.
    let whole: Vec<u8> = b"SYNTHETIC line of a log\n".repeat(4_000);
    let mut packed = std::process::Command::new("gzip").arg("-c").stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut packed.stdin.take().unwrap(), &whole).unwrap();
    let packed = packed.wait_with_output().unwrap().stdout;
    let cut = office.admit("log.gz", &packed[..packed.len() / 2]);
    office.does(NOY, "examine", &[&cut]);
    absent(&cut).by_law(9);
    // A thing has no bytes to be examined; what a person looked for in it is his own statement.
    office.does(NOY, "exhibit admit", &["--physical", "--description", "a box", "--seal-number", "LA-1", "--condition", "dry"]);
    absent("E-0003").ended(0);
    office.sound_log();
}

#[test]
fn law_09_a_package_is_not_sealed_with_a_report_that_is_older_than_what_speaks_for_the_suspect() {
    let office = Office::working();
    let page = office.admit("page.html", "<p>SYNTHETIC: write to seller@example.org</p>");
    office.does(NOY, "examine", &[&page]);
    office.does(NOY, "finding add", &finding("An address stands there.", &page));
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let target = text(&office.place("package"));
    let seal = |more: &[&str]| office.in_case(NOY, "package seal", &[&["--officer", NOY, "--out", &target], more].concat());
    let built = string(&seal(&[]).ended(0).line()["package"]);
    office.does(NOY, "package sign", &[&built]);
    office.does(NOY, "package stamp", &[&built]);

    office.does(NOY, "selectors", &["--value", "nobody@example.org", "--purpose", "is the suspect named?"]);
    office.in_case(NOY, "package finish", &[&built]).by_law(9).tells("build the report anew");
    let mut exculpatory = finding("The address is a mailing list's.", &page);
    exculpatory.push("--exculpatory");
    office.does(NOY, "finding add", &exculpatory);
    fs::remove_dir_all(office.place("package.building")).unwrap();
    seal(&[]).by_law(9).tells("F-0002");
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let listed = fs::read_to_string({ seal(&[]).ended(0); office.place("package.building/data/searches.jsonl") }).unwrap();
    assert!(listed.contains("nobody@example.org") && listed.lines().count() == 1, "{listed}");
    office.sound_log();
}

#[test]
fn law_09_an_answer_says_what_was_not_searched_and_a_hit_out_of_reach_is_no_absence() {
    let office = Office::working();
    let page = office.admit("page.txt", "SYNTHETIC: write to seller@example.org");
    let empty = office.in_case(NOY, "selectors", &["--value", "seller@example.org", "--purpose", "x"]).ended(0);
    empty.tells("not examined to the end, so nothing is said about: E-0001");
    office.does(NOY, "examine", &[&page]);
    let found = office.in_case(NOY, "selectors", &["--value", "seller@example.org", "--purpose", "x"]).ended(0);
    assert!(!found.err.contains("not examined"), "{}", found.err);
    office.in_case(NOY, "finding add", &["--kind", "null-search", "--text", "x", "--method", "m", "--error-rate", "not known"]).ended(2);
}

/// What `pdftotext` reads from a report, without blanks; nothing when it is not installed.
pub fn read_report(office: &Office, words: &[&str]) -> Option<String> {
    let report = string(&office.does(NOY, "report build", words)["report"]);
    let pdf = text(&office.place(&format!("{report}.pdf")));
    office.does(NOY, "report export", &[&report, "--out", &pdf]);
    let mut command = Command::new("pdftotext");
    command.args(["-enc", "UTF-8", "-raw", &pdf, "-"]);
    there("pdftotext").then(|| letters(&run(command).ended(0).out))
}

#[test]
fn law_09_a_search_without_result_names_the_question_that_was_asked() {
    let office = Office::working();
    office.admit("page.html", "<p>SYNTHETIC: write to seller@example.org</p>");
    let ask = |value: &str| {
        let said = office.in_case(NOY, "selectors", &["--value", value, "--purpose", "is it there?"]).ended(0);
        said.err.split("the question is event ").nth(1).unwrap().split(' ').next().unwrap().to_string()
    };
    let absent = |event: &str, kind: &str| {
        let words = ["--kind", kind, "--text", "The name stands nowhere.", "--exhibit", "E-0001", "--method", "extract", "--error-rate", "not known"];
        office.in_case(NOY, "finding add", &[&words[..], &["--query", event]].concat())
    };
    let early = ask("buyer@example.org");
    office.does(NOY, "examine", &["E-0001"]);
    absent(&early, "null-search").by_law(9).tells("did not go through E-0001 to its end");
    let (found, nothing) = (ask("seller@example.org"), ask("buyer@example.org"));
    absent(&found, "null-search").by_law(9).tells("no search of this case that found nothing");
    absent("1", "null-search").by_law(9);
    absent(&nothing, "fact").ended(2).tells("--query");
    absent("yesterday", "null-search").ended(2);
    absent(&format!("Q-{nothing:0>4}"), "null-search").ended(0);
    office.does(NOY, "finding add", &["--kind", "null-search", "--text", "Nor does it hang on the wall.", "--exhibit", "E-0001", "--method", "looking", "--error-rate", "not known"]);
    let Some(read) = read_report(&office, &["--template", "statement-of-fact"]) else {
        return skipped("the words of the paper", "pdftotext is not installed (poppler-utils)");
    };
    for words in [
        format!("Logged search: event no. {nothing}"),
        "by hand; no logged search".into(),
        format!("Q-{early:0>4}"),
        "Nothing was found. Not searched to the end: E-0001. Purpose: is it there?".into(),
    ] {
        assert!(read.contains(&letters(&words)), "{words:?} is not in: {read}");
    }
    office.sound_log();
}

#[test]
fn law_01_an_authority_that_is_over_is_called_ended_wherever_it_is_shown() {
    let office = Office::working();
    let last = (year() - 1).to_string();
    let (from, until) = (format!("{last}-03-01"), format!("{last}-03-31"));
    let words = [
        "--kind", "supervisor", "--reference", "SUP-7", "--issuer", "Kham", "--action", "view", "--source", "open", "--selector", "any", "--person", "any",
        "--territory", "any", "--from", &from, "--until", &until, "--zone", "Asia/Vientiane", "--necessity", "a drill",
    ];
    let recorded = office.in_case(NOY, "authority record", &words).ended(0).tells("it covers nothing").line();
    let id = string(&recorded["authority"]);
    let granted = office.in_case(KHAM, "authority grant", &[&id, "--reason", "late"]).ended(0).tells("it covers nothing").line();
    assert_eq!((&recorded["state"], &granted["state"]), (&"recorded".into(), &"ended".into()));
    let listed = office.in_case(KHAM, "authority list", &[]).ended(0).lines();
    assert!(listed.iter().any(|one| one["authority"] == id.as_str() && one["state"] == "ended"), "{listed:?}");
    assert_eq!(office.does(KHAM, "authority show", &[&id])["view"]["state"], "ended");
    let page = office.admit("page.html", "<p>SYNTHETIC</p>");
    office.does(NOY, "finding add", &finding("There is a page.", &page));
    let Some(read) = read_report(&office, &["--template", "statement-of-fact", "--jurisdiction", "la"]) else {
        return skipped("the words of the paper", "pdftotext is not installed (poppler-utils)");
    };
    let ended = format!("SUP-7; Kham; supervisor's authorisation; ended 01/04/{last} 00:00 (Asia/Vientiane); from 01/03/{last} 00:00 (Asia/Vientiane)");
    assert!(read.contains(&letters(&ended)), "{ended:?} is not in: {read}");
}

#[test]
fn law_04_every_interim_custody_and_reassignment_is_printed_with_its_reason() {
    let office = Office::working();
    office.does(NOY, "exhibit admit", &["--physical", "--description", "a box", "--seal-number", "LA-1", "--condition", "dry"]);
    office.does(BOUNMY, "transfer interim", &["E-0001", "--unreachable", "--reason", "nobody was there at night"]);
    office.does(KHAM, "transfer reassign", &["E-0001", "--to", NOY, "--unreachable", "--reason", "he is ill"]);
    office.does(NOY, "finding add", &finding("There is a box.", "E-0001"));
    let Some(read) = read_report(&office, &["--template", "statement-of-fact"]) else {
        return skipped("the words of the paper", "pdftotext is not installed (poppler-utils)");
    };
    // Once on page one and once in the custody log, although the item is in ordinary hands again.
    for words in ["nobody was there at night.", "declared unreachable by the taker.", "declared unreachable by the supervisor.", "he is ill."] {
        assert_eq!(read.matches(&letters(words)).count(), 2, "{words:?}: {read}");
    }
    assert!(read.contains(&letters("taken into interim custody (#")) && read.contains(&letters("reassigned by a supervisor (#")), "{read}");
    let package = text(&office.place("package"));
    let sealed = office.does(NOY, "package seal", &["--officer", NOY, "--out", &package]);
    let limits = sealed["limits"].to_string();
    assert!(limits.contains("interim custody: E-0001 (event ") && limits.contains("custody reassigned by a supervisor: E-0001 (event "), "{limits}");
}

/// Every language has every sentence with the same gaps, so that no paper is silent where English speaks.
#[test]
fn every_language_has_every_sentence_and_the_same_gaps() {
    type Sentences = std::collections::BTreeMap<String, String>;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../desk/src/sentences.json");
    let all: std::collections::BTreeMap<String, Sentences> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let gaps = |text: &str| text.split('{').skip(1).map(|part| part.split('}').next().unwrap().to_string()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(all.len(), 8);
    for (language, sentences) in &all {
        assert_eq!(sentences.keys().collect::<Vec<_>>(), all["en"].keys().collect::<Vec<_>>(), "{language}");
        for (key, text) in sentences {
            assert_eq!(gaps(text), gaps(&all["en"][key]), "{language} {key}");
        }
    }
}
