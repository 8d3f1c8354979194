//! `serve`: the workspace, as pages for people and as an interface for programs.
//!
//! Each step that a page asks for is the verb of the command line, taken in the session of the person who asked. It refuses
//! to listen beyond this machine without TLS, and keeps no key: a person's keys are open while one step of his is taken.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use clap::CommandFactory;
use desk::{Alone, Desk, DeskError, First, PasskeyAnswer, Second, is_token};
use model::{Law, token::Said};
use serde_json::json;
use web::{House, Listener, Login, Person, Refusal, Settings, Workspace};

use super::{Done, Office, home_of, lines, program};
use crate::{
    args::{Cli, ListenArgs},
    demo,
    output::{Voice, heard_by},
};

/// The house behind the pages.
struct Behind {
    desk: Arc<Desk>,
    /// Whether other machines reach the listener.
    from_afar: bool,
}

impl Behind {
    fn office(&self, token: Option<&str>) -> Office {
        Office { desk: Arc::clone(&self.desk), voice: Voice { json: true }, token: token.map(str::to_string), said: Said::default(), wonders: false }
    }

    fn run(&self, office: &Office, words: &[String], listener: Arc<dyn Listener>) -> i32 {
        heard_by(listener, || {
            let typed = ["lanternfish", "--json"].into_iter().map(str::to_string).chain(words.iter().cloned());
            match Cli::read(typed) {
                Ok(cli) => Office { desk: Arc::clone(&office.desk), voice: office.voice, token: office.token.clone(), said: cli.said, wonders: office.wonders }.run(cli.verb).unwrap_or_else(|error| crate::output::failed(&error, true)),
                Err(error) => crate::output::failed(&DeskError::input(first_words(&error.to_string())), true),
            }
        })
    }
}

/// What a browser brought, as the house judges it.
fn answer_of(key: &web::Passkey) -> PasskeyAnswer {
    PasskeyAnswer { origin: key.origin.clone(), challenge: key.challenge.clone(), id: key.id.clone(), client: key.client.clone(), data: key.data.clone(), signature: key.signature.clone() }
}

/// A login that was refused.
fn wrong() -> DeskError {
    DeskError::refused(Law::Separation, "name, passphrase, enrolment code or the code of a second factor is wrong or missing: try again, with the next code; at a first login type the new passphrase twice, and the enrolment code; if the passphrase is lost, ask the administrator for a reset")
}

/// What is told of a login that failed. Of a first login also what is wrong with the new passphrase: who gets so far has
/// shown the code, or sits at this machine.
fn told(error: DeskError, first: bool) -> DeskError {
    match error {
        DeskError::Input(_) if first => error,
        error if error.exit_code() == 3 => error,
        _ => wrong(),
    }
}

fn refusal(error: &DeskError) -> Refusal {
    Refusal { text: error.to_string(), law: error.law().map(|law| law.number()), exit: i32::from(error.exit_code()) }
}

impl House for Behind {
    fn agency(&self) -> String {
        self.desk.store.config().agency.clone()
    }

    fn training(&self) -> bool {
        self.desk.store.config().training
    }

    fn commands(&self) -> clap::Command {
        let mut commands = Cli::command();
        // Options of the whole command line are put below each verb.
        commands.build();
        commands
    }

    fn log_in(&self, login: &Login) -> Result<(String, Vec<String>), Refusal> {
        let (name, passphrase, code) = (login.name.trim(), login.passphrase.as_str(), login.code.as_deref().map(str::trim));
        let listener = Arc::new(web::Heard::default());
        let opened = heard_by(Arc::clone(&listener) as _, || {
            if let Some(alone) = &login.alone {
                let shown = Alone { answer: &answer_of(&alone.passkey), person: &alone.person, value: &alone.value };
                return self.office(None).open_session_alone(&shown).map_err(|error| told(error, false));
            }
            // Who is here is nobody's business: a name that is not known is told in the words of a wrong passphrase.
            let user = self.desk.store.user_by_name(name).map_err(|error| if error.exit_code() == 2 { wrong() } else { error })?;
            let first = user.state == "waiting";
            // A slip of the finger would lose the keys. Who waits for his first login is nobody's business either.
            if first && login.again.as_deref() != Some(passphrase) {
                return Err(wrong());
            }
            let key = login.passkey.as_ref().map(answer_of);
            let second = Second { code: login.second_factor.as_deref(), passkey: key.as_ref() };
            let shown = First { code, from_afar: self.from_afar };
            let token = self.office(None).open_session(name, passphrase, shown, second).map_err(|error| told(error, first))?;
            if first {
                let fingerprint = self.desk.store.user_by_name(name)?.fingerprint().unwrap_or_default();
                crate::output::complain(format!("the fingerprint of your keys: {fingerprint} (keep it; who recovers your keys asks you for it)"));
            }
            Ok(token)
        });
        opened.map(|token| (token, listener.notes())).map_err(|error| refusal(&error))
    }

    fn wrong_login(&self) -> Refusal {
        refusal(&wrong())
    }

    fn who(&self, token: &str) -> Result<Person, Refusal> {
        if is_token(token) {
            let holder = self.desk.store.token_holder(token).map_err(|error| refusal(&error))?;
            return Ok(Person { name: holder.name, role: holder.role.name().to_string(), expires: holder.until.to_string(), purpose: Some(holder.purpose) });
        }
        let session = self.desk.store.session_to_enrol(token).map_err(|error| refusal(&error))?;
        Ok(Person { name: session.name().to_string(), role: session.role().name().to_string(), expires: session.expires().to_string(), purpose: None })
    }

    fn take(&self, token: &str, words: &[String], listener: Arc<dyn Listener>) -> i32 {
        self.run(&self.office(Some(token)), words, listener)
    }

    fn wonder(&self, token: &str, words: &[String], listener: Arc<dyn Listener>) -> i32 {
        self.run(&Office { wonders: true, ..self.office(Some(token)) }, words, listener)
    }

    fn place(&self, name: &str) -> PathBuf {
        let out = self.desk.store.home().out();
        (1..).map(|number| out.join(format!("{name}-{number}"))).find(|place| !place.exists()).unwrap_or(out)
    }
}

/// What is wrong, without the usage of the command line.
fn first_words(told: &str) -> String {
    let text = told.split("\n\nUsage").next().unwrap_or(told).trim_start_matches("error: ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `serve`.
pub fn run(home: Option<PathBuf>, listen: SocketAddr, line: &ListenArgs, languages: Option<PathBuf>, voice: Voice) -> Done {
    let desk = Desk::open(&home_of(home)?, program()?)?;
    open(desk, listen, line, languages, voice)
}

/// The workspace of the case that `demo` has walked, with its people.
pub fn demo(home: Option<PathBuf>, listen: SocketAddr, voice: Voice) -> Done {
    let desk = Desk::open(&demo::home(home.as_deref())?, program()?)?;
    let line = ListenArgs { name: vec![], tls_cert: None, tls_key: None, tls_self: false };
    open(desk, listen, &line, None, voice)
}

fn open(desk: Desk, listen: SocketAddr, line: &ListenArgs, languages: Option<PathBuf>, voice: Voice) -> Done {
    let (names, encrypted) = lines::ready(&desk, listen, line)?;
    let trouble = |e: std::io::Error| DeskError::environment(format!("opening the workspace at {listen} (choose another port with --listen)"), &e);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(trouble)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(trouble)?;
        let port = listener.local_addr().map_err(trouble)?.port();
        let called = lines::called(&names, port, encrypted.is_some());
        let url = format!("{}://{}/", if encrypted.is_some() { "https" } else { "http" }, called.first().map_or("", String::as_str));
        let settings = Settings { names: called, over_tls: encrypted.is_some(), languages };
        let desk = Arc::new(desk);
        super::backups::keep_making(&desk);
        let house = Behind { desk, from_afar: !listen.ip().is_loopback() };
        let workspace = Workspace::new(Arc::new(house), settings).map_err(DeskError::input)?;
        let fingerprint = encrypted.as_ref().map(|encrypted| encrypted.fingerprint.clone());
        voice.tell(&json!({"workspace": url, "fingerprint": fingerprint}), || {
            std::iter::once(format!("The workspace: {url}")).chain(fingerprint.clone().map(|digits| format!("SHA-256 of its certificate: {digits}"))).collect()
        });
        if line.tls_self {
            voice.note("each browser warns at its first visit: compare the fingerprint of the certificate that it shows with this one, and go on only when they are the same");
        }
        voice.note("it is open until you stop it (Ctrl-C)");
        workspace.serve(listener, encrypted.map(|encrypted| encrypted.config)).await.map_err(trouble)
    })?;
    Ok(0)
}
