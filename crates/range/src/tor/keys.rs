//! Keys of the authorities and relays, made by Debian's own programs and kept in the folder.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

use super::{
    RangeError, last_line,
    layout::{Layout, Node, Role, directory_line, relay_lines},
    system, tor,
};

/// Certificates are made for twelve months; a month before that they are made anew.
const LASTS: Duration = Duration::from_secs(330 * 86_400);
/// Nobody sees this passphrase's keys but this machine: they make a network of synthetic pages.
const PASSPHRASE: &[u8] = b"synthetic\n";

/// The `DirAuthority` lines; makes what keys are missing. Authorities' keys are made side by side, since
/// each costs seconds of a processor.
pub(super) fn directory_lines(network: &Path, layout: &Layout) -> Result<String, RangeError> {
    let authorities: Vec<&Node> = layout.nodes.iter().filter(|node| node.role == Role::Authority).collect();
    let missing = authorities.iter().filter(|node| !has_certificate(&node.folder(network)));
    let making: Vec<Child> = missing.map(|node| begin_certificate(&node.folder(network))).collect::<Result<_, _>>()?;
    for child in making {
        finished(child, "tor-gencert")?;
    }
    let line = |node: &&Node| {
        let place = node.folder(network);
        Ok(directory_line(node, &identity(&place)?, &fingerprint(node, &place)?))
    };
    authorities.iter().map(line).collect()
}

fn has_certificate(node: &Path) -> bool {
    let made = fs::metadata(node.join("keys/authority_certificate")).and_then(|about| about.modified());
    made.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age < LASTS))
}

fn begin_certificate(node: &Path) -> Result<Child, RangeError> {
    let keys = node.join("keys");
    let mut command = Command::new("tor-gencert");
    // The identity is kept when only the certificate is too old.
    if !keys.join("authority_identity_key").exists() {
        command.arg("--create-identity-key");
    }
    let words = ["--passphrase-fd", "0", "-i", "authority_identity_key", "-s", "authority_signing_key", "-c", "authority_certificate", "-m", "12"];
    let mut child = command
        .args(words)
        .current_dir(&keys)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(system("starting tor-gencert"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(PASSPHRASE).map_err(system("telling tor-gencert its passphrase"))?;
    }
    Ok(child)
}

fn finished(child: Child, program: &'static str) -> Result<(), RangeError> {
    let done = child.wait_with_output().map_err(system(format!("waiting for {program}")))?;
    if done.status.success() {
        return Ok(());
    }
    Err(RangeError::Program { program, said: last_line(&String::from_utf8_lossy(&done.stderr)) })
}

/// The `fingerprint` line of the authority's certificate.
fn identity(node: &Path) -> Result<String, RangeError> {
    let text = fs::read_to_string(node.join("keys/authority_certificate")).map_err(system("reading an authority's certificate"))?;
    let found = text.lines().find_map(|line| line.strip_prefix("fingerprint "));
    found.map(|word| word.trim().to_string()).ok_or_else(|| RangeError::Program { program: "tor-gencert", said: "its certificate has no fingerprint".into() })
}

/// The relay's fingerprint without spaces; makes its keys when they are not there.
fn fingerprint(node: &Node, place: &Path) -> Result<String, RangeError> {
    let torrc = place.join("fingerprint.torrc");
    // A network that nobody has: without one, tor would refuse to start as an authority of the public network.
    let nobody = format!("DirAuthority nobody 127.0.0.1:1 {}\n", "0".repeat(40));
    let text = format!("TestingTorNetwork 1\n{nobody}DataDirectory \"{}\"\nSocksPort 0\n{}", place.display(), relay_lines(node));
    fs::write(&torrc, text).map_err(system("writing a configuration"))?;
    let done = tor(place).arg("-f").arg(&torrc).args(["--list-fingerprint", "--quiet"]).output().map_err(system("starting tor"))?;
    let said = String::from_utf8_lossy(&done.stdout);
    let digits = said.lines().filter_map(|line| line.split_once(' ')).map(|(_, digits)| digits.replace(' ', "")).find(|digits| digits.len() == 40);
    digits.ok_or_else(|| RangeError::Program { program: "tor --list-fingerprint", said: last_line(&said) })
}
