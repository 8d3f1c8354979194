//! Persons whom a case concerns, and the erasure of what is held on them. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{InCase, words};

#[derive(Debug, Subcommand)]
pub enum SubjectVerb {
    /// Write a person down; the dates of review and erasure follow from the category.
    Add {
        #[command(flatten)]
        case: InCase,
        /// A name, alias, number or address by which the person is found; may be given several times.
        #[arg(long, required = true, value_parser = words)]
        name: Vec<String>,
        /// suspect, victim, witness, associate or unknown.
        #[arg(long, value_parser = ["suspect", "victim", "witness", "associate", "unknown"])]
        category: String,
    },
    /// Every person of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// One person.
    Show {
        #[command(flatten)]
        case: InCase,
        /// The person, such as S-0001.
        subject: String,
    },
    /// Another name by which the person is found.
    Name {
        #[command(flatten)]
        on: OnSubject,
        /// The name.
        #[arg(long, value_parser = words)]
        name: String,
    },
    /// An exhibit or finding concerns the person: it goes when the person is erased.
    Link {
        #[command(flatten)]
        on: OnSubject,
        /// The item, such as E-0001 or F-0001.
        item: String,
    },
    /// It does not, or no longer.
    Unlink {
        #[command(flatten)]
        on: OnSubject,
        /// The item.
        item: String,
    },
    /// An exhibit or finding concerns the person and stays when the person is erased.
    Keep {
        #[command(flatten)]
        on: OnSubject,
        /// The item.
        item: String,
    },
    /// The person's data was looked at and is still needed.
    Review {
        #[command(flatten)]
        on: OnSubject,
        /// Day of the next review: YYYY-MM-DD.
        #[arg(long, value_parser = words)]
        next: String,
    },
    /// Move the day of erasure (supervisor or prosecutor).
    Extend {
        #[command(flatten)]
        on: OnSubject,
        /// The new day: YYYY-MM-DD.
        #[arg(long, value_parser = words)]
        until: String,
    },
    /// Nothing of this person may be destroyed (supervisor or prosecutor).
    Hold {
        #[command(flatten)]
        on: OnSubject,
    },
    /// The hold is over (supervisor or prosecutor).
    Release {
        #[command(flatten)]
        on: OnSubject,
    },
    /// Everyone in your cases whose review or erasure is due.
    Due,
    /// Write out what is held on the person, to be given to him (supervisor or prosecutor).
    Export {
        #[command(flatten)]
        on: OnSubject,
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// A change to a person, with its reason.
#[derive(Debug, Args)]
pub struct OnSubject {
    #[command(flatten)]
    pub case: InCase,
    /// The person, such as S-0001.
    pub subject: String,
    /// Why; without the person's name, because it may outlive him.
    #[arg(long, value_parser = words)]
    pub reason: String,
}

#[derive(Debug, Subcommand)]
pub enum EraseVerb {
    /// Search for everything that concerns a person, and propose that it be erased.
    Propose {
        #[command(flatten)]
        on: OnSubject,
        /// An item that may go although it concerns another person too; may be given several times.
        #[arg(long)]
        shared: Vec<String>,
    },
    /// A second person decides that it may be erased (supervisor or prosecutor).
    Decide {
        #[command(flatten)]
        case: InCase,
        /// The erasure, such as Z-0001.
        erasure: String,
        /// The court's or prosecutor's decision: an authority of this case for the action `erase` and this person.
        #[arg(long, value_parser = words)]
        authority: String,
        /// What was looked at for the defence, and what came of it.
        #[arg(long, value_parser = words)]
        exculpatory_checked: String,
        /// What speaks for a suspect was given to the defence and may go.
        #[arg(long)]
        despite_exculpatory: bool,
        /// Why the court and the defence do not need it, when the case is before a court.
        #[arg(long, value_parser = words)]
        despite_process: Option<String>,
    },
    /// A second person decides that it may not be erased (supervisor or prosecutor).
    Refuse {
        #[command(flatten)]
        case: InCase,
        /// The erasure.
        erasure: String,
        /// Why; without the person's name.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Carry out a decided erasure, or go on with one that was interrupted.
    Run {
        #[command(flatten)]
        case: InCase,
        /// The erasure.
        erasure: String,
        /// A folder outside the home for the tombstones: a backup is restored with them.
        #[arg(long, value_name = "DIR")]
        tombstones: PathBuf,
        /// On PostgreSQL: the role that owns the tables, so that they are written anew without what was erased.
        #[arg(long, value_name = "NAME")]
        database_owner: Option<String>,
        /// A file with the owner's password.
        #[arg(long, value_name = "FILE", requires = "database_owner")]
        database_owner_password_file: Option<PathBuf>,
    },
    /// Every erasure of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// Copy every tombstone of this node to a folder outside the home.
    Tombstones {
        /// The folder.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}
