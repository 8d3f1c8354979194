//! What is not shown: values that open a wallet, an account or a key, and other rows of the page that hold such a value.
//! In a case a viewing of them is an event; outside there is no log, so they are shown only to who asks for it by name.
//! It refuses to look into words: a row is covered whole when its place touches that of a secret.

use crate::Found;

/// What stands in place of something that is covered.
const COVERED: &str = r#"{"masked":"it holds a private key, a seed phrase, a card or a login: --reveal"}"#;

/// The secrets of one page.
pub struct Mask {
    reveal: bool,
    /// Places of secrets, in order and apart.
    secrets: Vec<(u64, u64)>,
}

impl Mask {
    /// For a new page.
    pub fn new(reveal: bool) -> Self {
        Mask { reveal, secrets: Vec::new() }
    }

    /// The same without what is not to be shown.
    pub fn over(&mut self, found: Found) -> Found {
        match found {
            found if self.reveal => found,
            Found::Selector(mut selector) if selector.is_sensitive() => {
                self.remember(selector.start, selector.end);
                // As `selectors` shows it: what it is, and how long.
                selector.value = format!("(masked, {} characters: --reveal)", selector.value.chars().count());
                selector.rivals.clear();
                Found::Selector(selector)
            }
            Found::Other { kind, place: Some(place), .. } if self.touches(place) => {
                Found::Other { kind, place: Some(place), json: COVERED.to_owned() }
            }
            found => found,
        }
    }

    fn remember(&mut self, start: u64, end: u64) {
        match self.secrets.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => self.secrets.push((start, end)),
        }
    }

    fn touches(&self, (start, end): (u64, u64)) -> bool {
        let first = self.secrets.partition_point(|secret| secret.1 <= start);
        self.secrets.get(first).is_some_and(|secret| secret.0 < end)
    }
}
