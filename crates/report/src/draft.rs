//! A report as the desk hands it over: facts of the case as values, nothing formatted, nothing checked.

use std::collections::BTreeMap;

use model::actor::Role;
use model::authority::{AuthorityKind, Standing};
use model::event::EventType;
use model::exhibit::{ExhibitClass, ExhibitKind};
use model::finding::FindingKind;
use model::moment::ClockQuality;
use model::statement::{Statement, Template};
use model::{Moment, Sha256Digest};
use serde::{Deserialize, Serialize};

use crate::jurisdiction::Jurisdiction;
use crate::language::Language;

/// Everything one paper says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Which paper.
    pub template: Template,
    /// Language of the fixed wording; the statements must be written in it.
    pub language: Language,
    /// Calendar, zone and legal texts.
    pub jurisdiction: Jurisdiction,
    /// Page one.
    pub header: Header,
    /// The statements, each with an id of its own. [`crate::lint`] adds the legal forms and numbers all of
    /// them again in the order in which they are read.
    pub statements: Vec<Statement>,
    /// Expert report only: which heading a statement stands under, by its id; otherwise its kind decides.
    #[serde(default)]
    pub sections: BTreeMap<String, Section>,
    /// Investigative record only: place, times, people.
    #[serde(default)]
    pub record: Option<ActionRecord>,
    /// Findings that are cited or must be listed.
    pub findings: Vec<FindingRow>,
    /// Exhibits that are cited.
    pub exhibits: Vec<ExhibitRow>,
    /// Custody events of those exhibits.
    pub custody: Vec<CustodyRow>,
    /// Searches that found nothing.
    pub null_searches: Vec<NullSearchRow>,
    /// What program, how built, how configured.
    pub tool: Tool,
    /// Report time; the only time the paper knows.
    pub reported_at: Moment,
    /// Training case: every page is marked SYNTHETIC.
    pub synthetic: bool,
}

/// Page one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Number of the case.
    pub case_number: String,
    /// Identifier of this report.
    pub report_id: String,
    /// Agency.
    pub agency: String,
    /// Author.
    pub officer: Officer,
    /// The authority or standing basis; one line each.
    pub authorities: Vec<AuthorityLine>,
    /// Checkpoint of the log on which the report stands (law 8).
    pub checkpoint: Checkpoint,
    /// Whether an outside witness has cosigned.
    pub witness: WitnessStatus,
    /// Quality of the clock.
    pub clock: ClockQuality,
    /// Separations of duty that were not met, one sentence each; empty means none known.
    pub unmet_separations: Vec<String>,
}

/// The author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Officer {
    /// Id in the ledger.
    pub pseudonym: String,
    /// Role.
    pub role: Role,
    /// Printed name.
    pub name: String,
}

/// One authority on which the work rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityLine {
    /// Number and kind, as recorded.
    pub number: String,
    /// Who issued it.
    pub issuer: String,
    /// Issued outside and typed in here: printed as "transcribed, not issued here".
    pub transcribed: bool,
    /// Kind, period and what it is worth at the report's time; a standing basis has none.
    pub instrument: Option<Instrument>,
}

/// An authority as page one prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Kind.
    pub kind: AuthorityKind,
    /// What it is worth by the clock of the report.
    pub standing: Standing,
    /// First instant.
    pub from: Moment,
    /// First instant after it.
    pub until: Moment,
}

/// A checkpoint of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Name of the log.
    pub origin: String,
    /// Number of events.
    pub size: u64,
    /// Root hash, as printed in the checkpoint (Base64) or in hexadecimal digits.
    pub root: String,
}

/// Whether an outside witness stands behind the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum WitnessStatus {
    /// Never cosigned.
    Never,
    /// Last cosigned, or written into a register, then.
    UnwitnessedSince {
        /// Time of the last cosignature; of the last event in the register; or when the log began.
        since: Moment,
        /// The newest page of a paper register, which does not hold everything told here.
        #[serde(default)]
        paper: Option<PaperMark>,
    },
    /// A stamped paper register holds this checkpoint; no node has cosigned it.
    Registered {
        /// Which.
        mark: PaperMark,
    },
    /// This checkpoint is cosigned.
    Witnessed {
        /// Names of the witnesses.
        by: Vec<String>,
        /// When.
        at: Moment,
    },
}

/// A page of a stamped paper register that holds a checkpoint of the log. What was typed back from it
/// agreed with the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperMark {
    /// How the register is called, and where it lies.
    pub register: String,
    /// The page.
    pub page: u32,
    /// Number of events that it holds.
    pub events: u64,
    /// Time of the last of them.
    pub until: Moment,
}

/// Headings of an expert report, after Criminal Procedure Rule 19.4 (England and Wales), in own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// (a) training and experience.
    Qualifications,
    /// (b) writings relied on.
    Literature,
    /// (c) facts given to the author.
    Instructions,
    /// (d) facts of own knowledge.
    OwnKnowledge,
    /// (e) who did each examination, (f) with which qualification.
    Tests,
    /// Facts that were found.
    Facts,
    /// Searches without result.
    NullSearches,
    /// (g) opinion and range of opinion, with reasons.
    Opinions,
    /// What speaks for the suspect.
    Exculpatory,
    /// (h) reservations.
    Caveats,
    /// (i) what is needed to judge reliability.
    Reliability,
    /// (j) summary.
    Summary,
    /// (k) duty to the court.
    Duty,
    /// Declaration of truth.
    Truth,
}

/// Investigative record: who was there, where and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRecord {
    /// Place.
    pub place: String,
    /// Begun.
    pub started: Moment,
    /// Ended.
    pub ended: Moment,
    /// Names with roles; at least one.
    pub participants: Vec<String>,
    /// Attesting witnesses; may be none, and then the paper says so.
    pub witnesses: Vec<String>,
    /// Interpreter, with languages.
    pub interpreter: Option<String>,
    /// Remarks and objections of those present.
    pub remarks: Vec<String>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    /// `F-0001`.
    pub number: String,
    /// Fact, opinion or search without result.
    pub kind: FindingKind,
    /// The statement.
    pub text: String,
    /// Method and version.
    pub method: String,
    /// Known error rate, or `not known`.
    pub error_rate: String,
    /// What speaks against it.
    pub counter_evidence: Vec<String>,
    /// Whether it speaks for the suspect.
    pub exculpatory: bool,
    /// Grading, verbatim.
    pub grading: Option<String>,
    /// Events of the logged searches behind a search without result; none means that it was made by hand.
    pub queries: Vec<u64>,
}

/// What is printed as the digest of an exhibit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "digest", content = "value")]
pub enum Digest {
    /// SHA-256 of the bytes.
    Sha256(Sha256Digest),
    /// Restricted (law 7): only the salted commitment.
    Withheld(Sha256Digest),
    /// A thing, not bytes.
    None,
}

/// One exhibit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExhibitRow {
    /// `E-0001`.
    pub number: String,
    /// How it came.
    pub kind: ExhibitKind,
    /// Restriction.
    pub class: ExhibitClass,
    /// Address, device, person or place; empty where nothing was stated.
    pub source: String,
    /// Digest, commitment or none.
    pub digest: Digest,
    /// Who holds it.
    pub custodian: String,
    /// Seal number of a thing.
    pub seal_number: Option<String>,
    /// Whether it is in interim custody now.
    pub interim: bool,
}

/// One event of custody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustodyRow {
    /// When.
    pub at: Moment,
    /// Which exhibit.
    pub exhibit: String,
    /// What happened.
    pub event: EventType,
    /// The event's sequence number.
    pub seq: u64,
    /// From whom; empty when from nobody.
    pub from: String,
    /// To whom; empty when to nobody.
    pub to: String,
    /// Whether it was interim custody.
    pub interim: bool,
    /// The reason and what was declared, one sentence each; may be none.
    pub remarks: Vec<String>,
}

/// One search without result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NullSearchRow {
    /// Number by which the case knows it.
    pub number: String,
    /// What was searched for, and where.
    pub text: String,
    /// Method and version.
    pub method: String,
    /// When.
    pub at: Moment,
}

/// The program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Name and version.
    pub name: String,
    /// Build: digest or commit.
    pub build: String,
    /// Digest of the configuration.
    pub config: String,
}
