//! A disclosure: a package that carries the seal of another, some of its items, and commitments to the rest.
//!
//! The seal of the original is checked as that of any package, under the reader's own anchors. Then every
//! commitment of the original is accounted for: opened with its salt and its bytes, or named as withheld. Law
//! 7. It refuses a disclosure in which an item is silently missing, and believes nothing that its papers say.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use model::{
    Law, Sha256Digest,
    disclosure::{OPENED_DIR, OPENED_LIST, ORIGINAL_DIR, REVEALED_LIST, WITHHELD_LIST, WithholdClass},
    package::{COMMITMENTS, SEAL_PLAN, SealPlan, TAG_MANIFEST},
};

use super::{
    anchors::Anchors,
    files::{Bag, digest_of, distinct, read_plain, read_tag, strangers},
    log, seals,
    verdict::{Part, Report},
};
use crate::{
    Flaw,
    flaw::ensure,
    layout::{Opened, read_commitments, read_opened, read_tag_manifest, read_withheld},
};

const ITEMS: Part = Part::Law(Law::Restricted);

/// Commitments of the original that the disclosure does not open, with their reasons.
type Closed = BTreeMap<Sha256Digest, WithholdClass>;

/// Checks what makes a package a disclosure; says nothing of one that is none, unless something was revealed.
pub(super) fn check_disclosure(dir: &Path, bag: &Bag, anchors: &Anchors, revealed: Option<&Path>, report: &mut Report) {
    let inside = format!("{ORIGINAL_DIR}/");
    if !bag.payload.iter().any(|entry| entry.path.starts_with(&inside)) {
        if revealed.is_some() {
            report.broken(ITEMS, REVEALED_LIST, "this package is no disclosure: nothing in it is withheld that could be revealed");
        }
        return;
    }
    let Some(commitments) = check_original(dir, bag, anchors, report) else { return };
    let Some(closed) = check_items(dir, bag, &commitments, report) else { return };
    if let Some(folder) = revealed {
        check_revealed(folder, closed, report);
    }
}

/// The seal of the original over its own tag manifest. Gives its commitments.
fn check_original(dir: &Path, bag: &Bag, anchors: &Anchors, report: &mut Report) -> Option<Vec<Sha256Digest>> {
    let folder = dir.join(ORIGINAL_DIR);
    report.about("original: ");
    let read = read_original(&folder).map_err(|flaw| flaw.within(ORIGINAL_DIR));
    let read = report.record(Part::Law(Law::Integrity), TAG_MANIFEST, read, |(original, all)| format!("{} seal files planned, {} items committed to", original.plan.files.len(), all.len()));
    let commitments = read.map(|(original, commitments)| {
        let event = log::check_event(&folder, &original, report);
        seals::check_officers(&folder, &original, event.as_ref(), anchors, report);
        seals::check_tokens(&folder, &original, event.as_ref(), anchors, report);
        log::check_proof(&folder, event.as_ref(), anchors, report);
        report.record(Part::Law(Law::Integrity), "files", only_its_seal(bag, &original.plan), |()| "its lists and its seal files, nothing more".into());
        commitments
    });
    report.about("");
    commitments
}

fn read_original(folder: &Path) -> Result<(Bag, Vec<Sha256Digest>), Flaw> {
    let tag_manifest = read_plain(folder, TAG_MANIFEST)?;
    let tags = read_tag_manifest(&tag_manifest)?;
    let read = |name: &str| {
        let entry = tags.iter().find(|entry| entry.path == name);
        entry.ok_or_else(|| Flaw::new(format!("{TAG_MANIFEST} lists no {name}"))).and_then(|entry| read_tag(folder, entry))
    };
    let commitments = read_commitments(&read(COMMITMENTS)?)?;
    let plan = String::from_utf8(read(SEAL_PLAN)?).map_err(|e| e.to_string()).and_then(|text| SealPlan::parse(&text)).and_then(distinct);
    let bag = Bag { payload: vec![], info: None, plan: plan.map_err(Flaw::new)?, sealed_object: Sha256Digest::of(&tag_manifest) };
    Ok((bag, commitments))
}

fn only_its_seal(bag: &Bag, plan: &SealPlan) -> Result<(), Flaw> {
    let seals = plan.files.iter().map(|file| file.path());
    let expected: BTreeSet<String> = seals.chain([TAG_MANIFEST, SEAL_PLAN, COMMITMENTS].map(String::from)).collect();
    let found: BTreeSet<String> = below(bag, ORIGINAL_DIR).map(|(path, _)| path.to_string()).collect();
    match found.symmetric_difference(&expected).next() {
        None => Ok(()),
        Some(path) => Err(Flaw::new(format!("{ORIGINAL_DIR}/{path} was added or is missing"))),
    }
}

/// Payload files below a folder, without its name, with their digests.
fn below<'a>(bag: &'a Bag, folder: &str) -> impl Iterator<Item = (&'a str, Sha256Digest)> {
    let prefix = format!("{folder}/");
    bag.payload.iter().filter_map(move |entry| entry.path.strip_prefix(prefix.as_str()).map(|path| (path, entry.digest)))
}

/// Every commitment is opened or withheld, none twice; every opened one has its bytes.
fn check_items(dir: &Path, bag: &Bag, commitments: &[Sha256Digest], report: &mut Report) -> Option<Closed> {
    let opened = read_plain(dir, OPENED_LIST).and_then(|bytes| read_opened(&bytes, OPENED_LIST));
    let opened = report.record(ITEMS, OPENED_LIST, opened, |all| format!("{} items disclosed", all.len()))?;
    let withheld = read_plain(dir, WITHHELD_LIST).and_then(|bytes| read_withheld(&bytes, WITHHELD_LIST));
    let withheld = report.record(ITEMS, WITHHELD_LIST, withheld, |all| format!("{} items withheld", all.len()))?;
    let closed: Closed = withheld.into_iter().collect();
    report.record(ITEMS, "salts", opens_what_was_sealed(&opened, commitments), |()| "each disclosed item is one that the original committed to".into());
    report.record(ITEMS, COMMITMENTS, accounted(&opened, &closed, commitments), |()| format!("all {} items of the original are disclosed or named as withheld", commitments.len()));
    report.record(ITEMS, OPENED_DIR, bytes_are_there(bag, &opened), |()| "the bytes of each disclosed item are there, and no others".into());
    report.limit(in_words(&closed));
    Some(closed)
}

fn opens_what_was_sealed(opened: &[Opened], commitments: &[Sha256Digest]) -> Result<(), Flaw> {
    match opened.iter().find(|one| commitments.binary_search(&one.commitment()).is_err()) {
        None => Ok(()),
        Some(one) => Err(Flaw::new(format!("{}: salt, digest and name are not what the original committed to", one.entry.path))),
    }
}

fn accounted(opened: &[Opened], closed: &Closed, commitments: &[Sha256Digest]) -> Result<(), Flaw> {
    let told: BTreeSet<Sha256Digest> = opened.iter().map(Opened::commitment).collect();
    if let Some(twice) = told.iter().find(|one| closed.contains_key(one)) {
        return Err(Flaw::new(format!("{twice} is disclosed and named as withheld")));
    }
    if let Some(one) = commitments.iter().find(|one| !told.contains(one) && !closed.contains_key(one)) {
        return Err(Flaw::new(format!("an item of the original is missing without a word: {one}")));
    }
    // Each package has one blind, and it holds no evidence: nothing else may hide under its name.
    let blinds = closed.values().filter(|class| **class == WithholdClass::Blind).count();
    ensure(blinds == 1, format!("{blinds} items are named as the blind of the original, which has exactly one"))?;
    let stranger = closed.keys().find(|one| commitments.binary_search(one).is_err());
    ensure(stranger.is_none(), "an item is named as withheld that the original never had")
}

fn bytes_are_there(bag: &Bag, opened: &[Opened]) -> Result<(), Flaw> {
    let listed: BTreeMap<&str, Sha256Digest> = opened.iter().map(|one| (one.entry.path.as_str(), one.entry.digest)).collect();
    let found: BTreeMap<&str, Sha256Digest> = below(bag, OPENED_DIR).collect();
    if let Some((path, _)) = listed.iter().find(|(path, digest)| found.get(**path) != Some(*digest)) {
        return Err(Flaw::new(format!("{OPENED_DIR}/{path} is missing or has other bytes than {OPENED_LIST} says")));
    }
    match found.keys().find(|path| !listed.contains_key(**path)) {
        None => Ok(()),
        Some(path) => Err(Flaw::new(format!("{OPENED_DIR}/{path} is not in {OPENED_LIST}: it was added"))),
    }
}

/// Items that were opened later, against the commitments of the disclosure.
fn check_revealed(folder: &Path, mut closed: Closed, report: &mut Report) {
    let list = read_plain(folder, REVEALED_LIST).and_then(|bytes| read_opened(&bytes, REVEALED_LIST));
    let Some(list) = report.record(ITEMS, REVEALED_LIST, list, |all| format!("{} items revealed", all.len())) else { return };
    for one in &list {
        let path = one.entry.path.as_str();
        let withheld = closed.remove(&one.commitment());
        let result = withheld.ok_or_else(|| Flaw::new("this is no item that the disclosure withheld: salt, digest and name do not give one of its commitments"));
        let result = result.and_then(|_| digest_of(folder, path)).and_then(|found| ensure(found == one.entry.digest, "the bytes are not those that were committed to"));
        report.record(ITEMS, path, result, |()| "opened: this is what the original committed to".into());
    }
    let files: BTreeSet<&str> = list.iter().map(|one| one.entry.path.as_str()).chain([REVEALED_LIST]).collect();
    for (object, text) in strangers(folder, &files).into_iter().take(20) {
        report.broken(ITEMS, &object, text);
    }
    report.limit(format!("after what was revealed, {}", in_words(&closed)));
}

/// How many items are withheld, by reason.
fn in_words(closed: &Closed) -> String {
    let mut counts: BTreeMap<WithholdClass, usize> = BTreeMap::new();
    closed.values().for_each(|class| *counts.entry(*class).or_default() += 1);
    let words: Vec<String> = counts.iter().map(|(class, count)| format!("{count} {class}")).collect();
    format!("{} items of the original are withheld: {}", closed.len(), if words.is_empty() { "none".into() } else { words.join(", ") })
}
