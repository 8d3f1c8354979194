//! Selectors: typed identifiers found at a byte range. A match is a candidate, not an identity.

use serde::{Deserialize, Serialize};

/// The types that the first extractor knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelectorType {
    /// Tor onion service, version 3 (rend-spec-v3).
    OnionV3,
    /// Tor onion service, version 2 (retired; no checksum).
    OnionV2,
    /// Bitcoin address in Base58Check.
    BtcBase58,
    /// Bitcoin segwit address, bech32 (BIP-173).
    BtcBech32,
    /// Bitcoin segwit address, bech32m (BIP-350).
    BtcBech32m,
    /// Ethereum-style account (EIP-55).
    Eth,
    /// TRON account.
    Tron,
    /// Monero address.
    Xmr,
    /// E-mail address (RFC 5321).
    Email,
    /// URL with a scheme.
    Url,
    /// Domain name under a public suffix.
    Domain,
    /// OpenPGP armoured block.
    PgpBlock,
    /// OpenPGP fingerprint.
    PgpFingerprint,
    /// IPv4 address.
    Ipv4,
    /// IPv6 address (RFC 4291).
    Ipv6,
    /// Telephone number (E.164).
    Phone,
    /// Telegram user name or link.
    Telegram,
}

/// How far a candidate was proved. Failures are kept: a typo in a seller's post is evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelectorState {
    /// The checksum holds.
    Verified,
    /// The format, or this instance of it, carries no checksum.
    Unverifiable,
    /// The shape is right and the checksum is wrong.
    FailedChecksum,
}

/// A selector as the extractor reports it: values and reasons, no identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundSelector {
    /// What it is.
    #[serde(rename = "type")]
    pub selector_type: SelectorType,
    /// Normalised text.
    pub value: String,
    /// How far it was proved.
    pub state: SelectorState,
    /// Why that state: the rule, and each transformation applied.
    pub reason: String,
    /// First byte in the scanned bytes.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}
