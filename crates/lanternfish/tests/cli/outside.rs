//! Real files that others wrote (not in this tree): each is admitted and examined, and well-formed web
//! archives hold as many records as `warcio index` counts (law 6).

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::office::{NOY, Office, collect_files, run, skipped, string, text};

fn captures() -> Option<PathBuf> {
    let data = std::env::var_os("LANTERNFISH_DATA").map(PathBuf::from);
    let data = data.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    Some(data.join("captures")).filter(|folder| folder.is_dir())
}

/// `WARCIO`, or on the path, or in the environment that `./test` made.
fn warcio() -> Option<PathBuf> {
    let named = std::env::var_os("WARCIO").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).map(|folder| folder.join("warcio")).collect();
    let beside = Path::new(env!("CARGO_BIN_EXE_lanternfish")).ancestors().nth(2).map(|target| target.join("test-venv/bin/warcio"));
    named.into_iter().chain(on_path).chain(beside).find(|file| file.is_file())
}

/// Broken on purpose by those who made them: two programs may well count differently.
const BROKEN: [&str; 5] =
    ["bad.arc", "example-trunc.warc", "example-bad-non-chunked.warc.gz", "example-bad.warc.gz.bad", "example-wrong-chunks.warc.gz"];

/// How many records another program counts in a well-formed archive.
fn counted(warcio: &Path, file: &Path) -> Option<u64> {
    if BROKEN.contains(&file.file_name()?.to_str()?) {
        return None;
    }
    let mut command = Command::new(warcio);
    command.args(["index", "-f", "offset"]).arg(file);
    Some(run(command).ended(0).out.lines().count() as u64)
}

#[test]
fn law_06_every_real_capture_is_admitted_and_counted_as_another_program_counts() {
    const DRILL: &str = "law_06_every_real_capture_is_admitted_and_counted_as_another_program_counts";
    let Some(folder) = captures() else { return skipped(DRILL, "no folder ../shared/data/captures (set LANTERNFISH_DATA)") };
    let warcio = warcio();
    if warcio.is_none() {
        skipped("record counts against warcio index", "warcio is not installed (pip install warcio, or set WARCIO)");
    }
    let office = Office::working();
    let mut files = Vec::new();
    collect_files(&folder, &mut files);
    assert!(files.len() > 30, "the captures were not found");
    let (mut compared, mut selectors) = (0, 0);
    for file in &files {
        let exhibit = string(&office.does(NOY, "exhibit admit", &[&text(file)])["exhibit"]);
        let view = office.does(NOY, "examine", &[&exhibit]);
        let n = |key: &str| view[key].as_u64().unwrap();
        let reasons = view["findings"].as_array().unwrap();
        assert!(view["ended"] == "done" || !reasons.is_empty(), "{}: {view}", file.display());
        assert!(n("rejected") == 0 || !reasons.is_empty(), "what was rejected has its reason: {}: {view}", file.display());
        selectors += n("selectors");
        let archive = matches!(view["format"].as_str(), Some("warc" | "arc")) || text(file).contains("/warcio/");
        if let Some(count) = warcio.as_deref().filter(|_| archive).and_then(|warcio| counted(warcio, file)) {
            assert_eq!(n("records_in"), count, "{}: {view}", file.display());
            compared += 1;
        }
    }
    assert!(warcio.is_none() || compared >= 10, "only {compared} archives were compared");
    assert!(selectors > 100, "{selectors} selectors in all real pages");
    let listed = office.exhibits();
    assert_eq!(listed.len(), files.len());
    assert!(listed.iter().all(|exhibit| exhibit["state"] == "sound"));
    for (file, exhibit) in files.iter().zip(&listed) {
        let digest = model::Sha256Digest::of(&fs::read(file).unwrap()).hex();
        assert_eq!(exhibit["sha256"], serde_json::Value::from(digest), "{}", file.display());
    }
    office.sound_log();
}
