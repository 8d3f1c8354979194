//! Inclusion and consistency proofs of RFC 9162 §2.1.3 and §2.1.4: making and checking them.
//!
//! Checking needs nothing but the proof and two roots. Making needs a [`HashSource`]; a caller whose
//! hashes lie in a database asks [`inclusion_nodes`] or [`consistency_nodes`] first which complete
//! nodes to fetch. Here no root is believed: whether it is the log's own says [`crate::note`].

use std::ops::Range;

use crate::{
    Hash,
    tree::{LeafIndex, Node, TreeSize, empty_root, fold_peaks, node_hash},
};

/// Why a proof cannot be made, or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A leaf or a size was asked for that the tree does not have.
    #[error("number {asked} lies beyond the log, which has {size} leaves: ask for a later checkpoint")]
    BeyondTree {
        /// The leaf index or tree size asked for.
        asked: u64,
        /// Leaves that there are.
        size: TreeSize,
    },
    /// The older tree is empty, so that every log would be consistent with it.
    #[error("a checkpoint without leaves proves nothing about a later one: use an older checkpoint that has leaves")]
    FromEmpty,
    /// The source of hashes lacks a node.
    #[error("the log's stored hash is missing ({0}): run `log verify`, then rebuild the tiles from the leaves")]
    MissingNode(Node),
    /// Fewer or more hashes than the sizes demand.
    #[error(
        "the proof has {found} hashes, which does not fit these sizes: it is damaged or belongs to another checkpoint; ask for it again"
    )]
    Length {
        /// Hashes in the proof.
        found: usize,
    },
    /// The leaf does not lead to the root.
    #[error("the leaf is not in this log at this place: the event, the proof or the checkpoint was changed (law 2)")]
    NotIncluded,
    /// The later tree does not begin with the earlier one.
    #[error(
        "the later log does not contain the earlier one: the log was rolled back, forked or rewritten (law 3); keep both checkpoints and report it"
    )]
    NotConsistent,
}

/// Where the hashes of complete nodes come from.
pub trait HashSource {
    /// The hash of a complete node, or `None` when it is not held.
    fn hash(&self, node: Node) -> Option<Hash>;

    /// The same, as an error that names the node.
    ///
    /// # Errors
    /// [`ProofError::MissingNode`].
    fn require(&self, node: Node) -> Result<Hash, ProofError> {
        self.hash(node).ok_or(ProofError::MissingNode(node))
    }
}

impl<F: Fn(Node) -> Option<Hash>> HashSource for F {
    fn hash(&self, node: Node) -> Option<Hash> {
        self(node)
    }
}

/// The complete nodes that together cover `range`, left to right; its start must be a multiple of
/// the next power of two not below its length, which holds for every subtree of RFC 9162.
pub(crate) fn complete_nodes(range: Range<u64>) -> impl DoubleEndedIterator<Item = Node> {
    let length = range.end - range.start;
    (0..64u8).rev().filter(move |level| length >> level & 1 == 1).map(move |level| {
        // The bits of `length` above this one are the larger subtrees to the left.
        let before = length >> level >> 1 << 1 << level;
        Node { level, index: (range.start + before) >> level }
    })
}

/// Largest power of two below `length` (RFC 9162 §2.1.1); `length` is at least 2.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

/// The subtrees whose roots make an inclusion proof, leaf's sibling first.
fn inclusion_ranges(index: LeafIndex, size: TreeSize) -> Result<Vec<Range<u64>>, ProofError> {
    if index.0 >= size.0 {
        return Err(ProofError::BeyondTree { asked: index.0, size });
    }
    let (mut start, mut end) = (0, size.0);
    let mut ranges = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index.0 < middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    ranges.reverse();
    Ok(ranges)
}

/// The subtrees whose roots make a consistency proof, deepest first.
fn consistency_ranges(from: TreeSize, to: TreeSize) -> Result<Vec<Range<u64>>, ProofError> {
    if from == TreeSize(0) && to != from {
        return Err(ProofError::FromEmpty);
    }
    if from > to {
        return Err(ProofError::BeyondTree { asked: from.0, size: to });
    }
    let (mut start, mut end) = (0, to.0);
    let mut ranges = Vec::new();
    while end != from.0 {
        let middle = start + split(end - start);
        if from.0 <= middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    // The verifier holds the old root already when the walk never turned right.
    if start != 0 {
        ranges.push(start..end);
    }
    ranges.reverse();
    Ok(ranges)
}

fn nodes_of(ranges: Vec<Range<u64>>) -> Vec<Node> {
    ranges.into_iter().flat_map(complete_nodes).collect()
}

fn roots_of(ranges: Vec<Range<u64>>, source: &impl HashSource) -> Result<Vec<Hash>, ProofError> {
    let root = |range| {
        let peaks = complete_nodes(range).map(|node| source.require(node)).collect::<Result<Vec<_>, _>>()?;
        Ok(fold_peaks(peaks.into_iter()).expect("no range of a proof is empty"))
    };
    ranges.into_iter().map(root).collect()
}

/// The complete nodes that [`inclusion_proof`] will ask its source for.
///
/// # Errors
/// [`ProofError::BeyondTree`].
pub fn inclusion_nodes(index: LeafIndex, size: TreeSize) -> Result<Vec<Node>, ProofError> {
    inclusion_ranges(index, size).map(nodes_of)
}

/// The complete nodes that [`consistency_proof`] will ask its source for.
///
/// # Errors
/// [`ProofError::BeyondTree`], [`ProofError::FromEmpty`].
pub fn consistency_nodes(from: TreeSize, to: TreeSize) -> Result<Vec<Node>, ProofError> {
    consistency_ranges(from, to).map(nodes_of)
}

/// Proof that leaf `index` is in the tree of the first `size` leaves; leaf's sibling first.
///
/// # Errors
/// [`ProofError::BeyondTree`], [`ProofError::MissingNode`].
pub fn inclusion_proof(index: LeafIndex, size: TreeSize, source: &impl HashSource) -> Result<Vec<Hash>, ProofError> {
    roots_of(inclusion_ranges(index, size)?, source)
}

/// Proof that the tree of `to` leaves begins with the tree of `from` leaves. Empty when they are equal.
///
/// # Errors
/// [`ProofError::BeyondTree`], [`ProofError::FromEmpty`], [`ProofError::MissingNode`].
pub fn consistency_proof(from: TreeSize, to: TreeSize, source: &impl HashSource) -> Result<Vec<Hash>, ProofError> {
    roots_of(consistency_ranges(from, to)?, source)
}

/// On which side of the path a proof's hash stands.
enum Side {
    Left,
    Right,
}

/// The walk from a node to the root: `at` is where we are in the level, `last` the level's last node.
struct Climb {
    at: u64,
    last: u64,
}

impl Climb {
    /// Goes up to the next node that has a sibling; `None` at the root.
    fn step(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.at & 1 == 1 || self.at == self.last { Side::Left } else { Side::Right };
        // An even last node has no sibling: it rises alone until it is somebody's right child.
        let alone = if matches!(side, Side::Left) { self.at.trailing_zeros() } else { 0 };
        self.rise(alone + 1);
        Some(side)
    }

    fn rise(&mut self, levels: u32) {
        self.at = self.at.checked_shr(levels).unwrap_or(0);
        self.last = self.last.checked_shr(levels).unwrap_or(0);
    }

    fn at_root(&self) -> bool {
        self.last == 0
    }
}

/// Checks that the leaf hash `leaf` stands at `index` in the tree of `size` leaves with this `root`
/// (RFC 9162 §2.1.3.2).
///
/// # Errors
/// [`ProofError`]; anything but the one right proof is refused.
pub fn verify_inclusion(leaf: &Hash, index: LeafIndex, size: TreeSize, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index.0 >= size.0 {
        return Err(ProofError::BeyondTree { asked: index.0, size });
    }
    let wrong_length = ProofError::Length { found: proof.len() };
    let mut climb = Climb { at: index.0, last: size.0 - 1 };
    let mut hash = *leaf;
    for sibling in proof {
        hash = match climb.step().ok_or(wrong_length.clone())? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    match climb.at_root() {
        false => Err(wrong_length),
        true if hash == *root => Ok(()),
        true => Err(ProofError::NotIncluded),
    }
}

/// Checks that the tree `(to, new_root)` begins with the tree `(from, old_root)` (RFC 9162 §2.1.4.2).
///
/// # Errors
/// [`ProofError`]; a proof from the empty tree to a later one is refused, because it says nothing.
pub fn verify_consistency(from: TreeSize, old_root: &Hash, to: TreeSize, new_root: &Hash, proof: &[Hash]) -> Result<(), ProofError> {
    if from > to {
        return Err(ProofError::BeyondTree { asked: from.0, size: to });
    }
    if from == to {
        return verify_same(from, old_root, new_root, proof);
    }
    if from == TreeSize(0) {
        return Err(ProofError::FromEmpty);
    }
    let wrong_length = ProofError::Length { found: proof.len() };
    let (start, rest) = match proof.split_first() {
        None => return Err(wrong_length),
        Some(_) if from.0.is_power_of_two() => (*old_root, proof),
        Some((first, rest)) => (*first, rest),
    };
    match both_roots(from, to, start, rest).ok_or(wrong_length)? {
        (old, new) if old == *old_root && new == *new_root => Ok(()),
        _ => Err(ProofError::NotConsistent),
    }
}

/// The root of the first `from` leaves of the tree `(to, new_root)`, as a consistency proof shows it.
///
/// `None` when the proof does not lead to `new_root`, and when it cannot tell: a proof from a power of
/// two begins with the root that the checker brings, so it shows no other one.
pub(crate) fn old_root_shown(from: TreeSize, to: TreeSize, new_root: &Hash, proof: &[Hash]) -> Option<Hash> {
    if from.0 == 0 || from >= to || from.0.is_power_of_two() {
        return None;
    }
    let (first, rest) = proof.split_first()?;
    let (old, new) = both_roots(from, to, *first, rest)?;
    (new == *new_root).then_some(old)
}

/// Both roots to which `rest` leads from the node `start`; `None` when it has the wrong length.
fn both_roots(from: TreeSize, to: TreeSize, start: Hash, rest: &[Hash]) -> Option<(Hash, Hash)> {
    let mut climb = Climb { at: from.0 - 1, last: to.0 - 1 };
    climb.rise(climb.at.trailing_ones());
    let (mut old, mut new) = (start, start);
    for sibling in rest {
        match climb.step()? {
            Side::Left => (old, new) = (node_hash(sibling, &old), node_hash(sibling, &new)),
            Side::Right => new = node_hash(&new, sibling),
        }
    }
    climb.at_root().then_some((old, new))
}

fn verify_same(size: TreeSize, old_root: &Hash, new_root: &Hash, proof: &[Hash]) -> Result<(), ProofError> {
    if !proof.is_empty() {
        return Err(ProofError::Length { found: proof.len() });
    }
    let possible = size != TreeSize(0) || *old_root == empty_root();
    if possible && old_root == new_root { Ok(()) } else { Err(ProofError::NotConsistent) }
}
