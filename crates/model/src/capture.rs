//! The contract between the desk and the `collect` child: a signed order in, a signed record out.
//!
//! Both are canonical JSON ([`crate::canonical`]) with an Ed25519 signature over those bytes,
//! carried in a [`Signed`] envelope. An order never reaches further than [`MAX_LEASE_SECONDS`]
//! ahead (laws 1 and 15).

use serde::{Deserialize, Serialize};

use crate::{
    Moment, Sha256Digest,
    id::{ActorId, AuthorityId, CaseId, OrderId},
    moment::ClockQuality,
};

/// Longest reach of one lease, in seconds.
pub const MAX_LEASE_SECONDS: i64 = 30;

/// Canonical bytes and the Ed25519 signature over them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The signed text: canonical JSON, as a string so that no re-encoding can change it.
    pub body: String,
    /// Ed25519 signature over `body`'s bytes: 128 hexadecimal digits.
    pub signature: String,
    /// The signer's public key: 64 hexadecimal digits. A hint; the reader knows which key he trusts.
    pub key: String,
}

/// What an order says of the session of a persona: it commits to what is sent, and names the key under which the
/// values are given back. No value stands in an order or in a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeping {
    /// The age recipient (`age1…`) of the persona: what is withheld is encrypted to it.
    pub recipient: String,
    /// What is sent as `Cookie` to which host.
    pub carried: Vec<CarriedFor>,
}

/// A commitment to the cookies for one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedFor {
    /// The host, without its port.
    pub host: String,
    /// `SHA-256(salt ‖ value)`.
    pub commitment: Sha256Digest,
}

/// Something that a record of the WARC file does not hold, because it would give a session away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// `WARC-Record-ID` of the record.
    pub record: String,
    /// `cookie`, `set-cookie`, or `repeated` for such a value anywhere else.
    pub field: String,
    /// Where in the record's block, in bytes from its beginning, what stands in place of it begins.
    pub at: Vec<u64>,
    /// How long the value was, in bytes.
    pub length: u64,
    /// `SHA-256(salt ‖ value)`: who is given value and salt can see that it is this one.
    pub commitment: Sha256Digest,
}

/// What the desk orders, and until when. Renewed by writing a new one over the old with rename(2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which order.
    pub order: OrderId,
    /// Counts renewals from 1; a lower serial than one already seen is refused.
    pub serial: u64,
    /// For which case.
    pub case: CaseId,
    /// Under which authority.
    pub authority: AuthorityId,
    /// For which officer.
    pub actor: ActorId,
    /// Exactly these URLs, in this order, nothing else (redirects are recorded, not followed, unless
    /// the target is listed too).
    pub urls: Vec<String>,
    /// Most bytes to receive in all.
    pub byte_budget: u64,
    /// Longest wait for one response, in milliseconds.
    pub timeout_ms: u64,
    /// Most bytes of one response, where it is less than all; the rest of that response is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_budget: Option<u64>,
    /// Pause between two requests to one host, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_ms: Option<u64>,
    /// Whether responses that are not text may be received too; otherwise they are cut before their first byte.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub media: bool,
    /// Whether and how the pages are opened in a browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<Rendering>,
    /// The transport that may be used: `loopback-direct`, `tor` (onion services), `tor-exit` (the open net through Tor's exits),
    /// `proxy` (the open net through a proxy of the agency), or `i2p`.
    pub transport: String,
    /// For `tor` and `tor-exit`: a label that means nothing outside (hexadecimal). Streams with one label share circuits,
    /// streams with different ones never do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<String>,
    /// For `tor` and `tor-exit`: `public`, or the SHA-256 of the description of a private network to practise on. For `proxy`
    /// and `i2p`: `proxy:` and the proxy's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// For a persona: what is sent and what is withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeping: Option<Keeping>,
    /// The age recipient (`age1…`) for which the spool is encrypted.
    pub spool_recipient: String,
    /// When this lease was written.
    pub issued: Moment,
    /// When it ends; at most [`MAX_LEASE_SECONDS`] after `issued`.
    pub until: Moment,
}

/// How pages are to be opened in a browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rendering {
    /// Whether the pages' scripts may run.
    pub scripts: bool,
}

/// What a browser did for an order. It had no network: whatever it wanted it asked the collector for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// Name and version, as the browser gives them.
    pub product: String,
    /// Whether the pages' scripts could run.
    pub scripts: bool,
    /// The pages of the order, each as it was shown.
    pub pages: Vec<RenderedPage>,
    /// What else the pages wanted and the collector fetched: from the order's own servers only.
    pub fetched: Vec<Fetch>,
    /// What they wanted and did not get.
    pub refused: Vec<Refused>,
    /// How many refusals more there were than are listed.
    pub refused_more: u64,
    /// The most memory of its own that the browser had at once, in KiB, as its watcher saw it.
    pub peak_memory_kib: u64,
}

/// One page as a browser showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedPage {
    /// The URL of the order.
    pub url: String,
    /// The address that the browser showed in the end.
    pub landed: Option<String>,
    /// `shown`, or why not: `lease-lapsed`, `timeout`, `led-away` (it wanted to lead its window elsewhere before it was loaded,
    /// and was loaded no further), `budget`, `part-missing` (one of the three was not made, or may not be
    /// kept), `browser-ended` (the page was then fetched without it), `not-loaded`.
    pub ended: String,
    /// The picture of the page (PNG); made only where the order is for media.
    pub screenshot: Option<Shown>,
    /// The document as it stood then (HTML).
    pub document: Option<Shown>,
    /// Both with what belongs to them in one file (MHTML).
    pub archive: Option<Shown>,
}

/// A record of the WARC file with what the browser made of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// `WARC-Record-ID`.
    pub record: String,
    /// SHA-256 of its block.
    pub digest: Sha256Digest,
    /// Length of its block, in bytes.
    pub bytes: u64,
}

/// What a page wanted and did not get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The address, cut after 512 signs.
    pub url: String,
    /// Why.
    pub why: String,
}

/// How one request ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum FetchOutcome {
    /// A whole response was received.
    Complete {
        /// HTTP status code.
        status: u16,
    },
    /// The response was cut; what had arrived is kept.
    Partial {
        /// HTTP status code, when the head had arrived.
        status: Option<u16>,
        /// Why it was cut: `lease-lapsed`, `budget`, `page-budget`, `timeout`, `connection-lost`, `not-text`.
        reason: String,
    },
    /// Nothing was received.
    Failed {
        /// `refused-destination`, `connection-refused`, `timeout`, `malformed-response`, `lease-lapsed`, `budget`,
        /// `record-full`.
        reason: String,
    },
}

/// One request of a capture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// The URL of the order.
    pub url: String,
    /// When the request was sent, or the first try began if there was none.
    pub started: Moment,
    /// When the last byte arrived or the attempt ended.
    pub ended: Moment,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: FetchOutcome,
    /// Address of the peer, when a connection was made.
    pub peer: Option<String>,
    /// `WARC-Record-ID` of the response record, when one was written.
    pub response_record: Option<String>,
    /// SHA-256 of the raw response bytes as received (head and body, before any decoding); where something of them is
    /// withheld, of the bytes as they are kept.
    pub response_digest: Option<Sha256Digest>,
    /// Number of these bytes.
    pub response_bytes: u64,
    /// SHA-256 of all that is kept after the head, transfer coding left in place; none without a whole head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_digest: Option<Sha256Digest>,
    /// For https: what the server showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsShown>,
    /// `Location` of a redirect that was recorded and not followed.
    pub redirect: Option<String>,
    /// How earlier tries of this URL ended, each with a circuit label of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<String>,
    /// For a persona: what request and response hold no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Withheld>,
    /// For a persona: `SHA-256(salt ‖ digest)` of the digest of the response as it came; of one that was cut because it
    /// is not text, of what came before the cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_received: Option<Sha256Digest>,
}

/// What a server showed in TLS. It proves that the other end of the stream held that certificate's key, and no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsShown {
    /// `1.3` or `1.2`.
    pub version: String,
    /// Cipher suite, by its IANA name.
    pub cipher: String,
    /// SHA-256 of the server's own certificate (DER).
    pub leaf: Option<Sha256Digest>,
    /// SHA-256 of each certificate (DER) as shown, the server's own first; at most eight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Sha256Digest>,
    /// The same certificates (DER, base64) in the same order, without those that a fetch before in this record holds; a
    /// record holds one MiB of them at most, and of the rest the digests alone.
    pub chain: Vec<String>,
    /// How many were shown.
    pub of: u64,
    /// What the roots of the public web say of it: `trusted`, or why not. Onion services mostly sign their own.
    pub judged: String,
}

/// One try of the leak battery that runs before a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// What was tried.
    pub probe: String,
    /// Whether the answer was the one that it must be: no way out, or, for `proxy`, the one way.
    pub held: bool,
    /// What was answered.
    pub answer: String,
}

/// What the desk listens on while the battery runs: reaching one of these from inside is a leak.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canaries {
    /// Addresses of TCP listeners on the host's loopback.
    pub tcp: Vec<String>,
    /// Unix sockets with a path.
    pub paths: Vec<String>,
    /// Unix sockets with an abstract name.
    pub abstracts: Vec<String>,
    /// What the child says to one that it reaches: others on this machine may reach them too, and know no token.
    pub token: String,
}

/// What the collector says it did. It proves who captured and when, **not that the server said it**.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureRecord {
    /// The order it worked on.
    pub order: OrderId,
    /// Case of the order.
    pub case: CaseId,
    /// Authority of the order.
    pub authority: AuthorityId,
    /// Officer of the order.
    pub actor: ActorId,
    /// The highest lease serial that was seen.
    pub last_serial: u64,
    /// Transport used.
    pub transport: String,
    /// The circuit label of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<String>,
    /// The network of the order: `public`, or which private one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// For each way but loopback: every try of the leak battery, all of them held; otherwise nothing was fetched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<Probe>,
    /// Tool name and version.
    pub tool: String,
    /// SHA-256 of the order body: the configuration that was carried out.
    pub order_digest: Sha256Digest,
    /// What cage the child was in: `landlock+seccomp`, `seccomp`, `landlock` or `uncaged`; before it `namespaces+`
    /// where it has walls too.
    pub cage: String,
    /// What is known about the clock.
    pub clock: ClockQuality,
    /// Begin and end of the run.
    pub started: Moment,
    /// End of the run.
    pub ended: Moment,
    /// Every URL of the order, with how it ended.
    pub fetches: Vec<Fetch>,
    /// SHA-256 of the WARC file before encryption.
    pub warc_digest: Sha256Digest,
    /// Length of the WARC file before encryption, in bytes.
    pub warc_bytes: u64,
    /// Number of WARC records, `warcinfo` included.
    pub warc_records: u64,
    /// For a persona: SHA-256 of the spool file with the values that were withheld, as it is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Sha256Digest>,
    /// What a browser did, where the order is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<Rendered>,
    /// Whether every fetch was complete, and every page shown.
    pub complete: bool,
}
