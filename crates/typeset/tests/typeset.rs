//! Real papers through the real child: every template in every language, read back from the finished
//! file and by poppler's `pdftotext`; the cage; the same bytes twice; what a refusal says.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../../report/tests/report/sample.rs"]
mod sample;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use model::Sha256Digest;
use model::exhibit::{ExhibitClass, ExhibitKind};
use model::statement::Template;
use report::{Digest, Jurisdiction, Label, Language, Linted, SlipEvent, Standing, TextProblem, Transfer, check_text, lint};
use serde_json::{Value, json};
use typeset::{Guard, RefusalKind, Request, Typeset, TypesetError, Typesetter};

fn typesetter() -> Typesetter {
    Typesetter::new(env!("CARGO_BIN_EXE_typeset-child"))
}

fn request(value: Value) -> Request {
    serde_json::from_value(value).unwrap()
}

fn set(value: Value) -> Typeset {
    typesetter().pdf(&request(value)).unwrap_or_else(|error| panic!("{error}"))
}

fn plain(source: &str, data: Value) -> Value {
    json!({"sources": {"main.typ": source}, "data": data, "time": "2026-11-22T02:00:00Z", "ident": "test"})
}

fn linted(template: Template, language: Language) -> Linted {
    lint(&sample::draft(template, language), &sample::known()).unwrap()
}

/// A place for files of this run; kept when LANTERNFISH_PAPERS names a folder, so that people can look.
fn papers() -> PathBuf {
    let folder = std::env::var_os("LANTERNFISH_PAPERS")
        .map_or_else(|| std::env::temp_dir().join(format!("lanternfish-papers-{}", std::process::id())), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// What poppler reads, or nothing when it is not installed.
fn pdftotext(name: &str, pdf: &[u8]) -> Option<String> {
    let file = papers().join(format!("{name}.pdf"));
    std::fs::write(&file, pdf).unwrap();
    match Command::new("pdftotext").args(["-raw", "-enc", "UTF-8"]).arg(&file).arg("-").output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) => {
            eprintln!("SKIPPED pdftotext on {name}: pdftotext (poppler-utils) is missing");
            None
        }
    }
}

/// Letters without white space and invisible breaks: how two readers of the same page must agree.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '\u{200B}'..='\u{200D}')).collect()
}

#[test]
fn law_09_statements_are_on_the_finished_paper_in_every_template_and_language() {
    for language in Language::ALL {
        for template in Template::ALL {
            let linted = linted(template, language);
            let name = format!("{}-{}", template.name(), language.code());
            let paper = set(linted.request());
            check_text(&paper.text, &linted).unwrap_or_else(|problems| panic!("{name}: {problems:?}\n{}", paper.text));
            assert_eq!((paper.warnings.len(), paper.replaced.len()), (0, 0), "{name}: {:?} {:?}", paper.warnings, paper.replaced);
            assert!(!paper.text.contains(char::REPLACEMENT_CHARACTER), "{name}");
            poppler_agrees(&name, &paper.pdf, &linted);
        }
    }
}

fn poppler_agrees(name: &str, pdf: &[u8], linted: &Linted) {
    let Some(text) = pdftotext(name, pdf) else { return };
    let read = letters(&text);
    for statement in &linted.draft().statements {
        assert!(read.contains(&statement.id), "{name}: {} not found by pdftotext", statement.id);
        assert!(read.contains(&letters(&statement.text)), "{name}: text of {} not found by pdftotext:\n{text}", statement.id);
    }
}

/// One word where poppler sees it, in points from the upper left corner.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "the text is there to be read in a failure")]
struct Word {
    text: String,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Word {
    fn read(line: &str) -> Option<Word> {
        let at = |name: &str| line.split(&format!("{name}=\"")).nth(1)?.split('"').next()?.parse().ok();
        let text = line.split('>').nth(1)?.split('<').next()?.to_string();
        Some(Word { text, left: at("xMin")?, top: at("yMin")?, right: at("xMax")?, bottom: at("yMax")? })
    }

    /// Whether two words of one line are drawn over each other.
    fn overprints(&self, other: &Word) -> bool {
        let shared = |a: (f64, f64), b: (f64, f64)| a.1.min(b.1) - a.0.max(b.0);
        let height = (self.bottom - self.top).min(other.bottom - other.top);
        shared((self.top, self.bottom), (other.top, other.bottom)) > height * 0.6
            && shared((self.left, self.right), (other.left, other.right)) > 1.0
    }
}

/// The words of each page, or nothing when poppler is not installed.
fn word_boxes(name: &str, pdf: &[u8]) -> Option<Vec<Vec<Word>>> {
    let file = papers().join(format!("{name}.pdf"));
    std::fs::write(&file, pdf).unwrap();
    let Ok(output) = Command::new("pdftotext").arg("-bbox").arg(&file).arg("-").output() else {
        eprintln!("SKIPPED word boxes of {name}: pdftotext (poppler-utils) is missing");
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.split("<page ").skip(1).map(|page| page.lines().filter_map(Word::read).collect()).collect())
}

const MILLIMETRE: f64 = 72.0 / 25.4;

/// In no language do words overprint each other or leave the space between the margins; the custody
/// table's header is the narrowest place. Long names and addresses are in the draft.
#[test]
fn no_word_overprints_another_or_leaves_the_page() {
    for language in Language::ALL {
        for template in Template::ALL {
            let mut draft = sample::draft(template, language);
            draft.exhibits[0].source = format!("http://{}.onion/{}", "lotus7lantern".repeat(4), "parcel-".repeat(30));
            draft.custody[1].to = "Xaysomboun-Phommachanh-Vongvichith the second of that name".into();
            draft.custody[3].remarks.push("a-reason-without-a-blank-".repeat(6));
            draft.statements[0].text += &format!(" {}", "0123456789abcdef".repeat(12));
            let paper = set(lint(&draft, &sample::known()).unwrap().request());
            let name = format!("boxes-{}-{}", template.name(), language.code());
            let Some(pages) = word_boxes(&name, &paper.pdf) else { return };
            for (number, words) in (1..).zip(&pages) {
                for (at, word) in words.iter().enumerate() {
                    let over = words[at + 1..].iter().find(|other| word.overprints(other));
                    assert!(over.is_none(), "{name}, page {number}: {word:?} and {over:?}");
                    let inside = word.left > 23.0 * MILLIMETRE && word.right < 191.0 * MILLIMETRE;
                    assert!(inside, "{name}, page {number}: {word:?} leaves the text");
                }
            }
        }
    }
}

/// An entry that fits a page stands on one page, and no line on the basis stands at the head of a page.
#[test]
fn entries_and_statements_are_not_torn_apart() {
    for language in Language::ALL {
        let mut draft = sample::draft(Template::StatementOfFact, language);
        let row = draft.findings[0].clone();
        let mut known = sample::known();
        for n in 10..40 {
            let number = format!("F-{n:04}");
            known.findings.insert(number.clone());
            draft.findings.push(report::FindingRow { number, text: format!("{} {n}", row.text), ..row.clone() });
            let text = format!("{n} {}", draft.statements[0].text);
            draft.statements.push(model::statement::Statement { id: format!("S-{n:03}"), text, ..draft.statements[0].clone() });
        }
        let paper = set(lint(&draft, &known).unwrap().request());
        let basis = words_of(language)["basis.label"].clone();
        let last = words_of(language)["row.grading"].clone();
        for page in paper.text.split('\u{c}').filter(|page| !page.trim().is_empty()) {
            let page = letters(page);
            assert!(!page.starts_with(&letters(&format!("{basis}:"))), "{language:?}: {page}");
            let (begun, ended) = (page.matches("F-00").count(), page.matches(&letters(&format!("{last}:"))).count());
            assert!(ended == 0 || begun >= ended, "{language:?}: an entry runs over the page: {page}");
        }
    }
}

fn words_of(language: Language) -> std::collections::BTreeMap<String, String> {
    let file = format!("{}/../report/languages/{}.json", env!("CARGO_MANIFEST_DIR"), language.code());
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn law_09_a_paper_that_lacks_a_statement_is_caught() {
    let linted = linted(Template::StatementOfFact, Language::Lo);
    let text = set(linted.request()).text;
    assert_eq!(check_text(&text, &linted), Ok(()));
    let lacking = |part: &str| check_text(&text.replacen(part, "", usize::MAX), &linted).unwrap_err();
    assert!(lacking("S-002").contains(&TextProblem::IdMissing("S-002".into())));
    let one_letter = text.replace('ຍ', "");
    assert!(check_text(&one_letter, &linted).unwrap_err().contains(&TextProblem::TextMissing("S-003".into())));
    let more = format!("{text}\nS-099 smuggled in\n");
    assert_eq!(check_text(&more, &linted), Err(vec![TextProblem::UnknownId("S-099".into())]));
    let behind_an_empty_page = format!("\u{c}{text}");
    assert!(matches!(check_text(&behind_an_empty_page, &linted).unwrap_err()[0], TextProblem::PageOne(_)));
    assert!(lacking("F-0002").iter().any(|problem| *problem == TextProblem::RowMissing("F-0002".into())));
}

/// Markup, ligatures, letters without a glyph and a text of several pages are printed as written.
#[test]
fn law_09_strange_and_long_texts_are_printed_as_written() {
    let long: String = (0..900).map(|n| format!("ประโยคที่ {n} ของข้อความยาว ")).collect();
    for text in ["#let x = [*a*] _b_ `c` $d$ <e> @f // g \\ -- it's \"q\" fi ffl …", "seller 😀 said", "Việt e\u{302}\u{301} NFD", &long] {
        let mut draft = sample::draft(Template::StatementOfFact, Language::Th);
        draft.statements[0].text = text.to_string();
        let linted = lint(&draft, &sample::known()).unwrap();
        let paper = set(linted.request());
        check_text(&paper.text, &linted).unwrap_or_else(|problems| panic!("{problems:?}"));
    }
}

#[test]
fn law_09_page_one_says_witness_clock_and_separation() {
    for language in Language::ALL {
        let linted = linted(Template::StatementOfFact, language);
        let paper = set(linted.request());
        let first = letters(paper.text.split('\u{c}').next().unwrap());
        assert!(first.contains("412"), "clock: {first}");
        assert!(first.contains(&letters("The officer who captured also wrote the report.")), "{first}");
        assert!(first.contains("01/11/20") || first.contains("01/11/"), "{first}");
        assert!(first.contains("SYNTHETIC"), "{first}");
    }
}

/// A crowded page one is set smaller, never on two pages: a custody that changed hands often, and several
/// authorities, may not keep a report from being made.
#[test]
fn law_09_a_crowded_page_one_stays_one_page() {
    for language in Language::ALL {
        for template in Template::ALL {
            let mut draft = sample::draft(template, language);
            let line = draft.header.authorities[0].clone();
            draft.header.authorities = (0..6).map(|n| report::AuthorityLine { number: format!("AU-{n:04}"), ..line.clone() }).collect();
            let sentence = "E-0002 was given to another person while the officer could not be reached at the border post.";
            draft.header.unmet_separations = (0..8).map(|n| format!("{n} {sentence}")).collect();
            let linted = lint(&draft, &sample::known()).unwrap();
            let paper = set(linted.request());
            check_text(&paper.text, &linted).unwrap_or_else(|problems| panic!("{template:?} {language:?}: {problems:?}"));
        }
    }
}

#[test]
fn same_request_same_bytes_and_another_time_other_bytes() {
    let draft = linted(Template::InvestigativeRecord, Language::Km).request();
    let (first, second) = (set(draft.clone()), set(draft.clone()));
    assert_eq!(first.pdf, second.pdf);
    let mut later = draft;
    later["time"] = json!("2026-11-22T02:00:01Z");
    assert_ne!(first.pdf, set(later).pdf);
}

#[test]
fn the_file_declares_pdf_a_2b() {
    let pdf = set(plain("= Hello", json!({}))).pdf;
    let text = String::from_utf8_lossy(&pdf);
    assert!(pdf.starts_with(b"%PDF-1.7"));
    assert!(text.contains("<pdfaid:part>2</pdfaid:part>") && text.contains("<pdfaid:conformance>B</pdfaid:conformance>"));
}

#[test]
fn law_14_the_cage_holds() {
    let output = Command::new(env!("CARGO_BIN_EXE_typeset-child")).arg("probe").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    if !said.starts_with("caged") {
        eprintln!("SKIPPED law_14_the_cage_holds: this kernel has no seccomp ({})", said.lines().next().unwrap_or_default());
        return;
    }
    assert!(!said.contains("ESCAPED"), "{said}");
    assert_eq!(said.matches("refused").count(), 8, "{said}");
    assert!(said.contains("own thread: works"), "{said}");
    let cage = set(plain("x", json!({}))).cage;
    assert_eq!((cage.seccomp, cage.limits, cage.holds()), (Guard::Full, Guard::Full, true));
}

fn refusal(source: &str) -> (RefusalKind, String) {
    match typesetter().pdf(&request(plain(source, json!({})))) {
        Err(TypesetError::Refused { refusal, .. }) => (refusal.kind, refusal.text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn sources_reach_nothing_but_the_request() {
    for source in ["#read(\"/etc/passwd\")", "#import \"@preview/cetz:0.4.0\": *", "#image(\"../x.png\")", "#plugin(\"x.wasm\")"] {
        assert_eq!(refusal(source).0, RefusalKind::Template, "{source}");
    }
}

#[test]
fn a_refusal_names_file_and_line() {
    let (kind, text) = refusal("one\n\n#nothing-of-that-name");
    assert_eq!(kind, RefusalKind::Template);
    assert!(text.contains("main.typ:3: unknown variable"), "{text}");
    let no_time = json!({"sources": {"main.typ": "x"}, "data": {}, "time": "yesterday", "ident": "x"});
    assert!(matches!(typesetter().pdf(&request(no_time)), Err(TypesetError::Refused { refusal, .. }) if refusal.kind == RefusalKind::Request));
    let no_main = json!({"sources": {}, "data": {}, "time": "2026-11-22T02:00:00Z", "ident": "x"});
    assert!(matches!(typesetter().pdf(&request(no_main)), Err(TypesetError::Refused { refusal, .. }) if refusal.text.contains("main.typ")));
}

#[test]
fn a_letter_without_a_glyph_prints_its_code_point() {
    let paper = set(plain("#json(\"data.json\").t", json!({"t": "seller 😀 \u{10FFFD}"})));
    assert_eq!(paper.replaced, ["U+10FFFD", "U+1F600"]);
    assert!(letters(&paper.text).contains("seller[U+1F600][U+10FFFD]"), "{}", paper.text);
}

#[test]
fn limits_end_a_runaway_and_errors_say_what_to_do() {
    let endless = "#for a in range(5000) { for b in range(5000) { for c in range(5000) { let x = a * b } } }";
    let mut setter = typesetter();
    setter.limits.timeout = Duration::from_secs(1);
    assert!(matches!(setter.pdf(&request(plain(endless, json!({})))), Err(TypesetError::TimedOut(1))));
    setter.limits = typeset::Limits { cpu_seconds: 1, ..typeset::Limits::default() };
    assert!(matches!(setter.pdf(&request(plain(endless, json!({})))), Err(TypesetError::Died { .. })));
    setter.limits = typeset::Limits { memory_bytes: 24 << 20, ..typeset::Limits::default() };
    assert!(setter.pdf(&request(plain("x", json!({})))).is_err());
    let other = |exe: &str| Typesetter::new(exe).pdf(&request(plain("x", json!({}))));
    assert!(matches!(other("/nowhere/lanternfish"), Err(TypesetError::Start { .. })));
    assert!(matches!(other("/bin/true"), Err(TypesetError::Answer(_))));
    assert!(matches!(other("/bin/false"), Err(TypesetError::Died { .. })));
}

fn label(language: Language) -> Label {
    Label {
        language,
        jurisdiction: Jurisdiction::named("la").unwrap(),
        case_number: "2026-0001".into(),
        agency: "Training Unit (SYNTHETIC)".into(),
        exhibit: "E-0002".into(),
        kind: ExhibitKind::Physical,
        class: ExhibitClass::Ordinary,
        description: "ໂທລະສັບ โทรศัพท์ ဖုန်း ទូរស័ព្ទ".into(),
        digest: Digest::None,
        seal_number: Some("SB-004711".into()),
        condition: Some("screen cracked".into()),
        source: "locker 4".into(),
        admitted_at: sample::moment("2026-11-20T02:41:00Z"),
        admitted_by: "A-7f3c".into(),
        synthetic: true,
    }
}

fn transfer(language: Language, class: ExhibitClass, digest: Digest) -> Transfer {
    Transfer {
        language,
        jurisdiction: Jurisdiction::named("th").unwrap(),
        case_number: "2026-0001".into(),
        transfer_id: "T-0001".into(),
        agency: "Training Unit (SYNTHETIC)".into(),
        exhibit: "E-0002".into(),
        description: "ໂທລະສັບ โทรศัพท์ ဖုန်း ទូរស័ព្ទ".into(),
        class,
        digest,
        seal_number: None,
        condition: None,
        from: "A-7f3c".into(),
        to: "A-11d0".into(),
        standing: Standing::Accepted,
        purpose: "examination".into(),
        refusal: String::new(),
        receiver_check: "digest equal".into(),
        events: vec![event(7, Standing::Offered, "2026-11-20T02:41:00Z"), event(9, Standing::Accepted, "2026-11-20T02:50:00Z")],
        printed_at: sample::moment("2026-11-20T03:00:00Z"),
        synthetic: true,
    }
}

fn event(seq: u64, standing: Standing, at: &str) -> SlipEvent {
    SlipEvent { seq, standing, at: sample::moment(at), leaf: Sha256Digest::of(&seq.to_be_bytes()) }
}

/// A label of bytes.
fn bytes_label(language: Language, class: ExhibitClass, digest: Sha256Digest) -> Label {
    Label { kind: ExhibitKind::File, class, digest: Digest::Sha256(digest), seal_number: None, condition: None, ..label(language) }
}

#[test]
fn label_and_slip_print_on_one_page_in_every_language() {
    let digest = Sha256Digest::of(b"page");
    for language in Language::ALL {
        let paper = set(Label::paper(&[label(language)]).unwrap().request());
        pdftotext(&format!("label-{}", language.code()), &paper.pdf);
        assert_eq!(paper.pages, 1);
        for part in ["E-0002", "SB-004711", "2026-0001", "SYNTHETIC", "20/11/", "ໂທລະສັບ", "โทรศัพท์", "ဖုန်း", "ទូរស័ព្ទ"] {
            assert!(letters(&paper.text).contains(part), "{part}: {}", paper.text);
        }
        let paper = set(Label::paper(&[bytes_label(language, ExhibitClass::Ordinary, digest)]).unwrap().request());
        pdftotext(&format!("label-of-bytes-{}", language.code()), &paper.pdf);
        assert_eq!(paper.pages, 1);
        let (first, last) = (&digest.hex()[..8], &digest.hex()[56..]);
        for part in [&digest.hex(), &format!("{first}…{last}")] {
            assert!(letters(&paper.text).contains(part.as_str()), "{part}: {}", paper.text);
        }
        let paper = set(transfer(language, ExhibitClass::Ordinary, Digest::Sha256(digest)).paper().unwrap().request());
        pdftotext(&format!("slip-{}", language.code()), &paper.pdf);
        assert_eq!(paper.pages, 1);
        for part in ["T-0001", "A-7f3c", "A-11d0", &digest.hex(), "2569", &Sha256Digest::of(&9u64.to_be_bytes()).hex(), "ဖုန်း"] {
            assert!(letters(&paper.text).contains(part), "{part}: {}", paper.text);
        }
    }
}

#[test]
fn law_07_a_slip_never_prints_the_digest_of_restricted_bytes() {
    let digest = Sha256Digest::of(b"page");
    let paper = set(transfer(Language::En, ExhibitClass::Contraband, Digest::Sha256(digest)).paper().unwrap().request());
    assert!(!letters(&paper.text).contains(&digest.hex()));
    let commitment = Sha256Digest::commitment(&[7; 32], b"page");
    let paper = set(transfer(Language::En, ExhibitClass::Contraband, Digest::Withheld(commitment)).paper().unwrap().request());
    assert!(letters(&paper.text).contains(&commitment.hex()));
}

#[test]
fn law_07_a_slip_of_a_restricted_item_says_so_beside_what_else_it_says() {
    let (restricted, interim) = ("RESTRICTED:onlythosewhomitsclassnamesmayopenit", "INTERIMCUSTODY:nosecondpersonwaspresent");
    for (class, standing, says) in [
        (ExhibitClass::Ordinary, Standing::Accepted, [false, false]),
        (ExhibitClass::Contraband, Standing::Accepted, [true, false]),
        (ExhibitClass::Ordinary, Standing::Interim, [false, true]),
        (ExhibitClass::Contraband, Standing::Interim, [true, true]),
    ] {
        let paper = set(Transfer { standing, ..transfer(Language::En, class, Digest::None) }.paper().unwrap().request());
        let text = letters(&paper.text);
        assert_eq!([restricted, interim].map(|mark| text.contains(mark)), says, "{}", paper.text);
        assert_eq!(paper.pages, 1);
    }
}

#[test]
fn law_07_neither_label_nor_code_bears_the_digest_of_restricted_bytes() {
    let digest = Sha256Digest::of(b"page");
    let bears = |class| {
        let label = Label::paper(&[bytes_label(Language::En, class, digest)]).unwrap().shown();
        let slip = transfer(Language::En, class, Digest::Sha256(digest)).paper().unwrap().shown();
        [label, slip].map(|paper| paper.to_string().to_lowercase().contains(&digest.hex()))
    };
    assert_eq!(bears(ExhibitClass::Ordinary), [true, true]);
    for class in [ExhibitClass::Privileged, ExhibitClass::Contraband] {
        assert_eq!(bears(class), [false, false], "{class:?}");
        let marked = Label::paper(&[bytes_label(Language::En, class, digest)]).unwrap().shown();
        assert!(marked["sheets"][0]["mark"].as_str().unwrap().starts_with("RESTRICTED"));
    }
}

#[test]
fn many_labels_are_one_paper_with_a_sheet_each_and_a_long_one_is_set_whole() {
    let long = Label { description: "a telephone with a cracked screen and its case, ".repeat(30), ..label(Language::En) };
    let paper = set(Label::paper(&[label(Language::En), bytes_label(Language::Lo, ExhibitClass::Ordinary, Sha256Digest::of(b"x"))]).unwrap().request());
    assert_eq!(paper.pages, 2);
    let end = Label { description: format!("{}THE END", long.description), ..long };
    assert!(letters(&set(Label::paper(&[end]).unwrap().request()).text).contains("THEEND"));
    assert!(Label::paper(&[]).is_err());
}

#[test]
fn what_is_not_a_pdf_is_refused_and_damage_never_panics() {
    assert!(typeset::pdf_text(b"").is_err());
    assert!(typeset::pdf_text(b"not a pdf").is_err());
    let pdf = set(plain("= Hello", json!({}))).pdf;
    for at in (0..pdf.len()).step_by(97) {
        let mut damaged = pdf.clone();
        damaged[at] ^= 0x55;
        let _ = typeset::pdf_text(&damaged);
        let _ = typeset::pdf_text(&pdf[..at]);
    }
    assert!(typeset::family_names().iter().any(|name| name == "Noto Sans Lao"));
}
