//! Exhibits and their custody. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Concerns, InCase, source_class, words};

/// An exhibit, or a part of it, that is opened.
#[derive(Debug, Args)]
pub struct OpenArgs {
    #[command(flatten)]
    pub case: InCase,
    /// The exhibit.
    pub exhibit: String,
    /// What for.
    #[arg(long, value_parser = words)]
    pub purpose: String,
    /// Where to.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Only this part of it, as `exhibit parts` lists it.
    #[arg(long)]
    pub part: Option<String>,
    /// The whole of a personal-sensitive item; without it you see its minimised view, and no page of it.
    #[arg(long, requires = "reason")]
    pub full: bool,
    /// Why the whole is needed.
    #[arg(long, requires = "full", value_parser = words)]
    pub reason: Option<String>,
}

/// Which parts of an exhibit are listed.
#[derive(Debug, Args)]
pub struct PartsArgs {
    #[command(flatten)]
    pub case: InCase,
    /// The exhibit.
    pub exhibit: String,
    /// Only HTML pages, by the media type that came with them.
    #[arg(long)]
    pub pages: bool,
    /// Only this one.
    #[arg(long)]
    pub part: Option<String>,
    /// The first that is shown, counted from 1.
    #[arg(long, default_value_t = 1)]
    pub from: usize,
    /// Most that are shown.
    #[arg(long, default_value_t = 100)]
    pub most: usize,
}

#[derive(Debug, Subcommand)]
pub enum ExhibitVerb {
    /// Take a file, a capture made by hand, or a thing into the case.
    Admit(Box<AdmitArgs>),
    /// Every exhibit of the case.
    List {
        #[command(flatten)]
        case: InCase,
        /// The first one that is shown, where a case has many.
        #[arg(long, value_name = "EXHIBIT")]
        from: Option<String>,
        /// Most exhibits that are shown.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        most: Option<u32>,
        /// Only exhibits that were never examined.
        #[arg(long)]
        unexamined: bool,
    },
    /// One exhibit: who has it, what it is, its digests and its record. Its bytes stay closed.
    Show {
        #[command(flatten)]
        case: InCase,
        /// The exhibit, such as E-0001.
        exhibit: String,
    },
    /// Open an exhibit's bytes and write them to a file (or `-`).
    View(OpenArgs),
    /// Open an HTML page as a page that does nothing: its words, headings, lists and tables, each picture and field as a
    /// named box, each link as words with its target. No script, style, form or address of it is left.
    Page(OpenArgs),
    /// What an examination took out of an exhibit: records, answers, files, parts of mails.
    Parts(PartsArgs),
    /// Print labels of exhibits for the bag or the disk, one on each A6 sheet. The QR code holds case, number and digest, and
    /// no name.
    Label {
        #[command(flatten)]
        case: InCase,
        /// The exhibits.
        #[arg(required = true, num_args = 1..)]
        exhibit: Vec<String>,
        /// A PDF, to this file. Without it what stands on the labels is told, and a page of the workspace prints them.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Put an exhibit and all that comes from it into another class. Any member may make it stricter, at once; nothing
    /// restricted becomes milder by this command.
    Reclassify {
        #[command(flatten)]
        case: InCase,
        /// The exhibit, such as E-0001.
        exhibit: String,
        /// privileged, contraband, personal-sensitive or ordinary.
        #[arg(long, value_parser = ["ordinary", "personal-sensitive", "privileged", "contraband"])]
        class: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// You saw by accident what nobody may have: the item is locked away at once, captures from the same service stop,
    /// and you are told what to do. Any member may do it.
    Accident {
        #[command(flatten)]
        case: InCase,
        /// The exhibit, such as E-0001.
        exhibit: String,
        /// How you came upon it. Do not describe what was to be seen.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Open an item that no authority reaches (with --because), or decide about a locked exhibit (without it).
    Release {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// threat-to-life: open at once, and a supervisor or prosecutor confirms within 48 hours. exculpatory: a
        /// supervisor or prosecutor decides first. Without it: a supervisor's decision about a locked exhibit.
        #[arg(long, value_parser = ["threat-to-life", "exculpatory"])]
        because: Option<String>,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Decide about a release that somebody else asked for (supervisor or prosecutor).
    DecideRelease {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// It is released for good.
        #[arg(long, conflicts_with = "refuse", required_unless_present = "refuse")]
        approve: bool,
        /// It is sealed again.
        #[arg(long)]
        refuse: bool,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Let others open an item that cannot be examined whole, such as an encrypted archive, while known-hash lists
    /// restrict anything (supervisor or prosecutor; another person opens it).
    AllowOpening {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Every release of the case, and how it stands.
    Releases {
        #[command(flatten)]
        case: InCase,
    },
}

/// What is typed to admit an item.
#[derive(Debug, Args)]
pub struct AdmitArgs {
    /// The case.
    #[arg(long, value_parser = words)]
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
    /// The name that it came with, when the file has another one now.
    #[arg(long, value_parser = words, conflicts_with = "physical")]
    pub original_name: Option<String>,
    /// One line: what it is.
    #[arg(long, default_value = "")]
    pub description: String,
    /// From where or from whom.
    #[arg(long, default_value = "not stated")]
    pub source: String,
    /// Class of the source.
    #[arg(long, default_value = "handed-over", value_parser = source_class())]
    pub source_class: String,
    #[command(flatten)]
    pub concerns: Concerns,
    /// ordinary, personal-sensitive, privileged or contraband.
    #[arg(long, default_value = "ordinary", value_parser = ["ordinary", "personal-sensitive", "privileged", "contraband"])]
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
    #[arg(long, requires = "physical", value_parser = words)]
    pub seal_number: Option<String>,
    /// Condition at intake.
    #[arg(long, requires = "physical", value_parser = words)]
    pub condition: Option<String>,
    /// A capture made by hand: the device.
    #[arg(long, requires_all = ["address", "taken_at", "method"], value_parser = words)]
    pub device: Option<String>,
    /// A capture made by hand: the address that was shown.
    #[arg(long, requires = "device", value_parser = words)]
    pub address: Option<String>,
    /// A capture made by hand: when, as 2026-11-22T08:00:00+07:00.
    #[arg(long, requires = "device", value_parser = words)]
    pub taken_at: Option<String>,
    /// A capture made by hand: screenshot, saved page, photograph of a screen …
    #[arg(long, requires = "device", value_parser = words)]
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
        #[arg(long, value_parser = words)]
        to: String,
        /// Why.
        #[arg(long, value_parser = words)]
        purpose: String,
    },
    /// Accept what was offered to you; you sign.
    Accept {
        #[command(flatten)]
        case: InCase,
        /// The transfer.
        transfer: String,
        /// For a thing: the seal number that you read.
        #[arg(long, requires = "condition", value_parser = words)]
        seal_number: Option<String>,
        /// For a thing: the condition that you see.
        #[arg(long, value_parser = words)]
        condition: Option<String>,
    },
    /// Decline an offer, or withdraw your own.
    Refuse {
        #[command(flatten)]
        case: InCase,
        /// The transfer.
        transfer: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Take an exhibit when no second person is there; every paper says so.
    Interim {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// The custodian still works here and cannot be reached: you declare it, and the log keeps it.
        #[arg(long)]
        unreachable: bool,
        /// Why no second person was there.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// A supervisor gives a lost custodian's item to another person.
    Reassign {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// To whom.
        #[arg(long, value_parser = words)]
        to: String,
        /// The custodian still works here and cannot be reached: you declare it, and the log keeps it.
        #[arg(long)]
        unreachable: bool,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Every transfer of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// Print the slip that goes with a handover, on A4: who, when, why, the digests of the item and of the events, and two
    /// lines to be signed by hand.
    Slip {
        #[command(flatten)]
        case: InCase,
        /// The transfer, offered or finished; or the exhibit, for its last interim custody or reassignment.
        what: String,
        /// A PDF, to this file. Without it what stands on the slip is told, and a page of the workspace prints it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}
