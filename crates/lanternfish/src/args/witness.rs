//! Witnesses: of this node's log, and this node as one. As typed; nothing is decided here.

use std::{net::SocketAddr, path::PathBuf};

use clap::Subcommand;

use super::JURISDICTIONS;

#[derive(Debug, Subcommand)]
pub enum LogWitnessVerb {
    /// Name a witness of this log: a node of another agency.
    Add {
        /// A name for people, such as the other agency's.
        name: String,
        /// Its verifier key, as `witness identity` printed it there.
        #[arg(long)]
        key: String,
        /// Where it listens: https://IP:PORT. Without it, files are carried.
        #[arg(long, requires = "certificate")]
        url: Option<String>,
        /// The certificate that its node shows, PEM.
        #[arg(long, value_name = "FILE", requires = "url")]
        certificate: Option<PathBuf>,
    },
    /// The witnesses of this log, and how much of it each has seen.
    List,
    /// Ask the witnesses with an address to cosign the log as it stands.
    Cosign {
        /// Only this one.
        name: Option<String>,
    },
    /// How far the log is witnessed, and since when it is not.
    Status,
    /// Write a request for a witness to a file, to be carried.
    Request {
        /// The witness; its last size is taken from the records here.
        #[arg(long, value_name = "NAME")]
        witness: Option<String>,
        /// Prove growth from this number of events.
        #[arg(long, value_name = "EVENTS")]
        from: Option<u64>,
        /// Where to.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Take a cosigned checkpoint that was carried back.
    Accept {
        /// The file.
        file: PathBuf,
    },
    /// Print the log's checkpoint as words, signed text and QR code, for a stamped paper register.
    Paper {
        /// A PDF, to this file. Without it what stands on the page is told, and a page of the workspace prints it.
        #[arg(long, value_name = "PDF")]
        out: Option<PathBuf>,
        /// Language of the fixed words.
        #[arg(long, default_value = "en", value_parser = ["en", "lo", "th", "km", "my", "ru", "zh", "vi"])]
        language: String,
        /// Whose calendar and time zone.
        #[arg(long, default_value = "training", value_parser = JURISDICTIONS)]
        jurisdiction: String,
    },
    /// Type the words of a stamped page back and compare them with the log.
    Typed {
        /// The words, in one argument.
        words: String,
        /// The register: its name and where it lies.
        #[arg(long)]
        register: String,
        /// The page.
        #[arg(long)]
        page: u32,
    },
    /// Compare the log with a checkpoint of it that somebody else holds.
    Compare {
        /// The checkpoint.
        file: PathBuf,
    },
    /// Proofs that a log showed two histories: of this node's log or of one that it watches.
    Splits {
        /// Write each proof to a file in this folder.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum WitnessVerb {
    /// This node's verifier keys and its certificate, for another agency.
    Identity {
        /// Write the certificate to this file.
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
    },
    /// Name another agency's log that this node watches and cosigns.
    Watch {
        /// A name for people, such as the other agency's.
        name: String,
        /// Verifier key of the log, as `witness identity` printed it there.
        #[arg(long)]
        key: String,
        /// The certificate that its node shows, PEM. Without it, files are carried.
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
    },
    /// The logs that this node watches.
    Logs,
    /// Listen for checkpoints of the watched logs until the process is ended.
    Serve {
        /// Address and port, such as 127.0.0.1:8440.
        #[arg(long, value_name = "IP:PORT")]
        listen: SocketAddr,
    },
    /// Cosign a request that was carried here as a file.
    Sign {
        /// The request.
        file: PathBuf,
        /// Where the cosigned checkpoint goes.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Check a proof that a log showed two histories; needs no home.
    CheckSplit {
        /// The proof.
        file: PathBuf,
        /// Verifier key of the log that it accuses.
        #[arg(long)]
        key: String,
    },
}
