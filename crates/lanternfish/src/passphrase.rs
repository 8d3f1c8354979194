//! Where a passphrase comes from: the terminal, without echo; a file; or standard input (`-`). It is never
//! an argument, which every process of the machine could read. What makes a good one is decided by `store`.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use desk::DeskError;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::output::{complain, listener};

/// Asked once where one is opened, twice where one is made: a slip of the finger would lose the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It exists already.
    Once,
    /// It is being made.
    Twice,
}

/// The passphrase from `file` (`-` is standard input), or from the terminal when there is none.
pub fn get(file: Option<&Path>, what: &str, asked: Asked) -> Result<String, DeskError> {
    let passphrase = match file {
        _ if listener().is_some() => listener().and_then(|page| page.typed()).unwrap_or_default(),
        None => from_terminal(what, asked)?,
        Some(file) if file == Path::new("-") => first_line(&mut std::io::stdin().lock())?,
        Some(file) => from_file(file)?,
    };
    if passphrase.is_empty() {
        return Err(DeskError::input("the passphrase is empty"));
    }
    Ok(passphrase)
}

/// A code that is good once, from the terminal; none when there is no terminal to ask on.
pub fn code(what: &str) -> Option<String> {
    let terminal = File::options().read(true).write(true).open("/dev/tty").ok()?;
    ask(&terminal, &format!("{what}: ")).ok()
}

fn from_file(file: &Path) -> Result<String, DeskError> {
    let trouble = |e: std::io::Error| DeskError::input(format!("the passphrase file {}: {e}", file.display()));
    let about = fs::metadata(file).map_err(trouble)?;
    if about.is_file() && about.permissions().mode() & 0o077 != 0 {
        complain(format!("warning: others on this machine can read the passphrase file {0}: run `chmod 600 {0}`", file.display()));
    }
    first_line(&mut BufReader::new(File::open(file).map_err(trouble)?))
}

fn first_line(input: &mut impl BufRead) -> Result<String, DeskError> {
    let mut line = String::new();
    input.read_line(&mut line).map_err(|e| DeskError::input(format!("the passphrase cannot be read: {e}")))?;
    Ok(line.trim_end_matches(['\n', '\r']).to_string())
}

fn from_terminal(what: &str, asked: Asked) -> Result<String, DeskError> {
    let no_terminal = |_| DeskError::input("there is no terminal to ask for the passphrase on: name a file with --passphrase-file FILE, or - for standard input");
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(no_terminal)?;
    let first = ask(&terminal, &format!("{what}: "))?;
    if asked == Asked::Twice && ask(&terminal, "the same again: ")? != first {
        return Err(DeskError::input("the two passphrases differ: nothing was made; try again"));
    }
    Ok(first)
}

/// One question without echo.
fn ask(terminal: &File, question: &str) -> Result<String, DeskError> {
    let trouble = |e: std::io::Error| DeskError::environment("asking for the passphrase", &e);
    let mut screen = terminal;
    write!(screen, "{question}").and_then(|()| screen.flush()).map_err(trouble)?;
    let silence = Silence::on(terminal).map_err(trouble)?;
    let line = first_line(&mut BufReader::with_capacity(1, terminal));
    drop(silence);
    writeln!(screen).map_err(trouble)?;
    line
}

/// The terminal without echo, until it is dropped.
struct Silence<'a> {
    terminal: &'a File,
    before: Termios,
}

impl Silence<'_> {
    fn on(terminal: &File) -> std::io::Result<Silence<'_>> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Silence { terminal, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}
