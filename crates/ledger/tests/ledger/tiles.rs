//! Tiles: names, contents, and a log rebuilt from nothing but its tiles.

use ledger::{
    HashSource, Node, TreeSize,
    tile::{
        self, TileError, TileKind, TilePath, TileSet, bundle_bytes, entry_bundles, hash_tile_bytes, hash_tiles, new_hash_tiles,
        parse_bundle, parse_hash_tile,
    },
    tree::{self, LeafIndex},
};
use proptest::prelude::*;

use crate::world::{leaf, leaf_hashes, log_of};

fn path(text: &str) -> TilePath {
    text.parse().unwrap()
}

fn tiles_of(size: u64) -> TileSet {
    let (log, mut set) = (log_of(size), TileSet::default());
    for path in hash_tiles(TreeSize(size)) {
        set.insert(path, &hash_tile_bytes(path, &log).unwrap()).unwrap();
    }
    set
}

#[test]
fn names_are_those_of_c2sp() {
    let tile = path("tile/3/x001/x234/067.p/1");
    assert_eq!((tile.kind(), tile.index(), tile.width()), (TileKind::Hashes(3), 1_234_067, 1));
    for good in ["tile/0/000", "tile/0/999", "tile/0/x001/000", "tile/7/000.p/255", "tile/entries/x001/x234/067"] {
        assert_eq!(path(good).to_string(), good);
    }
    let bad = "tile/0 tile/0/ tile/0/0 tile/0/00 tile/0/0000 tile/00/000 tile/8/000 tile/-1/000 tile/0/x000/001 tile/0/001/002 \
               tile/0/x001 tile/0/000.p/0 tile/0/000.p/256 tile/0/000.p/01 tile/0/000.p/ /tile/0/000 tile/0/000/ tile/entry/000 tile/0/+01 tile/0/x999/x999/x999/x999/x999/x999/999 tile/0/../000";
    for bad in bad.split(' ').chain([""]) {
        assert!(matches!(bad.parse::<TilePath>(), Err(TileError::Path(_))), "{bad:?}");
    }
}

#[test]
fn a_log_of_70_000_leaves_has_the_tiles_of_the_specification() {
    let count = |level, width| {
        let kind = TileKind::Hashes(level);
        hash_tiles(TreeSize(70_000)).filter(|t| t.kind() == kind && t.width() == width).count()
    };
    assert_eq!((count(0, 256), count(0, 112), count(1, 256), count(1, 17), count(2, 1)), (273, 1, 1, 1, 1));
    assert_eq!(hash_tiles(TreeSize(70_000)).count(), 277);
    assert_eq!(entry_bundles(TreeSize(70_000)).count(), 274);
    let names = |size| hash_tiles(TreeSize(size)).map(|t| t.to_string()).collect::<Vec<_>>();
    assert_eq!(names(256), ["tile/0/000", "tile/1/000.p/1"]);
    assert!(names(0).is_empty());
}

#[test]
fn growth_writes_only_what_changed() {
    let names = |from, to| new_hash_tiles(TreeSize(from), TreeSize(to)).map(|t| t.to_string()).collect::<Vec<_>>();
    assert!(names(300, 300).is_empty());
    assert_eq!(names(300, 301), ["tile/0/001.p/45"]);
    assert_eq!(names(255, 257), ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]);
    assert_eq!(names(256, 257), ["tile/0/001.p/1"]);
}

#[test]
fn law_02_proofs_from_tiles_are_the_proofs_of_the_log() {
    for size in [1, 2, 255, 256, 257, 1000, 70_000] {
        let (log, tiles) = (log_of(size), tiles_of(size));
        assert_eq!(tree::Frontier::from_source(TreeSize(size), &tiles).unwrap().root(), log.root());
        for index in [0, size / 2, size - 1] {
            let prove = |source: &dyn Fn(Node) -> Option<ledger::Hash>| ledger::inclusion_proof(LeafIndex(index), TreeSize(size), &source);
            assert_eq!(prove(&|n| tiles.hash(n)), prove(&|n| log.hash(n)), "leaf {index} of {size}");
        }
    }
}

#[test]
fn a_tile_that_is_not_there_gives_no_hash() {
    let tiles = tiles_of(300);
    assert_eq!(tiles.hash(Node { level: 0, index: 300 }), None);
    assert_eq!(tiles.hash(Node { level: 6, index: 4 }), None, "beyond the right edge");
    assert_eq!(tiles.hash(Node { level: 63, index: u64::MAX }), None);
    assert!(tiles.hash(Node { level: 5, index: 8 }).is_some());
}

#[test]
fn bundles_hold_the_leaves_and_hash_to_the_tile() {
    let leaves: Vec<Vec<u8>> = (0..300).map(leaf).collect();
    for (bundle, tile) in entry_bundles(TreeSize(300)).zip(hash_tiles(TreeSize(300))) {
        let start = bundle.start() as usize;
        let mine = &leaves[start..start + usize::from(bundle.width())];
        let bytes = bundle_bytes(mine).unwrap();
        let read = parse_bundle(bundle, &bytes).unwrap();
        assert_eq!(read, mine);
        let hashes: Vec<_> = read.iter().map(|leaf| tree::leaf_hash(leaf)).collect();
        assert_eq!(parse_hash_tile(tile, &hash_tile_bytes(tile, &log_of(300)).unwrap()).unwrap(), hashes);
    }
    assert_eq!(bundle_bytes(&["ab", ""]).unwrap(), b"\x00\x02ab\x00\x00");
}

#[test]
fn damaged_tiles_are_refused() {
    let (hashes, entries) = (path("tile/0/000.p/2"), path("tile/entries/000.p/2"));
    let check = |path, bytes: &[u8]| {
        let refused = if path == hashes { parse_hash_tile(path, bytes).err() } else { parse_bundle(path, bytes).err() };
        assert_eq!(refused, Some(TileError::Length { path, found: bytes.len() }));
    };
    for length in [0, 1, 32, 63, 65, 96] {
        check(hashes, &vec![0; length]);
    }
    for bytes in [b"".as_slice(), b"\0", b"\0\x01a", b"\0\x01a\0\x02b", b"\0\x01a\0\x01bc", b"\0\0\0\0\0\0"] {
        check(entries, bytes);
    }
    assert_eq!(parse_bundle(hashes, b""), Err(TileError::WrongKind(hashes)));
    assert_eq!(parse_hash_tile(entries, b""), Err(TileError::WrongKind(entries)));
    assert_eq!(hash_tile_bytes(entries, &log_of(2)), Err(TileError::WrongKind(entries)));
    assert_eq!(TileSet::default().insert(entries, b""), Err(TileError::WrongKind(entries)));
    assert!(matches!(hash_tile_bytes(hashes, &log_of(1)), Err(TileError::Hash(_))));
    let long = vec![0; tile::MAX_ENTRY_BYTES + 1];
    assert_eq!(bundle_bytes(&[&long]), Err(TileError::EntryTooLong(65_536)));
    assert!(bundle_bytes(&[&long[1..]]).is_ok());
}

#[test]
fn of_two_widths_the_wider_stays() {
    let (log, mut set) = (log_of(5), tiles_of(5));
    let narrow = path("tile/0/000.p/2");
    set.insert(narrow, &hash_tile_bytes(narrow, &log).unwrap()).unwrap();
    assert_eq!(set.hash(Node { level: 0, index: 4 }), Some(leaf_hashes(5)[4]));
}

proptest! {
    #[test]
    fn every_name_is_read_back(size in 1_u64..u64::MAX, level in 0_u8..8, pick: u64) {
        let count = size >> (8 * level);
        let text = match pick % 3 {
            0 => tile_name(&level.to_string(), count / 256, 256),
            1 => tile_name("entries", count / 256, 1 + pick % 255),
            _ => tile_name(&level.to_string(), count / 256, 1 + pick % 255),
        };
        prop_assert_eq!(text.parse::<TilePath>().unwrap().to_string(), text);
    }

    #[test]
    fn old_tiles_and_new_tiles_together_are_all_tiles(from in 0_u64..3000, more in 0_u64..3000) {
        let to = from + more;
        let mut set: std::collections::HashSet<_> = hash_tiles(TreeSize(from)).collect();
        set.extend(new_hash_tiles(TreeSize(from), TreeSize(to)));
        prop_assert!(hash_tiles(TreeSize(to)).all(|path| set.contains(&path)));
    }
}

/// The name by the words of the specification: groups of three digits, all but the last with an x.
fn tile_name(kind: &str, index: u64, width: u64) -> String {
    let digits = index.to_string();
    let padded = format!("{}{digits}", "0".repeat((3 - digits.len() % 3) % 3));
    let groups: Vec<&str> = (0..padded.len() / 3).map(|i| &padded[3 * i..3 * i + 3]).collect();
    let (last, first) = groups.split_last().unwrap();
    let first: String = first.iter().map(|group| format!("x{group}/")).collect();
    let partial = if width < 256 { format!(".p/{width}") } else { String::new() };
    format!("tile/{kind}/{first}{last}{partial}")
}
