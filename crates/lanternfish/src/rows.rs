//! Rows for `scan`: listings and posts of the pages that a user names, and drafts of profiles. Reads the page files and
//! the profile files that are named; writes nothing but its answer.

use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
};

use desk::DeskError;
use extract::listing::{Hints, Look, Profiles, draft_profile, look};
use model::listing::{Field, Listing, RowKind};
use serde::Serialize;

use crate::output::complain;

/// What is read of one file; `extract::listing` reads no more of a page.
const MOST_BYTES: usize = (16 << 20) + 1;

/// The profiles that pages are read with.
pub struct Rows(Profiles);

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    row: &'a Listing,
    source: &'a str,
}

impl Rows {
    /// The built-in profiles and those of a folder, or none at all.
    pub fn with(folder: Option<&Path>, none: bool) -> Result<Self, DeskError> {
        let mut profiles = if none { Profiles::none() } else { Profiles::built_in() };
        for file in folder.map(toml_files).transpose()?.unwrap_or_default() {
            let text = std::fs::read_to_string(&file).map_err(|e| DeskError::input(format!("{}: {e}", file.display())))?;
            profiles.add(&file.to_string_lossy(), &text).map_err(|e| DeskError::input(e.to_string()))?;
        }
        Ok(Rows(profiles))
    }

    /// The rows of a page, and what was not read of it.
    pub fn look(&self, bytes: &[u8]) -> Look {
        look(&bytes[..bytes.len().min(MOST_BYTES)], &self.0, &Hints::default())
    }

    /// Prints the rows of a file that is a page.
    pub fn print(&self, path: &Path, json: bool, out: &mut impl Write) -> std::io::Result<()> {
        let bytes = beginning(path)?;
        let look = self.look(&bytes);
        for note in &look.notes {
            complain(format!("{}: {note}", path.display()));
        }
        let source = path.to_string_lossy();
        look.rows.iter().try_for_each(|row| print(row, &source, json, out))
    }
}

/// Prints a draft of a profile for a page; false when its structure gives none.
pub fn print_draft(path: &Path, out: &mut impl Write) -> std::io::Result<bool> {
    let draft = draft_profile(&beginning(path)?, &path.to_string_lossy());
    match &draft {
        Some(text) => writeln!(out, "{text}")?,
        None => complain(format!("{}: no repeated structure with a price, or with a writer and a date, was found; write a profile by hand", path.display())),
    }
    Ok(draft.is_some())
}

fn beginning(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![];
    File::open(path)?.take(MOST_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn print(row: &Listing, source: &str, json: bool, out: &mut impl Write) -> std::io::Result<()> {
    if json {
        serde_json::to_writer(&mut *out, &Line { row, source })?;
        return writeln!(out);
    }
    let get = |field| row.get(field).unwrap_or_default().replace(char::is_control, " ");
    let (kind, columns) = match row.kind() {
        RowKind::Listing => ("listing", [Field::Price, Field::Currency, Field::Title, Field::Vendor]),
        RowKind::Post => ("post", [Field::Date, Field::Author, Field::Thread, Field::Text]),
    };
    writeln!(out, "{kind}\t{}\t{source}:{}-{}", columns.map(get).join("\t"), row.start(), row.end())
}

fn toml_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, DeskError> {
    let entries = std::fs::read_dir(folder).map_err(|e| DeskError::input(format!("the folder of profiles {}: {e}", folder.display())))?;
    let mut files: Vec<_> = entries.filter_map(|entry| entry.ok().map(|e| e.path())).filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    if files.is_empty() {
        return Err(DeskError::input(format!("the folder {} holds no .toml file; a profile is a file such as site.toml", folder.display())));
    }
    files.sort();
    Ok(files)
}
