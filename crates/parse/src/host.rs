//! The host: starts the child, answers its reads, checks its frames, and ends it in time.
//!
//! It never blocks on the child: both pipes are non-blocking and every wait is at most 100 ms, so
//! that `stop` (a revoked authority, law 15) and the wall clock are looked at while the child is
//! silent. It never parses what a stranger wrote; it only moves bytes and counts.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::budget::Budget;
use crate::cage::CageReport;
use crate::guard::{Guard, Refusal};
use crate::member::{Ended, Finding, FindingKind, MemberHead, MemberTail, Outcome, Task};
use crate::wire::{HEAD, MAX_BODY, Order, Reply, Report};

/// Longest wait between two looks at `stop` and the clock.
const TICK: Duration = Duration::from_millis(100);
/// Most that is kept of what the child prints; only its shape is used, never its content.
const COMPLAINT_BYTES: usize = 4096;

/// Bytes that the child may ask for, by offset.
pub trait Source {
    /// Length in bytes; it must not change during a run.
    fn len(&self) -> u64;

    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads at `offset` into `buf` and returns how many bytes; 0 only at the end.
    ///
    /// # Errors
    /// Whatever keeps the bytes from being read; the run then ends with [`ParseError::Source`].
    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;
}

impl Source for Vec<u8> {
    fn len(&self) -> u64 {
        Vec::len(self) as u64
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let length = rest.len().min(buf.len());
        buf[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

impl Source for std::fs::File {
    fn len(&self) -> u64 {
        self.metadata().map_or(0, |metadata| metadata.len())
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buf, offset)
    }
}

/// Why the house could not keep what the child delivered.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SinkError(pub Box<dyn std::error::Error + Send + Sync>);

impl From<String> for SinkError {
    fn from(text: String) -> Self {
        SinkError(text.into())
    }
}

/// Receives what the child delivers. Members nest: a member may begin while its parent is open,
/// and bytes of both then alternate, told apart by id. The innermost ends first.
pub trait Sink {
    /// A member begins.
    ///
    /// # Errors
    /// When it cannot be kept; the run ends.
    fn begin(&mut self, head: &MemberHead) -> Result<(), SinkError>;

    /// At most 256 KiB of an open member.
    ///
    /// # Errors
    /// When they cannot be kept; the run ends.
    fn data(&mut self, id: u32, bytes: &[u8]) -> Result<(), SinkError>;

    /// A member ends. When `complete` is false its bytes are what could be saved.
    ///
    /// # Errors
    /// When it cannot be kept; the run ends.
    fn end(&mut self, tail: &MemberTail) -> Result<(), SinkError>;

    /// An open member will never end: drop what came of it.
    fn abandon(&mut self, id: u32, reason: &str);

    /// Something to know about the source.
    fn finding(&mut self, finding: &Finding);

    /// Selectors with offsets in the source.
    ///
    /// # Errors
    /// When they cannot be kept; the run ends.
    fn selectors(&mut self, values: Vec<serde_json::Value>) -> Result<(), SinkError>;

    /// What was read in the member that ended last, for [`Task::UnpackAndRead`]; offsets count in its bytes. `last`
    /// when nothing more comes of it. A member of which nothing comes was not read.
    ///
    /// # Errors
    /// When it cannot be kept; the run ends.
    fn found(&mut self, _id: u32, _values: Vec<serde_json::Value>, _last: bool) -> Result<(), SinkError> {
        Err(SinkError::from("what was read, and nobody asked for".to_string()))
    }

    /// The record of a web archive that is opened next, for [`Task::Pages`]: when the child falls, it fell there.
    fn opening(&mut self, _record: &str) {}

    /// What was read in one response of a web archive, for [`Task::Pages`].
    ///
    /// # Errors
    /// When it cannot be kept; the run ends.
    fn page(&mut self, _value: serde_json::Value) -> Result<(), SinkError> {
        Err(SinkError::from("a page that nobody asked for".to_string()))
    }
}

/// The house's own fault: the strangers' bytes can never cause one.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The executable could not be started.
    #[error(
        "the program could not start its parse process ({0}): check that the program file is in place and that memory is free, then try again"
    )]
    Spawn(io::Error),
    /// The bytes of the exhibit could not be read.
    #[error("the exhibit's bytes could not be read ({0}): nothing was admitted from it; check the disk and try again")]
    Source(io::Error),
    /// What was found could not be kept.
    #[error("what was found inside could not be kept ({0}): check the free space of the disk, then run the step again")]
    Sink(SinkError),
    /// The system refused to watch the process.
    #[error("the parse process could not be watched ({0}): it was ended; try again")]
    Watch(io::Error),
}

/// Runs one task in a child of its own.
///
/// `exe` is started as `exe __parse` with an empty environment. `stop` is asked at least every
/// 200 ms; when it says true the child is killed and the outcome is [`Ended::Stopped`]. Blocks until
/// the child is gone.
///
/// ```no_run
/// use parse::{Budget, Finding, MemberHead, MemberTail, Sink, SinkError, Task};
///
/// /// Prints what is inside.
/// struct Printer;
/// impl Sink for Printer {
///     fn begin(&mut self, head: &MemberHead) -> Result<(), SinkError> {
///         println!("{} {:?} at {}", head.id, head.name.text, head.offset);
///         Ok(())
///     }
///     fn data(&mut self, _id: u32, _bytes: &[u8]) -> Result<(), SinkError> { Ok(()) }
///     fn end(&mut self, _tail: &MemberTail) -> Result<(), SinkError> { Ok(()) }
///     fn abandon(&mut self, _id: u32, _reason: &str) {}
///     fn finding(&mut self, finding: &Finding) { println!("{}", finding.text) }
///     fn selectors(&mut self, _values: Vec<serde_json::Value>) -> Result<(), SinkError> { Ok(()) }
/// }
///
/// let mut source = std::fs::File::open("exhibit.warc.gz")?;
/// let task = Task::Unpack { name: "exhibit.warc.gz".into() };
/// let exe = std::env::current_exe()?;
/// let outcome = parse::run(&exe, &task, &Budget::default(), &mut source, &mut Printer, &|| false)?;
/// println!("{} records, {} rejected", outcome.summary.records_in, outcome.summary.rejected_count);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Only faults of the house: the program, the disk, the sink. A crash, a time-out, a bomb or a lie
/// of the child is an [`Outcome`] with a finding.
pub fn run(
    exe: &Path,
    task: &Task,
    budget: &Budget,
    source: &mut dyn Source,
    sink: &mut dyn Sink,
    stop: &dyn Fn() -> bool,
) -> Result<Outcome, ParseError> {
    let order = Order { task: task.clone(), budget: budget.clone(), source_len: source.len() };
    let mut wire = Wire::start(exe, budget)?;
    wire.send(&Reply::Order(Box::new(order.clone())));
    let mut guard = Guard::new(&order, sink);
    let watch = Watch::new(budget.wall_ms, stop);
    let turn = converse(&mut wire, &mut guard, source, &watch);
    let status = wire.finish(matches!(turn, Ok(Turn::Closed)));
    let ended = conclude(turn?, status.map_err(ParseError::Watch)?, &wire, &guard);
    Ok(outcome(ended, guard, wire.peak_rss_anon))
}

fn outcome(ended: Ended, mut guard: Guard<'_>, peak_rss_anon: u64) -> Outcome {
    if let Some((kind, text)) = end_finding(&ended) {
        guard.abandon_open(&text);
        guard.note_end(kind, text);
    }
    Outcome {
        cage: guard.cage.unwrap_or_else(CageReport::unknown),
        ended,
        summary: guard.summary,
        findings: guard.findings,
        probe: guard.probe,
        peak_rss_anon,
    }
}

/// Why the conversation is over.
enum Turn {
    /// The child closed its side.
    Closed,
    Stopped,
    TimeOut,
    Hostile(String),
}

struct Watch<'a> {
    deadline: Instant,
    stop: &'a dyn Fn() -> bool,
    looked: std::cell::Cell<Instant>,
}

impl<'a> Watch<'a> {
    fn new(wall_ms: u64, stop: &'a dyn Fn() -> bool) -> Self {
        let now = Instant::now();
        let far = now + Duration::from_secs(10 * 365 * 86_400);
        let deadline = now.checked_add(Duration::from_millis(wall_ms)).unwrap_or(far);
        Watch { deadline, stop, looked: std::cell::Cell::new(now) }
    }

    /// Looks at the clock and at `stop`, at most every tick.
    fn call(&self, wire: &mut Wire) -> Option<Turn> {
        let now = Instant::now();
        if now.duration_since(self.looked.get()) < TICK {
            return None;
        }
        self.looked.set(now);
        wire.look_at_memory();
        match () {
            () if (self.stop)() => Some(Turn::Stopped),
            () if now >= self.deadline => Some(Turn::TimeOut),
            () => None,
        }
    }
}

fn converse(
    wire: &mut Wire,
    guard: &mut Guard<'_>,
    source: &mut dyn Source,
    watch: &Watch<'_>,
) -> Result<Turn, ParseError> {
    loop {
        if let Some(turn) = watch.call(wire) {
            return Ok(turn);
        }
        let step = match wire.next_frame() {
            Ok(Some((kind, body))) => take_frame(kind, &body, wire, guard, source)?,
            Ok(None) if wire.closed => Some(Turn::Closed),
            Ok(None) => {
                wire.pump().map_err(ParseError::Watch)?;
                None
            }
            Err(broken) => Some(Turn::Hostile(broken)),
        };
        if let Some(turn) = step {
            return Ok(turn);
        }
    }
}

fn take_frame(
    kind: u8,
    body: &[u8],
    wire: &mut Wire,
    guard: &mut Guard<'_>,
    source: &mut dyn Source,
) -> Result<Option<Turn>, ParseError> {
    let report = match Report::decode(kind, body) {
        Ok(report) => report,
        Err(broken) => return Ok(Some(Turn::Hostile(broken))),
    };
    let wanted = match report {
        Report::Read { offset, length } => Some((offset, length)),
        _ => None,
    };
    match guard.accept(report) {
        Err(Refusal::Hostile(broken)) => return Ok(Some(Turn::Hostile(broken))),
        Err(Refusal::Sink(error)) => return Err(ParseError::Sink(error)),
        Ok(()) => {}
    }
    if let Some((offset, length)) = wanted {
        if wire.owes_bytes() {
            return Ok(Some(Turn::Hostile("a read before the last was answered".into())));
        }
        let bytes = read_source(source, offset, length).map_err(ParseError::Source)?;
        wire.send(&Reply::Bytes(bytes));
    }
    Ok(None)
}

/// Reads until the buffer is full or the source ends.
fn read_source(source: &mut dyn Source, offset: u64, length: u32) -> io::Result<Vec<u8>> {
    let left = source.len().saturating_sub(offset);
    let mut bytes = vec![0; usize::try_from(left.min(u64::from(length))).expect("bounded by the read size")];
    let mut filled = 0;
    while filled < bytes.len() {
        match source.read_at(offset + filled as u64, &mut bytes[filled..])? {
            0 => {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the stored bytes are shorter than recorded"));
            }
            count => filled += count.min(bytes.len() - filled),
        }
    }
    Ok(bytes)
}

fn conclude(turn: Turn, status: ExitStatus, wire: &Wire, guard: &Guard<'_>) -> Ended {
    match (turn, &guard.closing) {
        (Turn::Stopped, _) => Ended::Stopped,
        (Turn::TimeOut, _) => Ended::TimeOut,
        (Turn::Hostile(broken), _) => Ended::Hostile(broken),
        (Turn::Closed, Some(closing)) => closing.limit.clone().map_or(Ended::Done, Ended::Limit),
        (Turn::Closed, None) => cause_of_death(status, &wire.complaint),
    }
}

fn cause_of_death(status: ExitStatus, complaint: &[u8]) -> Ended {
    let said = |words: &[u8]| memchr::memmem::find(complaint, words).is_some();
    match status.signal() {
        _ if said(b"memory allocation of") => Ended::Memory,
        Some(libc::SIGXCPU) => Ended::TimeOut,
        // The kernel sends KILL at the hard limit of CPU time, and when the machine is out of memory.
        Some(libc::SIGKILL) => Ended::Crash("killed by the system: CPU time or memory of the machine used up".into()),
        Some(libc::SIGSYS) => Ended::Hostile("it tried a system call that its cage forbids".into()),
        Some(signal) => Ended::Crash(format!("signal {signal}{}", fault_place(complaint))),
        None => Ended::Crash(format!("exit code {}{}", status.code().unwrap_or(-1), fault_place(complaint))),
    }
}

/// `file:line` of a panic; the message itself may quote a stranger's bytes and is not kept.
fn fault_place(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    let place = text.split("panicked at ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let plain = |place: &&str| place.len() < 120 && place.bytes().all(|b| b.is_ascii_graphic());
    place.filter(plain).map_or_else(String::new, |place| format!(" at {}", place.trim_end_matches(':')))
}

fn end_finding(ended: &Ended) -> Option<(FindingKind, String)> {
    let saved = "what was finished before is kept";
    match ended {
        Ended::Done => None,
        Ended::Limit(limit) => Some((FindingKind::Limit, format!("reading stopped at a bound: {limit}; {saved}"))),
        Ended::Stopped => Some((FindingKind::Note, format!("reading was stopped from outside; {saved}"))),
        Ended::TimeOut => Some((FindingKind::TimeOut, format!("reading took longer than the budget allows; {saved}"))),
        Ended::Memory => {
            Some((FindingKind::Memory, format!("reading needed more memory than the budget allows; {saved}")))
        }
        Ended::Crash(why) => Some((FindingKind::Crash, format!("the parse process ended by a fault ({why}); {saved}"))),
        Ended::Hostile(why) => {
            Some((FindingKind::Hostile, format!("the parse process broke its rules ({why}) and was ended; {saved}")))
        }
    }
}

/// The child and its pipes.
struct Wire {
    child: Child,
    to_child: Option<ChildStdin>,
    from_child: ChildStdout,
    complaints: Option<ChildStderr>,
    incoming: Vec<u8>,
    read_from: usize,
    outgoing: Vec<u8>,
    sent: usize,
    complaint: Vec<u8>,
    closed: bool,
    peak_rss_anon: u64,
}

impl Wire {
    fn start(exe: &Path, budget: &Budget) -> Result<Self, ParseError> {
        // The child runs in the root folder, where a relative path would mean something else.
        let exe = std::path::absolute(exe).map_err(ParseError::Spawn)?;
        let mut child = Command::new(exe)
            .arg(crate::CHILD_ARGUMENT)
            .env_clear()
            .env(crate::child::MEMORY_VARIABLE, budget.memory_bytes.to_string())
            .env(crate::child::CPU_VARIABLE, budget.cpu_s.to_string())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(ParseError::Spawn)?;
        let to_child = child.stdin.take();
        let from_child = child.stdout.take().expect("stdout was asked for as a pipe");
        let complaints = child.stderr.take();
        let mut wire = Wire {
            child,
            to_child,
            from_child,
            complaints,
            incoming: Vec::new(),
            read_from: 0,
            outgoing: Vec::new(),
            sent: 0,
            complaint: Vec::new(),
            closed: false,
            peak_rss_anon: 0,
        };
        match wire.never_block() {
            Ok(()) => Ok(wire),
            Err(error) => {
                wire.kill();
                Err(ParseError::Watch(error))
            }
        }
    }

    fn never_block(&self) -> io::Result<()> {
        unblock(self.from_child.as_fd())?;
        self.to_child.as_ref().map_or(Ok(()), |pipe| unblock(pipe.as_fd()))?;
        self.complaints.as_ref().map_or(Ok(()), |pipe| unblock(pipe.as_fd()))
    }

    fn send(&mut self, reply: &Reply) {
        self.outgoing.extend_from_slice(&reply.encode());
        self.write_some();
    }

    fn owes_bytes(&self) -> bool {
        self.sent < self.outgoing.len()
    }

    /// The next whole frame that has arrived.
    fn next_frame(&mut self) -> Result<Option<(u8, Vec<u8>)>, String> {
        let waiting = &self.incoming[self.read_from..];
        let Some((head, rest)) = waiting.split_first_chunk::<HEAD>() else { return Ok(None) };
        let [kind, length @ ..] = *head;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_BODY {
            return Err("a frame larger than allowed".into());
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let body = body.to_vec();
        self.read_from += HEAD + length;
        if self.read_from == self.incoming.len() {
            self.incoming.clear();
            self.read_from = 0;
        }
        Ok(Some((kind, body)))
    }

    /// Waits at most one tick for either pipe and moves what can be moved.
    fn pump(&mut self) -> io::Result<()> {
        self.wait()?;
        self.write_some();
        self.read_complaints();
        self.incoming.drain(..self.read_from);
        self.read_from = 0;
        let before = self.incoming.len();
        self.incoming.resize(before + (256 << 10), 0);
        let count = match self.from_child.read(&mut self.incoming[before..]) {
            Ok(0) => {
                self.closed = true;
                0
            }
            Ok(count) => count,
            Err(error) if retry(&error) => 0,
            Err(error) => return Err(error),
        };
        self.incoming.truncate(before + count);
        Ok(())
    }

    fn wait(&self) -> io::Result<()> {
        let mut pipes = vec![PollFd::new(&self.from_child, PollFlags::IN)];
        if let (Some(pipe), true) = (&self.to_child, self.owes_bytes()) {
            pipes.push(PollFd::new(pipe, PollFlags::OUT));
        }
        let tick = Timespec { tv_sec: 0, tv_nsec: i64::from(TICK.subsec_nanos()) };
        match poll(&mut pipes, Some(&tick)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn write_some(&mut self) {
        while self.sent < self.outgoing.len() {
            let Some(pipe) = &mut self.to_child else { return };
            match pipe.write(&self.outgoing[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if retry(&error) => return,
                // The child is gone or closed its side; reading will tell.
                Err(_) => self.to_child = None,
            }
        }
        self.outgoing.clear();
        self.sent = 0;
    }

    fn read_complaints(&mut self) {
        let mut piece = [0; 1024];
        let Some(pipe) = &mut self.complaints else { return };
        while let Ok(count @ 1..) = pipe.read(&mut piece) {
            let room = COMPLAINT_BYTES.saturating_sub(self.complaint.len());
            self.complaint.extend_from_slice(&piece[..count.min(room)]);
            if room == 0 {
                self.complaints = None;
                return;
            }
        }
    }

    fn look_at_memory(&mut self) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        self.peak_rss_anon = self.peak_rss_anon.max(kib.unwrap_or(0) << 10);
    }

    /// Waits for a child that closed its side (a second at most), kills any other.
    fn finish(&mut self, closed: bool) -> io::Result<ExitStatus> {
        let patience = Instant::now() + Duration::from_secs(1);
        self.to_child = None;
        while closed && Instant::now() < patience {
            self.read_complaints();
            if let Some(status) = self.child.try_wait()? {
                self.read_complaints();
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.kill();
        self.child.wait()
    }

    fn kill(&mut self) {
        // It can only fail when the child is already gone.
        let _gone = self.child.kill();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.kill();
        let _gone = self.child.wait();
    }
}

fn unblock(pipe: std::os::fd::BorrowedFd<'_>) -> io::Result<()> {
    Ok(fcntl_setfl(pipe, fcntl_getfl(pipe)? | OFlags::NONBLOCK)?)
}

fn retry(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
