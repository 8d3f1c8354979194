//! The timeline and the graph: what they are made of, what they leave out, and that a chart is made the same again.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::{office::{BOUNMY, KHAM, NOY, Office, string, year}, pictures::zipped};

const PURPOSE: [&str; 2] = ["--purpose", "drill"];
const ADDRESS: &str = "night-heron@example.org";
const CHAT: &str = "[13/01/2026, 10:00:00] Anna: SYNTHETIC write to night-heron@example.org\n[14/01/2026, 11:00:00] Bee: thank you\n[15/01/2026, 12:00:00] Anna: good\n";
const PAGE: &str = "<p>SYNTHETIC: night-heron@example.org sells papers</p>";

fn examined(office: &Office, name: &str, bytes: &str) -> String {
    let exhibit = office.admit(name, bytes);
    office.in_case(NOY, "examine", &[&exhibit]).ended(0);
    exhibit
}

fn asked(office: &Office, verb: &str, more: &[&str]) -> Vec<Value> {
    office.in_case(NOY, verb, &[&PURPOSE[..], more].concat()).ended(0).lines()
}

/// A drawing or its values, as a file.
fn written(office: &Office, verb: &str, option: &str, name: &str) -> String {
    let place = office.place(name);
    office.in_case(NOY, verb, &[&PURPOSE[..], &[option, place.to_str().unwrap()]].concat()).ended(0);
    fs::read_to_string(place).unwrap()
}

#[test]
fn a_timeline_says_whose_moment_each_is() {
    let office = Office::working();
    let chat = examined(&office, "_chat.txt", CHAT);
    let all = asked(&office, "timeline", &[]);
    let tellers: BTreeSet<&str> = all.iter().map(|one| one["moment"].as_str().unwrap()).collect();
    assert_eq!(tellers, BTreeSet::from(["claimed", "recorded", "ordered"]));
    let messages = asked(&office, "timeline", &["--kind", "message"]);
    assert_eq!(messages.len(), 3);
    let first = &messages[0];
    // The order of the digits is told by the whole export; the zone is not, and the entry says how much room that leaves.
    assert_eq!((&first["at"], &first["earliest"], &first["latest"]), (&json!("2026-01-13T10:00:00.000000Z"), &json!("2026-01-12T20:00:00.000000Z"), &json!("2026-01-13T22:00:01.000000Z")));
    assert_eq!((string(&first["exhibit"]), string(&first["written"])), (chat.clone(), "13/01/2026, 10:00:00".into()));
    let (start, end) = (first["start"].as_u64().unwrap() as usize, first["end"].as_u64().unwrap() as usize);
    assert!(CHAT[start..end].contains("Anna: SYNTHETIC"), "its bytes");
    let days = |from: &str, until: &str| asked(&office, "timeline", &["--moment", "claimed", "--from", from, "--until", until]).len();
    assert_eq!([days("2026-01-14", "2026-01-14"), days("2026-01-12", "2026-01-12"), days("2026-01-11", "2026-01-11")], [2, 1, 0]);
    assert_eq!(asked(&office, "timeline", &["--exhibit", &chat, "--most", "2", "--first", "2"]).len(), 2);
    office.in_case(NOY, "timeline", &["--purpose", "drill", "--from", "01.03.2026"]).ended(2).tells("2026-03-01");
    office.in_case(NOY, "timeline", &["--kind", "message"]).ended(2).tells("--purpose");
    // What can be read two ways is not placed, and that is said.
    examined(&office, "other_chat.txt", "[02/01/2026, 10:00:00] Anna: SYNTHETIC one\n[03/01/2026, 10:01:00] Bee: two\n[03/01/2026, 10:02:00] Bee: three\n");
    office.in_case(NOY, "timeline", &PURPOSE).ended(0).tells("3 dates that strangers wrote could not be placed");
}

#[test]
fn an_order_ends_on_a_timeline_when_it_is_revoked_and_begins_only_when_it_is_live() {
    let office = Office::working();
    let revoked = office.case_authority(&["query"]);
    office.does(KHAM, "authority revoke", &[&revoked, "--reason", "a drill"]);
    let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year()));
    let words = [office.authority_words("supervisor", &["query"]), vec!["--from", &from, "--until", &until, "--case", &office.case]].concat();
    let recorded = string(&office.done(NOY, &words)["authority"]);
    let told = asked(&office, "timeline", &["--kind", "authority-begins", "--kind", "authority-ends"]);
    let of = |authority: &str| told.iter().filter(|one| one["source"] == authority).collect::<Vec<_>>();
    assert_eq!(of(&recorded), Vec::<&Value>::new());
    let ends: Vec<_> = of(&revoked).into_iter().filter(|one| one["kind"] == "authority-ends").collect();
    assert_eq!((ends.len(), &ends[0]["moment"]), (1, &json!("recorded")), "{told:?}");
    assert!(ends[0]["what"].as_str().unwrap().contains("is revoked") && ends[0]["at"].as_str().unwrap() < format!("{}-12-31", year() + 1).as_str(), "{ends:?}");
    assert!(told.iter().any(|one| one["kind"] == "authority-ends" && one["moment"] == "ordered"), "the unit's own ends on its day");
}

#[test]
fn a_finding_stands_on_the_timeline_of_each_exhibit_that_it_rests_on() {
    let office = Office::working();
    let (first, second, third) = (examined(&office, "a.txt", "SYNTHETIC a"), examined(&office, "b.txt", "SYNTHETIC b"), examined(&office, "c.txt", "SYNTHETIC c"));
    office.does(NOY, "finding add", &["--kind", "fact", "--text", "SYNTHETIC: two say so", "--exhibit", &first, "--exhibit", &second, "--method", "m", "--error-rate", "none", "--grading", "B2"]);
    let findings = |exhibit: &str| asked(&office, "timeline", &["--exhibit", exhibit, "--kind", "finding"]).len();
    assert_eq!([findings(&first), findings(&second), findings(&third)], [1, 1, 0]);
}

#[test]
fn each_line_of_a_graph_gives_its_reasons_down_to_the_bytes() {
    let office = Office::working();
    let (chat, page) = (examined(&office, "_chat.txt", CHAT), examined(&office, "page.html", PAGE));
    office.does(NOY, "finding add", &["--kind", "fact", "--text", "SYNTHETIC: one address stands in both", "--exhibit", &chat, "--exhibit", &page, "--method", "m", "--error-rate", "none", "--grading", "B2"]);
    let drawn = asked(&office, "graph", &[]);
    let thing = |label: &str| drawn.iter().find(|one| one["thing"].is_string() && one["label"].as_str().unwrap().starts_with(label)).map(|one| string(&one["thing"])).unwrap();
    let line = |from: &str, to: &str| drawn.iter().find(|one| one["from"] == from && one["to"] == to).unwrap_or_else(|| panic!("{from} to {to}: {drawn:?}"));
    let (address, anna) = (thing(ADDRESS), thing("Anna"));
    for exhibit in [&chat, &page] {
        line("F-0001", exhibit);
        let stands = line(exhibit, &address);
        let told = asked(&office, "graph", &["--why", stands["line"].as_str().unwrap()]).pop().unwrap();
        let reason = &told["reasons"][0];
        let bytes = if *exhibit == chat { CHAT } else { PAGE };
        let (start, end) = (reason["start"].as_u64().unwrap() as usize, reason["end"].as_u64().unwrap() as usize);
        assert_eq!((&bytes[start..end], &reason["exhibit"], told["reasons"].as_array().unwrap().len()), (ADDRESS, &json!(exhibit), 1));
    }
    assert_eq!(line(&anna, &address)["says"], "in one row with");
    assert!(drawn.iter().all(|one| one["line"].is_null() || one["reasons"].as_u64() > Some(0)), "no line without a reason");
    // What is joined with it by one line, and only some kinds.
    let near = asked(&office, "graph", &["--around", &address, "--hops", "1"]);
    assert_eq!(near.iter().filter(|one| one["thing"].is_string()).count(), 4);
    assert!(asked(&office, "graph", &["--kind", "exhibit"]).iter().all(|one| one["kind"] == "exhibit"));
    let few = office.in_case(NOY, "graph", &[&PURPOSE[..], &["--most", "2"]].concat()).ended(0).tells("are left out");
    assert_eq!(few.lines().iter().filter(|one| one["thing"].is_string()).count(), 2);
    office.in_case(NOY, "graph", &[&PURPOSE[..], &["--why", "line-0"]].concat()).ended(2).tells("has no line");
    office.sound_log();
}

/// The things with this label, and the lines that begin or end at one of them.
fn named<'a>(drawn: &'a [Value], label: &str) -> (Vec<&'a Value>, Vec<&'a Value>) {
    let things: Vec<&Value> = drawn.iter().filter(|one| one["thing"].is_string() && one["label"] == label).collect();
    let lines = drawn.iter().filter(|one| things.iter().any(|thing| one["from"] == thing["thing"] || one["to"] == thing["thing"])).collect();
    (things, lines)
}

fn alex(address: &str) -> String {
    format!("[13/01/2026, 10:00:00] Alex: SYNTHETIC write to {address}\n[14/01/2026, 11:00:00] Bee: thank you\n[15/01/2026, 12:00:00] Alex: good\n")
}

#[test]
fn law_12_two_people_of_one_name_in_one_archive_stay_two() {
    let office = Office::working();
    // Whoever made the archive called its files like pages of one site.
    let (one, other) = (alex("first@example.org"), alex("second@example.org"));
    let archive = office.admit("chats.zip", zipped(&[("http://market.example/one.txt", one.as_bytes()), ("http://market.example/two.txt", other.as_bytes())]));
    office.in_case(NOY, "examine", &[&archive]).ended(0);
    let drawn = asked(&office, "graph", &[]);
    let (people, lines) = named(&drawn, "Alex");
    assert_eq!(people.len(), 2, "{people:?}");
    for address in ["first@example.org", "second@example.org"] {
        let address = &named(&drawn, address).0[0]["thing"];
        assert_eq!(lines.iter().filter(|line| line["says"] == "in one row with" && line["to"] == *address).count(), 1, "{lines:?}");
    }
    let alike: Vec<_> = lines.iter().filter(|line| line["says"] == "written alike").collect();
    assert!(alike.len() == 1 && alike[0]["strength"] == "candidate", "{lines:?}");
    // Examined again, they are the same two, and each line keeps its one reason.
    office.in_case(NOY, "examine", &[&archive]).ended(0);
    assert_eq!(asked(&office, "graph", &[]), drawn);
}

#[test]
fn a_name_on_two_pages_of_one_captured_site_is_one() {
    let office = Office::working();
    let record = |number: usize, host: &str, block: &str| {
        let length = block.len();
        format!("WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012}>\r\nWARC-Date: 2026-01-22T08:00:00Z\r\nWARC-Target-URI: http://{host}/{number}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{block}\r\n\r\n")
    };
    let site = [record(1, "market.example", &alex("first@example.org")), record(2, "market.example", &alex("second@example.org")), record(3, "other.example", &alex("third@example.org"))];
    let archive = office.admit("site.warc", site.concat());
    office.in_case(NOY, "examine", &[&archive]).ended(0);
    let drawn = asked(&office, "graph", &[]);
    let abouts: BTreeSet<&str> = named(&drawn, "Alex").0.iter().map(|thing| thing["about"].as_str().unwrap()).collect();
    assert_eq!(abouts, BTreeSet::from(["as market.example shows it", "as other.example shows it"]));
}

#[test]
fn a_sheet_says_what_was_asked_and_what_is_not_on_it() {
    let office = Office::working();
    let chat = examined(&office, "_chat.txt", CHAT);
    let never = office.admit("never.txt", "SYNTHETIC: nobody has examined it");
    examined(&office, "other_chat.txt", "[02/01/2026, 10:00:00] Anna: SYNTHETIC one\n[03/01/2026, 10:01:00] Bee: two\n[03/01/2026, 10:02:00] Bee: three\n");
    let sheet = |verb: &str, option: &str, more: &[&str]| {
        let place = office.place(&format!("{verb}{option}"));
        office.in_case(NOY, verb, &[&PURPOSE[..], &[option, place.to_str().unwrap()], more].concat()).ended(0);
        fs::read_to_string(place).unwrap()
    };
    let time = ["--kind", "message", "--moment", "claimed", "--from", "2026-01-13", "--exhibit", &chat];
    let (paper, data) = (sheet("timeline", "--svg", &time), sheet("timeline", "--data", &time));
    let (question, silent) = (format!("asked for: kinds message; moments claimed; from 2026-01-13 00:00Z; exhibit {chat}"), format!("in these exhibits, 1 in all: {never}"));
    for told in ["3 of 3 entries that were asked for, 4 before the filter", "0 dates that they wrote could not be placed", &question, &silent] {
        assert!(paper.contains(told), "{told}: {}", paper.lines().take(12).collect::<Vec<_>>().join("\n"));
    }
    let data: Value = serde_json::from_str(&data).unwrap();
    assert_eq!((&data["asked"]["exhibit"], &data["asked"]["kinds"], &data["before"], &data["silent"]), (&json!(chat), &json!(["message"]), &json!(4), &json!([never])));
    let (paper, data) = (sheet("graph", "--svg", &["--around", &chat, "--hops", "1"]), sheet("graph", "--data", &["--kind", "exhibit"]));
    assert!(paper.contains(&format!("asked for: kinds all; around {chat} by at most 1 lines; at most 300 things")), "{}", paper.lines().take(12).collect::<Vec<_>>().join("\n"));
    let data: Value = serde_json::from_str(&data).unwrap();
    assert_eq!((&data["asked"]["kinds"], data["before"].as_u64() > Some(3)), (&json!(["exhibit"]), true));
}

#[test]
fn law_02_a_chart_is_made_the_same_again_and_each_question_is_an_event() {
    let office = Office::working();
    examined(&office, "_chat.txt", CHAT);
    examined(&office, "page.html", PAGE);
    let before = office.sound_log();
    let (first, second) = (written(&office, "graph", "--svg", "first.svg"), written(&office, "graph", "--svg", "second.svg"));
    // But for the moment and the event, which it names.
    let drawn = |svg: &str| svg.lines().filter(|line| !line.contains("made 20")).collect::<Vec<_>>().join("\n");
    assert_eq!(drawn(&first), drawn(&second));
    assert!(first.contains("steps 500, seed 42") && first.contains(&format!("Graph of case {}", office.case)) && first.contains("a candidate"));
    assert!(written(&office, "timeline", "--svg", "time.svg").contains("claimed by strangers"));
    let (values, again) = (written(&office, "graph", "--data", "one.json"), written(&office, "graph", "--data", "two.json"));
    let places = |text: &str| serde_json::from_str::<Value>(text).unwrap()["things"].clone();
    assert_eq!(places(&values), places(&again));
    // Each of the five was an event; to look at the log is one too.
    assert_eq!(office.sound_log(), before + 6);
    let events = office.last_events(6);
    assert_eq!(events.iter().filter(|event| *event == "queried").count(), 5, "{events:?}");
}

#[test]
fn law_07_no_drawing_shows_what_a_list_hides() {
    let office = Office::working();
    let key = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";
    examined(&office, "key.txt", &format!("SYNTHETIC, my private key: {key} and write to {ADDRESS}"));
    let diary = office.file("diary.txt", format!("SYNTHETIC diary: doctor@example.org, {ADDRESS}"));
    office.does(NOY, "exhibit admit", &[&diary, "--class", "personal-sensitive"]);
    office.does(NOY, "examine", &["E-0002"]);
    examined(&office, "_chat.txt", &format!("[13/01/2026, 10:00:00] Lawyer: SYNTHETIC brief lawyer@example.org\n[14/01/2026, 11:00:00] Client: {key} is the private key\n"));
    let all = |name: &str| {
        let lists = [asked(&office, "graph", &[]), asked(&office, "timeline", &[])].concat().iter().map(Value::to_string).collect::<String>();
        let drawn = [("graph", "--svg"), ("graph", "--data"), ("timeline", "--svg"), ("timeline", "--data")];
        drawn.iter().enumerate().fold(lists, |told, (n, (verb, option))| told + &written(&office, verb, option, &format!("{name}-{n}")))
    };
    let told = all("before");
    for hidden in [&key[..12], "doctor@"] {
        assert!(!told.contains(hidden), "{hidden} is told");
    }
    assert!(told.contains("lawyer@example.org") && told.contains(ADDRESS) && told.contains("Client"));
    office.in_case(NOY, "graph", &PURPOSE).ended(0).tells("are not drawn");
    office.does(NOY, "exhibit reclassify", &["E-0003", "--class", "privileged", "--reason", "a letter to a lawyer"]);
    let told = all("after");
    for hidden in [&key[..12], "doctor@", "lawyer@", "Client", "_chat.txt"] {
        assert!(!told.contains(hidden), "{hidden} is told");
    }
    // A line says that two things are the same: none leads from an item of which lists say nothing to what stands in it.
    let lines = asked(&office, "graph", &[]);
    assert!(lines.iter().any(|one| one["from"] == "E-0001" && one["says"] == "holds"));
    assert!(!lines.iter().any(|one| (one["from"] == "E-0002" || one["from"] == "E-0003") && (one["says"] == "holds" || one["says"] == "shows")), "{lines:?}");
    // An exhibit officer may ask no question.
    for verb in ["timeline", "graph"] {
        office.in_case(BOUNMY, verb, &PURPOSE).ended(1);
    }
    office.sound_log();
}
