//! Site profiles: how the rows of one site are read, as data that anybody can read and correct.
//!
//! A profile is a TOML file with a name and a version. It says how a page of the site is known, where a row is, and
//! where each cell is inside it. It runs nothing: selectors find elements, and a cleaner takes what stands after a
//! word or before one. A profile with a word that is not known here is refused with the word, never half obeyed.
//! What it cannot say: how to get a page, how to log in, what a row means.

use std::collections::BTreeMap;

use model::listing::{Field, RowKind};
use serde::Deserialize;

use super::{price::Decimal, select::Selector};

/// The form of profiles that is read here.
pub const FORMAT: u32 = 1;

/// Longer files are no profiles.
const LONGEST_FILE: usize = 64 << 10;

/// A profile that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("profile {file}: {why}")]
pub struct ProfileError {
    file: String,
    why: String,
}

/// The profiles that pages are read with. Pure: files are read by whoever calls.
#[derive(Debug, Clone, Default)]
pub struct Profiles(pub(crate) Vec<Profile>);

impl Profiles {
    /// No profile: rows are read from the structure of the page alone.
    pub fn none() -> Self {
        Profiles::default()
    }

    /// The profiles that come with the program.
    ///
    /// ```
    /// assert!(extract::listing::Profiles::built_in().names().len() >= 3);
    /// ```
    pub fn built_in() -> Self {
        let mut profiles = Profiles::default();
        for (file, text) in BUILT_IN {
            profiles.add(file, text).expect("a test reads every profile of this folder");
        }
        profiles
    }

    /// Adds a profile from the text of its file. One of the same name takes the place of the older one.
    ///
    /// # Errors
    /// When it is not a profile of this form: which line, and what was expected.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), ProfileError> {
        let profile = Profile::read(text).map_err(|why| ProfileError { file: file.to_owned(), why })?;
        self.0.retain(|other| other.name != profile.name);
        self.0.push(profile);
        self.0.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    /// Name and version of each.
    pub fn names(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|p| (p.name.as_str(), p.version.as_str())).collect()
    }
}

macro_rules! built_in {
    ($($file:literal),* $(,)?) => {
        const BUILT_IN: &[(&str, &str)] = &[$(($file, include_str!(concat!("../../profiles/", $file)))),*];
    };
}

built_in!("cypher-market.toml", "mybb.toml", "phpbb.toml", "smf.toml", "white-house-market.toml", "yellow-brick.toml");

/// A profile, understood.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub name: String,
    pub version: String,
    pub kind: RowKind,
    pub matches: Matches,
    pub item: Selector,
    pub fields: Vec<(Field, Rule)>,
}

/// How a page of the site is known: all of it must hold.
#[derive(Debug, Clone)]
pub(crate) struct Matches {
    /// Ends of the host's name; only asked when the address of the page is known.
    pub hosts: Vec<String>,
    pub title: Option<String>,
    pub select: Vec<Selector>,
}

/// How one cell is read.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub written: String,
    pub select: Selector,
    pub nth: usize,
    pub attribute: Option<String>,
    pub page: bool,
    pub own: bool,
    pub all: bool,
    pub leave: Option<Selector>,
    pub after: Option<String>,
    pub before: Option<String>,
    pub currency: Option<&'static str>,
    pub decimal: Decimal,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    name: String,
    version: String,
    #[serde(default = "listing")]
    kind: RowKind,
    #[allow(dead_code, reason = "for people who read the file")]
    #[serde(default)]
    about: String,
    matches: FileMatches,
    item: String,
    fields: BTreeMap<Field, FileField>,
}

fn listing() -> RowKind {
    RowKind::Listing
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileMatches {
    #[serde(default)]
    hosts: Vec<String>,
    title: Option<String>,
    #[serde(default)]
    select: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileField {
    #[serde(default = "scope")]
    select: String,
    #[serde(default = "first")]
    nth: usize,
    attribute: Option<String>,
    /// Looked for in the whole page, not in the row.
    #[serde(default)]
    page: bool,
    /// Only the text that stands directly in the element.
    #[serde(default)]
    own: bool,
    /// Every match is a cell, not only the nth.
    #[serde(default)]
    all: bool,
    /// Elements whose text is left out.
    leave: Option<String>,
    after: Option<String>,
    before: Option<String>,
    currency: Option<String>,
    decimal: Option<FileDecimal>,
}

fn scope() -> String {
    ":scope".into()
}

fn first() -> usize {
    1
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FileDecimal {
    Point,
    Comma,
}

impl Profile {
    fn read(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST_FILE {
            return Err(format!("more than {LONGEST_FILE} bytes; a profile is shorter"));
        }
        let file: File = toml::from_str(text).map_err(|e| e.to_string().trim_end().to_owned())?;
        if file.format != FORMAT {
            return Err(format!("format is {}, and this version reads format {FORMAT}", file.format));
        }
        let is_name = |name: &str| !name.is_empty() && name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
        if !is_name(&file.name) || !is_name(&file.version) {
            return Err("name and version are words of at most 64 letters, digits, - . _".into());
        }
        if file.matches.select.is_empty() && file.matches.title.is_none() {
            return Err("[matches] needs select or title: without them every page would be taken for this site".into());
        }
        if file.fields.is_empty() {
            return Err("there is no field; add one such as [fields.title]".into());
        }
        let select = |text: &String| text.parse::<Selector>();
        Ok(Profile {
            name: file.name,
            version: file.version,
            kind: file.kind,
            matches: Matches {
                hosts: file.matches.hosts.iter().map(|h| h.to_ascii_lowercase()).collect(),
                title: file.matches.title,
                select: file.matches.select.iter().map(select).collect::<Result<_, _>>()?,
            },
            item: select(&file.item)?,
            fields: file.fields.into_iter().map(|(field, rule)| Ok((field, rule.understood(field)?))).collect::<Result<_, String>>()?,
        })
    }
}

impl FileField {
    fn understood(self, field: Field) -> Result<Rule, String> {
        let about = |why: String| format!("[fields.{}]: {why}", field.name());
        let currency = self.currency.map(|code| {
            super::price::code_named(&code).ok_or_else(|| about(format!("currency {code:?} is not a code that is known here, such as USD or BTC")))
        });
        if self.nth == 0 {
            return Err(about("nth counts from 1".into()));
        }
        Ok(Rule {
            select: self.select.parse().map_err(about)?,
            written: self.select,
            nth: self.nth,
            attribute: self.attribute,
            page: self.page,
            own: self.own,
            all: self.all,
            leave: self.leave.map(|text| text.parse()).transpose().map_err(about)?,
            after: self.after,
            before: self.before,
            currency: currency.transpose()?,
            decimal: match self.decimal {
                None => Decimal::Auto,
                Some(FileDecimal::Point) => Decimal::Point,
                Some(FileDecimal::Comma) => Decimal::Comma,
            },
        })
    }
}
