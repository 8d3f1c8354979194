//! `lanternfish-verify PACKAGE --anchors DIR`: checks a package with nothing but the package and the
//! reader's own anchors. It connects to nothing, writes nothing, reads no clock, and knows neither the
//! store nor the desk. Exit 0 sound, 1 broken, 2 cannot be fully checked (also: wrong use).

mod arguments;
mod words;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
};

use arguments::Task;
use seal::check::{Asked, Progress, verify_with};

fn main() -> ExitCode {
    match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Task::Help) => tell(words::HELP, 0),
        Ok(Task::Version) => tell(concat!("lanternfish-verify ", env!("CARGO_PKG_VERSION"), "\n"), 0),
        Ok(Task::Check(request)) => check(&request),
        Err(reason) => {
            let _ = writeln!(io::stderr(), "{reason}\n\n{}", words::USAGE);
            ExitCode::from(2)
        }
    }
}

fn check(request: &arguments::Request) -> ExitCode {
    let bar = Bar::new(!request.json && io::stderr().is_terminal());
    let verdict = verify_with(&request.package, &asked(request), &|progress| bar.show(progress));
    bar.end();
    let text = if request.json { words::json(&verdict) } else { words::plain(&verdict, &request.package, request.brief) };
    tell(&text, verdict.exit_code)
}

fn asked(request: &arguments::Request) -> Asked<'_> {
    Asked { anchors: request.anchors.as_deref(), revealed: request.revealed.as_deref(), renewals: request.renewals.as_deref(), at: request.at }
}

/// A reader that closed the pipe has seen enough: the exit code still stands.
fn tell(text: &str, code: u8) -> ExitCode {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    ExitCode::from(code)
}

/// Percent of the payload on a terminal's stderr.
struct Bar {
    visible: bool,
    shown: AtomicU64,
}

impl Bar {
    fn new(visible: bool) -> Self {
        Bar { visible, shown: AtomicU64::new(0) }
    }

    fn show(&self, progress: Progress) {
        if !self.visible || progress.total == 0 {
            return;
        }
        let percent = (u128::from(progress.done) * 100 / u128::from(progress.total)).min(100) as u64;
        if self.shown.fetch_max(percent, Ordering::Relaxed) < percent {
            let _ = write!(io::stderr(), "\rhashing {percent} %");
        }
    }

    fn end(&self) {
        if self.shown.load(Ordering::Relaxed) > 0 {
            let _ = write!(io::stderr(), "\r             \r");
        }
    }
}
