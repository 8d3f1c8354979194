//! `scan`: the one verb outside law 1. It touches no case, keeps nothing and says so.

use std::{fs, os::unix::fs::symlink};

use serde_json::Value;

use crate::office::{ask, text};

const KEYS: [&str; 8] = ["kind", "type", "value", "state", "reason", "source", "start", "end"];

#[test]
fn scan_gives_a_json_line_for_each_selector_and_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("a page.html");
    let words = "<p>pay 1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1 or 1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY2, write to seller@example.com</p>";
    fs::write(&page, words).unwrap();
    let said = ask(&["scan", "--json", &text(&page)]).ended(0).tells("touches no case and keeps nothing");
    let lines = said.lines();
    for line in &lines {
        let members = line.as_object().unwrap();
        assert!(KEYS.iter().all(|key| members.contains_key(*key)) && members.keys().all(|key| KEYS.contains(&key.as_str()) || ["chance", "context", "rivals", "steps"].contains(&key.as_str())), "{line}");
        assert_eq!((&line["kind"], &line["source"]), (&"selector".into(), &text(&page).into()));
    }
    let found = |kind: &str, state: &str| -> Vec<&Value> { lines.iter().filter(|l| l["type"] == kind && l["state"] == state).collect() };
    let good = found("btc-base58", "verified");
    assert_eq!(good.len(), 1, "{lines:?}");
    let range = good[0]["start"].as_u64().unwrap() as usize..good[0]["end"].as_u64().unwrap() as usize;
    assert_eq!((&words[range], &good[0]["value"]), ("1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1", &"1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1".into()));
    assert_eq!(found("btc-base58", "failed-checksum").len(), 1, "a typing mistake is evidence too: {lines:?}");
    assert_eq!(found("email", "unverifiable").len(), 1, "{lines:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is written");
    let plain = ask(&["scan", &text(&page)]).ended(0).out;
    assert_eq!(plain.lines().count(), lines.len());
}

#[test]
fn scan_walks_folders_in_order_and_follows_no_link() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("b")).unwrap();
    fs::write(folder.path().join("b/two.txt"), "two@example.com").unwrap();
    fs::write(folder.path().join("a\nnew %0A line.txt"), "one@example.com").unwrap();
    fs::write(folder.path().join("c-empty"), "").unwrap();
    symlink("/", folder.path().join("link")).unwrap();
    let lines = ask(&["scan", "--json", &text(folder.path())]).ended(0).lines();
    let mails: Vec<&Value> = lines.iter().filter(|l| l["type"] == "email").map(|l| &l["value"]).collect();
    assert_eq!(mails, ["one@example.com", "two@example.com"]);
    let again = ask(&["scan", "--json", &text(folder.path())]).ended(0).lines();
    assert_eq!(lines, again, "the same files give the same lines");
}

#[test]
fn scan_says_what_it_could_not_read() {
    let folder = tempfile::tempdir().unwrap();
    ask(&["scan", "--json", "/nowhere/at/all"]).ended(2).tells("/nowhere/at/all");
    ask(&["scan"]).ended(2);
    ask(&["scan", "--region", "Atlantis", &text(folder.path())]).ended(2);
    let national = folder.path().join("n.txt");
    fs::write(&national, "call 020 5555 0199").unwrap();
    let phones = |more: &[&str]| {
        let lines = ask(&[&["scan", "--json", &text(&national)], more].concat()).ended(0).lines();
        lines.iter().filter(|l| l["type"] == "phone").count()
    };
    assert_eq!((phones(&[]), phones(&["--region", "LA"])), (0, 1));
}

/// A sparse file that is larger than the memory there is: time linear, memory bounded. Larger ones only take longer.
#[test]
fn law_14_scan_reads_a_sparse_file_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let sparse = folder.path().join("sparse");
    fs::File::create(&sparse).unwrap().set_len(1 << 30).unwrap();
    let script = format!("ulimit -v 600000; exec {} scan --json {}", env!("CARGO_BIN_EXE_lanternfish"), text(&sparse));
    let mut command = std::process::Command::new("bash");
    command.args(["-c", &script]);
    assert_eq!(crate::office::run(command).ended(0).out, "");
}

/// A market page that we wrote: five offers, in cards that no built-in profile knows.
pub fn market_page() -> String {
    let goods = [("Green tea, 100 g", "5.50"), ("Black rice, 1 kg", "12"), ("Silk scarf", "39.99"), ("Honey, 250 g", "7"), ("Wooden spoon", "3.25")];
    let card = |(i, (title, price)): (usize, &(&str, &str))| {
        format!("<div class=thing><a class=name href='/offer/{i}'>{title}</a> <a href='/vendor/{}'>shop_{}</a> <span class=price>{price} EUR</span></div>", i % 2, i % 2)
    };
    format!("<html><title>SYNTHETIC market</title><body>{}</body>", goods.iter().enumerate().map(card).collect::<String>())
}

#[test]
fn scan_reads_the_rows_of_a_page_and_each_cell_leads_back_to_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("market.html");
    let words = market_page();
    fs::write(&page, &words).unwrap();
    let rows = |more: &[&str]| -> Vec<Value> {
        let lines = ask(&[&["scan", "--json", &text(&page)], more].concat()).ended(0).lines();
        lines.into_iter().filter(|line| line["kind"] == "listing").collect()
    };
    let found = rows(&[]);
    assert_eq!(found.len(), 5, "{found:?}");
    let second = &found[1];
    let said = [&second["title"], &second["vendor"], &second["price"], &second["currency"], &second["source"]];
    assert_eq!(said, ["Black rice, 1 kg", "shop_1", "12", "EUR", &text(&page)]);
    assert!(second["read_by"]["structure"]["confidence"].as_u64().unwrap() >= 50, "{second}");
    for cell in second["cells"].as_array().unwrap() {
        let raw = &words[cell["start"].as_u64().unwrap() as usize..cell["end"].as_u64().unwrap() as usize];
        assert_eq!(raw, cell["written"].as_str().unwrap_or(cell["value"].as_str().unwrap()), "{cell}");
    }
    assert_eq!(rows(&["--no-profiles"]), found);
    assert!(ask(&["scan", &text(&page)]).ended(0).out.contains("listing\t12\tEUR\tBlack rice, 1 kg\tshop_1\t"));
}

#[test]
fn scan_drafts_a_profile_that_reads_the_page_once_a_person_has_saved_it() {
    let folder = tempfile::tempdir().unwrap();
    let (page, profiles) = (folder.path().join("market.html"), folder.path().join("profiles"));
    fs::write(&page, market_page()).unwrap();
    fs::create_dir(&profiles).unwrap();
    ask(&["scan", &text(&page), "--profiles", &text(&profiles)]).ended(2).tells("no .toml file");
    let draft = ask(&["scan", "--draft-profile", &text(&page)]).ended(0).out;
    assert!(draft.starts_with("# DRAFT") && draft.contains("confidence"), "{draft}");
    fs::write(profiles.join("mine.toml"), draft.replace("\"draft\"", "\"mine\"").replace("version = \"0\"", "version = \"1\"")).unwrap();
    let lines = ask(&["scan", "--json", &text(&page), "--profiles", &text(&profiles)]).ended(0).lines();
    let rows: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "listing").collect();
    assert_eq!((rows.len(), &rows[4]["price"], &rows[4]["read_by"]["profile"]["name"]), (5, &"3.25".into(), &"mine".into()), "{lines:?}");
    fs::write(profiles.join("mine.toml"), draft.replace("format = 1", "format = 7")).unwrap();
    ask(&["scan", &text(&page), "--profiles", &text(&profiles)]).ended(2).tells("mine.toml").tells("format is 7");
    let empty = folder.path().join("empty.html");
    fs::write(&empty, "<html><p>nothing</p>").unwrap();
    ask(&["scan", "--draft-profile", &text(&empty)]).ended(2).tells("no repeated structure");
}

#[test]
fn scan_reads_a_mail_and_says_what_it_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let letter = folder.path().join("a letter without an ending");
    let words = "From: a@example.com\r\nTo: b@example.com\r\nDate: Mon, 02 Mar 2026 10:00:00 +0700\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<b>vendor</b>=40example.=\r\ncom\r\n\
        --x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUgAAAAEAAAAB\r\n--x--\r\n";
    fs::write(&letter, words).unwrap();
    let said = ask(&["scan", "--json", &text(&letter)]).ended(0).tells("an attachment that is no text (image/png) was passed over");
    let lines = said.lines();
    let found: Vec<&Value> = lines.iter().filter(|line| line["value"] == "vendor@example.com").collect();
    assert_eq!(found.len(), 1, "{lines:?}");
    let range = found[0]["start"].as_u64().unwrap() as usize..found[0]["end"].as_u64().unwrap() as usize;
    assert_eq!(&words[range], "vendor</b>=40example.=\r\ncom");
    assert_eq!(found[0]["steps"][0], "quoted-printable undone");
}
