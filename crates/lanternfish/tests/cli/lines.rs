//! The workspace over TLS, asked by another program than the one that serves it (curl), with certificates of an authority
//! that the drill makes (openssl) and with the one that the node makes itself.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    office::{ADMIN, NOY, Office, passphrase, skipped, string, text, there},
    workspace::Open,
};

const NAME: &str = "workspace.example";

/// curl, which finds the name on this machine and trusts this certificate alone.
fn curl(open: &Open, trusted: &str, words: &[&str]) -> Result<String, i32> {
    let port = open.address.rsplit(':').next().unwrap();
    let mut command = Command::new("curl");
    command.args(["-sS", "-i", "--max-time", "20", "--noproxy", "*", "--cacert", trusted, "--resolve", &format!("{NAME}:{port}:127.0.0.1")]).args(words);
    let output = command.output().unwrap();
    if output.status.success() { Ok(String::from_utf8_lossy(&output.stdout).into_owned()) } else { Err(output.status.code().unwrap()) }
}

fn openssl(office: &Office, words: &[&str]) -> bool {
    Command::new("openssl").args(words).current_dir(office.place(".")).output().is_ok_and(|output| output.status.success())
}

/// A certificate for [`NAME`] of an authority of the drill's own: (authority, certificate, key).
fn of_an_authority(office: &Office) -> Option<(String, String, String)> {
    let names = office.file("names", format!("subjectAltName=DNS:{NAME}\nextendedKeyUsage=serverAuth\n"));
    let made = openssl(office, &["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Drill CA"])
        && openssl(office, &["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "web.key", "-out", "web.csr", "-subj", &format!("/CN={NAME}")])
        && openssl(office, &["x509", "-req", "-in", "web.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", &names, "-out", "web.pem"]);
    let place = |name: &str| text(&office.place(name));
    made.then(|| (place("ca.pem"), place("web.pem"), place("web.key")))
}

#[test]
fn law_13_beyond_this_machine_the_workspace_answers_over_tls_only() {
    let drill = "law_13_beyond_this_machine_the_workspace_answers_over_tls_only";
    let office = Office::staffed();
    let serve = |words: &[&str]| office.bare(&[&["serve"][..], words].concat());
    serve(&["--listen", "0.0.0.0:0"]).ended(2).tells("--name");
    serve(&["--listen", "192.0.2.7:8440"]).ended(2).tells("over TLS only");
    serve(&["--listen", "0.0.0.0:0", "--name", NAME]).ended(2).tells("over TLS only");
    serve(&["--name", "https://workspace.example/", "--tls-self"]).ended(2).tells("without https://");
    serve(&["--tls-cert", "/nowhere"]).ended(2).tells("--tls-key");
    if !there("curl") {
        return skipped(drill, "curl is not installed");
    }
    let Some((authority, certificate, key)) = of_an_authority(&office) else { return skipped(drill, "openssl is not installed") };
    serve(&["--tls-cert", &authority, "--tls-key", &key, "--name", NAME]).ended(2).tells("cannot be used together");
    serve(&["--tls-cert", &key, "--tls-key", &key, "--name", NAME]).ended(2).tells("in PEM");
    let open = Open::with(&office, &["--listen", "127.0.0.1:0", "--tls-cert", &certificate, "--tls-key", &key, "--name", NAME]);
    let url = |path: &str| format!("https://{}{path}", open.address);
    assert!(open.address.starts_with(NAME), "{}", open.address);
    let page = curl(&open, &authority, &[&url("/login")]).unwrap();
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("strict-transport-security: max-age=31536000"), "{page}");
    // A stranger's authority is not believed by the browser, and the server answers to its own name only.
    assert_eq!(curl(&open, &certificate, &["--insecure", &url("/login"), "-H", "Host: other.example"]).map(|page| page[..12].to_string()), Ok("HTTP/1.1 421".into()));
    let stranger = office.file("stranger.pem", "");
    assert!(curl(&open, &stranger, &[&url("/login")]).is_err());
    // The cookie belongs to this server alone, and a form from a page in the clear is none of ours.
    let form = format!("name={}&passphrase={}", NOY.replace(' ', "+"), passphrase(NOY).replace(' ', "+").replace(':', "%3A").replace(',', "%2C"));
    let log_in = |origin: &str| curl(&open, &authority, &["-d", &form, "-H", &format!("Origin: {origin}"), &url("/login")]).unwrap();
    let entered = log_in(&format!("https://{}", open.address));
    assert!(entered.contains("303") && entered.contains("set-cookie: __Host-lanternfish-session=lfs-") && entered.contains("; Secure"), "{entered}");
    assert!(log_in(&format!("http://{}", open.address)).starts_with("HTTP/1.1 403"));
    let token = entered.split("__Host-lanternfish-session=").nth(1).unwrap().split(';').next().unwrap();
    assert!(curl(&open, &authority, &["-H", &format!("Cookie: __Host-lanternfish-session={token}"), &url("/account")]).unwrap().starts_with("HTTP/1.1 200"));
    assert!(curl(&open, &authority, &["-H", &format!("Cookie: lanternfish-session={token}"), &url("/account")]).unwrap().starts_with("HTTP/1.1 303"), "a cookie that any port could have set opens nothing");
    office.sound_log();
}

#[test]
fn law_13_over_the_network_nobody_enrols_without_a_code_and_nobody_learns_who_waits() {
    if !there("curl") {
        return skipped("law_13_over_the_network_nobody_enrols_without_a_code_and_nobody_learns_who_waits", "curl is not installed");
    }
    let office = Office::staffed();
    office.done(ADMIN, &["user", "add", "New Person", "--role", "analyst"]);
    let open = Open::with(&office, &["--listen", "0.0.0.0:0", "--tls-self", "--name", NAME]);
    let trusted = text(&office.home.join("node/web.pem"));
    let url = format!("https://{}/api/v1/session", open.address);
    let log_in = |name: &str, passphrase: &str, code: &str| {
        let typed = json!({"name": name, "passphrase": passphrase, "again": passphrase, "code": code}).to_string();
        let told = curl(&open, &trusted, &["-H", "Content-Type: application/json", "-d", &typed, &url]).unwrap();
        let (head, body) = told.split_once("\r\n\r\n").unwrap();
        (head[9..12].to_string(), body.to_string())
    };
    let (words, short) = ("four words for her", "short");
    let unknown = log_in("Nobody Here", words, "");
    assert!(unknown.0 == "401" && unknown.1.contains("enrolment code"), "{unknown:?}");
    // No code was made: whoever reaches the port is told nothing, and nobody enrols.
    assert_eq!(log_in("New Person", words, ""), unknown);
    assert_eq!(log_in("New Person", short, ""), unknown);
    let code = string(&office.done(ADMIN, &["user", "code", "New Person"])["code"]);
    assert_eq!(log_in("New Person", words, "00"), unknown);
    // Who shows it is told what is wrong with his passphrase, and gets in.
    let told = log_in("New Person", short, &code);
    assert!(told.0 == "401" && told.1.contains("too short"), "{told:?}");
    let told = log_in("New Person", words, &code);
    assert!(told.0 == "200" && told.1.contains("the fingerprint of your keys"), "{told:?}");
    office.sound_log();
}

#[test]
fn law_14_a_request_in_the_clear_is_told_so_and_a_slow_or_broken_handshake_holds_nobody_up() {
    let drill = "law_14_a_request_in_the_clear_is_told_so_and_a_slow_or_broken_handshake_holds_nobody_up";
    if !there("curl") {
        return skipped(drill, "curl is not installed");
    }
    let office = Office::staffed();
    let open = Open::with(&office, &["--listen", "127.0.0.1:0", "--tls-self", "--name", NAME]);
    let port: u16 = open.address.rsplit(':').next().unwrap().parse().unwrap();
    let line = || TcpStream::connect(("127.0.0.1", port)).unwrap();
    // The node made the certificate, and a browser sees the fingerprint that was printed.
    let trusted = text(&office.home.join("node/web.pem"));
    let fingerprint = string(&open.told["fingerprint"]);
    if there("openssl") || Command::new("openssl").arg("version").output().is_ok() {
        let said = Command::new("openssl").args(["x509", "-in", &trusted, "-noout", "-fingerprint", "-sha256"]).output().unwrap();
        assert!(String::from_utf8_lossy(&said.stdout).contains(&fingerprint), "{fingerprint}");
    }
    let mut clear = line();
    clear.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    clear.write_all(format!("GET /login HTTP/1.1\r\nHost: {NAME}:{port}\r\n\r\n").as_bytes()).unwrap();
    let mut told = String::new();
    clear.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 400") && told.contains("https://") && !told.contains("<html"), "{told}");
    // Lines that say nothing, that stop within their first record, that send noise, that leave at once.
    let silent: Vec<TcpStream> = (0..60).map(|_| line()).collect();
    let torn: Vec<TcpStream> = (0..60).map(|_| { let mut line = line(); line.write_all(&[22, 3, 1, 2]).unwrap(); line }).collect();
    for n in 0..60u8 {
        let mut line = line();
        let _ = line.write_all(&[&[22, 3, 1, 0, 200][..], &[n; 200]].concat());
    }
    let begun = Instant::now();
    let page = curl(&open, &trusted, &[&format!("https://{NAME}:{port}/login")]).unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(begun.elapsed() < Duration::from_secs(8), "it waited for others: {:?}", begun.elapsed());
    // The next start shows the same certificate; another name gets another one.
    drop((open, silent, torn));
    let again = Open::with(&office, &["--listen", "127.0.0.1:0", "--tls-self", "--name", NAME]);
    assert_eq!(string(&again.told["fingerprint"]), fingerprint);
    drop(again);
    let other = Open::with(&office, &["--listen", "127.0.0.1:0", "--tls-self", "--name", "other.example"]);
    assert_ne!(string(&other.told["fingerprint"]), fingerprint);
}
