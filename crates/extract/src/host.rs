//! Names and numbers of hosts: domains under a public suffix, IPv4 and IPv6, and what makes a dotted
//! word a domain rather than a file, a method call or the seam of two sentences. No DNS query is
//! ever made. `.onion` names are not domains (RFC 7686): see `onion`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The part of `host` that is a domain under a known public suffix: all of it, or less when up to two
/// words of a following sentence are glued to it with dots. Returns its length.
pub(crate) fn domain_length(host: &[u8]) -> Option<usize> {
    let mut host = host;
    for _ in 0..3 {
        if is_domain(host) {
            return Some(host.len());
        }
        host = &host[..memchr::memrchr(b'.', host)?];
    }
    None
}

/// Labels of 1 to 63 characters, at most 253 in all (RFC 1035), a public suffix that is listed, and
/// something before it.
pub(crate) fn is_domain(host: &[u8]) -> bool {
    if host.len() > 253 || !top_label(host).first().is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let mut buffer = [0u8; 253];
    let lower = &mut buffer[..host.len()];
    lower.copy_from_slice(host);
    lower.make_ascii_lowercase();
    psl::suffix(lower).is_some_and(|s| s.is_known() && s.as_bytes().len() < host.len())
        && host.split(|b| *b == b'.').all(is_label)
        && !host.rsplit(|b| *b == b'.').take(2).any(|label| label.contains(&b'_'))
}

fn is_label(label: &[u8]) -> bool {
    (1..=63).contains(&label.len()) && label[0] != b'-' && label[label.len() - 1] != b'-'
}

fn top_label(host: &[u8]) -> &[u8] {
    host.rsplit(|b| *b == b'.').next().unwrap_or_default()
}

/// Public suffixes that are also usual endings of file names. A bare name under one of them is taken
/// for a file, unless a scheme, `//`, `www.`, a mail address, a path or a port stands with it.
const FILE_ENDINGS: [&[u8]; 11] =
    [b"md", b"sh", b"zip", b"mov", b"py", b"so", b"ps", b"rs", b"mk", b"map", b"name"];

/// Why a bare dotted word is not taken for a domain; `None` when it is.
pub(crate) fn looks_unlike_domain(host: &[u8]) -> Option<&'static str> {
    let top = top_label(host);
    let rest = &host[..host.len() - top.len() - 1];
    let second = top_label(rest);
    let has_www = host.get(..4).is_some_and(|first| first.eq_ignore_ascii_case(b"www."));
    if FILE_ENDINGS.iter().any(|ending| top.eq_ignore_ascii_case(ending)) && !has_www {
        return Some("ends like a file name");
    }
    if top[0].is_ascii_uppercase() && rest.iter().any(u8::is_ascii_lowercase) {
        return Some("looks like the seam of two sentences");
    }
    if top.len() == 2 && second.iter().all(u8::is_ascii_digit) && !top.eq_ignore_ascii_case(b"cn") {
        return Some("looks like a number with a unit");
    }
    None
}

/// Four octets in decimal, without leading zeros.
pub(crate) fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// An IPv6 address (RFC 4291) that is more than an accident of colons: `a::b` in a program and
/// `12::30` in a time-table parse as one too.
pub(crate) fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    let groups = text.split(|b| *b == b':').filter(|group| !group.is_empty()).count();
    let first = text.iter().position(|b| *b == b':').unwrap_or(0);
    let shaped = groups >= 2 && (first >= 3 || text.starts_with(b"::") || text.contains(&b'.'));
    (shaped || groups >= 5).then_some(address)
}

/// What is special about an IPv4 address, for the reason.
pub(crate) fn ipv4_range(address: Ipv4Addr) -> &'static str {
    if address.is_private() || address.is_link_local() {
        "private range"
    } else if address.is_loopback() {
        "loopback"
    } else if address.is_documentation() {
        "documentation range"
    } else if address.is_unspecified() || address.is_broadcast() || address.is_multicast() {
        "not one host"
    } else {
        "public range"
    }
}
