//! `worker`: extraction for a cluster that somebody else runs.

use clap::Subcommand;

/// What the worker does.
#[derive(Debug, Subcommand)]
pub enum WorkerVerb {
    /// Read an Arrow IPC stream of pages (columns `url` and `bytes`) on standard input, and write one of selectors to
    /// standard output: the rows that `scan --json` prints.
    Extract {
        /// Country whose national phone numbers are read, such as LA.
        #[arg(long)]
        region: Option<String>,
    },
}
