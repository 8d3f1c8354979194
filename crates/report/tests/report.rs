//! The lint of law 9, seen to refuse: one sound draft, and one small change at a time. What stands on
//! the finished paper is tested with the typesetter.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "report/sample.rs"]
mod sample;

use model::Sha256Digest;
use model::actor::Role;
use model::authority::Standing;
use model::exhibit::ExhibitClass;
use model::finding::FindingKind;
use model::statement::{Basis, StatementKind, Template};
use proptest::prelude::*;
use report::*;

fn sound(template: Template) -> Draft {
    sample::draft(template, Language::En)
}

/// Changes a sound draft and expects exactly this refusal among the reasons.
fn refused(template: Template, change: impl FnOnce(&mut Draft), expected: LintError) {
    let mut draft = sound(template);
    change(&mut draft);
    let faults = lint(&draft, &sample::known()).expect_err("the changed draft must be refused");
    assert!(faults.contains(&expected), "expected {expected:?}, got {faults:?}");
}

const FACT: Template = Template::StatementOfFact;

fn resolved(findings: &[&str], exhibits: &[&str], events: &[u64]) -> Basis {
    let own = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
    Basis::Resolved { findings: own(findings), exhibits: own(exhibits), events: events.to_vec() }
}

#[test]
fn law_09_a_sound_draft_passes_and_gains_its_legal_forms() {
    for template in Template::ALL {
        for language in Language::ALL {
            let draft = sample::draft(template, language);
            let linted = lint(&draft, &sample::known()).unwrap();
            let forms: Vec<_> = linted.draft().statements.iter().filter(|one| one.basis == Basis::LegalForm).collect();
            assert_eq!(linted.draft().statements.len(), draft.statements.len() + forms.len());
            assert!(forms.len() >= 2);
            assert_eq!(forms[0].kind, StatementKind::Limit, "the sentence on captures comes first");
        }
    }
}

#[test]
fn law_09_the_limit_of_a_capture_is_always_stated() {
    let linted = lint(&sound(FACT), &sample::known()).unwrap();
    let sentence = "does not prove that the server said it";
    assert!(linted.draft().statements.iter().any(|statement| statement.text.contains(sentence)));
}

#[test]
fn law_09_ids_are_whole_and_unique() {
    refused(FACT, |draft| draft.statements[0].id = "S-1".into(), LintError::BadId("S-1".into()));
    refused(FACT, |draft| draft.statements[0].id = "S-0001".into(), LintError::BadId("S-0001".into()));
    refused(FACT, |draft| draft.statements[0].id = "S-000".into(), LintError::BadId("S-000".into()));
    refused(FACT, |draft| draft.statements[1].id = "S-001".into(), LintError::DuplicateId("S-001".into()));
    refused(FACT, |draft| draft.statements.clear(), LintError::NoStatement);
}

#[test]
fn law_09_texts_are_there_once_and_show_what_they_are() {
    refused(FACT, |draft| draft.statements[0].text = " \u{200B}".into(), LintError::EmptyText("S-001".into()));
    let twice = |draft: &mut Draft| draft.statements[1].text = format!("{} ", draft.statements[0].text);
    refused(FACT, twice, LintError::DuplicateText("S-001".into(), "S-002".into()));
    let hidden = LintError::HiddenLetter { place: "S-001".into(), code: "U+202E".into() };
    refused(FACT, |draft| draft.statements[0].text = "a \u{202E}b".into(), hidden);
}

#[test]
fn law_09_every_statement_resolves() {
    refused(FACT, |draft| draft.statements[0].basis = resolved(&[], &[], &[]), LintError::NoBasis("S-001".into()));
    let unresolved = |missing: &str| LintError::Unresolved { id: "S-001".into(), missing: missing.into() };
    refused(FACT, |draft| draft.statements[0].basis = resolved(&["F-0099"], &[], &[]), unresolved("F-0099"));
    refused(FACT, |draft| draft.statements[0].basis = resolved(&[], &["E-0099"], &[]), unresolved("E-0099"));
    refused(FACT, |draft| draft.statements[0].basis = resolved(&[], &[], &[58]), unresolved("event 58"));
    let not_listed = LintError::NotListed { id: "S-001".into(), missing: "F-0001".into() };
    refused(FACT, |draft| drop(draft.findings.remove(0)), not_listed);
    let mention = LintError::UnknownReference { id: "S-001".into(), mentioned: "S-077".into() };
    refused(FACT, |draft| draft.statements[0].text = "as S-077 says".into(), mention);
    refused(FACT, |draft| draft.statements[0].basis = Basis::LegalForm, LintError::FactAsForm("S-001".into()));
}

#[test]
fn law_09_opinion_is_refused_in_a_statement_of_fact_and_in_a_record() {
    for template in [FACT, Template::InvestigativeRecord] {
        refused(template, |draft| draft.statements[0].kind = StatementKind::Opinion, LintError::Opinion("S-001".into()));
        let rests = |draft: &mut Draft| draft.statements[0].basis = resolved(&["F-0004"], &[], &[]);
        refused(template, rests, LintError::Opinion("S-001".into()));
        refused(template, |draft| draft.findings[0].kind = FindingKind::Opinion, LintError::Opinion("F-0001".into()));
    }
    let as_fact = |draft: &mut Draft| draft.statements[4].kind = StatementKind::Fact;
    refused(Template::ExpertReport, as_fact, LintError::Opinion("S-005".into()));
}

#[test]
fn law_09_what_speaks_for_the_suspect_must_be_listed() {
    refused(FACT, |draft| drop(draft.findings.remove(1)), LintError::ExculpatoryMissing("F-0002".into()));
    refused(FACT, |draft| draft.findings[1].exculpatory = false, LintError::ExculpatoryHidden("F-0002".into()));
    refused(FACT, |draft| drop(draft.findings.remove(2)), LintError::NullSearchMissing("F-0003".into()));
    refused(FACT, |draft| draft.null_searches.clear(), LintError::NullSearchMissing("Q-0009".into()));
    let again = |draft: &mut Draft| draft.findings.push(draft.findings[0].clone());
    refused(FACT, again, LintError::DuplicateRow("F-0001".into()));
}

#[test]
fn law_09_page_one_is_complete() {
    refused(FACT, |draft| draft.header.case_number.clear(), LintError::HeaderMissing("the case number"));
    refused(FACT, |draft| draft.header.checkpoint.root.clear(), LintError::HeaderMissing("the checkpoint's root"));
    refused(FACT, |draft| draft.header.authorities.clear(), LintError::HeaderMissing("the authority or standing basis"));
    let blank = |draft: &mut Draft| draft.header.unmet_separations.push(" ".into());
    refused(FACT, blank, LintError::HeaderMissing("the words of an unmet separation of duties"));
}

#[test]
fn each_template_asks_for_its_own_facts() {
    let record = Template::InvestigativeRecord;
    refused(record, |draft| draft.record = None, LintError::RecordMissing("place, times and participants (--place, --participant)"));
    let backwards = |draft: &mut Draft| {
        if let Some(record) = &mut draft.record {
            record.ended = record.started.plus_seconds(-1);
        }
    };
    refused(record, backwards, LintError::RecordMissing("an end that lies after its beginning"));
    let expert = Template::ExpertReport;
    let unknown = |draft: &mut Draft| draft.sections.extend([("S-088".to_string(), Section::Summary)]);
    refused(expert, unknown, LintError::SectionUnknown("S-088".into()));
    let mut zoneless = sound(FACT);
    zoneless.jurisdiction.zone = "Mars/Olympus".into();
    assert!(lint(&zoneless, &sample::known()).is_err_and(|faults| matches!(faults[..], [LintError::Zone(_)])));
}

#[test]
fn law_07_the_digest_of_a_restricted_exhibit_is_refused() {
    let restrict = |draft: &mut Draft| draft.exhibits[0].class = ExhibitClass::Privileged;
    refused(FACT, restrict, LintError::RestrictedDigest("E-0001".into()));
    let mut withheld = sound(FACT);
    restrict(&mut withheld);
    withheld.exhibits[0].digest = Digest::Withheld(Sha256Digest::commitment(&[1; 32], b"page"));
    assert!(lint(&withheld, &sample::known()).is_ok());
}

#[test]
fn law_09_an_expert_report_leaves_no_mandatory_heading_empty() {
    let options = [
        (Section::Qualifications, "--qualifications"),
        (Section::Summary, "--summary"),
        (Section::Instructions, "--received"),
        (Section::Literature, "--literature"),
        (Section::Reliability, "--reliability"),
    ];
    for (section, option) in options {
        let mut draft = sound(Template::ExpertReport);
        let id = draft.sections.iter().find(|(_, told)| **told == section).map(|(id, _)| id.clone()).unwrap();
        draft.statements.retain(|one| one.id != id);
        draft.sections.remove(&id);
        let faults = lint(&draft, &sample::known()).unwrap_err();
        assert!(faults.len() == 1 && faults[0].to_string().contains(option), "{option}: {faults:?}");
    }
}

/// The sections of the finished paper, by title.
fn section(request: &serde_json::Value, title: &str) -> serde_json::Value {
    let all = request["data"]["sections"].as_array().unwrap();
    all.iter().find(|one| one["title"] == title).unwrap_or_else(|| panic!("{title}")).clone()
}

#[test]
fn law_09_statements_are_numbered_as_they_are_read() {
    for template in Template::ALL {
        let request = lint(&sound(template), &sample::known()).unwrap().request();
        let sections = request["data"]["sections"].as_array().unwrap();
        let ids: Vec<&str> = sections.iter().flat_map(|one| one["statements"].as_array().unwrap()).map(|one| one["id"].as_str().unwrap()).collect();
        let expected: Vec<String> = (1..=ids.len()).map(|n| format!("S-{n:03}")).collect();
        assert_eq!(ids, expected, "{template:?}");
    }
}

#[test]
fn law_09_facts_and_opinions_stand_under_their_own_headings() {
    let request = lint(&sound(Template::ExpertReport), &sample::known()).unwrap().request();
    assert_eq!(section(&request, "Who carried out each examination, and how")["statements"], serde_json::json!([]));
    assert_eq!(section(&request, "Facts")["statements"].as_array().unwrap().len(), 1);
    let opinion = &section(&request, "Opinion, and the range of other opinions")["statements"][0];
    assert_eq!(opinion["counter"], "the page may have been copied from elsewhere");
}

#[test]
fn law_09_a_search_without_result_is_never_none() {
    let words = |draft: &Draft| lint(draft, &sample::known()).unwrap().request();
    let request = words(&sound(FACT));
    let searches = &request["data"]["findings"]["searches"];
    let numbers: Vec<&str> = searches.as_array().unwrap().iter().map(|row| row["number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["F-0003", "Q-0009"]);
    assert!(searches[0]["rows"].to_string().contains("by hand; no logged search"));
    let stated = section(&request, "Searches without result");
    assert!(stated["statements"][0]["basis"].as_str().unwrap().ends_with("by hand; no logged search"));
    assert_eq!(stated["lines"], serde_json::json!(["Listed under “Findings”: Q-0009."]));

    let mut asked = sound(FACT);
    asked.findings[2].queries = vec![21];
    let request = words(&asked);
    assert!(!request.to_string().contains("\"by hand; no logged search\"]"));
    assert!(request["data"]["findings"]["searches"][0]["rows"].to_string().contains("event no. 21"));

    // One that speaks for the suspect stands there, and the heading says so.
    let mut apart = sound(FACT);
    apart.findings[2].exculpatory = true;
    apart.statements[2].kind = StatementKind::Exculpatory;
    let stated = section(&words(&apart), "Searches without result");
    assert_eq!(stated["lines"][0], "Listed under “What speaks for the suspect”: F-0003.");
}

#[test]
fn law_09_a_finding_rests_on_searches_that_found_nothing_only() {
    let fault = |finding: &str, event| LintError::NotASearch { finding: finding.into(), event };
    refused(FACT, |draft| draft.findings[2].queries = vec![21, 22], fault("F-0003", 22));
    refused(FACT, |draft| draft.findings[0].queries = vec![21], fault("F-0001", 21));
}

/// Page one of a draft whose only authority is worth this.
fn authority(standing: Standing, language: Language) -> String {
    let mut draft = sample::draft(FACT, language);
    draft.header.authorities[0].instrument.as_mut().unwrap().standing = standing;
    let request = lint(&draft, &sample::known()).unwrap().request();
    let front = request["data"]["front"].as_array().unwrap().iter();
    let label = if language == Language::Th { "คำสั่งอนุญาต" } else { "Authority" };
    front.into_iter().find(|pair| pair[0] == label).unwrap()[1][0].as_str().unwrap().to_string()
}

#[test]
fn law_01_page_one_says_what_an_authority_is_worth_when_the_report_is_made() {
    let at = sample::moment("2026-11-21T17:00:00Z");
    let period = "from 01/11/2026 17:00 (UTC) until 21/11/2026 17:00 (UTC)";
    for (standing, word) in [
        (Standing::Recorded, "recorded, not in force"),
        (Standing::NotBegun, "not begun yet"),
        (Standing::Live, "live"),
        (Standing::Ended { at }, "ended 21/11/2026 17:00 (UTC)"),
        (Standing::Revoked { at }, "revoked 21/11/2026 17:00 (UTC)"),
    ] {
        let line = authority(standing, Language::En);
        assert!(line.ends_with(&format!("; court order; {word}; {period}")), "{line}");
    }
    let thai = authority(Standing::Ended { at }, Language::Th);
    assert!(thai.contains("คำสั่งศาล; สิ้นสุดเมื่อ 22/11/2569 (พ.ศ.) 00:00 (Asia/Bangkok)"), "{thai}");
}

#[test]
fn law_04_the_author_signs_once_and_remarks_stand_above_the_declaration() {
    let mut draft = sound(Template::InvestigativeRecord);
    draft.record.as_mut().unwrap().remarks = vec!["I was not shown the screen.".into()];
    let data = lint(&draft, &sample::known()).unwrap().request()["data"].clone();
    assert!(!data["signers"].to_string().contains("S. Example") && data["signers"].to_string().contains("K. Sample"));
    let titles: Vec<&str> = data["sections"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert_eq!(titles[titles.len() - 2..], ["Remarks and objections", "Declaration"]);
    assert_eq!(data["sections"][4]["lines"], serde_json::json!(["I was not shown the screen."]));
}

#[test]
fn dates_are_in_the_calendar_of_the_jurisdiction() {
    let printed = |language| lint(&sample::draft(FACT, language), &sample::known()).unwrap().request().to_string();
    let thai = printed(Language::Th);
    assert!(thai.contains(r#"["22/11/2569 (พ.ศ.) 09:00 (Asia/Bangkok)","2026-11-22T02:00:00Z"]"#));
    assert!(!thai.contains("/พ.ศ.") && !thai.contains(" BE "), "one form of a date");
    assert!(printed(Language::Lo).contains("22/11/2026 09:00 (Asia/Vientiane)"));
    assert!(printed(Language::Ru).contains("22/11/2026 07:00 (Asia/Almaty)"));
}

#[test]
fn every_role_kind_event_and_country_has_its_word() {
    for language in Language::ALL.into_iter().filter(|language| *language != Language::En) {
        let mut draft = sample::draft(FACT, language);
        draft.header.officer.role = Role::ExhibitOfficer;
        let request = lint(&draft, &sample::known()).unwrap().request();
        let (front, custody) = (request["data"]["front"].to_string(), request["data"]["custody"].to_string());
        for english in ["exhibit-officer", "court-order", "ended", &draft.jurisdiction.name] {
            assert!(!front.contains(english), "{language:?}: {front}");
        }
        assert!(!custody.contains("transfer-") && !custody.contains("interim-") && !custody.contains("reassigned"), "{custody}");
        assert!(Role::ALL.into_iter().all(|role| language.role(role) != role.name()));
    }
}

#[test]
fn every_language_has_every_word_and_the_same_gaps() {
    let words = |language: Language| -> std::collections::BTreeMap<String, String> {
        let file = format!("{}/languages/{}.json", env!("CARGO_MANIFEST_DIR"), language.code());
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
    };
    let gaps = |text: &str| {
        let mut gaps: Vec<String> = text.split('{').skip(1).map(|part| part.split('}').next().unwrap().to_string()).collect();
        gaps.sort();
        gaps
    };
    let english = words(Language::En);
    for language in Language::ALL {
        let own = words(language);
        assert_eq!(own.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{language:?}");
        for (key, text) in &own {
            assert_eq!(gaps(text), gaps(&english[key]), "{language:?} {key}");
            assert!(!text.trim().is_empty(), "{language:?} {key}");
        }
        assert!(language.unreviewed());
        assert_eq!(language.code().parse(), Ok(language));
    }
    assert!("xx".parse::<Language>().is_err());
}

#[test]
fn built_in_jurisdictions_print_dates() {
    for (code, jurisdiction) in Jurisdiction::built_in() {
        let mut draft = sound(FACT);
        draft.jurisdiction = jurisdiction;
        assert!(lint(&draft, &sample::known()).is_ok(), "{code}");
    }
    assert!(Jurisdiction::named("nowhere").unwrap_err().to_string().contains("training"));
}

#[test]
fn a_jurisdiction_brings_its_own_legal_text() {
    let mut draft = sound(FACT);
    draft.jurisdiction.forms.insert("form.truth".into(), "I so declare under article 1.".into());
    let linted = lint(&draft, &sample::known()).unwrap();
    assert!(linted.draft().statements.iter().any(|statement| statement.text == "I so declare under article 1."));
}

#[test]
fn the_same_draft_gives_the_same_request() {
    let request = || lint(&sound(FACT), &sample::known()).unwrap().request();
    assert_eq!(request(), request());
}

proptest! {
    /// Whatever a statement names, it passes only when the case holds all of it and the tables list it.
    #[test]
    fn law_09_nothing_unknown_ever_passes(finding in 1u32..9, exhibit in 1u32..5, event in 1u64..99) {
        let mut draft = sound(FACT);
        let (finding, exhibit) = (format!("F-{finding:04}"), format!("E-{exhibit:04}"));
        draft.statements[0].basis = resolved(&[&finding], &[&exhibit], &[event]);
        let known = sample::known();
        let listed = draft.findings.iter().any(|row| row.number == finding)
            && draft.exhibits.iter().any(|row| row.number == exhibit);
        let held = listed && known.events.contains(&event);
        prop_assert_eq!(lint(&draft, &known).is_ok(), held);
    }

    /// A paper text that is not the paper never passes, and never panics.
    #[test]
    fn law_09_other_text_never_passes(text in "\\PC{0,300}") {
        let linted = lint(&sound(FACT), &sample::known()).unwrap();
        prop_assert!(check_text(&text, &linted).is_err());
    }
}
