//! SOCKS5 (RFC 1928) over a Unix socket, with a user name as circuit label (RFC 1929): what the child
//! asks of Tor, in four short messages; without one of a proxy that knows no labels. The host goes to Tor as a name; nothing here resolves one.
//!
//! Tor's own reply codes (`ExtendedErrors`, Tor proposal 304) tell a missing descriptor from a refused
//! connection. It refuses a host of more than 255 bytes and a proxy that wants anything else.

use std::io::{self, ErrorKind, Read, Write};

/// Why there is no stream to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocksFailure {
    /// The proxy answered with this code.
    Refused(u8),
    /// The proxy said something else than SOCKS5, or went away.
    NotSocks,
}

impl SocksFailure {
    /// As a capture record states it.
    pub fn reason(self) -> &'static str {
        match self {
            SocksFailure::Refused(0x01) => "proxy-failed",
            SocksFailure::Refused(0x02) => "proxy-not-allowed",
            SocksFailure::Refused(0x03) => "network-unreachable",
            SocksFailure::Refused(0x04) => "host-unreachable",
            SocksFailure::Refused(0x05) => "connection-refused",
            SocksFailure::Refused(0x06) => "circuit-expired",
            SocksFailure::Refused(0xf0) => "descriptor-missing",
            SocksFailure::Refused(0xf1) => "descriptor-invalid",
            SocksFailure::Refused(0xf2) => "introduction-failed",
            SocksFailure::Refused(0xf3) => "rendezvous-failed",
            SocksFailure::Refused(0xf4) => "client-key-missing",
            SocksFailure::Refused(0xf5) => "client-key-wrong",
            SocksFailure::Refused(0xf6) => "onion-address-wrong",
            SocksFailure::Refused(0xf7) => "introduction-timeout",
            SocksFailure::Refused(_) => "proxy-refused",
            SocksFailure::NotSocks => "proxy-broken",
        }
    }

    /// Whether another circuit may do better: not where the address itself or a key is wrong.
    pub fn may_pass(self) -> bool {
        !matches!(self, SocksFailure::Refused(0x02 | 0xf1 | 0xf4 | 0xf5 | 0xf6) | SocksFailure::NotSocks)
    }
}

/// A question to the proxy in three messages, each sent when the one before was answered: Tor loses an answer when
/// they come in one piece.
#[derive(Debug)]
pub struct Dialogue {
    label: Vec<u8>,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// How far the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// More bytes must come.
    Wait,
    /// The stream leads to the host.
    Open,
}

const VERSION: u8 = 5;
const BY_NAME: u8 = 2;
const BY_NOTHING: u8 = 0;

impl Dialogue {
    /// Greets the proxy.
    ///
    /// # Errors
    /// When host or label do not fit, or the proxy takes nothing.
    pub fn begin(proxy: &mut impl Write, label: &str, host: &str, port: u16) -> io::Result<Dialogue> {
        let wrong = || io::Error::from(ErrorKind::InvalidInput);
        let length = |text: &str| u8::try_from(text.len()).ok().filter(|length| *length > 0).ok_or_else(wrong);
        let (label_length, host_length) = (length(label)?, length(host)?);
        let named = [&[label_length], label.as_bytes()].concat();
        let dialogue = Dialogue {
            // RFC 1929: version, name, password.
            label: [&[1], &named[..], &named].concat(),
            request: [&[VERSION, 1, 0, 3, host_length], host.as_bytes(), &port.to_be_bytes()].concat(),
            answer: Vec::new(),
        };
        proxy.write_all(&[VERSION, 1, BY_NAME])?;
        Ok(dialogue)
    }

    /// The same without a label, for a proxy that asks for no name.
    ///
    /// # Errors
    /// As [`Dialogue::begin`].
    pub fn unlabelled(proxy: &mut impl Write, host: &str, port: u16) -> io::Result<Dialogue> {
        let length = u8::try_from(host.len()).ok().filter(|length| *length > 0).ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
        proxy.write_all(&[VERSION, 1, BY_NOTHING])?;
        let request = [&[VERSION, 1, 0, 3, length], host.as_bytes(), &port.to_be_bytes()].concat();
        Ok(Dialogue { label: Vec::new(), request, answer: Vec::new() })
    }

    /// Reads one byte: the caller looks at its lease between any two, and not one byte of the host's own may be
    /// taken. Sends the next message when its turn has come.
    ///
    /// # Errors
    /// [`SocksFailure`]; while more must come, [`Turn::Wait`].
    pub fn listen(&mut self, proxy: &mut (impl Read + Write)) -> Result<Turn, SocksFailure> {
        let mut byte = [0];
        match proxy.read(&mut byte) {
            Ok(0) => return Err(SocksFailure::NotSocks),
            Ok(_) => self.hear(byte[0], proxy)?,
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(_) => return Err(SocksFailure::NotSocks),
        }
        Ok(self.judged()?.unwrap_or(Turn::Wait))
    }

    fn hear(&mut self, byte: u8, proxy: &mut impl Write) -> Result<(), SocksFailure> {
        self.answer.push(byte);
        // A refusal is judged before anything more is said.
        self.judged()?;
        let next = match (self.answer.len(), self.label.is_empty()) {
            (2, false) => &self.label,
            (4, false) | (2, true) => &self.request,
            _ => return Ok(()),
        };
        proxy.write_all(next).map_err(|_| SocksFailure::NotSocks)
    }

    /// What the answer so far says: `None` when a byte more is needed.
    fn judged(&self) -> Result<Option<Turn>, SocksFailure> {
        // The method, then the answer to the label where one is given.
        let before: &[u8] = if self.label.is_empty() { &[VERSION, BY_NOTHING] } else { &[VERSION, BY_NAME, 1, 0] };
        if self.answer.iter().zip(before).any(|(found, byte)| found != byte) {
            return Err(SocksFailure::NotSocks);
        }
        let said = self.answer.get(before.len()..).unwrap_or_default();
        if said.first().is_some_and(|version| *version != VERSION) {
            return Err(SocksFailure::NotSocks);
        }
        match said.get(1) {
            Some(0) | None => {}
            Some(code) => return Err(SocksFailure::Refused(*code)),
        }
        let whole = match (said.get(3), said.get(4)) {
            (Some(1), _) => 6 + 4,
            (Some(4), _) => 6 + 16,
            (Some(3), Some(length)) => 6 + 1 + usize::from(*length),
            (Some(3), None) | (None, _) => return Ok(None),
            (Some(_), _) => return Err(SocksFailure::NotSocks),
        };
        Ok((said.len() == whole).then_some(Turn::Open))
    }
}

/// Fuzz target: reads any bytes as a proxy's answer, however they are cut.
pub fn fuzz_socks(bytes: &[u8]) {
    let mut plain = Played { says: bytes, hears: Vec::new() };
    if let Ok(mut dialogue) = Dialogue::unlabelled(&mut plain, "host", 80) {
        // Whatever it says, it ends, and not one byte beyond the answer is taken.
        let open = played(&mut dialogue, &mut plain).is_ok();
        assert!(!open || dialogue.answer.len() + plain.says.len() == bytes.len() && dialogue.answer.len() >= 10);
    }
    let mut proxy = Played { says: bytes, hears: Vec::new() };
    let Ok(mut dialogue) = Dialogue::begin(&mut proxy, "label", "host", 80) else { return };
    if played(&mut dialogue, &mut proxy).is_ok() {
        // RFC 1928 §6: method and label are answered in two bytes each, the request in four, an address and a port.
        let address = match dialogue.answer[7] {
            1 => 4,
            4 => 16,
            _ => 1 + usize::from(dialogue.answer[8]),
        };
        assert_eq!(dialogue.answer.len(), 2 + 2 + 4 + address + 2);
        assert_eq!(dialogue.answer.len() + proxy.says.len(), bytes.len());
    }
}

/// Listens until there is an end.
fn played(dialogue: &mut Dialogue, proxy: &mut Played<'_>) -> Result<Turn, SocksFailure> {
    loop {
        match dialogue.listen(proxy)? {
            Turn::Wait => {}
            Turn::Open => return Ok(Turn::Open),
        }
    }
}

/// A proxy that says what it was given.
struct Played<'b> {
    says: &'b [u8],
    hears: Vec<u8>,
}

impl Read for Played<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.says.read(out)
    }
}

impl Write for Played<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hears.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    const OPEN: [u8; 14] = [5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

    fn heard(answer: &[u8]) -> (Result<Turn, SocksFailure>, usize) {
        let mut proxy = Played { says: answer, hears: Vec::new() };
        let turn = played(&mut Dialogue::begin(&mut proxy, "ab", "h.onion", 80).unwrap(), &mut proxy);
        (turn, proxy.says.len())
    }

    #[test]
    fn the_question_is_that_of_the_two_rfcs() {
        let mut proxy = Played { says: &OPEN, hears: Vec::new() };
        played(&mut Dialogue::begin(&mut proxy, "ab", "h.onion", 80).unwrap(), &mut proxy).unwrap();
        assert_eq!(proxy.hears, [&[5, 1, 2][..], &[1, 2, b'a', b'b', 2, b'a', b'b'], &[5, 1, 0, 3, 7], b"h.onion", &[0, 80]].concat());
        let sent = &mut Vec::new();
        assert!(Dialogue::begin(sent, "", "h", 1).is_err());
        assert!(Dialogue::begin(sent, "a", &"h".repeat(256), 1).is_err());
    }

    #[test]
    fn a_proxy_without_labels_is_asked_by_name_and_nothing_of_the_host_is_taken() {
        let answer = [&[5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], b"HTTP/1.1"].concat();
        for cut in 0..12 {
            let mut proxy = Played { says: &answer[..cut], hears: Vec::new() };
            assert!(played(&mut Dialogue::unlabelled(&mut proxy, "h.i2p", 80).unwrap(), &mut proxy).is_err(), "{cut}");
        }
        let mut proxy = Played { says: &answer, hears: Vec::new() };
        played(&mut Dialogue::unlabelled(&mut proxy, "h.i2p", 80).unwrap(), &mut proxy).unwrap();
        assert_eq!(proxy.hears, [&[5, 1, 0][..], &[5, 1, 0, 3, 5], b"h.i2p", &[0, 80]].concat());
        assert_eq!(proxy.says, b"HTTP/1.1");
        for (place, byte, failure) in [(0, 4, SocksFailure::NotSocks), (1, 2, SocksFailure::NotSocks), (2, 1, SocksFailure::NotSocks), (3, 4, SocksFailure::Refused(4))] {
            let mut wrong = answer.clone();
            wrong[place] = byte;
            let mut proxy = Played { says: &wrong, hears: Vec::new() };
            assert_eq!(played(&mut Dialogue::unlabelled(&mut proxy, "h.i2p", 80).unwrap(), &mut proxy), Err(failure));
        }
        assert!(Dialogue::unlabelled(&mut Vec::new(), "", 80).is_err());
    }

    #[test]
    fn who_is_refused_says_nothing_more() {
        let mut proxy = Played { says: &[5, 0xff], hears: Vec::new() };
        played(&mut Dialogue::begin(&mut proxy, "ab", "h.onion", 80).unwrap(), &mut proxy).unwrap_err();
        assert_eq!(proxy.hears, [5, 1, 2], "no host is told to a proxy that wants no label");
    }

    #[test]
    fn not_one_byte_of_the_host_is_taken() {
        let mut answer = OPEN.to_vec();
        answer.extend_from_slice(b"HTTP/1.1");
        assert_eq!(heard(&answer), (Ok(Turn::Open), 8));
    }

    #[test]
    fn each_refusal_has_its_own_name() {
        for (code, reason) in [(0xf0, "descriptor-missing"), (0x05, "connection-refused"), (0xf7, "introduction-timeout"), (0x77, "proxy-refused")] {
            let mut answer = OPEN;
            answer[5] = code;
            assert_eq!(heard(&answer).0.unwrap_err().reason(), reason);
        }
        assert!(SocksFailure::Refused(0xf0).may_pass() && !SocksFailure::Refused(0xf6).may_pass());
    }

    #[test]
    fn what_is_not_socks_is_refused_at_its_first_wrong_byte() {
        for (place, byte) in [(0, 4), (1, 0), (2, 5), (3, 1), (4, 4), (7, 9)] {
            let mut answer = OPEN;
            answer[place] = byte;
            assert_eq!(heard(&answer).0, Err(SocksFailure::NotSocks), "{place}");
        }
        assert_eq!(heard(&OPEN[..9]).0, Err(SocksFailure::NotSocks), "a proxy that goes away");
        for seed in 0..2_000u32 {
            let noise: Vec<u8> = (0..seed % 40).map(|n| (seed.wrapping_mul(2_654_435_761).rotate_left(n) >> 24) as u8).collect();
            fuzz_socks(&noise);
            fuzz_socks(&[&OPEN[..], &noise].concat());
        }
    }
}
