//! People and their sessions.
//!
//! An officer's keys are made in his own first session and sealed under his own passphrase; a session
//! token re-seals them for a few hours. Neither the node nor the administrator can open them (law 13). A program's token
//! (`tokens`) opens one case and nothing else: there is no key of the person in it, so it signs nothing.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{Law, Moment, actor::Role, id::ActorId, token::Binding};
use p256::{ecdsa::SigningKey, pkcs8::EncodePrivateKey};
use ring::{rand::SystemRandom, signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, UnparsedPublicKey}};
use serde::{Deserialize, Serialize};

use crate::{
    StoreError,
    tokens::{Bound, is_token},
    vault::case_key::CaseKeys,
    vault::secret::SecretBytes,
    vault::wrap::{Identity, Recipient, unwrap},
};

/// What the agency's register says about a person (sealed under the agency key).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserRecord {
    /// Name at work, as the agency writes it.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Public key to which case keys are wrapped (`age1…`); absent until the first login.
    pub recipient: Option<String>,
    /// X.509 certificate in DER, base64; absent until the first login.
    pub certificate: Option<String>,
    /// The secret bundle under the passphrase, base64; absent until the first login.
    pub bundle: Option<String>,
    /// SHA-256 of the one-time code that the first login must give, hexadecimal; absent when none was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolment_code: Option<String>,
}

/// The secrets of a person.
#[derive(Serialize, Deserialize)]
pub struct Bundle {
    /// age identity.
    pub identity: String,
    /// P-256 signing key, PKCS#8 DER, base64.
    pub signing: String,
}

/// What a session opens and signs with.
pub(crate) enum Keys {
    /// The person's own.
    Own {
        identity: Identity,
        signing: SecretBytes,
        signer: EcdsaKeyPair,
    },
    /// Those of one case, given to a token.
    OfCase(CaseKeys),
}

/// A person who proved his passphrase, with his keys open in this process only; or a token that acts for him within its
/// bounds, with the keys of its case.
pub struct Session {
    /// Id of its row.
    pub(crate) id: String,
    pub(crate) actor: ActorId,
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) keys: Keys,
    pub(crate) certificate: Vec<u8>,
    pub(crate) expires: Moment,
    /// What it is bound to, when a token acts.
    pub(crate) bound: Option<Arc<Bound>>,
}

impl Session {
    /// Who, as the ledger knows him.
    pub fn actor(&self) -> &ActorId {
        &self.actor
    }

    /// In which role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// His name at work.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a token that acts for him is bound to; none in his own session.
    pub fn bound(&self) -> Option<&Binding> {
        self.bound.as_ref().map(|bound| &bound.binding)
    }

    /// His own keys.
    ///
    /// # Errors
    /// Law 13 for a token, which has none.
    fn own(&self) -> Result<(&Identity, &SecretBytes, &EcdsaKeyPair), StoreError> {
        match &self.keys {
            Keys::Own { identity, signing, signer } => Ok((identity, signing, signer)),
            Keys::OfCase(_) => Err(StoreError::refused(Law::Separation, "a token has no keys of a person: it signs nothing and opens nothing but its case; take this step in your own session")),
        }
    }

    /// His wrapping identity.
    ///
    /// # Errors
    /// Law 13 for a token.
    pub(crate) fn identity(&self) -> Result<&Identity, StoreError> {
        Ok(self.own()?.0)
    }

    /// His signing key as PKCS#8 DER: used only by the step that he himself asked for.
    ///
    /// # Errors
    /// Law 13 for a token.
    pub fn signing_pkcs8(&self) -> Result<SecretBytes, StoreError> {
        Ok(SecretBytes::new(self.own()?.1.to_vec()))
    }

    /// His signature (ECDSA P-256 over SHA-256, DER, low S) over `message`.
    ///
    /// # Errors
    /// When the system gives no random bytes; law 13 for a token.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, StoreError> {
        let unsigned = || StoreError::Environment { attempt: "signing".into(), cause: "no random bytes from the system".into() };
        let signature = self.own()?.2.sign(&SystemRandom::new(), message).map_err(|_| unsigned())?;
        // (r, n − s) would hold as well: one form only, as everywhere in this house.
        let signature = p256::ecdsa::Signature::from_der(signature.as_ref()).map_err(|_| unsigned())?;
        Ok(signature.normalize_s().to_der().as_bytes().to_vec())
    }

    /// His certificate in DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// When the session ends.
    pub fn expires(&self) -> Moment {
        self.expires
    }

    /// His public wrapping key.
    ///
    /// # Errors
    /// Law 13 for a token.
    pub fn recipient(&self) -> Result<Recipient, StoreError> {
        Ok(self.identity()?.recipient())
    }

    /// Opens something that was wrapped to him (a case key, a recovery share).
    ///
    /// # Errors
    /// When it was wrapped to somebody else; law 13 for a token.
    pub fn unwrap(&self, wrapped: &[u8]) -> Result<SecretBytes, StoreError> {
        Ok(unwrap(self.identity()?, wrapped)?)
    }
}

/// Whether a signature that [`Session::sign`] made holds under the signer's public key (a P-256 point, SEC 1).
pub fn signature_holds(point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature).is_ok()
}

/// Text form of a session token: `lfs-` and 64 hexadecimal digits.
pub(crate) fn token_text(token: &[u8; 32]) -> String {
    format!("lfs-{}", hex::encode(token))
}

pub(crate) fn parse_token(text: &str) -> Result<[u8; 32], StoreError> {
    if is_token(text) {
        return Err(StoreError::refused(Law::Separation, "this is the token of a program, and no session: it does its own steps in its own case and nothing else; log in for this step"));
    }
    let mut token = [0; 32];
    let digits = text.trim().strip_prefix("lfs-").unwrap_or("");
    hex::decode_to_slice(digits, &mut token)
        .map_err(|_| StoreError::input("this is not a session token: run `lanternfish login NAME` to get one"))?;
    Ok(token)
}

/// His wrapping identity, and his signing key as PKCS#8 DER and ready to sign.
pub(crate) fn open_bundle(bytes: &[u8]) -> Result<(Identity, SecretBytes, EcdsaKeyPair), StoreError> {
    let bundle: Bundle = serde_json::from_slice(bytes).map_err(|_| StoreError::damaged("a user's key bundle"))?;
    let identity = Identity::parse(&bundle.identity)?;
    let der = STANDARD.decode(&bundle.signing).map_err(|_| StoreError::damaged("a user's signing key"))?;
    let der = SecretBytes::new(der);
    let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der, &SystemRandom::new())
        .map_err(|_| StoreError::damaged("a user's signing key"))?;
    Ok((identity, der, signer))
}

pub(crate) fn pkcs8(key: &SigningKey) -> Result<SecretBytes, StoreError> {
    let der = p256::SecretKey::from(key).to_pkcs8_der().map_err(|e| StoreError::damaged(format!("a signing key: {e}")))?;
    Ok(SecretBytes::new(der.as_bytes().to_vec()))
}
