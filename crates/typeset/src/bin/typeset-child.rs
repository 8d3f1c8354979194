//! The child alone, for the tests of this crate; the product re-runs its own executable instead.

fn main() {
    std::process::exit(typeset::child_main());
}
