//! Cases, their members, and the authorities under which they are worked. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{InCase, JURISDICTIONS, action, source_class, words};

#[derive(Debug, Subcommand)]
pub enum CaseVerb {
    /// Open a case.
    Open {
        /// Its title.
        #[arg(long, value_parser = words)]
        title: String,
        /// What is suspected.
        #[arg(long, value_parser = words)]
        offence: String,
        /// Whose calendar, time zone and papers it follows.
        #[arg(long, value_parser = JURISDICTIONS)]
        jurisdiction: String,
        /// What the work is for and why it is needed.
        #[arg(long, value_parser = words)]
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
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Declare a court process or a legal hold (supervisor or prosecutor).
    Declare {
        #[command(flatten)]
        case: InCase,
        /// court-process, legal-hold or legal-hold-over.
        #[arg(value_parser = ["court-process", "legal-hold", "legal-hold-over"])]
        what: String,
        /// Why.
        #[arg(long, value_parser = words)]
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
    /// A written order of the case stands behind an emergency authority; nothing of it is in quarantine any more.
    Ratify {
        /// The emergency authority.
        authority: String,
        #[command(flatten)]
        case: InCase,
        /// The written order: recorded in the case and checked by a second person.
        #[arg(long, value_name = "AUTHORITY")]
        order: String,
        /// Why; it stands in the log.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// It ends now; running work stops.
    Revoke {
        /// The authority.
        authority: String,
        /// Its case; a unit's standing authorisation has none.
        #[arg(long)]
        case: Option<String>,
        /// Why; it stands in the log.
        #[arg(long, value_parser = words)]
        reason: String,
    },
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
    /// court-order, prosecutor, supervisor, standing-unit, consent, emergency (an oral approval, 48 hours at most) or
    /// training.
    #[arg(long, value_parser = ["court-order", "prosecutor", "supervisor", "standing-unit", "consent", "emergency", "training"])]
    pub kind: String,
    /// Reference of the instrument.
    #[arg(long, value_parser = words)]
    pub reference: String,
    /// Who issued it.
    #[arg(long, value_parser = words)]
    pub issuer: String,
    /// Person who may act on it; none means every member.
    #[arg(long)]
    pub holder: Vec<String>,
    /// An action that it allows; may be given several times.
    #[arg(long, required = true, value_parser = action())]
    pub action: Vec<String>,
    /// A class of sources that it allows; may be given several times.
    #[arg(long, required = true, value_parser = source_class())]
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
    #[arg(long, value_parser = words)]
    pub from: String,
    /// Last day (included) or minute.
    #[arg(long, value_parser = words)]
    pub until: String,
    /// Time zone of both, such as Asia/Vientiane.
    #[arg(long, value_parser = words)]
    pub zone: String,
    /// gregorian or buddhist; needed where a date could be read two ways.
    #[arg(long, value_parser = ["gregorian", "buddhist"])]
    pub calendar: Option<String>,
    /// Why it is needed and proportionate.
    #[arg(long, value_parser = words)]
    pub necessity: String,
    /// Scan of an instrument that was issued outside.
    #[arg(long)]
    pub scan: Option<PathBuf>,
    /// Its text, transcribed.
    #[arg(long)]
    pub transcription: Option<PathBuf>,
    /// The authority of the case that it replaces: that one ends when this one is checked or granted.
    #[arg(long, value_name = "AUTHORITY", conflicts_with = "extends")]
    pub amends: Option<String>,
    /// The authority of the case that it goes on from: that one stays as it is.
    #[arg(long, value_name = "AUTHORITY")]
    pub extends: Option<String>,
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
