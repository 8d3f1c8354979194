//! Base32 (RFC 4648, no padding needed), as WARC writers use it for SHA-1. Pure.

/// Decodes upper or lower case; none when a character does not belong.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut held, mut out) = (0u32, 0u32, Vec::new());
    for character in text.trim_end_matches('=').bytes() {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a',
            b'2'..=b'7' => character - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 0xff).expect("masked to a byte"));
            bits &= (1 << held) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors_of_rfc_4648() {
        let check =
            |text: &str, expected: Option<&[u8]>| assert_eq!(super::decode(text).as_deref(), expected, "{text}");
        check("", Some(b""));
        check("MY======", Some(b"f"));
        check("MZXW6YTBOI======", Some(b"foobar"));
        check("mzxw6", Some(b"foo"));
        check("M1", None);
    }
}
