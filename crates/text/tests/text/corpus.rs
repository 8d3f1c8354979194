//! Every text of the corpus through every fuzz entry, whole and cut at every character.

use std::{fs, path::Path};

#[test]
fn strange_texts_never_stop_any_part() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/text");
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        text::fuzz_all(&text);
        for (at, _) in text.char_indices() {
            text::fuzz_all(&text[at..]);
            text::fuzz_all(&text[..at]);
        }
        files += 1;
    }
    assert!(files >= 12, "the corpus was not found");
}

/// Texts of the corpus cut, glued, repeated and changed by chance (the same chance each time), through every fuzz
/// entry. `LANTERNFISH_FUZZ_SECONDS` makes it longer, with another chance for each second named.
#[test]
fn changed_texts_never_stop_any_part() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/text");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let corpus: Vec<Vec<char>> = paths.iter().map(|path| fs::read_to_string(path).unwrap().chars().collect()).collect();
    let longer: Option<u64> = std::env::var("LANTERNFISH_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let begun = std::time::Instant::now();
    let mut dice = Dice(0x7465_7874 + longer.unwrap_or(0));
    let mut rounds = 0;
    while longer.map_or(rounds < 5_000, |seconds| begun.elapsed().as_secs() < seconds) {
        let text = changed(&corpus, &mut dice);
        text::fuzz_all(&text);
        rounds += 1;
    }
    eprintln!("{rounds} texts");
}

/// One to four pieces of the corpus, with up to eight characters changed.
fn changed(corpus: &[Vec<char>], dice: &mut Dice) -> String {
    let mut chars: Vec<char> = Vec::new();
    for _ in 0..1 + dice.below(4) {
        let piece = &corpus[dice.below(corpus.len())];
        let from = dice.below(piece.len());
        let to = from + dice.below((piece.len() - from).min(40) + 1);
        (0..1 + dice.below(3)).for_each(|_| chars.extend(&piece[from..to]));
    }
    for _ in 0..dice.below(9).min(chars.len()) {
        let at = dice.below(chars.len());
        match dice.below(4) {
            0 => chars[at] = char::from_u32(dice.below(0x1_1000) as u32).unwrap_or('\u{FFFD}'),
            1 => chars[at] = corpus[dice.below(corpus.len())][0],
            2 => chars.insert(at, char::from_u32((chars[at] as u32) ^ 1 << dice.below(7)).unwrap_or(' ')),
            _ => chars.swap(at, 0),
        }
    }
    chars.into_iter().collect()
}

/// Numbers by chance, the same in each run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}
