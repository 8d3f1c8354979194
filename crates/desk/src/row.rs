//! Small words shared by the steps: labels for people, fresh ids, plain rows.

use model::{
    Law,
    action::Action,
    id::{BlobId, ErasureId, ExhibitId, FindingId, OrderId, PackageId, ReleaseId, SubjectId, TipId, TransferId, AuthorityId},
};
use serde::Serialize;
use store::{Basis, Content, Head, Number, Permit, Row, Scope, StoreError, Write, vault::secret::fresh_id};

pub use store::case_label;

/// `E-0001`.
pub fn exhibit_label(number: i64) -> String {
    format!("E-{number:04}")
}

/// `F-0001`.
pub fn finding_label(number: i64) -> String {
    format!("F-{number:04}")
}

/// `S-0001`.
pub fn subject_label(number: i64) -> String {
    format!("S-{number:04}")
}

/// `Z-0001`.
pub fn erasure_label(number: i64) -> String {
    format!("Z-{number:04}")
}

/// The number behind a label such as `E-0001` or `E1`.
///
/// # Errors
/// A sentence that says how the label looks.
pub fn parse_label(text: &str, letter: char) -> Result<i64, StoreError> {
    let digits = text.trim().trim_start_matches([letter, letter.to_ascii_lowercase()]).trim_start_matches('-');
    digits
        .parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| StoreError::input(format!("{text} is not a number of this kind: write it as {letter}-0001", text = model::quoted(text))))
}

macro_rules! fresh {
    ($($name:ident -> $kind:ty;)*) => {
        $(pub(crate) fn $name() -> Result<$kind, StoreError> {
            Ok(<$kind>::from_random(fresh_id()?))
        })*
    };
}

fresh! {
    fresh_authority -> AuthorityId;
    fresh_erasure -> ErasureId;
    fresh_exhibit -> ExhibitId;
    fresh_finding -> FindingId;
    fresh_order -> OrderId;
    fresh_package -> PackageId;
    fresh_release -> ReleaseId;
    fresh_subject -> SubjectId;
    fresh_tip -> TipId;
    fresh_transfer -> TransferId;
    fresh_blob -> BlobId;
}

/// Refuses a step whose permit is for another action (law 1).
pub(crate) fn for_action(permit: &Permit, action: Action) -> Result<(), StoreError> {
    if permit.action() == action {
        return Ok(());
    }
    Err(StoreError::refused(Law::Permit, format!("this step needs a permit to {action}, and this one is to {}", permit.action())))
}

/// A row of a case, with its content.
pub(crate) struct Draft<'a> {
    pub kind: &'static str,
    pub id: String,
    pub parent: Option<&'a str>,
    pub number: Number,
    pub state: &'a str,
    pub basis: Basis,
    pub index: Vec<(&'static str, String)>,
}

impl<'a> Draft<'a> {
    pub fn new(kind: &'static str, id: impl Into<String>, state: &'a str) -> Self {
        Draft { kind, id: id.into(), parent: None, number: Number::None, state, basis: Basis::New, index: vec![] }
    }

    pub fn under(mut self, parent: &'a str) -> Self {
        self.parent = Some(parent);
        self
    }

    pub fn numbered(mut self) -> Self {
        self.number = Number::NextAfter(0);
        self
    }

    /// Replaces `row`, keeping its number and parent.
    pub fn over(mut self, row: &'a Row) -> Self {
        self.basis = Basis::Over(row.version);
        self.number = row.number.map_or(Number::None, Number::Is);
        self.parent = row.parent.as_deref();
        self
    }

    pub fn found_by(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.index.push((name, value.into()));
        self
    }

    pub fn write(self, scope: &Scope, now: model::Moment, content: &impl Serialize) -> Result<Write, StoreError> {
        Ok(Write {
            head: Head {
                kind: self.kind,
                id: self.id,
                case: Some(scope.case().clone()),
                parent: self.parent.map(str::to_string),
                number: self.number,
                state: self.state.to_string(),
                actor: Some(scope.actor().clone()),
                time: now,
            },
            content: Content::Json(serde_json::to_value(content).map_err(|e| StoreError::input(e.to_string()))?),
            index: self.index,
            basis: self.basis,
        })
    }
}
