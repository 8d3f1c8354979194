//! The normal form: what is made equal, what is not, and the way back to the raw bytes.

use proptest::prelude::*;
use text::normal::{How, Normal, fuzz_normal, normal, occurrences};

use crate::any_text;

/// All of these have one normal form.
#[track_caller]
fn equal(ways: &[&str]) {
    let forms: Vec<String> = ways.iter().map(|way| normal(way)).collect();
    assert!(forms.windows(2).all(|two| two[0] == two[1]), "{ways:?} gave {forms:?}");
}

#[track_caller]
fn differ(one: &str, other: &str) {
    assert_ne!(normal(one), normal(other), "{one:?} and {other:?}");
}

#[test]
fn lao_and_thai_ways_of_writing() {
    equal(&["ໜ້າ", "ຫນ້າ"]);
    equal(&["ໝາ", "ຫມາ"]);
    equal(&["ນ້ຳ", "ນ້ໍາ", "ນໍ້າ"]);
    equal(&["แม่", "เเม่"]);
    equal(&["ແມ່", "ເເມ່"]);
    equal(&["น้ำ", "นํ้า", "น้ํา"]);
    equal(&["ກີ່", "ກ່ີ", "ກີ່່"]);
    equal(&["ที่", "ท่ี"]);
    differ("ໜ້າ", "ໜາ");
    differ("ຫນ", "ນຫ");
    differ("ກີ", "ກິ");
    differ("น้ำ", "น้า");
}

#[test]
fn burmese_and_khmer_orders() {
    equal(&["မြို့", "မြို့", "မြ့ို", "မြုိ့"]);
    equal(&["\u{1025}\u{102E}", "\u{1026}"]);
    equal(&["ကွျ", "ကျွ"]);
    equal(&["ការ\u{17B5}", "ការ"]);
    equal(&["ស៊ី", "សី៊"]);
    differ("မြို", "မြို့");
    differ("ស៊ី", "សី");
}

#[test]
fn case_width_digits_and_blanks() {
    equal(&["Straße", "STRASSE", "strasse"]);
    equal(&["Ｂｉｔｃｏｉｎ", "bitcoin", "𝐁𝐢𝐭𝐜𝐨𝐢𝐧", "BIT\u{200B}CO\u{AD}IN"]);
    equal(&["ΣΟΦΟΣ", "σοφος", "σοφοσ"]);
    equal(&["໑໒໓", "๑๒๓", "១២៣", "၁၂၃", "١٢٣", "१२३", "１２３", "123"]);
    equal(&["a b", "a\u{A0}b", "a\u{3000}\tb", "a \n b"]);
    equal(&["oʻzbek", "o'zbek", "o’zbek", "o‘zbek", "oʼzbek"]);
    equal(&["tiếng Việt", "tiê\u{301}ng Viê\u{323}t", "tie\u{302}\u{301}ng Vie\u{323}\u{302}t"]);
    equal(&["ﬁn", "fin"]);
    equal(&["ﾊﾞ", "バ", "ハ\u{3099}"]);
    equal(&["가", "가"]);
    equal(&["–", "-", "—"]);
    differ("e", "é");
    differ("paypal", "раураl");
    differ("oʻ", "o");
    differ("1", "l");
}

#[test]
fn the_map_leads_to_the_raw_bytes() {
    let check = |raw: &str, part: &str, expected: &str| {
        let normal = Normal::of(raw);
        let at = normal.text().find(part).unwrap();
        assert_eq!(&raw[normal.raw(at..at + part.len())], expected, "{part} of {raw}");
    };
    check("x ໑\u{200B}໒ y", "12", "໑\u{200B}໒");
    check("ABC déf", "bc d", "BC d");
    check("de\u{301}f", "é", "e\u{301}");
    check("de\u{301}f", "f", "f");
    check("Straße!", "ss", "ß");
    check("Straße!", "e!", "e!");
    check("ໜ້າ", "ຫ", "ໜ");
    check("ໜ້າ", "ນ້", "ໜ້");
    check("a \u{A0} b", " ", " \u{A0} ");
    check("  b", "b", "b");
    let normal = Normal::of("abc");
    assert_eq!((normal.raw(0..0), normal.raw(3..3), normal.raw(0..3)), (0..0, 3..3, 0..3));
}

#[test]
fn occurrences_loose_and_exact() {
    let check = |text: &str, query: &str, loose: usize, exact: usize| {
        let count = |how| occurrences(text, query, how).len();
        assert_eq!((count(How::Loose), count(How::Exact)), (loose, exact), "{query} in {text}");
    };
    check("Buy BTC, buy btc. buy-BTC", "buy btc", 3, 2);
    check("ກຂກຂກ", "ກຂກ", 2, 2);
    check("ກຂ ກຂ", "ຂກ", 1, 0);
    check("ນ້ຳ", "ນ", 0, 0);
    check("foobar", "foo", 0, 0);
    check("l'argent", "argent", 1, 1);
    check("", "x", 0, 0);
    check("x", "", 0, 0);
    check("x", ", -", 0, 0);
    assert_eq!(occurrences("ລາຄາ ໕໐໐", "500", How::Exact).first(), Some(&(13..22)));
}

proptest! {
    #![proptest_config(crate::cases())]
    #[test]
    fn any_text_has_a_normal_form_and_a_way_back(raw in any_text()) {
        fuzz_normal(&raw);
    }

    #[test]
    fn canonical_equivalents_are_one(raw in any_text()) {
        use unicode_normalization::UnicodeNormalization;
        // What is gone, and what parts a letter from its marks, is left out: removing it is not a canonical matter.
        let raw: String = raw.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || unicode_normalization::char::is_combining_mark(*c)).collect();
        prop_assert_eq!(normal(&raw), normal(&raw.nfd().collect::<String>()));
        prop_assert_eq!(normal(&raw), normal(&raw.nfc().collect::<String>()));
    }
}
