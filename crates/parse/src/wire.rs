//! Frames between child and host: one type byte, a length (32 bits, little endian), a body.
//! Bounded in both directions; an unknown or oversized frame ends the conversation.

use std::borrow::Cow;
use std::io::{self, Read};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::budget::Budget;
use crate::cage::CageReport;
use crate::member::{Finding, MemberHead, MemberTail, Task};
use crate::probe::ProbeReport;

/// Largest body of a frame: a header of control characters grows six times as JSON.
pub(crate) const MAX_BODY: usize = 4 << 20;
/// Largest piece of a member in one frame, and largest read.
pub(crate) const MAX_CHUNK: usize = 256 << 10;
/// Type byte and length.
pub(crate) const HEAD: usize = 5;

/// What the host sends first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub task: Task,
    pub budget: Budget,
    pub source_len: u64,
}

/// What the child says last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closing {
    pub format: String,
    /// The bound that was reached, if one was.
    pub limit: Option<String>,
}

/// What the child sends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Report<'a> {
    Cage(CageReport),
    Read { offset: u64, length: u32 },
    Begin(Box<MemberHead>),
    Data(u32, Cow<'a, [u8]>),
    End(MemberTail),
    Finding(Finding),
    Selectors(Vec<serde_json::Value>),
    /// The record that is opened next: the child may fall in it.
    Opening(String),
    Pages(Vec<serde_json::Value>),
    /// What was read in the member that has just ended; `last` when nothing more comes of it.
    Found { id: u32, last: bool, values: Vec<serde_json::Value> },
    Probe(ProbeReport),
    Done(Closing),
}

impl Report<'_> {
    /// The frame's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Report::Cage(value) => json_frame(b'C', value),
            Report::Read { offset, length } => {
                let mut body = offset.to_le_bytes().to_vec();
                body.extend_from_slice(&length.to_le_bytes());
                frame(b'R', &body)
            }
            Report::Begin(value) => json_frame(b'B', value),
            Report::Data(id, bytes) => {
                let mut out = Vec::with_capacity(HEAD + 4 + bytes.len());
                out.push(b'D');
                out.extend_from_slice(&body_length(4 + bytes.len()));
                out.extend_from_slice(&id.to_le_bytes());
                out.extend_from_slice(bytes);
                out
            }
            Report::End(value) => json_frame(b'E', value),
            Report::Finding(value) => json_frame(b'F', value),
            Report::Selectors(values) => lines_frame(b'S', values),
            Report::Opening(record) => json_frame(b'O', record),
            Report::Pages(values) => lines_frame(b'L', values),
            Report::Found { id, last, values } => {
                let lines: Vec<String> = values.iter().map(ToString::to_string).collect();
                let mut body = id.to_le_bytes().to_vec();
                body.push(u8::from(*last));
                body.extend_from_slice(lines.join("\n").as_bytes());
                frame(b'G', &body)
            }
            Report::Probe(value) => json_frame(b'P', value),
            Report::Done(value) => json_frame(b'X', value),
        }
    }

    /// Reads one frame of a child; the error says what is wrong with it.
    pub(crate) fn decode(kind: u8, body: &[u8]) -> Result<Report<'_>, String> {
        Ok(match kind {
            b'C' => Report::Cage(json(body)?),
            b'R' => decode_read(body)?,
            b'B' => Report::Begin(json(body)?),
            b'D' => {
                let (id, bytes) = body.split_first_chunk::<4>().ok_or("a data frame without an id")?;
                Report::Data(u32::from_le_bytes(*id), Cow::Borrowed(bytes))
            }
            b'E' => Report::End(json(body)?),
            b'F' => Report::Finding(json(body)?),
            b'S' => Report::Selectors(json_lines(body)?),
            b'O' => Report::Opening(json(body)?),
            b'L' => Report::Pages(json_lines(body)?),
            b'G' => {
                let (id, rest) = body.split_first_chunk::<4>().ok_or("what was read, of no member")?;
                let (last, lines) = rest.split_first().ok_or("what was read, without an end")?;
                Report::Found { id: u32::from_le_bytes(*id), last: *last != 0, values: json_lines(lines)? }
            }
            b'P' => Report::Probe(json(body)?),
            b'X' => Report::Done(json(body)?),
            other => return Err(format!("a frame of unknown type {other}")),
        })
    }
}

fn decode_read<'a>(body: &[u8]) -> Result<Report<'a>, String> {
    let body: &[u8; 12] = body.try_into().map_err(|_| "a read request of the wrong size")?;
    let (offset, length) = body.split_first_chunk::<8>().expect("twelve bytes hold eight");
    let length: [u8; 4] = length.try_into().expect("four bytes remain of twelve");
    Ok(Report::Read { offset: u64::from_le_bytes(*offset), length: u32::from_le_bytes(length) })
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|e| format!("a frame that is not what it says: {e}"))
}

fn json_lines(body: &[u8]) -> Result<Vec<serde_json::Value>, String> {
    body.split(|b| *b == b'\n').filter(|line| !line.is_empty()).map(json).collect()
}

fn body_length(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("frames are far below 4 GiB").to_le_bytes()
}

fn lines_frame(kind: u8, values: &[serde_json::Value]) -> Vec<u8> {
    let lines: Vec<String> = values.iter().map(ToString::to_string).collect();
    frame(kind, lines.join("\n").as_bytes())
}

fn json_frame<T: Serialize>(kind: u8, value: &T) -> Vec<u8> {
    frame(kind, &serde_json::to_vec(value).expect("plain values always serialise"))
}

fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + body.len());
    out.push(kind);
    out.extend_from_slice(&body_length(body.len()));
    out.extend_from_slice(body);
    out
}

/// What the host sends: the order, then bytes for each read, or that the source failed.
pub(crate) enum Reply {
    Order(Box<Order>),
    Bytes(Vec<u8>),
}

impl Reply {
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Reply::Order(order) => json_frame(b'T', order),
            Reply::Bytes(bytes) => frame(b'b', bytes),
        }
    }

    /// Reads one reply; used by the child, which trusts its host.
    pub(crate) fn read(from: &mut dyn Read) -> io::Result<Reply> {
        let mut head = [0; HEAD];
        from.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let mut body = vec![0; u32::from_le_bytes(length) as usize];
        from.read_exact(&mut body)?;
        match kind {
            b'T' => serde_json::from_slice(&body).map(Reply::Order).map_err(io::Error::other),
            b'b' => Ok(Reply::Bytes(body)),
            _ => Err(io::Error::other("the host sent an unknown frame")),
        }
    }
}
