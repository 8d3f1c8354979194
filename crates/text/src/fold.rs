//! What a word looks like, and what it sounds like, in plain Latin letters: for a second field of the index,
//! never for a proof. Two forms, because a Cyrillic letter can stand for either:
//!
//! - **look**: each letter as the Latin one that it is taken for (Cyrillic `с` is `c`, Greek `ο` is `o`; UTS #39
//!   confusables of these two scripts, letters only), diacritics off (Vietnamese, French), local spellings
//!   that one screen shows alike (Burmese zero and `ဝ`, Khmer subscript `ត` and `ដ`). So `РayРal` with two
//!   Cyrillic letters is *paypal*.
//! - **sound**: Cyrillic read aloud, letter by letter (`Россия` is *rossiya*): only for words with Cyrillic letters.
//!
//! Digits are never read as letters (`0` is not `o`): on pages full of prices that folds more than it finds.

use unicode_normalization::UnicodeNormalization;

use crate::normal::normal;

/// Both forms of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// What it looks like.
    pub look: String,
    /// What it sounds like, where that is another word.
    pub sound: Option<String>,
}

/// The forms of a word (or of any text; raw or in normal form).
///
/// ```
/// let folded = text::fold::fold("Россия");
/// assert_eq!((folded.look.as_str(), folded.sound.as_deref()), ("poccия", Some("rossiya")));
/// assert_eq!(text::fold::fold("Điện thoại").look, "dien thoai");
/// ```
pub fn fold(word: &str) -> Folded {
    let plain = normal(word);
    let look = look(&plain);
    let cyrillic = plain.chars().any(|c| ('\u{400}'..='\u{52F}').contains(&c));
    let sound = cyrillic.then(|| sound(&plain)).filter(|sound| *sound != look);
    Folded { look, sound }
}

fn look(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    let mut before = ' ';
    for c in plain.nfd() {
        match c {
            '\u{300}'..='\u{36F}' => continue,
            // A subscript da is drawn as a subscript ta.
            'ដ' if before == '\u{17D2}' => out.push('ត'),
            _ => match looks_like(c) {
                Some(parts) => out.push_str(parts),
                None => out.push(c),
            },
        }
        before = c;
    }
    normal(&out)
}

/// The letters that a letter is taken for.
fn looks_like(c: char) -> Option<&'static str> {
    Some(match c {
        'а' | 'α' | 'ɑ' => "a",
        'ь' => "b",
        'с' | 'ϲ' => "c",
        'ԁ' | 'đ' | 'ð' | 'ɖ' => "d",
        'е' | 'ҽ' | 'є' | 'ε' => "e",
        'ƒ' => "f",
        'ɡ' | 'ԍ' => "g",
        'һ' | 'ħ' => "h",
        'і' | 'ι' | 'ı' | 'ɩ' => "i",
        'ј' | 'ȷ' => "j",
        'к' | 'κ' | 'қ' | 'ҝ' | 'ӄ' => "k",
        'ӏ' | 'ł' => "l",
        'м' => "m",
        'ո' | 'η' | 'ŋ' => "n",
        'о' | 'ο' | 'σ' | 'ө' | 'ø' | 'ɵ' => "o",
        'р' | 'ρ' => "p",
        'ԛ' => "q",
        'г' => "r",
        'ѕ' => "s",
        'т' | 'τ' | 'ŧ' => "t",
        'υ' | 'ս' => "u",
        'ν' | 'ѵ' => "v",
        'ԝ' | 'ω' | 'ѡ' => "w",
        'х' | 'χ' | 'ҳ' => "x",
        'у' | 'ү' | 'γ' | 'ў' => "y",
        'ʐ' | 'ƶ' => "z",
        'в' | 'β' => "b",
        'н' | 'ң' => "h",
        'æ' | 'ӕ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ɓ' => "b",
        // Burmese: one drawing, two characters.
        'ဝ' => "0",
        'ရ' => "7",
        'ဉ' => "ဥ",
        'ဩ' => "သြ",
        'ဈ' => "စျ",
        // Lao and Thai: the long vowel sign is drawn as aa.
        '\u{0E45}' => "\u{0E32}",
        _ => return None,
    })
}

fn sound(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match sounds_like(c) {
            Some(parts) => out.push_str(parts),
            None => c.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36F}')).for_each(|c| match sounds_like(c) {
                Some(parts) => out.push_str(parts),
                None => out.push(c),
            }),
        }
    }
    normal(&out)
}

/// Cyrillic read aloud: Russian, with the letters of Kazakh, Kyrgyz, Uzbek, Tajik and Mongolian.
fn sounds_like(c: char) -> Option<&'static str> {
    Some(match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "g",
        'д' => "d",
        'е' | 'э' => "e",
        'ё' => "yo",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' | 'ӣ' => "i",
        'й' | 'ј' => "y",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' | 'ѕ' => "s",
        'т' => "t",
        'у' | 'ӯ' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ъ' | 'ь' => "",
        'ы' => "y",
        'ю' => "yu",
        'я' => "ya",
        'ә' => "a",
        'ғ' => "g",
        'қ' => "q",
        'ң' | 'ҥ' => "ng",
        'ө' => "o",
        'ұ' | 'ү' => "u",
        'һ' | 'ҳ' => "h",
        'ў' => "o",
        'ҷ' => "j",
        'ї' => "yi",
        'є' => "ye",
        'ґ' => "g",
        _ => return None,
    })
}

/// Target of the fuzzer: folding what is folded changes nothing.
pub fn fuzz_fold(text: &str) {
    let once = fold(text);
    assert_eq!(fold(&once.look).look, once.look, "of {text:?}");
    if let Some(aloud) = once.sound {
        assert_eq!(sound(&normal(&aloud)), aloud, "of {text:?}");
    }
}
