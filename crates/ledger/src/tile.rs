//! C2SP tlog-tiles: the log as immutable files, which any static server or folder can carry.
//!
//! It names files and gives or reads their bytes; it touches no disk. A hash tile holds up to 256
//! hashes of one level (0, 8, 16 …); an entry bundle holds up to 256 leaves, each after its length in
//! two bytes, big-endian. Read tiles prove nothing by themselves: their root must be that of a
//! signed checkpoint.

use std::collections::HashMap;

use crate::{
    Hash,
    base64text::decode_decimal,
    path::{HashSource, ProofError},
    tree::{Node, TreeSize, node_hash},
};

/// Hashes or entries in a full tile.
pub const FULL_WIDTH: u16 = 256;
/// Highest tile level that a tree of fewer than 2^64 leaves can have.
const MAX_LEVEL: u8 = 7;
/// Longest leaf that a bundle can carry, in bytes.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// Why a tile could not be named, written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not the name of a tile.
    #[error("{0:?} is not the name of a tile: names look like tile/0/x001/234 or tile/entries/000.p/17")]
    Path(String),
    /// The bytes do not have the length that the name demands.
    #[error("the tile {path} is damaged ({found} bytes do not fit its name): copy it again from the log")]
    Length {
        /// Which tile.
        path: TilePath,
        /// Its bytes.
        found: usize,
    },
    /// A leaf is too long for a bundle.
    #[error("a leaf of {0} bytes is too long for a tile (65,535 at most): put the text into the detail, not into the leaf")]
    EntryTooLong(usize),
    /// The other kind of tile is needed here.
    #[error("{0} is the wrong kind of tile here: hash tiles and entry bundles must not be mixed up")]
    WrongKind(TilePath),
    /// A hash that the tile needs is missing.
    #[error(transparent)]
    Hash(#[from] ProofError),
}

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TileKind {
    /// Node hashes of tree level `8 ·` this number, which is 0 to 7.
    Hashes(u8),
    /// Leaves.
    Entries,
}

/// Name of one tile. Its text form is the path below the log's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    /// 1 to 256.
    width: u16,
}

impl TilePath {
    /// What it holds.
    pub fn kind(&self) -> TileKind {
        self.kind
    }

    /// Position within its level, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or leaves it holds, 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Index of its first hash (in its level) or first leaf.
    pub fn start(&self) -> u64 {
        self.index.saturating_mul(u64::from(FULL_WIDTH))
    }

    /// Its nodes from left to right; none for an entry bundle.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + use<> {
        let (level, width) = match self.kind {
            TileKind::Hashes(level) => (level * 8, self.width),
            TileKind::Entries => (0, 0),
        };
        let start = self.start();
        (0..width).map(move |i| Node { level, index: start + u64::from(i) })
    }
}

impl std::fmt::Display for TilePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => write!(f, "tile/entries/")?,
        }
        let groups = self.index.checked_ilog10().unwrap_or(0) / 3;
        for group in (1..=groups).rev() {
            write!(f, "x{:03}/", self.index / 1000_u64.pow(group) % 1000)?;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.width < FULL_WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl std::str::FromStr for TilePath {
    type Err = TileError;
    fn from_str(text: &str) -> Result<Self, TileError> {
        // Whatever is spelled in a second way does not come out again as it went in.
        let path = parse_path(text).filter(|path| path.to_string() == text);
        path.ok_or_else(|| TileError::Path(text.chars().take(80).collect()))
    }
}

fn parse_path(text: &str) -> Option<TilePath> {
    let (kind, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let kind = match kind {
        "entries" => TileKind::Entries,
        level => TileKind::Hashes(u8::try_from(decode_decimal(level)?).ok().filter(|level| *level <= MAX_LEVEL)?),
    };
    let (digits, width) = match rest.split_once(".p/") {
        Some((digits, width)) => (digits, decode_decimal(width).filter(|width| (1..256).contains(width))?),
        None => (rest, u64::from(FULL_WIDTH)),
    };
    let mut index = 0_u64;
    for group in digits.split('/') {
        let group = group.strip_prefix('x').unwrap_or(group);
        let number = group.parse::<u16>().ok().filter(|number| *number < 1000)?;
        index = index.checked_mul(1000)?.checked_add(u64::from(number))?;
    }
    // Beyond this the tile's first hash would lie outside any tree.
    (index < 1 << 56).then_some(TilePath { kind, index, width: u16::try_from(width).ok()? })
}

/// The tiles of one kind that hold `count` hashes or leaves, from `first_tile` on: full ones, then the partial one.
fn row(kind: TileKind, first_tile: u64, count: u64) -> impl Iterator<Item = TilePath> {
    let full = u64::from(FULL_WIDTH);
    let partial = u16::try_from(count % full).expect("a remainder of 256 fits");
    let whole = (first_tile..count / full).map(move |index| TilePath { kind, index, width: FULL_WIDTH });
    whole.chain((partial > 0).then_some(TilePath { kind, index: count / full, width: partial }))
}

/// All hash tiles of a tree of `size` leaves, lowest level first.
pub fn hash_tiles(size: TreeSize) -> impl Iterator<Item = TilePath> {
    new_hash_tiles(TreeSize(0), size)
}

/// The hash tiles of a tree of `to` leaves that a tree of `from` leaves did not have in this width:
/// what a log writes when it has grown.
pub fn new_hash_tiles(from: TreeSize, to: TreeSize) -> impl Iterator<Item = TilePath> {
    (0..=MAX_LEVEL).flat_map(move |level| {
        let (before, now) = (from.0 >> (8 * level), to.0 >> (8 * level));
        let grown = if now > before { now } else { 0 };
        row(TileKind::Hashes(level), before / u64::from(FULL_WIDTH), grown)
    })
}

/// All entry bundles of a log of `size` leaves.
pub fn entry_bundles(size: TreeSize) -> impl Iterator<Item = TilePath> {
    row(TileKind::Entries, 0, size.0)
}

/// The bytes of a hash tile: its hashes one after the other.
///
/// # Errors
/// [`TileError::WrongKind`] for an entry bundle, [`TileError::Hash`] when `source` lacks a node.
pub fn hash_tile_bytes(path: TilePath, source: &impl HashSource) -> Result<Vec<u8>, TileError> {
    if path.kind == TileKind::Entries {
        return Err(TileError::WrongKind(path));
    }
    let mut out = Vec::with_capacity(usize::from(path.width) * 32);
    for node in path.nodes() {
        out.extend_from_slice(&source.require(node)?.0);
    }
    Ok(out)
}

/// The hashes of a hash tile.
///
/// # Errors
/// [`TileError::WrongKind`], [`TileError::Length`].
pub fn parse_hash_tile(path: TilePath, bytes: &[u8]) -> Result<Vec<Hash>, TileError> {
    if path.kind == TileKind::Entries {
        return Err(TileError::WrongKind(path));
    }
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || hashes.len() != usize::from(path.width) {
        return Err(TileError::Length { path, found: bytes.len() });
    }
    Ok(hashes.iter().copied().map(Hash).collect())
}

/// The bytes of an entry bundle with these leaves (at most 256; the caller takes those of one bundle).
///
/// # Errors
/// [`TileError::EntryTooLong`].
pub fn bundle_bytes<L: AsRef<[u8]>>(leaves: &[L]) -> Result<Vec<u8>, TileError> {
    let mut out = Vec::new();
    for leaf in leaves.iter().map(AsRef::as_ref) {
        let length = u16::try_from(leaf.len()).map_err(|_| TileError::EntryTooLong(leaf.len()))?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(leaf);
    }
    Ok(out)
}

/// The leaves of an entry bundle.
///
/// # Errors
/// [`TileError::WrongKind`]; [`TileError::Length`] when lengths and bytes do not agree, or there are
/// more or fewer leaves than the name says.
pub fn parse_bundle(path: TilePath, bytes: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    if path.kind != TileKind::Entries {
        return Err(TileError::WrongKind(path));
    }
    let damaged = TileError::Length { path, found: bytes.len() };
    let mut rest = bytes;
    let mut leaves = Vec::with_capacity(usize::from(path.width));
    for _ in 0..path.width {
        let (leaf, after) = split_entry(rest).ok_or(damaged.clone())?;
        leaves.push(leaf);
        rest = after;
    }
    if rest.is_empty() { Ok(leaves) } else { Err(damaged) }
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// Hash tiles that were read back, as a source for proofs.
#[derive(Debug, Clone, Default)]
pub struct TileSet {
    tiles: HashMap<(u8, u64), Vec<Hash>>,
}

impl TileSet {
    /// Takes one more tile in; of two widths of the same tile the wider stays.
    ///
    /// # Errors
    /// Those of [`parse_hash_tile`].
    pub fn insert(&mut self, path: TilePath, bytes: &[u8]) -> Result<(), TileError> {
        let TileKind::Hashes(level) = path.kind else { return Err(TileError::WrongKind(path)) };
        let hashes = parse_hash_tile(path, bytes)?;
        let held = self.tiles.entry((level, path.index)).or_default();
        if held.len() < hashes.len() {
            *held = hashes;
        }
        Ok(())
    }
}

impl HashSource for TileSet {
    /// Levels between two tile levels are hashed from the tile below them.
    fn hash(&self, node: Node) -> Option<Hash> {
        let (tile_level, above) = (node.level / 8, node.level % 8);
        let first = node.index.checked_mul(1 << above)?;
        let full = u64::from(FULL_WIDTH);
        let start = usize::try_from(first % full).ok()?;
        let tile = self.tiles.get(&(tile_level, first / full))?;
        let mut row = tile.get(start..start + (1 << above))?.to_vec();
        while row.len() > 1 {
            row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
        }
        row.first().copied()
    }
}
