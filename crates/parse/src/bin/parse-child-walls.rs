//! The child with some of its walls left out, for tests: they show that the record says which cage
//! stood, and that each wall refuses by itself. The name under which it is started chooses:
//! `…-uncaged` (as on a kernel without Landlock and seccomp), `…-landlock`, `…-seccomp`, `…-open`
//! (nothing at all, not even the limit of descriptors).

use parse::CageOptions;

fn main() {
    let name = std::env::args().next().unwrap_or_default();
    let options = match name.rsplit('-').next() {
        Some("landlock") => CageOptions { landlock: true, seccomp: false, descriptors: 64, hosted: true },
        Some("seccomp") => CageOptions { landlock: false, seccomp: true, descriptors: 64, hosted: true },
        Some("open") => CageOptions { landlock: false, seccomp: false, descriptors: 64, hosted: true },
        _ => CageOptions { landlock: false, seccomp: false, ..CageOptions::FULL },
    };
    std::process::exit(parse::child_main_in(&options, parse::fuzz::mail_like_words));
}
