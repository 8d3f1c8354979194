//! What stands in an address after `?`, and in the body of a form: names and values, percent-encoded
//! (`application/x-www-form-urlencoded`, URL Standard of WHATWG). Bytes that are no UTF-8 are refused.

use crate::steps::Typed;

/// Names and values in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads it. What is not well-formed is left out.
    pub fn read(text: &str) -> Query {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        });
        Query(pairs.collect())
    }

    /// The first value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A number, 0 when there is none.
    pub fn number(&self, name: &str) -> usize {
        self.get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// All values by name; those of the page itself, which begin with `_`, are left out.
    pub fn typed(&self) -> Typed {
        let mut typed = Typed::new();
        for (name, value) in self.0.iter().filter(|(name, _)| !name.starts_with('_')) {
            typed.entry(name.clone()).or_default().push(value.clone());
        }
        typed
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A value as it stands in an address.
pub fn encoded(text: &str) -> String {
    let one = |byte: u8| if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_form_is_read() {
        let query = Query::read("case=2026-0001&purpose=what+is%20here%3F&_number=7&case=b&bad=%zz&flag");
        assert_eq!((query.get("case"), query.get("purpose"), query.get("bad"), query.get("flag")), (Some("2026-0001"), Some("what is here?"), None, Some("")));
        assert_eq!(query.typed()["case"], ["2026-0001", "b"]);
        assert!(!query.typed().contains_key("_number"));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(name in "\\PC{1,20}", value in "\\PC{0,40}") {
            let query = Query::read(&format!("{}={}", encoded(&name), encoded(&value)));
            prop_assert_eq!(query.get(&name), Some(value.as_str()));
        }
    }
}
