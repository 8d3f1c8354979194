//! Stock `openssl` must say the same as we do: it is what a stranger has.

use std::{path::Path, process::Command};

use crate::world::{log, note};

fn openssl_accepts(folder: &Path, body: &[u8], signature: &[u8]) -> Option<bool> {
    std::fs::create_dir_all(folder).unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (key, body) = (put("log.pem", log().log_key().to_pem().as_bytes()), put("body", body));
    let signature = put("signature", signature);
    let mut command = Command::new("openssl");
    command.args(["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey"]).arg(key).arg("-in").arg(body).arg("-sigfile").arg(signature);
    Some(command.output().ok()?.status.success())
}

#[test]
fn law_08_openssl_accepts_a_checkpoint_and_refuses_a_changed_one() {
    let text = note(9, 1).to_text();
    let (body, lines) = text.split_once("\n\n").unwrap();
    let body = format!("{body}\n");
    let blob = lines.lines().next().unwrap().rsplit(' ').next().unwrap();
    let blob = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, blob).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openssl");
    let Some(accepted) = openssl_accepts(&folder, body.as_bytes(), &blob[4..]) else {
        eprintln!("SKIPPED openssl::law_08_openssl_accepts_a_checkpoint_and_refuses_a_changed_one: no openssl on PATH");
        return;
    };
    assert!(accepted);
    assert_eq!(openssl_accepts(&folder, body.replace("\n9\n", "\n8\n").as_bytes(), &blob[4..]), Some(false));
}
