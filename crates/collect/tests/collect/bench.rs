//! A spool with its keys, loopback servers that answer by script, and a reader for WARC text.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use collect::clock::Now;
use collect::{Collector, Running, SpoolError};
use ed25519_dalek::SigningKey;
use model::capture::{CaptureRecord, Fetch, FetchOutcome, Order};
use tempfile::TempDir;

pub const CHILD: &str = env!("CARGO_BIN_EXE_collect-child");

/// One spool, the desk's key, the child's seed and the spool's identity.
pub struct Bench {
    pub spool: TempDir,
    pub desk: SigningKey,
    pub seed: [u8; 32],
    pub identity: age::x25519::Identity,
}

impl Bench {
    pub fn new() -> Bench {
        Bench {
            spool: tempfile::tempdir().unwrap(),
            desk: SigningKey::from_bytes(&[7; 32]),
            seed: [9; 32],
            identity: age::x25519::Identity::generate(),
        }
    }

    /// An order for `urls` with a lease of 20 s, 8 MiB and 20 s a response.
    pub fn order(&self, urls: &[&str]) -> Order {
        let now = Now::read().wall;
        Order {
            order: model::id::OrderId::from_random([1; 16]),
            serial: 1,
            case: model::id::CaseId::from_random([2; 16]),
            authority: model::id::AuthorityId::from_random([3; 16]),
            actor: model::id::ActorId::from_random([4; 16]),
            urls: urls.iter().map(|url| url.to_string()).collect(),
            byte_budget: 8 << 20,
                media: false,
            browser: None,
            page_budget: None,
            pause_ms: None,
            timeout_ms: 20_000,
            transport: collect::LOOPBACK_DIRECT.into(),
            isolation: None,
            network: None,
            keeping: None,
            spool_recipient: self.identity.to_public().to_string(),
            issued: now,
            until: now.plus_seconds(20),
        }
    }

    /// The same with a lease of `ms` from now.
    pub fn short_order(&self, urls: &[&str], ms: i64) -> Order {
        let order = self.order(urls);
        Order { until: model::Moment::from_micros(order.issued.micros() + ms * 1_000), ..order }
    }

    pub fn path(&self) -> &Path {
        self.spool.path()
    }

    pub fn child_key(&self) -> ed25519_dalek::VerifyingKey {
        SigningKey::from_bytes(&self.seed).verifying_key()
    }

    pub fn start(&self, order: &Order) -> Running {
        Collector::new(CHILD).start(self.path(), order, &self.desk, self.seed).unwrap()
    }

    /// Runs to the end; panics unless the child signed a record that stands every check.
    pub fn run(&self, order: &Order) -> CaptureRecord {
        let mut running = self.start(order);
        let status = running.wait();
        assert_eq!(status.code(), Some(0), "{}", running.message());
        self.examine().unwrap()
    }

    pub fn run_urls(&self, urls: &[&str]) -> CaptureRecord {
        self.run(&self.order(urls))
    }

    pub fn examine(&self) -> Result<CaptureRecord, SpoolError> {
        collect::examine_spool(self.path(), &self.child_key(), &self.identity)
    }

    /// Starts a child on whatever lies in the spool; the desk key it must trust is given.
    pub fn start_raw(&self, trusted: &SigningKey) -> Child {
        let line = serde_json::json!({
            "spool": self.path().to_str().unwrap(),
            "desk_key": hex::encode(trusted.verifying_key().to_bytes()),
            "seed": hex::encode(self.seed),
        });
        let mut child =
            Command::new(CHILD).arg("__collect").stdin(Stdio::piped()).stderr(Stdio::piped()).env_clear().spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        child
    }

    /// The plaintext of the captured WARC file.
    pub fn warc(&self) -> Vec<u8> {
        let mut text = Vec::new();
        collect::open_warc(self.path(), &self.identity).unwrap().read_to_end(&mut text).unwrap();
        text
    }

    /// Raw bytes of the response that belongs to `fetch`.
    pub fn response(&self, fetch: &Fetch) -> Vec<u8> {
        let id = fetch.response_record.clone().expect("a response record");
        records(&self.warc()).into_iter().find(|r| r.fields["WARC-Record-ID"] == id).expect("the record is there").block
    }
}

pub struct WarcRecord {
    pub fields: BTreeMap<String, String>,
    pub block: Vec<u8>,
}

/// Reads a WARC file strictly: what our writer makes, nothing looser.
pub fn records(mut text: &[u8]) -> Vec<WarcRecord> {
    let mut found = Vec::new();
    while !text.is_empty() {
        let end = text.windows(4).position(|w| w == b"\r\n\r\n").expect("a header end");
        let head = std::str::from_utf8(&text[..end]).unwrap();
        let mut lines = head.split("\r\n");
        assert_eq!(lines.next(), Some("WARC/1.1"));
        let fields: BTreeMap<String, String> = lines
            .map(|line| line.split_once(": ").expect("name: value"))
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        let length: usize = fields["Content-Length"].parse().unwrap();
        let block = text[end + 4..end + 4 + length].to_vec();
        assert_eq!(&text[end + 4 + length..][..4], b"\r\n\r\n");
        text = &text[end + 8 + length..];
        found.push(WarcRecord { fields, block });
    }
    found
}

/// A server on loopback that plays `script` for each connection after it has read a request head.
pub struct Server {
    pub address: SocketAddr,
    hits: Arc<AtomicUsize>,
}

impl Server {
    pub fn new(script: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hits = Arc::new(AtomicUsize::new(0));
        let (counted, script) = (hits.clone(), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                let script = script.clone();
                thread::spawn(move || answer(stream, &*script));
            }
        });
        Server { address, hits }
    }

    /// Answers every request with exactly these bytes, then closes.
    pub fn sending(bytes: &[u8]) -> Server {
        let bytes = bytes.to_vec();
        Server::new(move |_, stream| {
            let _ = stream.write_all(&bytes);
        })
    }

    /// A head that promises 1 MiB, then 1 byte every 20 ms as long as somebody listens.
    pub fn dripping() -> Server {
        Server::new(|_, stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n");
            while stream.write_all(b"d").is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: TcpStream, script: &dyn Fn(&str, &mut TcpStream)) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return,
        }
    }
    script(&String::from_utf8(request).unwrap(), &mut stream);
}

/// Nobody listens there: bound once, then let go.
pub fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub fn complete(status: u16) -> FetchOutcome {
    FetchOutcome::Complete { status }
}

pub fn partial(status: Option<u16>, reason: &str) -> FetchOutcome {
    FetchOutcome::Partial { status, reason: reason.into() }
}

pub fn failed(reason: &str) -> FetchOutcome {
    FetchOutcome::Failed { reason: reason.into() }
}

/// Waits until `done` or fails after `seconds`.
pub fn within(seconds: u64, what: &str, mut done: impl FnMut() -> bool) -> Duration {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(seconds), "{what}: not within {seconds} s");
        thread::sleep(Duration::from_millis(20));
    }
    begin.elapsed()
}
