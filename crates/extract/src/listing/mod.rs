//! Market and forum pages become rows: title, vendor, price and currency, author, date, quoted text, each cell with
//! the raw bytes that it was read from. Pure: bytes and profiles in, rows out; no I/O, no clock, no look-ups.
//!
//! A page that a [profile](Profiles) knows is read by it. Where there is none, rows are looked for in the page's own
//! repeated structure; such rows say so, with a confidence, and a [draft of a profile](draft_profile) is offered for
//! a person to correct. It refuses to fill in what a page does not say, and to say what a row means.
//!
//! Bounds, whatever the page is: 16 MiB, 500,000 nodes, 256 levels, 2,000 rows, and a fixed amount of looking.
//! What lies beyond is told in the notes of [`look`]. Of a page in another charset than UTF-8 4 MiB are read, because its
//! text goes with a map; the pages inside a mail are read after its codings are undone.

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

use model::listing::{Cell, Listing};

use crate::decode::{self, Charset, View};

use self::{select::Fuel, tree::Tree};

/// Name and version of the method, for findings.
pub const METHOD: &str = concat!("lanternfish listings ", env!("CARGO_PKG_VERSION"), ", rules 1");

/// Rows of one page; a page with more is told.
const MOST_ROWS: usize = 2000;

/// Bytes of a page in another charset that are read.
const LEGACY: usize = 4 << 20;

/// What the caller knows and wishes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// Where the page came from. A profile that names hosts is used only there; without an address it goes by the page.
    pub address: Option<&'a str>,
    /// Only rows that a profile reads; nothing from the structure alone.
    pub profiles_only: bool,
    /// The charset that came beside the bytes.
    pub charset: Option<Charset>,
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
    // One byte more than is read tells that there is more.
    let mut page = &bytes[..bytes.len().min(tree::MOST_BYTES + 1)];
    let mut all = Look::default();
    if page.len() > LEGACY && decode::choose(page, hints.charset).is_some() {
        page = &page[..LEGACY];
        all.notes.push(format!("a page in another charset than UTF-8 is read for rows up to {LEGACY} bytes; what lies beyond was left out"));
    }
    for view in decode::views(page, hints.charset, crate::Kind::Auto) {
        let look = look_at(&view.text, profiles, hints);
        all.notes.extend(look.notes);
        let room = MOST_ROWS - all.rows.len().min(MOST_ROWS);
        all.rows.extend(look.rows.into_iter().take(room).map(|row| if view.is_raw() { row } else { led_back(row, &view) }));
    }
    all
}

/// A row of a text that was made from the bytes, at its place in the bytes as they came.
fn led_back(row: Listing, view: &View<'_>) -> Listing {
    let cell = |cell: &Cell| {
        let reason = std::iter::once(cell.reason.clone()).chain(view.steps(cell.start, cell.end)).collect::<Vec<_>>().join("; ");
        let (start, end) = view.range(cell.start, cell.end);
        Cell { start, end, reason, ..cell.clone() }
    };
    Listing::new(row.kind(), row.read_by().clone(), view.range(row.start(), row.end()), row.cells().iter().map(cell).collect())
}

/// The rows of a page in UTF-8.
fn look_at(bytes: &[u8], profiles: &Profiles, hints: &Hints<'_>) -> Look {
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
    let page = &bytes[..bytes.len().min(tree::MOST_BYTES)];
    let page = if decode::choose(page, None).is_some() { &page[..page.len().min(LEGACY)] } else { page };
    let drafted = |view: &View<'_>| {
        let tree = Tree::read(&view.text);
        detect::best(&tree).map(|plan| draft::write(&tree, &plan, source))
    };
    decode::views(page, None, crate::Kind::Auto).iter().find_map(drafted)
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
