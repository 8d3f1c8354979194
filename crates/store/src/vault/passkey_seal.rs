//! An officer's secret bundle behind a passkey that opens alone (W3C Web Authentication, level 3, section 10.1.4, `prf`;
//! `hmac-secret` of CTAP2).
//!
//! Such an authenticator computes a value of 32 bytes from a secret that never leaves it and a text that the page names. The
//! value comes only from it, and only when it knew its person. A key is derived from the value for one node, one person and one
//! passkey, so that a row which is moved to another place does not open. The row is found by a digest of the same three: it
//! opens nothing and leads back to nobody. It refuses a value of another length, and shows none.

use sha2::{Digest, Sha256};

use super::{
    VaultError,
    field::{Aad, open_field, seal_field},
    secret::{Purpose, Secret32, SecretBytes},
};

const LOOKUP: &[u8] = b"lanternfish/v1/passkey-lookup\0";

/// The value that an authenticator gives for this site. Whoever has it and the row has the keys of its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrfValue(Secret32);

impl PrfValue {
    /// Reads the 32 bytes.
    ///
    /// # Errors
    /// [`VaultError::Malformed`] when there are more or fewer; it does not repeat them.
    pub fn from_slice(bytes: &[u8]) -> Result<PrfValue, VaultError> {
        Secret32::from_slice(bytes).map(PrfValue)
    }
}

/// Whose bundle, and behind which passkey.
#[derive(Debug, Clone, Copy)]
pub struct Door<'a> {
    /// The node, by the origin of its log.
    pub node: &'a str,
    /// The person, as the ledger knows him.
    pub person: &'a str,
    /// The authenticator's name for its key.
    pub credential: &'a [u8],
}

impl Door<'_> {
    /// By what the row is found.
    pub fn lookup(&self) -> String {
        hex::encode(Sha256::digest([LOOKUP, &self.context()].concat()))
    }

    /// Seals a bundle.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    ///
    /// ```
    /// use store::vault::passkey_seal::{Door, PrfValue};
    /// let door = Door { node: "unit.example", person: "actor-1", credential: b"name" };
    /// let value = PrfValue::from_slice(&[7; 32]).unwrap();
    /// let sealed = door.seal(&value, b"keys").unwrap();
    /// assert_eq!(&*door.open(&value, &sealed).unwrap(), b"keys");
    /// assert!(door.open(&PrfValue::from_slice(&[8; 32]).unwrap(), &sealed).is_err());
    /// ```
    pub fn seal(&self, value: &PrfValue, bundle: &[u8]) -> Result<Vec<u8>, VaultError> {
        seal_field(&self.key(value), &place(&self.lookup()), bundle)
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] when the value is another one, or the bundle was changed or stood at another place.
    pub fn open(&self, value: &PrfValue, sealed: &[u8]) -> Result<SecretBytes, VaultError> {
        open_field(&self.key(value), &place(&self.lookup()), sealed).map_err(|_| VaultError::WrongKey { what: "this passkey" })
    }

    fn key(&self, value: &PrfValue) -> Secret32 {
        value.0.derive(Purpose::PasskeySeal, &self.context())
    }

    /// Each part with its length before it, so that no two doors have the same bytes.
    fn context(&self) -> Vec<u8> {
        let parts = [self.node.as_bytes(), self.person.as_bytes(), self.credential];
        parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes()[..], part].concat()).collect()
    }
}

fn place(row: &str) -> Aad<'_> {
    Aad { table: "passkey", column: "bundle", row }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOOR: Door<'_> = Door { node: "unit.example/log", person: "actor-1", credential: b"name" };

    fn value(byte: u8) -> PrfValue {
        PrfValue::from_slice(&[byte; 32]).unwrap()
    }

    #[test]
    fn a_bundle_opens_by_its_value_and_at_its_place_only() {
        let sealed = DOOR.seal(&value(1), b"keys").unwrap();
        assert_eq!(&*DOOR.open(&value(1), &sealed).unwrap(), b"keys");
        assert!(DOOR.open(&value(2), &sealed).is_err());
        for other in [Door { node: "other.example/log", ..DOOR }, Door { person: "actor-2", ..DOOR }, Door { credential: b"name2", ..DOOR }, Door { person: "actor-1n", credential: b"ame", ..DOOR }] {
            assert!(other.open(&value(1), &sealed).is_err(), "{other:?}");
            assert_ne!(other.lookup(), DOOR.lookup());
        }
        assert!(DOOR.open(&value(1), &[]).is_err() && DOOR.open(&value(1), &sealed[..sealed.len() - 1]).is_err());
    }

    #[test]
    fn a_value_has_32_bytes_and_shows_none() {
        assert!(PrfValue::from_slice(&[1; 31]).is_err() && PrfValue::from_slice(&[1; 33]).is_err());
        assert_eq!(format!("{:?}", value(1)), "PrfValue(Secret32(hidden))");
    }
}
