//! Mail: headers, transfer codings, charsets, parts and mbox are undone, every selector leads back to its raw bytes,
//! and a stranger's nesting costs no more than its length.

use encoding_rs::Encoding;
use extract::decode::{Left, fuzz_mail};
use extract::{Hints, Kind, Scanner};
use model::selector::{FoundSelector, SelectorType};
use proptest::prelude::*;

const LAO: &str = "ຂາຍສິນຄ້າຄຸນນະພາບດີ ຕິດຕໍ່ vendor@example.org ໄດ້ຕະຫຼອດເວລາ";
const THAI: &str = "ขายสินค้าคุณภาพดี ติดต่อสอบถามได้ที่ vendor@example.org ตลอดเวลา";
const RUSSIAN: &str = "Продам корзины и фонари, пишите на vendor@example.org в любое время";

/// What a message begins with; a body or more fields follow.
const HEAD: &str = "From: A <a@example.com>\r\nTo: b@example.net\r\nDate: Mon, 02 Mar 2026 10:00:00 +0700\r\nMIME-Version: 1.0\r\n";

fn encoded(text: &str, label: &str) -> Vec<u8> {
    Encoding::for_label(label.as_bytes()).unwrap().encode(text).0.into_owned()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        (0..4).map(|n| if n > chunk.len() { '=' } else { char::from(LETTERS[(bits >> (18 - 6 * n) & 63) as usize]) }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

/// In lines of 76, as mail has it.
fn base64_lines(bytes: &[u8]) -> String {
    base64(bytes).as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + "\r\n").collect()
}

fn quoted(bytes: &[u8]) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for byte in bytes {
        let code = if byte.is_ascii_alphanumeric() || b" @.".contains(byte) { char::from(*byte).to_string() } else { format!("={byte:02X}") };
        if column + code.len() > 75 {
            out += "=\r\n";
            column = 0;
        }
        column += code.len();
        out += &code;
    }
    out
}

fn scan(raw: &[u8]) -> (Vec<FoundSelector>, Vec<Left>) {
    let (mut found, mut left) = (Vec::new(), Vec::new());
    let read = Scanner::new().scan_reader_telling(raw, &Hints::default(), |s| found.push(s), |l| left.push(l)).unwrap();
    assert_eq!(read, raw.len() as u64);
    assert!(found.is_sorted_by_key(|s| (s.start, s.end, s.selector_type)));
    assert_eq!(Scanner::new().scan(raw, &Hints::default()), found);
    assert_eq!(Scanner::with_window(0).scan(raw, &Hints::default()), found);
    (found, left)
}

/// The mail address of this value, of which there is one.
#[track_caller]
fn one<'f>(found: &'f [FoundSelector], value: &str) -> &'f FoundSelector {
    let all: Vec<_> = found.iter().filter(|s| s.value == value && s.selector_type == SelectorType::Email).collect();
    assert_eq!(all.len(), 1, "{value} in {found:#?}");
    all[0]
}

fn raw_of<'r>(raw: &'r [u8], found: &FoundSelector) -> &'r [u8] {
    &raw[usize::try_from(found.start).unwrap()..usize::try_from(found.end).unwrap()]
}

/// A message with one body; the address in it stands at `there`, and these steps led to it.
#[track_caller]
fn body(fields: &str, body: &str, there: &str, steps: &[&str]) {
    let raw = format!("{HEAD}{fields}\r\n{body}");
    let (found, _) = scan(raw.as_bytes());
    let mail = one(&found, "vendor@example.org");
    assert_eq!(String::from_utf8_lossy(raw_of(raw.as_bytes(), mail)), there);
    assert_eq!(mail.steps, steps, "{mail:?}");
    one(&found, "a@example.com");
}

#[test]
fn bodies_are_read_through_coding_and_charset() {
    let plain = "Content-Type: text/plain; charset=utf-8\r\n";
    for text in [LAO, THAI, RUSSIAN] {
        body(plain, text, "vendor@example.org", &[]);
        body(&format!("{plain}Content-Transfer-Encoding: Quoted-Printable\r\n"), &quoted(text.as_bytes()).replace("@", "=40"), "vendor=40example.org", &["quoted-printable undone"]);
    }
    for (text, label, name) in [(THAI, "windows-874", "windows-874"), (THAI, "TIS-620", "windows-874"), (RUSSIAN, "koi8-r", "KOI8-R"), (RUSSIAN, "windows-1251", "windows-1251")] {
        let fields = format!("Content-Type: text/plain;\r\n\tformat=flowed; charset=\"{label}\"\r\nContent-Transfer-Encoding: quoted-printable\r\n");
        let step = format!("decoded from {name} (as the sender declares)");
        body(&fields, &quoted(&encoded(text, label)).replace("vendor", "ve=\r\nndor"), "ve=\r\nndor@example.org", &["quoted-printable undone", &step]);
    }
}

#[test]
fn a_place_in_base64_is_that_of_the_letters_that_hold_it() {
    for shift in 0..6 {
        let text = format!("{}{THAI}", "x".repeat(shift) + " ");
        let bytes = encoded(&text, "tis-620");
        let raw = format!("{HEAD}Content-Type: text/plain; charset=tis-620\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", base64_lines(&bytes));
        let (found, _) = scan(raw.as_bytes());
        let mail = one(&found, "vendor@example.org");
        let at = bytes.iter().position(|b| *b == b'@').unwrap() - 6;
        let (first, last) = (at * 8 / 6, ((at + 18) * 8 - 1) / 6);
        let place = |letter: usize| (raw.find("\r\n\r\n").unwrap() + 4 + letter / 76 * 78 + letter % 76) as u64;
        assert_eq!((mail.start, mail.end), (place(first), place(last) + 1), "{shift}");
        assert_eq!(mail.steps, ["base64 undone", "decoded from windows-874 (as the sender declares)"]);
    }
    // One letter a line, a filling in the middle, and a line of something else below.
    let letters = base64(b"vendor@exa") + &base64(b"mple.org ");
    let raw = format!("{HEAD}Content-Transfer-Encoding: base64\r\n\r\n{}\r\nlist: c@example.org\r\n", letters.chars().map(|c| format!("{c}\n")).collect::<String>());
    let (found, _) = scan(raw.as_bytes());
    let mail = one(&found, "vendor@example.org");
    assert!(raw_of(raw.as_bytes(), mail).starts_with(base64(b"vendor")[..2].chars().map(|c| format!("{c}\n")).collect::<String>().as_bytes()));
    assert_eq!(raw_of(raw.as_bytes(), one(&found, "c@example.org")), b"c@example.org");
}

#[test]
fn headers_are_unfolded_and_their_words_decoded() {
    let subject = |value: &str, there: &str, steps: &[&str]| body(&format!("Subject: {value}\r\n"), "nothing here", there, steps);
    let step = |label: &str| format!("encoded word of a header decoded ({label})");
    subject("write to\r\n vendor@example.org", "vendor@example.org", &[]);
    let word = format!("=?koi8-r?B?{}?=", base64(&encoded(RUSSIAN, "koi8-r")));
    for (text, label, name) in [(RUSSIAN, "koi8-r", "KOI8-R"), (THAI, "windows-874", "windows-874"), (THAI, "tis-620*th", "windows-874"), (LAO, "utf-8", "UTF-8")] {
        let bytes = encoded(text, label.split('*').next().unwrap());
        let q: String = bytes.iter().map(|b| if b.is_ascii_alphanumeric() { char::from(*b).to_string() } else if *b == b' ' { "_".into() } else { format!("={b:02x}") }).collect();
        subject(&format!("=?{label}?Q?{q}?="), "vendor=40example=2eorg", &[&step(name)]);
    }
    let raw = format!("{HEAD}Subject: Re: {word}\r\n\r\nx");
    let (found, _) = scan(raw.as_bytes());
    let mail = one(&found, "vendor@example.org");
    let there = String::from_utf8_lossy(raw_of(raw.as_bytes(), mail)).into_owned();
    assert!(word.contains(&there) && (24..=26).contains(&there.len()), "{there}");
    // Two words are one text, also when an address is cut between them, or a letter.
    let (first, second) = (base64("ຂ vendor@exam".as_bytes()), base64("ple.org ຂ".as_bytes()));
    let raw = format!("{HEAD}Subject: =?utf-8?b?{first}?=\r\n =?UTF-8?B?{second}?=\r\n\r\nx");
    let (found, _) = scan(raw.as_bytes());
    assert!(raw_of(raw.as_bytes(), one(&found, "vendor@example.org")).windows(5).any(|five| five == b"?=\r\n "));
    // Bytes of a charset without a word about it in the header itself.
    let raw = [format!("{HEAD}Content-Type: text/plain; charset=windows-1251\r\nSubject: ").as_bytes(), &encoded(RUSSIAN, "windows-1251"), b"\r\n\r\nx"].concat();
    let (found, _) = scan(&raw);
    let mail = one(&found, "vendor@example.org");
    assert_eq!((raw_of(&raw, mail), mail.steps.len()), (&b"vendor@example.org"[..], 1));
    assert_eq!(mail.context.first().map(|cue| (cue.word.clone(), raw[cue.start as usize..cue.end as usize].to_vec())), Some(("пишите".into(), encoded("пишите", "windows-1251"))));
}

/// A message of many parts, with the parts that are no text.
fn parts() -> Vec<u8> {
    let picture = base64_lines(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0 hidden@example.org");
    let page = quoted("<p>ຂາຍ: <b>page</b>@exam<wbr>ple.org</p><!-- comment@example.org -->".as_bytes());
    format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=\"out er\"\r\n\r\nbefore@example.org\r\n--out er\r\nContent-Type: multipart/alternative;\r\n boundary=in\r\n\r\n\
         --in\r\nContent-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: base64\r\n\r\n{}--in  \r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{page}\r\n--in--\r\n\
         --out er\r\nContent-Type: image/png; name=x.png\r\nContent-Transfer-Encoding: base64\r\n\r\n{picture}--out er\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\
         --out er\r\nContent-Type: message/rfc822\r\n\r\nFrom: inner@example.org\r\nSubject: =?utf-8?q?subject=40example.org?=\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nwithin=40example.org=\r\n\r\n--out er--\r\nafter@example.org\r\n",
        base64_lines(&encoded("Почта plain@example.org для связи", "koi8-r")),
        base64_lines(b"text under another name: octet@example.org"),
    ).into_bytes()
}

#[test]
fn parts_are_read_for_what_they_are() {
    let raw = parts();
    let (found, left) = scan(&raw);
    for name in ["before", "plain", "page", "comment", "octet", "inner", "subject", "within", "after"] {
        one(&found, &format!("{name}@example.org"));
    }
    let page = one(&found, "page@example.org");
    assert_eq!(page.steps, ["quoted-printable undone", "joined across markup"]);
    assert!(raw_of(&raw, page).starts_with(b"page</b>") || raw_of(&raw, page).starts_with(b"page=3C"), "{page:?}");
    assert!(one(&found, "comment@example.org").reason.contains("in a comment"));
    assert!(!found.iter().any(|s| s.value.contains("hidden")));
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].what.contains("image/png") && raw[left[0].start as usize..left[0].end as usize].starts_with(b"iVBOR"), "{left:?}");
    assert!(raw[left[0].end as usize..].starts_with(b"--out er"));
}

#[test]
fn a_message_that_is_cut_is_read_as_far_as_it_goes() {
    let raw = parts();
    let (whole, _) = scan(&raw);
    for cut in (200..raw.len()).step_by(7) {
        let found = Scanner::new().scan(&raw[..cut], &Hints { kind: Kind::Mail, ..Hints::default() });
        let missing = whole.iter().find(|s| s.end + 200 < cut as u64 && !found.iter().any(|f| (f.start, &f.value) == (s.start, &s.value)));
        assert!(missing.is_none(), "{missing:?} is gone when the message ends at {cut}");
        assert!(found.iter().all(|s| s.end <= cut as u64));
    }
}

#[test]
fn an_mbox_is_one_message_after_the_other() {
    let message = |n: u32, coding: &str, body: &str| format!(
        "From sender{n}@example.org Mon Mar  2 10:00:0{n} 2026\nFrom: a{n}@example.org\nTo: b@example.net\nSubject: {n}\n{coding}\n{body}\n\n");
    let raw = message(1, "", ">From here on: c1@example.org\nFrom nobody at 10:00 in 2026\n")
        + &message(2, "Content-Transfer-Encoding: base64\n", &base64_lines("ຕິດຕໍ່ c2@example.org".as_bytes()))
        + &message(3, "Content-Type: multipart/mixed; boundary=b\n", "--b\n\nan end that never comes: c3@example.org")
        + &message(4, "", "--b\nc4@example.org");
    let (found, _) = scan(raw.as_bytes());
    for n in 1..=4 {
        for name in ["sender", "a", "c"] {
            one(&found, &format!("{name}{n}@example.org"));
        }
    }
    let passages = extract::passages::read(raw.as_bytes(), None, &Hints::default());
    assert!(passages.iter().any(|p| p.text.starts_with("From here on: c1@")), "{passages:#?}");
    assert!(passages.iter().any(|p| p.text == "ຕິດຕໍ່ c2@example.org"), "{passages:#?}");
}

#[test]
fn what_only_looks_a_little_like_mail_is_text() {
    for raw in ["Subject: tea\n\nvendor=40example.org b@example.org", "Note: x\nFrom: y\nPrice: 3\n\n=40 b@example.org", "From the hills: b@example.org"] {
        let (found, _) = scan(raw.as_bytes());
        assert!(!found.iter().any(|s| s.value.starts_with("vendor")), "{found:?}");
        one(&found, "b@example.org");
    }
}

#[test]
fn law_06_places_in_mail_lead_to_the_raw_bytes() {
    let mut text = String::new();
    for n in 0..40_000 {
        text += &format!("Продавец номер {n}: m{n}@example.org, пишите\r\n");
    }
    for (label, coding) in [("windows-1251", "base64"), ("koi8-r", "quoted-printable"), ("utf-8", "base64"), ("utf-8", "quoted-printable")] {
        let bytes = encoded(&text, label);
        let body = if coding == "base64" { base64_lines(&bytes) } else { quoted(&bytes) };
        let raw = format!("{HEAD}Content-Type: text/plain; charset={label}\r\nContent-Transfer-Encoding: {coding}\r\n\r\n{body}");
        let (found, _) = scan(raw.as_bytes());
        assert_eq!(found.len(), 40_002);
        for (n, mail) in found[2..].iter().enumerate() {
            let there = raw_of(raw.as_bytes(), mail);
            let written = format!("m{n}@example.org");
            assert_eq!(mail.value, written);
            let joined = String::from_utf8_lossy(there).replace("=\r\n", "").replace("\r\n", "");
            // The first and the last letter may hold bits of the neighbours.
            let holds = |pad: usize| base64(format!("{}{written}", " ".repeat(pad)).as_bytes()).contains(joined.get(1..joined.len() - 1).unwrap_or_default());
            assert!(if coding == "base64" { (0..3).any(holds) } else { joined == written }, "{mail:?}: {joined}");
        }
    }
}

#[test]
fn law_14_bombs_of_boundaries_cost_no_more_than_their_length() {
    let began = std::time::Instant::now();
    let nested: String = (0..60_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let same = "Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(60_000);
    let parts = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx@y\n".repeat(400_000));
    let messages = "Content-Type: message/rfc822\n\n".repeat(200_000);
    let digest = format!("Content-Type: multipart/digest; boundary=b\n\n{}", "--b\n".repeat(400_000));
    let dashes = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--\n".repeat(1 << 20));
    let folded = format!("Subject: {}\n\n", "\n =?".repeat(1 << 18));
    let words = format!("Subject: {}\n\n", "=?utf-8?B?".repeat(100_000));
    let letters = format!("Content-Transfer-Encoding: base64\n\n{}", "Y\n=".repeat(1 << 20));
    let equals = format!("Content-Transfer-Encoding: quoted-printable\n\n{}", "=".repeat(3 << 20));
    let mbox = "From a 1:1 2026\nFrom: a\n\nx@y\n\n".repeat(100_000);
    for (name, body) in [("nested", nested), ("same", same), ("parts", parts), ("messages", messages), ("digest", digest), ("dashes", dashes), ("folded", folded), ("words", words), ("letters", letters), ("equals", equals), ("mbox", mbox)] {
        let raw = if name == "mbox" { body } else { format!("{}{body}", HEAD.replace("\r\n", "\n")) };
        let begun = std::time::Instant::now();
        let mut left = Vec::new();
        Scanner::new().scan_reader_telling(raw.as_bytes(), &Hints { kind: Kind::Mail, ..Hints::default() }, drop, |l| left.push(l.what)).unwrap();
        eprintln!("{name}: {} bytes in {:?}, {} told", raw.len(), begun.elapsed(), left.len());
        let bound = match name {
            "nested" | "same" => "deeper than 20",
            "parts" => "more than 10000 parts",
            _ => continue,
        };
        assert!(left.first().is_some_and(|what| what.contains(bound)), "{name}: {left:?}");
    }
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
}

fn fragment() -> impl Strategy<Value = String> {
    let pieces = [
        HEAD, "\r\n", "\n", "\n\n", "From a@example.org Mon Mar  2 10:00:00 2026\n", ">From ", "Content-Type: multipart/mixed; boundary=b\n", "Content-Type: multipart/digest; boundary=\"c\"\n",
        "--b\n", "--b--\n", "--c\r\n", "--c--", "Content-Type: text/html; charset=koi8-r\n", "Content-Type: message/rfc822\n\n", "Content-Transfer-Encoding: base64\n", "Content-Transfer-Encoding: quoted-printable\n",
        "Subject: =?koi8-r?B?8NLJ18XUIGFAZXhhbXBsZS5vcmc=?= =?utf-8?q?=E0=BA?=\n =?utf-8?q?=82?=", "=?gb18030?B?", "=?iso-2022-jp?Q?=1B$B?=", "?=", "=40", "=\r\n", "=", "dmVuZG9yQGV4YW1wbGUub3Jn", "Zg==", "YQ", "ຂາຍ", "<b>a@exam<wbr>ple.org</b>", " \t",
    ];
    prop_oneof![6 => proptest::sample::select(pieces.map(str::to_owned).to_vec()), 1 => "[a-zA-Z0-9+/=@. -]{0,20}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn law_14_any_bytes_taken_for_mail_lead_back(parts in proptest::collection::vec(fragment(), 0..40), raw in proptest::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>()) {
        let mut bytes = parts.concat().into_bytes();
        let at = at.index(bytes.len() + 1);
        bytes.splice(at..at, raw);
        fuzz_mail(&bytes);
        extract::fuzz_scan(&bytes);
        extract::passages::fuzz_passages(&bytes);
    }
}

fn corpus() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/mail")
}

#[test]
fn the_corpus_of_mail_is_replayed() {
    let mut count = 0;
    for file in std::fs::read_dir(corpus()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for part in 0..=8 {
            let cut = &bytes[..bytes.len() * part / 8];
            fuzz_mail(cut);
            extract::fuzz_scan(cut);
        }
        count += 1;
    }
    assert!(count >= 6, "{count} files");
}

/// Writes the corpus: run by hand after a change.
#[test]
#[ignore = "writes into the tree"]
fn write_the_corpus_of_mail() {
    std::fs::create_dir_all(corpus()).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(corpus().join(name), bytes).unwrap();
    write("parts.eml", &parts());
    let thai = base64_lines(&encoded(THAI, "tis-620"));
    write("thai-base64.eml", format!("{HEAD}Subject: =?tis-620?Q?{}?=\r\nContent-Type: text/plain; charset=tis-620\r\nContent-Transfer-Encoding: base64\r\n\r\n{thai}\r\n-- \r\nlist: c@example.org\r\n", quoted(&encoded("ขาย", "tis-620"))).as_bytes());
    write("lao-quoted.eml", format!("{HEAD}Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}", quoted(LAO.as_bytes())).as_bytes());
    write("raw-header.eml", &[HEAD.as_bytes(), b"Subject: ", &encoded(RUSSIAN, "koi8-r"), b"\r\n\r\n", &encoded(RUSSIAN, "koi8-r")].concat());
    write("two.mbox", b"From a@example.org Mon Mar  2 10:00:00 2026\nFrom: a@example.org\nSubject: =?utf-8?B?4LqC?=\n\n>From b@example.org\n>>From x\n\nFrom c@example.org Mon Mar  2 10:00:00 2026\nFrom: c\nContent-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: d@example.org\n\nd\n--b\n\n");
    write("digest-cut.eml", b"From: a\nTo: b\nDate: c\nContent-Type: multipart/digest; boundary=b\n\n--b\n");
    write("odd-base64.eml", b"From: a\nTo: b\nDate: c\nContent-Transfer-Encoding: base64\n\nY\nQ\n==dm\r\nVuZG9y QGV4\tYW1wbGUub3Jn=Y=\n=40 x\nZg");
    write("odd-quoted.eml", b"From: a\nTo: b\nDate: c\nContent-Transfer-Encoding: quoted-printable\n\n=\n==\n=4=40=\r\n=4\n0  \t\n=e0=ba=82 \xff=");
}
