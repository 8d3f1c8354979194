//! What the benchmarks of the program begin with: a home in a folder, an officer and his chief, one case, and a training
//! authority that allows everything for synthetic sources. For benchmarks only: both passphrases stand here.

#![allow(dead_code, reason = "each benchmark uses its part")]

use std::path::Path;

use desk::{
    Desk, Intent, Session,
    authority::{self, Decision, RecordAuthority},
    case::{self, CaseContent},
};
use model::{
    action::Action,
    authority::{AuthorityKind, SourceClass},
};

/// A unit of two at work.
pub struct Unit {
    pub desk: Desk,
    pub officer: Session,
    pub chief: Session,
    /// The officer's session as the command line takes it.
    pub token: String,
    pub case: String,
}

impl Unit {
    pub fn open(home: &Path) -> Unit {
        let desk = Desk::create(home, "Bench Unit", true, 10, env!("CARGO_BIN_EXE_lanternfish").into()).expect("a home");
        let token = |name: &str, role: &str| {
            desk.store.add_user(None, name, role.parse().unwrap()).unwrap();
            desk.log_in(name, "four words for benches").unwrap().0
        };
        let (token, his) = (token("Officer", "investigator"), token("Chief", "supervisor"));
        let (officer, chief) = (desk.store.session(&token).unwrap(), desk.store.session(&his).unwrap());
        let content = CaseContent { title: "bench".into(), offence: "none".into(), jurisdiction: "la".into(), purpose: "bench".into() };
        let case = case::open(&desk, &officer, &content, &["Chief".to_string()]).unwrap().case;
        let unit = Unit { desk, officer, chief, token, case };
        unit.authorise();
        unit
    }

    fn authorise(&self) {
        let today = self.desk.now().to_string()[..10].to_string();
        let typed = RecordAuthority {
            kind: AuthorityKind::Training,
            reference: "BENCH".into(),
            issuer: "bench".into(),
            holders: vec!["Officer".into()],
            actions: Action::ALL.to_vec(),
            sources: vec![SourceClass::Synthetic],
            selectors: vec!["any".into()],
            persons: vec!["any".into()],
            territory: vec!["any".into()],
            from: today.clone(),
            until: today,
            zone: "UTC".into(),
            calendar: None,
            necessity: "bench".into(),
            scan: None,
            transcription: None,
            amends: None,
            extends: None,
        };
        let scope = self.desk.enter(&self.officer, &self.case).unwrap();
        let permit = self.desk.permit(&scope, Intent::to(Action::Administer)).unwrap();
        let id = authority::record(&self.desk, &scope, &permit, &typed).unwrap().authority;
        let scope = self.desk.enter(&self.chief, &self.case).unwrap();
        let permit = self.desk.permit(&scope, Intent::to(Action::Administer)).unwrap();
        authority::decide(&self.desk, &scope, &permit, &id, Decision::Grant, "bench").unwrap();
    }
}

/// A number behind its word on the command line.
pub fn option(name: &str, default: usize) -> usize {
    let words: Vec<String> = std::env::args().collect();
    words.iter().position(|word| word == name).map_or(default, |place| words[place + 1].parse().expect("a number"))
}
