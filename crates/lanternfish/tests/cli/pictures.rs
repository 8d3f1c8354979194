//! Pictures through the whole program: what a QR code says is found as words and as selectors, its place is the picture,
//! and what is restricted is never decoded (laws 6, 7, 13).

use std::io::{Cursor, Write as _};

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use qrcodegen::{QrCode, QrCodeEcc};
use serde_json::Value;

use crate::office::{KHAM, NOY, Office};

const PAYMENT: &str = "bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq?amount=0.02&label=SYNTHETIC";
const LOGIN: &str = "otpauth://totp/SYNTHETIC:vendor_7?secret=JBSWY3DPEHPK3PXP&issuer=Shop";

/// A PNG with a QR code.
fn code(text: &str) -> Vec<u8> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
    let side = u32::try_from(code.size() + 8).unwrap() * 4;
    let module = |at: u32| i32::try_from(at / 4).unwrap() - 4;
    png(GrayImage::from_fn(side, side, |x, y| Luma([if code.get_module(module(x), module(y)) { 0 } else { 255 }])))
}

fn png(picture: GrayImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

pub fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn examined(office: &Office, label: &str) -> Value {
    office.in_case(NOY, "examine", &[label, "--json"]).ended(0).line()
}

fn selectors(office: &Office, more: &[&str]) -> Vec<Value> {
    office.in_case(NOY, "selectors", &[&["--purpose", "drill", "--json"], more].concat()).ended(0).lines()
}

fn of_type<'a>(found: &'a [Value], kind: &str) -> Vec<&'a Value> {
    found.iter().filter(|one| one["type"] == kind).collect()
}

#[test]
fn law_06_what_a_qr_code_says_is_found_in_its_picture_and_every_picture_is_accounted_for() {
    let office = Office::working();
    let picture = code(PAYMENT);
    let broken = &picture[..picture.len() / 2];
    let archive = zipped(&[("shop/pay.png", &picture), ("shop/bare.png", &png(GrayImage::new(40, 40))), ("shop/broken.png", broken), ("note.txt", b"SYNTHETIC")]);
    let label = office.admit("shop.zip", &archive);
    let view = examined(&office, &label);
    let account = &view["pictures"];
    assert_eq!((&account["met"], &account["read"], &account["unread"], &account["codes"]), (&3.into(), &2.into(), &1.into(), &1.into()), "{view}");
    assert!(account["reasons"][0].as_str().unwrap().starts_with("shop/broken.png: a picture is not read"), "{account}");
    // A picture that was not read: nothing may be called absent from the exhibit.
    office.in_case(NOY, "search", &["nowhere", "--purpose", "drill"]).ended(0).tells("nothing was found").tells(&format!("not examined to the end, so nothing is said about: {label}"));
    let found = selectors(&office, &[]);
    let [address] = of_type(&found, "btc-bech32")[..] else { panic!("{found:?}") };
    assert_eq!((&address["place"], &address["state"], &address["steps"][0]), (&"shop/pay.png".into(), &"verified".into(), &"qr".into()));
    assert_eq!((&address["start"], &address["end"]), (&0.into(), &picture.len().into()), "the picture is its place");
    // As words too, with the same place, also in an index that was made again.
    for _ in 0..2 {
        let hits = office.in_case(NOY, "search", &["zone:qr \"amount=0.02\"", "--purpose", "drill", "--json"]).ended(0).lines();
        assert_eq!(hits.len(), 1, "{hits:?}");
        assert_eq!((&hits[0]["place"], &hits[0]["start"], &hits[0]["end"]), (&"shop/pay.png".into(), &0.into(), &picture.len().into()));
        std::fs::remove_dir_all(office.home.join("index")).unwrap();
        office.in_case(NOY, "search", &["--rebuild"]).ended(0);
    }
    // A picture that is an exhibit of its own.
    let label = office.admit("pay.png", code("SYNTHETIC: http://expyuzz4wqqyqhjn.onion/"));
    assert_eq!(examined(&office, &label)["pictures"]["codes"], 1);
    assert_eq!(of_type(&selectors(&office, &[]), "onion-v2")[0]["exhibit"], label.as_str());
    office.sound_log();
}

#[test]
fn law_13_a_key_for_one_time_passwords_in_a_qr_code_is_masked() {
    let office = Office::working();
    let label = office.admit("login.png", code(LOGIN));
    examined(&office, &label);
    let found = selectors(&office, &[]);
    let [login] = of_type(&found, "credential")[..] else { panic!("{found:?}") };
    assert!(login["value"].as_str().unwrap().contains("masked") && !found.iter().any(|one| one.to_string().contains("JBSWY3DP")), "{found:?}");
    let asked = |more: &[&str]| office.in_case(NOY, "pictures", &[&["--purpose", "drill", "--json"], more].concat()).ended(0);
    assert!(asked(&[]).tells("the question is event").lines()[0]["text"].as_str().unwrap().contains("masked"));
    assert_eq!(asked(&["--reveal"]).lines()[0]["text"], LOGIN);
    assert_eq!(office.last_events(1), ["queried"]);
    let shown = selectors(&office, &["--reveal"]);
    assert_eq!(of_type(&shown, "credential")[0]["value"], LOGIN);
}

#[test]
fn law_07_a_restricted_picture_is_counted_and_never_decoded() {
    let office = Office::working();
    let (bad, good) = (code("SYNTHETIC bad@example.org"), code("SYNTHETIC good@example.org"));
    let first = office.admit("bad.zip", zipped(&[("bad.png", &bad), ("other.txt", b"SYNTHETIC other")]));
    assert_eq!(examined(&office, &first)["pictures"]["codes"], 1);
    office.in_case(KHAM, "exhibit reclassify", &[&first, "--class", "privileged", "--reason", "drill"]).ended(0);
    office.in_case(NOY, "examine", &[&first]).by_law(7);
    // Another archive holds the same picture: it is known by its bytes, and stays closed.
    let second = office.admit("both.zip", zipped(&[("good.png", &good), ("bad.png", &bad)]));
    let account = &examined(&office, &second)["pictures"];
    assert_eq!((&account["met"], &account["refused"], &account["read"], &account["codes"]), (&2.into(), &1.into(), &1.into(), &1.into()), "{account}");
    let found = selectors(&office, &[]);
    assert!(found.iter().any(|one| one["value"] == "good@example.org") && !found.iter().any(|one| one.to_string().contains("bad@example.org")), "{found:?}");
}

/// The same PNG with words of its own in a text chunk behind its head (8 bytes of signature, 25 of IHDR).
fn with_words(png: &[u8], words: &str) -> Vec<u8> {
    let text = [b"tEXtComment\0", words.as_bytes()].concat();
    let length = u32::try_from(text.len() - 4).unwrap().to_be_bytes();
    // No reader of text chunks asks for their checksum.
    [&png[..33], &length, &text, &[0; 4], &png[33..]].concat()
}

#[test]
fn law_07_what_a_restricted_picture_says_of_itself_is_read_by_nobody() {
    let office = Office::working();
    let plain = png(GrayImage::new(40, 40));
    let (bad, good) = (with_words(&plain, "SYNTHETIC kingfisher bad@example.org"), with_words(&plain, "SYNTHETIC heron good@example.org"));
    let first = office.admit("bad.zip", zipped(&[("bad.png", &bad), ("other.txt", b"SYNTHETIC other")]));
    examined(&office, &first);
    assert!(selectors(&office, &[]).iter().any(|one| one["value"] == "bad@example.org"), "the words of a picture are read");
    office.in_case(KHAM, "exhibit reclassify", &[&first, "--class", "privileged", "--reason", "drill"]).ended(0);
    // The same picture in another archive: its words are unpacked before it ends, and are known by their own bytes.
    let second = office.admit("both.zip", zipped(&[("good.png", &good), ("bad.png", &bad)]));
    examined(&office, &second);
    let found = selectors(&office, &[]);
    assert!(found.iter().any(|one| one["value"] == "good@example.org") && !found.iter().any(|one| one.to_string().contains("bad@example.org")), "{found:?}");
    let words = |word: &str| office.in_case(NOY, "search", &[word, "--purpose", "drill", "--json"]).ended(0).lines();
    assert_eq!((words("heron").len(), words("kingfisher").len()), (1, 0));
}

/// A PDF of scanned pages: each draws one picture, and holds no word.
fn scanned(pages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", 10 * page + 10)).collect();
    let mut out = format!("%PDF-1.5\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n2 0 obj << /Type /Pages /Kids [{kids}] /Count {} >> endobj\n", pages.len()).into_bytes();
    for (number, (entries, bytes)) in (10..).step_by(10).zip(pages) {
        let (contents, picture) = (number + 1, number + 2);
        let page = format!("<< /Type /Page /Parent 2 0 R /Contents {contents} 0 R /Resources << /XObject << /Scan {picture} 0 R >> >> >>");
        out.extend(format!("{number} 0 obj {page} endobj\n{contents} 0 obj << /Length 34 >> stream\nq 595 0 0 842 0 0 cm /Scan Do Q    \nendstream endobj\n").bytes());
        out.extend(format!("{picture} 0 obj << /Type /XObject /Subtype /Image {entries} /Length {} >> stream\n", bytes.len()).bytes());
        out.extend([bytes, &b"\nendstream endobj\n"[..]].concat());
    }
    out.extend(b"trailer << /Root 1 0 R >>\n%%EOF\n");
    out
}

fn jpeg(picture: &[u8]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image::load_from_memory(picture).unwrap().to_rgb8().write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// The points of a picture in grey, with what a PDF says of them.
fn points(picture: &[u8]) -> (String, Vec<u8>) {
    let grey = image::load_from_memory(picture).unwrap().to_luma8();
    (format!("/Width {} /Height {} /BitsPerComponent 8 /ColorSpace /DeviceGray", grey.width(), grey.height()), grey.into_raw())
}

#[test]
fn law_06_pictures_of_a_scanned_pdf_are_read_and_lead_to_their_bytes_and_their_page() {
    let office = Office::working();
    let photo = jpeg(&code(PAYMENT));
    let (entries, raw) = points(&code("SYNTHETIC second@example.org"));
    let file = scanned(&[("/Filter /DCTDecode", photo.clone()), (&entries, raw), ("/Filter /JPXDecode", b"\0\0\0\x0cjP  \r\n\x87\n".to_vec())]);
    let label = office.admit("scan.pdf", &file);
    let view = examined(&office, &label);
    let account = &view["pictures"];
    assert_eq!((&account["met"], &account["read"], &account["unread"], &account["codes"]), (&3.into(), &2.into(), &1.into(), &2.into()), "{view}");
    assert!(account["reasons"][0].as_str().unwrap().starts_with("page 3, picture in object 32: a picture is not read: it is JPEG 2000"), "{account}");
    let found = selectors(&office, &[]);
    let [address] = of_type(&found, "btc-bech32")[..] else { panic!("{found:?}") };
    assert_eq!((&address["place"], &address["state"], &address["steps"][0]), (&"page 1, picture in object 12".into(), &"verified".into(), &"qr".into()));
    assert!(found.iter().any(|one| one["value"] == "second@example.org" && one["place"] == "page 2, picture in object 22"), "{found:?}");
    // The part is a stretch of the file, and says so.
    let parts = office.in_case(NOY, "exhibit parts", &[&label]).ended(0).lines();
    let part = parts.iter().find(|part| part["place"] == address["place"]).unwrap();
    let from = usize::try_from(part["offset"].as_u64().unwrap()).unwrap();
    assert_eq!((&part["container"], &file[from..from + photo.len()], &part["sha256"]), (&"pdf-picture".into(), &photo[..], &model::Sha256Digest::of(&photo).to_string().into()));
    assert_eq!(part["made"], format!("drawn on page 1; {} bytes of the PDF from byte {from} on; as they are, JPEG", photo.len()));
    office.in_case(NOY, "search", &["nowhere", "--purpose", "drill"]).ended(0).tells(&format!("not examined to the end, so nothing is said about: {label}"));
    office.sound_log();
}

#[test]
fn law_07_a_restricted_picture_is_known_inside_a_pdf_too() {
    let office = Office::working();
    let (bad, good) = (jpeg(&code("SYNTHETIC bad@example.org")), jpeg(&code("SYNTHETIC good@example.org")));
    let first = office.admit("bad.zip", zipped(&[("bad.jpg", &bad), ("other.txt", b"SYNTHETIC other")]));
    examined(&office, &first);
    office.in_case(KHAM, "exhibit reclassify", &[&first, "--class", "privileged", "--reason", "drill"]).ended(0);
    let second = office.admit("scan.pdf", scanned(&[("/Filter /DCTDecode", good), ("/Filter /DCTDecode", bad)]));
    let account = &examined(&office, &second)["pictures"];
    assert_eq!((&account["met"], &account["refused"], &account["read"], &account["codes"]), (&2.into(), &1.into(), &1.into(), &1.into()), "{account}");
    let found = selectors(&office, &[]);
    assert!(found.iter().any(|one| one["value"] == "good@example.org") && !found.iter().any(|one| one.to_string().contains("bad@example.org")), "{found:?}");
}

#[test]
fn law_06_text_of_a_scanned_pdf_is_read_by_machine_and_says_its_page() {
    if parse::find_ocr().is_none_or(|found| !found.languages.iter().any(|language| language == "lao")) {
        return crate::office::skipped("law_06_text_of_a_scanned_pdf", "tesseract or its languages are missing");
    }
    let office = Office::working();
    let (entries, raw) = points(LAO);
    let label = office.admit("order.pdf", scanned(&[(&entries, raw)]));
    let view = office.in_case(NOY, "examine", &[&label, "--ocr", "--languages", "lao+eng", "--json"]).ended(0).tells("words were read by machine in 1 pictures").line();
    assert!(view["pictures"]["text"]["words"].as_u64().unwrap() > 2, "{view}");
    let found = selectors(&office, &[]);
    let [mail] = of_type(&found, "email")[..] else { panic!("{found:?}") };
    assert_eq!((&mail["value"], &mail["place"], &mail["steps"][0]), (&"seller@example.org".into(), &"page 1, picture in object 12".into(), &"ocr".into()));
    let hits = office.in_case(NOY, "search", &["zone:ocr ປະເທດລາວ", "--purpose", "drill", "--json"]).ended(0).lines();
    assert_eq!((hits.len(), &hits[0]["place"]), (1, &"page 1, picture in object 12".into()), "{hits:?}");
}

const LAO: &[u8] = include_bytes!("../../../parse/tests/pictures/lao.png");
const THAI: &[u8] = include_bytes!("../../../parse/tests/pictures/thai.png");

#[test]
fn law_06_text_that_a_machine_read_says_so_with_its_tool_and_its_confidence() {
    if parse::find_ocr().is_none_or(|found| found.languages.len() < parse::LANGUAGES.len()) {
        return crate::office::skipped("law_06_text_that_a_machine_read_says_so", "tesseract or its languages are missing");
    }
    let office = Office::working();
    let label = office.admit("pages.zip", zipped(&[("lao.png", LAO), ("thai.png", THAI), ("note.txt", b"SYNTHETIC")]));
    // Only when it is asked for.
    office.in_case(NOY, "examine", &[&label]).ended(0).tells("text in them was not read (--ocr reads it)");
    assert!(of_type(&selectors(&office, &[]), "email").is_empty());
    office.in_case(NOY, "examine", &[&label, "--ocr", "--languages", "lao+xxx"]).ended(2).tells("no data for the language");
    let view = office.in_case(NOY, "examine", &[&label, "--ocr", "--json"]).ended(0).tells("words were read by machine in 2 pictures").line();
    let text = &view["pictures"]["text"];
    assert!(text["tool"].as_str().unwrap().starts_with("tesseract ") && text["words"].as_u64().unwrap() > 4, "{text}");
    assert_eq!((text["languages"].as_array().unwrap().len(), text["program"].as_str().map(str::len)), (6, Some(64)), "{text}");
    let found = selectors(&office, &[]);
    let [mail] = of_type(&found, "email")[..] else { panic!("{found:?}") };
    assert_eq!((&mail["value"], &mail["place"], &mail["steps"][0], &mail["state"]), (&"seller@example.org".into(), &"lao.png".into(), &"ocr".into(), &"unverifiable".into()));
    assert!(mail["reason"].as_str().unwrap().contains("read by machine in a picture, least confidence "), "{mail}");
    assert_eq!((&mail["start"], &mail["end"]), (&0.into(), &LAO.len().into()));
    // Every word with its confidence.
    let words = office.in_case(NOY, "pictures", &["--exhibit", &label, "--purpose", "drill", "--json"]).ended(0).lines();
    let word = words.iter().find(|word| word["text"] == "ປະເທດລາວ").unwrap();
    assert!(word["step"] == "ocr" && word["confidence"].as_u64().unwrap() > 50 && word["method"].as_str().unwrap().contains("lao+tha+khm+mya+rus+eng"), "{word}");
    assert_eq!(words.len() as u64, text["words"].as_u64().unwrap());
    // Thai is put together as it is written; the index that is made again has it without another reading.
    for _ in 0..2 {
        for question in ["zone:ocr ປະເທດລາວ", "zone:ocr \"ขายของ\""] {
            let hits = office.in_case(NOY, "search", &[question, "--purpose", "drill", "--json"]).ended(0).lines();
            assert_eq!(hits.len(), 1, "{question}: {hits:?}");
        }
        std::fs::remove_dir_all(office.home.join("index")).unwrap();
        office.in_case(NOY, "search", &["--rebuild"]).ended(0);
    }
    // Examined again without it, its words are not forgotten in silence.
    office.in_case(NOY, "examine", &[&label]).ended(0);
    office.in_case(NOY, "search", &["nowhere", "--purpose", "drill"]).ended(0).tells(&format!("not examined to the end, so nothing is said about: {label}"));
    office.sound_log();
}

#[test]
fn law_09_without_the_reader_of_text_the_account_says_that_pictures_were_not_read() {
    let office = Office::working();
    let label = office.admit("lao.png", LAO);
    let mut command = office.command(NOY, &["examine", "--case", &office.case, &label, "--ocr", "--json"]);
    command.env("PATH", "/nonexistent");
    let said = crate::office::run(command).ended(0).tells("tesseract is not installed (apt-get install tesseract-ocr ");
    let text = &said.line()["pictures"]["text"];
    assert_eq!((&text["tool"], &text["pictures"]), (&Value::Null, &0.into()), "{text}");
    office.in_case(NOY, "search", &["nowhere", "--purpose", "drill"]).ended(0).tells(&format!("not examined to the end, so nothing is said about: {label}"));
    // Text that nobody asked for is no gap.
    let said = office.in_case(NOY, "examine", &[&label]).ended(0);
    let asked = office.in_case(NOY, "search", &["nowhere", "--purpose", "drill"]).ended(0);
    assert!(!asked.err.contains("not examined to the end"), "{} {}", said.err, asked.err);
}
