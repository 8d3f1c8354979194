//! PDF (ISO 32000-1): the text of each page, the files that are attached, and what the document says of itself.
//!
//! A reader of our own, and a small one: the ready ones either panic on what strangers write or inflate without a
//! bound, and what ships ends a whole process with a panic. It draws nothing, runs no script, follows no link, and
//! decrypts nothing: an encrypted document is told and left as it is. Pictures go out as they are; nothing is decoded here.
//! Objects that no page tree names are read too: an older revision is evidence.

mod file;
mod font;
mod image;
mod object;
mod page;

use std::collections::BTreeSet;
use std::io::{self, Read};

use encoding_rs::{UTF_16BE, UTF_16LE};
use memchr::memmem;

use crate::context::{Context, Parent};
use crate::member::{Container, FindingKind, MemberHead};
use crate::tap::{Ending, Pipe, Tap};
use crate::unpack::{self, Place};
use file::File;
use image::Pages;
pub(crate) use file::{inflate, lzw, run_length};
use object::{Dict, Value};
use page::Walk;

/// Pages of one document.
const PAGES: usize = 20_000;
/// Levels of the page tree.
const LEVELS: u32 = 60;
/// Attached files of one document.
const ATTACHED: usize = 1000;
/// Objects that are looked at to find pages outside the tree, attached files and pictures.
const LOOKED_AT: usize = 100_000;
/// `%PDF-` stands within these first bytes.
const MAGIC: usize = 1024;

/// Whether bytes begin as a PDF; readers allow bytes before the mark.
pub(crate) fn is_pdf(head: &[u8]) -> bool {
    let head = &head[..head.len().min(MAGIC)];
    head.starts_with(b"%PDF-") || memmem::find(head, b"%PDF-").is_some_and(|at| head[..at].iter().all(u8::is_ascii_whitespace) || head.starts_with(b"%!PS"))
}

/// Opens a PDF that fits in the memory that is left.
pub(crate) fn walk(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>, place: Option<Place>) -> io::Result<()> {
    let most = context.may_hold();
    let length = place.map_or(0, |place| place.length);
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(most)).unwrap_or(0));
    tap.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let text = format!("a PDF of more than {most} bytes is not opened: its text and its pictures are not read");
        return context.note(FindingKind::Limit, parent, 0, text);
    }
    let _share = context.hold(bytes.len() as u64);
    let file = File::read(&bytes);
    if file.encrypted {
        let text = "the PDF is encrypted: its text and its pictures are not read; it needs a password or the key that it hides";
        return context.note(FindingKind::Encrypted, parent, 0, text);
    }
    let document = Document { context, parent, file: &file, bytes: &bytes };
    document.description()?;
    document.pages()?;
    document.attachments()?;
    if memmem::find(&bytes, b"/JavaScript").is_some() || memmem::find(&bytes, b"/Launch").is_some() {
        context.note(FindingKind::Note, parent, 0, "the PDF carries a script or starts a program: nothing of it was run")?;
    }
    if file.replaced > 0 {
        let text = format!("{} objects of the PDF were replaced by later ones of the same number: an older revision, whose texts and pictures are not read", file.replaced);
        context.note(FindingKind::Note, parent, 0, text)?;
    }
    if file.count() > LOOKED_AT {
        let text = format!("the PDF has {} objects: pages outside its tree, attached files and pictures were looked for in the first {LOOKED_AT}", file.count());
        context.note(FindingKind::Limit, parent, 0, text)?;
    }
    if file.cut.get() {
        context.note(FindingKind::Limit, parent, 0, "the PDF becomes larger than is read: some of its streams or objects were cut")?;
    }
    Ok(())
}

struct Document<'d, 'p, 'a> {
    context: &'d Context<'p>,
    parent: Parent,
    file: &'d File<'a>,
    bytes: &'a [u8],
}

impl Document<'_, '_, '_> {
    /// What the document says of itself: its information dictionary and its XMP.
    fn description(&self) -> io::Result<()> {
        let mut text = String::new();
        for (name, value) in self.file.info.iter().flat_map(|info| info.0.iter()) {
            if let Value::Text(value) = &*self.file.resolve(value) {
                text.push_str(&format!("{}: {}\n", String::from_utf8_lossy(name), text_string(value).replace(['\r', '\n'], " ")));
            }
        }
        let xmp = self.file.root.as_ref().and_then(|root| self.file.stream(root.get("Metadata")?));
        if let Some(xmp) = xmp.and_then(|(dict, raw)| self.file.decoded(&dict, raw)) {
            text.push_str(&String::from_utf8_lossy(&xmp));
        }
        if text.trim().is_empty() {
            return Ok(());
        }
        self.send(Container::Metadata, "metadata", 0, text.as_bytes())
    }

    fn send(&self, container: Container, name: &str, offset: usize, text: &[u8]) -> io::Result<()> {
        let media_type = Some("text/plain; charset=utf-8".to_string());
        let head = MemberHead { media_type, ..unpack::head(container, name.as_bytes(), offset as u64) };
        let member = self.context.begin(self.parent, head)?;
        let mut text = text;
        Pipe::new(self.context, member, &mut text).drain()?.close(self.context, Ending::default())
    }

    fn pages(&self) -> io::Result<()> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let root = self.file.root.as_ref().and_then(|root| root.get("Pages"));
        if let Some(root) = root {
            self.collect(root, None, 0, &mut seen, &mut found);
        }
        let in_tree = found.len();
        self.strays(&seen, &mut found);
        let walk = Walk::new(self.file);
        let mut blank = 0usize;
        for (number, (reference, page, resources)) in found.iter().enumerate() {
            let text = walk.text(number, page, resources.as_ref());
            if text.trim().is_empty() {
                blank += 1;
                continue;
            }
            self.send(Container::PdfPage, &name_of(number, *reference, in_tree), self.file.start_of(*reference), text.as_bytes())?;
        }
        let names = found.iter().enumerate().map(|(number, (reference, ..))| (name_of(number, *reference, in_tree), self.file.start_of(*reference)));
        image::deliver(self.context, self.parent, self.file, self.bytes.len(), &walk.drawn.borrow(), &Pages { named: names.collect(), cut: walk.is_cut() || self.file.cut.get() || found.len() >= PAGES })?;
        self.shortcomings(found.len(), in_tree, blank, &walk)
    }

    fn shortcomings(&self, pages: usize, in_tree: usize, blank: usize, walk: &Walk<'_, '_>) -> io::Result<()> {
        let note = |kind, text: String| self.context.note(kind, self.parent, 0, text);
        if pages == 0 {
            note(FindingKind::Malformed, "no page was found in the PDF".into())?;
        }
        if blank > 0 {
            note(FindingKind::Note, format!("{blank} of {pages} pages hold no text: they may be pictures of text"))?;
        }
        if pages > in_tree {
            note(FindingKind::Note, format!("{} pages are in the file and not in its page tree: an older revision, or hidden", pages - in_tree))?;
        }
        if walk.unknown.get() > 0 {
            note(FindingKind::Note, format!("{} letters have no Unicode value in their fonts: they stand as U+FFFD", walk.unknown.get()))?;
        }
        if walk.is_cut() || pages >= PAGES {
            note(FindingKind::Limit, "the PDF asks for more steps or pages than are read: its text is incomplete".into())?;
        }
        Ok(())
    }

    fn collect(&self, node: &Value, above: Option<&Dict>, level: u32, seen: &mut BTreeSet<u32>, found: &mut Vec<(u32, Dict, Option<Dict>)>) {
        let Value::Reference(number) = node else { return };
        if level > LEVELS || found.len() >= PAGES || !seen.insert(*number) {
            return;
        }
        let Some(dict) = self.file.dict(node) else { return };
        let own = dict.get("Resources").and_then(|value| self.file.dict(value));
        let resources = own.as_ref().or(above);
        match &*self.file.get(&dict, "Kids") {
            Value::Array(kids) => kids.iter().for_each(|kid| self.collect(kid, resources, level + 1, seen, found)),
            _ => found.push((*number, dict, resources.cloned())),
        }
    }

    /// Pages that the tree does not name.
    fn strays(&self, seen: &BTreeSet<u32>, found: &mut Vec<(u32, Dict, Option<Dict>)>) {
        if memmem::find(self.bytes, b"/Page").is_none() && found.is_empty() && memmem::find(self.bytes, b"/ObjStm").is_none() {
            return;
        }
        for number in self.file.numbers().filter(|number| !seen.contains(number)).take(LOOKED_AT) {
            if found.len() >= PAGES {
                return;
            }
            if let Some(dict) = self.file.dict(&Value::Reference(number))
                && dict.is("Type", "Page")
            {
                let resources = dict.get("Resources").and_then(|value| self.file.dict(value));
                found.push((number, dict, resources));
            }
        }
    }

    /// Files in the file: whatever has an `EF` dictionary.
    fn attachments(&self) -> io::Result<()> {
        if memmem::find(self.bytes, b"/EF").is_none() && memmem::find(self.bytes, b"/ObjStm").is_none() {
            return Ok(());
        }
        let mut count = 0;
        for number in self.file.numbers().take(LOOKED_AT) {
            let Some(dict) = self.file.dict(&Value::Reference(number)) else { continue };
            let Some(files) = dict.get("EF").and_then(|value| self.file.dict(value)) else { continue };
            let Some((stream, raw)) = files.get("F").or(files.get("UF")).and_then(|value| self.file.stream(value)) else { continue };
            let name = ["UF", "F", "Desc"].iter().find_map(|key| match &*self.file.get(&dict, key) {
                Value::Text(name) => Some(text_string(name)),
                _ => None,
            });
            count += 1;
            if count > ATTACHED {
                return self.context.note(FindingKind::Limit, self.parent, 0, format!("more than {ATTACHED} files are attached: the rest is not opened"));
            }
            let offset = self.file.start_of(number);
            let Some(bytes) = self.file.decoded(&stream, raw) else {
                self.context.reject(FindingKind::Unsupported, self.parent, offset as u64, "a file attached to the PDF whose filter is not undone here")?;
                continue;
            };
            let head = unpack::head(Container::Attachment, name.unwrap_or_else(|| format!("object {number}")).as_bytes(), offset as u64);
            let member = self.context.begin(self.parent, head)?;
            let mut reader = &*bytes;
            let mut pipe = Pipe::new(self.context, member, &mut reader);
            unpack::nest(self.context, member, &mut pipe, None)?;
            pipe.drain()?.close(self.context, Ending::default())?;
        }
        Ok(())
    }
}

/// What a page is called: by its number, or by its object when the page tree does not name it.
fn name_of(number: usize, reference: u32, in_tree: usize) -> String {
    if number < in_tree { format!("page {}", number + 1) } else { format!("page outside the page tree, object {reference}") }
}

/// A text string (§7.9.2.2): UTF-16 or UTF-8 with a mark, else PDFDocEncoding, whose letters are those of Latin-1.
fn text_string(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xff, 0xfe, rest @ ..] => UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        other => encoding_rs::WINDOWS_1252.decode_without_bom_handling(other).0.into_owned(),
    }
}
