//! The points of a TIFF (6.0) in shades of grey: strips of any number, grey, red-green-blue, four inks or a table of
//! colours, uncompressed, LZW, deflate, PackBits, fax (by the crate `hayro-ccitt`). It is what pictures of a PDF are
//! carried in, and what faxes and scanners write.
//!
//! It refuses, before anything is undone, what claims more points than the bounds, strips that share bytes, and what it
//! would read in part in silence: tiles, several pages. What ends too early is white, and told.

use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode};

use crate::grey::{Decoded, Grey, bounded, luma};
use crate::pdf::{inflate, lzw, run_length};

/// Entries of the directory, and values of one entry.
const ENTRIES: usize = 200;
const VALUES: usize = 200_000;

/// Whether bytes begin as a TIFF.
pub(crate) fn is_tiff(head: &[u8]) -> bool {
    head.starts_with(b"MM\0*") || head.starts_with(b"II*\0")
}

/// See the module.
struct Tiff<'a> {
    bytes: &'a [u8],
    large_first: bool,
    entries: Vec<[usize; 4]>,
}

/// What is said of the points.
struct Layout {
    width: usize,
    height: usize,
    bits: usize,
    samples: usize,
    photometric: usize,
    compression: usize,
    /// Options of a fax of group 3, the order of bits, and how rows are told by differences.
    fax: usize,
    order: usize,
    predictor: usize,
    /// Red, green and blue, each for all entries.
    table: Vec<usize>,
}

pub(crate) fn decode(bytes: &[u8], memory: u64) -> Result<Decoded, String> {
    let tiff = Tiff::read(bytes)?;
    let layout = tiff.layout()?;
    let row = (layout.width * layout.bits * layout.samples).div_ceil(8);
    bounded(layout.width as u64, layout.height as u64, (row as u64).saturating_mul(layout.height as u64), memory)?;
    if layout.photometric == 3 && layout.table.len() < 3 << layout.bits {
        return Err("its table of colours is not there".into());
    }
    let (data, whole) = tiff.data(&layout, row)?;
    let mut points = Vec::with_capacity(layout.width * layout.height);
    for row in data.chunks_exact(row) {
        points.extend((0..layout.width).map(|x| layout.grey(row, x)));
    }
    let grey = Grey { width: layout.width, height: layout.height, points, on_black: None };
    Ok(Decoded { grey, short: (!whole).then(|| "its data end before its points do".into()) })
}

impl<'a> Tiff<'a> {
    fn read(bytes: &'a [u8]) -> Result<Tiff<'a>, String> {
        let mut tiff = Tiff { bytes, large_first: bytes.starts_with(b"MM"), entries: vec![] };
        let broken = "its directory is broken";
        let at = tiff.number(4, 4).ok_or(broken)?;
        let count = tiff.number(at, 2).filter(|count| (1..=ENTRIES).contains(count)).ok_or(broken)?;
        for entry in (0..count).map(|number| at + 2 + 12 * number) {
            let [tag, kind, values] = [(0, 2), (2, 2), (4, 4)].map(|(after, size)| tiff.number(entry + after, size));
            tiff.entries.push([tag.ok_or(broken)?, kind.ok_or(broken)?, values.ok_or(broken)?, entry + 8]);
        }
        match tiff.number(at + 2 + 12 * count, 4) {
            Some(0) | None => Ok(tiff),
            Some(_) => Err("it is a TIFF of several pages, which is not read".into()),
        }
    }

    fn number(&self, at: usize, size: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..at.checked_add(size)?)?;
        let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        Some(if self.large_first { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    }

    /// The values of an entry; none when it is not there.
    fn values(&self, wanted: usize) -> Vec<usize> {
        self.first_values(wanted, VALUES)
    }

    /// The first value of an entry, whatever number of them it claims.
    fn value(&self, wanted: usize, otherwise: usize) -> usize {
        self.first_values(wanted, 1).first().copied().unwrap_or(otherwise)
    }

    fn first_values(&self, wanted: usize, most: usize) -> Vec<usize> {
        let Some([_, kind, count, at]) = self.entries.iter().find(|entry| entry[0] == wanted) else { return vec![] };
        let size = match kind {
            1 => 1,
            3 => 2,
            4 => 4,
            _ => return vec![],
        };
        // Where they stand hangs on how many there are, not on how many are wanted.
        let at = if (*count).min(VALUES) * size <= 4 { Some(*at) } else { self.number(*at, 4) };
        (0..(*count).min(most)).map_while(|number| self.number(at?.checked_add(number * size)?, size)).collect()
    }

    /// What is said of the points: read once, however many strips there are.
    fn layout(&self) -> Result<Layout, String> {
        let layout = Layout {
            width: self.value(256, 0), height: self.value(257, 0), bits: self.value(258, 1), samples: self.value(277, 1),
            photometric: self.value(262, 1), compression: self.value(259, 1), fax: self.value(292, 0), order: self.value(266, 1), predictor: self.value(317, 1),
            table: self.values(320),
        };
        let wanted = match layout.photometric {
            0 | 1 | 3 => 1,
            2 => 3,
            5 => 4,
            _ => return Err("its colours are not read".into()),
        };
        let depths = self.values(258);
        let known = matches!(layout.bits, 1 | 2 | 4 | 8 | 16) && depths.iter().all(|bits| *bits == layout.bits) && (wanted..=8).contains(&layout.samples);
        let one_plane = layout.samples == 1 || self.value(284, 1) == 1;
        if !known || !one_plane || layout.photometric == 3 && layout.bits > 8 || self.entries.iter().any(|entry| entry[0] == 322) {
            return Err("its points are laid out in a way that is not read".into());
        }
        if layout.width == 0 || layout.height == 0 {
            return Err("it has no points".into());
        }
        Ok(layout)
    }

    /// All rows, and whether all of them were there.
    fn data(&self, layout: &Layout, row: usize) -> Result<(Vec<u8>, bool), String> {
        let (offsets, lengths) = (self.values(273), self.values(279));
        let rows = self.value(278, layout.height).clamp(1, layout.height);
        // White, whatever that is here.
        let ground = if matches!(layout.photometric, 0 | 5) { 0 } else { 0xff };
        let (mut data, mut whole, mut taken) = (Vec::with_capacity(row * layout.height), true, 0usize);
        for (number, first) in (0..layout.height).step_by(rows).enumerate() {
            let rows = rows.min(layout.height - first);
            let offset = offsets.get(number).copied().unwrap_or(self.bytes.len()).min(self.bytes.len());
            let strip = &self.bytes[offset..][..lengths.get(number).copied().unwrap_or(0).min(self.bytes.len() - offset)];
            taken += strip.len();
            if taken > self.bytes.len() {
                return Err("its strips share bytes".into());
            }
            let mut strip = self.undone(strip, layout, rows, row)?;
            whole &= strip.len() >= row * rows;
            strip.resize(row * rows, ground);
            data.extend(strip);
        }
        Ok((data, whole))
    }

    fn undone(&self, strip: &[u8], layout: &Layout, rows: usize, row: usize) -> Result<Vec<u8>, String> {
        let most = row * rows;
        let mut out = match layout.compression {
            1 => strip[..strip.len().min(most)].to_vec(),
            3 => fax(strip, layout.width, rows, if layout.fax & 1 == 1 { EncodingMode::Group3_2D { k: 4 } } else { EncodingMode::Group3_1D }),
            4 => fax(strip, layout.width, rows, EncodingMode::Group4),
            5 => lzw(strip, most as u64, true),
            8 | 32946 => inflate(strip, most as u64),
            32773 => run_length(strip, most as u64),
            _ => return Err("its compression is not read".into()),
        };
        if matches!(layout.compression, 3 | 4) && (layout.bits, layout.samples) != (1, 1) || layout.order != 1 {
            return Err("its points are laid out in a way that is not read".into());
        }
        match (layout.predictor, layout.bits) {
            (1, _) => {}
            (2, 8) => {
                for line in out.chunks_mut(row) {
                    for at in layout.samples..line.len() {
                        line[at] = line[at].wrapping_add(line[at - layout.samples]);
                    }
                }
            }
            _ => return Err("its rows are told by their differences in a way that is not read".into()),
        }
        if !self.large_first && layout.bits == 16 {
            out.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
        }
        Ok(out)
    }
}

impl Layout {
    /// A value of a point, as 0 to 255; of a table, as it stands.
    fn sample(&self, row: &[u8], x: usize, sample: usize) -> u8 {
        let at = (x * self.samples + sample) * self.bits;
        let byte = row[at / 8];
        if self.bits >= 8 {
            return byte;
        }
        let value = byte >> (8 - self.bits - at % 8) & ((1 << self.bits) - 1);
        if self.photometric == 3 { value } else { value * (u8::MAX / ((1 << self.bits) - 1)) }
    }

    fn grey(&self, row: &[u8], x: usize) -> u8 {
        let sample = |number: usize| self.sample(row, x, number);
        match self.photometric {
            0 => 255 - sample(0),
            1 => sample(0),
            2 => luma([sample(0), sample(1), sample(2)]),
            3 => {
                let entries = 1 << self.bits;
                let part = |part: usize| u8::try_from(self.table[part * entries + usize::from(sample(0))] >> 8).unwrap_or(u8::MAX);
                luma([part(0), part(1), part(2)])
            }
            _ => {
                let light = |ink: usize| u8::try_from(u16::from(255 - sample(ink)) * u16::from(255 - sample(3)) / 255).unwrap_or(u8::MAX);
                luma([light(0), light(1), light(2)])
            }
        }
    }
}

/// The rows of a fax, one bit a point, 1 for black; fewer when the data end.
fn fax(bytes: &[u8], width: usize, rows: usize, encoding: EncodingMode) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let settings = DecodeSettings {
        columns: number(width), rows: number(rows), end_of_block: true, end_of_line: false, rows_are_byte_aligned: false, encoding, invert_black: false,
    };
    let mut lines = Lines { row: width.div_ceil(8), out: vec![], line: vec![], at: 0, most: rows };
    // A fax that breaks off still gives the rows before the break.
    let _broken = hayro_ccitt::decode(bytes, &mut lines, &mut DecoderContext::new(settings));
    lines.out
}

struct Lines {
    row: usize,
    out: Vec<u8>,
    line: Vec<u8>,
    at: usize,
    most: usize,
}

impl Decoder for Lines {
    fn push_pixels(&mut self, white: bool, count: u32) {
        self.line.resize(self.row, 0);
        let end = (self.at + count as usize).min(self.row * 8);
        if !white {
            (self.at..end).for_each(|x| self.line[x / 8] |= 0x80 >> (x % 8));
        }
        self.at = end;
    }

    fn next_line(&mut self) {
        self.line.resize(self.row, 0);
        if self.out.len() < self.row * self.most {
            self.out.extend_from_slice(&self.line);
        }
        self.line.fill(0);
        self.at = 0;
    }
}
