//! A page while it is written: its bytes, and marks on what was planted. Whoever writes the bytes anew
//! (as a JSON string, as quoted-printable) moves the marks with them, so a range in the truth is always
//! one in the file.

use super::truth::Truth;

/// Something of the truth at bytes of the page.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) truth: Truth,
}

/// Bytes with marks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sheet {
    pub(crate) text: String,
    pub(crate) marks: Vec<Mark>,
}

impl Sheet {
    pub(crate) fn put(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn mark(&mut self, start: usize, end: usize, truth: Truth) {
        self.marks.push(Mark { start, end, truth });
    }

    /// Another sheet at the end of this one.
    pub(crate) fn append(&mut self, other: Sheet) {
        let base = self.text.len();
        self.text.push_str(&other.text);
        self.marks.extend(other.marks.into_iter().map(|mark| Mark { start: base + mark.start, end: base + mark.end, ..mark }));
    }

    /// The same sheet with each character written another way. `write` puts a character at the end of
    /// the text and returns where its own bytes begin.
    fn rewritten(self, mut write: impl FnMut(&mut String, char) -> usize) -> Sheet {
        let mut text = String::with_capacity(self.text.len() * 2);
        let mut begins = vec![0; self.text.len() + 1];
        let mut ends = vec![0; self.text.len() + 1];
        for (at, letter) in self.text.char_indices() {
            begins[at] = write(&mut text, letter);
            ends[at + letter.len_utf8()] = text.len();
        }
        let marks = self.marks.into_iter().map(|mark| Mark { start: begins[mark.start], end: ends[mark.end], ..mark }).collect();
        Sheet { text, marks }
    }

    /// As the inside of a JSON string (RFC 8259 §7), slashes escaped as PHP and others do. With
    /// `ascii`, every character beyond ASCII becomes `\u` and four digits, as Python does.
    pub(crate) fn in_json(self, ascii: bool) -> Sheet {
        self.rewritten(|text, letter| {
            let begin = text.len();
            match letter {
                '"' => text.push_str("\\\""),
                // One that was put there as the beginning of an escape.
                ESCAPE => text.push('\\'),
                '\\' => text.push_str("\\\\"),
                '/' => text.push_str("\\/"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                letter if letter < ' ' || (ascii && letter > '~') => text.push_str(&json_units(letter)),
                letter => text.push(letter),
            }
            begin
        })
    }

    /// As quoted-printable (RFC 2045 §6.7): lines of at most 76 characters, soft line breaks, CRLF.
    pub(crate) fn in_quoted_printable(self) -> Sheet {
        let mut column = 0;
        self.rewritten(|text, letter| {
            if letter == '\n' {
                column = 0;
                text.push_str("\r\n");
                return text.len() - 2;
            }
            let mut buffer = [0; 4];
            let code: String = match letter {
                ' '..='<' | '>'..='~' => letter.into(),
                _ => letter.encode_utf8(&mut buffer).bytes().map(|byte| format!("={byte:02X}")).collect(),
            };
            if column + code.len() > 75 {
                text.push_str("=\r\n");
                column = 0;
            }
            column += code.len();
            text.push_str(&code);
            text.len() - code.len()
        })
    }
}

/// Stands for a backslash that begins an escape and must not be escaped itself.
pub(crate) const ESCAPE: char = '\u{f8ff}';

/// A character as `\u` escapes, in two halves beyond U+FFFF.
pub(crate) fn json_units(letter: char) -> String {
    letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, inner: &str) -> Sheet {
        let start = text.find(inner).expect("it is there");
        let mut sheet = Sheet { text: text.into(), ..Sheet::default() };
        sheet.mark(start, start + inner.len(), Truth::nothing());
        sheet
    }

    fn at_mark(sheet: &Sheet) -> &str {
        &sheet.text[sheet.marks[0].start..sheet.marks[0].end]
    }

    #[test]
    fn marks_move_with_what_they_stand_on() {
        assert_eq!(at_mark(&marked("ab\"c/d\u{e17}e", "c/d\u{e17}").in_json(true)), "c\\/d\\u0e17");
        assert_eq!(at_mark(&marked("x=y\u{e17}z", "=y\u{e17}").in_quoted_printable()), "=3Dy=E0=B8=97");
        let long = format!("{}{}", "a".repeat(70), "0123456789");
        assert_eq!(at_mark(&marked(&long, "0123456789").in_quoted_printable()), "01234=\r\n56789");
        assert_eq!(at_mark(&marked(&long, "56789").in_quoted_printable()), "56789");
    }
}
