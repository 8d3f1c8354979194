//! The child as an executable of its own, for this crate's tests; the product runs the same
//! function under its hidden argument. Finds e-mail-like words so that `Extract` can be tried.

fn main() {
    std::process::exit(parse::child_main(parse::fuzz::mail_like_words));
}
