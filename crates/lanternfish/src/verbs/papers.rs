//! What leaves the case: findings, reports, packages. From typed words to steps of the desk; no rule is decided here.

use std::path::Path;

use desk::{
    Desk, DeskError, Permit, Scope, case, charges, conclude,
    errata::{self, WriteErratum},
    material,
    package::{self, BuildPackage, PackageView, disclose::{self, BuildDisclosure, DisclosureView, ProposeDisclosure, Reveal, WithholdItem}, renew},
    report_step::{self, BuildReport},
};
use model::{action::Action, charge::Side, finding::Finding};
use serde_json::json;

use super::{Done, Office, parsed, read, write};
use crate::{args::*, in_short, stamps};

impl Office {
    pub(super) fn finding(&self, verb: FindingVerb) -> Done {
        match verb {
            FindingVerb::Add { case, kind, text, exhibit, method, error_rate, counter, exculpatory, grading, query } => {
                let (_, scope, permit) = self.to(&case, Action::Conclude)?;
                let finding = Finding {
                    kind: parsed(&kind)?,
                    text,
                    exhibits: exhibit,
                    method,
                    error_rate,
                    counter_evidence: counter,
                    exculpatory,
                    grading,
                    queries: query.iter().map(|text| event_number(text)).collect::<Result<_, _>>()?,
                };
                self.voice.say(&conclude::add(&self.desk, &scope, &permit, &finding)?);
            }
            FindingVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Query)?;
                self.voice.say_all(&conclude::list(&self.desk, &scope, &permit)?, "the case has no finding yet");
            }
        }
        Ok(0)
    }

    pub(super) fn material(&self, verb: MaterialVerb) -> Done {
        match verb {
            MaterialVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Correct)?;
                let lines = material::list(&self.desk, &scope, &permit)?;
                self.voice.tell_all(&lines, || in_short::material(&lines), "a finding rests on every exhibit");
            }
            MaterialVerb::Say { case, exhibit, says, reason } => {
                let (_, scope, permit) = self.to(&case, Action::Correct)?;
                let line = material::say(&self.desk, &scope, &permit, &exhibit, parsed(&says)?, &reason)?;
                self.voice.tell(&line, || in_short::material(std::slice::from_ref(&line)));
            }
        }
        Ok(0)
    }

    pub(super) fn charge(&self, verb: ChargeVerb) -> Done {
        match verb {
            ChargeVerb::Add { case, offence, provision, element } => {
                let (_, scope, permit) = self.to(&case, Action::Conclude)?;
                let view = charges::add(&self.desk, &scope, &permit, &offence, &provision, &element)?;
                self.voice.tell(&view, || in_short::charge(&view));
            }
            ChargeVerb::Place { case, charge, element, finding, against } => {
                let (_, scope, permit) = self.to(&case, Action::Conclude)?;
                let side = if against { Side::Against } else { Side::For };
                let view = charges::place(&self.desk, &scope, &permit, &charge, element, &finding, side)?;
                self.voice.tell(&view, || in_short::charge(&view));
            }
            ChargeVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Query)?;
                let views = charges::list(&self.desk, &scope, &permit)?;
                self.voice.tell_all(&views, || views.iter().flat_map(in_short::charge).collect(), "the case has no charge yet");
            }
        }
        Ok(0)
    }

    pub(super) fn erratum(&self, verb: ErratumVerb) -> Done {
        let desk = &self.desk;
        match verb {
            ErratumVerb::Add { case, about, wrong, right } => {
                let (_, scope, permit) = self.to(&case, Action::Correct)?;
                let view = errata::write(desk, &scope, &permit, &WriteErratum { about, wrong, right })?;
                self.voice.tell(&view, || in_short::erratum(&view));
            }
            ErratumVerb::Notified { case, erratum, package, to, how } => {
                let (_, scope, permit) = self.to(&case, Action::Correct)?;
                let view = errata::notified(desk, &scope, &permit, &erratum, &package, &to, &how)?;
                self.voice.tell(&view, || in_short::erratum(&view));
            }
            ErratumVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Correct)?;
                let views = errata::list(desk, &scope, &permit)?;
                self.voice.tell_all(&views, || views.iter().flat_map(in_short::erratum).collect(), "the case has no erratum");
            }
        }
        Ok(0)
    }

    pub(super) fn report(&self, verb: ReportVerb) -> Done {
        match verb {
            ReportVerb::Build(typed) => {
                let case = InCase { case: typed.case.clone() };
                let (session, scope, permit) = self.to(&case, Action::Report)?;
                self.ask_witnesses(&session);
                self.voice.say(&report_step::build(&self.desk, &scope, &permit, &build_report(*typed)?)?);
            }
            ReportVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                self.voice.say_all(&report_step::list(&self.desk, &scope, &permit)?, "the case has no report yet");
            }
            ReportVerb::Export { case, report, out } => {
                let (_, scope, permit) = self.to(&case, Action::Report)?;
                let mut bytes = Vec::new();
                let view = report_step::export(&self.desk, &scope, &permit, &report, &mut bytes)?;
                write(&out, &bytes)?;
                self.voice.say(&view);
            }
        }
        Ok(0)
    }

    pub(super) fn package(&self, verb: PackageVerb) -> Done {
        let desk = &self.desk;
        match verb {
            PackageVerb::Seal { case, officer, report, wacz, out } => {
                let (session, scope, permit) = self.to(&case, Action::Package)?;
                let target = std::path::absolute(&out).map_err(|e| DeskError::environment("reading the folder's name", &e))?;
                let typed = BuildPackage { officers: officer, reports: (!report.is_empty()).then_some(report), target, wacz };
                let view = package::build(desk, &session, &scope, &permit, &typed)?;
                self.tell_package(&scope, &view)?;
                self.voice.aside(view.notes.iter().map(|note| format!("  note: {note}")));
            }
            PackageVerb::Sign { case, package } => {
                let (session, scope, permit) = self.to(&case, Action::Package)?;
                self.tell_package(&scope, &package::sign(desk, &session, &scope, &permit, &package)?)?;
            }
            PackageVerb::Stamp { case, package, authority, request, response } => {
                let (_, scope, permit) = self.to(&case, Action::Package)?;
                self.stamp(&scope, &permit, &package, authority, request.as_deref(), response.as_deref())?;
            }
            PackageVerb::Finish { case, package, wait_for_witness } => {
                let (session, scope, permit) = self.to(&case, Action::Package)?;
                let ask = || self.ask_witnesses(&session);
                self.tell_package(&scope, &package::finish(desk, &session, &scope, &permit, &package, wait_for_witness, ask)?)?;
            }
            PackageVerb::Renew { case, package, from, authority, request, response } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                self.renew(&scope, &permit, &package, from.as_deref(), authority, (request.as_deref(), response.as_deref()))?;
            }
            PackageVerb::Disclose { case, package, to, purpose, withhold, from } => {
                let (_, scope, permit) = self.to(&case, Action::Disclose)?;
                let withhold = withhold.iter().map(|text| withhold_item(text)).collect::<Result<_, _>>()?;
                let typed = ProposeDisclosure { package, recipient: to, purpose, withhold, from };
                self.tell_disclosure(&disclose::propose(desk, &scope, &permit, &typed)?);
            }
            PackageVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Package)?;
                self.tell_packages(&scope, &package::list(desk, &scope, &permit)?, "the case has no package yet")?;
            }
        }
        Ok(0)
    }

    pub(super) fn disclosure(&self, verb: DisclosureVerb) -> Done {
        let desk = &self.desk;
        match verb {
            DisclosureVerb::Decide { case, disclosure, approve, refuse: _, reason } => {
                let (_, scope, permit) = self.to(&case, Action::Disclose)?;
                self.tell_disclosure(&disclose::decide(desk, &scope, &permit, &disclosure, approve, &reason)?);
            }
            DisclosureVerb::Build { case, disclosure, officer, out, from } => {
                let (session, scope, permit) = self.to(&case, Action::Disclose)?;
                let typed = BuildDisclosure { disclosure, officers: officer, from, target: out };
                self.tell_package(&scope, &disclose::build(desk, &session, &scope, &permit, &typed)?)?;
            }
            DisclosureVerb::Reveal { case, disclosure, item, reason, out, from } => {
                let (_, scope, permit) = self.to(&case, Action::Disclose)?;
                let typed = Reveal { disclosure, items: item, reason, from, target: out };
                self.tell_disclosure(&disclose::reveal(desk, &scope, &permit, &typed)?);
            }
            DisclosureVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Disclose)?;
                let views = disclose::list(desk, &scope, &permit)?;
                self.voice.tell_all(&views, || views.iter().flat_map(in_short::disclosure).collect(), "the case has no disclosure yet");
            }
        }
        Ok(0)
    }

    fn tell_disclosure(&self, view: &DisclosureView) {
        self.voice.tell(view, || in_short::disclosure(view));
    }

    pub(super) fn stamp(
        &self,
        scope: &Scope,
        permit: &Permit,
        label: &str,
        authority: Option<usize>,
        request: Option<&Path>,
        response: Option<&Path>,
    ) -> Result<(), DeskError> {
        let desk = &self.desk;
        if let Some(file) = request {
            let number = authority.unwrap_or(1);
            write(file, &package::stamp_request(desk, scope, permit, label, number)?)?;
            self.voice.say(&json!({"request": file, "package": label, "authority": number}));
            return Ok(());
        }
        if let Some(file) = response {
            self.tell_package(scope, &package::stamp(desk, scope, permit, label, authority.unwrap_or(1), &read(file)?)?)?;
            return Ok(());
        }
        stamp_all(desk, scope, permit, label, authority)?;
        let packages = package::list(desk, scope, permit)?;
        self.tell_packages(scope, &packages.into_iter().filter(|p| p.package == label).collect::<Vec<_>>(), "no such package")
    }

    fn renew(
        &self,
        scope: &Scope,
        permit: &Permit,
        label: &str,
        from: Option<&Path>,
        authority: Option<usize>,
        (request, response): (Option<&Path>, Option<&Path>),
    ) -> Result<(), DeskError> {
        let desk = &self.desk;
        let mut view = renew::begin(desk, scope, permit, label, from)?;
        let number = authority.unwrap_or(1);
        match (request, response) {
            (Some(file), _) => {
                write(file, &renew::request(desk, scope, permit, label, number)?)?;
                self.voice.say(&json!({"request": file, "package": label, "renewal": view.renewal, "authority": number}));
                return Ok(());
            }
            (None, Some(file)) => view = renew::stamp(desk, scope, permit, label, number, &read(file)?, from)?,
            (None, None) => {
                let addresses: Vec<String> = desk.store.config().time_authorities.iter().map(|a| a.url.clone()).collect();
                for (number, (_, _, stamped)) in (1..).zip(view.authorities.clone()) {
                    if stamped.is_some() || authority.is_some_and(|only| only != number) {
                        continue;
                    }
                    let address = addresses.get(number - 1).map(String::as_str).unwrap_or_default();
                    view = if address == "built-in" {
                        renew::stamp_builtin(desk, scope, permit, label, from)?
                    } else {
                        let answer = stamps::fetch(desk.exe(), address, &renew::request(desk, scope, permit, label, number)?)?;
                        renew::stamp(desk, scope, permit, label, number, &answer, from)?
                    };
                }
            }
        }
        let zone = case::zone(desk, scope)?;
        self.voice.tell(&view, || in_short::renewal(&view, &zone));
        Ok(())
    }

    fn tell_package(&self, scope: &Scope, view: &PackageView) -> Result<(), DeskError> {
        self.tell_packages(scope, std::slice::from_ref(view), "")
    }

    fn tell_packages(&self, scope: &Scope, views: &[PackageView], nothing: &str) -> Result<(), DeskError> {
        let zone = case::zone(&self.desk, scope)?;
        self.voice.tell_all(views, || views.iter().flat_map(|view| in_short::package(view, &zone)).collect(), nothing);
        Ok(())
    }
}

pub fn stamp_all(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, only: Option<usize>) -> Result<(), DeskError> {
    let packages = package::list(desk, scope, permit)?;
    let view = packages.iter().find(|p| p.package == label).ok_or_else(|| DeskError::input(format!("there is no package {label}")))?;
    let addresses: Vec<String> = desk.store.config().time_authorities.iter().map(|a| a.url.clone()).collect();
    for (index, (_, _, stamped)) in view.authorities.iter().enumerate() {
        let number = index + 1;
        if stamped.is_some() || only.is_some_and(|n| n != number) {
            continue;
        }
        let address = addresses.get(index).map(String::as_str).unwrap_or_default();
        if address == "built-in" {
            package::stamp_builtin(desk, scope, permit, label)?;
            continue;
        }
        let request = package::stamp_request(desk, scope, permit, label, number)?;
        let answer = stamps::fetch(desk.exe(), address, &request)?;
        package::stamp(desk, scope, permit, label, number, &answer)?;
    }
    Ok(())
}

fn build_report(typed: ReportArgs) -> Result<BuildReport, DeskError> {
    Ok(BuildReport {
        template: parsed(&typed.template)?,
        language: typed.language,
        jurisdiction: typed.jurisdiction,
        place: typed.place,
        participants: typed.participant,
        witnesses: typed.witness,
        interpreter: typed.interpreter,
        remarks: typed.remark,
        qualifications: typed.qualifications,
        own_knowledge: typed.own_knowledge,
        summary: typed.summary,
        received: typed.received,
        literature: typed.literature,
        reliability: typed.reliability,
    })
}

/// `ITEM=CLASS:REASON`.
fn withhold_item(text: &str) -> Result<WithholdItem, DeskError> {
    let parts = text.split_once('=').and_then(|(item, why)| Some((item, why.split_once(':')?)));
    let Some((item, (class, reason))) = parts.filter(|(item, (_, reason))| !item.trim().is_empty() && !reason.trim().is_empty()) else {
        return Err(DeskError::input(format!("{text} does not say what is withheld and why: write it as E-0002=third-party:REASON", text = model::quoted(text))));
    };
    Ok(WithholdItem { item: item.trim().into(), class: parsed(class.trim())?, reason: reason.trim().into() })
}

/// `31` or `Q-0031`, as papers print it.
fn event_number(text: &str) -> Result<u64, DeskError> {
    let digits = text.trim().trim_start_matches("Q-");
    digits.parse().map_err(|_| DeskError::input(format!("{text} is not the number of a search: write it as 31 or Q-0031", text = model::quoted(text))))
}
