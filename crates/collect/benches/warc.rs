//! Cost of writing WARC records, in CPU-seconds, beside warcio over the same records in the same run. Ours hashes the
//! payload, the block twice (on arrival and again when it is written) and the file, all with SHA-256; warcio as it comes
//! hashes payload and block once, with SHA-1. Both write to /dev/null, without compression. The floor is our four hashes
//! and nothing else. Prints one JSON value for each size; a peer that is not installed is named as skipped.
//!
//! Run: `cargo bench -p collect`. `LANTERNFISH_BENCH_PYTHON` names a Python that has `warcio`.

use std::{
    fs::OpenOptions,
    io::{BufWriter, Write},
    process::{Command, Stdio},
};

use collect::warc::{RecordHead, WarcWriter, digest_label, record_id};
use model::{Moment, Sha256Digest};

/// Records and bytes of body of each: pages of an onion service, pages with much text, files.
const SIZES: [(u32, usize); 3] = [(40_000, 4_000), (10_000, 40_000), (200, 4_000_000)];

/// The same work by warcio: a count, a size; says its CPU-seconds.
const PEER: &str = r#"
import io, sys, time
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter
count, size = int(sys.argv[1]), int(sys.argv[2])
body = b"<p>SYNTHETIC</p>" * (size // 16)
with open("/dev/null", "wb") as out:
    begun = time.process_time()
    writer = WARCWriter(out, gzip=False, warc_version="1.1")
    for number in range(count):
        head = StatusAndHeaders("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(size))], protocol="HTTP/1.1")
        record = writer.create_warc_record("http://synthetic.invalid/%d" % number, "response", payload=io.BytesIO(body), http_headers=head)
        writer.write_record(record)
    print(time.process_time() - begun)
"#;

fn main() {
    let python = std::env::var("LANTERNFISH_BENCH_PYTHON").unwrap_or_else(|_| "python3".into());
    for (count, size) in SIZES {
        let ours = (0..3).map(|_| written(count, size)).fold(f64::MAX, f64::min);
        let floor = (0..3).map(|_| hashed(count, size)).fold(f64::MAX, f64::min);
        let peer = (0..3).filter_map(|_| peer(&python, count, size)).reduce(f64::min);
        let told = peer.map_or("\"skipped: warcio is not installed\"".to_string(), |cpu| format!("{cpu:.3}"));
        let ratio = peer.map_or("null".to_string(), |cpu| format!("{:.1}", cpu / ours));
        println!(r#"{{"bench":"warc","records":{count},"bytes":{size},"cpu_s":{ours:.3},"floor_cpu_s":{floor:.3},"mb_per_cpu_s":{:.0},"warcio_cpu_s":{told},"warcio_to_ours":{ratio}}}"#, f64::from(count) * size as f64 / 1e6 / ours);
    }
}

/// CPU-seconds for this many records of this size.
fn written(count: u32, size: usize) -> f64 {
    let body = b"<p>SYNTHETIC</p>".repeat(size / 16);
    let out = BufWriter::new(OpenOptions::new().write(true).open("/dev/null").expect("a place where bytes vanish"));
    let begun = cpu_seconds();
    let mut warc = WarcWriter::new(out);
    for number in 0..count {
        let mut block = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {size}\r\n\r\n").into_bytes();
        block.extend_from_slice(&body);
        let id = record_id(u128::from(number).to_le_bytes());
        let fields = vec![("WARC-Target-URI", format!("http://synthetic.invalid/{number}")), ("WARC-Payload-Digest", digest_label(Sha256Digest::of(&body)))];
        let head = RecordHead { kind: "response", id: &id, date: Moment::from_micros(0), content_type: "application/http; msgtype=response", fields };
        warc.write_bytes(&head, &block).expect("writing to nowhere");
    }
    let (mut out, totals) = warc.finish();
    out.flush().expect("writing to nowhere");
    assert_eq!(totals.records, u64::from(count));
    cpu_seconds() - begun
}

/// The same four digests over the same bytes, and no record.
fn hashed(count: u32, size: usize) -> f64 {
    let body = b"<p>SYNTHETIC</p>".repeat(size / 16);
    let begun = cpu_seconds();
    for _ in 0..count {
        for _ in 0..4 {
            std::hint::black_box(Sha256Digest::of(std::hint::black_box(&body)));
        }
    }
    cpu_seconds() - begun
}

fn peer(python: &str, count: u32, size: usize) -> Option<f64> {
    let output = Command::new(python).args(["-c", PEER, &count.to_string(), &size.to_string()]).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// CPU time of this process, from the scheduler (nanoseconds).
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux with scheduler statistics");
    let nanoseconds: f64 = text.split(' ').next().and_then(|n| n.parse().ok()).expect("first field is a number");
    nanoseconds / 1e9
}
