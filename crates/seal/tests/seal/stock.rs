//! Stock tools must accept what we make, and we must accept what they make: openssl cms and ts,
//! tokens of RSA and P-384 authorities, bagit.py, bdbag. A tool that is missing is named as skipped.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use model::Sha256Digest;
use seal::{
    Certificate,
    stamp::read_response,
    tsp::{accept, request},
};
use tempfile::TempDir;

use crate::common::{Agency, PAYLOAD, SIGNED};

/// The sample is judged at its own time.
fn at() -> String {
    SIGNED.plus_seconds(120).seconds().to_string()
}

fn tool(test: &str, name: &str) -> Option<String> {
    let named = std::env::var(format!("LANTERNFISH_{}", name.to_uppercase().replace(['-', '.'], "_"))).unwrap_or_else(|_| name.into());
    let there = Command::new(&named).arg(if name == "openssl" { "version" } else { "--help" }).output().is_ok();
    if !there {
        eprintln!("SKIPPED {test}: {named} is not installed");
    }
    there.then_some(named)
}

fn run(program: &str, folder: &Path, arguments: &str) -> Output {
    Command::new(program).args(arguments.split_whitespace()).current_dir(folder).output().unwrap()
}

#[track_caller]
fn accepts(program: &str, folder: &Path, arguments: &str) {
    let output = run(program, folder, arguments);
    assert!(output.status.success(), "{program} {arguments}\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

fn sample() -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut agency = Agency::new(1);
    agency.seal(&folder.path().join("package"), &PAYLOAD);
    agency.go_on(7);
    agency.write_anchors(&folder.path().join("anchors"));
    folder
}

#[test]
fn law_04_openssl_accepts_officers_and_tokens() {
    let Some(openssl) = tool("law_04_openssl_accepts_officers_and_tokens", "openssl") else { return };
    let folder = sample();
    let package = folder.path().join("package");
    for number in [1, 2] {
        let verify = format!("cms -verify -inform DER -in seal/officer-{number}.p7s -content tagmanifest-sha256.txt -binary -cades -CAfile ../anchors/root.pem -purpose any -attime {} -out /dev/null", at());
        accepts(&openssl, &package, &verify);
        fs::write(package.join("other"), "other").unwrap();
        assert!(!run(&openssl, &package, &verify.replace("tagmanifest-sha256.txt", "other")).status.success());
    }
    let verify = format!("ts -verify -data tagmanifest-sha256.txt -in seal/token-1.tsr -CAfile ../anchors/tsa.pem -attime {}", at());
    accepts(&openssl, &package, &verify);
    assert!(!run(&openssl, &package, &verify.replace("-data tagmanifest-sha256.txt", "-data other")).status.success());
    accepts(&openssl, &package, "crl -in ../anchors/crl.pem -CAfile ../anchors/root.pem -noout");
    accepts(&openssl, &package, "x509 -in ../anchors/root.pem -noout -text");
}

#[test]
fn law_05_bagit_tools_accept_the_bag() {
    let folder = sample();
    let package = folder.path().join("package");
    if let Some(bagit) = tool("law_05_bagit_tools_accept_the_bag", "bagit.py") {
        accepts(&bagit, &package, "--validate .");
    }
    if let Some(bdbag) = tool("law_05_bagit_tools_accept_the_bag", "bdbag") {
        accepts(&bdbag, &package, "--validate full .");
    }
}

const AUTHORITY: &str = "\
[tsa]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256
accuracy = secs:1
clock_precision_digits = 3
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[stamps]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
";

/// An authority made with openssl: its own root, one certificate for time-stamps.
fn authority(openssl: &str, folder: &Path, algorithm: &str, digest: &str) {
    fs::write(folder.join("tsa.cnf"), AUTHORITY.replace("signer_digest = sha256", &format!("signer_digest = {digest}"))).unwrap();
    fs::write(folder.join("serial"), "01\n").unwrap();
    for (key, name) in [("ca.key", "root"), ("stamps.key", "stamps")] {
        accepts(openssl, folder, &format!("genpkey {algorithm} -out {key}"));
        accepts(openssl, folder, &format!("req -new -key {key} -subj /CN=SYNTHETIC-{name} -config tsa.cnf -out {name}.csr"));
    }
    accepts(openssl, folder, &format!("x509 -req -{digest} -in root.csr -signkey ca.key -days 30 -extfile tsa.cnf -extensions ca -out root.pem"));
    accepts(openssl, folder, &format!("x509 -req -{digest} -in stamps.csr -CA root.pem -CAkey ca.key -set_serial 77 -days 30 -extfile tsa.cnf -extensions stamps -out stamps.pem"));
}

fn check_foreign(algorithm: &str, digest: &str, with_chain: bool) {
    let Some(openssl) = tool(&format!("foreign token {algorithm} {digest}"), "openssl") else { return };
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    authority(&openssl, folder, algorithm, digest);
    fs::write(folder.join("object"), "tag manifest").unwrap();
    let object = Sha256Digest::of(b"tag manifest");
    let asked = request(&object, [3; 8]).unwrap();
    fs::write(folder.join("request.tsq"), &asked).unwrap();
    let chain = if with_chain { "-chain root.pem" } else { "" };
    accepts(&openssl, folder, &format!("ts -reply -config tsa.cnf -section tsa -queryfile request.tsq -signer stamps.pem -inkey stamps.key {chain} -out answer.tsr"));
    let answer = fs::read(folder.join("answer.tsr")).unwrap();
    let accepted = accept(&asked, &answer).unwrap();
    assert_eq!(accepted.others.len(), usize::from(with_chain));
    let stamp = read_response(&accepted.bytes, &object).unwrap();
    let anchors = Certificate::from_pem_bundle(&fs::read_to_string(folder.join("root.pem")).unwrap()).unwrap();
    stamp.certificate.chain(&anchors, stamp.time).unwrap();
    assert!(accept(&request(&object, [4; 8]).unwrap(), &answer).is_err(), "another nonce");
    fs::write(folder.join("token-1.tsr"), &accepted.bytes).unwrap();
    accepts(&openssl, folder, "ts -verify -data object -in token-1.tsr -CAfile root.pem");
    let mut changed = accepted.bytes.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    assert!(read_response(&changed, &object).is_err(), "a changed signature");
}

#[test]
fn law_08_rsa_tokens_are_accepted() {
    check_foreign("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "sha256", false);
    check_foreign("-algorithm RSA -pkeyopt rsa_keygen_bits:3072", "sha512", true);
}

#[test]
fn law_08_p384_and_p256_tokens_are_accepted() {
    check_foreign("-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "sha384", true);
    for _ in 0..4 {
        check_foreign("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "sha256", false);
    }
}

#[test]
fn law_08_weak_rsa_tokens_are_refused() {
    let Some(openssl) = tool("law_08_weak_rsa_tokens_are_refused", "openssl") else { return };
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    authority(&openssl, folder, "-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "sha256");
    let asked = request(&Sha256Digest::of(b"x"), [3; 8]).unwrap();
    fs::write(folder.join("request.tsq"), &asked).unwrap();
    let reply = run(&openssl, folder, "ts -reply -config tsa.cnf -section tsa -queryfile request.tsq -signer stamps.pem -inkey stamps.key -out answer.tsr");
    if !reply.status.success() {
        eprintln!("SKIPPED law_08_weak_rsa_tokens_are_refused: this openssl itself refuses such a key");
        return;
    }
    let refused = accept(&asked, &fs::read(folder.join("answer.tsr")).unwrap()).unwrap_err();
    assert!(refused.to_string().contains("fewer than 2048 bits"), "{refused}");
}
