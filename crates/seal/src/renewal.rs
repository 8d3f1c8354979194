//! Renewals: what keeps the time of a package provable when the certificates of its time-stamp authorities
//! end. Beside the package lies a folder with `renewal-0001`, `renewal-0002` …; each holds a list that
//! `sha256sum -c` reads and fresh RFC 3161 tokens over that list. The list names the tag manifest, every
//! seal file, and every file of all earlier renewals: the time-stamp renewal of RFC 4998 §5.2, written so
//! that stock tools can follow it. The package itself is never touched.
//!
//! No clock, no key, no trust: what a renewal is worth is judged by [`crate::check`].

use std::path::Path;

use model::{Sha256Digest, package::{SealPlan, TAG_MANIFEST}};

use crate::{Flaw, check::read_file, layout::{Entry, manifest_text}};

/// The list of one renewal: 64 digits, two spaces, a path of the package or of an earlier renewal.
pub const LIST: &str = "renewal.sha256";
/// Most renewals of one package: at one in two years, longer than any archive.
pub const MOST_RENEWALS: u32 = 99;
/// Most time-stamps of one renewal.
pub const MOST_TOKENS: usize = model::package::MOST_SEALS;

/// The folder of renewal `number`, from 1.
pub fn folder(number: u32) -> String {
    format!("renewal-{number:04}")
}

/// The name of token `number` of a renewal, from 1.
pub fn token(number: usize) -> String {
    format!("token-{number}.tsr")
}

/// One finished renewal: the bytes of its list and of its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The text of `renewal.sha256`.
    pub list: String,
    /// The bytes of `token-1.tsr`, `token-2.tsr` …
    pub tokens: Vec<Vec<u8>>,
}

/// The text of the next list after `earlier`, read from the package's own seal files.
///
/// # Errors
/// A seal file that cannot be read.
pub fn next_list(package: &Path, plan: &SealPlan, earlier: &[Renewal]) -> Result<String, Flaw> {
    let seals = plan.files.iter().map(|file| file.path());
    let mut entries = std::iter::once(TAG_MANIFEST.to_string())
        .chain(seals)
        .map(|path| Ok(Entry { digest: Sha256Digest::of(&read_file(package, &path)?), path }))
        .collect::<Result<Vec<_>, Flaw>>()?;
    for (number, renewal) in (1..).zip(earlier) {
        let folder = folder(number);
        entries.push(Entry { digest: Sha256Digest::of(renewal.list.as_bytes()), path: format!("{folder}/{LIST}") });
        for (number, bytes) in (1..).zip(&renewal.tokens) {
            entries.push(Entry { digest: Sha256Digest::of(bytes), path: format!("{folder}/{}", token(number)) });
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(manifest_text(&entries))
}

/// Reads the renewals that lie in `folder`, in order.
///
/// # Errors
/// A gap, a file that does not belong there, a renewal without a token, one that cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Renewal>, Flaw> {
    let there = names(folder)?;
    let count = u32::try_from(there.len()).ok().filter(|count| *count <= MOST_RENEWALS).ok_or_else(|| Flaw::new("there are too many files"))?;
    (1..=count)
        .map(|number| {
            let name = self::folder(number);
            if !there.contains(&name) {
                return Err(Flaw::new(format!("{name} is missing, or something else lies beside the renewals")));
            }
            read_one(folder, &name).map_err(|flaw| flaw.within(&name))
        })
        .collect()
}

fn read_one(folder: &Path, name: &str) -> Result<Renewal, Flaw> {
    let there = names(&folder.join(name))?;
    let count = there.len().saturating_sub(1);
    let complete = there.iter().any(|name| name == LIST) && (1..=count).all(|number| there.contains(&token(number)));
    if count == 0 || count > MOST_TOKENS || !complete {
        return Err(Flaw::new(format!("it must hold {LIST} and token-1.tsr, token-2.tsr … and nothing else")));
    }
    let list = String::from_utf8(read_file(folder, &format!("{name}/{LIST}"))?).map_err(|_| Flaw::new(format!("{LIST} is not text")))?;
    let tokens = (1..=count).map(|number| read_file(folder, &format!("{name}/{}", token(number)))).collect::<Result<_, _>>()?;
    Ok(Renewal { list, tokens })
}

fn names(folder: &Path) -> Result<Vec<String>, Flaw> {
    let failed = |e: std::io::Error| Flaw::new(format!("{} cannot be read ({e})", folder.display()));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
        if names.len() > 2 * MOST_RENEWALS as usize {
            return Err(Flaw::new("there are too many files"));
        }
    }
    Ok(names)
}
