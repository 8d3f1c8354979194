//! What the workspace asks of the house, and what it hears.
//!
//! The workspace opens no record itself. All it shows is what a step answered that was taken in the session of the person
//! who asked: the permit, the event and the refusal are those of the command line. It cannot go around them, because it
//! does not know the desk.

use std::{collections::BTreeMap, io::Read, path::PathBuf, sync::Mutex};

use serde_json::Value;

/// A person with an open session, or for whom a program acts by a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// His name at work.
    pub name: String,
    /// His role, such as `exhibit-officer`.
    pub role: String,
    /// When the session ends, RFC 3339.
    pub expires: String,
    /// What the token of a program is for that acts in his place; none in his own session.
    pub purpose: Option<String>,
}

/// What a person types to log in.
#[derive(Default)]
pub struct Login {
    /// His name at work.
    pub name: String,
    /// His passphrase.
    pub passphrase: String,
    /// The same again: a first login makes keys under it, and a slip of the finger would lose them.
    pub again: Option<String>,
    /// The one-time code of a first login.
    pub code: Option<String>,
    /// The code of a second factor.
    pub second_factor: Option<String>,
    /// The answer of a passkey, beside the passphrase.
    pub passkey: Option<Passkey>,
    /// A passkey that is shown alone: nothing else was typed.
    pub alone: Option<Alone>,
}

/// What a browser brought of a passkey that opens alone. It is as good as a passphrase, so it is never printed.
pub struct Alone {
    /// The answer of the passkey.
    pub passkey: Passkey,
    /// Whose it is, as the authenticator keeps it, base64url.
    pub person: String,
    /// The value that only this authenticator gives, base64url.
    pub value: String,
}

/// What a browser brought of a passkey, base64url; the question was asked here, and is asked no more.
#[derive(Debug, Clone)]
pub struct Passkey {
    /// Scheme, host and port by which the browser called this server.
    pub origin: String,
    /// The question.
    pub challenge: String,
    /// The authenticator's name for its key.
    pub id: String,
    /// What the browser says of itself.
    pub client: String,
    /// The authenticator's data.
    pub data: String,
    /// Its signature.
    pub signature: String,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// In words, with what to do next.
    pub text: String,
    /// The law of the house that refuses, if it is one.
    pub law: Option<u8>,
    /// 1 refused by a law, 2 bad input, 3 environment.
    pub exit: i32,
}

/// Somebody who hears what a step says while it is taken.
pub trait Listener: Send + Sync {
    /// Bytes of the answer, in order.
    fn answer(&self, bytes: &[u8]);
    /// A message for the person: progress, a warning, what to do next.
    fn note(&self, line: &str);
    /// What the step asks for where a person at a terminal would type: once, and never kept.
    fn typed(&self) -> Option<String>;
    /// A file that was sent along with the step: once. An upload that breaks off is a read that fails, never an end.
    fn upload(&self, field: &str) -> Option<Sent>;
    /// Bytes of a file that the step writes, in order.
    ///
    /// # Errors
    /// When it is longer than what is given this way.
    fn file(&self, bytes: &[u8]) -> std::io::Result<()>;
}

/// How the words of a step name a file that was sent along: this and the field.
pub const UPLOADED: &str = "upload:";

/// How the words of a step name the file that the person receives.
pub const RECEIVED: &str = "download:";

/// A file that was sent along.
pub struct Sent {
    /// The name that the giver's computer has for it, when it was told.
    pub name: Option<String>,
    /// Its bytes.
    pub bytes: Box<dyn Read + Send>,
}

/// Files that are sent along, by field.
pub type Uploads = BTreeMap<String, Sent>;

/// The house, as the workspace knows it. Each call may take long: it is made on a thread of its own.
pub trait House: Send + Sync + 'static {
    /// Name of the agency.
    fn agency(&self) -> String;

    /// Whether everything here is for training.
    fn training(&self) -> bool;

    /// All steps there are.
    fn commands(&self) -> clap::Command;

    /// Opens a session: its token, and what the person should know.
    ///
    /// # Errors
    /// A wrong passphrase or code; a person who has left; a first login whose passphrase was not typed twice, or, from
    /// another machine, for which no code was made.
    fn log_in(&self, login: &Login) -> Result<(String, Vec<String>), Refusal>;

    /// The words in which every wrong login is refused.
    fn wrong_login(&self) -> Refusal;

    /// Whose session, or program's token, this is.
    ///
    /// # Errors
    /// When it has ended.
    fn who(&self, token: &str) -> Result<Person, Refusal>;

    /// Takes one step in a session, as if these words had been typed. Gives the exit code.
    fn take(&self, token: &str, words: &[String], listener: std::sync::Arc<dyn Listener>) -> i32;

    /// The same for what a page asks of itself: where no permit would be given, nothing is asked and nothing is written.
    fn wonder(&self, token: &str, words: &[String], listener: std::sync::Arc<dyn Listener>) -> i32;

    /// A new place of the house for something that a step writes as a folder.
    fn place(&self, name: &str) -> PathBuf;
}

/// Most bytes of one answer that are kept to be shown.
const MOST_ANSWER: usize = 16 << 20;
/// Most bytes of one file that are given.
const MOST_FILE: usize = 64 << 20;
/// Most messages of one step that are kept.
const MOST_NOTES: usize = 2_000;

/// Hears one step, within bounds.
#[derive(Default)]
pub struct Heard {
    kept: Mutex<Kept>,
    typed: Mutex<Option<String>>,
    uploads: Mutex<Uploads>,
}

#[derive(Debug, Default)]
struct Kept {
    answer: Vec<u8>,
    file: Vec<u8>,
    cut: bool,
    notes: Vec<String>,
    more_notes: usize,
}

impl Heard {
    /// A listener that types this when it is asked, and has these files.
    pub fn with(typed: Option<String>, uploads: Uploads) -> Heard {
        Heard { typed: Mutex::new(typed), uploads: Mutex::new(uploads), ..Heard::default() }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The answer as it stands.
    pub fn bytes(&self) -> Vec<u8> {
        self.kept().answer.clone()
    }

    /// The file that the step wrote.
    pub fn received(&self) -> Vec<u8> {
        self.kept().file.clone()
    }

    /// Whether the answer was longer than what is kept.
    pub fn is_cut(&self) -> bool {
        self.kept().cut
    }

    /// The values of the answer: one JSON value a line. A line that is none is no value.
    pub fn values(&self) -> Vec<Value> {
        let bytes = self.bytes();
        bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    /// The messages so far; when there were more than are kept, the last one says how many.
    pub fn notes(&self) -> Vec<String> {
        let kept = self.kept();
        let more = (kept.more_notes > 0).then(|| format!("{} more messages are not kept", kept.more_notes));
        kept.notes.iter().cloned().chain(more).collect()
    }

    /// The message with this number, counted from 0, when it was said already.
    pub fn note_at(&self, number: usize) -> Option<String> {
        self.kept().notes.get(number).cloned()
    }

    /// Whether the step was refused or could not be taken; otherwise it was done, whatever it found.
    pub fn was_refused(&self, exit: i32) -> bool {
        let values = self.values();
        exit != 0 && (values.is_empty() || values.iter().any(|value| value["error"].is_string()))
    }

    /// The refusal among the values, when the step was not taken.
    pub fn refusal(&self, exit: i32) -> Refusal {
        let values = self.values();
        let told = values.iter().rev().find(|value| value["error"].is_string());
        let text = told.map(|value| value["error"].as_str().unwrap_or_default().to_string());
        let last_note = || self.notes().pop().unwrap_or_else(|| "it was not done, and nothing was said of the reason".into());
        let law = told.and_then(|value| value["law"].as_u64()).and_then(|law| u8::try_from(law).ok());
        Refusal { text: text.unwrap_or_else(last_note), law, exit }
    }
}

impl Listener for Heard {
    fn answer(&self, bytes: &[u8]) {
        let mut kept = self.kept();
        let room = MOST_ANSWER.saturating_sub(kept.answer.len()).min(bytes.len());
        kept.answer.extend_from_slice(&bytes[..room]);
        kept.cut |= room < bytes.len();
    }

    fn note(&self, line: &str) {
        let mut kept = self.kept();
        if kept.notes.len() < MOST_NOTES {
            kept.notes.push(line.to_string());
        } else {
            kept.more_notes += 1;
        }
    }

    fn typed(&self) -> Option<String> {
        self.typed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()
    }

    fn upload(&self, field: &str) -> Option<Sent> {
        self.uploads.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(field)
    }

    fn file(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut kept = self.kept();
        if kept.file.len() + bytes.len() > MOST_FILE {
            kept.file.clear();
            return Err(std::io::Error::other("the file is longer than 64 MiB, which is the most that is given by a page: take this step at the machine, with `lanternfish`"));
        }
        kept.file.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_notes_and_the_refusal_are_heard() {
        let heard = Heard::default();
        heard.answer(b"{\"a\":1}\n{\"error\":\"no authority\",\"law\":1,");
        heard.answer(b"\"exit\":1}\n");
        heard.note("look here");
        assert_eq!(heard.values()[0], json!({"a": 1}));
        assert_eq!(heard.refusal(1), Refusal { text: "no authority".into(), law: Some(1), exit: 1 });
        assert_eq!(heard.notes(), ["look here"]);
    }

    #[test]
    fn a_long_answer_is_cut_and_says_so() {
        let heard = Heard::default();
        heard.answer(&vec![b'x'; MOST_ANSWER + 1]);
        assert!(heard.is_cut());
        assert_eq!(heard.bytes().len(), MOST_ANSWER);
    }

    #[test]
    fn a_file_that_is_too_long_is_refused_whole() {
        let heard = Heard::default();
        heard.file(b"page one").unwrap();
        assert!(heard.file(&vec![0; MOST_FILE]).is_err());
        assert_eq!(heard.received(), b"", "half a file is no file");
    }

    #[test]
    fn what_is_typed_is_given_once() {
        let heard = Heard::with(Some("four words".into()), Uploads::new());
        assert_eq!((heard.typed(), heard.typed()), (Some("four words".into()), None));
    }
}
