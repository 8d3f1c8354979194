//! What names a withheld item: texts by which it could be recognised in another file of a package, and what a paper
//! still says when those are left out (law 7).
//!
//! It reads papers of the house and digests in strangers' bytes; it blackens nothing inside a document.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use base64::{Engine, engine::general_purpose::STANDARD};
use model::Sha256Digest;
use seal::disclosure::{MAX_TEXT, Original};
use serde_json::{Value, json};
use store::{Scope, StoreError};

use super::disclose::{changed, is_exhibit, label_of};
use crate::{
    Desk, admit,
    examine::{DerivedMember, Derivation},
    report_step,
};

/// Texts by which a withheld item could be recognised in another file: digests in every usual spelling, and
/// in papers of the case its label, id and names too.
pub(super) struct Names {
    digests: AhoCorasick,
    all: AhoCorasick,
}

/// The same while they are gathered.
#[derive(Default)]
struct Gathered {
    digests: BTreeSet<String>,
    words: BTreeSet<String>,
}

impl Names {
    pub(super) fn of<'a>(desk: &Desk, scope: &Scope, original: &Original, withheld: impl Iterator<Item = &'a str>) -> Result<Names, StoreError> {
        let withheld: BTreeSet<&str> = withheld.collect();
        let items = original.items().iter().filter(|entry| withheld.contains(entry.path.as_str()));
        Names::of_items(desk, scope, items.map(|entry| (entry.path.as_str(), entry.digest)))
    }

    pub(super) fn of_items<'a>(desk: &Desk, scope: &Scope, withheld: impl Iterator<Item = (&'a str, Sha256Digest)>) -> Result<Names, StoreError> {
        let mut names = Gathered::default();
        let mut of_label = BTreeSet::new();
        for (path, digest) in withheld {
            names.digest(&digest);
            names.words.insert(path.to_lowercase());
            of_label.extend(label_of(path));
        }
        let is_withheld = |label: &str| of_label.contains(label);
        let mut labels = BTreeSet::new();
        for exhibit in admit::all(desk, scope)?.into_iter().filter(|view| is_withheld(&view.exhibit)) {
            exhibit.content.sha256.iter().for_each(|digest| names.digest(digest));
            names.digests.extend(exhibit.content.declared.iter().map(|one| one.value.to_lowercase()));
            names.words.extend([exhibit.exhibit.to_lowercase(), exhibit.id.clone()]);
            // A very short file name stands in every text.
            names.words.extend(exhibit.content.original_name.iter().filter(|name| name.chars().count() > 3).flat_map(|name| [name.clone(), name.to_lowercase()]));
            labels.insert(exhibit.exhibit);
        }
        for row in desk.store.list(scope, "derivation")? {
            let derivation: Derivation = row.content()?;
            if labels.contains(&derivation.exhibit) {
                names.words.insert(row.id.clone());
                for batch in desk.store.list_of(scope, "members", &row.id)? {
                    batch.content::<Vec<DerivedMember>>()?.iter().for_each(|member| names.digest(&member.sha256));
                }
            }
        }
        for (label, row, content) in report_step::rows(desk, scope)?.into_iter().filter(|(label, _, _)| is_withheld(label)) {
            names.digest(&content.pdf_sha256);
            names.digest(&content.request_sha256);
            names.words.extend([label.to_lowercase(), row.id]);
        }
        Names::finding(&names)
    }

    fn finding(names: &Gathered) -> Result<Names, StoreError> {
        let finder = |texts: &mut dyn Iterator<Item = &String>| AhoCorasick::builder().ascii_case_insensitive(true).build(texts).map_err(crate::office::input);
        Ok(Names { digests: finder(&mut names.digests.iter())?, all: finder(&mut names.digests.iter().chain(&names.words))? })
    }

    pub(super) fn named(&self, text: &str) -> bool {
        self.all.is_match(text)
    }

    /// The items, other than those, that name one of them. A report goes with the request that it was set
    /// from, because a PDF cannot be searched as text. An item too long to be read whole is a stranger's
    /// bytes, never a paper of ours.
    pub(super) fn named_in(&self, original: &Original, withheld: &BTreeSet<&str>) -> Result<BTreeSet<String>, StoreError> {
        let mut named = BTreeSet::new();
        for entry in original.items().iter().filter(|entry| !withheld.contains(entry.path.as_str())) {
            let Some(bytes) = original.read(entry, MAX_TEXT).map_err(changed)? else { continue };
            if (if is_exhibit(&entry.path) { &self.digests } else { &self.all }).is_match(&bytes) {
                named.insert(entry.path.clone());
            }
        }
        let papers: Vec<String> = named.iter().filter_map(|path| path.strip_suffix(".request.json").map(|stem| format!("{stem}.pdf"))).collect();
        named.extend(papers.into_iter().filter(|path| original.items().iter().any(|entry| entry.path == *path)));
        Ok(named)
    }

    /// What a paper says of others: lines and list entries that name a withheld item are left out. Of an
    /// event its leaf stays, which tells nothing but its kind, its time and pseudonyms.
    pub(super) fn extract(&self, path: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(bytes).ok()?;
        if path.ends_with(".jsonl") {
            let lines: Vec<String> = text.lines().filter_map(|line| self.extract_line(line)).collect();
            return Some(lines.concat().into_bytes());
        }
        let mut value: Value = serde_json::from_str(text).ok().filter(|_| path.ends_with(".json") && !path.starts_with("data/report/"))?;
        self.prune(&mut value);
        let mut text = serde_json::to_vec_pretty(&value).ok()?;
        text.push(b'\n');
        Some(text)
    }

    fn extract_line(&self, line: &str) -> Option<String> {
        if !self.named(line) {
            return Some(format!("{line}\n"));
        }
        let value: Value = serde_json::from_str(line).ok()?;
        let leaf = value["leaf"].as_str()?;
        Some(format!("{}\n", json!({"event": value["event"], "leaf": leaf, "note": "the event names a withheld item: its detail stays behind (law 7)"})))
    }

    fn prune(&self, value: &mut Value) {
        match value {
            Value::Array(items) => {
                items.retain(|item| !self.named(&item.to_string()));
                items.iter_mut().for_each(|item| self.prune(item));
            }
            Value::Object(fields) => {
                fields.retain(|key, field| !self.named(key) && (field.is_array() || field.is_object() || !self.named(&field.to_string())));
                fields.values_mut().for_each(|field| self.prune(field));
            }
            _ => {}
        }
    }
}

impl Gathered {
    fn digest(&mut self, digest: &Sha256Digest) {
        let base64 = STANDARD.encode(digest.0);
        self.digests.extend([digest.hex(), base64.trim_end_matches('=').to_string(), base32(&digest.0)]);
    }
}

/// RFC 4648, lower case, without padding: how some records of captures write a digest.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let letter = |first: usize| (0..5).fold(0, |value, n| value << 1 | bit(first + n));
    (0..bytes.len() * 8).step_by(5).map(|first| char::from(LETTERS[usize::from(letter(first))])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_the_rfc() {
        for (bytes, text) in [("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("fooba", "mzxw6ytb"), ("foobar", "mzxw6ytboi")] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn an_extract_leaves_out_what_names_a_withheld_item() {
        let names = Names::finding(&Gathered { digests: ["ab".repeat(32)].into(), words: ["e-0002".into()].into() }).unwrap_or_else(|e| panic!("{e}"));
        let kept = |path: &str, text: &str| names.extract(path, text.as_bytes()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert_eq!(kept("data/x.jsonl", "{\"a\":1}\n{\"a\":\"E-0002\"}\n"), Some("{\"a\":1}\n".into()));
        let line = format!("{{\"event\":7,\"leaf\":\"{{}}\",\"detail\":\"{}\"}}\n", "AB".repeat(32));
        let left = kept("data/custody/log.jsonl", &line).unwrap_or_default();
        assert!(left.contains("\"event\":7") && left.contains("\"leaf\":\"{}\"") && !left.contains("detail\":"), "{left}");
        let left = kept("data/index.json", "{\"exhibits\":[{\"exhibit\":\"E-0001\"},{\"exhibit\":\"E-0002\",\"x\":1}],\"note\":\"see e-0002\"}").unwrap_or_default();
        assert!(left.contains("E-0001") && !left.to_lowercase().contains("e-0002"), "{left}");
        assert_eq!(kept("data/report/r-0001.request.json", "{}"), None);
        assert_eq!(kept("data/case/case.jsonld", "{}"), None);
    }
}
