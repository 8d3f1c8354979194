//! What is asked of a case: its words, its selectors, its rows, what was read in its pictures, and where else something
//! stands. From typed words to steps of the desk; no rule is decided here. What an answer says nothing about is said.

use desk::{
    DeskError,
    elsewhere::{self, Sought},
    examine, rows,
    search::{self, SelectorQuestion},
};
use model::action::Action;

use super::{Done, Office};
use crate::{args::InCase, in_short};

impl Office {
    pub(super) fn search(&self, case: &InCase, question: Option<&str>, purpose: Option<&str>, most: usize, rebuild: bool) -> Done {
        if rebuild {
            self.rebuild(case)?;
        }
        match question {
            Some(question) => self.words(case, question, purpose, most),
            None if rebuild => Ok(0),
            None => Err(DeskError::input("what do you look for? Write it after `search`, in quotation marks")),
        }
    }

    fn rebuild(&self, case: &InCase) -> Result<(), DeskError> {
        let (_, scope, permit) = self.to(case, Action::Examine)?;
        let made = search::rebuild(&self.desk, &scope, &permit, &|label| self.voice.note(format!("reading {label}")))?;
        self.voice.note(format!("the index was made again: {}", match made.len() { 1 => "1 exhibit".to_string(), many => format!("{many} exhibits") }));
        made.iter().for_each(|(label, gap)| gap.iter().for_each(|gap| self.voice.note(format!("{label}: {gap}"))));
        Ok(())
    }

    fn words(&self, case: &InCase, question: &str, purpose: Option<&str>, most: usize) -> Done {
        let Some(purpose) = purpose else {
            return Err(DeskError::input("say what you ask for (--purpose \"...\"): it is written into the log"));
        };
        let (_, scope, permit) = self.to(case, Action::Query)?;
        let found = search::words(&self.desk, &scope, &permit, question, most, purpose)?;
        self.voice.tell_all(&found.hits, || in_short::word_hits(&found), "nothing was found");
        self.told_of_event(found.event);
        if found.hits.len() < found.candidates - found.unconfirmed {
            self.voice.note(format!("{} of {} passages are shown: ask for more with --most, or more exactly", found.hits.len(), found.candidates - found.unconfirmed));
        }
        if !found.whole && found.hits.len() < most {
            self.voice.note(format!("not every one of {} candidates could be read again: ask more exactly", found.candidates));
        }
        self.told_of_silence("", &[("not examined to the end", &found.unsearched), ("not in the index (make it again with --rebuild)", &found.not_indexed), ("restricted", &found.restricted)]);
        self.told_of_outside("", found.outside);
        Ok(0)
    }

    pub(super) fn elsewhere(&self, case: &InCase, value: Option<&str>, exhibit: Option<&str>, purpose: &str) -> Done {
        let (session, scope, permit) = self.to(case, Action::Query)?;
        let sought = match (value, exhibit) {
            (Some(value), _) => Sought::Value(value),
            (None, Some(label)) => Sought::Exhibit(label),
            (None, None) => return Err(DeskError::input("say what you look for: --value SELECTOR, or --exhibit E-0001 for all that stand in it")),
        };
        let found = elsewhere::elsewhere(&self.desk, &session, &scope, &permit, sought, purpose)?;
        self.voice.tell_all(&found.hits, || in_short::case_hits(&found.hits), "it stands in no case that was asked");
        self.voice.note(format!("the question is event {} of the log, and one event more in each other case", found.event));
        self.voice.note(format!("asked, for {} values: {}. Cases of which you are no member were not asked, and nothing is said about them", found.values, found.asked.join(", ")));
        found.not_asked.iter().for_each(|(case, why)| self.voice.note(format!("not asked: {case} ({why})")));
        for (case, silent) in &found.silent {
            let of_case = format!("{case}: ");
            self.told_of_silence(&of_case, &[("not examined to the end", &silent.unsearched), ("restricted", &silent.restricted)]);
            self.told_of_outside(&of_case, silent.outside);
        }
        Ok(0)
    }

    pub(super) fn selectors(&self, case: &InCase, question: &SelectorQuestion<'_>) -> Done {
        let (_, scope, permit) = self.to(case, Action::Query)?;
        let found = search::selectors(&self.desk, &scope, &permit, question)?;
        self.voice.tell_all(&found.hits, || in_short::selectors(&found.hits), "no selector was found");
        self.told_of_event(found.event);
        self.told_of_silence("", &[("not examined to the end", &found.unsearched), ("restricted", &found.restricted)]);
        self.told_of_outside("", found.outside);
        Ok(0)
    }

    pub(super) fn rows(&self, case: &InCase, exhibit: Option<&str>, purpose: &str, reveal: bool) -> Done {
        let (_, scope, permit) = self.to(case, Action::Query)?;
        let found = rows::rows(&self.desk, &scope, &permit, exhibit, purpose, reveal)?;
        self.voice.tell_all(&found.rows, || in_short::rows(&found.rows), "there are no rows: no profile of a site fits these pages, and there is no chat export");
        self.told_of_event(found.event);
        self.told_of_outside("", found.outside);
        if found.secrets > 0 && !reveal {
            self.voice.note(format!("{} private keys, seed phrases, cards or logins are covered: --reveal shows them, and the log says so", found.secrets));
        }
        self.told_of_silence_at_all(&found.silent);
        Ok(0)
    }

    pub(super) fn pictures(&self, case: &InCase, exhibit: Option<&str>, purpose: &str, reveal: bool) -> Done {
        let (_, scope, permit) = self.to(case, Action::Query)?;
        let found = examine::picture_texts(&self.desk, &scope, &permit, exhibit, reveal, purpose)?;
        self.voice.tell_all(&found.texts, || in_short::picture_texts(&found.texts), "nothing was read in pictures");
        self.told_of_event(found.event);
        self.told_of_outside("", found.outside);
        self.told_of_silence_at_all(&found.silent);
        Ok(0)
    }

    fn told_of_event(&self, event: u64) {
        self.voice.note(format!("the question is event {event} of the log"));
    }

    fn told_of_outside(&self, of: &str, outside: usize) {
        if outside > 0 {
            self.voice.note(format!("{of}{outside} more stand in exhibits that your authority does not reach: they are counted, not shown"));
        }
    }

    /// For each reason, the exhibits about which the answer says nothing.
    fn told_of_silence(&self, of: &str, silent: &[(&str, &Vec<String>)]) {
        for (why, labels) in silent.iter().filter(|(_, labels)| !labels.is_empty()) {
            self.voice.note(format!("{of}{why}, so nothing is said about: {}", labels.join(", ")));
        }
    }

    fn told_of_silence_at_all(&self, labels: &[String]) {
        if !labels.is_empty() {
            self.voice.note(format!("nothing is said about: {}", labels.join(", ")));
        }
    }
}
