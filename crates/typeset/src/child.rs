//! The child's side: cage first, then one request from standard input, one answer on standard output.

use std::io::{Read, Write};

use crate::cage::{self, Bounds};
use crate::words::{Head, Outcome, Refusal, RefusalKind, Request};
use crate::{press, reading};

/// The hidden argument with which the program is started again as this child; two numbers follow it,
/// the most memory in bytes and the most processor time in seconds.
pub const CHILD_ARGUMENT: &str = "__typeset";

const DEFAULT_BOUNDS: Bounds = Bounds { memory_bytes: 3 << 30, cpu_seconds: 60 };
const MOST_REQUEST_BYTES: u64 = 64 << 20;

/// Runs the child; the returned number is the exit code of the process (0 answered, 3 could not answer).
///
/// Reads the bounds from the process arguments after [`CHILD_ARGUMENT`].
pub fn child_main() -> i32 {
    let cage = cage::enter(bounds(std::env::args()));
    let answer = read_request().and_then(work);
    let (outcome, pdf, text) = match answer {
        Ok(done) => done,
        Err(refusal) => (Outcome::Refused(refusal), Vec::new(), String::new()),
    };
    match write_answer(&Head { cage, outcome }, &pdf, &text) {
        Ok(()) => 0,
        Err(_) => 3,
    }
}

fn bounds(mut arguments: impl Iterator<Item = String>) -> Bounds {
    arguments.find(|argument| argument == CHILD_ARGUMENT);
    let mut number = |default| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    Bounds { memory_bytes: number(DEFAULT_BOUNDS.memory_bytes), cpu_seconds: number(DEFAULT_BOUNDS.cpu_seconds) }
}

fn read_request() -> Result<Request, Refusal> {
    let refuse = |text| Refusal { kind: RefusalKind::Request, text };
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(MOST_REQUEST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| refuse(format!("the request could not be read: {error}")))?;
    if bytes.len() as u64 > MOST_REQUEST_BYTES {
        return Err(refuse("the request is larger than 64 MiB: split the report".to_string()));
    }
    serde_json::from_slice(&bytes).map_err(|error| refuse(format!("the request is not of this form: {error}")))
}

fn work(request: Request) -> Result<(Outcome, Vec<u8>, String), Refusal> {
    let sheet = press::set(request)?;
    let text = reading::pdf_text(&sheet.pdf)
        .map_err(|error| Refusal { kind: RefusalKind::Reading, text: error.to_string() })?;
    let outcome = Outcome::Set {
        pdf_bytes: sheet.pdf.len() as u64,
        text_bytes: text.len() as u64,
        pages: sheet.pages,
        warnings: sheet.warnings,
        replaced: sheet.replaced,
    };
    Ok((outcome, sheet.pdf, text))
}

fn write_answer(head: &Head, pdf: &[u8], text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(serde_json::to_string(head)?.as_bytes())?;
    out.write_all(b"\n")?;
    out.write_all(pdf)?;
    out.write_all(text.as_bytes())?;
    out.flush()
}
