//! Small JSON values for one message: bounded in depth, number and size; the order of keys is kept.

/// Values inside values.
const DEPTH: u32 = 40;
/// Values of one message.
const VALUES: u32 = 50_000;

/// A value. Numbers and words keep their letters.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Word(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.iter().find(|(found, _)| found == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Text, or the letters of a number; nothing for `null`.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Json::Text(text) => Some(text.clone()),
            Json::Word(word) if word != "null" => Some(word.clone()),
            _ => None,
        }
    }
}

/// The value at `at`, and where it ends.
pub(super) fn value(bytes: &[u8], at: usize) -> Option<(Json, usize)> {
    Reader { bytes, at, left: VALUES }.whole()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u32,
}

impl Reader<'_> {
    fn whole(mut self) -> Option<(Json, usize)> {
        let value = self.value(0)?;
        Some((value, self.at))
    }

    fn next(&mut self) -> Option<u8> {
        while self.bytes.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn value(&mut self, depth: u32) -> Option<Json> {
        self.left = self.left.checked_sub(1)?;
        if depth > DEPTH {
            return None;
        }
        match self.next()? {
            b'"' => Some(Json::Text(self.string()?)),
            b'[' => {
                self.at += 1;
                let mut values = Vec::new();
                while self.next()? != b']' {
                    values.push(self.value(depth + 1)?);
                    self.comma()?;
                }
                self.at += 1;
                Some(Json::Array(values))
            }
            b'{' => {
                self.at += 1;
                let mut fields = Vec::new();
                while self.next()? != b'}' {
                    let name = self.string()?;
                    if self.next()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    fields.push((name, self.value(depth + 1)?));
                    self.comma()?;
                }
                self.at += 1;
                Some(Json::Object(fields))
            }
            _ => {
                let rest = &self.bytes[self.at..];
                let length = rest.iter().take(64).take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
                self.at += length;
                (length > 0).then(|| Json::Word(String::from_utf8_lossy(&rest[..length]).into_owned()))
            }
        }
    }

    fn comma(&mut self) -> Option<()> {
        match self.next()? {
            b',' => self.at += 1,
            b']' | b'}' => {}
            _ => return None,
        }
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        (self.next()? == b'"').then_some(())?;
        let end = string_end(self.bytes, self.at)?;
        let flat = crate::decode::json::unescaped(&self.bytes[self.at + 1..end - 1]);
        self.at = end;
        Some(flat)
    }
}

/// One past the closing quote of the string that opens at `at`.
pub(super) fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut from = at + 1;
    loop {
        let found = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
        if bytes[found] == b'"' {
            return Some(found + 1);
        }
        from = found + 2;
    }
}
