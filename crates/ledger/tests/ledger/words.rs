//! Words for a paper register: what is written down is read back, and a slip of the pen is seen.

use std::collections::BTreeSet;

use ledger::{
    Checkpoint, Hash, TreeSize,
    words::{MOST_EVENTS, WORDS, WordsError, from_words, to_words, word},
};
use proptest::prelude::*;

use crate::world::{ORIGIN, checkpoint, name};

fn list() -> Vec<String> {
    (0..2048).map(word).collect()
}

#[test]
fn law_08_any_two_words_of_the_list_differ_in_two_letters() {
    let list = list();
    assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), 2048);
    assert!(list.iter().all(|word| word.len() == 5 && word.bytes().all(|b| b.is_ascii_lowercase())));
    for (at, one) in list.iter().enumerate() {
        for other in &list[at + 1..] {
            let different = one.bytes().zip(other.bytes()).filter(|(a, b)| a != b).count();
            assert!(different >= 2, "{one} and {other}");
        }
    }
    assert_eq!([word(0), word(1), word(2047)], ["babab", "baboh", "zuzol"], "papers that were printed must stay readable");
}

#[test]
fn law_08_words_are_read_as_people_write_them() {
    let words = to_words(&checkpoint(300)).unwrap();
    assert_eq!(words.len(), WORDS);
    let lines = words.chunks(5).enumerate().map(|(at, line)| format!("{}. {}\r\n", at + 1, line.join("  ").to_uppercase()));
    assert_eq!(from_words(&name(ORIGIN), &lines.collect::<String>()), Ok(checkpoint(300)));
    let another = from_words(&name("other.example/log"), &words.join(" "));
    assert_eq!(another, Err(WordsError::Check(name("other.example/log"))), "words of another log");
    assert_eq!(from_words(&name(ORIGIN), &words[1..].join(" ")), Err(WordsError::Count { found: 28 }));
    assert_eq!(to_words(&Checkpoint { size: TreeSize(MOST_EVENTS + 1), ..checkpoint(1) }), Err(WordsError::TooLarge));
}

proptest! {
    #[test]
    fn law_08_any_checkpoint_is_read_back_from_its_words(size in 0..=MOST_EVENTS, root: [u8; 32]) {
        let known = Checkpoint { origin: name(ORIGIN), size: TreeSize(size), root: Hash(root) };
        let words = to_words(&known).unwrap().join("-");
        prop_assert_eq!(from_words(&name(ORIGIN), &words), Ok(known));
    }

    #[test]
    fn law_08_a_slip_of_one_letter_names_the_word(at in 0..WORDS, letter in 0..5_usize, by in 1..26_u8) {
        let mut words = to_words(&checkpoint(300)).unwrap();
        let mut bytes = words[at].clone().into_bytes();
        bytes[letter] = b'a' + (bytes[letter] - b'a' + by) % 26;
        words[at] = String::from_utf8(bytes).unwrap();
        let said = from_words(&name(ORIGIN), &words.join(" "));
        prop_assert!(matches!(&said, Err(WordsError::Unknown { place, .. }) if *place == at + 1), "{:?}", said);
    }

    #[test]
    fn law_14_any_text_is_words_or_a_finding(text in "\\PC{0,300}") {
        let _ = from_words(&name(ORIGIN), &text);
        let wordless = text.replace(char::is_alphanumeric, " ");
        prop_assert_eq!(from_words(&name(ORIGIN), &wordless), Err(WordsError::Count { found: 0 }));
    }

    #[test]
    fn law_08_other_words_are_not_taken(at in 0..WORDS, other in 0_u16..2048) {
        let mut words = to_words(&checkpoint(300)).unwrap();
        let before = words.clone();
        words[at] = word(other);
        // 19 check bits: one in half a million would pass; these cases are few.
        prop_assert!(before == words || from_words(&name(ORIGIN), &words.join(" ")).is_err());
    }
}
