//! The desk itself: an open store, the node's certificate authority, and who sits here.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Mutex,
};

use model::{Law, Moment, Sha256Digest, action::Action, actor::Role, authorize::{NodeStep, role_may}, event::EventType, id::{ActorId, CaseId}, moment::ClockQuality};
use seal::{
    Certificate,
    pki::{Authority, Revoked, SigningKey, Subject, Validity},
    tsp::TrainingAuthority,
};
use serde_json::json;
use store::{
    Config, Intent, NewEvent, NewKeys, ObjectStore, Permit, Scope, Server, Session, Store, StoreError, TimeAuthority, User,
    vault::secret::{random_16, random_32},
};

/// Name and version of the tool, as every record states it.
pub const TOOL: &str = concat!("lanternfish ", env!("CARGO_PKG_VERSION"));
/// The address by which the built-in training authority is named in the settings.
pub const BUILT_IN: &str = "built-in";
const CA_YEARS: i64 = 20;
const OFFICER_YEARS: i64 = 3;
const YEAR_SECONDS: i64 = 366 * 86_400;

/// The desk of one node.
pub struct Desk {
    /// Its records.
    pub store: Store,
    exe: PathBuf,
    /// Names and roles that were looked up: papers ask for the same few people thousands of times.
    names: Mutex<BTreeMap<ActorId, (String, Role)>>,
    /// What each answer about a case must leave out, read once and kept up to date.
    pub(crate) memory: crate::classes::Memory,
}

impl Desk {
    /// Whether a role may take steps of this kind at all, before anything else is asked; a refusal is an event.
    ///
    /// # Errors
    /// Law 1.
    pub fn of_role(&self, scope: &Scope, action: Action) -> Result<(), StoreError> {
        if role_may(scope.role(), action) {
            return Ok(());
        }
        Err(self.store.refuse(scope, &Intent::to(action), Law::Permit, format!("the role {} may not {action}", scope.role()))?)
    }

    /// Sets a node up: home, keys, log, certificate authority and training time-stamps.
    ///
    /// # Errors
    /// When there is a home already, the name is not usable, or the disk refuses.
    pub fn create(root: &Path, agency: &str, training: bool, passphrase_log_n: u8, exe: PathBuf) -> Result<Desk, StoreError> {
        Desk::create_on(None, None, root, agency, training, passphrase_log_n, exe)
    }

    /// The same with the records on a PostgreSQL server, the objects on an S3 server, or both.
    ///
    /// # Errors
    /// As [`Desk::create`]; a server that cannot keep a log, a role that could change it; a bucket that keeps
    /// nothing though the node is a real one, that overwrites, or that is taken.
    pub fn create_on(
        server: Option<Server<'_>>,
        objects: Option<ObjectStore>,
        root: &Path,
        agency: &str,
        training: bool,
        passphrase_log_n: u8,
        exe: PathBuf,
    ) -> Result<Desk, StoreError> {
        let slug = slug(agency)?;
        let config = Config {
            format: 1,
            agency: agency.to_string(),
            origin: format!("lanternfish/{slug}-{}", &hex::encode(random_16()?)[..8]),
            passphrase_log_n,
            time_authorities: vec![],
            session_seconds: 12 * 3600,
            training,
            database: server.map(|server| server.database.clone()),
            objects,
        };
        let store = Store::create_with(root, &config, server.and_then(|server| server.owner))?;
        let desk = Desk { store, exe, names: Mutex::default(), memory: Mutex::default() };
        let authority = desk.make_certificate_authority(agency)?;
        let stamp = desk.make_training_stamps(agency, &authority)?;
        let config = Config { time_authorities: vec![stamp], ..config };
        desk.store.home().write_config(&config)?;
        Desk::open(root, desk.exe)
    }

    /// Opens a node that was set up.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(root: &Path, exe: PathBuf) -> Result<Desk, StoreError> {
        let store = Store::open(root)?;
        store.note_clock_quality(collect::clock::quality());
        Ok(Desk { store, exe, names: Mutex::default(), memory: Mutex::default() })
    }

    /// The same desk with another clock: for drills and tests.
    pub fn with_clock(self, clock: impl Fn() -> Moment + Send + Sync + 'static) -> Desk {
        Desk { store: self.store.with_clock(clock), ..self }
    }

    /// The program that the children re-run.
    pub fn exe(&self) -> &Path {
        &self.exe
    }

    /// The node's time.
    pub fn now(&self) -> Moment {
        self.store.now()
    }

    /// What is known of the node's clock.
    pub fn clock(&self) -> ClockQuality {
        self.store.clock_quality()
    }

    fn make_certificate_authority(&self, agency: &str) -> Result<Authority, StoreError> {
        let subject = Subject { common_name: short(&format!("{agency} lanternfish authority")), organisation: short(agency) };
        let validity = self.validity(CA_YEARS);
        let key = signing_key()?;
        self.write_node("ca.key", &key.to_pkcs8_der().map_err(input)?)?;
        let authority = Authority::create(key, &subject, &random_16()?, validity).map_err(input)?;
        self.write_node("ca.pem", authority.certificate().to_pem().as_bytes())?;
        Ok(authority)
    }

    fn make_training_stamps(&self, agency: &str, authority: &Authority) -> Result<TimeAuthority, StoreError> {
        let key = signing_key()?;
        let subject =
            Subject { common_name: "Training time-stamps NOT INDEPENDENT".into(), organisation: short(agency) };
        let public = key.public_key_der().map_err(input)?;
        let certificate = authority.issue_time_stamps(&public, &subject, &random_16()?, self.validity(CA_YEARS)).map_err(input)?;
        self.write_node("tsa.key", &key.to_pkcs8_der().map_err(input)?)?;
        self.write_node("tsa.pem", certificate.to_pem().as_bytes())?;
        Ok(TimeAuthority {
            name: "training authority, NOT INDEPENDENT".into(),
            url: BUILT_IN.into(),
            certificate: certificate.digest().hex(),
            independent: false,
        })
    }

    fn validity(&self, years: i64) -> Validity {
        let from = Moment::from_micros(self.now().seconds() * 1_000_000);
        Validity { from: from.plus_seconds(-60), until: from.plus_seconds(years * YEAR_SECONDS) }
    }

    fn write_node(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        store::write_private(&self.store.home().node_file(name), bytes)
    }

    fn read_node(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        self.store.node_secret(name)?.ok_or_else(|| StoreError::damaged(format!("the node file {name} is missing")))
    }

    /// The node's certificate authority.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn certificate_authority(&self) -> Result<Authority, StoreError> {
        let key = SigningKey::from_pkcs8_der(&self.read_node("ca.key")?).map_err(input)?;
        Authority::restore(key, self.certificate_file("ca.pem")?).map_err(input)
    }

    fn certificate_file(&self, name: &str) -> Result<Certificate, StoreError> {
        let text = String::from_utf8(self.read_node(name)?).map_err(|_| StoreError::damaged(format!("the node file {name}")))?;
        let mut all = Certificate::from_pem_bundle(&text).map_err(input)?;
        if all.len() == 1 { Ok(all.remove(0)) } else { Err(StoreError::damaged(format!("the node file {name}"))) }
    }

    /// The node's own certificates with their ends.
    pub(crate) fn own_certificates(&self) -> Result<Vec<(String, Moment)>, StoreError> {
        let mut ends = Vec::new();
        for (file, name) in [("ca.pem", "the node's certificate authority"), ("tsa.pem", "the training time-stamps"), ("link.pem", "the node's certificate for other nodes")] {
            if self.store.node_secret(file)?.is_some() {
                ends.push((name.to_string(), self.certificate_file(file)?.not_after()));
            }
        }
        Ok(ends)
    }

    /// The built-in training time-stamp authority: NOT INDEPENDENT.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn training_stamps(&self) -> Result<TrainingAuthority, StoreError> {
        let key = SigningKey::from_pkcs8_der(&self.read_node("tsa.key")?).map_err(input)?;
        TrainingAuthority::new(key, self.certificate_file("tsa.pem")?).map_err(input)
    }

    /// The revocation list as it stands, in PEM.
    ///
    /// # Errors
    /// When the register cannot be read.
    pub fn revocation_list(&self) -> Result<String, StoreError> {
        let rows = self.store.register("revoked-certificate")?;
        let mut revoked = Vec::new();
        for row in &rows {
            let content: serde_json::Value = row.content()?;
            let der = decode_base64(content["certificate"].as_str().unwrap_or(""))?;
            let certificate = Certificate::from_der(&der).map_err(input)?;
            revoked.push(Revoked { serial: certificate.serial().to_vec(), since: row.time });
        }
        let now = self.now();
        let number = self.store.log_size()?;
        self.certificate_authority()?.revocation_list(number, now, now.plus_seconds(30 * 86_400), &revoked).map_err(input)
    }

    /// Logs in; the first login makes the person's keys and certificate in his own process.
    ///
    /// # Errors
    /// A wrong passphrase, an unknown name, a revoked person.
    pub fn log_in(&self, name: &str, passphrase: &str) -> Result<(String, Moment), StoreError> {
        self.log_in_with_code(name, passphrase, None, store::Second::default())
    }

    /// The same, with the one-time code that a first login may need, and a second factor.
    ///
    /// # Errors
    /// As [`Desk::log_in`]; law 13 when the code or the second factor is missing or wrong.
    pub fn log_in_with_code(&self, name: &str, passphrase: &str, code: Option<&str>, second: store::Second<'_>) -> Result<(String, Moment), StoreError> {
        self.log_in_from(name, passphrase, store::First::here(code), second)
    }

    /// The same, from this machine or over the network.
    ///
    /// # Errors
    /// As [`Desk::log_in_with_code`]; law 13 over the network when no code was made for a first login.
    pub fn log_in_from(&self, name: &str, passphrase: &str, first: store::First<'_>, second: store::Second<'_>) -> Result<(String, Moment), StoreError> {
        let mut user = self.store.user_by_name(name)?;
        if user.state == "waiting" {
            self.enrol(&user, passphrase, first)?;
            user = self.store.user_by_name(name)?;
        }
        self.store.log_in_with(&user, passphrase, second)
    }

    fn enrol(&self, user: &User, passphrase: &str, first: store::First<'_>) -> Result<(), StoreError> {
        let keys = NewKeys::generate()?;
        let public = SigningKey::from_pkcs8_der(&keys.signing_pkcs8()?).map_err(input)?.public_key_der().map_err(input)?;
        let subject = Subject {
            common_name: short(&format!("{} ({})", user.record.name, user.record.role)),
            organisation: short(&self.store.config().agency),
        };
        let certificate = self
            .certificate_authority()?
            .issue_officer(&public, &subject, &random_16()?, self.validity(OFFICER_YEARS))
            .map_err(input)?;
        self.store.enrol(user, &keys, certificate.to_der(), passphrase, first)
    }

    /// Everyone in the register; one consultation event. Without a session only while the node is set up.
    ///
    /// # Errors
    /// Law 13 without a session once set-up is over.
    pub fn users(&self, session: Option<&Session>) -> Result<Vec<User>, StoreError> {
        if session.is_none() && !self.store.in_setup()? {
            return Err(StoreError::refused(Law::Separation, "set-up is over: name your session to see who works here"));
        }
        let users = self.store.users()?;
        let event = NewEvent::new(EventType::LogConsulted, None, json!({"users": users.len()}));
        self.store.commit_node(session, NodeStep::ReadLog, event, vec![])?;
        Ok(users)
    }

    /// Enters a case by its label, as a member.
    ///
    /// # Errors
    /// Law 13 when there is no such case for this person: the same for a case of others and for none. Law 1 for a token
    /// that is bound to another.
    pub fn enter(&self, session: &Session, label: &str) -> Result<Scope, StoreError> {
        let case = self.case_id(label)?;
        // Of another case a token learns nothing, not even whether it is there.
        if let Some(bound) = session.bound().filter(|bound| case.as_ref() != Some(&bound.case)) {
            let text = format!("the token {} is bound to one case, and {label} is not it: take this step in your own session", bound.token);
            return Err(self.store.note_refused(session, "enter a case", StoreError::refused(Law::Permit, text))?);
        }
        let entered = match case {
            Some(case) => self.store.enter(session, &case),
            None => Err(StoreError::refused(Law::Separation, "there is no such case")),
        };
        match entered {
            // Whether a case exists is itself a secret: one text, one code and one event for both answers.
            Err(error) if error.law() == Some(Law::Separation) => {
                let text = format!("there is no case {label} for you: you are not a member, or it does not exist; see `lanternfish case list`, or ask a member to add you");
                Err(self.store.note_refused(session, "enter a case", StoreError::refused(Law::Separation, text))?)
            }
            done => done,
        }
    }

    /// The id of a case by its label (`2026-0001`) or its id; an id is taken as it is.
    fn case_id(&self, label: &str) -> Result<Option<CaseId>, StoreError> {
        if let Ok(case) = label.parse::<CaseId>() {
            return Ok(Some(case));
        }
        let number = label
            .split_once('-')
            .and_then(|(year, n)| year.parse::<i64>().ok()?.checked_mul(10_000)?.checked_add(n.parse::<i64>().ok()?))
            .ok_or_else(|| StoreError::input(format!("{label} is not a case number: write it as 2026-0001", label = model::quoted(label))))?;
        let rows = self.store.register("case")?;
        Ok(rows.iter().find(|row| row.number == Some(number)).and_then(|row| row.case.clone()))
    }

    /// Mints a permit.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with the law; the refusal is an event.
    pub fn permit(&self, scope: &Scope, intent: Intent) -> Result<Permit, StoreError> {
        self.ready()?;
        self.store.permit(scope, intent)
    }

    /// Refuses work on a restored home until somebody said whether anything later is known.
    ///
    /// # Errors
    /// Law 3 while the home waits.
    pub fn ready(&self) -> Result<(), StoreError> {
        if self.store.is_waiting_after_restore() {
            return Err(StoreError::refused(
                model::Law::AppendOnly,
                "this home was restored from a backup: run `lanternfish log resume` first, with the last known checkpoint if there is one",
            ));
        }
        Ok(())
    }

    /// Name and role of a person, for papers.
    ///
    /// # Errors
    /// When there is none.
    pub fn name_of(&self, actor: &ActorId) -> Result<(String, Role), StoreError> {
        let mut names = self.names.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = names.get(actor) {
            return Ok(known.clone());
        }
        let user = self.store.user(actor)?;
        let known = (user.record.name, user.record.role);
        names.insert(actor.clone(), known.clone());
        Ok(known)
    }

    /// SHA-256 of the running program, for the tool statement; hashed once per call.
    ///
    /// # Errors
    /// When the program file cannot be read.
    pub fn tool_digest(&self) -> Result<Sha256Digest, StoreError> {
        use sha2::{Digest, Sha256};
        let mut file = std::fs::File::open(&self.exe).map_err(|e| StoreError::environment("reading the program file", &e))?;
        let mut hasher = Sha256::new();
        std::io::copy(&mut file, &mut HashSink(&mut hasher)).map_err(|e| StoreError::environment("reading the program file", &e))?;
        Ok(Sha256Digest(hasher.finalize().into()))
    }
}

struct HashSink<'a>(&'a mut sha2::Sha256);

impl std::io::Write for HashSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        sha2::Digest::update(self.0, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An error of a room, for the person: what it says is already a full sentence.
pub(crate) fn input(error: impl std::fmt::Display) -> StoreError {
    StoreError::input(error.to_string())
}

pub(crate) fn decode_base64(text: &str) -> Result<Vec<u8>, StoreError> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.decode(text).map_err(|_| StoreError::damaged("a base64 value"))
}

fn signing_key() -> Result<SigningKey, StoreError> {
    SigningKey::from_random(&random_32()?).map_err(input)
}

/// The first 64 characters: what a certificate name can hold.
fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

/// The agency's name as the log's origin can carry it: ASCII letters, digits and hyphens.
fn slug(agency: &str) -> Result<String, StoreError> {
    let name = agency.trim();
    if name.is_empty() || name.chars().count() > 120 || name.chars().any(char::is_control) {
        return Err(StoreError::input("the agency's name has 1 to 120 visible characters"));
    }
    let text: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).take(6).collect();
    Ok(if parts.is_empty() { "agency".into() } else { parts.join("-") })
}

/// Brings a backup back into a home that does not exist yet.
///
/// # Errors
/// A wrong passphrase, a cut or changed backup, an existing folder; a tombstone that this log did not sign.
pub fn restore(
    source: &Path,
    root: &Path,
    passphrase: &str,
    server: Option<Server<'_>>,
    known: store::Known<'_>,
) -> Result<(store::vault::backup::BackupSummary, store::Replayed), StoreError> {
    Store::restore_into(source, root, passphrase, server, known)
}
