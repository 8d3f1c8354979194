//! Joins what typst draws apart, so that the finished file can be read.
//!
//! typst puts glyphs of different height into separate text runs, also when they belong to one cluster
//! (a Khmer or Lao mark raised above its letter). Each run then carries the text of the whole cluster,
//! and every reader of the PDF gets the cluster twice: a statement of fact would not say what was
//! written. Here neighbouring runs that share a cluster become one run whose glyphs keep their height.
//! Nothing moves on the page.

use typst::layout::{Abs, Em, Frame, FrameItem, GroupItem, Point};
use typst::model::Document;
use typst::text::{Glyph, TextItem};
use typst_layout::{Page, PagedDocument};

/// The same pages, each cluster in one run.
pub(crate) fn join(document: &PagedDocument) -> PagedDocument {
    let join_page = |page: &Page| Page { frame: join_frame(&page.frame), ..page.clone() };
    PagedDocument::new(document.pages().iter().map(join_page).collect(), document.info().clone())
}

fn join_frame(frame: &Frame) -> Frame {
    let mut items: Vec<(Point, FrameItem)> = Vec::with_capacity(frame.items().len());
    for (at, item) in frame.items() {
        let joined = match (items.last_mut(), item) {
            (Some((before_at, FrameItem::Text(before))), FrameItem::Text(next)) => append(before, *before_at, next, *at),
            _ => false,
        };
        match item {
            _ if joined => {}
            FrameItem::Group(group) => {
                let group = GroupItem { frame: join_frame(&group.frame), ..group.clone() };
                items.push((*at, FrameItem::Group(group)));
            }
            _ => items.push((*at, item.clone())),
        }
    }
    let mut joined = Frame::new(frame.size(), frame.kind());
    if frame.has_baseline() {
        joined.set_baseline(frame.baseline());
    }
    joined.push_multiple(items);
    joined
}

/// Appends `next` to `before` when it goes on with the same cluster at the same place; says whether it did.
fn append(before: &mut TextItem, before_at: Point, next: &TextItem, at: Point) -> bool {
    let Some(shared) = shared_cluster(before, next) else { return false };
    let gap = before_at.x + before.width() - at.x;
    let shift = before.text.len() - shared;
    let fits = u16::try_from(shift + next.text.len()).is_ok();
    if gap.abs() > Abs::pt(0.01) || !fits {
        return false;
    }
    let raised = Em::from_abs(before_at.y - at.y, before.size);
    let shift = u16::try_from(shift).expect("the whole text fits");
    before.glyphs.extend(next.glyphs.iter().map(|glyph| Glyph {
        y_offset: glyph.y_offset + raised,
        range: glyph.range.start + shift..glyph.range.end + shift,
        ..glyph.clone()
    }));
    before.text.push_str(&next.text[shared..]);
    true
}

/// Length in bytes of the cluster with which `before` ends and `next` begins, if it is one and the same.
fn shared_cluster(before: &TextItem, next: &TextItem) -> Option<usize> {
    let same_hand = before.font == next.font
        && before.size == next.size
        && before.fill == next.fill
        && before.stroke == next.stroke
        && before.lang == next.lang;
    let (last, first) = (before.glyphs.last()?, next.glyphs.first()?);
    let cluster = before.text.get(last.range())?;
    let same_cluster = last.span == first.span && next.text.get(first.range())? == cluster;
    let at_the_edge = last.range().end == before.text.len() && first.range().start == 0;
    (same_hand && same_cluster && at_the_edge).then_some(cluster.len())
}
