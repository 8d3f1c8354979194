//! A page for a paper register: the checkpoint of the log as words and as a QR code, to be stamped by
//! somebody outside the agency (law 8). Lays out what it is given; it computes no word and signs nothing.
//! The QR code (ISO/IEC 18004) holds the whole signed checkpoint, the words only size, root and check bits.

use model::Moment;
use model::moment::DateError;
use qrcodegen::{QrCode, QrCodeEcc};
use serde_json::{Value, json};

use crate::jurisdiction::Jurisdiction;
use crate::language::Language;
use crate::page::{frame, request};

/// White modules around the code, as the standard asks.
const QUIET: i32 = 4;
/// Words on one printed line.
const PER_LINE: usize = 5;

/// What stands on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterPage {
    /// Language of the fixed words.
    pub language: Language,
    /// Calendar and zone.
    pub jurisdiction: Jurisdiction,
    /// Agency.
    pub agency: String,
    /// Name of the log.
    pub origin: String,
    /// Number of events.
    pub events: u64,
    /// Root hash in hexadecimal digits.
    pub root: String,
    /// The checkpoint as words.
    pub words: Vec<String>,
    /// The signed checkpoint, for the QR code.
    pub note: String,
    /// Time of the last event.
    pub until: Moment,
    /// When the page is printed.
    pub printed_at: Moment,
    /// Training node.
    pub synthetic: bool,
}

/// Why a page cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The jurisdiction's time zone.
    #[error(transparent)]
    Date(#[from] DateError),
    /// The checkpoint carries too many signatures for one code.
    #[error("the signed checkpoint is too long for a QR code: print one without cosignatures")]
    TooLong,
}

impl RegisterPage {
    /// The request for the `typeset` child.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn request(&self) -> Result<Value, RegisterError> {
        let words = self.language.wording();
        let print = |at| self.jurisdiction.print(at, self.language);
        let row = |key: &str, value: String| json!([words.get(key), value]);
        let rows = [
            row("row.log", self.origin.clone()),
            row("row.events", self.events.to_string()),
            row("row.until", print(self.until)?),
            row("row.printed", print(self.printed_at)?),
        ];
        let lines: Vec<Value> = self.words.chunks(PER_LINE).enumerate().map(|(at, line)| json!([at + 1, line])).collect();
        let mut data = frame(self.language, self.synthetic);
        data.insert("agency".into(), json!(self.agency));
        data.insert("rows".into(), json!(rows));
        data.insert("root".into(), json!(self.root));
        data.insert("lines".into(), json!(lines));
        data.insert("qr".into(), json!(qr_svg(&self.note)?));
        let ident = format!("register {} {}", self.origin, self.events);
        Ok(request(include_str!("../templates/register.typ"), Value::Object(data), self.printed_at, &ident))
    }
}

/// The code as an SVG of one path: black runs on white.
fn qr_svg(text: &str) -> Result<String, RegisterError> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|_| RegisterError::TooLong)?;
    let side = code.size() + 2 * QUIET;
    let path: String = (0..code.size()).flat_map(|y| runs(&code, y)).collect();
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
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
