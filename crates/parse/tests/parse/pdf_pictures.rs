//! Pictures in a PDF: each coding comes out as a file that is read, with the page that draws it and its bytes; and files
//! that lie about them. The fax in `tests/pictures` (`code.g4`, `code.g3`) was written by libtiff.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat};
use parse::{Budget, Container, Ended, FindingKind, Outcome, Task};

use super::documents::{jpeg, pdf, stream, zlib};
use super::pictures::{as_file, code, look, texts};
use super::support::*;

const TEXT: &str = "seed@synthetic.invalid";
const FAX: &[u8] = include_bytes!("../pictures/code.g4");
const FAX_3: &[u8] = include_bytes!("../pictures/code.g3");
/// The side of [`FAX`] in points.
const SIDE: u32 = 66;

/// A document whose pages each draw these objects.
pub fn drawing(pages: &[&[u32]], objects: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 100 + 2 * page)).collect();
    let mut all = vec![(1, b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()), (2, format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), kids.len()).into_bytes())];
    for (number, drawn) in (100..).step_by(2).zip(pages) {
        let names: String = drawn.iter().map(|object| format!("/X{object} {object} 0 R ")).collect();
        let content: String = drawn.iter().map(|object| format!("q 600 0 0 800 0 0 cm /X{object} Do Q ")).collect();
        let contents = number + 1;
        all.push((number, format!("<< /Type /Page /Parent 2 0 R /Contents {contents} 0 R /Resources << /XObject << {names}>> >> >>").into_bytes()));
        all.push((contents, stream("", content.as_bytes())));
    }
    all.extend_from_slice(objects);
    pdf(&all, "/Root 1 0 R")
}

fn image(entries: &str, bytes: &[u8]) -> Vec<u8> {
    stream(&format!("/Type /XObject /Subtype /Image {entries}"), bytes)
}

fn sized(picture: &GrayImage, entries: &str) -> String {
    format!("/Width {} /Height {} {entries}", picture.width(), picture.height())
}

/// The one picture of a document.
#[track_caller]
fn the_picture(raw: &[u8]) -> Member {
    let (outcome, kept) = unpack_bytes(raw);
    let pictures: Vec<Member> = kept.members.into_values().filter(|member| member.head.container == Container::PdfPicture).collect();
    let [one] = <[Member; 1]>::try_from(pictures).unwrap_or_else(|all| panic!("{} pictures, {:?}", all.len(), kept.findings));
    assert_eq!((outcome.ended, outcome.summary.rejected_count), (Ended::Done, 0), "{:?}", kept.findings);
    one
}

#[test]
fn a_jpeg_is_the_bytes_of_the_file_and_says_where_it_is_drawn() {
    let photo = as_file(code(TEXT, 4), ImageFormat::Jpeg);
    let raw = drawing(&[&[], &[7], &[7]], &[(7, image("/Width 1 /Height 1 /ColorSpace /DeviceGray /Filter /DCTDecode", &photo)), (8, image("/Filter [/DCTDecode]", &jpeg()))]);
    let (outcome, kept) = unpack_bytes(&raw);
    let one = kept.named("page 2 and 1 more, picture in object 7");
    let from = one.head.offset as usize;
    assert_eq!((&raw[from..from + photo.len()], one.bytes == photo, one.tail.as_ref().unwrap().stored_length), (&photo[..], true, Some(photo.len() as u64)));
    assert_eq!(one.head.made.as_deref(), Some(&*format!("drawn on page 2, page 3; {} bytes of the PDF from byte {from} on; as they are, JPEG", photo.len())));
    assert_eq!(texts(&one.bytes), [TEXT]);
    // What no page draws comes out too, and what a picture says of itself lies in it.
    let other = kept.named("elsewhere in the PDF, picture in object 8");
    let about = kept.named("metadata");
    assert_eq!((other.bytes == jpeg(), about.head.parent, outcome.summary.members_out), (true, Some(other.head.id), 2));
}

/// A way of writing a picture, its entries and its bytes.
fn codings() -> Vec<(&'static str, String, Vec<u8>)> {
    let picture = code(TEXT, 4);
    let (width, points) = (picture.width() as usize, picture.as_raw());
    let rows = |values: &dyn Fn(u8) -> Vec<u8>| points.iter().flat_map(|point| values(*point)).collect::<Vec<u8>>();
    let bits = |dark: bool| points.chunks(width).flat_map(|row| row.chunks(8).map(move |eight| eight.iter().enumerate().fold(0u8, |byte, (i, point)| byte | u8::from((*point < 128) == dark) << (7 - i)))).collect::<Vec<u8>>();
    let hex: Vec<u8> = zlib(points).iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).chain(*b">").collect();
    let run: Vec<u8> = points.chunks(100).flat_map(|part| [&[part.len() as u8 - 1], part].concat()).chain([128]).collect();
    let entries = |more: &str| sized(&picture, more);
    let flate = |more: &str| entries(&format!("{more} /Filter /FlateDecode"));
    let predicted = |colour: &str, more: &str| flate(&format!("{colour} {more}"));
    let up: Vec<u8> = (0..points.len() / width).flat_map(|y| {
        let row = (0..width).map(|x| points[y * width + x].wrapping_sub(if y > 0 { points[(y - 1) * width + x] } else { 0 }));
        std::iter::once(2).chain(row.collect::<Vec<u8>>()).collect::<Vec<u8>>()
    }).collect();
    let none = |row: usize, data: &[u8]| data.chunks(row).flat_map(|row| [&[0], row].concat()).collect::<Vec<u8>>();
    let left: Vec<u8> = points.chunks(width).flat_map(|row| (0..width).map(|x| row[x].wrapping_sub(if x > 0 { row[x - 1] } else { 0 })).collect::<Vec<u8>>()).collect();
    let fax = |more: &str| format!("/Width {SIDE} /Height {SIDE} /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /CCITTFaxDecode /DecodeParms << /Columns {SIDE} {more} >>");
    vec![
        ("grey", entries("/ColorSpace /DeviceGray /BitsPerComponent 8"), points.clone()),
        ("grey, deflated", flate("/ColorSpace /DeviceGray /BitsPerComponent 8"), zlib(points)),
        ("grey, sixteen bits", flate("/ColorSpace /CalGray /BitsPerComponent 16"), zlib(&rows(&|point| vec![point, 7]))),
        ("one bit", flate("/ColorSpace /DeviceGray /BitsPerComponent 1"), zlib(&bits(false))),
        ("one bit, turned", flate("/ColorSpace /DeviceGray /BitsPerComponent 1 /Decode [1 0]"), zlib(&bits(true))),
        ("a stencil", flate("/ImageMask true"), zlib(&bits(false))),
        ("red, green, blue", flate("/ColorSpace [/ICCBased 20 0 R] /BitsPerComponent 8"), zlib(&rows(&|point| vec![point; 3]))),
        ("four inks", flate("/ColorSpace /DeviceCMYK /BitsPerComponent 8"), zlib(&rows(&|point| vec![9, 9, 9, 255 - point]))),
        ("one ink", flate("/ColorSpace [/Separation /Black /DeviceCMYK 21 0 R] /BitsPerComponent 8"), zlib(&rows(&|point| vec![255 - point]))),
        ("a table", flate("/ColorSpace [/Indexed /DeviceRGB 1 <00FFFF 330000>] /BitsPerComponent 1"), zlib(&bits(true))),
        ("differences to the row above", predicted("/ColorSpace /DeviceGray /BitsPerComponent 8", &format!("/DecodeParms << /Predictor 15 /Columns {width} >>")), zlib(&up)),
        ("differences of a table", predicted("/ColorSpace [/Indexed /DeviceRGB 1 <00FFFF330000>] /BitsPerComponent 1", &format!("/DecodeParms << /Predictor 15 /BitsPerComponent 1 /Columns {width} >>")), zlib(&none(width.div_ceil(8), &bits(true)))),
        ("differences of one bit, turned", predicted("/ImageMask true /Decode [1 0]", &format!("/DecodeParms << /Predictor 15 /BitsPerComponent 1 /Columns {width} >>")), zlib(&none(width.div_ceil(8), &bits(true)))),
        ("differences of inks", predicted("/ColorSpace /DeviceCMYK /BitsPerComponent 8", &format!("/DecodeParms << /Predictor 15 /Colors 4 /Columns {width} >>")), zlib(&none(4 * width, &rows(&|point| vec![0, 0, 0, 255 - point])))),
        ("differences to the left", predicted("/ColorSpace /DeviceGray /BitsPerComponent 8", &format!("/DecodeParms << /Predictor 2 /Columns {width} >>")), zlib(&left)),
        ("in letters", entries("/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter [/ASCIIHexDecode /FlateDecode]"), hex),
        ("in runs", entries("/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /RunLengthDecode"), run),
        ("LZW", entries("/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /LZWDecode"), lzw(&bits(false))),
        ("LZW, late", entries("/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /LZWDecode /DecodeParms << /EarlyChange 0 >>"), lzw(&bits(false))),
        ("fax, group 4", fax("/K -1"), FAX.to_vec()),
        ("fax, group 3", fax("/K 0"), FAX_3.to_vec()),
        ("fax in ink", fax("/K -1 /BlackIs1 true").replace("/DeviceGray", "[/Separation /Black /DeviceCMYK 21 0 R]"), FAX.to_vec()),
        ("fax of two colours", fax("/K -1").replace("/DeviceGray", "[/Indexed /DeviceRGB 1 <330000FFFFEE>]"), FAX.to_vec()),
        ("fax of two colours, turned", fax("/K -1 /BlackIs1 true").replace("/DeviceGray", "[/Indexed /DeviceRGB 1 <FFFFEE330000>]"), FAX.to_vec()),
        ("JBIG2", format!("/Width {SIDE} /Height {SIDE} /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode"), jbig2(true)),
        ("JBIG2 that shares", format!("/Width {SIDE} /Height {SIDE} /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode /DecodeParms << /JBIG2Globals 22 0 R >>"), jbig2(false)),
        ("JPEG in letters", "/Width 1 /Height 1 /Filter [/A85 /DCTDecode]".into(), ascii_85(&as_file(code(TEXT, 4), ImageFormat::Jpeg))),
    ]
}

/// Each byte as a code of nine bits, forgotten before codes grow.
fn lzw(bytes: &[u8]) -> Vec<u8> {
    let codes = bytes.chunks(200).flat_map(|part| std::iter::once(256).chain(part.iter().map(|byte| u32::from(*byte)))).chain([257]);
    let bits: Vec<u8> = codes.flat_map(|code| (0..9).rev().map(move |bit| (code >> bit & 1) as u8)).collect();
    bits.chunks(8).map(|eight| eight.iter().enumerate().fold(0, |byte, (i, bit)| byte | bit << (7 - i))).collect()
}

fn ascii_85(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for four in bytes.chunks(4) {
        let mut padded = [0; 4];
        padded[..four.len()].copy_from_slice(four);
        let value = u32::from_be_bytes(padded);
        let digits = (0..5).rev().map(|power| b'!' + (value / 85u32.pow(power) % 85) as u8).collect::<Vec<u8>>();
        out.extend_from_slice(&digits[..=four.len()]);
    }
    [out, b"~>".to_vec()].concat()
}

fn segment(number: u32, kind: u8, body: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &[kind, 0, 1], &(body.len() as u32).to_be_bytes(), body].concat()
}

/// The size of the page (its first segment, which may stand elsewhere), and the fax as its one region.
fn jbig2(with_page: bool) -> Vec<u8> {
    let sides = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    let page = segment(0, 48, &[&sides[..], &[0; 8], &[0, 0, 0]].concat());
    let region = segment(1, 38, &[&sides[..], &[0; 8], &[0, 1], FAX].concat());
    if with_page { [page, region].concat() } else { region }
}

#[test]
fn every_coding_comes_out_as_a_file_in_which_the_code_is_read() {
    let page = segment(0, 48, &[&[SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat()[..], &[0; 8], &[0, 0, 0]].concat());
    for (what, entries, bytes) in codings() {
        let raw = drawing(&[&[7]], &[(7, image(&entries, &bytes)), (20, stream("/N 3", b"")), (21, stream("", b"{}")), (22, stream("", &page))]);
        let one = the_picture(&raw);
        let made = one.head.made.clone().unwrap();
        assert!(one.head.name.text == "page 1, picture in object 7" && made.starts_with("drawn on page 1; "), "{what}: {made}");
        let (outcome, kept) = look(&one.bytes, false);
        assert!(outcome.ended == Ended::Done && kept.findings.is_empty(), "{what}: {:?} {:?}, {made}", outcome.ended, kept.findings);
        let how = kept.selectors[0]["value"]["how"].as_str().unwrap();
        assert!(kept.selectors[0]["value"]["text"] == TEXT && !how.contains("light on dark"), "{what}: {how}, {made}");
        // Where nothing was undone, the bytes of the PDF stand in it as they are, and its place says where.
        let undone = made.contains("undone");
        let from = one.head.offset as usize;
        assert_eq!(raw[from..from + bytes.len()], bytes[..], "{what}");
        assert_eq!(one.bytes.windows(bytes.len()).any(|window| window == bytes), !undone, "{what}: {made}");
    }
}

#[test]
fn a_decode_that_is_not_applied_is_told() {
    let grey = "/BitsPerComponent 8 /ColorSpace /DeviceGray";
    let table = "/BitsPerComponent 1 /ColorSpace [/Indexed /DeviceRGB 1 <000000FFFFFF>]";
    let cases = [
        (grey, "[0 1]", false), (grey, "[1 0]", false), (grey, "[0.2 0.8]", true), (table, "[0 1]", false), (table, "[1 0]", true),
        ("/BitsPerComponent 8 /ColorSpace /DeviceRGB", "[0 1 0 1 0 1]", false), ("/BitsPerComponent 8 /ColorSpace /DeviceRGB", "[1 0 1 0 1 0]", true),
        ("/BitsPerComponent 8 /ColorSpace /DeviceCMYK", "[1 0 1 0 1 0 1 0]", true),
    ];
    for (entries, decode, told) in cases {
        let one = the_picture(&drawing(&[&[7]], &[(7, image(&format!("/Width 9 /Height 9 {entries} /Decode {decode}"), &[7; 400]))]));
        let made = one.head.made.unwrap();
        assert_eq!(made.ends_with("; its Decode is not applied"), told, "{entries} {decode}: {made}");
    }
    // A photograph of four inks is often turned so.
    let one = the_picture(&drawing(&[&[7]], &[(7, image("/ColorSpace /DeviceCMYK /Decode [1 0 1 0 1 0 1 0] /Filter /DCTDecode", b"\xff\xd8\xff\xda"))]));
    assert!(one.head.made.unwrap().ends_with("as they are, JPEG; its Decode is not applied"));
}

#[test]
fn other_programs_read_the_heads_that_we_write() {
    // The decoder of PNG is one of them; what it shows is what was written, to the point.
    let picture = code(TEXT, 2);
    let rows: Vec<u8> = picture.as_raw().chunks(picture.width() as usize).flat_map(|row| [&[0], row].concat()).collect();
    let entries = sized(&picture, &format!("/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns {} >>", picture.width()));
    let one = the_picture(&drawing(&[&[7]], &[(7, image(&entries, &zlib(&rows)))]));
    let shown = image::load(Cursor::new(&one.bytes), ImageFormat::Png).unwrap();
    assert_eq!(shown, DynamicImage::from(picture));
    assert_eq!(one.head.media_type.as_deref(), Some("image/png"));
}

#[test]
fn pictures_written_inline_and_masks_come_out_with_their_page() {
    let picture = code(TEXT, 1);
    let points = picture.as_raw().clone();
    let inline = [b"q BI /W 33 /H 33 /BPC 8 /CS /G /F /AHx ID ".to_vec(), points.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(), b"> EI Q BI /W 2 /H 2 /BPC 8 /CS /G ID abcd EI".to_vec()].concat();
    assert_eq!(picture.width(), 33);
    let raw = pdf(&[
        (1, b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()), (2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec()),
        (3, b"<< /Type /Page /Contents 4 0 R /Resources << /XObject << /A 5 0 R >> >> >>".to_vec()), (4, stream("/Filter /FlateDecode", &zlib(&[&inline[..], b" /A Do"].concat()))),
        // A form around the picture, and a mask on it.
        (5, stream("/Subtype /Form /Resources << /XObject << /B 6 0 R >> >>", b"/B Do")), (6, image("/SMask 7 0 R /Filter /DCTDecode", &as_file(GrayImage::new(30, 30), ImageFormat::Jpeg))),
        (7, image(&sized(&picture, "/ColorSpace /DeviceGray /BitsPerComponent 8"), &points)),
    ], "/Root 1 0 R");
    let (_, kept) = unpack_bytes(&raw);
    assert_eq!(kept.names(), ["page 1, picture in object 6", "page 1, picture in object 7", "page 1, inline picture 1"], "{:?}", kept.findings);
    assert!(kept.named("page 1, picture in object 7").head.made.as_ref().unwrap().starts_with("mask of the picture in object 6; drawn on page 1; "));
    for name in ["page 1, picture in object 7", "page 1, inline picture 1"] {
        assert_eq!(texts(&kept.named(name).bytes), [TEXT], "{name}");
    }
}

#[test]
fn what_is_not_read_is_told_by_name() {
    let jpx = [&b"\0\0\0\x0cjP  \r\n\x87\n"[..], &[0; 40]].concat();
    let objects = [
        (7, image("/Width 9 /Height 9 /Filter /JPXDecode", &jpx)), (8, image("/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /Crypt", b"?")),
        (9, image("/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace [/Lab << >>]", b"?")), (10, image("/Filter /DCTDecode", b"no JPEG")),
        (11, image("/Width 99999999999 /Height 9 /BitsPerComponent 8 /ColorSpace /DeviceGray", b"?")), (12, image("/Width 9 /Height 9 /Filter /CCITTFaxDecode /DecodeParms << /EncodedByteAlign true >>", b"?")),
    ];
    let (outcome, kept) = unpack_bytes(&drawing(&[&[7, 8, 9, 10, 11, 12]], &objects));
    assert_eq!((outcome.ended, outcome.summary.members_out, outcome.summary.rejected_count), (Ended::Done, 1, 5), "{:?}", kept.findings);
    for word in ["its filter is \"Crypt\"", "its colours are \"Lab\"", "is called JPEG, and does not begin as one", "its size is not told, or too large", "a fax whose rows begin at whole bytes"] {
        assert!(kept.findings.iter().any(|finding| finding.rejects && finding.text.starts_with("page 1, picture in object ") && finding.text.contains(word)), "{word}: {:?}", kept.findings);
    }
    // Its bytes are kept and compared with lists; its points are not read, and the account of pictures says so.
    let one = kept.named("page 1, picture in object 7");
    assert!(parse::is_picture(&one.bytes[..12]) && one.bytes == jpx);
    assert!(look(&one.bytes, false).1.findings[0].text.ends_with("it is JPEG 2000, which is not decoded here"));
}

#[test]
fn a_picture_whose_data_end_early_is_read_as_far_as_it_goes_and_told() {
    let picture = code(TEXT, 4);
    let tall = format!("/Width {} /Height {} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode", picture.width(), picture.height() * 3);
    let one = the_picture(&drawing(&[&[7]], &[(7, image(&tall, &zlib(picture.as_raw())))]));
    assert_eq!(texts(&one.bytes), [TEXT]);
    let (_, kept) = look(&one.bytes, false);
    assert!(kept.has(FindingKind::Unsupported) && kept.findings[0].text.contains("its data end before its points do"), "{:?}", kept.findings);
}

#[test]
fn tiff_of_others_is_read_and_several_pages_are_told() {
    // Least first, two strips, one bit, white is nought.
    let picture = code(TEXT, 4);
    let row = picture.width().div_ceil(8) as usize;
    let bits: Vec<u8> = picture.as_raw().chunks(picture.width() as usize).flat_map(|row| row.chunks(8).map(|eight| eight.iter().enumerate().fold(0u8, |byte, (i, point)| byte | u8::from(*point < 128) << (7 - i)))).collect();
    let file = |next: u32| {
        let (begins, first) = (8 + 2 + 12 * 8 + 4, picture.height() / 2);
        let data = begins + 16;
        let lengths = [first as usize * row, bits.len() - first as usize * row];
        let mut out = b"II*\0\x08\0\0\0\x08\0".to_vec();
        for (tag, kind, count, value) in [(256u16, 4u16, 1u32, picture.width()), (257, 4, 1, picture.height()), (258, 3, 1, 1), (259, 3, 1, 1), (262, 3, 1, 0), (273, 4, 2, begins), (278, 4, 1, first), (279, 4, 2, begins + 8)] {
            out.extend([&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat());
        }
        out.extend(next.to_le_bytes());
        for value in [data, data + lengths[0] as u32, lengths[0] as u32, lengths[1] as u32] {
            out.extend(value.to_le_bytes());
        }
        [out, bits.clone()].concat()
    };
    assert_eq!(texts(&file(0)), [TEXT]);
    assert!(look(&file(8), false).1.findings[0].text.contains("several pages"));
}

#[test]
fn law_14_a_tiff_of_many_strips_costs_no_more_than_its_bytes() {
    // Sixteen thousand strips of one row, and entries that each claim two hundred thousand values.
    let (height, values) = (16_000u32, 200_000u32);
    let entries = |many: u32, shared: u32| [(256u16, 3u16, 1u32, 9 << 16), (257, 4, 1, height), (258, 3, 1, 1 << 16), (259, 3, many, shared), (262, 3, 1, 1 << 16), (266, 3, many, shared), (278, 4, 1, 1), (317, 3, many, shared)];
    let begins = 8 + 2 + 12 * 8 + 4;
    let mut raw = b"MM\0*\0\0\0\x08\0\x08".to_vec();
    for (tag, kind, count, value) in entries(values, begins) {
        raw.extend([&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value.to_be_bytes()].concat());
    }
    raw.extend([0; 4]);
    raw.extend([0, 1].repeat(values as usize));
    let mut kept = Kept::default();
    let looked = parse::run(child(), &Task::Picture { hint: "{}".into(), points: false }, &Budget { cpu_s: 2, ..budget() }, &mut raw, &mut kept, &|| false).unwrap();
    assert_eq!(looked.ended, Ended::Done, "{:?}", kept.findings);
    assert!(kept.findings[0].text.contains("its data end before its points do"), "{:?}", kept.findings);
}

fn bounded(raw: &[u8]) -> (Outcome, Kept) {
    let (outcome, kept) = unpack(&mut raw.to_vec(), &Budget { cpu_s: 10, ..budget() });
    assert!(outcome.peak_rss_anon < 256 << 20, "{}", outcome.peak_rss_anon);
    (outcome, kept)
}

#[test]
fn law_14_one_stretch_of_a_pdf_is_not_many_pictures() {
    // Each object reaches to the end of the file, through all that follow.
    let mut nested = drawing(&[&[7]], &[]);
    for number in 10..3000 {
        nested.extend(format!("{number} 0 obj << /Subtype /Image /Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace /DeviceGray >> stream\n").into_bytes());
    }
    let (outcome, kept) = bounded(&nested);
    assert_eq!(outcome.ended, Ended::Done);
    assert!(kept.has(FindingKind::Overlap) && kept.total < 2 * nested.len() as u64 + (1 << 20), "{} bytes of {}", kept.total, nested.len());
    // One picture that is drawn again and again is one, and comes out though the drawing costs all that words may cost.
    let many: Vec<u32> = vec![7; 30_000];
    let (outcome, kept) = bounded(&drawing(&[&many, &many], &[(7, image("/Filter /DCTDecode", &jpeg()))]));
    assert_eq!((outcome.ended, outcome.summary.members_out), (Ended::Done, 1), "{:?}", kept.findings);
}

#[test]
fn law_14_pictures_in_circles_and_bombs_of_pictures_are_bounded() {
    let bomb = zlib(&vec![0; 200 << 20]);
    let circles = [
        (7, image("/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace [/Indexed 30 0 R 255 7 0 R] /SMask 7 0 R /Mask 8 0 R /Filter 31 0 R", b"?")),
        (8, image("/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace 30 0 R /SMask 7 0 R /Filter /JBIG2Decode /DecodeParms << /JBIG2Globals 8 0 R >>", b"?")),
        (9, image("/Width 9999 /Height 9999 /BitsPerComponent 16 /ColorSpace /DeviceCMYK /Filter [/FlateDecode /FlateDecode] /DecodeParms [null << /Predictor 15 /Columns 1048576 /Colors 32 >>]", &bomb)),
        (12, image("/Width 20000 /Height 20000 /BitsPerComponent 1 /ColorSpace [/Indexed /DeviceRGB 1 9 0 R]", b"?")),
        (30, b"[/Indexed 30 0 R 255 30 0 R]".to_vec()), (31, b"[31 0 R /FlateDecode 31 0 R]".to_vec()),
    ];
    let (outcome, kept) = bounded(&drawing(&[&[7, 8, 9, 12]], &circles));
    assert_eq!(outcome.ended, Ended::Done, "{:?}", kept.findings);
    for member in kept.members.values().filter(|member| member.head.container == Container::PdfPicture) {
        let mut told = Kept::default();
        let looked = parse::run(child(), &Task::Picture { hint: "{}".into(), points: true }, &Budget { cpu_s: 10, ..budget() }, &mut member.bytes.clone(), &mut told, &|| false).unwrap();
        assert!(looked.ended == Ended::Done && told.has(FindingKind::Unsupported), "{}: {:?}", member.name(), looked.ended);
    }
    // A fax, a JBIG2 and a table of points that claim to be as large as a town.
    for (entries, bytes) in [("/Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 16000 >>", FAX.to_vec()), ("/Filter /JBIG2Decode", segment(0, 48, &[0xff; 19])), ("/BitsPerComponent 1 /ColorSpace /DeviceGray", vec![])] {
        let one = the_picture(&drawing(&[&[7]], &[(7, image(&format!("/Width 16000 /Height 1000000 {entries}"), &bytes))]));
        let (outcome, kept) = look(&one.bytes, true);
        assert!(outcome.ended == Ended::Done && kept.has(FindingKind::Unsupported) && outcome.peak_rss_anon < 64 << 20, "{entries}: {:?}", kept.findings);
    }
}

#[test]
fn law_06_no_picture_of_a_pdf_is_left_out_in_silence() {
    let photo = image("/Filter /DCTDecode", &jpeg());
    let grey = "/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace /DeviceGray";
    let told = |kept: &Kept, kind: FindingKind, words: &str| kept.findings.iter().any(|finding| finding.kind == kind && finding.text.contains(words));
    // A picture behind more objects than are looked at: that they were not looked at is told.
    let mut many = drawing(&[&[]], &[]);
    (1000..101_001).for_each(|number| many.extend(format!("{number} 0 obj 0 endobj\n").into_bytes()));
    many.extend([b"200000 0 obj ".to_vec(), photo.clone(), b" endobj\n".to_vec()].concat());
    let (_, kept) = bounded(&many);
    assert!(told(&kept, FindingKind::Limit, "pictures were looked for in the first 100000"), "{:?}", kept.findings);
    // One that is larger behind its filters than is read does not come out in part.
    let (outcome, kept) = bounded(&drawing(&[&[7, 8]], &[(7, image(&format!("{grey} /Filter [/AHx /RunLengthDecode]"), &vec![b'0'; 33 << 20])), (8, photo.clone())]));
    assert_eq!((outcome.ended, outcome.summary.rejected_count), (Ended::Done, 1), "{:?}", kept.findings);
    assert!(told(&kept, FindingKind::Limit, "page 1, picture in object 7: not read: it becomes larger than is read"), "{:?}", kept.findings);
    // The purse ends with pictures that each cost 31 MiB: those for which nothing is left are told so, and not called broken.
    let hex: Vec<u8> = jpeg().iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    let costly = image("/Filter [/FlateDecode /AHx /DCTDecode]", &zlib(&[hex, b">".to_vec(), vec![0; 31 << 20]].concat()));
    let numbers: Vec<u32> = (10..26).collect();
    let (outcome, kept) = bounded(&drawing(&[&numbers], &numbers.iter().map(|number| (*number, costly.clone())).collect::<Vec<_>>()));
    let pictures = kept.members.values().filter(|member| member.head.container == Container::PdfPicture).count() as u64;
    assert_eq!((outcome.ended, pictures + outcome.summary.rejected_count), (Ended::Done, 16), "{:?}", kept.findings);
    assert!(told(&kept, FindingKind::Limit, "the purse of the file is spent") && !kept.has(FindingKind::Malformed) && !kept.has(FindingKind::Unsupported), "{:?}", kept.findings);
    // An object whose number comes again is not read, and that is told.
    let again = [drawing(&[&[7]], &[(7, photo.clone())]), b"\n7 0 obj ".to_vec(), photo, b" endobj\n".to_vec()].concat();
    let (_, kept) = bounded(&again);
    assert!(told(&kept, FindingKind::Note, "1 objects of the PDF were replaced by later ones"), "{:?}", kept.findings);
}

#[test]
fn law_06_no_picture_is_said_to_be_on_no_page_when_pages_were_not_read_to_their_end() {
    let photo = (7, image("/Filter /DCTDecode", &jpeg()));
    let page = |content: Vec<u8>, more: &[(u32, Vec<u8>)]| {
        let head = [
            (1, b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()), (2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec()),
            (3, b"<< /Type /Page /Contents 4 0 R /Resources << /XObject << /A 7 0 R /F 20 0 R >> >> >>".to_vec()), (4, content), photo.clone(),
        ];
        pdf(&[&head[..], more].concat(), "/Root 1 0 R")
    };
    let deep: Vec<(u32, Vec<u8>)> = (20..30).map(|number| (number, stream(&format!("/Subtype /Form /Resources << /XObject << /A 7 0 R /F {} 0 R >> >>", number + 1), if number == 29 { b"/A Do" } else { b"/F Do" }))).collect();
    let operators = stream("/Filter /FlateDecode", &zlib(&[b"q Q ".repeat(2_100_000), b"/A Do".to_vec()].concat()));
    for (what, raw) in [("operators", page(operators, &[])), ("forms in forms", page(stream("", b"/F Do"), &deep)), ("a filter", page(stream("/Filter /Crypt", b"/A Do"), &[]))] {
        let (_, kept) = bounded(&raw);
        let made = kept.named("page not known, picture in object 7").head.made.clone().unwrap();
        assert!(made.starts_with("drawn by no page as far as pages were read; "), "{what}: {made}");
        assert!(kept.findings.iter().any(|finding| finding.kind == FindingKind::Limit && finding.text.contains("its text is incomplete")), "{what}: {:?}", kept.findings);
    }
    let (_, kept) = bounded(&page(stream("", b"q Q"), &[]));
    assert!(kept.named("elsewhere in the PDF, picture in object 7").head.made.as_ref().unwrap().starts_with("drawn by the words of no page; "));
}

#[test]
fn law_06_a_picture_that_was_asked_for_when_the_purse_was_empty_comes_out() {
    // The first page costs all that words may cost; the second asks for the picture then. There are so many
    // other objects that the picture is not remembered from before.
    let page = |contents: u32| format!("<< /Type /Page /Contents {contents} 0 R >>").into_bytes();
    let head = [
        (1, b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()), (2, b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>".to_vec()), (3, page(5)), (4, page(7)),
        (5, stream("/Filter /FlateDecode", &zlib(&b"BI/ID( EI ".repeat(300_000)))), (7, image("/Filter /DCTDecode", &jpeg())),
    ];
    let others: Vec<(u32, Vec<u8>)> = (1000..1600).map(|number| (number, b"0".to_vec())).collect();
    let (_, kept) = bounded(&pdf(&[&head[..], &others].concat(), "/Root 1 0 R"));
    assert!(kept.named("page not known, picture in object 7").bytes == jpeg());
}

#[test]
fn what_pictures_share_is_undone_once() {
    // Sixty pictures and 5 MiB that they share: undone for each, they would cost more than the purse.
    let filler = segment(9, 62, &vec![0; 5 << 20]);
    let shared = stream("/Filter /FlateDecode", &zlib(&filler));
    let entries = format!("/Width {SIDE} /Height {SIDE} /BitsPerComponent 1 /ColorSpace /DeviceGray /Filter /JBIG2Decode /DecodeParms << /JBIG2Globals 22 0 R >>");
    let objects: Vec<(u32, Vec<u8>)> = (30..90).map(|number| (number, image(&entries, &jbig2(true)))).chain([(22, shared)]).collect();
    let (outcome, kept) = unpack(&mut drawing(&[&[]], &objects), &Budget { output_bytes: 1 << 30, ratio: 1 << 30, ..budget() });
    assert_eq!((outcome.ended, outcome.summary.members_out, outcome.summary.rejected_count), (Ended::Done, 60, 0), "{:?}", kept.findings);
}

/// A document of one page with this content.
fn written(content: &[u8]) -> Vec<u8> {
    let content = stream("/Filter /FlateDecode", &zlib(content));
    let page = b"<< /Type /Page /Contents 4 0 R >>".to_vec();
    pdf(&[(1, b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()), (2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec()), (3, page), (4, content)], "/Root 1 0 R")
}

#[test]
fn law_14_what_is_said_of_pictures_written_inline_costs_no_more_than_the_purse() {
    // What is said of each reaches to the end, through all that follow.
    let (outcome, kept) = bounded(&written(&b"BI/ID( EI ".repeat(300_000)));
    assert_eq!(outcome.ended, Ended::Done, "{:?}", kept.findings);
    let told = |words: &str| kept.findings.iter().any(|finding| finding.kind == FindingKind::Limit && finding.text.contains(words));
    assert!(told("pictures written inline in pages are left out") && told("the PDF becomes larger than is read"), "{:?}", kept.findings);
    // One of which more is said than is read is told, and the next one comes out.
    let long = [&b"BI /W 33 /H 33 /X ("[..], &[b'x'; 5000], b") /BPC 8 /CS /G ID abcd EI BI /W 33 /H 33 /BPC 8 /CS /G ID abcd EI"].concat();
    let (_, kept) = bounded(&written(&long));
    assert!(kept.names() == ["page 1, inline picture 1"] && kept.findings.iter().any(|finding| finding.rejects && finding.text.starts_with("1 pictures written inline")), "{:?}", kept.findings);
}

#[test]
fn pictures_written_inline_are_counted_in_their_page() {
    let page = |contents: u32| format!("<< /Type /Page /Contents {contents} 0 R >>").into_bytes();
    let content = |count: usize| stream("", &b"BI /W 33 /H 33 /BPC 8 /CS /G ID abcd EI ".repeat(count));
    let raw = pdf(&[
        (1, b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()), (2, b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>".to_vec()),
        (3, page(5)), (4, page(6)), (5, content(2)), (6, content(1)),
    ], "/Root 1 0 R");
    assert_eq!(unpack_bytes(&raw).1.names(), ["page 1, inline picture 1", "page 1, inline picture 2", "page 2, inline picture 1"]);
}

#[test]
fn law_14_a_picture_written_inline_that_ends_where_it_begins_ends_no_examination() {
    let (outcome, kept) = bounded(&written(b"BI IDEI BI /W 33 /H 33 /BPC 8 /CS /G ID abcd EI"));
    assert_eq!((outcome.ended, kept.names()), (Ended::Done, vec!["page 1, inline picture 1"]), "{:?}", kept.findings);
}

/// A small document with every coding, for the fuzzer.
pub fn seed() -> Vec<u8> {
    let objects: Vec<(u32, Vec<u8>)> = (200..).zip(small()).collect();
    let drawn: Vec<u32> = objects.iter().map(|(number, _)| *number).collect();
    drawing(&[&drawn], &objects)
}

fn small() -> Vec<Vec<u8>> {
    let grey = "/Width 4 /Height 4 /BitsPerComponent 8 /ColorSpace /DeviceGray";
    vec![
        image("/Filter /DCTDecode", b"\xff\xd8\xff\xda"), image(&format!("{grey} /Filter /FlateDecode /SMask 201 0 R"), &zlib(&[7; 16])),
        image("/Width 4 /Height 4 /BitsPerComponent 8 /ColorSpace [/Indexed /DeviceRGB 1 <000000ffffff>] /Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 4 >>", &zlib(&[0; 20])),
        image("/Width 66 /Height 8 /Filter [/AHx /CCF] /DecodeParms [null << /K -1 /Columns 66 >>]", b"80>"), image("/Filter /JBIG2Decode", &segment(0, 48, &[0; 19])), image(&format!("{grey} /Filter /LZW"), &lzw(&[7; 16])),
    ]
}

/// Pictures as they come out of documents, for the fuzzer.
pub fn carried() -> Vec<Vec<u8>> {
    let wanted = ["fax, group 4", "fax, group 3", "JBIG2", "a table", "LZW", "four inks", "in runs", "differences to the left"];
    let all = codings().into_iter().filter(|(what, ..)| wanted.contains(what));
    all.map(|(_, entries, bytes)| the_picture(&drawing(&[&[7]], &[(7, image(&entries, &bytes))])).bytes.clone()).collect()
}
