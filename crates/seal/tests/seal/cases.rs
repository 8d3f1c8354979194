//! The evidence description: references hold, nothing personal but roles, `case_validate` accepts it.

use std::process::Command;

use model::{Moment, Sha256Digest, canonical};
use seal::case_uco::{Action, ActionKind, Authorization, CaseError, Description, Exhibit, Form, HashMethod, Officer, Tool, document};

fn time(text: &str) -> Moment {
    text.parse().unwrap()
}

fn sample() -> Description {
    let officer = |n: u8, role: &str| Officer { id: format!("actor-{n:032x}"), role: role.into() };
    let action = |id: &str, kind, inputs: &[&str], results: &[&str]| Action {
        id: id.into(),
        kind,
        description: "SYNTHETIC step".into(),
        started: time("2026-11-22T08:00:00Z"),
        ended: time("2026-11-22T08:00:01.5Z"),
        performer: Some(format!("actor-{:032x}", 1)),
        participants: vec![format!("actor-{:032x}", 2)],
        tools: vec!["tool-1".into()],
        inputs: inputs.iter().map(|s| (*s).into()).collect(),
        results: results.iter().map(|s| (*s).into()).collect(),
    };
    let digests = vec![(HashMethod::Sha256, vec![0xab; 32]), (HashMethod::Md5, vec![1; 16])];
    let bytes = Form::Bytes { path: Some("data/wacz/capture-1.wacz".into()), media_type: Some("application/wacz".into()), size: 12_345, digests };
    let restricted = Form::Bytes { path: None, media_type: None, size: 1, digests: vec![] };
    let thing = Form::Thing { seal_number: Some("A-17".into()) };
    let exhibit = |n: u8, form| Exhibit { id: format!("exh-{n}"), number: format!("2026/1-{n}"), description: "SYNTHETIC item".into(), form };
    Description {
        case_number: "2026/1".into(),
        focus: "SYNTHETIC market".into(),
        opened: time("2026-11-20T08:00:00Z"),
        authorities: vec![Authorization { id: "auth-1".into(), kind: "court order".into(), reference: "K-12/2026".into(), from: time("2026-11-20T00:00:00Z"), until: Some(time("2026-12-20T00:00:00Z")) }],
        officers: vec![officer(1, "investigator"), officer(2, "custodian")],
        tools: vec![Tool { id: "tool-1".into(), name: "lanternfish".into(), version: "0.1.0".into(), configuration: Some(Sha256Digest::of(b"c")) }],
        exhibits: vec![exhibit(1, bytes), exhibit(2, thing), exhibit(3, restricted)],
        actions: vec![
            action("e1", ActionKind::Capture, &[], &["exh-1"]),
            action("e2", ActionKind::Admit, &[], &["exh-2"]),
            action("e3", ActionKind::Derive, &["exh-1"], &["exh-3"]),
            action("e4", ActionKind::Transfer, &["exh-2"], &["exh-2"]),
        ],
    }
}

#[test]
fn law_06_the_description_is_canonical_and_repeats() {
    let bytes = document(&sample()).unwrap();
    assert!(canonical::is_canonical(&bytes));
    assert_eq!(bytes, document(&sample()).unwrap());
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("\"uco-types:hashMethod\":\"SHA256\"") && text.contains("\"2026-11-22T08:00:01.500000Z\""));
    assert_eq!(text.matches("case-investigation:ProvenanceRecord").count(), 3);
}

#[test]
fn law_07_a_restricted_item_has_no_digest_in_the_clear() {
    let document: serde_json::Value = serde_json::from_slice(&document(&sample()).unwrap()).unwrap();
    let hashes = document["@graph"].as_array().unwrap().iter().filter(|n| n["@type"] == "uco-types:Hash").count();
    assert_eq!(hashes, 2, "both belong to the unrestricted item");
}

#[test]
fn law_06_a_reference_to_nothing_is_refused() {
    let check = |change: fn(&mut Description)| {
        let mut description = sample();
        change(&mut description);
        document(&description).unwrap_err()
    };
    assert!(matches!(check(|d| d.actions[0].results.push("exh-9".into())), CaseError::Dangling { to, .. } if to == "exh-9"));
    assert!(matches!(check(|d| d.actions[0].performer = Some("actor-x".into())), CaseError::Dangling { .. }));
    assert!(matches!(check(|d| d.exhibits[1].id = "exh-1".into()), CaseError::Twice(_)));
}

#[test]
fn law_06_case_validate_accepts_the_description() {
    let program = std::env::var("LANTERNFISH_CASE_VALIDATE").unwrap_or_else(|_| "case_validate".into());
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("case.jsonld");
    std::fs::write(&file, document(&sample()).unwrap()).unwrap();
    let Ok(output) = Command::new(&program).arg(&file).output() else {
        eprintln!("SKIPPED law_06_case_validate_accepts_the_description: {program} is not installed");
        return;
    };
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
