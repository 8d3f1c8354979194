//! The catalogue of steps: read from the command line itself, so that what can be done here, by a program and at a
//! terminal is one list.
//!
//! It refuses: steps that would read or write a file of the server under a name that somebody typed; steps of the node
//! that have no session; an option that is not in the list. A value never becomes an option: it stands behind `=` or
//! behind `--`.

use std::{any::TypeId, collections::BTreeMap, path::PathBuf};

use clap::{Arg, ArgAction, Command};

/// Steps that are done at the machine itself, not from a page.
const AT_THE_MACHINE: [&str; 24] = [
    "init", "login", "logout", "doctor", "scan", "market", "demo", "serve", "range", "worker", "help", "backup/create", "backup/plan", "backup/end-plan", "backup/run-due", "backup/restore", "hashes/salt", "witness", "log/witness", "collect/doctor", "log/tiles", "log/resume",
    // What only some may open is opened where nothing of it is kept (law 7).
    "filter/view", "viewing/open",
];

/// Steps below one of these that are taken from a page all the same.
const FROM_A_PAGE: [&str; 1] = ["log/witness/paper"];

/// Whether a step, or a group of them, is left to the machine.
fn is_at_the_machine(name: &str) -> bool {
    let is_below = |at: &str| name.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    AT_THE_MACHINE.into_iter().any(is_below) && !FROM_A_PAGE.contains(&name)
}

/// What is typed into a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One line of text.
    Words,
    /// Longer text.
    Text,
    /// A date.
    Day,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// One of these.
    Choice(Vec<String>),
    /// A file of the person, which is sent along.
    File,
    /// What the step writes, which the person receives; where it is not needed, he says whether he wants it.
    Out,
    /// A folder of the house, chosen by the house.
    Place,
    /// Something secret, typed.
    Secret,
}

/// One field of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, as programs write it.
    pub id: String,
    /// The option of the command line; none for a word that stands alone.
    long: Option<String>,
    /// What it is, in English.
    pub about: String,
    /// What is typed.
    pub kind: Kind,
    /// Whether the step needs it.
    pub required: bool,
    /// Whether it may be given several times, a line each.
    pub many: bool,
    /// What holds when nothing is typed.
    pub default: Option<String>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name in an address, such as `exhibit/admit`.
    pub name: String,
    /// What it does, in English.
    pub about: String,
    /// Its fields, in the order of the command line.
    pub fields: Vec<Field>,
}

/// What was typed, by field: the values of one field in order.
pub type Typed = BTreeMap<String, Vec<String>>;

impl Step {
    /// Whether the step is taken in a case.
    pub fn in_a_case(&self) -> bool {
        self.fields.iter().any(|field| field.id == "case")
    }

    /// Whether its answer is kept for a minute only: it only asks what the case holds, or tells a secret once. Opened bytes are no question: each look at them asks for the item again.
    pub fn is_question(&self) -> bool {
        const LAST: [&str; 12] = ["timeline", "graph", "search", "selectors", "rows", "pictures", "parts", "elsewhere", "show", "list", "alerts", "hunt"];
        self.name.rsplit('/').next().is_some_and(|last| LAST.contains(&last)) || ["persona/reveal", "token/make", "user/factor/add", "user/factor/confirm", "user/factor/codes"].contains(&self.name.as_str())
    }

    /// Whether a file is sent along.
    pub fn takes_a_file(&self) -> bool {
        self.fields.iter().any(|field| field.kind == Kind::File)
    }

    /// Whether several files may be sent along, each of which is a step of its own.
    pub fn takes_several_files(&self) -> bool {
        self.name == "exhibit/admit"
    }

    /// The field that a file of the answer comes from.
    pub fn gives_a_file(&self) -> bool {
        self.fields.iter().any(|field| field.kind == Kind::Out)
    }

    /// The words of the command line for what was typed.
    ///
    /// # Errors
    /// In words: a field that the step does not have, one that it needs and did not get, more than one value.
    pub fn words(&self, typed: &Typed) -> Result<Vec<String>, String> {
        if let Some(strange) = typed.keys().find(|name| !self.fields.iter().any(|field| &field.id == *name)) {
            return Err(format!("this step has no field \"{strange}\""));
        }
        let mut words: Vec<String> = self.name.split('/').map(str::to_string).collect();
        let mut alone = Vec::new();
        for field in &self.fields {
            let values: Vec<&str> = typed.get(&field.id).into_iter().flatten().map(|value| value.trim()).filter(|value| !value.is_empty()).collect();
            field.admits(&values)?;
            match (&field.kind, &field.long) {
                (Kind::Flag, Some(long)) if values.first().is_some_and(|value| ["true", "on", "yes"].contains(value)) => words.push(format!("--{long}")),
                (Kind::Flag, _) => {}
                (_, Some(long)) => words.extend(values.iter().map(|value| format!("--{long}={value}"))),
                (_, None) => alone.extend(values.iter().map(|value| (*value).to_string())),
            }
        }
        if !alone.is_empty() {
            words.push("--".into());
            words.extend(alone);
        }
        Ok(words)
    }
}

impl Field {
    /// A field of plain words, for tests of pages.
    #[cfg(test)]
    pub fn of_words(id: &str, many: bool) -> Field {
        Field { id: id.into(), long: Some(id.into()), about: String::new(), kind: Kind::Words, required: false, many, default: None }
    }

    fn admits(&self, values: &[&str]) -> Result<(), String> {
        match values.len() {
            0 if self.required => Err(format!("\"{}\" is missing: {}", self.id, self.about)),
            0 | 1 => Ok(()),
            _ if self.many => Ok(()),
            _ => Err(format!("\"{}\" was given more than once", self.id)),
        }
    }

    fn read(step: &str, arg: &Arg) -> Option<Field> {
        let id = arg.get_id().as_str();
        if ["help", "version", "home", "json", "session"].contains(&id) || arg.is_hide_set() {
            return None;
        }
        let many = matches!(arg.get_action(), ArgAction::Append) || arg.get_num_args().is_some_and(|times| times.max_values() > 1);
        Some(Field {
            id: id.replace('_', "-"),
            long: arg.get_long().map(str::to_string),
            about: arg.get_help().map(ToString::to_string).unwrap_or_default(),
            kind: kind(step, arg)?,
            required: arg.is_required_set(),
            many,
            default: arg.get_default_values().first().map(|value| value.to_string_lossy().into_owned()),
        })
    }
}

/// Options of one line that people fill with paragraphs.
const LONG: [&str; 9] = ["text", "reason", "description", "necessity", "proportionality", "method", "counter-evidence", "condition", "purpose"];

fn kind(step: &str, arg: &Arg) -> Option<Kind> {
    let id = arg.get_id().as_str();
    if matches!(arg.get_action(), ArgAction::SetTrue | ArgAction::SetFalse) {
        return Some(Kind::Flag);
    }
    let choices: Vec<String> = arg.get_possible_values().iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name().to_string()).collect();
    if !choices.is_empty() {
        return Some(Kind::Choice(choices));
    }
    let typed = arg.get_value_parser().type_id();
    if typed == TypeId::of::<PathBuf>() {
        return match (step, id) {
            ("package/seal" | "disclosure/build" | "disclosure/reveal", "out") => Some(Kind::Place),
            ("exhibit/view" | "exhibit/page" | "exhibit/label" | "transfer/slip" | "log/witness/paper" | "report/export" | "subject/export" | "persona/reveal", "out") | ("authority/show", "scan") | ("timeline" | "graph", "svg" | "data") => Some(Kind::Out),
            (_, "file" | "scan" | "transcription") | ("persona/secret/add", "cookie" | "login") => Some(Kind::File),
            (_, "passphrase_file") => Some(Kind::Secret),
            _ => None,
        };
    }
    let numbers = [TypeId::of::<u8>(), TypeId::of::<u16>(), TypeId::of::<u32>(), TypeId::of::<u64>(), TypeId::of::<usize>(), TypeId::of::<i64>()];
    if numbers.iter().any(|number| typed == *number) {
        return Some(Kind::Number);
    }
    Some(match id {
        "from" | "until" | "on" | "to" if step.starts_with("authority/") => Kind::Day,
        id if LONG.contains(&id.replace('_', "-").as_str()) => Kind::Text,
        _ => Kind::Words,
    })
}

/// All steps that can be taken from a page or by a program.
#[derive(Debug, Default)]
pub struct Catalogue {
    steps: BTreeMap<String, Step>,
}

impl Catalogue {
    /// Reads it from the command line.
    pub fn of(commands: &Command) -> Catalogue {
        let mut catalogue = Catalogue::default();
        catalogue.add(commands, "");
        catalogue
    }

    fn add(&mut self, command: &Command, path: &str) {
        for below in command.get_subcommands() {
            let name = if path.is_empty() { below.get_name().to_string() } else { format!("{path}/{}", below.get_name()) };
            if below.get_name() == "help" || below.is_hide_set() {
                continue;
            }
            if below.has_subcommands() {
                self.add(below, &name);
            } else if is_at_the_machine(&name) {
                continue;
            } else if let Some(step) = step(&name, below) {
                self.steps.insert(name, step);
            }
        }
    }

    /// One step by its name.
    pub fn get(&self, name: &str) -> Option<&Step> {
        self.steps.get(name)
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Step> {
        self.steps.values()
    }
}

/// The step of a command; none when it cannot be taken without a file of the server.
fn step(name: &str, command: &Command) -> Option<Step> {
    let mut fields = Vec::new();
    for arg in command.get_arguments() {
        match Field::read(name, arg) {
            Some(field) => fields.push(field),
            None if arg.is_required_set() => return None,
            None => {}
        }
    }
    Some(Step { name: name.to_string(), about: command.get_about().map(ToString::to_string).unwrap_or_default(), fields })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{value_parser, Arg};
    use proptest::prelude::*;

    fn commands() -> Command {
        let file = |name: &'static str| Arg::new(name).long(name).value_parser(value_parser!(PathBuf));
        Command::new("lanternfish")
            .subcommand(Command::new("init").arg(Arg::new("agency").long("agency")))
            .subcommand(
                Command::new("exhibit")
                    .subcommand(
                        Command::new("view")
                            .about("Open an exhibit")
                            .arg(Arg::new("case").long("case").required(true))
                            .arg(Arg::new("exhibit").required(true))
                            .arg(Arg::new("full").long("full").action(ArgAction::SetTrue))
                            .arg(file("out").required(true)),
                    )
                    .subcommand(Command::new("strange").arg(file("key_of_the_server").required(true)))
                    .subcommand(Command::new("odd").arg(file("key_of_the_server"))),
            )
    }

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        pairs.iter().map(|(name, value)| ((*name).to_string(), vec![(*value).to_string()])).collect()
    }

    #[test]
    fn a_step_is_read_with_its_fields() {
        let catalogue = Catalogue::of(&commands());
        let view = catalogue.get("exhibit/view").unwrap();
        assert_eq!(view.fields.iter().map(|field| &field.kind).collect::<Vec<_>>(), [&Kind::Words, &Kind::Words, &Kind::Flag, &Kind::Out]);
        assert!(view.in_a_case() && view.gives_a_file());
        assert!(catalogue.get("init").is_none(), "it is done at the machine");
    }

    #[test]
    fn no_step_names_a_file_of_the_server() {
        let catalogue = Catalogue::of(&commands());
        assert!(catalogue.get("exhibit/strange").is_none(), "it cannot be taken without one");
        assert_eq!(catalogue.get("exhibit/odd").unwrap().fields, [], "the field is not offered");
        assert!(catalogue.get("exhibit/odd").unwrap().words(&typed(&[("key-of-the-server", "/etc/shadow")])).is_err());
    }

    #[test]
    fn a_word_that_is_typed_only_to_be_refused_is_not_offered() {
        let words = [clap::builder::PossibleValue::new("ordinary"), clap::builder::PossibleValue::new("contraband").hide(true)];
        let commands = Command::new("lanternfish").subcommand(Command::new("release").arg(Arg::new("class").long("class").value_parser(words)));
        assert_eq!(Catalogue::of(&commands).get("release").unwrap().fields[0].kind, Kind::Choice(vec!["ordinary".into()]));
    }

    #[test]
    fn what_is_missing_is_said() {
        let catalogue = Catalogue::of(&commands());
        let missing = catalogue.get("exhibit/view").unwrap().words(&typed(&[("case", "2026-0001"), ("out", "-")]));
        assert_eq!(missing, Err("\"exhibit\" is missing: ".into()));
    }

    proptest! {
        #[test]
        fn a_value_never_becomes_an_option(case in "[ -~]{1,20}", exhibit in "[ -~]{1,20}") {
            prop_assume!(!case.trim().is_empty() && !exhibit.trim().is_empty());
            let catalogue = Catalogue::of(&commands());
            let words = catalogue.get("exhibit/view").unwrap().words(&typed(&[("case", &case), ("exhibit", &exhibit), ("out", "-")])).unwrap();
            let read = commands().try_get_matches_from(std::iter::once("lanternfish".to_string()).chain(words)).unwrap();
            let (_, of_exhibit) = read.subcommand().unwrap();
            let (_, of_view) = of_exhibit.subcommand().unwrap();
            prop_assert_eq!(of_view.get_one::<String>("case").unwrap(), case.trim());
            prop_assert_eq!(of_view.get_one::<String>("exhibit").unwrap(), exhibit.trim());
            prop_assert!(!of_view.get_flag("full"));
        }
    }
}
