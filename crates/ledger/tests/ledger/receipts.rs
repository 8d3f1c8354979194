//! Receipts: what they prove, how large they are, and that any change breaks them.

use ledger::{
    Hash, LogSigner, MemoryTree, TlogProof, TreeSize,
    note::NoteError,
    path::ProofError,
    proof::{ReceiptError, Verified},
    tree::{self, LeafIndex},
};
use proptest::prelude::*;

use crate::world::{ORIGIN, checkpoint, cosigned, leaf, log, name, note, receipt, witness_keys};

fn verify(text: &[u8], leaf: &[u8], witnesses: u8) -> Result<Verified, ReceiptError> {
    TlogProof::parse(text)?.verify(leaf, &log().log_key(), &witness_keys(witnesses))
}

#[test]
fn law_02_a_receipt_proves_its_leaf_and_no_other() {
    let text = receipt(6, 11, 1).to_text();
    let verified = verify(text.as_bytes(), &leaf(6), 1).unwrap();
    assert_eq!((verified.checkpoint, verified.index), (checkpoint(11), LeafIndex(6)));
    assert_eq!(verified.witnessed_by.len(), 1);
    assert_eq!(verify(text.as_bytes(), &leaf(7), 1), Err(ReceiptError::Path(ProofError::NotIncluded)));
    let moved = text.replace("index 6\n", "index 7\n");
    assert_eq!(verify(moved.as_bytes(), &leaf(6), 1), Err(ReceiptError::Path(ProofError::NotIncluded)));
    let away = text.replace("index 6\n", "index 11\n");
    assert!(matches!(verify(away.as_bytes(), &leaf(6), 1), Err(ReceiptError::Path(ProofError::BeyondTree { .. }))));
}

#[test]
fn law_08_a_forger_with_his_own_log_key_is_refused() {
    let forged = LogSigner::from_seed(name(ORIGIN), &[8; 32]).sign(checkpoint(11)).unwrap();
    let path = receipt(6, 11, 0).to_text();
    let head = path.split_once("\n\n").unwrap().0;
    let text = format!("{head}\n\n{}", forged.to_text());
    assert_eq!(verify(text.as_bytes(), &leaf(6), 0), Err(ReceiptError::Note(NoteError::NotSigned(name(ORIGIN)))));
}

#[test]
fn the_format_is_that_of_c2sp() {
    let text = receipt(0, 2, 0).to_text();
    let sibling = "c2sp.org/tlog-proof@v1\nindex 0\n".len();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n"));
    assert_eq!(&text[sibling + 44..sibling + 46], "\n\n", "one hash in base64, then an empty line");
    assert!(text.ends_with(&note(2, 0).to_text()));
    assert!(receipt(0, 1, 0).to_text().starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nnode.example/log\n1\n"));
}

#[test]
fn an_unsigned_extra_line_is_read_and_refused() {
    let text = receipt(6, 11, 0).to_text().replace("index 6", "extra aGVsbG8=\nindex 6");
    assert_eq!(TlogProof::parse(text.as_bytes()).unwrap().to_text(), text);
    assert_eq!(verify(text.as_bytes(), &leaf(6), 0), Err(ReceiptError::Extra));
}

#[test]
fn other_texts_are_no_receipts() {
    let good = receipt(6, 11, 0).to_text();
    assert!(verify(good.as_bytes(), &leaf(6), 0).is_ok());
    let check = |text: String| assert!(TlogProof::parse(text.as_bytes()).is_err(), "{text:?}");
    check(String::new());
    check(good.replace("@v1", "@v2"));
    check(good.replace("index 6", "index 06"));
    check(good.replace("index 6", "index  6"));
    check(good.replace("index 6", "extra \u{e9}\nindex 6"));
    check(good.replace("index 6", "extra aGVsbG8=\nextra aGVsbG8=\nindex 6"));
    check(good.replace("index 6\n", ""));
    check(good.replace("index 6\n", "index 6\nAAAA\n"));
    check(good.replace("index 6\n", "index 6\n\n"));
    check(good.replace('\n', "\r\n"));
    check(format!("{good}\n"));
    let hash = format!("{}=\n", "A".repeat(43));
    check(good.replace("index 6\n", &format!("index 6\n{}", hash.repeat(65))));
}

#[test]
fn any_flipped_bit_any_lost_byte_and_any_lost_line_breaks_a_receipt() {
    let good = receipt(6, 11, 1).to_text().into_bytes();
    let holds = |text: &[u8]| verify(text, &leaf(6), 1).is_ok();
    assert!(holds(&good));
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut text = good.clone();
            text[at] ^= 1 << bit;
            assert!(!holds(&text), "bit {bit} of byte {at}");
        }
        assert!(!holds(&[&good[..at], &good[at + 1..]].concat()), "without byte {at}");
    }
    let lines: Vec<&[u8]> = good.split_inclusive(|b| *b == b'\n').collect();
    for at in 0..lines.len() - 1 {
        assert!(!holds(&[lines[..at].concat(), lines[at + 1..].concat()].concat()), "without line {at}");
        assert!(!holds(&[&lines[..=at], &lines[at..]].concat().concat()), "line {at} twice");
    }
}

#[test]
fn a_receipt_at_a_million_leaves_stays_below_two_kilobytes() {
    let leaves: Vec<Hash> = (0..1_000_000_u64).map(|n| tree::leaf_hash(&n.to_be_bytes())).collect();
    let begun = std::time::Instant::now();
    let root = ledger::root_of_hashes(&leaves, TreeSize(1_000_000)).unwrap();
    eprintln!("root of 1,000,000 leaf hashes: {:?}", begun.elapsed());
    let tree = MemoryTree::new(leaves);
    assert_eq!(tree.root(), root);
    let head = ledger::Checkpoint { origin: name(ORIGIN), size: tree.size(), root };
    let path = ledger::inclusion_proof(LeafIndex(123_456), tree.size(), &tree).unwrap();
    let receipt = TlogProof::new(LeafIndex(123_456), path, cosigned(log().sign(head).unwrap(), 3));
    let text = receipt.to_text();
    eprintln!("receipt with 3 witnesses at 1,000,000 leaves: {} bytes", text.len());
    assert!(text.len() <= 2048, "{} bytes", text.len());
    assert!(verify(text.as_bytes(), &123_456_u64.to_be_bytes(), 3).is_ok());
}

proptest! {
    #[test]
    fn law_02_every_receipt_is_read_back_and_holds(count in 1_u64..600, pick: u64, witnesses in 0_u8..4) {
        let index = pick % count;
        let receipt = receipt(index, count, witnesses);
        let text = receipt.to_text();
        prop_assert_eq!(TlogProof::parse(text.as_bytes()), Ok(receipt));
        prop_assert!(verify(text.as_bytes(), &leaf(index), witnesses).is_ok());
    }

    #[test]
    fn inserted_bytes_break_a_receipt(at: usize, bytes in proptest::collection::vec(any::<u8>(), 1..6)) {
        let mut text = receipt(6, 11, 1).to_text().into_bytes();
        let at = at % (text.len() + 1);
        text.splice(at..at, bytes);
        prop_assert!(verify(&text, &leaf(6), 1).is_err());
    }
}
