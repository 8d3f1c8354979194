//! Opens whatever a stream is, and what lies inside it, as deep as the budget allows.

use std::io::{self, Read};

use crate::context::{Context, Parent};
use crate::member::{Container, EntryType, FindingKind, MemberHead, RawName};
use crate::sniff::{Format, SIGHT, sniff};
use crate::tap::{Store, Tap};
use crate::{arc, gzip, kind, mail, pdf, picture, tarball, warc, zipfile};

/// The bytes of a stream lie as they are at this range of the source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub base: u64,
    pub length: u64,
}

impl Place {
    /// The part of `place` from `offset` on, `length` bytes long.
    pub(crate) fn part(place: Option<Place>, offset: u64, length: u64) -> Option<Place> {
        place.map(|place| Place { base: place.base + offset, length: length.min(place.length.saturating_sub(offset)) })
    }
}

/// Opens the source itself.
pub(crate) fn unpack(context: &Context<'_>, name: &str) -> io::Result<()> {
    let length = context.source_len;
    let source = Store::Source { context, base: 0, length };
    let mut reader = source.reader(0, length);
    let mut tap = Tap::new(&mut reader);
    let format = sniff(tap.peek(SIGHT)?);
    context.set_format(format.name());
    if let Some(kind) = kind::pretence(name, tap.peek(SIGHT)?) {
        pretends(context, Parent::SOURCE, name, kind)?;
    }
    if format == Format::None {
        return not_recognised(context, name);
    }
    open(context, Parent::SOURCE, format, &mut tap, Some(Place { base: 0, length }))
}

/// A file that is not what its name says is read as what it is, and told.
fn pretends(context: &Context<'_>, parent: Parent, name: &str, kind: &str) -> io::Result<()> {
    let name: String = name.chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
    context.note(FindingKind::Note, parent, 0, format!("named {}, but the bytes are of another kind: {kind}", model::quoted(&name)))
}

fn not_recognised(context: &Context<'_>, name: &str) -> io::Result<()> {
    let lower = name.to_ascii_lowercase();
    let archive = [".warc", ".arc", ".wacz", ".zip", ".gz", ".tgz", ".tar"].iter().any(|end| lower.ends_with(end));
    let text = match context.source_len {
        0 => "the file is empty",
        _ if archive => "the name says archive, but the bytes are of no archive format that is read here",
        _ => return Ok(()),
    };
    context.note(FindingKind::NotRecognised, Parent::SOURCE, 0, text)
}

/// Opens what lies inside a member, if it is a container.
pub(crate) fn nest(
    context: &Context<'_>,
    parent: Parent,
    reader: &mut dyn Read,
    place: Option<Place>,
) -> io::Result<()> {
    let mut tap = Tap::new(reader);
    let seen = tap.peek(SIGHT)?;
    let format = sniff(seen);
    if let Some(kind) = context.name_of(parent).and_then(|name| kind::pretence(&name, seen).map(|kind| (name, kind))) {
        pretends(context, parent, &kind.0, kind.1)?;
    }
    match format {
        Format::None => Ok(()),
        _ if format.is_document() && !context.opens_documents => Ok(()),
        _ if !context.has_depth(parent) => {
            let text = format!("a {} at depth {} is not opened: the budget ends here", format.name(), parent.depth);
            context.note(FindingKind::Limit, parent, 0, text)
        }
        _ => open(context, parent, format, &mut tap, place),
    }
}

fn open(
    context: &Context<'_>,
    parent: Parent,
    format: Format,
    tap: &mut Tap<'_>,
    place: Option<Place>,
) -> io::Result<()> {
    match format {
        Format::Warc => warc::records(context, parent, tap, &gzip::Origin::Plain { place }).map(drop),
        Format::Arc => arc::records(context, parent, tap, &gzip::Origin::Plain { place }).map(drop),
        Format::WarcGz => gzip::walk_records(context, parent, tap, warc::records),
        Format::ArcGz => gzip::walk_records(context, parent, tap, arc::records),
        Format::Gzip => gzip::walk(context, parent, tap),
        Format::Tar => tarball::walk(context, parent, tap, place),
        Format::Zip => zipfile::walk(context, parent, tap, place),
        Format::Mail => mail::message(context, parent, tap),
        Format::Mbox => mail::mbox(context, parent, tap),
        Format::Pdf => pdf::walk(context, parent, tap, place),
        Format::Picture => picture::walk(context, parent, tap),
        Format::Closed(name) => closed(context, parent, name, tap.peek(SIGHT)?),
        Format::None => Ok(()),
    }
}

/// Says that bytes of a known format stay closed; they are kept and searched as they are.
fn closed(context: &Context<'_>, parent: Parent, name: &str, head: &[u8]) -> io::Result<()> {
    if name == "OLE" && kind::is_locked_office(head) {
        let text = "an Office document behind a password: it is not opened";
        return context.note(FindingKind::Encrypted, parent, 0, text);
    }
    let what = if name == "OLE" { "an OLE file (old Office, mail of Outlook)".into() } else { format!("a file in the format {name}") };
    context.note(FindingKind::Unsupported, parent, 0, format!("{what} is not opened here; its bytes are kept and searched as they are"))
}

/// A head with what every member has; the rest is filled in by its format.
pub(crate) fn head(container: Container, name: &[u8], offset: u64) -> MemberHead {
    MemberHead {
        id: 0,
        parent: None,
        depth: 0,
        container,
        name: RawName::new(&name[..name.len().min(64 << 10)]),
        offset,
        inner_offset: None,
        entry: None::<EntryType>,
        declared_length: None,
        modified: None,
        media_type: None,
        made: None,
        warc: None,
        http: None,
    }
}
