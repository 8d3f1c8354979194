//! The child as an executable of its own, for this crate's tests; the product runs the same
//! function under its hidden argument. Finds e-mail-like words so that `Extract` can be tried.

fn main() {
    if std::env::args().nth(1).as_deref() == Some(parse::OCR_ARGUMENT) {
        std::process::exit(parse::ocr_main());
    }
    // In place of the program that reads text: says what can be reached from where it stands.
    if std::env::args().nth(1).as_deref() == Some("stdin") {
        let report = parse::fuzz::attempts(&std::env::args().next_back().unwrap_or_default());
        println!("{}", serde_json::to_string(&report).unwrap_or_default());
        return;
    }
    std::process::exit(parse::child_main(parse::fuzz::mail_like_words));
}
