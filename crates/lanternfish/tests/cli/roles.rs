//! Every step and every page, asked by every role, in the case and outside it, against the table `who_may.tsv`, which says
//! itself how it was written.
//!
//! A cell that says no must be refused for the role. A cell that says yes must not be refused for the role; other laws may
//! still refuse. Who is not in the case is told of it what he is told of a case that is not there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{office::{ADMIN, AUDITOR, BOUNMY, EVERYTHING, KHAM, NOY, Office, passphrase, string}, workspace::{Open, PAGES, Page}};

const ANALYST: &str = "Anong Analyst";
const PROSECUTOR: &str = "Souk Prosecutor";
const FILTER: &str = "Fa Filter";
const DEFENCE: &str = "Dao Defence";
const COURT: &str = "Chan Court";

/// Who is in the case: the letter of the table, the name.
const MEMBERS: [(char, &str); 6] = [('I', NOY), ('A', ANALYST), ('E', BOUNMY), ('S', KHAM), ('P', PROSECUTOR), ('F', FILTER)];

/// Who is not: name and role. The last four roles are never in a case.
const OUTSIDE: [(char, &str, &str); 10] = [
    ('I', "Out Investigator", "investigator"), ('A', "Out Analyst", "analyst"), ('E', "Out Officer", "exhibit-officer"), ('S', "Out Supervisor", "supervisor"),
    ('P', "Out Prosecutor", "prosecutor"), ('F', "Out Filter", "filter-team"), ('U', AUDITOR, "auditor"), ('M', ADMIN, "administrator"), ('D', DEFENCE, "defence"), ('C', COURT, "court"),
];

/// Words that stand in the case only: its title, its offence, its exhibits, its finding.
const PLANTED: [&str; 5] = ["KINGFISHER-TITLE", "KINGFISHER-OFFENCE", "KINGFISHER-DESCRIPTION", "KINGFISHER-BYTES", "KINGFISHER-FINDING"];

/// A table of the drill: for each step who may take it in the case, and who outside any case.
fn table() -> BTreeMap<String, (String, String)> {
    let lines = include_str!("who_may.tsv").lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        (cells[0].to_string(), (cells[1].trim_matches('-').to_string(), cells[2].trim_matches('-').to_string()))
    }).collect()
}

/// A case with one of everything that can be asked for, and what the fields of steps are filled with.
fn staged() -> (Office, BTreeMap<&'static str, Value>) {
    let mut office = Office::staffed();
    for (name, role) in MEMBERS.iter().filter(|(letter, _)| "APF".contains(*letter)).map(|(letter, name)| (*name, match letter { 'A' => "analyst", 'P' => "prosecutor", _ => "filter-team" })).chain(OUTSIDE.iter().filter(|(_, name, _)| ![AUDITOR, ADMIN].contains(name)).map(|(_, name, role)| (*name, *role))) {
        office.done(ADMIN, &["user", "add", name, "--role", role]);
        office.log_in(name, &passphrase(name));
    }
    let mut words = vec!["case", "open", "--title", PLANTED[0], "--offence", PLANTED[1], "--jurisdiction", "la", "--purpose", "a drill"];
    words.extend(MEMBERS.iter().filter(|(letter, _)| *letter != 'I').flat_map(|(_, name)| ["--member", *name]));
    office.case = string(&office.done(NOY, &words)["case"]);
    office.unit_authority(&EVERYTHING);
    let authority = office.case_authority(&["view"]);
    let file = office.file("planted.txt", format!("{} night@moon.example", PLANTED[3]));
    office.does(NOY, "exhibit admit", &[&file, "--description", PLANTED[2]]);
    office.does(NOY, "examine", &["E-0001"]);
    office.does(NOY, "finding add", &["--kind", "fact", "--text", PLANTED[4], "--method", "reading", "--error-rate", "none", "--grading", "B2", "--exhibit", "E-0001"]);
    office.does(NOY, "charge add", &["--offence", PLANTED[1], "--provision", "art. 1", "--element", "one"]);
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let package = crate::office::text(&office.place("package"));
    office.does(NOY, "package seal", &["--officer", NOY, "--out", &package]);
    let tip = string(&office.done(NOY, &["tip", "add", "--text", "a tip", "--source", "telephone"])["tip"]);
    office.does(NOY, "subject add", &["--name", PLANTED[1], "--category", "suspect"]);
    // What only some may open, an accident that nobody has looked at yet, a persona, a case before its court.
    for (name, class) in [("letter.txt", "privileged"), ("unlawful.txt", "contraband")] {
        let file = office.file(name, name);
        office.does(NOY, "exhibit admit", &[&file, "--class", class, "--description", "a file"]);
    }
    office.admit("seen.txt", "seen by accident");
    office.does(NOY, "exhibit accident", &["E-0004", "--reason", "a drill"]);
    let (from, until) = (format!("{}-01-02", crate::office::year()), format!("{}-12-30", crate::office::year() + 1));
    let of_persona = string(&office.does(NOY, "authority record", &["--kind", "training", "--reference", "D-2", "--issuer", "Chief", "--action", "collect", "--source", "synthetic", "--from", &from, "--until", &until, "--zone", "UTC", "--necessity", "a drill"])["authority"]);
    office.does(KHAM, "authority grant", &[&of_persona]);
    let persona = string(&office.does(NOY, "persona register", &["night bird", "--authority", &of_persona, "--source", "synthetic"])["persona"]);
    office.does(KHAM, "persona authorise", &[&persona, "--officer", NOY]);
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    let transfer = string(&office.does(NOY, "transfer offer", &["E-0001", "--to", KHAM, "--purpose", "a drill"])["transfer"]);
    let known = BTreeMap::from([
        ("case", json!(office.case)), ("exhibit", json!("E-0001")), ("purpose", json!("a drill")), ("question", json!("KINGFISHER")), ("reason", json!("a drill")), ("authority", json!(authority)),
        ("finding", json!("F-0001")), ("charge", json!("C-0001")), ("report", json!("R-0001")), ("package", json!("P-0001")), ("transfer", json!(&transfer)), ("tip", json!(tip)), ("what", json!(transfer)), ("subject", json!("S-0001")), ("element", json!(1)), ("persona", json!(persona)), ("officers", json!([NOY])),
    ]);
    (office, known)
}

/// Steps that would change for the others what they are asked: they come last.
const LAST: [&str; 15] = [
    "filter/keep", "persona/deregister", "persona/burn", "transfer/accept", "transfer/refuse", "exhibit/release", "authority/revoke", "user/reset", "user/revoke", "case/member/remove", "exhibit/reclassify", "exhibit/accident", "key/revoke", "key/rotate", "case/close",
];

/// How a step ended for one person.
enum End {
    /// Done, or refused for another reason than his role.
    OpenToHim,
    /// Refused because of his role, or because the case is not his.
    NotHis,
    /// What he named is not there, or needs no such step: nobody asked who he is, and nothing was done.
    NothingThere,
    /// What was typed was refused before anybody asked who he is.
    Unclear,
}

/// The words of refusals that are about who somebody is.
const OF_HIS_ROLE: [&str; 15] = [
    "only a person of the filter team", "a supervisor who did not declare it", "the role ", "an auditor sees", "an administrator keeps", "defence and court ", "not a member", "only an administrator", "only a supervisor", "only an investigator", "only a prosecutor", "only people who work on cases", "only the filter team", "not allowed", "for you in this case",
];

/// The words of answers that there is nothing to do with what was named.
const NOTHING_THERE: [&str; 17] = [
    "this code does not fit",
    "there is no ", "already", "not sealed", "no recovery set", "is not ", "live by `authority grant`", "no accident with", "nobody asked for", "needs no such word", "no selector of", "did not go out", "names nobody",
    "nothing was withheld", "needs no release", "was never ", "nobody has it",
];

/// Steps about something that the drill does not lay ready: who may not take them is not told apart from who finds nothing.
const NOT_LAID_READY: [&str; 6] = ["authority/check", "authority/ratify", "disclosure/decide", "exhibit/decide-release", "viewing/close", "collect/stop"];

fn end_of(told: &Page) -> End {
    let text = told.text();
    match told.status {
        403 | 422 if OF_HIS_ROLE.iter().any(|words| text.contains(words)) => End::NotHis,
        422 if NOTHING_THERE.iter().any(|words| text.contains(words)) => End::NothingThere,
        422 => End::Unclear,
        _ => End::OpenToHim,
    }
}

#[test]
fn law_13_every_role_is_asked_every_step_in_the_case_and_outside() {
    let (office, known) = staged();
    let description = Open::of(&office).described();
    let steps = in_order(&description);
    let table = table();
    assert_eq!(table.keys().cloned().collect::<BTreeSet<_>>(), steps.iter().cloned().collect(), "the table and the steps that there are");
    let (mut asked, mut wrong) = (0, Vec::new());
    let people = MEMBERS.iter().map(|(letter, name)| (*letter, *name, true)).chain(OUTSIDE.iter().map(|(letter, name, _)| (*letter, *name, false)));
    for (letter, name, member) in people {
        let office = office.duplicate();
        let open = Open::of(&office);
        for step in &steps {
            let (in_case, anywhere) = &table[step];
            let allowed = if anywhere.is_empty() { member && in_case.contains(letter) } else { anywhere == "*" || anywhere.contains(letter) };
            let fields = fields(step, &description, &known);
            let told = open.step(office.token(name), step, &fields);
            let leaks: Vec<&&str> = PLANTED.iter().filter(|word| told.text().contains(**word)).collect();
            asked += 1;
            let place = if member { "in the case" } else { "outside" };
            let fault = match end_of(&told) {
                _ if told.status >= 500 => Some("is a fault of the server"),
                _ if !(leaks.is_empty() || member && allowed) => Some("shows what is not for him"),
                End::NothingThere if !allowed && member && !NOT_LAID_READY.contains(&step.as_str()) => Some("finds nothing where the table refuses it"),
                End::OpenToHim if !allowed => Some("is open to whom the table refuses it"),
                End::NotHis if allowed => Some("is refused for a role that the table allows"),
                End::Unclear => Some("does not say whether he may"),
                _ => None,
            };
            wrong.extend(fault.map(|fault| format!("{step} {fault}: {letter} {place}: {} {}", told.status, told.text().chars().take(160).collect::<String>())));
            if !member && anywhere.is_empty() {
                let mut absent = fields.clone();
                absent["case"] = json!("2026-9999");
                let nothing = open.step(office.token(name), step, &absent);
                let same = |page: &Page, case: &str| (page.status, page.text().replace(case, "CASE"));
                if same(&told, &office.case) != same(&nothing, "2026-9999") {
                    wrong.push(format!("{step} tells {name} that the case is there: {} / {}", told.text(), nothing.text()));
                }
            }
        }
        for path in PAGES.iter().filter(|_| !member) {
            asked += 1;
            let page = open.page(office.token(name), &path.replace("{case}", &office.case));
            if PLANTED.iter().any(|word| page.text().contains(word)) {
                wrong.push(format!("{path} shows {name} what is not for him"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
    println!("{asked} questions: {} steps and {} pages, ten roles, in the case and outside", steps.len(), PAGES.len());
}

#[test]
fn law_02_nobody_stands_in_the_log_as_refused_for_what_a_page_asked_of_itself() {
    let (office, _) = staged();
    let open = Open::of(&office);
    let description = open.described();
    // A form for each field that each kind of thing has: with them every listing is asked.
    let mut met = BTreeSet::new();
    let forms: Vec<String> = in_order(&description).into_iter().filter(|step| {
        let fields = description["paths"][format!("/api/v1/steps/{step}")]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"].as_object().unwrap();
        let kind = step.split('/').next().unwrap_or_default();
        fields.keys().filter(|field| met.insert(format!("{kind} {field}"))).count() > 0
    }).collect();
    let before = office.sound_log();
    for who in MEMBERS.iter().map(|(_, name)| *name).chain(OUTSIDE.iter().map(|(_, name, _)| *name)) {
        let token = office.token(who);
        open.page(token, "/").is(200);
        for step in &forms {
            open.page(token, &format!("/step/{step}?case={}", office.case)).is(200);
        }
    }
    let events = office.last_events(office.sound_log() - before);
    assert!(forms.len() > 40 && events.len() > 500, "{} forms, {} events", forms.len(), events.len());
    let refused: Vec<&String> = events.iter().filter(|event| event.contains("refused")).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

fn in_order(description: &Value) -> Vec<String> {
    let mut steps: Vec<String> = description["paths"].as_object().unwrap().keys().filter_map(|path| path.strip_prefix("/api/v1/steps/")).map(str::to_string).collect();
    steps.sort_by_key(|step| LAST.iter().position(|last| last == step).map_or(0, |at| at + 1));
    steps
}

/// What a step is asked with: all that it needs, and what was planted where it can be named.
fn fields(step: &str, description: &Value, known: &BTreeMap<&str, Value>) -> Value {
    let schema = &description["paths"][format!("/api/v1/steps/{step}")]["post"]["requestBody"]["content"]["application/json"]["schema"];
    let typed = typed_for(step);
    let required: BTreeSet<&str> = schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let named = |name: &str| required.contains(name) || typed.contains_key(name) || ["case", "exhibit", "purpose", "question", "reason"].contains(&name);
    let fields = schema["properties"].as_object().unwrap().iter().filter(|(name, _)| named(name.as_str()));
    let value = |name: &str, schema: &Value| match typed.get(name).or_else(|| known.get(name)) {
        Some(known) if schema["type"] == "array" && !known.is_array() => json!([known]),
        Some(known) => known.clone(),
        None => match schema["type"].as_str() {
            Some("array") => schema["items"]["enum"].get(0).map_or_else(|| json!(["KINGFISH"]), |one| json!([one])),
            Some("integer") => json!(2),
            Some("boolean") => json!(false),
            _ => schema["enum"].get(0).cloned().unwrap_or_else(|| json!("KINGFISH")),
        },
    };
    Value::Object(fields.map(|(name, schema)| (name.clone(), value(name, schema))).collect())
}

/// What one step must be told to be asked whether he may at all.
fn typed_for(step: &str) -> BTreeMap<&'static str, Value> {
    let (day, later, onion) = (json!(format!("{}-01-02", crate::office::year())), json!(format!("{}-12-30", crate::office::year() + 1)), json!(["http://2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion/"]));
    let one = |name: &'static str, value: Value| (name, value);
    BTreeMap::from_iter(match step {
        "authority/record" => vec![one("action", json!(["view"])), one("source", json!(["open"])), one("from", day), one("until", later), one("zone", json!("UTC")), one("kind", json!("supervisor"))],
        "accident/acknowledge" => vec![one("exhibit", json!("E-0004")), one("note", json!("looked at"))],
        "charge/add" => vec![one("element", json!(["one"]))],
        "case/open" => vec![one("jurisdiction", json!("la"))],
        "case/declare" => vec![one("what", json!("legal-hold"))],
        "case/member/add" | "case/member/remove" => vec![one("name", json!("Out Analyst"))],
        "capture" | "collect/crawl" => vec![one("urls", onion), one("respect-robots", json!(true))],
        "collect/schedule" => vec![one("urls", onion), one("every", json!("1d")), one("respect-robots", json!(true)), one("until", later)],
        "collect/changes" => vec![one("before", json!("K-0001")), one("now", json!("K-0002"))],
        "collect/resume" | "collect/retry" | "collect/sitemap" => vec![one("crawl", json!("K-0001"))],
        "collect/stop" => vec![one("which", json!("K-0001"))],
        "contact/link" => vec![one("contact", json!("C-0001"))],
        "contact/record" => vec![one("at", day), one("kind", json!("message"))],
        "disclosure/decide" | "disclosure/reveal" | "disclosure/build" => vec![one("disclosure", json!("D-0001")), one("approve", json!(true)), one("item", json!("E-0001")), one("officer", json!(NOY))],
        "erase/decide" | "erase/refuse" => vec![one("erasure", json!("Z-0001")), one("exculpatory-checked", json!("nothing speaks for him")), one("authority", json!("auth-x"))],
        "erratum/add" => vec![one("about", json!("F-0001"))],
        "erratum/notified" => vec![one("erratum", json!("X-0001"))],
        "exhibit/admit" => vec![one("physical", json!(true)), one("seal-number", json!("S-1")), one("condition", json!("whole")), one("description", json!("a thing")), one("source", json!("found"))],
        "exhibit/decide-release" => vec![one("approve", json!(true))],
        "exhibit/view" | "exhibit/page" => vec![one("full", json!(true))],
        "exhibit/release" => vec![one("because", json!("threat-to-life"))],
        "filter/notify" => vec![one("exhibit", json!("E-0002")), one("until", later)],
        "filter/keep" | "filter/object" | "filter/release" => vec![one("exhibit", json!("E-0002"))],
        "filter/propose" => vec![one("exhibit", json!("E-0002")), one("privileged", json!(true))],
        "hashes/add" => vec![one("file", json!(hash_list()))],
        "hashes/remove" => vec![one("list", json!("L-0001"))],
        "key/recover" => vec![one("user", json!(NOY))],
        "material/say" => vec![one("says", json!("assists"))],
        "package/seal" => vec![one("officer", json!([NOY]))],
        "token/make" => vec![one("step", json!(["exhibit/list"]))],
        "package/disclose" | "transfer/offer" => vec![one("to", json!(KHAM))],
        "persona/register" => vec![one("source", json!("synthetic"))],
        "persona/secret/add" => vec![one("login", json!("bmlnaHQK"))],
        "proxy/add" => vec![one("name", json!("gate")), one("at", json!("127.0.0.1:1"))],
        "subject/keep" | "subject/link" | "subject/unlink" => vec![one("item", json!("E-0001"))],
        "subject/extend" => vec![one("until", later)],
        "subject/review" => vec![one("next", later)],
        "transfer/reassign" => vec![one("to", json!(NOY))],
        "user/code" | "user/reset" | "user/revoke" | "user/factor/reset" => vec![one("name", json!("Out Analyst"))],
        "user/factor/require" => vec![one("everyone", json!(true))],
        "user/session/end" => vec![one("others", json!(true))],
        "viewing/close" => vec![one("viewing", json!("V-0001"))],
        "viewing/confirm" => vec![one("says", json!("shown"))],
        "viewing/permit" => vec![one("exhibit", json!("E-0003")), one("until", later), one("viewer", json!(DEFENCE)), one("supervisor", json!(BOUNMY))],
        "watch/end" | "watch/hunt" => vec![one("watch", json!("W-0001"))],
        "watch/seen" => vec![one("alert", json!("A-0001"))],
        _ => vec![],
    })
}

/// A list of one digest, as a file that is sent along.
fn hash_list() -> String {
    // The digest of no bytes at all.
    let line = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(line)
}
