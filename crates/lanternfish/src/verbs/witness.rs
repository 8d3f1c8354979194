//! Witnesses. From typed words to steps of the desk; no rule is decided here.

use std::fs;

use desk::{
    DeskError, Session,
    witness::{self, AddWitness, TypedPaper},
};
use serde_json::json;

use super::{Done, Office, read, write};
use crate::{args::*, witness as link};

/// Checks a proof of a split: anyone may, without a home.
pub fn check_split(file: &std::path::Path, key: &str, voice: crate::output::Voice) -> Done {
    let view = witness::check(&read(file)?, key)?;
    voice.say(&json!({"split": true, "origin": view.origin, "known": view.known, "shown": view.shown}));
    voice.note("the owner of this log's key signed two histories: the checkpoints in the file cannot be of one log");
    Ok(0)
}

impl Office {
    pub(super) fn log_witness(&self, session: &Session, verb: LogWitnessVerb) -> Done {
        let desk = &self.desk;
        match verb {
            LogWitnessVerb::Add { name, key, url, certificate } => {
                let certificate = certificate.map(|file| read(&file)).transpose()?;
                self.voice.say(&witness::add(desk, session, &AddWitness { name, key, url, certificate })?);
            }
            LogWitnessVerb::List => self.voice.say_all(&witness::list(desk, session)?, "this log has no witness: it is unwitnessed"),
            LogWitnessVerb::Cosign { name } => return self.cosign(session, name.as_deref()),
            LogWitnessVerb::Status => self.voice.say(&witness::standing(desk, session)?),
            LogWitnessVerb::Request { witness, from, out } => {
                write(&out, witness::request(desk, session, witness.as_deref(), from)?.as_bytes())?;
                self.voice.say(&json!({"request": out}));
                self.voice.note("next: the other agency runs `lanternfish witness sign FILE --out FILE2`; then `log witness accept FILE2` here");
            }
            LogWitnessVerb::Accept { file } => self.voice.say(&witness::accept(desk, session, &read(&file)?)?),
            LogWitnessVerb::Paper { out: Some(out), language, jurisdiction } => {
                let (pdf, view) = witness::print(desk, session, &language, &jurisdiction)?;
                write(&out, &pdf)?;
                self.voice.say(&view);
            }
            LogWitnessVerb::Paper { out: None, language, jurisdiction } => self.voice.say(&witness::shown(desk, session, &language, &jurisdiction)?),
            LogWitnessVerb::Typed { words, register, page } => {
                self.voice.say(&witness::typed(desk, session, &TypedPaper { words, register, page })?);
            }
            LogWitnessVerb::Compare { file } => {
                let held = witness::compare(desk, session, &read(&file)?)?;
                self.voice.say(&json!({"holds": true, "origin": held.origin.to_string(), "events": held.size.0}));
            }
            LogWitnessVerb::Splits { out } => self.splits(session, out.as_deref())?,
        }
        Ok(0)
    }

    /// Every witness's answer; the exit code is that of the worst.
    fn cosign(&self, session: &Session, name: Option<&str>) -> Done {
        let asked = link::ask_all(&self.desk, session, name)?;
        if asked.is_empty() {
            return Err(DeskError::input("no witness has an address: add one with `log witness add NAME --url … --key … --certificate …`, or carry a file with `log witness request`"));
        }
        self.voice.say_all(&asked, "");
        for one in &asked {
            if let Some(problem) = &one.problem {
                let law = one.law.map_or(String::new(), |law| format!("refused by law {law}: "));
                self.voice.note(format!("lanternfish: {law}{problem}"));
            }
        }
        let failed = asked.iter().filter(|one| one.problem.is_some());
        Ok(failed.map(|one| if one.law.is_some() { 1 } else { 3 }).min().unwrap_or(0))
    }

    /// Asks the witnesses before a paper or package is made; what they do not answer, it will say itself.
    pub(super) fn ask_witnesses(&self, session: &Session) {
        match link::ask_all(&self.desk, session, None) {
            Ok(asked) => {
                let problems = asked.iter().filter_map(|one| one.problem.as_ref().map(|problem| (&one.witness, problem)));
                problems.for_each(|(name, problem)| self.voice.note(format!("the witness {name} did not cosign: {problem}", name = model::quoted(name))));
            }
            Err(error) => self.voice.note(format!("no witness was asked: {error}")),
        }
    }

    fn splits(&self, session: &Session, out: Option<&std::path::Path>) -> Result<(), DeskError> {
        self.voice.say_all(&witness::kept(&self.desk, session)?, "no log showed two histories here");
        let Some(folder) = out else { return Ok(()) };
        fs::create_dir_all(folder).map_err(|e| DeskError::environment(format!("making {}", folder.display()), &e))?;
        for (name, text) in witness::export(&self.desk, session)? {
            fs::write(folder.join(&name), text).map_err(|e| DeskError::environment(format!("writing {name}"), &e))?;
        }
        Ok(())
    }

    pub(super) fn witness(&self, verb: WitnessVerb) -> Done {
        let desk = &self.desk;
        match verb {
            WitnessVerb::Identity { certificate } => {
                let identity = witness::identity(desk, &self.session()?)?;
                if let Some(file) = certificate {
                    write(&file, identity.certificate.as_bytes())?;
                }
                self.voice.say(&identity);
            }
            WitnessVerb::Watch { name, key, certificate } => {
                let certificate = certificate.map(|file| read(&file)).transpose()?;
                self.voice.say(&witness::watch(desk, &self.session()?, &name, &key, certificate.as_deref())?);
            }
            WitnessVerb::Logs => self.voice.say_all(&witness::watched(desk, &self.session()?)?, "this node watches no other log"),
            WitnessVerb::Serve { listen } => link::serve(desk, listen, self.voice)?,
            WitnessVerb::Sign { file, out } => {
                write(&out, witness::sign_file(desk, &self.session()?, &read(&file)?)?.as_bytes())?;
                self.voice.say(&json!({"cosigned": out}));
            }
            WitnessVerb::CheckSplit { file, key } => return check_split(&file, &key, self.voice),
        }
        Ok(0)
    }
}
