//! How much one signed record may still hold. What a server sends, or a page asks for, must never make a record longer
//! than the desk reads: its bytes would be lost with it. No I/O.
//!
//! When the room is spent nothing more is fetched, and each fetch that is left says so (`record-full`). Certificates stand
//! once in a record, and one MiB of them at most; the digests of all that was shown stay.

use std::collections::BTreeSet;

use model::Sha256Digest;
use model::capture::{Fetch, Order};

/// Most bytes of a record that fetches may take, as they stand in its envelope. Less than what is read ([`crate::spool`]):
/// the last fetch, the refusals of a browser and all else lie beyond it.
pub(crate) const ROOM: u64 = 12 << 20;
/// Most bytes of certificates.
const CERTIFICATES: u64 = 1 << 20;
/// What one URL of an order takes beside its own length, whatever becomes of it.
const EACH: u64 = 512;
/// What it takes more as a page of a browser: where it landed, and what was kept of it.
const PAGE: u64 = 3 << 10;
/// How often a URL of an order may stand in its record: as fetched, and as a page.
const TIMES: u64 = 2;

/// What is left.
pub(crate) struct Room {
    left: u64,
    /// What parts of pages leave: the pages of the order come first.
    for_pages: u64,
    certificates: u64,
    held: BTreeSet<Sha256Digest>,
}

/// What the URLs of an order take at least.
pub(crate) fn least(order: &Order) -> u64 {
    let each = if order.browser.is_some() { EACH + PAGE } else { EACH };
    order.urls.iter().map(|url| each.saturating_add(TIMES.saturating_mul(cost(url)))).fold(0, u64::saturating_add)
}

/// The length of a text inside an envelope: there it stands as JSON within JSON.
fn cost(text: &str) -> u64 {
    let signs = |byte: u8| match byte {
        b'"' | b'\\' => 4,
        0..0x20 => 7,
        _ => 1,
    };
    text.bytes().map(signs).sum()
}

impl Room {
    /// The room for an order.
    pub(crate) fn of(order: &Order) -> Room {
        let left = ROOM.saturating_sub(least(order));
        Room { left, for_pages: left / 2, certificates: CERTIFICATES, held: BTreeSet::new() }
    }

    /// Whether one more fetch may stand in the record.
    pub(crate) fn is_left(&self) -> bool {
        self.left > 0
    }

    /// Whether there is enough for what a page asks for beside itself.
    pub(crate) fn is_left_for_parts(&self) -> bool {
        self.left > self.for_pages
    }

    /// Takes the room of a fetch, and out of it the certificates that are held already or have no place.
    pub(crate) fn take(&mut self, fetch: &mut Fetch) {
        if let Some(shown) = &mut fetch.tls {
            let chain = std::mem::take(&mut shown.chain);
            shown.chain = shown.certificates.iter().zip(chain).filter(|(digest, text)| self.holds_now(**digest, text)).map(|(_, text)| text).collect();
        }
        // Its quotation marks are escaped once more in the envelope.
        let text = serde_json::to_string(fetch).unwrap_or_default();
        self.left = self.left.saturating_sub(text.len() as u64 + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count() as u64);
    }

    /// Whether this certificate is new here and has a place.
    fn holds_now(&mut self, digest: Sha256Digest, text: &str) -> bool {
        let Some(left) = self.certificates.checked_sub(text.len() as u64) else { return false };
        let is_new = self.held.insert(digest);
        if is_new {
            self.certificates = left;
        }
        is_new
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use model::capture::{Rendering, TlsShown};

    use super::*;
    use crate::capture::unanswered;

    fn order(urls: &[String], browser: bool) -> Order {
        Order {
            order: model::id::OrderId::from_random([1; 16]),
            serial: 1,
            case: model::id::CaseId::from_random([2; 16]),
            authority: model::id::AuthorityId::from_random([3; 16]),
            actor: model::id::ActorId::from_random([4; 16]),
            urls: urls.to_vec(),
            byte_budget: 1,
            media: false,
            browser: browser.then_some(Rendering { scripts: true }),
            page_budget: None,
            pause_ms: None,
            timeout_ms: 1,
            transport: crate::LOOPBACK_DIRECT.into(),
            isolation: None,
            network: None,
            keeping: None,
            spool_recipient: String::new(),
            issued: model::Moment::from_micros(0),
            until: model::Moment::from_micros(0),
        }
    }

    /// As in an envelope.
    fn length(fetches: &[Fetch]) -> u64 {
        let body = serde_json::to_string(fetches).unwrap();
        serde_json::to_string(&body).unwrap().len() as u64
    }

    fn shown(certificates: &[Vec<u8>]) -> Option<TlsShown> {
        Some(TlsShown {
            version: "1.3".into(),
            cipher: String::new(),
            leaf: certificates.first().map(|leaf| Sha256Digest::of(leaf)),
            certificates: certificates.iter().map(|one| Sha256Digest::of(one)).collect(),
            chain: certificates.iter().map(|one| STANDARD.encode(one)).collect(),
            of: certificates.len() as u64,
            judged: "not trusted".into(),
        })
    }

    #[test]
    fn no_server_makes_a_record_longer_than_is_read() {
        let mut room = Room::of(&order(&["http://a.test/".into()], true));
        let (mut fetches, mut parts) = (vec![], 0);
        while room.is_left() {
            let number = fetches.len().to_be_bytes();
            let own = [number.as_slice(), &[7; 60_000]].concat();
            let mut fetch = Fetch { tls: shown(&[own, vec![1; 1_000]]), redirect: Some("\"\\\u{1}".repeat(500)), ..unanswered(format!("https://a.test/{}", "a".repeat(4_000))) };
            parts += u64::from(room.is_left_for_parts());
            room.take(&mut fetch);
            fetches.push(fetch);
        }
        assert!(parts > 300 && parts < fetches.len() as u64, "{parts} of {}: pages come before their parts", fetches.len());
        assert!(length(&fetches) < ROOM + (1 << 20), "{}", length(&fetches));
        assert!(fetches.iter().all(|fetch| fetch.tls.as_ref().unwrap().certificates.len() == 2), "the digests stay");
        let kept: usize = fetches.iter().map(|fetch| fetch.tls.as_ref().unwrap().chain.len()).sum();
        assert_eq!(kept, 1 + (CERTIFICATES as usize / 80_012), "each once, and no more than there is a place for");
        assert_eq!(fetches[1].tls.as_ref().unwrap().chain.len(), 1);
    }

    #[test]
    fn what_no_record_holds_is_no_order() {
        let many = |count: usize, url: &str| vec![url.to_string(); count];
        assert!(least(&order(&many(5_000, "http://127.0.0.1:8080/a/page"), false)) < ROOM / 2);
        for (urls, browser) in [(many(20_000, "http://127.0.0.1/"), false), (many(3_000, "http://127.0.0.1/"), true), (many(1, &"\"".repeat(1 << 20)), false)] {
            assert!(least(&order(&urls, browser)) > ROOM / 2, "{}", urls.len());
        }
        // What is reserved is enough.
        let urls = many(100, "http://127.0.0.1/\"");
        let left: Vec<Fetch> = urls.iter().map(|url| Fetch { outcome: crate::capture::failed("record-full"), ..unanswered(url.clone()) }).collect();
        assert!(length(&left) < least(&order(&urls, false)));
    }

    #[test]
    fn a_browser_has_the_time_that_it_may_take() {
        let urls = ["http://127.0.0.1/".to_string(), "http://127.0.0.1/2".to_string()];
        let order = |browser| Order { timeout_ms: 10_000, ..order(&urls, browser) };
        assert_eq!(crate::longest_ms(&order(false)), 20_000);
        // For each page a tab (30 s), the page (four times the response), its parts (60 s).
        assert!(crate::longest_ms(&order(true)) >= 2 * (30_000 + 40_000 + 60_000));
        assert_eq!(crate::longest_ms(&Order { timeout_ms: u64::MAX, ..order(true) }), u64::MAX);
    }
}
