//! The names of a private network: a resolver on loopback that knows one name and says 127.0.0.1. The exit asks it, and
//! nobody else: no name of practice reaches a real resolver.
//!
//! It reads one question of RFC 1035 §4.1 and answers it; it refuses everything that is no such question, and knows
//! no other name. It is a program of its own, started with the network and ended with it.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use super::RangeError;

/// The one name. Nobody may register it (RFC 6761 §6.2).
pub const NAME: &str = "market.test";
/// The longest that it may take to answer after its start.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST: usize = 512;
const HEADER: usize = 12;
const TYPE_A: u16 = 1;
const CLASS_IN: u16 = 1;
/// Seconds that an answer may be kept.
const TTL: u32 = 30;

/// Answers until it is ended.
///
/// # Errors
/// When the address cannot be had, or is not on loopback.
pub fn serve(at: SocketAddr) -> io::Result<()> {
    if !at.ip().is_loopback() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a resolver for practice listens on loopback only"));
    }
    let socket = UdpSocket::bind(at)?;
    let mut buffer = [0; LONGEST];
    loop {
        let (length, from) = socket.recv_from(&mut buffer)?;
        if let Some(answer) = answer(&buffer[..length]) {
            // Who is gone needs no answer.
            let _ = socket.send_to(&answer, from);
        }
    }
}

/// The answer to one question; none to what is no question.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let number = |at: usize| Some(u16::from_be_bytes([*question.get(at)?, *question.get(at + 1)?]));
    // QR and OPCODE zero, one question.
    if question.len() <= HEADER || question[2] & 0xf8 != 0 || number(4)? != 1 {
        return None;
    }
    let (name, end) = name(question)?;
    let known = name.eq_ignore_ascii_case(NAME);
    let asked_for = (number(end)?, number(end + 2)?);
    let found = known && asked_for == (TYPE_A, CLASS_IN);
    let mut said = question[..2].to_vec();
    // QR, AA, the asker's RD, RA; NXDOMAIN for every other name.
    said.extend([0x84 | (question[2] & 1), 0x80 | if known { 0 } else { 3 }, 0, 1, 0, u8::from(found), 0, 0, 0, 0]);
    // As it was asked, letter by letter: who asks compares.
    said.extend(&question[HEADER..end + 4]);
    if found {
        said.extend([0xc0, 0x0c]);
        said.extend([TYPE_A, CLASS_IN].map(u16::to_be_bytes).concat());
        said.extend(TTL.to_be_bytes());
        said.extend(4u16.to_be_bytes());
        said.extend(Ipv4Addr::LOCALHOST.octets());
    }
    Some(said)
}

/// The name that is asked for, and where it ends. A question has no pointers.
fn name(question: &[u8]) -> Option<(String, usize)> {
    let (mut at, mut labels) = (HEADER, Vec::new());
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        if length > 63 {
            return None;
        }
        labels.push(String::from_utf8_lossy(question.get(at..at + length)?).into_owned());
        at += length;
    }
}

/// Waits until who listens there answers.
pub(super) fn wait_answering(at: SocketAddr) -> Result<(), RangeError> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if asked(at).is_ok_and(|answered| answered) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(RangeError::Program { program: "the resolver", said: format!("it does not answer at {at}") })
}

fn asked(at: SocketAddr) -> io::Result<bool> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(Duration::from_millis(200)))?;
    socket.connect(at)?;
    let question = question(NAME);
    socket.send(&question)?;
    let mut buffer = [0; LONGEST];
    let length = socket.recv(&mut buffer)?;
    Ok(Some(&buffer[..length]) == answer(&question).as_deref())
}

fn question(name: &str) -> Vec<u8> {
    let mut question = vec![0x4c, 0x46, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(u8::try_from(label.len()).unwrap_or(63));
        question.extend(label.as_bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    question
}

/// Fuzz target: reads any bytes as a question.
pub fn fuzz_names(bytes: &[u8]) {
    if let Some(said) = answer(bytes) {
        assert!(said.len() >= HEADER + 5 && said.len() <= bytes.len() + 16 && said[..2] == bytes[..2]);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    #[test]
    fn one_name_is_known_and_no_other() {
        let said = answer(&question("MARKET.test")).unwrap();
        assert_eq!((&said[..4], &said[said.len() - 4..]), (&[0x4c, 0x46, 0x85, 0x80][..], &[127, 0, 0, 1][..]));
        assert!(said.windows(6).any(|six| six == b"MARKET"), "the question comes back as it was asked");
        let other = answer(&question("example.com")).unwrap();
        assert_eq!((other[3] & 15, other[7]), (3, 0));
        let mut six = question(NAME);
        let kind = six.len() - 3;
        six[kind] = 28;
        let said = answer(&six).unwrap();
        assert_eq!((said[3] & 15, said[7]), (0, 0), "it has no address of version 6");
    }

    #[test]
    fn what_is_no_question_gets_no_answer() {
        let good = question(NAME);
        for length in 0..good.len() {
            assert!(answer(&good[..length]).is_none(), "{length}");
        }
        for (place, byte) in [(2, 0x81), (2, 0x28), (5, 2), (5, 0), (12, 0xc0), (12, 64)] {
            let mut wrong = good.clone();
            wrong[place] = byte;
            assert!(answer(&wrong).is_none(), "{place}");
        }
        for seed in 0..5_000u32 {
            let mut noise = good.clone();
            let at = (seed.wrapping_mul(2_654_435_761) >> 8) as usize % noise.len();
            noise[at] = (seed >> 3) as u8;
            noise.truncate(1 + seed as usize % noise.len());
            fuzz_names(&noise);
        }
    }

    #[test]
    fn it_listens_on_loopback_only() {
        assert_eq!(serve("192.0.2.1:0".parse().unwrap()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
