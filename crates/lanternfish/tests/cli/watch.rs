//! A drill in a network of its own, watched from outside: `tcpdump` writes down every packet of every interface, `strace`
//! every system call of desk, collector and browser.
//!
//! The drill runs itself again inside namespaces that it makes (`unshare`), so that a leak would have a way to go: an
//! interface with addresses and default routes for IPv4 and IPv6, on which nobody answers.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read},
    net::{TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{
    office::{NOY, Office, outcome, skipped, text, there},
    onion::{Network, missing},
    revocation::Server,
};

const INSIDE: &str = "LANTERNFISH_WATCHED";

/// An interface that leads out, with everything on it that a leak could want; nobody answers on it.
const WORLD: &str = "ip link add out0 type veth peer name out1
ip link set lo up
ip link set out1 addrgenmode none multicast off up
ip link set out0 addrgenmode none multicast off up
ip addr add 192.0.2.77/24 dev out0
ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev out0
ip route add default via 192.0.2.1
ip -6 addr add 2001:db8::77/64 dev out0 nodad
ip -6 neigh add 2001:db8::1 lladdr 02:00:00:00:00:01 dev out0
ip -6 route add default via 2001:db8::1 dev out0";

/// Begins the drill of this name again in a network of its own, or says that it is there already.
pub fn is_inside(name: &str, longest: Duration) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let tools = ["tcpdump", "strace", "unshare", "ip"].into_iter().find(|tool| !there(tool));
    if let Some(what) = missing().or(tools) {
        skipped(name, &format!("needs tor, user namespaces, tcpdump, strace, unshare and ip: {what}"));
        return false;
    }
    let mut own = Command::new("unshare");
    own.args(["-Unm", "--map-user=1000", "--map-group=1000", "--keep-caps", "--"]);
    let here = own.arg(std::env::current_exe().unwrap()).args([name, "--exact", "--include-ignored", "--nocapture"]);
    let done = here.env(INSIDE, "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said = outcome(done, longest);
    assert!(said.code == 0, "{}{}", said.out, said.err);
    for line in said.err.lines().filter(|line| line.starts_with("SKIPPED") || line.starts_with("seen: ")) {
        eprintln!("{line}");
    }
    false
}

/// Both interfaces of this network, watched, and the calls of what is traced in it.
pub struct World {
    watch: [Watch; 2],
    calls: PathBuf,
}

impl World {
    /// None, with the reason told, where this machine gives no such network.
    pub fn begin(name: &str, office: &Office) -> Option<World> {
        let made = Command::new("sh").args(["-e", "-c", WORLD]).output().unwrap();
        if !made.status.success() {
            skipped(name, &format!("no network of its own here: {}", String::from_utf8_lossy(&made.stderr).trim()));
            return None;
        }
        let watch = ["out0", "lo"].map(|interface| Watch::on(interface, &office.place(&format!("{interface}.pcap"))));
        let calls = office.place("calls");
        fs::create_dir(&calls).unwrap();
        Some(World { watch, calls })
    }

    /// A capture, with every system call of desk, collector and browser written into a file of its own: no try
    /// overwrites another.
    pub fn traced(&self, office: &Office, words: &[String]) -> Child {
        let plain = office.command(NOY, &words.iter().map(String::as_str).collect::<Vec<_>>());
        let mut traced = Command::new("strace");
        let file = self.calls.join(fs::read_dir(&self.calls).unwrap().count().to_string());
        // By a filter in the kernel only these calls are stopped at; a browser that is stopped at every call takes minutes.
        traced.args(["-f", "--seccomp-bpf", "-yy", "-s", "4096", "-e", "trace=%network,%process,write,writev", "-o"]).arg(file).arg("--");
        traced.arg(plain.get_program()).args(plain.get_args());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => traced.env(name, value),
                None => traced.env_remove(name),
            };
        }
        traced.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Ends the watch, once what it watched is gone. Nothing left by the way out, and on loopback only these ports, those of
    /// the network's own parts, and the web server spoke. A name was told to Tor's socket and to nobody else: it is in no
    /// packet but the web server's. Gives how often it was told to that socket.
    pub fn end(self, relays: &BTreeSet<u16>, web: u16, name: Option<&str>, office: &Office) -> usize {
        // Would it have been seen? One datagram each way out, now that all is over.
        for (from, to) in [("0.0.0.0:0", "198.51.100.9:53"), ("[::]:0", "[2001:db8:2::9]:53")] {
            UdpSocket::bind(from).unwrap().send_to(b"a leak on purpose", to).unwrap();
        }
        let _ = TcpStream::connect_timeout(&"127.0.0.1:1".parse().unwrap(), Duration::from_millis(200));
        std::thread::sleep(Duration::from_secs(1));
        let [mut out, lo] = self.watch.map(Watch::end);
        out.retain(|packet| !packet.is_kernels_own());
        assert_eq!(out.iter().filter(|packet| packet.has(b"a leak on purpose")).count(), 2, "the watch sees what goes out");
        assert_eq!(out.len(), 2, "nothing else went out: {out:?}");

        let of_tor = |packet: &&Packet| packet.ports.is_some_and(|(a, b)| relays.contains(&a) || relays.contains(&b));
        let of_web = |packet: &&Packet| packet.ports.is_some_and(|(a, b)| a == web || b == web);
        let rest: Vec<&Packet> = lo.iter().filter(|packet| !of_tor(packet) && !of_web(packet)).collect();
        let (tor, served) = (lo.iter().filter(of_tor).count(), lo.iter().filter(of_web).count());
        assert!(tor > 20 && served > 0, "the watch sees the network work: {tor}, {served}");
        assert!(rest.iter().all(|packet| packet.ports.is_some_and(|(a, b)| a == 1 || b == 1)), "on loopback only the network and its web server speak: {rest:?}");
        eprintln!("seen: {tor} packets of the network, {served} of its web server, none else but those sent on purpose");
        let Some(name) = name else { return 0 };
        assert!(lo.iter().filter(|packet| !of_web(packet)).all(|packet| !packet.has(name.as_bytes())), "no name in the clear");
        let calls: Vec<String> = fs::read_dir(&self.calls).unwrap().flatten().map(|one| String::from_utf8_lossy(&fs::read(one.path()).unwrap()).into_owned()).collect();
        let told = calls.iter().map(|calls| told_to_tor_alone(calls, name, &office.home)).sum();
        let lines: usize = calls.iter().map(|calls| calls.lines().count()).sum();
        eprintln!("seen: {lines} lines of system calls of {} captures", calls.len());
        told
    }
}

/// The port of a server.
pub fn port_of(server: &Server) -> u16 {
    server.url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap()
}

/// Where Tor's relays and authorities listen, and the resolver of an exit.
pub fn ports(network: &Network) -> BTreeSet<u16> {
    let layout: Value = serde_json::from_slice(&fs::read(network.folder.join("network.json")).unwrap()).unwrap();
    let ports = layout["nodes"].as_array().unwrap().iter().flat_map(|node| [&node["or_port"], &node["dir_port"]]);
    ports.chain(layout.get("names")).map(|port| u16::try_from(port.as_u64().unwrap()).unwrap()).filter(|port| *port != 0).collect()
}

/// `tcpdump` on one interface.
struct Watch {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
    file: PathBuf,
}

/// A drill that fails leaves nobody who watches.
impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Watch {
    fn on(interface: &str, file: &Path) -> Watch {
        let mut child = Command::new("tcpdump").args(["-U", "-n", "-s", "0", "-B", "65536", "-i", interface, "-w"]).arg(file).stderr(Stdio::piped()).spawn().unwrap();
        let (mut said, mut line) = (BufReader::new(child.stderr.take().unwrap()), String::new());
        said.read_line(&mut line).unwrap();
        assert!(line.contains("listening on"), "{line}");
        Watch { child, said, file: file.into() }
    }

    fn end(mut self) -> Vec<Packet> {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let mut last = String::new();
        self.said.read_to_string(&mut last).unwrap();
        let _ = self.child.wait();
        assert!(last.lines().any(|line| line == "0 packets dropped by kernel"), "the watch missed something: {last}");
        packets(&fs::read(&self.file).unwrap())
    }
}

/// One packet; `ports` where it is TCP or UDP, or tells of such a one that nobody took.
struct Packet {
    ports: Option<(u16, u16)>,
    bytes: Vec<u8>,
}

impl Packet {
    /// A report of multicast groups (MLDv2, RFC 3810 §5.2), which the kernel sends for the address of the interface: IPv6,
    /// hop-by-hop options, ICMPv6 of type 143. It goes to the interface's own link and holds nothing of any process.
    fn is_kernels_own(&self) -> bool {
        self.bytes.get(12..14) == Some(&[0x86, 0xdd]) && self.bytes.get(20) == Some(&0) && self.bytes.get(54) == Some(&58) && self.bytes.get(62) == Some(&143)
    }

    fn has(&self, words: &[u8]) -> bool {
        self.bytes.windows(words.len()).any(|window| window == words)
    }
}

impl std::fmt::Debug for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.ports, hex::encode(&self.bytes[..self.bytes.len().min(80)]))
    }
}

/// The classic capture file (little endian, Ethernet), as tcpdump writes it here.
fn packets(file: &[u8]) -> Vec<Packet> {
    assert_eq!((&file[..4], file[20]), (&[0xd4, 0xc3, 0xb2, 0xa1][..], 1), "a capture file of Ethernet frames");
    let mut rest = &file[24..];
    let mut found = Vec::new();
    while rest.len() >= 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let bytes = rest[16..16 + length].to_vec();
        rest = &rest[16 + length..];
        found.push(Packet { ports: ports_of(&bytes), bytes });
    }
    found
}

fn ports_of(frame: &[u8]) -> Option<(u16, u16)> {
    let word = |at: usize| Some(u16::from_be_bytes(frame.get(at..at + 2)?.try_into().unwrap()));
    let (protocol, at) = match word(12)? {
        0x0800 => match (*frame.get(23)?, 14 + usize::from(frame.get(14)? & 15) * 4) {
            // Nobody is there any more, says the system of the packet that it quotes (RFC 792).
            (1, at) if frame.get(at) == Some(&3) => (*frame.get(at + 17)?, at + 8 + usize::from(frame.get(at + 8)? & 15) * 4),
            other => other,
        },
        0x86dd => (*frame.get(20)?, 54),
        _ => return None,
    };
    matches!(protocol, 6 | 17).then(|| Some((word(at)?, word(at + 2)?)))?
}

/// Of all processes but Tor itself: every connection that was made leads to a socket of this home's Tor or of the
/// walls, and the name went over such a socket only.
///
/// How often the name was told to one.
fn told_to_tor_alone(calls: &str, name: &str, home: &Path) -> usize {
    let calls = &whole_lines(calls);
    let of_tor = processes_of_tor(calls);
    let mut told = 0;
    assert!(calls.contains("sun_path=\"/tor/socks\""), "the collector was traced too");
    for line in calls.lines() {
        let (pid, call) = line.split_once(' ').unwrap();
        if of_tor.contains(pid) {
            continue;
        }
        let call = call.trim_start();
        // By one of these errors nobody was reached; whatever is neither success nor one of them counts as made.
        const NOBODY: [&str; 6] = ["ENETUNREACH", "EPERM", "ENOENT", "ECONNREFUSED", "EADDRNOTAVAIL", "EAFNOSUPPORT"];
        let made = call.starts_with("connect(") && !NOBODY.iter().any(|error| call.contains(&format!("= -1 {error}")));
        if made {
            let ours = call.contains("sun_path=\"/tor/socks\"") || call.contains(&format!("sun_path=\"{}/tor/", text(&fs::canonicalize(home).unwrap())));
            assert!(call.contains("AF_UNIX") && ours, "{line}");
        }
        let sends = ["sendto(", "sendmsg(", "sendmmsg(", "write(", "writev("].iter().any(|name| call.starts_with(name));
        if sends && call.contains(name) {
            assert!(!["<TCP", "<UDP", "<NETLINK", "<RAW", "<UNIX-DGRAM", "<PACKET"].iter().any(|kind| call.contains(kind)), "{line}");
            told += usize::from(call.contains("<UNIX-STREAM"));
        }
    }
    told
}

/// Calls that were interrupted by others stand on two lines: they are put together again.
fn whole_lines(calls: &str) -> String {
    let mut begun: std::collections::BTreeMap<(&str, &str), &str> = Default::default();
    let mut whole = String::new();
    for line in calls.lines() {
        let (pid, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if let Some(start) = call.strip_suffix("<unfinished ...>") {
            begun.insert((pid, start.split('(').next().unwrap_or_default()), start);
        } else if let Some((name, rest)) = call.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            whole += &format!("{pid} {}{rest}\n", begun.remove(&(pid, name)).unwrap_or_default());
        } else {
            whole += &format!("{pid} {call}\n");
        }
    }
    // What never came back is judged as it was begun.
    begun.into_iter().for_each(|((pid, _), start)| whole += &format!("{pid} {start}\n"));
    whole
}

/// The processes that became `tor`, and what they began.
fn processes_of_tor(calls: &str) -> BTreeSet<String> {
    let mut of_tor = BTreeSet::new();
    for line in calls.lines() {
        let (pid, call) = line.split_once(' ').unwrap();
        if call.contains("execve(\"") && call.split('"').nth(1).is_some_and(|program| program.ends_with("/tor")) {
            of_tor.insert(pid.to_string());
        }
        let begun = ["clone", "clone3", "fork", "vfork"].iter().any(|name| call.contains(&format!("{name}(")) || call.contains(&format!("{name} resumed")));
        if begun && of_tor.contains(pid) && let Some((_, child)) = call.rsplit_once("= ") {
            of_tor.insert(child.split_whitespace().next().unwrap_or_default().to_string());
        }
    }
    of_tor
}
