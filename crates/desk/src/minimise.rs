//! The minimised view of a personal-sensitive item (law 7): what it is, and its text without the identifiers that the
//! extractor finds. The whole is opened only by who asks for it with a reason.
//!
//! The identifiers are found in the caged parser, as in an examination; here their bytes are covered. It shows no
//! text when the search was not whole, and says each time what it cannot cover: it does not know names.

use std::{cell::Cell, collections::BTreeMap, time::{Duration, Instant}};

use model::{
    Moment,
    action::Action,
    event::EventType,
    exhibit::{ExhibitClass, ExhibitKind},
    selector::FoundSelector,
};
use parse::{Budget, Ended, Task};
use serde::Serialize;
use serde_json::json;
use store::{NewEvent, Permit, Scope, StoreError};

use crate::{
    Desk,
    admit,
    examine::{BlobSource, SelectorSink},
    opening,
    row::for_action,
};

/// The longest text that is shown minimised, in bytes.
const LONGEST: u64 = 1 << 20;
/// What no minimised view covers.
pub const NOT_MASKED: &str = "names of persons, postal addresses, telephone numbers without a country code, dates of birth, numbers of identity papers and of cars, and whatever is in pictures or sound";

/// A minimised view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MinimisedView {
    /// `E-0001`.
    pub exhibit: String,
    /// How it came in.
    pub kind: ExhibitKind,
    /// Its class.
    pub class: ExhibitClass,
    /// What it is.
    pub description: String,
    /// From where or from whom.
    pub source: String,
    /// Its length in bytes.
    pub length: u64,
    /// When it was admitted.
    pub admitted: Moment,
    /// How many identifiers of each kind were covered.
    pub masked: BTreeMap<String, usize>,
    /// What was not covered.
    pub not_masked: String,
    /// Why there is no text, where there is none.
    pub no_text: Option<String>,
    /// The text with the identifiers covered.
    pub text: Option<String>,
}

/// Gives the minimised view of an item; an event.
///
/// # Errors
/// Law 1 when the permit does not reach the item, laws 5 and 7.
pub fn view(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, purpose: &str) -> Result<MinimisedView, StoreError> {
    for_action(permit, Action::View)?;
    let row = admit::row(desk, scope, label)?;
    let exhibit = admit::view(desk, &row)?;
    let blob = admit::usable_blob(&exhibit)?;
    opening::looked_through(desk, scope, &exhibit)?;
    let open = || match desk.store.read_blob(scope, permit, blob) {
        Ok(readable) => Ok(readable),
        Err(error) => Err(admit::anomaly(desk, scope, &row, error)?),
    };
    let mut readable = open()?;
    let length = readable.content.length;
    let text = if length > LONGEST {
        Err(format!("it has {length} bytes, and only texts of up to {LONGEST} are shown minimised"))
    } else {
        let bytes = readable.bytes(LONGEST)?;
        match String::from_utf8(bytes).ok().filter(|text| is_text(text)) {
            None => Err("it is no plain text (UTF-8)".to_string()),
            Some(text) => identifiers(desk, scope, permit, open()?)?.map(|found| masked(&text, &found)),
        }
    };
    let (text, masked, no_text) = match text {
        Ok((text, masked)) => (Some(text), masked, None),
        Err(why) => (None, BTreeMap::new(), Some(why)),
    };
    let detail = json!({"purpose": purpose, "exhibit": exhibit.exhibit, "view": "minimised", "masked": masked, "no-text": no_text, "not-masked": NOT_MASKED});
    desk.store.commit(scope, permit, NewEvent::new(EventType::ExhibitViewed, Some(exhibit.id.clone()), detail), vec![])?;
    // Whoever restricts it from now on finds this viewing in the log before his own event.
    admit::still_open(desk, scope, blob)?;
    let content = exhibit.content;
    Ok(MinimisedView {
        exhibit: exhibit.exhibit,
        kind: content.kind,
        class: content.class,
        description: content.description,
        source: content.source,
        length,
        admitted: content.admitted,
        masked,
        not_masked: NOT_MASKED.into(),
        no_text,
        text,
    })
}

/// The identifiers in some bytes, found in the caged parser; why there is no answer, where the search was not whole.
fn identifiers(desk: &Desk, scope: &Scope, permit: &Permit, readable: store::ReadableBlob) -> Result<Result<Vec<FoundSelector>, String>, StoreError> {
    let (mut sink, mut source) = (SelectorSink::default(), BlobSource::from(readable));
    let task = Task::Extract { hint: json!({"place": "minimised view", "read": "selectors"}).to_string() };
    let asked = Cell::new(Instant::now());
    let stop = || asked.get().elapsed() >= Duration::from_secs(1) && {
        asked.set(Instant::now());
        desk.store.still_live(scope, permit).is_err()
    };
    let outcome = parse::run(desk.exe(), &task, &Budget::default(), &mut source, &mut sink, &stop)
        .map_err(|e| StoreError::Environment { attempt: "searching the item for what must be covered".into(), cause: e.to_string() })?;
    desk.store.still_live(scope, permit)?;
    let reading = sink.reading;
    let whole = outcome.ended == Ended::Done && reading.selectors_beyond == 0 && reading.strange == 0;
    let found = reading.selectors;
    Ok(if whole { Ok(found) } else { Err("the search for identifiers was not whole, so none of its text is shown".into()) })
}

/// A text that a terminal can show: no controls but the ends of lines and tabulators.
fn is_text(text: &str) -> bool {
    text.chars().all(|letter| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t'))
}

/// The text with each identifier covered by the name of its kind, and how many there were.
fn masked(text: &str, found: &[FoundSelector]) -> (String, BTreeMap<String, usize>) {
    let mut ranges: Vec<(usize, usize, String)> = found.iter().filter_map(|one| range(text, one)).collect();
    ranges.sort();
    let (mut out, mut counts, mut at) = (String::with_capacity(text.len()), BTreeMap::new(), 0);
    for (start, end, kind) in ranges {
        if end <= at {
            continue;
        }
        if start >= at {
            out.push_str(&text[at..start]);
            out.push_str(&format!("[{kind}]"));
            *counts.entry(kind).or_insert(0) += 1;
        }
        at = end;
    }
    out.push_str(&text[at..]);
    (out, counts)
}

/// Where an identifier stands, widened to whole letters.
fn range(text: &str, one: &FoundSelector) -> Option<(usize, usize, String)> {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
    let (mut start, mut end) = (place(one.start), place(one.end));
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start < end).then(|| (start, end, kind(one)))
}

fn kind(one: &FoundSelector) -> String {
    serde_json::to_value(one.selector_type).ok().and_then(|name| name.as_str().map(str::to_string)).unwrap_or_default()
}
