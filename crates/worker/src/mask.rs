//! What is not shown: values that open a wallet, an account or a key, and other rows of the page that hold such a value.
//! In a case a viewing of them is an event; outside there is no log, so they are shown only to who asks for it by name.
//! It refuses to look into words: a row is covered whole when its place touches that of a secret. What a message shows from
//! other places of its page has no place of its own: the name of its conversation is covered on every page with a secret,
//! and on Telegram's pages the name of its author while it is that of a covered message before it.

use serde_json::Value;

use crate::Found;

/// What stands in place of something that is covered.
const COVERED: &str = r#"{"masked":"it holds a private key, a seed phrase, a card or a login: --reveal"}"#;
/// What stands in place of a name that is covered.
const NAME: &str = "(masked: --reveal)";

/// The secrets of one page.
pub struct Mask {
    reveal: bool,
    /// Places of secrets, in order and apart.
    secrets: Vec<(u64, u64)>,
    /// The author of a message that was covered. Telegram's pages write a name once, and it holds for the messages after it.
    author: Option<String>,
}

impl Mask {
    /// For a new page.
    pub fn new(reveal: bool) -> Self {
        Mask { reveal, secrets: Vec::new(), author: None }
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
            Found::Other { kind, place: Some(place), json } if self.touches(place) => {
                if kind == "message" {
                    self.author = carried_author(&json);
                }
                Found::Other { kind, place: Some(place), json: COVERED.to_owned() }
            }
            Found::Other { kind: "message", place, json } if !self.secrets.is_empty() => {
                Found::Other { kind: "message", place, json: self.without_names(&json) }
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

    /// A message that touches no secret, without the names that stand elsewhere in a page that holds one.
    fn without_names(&mut self, json: &str) -> String {
        let Ok(mut row) = serde_json::from_str::<Value>(json) else { return COVERED.to_owned() };
        if row["conversation"].is_string() {
            row["conversation"] = NAME.into();
        }
        if let Some(author) = row["author"].as_str() {
            self.author.take_if(|covered| covered.as_str() != author);
            if self.author.is_some() {
                row["author"] = NAME.into();
            }
        }
        row.to_string()
    }
}

/// The author of a message, where the messages after it may show the same bytes for theirs.
fn carried_author(json: &str) -> Option<String> {
    let row: Value = serde_json::from_str(json).ok()?;
    (row["format"] == "telegram-html").then(|| row["author"].as_str().map(str::to_owned))?
}
