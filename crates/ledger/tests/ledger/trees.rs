//! The tree's laws on trees of every small size and on random ones, against the definition of
//! RFC 9162 §2.1.1 written out once more, recursively.

use ledger::{
    Frontier, Gathered, Hash, HashSource, MemoryTree, Node, ProofError, TreeSize,
    path::{consistency_nodes, inclusion_nodes},
    tree::{self, FrontierError, LeafIndex},
    verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

use crate::world::{leaf, leaf_hashes, log_of};

/// MTH of RFC 9162 §2.1.1, word for word.
fn root_by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(b""),
        [one] => *one,
        many => {
            let mut k = 1;
            while k * 2 < many.len() {
                k *= 2;
            }
            tree::node_hash(&root_by_definition(&many[..k]), &root_by_definition(&many[k..]))
        }
    }
}

fn flipped(hash: &Hash, bit: usize) -> Hash {
    let mut out = *hash;
    out.0[bit / 8 % 32] ^= 1 << (bit % 8);
    out
}

#[test]
fn the_empty_log_has_the_root_of_rfc_9162() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Frontier::empty().root().hex(), empty);
    assert_eq!(MemoryTree::new(vec![]).root().hex(), empty);
    assert_eq!(ledger::root_of_hashes(&[], TreeSize(0)).unwrap().hex(), empty);
}

#[test]
fn a_leaf_never_passes_for_a_node() {
    let (left, right) = (tree::leaf_hash(b"l"), tree::leaf_hash(b"r"));
    let pair = [left.0, right.0].concat();
    assert_ne!(tree::leaf_hash(&pair), tree::node_hash(&left, &right));
    assert_eq!(tree::leaf_hash(b""), Hash::of(&[0]));
}

#[test]
fn every_way_to_a_root_agrees_with_the_definition() {
    let leaves = leaf_hashes(300);
    let mut frontier = Frontier::empty();
    for size in 0..=leaves.len() {
        let expected = root_by_definition(&leaves[..size]);
        let known = TreeSize(size as u64);
        assert_eq!(frontier.root(), expected, "frontier at {size}");
        assert_eq!(frontier.size(), known);
        assert_eq!(MemoryTree::new(leaves[..size].to_vec()).root(), expected, "memory tree at {size}");
        assert_eq!(ledger::root_of_hashes(&leaves, known), Ok(expected), "list at {size}");
        if let Some(next) = leaves.get(size) {
            frontier.append(*next);
        }
    }
}

#[test]
fn proofs_gathered_in_passing_are_those_of_the_whole_tree() {
    for size in 1..=70 {
        let (whole, leaves) = (log_of(size), leaf_hashes(size));
        let gather = |nodes| {
            let mut gathered = Gathered::of(nodes);
            leaves.iter().for_each(|leaf| gathered.leaf(*leaf));
            assert_eq!(gathered.root(), whole.root());
            gathered
        };
        let size = TreeSize(size);
        for at in 0..size.0 {
            let source = gather(inclusion_nodes(LeafIndex(at), size).unwrap());
            assert_eq!(ledger::inclusion_proof(LeafIndex(at), size, &source), ledger::inclusion_proof(LeafIndex(at), size, &whole));
            let from = TreeSize(at + 1);
            let source = gather(consistency_nodes(from, size).unwrap());
            assert_eq!(ledger::consistency_proof(from, size, &source), ledger::consistency_proof(from, size, &whole));
        }
    }
    assert_eq!(Gathered::of(inclusion_nodes(LeafIndex(0), TreeSize(2)).unwrap()).hash(Node { level: 0, index: 1 }), None);
}

#[test]
fn an_append_returns_exactly_the_nodes_that_it_completes() {
    let whole = log_of(257);
    let mut frontier = Frontier::empty();
    let mut completed = Vec::new();
    for hash in leaf_hashes(257) {
        completed.extend(frontier.append(hash));
    }
    assert_eq!(completed.len(), 257 + 128 + 64 + 32 + 16 + 8 + 4 + 2 + 1);
    for (node, hash) in completed {
        assert_eq!(whole.hash(node), Some(hash), "{node}");
    }
}

#[test]
fn a_list_shorter_than_the_size_has_no_root() {
    let asked = ledger::root_of_hashes(&leaf_hashes(3), TreeSize(4));
    assert_eq!(asked, Err(ProofError::BeyondTree { asked: 4, size: TreeSize(3) }));
}

#[test]
fn law_02_every_leaf_of_every_small_log_is_proved_and_nothing_else_is() {
    for size in 1..=70 {
        let log = log_of(size);
        for index in 0..size {
            let (at, size) = (LeafIndex(index), TreeSize(size));
            let proof = ledger::inclusion_proof(at, size, &log).unwrap();
            let check = |leaf: &[u8], at, proof: &[Hash]| verify_inclusion(&tree::leaf_hash(leaf), at, size, proof, &log.root());
            assert_eq!(check(&leaf(index), at, &proof), Ok(()));
            assert_eq!(check(b"another", at, &proof), Err(ProofError::NotIncluded));
            assert!(check(&leaf(index), LeafIndex(index ^ 1), &proof).is_err() || size.0 == 1);
            assert!(check(&leaf(index), at, &[proof.as_slice(), &[log.root()]].concat()).is_err(), "a hash too many");
            assert!(proof.is_empty() || check(&leaf(index), at, &proof[1..]).is_err(), "a hash too few");
        }
    }
}

#[test]
fn law_03_a_log_is_consistent_with_every_prefix_and_with_no_other_log() {
    let leaves = leaf_hashes(70);
    let log = log_of(70);
    let root = |n: u64| ledger::root_of_hashes(&leaves, TreeSize(n)).unwrap();
    for to in 1..=70 {
        for from in 1..=to {
            let proof = ledger::consistency_proof(TreeSize(from), TreeSize(to), &log).unwrap();
            let check = |old: &Hash, new: &Hash, proof: &[Hash]| verify_consistency(TreeSize(from), old, TreeSize(to), new, proof);
            assert_eq!(check(&root(from), &root(to), &proof), Ok(()), "{from} to {to}");
            assert!(check(&flipped(&root(from), 3), &root(to), &proof).is_err(), "another past");
            assert!(check(&root(from), &flipped(&root(to), 3), &proof).is_err(), "another present");
            assert!(check(&root(from), &root(to), &[proof.as_slice(), &[root(to)]].concat()).is_err(), "a hash too many");
            assert!(proof.is_empty() || check(&root(from), &root(to), &proof[1..]).is_err(), "a hash too few");
        }
    }
}

#[test]
fn law_03_a_rolled_back_log_and_an_empty_past_are_refused() {
    let log = log_of(9);
    let shrunk = verify_consistency(TreeSize(9), &log.root(), TreeSize(8), &log_of(8).root(), &[]);
    assert_eq!(shrunk, Err(ProofError::BeyondTree { asked: 9, size: TreeSize(8) }));
    let empty = verify_consistency(TreeSize(0), &tree::empty_root(), TreeSize(9), &log.root(), &[]);
    assert_eq!(empty, Err(ProofError::FromEmpty));
    assert_eq!(ledger::consistency_proof(TreeSize(0), TreeSize(9), &log), Err(ProofError::FromEmpty));
    assert!(ledger::consistency_proof(TreeSize(10), TreeSize(9), &log).is_err());
    assert!(ledger::inclusion_proof(LeafIndex(9), TreeSize(9), &log).is_err());
}

#[test]
fn a_missing_hash_is_named() {
    let whole = log_of(13);
    let gap = Node { level: 2, index: 1 };
    let holey = |node: Node| if node == gap { None } else { whole.hash(node) };
    assert_eq!(ledger::inclusion_proof(LeafIndex(0), TreeSize(13), &holey), Err(ProofError::MissingNode(gap)));
    assert_eq!(Frontier::from_source(TreeSize(7), &whole).unwrap().root(), log_of(7).root());
    assert_eq!(Frontier::from_source(TreeSize(6), &|_| None), Err(ProofError::MissingNode(Node { level: 2, index: 0 })));
}

#[test]
fn the_announced_nodes_are_the_ones_asked_for() {
    let whole = log_of(100);
    let asked = std::cell::RefCell::new(Vec::new());
    let spy = |node: Node| {
        asked.borrow_mut().push(node);
        whole.hash(node)
    };
    for (a, b) in [(0, 1), (0, 100), (63, 100), (64, 65), (99, 100), (37, 77)] {
        ledger::inclusion_proof(LeafIndex(a), TreeSize(b), &spy).unwrap();
        assert_eq!(asked.take(), inclusion_nodes(LeafIndex(a), TreeSize(b)).unwrap());
        ledger::consistency_proof(TreeSize(a + 1), TreeSize(b), &spy).unwrap();
        assert_eq!(asked.take(), consistency_nodes(TreeSize(a + 1), TreeSize(b)).unwrap());
    }
}

#[test]
fn sizes_at_the_edge_of_64_bits_neither_panic_nor_pass() {
    let hash = Hash([1; 32]);
    let top = TreeSize(u64::MAX);
    for length in [0, 1, 63, 64, 65] {
        let proof = vec![hash; length];
        assert!(verify_inclusion(&hash, LeafIndex(u64::MAX - 1), top, &proof, &hash).is_err());
        assert!(verify_inclusion(&hash, LeafIndex(u64::MAX), top, &proof, &hash).is_err());
        assert!(verify_consistency(TreeSize(1 << 63), &hash, top, &hash, &proof).is_err());
        assert!(verify_consistency(TreeSize(u64::MAX - 1), &hash, top, &hash, &proof).is_err());
    }
    assert_eq!(inclusion_nodes(LeafIndex(0), top).unwrap().len(), 63 + 63);
    assert_eq!(consistency_nodes(TreeSize(1), TreeSize(1 << 63)).unwrap().len(), 63);
}

#[test]
fn a_stored_head_goes_on_where_it_stopped() {
    let mut first = Frontier::default();
    leaf_hashes(21).into_iter().for_each(|hash| drop(first.append(hash)));
    let mut second = Frontier::from_bytes(&first.to_bytes()).unwrap();
    assert_eq!(second, first);
    second.append(tree::leaf_hash(&leaf(21)));
    assert_eq!(second.root(), log_of(22).root());
}

#[test]
fn a_damaged_stored_head_is_refused() {
    let check = |bytes: &[u8], expected: FrontierError| assert_eq!(Frontier::from_bytes(bytes), Err(expected));
    check(b"", FrontierError::Length { expected: 8, found: 0 });
    check(&3_u64.to_be_bytes(), FrontierError::Length { expected: 72, found: 8 });
    check(&[1_u64.to_be_bytes().as_slice(), &[0; 33]].concat(), FrontierError::Length { expected: 40, found: 41 });
    check(&u64::MAX.to_be_bytes(), FrontierError::TooLarge(u64::MAX));
}

proptest! {
    #[test]
    fn law_02_a_proof_holds_and_any_flipped_bit_breaks_it(size in 1_u64..3000, pick: u64, bit in 0_usize..256, which: usize) {
        let log = log_of(size);
        let (at, size, root) = (LeafIndex(pick % size), TreeSize(size), log.root());
        let hash = tree::leaf_hash(&leaf(at.0));
        let proof = ledger::inclusion_proof(at, size, &log).unwrap();
        prop_assert_eq!(verify_inclusion(&hash, at, size, &proof, &root), Ok(()));
        prop_assert!(verify_inclusion(&flipped(&hash, bit), at, size, &proof, &root).is_err());
        prop_assert!(verify_inclusion(&hash, at, size, &proof, &flipped(&root, bit)).is_err());
        if !proof.is_empty() {
            let mut broken = proof.clone();
            broken[which % proof.len()] = flipped(&proof[which % proof.len()], bit);
            prop_assert!(verify_inclusion(&hash, at, size, &broken, &root).is_err());
        }
    }

    #[test]
    fn law_03_growth_is_provable_and_any_flipped_bit_breaks_it(to in 2_u64..3000, pick: u64, bit in 0_usize..256, which: usize) {
        let log = log_of(to);
        let from = 1 + pick % (to - 1);
        let (old, new) = (log_of(from).root(), log.root());
        let (from, to) = (TreeSize(from), TreeSize(to));
        let mut proof = ledger::consistency_proof(from, to, &log).unwrap();
        prop_assert_eq!(verify_consistency(from, &old, to, &new, &proof), Ok(()));
        let which = which % proof.len();
        proof[which] = flipped(&proof[which], bit);
        prop_assert!(verify_consistency(from, &old, to, &new, &proof).is_err());
    }

    #[test]
    fn law_03_a_changed_past_is_never_consistent(to in 2_u64..500, pick: u64, at: u64) {
        let from = 1 + pick % (to - 1);
        let old = log_of(from).root();
        let mut leaves = leaf_hashes(to);
        leaves[(at % from) as usize] = tree::leaf_hash(b"rewritten");
        let rewritten = MemoryTree::new(leaves);
        let proof = ledger::consistency_proof(TreeSize(from), TreeSize(to), &rewritten).unwrap();
        let verdict = verify_consistency(TreeSize(from), &old, TreeSize(to), &rewritten.root(), &proof);
        prop_assert_eq!(verdict, Err(ProofError::NotConsistent));
    }
}
