//! Things that have the look of selectors and are none: a reader that reports one as proved invents a
//! lead. What no bytes can tell apart (a commit and a SHA-1 digest) is tolerated, and said so.

use super::dice::Dice;
use super::encode::{base64, digits, hex};
use super::selector::State;
use super::truth::Tolerated;

/// One to plant.
pub(crate) struct Decoy {
    pub(crate) style: &'static str,
    /// Words before it.
    pub(crate) before: &'static str,
    pub(crate) text: String,
    pub(crate) tolerated: Vec<Tolerated>,
}

/// Makes one decoy.
pub(crate) type Maker = fn(&mut Dice) -> Decoy;

/// Every sort of decoy.
pub(crate) const MAKERS: &[Maker] = &[
    |dice| plain("base64", "icon:", base64(&[dice.bytes::<30>(), dice.bytes::<30>(), dice.bytes::<30>()].concat())),
    |dice| plain("base64", "blob", base64(&[dice.bytes::<64>(), dice.bytes::<64>()].concat())),
    |dice| tolerated(plain("commit", "commit", hex(&dice.bytes::<20>())), &["file-hash"]),
    |dice| plain("short-commit", "commit", hex(&dice.bytes::<4>())[..7].into()),
    |dice| plain("tracking", "parcel", format!("RR{}TH", dice.digits(9))),
    |dice| plain("tracking", "parcel", format!("1Z{}{}", dice.letters("ABCDEFGHJKLMNPRSTUVWXY0123456789", 6), dice.digits(10))),
    |dice| plain("tracking", "parcel", dice.digits(12)),
    |dice| plain("version", "version", format!("{}.{}.{}", dice.between(1, 30), dice.between(0, 20), dice.between(0, 9))),
    |dice| plain("version", "version", format!("{}.0.{}.{}", dice.between(1, 30), dice.between(1, 200), dice.between(1, 200))),
    |dice| plain("version", "release", format!("v{}.{}", dice.between(1, 30), dice.between(0, 20))),
    |dice| plain("file-name", "file", (*dice.pick(&["README.md", "setup.sh", "main.rs", "backup.zip", "clip.mov", "notes.py"])).into()),
    |dice| plain("file-name", "file", (*dice.pick(&["invoice.pdf", "index.html", "photo.jpg", "table.xlsx", "style.css", "app.min.js", "icon@2x.png"])).into()),
    |dice| plain("sentence-end", "", (*dice.pick(&["here it ends. com paper it is", "that is done. Me too", "it is late. in the morning", "the end. net weight one kilo"])).into()),
    |dice| plain("sentence-seam", "", (*dice.pick(&["it was ready.Then it rained", "we stayed home.The river rose", "they left early.No one saw it", "it is cheap.It is good"])).into()),
    |dice| plain("colour", "colour", format!("#{}", hex(&dice.bytes::<3>()))),
    |dice| plain("uuid", "item", uuid(dice)),
    |dice| plain("order-number", "order no.", luhn(dice, "70", 16)),
    |dice| plain("order-number", "order no.", luhn(dice, "1", 12)),
    |dice| plain("order-number", "order no.", luhn(dice, "90", 19)),
    |dice| plain("serial-number", "serial no.", luhn(dice, "77", 15)),
    |dice| plain("amount", "", format!("{}.{:03}.{:03}", dice.between(1, 9), dice.below(1000), dice.below(1000))),
    |dice| plain("amount", "", format!("0.{:04} BTC", dice.between(1, 9999))),
    |dice| plain("date", "", format!("2026-{:02}-{:02} {:02}:{:02}:{:02}", dice.between(1, 12), dice.between(1, 28), dice.below(24), dice.below(60), dice.below(60))),
    |dice| plain("date", "", format!("{:02}.{:02}.2026", dice.between(1, 28), dice.between(1, 12))),
    |dice| plain("mac-address", "device", dice.bytes::<6>().map(|byte| format!("{byte:02x}")).join(":")),
    |dice| plain("bar-code", "EAN", format!("885{}", dice.digits(10))),
    |dice| plain("handle", "", format!("@{}", dice.pick(&["weaver", "teahill", "oldpier", "media", "lotusfan"]))),
    |dice| plain("program", "", (*dice.pick(&["std::vec::Vec", "a::b", "window.location.reload()", "list.map(x)", "self.name", "obj.data.items"])).into()),
    |dice| plain("ratio", "", format!("{}::{}", dice.between(1, 59), dice.between(1, 59))),
    |dice| plain("local-host", "", format!("user{}@localhost", dice.below(100))),
    |dice| plain("hex", "", format!("0x{}", hex(&dice.bytes::<4>()))),
    |_| plain("short-words", "", "able about above across act add age air all also arm ask".into()),
];

fn plain(style: &'static str, before: &'static str, text: String) -> Decoy {
    Decoy { style, before, text, tolerated: Vec::new() }
}

fn tolerated(decoy: Decoy, kinds: &[&str]) -> Decoy {
    let tolerated = kinds.iter().map(|kind| Tolerated { kind: (*kind).into(), state: State::Unverifiable }).collect();
    Decoy { tolerated, ..decoy }
}

fn uuid(dice: &mut Dice) -> String {
    let text = hex(&dice.bytes::<16>());
    format!("{}-{}-4{}-a{}-{}", &text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..])
}

/// Digits that pass Luhn, of a length that other numbers have, with a beginning that no card and no SIM has.
fn luhn(dice: &mut Dice, first: &str, length: usize) -> String {
    let body = format!("{first}{}", dice.digits(length - 1 - first.len()));
    format!("{body}{}", digits::luhn(&body))
}
