//! Papers that are printed: labels, slips, the page for a paper register. What their codes hold is read back by this house
//! from the made paper; a label tells nothing that its reader may not see (laws 1, 2, 4, 7, 8).

use std::{fs, process::Command};

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use serde_json::{Value, json};

use crate::{
    office::{AUDITOR, BOUNMY, EVERYTHING, KHAM, NOY, Office, run, skipped, string, text, there, year},
    workspace::{Open, number},
};

// The cases of these drills are of Laos, and so are the words of their papers.

/// The picture of a code, drawn from the path that a page draws.
fn drawn(qr: &Value) -> Vec<u8> {
    const MODULE: u32 = 5;
    let side = u32::try_from(qr["side"].as_u64().unwrap()).unwrap();
    let mut picture = GrayImage::from_pixel(side * MODULE, side * MODULE, Luma([255]));
    for run in qr["path"].as_str().unwrap().split('z').filter(|run| !run.is_empty()) {
        let (start, length) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
        let (x, y) = start.split_once(' ').unwrap();
        let length: u32 = length.split('v').next().unwrap().parse().unwrap();
        let (x, y): (u32, u32) = (x.parse().unwrap(), y.parse().unwrap());
        (0..length * MODULE).for_each(|dx| (0..MODULE).for_each(|dy| picture.put_pixel(x * MODULE + dx, y * MODULE + dy, Luma([0]))));
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// What this house reads in a picture of a paper.
fn read_back(office: &Office, name: &str, picture: &[u8]) -> Vec<String> {
    let label = office.admit(name, picture);
    office.does(NOY, "examine", &[&label]);
    let found = office.in_case(NOY, "pictures", &["--exhibit", &label, "--purpose", "to read the code", "--reveal"]).ended(0).lines();
    found.iter().filter_map(|one| one["text"].as_str().map(str::to_string)).collect()
}

/// The first page of a PDF as a picture.
fn page_of(office: &Office, pdf: &str, page: &str) -> Vec<u8> {
    let image = text(&office.place(&format!("page-{page}")));
    let mut draw = Command::new("pdftoppm");
    draw.args(["-r", "200", "-png", "-singlefile", "-f", page, "-l", page, pdf, &image]);
    run(draw).ended(0);
    fs::read(format!("{image}.png")).unwrap()
}

fn sha256(office: &Office, exhibit: &str) -> String {
    string(&office.does(NOY, "exhibit show", &[exhibit])["sha256"])
}

#[test]
fn law_02_a_label_says_number_and_digest_and_its_code_is_read_back_from_the_paper() {
    let office = Office::working();
    office.admit("chat.txt", "SYNTHETIC chat");
    office.does(NOY, "exhibit admit", &["--physical", "--description", "ໂທລະສັບ โทรศัพท์ ဖုန်း", "--seal-number", "LA-00471", "--condition", "dry", "--source", "locker 4"]);
    let digest = sha256(&office, "E-0001");
    let paper = office.does(NOY, "exhibit label", &["E-0001", "E-0002"]);
    assert_eq!(office.last_events(2), ["exhibit-viewed", "exhibit-viewed"], "an event for each item on it");
    let sheets = paper["sheets"].as_array().unwrap();
    assert_eq!(sheets.len(), 2);
    let holds = [format!("LF1:{}:E-0001:SHA256:{}", office.case, digest.to_uppercase()), format!("LF1:{}:E-0002", office.case)];
    assert_eq!([&sheets[0]["qr"]["holds"], &sheets[1]["qr"]["holds"]], [&json!(holds[0]), &json!(holds[1])]);
    assert_eq!((&sheets[0]["digest"]["first"], &sheets[0]["digest"]["last"], &sheets[0]["digest"]["whole"]), (&json!(digest[..8]), &json!(digest[56..]), &json!(digest)));
    let said = sheets[1].to_string();
    for words in ["ໂທລະສັບ โทรศัพท์ ဖုန်း", "LA-00471", "locker 4", NOY, "dry", "ບໍ່ມີ (ວັດຖຸ)"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(read_back(&office, "screen.png", &drawn(&sheets[0]["qr"])), [holds[0].clone()], "as a page draws it");

    let pdf = text(&office.place("labels.pdf"));
    office.does(NOY, "exhibit label", &["E-0001", "E-0002", "--out", &pdf]);
    assert_eq!(typeset::pdf_text(&fs::read(&pdf).unwrap()).unwrap().matches("E-000").count(), 2);
    if !there("pdftoppm") {
        return skipped("reading the codes of printed labels", "pdftoppm is not installed (poppler-utils)");
    }
    for (page, holds) in [("1", &holds[0]), ("2", &holds[1])] {
        assert_eq!(&read_back(&office, &format!("paper-{page}.png"), &page_of(&office, &pdf, page)), std::slice::from_ref(holds));
    }
    office.sound_log();
}

#[test]
fn law_07_a_label_of_a_restricted_item_says_so_and_bears_no_digest_and_no_name_of_its_file() {
    let office = Office::working();
    office.admit("letter-to-counsel.txt", "SYNTHETIC letter");
    let digest = sha256(&office, "E-0001");
    let label = || office.does(NOY, "exhibit label", &["E-0001"]).to_string();
    assert!(label().contains(&digest));
    office.does(NOY, "exhibit reclassify", &["E-0001", "--class", "privileged", "--reason", "a letter to a lawyer"]);
    let told = label();
    assert!(!told.to_lowercase().contains(&digest) && !told.contains("letter-to-counsel"), "{told}");
    assert!(told.contains("ຈຳກັດ: ເປີດໄດ້ສະເພາະຜູ້ທີ່ປະເພດຂອງມັນກຳນົດ"), "{told}");
    office.sound_log();
}

#[test]
fn law_01_labels_with_one_item_that_no_authority_reaches_are_not_printed_at_all() {
    let office = Office::working();
    office.admit("page.txt", "SYNTHETIC handed over");
    let unit = string(&office.says(KHAM, &["authority", "list"]).ended(0).lines()[0]["authority"]);
    office.done(KHAM, &["authority", "revoke", &unit, "--reason", "a drill"]);
    let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year()));
    let mut words = vec!["authority", "record", "--kind", "supervisor", "--reference", "D-2", "--issuer", "Chief of the drill"];
    words.extend(["--source", "open", "--zone", "UTC", "--necessity", "a drill", "--from", &from, "--until", &until, "--case", &office.case]);
    words.extend(EVERYTHING.iter().flat_map(|action| ["--action", *action]));
    let id = string(&office.done(NOY, &words)["authority"]);
    office.does(KHAM, "authority grant", &[&id]);
    let open = office.file("open.txt", "SYNTHETIC open");
    office.does(NOY, "exhibit admit", &[&open, "--source-class", "open"]);
    office.does(NOY, "exhibit label", &["E-0002"]);
    let pdf = office.place("labels.pdf");
    let printed = || office.last_events(40).iter().filter(|kind| *kind == "exhibit-viewed").count();
    assert_eq!(printed(), 1);
    for more in [vec![], vec!["--out", pdf.to_str().unwrap()]] {
        let refused = office.in_case(NOY, "exhibit label", &[&["E-0002", "E-0001"], &more[..]].concat()).by_law(1);
        assert!(!refused.out.contains("sheets"), "{}", refused.out);
        assert_eq!(office.last_events(1), ["step-refused"]);
        assert_eq!(printed(), 1, "nothing was printed, so no event says so");
    }
    assert!(!pdf.exists());
    office.sound_log();
}

/// The hash of a leaf as `log show` tells it: RFC 9162, over its canonical bytes.
fn leaf(office: &Office, seq: u64) -> String {
    let told = office.says(AUDITOR, &["log", "show", "--from", &seq.to_string(), "--limit", "1", "--json"]).ended(0).line();
    ledger::leaf_hash(&model::canonical::to_bytes(&told).unwrap()).hex()
}

#[test]
fn law_04_a_slip_goes_with_an_offer_and_with_its_end_and_bears_the_digests_of_the_events() {
    let office = Office::working();
    office.admit("chat.txt", "SYNTHETIC chat");
    let digest = sha256(&office, "E-0001");
    // The check of the log is an event itself.
    let newest = || office.sound_log() - 2;
    let offer = string(&office.does(NOY, "transfer offer", &["E-0001", "--to", BOUNMY, "--purpose", "to the store"])["transfer"]);
    let offered = newest();
    let slip = |what: &str| office.does(NOY, "transfer slip", &[what])["sheets"][0].clone();
    let told = slip(&offer);
    assert_eq!(told["events"].as_array().unwrap().len(), 1);
    assert_eq!(told["events"][0][1], leaf(&office, offered));
    assert_eq!(told["qr"]["holds"], format!("LF1:{}:E-0001:SHA256:{digest}:EVENT:{offered}:{}", office.case, leaf(&office, offered)).to_uppercase());
    for words in ["to the store", NOY, BOUNMY, "ສະເໜີມອບ", &digest, "Asia/Vientiane"] {
        assert!(told.to_string().contains(words), "{words}: {told}");
    }
    assert_eq!(told["signatures"].as_array().unwrap().len(), 2);
    office.does(BOUNMY, "transfer refuse", &[&offer, "--reason", "the store is full"]);
    let told = slip(&offer).to_string();
    assert!(told.contains("the store is full") && told.contains("ປະຕິເສດການຮັບມອບ"), "{told}");

    let offer = string(&office.does(NOY, "transfer offer", &["E-0001", "--to", BOUNMY, "--purpose", "once more"])["transfer"]);
    let accepted = { office.does(BOUNMY, "transfer accept", &[&offer]); newest() };
    let told = slip(&offer);
    assert_eq!(told["events"].as_array().unwrap().len(), 2, "the refused one is another transfer: {told}");
    assert_eq!(told["events"][1][1], leaf(&office, accepted));
    assert!(told.to_string().contains("SHA-256 =") && !told.to_string().contains("the store is full"), "{told}");
    assert_eq!(read_back(&office, "slip.png", &drawn(&told["qr"])), [string(&told["qr"]["holds"])]);

    office.in_case(NOY, "transfer slip", &["E-0001"]).ended(2).tells("never reassigned");
    office.does(KHAM, "transfer interim", &["E-0001", "--unreachable", "--reason", "nobody was there"]);
    let told = slip("E-0001");
    assert!(told["mark"].is_string() && told.to_string().contains("nobody was there") && told.to_string().contains(KHAM), "{told}");
    office.does(KHAM, "transfer reassign", &["E-0001", "--to", NOY, "--unreachable", "--reason", "he is ill"]);
    assert!(slip("E-0001").to_string().contains("he is ill"));
    office.sound_log();
}

#[test]
fn law_08_what_is_typed_from_the_register_page_is_compared_with_the_log() {
    let office = Office::working();
    office.admit("note.txt", "SYNTHETIC note");
    let paper = office.done(AUDITOR, &["log", "witness", "paper", "--language", "th"]);
    assert_eq!(office.last_events(1), ["checkpoint-printed"]);
    let sheet = &paper["sheets"][0];
    let lines = |value: &Value| value.as_array().unwrap().iter().map(string).collect::<Vec<_>>();
    let words = sheet["lines"].as_array().unwrap().iter().flat_map(|line| lines(&line[1])).collect::<Vec<_>>().join(" ");
    office.done(KHAM, &["log", "witness", "typed", &words, "--register", "Court of Drill, book 3", "--page", "41"]);
    let typed = lines(&sheet["note"][1]).join("\n") + "\n";
    let file = office.file("typed", &typed);
    office.done(AUDITOR, &["log", "witness", "compare", &file]);
    assert_eq!(sheet["qr"]["holds"], typed);
    let pdf = text(&office.place("register.pdf"));
    office.done(AUDITOR, &["log", "witness", "paper", "--out", &pdf]);
    let printed = typeset::pdf_text(&fs::read(&pdf).unwrap()).unwrap().split_whitespace().collect::<String>();
    for command in ["lanternfish log witness typed", "lanternfish log witness compare FILE", "lanternfish log verify"] {
        assert!(printed.contains(&command.replace(' ', "")), "{command}: {printed}");
    }
}

#[test]
fn law_07_a_page_for_the_printer_is_gone_when_its_item_became_restricted() {
    let office = Office::working();
    let open = Open::of(&office);
    let noy = office.token(NOY);
    office.admit("letter.txt", "SYNTHETIC letter");
    office.admit("other.txt", "SYNTHETIC other");
    let digest = sha256(&office, "E-0001");
    let paper = |n: u32, exhibits: &str, more: &[(&str, &str)]| {
        let number = number(n);
        let fields = [&[("_number", number.as_str()), ("case", &office.case), ("exhibit", exhibits)], more].concat();
        open.answer(noy, &open.form(noy, "/step/exhibit/label", &fields)).is(200);
        format!("/done/{number}")
    };
    let (one, both, pdf) = (paper(1, "E-0001", &[]), paper(2, "E-0001\nE-0002", &[]), paper(3, "E-0001", &[("out", "yes")]));
    open.page(noy, &one).is(200).says(&format!("{one}/paper"));
    let page = open.page(noy, &format!("{both}/paper")).is(200).says(&digest).says("E-0002").says("/assets/paper.css");
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'; style-src 'self'") && !page.text().contains("<script"));
    assert!(open.page(noy, &format!("{pdf}/file")).is(200).text().starts_with("%PDF-"));
    open.page(noy, &format!("{pdf}/paper")).is(410);
    open.page(office.token(BOUNMY), &format!("{one}/paper")).is(410);
    office.does(NOY, "exhibit reclassify", &["E-0001", "--class", "privileged", "--reason", "a letter to a lawyer"]);
    for place in [format!("{one}/paper"), one, format!("{both}/paper"), both, format!("{pdf}/file"), pdf] {
        let page = open.page(noy, &place);
        assert!(page.status >= 400 && !page.text().contains(&digest), "{place}: {}", page.text());
    }
    office.sound_log();
}
