//! The shape of the house, checked over what cargo says of it: who may know whom, what may never be
//! in the graph, and that the papers speak of what is there. Reads the tree and `cargo metadata`;
//! builds nothing, asks no network. Follows "The rooms, and who may know whom" of `ARCHITECTURE.md`.
//!
//! `LANTERNFISH_BLESS=1 cargo test -p lanternfish --test house` writes the table of law tests anew.

#[path = "house/guide.rs"]
mod guide;
#[path = "house/reasons.rs"]
mod reasons;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Each crate and whom it may know. A crate that is not here is refused.
const MAY_KNOW: [(&str, &[&str]); 17] = [
    ("model", &[]),
    ("text", &[]),
    ("chart", &[]),
    ("ledger", &["model"]),
    ("store", &["model", "ledger", "text"]),
    ("seal", &["model", "ledger"]),
    ("extract", &["model", "text"]),
    ("report", &["model", "text"]),
    ("collect", &["model"]),
    ("range", &[]),
    ("parse", &["model"]),
    ("typeset", &[]),
    ("web", &["text"]),
    ("worker", &["model"]),
    ("desk", &["model", "ledger", "store", "seal", "extract", "report", "collect", "parse", "typeset"]),
    (
        "lanternfish",
        &["model", "text", "chart", "ledger", "store", "desk", "seal", "extract", "report", "collect", "parse", "typeset", "range", "web", "worker"],
    ),
    ("lanternfish-verify", &["model", "ledger", "seal"]),
];

/// Edges that only tests may have: the typeset child is tried with the papers that it is there for, the worker with the
/// extractor that the binary gives it.
const TESTS_MAY_KNOW: [(&str, &str); 3] = [("typeset", "model"), ("typeset", "report"), ("worker", "extract")];

/// Never in the graph, also not behind a feature: C cryptography, a resolver, and crates that download when they are
/// built.
const NEVER: [&str; 8] =
    ["openssl", "openssl-sys", "native-tls", "boring", "aws-lc-rs", "aws-lc-sys", "hickory-resolver", "ort"];

/// Longest way from the binary down to `model`, counted in edges.
const DEEPEST: usize = 5;

const TABLE_BEGINS: &str = "<!-- law tests: written by crates/lanternfish/tests/house.rs -->";
const TABLE_ENDS: &str = "<!-- law tests: end -->";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace is there")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// One edge between two crates of the house.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: String,
    to: String,
    only_tests: bool,
}

impl Edge {
    fn new(from: &str, to: &str, only_tests: bool) -> Edge {
        Edge { from: from.into(), to: to.into(), only_tests }
    }
}

/// What cargo answers about this workspace, without asking the network.
fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = root().join("Cargo.toml");
    let told = Command::new(cargo).args(arguments).args(["--offline", "--manifest-path"]).arg(manifest).output().expect("cargo starts");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    String::from_utf8(told.stdout).expect("cargo answers in UTF-8")
}

/// The workspace as cargo reads it, without its outside crates.
fn metadata() -> Value {
    serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps"])).expect("cargo metadata is JSON")
}

fn names(metadata: &Value) -> BTreeSet<String> {
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(|p| p["name"].as_str().expect("a name").to_owned()).collect()
}

fn edges(metadata: &Value) -> Vec<Edge> {
    let ours = names(metadata);
    let mut edges = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let from = package["name"].as_str().expect("a name");
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let to = dependency["name"].as_str().expect("a name");
            if ours.contains(to) {
                edges.push(Edge::new(from, to, dependency["kind"] == "dev"));
            }
        }
    }
    edges
}

/// What is wrong with these edges, one sentence each.
fn forbidden(edges: &[Edge]) -> Vec<String> {
    let rules: BTreeMap<&str, &[&str]> = MAY_KNOW.into_iter().collect();
    let refused = |edge: &&Edge| {
        let Some(allowed) = rules.get(edge.from.as_str()) else { return true };
        let by_rule = allowed.contains(&edge.to.as_str());
        let by_test = edge.only_tests && TESTS_MAY_KNOW.contains(&(edge.from.as_str(), edge.to.as_str()));
        !by_rule && !by_test
    };
    edges.iter().filter(refused).map(|e| format!("{} must not know {}", e.from, e.to)).collect()
}

/// Edges on the longest way down from `from`.
fn depth(from: &str, edges: &[Edge]) -> usize {
    let below = edges.iter().filter(|e| e.from == from && !e.only_tests);
    below.map(|e| 1 + depth(&e.to, edges)).max().unwrap_or(0)
}

#[test]
fn every_edge_is_one_of_the_house_plan() {
    let metadata = metadata();
    let known: BTreeSet<String> = MAY_KNOW.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&metadata), known, "a crate was added or left: decide here whom it may know");
    assert_eq!(forbidden(&edges(&metadata)), Vec::<String>::new());
}

#[test]
fn a_forbidden_edge_would_be_seen() {
    let check = |from, to, only_tests, refused: bool| {
        assert_eq!(!forbidden(&[Edge::new(from, to, only_tests)]).is_empty(), refused, "{from} -> {to}");
    };
    check("extract", "model", false, false);
    check("extract", "text", false, false);
    check("text", "model", false, true);
    check("extract", "store", false, true);
    check("extract", "report", false, true);
    check("report", "extract", true, true);
    check("model", "ledger", false, true);
    check("seal", "store", false, true);
    check("typeset", "report", false, true);
    check("typeset", "report", true, false);
    check("lanternfish", "lanternfish-verify", false, true);
    check("lanternfish-verify", "store", false, true);
    check("a-new-crate", "model", false, true);
}

#[test]
fn only_the_desk_and_the_binary_know_the_store() {
    let edges = edges(&metadata());
    let who: BTreeSet<&str> = edges.iter().filter(|e| e.to == "store").map(|e| e.from.as_str()).collect();
    assert_eq!(who, BTreeSet::from(["desk", "lanternfish"]));
}

#[test]
fn the_house_is_not_deeper_than_planned() {
    let edges = edges(&metadata());
    let deepest = depth("lanternfish", &edges);
    assert!(deepest <= DEEPEST, "{deepest} floors below the binary");
    let tower: Vec<Edge> = ["a", "b", "c", "d", "e", "f", "g"].windows(2).map(|w| Edge::new(w[0], w[1], false)).collect();
    assert!(depth("a", &tower) > DEEPEST, "a deeper house would be seen");
}

/// Names of outside crates in a lock file that must never be there.
fn never_in(lock: &str) -> Vec<&str> {
    NEVER.into_iter().filter(|name| lock.lines().any(|line| line == format!("name = \"{name}\""))).collect()
}

#[test]
fn no_c_cryptography_and_no_second_sqlite_in_the_graph() {
    let lock = read(&root().join("Cargo.lock"));
    assert_eq!(never_in(&lock), Vec::<&str>::new());
    assert_eq!(never_in("[[package]]\nname = \"openssl-sys\"\n"), ["openssl-sys"]);
    // The server's driver names its SQLite half in the lock file; it is never built (decision 23).
    let graph = built(&["--workspace", "--edges", "normal,build,dev"]);
    let of = |name: &str| graph.iter().filter(|line| line.split(' ').next() == Some(name)).count();
    assert_eq!((of("sqlx-sqlite"), of("libsqlite3-sys"), of("rusqlite")), (0, 1, 1));
}

/// Outside crates with their version and features, as a build of these packages would have them.
fn built(selection: &[&str]) -> BTreeSet<String> {
    let tree = cargo(&[&["tree", "--prefix", "none", "--format", "{p} [{f}]"], selection].concat());
    let outside = tree.lines().filter(|line| !line.contains(" (/"));
    outside.map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

#[test]
fn tests_and_product_are_built_from_the_same_crates() {
    let product = built(&["--package", "lanternfish", "--edges", "normal,build"]);
    let tests = built(&["--workspace", "--edges", "normal,build,dev"]);
    assert!(product.len() > 100, "the graph was not read");
    let twice: Vec<&String> = product.difference(&tests).collect();
    assert_eq!(twice, Vec::<&String>::new(), "other features in tests: these, and all above them, would be built twice");
}

#[test]
fn every_crate_obeys_the_one_lint_table() {
    for package in metadata()["packages"].as_array().expect("packages") {
        let manifest = read(Path::new(package["manifest_path"].as_str().expect("a path")));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} has lints of its own", package["name"]);
        assert_eq!(package["edition"], "2024", "{}", package["name"]);
        assert_eq!(package["license"], "Apache-2.0", "{}", package["name"]);
    }
}

/// Every Rust file of the house, `target` and hidden folders left out.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    collect_files(&root().join("crates"), "rs", &mut files);
    assert!(files.len() > 100, "the sources were not found");
    files.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

fn collect_files(folder: &Path, ending: &str, files: &mut Vec<PathBuf>) {
    let mut inside: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder of the tree").map(|entry| entry.expect("an entry").path()).collect();
    inside.sort();
    for path in inside {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            collect_files(&path, ending, files);
        } else if path.extension().is_some_and(|e| e == ending) {
            files.push(path);
        }
    }
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    let silent: Vec<PathBuf> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert_eq!(silent, Vec::<PathBuf>::new());
}

#[test]
fn nothing_is_left_for_later() {
    // Written in two parts, so that this file does not find itself.
    let marks = [["to", "do!("].concat(), ["unimple", "mented!("].concat(), ["db", "g!("].concat()];
    for (path, text) in sources() {
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{} holds {mark}…)", path.display());
        }
    }
}

/// The law tests of the tree: number → crate → names.
type LawTests = BTreeMap<u8, BTreeMap<String, BTreeSet<String>>>;

fn law_tests_of(sources: &[(PathBuf, String)]) -> LawTests {
    let mut found = LawTests::new();
    let crates = root().join("crates");
    for (path, text) in sources {
        let Ok(inside) = path.strip_prefix(&crates) else { continue };
        let Some(house) = inside.components().next() else { continue };
        for name in text.lines().filter_map(law_test_name) {
            let number = name[4..6].parse().expect("two digits follow");
            let house = house.as_os_str().to_string_lossy().into_owned();
            found.entry(number).or_default().entry(house).or_default().insert(name.to_owned());
        }
    }
    found
}

/// `law_NN_…` of a line `fn law_NN_…(`, with nothing but blanks, `async` or `pub` before it.
fn law_test_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = line.strip_prefix("fn ")?.split(['(', '<']).next()?;
    let digits = name.strip_prefix("law_")?.as_bytes();
    let shaped = digits.len() > 3 && digits[0].is_ascii_digit() && digits[1].is_ascii_digit() && digits[2] == b'_';
    shaped.then_some(name)
}

fn table_of(tests: &LawTests) -> String {
    let mut table = String::from("| law | crate | tests |\n|---|---|---|\n");
    for (number, houses) in tests {
        for (house, names) in houses {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            table.push_str(&format!("| {number} | {house} | {} |\n", names.join(", ")));
        }
    }
    table
}

#[test]
fn the_papers_list_the_law_tests_that_are_there() {
    let path = root().join("ARCHITECTURE.md");
    let text = read(&path);
    let (before, rest) = text.split_once(TABLE_BEGINS).expect("the table of law tests begins");
    let (written, after) = rest.split_once(TABLE_ENDS).expect("the table of law tests ends");
    let table = format!("\n{}", table_of(&law_tests_of(&sources())));
    if std::env::var_os("LANTERNFISH_BLESS").is_some() {
        fs::write(&path, [before, TABLE_BEGINS, &table, TABLE_ENDS, after].concat()).expect("ARCHITECTURE.md is written");
        return;
    }
    assert!(written == table, "the table of law tests is old: run this test once with LANTERNFISH_BLESS=1");
}

/// Numbers in the first column of the table of laws, with whether the row says that it is built.
fn laws_claimed(architecture: &str) -> BTreeMap<u8, bool> {
    let section = architecture.split_once("## The laws").expect("a section on the laws").1;
    let rows = section.split("\n## ").next().unwrap_or("").lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let number = cells.next()?.trim().parse().ok()?;
        // "built", perhaps with what is missing behind it: "built, but for errata".
        let state = line.trim_end_matches([' ', '|']).rsplit(" | ").next()?;
        Some((number, state.starts_with("built")))
    });
    rows.collect()
}

#[test]
fn every_law_that_is_claimed_has_its_test() {
    let claimed = laws_claimed(&read(&root().join("ARCHITECTURE.md")));
    let numbers: Vec<u8> = claimed.keys().copied().collect();
    assert_eq!(numbers, (1..=15).collect::<Vec<u8>>(), "ARCHITECTURE.md lists every law once");
    let tests = law_tests_of(&sources());
    let unproved: Vec<u8> = claimed.iter().filter(|(n, built)| **built && !tests.contains_key(n)).map(|(n, _)| *n).collect();
    assert_eq!(unproved, Vec::<u8>::new(), "claimed as built, and no test bears the number");
    let unclaimed: Vec<&u8> = tests.keys().filter(|n| !claimed.get(*n).copied().unwrap_or(false)).collect();
    assert_eq!(unclaimed, Vec::<&u8>::new(), "tested, and ARCHITECTURE.md does not say that it is built");
}

#[test]
fn a_law_test_is_told_by_its_name() {
    let check = |line: &str, expected: Option<&str>| assert_eq!(law_test_name(line), expected, "{line}");
    check("fn law_05_bytes_match() {", Some("law_05_bytes_match"));
    check("    async fn law_15_it_stops() {", Some("law_15_it_stops"));
    check("// fn law_05_bytes_match() {", None);
    check("fn law_5_bytes() {", None);
    check("fn lawful() {", None);
}

/// Targets of `[text](target)` in a page, outside addresses and anchors left out.
fn links(page: &str) -> Vec<String> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let inside = targets.filter(|target| !target.contains("://") && !target.starts_with('#') && !target.contains(' '));
    inside.map(|target| target.split('#').next().unwrap_or("").to_owned()).collect()
}

#[test]
fn every_link_of_the_papers_leads_somewhere() {
    let mut pages = Vec::new();
    collect_files(&root().join("docs"), "md", &mut pages);
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"] {
        pages.push(root().join(name));
    }
    let dead = |page: &PathBuf| {
        let folder = page.parent().expect("a page lies in a folder").to_path_buf();
        let lost: Vec<String> = links(&read(page)).into_iter().filter(|l| !folder.join(l).exists()).collect();
        (!lost.is_empty()).then(|| (page.clone(), lost))
    };
    assert_eq!(pages.iter().filter_map(dead).collect::<Vec<_>>(), vec![]);
    assert_eq!(links("see [a](b.md#c) and [d](https://e.f)"), ["b.md"]);
}
