//! Writes a SYNTHETIC sample package and the anchors that go with it:
//! `cargo run --release -p seal --example make_bag -- DIR` makes `DIR/package` and `DIR/anchors`.
//! With `--witnessed` the checkpoint carries a cosignature; with `--disclosed` there are also `DIR/disclosure`, which
//! withholds one item, `DIR/revealed`, which opens it, and `DIR/dishonest`, a disclosure that hides that it
//! withholds something, sealed by the agency all the same. Nothing here is a real key or person.

#[path = "../tests/common/mod.rs"]
#[allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "the test agency has more than this example needs")]
mod common;

use std::path::PathBuf;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: make_bag DIR [--witnessed | --disclosed]");
        std::process::exit(2);
    };
    let more = arguments.next();
    let witnessed = more.as_deref() == Some("--witnessed");
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
    if more.as_deref() == Some("--disclosed") {
        let (item, class) = ("data/wacz/capture-1.wacz", model::disclosure::WithholdClass::PublicInterest);
        agency.disclose(&package, &folder.join("disclosure"), &[(item, class)]);
        let object = std::fs::read(package.join("tagmanifest-sha256.txt")).map(|bytes| model::Sha256Digest::of(&bytes));
        let original = object.map_err(|e| e.to_string()).and_then(|object| seal::disclosure::Original::open(&package, &object, &agency.secret()).map_err(|e| e.to_string()));
        let revealed = original.and_then(|original| original.reveal(&folder.join("revealed"), &agency.secret(), &[item.to_string()], &|| true).map_err(|e| e.to_string()));
        if let Err(error) = revealed {
            eprintln!("the item cannot be opened: {error}");
            std::process::exit(3);
        }
        let mut files = common::files_below(&folder.join("disclosure/data"), "data");
        files.remove("data/blind.txt");
        files.insert("data/withheld.txt".into(), Vec::new());
        let payload: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        agency.seal(&folder.join("dishonest"), &payload);
    }
    agency.go_on(7);
    agency.write_anchors(&folder.join("anchors"));
    println!("{}\n{}", package.display(), folder.join("anchors").display());
}
