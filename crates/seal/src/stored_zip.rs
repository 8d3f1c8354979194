//! The frame of a ZIP (APPNOTE 6.3) whose members are stored as they are: no compression, one fixed date, no encryption,
//! zip64 only where a size or a place needs it. Sizes and checksums are known before, so that a ZIP is told forward in
//! one go, and the same members always give the same bytes. It holds the bytes of no member and writes nothing itself.

/// Date of every member: the first day that a ZIP can name, 1980-01-01.
const DATE: u16 = 0x21;
/// What a reader must be able to do: 1.0 for stored members, 4.5 for zip64.
const PLAIN: u16 = 10;
const ZIP64: u16 = 45;
/// Made on Unix, by the version above.
const MADE_BY: u16 = 3 << 8 | ZIP64;
/// An ordinary file that its owner may write and others may read.
const ATTRIBUTES: u32 = 0o100_644 << 16;

struct Member {
    name: String,
    bytes: u64,
    crc32: u32,
    at: u64,
}

impl Member {
    fn is_long(&self) -> bool {
        self.bytes >= u64::from(u32::MAX)
    }

    fn is_far(&self) -> bool {
        self.at >= u64::from(u32::MAX)
    }

    /// What header and directory have in common, from the version needed to the length of the name.
    fn common(&self, needed: u16) -> Vec<u8> {
        let size = short(self.bytes).to_le_bytes();
        let name = u16::try_from(self.name.len()).expect("names are our own and short").to_le_bytes();
        [&needed.to_le_bytes()[..], &[0; 6], &DATE.to_le_bytes(), &self.crc32.to_le_bytes(), &size, &size, &name].concat()
    }

    fn header(&self) -> Vec<u8> {
        let far = if self.is_long() { zip64(&[self.bytes, self.bytes]) } else { vec![] };
        let needed = if self.is_long() { ZIP64 } else { PLAIN };
        [b"PK\x03\x04", &self.common(needed)[..], &length(&far), self.name.as_bytes(), &far].concat()
    }

    fn entry(&self) -> Vec<u8> {
        let mut beyond = if self.is_long() { vec![self.bytes, self.bytes] } else { vec![] };
        beyond.extend(self.is_far().then_some(self.at));
        let far = if beyond.is_empty() { vec![] } else { zip64(&beyond) };
        let needed = if beyond.is_empty() { PLAIN } else { ZIP64 };
        let place = short(self.at).to_le_bytes();
        [b"PK\x01\x02", &MADE_BY.to_le_bytes()[..], &self.common(needed), &length(&far), &[0; 6], &ATTRIBUTES.to_le_bytes(), &place, self.name.as_bytes(), &far].concat()
    }
}

/// A number as it stands in a field of 32 bits: all ones when it is in the zip64 part.
fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn length(extra: &[u8]) -> [u8; 2] {
    u16::try_from(extra.len()).expect("at most three numbers").to_le_bytes()
}

/// The zip64 part of a header.
fn zip64(numbers: &[u64]) -> Vec<u8> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    [&[1, 0][..], &length(&bytes), &bytes].concat()
}

/// A ZIP in the making: what lies where.
#[derive(Default)]
pub(crate) struct Frame {
    members: Vec<Member>,
    at: u64,
}

impl Frame {
    /// The bytes that stand before those of the next member.
    pub(crate) fn begin(&mut self, name: &str, bytes: u64, crc32: u32) -> Vec<u8> {
        let member = Member { name: name.to_string(), bytes, crc32, at: self.at };
        let header = member.header();
        self.at += header.len() as u64 + bytes;
        self.members.push(member);
        header
    }

    /// The directory, which stands after the last member.
    pub(crate) fn end(self) -> Vec<u8> {
        let directory: Vec<u8> = self.members.iter().flat_map(Member::entry).collect();
        let (count, size, end) = (self.members.len() as u64, directory.len() as u64, self.at + directory.len() as u64);
        let numbers = |all: &[u64]| all.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        let far = if self.at < u64::from(u32::MAX) {
            vec![]
        } else {
            let record = [b"PK\x06\x06", &numbers(&[44])[..], &MADE_BY.to_le_bytes(), &ZIP64.to_le_bytes(), &[0; 8], &numbers(&[count, count, size, self.at])].concat();
            [&record[..], b"PK\x06\x07", &[0; 4], &numbers(&[end]), &1u32.to_le_bytes()].concat()
        };
        let count = u16::try_from(count).expect("five members").to_le_bytes();
        let last = [b"PK\x05\x06", &[0; 4][..], &count, &count, &short(size).to_le_bytes(), &short(self.at).to_le_bytes(), &[0; 2]].concat();
        [directory, far, last].concat()
    }
}
