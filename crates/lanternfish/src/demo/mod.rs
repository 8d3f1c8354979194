//! `demo`: one synthetic case, walked from authority to a package that a stranger can verify.
//!
//! It calls the same steps as the command line, in the same order as an officer would. Nothing is
//! shortened: the refusal is a real refusal, the capture a real capture, the verdict a real verdict.

mod market;

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use desk::{
    Desk, DeskError, Intent, Permit, Scope, Session,
    admit::{self, ExhibitView},
    authority::{self, Decision, RecordAuthority},
    capture::{self, CaptureWish, Way},
    case::{self, CaseContent},
    conclude, custody, examine, intake, keys, logbook, search,
    package::{self, BuildPackage},
    report_step::{self, BuildReport},
};
use model::{
    action::Action,
    authority::{AuthorityKind, SourceClass},
    exhibit::{Origin, PhysicalItem},
    finding::{Finding, FindingKind},
    statement::Template,
};
use serde_json::{Value, json};

use crate::{
    output::{Voice, print as say},
    verbs,
};

/// The people of the demo: name, role, passphrase. Synthetic, and printed at the end.
const PEOPLE: [(&str, &str, &str); 4] = [
    ("Ad Min", "administrator", "demo only: lantern on the desk"),
    ("Noy Vongsa", "investigator", "demo only: river at low water"),
    ("Kham Phommachan", "exhibit-officer", "demo only: two keys one door"),
    ("Bounmy Sisouk", "supervisor", "demo only: market before dawn"),
];

/// Walks the case in `home`, or in `lanternfish-demo` below the present folder.
/// With `tor` the market stands behind an onion service of a private Tor network, and is captured through it.
pub fn run(home: Option<&Path>, tor: bool, voice: Voice) -> Result<i32, DeskError> {
    let home = self::home(home)?;
    if home.exists() && std::fs::read_dir(&home).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(DeskError::input(format!(
            "{} is not empty: the demo was walked here already, or something else is there; name another folder with --home DIR",
            home.display()
        )));
    }
    let mut walk = Walk::begin(&home, voice)?;
    walk.people()?;
    walk.market(tor)?;
    walk.open_case()?;
    walk.authority()?;
    walk.capture()?;
    walk.examine()?;
    walk.custody()?;
    walk.conclude()?;
    walk.reports()?;
    walk.package()?;
    walk.verify()
}

/// Where the demo's case lies.
pub fn home(typed: Option<&Path>) -> Result<PathBuf, DeskError> {
    std::path::absolute(typed.unwrap_or(Path::new("lanternfish-demo"))).map_err(|e| DeskError::environment("reading the home folder's name", &e))
}

/// `market`: serves the demo's pages at a loopback address, until the process is stopped.
pub fn market(address: std::net::SocketAddr, voice: Voice) -> Result<i32, DeskError> {
    if !address.ip().is_loopback() {
        return Err(DeskError::input(format!("{address} can be reached from other machines: the practice market is served on loopback only, such as 127.0.0.1:8080")));
    }
    let trouble = |e: std::io::Error| DeskError::environment(format!("serving the synthetic market at {address} (choose another port with --listen)"), &e);
    let listener = std::net::TcpListener::bind(address).map_err(trouble)?;
    let pages = market::pages_at(listener.local_addr().map_err(trouble)?);
    voice.tell(&json!({"synthetic": true, "pages": pages}), || pages.clone());
    voice.note("SYNTHETIC market for practice; it is served until you stop it (Ctrl-C)");
    market::serve_on(&listener);
    Ok(0)
}

struct Walk {
    desk: Desk,
    home: PathBuf,
    voice: Voice,
    step: u32,
    since: Instant,
    case: String,
    case_number: String,
    selectors: u64,
    reports: Vec<String>,
    package: PathBuf,
    anchors: PathBuf,
    tokens: Vec<String>,
    host: String,
    urls: Vec<String>,
    network: Option<Network>,
}

/// The private Tor network of the demo; ended with it, its keys are kept beside the home.
struct Network {
    folder: PathBuf,
    client: PathBuf,
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = range::tor::down(&self.folder);
    }
}

impl Walk {
    fn begin(home: &Path, voice: Voice) -> Result<Walk, DeskError> {
        let since = Instant::now();
        let desk = Desk::create(home, "Synthetic Cyber Unit", true, 14, verbs::program()?)?;
        let mut walk = Walk {
            desk,
            home: home.to_path_buf(),
            voice,
            step: 0,
            since,
            case: String::new(),
            case_number: String::new(),
            selectors: 0,
            reports: vec![],
            package: home.join("out").join("package-1"),
            anchors: home.join("out").join("anchors"),
            tokens: vec![],
            host: market::HOST.into(),
            urls: vec![],
            network: None,
        };
        walk.done("a node is set up", "its log begins with a signed key of its own; no case key is ever on the node", json!({"home": home}));
        Ok(walk)
    }

    /// Prints one step: what was done, how long it took, what it proves.
    fn done(&mut self, what: &str, proves: &str, more: Value) {
        self.step += 1;
        let seconds = self.since.elapsed().as_secs_f64();
        if self.voice.json {
            let millis = self.since.elapsed().as_millis();
            self.voice.say(&json!({"step": self.step, "did": what, "proves": proves, "milliseconds": u64::try_from(millis).unwrap_or(0), "more": more}));
        } else {
            say(format!("{:>2}. {what}  ({seconds:.2} s)\n      {proves}", self.step));
        }
        self.since = Instant::now();
    }

    fn session(&self, who: usize) -> Result<Session, DeskError> {
        self.desk.store.session(&self.tokens[who])
    }

    fn enter(&self, who: usize) -> Result<(Session, Scope), DeskError> {
        let session = self.session(who)?;
        let scope = self.desk.enter(&session, &self.case)?;
        Ok((session, scope))
    }

    fn with(&self, who: usize, intent: Intent) -> Result<(Session, Scope, Permit), DeskError> {
        let (session, scope) = self.enter(who)?;
        let permit = self.desk.permit(&scope, intent)?;
        Ok((session, scope, permit))
    }

    fn people(&mut self) -> Result<(), DeskError> {
        for (name, role, _) in PEOPLE {
            self.desk.store.add_user(None, name, role.parse().map_err(DeskError::input)?)?;
        }
        for (name, _, passphrase) in PEOPLE {
            self.tokens.push(self.desk.log_in(name, passphrase)?.0);
        }
        let names: Vec<&str> = PEOPLE.iter().map(|p| p.0).collect();
        self.done("four people log in for the first time", "each made his own keys under his own passphrase; the administrator never saw them", json!({"people": names}));
        let holders: Vec<String> = PEOPLE[1..].iter().map(|p| p.0.to_string()).collect();
        let set = keys::make_recovery_set(&self.desk, &self.session(3)?, &holders, 2)?;
        for who in [INVESTIGATOR, EXHIBITS, SUPERVISOR] {
            let view = keys::show_set(&self.desk, &self.session(who)?)?;
            keys::confirm_set(&self.desk, &self.session(who)?, &view.set)?;
        }
        self.done("a recovery set is made, two of three people together, and each member confirms it", "a lost passphrase loses no case, nobody alone can open one, and no set is used that its members did not look at", json!(set));
        Ok(())
    }

    fn open_case(&mut self) -> Result<(), DeskError> {
        let officer = self.session(INVESTIGATOR)?;
        let tip = intake::receive(&self.desk, &officer, "A caller says that forged papers are offered on a market called Moon Bazaar. SYNTHETIC.", "telephone, anonymous", None)?;
        let content = CaseContent {
            title: "SYNTHETIC: forged papers on Moon Bazaar".into(),
            offence: "forgery of official documents (synthetic)".into(),
            jurisdiction: "la".into(),
            purpose: "training: walk one case from authority to court package".into(),
        };
        let members: Vec<String> = PEOPLE[2..].iter().map(|p| p.0.to_string()).collect();
        let view = case::open(&self.desk, &officer, &content, &members)?;
        self.case.clone_from(&view.case);
        self.case_number.clone_from(&view.case);
        self.done("a tip comes in and a case is opened", "its key is wrapped to its three members and to the recovery set, to nobody else", json!({"tip": tip.tip, "case": view.case}));
        Ok(())
    }

    fn authority(&mut self) -> Result<(), DeskError> {
        let refused = self.with(INVESTIGATOR, Intent::to(Action::Collect).from_source(SourceClass::Synthetic).aimed_at(self.host.clone()));
        let text = match refused {
            Err(error) if error.law() == Some(model::Law::Permit) => error.to_string(),
            Err(other) => return Err(other),
            Ok(_) => return Err(DeskError::refused(model::Law::Permit, "a capture without an authority was not refused")),
        };
        self.done("a capture without an authority is refused", "nothing happens without a live authority; the refusal itself is an event", json!({"refusal": text}));
        let (_, scope, permit) = self.with(INVESTIGATOR, Intent::to(Action::Administer))?;
        let today = self.desk.now().to_string();
        let day = today.get(..10).unwrap_or("2026-01-01").to_string();
        let typed = RecordAuthority {
            kind: AuthorityKind::Training,
            reference: "TRAINING-1".into(),
            issuer: "Synthetic Cyber Unit, training branch".into(),
            holders: vec![PEOPLE[INVESTIGATOR].0.into(), PEOPLE[EXHIBITS].0.into()],
            actions: [Action::Collect, Action::Admit, Action::View, Action::Examine, Action::Query, Action::Conclude, Action::Report, Action::Package].to_vec(),
            sources: vec![SourceClass::Synthetic],
            selectors: vec![self.host.clone()],
            persons: vec!["any".into()],
            territory: vec!["any".into()],
            from: day.clone(),
            until: day,
            zone: "UTC".into(),
            calendar: None,
            necessity: "training on a synthetic world; no real person is concerned".into(),
            scan: None,
            transcription: None,
            amends: None,
            extends: None,
        };
        let recorded = authority::record(&self.desk, &scope, &permit, &typed)?;
        let (_, scope, permit) = self.with(SUPERVISOR, Intent::to(Action::Administer))?;
        let granted = authority::decide(&self.desk, &scope, &permit, &recorded.authority, Decision::Grant, "training day")?;
        self.done("an authority is recorded by one person and granted by another", "the holder never approves his own authority; its scope names one host and ends today", json!(granted));
        Ok(())
    }

    /// Serves the market: on loopback, or behind an onion service that only Tor reaches.
    fn market(&mut self, tor: bool) -> Result<(), DeskError> {
        let port = market::serve().map_err(|e| DeskError::environment("serving the synthetic market", &e))?;
        self.urls = market::pages_at(format_args!("{}:{port}", market::HOST));
        if !tor {
            return Ok(());
        }
        let trouble = |e: range::tor::RangeError| DeskError::Environment { attempt: "the private Tor network".into(), cause: e.to_string() };
        let folder = self.home.with_extension("tor-network");
        let status = range::tor::up(&folder, &range::tor::Plan::of(3, range::tor::Web::Port(port)), range::tor::Stay::WithThisProcess, |_, _| ()).map_err(trouble)?;
        self.host = status.onion.ok_or_else(|| trouble(range::tor::RangeError::NoNetwork(folder.clone())))?;
        self.network = Some(Network { folder, client: status.client });
        self.urls = market::pages_at(&self.host);
        self.done("a private Tor network stands on this machine's loopback", "real tor processes and an onion service; nothing of it reaches the public network", json!({"onion": self.host}));
        Ok(())
    }

    fn capture(&mut self) -> Result<(), DeskError> {
        let wish = CaptureWish {
            way: self.network.as_ref().map_or(Way::Loopback, |network| Way::Tor { network: Some(network.client.clone()) }),
            urls: self.urls.clone(),
            origin: Origin::of(SourceClass::Synthetic),
            byte_budget: 16 << 20,
            timeout_ms: if self.network.is_some() { 90_000 } else { 20_000 },
            description: "SYNTHETIC market, five pages in four languages".into(),
            persona: None,
            media: false,
            browser: None,
        };
        let (_, scope) = self.enter(INVESTIGATOR)?;
        let permits = wish.intents()?.into_iter().map(|intent| self.desk.permit(&scope, intent)).collect::<Result<Vec<_>, _>>()?;
        let view = capture::run(&self.desk, &scope, &permits, &wish, &mut |_| ())?;
        if !view.record.complete {
            return Err(DeskError::input("the capture of the synthetic market is partial: run the demo again"));
        }
        let more = json!({
            "exhibit": view.exhibit.exhibit, "pages": view.record.fetches.len(), "cage": view.record.cage, "sha256": view.record.warc_digest,
            "transport": view.record.transport, "ways-out-tried": view.record.proof.len(),
        });
        let how = if self.network.is_some() { "the market is captured through Tor from behind walls" } else { "the market is captured live by the caged collector" };
        self.done(how, "raw bytes as received, under a signed order; it proves who captured and when, NOT that the server said it", more);
        Ok(())
    }

    fn examine(&mut self) -> Result<(), DeskError> {
        let (_, scope, permit) = self.with(INVESTIGATOR, Intent::to(Action::Examine))?;
        let view = examine::examine(&self.desk, &scope, &permit, "E-0001", &parse::Budget::default())?;
        self.selectors = view.selectors;
        self.done("the capture is unpacked and searched in the caged parser", "every record is accounted for; each selector points to its bytes and says how far it was proved", json!(view));
        let (_, scope, permit) = self.with(INVESTIGATOR, Intent::to(Action::Query))?;
        let hits = search::selectors(&self.desk, &scope, &permit, &search::SelectorQuestion::of(Some("1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1"), "same payment address on several pages?"))?;
        let places: Vec<&str> = hits.hits.iter().map(|hit| hit.place.as_str()).collect();
        self.done("one question is asked of the case", "a query is one event with its purpose, its count and a commitment to its results", json!({"places": places}));
        Ok(())
    }

    fn custody(&mut self) -> Result<(), DeskError> {
        let origin = Origin::of(SourceClass::Synthetic);
        let intent = Intent::to(Action::Admit).on(&origin);
        let (_, scope, permit) = self.with(INVESTIGATOR, intent)?;
        let phone = PhysicalItem { seal_number: "SYN-004711".into(), condition: "switched off, screen cracked".into() };
        let item = admit::thing(&self.desk, &scope, &permit, &origin, "SYNTHETIC mobile phone", "handed over at the counter (synthetic)", &phone)?;
        let (_, scope, permit) = self.with(EXHIBITS, Intent::to(Action::Transfer))?;
        let taken = custody::take_interim(&self.desk, &scope, &permit, &item.exhibit, true, "the day shift left it sealed on the counter and went home; nobody of it answers the telephone")?;
        self.done("a phone that the day shift left is taken into interim custody at night", "the giver was declared unreachable; custody without a second person is possible, and printed as exactly that", custody_line(&taken));
        let (officer, scope, permit) = self.with(EXHIBITS, Intent::to(Action::Transfer))?;
        let offer = custody::offer(&self.desk, &officer, &scope, &permit, &item.exhibit, PEOPLE[INVESTIGATOR].0, "examination")?;
        let (officer, scope, permit) = self.with(INVESTIGATOR, Intent::to(Action::Transfer))?;
        let check = custody::SealCheck { seal_number: phone.seal_number.clone(), condition: phone.condition.clone() };
        let accepted = custody::accept(&self.desk, &officer, &scope, &permit, &offer.transfer, Some(&check))?;
        self.done("the phone passes from one officer to another", "two different people signed, each in his own session; the receiver compared the seal", json!(accepted));
        let (officer, scope, permit) = self.with(INVESTIGATOR, Intent::to(Action::Transfer))?;
        let offer = custody::offer(&self.desk, &officer, &scope, &permit, "E-0001", PEOPLE[EXHIBITS].0, "safe keeping")?;
        let (officer, scope, permit) = self.with(EXHIBITS, Intent::to(Action::Transfer))?;
        let accepted = custody::accept(&self.desk, &officer, &scope, &permit, &offer.transfer, None)?;
        self.done("the capture passes to the exhibit officer", "his own program hashed the bytes again before he signed", json!(accepted));
        Ok(())
    }

    fn conclude(&mut self) -> Result<(), DeskError> {
        let (_, scope, permit) = self.with(INVESTIGATOR, Intent::to(Action::Query))?;
        let asked = search::selectors(&self.desk, &scope, &permit, &search::SelectorQuestion::of(Some(ABSENT), "is this number in the capture?"))?;
        self.done("the case is asked for a number that is not there", "a search without result is an event too, and the finding names it", json!({"event": asked.event, "found": asked.hits.len()}));
        let findings = demo_findings(asked.event);
        let mut labels = Vec::new();
        for finding in &findings {
            let (_, scope, permit) = self.with(INVESTIGATOR, Intent::to(Action::Conclude))?;
            labels.push(conclude::add(&self.desk, &scope, &permit, finding)?.finding);
        }
        self.done("findings are written: facts, an opinion, one that speaks for the suspect, a search without result", "each carries its method, its error rate and what speaks against it", json!({"findings": labels}));
        Ok(())
    }

    fn reports(&mut self) -> Result<(), DeskError> {
        for (template, language) in [(Template::StatementOfFact, "en"), (Template::ExpertReport, "en"), (Template::InvestigativeRecord, "lo")] {
            let (_, scope, permit) = self.with(INVESTIGATOR, Intent::to(Action::Report))?;
            let expert = |text: &str| if template == Template::ExpertReport { vec![text.to_string()] } else { vec![] };
            let typed = BuildReport {
                template,
                summary: expert("One payment address stands on two listings; they were probably written for the same vendor. Nothing connects the sealed phone with the market."),
                received: vec![],
                literature: expert("No writings were relied on."),
                reliability: vec![],
                language: language.into(),
                jurisdiction: None,
                place: Some("ວຽງຈັນ (SYNTHETIC)".into()),
                participants: vec![PEOPLE[INVESTIGATOR].0.into(), PEOPLE[EXHIBITS].0.into()],
                witnesses: vec![],
                interpreter: None,
                remarks: vec![],
                qualifications: Some("Trained on synthetic cases only; this paper is an exercise.".into()),
                own_knowledge: vec!["ຂ້າພະເຈົ້າໄດ້ເປີດຄະດີນີ້ດ້ວຍຕົນເອງ. I opened this case myself.".into()],
            };
            let view = report_step::build(&self.desk, &scope, &permit, &typed)?;
            let path = self.home.join("out").join(format!("{}-{}.pdf", view.report.to_lowercase(), template.name()));
            let mut bytes = Vec::new();
            report_step::export(&self.desk, &scope, &permit, &view.report, &mut bytes)?;
            std::fs::write(&path, bytes).map_err(|e| DeskError::environment("writing the report", &e))?;
            self.reports.push(path.to_string_lossy().into_owned());
            self.done(&format!("a report is built: {} ({language})", template.name()), "every statement leads to findings, exhibits and events; the text of the finished PDF was checked", json!(view));
        }
        Ok(())
    }

    fn package(&mut self) -> Result<(), DeskError> {
        let (officer, scope, permit) = self.with(INVESTIGATOR, Intent::to(Action::Package))?;
        let officers = vec![PEOPLE[INVESTIGATOR].0.to_string(), PEOPLE[EXHIBITS].0.to_string()];
        let typed = BuildPackage { officers, reports: None, target: self.package.clone(), wacz: true };
        let view = package::build(&self.desk, &officer, &scope, &permit, &typed)?;
        let label = view.package.clone();
        self.done("a package is built", "its manifest names every file; restricted items would appear only as salted commitments", json!({"package": label, "exhibits": view.exhibits}));
        package::sign(&self.desk, &officer, &scope, &permit, &label)?;
        let (second, scope, permit) = self.with(EXHIBITS, Intent::to(Action::Package))?;
        package::sign(&self.desk, &second, &scope, &permit, &label)?;
        verbs::stamp_all(&self.desk, &scope, &permit, &label, None)?;
        let (officer, scope, permit) = self.with(INVESTIGATOR, Intent::to(Action::Package))?;
        let sealed = package::finish(&self.desk, &officer, &scope, &permit, &label, false, || ())?;
        self.done("two officers sign it, it is time-stamped, and the seal is logged", "each signed with his own key; the time-stamp here is NOT INDEPENDENT, and every verifier says so", json!(sealed));
        package::export_anchors(&self.desk, &self.session(SUPERVISOR)?, &self.anchors)?;
        self.done("trust anchors are written to another folder", "they reach a verifier by another way than the package; without them nobody can call it genuine", json!({"anchors": self.anchors}));
        Ok(())
    }

    fn verify(&mut self) -> Result<i32, DeskError> {
        let report = logbook::verify(&self.desk, &self.session(SUPERVISOR)?)?;
        if !report.faults.is_empty() {
            return Err(DeskError::refused(model::Law::AppendOnly, report.faults.join("; ")));
        }
        self.done("the whole log is read again", "each row has its event and each event its row", json!(report));
        let verdict = seal::check::verify_package(&self.package, Some(&self.anchors), &|_| ());
        let script = stock_verdict(&self.package, &self.anchors);
        let verified = verdict.exit_code == 0 && script.is_none_or(|code| code == 0);
        let stock = script.map_or("bash verify.sh was not run: bash or openssl is missing".to_string(), |code| format!("bash verify.sh: exit {code}"));
        let faults: Vec<String> = verdict.faults().map(|check| check.text.clone()).collect();
        self.done("the package is verified by two programs", "the second is a shell script of stock tools: nobody has to believe lanternfish", json!({"verdict": verdict.summary(), "stock": stock, "limits": verdict.limits, "faults": faults}));
        let (_, scope) = self.enter(INVESTIGATOR)?;
        let exhibits: Vec<ExhibitView> = admit::all(&self.desk, &scope)?;
        self.last_line(exhibits.len(), verified, &verdict.limits, &stock);
        Ok(if verified { 0 } else { 1 })
    }

    fn last_line(&self, exhibits: usize, verified: bool, limits: &[String], stock: &str) {
        let summary = json!({
            "case": self.case_number, "exhibits": exhibits, "selectors": self.selectors, "package": self.package,
            "anchors": self.anchors, "reports": self.reports, "verified": verified, "stock": stock, "limits": limits,
        });
        if self.voice.json {
            self.voice.say(&summary);
            return;
        }
        say(format!("\nCase {}: {exhibits} exhibits, {} selectors. Verified: {}.", self.case_number, self.selectors, if verified { "yes" } else { "NO" }));
        for limit in limits {
            say(format!("  limit: {limit}"));
        }
        say(format!("  {stock}\n\nRead the reports:"));
        for report in &self.reports {
            say(format!("  {report}"));
        }
        say(format!("Verify the package yourself:\n  bash {}/verify.sh {}", self.package.display(), self.anchors.display()));
        say(format!("Work on in this case:\n  export LANTERNFISH_HOME={}", self.home.display()));
        say(format!("  export LANTERNFISH_SESSION=$(lanternfish login \"{}\")    # it asks for the passphrase", PEOPLE[INVESTIGATOR].0));
        for (name, role, passphrase) in PEOPLE {
            say(format!("  {role}: {name}, passphrase \"{passphrase}\""));
        }
    }
}

const INVESTIGATOR: usize = 1;
const EXHIBITS: usize = 2;
const SUPERVISOR: usize = 3;

fn custody_line(view: &ExhibitView) -> Value {
    json!({"exhibit": view.exhibit, "custodian": view.custodian, "interim": view.content.custody.is_interim()})
}

/// A synthetic number that stands on no page of the market, in the form in which selectors are kept.
const ABSENT: &str = "+8562055550199";

fn demo_findings(asked: u64) -> Vec<Finding> {
    let finding = |kind, text: &str, exhibits: &[&str], method: &str, error_rate: &str| Finding {
        kind,
        text: text.into(),
        exhibits: exhibits.iter().map(ToString::to_string).collect(),
        queries: vec![],
        method: method.into(),
        error_rate: error_rate.into(),
        counter_evidence: vec![],
        exculpatory: false,
        grading: Some("B2".into()),
    };
    let checksum = "Base58Check: one in 4,294,967,296 random texts of this shape passes";
    vec![
        finding(
            FindingKind::Fact,
            "The payment address 1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1 stands on the English and on the Russian listing page.",
            &["E-0001"],
            extract::METHOD,
            checksum,
        ),
        Finding {
            counter_evidence: vec!["An address can be copied by anyone who reads the page.".into()],
            ..finding(
                FindingKind::Opinion,
                "The English and the Russian listing were probably written for the same vendor.",
                &["E-0001"],
                "comparison by a person, no automatic method",
                "not known",
            )
        },
        Finding {
            exculpatory: true,
            ..finding(
                FindingKind::Fact,
                "ໂທລະສັບທີ່ຜະນຶກ SYN-004711 ຍັງບໍ່ໄດ້ຖືກເປີດ: nothing on the sealed phone has been connected to the market.",
                &["E-0002"],
                "inspection of the seal",
                "not known",
            )
        },
        Finding {
            queries: vec![asked],
            ..finding(
                FindingKind::NullSearch,
                "A search of the capture for the number +856 20 5555 0199 gave no result.",
                &["E-0001"],
                extract::METHOD,
                "not known",
            )
        },
    ]
}

/// What `verify.sh` says, when bash and openssl are here.
fn stock_verdict(package: &Path, anchors: &Path) -> Option<i32> {
    let found = |tool: &str| Command::new(tool).arg("--version").output().is_ok() || Command::new(tool).arg("version").output().is_ok();
    if !found("bash") || !found("openssl") {
        return None;
    }
    let output = Command::new("bash").arg(package.join("verify.sh")).arg(anchors).output().ok()?;
    output.status.code()
}
