//! `range`: synthetic worlds for tests and training.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Worlds.
#[derive(Debug, Subcommand)]
pub enum RangeVerb {
    /// A private Tor network on this machine's loopback, with one onion service and, if you ask for it, an exit.
    #[command(subcommand)]
    Tor(RangeTorVerb),
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
