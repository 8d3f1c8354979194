//! Pages of a web archive read for a crawl: what the closure said of each response, and no byte of any.

use parse::{Ended, Outcome, ParseError, Task};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    protocol::{DONE, begin, cage, frame, play, script},
    support::{Kept, budget, child, chunked, gzip, message, record, response},
};

/// The test's child finds words like mail addresses; one for each page is taken for what was read in it.
fn pages(bytes: &[u8]) -> (Outcome, Kept) {
    let mut kept = Kept::default();
    let outcome = parse::run(child(), &all(), &budget(), &mut bytes.to_vec(), &mut kept, &|| false).unwrap();
    (outcome, kept)
}

fn all() -> Task {
    Task::Pages { without: Default::default() }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[test]
fn each_response_is_read_once_decoded_and_no_byte_of_it_leaves_the_child() {
    let body = b"write to one@example.org now".repeat(3);
    let archive = [
        record("warcinfo", "http://a.localhost/", "application/warc-fields", "", b"software: me@example.org\r\n"),
        response("http://a.localhost/plain", "Content-Type: text/html\r\n", &body),
        record("request", "http://a.localhost/plain", "application/http; msgtype=request", "", &message("X: me@example.org\r\n", b"me@example.org")),
        response("http://a.localhost/coded", "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", &chunked(&gzip(&body))),
        response("http://a.localhost/empty", "", b""),
    ];
    let (outcome, kept) = pages(&archive.concat());
    assert_eq!(outcome.ended, Ended::Done);
    assert_eq!(kept.pages.len(), 2, "{:?}", kept.pages);
    for page in &kept.pages {
        assert_eq!((page["value"].as_str(), page["length"].as_u64(), page["cut"].as_bool()), (Some("one@example.org"), Some(84), Some(false)));
        assert_eq!(page["payload"], json!(sha256(&body)));
    }
    assert!(kept.members.is_empty() && kept.total == 0 && kept.selectors.is_empty());
}

#[test]
fn a_body_that_swells_ends_by_itself_and_the_next_is_read() {
    let bomb = gzip(&vec![b' '; 80 << 20]);
    let archive = [
        response("http://a.localhost/bomb", "Content-Encoding: gzip\r\n", &bomb),
        response("http://a.localhost/after", "", b"x two@example.org y"),
    ];
    let (outcome, kept) = pages(&archive.concat());
    assert_eq!(outcome.ended, Ended::Done);
    let after = kept.pages.last().unwrap();
    assert_eq!((&after["value"], &after["cut"]), (&json!("two@example.org"), &json!(false)), "{:?}", kept.pages);
}

/// The record under a number of its own.
fn named(number: u8, mut record: Vec<u8>) -> Vec<u8> {
    let end = record.windows(2).position(|two| two == b"1>").unwrap();
    record[end] = number;
    record
}

/// A record that is left out is not opened, and the next one is: so one page on which a child fell hides no other.
#[test]
fn law_14_a_record_that_is_passed_over_is_not_opened_and_the_next_one_is_read() {
    let bomb = response("http://a.localhost/bomb", "Content-Encoding: gzip\r\n", &gzip(&vec![b' '; 80 << 20]));
    let after = response("http://a.localhost/after", "", b"x two@example.org y");
    let archive = [named(b'1', response("http://a.localhost/one", "", b"x one@example.org y")), named(b'2', bomb), named(b'3', after)].concat();
    let (_, whole) = pages(&archive);
    let names: Vec<String> = whole.pages.iter().map(|page| page["record"].as_str().unwrap().to_string()).collect();
    assert_eq!((whole.opened.len(), names.len()), (3, 2), "each is told before it is opened, also one in which nothing was read: {:?}", whole.opened);
    let mut kept = Kept::default();
    let without = [names[0].clone(), whole.opened[1].clone()].into();
    let outcome = parse::run(child(), &Task::Pages { without }, &budget(), &mut archive.clone(), &mut kept, &|| false).unwrap();
    assert_eq!((outcome.ended, kept.pages.len()), (Ended::Done, 1));
    assert_eq!(kept.pages[0]["value"], "two@example.org");
}

#[test]
fn law_14_pages_and_members_come_only_where_they_were_asked_for() {
    let (outcome, kept) = play(&[cage(), frame('L', br#"{"record":"x"}"#), frame('X', DONE)]);
    assert!(matches!(&outcome.ended, Ended::Hostile(why) if why.contains("a page where none was asked for")), "{:?}", outcome.ended);
    assert!(kept.pages.is_empty());
    let (outcome, kept) = play(&[cage(), frame('O', br#""x""#), frame('X', DONE)]);
    assert!(matches!(&outcome.ended, Ended::Hostile(why) if why.contains("a page where none was asked for")), "{:?}", outcome.ended);
    assert!(kept.opened.is_empty());
    let script = script(&[cage(), begin(1, "null", 1), frame('X', DONE)].concat());
    let mut kept = Kept::default();
    let outcome = loop {
        match parse::run(script.path(), &all(), &budget(), &mut vec![0; 100], &mut kept, &|| false) {
            Err(ParseError::Spawn(error)) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => std::thread::sleep(std::time::Duration::from_millis(5)),
            other => break other.unwrap(),
        }
    };
    assert!(matches!(&outcome.ended, Ended::Hostile(why) if why.contains("a member where none was asked for")), "{:?}", outcome.ended);
    assert!(kept.members.is_empty());
}
