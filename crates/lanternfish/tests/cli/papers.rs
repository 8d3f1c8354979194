//! Court papers: three templates in seven languages, and what was planted is read back by `pdftotext`;
//! what leads nowhere is refused (law 9).

use std::process::Command;

use crate::{
    office::{BOUNMY, NOY, Office, run, skipped, string, text, there},
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
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}' && *c != '\u{ad}').collect()
}

fn build<'a>(template: &'a str, language: &'a str, knowledge: &'a str) -> Vec<&'a str> {
    let mut words = vec!["--template", template, "--language", language, "--own-knowledge", knowledge];
    words.extend(["--place", "Vientiane", "--participant", NOY, "--qualifications", "Trained on drills only."]);
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
    office.in_case(NOY, "report build", &["--template", "expert-report", "--language", "en"]).by_law(9);
    assert_eq!(office.in_case(NOY, "report list", &[]).ended(0).lines().len(), 0);
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
