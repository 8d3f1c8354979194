//! Second factors and open sessions of one's own. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::words;

/// A second factor that is shown for a step.
#[derive(Debug, Args)]
pub struct ShowFactor {
    /// The six digits of an authenticator that you have, or a recovery code; needed when you have a second factor.
    #[arg(long, value_parser = words)]
    pub code: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum SessionVerb {
    /// Your open sessions.
    List,
    /// End one of your sessions, or all but the one that asks.
    #[command(group = ArgGroup::new("what").required(true).args(["one", "others"]))]
    End {
        /// Which, as `user session list` names it.
        #[arg(value_name = "SESSION")]
        one: Option<String>,
        /// All of your sessions but this one.
        #[arg(long)]
        others: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum FactorVerb {
    /// Begin to add an authenticator (a program on a telephone that shows six digits): its secret is shown once.
    Add {
        /// What you call it.
        #[arg(long, default_value = "authenticator", value_parser = words)]
        label: String,
        #[command(flatten)]
        shown: ShowFactor,
    },
    /// Type the first code of the new authenticator: from now on each login asks for one. Shows recovery codes once.
    Confirm {
        /// The six digits that it shows now.
        #[arg(long, value_parser = words)]
        code: String,
    },
    /// Keep a passkey that a browser made: the workspace asks for this itself (My account).
    #[command(hide = true)]
    Passkey {
        /// What you call it.
        #[arg(long, value_parser = words)]
        label: String,
        /// Scheme, host and port of the workspace.
        #[arg(long)]
        origin: String,
        /// The question that the authenticator was asked.
        #[arg(long)]
        challenge: String,
        /// What the browser says of itself.
        #[arg(long)]
        client: String,
        /// What the authenticator made.
        #[arg(long)]
        data: String,
        /// A file with the value that the authenticator gives for this site (WebAuthn PRF, base64url): the passkey opens alone.
        #[arg(long, value_name = "FILE")]
        value_file: Option<PathBuf>,
        /// A file with your passphrase, which is needed for that, or - for standard input.
        #[arg(long, value_name = "FILE", requires = "value_file")]
        passphrase_file: Option<PathBuf>,
        #[command(flatten)]
        shown: ShowFactor,
    },
    /// Your own second factors.
    List,
    /// Remove one of your own factors.
    Remove {
        /// Which, as `user factor list` names it.
        factor: String,
        #[command(flatten)]
        shown: ShowFactor,
    },
    /// Make new recovery codes, shown once; those of before open nothing any more.
    Codes {
        #[command(flatten)]
        shown: ShowFactor,
    },
    /// For an administrator: take away the factors of another person who cannot show one any more.
    Reset {
        /// The person.
        name: String,
        /// Why, and how you know that it is this person.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// For an administrator: say who needs a second factor, and how long there is to add one.
    #[command(group = ArgGroup::new("who").required(true).args(["role", "everyone", "nobody"]))]
    Require {
        /// A role that needs one; may be given several times. Roles that are not named need none.
        #[arg(long, value_parser = ["investigator", "analyst", "exhibit-officer", "supervisor", "prosecutor", "auditor", "administrator", "filter-team", "defence", "court"])]
        role: Vec<String>,
        /// Everyone needs one.
        #[arg(long)]
        everyone: bool,
        /// Nobody needs one any more.
        #[arg(long)]
        nobody: bool,
        /// Days to add one, from now or from a person's first login; after them nothing else can be done before.
        #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u16).range(0..=90))]
        days: u16,
    },
}
