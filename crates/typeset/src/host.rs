//! The parent's side: starts the child, bounds its time and its answer, believes nothing it did not check.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::cage::Cage;
use crate::child::CHILD_ARGUMENT;
use crate::words::{Head, Outcome, Refusal, Request};

/// What one paper may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest wait, wall clock.
    pub timeout: Duration,
    /// Most address space of the child, in bytes.
    pub memory_bytes: u64,
    /// Most processor time of the child, in seconds.
    pub cpu_seconds: u64,
    /// Largest answer that is read, in bytes.
    pub answer_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { timeout: Duration::from_secs(120), memory_bytes: 3 << 30, cpu_seconds: 60, answer_bytes: 256 << 20 }
    }
}

/// Starts the child for each paper.
#[derive(Debug, Clone)]
pub struct Typesetter {
    /// The executable that runs [`crate::child_main`] when its first argument is [`CHILD_ARGUMENT`].
    pub exe: PathBuf,
    /// What one paper may cost.
    pub limits: Limits,
}

/// A finished paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typeset {
    /// The PDF/A-2b file.
    pub pdf: Vec<u8>,
    /// The text read back out of `pdf`; pages end with a form feed, page furniture (head and foot) left out.
    pub text: String,
    /// Number of pages.
    pub pages: u32,
    /// The guards the child had.
    pub cage: Cage,
    /// What typst warned of.
    pub warnings: Vec<String>,
    /// Code points that no shipped font can show, printed as `[U+1F600]`.
    pub replaced: Vec<String>,
}

/// Why there is no paper.
#[derive(Debug, thiserror::Error)]
pub enum TypesetError {
    /// The child could not be started.
    #[error("the typesetting child {exe:?} could not be started ({source}): check that the program file is there and may be run")]
    Start {
        /// The executable.
        exe: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The child took too long.
    #[error("the typesetting child did not finish in {0} s and was stopped: make the report shorter or split it")]
    TimedOut(u64),
    /// The child died: out of memory or processor time, or a fault.
    #[error("the typesetting child stopped without an answer ({status}; {said:?}): make the report shorter; if it happens again, tell the maintainers")]
    Died {
        /// Exit code or signal.
        status: ExitStatus,
        /// The end of what it wrote to standard error.
        said: String,
    },
    /// The answer is not of the agreed form.
    #[error("the typesetting child's answer cannot be used ({0}): the program file may be damaged, install it again")]
    Answer(String),
    /// The child refused.
    #[error("no paper was made: {refusal}")]
    Refused {
        /// Its reason.
        refusal: Refusal,
        /// The guards it had.
        cage: Cage,
    },
}

impl Typesetter {
    /// With the default limits.
    pub fn new(exe: impl Into<PathBuf>) -> Self {
        Typesetter { exe: exe.into(), limits: Limits::default() }
    }

    /// Sets one paper. Blocks until the child has answered or a limit is reached.
    ///
    /// # Errors
    /// [`TypesetError`], whose text says what to do next.
    pub fn pdf(&self, request: &Request) -> Result<Typeset, TypesetError> {
        let bytes = serde_json::to_vec(request).map_err(|error| TypesetError::Answer(error.to_string()))?;
        let mut child = self.start()?;
        let stdin = child.stdin.take().expect("stdin was piped");
        let stdout = child.stdout.take().expect("stdout was piped");
        let stderr = child.stderr.take().expect("stderr was piped");
        let most = self.limits.answer_bytes;
        std::thread::scope(|scope| {
            // A child that dies early closes the pipe; what it said tells more than the broken pipe.
            scope.spawn(move || feed(stdin, &bytes));
            let answer = scope.spawn(move || read_answer(stdout, most));
            let said = scope.spawn(move || read_said(stderr));
            let status = wait(&mut child, self.limits.timeout);
            let said = said.join().unwrap_or_default();
            let answer = answer.join().unwrap_or_else(|_| Err("reading it failed".to_string()));
            judge(status?, answer, said)
        })
    }

    fn start(&self) -> Result<Child, TypesetError> {
        let mut command = Command::new(&self.exe);
        command
            .arg(CHILD_ARGUMENT)
            .arg(self.limits.memory_bytes.to_string())
            .arg(self.limits.cpu_seconds.to_string())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().map_err(|source| TypesetError::Start { exe: self.exe.clone(), source })
    }
}

fn feed(mut stdin: impl Write, bytes: &[u8]) {
    let _ = stdin.write_all(bytes);
}

fn read_said(stderr: impl Read) -> String {
    let mut said = Vec::new();
    let _ = stderr.take(4096).read_to_end(&mut said);
    String::from_utf8_lossy(&said).trim().to_string()
}

fn wait(child: &mut Child, timeout: Duration) -> Result<ExitStatus, TypesetError> {
    let until = Instant::now() + timeout;
    let lost = |error: std::io::Error| TypesetError::Answer(format!("it could not be waited for: {error}"));
    loop {
        if let Some(status) = child.try_wait().map_err(lost)? {
            return Ok(status);
        }
        if Instant::now() >= until {
            child.kill().map_err(lost)?;
            child.wait().map_err(lost)?;
            return Err(TypesetError::TimedOut(timeout.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

type Answer = (Head, Vec<u8>, String);

fn read_answer(stdout: impl Read, most: u64) -> Result<Answer, String> {
    let mut from = BufReader::new(stdout.take(most));
    let mut line = String::new();
    from.read_line(&mut line).map_err(|error| error.to_string())?;
    let head: Head = serde_json::from_str(&line).map_err(|error| format!("its first line: {error}"))?;
    let mut rest = Vec::new();
    from.read_to_end(&mut rest).map_err(|error| error.to_string())?;
    let Outcome::Set { pdf_bytes, text_bytes, .. } = &head.outcome else {
        return Ok((head, Vec::new(), String::new()));
    };
    if pdf_bytes.checked_add(*text_bytes) != Some(rest.len() as u64) {
        return Err("it is shorter or longer than it says".to_string());
    }
    let at = usize::try_from(*pdf_bytes).map_err(|error| error.to_string())?;
    let text = String::from_utf8(rest.split_off(at)).map_err(|error| error.to_string())?;
    Ok((head, rest, text))
}

fn judge(status: ExitStatus, answer: Result<Answer, String>, said: String) -> Result<Typeset, TypesetError> {
    if !status.success() {
        return Err(TypesetError::Died { status, said });
    }
    let (Head { cage, outcome }, pdf, text) = answer.map_err(TypesetError::Answer)?;
    match outcome {
        Outcome::Refused(refusal) => Err(TypesetError::Refused { refusal, cage }),
        Outcome::Set { pages, warnings, replaced, .. } => Ok(Typeset { pdf, text, pages, cage, warnings, replaced }),
    }
}
