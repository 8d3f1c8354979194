//! Market and forum pages become rows: title, vendor, price and currency, author, date, quoted text, each cell with
//! the raw bytes that it was read from. Pure: bytes and profiles in, rows out; no I/O, no clock, no look-ups.
//!
//! A page that a [profile](Profiles) knows is read by it. Where there is none, rows are looked for in the page's own
//! repeated structure; such rows say so, with a confidence, and a [draft of a profile](draft_profile) is offered for
//! a person to correct. It refuses to fill in what a page does not say, and to say what a row means.
//!
//! Bounds, whatever the page is: 16 MiB, 500,000 nodes, 256 levels, 2,000 rows, and a fixed amount of looking.
//! What lies beyond is told in the notes of [`look`].
//! Not read here: pages that are not in an ASCII-compatible encoding (decode them first).

mod apply;
mod detect;
mod draft;
mod price;
mod profile;
mod select;
mod shown;
mod tree;
mod words;

pub use profile::{FORMAT, ProfileError, Profiles};

use model::listing::Listing;

use self::{select::Fuel, tree::Tree};

/// Name and version of the method, for findings.
pub const METHOD: &str = concat!("lanternfish listings ", env!("CARGO_PKG_VERSION"), ", rules 1");

/// Rows of one page; a page with more is told.
const MOST_ROWS: usize = 2000;

/// What the caller knows and wishes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// Where the page came from. A profile that names hosts is used only there; without an address it goes by the page.
    pub address: Option<&'a str>,
    /// Only rows that a profile reads; nothing from the structure alone.
    pub profiles_only: bool,
}

/// What was read from a page, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// The rows, in the order of the page.
    pub rows: Vec<Listing>,
    /// What was not read, and why.
    pub notes: Vec<String>,
}

/// The rows of a page.
///
/// ```
/// let page = b"<table><tr><td><a href=/1>Green tea, 100 g</a><td>$5<tr><td><a href=/2>Black tea, 50 g</a><td>$7\
///     <tr><td><a href=/3>Rice, 1 kg</a><td>$2</table>";
/// let rows = extract::listing::read(page, &extract::listing::Profiles::none(), &Default::default());
/// assert_eq!(rows.len(), 3);
/// assert_eq!(rows[1].get(model::listing::Field::Price), Some("7"));
/// ```
pub fn read(bytes: &[u8], profiles: &Profiles, hints: &Hints<'_>) -> Vec<Listing> {
    look(bytes, profiles, hints).rows
}

/// The same, with what was not read.
pub fn look(bytes: &[u8], profiles: &Profiles, hints: &Hints<'_>) -> Look {
    if !crate::html::looks_like_html(bytes) {
        return Look::default();
    }
    let tree = Tree::read(bytes);
    let fuel = Fuel::new();
    let host = hints.address.and_then(host);
    let known = profiles.0.iter().filter(|profile| apply::knows(profile, &tree, host.as_deref(), &fuel));
    let by_profile = known.map(|profile| apply::rows(profile, &tree, &fuel)).max_by_key(Vec::len).unwrap_or_default();
    let rows = if by_profile.is_empty() && !hints.profiles_only { detect::rows(&tree) } else { by_profile };
    let mut notes = vec![];
    if tree.cut {
        notes.push("the page is larger or deeper than is read for rows; what lies beyond was left out".to_owned());
    }
    if fuel.is_out() {
        notes.push("the page costs more looking than is allowed; rows may be missing".to_owned());
    }
    if rows.len() >= MOST_ROWS {
        notes.push(format!("the page has at least {MOST_ROWS} rows; those after them were left out"));
    }
    Look { rows, notes }
}

/// A profile for the site of a page, drafted from the page's repeated structure and tried on it: TOML for a person to
/// correct and name. Nothing when the page has no such structure. `source` is named in the draft.
pub fn draft_profile(bytes: &[u8], source: &str) -> Option<String> {
    let tree = Tree::read(bytes);
    detect::best(&tree).map(|plan| draft::write(&tree, &plan, source))
}

fn host(address: &str) -> Option<String> {
    let rest = address.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    Some(host.split(':').next()?.to_ascii_lowercase())
}

/// Target of the fuzzer: any bytes give rows whose cells lie in their row and the row in the page, twice the same.
pub fn fuzz_listings(bytes: &[u8]) {
    let profiles = Profiles::built_in();
    for profiles in [&profiles, &Profiles::none()] {
        let first = look(bytes, profiles, &Hints::default());
        for row in &first.rows {
            assert!(row.start() <= row.end() && row.end() <= bytes.len() as u64, "{row:?}");
            for cell in row.cells() {
                assert!(cell.start < cell.end && cell.end <= bytes.len() as u64, "{cell:?}");
            }
        }
        assert_eq!(first, look(bytes, profiles, &Hints::default()));
    }
    if let Some(text) = draft_profile(bytes, "fuzz") {
        Profiles::none().add("draft", &text).expect("a draft is a profile");
    }
}

/// Target of the fuzzer: any text is a profile or is refused, and a profile reads any page.
pub fn fuzz_profile(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut profiles = Profiles::none();
    if profiles.add("fuzz", &text).is_ok() {
        look(b"<title>tea</title><div class=item><a href=/1>tea</a> <b>5 $</b></div>", &profiles, &Hints::default());
    }
}
