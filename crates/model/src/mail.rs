//! How a message is told from other text (RFC 5322; mbox as RFC 4155 describes it), and a string in quotes in its fields.
//!
//! The child that takes files apart and the scanner that reads them whole must agree on it: what one takes for a message
//! the other may not take for plain text. Nothing is decoded here, and no more than the beginning is looked at.

/// Fields that messages have.
const OF_MAIL: [&str; 11] = ["from", "date", "message-id", "received", "mime-version", "return-path", "delivered-to", "subject", "to", "dkim-signature", "x-mailer"];
/// Those of them that say from whom or by which way it came.
const OF_SENDERS: [&str; 4] = ["from", "received", "return-path", "message-id"];
/// Lines that are looked at.
const LINES: usize = 200;

/// Whether bytes begin with the header of a message: field lines only, at least three that mail has, one of them of a sender.
pub fn is_message(head: &[u8]) -> bool {
    let (mut mail, mut sender, mut count) = (0, false, 0);
    for line in head.split(|b| *b == b'\n').take(LINES) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.first() {
            None => break,
            Some(b' ' | b'\t') if count > 0 => continue,
            _ => {}
        }
        let Some(name) = field_name(line) else { return false };
        let is = |words: &[&str]| words.iter().any(|word| name.eq_ignore_ascii_case(word.as_bytes()));
        count += 1;
        mail += u32::from(is(&OF_MAIL));
        sender |= is(&OF_SENDERS);
    }
    mail >= 3 && sender
}

/// Whether bytes begin as an mbox file does: its line, then a field or another line that was quoted.
pub fn is_mbox(head: &[u8]) -> bool {
    if !is_from_line(head) {
        return false;
    }
    let next = head.iter().position(|b| *b == b'\n').map_or(head.len(), |end| end + 1);
    let line = head[next..].split(|b| *b == b'\n').next().unwrap_or_default();
    line.starts_with(b">From ") || field_name(line).is_some()
}

/// The name of the field that a line begins; none when it begins none.
pub fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().take(80).position(|b| *b == b':')?;
    (colon > 0 && line[..colon].iter().all(|b| (b'!'..=b'~').contains(b))).then_some(&line[..colon])
}

/// `From somebody Thu Jan  1 00:00:00 2026`: the line by which mbox parts its messages.
pub fn is_from_line(head: &[u8]) -> bool {
    if !head.starts_with(b"From ") {
        return false;
    }
    let line = head[..head.len().min(400)].split(|b| *b == b'\n').next().unwrap_or_default();
    let has_time = line.windows(3).any(|three| three[0].is_ascii_digit() && three[1] == b':' && three[2].is_ascii_digit());
    let has_year = line.windows(4).any(|four| matches!(four, [b'1', b'9', ..] | [b'2', b'0', ..]) && four.iter().all(u8::is_ascii_digit));
    has_time && has_year
}

/// A string in quotes that begins here (its first byte is the quote), and its length with them; an open one ends with the
/// text.
pub fn quoted_string(text: &[u8]) -> (Vec<u8>, usize) {
    let (mut out, mut at) = (Vec::new(), 1);
    while at < text.len() {
        match text[at] {
            b'"' => return (out, at + 1),
            b'\\' if at + 1 < text.len() => at += 1,
            _ => {}
        }
        out.push(text[at]);
        at += 1;
    }
    (out, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_from_other_text() {
        for (text, is) in [
            ("From: a@example.org\r\nTo: b\r\nSubject: c\r\n\r\nbody", true),
            ("Received: by x\n\tfolded\nFrom: a\nDate: b\n\n", true),
            ("To: a\nSubject: b\nDate: c\n\n", false),
            ("From: a\nsome prose\nTo: b\nDate: c", false),
            ("{\"from\": 1}", false),
            ("", false),
        ] {
            assert_eq!(is_message(text.as_bytes()), is, "{text}");
        }
    }

    #[test]
    fn an_mbox_begins_with_its_line() {
        for (text, is) in [
            ("From a@example.org Mon Mar  2 10:00:00 2026\nFrom: a\n", true),
            ("From a@example.org Mon Mar  2 10:00:00 2026\n>From b\n", true),
            ("From a@example.org Mon Mar  2 10:00:00 2026\nprose follows here\n", false),
            ("From here on it is prose\nFrom: a\n", false),
        ] {
            assert_eq!(is_mbox(text.as_bytes()), is, "{text}");
        }
    }

    #[test]
    fn a_string_in_quotes_ends_at_its_quote() {
        assert_eq!(quoted_string(br#""a\"b"; c"#), (b"a\"b".to_vec(), 6));
        assert_eq!(quoted_string(b"\"open"), (b"open".to_vec(), 5));
        assert_eq!(quoted_string(b"\"\\"), (b"\\".to_vec(), 2));
    }
}
