//! Literal phrases in Lao, Thai, Khmer and Burmese, on words and texts that others wrote: whatever is cut out of a text
//! between two letters is found again, at every place where it stands. The texts are packages unpacked in the folder
//! `LANTERNFISH_TEXTS`; `./test` fetches them (`checks/phrases-requirements.txt` names them and their licences).

use std::{fs, path::Path, sync::Arc};

use store::index::{CaseIndex, Held, IndexKey, Reach, read_ask};
use tempfile::TempDir;

/// Phrases for each language.
const ASKED: usize = 400;

/// What is read of the packages: language, file, whether it is a list of words.
const TEXTS: [(&str, &str, bool); 6] = [
    ("Lao", "laonlp/corpus/Lao-Dictionary.txt", true),
    ("Thai", "pythainlp/corpus/words_th.txt", true),
    ("Burmese", "myanmar_words/data/all.json", true),
    ("Thai", "django", false),
    ("Khmer", "django", false),
    ("Burmese", "django", false),
];

#[test]
fn a_phrase_that_is_cut_between_letters_is_found_at_every_place() {
    let drill = "a_phrase_that_is_cut_between_letters_is_found_at_every_place";
    let Some(folder) = std::env::var_os("LANTERNFISH_TEXTS") else {
        eprintln!("SKIPPED {drill}: no folder LANTERNFISH_TEXTS with the packages of checks/phrases-requirements.txt");
        return;
    };
    for (language, file, words) in TEXTS {
        let texts = if words { sentences(&Path::new(&folder).join(file)) } else { translations(Path::new(&folder), language) };
        assert!(texts.len() >= 60, "{language}, {file}: only {} texts", texts.len());
        let (asked, places, found) = recall(&texts);
        println!("{language}, {file}: {} texts, {asked} phrases, {places} places, recall {:.3}", texts.len(), found as f64 / places as f64);
        assert!(asked >= ASKED / 2 && places >= asked, "{language}: {asked} phrases at {places} places");
        assert_eq!(found, places, "{language}, {file}");
    }
}

/// Words of a list one after the other, with a blank here and there, as people write.
fn sentences(file: &Path) -> Vec<String> {
    let list = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let words: Vec<&str> = list.lines().map(|line| line.trim().trim_end_matches(',').trim_matches('"')).filter(|word| word.chars().any(|c| c > '\u{e00}') && !word.starts_with('#')).collect();
    let mut dice = Dice(0x70_68_72);
    let mut sentence = || (0..60).map(|_| format!("{}{}", words[dice.below(words.len())], if dice.below(8) == 0 { " " } else { "" })).collect::<String>();
    (0..300).map(|_| sentence()).collect()
}

/// Every translated text of a program.
fn translations(folder: &Path, language: &str) -> Vec<String> {
    let code = match language { "Thai" => "th", "Khmer" => "km", _ => "my" };
    let mut texts = Vec::new();
    for part in ["conf", "contrib/admin", "contrib/admindocs", "contrib/auth", "contrib/flatpages", "contrib/gis", "contrib/humanize"] {
        let file = folder.join(format!("django/{part}/locale/{code}/LC_MESSAGES/django.po"));
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut translated: Option<String> = None;
        for line in text.lines() {
            let quoted = line.trim_start_matches(|c: char| c != '"').trim_matches('"').replace("\\n", "\n");
            match &mut translated {
                _ if line.starts_with("msgstr") => texts.extend(translated.replace(quoted)),
                Some(held) if line.starts_with('"') => held.push_str(&quoted),
                _ => texts.extend(translated.take()),
            }
        }
        texts.extend(translated);
    }
    texts.retain(|text| text.chars().filter(|c| *c > '\u{e00}').count() >= 8);
    texts
}

/// Phrases of two to fourteen letters cut out of the texts: how many, at how many places they stand, and at how many of
/// those they were found.
fn recall(texts: &[String]) -> (usize, usize, usize) {
    let (home, key) = (TempDir::new().unwrap(), IndexKey::fresh().unwrap());
    let index = Arc::new(CaseIndex::open(home.path(), &key).unwrap());
    let mut writer = Arc::clone(&index).writer().unwrap();
    for (n, text) in texts.iter().enumerate() {
        let (exhibit, zone, runs) = ("E-0001".to_string(), "text".to_string(), vec![(0, 0, 0)]);
        writer.add(&Held { exhibit, zone, runs, blob: Some(n.to_string()), text: text.clone(), ..Held::default() }).unwrap();
    }
    writer.commit().unwrap();
    let bounds: Vec<Vec<usize>> = texts.iter().map(|text| text::tokens::boundaries(text)).collect();
    let reach = Reach { exhibits: vec!["E-0001".into()], without: vec![], most: texts.len() };
    let mut dice = Dice(0x61_73_6b);
    let (mut asked, mut places, mut found) = (0, 0, 0);
    for _ in 0..ASKED {
        let n = dice.below(texts.len());
        let from = dice.below(bounds[n].len() - 1);
        let to = (from + 2 + dice.below(13)).min(bounds[n].len() - 1);
        let phrase = &texts[n][bounds[n][from]..bounds[n][to]];
        // What ends a phrase cannot stand in one, and punctuation alone is nothing to look for.
        if phrase.contains(['"', '“', '”', '„', '«', '»']) || phrase.trim() != phrase || text::tokens(phrase).next().is_none() {
            continue;
        }
        asked += 1;
        let answer = index.ask(&read_ask(&format!("\"{phrase}\"")).unwrap(), &reach).unwrap();
        assert!(answer.whole, "{phrase}");
        for (n, text) in texts.iter().enumerate() {
            let stands: Vec<(usize, usize)> = text.match_indices(phrase).map(|(at, piece)| (at, at + piece.len())).filter(|(start, end)| bounds[n].binary_search(start).is_ok() && bounds[n].binary_search(end).is_ok()).collect();
            let told: Vec<_> = answer.hits.iter().filter(|hit| hit.held.blob == Some(n.to_string())).flat_map(|hit| hit.confirmed.places.clone()).collect();
            // A passage names its first twenty places, and among them those with other punctuation or other case.
            let named = if told.len() < 20 { usize::MAX } else { told.last().map_or(0, |(from, _)| *from) };
            for (start, end) in stands.into_iter().filter(|(start, _)| *start <= named) {
                let hit = told.iter().any(|(from, to)| *from <= start && end <= *to || start <= *from && *to <= end);
                places += 1;
                found += usize::from(hit);
                if !hit {
                    eprintln!("missed: {phrase:?} at {start} of {text:?}, told {told:?}");
                }
            }
        }
    }
    (asked, places, found)
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
