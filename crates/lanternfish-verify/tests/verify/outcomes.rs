//! The program itself: exit codes, words, JSON, and what it says when anchors are missing.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::sample::{Sample, copy_tree};

fn run(arguments: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lanternfish-verify")).args(arguments).output().unwrap()
}

#[track_caller]
fn check(arguments: &[&Path], code: i32, said: &str) {
    let output = run(arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(said), "{said:?} is not in {text}");
}

#[test]
fn law_08_exit_codes_and_words() {
    let sample = Sample::copy();
    let (package, anchors) = (&sample.package, &sample.anchors);
    let flag = Path::new("--anchors");
    check(&[package, flag, anchors], 0, "SOUND");
    check(&[package, flag, anchors], 0, "NOT INDEPENDENT: the agency's own clock");
    check(&[package, flag, anchors], 0, "unwitnessed");
    check(&[package], 2, "sound in itself, origin not checked");
    check(&[package, flag, Path::new("/nowhere/at/all")], 2, "no such folder");
    check(&[Path::new("/nowhere/at/all"), flag, anchors], 2, "no package folder");
    check(&[], 2, "usage");
    check(&[package, Path::new("--quick")], 2, "not known here");
    check(&[Path::new("--help")], 0, "lanternfish-verify PACKAGE");
    sample.write("data/case.jsonld", "x");
    check(&[package, flag, anchors], 1, "law 5: data/case.jsonld");
    check(&[package], 1, "BROKEN");
}

#[test]
fn law_08_anchors_inside_the_package_are_refused() {
    let sample = Sample::copy();
    let inside = sample.package.join("anchors");
    copy_tree(&sample.anchors, &inside);
    let output = run(&[&sample.package, Path::new("--anchors"), &inside]);
    assert_eq!(output.status.code(), Some(1), "they are also added files");
    assert!(String::from_utf8_lossy(&output.stdout).contains("these anchors lie inside the package"));
}

#[cfg(unix)]
#[test]
fn law_08_a_link_to_anchors_inside_the_package_is_refused() {
    let sample = Sample::copy();
    let link = sample.anchors.join("link");
    std::os::unix::fs::symlink(&sample.package, &link).unwrap();
    check(&[&sample.package, Path::new("--anchors"), &link], 2, "inside the package");
}

#[test]
fn law_08_each_missing_anchor_is_named() {
    for name in ["root.pem", "tsa.pem", "log.pem", "checkpoint"] {
        let sample = Sample::copy();
        fs::remove_file(sample.anchors.join(name)).unwrap();
        check(&[&sample.package, Path::new("--anchors"), &sample.anchors], 2, name);
        fs::write(sample.anchors.join(name), "not what it should be").unwrap();
        check(&[&sample.package, Path::new("--anchors"), &sample.anchors], 2, name);
        sample.write("seal/seal.salt", [0; 32]);
        check(&[&sample.package, Path::new("--anchors"), &sample.anchors], 1, "law 2");
    }
}

#[test]
fn json_is_one_value_with_the_verdict() {
    let sample = Sample::copy();
    let output = run(&[&sample.package, Path::new("--anchors"), &sample.anchors, Path::new("--json")]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["verdict"], "sound");
    assert_eq!(value["exit_code"], 0);
    assert!(value["checks"].as_array().unwrap().iter().all(|c| c["state"] == "sound" && c["part"].is_string()));
    assert!(!value["limits"].as_array().unwrap().is_empty());
}

#[test]
fn in_brief_only_the_verdict_the_limits_and_what_is_not_sound() {
    let sample = Sample::copy();
    let (brief, flag) = (Path::new("--brief"), Path::new("--anchors"));
    let said = |sample: &Sample| String::from_utf8(run(&[&sample.package, flag, &sample.anchors, brief]).stdout).unwrap();
    let sound = said(&sample);
    assert!(sound.contains("SOUND") && sound.contains("unwitnessed") && !sound.contains("  ok  "), "{sound}");
    sample.write("data/case.jsonld", "x");
    let broken = said(&sample);
    assert!(broken.contains("BROKEN") && broken.contains("data/case.jsonld") && !broken.contains("  ok  "), "{broken}");
}
