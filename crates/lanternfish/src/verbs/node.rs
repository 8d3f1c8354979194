//! The log and the home itself. From typed words to steps of the desk; no rule is decided here.

use desk::{doctor::{self, Depth}, logbook};
use serde_json::json;

use super::{Done, Office, read};
use crate::{args::*, in_short, output::print_bytes};

impl Office {
    pub(super) fn doctor(&self, items: bool, bytes: bool) -> Done {
        let session = items.then(|| self.session()).transpose()?;
        let mut findings = doctor::doctor(&self.desk);
        if let Some(session) = session {
            findings.extend(doctor::items(&self.desk, &session, if bytes { Depth::Bytes } else { Depth::Lengths })?);
        }
        self.voice.say_all(&findings, "nothing to say");
        Ok(if findings.iter().all(|f| f.ok || f.warning) { 0 } else { 3 })
    }

    pub(super) fn log(&self, verb: LogVerb) -> Done {
        let session = self.session()?;
        let desk = &self.desk;
        match verb {
            LogVerb::Verify => {
                let report = logbook::verify(desk, &session)?;
                self.voice.say(&report);
                return Ok(if report.faults.is_empty() { 0 } else { 1 });
            }
            LogVerb::Prove { event } => self.voice.say(&logbook::prove(desk, &session, event)?),
            LogVerb::Checkpoint => {
                let text = logbook::checkpoint(desk, &session)?;
                if self.voice.json { self.voice.say(&json!({"checkpoint": text})) } else { print_bytes(text.as_bytes()) }
            }
            LogVerb::Show { from, limit } => {
                let leaves = logbook::show(desk, &session, from, limit)?;
                self.voice.tell_all(&leaves, || in_short::events(&leaves, &in_short::zone_here()), "no event there");
                let (next, size) = (from + leaves.len() as u64, desk.store.log_size()?);
                if !leaves.is_empty() && next < size {
                    self.voice.note(format!("{} more events: `lanternfish log show --from {next}`", size - next));
                }
            }
            LogVerb::Tiles { folder } => self.voice.say(&logbook::tiles(desk, &session, &folder)?),
            LogVerb::Witness(verb) => return self.log_witness(&session, verb),
            LogVerb::Resume { last_known, nothing_later_known } => {
                let text = last_known.map(|file| read(&file)).transpose()?.map(|b| String::from_utf8_lossy(&b).into_owned());
                self.voice.say(&logbook::resume(desk, &session, text.as_deref(), nothing_later_known)?);
            }
        }
        Ok(0)
    }
}
