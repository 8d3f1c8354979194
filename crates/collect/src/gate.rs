//! Lets text through and stops what is not, before one byte of it is written anywhere: pictures, films, sound,
//! documents, archives. What a response is, its `Content-Type` says, and its first bytes, whichever is stricter.
//!
//! It does not look inside: a picture that a page carries in its own text (`data:` addresses), or under a
//! compression that nobody asked for and a false name, passes as the text that it is written in.

use crate::response::{Ending, ResponseReader};

/// Bytes of a body that must be there before it is judged, unless no more come.
const ENOUGH: usize = 16;
/// Bytes that are held while there is no head yet.
const MOST: usize = 320 << 10;

/// What is done with the bytes that came.
pub(crate) enum Passage {
    /// Not judged yet.
    Wait,
    /// These are let through.
    Through(Vec<u8>),
    /// It is not text: only this head is kept, and nothing more is received.
    Stopped(Vec<u8>),
}

/// A response at the gate.
#[derive(Default)]
pub(crate) struct Gate {
    held: Vec<u8>,
    open: bool,
}

impl Gate {
    /// A gate that lets everything through.
    pub(crate) fn open() -> Gate {
        Gate { held: vec![], open: true }
    }

    /// Takes bytes that the reader has seen already.
    pub(crate) fn push(&mut self, bytes: &[u8], reader: &ResponseReader) -> Passage {
        self.held.extend_from_slice(bytes);
        if self.open {
            return Passage::Through(std::mem::take(&mut self.held));
        }
        let judged = match reader.heads() {
            Some(_) => !is_text_by_name(reader.media()) || reader.first().len() >= ENOUGH || reader.ending() != Ending::Open && reader.ending() != Ending::WholeAtClose,
            None => reader.ending() == Ending::Malformed || self.held.len() > MOST,
        };
        if judged { self.judge(reader) } else { Passage::Wait }
    }

    /// Nothing more comes.
    pub(crate) fn finish(&mut self, reader: &ResponseReader) -> Passage {
        if self.open { Passage::Wait } else { self.judge(reader) }
    }

    fn judge(&mut self, reader: &ResponseReader) -> Passage {
        let mut held = std::mem::take(&mut self.held);
        self.open = true;
        let looks = match reader.heads() {
            Some(_) => reader.is_encoded() || is_text_by_look(reader.first()),
            // Without a head it is no page; broken answers are findings, and kept, unless they are a picture.
            None => !is_of_a_kind(&held),
        };
        if is_text_by_name(reader.media()) && looks {
            return Passage::Through(held);
        }
        held.truncate(reader.heads().unwrap_or(0));
        Passage::Stopped(held)
    }
}

/// Whether a `Content-Type` names text (RFC 9110 §8.3; RFC 6839 for `+xml` and `+json`). None names nothing else.
fn is_text_by_name(media: Option<&str>) -> bool {
    const TEXT: [&str; 9] = [
        "application/json", "application/xml", "application/xhtml+xml", "application/javascript", "application/x-javascript", "application/ecmascript",
        "application/pgp-keys", "application/pgp-signature", "application/x-www-form-urlencoded",
    ];
    let Some(media) = media else { return true };
    let name = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let structured = name.starts_with("application/") && (name.ends_with("+xml") || name.ends_with("+json"));
    name.is_empty() || name.starts_with("text/") || structured || TEXT.contains(&name.as_str())
}

/// Whether the first bytes are those of no known picture, film, sound, document or archive, and hold no zero byte.
fn is_text_by_look(first: &[u8]) -> bool {
    // UTF-16 has zero bytes and says so in its first two.
    let marked = first.starts_with(&[0xff, 0xfe]) || first.starts_with(&[0xfe, 0xff]);
    let zero = first.iter().take(64).any(|byte| *byte == 0) && !marked;
    !zero && !is_of_a_kind(first)
}

/// Whether these are the first bytes of something known that is not text.
fn is_of_a_kind(first: &[u8]) -> bool {
    infer::get(first).is_some_and(|kind| kind.matcher_type() != infer::MatcherType::Text)
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
    fn of_a_picture_only_the_head_is_kept_whatever_it_calls_itself() {
        for media in ["", "Content-Type: text/html\r\n", "Content-Type: image/png\r\n", "Content-Type: IMAGE/PNG; x=y\r\n"] {
            let whole = response(media, PNG);
            let head = whole.len() - PNG.len();
            for piece in [1, 9, 4096] {
                assert_eq!(passed(&whole, piece), (whole[..head].to_vec(), true), "{media:?} {piece}");
            }
        }
        assert_eq!(passed(PNG, 4), (vec![], true), "and nothing where there is no head");
        for media in ["video/mp4", "audio/ogg", "application/pdf", "application/zip", "application/octet-stream", "font/woff2", "image/svg+xml", "multipart/x-mixed-replace"] {
            assert!(passed(&response(&format!("Content-Type: {media}\r\n"), b"words that are plain text"), 4096).1, "{media}");
        }
        let chunked = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\x89\r\n16\r\n".as_slice(), &PNG[1..], b"\r\n0\r\n\r\n"].concat();
        assert!(passed(&chunked, 1).1 && passed(&chunked, 4096).1);
    }
}
