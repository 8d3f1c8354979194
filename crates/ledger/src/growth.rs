//! Growth proofs: a later checkpoint and why it continues an earlier one, as one text file.
//!
//! The form is the `add-checkpoint` request of C2SP tlog-witness, so the same file asks another
//! agency's node to cosign, travels by hand to an air-gapped one, and shows a court that a log seen
//! years ago was neither rolled back nor rewritten. It sends nothing anywhere. Laws 3 and 8.

use crate::{
    Hash, base64text,
    key::{LogKey, WitnessSigner},
    note::{Checkpoint, MAX_NOTE_BYTES, NoteError, SignatureLine, SignedCheckpoint, UnknownSigners},
    tree::TreeSize,
};

/// C2SP tlog-witness allows no more.
const MAX_PROOF: usize = 63;

/// A later checkpoint with the proof that it begins with the first `old` leaves; not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    old: TreeSize,
    proof: Vec<Hash>,
    note: SignedCheckpoint,
}

impl Growth {
    /// Growth from `old` leaves; `proof` comes from [`crate::consistency_proof`].
    pub fn new(old: TreeSize, proof: Vec<Hash>, note: SignedCheckpoint) -> Self {
        Growth { old, proof, note }
    }

    /// For whoever sees this log for the first time.
    pub fn from_nothing(note: SignedCheckpoint) -> Self {
        Growth { old: TreeSize(0), proof: Vec::new(), note }
    }

    /// Size of the earlier log, unverified.
    pub fn old_size(&self) -> TreeSize {
        self.old
    }

    /// The hashes of the proof, unverified.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The later checkpoint, unverified.
    pub fn note(&self) -> &SignedCheckpoint {
        &self.note
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let proof: String = self.proof.iter().map(|hash| base64text::encode(&hash.0) + "\n").collect();
        format!("old {}\n{proof}\n{}", self.old, self.note.to_text())
    }

    /// Reads a growth proof; exactly the bytes that [`Growth::to_text`] gives are one.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::Text("it is too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| NoteError::Text("it is not text"))?;
        let (head, note) = text.split_once("\n\n").ok_or(NoteError::Text("the empty line before the checkpoint is missing"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| base64text::decode_decimal(line.strip_prefix("old ")?));
        let old = TreeSize(old.ok_or(NoteError::Text("its first line is not `old N`"))?);
        let proof = lines.map(base64text::decode_hash).collect::<Option<Vec<_>>>().ok_or(NoteError::Text("a hash in it is damaged"))?;
        if proof.len() > MAX_PROOF {
            return Err(NoteError::Text("it has too many hashes"));
        }
        Ok(Growth { old, proof, note: SignedCheckpoint::parse(note.as_bytes())? })
    }

    /// Believes the later checkpoint if `log` signed it and it continues `known`, the last checkpoint
    /// that the caller holds of this log (`None`: it holds none, and there is nothing to contradict).
    ///
    /// # Errors
    /// [`NoteError::OldSize`] when the proof begins elsewhere than `known`; [`NoteError::NotGrown`]
    /// when the log was rolled back, forked or rewritten; others for a false signature.
    pub fn verify(&self, known: Option<&Checkpoint>, log: &LogKey) -> Result<Checkpoint, NoteError> {
        let (later, _) = self.note.verify(log, &[], UnknownSigners::Ignore)?;
        let known_size = known.map_or(TreeSize(0), |checkpoint| checkpoint.size);
        if known_size != self.old || (self.old == TreeSize(0) && !self.proof.is_empty()) {
            return Err(NoteError::OldSize { known: known_size, found: self.old });
        }
        match known.filter(|checkpoint| checkpoint.size > TreeSize(0)) {
            Some(earlier) => later.verify_extends(earlier, &self.proof).map(|()| later),
            None => Ok(later),
        }
    }
}

impl WitnessSigner {
    /// Cosigns the later checkpoint, after checking what a cosignature asserts: the log signed it, and
    /// it continues `known`, the last that this witness cosigned. `unix_seconds` is the witness's clock.
    /// The caller stores the new checkpoint before it hands out the line.
    ///
    /// # Errors
    /// Those of [`Growth::verify`]; [`NoteError::Time`].
    pub fn cosign(&self, growth: &Growth, log: &LogKey, known: Option<&Checkpoint>, unix_seconds: u64) -> Result<SignatureLine, NoteError> {
        let checkpoint = growth.verify(known, log)?;
        SignatureLine::cosignature(self, &checkpoint, unix_seconds)
    }
}
