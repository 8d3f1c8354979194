//! The command line as it is typed. Nothing is decided here; `verbs` turns it into steps.

mod cases;
mod collect;
mod drawn;
mod exhibits;
mod factors;
mod hashes;
mod node;
mod papers;
mod people;
mod personas;
mod proxies;
mod range;
mod restricted;
mod subjects;
mod tokens;
mod watches;
mod witness;
mod worker;

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, builder::PossibleValuesParser, parser::ValueSource};
use model::{action::Action, authority::SourceClass, token::Said};

/// The highest number that a record of the house holds (RFC 8785: what every reader reads alike).
const MOST_EXACT: u64 = (1 << 53) - 1;
/// The most bytes that a step may be allowed to receive: sums of such numbers are exact too.
const MOST_BYTES: u64 = 1 << 50;
/// The longest pause or wait, in milliseconds: a day.
const LONGEST_MS: u64 = 86_400_000;

/// The way to the pages.
fn way(typed: &str) -> Result<String, String> {
    let named = typed.strip_prefix("proxy:").is_some_and(|name| !name.is_empty());
    if named || ["loopback", "tor", "tor-exit"].contains(&typed) { Ok(typed.into()) } else { Err("write loopback, tor, tor-exit or proxy:NAME".into()) }
}

/// Where data comes from, by the names that the model has for it. Words of a fixed list are listed here and not only read
/// later: then the help, the forms and the description for programs know them too.
fn source_class() -> PossibleValuesParser {
    PossibleValuesParser::new(SourceClass::ALL.map(SourceClass::name))
}

/// What can be allowed, by the names that the model has for it.
fn action() -> PossibleValuesParser {
    PossibleValuesParser::new(Action::ALL.map(Action::name))
}

/// Whose calendar, time zone and papers: the codes that `report` knows (its list and this one are compared by a test).
const JURISDICTIONS: [&str; 11] = ["la", "th", "kh", "mm", "vn", "cn", "kz", "kg", "uz", "gb", "training"];

/// A text that somebody must have thought about: without blanks at its ends, and never empty. A reason or
/// a purpose that says nothing would stand in the log as if one had been given.
fn words(typed: &str) -> Result<String, String> {
    match typed.trim() {
        "" => Err("it is empty: write it in words".into()),
        said => Ok(said.to_string()),
    }
}

pub use self::{cases::*, collect::*, drawn::*, exhibits::*, factors::*, hashes::*, node::*, papers::*, people::*, personas::*, proxies::*, range::*, restricted::*, subjects::*, tokens::*, watches::*, witness::*, worker::*};

/// Lawful work on the darknet: from authority to a package that a stranger can verify.
#[derive(Debug, Parser)]
#[command(name = "lanternfish", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// The home folder of the node.
    #[arg(long, global = true, env = "LANTERNFISH_HOME", value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Print one JSON value a line on standard output; messages go to standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// The token of your session, from `lanternfish login`.
    #[arg(long, global = true, env = "LANTERNFISH_SESSION", value_name = "TOKEN", hide_env_values = true)]
    pub session: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// The same as the bounds of a token know it.
    #[arg(skip)]
    pub said: Said,
}

impl Cli {
    /// Reads what was typed.
    ///
    /// # Errors
    /// What is wrong, with the usage.
    pub fn read(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Cli, clap::Error> {
        let mut commands = Cli::command();
        let matches = commands.try_get_matches_from_mut(words)?;
        let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut commands))?;
        Ok(Cli { said: said(&matches), ..cli })
    }
}

/// The step by its name of the interface, its purpose, and the fields that were filled in.
fn said(matches: &ArgMatches) -> Said {
    let (mut names, mut leaf) = (Vec::new(), matches);
    while let Some((name, below)) = leaf.subcommand() {
        names.push(name);
        leaf = below;
    }
    let typed = |id: &&str| leaf.value_source(id) == Some(ValueSource::CommandLine);
    let fields = leaf.ids().map(clap::Id::as_str).filter(typed).map(|id| id.replace('_', "-")).collect();
    let purpose = leaf.try_get_one::<String>("purpose").ok().flatten().cloned();
    Said { step: names.join("/"), purpose, fields }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Set up a node in an empty home folder.
    Init {
        /// Name of the agency.
        #[arg(long, value_parser = words)]
        agency: String,
        /// The node is for training: everything that leaves is marked SYNTHETIC.
        #[arg(long)]
        training: bool,
        /// Work factor of passphrase hashing (scrypt log2 N), 10 to 20.
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(10..=20))]
        passphrase_cost: u8,
        /// Everyone needs a second factor within this many days of the first login (see `user factor require`).
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(0..=90))]
        second_factor: Option<u16>,
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        objects: ObjectsArgs,
    },
    /// People of the node.
    #[command(subcommand)]
    User(UserVerb),
    /// Open a session and print its token. The first login makes your keys.
    Login {
        /// Your name as it was entered.
        name: String,
        /// A file that holds your passphrase (its first line); `-` is standard input. Without it you are asked.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        /// The one-time code of a first login, where the administrator made one.
        #[arg(long, value_name = "CODE")]
        enrolment_code: Option<String>,
        /// The six digits of your authenticator, or a recovery code, when you have a second factor. Without it you are asked.
        #[arg(long, value_name = "CODE")]
        second_factor: Option<String>,
    },
    /// End your session.
    Logout,
    /// Tokens for programs: what one may do in your place, and nothing else.
    #[command(subcommand)]
    Token(TokenVerb),
    /// Tips that wait before there is a case.
    #[command(subcommand)]
    Tip(TipVerb),
    /// Cases and their members.
    #[command(subcommand)]
    Case(CaseVerb),
    /// Legal instruments.
    #[command(subcommand)]
    Authority(AuthorityVerb),
    /// Persons whom a case concerns: names, dates of review and erasure, links and holds.
    #[command(subcommand)]
    Subject(SubjectVerb),
    /// Erase what is held on a person, on a court's or prosecutor's decision and by two people.
    #[command(subcommand)]
    Erase(EraseVerb),
    /// Capture pages under an authority.
    Capture {
        #[command(flatten)]
        case: InCase,
        /// The URLs, exactly these and in this order.
        #[arg(required_unless_present = "recover")]
        urls: Vec<String>,
        /// Class of the source.
        #[arg(long, default_value = "open", value_parser = source_class())]
        source: String,
        #[command(flatten)]
        concerns: Concerns,
        /// The way to the pages: loopback; tor (onion services, from behind walls, after a leak check); tor-exit (the open net
        /// through Tor, from behind the same walls); proxy:NAME (a proxy that an administrator named, the same walls).
        #[arg(long, default_value = "loopback", value_parser = way, value_name = "WAY")]
        through: String,
        /// What may be received: text, or any (pictures, films, documents, archives too). For `any` the authority must name the
        /// action collect-media.
        #[arg(long, default_value = "text", value_parser = ["text", "any"])]
        media: String,
        /// Open the pages in a browser too, and keep the document and an archive of each; with --media any, a picture too. The browser has no network:
        /// the collector fetches for it, from the servers of these URLs only. The authority must name the action collect-rendered.
        #[arg(long, conflicts_with = "persona")]
        browser: bool,
        /// Let the scripts of the pages run in the browser. The record says so.
        #[arg(long, requires = "browser")]
        scripts: bool,
        /// For a persona that you have checked out: its number or name. Its cookies are sent, and withheld from what is kept.
        #[arg(long, value_parser = words)]
        persona: Option<String>,
        /// On a training node: the private Tor network in place of the public one (see `range tor up`).
        #[arg(long, value_name = "FILE")]
        tor_network: Option<PathBuf>,
        /// One line: what is captured and why.
        #[arg(long, default_value = "")]
        description: String,
        /// Most bytes to receive in all.
        #[arg(long, default_value_t = 256 << 20, value_parser = clap::value_parser!(u64).range(..=MOST_BYTES))]
        byte_budget: u64,
        /// Longest wait for one response, in milliseconds.
        #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(..=LONGEST_MS))]
        timeout_ms: u64,
        /// Capture the same addresses once more, some seconds later and over other circuits, as an exhibit of its own, and
        /// compare the two. It is no proof that the server said it.
        #[arg(long, conflicts_with_all = ["persona", "recover"])]
        twice: bool,
        /// Close captures whose desk died: signed spools are admitted.
        #[arg(long)]
        recover: bool,
    },
    /// Proxies by which pages may be reached: of the agency, or of an I2P router.
    #[command(subcommand)]
    Proxy(ProxyVerb),
    /// Identities that officers use towards a service: who may use one, who has it, what its accounts are opened with.
    #[command(subcommand)]
    Persona(PersonaVerb),
    /// Controlled contacts and purchases that were made by other lawful means. This program makes none.
    #[command(subcommand)]
    Contact(ContactVerb),
    /// What somebody saw by accident (`exhibit accident` says so), until a supervisor has taken it over.
    #[command(subcommand)]
    Accident(AccidentVerb),
    /// Crawls under an authority: follow links inside a scope, on a schedule, and see what changed.
    #[command(subcommand)]
    Collect(CollectVerb),
    /// Items of evidence.
    #[command(subcommand)]
    Exhibit(ExhibitVerb),
    /// What may be privileged: the filter team, the holder's objection, release.
    #[command(subcommand)]
    Filter(FilterVerb),
    /// Showing restricted items to one person, in the presence of another, without a copy.
    #[command(subcommand)]
    Viewing(ViewingVerb),
    /// Unpack an exhibit and find its selectors, in the caged parser.
    Examine {
        #[command(flatten)]
        case: InCase,
        /// The exhibit, such as E-0001.
        exhibit: String,
        /// Read the text in its pictures too, with tesseract in walls of its own: slow, and each word says how sure the
        /// machine was. QR codes are always read.
        #[arg(long)]
        ocr: bool,
        /// Which languages, such as lao+eng; without it all that are installed.
        #[arg(long, requires = "ocr")]
        languages: Option<String>,
    },
    /// Known-hash lists: compared with everything that comes in, before anybody can open it.
    #[command(subcommand)]
    Hashes(HashesVerb),
    /// Words, selectors and patterns that are looked for from now on; alerts.
    #[command(subcommand)]
    Watch(WatchVerb),
    /// What was read in pictures: QR codes, and the words that a machine read, each with its confidence.
    Pictures {
        #[command(flatten)]
        case: InCase,
        /// Only of this exhibit.
        #[arg(long)]
        exhibit: Option<String>,
        /// What you ask for, for the log.
        #[arg(long, value_parser = words)]
        purpose: String,
        /// Show also what opens an account, a wallet or a key; the log says so.
        #[arg(long)]
        reveal: bool,
    },
    /// Listings, posts and messages that were read in exhibits, row by row, each with its bytes.
    Rows {
        #[command(flatten)]
        case: InCase,
        /// Only of this exhibit.
        #[arg(long)]
        exhibit: Option<String>,
        /// Show private keys, seed phrases, cards and logins, which are covered otherwise; the log says so.
        #[arg(long)]
        reveal: bool,
        /// What you ask for, for the log.
        #[arg(long, value_parser = words)]
        purpose: String,
    },
    /// What happened when: captures, custody, findings, orders, and the dates that strangers wrote, with whose moment each is.
    Timeline(TimelineArgs),
    /// What has to do with what: exhibits, selectors, names, findings, charges, custody; each line with its reasons.
    Graph(GraphArgs),
    /// Search the words of a case, in every script.
    #[command(after_long_help = SEARCH_WORDS)]
    Search {
        #[command(flatten)]
        case: InCase,
        /// What to look for.
        question: Option<String>,
        /// What you ask for, for the log.
        #[arg(long, value_parser = words)]
        purpose: Option<String>,
        /// Most answers that are shown.
        #[arg(long, default_value_t = 20)]
        most: usize,
        /// Make the index of the case again from what is stored, then search.
        #[arg(long)]
        rebuild: bool,
    },
    /// Selectors that were found: all, or where one value stands.
    Selectors {
        #[command(flatten)]
        case: InCase,
        /// Only this value.
        #[arg(long)]
        value: Option<String>,
        /// Only of this exhibit.
        #[arg(long)]
        exhibit: Option<String>,
        /// Show private keys, seed phrases, cards and logins, which are masked otherwise; the log says so.
        #[arg(long)]
        reveal: bool,
        /// What you ask for, for the log.
        #[arg(long, value_parser = words)]
        purpose: String,
    },
    /// Where else a selector stands: in this case and in all your other cases.
    #[command(after_long_help = "Only cases of which you are a member and in which an authority lets you ask are asked; each of them has\nan event of its own. Nothing is said about cases of others, not even a number.")]
    Elsewhere {
        #[command(flatten)]
        case: InCase,
        /// This selector.
        #[arg(long, required_unless_present = "exhibit", conflicts_with = "exhibit")]
        value: Option<String>,
        /// Every selector of this exhibit.
        #[arg(long)]
        exhibit: Option<String>,
        /// What you ask for, for the logs.
        #[arg(long, value_parser = words)]
        purpose: String,
    },
    /// Take an exhibit out of its place.
    Checkout {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// What for.
        #[arg(long, value_parser = words)]
        purpose: String,
    },
    /// Bring an exhibit back.
    Checkin {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// Its condition.
        #[arg(long, value_parser = words)]
        condition: String,
    },
    /// Custody from one person to another.
    #[command(subcommand)]
    Transfer(TransferVerb),
    /// Statements with their basis.
    #[command(subcommand)]
    Finding(FindingVerb),
    /// Elements of a charge and the findings that bear on them.
    #[command(subcommand)]
    Charge(ChargeVerb),
    /// The schedule of unused material.
    #[command(subcommand)]
    Material(MaterialVerb),
    /// Corrections of what went out.
    #[command(subcommand)]
    Erratum(ErratumVerb),
    /// Court papers.
    #[command(subcommand)]
    Report(ReportVerb),
    /// Packages for a court.
    #[command(subcommand)]
    Package(PackageVerb),
    /// Parts of packages for a party, and what is withheld.
    #[command(subcommand)]
    Disclosure(DisclosureVerb),
    /// Trust anchors for those who verify.
    #[command(subcommand)]
    Anchors(AnchorsVerb),
    /// The log and its proofs.
    #[command(subcommand)]
    Log(LogVerb),
    /// This node as a witness of other agencies' logs.
    #[command(subcommand)]
    Witness(WitnessVerb),
    /// Keys: recovery set, recovery, rotation, revocation.
    #[command(subcommand)]
    Key(KeyVerb),
    /// Backups of the whole home.
    #[command(subcommand)]
    Backup(BackupVerb),
    /// Check the node and say what to do. Ends with 0 when all is well or there are only warnings, else with 3.
    Doctor {
        /// Look at every stored item of your cases too: each is there with the length of its record. Needs your session.
        #[arg(long)]
        items: bool,
        /// Read each of these items to its last byte and compare it with what was stored.
        #[arg(long, requires = "items")]
        bytes: bool,
    },
    /// Find selectors, listings and posts in files that you hold; touches no case and keeps nothing.
    Scan {
        /// Files and folders.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Country whose national phone numbers are read, such as LA.
        #[arg(long)]
        region: Option<String>,
        #[command(flatten)]
        rows: RowOptions,
    },
    /// Extraction inside another program's cluster: pages in, rows out; touches no case and keeps nothing.
    #[command(subcommand)]
    Worker(WorkerVerb),
    /// Serve a small synthetic market on this machine, to practise on, until it is stopped.
    Market {
        /// Loopback address and port.
        #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
        listen: std::net::SocketAddr,
    },
    /// Synthetic worlds to practise in.
    #[command(subcommand)]
    Range(RangeVerb),
    /// Open the workspace: pages for people and an interface for programs, until it is stopped.
    Serve {
        /// Address and port; port 0 takes a free one. Beyond this machine only over TLS.
        #[arg(long, default_value = "127.0.0.1:8440", value_name = "ADDRESS:PORT")]
        listen: std::net::SocketAddr,
        #[command(flatten)]
        line: ListenArgs,
        /// A folder with more languages for the pages (CODE.ftl).
        #[arg(long, value_name = "FOLDER")]
        languages: Option<PathBuf>,
    },
    /// Walk one synthetic case from authority to verified package.
    Demo {
        /// Do not open the workspace at the end.
        #[arg(long)]
        no_serve: bool,
        /// Where the workspace listens.
        #[arg(long, default_value = "127.0.0.1:8440", value_name = "ADDRESS:PORT")]
        listen: std::net::SocketAddr,
        /// Put the market behind an onion service of a private Tor network, and capture it through Tor.
        #[arg(long)]
        tor: bool,
    },
}

/// How the rows of market and forum pages are read.
#[derive(Debug, Args)]
pub struct RowOptions {
    /// Folder with site profiles of your own (.toml), beside those that are built in.
    #[arg(long, value_name = "FOLDER")]
    pub profiles: Option<PathBuf>,
    /// Use no profile: read rows from the repeated structure of each page alone.
    #[arg(long, conflicts_with = "profiles")]
    pub no_profiles: bool,
    /// Print a draft of a site profile for each page instead of what was found.
    #[arg(long)]
    pub draft_profile: bool,
}

/// The case that a verb works in.
#[derive(Debug, Args)]
pub struct InCase {
    /// The case, such as 2026-0001.
    #[arg(long, value_parser = words)]
    pub case: String,
}

/// How a question is written.
const SEARCH_WORDS: &str = "\
How to ask:
  two words             both must be there
  \"a phrase\"            these words, one after the other
  \"a phrase\"~5          these words in any order, with at most 5 others among them
  one OR other          one of them
  -word                 must stand nowhere on the page
  word*                 words that begin so
  word~   word~2        words that differ by 1 or 2 letters
  ( ... )               a group
  title:  address:      only in titles, only in addresses
  exhibit:E-0001  host:  language:lo  zone:comment  selector:VALUE  type:btc-bech32
  after:2026-01-31  before:2026-02-28   day of the capture, both included

Lao, Thai, Khmer, Burmese and Chinese are found inside longer text, without blanks; ~ counts their letters.
Words that must be there together may stand anywhere in one page, file or mail.
Each answer quotes the captured text and names its bytes.";

/// Whom and where something concerns; needed under an authority that is limited in it.
#[derive(Debug, Clone, Args)]
pub struct Concerns {
    /// Person concerned, as the authority names him.
    #[arg(long, value_parser = words)]
    pub person: Option<String>,
    /// Territory concerned, as the authority names it.
    #[arg(long, value_parser = words)]
    pub territory: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::JURISDICTIONS;

    #[test]
    fn a_jurisdiction_that_is_offered_is_known_and_the_other_way_round() {
        let known: std::collections::BTreeSet<String> = report::Jurisdiction::built_in().into_keys().collect();
        assert_eq!(JURISDICTIONS.map(str::to_string).into_iter().collect::<std::collections::BTreeSet<_>>(), known);
    }
}
