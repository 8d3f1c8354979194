//! Proxies. From typed words to steps of the desk; no rule is decided here.

use desk::proxy::{self, AddProxy};

use super::{Done, Office, parsed};
use crate::args::*;

impl Office {
    pub(super) fn proxy(&self, verb: ProxyVerb) -> Done {
        let (desk, session) = (&self.desk, self.session()?);
        match verb {
            ProxyVerb::Add { name, kind, at, operator } => {
                let typed = AddProxy { name, kind: parsed(&kind)?, at, operator };
                let view = proxy::add(desk, &session, &typed)?;
                self.voice.say(&view);
                self.voice.note(format!("captures go there with `--through proxy:{}`, from behind walls; what the proxy does with them, its operator answers for", view.name));
            }
            ProxyVerb::List => {
                self.may_list_the_node(Some(&session))?;
                self.voice.say_all(&proxy::list(desk, &session)?, "no proxy was named");
            }
            ProxyVerb::Remove { name, reason } => self.voice.say(&proxy::remove(desk, &session, &name, &reason)?),
        }
        Ok(0)
    }
}
