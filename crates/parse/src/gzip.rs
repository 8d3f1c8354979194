//! gzip (RFC 1952): a whole file, or WARC and ARC with one member for each record.
//!
//! After a broken member the next one is searched for, so that one flipped bit costs one record.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use flate2::bufread::GzDecoder;

use crate::context::{Context, Parent};
use crate::member::{Container, FindingKind};
use crate::sniff::is_gzip;
use crate::tap::{Ending, Pipe, Swell, Tap};
use crate::unpack::{self, Place};

/// Where the records of a walk lie.
pub(crate) enum Origin {
    /// As they are, in the stream.
    Plain { place: Option<Place> },
    /// In a gzip member that begins at `start` of the stream; `compressed` moves on with reading.
    Gzip { start: u64, compressed: Rc<Cell<u64>> },
}

/// Walks records in a stream and says how many it met.
pub(crate) type Walker = fn(&Context<'_>, Parent, &mut Tap<'_>, &Origin) -> io::Result<u64>;

/// WARC or ARC in gzip.
pub(crate) fn walk_records(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>, walker: Walker) -> io::Result<()> {
    let mut noted = false;
    while !tap.at_end()? {
        let start = tap.position();
        if !is_gzip(tap.peek(10)?) {
            stray(context, parent, tap)?;
            continue;
        }
        let (count, trouble) = walk_member(context, parent, tap, walker)?;
        if count > 1 && !noted {
            noted = true;
            let text = "a gzip member holds several records; ISO 28500 asks for one each (offsets are of the member)";
            context.note(FindingKind::Malformed, parent, start, text)?;
        }
        if let Some(trouble) = trouble {
            broken_member(context, parent, start, count, &trouble)?;
            tap.seek(0x1f, 10, is_likely_member)?;
        }
    }
    stream_trouble(context, parent, tap)
}

fn walk_member(
    context: &Context<'_>,
    parent: Parent,
    tap: &mut Tap<'_>,
    walker: Walker,
) -> io::Result<(u64, Option<String>)> {
    let origin = Origin::Gzip { start: tap.position(), compressed: tap.counter() };
    let compressed = tap.counter();
    let mut decoder = GzDecoder::new(&mut *tap);
    let mut swell = Swell::new(context, &mut decoder, compressed);
    let mut inner = Tap::new(&mut swell);
    let count = walker(context, parent, &mut inner, &origin)?;
    inner.drain()?;
    Ok((count, inner.trouble().map(str::to_string)))
}

fn broken_member(context: &Context<'_>, parent: Parent, start: u64, count: u64, trouble: &str) -> io::Result<()> {
    let text = format!("the gzip member is broken: {trouble}");
    match count {
        0 => context.reject(FindingKind::Malformed, parent, start, text),
        _ => context.note(FindingKind::Malformed, parent, start, text),
    }
}

fn stray(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
    let start = tap.position();
    tap.skip(1);
    tap.seek(0x1f, 10, is_likely_member)?;
    let text = format!("{} bytes belong to no gzip member", tap.position() - start);
    context.reject(FindingKind::Stray, parent, start, text)
}

/// Stricter than the format: used to find the next member after a broken one.
fn is_likely_member(head: &[u8]) -> bool {
    is_gzip(head) && matches!(head.get(8..10), Some([0 | 2 | 4, 0..=13 | 255]))
}

fn stream_trouble(context: &Context<'_>, parent: Parent, tap: &Tap<'_>) -> io::Result<()> {
    let Some(trouble) = tap.trouble() else { return Ok(()) };
    context.note(FindingKind::Truncated, parent, tap.position(), format!("the stream around it ended: {trouble}"))
}

/// A gzip file: its members together are one content.
pub(crate) fn walk(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
    let name = GzDecoder::new(tap.peek(4096)?).header().and_then(|h| h.filename().map(<[u8]>::to_vec));
    let head = unpack::head(Container::Gzip, &name.unwrap_or_default(), tap.position());
    let member = context.begin(parent, head)?;
    let start = tap.position();
    let compressed = tap.counter();
    let mut content = Members::Between(&mut *tap);
    let mut swell = Swell::new(context, &mut content, Rc::clone(&compressed));
    let mut pipe = Pipe::new(context, member, &mut swell);
    unpack::nest(context, member, &mut pipe, None)?;
    let sent = pipe.drain()?;
    let reason = sent.trouble.as_ref().map(|trouble| format!("the gzip stream is broken: {trouble}"));
    let whole = reason.is_none();
    let stored_length = Some(compressed.get() - start);
    sent.close(context, Ending { stored_length, reason, ..Ending::default() })?;
    if whole { after_content(context, parent, tap) } else { Ok(()) }
}

fn after_content(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
    let start = tap.position();
    // Zero padding after the last member is usual on tapes.
    while tap.peek(1)?.first() == Some(&0) {
        tap.skip(1);
    }
    if tap.at_end()? {
        return stream_trouble(context, parent, tap);
    }
    tap.drain()?;
    let text = format!("{} bytes after the gzip content belong to nothing", tap.position() - start);
    context.note(FindingKind::Stray, parent, start, text)
}

/// Concatenated members as one stream; what is no member ends it.
enum Members<'t, 'r> {
    Between(&'t mut Tap<'r>),
    Inside(Box<GzDecoder<&'t mut Tap<'r>>>),
    Finished,
}

impl Read for Members<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(self, Members::Finished) {
                Members::Finished => return Ok(0),
                Members::Between(tap) => {
                    if is_gzip(tap.peek(10)?) {
                        *self = Members::Inside(Box::new(GzDecoder::new(tap)));
                    }
                }
                Members::Inside(mut decoder) => match decoder.read(buf)? {
                    0 => *self = Members::Between(decoder.into_inner()),
                    count => {
                        *self = Members::Inside(decoder);
                        return Ok(count);
                    }
                },
            }
        }
    }
}
