//! Text of strangers as it may be shown to a reader: bounded, with what cannot be seen named, and without towers of
//! marks that climb over other lines: what is left out of a tower is counted where it stood. It is for the eye only: what is searched, marked or hashed is the text itself.

use unicode_normalization::char::is_combining_mark;

/// Marks on one letter that are shown; scripts with subscripts and medials have more.
const TOWER: usize = 6;
/// The same for the scripts from Devanagari to Burmese and Khmer.
const TOWER_OF_INDIC: usize = 12;

/// The first `most` characters, with what cannot be seen named, such as `[U+202E]`.
///
/// ```
/// assert_eq!(text::shown::plain("abc\u{202e}fdp.exe", 100), "abc[U+202E]fdp.exe");
/// ```
pub fn plain(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    let mut plain = Plain::default();
    plain.put(text, most, &mut shown);
    plain.end(&mut shown);
    shown
}

/// The same for a text that comes in parts: a tower is one also when it is cut.
#[derive(Debug, Clone)]
pub struct Plain {
    marks: usize,
    left_out: usize,
    before: char,
}

impl Default for Plain {
    fn default() -> Plain {
        Plain { marks: 0, left_out: 0, before: ' ' }
    }
}

impl Plain {
    /// Adds the first `most` characters of the next part.
    pub fn put(&mut self, text: &str, most: usize, into: &mut String) {
        let mut letters = text.chars();
        for character in letters.by_ref().take(most) {
            self.marks = if is_combining_mark(character) { self.marks + 1 } else { 0 };
            let tower = if matches!(character, '\u{0900}'..='\u{0dff}' | '\u{0f00}'..='\u{109f}' | '\u{1700}'..='\u{1aaf}' | '\u{1b00}'..='\u{1cff}') { TOWER_OF_INDIC } else { TOWER };
            if self.marks == 0 {
                self.end(into);
            }
            match character {
                // Between words of scripts without blanks it is how lines are broken, and no disguise.
                '\u{200b}' if is_without_blanks(self.before) => into.push(character),
                _ if self.marks > tower => self.left_out += 1,
                character if is_unseen(character) => into.push_str(&format!("[U+{:04X}]", character as u32)),
                character => into.push(character),
            }
            self.before = character;
        }
        if letters.next().is_some() {
            into.push('…');
        }
    }

    /// Behind the last part: tells what was left out there, such as `[+894 marks]`.
    pub fn end(&mut self, into: &mut String) {
        match std::mem::take(&mut self.left_out) {
            0 => {}
            many => into.push_str(&format!("[+{many} marks]")),
        }
    }
}

fn is_unseen(character: char) -> bool {
    match character {
        '\n' | '\t' | '\r' => false,
        '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e0fff}' => true,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}' | '\u{3164}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' => true,
        character => character.is_control(),
    }
}

fn is_without_blanks(character: char) -> bool {
    matches!(character, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_text_is_bounded_and_says_what_cannot_be_seen() {
        for (text, shown) in [
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("abc\u{202e}fdp.exe", "abc[U+202E]fdp.exe"),
            ("bell\u{7}", "bell[U+0007]"),
            ("pay\u{200b}pal", "pay[U+200B]pal"),
            ("ខ្មែរ\u{200b}ខ្មែរ", "ខ្មែរ\u{200b}ខ្មែរ"),
            ("ກໍ່ຢ່າ", "ກໍ່ຢ່າ"),
            ("ကျွှိုးံ့", "ကျွှိုးံ့"),
        ] {
            assert_eq!(plain(text, 100), shown);
        }
        for mark in ['\u{0301}', '\u{064b}', '\u{20dd}', '\u{1ab0}', '\u{fe20}', '\u{0e49}'] {
            assert_eq!(plain(&format!("a{}b", String::from(mark).repeat(1_000_000)), 10_000_000), format!("a{}[+999994 marks]b", String::from(mark).repeat(TOWER)));
        }
        assert_eq!(plain(&format!("a{}", "\u{093e}".repeat(1_000_000)), 10_000_000), format!("a{}[+999988 marks]", "\u{093e}".repeat(TOWER_OF_INDIC)));
        assert_eq!(plain("long", 2), "lo…");
        let (mut in_parts, mut shown) = (Plain::default(), String::new());
        (0..1_000).for_each(|_| in_parts.put("\u{0301}", 10, &mut shown));
        assert_eq!(shown.chars().count(), TOWER);
        in_parts.end(&mut shown);
        assert!(shown.ends_with("[+994 marks]"), "{shown}");
    }
}
