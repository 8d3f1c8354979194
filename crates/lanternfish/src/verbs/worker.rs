//! `worker extract`: record batches of pages in, record batches of rows out, by the scanner of `scan`. It opens no home
//! and no file, touches no case, keeps nothing, and says so.

use ::worker::WorkerError;
use desk::DeskError;

use super::Done;
use crate::{output::{Pipe, complain}, scan};

pub(super) fn run(region: Option<&str>) -> Done {
    let hints = scan::hints(region)?;
    complain("worker reads the pages that it is given, touches no case and keeps nothing; what it finds is no evidence until the file is admitted");
    let scanner = extract::Scanner::new();
    let (input, output) = (std::io::stdin().lock(), Pipe(std::io::stdout().lock()));
    let done = ::worker::run(input, output, extract::METHOD, |_, bytes| scanner.scan(bytes, &hints)).map_err(|error| match error {
        WorkerError::Stream { .. } => DeskError::input(error.to_string()),
        WorkerError::Reading(cause) => DeskError::environment("reading the stream", &cause),
        WorkerError::Writing(cause) => DeskError::environment("writing the rows", &cause),
    })?;
    complain(format!("{} pages in {} batches, {} bytes, {} rows", done.pages, done.batches, done.bytes, done.rows));
    Ok(0)
}
