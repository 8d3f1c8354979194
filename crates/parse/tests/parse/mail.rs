//! Mail: parts, codings, headers, attachments, mbox; offsets, and what is broken.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parse::{Container, FindingKind};

use super::support::*;

const TOP: &str = "From: =?koi8-r?B?8NLPxMHXxcM=?= <vendor@example.org>\r\nTo: a@example.com,\r\n b@example.com\r\nDate: Fri, 2 Jan 2026 03:04:05 +0700\r\nMessage-ID: <1@example.org>\r\nReceived: from relay.example.net ([192.0.2.7]) by mx.example.com;\r\n\tFri, 2 Jan 2026 03:04:06 +0700\r\nSubject: =?utf-8?Q?caf=C3=A9_?= =?utf-8?B?w6k=?=\r\nMIME-Version: 1.0\r\n";

fn wrapped(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned() + "\r\n").collect()
}

fn mixed(zip: &[u8]) -> Vec<u8> {
    let inner = "From: c@example.org\r\nDate: x\r\nSubject: inner\r\n\r\ninner body\r\n";
    format!(
        "{TOP}Content-Type: multipart/mixed; boundary=\"b 1\"\r\n\r\nA preamble.\r\n--b 1\r\nContent-Type: multipart/alternative; boundary=b2\r\n\r\n\
         --b2\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nPay to =\r\nvendor=40example.org=E2=82=AC\r\n\
         --b2\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b2--\r\n\r\n\
         --b 1\r\nContent-Type: application/zip;\r\n name*0*=utf-8''%D0%B0;\r\n name*1=\"rchive.zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\
         --b 1\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b 1--\r\nepilogue\r\n",
        wrapped(zip)
    )
    .into_bytes()
}

#[test]
fn a_message_gives_its_header_and_each_of_its_parts() {
    let raw = mixed(&zip(&[ZipItem::deflated("in.txt", b"inside the zip")]));
    let (outcome, kept) = unpack_bytes(&raw);
    assert!(kept.findings.is_empty(), "{:?}", kept.findings);
    assert_eq!(outcome.summary.format, "mail");
    let header = String::from_utf8(kept.named("header").bytes.clone()).unwrap();
    assert!(header.starts_with("From: Продавец <vendor@example.org>\nTo: a@example.com, b@example.com\n"), "{header}");
    assert!(header.contains("\nSubject: café é\n") && header.contains("192.0.2.7") && header.contains("Message-ID: <1@example.org>"), "{header}");
    assert_eq!(kept.named("before the parts").bytes, b"A preamble.");
    assert_eq!(kept.named("part 1.1").bytes, "Pay to vendor@example.org€".as_bytes());
    assert_eq!(kept.named("part 1.2").bytes, b"<p>html</p>");
    assert_eq!(kept.named("in.txt").bytes, b"inside the zip");
    assert_eq!(kept.named("in.txt").head.parent, Some(kept.named("аrchive.zip").head.id));
    assert_eq!(kept.named("body").bytes, b"inner body\r\n");
    assert_eq!(kept.named("after the parts").bytes, b"epilogue\r\n");
    let at = |name: &str| usize::try_from(kept.named(name).head.offset).unwrap();
    assert!(raw[at("part 1.1")..].starts_with(b"Content-Type: text/plain"));
    assert!(raw[at("part 1.2")..].starts_with(b"Content-Type: text/html"));
    assert!(raw[at("before the parts")..].starts_with(b"A preamble."));
    assert!(raw[at("after the parts")..].starts_with(b"epilogue"), "{:?}", String::from_utf8_lossy(&raw[at("after the parts")..]));
    assert_eq!(kept.named("part 1.1").head.media_type.as_deref(), Some("text/plain; charset=utf-8"));
    assert_eq!(kept.named("header").head.container, Container::MailHeader);
}

#[test]
fn a_plain_message_is_header_and_body_and_its_offsets_hold() {
    let raw = format!("{TOP}\r\nWrite to c@example.org\r\nor not\r\n").into_bytes();
    let (_, kept) = unpack_bytes(&raw);
    assert_eq!(kept.names(), ["header", "body"]);
    assert_eq!(kept.named("body").bytes, b"Write to c@example.org\r\nor not\r\n");
    // Not a message: three lines of a note that look like fields.
    let (outcome, kept) = unpack_bytes(b"From: me\nPlease note: nothing\nSee also: this\n\nbye");
    assert_eq!((outcome.summary.format.as_str(), kept.members.len()), ("none", 0));
}

#[test]
fn an_mbox_is_messages_and_each_has_its_place() {
    let one = "From a@example.org Thu Jan  1 00:00:00 2026\nFrom: a@example.org\nDate: x\nSubject: one\n\nbody one\n>From the start\nFrom here on it goes on at 10:20 in 2026\n\n";
    let two = "From b@example.org Fri Jan  2 00:00:00 2026\r\nFrom: b@example.org\r\nDate: x\r\nSubject: two\r\n\r\nbody two\r\n";
    let raw = format!("{one}{two}");
    let (outcome, kept) = unpack_bytes(raw.as_bytes());
    assert_eq!((outcome.summary.format.as_str(), outcome.summary.top_records_in, outcome.summary.members_out), ("mbox", 2, 4));
    let messages: Vec<_> = kept.members.values().filter(|m| m.head.container == Container::MailMessage).collect();
    assert_eq!((messages[0].head.offset, messages[1].head.offset), (0, one.len() as u64));
    assert_eq!(messages[0].bytes, &one.as_bytes()[one.find('\n').unwrap() + 1..]);
    assert_eq!(messages[1].bytes, &two.as_bytes()[two.find('\n').unwrap() + 1..]);
}

#[test]
fn a_broken_message_gives_what_it_has_and_says_what_is_wrong() {
    let cut = format!("{TOP}Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsb");
    let (outcome, kept) = unpack_bytes(cut.as_bytes());
    assert_eq!(kept.named("part 1").bytes, b"hel");
    assert!(kept.has(FindingKind::Truncated) && outcome.summary.rejected_count == 1, "{:?}", kept.findings);
    let odd = format!("{TOP}Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n");
    let (_, kept) = unpack_bytes(odd.as_bytes());
    assert!(kept.has(FindingKind::Unsupported));
    assert_eq!(kept.named("body").bytes, b"begin 644 a\r\n");
    let strange = format!("{TOP}Content-Transfer-Encoding: base64\r\n\r\naGVs\x01\u{e9}bG8=\r\n");
    let (_, kept) = unpack_bytes(strange.as_bytes());
    assert_eq!(kept.named("body").bytes, b"hello");
    assert!(kept.has(FindingKind::Malformed));
}

#[test]
fn law_14_multiparts_without_end_are_bounded() {
    let mut raw = TOP.to_string();
    for level in 0..5_000 {
        raw += &format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
    }
    let (outcome, kept) = unpack_bytes(raw.as_bytes());
    assert_eq!(outcome.ended, parse::Ended::Done);
    assert!(kept.has(FindingKind::Limit) && kept.members.len() < 50, "{}", kept.members.len());
    let folded = format!("{TOP}X: a\r\n{}\r\n\r\nbody", " x\r\n".repeat(600_000));
    assert_eq!(unpack_bytes(folded.as_bytes()).0.ended, parse::Ended::Done);
}
