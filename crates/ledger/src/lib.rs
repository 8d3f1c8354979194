//! The ledger as pure mathematics and text: the RFC 9162 tree, C2SP tiles, signed checkpoints, proofs.
//!
//! It refuses to do I/O, to read a clock, to draw random numbers and to know SQL: leaf bytes, hashes,
//! keys and times arrive as arguments. What it parses may come from a stranger (a package, another
//! agency's log), so each parser accepts exactly one spelling of each value and never panics.
//!
//! Laws: 2 (every event has its place, provable by anyone), 3 (a later log holds every earlier one),
//! 8 (checkpoints and outside witnesses), 10 (hashes only: a destroyed key leaves each proof valid).
//!
//! ```
//! use ledger::{key::{KeyName, LogSigner}, note::Checkpoint, path, proof::TlogProof, tree::{self, LeafIndex, MemoryTree}};
//!
//! let leaves = [b"first".as_slice(), b"second", b"third"];
//! let tree = MemoryTree::new(leaves.iter().map(|l| tree::leaf_hash(l)).collect());
//! let signer = LogSigner::from_seed(KeyName::new("node.example/log").unwrap(), &[7; 32]);
//! let note = signer.sign(Checkpoint { origin: signer.name().clone(), size: tree.size(), root: tree.root() }).unwrap();
//! let path = path::inclusion_proof(LeafIndex(1), tree.size(), &tree).unwrap();
//!
//! let receipt = TlogProof::new(LeafIndex(1), path, note).to_text();
//! let checked = TlogProof::parse(receipt.as_bytes()).unwrap().verify(b"second", &signer.log_key(), &[]).unwrap();
//! assert_eq!(checked.checkpoint.size.0, 3);
//! ```

mod base64text;
pub mod fuzz;
pub mod growth;
pub mod key;
pub mod note;
pub mod path;
pub mod proof;
pub mod split;
pub mod tile;
pub mod tree;
pub mod words;

pub use ed25519_dalek::{SigningKey, VerifyingKey};
pub use growth::Growth;
pub use key::{KeyName, LogKey, LogSigner, WitnessKey, WitnessSigner};
pub use model::Sha256Digest as Hash;
pub use note::{Checkpoint, SignedCheckpoint};
pub use path::{HashSource, ProofError, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};
pub use proof::TlogProof;
pub use split::Split;
pub use tree::{Frontier, Gathered, LeafIndex, MemoryTree, Node, TreeSize, leaf_hash, node_hash, root_of_hashes};
