//! Lets text through and stops what is not, before it is written anywhere: pictures, films, sound, documents,
//! archives. What a response is, its `Content-Type` says; and whatever it says, and however broken it is, at the first
//! byte that no text has (a control character) it ends. Every picture, film and archive has one within its first bytes.
//!
//! A body that is compressed although nobody asked for it cannot be looked at, and is stopped. Text in UTF-16 is stopped
//! too. It does not look inside text: a picture that a page carries in its own letters (`data:` addresses) passes.

use crate::response::{Ending, ResponseReader};

/// Bytes that are held while there is no head yet.
const MOST: usize = 320 << 10;

/// What is done with the bytes that came.
pub(crate) enum Passage {
    /// There is no head yet.
    Wait,
    /// These are let through.
    Through(Vec<u8>),
    /// Here text ends: this is kept, and nothing more is received.
    Stopped(Vec<u8>),
}

/// A response at the gate.
#[derive(Default)]
pub(crate) enum Gate {
    /// The order is for everything.
    Open,
    /// The head has not come to its end.
    #[default]
    Waiting,
    Held(Vec<u8>),
    /// Text has come so far.
    Text,
}

impl Gate {
    /// Takes bytes that the reader has seen already.
    pub(crate) fn push(&mut self, bytes: &[u8], reader: &ResponseReader) -> Passage {
        let mut held = match std::mem::take(self) {
            Gate::Open => {
                *self = Gate::Open;
                return Passage::Through(bytes.to_vec());
            }
            Gate::Text => {
                *self = Gate::Text;
                return text(bytes.to_vec(), 0);
            }
            Gate::Waiting => vec![],
            Gate::Held(held) => held,
        };
        held.extend_from_slice(bytes);
        if reader.heads().is_none() && reader.ending() != Ending::Malformed && held.len() <= MOST {
            *self = Gate::Held(held);
            return Passage::Wait;
        }
        *self = Gate::Text;
        judge(held, reader)
    }

    /// Nothing more comes.
    pub(crate) fn finish(&mut self, reader: &ResponseReader) -> Passage {
        match std::mem::take(self) {
            Gate::Held(held) => {
                *self = Gate::Text;
                judge(held, reader)
            }
            other => {
                *self = other;
                Passage::Wait
            }
        }
    }
}

/// The head and what came with it.
fn judge(mut held: Vec<u8>, reader: &ResponseReader) -> Passage {
    let head = reader.heads().unwrap_or(0).min(held.len());
    if !is_text_by_name(reader.media()) || reader.is_encoded() {
        held.truncate(head);
        return Passage::Stopped(held);
    }
    text(held, head)
}

/// Lets through what is text behind the first `from` bytes.
fn text(mut bytes: Vec<u8>, from: usize) -> Passage {
    match bytes[from..].iter().position(|byte| is_of_no_text(*byte)) {
        None => Passage::Through(bytes),
        Some(at) => {
            bytes.truncate(from + at);
            Passage::Stopped(bytes)
        }
    }
}

/// The control characters but tab, line feed, line tabulation, form feed, carriage return, and escape, by which old
/// East Asian codings change their tables.
fn is_of_no_text(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0x1b) || byte == 0x7f
}

/// Whether a `Content-Type` names text (RFC 9110 §8.3; RFC 6839 for `+xml` and `+json`). None names nothing else.
pub(crate) fn is_text_by_name(media: Option<&str>) -> bool {
    const TEXT: [&str; 9] = [
        "application/json", "application/xml", "application/xhtml+xml", "application/javascript", "application/x-javascript", "application/ecmascript",
        "application/pgp-keys", "application/pgp-signature", "application/x-www-form-urlencoded",
    ];
    let Some(media) = media else { return true };
    let name = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let structured = name.starts_with("application/") && (name.ends_with("+xml") || name.ends_with("+json"));
    name.is_empty() || name.starts_with("text/") || structured || TEXT.contains(&name.as_str())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    /// What passes, with the bytes cut in pieces of this length.
    fn passed(response: &[u8], piece: usize) -> (Vec<u8>, bool) {
        let (mut gate, mut reader, mut out) = (Gate::default(), ResponseReader::default(), vec![]);
        let take = |passage, out: &mut Vec<u8>| match passage {
            Passage::Wait => false,
            Passage::Through(bytes) => {
                out.extend(bytes);
                false
            }
            Passage::Stopped(head) => {
                out.extend(head);
                true
            }
        };
        for bytes in response.chunks(piece) {
            reader.push(bytes);
            if take(gate.push(bytes, &reader), &mut out) {
                return (out, true);
            }
        }
        reader.close();
        let stopped = take(gate.finish(&reader), &mut out);
        (out, stopped)
    }

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR picture";

    fn response(media: &str, body: &[u8]) -> Vec<u8> {
        [format!("HTTP/1.1 200 OK\r\n{media}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
    }

    #[test]
    fn text_passes_whole_however_it_is_cut() {
        for media in ["", "Content-Type: text/html; charset=utf-8\r\n", "Content-Type: application/ld+json\r\n"] {
            for body in ["", "a", "ຕະຫຼາດ ตลาด and some more text", "<html>"] {
                let whole = response(media, body.as_bytes());
                for piece in [1, 7, 4096] {
                    assert_eq!(passed(&whole, piece), (whole.clone(), false), "{media} {body}");
                }
            }
        }
        let raw = b"no head at all, only words";
        assert_eq!(passed(raw, 5), (raw.to_vec(), false));
    }

    #[test]
    fn of_a_picture_nothing_is_kept_whatever_it_calls_itself() {
        // Before its first control character stand these bytes.
        let lead = PNG.iter().position(|byte| is_of_no_text(*byte)).unwrap();
        for (media, kept) in [("", lead), ("Content-Type: text/html\r\n", lead), ("Content-Type: image/png\r\n", 0), ("Content-Type: IMAGE/PNG; x=y\r\n", 0)] {
            let whole = response(media, PNG);
            let head = whole.len() - PNG.len();
            for piece in [1, 9, 4096] {
                assert_eq!(passed(&whole, piece), (whole[..head + kept].to_vec(), true), "{media:?} {piece}");
            }
        }
        for media in ["video/mp4", "audio/ogg", "application/pdf", "application/zip", "application/octet-stream", "font/woff2", "image/svg+xml", "multipart/x-mixed-replace"] {
            assert!(passed(&response(&format!("Content-Type: {media}\r\n"), b"words that are plain text"), 4096).1, "{media}");
        }
    }

    #[test]
    fn no_broken_long_or_coded_answer_opens_the_gate() {
        let flood = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(16_000);
        let answers: [&[u8]; 9] = [
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n5000\r\n",
            b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: none\r\n\r\n",
            &flood,
        ];
        for answer in answers {
            let whole = [answer, PNG].concat();
            for piece in [1, 1000, usize::MAX] {
                // One byte at a time through half a megabyte takes long and tells nothing new.
                if piece == 1 && answer.len() > 100_000 {
                    continue;
                }
                let (kept, stopped) = passed(&whole, piece.min(whole.len()));
                assert!(stopped && kept.len() <= answer.len() + 6, "{:?} {piece}", String::from_utf8_lossy(&answer[..answer.len().min(90)]));
            }
        }
    }

    #[test]
    fn honest_text_that_begins_like_a_program_or_ends_badly_is_kept() {
        for body in ["BMW and MZ are letters", "II and MM too", "%PDF in a sentence", "\u{feff}ຕະຫຼາດ"] {
            let whole = response("Content-Type: text/plain\r\n", body.as_bytes());
            assert_eq!(passed(&whole, 7), (whole.clone(), false), "{body}");
        }
        let stray = response("", b"text, then\x08 a stray sign");
        let kept = stray.len() - b"\x08 a stray sign".len();
        assert_eq!(passed(&stray, 3), (stray[..kept].to_vec(), true), "what stood before it stays");
    }
}
