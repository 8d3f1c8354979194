//! The Merkle tree of RFC 9162 §2.1 over SHA-256: hashes, positions, the growing right edge.
//!
//! It stores nothing itself: [`Frontier`] is the few hashes that a log head must keep to go on, and
//! [`Gathered`] makes one proof while the leaves pass by,
//! [`MemoryTree`] is for whoever holds all leaf hashes. Leaves are hashed with the prefix 0x00 and
//! nodes with 0x01, so that a node can never pass for a leaf.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::{
    Hash,
    path::{HashSource, ProofError, complete_nodes},
};

/// Position of a leaf, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeafIndex(pub u64);

/// Number of leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreeSize(pub u64);

impl std::fmt::Display for LeafIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for TreeSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Largest log that this house keeps: a leaf's sequence number must be an exact JSON integer.
pub const MAX_TREE_SIZE: TreeSize = TreeSize(1 << 53);

/// A complete subtree: `2^level` leaves from leaf `index · 2^level`. Once complete it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// Height above the leaves, 0 to 63.
    pub level: u8,
    /// Position within its level, from 0.
    pub index: u64,
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "level {}, index {}", self.level, self.index)
    }
}

/// Root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash::of(b"")
}

/// `SHA-256(0x00 ‖ leaf)`.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(leaf).finalize().into())
}

/// `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut block = [1; 65];
    block[1..33].copy_from_slice(&left.0);
    block[33..].copy_from_slice(&right.0);
    Hash::of(&block)
}

/// Hash over neighbouring subtrees, leftmost (largest) first; `None` when there are none.
pub(crate) fn fold_peaks(peaks: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    peaks.rev().reduce(|right, left| node_hash(&left, &right))
}

/// The right edge of a growing tree: one hash per bit of its size (also called a compact range).
///
/// It is all that a log head must keep to append the next leaf and to give the new root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees, largest first.
    peaks: Vec<Hash>,
}

/// Why stored bytes are not a frontier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The length does not fit the size that the bytes name.
    #[error("the stored log head is damaged ({found} bytes, {expected} expected): run `log verify`, then rebuild the head from the leaves")]
    Length {
        /// Bytes that a frontier of this size has.
        expected: usize,
        /// Bytes that were there.
        found: usize,
    },
    /// More leaves than sequence numbers exist.
    #[error("the stored log head names {0} leaves, more than a log can have: run `log verify`, then rebuild the head from the leaves")]
    TooLarge(u64),
}

impl Default for Frontier {
    fn default() -> Self {
        Frontier::empty()
    }
}

impl Frontier {
    /// The tree without leaves.
    pub fn empty() -> Self {
        Frontier { size: 0, peaks: Vec::new() }
    }

    /// The edge of the first `size` leaves of a tree whose complete nodes `source` can give.
    ///
    /// # Errors
    /// [`ProofError::MissingNode`] when `source` lacks one.
    pub fn from_source(size: TreeSize, source: &impl HashSource) -> Result<Self, ProofError> {
        let peaks = complete_nodes(0..size.0).map(|node| source.require(node)).collect::<Result<_, _>>()?;
        Ok(Frontier { size: size.0, peaks })
    }

    /// Appends one leaf; returns every node that it completes, the leaf itself first. Those are the
    /// rows or tile hashes to store: about two per leaf on average, at most 54.
    pub fn append(&mut self, leaf: Hash) -> Vec<(Node, Hash)> {
        let mut completed = Vec::with_capacity(2);
        self.grow(leaf, |node, hash| completed.push((node, hash)));
        completed
    }

    fn grow(&mut self, leaf: Hash, mut completed: impl FnMut(Node, Hash)) {
        let (mut node, mut hash) = (Node { level: 0, index: self.size }, leaf);
        completed(node, hash);
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak stands for each set bit of the size");
            hash = node_hash(&left, &hash);
            node = Node { level: node.level + 1, index: node.index >> 1 };
            completed(node, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Number of leaves so far.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// Root of the tree so far.
    pub fn root(&self) -> Hash {
        fold_peaks(self.peaks.iter().copied()).unwrap_or_else(empty_root)
    }

    /// Size as 8 bytes big-endian, then 32 bytes per set bit of it, largest subtree first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.size.to_be_bytes().to_vec();
        self.peaks.iter().for_each(|peak| out.extend_from_slice(&peak.0));
        out
    }

    /// Reads what [`Frontier::to_bytes`] wrote. The hashes prove nothing by themselves: compare
    /// [`Frontier::root`] with a signed checkpoint before going on from here.
    ///
    /// # Errors
    /// [`FrontierError`] when the bytes have another length or an impossible size.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (head, rest) = bytes.split_first_chunk::<8>().ok_or(FrontierError::Length { expected: 8, found: bytes.len() })?;
        let size = u64::from_be_bytes(*head);
        if size > MAX_TREE_SIZE.0 {
            return Err(FrontierError::TooLarge(size));
        }
        let expected = 8 + 32 * size.count_ones() as usize;
        if bytes.len() != expected {
            return Err(FrontierError::Length { expected, found: bytes.len() });
        }
        let (peaks, _) = rest.as_chunks::<32>();
        Ok(Frontier { size, peaks: peaks.iter().copied().map(Hash).collect() })
    }
}

/// Root of the first `size` of `leaves` (leaf hashes); one pass, a few hundred bytes of memory.
///
/// # Errors
/// [`ProofError::BeyondTree`] when there are fewer hashes than `size`.
pub fn root_of_hashes(leaves: &[Hash], size: TreeSize) -> Result<Hash, ProofError> {
    let held = TreeSize(leaves.len() as u64);
    let wanted = usize::try_from(size.0).ok().and_then(|n| leaves.get(..n));
    let wanted = wanted.ok_or(ProofError::BeyondTree { asked: size.0, size: held })?;
    let mut frontier = Frontier::empty();
    wanted.iter().for_each(|leaf| frontier.grow(*leaf, |_, _| ()));
    Ok(frontier.root())
}

/// The nodes of one proof, gathered in one pass over the leaves: a few thousand bytes of memory for a log of any size.
#[derive(Debug, Clone)]
pub struct Gathered {
    frontier: Frontier,
    nodes: BTreeMap<Node, Option<Hash>>,
}

impl Gathered {
    /// Waits for these nodes ([`crate::path::inclusion_nodes`], [`crate::path::consistency_nodes`]).
    pub fn of(wanted: Vec<Node>) -> Self {
        Gathered { frontier: Frontier::empty(), nodes: wanted.into_iter().map(|node| (node, None)).collect() }
    }

    /// Takes the next leaf hash of the log.
    pub fn leaf(&mut self, leaf: Hash) {
        let nodes = &mut self.nodes;
        self.frontier.grow(leaf, |node, hash| {
            if let Some(wanted) = nodes.get_mut(&node) {
                *wanted = Some(hash);
            }
        });
    }

    /// Root of the leaves so far.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }
}

impl HashSource for Gathered {
    fn hash(&self, node: Node) -> Option<Hash> {
        self.nodes.get(&node).copied().flatten()
    }
}

/// Every complete node of a tree, in memory: 64 bytes per leaf.
#[derive(Debug, Clone)]
pub struct MemoryTree {
    levels: Vec<Vec<Hash>>,
}

impl MemoryTree {
    /// Hashes all levels once, in time proportional to the number of leaves.
    pub fn new(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let (pairs, _) = below.as_chunks::<2>();
            let above = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
            levels.push(above);
        }
        MemoryTree { levels }
    }

    /// Number of leaves.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.levels[0].len() as u64)
    }

    /// Root over all leaves.
    pub fn root(&self) -> Hash {
        let peaks: Vec<Hash> = complete_nodes(0..self.size().0).filter_map(|node| self.hash(node)).collect();
        fold_peaks(peaks.into_iter()).unwrap_or_else(empty_root)
    }
}

impl HashSource for MemoryTree {
    fn hash(&self, node: Node) -> Option<Hash> {
        self.levels.get(usize::from(node.level))?.get(usize::try_from(node.index).ok()?).copied()
    }
}
