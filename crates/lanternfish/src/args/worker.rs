//! `worker`: extraction for a cluster that somebody else runs.

use clap::Subcommand;

/// What the worker does.
#[derive(Debug, Subcommand)]
pub enum WorkerVerb {
    /// Read an Arrow IPC stream of pages (columns `url` and `bytes`) on standard input, and write one of rows to standard
    /// output: those that `scan --json` prints. Values of private keys, seed phrases, cards and logins are masked.
    Extract {
        /// Country whose national phone numbers are read, such as LA.
        #[arg(long)]
        region: Option<String>,
        /// Write private keys, seed phrases, cards and logins as they are. No log says so: guard the rows.
        #[arg(long)]
        reveal: bool,
        /// Most memory, in MiB. A record batch may have a quarter of it.
        #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u64).range(512..=1 << 20))]
        memory_mib: u64,
        /// Most processor time for the whole stream, in seconds; then it is ended.
        #[arg(long, default_value_t = 86_400, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
        cpu_seconds: u64,
        /// Read also where the system gives no cage (seccomp), because the container around it is one.
        #[arg(long)]
        allow_uncaged: bool,
    },
}
