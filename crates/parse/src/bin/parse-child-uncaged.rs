//! The child as it runs on a kernel without Landlock and seccomp: resource limits only. For tests:
//! it shows that the record says "uncaged", and that the cage tests fail without the cage.

fn main() {
    std::process::exit(parse::child_main_in(&parse::CageOptions::NONE, parse::fuzz::mail_like_words));
}
