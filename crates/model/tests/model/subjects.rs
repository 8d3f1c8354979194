//! Law 10 as values: what a name is found in, who decides an erasure, and what stands against it.

use std::collections::BTreeSet;

use model::{
    Law,
    id::{ActorId, AuthorityId},
    subject::{Category, ErasureState, Question, Schedule, Subject, checked_name, may_decide, may_destroy},
};
use proptest::prelude::*;

fn person(names: &[&str]) -> Subject {
    let day = model::Moment::from_micros(0);
    Subject {
        names: names.iter().map(|name| (*name).to_string()).collect::<BTreeSet<_>>(),
        category: Category::Unknown,
        review: day,
        erase: day,
        extensions: vec![],
        linked: Default::default(),
        kept: Default::default(),
        hold: None,
    }
}

#[test]
fn law_10_a_name_is_found_in_any_letter_case_and_a_short_one_only_as_a_word() {
    let check = |name: &str, text: &str, expected: bool| assert_eq!(person(&[name]).named_in(text), expected, "{name:?} in {text:?}");
    check("Somchai Dao", "mail of SOMCHAI\u{a0}\n  dao, 2 pages", true);
    check("Somchai Dao", "Somchai the other", false);
    check("Ann", "annex 3", false);
    check("Ann", "said ANN.", true);
    check("\u{0eaa}\u{0ebb}", "x\u{0eaa}\u{0ebb}y", true);
    check("\u{0130}stanbul", "in \u{0130}STANBUL", true);
    check("+85620555", "call +85620555 now", true);
    for short in ["", " ", "Li", "a b"].iter().filter(|name| name.trim().len() < 3) {
        assert!(checked_name(short).is_err(), "{short:?}");
    }
}

#[test]
fn law_10_bytes_are_searched_in_the_spellings_that_people_write() {
    let spellings = person(&["\u{418}\u{432}\u{430}\u{43d} Dao"]).mentions().spellings();
    for spelling in ["\u{418}\u{432}\u{430}\u{43d} Dao", "\u{438}\u{432}\u{430}\u{43d} dao", "\u{418}\u{412}\u{410}\u{41d} DAO"] {
        assert!(spellings.contains(spelling), "{spelling}");
    }
    assert!(person(&["\u{438}\u{432}\u{430}\u{43d} dao"]).mentions().spellings().contains("\u{418}\u{432}\u{430}\u{43d} Dao"));
}

#[test]
fn law_10_a_text_without_the_name_keeps_everything_else_as_it_was() {
    let check = |text: &str, expected: Option<&str>| assert_eq!(person(&["Somchai Dao", "Ann"]).mentions().replaced_in(text, "S-0001").as_deref(), expected);
    check("Case of SOMCHAI  Dao and Ann, Annex B", Some("Case of S-0001 and S-0001, Annex B"));
    check("  Somchai\tDao", Some("  S-0001"));
    check("nobody  Here", None);
    check("\u{1f98a} Ann \u{1f98a}", Some("\u{1f98a} S-0001 \u{1f98a}"));
}

#[test]
fn law_10_a_letter_is_one_in_all_its_cases() {
    // Greek: a sigma at the end of a word, in capitals and in small letters; German sharp s; a long s; two Kelvin signs.
    for (name, text) in [
        ("Γιώργος", "said ΓΙΏΡΓΟΣ."),
        ("ΓΙΏΡΓΟΣ", "said Γιώργος."),
        ("Γιώργος Νικολάου", "ΓΙΏΡΓΟΣ\u{a0}ΝΙΚΟΛΆΟΥ"),
        ("ΣΟΦΟΣ", "Σοφος, σοφοσ"),
        ("Groß", "GROSS"),
        ("Groß", "GRO\u{1e9e}"),
        ("Wasser", "Wa\u{17f}\u{17f}er"),
        ("Kelvin", "\u{212a}ELVIN"),
        ("\u{0130}stanbul", "\u{0130}STANBUL"),
    ] {
        let subject = person(&[name]);
        assert!(subject.named_in(text), "{name} in {text}");
        let replaced = subject.mentions().replaced_in(text, "S-0001").unwrap_or_else(|| panic!("{name} stays in {text}"));
        assert!(!subject.named_in(&replaced), "{text} -> {replaced}");
        assert!(replaced.contains("S-0001"));
    }
    // In bytes the small letters of a name that was typed in capitals end as people write them.
    let spellings = person(&["ΓΙΏΡΓΟΣ"]).mentions().spellings();
    assert!(spellings.contains("γιώργος") && spellings.contains("Γιώργος"), "{spellings:?}");
}

proptest! {
    #[test]
    fn of_any_letters_none_names_the_person_after_his_name_was_replaced(name in "\\p{L}{5,9}", capitals in any::<bool>()) {
        let subject = person(&[&name]);
        let written = if capitals { name.to_uppercase() } else { name.to_lowercase() };
        let text = format!("before {written} after");
        prop_assert!(subject.named_in(&text), "{name:?} in {text:?}");
        let replaced = subject.mentions().replaced_in(&text, "S-0001").unwrap();
        prop_assert!(!subject.named_in(&replaced), "{text:?} -> {replaced:?}");
    }

    #[test]
    fn law_10_no_text_names_the_person_after_his_name_was_replaced(before in "\\PC{0,30}", after in "\\PC{0,30}", name in "[A-Za-z\u{0e81}-\u{0e8a}]{5,9}") {
        let subject = person(&[&name]);
        let text = format!("{before}{}{after}", name.to_uppercase());
        prop_assert!(subject.named_in(&text));
        let replaced = subject.mentions().replaced_in(&text, "S-0001").unwrap();
        prop_assert!(!subject.named_in(&replaced), "{text:?} -> {replaced:?}");
    }
}

struct Case {
    proposer: ActorId,
    decider: ActorId,
}

fn decide(case: &Case, change: impl FnOnce(&mut Question<'_>)) -> Result<(), String> {
    let finding = ["F-0001".to_string()];
    let mut question = Question {
        state: &ErasureState::Proposed,
        proposer: &case.proposer,
        decider: &case.decider,
        case_hold: false,
        court_process: true,
        person_hold: false,
        despite_process: Some("the court gave it back"),
        exculpatory: &finding,
        exculpatory_check: "read",
        despite_exculpatory: true,
    };
    change(&mut question);
    may_decide(&question).map_err(|refusal| {
        assert_eq!(refusal.law, Law::Erasure);
        refusal.text
    })
}

#[test]
fn law_10_an_erasure_is_decided_by_another_person_after_every_check() {
    let actor = |n: u8| ActorId::from_random([n; 16]);
    let case = Case { proposer: actor(1), decider: actor(2) };
    assert_eq!(decide(&case, |_| ()), Ok(()));
    let refused = |words: &str, change: &dyn Fn(&mut Question<'_>)| {
        let text = decide(&case, |question| change(question)).unwrap_err();
        assert!(text.contains(words), "{text}");
    };
    refused("legal hold", &|q| q.case_hold = true);
    refused("hold is set for this person", &|q| q.person_hold = true);
    refused("before a court", &|q| q.despite_process = None);
    refused("before a court", &|q| q.despite_process = Some("  "));
    refused("speaks for a suspect", &|q| q.despite_exculpatory = false);
    refused("--exculpatory-checked", &|q| q.exculpatory_check = " ");
    assert!(decide(&Case { proposer: actor(1), decider: actor(1) }, |_| ()).unwrap_err().contains("another person"));
    let by = actor(2);
    for state in [
        ErasureState::Decided { by: by.clone(), on: AuthorityId::from_random([3; 16]) },
        ErasureState::Purging,
        ErasureState::Done,
        ErasureState::Refused { by },
    ] {
        let text = decide(&case, |q| { let state: &'static ErasureState = Box::leak(Box::new(state.clone())); q.state = state; }).unwrap_err();
        assert!(text.contains("nothing is left to decide"), "{text}");
    }
    assert!(may_destroy(true, false).is_err() && may_destroy(false, true).is_err() && may_destroy(false, false).is_ok());
}

#[test]
fn law_10_a_schedule_says_something_of_every_category_in_the_right_order() {
    let ours = serde_json::to_vec(&Schedule::default()).unwrap();
    assert_eq!(Schedule::parse(&ours).unwrap(), Schedule::default());
    let text = String::from_utf8(ours).unwrap();
    for (from, to) in [("\"suspect\"", "\"else\""), ("365", "0"), ("1825", "1"), ("1825", "99999999"), ("{", "")] {
        assert!(Schedule::parse(text.replacen(from, to, 1).as_bytes()).is_err(), "{from} -> {to}");
    }
    for category in Category::ALL {
        assert!(Schedule::default().of(category).review_days <= Schedule::default().of(category).erase_days);
        assert_eq!(category.name().parse::<Category>(), Ok(category));
    }
}
