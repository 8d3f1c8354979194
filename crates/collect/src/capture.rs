//! Carries out one order: every URL in turn, raw bytes into the WARC file, a verdict for each.
//!
//! The lease is looked at before each step and at least every quarter of a second while bytes arrive;
//! when it is over, the response is cut where it stands, and what had arrived is kept and marked.
//! Network trouble is a verdict; only trouble with the spool is an error.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::capture::{Fetch, FetchOutcome, Order, Probe, Rendered, Shown};
use model::{Moment, Sha256Digest};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::clock::Now;
use crate::destination::{self, Peer, Target};
use crate::gate::{Gate, Passage};
use crate::holding::Holding;
use crate::lease::{Lease, OrderRefusal};
use crate::progress::Tally;
use crate::room::Room;
use crate::response::{Ending, RECORDED_LOCATION, ResponseReader};
use crate::socks::{Dialogue, SocksFailure, Turn};
use crate::warc::{self, RecordHead, WarcTotals, WarcWriter};
use crate::tls;
use crate::wire::{Plain, Wire};
use crate::withhold::{Keeper, Pending, Sieve, covered};
use crate::{TOOL, spool};

/// Longest time between two looks at the order file, and longest single wait on a socket.
const LOOK_EVERY_MS: i64 = 250;

/// The user agent of a common anonymous browser: it names neither tool nor agency.
pub(crate) const USER_AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0";

/// What the WARC file says of itself when it was captured for a persona.
const WITHHELD: &str = "; cookies are withheld: in their place stands SHA-256 of a salt and the value, or a row of stars, and digests cover what stands here";

/// What the WARC file says of itself when a browser made a part of it.
const SHOWN: &str = "; resource records (urn:view, urn:dom, urn:mhtml) are what a browser without a network made of these responses, not what a server sent";

/// Watches the order file. Once it has said "over" it never says otherwise.
pub(crate) struct Watch {
    path: PathBuf,
    lease: Lease,
    looked_boot_ms: i64,
    ended: Option<OrderRefusal>,
}

impl Watch {
    pub(crate) fn new(folder: &Path, lease: Lease) -> Watch {
        Watch { path: folder.join(spool::ORDER), lease, looked_boot_ms: i64::MIN, ended: None }
    }

    /// Whether work may go on now.
    fn live(&mut self) -> bool {
        let now = Now::read();
        if self.ended.is_none() {
            self.ended = self.look(now).err();
        }
        self.ended.is_none()
    }

    fn look(&mut self, now: Now) -> Result<(), OrderRefusal> {
        if now.boot_ms.saturating_sub(self.looked_boot_ms) >= LOOK_EVERY_MS {
            self.looked_boot_ms = now.boot_ms;
            let file = spool::read_small(&self.path).map_err(|e| OrderRefusal::Missing(e.to_string()))?;
            self.lease.renew(&file, now)?;
        }
        self.lease.live(now)
    }
}

/// What a run leaves behind beside the WARC bytes.
pub(crate) struct Taken {
    pub(crate) lease: Lease,
    pub(crate) fetches: Vec<Fetch>,
    pub(crate) totals: WarcTotals,
    /// For a persona: what was withheld.
    pub(crate) keeper: Option<Keeper>,
    /// For a browser: what it did, and what was seen of it.
    pub(crate) browser: Option<(Rendered, Vec<Probe>)>,
}

/// Why a response was cut or never came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    LeaseLapsed,
    Budget,
    PageBudget,
    Timeout,
    ConnectionLost,
    Malformed,
    ConnectionRefused,
    Unreachable,
    /// The server repeats the session again and again.
    Session,
    /// Not text, and the order is for text only.
    NotText,
    /// What answered does not speak TLS as it must.
    Tls,
    /// Tor could not lead there.
    Proxy(SocksFailure),
}

impl Cut {
    fn reason(self) -> &'static str {
        match self {
            Cut::LeaseLapsed => "lease-lapsed",
            Cut::Budget => "budget",
            Cut::PageBudget => "page-budget",
            Cut::Timeout => "timeout",
            Cut::ConnectionLost => "connection-lost",
            Cut::Malformed => "malformed-response",
            Cut::ConnectionRefused => "connection-refused",
            Cut::Unreachable => "unreachable",
            Cut::Session => "session-repeated",
            Cut::NotText => "not-text",
            Cut::Tls => "tls-failed",
            Cut::Proxy(failure) => failure.reason(),
        }
    }

    /// `WARC-Truncated` (WARC 1.1 §5.13); none where all that was sent was kept.
    fn truncated(self) -> Option<&'static str> {
        match self {
            Cut::LeaseLapsed | Cut::Timeout => Some("time"),
            Cut::Budget | Cut::PageBudget | Cut::Session | Cut::NotText => Some("length"),
            Cut::ConnectionLost => Some("disconnect"),
            Cut::Malformed | Cut::ConnectionRefused | Cut::Unreachable | Cut::Tls | Cut::Proxy(_) => None,
        }
    }

    /// Whether the same URL may be reached over another circuit.
    fn may_pass(self) -> bool {
        matches!(self, Cut::Proxy(failure) if failure.may_pass())
    }
}

/// Each URL is tried with so many circuit labels before it is called unreachable; onion services come and go.
const TRIES: usize = 3;
/// The pause before another circuit: long enough for a descriptor to be published.
const PAUSE: Duration = Duration::from_secs(2);

/// One order being carried out; WARC bytes go to `W`.
pub(crate) struct Capture<W: Write> {
    folder: PathBuf,
    /// Tor's socket, where the order goes through Tor.
    proxy: Option<PathBuf>,
    watch: Watch,
    warc: WarcWriter<W>,
    warcinfo: String,
    budget_left: u64,
    /// What is left of it for the response that is being received.
    page_left: u64,
    /// When each host was last asked, by the boot clock, where the order wants a pause.
    asked: BTreeMap<String, i64>,
    timeout_ms: i64,
    /// The session of a persona.
    keeper: Option<Keeper>,
    /// For a browser: the last response as it was kept.
    copy: Option<Vec<u8>>,
    /// How far it is, for the officer who waits.
    tally: Tally,
    /// What the record may still hold.
    room: Room,
}

/// The longest response that a browser is given, in bytes.
const MOST_COPIED: u64 = 24 << 20;

/// A response as it was received.
struct Received {
    holding: Holding,
    digest: Sha256,
    reader: ResponseReader,
    cut: Option<Cut>,
    /// What takes the secrets of a session out.
    sieve: Option<Sieve>,
    /// What stops pictures.
    gate: Gate,
}

impl<W: Write> Capture<W> {
    pub(crate) fn new(folder: &Path, proxy: Option<&Path>, watch: Watch, out: W) -> Self {
        let order = watch.lease.order();
        let (budget_left, timeout_ms, room) = (order.byte_budget, i64::try_from(order.timeout_ms).unwrap_or(i64::MAX), Room::of(order));
        Capture { folder: folder.to_path_buf(), proxy: proxy.map(Path::to_path_buf), watch, warc: WarcWriter::new(out), warcinfo: String::new(), budget_left, page_left: u64::MAX, asked: BTreeMap::new(), timeout_ms, keeper: None, copy: None, tally: Tally::new(folder), room }
    }

    /// The same with the session of a persona.
    pub(crate) fn for_persona(mut self, keeper: Option<Keeper>) -> Self {
        self.keeper = keeper;
        self
    }

    /// Fetches everything that the lease allows.
    pub(crate) fn run(mut self) -> io::Result<(W, Taken)> {
        self.write_warcinfo()?;
        let mut urls: VecDeque<String> = self.watch.lease.order().urls.clone().into();
        let mut fetches = Vec::with_capacity(urls.len());
        while let Some(url) = urls.pop_front() {
            fetches.push(self.fetch(url)?);
        }
        Ok(self.end(fetches, None))
    }

    /// Ends the WARC file and tells what was done.
    pub(crate) fn end(self, fetches: Vec<Fetch>, browser: Option<(Rendered, Vec<Probe>)>) -> (W, Taken) {
        let (out, totals) = self.warc.finish();
        (out, Taken { lease: self.watch.lease, fetches, totals, keeper: self.keeper, browser })
    }

    /// Whether the lease lets work go on.
    pub(crate) fn live(&mut self) -> bool {
        self.watch.live()
    }

    pub(crate) fn order(&self) -> &Order {
        self.watch.lease.order()
    }

    /// Fetches for a browser: the verdict, and the response as it was kept, unless it is too long to be shown.
    pub(crate) fn fetch_for_a_browser(&mut self, url: &str) -> io::Result<(Fetch, Option<Vec<u8>>)> {
        self.copy = Some(vec![]);
        let fetch = self.fetch(url.to_string())?;
        let copy = self.copy.take().filter(|copy| copy.len() as u64 == fetch.response_bytes);
        Ok((fetch, copy))
    }

    /// Writes what a browser made of a page. None when the order's bytes do not suffice.
    pub(crate) fn keep_shown(&mut self, uri: &str, content_type: &str, of: Option<&str>, block: &[u8]) -> io::Result<Option<Shown>> {
        let bytes = block.len() as u64;
        let Some(left) = self.budget_left.checked_sub(bytes) else { return Ok(None) };
        self.budget_left = left;
        let id = fresh_id()?;
        let mut fields = vec![("WARC-Target-URI", uri.to_string()), ("WARC-Warcinfo-ID", self.warcinfo.clone())];
        fields.extend(of.map(|record| ("WARC-Concurrent-To", record.to_string())));
        self.warc.write_bytes(&RecordHead { kind: "resource", id: &id, date: Now::read().wall, content_type, fields }, block)?;
        Ok(Some(Shown { record: id, digest: Sha256Digest::of(block), bytes }))
    }

    pub(crate) fn write_warcinfo(&mut self) -> io::Result<()> {
        let order = self.watch.lease.order();
        let text = format!(
            "software: {TOOL}\r\nformat: WARC File Format 1.1\r\n\
             conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n\
             isPartOf: {} {} {}\r\nhttp-header-user-agent: {USER_AGENT}\r\n\
             robots: not read here; {}\r\n\
             description: blocks are the bytes as received; the payload digest covers the bytes after the HTTP head, transfer coding left in place{}{}\r\n",
            order.case,
            order.authority,
            order.order,
            if order.browser.is_some() { "the URLs of a lawful order are fetched, and what a browser asks the same servers for while it shows them" } else { "exactly the URLs of a lawful order are fetched" },
            self.keeper.as_ref().map_or("", |_| WITHHELD),
            order.browser.as_ref().map_or("", |_| SHOWN)
        );
        self.warcinfo = fresh_id()?;
        let head = RecordHead {
            kind: "warcinfo",
            id: &self.warcinfo,
            date: Now::read().wall,
            content_type: "application/warc-fields",
            fields: vec![],
        };
        self.warc.write_bytes(&head, text.as_bytes())
    }

    /// Whether the record has room for what a page asks for beside itself.
    pub(crate) fn has_room_for_parts(&self) -> bool {
        self.room.is_left_for_parts()
    }

    /// Fetches one URL: the verdict.
    pub(crate) fn fetch(&mut self, url: String) -> io::Result<Fetch> {
        let mut fetch = unanswered(url);
        if !self.room.is_left() {
            self.tally.ended(false);
            return Ok(Fetch { outcome: failed("record-full"), ..fetch });
        }
        let order = self.watch.lease.order();
        match destination::target_on(&order.transport, order.network.as_deref(), &fetch.url) {
            Err(refusal) => fetch.outcome = failed(format!("refused-destination: {refusal}")),
            Ok(target) => {
                self.keep_pace(&target);
                self.page_left = self.watch.lease.order().page_budget.unwrap_or(u64::MAX);
                self.visit(&target, &mut fetch)?;
            }
        }
        fetch.ended = Now::read().wall;
        self.tally.ended(!matches!(fetch.outcome, FetchOutcome::Failed { .. }));
        self.room.take(&mut fetch);
        Ok(fetch)
    }

    /// Waits until the order's pause for this host is over; a lease that ends meanwhile is seen by what follows.
    fn keep_pace(&mut self, target: &Target) {
        let Some(pause_ms) = self.watch.lease.order().pause_ms.filter(|pause| *pause > 0) else { return };
        let pause_ms = i64::try_from(pause_ms).unwrap_or(i64::MAX);
        let until = self.asked.get(&target.authority).map_or(i64::MIN, |last| last.saturating_add(pause_ms));
        while let Ok(wait) = self.may_go_on(until) {
            std::thread::sleep(wait);
        }
        self.asked.insert(target.authority.clone(), Now::read().boot_ms);
    }

    /// Connects, asks and receives; fills in how it ended.
    fn visit(&mut self, target: &Target, fetch: &mut Fetch) -> io::Result<()> {
        let deadline_boot_ms = Now::read().boot_ms.saturating_add(self.timeout_ms);
        let (sent, request, pending) = self.with_session(target, request_text(target))?;
        let mut stream = loop {
            match self.connect(target, fetch.earlier.len(), deadline_boot_ms) {
                Ok(stream) => break stream,
                Err(cut) if cut.may_pass() && fetch.earlier.len() + 1 < TRIES => {
                    fetch.earlier.push(cut.reason().to_string());
                    self.pause(deadline_boot_ms);
                }
                Err(cut) => {
                    fetch.outcome = failed(cut.reason());
                    return Ok(());
                }
            }
        };
        fetch.peer = Some(target.peer.to_string());
        fetch.tls = target.tls.as_ref().and_then(|host| stream.shown(host));
        fetch.started = Now::read().wall;
        let sent = self.send(&mut stream, sent.as_bytes(), deadline_boot_ms);
        let received = match sent {
            Ok(()) => self.receive(&mut stream, deadline_boot_ms)?,
            Err(cut) => Received::nothing(&self.folder, cut),
        };
        drop(stream);
        self.keep(target, &request, pending, received, fetch)
    }

    fn connect(&mut self, target: &Target, tries: usize, deadline_boot_ms: i64) -> Result<Wire, Cut> {
        let plain = match (&target.peer, self.proxy.clone()) {
            (Peer::Loopback(address), None) => self.connect_loopback(*address, deadline_boot_ms)?,
            (Peer::Onion { host, port } | Peer::Named { host, port }, Some(proxy)) => self.connect_proxied(&proxy, host, *port, tries, deadline_boot_ms)?,
            // An address that this transport has no way to.
            _ => return Err(Cut::Unreachable),
        };
        match &target.tls {
            None => Ok(Wire::Plain(plain)),
            Some(host) => self.secure(host, plain, deadline_boot_ms),
        }
    }

    /// Shakes hands inside the stream.
    fn secure(&mut self, host: &str, plain: Plain, deadline_boot_ms: i64) -> Result<Wire, Cut> {
        let mut secured = tls::begin(host, plain).map_err(|_| Cut::Tls)?;
        loop {
            let wait = self.may_go_on(deadline_boot_ms)?;
            secured.sock.wait_to_read(wait).map_err(|_| Cut::ConnectionLost)?;
            match tls::shake(&mut secured) {
                Ok(true) => return Ok(Wire::Secured(Box::new(secured))),
                Ok(false) => {}
                Err(e) if is_wait(e.kind()) => {}
                Err(e) if e.kind() == ErrorKind::InvalidData => return Err(Cut::Tls),
                Err(_) => return Err(Cut::ConnectionLost),
            }
        }
    }

    fn connect_loopback(&mut self, address: std::net::SocketAddr, deadline_boot_ms: i64) -> Result<Plain, Cut> {
        loop {
            let wait = self.may_go_on(deadline_boot_ms)?;
            match TcpStream::connect_timeout(&address, wait) {
                Ok(stream) => return stream.set_write_timeout(Some(wait)).map(|()| Plain::Tcp(stream)).map_err(|_| Cut::Unreachable),
                Err(e) if is_wait(e.kind()) => {}
                Err(e) if e.kind() == ErrorKind::ConnectionRefused => return Err(Cut::ConnectionRefused),
                Err(_) => return Err(Cut::Unreachable),
            }
        }
    }

    /// Asks Tor, or a named proxy, for a stream. Each further try has a label of its own, and with it a rendezvous of its own; what Tor
    /// knows of the service's descriptor, all of them share.
    fn connect_proxied(&mut self, proxy: &Path, host: &str, port: u16, tries: usize, deadline_boot_ms: i64) -> Result<Plain, Cut> {
        let broken = Cut::Proxy(SocksFailure::NotSocks);
        let label = self.watch.lease.order().isolation.clone().unwrap_or_default();
        let label = if tries == 0 || label.is_empty() { label } else { format!("{label}-{tries}") };
        let wait = self.may_go_on(deadline_boot_ms)?;
        let mut wire = Plain::Proxied(UnixStream::connect(proxy).map_err(|_| broken)?);
        wire.wait_to_write(wait).map_err(|_| broken)?;
        // A named proxy knows no labels: what it keeps apart, its keeper answers for.
        let begun = if label.is_empty() { Dialogue::unlabelled(&mut wire, host, port) } else { Dialogue::begin(&mut wire, &label, host, port) };
        let mut dialogue = begun.map_err(|_| broken)?;
        loop {
            let wait = self.may_go_on(deadline_boot_ms)?;
            wire.wait_to_read(wait).map_err(|_| broken)?;
            match dialogue.listen(&mut wire) {
                Ok(Turn::Open) => return Ok(wire),
                Ok(Turn::Wait) => {}
                Err(failure) => return Err(Cut::Proxy(failure)),
            }
        }
    }

    /// Waits before another circuit, no longer than the lease and the order allow.
    fn pause(&mut self, deadline_boot_ms: i64) {
        let mut left = PAUSE;
        while !left.is_zero() {
            let Ok(wait) = self.may_go_on(deadline_boot_ms) else { return };
            let wait = wait.min(left);
            std::thread::sleep(wait);
            left -= wait;
        }
    }

    fn send(&mut self, stream: &mut Wire, mut rest: &[u8], deadline_boot_ms: i64) -> Result<(), Cut> {
        while !rest.is_empty() {
            self.may_go_on(deadline_boot_ms)?;
            match stream.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(e) if is_wait(e.kind()) => {}
                // A peer may answer and close without reading: what it said is still there to be read.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn receive(&mut self, stream: &mut Wire, deadline_boot_ms: i64) -> io::Result<Received> {
        let mut received = Received::begin(&self.folder).for_session(self.keeper.is_some()).of_kind(self.watch.lease.order().media);
        let mut buffer = vec![0; 64 << 10];
        while received.reader.ending() != Ending::Whole && received.cut.is_none() {
            match self.read_some(stream, &mut buffer, deadline_boot_ms) {
                Ok(Some(0)) => {
                    received.close();
                    break;
                }
                Ok(Some(read)) => received.push(&buffer[..read], self.keeper.as_mut())?,
                Ok(None) => {}
                Err(cut) => {
                    received.cut = Some(cut);
                    break;
                }
            }
        }
        Ok(received)
    }

    /// One short wait for bytes: how many came (0: the peer closed), or none yet.
    fn read_some(&mut self, stream: &mut Wire, buffer: &mut [u8], deadline_boot_ms: i64) -> Result<Option<usize>, Cut> {
        let wait = self.may_go_on(deadline_boot_ms)?;
        stream.wait_to_read(wait).map_err(|_| Cut::ConnectionLost)?;
        if self.page_left == 0 {
            return Err(Cut::PageBudget);
        }
        let most = usize::try_from(self.budget_left.min(self.page_left)).unwrap_or(usize::MAX).min(buffer.len());
        match stream.read(&mut buffer[..most]) {
            Ok(read) => {
                self.budget_left -= read as u64;
                self.page_left -= read as u64;
                self.tally.received(read as u64);
                Ok(Some(read))
            }
            Err(e) if is_wait(e.kind()) => Ok(None),
            Err(_) => Err(Cut::ConnectionLost),
        }
    }

    /// How long the next wait may be, or why there is none.
    fn may_go_on(&mut self, deadline_boot_ms: i64) -> Result<Duration, Cut> {
        if !self.watch.live() {
            return Err(Cut::LeaseLapsed);
        }
        if self.budget_left == 0 {
            return Err(Cut::Budget);
        }
        match deadline_boot_ms.saturating_sub(Now::read().boot_ms) {
            left if left > 0 => Ok(Duration::from_millis(left.min(LOOK_EVERY_MS).unsigned_abs())),
            _ => Err(Cut::Timeout),
        }
    }

    /// The request as it is sent, and as it is kept: they differ by the session of a persona.
    fn with_session(&mut self, target: &Target, request: String) -> io::Result<(Zeroizing<String>, String, Vec<Pending>)> {
        match &mut self.keeper {
            Some(keeper) => keeper.request(target.host(), &request),
            None => Ok((Zeroizing::new(request.clone()), request, vec![])),
        }
    }

    /// Notes what was withheld from the response, and commits to it as it came.
    fn withhold(&mut self, target: &Target, record: &str, sieve: Option<Sieve>, fetch: &mut Fetch) -> io::Result<()> {
        let (Some(sieve), Some(keeper)) = (sieve, &mut self.keeper) else { return Ok(()) };
        let (pending, received) = sieve.into_parts();
        fetch.withheld = keeper.note(record, target.host(), pending);
        fetch.as_received = Some(keeper.as_received(record, target.host(), &received)?);
        Ok(())
    }

    /// Writes request and response into the WARC file and the verdict into `fetch`.
    fn keep(&mut self, target: &Target, request: &str, pending: Vec<Pending>, mut received: Received, fetch: &mut Fetch) -> io::Result<()> {
        let date = fetch.started;
        received.finish(self.keeper.as_mut())?;
        fetch.outcome = received.outcome();
        fetch.response_bytes = received.holding.length();
        fetch.redirect = received.reader.redirect().map(|text| self.keeper.as_ref().map_or(text.to_string(), |keeper| covered(text, keeper)));
        // Cut only now: a value that lies across the cut was found whole.
        fetch.redirect = fetch.redirect.take().map(|text| text.chars().take(RECORDED_LOCATION).collect());
        let mut about = vec![("WARC-Target-URI", without_fragment(&fetch.url))];
        if let Peer::Loopback(address) = &target.peer {
            about.push(("WARC-IP-Address", address.ip().to_string()));
        }
        about.push(("WARC-Warcinfo-ID", self.warcinfo.clone()));
        if fetch.response_bytes > 0 {
            let sieve = received.sieve.take();
            let payload = sieve.as_ref().map(Sieve::payload_digest);
            // Of what is not text nothing of the payload is kept.
            let whole = received.reader.payload_digest().filter(|_| received.cut != Some(Cut::NotText));
            fetch.payload_digest = whole.map(|whole| Sha256Digest(payload.unwrap_or(whole)));
            let (id, digest) = self.write_response(date, &about, received, payload)?;
            self.withhold(target, &id, sieve, fetch)?;
            about.push(("WARC-Concurrent-To", id.clone()));
            fetch.response_record = Some(id);
            fetch.response_digest = Some(digest);
        }
        let id = fresh_id()?;
        if let Some(keeper) = &mut self.keeper {
            fetch.withheld.splice(0..0, keeper.note(&id, target.host(), pending));
        }
        let head = RecordHead { kind: "request", id: &id, date, content_type: "application/http; msgtype=request", fields: about };
        self.warc.write_bytes(&head, request.as_bytes())
    }

    /// `kept` is the digest of the payload as it is kept, where something may be withheld from it.
    fn write_response(&mut self, date: Moment, about: &[(&str, String)], received: Received, kept: Option<[u8; 32]>) -> io::Result<(String, Sha256Digest)> {
        let mut fields = about.to_vec();
        if let Some(truncated) = received.truncated() {
            fields.push(("WARC-Truncated", truncated.to_string()));
        }
        // The reader saw more of what is not text than is kept.
        if let Some(payload) = received.reader.payload_digest().filter(|_| kept.is_some() || received.cut != Some(Cut::NotText)) {
            fields.push(("WARC-Payload-Digest", warc::digest_label(Sha256Digest(kept.unwrap_or(payload)))));
        }
        let content_type = match received.reader.status() {
            Some(_) => "application/http; msgtype=response",
            // Without a head it is not HTTP, and no reader shall be told that it is.
            None => "application/octet-stream",
        };
        let (id, length) = (fresh_id()?, received.holding.length());
        let digest = Sha256Digest(received.digest.finalize().into());
        let head = RecordHead { kind: "response", id: &id, date, content_type, fields };
        let mut block = Copied { from: received.holding.into_reader()?, copy: self.copy.as_mut().filter(|_| length <= MOST_COPIED) };
        self.warc.write(&head, &mut block, length, digest)?;
        Ok((id, digest))
    }
}

impl Received {
    fn begin(folder: &Path) -> Received {
        Received { holding: Holding::new(folder), digest: Sha256::new(), reader: ResponseReader::default(), cut: None, sieve: None, gate: Gate::default() }
    }

    /// The same for the session of a persona, whose secrets are taken out.
    fn for_session(self, is_one: bool) -> Received {
        Received { sieve: is_one.then(Sieve::new), ..self }
    }

    /// The same for an order that is for more than text.
    fn of_kind(self, media: bool) -> Received {
        Received { gate: if media { Gate::Open } else { self.gate }, ..self }
    }

    fn nothing(folder: &Path, cut: Cut) -> Received {
        Received { cut: Some(cut), ..Received::begin(folder) }
    }

    fn push(&mut self, bytes: &[u8], keeper: Option<&mut Keeper>) -> io::Result<()> {
        self.reader.push(bytes);
        let passage = self.gate.push(bytes, &self.reader);
        self.pass(passage, keeper)
    }

    fn pass(&mut self, passage: Passage, keeper: Option<&mut Keeper>) -> io::Result<()> {
        match passage {
            Passage::Wait => Ok(()),
            Passage::Through(bytes) => self.sift(&bytes, keeper),
            Passage::Stopped(head) => {
                self.cut = Some(Cut::NotText);
                self.sift(&head, keeper)
            }
        }
    }

    fn sift(&mut self, bytes: &[u8], keeper: Option<&mut Keeper>) -> io::Result<()> {
        let (Some(sieve), Some(keeper)) = (&mut self.sieve, keeper) else { return self.hold(bytes) };
        let kept = sieve.push(bytes, &self.reader, keeper)?;
        if sieve.is_flooded() {
            self.cut = Some(Cut::Session);
        }
        if sieve.is_headless() {
            self.cut = Some(Cut::Malformed);
        }
        self.hold(&kept)
    }

    /// Nothing more comes.
    fn finish(&mut self, mut keeper: Option<&mut Keeper>) -> io::Result<()> {
        let passage = self.gate.finish(&self.reader);
        self.pass(passage, keeper.as_deref_mut())?;
        let (Some(sieve), Some(keeper)) = (&mut self.sieve, keeper) else { return Ok(()) };
        let kept = sieve.finish(&self.reader, keeper)?;
        self.hold(&kept)
    }

    fn hold(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.holding.write(bytes)
    }

    /// The peer closed the connection.
    fn close(&mut self) {
        self.reader.close();
        self.cut = match self.reader.ending() {
            Ending::Whole | Ending::WholeAtClose => None,
            Ending::Open => Some(Cut::ConnectionLost),
            Ending::Malformed => Some(Cut::Malformed),
        };
    }

    fn truncated(&self) -> Option<&'static str> {
        self.cut.and_then(Cut::truncated)
    }

    fn outcome(&self) -> FetchOutcome {
        let status = self.reader.status();
        match (self.cut, status) {
            (None, Some(status)) => FetchOutcome::Complete { status },
            // Bytes that never were HTTP: kept raw, but no response was received.
            (Some(Cut::Malformed | Cut::NotText) | None, None) => failed(Cut::Malformed.reason()),
            (Some(cut), _) if self.holding.length() == 0 => failed(cut.reason()),
            (Some(cut), status) => FetchOutcome::Partial { status, reason: cut.reason().to_string() },
        }
    }
}

/// Reads, and copies what is read.
struct Copied<'c> {
    from: Box<dyn Read>,
    copy: Option<&'c mut Vec<u8>>,
}

impl Read for Copied<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(out)?;
        if let Some(copy) = &mut self.copy {
            copy.extend_from_slice(&out[..read]);
        }
        Ok(read)
    }
}

/// A fetch of which nothing is known yet.
pub(crate) fn unanswered(url: String) -> Fetch {
    let now = Now::read().wall;
    Fetch {
        url,
        started: now,
        ended: now,
        outcome: failed("unreachable"),
        peer: None,
        response_record: None,
        response_digest: None,
        response_bytes: 0,
        payload_digest: None,
        redirect: None,
        earlier: vec![],
        tls: None,
        withheld: vec![],
        as_received: None,
    }
}

pub(crate) fn failed(reason: impl Into<String>) -> FetchOutcome {
    FetchOutcome::Failed { reason: reason.into() }
}

fn is_wait(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn without_fragment(url: &str) -> String {
    url.split('#').next().unwrap_or(url).to_string()
}

/// `identity` is asked for: the kept bytes can then be read in court without a decoder, and a server
/// that compresses all the same is kept as it answered.
fn request_text(target: &Target) -> String {
    format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {USER_AGENT}\r\n\
         Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\n\
         Accept-Encoding: identity\r\nConnection: close\r\n\r\n",
        target.request_target, target.authority
    )
}

fn fresh_id() -> io::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(warc::record_id(random))
}
