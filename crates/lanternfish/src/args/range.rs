//! `range`: synthetic worlds for tests and training.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Worlds.
#[derive(Debug, Subcommand)]
pub enum RangeVerb {
    /// A private Tor network on this machine's loopback, with one onion service and, if you ask for it, an exit.
    #[command(subcommand)]
    Tor(RangeTorVerb),
    /// Write seeded pages with planted selectors, listings and decoys, and the truth about them.
    Pages(PagesArgs),
    /// Hold what `scan --json` found on such pages against the truth: recall and precision for each type and script.
    Score(ScoreArgs),
}

/// Which pages.
#[derive(Debug, Args)]
pub struct PagesArgs {
    /// Seed: the same number gives the same bytes.
    #[arg(long, value_name = "N", required_unless_present = "start_seed", conflicts_with = "start_seed")]
    pub seed: Option<u64>,
    /// Draw a seed by chance, and say which.
    #[arg(long)]
    pub start_seed: bool,
    /// New or empty folder for `pages/` and `truth.jsonl`.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How many pages.
    #[arg(long, value_name = "K", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub pages: u32,
}

/// What is held against what.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// `truth.jsonl` of the pages.
    #[arg(long, value_name = "FILE")]
    pub truth: PathBuf,
    /// What `lanternfish scan DIR/pages --json` printed; `-` reads it from standard input.
    #[arg(long, value_name = "FILE")]
    pub found: PathBuf,
    /// Name every planted selector that was missed, and every one that was found and is false.
    #[arg(long)]
    pub misses: bool,
    /// Ask for none that was written in this style, such as `defang-spaced`; may be given again.
    #[arg(long, value_name = "STYLE")]
    pub without_style: Vec<String>,
    /// Leave out this kind of file: `html`, `text`, `json` or `mail`; may be given again.
    #[arg(long, value_name = "KIND")]
    pub without_file: Vec<String>,
}

/// Where the network lies.
#[derive(Debug, Args)]
pub struct NetworkFolder {
    /// Folder of the network: its keys, addresses and logs.
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
}

/// What to do with the network.
#[derive(Debug, Subcommand)]
pub enum RangeTorVerb {
    /// Start it, and a synthetic market behind its onion service; returns when it is ready.
    Up {
        #[command(flatten)]
        network: NetworkFolder,
        /// Relays beside the three authorities.
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
        relays: u8,
        /// Hand visitors to whoever listens at this loopback port, instead of to the synthetic market.
        #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
        web: Option<u16>,
        /// With an exit: the web server is on a small open net too, under the name market.test (for `--through tor-exit`).
        #[arg(long)]
        exit: bool,
    },
    /// End every process of it; keys and the onion address stay.
    Down {
        #[command(flatten)]
        network: NetworkFolder,
    },
    /// Say how it stands.
    Status {
        #[command(flatten)]
        network: NetworkFolder,
    },
}
