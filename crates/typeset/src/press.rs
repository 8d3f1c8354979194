//! Sets one request as PDF/A-2b with typst, in memory.
//!
//! Serves only the sources and `data.json` of the request; every other file, package and the system
//! clock are refused. A letter that no shipped font can show is printed as its code point, `[U+1F600]`,
//! and named in the reply: a hole in a court paper would be worse.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use typst::diag::{FileError, FileResult, SourceDiagnostic, Warned};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, WorldExt};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::clusters;
use crate::fonts::{self, can_show};
use crate::words::{Refusal, RefusalKind, Request};

const MAIN: &str = "main.typ";
const DATA: &str = "data.json";

/// A finished paper.
pub(crate) struct Sheet {
    pub pdf: Vec<u8>,
    pub pages: u32,
    pub warnings: Vec<String>,
    pub replaced: Vec<String>,
}

/// Sets `request`; the same request gives the same bytes.
pub(crate) fn set(mut request: Request) -> Result<Sheet, Refusal> {
    let time = read_time(&request.time)?;
    let mut replaced = BTreeSet::new();
    replace_in(&mut request.data, &mut replaced);
    let world = Desk::new(&request, time)?;
    let Warned { output, warnings } = typst::compile::<PagedDocument>(&world);
    let document = output.map_err(|errors| world.refuse(RefusalKind::Template, &errors))?;
    let document = clusters::join(&document);
    let options = options(&request.ident, time)?;
    let pdf = typst_pdf::pdf(&document, &options).map_err(|errors| world.refuse(RefusalKind::Archive, &errors))?;
    Ok(Sheet {
        pdf,
        pages: u32::try_from(document.pages().len()).unwrap_or(u32::MAX),
        warnings: warnings.iter().map(|warning| world.describe(warning)).collect(),
        replaced: replaced.into_iter().collect(),
    })
}

fn options(ident: &str, time: Datetime) -> Result<PdfOptions, Refusal> {
    let standards = PdfStandards::new(&[PdfStandard::A_2b])
        .map_err(|error| refusal(RefusalKind::Archive, format!("PDF/A-2b is not available: {}", error.message())))?;
    Ok(PdfOptions {
        ident: Smart::Custom(ident.to_string()),
        creator: Smart::Custom(Some("lanternfish".to_string())),
        timestamp: Some(Timestamp::new_utc(time)),
        page_ranges: None,
        standards,
        tagged: true,
        pretty: false,
    })
}

fn refusal(kind: RefusalKind, text: impl Into<String>) -> Refusal {
    Refusal { kind, text: text.into() }
}

/// Reads `YYYY-MM-DDTHH:MM:SS…Z` to the second.
fn read_time(text: &str) -> Result<Datetime, Refusal> {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u8>().ok());
    let year = text.get(0..4).and_then(|part| part.parse::<i32>().ok());
    let parts = (year, number(5, 7), number(8, 10), number(11, 13), number(14, 16), number(17, 19));
    let time = match parts {
        (Some(y), Some(mo), Some(d), Some(h), Some(mi), Some(s)) if text.ends_with('Z') => {
            Datetime::from_ymd_hms(y, mo, d, h, mi, s)
        }
        _ => None,
    };
    time.ok_or_else(|| refusal(RefusalKind::Request, format!("the report time {text:?} is not of the form 2026-11-22T08:00:00Z")))
}

/// Replaces, in every string of `value`, letters that no font can show by their code points.
fn replace_in(value: &mut Value, replaced: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.chars().any(|letter| !can_show(letter)) => {
            *text = text.chars().map(|letter| shown(letter, replaced)).collect();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace_in(item, replaced)),
        Value::Object(fields) => fields.values_mut().for_each(|item| replace_in(item, replaced)),
        _ => {}
    }
}

fn shown(letter: char, replaced: &mut BTreeSet<String>) -> String {
    if can_show(letter) {
        return letter.to_string();
    }
    let code = format!("U+{:04X}", letter as u32);
    replaced.insert(code.clone());
    format!("[{code}]")
}

/// All that typst may see.
struct Desk {
    library: LazyHash<Library>,
    main: FileId,
    sources: HashMap<FileId, Source>,
    data: (FileId, Bytes),
    time: Datetime,
}

impl Desk {
    fn new(request: &Request, time: Datetime) -> Result<Self, Refusal> {
        let sources = request
            .sources
            .iter()
            .map(|(name, text)| file_id(name).map(|id| (id, Source::new(id, text.clone()))))
            .collect::<Result<HashMap<_, _>, _>>()?;
        let main = file_id(MAIN)?;
        if !sources.contains_key(&main) {
            return Err(refusal(RefusalKind::Request, format!("the request has no source named {MAIN}")));
        }
        let data = Bytes::new(request.data.to_string().into_bytes());
        Ok(Desk { library: LazyHash::new(Library::default()), main, sources, data: (file_id(DATA)?, data), time })
    }

    fn refuse(&self, kind: RefusalKind, errors: &[SourceDiagnostic]) -> Refusal {
        let lines: Vec<String> = errors.iter().take(8).map(|error| self.describe(error)).collect();
        let what = match kind {
            RefusalKind::Archive => "the paper is not valid PDF/A-2b",
            _ => "the template does not compile with this data",
        };
        refusal(kind, format!("{what}: {}", lines.join("; ")))
    }

    /// `main.typ:12: message (hint)`.
    fn describe(&self, diagnostic: &SourceDiagnostic) -> String {
        let place = diagnostic.span.id().and_then(|id| {
            let line = self.sources.get(&id)?.lines().byte_to_line(self.range(diagnostic.span)?.start)?;
            Some(format!("{}:{}: ", id.get().vpath().get_without_slash(), line + 1))
        });
        let hints: String = diagnostic.hints.iter().map(|hint| format!(" ({})", hint.v)).collect();
        format!("{}{}{hints}", place.unwrap_or_default(), diagnostic.message)
    }
}

fn file_id(name: &str) -> Result<FileId, Refusal> {
    VirtualPath::new(name)
        .map(|path| RootedPath::new(VirtualRoot::Project, path).intern())
        .map_err(|_| refusal(RefusalKind::Request, format!("{name:?} is not a name for a source")))
}

fn not_served(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &fonts::shipped().book
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.sources.get(&id).cloned().ok_or_else(|| not_served(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data.0 { Ok(self.data.1.clone()) } else { Err(not_served(id)) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        fonts::shipped().fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        Some(self.time)
    }
}
