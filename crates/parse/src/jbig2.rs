//! The points of a JBIG2 file (ITU-T T.88), decoded by the crate `hayro-jbig2` inside the cage: the coding in which
//! scanners put pages of letters into a PDF.
//!
//! It refuses what claims more points than the bounds before it is decoded.

use hayro_jbig2::{Decoder, Image};

use crate::grey::{Decoded, Grey, bounded};

pub(crate) const MAGIC: &[u8] = b"\x97JB2\r\n\x1a\n";

pub(crate) fn decode(bytes: &[u8], memory: u64) -> Result<Decoded, String> {
    let told = |why: &dyn std::fmt::Display| format!("it cannot be decoded ({why})");
    let image = Image::new(bytes).map_err(|why| told(&why))?;
    let (width, height) = (u64::from(image.width()), u64::from(image.height()));
    bounded(width, height, width * height, memory)?;
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut points = Points { out: Vec::with_capacity(width * height), most: width * height };
    image.decode(&mut points).map_err(|why| told(&why))?;
    points.out.resize(width * height, u8::MAX);
    Ok(Decoded { grey: Grey { width, height, points: points.out, on_black: None }, short: None })
}

struct Points {
    out: Vec<u8>,
    most: usize,
}

impl Decoder for Points {
    fn push_pixel(&mut self, black: bool) {
        if self.out.len() < self.most {
            self.out.push(if black { 0 } else { u8::MAX });
        }
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        let length = (self.out.len() + 8 * chunk_count as usize).min(self.most);
        self.out.resize(length, if black { 0 } else { u8::MAX });
    }

    fn next_line(&mut self) {}
}
