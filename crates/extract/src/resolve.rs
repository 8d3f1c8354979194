//! When several rules claim the same bytes: the longest verified candidate stays, weaker rivals inside
//! it go and are named in its reason. Parts of a whole (the host of a URL) are not rivals.

use std::cmp::Reverse;

use model::selector::{FoundSelector, SelectorState, SelectorType};

/// Sorts by (start, end, type) and drops what a stronger rival contains.
pub(crate) fn settle(mut found: Vec<FoundSelector>) -> Vec<FoundSelector> {
    found.sort_by_key(|s| (s.start, Reverse(s.end), s.selector_type));
    found.dedup_by(|b, a| (a.start, a.end, a.selector_type, &a.value) == (b.start, b.end, b.selector_type, &b.value));
    let mut kept: Vec<FoundSelector> = Vec::with_capacity(found.len());
    for candidate in found {
        admit(&mut kept, candidate);
    }
    kept.sort_by_key(|s| (s.start, s.end, s.selector_type));
    kept
}

/// How many earlier selectors are compared: those that can still reach over the candidate.
const NEIGHBOURS: usize = 8;

fn admit(kept: &mut Vec<FoundSelector>, mut candidate: FoundSelector) {
    let from = kept.len().saturating_sub(NEIGHBOURS);
    if let Some(winner) = kept[from..].iter_mut().find(|earlier| beats(earlier, &candidate)) {
        name_rival(winner, &candidate);
        return;
    }
    while let Some(index) = (from..kept.len()).find(|i| beats(&candidate, &kept[*i])) {
        name_rival(&mut candidate, &kept.remove(index));
    }
    kept.push(candidate);
}

/// Whether `winner` holds all bytes of `other`, is another reading of them, and is at least as strong.
fn beats(winner: &FoundSelector, other: &FoundSelector) -> bool {
    winner.start <= other.start
        && other.end <= winner.end
        && rivals(winner.selector_type, other.selector_type)
        && strength(winner) >= strength(other)
}

fn strength(s: &FoundSelector) -> (u8, u64) {
    let state = match s.state {
        SelectorState::Verified => 2,
        SelectorState::Unverifiable => 1,
        SelectorState::FailedChecksum => 0,
    };
    (state, s.end - s.start)
}

/// Two readings of the same bytes, of which one must be wrong. A URL, a mail address or an armoured
/// block holds other selectors rightly; an account and a fingerprint of 40 hex digits are told apart
/// by nobody, so both stay.
fn rivals(a: SelectorType, b: SelectorType) -> bool {
    use SelectorType::{Eth, PgpBlock, PgpFingerprint, Url};
    let whole = |t| matches!(t, Url | PgpBlock);
    let told_apart = !matches!((a, b), (Eth, PgpFingerprint) | (PgpFingerprint, Eth));
    let mail_at_onion = matches!((a, b), (SelectorType::Email, SelectorType::OnionV3 | SelectorType::OnionV2));
    told_apart && !whole(a) && !whole(b) && !mail_at_onion
}

fn name_rival(winner: &mut FoundSelector, rival: &FoundSelector) {
    let name = kind_name(rival.selector_type);
    if winner.selector_type != rival.selector_type || winner.value != rival.value {
        winner.reason = format!("{}; weaker reading set aside: {name} {}", winner.reason, model::quoted(&rival.value));
    }
}

fn kind_name(kind: SelectorType) -> String {
    format!("{kind:?}").to_lowercase()
}
