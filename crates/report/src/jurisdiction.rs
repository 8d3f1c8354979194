//! What a jurisdiction asks of a paper: calendar, zone, and legal wording that replaces the neutral
//! forms. Data; the built-in list is a start that a lawyer of the place must check.

use std::collections::BTreeMap;

use model::Moment;
use model::moment::{Calendar, DateError};
use serde::{Deserialize, Serialize};

use crate::language::Language;

/// One jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jurisdiction {
    /// Short name, by which the wording files know its printed name.
    #[serde(default)]
    pub code: String,
    /// Name in English, printed where the wording of a language has none.
    pub name: String,
    /// Calendar of its courts.
    pub calendar: Calendar,
    /// IANA time zone in which times are printed.
    pub zone: String,
    /// Usual language of its courts.
    pub language: Language,
    /// Legal texts that replace neutral forms: keys `form.capture`, `form.fact`, `form.truth`,
    /// `form.duty`, `form.record`. The meaning of `form.capture` must stay.
    #[serde(default)]
    pub forms: BTreeMap<String, String>,
    /// What a person of the place must still confirm; printed nowhere.
    #[serde(default)]
    pub confirm: Option<String>,
}

/// Not in the built-in list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the jurisdiction {name} is not known: choose one of {1}", name = model::quoted(.0))]
pub struct UnknownJurisdiction(pub String, pub String);

impl Jurisdiction {
    /// A built-in jurisdiction by its short name (`la`, `th`, … or `training`).
    ///
    /// # Errors
    /// [`UnknownJurisdiction`], which lists the names.
    ///
    /// ```
    /// assert_eq!(report::Jurisdiction::named("la").unwrap().zone, "Asia/Vientiane");
    /// assert!(report::Jurisdiction::named("xx").is_err());
    /// ```
    pub fn named(code: &str) -> Result<Self, UnknownJurisdiction> {
        let mut all = Self::built_in();
        let names = all.keys().cloned().collect::<Vec<_>>().join(", ");
        all.remove(code).ok_or_else(|| UnknownJurisdiction(code.to_string(), names))
    }

    /// Every built-in jurisdiction by short name.
    pub fn built_in() -> BTreeMap<String, Jurisdiction> {
        let all: BTreeMap<String, Jurisdiction> =
            serde_json::from_str(include_str!("../jurisdictions.json")).expect("the list is tested");
        all.into_iter().map(|(code, one)| (code.clone(), Jurisdiction { code, ..one })).collect()
    }

    /// Local date and time in the calendar of the jurisdiction, in the one form that every paper uses:
    /// `26/11/2569 (พ.ศ.) 09:00 (Asia/Bangkok)`. Page one and the custody log add UTC, so that no year is
    /// read twice.
    ///
    /// # Errors
    /// When the time zone is not known.
    pub fn print(&self, moment: Moment, language: Language) -> Result<String, DateError> {
        let civil = moment.civil(&self.zone, self.calendar)?;
        Ok(civil.replacen(" BE ", &format!(" ({}) ", language.wording().get("era.buddhist")), 1))
    }

    /// The name in a language.
    pub(crate) fn printed_name(&self, language: Language) -> &str {
        language.wording().find(&format!("jurisdiction.{}", self.code)).unwrap_or(&self.name)
    }
}

/// `2026-11-26T02:00:00Z`.
pub(crate) fn utc(moment: Moment) -> String {
    let text = moment.to_string();
    format!("{}Z", text.get(..19).unwrap_or(&text))
}
