//! The points of a picture in shades of grey: PNG (ISO 15948), JPEG (ISO 10918), GIF 89a and WebP (RFC 9649), decoded
//! by the crate `image` inside the cage, and what pictures of a PDF are carried in, TIFF and JBIG2. Of what moves, the
//! first picture is taken. JPEG 2000 is known and not decoded.
//!
//! It refuses, before anything is decoded, what claims more points than [`MOST_POINTS`] or more bytes than a quarter
//! of the memory: a few bytes may claim a picture of any size (law 14). What cannot be decoded is told in words.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::{jbig2, tiff};

/// The longest picture that is decoded, in bytes.
pub const MOST_PICTURE: u64 = 64 << 20;
/// Points of one picture; a telephone takes twelve million.
const MOST_POINTS: u64 = 40_000_000;
/// Points of one side: the sums of the reader of codes stay far below 2^31.
const MOST_SIDE: u32 = 16_000;

/// Whether bytes begin as a picture: one that is decoded, or that must be told as not read. Twelve bytes tell.
pub fn is_picture(head: &[u8]) -> bool {
    format(head).is_some()
}

enum Format {
    Of(ImageFormat),
    Tiff,
    Jbig2,
    Jpeg2000,
}

fn format(head: &[u8]) -> Option<Format> {
    match head {
        [0xff, 0xd8, 0xff, ..] => Some(Format::Of(ImageFormat::Jpeg)),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Of(ImageFormat::Png)),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Of(ImageFormat::Gif)),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::Of(ImageFormat::WebP)),
        [0, 0, 0, 0x0c, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => Some(Format::Jpeg2000),
        _ if tiff::is_tiff(head) => Some(Format::Tiff),
        _ if head.starts_with(jbig2::MAGIC) => Some(Format::Jbig2),
        _ => None,
    }
}

/// Grey points, row by row; 0 is black.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grey {
    pub width: usize,
    pub height: usize,
    pub points: Vec<u8>,
    /// The same on a black ground, where parts of the picture let the ground through.
    pub on_black: Option<Vec<u8>>,
}

/// A picture that was decoded.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub grey: Grey,
    /// Why a part of it is missing.
    pub short: Option<String>,
}

/// Decodes a picture; else says why not. `memory` is what the process may hold.
pub(crate) fn decode(bytes: &[u8], memory: u64) -> Result<Decoded, String> {
    match format(bytes).ok_or("it is no picture of a format that is read")? {
        Format::Of(format) => ready(bytes, format, memory),
        Format::Tiff => tiff::decode(bytes, memory),
        Format::Jbig2 => jbig2::decode(bytes, memory),
        Format::Jpeg2000 => Err("it is JPEG 2000, which is not decoded here".into()),
    }
}

/// Refuses what claims too much.
pub(crate) fn bounded(width: u64, height: u64, bytes: u64, memory: u64) -> Result<(), String> {
    if width.saturating_mul(height) > MOST_POINTS || width.max(height) > u64::from(MOST_SIDE) || bytes > memory / 4 {
        return Err(format!("it claims {width} × {height} points: more than are decoded"));
    }
    Ok(())
}

fn ready(bytes: &[u8], format: ImageFormat, memory: u64) -> Result<Decoded, String> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) = (Some(MOST_SIDE), Some(MOST_SIDE), Some(memory / 2));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|why| told(&why))?;
    let (width, height) = decoder.dimensions();
    bounded(width.into(), height.into(), decoder.total_bytes(), memory)?;
    // A telephone notes how it was held; without it text lies on its side.
    let held = decoder.orientation();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|why| told(&why))?;
    if let Ok(held) = held {
        picture.apply_orientation(held);
    }
    Ok(Decoded { grey: of(picture), short: None })
}

/// How light a colour is: the weights of BT.709, as in the crate `image`.
pub(crate) fn luma([red, green, blue]: [u8; 3]) -> u8 {
    u8::try_from((u32::from(red) * 2126 + u32::from(green) * 7152 + u32::from(blue) * 722) / 10_000).unwrap_or(u8::MAX)
}

/// What a decoder says, without a stranger's words at any length.
fn told(why: &image::ImageError) -> String {
    let text: String = why.to_string().chars().filter(|c| !c.is_control()).take(200).collect();
    format!("it cannot be decoded ({text})")
}

fn of(picture: DynamicImage) -> Grey {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    if !picture.color().has_alpha() {
        return Grey { width, height, points: picture.into_luma8().into_raw(), on_black: None };
    }
    let pairs = picture.into_luma_alpha8().into_raw();
    let opaque = pairs.chunks_exact(2).all(|pair| pair[1] == u8::MAX);
    let on = |ground: u16| pairs.chunks_exact(2).map(|pair| blended(pair[0], pair[1], ground)).collect::<Vec<u8>>();
    Grey { width, height, points: on(255), on_black: (!opaque).then(|| on(0)) }
}

fn blended(grey: u8, alpha: u8, ground: u16) -> u8 {
    let (grey, alpha) = (u16::from(grey), u16::from(alpha));
    u8::try_from((grey * alpha + ground * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}

impl Grey {
    /// As a PGM file: a head of three numbers, then the points.
    pub(crate) fn head(&self) -> String {
        format!("P5\n{} {}\n255\n", self.width, self.height)
    }

    /// Half as wide and half as high; each point is the mean of four.
    pub(crate) fn half(&self) -> Grey {
        let (width, height) = (self.width / 2, self.height / 2);
        let mean = |points: &[u8]| {
            let mut half = Vec::with_capacity(width * height);
            for y in 0..height {
                let (above, below) = (&points[2 * y * self.width..], &points[(2 * y + 1) * self.width..]);
                half.extend((0..width).map(|x| {
                    let sum: u16 = [above[2 * x], above[2 * x + 1], below[2 * x], below[2 * x + 1]].into_iter().map(u16::from).sum();
                    u8::try_from(sum / 4).unwrap_or(u8::MAX)
                }));
            }
            half
        };
        Grey { width, height, points: mean(&self.points), on_black: self.on_black.as_deref().map(mean) }
    }

    /// Each point becomes a square of `times` × `times`.
    pub(crate) fn enlarged(&self, times: usize) -> Grey {
        let grow = |points: &[u8]| {
            let mut grown = Vec::with_capacity(points.len() * times * times);
            for row in points.chunks_exact(self.width.max(1)) {
                let wide: Vec<u8> = row.iter().flat_map(|point| std::iter::repeat_n(*point, times)).collect();
                (0..times).for_each(|_| grown.extend_from_slice(&wide));
            }
            grown
        };
        Grey { width: self.width * times, height: self.height * times, points: grow(&self.points), on_black: self.on_black.as_deref().map(grow) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    fn grey(width: usize, points: &[u8]) -> Grey {
        Grey { width, height: points.len() / width, points: points.to_vec(), on_black: None }
    }

    #[test]
    fn a_picture_is_halved_and_enlarged() {
        assert_eq!(grey(3, &[0, 100, 9, 100, 200, 9]).half(), grey(1, &[100]), "the odd column is left out");
        assert_eq!(grey(2, &[1, 2]).enlarged(2), grey(4, &[1, 1, 2, 2, 1, 1, 2, 2]));
        assert_eq!(grey(1, &[7]).half().points, Vec::<u8>::new());
    }

    #[test]
    fn what_lets_the_ground_through_is_seen_on_both_grounds() {
        let picture = DynamicImage::from(image::RgbaImage::from_raw(2, 1, vec![0, 0, 0, 255, 255, 255, 255, 0]).unwrap());
        let both = of(picture);
        assert_eq!((both.points, both.on_black), (vec![0, 255], Some(vec![0, 0])));
    }
}
