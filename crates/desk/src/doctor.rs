//! The health check of a node: what was looked at, what was found, and what to do, one line each.
//!
//! It needs no person and opens no content, but for `items`, which a member of a case runs in his own session.
//! It repairs nothing but what an interrupted run left unfinished, and it never fails: what cannot be looked
//! at is a line of its own. A warning is what papers say too and work can go on with; anything else that is not
//! as it should be stops people until somebody has looked.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{Moment, action::Action, authorize::NodeStep, event::EventType, id::BlobId, moment::ClockQuality};
use parse::{Budget, Finding, MemberHead, MemberTail, Sink, SinkError, Task};
use seal::Certificate;
use serde::Serialize;
use serde_json::{Value, json};
use store::{BlobContent, Intent, LogReport, NewEvent, Scope, Session, StoreError};

use crate::{Desk, admit, capture, office::input, witness};

/// One line of the health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Whether it is as it should be.
    pub ok: bool,
    /// It is not as it should be, and work can go on all the same: papers say so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warning: bool,
    /// What was looked at, and what was found.
    pub text: String,
    /// What to do, when it is not.
    pub what_to_do: String,
}

/// The one line that can be said of a home that does not open.
pub fn does_not_open(error: &StoreError) -> Health {
    line(false, error.to_string(), "do what the message says; if the records or a key are damaged, nobody works here: keep the folder as it is, and restore the newest backup into another one")
}

fn line(ok: bool, text: impl Into<String>, what_to_do: &str) -> Health {
    Health { ok, warning: false, text: text.into(), what_to_do: if ok { String::new() } else { what_to_do.into() } }
}

/// Less free space than this is said, in bytes.
const LOW_SPACE: u64 = 2 << 30;
/// Unfinished objects younger than this may belong to a running admission.
const UNFINISHED: Duration = Duration::from_secs(86_400);

const DAY_SECONDS: i64 = 86_400;
/// A backup older than this is said, in days.
const BACKUP_DAYS: i64 = 7;
/// A witness that has cosigned nothing for so long is said, in days.
const WITNESS_DAYS: i64 = 7;
/// A certificate that ends sooner than this is said, in days.
const CERTIFICATE_DAYS: i64 = 60;

/// What is wrong, and work goes on all the same.
fn warning(ok: bool, text: impl Into<String>, what_to_do: &str) -> Health {
    Health { warning: !ok, ..line(ok, text, what_to_do) }
}

/// Whether this machine can collect: what a crawl and a capture through Tor need, looked at without asking anybody
/// for anything.
pub fn collecting(desk: &Desk) -> Vec<Health> {
    let checks: [Check; 6] = [walls, tor, collector_filter, cage, clock, space];
    let told = |found: Result<Health, StoreError>| found.unwrap_or_else(|error| line(false, error.to_string(), "do what the message says, then run `lanternfish collect doctor` again"));
    checks.iter().map(|check| told(check(desk))).collect()
}

/// The namespaces of the collector's walls, tried in a process that ends at once.
fn walls(_: &Desk) -> Result<Health, StoreError> {
    let advice = "through Tor nothing is collected here; ask the person who keeps the machine to allow user namespaces for this account (sysctl user.max_user_namespaces above 0; on some systems kernel.unprivileged_userns_clone=1, or a profile for this program). By loopback it works all the same";
    let tried = std::process::Command::new("unshare")
        .args(["--user", "--map-current-user", "--net", "--mount", "--ipc", "--uts", "true"])
        .stdin(std::process::Stdio::null())
        .output();
    Ok(match tried {
        Ok(ended) if ended.status.success() => line(true, "this account may have namespaces of its own: the collector can wall itself off", advice),
        Ok(ended) => warning(false, format!("this account may not have namespaces of its own: {}", String::from_utf8_lossy(&ended.stderr).trim()), advice),
        Err(error) => warning(false, format!("whether this account may have namespaces could not be tried: unshare: {error}"), "install util-linux, or capture one page through Tor and see: it stops before it fetches anything"),
    })
}

fn tor(_: &Desk) -> Result<Health, StoreError> {
    let advice = "install Debian's package tor; it need not run as a service. Without it, only loopback works";
    Ok(match std::process::Command::new("tor").arg("--version").stdin(std::process::Stdio::null()).output() {
        Ok(said) if said.status.success() => line(true, String::from_utf8_lossy(&said.stdout).lines().next().unwrap_or("tor is there").to_string(), advice),
        _ => warning(false, "tor is not there", advice),
    })
}

/// Whether the kernel has the filter of system calls that the collector asks for.
fn collector_filter(_: &Desk) -> Result<Health, StoreError> {
    let has = std::fs::read_to_string("/proc/self/status").is_ok_and(|text| text.lines().any(|line| line.starts_with("Seccomp:")));
    Ok(line(has, if has { "the kernel can filter system calls" } else { "the kernel cannot filter system calls" }, "through Tor nothing is collected without it: use a kernel with seccomp"))
}

fn days_since(desk: &Desk, at: Moment) -> i64 {
    (desk.now().seconds() - at.seconds()) / DAY_SECONDS
}

type Check = fn(&Desk) -> Result<Health, StoreError>;

/// Looks at the whole node. Never fails: what cannot be looked at is a line of its own.
pub fn doctor(desk: &Desk) -> Vec<Health> {
    let before: [Check; 2] = [restored, database];
    let after: [Check; 18] =
        [separations, writable, objects, torn, keeping, hash_lists, unfinished, spools, erasures, clock, space, backup, keys, key_pairs, certificates, witnesses, cage, text_in_pictures];
    let told = |found: Result<Health, StoreError>| found.unwrap_or_else(|error| line(false, error.to_string(), "do what the message says, then run `lanternfish doctor` again"));
    let mut lines: Vec<Health> = before.iter().map(|check| told(check(desk))).collect();
    // Read once: a log of millions takes its time.
    let report = desk.store.verify_log();
    lines.push(told(report.as_ref().map(log).map_err(Clone::clone)));
    lines.push(told(checkpoint(desk, report.is_ok_and(|report| report.faults.is_empty()))));
    lines.extend(after.iter().map(|check| told(check(desk))));
    lines
}

fn restored(desk: &Desk) -> Result<Health, StoreError> {
    let waiting = desk.store.is_waiting_after_restore();
    let text = if waiting { "this home was restored from a backup and waits" } else { "this home is not waiting after a restore" };
    Ok(line(!waiting, text, "run `lanternfish log resume`, with the last known checkpoint if there is one"))
}

fn database(desk: &Desk) -> Result<Health, StoreError> {
    let said = desk.store.database_integrity()?;
    Ok(line(said == "ok", format!("the database's own check says: {said}"), "stop working, copy the home, and restore the newest backup"))
}

fn log(report: &LogReport) -> Health {
    let text = match report.faults.first() {
        None => format!("the log of {} events and {} rows agree both ways; the clock jumped {} times", report.events, report.rows, report.clock_jumps),
        Some(first) => format!("the log has {} faults; the first: {first}", report.faults.len()),
    };
    line(report.faults.is_empty(), text, "somebody changed records behind the log's back, or the disk did: stop working, keep the home as it is, tell the supervisor")
}

/// The log against the newest checkpoint that lies in the home, and then the newest one into its place.
/// A log with faults of its own is not what anybody should remember.
fn checkpoint(desk: &Desk, sound: bool) -> Result<Health, StoreError> {
    let what_to_do = "stop working and keep the home and the database as they are. If records were put back to an earlier hour, everything after it is missing: find the newest backup, and see docs/guide/faults.md before anybody goes on";
    if let Some(fault) = desk.store.against_kept_checkpoint()? {
        return Ok(line(false, fault, what_to_do));
    }
    let known = desk.store.kept_checkpoint()?.map_or(0, |note| note.claimed().size.0);
    if sound {
        desk.store.keep_checkpoint()?;
    }
    let text = if known == 0 { "no checkpoint of the log was kept in the home before".to_string() } else { format!("the log holds the checkpoint of {known} events that was kept in the home") };
    Ok(line(true, text, ""))
}

/// Which separations of duties this unit cannot keep with the people who work here. A node in set-up has none yet.
fn separations(desk: &Desk) -> Result<Health, StoreError> {
    if desk.store.in_setup()? {
        return Ok(line(true, "the node is being set up: its people are not all here yet", ""));
    }
    let people: Vec<_> = desk.store.users()?.into_iter().filter(|user| user.state != "revoked").map(|user| user.record.role).collect();
    let unmet = model::separation::unmet(&people);
    let text = if unmet.is_empty() { format!("{} people can keep every separation of duties", people.len()) } else { format!("{} people cannot keep these separations of duties: {}", people.len(), unmet.join("; ")) };
    Ok(warning(unmet.is_empty(), text, "enter who is missing (docs/guide/unit-of-three.md says who can be from outside); where it stays so, the papers say which step had no second person"))
}

fn writable(desk: &Desk) -> Result<Health, StoreError> {
    let event = NewEvent::new(EventType::LogConsulted, None, json!({"what": "doctor"}));
    desk.store.commit_node(None, NodeStep::ReadLog, event, vec![])?;
    Ok(line(true, "events can be written", ""))
}

fn objects(desk: &Desk) -> Result<Health, StoreError> {
    let (objects, strangers) = desk.store.count_objects()?;
    let rows = usize::try_from(desk.store.count("blob")?).unwrap_or(usize::MAX).saturating_add(crate::known::count(desk)?);
    let without = match (objects.saturating_sub(rows), rows.saturating_sub(objects)) {
        (0, 0) => String::new(),
        (more, 0) => format!("; {more} more than recorded: left by steps that were refused or interrupted, under keys that nobody kept"),
        (_, fewer) => format!("; {fewer} recorded ones are missing: opening each exhibit says which"),
    };
    let text = format!("{objects} stored objects for {rows} recorded ones, {strangers} foreign files{without}");
    Ok(line(objects >= rows && strangers == 0, text, "objects are missing or foreign files lie among them: restore the newest backup beside this home and compare"))
}

fn hash_lists(desk: &Desk) -> Result<Health, StoreError> {
    let (count, wrong) = (crate::known::count(desk)?, crate::known::unsound(desk)?);
    let text = match &wrong {
        None => format!("{count} known-hash lists are what their records say"),
        Some(wrong) => format!("a known-hash list cannot be read, so nothing can be admitted: {wrong}"),
    };
    Ok(line(wrong.is_none(), text, "remove the list (`lanternfish hashes remove`) and add it again"))
}

fn torn(desk: &Desk) -> Result<Health, StoreError> {
    let torn = desk.store.torn_objects()?;
    let named = torn.first().map_or(String::new(), |first| format!("; the first: {first}"));
    let what_to_do = "take these objects from the newest backup, byte for byte and under the same name; run `lanternfish doctor --items` in the session of a member of each case to learn which exhibit one belongs to";
    Ok(line(torn.is_empty(), format!("{} stored objects are too short to be whole{named}", torn.len()), what_to_do))
}

/// Where the objects lie, and whether anything there keeps them from being removed.
fn keeping(desk: &Desk) -> Result<Health, StoreError> {
    let Some(keeping) = desk.store.object_keeping()? else { return Ok(line(true, "the objects lie in the home itself", "")) };
    let said = line(keeping.kept, format!("the objects lie in {}; the bucket {}", keeping.place, keeping.text), "let who runs the object store set Object Lock with a default retention (docs/guide/fusion-centre.md)");
    // A training node may work so; a real one stores nothing there any more.
    Ok(Health { warning: !keeping.kept && desk.store.config().training, ..said })
}

fn unfinished(desk: &Desk) -> Result<Health, StoreError> {
    let old = SystemTime::now().checked_sub(UNFINISHED).unwrap_or(SystemTime::UNIX_EPOCH);
    let swept = desk.store.sweep_unfinished(old)?;
    Ok(line(true, format!("{swept} objects that an interrupted run left unfinished were removed"), ""))
}

/// What captures left behind whose desk died. The node cannot tell whose they are: they are sealed, their names too.
fn spools(desk: &Desk) -> Result<Health, StoreError> {
    let left = capture::left_spools(desk)?;
    let text = if left.is_empty() { "no capture was left behind in the spool".to_string() } else { format!("captures whose desk died were left behind in the spool: {}", left.join(", ")) };
    Ok(warning(left.is_empty(), text, "a member of each case that collects on this machine runs `lanternfish capture --recover --case CASE`: what was signed is sealed, the rest is removed"))
}

fn erasures(desk: &Desk) -> Result<Health, StoreError> {
    let open = desk.store.count_in("erasure", "purging")?;
    let what_to_do = "contents are destroyed, and the disk is not clean yet: a member of the case runs `lanternfish erase run` again";
    Ok(line(open == 0, format!("{open} erasures are not at their end"), what_to_do))
}

fn clock(desk: &Desk) -> Result<Health, StoreError> {
    let (ok, text) = match desk.clock() {
        ClockQuality::Synchronised { error_micros } => (true, format!("the clock is synchronised, estimated error {error_micros} microseconds")),
        ClockQuality::Unsynchronised => (false, "no time service keeps the clock".to_string()),
        ClockQuality::Unknown => (false, "the system does not say how good the clock is".to_string()),
        ClockQuality::Unreliable { reason } => (false, format!("the clock is unreliable: {reason}")),
    };
    let warning = matches!(desk.clock(), ClockQuality::Unsynchronised | ClockQuality::Unknown);
    let said = line(ok, text, "set the clock or start a time service such as chrony; work goes on, and papers say how good the time is");
    Ok(Health { warning, ..said })
}

/// Bytes that this account may still write on the disk of the home's objects.
pub(crate) fn free_bytes(desk: &Desk) -> Result<u64, StoreError> {
    let objects = desk.store.home().objects();
    let stat = rustix::fs::statvfs(&objects).map_err(|e| StoreError::environment("asking for free space", &e.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

fn space(desk: &Desk) -> Result<Health, StoreError> {
    let free = free_bytes(desk)?;
    Ok(line(free >= LOW_SPACE, format!("{} MiB free on the disk of the home", free >> 20), "free some space: admissions stop when the disk is full, and nothing is lost"))
}

fn backup(desk: &Desk) -> Result<Health, StoreError> {
    if let Some(trouble) = desk.store.backup_trouble()? {
        return Ok(line(false, format!("the planned backup of {} failed: {}", trouble.at, trouble.why), "do what the message says; it is tried again every ten minutes while the workspace is open, or now with `lanternfish backup run-due`"));
    }
    let what_to_do = "the administrator runs `lanternfish backup create FILE`, onto another disk, and keeps it in another place";
    Ok(match desk.store.last_backup()? {
        None => warning(false, "no backup of this home was made yet", what_to_do),
        Some(last) => {
            let (days, later) = (days_since(desk, last.at), desk.store.log_size()?.saturating_sub(last.events));
            warning(days <= BACKUP_DAYS || later == 0, format!("the last backup is {days} days old; {later} events came after it"), what_to_do)
        }
    })
}

fn keys(desk: &Desk) -> Result<Health, StoreError> {
    let open = desk.store.open_to_others()?;
    let names: Vec<String> = open.iter().map(|path| path.display().to_string()).collect();
    let text = if open.is_empty() { "keys and records can be opened by their owner alone".into() } else { format!("others may open: {}", names.join(", ")) };
    Ok(line(open.is_empty(), text, "make them yours alone (chmod 700 for a folder, chmod 600 for a file), and ask who else works on this machine"))
}

/// Whether the node's keys can be read and belong to their certificates.
fn key_pairs(desk: &Desk) -> Result<Health, StoreError> {
    let pairs: [(&str, Result<(), StoreError>); 5] = [
        ("log.key", desk.store.log_signer().map(|_| ())),
        ("ca.key and ca.pem", desk.certificate_authority().map(|_| ())),
        ("tsa.key and tsa.pem", desk.training_stamps().map(|_| ())),
        ("witness.key", witness::own_key_is_whole(desk)),
        ("link.key and link.pem", witness::own_link_is_whole(desk)),
    ];
    let broken: Vec<String> = pairs.into_iter().filter_map(|(name, read)| read.err().map(|error| format!("{name}: {error}"))).collect();
    let text = if broken.is_empty() { "the node's keys can be read and fit their certificates".into() } else { format!("keys of the node are damaged: {}", broken.join("; ")) };
    Ok(line(broken.is_empty(), text, "take these files of the folder `node` from the newest backup; until then nothing is sealed here"))
}

fn certificates(desk: &Desk) -> Result<Health, StoreError> {
    let mut ends: Vec<(String, Moment)> = desk.own_certificates()?;
    for user in desk.store.users()?.into_iter().filter(|user| user.state == "active") {
        if let Some(der) = user.record.certificate.as_ref().and_then(|text| STANDARD.decode(text).ok()) {
            ends.push((user.record.name, Certificate::from_der(&der).map_err(input)?.not_after()));
        }
    }
    let left = |until: &Moment| (until.seconds() - desk.now().seconds()) / DAY_SECONDS;
    let mut near: Vec<(i64, String)> = ends.iter().map(|(name, until)| (left(until), name.clone())).filter(|(days, _)| *days < CERTIFICATE_DAYS).collect();
    near.sort();
    let words: Vec<String> = near.iter().map(|(days, name)| if *days < 0 { format!("{name} has ended") } else { format!("{name} ends in {days} days") }).collect();
    let text = if near.is_empty() { format!("{} certificates hold for {CERTIFICATE_DAYS} days or longer", ends.len()) } else { format!("certificates near their end: {}", words.join(", ")) };
    let what_to_do = "for an officer: the administrator resets his enrolment (`lanternfish user reset`), and he logs in anew; for the node's own: ask your certificate authority or set up a new node before it ends. What was sealed before stays valid; packages are renewed with `lanternfish package renew`";
    Ok(warning(near.is_empty(), text, what_to_do))
}

fn witnesses(desk: &Desk) -> Result<Health, StoreError> {
    let seen = witness::seen_outside(desk)?;
    if seen.split {
        return Ok(line(false, "two histories of this log are known", "stop sealing, and send the proof (`lanternfish log witness splits`) to the supervisor and to the other agency"));
    }
    let days = days_since(desk, seen.since);
    let what_to_do = if seen.named == 0 {
        "name a witness or print a paper register (docs/guide/witnesses.md): a log that nobody outside has seen can be written anew by whoever has this machine"
    } else {
        "run `lanternfish log witness cosign`, or carry the files; ask the other agency why it does not answer"
    };
    let text = match seen.named {
        0 => format!("no outside witness is named; nobody outside has seen the log grow for {days} days"),
        named => format!("{named} witnesses are named; nobody outside has seen the log grow for {days} days"),
    };
    Ok(warning(seen.named > 0 && days <= WITNESS_DAYS || seen.all, text, what_to_do))
}

/// Starts the `parse` child on nothing, to see which cage this machine gives it.
fn cage(desk: &Desk) -> Result<Health, StoreError> {
    let task = Task::Unpack { name: String::new() };
    let outcome = parse::run(desk.exe(), &task, &Budget::default(), &mut Vec::new(), &mut Nothing, &|| false)
        .map_err(|e| StoreError::Environment { attempt: "starting the parse child".into(), cause: e.to_string() })?;
    let name = outcome.cage.cage.name();
    let advice = "use a kernel with Landlock and seccomp (Linux 5.13 or later); until then each record says how its bytes were read";
    Ok(line(name == "landlock+seccomp", format!("strangers' bytes are read in the cage: {name}"), advice))
}

/// Whether text in pictures can be read here, and in which languages.
fn text_in_pictures(_: &Desk) -> Result<Health, StoreError> {
    let what_to_do = format!("to read text in pictures (examine --ocr): apt-get install {}", parse::OCR_PACKAGES);
    Ok(match parse::find_ocr() {
        None => warning(false, "text in pictures cannot be read: tesseract is not installed; QR codes are read all the same", &what_to_do),
        Some(found) => {
            let whole = found.languages.len() == parse::LANGUAGES.len();
            warning(whole, format!("text in pictures can be read in: {}", found.languages.join(", ")), &what_to_do)
        }
    })
}

struct Nothing;

impl Sink for Nothing {
    fn begin(&mut self, _head: &MemberHead) -> Result<(), SinkError> {
        Ok(())
    }

    fn data(&mut self, _id: u32, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }

    fn end(&mut self, _tail: &MemberTail) -> Result<(), SinkError> {
        Ok(())
    }

    fn abandon(&mut self, _id: u32, _reason: &str) {}

    fn finding(&mut self, _finding: &Finding) {}

    fn selectors(&mut self, _values: Vec<Value>) -> Result<(), SinkError> {
        Ok(())
    }
}

// ---- every item, in a member's session

/// Which bytes of the items are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// That each is there with the length of its record.
    Lengths,
    /// Every byte.
    Bytes,
}

/// Looks at every stored item of each case of which the person holds a key. An exhibit that does not match
/// is locked, as at any reading (law 5). Objects that no record names are counted where all cases were seen.
///
/// # Errors
/// When the database refuses; what does not match is a line.
pub fn items(desk: &Desk, session: &Session, depth: Depth) -> Result<Vec<Health>, StoreError> {
    let (mut lines, mut named, mut rows) = (Vec::new(), BTreeSet::new(), 0);
    for case in desk.store.cases_of(session.actor())? {
        let scope = desk.store.enter(session, &case)?;
        let looked = of_case(desk, &scope, depth)?;
        named.extend(looked.objects);
        rows += looked.items;
        let text = match looked.wrong.first() {
            None => format!("{case}: {} items are {}", looked.items, if depth == Depth::Bytes { "byte for byte what was stored" } else { "there with their lengths" }),
            Some(first) => format!("{case}: {} of {} items do not match their records; the first: {first}", looked.wrong.len(), looked.items),
        };
        lines.push(line(looked.wrong.is_empty(), text, "exhibits among them are locked now. Take the objects from the newest backup; then a supervisor looks with `lanternfish exhibit release`"));
    }
    lines.push(orphans(desk, &named, rows)?);
    Ok(lines)
}

struct Looked {
    items: usize,
    objects: Vec<String>,
    wrong: Vec<String>,
}

fn of_case(desk: &Desk, scope: &Scope, depth: Depth) -> Result<Looked, StoreError> {
    // To see that bytes are whole is the duty of whoever keeps them; none is shown to anybody.
    let permit = desk.store.permit(scope, Intent::to(Action::Transfer))?;
    let event = NewEvent::new(EventType::ExhibitViewed, None, json!({"what": "doctor", "depth": format!("{depth:?}").to_lowercase(), "shown": false}));
    desk.store.commit(scope, &permit, event, vec![])?;
    let rows = desk.store.list(scope, "blob")?;
    let mut looked = Looked { items: rows.len(), objects: vec![], wrong: vec![] };
    let mut bad = BTreeSet::new();
    for row in &rows {
        looked.objects.push(row.content::<BlobContent>()?.object);
        let blob: BlobId = row.id.parse().map_err(|_| StoreError::damaged("the id of a blob"))?;
        let seen = match depth {
            Depth::Lengths => desk.store.measure_blob(scope, &permit, &blob),
            Depth::Bytes => desk.store.check_blob(scope, &permit, &blob),
        };
        if let Err(error) = seen {
            looked.wrong.push(format!("{}: {error}", row.id));
            bad.insert(row.id.clone());
        }
    }
    if bad.is_empty() {
        return Ok(looked);
    }
    for row in desk.store.list(scope, "exhibit")? {
        let content: admit::ExhibitContent = row.content()?;
        if row.state != "locked" && content.blob.as_ref().is_some_and(|blob| bad.contains(blob.as_str())) {
            // Locked by the very check that found it; its answer is the refusal.
            let _refused = admit::rehash(desk, scope, &permit, &row);
        }
    }
    Ok(looked)
}

/// Objects that no record names, as far as this person can know.
fn orphans(desk: &Desk, named: &BTreeSet<String>, seen: usize) -> Result<Health, StoreError> {
    let lists = crate::known::objects(desk)?;
    let unnamed = desk.store.object_names()?.into_iter().filter(|name| !named.contains(name) && !lists.contains(name)).count();
    let rows = usize::try_from(desk.store.count("blob")?).unwrap_or(usize::MAX);
    Ok(match (unnamed, rows.saturating_sub(seen)) {
        (0, _) => line(true, "every stored object belongs to one of these cases", ""),
        (more, 0) => line(true, format!("{more} stored objects belong to no record: left by steps that were refused or interrupted, under keys that nobody kept"), ""),
        (more, others) => line(true, format!("{more} stored objects belong to {others} items of cases or tips whose keys you do not hold, or to no record"), ""),
    })
}
