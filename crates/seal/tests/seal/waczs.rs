//! WACZ: deterministic, stored, digests that match, and an index that finds its records.

use std::io::{Cursor, Read};

use model::{Moment, Sha256Digest};
use seal::wacz::{About, IndexEntry, Page, WaczError, WaczWriter, surt};

const WARC: &[u8] = b"WARC/1.1\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n";

fn time() -> Moment {
    "2026-11-22T08:00:00Z".parse().unwrap()
}

fn entry(archive: &str, url: &str) -> IndexEntry {
    IndexEntry { url: url.into(), time: time(), media_type: "text/html".into(), status: 200, digest: "sha-256:00".into(), archive: archive.into(), offset: 0, length: WARC.len() as u64 }
}

fn about() -> About {
    About { title: "SYNTHETIC".into(), software: "lanternfish 0.1.0".into(), created: time() }
}

fn write(entries: &[IndexEntry]) -> Result<Vec<u8>, WaczError> {
    let mut wacz = WaczWriter::new(Cursor::new(Vec::new()));
    wacz.add_archive("capture-1.warc", &mut &WARC[..])?;
    let page = Page { id: "p1".into(), url: "http://shop.example/".into(), title: None, time: time() };
    Ok(wacz.finish(entries, &[page], &about())?.into_inner())
}

#[test]
fn members_are_stored_dated_alike_and_listed_with_their_digests() {
    let bytes = write(&[entry("capture-1.warc", "http://shop.example/b"), entry("capture-1.warc", "http://shop.example/a")]).unwrap();
    assert_eq!(bytes, write(&[entry("capture-1.warc", "http://shop.example/a"), entry("capture-1.warc", "http://shop.example/b")]).unwrap(), "same records, same bytes");
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut read = |name: &str| {
        let mut file = zip.by_name(name).unwrap();
        assert_eq!(file.compression(), zip::CompressionMethod::Stored, "{name}");
        assert_eq!(file.last_modified(), Some(zip::DateTime::DEFAULT), "{name}");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    };
    for expected in ["archive/capture-1.warc", "indexes/index.cdxj", "pages/pages.jsonl", "datapackage.json", "datapackage-digest.json"] {
        assert!(names.iter().any(|n| n == expected), "{expected}");
    }
    let package = read("datapackage.json");
    let described: serde_json::Value = serde_json::from_slice(&package).unwrap();
    assert_eq!(described["wacz_version"], "1.1.1");
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
fn what_cannot_be_right_is_refused() {
    assert!(matches!(write(&[entry("capture-2.warc", "http://x.example/")]), Err(WaczError::NoArchive(_))));
    let mut wacz = WaczWriter::new(Cursor::new(Vec::new()));
    for bad in ["", ".warc", "A.warc", "a/b.warc", "../a.warc", "a.zip", "a\n.warc"] {
        assert!(matches!(wacz.add_archive(bad, &mut &WARC[..]), Err(WaczError::BadName(_))), "{bad:?}");
    }
    assert!(matches!(WaczWriter::new(Cursor::new(Vec::new())).finish(&[], &[], &about()), Err(WaczError::Empty)));
    let mut wacz = WaczWriter::new(Cursor::new(Vec::new()));
    wacz.add_archive("a.warc.gz", &mut &WARC[..]).unwrap();
    assert!(matches!(wacz.add_archive("a.warc.gz", &mut &WARC[..]), Err(WaczError::Twice(_))));
}

#[test]
fn surts() {
    let check = |url: &str, expected: &str| assert_eq!(surt(url), expected);
    check("https://www.shop.example/", "example,shop)/");
    check("http://shop.example", "example,shop)/");
    check("http://shop.example:80/a", "example,shop)/a");
    check("http://shop.example:8080?q", "example,shop:8080)/?q");
    check("http://u:p@shop.example/a#frag", "example,shop)/a");
    check("http://[2001:db8::1]:81/", "[2001:db8::1]:81)/");
    check("http://shop.example/a b\nc", "example,shop)/a+b+c");
    check("urn:pageinfo:x", "urn:pageinfo:x");
}
