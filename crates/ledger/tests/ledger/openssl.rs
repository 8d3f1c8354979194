//! Stock `openssl` must say the same as we do: it is what a stranger has.

use std::{path::Path, process::Command};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::world::{checkpoint, log, note, witness};

fn openssl_accepts(label: &str, key_pem: &str, message: &str, signature: &[u8]) -> Option<bool> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openssl").join(label);
    std::fs::create_dir_all(&folder).unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (key, message, signature) = (put("key.pem", key_pem.as_bytes()), put("message", message.as_bytes()), put("signature", signature));
    let mut command = Command::new("openssl");
    command.args(["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey"]).arg(key).arg("-in").arg(message).arg("-sigfile").arg(signature);
    Some(command.output().ok()?.status.success())
}

/// What stands in base64 at the end of signature line `n`.
fn blob(note: &str, n: usize) -> Vec<u8> {
    let line = note.split_once("\n\n").unwrap().1.lines().nth(n).unwrap();
    STANDARD.decode(line.rsplit(' ').next().unwrap()).unwrap()
}

#[test]
fn law_08_openssl_accepts_a_checkpoint_and_refuses_a_changed_one() {
    let (text, body, pem) = (note(9, 1).to_text(), checkpoint(9).to_text(), log().log_key().to_pem());
    let Some(accepted) = openssl_accepts("log", &pem, &body, &blob(&text, 0)[4..]) else {
        eprintln!("SKIPPED openssl::law_08_openssl_accepts_a_checkpoint_and_refuses_a_changed_one: no openssl on PATH");
        return;
    };
    assert!(accepted);
    let changed = openssl_accepts("changed", &pem, &body.replace("\n9\n", "\n8\n"), &blob(&text, 0)[4..]);
    assert_eq!(changed, Some(false));
}

#[test]
fn law_08_openssl_accepts_a_cosignature_and_refuses_another_time() {
    let (text, pem) = (note(9, 1).to_text(), witness(1).witness_key().to_pem());
    let message = |time: u64| format!("cosignature/v1\ntime {time}\n{}", checkpoint(9).to_text());
    let blob = blob(&text, 1);
    assert_eq!(blob[4..12], 1_000_001_u64.to_be_bytes());
    let Some(accepted) = openssl_accepts("witness", &pem, &message(1_000_001), &blob[12..]) else {
        eprintln!("SKIPPED openssl::law_08_openssl_accepts_a_cosignature_and_refuses_another_time: no openssl on PATH");
        return;
    };
    assert!(accepted);
    assert_eq!(openssl_accepts("time", &pem, &message(1_000_002), &blob[12..]), Some(false));
}
