//! How far the log is witnessed, by whom, and since when it is not: for people, papers and packages (law 8).

use ledger::{SignedCheckpoint, note::UnknownSigners};
use model::{Law, Moment, authorize::NodeStep, event::EventType};
use report::{PaperMark, WitnessStatus};
use serde::Serialize;
use serde_json::json;
use store::{NewEvent, Session, StoreError};

use super::{moment, ours, own_log, paper, splits};
use crate::Desk;

/// How far the log is witnessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The log.
    pub origin: String,
    /// Number of its events.
    pub events: u64,
    /// Number of events that a node of another agency has cosigned.
    pub cosigned: u64,
    /// By whom, and when.
    pub witnesses: Vec<(String, Moment)>,
    /// Number of events that a paper register holds.
    pub on_paper: u64,
    /// Register and page.
    pub register: Option<String>,
    /// Since when nobody outside has seen the log grow.
    pub unwitnessed_since: Moment,
    /// Number of events after that.
    pub unwitnessed: u64,
    /// Proofs that this log showed two histories.
    pub splits: usize,
    /// In one sentence.
    pub text: String,
}

/// The newest marks that the log left outside.
pub(crate) struct Known {
    note: Option<SignedCheckpoint>,
    by: Vec<(String, Moment)>,
    paper: Option<PaperMark>,
    began: Moment,
    split: bool,
}

/// Reads the newest marks of the log's present epoch.
pub(crate) fn known(desk: &Desk) -> Result<Known, StoreError> {
    let note = ours::cosigned(desk)?.pop().map(|one| one.note);
    let by = match &note {
        None => vec![],
        Some(note) => {
            let checked = note.verify(&own_log(desk)?, &ours::keys(desk)?, UnknownSigners::Ignore);
            let by = checked.map_err(|e| StoreError::refused(Law::Checkpoint, e.to_string()))?.1;
            by.iter().map(|one| (one.name.to_string(), moment(one.unix_seconds))).collect()
        }
    };
    Ok(Known { note, by, paper: paper::newest(desk)?, began: desk.store.event(0)?.leaf.time, split: splits::is_split(desk, &desk.store.origin()?)? })
}

impl Known {
    fn cosigned(&self) -> u64 {
        self.note.as_ref().map_or(0, |note| note.claimed().size.0)
    }

    fn on_paper(&self) -> u64 {
        self.paper.as_ref().map_or(0, |mark| mark.events)
    }

    fn cosigned_at(&self) -> Option<Moment> {
        self.by.iter().map(|(_, at)| *at).max()
    }

    fn names(&self) -> Vec<String> {
        self.by.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Since when nobody outside has seen the log grow.
    pub fn since(&self) -> Moment {
        let paper = self.paper.as_ref().filter(|mark| mark.events > self.cosigned()).map(|mark| mark.until);
        paper.or(self.cosigned_at()).unwrap_or(self.began)
    }

    /// For the seal of a package: a sentence for every verifier.
    pub fn sentence(&self) -> String {
        let since = format!("unwitnessed since {} when this package was built", self.since());
        let mut text = match self.cosigned_at() {
            Some(at) => format!("{since}; {} cosigned the first {} events at {at}", self.names().join(", "), self.cosigned()),
            None => since,
        };
        if let Some(mark) = &self.paper {
            let PaperMark { register, page, events, .. } = mark;
            text.push_str(&format!("; on paper, not by a node: register {register}, page {page}, holds the first {events} events"));
        }
        if self.split {
            text.push_str("; TWO HISTORIES OF THIS LOG ARE KNOWN: ask the agency for the proof");
        }
        text
    }

    /// What page one says of a paper that tells of the first `told` events: the checkpoint that it prints,
    /// and who stands behind it.
    pub fn for_paper(&self, desk: &Desk, told: u64) -> Result<(SignedCheckpoint, WitnessStatus), StoreError> {
        match (&self.note, self.cosigned_at(), &self.paper) {
            (Some(note), Some(at), _) if self.cosigned() >= told => Ok((note.clone(), WitnessStatus::Witnessed { by: self.names(), at })),
            (_, _, Some(mark)) if mark.events >= told => Ok((desk.store.checkpoint_at(mark.events)?, WitnessStatus::Registered { mark: mark.clone() })),
            (_, _, paper) => Ok((desk.store.checkpoint()?, WitnessStatus::UnwitnessedSince { since: self.since(), paper: paper.clone() })),
        }
    }
}

/// The newest cosigned checkpoint, when it holds event number `event`.
pub(crate) fn note_covering(desk: &Desk, event: u64) -> Result<Option<SignedCheckpoint>, StoreError> {
    Ok(ours::cosigned(desk)?.pop().map(|one| one.note).filter(|note| note.claimed().size.0 > event))
}

/// What the health check says of witnesses.
pub(crate) struct SeenOutside {
    /// How many nodes are named as witnesses.
    pub named: usize,
    /// Since when nobody outside has seen the log grow.
    pub since: Moment,
    /// Whether somebody outside has seen all of it.
    pub all: bool,
    /// Whether two histories are known.
    pub split: bool,
}

pub(crate) fn seen_outside(desk: &Desk) -> Result<SeenOutside, StoreError> {
    let known = known(desk)?;
    let all = known.cosigned().max(known.on_paper()) >= desk.store.log_size()?;
    Ok(SeenOutside { named: ours::keys(desk)?.len(), since: known.since(), all, split: known.split })
}

/// How far the log is witnessed.
///
/// # Errors
/// When the database refuses.
pub fn standing(desk: &Desk, session: &Session) -> Result<Standing, StoreError> {
    let event = NewEvent::new(EventType::LogConsulted, None, json!({"what": "witness status"}));
    desk.store.commit_node(Some(session), NodeStep::ReadLog, event, vec![])?;
    let (known, origin, events) = (known(desk)?, desk.store.origin()?, desk.store.log_size()?);
    let splits = splits::kept(desk, session)?.into_iter().filter(|split| split.origin == origin).count();
    let unwitnessed = events - known.cosigned().max(known.on_paper());
    let text = match splits {
        0 => format!("unwitnessed since {}: {unwitnessed} of {events} events were seen by nobody outside", known.since()),
        _ => "TWO HISTORIES OF THIS LOG ARE KNOWN: nothing is sent for cosigning; see `lanternfish log witness splits`".into(),
    };
    Ok(Standing {
        cosigned: known.cosigned(),
        witnesses: known.by.clone(),
        on_paper: known.on_paper(),
        register: known.paper.as_ref().map(|mark| format!("{}, page {}", mark.register, mark.page)),
        unwitnessed_since: known.since(),
        origin,
        events,
        unwitnessed,
        splits,
        text,
    })
}
