//! A capture through Tor that is watched from outside: in a network of its own, every packet of every interface is
//! written down by `tcpdump`, and every system call of desk and collector by `strace`. What is claimed: no packet but
//! Tor's own to its relays, and no name of a target but to Tor's socket.
//!
//! The drill runs itself again inside namespaces that it makes (`unshare`), so that a leak would have a way to go: an
//! interface with addresses and default routes for IPv4 and IPv6.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{
    office::{NOY, Office, Said, kill, outcome, skipped, string, text, there},
    onion::{LONG, Network, missing, tor_of},
    revocation::Server,
};

const INSIDE: &str = "LANTERNFISH_WATCHED";
const NAME: &str = "watched::law_01_no_packet_and_no_name_leaves_but_through_tor";

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

/// A page that asks its reader to go everywhere.
const PAGE: &str = "<title>SYNTHETIC</title><meta http-equiv=refresh content='0;url=http://198.51.100.7/meta'>\
<link rel=stylesheet href=http://198.51.100.7/style.css><link rel=dns-prefetch href=//prefetch.example>\
<script src=https://tracker.example/x.js></script><img src=http://[2001:db8:1::7]/p.png><iframe src=//198.51.100.7/frame></iframe>\
<script>new RTCPeerConnection({iceServers:[{urls:'stun:198.51.100.7:3478'}]})</script><p>ຕະຫຼາດ ตลาด";

#[test]
#[ignore = "takes a minute or two: a Tor network of its own, watched packet by packet"]
fn law_01_no_packet_and_no_name_leaves_but_through_tor() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let tools = ["tcpdump", "strace", "unshare", "ip"].into_iter().find(|tool| !there(tool));
    if let Some(what) = missing().or(tools) {
        return skipped(NAME, &format!("needs tor, user namespaces, tcpdump, strace, unshare and ip: {what}"));
    }
    let mut own = Command::new("unshare");
    own.args(["-Unm", "--map-user=1000", "--map-group=1000", "--keep-caps", "--"]);
    let here = own.arg(std::env::current_exe().unwrap()).args([NAME, "--exact", "--include-ignored", "--nocapture"]);
    let done = here.env(INSIDE, "1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said = outcome(done, LONG * 3);
    assert!(said.code == 0, "{}{}", said.out, said.err);
    for line in said.err.lines().filter(|line| line.starts_with("SKIPPED")) {
        eprintln!("{line}");
    }
}

fn inside() {
    let made = Command::new("sh").args(["-e", "-c", WORLD]).output().unwrap();
    if !made.status.success() {
        return skipped(NAME, &format!("no network of its own here: {}", String::from_utf8_lossy(&made.stderr).trim()));
    }
    let office = Office::working();
    let watch = ["out0", "lo"].map(|interface| Watch::on(interface, &office.place(&format!("{interface}.pcap"))));

    let server = server();
    let web: u16 = server.url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let network = Network::in_folder("tor-network-watched", web);
    let calls = office.place("calls");
    fs::create_dir(&calls).unwrap();
    let view = first_page(&office, &network, &calls);
    let fetches = view["record"]["fetches"].as_array().unwrap();
    assert!(fetches[1..].iter().all(|fetch| fetch["status"] == 302 && fetch["redirect"].is_string()), "seen, and not followed: {fetches:?}");
    a_download_loses_its_tor(&server, &office, &network, &calls);
    let relays = ports(&network);
    drop(network);

    // Would it have been seen? One datagram each way out, now that all is over.
    for (from, to) in [("0.0.0.0:0", "198.51.100.9:53"), ("[::]:0", "[2001:db8:2::9]:53")] {
        UdpSocket::bind(from).unwrap().send_to(b"a leak on purpose", to).unwrap();
    }
    let _ = TcpStream::connect_timeout(&"127.0.0.1:1".parse().unwrap(), Duration::from_millis(200));
    std::thread::sleep(Duration::from_secs(1));
    let [mut out, lo] = watch.map(Watch::end);
    out.retain(|packet| !packet.is_kernels_own());
    assert_eq!(out.iter().filter(|packet| packet.has(b"a leak on purpose")).count(), 2, "the watch sees what goes out");
    assert_eq!(out.len(), 2, "nothing else went out: {out:?}");

    let of_tor = |packet: &&Packet| packet.ports.is_some_and(|(a, b)| relays.contains(&a) || relays.contains(&b));
    let of_web = |packet: &&Packet| packet.ports.is_some_and(|(a, b)| a == web || b == web);
    let rest: Vec<&Packet> = lo.iter().filter(|packet| !of_tor(packet) && !of_web(packet)).collect();
    assert!(lo.iter().filter(of_tor).count() > 100 && lo.iter().any(|packet| of_web(&packet)), "the watch sees Tor work");
    assert!(rest.iter().all(|packet| packet.ports.is_some_and(|(a, b)| a == 1 || b == 1)), "on loopback only Tor and its service speak: {rest:?}");
    let name = string(&view["record"]["fetches"][0]["url"]);
    let name = &name["http://".len()..][..56];
    assert!(lo.iter().filter(|packet| !of_web(packet)).all(|packet| !packet.has(name.as_bytes())), "no name in the clear");
    let told: usize = fs::read_dir(&calls).unwrap().flatten().map(|one| told_to_tor_alone(&fs::read_to_string(one.path()).unwrap(), name, &office.home)).sum();
    assert!(told >= 4, "each page is asked of Tor's socket: {told}");
    office.sound_log();
}

fn server() -> Server {
    Server::hearing(|request, stream| {
        let away = |to: &str| format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        let path = request.split(' ').nth(1).unwrap_or_default();
        let answer = match path {
            "/away" => away("http://198.51.100.8/"),
            "/name" => away("https://clear.example/"),
            "/drip" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000000000\r\n\r\n")?;
                for _ in 0..1_500 {
                    stream.write_all(&[b'~'; 512])?;
                    std::thread::sleep(Duration::from_millis(20));
                }
                return Ok(());
            }
            _ => format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{PAGE}", PAGE.len()),
        };
        stream.write_all(answer.as_bytes())
    })
}

/// The words of a capture of these pages.
fn words(network: &Network, case: &str, pages: &[&str]) -> Vec<String> {
    let options = ["capture", "--case", case, "--through", "tor", "--tor-network", &network.client()].map(String::from);
    let urls = pages.iter().map(|page| format!("http://{}{page}", network.onion));
    options.into_iter().chain(urls).collect()
}

/// Captures under `strace`. A way through a young network may be lost: then it is begun again.
fn first_page(office: &Office, network: &Network, calls: &Path) -> Value {
    for _ in 0..12 {
        let said = outcome(traced(office, &words(network, &office.case, &["/", "/away", "/name"]), calls), LONG);
        if said.code == 0 && said.lines()[0]["record"]["complete"] == true {
            return said.lines()[0].clone();
        }
        lost(&said);
        std::thread::sleep(Duration::from_secs(3));
    }
    panic!("the onion service was never reached");
}

/// A capture, with every system call of desk and collector written into a file of its own: no try overwrites another.
fn traced(office: &Office, words: &[String], calls: &Path) -> Child {
    let plain = office.command(NOY, &words.iter().map(String::as_str).collect::<Vec<_>>());
    let mut traced = Command::new("strace");
    let file = calls.join(fs::read_dir(calls).unwrap().count().to_string());
    traced.args(["-f", "-yy", "-s", "4096", "-e", "trace=%network,%process,write,writev", "-o"]).arg(file).arg("--");
    traced.arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    traced.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn lost(said: &Said) {
    let partial = said.code == 0 && said.out.contains("\"complete\":false");
    assert!(partial || said.err.contains("nothing at all was received"), "{}{}", said.out, said.err);
}

/// Tor is killed while bytes arrive: the capture ends, marked, and nothing takes another way.
fn a_download_loses_its_tor(server: &Server, office: &Office, network: &Network, calls: &Path) {
    for _ in 0..12 {
        while server.was_visited(Duration::from_millis(10)) {}
        let mut running = traced(office, &words(network, &office.case, &["/drip"]), calls);
        while running.try_wait().unwrap().is_none() {
            if server.was_visited(Duration::from_millis(200)) {
                std::thread::sleep(Duration::from_secs(3));
                kill(&tor_of(office).expect("a running tor"));
                let said = outcome(running, LONG).ended(0).tells("partial");
                assert_eq!(said.lines()[0]["record"]["fetches"][0]["reason"], "connection-lost", "{}", said.out);
                return;
            }
        }
        lost(&outcome(running, LONG));
    }
    panic!("the onion service was never reached again");
}

/// Where Tor's relays and authorities listen.
fn ports(network: &Network) -> BTreeSet<u16> {
    let layout: Value = serde_json::from_slice(&fs::read(network.folder.join("network.json")).unwrap()).unwrap();
    let ports = layout["nodes"].as_array().unwrap().iter().flat_map(|node| [&node["or_port"], &node["dir_port"]]);
    ports.map(|port| u16::try_from(port.as_u64().unwrap()).unwrap()).filter(|port| *port != 0).collect()
}

/// `tcpdump` on one interface.
struct Watch {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
    file: PathBuf,
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

/// One packet; `ports` where it is TCP or UDP.
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
        0x0800 => (*frame.get(23)?, 14 + usize::from(frame.get(14)? & 15) * 4),
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
