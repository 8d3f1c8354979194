//! From what was typed to steps of the desk: each verb enters its case, asks for its permit, takes
//! its step and says what came of it. No rule of the house is decided here.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use clap::Parser;
use desk::{
    Desk, DeskError, Intent, Permit, Scope, Session,
    admit::{self, AdmitFile},
    authority::{self, Decision, RecordAuthority},
    capture::{self, CaptureWish},
    case::{self, CaseContent, Declaration},
    conclude, custody, examine, intake, keys, logbook,
    package::{self, BuildPackage},
    report_step::{self, BuildReport},
};
use model::{
    Law,
    action::Action,
    exhibit::{ExhibitClass, ManualCaptureNote, Origin, PhysicalItem},
    finding::Finding,
    moment::ClockQuality,
};
use serde_json::json;

use crate::{
    args::*,
    demo, folder,
    output::{Voice, failed},
    scan, stamps,
};

type Done = Result<i32, DeskError>;

/// The command line: reads it, does it, gives the exit code.
pub fn main() -> i32 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { 2 } else { 0 };
        }
    };
    let json = cli.json;
    match run(cli) {
        Ok(code) => code,
        Err(error) => failed(&error, json),
    }
}

fn run(cli: Cli) -> Done {
    let voice = Voice { json: cli.json };
    match cli.verb {
        Verb::Scan { paths, region } => scan::run(&paths, region.as_deref(), cli.json),
        Verb::Demo { no_serve: _ } => demo::run(cli.home.as_deref(), voice),
        Verb::Init { agency, training, passphrase_cost } => {
            let home = home_of(cli.home)?;
            let desk = Desk::create(&home, &agency, training, passphrase_cost, program()?)?;
            voice.say(&json!({"home": home, "agency": agency, "origin": desk.store.origin()?}));
            voice.note("next: `lanternfish user add NAME --role administrator`, then the others, then each logs in");
            Ok(0)
        }
        Verb::Backup(BackupVerb::Restore { file, passphrase_file }) => {
            let home = home_of(cli.home)?;
            let summary = desk::restore(&file, &home, &passphrase(&passphrase_file)?)?;
            voice.say(&json!({"home": home, "files": summary.files, "bytes": summary.bytes}));
            voice.note("next: `lanternfish log resume` with the last known checkpoint, or --nothing-later-known");
            Ok(0)
        }
        verb => {
            let desk = Desk::open(&home_of(cli.home)?, program()?)?;
            Office { desk, voice, token: cli.session }.run(verb)
        }
    }
}

fn home_of(typed: Option<PathBuf>) -> Result<PathBuf, DeskError> {
    let default = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".lanternfish"));
    let home = typed.or_else(default).ok_or_else(|| DeskError::input("name the home folder with --home DIR"))?;
    std::path::absolute(&home).map_err(|e| DeskError::environment("reading the home folder's name", &e))
}

/// The program file, which the children re-run.
pub fn program() -> Result<PathBuf, DeskError> {
    std::env::current_exe().map_err(|e| DeskError::environment("finding the program file", &e))
}

fn passphrase(file: &Path) -> Result<String, DeskError> {
    let text = fs::read_to_string(file).map_err(|e| DeskError::input(format!("the passphrase file {}: {e}", file.display())))?;
    Ok(text.lines().next().unwrap_or("").to_string())
}

fn read(file: &Path) -> Result<Vec<u8>, DeskError> {
    fs::read(file).map_err(|e| DeskError::input(format!("{}: {e}", file.display())))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), DeskError> {
    let mut out = File::create_new(file).map_err(|e| DeskError::input(format!("{}: {e}; choose a file that does not exist yet", file.display())))?;
    out.write_all(bytes).and_then(|()| out.sync_all()).map_err(|e| DeskError::environment(format!("writing {}", file.display()), &e))
}

fn parsed<T: std::str::FromStr<Err = E>, E: std::fmt::Display>(text: &str) -> Result<T, DeskError> {
    text.parse().map_err(|e: E| DeskError::input(e.to_string()))
}

fn all_parsed<T: std::str::FromStr<Err = E>, E: std::fmt::Display>(texts: &[String]) -> Result<Vec<T>, DeskError> {
    texts.iter().map(|text| parsed(text)).collect()
}

/// The desk, the way to speak, and the session that was named.
struct Office {
    desk: Desk,
    voice: Voice,
    token: Option<String>,
}

impl Office {
    fn session(&self) -> Result<Session, DeskError> {
        let token = self.token.as_deref().ok_or_else(|| {
            DeskError::input("name your session with --session TOKEN or LANTERNFISH_SESSION; `lanternfish login NAME --passphrase-file F` gives one")
        })?;
        self.desk.store.session(token)
    }

    fn enter(&self, case: &InCase) -> Result<(Session, Scope), DeskError> {
        let session = self.session()?;
        let scope = self.desk.enter(&session, &case.case)?;
        Ok((session, scope))
    }

    fn with(&self, case: &InCase, intent: Intent) -> Result<(Session, Scope, Permit), DeskError> {
        let (session, scope) = self.enter(case)?;
        let permit = self.desk.permit(&scope, intent)?;
        Ok((session, scope, permit))
    }

    fn to(&self, case: &InCase, action: Action) -> Result<(Session, Scope, Permit), DeskError> {
        self.with(case, Intent::to(action))
    }

    fn run(&self, verb: Verb) -> Done {
        match verb {
            Verb::User(verb) => self.user(verb),
            Verb::Login { name, passphrase_file, enrolment_code } => self.login(&name, &passphrase_file, enrolment_code.as_deref()),
            Verb::Logout => {
                self.desk.store.log_out(self.token.as_deref().unwrap_or(""))?;
                Ok(0)
            }
            Verb::Tip(verb) => self.tip(verb),
            Verb::Case(verb) => self.case(verb),
            Verb::Authority(verb) => self.authority(verb),
            Verb::Exhibit(verb) => self.exhibit(verb),
            Verb::Transfer(verb) => self.transfer(verb),
            Verb::Finding(verb) => self.finding(verb),
            Verb::Report(verb) => self.report(verb),
            Verb::Package(verb) => self.package(verb),
            Verb::Log(verb) => self.log(verb),
            Verb::Key(verb) => self.key(verb),
            Verb::Capture { case, urls, source, concerns, description, byte_budget, timeout_ms, recover } => {
                if recover {
                    let (_, scope) = self.enter(&case)?;
                    self.voice.say_all(&capture::recover(&self.desk, &scope)?, "no capture was left behind");
                    return Ok(0);
                }
                let wish = CaptureWish { urls, origin: origin(&source, &concerns)?, byte_budget, timeout_ms, description };
                self.capture(&case, &wish)
            }
            Verb::Examine { case, exhibit } => {
                let (_, scope, permit) = self.to(&case, Action::Examine)?;
                let view = examine::examine(&self.desk, &scope, &permit, &exhibit, &parse::Budget::default())?;
                self.voice.say(&view);
                Ok(0)
            }
            Verb::Selectors { case, value, purpose } => {
                let (_, scope, permit) = self.to(&case, Action::Query)?;
                let found = examine::selectors(&self.desk, &scope, &permit, value.as_deref(), &purpose)?;
                self.voice.say_all(&found.hits, "no selector was found");
                if found.outside > 0 {
                    self.voice.note(format!("{} more stand in exhibits that your authority does not reach: they are counted, not shown", found.outside));
                }
                Ok(0)
            }
            Verb::Checkout { case, exhibit, purpose } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                self.voice.say(&custody::check_out(&self.desk, &scope, &permit, &exhibit, &purpose)?);
                Ok(0)
            }
            Verb::Checkin { case, exhibit, condition } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                self.voice.say(&custody::check_in(&self.desk, &scope, &permit, &exhibit, &condition)?);
                Ok(0)
            }
            Verb::Anchors(AnchorsVerb::Export { folder }) => {
                self.voice.say(&package::export_anchors(&self.desk, &self.session()?, &folder)?);
                Ok(0)
            }
            Verb::Backup(BackupVerb::Create { file, passphrase_file }) => {
                let summary = self.desk.store.backup(&self.session()?, &file, &passphrase(&passphrase_file)?)?;
                self.voice.say(&json!({"backup": file, "files": summary.files, "bytes": summary.bytes}));
                Ok(0)
            }
            Verb::Doctor => self.doctor(),
            Verb::Init { .. } | Verb::Scan { .. } | Verb::Demo { .. } | Verb::Backup(BackupVerb::Restore { .. }) => {
                Err(DeskError::input("this verb is done before a home is opened"))
            }
        }
    }

    fn doctor(&self) -> Done {
        let findings = logbook::doctor(&self.desk);
        self.voice.say_all(&findings, "nothing to say");
        Ok(if findings.iter().all(|f| f.ok) { 0 } else { 3 })
    }

    fn user(&self, verb: UserVerb) -> Done {
        match verb {
            UserVerb::Add { name, role } => {
                let session = if self.token.is_some() { Some(self.session()?) } else { None };
                let actor = self.desk.store.add_user(session.as_ref(), &name, parsed(&role)?)?;
                self.voice.say(&json!({"user": name, "role": role, "id": actor.as_str()}));
                self.voice.note("the keys are made at the first login, under a passphrase that only this person knows");
            }
            UserVerb::Code { name } => {
                let session = if self.token.is_some() { Some(self.session()?) } else { None };
                let user = self.desk.store.user_by_name(&name)?;
                let code = self.desk.store.make_enrolment_code(session.as_ref(), &user)?;
                self.voice.say(&json!({"user": name, "code": code}));
                self.voice.note("hand the code over face to face: `lanternfish login NAME --passphrase-file F --enrolment-code CODE`");
            }
            UserVerb::List => {
                let users = self.desk.users(if self.token.is_some() { Some(self.session()?) } else { None }.as_ref())?;
                let lines: Vec<_> = users
                    .iter()
                    .map(|u| json!({"user": u.record.name, "role": u.record.role.name(), "state": u.state, "id": u.actor.as_str(), "fingerprint": u.fingerprint()}))
                    .collect();
                self.voice.say_all(&lines, "nobody was entered yet");
            }
            UserVerb::Revoke { name, reason } => self.end_user(&name, &reason, false)?,
            UserVerb::Reset { name, reason } => self.end_user(&name, &reason, true)?,
        }
        Ok(0)
    }

    fn end_user(&self, name: &str, reason: &str, reset: bool) -> Result<(), DeskError> {
        let session = self.session()?;
        let user = self.desk.store.user_by_name(name)?;
        self.desk.store.revoke_user(&session, &user, reason, reset)?;
        self.voice.say(&json!({"user": name, "state": if reset { "waiting" } else { "revoked" }}));
        self.voice.note("a member of each shared case now runs `lanternfish key revoke NAME` to change the case keys");
        Ok(())
    }

    fn login(&self, name: &str, file: &Path, code: Option<&str>) -> Done {
        let (token, expires) = self.desk.log_in_with_code(name, &passphrase(file)?, code)?;
        keys::refresh_recovery(&self.desk, &self.desk.store.session(&token)?)?;
        let fingerprint = self.desk.store.user_by_name(name)?.fingerprint();
        self.voice.note(format!("the fingerprint of your keys: {} (keep it; who recovers your keys asks you for it)", fingerprint.as_deref().unwrap_or("none")));
        if self.voice.json {
            self.voice.say(&json!({"session": token, "user": name, "expires": expires, "fingerprint": fingerprint}));
        } else {
            println!("{token}");
        }
        Ok(0)
    }

    fn tip(&self, verb: TipVerb) -> Done {
        let session = self.session()?;
        match verb {
            TipVerb::Add { text, source, file } => {
                let mut opened = file.as_deref().map(File::open).transpose().map_err(|e| DeskError::input(format!("the tip's file: {e}")))?;
                let name = file.as_deref().and_then(Path::file_name).map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                let attached = opened.as_mut().map(|file| (name.as_str(), file as &mut dyn std::io::Read));
                self.voice.say(&intake::receive(&self.desk, &session, &text, &source, attached)?);
            }
            TipVerb::List => self.voice.say_all(&intake::list(&self.desk, &session)?, "the tray is empty"),
            TipVerb::Give { tip, case, concerns, description } => {
                let admission = AdmitFile {
                    description,
                    source: format!("intake tray, {tip}"),
                    origin: origin("handed-over", &concerns)?,
                    class: ExhibitClass::Ordinary,
                    original_name: None,
                    declared: vec![],
                    manual: None,
                };
                let (session, scope, permit) = self.with(&case, admission.intent())?;
                self.voice.say(&intake::give(&self.desk, &session, &tip, &scope, &permit, &admission)?);
            }
        }
        Ok(0)
    }

    fn case(&self, verb: CaseVerb) -> Done {
        match verb {
            CaseVerb::Open { title, offence, jurisdiction, purpose, member } => {
                let content = CaseContent { title, offence, jurisdiction, purpose };
                self.voice.say(&case::open(&self.desk, &self.session()?, &content, &member)?);
            }
            CaseVerb::List => self.voice.say_all(&case::list(&self.desk, &self.session()?)?, "you are a member of no case"),
            CaseVerb::Show { case } => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                self.voice.say(&case::show(&self.desk, &scope, &permit)?);
            }
            CaseVerb::Close { case, reason } => self.declare(&case, Declaration::Closed, &reason)?,
            CaseVerb::Declare { case, what, reason } => {
                let what = match what.as_str() {
                    "court-process" => Declaration::CourtProcess,
                    "legal-hold" => Declaration::LegalHold,
                    other => return Err(DeskError::input(format!("{other:?} cannot be declared: choose court-process or legal-hold"))),
                };
                self.declare(&case, what, &reason)?;
            }
            CaseVerb::Member(MemberVerb::Add { case, name }) => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                self.voice.say(&json!({"members": case::add_member(&self.desk, &scope, &permit, &name)?}));
            }
            CaseVerb::Member(MemberVerb::Remove { case, name }) => {
                let (_, mut scope, permit) = self.to(&case, Action::Administer)?;
                self.voice.say(&json!({"members": case::remove_member(&self.desk, &mut scope, &permit, &name)?}));
            }
        }
        Ok(0)
    }

    fn declare(&self, case: &InCase, what: Declaration, reason: &str) -> Result<(), DeskError> {
        let (_, scope, permit) = self.to(case, Action::Administer)?;
        self.voice.say(&case::declare(&self.desk, &scope, &permit, what, reason)?);
        Ok(())
    }

    fn authority(&self, verb: AuthorityVerb) -> Done {
        match verb {
            AuthorityVerb::Record(typed) => {
                let case = typed.case.clone();
                let record = record_authority(*typed)?;
                match case {
                    Some(case) => {
                        let (_, scope, permit) = self.to(&InCase { case }, Action::Administer)?;
                        self.voice.say(&authority::record(&self.desk, &scope, &permit, &record)?);
                    }
                    None => self.voice.say(&authority::record_for_unit(&self.desk, &self.session()?, &record)?),
                }
            }
            AuthorityVerb::Check(typed) => self.decide(typed, Decision::Check)?,
            AuthorityVerb::Grant(typed) => self.decide(typed, Decision::Grant)?,
            AuthorityVerb::Revoke(typed) => self.decide(typed, Decision::Revoke)?,
            AuthorityVerb::List { case: Some(case) } => {
                let (_, scope, permit) = self.to(&InCase { case }, Action::Administer)?;
                self.voice.say_all(&authority::list(&self.desk, &scope, &permit)?, "no authority is recorded");
            }
            AuthorityVerb::List { case: None } => {
                self.voice.say_all(&authority::list_for_unit(&self.desk, &self.session()?)?, "no unit authority is recorded");
            }
            AuthorityVerb::Show { authority, case, scan } => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                if let Some(out) = scan {
                    write(&out, &authority::scan(&self.desk, &scope, &permit, &authority)?)?;
                }
                self.voice.say(&authority::show(&self.desk, &scope, &permit, &authority)?);
            }
        }
        Ok(0)
    }

    fn decide(&self, typed: DecideArgs, decision: Decision) -> Result<(), DeskError> {
        let view = match typed.case {
            Some(case) => {
                let (_, scope, permit) = self.to(&InCase { case }, Action::Administer)?;
                authority::decide(&self.desk, &scope, &permit, &typed.authority, decision, &typed.reason)?
            }
            None => authority::decide_for_unit(&self.desk, &self.session()?, &typed.authority, decision, &typed.reason)?,
        };
        self.voice.say(&view);
        Ok(())
    }

    fn capture(&self, case: &InCase, wish: &CaptureWish) -> Done {
        let (_, scope) = self.enter(case)?;
        let permits = wish.intents()?.into_iter().map(|intent| self.desk.permit(&scope, intent)).collect::<Result<Vec<_>, _>>()?;
        let view = capture::run(&self.desk, &scope, &permits, wish)?;
        self.voice.say(&view);
        if let Some(why) = &view.stopped {
            let text = format!("{why}; what had arrived is kept as {}, marked partial", view.exhibit.exhibit);
            return Err(DeskError::refused(Law::Revocation, text));
        }
        if !view.record.complete {
            self.voice.note("the capture is partial: see its fetches");
        }
        Ok(0)
    }

    fn exhibit(&self, verb: ExhibitVerb) -> Done {
        match verb {
            ExhibitVerb::Admit(typed) => self.admit(*typed)?,
            ExhibitVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                let views = admit::list(&self.desk, &scope, &permit)?;
                let lines: Vec<_> = views.iter().map(|view| if self.voice.json { json!(view) } else { in_short(view) }).collect();
                self.voice.say_all(&lines, "the case has no exhibit yet");
            }
            ExhibitVerb::View { case, exhibit, purpose, out } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                self.view(&scope, &permit, &exhibit, &purpose, &out)?;
            }
            ExhibitVerb::Label { case, exhibit, out } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                write(&out, &report_step::label(&self.desk, &scope, &permit, &exhibit)?)?;
                self.voice.say(&json!({"label": out, "exhibit": exhibit}));
            }
            ExhibitVerb::Release { case, exhibit, reason } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                self.voice.say(&admit::release(&self.desk, &scope, &permit, &exhibit, &reason)?);
            }
        }
        Ok(0)
    }

    fn view(&self, scope: &Scope, permit: &Permit, exhibit: &str, purpose: &str, out: &Path) -> Result<(), DeskError> {
        if out == Path::new("-") {
            admit::open_bytes(&self.desk, scope, permit, exhibit, purpose, &mut std::io::stdout().lock())?;
            return Ok(());
        }
        let mut file = File::create_new(out).map_err(|e| DeskError::input(format!("{}: {e}; choose a file that does not exist yet", out.display())))?;
        match admit::open_bytes(&self.desk, scope, permit, exhibit, purpose, &mut file) {
            Ok(view) => {
                self.voice.say(&view);
                Ok(())
            }
            Err(error) => {
                // What was written does not match the record and must not be taken for the exhibit.
                let _ = fs::remove_file(out);
                Err(error)
            }
        }
    }

    fn admit(&self, typed: AdmitArgs) -> Result<(), DeskError> {
        let case = InCase { case: typed.case.clone() };
        if typed.physical {
            let item = PhysicalItem {
                seal_number: typed.seal_number.clone().unwrap_or_default(),
                condition: typed.condition.clone().unwrap_or_default(),
            };
            let origin = origin(&typed.source_class, &typed.concerns)?;
            let (_, scope, permit) = self.with(&case, Intent::to(Action::Admit).on(&origin))?;
            self.voice.say(&admit::thing(&self.desk, &scope, &permit, &origin, &typed.description, &typed.source, &item)?);
            return Ok(());
        }
        let path = typed.file.clone().ok_or_else(|| DeskError::input("name the file to admit"))?;
        if path.is_dir() {
            return self.admit_folder(&case, &typed, &path);
        }
        let file = File::open(&path).map_err(|e| DeskError::input(format!("{}: {e}", path.display())))?;
        let admission = admission(&typed, &path)?;
        let (_, scope, permit) = self.with(&case, admission.intent())?;
        admit::room_for(&self.desk, &file)?;
        self.voice.say(&admit::file(&self.desk, &scope, &permit, &admission, &mut admit::Listening(file))?);
        Ok(())
    }

    /// A saved folder becomes one exhibit: a tar of its files.
    fn admit_folder(&self, case: &InCase, typed: &AdmitArgs, path: &Path) -> Result<(), DeskError> {
        let mut admission = admission(typed, path)?;
        admission.original_name = admission.original_name.map(|name| format!("{name}.tar"));
        let (_, scope, permit) = self.with(case, admission.intent())?;
        let mut stream = folder::Stream::of(path).map_err(|e| DeskError::environment("reading the folder", &e))?;
        self.voice.say(&admit::file(&self.desk, &scope, &permit, &admission, &mut stream)?);
        Ok(())
    }

    fn transfer(&self, verb: TransferVerb) -> Done {
        let desk = &self.desk;
        let in_case = |case: &InCase| self.to(case, Action::Transfer);
        match verb {
            TransferVerb::Offer { case, exhibit, to, purpose } => {
                let (session, scope, permit) = in_case(&case)?;
                self.voice.say(&custody::offer(desk, &session, &scope, &permit, &exhibit, &to, &purpose)?);
            }
            TransferVerb::Accept { case, transfer, seal_number, condition } => {
                let (session, scope, permit) = in_case(&case)?;
                let check = seal_number.map(|seal_number| custody::SealCheck { seal_number, condition: condition.unwrap_or_default() });
                self.voice.say(&custody::accept(desk, &session, &scope, &permit, &transfer, check.as_ref())?);
            }
            TransferVerb::Refuse { case, transfer, reason } => {
                let (_, scope, permit) = in_case(&case)?;
                self.voice.say(&custody::refuse(desk, &scope, &permit, &transfer, &reason)?);
            }
            TransferVerb::Interim { case, exhibit, reason } => {
                let (_, scope, permit) = in_case(&case)?;
                self.voice.say(&custody::take_interim(desk, &scope, &permit, &exhibit, &reason)?);
            }
            TransferVerb::Reassign { case, exhibit, to, unreachable, reason } => {
                let (_, scope, permit) = in_case(&case)?;
                self.voice.say(&custody::reassign(desk, &scope, &permit, &exhibit, &to, unreachable, &reason)?);
            }
            TransferVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                self.voice.say_all(&custody::transfers(desk, &scope, &permit)?, "no transfer was offered yet");
            }
            TransferVerb::Slip { case, what, out } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                write(&out, &report_step::slip(desk, &scope, &permit, &what)?)?;
                self.voice.say(&json!({"slip": out}));
            }
        }
        Ok(0)
    }

    fn finding(&self, verb: FindingVerb) -> Done {
        match verb {
            FindingVerb::Add { case, kind, text, exhibit, method, error_rate, counter, exculpatory, grading } => {
                let (_, scope, permit) = self.to(&case, Action::Conclude)?;
                let finding = Finding {
                    kind: parsed(&kind)?,
                    text,
                    exhibits: exhibit,
                    method,
                    error_rate,
                    counter_evidence: counter,
                    exculpatory,
                    grading,
                };
                self.voice.say(&conclude::add(&self.desk, &scope, &permit, &finding)?);
            }
            FindingVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Query)?;
                self.voice.say_all(&conclude::list(&self.desk, &scope, &permit)?, "the case has no finding yet");
            }
        }
        Ok(0)
    }

    fn report(&self, verb: ReportVerb) -> Done {
        match verb {
            ReportVerb::Build(typed) => {
                let case = InCase { case: typed.case.clone() };
                let (_, scope, permit) = self.to(&case, Action::Report)?;
                self.voice.say(&report_step::build(&self.desk, &scope, &permit, &build_report(*typed)?)?);
            }
            ReportVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                self.voice.say_all(&report_step::list(&self.desk, &scope, &permit)?, "the case has no report yet");
            }
            ReportVerb::Export { case, report, out } => {
                let (_, scope, permit) = self.to(&case, Action::Report)?;
                let mut bytes = Vec::new();
                let view = report_step::export(&self.desk, &scope, &permit, &report, &mut bytes)?;
                write(&out, &bytes)?;
                self.voice.say(&view);
            }
        }
        Ok(0)
    }

    fn package(&self, verb: PackageVerb) -> Done {
        let desk = &self.desk;
        match verb {
            PackageVerb::Seal { case, officer, report, out } => {
                let (session, scope, permit) = self.to(&case, Action::Package)?;
                let target = std::path::absolute(&out).map_err(|e| DeskError::environment("reading the folder's name", &e))?;
                let typed = BuildPackage { officers: officer, reports: (!report.is_empty()).then_some(report), target };
                self.voice.say(&package::build(desk, &session, &scope, &permit, &typed)?);
            }
            PackageVerb::Sign { case, package } => {
                let (session, scope, permit) = self.to(&case, Action::Package)?;
                self.voice.say(&package::sign(desk, &session, &scope, &permit, &package)?);
            }
            PackageVerb::Stamp { case, package, authority, request, response } => {
                let (_, scope, permit) = self.to(&case, Action::Package)?;
                self.stamp(&scope, &permit, &package, authority, request.as_deref(), response.as_deref())?;
            }
            PackageVerb::Finish { case, package } => {
                let (session, scope, permit) = self.to(&case, Action::Package)?;
                self.voice.say(&package::finish(desk, &session, &scope, &permit, &package)?);
            }
            PackageVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Package)?;
                self.voice.say_all(&package::list(desk, &scope, &permit)?, "the case has no package yet");
            }
        }
        Ok(0)
    }

    fn stamp(
        &self,
        scope: &Scope,
        permit: &Permit,
        label: &str,
        authority: Option<usize>,
        request: Option<&Path>,
        response: Option<&Path>,
    ) -> Result<(), DeskError> {
        let desk = &self.desk;
        if let Some(file) = request {
            let number = authority.unwrap_or(1);
            write(file, &package::stamp_request(desk, scope, permit, label, number)?)?;
            self.voice.say(&json!({"request": file, "package": label, "authority": number}));
            return Ok(());
        }
        if let Some(file) = response {
            self.voice.say(&package::stamp(desk, scope, permit, label, authority.unwrap_or(1), &read(file)?)?);
            return Ok(());
        }
        stamp_all(desk, scope, permit, label, authority)?;
        let packages = package::list(desk, scope, permit)?;
        self.voice.say_all(&packages.into_iter().filter(|p| p.package == label).collect::<Vec<_>>(), "no such package");
        Ok(())
    }

    fn log(&self, verb: LogVerb) -> Done {
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
                if self.voice.json { self.voice.say(&json!({"checkpoint": text})) } else { print!("{text}") }
            }
            LogVerb::Show { from, limit } => self.voice.say_all(&logbook::show(desk, &session, from, limit)?, "no event there"),
            LogVerb::Tiles { folder } => self.voice.say(&logbook::tiles(desk, &session, &folder)?),
            LogVerb::Resume { last_known, nothing_later_known } => {
                let text = last_known.map(|file| read(&file)).transpose()?.map(|b| String::from_utf8_lossy(&b).into_owned());
                self.voice.say(&logbook::resume(desk, &session, text.as_deref(), nothing_later_known)?);
            }
        }
        Ok(0)
    }

    fn key(&self, verb: KeyVerb) -> Done {
        let session = self.session()?;
        let desk = &self.desk;
        match verb {
            KeyVerb::Backup { threshold, holder } => self.voice.say(&keys::make_recovery_set(desk, &session, &holder, threshold)?),
            KeyVerb::Recover { user, fingerprint, release_to: Some(to), reason } => {
                keys::release_share(desk, &session, &to, &user, &fingerprint, &reason)?;
                self.voice.say(&json!({"released-to": to, "for": user}));
            }
            KeyVerb::Recover { user, fingerprint, release_to: None, reason } => {
                let cases = keys::recover(desk, &session, &user, &fingerprint, &reason)?;
                self.voice.say(&json!({"user": user, "cases": cases}));
            }
            KeyVerb::Rotate { case, reason } => {
                let (_, mut scope, permit) = self.to(&case, Action::Administer)?;
                case::rotate_key(desk, &mut scope, &permit, &reason)?;
                self.voice.say(&json!({"case": case.case, "rotated": true}));
            }
            KeyVerb::Revoke { name } => {
                let leaver = desk.store.user_by_name(&name)?;
                self.voice.say(&keys::after_leaver(desk, &session, &leaver)?);
            }
        }
        Ok(0)
    }
}

/// Fetches every token that the plan still misses (or one of them): built in, or over the network.
pub fn stamp_all(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, only: Option<usize>) -> Result<(), DeskError> {
    let packages = package::list(desk, scope, permit)?;
    let view = packages.iter().find(|p| p.package == label).ok_or_else(|| DeskError::input(format!("there is no package {label}")))?;
    let addresses: Vec<String> = desk.store.config().time_authorities.iter().map(|a| a.url.clone()).collect();
    for (index, (_, _, stamped)) in view.authorities.iter().enumerate() {
        let number = index + 1;
        if stamped.is_some() || only.is_some_and(|n| n != number) {
            continue;
        }
        let address = addresses.get(index).map(String::as_str).unwrap_or_default();
        if address == "built-in" {
            package::stamp_builtin(desk, scope, permit, label)?;
            continue;
        }
        let request = package::stamp_request(desk, scope, permit, label, number)?;
        let answer = stamps::fetch(desk.exe(), address, &request)?;
        package::stamp(desk, scope, permit, label, number, &answer)?;
    }
    Ok(())
}

/// An exhibit in the few lines that a person reads in a list.
fn in_short(view: &admit::ExhibitView) -> serde_json::Value {
    json!({
        "exhibit": view.exhibit, "state": view.state, "kind": view.content.kind, "class": view.content.class,
        "description": view.content.description, "source": view.content.source, "admitted": view.content.admitted,
        "custodian": view.custodian, "interim": view.content.custody.is_interim(), "findings": view.content.findings,
    })
}

fn record_authority(typed: RecordArgs) -> Result<RecordAuthority, DeskError> {
    Ok(RecordAuthority {
        kind: parsed(&typed.kind)?,
        reference: typed.reference,
        issuer: typed.issuer,
        holders: typed.holder,
        actions: all_parsed(&typed.action)?,
        sources: all_parsed(&typed.source)?,
        selectors: typed.selector,
        persons: typed.person,
        territory: typed.territory,
        from: typed.from,
        until: typed.until,
        zone: typed.zone,
        calendar: typed.calendar.as_deref().map(parsed).transpose()?,
        necessity: typed.necessity,
        scan: typed.scan.as_deref().map(read).transpose()?,
        transcription: typed.transcription.as_deref().map(read).transpose()?.map(|b| String::from_utf8_lossy(&b).into_owned()),
    })
}

fn origin(source: &str, concerns: &Concerns) -> Result<Origin, DeskError> {
    Ok(Origin { source: parsed(source)?, person: concerns.person.clone(), territory: concerns.territory.clone() })
}

fn admission(typed: &AdmitArgs, path: &Path) -> Result<AdmitFile, DeskError> {
    let declared = [("md5", &typed.md5), ("sha1", &typed.sha1), ("sha256", &typed.sha256), ("sha512", &typed.sha512)];
    let manual = match (&typed.device, &typed.address, &typed.taken_at, &typed.method) {
        (Some(device), Some(address), Some(taken_at), Some(method)) => Some(ManualCaptureNote {
            device: device.clone(),
            address: address.clone(),
            taken_at: parsed(taken_at)?,
            method: method.clone(),
            clock: ClockQuality::Unknown,
        }),
        _ => None,
    };
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
    Ok(AdmitFile {
        description: if typed.description.is_empty() { name.clone().unwrap_or_default() } else { typed.description.clone() },
        source: typed.source.clone(),
        origin: origin(&typed.source_class, &typed.concerns)?,
        class: serde_json::from_value::<ExhibitClass>(json!(typed.class))
            .map_err(|_| DeskError::input("the class is ordinary, personal-sensitive, privileged or contraband"))?,
        original_name: name,
        declared: declared.into_iter().filter_map(|(name, value)| Some((name.to_string(), value.clone()?))).collect(),
        manual,
    })
}

fn build_report(typed: ReportArgs) -> Result<BuildReport, DeskError> {
    Ok(BuildReport {
        template: parsed(&typed.template)?,
        language: typed.language,
        jurisdiction: typed.jurisdiction,
        place: typed.place,
        participants: typed.participant,
        witnesses: typed.witness,
        interpreter: typed.interpreter,
        remarks: typed.remark,
        qualifications: typed.qualifications,
        own_knowledge: typed.own_knowledge,
    })
}
