//! A capture through Tor that is watched from outside. What is claimed: no packet but Tor's own to its relays, and no
//! name of a target but to Tor's socket.

use std::{io::Write, time::Duration};

use serde_json::Value;

use crate::{
    office::{Office, Said, kill, outcome, string},
    onion::{LONG, Network, tor_of},
    revocation::Server,
    watch::{World, is_inside, port_of, ports},
};

const NAME: &str = "watched::law_01_no_packet_and_no_name_leaves_but_through_tor";

/// A page that asks its reader to go everywhere.
const PAGE: &str = "<title>SYNTHETIC</title><meta http-equiv=refresh content='0;url=http://198.51.100.7/meta'>\
<link rel=stylesheet href=http://198.51.100.7/style.css><link rel=dns-prefetch href=//prefetch.example>\
<script src=https://tracker.example/x.js></script><img src=http://[2001:db8:1::7]/p.png><iframe src=//198.51.100.7/frame></iframe>\
<script>new RTCPeerConnection({iceServers:[{urls:'stun:198.51.100.7:3478'}]})</script><p>ຕະຫຼາດ ตลาด";

#[test]
#[ignore = "takes a minute or two: a Tor network of its own, watched packet by packet"]
fn law_01_no_packet_and_no_name_leaves_but_through_tor() {
    if !is_inside(NAME, LONG * 3) {
        return;
    }
    let office = Office::working();
    let Some(world) = World::begin(NAME, &office) else { return };
    let server = server();
    let web = port_of(&server);
    let network = Network::in_folder("tor-network-watched", web);
    let view = first_page(&office, &network, &world);
    let fetches = view["record"]["fetches"].as_array().unwrap();
    assert!(fetches[1..].iter().all(|fetch| fetch["status"] == 302 && fetch["redirect"].is_string()), "seen, and not followed: {fetches:?}");
    a_download_loses_its_tor(&server, &office, &network, &world);
    let name = string(&view["record"]["fetches"][0]["url"]);
    let relays = ports(&network);
    drop(network);
    let told = world.end(&relays, web, Some(&name["http://".len()..][..56]), &office);
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
fn first_page(office: &Office, network: &Network, world: &World) -> Value {
    for _ in 0..12 {
        let said = outcome(world.traced(office, &words(network, &office.case, &["/", "/away", "/name"])), LONG);
        if said.code == 0 && said.lines()[0]["record"]["complete"] == true {
            return said.lines()[0].clone();
        }
        lost(&said);
        std::thread::sleep(Duration::from_secs(3));
    }
    panic!("the onion service was never reached");
}

fn lost(said: &Said) {
    let partial = said.code == 0 && said.out.contains("\"complete\":false");
    assert!(partial || said.err.contains("nothing at all was received"), "{}{}", said.out, said.err);
}

/// Tor is killed while bytes arrive: the capture ends, marked, and nothing takes another way.
fn a_download_loses_its_tor(server: &Server, office: &Office, network: &Network, world: &World) {
    for _ in 0..12 {
        while server.was_visited(Duration::from_millis(10)) {}
        let mut running = world.traced(office, &words(network, &office.case, &["/drip"]));
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
