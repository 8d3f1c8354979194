//! What leaves the case: findings, reports, packages. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{InCase, JURISDICTIONS, words};

#[derive(Debug, Subcommand)]
pub enum FindingVerb {
    /// Write a finding.
    Add {
        #[command(flatten)]
        case: InCase,
        /// fact, opinion or null-search.
        #[arg(long, value_parser = ["fact", "opinion", "null-search"])]
        kind: String,
        /// The statement.
        #[arg(long, value_parser = words)]
        text: String,
        /// An exhibit that it rests on; may be given several times.
        #[arg(long)]
        exhibit: Vec<String>,
        /// Method and version.
        #[arg(long, value_parser = words)]
        method: String,
        /// Known error rate, or "not known".
        #[arg(long, value_parser = words)]
        error_rate: String,
        /// What speaks against it; may be given several times.
        #[arg(long)]
        counter: Vec<String>,
        /// It speaks for the suspect.
        #[arg(long)]
        exculpatory: bool,
        /// Grading of source and information, as your agency writes it.
        #[arg(long, value_parser = words)]
        grading: Option<String>,
        /// null-search: a logged search that found nothing, by the number of its event (31 or Q-0031); may be given
        /// several times. Without one it is printed as made by hand.
        #[arg(long, value_name = "EVENT")]
        query: Vec<String>,
    },
    /// Every finding of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
}

#[derive(Debug, Subcommand)]
pub enum MaterialVerb {
    /// The schedule of unused material: every exhibit on which no finding rests, and what was said of it.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// Say whether an exhibit may assist the defence. A doubt (may-assist) refuses sealing until it is decided.
    Say {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// may-assist, assists or does-not-assist.
        #[arg(long = "it", value_name = "WORD", value_parser = ["may-assist", "assists", "does-not-assist"])]
        says: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum ChargeVerb {
    /// Write a charge with its elements.
    Add {
        #[command(flatten)]
        case: InCase,
        /// The offence.
        #[arg(long, value_parser = words)]
        offence: String,
        /// Where it stands in the law.
        #[arg(long, value_parser = words)]
        provision: String,
        /// What must be shown; once for each element.
        #[arg(long, required = true, value_parser = words)]
        element: Vec<String>,
    },
    /// Place a finding on an element.
    Place {
        #[command(flatten)]
        case: InCase,
        /// The charge, such as C-0001.
        charge: String,
        /// Number of the element, from 1.
        #[arg(long)]
        element: usize,
        /// The finding.
        #[arg(long, value_parser = words)]
        finding: String,
        /// It speaks against the element.
        #[arg(long)]
        against: bool,
    },
    /// Every charge: elements, findings, gaps.
    List {
        #[command(flatten)]
        case: InCase,
    },
}

#[derive(Debug, Subcommand)]
pub enum ErratumVerb {
    /// Correct a finding, exhibit, report or package. It changes nothing that stands; every package that went out before
    /// is listed with the words to send.
    Add {
        #[command(flatten)]
        case: InCase,
        /// What is corrected, such as F-0001, E-0001, R-0001 or P-0001.
        #[arg(long, value_parser = words)]
        about: String,
        /// What was wrong.
        #[arg(long, value_parser = words)]
        wrong: String,
        /// What is right, as far as you know.
        #[arg(long, value_parser = words)]
        right: String,
    },
    /// Note that somebody who holds such a package was told.
    Notified {
        #[command(flatten)]
        case: InCase,
        /// The erratum, such as X-0001.
        erratum: String,
        /// The package that he holds.
        #[arg(long, value_parser = words)]
        package: String,
        /// Who was told.
        #[arg(long, value_parser = words)]
        to: String,
        /// How: by letter, through the registry, by hand.
        #[arg(long, value_parser = words)]
        how: String,
    },
    /// Every erratum, with the packages that do not carry it.
    List {
        #[command(flatten)]
        case: InCase,
    },
}

#[derive(Debug, Subcommand)]
pub enum ReportVerb {
    /// Build a report: lint first, then PDF/A, then its text is checked.
    Build(Box<ReportArgs>),
    /// Every report of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// Write a report's PDF to a file.
    Export {
        #[command(flatten)]
        case: InCase,
        /// The report, such as R-0001.
        report: String,
        /// Where to.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// What is typed to build a report.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The case.
    #[arg(long, value_parser = words)]
    pub case: String,
    /// statement-of-fact, expert-report or investigative-record.
    #[arg(long, value_parser = ["statement-of-fact", "expert-report", "investigative-record"])]
    pub template: String,
    /// Language: en, lo, th, km, my, ru, zh or vi.
    #[arg(long, default_value = "en", value_parser = ["en", "lo", "th", "km", "my", "ru", "zh", "vi"])]
    pub language: String,
    /// Whose calendar and time zone; the case's when absent.
    #[arg(long, value_parser = JURISDICTIONS)]
    pub jurisdiction: Option<String>,
    /// Place of the action (investigative record).
    #[arg(long)]
    pub place: Option<String>,
    /// Participant of the action.
    #[arg(long)]
    pub participant: Vec<String>,
    /// Witness of the action.
    #[arg(long)]
    pub witness: Vec<String>,
    /// Interpreter.
    #[arg(long)]
    pub interpreter: Option<String>,
    /// Remark of a participant.
    #[arg(long)]
    pub remark: Vec<String>,
    /// The author's qualifications (expert report).
    #[arg(long)]
    pub qualifications: Option<String>,
    /// A statement of the author's own knowledge.
    #[arg(long)]
    pub own_knowledge: Vec<String>,
    /// The summary of conclusions (expert report); may be given several times.
    #[arg(long)]
    pub summary: Vec<String>,
    /// A fact or material received beside the exhibits of the case (expert report); may be given several times.
    #[arg(long)]
    pub received: Vec<String>,
    /// A writing or source relied on, or that there is none (expert report); may be given several times.
    #[arg(long)]
    pub literature: Vec<String>,
    /// What is needed to judge reliability, beside the error rates of the findings (expert report); may be given several
    /// times.
    #[arg(long)]
    pub reliability: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub enum PackageVerb {
    /// Build a package; the named officers will sign it.
    Seal {
        #[command(flatten)]
        case: InCase,
        /// An officer who will sign; may be given several times.
        #[arg(long, required = true)]
        officer: Vec<String>,
        /// A report to include; all when absent.
        #[arg(long)]
        report: Vec<String>,
        /// Put a copy of each examined capture beside it that shows its pages again in a replay program (WACZ). The
        /// capture itself stays the evidence. The package needs the space of the captures twice.
        #[arg(long)]
        wacz: bool,
        /// The package's folder, which must not exist yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Sign a package, in your own session.
    Sign {
        #[command(flatten)]
        case: InCase,
        /// The package, such as P-0001.
        package: String,
    },
    /// Fetch or attach time-stamps.
    Stamp {
        #[command(flatten)]
        case: InCase,
        /// The package.
        package: String,
        /// Number of the authority in the plan, from 1; all when absent.
        #[arg(long)]
        authority: Option<usize>,
        /// Write the request (.tsq) to this file, to be carried by hand.
        #[arg(long, value_name = "FILE", conflicts_with = "response")]
        request: Option<PathBuf>,
        /// Attach this answer (.tsr) that was carried by hand.
        #[arg(long, value_name = "FILE")]
        response: Option<PathBuf>,
    },
    /// Seal it: log the seal event, attach its proof, check the whole.
    Finish {
        #[command(flatten)]
        case: InCase,
        /// The package.
        package: String,
        /// Stop when the seal event is logged, until a witness has cosigned it.
        #[arg(long)]
        wait_for_witness: bool,
    },
    /// Renew the time-stamps of a sealed package before their authorities' certificates end. The package is checked,
    /// and stays as it is; the renewals lie beside it in NAME.renewals.
    Renew {
        #[command(flatten)]
        case: InCase,
        /// The package.
        package: String,
        /// The folder where the sealed package lies now; where it was sealed when absent.
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
        /// Number of the authority, from 1; all when absent.
        #[arg(long)]
        authority: Option<usize>,
        /// Write the request (.tsq) to this file, to be carried by hand.
        #[arg(long, value_name = "FILE", conflicts_with = "response")]
        request: Option<PathBuf>,
        /// Attach this answer (.tsr) that was carried by hand.
        #[arg(long, value_name = "FILE")]
        response: Option<PathBuf>,
    },
    /// Propose to give parts of a sealed package to somebody. Everything in it goes out, but what you withhold with a
    /// reason, and papers that name it. A supervisor or prosecutor who is not you decides.
    Disclose {
        #[command(flatten)]
        case: InCase,
        /// The sealed package, such as P-0001.
        package: String,
        /// Who gets it.
        #[arg(long, value_parser = words)]
        to: String,
        /// What for.
        #[arg(long, value_parser = words)]
        purpose: String,
        /// An item that stays: ITEM=CLASS:REASON. ITEM is an exhibit, a report or a path of manifest-sha256.txt; CLASS is
        /// privileged, contraband, third-party, public-interest, ongoing-inquiry or not-material. The recipient reads the
        /// class, your reason stays in the case. May be given several times.
        #[arg(long, value_name = "ITEM=CLASS:REASON")]
        withhold: Vec<String>,
        /// The folder where the sealed package lies now; where it was sealed when absent.
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// Every package of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
}

#[derive(Debug, Subcommand)]
pub enum DisclosureVerb {
    /// Decide a disclosure that somebody else proposed.
    Decide {
        #[command(flatten)]
        case: InCase,
        /// The disclosure, such as D-0001.
        disclosure: String,
        /// It may be built.
        #[arg(long, conflicts_with = "refuse", required_unless_present = "refuse")]
        approve: bool,
        /// It is refused for good.
        #[arg(long)]
        refuse: bool,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Build an approved disclosure; then it is signed, stamped and finished as every package.
    Build {
        #[command(flatten)]
        case: InCase,
        /// The disclosure.
        disclosure: String,
        /// An officer who will sign; may be given several times.
        #[arg(long, required = true)]
        officer: Vec<String>,
        /// The folder of the new package, which must not exist yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// The folder where the original lies now; where it was sealed when absent.
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// Open withheld items to the recipient: their salts and bytes.
    Reveal {
        #[command(flatten)]
        case: InCase,
        /// The disclosure.
        disclosure: String,
        /// An exhibit, a report or a path that is withheld; may be given several times.
        #[arg(long, required = true)]
        item: Vec<String>,
        /// Why, such as the order of a court.
        #[arg(long, value_parser = words)]
        reason: String,
        /// The folder for revealed.txt and the items, which must not exist yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// The folder where the original lies now.
        #[arg(long, value_name = "DIR")]
        from: Option<PathBuf>,
    },
    /// Every disclosure of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
}

#[derive(Debug, Subcommand)]
pub enum AnchorsVerb {
    /// Write root, time-stamp and log keys, the revocation list and a later checkpoint into a folder.
    Export {
        /// The folder, outside every package.
        folder: PathBuf,
    },
}
