//! Receipts: C2SP tlog-proof files, which show offline that a leaf is in a log at a signed checkpoint.
//!
//! Exactly one spelling is read. The `extra` line of C2SP is read but never accepted by
//! [`TlogProof::verify`]: nothing signs it, so it could be added to a sealed package unseen. Laws 2, 8.

use crate::{
    Hash, base64text,
    key::{LogKey, WitnessKey},
    note::{Checkpoint, MAX_NOTE_BYTES, NoteError, SignedCheckpoint, UnknownSigners, Witnessed},
    path::{ProofError, verify_inclusion},
    tree::{LeafIndex, leaf_hash},
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2^64 leaves has no longer path.
const MAX_PATH: usize = 64;

/// Why a receipt was not read or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The bytes are not a receipt in the one permitted spelling.
    #[error("this is not a log proof ({0}): the file is damaged or was changed; ask for it again")]
    Text(&'static str),
    /// It carries data that nobody signed.
    #[error(
        "the log proof has an `extra` line, which no signature protects: the file was changed, or it comes from other software; ask for it without that line"
    )]
    Extra,
    /// Its checkpoint is not to be believed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Its leaf is not in the tree.
    #[error(transparent)]
    Path(#[from] ProofError),
}

/// A receipt, not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    index: LeafIndex,
    path: Vec<Hash>,
    extra: Option<Vec<u8>>,
    note: SignedCheckpoint,
}

/// What a receipt proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint that holds the leaf.
    pub checkpoint: Checkpoint,
    /// Where the leaf stands.
    pub index: LeafIndex,
    /// Outside witnesses that saw this checkpoint; empty means "unwitnessed", which page one must say.
    pub witnessed_by: Vec<Witnessed>,
}

impl TlogProof {
    /// Puts a receipt together; `path` comes from [`crate::inclusion_proof`] at the checkpoint's size.
    pub fn new(index: LeafIndex, path: Vec<Hash>, note: SignedCheckpoint) -> Self {
        TlogProof { index, path, extra: None, note }
    }

    /// The checkpoint inside, unverified: to find the right key by its origin.
    pub fn note(&self) -> &SignedCheckpoint {
        &self.note
    }

    /// The place that it claims, unverified.
    pub fn index(&self) -> LeafIndex {
        self.index
    }

    /// The file's text, about 1.2 KB at a million leaves without witnesses.
    pub fn to_text(&self) -> String {
        let extra = self.extra.as_ref().map(|bytes| format!("extra {}\n", base64text::encode(bytes))).unwrap_or_default();
        let path: String = self.path.iter().map(|hash| base64text::encode(&hash.0) + "\n").collect();
        format!("{HEADER}\n{extra}index {}\n{path}\n{}", self.index, self.note.to_text())
    }

    /// Reads a receipt; exactly the bytes that [`TlogProof::to_text`] gives are one.
    ///
    /// # Errors
    /// [`ReceiptError::Text`], or [`ReceiptError::Note`] for the checkpoint inside.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(ReceiptError::Text("it is too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ReceiptError::Text("it is not text"))?;
        let (head, note) = text.split_once("\n\n").ok_or(ReceiptError::Text("the empty line before the checkpoint is missing"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(ReceiptError::Text("its first line is not c2sp.org/tlog-proof@v1"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).map(parse_extra).transpose()?;
        let index = lines.next().and_then(|line| base64text::decode_decimal(line.strip_prefix("index ")?));
        let index = LeafIndex(index.ok_or(ReceiptError::Text("it has no line `index N`"))?);
        let path = lines.map(base64text::decode_hash).collect::<Option<Vec<_>>>().ok_or(ReceiptError::Text("a hash in it is damaged"))?;
        if path.len() > MAX_PATH {
            return Err(ReceiptError::Text("it has too many hashes"));
        }
        Ok(TlogProof { index, path, extra, note: SignedCheckpoint::parse(note.as_bytes())? })
    }

    /// Proves that `leaf` (its bytes, not its hash) stands in the log that `log` signs, and tells
    /// which of `witnesses` saw it. The log's name is part of its key.
    ///
    /// # Errors
    /// [`ReceiptError`], which says what was changed.
    pub fn verify(&self, leaf: &[u8], log: &LogKey, witnesses: &[WitnessKey]) -> Result<Verified, ReceiptError> {
        if self.extra.is_some() {
            return Err(ReceiptError::Extra);
        }
        let (checkpoint, witnessed_by) = self.note.verify(log, witnesses, UnknownSigners::Refuse)?;
        verify_inclusion(&leaf_hash(leaf), self.index, checkpoint.size, &self.path, &checkpoint.root)?;
        Ok(Verified { checkpoint, index: self.index, witnessed_by })
    }
}

fn parse_extra(line: &str) -> Result<Vec<u8>, ReceiptError> {
    let extra = line.strip_prefix("extra ").and_then(base64text::decode);
    extra.ok_or(ReceiptError::Text("its line `extra` is not in base64"))
}
