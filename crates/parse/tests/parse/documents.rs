//! PDF, pictures and office files: the text in them, what they say of themselves, and what is not read.

use parse::{Container, Ended, FindingKind};

use super::support::*;

/// A PDF of numbered objects, without a cross-reference table: none is needed.
pub fn pdf(objects: &[(u32, Vec<u8>)], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    for (number, body) in objects {
        out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\nendobj\n");
    }
    out.extend_from_slice(format!("trailer\n<< {trailer} >>\n%%EOF\n").as_bytes());
    out
}

pub fn stream(entries: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("<< {entries} /Length {} >>\nstream\n", bytes.len()).into_bytes();
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\nendstream");
    out
}

pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A document with one page of this content; object 5 is its font.
pub fn one_page(content: &[u8], font: &str, more: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut objects = vec![
        (1, b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()),
        (2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << /Font << /F1 5 0 R >> >> >>".to_vec()),
        (3, b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Annots [<< /A << /URI (https://example.org/x) >> /Contents (a note) >>] >>".to_vec()),
        (4, stream("/Filter /FlateDecode", &zlib(content))),
        (5, font.as_bytes().to_vec()),
    ];
    objects.extend_from_slice(more);
    pdf(&objects, "/Root 1 0 R /Info << /Author (Somebody) /Title <FEFF0422> >>")
}

const LATIN: &str = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

#[track_caller]
fn page_text(bytes: &[u8]) -> String {
    let (_, kept) = unpack_bytes(bytes);
    String::from_utf8(kept.named("page 1").bytes.clone()).unwrap()
}

#[test]
fn text_of_a_page_is_lines_and_words() {
    let content = b"BT /F1 12 Tf 72 700 Td [(Write to vendor@exa) 10 (mple.org) -600 (now)] TJ 0 -14 Td (Price \\(each\\): 10 \\200) Tj T* (x) ' ET";
    let raw = one_page(content, LATIN, &[]);
    let text = page_text(&raw);
    assert_eq!(text, "Write to vendor@example.org now\nPrice (each): 10 € x\n[link] https://example.org/x\n[note] a note");
    let (outcome, kept) = unpack_bytes(&raw);
    assert_eq!((outcome.summary.format.as_str(), outcome.ended), ("pdf", Ended::Done));
    assert_eq!(String::from_utf8_lossy(&kept.named("metadata").bytes), "Author: Somebody\nTitle: Т\n");
    let page = kept.named("page 1");
    assert!(raw[page.head.offset as usize..].starts_with(b"3 0 obj") && page.head.container == Container::PdfPage);
}

#[test]
fn letters_come_from_the_maps_of_the_fonts() {
    let map = b"1 begincodespacerange <0000> <FFFF> endcodespacerange 2 beginbfchar <0001> <0EA5> <0002> <0EB2> endbfchar 1 beginbfrange <0010> <0012> <0410> endbfrange";
    let font = "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 6 0 R /DescendantFonts [<< /DW 500 >>] >>";
    let raw = one_page(b"BT /F1 10 Tf <00010002001000110012> Tj ET", font, &[(6, stream("", map))]);
    assert!(page_text(&raw).starts_with("ລາАБВ"), "{}", page_text(&raw));
    let shaped = b"BT /F1 10 Tf <0001> Tj /Span << /ActualText <FEFF0E940EB5> >> BDC 1 0 0 1 5 0 Tm [<0007> 500 <0008>] TJ EMC 1 0 0 1 10 0 Tm <0002> Tj ET";
    let text = page_text(&one_page(shaped, font, &[(6, stream("", map))]));
    assert!(text.starts_with("ລດີາ\n"), "{text}");
    let font = "<< /Subtype /Type1 /Encoding << /Differences [65 /afii10017 /afii10071 /uni0E81 /eacute /fi] >> >>";
    assert!(page_text(&one_page(b"BT /F1 10 Tf (ABCDE) Tj ET", font, &[])).starts_with("Аёກéfi"));
    let font = "<< /Subtype /Type0 /Encoding /UniGB-UCS2-H /DescendantFonts [] >>";
    assert!(page_text(&one_page(b"BT /F1 10 Tf <672C5E97> Tj ET", font, &[])).starts_with("本店"));
    let font = "<< /Subtype /Type0 /Encoding /Identity-H >>";
    let (_, kept) = unpack_bytes(&one_page(b"BT /F1 10 Tf <672C5E97> Tj ET", font, &[]));
    assert!(kept.findings.iter().any(|f| f.text.contains("no Unicode value")), "{:?}", kept.findings);
}

#[test]
fn packed_objects_and_every_filter_are_read() {
    let packed = b"1 0 2 34 5 80 << /Type /Catalog /Pages 2 0 R >> << /Type /Pages /Kids [3 0 R] /Count 1    >> << /Subtype /Type1 /Encoding /WinAnsiEncoding >>";
    let first = packed.windows(2).position(|w| w == b"<<").unwrap();
    let offsets: Vec<usize> = packed.windows(2).enumerate().filter(|(_, w)| *w == b"<<").map(|(i, _)| i - first).collect();
    let index = format!("1 {} 2 {} 5 {} ", offsets[0], offsets[1], offsets[2]);
    let body = [index.as_bytes(), &packed[first..]].concat();
    let entries = format!("/Type /ObjStm /N 3 /First {} /Filter /FlateDecode", index.len());
    let content = b"BT /F1 10 Tf (packed) Tj ET";
    let hex: String = content.iter().map(|b| format!("{b:02x}")).collect::<String>() + ">";
    let run: Vec<u8> = [&[content.len() as u8 - 1], &content[..], &[128]].concat();
    for (filter, bytes) in [("/ASCIIHexDecode", hex.clone().into_bytes()), ("[/AHx]", hex.into_bytes()), ("/RunLengthDecode", run), ("null", content.to_vec())] {
        let raw = pdf(&[
            (9, stream(&entries, &zlib(&body))),
            (3, b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_vec()),
            (4, stream(&format!("/Filter {filter}"), &bytes)),
        ], "/Root 1 0 R");
        assert_eq!(page_text(&raw), "packed", "{filter}");
    }
}

#[test]
fn what_a_pdf_hides_or_refuses_is_told() {
    let locked = pdf(&[(1, b"<< /Type /Catalog >>".to_vec())], "/Root 1 0 R /Encrypt << /Filter /Standard >>");
    let (outcome, kept) = unpack_bytes(&locked);
    assert!(kept.has(FindingKind::Encrypted) && kept.members.is_empty() && outcome.ended == Ended::Done, "{:?}", kept.findings);
    let old = (7, b"<< /Type /Page /Contents 8 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_vec());
    let attached = (10, b"<< /Type /Filespec /UF (list.zip) /EF << /F 11 0 R >> >>".to_vec());
    let inside = zip(&[ZipItem::deflated("in.txt", b"inside")]);
    let raw = one_page(b"BT /F1 10 Tf (new) Tj ET", LATIN, &[
        old, (8, stream("", b"BT /F1 10 Tf (old) Tj ET")), attached, (11, stream("/Filter /FlateDecode", &zlib(&inside))), (12, b"<< /S /JavaScript >>".to_vec()),
    ]);
    let (outcome, kept) = unpack_bytes(&raw);
    assert_eq!(kept.named("page outside the page tree, object 7").bytes, b"old");
    assert_eq!(kept.named("in.txt").head.parent, Some(kept.named("list.zip").head.id));
    assert_eq!(outcome.summary.members_out, 2, "the attached file and what is in it");
    assert!(kept.findings.iter().any(|f| f.text.contains("script")), "{:?}", kept.findings);
    let (_, kept) = unpack_bytes(&raw[..raw.len() / 2]);
    assert_eq!(kept.named("page 1").head.container, Container::PdfPage, "a cut file gives what it has");
}

#[test]
fn law_14_a_hostile_pdf_is_bounded() {
    let bomb = zlib(&vec![b' '; 200 << 20]);
    let (outcome, kept) = unpack_bytes(&one_page(b"", LATIN, &[(4, stream("/Filter /FlateDecode", &bomb)), (9, stream("/Type /ObjStm /N 9 /First 9 /Filter /FlateDecode", &bomb))]));
    assert_eq!(outcome.ended, Ended::Done);
    assert!(kept.has(FindingKind::Limit), "{:?}", kept.findings);
    assert!(outcome.peak_rss_anon < 256 << 20, "{}", outcome.peak_rss_anon);
    let loops = pdf(&[
        (1, b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()), (2, b"<< /Kids [2 0 R 3 0 R 1 0 R] >>".to_vec()),
        (3, b"<< /Type /Page /Contents [4 0 R 4 0 R 3 0 R] /Resources << /XObject << /X 4 0 R >> >> >>".to_vec()),
        (4, stream("/Subtype /Form /Resources << /XObject << /X 4 0 R >> >>", &b"/X Do ".repeat(1000))), (5, b"5 0 R".to_vec()), (6, b"[".repeat(500_000)),
    ], "/Root 1 0 R");
    let (outcome, _) = unpack(&mut loops.clone(), &parse::Budget { cpu_s: 10, ..budget() });
    assert_eq!(outcome.ended, Ended::Done, "within ten seconds of work");
}

#[test]
fn law_14_a_pdf_in_which_every_object_reaches_to_the_end_is_bounded() {
    let everywhere: Vec<u8> = [b"%PDF-1.4\n".to_vec(), (1..30_000).flat_map(|number| format!("{number} 0 obj(").into_bytes()).collect()].concat();
    let (outcome, kept) = unpack(&mut everywhere.clone(), &parse::Budget { cpu_s: 10, ..budget() });
    assert_eq!(outcome.ended, Ended::Done, "within ten seconds of work");
    assert!(kept.has(FindingKind::Limit), "{:?}", kept.findings);
}

/// A TIFF block with a maker, a comment in UTF-16, and a place.
fn exif() -> Vec<u8> {
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    let entry = |out: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: u32| {
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(value.to_le_bytes());
    };
    out.extend(3u16.to_le_bytes());
    entry(&mut out, 0x010f, 2, 6, 100);
    entry(&mut out, 0x9c9c, 1, 6, 110);
    entry(&mut out, 0x8825, 4, 1, 60);
    out.resize(60, 0);
    out.extend(2u16.to_le_bytes());
    entry(&mut out, 1, 2, 2, u32::from(b'N'));
    entry(&mut out, 2, 5, 3, 120);
    out.resize(100, 0);
    out.extend(b"Maker\0");
    out.resize(110, 0);
    out.extend("ຂ@a".encode_utf16().flat_map(u16::to_le_bytes));
    out.resize(120, 0);
    for number in [17u32, 1, 58, 1, 61, 2] {
        out.extend(number.to_le_bytes());
    }
    out
}

pub fn jpeg() -> Vec<u8> {
    let mut out = b"\xff\xd8".to_vec();
    let xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>a@example.org</x:xmpmeta>".to_vec();
    for (marker, body) in [(0xe1, [b"Exif\0\0".to_vec(), exif()].concat()), (0xe1, xmp), (0xfe, b"a comment".to_vec()), (0xed, b"Photoshop 3.0\0\x1c\x02\x50some author".to_vec())] {
        out.extend([0xff, marker]);
        out.extend((body.len() as u16 + 2).to_be_bytes());
        out.extend(body);
    }
    out.extend(b"\xff\xda\0\x02picture\xff\xd9");
    out
}

pub fn png() -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let packed = [b"Long\0\0".to_vec(), zlib(b"packed text")].concat();
    let international = "Title\0\0\0lo\0\0ຊື່".as_bytes().to_vec();
    for (kind, body) in [(b"tEXt", b"Author\0Somebody".to_vec()), (b"zTXt", packed), (b"iTXt", international), (b"tIME", vec![0x07, 0xea, 1, 2, 3, 4, 5]), (b"IEND", vec![])] {
        out.extend((body.len() as u32).to_be_bytes());
        out.extend(kind);
        out.extend(body);
        out.extend([0; 4]);
    }
    out
}

#[test]
fn pictures_tell_what_they_say_of_themselves() {
    let (outcome, kept) = unpack_bytes(&jpeg());
    assert_eq!(outcome.summary.format, "picture");
    let told = String::from_utf8(kept.named("metadata").bytes.clone()).unwrap();
    for line in ["Make: Maker", "XPComment: ຂ@a", "GPSLatitudeRef: N", "GPSLatitude: 17 58 61/2", "XMP: <x:xmpmeta>a@example.org</x:xmpmeta>", "Comment: a comment"] {
        assert!(told.lines().any(|l| l == line), "{line} in {told}");
    }
    assert!(told.contains("some author"), "{told}");
    let (_, kept) = unpack_bytes(&png());
    assert_eq!(String::from_utf8_lossy(&kept.named("metadata").bytes), "Author: Somebody\nLong: packed text\nTitle: ຊື່\nTime: 2026-01-02T03:04:05\n");
    let chunk = [b"EXIF".to_vec(), (exif().len() as u32).to_le_bytes().to_vec(), exif()].concat();
    let webp = [b"RIFF\0\0\0\0WEBP".to_vec(), chunk].concat();
    assert!(String::from_utf8_lossy(&unpack_bytes(&webp).1.named("metadata").bytes).contains("Make: Maker"));
    let (_, kept) = unpack_bytes(b"\xff\xd8\xff\xda\0\x02nothing to tell");
    assert!(kept.members.is_empty() && kept.findings.is_empty());
}

#[test]
fn closed_formats_and_files_that_pretend_are_told_and_kept() {
    let ole = [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0; 600]].concat();
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let locked = [&ole[..], &name].concat();
    let raw = zip(&[
        ZipItem::stored("old.doc", &ole), ZipItem::stored("locked.docx", &locked), ZipItem::stored("a.rar", b"Rar!\x1a\x07\x01\0"),
        ZipItem::stored("holiday.jpg", &zip(&[ZipItem::stored("in.txt", b"inside")])), ZipItem::stored("honest.jpg", &jpeg()), ZipItem::stored("a.txt", b"\x7fELF\x02"),
    ]);
    let (outcome, kept) = unpack_bytes(&raw);
    assert_eq!((outcome.ended, outcome.summary.rejected_count), (Ended::Done, 0));
    let told = |kind: FindingKind| kept.findings.iter().filter(|f| f.kind == kind).count();
    assert_eq!((told(FindingKind::Unsupported), told(FindingKind::Encrypted), told(FindingKind::Note)), (2, 1, 2), "{:?}", kept.findings);
    assert!(kept.findings.iter().any(|f| f.text.contains("holiday.jpg") && f.text.contains("ZIP")), "{:?}", kept.findings);
    assert_eq!(kept.named("in.txt").bytes, b"inside");
}

#[test]
fn ten_layers_of_archives_are_opened() {
    let mut inner = b"From: a@example.org\r\nDate: x\r\nSubject: y\r\n\r\nthe core".to_vec();
    for layer in 0..9 {
        inner = match layer % 3 {
            0 => zip(&[ZipItem::deflated("inner", &inner)]),
            1 => gzip(&inner),
            _ => tar(&[("inner", &inner)]),
        };
    }
    let (outcome, kept) = unpack_bytes(&inner);
    assert_eq!((outcome.ended, kept.named("body").bytes.as_slice(), kept.named("body").head.depth), (Ended::Done, &b"the core"[..], 10));
    assert!(kept.findings.is_empty(), "{:?}", kept.findings);
}

#[test]
fn a_crawl_reads_no_documents() {
    use parse::Task;
    let page = response("http://synthetic.invalid/a.pdf", "Content-Type: application/pdf\r\n", &one_page(b"BT ET", LATIN, &[]));
    let mut kept = Kept::default();
    let outcome = parse::run(child(), &Task::Pages { without: Default::default() }, &budget(), &mut page.clone(), &mut kept, &|| false).unwrap();
    assert_eq!((outcome.ended, kept.members.len()), (Ended::Done, 0));
}
