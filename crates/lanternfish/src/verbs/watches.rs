//! Watches and alerts. From typed words to steps of the desk; no rule is decided here.

use desk::watch::{self, Watched};
use model::action::Action;

use super::{Done, Office};
use crate::args::*;

impl Office {
    pub(super) fn watch(&self, verb: WatchVerb) -> Done {
        match verb {
            WatchVerb::Words { case, question, purpose } => self.set(&case, &Watched::Words { question }, &purpose),
            WatchVerb::Selector { case, value, purpose } => self.set(&case, &Watched::Selector { value }, &purpose),
            WatchVerb::Pattern { case, pattern, purpose } => self.set(&case, &Watched::Pattern { pattern }, &purpose),
            WatchVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Query)?;
                self.voice.say_all(&watch::list(&self.desk, &scope, &permit)?, "nothing is watched in this case");
                Ok(0)
            }
            WatchVerb::End { case, watch, reason } => {
                let (_, scope, permit) = self.to(&case, Action::Query)?;
                self.voice.say(&watch::end(&self.desk, &scope, &permit, &watch, &reason)?);
                Ok(0)
            }
            WatchVerb::Hunt { case, watch, purpose } => {
                let (_, scope, permit) = self.to(&case, Action::Query)?;
                let hunt = watch::hunt(&self.desk, &scope, &permit, &watch, &purpose)?;
                self.voice.say_all(&hunt.alerts, "nothing was found");
                if !hunt.silent.is_empty() {
                    self.voice.note(format!("nothing is said about: {} (not examined to the end, not in the index, restricted, or personal)", hunt.silent.join(", ")));
                }
                Ok(0)
            }
            WatchVerb::Alerts { case } => {
                let (_, scope, permit) = self.to(&case, Action::Query)?;
                self.voice.say_all(&watch::alerts(&self.desk, &scope, &permit)?, "there is no alert in this case");
                Ok(0)
            }
            WatchVerb::Seen { case, alert, words } => {
                let (_, scope, permit) = self.to(&case, Action::Query)?;
                self.voice.say(&watch::seen(&self.desk, &scope, &permit, &alert, &words)?);
                Ok(0)
            }
        }
    }

    fn set(&self, case: &InCase, watched: &Watched, purpose: &str) -> Done {
        let (session, scope, permit) = self.to(case, Action::Query)?;
        let by = self.desk.store.user(session.actor())?.record.name;
        let view = watch::set(&self.desk, &scope, &permit, watched, &by, purpose)?;
        self.voice.say(&view);
        self.voice.note(format!("what is examined from now on is compared; for what is there already: lanternfish watch hunt {} --case {}", view.watch, case.case));
        Ok(0)
    }
}
