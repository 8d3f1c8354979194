//! The layout of a package and its seal plan: shared by the room that seals and the program that
//! verifies. Nothing but these files may be there.

use crate::Sha256Digest;

/// Folder of the seal files; not covered by the tag manifest because they sign it.
pub const SEAL_DIR: &str = "seal";
/// The one sealed object.
pub const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
/// Payload manifest.
pub const PAYLOAD_MANIFEST: &str = "manifest-sha256.txt";
/// Tag file that names every seal file that must be there.
pub const SEAL_PLAN: &str = "seal-plan.txt";
/// First line of a seal plan.
pub const SEAL_PLAN_HEAD: &str = "lanternfish-seal-plan 1";
/// Tag file of salted commitments, one to each line of the payload manifest: what makes a later disclosure of
/// parts provable (see [`crate::disclosure`]).
pub const COMMITMENTS: &str = "commitments.txt";
/// Tag files of a package, all listed in the tag manifest (which does not list itself).
pub const TAG_FILES: [&str; 8] =
    ["VERIFY.html", "VERIFY.md", "bag-info.txt", "bagit.txt", COMMITMENTS, PAYLOAD_MANIFEST, SEAL_PLAN, "verify.sh"];
/// Identifier of the BagIt profile of this house.
pub const PROFILE: &str = "lanternfish-bag-2";
/// Tag files of the first profile. Its packages are checked for ever; parts of them cannot be disclosed.
pub const FIRST_TAG_FILES: [&str; 7] =
    ["VERIFY.html", "VERIFY.md", "bag-info.txt", "bagit.txt", PAYLOAD_MANIFEST, SEAL_PLAN, "verify.sh"];
/// Identifier of the first profile.
pub const FIRST_PROFILE: &str = "lanternfish-bag-1";

/// One line of a seal plan: which seal file, of what kind, bound to which certificate or key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealFile {
    /// `seal/officer-N.p7s`: detached CAdES over the tag manifest by the certificate with this digest.
    Officer {
        /// Counts from 1.
        number: u32,
        /// SHA-256 of the officer's certificate in DER.
        certificate: Sha256Digest,
    },
    /// `seal/token-N.tsr`: RFC 3161 response over the tag manifest by the authority named so.
    Token {
        /// Counts from 1.
        number: u32,
        /// SHA-256 of the time-stamp authority's signing certificate in DER.
        certificate: Sha256Digest,
        /// Whether the authority is independent of the agency. The training authority is not.
        independent: bool,
    },
    /// `seal/seal.leaf`: the seal event's leaf bytes.
    Leaf,
    /// `seal/seal.salt`: 32 bytes.
    Salt,
    /// `seal/seal.detail`: canonical JSON; `SHA-256(salt ‖ detail)` is the leaf's commitment.
    Detail,
    /// `seal/seal.tlog`: C2SP tlog-proof with the checkpoint and any witness cosignatures.
    Proof,
}

impl SealFile {
    /// Path inside the package.
    pub fn path(&self) -> String {
        match self {
            SealFile::Officer { number, .. } => format!("{SEAL_DIR}/officer-{number}.p7s"),
            SealFile::Token { number, .. } => format!("{SEAL_DIR}/token-{number}.tsr"),
            SealFile::Leaf => format!("{SEAL_DIR}/seal.leaf"),
            SealFile::Salt => format!("{SEAL_DIR}/seal.salt"),
            SealFile::Detail => format!("{SEAL_DIR}/seal.detail"),
            SealFile::Proof => format!("{SEAL_DIR}/seal.tlog"),
        }
    }

    fn line(&self) -> String {
        match self {
            SealFile::Officer { certificate, .. } => format!("{} officer {certificate}", self.path()),
            SealFile::Token { certificate, independent, .. } => {
                let label = if *independent { "independent" } else { "NOT-INDEPENDENT" };
                format!("{} token {certificate} {label}", self.path())
            }
            SealFile::Leaf => format!("{} leaf", self.path()),
            SealFile::Salt => format!("{} salt", self.path()),
            SealFile::Detail => format!("{} detail", self.path()),
            SealFile::Proof => format!("{} proof", self.path()),
        }
    }
}

/// Every seal file that must be there, in order: officers, tokens, leaf, salt, detail, proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealPlan {
    /// The lines.
    pub files: Vec<SealFile>,
}

/// Most officers, and most time-stamp authorities, that a plan can name.
pub const MOST_SEALS: usize = 32;

impl SealPlan {
    /// A plan for these officers (certificate digests) and time-stamp authorities
    /// (certificate digest, independent or not). At least one officer and one authority.
    pub fn new(officers: &[Sha256Digest], authorities: &[(Sha256Digest, bool)]) -> Self {
        let mut files = Vec::new();
        for (number, certificate) in (1..).zip(officers) {
            files.push(SealFile::Officer { number, certificate: *certificate });
        }
        for (number, (certificate, independent)) in (1..).zip(authorities) {
            files.push(SealFile::Token { number, certificate: *certificate, independent: *independent });
        }
        files.extend([SealFile::Leaf, SealFile::Salt, SealFile::Detail, SealFile::Proof]);
        SealPlan { files }
    }

    /// The text of `seal-plan.txt`.
    pub fn to_text(&self) -> String {
        let mut text = format!("{SEAL_PLAN_HEAD}\n");
        for file in &self.files {
            text.push_str(&file.line());
            text.push('\n');
        }
        text
    }

    /// Reads the text of a `seal-plan.txt`; only the exact form that [`SealPlan::to_text`] writes.
    ///
    /// # Errors
    /// A sentence that names the bad line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        if lines.next() != Some(SEAL_PLAN_HEAD) {
            return Err(format!("{SEAL_PLAN} does not begin with {SEAL_PLAN_HEAD:?}"));
        }
        let (mut officers, mut authorities) = (Vec::new(), Vec::new());
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                [_, "officer", digest] => officers.push(digest.parse()?),
                [_, "token", digest, "independent"] => authorities.push((digest.parse()?, true)),
                [_, "token", digest, "NOT-INDEPENDENT"] => authorities.push((digest.parse()?, false)),
                [_, "leaf" | "salt" | "detail" | "proof"] => {}
                _ => return Err(format!("{SEAL_PLAN} has a line that is not of this profile: {line}", line = crate::quoted(line))),
            }
        }
        if officers.len() > MOST_SEALS || authorities.len() > MOST_SEALS {
            return Err(format!("{SEAL_PLAN} names more than {MOST_SEALS} officers or authorities"));
        }
        let plan = SealPlan::new(&officers, &authorities);
        if officers.is_empty() || authorities.is_empty() || plan.to_text() != text {
            return Err(format!("{SEAL_PLAN} is not in the exact form of this profile"));
        }
        Ok(plan)
    }
}

/// What the seal event's detail says; its canonical JSON stands in `seal/seal.detail`, where the log
/// adds `clock` (quality) and `ground` (why it was lawful), as it does for every event.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SealDetail {
    /// SHA-256 of `tagmanifest-sha256.txt`.
    pub tagmanifest: Sha256Digest,
    /// The package, as its own id says.
    pub package: String,
    /// SHA-256 of each officer's certificate, in plan order.
    pub officers: Vec<Sha256Digest>,
    /// What the reader must know: `unwitnessed`, `single-officer`, … printed by every verifier.
    pub limits: Vec<String>,
}
