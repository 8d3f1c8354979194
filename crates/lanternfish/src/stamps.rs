//! The time-stamp child: fetches one token from one configured authority (RFC 3161 over HTTP) and
//! connects to nothing else. It gets the address and the request on standard input and gives the
//! answer on standard output; it has no key and no case. It follows no redirect and uses no proxy.

use std::{
    io::{Read, Write},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use desk::DeskError;

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

/// Asks one authority, in a child of its own.
pub fn fetch(exe: &Path, address: &str, request: &[u8]) -> Result<Vec<u8>, DeskError> {
    if !(address.starts_with("http://") || address.starts_with("https://")) {
        return Err(DeskError::input(format!("{address:?} is not an http or https address: carry the request by hand (`package stamp --request FILE`)")));
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
