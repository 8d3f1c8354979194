//! An HTML page of an exhibit as a page that does nothing: an opening like any other (permit, event, law 7), whose bytes
//! are cut into pieces in the caged child and written as HTML here, from a list of elements (law 14).
//!
//! It believes neither the page nor the child: `extract::page::Writer` writes what it knows and nothing else. It refuses:
//! a page that is too long, one on which the child fell, and bytes that are no page; then it says so, and the bytes are
//! there as text and as numbers.

use std::{cell::Cell, time::{Duration, Instant}};

use extract::page::{About, Piece, READ_RENDERING, Writer};
use model::{action::Action, event::EventType, id::BlobId};
use parse::{Budget, Ended, Finding, MemberHead, MemberTail, Sink, SinkError, Task};
use serde::Serialize;
use serde_json::{Value, json};
use store::{NewEvent, Permit, Scope, StoreError};

use crate::{
    Desk,
    admit::{self, Opened},
    examine::BlobSource,
    row::for_action,
};

/// The longest page, in bytes.
const LONGEST: u64 = 32 << 20;

/// What came of it, beside the page itself.
#[derive(Debug, Clone, Serialize)]
pub struct PageView {
    /// `E-0001`.
    pub exhibit: String,
    /// The part of it, where the page is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<BlobId>,
    /// The class of the exhibit.
    pub class: model::exhibit::ExhibitClass,
    /// Its state.
    pub state: String,
    /// Length of the page in bytes.
    pub length: u64,
    /// What is known of it.
    #[serde(flatten)]
    pub about: About,
    /// Why it is not shown, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_page: Option<String>,
}

/// Gives a page as HTML that does nothing; an event. Where there is none, `no_page` says why.
///
/// # Errors
/// Law 1 when the permit does not reach the item, laws 5, 7 and 15.
pub fn render(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, part: Option<&str>, why: (&str, Option<&str>)) -> Result<(PageView, String), StoreError> {
    let (purpose, reason) = why;
    for_action(permit, Action::View)?;
    let Opened { row, view, blob, media } = admit::to_open(desk, scope, label, part, reason)?;
    let readable = match desk.store.read_blob(scope, permit, &blob) {
        Ok(readable) => readable,
        Err(error) => return Err(admit::anomaly(desk, scope, &row, error)?),
    };
    let length = readable.content.length;
    let page = if length > LONGEST { Err(format!("it has {length} bytes, and only pages of up to {LONGEST} are shown as pages")) } else { pieces(desk, scope, permit, readable, media.as_deref())? };
    let (about, html, no_page) = match page {
        Ok((about, html)) => (about, html, None),
        Err(why) => (About::default(), String::new(), Some(why)),
    };
    let detail = json!({"purpose": purpose, "exhibit": view.exhibit, "view": "page", "reason": reason, "part": part.map(|_| &blob), "no-page": no_page});
    desk.store.commit(scope, permit, NewEvent::new(EventType::ExhibitViewed, Some(view.id.clone()), detail), vec![])?;
    // Whoever restricts it from now on finds this viewing in the log before his own event.
    admit::still_open(desk, scope, &blob)?;
    Ok((PageView { exhibit: view.exhibit, part: part.map(|_| blob), class: view.content.class, state: view.state, length, about, no_page }, html))
}

type Rendered = Result<(About, String), String>;

/// The pieces of a page, cut in the caged child and written here; why there are none, where the child did not end well.
fn pieces(desk: &Desk, scope: &Scope, permit: &Permit, readable: store::ReadableBlob, media: Option<&str>) -> Result<Rendered, StoreError> {
    let (mut sink, mut source) = (PageSink::default(), BlobSource::from(readable));
    let task = Task::Extract { hint: json!({"read": READ_RENDERING, "media": media}).to_string() };
    let budget = Budget { wall_ms: 30_000, cpu_s: 20, memory_bytes: 512 << 20, ..Budget::default() };
    let asked = Cell::new(Instant::now());
    let stop = || asked.get().elapsed() >= Duration::from_secs(1) && {
        asked.set(Instant::now());
        desk.store.still_live(scope, permit).is_err()
    };
    let outcome = parse::run(desk.exe(), &task, &budget, &mut source, &mut sink, &stop)
        .map_err(|e| StoreError::Environment { attempt: "reading the page".into(), cause: e.to_string() })?;
    desk.store.still_live(scope, permit)?;
    let Some(mut about) = sink.about.filter(|_| outcome.ended == Ended::Done && sink.strange == 0) else {
        return Ok(Err("its reading did not come to an end within its bounds".into()));
    };
    if !about.is_page {
        return Ok(Err("it is no HTML page".into()));
    }
    let (html, cut) = sink.writer.finish(about.title.as_deref().unwrap_or_default());
    about.cut = about.cut.or_else(|| cut.then(|| "it is longer than what is shown as a page".to_string()));
    Ok(Ok((about, html)))
}

/// Takes the pieces of one page.
#[derive(Default)]
struct PageSink {
    about: Option<About>,
    writer: Writer,
    /// Values that are of no agreed shape.
    strange: usize,
}

impl Sink for PageSink {
    fn begin(&mut self, _head: &MemberHead) -> Result<(), SinkError> {
        Err(SinkError::from("a member where only a page was asked for".to_string()))
    }

    fn data(&mut self, _id: u32, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }

    fn end(&mut self, _tail: &MemberTail) -> Result<(), SinkError> {
        Ok(())
    }

    fn abandon(&mut self, _id: u32, _reason: &str) {}

    fn finding(&mut self, _finding: &Finding) {}

    fn selectors(&mut self, values: Vec<Value>) -> Result<(), SinkError> {
        for mut value in values {
            let inside = value["value"].take();
            match value["kind"].as_str() {
                Some("page") => self.about = serde_json::from_value(inside).ok(),
                Some("pieces") => match serde_json::from_value::<Vec<Piece>>(inside) {
                    Ok(pieces) => pieces.iter().for_each(|piece| self.writer.put(piece)),
                    Err(_) => self.strange += 1,
                },
                _ => self.strange += 1,
            }
        }
        Ok(())
    }
}
