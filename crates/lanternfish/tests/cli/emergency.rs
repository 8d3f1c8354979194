//! An oral approval at night, under a clock that the test turns: 48 hours at most, a second person as soon as
//! there is one, quarantine without a written order, and the changes of an authority with their history (laws
//! 1 and 15).

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use desk::{
    Desk, Intent, Permit, Scope, Session,
    admit::{self, AdmitFile},
    authority::{self, AuthorityView, Decision, RecordAuthority},
    case::{self, CaseContent},
    conclude, examine,
    package::{self, BuildPackage},
};
use model::{
    Law, Moment,
    action::Action,
    authority::{AuthorityKind, SourceClass},
    exhibit::{ExhibitClass, Origin},
    finding::Finding,
};
use store::StoreError;

const HOUR: i64 = 3_600;

struct Unit {
    _folder: tempfile::TempDir,
    desk: Desk,
    clock: Arc<AtomicI64>,
    noy: Session,
    kham: Session,
    case: String,
}

impl Unit {
    /// A case in which Noy works alone.
    fn of_one() -> Unit {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::create(&folder.path().join("home"), "Night Unit", true, 10, std::env::current_exe().unwrap()).unwrap();
        let clock = Arc::new(AtomicI64::new(desk.now().micros()));
        let turned = Arc::clone(&clock);
        let desk = desk.with_clock(move || Moment::from_micros(turned.load(Ordering::SeqCst)));
        let session = |name: &str, role: &str| {
            desk.store.add_user(None, name, role.parse().unwrap()).unwrap();
            desk.store.session(&desk.log_in(name, "four words for nights").unwrap().0).unwrap()
        };
        let (noy, kham) = (session("Noy", "investigator"), session("Kham", "supervisor"));
        let content = CaseContent { title: "night".into(), offence: "none".into(), jurisdiction: "la".into(), purpose: "drill".into() };
        let case = case::open(&desk, &noy, &content, &[]).unwrap().case;
        Unit { _folder: folder, clock, noy, kham, case, desk }
    }

    fn of_two() -> Unit {
        let unit = Unit::of_one();
        unit.add_kham();
        unit
    }

    fn add_kham(&self) {
        let (scope, permit) = self.may(&self.noy, Intent::to(Action::Administer)).unwrap();
        case::add_member(&self.desk, &scope, &permit, "Kham").unwrap();
    }

    fn turn_clock(&self, hours: i64) {
        self.clock.fetch_add(hours * HOUR * 1_000_000, Ordering::SeqCst);
    }

    fn may(&self, who: &Session, intent: Intent) -> Result<(Scope, Permit), StoreError> {
        let scope = self.desk.enter(who, &self.case)?;
        let permit = self.desk.permit(&scope, intent)?;
        Ok((scope, permit))
    }

    /// What is typed for an authority from now on, for so many hours.
    fn typed(&self, kind: AuthorityKind, hours: i64) -> RecordAuthority {
        let minute = |at: Moment| at.to_string()[..16].replace('T', " ");
        let written = kind == AuthorityKind::CourtOrder;
        RecordAuthority {
            kind,
            reference: format!("{} 7", kind.name()),
            issuer: "the prosecutor on duty, by telephone".into(),
            holders: vec![],
            actions: Action::ALL.to_vec(),
            sources: SourceClass::ALL.to_vec(),
            selectors: vec!["any".into()],
            persons: vec!["any".into()],
            territory: vec!["any".into()],
            from: minute(self.desk.now()),
            until: minute(self.desk.now().plus_seconds(hours * HOUR)),
            zone: "UTC".into(),
            calendar: None,
            necessity: "a child is in danger now".into(),
            scan: written.then(|| b"scan".to_vec()),
            transcription: written.then(|| "text".into()),
            amends: None,
            extends: None,
        }
    }

    fn record(&self, who: &Session, typed: &RecordAuthority) -> Result<AuthorityView, StoreError> {
        let (scope, permit) = self.may(who, Intent::to(Action::Administer))?;
        authority::record(&self.desk, &scope, &permit, typed)
    }

    fn check(&self, who: &Session, id: &str) -> Result<AuthorityView, StoreError> {
        let (scope, permit) = self.may(who, Intent::to(Action::Administer))?;
        authority::decide(&self.desk, &scope, &permit, id, Decision::Check, "called back")
    }

    fn ratify(&self, who: &Session, emergency: &str, order: &str) -> Result<AuthorityView, StoreError> {
        let (scope, permit) = self.may(who, Intent::to(Action::Administer))?;
        authority::ratify(&self.desk, &scope, &permit, emergency, order, "the order came")
    }

    fn admit(&self) -> Result<String, StoreError> {
        let typed = AdmitFile {
            description: "a page".into(),
            source: "drill".into(),
            origin: Origin::of(SourceClass::Darknet),
            class: ExhibitClass::Ordinary,
            original_name: Some("page.txt".into()),
            declared: vec![],
            manual: None,
        };
        let (scope, permit) = self.may(&self.noy, typed.intent())?;
        Ok(admit::file(&self.desk, &scope, &permit, &typed, &mut &b"SYNTHETIC page of a market"[..])?.exhibit)
    }

    fn view(&self, exhibit: &str) -> Result<Vec<u8>, StoreError> {
        let (scope, permit) = self.may(&self.noy, Intent::to(Action::View))?;
        let mut bytes = Vec::new();
        admit::open_bytes(&self.desk, &scope, &permit, exhibit, "drill", &mut bytes).map(|_| bytes)
    }

    fn finding(&self) -> String {
        let (scope, permit) = self.may(&self.noy, Intent::to(Action::Query)).unwrap();
        conclude::list(&self.desk, &scope, &permit).unwrap().remove(0).content.text
    }

    fn package(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let (scope, permit) = self.may(&self.noy, Intent::to(Action::Package))?;
        let target = self._folder.path().join(name);
        Ok(package::build(&self.desk, &self.noy, &scope, &permit, &BuildPackage { officers: vec!["Noy".into()], reports: None, target, wacz: false })?.limits)
    }
}

#[track_caller]
fn refused<T>(answer: Result<T, StoreError>, law: Law, words: &str) {
    let Err(error) = answer else { panic!("{law} did not refuse") };
    assert_eq!(error.law(), Some(law), "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn law_01_an_emergency_needs_a_second_person_as_soon_as_there_is_one() {
    let unit = Unit::of_one();
    refused(unit.admit(), Law::Permit, "no live authority");
    let emergency = unit.record(&unit.noy, &unit.typed(AuthorityKind::Emergency, 48)).unwrap().authority;
    let exhibit = unit.admit().unwrap();
    assert!(unit.view(&exhibit).is_ok());
    let limits = unit.package("alone").unwrap();
    assert!(limits.iter().any(|limit| limit.contains("no second person checked it: emergency 7")), "{limits:?}");

    unit.add_kham();
    refused(unit.admit(), Law::Permit, "nobody has checked it yet");
    refused(unit.check(&unit.noy, &emergency), Law::Permit, "ask another person");
    unit.check(&unit.kham, &emergency).unwrap();
    unit.admit().unwrap();
    unit.turn_clock(48);
    refused(unit.admit(), Law::Permit, "it ended on");

    // Whoever sends the second person away is not alone.
    let (mut scope, permit) = unit.may(&unit.noy, Intent::to(Action::Administer)).unwrap();
    case::remove_member(&unit.desk, &mut scope, &permit, "Kham").unwrap();
    unit.record(&unit.noy, &unit.typed(AuthorityKind::Emergency, 48)).unwrap();
    refused(unit.admit(), Law::Permit, "no live authority");

    let too_long = unit.record(&unit.noy, &unit.typed(AuthorityKind::Emergency, 49)).unwrap_err();
    assert!(too_long.exit_code() == 2 && too_long.to_string().contains("48 hours"), "{too_long}");
    let longer = RecordAuthority { extends: Some(emergency), ..unit.typed(AuthorityKind::Emergency, 10) };
    assert!(unit.record(&unit.noy, &longer).unwrap_err().to_string().contains("neither extended nor amended"));
}

#[test]
fn law_01_what_came_in_under_an_unratified_emergency_is_in_quarantine_and_kept() {
    let unit = Unit::of_two();
    let emergency = unit.record(&unit.noy, &unit.typed(AuthorityKind::Emergency, 24)).unwrap().authority;
    unit.check(&unit.kham, &emergency).unwrap();
    let exhibit = unit.admit().unwrap();

    let (scope, permit) = unit.may(&unit.noy, Intent::to(Action::Conclude)).unwrap();
    let finding = Finding {
        kind: "fact".parse().unwrap(),
        text: "The page names a seller.".into(),
        exhibits: vec![exhibit.clone()],
        method: "read".into(),
        error_rate: "not known".into(),
        counter_evidence: vec![],
        exculpatory: false,
        grading: None,
        queries: vec![],
    };
    conclude::add(&unit.desk, &scope, &permit, &finding).unwrap();

    // A second authority covers everything; it does not open what came in without one.
    let order = unit.record(&unit.noy, &unit.typed(AuthorityKind::CourtOrder, 1_000)).unwrap().authority;
    refused(unit.ratify(&unit.kham, &emergency, &order), Law::Permit, "has checked");
    unit.check(&unit.kham, &order).unwrap();
    assert!(unit.view(&exhibit).is_ok(), "while it lasts");
    unit.turn_clock(25);
    refused(unit.view(&exhibit), Law::Permit, "in quarantine");
    assert!(unit.finding().starts_with("in quarantine"), "{}", unit.finding());
    let (scope, permit) = unit.may(&unit.noy, Intent::to(Action::Examine)).unwrap();
    refused(examine::examine(&unit.desk, &scope, &permit, &exhibit, &parse::Budget::default()), Law::Permit, "in quarantine");
    refused(unit.package("quarantined"), Law::Permit, "in quarantine");

    let narrow = RecordAuthority { persons: vec!["Vendor-7".into()], ..unit.typed(AuthorityKind::CourtOrder, 1_000) };
    let narrow = unit.record(&unit.noy, &narrow).unwrap().authority;
    unit.check(&unit.kham, &narrow).unwrap();
    refused(unit.ratify(&unit.kham, &emergency, &narrow), Law::Permit, "narrower");
    refused(unit.ratify(&unit.noy, &emergency, &order), Law::Permit, "ask another person");
    let ratified = unit.ratify(&unit.kham, &emergency, &order).unwrap();
    assert_eq!(ratified.ratified.map(|id| id.to_string()), Some(order));
    assert_eq!(unit.view(&exhibit).unwrap(), b"SYNTHETIC page of a market");
    assert_eq!(unit.finding(), "The page names a seller.");
    assert!(unit.package("ratified").unwrap().iter().all(|limit| !limit.contains("emergency")));
    assert_eq!(unit.desk.store.verify_log().unwrap().faults, Vec::<String>::new());
}

#[test]
fn law_15_an_amended_authority_ends_when_the_new_one_begins_and_an_extended_one_stays() {
    let unit = Unit::of_two();
    let first = unit.record(&unit.noy, &unit.typed(AuthorityKind::CourtOrder, 100)).unwrap().authority;
    unit.check(&unit.kham, &first).unwrap();
    let second = RecordAuthority { extends: Some(first.clone()), ..unit.typed(AuthorityKind::CourtOrder, 200) };
    let second = unit.record(&unit.noy, &second).unwrap().authority;
    unit.check(&unit.kham, &second).unwrap();
    let (scope, permit) = unit.may(&unit.noy, Intent::to(Action::View)).unwrap();
    unit.desk.store.still_live(&scope, &permit).unwrap();

    let narrower = RecordAuthority { amends: Some(second.clone()), actions: vec![Action::View], ..unit.typed(AuthorityKind::CourtOrder, 200) };
    let third = unit.record(&unit.noy, &narrower).unwrap().authority;
    let standing = |id: &str| {
        let (scope, permit) = unit.may(&unit.noy, Intent::to(Action::Transfer)).unwrap();
        authority::list(&unit.desk, &scope, &permit).unwrap().into_iter().find(|one| one.authority == id).unwrap().state
    };
    assert_eq!(standing(&second), "live", "nothing changes before a second person has checked the change");
    unit.check(&unit.kham, &third).unwrap();
    assert_eq!([standing(&first), standing(&second), standing(&third)], ["live", "revoked", "live"]);

    let (scope, permit) = unit.may(&unit.noy, Intent::to(Action::Transfer)).unwrap();
    let shown = authority::show(&unit.desk, &scope, &permit, &third).unwrap();
    let history: Vec<&str> = shown["history"].as_array().unwrap().iter().map(|line| line["authority"].as_str().unwrap()).collect();
    assert_eq!(history, [first.as_str(), second.as_str()]);
    let of_revoked = RecordAuthority { extends: Some(second), ..unit.typed(AuthorityKind::CourtOrder, 200) };
    assert!(unit.record(&unit.noy, &of_revoked).unwrap_err().to_string().contains("was revoked"));
}
