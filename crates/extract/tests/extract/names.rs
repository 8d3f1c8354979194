//! Mail, domains, URLs, numbers of hosts and telephones, Telegram names, OpenPGP.

use extract::{Hints, Kind, Scanner};
use model::selector::{SelectorState, SelectorType};

use super::{check, lines, only, text};

#[test]
fn mail_addresses() {
    check("write to Vendor.One+shop@Mail.Example.COM.", &["email unverifiable Vendor.One+shop@mail.example.com"]);
    check("<mailto:a_b@example.org>", &["email unverifiable a_b@example.org"]);
    check("?email=x@example.net&y=1", &["email unverifiable x@example.net"]);
    check("ติดต่อuser@example.comครับ", &["email unverifiable user@example.com"]);
}

#[test]
fn not_mail_addresses() {
    for input in ["a@b", "a..b@example.com", ".@example.com", "user@host.invalidsuffix", "@example", "a@ b.com x"] {
        let found = text(input);
        assert!(found.iter().all(|s| s.selector_type != SelectorType::Email), "{input:?}: {found:?}");
    }
}

#[test]
fn domains_by_public_suffix() {
    check("see example.com and shop.example.co.uk.", &["domain unverifiable example.com", "domain unverifiable shop.example.co.uk"]);
    check("example.com.Then it ends", &["domain unverifiable example.com"]);
    check("EXAMPLE.COM", &["domain unverifiable example.com"]);
    check("ไปexample.laเดี๋ยวนี้", &["domain unverifiable example.la"]);
}

#[test]
fn dotted_words_that_are_no_domains() {
    for input in ["README.md", "setup.sh", "archive.zip", "main.py", "lib.rs", "done.It was", "object.click()", "2.5.kg",
        "at 9.am", "co.uk", "com", "dir/readme.pl", "$this.name", "host.nosuchsuffix", "a.b.c", "user_name.x"] {
        check(input, &[]);
    }
}

#[test]
fn file_like_domains_need_context() {
    check("www.example.sh", &["domain unverifiable www.example.sh"]);
    check("example.zip/login", &["domain unverifiable example.zip"]);
    check("https://example.md", &["url unverifiable https://example.md", "domain unverifiable example.md"]);
}

#[test]
fn urls() {
    check("(see https://Example.org/Path_(x)?q=1#f).",
        &["url unverifiable https://example.org/Path_(x)?q=1#f", "domain unverifiable example.org"]);
    let found = text("hxxps://example.com/a");
    let url = only(&found, SelectorType::Url);
    assert_eq!((url.value.as_str(), url.start), ("https://example.com/a", 0));
    assert!(url.reason.contains("refanged"), "{url:?}");
    let found = text("เว็บhttps://example.com/ครับ");
    assert_eq!(only(&found, SelectorType::Url).value, "https://example.com/");
    let found = text("https://user:secret@example.com/");
    assert_eq!(lines(&found), ["url unverifiable https://user:secret@example.com/", "domain unverifiable example.com"]);
}

#[test]
fn url_without_host_is_none() {
    check("std:://", &[]);
    check("http:// example", &[]);
    check("a://-", &[]);
}

#[test]
fn refanged_with_steps_in_the_reason() {
    let input = "go to example[.]com or mail vendor [at] example (dot) org now";
    let found = text(input);
    assert_eq!(lines(&found), ["domain unverifiable example.com", "email unverifiable vendor@example.org"]);
    assert_eq!(&input[found[0].start as usize..found[0].end as usize], "example[.]com");
    assert_eq!(&input[found[1].start as usize..found[1].end as usize], "vendor [at] example (dot) org");
    assert!(found[1].reason.contains("refanged from"), "{found:?}");
    check("the end (at) last", &[]);
    check("1.2.3[.]4", &["ipv4 unverifiable 1.2.3.4"]);
}

#[test]
fn ipv4_addresses() {
    check("host 203.0.113.9, port", &["ipv4 unverifiable 203.0.113.9"]);
    check("http://203.0.113.9:8080/x", &["url unverifiable http://203.0.113.9:8080/x", "ipv4 unverifiable 203.0.113.9"]);
    assert!(only(&text("10.0.0.1"), SelectorType::Ipv4).reason.contains("private"));
    for input in ["1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "v1.2.3.4", "Chrome/61.0.31.100", "version 1.2.3.4", "1.2.3.4-beta"] {
        check(input, &[]);
    }
}

#[test]
fn ipv6_addresses() {
    check("at 2001:db8::1 now", &["ipv6 unverifiable 2001:db8::1"]);
    check("[2001:DB8:0:0:0:0:0:2]:443", &["ipv6 unverifiable 2001:db8::2"]);
    for input in ["12:34:56", "00:11:22:33:44:55", "std::vec", "a::b", "dead:beef", "12::30", "::"] {
        check(input, &[]);
    }
}

#[test]
fn telephone_numbers() {
    check("call +856 20 5555 1234 now", &["phone unverifiable +8562055551234"]);
    check("+66 81 234 5678", &["phone unverifiable +66812345678"]);
    check("+49 (0)30 901820", &["phone unverifiable +4930901820"]);
    for input in ["+1 000 000 0000", "+12", "a+66812345678", "081 234 5678", "+999 12345678"] {
        check(input, &[]);
    }
}

#[test]
fn national_numbers_need_a_region() {
    let hints = Hints { kind: Kind::Text, default_region: Some("th".parse().unwrap()) };
    let found = Scanner::new().scan("โทร081-234-5678 วันที่ 2024-01-02, 10.0.0.1".as_bytes(), &hints);
    let phones: Vec<_> = found.iter().filter(|s| s.selector_type == SelectorType::Phone).collect();
    assert_eq!(phones.len(), 0, "a Thai letter touches the digits: {phones:?}");
    let found = Scanner::new().scan("โทร 081-234-5678 วันที่ 2024-01-02, 10.0.0.1".as_bytes(), &hints);
    assert_eq!(lines(&found), ["phone unverifiable +66812345678", "ipv4 unverifiable 10.0.0.1"]);
    assert!("XX".parse::<extract::Region>().is_err());
}

#[test]
fn telegram_names_and_links() {
    check("https://t.me/Vendor_One", &["url unverifiable https://t.me/Vendor_One", "telegram unverifiable vendor_one"]);
    check("t.me/vendor_one.", &["telegram unverifiable vendor_one"]);
    check("t.me/joinchat/AAAAabcd", &["telegram unverifiable t.me/joinchat/AAAAabcd"]);
    check("Telegram: @Vendor_One", &["telegram unverifiable vendor_one"]);
    check("write @vendor_one (tg)", &["telegram unverifiable vendor_one"]);
    check("write @vendor_one today", &[]);
    check("telegram @ab", &[]);
}

#[test]
fn fingerprints() {
    let digits = "0123456789ABCDEF0123456789ABCDEF01234567";
    let groups: Vec<_> = (0..10).map(|i| &digits[4 * i..4 * i + 4]).collect();
    let expected = format!("pgp-fingerprint unverifiable {digits}");
    let input = format!("{}  {}", groups[..5].join(" "), groups[5..].join(" "));
    check(&format!("key {input}."), &[&expected]);
    check(&format!("Fingerprint: {}", digits.to_lowercase()), &[&expected]);
    check(&format!("commit {}", digits.to_lowercase()), &[]);
    check(&format!("PGP {digits}"), &[&expected]);
    check(&format!("xapgpx7 {digits}"), &[]);
    check(&groups[..9].join(" "), &[]);
}

/// A version 4 public key packet and a user id, in armour.
pub(crate) fn armoured(crc: Option<&str>) -> (String, String) {
    use sha1::{Digest, Sha1};
    let mut body = vec![4, 0x65, 0, 0, 1, 22, 9];
    body.extend_from_slice(&[0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1, 1, 7, 0x40]);
    body.extend((0..32).map(|i| Sha1::digest([i])[0]));
    let user = b"Synthetic <vendor@example.org>";
    let mut packets = vec![0xc6, body.len() as u8];
    packets.extend_from_slice(&body);
    packets.extend_from_slice(&[0xcd, user.len() as u8]);
    packets.extend_from_slice(user);
    let print = Sha1::new().chain_update([0x99, 0, body.len() as u8]).chain_update(&body).finalize();
    let crc_line = match crc {
        None => String::new(),
        Some("") => format!("={}\n", base64(&crc24(&packets))),
        Some(given) => format!("={given}\n"),
    };
    let letters = base64(&packets);
    let lines: Vec<_> = letters.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap()).collect();
    let block = format!(
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\n\n{}\n{crc_line}-----END PGP PUBLIC KEY BLOCK-----", lines.join("\n"));
    (block, hex::encode_upper(print))
}

fn base64(bytes: &[u8]) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            out.push(if i <= chunk.len() { char::from(letters[(n >> (18 - 6 * i) & 63) as usize]) } else { '=' });
        }
    }
    out
}

fn crc24(data: &[u8]) -> [u8; 3] {
    let mut crc = 0xb704ceu32;
    for bit in data.iter().flat_map(|b| (0..8).rev().map(move |i| u32::from(b >> i & 1))) {
        let top = crc >> 23 & 1;
        crc = (crc << 1) & 0xffffff;
        if top ^ bit == 1 {
            crc ^= 0x864cfb;
        }
    }
    [(crc >> 16) as u8, (crc >> 8) as u8, crc as u8]
}

#[test]
fn key_blocks_give_fingerprint_and_user_ids() {
    let (block, print) = armoured(Some(""));
    let input = format!("My key:\n{block}\nbye");
    let found = text(&input);
    assert_eq!(lines(&found), [format!("pgp-block verified {print}"), format!("pgp-fingerprint verified {print}")]);
    assert_eq!(&input[found[0].start as usize..found[0].end as usize], block);
    assert!(found[0].reason.contains("Synthetic <vendor@example.org>"), "{found:?}");
}

#[test]
fn key_blocks_with_wrong_or_no_crc_are_not_rejected() {
    for (crc, words) in [(Some("AAAA"), "CRC-24 is wrong"), (None, "no CRC-24")] {
        let (block, print) = armoured(crc);
        let found = text(&block);
        let selector = only(&found, SelectorType::PgpBlock);
        assert_eq!((selector.state, &selector.value), (SelectorState::Unverifiable, &print));
        assert!(selector.reason.contains(words), "{selector:?}");
    }
}

#[test]
fn broken_blocks_are_kept_as_failures() {
    let found = text("-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----");
    assert_eq!(only(&found, SelectorType::PgpBlock).state, SelectorState::FailedChecksum);
    let (block, _) = armoured(None);
    let cut = &block[..block.len() - 60];
    assert_eq!(only(&text(cut), SelectorType::PgpBlock).state, SelectorState::FailedChecksum);
}

#[test]
fn rivals_are_named_and_parts_of_a_whole_stay() {
    let found = text("at vendor@mail.com[.]au today");
    assert_eq!(lines(&found), ["email unverifiable vendor@mail.com.au"]);
    assert!(found[0].reason.contains("set aside: email \"vendor@mail.com\""), "{found:?}");
    let coin = super::addresses::base58check(0, 4);
    check(&format!("{coin}@example.com"), &[&format!("btc-base58 verified {coin}"), &format!("email unverifiable {coin}@example.com")]);
    let account = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
    check(&format!("PGP fingerprint {account}"),
        &[&format!("eth unverifiable {account}"), &format!("pgp-fingerprint unverifiable {}", account[2..].to_uppercase())]);
}
