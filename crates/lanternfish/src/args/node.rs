//! The log and the home itself. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// PostgreSQL instead of a file in the home.
#[derive(Debug, Args)]
pub struct DatabaseArgs {
    /// Keep the records in this PostgreSQL database, postgres://ROLE@HOST:PORT/DATABASE, instead of a
    /// file in the home. Never with a password: that stands in ~/.pgpass, PGPASSFILE or a file of its own.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// A file that holds the database password of the program's role (its first line).
    #[arg(long, value_name = "FILE", requires = "database")]
    pub database_password_file: Option<PathBuf>,
    /// The role that owns the tables: it makes them now, and is not used again.
    #[arg(long, value_name = "ROLE", requires = "database")]
    pub database_owner: Option<String>,
    /// A file that holds the owner's database password (its first line).
    #[arg(long, value_name = "FILE", requires = "database_owner")]
    pub database_owner_password_file: Option<PathBuf>,
}

/// An S3 server instead of the folder in the home.
#[derive(Debug, Args)]
pub struct ObjectsArgs {
    /// Keep the encrypted objects in this bucket of an S3 server, s3://BUCKET/FOLDER, instead of in the home.
    /// The bucket must have Object Lock with a default retention, unless the node is for training.
    #[arg(long, value_name = "URL", requires = "objects_key_file", requires = "objects_region")]
    pub objects: Option<String>,
    /// The server, https://HOST:PORT. Without it, that of Amazon in the region.
    #[arg(long, value_name = "URL", requires = "objects")]
    pub objects_endpoint: Option<String>,
    /// The region of the bucket; your own server says what it calls its own.
    #[arg(long, value_name = "REGION", requires = "objects")]
    pub objects_region: Option<String>,
    /// A file that only you can read: the id of the access key on its first line, the secret on its second.
    #[arg(long, value_name = "FILE", requires = "objects")]
    pub objects_key_file: Option<PathBuf>,
    /// The certificate of the authority that vouches for the server (PEM), when it is the agency's own.
    #[arg(long, value_name = "FILE", requires = "objects")]
    pub objects_ca_file: Option<PathBuf>,
}

/// Where the workspace listens.
#[derive(Debug, Args)]
pub struct ListenArgs {
    /// A name by which browsers call this server (a host name, or an address in numbers); may be given several times. It answers to no other.
    #[arg(long, value_name = "HOST")]
    pub name: Vec<String>,
    /// Answer over TLS, with this certificate (PEM, the server's own first).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of that certificate (PEM, not encrypted).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Answer over TLS, with a certificate that the node makes itself; its fingerprint is printed, to be compared in each browser.
    #[arg(long, conflicts_with = "tls_cert")]
    pub tls_self: bool,
}

use super::{LogWitnessVerb, MOST_EXACT};

#[derive(Debug, Subcommand)]
pub enum LogVerb {
    /// Read the whole log again and compare it with the rows both ways.
    Verify,
    /// A receipt for one event.
    Prove {
        /// The event's number.
        #[arg(value_parser = clap::value_parser!(u64).range(..=MOST_EXACT))]
        event: u64,
    },
    /// A signed checkpoint of the log as it stands.
    Checkpoint,
    /// Events, metadata only.
    Show {
        /// First event.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=MOST_EXACT))]
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
    /// Outside witnesses of the log: nodes of other agencies, and paper registers.
    #[command(subcommand)]
    Witness(LogWitnessVerb),
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
pub enum BackupVerb {
    /// Write an encrypted backup.
    Create {
        /// The file, which must not exist yet.
        file: PathBuf,
        /// A file that holds the backup's passphrase; `-` is standard input. Without it you are asked.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Plan backups that the node makes by itself while the workspace is open (`serve`), or when `backup run-due` is called by
    /// a timer. The passphrase is typed once and kept nowhere: write it down. A plan that was there before ends.
    Plan {
        /// The folder, which must be there, best on another disk.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// How often: a number and m, h or d.
        #[arg(long, default_value = "1d")]
        every: String,
        /// How many are kept; older ones of this plan are removed after a new one is whole.
        #[arg(long, default_value_t = 14)]
        keep: usize,
        /// A file that holds the backups' passphrase; `-` is standard input. Without it you are asked.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// End the plan; its files stay.
    EndPlan {
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Make the planned backup now if it is due. It needs no session: a timer may call it.
    RunDue,
    /// When the last backup was made, what came after it, and when the next one is due.
    Status,
    /// Bring a backup back into the home folder, which must not exist yet. The records go into the home,
    /// or into the empty database that is named.
    Restore {
        /// The backup.
        file: PathBuf,
        /// A file that holds the backup's passphrase; `-` is standard input. Without it you are asked.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        /// The folder to which tombstones were copied: what was erased since the backup is erased again, before
        /// anybody can log in.
        #[arg(long, value_name = "DIR", required_unless_present = "nothing_erased")]
        tombstones: Option<PathBuf>,
        /// Nothing was ever erased on this node, so there are no tombstones.
        #[arg(long, conflicts_with = "tombstones")]
        nothing_erased: bool,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}
