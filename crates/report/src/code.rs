//! A QR code (ISO/IEC 18004) as one path of black runs, and what the code of a custody paper holds: numbers and digests, and
//! no name, address or word. Draws nothing else and reads nothing.

use model::Sha256Digest;
use qrcodegen::{QrCode, QrCodeEcc};
use serde_json::{Value, json};

/// White modules around the code, as the standard asks.
const QUIET: i32 = 4;

/// More than one code holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// The code: what it holds, the length of its side in modules, and the path of its black runs.
pub(crate) fn code(text: &str) -> Result<Value, TooLong> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|_| TooLong)?;
    let path: String = (0..code.size()).flat_map(|y| runs(&code, y)).collect();
    Ok(json!({"holds": text, "side": code.size() + 2 * QUIET, "path": path}))
}

/// What the code of an exhibit's paper holds: `LF1:2026-0001:E-0001:SHA256:3A7B…`. In capitals, which a code packs closer;
/// without a digest where none may stand.
pub(crate) fn exhibit_text(case: &str, exhibit: &str, digest: Option<&Sha256Digest>) -> String {
    let digest = digest.map_or(String::new(), |digest| format!(":SHA256:{}", digest.hex()));
    format!("LF1:{case}:{exhibit}{digest}").to_uppercase()
}

/// The black runs of one row, as path commands.
fn runs(code: &QrCode, y: i32) -> Vec<String> {
    let (mut runs, mut x) = (Vec::new(), 0);
    while x < code.size() {
        let length = (x..code.size()).take_while(|at| code.get_module(*at, y)).count();
        let length = i32::try_from(length).unwrap_or(1);
        if length > 0 {
            runs.push(format!("M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET));
        }
        x += length.max(1);
    }
    runs
}
