//! No bytes make the parsers panic, break the protocol or lose count (law 14, law 6). Runs them in
//! this process under the host's guard; the corpus is replayed first.

use std::path::Path;

use parse::fuzz::{pages_target, unpack_target};
use proptest::prelude::*;

use super::support::*;

/// Sound files of every format, small.
fn seeds() -> Vec<Vec<u8>> {
    let page = response("http://synthetic.invalid/", "Content-Encoding: gzip\r\n", &gzip(b"page"));
    let chunks = response("http://synthetic.invalid/", "Transfer-Encoding: chunked\r\n", &chunked(b"some page"));
    let arc = b"filedesc://x.arc 0.0.0.0 20260101000000 text/plain 21\n1 0 synthetic archive\n\nhttp://a.invalid/ 1.1.1.1 20260101000000 text/html 3\nabc\n";
    let archive = zip(&[
        ZipItem::stored("a", b"stored"),
        ZipItem::deflated("b", &[b'b'; 300]),
        ZipItem::stored("c.gz", &gzip(b"c")),
    ]);
    vec![
        [page.clone(), chunks.clone()].concat(),
        [gzip(&page), gzip(&chunks)].concat(),
        arc.to_vec(),
        gzip(arc),
        archive.clone(),
        zip(&[ZipItem::deflated("inner.zip", &archive)]),
        tar(&[("one", b"first"), ("two", &archive)]),
        gzip(&tar(&[("one", b"first")])),
        gzip(b"just text"),
        zip(&[ZipItem { flags: 1, ..ZipItem::stored("locked", b"????????????") }, ZipItem { shares: Some(0), ..ZipItem::stored("again", b"x") }]),
        b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0".to_vec(),
        [b"WARC/1.0\r\nContent-Length: 18446744073709551615\r\n\r\nHTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n".as_slice(), &page].concat(),
        b"From: a@example.org\r\nDate: x\r\nSubject: =?utf-8?B?w6k=?= =?utf-8?Q?=C3?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nx\r\n--b\r\nContent-Type: text/plain; name*0*=utf-8''%41; name*1=b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=\r\nb=41\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nUEsDBA==\r\n--b--\r\nend".to_vec(),
        b"From a Thu Jan  1 00:00:00 2026\nFrom: a@example.org\nDate: x\nSubject: one\n\nbody\n\nFrom b Thu Jan  1 00:00:01 2026\nTo: x\n\n>From\n".to_vec(),
        super::documents::one_page(b"BT /F1 12 Tf 1 0 0 1 72 700 Tm [(a) -900 (b\\101)] TJ T* <41> Tj q 2 0 0 2 0 0 cm Q /X Do BI ID xx EI ET", "<< /Subtype /Type0 /ToUnicode 6 0 R /DescendantFonts [<< /W [1 [2 3] 4 9 5] >>] >>", &[
            (6, super::documents::stream("", b"1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <41> <0410> endbfchar 1 beginbfrange <42> <44> [<0411>] endbfrange")),
            (7, super::documents::stream("/Type /ObjStm /N 1 /First 4", b"8 0 << /EF << /F 6 0 R >> >>")),
            (9, super::documents::stream("/Filter [/LZWDecode /ASCII85Decode] /DecodeParms [<< /Predictor 12 /Columns 4 >> null]", b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01")),
            (10, b"<< /EF << /F 9 0 R >> >>".to_vec()),
        ]),
        super::documents::jpeg(),
        super::documents::png(),
        super::pdf_pictures::seed(),
    ]
}

/// One change of a byte string.
#[derive(Debug, Clone)]
enum Change {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (any::<prop::sample::Index>(), 1u8..).prop_map(|(place, mask)| Change::Flip(place, mask)),
        1 => any::<prop::sample::Index>().prop_map(Change::Cut),
        1 => (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 1..20)).prop_map(|(place, bytes)| Change::Insert(place, bytes)),
        1 => (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(from, to)| Change::Repeat(from, to)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    match change {
        Change::Flip(place, mask) => {
            let place = place.index(bytes.len());
            bytes[place] ^= mask;
        }
        Change::Cut(place) => bytes.truncate(place.index(bytes.len())),
        Change::Insert(place, new) => {
            let place = place.index(bytes.len());
            bytes.splice(place..place, new.iter().copied());
        }
        Change::Repeat(from, to) => {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let part = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.extend_from_slice(&part);
        }
    }
}

/// 4,000, or more by hand.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn law_14_mutated_containers_never_panic_and_always_balance(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let seeds = seeds();
        let mut bytes = seeds[seed.index(seeds.len())].clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        unpack_target(&bytes);
        pages_target(&bytes);
    }

    #[test]
    fn law_14_random_bytes_behind_each_magic_never_panic(
        magic in prop::sample::select(vec![&b"WARC/1.1\r\n"[..], b"filedesc://", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\x00", b"From a 1:1 2026\nA:", b"From:\nDate:\nTo:\n", b"\xff\xd8\xff\xe1\0\x7fExif\0\0II*\0\x08\0\0\0", b"\x89PNG\r\n\x1a\n\0\0\0\x20iTXt", b"%PDF-1.4\n1 0 obj<</Type/Page/Contents 2 0 R>>endobj 2 0 obj<</Length 9>>stream\n", b""]),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        unpack_target(&[magic, &bytes].concat());
    }
}

#[test]
fn every_single_byte_flip_of_every_seed_is_survived() {
    for seed in seeds() {
        for place in 0..seed.len() {
            let mut bytes = seed.clone();
            bytes[place] ^= 0xff;
            unpack_target(&bytes);
            pages_target(&bytes);
        }
    }
}

#[test]
fn the_corpus_is_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/unpack");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        unpack_target(&bytes);
        pages_target(&bytes);
        count += 1;
    }
    assert!(count >= 8, "the corpus holds {count} files");
}

/// Writes the corpus from the seeds: run by hand after adding a seed.
#[test]
#[ignore = "writes into the tree"]
fn write_the_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/unpack");
    std::fs::create_dir_all(&folder).unwrap();
    for (number, seed) in seeds().iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:02}")), seed).unwrap();
    }
}
