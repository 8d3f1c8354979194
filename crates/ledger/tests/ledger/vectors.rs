//! The outside vectors (transparency-dev/merkle): every verdict must be theirs.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use ledger::{Hash, LeafIndex, TreeSize, verify_consistency, verify_inclusion};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inclusion {
    leaf_idx: u64,
    tree_size: u64,
    root: Option<String>,
    leaf_hash: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consistency {
    size1: u64,
    size2: u64,
    root1: Option<String>,
    root2: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubtreeInclusion {
    leaf_idx: u64,
    start: u64,
    end: u64,
    root: Option<String>,
    leaf_hash: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubtreeConsistency {
    start: u64,
    end: u64,
    size: u64,
    root1: Option<String>,
    root2: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
}

fn vectors(part: &str) -> Option<PathBuf> {
    let data = std::env::var_os("LANTERNFISH_DATA").map(PathBuf::from);
    let data = data.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    let folder = data.join("merkle").join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED vectors::{part}: no folder {}", folder.display());
    None
}

fn files_below(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, out) } else { out.push(path) }
    }
}

/// Runs `accepts` on every vector below `part`; returns how many there were.
fn check_all<V: for<'a> Deserialize<'a>>(part: &str, want_err: fn(&V) -> bool, accepts: fn(&V) -> Option<bool>) -> Option<usize> {
    let mut files = Vec::new();
    files_below(&vectors(part)?, &mut files);
    for file in &files {
        let vector: V = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        // A leaf or proof hash that is not 32 bytes long never becomes a hash here: that is a refusal.
        assert_eq!(accepts(&vector).unwrap_or(false), !want_err(&vector), "{}", file.display());
    }
    Some(files.len())
}

fn hash(text: &Option<String>) -> Option<Hash> {
    STANDARD.decode(text.as_deref()?).ok()?.try_into().ok().map(Hash)
}

/// Some vectors write words instead of a root, where only equality matters: their digest stands for them.
fn root(text: &Option<String>) -> Option<Hash> {
    let bytes = STANDARD.decode(text.as_deref()?).ok()?;
    Some(bytes.as_slice().try_into().map_or_else(|_| Hash::of(&bytes), Hash))
}

fn hashes(list: &Option<Vec<String>>) -> Option<Vec<Hash>> {
    list.iter().flatten().map(|text| hash(&Some(text.clone()))).collect()
}

fn includes(v: &Inclusion) -> Option<bool> {
    let (leaf, proof, top) = (hash(&v.leaf_hash)?, hashes(&v.proof)?, root(&v.root)?);
    Some(verify_inclusion(&leaf, LeafIndex(v.leaf_idx), TreeSize(v.tree_size), &proof, &top).is_ok())
}

fn grows(v: &Consistency) -> Option<bool> {
    let (old, new, proof) = (root(&v.root1)?, root(&v.root2)?, hashes(&v.proof)?);
    Some(verify_consistency(TreeSize(v.size1), &old, TreeSize(v.size2), &new, &proof).is_ok())
}

/// A subtree of a log is itself a tree, when it starts where a complete one of its size could.
fn includes_in_subtree(v: &SubtreeInclusion) -> Option<bool> {
    let size = v.end.checked_sub(v.start).filter(|size| *size > 0)?;
    let index = v.leaf_idx.checked_sub(v.start)?;
    if !v.start.is_multiple_of(size.checked_next_power_of_two()?) {
        return None;
    }
    let (leaf, proof, top) = (hash(&v.leaf_hash)?, hashes(&v.proof)?, root(&v.root)?);
    Some(verify_inclusion(&leaf, LeafIndex(index), TreeSize(size), &proof, &top).is_ok())
}

#[test]
fn every_inclusion_vector_agrees() {
    let count = check_all("inclusion", |v: &Inclusion| v.want_err, includes);
    assert!(count.is_none_or(|count| count >= 98), "{count:?}");
}

#[test]
fn every_consistency_vector_agrees() {
    let count = check_all("consistency", |v: &Consistency| v.want_err, grows);
    assert!(count.is_none_or(|count| count >= 98), "{count:?}");
}

#[test]
fn every_subtree_inclusion_vector_agrees() {
    let count = check_all("subtreeinclusion", |v: &SubtreeInclusion| v.want_err, includes_in_subtree);
    assert!(count.is_none_or(|count| count >= 204), "{count:?}");
}

/// Only subtrees from leaf 0 are earlier states of a log; the others have no meaning in this house. An
/// empty subtree is allowed there, while RFC 9162 §2.1.4.1, and we, demand a first leaf.
#[test]
fn every_consistency_vector_of_a_subtree_from_leaf_0_agrees() {
    let grows_or_foreign = |v: &SubtreeConsistency| {
        if v.start != 0 || v.end == 0 {
            return Some(!v.want_err);
        }
        let (old, new, proof) = (root(&v.root1)?, root(&v.root2)?, hashes(&v.proof)?);
        Some(verify_consistency(TreeSize(v.end), &old, TreeSize(v.size), &new, &proof).is_ok())
    };
    let count = check_all("subtreeconsistency", |v: &SubtreeConsistency| v.want_err, grows_or_foreign);
    assert!(count.is_none_or(|count| count >= 118), "{count:?}");
}
