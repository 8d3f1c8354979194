//! Unused material: what the case holds and no finding rests on, and whether it may assist the defence.
//!
//! One state machine. Anybody of the case may say that an item may assist the defence, and anybody may say
//! that it does. Once it was said, only another person who is a supervisor or a prosecutor can say that it does
//! not: the person who had the doubt does not end it alone, and nothing is sealed while it is open (law 9).

use serde::{Deserialize, Serialize};

use crate::{Law, Moment, actor::Role, id::ActorId};

/// What a person says of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assistance {
    /// It may: somebody must decide.
    MayAssist,
    /// It does: it cannot be withheld as immaterial.
    Assists,
    /// It does not.
    DoesNotAssist,
}

impl Assistance {
    /// The name in lists and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Assistance::MayAssist => "may-assist",
            Assistance::Assists => "assists",
            Assistance::DoesNotAssist => "does-not-assist",
        }
    }
}

impl std::str::FromStr for Assistance {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Assistance::MayAssist, Assistance::Assists, Assistance::DoesNotAssist];
        all.into_iter().find(|one| one.name() == text).ok_or_else(|| format!("{text} is not known: choose may-assist, assists or does-not-assist", text = crate::quoted(text)))
    }
}

/// One person's word on an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// What.
    pub says: Assistance,
    /// Who.
    pub by: ActorId,
    /// When.
    pub at: Moment,
    /// Why.
    pub reason: String,
}

/// Why a word is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MaterialError {
    /// The one who had the doubt would end it.
    #[error("you said yourself that this item may assist the defence: another supervisor or prosecutor decides that it does not")]
    OwnDoubt,
    /// The role may not end a doubt.
    #[error("somebody said that this item may assist the defence: only a supervisor or a prosecutor decides that it does not")]
    WrongRole,
}

impl MaterialError {
    /// The law that refuses.
    pub fn law(&self) -> Law {
        Law::Statement
    }
}

/// Whether this person may add this word to what was said of an item before.
///
/// # Errors
/// When it would end a doubt and he had it himself, or his role may not.
pub fn may_say(before: &[Word], says: Assistance, by: &ActorId, role: Role) -> Result<(), MaterialError> {
    let doubts = || before.iter().filter(|word| word.says != Assistance::DoesNotAssist);
    if says != Assistance::DoesNotAssist || doubts().next().is_none() {
        return Ok(());
    }
    if doubts().any(|word| word.by == *by) {
        return Err(MaterialError::OwnDoubt);
    }
    if matches!(role, Role::Supervisor | Role::Prosecutor) { Ok(()) } else { Err(MaterialError::WrongRole) }
}
