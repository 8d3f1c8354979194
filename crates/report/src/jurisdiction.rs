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
    /// Printed name.
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
}

/// Not in the built-in list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the jurisdiction {0:?} is not known: choose one of {1}")]
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
        serde_json::from_str(include_str!("../jurisdictions.json")).expect("the list is tested")
    }

    /// Local date and time in the calendar of the jurisdiction, then UTC, so that no year is read twice.
    pub(crate) fn print(&self, moment: Moment, language: Language) -> Result<String, DateError> {
        let civil = moment.civil(&self.zone, self.calendar)?;
        let utc = moment.to_string();
        let utc = utc.get(..19).unwrap_or(&utc);
        Ok(format!("{} · {utc}Z", name_era(&civil, language.wording().get("era.buddhist"))))
    }
}

/// `22/11/2569 BE 09:00` → `22/11/พ.ศ. 2569 09:00`, in the words of the language.
fn name_era(civil: &str, era: &str) -> String {
    let Some((before, after)) = civil.split_once(" BE") else { return civil.to_string() };
    match before.rsplit_once('/') {
        Some((day, year)) => format!("{day}/{era} {year}{after}"),
        None => civil.to_string(),
    }
}
