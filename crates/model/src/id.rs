//! Names of things. Each is its own type, so that a case cannot be handed over where an exhibit is
//! meant. Ids that enter the ledger are random and say nothing about the person or thing (law 10).

use serde::{Deserialize, Serialize};

macro_rules! pseudonym {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The prefix of every id of this kind.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id from 16 random bytes that the caller drew.
            pub fn from_random(random: [u8; 16]) -> Self {
                $name(format!("{}{}", $prefix, hex::encode(random)))
            }

            /// The text form: prefix and 32 hexadecimal digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let digits = text.strip_prefix($prefix).unwrap_or("");
                let good = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                if good { Ok($name(text.to_string())) } else {
                    Err(format!("{text} is not an id of this kind: expected {} and 32 hexadecimal digits", $prefix, text = crate::quoted(text)))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }
    };
}

pseudonym!(/// A person in a role, as the ledger knows him.
    ActorId, "actor-");
pseudonym!(/// A case, as the ledger knows it; people use its number.
    CaseId, "case-");
pseudonym!(/// A legal instrument.
    AuthorityId, "auth-");
pseudonym!(/// One item of evidence; people use its number.
    ExhibitId, "exh-");
pseudonym!(/// Bytes under a key of their own.
    BlobId, "blob-");
pseudonym!(/// One statement, fact or opinion.
    FindingId, "find-");
pseudonym!(/// One issued or building package.
    PackageId, "pkg-");
pseudonym!(/// A tip in the intake tray.
    TipId, "tip-");
pseudonym!(/// A collection order that the desk signed.
    OrderId, "order-");
pseudonym!(/// One release of an item that no authority reaches.
    ReleaseId, "rel-");
pseudonym!(/// An identity that officers use towards a service; people use its number.
    PersonaId, "prs-");
pseudonym!(/// One contact or purchase that was made by other lawful means.
    ContactId, "con-");
pseudonym!(/// A piece of running work.
    JobId, "job-");
pseudonym!(/// A transfer of custody on offer.
    TransferId, "xfer-");
pseudonym!(/// A person whom a case concerns, as the ledger knows him; people use his number.
    SubjectId, "subj-");
pseudonym!(/// One proposal to erase what is held on a person.
    ErasureId, "erase-");
pseudonym!(/// One selector found at one place.
    SelectorId, "sel-");
