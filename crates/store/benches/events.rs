//! How many events become durable in a second, and what one of them waits.
//!
//! `cargo bench -p store --bench events` lets 64 people write at once into a home on the disk, each event
//! with one row and its permit asked again, and measures the disk's own fsync in the same folder first.
//! `-- --writers N --events N --server` change it. `LANTERNFISH_BENCH_DIR` names another folder.
//! It measures and judges nothing: what is right is the business of the tests.
#![expect(clippy::unwrap_used, reason = "a bench that cannot unwrap has failed")]
#![expect(dead_code, reason = "a house has more rooms than a bench enters")]

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use model::action::Action;
use store::Intent;

#[path = "../tests/store/cluster.rs"]
mod cluster;
#[path = "../tests/store/house.rs"]
mod house;

use house::House;

fn main() {
    let writers = option("--writers", 64);
    let events = option("--events", 50_000);
    let place = std::env::var_os("LANTERNFISH_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let fsync = fsync(&place);
    println!("{{\"bench\":\"fsync\",\"p50_ms\":{:.2},\"p99_ms\":{:.2}}}", milliseconds(fsync[fsync.len() / 2]), milliseconds(fsync[fsync.len() * 99 / 100]));
    let server = std::env::args().any(|word| word == "--server");
    let database = server.then(|| cluster::cluster().unwrap().empty());
    let house = House::on(tempfile::tempdir_in(&place).unwrap(), database);
    let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    house.live_authority(&case, 1_000);
    let mut waits = Vec::new();
    run(&house, &case, "alone", 1, 500, &mut waits);
    let mut waits = Vec::new();
    run(&house, &case, "together", writers, events, &mut waits);
}

/// Lets `writers` threads write `events` notes, and prints what it took.
fn run(house: &House, case: &model::id::CaseId, name: &str, writers: usize, events: usize, waits: &mut Vec<Duration>) {
    let size = house.store.log_size().unwrap();
    let (began, cpu) = (Instant::now(), cpu_seconds());
    std::thread::scope(|threads| {
        let hands: Vec<_> = (0..writers)
            .map(|writer| {
                threads.spawn(move || {
                    let scope = house.scope(["Noy", "Dao"][writer % 2], case);
                    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
                    let note = |n: usize| {
                        let began = Instant::now();
                        house.note_under(&scope, &permit, &{ let _ = n; hex::encode(store::vault::secret::fresh_id().unwrap()) }, "what an officer notes").unwrap();
                        began.elapsed()
                    };
                    (0..events / writers).map(note).collect::<Vec<_>>()
                })
            })
            .collect();
        hands.into_iter().for_each(|hand| waits.extend(hand.join().unwrap()));
    });
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let written = (house.store.log_size().unwrap() - size) as f64;
    waits.sort();
    println!(
        "{{\"bench\":\"events\",\"run\":\"{name}\",\"writers\":{writers},\"events\":{written},\"per_s\":{:.0},\"cpu_us_each\":{:.0},\"wait_p50_ms\":{:.2},\"wait_p99_ms\":{:.2},\"rss_anon_mib\":{}}}",
        written / wall,
        cpu * 1e6 / written,
        milliseconds(waits[waits.len() / 2]),
        milliseconds(waits[waits.len() * 99 / 100]),
        rss_anon_kib() / 1024,
    );
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
