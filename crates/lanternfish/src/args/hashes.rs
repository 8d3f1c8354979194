//! Known-hash lists. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::Subcommand;

use super::{InCase, words};

#[derive(Debug, Subcommand)]
pub enum HashesVerb {
    /// Add a list: one digest a line, a table with such a column (NSRL), or a salted list.
    Add {
        /// The file.
        file: PathBuf,
        /// A name for people.
        #[arg(long, value_parser = words)]
        name: String,
        /// contraband, privileged, known-good or wanted.
        #[arg(long, value_parser = ["contraband", "privileged", "known-good", "wanted"])]
        category: String,
        /// Who gave it.
        #[arg(long, value_parser = words)]
        source: String,
        /// It is a salted list.
        #[arg(long)]
        salted: bool,
    },
    /// Every list: name, category, source, count and commitment. No digest is shown.
    List,
    /// Take a list out and destroy its digests. What it restricted stays restricted.
    Remove {
        /// The list, such as L-0001.
        list: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Compare what a case holds already with the lists as they are now.
    Check {
        #[command(flatten)]
        case: InCase,
    },
    /// Make a salted list of a list of SHA-256 digests, to give to another agency. Needs no home.
    Salt {
        /// The list.
        file: PathBuf,
        /// Where the salted list goes.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}
