//! A small log, made the same way each time: what the other tests take apart.

use ledger::{
    Checkpoint, Growth, Hash, KeyName, LogSigner, MemoryTree, SignedCheckpoint, TlogProof, TreeSize, WitnessKey, WitnessSigner,
    note::UnknownSigners,
    tree::{self, LeafIndex},
};

pub const ORIGIN: &str = "node.example/log";

pub fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

pub fn log() -> LogSigner {
    LogSigner::from_seed(name(ORIGIN), &[7; 32])
}

/// Witness number `n`, at most 9.
pub fn witness(n: u8) -> WitnessSigner {
    WitnessSigner::from_seed(name(&format!("witness{n}.example")), &[100 + n; 32])
}

pub fn witness_keys(count: u8) -> Vec<WitnessKey> {
    (1..=count).map(|n| witness(n).witness_key()).collect()
}

pub fn leaf(index: u64) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

pub fn leaf_hashes(count: u64) -> Vec<Hash> {
    (0..count).map(|index| tree::leaf_hash(&leaf(index))).collect()
}

pub fn log_of(count: u64) -> MemoryTree {
    MemoryTree::new(leaf_hashes(count))
}

pub fn checkpoint(count: u64) -> Checkpoint {
    let tree = log_of(count);
    Checkpoint { origin: name(ORIGIN), size: tree.size(), root: tree.root() }
}

/// A checkpoint with `witnesses` cosignatures, at the times 1,000,001, 1,000,002 …
pub fn note(count: u64, witnesses: u8) -> SignedCheckpoint {
    cosigned(log().sign(checkpoint(count)).unwrap(), witnesses)
}

pub fn cosigned(note: SignedCheckpoint, witnesses: u8) -> SignedCheckpoint {
    let request = Growth::from_nothing(note.clone());
    (1..=witnesses).fold(note, |note, n| {
        let line = witness(n).cosign(&request, &log().log_key(), None, 1_000_000 + u64::from(n)).unwrap();
        note.with_cosignature(line, &witness(n).witness_key()).unwrap()
    })
}

/// The log of `count` leaves, shown to somebody who saw `old` of them.
pub fn growth(old: u64, count: u64) -> Growth {
    let proof = ledger::consistency_proof(TreeSize(old), TreeSize(count), &log_of(count)).unwrap();
    Growth::new(TreeSize(old), proof, note(count, 0))
}

pub fn receipt(index: u64, count: u64, witnesses: u8) -> TlogProof {
    let path = ledger::inclusion_proof(LeafIndex(index), TreeSize(count), &log_of(count)).unwrap();
    TlogProof::new(LeafIndex(index), path, note(count, witnesses))
}

/// Whether the text is a note that holds with `witnesses` known witnesses, in the strict reading.
pub fn note_holds(text: &[u8], witnesses: u8) -> bool {
    SignedCheckpoint::parse(text).is_ok_and(|note| note.verify(&log().log_key(), &witness_keys(witnesses), UnknownSigners::Refuse).is_ok())
}
