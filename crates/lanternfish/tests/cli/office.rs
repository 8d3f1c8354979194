//! An office for a drill: a home with people who have logged in, and the program to ask. Every
//! command is a process of its own and is ended after five minutes, so that no drill hangs.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{OnceLock, mpsc},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;
use tempfile::TempDir;

/// The people of every office: an administrator, an investigator, a supervisor, an exhibit officer and
/// an auditor.
pub const ADMIN: &str = "Ad Min";
pub const NOY: &str = "Noy Vongsa";
pub const KHAM: &str = "Kham Phommachan";
pub const BOUNMY: &str = "Bounmy Sisouk";
pub const AUDITOR: &str = "Somsak Audit";

const ROLES: [(&str, &str); 5] =
    [(ADMIN, "administrator"), (NOY, "investigator"), (KHAM, "supervisor"), (BOUNMY, "exhibit-officer"), (AUDITOR, "auditor")];

/// Everything that an authority for open sources can allow.
pub const EVERYTHING: [&str; 8] = ["collect", "admit", "view", "examine", "query", "conclude", "report", "package"];

const LONGEST: Duration = Duration::from_secs(300);
const DAY: Duration = Duration::from_secs(86_400);

/// What a command said, and how it ended.
#[derive(Debug, Clone)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Each line of standard output, which must be one JSON value.
    pub fn lines(&self) -> Vec<Value> {
        let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}\n{self:?}"));
        self.out.lines().map(line).collect()
    }

    /// The last line.
    pub fn line(&self) -> Value {
        self.lines().pop().unwrap_or(Value::Null)
    }

    /// The same, when the exit code is this one.
    #[track_caller]
    pub fn ended(self, code: i32) -> Said {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// A refusal by this law: exit 1, the number in the message and in the JSON line.
    #[track_caller]
    pub fn by_law(self, law: u8) -> Said {
        let said = self.ended(1);
        assert!(said.err.contains(&format!("refused by law {law}:")), "{}", said.err);
        assert_eq!((&said.line()["law"], &said.line()["exit"]), (&Value::from(law), &Value::from(1)), "{}", said.out);
        said
    }

    #[track_caller]
    pub fn tells(self, words: &str) -> Said {
        assert!(self.err.contains(words), "{words:?} is not in: {}", self.err);
        self
    }
}

/// The program, with nothing of this computer's settings.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lanternfish"));
    command.env_remove("LANTERNFISH_HOME").env_remove("LANTERNFISH_SESSION").stdin(Stdio::null());
    command
}

/// Runs a command to its end, or ends it after five minutes and fails.
pub fn run(mut command: Command) -> Said {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    outcome(child.unwrap_or_else(|e| panic!("{command:?}: {e}")), LONGEST)
}

/// What a started command says until it ends.
pub fn outcome(child: Child, longest: Duration) -> Said {
    let id = child.id();
    let (give, take) = mpsc::channel();
    std::thread::spawn(move || give.send(child.wait_with_output()));
    let Ok(output) = take.recv_timeout(longest) else {
        kill(&id.to_string());
        panic!("a command had not ended after {longest:?}");
    };
    let output = output.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// `kill -9` of a process, or of a group when the name begins with a hyphen.
pub fn kill(name: &str) {
    let _ = Command::new("kill").args(["-9", "--", name]).stderr(Stdio::null()).status();
}

/// The program without a home or a session.
pub fn ask<S: AsRef<OsStr>>(arguments: &[S]) -> Said {
    let mut command = program();
    command.args(arguments);
    run(command)
}

/// Says why a drill cannot be held here.
pub fn skipped(drill: &str, missing: &str) {
    eprintln!("SKIPPED {drill}: {missing}");
}

/// Whether a tool starts.
pub fn there(tool: &str) -> bool {
    let probe = |argument| Command::new(tool).arg(argument).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    probe("--version").is_ok()
}

/// This year by the computer's clock.
pub fn year() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    model::Moment::from_micros(i64::try_from(now).unwrap()).to_string()[..4].parse().unwrap()
}

/// A home of its own, with its people.
pub struct Office {
    folder: TempDir,
    pub home: PathBuf,
    tokens: BTreeMap<&'static str, String>,
    pub case: String,
}

impl Office {
    /// An office whose people have logged in; there is no case yet.
    pub fn staffed() -> Office {
        static FIRST: OnceLock<Office> = OnceLock::new();
        FIRST.get_or_init(Office::found).copy()
    }

    /// The same with one case (of Noy, Kham and Bounmy) and the unit's standing authorisation.
    pub fn working() -> Office {
        static FIRST: OnceLock<Office> = OnceLock::new();
        FIRST.get_or_init(|| {
            let mut office = Office::staffed().copied_to(kept());
            office.case = office.open_case(NOY, &[KHAM, BOUNMY]);
            office.unit_authority(&EVERYTHING);
            office
        })
        .copy()
    }

    /// The same at a node that works on real cases: it may go where a training node may not.
    pub fn of_real_cases() -> Office {
        let mut office = Office::found_at(TempDir::with_prefix("lanternfish-drill-").unwrap(), &[]);
        office.case = office.open_case(NOY, &[KHAM, BOUNMY]);
        office.unit_authority(&EVERYTHING);
        office
    }

    fn found() -> Office {
        Office::found_on(kept(), &[])
    }

    /// The same as [`Office::working`], set up with further words of `init`, such as a database.
    pub fn working_on(init: &[&str]) -> Office {
        let mut office = Office::found_on(TempDir::with_prefix("lanternfish-drill-").unwrap(), init);
        office.case = office.open_case(NOY, &[KHAM, BOUNMY]);
        office.unit_authority(&EVERYTHING);
        office
    }

    fn found_on(folder: TempDir, init: &[&str]) -> Office {
        Office::found_at(folder, &[&["--training"], init].concat())
    }

    fn found_at(folder: TempDir, init: &[&str]) -> Office {
        let home = folder.path().join("home");
        let mut office = Office { folder, home, tokens: BTreeMap::new(), case: String::new() };
        office.bare(&[&["init", "--agency", "Drill Unit", "--passphrase-cost", "10"][..], init].concat()).ended(0);
        for (name, role) in ROLES {
            office.bare(&["user", "add", name, "--role", role]).ended(0);
        }
        for (name, _) in ROLES {
            office.log_in(name, &passphrase(name));
        }
        office
    }

    /// The same office at a home of its own, for one more try from here.
    pub fn duplicate(&self) -> Office {
        self.copy()
    }

    fn copy(&self) -> Office {
        self.copied_to(TempDir::with_prefix("lanternfish-drill-").unwrap())
    }

    fn copied_to(&self, folder: TempDir) -> Office {
        let home = folder.path().join("home");
        copy_folder(&self.home, &home);
        Office { folder, home, tokens: self.tokens.clone(), case: self.case.clone() }
    }

    /// The same people at another home, such as a restored one.
    pub fn moved_to(&self, home: &Path) -> Office {
        let folder = TempDir::with_prefix("lanternfish-drill-").unwrap();
        Office { folder, home: home.to_path_buf(), tokens: self.tokens.clone(), case: self.case.clone() }
    }

    /// A place for the drill's own files, outside the home.
    pub fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of the drill.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.place(name);
        fs::write(&path, bytes).unwrap();
        text(&path)
    }

    /// A command in this home, in nobody's session.
    pub fn bare(&self, arguments: &[&str]) -> Said {
        let mut command = program();
        command.arg("--json").arg("--home").arg(&self.home).args(arguments);
        run(command)
    }

    /// A command in a person's session, not yet started.
    pub fn command(&self, who: &str, arguments: &[&str]) -> Command {
        let mut command = program();
        command.arg("--json").arg("--home").arg(&self.home).env("LANTERNFISH_SESSION", &self.tokens[who]).args(arguments);
        command
    }

    /// A command in a person's session.
    pub fn says(&self, who: &str, arguments: &[&str]) -> Said {
        run(self.command(who, arguments))
    }

    /// The last line of a command that must be done.
    #[track_caller]
    pub fn done(&self, who: &str, arguments: &[&str]) -> Value {
        self.says(who, arguments).ended(0).line()
    }

    /// A command in the office's case: `verb … --case CASE rest`.
    pub fn in_case(&self, who: &str, verb: &str, rest: &[&str]) -> Said {
        let verbs: Vec<&str> = verb.split(' ').collect();
        self.says(who, &[&verbs[..], &["--case", self.case.as_str()], rest].concat())
    }

    /// The last line of a command in the case that must be done.
    #[track_caller]
    pub fn does(&self, who: &str, verb: &str, rest: &[&str]) -> Value {
        self.in_case(who, verb, rest).ended(0).line()
    }

    /// Logs a person in and keeps the token.
    #[track_caller]
    pub fn log_in(&mut self, name: &'static str, passphrase: &str) {
        let said = self.try_log_in(name, passphrase).ended(0);
        self.tokens.insert(name, said.line()["session"].as_str().unwrap().to_owned());
    }

    pub fn try_log_in(&self, name: &str, passphrase: &str) -> Said {
        let file = self.file("passphrase", format!("{passphrase}\n"));
        self.bare(&["login", name, "--passphrase-file", &file])
    }

    /// A person looks at the recovery set and confirms it.
    #[track_caller]
    pub fn confirm_set(&self, who: &str) {
        let set = string(&self.done(who, &["key", "confirm"])["set"]);
        assert_eq!(self.done(who, &["key", "confirm", "--set", &set])["confirmed"], true);
    }

    pub fn token(&self, who: &str) -> &str {
        &self.tokens[who]
    }

    pub fn open_case(&self, who: &str, members: &[&str]) -> String {
        let mut words = vec!["case", "open", "--title", "SYNTHETIC drill", "--offence", "none, a drill"];
        words.extend(["--jurisdiction", "la", "--purpose", "to see that it holds"]);
        words.extend(members.iter().flat_map(|member| ["--member", *member]));
        string(&self.done(who, &words)["case"])
    }

    /// The words that record an authority for open sources and things handed over.
    pub fn authority_words<'a>(&self, kind: &'a str, actions: &[&'a str]) -> Vec<&'a str> {
        let mut words = vec!["authority", "record", "--kind", kind, "--reference", "D-1", "--issuer", "Chief of the drill"];
        words.extend(["--source", "open", "--source", "handed-over", "--zone", "UTC", "--necessity", "a drill"]);
        words.extend(actions.iter().flat_map(|action| ["--action", *action]));
        words
    }

    /// A unit's standing authorisation of this and next year: Noy records it, Kham grants it.
    pub fn unit_authority(&self, actions: &[&str]) -> String {
        let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year() + 1));
        let mut words = self.authority_words("standing-unit", actions);
        words.extend(["--from", &from, "--until", &until]);
        let id = string(&self.done(NOY, &words)["authority"]);
        assert_eq!(self.done(KHAM, &["authority", "grant", &id])["state"], "live");
        id
    }

    /// A supervisor's authorisation in the case: Noy records it, Kham grants it.
    pub fn case_authority(&self, actions: &[&str]) -> String {
        let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year() + 1));
        let mut words = self.authority_words("supervisor", actions);
        words.extend(["--from", &from, "--until", &until, "--case", &self.case]);
        let id = string(&self.done(NOY, &words)["authority"]);
        self.does(KHAM, "authority grant", &[&id]);
        id
    }

    /// Admits bytes as a file; gives the exhibit's label.
    #[track_caller]
    pub fn admit(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let file = self.file(name, bytes);
        string(&self.does(NOY, "exhibit admit", &[&file])["exhibit"])
    }

    /// Every exhibit of the case.
    #[track_caller]
    pub fn exhibits(&self) -> Vec<Value> {
        self.in_case(NOY, "exhibit list", &[]).ended(0).lines()
    }

    /// The log, read again: it must be sound. Gives the number of events.
    #[track_caller]
    pub fn sound_log(&self) -> u64 {
        let said = self.says(AUDITOR, &["log", "verify"]).ended(0).line();
        assert_eq!(said["faults"], Value::Array(vec![]), "{said}");
        said["events"].as_u64().unwrap()
    }

    /// The types of the last `count` events before this question.
    pub fn last_events(&self, count: u64) -> Vec<String> {
        let size = self.sound_log();
        let from = size.saturating_sub(count + 1).to_string();
        let leaves = self.says(AUDITOR, &["log", "show", "--from", &from, "--limit", &count.to_string()]).ended(0).lines();
        leaves.iter().map(|leaf| string(&leaf["type"])).collect()
    }

    /// Stored objects, finished and unfinished.
    pub fn objects(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect_files(&self.home.join("objects"), &mut files);
        files
    }
}

/// A folder for the homes that the others are copied from. Nothing drops it, so it lies in `target`,
/// and those of another day are swept.
fn kept() -> TempDir {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let old = entry.metadata().and_then(|about| about.modified()).is_ok_and(|time| time.elapsed().is_ok_and(|age| age > DAY));
        if old && entry.file_name().to_string_lossy().starts_with("first-home-") {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    TempDir::with_prefix_in("first-home-", place).or_else(|_| TempDir::with_prefix("first-home-")).unwrap()
}

/// A passphrase that only this person knows.
pub fn passphrase(name: &str) -> String {
    format!("drill only: {name} at low water")
}

/// The text of a JSON string.
#[track_caller]
pub fn string(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text was expected: {value}")).to_owned()
}

pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

pub fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut inside: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inside.sort();
    for path in inside {
        if path.is_dir() { collect_files(&path, files) } else { files.push(path) }
    }
}

pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = { let path = entry.unwrap().path(); (path.clone(), to.join(path.file_name().unwrap())) };
        if path.is_dir() { copy_folder(&path, &target) } else { fs::copy(&path, &target).map(|_| ()).unwrap() }
    }
}
