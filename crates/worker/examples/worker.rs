//! The worker with the house's own extractor and nothing else: what `lanternfish worker extract` runs.
//!
//!     worker [--region LA] <pages.arrows >rows.arrows

use std::process::ExitCode;

use extract::{Hints, METHOD, Scanner};

fn main() -> ExitCode {
    let mut words = std::env::args().skip_while(|word| word != "--region").skip(1);
    let hints = Hints { default_region: words.next().and_then(|code| code.parse().ok()), ..Hints::default() };
    let scanner = Scanner::new();
    match worker::run(std::io::stdin().lock(), std::io::stdout().lock(), METHOD, |_, bytes| scanner.scan(bytes, &hints)) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worker: {error}");
            ExitCode::from(2)
        }
    }
}
