//! Revocation stops running work: in mid-download from a slow server, and in mid-admission of an
//! archive that comes through a pipe (law 15). The revoking person works in another process.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use crate::office::{KHAM, NOY, Office, outcome, string, text};

/// The law gives a minute.
const A_MINUTE: Duration = Duration::from_secs(60);
/// What a drill waits for something that should come at once.
const LONG: Duration = Duration::from_secs(120);

/// A server on loopback that answers every request in the same way until the drill ends.
pub struct Server {
    pub url: String,
    served: Receiver<()>,
}

impl Server {
    pub fn new(answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + 'static) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (tell, served) = channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let asked = read_head(&stream);
                if asked.is_err() || tell.send(()).is_err() {
                    continue;
                }
                // A visitor who goes away is what some drills are about.
                let _ = answer(&mut stream);
            }
        });
        Server { url, served }
    }

    /// One small page.
    pub fn page(html: &'static str) -> Server {
        Server::new(move |stream| {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n", html.len());
            stream.write_all(head.as_bytes())?;
            stream.write_all(html.as_bytes())
        })
    }

    /// A server that hears what it is asked.
    pub fn hearing(answer: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + 'static) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (tell, served) = channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                if let Ok(request) = crate::personas::request_of(&stream) {
                    let _ = tell.send(());
                    let _ = answer(&request, &mut stream);
                }
            }
        });
        Server { url, served }
    }

    /// A page of a gigabyte that comes a few bytes at a time, until the visitor goes away.
    pub fn dripping() -> Server {
        Server::new(|stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000000000\r\n\r\n")?;
            loop {
                stream.write_all(b"drip ")?;
                stream.flush()?;
                std::thread::sleep(Duration::from_millis(50));
            }
        })
    }

    /// Whether somebody asked for the page within this time.
    pub fn was_visited(&self, most: Duration) -> bool {
        self.served.recv_timeout(most).is_ok()
    }

    pub fn wait_for_a_visitor(&self) {
        self.served.recv_timeout(LONG).expect("the server was asked for its page");
    }
}

pub fn read_head(stream: &TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    Ok(())
}

#[test]
fn law_15_revoking_stops_a_download_and_keeps_what_had_arrived_as_partial() {
    let office = Office::working();
    office.unit_authority(&["view"]);
    let first = string(&office.says(NOY, &["authority", "list"]).ended(0).lines()[0]["authority"]);
    let server = Server::dripping();
    let mut capture = office.command(NOY, &["capture", "--case", &office.case, &server.url]);
    let running = capture.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    server.wait_for_a_visitor();
    std::thread::sleep(Duration::from_secs(1));

    office.done(KHAM, &["authority", "revoke", &first, "--reason", "a drill"]);
    let revoked = Instant::now();
    let said = outcome(running, LONG);
    assert!(revoked.elapsed() < A_MINUTE, "it went on for {:?}", revoked.elapsed());
    eprintln!("the download ended {:.1} s after the revocation", revoked.elapsed().as_secs_f64());

    let said = said.ended(1).tells("law 15").tells("E-0001");
    let view = &said.lines()[0];
    assert_eq!(view["record"]["complete"], false, "{view}");
    assert_eq!(view["record"]["fetches"][0]["outcome"], "partial", "{view}");
    assert!(view["record"]["fetches"][0]["response_bytes"].as_u64().unwrap() > 0, "{view}");
    assert_eq!(office.exhibits()[0]["exhibit"], "E-0001");
    office.in_case(NOY, "capture", &[&server.url]).by_law(1);
    office.sound_log();
}

/// The desk dies in mid-download. Its collector ends by itself, at the latest when its lease does, and
/// what it had signed is admitted by the next desk.
#[test]
fn law_15_a_capture_whose_desk_was_killed_ends_and_is_recovered() {
    let office = Office::working();
    let server = Server::dripping();
    let mut capture = office.command(NOY, &["capture", "--case", &office.case, &server.url]);
    let mut desk = capture.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    server.wait_for_a_visitor();
    std::thread::sleep(Duration::from_secs(1));
    desk.kill().unwrap();
    desk.wait().unwrap();
    let killed = Instant::now();
    let recovered = loop {
        let said = office.in_case(NOY, "capture", &["--recover"]).ended(0);
        if !said.out.contains("still running") {
            break said;
        }
        assert!(killed.elapsed() < LONG, "the order never ended: {said:?}");
        std::thread::sleep(Duration::from_secs(2));
    };
    assert!(killed.elapsed() < A_MINUTE, "it went on for {:?}", killed.elapsed());
    assert!(recovered.out.contains("admitted as E-0001"), "{recovered:?}");
    let exhibit = &office.exhibits()[0];
    assert_eq!(exhibit["record"]["record"]["complete"], false, "{exhibit}");
    assert_eq!(std::fs::read_dir(office.home.join("spool")).unwrap().count(), 0, "the spool is empty");
    assert!(office.in_case(NOY, "capture", &["--recover"]).ended(0).out.is_empty(), "nothing is recovered twice");
    office.sound_log();
}

/// One small page, half a second after it was asked for.
fn slow_page() -> Server {
    Server::new(|stream| {
        std::thread::sleep(Duration::from_millis(500));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<p>SYNTHETIC")
    })
}

/// A capture whose desk died before it could admit what its collector signed: its spool.
fn left_by_a_dead_desk(office: &Office, server: &Server, more: &[&str]) -> std::path::PathBuf {
    let words = [&["capture", "--case", &office.case, &server.url][..], more].concat();
    let mut desk = office.command(NOY, &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    let spools = office.home.join("spool");
    let folder = || std::fs::read_dir(&spools).ok().and_then(|mut entries| entries.find_map(|entry| Some(entry.ok()?.path()).filter(|path| path.join("capture.warc.age").exists())));
    while folder().is_none() {
        assert!(begun.elapsed() < LONG && desk.try_wait().unwrap().is_none(), "the order is begun");
    }
    // The collector has its key and has begun. The desk stands still while it ends its work, and dies.
    assert!(Command::new("kill").args(["-STOP", &desk.id().to_string()]).status().unwrap().success());
    let spool = folder().expect("the desk stood still before it had admitted anything");
    while !spool.join("record.json").exists() {
        assert!(begun.elapsed() < LONG, "the collector signs");
        std::thread::sleep(Duration::from_millis(20));
    }
    desk.kill().unwrap();
    desk.wait().unwrap();
    spool
}

/// Nobody says of bytes that they are no evidence because he could not read them.
#[test]
fn law_02_a_spool_that_could_not_be_read_is_kept_and_admitted_later() {
    let (office, server) = (Office::working(), slow_page());
    let recover = || office.in_case(NOY, "capture", &["--recover"]).ended(0);

    let spool = left_by_a_dead_desk(&office, &server, &[]);
    let signed = std::fs::read(spool.join("record.json")).unwrap();
    std::fs::write(spool.join("record.json"), vec![b' '; 17 << 20]).unwrap();
    for _ in 0..2 {
        let said = recover();
        assert!(said.out.contains("longer than this program reads"), "{said:?}");
        assert!(spool.join("capture.warc.age").exists() && office.exhibits().is_empty());
    }
    std::fs::write(spool.join("record.json"), &signed).unwrap();
    assert!(recover().out.contains("admitted as E-0001") && !spool.exists());

    // What was refused where it was seen stays refused, and is swept.
    let (spool, away) = (left_by_a_dead_desk(&office, &server, &[]), office.place("away"));
    assert!(Command::new("cp").arg("-r").arg(&spool).arg(&away).status().unwrap().success());
    std::fs::write(spool.join("record.json"), "no record").unwrap();
    assert!(recover().out.contains("cannot become evidence") && !spool.exists());
    std::fs::rename(&away, &spool).unwrap();
    assert!(recover().out.is_empty() && !spool.exists());
    assert_eq!(office.exhibits().len(), 1);
    office.sound_log();
}

/// It waits for the time after which an order of another machine can be given up: 40 seconds.
#[test]
fn law_02_an_order_that_was_given_up_unseen_is_admitted_where_its_spool_lies() {
    let (office, server) = (Office::working(), slow_page());
    let (spool, away) = (left_by_a_dead_desk(&office, &server, &["--timeout-ms", "2000"]), office.place("away"));
    std::fs::rename(&spool, &away).unwrap();
    let recover = || office.in_case(NOY, "capture", &["--recover"]).ended(0);
    let begun = Instant::now();
    let given_up = loop {
        let said = recover();
        if !said.out.contains("may run until") {
            break said;
        }
        assert!(begun.elapsed() < LONG, "{said:?}");
        std::thread::sleep(Duration::from_secs(3));
    };
    assert!(given_up.out.contains("given up, because it was begun on another machine") && office.exhibits().is_empty(), "{given_up:?}");
    assert!(recover().out.is_empty());
    std::fs::rename(&away, &spool).unwrap();
    assert!(recover().out.contains("admitted as E-0001") && !spool.exists());
    let told = office.exhibits()[0]["findings"].to_string();
    assert!(told.contains("had been given up on another machine"), "{told}");
    assert!(recover().out.is_empty(), "and once only");
    office.sound_log();
}

#[test]
fn law_15_revoking_stops_an_admission_and_admits_nothing() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[KHAM]);
    office.unit_authority(&["view"]);
    let authority = office.case_authority(&["admit"]);
    let pipe = text(&office.place("archive.tar"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut admit = office.command(NOY, &["exhibit", "admit", "--case", &office.case, &pipe]);
    let running = admit.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (tell, fed) = channel();
    let feeder = std::thread::spawn(move || {
        let mut pipe = std::fs::OpenOptions::new().write(true).open(pipe).unwrap();
        // Until the reader goes away; an archive of ten minutes at this pace.
        for _ in 0..12_000 {
            if pipe.write_all(&[7; 4096]).is_err() {
                return true;
            }
            let _ = tell.send(());
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    });
    for _ in 0..20 {
        fed.recv_timeout(LONG).expect("the admission reads");
    }

    office.does(KHAM, "authority revoke", &[&authority, "--reason", "a drill"]);
    let revoked = Instant::now();
    let said = outcome(running, LONG);
    assert!(revoked.elapsed() < A_MINUTE, "it went on for {:?}", revoked.elapsed());
    eprintln!("the admission ended {:.1} s after the revocation", revoked.elapsed().as_secs_f64());
    said.by_law(15).tells("revoked");
    assert!(feeder.join().unwrap(), "the reader went away");

    assert_eq!(office.last_events(1), ["step-refused"]);
    assert_eq!(office.exhibits().len(), 0);
    assert!(office.objects().is_empty(), "nothing half-admitted: {:?}", office.objects());
    office.sound_log();
}

#[test]
fn law_15_revoking_stops_an_admission_from_a_silent_pipe() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[KHAM]);
    office.unit_authority(&["view"]);
    let authority = office.case_authority(&["admit"]);
    let path = text(&office.place("silent.bin"));
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut admit = office.command(NOY, &["exhibit", "admit", "--case", &office.case, &path]);
    let running = admit.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    pipe.write_all(b"a few words, then silence").unwrap();
    std::thread::sleep(Duration::from_secs(1));
    office.does(KHAM, "authority revoke", &[&authority, "--reason", "a drill"]);
    let revoked = Instant::now();
    outcome(running, LONG).ended(1);
    assert!(revoked.elapsed() < A_MINUTE, "it went on for {:?}", revoked.elapsed());
    drop(pipe);
    assert_eq!(office.exhibits().len(), 0);
    assert!(office.objects().is_empty(), "nothing half-admitted: {:?}", office.objects());
    office.sound_log();
}

#[test]
fn law_15_an_admission_that_ends_after_the_revocation_admits_nothing() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[KHAM]);
    office.unit_authority(&["view"]);
    let authority = office.case_authority(&["admit"]);
    let path = text(&office.place("short.txt"));
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut admit = office.command(NOY, &["exhibit", "admit", "--case", &office.case, &path]);
    let running = admit.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Opening waits for the reader, who has his permit by then.
    let mut pipe = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    pipe.write_all(b"a few words, then silence").unwrap();
    std::thread::sleep(Duration::from_millis(500));
    office.does(KHAM, "authority revoke", &[&authority, "--reason", "a drill"]);
    drop(pipe);
    outcome(running, LONG).ended(1);
    assert_eq!(office.exhibits().len(), 0);
    assert!(office.objects().is_empty(), "nothing half-admitted: {:?}", office.objects());
    office.sound_log();
}
