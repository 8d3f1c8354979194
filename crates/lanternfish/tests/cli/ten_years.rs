//! Ten years of a package under a clock that the test turns: two sets of time-stamp certificates end, the
//! stamps are renewed in time, and our verifier and stock tools still follow them to the first day (law 8).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use desk::{
    Desk, Intent, Permit, Scope, Session,
    admit::{self, AdmitFile},
    authority::{self, Decision, RecordAuthority},
    case::{self, CaseContent},
    package::{self, BuildPackage, renew},
};
use model::{
    Law, Moment,
    action::Action,
    authority::{AuthorityKind, SourceClass},
    exhibit::{ExhibitClass, Origin},
};
use seal::{
    check::{Asked, State, Verdict, verify_with},
    pki::{Authority, SigningKey, Subject, Validity},
    tsp::TrainingAuthority,
};
use store::{TimeAuthority, vault::secret::{random_16, random_32}};

use crate::office::run;

const YEAR: i64 = 31_557_600;
const PASSPHRASE: &str = "four words for years";

/// One time-stamp authority over the years: one root, and a certificate for each term.
struct Stamper {
    name: String,
    root: Authority,
    now: Option<TrainingAuthority>,
}

impl Stamper {
    fn founded(name: &str, at: Moment) -> Stamper {
        let key = SigningKey::from_random(&random_32().unwrap()).unwrap();
        let validity = Validity { from: at.plus_seconds(-YEAR), until: at.plus_seconds(30 * YEAR) };
        let root = Authority::create(key, &subject(&format!("{name} root")), &random_16().unwrap(), validity).unwrap();
        Stamper { name: name.into(), root, now: None }
    }

    fn begin_term(&mut self, from: Moment, until: Moment) -> TimeAuthority {
        let key = SigningKey::from_random(&random_32().unwrap()).unwrap();
        let name = format!("{} NOT INDEPENDENT", self.name);
        let public = key.public_key_der().unwrap();
        let certificate = self.root.issue_time_stamps(&public, &subject(&name), &random_16().unwrap(), Validity { from, until }).unwrap();
        let known = TimeAuthority { name, url: "by-hand".into(), certificate: certificate.digest().hex(), independent: false };
        self.now = Some(TrainingAuthority::new(key, certificate).unwrap());
        known
    }

    fn answer(&self, request: &[u8], at: Moment) -> Vec<u8> {
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        self.now.as_ref().unwrap().answer(request, at, SERIAL.fetch_add(1, Ordering::SeqCst)).unwrap()
    }
}

fn subject(name: &str) -> Subject {
    Subject { common_name: name.into(), organisation: "SYNTHETIC".into() }
}

/// An archive with one sealed package, and the two authorities that stamp for it.
struct Archive {
    folder: tempfile::TempDir,
    clock: Arc<AtomicI64>,
    begun: Moment,
    case: String,
    stampers: [Stamper; 2],
}

impl Archive {
    fn founded() -> Archive {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::create(&folder.path().join("home"), "Archive of the Drill", true, 10, std::env::current_exe().unwrap()).unwrap();
        for (name, role) in [("Noy", "investigator"), ("Kham", "supervisor")] {
            desk.store.add_user(None, name, role.parse().unwrap()).unwrap();
        }
        let begun = desk.now();
        let stampers = ["First Clock", "Second Clock"].map(|name| Stamper::founded(name, begun));
        let mut archive = Archive { folder, clock: Arc::new(AtomicI64::new(begun.micros())), begun, case: String::new(), stampers };
        archive.begin_term(-0.1, 4.0);
        archive.seal_a_package();
        archive
    }

    fn after(&self, years: f64) -> Moment {
        self.begun.plus_seconds((years * YEAR as f64) as i64)
    }

    fn turn_clock_to(&self, years: f64) {
        self.clock.store(self.after(years).micros(), Ordering::SeqCst);
    }

    fn desk(&self) -> Desk {
        let clock = Arc::clone(&self.clock);
        let desk = Desk::open(&self.folder.path().join("home"), std::env::current_exe().unwrap()).unwrap();
        desk.with_clock(move || Moment::from_micros(clock.load(Ordering::SeqCst)))
    }

    fn at_work(&self, desk: &Desk, name: &str) -> Session {
        let token = desk.log_in(name, PASSPHRASE).unwrap().0;
        desk.store.session(&token).unwrap()
    }

    /// New certificates of both authorities, and the administrator writes them into the settings.
    fn begin_term(&mut self, from: f64, until: f64) {
        let (from, until) = (self.after(from), self.after(until));
        let known = self.stampers.iter_mut().map(|stamper| stamper.begin_term(from, until)).collect();
        let home = store::Home::at(&self.folder.path().join("home"));
        home.write_config(&store::Config { time_authorities: known, ..home.config().unwrap() }).unwrap();
    }

    fn package(&self) -> PathBuf {
        self.folder.path().join("package")
    }

    fn renewals(&self) -> PathBuf {
        self.folder.path().join("package.renewals")
    }

    fn seal_a_package(&mut self) {
        let desk = self.desk();
        let (noy, kham) = (self.at_work(&desk, "Noy"), self.at_work(&desk, "Kham"));
        let content = CaseContent { title: "drill".into(), offence: "none".into(), jurisdiction: "la".into(), purpose: "drill".into() };
        self.case = case::open(&desk, &noy, &content, &["Kham".to_string()]).unwrap().case;
        authorise(&desk, &self.case, &noy, &kham);
        let scope = desk.enter(&noy, &self.case).unwrap();
        let typed = AdmitFile {
            description: "a page".into(),
            source: "drill".into(),
            origin: Origin::of(SourceClass::Synthetic),
            class: ExhibitClass::Ordinary,
            original_name: None,
            declared: vec![],
            manual: None,
        };
        let permit = desk.permit(&scope, typed.intent()).unwrap();
        admit::file(&desk, &scope, &permit, &typed, &mut &b"SYNTHETIC page"[..]).unwrap();
        let permit = desk.permit(&scope, Intent::to(Action::Package)).unwrap();
        let typed = BuildPackage { officers: vec!["Noy".into()], reports: None, target: self.package(), wacz: false };
        package::build(&desk, &noy, &scope, &permit, &typed).unwrap();
        package::sign(&desk, &noy, &scope, &permit, "P-0001").unwrap();
        for (number, stamper) in (1..).zip(&self.stampers) {
            let request = package::stamp_request(&desk, &scope, &permit, "P-0001", number).unwrap();
            package::stamp(&desk, &scope, &permit, "P-0001", number, &stamper.answer(&request, desk.now())).unwrap();
        }
        package::finish(&desk, &noy, &scope, &permit, "P-0001", false, || {}).unwrap();
    }

    fn custody<'d>(&self, desk: &'d Desk) -> (&'d Desk, Scope, Permit) {
        let noy = self.at_work(desk, "Noy");
        let scope = desk.enter(&noy, &self.case).unwrap();
        let permit = desk.permit(&scope, Intent::to(Action::Transfer)).unwrap();
        (desk, scope, permit)
    }

    fn renew(&self) -> renew::RenewalView {
        let desk = self.desk();
        let (desk, scope, permit) = self.custody(&desk);
        let mut view = renew::begin(desk, &scope, &permit, "P-0001", None).unwrap();
        for (number, stamper) in (1..).zip(&self.stampers) {
            assert_eq!(view.state, "waiting");
            let request = renew::request(desk, &scope, &permit, "P-0001", number).unwrap();
            view = renew::stamp(desk, &scope, &permit, "P-0001", number, &stamper.answer(&request, desk.now()), None).unwrap();
        }
        view
    }

    /// What a stranger holds at the end: the node's own anchors, and the roots of both authorities.
    fn anchors(&self) -> PathBuf {
        let folder = self.folder.path().join("anchors");
        let desk = self.desk();
        let noy = self.at_work(&desk, "Noy");
        package::export_anchors(&desk, &noy, &folder).unwrap();
        let roots: String = self.stampers.iter().map(|stamper| stamper.root.certificate().to_pem()).collect();
        fs::write(folder.join("tsa.pem"), roots).unwrap();
        folder
    }
}

fn authorise(desk: &Desk, case: &str, noy: &Session, kham: &Session) {
    let scope = desk.enter(noy, case).unwrap();
    let permit = desk.permit(&scope, Intent::to(Action::Administer)).unwrap();
    let today = desk.now().to_string()[..10].to_string();
    let typed = RecordAuthority {
        kind: AuthorityKind::Training,
        reference: "DRILL".into(),
        issuer: "drill".into(),
        holders: vec!["Noy".into()],
        actions: Action::ALL.to_vec(),
        sources: vec![SourceClass::Synthetic],
        selectors: vec!["any".into()],
        persons: vec!["any".into()],
        territory: vec!["any".into()],
        from: today.clone(),
        until: today,
        zone: "UTC".into(),
        calendar: None,
        necessity: "drill".into(),
        scan: None,
        transcription: None,
        amends: None,
        extends: None,
    };
    let id = authority::record(desk, &scope, &permit, &typed).unwrap().authority;
    let scope = desk.enter(kham, case).unwrap();
    let permit = desk.permit(&scope, Intent::to(Action::Administer)).unwrap();
    authority::decide(desk, &scope, &permit, &id, Decision::Grant, "drill").unwrap();
}

fn verdict(package: &Path, anchors: &Path, renewals: Option<&Path>, at: Option<Moment>) -> Verdict {
    verify_with(package, &Asked { anchors: Some(anchors), renewals, at, ..Asked::default() }, &|_| {})
}

#[track_caller]
fn ends(verdict: &Verdict, code: u8, words: &str) {
    let faults: Vec<String> = verdict.faults().map(|check| format!("{}: {}", check.object, check.text)).collect();
    assert_eq!(verdict.exit_code, code, "{faults:#?}");
    assert!(words.is_empty() || faults.iter().any(|fault| fault.contains(words)), "{words:?} is not in {faults:#?}");
}

#[test]
fn law_08_a_package_is_proven_through_ten_years_and_two_ends_of_its_time_stamps() {
    let mut archive = Archive::founded();
    let (package, renewals) = (archive.package(), archive.renewals());

    archive.turn_clock_to(3.5);
    archive.begin_term(3.4, 8.0);
    let first = archive.renew();
    assert_eq!((first.renewal, first.state.as_str(), first.folder.as_deref()), (1, "complete", Some(renewals.as_path())));
    assert_eq!(first.provable_until.map(Moment::seconds), Some(archive.after(8.0).seconds()));

    archive.turn_clock_to(7.5);
    archive.begin_term(7.4, 12.0);
    assert_eq!(archive.renew().renewal, 2);

    archive.turn_clock_to(10.0);
    let (anchors, now) = (archive.anchors(), archive.after(10.0));
    let sound = verdict(&package, &anchors, Some(&renewals), Some(now));
    ends(&sound, 0, "");
    let held = sound.checks.iter().filter(|check| check.text.contains("were in force at")).count();
    assert_eq!(held, 3, "two renewals and today");
    ends(&verdict(&package, &anchors, None, None), 0, "");
    ends(&verdict(&package, &anchors, None, Some(now)), 2, "no time-stamp was in force then");
    ends(&verdict(&package, &anchors, Some(&renewals), Some(archive.after(12.5))), 2, "no time-stamp was in force then");

    by_stock_tools(&archive, &anchors);
    hostile_renewals(&archive, &anchors, now);
    let desk = archive.desk();
    assert_eq!(desk.store.verify_log().unwrap().faults, Vec::<String>::new());
}

/// `sha256sum` follows the lists, OpenSSL the tokens, each at the moment when it was renewed.
fn by_stock_tools(archive: &Archive, anchors: &Path) {
    let (package, renewals) = (archive.package(), archive.renewals());
    for (number, at) in [(1, 7.5), (2, 10.0)] {
        let folder = renewals.join(format!("renewal-000{number}"));
        let list = folder.join("renewal.sha256");
        let check = |below: &Path, pick: &str| {
            let mut shell = Command::new("bash");
            shell.args(["-c", &format!("set -o pipefail; grep {pick} '  renewal-' \"$1\" | sha256sum -c --strict --quiet"), "check"]).arg(&list).current_dir(below);
            run(shell).ended(0);
        };
        check(&package, "-v");
        if number > 1 {
            check(&renewals, "");
        }
        for token in ["token-1.tsr", "token-2.tsr"] {
            let verify = |at: Moment| {
                let mut openssl = Command::new("openssl");
                openssl.args(["ts", "-verify", "-data"]).arg(&list).arg("-in").arg(folder.join(token)).arg("-CAfile").arg(anchors.join("tsa.pem"));
                openssl.args(["-attime", &at.seconds().to_string()]);
                run(openssl)
            };
            verify(archive.after(at)).ended(0);
            verify(archive.after(at + 5.0)).ended(1);
        }
    }
}

fn hostile_renewals(archive: &Archive, anchors: &Path, now: Moment) {
    let changed = |name: &str, change: &dyn Fn(&Path)| {
        let folder = archive.folder.path().join(name);
        copy(&archive.renewals(), &folder);
        change(&folder);
        verdict(&archive.package(), anchors, Some(&folder), Some(now))
    };
    let write = |path: PathBuf, edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(&path).unwrap();
        edit(&mut bytes);
        fs::write(path, bytes).unwrap();
    };
    ends(&changed("cut", &|folder| fs::remove_dir_all(folder.join("renewal-0002")).unwrap()), 2, "no time-stamp was in force then");
    ends(&changed("gap", &|folder| fs::remove_dir_all(folder.join("renewal-0001")).unwrap()), 1, "renewal-0001 is missing");
    ends(&changed("more", &|folder| fs::write(folder.join("renewal-0001/note.txt"), "x").unwrap()), 1, "nothing else");
    ends(&changed("list", &|folder| write(folder.join("renewal-0002/renewal.sha256"), &|bytes| bytes[0] ^= 1)), 1, "does not name exactly");
    ends(&changed("token", &|folder| write(folder.join("renewal-0001/token-1.tsr"), &|bytes| *bytes.last_mut().unwrap() ^= 1)), 1, "renewal-0001/token-1.tsr");
    let twice = |folder: &Path| {
        fs::copy(folder.join("renewal-0001/token-1.tsr"), folder.join("renewal-0001/token-2.tsr")).unwrap();
    };
    ends(&changed("twice", &twice), 1, "stamped this renewal twice");
    let swapped = |folder: &Path| {
        for file in ["renewal.sha256", "token-1.tsr", "token-2.tsr"] {
            fs::copy(folder.join("renewal-0001").join(file), folder.join("renewal-0002").join(file)).unwrap();
        }
    };
    ends(&changed("swapped", &swapped), 1, "does not name exactly");
}

#[test]
fn law_08_a_stamp_that_joins_a_renewal_after_the_old_ones_ended_carries_nothing_on() {
    let mut archive = Archive::founded();
    archive.turn_clock_to(3.5);
    archive.begin_term(3.4, 9.0);
    let desk = archive.desk();
    let (desk, scope, permit) = archive.custody(&desk);
    renew::begin(desk, &scope, &permit, "P-0001", None).unwrap();
    // The first authority stamps in time, the second when the package's own stamps have ended.
    for (number, years) in [(1, 3.5), (2, 5.0)] {
        archive.turn_clock_to(years);
        let request = renew::request(desk, &scope, &permit, "P-0001", number).unwrap();
        let answer = archive.stampers[number - 1].answer(&request, desk.now());
        renew::stamp(desk, &scope, &permit, "P-0001", number, &answer, None).unwrap();
    }
    let anchors = archive.anchors();
    let answer = verdict(&archive.package(), &anchors, Some(&archive.renewals()), Some(archive.after(6.0)));
    ends(&answer, 2, "renewal-0001: renewal of the package");
    assert!(answer.limits.iter().any(|limit| limit.contains("renewal-0001/token-1.tsr is NOT INDEPENDENT")), "{:?}", answer.limits);
}

#[test]
fn law_08_a_renewal_that_came_too_late_is_told_and_a_changed_package_is_not_renewed() {
    let mut archive = Archive::founded();
    archive.turn_clock_to(5.0);
    archive.begin_term(4.9, 9.0);
    let page = a_file(&archive.package().join("data"));
    let sound = fs::read(&page).unwrap();
    fs::write(&page, [sound.as_slice(), b"x"].concat()).unwrap();
    let desk = archive.desk();
    let (desk, scope, permit) = archive.custody(&desk);
    let before = desk.store.log_size().unwrap();
    let refused = renew::begin(desk, &scope, &permit, "P-0001", None).unwrap_err();
    assert_eq!((refused.law(), desk.store.log_size().unwrap()), (Some(Law::Integrity), before + 1), "{refused}");
    let elsewhere = renew::begin(desk, &scope, &permit, "P-0001", Some(Path::new("/nowhere"))).unwrap_err();
    assert!(elsewhere.to_string().contains("--from"), "{elsewhere}");
    fs::write(&page, sound).unwrap();

    archive.renew();
    let anchors = archive.anchors();
    let late = verdict(&archive.package(), &anchors, Some(&archive.renewals()), Some(archive.after(6.0)));
    ends(&late, 2, "renewal-0001: renewal of the package");
    let today = late.checks.iter().find(|check| check.object.starts_with("renewal-0001: in force")).unwrap();
    assert_eq!(today.state, State::Sound, "the renewal itself holds; what it cannot show is the time before it");
}

/// The first file below a folder.
fn a_file(folder: &Path) -> PathBuf {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let first = paths.swap_remove(0);
    if first.is_dir() { a_file(&first) } else { first }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { assert!(fs::copy(entry.path(), target).is_ok()) }
    }
}
