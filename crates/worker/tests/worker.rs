//! The worker gives exactly what the extractor gives, in whole batches, and refuses what it cannot read wholly. Arrow's own
//! Python is the outside judge: checks/spark.py.
#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

use std::{io, sync::Arc};

use arrow_array::{ArrayRef, BinaryArray, LargeBinaryArray, LargeStringArray, RecordBatch, StringArray, UInt64Array, cast::AsArray, types::UInt64Type};
use arrow_ipc::{reader::StreamReader, writer::{FileWriter, StreamWriter}};
use extract::{Hints, Scanner};
use model::selector::FoundSelector;
use proptest::prelude::*;
use worker::{COLUMNS, Done, Found, LONGEST_URL, Terms, WorkerError, fuzz_stream, note, run};

const BTC: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

fn pages() -> Vec<(String, Vec<u8>)> {
    let body = |n: usize| format!("<p>write to seller{n}@example.org, pay {BTC} or {}", BTC.replace('5', "6")).into_bytes();
    (0..10).map(|n| (format!("http://range.test/{n}"), if n == 4 { Vec::new() } else { body(n) })).collect()
}

fn batch(pages: &[(String, Vec<u8>)], large: bool) -> RecordBatch {
    let urls = pages.iter().map(|(url, _)| url.as_str());
    let bodies = pages.iter().map(|(_, body)| body.as_slice());
    let columns: Vec<(&str, ArrayRef)> = if large {
        vec![("bytes", Arc::new(LargeBinaryArray::from_iter_values(bodies))), ("url", Arc::new(LargeStringArray::from_iter_values(urls)))]
    } else {
        vec![("url", Arc::new(StringArray::from_iter_values(urls))), ("bytes", Arc::new(BinaryArray::from_iter_values(bodies)))]
    };
    RecordBatch::try_from_iter(columns).unwrap()
}

fn stream(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn scan(bytes: &[u8]) -> Vec<FoundSelector> {
    Scanner::new().scan(bytes, &Hints::default())
}

const TERMS: Terms<'static> = Terms { about: &[("lanternfish.method", "a method")], longest_batch: 1 << 20, reveal: true };

fn selectors(_: &str, bytes: &[u8], each: &mut dyn FnMut(Found)) {
    scan(bytes).into_iter().for_each(|found| each(Found::Selector(found)));
}

fn worked(input: &[u8]) -> (Result<Done, WorkerError>, Vec<u8>) {
    let mut output = Vec::new();
    let done = run(input, &mut output, &TERMS, selectors);
    (done, output)
}

/// What a batch holds in a column of text, row by row.
fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    batch.column_by_name(name).unwrap().as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

/// Selectors of a stream, by Arrow's own reader.
fn rows(output: &[u8]) -> Vec<(String, FoundSelector)> {
    let reader = StreamReader::try_new(output, None).unwrap();
    assert_eq!(reader.schema().fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(), COLUMNS);
    assert_eq!(reader.schema().metadata()["lanternfish.method"], "a method");
    let mut rows = Vec::new();
    for batch in reader.map_while(Result::ok) {
        let number = |name: &str| -> UInt64Array { batch.column_by_name(name).unwrap().as_primitive::<UInt64Type>().clone() };
        let column = |name: &str| texts(&batch, name);
        let (start, end) = (number("start"), number("end"));
        for row in 0..batch.num_rows() {
            assert_eq!((column("kind")[row].as_deref(), &column("row")[row]), (Some("selector"), &None));
            let text = |name: &str| column(name)[row].clone();
            let list = |name: &str| serde_json::from_str::<serde_json::Value>(&text(name).unwrap()).unwrap();
            let value = serde_json::json!({
                "type": text("type"), "value": text("value"), "state": text("state"), "reason": text("reason"),
                "start": start.value(row), "end": end.value(row), "chance": text("chance"),
                "rivals": list("rivals"), "context": list("context"), "steps": list("steps"),
            });
            rows.push((text("url").unwrap(), serde_json::from_value(value).unwrap()));
        }
    }
    rows
}

fn refused(input: &[u8], word: &str) {
    match worked(input).0 {
        Err(WorkerError::Stream { why, .. }) => assert!(why.contains(word), "{why} instead of {word}"),
        other => panic!("{other:?} instead of {word}"),
    }
}

#[test]
fn the_rows_are_those_of_the_extractor() {
    let pages = pages();
    let expected: Vec<_> = pages.iter().flat_map(|(url, body)| scan(body).into_iter().map(|found| (url.clone(), found))).collect();
    assert!(expected.len() >= 27, "{}", expected.len());
    for large in [false, true] {
        let batches = [batch(&pages[..3], large), batch(&[], large), batch(&pages[3..], large)];
        let (done, output) = worked(&stream(&batches));
        let bytes = pages.iter().map(|(_, body)| body.len() as u64).sum();
        assert_eq!(done.unwrap(), Done { batches: 3, pages: 10, bytes, rows: expected.len() as u64 });
        assert_eq!(rows(&output), expected);
    }
}

#[test]
fn many_rows_of_one_page_leave_in_bounded_batches() {
    let many = |_: &str, bytes: &[u8], each: &mut dyn FnMut(Found)| {
        let one = scan(bytes)[0].clone();
        (0..150_000).for_each(|_| each(Found::Selector(one.clone())));
    };
    let mut output = Vec::new();
    let done = run(stream(&[batch(&pages()[..1], false)]).as_slice(), &mut output, &TERMS, many).unwrap();
    let sizes: Vec<usize> = StreamReader::try_new(output.as_slice(), None).unwrap().map(|batch| batch.unwrap().num_rows()).collect();
    assert_eq!((done.rows, sizes), (150_000, vec![65_536, 65_536, 18_928]));
}

#[test]
fn law_06_a_part_of_a_stream_is_never_taken_for_the_whole() {
    let pages = pages();
    let whole = stream(&[batch(&pages[..3], false), batch(&pages[3..], false)]);
    let first = rows(&worked(&stream(&[batch(&pages[..3], false)])).1);
    for length in 0..whole.len() {
        let (done, output) = worked(&whole[..length]);
        assert!(matches!(done, Err(WorkerError::Stream { .. })), "{length}");
        let got = if output.is_empty() { Vec::new() } else { rows(&output) };
        assert!(got.is_empty() || got == first || got.len() > first.len() && length + 8 >= whole.len(), "{length}");
    }
    refused(&whole[..whole.len() - 8], "not the whole");
    refused(&[whole.clone(), whole].concat(), "follow its end mark");
}

#[test]
fn law_14_a_batch_is_as_long_as_is_allowed_and_a_name_costs_no_thousandfold() {
    let large = ("http://range.test/large".to_owned(), vec![b'a'; 1 << 20]);
    refused(&stream(&[batch(&[large], false)]), "make smaller batches");
    let long = "http://range.test/".to_owned() + &"ä".repeat(LONGEST_URL);
    let (done, output) = worked(&stream(&[batch(&[(long.clone(), b"no selector".to_vec())], false)]));
    assert_eq!(done.unwrap().rows, 1);
    let told = StreamReader::try_new(output.as_slice(), None).unwrap().next().unwrap().unwrap();
    let url = texts(&told, "url")[0].clone().unwrap();
    assert!(url.len() <= LONGEST_URL && long.starts_with(&url) && texts(&told, "row")[0].clone().unwrap().contains("stand here"));
}

/// The private half of a published test vector (BIP-340 and others use the same key, 1).
const WIF: &str = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn";

#[test]
fn law_02_outside_a_case_no_secret_is_shown_unless_somebody_asks_for_it() {
    let page = format!("<p>tea, write to seller@example.org</p><p>my key: {WIF}</p>");
    let place = |word: &str| page.find(word).map(|at| (at as u64, (at + word.len()) as u64));
    let found = |_: &str, bytes: &[u8], each: &mut dyn FnMut(Found)| {
        selectors("", bytes, each);
        let whole = Some((0, page.len() as u64));
        each(Found::Other { kind: "post", place: whole, json: serde_json::json!({"text": page}).to_string() });
        each(Found::Other { kind: "listing", place: place("tea"), json: r#"{"title":"tea"}"#.into() });
        each(note("the end"));
    };
    let input = stream(&[batch(&[("http://range.test/".to_owned(), page.clone().into_bytes())], false)]);
    let written = |reveal| {
        let mut output = Vec::new();
        run(input.as_slice(), &mut output, &Terms { reveal, ..TERMS }, found).unwrap();
        output
    };
    let shows = |output: &[u8], word: &str| output.windows(word.len()).any(|part| part == word.as_bytes());
    let (covered, open) = (written(false), written(true));
    assert!(shows(&open, WIF) && !shows(&covered, WIF) && !shows(&covered, &WIF[..12]));
    for word in ["seller@example.org", r#"{"title":"tea"}"#, "the end", "(masked, 52 characters: --reveal)", "wif"] {
        assert!(shows(&covered, word), "{word}");
    }
    let rows = |output: &[u8]| StreamReader::try_new(output, None).unwrap().next().unwrap().unwrap();
    let (covered, open) = (rows(&covered), rows(&open));
    for column in ["url", "kind", "type", "state"] {
        assert_eq!(texts(&covered, column), texts(&open, column), "what is covered is counted, not left out");
    }
}

#[test]
fn law_02_a_name_in_which_a_secret_stands_is_not_shown_with_messages_that_stand_elsewhere() {
    let json = format!(r#"{{"name":"to {WIF}","type":"personal_chat","messages":[{{"id":1,"type":"message","date":"2024-01-02T03:04:05","from":"Anna","text":"tea is here"}}]}}"#);
    let named = |id: u8, name: &str, text: &str| format!(r#"<div class="message default clearfix" id="message{id}"><div class="body">{name}<div class="text">{text}</div></div></div>"#);
    let author = format!(r#"<div class="from_name">{WIF}</div>"#);
    let html = [named(1, &author, "first"), named(2, "", "tea is here"), named(3, r#"<div class="from_name">Anna</div>"#, "third")].concat();
    let found = |_: &str, bytes: &[u8], each: &mut dyn FnMut(Found)| {
        selectors("", bytes, each);
        for message in extract::chat::read(bytes) {
            each(Found::Other { kind: "message", place: Some((message.start, message.end)), json: serde_json::to_string(&message).unwrap() });
        }
    };
    let written = |page: &str, reveal| {
        let input = stream(&[batch(&[("http://range.test/".to_owned(), page.as_bytes().to_vec())], false)]);
        let mut output = Vec::new();
        run(input.as_slice(), &mut output, &Terms { reveal, ..TERMS }, found).unwrap();
        StreamReader::try_new(output.as_slice(), None).unwrap().next().unwrap().unwrap()
    };
    let messages = |page: &str, reveal| texts(&written(page, reveal), "row").into_iter().flatten().collect::<Vec<_>>();
    for (page, count) in [(&json, 1), (&html, 3)] {
        let (covered, open) = (messages(page, false), messages(page, true));
        assert_eq!((covered.len(), open.len()), (count, count), "{open:?}");
        let of = |rows: &[String]| rows.iter().find(|row| row.contains("tea is here")).cloned().unwrap();
        assert!(of(&open).contains(WIF) && of(&covered).contains("(masked: --reveal)"), "{covered:?}");
        assert!(covered.iter().all(|row| !row.contains(&WIF[..12])), "{covered:?}");
        assert!(covered[count - 1].contains("Anna"), "who has no secret in the name is named: {covered:?}");
    }
}

#[test]
fn other_streams_are_refused_with_a_reason() {
    let one = batch(&pages()[..1], false);
    let mut file = FileWriter::try_new(Vec::new(), &one.schema()).unwrap();
    file.write(&one).unwrap();
    refused(&file.into_inner().unwrap(), "Arrow file");
    refused(b"<html><body>no stream</body>", "no Arrow IPC stream");
    refused(b"", "not the whole");
    refused(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x40], "longer than 1 MiB");
    refused(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], "before its schema");
    let text: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values([b"a"]));
    let of = |columns: Vec<(&str, ArrayRef)>| stream(&[RecordBatch::try_from_iter(columns).unwrap()]);
    refused(&of(vec![("url", text.clone())]), "columns must be");
    refused(&of(vec![("url", text.clone()), ("bytes", text.clone())]), "columns must be");
    refused(&of(vec![("url", text.clone()), ("bytes", bytes.clone()), ("more", text.clone())]), "columns must be");
    let gap: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>]));
    refused(&of(vec![("url", gap), ("bytes", bytes)]), "missing");
}

#[test]
fn a_writer_that_fails_is_told() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let done = run(stream(&[batch(&pages(), false)]).as_slice(), Full, &TERMS, selectors);
    assert!(matches!(done, Err(WorkerError::Writing(cause)) if cause.kind() == io::ErrorKind::StorageFull));
}

#[test]
fn law_14_the_corpus_of_streams_is_replayed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/stream");
    if std::env::var_os("LANTERNFISH_BLESS").is_some() {
        let pages = pages();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("flat"), stream(&[batch(&pages[..2], false), batch(&pages[2..3], false)])).unwrap();
        std::fs::write(folder.join("large"), stream(&[batch(&pages[..2], true)])).unwrap();
        std::fs::write(folder.join("empty"), stream(&[batch(&[], false)])).unwrap();
        std::fs::write(folder.join("no-stream"), b"<html>").unwrap();
    }
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 4, "{} files", files.len());
    for bytes in files.iter().map(|file| std::fs::read(file).unwrap()) {
        fuzz_stream(&bytes);
        for at in 0..bytes.len() {
            fuzz_stream(&bytes[..at]);
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let mut odd = bytes.clone();
                odd[at] = byte;
                fuzz_stream(&odd);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn law_14_flipped_streams_never_stop_the_worker(flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), large in any::<bool>()) {
        let mut bytes = stream(&[batch(&pages()[..3], large), batch(&pages()[3..], large)]);
        for (place, byte) in flips {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        fuzz_stream(&bytes);
    }
}
