//! A small agency in a temporary folder: people with keys and sessions, a case, authorities, a clock
//! that the test turns. In the test binary `postgres` its records live on a server, and its objects in a bucket
//! where moto is installed.

use std::{
    collections::BTreeSet,
    io::Write as IoWrite,
    path::{Path, PathBuf},
    sync::{
        Arc, Once,
        atomic::{AtomicI64, Ordering},
    },
};

use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    authority::{Authority, AuthorityKind, AuthorityScope, AuthorityState, Limit, SourceClass},
    authorize::NodeStep,
    event::EventType,
    exhibit::ExhibitClass,
    id::{AuthorityId, BlobId, CaseId},
};
use serde_json::{Value, json};
use store::{
    Basis, Committed, Config, Content, First, Head, Intent, NewEvent, NewKeys, Number, ObjectStore, Permit, Scope, Session, Store, StoreError, Write,
    vault::blob::AlsoDigest,
};
use tempfile::TempDir;

use crate::{
    cluster::{TestDatabase, cluster},
    meddle,
    moto::moto,
};

pub const PASSPHRASE: &str = "four words for tests";
pub const HOUR: i64 = 3_600;

/// People of the test agency, by name; the administrator comes last, because he ends the set-up.
pub const PEOPLE: [(&str, Role); 7] = [
    ("Noy", Role::Investigator),
    ("Dao", Role::Investigator),
    ("Kham", Role::Supervisor),
    ("Phet", Role::Prosecutor),
    ("Seng", Role::Analyst),
    ("Vone", Role::Auditor),
    ("Boun", Role::Administrator),
];

pub fn config() -> Config {
    Config {
        format: 1,
        agency: "Test Agency".into(),
        origin: "test.example/log".into(),
        passphrase_log_n: 10,
        time_authorities: vec![],
        session_seconds: 20_000 * HOUR,
        training: true,
        database: None,
        objects: None,
    }
}

/// Whether this test binary is the one that works on PostgreSQL.
pub const ON_SERVER: bool = matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"postgres");

/// A database for one house; ends the whole binary, uncounted, where there is no PostgreSQL.
pub fn empty_database() -> Option<TestDatabase> {
    if !ON_SERVER {
        return None;
    }
    match cluster() {
        Ok(cluster) => Some(cluster.empty()),
        Err(reason) => {
            // Past libtest, which would keep the line to itself and call the test passed.
            let _ = writeln!(std::io::stderr(), "SKIPPED conformance on PostgreSQL: {reason}");
            std::process::exit(0)
        }
    }
}

/// A place for the objects of one house: in a bucket beside a server, else in the home. Says once which.
fn place_for_objects() -> Option<ObjectStore> {
    static SAID: Once = Once::new();
    let (place, said) = match (ON_SERVER, ON_SERVER.then(moto)) {
        (true, Some(Ok(moto))) => (Some(moto.place("kept")), "records on PostgreSQL, objects on S3 (moto)".to_string()),
        (true, Some(Err(reason))) => (None, format!("records on PostgreSQL, objects in files\nSKIPPED objects on S3: {reason}")),
        _ => (None, "records on SQLite, objects in files".to_string()),
    };
    SAID.call_once(|| {
        // Past libtest, which would keep the line to itself.
        let _ = writeln!(std::io::stderr(), "these tests ran with {said}");
    });
    place
}

pub struct House {
    pub folder: TempDir,
    pub store: Store,
    pub database: Option<TestDatabase>,
    pub tokens: Vec<String>,
    clock: Arc<AtomicI64>,
}

fn with_clock(store: Store, clock: &Arc<AtomicI64>) -> Store {
    let clock = Arc::clone(clock);
    store.with_clock(move || Moment::from_micros(clock.load(Ordering::SeqCst)))
}

impl House {
    /// In the system's temporary folder.
    pub fn new() -> House {
        House::at(tempfile::tempdir().unwrap())
    }

    /// In memory where the system has such a folder: for tests of many steps, where it is not the
    /// disk that is tested.
    pub fn in_memory() -> House {
        House::at(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    pub fn at(folder: TempDir) -> House {
        House::on(folder, empty_database())
    }

    /// With its records in this database, or in a file.
    pub fn on(folder: TempDir, database: Option<TestDatabase>) -> House {
        House::made(folder, database, Config { objects: place_for_objects(), ..config() })
    }

    /// With these settings.
    pub fn made(folder: TempDir, database: Option<TestDatabase>, settings: Config) -> House {
        let settings = Config { database: database.as_ref().map(TestDatabase::address), ..settings };
        let owner = database.as_ref().map(TestDatabase::owner);
        let store = Store::create_with(&folder.path().join("home"), &settings, owner.as_ref()).unwrap();
        // From here on time stands still unless the test turns it.
        let clock = Arc::new(AtomicI64::new(store.now().micros()));
        let store = with_clock(store, &clock);
        let mut house = House { folder, store, database, tokens: vec![], clock };
        for (name, role) in PEOPLE {
            house.store.add_user(None, name, role).unwrap();
        }
        for (name, _) in PEOPLE {
            let (user, keys) = (house.store.user_by_name(name).unwrap(), NewKeys::generate().unwrap());
            let certificate = format!("certificate of {}", user.actor);
            house.store.enrol(&user, &keys, certificate.as_bytes(), PASSPHRASE, First::default()).unwrap();
            let token = house.store.log_in(&house.store.user_by_name(name).unwrap(), PASSPHRASE).unwrap().0;
            house.tokens.push(token);
        }
        house
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The names of all objects, as whoever has the disk or the bucket sees them.
    pub fn objects(&self) -> Vec<String> {
        match &self.store.config().objects {
            Some(place) => meddle::keys(place),
            None => files(&self.root().join("objects")).iter().map(|path| path.to_string_lossy().into_owned()).collect(),
        }
    }

    pub fn object(&self, name: &str) -> Vec<u8> {
        match &self.store.config().objects {
            Some(place) => meddle::get(place, name),
            None => std::fs::read(name).unwrap(),
        }
    }

    /// Other bytes under a name, by somebody who asks nobody.
    pub fn change_object(&self, name: &str, bytes: &[u8]) {
        match &self.store.config().objects {
            Some(place) => meddle::put(place, name, bytes),
            None => {
                let _ = std::fs::remove_file(name);
                std::fs::write(name, bytes).unwrap();
            }
        }
    }

    pub fn remove_object(&self, name: &str) {
        match &self.store.config().objects {
            Some(place) => meddle::remove(place, name),
            None => std::fs::remove_file(name).unwrap(),
        }
    }

    /// A second program on the same home.
    pub fn another_store(&self) -> Store {
        with_clock(Store::open(&self.root()).unwrap(), &self.clock)
    }

    /// A fresh session of a person.
    pub fn session(&self, name: &str) -> Session {
        let place = PEOPLE.iter().position(|(n, _)| *n == name).unwrap();
        self.store.session(&self.tokens[place]).unwrap()
    }

    pub fn scope(&self, name: &str, case: &CaseId) -> Scope {
        self.store.enter(&self.session(name), case).unwrap()
    }

    pub fn turn_clock(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// A case opened by the first of `members`.
    pub fn open_case(&self, members: &[&str]) -> CaseId {
        let session = self.session(members[0]);
        let scope = self.store.new_case_scope(&session).unwrap();
        let mut rows = vec![row(&scope, self.store.now(), "case", scope.case().as_str(), "open", json!({"title": "a case"}))];
        for name in members {
            rows.push(self.store.wrap_for(&scope, &self.store.user_by_name(name).unwrap()).unwrap());
        }
        let event = NewEvent::new(EventType::CaseOpened, Some(scope.case().to_string()), json!({"title": "a case"}));
        self.store.commit_new_case(&session, NodeStep::OpenCase, &scope, event, rows).unwrap();
        scope.case().clone()
    }

    /// A court's order over everything in the case for `hours`, recorded by Kham and checked by Phet.
    pub fn live_authority(&self, case: &CaseId, hours: i64) -> AuthorityId {
        let mut authority = authority(self, case, hours);
        self.record(&self.scope("Kham", case), &authority).unwrap();
        authority.check(self.session("Phet").actor(), self.store.now()).unwrap();
        self.decide(&self.scope("Phet", case), &authority).unwrap();
        authority.id
    }

    pub fn record(&self, scope: &Scope, authority: &Authority) -> Result<Committed, StoreError> {
        let permit = self.store.permit(scope, Intent::to(Action::Administer))?;
        let write = authority_row(scope, self.store.now(), authority, Basis::New);
        self.store.commit(scope, &permit, NewEvent::new(EventType::AuthorityRecorded, None, json!({})), vec![write])
    }

    /// Writes the authority in its new state over the row that is there.
    pub fn decide(&self, scope: &Scope, authority: &Authority) -> Result<Committed, StoreError> {
        let permit = self.store.permit(scope, Intent::to(Action::Administer))?;
        let version = self.store.get(scope, "authority", authority.id.as_str())?.version;
        let write = authority_row(scope, self.store.now(), authority, Basis::Over(version));
        let kind = match authority.state {
            AuthorityState::Revoked { .. } => EventType::AuthorityRevoked,
            _ => EventType::AuthorityGranted,
        };
        self.store.commit(scope, &permit, NewEvent::new(kind, None, json!({})), vec![write])
    }

    pub fn revoke(&self, name: &str, case: &CaseId, id: &AuthorityId) {
        let scope = self.scope(name, case);
        let mut authority: Authority = self.store.get(&scope, "authority", id.as_str()).unwrap().content().unwrap();
        authority.revoke(scope.actor(), self.store.now()).unwrap();
        self.decide(&scope, &authority).unwrap();
    }

    /// A permit, one row and one event: the smallest whole step.
    pub fn note(&self, scope: &Scope, id: &str, text: &str) -> Result<Committed, StoreError> {
        let permit = self.store.permit(scope, Intent::to(Action::View))?;
        self.note_under(scope, &permit, id, text)
    }

    pub fn note_under(&self, scope: &Scope, permit: &Permit, id: &str, text: &str) -> Result<Committed, StoreError> {
        commit_note(&self.store, scope, permit, id, text)
    }

    /// A blob with its row and event.
    pub fn blob(&self, scope: &Scope, bytes: &[u8], class: ExhibitClass) -> BlobId {
        let permit = self.store.permit(scope, Intent::to(Action::View)).unwrap();
        let mut blob = self.store.new_blob(scope, &permit, "exh-of-test", class, None, AlsoDigest::default()).unwrap();
        blob.write_all(bytes).unwrap();
        let done = blob.finish().unwrap();
        let event = NewEvent::new(EventType::ExhibitAdmitted, Some(done.id.to_string()), json!({}));
        self.store.commit(scope, &permit, event, vec![done.row]).unwrap();
        done.id
    }

    /// The log is whole, and holds as many events as `expected`.
    pub fn check_log(&self, expected: u64) {
        let report = self.store.verify_log().unwrap();
        assert_eq!(report.faults, Vec::<String>::new());
        assert_eq!((report.events, self.store.log_size().unwrap()), (expected, expected));
        assert_eq!(self.store.database_integrity().unwrap(), "ok");
    }
}

pub fn commit_note(store: &Store, scope: &Scope, permit: &Permit, id: &str, text: &str) -> Result<Committed, StoreError> {
    let write = row(scope, store.now(), "note", id, "kept", json!({"text": text}));
    let event = NewEvent::new(EventType::FindingAdded, Some(id.to_string()), json!({"text": text}));
    store.commit(scope, permit, event, vec![write])
}

pub fn row(scope: &Scope, time: Moment, kind: &'static str, id: &str, state: &str, content: Value) -> Write {
    Write {
        head: Head {
            kind,
            id: id.into(),
            case: Some(scope.case().clone()),
            parent: None,
            number: Number::None,
            state: state.into(),
            actor: Some(scope.actor().clone()),
            time,
        },
        content: Content::Json(content),
        index: vec![],
        basis: Basis::New,
    }
}

fn authority_row(scope: &Scope, time: Moment, authority: &Authority, basis: Basis) -> Write {
    let state = match authority.state {
        AuthorityState::Recorded => "recorded",
        AuthorityState::Live { .. } => "live",
        AuthorityState::Revoked { .. } => "revoked",
    };
    Write { basis, ..row(scope, time, "authority", authority.id.as_str(), state, serde_json::to_value(authority).unwrap()) }
}

pub fn authority(house: &House, case: &CaseId, hours: i64) -> Authority {
    use std::sync::atomic::AtomicU64;
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    Authority {
        id: AuthorityId::from_random(u128::from(number).to_be_bytes()),
        kind: AuthorityKind::CourtOrder,
        case: Some(case.clone()),
        reference: "D-1".into(),
        zone: "UTC".into(),
        holders: BTreeSet::new(),
        recorded_by: house.session("Kham").actor().clone(),
        scope: AuthorityScope {
            actions: Action::ALL.into_iter().collect(),
            sources: SourceClass::ALL.into_iter().collect(),
            selectors: Limit::Any,
            persons: Limit::Any,
            territory: Limit::Any,
        },
        from: house.store.now(),
        until: house.store.now().plus_seconds(hours * HOUR),
        state: AuthorityState::Recorded,
        amends: None,
        extends: None,
        ratified: None,
    }
}

/// The refusal must name this law.
#[track_caller]
pub fn refused<T>(answer: Result<T, StoreError>, law: Law) -> String {
    match answer {
        Ok(_) => panic!("{law} did not refuse"),
        Err(error) => {
            assert_eq!(error.law(), Some(law), "{error}");
            assert_eq!(error.exit_code(), 1);
            error.to_string()
        }
    }
}

/// Every file below `folder`.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Copies a whole folder.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy_folder(&entry.path(), &target) } else { assert!(std::fs::copy(entry.path(), target).is_ok()) }
    }
}
