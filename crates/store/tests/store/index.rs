//! The index of a case: what is planted in every script is found, what is not there is not, nothing lies in the clear,
//! what was changed on the disk does not open, and what lies outside the reach is neither found nor counted.

use std::sync::Arc;

use store::index::{Answer, CaseIndex, Held, IndexKey, Reach, read_ask, stretch};
use tempfile::TempDir;

struct Shelf {
    home: TempDir,
    key: IndexKey,
}

impl Shelf {
    fn with(passages: &[(&str, &str)]) -> Shelf {
        let shelf = Shelf { home: TempDir::new().unwrap(), key: IndexKey::fresh().unwrap() };
        let mut writer = shelf.open().writer().unwrap();
        for (i, (exhibit, text)) in passages.iter().enumerate() {
            writer.add(&held(exhibit, text, i)).unwrap();
        }
        writer.commit().unwrap();
        shelf
    }

    fn open(&self) -> Arc<CaseIndex> {
        Arc::new(CaseIndex::open(self.home.path(), &self.key).unwrap())
    }

    fn ask(&self, question: &str) -> Answer {
        self.ask_within(question, &["E-0001", "E-0002"], &[])
    }

    fn ask_within(&self, question: &str, exhibits: &[&str], without: &[&str]) -> Answer {
        let owned = |labels: &[&str]| labels.iter().map(ToString::to_string).collect();
        let reach = Reach { exhibits: owned(exhibits), without: owned(without), most: 50 };
        self.open().ask(&read_ask(question).unwrap(), &reach).unwrap()
    }

    /// What a question finds, as the words that were marked.
    fn marked(&self, question: &str) -> Vec<String> {
        let answer = self.ask(question);
        let mut marked: Vec<String> = answer.hits.iter().flat_map(|hit| hit.confirmed.places.iter().map(|(start, end)| hit.held.text[*start..*end].to_string())).collect();
        marked.sort();
        marked
    }
}

fn held(exhibit: &str, text: &str, i: usize) -> Held {
    Held {
        exhibit: exhibit.into(),
        derivation: "deriv-1".into(),
        blob: Some(format!("blob-{i}")),
        mail: None,
        place: format!("http://market{i}.example/item/{i}"),
        host: Some(format!("market{i}.example")),
        zone: "text".into(),
        text: text.into(),
        runs: vec![(0, 10, 0)],
        language: Some("lo".into()),
        captured: Some(1_767_225_600_000_000 + i as i64 * 86_400_000_000),
        selectors: vec![("email".into(), "a@example.org".into())],
        secrets: vec![],
    }
}

const LAO: &str = "ຂາຍເຄື່ອງໃໝ່ ສົ່ງພາຍໃນສອງມື້ ຕິດຕໍ່ທາງອີເມວ";
const THAI: &str = "ขายของใหม่ส่งภายในสองวันไม่ต้องถามมาก";
const KHMER: &str = "លក់ទំនិញថ្មីដឹកជញ្ជូនក្នុងពីរថ្ងៃ";
const BURMESE: &str = "ပစ္စည်းအသစ်ရောင်းသည်နှစ်ရက်အတွင်းပို့မည်";
const CHINESE: &str = "新货测试两次两天内发货请先联系";
const RUSSIAN: &str = "Свежий товар, проверено дважды, отправка за два дня.";

fn regional() -> Shelf {
    Shelf::with(&[
        ("E-0001", LAO), ("E-0001", THAI), ("E-0001", KHMER), ("E-0002", BURMESE), ("E-0002", CHINESE), ("E-0002", RUSSIAN),
        ("E-0001", "The vеndor of Mekong House ships from a quiet town."),
    ])
}

#[test]
fn a_phrase_of_every_script_is_found_inside_longer_text() {
    let shelf = regional();
    for phrase in ["ເຄື່ອງໃໝ່", "ສອງມື້", "ของใหม่ส่ง", "สองวัน", "ទំនិញថ្មី", "ពីរថ្ងៃ", "အသစ်ရောင်း", "测试两次", "发货", "проверено дважды", "quiet town"] {
        assert_eq!(shelf.marked(&format!("\"{phrase}\"")), [phrase], "{phrase}");
        assert_eq!(shelf.marked(phrase).concat().replace(' ', ""), phrase.split(' ').collect::<std::collections::BTreeSet<_>>().into_iter().collect::<String>(), "{phrase}");
    }
    for absent in ["ເຄື່ອງເກົ່າ", "สามวัน", "ថ្ងៃពីរ", "两次测试", "дважды проверено", "town quiet"] {
        let answer = shelf.ask(&format!("\"{absent}\""));
        assert!(answer.hits.is_empty() && answer.whole, "{absent}: {answer:?}");
    }
}

#[test]
fn what_a_person_may_write_is_understood() {
    let shelf = regional();
    let found = |question: &str| shelf.ask(question).hits.len();
    assert_eq!(found("товар -отправка"), 0);
    assert_eq!(found("товар OR 发货"), 2);
    assert_eq!(found("(товар OR 发货) отправка"), 1);
    assert_eq!(found("провер*"), 1);
    assert_eq!(found("проверенo~1"), 1);
    assert_eq!(found("\"товар дважды\"~3"), 1);
    assert_eq!(found("\"товар дня\"~3"), 0);
    assert_eq!(found("language:lo"), 7);
    assert_eq!(found("exhibit:E2"), 3);
    assert_eq!(found("host:market5.example"), 1);
    assert_eq!(found("selector:A@example.org товар"), 1);
    assert_eq!(found("type:email товар"), 1);
    assert_eq!(found("address:\"item/3\""), 1);
    assert_eq!(found("after:2026-01-05 before:2026-01-06"), 2);
    assert_eq!(found("exhibit:E2 NOT товар"), 2);
    for (wrong, word) in [("\"open", "quotation mark"), ("-only", "must be there"), ("a OR", "missing"), ("(a", "bracket"), ("after:soon", "2026-01-31"), ("word~9", "1 or 2"), ("", "nothing")] {
        let told = read_ask(wrong).unwrap_err();
        assert!(told.contains(word), "{wrong}: {told}");
    }
}

#[test]
fn letters_that_look_or_sound_alike_are_found_and_told() {
    let shelf = regional();
    let answer = shelf.ask("\"vendor of Mekong\"");
    assert_eq!(answer.hits.len(), 1);
    assert!(answer.hits[0].confirmed.look_alike);
    let (start, end) = answer.hits[0].confirmed.places[0];
    assert_eq!(&answer.hits[0].held.text[start..end], "vеndor of Mekong");
    assert!(!shelf.ask("Mekong").hits[0].confirmed.look_alike);
    assert!(shelf.ask("otpravka").hits.iter().all(|hit| hit.confirmed.look_alike));
    assert_eq!(shelf.ask("otpravka").hits.len(), 1);
}

#[test]
fn law_01_what_lies_outside_the_reach_is_neither_found_nor_counted() {
    let shelf = regional();
    let answer = shelf.ask_within("товар OR vendor", &["E-0001"], &[]);
    assert_eq!((answer.hits.len(), answer.candidates), (1, 1));
    assert!(answer.facets["exhibit"].iter().all(|(label, count)| label == "E-0001" && *count == 1), "{:?}", answer.facets);
    let answer = shelf.ask_within("товар OR vendor", &["E-0001", "E-0002"], &["blob-5"]);
    assert_eq!((answer.hits.len(), answer.candidates), (1, 1));
    assert_eq!(shelf.ask_within("товар", &[], &[]).candidates, 0);
}

#[test]
fn law_10_no_word_of_an_index_lies_in_the_clear_and_nothing_opens_without_its_key() {
    let shelf = regional();
    let folder = shelf.home.path().join("index").join(&shelf.key.folder);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for word in ["Mekong", "mekong", "товар", "ສອງມື້", "ສອ", "E-0001", "market5"] {
            assert!(memchr_find(&bytes, word.as_bytes()).is_none(), "{word}");
        }
    }
    let other: IndexKey = serde_json::from_value(serde_json::json!({"folder": shelf.key.folder, "key": "00".repeat(32)})).unwrap();
    assert!(CaseIndex::open(shelf.home.path(), &other).is_err());
    CaseIndex::remove(shelf.home.path(), &shelf.key).unwrap();
    assert!(!folder.exists());
}

fn memchr_find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

#[test]
fn law_05_a_changed_file_of_an_index_is_an_error_and_no_answer() {
    let shelf = regional();
    let folder = shelf.home.path().join("index").join(&shelf.key.folder);
    let mut changed = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        if bytes.len() < 60 {
            continue;
        }
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let reach = Reach { exhibits: vec!["E-0001".into()], without: vec![], most: 5 };
        let asked = CaseIndex::open(shelf.home.path(), &shelf.key).and_then(|index| index.ask(&read_ask("Mekong").unwrap(), &reach));
        // A file that this question does not need may stay closed; no question gets another answer.
        assert!(asked.is_err() || asked.unwrap().hits.len() == 1, "{}", path.display());
        changed += usize::from(CaseIndex::open(shelf.home.path(), &shelf.key).and_then(|index| index.ask(&read_ask("Mekong").unwrap(), &reach)).is_err());
        bytes[middle] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
    }
    assert!(changed >= 3, "only {changed} files are read");
}

/// Two pages of several passages, and a third of one.
fn pages() -> Shelf {
    let shelf = Shelf { home: TempDir::new().unwrap(), key: IndexKey::fresh().unwrap() };
    let mut writer = shelf.open().writer().unwrap();
    let passages = [
        (0, "title", "shop of the delta", "en"), (0, "text", "pay by bitcoin", "en"), (0, "comment", "старый", "ru"),
        (1, "text", "a shop without coins", "en"), (1, "comment", "bitcoin", "en"),
        (2, "text", "a shop and bitcoin", "en"),
    ];
    for (n, zone, text, language) in passages {
        writer.add(&Held { zone: zone.into(), language: Some(language.into()), ..held(if n == 1 { "E-0002" } else { "E-0001" }, text, n) }).unwrap();
    }
    writer.commit().unwrap();
    shelf
}

#[test]
fn law_09_words_that_stand_in_different_passages_of_one_document_are_found_together() {
    let shelf = pages();
    let check = |question: &str, expected: &[&str]| {
        let answer = shelf.ask(question);
        let mut found: Vec<String> = answer.hits.iter().map(|hit| format!("{} {}", &hit.held.blob.as_deref().unwrap()[5..], hit.held.zone)).collect();
        found.sort();
        assert_eq!(found, expected, "{question}");
        assert!(answer.whole && answer.candidates - answer.unconfirmed == expected.len(), "{question}: {answer:?}");
        let mut each = 0;
        let reach = Reach { exhibits: vec!["E-0001".into(), "E-0002".into()], without: vec![], most: 0 };
        shelf.open().each_answer(&read_ask(question).unwrap(), &reach, &mut |_, _| { each += 1; Ok(()) }).unwrap();
        assert_eq!(each, expected.len(), "{question}");
    };
    check("shop bitcoin", &["0 text", "0 title", "1 comment", "1 text", "2 text"]);
    check("delta bitcoin", &["0 text", "0 title"]);
    check("delta coins", &[]);
    // What must not be there stands nowhere in the document.
    check("bitcoin -delta", &["1 comment", "2 text"]);
    check("bitcoin -(delta OR coins)", &["2 text"]);
    check("shop -zone:title", &["1 text", "2 text"]);
    check("shop -(zone:title delta)", &["1 text", "2 text"]);
    // What says where to look says so for everything beside it.
    check("zone:text shop bitcoin", &["2 text"]);
    check("(zone:comment bitcoin) shop", &["1 comment", "1 text"]);
    check("title:shop bitcoin", &["0 text", "0 title"]);
    check("language:ru", &["0 comment"]);
    check("language:ru shop", &[]);
    check("(language:ru старый) shop", &["0 comment", "0 title"]);
    check("exhibit:E2 -delta", &["1 comment", "1 text"]);
    check("delta OR coins", &["0 title", "1 text"]);
    check("(delta OR coins) bitcoin", &["0 text", "0 title", "1 comment", "1 text"]);
    check("selector:a@example.org delta", &["0 comment", "0 text", "0 title"]);
}

#[test]
fn law_01_a_document_outside_the_reach_answers_no_part_of_a_question() {
    let shelf = pages();
    let answer = shelf.ask_within("shop bitcoin", &["E-0002"], &[]);
    assert_eq!((answer.hits.len(), answer.candidates), (2, 2));
    let answer = shelf.ask_within("shop bitcoin", &["E-0001", "E-0002"], &["blob-0", "blob-1"]);
    assert_eq!((answer.hits.len(), answer.candidates), (1, 1));
}

/// Two mails of one exhibit and the file beside them: a header and two parts each.
fn mails() -> Shelf {
    let shelf = Shelf { home: TempDir::new().unwrap(), key: IndexKey::fresh().unwrap() };
    let mut writer = shelf.open().writer().unwrap();
    let parts = [(0, "7", "from somchai"), (1, "7", "the parcel goes on friday"), (2, "7", "list of the lawyer"), (3, "8", "from somchai"), (4, "8", "nothing on friday"), (5, "", "the parcel from somchai")];
    for (n, mail, text) in parts {
        writer.add(&Held { mail: Some(mail.to_string()).filter(|mail| !mail.is_empty()), ..held("E-0001", text, n) }).unwrap();
    }
    // Another exhibit has a mail of the same number.
    writer.add(&Held { mail: Some("7".into()), ..held("E-0002", "from khamla", 6) }).unwrap();
    writer.commit().unwrap();
    shelf
}

fn blobs(answer: &Answer) -> Vec<&str> {
    let mut found: Vec<&str> = answer.hits.iter().map(|hit| hit.held.blob.as_deref().unwrap()).collect();
    found.sort_unstable();
    found
}

#[test]
fn law_09_the_parts_of_one_mail_answer_together_and_each_has_its_own_bytes() {
    let shelf = mails();
    let check = |question: &str, expected: &[&str]| assert_eq!(blobs(&shelf.ask(question)), expected, "{question}");
    check("somchai parcel", &["blob-0", "blob-1", "blob-5"]);
    check("somchai -parcel", &["blob-3"]);
    check("friday -lawyer", &["blob-4"]);
    check("khamla parcel", &[]);
    check("lawyer khamla", &[]);
}

#[test]
fn law_07_a_restricted_part_of_a_mail_answers_neither_for_the_others_nor_against_them() {
    let shelf = mails();
    let ask = |question: &str| shelf.ask_within(question, &["E-0001"], &["blob-2"]);
    assert!(blobs(&ask("somchai lawyer")).is_empty());
    assert_eq!(blobs(&ask("somchai -lawyer")), ["blob-0", "blob-3", "blob-5"]);
    assert_eq!(ask("somchai -lawyer").candidates, 3);
}

#[test]
fn near_and_nearly_count_letters_where_words_have_no_blanks() {
    let shelf = regional();
    // Seven letters stand between the two.
    for question in ["\"ເຄື່ອງໃໝ່ ສອງມື້\"~7", "\"ສອງມື້ ເຄື່ອງໃໝ່\"~7"] {
        assert_eq!(shelf.marked(question), ["ເຄື່ອງໃໝ່ ສົ່ງພາຍໃນສອງມື້"], "{question}");
    }
    assert_eq!(shelf.marked("\"ເຄື່ອງໃໝ່ ສອງມື້\"~6"), [""; 0]);
    // What was typed without a blank stands together, however near its letters are.
    assert_eq!(shelf.marked("\"ໝ່ໃເຄື່ອງ ສອງມື້\"~20"), [""; 0]);
    assert_eq!(shelf.marked("\"дважды товар\"~1"), ["товар, проверено дважды"]);
    for (question, found) in [
        ("ເຄື່ອຍໃໝ່~", "ເຄື່ອງໃໝ່"), ("ของใหส่ง~", "ของใหม่ส่ง"), ("ของใหม่กส่ง~", "ของใหม่ส่ง"), ("新货试测两次~2", "新货测试两次"), ("\"quiet twon\"", ""),
        ("quiet~ towm~", "quiet town"),
    ] {
        assert_eq!(shelf.marked(question).join(" "), found, "{question}");
    }
    for (question, word) in [("ສອງ~", "at least 4 letters"), ("测试两次~2", "at least 6 letters")] {
        let told = read_ask(question).unwrap_err();
        assert!(told.contains(word), "{question}: {told}");
    }
}

#[test]
fn whole_words_of_a_dictionary_stand_first_and_no_hit_depends_on_them() {
    // The dictionary knows both: to trade, and to sell.
    let shelf = Shelf::with(&[("E-0001", "คนค้าขายดี"), ("E-0001", "คนมาขายดี")]);
    let answer = shelf.ask("ขาย");
    let found: Vec<&str> = answer.hits.iter().map(|hit| hit.held.text.as_str()).collect();
    assert_eq!(found, ["คนมาขายดี", "คนค้าขายดี"]);
    let inside = |n: usize| stretch(&answer.hits[n].held.text, answer.hits[n].confirmed.places[0], 50).inside_word;
    assert!(!inside(0) && inside(1));
    // A stretch ends between words, and never inside a letter.
    let (text, at) = (LAO.repeat(5), LAO.len() * 2 + LAO.find("ສອງ").unwrap());
    let place = (at, at + "ສອງ".len());
    for around in 0..200 {
        let shown = stretch(&text, place, around);
        assert!(shown.from <= place.0 && shown.to >= place.1 && place.0 - shown.from <= around + 2 && shown.to - place.1 <= around + 2, "{around}: {shown:?}");
        assert!(text::tokens::is_boundary(&text, shown.from) && text::tokens::is_boundary(&text, shown.to), "{around}: {shown:?}");
    }
    assert_eq!(stretch("short", (0, 5), 10), store::index::Stretch { from: 0, to: 5, inside_word: false });
}

#[test]
fn every_phrase_with_one_letter_changed_is_found() {
    let shelf = regional();
    let mut asked = 0;
    for text in [LAO, THAI, KHMER, BURMESE, CHINESE] {
        let bounds = text::tokens::boundaries(text);
        for from in (0..bounds.len().saturating_sub(7)).step_by(3) {
            let piece = &text[bounds[from]..bounds[from + 6]];
            if piece.contains(' ') {
                continue;
            }
            let cut = |n: usize| bounds[from + n] - bounds[from];
            for n in 0..6 {
                for changed in [format!("{}{}", &piece[..cut(n)], &piece[cut(n + 1)..]), format!("{}ຮ{}", &piece[..cut(n)], &piece[cut(n + 1)..]), format!("{}ຮ{}", &piece[..cut(n)], &piece[cut(n)..])] {
                    // A mark that stands alone belongs to the letter before it: another piece.
                    if text::tokens(&changed).filter(|token| token.kind == text::tokens::Kind::Single).count() < 5 {
                        continue;
                    }
                    asked += 1;
                    assert!(!shelf.ask(&format!("{changed}~")).hits.is_empty(), "{changed} for {piece}");
                }
            }
        }
    }
    assert!(asked > 200, "only {asked}");
}

#[test]
fn an_exhibit_is_put_in_anew_and_only_one_program_writes() {
    let shelf = regional();
    let mut writer = shelf.open().writer().unwrap();
    let told = shelf.open().writer().map(|_| ()).unwrap_err().to_string();
    assert!(told.contains("another program"), "{told}");
    writer.without_exhibit("E-0002");
    writer.add(&held("E-0002", "nothing but this", 9)).unwrap();
    assert_eq!(shelf.ask("товар").hits.len(), 1, "before the commit nothing has changed");
    writer.commit().unwrap();
    assert_eq!(shelf.ask("товар").hits.len(), 0);
    assert_eq!(shelf.ask("\"nothing but\"").hits.len(), 1);
    // A writer that was dropped before its end has changed nothing.
    let mut writer = shelf.open().writer().unwrap();
    writer.without_exhibit("E-0002");
    drop(writer);
    assert_eq!(shelf.ask("\"nothing but\"").hits.len(), 1);
}

#[test]
fn the_map_of_a_passage_comes_back_as_it_was() {
    let shelf = Shelf { home: TempDir::new().unwrap(), key: IndexKey::fresh().unwrap() };
    let runs = vec![(0, 5_000_000_000, 0), (3, 17, 6), (4, u64::MAX / 4, 0), (9, 0, 1)];
    let mut writer = shelf.open().writer().unwrap();
    let secrets = vec![(3, 9), (9, 40), (5_000_000_000, u64::MAX / 4)];
    writer.add(&Held { runs: runs.clone(), secrets: secrets.clone(), ..held("E-0001", "one two three", 0) }).unwrap();
    writer.commit().unwrap();
    let hit = &shelf.ask("two").hits[0];
    assert_eq!((&hit.held.runs, &hit.held.secrets), (&runs, &secrets));
}
