//! The command line as it is typed. Nothing is decided here; `verbs` turns it into steps.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Lawful work on the darknet: from authority to a package that a stranger can verify.
#[derive(Debug, Parser)]
#[command(name = "lanternfish", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// The home folder of the node.
    #[arg(long, global = true, env = "LANTERNFISH_HOME", value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Print one JSON value a line on standard output; messages go to standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// The token of your session, from `lanternfish login`.
    #[arg(long, global = true, env = "LANTERNFISH_SESSION", value_name = "TOKEN", hide_env_values = true)]
    pub session: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Set up a node in an empty home folder.
    Init {
        /// Name of the agency.
        #[arg(long)]
        agency: String,
        /// The node is for training: everything that leaves is marked SYNTHETIC.
        #[arg(long)]
        training: bool,
        /// Work factor of passphrase hashing (scrypt log2 N), 10 to 20.
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(10..=20))]
        passphrase_cost: u8,
    },
    /// People of the node.
    #[command(subcommand)]
    User(UserVerb),
    /// Open a session and print its token. The first login makes your keys.
    Login {
        /// Your name as it was entered.
        name: String,
        /// A file that holds your passphrase (its first line).
        #[arg(long, value_name = "FILE")]
        passphrase_file: PathBuf,
        /// The one-time code of a first login, where the administrator made one.
        #[arg(long, value_name = "CODE")]
        enrolment_code: Option<String>,
    },
    /// End your session.
    Logout,
    /// Tips that wait before there is a case.
    #[command(subcommand)]
    Tip(TipVerb),
    /// Cases and their members.
    #[command(subcommand)]
    Case(CaseVerb),
    /// Legal instruments.
    #[command(subcommand)]
    Authority(AuthorityVerb),
    /// Capture pages under an authority.
    Capture {
        #[command(flatten)]
        case: InCase,
        /// The URLs, exactly these and in this order.
        #[arg(required_unless_present = "recover")]
        urls: Vec<String>,
        /// Kind of source: open, darknet, synthetic …
        #[arg(long, default_value = "open")]
        source: String,
        #[command(flatten)]
        concerns: Concerns,
        /// One line: what is captured and why.
        #[arg(long, default_value = "capture")]
        description: String,
        /// Most bytes to receive in all.
        #[arg(long, default_value_t = 256 << 20)]
        byte_budget: u64,
        /// Longest wait for one response, in milliseconds.
        #[arg(long, default_value_t = 60_000)]
        timeout_ms: u64,
        /// Close captures whose desk died: signed spools are admitted.
        #[arg(long)]
        recover: bool,
    },
    /// Items of evidence.
    #[command(subcommand)]
    Exhibit(ExhibitVerb),
    /// Unpack an exhibit and find its selectors, in the caged parser.
    Examine {
        #[command(flatten)]
        case: InCase,
        /// The exhibit, such as E-0001.
        exhibit: String,
    },
    /// Selectors that were found: all, or where one value stands.
    Selectors {
        #[command(flatten)]
        case: InCase,
        /// Only this value.
        #[arg(long)]
        value: Option<String>,
        /// What you ask for, for the log.
        #[arg(long)]
        purpose: String,
    },
    /// Take an exhibit out of its place.
    Checkout {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// What for.
        #[arg(long)]
        purpose: String,
    },
    /// Bring an exhibit back.
    Checkin {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// Its condition.
        #[arg(long)]
        condition: String,
    },
    /// Custody from one person to another.
    #[command(subcommand)]
    Transfer(TransferVerb),
    /// Statements with their basis.
    #[command(subcommand)]
    Finding(FindingVerb),
    /// Court papers.
    #[command(subcommand)]
    Report(ReportVerb),
    /// Packages for a court.
    #[command(subcommand)]
    Package(PackageVerb),
    /// Trust anchors for those who verify.
    #[command(subcommand)]
    Anchors(AnchorsVerb),
    /// The log and its proofs.
    #[command(subcommand)]
    Log(LogVerb),
    /// Keys: recovery set, recovery, rotation, revocation.
    #[command(subcommand)]
    Key(KeyVerb),
    /// Backups of the whole home.
    #[command(subcommand)]
    Backup(BackupVerb),
    /// Check the node and say what to do.
    Doctor,
    /// Find selectors in files that you hold; touches no case and keeps nothing.
    Scan {
        /// Files and folders.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Country whose national phone numbers are read, such as LA.
        #[arg(long)]
        region: Option<String>,
    },
    /// Walk one synthetic case from authority to verified package.
    Demo {
        /// Do not open the workspace at the end (there is none in this version).
        #[arg(long)]
        no_serve: bool,
    },
}

/// The case that a verb works in.
#[derive(Debug, Args)]
pub struct InCase {
    /// The case, such as 2026-0001.
    #[arg(long)]
    pub case: String,
}

#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Enter a person; he makes his keys at his first login.
    Add {
        /// Name at work.
        name: String,
        /// investigator, analyst, exhibit-officer, supervisor, prosecutor, auditor or administrator.
        #[arg(long)]
        role: String,
    },
    /// Make a one-time code that the person's first login must give; it is shown once.
    Code {
        /// The person.
        name: String,
    },
    /// Everyone who was entered.
    List,
    /// A person leaves: his keys, sessions and certificate end now.
    Revoke {
        /// The person.
        name: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// A lost passphrase: the old keys end, and the next login makes new ones.
    Reset {
        /// The person.
        name: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum TipVerb {
    /// Take a tip.
    Add {
        /// What was said or seen.
        #[arg(long)]
        text: String,
        /// From whom, or how it came.
        #[arg(long, default_value = "")]
        source: String,
        /// A file that came with it.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Tips that you may read.
    List,
    /// Give a tip to a case: it becomes an exhibit there.
    Give {
        /// The tip.
        tip: String,
        #[command(flatten)]
        case: InCase,
        #[command(flatten)]
        concerns: Concerns,
        /// One line: what it is.
        #[arg(long)]
        description: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum CaseVerb {
    /// Open a case.
    Open {
        /// Its title.
        #[arg(long)]
        title: String,
        /// What is suspected.
        #[arg(long)]
        offence: String,
        /// Jurisdiction code for calendar, zone and papers, such as la, th, kz or int.
        #[arg(long)]
        jurisdiction: String,
        /// What the work is for and why it is needed.
        #[arg(long)]
        purpose: String,
        /// A member besides yourself; may be given several times.
        #[arg(long)]
        member: Vec<String>,
    },
    /// The cases that you are a member of.
    List,
    /// One case.
    Show {
        #[command(flatten)]
        case: InCase,
    },
    /// Close a case: nothing new comes in.
    Close {
        #[command(flatten)]
        case: InCase,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Declare a court process or a legal hold (supervisor or prosecutor).
    Declare {
        #[command(flatten)]
        case: InCase,
        /// court-process or legal-hold.
        what: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Admit a person to the case, or let one leave it.
    #[command(subcommand)]
    Member(MemberVerb),
}

#[derive(Debug, Subcommand)]
pub enum MemberVerb {
    /// Wrap the case key to a person.
    Add {
        #[command(flatten)]
        case: InCase,
        /// The person.
        name: String,
    },
    /// A person leaves the case: its key is changed.
    Remove {
        #[command(flatten)]
        case: InCase,
        /// The person.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum AuthorityVerb {
    /// Write down an authority; it is good for nothing until a second person checked or granted it.
    Record(Box<RecordArgs>),
    /// A second person compared the transcription with the scan.
    Check(DecideArgs),
    /// A supervisor grants it.
    Grant(DecideArgs),
    /// It ends now; running work stops.
    Revoke(DecideArgs),
    /// Authorities of a case, or of the unit without --case.
    List {
        /// The case.
        #[arg(long)]
        case: Option<String>,
    },
    /// One authority with everything that was typed.
    Show {
        /// The authority.
        authority: String,
        #[command(flatten)]
        case: InCase,
        /// Write its scan to this file, to compare it with the transcription.
        #[arg(long, value_name = "FILE")]
        scan: Option<PathBuf>,
    },
}

/// What is typed to record an authority.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The case; a unit's standing authorisation has none.
    #[arg(long)]
    pub case: Option<String>,
    /// court-order, prosecutor, supervisor, standing-unit, consent or training.
    #[arg(long)]
    pub kind: String,
    /// Reference of the instrument.
    #[arg(long)]
    pub reference: String,
    /// Who issued it.
    #[arg(long)]
    pub issuer: String,
    /// Person who may act on it; none means every member.
    #[arg(long)]
    pub holder: Vec<String>,
    /// Allowed action: collect, admit, view, examine, query, conclude, report, package …
    #[arg(long, required = true)]
    pub action: Vec<String>,
    /// Allowed source class: open, darknet, device, handed-over, provider, synthetic.
    #[arg(long, required = true)]
    pub source: Vec<String>,
    /// Allowed host or identifier, or `any`.
    #[arg(long, default_value = "any")]
    pub selector: Vec<String>,
    /// Person concerned, or `any`.
    #[arg(long, default_value = "any")]
    pub person: Vec<String>,
    /// Territory, or `any`.
    #[arg(long, default_value = "any")]
    pub territory: Vec<String>,
    /// First day or minute: YYYY-MM-DD or "YYYY-MM-DD HH:MM".
    #[arg(long)]
    pub from: String,
    /// Last day (included) or minute.
    #[arg(long)]
    pub until: String,
    /// Time zone of both, such as Asia/Vientiane.
    #[arg(long)]
    pub zone: String,
    /// gregorian or buddhist; needed where a date could be read two ways.
    #[arg(long)]
    pub calendar: Option<String>,
    /// Why it is needed and proportionate.
    #[arg(long)]
    pub necessity: String,
    /// Scan of an instrument that was issued outside.
    #[arg(long)]
    pub scan: Option<PathBuf>,
    /// Its text, transcribed.
    #[arg(long)]
    pub transcription: Option<PathBuf>,
}

/// A decision about an authority.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// The authority.
    pub authority: String,
    /// Its case; a unit's standing authorisation has none.
    #[arg(long)]
    pub case: Option<String>,
    /// Why.
    #[arg(long, default_value = "")]
    pub reason: String,
}

/// Whom and where something concerns; needed under an authority that is limited in it.
#[derive(Debug, Clone, Args)]
pub struct Concerns {
    /// Person concerned, as the authority names him.
    #[arg(long)]
    pub person: Option<String>,
    /// Territory concerned, as the authority names it.
    #[arg(long)]
    pub territory: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum ExhibitVerb {
    /// Take a file, a capture made by hand, or a thing into the case.
    Admit(Box<AdmitArgs>),
    /// Every exhibit of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// Open an exhibit's bytes and write them to a file (or `-`).
    View {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// What for.
        #[arg(long)]
        purpose: String,
        /// Where to.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Print a label for an exhibit (PDF).
    Label {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// Where to.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// A supervisor's decision about a locked exhibit.
    Release {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// What is typed to admit an item.
#[derive(Debug, Args)]
pub struct AdmitArgs {
    /// The case.
    #[arg(long)]
    pub case: String,
    /// The file or saved folder; none for a physical item.
    #[arg(required_unless_present = "physical")]
    pub file: Option<PathBuf>,
    /// It is a thing, not a file.
    #[arg(
        long,
        conflicts_with_all = ["file", "class", "md5", "sha1", "sha256", "sha512", "device"],
        requires_all = ["seal_number", "condition"]
    )]
    pub physical: bool,
    /// One line: what it is.
    #[arg(long, default_value = "")]
    pub description: String,
    /// From where or from whom.
    #[arg(long, default_value = "not stated")]
    pub source: String,
    /// Class of the source.
    #[arg(long, default_value = "handed-over")]
    pub source_class: String,
    #[command(flatten)]
    pub concerns: Concerns,
    /// ordinary, personal-sensitive, privileged or contraband.
    #[arg(long, default_value = "ordinary")]
    pub class: String,
    /// MD5 that came with it.
    #[arg(long)]
    pub md5: Option<String>,
    /// SHA-1 that came with it.
    #[arg(long)]
    pub sha1: Option<String>,
    /// SHA-256 that came with it.
    #[arg(long)]
    pub sha256: Option<String>,
    /// SHA-512 that came with it.
    #[arg(long)]
    pub sha512: Option<String>,
    /// Number on the seal bag.
    #[arg(long, requires = "physical")]
    pub seal_number: Option<String>,
    /// Condition at intake.
    #[arg(long, requires = "physical")]
    pub condition: Option<String>,
    /// A capture made by hand: the device.
    #[arg(long, requires_all = ["address", "taken_at", "method"])]
    pub device: Option<String>,
    /// A capture made by hand: the address that was shown.
    #[arg(long, requires = "device")]
    pub address: Option<String>,
    /// A capture made by hand: when, as 2026-11-22T08:00:00+07:00.
    #[arg(long, requires = "device")]
    pub taken_at: Option<String>,
    /// A capture made by hand: screenshot, saved page, photograph of a screen …
    #[arg(long, requires = "device")]
    pub method: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum TransferVerb {
    /// Offer an exhibit to another person; you sign.
    Offer {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// To whom.
        #[arg(long)]
        to: String,
        /// Why.
        #[arg(long)]
        purpose: String,
    },
    /// Accept what was offered to you; you sign.
    Accept {
        #[command(flatten)]
        case: InCase,
        /// The transfer.
        transfer: String,
        /// For a thing: the seal number that you read.
        #[arg(long, requires = "condition")]
        seal_number: Option<String>,
        /// For a thing: the condition that you see.
        #[arg(long)]
        condition: Option<String>,
    },
    /// Decline an offer, or withdraw your own.
    Refuse {
        #[command(flatten)]
        case: InCase,
        /// The transfer.
        transfer: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Take an exhibit when no second person is there; every paper says so.
    Interim {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// Why no second person was there.
        #[arg(long)]
        reason: String,
    },
    /// A supervisor gives a lost custodian's item to another person.
    Reassign {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// To whom.
        #[arg(long)]
        to: String,
        /// The custodian still works here and cannot be reached: you declare it, and the log keeps it.
        #[arg(long)]
        unreachable: bool,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Every transfer of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// Print a transfer slip (PDF).
    Slip {
        #[command(flatten)]
        case: InCase,
        /// The transfer, or the exhibit for its last one.
        what: String,
        /// Where to.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum FindingVerb {
    /// Write a finding.
    Add {
        #[command(flatten)]
        case: InCase,
        /// fact, opinion or null-search.
        #[arg(long)]
        kind: String,
        /// The statement.
        #[arg(long)]
        text: String,
        /// An exhibit that it rests on; may be given several times.
        #[arg(long)]
        exhibit: Vec<String>,
        /// Method and version.
        #[arg(long)]
        method: String,
        /// Known error rate, or "not known".
        #[arg(long)]
        error_rate: String,
        /// What speaks against it; may be given several times.
        #[arg(long)]
        counter: Vec<String>,
        /// It speaks for the suspect.
        #[arg(long)]
        exculpatory: bool,
        /// Grading of source and information, as your agency writes it.
        #[arg(long)]
        grading: Option<String>,
    },
    /// Every finding of the case.
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
    #[arg(long)]
    pub case: String,
    /// statement-of-fact, expert-report or investigative-record.
    #[arg(long)]
    pub template: String,
    /// Language: en, lo, th, km, my, ru, zh or vi.
    #[arg(long, default_value = "en")]
    pub language: String,
    /// Jurisdiction code; the case's when absent.
    #[arg(long)]
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
    },
    /// Every package of the case.
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

#[derive(Debug, Subcommand)]
pub enum LogVerb {
    /// Read the whole log again and compare it with the rows both ways.
    Verify,
    /// A receipt for one event.
    Prove {
        /// The event's number.
        event: u64,
    },
    /// A signed checkpoint of the log as it stands.
    Checkpoint,
    /// Events, metadata only.
    Show {
        /// First event.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// How many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Write the log as C2SP tiles.
    Tiles {
        /// The folder.
        folder: PathBuf,
    },
    /// Go on after a restore.
    Resume {
        /// The last checkpoint that anybody has.
        #[arg(long, value_name = "FILE")]
        last_known: Option<PathBuf>,
        /// You declare that nothing later than the backup is known.
        #[arg(long, conflicts_with = "last_known")]
        nothing_later_known: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Make a recovery set: shares for these holders.
    Backup {
        /// Shares needed together.
        #[arg(long)]
        threshold: u8,
        /// A holder; give at least as many as the threshold.
        #[arg(long, required = true)]
        holder: Vec<String>,
    },
    /// Recover a person's cases: first others release their shares to you, then you finish.
    Recover {
        /// The person whose cases are recovered.
        #[arg(long)]
        user: String,
        /// The 16 digits that the person reads from his first login: proof that the new keys are his.
        #[arg(long)]
        fingerprint: String,
        /// Release your share to this holder; without it, join the shares and finish.
        #[arg(long)]
        release_to: Option<String>,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Change a case's key; every member keeps access.
    Rotate {
        #[command(flatten)]
        case: InCase,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// After a person was revoked: change the keys of your shared cases, list what he still holds.
    Revoke {
        /// The person who left.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum BackupVerb {
    /// Write an encrypted backup.
    Create {
        /// The file, which must not exist yet.
        file: PathBuf,
        /// A file that holds the backup's passphrase.
        #[arg(long, value_name = "FILE")]
        passphrase_file: PathBuf,
    },
    /// Bring a backup back into the home folder, which must not exist yet.
    Restore {
        /// The backup.
        file: PathBuf,
        /// A file that holds the backup's passphrase.
        #[arg(long, value_name = "FILE")]
        passphrase_file: PathBuf,
    },
}
