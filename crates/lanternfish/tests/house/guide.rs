//! Every command that the guide tells an officer to type is one that the program knows, with every
//! option that is written there. Runs `--help` only, so nothing is done.

use std::{collections::BTreeMap, path::PathBuf, process::Command};

use crate::{collect_files, read, root};

/// A command of a page: the verbs (`exhibit admit`) and the long options.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Typed {
    verbs: Vec<String>,
    options: Vec<String>,
}

/// The commands in the indented blocks and code spans of a page; `lf` is the guide's short form.
fn commands(page: &str) -> Vec<Typed> {
    let whole = page.replace("\\\n", " ");
    let (blocks, text): (Vec<&str>, Vec<&str>) = whole.lines().partition(|line| line.starts_with("    "));
    let typed = blocks.into_iter().filter(|line| !line.contains("alias ")).map(|line| line.split(" #").next().unwrap_or(line));
    let spans = text.into_iter().flat_map(|line| line.split('`').skip(1).step_by(2));
    typed.chain(spans).filter_map(command).collect()
}

fn command(line: &str) -> Option<Typed> {
    let mut words = line.split([' ', '(', ')']).skip_while(|word| *word != "lf" && *word != "lanternfish").skip(1).peekable();
    words.peek()?;
    let words: Vec<&str> = words.collect();
    let is_verb = |word: &&&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !word.starts_with('-');
    let verbs = words.iter().take_while(is_verb).map(ToString::to_string).collect();
    let options = words.iter().filter(|w| w.starts_with("--") && w.len() > 2);
    Some(Typed { verbs, options: options.map(|o| o.split('=').next().unwrap_or(o).to_owned()).collect() })
}

/// What the program says of these verbs, or `None` when it does not know them.
fn help(verbs: &[String]) -> Option<String> {
    let told = Command::new(env!("CARGO_BIN_EXE_lanternfish")).args(verbs).arg("--help").output().expect("the program starts");
    told.status.success().then(|| String::from_utf8_lossy(&told.stdout).into_owned())
}

/// The word itself, not a longer option that begins with it.
fn offers(help: &str, option: &str) -> bool {
    help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| word == option)
}

#[test]
fn every_command_of_the_guide_is_one_of_the_program() {
    let mut pages: Vec<PathBuf> = vec![root().join("README.md")];
    collect_files(&root().join("docs/guide"), "md", &mut pages);
    let typed: Vec<Typed> = pages.iter().flat_map(|page| commands(&read(page))).collect();
    assert!(typed.len() > 20, "the commands of the guide were not found");
    let mut helps: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for Typed { verbs, options } in typed {
        match helps.entry(verbs.clone()).or_insert_with(|| help(&verbs)) {
            None => wrong.push(verbs.join(" ")),
            Some(text) => wrong.extend(options.iter().filter(|o| !offers(text, o)).map(|o| format!("{} {o}", verbs.join(" ")))),
        }
    }
    wrong.dedup();
    assert_eq!(wrong, Vec::<String>::new(), "the guide names what the program does not offer");
}

#[test]
fn a_command_is_told_from_its_surroundings() {
    let check = |line: &str, verbs: &[&str], options: &[&str]| {
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(commands(line), [Typed { verbs: owned(verbs), options: owned(options) }], "{line}");
    };
    check("    lf exhibit admit --case 2026-0001 photo.jpg --sha256 D   # why", &["exhibit", "admit"], &["--case", "--sha256"]);
    check("    export S=$(lf login \"Noy\" --passphrase-file noy.txt)", &["login"], &["--passphrase-file"]);
    check("    lanternfish demo", &["demo"], &[]);
    check("    lf authority record --kind x \\\n       --from y", &["authority", "record"], &["--kind", "--from"]);
    check("**A backup**: `lf backup create FILE` each week", &["backup", "create"], &[]);
    assert_eq!(commands("lf not indented\n    alias lf='lanternfish'\n    ./test"), []);
    assert!(offers("  --case <N>  the case", "--case") && !offers("  --cases <N>", "--case"));
}
