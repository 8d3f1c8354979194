//! Persons whom a case concerns: category, dates of review and erasure, names to be found by, and what stands
//! between a proposal to erase and the erasure (law 10; Directive (EU) 2016/680 art. 4 to 6).
//!
//! Pure words: no clock, no records, no keys. It refuses a name too short to be searched for, a date without a
//! reason, and an erasure that its proposer decides.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    Law, Moment,
    authorize::Refusal,
    id::{ActorId, AuthorityId},
};

/// In which relation a person stands to the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Suspected of an offence.
    Suspect,
    /// Harmed by one.
    Victim,
    /// May know something of it.
    Witness,
    /// In contact with one of the others.
    Associate,
    /// Not known yet.
    Unknown,
}

impl Category {
    /// Every category.
    pub const ALL: [Category; 5] = [Category::Suspect, Category::Victim, Category::Witness, Category::Associate, Category::Unknown];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Category::Suspect => "suspect",
            Category::Victim => "victim",
            Category::Witness => "witness",
            Category::Associate => "associate",
            Category::Unknown => "unknown",
        }
    }
}

impl std::str::FromStr for Category {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Category::ALL.into_iter().find(|category| category.name() == text).ok_or_else(|| {
            let names: Vec<_> = Category::ALL.iter().map(|category| category.name()).collect();
            format!("{text} is not a category of person: choose one of {}", names.join(", "), text = crate::quoted(text))
        })
    }
}

/// After how many days a person's data is looked at again, and after how many it is due to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Periods {
    /// Days until the first review.
    pub review_days: i64,
    /// Days until erasure is due.
    pub erase_days: i64,
}

/// The periods of an agency, by category of person. The defaults are a beginning, not the law of any state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schedule(BTreeMap<Category, Periods>);

impl Default for Schedule {
    fn default() -> Self {
        let periods = |review_days, erase_days| Periods { review_days, erase_days };
        Schedule(BTreeMap::from([
            (Category::Suspect, periods(365, 5 * 365)),
            (Category::Victim, periods(365, 3 * 365)),
            (Category::Witness, periods(365, 3 * 365)),
            (Category::Associate, periods(180, 2 * 365)),
            (Category::Unknown, periods(90, 365)),
        ]))
    }
}

impl Schedule {
    /// Reads an agency's schedule: every category, each with a review before its erasure.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &[u8]) -> Result<Schedule, String> {
        let schedule: Schedule = serde_json::from_slice(text).map_err(|e| format!("the schedule of retention cannot be read: {e}"))?;
        for category in Category::ALL {
            let periods = schedule.0.get(&category).ok_or_else(|| format!("the schedule of retention says nothing of `{}`", category.name()))?;
            if periods.review_days < 1 || periods.erase_days < periods.review_days || periods.erase_days > LONGEST_DAYS {
                return Err(format!("the periods of `{}` are not in order: at least one day, the review first, erasure within {LONGEST_DAYS} days", category.name()));
            }
        }
        Ok(schedule)
    }

    /// The periods of a category.
    pub fn of(&self, category: Category) -> Periods {
        self.0.get(&category).copied().unwrap_or(Periods { review_days: 1, erase_days: 1 })
    }
}

/// The longest that a schedule or an extension reaches, in days.
pub const LONGEST_DAYS: i64 = 50 * 366;

/// A date that was moved, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Until when.
    pub until: Moment,
    /// Why; without the person's name.
    pub reason: String,
    /// Who said so.
    pub by: ActorId,
    /// When.
    pub at: Moment,
}

/// What a case says of a person (sealed under its key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Names, aliases, numbers, addresses: what he is found by.
    pub names: BTreeSet<String>,
    /// His relation to the case.
    pub category: Category,
    /// When it must be looked at again.
    pub review: Moment,
    /// When erasure is due.
    pub erase: Moment,
    /// Dates that were moved.
    #[serde(default)]
    pub extensions: Vec<Extension>,
    /// Numbers of exhibits and findings that were linked to him by hand, and why.
    #[serde(default)]
    pub linked: BTreeMap<String, String>,
    /// Numbers that concern him and are kept when the rest goes, and why: mostly items about two persons.
    #[serde(default)]
    pub kept: BTreeMap<String, String>,
    /// Why nothing of his may be destroyed, while that holds.
    #[serde(default)]
    pub hold: Option<String>,
}

impl Subject {
    /// Whether a text names him.
    pub fn named_in(&self, text: &str) -> bool {
        self.mentions().found_in(text)
    }

    /// His names, ready to be looked for.
    pub fn mentions(&self) -> Mentions {
        Mentions { folded: self.names.iter().map(|name| folded(name)).collect(), typed: self.names.iter().cloned().collect() }
    }
}

/// Names to be looked for, folded.
#[derive(Debug, Clone)]
pub struct Mentions {
    folded: Vec<String>,
    /// As they were typed, for bytes.
    typed: Vec<String>,
}

impl Mentions {
    /// Whether one of them stands in the text, in any letter case and with any blanks. A short Latin name counts only
    /// as a word of its own: "Ann" is not in "annex".
    pub fn found_in(&self, text: &str) -> bool {
        let text = folded(text);
        self.folded.iter().any(|name| stands_in(&text, name))
    }

    /// The text with each of them replaced, or `None` when none stands in it.
    pub fn replaced_in(&self, text: &str, by: &str) -> Option<String> {
        let mut now = text.to_string();
        for name in &self.folded {
            now = replaced(&now, name, by);
        }
        (now != text).then_some(now)
    }

    /// The spellings under which they are looked for in bytes, where letters beyond ASCII cannot be folded: as typed,
    /// in small letters, in capitals, and with a capital at the beginning of each word. Capitals that were typed have
    /// small letters that end as the script ends a word.
    pub fn spellings(&self) -> BTreeSet<String> {
        self.typed.iter().flat_map(|name| [name.clone(), name.to_lowercase(), name.to_uppercase(), capitals(name)]).collect()
    }
}

/// A text with every place of a folded name replaced, and the rest as it was written.
fn replaced(text: &str, name: &str, by: &str) -> String {
    // The folded text, and for each byte of it where its letter begins in the text.
    let (mut small, mut places) = (String::new(), Vec::new());
    for (at, letter) in text.char_indices() {
        if letter.is_whitespace() {
            if small.is_empty() || small.ends_with(' ') {
                continue;
            }
            small.push(' ');
        } else {
            small.extend(folded_letter(letter));
        }
        places.resize(small.len(), at);
    }
    let (mut out, mut done) = (String::new(), 0);
    for from in places_of(&small, name) {
        let begin = places[from];
        if begin < done {
            continue;
        }
        out.push_str(&text[done..begin]);
        out.push_str(by);
        let last = places[from + name.len() - 1];
        done = last + text[last..].chars().next().map_or(0, char::len_utf8);
    }
    out.push_str(&text[done..]);
    out
}

/// Shorter than this, a Latin name is looked for as a whole word only.
const SHORT: usize = 5;

fn stands_in(text: &str, name: &str) -> bool {
    !places_of(text, name).is_empty()
}

/// Where a folded name stands in a folded text.
fn places_of(text: &str, name: &str) -> Vec<usize> {
    let whole = name.len() < SHORT && name.is_ascii();
    let apart = |at: usize| {
        let word = |letter: char| letter.is_alphanumeric();
        !text[..at].chars().next_back().is_some_and(word) && !text[at + name.len()..].chars().next().is_some_and(word)
    };
    text.match_indices(name).map(|(at, _)| at).filter(|at| !whole || apart(*at)).collect()
}

/// Letters folded one by one, single blanks.
pub fn folded(text: &str) -> String {
    let letters: String = text.chars().flat_map(folded_letter).collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The one spelling of a letter in all its cases: small, capital, small again. So the two small sigmas of Greek are
/// one letter, a sharp s is two, and no letter depends on what stands beside it, as it does in `str::to_lowercase`.
fn folded_letter(letter: char) -> impl Iterator<Item = char> {
    letter.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

fn capitals(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + &word.to_lowercase()[first.to_lowercase().map(char::len_utf8).sum()..])
    };
    name.split(' ').map(word).collect::<Vec<String>>().join(" ")
}

/// A name that can be looked for.
///
/// # Errors
/// When it is so short that it would be found everywhere.
pub fn checked_name(name: &str) -> Result<String, String> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let least = if name.is_ascii() { 3 } else { 2 };
    if name.chars().count() < least {
        return Err(format!("{name} is too short to be looked for: give the whole name, or a longer spelling", name = crate::quoted(name)));
    }
    Ok(name)
}

/// Where an erasure stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum ErasureState {
    /// Proposed; nothing was decided.
    Proposed,
    /// A second person decided on the ground of this instrument.
    Decided {
        /// Who.
        by: ActorId,
        /// The court's or prosecutor's decision.
        on: AuthorityId,
    },
    /// Contents and keys are destroyed; what is left on the disk is being removed.
    Purging,
    /// Nothing is left, and the tombstone was written.
    Done,
    /// It was not allowed.
    Refused {
        /// Who.
        by: ActorId,
    },
}

impl ErasureState {
    /// The word in the head of its row.
    pub fn name(&self) -> &'static str {
        match self {
            ErasureState::Proposed => "proposed",
            ErasureState::Decided { .. } => "decided",
            ErasureState::Purging => "purging",
            ErasureState::Done => "done",
            ErasureState::Refused { .. } => "refused",
        }
    }
}

/// What a person who decides must have before him.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Where it stands.
    pub state: &'a ErasureState,
    /// Who proposed it.
    pub proposer: &'a ActorId,
    /// Who decides.
    pub decider: &'a ActorId,
    /// Whether a legal hold is declared for the case.
    pub case_hold: bool,
    /// Whether the case is before a court.
    pub court_process: bool,
    /// Whether a hold is set for this person.
    pub person_hold: bool,
    /// What the decider says of the court process: why the proceedings do not need it.
    pub despite_process: Option<&'a str>,
    /// Findings that speak for a suspect and would go.
    pub exculpatory: &'a [String],
    /// What the decider says of them: to whom they were given, or that there are none.
    pub exculpatory_check: &'a str,
    /// Whether he said that they may go although they speak for a suspect.
    pub despite_exculpatory: bool,
}

/// Whether the erasure may be decided.
///
/// # Errors
/// The law, what is missing, and what to do.
pub fn may_decide(question: &Question<'_>) -> Result<(), Refusal> {
    let refuse = |text: String| Err(Refusal { law: Law::Erasure, text });
    if *question.state != ErasureState::Proposed {
        return refuse(format!("this erasure is {}: nothing is left to decide", question.state.name()));
    }
    if question.proposer == question.decider {
        return refuse("you proposed this erasure yourself: another person decides it".into());
    }
    may_destroy(question.case_hold, question.person_hold)?;
    if question.exculpatory_check.trim().is_empty() {
        return refuse("say what was looked at for the defence and what came of it, with --exculpatory-checked".into());
    }
    if !question.exculpatory.is_empty() && !question.despite_exculpatory {
        return refuse(format!(
            "{} speaks for a suspect and would be erased: give it to the defence first and say so with --despite-exculpatory, or keep it with `lanternfish subject keep`",
            question.exculpatory.join(", ")
        ));
    }
    if question.court_process && question.despite_process.is_none_or(|reason| reason.trim().is_empty()) {
        return refuse("the case is before a court: say with --despite-process why the court and the defence do not need this any more".into());
    }
    Ok(())
}

/// Whether anything may be destroyed at all: asked when it is decided and again when it is done.
///
/// # Errors
/// Law 10 while a hold lasts.
pub fn may_destroy(case_hold: bool, person_hold: bool) -> Result<(), Refusal> {
    let text = match (case_hold, person_hold) {
        (true, _) => "a legal hold is declared for this case: nothing in it may be destroyed",
        (_, true) => "a hold is set for this person: end it first with `lanternfish subject release`, when its reason is over",
        _ => return Ok(()),
    };
    Err(Refusal { law: Law::Erasure, text: text.into() })
}
