//! n-of-m recovery: a 32-byte secret split among people (Shamir 1979, over GF(256)).
//!
//! Crate: `blahaj` 0.7 (MIT, kept by Distrust for their own key ceremonies; the successor of
//! `sharks` with its biased coefficients repaired): 640 lines, and all it needs is in the house
//! already (rand 0.10, hashbrown, zeroize). `vsss-rs` 6 is constant-time and broader (Feldman,
//! Pedersen), but is 11,700 lines with `ff`, two array crates and elliptic curves behind it, for 32
//! bytes that are joined a few times in a life on the officer's own machine. Hence blahaj.
//!
//! Shamir alone joins anything to something. So each share carries its set's commitment to the
//! secret and a checksum: typing mistakes, shares of other sets, too few shares and forged shares
//! are told apart, and a wrong secret is never returned. Holders below the threshold learn nothing.
//! One share of a 1-of-m set is the secret itself; whether that is allowed is decided above.

use std::collections::BTreeMap;

use model::Sha256Digest;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{
    ShareProblem, VaultError,
    secret::{Purpose, Secret32, SecretBytes, random},
};

const VERSION: u8 = 1;
const SET: usize = 16;
const SALT: usize = 4;
const CHECKSUM: usize = 4;
/// Bytes of one share: version, set, threshold, count, index, value, checksum.
const SHARE: usize = 1 + SET + 3 + 32 + CHECKSUM;
const TEXT_PREFIX: &str = "LFSHARE";

/// What is stored about a set: it checks a joined secret and reveals nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareSet {
    /// Random salt and the commitment to the secret under it.
    pub id: [u8; SET],
    /// Shares needed.
    pub threshold: u8,
    /// Shares made.
    pub count: u8,
}

impl ShareSet {
    fn commit(secret: &Secret32, salt: [u8; SALT], threshold: u8, count: u8) -> Self {
        let context = [salt.as_slice(), &[threshold, count]].concat();
        let commitment = secret.derive(Purpose::ShareSet, &context);
        let mut id = [0; SET];
        id[..SALT].copy_from_slice(&salt);
        id[SALT..].copy_from_slice(&commitment.expose()[..SET - SALT]);
        ShareSet { id, threshold, count }
    }

    /// Whether this is the secret that was split.
    pub fn fits(&self, secret: &Secret32) -> bool {
        let salt = self.id[..SALT].try_into().expect("the salt is the head of the id");
        Self::commit(secret, salt, self.threshold, self.count) == *self
    }

    /// Eight hexadecimal digits by which people tell sets apart.
    pub fn label(&self) -> String {
        hex::encode(&self.id[..SALT])
    }
}

/// One holder's share. Secret: wiped on drop, silent in print; [`Share::to_text`] is for paper.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Share {
    #[zeroize(skip)]
    set: ShareSet,
    index: u8,
    value: [u8; 32],
}

impl Share {
    /// The set it belongs to.
    pub fn set(&self) -> &ShareSet {
        &self.set
    }

    /// Its number, 1 to the number of shares.
    pub fn index(&self) -> u8 {
        self.index
    }

    /// `LFSHARE` and 112 hexadecimal digits in groups of four.
    pub fn to_text(&self) -> SecretBytes {
        let mut bytes = Vec::with_capacity(SHARE);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.set.id);
        bytes.extend_from_slice(&[self.set.threshold, self.set.count, self.index]);
        bytes.extend_from_slice(&self.value);
        bytes.extend_from_slice(&checksum(&bytes));
        let bytes = SecretBytes::new(bytes);
        let groups = bytes.chunks(2).map(|pair| format!("-{}", hex::encode(pair)));
        SecretBytes::new(TEXT_PREFIX.bytes().chain(groups.flat_map(String::into_bytes)).collect())
    }

    /// Reads a share as it was printed; case, spaces, dashes and line ends do not matter.
    ///
    /// # Errors
    /// [`ShareProblem::Damaged`] for every typing mistake (a 32-bit checksum), and
    /// [`ShareProblem::Numbers`] for impossible numbers.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(2 * SHARE + 16).collect();
        let digits = digits.to_ascii_uppercase();
        let digits = digits.strip_prefix(TEXT_PREFIX).ok_or(ShareProblem::Damaged("it does not begin with LFSHARE"))?;
        let mut bytes = [0; SHARE];
        hex::decode_to_slice(digits, &mut bytes)
            .map_err(|_| ShareProblem::Damaged("after LFSHARE come 112 digits 0-9 and letters a-f"))?;
        let share = Self::from_bytes(&bytes);
        bytes.zeroize();
        share
    }

    fn from_bytes(bytes: &[u8; SHARE]) -> Result<Self, VaultError> {
        let (body, sum) = bytes.split_at(SHARE - CHECKSUM);
        if checksum(body) != sum {
            return Err(ShareProblem::Damaged("its check digits do not fit").into());
        }
        if body[0] != VERSION {
            return Err(ShareProblem::Damaged("it was made by a newer program").into());
        }
        let [threshold, count, index] = [body[1 + SET], body[2 + SET], body[3 + SET]];
        check_numbers(threshold, count)?;
        if index == 0 || index > count {
            return Err(ShareProblem::Damaged("its number is impossible").into());
        }
        let id = body[1..1 + SET].try_into().expect("the set id's length");
        let value = body[4 + SET..].try_into().expect("the value's length");
        Ok(Share { set: ShareSet { id, threshold, count }, index, value })
    }
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Share({} of set {}, hidden)", self.index, self.set.label())
    }
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM] {
    Sha256Digest::of(body).0[..CHECKSUM].try_into().expect("a digest is longer than the checksum")
}

fn check_numbers(threshold: u8, count: u8) -> Result<(), ShareProblem> {
    if threshold == 0 || threshold > count { Err(ShareProblem::Numbers { threshold, count }) } else { Ok(()) }
}

/// Splits a secret into `count` shares of which any `threshold` give it back.
///
/// # Errors
/// [`ShareProblem::Numbers`] when the numbers are impossible; [`VaultError::NoRandomness`].
pub fn split(secret: &Secret32, threshold: u8, count: u8) -> Result<(ShareSet, Vec<Share>), VaultError> {
    check_numbers(threshold, count)?;
    let set = ShareSet::commit(secret, random()?, threshold, count);
    let dealer = blahaj::Sharks(threshold);
    let shares = dealer
        .dealer(secret.expose())
        .take(usize::from(count))
        .map(|dealt| {
            let bytes = SecretBytes::new(Vec::from(&dealt));
            Share { set, index: bytes[0], value: bytes[1..].try_into().expect("one value byte for each secret byte") }
        })
        .collect();
    Ok((set, shares))
}

/// Joins shares to the secret. More than the threshold is fine; the first ones are used.
///
/// # Errors
/// [`ShareProblem`] says which holder to ask: too few, mixed sets, two shares of one number, or
/// shares that do not join to the secret their set commits to.
pub fn join(shares: &[Share]) -> Result<Secret32, VaultError> {
    let Some(first) = shares.first() else {
        return Err(ShareProblem::TooFew { have: 0, need: 1 }.into());
    };
    let chosen = distinct(first.set, shares)?;
    let need = first.set.threshold;
    if chosen.len() < usize::from(need) {
        return Err(ShareProblem::TooFew { have: chosen.len() as u8, need }.into());
    }
    let chosen: Vec<&Share> = chosen.into_values().take(usize::from(need)).collect();
    let secret = interpolate(need, &chosen)?;
    if first.set.fits(&secret) {
        return Ok(secret);
    }
    Err(ShareProblem::NotTheSecret { indexes: chosen.iter().map(|share| share.index).collect() }.into())
}

/// Joins shares and checks that they are of the set that was stored.
///
/// # Errors
/// As [`join`]; [`ShareProblem::Mixed`] when they are whole, but of another set.
pub fn join_stored(set: &ShareSet, shares: &[Share]) -> Result<Secret32, VaultError> {
    distinct(*set, shares)?;
    join(shares)
}

fn distinct(set: ShareSet, shares: &[Share]) -> Result<BTreeMap<u8, &Share>, ShareProblem> {
    let mut chosen: BTreeMap<u8, &Share> = BTreeMap::new();
    for share in shares {
        if share.set != set {
            return Err(ShareProblem::Mixed { index: share.index, set: set.label(), other: share.set.label() });
        }
        if chosen.insert(share.index, share).is_some_and(|earlier| earlier != share) {
            return Err(ShareProblem::Conflict(share.index));
        }
    }
    Ok(chosen)
}

fn interpolate(threshold: u8, shares: &[&Share]) -> Result<Secret32, VaultError> {
    let points: Vec<blahaj::Share> = shares
        .iter()
        .map(|share| {
            let point = SecretBytes::new([&[share.index], share.value.as_slice()].concat());
            blahaj::Share::try_from(&*point).expect("a number and 32 bytes are a share")
        })
        .collect();
    let joined = blahaj::Sharks(threshold).recover(&points).expect("enough different shares of one length");
    Secret32::from_slice(&SecretBytes::new(joined))
}
