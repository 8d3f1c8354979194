//! Cases, their members, and the authorities under which they are worked. From typed words to steps of the desk; no rule is decided here.

use desk::{
    DeskError,
    authority::{self, AuthorityView, Decision, RecordAuthority},
    case::{self, CaseContent, Declaration},
};
use model::action::Action;
use serde_json::json;

use super::{Done, Office, all_parsed, parsed, read, write};
use crate::{args::*, in_short};

impl Office {
    pub(super) fn case(&self, verb: CaseVerb) -> Done {
        match verb {
            CaseVerb::Open { title, offence, jurisdiction, purpose, member } => {
                let content = CaseContent { title, offence, jurisdiction, purpose };
                self.voice.say(&case::open(&self.desk, &self.session()?, &content, &member)?);
            }
            CaseVerb::List => {
                let session = self.session()?;
                let views = case::list(&self.desk, &session)?;
                self.voice.say_all(&views, "you are a member of no case");
                for view in views {
                    self.tell_accidents(&self.desk.enter(&session, &view.case)?, &view.case)?;
                }
            }
            CaseVerb::Show { case } => {
                let (_, scope, permit) = self.to(&case, authority::READING)?;
                self.voice.say(&case::show(&self.desk, &scope, &permit)?);
            }
            CaseVerb::Close { case, reason } => self.declare(&case, Declaration::Closed, &reason)?,
            CaseVerb::Declare { case, what, reason } => {
                let what = match what.as_str() {
                    "court-process" => Declaration::CourtProcess,
                    "legal-hold" => Declaration::LegalHold,
                    "legal-hold-over" => Declaration::HoldOver,
                    other => return Err(DeskError::input(format!("{other} cannot be declared: choose court-process, legal-hold or legal-hold-over", other = model::quoted(other)))),
                };
                self.declare(&case, what, &reason)?;
            }
            CaseVerb::Member(MemberVerb::Add { case, name }) => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                self.voice.say(&json!({"members": case::add_member(&self.desk, &scope, &permit, &name)?}));
            }
            CaseVerb::Member(MemberVerb::Remove { case, name }) => {
                let (_, mut scope, permit) = self.to(&case, Action::Administer)?;
                self.voice.say(&json!({"members": case::remove_member(&self.desk, &mut scope, &permit, &name)?}));
            }
        }
        Ok(0)
    }

    pub(super) fn declare(&self, case: &InCase, what: Declaration, reason: &str) -> Result<(), DeskError> {
        let (_, scope, permit) = self.to(case, Action::Administer)?;
        self.voice.say(&case::declare(&self.desk, &scope, &permit, what, reason)?);
        Ok(())
    }

    pub(super) fn authority(&self, verb: AuthorityVerb) -> Done {
        match verb {
            AuthorityVerb::Record(typed) => {
                let case = typed.case.clone();
                let record = record_authority(*typed)?;
                match case {
                    Some(case) => {
                        let (_, scope, permit) = self.to(&InCase { case }, Action::Administer)?;
                        self.tell_authority(&authority::record(&self.desk, &scope, &permit, &record)?);
                    }
                    None => self.tell_authority(&authority::record_for_unit(&self.desk, &self.session()?, &record)?),
                }
            }
            AuthorityVerb::Check(typed) => self.decide(typed, Decision::Check)?,
            AuthorityVerb::Grant(typed) => self.decide(typed, Decision::Grant)?,
            AuthorityVerb::Ratify { authority, case, order, reason } => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                self.tell_authority(&authority::ratify(&self.desk, &scope, &permit, &authority, &order, &reason)?);
            }
            AuthorityVerb::Revoke { authority, case, reason } => {
                self.decide(DecideArgs { authority, case, reason }, Decision::Revoke)?;
            },
            AuthorityVerb::List { case: Some(case) } => {
                let (_, scope, permit) = self.to(&InCase { case }, authority::READING)?;
                self.tell_authorities(&authority::list(&self.desk, &scope, &permit)?, "no authority is recorded");
            }
            AuthorityVerb::List { case: None } => {
                self.tell_authorities(&authority::list_for_unit(&self.desk, &self.session()?)?, "no unit authority is recorded");
            }
            AuthorityVerb::Show { authority, case, scan } => {
                if let Some(out) = scan {
                    let (_, scope, permit) = self.to(&case, Action::Administer)?;
                    write(&out, &authority::scan(&self.desk, &scope, &permit, &authority)?)?;
                }
                let (_, scope, permit) = self.to(&case, authority::READING)?;
                self.voice.say(&authority::show(&self.desk, &scope, &permit, &authority)?);
            }
        }
        Ok(0)
    }

    pub(super) fn decide(&self, typed: DecideArgs, decision: Decision) -> Result<(), DeskError> {
        let view = match typed.case {
            Some(case) => {
                let (_, scope, permit) = self.to(&InCase { case }, Action::Administer)?;
                authority::decide(&self.desk, &scope, &permit, &typed.authority, decision, &typed.reason)?
            }
            None => authority::decide_for_unit(&self.desk, &self.session()?, &typed.authority, decision, &typed.reason)?,
        };
        match decision {
            Decision::Check | Decision::Grant => self.tell_authority(&view),
            Decision::Revoke => self.voice.tell(&view, || in_short::authority(&view)),
        }
        Ok(())
    }

    /// Shows an authority; a period that is over already is more likely a mistyped date than meant.
    fn tell_authority(&self, view: &AuthorityView) {
        self.voice.tell(view, || in_short::authority(view));
        if view.over {
            self.voice.note(format!("note: the period of this authority ended at {}: it covers nothing", view.until));
        }
    }

    fn tell_authorities(&self, views: &[AuthorityView], nothing: &str) {
        self.voice.tell_all(views, || views.iter().flat_map(in_short::authority).collect(), nothing);
    }
}

fn record_authority(typed: RecordArgs) -> Result<RecordAuthority, DeskError> {
    Ok(RecordAuthority {
        kind: parsed(&typed.kind)?,
        reference: typed.reference,
        issuer: typed.issuer,
        holders: typed.holder,
        actions: all_parsed(&typed.action)?,
        sources: all_parsed(&typed.source)?,
        selectors: typed.selector,
        persons: typed.person,
        territory: typed.territory,
        from: typed.from,
        until: typed.until,
        zone: typed.zone,
        calendar: typed.calendar.as_deref().map(parsed).transpose()?,
        necessity: typed.necessity,
        scan: typed.scan.as_deref().map(read).transpose()?,
        transcription: typed.transcription.as_deref().map(read).transpose()?.map(|b| String::from_utf8_lossy(&b).into_owned()),
        amends: typed.amends,
        extends: typed.extends,
    })
}
