//! Known-hash lists. From typed words to steps of the desk; no rule is decided here.

use std::{io::{BufReader, Read}, path::Path};

use desk::{
    DeskError,
    admit::ExhibitView,
    examine::ExaminationView,
    known::{self, AddList},
};
use model::{
    action::Action,
    known::{KnownHit, ListCategory},
};
use serde_json::json;

use super::{Done, Office, parsed};
use crate::{args::*, files::{self, write}, in_short, output::Voice};

/// What to do with an item that nobody should see.
const DO_NOT_OPEN: &str = "Do not open it, do not copy it, do not show it to anybody, and stop looking at where it came from. \
    Write down when and how you met it, and tell your supervisor and the person with the dedicated role now (docs/guide/known-hashes.md)";

fn open(file: &Path) -> Result<BufReader<Box<dyn Read + Send>>, DeskError> {
    files::open(file).map(BufReader::new)
}

/// A salted list from a plain one: anyone may, without a home.
pub fn salt(file: &Path, out: &Path, voice: Voice) -> Done {
    let (text, count) = known::salted_list(open(file)?)?;
    write(out, text.as_bytes())?;
    voice.say(&json!({"salted": out, "entries": count}));
    voice.note("nobody can read the digests out of it; but the salt travels with it, so whoever has the file can test whether a digest that he guesses is in it");
    Ok(0)
}

impl Office {
    pub(super) fn hashes(&self, verb: HashesVerb) -> Done {
        let (desk, session) = (&self.desk, self.session()?);
        match verb {
            HashesVerb::Add { file, name, category, source, salted } => {
                let typed = AddList { name, category: parsed(&category)?, source, salted };
                self.voice.say(&known::add(desk, &session, &typed, open(&file)?)?);
                self.voice.note("from now on everything that comes in is compared with it; compare what is held already with `lanternfish hashes check --case NUMBER`");
            }
            HashesVerb::List => {
                self.may_list_the_node(Some(&session))?;
                self.voice.say_all_in(&in_short::zone_here(), &known::list(desk, &session)?, "the node has no known-hash list");
            }
            HashesVerb::Remove { list, reason } => self.voice.say(&known::remove(desk, &session, &list, &reason)?),
            HashesVerb::Check { case } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                let checked = known::check(desk, &scope, &permit)?;
                self.voice.say_all(&checked.exhibits, "no list holds anything of this case");
                for view in &checked.exhibits {
                    self.tell_hits(&view.exhibit, &view.known);
                    if !view.released_after.is_empty() {
                        self.voice.note(format!("{}: {} holds it, and it was released after that: it stays as it was released", view.exhibit, view.released_after.join(", ")));
                    }
                }
                if !checked.not_compared.is_empty() {
                    self.voice.say(&json!({"not_compared": checked.not_compared}));
                }
                for one in &checked.not_compared {
                    self.voice.note(format!(
                        "ATTENTION: {} items or members were NOT compared with {} by {}: that digest was not computed when they came in. Ask the giver of the list for SHA-256, or admit the items again",
                        one.count, one.list, one.by.name(),
                    ));
                }
            }
            HashesVerb::Salt { .. } => return Err(DeskError::input("this verb is done before a home is opened")),
        }
        Ok(0)
    }

    /// What the lists said of an item, on standard error: whoever admitted it must not miss it.
    pub(super) fn told_of(&self, view: &ExhibitView) {
        self.tell_hits(&view.exhibit, &view.content.known);
    }

    /// The same of what an archive held.
    pub(super) fn told_of_members(&self, view: &ExaminationView) {
        self.tell_hits(&format!("inside {}", view.exhibit), &view.known);
        view.alerts.iter().for_each(|alert| self.voice.note(format!("ALERT {alert} in {}: lanternfish watch alerts", view.exhibit)));
        view.watches.iter().for_each(|why| self.voice.note(why));
        view.not_indexed.iter().for_each(|why| self.voice.note(format!("its words are not in the index of the case: {why}")));
    }

    /// What of its pictures was not read.
    pub(super) fn told_of_pictures(&self, view: &ExaminationView) {
        let seen = &view.pictures;
        match &seen.text {
            None if seen.met > 0 => self.voice.note(format!("{} pictures: QR codes were looked for; text in them was not read (--ocr reads it)", seen.met)),
            None => {}
            Some(text) if text.tool.is_none() => text.reasons.iter().for_each(|why| self.voice.note(why)),
            Some(text) => self.voice.note(format!("{} words were read by machine in {} pictures: look at the picture before you rely on one", text.words, text.pictures)),
        }
        if seen.unread > 0 {
            self.voice.note(format!("{} pictures were not read, or not to the end: nothing may be called absent from {}", seen.unread, view.exhibit));
        }
        if seen.refused > 0 {
            self.voice.note(format!("{} pictures are restricted: they were not decoded", seen.refused));
        }
    }

    fn tell_hits(&self, what: &str, hits: &[KnownHit]) {
        for hit in hits {
            let (list, by) = (&hit.list, hit.by.name());
            let weak = if hit.by.is_weak() { "; two files with one such digest can be made: the person with the dedicated role confirms it" } else { "" };
            self.voice.note(match hit.category {
                ListCategory::Contraband => format!("ATTENTION, {what}: RESTRICTED. It is in list {list} of unlawful material, by {by}{weak}. {DO_NOT_OPEN}"),
                ListCategory::Privileged => format!("ATTENTION, {what}: RESTRICTED. It is in list {list} of privileged material, by {by}{weak}. {DO_NOT_OPEN}"),
                ListCategory::Wanted => format!("ALERT, {what}: it is in list {list} of wanted files, by {by}. Tell whoever leads the case now"),
                ListCategory::KnownGood => format!("{what}: it is in list {list} of known programs, by {by}"),
            });
        }
    }
}
