//! Transfer codings of a part (RFC 2045 §6), undone piece by piece, each byte with its place. What is not of the coding
//! that is declared is kept as written.

use crate::decode::Map;

use super::lines::Piece;

/// Decoded bytes with their places.
#[derive(Default)]
pub(super) struct Out {
    pub bytes: Vec<u8>,
    /// Place of the first of `bytes` in the text of the part.
    pub at: u64,
    pub map: Map,
}

impl Out {
    fn here(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }

    pub(super) fn literal(&mut self, raw: u64, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.map.run(self.here(), raw, 1, 1);
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Bytes that stand together for `raw_wide` raw bytes.
    pub(super) fn unit(&mut self, raw: u64, raw_wide: u64, bytes: &[u8]) {
        let wide = u8::try_from(bytes.len()).expect("a letter or a group");
        self.map.run(self.here(), raw, wide, u32::try_from(raw_wide).unwrap_or(u32::MAX));
        self.bytes.extend_from_slice(bytes);
    }
}

/// How a part is coded.
pub(super) enum Coding {
    Plain,
    Quoted,
    Base64(Group),
}

/// Letters of base64 that wait for more, with their places.
#[derive(Default)]
pub(super) struct Group {
    values: [u8; 4],
    places: [u64; 4],
    count: usize,
}

impl Coding {
    /// By the value of `Content-Transfer-Encoding`; what is not known is read as it is.
    pub(super) fn of(value: &[u8]) -> Coding {
        match value.trim_ascii().to_ascii_lowercase().as_slice() {
            b"quoted-printable" => Coding::Quoted,
            b"base64" => Coding::Base64(Group::default()),
            _ => Coding::Plain,
        }
    }

    /// What was done, for a person; none when nothing was.
    pub(super) fn step(&self) -> Option<&'static str> {
        match self {
            Coding::Plain => None,
            Coding::Quoted => Some("quoted-printable undone"),
            Coding::Base64(_) => Some("base64 undone"),
        }
    }

    /// Decodes a piece from `from` on; returns how much of the piece was used: all of it, or all but the beginning of
    /// what the next piece completes.
    pub(super) fn feed(&mut self, piece: &Piece<'_>, from: usize, out: &mut Out) -> usize {
        match self {
            Coding::Plain => out.literal(piece.raw + from as u64, &piece.bytes[from..]),
            Coding::Quoted => return quoted(piece, from, out),
            Coding::Base64(group) => group.feed(piece, from, out),
        }
        piece.bytes.len()
    }

    /// The part ends.
    pub(super) fn end(&mut self, out: &mut Out) {
        if let Coding::Base64(group) = self {
            group.flush(out);
        }
    }
}

/// Two hexadecimal digits.
pub(super) fn hex_pair(pair: Option<&[u8]>) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    let [high, low] = pair? else { return None };
    u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn quoted(piece: &Piece<'_>, from: usize, out: &mut Out) -> usize {
    let bytes = piece.bytes;
    let end = bytes.strip_suffix(b"\n").map_or(bytes.len(), |line| line.strip_suffix(b"\r").unwrap_or(line).len()).max(from);
    // Blanks at the end of a line were put there on the way.
    let shown = if piece.ends { bytes[from..end].iter().rposition(|b| !is_blank(b)).map_or(from, |last| from + last + 1) } else { end };
    let mut at = from;
    while at < shown {
        let plain = memchr::memchr(b'=', &bytes[at..shown]).map_or(shown, |i| at + i);
        out.literal(piece.raw + at as u64, &bytes[at..plain]);
        at = plain;
        if at == shown {
            break;
        }
        if let Some(byte) = hex_pair(bytes[..shown].get(at + 1..at + 3)) {
            out.unit(piece.raw + at as u64, 3, &[byte]);
            at += 3;
        } else if piece.ends && at + 1 == shown && shown < bytes.len() {
            // The line goes on in the next one.
            return bytes.len();
        } else if !piece.ends && shown - at < 3 && at > from {
            return at;
        } else {
            out.literal(piece.raw + at as u64, b"=");
            at += 1;
        }
    }
    out.literal(piece.raw + end as u64, &bytes[end..]);
    bytes.len()
}

/// The value of a letter of base64; 64 for its filling, 65 for white space, 66 for anything else.
static VALUES: [u8; 256] = {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [66; 256];
    let mut i = 0;
    while i < 64 {
        table[letters[i] as usize] = i as u8;
        i += 1;
    }
    table[b'=' as usize] = 64;
    table[b' ' as usize] = 65;
    table[b'\t' as usize] = 65;
    table[b'\r' as usize] = 65;
    table[b'\n' as usize] = 65;
    table
};

/// The value of a letter of base64.
pub(super) fn base64_value(letter: u8) -> Option<u8> {
    Some(VALUES[usize::from(letter)]).filter(|value| *value < 64)
}

impl Group {
    fn feed(&mut self, piece: &Piece<'_>, from: usize, out: &mut Out) {
        let bytes = &piece.bytes[from..];
        if bytes.iter().any(|b| VALUES[usize::from(*b)] == 66) {
            // A line of something else, such as what a list of readers puts below.
            self.flush(out);
            return out.literal(piece.raw + from as u64, bytes);
        }
        for (at, byte) in bytes.iter().enumerate() {
            match VALUES[usize::from(*byte)] {
                64 => self.flush(out),
                65 => {}
                value => self.letter(value, piece.raw + (from + at) as u64, out),
            }
        }
    }

    pub(super) fn letter(&mut self, value: u8, raw: u64, out: &mut Out) {
        (self.values[self.count], self.places[self.count]) = (value, raw);
        self.count += 1;
        if self.count == 4 {
            self.flush(out);
        }
    }

    /// Gives what the letters so far say.
    pub(super) fn flush(&mut self, out: &mut Out) {
        let Group { values: v, places, count } = std::mem::take(self);
        let whole = [v[0] << 2 | v[1] >> 4, v[1] << 4 | v[2] >> 2, v[2] << 6 | v[3]];
        let bytes = &whole[..count.saturating_sub(1)];
        let Some(last) = count.checked_sub(1).map(|last| places[last]) else { return };
        if last - places[0] == bytes.len() as u64 && !bytes.is_empty() {
            return out.unit(places[0], count as u64, bytes);
        }
        for (at, byte) in bytes.iter().enumerate() {
            out.unit(places[at], places[at + 1] + 1 - places[at], &[*byte]);
        }
    }
}
