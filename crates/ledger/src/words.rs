//! A checkpoint as 29 words that can be written into a paper register and typed back years later.
//!
//! 4 words are the number of events, 24 the root and 8 check bits, the last one 11 check bits; the check
//! bits are of the whole checkpoint text, so the log's name is covered as well. The list of 2,048 words is
//! made by a rule, not by hand: consonant, vowel, consonant, vowel, consonant, the last one computed from
//! the others. Any two words differ in at least two letters: a slip of one letter is never another word.
//! It reads words; whether they agree with a log is for the caller to compare. Law 8.

use sha2::{Digest, Sha256};

use crate::{Hash, key::KeyName, note::Checkpoint, tree::TreeSize};

/// How many words a checkpoint has.
pub const WORDS: usize = 29;
/// Most events that the words can say: 44 bits.
pub const MOST_EVENTS: u64 = (1 << 44) - 1;

const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 4] = b"aiou";
const DOMAIN: &[u8] = b"lanternfish/paper@v1\n";
const SIZE_WORDS: usize = 4;

/// Why typed words are not a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Too few or too many.
    #[error("{found} words were typed, but a checkpoint has {WORDS}: compare with the paper line by line")]
    Count {
        /// How many were typed.
        found: usize,
    },
    /// Not in the list.
    #[error("word {place}, {word}, is not in the list of words{}: compare it with the paper letter by letter", hint(near), word = model::quoted(.word))]
    Unknown {
        /// Which word, counted from 1.
        place: usize,
        /// As typed.
        word: String,
        /// Words of the list that differ in one letter.
        near: Vec<String>,
    },
    /// The check bits do not fit the rest and this log's name.
    #[error("the words do not fit together: a word was read wrongly or two changed places, or they are of another log than {0}")]
    Check(KeyName),
    /// A log too large for four words.
    #[error("the log has more events than four words can say")]
    TooLarge,
}

fn hint(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!(" (near it: {})", near.join(", ")) }
}

/// Word number `index` of the list.
///
/// # Panics
/// When `index` is not below 2,048.
pub fn word(index: u16) -> String {
    assert!(index < 2048, "the list has 2,048 words");
    let index = usize::from(index);
    let (first, second) = (index >> 7, index >> 1 & 15);
    let (a, b) = (index >> 5 & 3, index & 1);
    // Turning the second consonant makes a change of places visible too.
    let turned = (second << 1 | second >> 3) & 15;
    let last = first ^ turned ^ a ^ b << 2;
    let letters = [CONSONANTS[first], VOWELS[a], CONSONANTS[second], VOWELS[b * 2], CONSONANTS[last]];
    letters.into_iter().map(char::from).collect()
}

fn index_of(text: &str) -> Option<u16> {
    (0..2048).find(|index| word(*index) == text)
}

/// The words of a checkpoint.
///
/// # Errors
/// [`WordsError::TooLarge`].
pub fn to_words(checkpoint: &Checkpoint) -> Result<Vec<String>, WordsError> {
    if checkpoint.size.0 > MOST_EVENTS {
        return Err(WordsError::TooLarge);
    }
    let check = check_of(checkpoint);
    let mut bits = Bits::default();
    bits.push(checkpoint.size.0, 44);
    checkpoint.root.0.iter().for_each(|byte| bits.push((*byte).into(), 8));
    bits.push(u64::from(check >> 11), 8);
    bits.push(u64::from(check & 0x7ff), 11);
    Ok(bits.groups().into_iter().map(word).collect())
}

/// The checkpoint of the log `origin` that these words say. Capital letters, line ends, commas, hyphens and
/// the numbers before each line are passed over.
///
/// # Errors
/// [`WordsError`].
pub fn from_words(origin: &KeyName, text: &str) -> Result<Checkpoint, WordsError> {
    let typed = split(text);
    if typed.len() != WORDS {
        return Err(WordsError::Count { found: typed.len() });
    }
    let groups = typed.iter().enumerate().map(|(at, word)| index_of(word).ok_or_else(|| unknown(at + 1, word))).collect::<Result<Vec<_>, _>>()?;
    let size = groups[..SIZE_WORDS].iter().fold(0, |sum, group| sum << 11 | u64::from(*group));
    let mut bits = Bits::default();
    groups[SIZE_WORDS..].iter().for_each(|group| bits.push((*group).into(), 11));
    let bytes = bits.bytes();
    let root = Hash(std::array::from_fn(|at| bytes[at]));
    let checkpoint = Checkpoint { origin: origin.clone(), size: TreeSize(size), root };
    let check = u32::from(bytes[32]) << 11 | u32::from(groups[WORDS - 1]);
    if check == check_of(&checkpoint) { Ok(checkpoint) } else { Err(WordsError::Check(origin.clone())) }
}

fn split(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.filter(|word| !word.bytes().all(|b| b.is_ascii_digit())).map(str::to_lowercase).collect()
}

fn unknown(place: usize, word: &str) -> WordsError {
    let differs = |other: &str| other.len() == word.len() && other.bytes().zip(word.bytes()).filter(|(a, b)| a != b).count() == 1;
    let near = (0..2048).map(self::word).filter(|other| differs(other)).take(4).collect();
    WordsError::Unknown { place, word: word.chars().take(20).collect(), near }
}

/// 19 check bits over the whole text of the checkpoint.
fn check_of(checkpoint: &Checkpoint) -> u32 {
    let hash = Sha256::new().chain_update(DOMAIN).chain_update(checkpoint.to_text()).finalize();
    (u32::from(hash[0]) << 16 | u32::from(hash[1]) << 8 | u32::from(hash[2])) >> 5
}

/// Bits, first bit first.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn push(&mut self, value: u64, count: u32) {
        self.0.extend((0..count).rev().map(|at| value >> at & 1 == 1));
    }

    fn groups(&self) -> Vec<u16> {
        self.0.chunks(11).map(|chunk| chunk.iter().fold(0, |sum, bit| sum << 1 | u16::from(*bit))).collect()
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.chunks(8).map(|chunk| chunk.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit))).collect()
    }
}
