//! Asks Tor which circuits it made for a label (control-spec §3.9, `GETINFO circuit-status`): the desk's own look
//! at what separates two captures. It changes nothing in Tor, and keeps no relay's name: the first one is the
//! guard of this machine, which nobody else shall learn.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Longest answer that is read, in bytes: some thousand circuits.
const MAX_ANSWER: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(2);

/// One circuit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Circuit {
    /// Tor's number for it, as long as this Tor runs.
    pub id: String,
    /// The label for which it was made.
    pub label: String,
    /// `HS_CLIENT_REND` leads to an onion service; `HS_CLIENT_HSDIR` and `HS_CLIENT_INTRO` prepare it.
    pub purpose: String,
    /// Number of relays.
    pub hops: usize,
    /// When it was made, by Tor's clock (UTC).
    pub created: String,
}

/// The circuits that carry `label`, or `label-N` for a further try.
///
/// # Errors
/// When Tor does not answer as its protocol says.
pub fn circuits(control: &Path, cookie: &Path, label: &str) -> io::Result<Vec<Circuit>> {
    let mut stream = UnixStream::connect(control)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let cookie = hex::encode(fs::read(cookie)?);
    write!(stream, "AUTHENTICATE {cookie}\r\nGETINFO circuit-status\r\nQUIT\r\n")?;
    let mut answer = BufReader::new(stream).take(MAX_ANSWER);
    expect(&line(&mut answer)?, "250 OK")?;
    let first = line(&mut answer)?;
    if let Some(only) = first.strip_prefix("250-circuit-status=") {
        return Ok(circuit(only, label).into_iter().collect());
    }
    expect(&first, "250+circuit-status=")?;
    let mut found = Vec::new();
    loop {
        let said = line(&mut answer)?;
        if said == "." {
            return Ok(found);
        }
        found.extend(circuit(&said, label));
    }
}

fn line(answer: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    if answer.read_line(&mut text)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text.trim_end().to_string())
}

fn expect(said: &str, wanted: &str) -> io::Result<()> {
    if said == wanted { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidData, format!("tor answered {}", model::quoted(said)))) }
}

/// `ID STATE PATH KEY=VALUE…`; a circuit that is not built yet has no path.
fn circuit(said: &str, label: &str) -> Option<Circuit> {
    let words: Vec<&str> = said.split(' ').collect();
    let value = |key: &str| words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    let named = value("SOCKS_USERNAME")?.trim_matches('"');
    let ours = named == label || named.strip_prefix(label).is_some_and(|rest| rest.starts_with('-'));
    let path = words.get(2).filter(|path| path.starts_with('$'));
    ours.then(|| Circuit {
        id: words[0].to_string(),
        label: named.to_string(),
        purpose: value("PURPOSE").unwrap_or_default().to_string(),
        hops: path.map_or(0, |path| path.split(',').count()),
        created: value("TIME_CREATED").unwrap_or_default().to_string(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    const SAID: &str = "7 BUILT $AA~a,$BB~b,$CC~c BUILD_FLAGS=NEED_CAPACITY PURPOSE=HS_CLIENT_REND HS_STATE=HSCR_JOINED REND_QUERY=x TIME_CREATED=2026-11-26T03:00:00.5 SOCKS_USERNAME=\"ab12\" SOCKS_PASSWORD=\"ab12\"";

    #[test]
    fn a_circuit_is_known_by_its_label_and_no_relay_is_kept() {
        let found = circuit(SAID, "ab12").unwrap();
        assert_eq!((found.id.as_str(), found.purpose.as_str(), found.hops, found.created.as_str()), ("7", "HS_CLIENT_REND", 3, "2026-11-26T03:00:00.5"));
        assert!(!serde_json::to_string(&found).unwrap().contains("AA"));
        assert_eq!(circuit(SAID, "ab1"), None);
        assert_eq!(circuit(&SAID.replace("ab12", "ab12-2"), "ab12").unwrap().label, "ab12-2");
        assert_eq!(circuit("1 LAUNCHED", "ab12"), None);
        assert_eq!(circuit("", "ab12"), None);
    }
}
