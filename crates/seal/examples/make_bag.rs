//! Writes a SYNTHETIC sample package and the anchors that go with it:
//! `cargo run --release -p seal --example make_bag -- DIR` makes `DIR/package` and `DIR/anchors`.
//! With `--witnessed` the checkpoint carries a cosignature. Nothing here is a real key or person.

#[path = "../tests/common/mod.rs"]
#[allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "the test agency has more than this example needs")]
mod common;

use std::path::PathBuf;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: make_bag DIR [--witnessed]");
        std::process::exit(2);
    };
    let witnessed = arguments.next().as_deref() == Some("--witnessed");
    if let Err(error) = std::fs::create_dir_all(&folder) {
        eprintln!("{} cannot be made: {error}", folder.display());
        std::process::exit(3);
    }
    let package = folder.join("package");
    let mut agency = common::Agency::new(1);
    agency.seal(&package, &common::PAYLOAD);
    if witnessed && let Err(error) = std::fs::write(package.join("seal/seal.tlog"), agency.witnessed_proof(5)) {
        eprintln!("the witnessed proof cannot be written: {error}");
        std::process::exit(3);
    }
    agency.go_on(7);
    agency.write_anchors(&folder.join("anchors"));
    println!("{}\n{}", package.display(), folder.join("anchors").display());
}
