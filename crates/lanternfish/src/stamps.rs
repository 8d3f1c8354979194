//! The time-stamp child: fetches one token from one configured authority (RFC 3161 over HTTP) and
//! connects to nothing else. It gets the address and the request on standard input and gives the
//! answer on standard output; it has no key and no case. It follows no redirect and uses no proxy. Where
//! the kernel has Landlock, it can write no file, read only what name look-up needs, and open TCP
//! connections to the authority's port alone (names are asked over UDP or TCP port 53).

use std::{
    io::{Read, Write},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use desk::DeskError;
use landlock::{
    ABI, Access, AccessFs, AccessNet, NetPort, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
};

/// The longest answer that is read, in bytes.
const MOST: u64 = 1 << 20;

/// Entry of the child: a line with the address, then the request's bytes.
pub fn child_main() -> i32 {
    match exchange() {
        Ok(()) => 0,
        Err(text) => {
            crate::output::complain(text);
            3
        }
    }
}

fn exchange() -> Result<(), String> {
    let mut input = Vec::new();
    std::io::stdin().take(MOST).read_to_end(&mut input).map_err(|e| e.to_string())?;
    let split = input.iter().position(|b| *b == b'\n').ok_or("the time-stamp order has no address")?;
    let (address, request) = (&input[..split], &input[split + 1..]);
    let address = std::str::from_utf8(address).map_err(|_| "the authority's address is not text")?;
    // A kernel without Landlock leaves the other limits: an own process, no keys, one address.
    let _ = enter_cage(port_of(address).ok_or("the authority's address has no port that can be used")?);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(60)))
        .max_redirects(0)
        .proxy(None)
        .build()
        .into();
    let answer = agent
        .post(address)
        .header("content-type", "application/timestamp-query")
        .send(request)
        .map_err(|e| format!("the time-stamp authority {address} did not answer: {e}"))?;
    let bytes = answer.into_body().with_config().limit(MOST).read_to_vec().map_err(|e| e.to_string())?;
    std::io::stdout().write_all(&bytes).map_err(|e| e.to_string())
}

/// Files that name look-up reads; nothing below the home is among them.
const READABLE: [&str; 6] = ["/etc", "/usr", "/lib", "/lib64", "/run/systemd/resolve", "/run/NetworkManager"];
const DNS: u16 = 53;

/// Landlock, ABI 4 (Linux 6.7). Says whether all of it is enforced.
fn enter_cage(port: u16) -> Result<bool, RulesetError> {
    let readable = READABLE.iter().filter_map(|path| PathFd::new(path).ok());
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    let rules = readable.map(|folder| Ok::<_, RulesetError>(PathBeneath::new(folder, reading)));
    let ports = [port, DNS].map(|port| Ok::<_, RulesetError>(NetPort::new(port, AccessNet::ConnectTcp)));
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V4))?
        .handle_access(AccessNet::from_all(ABI::V4))?
        .create()?
        .add_rules(rules)?
        .add_rules(ports)?
        .restrict_self()?;
    Ok(status.ruleset == RulesetStatus::FullyEnforced)
}

/// The TCP port of an http or https address.
fn port_of(address: &str) -> Option<u16> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let typed = host.rsplit_once(':').filter(|(_, digits)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    match (typed, scheme) {
        (Some((_, digits)), _) => digits.parse().ok(),
        (None, "http") => Some(80),
        (None, "https") => Some(443),
        _ => None,
    }
}

/// Asks one authority, in a child of its own.
pub fn fetch(exe: &Path, address: &str, request: &[u8]) -> Result<Vec<u8>, DeskError> {
    if !(address.starts_with("http://") || address.starts_with("https://")) {
        return Err(DeskError::input(format!("{address} is not an http or https address: carry the request by hand (`package stamp --request FILE`)", address = model::quoted(address))));
    }
    let trouble = |e: &std::io::Error| DeskError::environment("asking the time-stamp authority", e);
    let mut child = Command::new(exe)
        .arg("__stamp")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| trouble(&e))?;
    let mut input = child.stdin.take().expect("stdin was asked to be a pipe");
    input.write_all(address.as_bytes()).and_then(|()| input.write_all(b"\n")).and_then(|()| input.write_all(request)).map_err(|e| trouble(&e))?;
    drop(input);
    let output = child.wait_with_output().map_err(|e| trouble(&e))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(DeskError::Environment {
        attempt: "asking the time-stamp authority".into(),
        cause: format!("{}; repeat the step later, or carry the request by hand", String::from_utf8_lossy(&output.stderr).trim()),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]
mod tests {
    use std::{fs::File, net::TcpListener, net::TcpStream};

    use super::{enter_cage, port_of};

    #[test]
    fn ports_are_read_from_addresses() {
        let check = |address: &str, port: Option<u16>| assert_eq!(port_of(address), port, "{address}");
        check("http://tsa.example/", Some(80));
        check("https://tsa.example/x:99", Some(443));
        check("http://tsa.example:3161/a?b", Some(3161));
        check("http://[::1]:3161/", Some(3161));
        check("http://[::1]/", Some(80));
        check("ftp://tsa.example/", None);
        check("http://tsa.example:99999/", None);
        check("nothing", None);
    }

    /// In a thread of its own: the cage holds for the thread that enters it and for nobody else here.
    #[test]
    fn inside_the_cage_no_file_is_written_and_no_other_port_is_reached() {
        let listening = || TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (authority, stranger) = (listening(), listening());
        let (own, other) = (authority.local_addr().unwrap(), stranger.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "a key").unwrap();
        let caged = std::thread::spawn({
            let (folder, secret) = (folder.path().to_path_buf(), secret.clone());
            move || {
                if !enter_cage(own.port()).unwrap_or(false) {
                    return None;
                }
                let files = (File::open(&secret).is_ok(), File::create(folder.join("new")).is_ok());
                Some((files, TcpStream::connect(own).is_ok(), TcpStream::connect(other).is_ok()))
            }
        });
        match caged.join().unwrap() {
            Some(done) => assert_eq!(done, ((false, false), true, false)),
            None => eprintln!("SKIPPED inside_the_cage_no_file_is_written_and_no_other_port_is_reached: this kernel has no Landlock for files and ports"),
        }
        assert!(File::open(&secret).is_ok(), "outside the cage nothing changed");
        assert!(TcpStream::connect(other).is_ok());
    }
}
