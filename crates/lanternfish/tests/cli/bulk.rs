//! `worker extract`: the rows of `scan`, for a cluster, from behind walls. Arrow's own crate writes what goes in and reads
//! what comes out; checks/spark.py asks its Python and Spark.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StringArray, UInt64Array, cast::AsArray, types::UInt64Type};
use arrow_ipc::{reader::StreamReader, writer::StreamWriter};
use serde_json::{Value, json};

use crate::{
    office::{Said, ask, outcome, text},
    scanning::market_page,
};

/// A published test vector: the private key 1.
const WIF: &str = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn";
const CHAT: &str = "[02.01.24, 03:04:05] Anna: write to anna@example.org\n[02.01.24, 03:05:00] Boris: hi\n";

/// Record batches of pages, as many pages in each as said.
fn stream(pages: &[(String, Vec<u8>)], in_each: usize) -> Vec<u8> {
    let batch = |pages: &[(String, Vec<u8>)]| {
        let url: ArrayRef = Arc::new(StringArray::from_iter_values(pages.iter().map(|page| &page.0)));
        let bytes: ArrayRef = Arc::new(BinaryArray::from_iter_values(pages.iter().map(|page| &page.1)));
        RecordBatch::try_from_iter([("url", url), ("bytes", bytes)]).unwrap()
    };
    let mut writer = StreamWriter::try_new(Vec::new(), &batch(&[]).schema()).unwrap();
    pages.chunks(in_each).for_each(|some| writer.write(&batch(some)).unwrap());
    writer.into_inner().unwrap()
}

/// The worker with files on both sides: how it ended, and the rows, if it wrote a stream at all.
fn worked(arguments: &[&str], input: &[u8]) -> (Said, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let (given, got) = (folder.path().join("in"), folder.path().join("out"));
    fs::write(&given, input).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lanternfish"));
    command.args(["worker", "extract"]).args(arguments);
    let child = command.stdin(File::open(&given).unwrap()).stdout(File::create(&got).unwrap()).stderr(Stdio::piped()).spawn().unwrap();
    let said = outcome(child, Duration::from_secs(120));
    let written = fs::read(&got).unwrap();
    let reader = StreamReader::try_new(written.as_slice(), None);
    (said, reader.into_iter().flatten().map_while(Result::ok).flat_map(|batch| rows(&batch)).collect())
}

/// Rows as `scan --json` prints them, with `source` in place of `url`.
fn rows(batch: &RecordBatch) -> Vec<Value> {
    let column = |name: &str| batch.column_by_name(name).unwrap().clone();
    let text = |name: &str, row: usize| column(name).as_string::<i32>().iter().nth(row).unwrap().map(str::to_owned);
    let number = |name: &str, row: usize| -> Option<u64> { let column: UInt64Array = column(name).as_primitive::<UInt64Type>().clone(); column.iter().nth(row).unwrap() };
    let one = |row: usize| {
        let whole = text("row", row);
        let mut value = whole.as_deref().map_or_else(
            || {
                let mut value = json!({"start": number("start", row), "end": number("end", row)});
                for name in ["kind", "type", "value", "state", "reason", "chance"] {
                    value[name] = json!(text(name, row));
                }
                for name in ["rivals", "context", "steps"] {
                    value[name] = serde_json::from_str(&text(name, row).unwrap()).unwrap();
                }
                value.as_object_mut().unwrap().retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
                value
            },
            |whole| serde_json::from_str(whole).unwrap(),
        );
        value["source"] = json!(text("url", row));
        value
    };
    (0..batch.num_rows()).map(one).collect()
}

/// Every file below a folder, by its path.
fn pages_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut waiting): (Vec<PathBuf>, _) = (vec![], vec![folder.to_path_buf()]);
    while let Some(path) = waiting.pop() {
        let inside = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
        let (folders, files): (Vec<_>, Vec<_>) = inside.partition(|path| path.is_dir());
        waiting.extend(folders);
        found.extend(files);
    }
    found.iter().map(|path| (text(path), fs::read(path).unwrap())).collect()
}

fn sorted(mut rows: Vec<Value>) -> Vec<String> {
    rows.sort_by_key(Value::to_string);
    rows.iter().map(Value::to_string).collect()
}

#[test]
fn the_worker_gives_the_rows_that_scan_prints() {
    let folder = tempfile::tempdir().unwrap();
    let planted = folder.path().join("planted");
    ask(&["range", "pages", "--start-seed", "--pages", "60", "--out", &text(&planted)]).ended(0);
    let folder = planted.join("pages");
    for (name, page) in [("market.html", market_page().as_str()), ("chat.txt", CHAT), ("key.txt", WIF), ("empty", "")] {
        fs::write(folder.join(name), page).unwrap();
    }
    let pages = pages_below(&folder);
    let (said, rows) = worked(&["--region", "LA", "--reveal"], &stream(&pages, 7));
    let said = said.ended(0).tells(&format!("{} pages in {} batches", pages.len(), pages.len().div_ceil(7))).tells("no evidence");
    assert!(said.err.contains("cage landlock+seccomp") || said.err.contains("cage seccomp"), "{}", said.err);
    let kinds = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).count();
    assert!(kinds("selector") > 100 && kinds("listing") >= 5 && kinds("message") >= 2 && kinds("note") == 0, "{said:?}");
    let scanned = ask(&["scan", "--json", "--region", "LA", &text(&folder)]).ended(0).lines();
    assert_eq!(sorted(rows), sorted(scanned));
}

#[test]
fn law_02_the_worker_masks_what_opens_a_wallet() {
    let pages = [("http://range.test/".to_owned(), format!("my key: {WIF}, write to seller@example.org").into_bytes())];
    let (said, rows) = worked(&[], &stream(&pages, 1));
    said.ended(0).tells("are masked");
    assert!(!json!(rows).to_string().contains(&WIF[..12]), "{rows:?}");
    assert!(rows.iter().any(|row| row["type"] == "wif") && rows.iter().any(|row| row["value"] == "seller@example.org"), "{rows:?}");
    let (said, rows) = worked(&["--reveal"], &stream(&pages, 1));
    said.ended(0).tells("no log says who did");
    assert!(rows.iter().any(|row| row["value"] == WIF), "{rows:?}");
}

#[test]
fn the_worker_says_what_it_passed_over_in_a_mail() {
    let mail = "From: a@example.com\r\nTo: b@example.com\r\nDate: Mon, 02 Mar 2026 10:00:00 +0700\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\nvendor@example.com\r\n\
        --x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUgAAAAEAAAAB\r\n--x--\r\n";
    let (said, rows) = worked(&[], &stream(&[("http://range.test/letter".to_owned(), mail.into())], 1));
    said.ended(0);
    let notes: Vec<&Value> = rows.iter().filter(|row| row["kind"] == "note").collect();
    assert_eq!(notes.len(), 1, "{rows:?}");
    let told = notes[0]["note"].as_str().unwrap();
    assert!(told.starts_with("bytes ") && told.contains("an attachment that is no text (image/png) was passed over"), "{told}");
    assert!(rows.iter().any(|row| row["value"] == "vendor@example.com"), "{rows:?}");
}

/// What other processes see of the worker while it waits for the next batch.
#[test]
fn law_14_the_worker_reads_strangers_bytes_in_a_cage() {
    let folder = tempfile::tempdir().unwrap();
    let secret = File::create(folder.path().join("open-in-the-parent")).unwrap();
    let mut command = Command::new("bash");
    let script = format!("exec 7<{}; exec {} worker extract --session planted-token", text(&folder.path().join("open-in-the-parent")), env!("CARGO_BIN_EXE_lanternfish"));
    command.args(["-c", &script]).env("LANTERNFISH_SESSION", "planted-token");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let whole = stream(&[("http://range.test/".to_owned(), b"seller@example.org".to_vec())], 1);
    // All but the end mark. The head of the answer comes when the worker has begun to read.
    child.stdin.as_mut().unwrap().write_all(&whole[..whole.len() - 8]).unwrap();
    let mut head = [0; 8];
    if child.stdout.as_mut().unwrap().read_exact(&mut head).is_err() {
        let said = outcome(child, Duration::from_secs(10));
        assert!(said.code == 3 && said.err.contains("--allow-uncaged"), "{said:?}");
        println!("SKIPPED law_14_the_worker_reads_strangers_bytes_in_a_cage: this kernel has no seccomp filters");
        return;
    }
    let of = |name: &str| PathBuf::from(format!("/proc/{}/{name}", child.id()));
    let status = fs::read_to_string(of("status")).unwrap();
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default().trim().to_owned();
    assert_eq!((line("Seccomp"), line("NoNewPrivs"), line("Threads")), ("2".into(), "1".into(), "1".into()), "{status}");
    // Only root may still look into a process that cannot be dumped.
    if let Ok(open) = fs::read_dir(of("fd")) {
        let mut open: Vec<String> = open.map(|entry| text(Path::new(&entry.unwrap().file_name()))).collect();
        open.sort();
        assert_eq!(open, ["0", "1", "2"]);
    }
    if let Ok(environment) = fs::read(of("environ")) {
        assert_eq!(String::from_utf8_lossy(&environment), "");
    }
    let limits = fs::read_to_string(of("limits")).unwrap_or_default();
    assert!(limits.is_empty() || limits.lines().any(|line| line.starts_with("Max open files") && line.contains(" 3 ")), "{limits}");
    child.stdin.as_mut().unwrap().write_all(&whole[whole.len() - 8..]).unwrap();
    outcome(child, Duration::from_secs(60)).ended(0);
    drop(secret);
}

/// Starts a program under a filter that refuses it any filter of its own, as some containers do. Numbers of the calls
/// `seccomp` and `prctl` come first.
const NO_FILTERS: &str = r#"
import ctypes, os, struct, sys
seccomp, prctl, refuse, allow = int(sys.argv[1]), int(sys.argv[2]), 0x00050001, 0x7FFF0000
steps = [(0x20, 0, 0, 0), (0x15, 3, 0, seccomp), (0x15, 0, 3, prctl), (0x20, 0, 0, 16), (0x15, 0, 1, 22), (0x06, 0, 0, refuse), (0x06, 0, 0, allow)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(len(steps), ctypes.addressof(code))), 0, 0) == 0
os.execv(sys.argv[3], sys.argv[3:])
"#;

#[test]
fn law_14_the_worker_reads_nothing_where_it_has_no_cage() {
    const NAME: &str = "law_14_the_worker_reads_nothing_where_it_has_no_cage";
    let numbers = if cfg!(target_arch = "x86_64") { ["317", "157"] } else { ["277", "167"] };
    let python = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        command.args(["-c", NO_FILTERS]).args(numbers).args(arguments);
        command
    };
    if !python(&["/bin/true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        println!("SKIPPED {NAME}: no python3, or a kernel without seccomp filters");
        return;
    }
    let input = stream(&[("http://range.test/".to_owned(), b"seller@example.org".to_vec())], 1);
    let folder = tempfile::tempdir().unwrap();
    let given = folder.path().join("in");
    fs::write(&given, input).unwrap();
    let ask = |more: &[&str]| {
        let mut command = python(&[&[env!("CARGO_BIN_EXE_lanternfish"), "worker", "extract"], more].concat());
        let child = command.stdin(File::open(&given).unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        outcome(child, Duration::from_secs(60))
    };
    let said = ask(&[]).ended(3).tells("--allow-uncaged");
    assert_eq!(said.out, "", "not even a schema");
    let said = ask(&["--allow-uncaged"]).ended(0).tells("1 rows");
    assert!(said.out.contains("seller@example.org") && !said.out.contains("seccomp"), "{said:?}");
}

#[test]
fn law_14_what_is_no_stream_of_pages_is_refused_in_words() {
    let page = |bytes: Vec<u8>| vec![("http://range.test/".to_owned(), bytes)];
    let good = stream(&page(b"seller@example.org".to_vec()), 1);
    let other: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let other = RecordBatch::try_from_iter([("url", other.clone()), ("body", other)]).unwrap();
    let mut columns = StreamWriter::try_new(Vec::new(), &other.schema()).unwrap();
    columns.write(&other).unwrap();
    for (input, words) in [
        (b"<html>no stream at all</html>".to_vec(), "no Arrow IPC stream"),
        (Vec::new(), "not the whole"),
        (good[..good.len() - 8].to_vec(), "not the whole"),
        ([good.clone(), good.clone()].concat(), "follow its end mark"),
        (columns.into_inner().unwrap(), "its columns must be"),
        (stream(&page(vec![b' '; 129 << 20]), 1), "make smaller batches"),
    ] {
        worked(&["--memory-mib", "512"], &input).0.ended(2).tells(words);
    }
    worked(&["--region", "Atlantis"], &good).0.ended(2);
    worked(&["--memory-mib", "1"], &good).0.ended(2);
    let mut by_hand = Command::new(env!("CARGO_BIN_EXE_lanternfish"));
    by_hand.arg("__worker");
    crate::office::run(by_hand).ended(2).tells("not started by hand");
}

/// As many selectors as would not fit into the memory at once.
#[test]
fn law_14_a_page_of_three_million_selectors_takes_no_more_room_than_a_window() {
    let page: Vec<u8> = (0..3_000_000).flat_map(|n| format!("s{n}@example.org ").into_bytes()).collect();
    let folder = tempfile::tempdir().unwrap();
    let given = folder.path().join("in");
    fs::write(&given, stream(&[("http://range.test/".to_owned(), page)], 1)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lanternfish"));
    command.args(["worker", "extract"]);
    let child = command.stdin(File::open(&given).unwrap()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    outcome(child, Duration::from_secs(120)).ended(0).tells("3000000 rows");
}
