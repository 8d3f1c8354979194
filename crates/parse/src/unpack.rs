//! Opens whatever a stream is, and what lies inside it, as deep as the budget allows.

use std::io::{self, Read};

use crate::context::{Context, Parent};
use crate::member::{Container, EntryType, FindingKind, MemberHead, RawName};
use crate::sniff::{Format, SIGHT, sniff};
use crate::tap::{Store, Tap};
use crate::{arc, gzip, mail, pdf, tarball, warc, zipfile};

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
    if format == Format::None {
        return not_recognised(context, name);
    }
    open(context, Parent::SOURCE, format, &mut tap, Some(Place { base: 0, length }))
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
    let format = sniff(tap.peek(SIGHT)?);
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
        Format::None => Ok(()),
    }
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
        warc: None,
        http: None,
    }
}
