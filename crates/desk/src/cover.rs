//! What opens an account, a wallet or a key is covered wherever words of the evidence are shown by the way: in the quotes
//! of a search, in listings, posts and messages. It is shown by its own question, which says so in the log.
//!
//! Covered are the bytes in which such a selector was found, not what looks like its value: a key that is broken over
//! lines, parted by markup or written with other letters has another spelling in the text than in the list. Where the
//! bytes cannot be led to letters, the whole piece is covered. It refuses to show half of a value at the edge of a quote.

use model::{chat::Message, listing::{Cell, Listing}, selector::FoundSelector};

/// What stands in place of a piece that is covered whole.
pub(crate) const MASKED: &str = "(masked: --reveal)";

/// The sensitive selectors of some bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets {
    /// In the order of their first byte.
    found: Vec<FoundSelector>,
    /// The bytes in which they stand: in order, none touching the next.
    ranges: Vec<(u64, u64)>,
    /// Those of them of which no value was kept: what stands there is covered whole.
    blind: Vec<(u64, u64)>,
}

/// Those of some ranges that reach into a stretch.
fn reaching(ranges: &[(u64, u64)], start: u64, end: u64) -> &[(u64, u64)] {
    let from = ranges.partition_point(|range| range.1 <= start);
    let to = ranges.partition_point(|range| range.0 < end);
    &ranges[from..to.max(from)]
}

/// Ranges in order, none touching the next.
fn joined(mut all: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    all.sort_unstable();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for (start, end) in all {
        match ranges.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => ranges.push((start, end)),
        }
    }
    ranges
}

impl Secrets {
    /// Those among the selectors of some bytes.
    pub fn of<'s>(selectors: impl IntoIterator<Item = &'s FoundSelector>) -> Secrets {
        let mut found: Vec<FoundSelector> = selectors.into_iter().filter(|one| one.is_sensitive()).cloned().collect();
        found.sort_by_key(|one| (one.start, one.end));
        let ranges = joined(found.iter().map(|one| (one.start, one.end)).collect());
        Secrets { found, ranges, blind: vec![] }
    }

    /// The same with bytes in which something sensitive stands that was not kept.
    pub fn and_in(mut self, blind: &[(u64, u64)]) -> Secrets {
        if !blind.is_empty() {
            self.ranges = joined(self.ranges.iter().chain(blind).copied().collect());
            self.blind = joined(self.blind.iter().chain(blind).copied().collect());
        }
        self
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// The bytes of those that reach into a stretch.
    pub fn within(&self, start: u64, end: u64) -> &[(u64, u64)] {
        reaching(&self.ranges, start, end)
    }

    fn is_blind(&self, start: u64, end: u64) -> bool {
        !reaching(&self.blind, start, end).is_empty()
    }

    fn reaching(&self, start: u64, end: u64) -> impl Iterator<Item = &FoundSelector> {
        let to = self.found.partition_point(|one| one.start < end);
        self.found[..to].iter().filter(move |one| one.end > start)
    }

    /// A row with each cell covered in whose bytes one stands.
    pub fn cover_row(&self, row: &Listing) -> Listing {
        let covered = |cell: &Cell| {
            let mut cell = cell.clone();
            if self.is_blind(cell.start, cell.end) {
                [&mut cell.value, &mut cell.written].into_iter().flatten().for_each(|text| *text = MASKED.into());
            }
            for secret in self.reaching(cell.start, cell.end) {
                for text in [&mut cell.value, &mut cell.written].into_iter().flatten() {
                    *text = without(text, &secret.value).unwrap_or_else(|| MASKED.into());
                }
            }
            cell
        };
        Listing::new(row.kind(), row.read_by().clone(), (row.start(), row.end()), row.cells().iter().map(covered).collect())
    }

    /// A message with what stands in it covered.
    pub fn cover_message(&self, message: &mut Message) {
        let within: Vec<&FoundSelector> = self.reaching(message.start, message.end).collect();
        for secret in &within {
            let mut covered = false;
            for text in texts(message) {
                if let Some(other) = without(text, &secret.value) {
                    (*text, covered) = (other, true);
                }
            }
            if !covered {
                message.text = MASKED.into();
            }
        }
        if self.is_blind(message.start, message.end) {
            texts(message).for_each(|text| *text = MASKED.into());
        }
        // The name of a conversation stands outside its messages, and that of an author may.
        for secret in &self.found {
            for name in [&mut message.conversation, &mut message.author].into_iter().flatten() {
                *name = without(name, &secret.value).unwrap_or_else(|| std::mem::take(name));
            }
        }
    }
}

fn texts(message: &mut Message) -> impl Iterator<Item = &mut String> {
    let Message { text, author, conversation, reply_to, forwarded_from, service, attachments, .. } = message;
    let optional = [author, conversation, reply_to, forwarded_from, service].into_iter().flatten();
    std::iter::once(text).chain(optional).chain(attachments.iter_mut().map(|attachment| &mut attachment.name))
}

/// A stretch of a passage with every letter covered whose bytes lie in one of these ranges. As many stars stand there as
/// the letter had bytes, so that places stay places.
pub(crate) fn quoted(text: &str, (from, to): (usize, usize), runs: &[(u32, u64, u32)], ranges: &[(u64, u64)]) -> String {
    let mut shown = String::with_capacity(to - from);
    for (at, letter) in text[from..to].char_indices() {
        let at = from + at;
        let raw = extract::passages::raw_range(runs, at, at + letter.len_utf8());
        let secret = |(start, end): (u64, u64)| {
            let next = ranges.partition_point(|range| range.1 <= start);
            ranges.get(next).is_some_and(|range| range.0 < end)
        };
        // A letter without a place could be anything.
        let cover = !ranges.is_empty() && raw.is_none_or(secret);
        if cover { (0..letter.len_utf8()).for_each(|_| shown.push('*')) } else { shown.push(letter) }
    }
    shown
}

/// The text with every place covered where a value stands, in any letter case and with any blanks and invisible letters
/// in it; none when it stands nowhere.
pub(crate) fn without(text: &str, value: &str) -> Option<String> {
    let plain = |text: &str| -> (String, Vec<(usize, usize)>) {
        let (mut form, mut places) = (String::with_capacity(text.len()), Vec::new());
        for (at, letter) in text.char_indices().filter(|(_, letter)| !is_between(*letter)) {
            letter.to_lowercase().for_each(|lower| {
                form.push(lower);
                places.extend((0..lower.len_utf8()).map(|_| (at, at + letter.len_utf8())));
            });
        }
        (form, places)
    };
    let ((form, places), (value, _)) = (plain(text), plain(value));
    if value.bytes().all(|byte| byte == b'*') {
        return None;
    }
    let mut shown = text.to_string();
    let mut found = false;
    for (at, piece) in form.match_indices(&value) {
        let (from, to) = (places[at].0, places[at + piece.len() - 1].1);
        shown.replace_range(from..to, &"*".repeat(to - from));
        found = true;
    }
    found.then_some(shown)
}

/// What may stand between the letters of a value without being part of it.
fn is_between(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where it fails")]
mod tests {
    use model::{chat::ChatFormat, listing::{Field, ReadBy, RowKind}, selector::{SelectorState, SelectorType}};

    use super::*;

    fn found(selector_type: SelectorType, value: &str, start: u64, end: u64) -> FoundSelector {
        let (state, reason) = (SelectorState::Verified, "drill".into());
        FoundSelector { selector_type, value: value.into(), state, reason, start, end, rivals: vec![], chance: None, context: vec![], steps: vec![] }
    }

    #[test]
    fn a_value_is_covered_however_it_is_parted() {
        let check = |text: &str, value: &str, shown: Option<&str>| assert_eq!(without(text, value).as_deref(), shown, "{text}");
        check("key 5Hue CG\u{200b}U8 end", "5hUeCGu8", Some("key ************ end"));
        check("abcabc", "abc", Some("******"));
        check("ab", "abc", None);
        check("******", "*", None);
        check("ÄB and İx", "äb", Some("*** and İx"));
    }

    #[test]
    fn a_quote_covers_the_bytes_of_a_secret_and_no_half_of_it_is_left_at_its_edge() {
        // "one <b>two</b> three" without its tags; the secret stands from byte 4 to byte 20.
        let (text, runs) = ("one two three", vec![(0, 0, 0), (4, 7, 0), (7, 14, 0)]);
        let secrets = Secrets::of(&[found(SelectorType::Wif, "other spelling", 4, 20), found(SelectorType::Email, "one", 0, 3)]);
        let shown = |from, to| quoted(text, (from, to), &runs, secrets.within(0, 30));
        assert_eq!(shown(0, 13), "one ********* ".trim_end());
        assert_eq!(shown(5, 13), "********");
        assert_eq!(quoted("ກຂຄ", (0, 9), &[(0, 0, 0)], &[(3, 6)]), "ກ***ຄ");
        assert_eq!(quoted(text, (0, 13), &runs, &[]), text);
    }

    #[test]
    fn ranges_that_touch_are_one_and_reach_into_a_stretch_from_before() {
        let of = |ranges: &[(u64, u64)]| Secrets::of(&ranges.iter().map(|(start, end)| found(SelectorType::Card, "x", *start, *end)).collect::<Vec<_>>());
        let secrets = of(&[(30, 40), (0, 100), (100, 110), (200, 210)]);
        assert_eq!(secrets.within(105, 106), [(0, 110)]);
        assert_eq!(secrets.within(110, 200), []);
        assert_eq!(secrets.within(50, 201), [(0, 110), (200, 210)]);
    }

    #[test]
    fn rows_and_messages_cover_what_opens_a_wallet() {
        let cell = |field, value: &str, start, end| Cell { field, value: Some(value.into()), written: Some(value.into()), start, end, reason: "drill".into() };
        let cells = vec![cell(Field::Title, "tea", 0, 10), cell(Field::Text, "take KEY one", 10, 40), cell(Field::Author, "spelt otherwise", 40, 60)];
        let row = Listing::new(RowKind::Post, ReadBy::Structure { confidence: 50 }, (0, 60), cells);
        let secrets = Secrets::of(&[found(SelectorType::Wif, "key", 15, 18), found(SelectorType::PrivateKey, "ec private key sha256:00", 42, 58)]);
        let covered = secrets.cover_row(&row);
        assert_eq!([Field::Title, Field::Text, Field::Author].map(|field| covered.get(field).unwrap()), ["tea", "take *** one", MASKED]);
        assert!(covered.cells().iter().all(|cell| cell.written == cell.value));
        let mut message = Message { text: "my KEY".into(), conversation: Some("about key".into()), ..Message::at(ChatFormat::SignalJson, 0, 20) };
        secrets.cover_message(&mut message);
        assert_eq!((message.text.as_str(), message.conversation.as_deref()), ("my ***", Some("about ***")));
        let mut message = Message { text: "parted".into(), ..Message::at(ChatFormat::SignalJson, 41, 59) };
        secrets.cover_message(&mut message);
        assert_eq!(message.text, MASKED);
        let unkept = secrets.clone().and_in(&[(12, 14), (65, 80)]);
        let covered = unkept.cover_row(&row);
        assert_eq!([Field::Title, Field::Text, Field::Author].map(|field| covered.get(field).unwrap()), ["tea", MASKED, MASKED]);
        assert_eq!(unkept.within(0, 90), [(12, 14), (15, 18), (42, 58), (65, 80)]);
        let mut message = Message { text: "unkept".into(), author: Some("who".into()), ..Message::at(ChatFormat::SignalJson, 70, 90) };
        unkept.cover_message(&mut message);
        assert_eq!((message.text.as_str(), message.author.as_deref()), (MASKED, Some(MASKED)));
        let mut message = Message { text: "key of another".into(), author: Some("key".into()), ..Message::at(ChatFormat::TelegramHtml, 70, 90) };
        secrets.cover_message(&mut message);
        assert_eq!((message.text.as_str(), message.author.as_deref()), ("key of another", Some("***")));
    }
}
