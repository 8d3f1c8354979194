//! Custody: who holds an exhibit, and how it passes (law 4).
//!
//! One custodian at any time. A transfer is offered, then accepted or refused by the named receiver;
//! when no second person is there, the item goes into interim custody, and that is printed as such.

use serde::{Deserialize, Serialize};

use crate::{
    Law,
    id::{ActorId, TransferId},
};

/// Where an exhibit is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Custody {
    /// With its custodian, in its place.
    Held {
        /// Who.
        custodian: ActorId,
        /// Taken without a second person; printed as such.
        interim: bool,
    },
    /// Taken out for a purpose.
    Out {
        /// Who.
        custodian: ActorId,
        /// Kept from before.
        interim: bool,
    },
    /// On offer to another person; still with its custodian.
    Offered {
        /// Who holds it until accepted.
        custodian: ActorId,
        /// Kept from before.
        interim: bool,
        /// Who may accept.
        to: ActorId,
        /// Which offer.
        transfer: TransferId,
    },
}

/// A step of custody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustodyStep {
    /// Take it out for a purpose.
    CheckOut,
    /// Bring it back.
    CheckIn,
    /// Offer it to another person.
    Offer {
        /// To whom.
        to: ActorId,
        /// Which offer.
        transfer: TransferId,
    },
    /// Take what was offered. `rehash_matches`: the receiver's own hash, or for a thing his check of
    /// seal and condition.
    Accept {
        /// Which offer.
        transfer: TransferId,
        /// Whether the receiver's check agrees.
        rehash_matches: bool,
    },
    /// Decline, or withdraw one's own offer.
    Refuse {
        /// Which offer.
        transfer: TransferId,
    },
    /// Take it without a second person being there.
    TakeInterim,
    /// A supervisor gives a lost custodian's item to another person.
    Reassign {
        /// To whom.
        to: ActorId,
    },
}

/// Why a step was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{law}: {text}", law = Law::Custody)]
pub struct CustodyError {
    /// What is wrong and what to do.
    pub text: &'static str,
}

fn no(text: &'static str) -> Result<Custody, CustodyError> {
    Err(CustodyError { text })
}

impl Custody {
    /// The one custodian.
    pub fn custodian(&self) -> &ActorId {
        match self {
            Custody::Held { custodian, .. } | Custody::Out { custodian, .. } | Custody::Offered { custodian, .. } => custodian,
        }
    }

    /// Whether it was taken without a second person.
    pub fn is_interim(&self) -> bool {
        match self {
            Custody::Held { interim, .. } | Custody::Out { interim, .. } | Custody::Offered { interim, .. } => *interim,
        }
    }

    /// The state after `step` by `actor`. Signatures and hashes are checked by the caller; this
    /// function decides who may do what when.
    ///
    /// # Errors
    /// [`CustodyError`] with law 4 and what to do.
    pub fn after(&self, step: &CustodyStep, actor: &ActorId) -> Result<Custody, CustodyError> {
        let mine = self.custodian() == actor;
        match (self, step) {
            (Custody::Held { custodian, interim }, CustodyStep::CheckOut) if mine => {
                Ok(Custody::Out { custodian: custodian.clone(), interim: *interim })
            }
            (Custody::Out { custodian, interim }, CustodyStep::CheckIn) if mine => {
                Ok(Custody::Held { custodian: custodian.clone(), interim: *interim })
            }
            (Custody::Held { custodian, interim }, CustodyStep::Offer { to, transfer }) if mine && to != actor => {
                Ok(Custody::Offered { custodian: custodian.clone(), interim: *interim, to: to.clone(), transfer: transfer.clone() })
            }
            (Custody::Held { .. }, CustodyStep::Offer { to, .. }) if mine && to == actor => {
                no("a transfer needs two different people; without a second person use interim custody")
            }
            (Custody::Offered { to, transfer, .. }, CustodyStep::Accept { transfer: taken, rehash_matches }) => {
                accept(to, transfer, taken, *rehash_matches, actor)
            }
            (Custody::Offered { custodian, interim, to, transfer }, CustodyStep::Refuse { transfer: refused }) => {
                if transfer != refused || !(to == actor || mine) {
                    return no("this offer is not yours to refuse");
                }
                Ok(Custody::Held { custodian: custodian.clone(), interim: *interim })
            }
            (Custody::Held { .. }, CustodyStep::TakeInterim) if !mine => {
                Ok(Custody::Held { custodian: actor.clone(), interim: true })
            }
            (_, CustodyStep::Reassign { to }) if self.custodian() != to => Ok(Custody::Held { custodian: to.clone(), interim: false }),
            (_, CustodyStep::Reassign { .. }) => no("the item is already with this person"),
            (Custody::Out { .. }, CustodyStep::Offer { .. }) if mine => no("the item is checked out: check it in first"),
            (Custody::Held { .. }, CustodyStep::TakeInterim) => no("the item is already in your custody"),
            (Custody::Held { .. }, CustodyStep::Accept { .. } | CustodyStep::Refuse { .. }) => no("nothing is on offer for this item"),
            (Custody::Held { .. }, CustodyStep::CheckIn) if mine => no("the item is not checked out"),
            (Custody::Offered { .. }, _) => no("the item is on offer: accept or refuse the offer first"),
            (_, _) if !mine => no("you are not the custodian of this item"),
            _ => no("the item is checked out"),
        }
    }
}

fn accept(
    to: &ActorId,
    offered: &TransferId,
    taken: &TransferId,
    rehash_matches: bool,
    actor: &ActorId,
) -> Result<Custody, CustodyError> {
    if offered != taken {
        return no("this is not the offer that stands");
    }
    if to != actor {
        return no("only the named receiver can accept, in his own session");
    }
    if !rehash_matches {
        return no("your check does not agree with the record: first check the number that you typed; if the item really differs, refuse the transfer (`transfer refuse`) and tell the supervisor");
    }
    Ok(Custody::Held { custodian: actor.clone(), interim: false })
}
