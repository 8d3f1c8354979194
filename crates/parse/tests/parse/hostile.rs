//! One test for each kind of hostile bytes: a finding, bounded memory, nothing lost, no crash.

use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;
use parse::{Budget, Ended, FindingKind, Outcome, Source};

use super::support::*;

/// The child's anonymous memory, far below its budget.
fn check_memory(outcome: &Outcome) {
    assert!(outcome.peak_rss_anon < 200 << 20, "{} bytes resident", outcome.peak_rss_anon);
}

/// Gzip of many zeros, made once in a small buffer.
fn zeros_in_gzip(length: u64) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    io::copy(&mut io::Read::take(io::repeat(0), length), &mut encoder).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn law_14_ten_gigabytes_of_zeros_in_gzip_stop_at_the_ratio() {
    let mut source = Repeated { member: zeros_in_gzip(256 << 20), times: 40 };
    let mut kept = Kept { forget_bytes: true, ..Kept::default() };
    let outcome = run_into(&mut source, &budget(), &mut kept);
    assert!(kept.total < 2 << 30, "{} bytes came out", kept.total);
    let reason = &outcome.summary.rejected[0].reason;
    assert!(reason.contains("grew"), "{reason}");
    check_memory(&outcome);
}

/// The same gzip member again and again: one long gzip file.
struct Repeated {
    member: Vec<u8>,
    times: u64,
}

impl Source for Repeated {
    fn len(&self) -> u64 {
        self.member.len() as u64 * self.times
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset % self.member.len() as u64).unwrap();
        let count = buf.len().min(self.member.len() - start);
        buf[..count].copy_from_slice(&self.member[start..start + count]);
        Ok(count)
    }
}

#[test]
fn law_14_a_nested_bomb_stops_within_one_budget() {
    let zeros = vec![0; 8 << 20];
    let mut bomb = zip(&[ZipItem::deflated("zeros", &zeros)]);
    for _ in 0..5 {
        let items: Vec<ZipItem> = (0..16).map(|n| ZipItem::deflated(&format!("{n}.zip"), &bomb)).collect();
        bomb = zip(&items);
    }
    let mut kept = Kept { forget_bytes: true, ..Kept::default() };
    let outcome = run_into(&mut bomb, &Budget { output_bytes: 1 << 30, ..budget() }, &mut kept);
    assert!(matches!(&outcome.ended, Ended::Limit(limit) if limit.contains("bytes came out")), "{:?}", outcome.ended);
    assert!(kept.has(FindingKind::Limit));
    check_memory(&outcome);
}

#[test]
fn law_14_depth_and_members_are_bounded_over_all_nesting() {
    let mut deep = zip(&[ZipItem::stored("bottom", b"x")]);
    for _ in 0..20 {
        deep = zip(&[ZipItem::stored("next.zip", &deep)]);
    }
    let (outcome, kept) = unpack(&mut deep, &Budget { depth: 5, ..budget() });
    assert_eq!((outcome.ended, kept.members.len()), (Ended::Done, 5));
    assert!(kept.has(FindingKind::Limit));

    let items: Vec<ZipItem> = (0..50).map(|n| ZipItem::stored(&n.to_string(), b"x")).collect();
    let (outcome, kept) = unpack(&mut zip(&items), &Budget { members: 20, ..budget() });
    assert!(matches!(outcome.ended, Ended::Limit(_)) && kept.members.len() == 20);
}

#[test]
fn law_14_overlapping_entries_are_refused() {
    let first = ZipItem::deflated("first", &[0; 100_000]);
    let again = |n: u32| ZipItem { shares: Some(0), ..ZipItem::deflated(&format!("again-{n}"), &[0; 100_000]) };
    let mut items = vec![first];
    items.extend((0..100).map(again));
    let (outcome, kept) = unpack_bytes(&zip(&items));
    assert_eq!((outcome.summary.members_out, outcome.summary.rejected_count), (1, 100));
    assert!(kept.has(FindingKind::Overlap));
}

#[test]
fn law_14_archives_held_in_memory_share_one_bound() {
    // Compressed archives inside each other, each above 9 MB: each fits in the bound of 20 MB, three do not.
    let mut state = 1u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as u8
    };
    let filler: Vec<u8> = (0..9 << 20).map(|_| noise()).collect();
    let mut nest = zip(&[ZipItem::deflated("bottom", b"bottom"), ZipItem::stored("filler", &filler)]);
    for _ in 0..3 {
        nest = zip(&[ZipItem::deflated("next.zip", &nest)]);
    }
    let (outcome, kept) = unpack(&mut nest, &Budget { memory_bytes: 160 << 20, ..budget() });
    assert_eq!(outcome.ended, Ended::Done);
    assert_eq!(kept.named("bottom").bytes, b"bottom", "{:?}", kept.findings);
    assert!(kept.has(FindingKind::Limit), "the innermost is read forward");
    check_memory(&outcome);
}

#[test]
fn headers_of_control_characters_travel_whole() {
    let uri = "\u{1}".repeat(60_000);
    let (outcome, kept) = unpack_bytes(&record("resource", &format!("x:{uri}"), "a/b", "", b"block"));
    assert_eq!((outcome.ended, outcome.summary.members_out), (Ended::Done, 1), "{:?}", kept.findings);
    assert_eq!(kept.members[&1].name().len(), 60_002);
    let (outcome, kept) = unpack_bytes(&record("resource", &"u".repeat(200_000), "a/b", "", b"block"));
    assert_eq!((outcome.ended, outcome.summary.rejected_count), (Ended::Done, 1), "{:?}", kept.findings);
}

#[test]
fn an_empty_file_is_a_finding() {
    let (outcome, kept) = unpack_bytes(b"");
    assert_eq!((outcome.ended, kept.members.len()), (Ended::Done, 0));
    assert!(kept.has(FindingKind::NotRecognised));
}

#[test]
fn encrypted_and_unknown_methods_are_findings_and_the_rest_goes_on() {
    let locked = ZipItem { flags: 1, ..ZipItem::stored("locked", b"????????????????") };
    let odd = ZipItem { method: 14, ..ZipItem::stored("lzma", b"????") };
    let (outcome, kept) = unpack_bytes(&zip(&[locked, odd, ZipItem::stored("open", b"open")]));
    assert_eq!((outcome.summary.members_out, outcome.summary.rejected_count), (1, 2));
    assert!(kept.has(FindingKind::Encrypted) && kept.has(FindingKind::Unsupported));
    assert_eq!(kept.named("open").bytes, b"open");
}

#[test]
fn mis_declared_lengths_in_zip_are_rejected_and_delivered() {
    let long = ZipItem { size: 5, ..ZipItem::deflated("long", b"much longer than declared") };
    let wrong = ZipItem { crc: 7, ..ZipItem::stored("crc", b"bytes") };
    let beyond = ZipItem { size: 9, ..ZipItem::stored("last", b"last") };
    let (outcome, kept) = unpack_bytes(&zip(&[long, wrong, beyond]));
    assert_eq!((outcome.summary.members_out, outcome.summary.rejected_count), (0, 3), "{:?}", outcome.summary);
    assert_eq!(kept.named("long").bytes, b"much longer than declared");
    assert!(kept.named("crc").tail.as_ref().unwrap().reason.as_ref().unwrap().contains("CRC-32"));
}

#[test]
fn hidden_bytes_and_a_wrong_count_in_a_zip_are_noted() {
    let mut bytes =
        zip(&[ZipItem::stored("a", b"a"), ZipItem::stored("hidden", &[7; 500]), ZipItem::stored("c", b"c")]);
    // The directory's second entry is cut out: its bytes stay behind.
    let second = memchr::memmem::rfind(&bytes, b"hidden").unwrap() - 46;
    bytes.drain(second..second + 46 + 6);
    let end = bytes.len() - 22;
    let size = u32::from_le_bytes(bytes[end + 12..end + 16].try_into().unwrap()) - 52;
    bytes[end + 12..end + 16].copy_from_slice(&size.to_le_bytes());
    let (outcome, kept) = unpack_bytes(&bytes);
    assert_eq!(outcome.summary.members_out, 2, "{:?}", kept.findings);
    assert!(kept.has(FindingKind::Mismatch) && kept.has(FindingKind::Stray));
}

#[test]
fn warc_lengths_that_lie_cost_only_their_own_record() {
    let good = response("http://good.invalid/", "", b"good");
    let long = record("resource", "urn:long", "a/b", "", b"short").replace_length("5", "9");
    let short = record("resource", "urn:short", "a/b", "", b"longer than said").replace_length("16", "6");
    let none = record("resource", "urn:none", "a/b", "", b"x").replace_length("1", "one");
    let (outcome, kept) = unpack_bytes(&[short, good.clone(), none, good.clone(), long].concat());
    let account = &outcome.summary;
    assert_eq!(kept.named("urn:short").bytes, b"longer");
    assert_eq!(kept.members.values().filter(|m| m.name() == "http://good.invalid/" && m.is_complete()).count(), 4);
    assert!(account.rejected.iter().any(|r| r.reason.contains("not a number")), "{:?}", account.rejected);
    assert!(account.rejected.iter().any(|r| r.reason.contains("belong to no record")), "{:?}", account.rejected);
}

#[test]
fn law_14_a_record_whose_first_line_never_ends_is_refused_once() {
    let good = response("http://good.invalid/", "", b"good");
    let endless = [b"WARC/1.0 ".as_slice(), &b"x".repeat(80 << 10)].concat();
    let (outcome, _) = unpack_bytes(&[good.as_slice(), &endless, b"\r\n", &good].concat());
    assert_eq!((outcome.ended, outcome.summary.members_out, outcome.summary.rejected_count), (Ended::Done, 2, 1));
    // Such a line ends as the line before a record of ARC does.
    let line = |url: &str, length: usize| format!("{url} 1.1.1.1 20260101000000 text/html {length}\n");
    let endless = line(&format!("http://{}.invalid/", "x".repeat(20 << 10)), 2);
    let arc = [line("filedesc://x.arc", 2), "1\n\n".into(), endless, "no\n\n".into(), line("http://b.invalid/", 4), "four\n\n".into()].concat();
    let (outcome, kept) = unpack_bytes(arc.as_bytes());
    assert_eq!((outcome.ended, outcome.summary.members_out, outcome.summary.rejected_count), (Ended::Done, 2, 1));
    assert_eq!(kept.named("http://b.invalid/").bytes, b"four");
}

trait ReplaceLength {
    fn replace_length(self, from: &str, to: &str) -> Vec<u8>;
}

impl ReplaceLength for Vec<u8> {
    fn replace_length(self, from: &str, to: &str) -> Vec<u8> {
        let text = String::from_utf8(self).unwrap();
        text.replace(&format!("Content-Length: {from}\r\n"), &format!("Content-Length: {to}\r\n")).into_bytes()
    }
}

#[test]
fn a_truncated_warc_keeps_what_came_before() {
    let whole = [response("http://a.invalid/", "", b"one"), response("http://b.invalid/", "", b"two")].concat();
    for cut in [whole.len() - 6, whole.len() / 2 + 40] {
        let (outcome, kept) = unpack_bytes(&whole[..cut]);
        assert_eq!((outcome.summary.members_out, outcome.summary.rejected_count), (1, 1), "cut at {cut}");
        assert!(outcome.summary.rejected[0].reason.contains("truncated"));
        assert!(kept.named("http://a.invalid/").is_complete());
    }
}

#[test]
fn one_flipped_bit_in_a_gzip_warc_costs_one_record() {
    let members: Vec<Vec<u8>> =
        (0..5).map(|n| gzip(&response(&format!("http://{n}.invalid/"), "", &[b'a' + n; 3000]))).collect();
    let mut bytes = members.concat();
    let place = members[0].len() + members[1].len() + members[2].len() / 2;
    bytes[place] ^= 0x10;
    let (outcome, kept) = unpack_bytes(&bytes);
    assert_eq!((outcome.summary.members_out, outcome.summary.rejected_count), (4, 1), "{:?}", kept.findings);
    assert!(kept.named("http://4.invalid/").is_complete());
}

#[test]
fn a_wrong_gzip_checksum_is_found() {
    let mut bytes = gzip(&response("http://a.invalid/", "", b"one"));
    let crc = bytes.len() - 8;
    bytes[crc] ^= 1;
    let (outcome, _) = unpack_bytes(&bytes);
    assert_eq!((outcome.summary.members_out, outcome.summary.rejected_count), (0, 1));
}

#[test]
fn broken_tars_lose_only_what_is_broken() {
    let whole = tar(&[("one", &[1; 700]), ("two", &[2; 700]), ("three", b"3")]);
    let mut flipped = whole.clone();
    flipped[512 + 1024 + 3] ^= 1;
    let (outcome, kept) = unpack_bytes(&flipped);
    assert!(kept.named("one").is_complete() && kept.named("three").is_complete());
    assert_eq!((outcome.summary.members_out, outcome.summary.rejected_count), (2, 1), "{:?}", kept.findings);

    let (outcome, kept) = unpack_bytes(&whole[..512 + 300]);
    assert_eq!(outcome.summary.rejected_count, 1);
    assert!(kept.has(FindingKind::Incomplete) && kept.has(FindingKind::Truncated));

    let mut huge = tar::Header::new_gnu();
    huge.set_path("huge").unwrap();
    huge.set_size(1 << 60);
    huge.set_cksum();
    let (outcome, _) = unpack_bytes(&[huge.as_bytes().as_slice(), &[9; 2000]].concat());
    assert!(outcome.summary.rejected[0].reason.contains("truncated"));
}

#[test]
fn law_14_memory_beyond_the_budget_ends_the_child_and_is_a_finding() {
    let mut kept = Kept::default();
    let task = parse::Task::Extract { hint: String::new() };
    // Every word is a selector: the stand-in extractor collects them all in memory.
    let mut source = b"a@b ".repeat(4 << 20);
    let budget = Budget { memory_bytes: 24 << 20, ..budget() };
    let outcome = parse::run(child(), &task, &budget, &mut source, &mut kept, &|| false).unwrap();
    assert_eq!(outcome.ended, Ended::Memory);
    assert!(kept.has(FindingKind::Memory));
    check_memory(&outcome);
}

#[test]
fn law_14_cpu_time_beyond_the_budget_ends_the_child() {
    let started = std::time::Instant::now();
    let mut source = Zeros(1 << 42);
    let mut kept = Kept::default();
    let task = parse::Task::Extract { hint: String::new() };
    let outcome =
        parse::run(child(), &task, &Budget { cpu_s: 1, ..budget() }, &mut source, &mut kept, &|| false).unwrap();
    assert_eq!(outcome.ended, Ended::TimeOut);
    assert!(started.elapsed().as_millis() < u128::from(budget().wall_ms) / 2, "the wall clock ended it, not the CPU time");
    assert!(kept.has(FindingKind::TimeOut));
}

#[test]
fn a_directory_of_lies_is_survived() {
    let mut bytes = zip(&[ZipItem::stored("a", b"a")]);
    let end = bytes.len() - 22;
    for (place, value) in [(10, 0xffff_u32), (12, u32::MAX), (16, u32::MAX), (12, 1 << 30), (16, 1 << 30), (16, 3)] {
        let mut lie = bytes.clone();
        lie[end + place..end + place + 4].copy_from_slice(&value.to_le_bytes());
        let (outcome, _) = unpack_bytes(&lie);
        assert_eq!(outcome.ended, Ended::Done, "{place} {value}");
    }
    // A second end record in the comment must not hide the first.
    let comment = [b"PK\x05\x06".as_slice(), &[0xee; 30]].concat();
    let length = bytes.len();
    bytes[length - 2..].copy_from_slice(&u16::try_from(comment.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&comment);
    let (outcome, _) = unpack_bytes(&bytes);
    assert_eq!(outcome.summary.members_out, 1);
}
