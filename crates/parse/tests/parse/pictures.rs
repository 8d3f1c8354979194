//! QR codes in pictures: codes that another program wrote, in every format and in the ways in which people show them;
//! and pictures that are none, or too much.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgba, RgbaImage, imageops};
use parse::fuzz::picture_target;
use parse::{Budget, Container, Ended, FindingKind, Outcome, Task};
use proptest::prelude::*;
use qrcodegen::{QrCode, QrCodeEcc};

use super::support::*;

const ADDRESS: &str = "bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq?amount=0.02&label=shop@synthetic.invalid";

/// A code with `scale` points for a module and a quiet zone of four modules.
pub fn code(text: &str, scale: u32) -> GrayImage {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
    let side = (u32::try_from(code.size()).unwrap() + 8) * scale;
    GrayImage::from_fn(side, side, |x, y| {
        let module = |at: u32| i32::try_from(at / scale).unwrap() - 4;
        Luma([if code.get_module(module(x), module(y)) { 0 } else { 255 }])
    })
}

pub fn as_file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let picture = picture.into();
    let picture = if format == ImageFormat::Png { picture } else { DynamicImage::from(picture.to_rgb8()) };
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    as_file(picture, ImageFormat::Png)
}

pub fn look(bytes: &[u8], points: bool) -> (Outcome, Kept) {
    let mut kept = Kept::default();
    let task = Task::Picture { hint: "{}".into(), points };
    let outcome = parse::run(child(), &task, &Budget { cpu_s: 20, ..budget() }, &mut bytes.to_vec(), &mut kept, &|| false).unwrap();
    (outcome, kept)
}

/// The texts of the codes in a picture.
pub fn texts(bytes: &[u8]) -> Vec<String> {
    let (outcome, kept) = look(bytes, false);
    assert_eq!(outcome.ended, Ended::Done, "{:?}", kept.findings);
    kept.selectors.iter().filter(|value| value["kind"] == "code").map(|value| value["value"]["text"].as_str().unwrap().to_string()).collect()
}

#[test]
fn a_code_is_read_in_every_format_and_its_place_is_the_picture() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
        let bytes = as_file(code(ADDRESS, 4), format);
        assert!(parse::is_picture(&bytes[..12]), "{format:?}");
        let (outcome, kept) = look(&bytes, false);
        assert_eq!((outcome.ended, outcome.summary.format.as_str()), (Ended::Done, "picture"));
        let [whole, mail] = &kept.selectors[..] else { panic!("{format:?}: {:?}, {:?}", kept.selectors, kept.findings) };
        assert_eq!(whole["value"]["text"], ADDRESS);
        assert_eq!(mail["steps"], serde_json::json!(["qr"]));
        assert!(mail["reason"].as_str().unwrap().contains("QR code 1 of the picture, at 16,16"), "{mail}");
        for value in [whole, mail] {
            assert_eq!((value["start"].as_u64(), value["end"].as_u64()), (Some(0), Some(bytes.len() as u64)));
        }
        assert!(kept.members.is_empty(), "points only when they are asked for");
    }
}

#[test]
fn codes_are_read_as_people_show_them() {
    let check = |what: &str, picture: DynamicImage, expected: &[&str]| assert_eq!(texts(&png(picture)), expected, "{what}");
    let plain = code("plain words", 5);
    let mut inverted = plain.clone();
    imageops::invert(&mut inverted);
    check("light on dark", inverted.into(), &["plain words"]);
    check("turned", imageops::rotate90(&plain).into(), &["plain words"]);
    check("in a mirror", imageops::flip_horizontal(&plain).into(), &["plain words"]);
    check("one point for a module", code("plain words", 1).into(), &["plain words"]);
    let clear = |dark: bool| RgbaImage::from_fn(plain.width(), plain.height(), |x, y| {
        let is_module = plain.get_pixel(x, y).0[0] == 0;
        Rgba([if dark { 0 } else { 255 }, 0, 0, if is_module { 255 } else { 0 }].map(|v| if dark { v } else { v.max(if is_module { 255 } else { 0 }) }))
    });
    check("dark on nothing", clear(true).into(), &["plain words"]);
    check("light on nothing", clear(false).into(), &["plain words"]);
    let mut page = GrayImage::from_pixel(900, 700, Luma([230]));
    imageops::replace(&mut page, &plain, 500, 300);
    imageops::replace(&mut page, &code("ສະບາຍດີ ສະຫວັດດີ สวัสดี привет", 3), 40, 40);
    check("two on a page", page.into(), &["ສະບາຍດີ ສະຫວັດດີ สวัสดี привет", "plain words"]);
    check("a page without one", GrayImage::from_fn(300, 300, |x, y| Luma([u8::try_from((x * y) % 251).unwrap()])).into(), &[]);
}

#[test]
fn the_points_of_a_picture_come_as_one_member() {
    let (outcome, kept) = look(&png(GrayImage::from_raw(2, 2, vec![0, 50, 100, 255]).unwrap()), true);
    let points = kept.named("points");
    assert_eq!((points.head.container, &points.bytes[..]), (Container::Points, &b"P5\n2 2\n255\n\x00\x32\x64\xff"[..]));
    assert_eq!((outcome.summary.records_in, outcome.summary.payloads_out), (0, 1), "no record of its own");
}

/// A PNG that claims its size and has nothing of it.
fn claims(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png(GrayImage::new(1, 1));
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    bytes
}

#[test]
fn law_14_a_picture_that_claims_too_much_is_not_decoded() {
    let tall = [b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,".as_slice(), &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0], b"\x02\x02\x44\x01\0;"].concat();
    for bytes in [claims(60_000, 60_000), claims(1, 4_000_000), claims(15_000, 15_000), tall] {
        let (outcome, kept) = look(&bytes, true);
        assert_eq!(outcome.ended, Ended::Done);
        assert!(kept.has(FindingKind::Unsupported) && kept.members.is_empty(), "{:?}", kept.findings);
        assert!(outcome.peak_rss_anon < 64 << 20, "{}", outcome.peak_rss_anon);
    }
    // What no decoder would refuse is refused before it is asked.
    let (_, kept) = look(&claims(15_000, 15_000), false);
    assert!(kept.findings[0].text.ends_with("it claims 15000 × 15000 points: more than are decoded"), "{:?}", kept.findings);
}

#[test]
fn law_14_a_broken_picture_is_a_finding() {
    let sound = png(code(ADDRESS, 3));
    for bytes in [&sound[..sound.len() / 2], b"\x89PNG\r\n\x1a\n", b"RIFF\x04\0\0\0WEBP", b"\xff\xd8\xff", b"words", b""] {
        let (outcome, kept) = look(bytes, true);
        assert_eq!(outcome.ended, Ended::Done);
        assert!(kept.has(FindingKind::Unsupported), "{bytes:?}");
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/picture")
}

/// Small pictures of every format.
fn seeds() -> Vec<Vec<u8>> {
    let small = code("seed@synthetic.invalid", 2);
    let formats = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP];
    let mut seeds: Vec<Vec<u8>> = formats.into_iter().map(|format| as_file(small.clone(), format)).collect();
    seeds.push(png(RgbaImage::from_pixel(30, 30, Rgba([0, 0, 0, 0]))));
    seeds.push(claims(60_000, 60_000));
    seeds.extend(super::pdf_pictures::carried());
    seeds
}

#[test]
fn the_corpus_of_pictures_is_replayed() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        picture_target(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 6, "the corpus holds {count} files");
}

/// Writes the corpus from the seeds: run by hand after adding a seed.
#[test]
#[ignore = "writes into the tree"]
fn write_the_corpus_of_pictures() {
    std::fs::create_dir_all(folder()).unwrap();
    for (number, seed) in seeds().iter().enumerate() {
        std::fs::write(folder().join(format!("seed-{number:02}")), seed).unwrap();
    }
}

thread_local! {
    static SEEDS: Vec<Vec<u8>> = seeds();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_pictures_never_panic(seed in any::<prop::sample::Index>(), places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = SEEDS.with(|seeds| seeds[seed.index(seeds.len())].clone());
        for (place, value) in places {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        picture_target(&bytes);
    }
}
