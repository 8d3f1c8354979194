//! Languages of a report and their fixed wording. The wording is data (`languages/*.json`): machine
//! drafts that no lawyer or translator has checked, and every page one says so.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use model::actor::Role;
use serde::{Deserialize, Serialize};

/// A language in which a report can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// Khmer.
    Km,
    /// Lao.
    Lo,
    /// Burmese.
    My,
    /// Russian.
    Ru,
    /// Thai.
    Th,
    /// Vietnamese.
    Vi,
    /// Chinese, simplified.
    Zh,
}

/// Not a language of this house.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the language {} is not known: choose en, km, lo, my, ru, th, vi or zh", model::quoted(.0))]
pub struct UnknownLanguage(pub String);

impl Language {
    /// Every language.
    pub const ALL: [Language; 8] = [
        Language::En, Language::Km, Language::Lo, Language::My, Language::Ru, Language::Th, Language::Vi, Language::Zh,
    ];

    /// The ISO 639-1 code.
    pub fn code(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Km => "km",
            Language::Lo => "lo",
            Language::My => "my",
            Language::Ru => "ru",
            Language::Th => "th",
            Language::Vi => "vi",
            Language::Zh => "zh",
        }
    }

    /// Whether no lawyer or translator has checked the fixed wording. True for every language today.
    pub fn unreviewed(self) -> bool {
        true
    }

    /// The font families in order of preference; all are always there, so mixed scripts print.
    pub(crate) fn fonts(self) -> Vec<&'static str> {
        let own = match self {
            Language::Km => "Noto Sans Khmer",
            Language::Lo => "Noto Sans Lao",
            Language::My => "Noto Sans Myanmar",
            Language::Th => "Noto Sans Thai",
            Language::Zh => "Noto Sans SC",
            Language::En | Language::Ru | Language::Vi => "Noto Sans",
        };
        // Chinese first in Chinese, because both fonts have quotation marks of different width.
        let first = if self == Language::Zh { [own, "Noto Sans"] } else { ["Noto Sans", own] };
        let all = ["Noto Sans Lao", "Noto Sans Thai", "Noto Sans Khmer", "Noto Sans Myanmar", "Noto Sans SC", "Noto Sans Mono"];
        let mut order = Vec::new();
        for family in first.into_iter().chain(all) {
            if !order.contains(&family) {
                order.push(family);
            }
        }
        order
    }

    /// Space between lines in em: scripts that stack marks above and below need more.
    pub(crate) fn leading_em(self) -> f64 {
        match self {
            Language::Km | Language::My => 1.05,
            Language::Lo | Language::Th => 0.9,
            Language::Zh | Language::Vi => 0.8,
            Language::En | Language::Ru => 0.65,
        }
    }

    /// The word for a role.
    pub fn role(self, role: Role) -> &'static str {
        self.wording().get(&format!("role.{}", role.name()))
    }

    pub(crate) fn wording(self) -> Wording {
        static ALL: OnceLock<BTreeMap<&'static str, BTreeMap<String, String>>> = OnceLock::new();
        let all = ALL.get_or_init(|| {
            let read = |language: Language| {
                let words = serde_json::from_str(language.source()).expect("the wording files are tested");
                (language.code(), words)
            };
            Language::ALL.into_iter().map(read).collect()
        });
        Wording(&all[self.code()])
    }

    fn source(self) -> &'static str {
        match self {
            Language::En => include_str!("../languages/en.json"),
            Language::Km => include_str!("../languages/km.json"),
            Language::Lo => include_str!("../languages/lo.json"),
            Language::My => include_str!("../languages/my.json"),
            Language::Ru => include_str!("../languages/ru.json"),
            Language::Th => include_str!("../languages/th.json"),
            Language::Vi => include_str!("../languages/vi.json"),
            Language::Zh => include_str!("../languages/zh.json"),
        }
    }
}

impl std::str::FromStr for Language {
    type Err = UnknownLanguage;
    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        Language::ALL.into_iter().find(|language| language.code() == text).ok_or_else(|| UnknownLanguage(text.to_string()))
    }
}

/// The fixed words of one language.
#[derive(Clone, Copy)]
pub(crate) struct Wording(&'static BTreeMap<String, String>);

impl Wording {
    pub fn get(self, key: &str) -> &'static str {
        self.0.get(key).unwrap_or_else(|| panic!("the wording files are tested to have {key}"))
    }

    pub fn find(self, key: &str) -> Option<&'static str> {
        self.0.get(key).map(String::as_str)
    }

    /// The words with `{name}` replaced.
    pub fn fill(self, key: &str, parts: &[(&str, &str)]) -> String {
        parts.iter().fold(self.get(key).to_string(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    pub fn all(self) -> &'static BTreeMap<String, String> {
        self.0
    }
}
