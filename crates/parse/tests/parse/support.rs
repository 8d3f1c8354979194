//! A sink that keeps everything, sources, and writers of the formats under test.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use parse::{Budget, Finding, FindingKind, MemberHead, MemberTail, Outcome, Sink, SinkError, Source, Task};

/// The child under test.
pub fn child() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_parse-child"))
}

/// A member as the sink received it.
#[derive(Debug, Clone)]
pub struct Member {
    pub head: MemberHead,
    pub bytes: Vec<u8>,
    pub tail: Option<MemberTail>,
    pub abandoned: bool,
}

impl Member {
    pub fn is_complete(&self) -> bool {
        self.tail.as_ref().is_some_and(|tail| tail.complete)
    }

    pub fn name(&self) -> &str {
        &self.head.name.text
    }
}

/// Keeps all members; above `most_bytes` of one member only counts.
#[derive(Default)]
pub struct Kept {
    pub members: BTreeMap<u32, Member>,
    pub findings: Vec<Finding>,
    pub selectors: Vec<serde_json::Value>,
    pub pages: Vec<serde_json::Value>,
    pub opened: Vec<String>,
    pub total: u64,
    pub forget_bytes: bool,
}

impl Kept {
    pub fn named(&self, name: &str) -> &Member {
        self.members.values().find(|member| member.name() == name).unwrap_or_else(|| panic!("no member {name:?}"))
    }

    pub fn names(&self) -> Vec<&str> {
        self.members.values().map(Member::name).collect()
    }

    pub fn has(&self, kind: FindingKind) -> bool {
        self.findings.iter().any(|finding| finding.kind == kind)
    }
}

impl Sink for Kept {
    fn begin(&mut self, head: &MemberHead) -> Result<(), SinkError> {
        let member = Member { head: head.clone(), bytes: Vec::new(), tail: None, abandoned: false };
        self.members.insert(head.id, member);
        Ok(())
    }

    fn data(&mut self, id: u32, bytes: &[u8]) -> Result<(), SinkError> {
        self.total += bytes.len() as u64;
        if !self.forget_bytes {
            self.members.get_mut(&id).expect("begun").bytes.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self, tail: &MemberTail) -> Result<(), SinkError> {
        self.members.get_mut(&tail.id).expect("begun").tail = Some(tail.clone());
        Ok(())
    }

    fn abandon(&mut self, id: u32, _reason: &str) {
        self.members.get_mut(&id).expect("begun").abandoned = true;
    }

    fn finding(&mut self, finding: &Finding) {
        self.findings.push(finding.clone());
    }

    fn selectors(&mut self, values: Vec<serde_json::Value>) -> Result<(), SinkError> {
        self.selectors.extend(values);
        Ok(())
    }

    fn opening(&mut self, record: &str) {
        self.opened.push(record.to_string());
    }

    fn page(&mut self, value: serde_json::Value) -> Result<(), SinkError> {
        self.pages.push(value);
        Ok(())
    }
}

/// A budget that ends a failing test soon.
pub fn budget() -> Budget {
    Budget { wall_ms: 60_000, cpu_s: 60, ..Budget::default() }
}

/// Unpacks in the caged child; every outcome must balance.
pub fn unpack(source: &mut dyn Source, budget: &Budget) -> (Outcome, Kept) {
    let mut kept = Kept::default();
    let outcome = run_into(source, budget, &mut kept);
    (outcome, kept)
}

pub fn run_into(source: &mut dyn Source, budget: &Budget, kept: &mut Kept) -> Outcome {
    let task = Task::Unpack { name: "test".into() };
    let outcome = parse::run(child(), &task, budget, source, kept, &|| false).expect("the house is in order");
    let account = &outcome.summary;
    assert_eq!(account.records_in, account.members_out + account.rejected_count, "law 6: {account:?}");
    outcome
}

pub fn unpack_bytes(bytes: &[u8]) -> (Outcome, Kept) {
    unpack(&mut bytes.to_vec(), &budget())
}

/// A source that answers zeros.
pub struct Zeros(pub u64);

impl Source for Zeros {
    fn len(&self) -> u64 {
        self.0
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let count = buf.len().min(usize::try_from(self.0 - offset).unwrap_or(usize::MAX));
        buf[..count].fill(0);
        Ok(count)
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One WARC 1.1 record.
pub fn record(kind: &str, uri: &str, media_type: &str, extra: &str, block: &[u8]) -> Vec<u8> {
    let mut out = format!(
        "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n\
         WARC-Date: 2026-01-02T03:04:05Z\r\nWARC-Target-URI: {uri}\r\nContent-Type: {media_type}\r\n{extra}\
         Content-Length: {}\r\n\r\n",
        block.len()
    )
    .into_bytes();
    out.extend_from_slice(block);
    out.extend_from_slice(b"\r\n\r\n");
    out
}

/// A WARC response record around an HTTP message.
pub fn response(uri: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    record("response", uri, "application/http; msgtype=response", "", &message(headers, body))
}

pub fn message(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut message = format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
    message.extend_from_slice(body);
    message
}

pub fn chunked(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(7) {
        out.extend_from_slice(format!("{:x};x=y\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

/// One ZIP entry as [`zip`] writes it.
pub struct ZipItem {
    pub name: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub packed: Vec<u8>,
    pub crc: u32,
    pub size: u32,
    /// Take the local header of the entry with this number instead of an own one.
    pub shares: Option<usize>,
}

impl ZipItem {
    pub fn stored(name: &str, bytes: &[u8]) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        ZipItem {
            name: name.as_bytes().to_vec(),
            method: 0,
            flags: 0,
            packed: bytes.to_vec(),
            crc: crc.sum(),
            size: u32::try_from(bytes.len()).unwrap(),
            shares: None,
        }
    }

    pub fn deflated(name: &str, bytes: &[u8]) -> Self {
        ZipItem { method: 8, packed: deflate(bytes), ..ZipItem::stored(name, bytes) }
    }
}

/// A ZIP of our own making, also where a sound writer would refuse.
pub fn zip(items: &[ZipItem]) -> Vec<u8> {
    let (mut out, mut directory, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        let offset = item.shares.map_or(out.len(), |other| offsets[other]);
        offsets.push(offset);
        let mut fields = Vec::new();
        for value in [20, item.flags, item.method, 0, 0x21] {
            fields.extend_from_slice(&value.to_le_bytes());
        }
        for value in [item.crc, u32::try_from(item.packed.len()).unwrap(), item.size] {
            fields.extend_from_slice(&value.to_le_bytes());
        }
        fields.extend_from_slice(&u16::try_from(item.name.len()).unwrap().to_le_bytes());
        fields.extend_from_slice(&[0, 0]);
        if item.shares.is_none() {
            out.extend_from_slice(b"PK\x03\x04");
            out.extend_from_slice(&fields);
            out.extend_from_slice(&item.name);
            out.extend_from_slice(&item.packed);
        }
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&fields);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&u32::try_from(offset).unwrap().to_le_bytes());
        directory.extend_from_slice(&item.name);
    }
    let count = u16::try_from(items.len()).unwrap().to_le_bytes();
    let start = u32::try_from(out.len()).unwrap();
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count);
    out.extend_from_slice(&count);
    out.extend_from_slice(&u32::try_from(directory.len()).unwrap().to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

/// A tar written by another program's library.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// The folder of outside data, or none with a line that says so.
pub fn outside_data(test: &str, part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LANTERNFISH_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let folder = root.join(part);
    if !folder.is_dir() {
        eprintln!("SKIPPED {test}: {} is missing", folder.display());
        return None;
    }
    Some(folder)
}
