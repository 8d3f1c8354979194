//! Seed phrases (BIP-39): 12 to 24 words of one of the ten official lists, whose last bits are the
//! first bits of a SHA-256. One random phrase of twelve words in sixteen passes, so the words must
//! stand together and nothing else may stand between them. No seed is derived, no wallet is opened.
//! Chinese phrases are read only when their characters stand apart: the lists hold the commonest
//! characters of the language, and any sentence would pass.
//!
//! The text is sampled, not read: a phrase has at least 47 bytes, so a look at one word in every 32
//! bytes meets each of them.

use std::sync::OnceLock;

use bip39::Language;
use model::selector::SelectorType;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::verdict::{Hit, Keep, Verdict, Words};

/// Twelve words of three letters and what parts them.
pub(crate) const SHORTEST: usize = 47;
const STEP: usize = 32;
/// Longest word of the lists in bytes, in the longer of its two spellings.
const LONGEST_WORD: usize = 36;
/// A run of more list words is a word list, not a phrase.
const LONGEST_RUN: usize = 30;

pub(crate) static CUES: Words = Words::new(&[
    "seed", "mnemonic", "recovery", "passphrase", "backup phrase", "secret phrase", "wallet", "bip39", "bip-39", "сид", "фраз", "мнемоник",
    "кошел", "助记词", "助記詞", "วลีกู้คืน", "cụm từ", "frasa", "semilla", "semente", "ニーモニック", "니모닉", "복구",
]);

/// A word of the lists: which lists it stands in, and where.
struct Entry {
    hash: u64,
    language: u8,
    index: u16,
}

/// All lists by the hash of their words, with a filter of 32 KiB before them.
struct Lists {
    filter: Vec<u64>,
    slots: Vec<u32>,
    entries: Vec<Entry>,
}

const FILTER_BITS: u32 = 18;
const SLOT_BITS: u32 = 16;

fn lists() -> &'static Lists {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    LISTS.get_or_init(|| {
        let mut lists = Lists { filter: vec![0; 1 << (FILTER_BITS - 6)], slots: vec![u32::MAX; 1 << SLOT_BITS], entries: Vec::new() };
        for (language, list) in Language::ALL.iter().enumerate() {
            for (index, word) in list.word_list().iter().enumerate() {
                let (composed, apart): (String, String) = (word.nfc().collect(), word.nfkd().collect());
                lists.insert(composed.as_bytes(), language as u8, index as u16);
                if composed != apart {
                    lists.insert(apart.as_bytes(), language as u8, index as u16);
                }
            }
        }
        lists
    })
}

/// ASCII words without regard to letter case, eight bytes at a time.
fn hash(word: &[u8]) -> u64 {
    let mut sum = word.len() as u64;
    for chunk in word.chunks(8) {
        let mut bytes = [0u8; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        let number = u64::from_le_bytes(bytes);
        let lower = if number & 0x8080_8080_8080_8080 == 0 { number | 0x2020_2020_2020_2020 } else { number };
        sum = (sum.rotate_left(5) ^ lower).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    sum ^ sum >> 32
}

impl Lists {
    fn insert(&mut self, word: &[u8], language: u8, index: u16) {
        let hash = hash(word);
        let bit = (hash >> (64 - FILTER_BITS)) as usize;
        self.filter[bit / 64] |= 1 << (bit % 64);
        let mut slot = (hash & ((1 << SLOT_BITS) - 1)) as usize;
        while self.slots[slot] != u32::MAX {
            slot = (slot + 1) & ((1 << SLOT_BITS) - 1);
        }
        self.slots[slot] = u32::try_from(self.entries.len()).expect("some ten thousand words");
        self.entries.push(Entry { hash, language, index });
    }

    fn may_hold(&self, hash: u64) -> bool {
        let bit = (hash >> (64 - FILTER_BITS)) as usize;
        self.filter[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// The lists in which a word stands, one bit each.
    fn languages(&self, word: &[u8]) -> u16 {
        let hash = hash(word);
        if !self.may_hold(hash) {
            return 0;
        }
        self.of(hash).fold(0, |set, entry| set | 1 << entry.language)
    }

    fn of(&self, hash: u64) -> impl Iterator<Item = &Entry> {
        let first = (hash & ((1 << SLOT_BITS) - 1)) as usize;
        (0..1 << SLOT_BITS)
            .map(move |i| self.slots[(first + i) & ((1 << SLOT_BITS) - 1)])
            .take_while(|entry| *entry != u32::MAX)
            .map(|entry| &self.entries[entry as usize])
            .filter(move |entry| entry.hash == hash)
    }

    fn index(&self, word: &[u8], language: usize) -> Option<u16> {
        self.of(hash(word)).find(|entry| usize::from(entry.language) == language).map(|entry| entry.index)
    }
}

/// A word of the text with the lists it stands in.
#[derive(Clone, Copy)]
struct Word {
    start: usize,
    end: usize,
    languages: u16,
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// Length of the ideographic space, or 0.
fn wide_space(text: &[u8]) -> usize {
    if text.starts_with(b"\xe3\x80\x80") { 3 } else { 0 }
}

/// What parts two words of a phrase: white space, a comma or a stroke, a number as in a list.
fn gap(text: &[u8], at: usize) -> Option<usize> {
    let (mut end, mut parted, mut digits) = (at, false, 0);
    while end < text.len() && end - at < 16 {
        match text[end] {
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b';' | b'|' => parted = true,
            b'0'..=b'9' if parted && digits < 2 => digits += 1,
            b'.' | b')' | b':' | b'-' if digits > 0 => {}
            b'-' | b'/' => parted = true,
            _ => match wide_space(&text[end..]) {
                0 => break,
                wide => {
                    parted = true;
                    end += wide - 1;
                }
            },
        }
        end += 1;
    }
    (parted && end < text.len() && is_letter(text[end])).then_some(end)
}

fn word_at(text: &[u8], start: usize) -> Word {
    let most = text.len().min(start + LONGEST_WORD + 1);
    let mut end = start;
    while end < most && is_letter(text[end]) && wide_space(&text[end..]) == 0 {
        end += 1;
    }
    Word { start, end, languages: 0 }
}

fn looked_up(text: &[u8], word: Word) -> Word {
    let length = word.end - word.start;
    let languages = if (3..=LONGEST_WORD).contains(&length) { lists().languages(&text[word.start..word.end]) } else { 0 };
    Word { languages, ..word }
}

fn next_word(text: &[u8], after: usize) -> Option<Word> {
    Some(looked_up(text, word_at(text, gap(text, after)?)))
}

/// The word before `at`, which is where a word begins.
fn previous_word(text: &[u8], at: usize) -> Option<Word> {
    let mut end = at;
    while end > 0 && at - end <= 16 {
        if end >= 3 && wide_space(&text[end - 3..]) > 0 {
            end -= 3;
        } else if !is_letter(text[end - 1]) {
            end -= 1;
        } else {
            break;
        }
    }
    if gap(text, end) != Some(at) {
        return None;
    }
    let mut start = end;
    let floor = end.saturating_sub(LONGEST_WORD + 1);
    while start > floor && is_letter(text[start - 1]) && !(start >= 3 && wide_space(&text[start - 3..]) > 0) {
        start -= 1;
    }
    (start < end).then(|| looked_up(text, Word { start, end, languages: 0 }))
}

/// Finds phrases; `cue_near` says whether words such as *seed* stand near a place.
pub(crate) fn find(text: &[u8], cue_near: impl Fn(usize, usize) -> bool) -> Vec<Hit> {
    let (mut hits, mut at, mut done) = (Vec::new(), 0, 0);
    while at + 8 < text.len() {
        let sample = at;
        at += STEP;
        let Some(word) = sampled(text, sample) else { continue };
        if word.start < done || word.languages == 0 {
            continue;
        }
        let Some(run) = run_around(text, word) else { continue };
        if run.len() < 3 {
            continue;
        }
        let (hit, end) = judge_run(text, &run, &cue_near);
        done = end;
        hits.extend(hit);
    }
    hits
}

/// The word that begins after the sampled place.
fn sampled(text: &[u8], at: usize) -> Option<Word> {
    let reach = if text[at] < 0x80 { 12 } else { LONGEST_WORD };
    let most = text.len().min(at + reach);
    let mut here = at;
    while here < most && is_letter(text[here]) && wide_space(&text[here..]) == 0 {
        here += 1;
    }
    if here == most {
        return None;
    }
    next_word(text, here)
}

/// All words of the lists around one, while one list holds them all.
fn run_around(text: &[u8], word: Word) -> Option<Vec<Word>> {
    let next = next_word(text, word.end).filter(|next| next.languages & word.languages != 0);
    let previous = previous_word(text, word.start).filter(|previous| previous.languages & word.languages != 0);
    if next.is_none() && previous.is_none() {
        return None;
    }
    let mut languages = word.languages;
    let mut before = Vec::new();
    let mut at = word.start;
    while let Some(previous) = previous_word(text, at).filter(|p| p.languages & languages != 0 && before.len() <= LONGEST_RUN) {
        languages &= previous.languages;
        at = previous.start;
        before.push(previous);
    }
    before.reverse();
    before.push(word);
    let mut at = word.end;
    while let Some(next) = next_word(text, at).filter(|n| n.languages & languages != 0 && before.len() <= 2 * LONGEST_RUN) {
        languages &= next.languages;
        at = next.end;
        before.push(next);
    }
    Some(before)
}

/// Words of the sentence around a phrase that may stand in the list too. More of them, and some part of
/// the run would pass by chance.
const MOST_AROUND: usize = 2;
const SIZES: [usize; 5] = [24, 21, 18, 15, 12];

/// The verdict on a run, and where the next look may begin.
fn judge_run(text: &[u8], run: &[Word], cue_near: impl Fn(usize, usize) -> bool) -> (Option<Hit>, usize) {
    let end = run[run.len() - 1].end;
    if run.len() > LONGEST_RUN {
        return (None, end);
    }
    let cued = |words: &[Word]| cue_near(words[0].start, words[words.len() - 1].end);
    let exact = SIZES.contains(&run.len()).then(|| judge(text, run, 1));
    let verified = exact.as_ref().is_some_and(|hit| hit.verdict.is_verified());
    // Wallets give 12 words or 24: between them, a mistyped phrase of 24 is likelier than a sound part of it.
    if verified && run.len() == 12 {
        return (exact, end);
    }
    let longer = with_one_strange(text, run).filter(|words| cued(words));
    if verified && longer.as_ref().is_none_or(|words| words.len() != 24) {
        return (exact, end);
    }
    let least = longer.as_ref().map_or(0, Vec::len);
    for size in SIZES.into_iter().filter(|size| *size < run.len() && *size + MOST_AROUND >= run.len() && *size >= least) {
        let tries = run.len() - size + 1;
        if let Some(hit) = run.windows(size).map(|part| judge(text, part, tries)).find(|hit| hit.verdict.is_verified()) {
            return (Some(hit), end);
        }
    }
    match (longer, exact) {
        (Some(words), exact) if exact.is_none() || words.len() > run.len() => (Some(judge(text, &words, 1)), words[words.len() - 1].end.max(end)),
        (_, Some(exact)) => (Some(exact), end),
        (_, None) => {
            let size = SIZES.into_iter().find(|size| *size < run.len() && *size + MOST_AROUND >= run.len());
            (size.map(|size| &run[..size]).filter(|words| cued(words)).map(|words| judge(text, words, 1)), end)
        }
    }
}

/// The run with one word beside it, and with what stands behind that word, when they make a phrase.
fn with_one_strange(text: &[u8], run: &[Word]) -> Option<Vec<Word>> {
    let (first, last) = (run[0], run[run.len() - 1]);
    let languages = run.iter().fold(u16::MAX, |set, word| set & word.languages);
    let beyond = |step: &dyn Fn(Word) -> Option<Word>, from: Word| {
        let mut words = vec![from];
        while let Some(word) = step(words[words.len() - 1]).filter(|w| w.languages & languages != 0 && words.len() < LONGEST_RUN) {
            words.push(word);
        }
        words
    };
    let right = next_word(text, last.end).map(|w| beyond(&|w| next_word(text, w.end), Word { languages: 0, ..w })).unwrap_or_default();
    let mut left = previous_word(text, first.start).map(|w| beyond(&|w| previous_word(text, w.start), Word { languages: 0, ..w })).unwrap_or_default();
    left.reverse();
    let with_right = [run, &right].concat();
    let with_left = [&left[..], run].concat();
    [with_right, with_left].into_iter().filter(|words| words.len() > run.len()).find_map(|words| {
        // Words of the sentence may stand in the list too: the phrase is cut where it most likely begins.
        let strange = words.iter().position(|word| word.languages == 0)?;
        let size = SIZES.into_iter().find(|size| *size <= words.len())?;
        let from = if strange < size { 0 } else { words.len() - size };
        Some(words[from..from + size].to_vec())
    })
}

fn judge(text: &[u8], words: &[Word], tries: usize) -> Hit {
    let (start, end) = (words[0].start, words[words.len() - 1].end);
    let written = || {
        let words: Vec<String> = words.iter().map(|w| String::from_utf8_lossy(&text[w.start..w.end]).to_lowercase()).collect();
        words.join(" ").nfc().collect::<String>()
    };
    let kind = SelectorType::SeedPhrase;
    let count = words.len();
    if let Some(place) = words.iter().position(|word| word.languages == 0) {
        let reason = format!("{count} words, and word {} is on no list of BIP-39 that holds the others", place + 1);
        return Verdict::failed(kind, written(), reason).at(start, end);
    }
    let common = words.iter().fold(u16::MAX, |set, word| set & word.languages);
    let languages = || (0..Language::ALL.len()).filter(|language| common >> language & 1 == 1);
    let verdict = match languages().find(|language| holds(text, words, *language)) {
        Some(language) => {
            let name = Language::ALL[language].to_string();
            let words = if tries > 1 { format!("; the phrase was cut from a run of words in which {tries} phrases could begin") } else { String::new() };
            let bits = count / 3;
            Verdict::verified(kind, written(), format!("{count} words of the list of BIP-39 ({name}), checksum of {bits} bits holds{words}"))
                .chance(format!("1 in {}", (1usize << bits) / tries.min(1 << bits)))
        }
        None => {
            let names: Vec<String> = languages().map(|language| Language::ALL[language].to_string()).collect();
            let keep = if count > 12 { Keep::Always } else { Keep::Near(&CUES) };
            Verdict::failed(kind, written(), format!("{count} words of the list of BIP-39 ({}), checksum does not hold", names.join(", "))).keep(keep)
        }
    };
    verdict.at(start, end)
}

/// Whether the last bits are those of the SHA-256 of the others.
fn holds(text: &[u8], words: &[Word], language: usize) -> bool {
    let (mut bytes, mut number, mut bits) = (Vec::with_capacity(34), 0u32, 0u32);
    for word in words {
        let Some(index) = lists().index(&text[word.start..word.end], language) else { return false };
        number = (number << 11 | u32::from(index)) & 0x7f_ffff;
        bits += 11;
        while bits >= 8 {
            bits -= 8;
            bytes.push((number >> bits) as u8);
        }
    }
    // The entropy ends with a byte; the checksum is what is left, or the last byte of 24 words.
    let size = words.len() / 3;
    let entropy = (words.len() * 11 - size) / 8;
    let check = bytes.get(entropy).copied().unwrap_or(number as u8 & ((1 << bits) - 1));
    Sha256::digest(&bytes[..entropy])[0] >> (8 - size) == check
}
