//! Proof that a log showed two histories: two checkpoints, both with the log's own signature, that
//! cannot be of one log. Anyone who has the log's key can check it; nothing else is needed.
//!
//! Checkpoints of one size contradict each other when their roots differ. Checkpoints of two sizes do
//! when a consistency proof leads to the later root, and yet shows another root for the older size. A
//! bad proof alone is no split: anybody can write one, so it must never speak against a log. Law 3.

use crate::{
    growth::Growth,
    key::LogKey,
    note::{Checkpoint, MAX_NOTE_BYTES, NoteError, SignedCheckpoint, UnknownSigners},
    path::old_root_shown,
};

const HEADER: &str = "lanternfish/split@v1";
const BORDER: &str = "\n\nold ";

/// Why a file was not read as a proof of a split, or proves none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// The bytes are not such a file in the one permitted spelling.
    #[error("this is not a proof of a split log ({0}): the file is damaged or was changed; ask for it again")]
    Text(&'static str),
    /// A checkpoint in it is not to be believed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Both checkpoints can be of one and the same log.
    #[error("these two checkpoints do not contradict each other: the file proves no split")]
    NoSplit,
}

/// Two signed checkpoints that contradict each other; not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    older: SignedCheckpoint,
    later: Growth,
}

impl Split {
    /// What was known, and what was shown after it.
    pub fn new(older: SignedCheckpoint, later: Growth) -> Self {
        Split { older, later }
    }

    /// Two checkpoints of one size with different roots.
    pub fn of_one_size(known: SignedCheckpoint, shown: SignedCheckpoint) -> Self {
        Split { older: known, later: Growth::new(shown.claimed().size, Vec::new(), shown) }
    }

    /// Both checkpoints, unverified.
    pub fn notes(&self) -> (&SignedCheckpoint, &SignedCheckpoint) {
        (&self.older, self.later.note())
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        format!("{HEADER}\n{}\n{}", self.older.to_text(), self.later.to_text())
    }

    /// Reads a proof; exactly the bytes that [`Split::to_text`] gives are one.
    ///
    /// # Errors
    /// [`SplitError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SplitError> {
        if bytes.len() > 2 * MAX_NOTE_BYTES {
            return Err(SplitError::Text("it is too long"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| SplitError::Text("it is not text"))?;
        let text = text.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('\n'));
        let text = text.ok_or(SplitError::Text("its first line is not lanternfish/split@v1"))?;
        let border = text.find(BORDER).ok_or(SplitError::Text("the second checkpoint is missing"))?;
        let (older, later) = (&text[..=border], &text[border + 2..]);
        Ok(Split { older: SignedCheckpoint::parse(older.as_bytes())?, later: Growth::parse(later.as_bytes())? })
    }

    /// Proves that the owner of `log` signed two histories; gives both checkpoints.
    ///
    /// # Errors
    /// [`SplitError::NoSplit`] when they can be of one log; [`SplitError::Note`] for a false signature.
    pub fn verify(&self, log: &LogKey) -> Result<(Checkpoint, Checkpoint), SplitError> {
        let (older, _) = self.older.verify(log, &[], UnknownSigners::Ignore)?;
        let (later, _) = self.later.note().verify(log, &[], UnknownSigners::Ignore)?;
        if contradict(&older, &later, &self.later) { Ok((older, later)) } else { Err(SplitError::NoSplit) }
    }
}

fn contradict(older: &Checkpoint, later: &Checkpoint, growth: &Growth) -> bool {
    if older.size == later.size {
        return older.root != later.root && growth.old_size() == later.size && growth.proof().is_empty();
    }
    let shown = old_root_shown(older.size, later.size, &later.root, growth.proof());
    growth.old_size() == older.size && shown.is_some_and(|root| root != older.root)
}

/// What a witness makes of a checkpoint that it is asked to cosign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Signed by the log, and it continues what is known: it may be cosigned.
    Grown(Checkpoint),
    /// The proof begins elsewhere than at the last known checkpoint: the witness says where it stands.
    Elsewhere,
    /// The log showed two histories.
    Split(Box<Split>),
    /// Not signed by this log, or the proof is worthless.
    Refused(NoteError),
}

/// Judges a checkpoint against the last one that was cosigned (`None`: none yet). The order follows C2SP
/// tlog-witness: the signature first, so that no stranger's bytes can accuse a log.
pub fn judge(growth: &Growth, log: &LogKey, known: Option<&SignedCheckpoint>) -> Judgement {
    let later = match growth.note().verify(log, &[], UnknownSigners::Ignore) {
        Ok((later, _)) => later,
        Err(error) => return Judgement::Refused(error),
    };
    let Some(known) = known else { return first(growth, log) };
    let held = known.claimed();
    if held.size == later.size && held.root != later.root {
        return Judgement::Split(Box::new(Split::of_one_size(known.clone(), growth.note().clone())));
    }
    if growth.old_size() != held.size {
        return Judgement::Elsewhere;
    }
    match growth.verify(Some(held), log) {
        Ok(checkpoint) => Judgement::Grown(checkpoint),
        Err(error) => match Split::new(known.clone(), growth.clone()) {
            split if split.verify(log).is_ok() => Judgement::Split(Box::new(split)),
            _ => Judgement::Refused(error),
        },
    }
}

fn first(growth: &Growth, log: &LogKey) -> Judgement {
    match growth.verify(None, log) {
        Ok(checkpoint) => Judgement::Grown(checkpoint),
        Err(NoteError::OldSize { .. }) => Judgement::Elsewhere,
        Err(error) => Judgement::Refused(error),
    }
}
