//! WACZ: the same bytes each time, stored, digests that match, an index that finds its records and that no stranger's
//! word can break; and SURT keys, beside the rules that other programs follow.

use std::{
    fs::File,
    io::{Cursor, Read, Seek, SeekFrom, Write},
};

use model::{Moment, Sha256Digest};
use proptest::prelude::*;
use seal::{
    surt::surt,
    wacz::{About, Archive, IndexEntry, Page, Summed, Wacz, WaczError, media_type},
};

const WARC: &[u8] = b"WARC/1.1\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n";

fn time() -> Moment {
    "2026-11-22T08:00:00Z".parse().unwrap()
}

fn entry(url: &str) -> IndexEntry {
    IndexEntry { url: url.into(), time: time(), media_type: "text/html; charset=utf-8".into(), status: Some(200), digest: Some("sha256:AA".into()), offset: 0, length: WARC.len() as u64 }
}

fn about() -> About {
    About { title: "SYNTHETIC".into(), description: "derived from E-0001".into(), software: "lanternfish 0.1.0".into(), created: time() }
}

fn archive() -> Archive {
    let mut summed = Summed::over(WARC);
    std::io::copy(&mut summed, &mut std::io::sink()).unwrap();
    Archive { name: "e-0001.warc".into(), digest: Sha256Digest::of(WARC), bytes: WARC.len() as u64, crc32: summed.end().1 }
}

fn page() -> Page {
    Page { id: "page-1".into(), url: "http://shop.example/".into(), time: time() }
}

fn around(entries: &[IndexEntry]) -> Result<Wacz, WaczError> {
    Wacz::around(archive(), entries, &[page()], &about())
}

fn bytes(entries: &[IndexEntry]) -> Vec<u8> {
    let (wacz, mut bytes) = (around(entries).unwrap(), Vec::new());
    wacz.reading(WARC).read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, wacz.bytes());
    bytes
}

fn member(bytes: &[u8], name: &str) -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let (mut file, mut found) = (zip.by_name(name).unwrap(), Vec::new());
    file.read_to_end(&mut found).unwrap();
    found
}

fn index_of(entries: &[IndexEntry]) -> String {
    String::from_utf8(member(&bytes(entries), "indexes/index.cdxj")).unwrap()
}

#[test]
fn members_are_stored_dated_alike_and_listed_with_their_digests() {
    let bytes = bytes(&[entry("http://shop.example/b"), entry("http://shop.example/a")]);
    assert_eq!(bytes, self::bytes(&[entry("http://shop.example/a"), entry("http://shop.example/b")]), "same records, same bytes");
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    let mut read = |name: &str| {
        let mut file = zip.by_name(name).unwrap();
        assert_eq!(file.compression(), zip::CompressionMethod::Stored, "{name}");
        assert_eq!(file.last_modified(), Some(zip::DateTime::DEFAULT), "{name}");
        assert_eq!(file.unix_mode(), Some(0o100_644), "{name}");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    };
    for expected in ["archive/e-0001.warc", "indexes/index.cdxj", "pages/pages.jsonl", "datapackage.json", "datapackage-digest.json"] {
        assert!(names.iter().any(|n| n == expected), "{expected}");
    }
    let package = read("datapackage.json");
    let described: serde_json::Value = serde_json::from_slice(&package).unwrap();
    assert_eq!((&described["wacz_version"], &described["profile"]), (&"1.1.1".into(), &"data-package".into()));
    assert_eq!(described["resources"].as_array().unwrap().len(), 3);
    for resource in described["resources"].as_array().unwrap() {
        let bytes = read(resource["path"].as_str().unwrap());
        assert_eq!(resource["hash"], format!("sha256:{}", Sha256Digest::of(&bytes)));
        assert_eq!(resource["bytes"], bytes.len());
    }
    let digest: serde_json::Value = serde_json::from_slice(&read("datapackage-digest.json")).unwrap();
    assert_eq!(digest["hash"], format!("sha256:{}", Sha256Digest::of(&package)));
    let index = String::from_utf8(read("indexes/index.cdxj")).unwrap();
    assert!(index.starts_with("example,shop)/a 20261122080000 {\"digest\""), "{index}");
    assert!(read("pages/pages.jsonl").starts_with(b"{\"format\":\"json-pages-1.0\""));
}

#[test]
fn law_05_the_archive_inside_is_the_one_that_was_promised_or_nothing() {
    assert_eq!(member(&bytes(&[]), "archive/e-0001.warc"), WARC);
    let wacz = around(&[]).unwrap();
    for other in [[WARC, b"x"].concat(), WARC[1..].to_vec(), WARC.to_ascii_lowercase(), vec![]] {
        let read = wacz.reading(&other[..]).read_to_end(&mut Vec::new());
        assert_eq!(read.map_err(|e| e.kind()), Err(std::io::ErrorKind::InvalidData), "{other:?}");
    }
}

#[test]
fn what_cannot_be_right_is_refused() {
    for bad in ["", ".warc", "A.warc", "a/b.warc", "../a.warc", "a.zip", "a\n.warc", "a.warc.gz"] {
        let made = Wacz::around(Archive { name: bad.into(), ..archive() }, &[], &[], &about());
        assert!(matches!(made, Err(WaczError::BadName(_))), "{bad:?}");
    }
    let end = WARC.len() as u64;
    for (offset, length) in [(0, end + 1), (end, 1), (u64::MAX, 1), (1, u64::MAX)] {
        let made = around(&[IndexEntry { offset, length, ..entry("http://x.example/") }]);
        assert!(matches!(made, Err(WaczError::Outside { .. })), "{offset} {length}");
    }
}

/// A WARC of five gibibytes, of which the disk holds nothing but the frame.
#[test]
fn law_05_a_copy_beyond_four_gibibytes_is_found_by_another_reader() {
    let long = Archive { bytes: 5 << 30, ..archive() };
    let far = IndexEntry { offset: 5 << 30, length: 0, ..entry("http://shop.example/far") };
    let wacz = Wacz::around(long.clone(), &[far], &[page()], &about()).unwrap();
    let mut frame = Vec::new();
    // What stands before and after is read without the middle.
    let mut reading = wacz.reading(std::io::empty());
    let failed = reading.read_to_end(&mut frame).unwrap_err();
    assert_eq!(failed.kind(), std::io::ErrorKind::InvalidData);
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(&frame).unwrap();
    file.seek(SeekFrom::Current(5 << 30)).unwrap();
    file.write_all(wacz.after()).unwrap();
    assert_eq!(file.stream_position().unwrap(), wacz.bytes());
    let mut zip = zip::ZipArchive::new(file).unwrap();
    let archive = zip.by_name("archive/e-0001.warc").unwrap();
    assert_eq!((archive.size(), archive.compressed_size()), (5 << 30, 5 << 30));
    drop(archive);
    let mut index = String::new();
    zip.by_name("indexes/index.cdxj").unwrap().read_to_string(&mut index).unwrap();
    assert!(index.contains("\"offset\":\"5368709120\""), "{index}");
    zip.by_name("datapackage-digest.json").unwrap().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn law_14_a_strangers_words_break_no_line_of_the_index() {
    let evil = "http://shop.example/\u{2028}a\n{\"url\":\"x\"}\r\n\u{85}\u{0} 🦊";
    let hostile = IndexEntry { media_type: "text/html\n{}".into(), digest: Some("sha256:\"\n\\".into()), ..entry(evil) };
    let index = index_of(&[hostile, entry("http://shop.example/b")]);
    assert!(index.is_ascii());
    let lines: Vec<&str> = index.lines().collect();
    assert_eq!(lines.len(), 2, "{index}");
    for (line, url) in lines.iter().zip([evil, "http://shop.example/b"]) {
        let (key, rest) = line.split_once(' ').unwrap();
        let (stamp, json) = rest.split_once(' ').unwrap();
        assert!(key.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{key}");
        assert_eq!(stamp, "20261122080000");
        let fields: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(fields["url"], url, "what was written is told as it was");
    }
    assert!(lines[0].contains("\"mime\":\"unk\""), "{index}");
}

#[test]
fn media_types() {
    let check = |written: &str, expected: &str| assert_eq!(media_type(written), expected);
    check("Text/HTML; charset=utf-8", "text/html");
    check(" application/ld+json ", "application/ld+json");
    for bad in ["", "html", "text/", "/html", "text/ht ml", "text/html/x", "text/h\u{e4}", "a\"/b", "a,b/c"] {
        check(bad, "unk");
    }
    check(&format!("text/{}", "x".repeat(200)), "unk");
}

/// Beside each address the key that the Internet Archive's rules give (asked of the program `surt` 0.3.1).
#[test]
fn surts() {
    let check = |url: &str, expected: &str| assert_eq!(surt(url), expected, "{url}");
    check("http://www.Shop.example:8080/A?b=1", "example,shop:8080)/a?b=1");
    check("https://www.shop.example/", "example,shop)/");
    check("http://shop.example", "example,shop)/");
    check("http://shop.example:80/a", "example,shop)/a");
    check("https://shop.example:80/a", "example,shop:80)/a");
    check("https://shop.example:443/a", "example,shop)/a");
    check("http://shop.example:443/a", "example,shop:443)/a");
    check("http://shop.example:8080?q", "example,shop:8080)/?q");
    check("http://u:p@shop.example/a#frag", "example,shop)/a");
    check("http://[2001:db8::1]:81/", "2001:db8::1:81)/");
    check("http://192.0.2.7/x", "7,2,0,192)/x");
    check("http://www2.shop.example/a/", "example,shop)/a");
    check("http://wwwx.example/", "example,wwwx)/");
    check("http://shop.example/a/b/../c/./d//e/", "example,shop)/a/c/d/e");
    check("http://shop.example/a/../../b", "example,shop)/../b");
    check("http://shop.example/?b=2&a=1&a=0", "example,shop)/?a=0&a=1&b=2");
    check("http://shop.example/?b=2&a=1&&c", "example,shop)/?&a=1&b=2&c");
    check("http://shop.example/a?a0=1&a=1&a", "example,shop)/a?a&a=1&a0=1");
    check("http://shop.example/x?", "example,shop)/x");
    check("http://shop.example/x?&", "example,shop)/x?&");
    check("http://shop.example/%7Euser/%41%2525", "example,shop)/~user/a%25");
    check("http://shop.example/a%20b%0a", "example,shop)/a%20b%0a");
    check("http://shop.example/a b\nc", "example,shop)/a%20bc");
    check("http://shop.example/a?x=%23&y=%26z", "example,shop)/a?x=%23&y=&z");
    check("http://shop.example/\u{e4}", "example,shop)/%c3%a4");
    check("http://shop..example./x", "example,shop)/x");
    check("http://shop.example/a?PHPSESSID=0123456789abcdef0123456789abcdef&x=1", "example,shop)/a?x=1");
    check("http://shop.example/a?x=1&sid=0123456789abcdef0123456789abcdef", "example,shop)/a?&x=1");
    check("http://shop.example/a?jsessionid=0123456789abcdef0123456789abcdef", "example,shop)/a");
    check("http://shop.example/a?sid=0123", "example,shop)/a?sid=0123");
    check("http://shop.example/a%2fb%3fc%23d", "example,shop)/a/b?c%23d");
    check("http://shop.example/a?b?c", "example,shop)/a?b?c");
    check("http://shop.example/..", "example,shop)/..");
    check("http://shop.example/../../b", "example,shop)/b");
    check("http://shop.example/a//../b", "example,shop)/a/b");
    check("http://%73hop.example/x", "example,shop)/x");
    check("http://sh%0aop.example/x", "example,sh%0aop)/x");
    check("http://shop.example/a%zz?%", "example,shop)/a%25zz?%25");
    check("urn:pageinfo:x", "urn:pageinfo:x");
    check("DNS:www.Example.com", "dns:www.example.com");
    check("http://Zirkonvogel2222222222222222222222222222222222222222222d.onion/Shop?x", "onion,zirkonvogel2222222222222222222222222222222222222222222d)/shop?x");
}

proptest! {
    #[test]
    fn law_14_whatever_the_address_its_key_is_one_printable_word(address in "\\PC{0,40}|http://\\PC{0,60}|[%0-9a-f/?&=.#: \\n]{0,80}") {
        let key = surt(&address);
        prop_assert!(key.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{key:?}");
        let index = index_of(&[entry(&address)]);
        prop_assert_eq!(index.lines().count(), 1);
        prop_assert!(index.is_ascii());
    }
}

/// A name that is encoded over and over costs one pass.
#[test]
fn law_14_an_address_encoded_without_end_costs_one_pass() {
    let nested = format!("http://shop.example/{}41", "%25".repeat(2_000_000));
    assert_eq!(surt(&nested).len(), "example,shop)/".len() + "%25".len() * 1_999_999 + 1);
    let deep = format!("http://shop.example/%{}41", "25".repeat(2_000_000));
    assert_eq!(surt(&deep), "example,shop)/a");
}
