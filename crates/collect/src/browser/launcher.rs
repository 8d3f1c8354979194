//! The launcher: a process between the collector and the browser. It raises the browser's walls around itself, tries
//! every way out of them, starts the browser as process 1 of its own world, watches its memory, and ends it when the
//! collector is gone, has closed the pipe, or the browser takes too much. When process 1 ends, the kernel ends all of it.
//!
//! It reads no page: the pipe goes from the collector to the browser without it. It speaks three times: before the
//! browser is there, when it was looked at for the first time and has not been told a word, and after it is gone.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use model::capture::{Canaries, Probe};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit};
use rustix::thread::UnshareFlags;
use serde::{Deserialize, Serialize};

use super::looks::{self, Mounts, OWN_MOUNTS};
use super::walls::{self, PROGRAM, ROOT};
use super::{filter, marked};
use crate::{battery, cage};

/// What is seen of the browser while it runs.
pub(super) const AFTER: [&str; 5] = ["no-capabilities", "system-calls-filtered", "own-processes", "nothing-listens", OWN_MOUNTS];
/// Memory of its own that all of the browser may have, in KiB.
const MEMORY_KIB: u64 = 3 << 20;
/// Data of one process, in bytes: V8 reserves far more than it uses, so the address space cannot be bounded.
const DATA: u64 = 4 << 30;
const LOOK_EVERY: Duration = Duration::from_millis(100);
const MOST_ASKED: u64 = 64 << 10;

/// What the collector tells the launcher.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) canaries: Canaries,
    pub(super) user_agent: String,
    /// What the launcher's last words bear: the browser speaks on the same pipe, and knows it not.
    pub(super) token: String,
}

/// What the launcher says: of the walls, of the browser before it hears a word, of the end.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Launched {
    /// The walls stand; the browser comes next.
    Walled(Vec<Probe>),
    /// The browser is there, and was looked at.
    Begun { token: String, seen: Vec<Probe> },
    /// There is no browser.
    Trouble(String),
    /// The browser is gone.
    Over {
        token: String,
        peak_memory_kib: u64,
        seen: Vec<Probe>,
    },
}

/// What a test leaves open in the walls, to see that it is found. The product leaves nothing: [`browser_main`].
#[derive(Clone, Copy)]
pub struct Fault {
    /// Namespaces that are not left.
    pub namespaces: UnshareFlags,
    /// The host's root stays.
    pub host_root: bool,
    /// The machine's name stays.
    pub host_name: bool,
    /// Opens a door behind the walls, before they are tried.
    pub door: fn(&Canaries),
    /// The same after they were tried, before the browser is there.
    pub late: fn(),
    /// The browser keeps the capabilities of the new user namespace.
    pub capable: bool,
    /// No filter of system calls.
    pub unfiltered: bool,
}

impl Fault {
    /// Whole walls.
    pub const NONE: Fault =
        Fault { namespaces: UnshareFlags::empty(), host_root: false, host_name: false, door: |_| {}, late: || {}, capable: false, unfiltered: false };
}

/// Whether this machine has the browser.
pub fn is_installed() -> bool {
    Path::new(PROGRAM).is_file()
}

/// Starts the launcher; its pipe is then descriptors 0 and 1 of this process, which must have nothing more to read or
/// say there.
///
/// # Errors
/// Of the system.
#[expect(unsafe_code, reason = "no safe form puts a pipe in place of the standard descriptors")]
pub(super) fn launch() -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let (from, theirs_to) = io::pipe()?;
    let (theirs_from, to) = io::pipe()?;
    Command::new(std::env::current_exe()?)
        .arg("__browser")
        .env_clear()
        .stdin(theirs_from)
        .stdout(theirs_to)
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    for (ours, place) in [(from.as_raw_fd(), 0), (to.as_raw_fd(), 1)] {
        // SAFETY: both are open descriptors; what stood in the place is closed and nobody uses it any more.
        if unsafe { libc::dup2(ours, place) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Runs the launcher on this process's standard input and output and gives back its exit code. Call it before any
/// thread is started.
pub fn browser_main() -> i32 {
    browser_main_with(&Fault::NONE)
}

/// The same with a fault in the walls. For the tests of the battery, which must see what a missing wall does.
pub fn browser_main_with(fault: &Fault) -> i32 {
    cage::strip_process();
    match watch_over_a_browser(fault) {
        Ok(()) => 0,
        Err(why) => {
            say(&Launched::Trouble(why));
            3
        }
    }
}

fn watch_over_a_browser(fault: &Fault) -> Result<(), String> {
    let asked: Asked = serde_json::from_slice(&heard().map_err(|e| e.to_string())?).map_err(|_| "this program is started by the collector, not by hand".to_string())?;
    if !is_installed() {
        return Err(format!("{PROGRAM} is not there: install Debian's package chromium"));
    }
    let programs = filter::programs().ok_or("this processor has no filter of system calls here")?;
    walls::raise(fault).map_err(|(doing, error)| format!("this machine cannot wall a browser off ({doing}: {error})"))?;
    die_with_the_collector()?;
    (fault.door)(&asked.canaries);
    let mut proof = battery::walled(&asked.canaries, &ROOT);
    proof.extend(looks::before());
    say(&Launched::Walled(marked(proof)));
    (fault.late)();
    let mut mounts = Mounts::open().map_err(|error| format!("the mounts cannot be listed: {error}"))?;
    let mut browser = start(&asked, programs, fault).map_err(|e| format!("starting {PROGRAM} failed: {e}"))?;
    crate::walls::disarm().map_err(|(doing, error)| format!("{doing}: {error}"))?;
    let first = first_look(&mut browser, &mut mounts)?;
    say(&Launched::Begun { token: asked.token.clone(), seen: marked(first.clone()) });
    let (peak_memory_kib, seen) = watch(browser, &mut mounts, first);
    say(&Launched::Over { token: asked.token, peak_memory_kib, seen: marked(seen) });
    Ok(())
}

/// One message, byte by byte: what follows it is for the browser.
fn heard() -> io::Result<Vec<u8>> {
    let (mut stdin, mut message, mut byte) = (raw_input(), Vec::new(), [0]);
    while (message.len() as u64) < MOST_ASKED {
        match stdin.read(&mut byte)? {
            0 => break,
            _ if byte[0] == 0 => return Ok(message),
            _ => message.push(byte[0]),
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// Standard input without a buffer.
fn raw_input() -> impl Read {
    struct Raw;
    impl Read for Raw {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            Ok(rustix::io::read(io::stdin(), out)?)
        }
    }
    Raw
}

fn say(words: &Launched) {
    // The browser may have ended in the middle of a word.
    let mut bytes = vec![0];
    bytes.extend(serde_json::to_vec(words).unwrap_or_default());
    bytes.push(0);
    // The collector may be gone; then nobody waits for it.
    let mut out = io::stdout().lock();
    let _ = out.write_all(&bytes).and_then(|()| out.flush());
}

/// A collector that was killed takes launcher and browser with it. Set after the namespaces, which would undo it.
fn die_with_the_collector() -> Result<(), String> {
    let parent = getppid();
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| e.to_string())?;
    if getppid() == parent { Ok(()) } else { Err("the collector is gone".into()) }
}

/// Starts the browser on descriptors 3 (what it is told) and 4 (what it says).
#[expect(unsafe_code, reason = "what happens between fork and exec has no safe form")]
fn start(asked: &Asked, programs: [seccompiler::BpfProgram; 3], fault: &Fault) -> io::Result<Child> {
    for (ours, place) in [(0, 3), (1, 4)] {
        // SAFETY: nothing above 2 is open in this process.
        if unsafe { libc::dup2(ours, place) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    let mut command = Command::new(PROGRAM);
    command.args(FLAGS).arg(format!("--user-agent={}", asked.user_agent)).arg("about:blank").env_clear().envs(VARIABLES);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).current_dir("/tmp");
    let fault = *fault;
    let inside = move || {
        walls::own_processes()?;
        bounds()?;
        if !fault.capable {
            without_capabilities()?;
            crate::walls::disarm().map_err(|(_, error)| error)?;
        }
        set_parent_process_death_signal(Some(Signal::KILL))?;
        programs.iter().filter(|_| !fault.unfiltered).try_for_each(|program| seccompiler::apply_filter(program).map_err(io::Error::other))
    };
    // SAFETY: the process has one thread, so what runs after fork finds no lock held.
    let browser = unsafe { command.pre_exec(inside) }.spawn()?;
    walls::let_processes_go()?;
    for place in [3, 4] {
        // SAFETY: these descriptors are ours alone; the browser has its own.
        unsafe { libc::close(place) };
    }
    Ok(browser)
}

fn bounds() -> io::Result<()> {
    for (resource, most) in [(Resource::Data, DATA), (Resource::Core, 0), (Resource::Fsize, 256 << 20), (Resource::Nofile, 4096)] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// Takes every capability out of what a program can ever get here: user 0 would get all of them back by exec.
#[expect(unsafe_code, reason = "the call has no safe form")]
fn without_capabilities() -> io::Result<()> {
    for capability in 0..64 {
        // SAFETY: two numbers go in.
        let done = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        let error = io::Error::last_os_error();
        if done < 0 && error.raw_os_error() != Some(libc::EINVAL) {
            return Err(error);
        }
    }
    Ok(())
}

/// Waits until process 1 is the browser, and looks at it. Nobody has told it anything yet.
fn first_look(browser: &mut Child, mounts: &mut Mounts) -> Result<Vec<Probe>, String> {
    while !matches!(browser.try_wait(), Ok(Some(_)) | Err(_)) {
        if let Some(seen) = has_begun().then(|| looked_at(mounts)).flatten() {
            return Ok(seen);
        }
        if nobody_listens() {
            let _ = browser.kill();
        }
    }
    Err("the browser ended before it was looked at".into())
}

/// Looks at the browser until it ends or has to; gives the most memory that it had, and what was seen of it.
fn watch(mut browser: Child, mounts: &mut Mounts, first: Vec<Probe>) -> (u64, Vec<Probe>) {
    let (mut peak, mut seen): (u64, Vec<Probe>) = (0, first);
    while !matches!(browser.try_wait(), Ok(Some(_)) | Err(_)) {
        let memory = memory_kib();
        peak = peak.max(memory);
        // A process can change its name: it has begun, and is looked at whatever it calls itself.
        if let Some(now) = looked_at(mounts) {
            seen = worst(seen, now);
        }
        if memory > MEMORY_KIB || nobody_listens() {
            let _ = browser.kill();
        }
    }
    (peak, seen)
}

/// Of two looks, for each probe the one that did not hold, else the later one.
fn worst(before: Vec<Probe>, now: Vec<Probe>) -> Vec<Probe> {
    before.into_iter().zip(now).map(|(before, now)| if before.held { now } else { before }).collect()
}

/// Waits a moment. Whether the collector has closed an end.
fn nobody_listens() -> bool {
    let (told, said) = (io::stdin(), io::stdout());
    let mut ends = [PollFd::new(&told, PollFlags::empty()), PollFd::new(&said, PollFlags::empty())];
    let moment = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK_EVERY.subsec_nanos()) };
    let _ = poll(&mut ends, Some(&moment));
    ends.iter().any(|end| end.revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL))
}

/// The numbered folders of `/proc`, which are the browser's processes and no others.
fn processes() -> impl Iterator<Item = String> {
    let numbered = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(numbered)
}

fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_start_matches(':').trim().to_string())
}

/// KiB of one kind in a process's status.
fn pages(status: &str, kind: &str) -> Option<u64> {
    field(status, kind)?.trim_end_matches(" kB").parse().ok()
}

/// What all of them hold: their own pages, and shared ones that no file backs (counted in each that has them).
fn memory_kib() -> u64 {
    let own = |id: String| fs::read_to_string(format!("/proc/{id}/status")).ok().and_then(|text| Some(pages(&text, "RssAnon")? + pages(&text, "RssShmem")?));
    processes().filter_map(own).sum()
}

/// Whether process 1 is the browser already, and no more the launcher's copy.
fn has_begun() -> bool {
    fs::read_to_string("/proc/1/status").is_ok_and(|text| field(&text, "Name").as_deref() == Some("chromium"))
}

/// What can be seen of the browser from beside it, now: the rights and the filter of each of its processes, whose
/// processes these are, its sockets, its mounts. None when it has no process any more.
fn looked_at(mounts: &mut Mounts) -> Option<Vec<Probe>> {
    // One that ends meanwhile is gone with all its rights.
    let statuses: Vec<String> = processes().filter_map(|id| fs::read_to_string(format!("/proc/{id}/status")).ok()).collect();
    if statuses.is_empty() {
        return None;
    }
    let said = |status: &String, name: &str| field(status, name).unwrap_or_default();
    let rights = |status: &String| ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(|set| said(status, set));
    let harmless = |status: &String| rights(status).iter().all(|set| !set.is_empty() && set.bytes().all(|digit| digit == b'0'));
    let filtered = |status: &String| said(status, "NoNewPrivs") == "1" && said(status, "Seccomp") == "2";
    let count = |holds: &dyn Fn(&String) -> bool| statuses.iter().filter(|status| holds(status)).count();
    let (all, harmless, filtered) = (statuses.len(), count(&harmless), count(&filtered));
    // This process is outside: in the browser's own list of processes it cannot find itself, and nothing of the machine.
    let outside = fs::read_link("/proc/self").is_err() && !Path::new("/proc/sys").exists();
    let sockets: Option<usize> = ["tcp", "tcp6", "udp", "udp6", "raw", "raw6", "icmp", "icmp6", "packet"].iter().map(|kind| lines_of(&format!("/proc/1/net/{kind}"))).sum();
    let routes = lines_of("/proc/1/net/route");
    let told = |count: Option<usize>| count.map_or("an unreadable list of".to_string(), |count| count.to_string());
    let answers = [
        (harmless == all, format!("{harmless} of {all} processes")),
        (filtered == all, format!("{filtered} of {all} processes")),
        (outside, format!("{all} processes, this one {}", if outside { "is none of them" } else { "among them" })),
        (sockets == Some(0) && routes == Some(0), format!("{} sockets, {} routes", told(sockets), told(routes))),
    ];
    let seen = AFTER.iter().zip(answers).map(|(name, (held, answer))| Probe { probe: name.to_string(), held, answer });
    Some(seen.chain([mounts.own()]).collect())
}

/// Entries of one of the kernel's lists, without its head. A kernel without such sockets has no such list; one that
/// cannot be read tells nothing.
fn lines_of(path: &str) -> Option<usize> {
    match fs::read_to_string(path) {
        Ok(text) => Some(text.lines().skip(1).count()),
        Err(error) => (error.kind() == io::ErrorKind::NotFound).then_some(0),
    }
}

const VARIABLES: [(&str, &str); 6] = [("HOME", "/tmp"), ("TMPDIR", "/tmp"), ("XDG_CONFIG_HOME", "/tmp"), ("XDG_CACHE_HOME", "/tmp"), ("TZ", "UTC"), ("LANG", "C")];

/// `--no-sandbox`: the walls are the sandbox; a browser's own one needs rights that are taken from it here.
/// `--jitless`: scripts are read, not compiled, which closes the largest class of faults in browsers.
const FLAGS: [&str; 45] = [
    "--headless", "--no-sandbox", "--no-zygote", "--remote-debugging-pipe", "--user-data-dir=/tmp/profile", "--incognito",
    "--disable-gpu", "--disable-software-rasterizer", "--disable-dev-shm-usage", "--js-flags=--jitless", "--no-first-run", "--no-default-browser-check",
    "--disable-background-networking", "--disable-component-update", "--disable-component-extensions-with-background-pages", "--disable-domain-reliability", "--disable-sync",
    "--disable-breakpad", "--disable-crash-reporter", "--disable-extensions", "--disable-default-apps", "--disable-client-side-phishing-detection",
    "--disable-quic", "--dns-prefetch-disable", "--no-pings", "--host-resolver-rules=MAP * ~NOTFOUND", "--no-proxy-server",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp", "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-site-isolation-trials", "--block-new-web-contents", "--disable-print-preview", "--disable-notifications", "--disable-speech-api",
    "--deny-permission-prompts", "--mute-audio", "--disable-file-system", "--disable-3d-apis", "--hide-scrollbars", "--window-size=1280,1024", "--lang=en-US", "--accept-lang=en-US,en",
    "--password-store=basic", "--disable-shared-workers",
    "--disable-features=IsolateOrigins,site-per-process,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,HttpsFirstModeV2,NetworkPrediction,OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,InterestFeedContentSuggestions,DialMediaRouteProvider,WebRtcHideLocalIpsWithMdns,PaintHolding",
];
