//! Tokens of programs (laws 1, 13, 15): one authority is their only ground, one case their only key, and they end with
//! whatever they hang on.

use model::{Law, action::Action, authorize::Ground, event::EventType, id::{AuthorityId, CaseId}, token::Said};
use store::{Intent, Scope, Session, StoreError, TokenWish};

use crate::house::{HOUR, House, refused};

const MEMBERS: [&str; 4] = ["Noy", "Dao", "Kham", "Phet"];

fn said(step: &str) -> Said {
    Said { step: step.into(), fields: ["case".to_string()].into(), ..Said::default() }
}

/// A token of Noy for looking and asking in a case: its text and its name.
fn token(house: &House, case: &CaseId, authority: &AuthorityId) -> (String, String) {
    let made = try_token(house, case, authority, &["exhibit/list", "search"], 8).unwrap();
    (made.0, made.1)
}

fn try_token(house: &House, case: &CaseId, authority: &AuthorityId, steps: &[&str], hours: u16) -> Result<(String, String, model::Moment), StoreError> {
    let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
    let wish = TokenWish { authority, purpose: "to count", steps: &steps, hours };
    let made = house.store.make_token(&house.session("Noy"), &house.scope("Noy", case), &wish)?;
    Ok((made.secret, made.binding.token, made.binding.until))
}

fn acts(house: &House, secret: &str) -> Result<Session, StoreError> {
    house.store.session_for(secret, &said("exhibit/list"))
}

fn scope(house: &House, secret: &str, case: &CaseId) -> Scope {
    house.store.enter(&acts(house, secret).unwrap(), case).unwrap()
}

#[test]
fn law_01_a_token_acts_under_its_own_authority_and_ends_with_it() {
    let house = House::new();
    let case = house.open_case(&MEMBERS);
    let (other, own) = (house.live_authority(&case, 5), house.live_authority(&case, 5));
    let (secret, _) = token(&house, &case, &own);
    let within = scope(&house, &secret, &case);
    let permit = house.store.permit(&within, Intent::to(Action::View)).unwrap();
    assert_eq!(permit.ground(), &Ground::Authority(own.clone()), "the other one is older and covers it too: {other}");
    house.note_under(&within, &permit, "note-1", "by a program").unwrap();
    assert!(house.store.permit(&within, Intent::to(Action::View).only_under(other.clone())).is_err());
    let standing = house.store.permit(&within, Intent::to(Action::Transfer)).unwrap();

    house.revoke("Kham", &case, &own);
    let size = house.store.log_size().unwrap();
    refused(house.store.still_live(&within, &permit), Law::Revocation);
    refused(house.note_under(&within, &permit, "note-2", "after its end"), Law::Revocation);
    house.check_log(size);
    refused(house.store.permit(&within, Intent::to(Action::View)), Law::Permit);
    house.note_under(&within, &standing, "note-kept", "what had come in is kept").unwrap();
    let text = refused(acts(&house, &secret), Law::Permit);
    assert!(text.contains("not live (revoked)"), "{text}");
    house.note(&house.scope("Noy", &case), "note-3", "the other authority carries a person still").unwrap();
}

#[test]
fn law_01_a_token_is_made_under_a_live_authority_of_its_case() {
    let house = House::new();
    let (case, elsewhere) = (house.open_case(&MEMBERS), house.open_case(&MEMBERS));
    let (own, foreign, short) = (house.live_authority(&case, 50), house.live_authority(&elsewhere, 50), house.live_authority(&case, 1));
    let rows = || house.store.list(&house.scope("Noy", &case), "token").unwrap().len();
    refused(try_token(&house, &case, &foreign, &["search"], 8), Law::Permit);
    refused(try_token(&house, &case, &AuthorityId::from_random([99; 16]), &["search"], 8), Law::Permit);
    house.turn_clock(2 * HOUR);
    refused(try_token(&house, &case, &short, &["search"], 8), Law::Permit);
    refused(try_token(&house, &case, &own, &["transfer/accept"], 8), Law::Separation);
    refused(try_token(&house, &case, &own, &["*"], 8), Law::Separation);
    assert_eq!(rows(), 0);
    let last = house.store.event(house.store.log_size().unwrap() - 1).unwrap();
    assert_eq!((last.leaf.event_type, last.leaf.case), (EventType::StepRefused, Some(case.clone())), "a refusal is an event of the case");
    try_token(&house, &case, &own, &["search"], 8).unwrap();
    assert_eq!(rows(), 1);
    house.check_log(house.store.log_size().unwrap());
}

#[test]
fn law_13_a_token_has_no_key_but_that_of_its_case() {
    let house = House::new();
    let (case, elsewhere) = (house.open_case(&MEMBERS), house.open_case(&MEMBERS));
    let (secret, _) = token(&house, &case, &house.live_authority(&case, 5));
    let acting = acts(&house, &secret).unwrap();
    refused(acting.sign(b"a statement"), Law::Separation);
    assert!(acting.signing_pkcs8().is_err() && acting.recipient().is_err() && acting.unwrap(b"x").is_err());
    refused(house.store.enter(&acting, &elsewhere), Law::Permit);
    house.store.enter(&acting, &case).unwrap();
    refused(house.store.new_case_scope(&acting).map(drop), Law::Separation);
    // It is no session, makes no token and ends none.
    refused(house.store.session(&secret).map(drop), Law::Separation);
    refused(house.store.session_to_enrol(&secret).map(drop), Law::Separation);
    refused(house.store.log_out(&secret), Law::Separation);
    let steps = ["search".to_string()];
    let authority = house.store.own_tokens(&house.session("Noy")).unwrap()[0].authority.clone();
    let wish = TokenWish { authority: &authority, purpose: "another", steps: &steps, hours: 1 };
    refused(house.store.make_token(&acting, &scope(&house, &secret, &case), &wish).map(drop), Law::Separation);
    let name = house.store.own_tokens(&house.session("Noy")).unwrap()[0].token.clone();
    refused(house.store.end_token(&acting, &name), Law::Separation);
    assert!(house.store.end_token(&house.session("Dao"), &name).is_err(), "nobody ends a token of another person");
    assert_eq!(house.store.own_tokens(&house.session("Dao")).unwrap(), []);
    acts(&house, &secret).unwrap();
    assert!(house.store.session_for("lft-00", &said("search")).is_err());
    refused(house.store.session_for(&format!("lft-{}", "0".repeat(64)), &said("search")).map(drop), Law::Separation);
}

#[test]
fn law_13_a_token_ends_with_its_session_its_hour_and_its_person() {
    let house = House::new();
    let case = house.open_case(&MEMBERS);
    let authority = house.live_authority(&case, 500);
    let ended = |secret: &str| assert!(refused(acts(&house, secret).map(drop), Law::Separation).contains("has ended"));
    // At its hour.
    let (secret, _, until) = try_token(&house, &case, &authority, &["exhibit/list"], 2).unwrap();
    assert_eq!(until, house.store.now().plus_seconds(2 * HOUR));
    house.turn_clock(2 * HOUR - 1);
    acts(&house, &secret).unwrap();
    house.turn_clock(1);
    ended(&secret);
    assert_eq!(house.store.own_tokens(&house.session("Noy")).unwrap(), []);
    // With the session in which it was made, and with no other.
    let second = house.store.log_in(&house.store.user_by_name("Noy").unwrap(), crate::house::PASSPHRASE).unwrap().0;
    let (session, steps) = (house.store.session(&second).unwrap(), ["exhibit/list".to_string()]);
    let wish = TokenWish { authority: &authority, purpose: "to count", steps: &steps, hours: 8 };
    let of_second = house.store.make_token(&session, &house.store.enter(&session, &case).unwrap(), &wish).unwrap().secret;
    let (of_first, _) = token(&house, &case, &authority);
    assert_eq!(house.store.own_tokens(&session).unwrap().len(), 2, "a person sees those of all his sessions");
    house.store.log_out(&second).unwrap();
    ended(&of_second);
    acts(&house, &of_first).unwrap();
    // With its person.
    house.store.revoke_user(&house.session("Boun"), &house.store.user_by_name("Noy").unwrap(), "left the unit", false).unwrap();
    ended(&of_first);
    house.check_log(house.store.log_size().unwrap());
}

#[test]
fn law_13_the_key_under_a_token_that_ended_by_itself_goes_with_the_next_one() {
    let house = House::new();
    let case = house.open_case(&MEMBERS);
    let authority = house.live_authority(&case, 500);
    let under = |house: &House| house.store.list(&house.scope("Noy", &case), "token-keys").unwrap().into_iter().map(|row| (row.state.clone(), row.sealed_bytes().is_empty())).collect::<Vec<_>>();
    let (first, _, _) = try_token(&house, &case, &authority, &["exhibit/list"], 2).unwrap();
    let (alive, _) = token(&house, &case, &authority);
    house.turn_clock(2 * HOUR);
    refused(acts(&house, &first).map(drop), Law::Separation);
    assert_eq!(under(&house).iter().filter(|(_, empty)| *empty).count(), 0, "nobody came by yet");
    let (latest, _) = token(&house, &case, &authority);
    let mut left = under(&house);
    left.sort();
    assert_eq!(left, [("ended".to_string(), true), ("open".to_string(), false), ("open".to_string(), false)]);
    refused(acts(&house, &first).map(drop), Law::Separation);
    acts(&house, &alive).unwrap();
    acts(&house, &latest).unwrap();
    house.check_log(house.store.log_size().unwrap());
}

#[test]
fn law_13_a_token_opens_nothing_after_the_key_of_its_case_changed() {
    let house = House::new();
    let case = house.open_case(&MEMBERS);
    let (secret, _) = token(&house, &case, &house.live_authority(&case, 5));
    acts(&house, &secret).unwrap();
    crate::keys::rotate(&house, "Kham", &case, &MEMBERS);
    let text = refused(acts(&house, &secret).map(drop), Law::Separation);
    assert!(text.contains("key of this case was changed"), "{text}");
    let (secret, _) = token(&house, &case, &house.live_authority(&case, 5));
    crate::keys::rotate(&house, "Kham", &case, &["Dao", "Kham", "Phet"]);
    refused(acts(&house, &secret).map(drop), Law::Separation);
}

#[test]
fn law_15_the_end_of_a_token_stops_its_running_work() {
    let house = House::new();
    let case = house.open_case(&MEMBERS);
    let authority = house.live_authority(&case, 50);
    for by_logout in [false, true] {
        let (secret, name) = token(&house, &case, &authority);
        let within = scope(&house, &secret, &case);
        let permit = house.store.permit(&within, Intent::to(Action::View)).unwrap();
        house.note_under(&within, &permit, &format!("note-{by_logout}"), "while it lives").unwrap();
        if by_logout {
            house.store.log_out(&house.tokens[0]).unwrap();
        } else {
            house.store.end_token(&house.session("Noy"), &name).unwrap();
        }
        let size = house.store.log_size().unwrap();
        refused(house.store.still_live(&within, &permit), Law::Revocation);
        let text = refused(house.note_under(&within, &permit, "note-after", "after its end"), Law::Revocation);
        assert!(text.contains("this token has ended"), "{text}");
        house.check_log(size);
    }
}
