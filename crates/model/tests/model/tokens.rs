//! What a token may do, and what is given to none (laws 1, 13).

use model::{
    Law, Moment,
    id::{AuthorityId, CaseId},
    token::{Binding, MAY_BE_GIVEN, Said, WITHOUT_A_CASE, may_be_given, purpose, steps},
};

fn binding(steps: &[&str]) -> Binding {
    Binding {
        token: "tok-1".into(),
        case: CaseId::from_random([1; 16]),
        authority: AuthorityId::from_random([2; 16]),
        purpose: "to count what came in".into(),
        steps: steps.iter().map(ToString::to_string).collect(),
        until: Moment::from_micros(0),
    }
}

fn said(step: &str, purpose: Option<&str>, fields: &[&str]) -> Said {
    let fields = fields.iter().chain(&["case"]).map(ToString::to_string).collect();
    Said { step: step.into(), purpose: purpose.map(str::to_string), fields }
}

#[test]
fn law_01_a_token_takes_the_steps_that_it_was_given_and_no_other() {
    let token = binding(&["exhibit/list", "transfer/accept"]);
    token.allows(&said("exhibit/list", None, &[])).unwrap();
    for step in ["exhibit/show", "exhibit", "exhibit/list/all", "", "*", "transfer/accept"] {
        assert_eq!(token.allows(&said(step, None, &[])).unwrap_err().law, Law::Permit, "{step}");
    }
}

#[test]
fn law_01_a_step_without_a_case_is_taken_by_no_token_but_the_harmless_one() {
    let token = binding(&["authority/list", "log/checkpoint"]);
    let bare = |step: &str| Said { step: step.into(), ..Said::default() };
    token.allows(&said("authority/list", None, &[])).unwrap();
    token.allows(&bare("log/checkpoint")).unwrap();
    assert!(token.allows(&bare("authority/list")).unwrap_err().text.contains("without one"));
}

#[test]
fn law_01_a_token_is_for_one_purpose() {
    let token = binding(&["search"]);
    token.allows(&said("search", Some(" to count what came in "), &["purpose"])).unwrap();
    assert_eq!(token.allows(&said("search", Some("to look for more"), &["purpose"])).unwrap_err().law, Law::Permit);
}

#[test]
fn law_13_what_a_person_answers_for_is_said_by_no_token() {
    let token = binding(&["selectors", "capture", "exhibit/view", "collect/sitemap"]);
    for (step, field) in [("selectors", "reveal"), ("capture", "persona"), ("capture", "recover"), ("exhibit/view", "full"), ("capture", "scan"), ("collect/sitemap", "admit")] {
        assert_eq!(token.allows(&said(step, None, &[field])).unwrap_err().law, Law::Separation, "{step} {field}");
    }
}

#[test]
fn law_13_what_needs_a_person_is_given_to_no_token() {
    let for_people = [
        "token/make", "token/end", "user/session/end", "user/factor/add", "key/rotate", "user/add", "case/member/add", "authority/record", "authority/grant", "authority/revoke", "transfer/offer", "transfer/accept",
        "package/seal", "package/sign", "package/finish", "finding/add", "exhibit/reclassify", "exhibit/release", "erase/decide", "viewing/attend", "persona/check-out", "elsewhere", "collect/stop", "hashes/check", "case/list", "*", "exhibit/*",
    ];
    for step in for_people {
        assert_eq!(steps(&[step.to_string()]).unwrap_err().law, Law::Separation, "{step}");
    }
    assert!(steps(&[]).is_err() && steps(&[" ".into()]).is_err());
    assert_eq!(steps(&["search".into(), " search ".into()]).unwrap().len(), 1);
}

#[test]
fn a_purpose_is_said_in_words() {
    assert_eq!(purpose(" to count ").unwrap(), "to count");
    for typed in ["", "  ", "two\nlines", &"x".repeat(501)] {
        assert!(purpose(typed).is_err(), "{typed:?}");
    }
}

#[test]
fn what_may_be_given_is_in_order_and_once() {
    assert!(MAY_BE_GIVEN.is_sorted_by(|one, next| one < next));
    assert!(WITHOUT_A_CASE.iter().all(|step| may_be_given(step)));
}
