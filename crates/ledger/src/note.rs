//! Checkpoints: C2SP tlog-checkpoint bodies in signed notes, with witness cosignatures
//! (tlog-cosignature, `cosignature/v1`).
//!
//! Stricter than C2SP where a court needs it: no extension lines, no second spelling, no line twice,
//! and by default no line of a signer that the verifier was not told of. Such a line could be added
//! to a sealed package without anyone noticing, because seal files lie outside the tag manifest.
//! Nothing in a note is to be believed before [`SignedCheckpoint::verify`]. Law 8.

use crate::{
    Hash, base64text,
    key::{KeyId, KeyName, LogKey, LogSigner, NoteKey, WitnessKey, WitnessSigner},
    path::{self, ProofError},
    tree::{TreeSize, empty_root},
};

/// Longest note that is read, in bytes.
pub const MAX_NOTE_BYTES: usize = 1 << 16;
/// Most signature lines that are read; C2SP demands at least 16.
pub const MAX_SIGNATURES: usize = 32;
/// Longest signature that is read: an ML-DSA-44 cosignature of 2,428 bytes and room to spare.
const MAX_SIGNATURE_BYTES: usize = 8192;
/// Shortest signature that any known kind has.
const MIN_SIGNATURE_BYTES: usize = 64;

/// Why a checkpoint was not read, not signed or not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The bytes are not a signed checkpoint in the one permitted spelling.
    #[error("this is not a signed checkpoint ({0}): the file is damaged or was changed; ask for it again")]
    Text(&'static str),
    /// A checkpoint of another log.
    #[error("the checkpoint belongs to the log {found}, not to {expected}: use the key and the files of one and the same log")]
    OtherLog {
        /// The log that was expected.
        expected: KeyName,
        /// The log that the checkpoint names.
        found: KeyName,
    },
    /// The log's own line is missing or made with another key.
    #[error("the checkpoint has no signature by the key of {0} (law 8): it was made by somebody else, or the key file is of another log")]
    NotSigned(KeyName),
    /// A line of a known key whose signature is wrong.
    #[error("the signature of {0} on the checkpoint is false (law 8): the checkpoint was changed after signing")]
    FalseSignature(KeyName),
    /// A line of a signer who is not in the list of anchors.
    #[error(
        "the checkpoint carries a line by {0}, who is not among your witnesses: add the witness's key to the anchors, or ask for a checkpoint without that line"
    )]
    UnknownSigner(KeyName),
    /// The log's key stands among the witnesses.
    #[error("{0} is listed as a witness but has the log's own key: a log cannot witness itself (law 8); remove it from the witnesses")]
    SelfWitness(KeyName),
    /// The lines are not in the one order that this house writes.
    #[error("the checkpoint's signature lines are not in order (the log first, then the witnesses by name): the file was changed")]
    Order,
    /// A signer stands twice.
    #[error("the checkpoint has two lines by {0}: the file was changed")]
    Repeated(KeyName),
    /// A witness may not cosign what does not extend what it saw before.
    #[error("this checkpoint must not be cosigned: {0}")]
    NotGrown(#[from] ProofError),
    /// A growth proof for somebody who knows the log at another size.
    #[error("the growth proof begins at {found} leaves, but the last known checkpoint has {known}: ask the log for a proof from {known}")]
    OldSize {
        /// Size of the last checkpoint known here.
        known: TreeSize,
        /// Size at which the proof begins.
        found: TreeSize,
    },
    /// A time beyond 2^63 − 1 seconds.
    #[error("the time of a cosignature is impossible: set the clock of the witness")]
    Time,
}

/// What a log says of itself: its name, how many leaves it has, and their root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: KeyName,
    /// Number of leaves.
    pub size: TreeSize,
    /// Root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The signed text: origin, decimal size, base64 root, each ended by a newline.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64text::encode(&self.root.0))
    }

    fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let mut line = || lines.next().ok_or(NoteError::Text("a line is missing"));
        let origin = KeyName::new(line()?).map_err(|_| NoteError::Text("its first line is not a log's name"))?;
        let size = base64text::decode_decimal(line()?).ok_or(NoteError::Text("its second line is not a number of leaves"))?;
        let root = base64text::decode_hash(line()?).ok_or(NoteError::Text("its third line is not a root hash"))?;
        if lines.next().is_some() {
            return Err(NoteError::Text("it has more than three lines"));
        }
        if size == 0 && root != empty_root() {
            return Err(NoteError::Text("an empty log has another root"));
        }
        Ok(Checkpoint { origin, size: TreeSize(size), root })
    }

    /// Checks that this log begins with everything that `older` held; catches roll-back, forks and
    /// rewriting. `proof` is empty when the sizes are equal.
    ///
    /// # Errors
    /// [`NoteError::OtherLog`]; [`NoteError::NotGrown`] with the reason.
    pub fn verify_extends(&self, older: &Checkpoint, proof: &[Hash]) -> Result<(), NoteError> {
        if self.origin != older.origin {
            return Err(NoteError::OtherLog { expected: older.origin.clone(), found: self.origin.clone() });
        }
        Ok(path::verify_consistency(older.size, &older.root, self.size, &self.root, proof)?)
    }
}

/// One signature line, not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    name: KeyName,
    id: KeyId,
    signature: Vec<u8>,
}

impl SignatureLine {
    /// Who is said to have signed.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Reads one line, without its newline: what a witness answers.
    ///
    /// # Errors
    /// [`NoteError::Text`].
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let rest = line.strip_prefix("— ").ok_or(NoteError::Text("a signature line does not begin with a dash"))?;
        let (name, blob) = rest.split_once(' ').ok_or(NoteError::Text("a signature line has no signature"))?;
        let name = KeyName::new(name).map_err(|_| NoteError::Text("a signer's name cannot be used"))?;
        let blob = base64text::decode(blob).ok_or(NoteError::Text("a signature is not in base64"))?;
        let (id, signature) = blob.split_first_chunk::<4>().ok_or(NoteError::Text("a signature is too short"))?;
        match signature.len() {
            MIN_SIGNATURE_BYTES..=MAX_SIGNATURE_BYTES => Ok(SignatureLine { name, id: *id, signature: signature.to_vec() }),
            _ => Err(NoteError::Text("a signature has an impossible length")),
        }
    }

    pub(crate) fn cosignature(witness: &WitnessSigner, checkpoint: &Checkpoint, unix_seconds: u64) -> Result<Self, NoteError> {
        let signature = witness.sign_bytes(cosigned_message(checkpoint, unix_seconds)?.as_bytes());
        let timed = [unix_seconds.to_be_bytes().as_slice(), &signature].concat();
        Ok(SignatureLine { name: witness.name().clone(), id: witness.witness_key().id(), signature: timed })
    }

    fn is_by<const KIND: u8>(&self, key: &NoteKey<KIND>) -> bool {
        self.name == *key.name() && self.id == key.id()
    }
}

impl std::fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let blob = [self.id.as_slice(), &self.signature].concat();
        write!(f, "— {} {}", self.name, base64text::encode(&blob))
    }
}

/// A cosignature that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// The witness.
    pub name: KeyName,
    /// When it saw the log grown to this size without contradiction, by its own clock: seconds since 1970.
    pub unix_seconds: u64,
}

/// What to do with a line by a signer of whom no key was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownSigners {
    /// Refuse the note, and lines out of order: for seal files, where a spare line is a change.
    Refuse,
    /// Skip them, as C2SP tells its clients: for checkpoints fetched from elsewhere.
    Ignore,
}

/// A checkpoint with signature lines. What it says is not believed before [`SignedCheckpoint::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    lines: Vec<SignatureLine>,
}

impl SignedCheckpoint {
    /// What the note claims, unverified: for display, and to find the right key by its origin.
    pub fn claimed(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Its signature lines, unverified.
    pub fn lines(&self) -> &[SignatureLine] {
        &self.lines
    }

    /// The whole note: body, empty line, signature lines.
    pub fn to_text(&self) -> String {
        let lines: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        format!("{}\n{lines}", self.checkpoint.to_text())
    }

    /// Reads a note; exactly the bytes that [`SignedCheckpoint::to_text`] gives are one.
    ///
    /// # Errors
    /// [`NoteError::Text`], [`NoteError::Repeated`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::Text("it is too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| NoteError::Text("it is not text"))?;
        let (body, signatures) = text.split_once("\n\n").ok_or(NoteError::Text("the empty line before the signatures is missing"))?;
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Text("its last line is not ended"))?;
        let checkpoint = Checkpoint::parse(body)?;
        let mut note = SignedCheckpoint { checkpoint, lines: Vec::new() };
        for line in signatures.split('\n') {
            note.push(SignatureLine::parse(line)?)?;
        }
        Ok(note)
    }

    fn push(&mut self, line: SignatureLine) -> Result<(), NoteError> {
        if self.lines.iter().any(|other| other.name == line.name && other.id == line.id) {
            return Err(NoteError::Repeated(line.name));
        }
        if self.lines.len() == MAX_SIGNATURES {
            return Err(NoteError::Text("it has too many signatures"));
        }
        self.lines.push(line);
        Ok(())
    }

    /// Adds a witness's line, after checking it, in its place: the log first, then the witnesses by name.
    ///
    /// # Errors
    /// [`NoteError::UnknownSigner`] when the line is not by `witness`, [`NoteError::FalseSignature`], and
    /// [`NoteError::Repeated`] when that witness has signed already.
    pub fn with_cosignature(mut self, line: SignatureLine, witness: &WitnessKey) -> Result<Self, NoteError> {
        if !line.is_by(witness) {
            return Err(NoteError::UnknownSigner(line.name));
        }
        self.verify_witness(&line, witness)?;
        self.push(line)?;
        // A note that was read may hold the log's line anywhere: whatever bears the log's name leads.
        let origin = self.checkpoint.origin.clone();
        self.lines.sort_by(|a, b| (a.name != origin, &a.name, a.id).cmp(&(b.name != origin, &b.name, b.id)));
        Ok(self)
    }

    /// Believes the checkpoint, or says why not: signed by `log`, cosigned by those of `witnesses`
    /// who are in the result. Whether that is enough witnesses is for the caller to judge.
    ///
    /// # Errors
    /// [`NoteError`]. One false line of a known signer refuses the whole note.
    pub fn verify(
        &self,
        log: &LogKey,
        witnesses: &[WitnessKey],
        unknown: UnknownSigners,
    ) -> Result<(Checkpoint, Vec<Witnessed>), NoteError> {
        if let Some(same) = witnesses.iter().find(|w| w.public_key() == log.public_key()) {
            return Err(NoteError::SelfWitness(same.name().clone()));
        }
        self.verify_log(log)?;
        let mut witnessed = Vec::new();
        for line in self.lines.iter().filter(|line| !line.is_by(log)) {
            match witnesses.iter().find(|witness| line.is_by(witness)) {
                Some(witness) => witnessed.push(self.verify_witness(line, witness)?),
                None if unknown == UnknownSigners::Ignore => (),
                None => return Err(NoteError::UnknownSigner(line.name.clone())),
            }
        }
        if unknown == UnknownSigners::Refuse {
            self.verify_order(log)?;
        }
        Ok((self.checkpoint.clone(), witnessed))
    }

    fn verify_log(&self, log: &LogKey) -> Result<(), NoteError> {
        if self.checkpoint.origin != *log.name() {
            return Err(NoteError::OtherLog { expected: log.name().clone(), found: self.checkpoint.origin.clone() });
        }
        let line = self.lines.iter().find(|line| line.is_by(log)).ok_or_else(|| NoteError::NotSigned(log.name().clone()))?;
        let signature = line.signature.as_slice().try_into();
        let signed = signature.is_ok_and(|signature| log.accepts(self.checkpoint.to_text().as_bytes(), signature));
        if signed { Ok(()) } else { Err(NoteError::FalseSignature(log.name().clone())) }
    }

    fn verify_witness(&self, line: &SignatureLine, witness: &WitnessKey) -> Result<Witnessed, NoteError> {
        let false_signature = || NoteError::FalseSignature(witness.name().clone());
        let (time, signature) = line.signature.split_first_chunk::<8>().ok_or_else(false_signature)?;
        let unix_seconds = u64::from_be_bytes(*time);
        let message = cosigned_message(&self.checkpoint, unix_seconds)?;
        let signature = signature.try_into().map_err(|_| false_signature())?;
        if witness.accepts(message.as_bytes(), signature) {
            Ok(Witnessed { name: witness.name().clone(), unix_seconds })
        } else {
            Err(false_signature())
        }
    }

    fn verify_order(&self, log: &LogKey) -> Result<(), NoteError> {
        let (first, rest) = self.lines.split_first().ok_or_else(|| NoteError::NotSigned(log.name().clone()))?;
        let sorted = rest.is_sorted_by_key(|line| (&line.name, line.id));
        if first.is_by(log) && sorted { Ok(()) } else { Err(NoteError::Order) }
    }
}

/// What a witness signs: a header that sets it apart from all other notes, the time, the checkpoint.
fn cosigned_message(checkpoint: &Checkpoint, unix_seconds: u64) -> Result<String, NoteError> {
    i64::try_from(unix_seconds).map_err(|_| NoteError::Time)?;
    Ok(format!("cosignature/v1\ntime {unix_seconds}\n{}", checkpoint.to_text()))
}

impl LogSigner {
    /// Signs a checkpoint of this log.
    ///
    /// # Errors
    /// [`NoteError::OtherLog`] when the checkpoint names another log than this key.
    pub fn sign(&self, checkpoint: Checkpoint) -> Result<SignedCheckpoint, NoteError> {
        if checkpoint.origin != *self.name() {
            return Err(NoteError::OtherLog { expected: self.name().clone(), found: checkpoint.origin });
        }
        let signature = self.sign_bytes(checkpoint.to_text().as_bytes()).to_vec();
        let line = SignatureLine { name: self.name().clone(), id: self.log_key().id(), signature };
        Ok(SignedCheckpoint { checkpoint, lines: vec![line] })
    }
}
