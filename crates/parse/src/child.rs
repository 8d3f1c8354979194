//! The child's main: cage first, then one order, then frames until done.

use std::io::{self, BufWriter, Read, Write};

use crate::cage::{self, Bounds, CageOptions};
use crate::context::{Context, Port};
use crate::gather::Gather;
use crate::harvest::Harvest;
use crate::member::Task;
use crate::wire::{Closing, Order, Reply, Report};
use crate::{codes, probe, scan, unpack, words};

/// How the host passes the memory bound: nothing may be read before the cage stands.
pub(crate) const MEMORY_VARIABLE: &str = "LANTERNFISH_PARSE_MEMORY_BYTES";
/// How the host passes the CPU bound.
pub(crate) const CPU_VARIABLE: &str = "LANTERNFISH_PARSE_CPU_SECONDS";

/// Runs as the child and returns its exit code. `extract` gets the bytes of a window and the hint
/// of [`Task::Extract`], and returns selectors as JSON objects with `start` and `end` in the window.
///
/// It must be the first thing that the process does: it closes every descriptor but 0, 1 and 2.
pub fn child_main(extract: impl Fn(&[u8], &str) -> Vec<serde_json::Value>) -> i32 {
    child_main_in(&CageOptions::FULL, extract)
}

/// The same in a chosen cage; anything but [`CageOptions::FULL`] is for tests.
pub fn child_main_in(options: &CageOptions, extract: impl Fn(&[u8], &str) -> Vec<serde_json::Value>) -> i32 {
    let bound = |name: &str, otherwise: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(otherwise);
    let bounds = Bounds { memory_bytes: bound(MEMORY_VARIABLE, 256 << 20), cpu_s: bound(CPU_VARIABLE, 60) };
    let report = cage::enter(options, &bounds);
    let mut pipes = Pipes { output: BufWriter::with_capacity(512 << 10, Output) };
    let worked = pipes.send(Report::Cage(report)).and_then(|()| serve(&mut pipes, &extract));
    // An error here means that the host is gone; there is nobody left to tell.
    i32::from(worked.is_err())
}

fn serve(pipes: &mut Pipes, extract: &dyn Fn(&[u8], &str) -> Vec<serde_json::Value>) -> io::Result<()> {
    pipes.output.flush()?;
    let Reply::Order(order) = Reply::read(&mut Input)? else {
        return Err(io::Error::other("the host sent bytes before an order"));
    };
    if let Task::Probe { key_path } = &order.task {
        pipes.send(Report::Probe(probe::attempt_all(key_path)))?;
    }
    let closing = perform(pipes, &order, extract)?;
    pipes.send(Report::Done(closing))?;
    pipes.output.flush()
}

/// Carries out the order over any port; also used by fuzzing, without a process.
pub(crate) fn perform(
    port: &mut dyn Port,
    order: &Order,
    extract: &dyn Fn(&[u8], &str) -> Vec<serde_json::Value>,
) -> io::Result<Closing> {
    if let Task::Pages { .. } = order.task {
        let mut harvest = Harvest::new(port, extract);
        let context = Context::new(&mut harvest, order);
        let worked = unpack::unpack(&context, "");
        return closing(&context, worked);
    }
    if let Task::UnpackAndRead { name, skip } = &order.task {
        let mut gather = Gather::new(port, extract, skip);
        let context = Context::new(&mut gather, order);
        let worked = unpack::unpack(&context, name);
        return closing(&context, worked);
    }
    let context = Context::new(port, order);
    let worked = match &order.task {
        Task::Unpack { name } => unpack::unpack(&context, name),
        Task::Extract { hint } => scan::scan(&context, hint, extract),
        Task::Picture { hint, points } => codes::look(&context, hint, *points, extract),
        Task::Words { hint } => words::look(&context, hint, extract),
        Task::Probe { .. } | Task::Pages { .. } | Task::UnpackAndRead { .. } => Ok(()),
    };
    closing(&context, worked)
}

fn closing(context: &Context<'_>, worked: io::Result<()>) -> io::Result<Closing> {
    match (worked, context.limit()) {
        (Err(error), None) => Err(error),
        (_, limit) => Ok(Closing { format: context.format().to_string(), limit }),
    }
}

struct Pipes {
    output: BufWriter<Output>,
}

impl Port for Pipes {
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let length = u32::try_from(buf.len()).expect("reads are bounded by the chunk size");
        self.send(Report::Read { offset, length })?;
        self.output.flush()?;
        match Reply::read(&mut Input)? {
            Reply::Bytes(bytes) if bytes.len() <= buf.len() => {
                buf[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            }
            _ => Err(io::Error::other("the host answered something else")),
        }
    }

    fn send(&mut self, report: Report<'_>) -> io::Result<()> {
        self.output.write_all(&report.encode())?;
        // Known to the host before it is opened, or nobody would know where the child fell.
        if let Report::Opening(_) = report { self.output.flush() } else { Ok(()) }
    }
}

/// Standard input without a second buffer.
struct Input;

impl Read for Input {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(io::stdin(), buf)?)
    }
}

/// Standard output without the line buffer of the standard library.
struct Output;

impl Write for Output {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(io::stdout(), buf)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
