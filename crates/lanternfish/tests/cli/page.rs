//! `docs/guide/cli.md` lists every command with every option, and nothing else: it is written from the
//! program's own `--help` (`LANTERNFISH_BLESS=1`) and compared with it. What the guide tells an officer
//! to type is complete: no required option is missing. Nothing is done here but asking for help.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::office::{Said, program, run, text};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// One entry of a list in a help text: what is typed, and what it says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    typed: String,
    says: String,
}

/// One command as its help describes it.
#[derive(Debug, Clone)]
struct Verb {
    words: Vec<String>,
    about: String,
    usage: String,
    arguments: Vec<Entry>,
    options: Vec<Entry>,
}

/// No record holds a number above 2^53 - 1, and nothing is said of damage when somebody types one.
#[test]
fn a_number_that_no_record_can_hold_is_refused_as_typed() {
    let crawl: &[&str] = &["collect", "crawl", "--case", "2026-0001", "--respect-robots", "http://market.test/"];
    let capture: &[&str] = &["capture", "--case", "2026-0001", "http://market.test/"];
    let log: &[&str] = &["log", "show"];
    for (words, option) in [
        (crawl, "--pause-ms"), (crawl, "--bytes"), (crawl, "--page-bytes"), (crawl, "--timeout-ms"),
        (capture, "--byte-budget"), (capture, "--timeout-ms"), (log, "--from"),
    ] {
        for number in [u64::MAX, 1 << 53] {
            let number = number.to_string();
            crate::office::ask(&[words, &[option, number.as_str()][..]].concat()).ended(2).tells(&number).tells("is not in");
        }
    }
    crate::office::ask(&["log", "prove", "18446744073709551615"]).ended(2).tells("is not in");
}

fn help(words: &[String]) -> String {
    let mut command = program();
    command.args(words).arg("--help").env("COLUMNS", "100");
    run(command).ended(0).out
}

/// The entries under a heading such as `Options:`, lines that were broken put together again.
fn section(help: &str, heading: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let lines = help.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| line.is_empty() || line.starts_with(' '));
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        let begins = indent <= 6 && (heading == "Commands:" || line.trim_start().starts_with(['-', '<', '[']));
        if begins {
            let (typed, says) = line.trim().split_once("  ").unwrap_or((line.trim(), ""));
            entries.push(Entry { typed: typed.into(), says: says.trim().into() });
        } else if let Some(entry) = entries.last_mut() {
            entry.says = format!("{} {}", entry.says, line.trim()).trim().to_owned();
        }
    }
    entries
}

/// Every command that can be given, in the program's own order.
fn verbs(words: &[String]) -> Vec<Verb> {
    let text = help(words);
    let below: Vec<Entry> = section(&text, "Commands:").into_iter().filter(|entry| entry.typed != "help").collect();
    if below.is_empty() {
        return vec![verb(words, &text)];
    }
    below.iter().flat_map(|entry| verbs(&[words, std::slice::from_ref(&entry.typed)].concat())).collect()
}

fn verb(words: &[String], text: &str) -> Verb {
    let about: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
    let usage = text.lines().skip_while(|line| !line.starts_with("Usage: ")).take_while(|line| !line.is_empty());
    let usage: Vec<&str> = usage.map(|line| line.trim_start_matches("Usage: ").trim()).collect();
    Verb {
        words: words.to_vec(),
        about: about.join(" "),
        usage: usage.join(" "),
        arguments: section(text, "Arguments:"),
        options: section(text, "Options:"),
    }
}

fn everywhere(entry: &Entry) -> bool {
    ["--home", "--json", "--session", "-h", "-V"].iter().any(|name| entry.typed.starts_with(name))
}

fn table(page: &mut String, entries: &[&Entry]) {
    if entries.is_empty() {
        return;
    }
    page.push_str("\n| | |\n|---|---|\n");
    for entry in entries {
        page.push_str(&format!("| `{}` | {} |\n", entry.typed, entry.says.replace('|', "\\|")));
    }
}

/// The whole page.
fn page(verbs: &[Verb]) -> String {
    let mut page = String::from(
        "# Every command\n\nThis page is written from the program's own `--help`, and a test refuses an old one. \
         What a step means is in [ten minutes](ten-minutes.md).\n\n\
         Exit codes: 0 done, 1 refused by a law (the message names its number), 2 bad input or usage, 3 the machine: disk, permissions, network.\n\n\
         ## With every command\n",
    );
    let shared: Vec<&Entry> = verbs[0].options.iter().filter(|entry| everywhere(entry)).collect();
    table(&mut page, &shared);
    page.push_str("\n## All commands\n\n| | |\n|---|---|\n");
    for verb in verbs {
        page.push_str(&format!("| [{}](#{}) | {} |\n", verb.words.join(" "), verb.words.join("-"), verb.about));
    }
    for verb in verbs {
        page.push_str(&format!("\n## {}\n\n{}.\n\n    {}\n", verb.words.join(" "), verb.about, verb.usage));
        let own = verb.options.iter().filter(|entry| !everywhere(entry));
        table(&mut page, &verb.arguments.iter().chain(own).collect::<Vec<_>>());
    }
    page
}

#[test]
fn the_page_is_what_help_says() {
    let path = root().join("docs/guide/cli.md");
    let now = page(&verbs(&[]));
    if std::env::var_os("LANTERNFISH_BLESS").is_some() {
        fs::write(&path, now).unwrap();
        return;
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == now, "docs/guide/cli.md is old: run `LANTERNFISH_BLESS=1 cargo test -p lanternfish --test cli the_page`");
}

/// Each command with each long option, read from a page: headings, and the first cell of each row.
fn on_the_page(page: &str) -> BTreeSet<String> {
    let mut pairs = BTreeSet::new();
    let mut verb = String::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            verb = heading.to_owned();
            pairs.insert(verb.clone());
        }
        let cell = line.strip_prefix("| `").and_then(|rest| rest.split('`').next()).unwrap_or("");
        pairs.extend(cell.split([' ', ',']).filter(|word| word.starts_with("--")).map(|option| format!("{verb} {option}")));
    }
    pairs
}

/// The same, read from the help texts without their layout: lines that begin with an option.
fn in_the_help(words: &[String], pairs: &mut BTreeSet<String>) {
    let text = help(words);
    let below: Vec<&str> = text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty()).collect();
    if !below.is_empty() {
        let names = below.iter().filter(|line| line.starts_with("  ") && !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
        names.filter(|name| *name != "help").for_each(|name| in_the_help(&[words, &[name.to_owned()]].concat(), pairs));
        return;
    }
    let verb = words.join(" ");
    pairs.insert(verb.clone());
    for line in text.lines().map(str::trim).filter(|line| line.starts_with('-')) {
        let typed = line.split("  ").next().unwrap_or("");
        for option in typed.split([' ', ',']).filter(|word| word.starts_with("--")) {
            let shared = everywhere(&Entry { typed: typed.into(), says: String::new() });
            pairs.insert(format!("{} {option}", if shared { "With every command" } else { &verb }));
        }
    }
}

#[test]
fn every_verb_and_option_is_on_the_page_and_nothing_else() {
    let mut told = BTreeSet::from(["With every command".to_owned(), "All commands".to_owned()]);
    in_the_help(&[], &mut told);
    assert!(told.len() > 150, "the help was not read: {told:?}");
    let written = fs::read_to_string(root().join("docs/guide/cli.md")).unwrap();
    assert_eq!(on_the_page(&written), told);
    let less = written.replacen("| `--purpose ", "| `--why ", 1);
    assert_ne!(on_the_page(&less), told, "a renamed option would be seen");
    assert_ne!(on_the_page(&written.replace("## doctor\n", "")), told, "a missing command would be seen");
}

/// The indented blocks of a page, as a shell reads them.
fn blocks(page: &str) -> String {
    let lines = page.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| !line.starts_with("alias "));
    lines.collect::<Vec<_>>().join("\n")
}

/// The commands of the guide, split as a shell splits them.
fn typed_commands(page: &str) -> Vec<Vec<String>> {
    let script = "exec 3>&1 >/dev/null; lf() { printf '%s\\x1f' \"$@\" >&3; printf '\\x1e' >&3; }; lanternfish() { lf \"$@\"; }\n".to_owned()
        + "lanternfish-verify() { :; }; bash() { :; }\n"
        + &blocks(page);
    let mut command = Command::new("bash");
    command.args(["-c", &script]);
    let said: Said = run(command).ended(0);
    let commands = said.out.split('\x1e').filter(|words| !words.is_empty());
    commands.map(|words| words.split_terminator('\x1f').map(str::to_owned).collect()).collect()
}

#[test]
fn what_the_guide_tells_to_type_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = text(&folder.path().join("no home"));
    let mut count = 0;
    for name in ["ten-minutes.md", "unit-of-three.md", "verify.md"] {
        let page = fs::read_to_string(root().join("docs/guide").join(name)).unwrap();
        for words in typed_commands(&page) {
            if matches!(words[0].as_str(), "init" | "demo" | "scan" | "market") {
                continue;
            }
            let mut command = program();
            command.args(["--home", &nowhere]).args(&words);
            let said = run(command);
            assert!(said.code == 2 && said.err.contains("there is no lanternfish home"), "{name}: {words:?}: {}", said.err);
            count += 1;
        }
    }
    assert!(count > 20, "the commands of the guide were not found: {count}");
}
