//! Scripts, clusters, words, look-alikes, Zawgyi.

use proptest::prelude::*;
use text::{
    clusters::{around, clusters, fuzz_clusters},
    fold::{fold, fuzz_fold},
    script::{Script, fuzz_script, runs, share},
    words::{fuzz_words, words},
    zawgyi::{Encoding, fuzz_zawgyi, guess, to_unicode},
};

use crate::any_text;

#[test]
fn runs_of_scripts() {
    let check = |text: &str, expected: &[(Option<Script>, &str)]| {
        let told: Vec<(Option<Script>, &str)> = runs(text).map(|run| (run.script, &text[run.raw])).collect();
        assert_eq!(told, expected);
    };
    use Script::{Arabic, Cyrillic, Han, Khmer, Lao, Latin, Myanmar, Other, Thai};
    check("", &[]);
    check("12 €", &[(None, "12 €")]);
    check("1. ขาย ຂາຍ, លក់ ရောင်း 出售 sell продать بيع ขาย!", &[
        (Some(Thai), "1. ขาย "), (Some(Lao), "ຂາຍ, "), (Some(Khmer), "លក់ "), (Some(Myanmar), "ရောင်း "), (Some(Han), "出售 "),
        (Some(Latin), "sell "), (Some(Cyrillic), "продать "), (Some(Arabic), "بيع "), (Some(Thai), "ขาย!"),
    ]);
    check("Нydrа", &[(Some(Cyrillic), "Н"), (Some(Latin), "ydr"), (Some(Cyrillic), "а")]);
    check("ελ e\u{301}", &[(Some(Other), "ελ "), (Some(Latin), "e\u{301}")]);
    assert_eq!(share("ab ຂາຍ 1"), [(Lao, 3), (Latin, 2)]);
}

#[test]
fn clusters_of_people() {
    let check = |text: &str, expected: &[&str]| {
        let told: Vec<&str> = clusters(text).map(|raw| &text[raw]).collect();
        assert_eq!(told, expected);
    };
    check("ស្ត្រី", &["ស្ត្រី"]);
    check("မြန်မာ", &["မြ", "န်", "မာ"]);
    check("သတ္တိ", &["သ", "တ္တိ"]);
    check("ນ້ຳ", &["ນ້ຳ"]);
    check("👍🏽e\u{301}", &["👍🏽", "e\u{301}"]);
    check("x\u{102C}", &["x", "\u{102C}"]);
    assert_eq!(around("abນ້ຳc", 2..5), 2..11);
    assert_eq!(around("abນ້ຳc", 11..12), 11..12);
    // Wherever one looks, what is found is what the whole text is cut into.
    let mixed = "ok\r\n ນ້ຳ BTCຂາຍ ok\u{301} ស្ត្រី\u{0600}12 e\u{301}\u{200d}x ကျော်း ab\r".repeat(20);
    clusters(&mixed).for_each(|cluster| assert_eq!(around(&mixed, cluster.clone()), cluster));
    // A long text of one piece without an end.
    fuzz_clusters(&"ຂາຍ 新货ok ｂｉｔ ﬁTC".repeat(4_000));
}

#[test]
fn dictionary_words() {
    let check = |text: &str, expected: &[&str]| {
        let told: Vec<String> = words(text).map(|w| w.text).collect();
        assert_eq!(told, expected);
    };
    check("Hello, ສະບາຍດີ!", &["hello", "ສະບາຍດີ"]);
    check("ราคาสินค้า", &["ราคา", "สินค้า"]);
    check("សួស្តី ពិភពលោក", &["សួស្តី", "ពិភពលោក"]);
    check("价格优惠", &["价格", "优惠"]);
}

#[test]
fn look_and_sound() {
    let check = |word: &str, look: &str, sound: Option<&str>| {
        let folded = fold(word);
        assert_eq!((folded.look.as_str(), folded.sound.as_deref()), (look, sound), "{word}");
    };
    check("РayРal", "paypal", Some("rayral"));
    check("PayPal", "paypal", None);
    check("Россия", "poccия", Some("rossiya"));
    check("Tiếng Việt", "tieng viet", None);
    check("Đồng", "dong", None);
    check("Łódź", "lodz", None);
    check("қазақ", "kaзak", Some("qazaq"));
    check("g00gle", "g00gle", None);
    check("ပ၀", "ပ0", None);
    check("ပဝ", "ပ0", None);
    check("ຂາຍ", "ຂາຍ", None);
}

#[test]
fn zawgyi_is_told_and_converted() {
    let check = |zawgyi: &str, unicode: &str| {
        assert_eq!(text::normal::normal(to_unicode(zawgyi).text()), text::normal::normal(unicode), "{}", to_unicode(zawgyi).text());
    };
    check("ျမန္မာ", "မြန်မာ");
    check("ေက်ာင္း", "ကျောင်း");
    check("အဂၤလိပ္", "အင်္ဂလိပ်");
    check("ၿမိဳ႕", "မြို့");
    check("ေစ်း", "ဈေး".replace('ဈ', "စျ").as_str());
    check("ပစၥည္း", "ပစ္စည်း");
    check("price 500, ok", "price 500, ok");
    for zawgyi in ["ျမန္မာ", "ေက်ာင္း", "ၿမိဳ႕ေတာ္"] {
        assert_eq!(guess(zawgyi).encoding(), Encoding::Zawgyi, "{zawgyi} {:?}", guess(zawgyi));
    }
    for unicode in ["မြန်မာနိုင်ငံတော်", "ကျောင်းတော်", "အင်္ဂလိပ်စာကို ရောင်းသည်။"] {
        assert_eq!(guess(unicode).encoding(), Encoding::Unicode, "{unicode} {:?}", guess(unicode));
    }
    for unclear in ["", "က", "hello", "မမ"] {
        assert_eq!(guess(unclear).encoding(), Encoding::Unclear, "{unclear} {:?}", guess(unclear));
    }
    let converted = to_unicode("x ေမာင္ y");
    let at = converted.text().find('မ').unwrap();
    assert_eq!(converted.raw(at..at + 3), 2..11);
    let y = converted.text().find('y').unwrap();
    assert_eq!(&"x ေမာင္ y"[converted.raw(y..y + 1)], "y");
}

proptest! {
    #![proptest_config(crate::cases())]
    #[test]
    fn no_text_stops_any_of_them(text in any_text()) {
        fuzz_script(&text);
        fuzz_clusters(&text);
        fuzz_words(&text);
        fuzz_fold(&text);
        fuzz_zawgyi(&text);
    }
}
