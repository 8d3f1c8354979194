//! From what was typed to steps of the desk: each verb enters its case, asks for its permit, takes
//! its step and says what came of it. No rule of the house is decided here.

mod asking;
mod backups;
mod cases;
mod collect;
mod drawn;
mod exhibits;
mod factors;
mod hashes;
mod lines;
mod node;
mod papers;
mod people;
mod personas;
mod proxies;
mod range;
mod restricted;
mod serve;
mod subjects;
mod tokens;
mod watches;
mod witness;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use desk::{Database, Desk, DeskError, Intent, Known, ObjectStore, Permit, Scope, Server, Session, capture::{self, CaptureWish, Way}, custody, doctor, examine, package, proxy, search::SelectorQuestion};
use model::{Law, action::Action, authorize::{NodeStep, authorize_node_step}, token::Said};
use model::capture::Rendering;
use serde_json::json;

use crate::{
    args::*,
    bulk, demo,
    files::{read, write},
    in_short,
    output::{Voice, failed},
    passphrase::{self, Asked},
    scan,
};

pub use papers::stamp_all;

/// The resolver of a private network: see [`range`].
pub fn names_main() -> i32 {
    range::names()
}

type Done = Result<i32, DeskError>;

/// The command line: reads it, does it, gives the exit code.
pub fn main() -> i32 {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { 2 } else { 0 };
        }
    };
    let json = cli.json;
    match run(cli) {
        Ok(code) => code,
        Err(error) => failed(&error, json),
    }
}

fn run(cli: Cli) -> Done {
    let voice = Voice { json: cli.json };
    match cli.verb {
        Verb::Scan { paths, region, rows } => scan::run(&paths, region.as_deref(), &rows, cli.json),
        Verb::Worker(WorkerVerb::Extract { region, reveal, memory_mib, cpu_seconds, allow_uncaged }) => bulk::start(&bulk::Order { region, reveal, memory_mib, cpu_seconds, allow_uncaged }),
        Verb::Hashes(HashesVerb::Salt { file, out }) => hashes::salt(&file, &out, voice),
        Verb::Market { listen } => demo::market(listen, voice),
        Verb::Range(verb) => range::run(verb, voice),
        Verb::Witness(WitnessVerb::CheckSplit { file, key }) => witness::check_split(&file, &key, voice),
        Verb::Demo { no_serve, tor, listen } => {
            let code = demo::run(cli.home.as_deref(), tor, voice)?;
            if no_serve || code != 0 { Ok(code) } else { serve::demo(cli.home, listen, voice) }
        }
        Verb::Serve { listen, line, languages } => serve::run(cli.home, listen, &line, languages, voice),
        Verb::Init { agency, training, passphrase_cost, second_factor, database, objects } => {
            let home = home_of(cli.home)?;
            let typed = server(database)?;
            let objects = bucket(objects)?;
            let desk = Desk::create_on(typed.as_ref().map(Typed::server), objects, &home, &agency, training, passphrase_cost, program()?)?;
            if second_factor.is_some() {
                desk.store.require_factors(None, None, second_factor)?;
            }
            voice.say(&json!({"home": home, "agency": agency, "origin": desk.store.origin()?}));
            voice.note("next: `lanternfish user add NAME --role administrator`, then the others, then each logs in");
            Ok(0)
        }
        Verb::Backup(BackupVerb::Restore { file, passphrase_file, tombstones, nothing_erased: _, database }) => {
            let home = home_of(cli.home)?;
            let words = passphrase::get(passphrase_file.as_deref(), "the backup's passphrase", Asked::Once)?;
            let typed = server(database)?;
            let known = tombstones.as_deref().map_or(Known::NothingErased, Known::Tombstones);
            let (summary, replayed) = desk::restore(&file, &home, &words, typed.as_ref().map(Typed::server), known)?;
            voice.say(&json!({"home": home, "files": summary.files, "bytes": summary.bytes, "tombstones": replayed.tombstones, "erased-again": replayed.erased}));
            if !replayed.clean {
                voice.note("the server still holds older rows of its tables: their owner runs VACUUM (FULL) on record, record_index and event_key");
            }
            voice.note("next: `lanternfish log resume` with the last known checkpoint, or --nothing-later-known");
            Ok(0)
        }
        Verb::Doctor { items, bytes } => match Desk::open(&home_of(cli.home)?, program()?) {
            Ok(desk) => Office { desk: Arc::new(desk), voice, token: cli.session, said: cli.said, wonders: false }.doctor(items, bytes),
            Err(error) if error.exit_code() == 3 => {
                voice.say_all(&[doctor::does_not_open(&error)], "nothing to say");
                Ok(3)
            }
            Err(error) => Err(error),
        },
        verb => {
            let desk = Arc::new(Desk::open(&home_of(cli.home)?, program()?)?);
            Office { desk, voice, token: cli.session, said: cli.said, wonders: false }.run(verb)
        }
    }
}

fn home_of(typed: Option<PathBuf>) -> Result<PathBuf, DeskError> {
    let default = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".lanternfish"));
    let home = typed.or_else(default).ok_or_else(|| DeskError::input("name the home folder with --home DIR"))?;
    std::path::absolute(&home).map_err(|e| DeskError::environment("reading the home folder's name", &e))
}

/// A database as it was typed: for the program's role, and for the role that owns the tables.
struct Typed {
    database: Database,
    owner: Option<Database>,
}

impl Typed {
    fn server(&self) -> Server<'_> {
        Server { database: &self.database, owner: self.owner.as_ref() }
    }
}

fn server(typed: DatabaseArgs) -> Result<Option<Typed>, DeskError> {
    let Some(url) = typed.database else { return Ok(None) };
    let whole = |file: Option<PathBuf>| {
        file.map(std::path::absolute).transpose().map_err(|e| DeskError::environment("reading the password file's name", &e))
    };
    let database = Database { url, password_file: whole(typed.database_password_file)? };
    let password_file = whole(typed.database_owner_password_file)?;
    let owner = typed.database_owner.map(|role| database.as_role(&role, password_file)).transpose()?;
    Ok(Some(Typed { database, owner }))
}

/// A bucket as it was typed.
fn bucket(typed: ObjectsArgs) -> Result<Option<ObjectStore>, DeskError> {
    let (Some(url), Some(region), Some(key_file)) = (typed.objects, typed.objects_region, typed.objects_key_file) else { return Ok(None) };
    let whole = |file: PathBuf| std::path::absolute(file).map_err(|e| DeskError::environment("reading the key file's name", &e));
    let endpoint = typed.objects_endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
    Ok(Some(ObjectStore { url, endpoint, region, key_file: whole(key_file)?, ca_file: typed.objects_ca_file.map(whole).transpose()? }))
}

/// The program file, which the children re-run.
pub fn program() -> Result<PathBuf, DeskError> {
    std::env::current_exe().map_err(|e| DeskError::environment("finding the program file", &e))
}

fn parsed<T: std::str::FromStr<Err = E>, E: std::fmt::Display>(text: &str) -> Result<T, DeskError> {
    text.parse().map_err(|e: E| DeskError::input(e.to_string()))
}

fn all_parsed<T: std::str::FromStr<Err = E>, E: std::fmt::Display>(texts: &[String]) -> Result<Vec<T>, DeskError> {
    texts.iter().map(|text| parsed(text)).collect()
}

/// What a page hears that asked of itself what would be refused.
fn not_asked() -> DeskError {
    DeskError::refused(Law::Permit, "it was not asked: no permit would be given")
}

/// The desk, the way to speak, and the session that was named.
struct Office {
    desk: Arc<Desk>,
    voice: Voice,
    token: Option<String>,
    /// What was typed, as the bounds of a token know it.
    said: Said,
    /// Whether a page asks for itself: what would be refused is not asked, for nobody tried it.
    wonders: bool,
}

impl Office {
    fn token(&self) -> Result<&str, DeskError> {
        self.token.as_deref().ok_or_else(|| DeskError::input("name your session with --session TOKEN or LANTERNFISH_SESSION; `lanternfish login NAME` gives one"))
    }

    fn session(&self) -> Result<Session, DeskError> {
        self.desk.store.session_for(self.token()?, &self.said)
    }

    fn enter(&self, case: &InCase) -> Result<(Session, Scope), DeskError> {
        let session = self.session()?;
        let scope = self.desk.enter(&session, &case.case)?;
        Ok((session, scope))
    }

    fn with(&self, case: &InCase, intent: Intent) -> Result<(Session, Scope, Permit), DeskError> {
        let (session, scope) = self.enter(case)?;
        let permit = self.permitted(&scope, intent)?;
        Ok((session, scope, permit))
    }

    /// The permit for this; a refusal is an event, unless a page asks for itself.
    fn permitted(&self, scope: &Scope, intent: Intent) -> Result<Permit, DeskError> {
        if self.wonders && !self.desk.store.would_permit(scope, &intent)? {
            return Err(not_asked());
        }
        self.desk.permit(scope, intent)
    }

    /// Goes before a list of the node. The house refuses who may not read it, and writes that it did; where a page asks for
    /// itself, nothing is asked of the house then.
    fn may_list_the_node(&self, session: Option<&Session>) -> Result<(), DeskError> {
        let refused = session.is_some_and(|session| authorize_node_step(Some(session.role()), NodeStep::ReadLog).is_err());
        if self.wonders && refused { Err(not_asked()) } else { Ok(()) }
    }

    fn to(&self, case: &InCase, action: Action) -> Result<(Session, Scope, Permit), DeskError> {
        self.with(case, Intent::to(action))
    }

    /// The way that was typed.
    fn way(&self, through: &str, tor_network: Option<&Path>) -> Result<Way, DeskError> {
        let network = || tor_network.map(std::path::absolute).transpose().map_err(|e| DeskError::environment("reading the name of the network's file", &e));
        Ok(match (through, through.strip_prefix("proxy:")) {
            ("tor", _) => Way::Tor { network: network()? },
            ("tor-exit", _) => Way::TorExit { network: network()? },
            (_, Some(name)) => proxy::way(&self.desk, name)?,
            _ => Way::Loopback,
        })
    }

    fn run(&self, verb: Verb) -> Done {
        match verb {
            Verb::User(verb) => self.user(verb),
            Verb::Login { name, passphrase_file, enrolment_code, second_factor } => self.login(&name, passphrase_file.as_deref(), enrolment_code.as_deref(), second_factor),
            Verb::Logout => {
                self.desk.store.log_out(self.token.as_deref().unwrap_or(""))?;
                Ok(0)
            }
            Verb::Token(verb) => self.program_token(verb),
            Verb::Tip(verb) => self.tip(verb),
            Verb::Case(verb) => self.case(verb),
            Verb::Authority(verb) => self.authority(verb),
            Verb::Subject(verb) => self.subject(verb),
            Verb::Erase(verb) => self.erase(verb),
            Verb::Persona(verb) => self.persona(verb),
            Verb::Contact(verb) => self.contact(verb),
            Verb::Accident(verb) => self.accident(verb),
            Verb::Collect(verb) => self.collect(verb),
            Verb::Exhibit(verb) => self.exhibit(verb),
            Verb::Filter(verb) => self.filter(verb),
            Verb::Viewing(verb) => self.viewing(verb),
            Verb::Hashes(verb) => self.hashes(verb),
            Verb::Proxy(verb) => self.proxy(verb),
            Verb::Transfer(verb) => self.transfer(verb),
            Verb::Finding(verb) => self.finding(verb),
            Verb::Charge(verb) => self.charge(verb),
            Verb::Material(verb) => self.material(verb),
            Verb::Erratum(verb) => self.erratum(verb),
            Verb::Report(verb) => self.report(verb),
            Verb::Package(verb) => self.package(verb),
            Verb::Disclosure(verb) => self.disclosure(verb),
            Verb::Log(verb) => self.log(verb),
            Verb::Witness(verb) => self.witness(verb),
            Verb::Key(verb) => self.key(verb),
            Verb::Capture { case, urls, source, concerns, through, media, browser, scripts, tor_network, persona, description, byte_budget, timeout_ms, twice, recover } => {
                if recover {
                    let (_, scope) = self.enter(&case)?;
                    self.voice.say_all(&capture::recover(&self.desk, &scope)?, "no capture was left behind");
                    return Ok(0);
                }
                let way = self.way(&through, tor_network.as_deref())?;
                let urls = urls.iter().map(|typed| capture::written(typed)).collect::<Result<_, _>>()?;
                let wish = CaptureWish { urls, way, origin: exhibits::origin(&source, &concerns)?, byte_budget, timeout_ms, description, persona: None, media: media == "any", browser: browser.then_some(Rendering { scripts }) };
                if twice { self.capture_twice(&case, &wish) } else { self.capture(&case, wish, persona.as_deref()) }
            }
            Verb::Examine { case, exhibit, ocr, languages } => {
                let (_, scope, permit) = self.to(&case, Action::Examine)?;
                let named = languages.iter().flat_map(|named| named.split(['+', ','])).filter(|name| !name.is_empty()).map(str::to_string);
                let text = ocr.then(|| examine::ReadText { languages: named.collect() });
                let view = examine::examine_with(&self.desk, &scope, &permit, &exhibit, &parse::Budget::default(), text.as_ref())?;
                self.voice.say(&view);
                self.told_of_pictures(&view);
                self.told_of_members(&view);
                Ok(0)
            }
            Verb::Watch(verb) => self.watch(verb),
            Verb::Pictures { case, exhibit, purpose, reveal } => self.pictures(&case, exhibit.as_deref(), &purpose, reveal),
            Verb::Rows { case, exhibit, purpose, reveal } => self.rows(&case, exhibit.as_deref(), &purpose, reveal),
            Verb::Timeline(typed) => self.timeline(&typed),
            Verb::Graph(typed) => self.graph(&typed),
            Verb::Search { case, question, purpose, most, rebuild } => self.search(&case, question.as_deref(), purpose.as_deref(), most, rebuild),
            Verb::Selectors { case, value, exhibit, purpose, reveal } => self.selectors(&case, &SelectorQuestion { value: value.as_deref(), exhibit: exhibit.as_deref(), purpose: &purpose, reveal }),
            Verb::Elsewhere { case, value, exhibit, purpose } => self.elsewhere(&case, value.as_deref(), exhibit.as_deref(), &purpose),
            Verb::Checkout { case, exhibit, purpose } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                self.tell_exhibit(&scope, &custody::check_out(&self.desk, &scope, &permit, &exhibit, &purpose)?)?;
                Ok(0)
            }
            Verb::Checkin { case, exhibit, condition } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                self.tell_exhibit(&scope, &custody::check_in(&self.desk, &scope, &permit, &exhibit, &condition)?)?;
                Ok(0)
            }
            Verb::Anchors(AnchorsVerb::Export { folder }) => {
                let view = package::export_anchors(&self.desk, &self.session()?, &folder)?;
                self.voice.tell(&view, || in_short::anchors(&view));
                Ok(0)
            }
            Verb::Backup(verb) => self.backup(verb),
            Verb::Init { .. } | Verb::Doctor { .. } | Verb::Scan { .. } | Verb::Market { .. } | Verb::Range(_) | Verb::Demo { .. } | Verb::Serve { .. } | Verb::Worker(_) => {
                Err(DeskError::input("this verb is done before a home is opened"))
            }
        }
    }
}
