//! A page of I2P, watched from outside: one real router in a network of its own serves it to its own SOCKS proxy, and the
//! capture goes there by a proxy that an administrator named. What is claimed: the router is asked, and no packet goes
//! anywhere else.
//!
//! One router is a whole network: it stores its own destinations (as a floodfill), and its tunnels have no hops. So this
//! shows the way to I2P and what comes back by it, and nothing of what I2P hides.

use std::{
    collections::BTreeSet,
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    office::{ADMIN, NOY, Office, skipped, there},
    onion::{LONG, walled},
    revocation::Server,
    watch::{World, is_inside, port_of},
};

const NAME: &str = "watched_i2p::law_01_a_page_of_i2p_is_captured_by_its_router_and_no_packet_goes_elsewhere";

#[test]
#[ignore = "takes half a minute: an I2P router of its own, watched packet by packet"]
fn law_01_a_page_of_i2p_is_captured_by_its_router_and_no_packet_goes_elsewhere() {
    if !there("i2pd") {
        return skipped(NAME, "i2pd is not installed");
    }
    if !is_inside(NAME, LONG) {
        return;
    }
    let office = Office::of_real_cases();
    let Some(world) = World::begin(NAME, &office) else { return };
    let server = Server::page("<title>SYNTHETIC</title><p>a page of I2P");
    let web = port_of(&server);
    let router = Router::start(&office.place("router"), web);
    office.done(ADMIN, &["proxy", "add", "router", "--kind", "i2p", "--at", &format!("127.0.0.1:{}", router.socks), "--operator", "the drill"]);
    let (host, url) = (router.host(), format!("http://{}/", router.host()));
    let view = (0..12).find_map(|_| {
        let said = office.in_case(NOY, "capture", &["--through", "proxy:router", &url]);
        if said.code == 0 {
            return Some(said.lines()[0].clone());
        }
        assert!(said.err.contains("nothing at all was received"), "{}{}", said.out, said.err);
        std::thread::sleep(Duration::from_secs(3));
        None
    });
    let view = view.expect("the page was never reached");
    let record = &view["record"];
    walled(record);
    assert_eq!((&record["transport"], &record["network"], &record["complete"]), (&"i2p".into(), &"proxy:router".into(), &true.into()), "{record}");
    assert_eq!((&record["fetches"][0]["status"], &record["fetches"][0]["peer"]), (&200.into(), &format!("{host}:80").into()), "{record}");
    server.wait_for_a_visitor();
    // A destination that nobody has is asked of the router too, and of nobody else.
    let nobody = format!("http://{}.b32.i2p/", "a".repeat(52));
    office.in_case(NOY, "capture", &["--through", "proxy:router", &nobody]).ended(3).tells("nothing at all was received");
    let ports = router.ports();
    drop(router);
    world.end(&ports, web, None, &office);
    office.sound_log();
}

/// One router that knows no other, with one destination that leads to the web server.
struct Router {
    child: Child,
    folder: PathBuf,
    port: u16,
    socks: u16,
}

impl Router {
    fn start(folder: &Path, web: u16) -> Router {
        let [port, socks] = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        fs::create_dir(folder).unwrap();
        // A lease set of the first kind: this router reads back what it stored of the second kind with its own length wrong.
        let short = "i2cp.leaseSetType = 1\ni2cp.leaseSetEncType = 0\ninbound.length = 0\noutbound.length = 0\ninbound.quantity = 1\noutbound.quantity = 1\n";
        let settings = format!(
            "ipv4 = true\nipv6 = false\nhost = 127.0.0.1\naddress4 = 127.0.0.1\nport = {port}\nnetid = 77\nnat = false\nfloodfill = true\nreservedrange = false\n\
             [ntcp2]\npublished = true\nport = {port}\n[ssu2]\nenabled = false\n[http]\nenabled = false\n[httpproxy]\nenabled = false\n[sam]\nenabled = false\n\
             [socksproxy]\nenabled = true\naddress = 127.0.0.1\nport = {socks}\n{short}[reseed]\nthreshold = 0\nurls =\nyggurls =\n\
             [exploratory]\ninbound.length = 0\noutbound.length = 0\n[addressbook]\ndefaulturl =\n"
        );
        fs::write(folder.join("settings"), settings).unwrap();
        fs::write(folder.join("tunnels"), format!("[site]\ntype = server\nhost = 127.0.0.1\nport = {web}\nkeys = site.dat\n{short}")).unwrap();
        let at = |option: &str, name: &str| format!("--{option}={}", folder.join(name).display());
        let words = [at("datadir", ""), at("conf", "settings"), at("tunconf", "tunnels"), "--log=stdout".into()];
        let child = Command::new("i2pd").args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let router = Router { child, folder: folder.into(), port, socks };
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", socks)).is_ok() && router.folder.join("site.dat").exists() {
                return router;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the router does not answer");
    }

    /// The destination's name: SHA-256 of its keys and certificate (384 bytes, then kind, length and rest), in base 32.
    fn host(&self) -> String {
        let keys = fs::read(self.folder.join("site.dat")).unwrap();
        let certificate = usize::from(u16::from_be_bytes([keys[385], keys[386]]));
        let digest = model::Sha256Digest::of(&keys[..387 + certificate]);
        let bits: Vec<u8> = hex::decode(digest.hex()).unwrap().iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let letter = |five: &[u8]| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(five.iter().chain([0; 5].iter()).take(5).fold(0, |value, bit| value * 2 + bit))]);
        format!("{}.b32.i2p", bits.chunks(5).map(letter).collect::<String>())
    }

    fn ports(&self) -> BTreeSet<u16> {
        BTreeSet::from([self.port, self.socks])
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
