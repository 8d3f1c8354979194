//! lanternfish: lawful work on the darknet, from authority to a package that a stranger can verify.
//!
//! This file only decides which program this process is: one of the caged children, or the command
//! line. A child is entered before anything else happens, because its cage closes what is open.

mod args;
mod bulk;
mod demo;
mod files;
mod folder;
mod in_short;
mod output;
mod passphrase;
mod rows;
mod scan;
mod stamps;
mod verbs;
mod witness;

use std::process::ExitCode;

fn main() -> ExitCode {
    let first = std::env::args_os().nth(1);
    let code = match first.as_deref().and_then(|word| word.to_str()) {
        Some("__parse") => parse::child_main(scan::for_child),
        Some("__ocr") => parse::ocr_main(),
        Some("__collect") => collect::child_main(),
        Some("__browser") => collect::browser_main(),
        Some("__tor") => collect::keeper_main(),
        Some("__names") => verbs::names_main(),
        Some("__typeset") => typeset::child_main(),
        Some("__witness") => witness::child_main(),
        Some(bulk::CHILD_ARGUMENT) => bulk::child_main(),
        Some("__stamp") => stamps::child_main(),
        _ => verbs::main(),
    };
    ExitCode::from(u8::try_from(code).unwrap_or(3))
}
