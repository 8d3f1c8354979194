//! A paper register as a witness: the checkpoint's words are printed for a bound, stamped book, and typed
//! back later (law 8). Words carry no signature, so they can refute this log and accuse nobody else; what
//! counts is the stamp on the page. Every paper says that it was a register and no node.

use ledger::words::{from_words, to_words};
use model::{Law, Moment, Sha256Digest, authorize::NodeStep, event::EventType};
use report::{Jurisdiction, Language, PaperMark, RegisterPage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Basis, NewEvent, Session, StoreError};

use super::{id_of, name_for_people, own_log, ours, row};
use crate::{Desk, office::input, report_step::set};

/// A printed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaperView {
    /// The log.
    pub origin: String,
    /// Number of events.
    pub events: u64,
    /// The words, as printed.
    pub words: String,
    /// SHA-256 of the PDF.
    pub pdf: Sha256Digest,
}

/// Prints the log's checkpoint for a paper register: words, signed note and QR code, as PDF/A.
///
/// # Errors
/// An unknown jurisdiction or language; the typesetting child; a PDF that does not show every word.
pub fn print(desk: &Desk, session: &Session, language: &str, jurisdiction: &str) -> Result<(Vec<u8>, PaperView), StoreError> {
    let page = page(desk, session, language, jurisdiction)?;
    let request = serde_json::from_value(page.paper().map_err(input)?.request()).map_err(input)?;
    let set = set(desk, &request)?;
    let printed: Vec<&str> = set.text.split_whitespace().filter(|word| page.words.iter().any(|one| one == word)).collect();
    if printed != page.words {
        return Err(StoreError::refused(Law::Checkpoint, "the finished page does not show every word in its order: print it again"));
    }
    let view = PaperView { origin: page.origin.clone(), events: page.events, words: page.words.join(" "), pdf: Sha256Digest::of(&set.pdf) };
    printed_event(desk, session, &page, json!(view.pdf))?;
    Ok((set.pdf, view))
}

/// The same for the printer of a browser: what stands on the page, and no PDF.
///
/// # Errors
/// An unknown jurisdiction or language.
pub fn shown(desk: &Desk, session: &Session, language: &str, jurisdiction: &str) -> Result<Value, StoreError> {
    let page = page(desk, session, language, jurisdiction)?;
    let shown = page.paper().map_err(input)?.shown();
    printed_event(desk, session, &page, Value::Null)?;
    Ok(shown)
}

fn printed_event(desk: &Desk, session: &Session, page: &RegisterPage, pdf: Value) -> Result<(), StoreError> {
    let detail = json!({"size": page.events, "root": page.root, "pdf": pdf});
    desk.store.commit_node(Some(session), NodeStep::ReadLog, NewEvent::new(EventType::CheckpointPrinted, None, detail), vec![]).map(|_| ())
}

fn page(desk: &Desk, session: &Session, language: &str, jurisdiction: &str) -> Result<RegisterPage, StoreError> {
    desk.store.check_node_step(Some(session), NodeStep::ReadLog)?;
    let language: Language = language.parse().map_err(input)?;
    let note = desk.store.checkpoint()?;
    let claimed = note.claimed();
    let words = to_words(claimed).map_err(input)?;
    Ok(RegisterPage {
        language,
        jurisdiction: Jurisdiction::named(jurisdiction).map_err(input)?,
        agency: desk.store.config().agency.clone(),
        origin: claimed.origin.to_string(),
        events: claimed.size.0,
        root: claimed.root.hex(),
        words,
        note: note.to_text(),
        until: last_event(desk, claimed.size.0)?,
        printed_at: desk.now(),
        synthetic: desk.store.config().training,
    })
}

/// Time of the last of the first `size` events.
fn last_event(desk: &Desk, size: u64) -> Result<Moment, StoreError> {
    Ok(desk.store.event(size.saturating_sub(1))?.leaf.time)
}

/// What is typed back from a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedPaper {
    /// The words.
    pub words: String,
    /// How the register is called, and where it lies.
    pub register: String,
    /// The page.
    pub page: u32,
}

/// Compares what stands in a stamped register with the log, and records the register as a paper witness.
///
/// # Errors
/// Words that do not fit together; law 3 when the log is shorter or holds something else.
pub fn typed(desk: &Desk, session: &Session, typed: &TypedPaper) -> Result<PaperMark, StoreError> {
    desk.store.check_node_step(Some(session), NodeStep::NameWitnesses)?;
    let register = name_for_people(&typed.register)?;
    if typed.page == 0 {
        return Err(StoreError::input("name the page on which the words stand: somebody must find it again"));
    }
    let checkpoint = from_words(own_log(desk)?.name(), &typed.words).map_err(input)?;
    if checkpoint.size.0 > desk.store.log_size()? {
        return Err(ours::said_behind(desk, session, checkpoint.size.0, &checkpoint.to_text())?);
    }
    if desk.store.checkpoint_at(checkpoint.size.0)?.claimed().root != checkpoint.root {
        let text = format!(
            "register {}, page {}, holds another history of the first {} events than this log. Keep the register and this home as they are, tell your supervisor",
            typed.register, typed.page, checkpoint.size
        );
        return Err(desk.store.note_refused(session, "compare with a paper register", StoreError::refused(Law::AppendOnly, text))?);
    }
    let until = last_event(desk, checkpoint.size.0)?;
    let mark = PaperMark { register, page: typed.page, events: checkpoint.size.0, until };
    let content = Content { origin: checkpoint.origin.to_string(), mark: mark.clone(), typed: desk.now() };
    let id = id_of("paper", &format!("{} {} {}", mark.register, mark.page, checkpoint.to_text()));
    let basis = desk.store.register_one("paper-witness", &id)?.map_or(Basis::New, |row| Basis::Over(row.version));
    let write = row(desk, "paper-witness", &id, "agrees", &content, basis)?;
    let detail = json!({"register": mark.register, "page": mark.page, "size": mark.events, "root": checkpoint.root});
    let event = NewEvent::new(EventType::PaperCompared, Some(id), detail);
    desk.store.commit_node(Some(session), NodeStep::NameWitnesses, event, vec![write])?;
    Ok(mark)
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    origin: String,
    mark: PaperMark,
    typed: Moment,
}

/// The register page that holds the most events of the log's present epoch.
pub(super) fn newest(desk: &Desk) -> Result<Option<PaperMark>, StoreError> {
    let origin = desk.store.origin()?;
    let pages = desk.store.register("paper-witness")?.iter().map(store::Row::content).collect::<Result<Vec<Content>, _>>()?;
    Ok(pages.into_iter().filter(|page| page.origin == origin).map(|page| page.mark).max_by_key(|mark| mark.events))
}
