//! Strangers' bytes: the corpus is replayed, then mutated, then replaced by noise. Nothing panics
//! (law 14). The corpus in `fuzz/corpus` is written by `LANTERNFISH_WRITE_CORPUS=1 cargo test`.

use std::{fs, path::PathBuf};

use model::Sha256Digest;
use proptest::prelude::*;
use seal::{cms::sign_detached, fuzz, tsp::request};

use crate::common::{Agency, SIGNED};

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 13] = [
    ("answer", fuzz::answer),
    ("bag-info", fuzz::bag_info),
    ("certificate", fuzz::certificate),
    ("commitments", fuzz::commitments),
    ("index-line", fuzz::index_line),
    ("opened", fuzz::opened),
    ("p7s", fuzz::officer_signature),
    ("payload-manifest", fuzz::payload_manifest),
    ("pem", fuzz::pem),
    ("seal-plan", fuzz::seal_plan),
    ("tag-manifest", fuzz::tag_manifest),
    ("tsr", fuzz::response),
    ("withheld", fuzz::withheld),
];

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let agency = Agency::new(1);
    let object = Sha256Digest::of(b"corpus");
    let officer = &agency.officers[0];
    let asked = request(&object, [1; 8]).unwrap();
    let token = agency.stamps.answer(&asked, SIGNED, 1).unwrap();
    let line = |path: &str| format!("{object}  {path}\n");
    let root = agency.authority.certificate();
    let one = |name: &str, bytes: Vec<u8>| (name.to_string(), bytes);
    match target {
        "answer" => vec![one("granted", token), one("refused", vec![0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02])],
        "tsr" => vec![one("granted", token)],
        "p7s" => vec![one("officer", sign_detached(&object, &officer.key, &officer.certificate, SIGNED).unwrap())],
        "certificate" => vec![one("root", root.to_der().into()), one("stamps", agency.stamps.certificate().to_der().into())],
        "pem" => {
            let list = agency.authority.revocation_list(1, SIGNED, SIGNED.plus_seconds(60), &[]).unwrap();
            vec![one("root-and-list", (root.to_pem() + &list).into())]
        }
        "seal-plan" => vec![one("two-officers", agency.plan().to_text().into())],
        "payload-manifest" => vec![one("two-files", (line("data/a") + &line("data/b/c.warc")).into())],
        "tag-manifest" => vec![
            one("profile", model::package::FIRST_TAG_FILES.map(line).concat().into()),
            one("commits", model::package::TAG_FILES.map(line).concat().into()),
        ],
        "bag-info" => vec![
            one("profile", b"BagIt-Profile-Identifier: lanternfish-bag-1\nExternal-Identifier: p\nPayload-Oxum: 10.2\n".into()),
            one("blind", format!("BagIt-Profile-Identifier: lanternfish-bag-2\nExternal-Identifier: p\nLanternfish-Blind: {object}\nPayload-Oxum: 10.2\n").into()),
        ],
        "commitments" => vec![one("two", "0".repeat(64).into_bytes().into_iter().chain(*b"\n").chain(format!("{object}\n").into_bytes()).collect())],
        "index-line" => vec![
            one("page", b"http://www.Shop.example:8080/A/../b?y=2&PHPSESSID=0123456789abcdef0123456789abcdef&x=%2525#top\ntext/html; charset=utf-8\nsha256:AA".into()),
            one("hostile", "http://u:p@[::1]:x/\u{2028}%%32%35\u{0} {}\n\u{85}\n\"\\".as_bytes().into()),
        ],
        "opened" => vec![one("two", format!("{object}  {}{object}  {}", line("data/a"), line("data/b/c.warc")).into())],
        "withheld" => vec![one("two", format!("{}  blind\n{object}  third-party\n", "0".repeat(64)).into())],
        other => panic!("no seeds for {other}"),
    }
}

#[test]
fn law_14_the_corpus_is_replayed() {
    for (name, target) in TARGETS {
        let folder = corpus().join(name);
        if std::env::var_os("LANTERNFISH_WRITE_CORPUS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            seeds(name).iter().for_each(|(file, bytes)| fs::write(folder.join(file), bytes).unwrap());
        }
        let mut count = 0;
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            target(&fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0, "an empty corpus for {name}");
    }
}

#[test]
fn law_14_seeds_are_accepted_so_that_mutations_go_deep() {
    let object = Sha256Digest::of(b"corpus");
    assert!(seal::signed::read_officer_signature(&seeds("p7s")[0].1, &object).is_ok());
    assert!(seal::stamp::read_response(&seeds("tsr")[0].1, &object).is_ok());
    assert!(seeds("tag-manifest").iter().all(|(_, bytes)| seal::layout::read_tag_manifest(bytes).is_ok()));
    assert!(seeds("bag-info").iter().all(|(_, bytes)| seal::layout::read_bag_info(bytes).is_ok()));
    assert_eq!(seal::layout::read_commitments(&seeds("commitments")[0].1).map(|all| all.len()), Ok(2));
    assert_eq!(seal::layout::read_opened(&seeds("opened")[0].1, "opened").map(|all| all.len()), Ok(2));
    assert_eq!(seal::layout::read_withheld(&seeds("withheld")[0].1, "withheld").map(|all| all.len()), Ok(2));
}

#[test]
fn law_14_every_prefix_of_a_seed_is_a_finding() {
    for (name, target) in TARGETS {
        for (_, bytes) in seeds(name) {
            (0..bytes.len()).for_each(|end| target(&bytes[..end]));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn law_14_noise_is_a_finding(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        for (_, target) in TARGETS {
            target(&bytes);
        }
    }

    #[test]
    fn law_14_mutated_seeds_are_findings(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        for (name, target) in TARGETS {
            for (_, seed) in seeds(name) {
                let mut bytes = seed;
                for (at, byte) in &changes {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
                target(&bytes);
            }
        }
    }
}
