//! The demo: its last line for scripts, a verdict by other programs, and a second run on the same home.

use std::{
    path::PathBuf,
    process::Command,
};

use crate::office::{ask, run, skipped, string, text, there};

#[test]
fn the_demo_ends_with_a_verified_package_and_a_second_run_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let home = text(&folder.path().join("home"));
    let walk = ["demo", "--no-serve", "--json", "--home", &home];
    let said = ask(&walk).ended(0);
    let lines = said.lines();
    let (last, steps) = lines.split_last().unwrap();
    assert!(steps.len() >= 15, "{} steps", steps.len());
    assert!(steps.iter().all(|s| s["did"].is_string() && s["proves"].is_string() && s["milliseconds"].is_u64()), "{}", said.out);
    assert!(string(&last["case"]).ends_with("-0001"), "{last}");
    assert!(last["exhibits"].as_u64().unwrap() >= 2 && last["selectors"].as_u64().unwrap() > 10, "{last}");
    assert_eq!(last["verified"], true, "{last}");
    let (package, anchors) = (PathBuf::from(string(&last["package"])), PathBuf::from(string(&last["anchors"])));
    assert!(package.is_absolute() && package.join("bagit.txt").is_file(), "{last}");
    assert!(anchors.is_absolute() && anchors.join("root.pem").is_file() && !anchors.starts_with(&package), "{last}");

    let verdict = |anchors| seal::check::verify_package(&package, anchors, &|_| ()).exit_code;
    assert_eq!((verdict(Some(&*anchors)), verdict(None)), (0, 2));
    if there("openssl") {
        let mut script = Command::new("bash");
        script.arg(package.join("verify.sh")).arg(&anchors).current_dir("/");
        run(script).ended(0);
    } else {
        skipped("verify.sh on the demo's package", "openssl is not installed");
    }
    ask(&walk).ended(2).tells("not empty").tells("--home DIR");
}
