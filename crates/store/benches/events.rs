//! How many events become durable in a second, what one of them waits, and what stays the same when the
//! log is long.
//!
//! `cargo bench -p store --bench events --profile release -- MODE`, where MODE is one of
//! - `together` (the default): one person alone, then 64 at once, each event with one row and its permit
//!   asked again; before it, what the disk needs for an fsync in the same folder;
//! - `grow`: the same up to a million events, the rate at the beginning beside the rate at the end, then the
//!   proof of one event among them;
//! - `listing`: on PostgreSQL, the rows of one case among 200,000, for a member and for a superuser, whom
//!   the wall between cases does not stop.
//!
//! `--writers N --events N --server` change it; `LANTERNFISH_BENCH_DIR` names another folder for the home.
//! It measures and judges nothing: what is right is the business of the tests.
#![expect(clippy::unwrap_used, reason = "a bench that cannot unwrap has failed")]
#![expect(dead_code, reason = "a house has more rooms than a bench enters")]

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use ledger::{proof::TlogProof, tree::LeafIndex};
use model::{action::Action, id::CaseId};
use store::{Intent, vault::secret::fresh_id};

#[path = "../tests/store/cluster.rs"]
mod cluster;
#[path = "../tests/store/house.rs"]
mod house;
#[path = "../tests/store/meddle.rs"]
mod meddle;
#[path = "../tests/store/moto.rs"]
mod moto;

use house::House;

fn main() {
    let mode = std::env::args().skip(1).find(|word| ["together", "grow", "listing"].contains(&word.as_str()));
    match mode.as_deref() {
        Some("grow") => grow(&Place::new(), option("--events", 1_000_000)),
        Some("listing") => listing(option("--events", 200_000)),
        _ => together(&Place::new(), option("--events", 50_000)),
    }
}

/// A house with one case, and people who may write in it.
struct Place {
    house: House,
    case: CaseId,
}

impl Place {
    fn new() -> Place {
        Place::on(std::env::args().any(|word| word == "--server"))
    }

    fn on(server: bool) -> Place {
        let folder = folder();
        let fsync = fsync(&folder);
        let [half, most] = [fsync[fsync.len() / 2], fsync[fsync.len() * 99 / 100]].map(milliseconds);
        println!("{{\"bench\":\"fsync\",\"p50_ms\":{half:.2},\"p99_ms\":{most:.2}}}");
        let database = server.then(|| cluster::Cluster::start(&[]).unwrap()).map(|cluster| (*Box::leak(Box::new(cluster))).empty());
        let house = House::on(tempfile::tempdir_in(&folder).unwrap(), database);
        let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
        house.live_authority(&case, 1_000);
        Place { house, case }
    }
}

fn folder() -> PathBuf {
    std::env::var_os("LANTERNFISH_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from)
}

fn together(place: &Place, events: usize) {
    run(place, "alone", 1, 500);
    run(place, "together", option("--writers", 64), events);
}

fn grow(place: &Place, events: usize) {
    const SAMPLE: usize = 20_000;
    let writers = option("--writers", 64);
    run(place, "first 10,000", writers, 10_000);
    let early = run(place, "after 10,000", writers, SAMPLE);
    run(place, "growing", writers, events.saturating_sub(30_000 + SAMPLE));
    let late = run(place, "at the end", writers, SAMPLE);
    println!("{{\"bench\":\"grow\",\"events\":{events},\"rate_at_the_end_to_rate_after_10000_by_cpu\":{:.2}}}", early / late);
    prove(place);
}

/// The proof of one event in the middle: its size, and what it takes to check.
fn prove(place: &Place) {
    const TIMES: u32 = 200;
    let store = &place.house.store;
    let size = store.log_size().unwrap();
    let began = Instant::now();
    let (path, note) = (store.inclusion(size / 2, size).unwrap(), store.checkpoint().unwrap());
    let made = began.elapsed();
    let leaf = store.leaves(size / 2, 1).unwrap().remove(0).bytes;
    let text = TlogProof::new(LeafIndex(size / 2), path, note).to_text();
    let key = store.log_signer().unwrap().log_key();
    let began = Instant::now();
    for _ in 0..TIMES {
        TlogProof::parse(text.as_bytes()).unwrap().verify(&leaf, &key, &[]).unwrap();
    }
    let checked = milliseconds(began.elapsed()) / f64::from(TIMES);
    println!(
        "{{\"bench\":\"proof\",\"log\":{size},\"bytes\":{},\"check_ms\":{checked:.3},\"make_ms\":{:.0},\"rss_anon_mib\":{}}}",
        text.len() + leaf.len(),
        milliseconds(made),
        rss_anon_kib() / 1024
    );
}

/// What the server needs for the rows of one case, seen by a member and by somebody whom no wall stops.
fn listing(rows: usize) {
    let place = Place::on(true);
    let other = place.house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    place.house.live_authority(&other, 1_000);
    let other = Place { case: other, house: place.house };
    run(&other, "another case", 64, rows / 2);
    let place = Place { case: place.case, house: other.house };
    run(&place, "this case", 64, rows / 2);
    let database = place.house.database.as_ref().unwrap();
    database.cluster.run("postgres", &database.name, "ANALYZE").unwrap();
    let noy = place.house.session("Noy").actor().clone();
    let question = format!("SELECT kind, id, number, state, sealed FROM record WHERE case_id = '{}' AND kind = 'note' ORDER BY number NULLS FIRST, time, id", place.case);
    let member = format!("SELECT set_config('app.view', 'person', true), set_config('app.uid', '{noy}', true); ");
    // One process for both: what is compared is the wall, not how many processors a plan takes. Then as the server
    // plans it: a wall that may not stand in a worker costs the other processors.
    let unmarked = "ALTER FUNCTION app_view() PARALLEL UNSAFE; ALTER FUNCTION app_uid() PARALLEL UNSAFE; ALTER FUNCTION app_case() PARALLEL UNSAFE; ALTER FUNCTION app_cases() PARALLEL UNSAFE";
    for (planned, workers, first) in [("one process", "SET LOCAL max_parallel_workers_per_gather = 0; ", ""), ("as planned", "", ""), ("as planned before step 3", "", unmarked)] {
        if !first.is_empty() {
            database.cluster.run(cluster::OWNER, &database.name, first).unwrap();
        }
        let [member, superuser] = [(cluster::APP, member.as_str()), ("postgres", "")].map(|(role, before)| {
            let explain = format!("BEGIN; {workers}{before}EXPLAIN (ANALYZE, TIMING OFF, FORMAT TEXT) {question}");
            let mut times: Vec<f64> = (0..9).map(|_| execution_ms(&database.cluster.run(role, &database.name, &explain).unwrap())).collect();
            times.sort_by(f64::total_cmp);
            times[0]
        });
        println!("{{\"bench\":\"listing\",\"planned\":\"{planned}\",\"rows\":{rows},\"member_ms\":{member:.1},\"superuser_ms\":{superuser:.1},\"ratio\":{:.3}}}", member / superuser);
    }
}

/// The last line of PostgreSQL's account of a statement.
fn execution_ms(line: &str) -> f64 {
    line.trim().strip_prefix("Execution Time: ").and_then(|rest| rest.strip_suffix(" ms")).unwrap().parse().unwrap()
}

/// Lets `writers` threads write `events` notes, prints what it took, and answers CPU-seconds for each.
fn run(place: &Place, name: &str, writers: usize, events: usize) -> f64 {
    let (house, case) = (&place.house, &place.case);
    let size = house.store.log_size().unwrap();
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let mut waits: Vec<Duration> = std::thread::scope(|threads| {
        let write = |writer: usize| {
            let scope = house.scope(["Noy", "Dao"][writer % 2], case);
            let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
            let note = |_| {
                let began = Instant::now();
                house.note_under(&scope, &permit, &hex::encode(fresh_id().unwrap()), "what an officer notes").unwrap();
                began.elapsed()
            };
            (0..events / writers).map(note).collect::<Vec<_>>()
        };
        let hands: Vec<_> = (0..writers).map(|writer| threads.spawn(move || write(writer))).collect();
        hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
    });
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let written = (house.store.log_size().unwrap() - size) as f64;
    waits.sort();
    let [half, most] = [waits[waits.len() / 2], waits[waits.len() * 99 / 100]].map(milliseconds);
    println!(
        "{{\"bench\":\"events\",\"run\":\"{name}\",\"writers\":{writers},\"events\":{written},\"per_s\":{:.0},\"cpu_us_each\":{:.0},\"wait_p50_ms\":{half:.2},\"wait_p99_ms\":{most:.2},\"rss_anon_mib\":{}}}",
        written / wall,
        cpu * 1e6 / written,
        rss_anon_kib() / 1024,
    );
    cpu / written
}

/// What the disk takes to keep 4 KiB at the end of a file, sorted.
fn fsync(place: &Path) -> Vec<Duration> {
    let mut file = tempfile::tempfile_in(place).unwrap();
    let mut one = || {
        let began = Instant::now();
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        began.elapsed()
    };
    let mut all: Vec<Duration> = (0..300).map(|_| one()).collect();
    all.sort();
    all
}

fn option(name: &str, default: usize) -> usize {
    let words: Vec<String> = std::env::args().collect();
    words.iter().position(|word| word == name).map_or(default, |place| words[place + 1].parse().unwrap())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / rustix::param::clock_ticks_per_second() as f64
}

fn rss_anon_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}
