//! Two captures of the same addresses, side by side: a derived statement with its method. It says whether two answers
//! are the same; it refuses to say that the server meant either of them, and to compare what did not come whole.

use serde::{Deserialize, Serialize};

use crate::capture::{CaptureRecord, Fetch, FetchOutcome};

/// How two answers are compared, in words for a record.
pub const METHOD: &str = "status, Location and SHA-256 of all that follows the head, as it was sent (the same page in other chunks counts as different), of the answers that came whole in both captures, \
    address by address; for https, beside it, SHA-256 of the server's own certificate; other header fields are not compared, and how much two bodies differ is not measured";

/// What became of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sameness {
    /// Status, `Location` and body are the same.
    Same,
    /// One of them is not.
    Different,
    /// One of the two did not come whole.
    NotCompared,
}

const ALL: [Sameness; 3] = [Sameness::Same, Sameness::Different, Sameness::NotCompared];

/// One address in both captures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedPage {
    /// The URL of the order.
    pub url: String,
    /// What became of it.
    pub result: Sameness,
    /// For https: whether the server's own certificate was the same. Another one may be another machine of the same server, or
    /// somebody on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Sameness>,
}

/// Two captures held against each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Label of the exhibit that came first.
    pub first: String,
    /// Label of the one after it.
    pub second: String,
    /// Seconds from the end of the first to the begin of the second, by this machine's clock.
    pub seconds_apart: i64,
    /// What the two do not have in common.
    pub separation: String,
    /// [`METHOD`].
    pub method: String,
    /// Every address, in the order of the orders.
    pub pages: Vec<ComparedPage>,
}

impl Comparison {
    /// How many pages had this result.
    pub fn count(&self, result: Sameness) -> usize {
        self.pages.iter().filter(|page| page.result == result).count()
    }

    /// For the exhibit's findings.
    pub fn in_words(&self) -> String {
        let [same, different, not] = ALL.map(|result| self.count(result));
        let certificates = ALL.map(|result| self.pages.iter().filter(|page| page.certificate == Some(result)).count());
        let [alike, others, unknown] = certificates;
        let under = if certificates == [0; 3] { String::new() } else { format!("; certificates: {alike} same, {others} different, {unknown} not compared") };
        format!(
            "captured twice: {} and, {} s later, {} ({}): {same} same, {different} different, {not} not compared{under}. Compared: {}. Two answers that are the same do not prove that the server said it",
            self.first, self.seconds_apart, self.second, self.separation, self.method
        )
    }
}

/// Compares two records of one list of addresses, page by page.
pub fn pages(first: &CaptureRecord, second: &CaptureRecord) -> Vec<ComparedPage> {
    let both = first.fetches.iter().zip(&second.fetches);
    both.map(|(one, other)| ComparedPage { url: one.url.clone(), result: sameness(one, other), certificate: certificates(one, other) }).collect()
}

fn sameness(one: &Fetch, other: &Fetch) -> Sameness {
    let (FetchOutcome::Complete { status }, FetchOutcome::Complete { status: again }) = (&one.outcome, &other.outcome) else { return Sameness::NotCompared };
    let (Some(body), Some(body_again)) = (one.payload_digest, other.payload_digest) else { return Sameness::NotCompared };
    if one.url != other.url {
        return Sameness::NotCompared;
    }
    if status == again && one.redirect == other.redirect && body == body_again { Sameness::Same } else { Sameness::Different }
}

/// None where neither came by TLS.
fn certificates(one: &Fetch, other: &Fetch) -> Option<Sameness> {
    let leaf = |fetch: &Fetch| fetch.tls.as_ref().map(|shown| shown.leaf);
    match (leaf(one), leaf(other)) {
        (None, None) => None,
        (Some(Some(leaf)), Some(Some(again))) if one.url == other.url => Some(if leaf == again { Sameness::Same } else { Sameness::Different }),
        _ => Some(Sameness::NotCompared),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;
    use crate::{Moment, Sha256Digest, capture::TlsShown};

    fn fetch(outcome: FetchOutcome, body: Option<&[u8]>) -> Fetch {
        let now = Moment::from_micros(0);
        Fetch {
            url: "http://a/".into(),
            started: now,
            ended: now,
            outcome,
            peer: None,
            response_record: None,
            response_digest: Some(Sha256Digest::of(b"differs by its date")),
            payload_digest: body.map(Sha256Digest::of),
            response_bytes: 1,
            tls: None,
            redirect: None,
            earlier: vec![],
            withheld: vec![],
            as_received: None,
        }
    }

    #[test]
    fn another_certificate_is_told_beside_the_same_answer() {
        let shown = |leaf: &[u8]| TlsShown { version: "1.3".into(), cipher: String::new(), leaf: Some(Sha256Digest::of(leaf)), certificates: vec![], chain: vec![], of: 1, judged: "trusted".into() };
        let under = |leaf: &[u8]| Fetch { tls: Some(shown(leaf)), ..fetch(FetchOutcome::Complete { status: 200 }, Some(b"x")) };
        let plain = fetch(FetchOutcome::Complete { status: 200 }, Some(b"x"));
        let both = |one: &Fetch, other: &Fetch| (sameness(one, other), certificates(one, other));
        assert_eq!(both(&under(b"a"), &under(b"a")), (Sameness::Same, Some(Sameness::Same)));
        assert_eq!(both(&under(b"a"), &under(b"b")), (Sameness::Same, Some(Sameness::Different)));
        assert_eq!(both(&under(b"a"), &plain), (Sameness::Same, Some(Sameness::NotCompared)));
        assert_eq!(both(&plain, &plain), (Sameness::Same, None));
        let compared = |certificate| ComparedPage { url: String::new(), result: Sameness::Same, certificate };
        let told = |pages| Comparison { first: String::new(), second: String::new(), seconds_apart: 5, separation: String::new(), method: String::new(), pages }.in_words();
        assert!(told(vec![compared(Some(Sameness::Different))]).contains("1 same, 0 different, 0 not compared; certificates: 0 same, 1 different"));
        assert!(!told(vec![compared(None)]).contains("certificates"));
    }

    #[test]
    fn only_whole_answers_are_compared_and_by_status_location_and_body() {
        let whole = |status, body: &[u8]| fetch(FetchOutcome::Complete { status }, Some(body));
        let partial = fetch(FetchOutcome::Partial { status: Some(200), reason: "timeout".into() }, Some(b"x"));
        assert_eq!(sameness(&whole(200, b"x"), &whole(200, b"x")), Sameness::Same);
        assert_eq!(sameness(&whole(200, b"x"), &whole(200, b"y")), Sameness::Different);
        assert_eq!(sameness(&whole(200, b"x"), &whole(404, b"x")), Sameness::Different);
        let moved = Fetch { redirect: Some("/b".into()), ..whole(302, b"") };
        assert_eq!(sameness(&moved, &Fetch { redirect: Some("/c".into()), ..moved.clone() }), Sameness::Different);
        assert_eq!(sameness(&moved, &Fetch { url: "http://b/".into(), ..moved.clone() }), Sameness::NotCompared);
        assert_eq!(sameness(&partial, &partial), Sameness::NotCompared);
        assert_eq!(sameness(&whole(200, b"x"), &fetch(FetchOutcome::Complete { status: 200 }, None)), Sameness::NotCompared);
    }
}
