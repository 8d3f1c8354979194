//! Personas, controlled contacts and accidents. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Concerns, InCase, source_class, words};

/// A persona of a case.
#[derive(Debug, Args)]
pub struct OnePersona {
    #[command(flatten)]
    pub case: InCase,
    /// The persona: its number, such as N-0001, or its name.
    pub persona: String,
}

#[derive(Debug, Subcommand)]
pub enum PersonaVerb {
    /// Write a persona down. Nobody can use it before a supervisor has authorised it.
    Register {
        #[command(flatten)]
        case: InCase,
        /// What it is called.
        #[arg(value_parser = words)]
        name: String,
        /// The authority of this case that it serves.
        #[arg(long)]
        authority: String,
        /// What it is: service, account, story. Only its officers and the supervisors read it.
        #[arg(long, default_value = "")]
        about: String,
        /// Class of the sources that it is for.
        #[arg(long, default_value = "darknet", value_parser = source_class())]
        source: String,
        #[command(flatten)]
        concerns: Concerns,
    },
    /// A supervisor who did not register it says which officers may use it.
    Authorise {
        #[command(flatten)]
        one: OnePersona,
        /// An officer who may use it, by name; may be given again.
        #[arg(long = "officer", required = true, value_parser = words)]
        officers: Vec<String>,
        /// Another authority of this case that it serves from now on, such as an extension.
        #[arg(long)]
        authority: Option<String>,
    },
    /// Take it. Until you return it, nobody else uses it.
    CheckOut {
        #[command(flatten)]
        one: OnePersona,
    },
    /// Bring it back. A supervisor may take it back from anybody.
    Return {
        #[command(flatten)]
        one: OnePersona,
    },
    /// It is known to the other side, or may be: nobody ever uses it again, and a capture that runs under it stops.
    Burn {
        #[command(flatten)]
        one: OnePersona,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// It is used no more (supervisor).
    Deregister {
        #[command(flatten)]
        one: OnePersona,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// The personas that you may know of.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// One persona.
    Show {
        #[command(flatten)]
        one: OnePersona,
    },
    /// What happened to it, and each use, for oversight. It names no account.
    History {
        #[command(flatten)]
        one: OnePersona,
    },
    /// What its accounts are opened with.
    #[command(subcommand)]
    Secret(SecretVerb),
    /// Open what was withheld from a capture, for a court (supervisor). The file holds secrets.
    Reveal {
        #[command(flatten)]
        case: InCase,
        /// The exhibit, such as E-0001.
        exhibit: String,
        /// Why, and for whom.
        #[arg(long, value_parser = words)]
        reason: String,
        /// Where to.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum SecretVerb {
    /// Put a secret into the vault, from a file: a secret on the command line is seen by others.
    #[command(group = clap::ArgGroup::new("kind").required(true).args(["cookie", "login"]))]
    Add {
        #[command(flatten)]
        one: OnePersona,
        /// A file whose first line is `name=value` (more of them behind `; `): sent to the host as `Cookie`. `-` is
        /// standard input.
        #[arg(long, value_name = "FILE", requires = "host")]
        cookie: Option<PathBuf>,
        /// The host of the cookie, without its port.
        #[arg(long, requires = "cookie", value_parser = words)]
        host: Option<String>,
        /// A file with notes for the login. `-` is standard input.
        #[arg(long, value_name = "FILE")]
        login: Option<PathBuf>,
    },
    /// Show the secrets, to the officer who has the persona now.
    Show {
        #[command(flatten)]
        one: OnePersona,
    },
}

#[derive(Debug, Subcommand)]
pub enum ContactVerb {
    /// Write down a contact or purchase that was made by other lawful means. It becomes an exhibit.
    Record(Box<ContactArgs>),
    /// Every contact of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// Name an exhibit that came of a contact later.
    Link {
        #[command(flatten)]
        case: InCase,
        /// The contact, such as C-0001.
        contact: String,
        /// The exhibit.
        #[arg(long)]
        exhibit: String,
    },
}

/// What is typed of a contact.
#[derive(Debug, Args)]
pub struct ContactArgs {
    #[command(flatten)]
    pub case: InCase,
    /// The authority of this case that allowed it: a court's or a prosecutor's, with the action `contact`.
    #[arg(long)]
    pub authority: String,
    /// meeting, message, purchase or another word.
    #[arg(long, value_parser = words)]
    pub kind: String,
    /// Who did it; you, when nobody is named.
    #[arg(long, value_parser = words)]
    pub by: Option<String>,
    /// When: YYYY-MM-DD HH:MM.
    #[arg(long, value_parser = words)]
    pub at: String,
    /// The zone of that time, such as Asia/Vientiane; the zone of the case's courts, when none is given.
    #[arg(long, value_parser = words)]
    pub zone: Option<String>,
    /// With whom, or what was bought.
    #[arg(long, value_parser = words)]
    pub with: String,
    /// Host or identifier that the authority names, where it is limited to some.
    #[arg(long, value_parser = words)]
    pub target: Option<String>,
    /// How: by which means, from which device, under which name.
    #[arg(long, value_parser = words)]
    pub means: String,
    /// What came of it.
    #[arg(long, value_parser = words)]
    pub outcome: String,
    /// Money that was paid, with its currency: "12.50 EUR".
    #[arg(long, value_parser = words)]
    pub paid: Option<String>,
    /// Class of the source.
    #[arg(long, default_value = "darknet", value_parser = source_class())]
    pub source: String,
    #[command(flatten)]
    pub concerns: Concerns,
    /// An exhibit that came of it; may be given again.
    #[arg(long = "exhibit")]
    pub exhibits: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub enum AccidentVerb {
    /// Every accident of the case, those that wait first.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// A supervisor takes an accident over. Captures from these hosts may be ordered again.
    Acknowledge {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// What was done for the officer, and what is decided.
        #[arg(long, value_parser = words)]
        note: String,
    },
}
