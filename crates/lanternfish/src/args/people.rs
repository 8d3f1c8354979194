//! People, their keys, and the tips they take. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Concerns, FactorVerb, InCase, SessionVerb, words};

#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Enter a person; he makes his keys at his first login.
    Add {
        /// Name at work.
        name: String,
        /// investigator, analyst, exhibit-officer, supervisor, prosecutor, auditor, administrator, filter-team (filters and does
        /// nothing else), defence or court (hold no key of a case).
        #[arg(long, value_parser = ["investigator", "analyst", "exhibit-officer", "supervisor", "prosecutor", "auditor", "administrator", "filter-team", "defence", "court"])]
        role: String,
    },
    /// Make a one-time code that the person's first login must give; it is shown once.
    Code {
        /// The person.
        name: String,
    },
    /// Everyone who was entered.
    List,
    /// Second factors: what is shown at a login beside the passphrase.
    #[command(subcommand)]
    Factor(FactorVerb),
    /// Your own open sessions.
    #[command(subcommand)]
    Session(SessionVerb),
    /// Your own account: role, fingerprint of your keys, second factor.
    Me,
    /// A person leaves: his keys, sessions and certificate end now.
    Revoke {
        /// The person.
        name: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// A lost passphrase: the old keys end, and the next login makes new ones.
    Reset {
        /// The person.
        name: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum TipVerb {
    /// Take a tip.
    Add {
        /// What was said or seen.
        #[arg(long, value_parser = words)]
        text: String,
        /// From whom, or how it came.
        #[arg(long, default_value = "")]
        source: String,
        /// A file that came with it.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Tips that you may read.
    List,
    /// Give a tip to a case: it becomes an exhibit there.
    Give {
        /// The tip.
        tip: String,
        #[command(flatten)]
        case: InCase,
        #[command(flatten)]
        concerns: Concerns,
        /// ordinary, personal-sensitive, privileged or contraband.
        #[arg(long, default_value = "ordinary", value_parser = ["ordinary", "personal-sensitive", "privileged", "contraband"])]
        class: String,
        /// One line: what it is.
        #[arg(long, value_parser = words)]
        description: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// Make a recovery set: shares for these holders.
    Backup {
        /// Shares needed together.
        #[arg(long)]
        threshold: u8,
        /// A holder; give at least as many as the threshold.
        #[arg(long, required = true)]
        holder: Vec<String>,
    },
    /// See who holds the recovery set and confirm it; your cases are wrapped to it only then.
    Confirm {
        /// The set that you compared with its holders; without it the set is only shown.
        #[arg(long)]
        set: Option<String>,
    },
    /// Recover a person's cases: first others release their shares to you, then you finish.
    Recover {
        /// The person whose cases are recovered.
        #[arg(long, value_parser = words)]
        user: String,
        /// The 16 digits that the person reads from his first login: proof that the new keys are his.
        #[arg(long, value_parser = words)]
        fingerprint: String,
        /// Release your share to this holder; without it, join the shares and finish.
        #[arg(long)]
        release_to: Option<String>,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Change a case's key; every member keeps access.
    Rotate {
        #[command(flatten)]
        case: InCase,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// After a person was revoked: change the keys of your shared cases, list what he still holds.
    Revoke {
        /// The person who left.
        name: String,
    },
}
