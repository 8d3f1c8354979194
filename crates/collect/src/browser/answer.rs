//! A response as it was kept, made into what the browser is given: status, fields, body without its transfer coding.
//! Bytes of strangers; pure.
//!
//! It refuses what a browser would have to decode (`Content-Encoding`, which the collector never asks for), and
//! leaves out the fields that set cookies, speak of lengths that no longer hold, or lead elsewhere by themselves.

/// What a browser is given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Fields that are not passed on.
const LEFT_OUT: [&str; 17] = [
    "set-cookie", "content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive", "trailer", "upgrade", "alt-svc", "strict-transport-security",
    "report-to", "reporting-endpoints", "nel", "clear-site-data", "service-worker-allowed", "onion-location", "refresh",
];
const MOST_FIELDS: usize = 128;

/// Reads a whole response. None: not HTTP, or nothing that a browser can be given as it is.
pub(super) fn read(mut raw: &[u8]) -> Option<Answer> {
    loop {
        let mut room = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut head = httparse::Response::new(&mut room);
        let httparse::Status::Complete(length) = head.parse(raw).ok()? else { return None };
        let (status, body) = (head.code?, &raw[length..]);
        // Interim heads (RFC 9110 §15.2) come before the response.
        if (100..200).contains(&status) {
            raw = body;
            continue;
        }
        let value = |name: &str| head.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| String::from_utf8_lossy(field.value).trim().to_ascii_lowercase());
        if value("content-encoding").is_some_and(|coding| coding != "identity") {
            return None;
        }
        let body = match value("transfer-encoding").as_deref() {
            None | Some("identity") => body.to_vec(),
            Some("chunked") => unchunked(body)?,
            Some(_) => return None,
        };
        let body = match value("content-length").and_then(|digits| digits.parse::<usize>().ok()) {
            Some(length) if value("transfer-encoding").is_none() => body[..body.len().min(length)].to_vec(),
            _ => body,
        };
        let passed = |field: &&httparse::Header<'_>| !LEFT_OUT.iter().any(|name| field.name.eq_ignore_ascii_case(name));
        let fields = head.headers.iter().filter(passed).map(|field| (field.name.to_string(), printable(field.value))).collect();
        return Some(Answer { status, fields, body });
    }
}

fn printable(value: &[u8]) -> String {
    value.iter().filter(|byte| (0x20..0x7f).contains(*byte)).map(|byte| char::from(*byte)).collect()
}

/// Takes the chunked coding away (RFC 9112 §7.1).
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((line, length)) = httparse::parse_chunk_size(rest).ok()? else { return None };
        rest = &rest[line..];
        if length == 0 {
            return Some(body);
        }
        let length = usize::try_from(length).ok().filter(|length| *length <= rest.len())?;
        body.extend_from_slice(&rest[..length]);
        rest = rest[length..].strip_prefix(b"\r\n")?;
    }
}

/// Fuzz target: any bytes are an answer or none; what is passed on sets no cookie and can split no line.
pub fn fuzz_answer(bytes: &[u8]) {
    let Some(answer) = read(bytes) else { return };
    assert!(answer.body.len() <= bytes.len() && !(100..200).contains(&answer.status));
    for (name, value) in answer.fields {
        assert!(!LEFT_OUT.iter().any(|left| name.eq_ignore_ascii_case(left)));
        assert!(value.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_given_the_body_without_its_chunks_and_no_cookie() {
        let raw = b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        let answer = read(raw).unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"abcde".as_slice()));
        assert_eq!(answer.fields, [("Content-Type".to_string(), "text/html".to_string())]);
        let plain = read(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno more").unwrap();
        assert_eq!((plain.status, plain.body.as_slice()), (404, b"no".as_slice()));
    }

    #[test]
    fn what_would_have_to_be_decoded_is_refused() {
        for raw in ["HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nx", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort", "no head", ""] {
            assert_eq!(read(raw.as_bytes()), None, "{raw}");
        }
    }
}
