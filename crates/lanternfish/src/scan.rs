//! `scan`: with `worker extract`, the one reading outside law 1. It reads files that the user already holds, touches no
//! case, keeps nothing, and says so. The same scanner runs inside the `parse` child for exhibits.

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use desk::DeskError;
use extract::{
    Hints, Kind, Scanner,
    decode::{Charset, Left},
    passages::Passage,
};
use model::{chat::Message, selector::FoundSelector};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    args::RowOptions,
    output::{Pipe, complain},
    rows::{self, Rows},
};

/// The word in the hint of an extraction by which the closure gives the messages of a chat export and no selectors.
pub const READ_MESSAGES: &str = "messages";

/// Things that were passed over in one file and are named one by one.
const MOST_TOLD: u64 = 20;

/// The longest chat export that is read for its messages, in bytes.
const LONGEST_CHAT: u64 = 64 << 20;
/// What tells whether a file is one.
const FIRST_LOOK: u64 = 64 << 10;

/// What the `parse` child runs over a window of an exhibit's bytes.
pub fn for_child(bytes: &[u8], hint: &str) -> Vec<Value> {
    let hint: Value = serde_json::from_str(hint).unwrap_or_default();
    if hint["read"] == parse::READ_PAGE {
        let status = hint["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let page = extract::links::read(bytes, hint["address"].as_str().unwrap_or_default(), hint["media"].as_str(), status);
        return serde_json::to_value(page).into_iter().collect();
    }
    if hint["read"] == READ_MESSAGES {
        return extract::chat::read(bytes).iter().filter_map(|message| serde_json::to_value(message).ok()).collect();
    }
    if hint["read"] == extract::page::READ_RENDERING {
        return rendering(bytes, hint["media"].as_str());
    }
    let declared = hint["media"].as_str().and_then(Charset::of_media_type);
    let kind = if hint["plain"] == true { Kind::Text } else { Kind::Auto };
    let hints = Hints { kind, ..Hints::default() };
    let found = Scanner::new().declared(declared).scan(bytes, &hints);
    let mut values: Vec<Value> = found.iter().filter_map(|found| serde_json::to_value(found).ok()).collect();
    if hint["read"] != "selectors" {
        values.extend(extract::passages::read(bytes, declared, &hints).iter().map(passage));
        values.extend(rows(bytes, hint["place"].as_str(), declared));
    }
    values
}

/// A page in pieces, some in each value, and last what is known of it. The host writes it; nothing of it is HTML here.
fn rendering(bytes: &[u8], media: Option<&str>) -> Vec<Value> {
    /// Bytes of words in one value.
    const PART: usize = 128 << 10;
    let told = |kind: &str, value: serde_json::Result<Value>| json!({"kind": kind, "start": 0, "end": 0, "value": value.unwrap_or_default()});
    let page = extract::page::read(bytes, media);
    let (mut values, mut part, mut size) = (Vec::new(), Vec::new(), 0);
    for piece in page.pieces.into_iter().flat_map(|piece| piece.in_parts(PART)) {
        size += 16 + piece.length();
        part.push(piece);
        if size > PART {
            values.push(told("pieces", serde_json::to_value(std::mem::take(&mut part))));
            size = 0;
        }
    }
    values.push(told("pieces", serde_json::to_value(part)));
    values.push(told("page", serde_json::to_value(page.about)));
    values
}

fn passage(passage: &Passage) -> Value {
    let language = match text::language::identify(beginning(&passage.text)).verdict {
        text::language::Verdict::One(language) => Some(language.code()),
        _ => None,
    };
    json!({"kind": "passage", "zone": passage.place, "text": passage.text, "runs": passage.runs, "start": passage.start, "end": passage.end, "language": language})
}

/// What of a passage tells its language.
fn beginning(text: &str) -> &str {
    const ENOUGH: usize = 4096;
    &text[..text.floor_char_boundary(ENOUGH)]
}

/// Rows that a profile of a site reads, and messages of a chat export. What only the page's own repetition shows is
/// offered by `lanternfish scan`, and never taken in silence.
fn rows(bytes: &[u8], address: Option<&str>, charset: Option<Charset>) -> Vec<Value> {
    let told = |kind: &str, value: serde_json::Result<Value>| {
        let value = value.ok()?;
        Some(json!({"kind": kind, "start": value["start"], "end": value["end"], "value": value}))
    };
    let hints = extract::listing::Hints { address, profiles_only: true, charset };
    PROFILES.with(|profiles| {
        let listings = extract::listing::read(bytes, profiles, &hints);
        let messages = extract::chat::read(bytes);
        let listings = listings.iter().filter_map(|row| told("row", serde_json::to_value(row)));
        listings.chain(messages.iter().filter_map(|message| told("message", serde_json::to_value(message)))).collect()
    })
}

thread_local! {
    /// The profiles of the program; a child reads them once.
    static PROFILES: extract::listing::Profiles = extract::listing::Profiles::built_in();
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    #[serde(flatten)]
    found: &'a FoundSelector,
    source: &'a str,
}

/// Scans files and folders; one JSON line or one tab-separated line for each selector, then for each row of a page.
pub fn run(paths: &[PathBuf], region: Option<&str>, options: &RowOptions, json: bool) -> Result<i32, DeskError> {
    if options.draft_profile {
        return drafts(paths);
    }
    let rows = Rows::with(options.profiles.as_deref(), options.no_profiles)?;
    complain("scan reads the files that you name, touches no case and keeps nothing; what it finds is no evidence until the file is admitted");
    let hints = hints(region)?;
    let mut out = BufWriter::new(Pipe(std::io::stdout().lock()));
    let mut failures = 0;
    for path in files(paths)? {
        let scanned = scan_file(&path, &hints, json, &mut out).and_then(|()| rows.print(&path, json, &mut out));
        if let Err(error) = scanned {
            complain(format!("lanternfish: {}: {error}", path.display()));
            failures += 1;
        }
    }
    out.flush().map_err(|e| DeskError::environment("writing the result", &e))?;
    Ok(if failures == 0 { 0 } else { 2 })
}

/// What `scan` and `worker extract` tell the scanner, so that their rows are the same.
pub fn hints(region: Option<&str>) -> Result<Hints, DeskError> {
    let default_region = region.map(str::parse).transpose().map_err(|e: extract::UnknownRegion| DeskError::input(e.to_string()))?;
    Ok(Hints { default_region, ..Hints::default() })
}

/// A draft of a profile for each page that has a repeated structure.
fn drafts(paths: &[PathBuf]) -> Result<i32, DeskError> {
    let mut out = BufWriter::new(Pipe(std::io::stdout().lock()));
    let mut drafted = 0;
    for path in files(paths)? {
        drafted += usize::from(rows::print_draft(&path, &mut out).map_err(|e| DeskError::environment(format!("reading {}", path.display()), &e))?);
    }
    out.flush().map_err(|e| DeskError::environment("writing the result", &e))?;
    Ok(if drafted > 0 { 0 } else { 2 })
}

fn scan_file(path: &Path, hints: &Hints, json: bool, out: &mut impl Write) -> std::io::Result<()> {
    let source = path.to_string_lossy();
    let mut broken = None;
    let file = File::open(path)?;
    let each = |found: FoundSelector| {
        let line = Line { kind: "selector", found: &found, source: &source };
        if let Err(error) = print(&line, json, out) {
            broken.get_or_insert(error);
        }
    };
    let mut passed = 0;
    let tell = |left: Left| {
        passed += 1;
        if passed <= MOST_TOLD {
            complain(format!("lanternfish: {source}: bytes {} to {}: {}", left.start, left.end, left.what));
        }
    };
    Scanner::new().scan_reader_telling(file, hints, each, tell)?;
    if passed > MOST_TOLD {
        complain(format!("lanternfish: {source}: {} more things of this kind were passed over", passed - MOST_TOLD));
    }
    if json {
        messages(path, &source, out)?;
    }
    broken.map_or(Ok(()), Err)
}

#[derive(Serialize)]
struct Said<'a> {
    kind: &'static str,
    #[serde(flatten)]
    message: &'a Message,
    source: &'a str,
}

/// The messages of a chat export, one JSON line for each.
fn messages(path: &Path, source: &str, out: &mut impl Write) -> std::io::Result<()> {
    let (mut file, mut bytes) = (File::open(path)?, Vec::new());
    Read::by_ref(&mut file).take(FIRST_LOOK).read_to_end(&mut bytes)?;
    if !extract::chat::may_be_chat(&bytes) {
        return Ok(());
    }
    // One byte more than is read of an export tells whether there is more.
    Read::by_ref(&mut file).take(LONGEST_CHAT + 1 - FIRST_LOOK).read_to_end(&mut bytes)?;
    let (messages, beyond) = messages_in(&bytes);
    if let Some(words) = beyond {
        complain(format!("lanternfish: {source}: {words}"));
    }
    for message in &messages {
        serde_json::to_writer(&mut *out, &Said { kind: "message", message, source })?;
        writeln!(out)?;
    }
    Ok(())
}

/// The messages of an export, and what was not read of it.
pub fn messages_in(bytes: &[u8]) -> (Vec<Message>, Option<String>) {
    let read = &bytes[..bytes.len().min(usize::try_from(LONGEST_CHAT).unwrap_or(usize::MAX))];
    let messages = extract::chat::read(read);
    let beyond = read.len() < bytes.len() && extract::chat::may_be_chat(read);
    (messages, beyond.then(|| format!("the chat export is longer than {LONGEST_CHAT} bytes; the messages after them are not listed")))
}

fn print(line: &Line<'_>, json: bool, out: &mut impl Write) -> std::io::Result<()> {
    if json {
        serde_json::to_writer(&mut *out, line)?;
        return writeln!(out);
    }
    let name = |value: Value| value.as_str().unwrap_or_default().to_string();
    let kind = name(serde_json::to_value(line.found.selector_type)?);
    let state = name(serde_json::to_value(line.found.state)?);
    writeln!(out, "{kind}\t{state}\t{}\t{}:{}-{}", line.found.value, line.source, line.found.start, line.found.end)
}

/// Every regular file below the paths, in a steady order; links are not followed.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, DeskError> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    while let Some(path) = waiting.pop() {
        let about = std::fs::symlink_metadata(&path).map_err(|e| DeskError::input(format!("{}: {e}", path.display())))?;
        if about.is_dir() {
            let entries = std::fs::read_dir(&path).map_err(|e| DeskError::environment(format!("listing {}", path.display()), &e))?;
            let mut inside: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
            inside.sort();
            waiting.extend(inside.into_iter().rev());
        } else if about.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}
