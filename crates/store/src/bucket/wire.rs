//! One signed request to the object store, and its answer.
//!
//! The answer is read into memory, up to a bound that the asker gives. A request that got no answer, or
//! "busy", is sent again a few times: every request here may be repeated, because a put is create-only.
//! It refuses: a redirect (the signature would go to a stranger), a proxy from the environment, an answer
//! beyond its bound, and any way without TLS but to this machine (see `address`).

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::FileExt,
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::Digest as _;
use ureq::{
    Agent, SendBody,
    http::{HeaderMap, Request},
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};

use super::{
    address::{Address, access_key},
    answer,
    sign::{AccessKey, NO_BODY, Signable, authorization, encoded, query},
};
use crate::{StoreError, home::ObjectStore, vault::VaultError};

/// Waits before a request is sent again.
const WAITS: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];
/// No name look-up and no connection takes longer.
const CONNECT: Duration = Duration::from_secs(5);
/// No single reading or writing takes longer.
const SILENCE: Duration = Duration::from_secs(30);
/// A server may need long to join the parts of a large object.
const ANSWER: Duration = Duration::from_secs(300);
/// Nothing takes longer, whatever it is.
const WHOLE: Duration = Duration::from_secs(3600);
/// Bytes of a document that is an answer.
pub const DOCUMENT: u64 = 4 << 20;
/// Bytes read from a file at a time.
const PIECE: usize = 64 * 1024;

/// What is sent as a body.
#[derive(Clone, Copy)]
pub enum Body<'a> {
    /// Nothing.
    None,
    /// A small document.
    Bytes(&'a [u8]),
    /// A stretch of a file: read once to take its digests, once more for each sending.
    Stretch { file: &'a File, offset: u64, length: u64 },
}

/// A request.
pub struct Ask<'a> {
    /// What is attempted, for the error.
    pub attempt: &'static str,
    /// `GET`, `PUT` …
    pub method: &'static str,
    /// The name below the prefix; empty for the bucket itself.
    pub key: &'a str,
    /// The query.
    pub query: &'a [(&'static str, String)],
    /// Further headers, names in small letters.
    pub headers: &'a [(&'static str, String)],
    /// The body.
    pub body: Body<'a>,
    /// Most bytes of an answer that are read.
    pub most: u64,
}

/// An answer, whole.
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text; empty when it is none.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or("")
    }

    /// The code of an error document.
    pub fn code(&self) -> Option<String> {
        answer::error_code(self.text())
    }
}

/// The way to one bucket.
pub struct Wire {
    agent: Agent,
    key: AccessKey,
    /// Where it leads.
    pub address: Address,
}

impl Wire {
    /// Reads the settings and the key; connects to nothing.
    ///
    /// # Errors
    /// [`StoreError::Input`] for settings that are refused; the disk.
    pub fn new(settings: &ObjectStore) -> Result<Wire, StoreError> {
        let address = Address::of(settings)?;
        let key = access_key(&settings.key_file)?;
        let roots = match &settings.ca_file {
            None => RootCerts::WebPki,
            Some(file) => authorities(file)?,
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(address.endpoint.starts_with("https://"))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("lanternfish")
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .timeout_recv_response(Some(ANSWER))
            .timeout_global(Some(WHOLE))
            .build()
            .new_agent();
        Ok(Wire { agent, key, address })
    }

    /// Sends a request until it has an answer that is not "busy".
    ///
    /// # Errors
    /// [`VaultError::Remote`] when there is none.
    pub fn send(&self, ask: &Ask<'_>) -> Result<Answer, VaultError> {
        let digests = self.digests(ask)?;
        let mut waits = WAITS.iter();
        loop {
            let answer = self.once(ask, &digests);
            let again = match &answer {
                Ok(answer) => matches!(answer.status, 409 | 429 | 500 | 502 | 503 | 504),
                Err(error) => may_pass(error),
            };
            let next = if again { waits.next() } else { None };
            match next {
                Some(wait) => std::thread::sleep(*wait),
                None => return answer.map_err(|error| self.unanswered(ask, &error)),
            }
        }
    }

    /// Sends a request once, and forgets about it when nobody answers.
    pub fn send_in_passing(&self, ask: &Ask<'_>) -> Option<Answer> {
        let digests = self.digests(ask).ok()?;
        self.once(ask, &digests).ok()
    }

    fn digests(&self, ask: &Ask<'_>) -> Result<Digests, VaultError> {
        Digests::of(&ask.body).map_err(|e| VaultError::from_io(e, "reading what is to be stored", "object".as_ref()))
    }

    fn once(&self, ask: &Ask<'_>, digests: &Digests) -> Result<Answer, ureq::Error> {
        let address = &self.address;
        let path = match ask.key {
            "" => format!("/{}", address.bucket),
            key => format!("/{}/{}/{key}", address.bucket, address.prefix),
        };
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut headers = vec![
            ("host", address.host.clone()),
            ("x-amz-content-sha256", digests.sha256.clone()),
            ("x-amz-date", time.clone()),
        ];
        headers.extend(digests.md5.iter().map(|md5| ("content-md5", md5.clone())));
        headers.extend(ask.headers.iter().cloned());
        let signable = Signable { method: ask.method, path: &path, query: ask.query, headers: &headers, body_sha256: &digests.sha256 };
        let authorization = authorization(&signable, &self.key, &address.region, &time);
        let asked = if ask.query.is_empty() { String::new() } else { format!("?{}", query(ask.query)) };
        let mut request = Request::builder().method(ask.method).uri(format!("{}{}{asked}", address.endpoint, encoded(&path, true)));
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            request = request.header(*name, value);
        }
        request = request.header("authorization", authorization);
        let answer = match ask.body {
            Body::None if ask.method == "POST" => self.agent.run(request.body(&b""[..])?),
            Body::None => self.agent.run(request.body(())?),
            Body::Bytes(bytes) => self.agent.run(request.body(bytes)?),
            Body::Stretch { file, offset, length } => {
                let mut stretch = Stretch { file, offset, left: length };
                self.agent.run(request.header("content-length", length).body(SendBody::from_reader(&mut stretch))?)
            }
        }?;
        let (head, body) = answer.into_parts();
        // One more, because a body that ends at the limit is taken for a longer one.
        let body = body.into_with_config().limit(ask.most + 1).read_to_vec()?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    fn remote(&self, ask: &Ask<'_>, why: impl Into<String>) -> VaultError {
        VaultError::Remote { attempt: ask.attempt, place: self.address.place(), why: why.into() }
    }

    /// An answer that is not the hoped one, in words.
    pub fn refusal(&self, ask: &Ask<'_>, answer: &Answer) -> VaultError {
        let code = answer.code().unwrap_or_default();
        let said = if code.is_empty() { format!("{}", answer.status) } else { format!("{} {code}", answer.status) };
        let why = match (answer.status, code.as_str()) {
            (300..=399, _) => "the object store points to another address, which is not followed: check the endpoint and the region",
            (_, "SignatureDoesNotMatch" | "InvalidAccessKeyId" | "AuthFailure" | "InvalidClientTokenId") => "the object store does not know this key: check the key file (its first line is the id, its second the secret)",
            (_, "RequestTimeTooSkewed") => "the clock of this machine is wrong by more than the object store accepts: set it, then repeat the step",
            (_, "NoSuchBucket") => "there is no such bucket: make it first (docs/guide/fusion-centre.md)",
            (401 | 403, _) => "the object store let nobody in, or this key may not do this: compare its rights with docs/guide/fusion-centre.md",
            (409 | 429 | 503, _) => "the object store is busy: wait a little, then repeat the step",
            (501, _) => "the object store cannot do this: use one that knows Object Lock and conditional writes",
            (507, _) => "the object store is full: free some space there, then repeat the step",
            (500..=599, _) => "the object store failed: repeat the step, and tell who runs it when it happens again",
            _ => "the object store refused: show this line to who runs it",
        };
        self.remote(ask, format!("{why} ({said}). {}", consequence(ask)))
    }

    /// An answer that is not the shape of one.
    pub fn not_understood(&self, ask: &Ask<'_>) -> VaultError {
        self.remote(ask, format!("what the object store answered is not understood: check that the endpoint is one of S3. {}", consequence(ask)))
    }

    fn unanswered(&self, ask: &Ask<'_>, error: &ureq::Error) -> VaultError {
        let why = match error {
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "the object store does not prove that it is the one that was named: check its certificate, and --objects-ca-file for an authority of the agency",
            ureq::Error::BodyExceedsLimit(_) | ureq::Error::LargeResponseHeader(..) => "the object store answers more than any answer can hold",
            _ if is_about_certificates(error) => "the object store does not prove that it is the one that was named: check its certificate, and --objects-ca-file for an authority of the agency",
            _ => "the object store cannot be reached, or went away: check the server and the network, then repeat the step",
        };
        self.remote(ask, format!("{why} ({error}). {}", consequence(ask)))
    }
}

fn consequence(ask: &Ask<'_>) -> &'static str {
    if matches!(ask.method, "GET" | "HEAD") { "Nothing was read" } else { "Nothing of this step was recorded" }
}

/// Whether sending again may help.
fn may_pass(error: &ureq::Error) -> bool {
    use ureq::Error::{BodyExceedsLimit, ConnectionFailed, HostNotFound, Io, Protocol, Timeout};
    match error {
        Timeout(ureq::Timeout::Global) | BodyExceedsLimit(_) => false,
        Io(_) => !is_about_certificates(error),
        Timeout(_) | ConnectionFailed | HostNotFound | Protocol(_) => true,
        _ => false,
    }
}

/// TLS that failed inside reading or writing arrives as an error of reading or writing.
fn is_about_certificates(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Io(inner) if inner.kind() == io::ErrorKind::InvalidData)
}

/// The authorities of a PEM file, and no others.
fn authorities(file: &std::path::Path) -> Result<RootCerts, StoreError> {
    let pem = fs::read(file).map_err(|e| StoreError::environment(format!("reading {}", file.display()), &e))?;
    let certificates: Vec<_> = parse_pem(&pem).filter_map(|item| if let Ok(PemItem::Certificate(one)) = item { Some(one) } else { None }).collect();
    if certificates.is_empty() {
        return Err(StoreError::input(format!("{}: no certificate in PEM form is in it", file.display())));
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

/// Digests of a body: SHA-256 is signed; MD5 is what S3 asks for where an object will be under retention.
struct Digests {
    sha256: String,
    md5: Option<String>,
}

impl Digests {
    fn of(body: &Body<'_>) -> io::Result<Digests> {
        let (mut sha256, mut md5) = (sha2::Sha256::new(), md5::Md5::new());
        match body {
            Body::None => return Ok(Digests { sha256: NO_BODY.into(), md5: None }),
            Body::Bytes(bytes) => {
                sha256.update(bytes);
                md5.update(bytes);
            }
            Body::Stretch { file, offset, length } => {
                let mut stretch = Stretch { file, offset: *offset, left: *length };
                let mut piece = vec![0; PIECE];
                loop {
                    let taken = stretch.read(&mut piece)?;
                    if taken == 0 {
                        break;
                    }
                    sha256.update(&piece[..taken]);
                    md5.update(&piece[..taken]);
                }
            }
        }
        Ok(Digests { sha256: hex::encode(sha256.finalize()), md5: Some(STANDARD.encode(md5.finalize())) })
    }
}

/// A stretch of a file, read without moving the file's own place.
struct Stretch<'a> {
    file: &'a File,
    offset: u64,
    left: u64,
}

impl Read for Stretch<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        if most == 0 {
            return Ok(0);
        }
        let taken = self.file.read_at(&mut out[..most], self.offset)?;
        if taken == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was stored"));
        }
        self.offset += taken as u64;
        self.left -= taken as u64;
        Ok(taken)
    }
}
