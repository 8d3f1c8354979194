//! A large WARC passes with constant memory; the whole 10 GiB is run by hand with `--ignored`.

use std::io;
use std::time::Instant;

use parse::{Ended, Source};

use super::support::{Kept, ZipItem, budget, response, run_into, zip};

/// A WARC of equal records, made as it is read.
struct Endless {
    record: Vec<u8>,
    times: u64,
}

impl Source for Endless {
    fn len(&self) -> u64 {
        self.record.len() as u64 * self.times
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset % self.record.len() as u64).unwrap();
        let count = buf.len().min(self.record.len() - start);
        buf[..count].copy_from_slice(&self.record[start..start + count]);
        Ok(count)
    }
}

fn check_large(gib: u64, megabytes_a_record: usize) {
    let record = response("http://synthetic.invalid/", "", &vec![b'x'; megabytes_a_record << 20]);
    let times = (gib << 30) / record.len() as u64 + 1;
    let mut source = Endless { record, times };
    let mut kept = Kept { forget_bytes: true, ..Kept::default() };
    let started = Instant::now();
    let outcome = run_into(&mut source, &parse::Budget { wall_ms: 600_000, cpu_s: 600, ..budget() }, &mut kept);
    let seconds = started.elapsed().as_secs_f64();
    println!("{gib} GiB WARC: {seconds:.1} s, child RssAnon {} KiB", outcome.peak_rss_anon >> 10);
    assert_eq!((outcome.ended, outcome.summary.members_out, outcome.summary.payloads_out), (Ended::Done, times, times));
    assert!(outcome.peak_rss_anon < 32 << 20, "{} bytes resident", outcome.peak_rss_anon);
}

#[test]
fn a_large_warc_passes_with_constant_memory() {
    check_large(1, 200);
}

#[test]
fn a_zip_of_sixty_thousand_entries_is_read() {
    let items: Vec<ZipItem> = (0..60_000).map(|n| ZipItem::stored(&format!("{n}"), b"x")).collect();
    let started = Instant::now();
    let mut kept = Kept { forget_bytes: true, ..Kept::default() };
    let outcome = run_into(&mut zip(&items), &budget(), &mut kept);
    println!(
        "60,000 entries: {:.1} s, child RssAnon {} KiB",
        started.elapsed().as_secs_f64(),
        outcome.peak_rss_anon >> 10
    );
    assert_eq!((outcome.ended, outcome.summary.members_out), (Ended::Done, 60_000));
}

#[test]
#[ignore = "takes about a minute"]
fn a_warc_of_10_gib_passes_with_constant_memory() {
    check_large(10, 700);
}
