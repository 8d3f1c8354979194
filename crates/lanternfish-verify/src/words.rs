//! A verdict in words and in JSON. Control characters of file names never reach a terminal.

use std::path::Path;

use seal::check::{State, Verdict};
use serde_json::json;

/// One line of usage.
pub const USAGE: &str = "usage: lanternfish-verify PACKAGE [--anchors DIR] [--revealed DIR] [--renewals DIR] [--at DAY] [--json | --brief]";

/// The whole help.
pub const HELP: &str = "\
lanternfish-verify PACKAGE [--anchors DIR] [--revealed DIR] [--renewals DIR] [--at DAY] [--json | --brief]

Checks a package: every byte, every signature, every time-stamp, and its place in the log.

  PACKAGE        the folder that holds bagit.txt
  --anchors DIR  your own anchors, from somebody other than the sender:
                 root.pem tsa.pem log.pem checkpoint hashes witnesses crl.pem
  --revealed DIR for a disclosure: items that were opened to you later,
                 with the list revealed.txt
  --renewals DIR renewals of its time-stamps (renewal-0001 and so on)
  --at DAY       the day at which its time-stamps must still be in force,
                 such as 2036-01-31; without it each is judged at its own time
  --json         one JSON value on stdout
  --brief        only the verdict, its limits, and what is not sound

Exit 0: sound (read the limits). 1: broken. 2: cannot be fully checked.
";

/// For a person: each check, or with `brief` only those that are not sound.
pub fn plain(verdict: &Verdict, package: &Path, brief: bool) -> String {
    let mut text = format!("{}\n{}\n", package.display().to_string().escape_debug(), verdict.summary());
    for check in verdict.checks.iter().filter(|check| !brief || check.state != State::Sound) {
        let mark = match check.state {
            State::Sound => "  ok          ",
            State::Broken => "  BROKEN      ",
            State::NotChecked => "  NOT CHECKED ",
        };
        text.push_str(&format!("{mark}{}: {}: {}\n", check.part, check.object, clean(&check.text)));
    }
    if !verdict.limits.is_empty() {
        text.push_str("Limits:\n");
    }
    for limit in &verdict.limits {
        text.push_str(&format!("  - {}\n", clean(limit)));
    }
    text
}

/// For a program: `{"verdict", "exit_code", "checks": [{"part", "object", "state", "text"}], "limits"}`.
pub fn json(verdict: &Verdict) -> String {
    let word = match verdict.exit_code {
        0 => "sound",
        1 => "broken",
        _ => "not-fully-checked",
    };
    let value = json!({ "verdict": word, "exit_code": verdict.exit_code, "checks": verdict.checks, "limits": verdict.limits });
    format!("{value}\n")
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
