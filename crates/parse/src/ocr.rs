//! Debian's `tesseract`, run in walls of its own: the grey points of one picture go in through a pipe, a table of words
//! comes out through another. It never sees the stranger's file: our own child decoded that, and a PGM file of three
//! numbers and points is all that the program has to parse (law 14).
//!
//! Two halves, as in [`crate::host`] and [`crate::child_main`]. [`ocr_main`] runs as `exe __ocr …`: it shuts itself in and then
//! becomes the program. Landlock lets it read its program, the system's libraries and its language data, and write
//! nowhere; seccomp refuses sockets, new processes and the doors to other ones; memory, time and files are limited. The
//! host gives bytes, takes at most [`MOST_TABLE`] of them back, and ends it when time is up or somebody says stop.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use landlock::{ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope};
use seccompiler::{SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use crate::cage::{self, Cage};

/// The hidden argument under which the product's executable becomes the program.
pub const OCR_ARGUMENT: &str = "__ocr";
/// Bytes of one table of words.
pub const MOST_TABLE: usize = 16 << 20;
/// The languages that are looked for, as the program names them.
pub const LANGUAGES: [&str; 6] = ["lao", "tha", "khm", "mya", "rus", "eng"];
/// The packages that have the program and its languages.
pub const PACKAGES: &str = "tesseract-ocr tesseract-ocr-lao tesseract-ocr-tha tesseract-ocr-khm tesseract-ocr-mya tesseract-ocr-rus tesseract-ocr-eng";
/// How pages are cut, which stands in the records: automatic, no turning of the page.
pub const CONFIGURATION: &str = "--psm 3 -c tessedit_create_tsv=1 OMP_THREAD_LIMIT=1";

const DATA: [&str; 3] = ["/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata", "/usr/share/tessdata"];
const LIBRARIES: [&str; 6] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"];
/// Address space above what this executable itself occupies.
const MEMORY: u64 = 2 << 30;
const CPU_S: u64 = 120;
const WALL: Duration = Duration::from_secs(180);
const TICK: Duration = Duration::from_millis(20);

/// The program and its data on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The program, links resolved.
    pub program: PathBuf,
    /// The folder of its language data.
    pub data: PathBuf,
    /// Those of [`LANGUAGES`] that are there.
    pub languages: Vec<String>,
}

/// Looks for the program in the path of this process and for its data where Debian puts them; none when either is
/// missing.
pub fn find() -> Option<Installed> {
    let path = std::env::var_os("PATH")?;
    let program = std::env::split_paths(&path).map(|folder| folder.join("tesseract")).find(|file| file.is_file())?;
    let data = DATA.iter().map(PathBuf::from).find(|folder| folder.is_dir())?;
    let languages: Vec<String> = LANGUAGES.iter().filter(|name| data_of(&data, name).is_file()).map(ToString::to_string).collect();
    (!languages.is_empty()).then_some(())?;
    Some(Installed { program: program.canonicalize().ok()?, data, languages })
}

/// The file of one language.
pub fn data_of(data: &Path, language: &str) -> PathBuf {
    data.join(format!("{language}.traineddata"))
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Tab-separated words; a stranger's picture decides what stands in it.
    pub bytes: Vec<u8>,
    /// The walls: `landlock+seccomp` … `uncaged`.
    pub cage: String,
}

/// Why nothing came out.
#[derive(Debug, thiserror::Error)]
pub enum OcrError {
    /// It could not be started.
    #[error("tesseract could not be started: {0}")]
    Spawn(std::io::Error),
    /// The host's `stop` said so.
    #[error("it was stopped")]
    Stopped,
    /// The wall clock ran out.
    #[error("it took too long")]
    TimeOut,
    /// More came out than is read.
    #[error("more words came out than are read")]
    TooMuch,
    /// It was not started, because what would stand around it is too little.
    #[error("tesseract was not started: it would run without seccomp (its walls: {0})")]
    Walls(String),
    /// It ended badly.
    #[error("tesseract ended without an answer ({0})")]
    Failed(String),
}

/// Reads the words in the points of one picture, a PGM file. `exe` is started as `exe __ocr …`.
///
/// # Errors
/// See [`OcrError`]; none of them concerns any other picture.
pub fn read(exe: &Path, installed: &Installed, languages: &[String], points: Vec<u8>, stop: &dyn Fn() -> bool) -> Result<Table, OcrError> {
    run(exe, installed, &languages.join("+"), points, stop)
}

/// The first line of what the program says of its version.
///
/// # Errors
/// As [`read`].
pub fn version(exe: &Path, installed: &Installed) -> Result<String, OcrError> {
    let table = run(exe, installed, "", Vec::new(), &|| false)?;
    let said = String::from_utf8_lossy(&table.bytes);
    let line: String = said.lines().next().unwrap_or_default().chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(80).collect();
    if line.is_empty() { Err(OcrError::Failed("it does not say its version".into())) } else { Ok(line) }
}

fn run(exe: &Path, installed: &Installed, languages: &str, points: Vec<u8>, stop: &dyn Fn() -> bool) -> Result<Table, OcrError> {
    let exe = std::path::absolute(exe).map_err(OcrError::Spawn)?;
    let mut child = Command::new(exe)
        .arg(OCR_ARGUMENT)
        .args([&installed.program, &installed.data])
        .arg(languages)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(OcrError::Spawn)?;
    let (mut to, from, said) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (done, ended) = mpsc::channel();
    // A program that reads slowly, or writes while it reads, must not stop this process: each pipe has its thread.
    std::thread::spawn(move || drop(to.as_mut().map(|pipe| pipe.write_all(&points))));
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = from.map(|pipe| pipe.take(MOST_TABLE as u64 + 1).read_to_end(&mut bytes));
        let _nobody_waits = done.send(read.and_then(Result::ok).map(|_| bytes));
    });
    let (told, words) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let _cut = said.map(|pipe| pipe.take(4096).read_to_end(&mut text));
        let _nobody_waits = told.send(text);
    });
    let begun = Instant::now();
    let bytes = loop {
        match ended.recv_timeout(TICK) {
            Ok(bytes) => break Ok(bytes.unwrap_or_default()),
            Err(mpsc::RecvTimeoutError::Disconnected) => break Ok(Vec::new()),
            Err(mpsc::RecvTimeoutError::Timeout) if stop() => break Err(OcrError::Stopped),
            Err(mpsc::RecvTimeoutError::Timeout) if begun.elapsed() > WALL => break Err(OcrError::TimeOut),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    };
    let too_much = bytes.as_ref().is_ok_and(|bytes| bytes.len() > MOST_TABLE);
    if bytes.is_err() || too_much {
        // It can only fail when the child is already gone.
        let _gone = child.kill();
    }
    let status = child.wait().map_err(OcrError::Spawn)?;
    let bytes = bytes?;
    let said = words.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    if too_much {
        return Err(OcrError::TooMuch);
    }
    let told = said.lines().next().and_then(|line| line.strip_prefix(CAGE));
    if let Some(walls) = told.filter(|walls| status.code() == Some(NOT_BEGUN) && !has_seccomp(Cage::of_name(walls))) {
        return Err(OcrError::Walls(walls.to_string()));
    }
    if !status.success() {
        return Err(OcrError::Failed(format!("{status}")));
    }
    Ok(Table { bytes, cage: told.unwrap_or("uncaged").to_string() })
}

/// Before the name of the walls, on the child's standard error.
const CAGE: &str = "lanternfish-walls: ";

/// How the child ends when the program was not begun.
const NOT_BEGUN: i32 = 3;

fn has_seccomp(walls: Cage) -> bool {
    matches!(walls, Cage::LandlockAndSeccomp | Cage::Seccomp)
}

/// Shuts this process in and becomes the program; returns only when that failed. Without seccomp it does not begin: the
/// program would have sockets and other processes in its reach.
pub fn ocr_main() -> i32 {
    let words: Vec<_> = std::env::args_os().skip(2).collect();
    let [program, data, languages] = &words[..] else { return 2 };
    cage::close_inherited();
    let mut gaps = Vec::new();
    cage::set_process_flags(true, &mut gaps);
    cage::set_limits(true, &cage::Bounds { memory_bytes: MEMORY, cpu_s: CPU_S }, &mut gaps);
    cage::set_limit("descriptors", rustix::process::Resource::Nofile, 64, &mut gaps);
    let landlock = landlock(Path::new(program), Path::new(data)).is_some_and(|status| status != RulesetStatus::NotEnforced);
    let seccomp = seccomp().is_ok();
    let walls = cage::named(landlock, seccomp);
    eprintln!("{CAGE}{}", walls.name());
    if !has_seccomp(walls) {
        return NOT_BEGUN;
    }
    let mut command = Command::new(program);
    command.env_clear().env("OMP_THREAD_LIMIT", "1").env("TESSDATA_PREFIX", data);
    if languages.is_empty() {
        command.arg("--version");
    } else {
        command.args(["stdin", "stdout", "--psm", "3", "-c", "tessedit_create_tsv=1", "-l"]).arg(languages);
    }
    let _failed = command.exec();
    NOT_BEGUN
}

/// Its program and the libraries may be read and run, its data read; nothing may be written.
fn landlock(program: &Path, data: &Path) -> Option<RulesetStatus> {
    let run: BitFlags<AccessFs> = AccessFs::Execute | AccessFs::ReadFile | AccessFs::ReadDir;
    let look: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let abi = ABI::V6;
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(abi)))
        .and_then(|rules| rules.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .ok()?;
    let places = LIBRARIES.iter().map(|place| (Path::new(*place), run)).chain([(program, run), (data, look)]);
    for (place, access) in places {
        let Ok(folder) = PathFd::new(place) else { continue };
        let access = if place.is_dir() { access } else { access & AccessFs::from_file(abi) };
        rules = rules.add_rule(PathBeneath::new(folder, access)).ok()?;
    }
    rules.restrict_self().ok().map(|status| status.ruleset)
}

/// What leads out of a process that computes.
const REFUSED: &[i64] = &[
    libc::SYS_socket, libc::SYS_socketpair, libc::SYS_connect, libc::SYS_bind, libc::SYS_listen, libc::SYS_accept4, libc::SYS_sendto,
    libc::SYS_sendmsg, libc::SYS_sendmmsg, libc::SYS_recvfrom, libc::SYS_recvmsg, libc::SYS_ptrace, libc::SYS_process_vm_readv, libc::SYS_process_vm_writev,
    libc::SYS_kill, libc::SYS_tkill, libc::SYS_pidfd_open, libc::SYS_pidfd_send_signal, libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_request_key, libc::SYS_bpf,
    libc::SYS_perf_event_open, libc::SYS_userfaultfd, libc::SYS_io_uring_setup, libc::SYS_memfd_create, libc::SYS_execveat, libc::SYS_unshare,
    libc::SYS_setns, libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root, libc::SYS_chroot, libc::SYS_name_to_handle_at, libc::SYS_open_by_handle_at,
    #[cfg(target_arch = "x86_64")] libc::SYS_fork,
    #[cfg(target_arch = "x86_64")] libc::SYS_vfork,
];

fn seccomp() -> Result<(), String> {
    let errno = |code: i32| SeccompAction::Errno(code.unsigned_abs());
    let mut refused: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    // A thread of its own, never a process.
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    let process = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(thread), 0).map_err(|e| e.to_string())?;
    refused.insert(libc::SYS_clone, vec![SeccompRule::new(vec![process]).map_err(|e| e.to_string())?]);
    cage::install([(libc::SYS_clone3, Vec::new())].into(), SeccompAction::Allow, errno(libc::ENOSYS))?;
    cage::install(refused, SeccompAction::Allow, errno(libc::EPERM))
}
