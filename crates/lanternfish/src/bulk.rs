//! `worker extract`: the rows of `scan` for a cluster that somebody else runs. Pages come as an Arrow IPC stream on standard
//! input, rows leave as one on standard output.
//!
//! It stands outside law 1, as `scan` does: it reads copies that its user already holds, opens no home, asks for no session,
//! touches no case and keeps nothing. So nothing is logged, and it shows no secret unless it is asked to by name.
//! The program starts itself anew without its environment, so that no token of a session is in its memory, and enters the
//! cage of the `parse` child before it reads one byte (law 14). It refuses to read where no such cage can be had.

use std::{cell::RefCell, io::IsTerminal, os::unix::process::CommandExt, process::Command};

use ::worker::{Found, Terms, WorkerError, note};
use desk::DeskError;
use extract::{Hints, Scanner, decode::Left};
use model::chat::Message;
use parse::{Bounds, Cage, CageOptions, CageReport};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    output::{Pipe, complain, failed},
    rows::Rows,
    scan,
};

/// The hidden argument of the caged process.
pub const CHILD_ARGUMENT: &str = "__worker";

/// What stands in every stream of rows: whoever finds a copy of it must not take it for more.
const STANDING: &str = "no evidence: found outside any case; admit the archive and examine it";

/// What the caged process is told, as its one argument. Nothing in it is secret.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    /// Country whose national phone numbers are read.
    pub region: Option<String>,
    /// Show secrets.
    pub reveal: bool,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Seconds of processor time.
    pub cpu_seconds: u64,
    /// Read also where there is no cage.
    pub allow_uncaged: bool,
}

/// Becomes the caged process; returns only when that could not be done.
pub fn start(order: &Order) -> Result<i32, DeskError> {
    scan::hints(order.region.as_deref())?;
    if std::io::stdin().is_terminal() || std::io::stdout().is_terminal() {
        return Err(DeskError::input("the worker reads and writes Arrow IPC streams, not a terminal: give it a pipe or a file on both sides, or use `lanternfish scan` for files"));
    }
    let order = serde_json::to_string(order).expect("numbers and text are JSON");
    let program = crate::verbs::program()?;
    let error = Command::new(&program).arg(CHILD_ARGUMENT).arg(order).env_clear().current_dir("/").exec();
    Err(DeskError::environment(format!("starting {}", program.display()), &error))
}

/// Entry of the caged process.
pub fn child_main() -> i32 {
    let order = std::env::args().nth(2).and_then(|text| serde_json::from_str::<Order>(&text).ok());
    let Some(order) = order else {
        complain("lanternfish: this is a part of `lanternfish worker extract`, and not started by hand");
        return 2;
    };
    let memory_bytes = order.memory_mib.saturating_mul(1 << 20);
    let report = parse::enter_cage(&CageOptions::ALONE, &Bounds { memory_bytes, cpu_s: order.cpu_seconds });
    match may_read(&report, order.allow_uncaged).and_then(|()| read(&order, memory_bytes, report.cage)) {
        Ok(()) => 0,
        Err(error) => failed(&error, false),
    }
}

/// Strangers' bytes are read behind walls, or on somebody's word that there are others around this process.
fn may_read(report: &CageReport, allow_uncaged: bool) -> Result<(), DeskError> {
    let gaps = if report.gaps.is_empty() { String::new() } else { format!(" (without: {})", report.gaps.join(", ")) };
    complain(format!("worker: cage {}{gaps}", report.cage.name()));
    match report.cage {
        Cage::LandlockAndSeccomp | Cage::Seccomp => Ok(()),
        Cage::Landlock | Cage::Uncaged if allow_uncaged => Ok(()),
        Cage::Landlock | Cage::Uncaged => {
            let why = std::io::Error::other("this system gives it no seccomp filter: run it where there is one, or give --allow-uncaged when the container around it has no network, no keys and no files of others");
            Err(DeskError::environment("entering the cage in which strangers' bytes are read", &why))
        }
    }
}

fn read(order: &Order, memory_bytes: u64, cage: Cage) -> Result<(), DeskError> {
    complain("worker: reads the pages that it is given, touches no case and keeps nothing; its rows are no evidence until the archive is admitted and examined");
    let secrets = if order.reveal { "shown" } else { "masked" };
    complain(format!("worker: private keys, seed phrases, cards and logins are {secrets}{}", if order.reveal { ": whoever gets the rows can use them, and no log says who did" } else { "" }));
    let about = [
        ("lanternfish.method", extract::METHOD), ("lanternfish.listings", extract::listing::METHOD), ("lanternfish.region", order.region.as_deref().unwrap_or("none")),
        ("lanternfish.cage", cage.name()), ("lanternfish.secrets", secrets), ("lanternfish.standing", STANDING),
    ];
    let (hints, profiles) = (scan::hints(order.region.as_deref())?, Rows::with(None, false)?);
    let terms = Terms { about: &about, longest_batch: memory_bytes / 4, reveal: order.reveal };
    let (input, output) = (std::io::stdin().lock(), Pipe(std::io::stdout().lock()));
    let done = ::worker::run(input, output, &terms, |_, bytes, each| page(bytes, &hints, &profiles, each)).map_err(|error| match error {
        WorkerError::Stream { .. } => DeskError::input(error.to_string()),
        WorkerError::Reading(cause) => DeskError::environment("reading the stream", &cause),
        WorkerError::Writing(cause) => DeskError::environment("writing the rows", &cause),
    })?;
    complain(format!("worker: {} pages in {} batches, {} bytes, {} rows", done.pages, done.batches, done.bytes, done.rows));
    Ok(())
}

/// What `scan --json` prints of a file with these bytes, in its order, and what it says on the side.
fn page(bytes: &[u8], hints: &Hints, profiles: &Rows, each: &mut dyn FnMut(Found)) {
    // Both are given as they are found: many attachments take no more room than many selectors.
    let give = RefCell::new(&mut *each);
    let tell = |left: Left| give.borrow_mut()(note(&format!("bytes {} to {}: {}", left.start, left.end, left.what)));
    let read = Scanner::new().scan_reader_telling(bytes, hints, |found| give.borrow_mut()(Found::Selector(found)), tell);
    read.expect("a slice reads without error");
    let (messages, beyond) = scan::messages_in(bytes);
    messages.iter().for_each(|message| each(said(message)));
    if let Some(words) = beyond {
        each(note(&words));
    }
    let look = profiles.look(bytes);
    for row in &look.rows {
        let json = serde_json::to_value(row).unwrap_or_default();
        let kind = match row.kind() {
            model::listing::RowKind::Listing => "listing",
            model::listing::RowKind::Post => "post",
        };
        each(Found::Other { kind, place: Some((row.start(), row.end())), json: json.to_string() });
    }
    look.notes.iter().for_each(|words| each(note(words)));
}

fn said(message: &Message) -> Found {
    let mut json = json!(message);
    json["kind"] = "message".into();
    Found::Other { kind: "message", place: Some((message.start, message.end)), json: json.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_without_a_filter_of_system_calls() {
        let check = |cage, allow_uncaged, expected: bool| {
            let report = CageReport { cage, landlock_in_full: false, gaps: vec![] };
            assert_eq!(may_read(&report, allow_uncaged).is_ok(), expected, "{cage:?}");
        };
        check(Cage::LandlockAndSeccomp, false, true);
        check(Cage::Seccomp, false, true);
        check(Cage::Landlock, false, false);
        check(Cage::Uncaged, false, false);
        check(Cage::Uncaged, true, true);
    }
}
