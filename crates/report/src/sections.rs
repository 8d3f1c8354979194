//! Headings of the papers: which statement stands under which, in the order in which they are read.
//! Decides nothing about wording; every kind of statement has exactly one heading in each template.

use model::statement::{Basis, Statement, StatementKind, Template};

use crate::draft::{Draft, Section};

type Keep = fn(&Statement, &Draft) -> bool;

/// The heading under which searches without result stand.
pub(crate) const NULL_SEARCHES: &str = "section.null-searches";
/// The heading under which remarks of those present stand; it keeps no statements.
pub(crate) const REMARKS: &str = "field.remarks";

/// Keys of the headings of a template with the statements that each keeps.
pub(crate) fn headings(template: Template) -> &'static [(&'static str, Keep)] {
    match template {
        Template::StatementOfFact => &FACT_HEADINGS,
        Template::InvestigativeRecord => &RECORD_HEADINGS,
        Template::ExpertReport => &EXPERT_HEADINGS,
    }
}

/// Where a statement is read: the number of its heading.
pub(crate) fn place(one: &Statement, draft: &Draft) -> usize {
    let headings = headings(draft.template);
    headings.iter().position(|(_, keep)| keep(one, draft)).unwrap_or(headings.len())
}

const FACT_HEADINGS: [(&str, Keep); 5] = [
    ("section.facts", |one, _| one.kind == StatementKind::Fact),
    ("section.exculpatory", |one, _| one.kind == StatementKind::Exculpatory),
    (NULL_SEARCHES, |one, _| one.kind == StatementKind::NullSearch),
    ("section.limits", |one, _| one.kind == StatementKind::Limit),
    ("section.declaration", |one, _| matches!(one.kind, StatementKind::Form | StatementKind::Opinion)),
];

/// Remarks come before the declaration, which says that they are written above.
const RECORD_HEADINGS: [(&str, Keep); 6] = [
    ("section.action", |one, _| one.kind == StatementKind::Fact),
    ("section.exculpatory", |one, _| one.kind == StatementKind::Exculpatory),
    (NULL_SEARCHES, |one, _| one.kind == StatementKind::NullSearch),
    ("section.limits", |one, _| one.kind == StatementKind::Limit),
    (REMARKS, |_, _| false),
    ("section.declaration", |one, _| matches!(one.kind, StatementKind::Form | StatementKind::Opinion)),
];

const EXPERT_HEADINGS: [(&str, Keep); 14] = [
    ("expert.qualifications", |one, draft| section_of(one, draft) == Section::Qualifications),
    ("expert.summary", |one, draft| section_of(one, draft) == Section::Summary),
    ("expert.instructions", |one, draft| section_of(one, draft) == Section::Instructions),
    ("expert.literature", |one, draft| section_of(one, draft) == Section::Literature),
    ("expert.own-knowledge", |one, draft| section_of(one, draft) == Section::OwnKnowledge),
    ("expert.tests", |one, draft| section_of(one, draft) == Section::Tests),
    ("section.facts", |one, draft| section_of(one, draft) == Section::Facts),
    (NULL_SEARCHES, |one, draft| section_of(one, draft) == Section::NullSearches),
    ("expert.opinions", |one, draft| section_of(one, draft) == Section::Opinions),
    ("section.exculpatory", |one, draft| section_of(one, draft) == Section::Exculpatory),
    ("expert.caveats", |one, draft| section_of(one, draft) == Section::Caveats),
    ("expert.reliability", |one, draft| section_of(one, draft) == Section::Reliability),
    ("expert.duty", |one, draft| section_of(one, draft) == Section::Duty),
    ("expert.truth", |one, draft| section_of(one, draft) == Section::Truth),
];

/// Headings of an expert report that may not be empty, in words, with the option that fills each.
pub(crate) const MANDATORY: [(Section, &str, &str); 5] = [
    (Section::Qualifications, "the training and experience of the author", "--qualifications"),
    (Section::Summary, "the summary of conclusions", "--summary"),
    (Section::Instructions, "the facts and material received", "--received"),
    (Section::Literature, "the writings and sources relied on, or the words that there are none", "--literature"),
    (Section::Reliability, "what is needed to judge reliability", "--reliability"),
];

/// The heading of a statement in an expert report: as told, otherwise by kind and basis.
pub(crate) fn section_of(one: &Statement, draft: &Draft) -> Section {
    let by_kind = || match (one.kind, &one.basis) {
        (StatementKind::Fact, Basis::OwnKnowledge) => Section::OwnKnowledge,
        (StatementKind::Fact, _) => Section::Facts,
        (StatementKind::NullSearch, _) => Section::NullSearches,
        (StatementKind::Opinion, _) => Section::Opinions,
        (StatementKind::Exculpatory, _) => Section::Exculpatory,
        (StatementKind::Limit, _) => Section::Caveats,
        (StatementKind::Form, _) => Section::Truth,
    };
    draft.sections.get(&one.id).copied().unwrap_or_else(by_kind)
}
