//! Text of every script that the region writes: which script and language, the form in which it is matched,
//! the units that are indexed, look-alikes, words. Every answer leads back to the raw bytes. Pure: no I/O, no
//! clock, no state; the same text gives the same answer. Never a panic, whatever text is given.
//!
//! It refuses to decode bytes (the caller gives `&str`), and to say what a text means.
//!
//! | module | what it answers |
//! |---|---|
//! | [`script`] | which script each part of a text is written in |
//! | [`normal`] | the form in which texts are matched, with a map to the raw bytes; where a phrase stands |
//! | [`tokens`](mod@tokens) | what the index of record holds, and the contract of a phrase query |
//! | [`clusters`] | what a reader takes for one letter |
//! | [`words`] | dictionary words, for ranking and highlighting only |
//! | [`fold`] | what a word looks and sounds like in plain Latin letters |
//! | [`zawgyi`] | whether Burmese is written in the old Zawgyi encoding, how sure, and its Unicode form |
//! | [`language`] | which language a text is in, or that it cannot be told |
//! | [`shown`] | a stranger's text as it may be shown: what cannot be seen is named |

mod chars;
pub mod clusters;
pub mod fold;
pub mod language;
mod map;
pub mod normal;
pub mod script;
pub mod shown;
pub mod tokens;
mod units;
pub mod words;
pub mod zawgyi;

pub use tokens::{phrase, tokens};

/// Target of the fuzzer: every part of the crate over one text.
pub fn fuzz_all(text: &str) {
    script::fuzz_script(text);
    normal::fuzz_normal(text);
    tokens::fuzz_tokens(text);
    clusters::fuzz_clusters(text);
    words::fuzz_words(text);
    fold::fuzz_fold(text);
    zawgyi::fuzz_zawgyi(text);
    language::fuzz_language(text);
}
