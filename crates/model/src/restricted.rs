//! Restricted items: who puts an item into a stricter class, and that nobody takes it out the same way (law 7).
//!
//! Pure rules. A class is made stricter by any person who works with the items of the case, at once, because harm
//! is done while people ask for leave. It is made milder only by the procedure of its own class.

use crate::{Law, actor::Role, exhibit::ExhibitClass};

/// Why a step about a restricted item is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RestrictedError {
    /// It has this class already.
    #[error("it is in this class already: nothing is changed")]
    SameClass,
    /// A privileged item would become milder.
    #[error("it may be privileged, and this command never makes it milder: the filter team proposes, the holder is asked, and another person releases it (`lanternfish filter --help`)")]
    OnlyTheFilterReleases,
    /// A contraband item would become anything else.
    #[error("contraband stays contraband: its bytes are shown under supervision only (`lanternfish viewing --help`)")]
    ContrabandStays,
    /// A privileged item would go to other people.
    #[error("it may be privileged, and only a person of the filter team says that it is contraband: tell the filter team what you saw from outside")]
    OnlyTheFilterTeam,
    /// The filter team would reclassify something else.
    #[error("the filter team says of what may be privileged that it is contraband, and reclassifies nothing else")]
    FilterTeamOnly,
    /// Personal data would lose its mark on the word of whoever works with it.
    #[error("only a supervisor or a prosecutor takes the mark personal-sensitive from an item")]
    WrongRole,
}

impl RestrictedError {
    /// The law that refuses; none where only the words were wrong.
    pub fn law(self) -> Option<Law> {
        (self != RestrictedError::SameClass).then_some(Law::Restricted)
    }
}

/// Whether a person in this role may put an item from one class into another by his word alone.
///
/// # Errors
/// [`RestrictedError`] with what to do instead.
pub fn may_reclassify(from: ExhibitClass, to: ExhibitClass, role: Role) -> Result<(), RestrictedError> {
    use ExhibitClass::{Contraband, Privileged};
    match (from, to) {
        // Said again of a restricted item, the mark is carried to what it has not reached yet.
        _ if from == to && !to.is_restricted() => Err(RestrictedError::SameClass),
        (Privileged, Contraband) if role != Role::FilterTeam => Err(RestrictedError::OnlyTheFilterTeam),
        (Privileged, Contraband) => Ok(()),
        _ if role == Role::FilterTeam => Err(RestrictedError::FilterTeamOnly),
        _ if from == to => Ok(()),
        _ if to > from => Ok(()),
        (Contraband, _) => Err(RestrictedError::ContrabandStays),
        (Privileged, _) => Err(RestrictedError::OnlyTheFilterReleases),
        _ if matches!(role, Role::Supervisor | Role::Prosecutor) => Ok(()),
        _ => Err(RestrictedError::WrongRole),
    }
}
