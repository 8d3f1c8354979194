//! Time-stamps from outside: a request carried by hand as `.tsq` and its answer as `.tsr`, and an
//! authority that is asked over HTTP. OpenSSL plays the authority; both verifiers judge (law 8).

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    office::{BOUNMY, KHAM, NOY, Office, run, skipped, string, text, there},
    people::finding,
};

const SETTINGS: &str = "\
[tsa]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256
accuracy = secs:1
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

/// A time-stamp authority made with OpenSSL in a folder of its own.
#[derive(Clone)]
struct Outside(PathBuf);

impl Outside {
    fn found(folder: PathBuf) -> Outside {
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("tsa.cnf"), SETTINGS).unwrap();
        fs::write(folder.join("serial"), "01\n").unwrap();
        let outside = Outside(folder);
        for (key, name) in [("ca.key", "root"), ("stamps.key", "stamps")] {
            outside.openssl(&format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {key}"));
            outside.openssl(&format!("req -new -key {key} -subj /CN=SYNTHETIC-{name} -config tsa.cnf -out {name}.csr"));
        }
        outside.openssl("x509 -req -sha256 -in root.csr -signkey ca.key -days 30 -extfile tsa.cnf -extensions ca -out root.pem");
        outside.openssl("x509 -req -sha256 -in stamps.csr -CA root.pem -CAkey ca.key -set_serial 77 -days 30 -extfile tsa.cnf -extensions stamps -out stamps.pem");
        outside.openssl("x509 -in stamps.pem -outform DER -out stamps.der");
        outside
    }

    fn openssl(&self, arguments: &str) {
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(&self.0);
        run(command).ended(0);
    }

    fn answer(&self, request: &[u8]) -> Vec<u8> {
        fs::write(self.0.join("request.tsq"), request).unwrap();
        self.openssl("ts -reply -config tsa.cnf -section tsa -queryfile request.tsq -signer stamps.pem -inkey stamps.key -out answer.tsr");
        fs::read(self.0.join("answer.tsr")).unwrap()
    }

    /// Adds it to the settings of a node, as an administrator would; its root goes to the anchors.
    fn is_configured(&self, office: &Office, url: &str) {
        let path = office.home.join("lanternfish.json");
        let mut settings: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let certificate = model::Sha256Digest::of(&fs::read(self.0.join("stamps.der")).unwrap()).hex();
        let entry = json!({"name": "SYNTHETIC outside authority", "url": url, "certificate": certificate, "independent": true});
        settings["time_authorities"].as_array_mut().unwrap().push(entry);
        fs::write(&path, settings.to_string()).unwrap();
        fs::copy(self.0.join("root.pem"), office.home.join("node/tsa-anchors.pem")).unwrap();
    }

    /// Answers requests over HTTP on loopback until the drill ends; gives its address.
    fn serves(&self) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/stamps", listener.local_addr().unwrap());
        let outside = self.clone();
        std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| outside.reply(stream)));
        url
    }

    fn reply(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line).unwrap() > 2 {
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut request = vec![0; length];
        reader.read_exact(&mut request).unwrap();
        let answer = self.answer(&request);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer)).unwrap();
    }
}

/// An office with something to package, and a package that Noy and Bounmy have signed.
fn signed(office: &Office) -> String {
    office.admit("note.txt", "SYNTHETIC note");
    office.does(NOY, "finding add", &finding("There is a note.", "E-0001"));
    let out = text(&office.place("package"));
    let label = string(&office.does(NOY, "package seal", &["--officer", NOY, "--officer", BOUNMY, "--out", &out])["package"]);
    office.in_case(NOY, "package finish", &[&label]).by_law(4).tells("not signed yet");
    office.in_case(KHAM, "package sign", &[&label]).by_law(4);
    office.does(NOY, "package sign", &[&label]);
    office.in_case(NOY, "package sign", &[&label]).by_law(4).tells("already");
    office.does(BOUNMY, "package sign", &[&label]);
    label
}

/// Finishes it, and asks both verifiers; gives the limits that they print.
fn sealed(office: &Office, label: &str) -> String {
    let sealed = office.does(NOY, "package finish", &[label]);
    assert_eq!(sealed["state"], "sealed", "{sealed}");
    office.in_case(NOY, "package finish", &[label]).ended(2).tells("sealed already");
    let (package, anchors) = (office.place("package"), office.place("anchors"));
    office.done(NOY, &["anchors", "export", &text(&anchors)]);
    office.says(NOY, &["anchors", "export", &text(&package.join("anchors"))]).ended(2);
    let verdict = seal::check::verify_package(&package, Some(&anchors), &|_| ());
    let faults: Vec<String> = verdict.faults().map(|check| format!("{}: {}", check.object, check.text)).collect();
    assert_eq!((verdict.exit_code, faults), (0, vec![]));
    let mut script = Command::new("bash");
    script.arg(package.join("verify.sh")).arg(&anchors);
    run(script).ended(0);
    stand_alone(&package, &anchors);
    office.sound_log();
    verdict.limits.join("; ")
}

/// The verifier program, when it was built beside this one.
fn stand_alone(package: &Path, anchors: &Path) {
    let program = Path::new(env!("CARGO_BIN_EXE_lanternfish")).with_file_name("lanternfish-verify");
    if !program.exists() {
        skipped("the verifier program on this package", "lanternfish-verify was not built (cargo build --release -p lanternfish-verify)");
        return;
    }
    let mut verify = Command::new(program);
    verify.arg(package).arg("--anchors").arg(anchors);
    run(verify).ended(0);
}

#[test]
fn law_08_requests_and_answers_are_carried_by_hand() {
    if !there("openssl") {
        return skipped("law_08_requests_and_answers_are_carried_by_hand", "openssl is not installed");
    }
    let office = Office::working();
    let outside = Outside::found(office.place("tsa"));
    outside.is_configured(&office, "by hand");
    let label = signed(&office);
    let tsq = text(&office.place("request.tsq"));
    office.does(NOY, "package stamp", &[&label, "--authority", "2", "--request", &tsq]);
    let request = fs::read(&tsq).unwrap();
    let again = text(&office.place("again.tsq"));
    office.does(BOUNMY, "package stamp", &[&label, "--authority", "2", "--request", &again]);
    assert_eq!(fs::read(&again).unwrap(), request, "asked again, it is the same");
    let first = text(&office.place("first.tsq"));
    office.does(NOY, "package stamp", &[&label, "--authority", "1", "--request", &first]);
    office.in_case(NOY, "package stamp", &[&label, "--authority", "3", "--request", &text(&office.place("no.tsq"))]).ended(2);

    let attach = |answer: &str| office.in_case(NOY, "package stamp", &[&label, "--authority", "2", "--response", answer]);
    let other = office.file("other.tsr", outside.answer(&fs::read(&first).unwrap()));
    attach(&other).by_law(8);
    attach(&office.file("noise.tsr", "not an answer")).by_law(8);
    let stranger = Outside::found(office.place("stranger"));
    attach(&office.file("stranger.tsr", stranger.answer(&request))).by_law(8).tells("not by the authority");
    let good = office.file("good.tsr", outside.answer(&request));
    attach(&good).ended(0);
    office.in_case(NOY, "package finish", &[&label]).by_law(8).tells("not time-stamped yet");
    office.does(NOY, "package stamp", &[&label, "--authority", "1"]);
    let limits = sealed(&office, &label);
    assert!(!limits.contains("time: NOT INDEPENDENT"), "one of the two is independent: {limits}");
}

#[test]
fn law_08_an_authority_is_asked_over_http() {
    if !there("openssl") {
        return skipped("law_08_an_authority_is_asked_over_http", "openssl is not installed");
    }
    let office = Office::working();
    let outside = Outside::found(office.place("tsa"));
    let url = outside.serves();
    outside.is_configured(&office, &url);
    let label = signed(&office);
    let stamped = office.does(NOY, "package stamp", &[&label]);
    assert_eq!((&stamped["state"], &stamped["missing"]), (&"stamped".into(), &Value::Null), "{stamped}");
    sealed(&office, &label);
}

#[test]
fn an_authority_that_does_not_answer_is_the_environments_fault() {
    let office = Office::working();
    let closed = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    if !there("openssl") {
        return skipped("an_authority_that_does_not_answer_is_the_environments_fault", "openssl is not installed");
    }
    Outside::found(office.place("tsa")).is_configured(&office, &format!("http://{closed}/"));
    let label = signed(&office);
    office.in_case(NOY, "package stamp", &[&label]).ended(3).tells("carry the request by hand");
    let view = office.in_case(NOY, "package list", &[]).ended(0).line();
    assert!(string(&view["missing"]).contains("SYNTHETIC outside authority"), "the built-in stamp is kept: {view}");
}

#[test]
fn law_08_with_the_built_in_authority_alone_every_verifier_says_not_independent() {
    let office = Office::working();
    let label = signed(&office);
    office.does(NOY, "package stamp", &[&label]);
    let limits = sealed(&office, &label);
    assert!(limits.contains("NOT INDEPENDENT") && limits.contains("unwitnessed"), "{limits}");
}
