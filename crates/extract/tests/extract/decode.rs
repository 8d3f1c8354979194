//! Charsets and JSON: what is read, that every place leads back to the raw bytes, and that hostile bytes end as text.

use encoding_rs::Encoding;
use extract::decode::{Charset, Told, choose, fuzz_decode, text};
use extract::{Hints, Kind, Scanner};
use model::selector::SelectorType;
use proptest::prelude::*;

use super::only;

const RUSSIAN: &str = "Продам документы, доставка по всей России и Казахстану. Оплата только криптовалютой, гарантия и отзывы постоянных покупателей. Пишите на почту vendor@example.org или в телеграм, отвечаю быстро и без лишних вопросов.";
const THAI: &str = "ขายสินค้าคุณภาพดี ส่งทั่วประเทศไทย ชำระเงินด้วยบิตคอยน์เท่านั้น ติดต่อสอบถามได้ที่ vendor@example.org ตลอดเวลา รับประกันความพอใจของลูกค้าทุกคน";
const CHINESE: &str = "本店长期出售各类商品，质量保证，全国发货，只接受比特币付款，请联系邮箱 vendor@example.org 我们会尽快回复您的消息，谢谢大家的支持。";
const TAIWAN: &str = "本店長期出售各類商品，品質保證，全國發貨，只接受比特幣付款，請聯絡信箱 vendor@example.org 我們會盡快回覆您的訊息，謝謝大家的支持。";
const VIETNAMESE: &str = "Bán hàng chất lượng, giao hàng toàn quốc, thanh toán bằng tiền điện tử, liên hệ vendor@example.org để biết thêm";
const LAO: &str = "ຂາຍສິນຄ້າຄຸນນະພາບດີ ສົ່ງທົ່ວປະເທດ ຕິດຕໍ່ vendor@example.org ໄດ້ຕະຫຼອດເວລາ";

fn encoding(label: &str) -> &'static Encoding {
    Encoding::for_label(label.as_bytes()).unwrap()
}

/// Bytes of `text`; UTF-16 too, which the library only reads.
fn bytes(text: &str, label: &str) -> Vec<u8> {
    match label {
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => {
            let (bytes, _, lost) = encoding(label).encode(text);
            assert!(!lost, "{label} can write it");
            bytes.into_owned()
        }
    }
}

/// The one address is found where its bytes stand, and the answer says by which charset.
#[track_caller]
fn check(written: &str, label: &str, declared: bool) {
    let raw = bytes(written, label);
    let charset = Charset::of(label).filter(|_| declared);
    let decoded = text(&raw, charset);
    assert_eq!(decoded.text, written, "read as {:?}", decoded.step());
    for (at, letter) in written.char_indices().step_by(7) {
        let (start, end) = decoded.raw_range(at, at + letter.len_utf8());
        assert_eq!(&raw[start..end], bytes(&letter.to_string(), label), "{letter} in {label}");
    }
    for scanner in [Scanner::new(), Scanner::with_window(0)] {
        let found = scanner.declared(charset).scan(&raw, &Hints::default());
        let mail = only(&found, SelectorType::Email);
        let here = bytes("vendor@example.org", label);
        assert_eq!(&raw[usize::try_from(mail.start).unwrap()..usize::try_from(mail.end).unwrap()], here, "{label}");
        assert!(mail.reason.contains("decoded from"), "{}", mail.reason);
    }
}

#[test]
fn declared_charsets_are_read() {
    for (written, labels) in [
        (RUSSIAN, &["windows-1251", "koi8-r", "iso-8859-5", "ibm866"][..]),
        (THAI, &["windows-874", "tis-620"]),
        (CHINESE, &["gbk", "gb18030", "gb2312"]),
        (TAIWAN, &["big5"]),
    ] {
        for label in labels {
            check(written, label, true);
        }
    }
    let raw = b"Gi\xe1\xec 100 \xfe vendor@example.org";
    assert_eq!(text(raw, Charset::of("windows-1258")).text, "Giá\u{301} 100 ₫ vendor@example.org");
}

#[test]
fn undeclared_charsets_are_told_by_their_shape() {
    for (written, label) in [(RUSSIAN, "windows-1251"), (RUSSIAN, "koi8-r"), (THAI, "windows-874"), (CHINESE, "gbk"), (TAIWAN, "big5")] {
        check(written, label, false);
    }
}

#[test]
fn utf_16_is_read_with_and_without_a_mark() {
    for written in [RUSSIAN, THAI, CHINESE, VIETNAMESE, LAO, "plain ASCII with vendor@example.org in it"] {
        for label in ["utf-16le", "utf-16be"] {
            check(written, label, false);
            let raw = bytes(&format!("\u{feff}{written}"), label);
            let decoded = text(&raw, None);
            assert_eq!((&*decoded.text, decoded.choice.unwrap().told), (written, Told::Mark));
            assert_eq!(decoded.raw_range(0, 1).0, 2);
        }
    }
    let halves = [0x3d, 0xd8, 0x20, 0x00, 0x41, 0x00, 0x42, 0x00, 0x43];
    let marked = [&[0xff, 0xfe], &halves[..]].concat();
    assert_eq!(text(&marked, None).text, "\u{fffd} AB\u{fffd}");
}

#[test]
fn pages_declare_their_charset() {
    for head in ["<meta charset=windows-1251>", "<META http-equiv='Content-Type' content='text/html; charset=Windows-1251'>", "<?xml version='1.0' encoding=\"windows-1251\"?><div>"] {
        let page = format!("{head}<p>Привет: a@example.org</p>");
        let raw = bytes(&page, "windows-1251");
        let decoded = text(&raw, None);
        assert_eq!((&*decoded.text, decoded.choice.unwrap().told), (page.as_str(), Told::Page));
        let found = Scanner::new().scan(&raw, &Hints::default());
        let mail = only(&found, SelectorType::Email);
        assert_eq!(&raw[mail.start as usize..mail.end as usize], b"a@example.org");
    }
}

#[test]
fn what_is_declared_wrongly_is_read_by_its_bytes() {
    assert!(choose(RUSSIAN.as_bytes(), Charset::of("windows-1251")).is_none(), "valid UTF-8 stays");
    let raw = bytes(RUSSIAN, "windows-1251");
    let decoded = text(&raw, Charset::of("utf-8"));
    assert_eq!(decoded.text, RUSSIAN);
    assert!(decoded.choice.unwrap().against_declared);
    assert_eq!(text(&bytes(CHINESE, "gbk"), Charset::of("big5")).text, CHINESE);
    assert_eq!(Charset::of_media_type("text/html; Charset=\"KOI8-R\""), Charset::of("koi8-r"));
    assert_eq!(Charset::of_media_type("text/html"), None);
}

#[test]
fn faults_in_utf_8_become_replacements_and_overlong_forms_stay_hidden() {
    let mut raw = RUSSIAN.repeat(3).into_bytes();
    let space = raw.iter().position(|b| *b == b' ').unwrap();
    raw.splice(space..space, *b"\xc0\xaf");
    let decoded = text(&raw, None);
    assert_eq!((decoded.choice, decoded.replaced), (None, 2));
    assert!(decoded.text.contains("\u{fffd}\u{fffd}") && !decoded.text.contains('/'));
    let at = decoded.text.find("vendor").unwrap();
    let (start, end) = decoded.raw_range(at, at + 6);
    assert_eq!(&raw[start..end], b"vendor");
}

#[test]
fn what_is_no_text_is_not_decoded() {
    let noise: Vec<u8> = (0..60_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    assert!(choose(&noise, None).is_none());
    let without_nul: Vec<u8> = noise.iter().map(|b| *b.max(&1)).collect();
    assert!(choose(&without_nul, None).is_none());
    assert!(choose(&[0; 4096], None).is_none());
    assert!(choose(b"\xff\xfe\0\0a\0\0\0", None).is_none(), "UTF-32 is not read");
}

#[test]
fn law_06_places_in_decoded_text_lead_to_the_raw_bytes() {
    let mut written = String::new();
    for n in 0..60_000 {
        written += &format!("Продавец номер {n}: {n}@example.org, пишите\n");
    }
    for label in ["windows-1251", "utf-16le", "gb18030"] {
        let raw = bytes(&written, label);
        let charset = Charset::of(label);
        let found = Scanner::new().declared(charset).scan(&raw, &Hints::default());
        assert_eq!(found.len(), 60_000);
        for (n, mail) in found.iter().enumerate() {
            assert_eq!(&raw[mail.start as usize..mail.end as usize], bytes(&format!("{n}@example.org"), label), "{mail:?}");
        }
        let small = Scanner::with_window(0).declared(charset);
        let mut streamed = Vec::new();
        assert_eq!(small.scan_reader(&*raw, &Hints::default(), |s| streamed.push(s)).unwrap(), raw.len() as u64);
        assert!(streamed == found && small.scan(&raw, &Hints::default()) == found, "{label}");
    }
}

fn json(input: &str) -> Vec<(String, &str)> {
    let found = Scanner::new().scan(input.as_bytes(), &Hints::default());
    found.into_iter().map(|s| (s.value, &input[s.start as usize..s.end as usize])).collect()
}

#[test]
fn escapes_of_json_are_undone() {
    assert_eq!(json(r#"{"contact": "https:\/\/t.me\/vendor_one"}"#)[0], ("https://t.me/vendor_one".into(), r"https:\/\/t.me\/vendor_one"));
    assert_eq!(json(r#"[{"m":"a\u0040example.org\nnext"}]"#), [("a@example.org".into(), r"a\u0040example.org")]);
    assert_eq!(json("{\"m\":\"\\u0e82\\u0eb2\\u0e8d b@example.org\"}"), [("b@example.org".into(), "b@example.org")]);
    // A soft hyphen that is written as an escape parts nothing.
    assert_eq!(json(r#"{"m":"ven\u00addor@example.org"}"#)[0].0, "vendor@example.org");
    let smile = r#"{"m":"\ud83d\ude00 c@example.org \ud83d \u12"}"#;
    assert_eq!(json(smile).len(), 1);
    let lao = r#"{"text":"\u0ea5\u0eb2\u0ea7 d@example.org"}"#;
    let hints = Hints { kind: Kind::Json, ..Hints::default() };
    let found = Scanner::new().scan(lao.as_bytes(), &hints);
    assert_eq!(&lao[found[0].start as usize..found[0].end as usize], "d@example.org");
}

#[test]
fn runs_of_office_documents_are_joined_and_paragraphs_are_not() {
    let word = r#"<?xml version="1.0"?><w:document><w:body><w:p><w:r><w:t>vendor@exa</w:t></w:r><w:proofErr w:type="x"/><w:r><w:rPr><w:b/><w:lang w:val="en"/></w:rPr><w:t>mple.org</w:t></w:r></w:p><w:p><w:r><w:t>b@example</w:t></w:r></w:p><w:p><w:r><w:t>.org</w:t></w:r></w:p></w:body></w:document>"#;
    let sheet = r#"<?xml version="1.0"?><sst><si><r><t>vendor@exa</t></r><r><rPr><b/><sz val="11"/><color rgb="1"/></rPr><t>mple.org</t></r></si><si><t>b@example</t></si><si><t>.org</t></si></sst>"#;
    let slide = "<?xml version='1.0'?><p:txBody><a:p><a:r><a:rPr lang='en'/><a:t>vendor@exa</a:t></a:r><a:r><a:t>mple.org</a:t></a:r></a:p></p:txBody>";
    let writer = "<?xml version='1.0'?><text:p>vendor@exa<text:span text:style-name='T1'>mple.org</text:span></text:p><text:p>b@example</text:p><text:p>.org</text:p>";
    for document in [word, sheet, slide, writer] {
        let found = json(document);
        let mails: Vec<&str> = found.iter().filter(|(value, _)| value.contains('@')).map(|(value, _)| value.as_str()).collect();
        assert_eq!(mails, ["vendor@example.org"], "{document}");
        let (_, raw) = found.iter().find(|(value, _)| value.contains('@')).unwrap();
        assert!(raw.starts_with("vendor@exa") && raw.ends_with("mple.org"), "{raw}");
    }
}

#[test]
fn nesting_and_endless_lines_cost_no_more_than_their_length() {
    let began = std::time::Instant::now();
    let tags = "<div><b>".repeat(20_000) + "a@example.org";
    let brackets = "{\"a\":[".repeat(40_000) + "\"b@example.org\"";
    let line = "привет ".repeat(1 << 20).into_bytes();
    let (legacy, _, _) = encoding_rs::WINDOWS_1251.encode(std::str::from_utf8(&line).unwrap());
    let escapes = format!("{{\"a\":\"{}\"}}", "\\u0430".repeat(1 << 20));
    for bytes in [tags.as_bytes(), brackets.as_bytes(), &line, &legacy, escapes.as_bytes()] {
        Scanner::new().scan(bytes, &Hints::default());
        extract::chat::read(bytes);
    }
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn strings_in_scripts_are_read_as_strings() {
    let page = r#"<script>var a = {"url":"https:\/\/example.org\/x","m":"a\u0040example.org"};</script>"#;
    let values: Vec<String> = json(page).into_iter().map(|(value, _)| value).collect();
    assert!(values.contains(&"https://example.org/x".into()) && values.contains(&"a@example.org".into()), "{values:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_bytes_are_text_that_leads_back(raw in proptest::collection::vec(any::<u8>(), 0..600), lead in proptest::sample::select(vec![&b""[..], b"\xff\xfe", b"\xfe\xff", b"<meta charset=gb18030>", b"<meta charset=big5>", b"<meta charset=windows-1251>"])) {
        fuzz_decode(&[lead, &raw].concat());
    }

    #[test]
    fn any_json_leads_back(parts in proptest::collection::vec(proptest::sample::select(vec!["{\"a\":\"", "\\u0e", "\\ud83d", "\\ude00", "\\", "\\/", "\\\"", "a@example.org", "\\u00ad", "}", "[", "ຂ", "\u{200b}"]), 0..30)) {
        fuzz_decode(parts.concat().as_bytes());
        extract::fuzz_scan(parts.concat().as_bytes());
    }
}

#[test]
fn the_corpus_of_charsets_is_replayed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/decode");
    let mut count = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for length in [bytes.len(), bytes.len() / 2, bytes.len() / 3] {
            fuzz_decode(&bytes[..length]);
            extract::fuzz_scan(&bytes[..length]);
        }
        count += 1;
    }
    assert!(count >= 8, "{count} files");
}

/// Writes the corpus: run by hand after a change.
#[test]
#[ignore = "writes into the tree"]
fn write_the_corpus_of_charsets() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/decode");
    std::fs::create_dir_all(&folder).unwrap();
    for (written, label) in [(RUSSIAN, "windows-1251"), (RUSSIAN, "koi8-r"), (THAI, "windows-874"), (CHINESE, "gb18030"), (TAIWAN, "big5"), (LAO, "utf-16le"), (THAI, "utf-16be")] {
        std::fs::write(folder.join(label), bytes(written, label)).unwrap();
    }
    std::fs::write(folder.join("escapes.json"), br#"{"m":"a\u0040example.org\ud83d\ude00\ud83d\/\n\u00ad\x"}"#).unwrap();
    std::fs::write(folder.join("overlong"), b"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf a@example.org \xed\xa0\x80").unwrap();
}
