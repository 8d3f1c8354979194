//! Searching the words of a case, watches and alerts, rows and masked selectors, through the whole program: what is
//! found leads to its bytes, what may not be seen is not counted, and nothing is called absent that was not looked at.

use std::path::PathBuf;

use serde_json::Value;

use crate::office::{ADMIN, KHAM, NOY, Office, passphrase};

const PAGE: &str = "<html><head><title>SYNTHETIC ຮ້ານ</title></head><body><p>ຂາຍ<b>ເຄື່ອງ</b>ໃໝ່ ສົ່ງພາຍໃນສອງມື້</p>\
    <p>Ship from Vientiane, mail seller@example.org</p><!-- back door at the quiet town --></body></html>";
const OTHER: &str = "<p>SYNTHETIC: ขายของใหม่ส่งภายในสองวัน, pay 1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1</p>";
const KEY: &str = "<p>SYNTHETIC, my private key: 5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ is with the lawyer of Mekong</p>";

fn examined(office: &Office, name: &str, page: &str) -> String {
    let label = office.admit(name, page);
    office.in_case(NOY, "examine", &[&label]).ended(0);
    label
}

fn search(office: &Office, who: &str, question: &str) -> Vec<Value> {
    office.in_case(who, "search", &[question, "--purpose", "drill", "--json"]).ended(0).lines()
}

fn index_files(office: &Office) -> Vec<PathBuf> {
    let mut files = Vec::new();
    crate::office::collect_files(&office.home.join("index"), &mut files);
    files
}

#[test]
fn law_02_words_of_every_place_are_found_at_their_bytes_and_each_question_is_an_event() {
    let office = Office::working();
    let label = examined(&office, "page.html", PAGE);
    for (question, zone, raw) in [
        ("\"ເຄື່ອງໃໝ່\"", "text", "ເຄື່ອງ</b>ໃໝ່"),
        ("ສອງມື້", "text", "ສອງມື້"),
        ("ຮ້ານ", "title", "ຮ້ານ"),
        ("\"quiet town\"", "comment", "quiet town"),
        ("vientiane seller@example.org", "text", "Vientiane"),
        ("Vientianne~", "text", "Vientiane"),
        ("zone:title ຮ້ານ", "title", "ຮ້ານ"),
    ] {
        let hits = search(&office, NOY, question);
        assert_eq!(hits.len(), 1, "{question}: {hits:?}");
        assert_eq!((hits[0]["exhibit"].as_str().unwrap(), hits[0]["zone"].as_str().unwrap()), (label.as_str(), zone), "{question}");
        let at = |name: &str| hits[0][name].as_u64().unwrap() as usize;
        assert_eq!(&PAGE[at("start")..at("end")], raw, "{question}");
        assert_eq!(office.last_events(1), ["queried"], "{question}");
    }
    office.in_case(NOY, "search", &["ສາມມື້", "--purpose", "drill"]).ended(0).tells("nothing was found");
    office.in_case(NOY, "search", &["\"open", "--purpose", "drill"]).ended(2).tells("quotation mark");
    office.in_case(NOY, "search", &["word"]).ended(2).tells("--purpose");
    office.sound_log();
}

/// Thai in windows-874 and in base64, without a word about it in the bytes themselves.
const LETTER: &str = "From: SYNTHETIC <seller@example.org>\r\nTo: buyer@example.com\r\nDate: Mon, 02 Mar 2026 10:00:00 +0700\r\n\
    Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=windows-874\r\nContent-Transfer-Encoding: base64\r\n\r\n\
    otLCos2n48vB6CBzaG9wQGV4YW1wbGUub3JnIMrop+DD58c=\r\n--x--\r\n";

#[test]
fn a_mail_is_read_once_and_each_part_in_its_charset() {
    let office = Office::working();
    let label = examined(&office, "letter.eml", LETTER);
    for value in ["seller@example.org", "shop@example.org"] {
        let hits = office.in_case(NOY, "selectors", &["--value", value, "--purpose", "drill"]).ended(0).lines();
        let mails: Vec<String> = hits.iter().map(Value::to_string).filter(|hit| hit.contains("\"email\"")).collect();
        assert_eq!(mails.len(), 1, "{value} in {label}: {hits:?}");
        assert!(value.starts_with("seller") || mails[0].contains("decoded from windows-874 (as the sender declares)"), "{mails:?}");
    }
    assert_eq!(search(&office, NOY, "ของใหม่").len(), 1);
}

/// Two mails; the first has a message attached, the second is about the same thing and of another sender.
const MBOX: &str = "From a@example.org Mon Mar  2 10:00:00 2026\nFrom: SYNTHETIC Somchai <a@example.org>\nTo: b@example.org\nSubject: hello\n\
    Content-Type: multipart/mixed; boundary=x\n\n--x\n\nthe parcel goes on friday\n--x\nContent-Type: text/plain; name=list.txt\nContent-Disposition: attachment;\n \
    filename*=utf-8''%E0%BA%9A%E0%BA%B1%E0%BA%99%E0%BA%8A%E0%BA%B5.txt\n\nnames of the mountain\n--x\nContent-Type: message/rfc822\n\nFrom: khamla@example.org\nTo: a@example.org\nSubject: old\n\n\
    the ferry is late\n--x--\n\nFrom b@example.org Mon Mar  2 11:00:00 2026\nFrom: b@example.org\nTo: a@example.org\nSubject: answer\n\nthe parcel went on monday\n\n";

#[test]
fn law_09_a_mail_answers_as_one_document_also_in_an_index_that_was_made_again() {
    let office = Office::working();
    let label = examined(&office, "box.mbox", MBOX);
    let check = || {
        for (question, expected) in [
            ("somchai parcel", 2), ("somchai mountain", 2), ("parcel -monday", 1), ("parcel -somchai", 1), ("somchai monday", 0), ("khamla ferry", 2),
            // A message that is attached is a mail of its own.
            ("somchai ferry", 0),
        ] {
            let hits = search(&office, NOY, question);
            assert_eq!(hits.len(), expected, "{question}: {hits:?}");
            assert!(hits.iter().all(|hit| hit["exhibit"] == label.as_str() && hit["blob"].is_string() && hit["end"].as_u64() > hit["start"].as_u64()), "{hits:?}");
        }
        let places: std::collections::BTreeSet<String> = search(&office, NOY, "somchai mountain").iter().map(|hit| hit["place"].as_str().unwrap().to_string()).collect();
        assert_eq!(places.into_iter().collect::<Vec<_>>(), ["header", "ບັນຊີ.txt"], "a file name of RFC 2231 is read");
    };
    check();
    office.in_case(NOY, "search", &["--rebuild"]).ended(0);
    check();
}

#[test]
fn a_part_of_a_mail_that_is_too_long_to_be_read_in_passing_is_read_in_its_charset() {
    let office = Office::working();
    // Nine million bytes of lines before the words.
    let filler = "c3ludGhldGljIGxpbmUK\r\n".repeat(600_000);
    examined(&office, "long.eml", &LETTER.replace("otLC", &format!("{filler}otLC")));
    let hits = office.in_case(NOY, "selectors", &["--value", "shop@example.org", "--purpose", "drill"]).ended(0).lines();
    assert!(hits.iter().any(|hit| hit.to_string().contains("decoded from windows-874 (as the sender declares)")), "{hits:?}");
}

#[test]
fn law_09_an_answer_says_which_exhibits_it_did_not_look_at() {
    let office = Office::working();
    let first = examined(&office, "page.html", PAGE);
    let second = office.admit("other.html", OTHER);
    office.in_case(NOY, "search", &["ของใหม่", "--purpose", "drill"]).ended(0).tells("nothing was found").tells(&format!("nothing is said about: {second}"));
    office.in_case(NOY, "examine", &[&second]).ended(0);
    assert_eq!(search(&office, NOY, "ของใหม่").len(), 1);
    // An index whose files are gone says nothing about anything, and is made again.
    std::fs::remove_dir_all(office.home.join("index")).unwrap();
    office.in_case(NOY, "search", &["ของใหม่", "--purpose", "drill"]).ended(0).tells("nothing was found").tells(&format!("{first}, {second}"));
    office.in_case(NOY, "search", &["--rebuild"]).ended(0).tells("2 exhibits");
    assert_eq!(search(&office, NOY, "ของใหม่").len(), 1);
    assert_eq!(search(&office, NOY, "\"ເຄື່ອງໃໝ່\"").len(), 1);
    office.sound_log();
}

#[test]
fn law_07_what_became_restricted_is_neither_found_nor_counted() {
    let office = Office::working();
    let label = examined(&office, "page.html", PAGE);
    examined(&office, "other.html", OTHER);
    assert_eq!(search(&office, NOY, "SYNTHETIC").len(), 2);
    office.in_case(NOY, "watch words", &["\"quiet town\"", "--purpose", "drill"]).ended(0);
    assert_eq!(office.in_case(NOY, "watch hunt", &["W-0001", "--purpose", "drill", "--json"]).ended(0).lines().len(), 1);
    office.in_case(NOY, "exhibit reclassify", &[&label, "--class", "privileged", "--reason", "drill"]).ended(0);
    let said = office.in_case(NOY, "search", &["SYNTHETIC", "--purpose", "drill"]).ended(0).tells(&format!("restricted, so nothing is said about: {label}"));
    assert!(!said.out.contains(&label) && !said.out.contains("ຮ້ານ"), "{}", said.out);
    let alerts = office.in_case(NOY, "watch alerts", &["--json"]).ended(0);
    assert!(!alerts.out.contains(&label), "{}", alerts.out);
    assert_eq!(office.in_case(NOY, "watch hunt", &["W-0001", "--purpose", "drill", "--json"]).ended(0).lines().len(), 0);
}

#[test]
fn law_12_a_watch_raises_an_alert_with_its_reason_and_does_nothing_else() {
    let office = Office::working();
    office.in_case(NOY, "watch selector", &["1auoqxapbv2ekxktjf7twr8irmjgkaxay1", "--purpose", "drill"]).ended(0);
    office.in_case(NOY, "watch pattern", &[r"ส่ง\w*สองวัน", "--purpose", "drill"]).ended(0);
    office.in_case(NOY, "watch pattern", &["(a|b", "--purpose", "drill"]).ended(2).tells("cannot be used");
    office.in_case(NOY, "watch pattern", &["x*", "--purpose", "drill"]).ended(2).tells("matches everywhere");
    let label = office.admit("other.html", OTHER);
    office.in_case(NOY, "examine", &[&label]).ended(0).tells("ALERT A-0001 (W-0001, 1)").tells("ALERT A-0002 (W-0002, 1)");
    let alerts = office.in_case(NOY, "watch alerts", &["--json"]).ended(0).lines();
    assert_eq!(alerts.len(), 2, "{alerts:?}");
    for alert in &alerts {
        let place = &alert["matches"][0];
        let at = |name: &str| place[name].as_u64().unwrap() as usize;
        let raw = &OTHER[at("start")..at("end")];
        let wanted = if alert["watch"] == "W-0001" { "1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1" } else { "ส่งภายในสองวัน" };
        assert!(raw == wanted && !place["reason"].as_str().unwrap().is_empty(), "{raw} {alert}");
    }
    office.in_case(NOY, "watch end", &["W-0001", "--reason", "drill"]).ended(0);
    office.in_case(NOY, "watch seen", &["A-0001", "--words", "it is ours"]).ended(0);
    let again = examined(&office, "again.html", &OTHER.replace("SYNTHETIC", "SYNTHETIC again"));
    let alerts = office.in_case(NOY, "watch alerts", &["--json"]).ended(0).lines();
    assert_eq!(alerts.iter().filter(|alert| alert["exhibit"] == again.as_str()).count(), 1, "an ended watch is asked nothing: {alerts:?}");
    office.sound_log();
}

#[test]
fn law_13_nobody_from_outside_the_case_searches_or_watches_it() {
    let office = Office::working();
    examined(&office, "page.html", PAGE);
    let other = office.open_case(NOY, &[]);
    let asked = |verb: &[&str]| office.says(KHAM, &[verb, &["--case", &other, "--purpose", "drill"]].concat());
    for verb in [&["search", "seller"][..], &["watch", "words", "seller"], &["rows"], &["pictures"]] {
        asked(verb).by_law(13);
    }
    assert_eq!(search(&office, NOY, "seller@example.org").len(), 1, "a member whom an authority allows it does");
}

#[test]
fn what_opens_a_wallet_is_masked_until_somebody_asks_for_it() {
    let office = Office::working();
    examined(&office, "key.html", KEY);
    let listed = office.in_case(NOY, "selectors", &["--purpose", "drill"]).ended(0);
    assert!(listed.out.contains("masked") && !listed.out.contains("5HueCGU8"), "{}", listed.out);
    let quoted = office.in_case(NOY, "search", &["Mekong", "--purpose", "drill"]).ended(0);
    assert!(quoted.out.contains("lawyer of") && !quoted.out.contains("5HueCGU8"), "{}", quoted.out);
    let shown = office.in_case(NOY, "selectors", &["--reveal", "--purpose", "drill"]).ended(0);
    assert!(shown.out.contains("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"), "{}", shown.out);
}

#[test]
fn law_13_where_else_is_answered_by_the_cases_of_the_person_and_by_no_others() {
    const ADDRESS: &str = "1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1";
    const KEO: &str = "Keo Second";
    let mut office = Office::working();
    office.done(ADMIN, &["user", "add", KEO, "--role", "investigator"]);
    office.log_in(KEO, &passphrase(KEO));
    office.in_case(NOY, "case member add", &[KEO]).ended(0);
    let first = examined(&office, "other.html", OTHER);
    let shared = std::mem::take(&mut office.case);
    // A case of Noy alone, with a page of the same address and one that nobody examined.
    office.case = office.open_case(NOY, &[]);
    let second = examined(&office, "second.html", &OTHER.replace("SYNTHETIC", "SYNTHETIC second"));
    let unread = office.admit("third.html", OTHER.replace("SYNTHETIC", "SYNTHETIC third"));
    let own = std::mem::replace(&mut office.case, shared.clone());
    let asked = |more: &[&str]| office.in_case(NOY, "elsewhere", &[&["--purpose", "drill"][..], more].concat());
    let places = |said: &crate::office::Said| {
        let place = |hit: &Value| format!("{} {} {}", hit["case"].as_str().unwrap(), hit["exhibit"].as_str().unwrap(), hit["value"].as_str().unwrap());
        said.lines().iter().map(place).collect::<Vec<_>>()
    };
    let both = [format!("{shared} {first} {ADDRESS}"), format!("{own} {second} {ADDRESS}")];
    let said = asked(&["--value", &ADDRESS.to_lowercase()]).ended(0).tells("no member were not asked").tells(&format!("{own}: not examined to the end, so nothing is said about: {unread}"));
    assert_eq!(places(&said), both);
    assert_eq!(office.last_events(2), ["queried", "queried"], "each case has its event");
    // Who is no member of the second case hears nothing of it, not even its name.
    let said = office.in_case(KEO, "elsewhere", &["--value", ADDRESS, "--purpose", "drill"]).ended(0);
    assert_eq!(places(&said), both[..1]);
    assert!(!said.err.contains(&own), "{}", said.err);
    // The selectors of an exhibit: it is not told of itself.
    assert_eq!(places(&asked(&["--exhibit", &first]).ended(0)), both[1..]);
    // What became restricted is neither shown nor counted.
    office.case = own.clone();
    office.in_case(NOY, "exhibit reclassify", &[&second, "--class", "privileged", "--reason", "drill"]).ended(0);
    office.case = shared;
    let said = office.in_case(NOY, "elsewhere", &["--value", ADDRESS, "--purpose", "drill"]).ended(0).tells(&format!("{own}: restricted, so nothing is said about: {second}"));
    assert_eq!(places(&said), both[..1]);
    assert!(!said.err.contains("does not reach"), "{}", said.err);
    office.in_case(NOY, "elsewhere", &["--purpose", "drill"]).ended(2).tells("--value");
    office.sound_log();
}

const BROKEN: &str = "<p>SYNTHETIC, private key: 5HueCGU8rMjxEXxiPuD5BDku<wbr>4MkFqeZyd4dZ1jvhTVqvbTLvyTJ Mekong</p>\
    <pre>-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeoAoGCCqGSM49\n-----END EC PRIVATE KEY-----\nKhong</pre>";
const CHAT: &str = "[02/01/2026, 10:00:00] Anna: SYNTHETIC good morning\n[02/01/2026, 10:01:00] Anna: take 5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ as the private key\n\
    [02/01/2026, 10:02:00] Bee: thank you\n";

#[test]
fn no_spelling_of_a_key_is_shown_by_the_way() {
    let office = Office::working();
    examined(&office, "broken.html", BROKEN);
    // Parted by markup, cut by the edge of the quote, written as armour: its bytes are covered.
    for (question, shown, hidden) in [("Mekong", "private key:", "5HueC"), ("SYNTHETIC", "private key:", "5HueC"), ("Khong", "*", "MHcC"), ("Khong", "*", "FakeoAoG")] {
        let quoted = office.in_case(NOY, "search", &[question, "--purpose", "drill"]).ended(0);
        assert!(quoted.out.contains(shown) && !quoted.out.contains(hidden), "{question}: {}", quoted.out);
    }
    examined(&office, "_chat.txt", CHAT);
    let rows = |more: &[&str]| office.in_case(NOY, "rows", &[&["--purpose", "drill"][..], more].concat()).ended(0);
    let listed = rows(&[]).tells("1 private keys, seed phrases, cards or logins are covered");
    assert!(listed.out.contains("good morning") && listed.out.contains("as the private key") && !listed.out.contains("5HueC"), "{}", listed.out);
    assert!(rows(&["--reveal"]).out.contains("take 5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ as"));
    office.sound_log();
}

#[test]
fn law_10_an_index_holds_nothing_in_the_clear_and_is_in_no_backup() {
    let office = Office::working();
    examined(&office, "page.html", PAGE);
    let files = index_files(&office);
    assert!(files.len() >= 5, "{files:?}");
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        for word in ["seller", "quiet", "ສອງ", "Vientiane", "vientiane"] {
            assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word} in {}", file.display());
        }
    }
}
