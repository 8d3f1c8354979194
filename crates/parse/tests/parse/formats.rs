//! Each format read whole, from writers that are not ours where there are such.

use std::io::Write;

use parse::{Container, EntryType, FindingKind, Task};

use super::support::*;

#[test]
fn a_warc_record_gives_its_block_and_its_page() {
    let mut warc = record("warcinfo", "", "application/warc-fields", "", b"software: test\r\n");
    let second = warc.len() as u64;
    warc.extend(response("http://synthetic.invalid/\u{e9}", "Content-Type: text/html\r\n", b"<p>page</p>"));
    let (outcome, kept) = unpack_bytes(&warc);
    assert_eq!(
        (outcome.summary.format.as_str(), outcome.summary.records_in, outcome.summary.payloads_out),
        ("warc", 2, 1)
    );
    let block = &kept.members[&2];
    assert_eq!((block.head.container, block.head.offset), (Container::WarcRecord, second));
    assert_eq!(block.bytes, message("Content-Type: text/html\r\n", b"<p>page</p>"));
    assert_eq!(block.tail.as_ref().unwrap().stored_length, Some(warc.len() as u64 - second - 4));
    let page = &kept.members[&3];
    assert_eq!((page.head.container, page.head.parent), (Container::HttpPayload, Some(2)));
    assert_eq!(page.bytes, b"<p>page</p>");
    let http = page.head.http.as_ref().unwrap();
    assert_eq!((http.status, http.fields[0].1.as_str()), (Some(200), "text/html"));
    assert!(kept.findings.is_empty(), "{:?}", kept.findings);
}

#[test]
fn a_message_without_a_body_tells_its_head_with_the_record() {
    let moved = b"HTTP/1.1 302 Found\r\nLocation: /other\r\n\r\n";
    let mut warc = record("response", "http://synthetic.invalid/", "application/http; msgtype=response", "", moved);
    warc.extend(response("http://synthetic.invalid/b", "Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"));
    warc.extend(response("http://synthetic.invalid/c", "", b"body"));
    let (outcome, kept) = unpack_bytes(&warc);
    assert_eq!((outcome.summary.members_out, outcome.summary.payloads_out), (3, 1));
    let bare = |id: u32| kept.members[&id].tail.as_ref().unwrap().bare_http.as_ref().map(|http| (http.status, http.fields.len()));
    assert_eq!((bare(1), bare(2), bare(3), bare(4)), (Some((Some(302), 1)), Some((Some(200), 1)), None, None));
}

#[test]
fn a_payload_can_be_traced_to_its_raw_bytes() {
    let mut warc = record("warcinfo", "", "application/warc-fields", "", b"a: b\r\n");
    warc.extend(response("http://synthetic.invalid/", "A: b\r\n", b"needle"));
    let (_, kept) = unpack_bytes(&warc);
    let (block, page) = (&kept.members[&2], &kept.members[&3]);
    let record = &warc[block.head.offset as usize..][..block.tail.as_ref().unwrap().stored_length.unwrap() as usize];
    let raw_block = &record[record.len() - block.bytes.len()..];
    assert_eq!(&raw_block[page.head.offset as usize..], b"needle");
}

fn check_body(headers: &str, body: &[u8], expected: &[u8], finding: Option<FindingKind>) {
    let (_, kept) = unpack_bytes(&response("http://synthetic.invalid/", headers, body));
    let page = kept.members.get(&2).unwrap_or_else(|| panic!("no payload for {headers:?}"));
    assert_eq!(String::from_utf8_lossy(&page.bytes), String::from_utf8_lossy(expected), "{headers:?}");
    assert_eq!(kept.findings.first().map(|f| f.kind), finding, "{headers:?}: {:?}", kept.findings);
}

#[test]
fn transfer_and_content_codings_are_undone_or_noted() {
    let page = b"a page that is long enough to be cut in chunks";
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(page).unwrap();
    let zlib = zlib.finish().unwrap();
    check_body("", page, page, None);
    check_body("Transfer-Encoding: chunked\r\n", &chunked(page), page, None);
    check_body("transfer-encoding: Chunked\r\ncontent-encoding: gzip\r\n", &chunked(&gzip(page)), page, None);
    check_body("Content-Encoding: deflate\r\n", &deflate(page), page, None);
    check_body("Content-Encoding: deflate\r\n", &zlib, page, None);
    check_body("Content-Encoding: identity\r\n", page, page, None);
    check_body("Content-Encoding: gzip, x-gzip\r\n", &gzip(&gzip(page)), page, None);
    check_body("Transfer-Encoding: chunked\r\n", page, page, Some(FindingKind::Mismatch));
    check_body("Content-Encoding: gzip\r\n", page, page, Some(FindingKind::Mismatch));
    check_body("Content-Encoding: br\r\n", b"\x8b\x02", "\u{fffd}\u{2}".as_bytes(), Some(FindingKind::Unsupported));
    check_body("A: b\r\n", page, page, None);
    check_body("no colon here\r\n", page, page, Some(FindingKind::Malformed));
    let whole = chunked(page);
    check_body("Transfer-Encoding: chunked\r\n", &whole[..20], b"a page ", Some(FindingKind::Incomplete));
}

#[test]
fn a_broken_coding_keeps_the_raw_block_and_marks_the_page() {
    let packed = gzip(&[b'z'; 5000]);
    let (outcome, kept) =
        unpack_bytes(&response("http://synthetic.invalid/", "Content-Encoding: gzip\r\n", &packed[..30]));
    assert!(kept.members[&1].is_complete() && !kept.members[&2].is_complete());
    assert!(kept.has(FindingKind::Incomplete));
    assert_eq!((outcome.summary.members_out, outcome.summary.payloads_out), (1, 0));
}

#[test]
fn declared_digests_are_checked() {
    let block = message("Transfer-Encoding: chunked\r\n", &chunked(b"page"));
    let check = |field: &str, value: &str, expected: Option<bool>| {
        let extra = format!("{field}: {value}\r\n");
        let (_, kept) =
            unpack_bytes(&record("response", "http://synthetic.invalid/", "application/http", &extra, &block));
        let digest = &kept.members[&1].tail.as_ref().unwrap().digests[0];
        assert_eq!(digest.matches, expected, "{digest:?}");
        assert_eq!(kept.has(FindingKind::Mismatch), expected == Some(false));
    };
    let sha256 = |bytes: &[u8]| {
        use sha2::Digest;
        hex::encode(sha2::Sha256::digest(bytes))
    };
    check("WARC-Block-Digest", &format!("sha256:{}", sha256(&block)), Some(true));
    check("WARC-Payload-Digest", &format!("sha256:{}", sha256(b"page")), Some(true));
    check("WARC-Payload-Digest", &format!("sha256:{}", sha256(&chunked(b"page"))), Some(true));
    check("WARC-Payload-Digest", &format!("sha256:{}", sha256(b"other")), Some(false));
    check("WARC-Block-Digest", "blake9:00", None);
}

#[test]
fn warc_in_gzip_with_one_member_each_and_with_one_for_all() {
    let records = [response("http://a.invalid/", "", b"one"), response("http://b.invalid/", "", b"two")];
    let each: Vec<u8> = records.iter().flat_map(|record| gzip(record)).collect();
    let (outcome, kept) = unpack_bytes(&each);
    assert_eq!((outcome.summary.format.as_str(), outcome.summary.members_out), ("warc.gz", 2));
    let second = &kept.members[&3];
    assert_eq!((second.head.offset, second.head.inner_offset), (gzip(&records[0]).len() as u64, Some(0)));
    assert_eq!(second.tail.as_ref().unwrap().stored_length, Some(gzip(&records[1]).len() as u64));
    assert!(kept.findings.is_empty(), "{:?}", kept.findings);

    let (outcome, kept) = unpack_bytes(&gzip(&records.concat()));
    assert_eq!(outcome.summary.members_out, 2);
    assert!(kept.has(FindingKind::Malformed), "one member for all is noted");
}

#[test]
fn arc_records_are_read_with_spaces_in_their_urls() {
    let body = message("", b"arc page");
    let head = b"filedesc://x.arc 0.0.0.0 20260101000000 text/plain 21\n1 0 synthetic archive\n\n";
    let line = format!("http://synthetic.invalid/a b 127.0.0.1 20260101000000 text/html {}\n", body.len());
    let arc = [head.as_slice(), line.as_bytes(), &body, b"\n"].concat();
    for (bytes, format) in [(arc.clone(), "arc"), (gzip(&arc), "arc.gz")] {
        let (outcome, kept) = unpack_bytes(&bytes);
        assert_eq!((outcome.summary.format.as_str(), outcome.summary.members_out), (format, 2), "{:?}", kept.findings);
        let page = kept.members.values().find(|m| m.head.container == Container::HttpPayload).unwrap();
        assert_eq!((page.bytes.as_slice(), page.name()), (b"arc page".as_slice(), "http://synthetic.invalid/a b"));
    }
}

#[test]
fn a_zip_of_another_writer_with_zip64_and_a_prefix() {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let deflated = stored.compression_method(zip::CompressionMethod::Deflated);
    writer.add_directory("folder/", stored).unwrap();
    writer.start_file("folder/stored", stored.large_file(true)).unwrap();
    writer.write_all(b"stored bytes").unwrap();
    writer.start_file("deflated", deflated).unwrap();
    writer.write_all(&[b'd'; 10_000]).unwrap();
    writer.start_file("large", deflated.large_file(true)).unwrap();
    writer.write_all(&[b'l'; 300_000]).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    for source in [bytes.clone(), [b"PK\x03\x04 a program before it, at least this long ".as_slice(), &bytes].concat()]
    {
        let (outcome, kept) = unpack_bytes(&source);
        assert_eq!((outcome.summary.format.as_str(), outcome.summary.members_out), ("zip", 4), "{:?}", kept.findings);
        assert_eq!(kept.named("folder/").head.entry, Some(EntryType::Directory));
        assert_eq!(kept.named("folder/stored").bytes, b"stored bytes");
        assert_eq!(kept.named("deflated").bytes, vec![b'd'; 10_000]);
        assert_eq!(kept.named("large").bytes, vec![b'l'; 300_000]);
    }
}

#[test]
fn a_zip_written_as_a_stream_has_data_descriptors() {
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    let deflated = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for name in ["first", "second"] {
        writer.start_file(name, deflated).unwrap();
        writer.write_all(name.repeat(1000).as_bytes()).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    let (outcome, kept) = unpack_bytes(&bytes);
    assert_eq!(outcome.summary.members_out, 2, "{:?}", kept.findings);
    assert_eq!(kept.named("second").bytes, "second".repeat(1000).as_bytes());

    // Without its directory it is read forward, and nothing is lost.
    let cut = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
    let (outcome, kept) = unpack_bytes(&bytes[..cut]);
    assert_eq!(outcome.summary.members_out, 2, "{:?}", kept.findings);
    assert!(kept.has(FindingKind::Truncated));
}

#[test]
fn a_wacz_is_opened_down_to_its_pages() {
    let warc = gzip(&response("http://synthetic.invalid/", "", b"page in wacz"));
    let wacz = zip(&[
        ZipItem::stored("archive/data.warc.gz", &warc),
        ZipItem::deflated("pages/pages.jsonl", b"{}\n"),
        ZipItem::deflated("datapackage.json", b"{}"),
    ]);
    let (outcome, kept) = unpack_bytes(&wacz);
    assert_eq!(
        (outcome.summary.format.as_str(), outcome.summary.top_records_in, outcome.summary.members_out),
        ("wacz", 3, 4)
    );
    let page = kept.members.values().find(|m| m.head.container == Container::HttpPayload).unwrap();
    assert_eq!((page.bytes.as_slice(), page.head.depth), (b"page in wacz".as_slice(), 3));
}

#[test]
fn tar_of_another_writer_with_long_names_and_in_gzip() {
    let long = format!("{}/end", "a-folder/".repeat(30));
    let bytes = tar(&[("plain", b"plain bytes"), (&long, b"far away"), ("empty", b"")]);
    let (outcome, kept) = unpack_bytes(&bytes);
    assert_eq!((outcome.summary.format.as_str(), outcome.summary.members_out), ("tar", 3), "{:?}", kept.findings);
    assert_eq!(kept.named(&long).bytes, b"far away");
    assert_eq!(kept.members[&2].head.offset % 512, 0);

    let (outcome, kept) = unpack_bytes(&gzip(&bytes));
    assert_eq!(
        (outcome.summary.format.as_str(), outcome.summary.top_records_in, outcome.summary.members_out),
        ("gzip", 1, 4)
    );
    assert_eq!(kept.members[&1].bytes, bytes);
    assert_eq!(kept.named("plain").head.parent, Some(1));
}

#[test]
fn pax_names_and_links_are_data() {
    let mut builder = tar::Builder::new(Vec::new());
    let path = "../../etc/passwd";
    builder.append_pax_extensions([("path", path.as_bytes())]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(3);
    header.set_cksum();
    builder.append(&header, b"abc".as_slice()).unwrap();
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "link", "/etc/shadow").unwrap();
    let (outcome, kept) = unpack_bytes(&builder.into_inner().unwrap());
    assert_eq!(outcome.summary.members_out, 2, "{:?}", kept.findings);
    assert_eq!(kept.named(path).bytes, b"abc");
    assert!(matches!(&kept.named("link").head.entry, Some(EntryType::Link { target }) if target.text == "/etc/shadow"));
}

#[test]
fn strange_names_are_kept_as_they_are() {
    let names: [&[u8]; 6] = [b"a\nb", b"a%0Ab", b"../up", b"/etc/passwd", b"\xff\xfe", b""];
    let items: Vec<ZipItem> =
        names.iter().map(|name| ZipItem { name: name.to_vec(), ..ZipItem::stored("", b"x") }).collect();
    let (outcome, kept) = unpack_bytes(&zip(&items));
    assert_eq!(outcome.summary.members_out, 6, "{:?}", kept.findings);
    let found: Vec<Vec<u8>> = kept.members.values().map(|member| member.head.name.bytes()).collect();
    assert_eq!(found, names.map(<[u8]>::to_vec));
    assert_eq!(kept.members[&5].head.name.hex.as_deref(), Some("fffe"));
}

#[test]
fn equal_names_are_two_entries() {
    let (outcome, kept) = unpack_bytes(&zip(&[ZipItem::stored("same", b"1"), ZipItem::stored("same", b"2")]));
    assert_eq!(outcome.summary.members_out, 2);
    assert_eq!(
        (kept.members[&1].bytes.as_slice(), kept.members[&2].bytes.as_slice()),
        (b"1".as_slice(), b"2".as_slice())
    );
}

#[test]
fn containers_in_containers_are_opened() {
    let inner = zip(&[ZipItem::deflated("deep.txt", b"deep")]);
    for method in [ZipItem::stored("inner.zip", &inner), ZipItem::deflated("inner.zip", &inner)] {
        let tar = tar(&[("middle.zip", &zip(&[method]))]);
        let warc = record("resource", "urn:x", "application/x-tar", "", &tar);
        let (outcome, kept) = unpack_bytes(&warc);
        assert_eq!(kept.names(), ["urn:x", "middle.zip", "inner.zip", "deep.txt"], "{:?}", kept.findings);
        assert_eq!(outcome.summary.top_records_in, 1);
        assert_eq!(kept.named("deep.txt").bytes, b"deep");
    }
}

#[test]
fn selectors_come_with_offsets_in_the_source_also_at_the_cuts_of_windows() {
    let mut source = vec![b' '; 3 << 20];
    let window = 1 << 20;
    for place in [0, window - 5, window, 2 * window - 1, (3 << 20) - 8] {
        source[place..place + 8].copy_from_slice(b"ab@cd.ef");
    }
    // The fourth would touch the third when written at the cut; they lie apart, so five are there.
    source[window + 8] = b' ';
    let budget = parse::Budget { memory_bytes: 8 << 20, ..budget() };
    let mut kept = Kept::default();
    let task = Task::Extract { hint: "{}".into() };
    let outcome = parse::run(child(), &task, &budget, &mut source, &mut kept, &|| false).unwrap();
    let starts: Vec<u64> = kept.selectors.iter().map(|s| s["start"].as_u64().unwrap()).collect();
    let cut = window as u64;
    assert_eq!(starts, [0, cut - 5, 2 * cut - 1, (3 << 20) - 8], "{:?}", outcome.findings);
    assert_eq!(outcome.summary.selectors, 4);
    for selector in &kept.selectors {
        let range = selector["start"].as_u64().unwrap() as usize..selector["end"].as_u64().unwrap() as usize;
        assert_eq!(selector["value"], String::from_utf8_lossy(&source[range]).as_ref());
    }
}
