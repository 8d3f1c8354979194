//! Bad input, one drill for each kind that the house names: a clear error or a finding, bounded in
//! memory and time, nothing lost and nothing half-admitted (law 14).

use std::{
    fs::{self, File},
    io::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use model::Sha256Digest;
use serde_json::Value;

use crate::office::{NOY, Office, outcome, string, text};

/// No examination of these small items may take longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// A WARC of three records, written by hand.
fn warc() -> Vec<u8> {
    let record = |kind: &str, more: &str, block: &str| {
        format!(
            "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{:012}>\r\n\
             WARC-Date: 2026-11-22T08:00:00Z\r\n{more}Content-Length: {}\r\n\r\n{block}\r\n\r\n",
            block.len(),
            block.len()
        )
    };
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>SYNTHETIC, write to seller@example.com</p>";
    let web = "WARC-Target-URI: http://market.example/1\r\nContent-Type: application/http; msgtype=response\r\n";
    [
        record("warcinfo", "Content-Type: application/warc-fields\r\n", "software: a drill\r\n"),
        record("response", web, page),
        record("resource", "WARC-Target-URI: http://market.example/2\r\nContent-Type: text/plain\r\n", "a plain note, more@example.com"),
    ]
    .concat()
    .into_bytes()
}

/// What a stock tool makes of these bytes.
fn piped(tool: &str, arguments: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new(tool).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let feeder = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    piped("gzip", &["-9", "-n"], bytes)
}

/// A ZIP of one deflated member, made around what gzip gave.
fn zip(name: &str, gz: &[u8]) -> Vec<u8> {
    let (deflated, trailer) = gz[10..].split_at(gz.len() - 18);
    let (crc, size) = trailer.split_at(4);
    let packed = u32::try_from(deflated.len()).unwrap().to_le_bytes();
    let length = u16::try_from(name.len()).unwrap().to_le_bytes();
    let shared = [&[20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0][..], crc, &packed, size, &length, &[0, 0]].concat();
    let local = [b"PK\x03\x04".as_slice(), &shared, name.as_bytes(), deflated].concat();
    let central = [b"PK\x01\x02\x14\x00".as_slice(), &shared, &[0; 14], name.as_bytes()].concat();
    let number = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(), &number(central.len()), &number(local.len()), &[0, 0]].concat();
    [local, central, end].concat()
}

struct Examined {
    office: Office,
    view: Value,
}

/// Admits and examines; both must be done in time, the original must stay as it was, the log sound.
#[track_caller]
fn examined(name: &str, bytes: &[u8]) -> Examined {
    let office = Office::working();
    let file = office.file(name, bytes);
    let begun = Instant::now();
    let admitted = office.does(NOY, "exhibit admit", &[&file]);
    assert_eq!(admitted["sha256"], Value::from(Sha256Digest::of(bytes).hex()));
    assert_eq!(admitted["original_name"], Value::from(name));
    let view = office.does(NOY, "examine", &["E-0001"]);
    assert!(begun.elapsed() < PATIENCE, "{name} took {:?}", begun.elapsed());
    let out = text(&office.place("back"));
    office.does(NOY, "exhibit view", &["E-0001", "--purpose", "comparing", "--out", &out]);
    assert!(fs::read(&out).unwrap() == bytes, "{name} was changed");
    assert_eq!(office.exhibits()[0]["state"], "sound");
    office.sound_log();
    Examined { office, view }
}

impl Examined {
    #[track_caller]
    fn format(self, format: &str) -> Examined {
        assert_eq!(self.view["format"], Value::from(format), "{}", self.view);
        self
    }

    #[track_caller]
    fn counts(self, records: u64, selectors: u64) -> Examined {
        let n = |key: &str| self.view[key].as_u64().unwrap();
        assert_eq!((n("records_in"), n("selectors")), (records, selectors), "{}", self.view);
        self
    }

    /// Something is wrong with it, and it says what: in a finding that stays with the exhibit.
    #[track_caller]
    fn says_why(self) -> Examined {
        let ended = self.view["ended"] != "done";
        let found = self.view["findings"].as_array().unwrap();
        assert!(ended || !found.is_empty(), "no reason was given: {}", self.view);
        let kept = self.office.exhibits()[0]["findings"].as_array().unwrap().len();
        assert!(kept > 0, "the exhibit's record keeps the reasons");
        self
    }

    /// Nothing is wrong with it.
    #[track_caller]
    fn found_whole(self) -> Examined {
        assert_eq!((&self.view["ended"], &self.view["rejected"]), (&"done".into(), &0.into()), "{}", self.view);
        self
    }
}

#[test]
fn law_14_a_whole_warc_is_read_to_its_last_record() {
    examined("whole.warc", &warc()).format("warc").counts(3, 2).found_whole();
    examined("whole.warc.gz", &gzip(&warc())).found_whole();
}

#[test]
fn law_14_a_truncated_warc_keeps_what_was_whole() {
    let warc = warc();
    let cut = examined("cut.warc", &warc[..warc.len() - 20]).format("warc").says_why();
    assert!(cut.view["members"].as_u64().unwrap() >= 1, "{}", cut.view);
    let gz = gzip(&warc);
    examined("cut.warc.gz", &gz[..gz.len() * 2 / 3]).says_why();
    let whole = zip("page.html", &gzip(b"<p>seller@example.com</p>"));
    examined("cut.zip", &whole[..whole.len() - 30]).says_why();
}

#[test]
fn law_14_bits_flipped_on_the_way_are_a_finding() {
    let gz = gzip(&warc());
    let mut flipped = gz.clone();
    flipped[gz.len() / 2] ^= 0x10;
    examined("flipped.warc.gz", &flipped).says_why();
    let mut head = warc();
    let at = head.windows(15).position(|w| w == b"Content-Length:").unwrap();
    head[at + 16] = b'x';
    examined("flipped.warc", &head).says_why();
}

#[test]
fn law_14_bombs_stop_at_their_ratio() {
    let bomb = gzip(&vec![0; 200 << 20]);
    assert!(bomb.len() < 300_000);
    examined("bomb.gz", &bomb).says_why();
    examined("bomb.zip", &zip("bomb.bin", &bomb)).says_why();
    let nested = gzip(&zip("inner.gz", &gzip(&bomb)));
    examined("nested.gz", &nested).says_why();
}

#[test]
fn law_14_what_is_not_what_its_name_says_is_read_as_what_it_is() {
    examined("page.warc.gz", b"<p>no archive at all, seller@example.com</p>").counts(0, 1);
    examined("note.zip", b"PK\x03\x04 and then nothing that fits, seller@example.com").says_why();
    examined("note.gz", b"\x1f\x8b\x08\x00 and then nothing that fits").says_why();
    examined("lies.warc", b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 99999999999\r\n\r\nshort").says_why();
    examined("picture.jpg", &warc()).format("warc").found_whole();
}

#[test]
fn law_14_strange_names_are_data() {
    for name in ["two\nlines.txt", "%0A.txt", "..%2F..%2Fetc%2Fpasswd", "-rf", "\u{202e}fdp.exe", "ໜ້າ.html", "`$(id)`;'\""] {
        let found = examined(name, b"seller@example.com").counts(0, 1);
        let package = text(&found.office.place("package"));
        found.office.does(NOY, "package seal", &["--officer", NOY, "--out", &package]);
        let mut files = Vec::new();
        crate::office::collect_files(&found.office.place("package.building"), &mut files);
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
        let root = text(&found.office.place("package.building"));
        assert!(files.iter().all(|file| text(file)[root.len()..].chars().all(plain)), "machine-made names only: {files:?}");
    }
}

#[test]
fn law_14_an_empty_file_is_an_exhibit_too() {
    let found = examined("empty.bin", b"").counts(0, 0);
    assert_eq!(found.office.exhibits()[0]["length"], 0);
}

#[test]
fn law_05_declared_digests_are_compared_and_kept_as_they_came() {
    let office = Office::working();
    let file = office.file("note.txt", b"");
    let right = Sha256Digest::of(b"").hex().to_uppercase();
    let wrong = Sha256Digest::of(b"other").hex();
    let admit = |more: &[&str]| office.in_case(NOY, "exhibit admit", &[&[file.as_str()], more].concat());
    let said = admit(&["--md5", "d41d8cd98f00b204e9800998ecf8427e", "--sha256", &wrong]).ended(0).line();
    let declared = said["declared"].as_array().unwrap();
    let matches = |name: &str| declared.iter().find(|d| d["algorithm"] == name).unwrap()["matches"].clone();
    assert_eq!((matches("md5"), matches("sha256")), (true.into(), false.into()), "{said}");
    assert_eq!(admit(&["--sha256", &right]).ended(0).line()["declared"][0]["matches"], true);
    admit(&["--sha256", "abc"]).ended(2).tells("64");
    admit(&["--sha1", &right]).ended(2).tells("40");
    admit(&["--taken-at", "yesterday"]).ended(2);
    admit(&["--device", "phone of Noy", "--address", "http://x.example", "--taken-at", "yesterday", "--method", "photograph"]).ended(2);
    let by_hand = ["--device", "phone of Noy", "--address", "http://x.example", "--taken-at", "2026-11-22T08:00:00+07:00", "--method", "photograph"];
    let taken = admit(&by_hand).ended(0).line();
    assert_eq!((string(&taken["kind"]), string(&taken["manual"]["device"])), ("manual-capture".into(), "phone of Noy".into()));
    assert_eq!(office.exhibits().len(), 3, "what was refused is not there");
    admit(&["--class", "secret"]).ended(2);
    office.in_case(NOY, "exhibit admit", &["/nowhere/at all"]).ended(2);
    office.sound_log();
}

#[test]
fn law_06_a_saved_folder_is_one_exhibit_and_each_file_is_accounted_for() {
    let office = Office::working();
    let saved = office.place("saved page");
    fs::create_dir_all(saved.join("page_files")).unwrap();
    fs::write(saved.join("page.html"), "<p>seller@example.com</p>").unwrap();
    fs::write(saved.join("page_files/two\nlines.txt"), "other@example.com").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", saved.join("link")).unwrap();
    let refused = office.in_case(NOY, "exhibit admit", &[&text(&saved)]).tells("take it out of the folder first");
    assert_ne!(refused.code, 0, "a link is not followed, and not left out in silence either");
    nothing_was_admitted(&office);
    fs::remove_file(saved.join("link")).unwrap();
    let admitted = office.does(NOY, "exhibit admit", &[&text(&saved)]);
    assert_eq!(admitted["original_name"], "saved page.tar", "{admitted}");
    let view = office.does(NOY, "examine", &["E-0001"]);
    assert_eq!((&view["format"], &view["selectors"]), (&"tar".into(), &2.into()), "{view}");
    office.sound_log();
}

/// A hundred gigabytes that take no room on the giver's disk. On a disk that cannot hold them they are
/// refused before a byte is read; on one that can, admission is killed early. Nothing is half-admitted.
#[test]
fn law_14_a_sparse_file_of_a_hundred_gigabytes_is_refused_or_can_be_killed() {
    let office = Office::working();
    let sparse = office.place("sparse.img");
    File::create(&sparse).unwrap().set_len(100 << 30).unwrap();
    let mut command = office.command(NOY, &["exhibit", "admit", "--case", &office.case, &text(&sparse)]);
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if free_bytes(&office) < 100 << 30 {
        outcome(running, PATIENCE).ended(3).tells("free some space").tells("nothing was admitted");
    } else {
        std::thread::sleep(Duration::from_millis(1500));
        running.kill().unwrap();
        outcome(running, PATIENCE).ended(-1);
    }
    nothing_was_admitted(&office);
    fs::remove_file(sparse).unwrap();
}

/// What `df` says is free where the home lies.
fn free_bytes(office: &Office) -> u64 {
    let mut df = Command::new("df");
    df.args(["--output=avail", "-B1"]).arg(&office.home);
    crate::office::run(df).ended(0).out.lines().last().unwrap().trim().parse().unwrap()
}

#[test]
fn law_14_an_admission_that_is_killed_leaves_nothing_half_admitted() {
    let office = Office::working();
    for delay_ms in [40, 150, 400] {
        // An item without end: whenever the kill comes, the admission is in its middle.
        let mut command = office.command(NOY, &["exhibit", "admit", "--case", &office.case, "/dev/zero"]);
        let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay_ms));
        running.kill().unwrap();
        outcome(running, PATIENCE).ended(-1);
        nothing_was_admitted(&office);
    }
    let again = office.admit("small.txt", "after the kills");
    assert_eq!(again, "E-0001", "no number was lost");
    let health = office.bare(&["doctor"]);
    assert!(health.lines().iter().all(|l| l["ok"] == true || !l["text"].as_str().unwrap().contains("objects")), "{}", health.out);
}

/// No exhibit and no finished object; what lies unfinished is swept up by `doctor`.
fn nothing_was_admitted(office: &Office) {
    assert_eq!(office.exhibits().len(), 0);
    let finished: Vec<_> = office.objects().into_iter().filter(|path| !text(path).contains("/objects/tmp/")).collect();
    assert!(finished.is_empty(), "{finished:?}");
    office.sound_log();
}
