//! Tokens of programs: a program that holds one takes the steps that it was given, in its case, under its authority and for
//! its purpose; whatever it hangs on ends it, and nothing that is a person's is done by it.

use std::{fs, process::Stdio, thread::sleep, time::Duration};

use serde_json::{Value, json};
use store::Store;

use crate::{
    office::{ADMIN, BOUNMY, KHAM, NOY, Office, Said, collect_files, outcome, passphrase, program, string, text, year},
    revocation::Server,
    workspace::{Open, number},
};

const PURPOSE: &str = "to count what came in";

/// A supervisor's authorisation in the case, for these actions and sources: Noy records it, Kham grants it.
fn authority(office: &Office, actions: &[&str], sources: &[&str]) -> String {
    let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year() + 1));
    let mut words = vec!["--kind", "supervisor", "--reference", "D-7", "--issuer", "Chief of the drill", "--zone", "UTC", "--necessity", "a drill", "--from", &from, "--until", &until];
    words.extend(actions.iter().flat_map(|action| ["--action", *action]));
    words.extend(sources.iter().flat_map(|source| ["--source", *source]));
    let id = string(&office.does(NOY, "authority record", &words)["authority"]);
    office.does(KHAM, "authority grant", &[&id]);
    id
}

fn wish<'a>(authority: &'a str, steps: &[&'a str]) -> Vec<&'a str> {
    let steps = steps.iter().flat_map(|step| ["--step", *step]);
    ["--authority", authority, "--purpose", PURPOSE].into_iter().chain(steps).collect()
}

/// A token of Noy: what opens it, and its name.
#[track_caller]
fn token(office: &Office, authority: &str, steps: &[&str]) -> (String, String) {
    let made = office.does(NOY, "token make", &wish(authority, steps));
    (string(&made["secret"]), string(&made["token"]))
}

/// A command of the program that holds a token, in the office's case.
fn by(office: &Office, secret: &str, verb: &str, rest: &[&str]) -> Said {
    let verbs: Vec<&str> = verb.split(' ').collect();
    office.bare(&[&["--session", secret][..], &verbs, &["--case", &office.case], rest].concat())
}

/// The kinds, objects and details of the events of the office's case, as its keys open them.
fn details(office: &Office) -> Vec<(String, Option<String>, Value)> {
    let store = Store::open(&office.home).unwrap();
    let session = store.session(office.token(NOY)).unwrap();
    let label = |case: &model::id::CaseId| store.register_one("case", case.as_str()).unwrap().and_then(|row| row.number).map(store::case_label);
    let case = store.cases_of(session.actor()).unwrap().into_iter().find(|case| label(case).as_ref() == Some(&office.case)).unwrap();
    let scope = store.enter(&session, &case).unwrap();
    store.events(&scope, 0, 100_000).unwrap().into_iter().map(|(event, detail)| (event.leaf.event_type.to_string(), event.leaf.object, detail)).collect()
}

#[test]
fn law_01_a_token_takes_its_steps_in_its_case_under_its_authority_and_no_other() {
    let mut office = Office::working();
    let exhibit = office.admit("note.txt", "handed over by a witness");
    let open_only = authority(&office, &["view", "query"], &["open"]);
    let (secret, name) = token(&office, &open_only, &["exhibit/list", "exhibit/view", "examine"]);
    assert_eq!(by(&office, &secret, "exhibit list", &[]).ended(0).lines().len(), 1);

    // A step that it was not given.
    by(&office, &secret, "exhibit show", &[&exhibit]).by_law(1).tells("was not given the step").tells("exhibit/view");
    office.bare(&["--session", &secret, "case", "list"]).by_law(1).tells("was not given");
    // What the unit's authority allows its person, and its own does not: an action, and a source.
    office.does(NOY, "exhibit view", &[&exhibit, "--purpose", "to compare", "--out", &text(&office.place("his"))]);
    by(&office, &secret, "examine", &[&exhibit]).by_law(1).tells("outside its scope");
    let seen = office.place("seen");
    by(&office, &secret, "exhibit view", &[&exhibit, "--purpose", PURPOSE, "--out", &text(&seen)]).by_law(1).tells("`handed-over` is outside its scope");
    assert!(fs::read(&seen).unwrap_or_default().is_empty(), "nothing was opened");
    assert!(!details(&office).iter().any(|(kind, ..)| kind == "derived" || kind == "extracted"), "nothing was examined");
    // Another case of the same person, and one that is not there: in the same words.
    let own = office.case.clone();
    let other = office.open_case(NOY, &[]);
    let refused = |office: &mut Office, case: &str| {
        office.case = case.into();
        let said = by(office, &secret, "exhibit list", &[]).by_law(1).tells("is bound to one case");
        (said.code, said.err.replace(case, "CASE"))
    };
    assert_eq!(refused(&mut office, &other), refused(&mut office, "2026-9999"));
    office.case = own;
    // A purpose of its own, and what is shown to a person alone.
    let (asks, _) = token(&office, &open_only, &["selectors"]);
    by(&office, &asks, "selectors", &["--purpose", PURPOSE]).ended(0);
    by(&office, &asks, "selectors", &["--purpose", "to look for more"]).by_law(1).tells("for one purpose");
    by(&office, &asks, "selectors", &["--purpose", PURPOSE, "--reveal"]).by_law(13).tells("is for people");
    // Its authority is revoked: the next step is refused, though the unit's authority would carry its person.
    office.does(KHAM, "authority revoke", &[&open_only, "--reason", "the drill is over"]);
    let size = office.sound_log();
    by(&office, &secret, "exhibit list", &[]).by_law(1).tells("not live (revoked)");
    assert_eq!(office.exhibits().len(), 1);
    assert!(office.sound_log() > size);
    let last = details(&office).into_iter().rfind(|(kind, ..)| kind == "step-refused").unwrap().2;
    assert_eq!((&last["step"], &last["token"]["id"]), (&json!("exhibit/list"), &json!(name)), "a refusal is an event that names the token");
    office.in_case(NOY, "token make", &wish(&open_only, &["exhibit/list"])).by_law(1).tells("not live");
}

#[test]
fn law_02_each_event_of_a_token_says_that_it_acted_and_what_for() {
    let office = Office::working();
    let exhibit = office.admit("note.txt", "write to night@moon.example");
    let whole = authority(&office, &["view", "query", "examine"], &["open", "handed-over"]);
    let (secret, name) = token(&office, &whole, &["examine", "search", "exhibit/list", "log/checkpoint"]);
    by(&office, &secret, "examine", &[&exhibit]).ended(0);
    by(&office, &secret, "search", &["night", "--purpose", PURPOSE]).ended(0);
    office.bare(&["--session", &secret, "log", "checkpoint"]).ended(0);
    office.does(NOY, "search", &["moon", "--purpose", "his own question"]);
    let told = details(&office);
    let acted = json!({"id": name, "purpose": PURPOSE});
    for kind in ["extracted", "queried"] {
        let (_, _, detail) = told.iter().find(|(own, ..)| own == kind).unwrap_or_else(|| panic!("{kind} is missing"));
        assert_eq!(detail["token"], acted, "{kind}");
        assert_eq!(detail["ground"], json!({"basis": "authority", "of": whole}), "{kind}");
    }
    let (_, _, his) = told.last().unwrap();
    assert_eq!((&his["purpose"], &his["token"]), (&json!("his own question"), &Value::Null), "what a person does is his");
    let (_, object, made) = told.iter().find(|(kind, ..)| kind == "token-made").unwrap();
    assert_eq!((object.as_deref(), &made["purpose"], &made["authority"]), (Some(name.as_str()), &json!(PURPOSE), &json!(whole)));
    office.done(NOY, &["token", "end", &name]);
    assert_eq!(details(&office).last().map(|(kind, object, _)| (kind.clone(), object.clone())), Some(("token-ended".into(), Some(name))));
    office.sound_log();
}

#[test]
fn law_02_over_the_interface_a_token_asks_for_its_own_purpose() {
    let office = Office::working();
    let whole = authority(&office, &["view", "query"], &["open", "handed-over"]);
    let (secret, name) = token(&office, &whole, &["search"]);
    let open = Open::of(&office);
    open.step(&secret, "search", &json!({"case": office.case, "question": "night"})).is(200);
    open.step(&secret, "search", &json!({"case": office.case, "question": "night", "purpose": "another"})).is(403).says("for one purpose");
    open.step(&secret, "exhibit/list", &json!({"case": office.case})).is(403).says("was not given");
    let asked = details(&office).into_iter().rfind(|(kind, ..)| kind == "queried").unwrap().2;
    assert_eq!((&asked["purpose"], &asked["token"]["id"]), (&json!(PURPOSE), &json!(name)));
}

#[test]
fn law_13_a_token_is_no_session_makes_no_token_and_signs_nothing() {
    let office = Office::working();
    let exhibit = office.admit("note.txt", "what is offered");
    let whole = authority(&office, &["view", "query", "package", "report"], &["open", "handed-over"]);
    let offer = string(&office.does(NOY, "transfer offer", &[&exhibit, "--to", BOUNMY, "--purpose", "to store it"])["transfer"]);
    // It is given to none, whoever asks.
    for step in ["token/make", "token/end", "user/session/end", "user/factor/add", "key/rotate", "user/add", "case/member/add", "authority/revoke", "transfer/offer", "transfer/accept", "package/sign", "package/seal", "finding/add", "exhibit/*", "*"] {
        office.in_case(NOY, "token make", &wish(&whole, &["exhibit/list", step])).by_law(13).tells("is given to no token");
    }
    office.in_case(NOY, "token make", &wish(&whole, &[])).ended(2).tells("--step");
    office.in_case(NOY, "token make", &["--authority", &whole, "--purpose", " ", "--step", "search"]).ended(2);
    assert!(office.says(NOY, &["token", "list"]).ended(0).lines().is_empty());
    // And no token takes it.
    let (secret, name) = token(&office, &whole, &["exhibit/list", "transfer/list"]);
    by(&office, &secret, "transfer list", &[]).ended(0);
    by(&office, &secret, "token make", &wish(&whole, &["exhibit/list"])).by_law(1);
    by(&office, &secret, "transfer accept", &[&offer]).by_law(1);
    by(&office, &secret, "transfer offer", &[&exhibit, "--to", KHAM, "--purpose", PURPOSE]).by_law(1);
    by(&office, &secret, "key rotate", &["--reason", "a drill"]).by_law(1);
    by(&office, &secret, "case member add", &[ADMIN]).by_law(1);
    for words in [&["token", "list"][..], &["token", "end", &name], &["user", "me"], &["user", "session", "list"], &["user", "session", "end", "--others"], &["user", "factor", "add"], &["user", "add", "X", "--role", "analyst"], &["tip", "list"], &["backup", "status"]] {
        office.bare(&[&["--session", &secret][..], words].concat()).by_law(1).tells("was not given");
    }
    office.bare(&["--session", &secret, "logout"]).by_law(13).tells("no session");
    // Pages are for people; the interface for programs is for it, but for the end of a session.
    let open = Open::of(&office);
    for path in ["/", "/account", "/running", "/step/exhibit/admit"] {
        assert!(open.page(&secret, path).is(303).header("location").unwrap().starts_with("/login"), "{path}");
    }
    open.step(&secret, "exhibit/list", &json!({"case": office.case})).is(200);
    // What it sends as a form is done by nobody, and is not kept as what its person had typed.
    let place = open.form(&secret, "/step/transfer/accept", &[("_number", &number(1)), ("case", &office.case), ("transfer", &offer)]).is(303).header("location").unwrap();
    assert!(place.starts_with("/login") && !place.contains("_kept"), "{place}");
    open.send("DELETE", "/api/v1/session", &[("Authorization", &format!("Bearer {secret}"))], b"").is(403).says("no session");
    open.page(office.token(NOY), "/").is(200);
    assert_eq!(office.exhibits()[0]["custodian"], NOY, "nothing was signed");
    office.sound_log();
}

#[test]
fn law_13_a_token_ends_with_its_session_and_its_person_and_is_kept_nowhere() {
    let mut office = Office::working();
    let whole = authority(&office, &["view", "query"], &["open", "handed-over"]);
    let (secret, name) = token(&office, &whole, &["exhibit/list"]);
    let listed = office.says(NOY, &["token", "list"]).ended(0);
    assert_eq!((listed.lines().len(), &listed.line()["token"], &listed.line()["case"], &listed.line()["steps"]), (1, &json!(name), &json!(office.case), &json!(["exhibit/list"])));
    assert!(!listed.out.contains(&secret[4..]) && office.says(KHAM, &["token", "list"]).ended(0).lines().is_empty(), "never what opens it, and to nobody else");
    let mut files = Vec::new();
    collect_files(&office.home, &mut files);
    let holds = |file: &std::path::PathBuf| fs::read(file).unwrap().windows(PURPOSE.len()).any(|window| window == PURPOSE.as_bytes() || window == &secret.as_bytes()[..PURPOSE.len()]);
    assert!(!files.iter().any(holds), "neither the token nor its purpose lies in the home");
    // The page of its person shows it, and ends it.
    {
        let open = Open::of(&office);
        let page = open.page(office.token(NOY), "/account").is(200).says(&name).says(&format!("/step/token/end?token={name}")).says(PURPOSE).text();
        assert!(!page.contains(&secret[4..]));
        let asked = open.form(office.token(KHAM), "/step/token/end", &[("_number", &number(1)), ("token", &name)]);
        open.answer(office.token(KHAM), &asked).is(422).says("there is no open token");
        open.step(&secret, "exhibit/list", &json!({"case": office.case})).is(200);
        let asked = open.form(office.token(NOY), "/step/token/end", &[("_number", &number(2)), ("token", &name)]);
        open.answer(office.token(NOY), &asked).is(200);
        open.step(&secret, "exhibit/list", &json!({"case": office.case})).is(401);
        open.page(office.token(NOY), "/account").is(200).says("You have no open token");
    }
    by(&office, &secret, "exhibit list", &[]).by_law(13).tells("has ended");
    // With the session in which it was made; a token of another session lives.
    let (first, _) = token(&office, &whole, &["exhibit/list"]);
    let old = office.token(NOY).to_string();
    office.log_in(NOY, &passphrase(NOY));
    let (second, _) = token(&office, &whole, &["exhibit/list"]);
    office.bare(&["--session", &old, "logout"]).ended(0);
    by(&office, &first, "exhibit list", &[]).by_law(13).tells("has ended");
    by(&office, &second, "exhibit list", &[]).ended(0);
    // With the membership, and with its person.
    office.does(KHAM, "case member remove", &[NOY]);
    by(&office, &second, "exhibit list", &[]).by_law(13);
    office.does(KHAM, "case member add", &[NOY]);
    let (third, _) = token(&office, &whole, &["exhibit/list"]);
    by(&office, &third, "exhibit list", &[]).ended(0);
    office.done(ADMIN, &["user", "revoke", NOY, "--reason", "left the unit"]);
    by(&office, &third, "exhibit list", &[]).by_law(13).tells("has ended");
    office.sound_log();
}

/// A capture that a program began, and what ends it: its own end, or that of its authority.
#[test]
fn law_15_a_capture_of_a_token_stops_with_it_and_what_had_come_is_kept() {
    let office = Office::working();
    for (label, by_revocation) in [("E-0001", false), ("E-0002", true)] {
        let whole = authority(&office, &["collect", "view"], &["open"]);
        let (secret, name) = token(&office, &whole, &["capture", "exhibit/list"]);
        let server = Server::dripping();
        let mut capture = program();
        capture.arg("--json").arg("--home").arg(&office.home).args(["--session", &secret, "capture", "--case", &office.case, &server.url]);
        let running = capture.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        server.wait_for_a_visitor();
        sleep(Duration::from_secs(1));
        match by_revocation {
            true => drop(office.does(KHAM, "authority revoke", &[&whole, "--reason", "a drill"])),
            false => drop(office.done(NOY, &["token", "end", &name])),
        }
        let said = outcome(running, Duration::from_secs(60)).ended(1).tells("law 15").tells(label);
        assert_eq!(said.lines()[0]["record"]["complete"], false);
        let kept = details(&office).into_iter().rfind(|(kind, ..)| kind == "capture-ended").unwrap().2;
        assert_eq!((&kept["token"]["id"], kept["ground"]["of"].as_str()), (&json!(name), Some("custody")), "the unit's authority carried nothing of it");
        assert!(by(&office, &secret, "capture", &[&server.url]).code == 1, "no new step begins");
    }
    assert_eq!(office.exhibits().len(), 2);
    office.sound_log();
}

/// What may be given is asked of the program itself: a step that names no case would reach beyond the token's.
#[test]
fn law_01_whatever_may_be_given_is_a_step_that_names_its_case() {
    let office = Office::working();
    let own = authority(&office, &["view"], &["open"]);
    let (secret, _) = token(&office, &own, &["authority/list"]);
    by(&office, &secret, "authority list", &[]).ended(0);
    office.bare(&["--session", &secret, "authority", "list"]).by_law(1).tells("name its case");
    let described = Open::of(&office).described();
    for step in model::token::MAY_BE_GIVEN {
        let schema = &described["paths"][format!("/api/v1/steps/{step}")]["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{step} is no step");
        assert_eq!(schema["properties"]["case"].is_object(), !model::token::WITHOUT_A_CASE.contains(&step), "{step}");
    }
    let told: Vec<String> = office.says(NOY, &["token", "steps"]).ended(0).lines().iter().map(|line| string(&line["step"])).collect();
    assert_eq!(told, model::token::MAY_BE_GIVEN);
    // On a page they can be chosen, and the authority that lives.
    let open = Open::of(&office);
    open.page(office.token(NOY), &format!("/step/token/make?case={}", office.case)).is(200).says("exhibit/list").says(&own);
}
