//! What each answer about a case must leave out: which exhibits and members are restricted, which are sensitive, which were
//! not searched. A case may have a hundred thousand exhibits, so it is read once while the program runs, and before each
//! answer what changed since is read.
//!
//! Nothing is said from memory alone: whoever restricted an item a moment ago is heard. Only classes and numbers are kept, no
//! content; and only who has entered the case gets at them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use model::{exhibit::ExhibitClass, id::{BlobId, CaseId}};
use store::{Scope, StoreError, class_of};

use crate::{
    Desk,
    admit::ExhibitContent,
    examine::WHOLE,
    row::exhibit_label,
};

/// An exhibit, as far as answers must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Exhibit {
    number: i64,
    class: ExhibitClass,
    has_bytes: bool,
}

/// An examination: the exhibit that it belongs to, the event that wrote it, and whether it went to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Examination {
    exhibit: String,
    event: u64,
    whole: bool,
}

/// What is known of one case.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Events of the log, counted from its beginning, whose rows were read.
    seen: u64,
    exhibits: BTreeMap<String, Exhibit>,
    examinations: BTreeMap<String, Examination>,
    /// Members by id: the examination that took them out, and their own class.
    members: BTreeMap<String, (String, ExhibitClass)>,
}

/// What is known, by case.
pub(crate) type Memory = Mutex<BTreeMap<CaseId, Arc<Mutex<Known>>>>;

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    /// Reads what changed since it was read last. The size of the log is asked before: a step that becomes visible while the
    /// rows are read is read again at the next question, and none is missed.
    fn refresh(&mut self, desk: &Desk, scope: &Scope) -> Result<(), StoreError> {
        let (size, since) = (desk.store.log_size()?, self.seen);
        desk.store.changed_since(scope, "exhibit", since, |row| {
            if row.is_erased() {
                self.exhibits.remove(&row.id);
                return Ok(());
            }
            let content: ExhibitContent = row.content()?;
            self.exhibits.insert(row.id, Exhibit { number: row.number.unwrap_or(0), class: content.class, has_bytes: content.blob.is_some() });
            Ok(())
        })?;
        desk.store.changed_since(scope, "derivation", since, |row| {
            if row.is_erased() {
                self.examinations.remove(&row.id);
                return Ok(());
            }
            let examination = Examination { exhibit: row.parent.clone().unwrap_or_default(), event: row.event, whole: row.state == WHOLE };
            self.examinations.insert(row.id, examination);
            Ok(())
        })?;
        desk.store.changed_since(scope, "blob", since, |row| {
            match row.parent.clone().filter(|_| !row.is_erased()) {
                Some(parent) => drop(self.members.insert(row.id.clone(), (parent, class_of(&row)?))),
                None => drop(self.members.remove(&row.id)),
            }
            Ok(())
        })?;
        self.seen = size;
        Ok(())
    }

    fn labels(&self, which: impl Fn(&Exhibit) -> bool) -> BTreeSet<String> {
        self.exhibits.values().filter(|exhibit| which(exhibit)).map(|exhibit| exhibit_label(exhibit.number)).collect()
    }

    /// The restricted exhibits.
    pub fn restricted(&self) -> BTreeSet<String> {
        self.labels(|exhibit| exhibit.class.is_restricted())
    }

    /// The exhibits that are personal and sensitive.
    pub fn sensitive(&self) -> BTreeSet<String> {
        self.labels(|exhibit| exhibit.class == ExhibitClass::PersonalSensitive)
    }

    /// By exhibit: its newest examination with the event that wrote it, its id, and whether it went to the end.
    pub fn newest_examinations(&self) -> BTreeMap<String, (u64, String, bool)> {
        let mut newest: BTreeMap<String, (u64, String, bool)> = BTreeMap::new();
        for (id, one) in &self.examinations {
            let known = newest.entry(one.exhibit.clone()).or_insert((one.event, id.clone(), one.whole));
            if one.event >= known.0 {
                *known = (one.event, id.clone(), one.whole);
            }
        }
        newest
    }

    /// Labels of the exhibits with bytes that no examination has gone through to the end, by number: an answer says nothing
    /// about them.
    pub fn unsearched(&self) -> Vec<String> {
        let newest = self.newest_examinations();
        let without = |(id, exhibit): &(&String, &Exhibit)| exhibit.has_bytes && (exhibit.class.is_restricted() || !newest.get(*id).is_some_and(|(.., whole)| *whole));
        let mut numbers: Vec<i64> = self.exhibits.iter().filter(without).map(|(_, exhibit)| exhibit.number).collect();
        numbers.sort_unstable();
        numbers.into_iter().map(exhibit_label).collect()
    }

    /// Numbers of the exhibits with bytes that were never examined, and that an examination may open.
    pub fn unexamined(&self) -> Vec<i64> {
        let begun: BTreeSet<&str> = self.examinations.values().map(|one| one.exhibit.as_str()).collect();
        let without = |(id, exhibit): &(&String, &Exhibit)| exhibit.has_bytes && !exhibit.class.is_restricted() && !begun.contains(id.as_str());
        let mut numbers: Vec<i64> = self.exhibits.iter().filter(without).map(|(_, exhibit)| exhibit.number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Restricted members of exhibits, each with its class and the exhibit that it was unpacked from: the stricter of its own
    /// class and that of what it was taken out of.
    pub fn restricted_members(&self) -> Result<Vec<(BlobId, ExhibitClass, String)>, StoreError> {
        let mut members = Vec::new();
        for (id, (examination, class)) in &self.members {
            let Some(exhibit) = self.examinations.get(examination).and_then(|one| self.exhibits.get(&one.exhibit)) else { continue };
            let class = (*class).max(exhibit.class);
            if class.is_restricted() {
                members.push((id.parse().map_err(StoreError::damaged)?, class, exhibit_label(exhibit.number)));
            }
        }
        Ok(members)
    }
}

impl Desk {
    /// Asks what is known of a case, as it stands now.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub(crate) fn classes<T>(&self, scope: &Scope, ask: impl FnOnce(&Known) -> T) -> Result<T, StoreError> {
        let of_case = Arc::clone(held(&self.memory).entry(scope.case().clone()).or_default());
        let mut known = held(&of_case);
        known.refresh(self, scope).inspect_err(|_| {
            // Half of what changed is no picture of the case: it is read anew at the next question.
            held(&self.memory).remove(scope.case());
        })?;
        Ok(ask(&known))
    }
}
