//! Files that others wrote (outside this tree): every one is read or refused with a reason, and
//! well-formed ones hold as many records as warcio 1.7 `index` counts.

use std::fs::File;

use parse::{Ended, FindingKind};

use super::support::{budget, outside_data, unpack};

/// Name, records as counted by `warcio index` and how many of them are whole; none where it stops
/// with an error or warns.
const COUNTS: &[(&str, Option<(u64, u64)>)] = &[
    ("example-digest.warc", Some((4, 4))),
    ("example-iana.org-chunked.warc", Some((3, 3))),
    ("example-resource.warc.gz", Some((3, 3))),
    ("example-space-in-target-uri.warc.gz", Some((2, 2))),
    // The last record declares 12 bytes more than the file holds.
    ("example-space-in-url.arc", Some((2, 1))),
    ("example-wget-bad-target-uri.warc.gz", Some((6, 6))),
    ("example.arc", Some((2, 2))),
    ("example.arc.gz", Some((2, 2))),
    ("example.warc", Some((6, 6))),
    ("example.warc.gz", Some((6, 6))),
    ("post-test.warc.gz", Some((6, 6))),
    ("bad.arc", None),
    ("example-trunc.warc", None),
    ("example-bad-non-chunked.warc.gz", None),
    ("example-bad.warc.gz.bad", None),
    ("example-wrong-chunks.warc.gz", None),
];

#[test]
fn law_06_record_counts_equal_those_of_another_program() {
    let Some(folder) = outside_data("law_06_record_counts_equal_those_of_another_program", "captures/warcio") else {
        return;
    };
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), COUNTS.len(), "a file that the table does not name");
    for (name, count) in COUNTS {
        let mut file = File::open(folder.join(name)).unwrap();
        let (outcome, kept) = unpack(&mut file, &budget());
        let account = &outcome.summary;
        println!(
            "{name}: {} in, {} out, {} payloads, {:?}",
            account.records_in, account.members_out, account.payloads_out, outcome.findings
        );
        assert_eq!(outcome.ended, Ended::Done, "{name}");
        match count {
            Some(count) => {
                assert_eq!((account.records_in, account.members_out), *count, "{name}: {:?}", outcome.findings);
            }
            None => assert!(!kept.findings.is_empty(), "{name}: nothing to say about a broken file"),
        }
    }
}

#[test]
fn pages_are_no_containers() {
    let Some(folder) = outside_data("pages_are_no_containers", "captures/market-pages-2020") else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let mut file = File::open(entry.unwrap().path()).unwrap();
        let (outcome, kept) = unpack(&mut file, &budget());
        assert_eq!((outcome.ended, outcome.summary.format.as_str()), (Ended::Done, "none"));
        assert!(kept.members.is_empty() && !kept.has(FindingKind::Malformed));
    }
}
