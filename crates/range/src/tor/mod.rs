//! A private Tor network: three authorities, some relays and one v3 onion service, all of them Debian's
//! `tor` on this machine's loopback, in one folder. Keys and addresses stay in the folder, so that the
//! onion address is the same the next time and a second start is quick.
//!
//! It refuses to touch a process that it did not start from this folder, and to listen anywhere but on
//! loopback. Options and order follow what `tor`(1) says of `TestingTorNetwork`.

mod keys;
mod layout;
pub mod names;
mod web;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

pub use layout::{Layout, Node, Role};
pub use web::Web;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;

/// The longest that a network may take until every node is ready.
const PATIENCE: Duration = Duration::from_secs(150);
/// The longest that a node may take to end.
const FAREWELL: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);
/// What a client of this network must know; written beside the nodes.
pub const CLIENT: &str = "client.torrc";

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
pub enum RangeError {
    /// A program of Debian's is missing.
    #[error("{0} is not installed: install the package `tor` (apt-get install tor)")]
    Missing(&'static str),
    /// The system refused.
    #[error("{doing} failed: {source}; check the folder and the disk")]
    System {
        /// What was attempted.
        doing: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program ended with a fault.
    #[error("{program} did not do its work: {said}")]
    Program {
        /// Which.
        program: &'static str,
        /// Its last words.
        said: String,
    },
    /// Nodes that never became ready.
    #[error("the private network was not ready after {seconds} s: {said}; run `lanternfish range tor down` and try again")]
    NotReady {
        /// How long it was waited for.
        seconds: u64,
        /// The node that was last heard of, and its last line.
        said: String,
    },
    /// The folder's path holds a sign that a configuration reads differently.
    #[error("the path {0:?} holds a quotation mark, a backslash, a number sign or a control character: choose another folder")]
    StrangePath(PathBuf),
    /// The folder holds no network, or a damaged one.
    #[error("there is no private network in {0}: make one with `lanternfish range tor up`")]
    NoNetwork(PathBuf),
}

pub(crate) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> RangeError {
    let doing = doing.into();
    move |source| match source.kind() {
        io::ErrorKind::NotFound if doing == "starting tor" => RangeError::Missing("tor"),
        io::ErrorKind::NotFound if doing == "starting tor-gencert" => RangeError::Missing("tor-gencert"),
        _ => RangeError::System { doing, source },
    }
}

/// One node as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct NodeState {
    /// `authority-0`, `relay-1`, `onion`.
    pub node: String,
    /// Whether its process lives.
    pub running: bool,
    /// How far it is, in percent.
    pub ready: u8,
}

/// The network as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Its folder.
    pub folder: PathBuf,
    /// `….onion`, once the service made its key.
    pub onion: Option<String>,
    /// What `capture --tor-network` is given.
    pub client: PathBuf,
    /// A page of its open net, where it has an exit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
    /// Every node.
    pub nodes: Vec<NodeState>,
}

/// What a network shall have.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Relays beside the authorities.
    pub relays: u8,
    /// What stands behind the onion service, and behind the exit.
    pub web: Web,
    /// For an exit: the program that answers for its names ([`names::serve`]); a loopback address is its last argument.
    pub names: Option<Vec<std::ffi::OsString>>,
}

impl Plan {
    /// A network without an exit.
    pub fn of(relays: u8, web: Web) -> Plan {
        Plan { relays, web, names: None }
    }
}

/// How long a network stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// Until [`down`].
    UntilDown,
    /// Until [`down`], and no longer than this process: its nodes look after it every few seconds.
    WithThisProcess,
}

/// Starts the network in `folder` and returns when every node is ready. The onion service hands its visitors
/// to the plan's `web`; `told` hears how many of the nodes are ready.
///
/// # Errors
/// [`RangeError`]; what had been started is ended again.
pub fn up(folder: &Path, plan: &Plan, stay: Stay, mut told: impl FnMut(usize, usize)) -> Result<Status, RangeError> {
    fs::create_dir_all(folder).map_err(system(format!("making {}", folder.display())))?;
    let folder = &fs::canonicalize(folder).map_err(system("finding the folder"))?;
    if folder.to_str().is_none_or(|path| path.chars().any(|c| c.is_control() || matches!(c, '"' | '\\' | '#'))) {
        return Err(RangeError::StrangePath(folder.clone()));
    }
    if layout::read(folder).is_ok() {
        down(folder)?;
    }
    match begin(folder, plan, stay, &mut told) {
        Ok(()) => status(folder),
        Err(error) => {
            web::end(folder);
            // The first trouble is the one to tell.
            let _ = down(folder);
            Err(error)
        }
    }
}

fn begin(folder: &Path, plan: &Plan, stay: Stay, told: &mut impl FnMut(usize, usize)) -> Result<(), RangeError> {
    let names = plan.names.as_ref().map(|words| web::resolver(words, folder)).transpose()?;
    let layout = layout::prepare(folder, plan.relays, plan.web.start(folder)?, names)?;
    layout.nodes.iter().try_for_each(|node| start(&node.folder(folder), stay))?;
    wait_ready(folder, &layout, told)
}

/// Debian's `tor` without anything of this process's surroundings but a place to look for its program and a home,
/// without which it reads no configuration.
pub(crate) fn tor(node: &Path) -> Command {
    let mut command = Command::new("tor");
    command.env_clear().env("HOME", node).stdin(Stdio::null()).arg("--defaults-torrc").arg("/dev/null");
    command
}

fn start(node: &Path, stay: Stay) -> Result<(), RangeError> {
    let log = node.join("notice.log");
    let _ = fs::remove_file(&log);
    let mut command = tor(node);
    command.arg("-f").arg(node.join("torrc"));
    if stay == Stay::WithThisProcess {
        command.args(["__OwningControllerProcess", &std::process::id().to_string()]);
    }
    let done = command.output().map_err(system("starting tor"))?;
    if done.status.success() {
        return Ok(());
    }
    let (log, shown) = (fs::read_to_string(&log).unwrap_or_default(), String::from_utf8_lossy(&done.stdout).into_owned());
    let warned = [&log, &shown].iter().filter_map(|text| text.lines().rev().find(|line| line.contains("[warn]"))).map(str::to_string).next();
    let said = warned.unwrap_or_else(|| last_line(&shown));
    Err(RangeError::Program { program: "tor", said })
}

fn last_line(text: &str) -> String {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().to_string()
}

fn wait_ready(folder: &Path, layout: &Layout, told: &mut impl FnMut(usize, usize)) -> Result<(), RangeError> {
    let begun = Instant::now();
    loop {
        let late: Vec<&Node> = layout.nodes.iter().filter(|node| percent(&node.folder(folder)) < enough(node.role)).collect();
        told(layout.nodes.len() - late.len(), layout.nodes.len());
        let Some(first) = late.first() else { return Ok(()) };
        let gone = begun.elapsed() > FAREWELL && pid(&first.folder(folder)).is_none();
        if begun.elapsed() > PATIENCE || gone {
            let said = last_line(&fs::read_to_string(first.folder(folder).join("notice.log")).unwrap_or_default());
            return Err(RangeError::NotReady { seconds: begun.elapsed().as_secs(), said: format!("{}: {said}", first.name) });
        }
        thread::sleep(POLL);
    }
}

/// From how many percent on a node does its work: authorities and relays once they know the network, also when no
/// circuit of their own stands yet; the onion service when it has circuits.
fn enough(role: Role) -> u8 {
    match role {
        Role::Authority | Role::Relay | Role::Exit => 75,
        Role::Onion => 100,
    }
}

/// How far a node says it is.
fn percent(node: &Path) -> u8 {
    let log = fs::read_to_string(node.join("notice.log")).unwrap_or_default();
    log.lines().rev().find_map(|line| line.split_once("Bootstrapped ")?.1.split_once('%')?.0.parse().ok()).unwrap_or(0)
}

/// The process that runs this node now: its pid file names it, and its command line names this folder.
fn pid(node: &Path) -> Option<Pid> {
    let number: i32 = fs::read_to_string(node.join("pid")).ok()?.trim().parse().ok()?;
    Pid::from_raw(number).filter(|pid| works_on(*pid, node))
}

/// Whether this process works on this node. A pid file goes before its process does.
fn works_on(pid: Pid, node: &Path) -> bool {
    let words = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
    let torrc = node.join("torrc");
    words.split(|byte| *byte == 0).any(|word| word == torrc.as_os_str().as_encoded_bytes())
}

/// Ends every node of the network in `folder`; keys and addresses stay.
///
/// # Errors
/// When there is no network, or a node does not end.
pub fn down(folder: &Path) -> Result<Status, RangeError> {
    let folder = &fs::canonicalize(folder).map_err(|_| RangeError::NoNetwork(folder.into()))?;
    let layout = layout::read(folder)?;
    web::end(folder);
    let running: Vec<(Pid, &Node)> = layout.nodes.iter().filter_map(|node| Some((pid(&node.folder(folder))?, node))).collect();
    for (pid, _) in &running {
        // Gone in between is what was wanted.
        let _ = kill_process(*pid, Signal::INT);
    }
    let begun = Instant::now();
    while let Some((pid, late)) = running.iter().find(|(pid, node)| works_on(*pid, &node.folder(folder))) {
        if begun.elapsed() > FAREWELL {
            let _ = kill_process(*pid, Signal::KILL);
        }
        if begun.elapsed() > FAREWELL * 2 {
            return Err(RangeError::Program { program: "tor", said: format!("{} does not end", late.name) });
        }
        thread::sleep(POLL);
    }
    status(folder)
}

/// How the network in `folder` stands.
///
/// # Errors
/// When there is none.
pub fn status(folder: &Path) -> Result<Status, RangeError> {
    let folder = &fs::canonicalize(folder).map_err(|_| RangeError::NoNetwork(folder.into()))?;
    let layout = layout::read(folder)?;
    let state = |node: &Node| {
        let place = node.folder(folder);
        let running = pid(&place).is_some();
        NodeState { node: node.name.clone(), running, ready: if running { percent(&place) } else { 0 } }
    };
    Ok(Status {
        folder: folder.clone(),
        onion: layout.onion(folder),
        client: folder.join(CLIENT),
        open: layout.has_exit().then(|| format!("http://{}:{}/", names::NAME, layout.web)),
        nodes: layout.nodes.iter().map(state).collect(),
    })
}
