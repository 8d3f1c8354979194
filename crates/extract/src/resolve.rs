//! When several rules claim the same bytes: the longest verified candidate stays, weaker rivals inside
//! it go and are named in its reason. Parts of a whole (the host of a URL) are not rivals.

use std::cmp::Reverse;

use model::selector::{FoundSelector, Rival, SelectorState, SelectorType};

/// Sorts by (start, end, type) and drops what a stronger rival contains.
pub(crate) fn settle(mut found: Vec<FoundSelector>) -> Vec<FoundSelector> {
    found.sort_by_cached_key(|s| (s.start, Reverse(s.end), s.selector_type));
    found.dedup_by(|b, a| (a.start, a.end, a.selector_type, &a.value) == (b.start, b.end, b.selector_type, &b.value));
    let mut kept: Vec<FoundSelector> = Vec::with_capacity(found.len());
    for candidate in found {
        admit(&mut kept, candidate);
    }
    // Those that begin at one byte are the only ones out of order: the longest of them came first.
    kept.chunk_by_mut(|a, b| a.start == b.start).filter(|same| same.len() > 1).for_each(|same| same.sort_by_key(|s| (s.end, s.selector_type)));
    name_equals(&mut kept);
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
/// block holds other selectors rightly; what 40 or 64 hex digits are is told by nobody, so all readings
/// for which a word spoke stay.
fn rivals(a: SelectorType, b: SelectorType) -> bool {
    use SelectorType::{Credential, Email, OnionV2, OnionV3, PgpBlock, Url, Xmpp};
    let whole = |t| matches!(t, Url | PgpBlock | Credential);
    let mail_at_onion = matches!((a, b), (Email | Xmpp, OnionV3 | OnionV2));
    let of_hex_digits = is_hex(a) && is_hex(b) && a != b;
    !(of_hex_digits || whole(a) || whole(b) || mail_at_onion)
}

fn is_hex(t: SelectorType) -> bool {
    use SelectorType::{Eth, FileHash, PgpFingerprint, PgpKeyId, PrivateKey};
    matches!(t, Eth | PgpFingerprint | FileHash | PrivateKey | PgpKeyId)
}

fn name_rival(winner: &mut FoundSelector, rival: &FoundSelector) {
    if winner.selector_type != rival.selector_type || winner.value != rival.value {
        winner.reason = format!("{}; weaker reading set aside: {} {}", winner.reason, rival.selector_type.name(), model::quoted(&rival.value));
        add_rival(winner, rival);
    }
}

fn add_rival(to: &mut FoundSelector, other: &FoundSelector) {
    let rival = Rival { selector_type: other.selector_type, value: other.value.clone(), state: other.state };
    if !to.rivals.contains(&rival) {
        to.rivals.push(rival);
    }
}

/// Readings of the same bytes that both stay are named as each other's rivals.
fn name_equals(kept: &mut [FoundSelector]) {
    for i in 1..kept.len() {
        let (before, rest) = kept.split_at_mut(i);
        let (a, b) = (&mut before[i - 1], &mut rest[0]);
        if (a.start, a.end) == (b.start, b.end) && is_hex(a.selector_type) && is_hex(b.selector_type) {
            let copy = a.clone();
            add_rival(a, b);
            add_rival(b, &copy);
        }
    }
}
