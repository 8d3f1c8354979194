//! The filter queue and supervised viewings. From typed words to steps of the desk; no rule is decided here.

use std::{fs::File, io::Write, os::fd::AsFd, path::Path};

use desk::{
    DeskError, Scope, case,
    filter::{self, Release},
    viewing::{self, PermitViewing},
};
use model::{Moment, action::Action, moment::{DayEdge, civil_to_moment}};

use super::{Done, Office, exhibits};
use crate::{args::*, files::{self, New}, output::Pipe};

impl Office {
    /// A day or minute as it was typed, in the zone of the case's courts.
    fn day(&self, scope: &Scope, typed: &str) -> Result<Moment, DeskError> {
        let zone = case::zone(&self.desk, scope)?;
        civil_to_moment(typed, None, &zone, DayEdge::End).map_err(|e| DeskError::input(e.to_string()))
    }

    pub(super) fn filter(&self, verb: FilterVerb) -> Done {
        let desk = &self.desk;
        // The filter team has one action; everybody else writes into the queue on the duty to the defence.
        let enter = |case: &InCase, exhibit: &str| {
            let (_, scope) = self.enter(case)?;
            let permit = desk.permit(&scope, filter::intent_for(scope.role(), exhibit)?)?;
            Ok::<_, DeskError>((scope, permit))
        };
        match verb {
            FilterVerb::List { case } => {
                let (_, scope) = self.enter(&case)?;
                let permit = self.permitted(&scope, desk::Intent::to(filter::action_of(scope.role())))?;
                self.voice.say_all_in(&case::zone(desk, &scope)?, &filter::list(desk, &scope, &permit)?, "nothing in this case may be privileged");
            }
            FilterVerb::View { case, exhibit, purpose, out } => self.filter_view(&case, &exhibit, &purpose, &out)?,
            FilterVerb::Propose { case, exhibit, privileged, not_privileged: _, reason } => {
                let (scope, permit) = enter(&case, &exhibit)?;
                self.voice.say(&filter::propose(desk, &scope, &permit, &exhibit, privileged, &reason)?);
            }
            FilterVerb::Notify { case, exhibit, holder, how, until } => {
                let (scope, permit) = enter(&case, &exhibit)?;
                let until = self.day(&scope, &until)?;
                self.voice.say(&filter::notify(desk, &scope, &permit, &exhibit, &holder, &how, until)?);
            }
            FilterVerb::Object { case, exhibit, by, reason } => {
                let (scope, permit) = enter(&case, &exhibit)?;
                self.voice.say(&filter::object(desk, &scope, &permit, &exhibit, &by, &reason)?);
            }
            FilterVerb::Release { case, exhibit, decision, class, reason } => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                let typed = Release { exhibit, decision, to: exhibits::class(&class)?, reason };
                self.voice.say(&filter::release(desk, &scope, &permit, &typed)?);
            }
            FilterVerb::Keep { case, exhibit, reason } => {
                let (scope, permit) = enter(&case, &exhibit)?;
                self.voice.say(&filter::keep(desk, &scope, &permit, &exhibit, &reason)?);
            }
        }
        Ok(0)
    }

    fn filter_view(&self, case: &InCase, exhibit: &str, purpose: &str, out: &Path) -> Result<(), DeskError> {
        let (_, scope) = self.enter(case)?;
        let permit = self.desk.permit(&scope, filter::intent_to_view(exhibit)?)?;
        if out == Path::new("-") {
            let mut out = Pipe(std::io::stdout().lock());
            filter::open(&self.desk, &scope, &permit, exhibit, purpose, &mut out)?;
            return out.flush().map_err(|e| DeskError::environment("writing the bytes", &e));
        }
        let mut file = New::at(out)?;
        match filter::open(&self.desk, &scope, &permit, exhibit, purpose, &mut file) {
            Ok(view) => {
                self.voice.say(&view);
                self.voice.note(format!("{} holds what may be privileged: nobody who investigates may see it; destroy it when you have decided", out.display()));
                Ok(())
            }
            Err(error) => {
                // Refused, or not what the record says.
                files::discard(out);
                Err(error)
            }
        }
    }

    pub(super) fn viewing(&self, verb: ViewingVerb) -> Done {
        let desk = &self.desk;
        match verb {
            ViewingVerb::Permit { case, exhibit, viewer, supervisor, place, purpose, until } => {
                let (session, scope, permit) = self.to(&case, Action::Administer)?;
                let typed = PermitViewing { exhibit, viewer, supervisor, place, purpose, until: self.day(&scope, &until)? };
                self.voice.say(&viewing::permit(desk, &session, &scope, &permit, &typed)?);
            }
            ViewingVerb::List { case } => {
                let (_, scope) = self.enter(&case)?;
                let permit = self.permitted(&scope, desk::Intent::to(viewing::action_of(scope.role())))?;
                self.voice.say_all(&viewing::list(desk, &scope, &permit)?, "no viewing was permitted in this case");
            }
            ViewingVerb::Mine => self.voice.say_all(&viewing::mine(desk, &self.session()?)?, "there is no invitation for you, and nothing was disclosed to you"),
            ViewingVerb::Attend { viewing } => self.voice.say(&viewing::attend(desk, &self.session()?, &viewing)?),
            ViewingVerb::Confirm { viewing, says } => self.voice.say(&viewing::confirm(desk, &self.session()?, &viewing, &says)?),
            ViewingVerb::Open { case, viewing } => {
                let (session, scope) = self.enter(&case)?;
                let permit = desk.permit(&scope, viewing::intent_to_open(desk, &scope, &viewing)?)?;
                let out = std::io::stdout().as_fd().try_clone_to_owned().map(File::from);
                let out = out.map_err(|e| DeskError::environment("opening standard output", &e))?;
                let view = viewing::open(desk, &session, &scope, &permit, &viewing, out)?;
                self.voice.note(format!("{} was shown and has ended: the viewer now runs `lanternfish viewing confirm {}`, then close it with `lanternfish viewing close`", view.exhibit, view.id));
            }
            ViewingVerb::Close { case, viewing, reason } => {
                let (_, scope) = self.enter(&case)?;
                let permit = desk.permit(&scope, viewing::intent_to_close(desk, &scope, &viewing)?)?;
                self.voice.say(&viewing::close(desk, &scope, &permit, &viewing, reason.as_deref())?);
            }
        }
        Ok(0)
    }
}
