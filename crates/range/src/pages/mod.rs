//! Planted pages: seeded markets, threads, profiles, pastes, chats and letters in eight scripts, with
//! known selectors, listings and decoys on them, and the truth about each; and the scorer that holds
//! what a scanner found against that truth.
//!
//! The pages are written by a second hand: this crate does not know `extract`, and makes each address,
//! number and key by its own code. Everything is invented and says so: goods are harmless, no name can
//! resolve, no key protects anything. It refuses to write into a folder that holds something.

mod decoy;
mod dice;
mod encode;
mod listing;
pub mod score;
mod selector;
mod sheet;
mod style;
mod tongue;
mod truth;
mod write;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;

pub use selector::State;
pub use truth::{Line, Tolerated, Truth};

use dice::Dice;
use tongue::TONGUES;
use write::{Kind, Load};

/// Version of the pages: the same seed gives the same bytes as long as this stands.
pub const EDITION: u32 = 1;
/// Pages when nobody says how many; enough for thirty of every sort of selector.
pub const PAGES: usize = 400;
/// Selectors drawn for a page.
const PLANTED: usize = 10;
/// Decoys on a page.
const DECOYS: usize = 4;

/// A seed by chance, short enough to be read aloud.
///
/// # Errors
/// The system gives no random numbers.
pub fn drawn_seed() -> io::Result<u64> {
    getrandom::u32().map(u64::from).map_err(io::Error::other)
}

/// Why no pages were written.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// Something is there already.
    #[error("{0} is not an empty folder: name a new one, because pages and truth must belong together")]
    NotEmpty(PathBuf),
    /// The system refuses.
    #[error("writing {0}: {1}")]
    Writing(PathBuf, io::Error),
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The seed.
    pub seed: u64,
    /// Version of the pages.
    pub edition: u32,
    /// How many pages.
    pub pages: usize,
    /// Selectors that a reader must find.
    pub selectors: usize,
    /// Rows of markets.
    pub listings: usize,
    /// Decoys.
    pub decoys: usize,
    /// The folder of the pages.
    pub folder: PathBuf,
    /// The truth about them.
    pub truth: PathBuf,
}

/// Writes `pages/…` and `truth.jsonl` into a new or empty folder.
///
/// # Errors
/// The folder holds something, or cannot be written.
pub fn write(seed: u64, count: usize, folder: &Path) -> Result<Written, PagesError> {
    let writing = |path: &Path| { let path = path.to_owned(); move |e| PagesError::Writing(path, e) };
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(PagesError::NotEmpty(folder.to_owned()));
    }
    let (pages, truth) = (folder.join("pages"), folder.join("truth.jsonl"));
    fs::create_dir_all(&pages).map_err(writing(&pages))?;
    let mut lines = Vec::new();
    for number in 0..count {
        let page = page(seed, number);
        let path = folder.join(&page.name);
        fs::write(&path, &page.bytes).map_err(writing(&path))?;
        lines.extend(page.truth);
    }
    let text: String = lines.iter().map(|line| serde_json::to_string(line).expect("words and numbers") + "\n").collect();
    fs::write(&truth, text).map_err(writing(&truth))?;
    let count_of = |wanted: fn(&Truth) -> bool| lines.iter().filter(|line| wanted(&line.truth)).count();
    Ok(Written {
        seed, edition: EDITION, pages: count,
        selectors: count_of(|truth| matches!(truth, Truth::Selector { required: true, .. })),
        listings: count_of(|truth| matches!(truth, Truth::Listing { .. })),
        decoys: count_of(|truth| matches!(truth, Truth::Decoy { .. })),
        folder: pages, truth,
    })
}

/// One page: its name below the folder, its bytes, and the truth about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Path below the folder.
    pub name: String,
    /// What stands in the file.
    pub bytes: Vec<u8>,
    /// What is planted there.
    pub truth: Vec<Line>,
}

/// The page of a number; it does not depend on how many others there are.
pub fn page(seed: u64, number: usize) -> Page {
    let kind = Kind::ORDER[number % Kind::ORDER.len()];
    let tongue = &TONGUES[(number + number / Kind::ORDER.len() * 3) % TONGUES.len()];
    let name = kind.file_name(number, tongue.script);
    let mut dice = Dice::new(seed, "page", number as u64);
    let load = load(seed, number, &mut dice);
    let (bytes, truth) = write::page(kind, &name, tongue, dice, load);
    Page { name, bytes, truth }
}

/// Draws what is planted: sorts come from a shuffled deck, so that each comes equally often.
fn load(seed: u64, number: usize, dice: &mut Dice) -> Load {
    let makers = selector::makers();
    let mut selectors = Vec::new();
    for place in number * PLANTED..(number + 1) * PLANTED {
        let mut deck: Vec<usize> = (0..makers.len()).collect();
        Dice::new(seed, "deck", (place / makers.len()) as u64).shuffle(&mut deck);
        let selector = makers[deck[place % makers.len()]](dice);
        let broken = dice.once_in(5).then(|| selector.spoiled(dice)).flatten();
        selectors.push(selector);
        selectors.extend(broken);
    }
    let decoys = (0..DECOYS).map(|_| dice.pick(decoy::MAKERS)(dice)).collect();
    Load { selectors, decoys }
}
