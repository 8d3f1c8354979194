//! The sort-friendly form of an address (SURT), as web archives key their index by it: host labels reversed, no
//! scheme, no fragment, lower case, parameters in order. The rules are those of the Internet Archive's canonical form,
//! which `cdxj-indexer` and pywb use, so that a reader finds an address under the key that it works out itself.
//!
//! An address comes from a stranger's page and may be anything: the key is printable ASCII without a blank, whatever it
//! is, and costs time in proportion to its length. It is a key to look up, never an address to fetch. It does not turn
//! names in other scripts into Punycode, and does not read numbers as IP addresses: such a host keeps its own spelling,
//! percent-encoded.

/// Names of session ids in parameters, with the number of letters and digits of a value: two visits to one page get one
/// key.
const SESSIONS: [(&[u8], usize); 3] = [(b"jsessionid=", 32), (b"phpsessid=", 32), (b"sid=", 32)];

/// The key of an address.
///
/// ```
/// assert_eq!(seal::surt::surt("http://www.Shop.example:8080/A/?b=1&a=2#top"), "example,shop:8080)/a?a=2&b=1");
/// assert_eq!(seal::surt::surt("urn:pageinfo:x"), "urn:pageinfo:x");
/// ```
pub fn surt(address: &str) -> String {
    let written: Vec<u8> = address.trim().bytes().filter(|byte| !matches!(byte, b'\t' | b'\r' | b'\n')).collect();
    let Some(colon) = find(&written, b"://") else { return escaped(&written).to_ascii_lowercase() };
    let (scheme, rest) = (written[..colon].to_ascii_lowercase(), before(&written[colon + 3..], b"#"));
    let at = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(at);
    let path = before(rest, b"?");
    let query = rest.get(path.len() + 1..).unwrap_or_default();
    format!("{}){}{}", host_key(&scheme, authority), path_key(path), query_key(query))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

fn before<'a>(bytes: &'a [u8], mark: &[u8]) -> &'a [u8] {
    &bytes[..find(bytes, mark).unwrap_or(bytes.len())]
}

// ---- the three parts

/// `com,example` with `:port` when it is not that of the scheme.
fn host_key(scheme: &[u8], authority: &[u8]) -> String {
    let host = authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
    let colon = host.iter().rposition(|byte| *byte == b':').filter(|at| host[at + 1..].iter().all(u8::is_ascii_digit));
    let (host, port) = host.split_at(colon.unwrap_or(host.len()));
    let host = escaped(&unescaped(host)).to_ascii_lowercase();
    let mut labels: Vec<&str> = host.trim_start_matches('[').trim_end_matches(']').split('.').filter(|label| !label.is_empty()).collect();
    let is_www = |label: &str| label.strip_prefix("www").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    if labels.len() > 1 && is_www(labels[0]) {
        labels.remove(0);
    }
    labels.reverse();
    let usual: &[u8] = match scheme {
        b"http" => b":80",
        b"https" => b":443",
        _ => b"",
    };
    let port = if port.len() < 2 || port == usual { "" } else { std::str::from_utf8(port).unwrap_or_default() };
    format!("{}{port}", labels.join(","))
}

/// Without `.`, `..`, empty parts and a slash at the end. As the other programs do it, `..` takes back an empty part too,
/// and one that finds nothing to take back stays, for the next to take back.
fn path_key(path: &[u8]) -> String {
    let plain = unescaped(path);
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in plain.strip_prefix(b"/").unwrap_or(&plain).split(|byte| *byte == b'/') {
        match part {
            b"." => {}
            b".." => {
                if parts.pop().is_none() {
                    parts.push(part);
                }
            }
            _ => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    format!("/{}", escaped(&parts.join(&b'/')).to_ascii_lowercase())
}

/// `?` and the parameters by name and value; nothing when there is none.
fn query_key(query: &[u8]) -> String {
    let lower = escaped(&unescaped(query)).to_ascii_lowercase();
    let kept = without_sessions(lower.into_bytes());
    if kept.is_empty() {
        return String::new();
    }
    let text = String::from_utf8(kept).unwrap_or_default();
    let mut parameters: Vec<&str> = text.split('&').collect();
    parameters.sort_by_key(|parameter| (parameter.split_once('=').map_or(*parameter, |(name, _)| name), parameter.split_once('=').map(|(_, value)| value)));
    format!("?{}", parameters.join("&"))
}

/// Takes out the last session id of each kind, with the `&` behind it.
fn without_sessions(mut query: Vec<u8>) -> Vec<u8> {
    for (name, length) in SESSIONS {
        let is_id = |at: usize| {
            let value = query[at..].get(name.len()..name.len() + length).filter(|_| query[at..].starts_with(name))?;
            let end = at + name.len() + length;
            let ends = query.get(end).is_none_or(|byte| *byte == b'&');
            (ends && value.iter().all(u8::is_ascii_alphanumeric)).then_some(end)
        };
        if let Some((at, end)) = (0..query.len()).rev().find_map(|at| is_id(at).map(|end| (at, end))) {
            query.drain(at..query.len().min(end + 1));
        }
    }
    query
}

// ---- spelling

/// Percent-encoding undone until nothing is left to undo. What a decoded byte completes is decoded at once, so that a
/// name encoded a thousand times takes one pass.
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    for byte in bytes {
        plain.push(*byte);
        while let [.., b'%', high, low] = plain[..] {
            let (Some(high), Some(low)) = (digit(high), digit(low)) else { break };
            plain.truncate(plain.len() - 3);
            plain.push(high << 4 | low);
        }
    }
    plain
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Blanks, control characters, `#`, `%` and everything beyond ASCII as `%XX`.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            0x21..=0x7e if !matches!(byte, b'#' | b'%') => text.push(char::from(*byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
