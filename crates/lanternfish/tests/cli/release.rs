//! What is out of scope is counted and stays sealed, under a clock that the test turns: a threat to life opens it for
//! 48 hours on one person's word, what may speak for the suspect waits for a second, and both are printed (laws 1, 7
//! and 15).

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use desk::{
    Desk, Intent, Permit, Scope, Session,
    admit::{self, AdmitFile},
    authority::{self, Decision, RecordAuthority},
    case::{self, CaseContent},
    examine, search,
    known::{self, AddList},
    minimise,
    package::{self, BuildPackage},
    release::{self, ReleaseView},
};
use model::{
    Law, Moment,
    action::Action,
    authority::{AuthorityKind, SourceClass},
    exhibit::{ExhibitClass, Origin},
    known::ListCategory,
    release::Because,
};
use store::StoreError;

const HOUR: i64 = 3_600;

struct Unit {
    folder: tempfile::TempDir,
    desk: Desk,
    clock: Arc<AtomicI64>,
    noy: Session,
    kham: Session,
    case: String,
}

impl Unit {
    /// A case with an order that lets darknet pages come in and be unpacked, and one that lets other things be read:
    /// what came from the darknet is out of scope for everybody who looks.
    fn new() -> Unit {
        let folder = tempfile::tempdir().unwrap();
        let program = PathBuf::from(env!("CARGO_BIN_EXE_lanternfish"));
        let desk = Desk::create(&folder.path().join("home"), "Scope Unit", true, 10, program).unwrap();
        let clock = Arc::new(AtomicI64::new(desk.now().micros()));
        let turned = Arc::clone(&clock);
        let desk = desk.with_clock(move || Moment::from_micros(turned.load(Ordering::SeqCst)));
        let session = |name: &str, role: &str| {
            desk.store.add_user(None, name, role.parse().unwrap()).unwrap();
            desk.store.session(&desk.log_in(name, "four words for scopes").unwrap().0).unwrap()
        };
        let (noy, kham) = (session("Noy", "investigator"), session("Kham", "supervisor"));
        let content = CaseContent { title: "scope".into(), offence: "none".into(), jurisdiction: "la".into(), purpose: "drill".into() };
        let case = case::open(&desk, &noy, &content, &["Kham".into()]).unwrap().case;
        let unit = Unit { folder, clock, noy, kham, case, desk };
        unit.order(&[Action::Admit, Action::Examine], SourceClass::Darknet);
        unit.order(&Action::ALL, SourceClass::HandedOver);
        unit
    }

    fn order(&self, actions: &[Action], source: SourceClass) {
        self.record(AuthorityKind::CourtOrder, actions, source, 3_000);
    }

    /// An authority that Noy records and Kham checks.
    fn record(&self, kind: AuthorityKind, actions: &[Action], source: SourceClass, hours: i64) {
        let written = kind == AuthorityKind::CourtOrder;
        let minute = |at: Moment| at.to_string()[..16].replace('T', " ");
        let typed = RecordAuthority {
            kind,
            reference: format!("{} for {}", kind.name(), source.name()),
            issuer: "a court".into(),
            holders: vec![],
            actions: actions.to_vec(),
            sources: vec![source],
            selectors: vec!["any".into()],
            persons: vec!["any".into()],
            territory: vec!["any".into()],
            from: minute(self.desk.now()),
            until: minute(self.desk.now().plus_seconds(hours * HOUR)),
            zone: "UTC".into(),
            calendar: None,
            necessity: "a drill".into(),
            scan: written.then(|| b"scan".to_vec()),
            transcription: written.then(|| "text".into()),
            amends: None,
            extends: None,
        };
        let (scope, permit) = self.may(&self.noy, Intent::to(Action::Administer)).unwrap();
        let id = authority::record(&self.desk, &scope, &permit, &typed).unwrap().authority;
        let (scope, permit) = self.may(&self.kham, Intent::to(Action::Administer)).unwrap();
        authority::decide(&self.desk, &scope, &permit, &id, Decision::Check, "compared").unwrap();
    }

    fn turn_clock(&self, hours: i64) {
        self.clock.fetch_add(hours * HOUR * 1_000_000, Ordering::SeqCst);
    }

    fn may(&self, who: &Session, intent: Intent) -> Result<(Scope, Permit), StoreError> {
        let scope = self.desk.enter(who, &self.case)?;
        let permit = self.desk.permit(&scope, intent)?;
        Ok((scope, permit))
    }

    /// A darknet page that is in the case and unpacked.
    fn page(&self, text: &str, class: ExhibitClass) -> String {
        self.page_from(SourceClass::Darknet, text, class)
    }

    fn page_from(&self, source: SourceClass, text: &str, class: ExhibitClass) -> String {
        let typed = AdmitFile {
            description: "a page".into(),
            source: "drill".into(),
            origin: Origin::of(source),
            class,
            original_name: Some("page.txt".into()),
            declared: vec![],
            manual: None,
        };
        let (scope, permit) = self.may(&self.noy, typed.intent()).unwrap();
        let label = admit::file(&self.desk, &scope, &permit, &typed, &mut text.as_bytes()).unwrap().exhibit;
        if !class.is_restricted() {
            let (scope, permit) = self.may(&self.noy, Intent::to(Action::Examine)).unwrap();
            examine::examine(&self.desk, &scope, &permit, &label, &parse::Budget::default()).unwrap();
        }
        label
    }

    fn permit_to_view(&self, who: &Session, exhibit: &str) -> Result<(Scope, Permit), StoreError> {
        let scope = self.desk.enter(who, &self.case)?;
        let permit = self.desk.permit(&scope, admit::intent_to_view(&self.desk, &scope, exhibit)?)?;
        Ok((scope, permit))
    }

    fn view(&self, exhibit: &str) -> Result<Vec<u8>, StoreError> {
        let (scope, permit) = self.permit_to_view(&self.noy, exhibit)?;
        let mut bytes = Vec::new();
        admit::open_bytes(&self.desk, &scope, &permit, exhibit, "drill", &mut bytes).map(|_| bytes)
    }

    /// Selectors that are shown, and that are counted only.
    fn hits(&self) -> (usize, usize) {
        let (scope, permit) = self.may(&self.noy, Intent::to(Action::Query)).unwrap();
        let hits = search::selectors(&self.desk, &scope, &permit, &search::SelectorQuestion::of(None, "drill")).unwrap();
        (hits.hits.len(), hits.outside)
    }

    fn ask(&self, who: &Session, exhibit: &str, because: Because) -> Result<ReleaseView, StoreError> {
        let (scope, permit) = self.may(who, Intent::to(Action::Release))?;
        release::ask(&self.desk, &scope, &permit, exhibit, because, "a child may be hurt")
    }

    fn decide(&self, who: &Session, exhibit: &str, approved: bool) -> Result<ReleaseView, StoreError> {
        let (scope, permit) = self.may(who, Intent::to(Action::Release))?;
        release::decide(&self.desk, &scope, &permit, exhibit, approved, "looked at it")
    }

    fn package(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let (scope, permit) = self.may(&self.noy, Intent::to(Action::Package))?;
        let target = self.folder.path().join(name);
        Ok(package::build(&self.desk, &self.noy, &scope, &permit, &BuildPackage { officers: vec!["Noy".into()], reports: None, target, wacz: false })?.limits)
    }
}

#[track_caller]
fn refused<T>(answer: Result<T, StoreError>, law: Law, words: &str) {
    let Err(error) = answer else { panic!("{law} did not refuse") };
    assert_eq!(error.law(), Some(law), "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

const PAGE: &str = "SYNTHETIC page of a market: write to seller@example.org";

#[test]
fn law_01_a_threat_to_life_opens_one_item_at_once_and_seals_it_again_after_48_hours() {
    let unit = Unit::new();
    let exhibit = unit.page(PAGE, ExhibitClass::Ordinary);
    refused(unit.view(&exhibit), Law::Permit, "no live authority covers");
    let (shown, counted) = unit.hits();
    assert!(shown == 0 && counted > 0, "{shown} {counted}");
    refused(unit.package("sealed"), Law::Permit, "no live authority");

    let view = unit.ask(&unit.noy, &exhibit, Because::ThreatToLife).unwrap();
    assert_eq!(view.state, "open");
    assert_eq!(unit.view(&exhibit).unwrap(), PAGE.as_bytes());
    assert_eq!(unit.hits(), (counted, 0));
    refused(unit.package("unconfirmed"), Law::Permit, "no live authority");
    refused(unit.decide(&unit.noy, &exhibit, true), Law::Permit, "only a supervisor or a prosecutor");
    assert!(unit.ask(&unit.noy, &exhibit, Because::ThreatToLife).unwrap_err().to_string().contains("has a release already"));

    // It opens this item and no other that comes from there.
    let other = unit.page("SYNTHETIC other page: write to other@example.org", ExhibitClass::Ordinary);
    refused(unit.view(&other), Law::Permit, "no live authority covers");
    assert_eq!(unit.hits(), (counted, counted));

    unit.turn_clock(47);
    assert!(unit.view(&exhibit).is_ok());
    unit.turn_clock(1);
    refused(unit.view(&exhibit), Law::Permit, "sealed again");
    assert_eq!(unit.hits().0, 0);
    let late = unit.decide(&unit.kham, &exhibit, true).unwrap_err();
    assert!(late.exit_code() == 2 && late.to_string().contains("ask for a new release"), "{late}");
}

#[test]
fn law_01_a_release_that_a_second_person_confirmed_lasts_and_is_printed() {
    let unit = Unit::new();
    let exhibit = unit.page(PAGE, ExhibitClass::Ordinary);
    unit.ask(&unit.kham, &exhibit, Because::ThreatToLife).unwrap();
    refused(unit.decide(&unit.kham, &exhibit, true), Law::Permit, "you asked for this release yourself");
    unit.turn_clock(48);
    assert_eq!(unit.ask(&unit.noy, &exhibit, Because::ThreatToLife).unwrap().state, "waiting", "it lapsed once");
    refused(unit.view(&exhibit), Law::Permit, "waits for a supervisor or prosecutor");
    assert_eq!(unit.decide(&unit.kham, &exhibit, true).unwrap().state, "released");
    unit.turn_clock(1_000);
    assert_eq!(unit.view(&exhibit).unwrap(), PAGE.as_bytes());
    let limits = unit.package("package").unwrap();
    assert!(limits.contains(&format!("out of scope and released (threat-to-life): {exhibit}")), "{limits:?}");
    let told = std::fs::read_to_string(unit.folder.path().join("package.building/data/releases.json")).unwrap();
    assert!(told.contains("a child may be hurt") && told.contains("\"released\"") && told.contains("\"lapsed\""), "{told}");
    let report = unit.report();
    for words in ["lies outside the authorities of this case", "because a life was in danger", "a child may be hurt"] {
        assert!(report.contains(words), "{words}: {report}");
    }
}

impl Unit {
    /// The statements of a report, as it was sent to be set.
    fn report(&self) -> String {
        let (scope, permit) = self.may(&self.noy, Intent::to(Action::Report)).unwrap();
        let typed: desk::report_step::BuildReport = serde_json::from_value(serde_json::json!({
            "template": "statement-of-fact", "language": "en", "jurisdiction": "la", "place": null, "participants": [], "witnesses": [],
            "interpreter": null, "remarks": [], "qualifications": null, "own_knowledge": [], "summary": [], "received": [], "literature": [],
            "reliability": [],
        }))
        .unwrap_or_else(|e| panic!("{e}"));
        desk::report_step::build(&self.desk, &scope, &permit, &typed).unwrap();
        let target = self.folder.path().join("with-report");
        let (scope, permit) = self.may(&self.noy, Intent::to(Action::Package)).unwrap();
        package::build(&self.desk, &self.noy, &scope, &permit, &BuildPackage { officers: vec!["Noy".into()], reports: None, target: target.clone(), wacz: false }).unwrap();
        std::fs::read_to_string(self.folder.path().join("with-report.building/data/report/r-0001.request.json")).unwrap()
    }
}

#[test]
fn law_01_what_may_speak_for_the_suspect_is_opened_only_after_a_second_person_decided() {
    let unit = Unit::new();
    let exhibit = unit.page(PAGE, ExhibitClass::Ordinary);
    assert_eq!(unit.ask(&unit.noy, &exhibit, Because::Exculpatory).unwrap().state, "waiting");
    refused(unit.view(&exhibit), Law::Permit, "waits for a supervisor or prosecutor");
    unit.turn_clock(100);
    assert_eq!(unit.decide(&unit.kham, &exhibit, true).unwrap().state, "released");
    assert!(unit.view(&exhibit).is_ok());

    let other = unit.page("SYNTHETIC other page: write to other@example.org", ExhibitClass::Ordinary);
    unit.ask(&unit.noy, &other, Because::Exculpatory).unwrap();
    assert_eq!(unit.decide(&unit.kham, &other, false).unwrap().state, "refused");
    refused(unit.view(&other), Law::Permit, "its release was refused");
    assert!(unit.decide(&unit.kham, &other, true).unwrap_err().to_string().contains("decided already"));
    assert!(unit.desk.store.verify_log().unwrap().faults.is_empty());
}

#[test]
fn law_01_who_was_refused_opens_nothing_by_asking_again_and_each_round_is_one_row() {
    let unit = Unit::new();
    let exhibit = unit.page(PAGE, ExhibitClass::Ordinary);
    for (who, state) in [(&unit.noy, "open"), (&unit.noy, "waiting"), (&unit.noy, "waiting")] {
        assert_eq!(unit.ask(who, &exhibit, Because::ThreatToLife).unwrap().state, state);
        assert_eq!(unit.view(&exhibit).is_ok(), state == "open");
        assert_eq!(unit.decide(&unit.kham, &exhibit, false).unwrap().state, "refused");
        refused(unit.view(&exhibit), Law::Permit, "its release was refused");
    }
    // A round has one row, whose name does not depend on who asked: of two who ask at once one is too late.
    let (scope, _) = unit.may(&unit.noy, Intent::to(Action::Release)).unwrap();
    let id = admit::row(&unit.desk, &scope, &exhibit).unwrap().id;
    let mut rows: Vec<String> = unit.desk.store.list(&scope, "release").unwrap().into_iter().map(|row| row.id).collect();
    rows.sort();
    assert_eq!(rows, (1..=3).map(|round| format!("{id}/release-{round}")).collect::<Vec<_>>());
}

/// Bytes at whose end somebody does something.
struct AtTheEnd<'a, F: FnMut()>(&'a [u8], F);

impl<F: FnMut()> std::io::Read for AtTheEnd<'_, F> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(out)?;
        if count == 0 {
            (self.1)();
        }
        Ok(count)
    }
}

impl Unit {
    fn list(&self, name: &str, digest: &str) {
        let typed = AddList { name: name.into(), category: ListCategory::Contraband, source: "drill".into(), salted: false };
        known::add(&self.desk, &self.kham, &typed, digest.as_bytes()).unwrap();
    }
}

#[test]
fn law_07_a_list_that_is_added_while_an_item_comes_in_is_asked_too() {
    let unit = Unit::new();
    let typed = AdmitFile {
        description: "a page".into(),
        source: "drill".into(),
        origin: Origin::of(SourceClass::HandedOver),
        class: ExhibitClass::Ordinary,
        original_name: None,
        declared: vec![],
        manual: None,
    };
    let come_in = |name: &str, digest: &str| {
        let (scope, permit) = unit.may(&unit.noy, typed.intent()).unwrap();
        admit::file(&unit.desk, &scope, &permit, &typed, &mut AtTheEnd(PAGE.as_bytes(), || unit.list(name, digest)))
    };
    let view = come_in("late", &model::Sha256Digest::of(PAGE.as_bytes()).hex()).unwrap();
    assert_eq!(view.content.class, ExhibitClass::Contraband);
    let error = come_in("late and weak", &"a".repeat(32)).unwrap_err();
    assert!(error.exit_code() == 2 && error.to_string().contains("admit the item again"), "{error}");
}

#[test]
fn law_07_an_examination_that_was_left_or_stopped_opens_nothing() {
    let unit = Unit::new();
    unit.order(&[Action::View], SourceClass::Darknet);
    let home = unit.folder.path().join("home");
    // A desk whose parser is gone: its examinations begin and never end.
    let broken = Desk::open(&home, PathBuf::from("/nonexistent/lanternfish")).unwrap();
    let exhibit = unit.page(PAGE, ExhibitClass::Ordinary);
    unit.list("hotline", &"a".repeat(64));
    for _ in 0..2 {
        let (scope, permit) = unit.may(&unit.noy, Intent::to(Action::Examine)).unwrap();
        assert!(examine::examine(&broken, &scope, &permit, &exhibit, &parse::Budget::default()).is_err());
        refused(unit.view(&exhibit), Law::Restricted, "run `lanternfish examine`");
    }
    let (scope, permit) = unit.may(&unit.noy, Intent::to(Action::Examine)).unwrap();
    examine::examine(&unit.desk, &scope, &permit, &exhibit, &parse::Budget::default()).unwrap();
    assert_eq!(unit.view(&exhibit).unwrap(), PAGE.as_bytes());
}

#[test]
fn law_07_a_minimised_view_shows_nothing_of_what_became_restricted_meanwhile() {
    use std::os::unix::fs::PermissionsExt;
    let unit = Unit::new();
    unit.order(&[Action::View], SourceClass::Darknet);
    let exhibit = unit.page(PAGE, ExhibitClass::PersonalSensitive);
    // A parser that is started only after somebody restricted the item.
    let (home, script) = (unit.folder.path().join("home"), unit.folder.path().join("parser"));
    let token = unit.desk.log_in("Noy", "four words for scopes").unwrap().0;
    let program = env!("CARGO_BIN_EXE_lanternfish");
    let text = format!(
        "#!/bin/sh\nLANTERNFISH_SESSION='{token}' '{program}' --home '{}' exhibit reclassify --case {} {exhibit} --class privileged --reason now >/dev/null 2>&1 </dev/null\nexec '{program}' \"$@\"\n",
        home.display(), unit.case,
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let slow = Desk::open(&home, script).unwrap();
    let (scope, permit) = unit.permit_to_view(&unit.noy, &exhibit).unwrap();
    refused(minimise::view(&slow, &scope, &permit, &exhibit, "drill"), Law::Restricted, "became restricted in this moment");
    assert_eq!(admit::view(&unit.desk, &admit::row(&unit.desk, &scope, &exhibit).unwrap()).unwrap().content.class, ExhibitClass::Privileged);
}

#[test]
fn law_07_a_release_opens_nothing_that_is_restricted() {
    let unit = Unit::new();
    let exhibit = unit.page(PAGE, ExhibitClass::Privileged);
    refused(unit.ask(&unit.noy, &exhibit, Because::ThreatToLife), Law::Restricted, "restricted");
    let later = unit.page("SYNTHETIC letter to counsel", ExhibitClass::Ordinary);
    unit.ask(&unit.noy, &later, Because::ThreatToLife).unwrap();
    assert!(unit.view(&later).is_ok());
    let (scope, permit) = unit.may(&unit.noy, Intent::to(Action::Transfer)).unwrap();
    desk::reclassify::reclassify(&unit.desk, &scope, &permit, &later, ExhibitClass::Privileged, "to his lawyer").unwrap();
    refused(unit.view(&later), Law::Restricted, "restricted");
}

#[test]
fn law_15_work_under_a_release_stops_when_it_lapses() {
    let unit = Unit::new();
    let exhibit = unit.page(PAGE, ExhibitClass::Ordinary);
    unit.ask(&unit.noy, &exhibit, Because::ThreatToLife).unwrap();
    let (scope, permit) = unit.permit_to_view(&unit.noy, &exhibit).unwrap();
    let mut bytes = Vec::new();
    admit::open_bytes(&unit.desk, &scope, &permit, &exhibit, "drill", &mut bytes).unwrap();
    unit.desk.store.still_live(&scope, &permit).unwrap();
    unit.turn_clock(48);
    refused(unit.desk.store.still_live(&scope, &permit), Law::Revocation, "sealed again");
    let mut late = Vec::new();
    refused(admit::open_bytes(&unit.desk, &scope, &permit, &exhibit, "drill", &mut late), Law::Revocation, "sealed again");
    assert!(late.is_empty() && !bytes.is_empty());
}

#[test]
fn law_07_no_step_opens_a_personal_item_whole_without_a_reason() {
    let unit = Unit::new();
    let exhibit = unit.page(PAGE, ExhibitClass::PersonalSensitive);
    unit.order(&[Action::View], SourceClass::Darknet);
    refused(unit.view(&exhibit), Law::Restricted, "--full and --reason");
    let (scope, permit) = unit.permit_to_view(&unit.noy, &exhibit).unwrap();
    let mut bytes = Vec::new();
    admit::open_full(&unit.desk, &scope, &permit, &exhibit, "drill", "the whole is disputed", &mut bytes).unwrap();
    assert_eq!(bytes, PAGE.as_bytes());
}

#[test]
fn law_01_a_release_opens_nothing_that_is_in_quarantine() {
    let unit = Unit::new();
    unit.record(AuthorityKind::Emergency, &Action::ALL, SourceClass::Open, 48);
    let exhibit = unit.page_from(SourceClass::Open, PAGE, ExhibitClass::Ordinary);
    unit.turn_clock(48);
    refused(unit.ask(&unit.noy, &exhibit, Because::ThreatToLife), Law::Permit, "in quarantine");
}

#[test]
fn what_an_authority_reaches_needs_no_release() {
    let unit = Unit::new();
    let exhibit = unit.page(PAGE, ExhibitClass::Ordinary);
    unit.order(&[Action::View], SourceClass::Darknet);
    let error = unit.ask(&unit.noy, &exhibit, Because::Exculpatory).unwrap_err();
    assert!(error.exit_code() == 2 && error.to_string().contains("needs no release"), "{error}");
}
