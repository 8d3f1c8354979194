//! Selectors: typed identifiers found at a byte range. A match is a candidate, not an identity.

use serde::{Deserialize, Serialize};

/// The types that the extractor knows. The names in JSON are these in kebab case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelectorType {
    /// Tor onion service, version 3 (rend-spec-v3).
    OnionV3,
    /// Tor onion service, version 2 (retired; no checksum).
    OnionV2,
    /// I2P host: base32 of a destination, its encrypted form, or a name of the address book.
    I2p,
    /// Bitcoin address in Base58Check.
    BtcBase58,
    /// Bitcoin segwit address, bech32 (BIP-173).
    BtcBech32,
    /// Bitcoin segwit address, bech32m (BIP-350).
    BtcBech32m,
    /// Litecoin address.
    Ltc,
    /// Bitcoin Cash address (CashAddr).
    Bch,
    /// Dogecoin address.
    Doge,
    /// Dash address.
    Dash,
    /// Zcash address: transparent, Sapling, unified.
    Zec,
    /// TRON account.
    Tron,
    /// XRP Ledger account.
    Xrp,
    /// Monero address.
    Xmr,
    /// Ethereum-style account (EIP-55).
    Eth,
    /// Solana account (no checksum).
    Sol,
    /// TON account (TEP-2).
    Ton,
    /// Cardano address (CIP-19) or Byron address.
    Ada,
    /// Stellar account (SEP-23).
    Xlm,
    /// Lightning invoice (BOLT-11).
    Lightning,
    /// Extended public key (BIP-32, SLIP-132).
    ExtendedPublicKey,
    /// Extended private key (BIP-32, SLIP-132). Sensitive.
    ExtendedPrivateKey,
    /// Private key in wallet import format. Sensitive.
    Wif,
    /// Private key of another kind: PEM block, 64 hex digits after such a word, Stellar seed. Sensitive.
    PrivateKey,
    /// Seed phrase (BIP-39). Sensitive.
    SeedPhrase,
    /// International bank account number (ISO 13616).
    Iban,
    /// Payment card number (ISO/IEC 7812). Sensitive.
    Card,
    /// Number of a mobile device (3GPP TS 23.003).
    Imei,
    /// Number of a SIM card (ITU-T E.118).
    Iccid,
    /// Legal entity identifier (ISO 17442).
    Lei,
    /// E-mail address (RFC 5321).
    Email,
    /// URL with a scheme.
    Url,
    /// Domain name under a public suffix.
    Domain,
    /// Telephone number (E.164).
    Phone,
    /// Telegram user name or link.
    Telegram,
    /// XMPP address (RFC 7622).
    Xmpp,
    /// Matrix user or room.
    Matrix,
    /// Session account: 66 hex digits that begin with 05.
    Session,
    /// Tox identifier.
    Tox,
    /// Bitmessage address.
    Bitmessage,
    /// OpenPGP armoured block. Sensitive when it is a private key.
    PgpBlock,
    /// OpenPGP fingerprint.
    PgpFingerprint,
    /// OpenPGP key id, 8 or 16 hex digits.
    PgpKeyId,
    /// Digest of a file, 32, 40, 64, 96 or 128 hex digits.
    FileHash,
    /// Number of a publicly known vulnerability.
    Cve,
    /// IPv4 address.
    Ipv4,
    /// IPv6 address (RFC 4291).
    Ipv6,
    /// User name with its password. Sensitive.
    Credential,
}

impl SelectorType {
    /// Every type, in the order of the table in the guide.
    pub const ALL: [SelectorType; 48] = [
        SelectorType::OnionV3, SelectorType::OnionV2, SelectorType::I2p, SelectorType::BtcBase58,
        SelectorType::BtcBech32, SelectorType::BtcBech32m, SelectorType::Ltc, SelectorType::Bch, SelectorType::Doge,
        SelectorType::Dash, SelectorType::Zec, SelectorType::Tron, SelectorType::Xrp, SelectorType::Xmr,
        SelectorType::Eth, SelectorType::Sol, SelectorType::Ton, SelectorType::Ada, SelectorType::Xlm,
        SelectorType::Lightning, SelectorType::ExtendedPublicKey, SelectorType::ExtendedPrivateKey, SelectorType::Wif,
        SelectorType::PrivateKey, SelectorType::SeedPhrase, SelectorType::Iban, SelectorType::Card,
        SelectorType::Imei, SelectorType::Iccid, SelectorType::Lei, SelectorType::Email, SelectorType::Url,
        SelectorType::Domain, SelectorType::Phone, SelectorType::Telegram, SelectorType::Xmpp, SelectorType::Matrix,
        SelectorType::Session, SelectorType::Tox, SelectorType::Bitmessage, SelectorType::PgpBlock,
        SelectorType::PgpFingerprint, SelectorType::PgpKeyId, SelectorType::FileHash, SelectorType::Cve,
        SelectorType::Ipv4, SelectorType::Ipv6, SelectorType::Credential,
    ];

    /// The name in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            SelectorType::OnionV3 => "onion-v3",
            SelectorType::OnionV2 => "onion-v2",
            SelectorType::I2p => "i2p",
            SelectorType::BtcBase58 => "btc-base58",
            SelectorType::BtcBech32 => "btc-bech32",
            SelectorType::BtcBech32m => "btc-bech32m",
            SelectorType::Ltc => "ltc",
            SelectorType::Bch => "bch",
            SelectorType::Doge => "doge",
            SelectorType::Dash => "dash",
            SelectorType::Zec => "zec",
            SelectorType::Tron => "tron",
            SelectorType::Xrp => "xrp",
            SelectorType::Xmr => "xmr",
            SelectorType::Eth => "eth",
            SelectorType::Sol => "sol",
            SelectorType::Ton => "ton",
            SelectorType::Ada => "ada",
            SelectorType::Xlm => "xlm",
            SelectorType::Lightning => "lightning",
            SelectorType::ExtendedPublicKey => "extended-public-key",
            SelectorType::ExtendedPrivateKey => "extended-private-key",
            SelectorType::Wif => "wif",
            SelectorType::PrivateKey => "private-key",
            SelectorType::SeedPhrase => "seed-phrase",
            SelectorType::Iban => "iban",
            SelectorType::Card => "card",
            SelectorType::Imei => "imei",
            SelectorType::Iccid => "iccid",
            SelectorType::Lei => "lei",
            SelectorType::Email => "email",
            SelectorType::Url => "url",
            SelectorType::Domain => "domain",
            SelectorType::Phone => "phone",
            SelectorType::Telegram => "telegram",
            SelectorType::Xmpp => "xmpp",
            SelectorType::Matrix => "matrix",
            SelectorType::Session => "session",
            SelectorType::Tox => "tox",
            SelectorType::Bitmessage => "bitmessage",
            SelectorType::PgpBlock => "pgp-block",
            SelectorType::PgpFingerprint => "pgp-fingerprint",
            SelectorType::PgpKeyId => "pgp-key-id",
            SelectorType::FileHash => "file-hash",
            SelectorType::Cve => "cve",
            SelectorType::Ipv4 => "ipv4",
            SelectorType::Ipv6 => "ipv6",
            SelectorType::Credential => "credential",
        }
    }

    /// Whether whoever reads the value can use it to take money or to enter an account: shown masked
    /// unless a reason is given. An armoured block is sensitive when it is a private key: ask
    /// [`FoundSelector::is_sensitive`].
    pub fn is_sensitive(self) -> bool {
        use SelectorType::{Card, Credential, ExtendedPrivateKey, PrivateKey, SeedPhrase, Wif};
        matches!(self, ExtendedPrivateKey | Wif | PrivateKey | SeedPhrase | Card | Credential)
    }
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

/// Another type that fits the same bytes. The extractor names it and does not choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rival {
    /// What it would be.
    #[serde(rename = "type")]
    pub selector_type: SelectorType,
    /// Its normalised text.
    pub value: String,
    /// How far that reading was proved.
    pub state: SelectorState,
}

/// What a word near a selector speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CueClass {
    /// An amount is asked.
    Price,
    /// Money is sent.
    Payment,
    /// Somebody is to be written to.
    Contact,
    /// Something is sent by post.
    Shipping,
}

/// A word near a selector: a reason to look, never a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cue {
    /// What it speaks of.
    pub class: CueClass,
    /// The word as the table of cues has it.
    pub word: String,
    /// First byte in the scanned bytes.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
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
    /// Other types or networks that fit the same bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rivals: Vec<Rival>,
    /// How likely random text of the right shape passes the rule, such as `2^-32`; absent where no
    /// checksum was held against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<String>,
    /// Words near it, in the order of their place: a reason, never a proof.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<Cue>,
    /// Each transformation between the raw bytes and the value, in the order in which it was applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

impl FoundSelector {
    /// Whether the value opens an account, a wallet or a key: to be shown masked.
    pub fn is_sensitive(&self) -> bool {
        let private_block = self.selector_type == SelectorType::PgpBlock && self.value.starts_with("private key block");
        self.selector_type.is_sensitive() || private_block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        for kind in SelectorType::ALL {
            assert_eq!(serde_json::to_value(kind).ok().as_ref().and_then(|v| v.as_str()), Some(kind.name()));
        }
    }

    #[test]
    fn older_rows_without_the_newer_fields_are_read() {
        let row = r#"{"type":"email","value":"a@example.com","state":"unverifiable","reason":"x","start":1,"end":2}"#;
        let found: FoundSelector = serde_json::from_str(row).expect("a row of the first extractor");
        assert_eq!(serde_json::to_string(&found).ok().as_deref(), Some(row));
        assert!(!found.is_sensitive() && SelectorType::Wif.is_sensitive());
    }
}
