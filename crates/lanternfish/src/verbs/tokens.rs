//! Tokens for programs, made, listed and ended in their person's own session. From typed words to steps of the desk; no rule
//! is decided here.

use desk::token::{self, Wish};
use serde_json::json;

use super::{Done, Office, parsed};
use crate::args::*;

impl Office {
    pub(super) fn program_token(&self, verb: TokenVerb) -> Done {
        match verb {
            TokenVerb::Make { case, authority, purpose, step, hours } => {
                let (session, scope) = self.enter(&case)?;
                let wish = Wish { authority: &parsed(&authority)?, purpose: &purpose, steps: &step, hours };
                let (secret, view) = token::make(&self.desk, &session, &scope, &wish)?;
                let mut told = serde_json::to_value(&view).unwrap_or_default();
                told["secret"] = json!(secret);
                self.voice.say(&told);
                self.voice.note("the secret is told in this answer and nowhere else: give it to the program alone (Authorization: Bearer SECRET, or --session). Whoever has it acts as you within its bounds, and you answer for it; end it with `lanternfish token end`");
            }
            TokenVerb::List => self.voice.say_all(&token::list(&self.desk, &self.session()?)?, "you have no open token"),
            TokenVerb::End { token } => {
                self.desk.store.end_token(&self.session()?, &token)?;
                self.voice.say(&json!({"token": token, "state": "ended"}));
            }
            TokenVerb::Steps => {
                self.session()?;
                let steps: Vec<_> = model::token::MAY_BE_GIVEN.iter().map(|step| json!({"step": step})).collect();
                self.voice.say_all(&steps, "nothing may be given");
            }
        }
        Ok(0)
    }
}
